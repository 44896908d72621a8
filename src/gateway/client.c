/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "client.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "base/str.h"

#include "authenticate.h"
#include "away.h"
#include "command.h"
#include "login.h"
#include "monitor.h"
#include "multiline.h"
#include "response.h"
#include "session.h"

#define CLIENT_IN_MAX	 (4 * IRC_INPUT_MAX)
#define USER_OUT_HIGH	 ((size_t)64 << 10) /* unread output from which on its client is not read either */
#define STRANGER_OUT_HIGH ((size_t)8 << 10)
#define LINES_AT_ONCE	 64 /* then the others have their turn */
#define CLIENT_FINISH_MS 5000

static void on_data(void *ctx, struct buf *in);
static void on_drained(void *ctx);
static void on_closed(void *ctx, int err);

static const struct stream_ops stream_ops = {.data = on_data, .drained = on_drained, .closed = on_closed};

/* ---- life ---- */

static void on_timer(void *ctx);

static struct client *client_new(struct gateway *g, struct stream *stream)
{
	struct client *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->timer = timer_new(g->loop, on_timer, c);
	if (c->timer == NULL) {
		free(c);
		return NULL;
	}
	c->gateway = g;
	c->stream = stream;
	c->needs = NEED_NICK | NEED_USER;
	c->heard_ms = loop_now_ms(g->loop);
	c->since_ms = c->active_ms = loop_time_ms(g->loop);
	str_copy(c->nick, sizeof(c->nick), "*");
	str_copy(c->user, sizeof(c->user), "*");
	return c;
}

struct stream_opts client_stream_opts(const struct gateway *g)
{
	return (struct stream_opts){
	    .in_max = CLIENT_IN_MAX, .out_max = g->opts.out_max, .high_water = STRANGER_OUT_HIGH};
}

void client_trust(struct client *c, bool user)
{
	size_t half = c->gateway->opts.out_max / 2;

	c->flood = (struct flood){0};
	stream_set_high_water(c->stream, !user ? STRANGER_OUT_HIGH : half < USER_OUT_HIGH ? half : USER_OUT_HIGH);
}

/* Refuses a connection in words. */
static void refuse(struct stream *s, const char *reason)
{
	stream_write(s, "ERROR :", 7);
	stream_write(s, reason, strlen(reason));
	stream_write(s, "\r\n", 2);
	stream_finish(s, CLIENT_FINISH_MS);
}

/* Whoever has not logged in gives way, the oldest first, and then those whose passwords would be checked last:
 * strangers must not keep users out. False: everybody has logged in. */
static bool make_room(struct gateway *g)
{
	struct client *c;

	TAILQ_FOREACH (c, &g->clients, link) {
		if (c->account == NULL && c->login == NULL) {
			client_end(c, "Too many clients: who is not logged in gives way");
			return true;
		}
	}
	c = login_last(g);
	if (c == NULL)
		return false;
	client_end(c, "Too many clients: who is not logged in gives way");
	return true;
}

void client_accept(struct gateway *g, struct stream *stream)
{
	struct client *c;

	if (g->closing[0] != '\0') {
		refuse(stream, g->closing);
		return;
	}
	if (g->n_clients >= g->opts.clients_max && !make_room(g)) {
		refuse(stream, "Too many clients: close one and try again");
		return;
	}
	c = client_new(g, stream);
	if (c == NULL) {
		refuse(stream, "Out of memory");
		return;
	}
	stream_set_ops(stream, &stream_ops, c);
	TAILQ_INSERT_TAIL(&g->clients, c, link);
	g->n_clients++;
	timer_set(c->timer, g->opts.registration_timeout_ms);
}

