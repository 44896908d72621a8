/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "session.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "base/str.h"
#include "chat/history.h"

#include "away.h"
#include "circuits.h"
#include "command.h"
#include "marker.h"
#include "monitor.h"
#include "person.h"
#include "search.h"
#include "whowas.h"
#include "tagmsg.h"

/* ---- life ---- */

static void load_settings(struct session *s)
{
	char text[SETTING_VALUE_MAX + 1];

	for (size_t i = 0; i < SETTING_COUNT; i++) {
		const struct setting *row = &setting_table[i];
		int err = chat_setting_get(session_chat(s), row->name, text);

		if (err != 0 && err != ERR_NOT_FOUND)
			log_error("the setting %s: %s", row->name, err_str(err));
		/* A word of another version is not ours: the default holds. */
		if (err != 0 || setting_parse(row, text, &s->settings[i]) != 0)
			setting_parse(row, row->standard, &s->settings[i]);
	}
	/* These are chat's own. */
	s->settings[SETTING_COVER] = chat_cover(session_chat(s));
	s->settings[SETTING_EXPIRE] = chat_expire(session_chat(s));
}

static void on_fence(void *ctx)
{
	struct session *s = ctx;
	struct client *c;

	TAILQ_FOREACH (c, &s->clients, session_link)
		replay_fence(c);
}

struct session *session_find(struct gateway *g, const struct account *a)
{
	struct session *s;

	LIST_FOREACH (s, &g->sessions, link)
		if (s->account == a)
			return s;
	return NULL;
}

struct session *session_of_chat(struct gateway *g, const struct chat *c)
{
	struct account *a = account_of(c);

	return a != NULL ? session_find(g, a) : NULL;
}

struct session *session_get(struct gateway *g, struct account *a)
{
	struct session *s = session_find(g, a);

	if (s != NULL)
		return s;
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return NULL;
	TAILQ_INIT(&s->clients);
	s->gateway = g;
	s->account = a;
	s->created_ms = loop_time_ms(g->loop);
	s->fence_timer = timer_new(g->loop, on_fence, s);
	s->status_timer = timer_new(g->loop, status_on_timer, s);
	s->away_timer = timer_new(g->loop, away_on_timer, s);
	LIST_INSERT_HEAD(&g->sessions, s, link);
	if (s->fence_timer == NULL || s->status_timer == NULL || s->away_timer == NULL) {
		session_free(s);
		return NULL;
	}
	load_settings(s);
	status_start(s);
	return s;
}

void session_free(struct session *s)
{
	struct client *c;

	if (s == NULL)
		return;
	while ((c = TAILQ_FIRST(&s->clients)) != NULL)
		session_detach(c);
	timer_free(s->fence_timer);
	timer_free(s->status_timer);
	timer_free(s->away_timer);
	whowas_clear(s);
	LIST_REMOVE(s, link);
	free(s);
}

struct chat *session_chat(const struct session *s)
{
	return account_chat(s->account);
}

/* ---- coming and going ---- */

/* What its own user sees of the new identity: nick, host, account. */
static void take_identity(struct client *c)
{
	const struct tags own = {.account = account_name(c->account)};
	const char *nick = chat_nick(session_chat(c->session));
	char host[64];
	char old[MASK_SIZE];

	str_fmt(old, sizeof(old), "%s!%s@localhost", c->nick, c->user);
	if (strcmp(c->nick, nick) != 0) {
		client_send_tagged(c, &own, ":%s NICK %s", old, nick);
		str_copy(c->nick, sizeof(c->nick), nick);
		str_fmt(old, sizeof(old), "%s!%s@localhost", c->nick, c->user);
	}
	client_host(c, host);
	if (client_has(c, CAP_CHGHOST))
		client_send_tagged(c, &own, ":%s CHGHOST %s %s", old, client_user(c), host);
	if (client_has(c, CAP_ACCOUNT_NOTIFY)) {
		client_mask(c, old);
		client_send_tagged(c, &own, ":%s ACCOUNT %s", old, account_name(c->account));
	}
}

static int announce(void *ctx, const struct request_row *r)
{
	session_announce_request(ctx, r);
	return 0;
}

void session_announce_request(struct client *c, const struct request_row *r)
{
	char onion[ONION_LEN + 1];

	onion_encode(r->identity, onion);
	client_notice(c, "%s asks to be your contact: %s", r->name,
		      r->text[0] != '\0' ? r->text : "(no text)");
	client_notice(
	    c, "Address of %s: %s.onion. To agree: accept %s (or accept %s as <nick>); to refuse: reject %s",
	    r->name, onion, r->name, r->name, r->name);
}

static bool session_is_full(const struct session *s)
{
	struct client *c;
	unsigned n = 0;

	TAILQ_FOREACH (c, &s->clients, session_link)
		n++;
	return n >= s->gateway->opts.account_clients_max;
}

