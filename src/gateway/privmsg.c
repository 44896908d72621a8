/* SPDX-License-Identifier: GPL-3.0-or-later */
/* PRIVMSG, NOTICE and TAGMSG: to the service, to a contact, to oneself. */
#include <string.h>

#include "base/err.h"
#include "base/str.h"

#include "command.h"
#include "ctcp.h"
#include "person.h"
#include "service.h"
#include "session.h"
#include "words.h"

#define TARGETS_MAX 4 /* TARGMAX in ISUPPORT */

struct outgoing {
	enum message_kind kind;
	bool quiet; /* NOTICE: no replies of the automatic kind */
	bool query; /* CTCP, but no action: ctcp.c answers */
	const char *text;
	size_t len;
};

/* ---- what may leave ---- */

/* CTCP never leaves but for ACTION; false if that was the end of it. */
static bool unwrap_ctcp(struct outgoing *o)
{
	const char *body;
	size_t len;
	bool action;

	if (!irc_ctcp(o->text, o->len, &action, &body, &len))
		return true;
	if (action && !o->quiet) {
		o->kind = MESSAGE_ACTION;
		o->text = body;
		o->len = len;
		return true;
	}
	o->query = true;
	return !o->quiet;
}

static void tell_not_sent(struct client *c, const char *nick, const struct outgoing *o, int err)
{
	const char *command = o->quiet ? "NOTICE" : "PRIVMSG";
	char count[WORDS_COUNT];

	if (err == ERR_TOO_LONG) {
		words_count(TEXT_MAX, "byte", count);
		client_standard(c, STANDARD_FAIL, command, "MESSAGE_TOO_LONG", nick,
				"Your message to %s was not sent: it is longer than %s.", nick, count);
	} else if (err == ERR_INVALID && o->len == 0) {
		client_numeric(c, ERR_NOTEXTTOSEND, "%s", "");
	} else if (err == ERR_INVALID) {
		client_standard(c, STANDARD_FAIL, command, "INVALID_TEXT", nick,
				"Your message to %s was not sent: it holds a byte that text can't hold.", nick);
	} else {
		client_standard(c, STANDARD_FAIL, command, "NOT_SENT", nick, "Your message to %s was not sent. %s.",
				nick, words_error(err));
	}
}

/* ---- the targets ---- */

static void to_contact(struct client *c, struct contact *contact, const struct outgoing *o)
{
	const char *nick = contact->row.petname;
	int err = chat_send(session_chat(c->session), gateway_now(c->gateway), contact, o->kind, o->text,
			    o->len, c->name, NULL);
	char state[WORDS_STATE];

	if (err == ERR_REFUSED && contact->row.blocked) {
		/* Clients show 404 where one writes to the nick; 531, which is for nicks, elsewhere. */
		if (!o->quiet)
			client_reply(c, ERR_CANNOTSENDTOCHAN,
				     "%s :is blocked by you: nothing was sent. /msg %s unblock %s ends that",
				     nick, SERVICE_NICK, nick);
	} else if (err != 0) {
		tell_not_sent(c, nick, o, err);
	} else if (o->quiet || contact->presence == PRESENCE_ONLINE) {
		return;
	} else if (contact->presence == PRESENCE_AWAY) {
		client_reply(c, RPL_AWAY, "%s :%s", nick,
			     contact->away_text[0] != '\0' ? contact->away_text : "away");
	} else {
		words_contact(contact, state);
		client_reply(c, RPL_AWAY, "%s :%s", nick, state);
	}
}

static void to_self(struct client *c, const struct outgoing *o)
{
	int err =
	    chat_note(session_chat(c->session), gateway_now(c->gateway), o->kind, o->text, o->len, c->name);

	if (err != 0)
		tell_not_sent(c, "yourself", o, err);
}

/* What was said to the service is nowhere kept, and no other client sees it. */
static void to_service(struct client *c, const char *target, const struct outgoing *o)
{
	struct tags own = {.account = c->account != NULL ? account_name(c->account) : NULL};
	char mask[MASK_SIZE];

	if (client_has(c, CAP_ECHO_MESSAGE) && !service_is_secret(o->text, o->len)) {
		client_mask(c, mask);
		client_send_tagged(c, &own, ":%s %s %s :%.*s", mask, o->quiet ? "NOTICE" : "PRIVMSG", target,
				   (int)o->len, o->text);
	}
	if (o->kind == MESSAGE_TEXT)
		service_line(c, o->text, o->len, target[0] == '&');
}

