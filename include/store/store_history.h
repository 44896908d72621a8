/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Lines of one conversation, as they are read back, found, and deleted by age.  What a function does costs as
 * much as the lines that it tells, not as those there are.  The rules of store/store.h hold.
 *
 * Told are lines that show something: not those that were erased, and reactions and the like (enum
 * line_event) only where asked for.
 */
#ifndef STORE_HISTORY_H
#define STORE_HISTORY_H

#include "store/store.h"

/* Conversations: positive numbers are contacts, whose lines of LINE_INFO are the service's. */
#define STORE_SELF    0	   /* LINE_OUT of no contact: notes */
#define STORE_SERVICE (-1) /* LINE_INFO, of whatever contact that is not buried */

#define LINE_EVENTS 256 /* message kinds from here up are enum line_event */

/* Was its text erased?  Messages for people and reactions are never empty otherwise. */
bool store_line_erased(const struct line_row *l);

/* Lines with after < id < before, ascending: the last limit of them if latest (read into memory first), else
 * the first. */
struct store_span {
	int64_t conversation;
	int64_t after, before;
	bool latest;
	bool events; /* those of enum line_event too */
	size_t limit;
};
int store_history(struct store *s, const struct store_span *span,
		  int (*cb)(void *ctx, const struct line_row *l), void *ctx);
/* All lines of a conversation with id < before, descending, limit at most. */
int store_history_down(struct store *s, int64_t conversation, int64_t before, size_t limit,
		       int (*cb)(void *ctx, const struct line_row *l), void *ctx);
/* The same for all conversations together. */
int store_history_down_all(struct store *s, int64_t before, size_t limit,
			   int (*cb)(void *ctx, const struct line_row *l), void *ctx);
/* The least id of a line that came at time_ms or later; one more than the last id ever given if none did. */
int store_history_at(struct store *s, uint64_t time_ms, int64_t *id);
/* When the last line came that store_history would tell without events. ERR_NOT_FOUND. */
int store_history_last(struct store *s, int64_t conversation, uint64_t *time_ms);
/* A line of the conversation by its msgid, whatever it shows: the newest. At most milliseconds.
 * ERR_NOT_FOUND. */
int store_line_find(struct store *s, int64_t conversation, const uint8_t msgid[16], int64_t *id);
/* All that have it, newest first: who sends them chooses msgids.  Those with an id below since may be left out, which
 * makes it cost less: 4,096 lines some 25 us.  0: all. */
int store_line_find_each(struct store *s, int64_t conversation, const uint8_t msgid[16], int64_t since,
			 int (*cb)(void *ctx, const struct line_row *l), void *ctx);

/* Empties the text. ERR_NOT_FOUND. */
int store_line_erase(struct store *s, int64_t id);
/* When the oldest of all lines of a contact (0: of the account itself) came. ERR_NOT_FOUND. */
int store_history_oldest(struct store *s, int64_t contact, uint64_t *time_ms);
/* Deletes lines of a contact (0: of the account itself) that came before, oldest first, limit at most, and
 * tells how many. */
int store_history_expire(struct store *s, int64_t contact, uint64_t before_ms, size_t limit, size_t *n);

#endif
