/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "base/err.h"
#include "store_private.h"

int store_certificate_add(struct store *s, const struct certificate_row *c)
{
	struct query q;
	query_write(&q, s, "INSERT INTO certificate (fingerprint, made_ms, proven) VALUES (?, ?, ?)");
	query_blob(&q, c->fingerprint, FINGERPRINT_BYTES);
	query_int(&q, (int64_t)c->made_ms);
	query_int(&q, c->proven);
	return query_run(&q);
}

/* A statement with one parameter, which changes one row. */
static int change(struct store *s, const char *sql, const uint8_t fingerprint[FINGERPRINT_BYTES])
{
	struct query q;
	query_write(&q, s, sql);
	query_blob(&q, fingerprint, FINGERPRINT_BYTES);
	const int err = query_run(&q);
	return !err && !sqlite3_changes(s->db) ? ERR_NOT_FOUND : err;
}

int store_certificate_prove(struct store *s, const uint8_t fingerprint[FINGERPRINT_BYTES])
{
	return change(s, "UPDATE certificate SET proven = 1 WHERE fingerprint = ?", fingerprint);
}

int store_certificate_delete(struct store *s, const uint8_t fingerprint[FINGERPRINT_BYTES])
{
	return change(s, "DELETE FROM certificate WHERE fingerprint = ?", fingerprint);
}

static void read_row(struct query *q, struct certificate_row *c)
{
	query_get_blob(q, 0, c->fingerprint, sizeof(c->fingerprint));
	c->made_ms = (uint64_t)query_get_int(q, 1);
	c->proven = query_get_int(q, 2) != 0;
}

int store_certificate_get(struct store *s, const uint8_t fingerprint[FINGERPRINT_BYTES], struct certificate_row *c)
{
	struct query q;
	int err = ERR_NOT_FOUND;
	query_read(&q, s, "SELECT fingerprint, made_ms, proven FROM certificate WHERE fingerprint = ?");
	query_blob(&q, fingerprint, FINGERPRINT_BYTES);
	if (query_step(&q) > 0) {
		read_row(&q, c);
		err = 0;
	}
	return query_end_with(&q, err);
}

int store_certificate_each(struct store *s, int (*cb)(void *ctx, const struct certificate_row *c), void *ctx)
{
	struct query q;
	struct certificate_row c;
	int err = 0;
	query_read(&q, s, "SELECT fingerprint, made_ms, proven FROM certificate ORDER BY made_ms, fingerprint");
	while (!err && query_step(&q) > 0) {
		memset(&c, 0, sizeof(c));
		read_row(&q, &c);
		if (!q.err)
			err = cb(ctx, &c);
	}
	return query_end_with(&q, err);
}
