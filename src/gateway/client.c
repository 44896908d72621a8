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
#define CLIENT_OUT_MAX	 ((size_t)4 << 20) /* holds a WHO of CONTACTS_MAX */
#define CLIENT_OUT_HIGH	 ((size_t)64 << 10)
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

const struct stream_opts client_stream_opts = {
    .in_max = CLIENT_IN_MAX, .out_max = CLIENT_OUT_MAX, .high_water = CLIENT_OUT_HIGH};

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
	c->timer = NULL;
	login_cancel(c);
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

void client_end(struct client *c, const char *reason)
{
	struct stream *s = c->stream;

	if (s == NULL)
		return;
	client_send(c, "ERROR :%s", reason);
	response_end(c);
	client_die(c);
	stream_finish(s, CLIENT_FINISH_MS);
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

/* Lines stay in the buffer while a password job or a search runs or what was answered isn't read. */
static bool may_go_on(const struct client *c)
{
	return c->stream != NULL && c->login == NULL && c->search == NULL && !stream_is_full(c->stream);
}

static void on_data(void *ctx, struct buf *in)
{
	struct client *c = ctx;
	char line[IRC_INPUT_MAX + 1];
	size_t len;

	c->heard_ms = loop_now_ms(c->gateway->loop);
	if (!c->greeted && is_tls(in)) {
		log_info("a client spoke TLS, which is not spoken here: closed (WeeChat needs -notls)");
		client_drop(c);
		return;
	}
	while (may_go_on(c)) {
		enum irc_cut cut = irc_split(&c->splitter, in, line, &len);

		if (cut == IRC_CUT_NONE)
			break;
		if (cut == IRC_CUT_TOO_LONG) {
			on_long_line(c);
			continue;
		}
		on_line(c, line, len);
		/* It may have held a password. */
		crypto_wipe(line, len);
	}
}

void client_resume(struct client *c)
{
	if (c->stream != NULL)
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

	if (err == ERR_FULL)
		log_info("a client did not read what was sent to it: closed");
	client_drop(c);
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
