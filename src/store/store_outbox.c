/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "base/err.h"
#include "store_private.h"

int store_outbox_add(struct store *s, struct outbox_row *o)
{
	struct query q;
	query_write(&q, s,
		    "INSERT INTO outbox (contact, msgid, message_kind, minute, may_have_left, text)"
		    " VALUES (?, ?, ?, ?, ?, ?)");
	query_int(&q, o->contact);
	query_blob(&q, o->msgid, sizeof(o->msgid));
	query_int(&q, o->message_kind);
	query_int(&q, o->minute);
	query_int(&q, o->may_have_left);
	query_blob(&q, o->text, o->text_len);
	const int err = query_run(&q);
	if (!err)
		o->id = sqlite3_last_insert_rowid(s->db);
	return err;
}

static void read_row(struct query *q, struct outbox_row *o)
{
	memset(o, 0, sizeof(*o));
	o->id = query_get_int(q, 0);
	o->contact = query_get_int(q, 1);
	query_get_blob(q, 2, o->msgid, sizeof(o->msgid));
	o->message_kind = (int)query_get_int(q, 3);
	o->minute = (uint32_t)query_get_int(q, 4);
	o->may_have_left = query_get_int(q, 5);
	o->text = query_get_bytes(q, 6, &o->text_len);
}

int store_outbox_each(struct store *s, int64_t contact, int64_t after, size_t limit,
		      int (*cb)(void *ctx, const struct outbox_row *o), void *ctx)
{
	struct query q;
	struct outbox_row o;
	int err = 0;
	query_read(&q, s,
		   "SELECT id, contact, msgid, message_kind, minute, may_have_left, text FROM outbox"
		   " WHERE contact = ? AND id > ? ORDER BY id LIMIT ?");
	query_int(&q, contact);
	query_int(&q, after);
	query_int(&q, limit > INT64_MAX ? INT64_MAX : (int64_t)limit);
	while (!err && query_step(&q) > 0) {
		read_row(&q, &o);
		if (!q.err)
			err = cb(ctx, &o);
	}
	return query_end_with(&q, err);
}

int store_outbox_mark_left(struct store *s, int64_t id)
{
	struct query q;
	query_write(&q, s, "UPDATE outbox SET may_have_left = 1 WHERE id = ?");
	query_int(&q, id);
	const int err = query_run(&q);
	return !err && !sqlite3_changes(s->db) ? ERR_NOT_FOUND : err;
}

int store_outbox_delete(struct store *s, int64_t contact, const uint8_t msgid[16])
{
	struct query q;
	query_write(&q, s, "DELETE FROM outbox WHERE contact = ? AND msgid = ?");
	query_int(&q, contact);
	query_blob(&q, msgid, 16);
	const int err = query_run(&q);
	return !err && !sqlite3_changes(s->db) ? ERR_NOT_FOUND : err;
}

int store_outbox_count(struct store *s, int64_t contact, size_t *n)
{
	struct query q;
	*n = 0;
	query_read(&q, s, "SELECT count(*) FROM outbox WHERE contact = ?");
	query_int(&q, contact);
	if (query_step(&q) > 0)
		*n = (size_t)query_get_int(&q, 0);
	return query_end(&q);
}