/* Everything but its memory goes. */
static void client_die(struct client *c)
{
	struct gateway *g = c->gateway;

	c->stream = NULL;
	timer_free(c->timer);
	timer_free(c->slowed);
	c->timer = c->slowed = NULL;
	login_cancel(c);
	register_clear(c);
	if (c->session != NULL)
		session_detach(c);
	c->account = NULL;
	away_clear(c);
	monitor_clear(c);
	authenticate_free(c);
	response_free(c);
	multiline_free(c);
	TAILQ_REMOVE(&g->clients, c, link);
	TAILQ_INSERT_TAIL(&g->dead, c, link);
	g->n_clients--;
	timer_set(g->reaper, 0);
}

/* Closes once all is sent. */
static void client_leave(struct client *c)
{
	struct stream *s = c->stream;

	client_die(c);
	stream_finish(s, CLIENT_FINISH_MS);
}

void client_end(struct client *c, const char *reason)
{
	if (c->stream == NULL)
		return;
	client_send(c, "ERROR :%s", reason);
	response_end(c);
	client_leave(c);
}

void client_drop(struct client *c)
{
	struct stream *s = c->stream;

	if (s == NULL)
		return;
	client_die(c);
	stream_close(s);
}

void client_reap(struct gateway *g)
{
	struct client *c;

	while ((c = TAILQ_FIRST(&g->dead)) != NULL) {
		TAILQ_REMOVE(&g->dead, c, link);
		free(c);
	}
}

/* ---- time ---- */

void client_keepalive(struct client *c)
{
	if (c->stream != NULL)
		timer_set(c->timer, c->gateway->opts.ping_ms);
}

void client_pinged(struct client *c)
{
	if (c->pinged_ms == 0)
		c->pinged_ms = loop_now_ms(c->gateway->loop);
}

void client_on_pong(struct client *c)
{
	c->pinged_ms = 0;
}

/* A client is silent for ping_ms: it is pinged.  A PING goes without a PONG for ping_ms: it is given up. */
static void on_timer(void *ctx)
{
	struct client *c = ctx;
	uint64_t now = loop_now_ms(c->gateway->loop);
	uint64_t limit = c->gateway->opts.ping_ms;
	uint64_t due;

	/* The queue of passwords is ours, and so is the time that it takes. */
	if (!c->registered && c->login != NULL) {
		timer_set(c->timer, c->gateway->opts.registration_timeout_ms);
		return;
	}
	if (!c->registered) {
		client_end(c, "Registration timed out");
		return;
	}
	/* Its PONG may be among what we have not read. */
	if (c->is_slowed) {
		timer_set(c->timer, limit);
		return;
	}
	if (c->pinged_ms != 0 && now - c->pinged_ms >= limit) {
		client_end(c, "Ping timeout");
		return;
	}
	if (c->pinged_ms == 0 && now - c->heard_ms >= limit) {
		client_send(c, "PING :%s", c->gateway->server_name);
		client_pinged(c);
	}
	due = (c->pinged_ms != 0 ? c->pinged_ms : c->heard_ms) + limit;
	timer_set(c->timer, due > now ? due - now : 1);
}

/* ---- input ---- */

/* A web page can POST to localhost: "METHOD target HTTP/version". */
static bool is_http(const char *line)
{
	const char *last = strrchr(line, ' ');

	return last != NULL && strncmp(last + 1, "HTTP/", 5) == 0;
}

/* What a client that expects TLS here says first: the head of a handshake record (RFC 8446 section 5.1). */
static bool is_tls(struct buf *in)
{
	const uint8_t *p = buf_ptr(in);

	return buf_len(in) >= 2 && p[0] == 0x16 && p[1] == 0x03;
}

static void on_line(struct client *c, char *line, size_t len)
{
	if (!c->greeted && is_http(line)) {
		log_info("a client spoke HTTP: closed");
		client_drop(c);
		return;
	}
	c->greeted = true;
	command_line(c, line, len);
}

static void on_long_line(struct client *c)
{
	if (!c->greeted) {
		client_drop(c);
		return;
	}
	client_numeric(c, ERR_INPUTTOOLONG, "%s", "");
	multiline_spoil(c);
}

static void on_slowed(void *ctx)
{
	struct client *c = ctx;

	c->is_slowed = false;
	client_resume(c);
}

