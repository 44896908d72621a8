/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/err.h"
#include "store_private.h"

int store_cursor_set(struct store *s, const char *client, int64_t line_id)
{
	struct query q;
	/* Not OR REPLACE, for which SQLite would keep a journal: see store_outbox_seal. */
	query_write(&q, s, "UPDATE OR FAIL cursor SET line = ? WHERE client = ?");
	query_int(&q, line_id);
	query_text(&q, client);
	const int err = query_run(&q);
	if (err || sqlite3_changes(s->db))
		return err;
	query_write(&q, s, "INSERT INTO cursor (client, line) VALUES (?, ?)");
	query_text(&q, client);
	query_int(&q, line_id);
	return query_run(&q);
}

int store_cursor_delete(struct store *s, const char *client)
{
	struct query q;
	query_write(&q, s, "DELETE FROM cursor WHERE client = ?");
	query_text(&q, client);
	return query_run(&q);
}

int store_cursor_get(struct store *s, const char *client, int64_t *line_id)
{
	struct query q;
	int err = ERR_NOT_FOUND;
	query_read(&q, s, "SELECT line FROM cursor WHERE client = ?");
	query_text(&q, client);
	if (query_step(&q) > 0) {
		*line_id = query_get_int(&q, 0);
		err = 0;
	}
	return query_end_with(&q, err);
}

int store_cursor_each(struct store *s, int (*cb)(void *ctx, const char *client, int64_t line_id), void *ctx)
{
	struct query q;
	char client[NICK_MAX + 1];
	int err = 0;
	query_read(&q, s, "SELECT client, line FROM cursor ORDER BY client");
	while (!err && query_step(&q) > 0) {
		query_get_text(&q, 0, client, sizeof(client));
		if (!q.err)
			err = cb(ctx, client, query_get_int(&q, 1));
	}
	return query_end_with(&q, err);
}
