/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Onion services, the clients that may come to them, and invitations that carry a client's key.  What is
 * secret of a row stands in a table of its own: store_scrub.
 */
#include <string.h>

#include "base/err.h"
#include "store_private.h"

/* Whether a secret is there already, told before anything is written. */
static int refuse_known(struct store *s, const char *sql, const void *secret, size_t len)
{
	struct query q;
	query_read(&q, s, sql);
	query_blob(&q, secret, len);
	const bool known = query_step(&q) > 0;
	return query_end_with(&q, known ? ERR_EXISTS : 0);
}

/* The secret half of the row that was just added, whose id this tells. */
static int put_secret(struct store *s, const char *sql, const void *secret, size_t len, int64_t *id)
{
	struct query q;
	const int64_t added = sqlite3_last_insert_rowid(s->db);
	query_write(&q, s, sql);
	query_int(&q, added);
	query_blob(&q, secret, len);
	const int err = query_run(&q);
	if (!err)
		*id = added;
	return err;
}

/* Runs what changes or deletes one row. */
static int run_found(struct query *q)
{
	const int err = query_run(q);
	return !err && !sqlite3_changes(q->s->db) ? ERR_NOT_FOUND : err;
}

/* ---- services ---- */

int store_service_add(struct store *s, struct service_row *row)
{
	struct query q;
	if (row->created_ms > INT64_MAX || row->left_ms > INT64_MAX)
		return ERR_INVALID;
	query_write(&q, s, "INSERT INTO service (created_ms, left_ms) VALUES (?, ?)");
	query_int(&q, (int64_t)row->created_ms);
	query_int(&q, (int64_t)row->left_ms);
	const int err = query_run(&q);
	if (err)
		return err;
	return put_secret(s, "INSERT INTO service_seed (service, seed) VALUES (?, ?)", row->seed,
			  sizeof(row->seed), &row->id);
}

int store_service_update(struct store *s, const struct service_row *row)
{
	struct query q;
	if (row->left_ms > INT64_MAX)
		return ERR_INVALID;
	query_write(&q, s, "UPDATE service SET left_ms = ? WHERE id = ?");
	query_int(&q, (int64_t)row->left_ms);
	query_int(&q, row->id);
	return run_found(&q);
}

int store_service_delete(struct store *s, int64_t id)
{
	struct query q;
	s->litter |= LITTER_SERVICE | LITTER_CLIENT | LITTER_INVITE;
	query_write(&q, s, "DELETE FROM service WHERE id = ?");
	query_int(&q, id);
	return run_found(&q);
}

int store_service_each(struct store *s, int (*cb)(void *ctx, const struct service_row *row), void *ctx)
{
	struct query q;
	struct service_row row;
	int err = 0;
	query_read(&q, s,
		   "SELECT id, seed, created_ms, left_ms FROM service JOIN service_seed ON service = id"
		   " ORDER BY id");
	while (!err && query_step(&q) > 0) {
		row.id = query_get_int(&q, 0);
		query_get_blob(&q, 1, row.seed, sizeof(row.seed));
		row.created_ms = (uint64_t)query_get_int(&q, 2);
		row.left_ms = (uint64_t)query_get_int(&q, 3);
		if (!q.err)
			err = cb(ctx, &row);
	}
	crypto_wipe(&row, sizeof(row));
	return query_end_with(&q, err);
}

/* ---- clients ---- */

static bool contact_fits(const struct client_row *row)
{
	return (row->use == CLIENT_CONTACT) == (row->contact != 0);
}

/* In the order in which store_client_add and store_client_update name them. */
static void bind_client(struct query *q, const struct client_row *row)
{
	query_int(q, row->use);
	query_int(q, row->contact); /* through nullif */
	query_int(q, row->offer);
	query_int(q, row->acked);
}

