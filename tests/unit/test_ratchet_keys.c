/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Attacks on the ratchet, what is left of old keys, and the state on disk. */
#include "ratchet_help.h"

/* ---- attacks -------------------------------------------------------------- */

static void test_replay(void **state)
{
	struct msg a, late, b;

	(void)state;
	a = seal(&alice, "x");
	opens(&bob, a, "x");
	refuses(&bob, a, ERR_CRYPTO);
	late = seal(&alice, "late");
	opens(&bob, seal(&alice, "early"), "early");
	opens(&bob, late, "late");
	refuses(&bob, late, ERR_CRYPTO);
	b = seal(&bob, "turn");
	opens(&alice, b, "turn");
	refuses(&alice, b, ERR_CRYPTO);
	opens(&bob, seal(&alice, "next chain"), "next chain");
	refuses(&bob, a, ERR_CRYPTO);
	refuses(&bob, late, ERR_CRYPTO);
	opens(&bob, seal(&alice, "on"), "on");
}

static void test_reflected(void **state)
{
	(void)state;
	refuses(&alice, seal(&alice, "x"), ERR_CRYPTO);
	opens(&bob, seal(&alice, "x"), "x");
}

static void each_bit(struct side *to, struct msg m, const char *text)
{
	for (size_t bit = 0; bit < 8 * m.len; bit++) {
		struct msg bad = m;
		uint8_t out[TEXT_MAX];
		bool in_number = bit / 8 >= KEY_BYTES && bit / 8 < KEY_BYTES + 8;

		bad.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		/* A number may ask for too much.  (X25519 ignores the top bit of a key; the tag does not.) */
		refuses(to, bad, in_number && try_open(to, &bad, out) == ERR_FULL ? ERR_FULL : ERR_CRYPTO);
	}
	opens(to, m, text);
}

static void test_every_bit_changes_nothing(void **state)
{
	struct msg skipped;

	(void)state;
	each_bit(&bob, seal(&alice, "the first"), "the first");
	skipped = seal(&alice, "skipped");
	each_bit(&bob, seal(&alice, "with a gap"), "with a gap");
	each_bit(&bob, skipped, "skipped");
	each_bit(&alice, seal(&bob, "a turn"), "a turn");
	seal(&alice, "lost");
	each_bit(&bob, seal(&alice, "a turn with a gap"), "a turn with a gap");
	each_bit(&bob, seal(&alice, ""), "");
}

static void test_every_length(void **state)
{
	struct msg m = seal(&alice, "a message that is cut"), cut;

	(void)state;
	for (cut = m, cut.len = 0; cut.len < m.len; cut.len++)
		refuses(&bob, cut, cut.len < RATCHET_OVERHEAD ? ERR_PROTOCOL : ERR_CRYPTO);
	cut.len = m.len + 1;
	refuses(&bob, cut, ERR_CRYPTO);
	opens(&bob, m, "a message that is cut");
}

static void test_keys_of_small_order(void **state)
{
	struct ratchet_root root = {.initiator = true};
	struct msg m = seal(&alice, "x");
	uint8_t zero[sizeof(struct ratchet)] = {0};
	struct ratchet r;

	(void)state;
	memset(m.bytes, 0, KEY_BYTES);
	refuses(&bob, m, ERR_CRYPTO);
	m.bytes[0] = 1;
	refuses(&bob, m, ERR_CRYPTO);
	opens(&bob, seal(&alice, "y"), "y");
	memset(m.bytes, 0, KEY_BYTES);
	refuses(&bob, m, ERR_CRYPTO);
	assert_int_equal(ratchet_init(&r, &alice.rng, &root), ERR_CRYPTO);
	assert_memory_equal(&r, zero, sizeof(r));
}

static void test_associated_data(void **state)
{
	const struct ratchet_skipped skipped = keep_skipped(&bob.keep);
	uint8_t out[MSG_MAX], ad[RATCHET_AD_MAX + 1] = {0};
	struct msg m = seal(&alice, "x");

	(void)state;
	assert_int_equal(ratchet_open(&bob.r, &bob.rng, &skipped, "another one", 11, m.bytes, m.len, out),
			 ERR_CRYPTO);
	assert_int_equal(ratchet_open(&bob.r, &bob.rng, &skipped, AD, strlen(AD) - 1, m.bytes, m.len, out),
			 ERR_CRYPTO);
	assert_int_equal(ratchet_open(&bob.r, &bob.rng, &skipped, NULL, 0, m.bytes, m.len, out), ERR_CRYPTO);
	assert_int_equal(ratchet_open(&bob.r, &bob.rng, &skipped, ad, sizeof(ad), m.bytes, m.len, out),
			 ERR_TOO_LONG);
	opens(&bob, m, "x");
	assert_int_equal(ratchet_seal(&alice.r, &alice.rng, ad, sizeof(ad), NULL, 0, out), ERR_TOO_LONG);
	assert_int_equal(ratchet_seal(&alice.r, &alice.rng, ad, RATCHET_AD_MAX, NULL, 0, out), 0);
	assert_int_equal(
	    ratchet_open(&bob.r, &bob.rng, &skipped, ad, RATCHET_AD_MAX, out, RATCHET_OVERHEAD, NULL), 0);
	assert_int_equal(ratchet_seal(&alice.r, &alice.rng, NULL, 0, NULL, 0, out), 0);
	assert_int_equal(ratchet_open(&bob.r, &bob.rng, &skipped, NULL, 0, out, RATCHET_OVERHEAD, NULL), 0);
}

