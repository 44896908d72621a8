/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every key under which a ratchet seals, over a run and all accounts: none may seal two different messages.
 */
#include "sim.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/crypto.h"
#include "link/ratchet.h"

struct used {
	uint8_t key[KEY_BYTES];
	uint64_t plain; /* hash of what it sealed, with its associated data */
};

static void *all;
static size_t n_used;
static bool reused, sealing;

void __real_aead_seal(const uint8_t key[KEY_BYTES], uint64_t n, const void *ad, size_t ad_len,
		      const uint8_t *in, size_t len, uint8_t *out);
void __wrap_aead_seal(const uint8_t key[KEY_BYTES], uint64_t n, const void *ad, size_t ad_len,
		      const uint8_t *in, size_t len, uint8_t *out);
int __real_ratchet_seal(struct ratchet *r, const struct rng *rng, const void *ad, size_t ad_len,
			const uint8_t *plain, size_t len, uint8_t *out);
int __wrap_ratchet_seal(struct ratchet *r, const struct rng *rng, const void *ad, size_t ad_len,
			const uint8_t *plain, size_t len, uint8_t *out);

static int used_cmp(const void *a, const void *b)
{
	return memcmp(((const struct used *)a)->key, ((const struct used *)b)->key, KEY_BYTES);
}

static void keys_note(const uint8_t key[KEY_BYTES], uint64_t plain)
{
	struct used *u = malloc(sizeof(*u));
	struct used **found;

	if (!u)
		abort();
	memcpy(u->key, key, KEY_BYTES);
	u->plain = plain;
	found = tsearch(u, &all, used_cmp);
	if (!found)
		abort();
	if (*found == u) {
		n_used++;
		return;
	}
	reused = reused || (*found)->plain != plain;
	free(u);
}

void __wrap_aead_seal(const uint8_t key[KEY_BYTES], uint64_t n, const void *ad, size_t ad_len,
		      const uint8_t *in, size_t len, uint8_t *out)
{
	if (sealing)
		keys_note(key, sim_hash(sim_hash(1, ad, ad_len), in, len));
	__real_aead_seal(key, n, ad, ad_len, in, len, out);
}

static void rng_nothing(void *ctx, uint8_t *out, size_t len)
{
	(void)ctx;
	memset(out, 0, len);
}

int __wrap_ratchet_seal(struct ratchet *r, const struct rng *rng, const void *ad, size_t ad_len,
			const uint8_t *plain, size_t len, uint8_t *out)
{
	static const struct rng nothing = {rng_nothing, NULL};
	int err;

	sealing = true;
	err = __real_ratchet_seal(r, sim_mutation == MUTATE_SEAL_RANDOM ? &nothing : rng, ad, ad_len, plain,
				  len, out);
	sealing = false;
	return err;
}

void keys_begin(void)
{
	reused = false;
	n_used = 0;
}

void keys_clear(void)
{
	while (all) {
		struct used *u = *(struct used **)all;

		tdelete(u, &all, used_cmp);
		free(u);
	}
}

bool keys_reused(void)
{
	return reused;
}

size_t keys_used(void)
{
	return n_used;
}
