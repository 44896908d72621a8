/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "guess.h"

#include <string.h>

#include "base/nick.h"

void guess_init(struct guesses *g, const struct rng *rng)
{
	memset(g, 0, sizeof(*g));
	rng_fill(rng, g->key, sizeof(g->key));
}

static size_t slot(const struct guesses *g, const char *account)
{
	char folded[NICK_MAX + 1];
	uint8_t hash[HASH_BYTES];

	nick_fold(account, folded);
	hash2(g->key, sizeof(g->key), folded, strlen(folded), hash);
	return ((size_t)hash[0] << 8 | hash[1]) % GUESS_COUNTERS;
}

unsigned guess_count(const struct guesses *g, const char *account, uint64_t now_ms)
{
	uint64_t gone_ms = g->gone_ms[slot(g, account)];

	return gone_ms > now_ms ? (unsigned)((gone_ms - now_ms + GUESS_FORGET_MS - 1) / GUESS_FORGET_MS) : 0;
}

void guess_wrong(struct guesses *g, const char *account, uint64_t now_ms)
{
	uint64_t *gone_ms = &g->gone_ms[slot(g, account)];

	if (*gone_ms < now_ms)
		*gone_ms = now_ms;
	*gone_ms += GUESS_FORGET_MS;
	if (*gone_ms > now_ms + GUESS_MAX * GUESS_FORGET_MS)
		*gone_ms = now_ms + GUESS_MAX * GUESS_FORGET_MS;
}

uint64_t guess_pause_ms(unsigned n, uint64_t first_ms)
{
	if (n > GUESS_MAX)
		n = GUESS_MAX;
	return n == 0 ? 0 : first_ms << (n - 1);
}
