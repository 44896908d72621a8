/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Skipped message secrets in an array, as the store keeps them in a table. */
#ifndef TESTS_RATCHET_KEEP_H
#define TESTS_RATCHET_KEEP_H

#include <string.h>

#include "base/err.h"
#include "link/ratchet.h"

struct kept {
	uint8_t dh[KEY_BYTES];
	uint32_t n;
	uint8_t secret[KEY_BYTES];
};

struct keep {
	struct kept rows[RATCHET_SKIP_MAX];
	size_t n;
	size_t fail_at; /* the add that would make this many fails, unless it is 0 */
	int find_err;	/* what find answers, unless it is 0 */
};

static inline struct kept *keep_get(struct keep *k, const uint8_t dh[KEY_BYTES], uint32_t n)
{
	for (size_t i = 0; i < k->n; i++)
		if (k->rows[i].n == n && !memcmp(k->rows[i].dh, dh, KEY_BYTES))
			return &k->rows[i];
	return NULL;
}

static inline int keep_find(void *ctx, const uint8_t dh[KEY_BYTES], uint32_t n, uint8_t secret[KEY_BYTES])
{
	struct keep *k = ctx;
	const struct kept *row = keep_get(k, dh, n);

	if (k->find_err)
		return k->find_err;
	if (!row)
		return ERR_NOT_FOUND;
	memcpy(secret, row->secret, KEY_BYTES);
	return 0;
}

static inline int keep_add(void *ctx, const uint8_t dh[KEY_BYTES], uint32_t n,
			   const uint8_t secret[KEY_BYTES])
{
	struct keep *k = ctx;
	struct kept *row = &k->rows[k->n];

	if (k->fail_at && k->n + 1 >= k->fail_at)
		return ERR_IO;
	if (k->n == RATCHET_SKIP_MAX)
		return ERR_FULL;
	memcpy(row->dh, dh, KEY_BYTES);
	row->n = n;
	memcpy(row->secret, secret, KEY_BYTES);
	k->n++;
	return 0;
}

static inline int keep_remove(void *ctx, const uint8_t dh[KEY_BYTES], uint32_t n)
{
	struct keep *k = ctx;
	struct kept *row = keep_get(k, dh, n);

	if (!row)
		return ERR_NOT_FOUND;
	*row = k->rows[--k->n];
	memset(&k->rows[k->n], 0, sizeof(*row));
	return 0;
}

static inline size_t keep_room(void *ctx)
{
	const struct keep *k = ctx;

	return RATCHET_SKIP_MAX - k->n;
}

static inline struct ratchet_skipped keep_skipped(struct keep *k)
{
	return (struct ratchet_skipped){keep_find, keep_add, keep_remove, keep_room, k};
}

#endif
