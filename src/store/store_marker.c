/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/err.h"
#include "store_private.h"

int store_marker_set(struct store *s, int64_t conversation, uint64_t time_ms)
{
	struct query q;
	query_write(&q, s, "INSERT OR REPLACE INTO marker (conversation, time_ms) VALUES (?, ?)");
	query_int(&q, conversation);
	query_int(&q, (int64_t)time_ms);
	return query_run(&q);
}

int store_marker_get(struct store *s, int64_t conversation, uint64_t *time_ms)
{
	struct query q;
	int err = ERR_NOT_FOUND;
	query_read(&q, s, "SELECT time_ms FROM marker WHERE conversation = ?");
	query_int(&q, conversation);
	if (query_step(&q) > 0) {
		*time_ms = (uint64_t)query_get_int(&q, 0);
		err = 0;
	}
	return query_end_with(&q, err);
}

int store_marker_delete(struct store *s, int64_t conversation)
{
	struct query q;
	query_write(&q, s, "DELETE FROM marker WHERE conversation = ?");
	query_int(&q, conversation);
	return query_run(&q);
}
