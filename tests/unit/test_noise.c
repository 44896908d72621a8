/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit.h"

#include "base/err.h"
#include "link/noise.h"

/* ---- published vectors ---------------------------------------------------- */

/* A random source that yields one prepared key. */
static void key_fill(void *ctx, uint8_t *out, size_t len)
{
	assert_int_equal(len, KEY_BYTES);
	unit_hex(ctx, out, len);
}

struct vector {
	const char *prologue;
	const char *hash;
	bool hash_1;		/* hash is the one after message 1, not the final one */
	const char *message[6]; /* two of the handshake, then in turns */
};

/* Both collections use the same keys and payloads. */
#define INIT_STATIC    "e61ef9919cde45dd5f82166404bd08e38bceb5dfdfded0a34c8df7ed542214d1"
#define INIT_EPHEMERAL "893e28b9dc6ca8d611ab664754b8ceb7bac5117349a4439a6b0569da977c464a"
#define RESP_STATIC    "4a3acbfdb163dec651dfa3194dece676d437029c62a408b4c5ea9114246e4893"
#define RESP_PUBLIC    "31e0303fd6418d2f8c0e78b91f22e8caed0fbe48656dcf4767e4834f701b8f62"
#define RESP_EPHEMERAL "bbdb4cdbd309f1a1f2e1456967fe288cadd6f712d65dc7b7793d5e63da6b375b"

static const char *const payloads[6] = {
    "4c756477696720766f6e204d69736573",
    "4d757272617920526f746862617264",
    "462e20412e20486179656b",
    "4361726c204d656e676572",
    "4a65616e2d426170746973746520536179",
    "457567656e2042f6686d20766f6e2042617765726b",
};

static const struct vector cacophony = {
    "4a6f686e2047616c74",
    "5e19a179a87f6b55fee752f66ebe7e56f13107594a93f0b9d96358c5306426e9"
    "fa98fa56b28af63596b83e104618eea200e6678d5d823cfd0a71a89b431a976a",
    true,
    {
	"ca35def5ae56cec33dc2036731ab14896bc4c75dbb07a61f879f8e3afa4c7944"
	"ba83a447b38c83e327ad936929812f624884847b7831e95e197b2f797088efdd2f88f1db7e1fb0e99c64419097af91ce"
	"e64e470f4b6fcd9298ce0b56fe20f86e13bf70439c538e3602a7127af71a29cc",
	"95ebc60d2b1fa672c1f46a8aa265ef51bfe38e7ccb39ec5be34069f144808843"
	"9f069b267a06b3de3ecb1043bcb098e9af91d9c64748d998c7b47890871571",
	"cd54383060e7a28434cca27fb1cc524cfbabeb18181589df219d07",
	"a856d3bf0246bfc476c655009cd1ed677b8dcc5b349ae8ef2a05f2",
	"49063084b2c51f098337cb8a13739ac848f907e67cfb2cc8a8b60586467aa02fc7",
	"8b9709d23b47e4639df7678d7a21741eba4ef1e9c60383001c7435549c20f9d56f30e935d3",
    }};

static const struct vector noise_c = {
    "50726f6c6f677565313233",
    "00e51d2aac81a9b8ebe441d6af3e1c8efc0f030cc608332edcb42588ff6a0ce2"
    "6415ddc106e95277a5e6d54132f1e5245976b89caf96d262f1fe5a7f0c55c078",
    false,
    {
	"ca35def5ae56cec33dc2036731ab14896bc4c75dbb07a61f879f8e3afa4c7944"
	"ba83a447b38c83e327ad936929812f624884847b7831e95e197b2f797088efdd232fe541af156ec6d0657602902a8c3e"
	"e64e470f4b6fcd9298ce0b56fe20f86e60d9d933ec6e103ffb09e6001d6abb64",
	"95ebc60d2b1fa672c1f46a8aa265ef51bfe38e7ccb39ec5be34069f144808843"
	"9f069b267a06b3de3ecb1043bcb09807c6cd101f3826192a65f11ef3fe4317",
	"cd54383060e7a28434cca27fb1cc524cfbabeb18181589df219d07",
	"a856d3bf0246bfc476c655009cd1ed677b8dcc5b349ae8ef2a05f2",
	"49063084b2c51f098337cb8a13739ac848f907e67cfb2cc8a8b60586467aa02fc7",
	"8b9709d23b47e4639df7678d7a21741eba4ef1e9c60383001c7435549c20f9d56f30e935d3",
    }};

