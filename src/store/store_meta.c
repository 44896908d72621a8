/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "base/err.h"
#include "store_private.h"

#define META_NAME_MAX 63

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

int store_meta_each(struct store *s, const char *prefix,
		    int (*cb)(void *ctx, const char *name, const void *value, size_t len), void *ctx)
{
	struct query q;
	char name[META_NAME_MAX + 1];
	int err = 0;
	query_read(&q, s,
		   "SELECT name, value FROM meta WHERE substr(name, 1, length(?1)) = ?1 ORDER BY name");
	query_text(&q, prefix);
	while (!err && query_step(&q) > 0) {
		size_t len;
		const void *value = query_get_bytes(&q, 1, &len);
		query_get_text(&q, 0, name, sizeof(name));
		if (!q.err)
			err = cb(ctx, name, value, len);
	}
	return query_end_with(&q, err);
}
