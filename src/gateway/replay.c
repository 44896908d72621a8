/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "replay.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "base/str.h"

#include "render.h"
#include "session.h"

#define BATCH_LINES  FENCE_LINES
#define DEFAULT_NAME "default"
#define OWN_STEP     16

/* ---- the fence ---- */

static void send_fence(struct client *c)
{
	struct replay *r = &c->replay;
	bool responding = c->responding;

	r->fenced = r->shown;
	r->unfenced = 0;
	/* Whatever command it follows, it answers none. */
	c->responding = false;
	client_send(c, "PING :%s-%lld", r->token, (long long)r->fenced);
	c->responding = responding;
	client_pinged(c);
}

void replay_fence(struct client *c)
{
	if (c->replay.unfenced > 0)
		send_fence(c);
}

/* ---- which lines ---- */

static int compare_ids(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a;
	int64_t y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static bool is_own(const struct replay *r, int64_t id)
{
	return r->n_own > 0 && bsearch(&id, r->own, r->n_own, sizeof(id), compare_ids) != NULL;
}

/* Ids ascend.  Who talks on and on while it reads nothing is shown the rest of its own words. */
static void remember_own(struct replay *r, int64_t id)
{
	int64_t *own = r->own;

	if (r->n_own == REPLAY_OWN_MAX)
		return;
	if (r->n_own % OWN_STEP == 0) {
		own = reallocarray(own, r->n_own + OWN_STEP, sizeof(*own));
		if (own == NULL)
			return;
		r->own = own;
	}
	own[r->n_own++] = id;
}

static void forget_own(struct replay *r)
{
	free(r->own);
	r->own = NULL;
	r->n_own = 0;
}

/*
 * What a client said itself it has already: not what another live client of its name says.  One with
 * echo-message shows what it says only when that comes back, so of what it said before only its cursor tells.
 */
static bool has_already(const struct client *c, const struct line_row *l)
{
	const struct replay *r = &c->replay;

	if (l->kind != LINE_OUT || strcmp(l->client, c->name) != 0)
		return false;
	return is_own(r, l->id) || (l->id <= r->attached && !client_has(c, CAP_ECHO_MESSAGE));
}

static void show(struct client *c, const struct contact *contact, const struct line_row *l)
{
	c->replay.shown = l->id;
	c->replay.unfenced++;
	/* What came after the login is news, though a slow client may get it from the store. */
	render_line(c, contact, l, l->id <= c->replay.attached);
}

/* ---- live ---- */

/*
 * Whoever says something to itself is told so, by any other server.  Clients that show what they send would
 * show it twice: they don't get it, but for those that tell an echo or an answer from what is said to them.
 * It is no answer to the command, unlike the echo.
 */
static void deliver_own_note(struct client *c, const struct line_row *l)
{
	bool responding = c->responding;

	if (!client_has(c, CAP_ECHO_MESSAGE) && !client_has(c, CAP_LABELED_RESPONSE))
		return;
	c->responding = false;
	render_line(c, NULL, l, false);
	c->responding = responding;
}

/* The echo comes at once, as the answer to the command, also to a client that is still shown older lines. */
static void on_own_line(struct client *c, const struct contact *contact, const struct line_row *l)
{
	struct replay *r = &c->replay;

	if (r->live) {
		r->shown = l->id;
		r->unfenced++;
	} else {
		remember_own(r, l->id);
	}
	if (contact == NULL)
		deliver_own_note(c, l);
	if (client_has(c, CAP_ECHO_MESSAGE))
		render_line(c, contact, l, false);
	if (r->live && r->unfenced >= FENCE_LINES)
		send_fence(c);
}

void replay_on_line(struct client *c, const struct client *sender, const struct contact *contact,
		    const struct line_row *l)
{
	struct replay *r = &c->replay;

	if (l->kind == LINE_OUT && c == sender) {
		on_own_line(c, contact, l);
		return;
	}
	if (!r->live || c->stream == NULL)
		return;
	if (stream_is_full(c->stream)) {
		/* The store has it: once the client has read what it got, and says so, it gets the rest from
		 * there. */
		r->live = false;
		replay_fence(c);
		return;
	}
	show(c, contact, l);
	if (r->unfenced >= FENCE_LINES)
		send_fence(c);
}

/* ---- from the store ---- */

struct batch {
	struct client *c;
	size_t rows;
};

static int on_row(void *ctx, const struct contact *contact, const struct line_row *l)
{
	struct batch *b = ctx;

	b->rows++;
	if (has_already(b->c, l))
		b->c->replay.shown = l->id;
	else
		show(b->c, contact, l);
	return 0;
}

void replay_pump(struct client *c)
{
	struct replay *r = &c->replay;

	while (c->stream != NULL && !r->live && r->acked >= r->fenced && !stream_is_full(c->stream)) {
		struct batch b = {.c = c};
		int err = chat_lines(session_chat(c->session), r->shown, BATCH_LINES, on_row, &b);

		if (err != 0) {
			log_error("replaying lines to a client: %s", err_str(err));
			client_end(c, "The conversation can't be read from disk: see the daemon's log");
			return;
		}
		r->live = b.rows < BATCH_LINES;
		if (r->live)
			forget_own(r);
		replay_fence(c);
	}
}

/* Names that are not forgotten for another's sake. */
static bool keeps_name(void *ctx, const char *name)
{
	const struct session *s = ctx;
	struct client *c;

	TAILQ_FOREACH (c, &s->clients, session_link)
		if (strcmp(c->name, name) == 0)
			return true;
	return strcmp(name, DEFAULT_NAME) == 0;
}

/* The cursor of its name; of too many names the one that nobody has come back with for longest gives way. */
static int find_cursor(struct client *c, int64_t *cursor)
{
	struct chat *chat = session_chat(c->session);
	char forgotten[NICK_MAX + 1];
	int err = chat_cursor(chat, c->name, cursor);

	if (err != ERR_FULL || chat_cursor_forget(chat, keeps_name, c->session, forgotten) != 0)
		return err;
	client_notice(c, "There are too many client names: %s, which has missed most, was forgotten.", forgotten);
	return chat_cursor(chat, c->name, cursor);
}

void replay_start(struct client *c)
{
	struct replay *r = &c->replay;
	struct chat *chat = session_chat(c->session);
	uint8_t random[8];
	int64_t cursor = 0;
	int err;

	replay_stop(c);
	err = find_cursor(c, &cursor);
	if (err != 0 && strcmp(c->name, DEFAULT_NAME) != 0) {
		client_notice(c, "The client name %s can't be used (%s): you are the client `%s` now.",
			      c->name, err == ERR_FULL ? "there are too many names" : err_str(err),
			      DEFAULT_NAME);
		str_copy(c->name, sizeof(c->name), DEFAULT_NAME);
		err = chat_cursor(chat, c->name, &cursor);
	}
	if (err != 0)
		log_error("the cursor of a client: %s", err_str(err));
	rng_fill(&c->gateway->opts.rng, random, sizeof(random));
	hex_encode(random, sizeof(random), r->token);
	r->attached = chat_last_line(chat);
	/* A client that asks for history itself is shown only what is new. */
	if (client_has(c, CAP_CHATHISTORY))
		cursor = r->attached;
	r->live = cursor == r->attached;
	r->shown = r->fenced = r->acked = cursor;
	replay_pump(c);
}

void replay_stop(struct client *c)
{
	forget_own(&c->replay);
	memset(&c->replay, 0, sizeof(c->replay));
}

/* ---- the cursor ---- */

/* The durable cursor stands where the slowest live client of the name does; it never goes back. */
static void move_cursor(struct session *s, const char *name)
{
	struct chat *chat = session_chat(s);
	int64_t least = INT64_MAX;
	int64_t now = 0;
	struct client *c;
	int err;

	TAILQ_FOREACH (c, &s->clients, session_link)
		if (strcmp(c->name, name) == 0 && c->replay.acked < least)
			least = c->replay.acked;
	err = chat_cursor(chat, name, &now);
	if (err == 0 && least > now && least != INT64_MAX)
		err = chat_cursor_move(chat, name, least);
	if (err != 0)
		log_error("moving the cursor of a client: %s", err_str(err));
}

void replay_leave(struct client *c)
{
	struct replay *r = &c->replay;

	if (c->session != NULL && r->shown < r->attached)
		r->shown = r->attached;
}

bool replay_on_pong(struct client *c, const char *token)
{
	struct replay *r = &c->replay;
	size_t prefix = strlen(r->token);
	uint64_t id;

	if (c->session == NULL || prefix == 0 || strncmp(token, r->token, prefix) != 0 ||
	    token[prefix] != '-')
		return false;
	if (str_to_u64(token + prefix + 1, 0, INT64_MAX, &id) != 0 || (int64_t)id > r->fenced)
		return false;
	if ((int64_t)id > r->acked) {
		r->acked = (int64_t)id;
		move_cursor(c->session, c->name);
		replay_pump(c);
	}
	return true;
}
