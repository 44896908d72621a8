/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/err.h"
#include "store_private.h"

int store_certificate_add(struct store *s, const uint8_t fingerprint[FINGERPRINT_BYTES], uint64_t made_ms)
{
	struct query q;
	query_write(&q, s, "INSERT INTO certificate (fingerprint, made_ms) VALUES (?, ?)");
	query_blob(&q, fingerprint, FINGERPRINT_BYTES);
	query_int(&q, (int64_t)made_ms);
	return query_run(&q);
}

int store_certificate_delete(struct store *s, const uint8_t fingerprint[FINGERPRINT_BYTES])
{
	struct query q;
	query_write(&q, s, "DELETE FROM certificate WHERE fingerprint = ?");
	query_blob(&q, fingerprint, FINGERPRINT_BYTES);
	const int err = query_run(&q);
	return !err && !sqlite3_changes(s->db) ? ERR_NOT_FOUND : err;
}

int store_certificate_each(struct store *s,
			   int (*cb)(void *ctx, const uint8_t fingerprint[FINGERPRINT_BYTES],
				     uint64_t made_ms),
			   void *ctx)
{
	struct query q;
	uint8_t fingerprint[FINGERPRINT_BYTES];
	int err = 0;
	query_read(&q, s, "SELECT fingerprint, made_ms FROM certificate ORDER BY made_ms, fingerprint");
	while (!err && query_step(&q) > 0) {
		query_get_blob(&q, 0, fingerprint, sizeof(fingerprint));
		if (!q.err)
			err = cb(ctx, fingerprint, (uint64_t)query_get_int(&q, 1));
	}
	return query_end_with(&q, err);
}