/* ---- what is left of old keys --------------------------------------------- */

/* Everything that Bob still has, for Mallory: does it open the message? */
static bool opens_with_state(const struct side *p, const struct msg *m)
{
	static struct side thief;
	uint8_t saved[RATCHET_STATE_BYTES], out[TEXT_MAX];

	thief = *p;
	ratchet_save(&p->r, saved);
	assert_int_equal(ratchet_load(&thief.r, saved, sizeof(saved)), 0);
	return !try_open(&thief, m, out);
}

static bool contains(const void *data, size_t len, const uint8_t secret[KEY_BYTES])
{
	const uint8_t *p = data;

	for (size_t i = 0; i + KEY_BYTES <= len; i++)
		if (!memcmp(p + i, secret, KEY_BYTES))
			return true;
	return false;
}

static void test_old_keys_are_gone(void **state)
{
	struct msg first, late, second, turn;
	struct ratchet before;

	(void)state;
	before = bob.r;
	first = seal(&alice, "first");
	opens(&bob, first, "first");
	/* the root, and the secret of the first ratchet key, with which all began */
	assert_false(contains(&bob.r, sizeof(bob.r), before.root));
	assert_false(contains(&bob.r, sizeof(bob.r), before.dh_secret));
	late = seal(&alice, "late");
	before = bob.r;
	second = seal(&alice, "second");
	opens(&bob, second, "second");
	assert_false(contains(&bob.r, sizeof(bob.r), before.recv_chain));
	assert_true(opens_with_state(&bob, &late)); /* so that this is a test */
	opens(&bob, late, "late");
	before = bob.r;
	turn = seal(&bob, "turn");
	assert_false(contains(&bob.r, sizeof(bob.r), before.send_chain));
	opens(&alice, turn, "turn");
	opens(&bob, seal(&alice, "next"), "next");
	assert_false(contains(&bob.r, sizeof(bob.r), before.root));
	assert_false(contains(&bob.r, sizeof(bob.r), before.dh_secret));
	assert_false(opens_with_state(&bob, &first));
	assert_false(opens_with_state(&bob, &late));
	assert_false(opens_with_state(&bob, &second));
	assert_false(opens_with_state(&alice, &turn));
	assert_false(opens_with_state(&bob, &turn)); /* nor his own */
}

/* Mallory has copied all of Alice's state.  After a turn of each side she reads nothing any more. */
static void test_recovery(void **state)
{
	static struct side thief;
	uint8_t out[TEXT_MAX];
	struct msg m;

	(void)state;
	opens(&bob, seal(&alice, "x"), "x");
	opens(&alice, seal(&bob, "x"), "x");
	thief = alice;
	thief.rng = unit_rng(&thief.seed);
	thief.seed = 99; /* but not what she will draw */
	opens(&bob, seal(&alice, "x"), "x");
	m = seal(&bob, "x");
	opens(&alice, m, "x");
	opens(&thief, m, "x");
	opens(&bob, seal(&alice, "x"), "x");
	m = seal(&bob, "safe again");
	assert_int_equal(try_open(&thief, &m, out), ERR_CRYPTO);
	opens(&alice, m, "safe again");
}

/* A state that was put back from a backup seals its next message with another key. */
static void test_restored_state(void **state)
{
	uint8_t saved[RATCHET_STATE_BYTES];
	struct msg one, two, mixed;

	(void)state;
	ratchet_save(&alice.r, saved);
	one = seal(&alice, "the same text");
	assert_int_equal(ratchet_load(&alice.r, saved, sizeof(saved)), 0);
	two = seal(&alice, "the same text");
	assert_memory_equal(one.bytes, two.bytes, KEY_BYTES + 8);
	assert_memory_not_equal(one.bytes + KEY_BYTES + 8, two.bytes + KEY_BYTES + 8, RATCHET_RANDOM_BYTES);
	assert_memory_not_equal(one.bytes + RATCHET_HEADER_BYTES, two.bytes + RATCHET_HEADER_BYTES,
				two.len - RATCHET_HEADER_BYTES);
	/* and not only because the header is associated data */
	for (size_t i = 0, same = 0; i < strlen("the same text"); i++) {
		same += one.bytes[RATCHET_HEADER_BYTES + i] == two.bytes[RATCHET_HEADER_BYTES + i];
		assert_true(same < 4);
	}
	mixed = two;
	memcpy(mixed.bytes, one.bytes, RATCHET_HEADER_BYTES);
	refuses(&bob, mixed, ERR_CRYPTO);
	opens(&bob, two, "the same text");
}