void session_attach(struct client *c)
{
	struct session *s = session_get(c->gateway, c->account);
	struct chat *chat;

	if (s == NULL) {
		client_end(c, "Out of memory");
		return;
	}
	if (session_is_full(s)) {
		client_end(c, "Too many clients of this account: close one and try again");
		return;
	}
	TAILQ_INSERT_TAIL(&s->clients, c, session_link);
	c->session = s;
	chat = session_chat(s);
	take_identity(c);
	session_join(c);
	monitor_tell_all(c);
	/* It knows what it has said. */
	s->sender = c;
	away_combine(s);
	s->sender = NULL;
	status_greet(c);
	tagmsg_greet(c);
	chat_requests_each(chat, announce, c);
	replay_start(c);
}

void session_detach(struct client *c)
{
	struct session *s = c->session;

	if (s->sender == c)
		s->sender = NULL;
	TAILQ_REMOVE(&s->clients, c, session_link);
	away_touch(s);
	c->session = NULL;
	c->joined = false;
	circuits_cancel(c);
	search_cancel(c);
	replay_stop(c);
	/* The PONG to a fence of this session will not be known any more. */
	client_on_pong(c);
}

void session_logout(struct client *c, const char *reason)
{
	char mask[MASK_SIZE];
	bool attached = c->session != NULL;
	bool joined = c->joined;
	char name[NICK_MAX + 1];
	bool wiped = account_wiped(c->account);

	str_copy(name, sizeof(name), account_name(c->account));
	client_mask(c, mask);
	c->in_channel = false;
	if (attached)
		session_detach(c);
	c->account = NULL;
	client_trust(c, false);
	stream_set_domain(c->stream, NULL);
	if (joined)
		client_send(c, ":%s PART %s :%s", mask, CONTROL_CHANNEL, reason);
	if (attached && client_has(c, CAP_CHGHOST))
		client_send(c, ":%s CHGHOST %s localhost", mask, c->user);
	client_mask(c, mask);
	client_reply(c, RPL_LOGGEDOUT, "%s :%s", mask, numeric_text(RPL_LOGGEDOUT));
	if (client_has(c, CAP_ACCOUNT_NOTIFY))
		client_send(c, ":%s ACCOUNT *", mask);
	/* What it has watched were this account's contacts. */
	monitor_tell_all(c);
	monitor_clear(c);
	/* The nick may be another one than the account's. */
	if (wiped)
		client_notice(c, "You are not logged in any more: the account %s is being wiped.", name);
	else
		client_notice(c,
			      "You are not logged in any more (%s). To come back: /msg %s identify %s <password>",
			      reason, SERVICE_NICK, name);
}

/* ---- the channel ---- */

bool session_is_joined(const struct session *s)
{
	const struct client *c;

	TAILQ_FOREACH (c, &s->clients, session_link)
		if (c->joined)
			return true;
	return false;
}

void session_join(struct client *c)
{
	const struct tags own = {.account = account_name(c->account)};
	struct session *s = c->session;
	char mask[MASK_SIZE];

	client_mask(c, mask);
	c->joined = true;
	if (client_has(c, CAP_EXTENDED_JOIN))
		client_send_tagged(c, &own, ":%s JOIN %s %s :%s", mask, CONTROL_CHANNEL, account_name(c->account),
				   c->realname);
	else
		client_send_tagged(c, &own, ":%s JOIN %s", mask, CONTROL_CHANNEL);
	client_reply(c, RPL_TOPIC, "%s :%s", CONTROL_CHANNEL, s->topic);
	client_reply(c, RPL_TOPICWHOTIME, "%s %s %llu", CONTROL_CHANNEL, c->gateway->service_mask,
		     (unsigned long long)(s->topic_ms / 1000));
	marker_on_join(c);
	if (!client_has(c, CAP_NO_IMPLICIT_NAMES) && !client_has(c, CAP_NO_IMPLICIT_NAMES_DRAFT))
		channel_names(c);
}

void session_channel(struct session *s, uint32_t caps, const struct tags *t, const char *fmt, ...)
{
	char line[2 * IRC_LINE_MAX];
	struct client *c;
	va_list args;

	va_start(args, fmt);
	vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	TAILQ_FOREACH (c, &s->clients, session_link)
		if (c->joined && (c->caps & caps) == caps)
			client_send_tagged(c, t, "%s", line);
}

void session_notice(struct session *s, const char *fmt, ...)
{
	static const struct tags bot = {.bot = true};
	char text[2 * IRC_LINE_MAX];
	struct client *c;
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	TAILQ_FOREACH (c, &s->clients, session_link)
		client_send_tagged(c, &bot, ":%s NOTICE %s :%s", c->gateway->service_mask, c->nick, text);
}
