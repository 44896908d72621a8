/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "search.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "base/str.h"

#include "batch.h"
#include "command.h"
#include "render.h"
#include "response.h"
#include "session.h"
#include "target.h"
#include "words.h"

struct search {
	struct client *client;
	struct timer *timer; /* the next slice */
	struct history_search query;
	bool nothing; /* nothing can match */
	bool oldest;  /* the oldest matches are wanted, else the newest */
	char text[IRC_CLIENT_TAGS_MAX];
	int64_t before; /* where the next slice goes on, downwards; 0: done */
	size_t limit;
	size_t n; /* matches so far, of which the ring holds the last `limit` */
	struct {
		int64_t conversation, id;
	} ring[CHATHISTORY_LIMIT];
};

static void search_free(struct search *s)
{
	if (s == NULL)
		return;
	timer_free(s->timer);
	crypto_wipe(s->text, sizeof(s->text));
	free(s);
}

void search_cancel(struct client *c)
{
	if (c->search == NULL)
		return;
	search_free(c->search);
	c->search = NULL;
	response_resume(c);
	response_end(c);
	client_resume(c);
}

static void fail(struct client *c, const char *code, const char *context, const char *text)
{
	client_standard(c, STANDARD_FAIL, "SEARCH", code, context, "%s", text);
}

/* ---- the answer ---- */

static int show(void *ctx, const struct contact *contact, const struct line_row *l)
{
	struct client *c = ctx;

	render_line(c, contact, l, !client_has(c, CAP_SERVER_TIME));
	return 0;
}

/* They were found from the newest down. */
static void send_found(struct client *c, const struct search *s)
{
	size_t n = s->n < s->limit ? s->n : s->limit;
	struct batch b;
	int err = 0;

	batch_open_answer(c, &b, NULL, "soju.im/search", "%s", "");
	for (size_t i = 0; i < n && err == 0; i++) {
		size_t at = (s->n - 1 - i) % s->limit;

		err = chat_history(session_chat(c->session), s->ring[at].conversation, s->ring[at].id - 1,
				   s->ring[at].id + 1, false, false, 1, show, c);
	}
	batch_close(c, &b);
	if (err != 0)
		log_error("search: %s", err_str(err));
}

static void finish(struct search *s, int err)
{
	struct client *c = s->client;

	c->search = NULL;
	response_resume(c);
	if (err < 0)
		fail(c, "INTERNAL_ERROR", "", "The messages can't be read from disk: see the daemon's log");
	else
		send_found(c, s);
	search_free(s);
	response_end(c);
	client_resume(c);
}

/* ---- the search ---- */

static int keep(void *ctx, const struct contact *contact, const struct line_row *l)
{
	struct search *s = ctx;
	size_t i = s->n++ % s->limit;

	s->ring[i].conversation = l->kind == LINE_INFO ? CONVERSATION_SERVICE : contact != NULL ? contact->row.id : 0;
	s->ring[i].id = l->id;
	return 0;
}

static void on_slice(void *ctx)
{
	struct search *s = ctx;
	size_t left = s->oldest ? SIZE_MAX : s->limit - s->n;
	int err = 0;

	if (s->before != 0)
		err = chat_history_search(session_chat(s->client->session), &s->query, &s->before, left, keep, s);

	if (err < 0 || s->before == 0 || (!s->oldest && s->n >= s->limit))
		finish(s, err);
	else
		timer_set(s->timer, 0);
}

/* ---- its attributes ---- */

/* False: there is no such conversation. */
static bool in(struct client *c, struct search *s, const char *target)
{
	s->query.all = false;
	return target_find(c, target, &s->query.conversation);
}

/* Contacts say what comes in, oneself what goes out; with `in` both must fit. */
static bool from(struct client *c, struct search *s, const char *nick)
{
	int64_t who;

	if (!target_find(c, nick, &who) || who == CONVERSATION_CHANNEL)
		return false;
	if (who == CONVERSATION_SELF) {
		s->query.kind = LINE_OUT;
		return true;
	}
	if (!s->query.all && s->query.conversation != who)
		s->nothing = true;
	s->query.kind = who == CONVERSATION_SERVICE ? LINE_INFO : LINE_IN;
	s->query.all = false;
	s->query.conversation = who;
	return true;
}

/* Both times are among those that fit, and chat leaves them out: next_ms is 1 or -1. */
static bool read_time(const char *text, int next_ms, uint64_t *time_ms)
{
	if (text == NULL)
		return true;
	if (irc_server_time_parse(text, time_ms) != 0)
		return false;
	if (*time_ms > 0 || next_ms > 0)
		*time_ms += (uint64_t)(int64_t)next_ms;
	return true;
}

static bool read_limit(const char *text, size_t *limit)
{
	uint64_t n = CHATHISTORY_LIMIT;

	if (text != NULL && str_to_u64(text, 1, UINT64_MAX, &n) != 0)
		return false;
	*limit = n < CHATHISTORY_LIMIT ? (size_t)n : CHATHISTORY_LIMIT;
	return true;
}

/* The name of the attribute that is wrong; NULL: none. */
static const char *read_query(struct client *c, struct search *s, const struct irc_message *m)
{
	const char *text = irc_tag(m, "text");

	s->query = (struct history_search){.all = true, .kind = -1};
	if (irc_tag(m, "in") != NULL && !in(c, s, irc_tag(m, "in")))
		return "in";
	if (irc_tag(m, "from") != NULL && !from(c, s, irc_tag(m, "from")))
		return "from";
	if (!read_time(irc_tag(m, "after"), -1, &s->query.after_ms))
		return "after";
	if (!read_time(irc_tag(m, "before"), 1, &s->query.before_ms))
		return "before";
	if (!read_limit(irc_tag(m, "limit"), &s->limit))
		return "limit";
	if (text != NULL) {
		str_copy(s->text, sizeof(s->text), text);
		s->query.text = s->text;
	}
	s->oldest = irc_tag(m, "after") != NULL;
	return NULL;
}

/* The attributes are written as tags are. */
static int parse_attributes(const char *text, char line[IRC_LINE_MAX + 4], struct irc_message *out)
{
	int err = str_fmt(line, IRC_LINE_MAX + 4, "@%s X", text);

	return err != 0 ? err : irc_parse(line, strlen(line), out);
}

void command_search(struct client *c, const struct irc_message *m)
{
	struct search *s;
	struct irc_message attributes;
	char line[IRC_LINE_MAX + 4];
	const char *wrong;

	if (c->session == NULL) {
		fail(c, "INTERNAL_ERROR", "", WORDS_LOGIN);
		return;
	}
	if (strchr(m->params[0], ' ') != NULL || parse_attributes(m->params[0], line, &attributes) != 0) {
		fail(c, "INVALID_PARAMS", "", "Attributes are name=value, joined by semicolons");
		return;
	}
	s = calloc(1, sizeof(*s));
	if (s != NULL)
		s->timer = timer_new(c->gateway->loop, on_slice, s);
	if (s == NULL || s->timer == NULL) {
		search_free(s);
		fail(c, "INTERNAL_ERROR", "", words_error(ERR_NOMEM));
		return;
	}
	s->client = c;
	wrong = read_query(c, s, &attributes);
	if (wrong != NULL) {
		fail(c, "INVALID_PARAMS", wrong, "Invalid parameters");
		search_free(s);
		return;
	}
	s->before = s->nothing ? 0 : INT64_MAX;
	c->search = s;
	timer_set(s->timer, 0);
}
