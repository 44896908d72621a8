/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Each kind of conversation has an index that ends in the id, so that a span of it is read as it lies there:
 * line_contact for those with contacts, line_note and line_info for the account's.
 */
#include "store/store_history.h"

#include "base/err.h"
#include "store_private.h"

#define OF_CONTACT "contact = ?1 AND kind <> " INFO
#define OF_SELF	   "?1 = 0 AND contact IS NULL AND kind = " OUT
/* State 0: buried. One that is gone has no lines. */
#define OF_SERVICE                                                                                           \
	"?1 = -1 AND kind = " INFO " AND (SELECT state FROM contact WHERE contact.id = line.contact) IS "    \
	"NOT 0"

/* What shows something; length() does not read a text. */
#define SHOWN " AND (length(text) > 0 OR message_kind NOT IN (" NEVER_EMPTY "))"
#define PLAIN " AND message_kind < " EVENTS

struct by_conversation {
	const char *contact, *self, *service;
};
#define EACH(before, after)                                                                                  \
	{                                                                                                    \
		before OF_CONTACT after, before OF_SELF after, before OF_SERVICE after                       \
	}

static void query_of(struct query *q, struct store *s, int64_t conversation,
		     const struct by_conversation *sql)
{
	query_read(q, s,
		   conversation == STORE_SELF	   ? sql->self
		   : conversation == STORE_SERVICE ? sql->service
						   : sql->contact);
	query_int(q, conversation);
}

static int64_t bound(size_t limit)
{
	return limit > INT64_MAX ? INT64_MAX : (int64_t)limit;
}

/* Times of the store end there. */
static int64_t time_bound(uint64_t time_ms)
{
	return time_ms > INT64_MAX ? INT64_MAX : (int64_t)time_ms;
}

bool store_line_erased(const struct line_row *l)
{
	static const int kinds[] = {NEVER_EMPTY_KINDS};
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (l->message_kind == kinds[i])
			return l->text_len == 0;
	}
	return false;
}

/* ---- spans ---- */

#define IN_SPAN " AND id > ?2 AND id < ?3 AND (message_kind < " EVENTS " OR ?4)" SHOWN " ORDER BY id"
static const struct by_conversation forward =
    EACH("SELECT " LINE_COLUMNS " FROM line WHERE ", IN_SPAN " LIMIT ?5");
static const struct by_conversation back =
    EACH("SELECT * FROM (SELECT " LINE_COLUMNS " FROM line WHERE ", IN_SPAN " DESC LIMIT ?5) ORDER BY id");

int store_history(struct store *s, const struct store_span *span,
		  int (*cb)(void *ctx, const struct line_row *l), void *ctx)
{
	struct query q;
	query_of(&q, s, span->conversation, span->latest ? &back : &forward);
	query_int(&q, span->after);
	query_int(&q, span->before);
	query_int(&q, span->events);
	query_int(&q, bound(span->limit));
	return line_walk(&q, cb, ctx);
}

static const struct by_conversation down =
    EACH("SELECT " LINE_COLUMNS " FROM line WHERE ", " AND id < ?2 ORDER BY id DESC LIMIT ?3");

int store_history_down(struct store *s, int64_t conversation, int64_t before, size_t limit,
		       int (*cb)(void *ctx, const struct line_row *l), void *ctx)
{
	struct query q;
	query_of(&q, s, conversation, &down);
	query_int(&q, before);
	query_int(&q, bound(limit));
	return line_walk(&q, cb, ctx);
}

int store_history_down_all(struct store *s, int64_t before, size_t limit,
			   int (*cb)(void *ctx, const struct line_row *l), void *ctx)
{
	struct query q;
	query_read(&q, s, "SELECT " LINE_COLUMNS " FROM line WHERE id < ? ORDER BY id DESC LIMIT ?");
	query_int(&q, before);
	query_int(&q, bound(limit));
	return line_walk(&q, cb, ctx);
}

/* ---- times ---- */

/* The time of a query's row. */
static int time_of(struct query *q, uint64_t *time_ms)
{
	int err = ERR_NOT_FOUND;
	if (query_step(q) > 0) {
		*time_ms = (uint64_t)query_get_int(q, 0);
		err = 0;
	}
	return query_end_with(q, err);
}

/* The first line from id on, if there is one up to last. */
static int time_from(struct store *s, int64_t *id, int64_t last, uint64_t *time_ms)
{
	struct query q;
	int err = ERR_NOT_FOUND;
	query_read(&q, s, "SELECT id, time_ms FROM line WHERE id >= ? AND id <= ? ORDER BY id LIMIT 1");
	query_int(&q, *id);
	query_int(&q, last);
	if (query_step(&q) > 0) {
		*id = query_get_int(&q, 0);
		*time_ms = (uint64_t)query_get_int(&q, 1);
		err = 0;
	}
	return query_end_with(&q, err);
}

/* Times ascend with ids, so ids are halved until they meet. */
int store_history_at(struct store *s, uint64_t time_ms, int64_t *id)
{
	int64_t last, low, high;
	int err = store_line_first(s, &low);
	if (!err)
		err = store_line_last(s, &last);
	if (err)
		return err;
	/* All before low came before; high, or what is nearest above it, came later. */
	for (high = last + 1; low < high;) {
		int64_t at = low + (high - low) / 2;
		const int64_t middle = at;
		uint64_t then;
		err = time_from(s, &at, high - 1, &then);
		if (err == ERR_NOT_FOUND || (!err && then >= time_ms))
			high = middle;
		else if (!err)
			low = at + 1;
		else
			return err;
	}
	/* It may be a gap. */
	low = high > last ? last + 1 : high;
	uint64_t then;
	err = low > last ? ERR_NOT_FOUND : time_from(s, &low, last, &then);
	*id = err == ERR_NOT_FOUND ? last + 1 : low;
	return err == ERR_NOT_FOUND ? 0 : err;
}

static const struct by_conversation newest =
    EACH("SELECT time_ms FROM line WHERE ", PLAIN SHOWN " ORDER BY id DESC LIMIT 1");

int store_history_last(struct store *s, int64_t conversation, uint64_t *time_ms)
{
	struct query q;
	query_of(&q, s, conversation, &newest);
	return time_of(&q, time_ms);
}

int store_history_oldest(struct store *s, int64_t contact, uint64_t *time_ms)
{
	struct query q;
	query_read(&q, s, "SELECT time_ms FROM line WHERE contact IS nullif(?, 0) ORDER BY id LIMIT 1");
	query_int(&q, contact);
	return time_of(&q, time_ms);
}

/* ---- deleting ---- */

int store_history_expire(struct store *s, int64_t contact, uint64_t before_ms, size_t limit, size_t *n)
{
	struct query q;
	query_write(
	    &q, s,
	    "DELETE FROM line WHERE id IN"
	    " (SELECT id FROM line WHERE contact IS nullif(?, 0) ORDER BY id LIMIT ?) AND time_ms < ?");
	query_int(&q, contact);
	query_int(&q, bound(limit));
	query_int(&q, time_bound(before_ms));
	const int err = query_run(&q);
	*n = err ? 0 : (size_t)sqlite3_changes(s->db);
	return err;
}

int store_line_erase(struct store *s, int64_t id)
{
	struct query q;
	query_write(&q, s, "UPDATE line SET text = x'' WHERE id = ?");
	query_int(&q, id);
	const int err = query_run(&q);
	return !err && !sqlite3_changes(s->db) ? ERR_NOT_FOUND : err;
}
