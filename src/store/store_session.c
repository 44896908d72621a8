/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "base/err.h"
#include "store_private.h"

/* In the order in which all of this file names them. */
static void bind(struct query *q, const struct session_row *row)
{
	query_blob(q, row->epoch, sizeof(row->epoch));
	query_int(q, (int64_t)row->sent);
	query_int(q, (int64_t)row->acked);
	query_int(q, (int64_t)row->received);
	query_int(q, row->reset_day);
	query_int(q, row->resets);
}

static bool counts_fit(const struct session_row *row)
{
	return row->sent <= INT64_MAX && row->acked <= INT64_MAX && row->received <= INT64_MAX;
}

static int forget_skipped(struct store *s, int64_t contact)
{
	struct query q;
	query_write(&q, s, "DELETE FROM skipped WHERE contact = ?");
	query_int(&q, contact);
	const int err = query_run(&q);
	if (!err && sqlite3_changes(s->db))
		s->litter |= LITTER_SKIPPED;
	return err;
}

static int put_ratchet(struct store *s, int64_t contact, const void *state, size_t len)
{
	struct query q;
	s->litter |= LITTER_RATCHET;
	query_write(&q, s, "INSERT OR REPLACE INTO ratchet (contact, state) VALUES (?, ?)");
	query_int(&q, contact);
	query_blob(&q, state, len);
	return query_run(&q);
}

/* Bytes of the state that is kept. ERR_NOT_FOUND. */
static int ratchet_size(struct store *s, int64_t contact, size_t *len)
{
	struct query q;
	int err = ERR_NOT_FOUND;
	query_read(&q, s, "SELECT length(state) FROM ratchet WHERE contact = ?");
	query_int(&q, contact);
	if (query_step(&q) > 0) {
		*len = (size_t)query_get_int(&q, 0);
		err = 0;
	}
	return query_end_with(&q, err);
}

/* An UPDATE would take the row out and put it in again, where it may move others: store_scrub. */
static int overwrite_ratchet(struct store *s, int64_t contact, const void *state, size_t len)
{
	sqlite3_blob *blob = NULL;
	int err = store_begin(s);
	if (err)
		return err;
	err = store_err(s, sqlite3_blob_open(s->db, "main", "ratchet", "state", contact, 1, &blob));
	if (!err)
		err = store_err(s, sqlite3_blob_write(blob, state, (int)len, 0));
	const int closed = store_err(s, sqlite3_blob_close(blob));
	if (!err)
		err = closed;
	if (err)
		s->broken = err;
	return err;
}

int store_session_begin(struct store *s, const struct session_row *row, const void *state, size_t len)
{
	struct query q;
	if (len > SESSION_STATE_MAX)
		return ERR_TOO_LONG;
	if (!counts_fit(row))
		return ERR_INVALID;
	query_write(
	    &q, s,
	    "INSERT OR REPLACE INTO session (epoch, sent, acked, received, reset_day, resets, contact)"
	    " VALUES (?, ?, ?, ?, ?, ?, ?)");
	bind(&q, row);
	query_int(&q, row->contact);
	int err = query_run(&q);
	if (err)
		return err;
	err = store_ratchet_set(s, row->contact, state, len);
	if (err == ERR_NOT_FOUND)
		err = put_ratchet(s, row->contact, state, len);
	return err ? err : forget_skipped(s, row->contact);
}

int store_session_update(struct store *s, const struct session_row *row)
{
	struct query q;
	if (!counts_fit(row))
		return ERR_INVALID;
	/* OR FAIL: as in store_outbox_seal. */
	query_write(&q, s,
		    "UPDATE OR FAIL session SET epoch = ?, sent = ?, acked = ?, received = ?, reset_day = ?,"
		    " resets = ? WHERE contact = ?");
	bind(&q, row);
	query_int(&q, row->contact);
	const int err = query_run(&q);
	return !err && !sqlite3_changes(s->db) ? ERR_NOT_FOUND : err;
}

static void read_row(struct query *q, struct session_row *row)
{
	memset(row, 0, sizeof(*row));
	query_get_blob(q, 0, row->epoch, sizeof(row->epoch));
	row->sent = (uint64_t)query_get_int(q, 1);
	row->acked = (uint64_t)query_get_int(q, 2);
	row->received = (uint64_t)query_get_int(q, 3);
	row->reset_day = (uint32_t)query_get_int(q, 4);
	row->resets = (uint32_t)query_get_int(q, 5);
	row->contact = query_get_int(q, 6);
}

int store_session_each(struct store *s, int (*cb)(void *ctx, const struct session_row *row), void *ctx)
{
	struct query q;
	struct session_row row;
	int err = 0;
	query_read(&q, s,
		   "SELECT epoch, sent, acked, received, reset_day, resets, contact FROM session"
		   " ORDER BY contact");
	while (!err && query_step(&q) > 0) {
		read_row(&q, &row);
		if (!q.err)
			err = cb(ctx, &row);
	}
	return query_end_with(&q, err);
}

int store_ratchet_get(struct store *s, int64_t contact, void *out, size_t size, size_t *len)
{
	struct query q;
	int err = ERR_NOT_FOUND;
	query_read(&q, s, "SELECT state FROM ratchet WHERE contact = ?");
	query_int(&q, contact);
	if (query_step(&q) > 0) {
		const void *state = query_get_bytes(&q, 0, len);
		err = *len > size ? ERR_TOO_LONG : 0;
		if (!err)
			memcpy(out, state, *len);
	}
	return query_end_with(&q, err);
}

int store_ratchet_set(struct store *s, int64_t contact, const void *state, size_t len)
{
	size_t there = 0;
	if (len > SESSION_STATE_MAX)
		return ERR_TOO_LONG;
	const int err = ratchet_size(s, contact, &there);
	if (err)
		return err;
	return there == len ? overwrite_ratchet(s, contact, state, len) : put_ratchet(s, contact, state, len);
}
