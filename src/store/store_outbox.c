/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "base/err.h"
#include "store_private.h"

int store_outbox_add(struct store *s, struct outbox_row *o)
{
	struct query q;
	if (o->seq > INT64_MAX)
		return ERR_INVALID;
	query_write(&q, s,
		    "INSERT INTO outbox (contact, msgid, message_kind, minute, line, may_have_left, text, seq,"
		    " sealed) VALUES (?, ?, ?, ?, ?, ?, ?, nullif(?, 0), ?)");
	query_int(&q, o->contact);
	query_blob(&q, o->msgid, sizeof(o->msgid));
	query_int(&q, o->message_kind);
	query_int(&q, o->minute);
	query_int(&q, o->line);
	query_int(&q, o->may_have_left);
	query_blob(&q, o->text, o->text_len);
	query_int(&q, (int64_t)o->seq);
	query_blob_if(&q, o->seq, o->sealed, o->sealed_len);
	const int err = query_run(&q);
	if (!err)
		o->id = sqlite3_last_insert_rowid(s->db);
	return err;
}

#define COLUMNS "id, contact, msgid, message_kind, minute, may_have_left, text, seq, sealed"

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
	o->seq = (uint64_t)query_get_int(q, 7); /* 0 for NULL */
	if (o->seq)
		o->sealed = query_get_bytes(q, 8, &o->sealed_len);
}

/* The rows that q selects, until there are no more or cb ends it; *n of them were shown. */
static int walk(struct query *q, int (*cb)(void *ctx, const struct outbox_row *o), void *ctx, size_t *n)
{
	struct outbox_row o;
	int err = 0;
	for (*n = 0; !err && query_step(q) > 0; ++*n) {
		read_row(q, &o);
		if (!q->err)
			err = cb(ctx, &o);
	}
	return query_end_with(q, err);
}

int store_outbox_each(struct store *s, int64_t contact, int64_t after, size_t limit,
		      int (*cb)(void *ctx, const struct outbox_row *o), void *ctx)
{
	struct query q;
	size_t n;
	query_read(&q, s, "SELECT " COLUMNS " FROM outbox WHERE contact = ? AND id > ? ORDER BY id LIMIT ?");
	query_int(&q, contact);
	query_int(&q, after);
	query_int(&q, limit > INT64_MAX ? INT64_MAX : (int64_t)limit);
	return walk(&q, cb, ctx, &n);
}

int store_outbox_by_seq(struct store *s, int64_t contact, uint64_t seq,
			int (*cb)(void *ctx, const struct outbox_row *o), void *ctx)
{
	struct query q;
	size_t n;
	if (seq > INT64_MAX)
		return ERR_NOT_FOUND; /* no row can have it */
	query_read(&q, s, "SELECT " COLUMNS " FROM outbox WHERE contact = ? AND seq = ?");
	query_int(&q, contact);
	query_int(&q, (int64_t)seq);
	const int err = walk(&q, cb, ctx, &n);
	return !err && !n ? ERR_NOT_FOUND : err;
}

int store_outbox_seal(struct store *s, int64_t id, uint64_t seq, const void *sealed, size_t len)
{
	struct query q;
	if (!seq || seq > INT64_MAX)
		return ERR_INVALID;
	/* One row is changed wholly or not at all.  With OR ABORT, SQLite would keep a journal to undo it, of whole
	 * encrypted pages: most of what a message cost. */
	query_write(&q, s, "UPDATE OR FAIL outbox SET seq = ?, sealed = ?, may_have_left = 1 WHERE id = ?");
	query_int(&q, (int64_t)seq);
	query_blob(&q, sealed, len);
	query_int(&q, id);
	const int err = query_run(&q);
	return !err && !sqlite3_changes(s->db) ? ERR_NOT_FOUND : err;
}

int store_outbox_unseal(struct store *s, int64_t contact)
{
	struct query q;
	query_write(&q, s,
		    "DELETE FROM outbox WHERE contact = ? AND message_kind >= " CONTROL " AND message_kind = " EMPTY);
	query_int(&q, contact);
	const int err = query_run(&q);
	if (err)
		return err;
	query_write(&q, s,
		    "UPDATE outbox SET seq = NULL, sealed = NULL WHERE contact = ? AND seq IS NOT NULL");
	query_int(&q, contact);
	return query_run(&q);
}

