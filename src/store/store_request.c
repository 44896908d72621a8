/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "base/err.h"
#include "store_private.h"

int store_request_put(struct store *s, const struct request_row *r)
{
	struct query q;
	query_write(
	    &q, s,
	    "INSERT OR REPLACE INTO request (identity, link_key, onion, client_key, name, text, rejected,"
	    " received_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
	query_blob(&q, r->identity, sizeof(r->identity));
	query_blob(&q, r->link_key, sizeof(r->link_key));
	query_blob(&q, r->onion, sizeof(r->onion));
	query_blob_if(&q, r->has_client_key, r->client_key, sizeof(r->client_key));
	query_text(&q, r->name);
	query_text(&q, r->text);
	query_int(&q, r->rejected);
	query_int(&q, (int64_t)r->received_ms);
	return query_run(&q);
}

int store_request_delete(struct store *s, const uint8_t identity[KEY_BYTES])
{
	struct query q;
	query_write(&q, s, "DELETE FROM request WHERE identity = ?");
	query_blob(&q, identity, KEY_BYTES);
	const int err = query_run(&q);
	return !err && !sqlite3_changes(s->db) ? ERR_NOT_FOUND : err;
}

static void read_row(struct query *q, struct request_row *r)
{
	memset(r, 0, sizeof(*r));
	query_get_blob(q, 0, r->identity, sizeof(r->identity));
	query_get_blob(q, 1, r->link_key, sizeof(r->link_key));
	query_get_blob(q, 2, r->onion, sizeof(r->onion));
	r->has_client_key = query_get_blob_if(q, 3, r->client_key, sizeof(r->client_key));
	query_get_text(q, 4, r->name, sizeof(r->name));
	query_get_text(q, 5, r->text, sizeof(r->text));
	r->rejected = query_get_int(q, 6);
	r->received_ms = (uint64_t)query_get_int(q, 7);
}

int store_request_each(struct store *s, int (*cb)(void *ctx, const struct request_row *r), void *ctx)
{
	struct query q;
	struct request_row r;
	int err = 0;
	query_read(
	    &q, s,
	    "SELECT identity, link_key, onion, client_key, name, text, rejected, received_ms FROM request"
	    " ORDER BY received_ms, id");
	while (!err && query_step(&q) > 0) {
		read_row(&q, &r);
		if (!q.err)
			err = cb(ctx, &r);
	}
	crypto_wipe(&r, sizeof(r));
	return query_end_with(&q, err);
}