/* ---- on disk -------------------------------------------------------------- */

static void reload(struct side *p)
{
	uint8_t saved[RATCHET_STATE_BYTES], again[RATCHET_STATE_BYTES];

	ratchet_save(&p->r, saved);
	memset(&p->r, 0x55, sizeof(p->r));
	assert_int_equal(ratchet_load(&p->r, saved, sizeof(saved)), 0);
	ratchet_save(&p->r, again);
	assert_memory_equal(saved, again, sizeof(saved));
}

static void test_saved_between_all_steps(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++) {
		struct msg late, m;

		reload(&alice);
		reload(&bob);
		late = seal(&alice, "late");
		reload(&alice);
		m = seal(&alice, "x");
		reload(&alice);
		opens(&bob, m, "x");
		reload(&bob);
		opens(&bob, late, "late");
		m = seal(&bob, "y");
		reload(&bob);
		opens(&alice, m, "y");
	}
}

static void assert_unloadable(const uint8_t *saved, size_t len)
{
	uint8_t zero[sizeof(struct ratchet)] = {0};
	struct ratchet r;

	assert_int_equal(ratchet_load(&r, saved, len), ERR_INVALID);
	assert_memory_equal(&r, zero, sizeof(r));
}

static void test_not_a_state(void **state)
{
	uint8_t saved[RATCHET_STATE_BYTES + 1] = {0}, good[RATCHET_STATE_BYTES];
	const size_t flags = RATCHET_STATE_BYTES - 1;
	struct ratchet r;

	(void)state;
	opens(&bob, seal(&alice, "x"), "x");
	ratchet_save(&bob.r, saved);
	for (size_t len = 0; len < RATCHET_STATE_BYTES; len++)
		assert_unloadable(saved, len);
	assert_unloadable(saved, RATCHET_STATE_BYTES + 1);
	for (unsigned v = 0; v < 256; v++) {
		saved[flags] = (uint8_t)v;
		if (v != 3)
			assert_unloadable(saved, RATCHET_STATE_BYTES);
	}
	/* what a state before its first message cannot have: all but the root and the own key is zero */
	setup(NULL);
	ratchet_save(&bob.r, good);
	for (size_t i = 2 * KEY_BYTES; i < RATCHET_STATE_BYTES; i++) {
		memcpy(saved, good, sizeof(good));
		saved[i] = 4;
		assert_unloadable(saved, RATCHET_STATE_BYTES);
	}
	memcpy(saved, good, sizeof(good));
	saved[flags] = 2; /* received, but cannot answer */
	assert_unloadable(saved, RATCHET_STATE_BYTES);
	/* of one that has only sent: no receiving chain, nothing received, no chain before */
	ratchet_save(&alice.r, good);
	for (size_t i = 4 * KEY_BYTES; i < RATCHET_STATE_BYTES - 1; i++) {
		bool sent = i >= 5 * KEY_BYTES && i < 5 * KEY_BYTES + 4;

		memcpy(saved, good, sizeof(good));
		saved[i] = 4;
		assert_int_equal(ratchet_load(&r, saved, RATCHET_STATE_BYTES), sent ? 0 : ERR_INVALID);
	}
}

/* ---- the root ------------------------------------------------------------- */

static void test_root_and_epoch(void **state)
{
	uint8_t ck[HASH_BYTES] = {1}, out1[HASH_BYTES], out2[HASH_BYTES], sk[KEY_BYTES], epoch[EPOCH_BYTES];

	(void)state;
	ratchet_root_sk(ck, sk);
	hkdf(ck, sizeof(ck), (const uint8_t *)"allium ratchet root", 19, out1, out2, NULL);
	assert_memory_equal(sk, out1, KEY_BYTES);
	ratchet_epoch(sk, epoch);
	hmac(sk, KEY_BYTES, "allium epoch", 12, out1);
	assert_memory_equal(epoch, out1, EPOCH_BYTES);
}

/* Another root, another session: nothing of it opens here. */
static void test_other_roots(void **state)
{
	struct ratchet_root a, b;
	static struct side other;

	(void)state;
	roots(&a, &b);
	a.sk[0] ^= 1;
	side_init(&other, 33, &a);
	refuses(&bob, seal(&other, "x"), ERR_CRYPTO);
	roots(&a, &b);
	dh_public(b.sk, a.key);
	side_init(&other, 33, &a);
	refuses(&bob, seal(&other, "x"), ERR_CRYPTO);
	opens(&bob, seal(&alice, "x"), "x");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(test_replay),
	    T(test_reflected),
	    T(test_every_bit_changes_nothing),
	    T(test_every_length),
	    T(test_keys_of_small_order),
	    T(test_associated_data),
	    T(test_old_keys_are_gone),
	    T(test_recovery),
	    T(test_restored_state),
	    T(test_saved_between_all_steps),
	    T(test_not_a_state),
	    T(test_root_and_epoch),
	    T(test_other_roots),
	};

	if (crypto_start())
		return 1;
	return cmocka_run_group_tests_name("ratchet keys", tests, NULL, NULL);
}