/* Those of the engine's own that are sealed with a seq up to this one. */
static int count_control(struct store *s, int64_t contact, int64_t upto, size_t *n)
{
	struct query q;
	*n = 0;
	query_read(&q, s,
		   "SELECT count(*) FROM outbox INDEXED BY outbox_control"
		   " WHERE contact = ? AND message_kind >= " CONTROL " AND seq <= ?");
	query_int(&q, contact);
	query_int(&q, upto);
	if (query_step(&q) > 0)
		*n = (size_t)query_get_int(&q, 0);
	return query_end(&q);
}

/* Runs it, and tells how many rows it took away. */
static int run_counted(struct query *q, size_t *n)
{
	const int err = query_run(q);
	*n = err ? 0 : (size_t)sqlite3_changes(q->s->db);
	return err;
}

int store_outbox_delete_upto(struct store *s, int64_t contact, uint64_t seq, size_t *n)
{
	struct query q;
	const int64_t upto = seq > INT64_MAX ? INT64_MAX : (int64_t)seq;
	size_t control;
	int err = count_control(s, contact, upto, &control);
	if (err)
		return err;
	query_write(&q, s, "DELETE FROM outbox WHERE contact = ? AND seq <= ?");
	query_int(&q, contact);
	query_int(&q, upto);
	err = run_counted(&q, n);
	if (!err)
		*n -= control;
	return err;
}

static int has_left(struct store *s, int64_t contact, int64_t id, bool *left)
{
	struct query q;
	int err = ERR_NOT_FOUND;
	query_read(&q, s, "SELECT may_have_left FROM outbox WHERE id = ? AND contact = ?");
	query_int(&q, id);
	query_int(&q, contact);
	if (query_step(&q) > 0) {
		*left = query_get_int(&q, 0);
		err = 0;
	}
	return query_end_with(&q, err);
}

/* Those of a contact's first rows that can't have left.  Their ids are kept when they go: who takes back such a
 * message, which still stands in the conversation, has nobody to tell. */
#define UNSENT                                                                                               \
	" FROM outbox WHERE contact = ? AND id <= ? AND may_have_left = 0 AND message_kind < " CONTROL           \
	" ORDER BY id LIMIT ?"

static void bind_first(struct query *q, int64_t contact, int64_t upto, size_t limit)
{
	query_int(q, contact);
	query_int(q, upto);
	query_int(q, limit > INT64_MAX ? INT64_MAX : (int64_t)limit);
}

static int be_done_with(struct store *s, int64_t contact, int64_t upto, size_t limit)
{
	struct query q;
	query_write(&q, s, "INSERT OR IGNORE INTO seen (contact, msgid) SELECT contact, msgid" UNSENT);
	bind_first(&q, contact, upto, limit);
	return query_run(&q);
}

static int be_done_with_one(struct store *s, int64_t id)
{
	struct query q;
	query_write(&q, s,
		    "INSERT OR IGNORE INTO seen (contact, msgid) SELECT contact, msgid FROM outbox"
		    " WHERE id = ? AND message_kind < " CONTROL);
	query_int(&q, id);
	return query_run(&q);
}

int store_outbox_cancel(struct store *s, int64_t contact, int64_t id)
{
	struct query q;
	bool left = false;
	int err = has_left(s, contact, id, &left);
	if (!err)
		err = left ? ERR_WRONG_STATE : be_done_with_one(s, id);
	if (err)
		return err;
	query_write(&q, s, "DELETE FROM outbox WHERE id = ?");
	query_int(&q, id);
	return query_run(&q);
}

static int find(struct store *s, int64_t contact, int64_t line, const uint8_t msgid[16], int64_t *id, bool *left)
{
	struct query q;
	*id = 0;
	query_read(&q, s,
		   "SELECT id, may_have_left FROM outbox INDEXED BY outbox_line"
		   " WHERE contact = ? AND line = ? AND msgid = ?");
	query_int(&q, contact);
	query_int(&q, line);
	query_blob(&q, msgid, 16);
	if (query_step(&q) > 0) {
		*id = query_get_int(&q, 0);
		*left = query_get_int(&q, 1);
	}
	return query_end(&q);
}