int store_client_add(struct store *s, struct client_row *row)
{
	struct query q;
	if (!contact_fits(row))
		return ERR_INVALID;
	int err =
	    refuse_known(s, "SELECT 1 FROM client_secret WHERE secret = ?", row->secret, sizeof(row->secret));
	if (err)
		return err;
	query_write(&q, s,
		    "INSERT INTO client (use, contact, offer, acked, service)"
		    " VALUES (?, nullif(?, 0), ?, ?, ?)");
	bind_client(&q, row);
	query_int(&q, row->service);
	err = query_run(&q);
	if (err)
		return err;
	return put_secret(s, "INSERT INTO client_secret (client, secret) VALUES (?, ?)", row->secret,
			  sizeof(row->secret), &row->id);
}

int store_client_update(struct store *s, const struct client_row *row)
{
	struct query q;
	if (!contact_fits(row))
		return ERR_INVALID;
	query_write(&q, s,
		    "UPDATE client SET use = ?, contact = nullif(?, 0), offer = ?, acked = ? WHERE id = ?");
	bind_client(&q, row);
	query_int(&q, row->id);
	return run_found(&q);
}

int store_client_delete(struct store *s, int64_t id)
{
	struct query q;
	s->litter |= LITTER_CLIENT | LITTER_INVITE;
	query_write(&q, s, "DELETE FROM client WHERE id = ?");
	query_int(&q, id);
	return run_found(&q);
}

static void read_client(struct query *q, struct client_row *row)
{
	row->id = query_get_int(q, 0);
	row->service = query_get_int(q, 1);
	query_get_blob(q, 2, row->secret, sizeof(row->secret));
	row->use = (int)query_get_int(q, 3);
	row->contact = query_get_int(q, 4); /* 0 for NULL */
	row->offer = query_get_int(q, 5);
	row->acked = query_get_int(q, 6);
}

int store_client_each(struct store *s, int (*cb)(void *ctx, const struct client_row *row), void *ctx)
{
	struct query q;
	struct client_row row;
	int err = 0;
	query_read(&q, s,
		   "SELECT id, service, secret, use, contact, offer, acked"
		   " FROM client JOIN client_secret ON client = id ORDER BY id");
	while (!err && query_step(&q) > 0) {
		read_client(&q, &row);
		if (!q.err)
			err = cb(ctx, &row);
	}
	crypto_wipe(&row, sizeof(row));
	return query_end_with(&q, err);
}

/* ---- invitations ---- */

int store_invite_add(struct store *s, struct invite_row *row)
{
	struct query q;
	if (row->made_ms > INT64_MAX || row->expires_ms > INT64_MAX)
		return ERR_INVALID;
	int err =
	    refuse_known(s, "SELECT 1 FROM invite_token WHERE token = ?", row->token, sizeof(row->token));
	if (err)
		return err;
	query_write(&q, s, "INSERT INTO invite (client, made_ms, expires_ms) VALUES (?, ?, ?)");
	query_int(&q, row->client);
	query_int(&q, (int64_t)row->made_ms);
	query_int(&q, (int64_t)row->expires_ms);
	err = query_run(&q);
	if (err)
		return err;
	return put_secret(s, "INSERT INTO invite_token (invite, token) VALUES (?, ?)", row->token,
			  sizeof(row->token), &row->id);
}

int store_invite_delete(struct store *s, int64_t id)
{
	struct query q;
	s->litter |= LITTER_INVITE;
	query_write(&q, s, "DELETE FROM invite WHERE id = ?");
	query_int(&q, id);
	return run_found(&q);
}

int store_invite_each(struct store *s, int (*cb)(void *ctx, const struct invite_row *row), void *ctx)
{
	struct query q;
	struct invite_row row;
	int err = 0;
	query_read(&q, s,
		   "SELECT id, client, token, made_ms, expires_ms FROM invite"
		   " JOIN invite_token ON invite = id ORDER BY id");
	while (!err && query_step(&q) > 0) {
		row.id = query_get_int(&q, 0);
		row.client = query_get_int(&q, 1);
		query_get_blob(&q, 2, row.token, sizeof(row.token));
		row.made_ms = (uint64_t)query_get_int(&q, 3);
		row.expires_ms = (uint64_t)query_get_int(&q, 4);
		if (!q.err)
			err = cb(ctx, &row);
	}
	return query_end_with(&q, err);
}
