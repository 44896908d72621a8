/* SPDX-License-Identifier: GPL-3.0-or-later */
/* REDACT (IRCv3 draft/message-redaction): an own message is taken back. render.c shows it. */
#include <string.h>

#include "base/err.h"
#include "base/str.h"

#include "command.h"
#include "session.h"
#include "target.h"
#include "words.h"

struct redaction {
	const char *target, *id;
	const char *reason;
	size_t reason_len;
};

static void fail(struct client *c, const struct redaction *r, const char *code, const char *text)
{
	char context[IRC_LINE_MAX];

	str_fmt(context, sizeof(context), "%s %s", r->target, r->id);
	client_standard(c, STANDARD_FAIL, "REDACT", code, context, "%s", text);
}

static void fail_target(struct client *c, const struct redaction *r, const char *text)
{
	client_standard(c, STANDARD_FAIL, "REDACT", "INVALID_TARGET", r->target, "%s", text);
}

/* contact NULL: a note. */
static void redact(struct client *c, struct contact *contact, const struct redaction *r)
{
	uint8_t id[MSGID_BYTES];
	int err = ERR_NOT_FOUND;

	if (target_id(r->id, id))
		err = chat_redact(session_chat(c->session), gateway_now(c->gateway), contact, id, r->reason,
				  r->reason_len, c->name, NULL);
	if (err == ERR_NOT_FOUND)
		fail(c, r, "UNKNOWN_MSGID", "There is no such message");
	else if (err == ERR_REFUSED && contact != NULL && contact->row.blocked)
		fail_target(c, r, "You have blocked this contact: nothing is sent there");
	else if (err == ERR_REFUSED)
		fail(c, r, "REDACT_FORBIDDEN", "Only what you have said yourself can be taken back");
	else if (err != 0)
		fail(c, r, "REDACT_FORBIDDEN", words_error(err));
}

void command_redact(struct client *c, const struct irc_message *m)
{
	struct redaction r = {.target = target_word(m->params[0]), .id = target_word(m->params[1]), .reason = ""};
	struct contact *contact;

	if (!client_has(c, CAP_MESSAGE_REDACTION)) {
		client_numeric(c, ERR_UNKNOWNCOMMAND, "%s", m->command);
		return;
	}
	if (m->n_params > 2) {
		r.reason = m->params[2];
		r.reason_len = utf8_cut(r.reason, strlen(r.reason), REASON_MAX);
	}
	if (c->session == NULL) {
		fail_target(c, &r, WORDS_LOGIN);
		return;
	}
	contact = chat_find(session_chat(c->session), r.target);
	if (contact != NULL || nick_eq(r.target, c->nick))
		redact(c, contact, &r);
	else
		fail_target(c, &r, "You can't take back messages there");
}