static size_t payload(size_t i, uint8_t out[64])
{
	size_t len = strlen(payloads[i]) / 2;

	unit_hex(payloads[i], out, len);
	return len;
}

static void run_transport(const struct vector *v, size_t i, struct noise_cipher *send,
			  struct noise_cipher *recv)
{
	uint8_t plain[64], sealed[80], opened[64];
	size_t len = payload(i, plain);

	assert_int_equal(noise_encrypt(send, NULL, 0, plain, len, sealed), 0);
	unit_assert_hex(sealed, len + AEAD_TAG_BYTES, v->message[i]);
	assert_int_equal(noise_decrypt(recv, NULL, 0, sealed, len + AEAD_TAG_BYTES, opened), 0);
	assert_memory_equal(opened, plain, len);
}

/* The hash at the end; where the vector has the one after message 1, message 2 is mixed in as it was
 * published. */
static void final_hash(const struct vector *v, uint8_t out[HASH_BYTES])
{
	uint8_t msg[256];
	size_t len = strlen(v->message[1]) / 2;

	unit_hex(v->hash, out, HASH_BYTES);
	if (!v->hash_1)
		return;
	unit_hex(v->message[1], msg, len);
	hash2(out, HASH_BYTES, msg, KEY_BYTES, out);
	hash2(out, HASH_BYTES, msg + KEY_BYTES, len - KEY_BYTES, out);
}

static void run_vector(const struct vector *v)
{
	const struct rng alice_rng = {key_fill, (void *)INIT_EPHEMERAL},
			 bob_rng = {key_fill, (void *)RESP_EPHEMERAL};
	size_t prologue_len = strlen(v->prologue) / 2, len;
	uint8_t prologue[16], as[KEY_BYTES], bs[KEY_BYTES], bs_public[KEY_BYTES], as_public[KEY_BYTES];
	uint8_t plain[64], msg[256], opened[64], ck_a[HASH_BYTES], ck_b[HASH_BYTES];
	uint8_t expected[HASH_BYTES], hash[HASH_BYTES];
	struct noise_cipher a_send, a_recv, b_send, b_recv;
	struct noise *alice, *bob;

	unit_hex(v->prologue, prologue, prologue_len);
	unit_hex(INIT_STATIC, as, sizeof(as));
	unit_hex(RESP_STATIC, bs, sizeof(bs));
	unit_hex(RESP_PUBLIC, bs_public, sizeof(bs_public));
	dh_public(as, as_public);
	alice = noise_new_initiator(&alice_rng, prologue, prologue_len, as, bs_public);
	bob = noise_new_responder(&bob_rng, prologue, prologue_len, bs);
	assert_non_null(alice);
	assert_non_null(bob);

	len = payload(0, plain);
	assert_int_equal(noise_write_1(alice, plain, len, msg), 0);
	unit_assert_hex(msg, NOISE_MSG1_OVERHEAD + len, v->message[0]);
	assert_int_equal(noise_read_1(bob, msg, NOISE_MSG1_OVERHEAD + len, opened), 0);
	assert_memory_equal(opened, plain, len);
	assert_memory_equal(noise_remote_static(bob), as_public, KEY_BYTES);
	assert_memory_equal(noise_remote_static(alice), bs_public, KEY_BYTES);

	len = payload(1, plain);
	assert_int_equal(noise_write_2(bob, plain, len, msg), 0);
	unit_assert_hex(msg, NOISE_MSG2_OVERHEAD + len, v->message[1]);
	assert_int_equal(noise_read_2(alice, msg, NOISE_MSG2_OVERHEAD + len, opened), 0);
	assert_memory_equal(opened, plain, len);

	final_hash(v, expected);
	assert_int_equal(noise_split(alice, &a_send, &a_recv, hash, ck_a), 0);
	assert_memory_equal(hash, expected, HASH_BYTES);
	assert_int_equal(noise_split(bob, &b_send, &b_recv, hash, ck_b), 0);
	assert_memory_equal(hash, expected, HASH_BYTES);
	assert_memory_equal(ck_a, ck_b, HASH_BYTES);
	assert_memory_not_equal(ck_a, hash, HASH_BYTES);
	for (size_t i = 2; i < 6; i += 2) {
		run_transport(v, i, &a_send, &b_recv);
		run_transport(v, i + 1, &b_send, &a_recv);
	}
	noise_free(alice);
	noise_free(bob);
}

