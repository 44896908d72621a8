/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "store_private.h"

int store_seen_add(struct store *s, int64_t contact, const uint8_t msgid[16])
{
	struct query q;
	query_write(&q, s, "INSERT INTO seen (contact, msgid) VALUES (?, ?)");
	query_int(&q, contact);
	query_blob(&q, msgid, 16);
	return query_run(&q);
}

int store_seen_has(struct store *s, int64_t contact, const uint8_t msgid[16], bool *there)
{
	struct query q;
	query_read(&q, s, "SELECT 1 FROM seen WHERE contact = ? AND msgid = ?");
	query_int(&q, contact);
	query_blob(&q, msgid, 16);
	*there = query_step(&q) > 0;
	return query_end(&q);
}
