/* SPDX-License-Identifier: GPL-3.0-or-later */
/* PRIVMSG and NOTICE: to the service, to a contact, to oneself. */
#include "privmsg.h"

#include <string.h>

#include "base/err.h"
#include "base/str.h"

#include "command.h"
#include "ctcp.h"
#include "person.h"
#include "service.h"
#include "session.h"
#include "tagmsg.h"
#include "target.h"
#include "words.h"

/* ---- what may leave ---- */

bool privmsg_unwrap(struct outgoing *o)
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

static size_t text_max(const struct outgoing *o)
{
	return o->has_re || memchr(o->text, '\n', o->len) != NULL ? LINES_TEXT_MAX : TEXT_MAX;
}

static void tell_not_sent(struct client *c, const char *nick, const struct outgoing *o, int err)
{
	const char *command = o->quiet ? "NOTICE" : "PRIVMSG";
	char count[WORDS_COUNT];

	if (err == ERR_TOO_LONG) {
		words_count(text_max(o), "byte", count);
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

/* contact NULL: a note. */
static int say(struct client *c, struct contact *contact, const struct outgoing *o)
{
	const struct chat_outgoing line = {.kind = (int)o->kind,
					   .text = o->text,
					   .len = o->len,
					   .re = o->has_re ? o->re : NULL,
					   .client = c->name};

	return chat_say(session_chat(c->session), gateway_now(c->gateway), contact, &line, NULL);
}

static void to_contact(struct client *c, struct contact *contact, const struct outgoing *o)
{
	const char *nick = contact->row.petname;
	int err = say(c, contact, o);
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
	int err = say(c, NULL, o);

	if (err != 0)
		tell_not_sent(c, "yourself", o, err);
}

/* As it was said, in as many lines as it needs. */
static void echo(struct client *c, const char *target, const struct outgoing *o)
{
	const struct tags own = {.account = c->account != NULL ? account_name(c->account) : NULL};
	const char *command = o->quiet ? "NOTICE" : "PRIVMSG";
	const char *before = o->kind == MESSAGE_ACTION ? "\001ACTION " : "";
	const char *after = o->kind == MESSAGE_ACTION ? "\001" : "";
	char mask[MASK_SIZE];
	size_t room, n;

	client_mask(c, mask);
	room = irc_text_room(mask, command, target) - strlen(before) - strlen(after);
	for (size_t at = 0; at < o->len; at += n) {
		n = utf8_cut(o->text + at, o->len - at, room);
		client_send_tagged(c, &own, ":%s %s %s :%s%.*s%s", mask, command, target, before, (int)n, o->text + at,
				   after);
	}
}

/* What was said to the service is nowhere kept, and no other client sees it. */
static void to_service(struct client *c, const char *target, const struct outgoing *o)
{
	if (client_has(c, CAP_ECHO_MESSAGE) && !service_is_secret(o->text, o->len))
		echo(c, target, o);
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
			client_numeric(c, ERR_NOSUCHCHANNEL, "%s", target_word(target));
	} else if (!c->joined) {
		if (!o->quiet)
			client_reply(c, ERR_CANNOTSENDTOCHAN, "%s :You are not in that channel",
				     CONTROL_CHANNEL);
	} else {
		to_service(c, CONTROL_CHANNEL, o);
	}
}

void privmsg_to(struct client *c, const char *target, const struct outgoing *o)
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
		client_reply(c, ERR_NOSUCHNICK, "%s :" WORDS_LOGIN, target_word(target));
	else if (!o->quiet)
		client_numeric(c, ERR_NOSUCHNICK, "%s", target_word(target));
}

/* ---- the commands ---- */

size_t privmsg_targets(const char *param, char list[IRC_LINE_MAX], const char *targets[TARGETS_MAX + 1])
{
	char *rest = list;
	const char *target;
	size_t n = 0;

	str_copy(list, IRC_LINE_MAX, param);
	while (n <= TARGETS_MAX && (target = strsep(&rest, ",")) != NULL)
		if (*target != '\0')
			targets[n++] = target;
	return n;
}

void privmsg_too_many(struct client *c, const char *target)
{
	client_reply(c, ERR_TOOMANYTARGETS, "%s :Too many targets, at most %d: nothing was sent", target_word(target),
		     TARGETS_MAX);
}

/* A reaction may come along; the text is then for those who can't show it, if it says the same. */
static void to_target(struct client *c, const char *target, const struct outgoing *o, const struct reaction *r)
{
	bool reacted = r->kind != 0 && tagmsg_react(c, target, r);

	if (o->len > 0 && !(reacted && strcmp(o->text, r->text) == 0))
		privmsg_to(c, target, o);
}

/* To the service and to somebody else at once. */
static bool tells_password(const char *const targets[], size_t n, const struct outgoing *o)
{
	size_t to_it = 0;

	if (o->kind != MESSAGE_TEXT || o->query)
		return false;
	for (size_t i = 0; i < n; i++)
		to_it += nick_eq(targets[i], SERVICE_NICK);
	return to_it > 0 && to_it < n && service_is_secret(o->text, o->len);
}

static void send_message(struct client *c, const struct irc_message *m, struct outgoing *o)
{
	const char *targets[TARGETS_MAX + 1];
	char list[IRC_LINE_MAX];
	struct reaction r;
	size_t n;

	if (m->n_params == 0 || m->params[0][0] == '\0') {
		if (!o->quiet)
			client_reply(c, ERR_NORECIPIENT, ":No recipient given (%s)", m->command);
		return;
	}
	tagmsg_reaction(m, &r);
	if (r.kind == 0 && (m->n_params < 2 || m->params[1][0] == '\0')) {
		if (!o->quiet)
			client_numeric(c, ERR_NOTEXTTOSEND, "%s", "");
		return;
	}
	o->text = m->n_params < 2 ? "" : m->params[1];
	o->len = strlen(o->text);
	o->has_re = tagmsg_re(m, o->re);
	if (!privmsg_unwrap(o))
		return;
	n = privmsg_targets(m->params[0], list, targets);
	if (n > TARGETS_MAX) {
		privmsg_too_many(c, targets[TARGETS_MAX]);
		return;
	}
	if (tells_password(targets, n, o)) {
		client_standard(c, STANDARD_FAIL, "PRIVMSG", "NOT_ALONE", SERVICE_NICK,
				"That may be a password, so it goes to %s alone: nothing was sent.", SERVICE_NICK);
		return;
	}
	/* A command to the service may end the login, and with it the rest. */
	for (size_t i = 0; i < n && c->stream != NULL; i++)
		to_target(c, targets[i], o, &r);
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
