/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "base/err.h"
#include "store_private.h"

int store_line_add(struct store *s, struct line_row *l)
{
	struct query q;
	query_write(&q, s,
		    "INSERT INTO line (contact, kind, message_kind, msgid, time_ms, minute, client, text, re)"
		    " VALUES (nullif(?, 0), ?, ?, ?, ?, ?, ?, ?, ?)");
	query_int(&q, l->contact);
	query_int(&q, l->kind);
	query_int(&q, l->message_kind);
	query_blob(&q, l->msgid, sizeof(l->msgid));
	query_int(&q, (int64_t)l->time_ms);
	query_int(&q, l->minute);
	query_text(&q, l->client);
	query_blob(&q, l->text, l->text_len);
	query_blob_if(&q, l->has_re, l->re, sizeof(l->re));
	const int err = query_run(&q);
	if (err)
		return err;
	l->id = sqlite3_last_insert_rowid(s->db);
	return store_find_added(s, l->id, l->msgid);
}

static void read_row(struct query *q, struct line_row *l)
{
	memset(l, 0, sizeof(*l));
	l->id = query_get_int(q, 0);
	l->contact = query_get_int(q, 1); /* NULL reads as 0 */
	l->kind = (int)query_get_int(q, 2);
	l->message_kind = (int)query_get_int(q, 3);
	query_get_blob(q, 4, l->msgid, sizeof(l->msgid));
	l->time_ms = (uint64_t)query_get_int(q, 5);
	l->minute = (uint32_t)query_get_int(q, 6);
	query_get_text(q, 7, l->client, sizeof(l->client));
	l->text = query_get_bytes(q, 8, &l->text_len);
	l->has_re = query_get_blob_if(q, 9, l->re, sizeof(l->re));
}

int line_walk(struct query *q, int (*cb)(void *ctx, const struct line_row *l), void *ctx)
{
	struct line_row l;
	int err = 0;
	while (!err && query_step(q) > 0) {
		read_row(q, &l);
		if (!q->err)
			err = cb(ctx, &l);
	}
	return query_end_with(q, err);
}

int store_line_since(struct store *s, int64_t after, size_t limit,
		     int (*cb)(void *ctx, const struct line_row *l), void *ctx)
{
	struct query q;
	query_read(&q, s, "SELECT " LINE_COLUMNS " FROM line WHERE id > ? ORDER BY id LIMIT ?");
	query_int(&q, after);
	query_int(&q, limit > INT64_MAX ? INT64_MAX : (int64_t)limit);
	return line_walk(&q, cb, ctx);
}

int store_line_first(struct store *s, int64_t *id)
{
	struct query q;
	*id = INT64_MAX;
	query_read(&q, s, "SELECT id FROM line ORDER BY id LIMIT 1");
	if (query_step(&q) > 0)
		*id = query_get_int(&q, 0);
	return query_end(&q);
}

int store_line_last(struct store *s, int64_t *id)
{
	/* AUTOINCREMENT keeps the last id there, also when that line is gone. */
	struct query q;
	*id = 0;
	query_read(&q, s, "SELECT seq FROM sqlite_sequence WHERE name = 'line'");
	if (query_step(&q) > 0)
		*id = query_get_int(&q, 0);
	return query_end(&q);
}
