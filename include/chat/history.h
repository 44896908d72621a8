/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What was said: spans of a conversation, places in it by time or msgid, search, how far it was read, and how
 * long it is kept.
 *
 * A conversation is that with a contact (its id), the notes to oneself, or what the service has told, of
 * whatever contact.  Lines of contacts that were removed are nowhere.  Each call costs no more than the lines
 * that it tells (chat_history_find and a search slice: some milliseconds), however many there are.  Callbacks
 * return 0 to go on, anything else ends the walk and is returned; they may change nothing in chat.  Rows are
 * theirs until they return.  ERR_NOT_FOUND where a conversation is named: there is no such contact.
 */
#ifndef CHAT_HISTORY_H
#define CHAT_HISTORY_H

#include "chat/chat.h"
#include "store/store_history.h"

#define CONVERSATION_SELF    STORE_SELF	   /* 0 */
#define CONVERSATION_SERVICE STORE_SERVICE /* -1 */
#define CONVERSATION_CHANNEL (-2)	   /* the front's own: it has a read marker, and no lines */

/* contact is NULL for notes, and for what the service told of none. */
typedef int (*history_cb)(void *ctx, const struct contact *contact, const struct line_row *l);

/* Lines with after < id < before, ascending: the last `limit` of them if latest, else the first.  events:
 * also reactions and redactions (enum line_event). */
int chat_history(struct chat *c, int64_t conversation, int64_t after, int64_t before, bool latest,
		 bool events, size_t limit, history_cb cb, void *ctx);
/* The least id of the lines (of all conversations) that came at time_ms or later; one more than the last when
 * none did. */
int chat_history_at(struct chat *c, uint64_t time_ms, int64_t *id);
/* The line with this msgid, of whatever kind. ERR_NOT_FOUND. */
int chat_history_find(struct chat *c, int64_t conversation, const uint8_t msgid[MSGID_BYTES], int64_t *id);
/* Conversations whose last line (no event) came after the one time and before the other, oldest first; at
 * most limit. ERR_NOMEM. */
int chat_history_targets(struct chat *c, uint64_t after_ms, uint64_t before_ms, size_t limit,
			 int (*cb)(void *ctx, int64_t conversation, const struct contact *contact,
				   uint64_t last_ms),
			 void *ctx);

#define HISTORY_SLICE 250
struct history_search {
	bool all; /* conversations; else the one */
	int64_t conversation;
	const char *text;	      /* is in it somewhere, ASCII letters in any case; NULL: any */
	int kind;		      /* enum line_kind; -1: any */
	uint64_t after_ms, before_ms; /* came after and before these; 0: no matter when */
};
/*
 * A slice of a search: reads at most HISTORY_SLICE lines with ids below *before (INT64_MAX at first), tells
 * those that match, newest first, at most limit, and sets *before for the next slice: 0 when all is done.
 * Events and messages that only a newer version can read don't match.
 */
int chat_history_search(struct chat *c, const struct history_search *q, int64_t *before, size_t limit,
			history_cb cb, void *ctx);

/* Up to when it was read; 0 when that was never said. */
int chat_marker(struct chat *c, int64_t conversation, uint64_t *time_ms);
/* Never goes back: ERR_EXISTS when it would, and what was said before stands. ERR_INVALID: over INT64_MAX. */
int chat_marker_set(struct chat *c, int64_t conversation, uint64_t time_ms);

/*
 * How long lines are kept.  Older ones go from disk, in slices from chat_tick, also those that a client has
 * not been shown; the outbox is never touched.  With a contact go the news of it.  contact NULL: of
 * conversations that have nothing of their own, of notes, and of news about nobody.  ERR_INVALID: over
 * EXPIRE_NEVER.
 */
#define EXPIRE_DEFAULT 0	 /* of a contact: as set for all. For all: never */
#define EXPIRE_NEVER   INT64_MAX /* milliseconds */
int chat_set_expire(struct chat *c, struct now now, struct contact *contact, uint64_t expire_ms);
/* What was set for all; a contact's is in its row. */
uint64_t chat_expire(const struct chat *c);

#endif
