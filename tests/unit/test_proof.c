/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit.h"

#include "base/err.h"
#include "link/proof.h"

/* Carol shows her link key to Bob. */
struct story {
	uint8_t carol_secret[KEY_BYTES], carol_public[KEY_BYTES], carol_identity[KEY_BYTES];
	uint8_t bob_secret[KEY_BYTES], bob_public[KEY_BYTES];
	uint8_t hash[HASH_BYTES];
	uint8_t proof[PROOF_BYTES];
	struct proof_claim claim;
};

static void tell(struct story *s, enum proof_kind kind)
{
	memset(s->carol_secret, 1, KEY_BYTES);
	memset(s->bob_secret, 2, KEY_BYTES);
	memset(s->carol_identity, 3, KEY_BYTES);
	memset(s->hash, 4, HASH_BYTES);
	dh_public(s->carol_secret, s->carol_public);
	dh_public(s->bob_secret, s->bob_public);
	s->claim = (struct proof_claim){s->hash, s->carol_public, s->carol_identity};
	assert_int_equal(proof_make(kind, &s->claim, s->carol_secret, s->bob_public, s->proof), 0);
}

static int check(const struct story *s, enum proof_kind kind)
{
	return proof_check(kind, &s->claim, s->bob_secret, s->proof);
}

static void who_has_the_key_proves_it(void **state)
{
	struct story s;

	(void)state;
	for (enum proof_kind kind = PROOF_REQUEST; kind <= PROOF_REDEEM; kind++) {
		tell(&s, kind);
		for (enum proof_kind other = PROOF_REQUEST; other <= PROOF_REDEEM; other++)
			assert_int_equal(check(&s, other), other == kind ? 0 : ERR_PROTOCOL);
	}
}

static void assert_all_bytes_matter(struct story *s, uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		bytes[i] ^= 1;
		assert_int_equal(check(s, PROOF_REQUEST), ERR_PROTOCOL);
		bytes[i] ^= 1;
	}
	assert_int_equal(check(s, PROOF_REQUEST), 0);
}

static void all_that_is_claimed_is_proven(void **state)
{
	struct story s;

	(void)state;
	tell(&s, PROOF_REQUEST);
	assert_all_bytes_matter(&s, s.proof, PROOF_BYTES);
	assert_all_bytes_matter(&s, s.hash, HASH_BYTES);
	assert_all_bytes_matter(&s, s.carol_identity, KEY_BYTES);
	assert_all_bytes_matter(&s, s.carol_public, KEY_BYTES);
}

/* Mallory knows Carol's key, and has one of her own. */
static void another_secret_proves_nothing(void **state)
{
	uint8_t mallorys[KEY_BYTES] = {7};
	struct story s;

	(void)state;
	tell(&s, PROOF_REQUEST);
	assert_int_equal(proof_make(PROOF_REQUEST, &s.claim, mallorys, s.bob_public, s.proof), 0);
	assert_int_equal(check(&s, PROOF_REQUEST), ERR_PROTOCOL);
	/* What Carol proves to Dave proves nothing to Bob. */
	dh_public(mallorys, s.bob_public);
	assert_int_equal(proof_make(PROOF_REQUEST, &s.claim, s.carol_secret, s.bob_public, s.proof), 0);
	assert_int_equal(check(&s, PROOF_REQUEST), ERR_PROTOCOL);
}

/* Bob could have made it himself: to others it says nothing. */
static void the_verifier_can_make_it(void **state)
{
	uint8_t made[PROOF_BYTES];
	struct story s;

	(void)state;
	tell(&s, PROOF_ANSWER);
	assert_int_equal(proof_make(PROOF_ANSWER, &s.claim, s.bob_secret, s.carol_public, made), 0);
	assert_memory_equal(made, s.proof, PROOF_BYTES);
}

static void keys_of_small_order(void **state)
{
	struct story s;

	(void)state;
	tell(&s, PROOF_ACCEPT);
	memset(s.bob_public, 0, KEY_BYTES);
	assert_int_equal(proof_make(PROOF_ACCEPT, &s.claim, s.carol_secret, s.bob_public, s.proof),
			 ERR_CRYPTO);
	memset(s.carol_public, 0, KEY_BYTES);
	assert_int_equal(check(&s, PROOF_ACCEPT), ERR_PROTOCOL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(who_has_the_key_proves_it),     cmocka_unit_test(all_that_is_claimed_is_proven),
	    cmocka_unit_test(another_secret_proves_nothing), cmocka_unit_test(the_verifier_can_make_it),
	    cmocka_unit_test(keys_of_small_order),
	};

	if (crypto_start())
		return 1;
	return cmocka_run_group_tests_name("proof", tests, NULL, NULL);
}
