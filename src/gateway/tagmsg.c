/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tagmsg.h"

#include <string.h>

#include "base/err.h"
#include "base/str.h"

#include "command.h"
#include "person.h"
#include "privmsg.h"
#include "target.h"
#include "words.h"

#define RE_TAG	    "+draft/reply"
#define REACT_TAG   "+draft/react"
#define UNREACT_TAG "+draft/unreact"
#define TYPING_TAG  "+typing"

static const char *const typing_words[] = {
    [TYPING_ACTIVE] = "active", [TYPING_PAUSED] = "paused", [TYPING_DONE] = "done"};

/* ---- reading tags ---- */

bool tagmsg_re(const struct irc_message *m, uint8_t re[MSGID_BYTES])
{
	const char *id = irc_tag(m, RE_TAG);

	return id != NULL && target_id(id, re);
}

void tagmsg_reaction(const struct irc_message *m, struct reaction *out)
{
	const char *react = irc_tag(m, REACT_TAG);
	const char *unreact = irc_tag(m, UNREACT_TAG);

	memset(out, 0, sizeof(*out));
	out->kind = react != NULL ? LINE_REACT : unreact != NULL ? LINE_UNREACT : 0;
	out->text = react != NULL ? react : unreact;
	out->has_re = tagmsg_re(m, out->re);
}

static bool typing_of(const struct irc_message *m, enum typing *state)
{
	const char *word = irc_tag(m, TYPING_TAG);

	for (*state = TYPING_ACTIVE; word != NULL && *state <= TYPING_DONE; ++*state)
		if (strcmp(word, typing_words[*state]) == 0)
			return true;
	return false;
}

/* ---- what leaves ---- */

static bool tells_typing(const struct session *s)
{
	return s->settings[SETTING_TYPING] != 0;
}

static void tell_deny(struct client *c)
{
	client_numeric(c, RPL_ISUPPORT, "CLIENTTAGDENY=*,-draft/react,-draft/reply,-draft/unreact%s",
		       tells_typing(c->session) ? ",-typing" : "");
}

void tagmsg_on_setting(struct session *s)
{
	struct client *c;

	TAILQ_FOREACH (c, &s->clients, session_link)
		tell_deny(c);
}

void tagmsg_greet(struct client *c)
{
	if (tells_typing(c->session))
		tell_deny(c);
}

static void not_sent(struct client *c, const char *target, int err)
{
	const char *why = words_error(err);
	char text[96];

	if (err == ERR_TOO_LONG) {
		str_fmt(text, sizeof(text), "It is longer than %d bytes", REACTION_MAX);
		why = text;
	} else if (err == ERR_INVALID) {
		why = "It is empty, or not in reply to a message that can be told apart (" RE_TAG ")";
	}
	client_standard(c, STANDARD_FAIL, "TAGMSG", "CANNOT_REACT", target, "Your reaction to %s was not sent. %s.",
			target, why);
}

bool tagmsg_react(struct client *c, const char *target, const struct reaction *r)
{
	const struct chat_outgoing o = {.kind = r->kind,
					.text = r->text,
					.len = strlen(r->text),
					.re = r->has_re ? r->re : NULL,
					.client = c->name};
	struct chat *chat = c->session != NULL ? session_chat(c->session) : NULL;
	bool self = chat != NULL && nick_eq(target, c->nick);
	struct contact *contact = chat != NULL && !self ? chat_find(chat, target) : NULL;
	int err;

	if (!self && contact == NULL)
		return false;
	err = chat_say(chat, gateway_now(c->gateway), contact, &o, NULL);
	if (err != 0)
		not_sent(c, target, err);
	return err == 0;
}

static void send_typing(struct client *c, const char *target, enum typing state)
{
	struct contact *contact = c->session != NULL ? chat_find(session_chat(c->session), target) : NULL;
	struct tags t = {.account = c->account != NULL ? account_name(c->account) : NULL};
	char tag[32], mask[MASK_SIZE];

	if (contact == NULL || !tells_typing(c->session))
		return;
	chat_typing(session_chat(c->session), gateway_now(c->gateway), contact, state);
	if (!client_has(c, CAP_ECHO_MESSAGE) || !client_has(c, CAP_MESSAGE_TAGS))
		return;
	str_fmt(tag, sizeof(tag), TYPING_TAG "=%s", typing_words[state]);
	t.client = tag;
	client_mask(c, mask);
	client_send_tagged(c, &t, ":%s TAGMSG %s", mask, contact->row.petname);
}

/* ---- TAGMSG ---- */

static void to_target(struct client *c, const char *target, const struct irc_message *m)
{
	struct reaction r;
	enum typing state;
	struct person p;

	if (channel_is_control(target) ? c->session == NULL : !person_find(c, target, &p)) {
		client_numeric(c, ERR_NOSUCHNICK, "%s", target_word(target));
		return;
	}
	tagmsg_reaction(m, &r);
	if (r.kind != 0)
		tagmsg_react(c, target, &r);
	if (typing_of(m, &state))
		send_typing(c, target, state);
}

void command_tagmsg(struct client *c, const struct irc_message *m)
{
	const char *targets[TARGETS_MAX + 1];
	char list[IRC_LINE_MAX];
	size_t n;

	if (m->n_params == 0 || m->params[0][0] == '\0') {
		client_reply(c, ERR_NORECIPIENT, ":No recipient given (TAGMSG)");
		return;
	}
	n = privmsg_targets(m->params[0], list, targets);
	if (n > TARGETS_MAX) {
		privmsg_too_many(c, targets[TARGETS_MAX]);
		return;
	}
	for (size_t i = 0; i < n; i++)
		to_target(c, targets[i], m);
}

/* ---- what comes ---- */

void tagmsg_on_typing(void *ctx, struct chat *chat, const struct contact *contact, enum typing state)
{
	struct session *s = session_of_chat(ctx, chat);
	struct person from;
	struct client *c;
	struct tags t;
	char tag[32], mask[MASK_SIZE];

	if (s == NULL)
		return;
	person_of_contact(s, contact, &from);
	person_mask(&from, mask);
	person_tags(&from, &t);
	str_fmt(tag, sizeof(tag), TYPING_TAG "=%s", typing_words[state]);
	t.client = tag;
	TAILQ_FOREACH (c, &s->clients, session_link)
		if (client_has(c, CAP_MESSAGE_TAGS))
			client_send_tagged(c, &t, ":%s TAGMSG %s", mask, c->nick);
}
