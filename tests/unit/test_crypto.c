/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/err.h"
#include "crypto/crypto.h"

static int start(void **state)
{
	(void)state;
	return crypto_start();
}

/* RFC 7748 section 6.1 */
#define ALICE_SECRET "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"
#define ALICE_PUBLIC "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"
#define BOB_SECRET   "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb"
#define BOB_PUBLIC   "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"
#define SHARED	     "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"

static void alice_and_bob_agree(void **state)
{
	(void)state;
	uint8_t alice[KEY_BYTES], bob[KEY_BYTES], pub[KEY_BYTES], out[KEY_BYTES];
	unit_hex(ALICE_SECRET, alice, sizeof(alice));
	unit_hex(BOB_SECRET, bob, sizeof(bob));
	dh_public(alice, pub);
	unit_assert_hex(pub, sizeof(pub), ALICE_PUBLIC);
	assert_int_equal(dh(bob, pub, out), 0);
	unit_assert_hex(out, sizeof(out), SHARED);
	dh_public(bob, pub);
	unit_assert_hex(pub, sizeof(pub), BOB_PUBLIC);
	assert_int_equal(dh(alice, pub, out), 0);
	unit_assert_hex(out, sizeof(out), SHARED);
}

/* RFC 7748 section 5.2 */
static void dh_vectors(void **state)
{
	(void)state;
	static const char *const vectors[][3] = {
	    {"a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
	     "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
	     "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552"},
	    {"4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
	     "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
	     "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957"},
	};
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		uint8_t secret[KEY_BYTES], pub[KEY_BYTES], out[KEY_BYTES];
		unit_hex(vectors[i][0], secret, sizeof(secret));
		unit_hex(vectors[i][1], pub, sizeof(pub));
		assert_int_equal(dh(secret, pub, out), 0);
		unit_assert_hex(out, sizeof(out), vectors[i][2]);
	}
}

/* RFC 7748 section 6.1: a check for the all-zero value.  Points of order 1, 2, 4 and 8. */
static void dh_refuses_points_of_small_order(void **state)
{
	(void)state;
	static const char *const points[] = {
	    "0000000000000000000000000000000000000000000000000000000000000000",
	    "0100000000000000000000000000000000000000000000000000000000000000",
	    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
	    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
	};
	uint8_t secret[KEY_BYTES], pub[KEY_BYTES], out[KEY_BYTES];
	unit_hex(ALICE_SECRET, secret, sizeof(secret));
	for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
		unit_hex(points[i], pub, sizeof(pub));
		memset(out, 0xaa, sizeof(out));
		assert_int_equal(dh(secret, pub, out), ERR_CRYPTO);
		unit_assert_hex(out, sizeof(out), points[0]);
	}
}

/* RFC 8439 appendix A.5: its nonce begins with 32 zero bits, as Noise's do. */
#define AEAD_KEY "1c9240a5eb55d38af333888604f6b5f0473917c1402b80099dca5cbc207075c0"
#define AEAD_N	 UINT64_C(0x0807060504030201)
#define AEAD_AD	 "f33388860000000000004e91"
#define AEAD_SEALED                                                                                          \
	"64a0861575861af460f062c79be643bd5e805cfd345cf389f108670ac76c8cb24c6cfc18755d43eea09ee94e382d26b0bd" \
	"b7b73c"                                                                                             \
	"321b0100d4f03b7f355894cf332f830e710b97ce98c8a84abd0b948114ad176e008d33bd60f982b1ff37c8559797a06ef4" \
	"f0ef61"                                                                                             \
	"c186324e2b3506383606907b6a7c02b0f9f6157b53c867e4b9166c767b804d46a59b5216cde7a4e99040c5a40433225ee2" \
	"82a1b0"                                                                                             \
	"a06c523eaf4534d7f83fa1155b0047718cbc546a0d072b04b3564eea1b422273f548271a0bb2316053fa76991955ebd631" \
	"59434e"                                                                                             \
	"cebb4e466dae5a1073a6727627097a1049e617d91d361094fa68f0ff77987130305beaba2eda04df997b714d6c6f2c29a6" \
	"ad5cb4"                                                                                             \
	"022b02709beead9d67890cbb22392336fea1851f38"
static const char aead_text[] =
    "Internet-Drafts are draft documents valid for a maximum of six months and may be updated, replaced, or "
    "obsoleted by other documents at any time. It is inappropriate to use Internet-Drafts as reference "
    "material "
    "or to cite them other than as /\xe2\x80\x9cwork in progress./\xe2\x80\x9d";
#define AEAD_LEN (sizeof(aead_text) - 1)

