/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Contacts that go in slices: what a long conversation holds is too much for one turn.  The row of a buried
 * contact tells nothing of it any more; what still refers to it goes bit by bit, and the row last of all.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "store_private.h"

/* Runs a DELETE of one contact's rows. */
static int forget(struct store *s, const char *sql, int64_t contact)
{
	struct query q;
	query_write(&q, s, sql);
	query_int(&q, contact);
	return query_run(&q);
}

/* A name outside the grammar of nicks, and an identity that is nobody's: both must be unique. */
static void blank_row(int64_t id, struct contact_row *row)
{
	memset(row, 0, sizeof(*row));
	row->id = id;
	snprintf(row->petname, sizeof(row->petname), "-%" PRId64, id);
	memcpy(row->identity, row->petname, sizeof(row->petname));
}

int store_contact_bury(struct store *s, int64_t id)
{
	struct contact_row row;
	blank_row(id, &row);
	const int err = store_contact_update(s, &row);
	if (err)
		return err;
	const int retired = store_clients_retire(s, id);
	const int marker = store_marker_delete(s, id);
	if (retired || marker)
		return retired ? retired : marker;
	s->litter |= LITTER_RATCHET | LITTER_SKIPPED | LITTER_CONTACT;
	const int session = forget(s, "DELETE FROM session WHERE contact = ?", id);
	const int ratchet = forget(s, "DELETE FROM ratchet WHERE contact = ?", id);
	const int skipped = forget(s, "DELETE FROM skipped WHERE contact = ?", id);
	return session ? session : ratchet ? ratchet : skipped;
}

/* Newest lines first: those are what clients still have to be shown. */
static const char *const slices[] = {
    "DELETE FROM line WHERE id IN (SELECT id FROM line WHERE contact = ?1 ORDER BY id DESC LIMIT ?2)",
    ("DELETE FROM seen WHERE contact = ?1 AND msgid IN"
     " (SELECT msgid FROM seen WHERE contact = ?1 ORDER BY msgid LIMIT ?2)"),
    "DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE contact = ?1 ORDER BY id LIMIT ?2)",
};

int store_contact_trim(struct store *s, int64_t id, size_t limit, size_t *n)
{
	int err = 0;
	*n = 0;
	for (size_t i = 0; i < sizeof(slices) / sizeof(slices[0]) && !err && *n < limit; i++) {
		struct query q;
		query_write(&q, s, slices[i]);
		query_int(&q, id);
		query_int(&q, (int64_t)(limit - *n));
		err = query_run(&q);
		if (!err)
			*n += (size_t)sqlite3_changes(s->db);
	}
	return err;
}