static void to_channel(struct client *c, const char *target, const struct outgoing *o)
{
	if (c->session == NULL || !channel_is_control(target)) {
		if (o->quiet)
			return;
		if (c->session == NULL && channel_is_control(target))
			client_reply(c, ERR_NOSUCHCHANNEL, "%s :" WORDS_LOGIN, target);
		else
			client_numeric(c, ERR_NOSUCHCHANNEL, "%s", target);
	} else if (!c->joined) {
		if (!o->quiet)
			client_reply(c, ERR_CANNOTSENDTOCHAN, "%s :You are not in that channel",
				     CONTROL_CHANNEL);
	} else {
		to_service(c, CONTROL_CHANNEL, o);
	}
}

static void to_target(struct client *c, const char *target, const struct outgoing *o)
{
	struct contact *contact;

	if (o->query) {
		ctcp_query(c, target, o->text, o->len);
		return;
	}
	if (target[0] == '&' || target[0] == '#') {
		to_channel(c, target, o);
		return;
	}
	if (nick_eq(target, SERVICE_NICK)) {
		to_service(c, SERVICE_NICK, o);
		return;
	}
	if (c->session != NULL && nick_eq(target, c->nick)) {
		to_self(c, o);
		return;
	}
	contact = c->session != NULL ? chat_find(session_chat(c->session), target) : NULL;
	if (contact != NULL)
		to_contact(c, contact, o);
	else if (c->session == NULL && !o->quiet)
		client_reply(c, ERR_NOSUCHNICK, "%s :" WORDS_LOGIN, target);
	else if (!o->quiet)
		client_numeric(c, ERR_NOSUCHNICK, "%s", target);
}

/* ---- the commands ---- */

static size_t split_targets(char *list, const char *targets[TARGETS_MAX + 1])
{
	char *rest = list;
	const char *target;
	size_t n = 0;

	while (n <= TARGETS_MAX && (target = strsep(&rest, ",")) != NULL)
		if (*target != '\0')
			targets[n++] = target;
	return n;
}

static void send_message(struct client *c, const struct irc_message *m, struct outgoing *o)
{
	const char *targets[TARGETS_MAX + 1];
	char list[IRC_LINE_MAX];
	size_t n;

	if (m->n_params == 0 || m->params[0][0] == '\0') {
		if (!o->quiet)
			client_reply(c, ERR_NORECIPIENT, ":No recipient given (%s)", m->command);
		return;
	}
	if (m->n_params < 2 || m->params[1][0] == '\0') {
		if (!o->quiet)
			client_numeric(c, ERR_NOTEXTTOSEND, "%s", "");
		return;
	}
	o->text = m->params[1];
	o->len = strlen(o->text);
	if (!unwrap_ctcp(o))
		return;
	str_copy(list, sizeof(list), m->params[0]);
	n = split_targets(list, targets);
	if (n > TARGETS_MAX) {
		client_reply(c, ERR_TOOMANYTARGETS, "%s :Too many targets, at most %d: nothing was sent",
			     targets[TARGETS_MAX], TARGETS_MAX);
		return;
	}
	/* A command to the service may end the login, and with it the rest. */
	for (size_t i = 0; i < n && c->stream != NULL; i++)
		to_target(c, targets[i], o);
}

void command_privmsg(struct client *c, const struct irc_message *m)
{
	struct outgoing o = {.kind = MESSAGE_TEXT};

	c->active_ms = loop_time_ms(c->gateway->loop);
	send_message(c, m, &o);
}

void command_notice(struct client *c, const struct irc_message *m)
{
	struct outgoing o = {.kind = MESSAGE_NOTICE, .quiet = true};

	send_message(c, m, &o);
}

/* Client-only tags never leave (CLIENTTAGDENY=*), so there is nothing to do but to say whether the target
 * exists. */
void command_tagmsg(struct client *c, const struct irc_message *m)
{
	struct person p;

	if (m->n_params == 0 || m->params[0][0] == '\0') {
		client_reply(c, ERR_NORECIPIENT, ":No recipient given (TAGMSG)");
		return;
	}
	if (channel_is_control(m->params[0]) ? c->session == NULL : !person_find(c, m->params[0], &p))
		client_numeric(c, ERR_NOSUCHNICK, "%s", m->params[0]);
}
