/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <limits.h>
#include <string.h>

#include "base/err.h"
#include "base/str.h"
#include "store_private.h"

static void fail(struct query *q, int err)
{
	if (!q->err)
		q->err = err;
}

/* A literal is prepared once.  NULL: it is in use (a callback walks the same rows), or there is no room. */
static struct statement *find(struct store *s, const char *sql)
{
	for (size_t i = 0; i < s->n_statements; i++)
		if (s->statements[i].sql == sql)
			return s->statements[i].busy ? NULL : &s->statements[i];
	if (s->n_statements == STATEMENTS_MAX)
		return NULL;
	struct statement *st = &s->statements[s->n_statements++];
	st->sql = sql;
	return st;
}

static void prepare(struct query *q, struct store *s, const char *sql)
{
	q->cached = find(s, sql);
	if (q->cached)
		q->stmt = q->cached->stmt;
	if (!q->stmt)
		fail(q, store_err(s, sqlite3_prepare_v2(s->db, sql, -1, &q->stmt, NULL)));
	if (q->cached) {
		q->cached->stmt = q->stmt;
		q->cached->busy = true;
	}
}

void query_read(struct query *q, struct store *s, const char *sql)
{
	memset(q, 0, sizeof(*q));
	q->s = s;
	prepare(q, s, sql);
}

void query_write(struct query *q, struct store *s, const char *sql)
{
	memset(q, 0, sizeof(*q));
	q->s = s;
	q->writes = true;
	q->err = store_begin(s);
	if (!q->err)
		prepare(q, s, sql);
}

void query_int(struct query *q, int64_t value)
{
	if (!q->err)
		fail(q, store_err(q->s, sqlite3_bind_int64(q->stmt, ++q->at, value)));
}

void query_blob(struct query *q, const void *data, size_t len)
{
	/* SQLite takes a NULL pointer for NULL, but an empty value is one too. */
	if (!q->err)
		fail(q, store_err(q->s, sqlite3_bind_blob64(q->stmt, ++q->at, len ? data : "", len,
							    SQLITE_STATIC)));
}

void query_blob_if(struct query *q, bool there, const void *data, size_t len)
{
	if (there)
		query_blob(q, data, len);
	else
		q->at++; /* unbound parameters are NULL */
}

void query_text(struct query *q, const char *text)
{
	if (!q->err)
		fail(q, store_err(q->s, sqlite3_bind_text(q->stmt, ++q->at, text, -1, SQLITE_STATIC)));
}

int query_step(struct query *q)
{
	if (q->err)
		return q->err;
	const int rc = sqlite3_step(q->stmt);
	if (rc == SQLITE_ROW)
		return 1;
	fail(q, store_err(q->s, rc));
	return q->err;
}

int query_end(struct query *q)
{
	if (q->cached) {
		sqlite3_reset(q->cached->stmt);
		sqlite3_clear_bindings(q->cached->stmt);
		q->cached->busy = false;
	} else {
		sqlite3_finalize(q->stmt);
	}
	/* A refused row left everything as it was.  After anything else nobody knows: the turn must not
	 * commit. */
	if (q->writes && q->err && q->err != ERR_EXISTS && q->err != ERR_NOT_FOUND && !q->s->broken)
		q->s->broken = q->err;
	return q->err;
}

int query_end_with(struct query *q, int err)
{
	const int own = query_end(q);
	return own ? own : err;
}

int query_run(struct query *q)
{
	while (query_step(q) > 0)
		;
	return query_end(q);
}

int64_t query_get_int(struct query *q, int column)
{
	return sqlite3_column_int64(q->stmt, column);
}

const void *query_get_bytes(struct query *q, int column, size_t *len)
{
	const void *data = sqlite3_column_blob(q->stmt, column);
	*len = (size_t)sqlite3_column_bytes(q->stmt, column);
	return data ? data : "";
}

void query_get_blob(struct query *q, int column, void *out, size_t size)
{
	size_t len;
	const void *data = query_get_bytes(q, column, &len);
	if (len == size) {
		memcpy(out, data, size);
		return;
	}
	memset(out, 0, size);
	fail(q, ERR_INVALID);
}

bool query_get_blob_if(struct query *q, int column, void *out, size_t size)
{
	if (sqlite3_column_type(q->stmt, column) == SQLITE_NULL) {
		memset(out, 0, size);
		return false;
	}
	query_get_blob(q, column, out, size);
	return true;
}

void query_get_text(struct query *q, int column, char *out, size_t size)
{
	size_t len;
	const char *text = query_get_bytes(q, column, &len);
	const int err = str_copy_n(out, size, text, len);
	if (err)
		fail(q, ERR_INVALID);
}