static void aead_vector(void **state)
{
	(void)state;
	uint8_t key[KEY_BYTES], ad[12], sealed[AEAD_LEN + AEAD_TAG_BYTES], out[AEAD_LEN];
	unit_hex(AEAD_KEY, key, sizeof(key));
	unit_hex(AEAD_AD, ad, sizeof(ad));
	aead_seal(key, AEAD_N, ad, sizeof(ad), (const uint8_t *)aead_text, AEAD_LEN, sealed);
	unit_assert_hex(sealed, sizeof(sealed), AEAD_SEALED);
	assert_int_equal(aead_open(key, AEAD_N, ad, sizeof(ad), sealed, sizeof(sealed), out), 0);
	assert_memory_equal(out, aead_text, AEAD_LEN);
	/* in place */
	assert_int_equal(aead_open(key, AEAD_N, ad, sizeof(ad), sealed, sizeof(sealed), sealed), 0);
	assert_memory_equal(sealed, aead_text, AEAD_LEN);
	aead_seal(key, AEAD_N, ad, sizeof(ad), sealed, AEAD_LEN, sealed);
	unit_assert_hex(sealed, sizeof(sealed), AEAD_SEALED);
}

static void aead_refuses_any_change(void **state)
{
	(void)state;
	uint8_t key[KEY_BYTES] = {1}, sealed[4 + AEAD_TAG_BYTES], out[4], zero[4] = {0};
	aead_seal(key, 7, "ad", 2, (const uint8_t *)"text", 4, sealed);
	assert_int_equal(aead_open(key, 7, "ad", 2, sealed, sizeof(sealed), out), 0);
	for (size_t bit = 0; bit < 8 * sizeof(sealed); bit++) {
		sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
		memset(out, 0xaa, sizeof(out));
		assert_int_equal(aead_open(key, 7, "ad", 2, sealed, sizeof(sealed), out), ERR_CRYPTO);
		assert_memory_equal(out, zero, sizeof(out));
		sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_int_equal(aead_open(key, 8, "ad", 2, sealed, sizeof(sealed), out), ERR_CRYPTO);
	assert_int_equal(aead_open(key, 7, "aD", 2, sealed, sizeof(sealed), out), ERR_CRYPTO);
	assert_int_equal(aead_open(key, 7, "ad", 1, sealed, sizeof(sealed), out), ERR_CRYPTO);
	assert_int_equal(aead_open(key, 7, "ad", 2, sealed, sizeof(sealed) - 1, out), ERR_CRYPTO);
	for (size_t len = 0; len < AEAD_TAG_BYTES; len++)
		assert_int_equal(aead_open(key, 7, "ad", 2, sealed, len, out), ERR_CRYPTO);
	key[0] ^= 1;
	assert_int_equal(aead_open(key, 7, "ad", 2, sealed, sizeof(sealed), out), ERR_CRYPTO);
}

static void aead_of_nothing_is_a_tag(void **state)
{
	(void)state;
	uint8_t key[KEY_BYTES] = {1}, tag[AEAD_TAG_BYTES], none;
	aead_seal(key, 0, NULL, 0, NULL, 0, tag);
	assert_int_equal(aead_open(key, 0, NULL, 0, tag, sizeof(tag), &none), 0);
	tag[0] ^= 1;
	assert_int_equal(aead_open(key, 0, NULL, 0, tag, sizeof(tag), &none), ERR_CRYPTO);
}

/* RFC 7693 appendix A: BLAKE2b-512("abc"), however it is split. */
static void blake2b_vector(void **state)
{
	(void)state;
	uint8_t out[HASH_BYTES];
	for (size_t split = 0; split <= 3; split++) {
		hash2("abc", split, &"abc"[split], 3 - split, out);
		unit_assert_hex(out, sizeof(out),
				"ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
				"7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923");
	}
	hash2("abc", 3, NULL, 0, out);
	assert_int_equal(out[0], 0xba);
}

/* Ours is written over libsodium's BLAKE2b: the other library has an HMAC and a BLAKE2b of its own. */
static void hmac_blake2b_agrees_with_libcrypto(void **state)
{
	(void)state;
	uint64_t seed = 11;
	const struct rng rng = unit_rng(&seed);
	uint8_t key[300], data[300], out[HASH_BYTES], expected[HASH_BYTES];
	rng_fill(&rng, key, sizeof(key));
	rng_fill(&rng, data, sizeof(data));
	static const size_t sizes[] = {0, 1, 32, 64, 127, 128, 129, 300};
	for (size_t i = 0; i < 64; i++) {
		hmac(key, sizes[i / 8], data, sizes[i % 8], out);
		assert_non_null(HMAC(EVP_blake2b512(), key, (int)sizes[i / 8], data, sizes[i % 8], expected, NULL));
		assert_memory_equal(out, expected, sizeof(out));
	}
}

/* From Python's hmac and hashlib. */
static void hmac_blake2b_vectors(void **state)
{
	(void)state;
	uint8_t key[200], out[HASH_BYTES];
	for (size_t i = 0; i < 32; i++)
		key[i] = (uint8_t)i;
	hmac(key, 32, "The quick brown fox", 19, out);
	unit_assert_hex(out, sizeof(out),
			"9d9de98180b7c29e7eb5bddc7dcd89d3af0bb24c25984200f649592e123997bb"
			"5c5ede64f763b4cac98a801b713d7cee1d4369fc646d90e3cae039da90d05ffe");
	memset(key, 0xaa, sizeof(key));
	hmac(key, sizeof(key), "Larger than the block", 21, out);
	unit_assert_hex(out, sizeof(out),
			"b77d0c67d1212431c69310bd0e41571444b687b9093abc001742020bf9f1c299"
			"1283cd37c1e49a24416d8f89957d3cd3dba84d6c35de5ff7aaa10761cba3aac7");
}

static void hkdf_vectors(void **state)
{
	(void)state;
	uint8_t bytes[96], out1[HASH_BYTES], out2[HASH_BYTES], out3[HASH_BYTES];
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)i;
	for (int three = 0; three < 2; three++) {
		hkdf(bytes, 64, bytes + 64, 32, out1, out2, three ? out3 : NULL);
		unit_assert_hex(out1, sizeof(out1),
				"53a22334fb402fe757480b953f4ea7077e9ea2dfb7f42595792c1b41c210e73c"
				"dd9f42a3411540b52a39f09330f4c177b6dd94f6a9d3a0f34fd83d3f13a4ea31");
		unit_assert_hex(out2, sizeof(out2),
				"2177d1f87d50dbd71ab6f92ae2cb128e9b14be6cc976b8ef3100e8bb1a505932"
				"4dd854b9bfcfa2abe870da9089d323469b70ae63cf4aa8236fbfb83e9eb89bcb");
	}
	unit_assert_hex(out3, sizeof(out3),
			"cfc5b85ae7d6490993566c9b3b1e04141d4505cc9db3d89617ab10e37615e81f"
			"e2b824d2c9f8bd080537cc33eb43bd97858950a76351f7fe0516209263ef800d");
}

