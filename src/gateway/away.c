/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "away.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "base/str.h"

#include "command.h"
#include "monitor.h"
#include "person.h"
#include "session.h"
#include "words.h"

void away_clear(struct client *c)
{
	free(c->away.text);
	memset(&c->away, 0, sizeof(c->away));
}

/* ---- of the account ---- */

/* The text of the account, NULL when it is here: what its clients make of it. */
static const char *combined(struct session *s)
{
	const char *text = chat_away(session_chat(s));
	const struct client *latest = NULL;
	struct client *c;

	TAILQ_FOREACH (c, &s->clients, session_link) {
		if (c->away.text == NULL)
			return NULL;
		if (!c->away.automatic && (latest == NULL || c->away.order > latest->away.order))
			latest = c;
	}
	if (latest != NULL)
		return latest->away.text;
	/* Nobody is at any client, for no reason that was given. */
	if (text == NULL && (!TAILQ_EMPTY(&s->clients) || s->settings[SETTING_AWAY_AUTO] != 0))
		text = "";
	return text;
}

void away_combine(struct session *s)
{
	struct chat *chat = session_chat(s);
	const char *before = chat_away(chat);
	const char *text = combined(s);
	int err;

	if (text == before || (text != NULL && before != NULL && strcmp(text, before) == 0))
		return;
	err = chat_set_away(chat, gateway_now(s->gateway), text);
	if (err != 0)
		log_error("away: %s", err_str(err));
}

void away_touch(struct session *s)
{
	timer_set(s->away_timer, 0);
}

void away_on_timer(void *ctx)
{
	struct session *s = ctx;

	/* Nobody is answered by this: the commit is to be asked for. */
	domain_mark(s->gateway->opts.ops->domain(s->gateway->opts.ctx, s->account));
	away_combine(s);
}

void away_on_change(struct session *s)
{
	struct client *c;
	struct person p;

	TAILQ_FOREACH (c, &s->clients, session_link)
		if (c != s->sender && monitor_sees(c, c->nick, CAP_AWAY_NOTIFY) && person_find(c, c->nick, &p))
			person_send_away(c, &p);
}

/* ---- of the client ---- */

/* text: NULL when it is here. */
static int set(struct client *c, const char *text)
{
	char *copy = NULL;

	if (text != NULL) {
		copy = strndup(text, utf8_cut(text, strlen(text), AWAY_MAX));
		if (copy == NULL)
			return ERR_NOMEM;
	}
	away_clear(c);
	c->away.text = copy;
	c->away.automatic = text != NULL && strcmp(text, "*") == 0 && client_has(c, CAP_PRE_AWAY);
	c->away.order = ++c->gateway->away_order;
	return 0;
}

/* Before registration only with the capability. */
void command_away(struct client *c, const struct irc_message *m)
{
	const char *text = m->n_params > 0 && m->params[0][0] != '\0' ? m->params[0] : NULL;
	int err;

	if (!c->registered && !client_has(c, CAP_PRE_AWAY)) {
		client_numeric(c, ERR_NOTREGISTERED, "%s", "");
		return;
	}
	if (text != NULL && strchr(text, '\001') != NULL) {
		client_notice(c, "That was not taken: it holds a byte that text can't hold.");
		return;
	}
	err = set(c, text);
	if (err != 0) {
		client_notice(c, "%s.", words_error(err));
		return;
	}
	if (c->session != NULL)
		away_combine(c->session);
	client_numeric(c, text != NULL ? RPL_NOWAWAY : RPL_UNAWAY, "%s", "");
}
