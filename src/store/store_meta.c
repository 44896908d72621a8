/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "base/err.h"
#include "store_private.h"

int store_meta_set(struct store *s, const char *name, const void *value, size_t len)
{
	struct query q;
	query_write(&q, s, "INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)");
	query_text(&q, name);
	query_blob(&q, value, len);
	return query_run(&q);
}

int store_meta_delete(struct store *s, const char *name)
{
	struct query q;
	query_write(&q, s, "DELETE FROM meta WHERE name = ?");
	query_text(&q, name);
	return query_run(&q);
}

int store_meta_get(struct store *s, const char *name, void *out, size_t size, size_t *len)
{
	struct query q;
	int err = ERR_NOT_FOUND;
	query_read(&q, s, "SELECT value FROM meta WHERE name = ?");
	query_text(&q, name);
	if (query_step(&q) > 0) {
		size_t n;
		const void *value = query_get_bytes(&q, 0, &n);
		err = n > size ? ERR_TOO_LONG : !len && n != size ? ERR_INVALID : 0;
		if (!err) {
			memcpy(out, value, n);
			if (len)
				*len = n;
		}
	}
	return query_end_with(&q, err);
}