static void test_cacophony(void **state)
{
	(void)state;
	run_vector(&cacophony);
}

static void test_noise_c(void **state)
{
	(void)state;
	run_vector(&noise_c);
}

/* ---- Alice dials Bob ------------------------------------------------------ */

#define ALICE_SEED 1
#define BOB_SEED   2

struct pair {
	uint64_t seed_a, seed_b;
	struct rng rng_a, rng_b;
	uint8_t a_secret[KEY_BYTES], b_secret[KEY_BYTES], b_public[KEY_BYTES];
	struct noise *alice, *bob;
};

static void pair_init(struct pair *p)
{
	p->seed_a = ALICE_SEED;
	p->seed_b = BOB_SEED;
	p->rng_a = unit_rng(&p->seed_a);
	p->rng_b = unit_rng(&p->seed_b);
	rng_fill(&p->rng_a, p->a_secret, KEY_BYTES);
	rng_fill(&p->rng_b, p->b_secret, KEY_BYTES);
	dh_public(p->b_secret, p->b_public);
	p->alice = noise_new_initiator(&p->rng_a, "here", 4, p->a_secret, p->b_public);
	p->bob = noise_new_responder(&p->rng_b, "here", 4, p->b_secret);
	assert_non_null(p->alice);
	assert_non_null(p->bob);
}

static void pair_clear(struct pair *p)
{
	noise_free(p->alice);
	noise_free(p->bob);
}

/* A state that failed answers nothing any more, whatever is tried. */
static void assert_unusable(struct noise *n)
{
	static const uint8_t zero[KEY_BYTES];
	struct noise_cipher c;
	uint8_t msg[NOISE_MSG1_OVERHEAD] = {0};

	assert_int_equal(noise_write_1(n, NULL, 0, msg), ERR_WRONG_STATE);
	assert_int_equal(noise_read_1(n, msg, NOISE_MSG1_OVERHEAD, NULL), ERR_WRONG_STATE);
	assert_int_equal(noise_write_2(n, NULL, 0, msg), ERR_WRONG_STATE);
	assert_int_equal(noise_read_2(n, msg, NOISE_MSG2_OVERHEAD, NULL), ERR_WRONG_STATE);
	assert_int_equal(noise_split(n, &c, &c, NULL, NULL), ERR_WRONG_STATE);
	assert_memory_equal(noise_remote_static(n), zero, KEY_BYTES);
}

static void test_flipped_message_1(void **state)
{
	(void)state;
	for (size_t i = 0; i < NOISE_MSG1_OVERHEAD + 5; i++) {
		struct pair p;
		uint8_t msg[NOISE_MSG1_OVERHEAD + 5], out[5] = "xxxxx";

		pair_init(&p);
		assert_int_equal(noise_write_1(p.alice, (const uint8_t *)"hello", 5, msg), 0);
		msg[i] ^= (uint8_t)(1 << i % 7);
		assert_int_equal(noise_read_1(p.bob, msg, sizeof(msg), out), ERR_CRYPTO);
		assert_memory_not_equal(out, "hello", 5);
		assert_unusable(p.bob);
		pair_clear(&p);
	}
}

static void test_flipped_message_2(void **state)
{
	(void)state;
	for (size_t i = 0; i < NOISE_MSG2_OVERHEAD + 5; i++) {
		struct pair p;
		uint8_t msg[NOISE_MSG1_OVERHEAD + 5], out[5] = "xxxxx";

		pair_init(&p);
		assert_int_equal(noise_write_1(p.alice, NULL, 0, msg), 0);
		assert_int_equal(noise_read_1(p.bob, msg, NOISE_MSG1_OVERHEAD, NULL), 0);
		assert_int_equal(noise_write_2(p.bob, (const uint8_t *)"hello", 5, msg), 0);
		msg[i] ^= (uint8_t)(1 << i % 7);
		assert_int_equal(noise_read_2(p.alice, msg, NOISE_MSG2_OVERHEAD + 5, out), ERR_CRYPTO);
		assert_memory_not_equal(out, "hello", 5);
		assert_unusable(p.alice);
		pair_clear(&p);
	}
}

