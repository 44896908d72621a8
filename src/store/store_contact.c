/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "base/err.h"
#include "store_private.h"

/* In the order in which store_contact_add and store_contact_update name them. */
static void bind(struct query *q, const struct contact_row *c)
{
	query_blob(q, c->identity, sizeof(c->identity));
	query_text(q, c->petname);
	query_int(q, c->state);
	query_blob_if(q, c->has_link_key, c->link_key, sizeof(c->link_key));
	query_blob(q, c->onion, sizeof(c->onion));
	query_blob_if(q, c->has_client_key, c->client_key, sizeof(c->client_key));
	query_text(q, c->their_nick);
	query_text(q, c->text);
	query_int(q, c->min_version);
	query_int(q, (int64_t)c->created_ms);
	query_int(q, (int64_t)c->seen_ms);
}

int store_contact_add(struct store *s, struct contact_row *c)
{
	struct query q;
	query_write(
	    &q, s,
	    "INSERT INTO contact (identity, petname, state, link_key, onion, client_key, their_nick, text,"
	    " min_version, created_ms, seen_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
	bind(&q, c);
	const int err = query_run(&q);
	if (!err)
		c->id = sqlite3_last_insert_rowid(s->db);
	return err;
}

int store_contact_update(struct store *s, const struct contact_row *c)
{
	struct query q;
	query_write(&q, s,
		    "UPDATE contact SET identity = ?, petname = ?, state = ?, link_key = ?, onion = ?, "
		    "client_key = ?,"
		    " their_nick = ?, text = ?, min_version = ?, created_ms = ?, seen_ms = ? WHERE id = ?");
	bind(&q, c);
	query_int(&q, c->id);
	const int err = query_run(&q);
	return !err && !sqlite3_changes(s->db) ? ERR_NOT_FOUND : err;
}

int store_contact_delete(struct store *s, int64_t id)
{
	/* The other tables' rows go by their foreign keys. */
	struct query q;
	s->litter = LITTER_ALL;
	query_write(&q, s, "DELETE FROM contact WHERE id = ?");
	query_int(&q, id);
	const int err = query_run(&q);
	return !err && !sqlite3_changes(s->db) ? ERR_NOT_FOUND : err;
}

static void read_row(struct query *q, struct contact_row *c)
{
	memset(c, 0, sizeof(*c));
	c->id = query_get_int(q, 0);
	query_get_blob(q, 1, c->identity, sizeof(c->identity));
	query_get_text(q, 2, c->petname, sizeof(c->petname));
	c->state = (int)query_get_int(q, 3);
	c->has_link_key = query_get_blob_if(q, 4, c->link_key, sizeof(c->link_key));
	query_get_blob(q, 5, c->onion, sizeof(c->onion));
	c->has_client_key = query_get_blob_if(q, 6, c->client_key, sizeof(c->client_key));
	query_get_text(q, 7, c->their_nick, sizeof(c->their_nick));
	query_get_text(q, 8, c->text, sizeof(c->text));
	c->min_version = (uint8_t)query_get_int(q, 9);
	c->created_ms = (uint64_t)query_get_int(q, 10);
	c->seen_ms = (uint64_t)query_get_int(q, 11);
}

int store_contact_each(struct store *s, int (*cb)(void *ctx, const struct contact_row *c), void *ctx)
{
	struct query q;
	struct contact_row c;
	int err = 0;
	query_read(
	    &q, s,
	    "SELECT id, identity, petname, state, link_key, onion, client_key, their_nick, text, min_version,"
	    " created_ms, seen_ms FROM contact ORDER BY id");
	while (!err && query_step(&q) > 0) {
		read_row(&q, &c);
		if (!q.err)
			err = cb(ctx, &c);
	}
	crypto_wipe(&c, sizeof(c));
	return query_end_with(&q, err);
}
