/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Lines by their msgid.  Msgids are random: an index over all of them has one page of the file changed for
 * nearly every message, which costs more than all the rest of storing it.  So lines are indexed run by run,
 * 4,096 ids in each, at once when a run is full: neighbours in time share pages, and to find one costs a look
 * at each run, newest first, which is milliseconds at a million lines.  The msgids of the newest run are kept in
 * memory, once somebody has asked: to read its lines for them would cost as much again.
 */
#include "store/store_history.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "store_private.h"

#define RUN_LINES (1 << RUN_BITS)

/* What was rolled back may still stand there, and what was deleted: so the line itself is looked at, too. */
struct newest {
	int64_t run;
	uint8_t msgid[RUN_LINES][16]; /* by the lower bits of the line's id */
};

int store_find_added(struct store *s, int64_t id, const uint8_t msgid[16])
{
	struct query q;
	const int64_t run = id >> RUN_BITS;
	if (s->newest && s->newest->run == run)
		memcpy(s->newest->msgid[id % RUN_LINES], msgid, 16);
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

static int read_newest(struct store *s, int64_t run)
{
	struct query q;
	if (!s->newest)
		s->newest = malloc(sizeof(*s->newest));
	if (!s->newest)
		return ERR_NOMEM;
	memset(s->newest, 0, sizeof(*s->newest));
	query_read(&q, s, "SELECT id, msgid FROM line WHERE id >= ?");
	query_int(&q, run << RUN_BITS);
	while (query_step(&q) > 0)
		query_get_blob(&q, 1, s->newest->msgid[query_get_int(&q, 0) % RUN_LINES], 16);
	const int err = query_end(&q);
	s->newest->run = err ? -1 : run;
	return err;
}

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

static int each_of_newest(struct store *s, int64_t last, const uint8_t msgid[16], struct each *e)
{
	const int64_t run = last >> RUN_BITS;
	int err = s->newest && s->newest->run == run ? 0 : read_newest(s, run);
	for (int64_t id = last; !err && id >= run << RUN_BITS; id--) {
		struct query q;
		if (memcmp(s->newest->msgid[id % RUN_LINES], msgid, 16) != 0)
			continue;
		query_read(&q, s, "SELECT " LINE_COLUMNS " FROM line WHERE id = ? AND msgid = ?");
		query_int(&q, id);
		query_blob(&q, msgid, 16);
		err = line_walk(&q, each_row, e);
	}
	return err;
}

static int each_of_run(struct store *s, int64_t run, const uint8_t msgid[16], struct each *e)
{
	struct query q;
	query_read(&q, s,
		   "SELECT " LINE_COLUMNS " FROM line WHERE id IN"
		   " (SELECT line FROM line_find WHERE run = ? AND msgid = ?) ORDER BY id DESC");
	query_int(&q, run);
	query_blob(&q, msgid, 16);
	return line_walk(&q, each_row, e);
}

int store_line_find_each(struct store *s, int64_t conversation, const uint8_t msgid[16], int64_t since,
			 int (*cb)(void *ctx, const struct line_row *l), void *ctx)
{
	struct each e = {conversation, cb, ctx};
	int64_t first, last;
	int err = store_line_first(s, &first);
	if (!err)
		err = store_line_last(s, &last);
	if (err)
		return err;
	if (first < since)
		first = since;
	err = each_of_newest(s, last, msgid, &e);
	for (int64_t run = (last >> RUN_BITS) - 1; !err && run >= first >> RUN_BITS; run--)
		err = each_of_run(s, run, msgid, &e);
	return err;
}

static int take_first(void *ctx, const struct line_row *l)
{
	*(int64_t *)ctx = l->id;
	return 1;
}

int store_line_find(struct store *s, int64_t conversation, const uint8_t msgid[16], int64_t *id)
{
	const int found = store_line_find_each(s, conversation, msgid, 0, take_first, id);
	return found < 0 ? found : found ? 0 : ERR_NOT_FOUND;
}
