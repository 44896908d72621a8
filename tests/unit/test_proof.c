/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit.h"

#include "base/err.h"
#include "crypto/identity.h"
#include "link/proof.h"

/* Carol shows her link key, or her identity, to Bob. */
struct story {
	uint8_t carol_secret[KEY_BYTES], carol_public[KEY_BYTES], carol_identity[KEY_BYTES];
	uint8_t carol_identity_secret[KEY_BYTES]; /* X25519 */
	uint8_t bob_secret[KEY_BYTES], bob_public[KEY_BYTES];
	uint8_t hash[HASH_BYTES];
	uint8_t proof[PROOF_BYTES];
	struct proof_claim claim;
};

static const uint8_t *secret_for(const struct story *s, enum proof_kind kind)
{
	return kind == PROOF_IDENTITY ? s->carol_identity_secret : s->carol_secret;
}

static void tell(struct story *s, enum proof_kind kind)
{
	uint8_t seed[KEY_BYTES];

	memset(s->carol_secret, 1, KEY_BYTES);
	memset(s->bob_secret, 2, KEY_BYTES);
	memset(seed, 3, KEY_BYTES);
	identity_public(seed, s->carol_identity);
	identity_dh_secret(seed, s->carol_identity_secret);
	memset(s->hash, 4, HASH_BYTES);
	dh_public(s->carol_secret, s->carol_public);
	dh_public(s->bob_secret, s->bob_public);
	s->claim = (struct proof_claim){s->hash, s->carol_public, s->carol_identity};
	assert_int_equal(proof_make(kind, &s->claim, secret_for(s, kind), s->bob_public, s->proof), 0);
}

static int check(const struct story *s, enum proof_kind kind)
{
	return proof_check(kind, &s->claim, s->bob_secret, s->proof);
}

static void who_has_the_key_proves_it(void **state)
{
	struct story s;

	(void)state;
	for (enum proof_kind kind = PROOF_REQUEST; kind <= PROOF_IDENTITY; kind++) {
		tell(&s, kind);
		for (enum proof_kind other = PROOF_REQUEST; other <= PROOF_IDENTITY; other++)
			assert_int_equal(check(&s, other), other == kind ? 0 : ERR_PROTOCOL);
	}
}

static void assert_all_bytes_matter(struct story *s, enum proof_kind kind, uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		bytes[i] ^= 1;
		assert_int_equal(check(s, kind), ERR_PROTOCOL);
		bytes[i] ^= 1;
	}
	assert_int_equal(check(s, kind), 0);
}

static void all_that_is_claimed_is_proven(void **state)
{
	static const enum proof_kind kinds[] = {PROOF_REQUEST, PROOF_IDENTITY};
	struct story s;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		tell(&s, kinds[i]);
		assert_all_bytes_matter(&s, kinds[i], s.proof, PROOF_BYTES);
		assert_all_bytes_matter(&s, kinds[i], s.hash, HASH_BYTES);
		assert_all_bytes_matter(&s, kinds[i], s.carol_identity, KEY_BYTES);
		assert_all_bytes_matter(&s, kinds[i], s.carol_public, KEY_BYTES);
	}
}

/* Mallory has a link key that Bob was told is Carol's: she can't show that she is Carol. */
static void a_link_key_is_no_identity(void **state)
{
	uint8_t mallorys[KEY_BYTES] = {7}, link_key[KEY_BYTES];
	struct story s;

	(void)state;
	tell(&s, PROOF_IDENTITY);
	dh_public(mallorys, link_key);
	s.claim.link_key = link_key;
	assert_int_equal(check(&s, PROOF_IDENTITY), ERR_PROTOCOL); /* Carol's proof is of her own */
	for (enum proof_kind kind = PROOF_REQUEST; kind <= PROOF_IDENTITY; kind++) {
		assert_int_equal(proof_make(kind, &s.claim, mallorys, s.bob_public, s.proof), 0);
		assert_int_equal(check(&s, PROOF_IDENTITY), ERR_PROTOCOL);
	}
}

/* No point at all, and one of small order. */
static void an_identity_that_nobody_has(void **state)
{
	struct story s;

	(void)state;
	tell(&s, PROOF_IDENTITY);
	memset(s.carol_identity, 0xff, KEY_BYTES);
	assert_int_equal(check(&s, PROOF_IDENTITY), ERR_PROTOCOL);
	memset(s.carol_identity, 0, KEY_BYTES);
	s.carol_identity[0] = 1;
	assert_int_equal(check(&s, PROOF_IDENTITY), ERR_PROTOCOL);
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
	    cmocka_unit_test(keys_of_small_order),	     cmocka_unit_test(a_link_key_is_no_identity),
	    cmocka_unit_test(an_identity_that_nobody_has),
	};

	if (crypto_start())
		return 1;
	return cmocka_run_group_tests_name("proof", tests, NULL, NULL);
}