/* It is read again when it may go on. */
static void slow_down(struct client *c, const struct flood_limit *limit)
{
	if (c->slowed == NULL)
		c->slowed = timer_new(c->gateway->loop, on_slowed, c);
	if (c->slowed == NULL) {
		client_end(c, "Out of memory");
		return;
	}
	if (!c->is_slowed)
		log_debug("a client talks too fast: it is read more slowly");
	c->is_slowed = true;
	timer_set(c->slowed, flood_wait_ms(&c->flood, limit, c->heard_ms));
	stream_pause(c->stream, true);
}

static const struct flood_limit *flood_limit(const struct client *c)
{
	return c->account != NULL ? &c->gateway->opts.users : &c->gateway->opts.strangers;
}

/*
 * Lines wait in the buffer while a password job or a search runs, while what was answered isn't read (then the client
 * isn't either: on_drained goes on), and while the client has talked too fast.  `left`: how many more are its share.
 */
static bool may_go_on(struct client *c, unsigned left)
{
	if (c->stream == NULL || c->login != NULL || c->search != NULL)
		return false;
	if (stream_is_full(c->stream)) {
		stream_pause(c->stream, true);
		return false;
	}
	if (left == 0) {
		client_resume(c);
		return false;
	}
	return true;
}

/* One line, or what stands in its place; false: there is none. */
static bool take_line(struct client *c, struct buf *in)
{
	char line[IRC_INPUT_MAX + 1];
	size_t len;

	switch (irc_split(&c->splitter, in, line, &len)) {
	case IRC_CUT_NONE:
		return false;
	case IRC_CUT_TOO_LONG:
		on_long_line(c);
		return true;
	case IRC_CUT_LINE:
		on_line(c, line, len);
		/* It may have held a password. */
		crypto_wipe(line, len);
		return true;
	}
	return false;
}

static void on_data(void *ctx, struct buf *in)
{
	struct client *c = ctx;
	unsigned left = LINES_AT_ONCE;

	c->heard_ms = loop_now_ms(c->gateway->loop);
	if (c->is_slowed)
		return;
	if (!c->greeted && is_tls(in)) {
		log_info("a client spoke TLS, which is not spoken here: closed (WeeChat needs -notls)");
		client_drop(c);
		return;
	}
	while (buf_len(in) > 0 && may_go_on(c, left--)) {
		const struct flood_limit *limit = flood_limit(c);

		if (!flood_ready(&c->flood, limit, c->heard_ms)) {
			slow_down(c, limit);
			return;
		}
		if (!take_line(c, in))
			return;
		flood_take(&c->flood, limit, c->heard_ms);
	}
}

void client_resume(struct client *c)
{
	if (c->stream != NULL && !c->is_slowed)
		stream_pause(c->stream, false);
}

static void on_drained(void *ctx)
{
	struct client *c = ctx;

	if (c->session != NULL)
		replay_pump(c);
	client_resume(c);
}

static void on_closed(void *ctx, int err)
{
	struct client *c = ctx;

	if (err == ERR_FULL) {
		log_info("a client did not read what was sent to it: closed");
		client_end(c, "You did not read what was sent to you: come back for what you missed");
	} else if (err == ERR_CLOSED) {
		/* It may still read what it was answered. */
		client_leave(c);
	} else {
		client_drop(c);
	}
}

/* ---- who it is ---- */

const char *client_user(const struct client *c)
{
	return c->session != NULL ? SERVICE_NICK : c->user;
}

void client_host(const struct client *c, char out[64])
{
	if (c->session != NULL)
		str_fmt(out, 64, "%s.onion", chat_onion(session_chat(c->session)));
	else
		str_copy(out, 64, "localhost");
}

void client_mask(const struct client *c, char out[MASK_SIZE])
{
	char host[64];

	client_host(c, host);
	str_fmt(out, MASK_SIZE, "%s!%s@%s", c->nick, client_user(c), host);
}
