/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/err.h"
#include "store_private.h"

static void bind_key(struct query *q, int64_t contact, const uint8_t dh[KEY_BYTES], uint32_t n)
{
	query_int(q, contact);
	query_blob(q, dh, KEY_BYTES);
	query_int(q, n);
}

int store_skipped_add(struct store *s, int64_t contact, const uint8_t dh[KEY_BYTES], uint32_t n,
		      const uint8_t secret[KEY_BYTES], uint64_t made_ms)
{
	struct query q;
	if (made_ms > INT64_MAX)
		return ERR_INVALID;
	query_write(&q, s, "INSERT INTO skipped (contact, dh, n, secret, made_ms) VALUES (?, ?, ?, ?, ?)");
	bind_key(&q, contact, dh, n);
	query_blob(&q, secret, KEY_BYTES);
	query_int(&q, (int64_t)made_ms);
	return query_run(&q);
}

int store_skipped_get(struct store *s, int64_t contact, const uint8_t dh[KEY_BYTES], uint32_t n,
		      uint8_t secret[KEY_BYTES])
{
	struct query q;
	int err = ERR_NOT_FOUND;
	query_read(&q, s, "SELECT secret FROM skipped WHERE contact = ? AND dh = ? AND n = ?");
	bind_key(&q, contact, dh, n);
	if (query_step(&q) > 0) {
		query_get_blob(&q, 0, secret, KEY_BYTES);
		err = 0;
	}
	return query_end_with(&q, err);
}

int store_skipped_delete(struct store *s, int64_t contact, const uint8_t dh[KEY_BYTES], uint32_t n)
{
	struct query q;
	s->litter |= LITTER_SKIPPED;
	query_write(&q, s, "DELETE FROM skipped WHERE contact = ? AND dh = ? AND n = ?");
	bind_key(&q, contact, dh, n);
	const int err = query_run(&q);
	return !err && !sqlite3_changes(s->db) ? ERR_NOT_FOUND : err;
}

int store_skipped_count(struct store *s, int64_t contact, size_t *n)
{
	struct query q;
	*n = 0;
	query_read(&q, s, "SELECT count(*) FROM skipped WHERE contact = ?");
	query_int(&q, contact);
	if (query_step(&q) > 0)
		*n = (size_t)query_get_int(&q, 0);
	return query_end(&q);
}

/* *any: whether one is older. */
static int any_before(struct store *s, int64_t before_ms, bool *any)
{
	struct query q;
	*any = false;
	query_read(&q, s, "SELECT 1 FROM skipped WHERE made_ms < ? LIMIT 1");
	query_int(&q, before_ms);
	*any = query_step(&q) > 0;
	return query_end(&q);
}

int store_skipped_expire(struct store *s, uint64_t before_ms)
{
	struct query q;
	bool any;
	if (before_ms > INT64_MAX)
		return ERR_INVALID;
	const int err = any_before(s, (int64_t)before_ms, &any);
	if (err || !any)
		return err;
	s->litter |= LITTER_SKIPPED;
	query_write(&q, s, "DELETE FROM skipped WHERE made_ms < ?");
	query_int(&q, (int64_t)before_ms);
	return query_run(&q);
}