int store_outbox_take_back(struct store *s, int64_t contact, int64_t line, const uint8_t msgid[16], bool *left)
{
	struct query q;
	int64_t id;
	int err = find(s, contact, line, msgid, &id, left);
	if (!err && !id && line) /* from a time when it wasn't kept */
		err = find(s, contact, 0, msgid, &id, left);
	if (err || !id)
		return err ? err : ERR_NOT_FOUND;
	query_write(&q, s, "DELETE FROM outbox WHERE id = ?");
	query_int(&q, id);
	return query_run(&q);
}

int store_outbox_cancel_upto(struct store *s, int64_t contact, int64_t upto, size_t limit, size_t *n)
{
	struct query q;
	const int err = be_done_with(s, contact, upto, limit);
	*n = 0;
	if (err)
		return err;
	query_write(&q, s, "DELETE FROM outbox WHERE id IN (SELECT id" UNSENT ")");
	bind_first(&q, contact, upto, limit);
	return run_counted(&q, n);
}

int store_outbox_last(struct store *s, int64_t contact, int64_t *id)
{
	struct query q;
	*id = 0;
	query_read(&q, s, "SELECT max(id) FROM outbox WHERE contact = ?");
	query_int(&q, contact);
	if (query_step(&q) > 0)
		*id = query_get_int(&q, 0); /* 0 for NULL */
	return query_end(&q);
}

/* The difference of two indexes, so that no message is read to be counted. */
int store_outbox_count(struct store *s, int64_t contact, size_t *n)
{
	struct query q;
	*n = 0;
	query_read(&q, s,
		   "SELECT (SELECT count(*) FROM outbox INDEXED BY outbox_contact WHERE contact = ?1)"
		   " - (SELECT count(*) FROM outbox INDEXED BY outbox_control"
		   " WHERE contact = ?1 AND message_kind >= " CONTROL ")");
	query_int(&q, contact);
	if (query_step(&q) > 0)
		*n = (size_t)query_get_int(&q, 0);
	return query_end(&q);
}

int store_outbox_counts(struct store *s, int (*cb)(void *ctx, int64_t contact, size_t n), void *ctx)
{
	struct query q;
	int err = 0;
	query_read(&q, s,
		   "SELECT o.contact, count(*) - (SELECT count(*) FROM outbox c INDEXED BY outbox_control"
		   " WHERE c.contact = o.contact AND c.message_kind >= " CONTROL ")"
		   " FROM outbox o INDEXED BY outbox_contact GROUP BY o.contact");
	while (!err && query_step(&q) > 0)
		err = cb(ctx, query_get_int(&q, 0), (size_t)query_get_int(&q, 1));
	return query_end_with(&q, err);
}

int store_outbox_exists(struct store *s, int64_t id, bool *there)
{
	struct query q;
	query_read(&q, s, "SELECT 1 FROM outbox WHERE id = ?");
	query_int(&q, id);
	*there = query_step(&q) > 0;
	return query_end(&q);
}

/* The id of the last of a contact's first rows, limit at most. */
static int last_of_first(struct store *s, int64_t contact, size_t limit, int64_t *id)
{
	struct query q;
	*id = 0;
	query_read(&q, s, "SELECT max(id) FROM (SELECT id FROM outbox WHERE contact = ? ORDER BY id LIMIT ?)");
	query_int(&q, contact);
	query_int(&q, limit < INT64_MAX ? (int64_t)limit : INT64_MAX);
	if (query_step(&q) > 0)
		*id = query_get_int(&q, 0); /* 0 for NULL */
	return query_end(&q);
}

int store_outbox_clear(struct store *s, int64_t contact, size_t limit, size_t *n)
{
	struct query q;
	int64_t upto;
	int err = last_of_first(s, contact, limit, &upto);
	if (!err)
		err = be_done_with(s, contact, upto, limit);
	*n = 0;
	if (err)
		return err;
	query_write(&q, s, "DELETE FROM outbox WHERE contact = ? AND id <= ?");
	query_int(&q, contact);
	query_int(&q, upto);
	return run_counted(&q, n);
}
