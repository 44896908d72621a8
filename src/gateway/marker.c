/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "marker.h"

#include "base/err.h"
#include "base/log.h"
#include "base/str.h"

#include "command.h"
#include "session.h"
#include "target.h"
#include "words.h"

/* time_ms 0: unknown. */
static void tell(struct client *c, const char *target, uint64_t time_ms)
{
	char time[32] = "";

	if (time_ms != 0)
		irc_server_time(time_ms, time);
	client_send(c, ":%s MARKREAD %s %s%s", c->gateway->server_name, target, time_ms != 0 ? "timestamp=" : "*",
		    time);
}

static void fail(struct client *c, const char *code, const char *context, const char *text)
{
	client_standard(c, STANDARD_FAIL, "MARKREAD", code, context, "%s", text);
}

void marker_on_join(struct client *c)
{
	uint64_t time_ms = 0;

	if (!client_has(c, CAP_READ_MARKER))
		return;
	if (chat_marker(session_chat(c->session), CONVERSATION_CHANNEL, &time_ms) != 0)
		log_error("a read marker can't be read");
	tell(c, CONTROL_CHANNEL, time_ms);
}

static void set(struct client *c, const char *target, int64_t conversation, uint64_t time_ms)
{
	struct chat *chat = session_chat(c->session);
	uint64_t now_ms = loop_time_ms(c->gateway->loop);
	uint64_t stands = time_ms < now_ms ? time_ms : now_ms;
	int err = chat_marker_set(chat, conversation, stands);
	struct client *other;

	if (err == ERR_EXISTS) { /* it is not before what stands there */
		err = chat_marker(chat, conversation, &stands);
		if (err == 0)
			tell(c, target, stands);
	} else if (err == 0) {
		TAILQ_FOREACH (other, &c->session->clients, session_link)
			if (other == c || client_has(other, CAP_READ_MARKER))
				tell(other, target, stands);
	}
	if (err != 0)
		fail(c, "INTERNAL_ERROR", target, words_error(err));
}

static void get(struct client *c, const char *target, int64_t conversation)
{
	uint64_t time_ms = 0;
	int err = chat_marker(session_chat(c->session), conversation, &time_ms);

	if (err != 0)
		fail(c, "INTERNAL_ERROR", target, words_error(err));
	else
		tell(c, target, time_ms);
}

/* Where nothing was said nothing was read, and there is nowhere to keep that something was. */
static void unknown(struct client *c, const char *target, bool setting)
{
	if (setting)
		fail(c, "INVALID_PARAMS", target_word(target),
		     c->session != NULL ? "There is no such conversation" : WORDS_LOGIN);
	else
		tell(c, target_word(target), 0);
}

void command_markread(struct client *c, const struct irc_message *m)
{
	const char *target = m->n_params > 0 ? m->params[0] : "";
	int64_t conversation;
	uint64_t time_ms;

	if (target[0] == '\0')
		fail(c, "NEED_MORE_PARAMS", "", "Missing parameters");
	else if (!target_find(c, target, &conversation))
		unknown(c, target_word(target), m->n_params > 1);
	else if (m->n_params == 1)
		get(c, target, conversation);
	else if (target_time(m->params[1], &time_ms))
		set(c, target, conversation, time_ms);
	else
		fail(c, "INVALID_PARAMS", target_word(m->params[1]), "A time is timestamp=YYYY-MM-DDThh:mm:ss.sssZ");
}