/* FIPS 202 examples: no bits, and 200 bytes of 0xa3. */
static void sha3_vectors(void **state)
{
	(void)state;
	uint8_t data[200], out[32];
	memset(data, 0xa3, sizeof(data));
	sha3_256(NULL, 0, out);
	unit_assert_hex(out, sizeof(out), "a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a");
	sha3_256("abc", 3, out);
	unit_assert_hex(out, sizeof(out), "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532");
	sha3_256(data, sizeof(data), out);
	unit_assert_hex(out, sizeof(out), "79f38adec5c20307a98ef76e8324afbfd46cfd81b22e3973c65fa1bd9de31787");
}

/* RFC 4231, test cases 1, 2 and 6. */
static void hmac_sha256_vectors(void **state)
{
	(void)state;
	uint8_t key[131], out[32];
	memset(key, 0x0b, 20);
	hmac_sha256(key, 20, "Hi There", 8, out);
	unit_assert_hex(out, sizeof(out), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
	hmac_sha256("Jefe", 4, "what do ya want for nothing?", 28, out);
	unit_assert_hex(out, sizeof(out), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	memset(key, 0xaa, sizeof(key));
	hmac_sha256(key, sizeof(key), "Test Using Larger Than Block-Size Key - Hash Key First", 54, out);
	unit_assert_hex(out, sizeof(out), "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

/* From OpenSSL's Argon2id. */
static void password_hash_vectors(void **state)
{
	(void)state;
	uint8_t salt[PWHASH_SALT_BYTES], out[KEY_BYTES];
	for (size_t i = 0; i < sizeof(salt); i++)
		salt[i] = (uint8_t)i;
	struct pwhash_params params = {.passes = 2, .memory_kib = 64};
	assert_int_equal(pwhash("correct horse", 13, salt, &params, out), 0);
	unit_assert_hex(out, sizeof(out), "9c87c06898bc18516669b54a8b95d36e622946494d7a55c26f391a0406068c19");
	params = (struct pwhash_params){.passes = 3, .memory_kib = 1024};
	assert_int_equal(pwhash("Z\xc3\xbcrich", 7, (const uint8_t *)"0123456789abcdef", &params, out), 0);
	unit_assert_hex(out, sizeof(out), "254ea73fba92bd056956c7d26f59525ad3a724f36658c38495bc3a870f2d31c0");
}

static void password_hash_parameters_are_bounded(void **state)
{
	(void)state;
	static const struct pwhash_params bad[] = {
	    {0, 64}, {1, 0}, {1, 7}, {65, 64}, {1, 1024 * 1024 + 1}, {UINT32_MAX, 64}, {1, UINT32_MAX},
	};
	uint8_t salt[PWHASH_SALT_BYTES] = {0}, out[KEY_BYTES];
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(pwhash("x", 1, salt, &bad[i], out), ERR_INVALID);
	const struct pwhash_params least = {1, 8};
	assert_int_equal(pwhash("", 0, salt, &least, out), 0);
}

static void password_hash_limits_have_names(void **state)
{
	(void)state;
	struct pwhash_params p;
	assert_int_equal(pwhash_params_parse("interactive", &p), 0);
	assert_int_equal(p.passes, 2);
	assert_int_equal(p.memory_kib, 64 * 1024);
	assert_int_equal(pwhash_params_parse("moderate", &p), 0);
	assert_int_equal(p.passes, 3);
	assert_int_equal(p.memory_kib, 256 * 1024);
	assert_int_equal(pwhash_params_parse("sensitive", &p), 0);
	assert_int_equal(p.passes, 4);
	assert_int_equal(p.memory_kib, 1024 * 1024);
	assert_int_equal(pwhash_params_parse("none", &p), ERR_INVALID);
	assert_int_equal(pwhash_params_parse("", &p), ERR_INVALID);
}

static void sealbox_opens_only_unchanged(void **state)
{
	(void)state;
	uint64_t seed = 1;
	const struct rng rng = unit_rng(&seed);
	uint8_t key[KEY_BYTES] = {3}, box[6 + SEALBOX_OVERHEAD], second[sizeof(box)], out[6], zero[6] = {0};
	sealbox(key, &rng, "v1", 2, (const uint8_t *)"secret", 6, box);
	sealbox(key, &rng, "v1", 2, (const uint8_t *)"secret", 6, second);
	assert_memory_not_equal(box, second, sizeof(box));
	assert_int_equal(sealbox_open(key, "v1", 2, box, sizeof(box), out), 0);
	assert_memory_equal(out, "secret", 6);
	for (size_t i = 0; i < sizeof(box); i++) {
		box[i] ^= 0x10;
		memset(out, 0xaa, sizeof(out));
		assert_int_equal(sealbox_open(key, "v1", 2, box, sizeof(box), out), ERR_CRYPTO);
		assert_memory_equal(out, zero, sizeof(out));
		box[i] ^= 0x10;
	}
	assert_int_equal(sealbox_open(key, "v2", 2, box, sizeof(box), out), ERR_CRYPTO);
	for (size_t len = 0; len < SEALBOX_OVERHEAD; len++)
		assert_int_equal(sealbox_open(key, "v1", 2, box, len, out), ERR_CRYPTO);
}

static void wiping_and_comparing(void **state)
{
	(void)state;
	uint8_t a[4] = {1, 2, 3, 4}, b[4] = {1, 2, 3, 5};
	assert_false(crypto_equal(a, b, 4));
	assert_true(crypto_equal(a, b, 3));
	assert_true(crypto_equal(a, b, 0));
	crypto_wipe(a, sizeof(a));
	unit_assert_hex(a, sizeof(a), "00000000");
}

static void guarded_memory_comes_and_goes(void **state)
{
	(void)state;
	uint8_t *p = secret_new(100);
	assert_non_null(p);
	memset(p, 1, 100);
	secret_free(p);
	secret_free(NULL);
}

static void system_random_source_fills(void **state)
{
	(void)state;
	uint8_t a[32] = {0}, b[32] = {0};
	rng_fill(&rng_system, a, sizeof(a));
	rng_fill(&rng_system, b, sizeof(b));
	assert_memory_not_equal(a, b, sizeof(a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(alice_and_bob_agree),
	    cmocka_unit_test(dh_vectors),
	    cmocka_unit_test(dh_refuses_points_of_small_order),
	    cmocka_unit_test(aead_vector),
	    cmocka_unit_test(aead_refuses_any_change),
	    cmocka_unit_test(aead_of_nothing_is_a_tag),
	    cmocka_unit_test(blake2b_vector),
	    cmocka_unit_test(hmac_blake2b_agrees_with_libcrypto),
	    cmocka_unit_test(hmac_blake2b_vectors),
	    cmocka_unit_test(hkdf_vectors),
	    cmocka_unit_test(sha3_vectors),
	    cmocka_unit_test(hmac_sha256_vectors),
	    cmocka_unit_test(password_hash_vectors),
	    cmocka_unit_test(password_hash_parameters_are_bounded),
	    cmocka_unit_test(password_hash_limits_have_names),
	    cmocka_unit_test(sealbox_opens_only_unchanged),
	    cmocka_unit_test(wiping_and_comparing),
	    cmocka_unit_test(guarded_memory_comes_and_goes),
	    cmocka_unit_test(system_random_source_fills),
	};
	return cmocka_run_group_tests(tests, start, NULL);
}
