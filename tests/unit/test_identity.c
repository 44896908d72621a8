/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit.h"

#include "base/err.h"
#include "crypto/identity.h"

/* The examples of rend-spec-v3, appendix "encoding onion addresses". */
static const char *const addresses[] = {
    "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd",
    "sp3k262uwy4r2k3ycr5awluarykdpag6a7y33jxop4cs2lu5uz5sseqd",
    "xa4r2iadxm55fbnqgwwi5mymqdcofiu3w6rpbtqn7b2dyn7mgwj64jyd",
};

static int start(void **state)
{
	(void)state;
	return crypto_start();
}

static void published_addresses_go_both_ways(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		uint8_t pub[KEY_BYTES];
		char out[ONION_LEN + 1];
		assert_int_equal(onion_decode(addresses[i], pub), 0);
		onion_encode(pub, out);
		assert_string_equal(out, addresses[i]);
	}
}

static void suffix_and_case_do_not_matter(void **state)
{
	(void)state;
	uint8_t expected[KEY_BYTES], pub[KEY_BYTES];
	assert_int_equal(onion_decode(addresses[0], expected), 0);
	static const char *const spellings[] = {
	    "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion",
	    "PG6MMJIYJMCRSSLVYKFWNNTLARU7P5SVN6Y2YMMJU6NUBXNDF4PSCRYD",
	    "Pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryD.Onion",
	};
	for (size_t i = 0; i < 3; i++) {
		memset(pub, 0, sizeof(pub));
		assert_int_equal(onion_decode(spellings[i], pub), 0);
		assert_memory_equal(pub, expected, sizeof(pub));
	}
}

static void any_other_form_is_refused(void **state)
{
	(void)state;
	static const char *const bad[] = {
	    "",
	    ".onion",
	    "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscry",
	    "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscrydd",
	    "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.",
	    "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onio",
	    "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.union",
	    "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion:80",
	    "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion ",
	    " pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscry",
	    "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscry1",
	    "facebookcorewwwi",
	};
	uint8_t pub[KEY_BYTES];
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(onion_decode(bad[i], pub), ERR_INVALID);
}

/* A typing error anywhere is seen: in the key, the checksum or the version. */
static void each_wrong_character_is_noticed(void **state)
{
	(void)state;
	for (size_t i = 0; i < ONION_LEN; i++) {
		char typo[ONION_LEN + 1];
		uint8_t pub[KEY_BYTES];
		memcpy(typo, addresses[0], sizeof(typo));
		typo[i] = typo[i] == 'a' ? 'b' : 'a';
		assert_int_equal(onion_decode(typo, pub), ERR_INVALID);
	}
}

/* Ed25519 encodings that no honest key has: small order, off the curve, not reduced, not in the main
 * subgroup. */
static const char *const bad_points[] = {
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0200000000000000000000000000000000000000000000000000000000000000",
    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
};

static void bad_points_are_refused_everywhere(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad_points) / sizeof(bad_points[0]); i++) {
		uint8_t point[KEY_BYTES], out[KEY_BYTES];
		char text[ONION_LEN + 1];
		unit_hex(bad_points[i], point, sizeof(point));
		assert_int_equal(identity_check(point), ERR_CRYPTO);
		assert_int_equal(identity_dh_public(point, out), ERR_CRYPTO);
		/* with a checksum that holds */
		onion_encode(point, text);
		assert_int_equal(onion_decode(text, out), ERR_CRYPTO);
	}
}

/* RFC 8032 section 7.1, test 1. */
static void seed_gives_the_public_key(void **state)
{
	(void)state;
	uint8_t seed[KEY_BYTES], pub[KEY_BYTES];
	unit_hex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", seed, sizeof(seed));
	identity_public(seed, pub);
	unit_assert_hex(pub, sizeof(pub), "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
	assert_int_equal(identity_check(pub), 0);
}

/* libsodium's own vector of the conversion. */
static void birational_map_vector(void **state)
{
	(void)state;
	uint8_t seed[KEY_BYTES], ed[KEY_BYTES], x_public[KEY_BYTES], x_secret[KEY_BYTES];
	unit_hex("421151a459faeade3d247115f94aedae42318124095afabe4d1451a559faedee", seed, sizeof(seed));
	identity_public(seed, ed);
	unit_assert_hex(ed, sizeof(ed), "b5076a8474a832daee4dd5b4040983b6623b5f344aca57d4d6ee4baf3f259e6e");
	assert_int_equal(identity_dh_public(ed, x_public), 0);
	unit_assert_hex(x_public, sizeof(x_public),
			"f1814f0e8ff1043d8a44d25babff3cedcae6c22c3edaa48f857ae70de2baae50");
	identity_dh_secret(seed, x_secret);
	unit_assert_hex(x_secret, sizeof(x_secret),
			"8052030376d47112be7f73ed7a019293dd12ad910b654455798b4667d73de166");
}

static void both_ways_to_the_dh_key_meet(void **state)
{
	(void)state;
	uint64_t rng_seed = 42;
	const struct rng rng = unit_rng(&rng_seed);
	for (int i = 0; i < 50; i++) {
		uint8_t seed[KEY_BYTES], ed[KEY_BYTES], secret[KEY_BYTES], by_secret[KEY_BYTES],
		    by_public[KEY_BYTES];
		rng_fill(&rng, seed, sizeof(seed));
		identity_public(seed, ed);
		identity_dh_secret(seed, secret);
		dh_public(secret, by_secret);
		assert_int_equal(identity_dh_public(ed, by_public), 0);
		assert_memory_equal(by_secret, by_public, KEY_BYTES);
	}
}

/* tor's key is the expanded form of RFC 8032 section 5.1.5; its first half is the X25519 secret too. */
static void expanded_key_for_tor(void **state)
{
	(void)state;
	uint8_t seed[KEY_BYTES], expanded[ONION_SECRET_BYTES], x_secret[KEY_BYTES];
	unit_hex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", seed, sizeof(seed));
	identity_onion_secret(seed, expanded);
	unit_assert_hex(expanded, sizeof(expanded),
			"307c83864f2833cb427a2ef1c00a013cfdff2768d980c0a3a520f006904de94f"
			"9b4f0afe280b746a778684e75442502057b7473a03f08f96f5a38e9287e01f8f");
	identity_dh_secret(seed, x_secret);
	assert_memory_equal(x_secret, expanded, KEY_BYTES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(published_addresses_go_both_ways),
	    cmocka_unit_test(suffix_and_case_do_not_matter),
	    cmocka_unit_test(any_other_form_is_refused),
	    cmocka_unit_test(each_wrong_character_is_noticed),
	    cmocka_unit_test(bad_points_are_refused_everywhere),
	    cmocka_unit_test(seed_gives_the_public_key),
	    cmocka_unit_test(birational_map_vector),
	    cmocka_unit_test(both_ways_to_the_dh_key_meet),
	    cmocka_unit_test(expanded_key_for_tor),
	};
	return cmocka_run_group_tests(tests, start, NULL);
}