static void test_truncated(void **state)
{
	(void)state;
	static const size_t lengths[] = {0, 1, 31, 32, 79, 80, NOISE_MSG1_OVERHEAD - 1};

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		struct pair p;
		uint8_t msg[NOISE_MSG1_OVERHEAD];

		pair_init(&p);
		assert_int_equal(noise_write_1(p.alice, NULL, 0, msg), 0);
		assert_int_equal(noise_read_1(p.bob, msg, lengths[i], NULL), ERR_PROTOCOL);
		assert_unusable(p.bob);
		assert_int_equal(noise_read_2(p.alice, msg, NOISE_MSG2_OVERHEAD - 1, NULL), ERR_PROTOCOL);
		assert_unusable(p.alice);
		pair_clear(&p);
	}
}

static void test_too_long(void **state)
{
	static uint8_t payload_bytes[NOISE_PAYLOAD_MAX + 1], msg[NOISE_MSG1_OVERHEAD + NOISE_PAYLOAD_MAX + 1];
	struct pair p;

	(void)state;
	pair_init(&p);
	assert_int_equal(noise_write_1(p.alice, payload_bytes, NOISE_PAYLOAD_MAX + 1, msg), ERR_TOO_LONG);
	assert_unusable(p.alice);
	assert_int_equal(noise_read_1(p.bob, msg, sizeof(msg), payload_bytes), ERR_PROTOCOL);
	assert_unusable(p.bob);
	pair_clear(&p);
}

/* Alice meant somebody else's key, or another place. */
static void test_wrong_key_and_prologue(void **state)
{
	struct pair p;
	struct noise *bob;
	uint8_t msg[NOISE_MSG1_OVERHEAD];

	(void)state;
	pair_init(&p);
	assert_int_equal(noise_write_1(p.alice, NULL, 0, msg), 0);
	bob = noise_new_responder(&p.rng_b, "there", 5, p.b_secret);
	assert_int_equal(noise_read_1(bob, msg, sizeof(msg), NULL), ERR_CRYPTO);
	noise_free(bob);
	bob = noise_new_responder(&p.rng_b, "here", 4, p.a_secret);
	assert_int_equal(noise_read_1(bob, msg, sizeof(msg), NULL), ERR_CRYPTO);
	noise_free(bob);
	assert_int_equal(noise_read_1(p.bob, msg, sizeof(msg), NULL), 0);
	pair_clear(&p);
}

/* Points of small order make every shared secret zero, whoever computes it. */
static void test_zero_dh(void **state)
{
	static const char *const points[] = {
	    "0000000000000000000000000000000000000000000000000000000000000000",
	    "0100000000000000000000000000000000000000000000000000000000000000",
	    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
	    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
		struct pair p;
		struct noise *alice;
		uint8_t point[KEY_BYTES], msg[NOISE_MSG1_OVERHEAD];

		pair_init(&p);
		unit_hex(points[i], point, sizeof(point));
		/* a responder's static key */
		alice = noise_new_initiator(&p.rng_a, "here", 4, p.a_secret, point);
		assert_int_equal(noise_write_1(alice, NULL, 0, msg), ERR_CRYPTO);
		assert_unusable(alice);
		noise_free(alice);
		/* an initiator's ephemeral key */
		assert_int_equal(noise_write_1(p.alice, NULL, 0, msg), 0);
		memcpy(msg, point, sizeof(point));
		assert_int_equal(noise_read_1(p.bob, msg, sizeof(msg), NULL), ERR_CRYPTO);
		assert_unusable(p.bob);
		/* a responder's ephemeral key */
		assert_int_equal(noise_read_2(p.alice, msg, NOISE_MSG2_OVERHEAD, NULL), ERR_CRYPTO);
		assert_unusable(p.alice);
		pair_clear(&p);
	}
}

