/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Conversations of Alice's that nobody has to be there for: lines are put where messages would have put them.
 */
#ifndef TESTS_HISTORY_HELP_H
#define TESTS_HISTORY_HELP_H

#include "chat_help.h"

#include "../../src/chat/chat_impl.h"
#include "chat/history.h"

#define NOTES NULL /* as a nick */

static inline struct contact *who(struct world *w, const char *nick)
{
	return nick ? chat_find(w->alice.chat, nick) : NULL;
}

static inline int64_t with(struct world *w, const char *nick)
{
	return nick ? who(w, nick)->row.id : CONVERSATION_SELF;
}

/* A contact that never answers. */
static inline void know(struct world *w, const char *nick)
{
	uint8_t seed[KEY_BYTES] = {0}, identity[KEY_BYTES];
	memcpy(seed, nick, strlen(nick));
	identity_public(seed, identity);
	assert_int_equal(chat_add(w->alice.chat, w->now, nick, identity, "", NULL), 0);
}

/* The msgid of a line is the beginning of its text. */
static inline void msgid_of(const char *text, uint8_t msgid[MSGID_BYTES])
{
	memset(msgid, 0, MSGID_BYTES);
	memcpy(msgid, text, strlen(text) < MSGID_BYTES ? strlen(text) : MSGID_BYTES);
}

static inline int64_t put_line(struct world *w, const char *nick, enum line_kind kind, int message_kind,
			       const char *text)
{
	struct contact *contact = who(w, nick);
	struct line_row l = {
	    .kind = kind, .message_kind = message_kind, .text = text, .text_len = strlen(text)};
	msgid_of(text, l.msgid);
	assert_int_equal(conversation_add(w->alice.chat, w->now, contact ? contact->impl : NULL, &l), 0);
	hush(&w->alice);
	return l.id;
}

static inline int64_t hear(struct world *w, const char *nick, const char *text)
{
	return put_line(w, nick, LINE_IN, MESSAGE_TEXT, text);
}

static inline int64_t say(struct world *w, const char *nick, const char *text)
{
	return put_line(w, nick, LINE_OUT, MESSAGE_TEXT, text);
}

static inline int64_t news(struct world *w, const char *nick, const char *text)
{
	return put_line(w, nick, LINE_INFO, MESSAGE_NOTICE, text);
}

/* Lines as words: "Bob:hello". */
static inline int join_history(void *ctx, const struct contact *contact, const struct line_row *l)
{
	char word[80];
	snprintf(word, sizeof(word), "%s:%.*s ", nick_of(contact), (int)l->text_len, l->text);
	strcat(ctx, word);
	return 0;
}

static inline void assert_span(struct world *w, int64_t conversation, const struct store_span *s,
			       const char *expected)
{
	char all[4096] = "";
	assert_int_equal(chat_history(w->alice.chat, conversation, s->after, s->before, s->latest, s->events,
				      s->limit, join_history, all),
			 0);
	assert_string_equal(all, expected);
}

/* All of it. */
static inline void assert_history(struct world *w, int64_t conversation, const char *expected)
{
	const struct store_span all = {.before = INT64_MAX, .limit = 1000};
	assert_span(w, conversation, &all, expected);
}

#endif
