/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "base/err.h"
#include "store_private.h"

#define TOKEN_SIZE sizeof(((struct contact_row *)0)->token)

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
	query_int(q, c->blocked);
	query_int(q, c->knows_door);
	query_int(q, (int64_t)c->expire_ms);
	query_int(q, c->household);
}

/* Takes away a token that is not this one; NULL: any. */
static int forget_token(struct store *s, int64_t contact, const uint8_t *token)
{
	struct query q;
	query_write(&q, s, "DELETE FROM contact_token WHERE contact = ? AND token IS NOT ?");
	query_int(&q, contact);
	query_blob_if(&q, token, token, TOKEN_SIZE);
	const int err = query_run(&q);
	if (!err && sqlite3_changes(s->db))
		s->litter |= LITTER_CONTACT;
	return err;
}

static int put_token(struct store *s, const struct contact_row *c)
{
	struct query q;
	const int err = forget_token(s, c->id, c->has_token ? c->token : NULL);
	if (err || !c->has_token)
		return err;
	query_write(&q, s, "INSERT OR IGNORE INTO contact_token (contact, token) VALUES (?, ?)");
	query_int(&q, c->id);
	query_blob(&q, c->token, TOKEN_SIZE);
	return query_run(&q);
}

int store_contact_add(struct store *s, struct contact_row *c)
{
	struct query q;
	query_write(
	    &q, s,
	    "INSERT INTO contact (identity, petname, state, link_key, onion, client_key, their_nick, text,"
	    " min_version, created_ms, seen_ms, blocked, knows_door, expire_ms, household)"
	    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
	bind(&q, c);
	const int err = query_run(&q);
	if (err)
		return err;
	c->id = sqlite3_last_insert_rowid(s->db);
	return put_token(s, c);
}

int store_contact_update(struct store *s, const struct contact_row *c)
{
	struct query q;
	query_write(&q, s,
		    "UPDATE contact SET identity = ?, petname = ?, state = ?, link_key = ?, onion = ?, "
		    "client_key = ?,"
		    " their_nick = ?, text = ?, min_version = ?, created_ms = ?, seen_ms = ?,"
		    " blocked = ?, knows_door = ?, expire_ms = ?, household = ? WHERE id = ?");
	bind(&q, c);
	query_int(&q, c->id);
	const int err = query_run(&q);
	if (err)
		return err;
	return sqlite3_changes(s->db) ? put_token(s, c) : ERR_NOT_FOUND;
}

int store_clients_retire(struct store *s, int64_t contact)
{
	struct query q;
	query_write(&q, s, "UPDATE client SET use = ?, contact = NULL, offer = 0 WHERE contact = ?");
	query_int(&q, CLIENT_RETIRED);
	query_int(&q, contact);
	return query_run(&q);
}

int store_contact_delete(struct store *s, int64_t id)
{
	/* The other tables' rows go by their foreign keys. */
	struct query q;
	const int retired = store_clients_retire(s, id);
	if (retired)
		return retired;
	const int marker = store_marker_delete(s, id);
	if (marker)
		return marker;
	s->litter |= LITTER_RATCHET | LITTER_SKIPPED | LITTER_CONTACT;
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
	c->blocked = query_get_int(q, 12);
	c->knows_door = query_get_int(q, 13);
	c->expire_ms = (uint64_t)query_get_int(q, 14);
	c->household = query_get_int(q, 15);
	c->has_token = query_get_blob_if(q, 16, c->token, sizeof(c->token));
}

int store_contact_each(struct store *s, int (*cb)(void *ctx, const struct contact_row *c), void *ctx)
{
	struct query q;
	struct contact_row c;
	int err = 0;
	query_read(
	    &q, s,
	    "SELECT id, identity, petname, state, link_key, onion, client_key, their_nick, text, min_version,"
	    " created_ms, seen_ms, blocked, knows_door, expire_ms, household, token"
	    " FROM contact LEFT JOIN contact_token ON contact_token.contact = id ORDER BY id");
	while (!err && query_step(&q) > 0) {
		read_row(&q, &c);
		if (!q.err)
			err = cb(ctx, &c);
	}
	crypto_wipe(&c, sizeof(c));
	return query_end_with(&q, err);
}
