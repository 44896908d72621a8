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