static void test_out_of_turn(void **state)
{
	struct pair p;
	struct noise_cipher c;
	uint8_t msg[NOISE_MSG1_OVERHEAD];

	(void)state;
	pair_init(&p);
	assert_int_equal(noise_read_1(p.alice, msg, sizeof(msg), NULL), ERR_WRONG_STATE);
	assert_unusable(p.alice);
	assert_int_equal(noise_write_2(p.bob, NULL, 0, msg), ERR_WRONG_STATE);
	assert_unusable(p.bob);
	pair_clear(&p);

	pair_init(&p);
	assert_int_equal(noise_write_1(p.alice, NULL, 0, msg), 0);
	assert_int_equal(noise_split(p.alice, &c, &c, NULL, NULL), ERR_WRONG_STATE);
	assert_unusable(p.alice);
	assert_int_equal(noise_read_1(p.bob, msg, sizeof(msg), NULL), 0);
	assert_int_equal(noise_read_1(p.bob, msg, sizeof(msg), NULL), ERR_WRONG_STATE);
	assert_unusable(p.bob);
	pair_clear(&p);
}

static void test_split_once(void **state)
{
	struct pair p;
	struct noise_cipher send, recv;
	uint8_t msg[NOISE_MSG1_OVERHEAD];

	(void)state;
	pair_init(&p);
	assert_int_equal(noise_write_1(p.alice, NULL, 0, msg), 0);
	assert_int_equal(noise_read_1(p.bob, msg, sizeof(msg), NULL), 0);
	assert_int_equal(noise_write_2(p.bob, NULL, 0, msg), 0);
	assert_int_equal(noise_split(p.bob, &send, &recv, NULL, NULL), 0);
	assert_int_equal(noise_split(p.bob, &send, &recv, NULL, NULL), ERR_WRONG_STATE);
	assert_unusable(p.bob);
	pair_clear(&p);
}

/* ---- the cipher alone ----------------------------------------------------- */

static void test_nonces_run_out(void **state)
{
	struct noise_cipher c = {{7}, UINT64_MAX - 1}, d = c;
	uint8_t plain[4] = "abcd", sealed[4 + AEAD_TAG_BYTES], opened[4];

	(void)state;
	assert_int_equal(noise_encrypt(&c, NULL, 0, plain, 4, sealed), 0);
	assert_int_equal(noise_decrypt(&d, NULL, 0, sealed, sizeof(sealed), opened), 0);
	assert_memory_equal(opened, plain, 4);
	assert_int_equal(noise_encrypt(&c, NULL, 0, plain, 4, sealed), ERR_WRONG_STATE);
	assert_int_equal(noise_decrypt(&d, NULL, 0, sealed, sizeof(sealed), opened), ERR_WRONG_STATE);
	assert_true(c.n == UINT64_MAX);
}

/* What does not verify moves no counter. */
static void test_cipher_refuses(void **state)
{
	struct noise_cipher c = {{7}, 5}, d = c;
	uint8_t plain[4] = "abcd", sealed[4 + AEAD_TAG_BYTES], opened[4] = "xxxx";

	(void)state;
	assert_int_equal(noise_encrypt(&c, "ad", 2, plain, 4, sealed), 0);
	assert_int_equal(noise_decrypt(&d, "da", 2, sealed, sizeof(sealed), opened), ERR_CRYPTO);
	assert_int_equal(noise_decrypt(&d, "ad", 2, sealed, AEAD_TAG_BYTES - 1, opened), ERR_PROTOCOL);
	assert_true(d.n == 5);
	assert_int_equal(noise_decrypt(&d, "ad", 2, sealed, sizeof(sealed), opened), 0);
	assert_true(d.n == 6);
	assert_int_equal(noise_decrypt(&d, "ad", 2, sealed, sizeof(sealed), opened), ERR_CRYPTO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_cacophony),
	    cmocka_unit_test(test_noise_c),
	    cmocka_unit_test(test_flipped_message_1),
	    cmocka_unit_test(test_flipped_message_2),
	    cmocka_unit_test(test_truncated),
	    cmocka_unit_test(test_too_long),
	    cmocka_unit_test(test_wrong_key_and_prologue),
	    cmocka_unit_test(test_zero_dh),
	    cmocka_unit_test(test_out_of_turn),
	    cmocka_unit_test(test_split_once),
	    cmocka_unit_test(test_nonces_run_out),
	    cmocka_unit_test(test_cipher_refuses),
	};

	if (crypto_start())
		return 1;
	return cmocka_run_group_tests_name("noise", tests, NULL, NULL);
}
