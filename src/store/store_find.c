/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Lines by their msgid.  Msgids are random: an index over all of them has one page of the file changed for
 * nearly every message, which costs more than all the rest of storing it.  So lines are indexed run by run,
 * 4,096 ids in each, at once when a run is full: neighbours in time share pages, and to find one costs a look
 * at each run, newest first, which is milliseconds at a million lines.  The newest run is simply read.
 */
#include "store/store_history.h"

#include "base/err.h"
#include "store_private.h"

int store_find_added(struct store *s, int64_t id)
{
	struct query q;
	const int64_t run = id >> RUN_BITS;
	if (run << RUN_BITS != id)
		return 0;
	query_write(&q, s,
		    "INSERT INTO line_find (run, msgid, line)"
		    " SELECT ?1, msgid, id FROM line WHERE id >= ?2 AND id < ?3 ORDER BY id");
	query_int(&q, run - 1);
	query_int(&q, (run - 1) << RUN_BITS);
	query_int(&q, id);
	return query_run(&q);
}

static bool of_conversation(struct query *q, int64_t conversation)
{
	const int64_t contact = query_get_int(q, 1); /* NULL reads as 0 */
	const int64_t kind = query_get_int(q, 2);
	if (conversation == STORE_SERVICE)
		return kind == LINE_INFO;
	return kind != LINE_INFO && contact == conversation;
}

/* Looks through the rows of a query for one of the conversation, and ends it: 1 found, 0 not, or an err. */
static int take(struct query *q, int64_t conversation, int64_t *id)
{
	int found = 0;
	while (!found && query_step(q) > 0) {
		*id = query_get_int(q, 0);
		found = of_conversation(q, conversation);
	}
	return query_end_with(q, found);
}

static int find_newest(struct store *s, int64_t run, int64_t conversation, const uint8_t msgid[16],
		       int64_t *id)
{
	struct query q;
	query_read(&q, s, "SELECT id, contact, kind FROM line WHERE id >= ? AND msgid = ?");
	query_int(&q, run << RUN_BITS);
	query_blob(&q, msgid, 16);
	return take(&q, conversation, id);
}

static int find_in_run(struct store *s, int64_t run, int64_t conversation, const uint8_t msgid[16],
		       int64_t *id)
{
	struct query q;
	query_read(&q, s,
		   "SELECT id, contact, kind FROM line_find CROSS JOIN line ON id = line_find.line"
		   " WHERE run = ? AND line_find.msgid = ?");
	query_int(&q, run);
	query_blob(&q, msgid, 16);
	return take(&q, conversation, id);
}

int store_line_find(struct store *s, int64_t conversation, const uint8_t msgid[16], int64_t *id)
{
	int64_t first, last = 0, found_id;
	int found = store_line_first(s, &first);
	if (!found)
		found = store_line_last(s, &last);
	if (!found)
		found = find_newest(s, last >> RUN_BITS, conversation, msgid, &found_id);
	for (int64_t run = (last >> RUN_BITS) - 1; !found && run >= first >> RUN_BITS; run--)
		found = find_in_run(s, run, conversation, msgid, &found_id);
	if (found == 1)
		*id = found_id;
	return found < 0 ? found : found ? 0 : ERR_NOT_FOUND;
}

/* ---- all of them ---- */

struct each {
	int64_t conversation;
	int (*cb)(void *ctx, const struct line_row *l);
	void *ctx;
};

static int each_row(void *ctx, const struct line_row *l)
{
	struct each *e = ctx;
	const bool info = l->kind == LINE_INFO;
	if (e->conversation == STORE_SERVICE ? !info : info || l->contact != e->conversation)
		return 0;
	return e->cb(e->ctx, l);
}

int store_line_find_each(struct store *s, int64_t conversation, const uint8_t msgid[16],
			 int (*cb)(void *ctx, const struct line_row *l), void *ctx)
{
	struct each e = {conversation, cb, ctx};
	struct query q;
	int64_t first, last;
	int err = store_line_first(s, &first);
	if (!err)
		err = store_line_last(s, &last);
	if (err)
		return err;
	query_read(&q, s, "SELECT " LINE_COLUMNS " FROM line WHERE id >= ? AND msgid = ? ORDER BY id DESC");
	query_int(&q, last >> RUN_BITS << RUN_BITS);
	query_blob(&q, msgid, 16);
	err = line_walk(&q, each_row, &e);
	for (int64_t run = (last >> RUN_BITS) - 1; !err && run >= first >> RUN_BITS; run--) {
		query_read(&q, s,
			   "SELECT " LINE_COLUMNS " FROM line WHERE id IN"
			   " (SELECT line FROM line_find WHERE run = ? AND msgid = ?) ORDER BY id DESC");
		query_int(&q, run);
		query_blob(&q, msgid, 16);
		err = line_walk(&q, each_row, &e);
	}
	return err;
}
