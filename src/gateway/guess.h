/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Wrong passwords, by the account's name, whether there is such an account or not.  Names share counters by a keyed
 * hash, so that no flood of names makes room for a forgotten one, and the memory is fixed.  One wrong password is
 * forgotten each minute; a right one forgets none, or the pause would tell that the owner has been here.
 */
#ifndef GATEWAY_GUESS_H
#define GATEWAY_GUESS_H

#include "base/rng.h"
#include "crypto/crypto.h"

#define GUESS_COUNTERS	1024
#define GUESS_FORGET_MS 60000
#define GUESS_MAX	5 /* counted; so the pause is at most 16 times the first */

struct guesses {
	uint8_t key[KEY_BYTES];
	uint64_t gone_ms[GUESS_COUNTERS]; /* when the last of them is forgotten */
};

void guess_init(struct guesses *g, const struct rng *rng);
/* How many are remembered at now_ms (monotonic). */
unsigned guess_count(const struct guesses *g, const char *account, uint64_t now_ms);
void guess_wrong(struct guesses *g, const char *account, uint64_t now_ms);
/* How long the next try waits after n wrong ones: nothing, first_ms, and then twice as long each time. */
uint64_t guess_pause_ms(unsigned n, uint64_t first_ms);

#endif
