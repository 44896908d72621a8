/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A conversation under the ratchet: what is lost or late, and the bound. */
#include "ratchet_help.h"

/* ---- a conversation ------------------------------------------------------- */

static void test_both_ways(void **state)
{
	(void)state;
	opens(&bob, seal(&alice, "Hello Bob"), "Hello Bob");
	opens(&alice, seal(&bob, "Hello Alice"), "Hello Alice");
	opens(&bob, seal(&alice, "one"), "one");
	opens(&bob, seal(&alice, ""), "");
	opens(&bob, seal(&alice, "three"), "three");
	opens(&alice, seal(&bob, "four"), "four");
	assert_int_equal(alice.keep.n + bob.keep.n, 0);
}

/* Every turn brings new keys, and headers count as the specification says. */
static void test_turns(void **state)
{
	uint8_t last_a[KEY_BYTES] = {0}, last_b[KEY_BYTES];

	(void)state;
	memcpy(last_b, bob_first, KEY_BYTES);
	for (uint32_t turn = 0; turn < 20; turn++) {
		struct msg m;

		for (uint32_t i = 0; i <= turn % 3; i++) {
			m = seal(&alice, "a");
			assert_int_equal(number(&m, AT_N), i);
			assert_int_equal(number(&m, AT_PREVIOUS), turn ? (turn - 1) % 3 + 1 : 0);
			opens(&bob, m, "a");
		}
		assert_memory_not_equal(m.bytes, last_a, KEY_BYTES);
		memcpy(last_a, m.bytes, KEY_BYTES);
		m = seal(&bob, "b");
		assert_int_equal(number(&m, AT_N), 0);
		assert_int_equal(number(&m, AT_PREVIOUS), turn ? 1 : 0);
		assert_memory_not_equal(m.bytes, last_b, KEY_BYTES);
		memcpy(last_b, m.bytes, KEY_BYTES);
		opens(&alice, m, "b");
	}
}

/* Both write before either has read: the turns cross. */
static void test_crossing(void **state)
{
	struct msg a, b;

	(void)state;
	opens(&bob, seal(&alice, "begin"), "begin");
	for (int i = 0; i < 5; i++) {
		a = seal(&alice, "from Alice");
		b = seal(&bob, "from Bob");
		opens(&bob, a, "from Alice");
		opens(&alice, b, "from Bob");
	}
	assert_int_equal(alice.keep.n + bob.keep.n, 0);
}

static void test_responder_cannot_begin(void **state)
{
	uint8_t before[RATCHET_STATE_BYTES], after[RATCHET_STATE_BYTES], out[MSG_MAX];

	(void)state;
	ratchet_save(&bob.r, before);
	assert_int_equal(ratchet_seal(&bob.r, &bob.rng, AD, 4, (const uint8_t *)"x", 1, out),
			 ERR_WRONG_STATE);
	ratchet_save(&bob.r, after);
	assert_memory_equal(before, after, sizeof(before));
	opens(&bob, seal(&alice, ""), "");
	opens(&alice, seal(&bob, "x"), "x");
}

static void test_end_of_a_chain(void **state)
{
	uint8_t out[MSG_MAX];

	(void)state;
	alice.r.sent = UINT32_MAX - 1;
	assert_int_equal(ratchet_seal(&alice.r, &alice.rng, AD, 4, NULL, 0, out), 0);
	assert_int_equal(ratchet_seal(&alice.r, &alice.rng, AD, 4, NULL, 0, out), ERR_WRONG_STATE);
}

/* ---- lost and late -------------------------------------------------------- */

static void test_out_of_order_in_a_chain(void **state)
{
	struct msg m[5];
	const char *text[] = {"0", "1", "2", "3", "4"};
	const int order[] = {3, 0, 4, 2, 1};
	const size_t kept[] = {3, 2, 2, 1, 0};

	(void)state;
	for (int i = 0; i < 5; i++)
		m[i] = seal(&alice, text[i]);
	for (int i = 0; i < 5; i++) {
		opens(&bob, m[order[i]], text[order[i]]);
		assert_int_equal(bob.keep.n, kept[i]);
	}
	for (int i = 0; i < 5; i++)
		refuses(&bob, m[i], ERR_CRYPTO);
}

/* What was left of a chain arrives after the next chain, and the one after that, have begun. */
static void test_out_of_order_across_chains(void **state)
{
	struct msg first[4], second[3];

	(void)state;
	for (int i = 0; i < 4; i++)
		first[i] = seal(&alice, "first");
	opens(&bob, first[1], "first");
	opens(&alice, seal(&bob, "turn"), "turn");
	for (int i = 0; i < 3; i++)
		second[i] = seal(&alice, "second");
	opens(&bob, second[2], "second");
	assert_int_equal(bob.keep.n, 3 + 2);
	opens(&alice, seal(&bob, "turn"), "turn");
	opens(&bob, seal(&alice, "third"), "third");
	opens(&bob, first[3], "first");
	opens(&bob, second[0], "second");
	opens(&bob, first[0], "first");
	opens(&bob, first[2], "first");
	opens(&bob, second[1], "second");
	assert_int_equal(bob.keep.n, 0);
	opens(&alice, seal(&bob, "on"), "on");
}

/* Bob's first key never sends, so that there is no chain before his first one. */
static void test_no_chain_before_the_first(void **state)
{
	static struct side mallory;
	struct msg m;

	(void)state;
	opens(&bob, seal(&alice, "begin"), "begin");
	m = seal(&bob, "x");
	memcpy(m.bytes, bob_first, KEY_BYTES);
	refuses(&alice, m, ERR_CRYPTO);
	/* nor is a chain of zeroes one */
	mallory.seed = 99;
	mallory.rng = unit_rng(&mallory.seed);
	mallory.r = (struct ratchet){.has_send = true};
	memset(mallory.r.dh_secret, 7, KEY_BYTES);
	m = seal(&mallory, "x");
	assert_memory_equal(m.bytes, bob_first, KEY_BYTES);
	refuses(&alice, m, ERR_CRYPTO);
}

static void test_lost_messages(void **state)
{
	(void)state;
	seal(&alice, "lost");
	seal(&alice, "lost");
	opens(&bob, seal(&alice, "third"), "third");
	seal(&bob, "lost");
	opens(&alice, seal(&bob, "second"), "second");
	seal(&alice, "lost");
	opens(&bob, seal(&alice, "on"), "on");
	assert_int_equal(bob.keep.n, 3);
	assert_int_equal(alice.keep.n, 1);
}

/* Alice lost a whole turn of Bob's. */
static void test_lost_turn(void **state)
{
	(void)state;
	opens(&bob, seal(&alice, "begin"), "begin");
	seal(&bob, "lost");
	opens(&bob, seal(&alice, "still the first chain"), "still the first chain");
	opens(&alice, seal(&bob, "on"), "on");
	opens(&bob, seal(&alice, "a new one"), "a new one");
}

/* ---- the bound ------------------------------------------------------------ */

static void test_bound_in_a_chain(void **state)
{
	struct msg m, behind;

	(void)state;
	for (int i = 0; i < RATCHET_SKIP_MAX; i++)
		seal(&alice, "lost");
	m = seal(&alice, "1000 are skipped");
	behind = seal(&alice, "1001 would be");
	refuses(&bob, behind, ERR_FULL);
	opens(&bob, m, "1000 are skipped");
	assert_int_equal(bob.keep.n, RATCHET_SKIP_MAX);
	opens(&bob, behind, "1001 would be");
	seal(&alice, "lost");
	refuses(&bob, seal(&alice, "no room is left"), ERR_FULL);
}

static void test_bound_over_both_chains(void **state)
{
	struct msg m;

	(void)state;
	opens(&bob, seal(&alice, "begin"), "begin");
	for (int i = 0; i < 600; i++)
		seal(&alice, "lost");
	opens(&alice, seal(&bob, "turn"), "turn");
	for (int i = 0; i < 400; i++)
		seal(&alice, "lost");
	m = seal(&alice, "600 and 400");
	refuses(&bob, seal(&alice, "600 and 401"), ERR_FULL);
	opens(&bob, m, "600 and 400");
	assert_int_equal(bob.keep.n, RATCHET_SKIP_MAX);
	seal(&alice, "lost");
	refuses(&bob, seal(&alice, "one too many"), ERR_FULL);
}

/* Numbers that nobody sends cost nothing. */
static void test_huge_numbers(void **state)
{
	struct msg m = seal(&alice, "x"), n = m;

	(void)state;
	set_number(&n, AT_N, UINT32_MAX);
	refuses(&bob, n, ERR_CRYPTO);
	set_number(&n, AT_N, UINT32_MAX - 1);
	refuses(&bob, n, ERR_FULL);
	n = m;
	set_number(&n, AT_PREVIOUS, UINT32_MAX);
	refuses(&bob, n, ERR_CRYPTO); /* there is no previous chain yet */
	opens(&bob, m, "x");
	opens(&alice, seal(&bob, "turn"), "turn");
	m = n = seal(&alice, "y");
	set_number(&n, AT_PREVIOUS, UINT32_MAX);
	refuses(&bob, n, ERR_FULL);
	set_number(&n, AT_PREVIOUS, 0);
	refuses(&bob, n, ERR_CRYPTO);
	opens(&bob, m, "y");
}

/* The store has less room than the ratchet allows, or more. */
static size_t room_of_two(void *ctx)
{
	(void)ctx;
	return 2;
}

static size_t room_without_end(void *ctx)
{
	(void)ctx;
	return SIZE_MAX;
}

static void test_room_of_the_store(void **state)
{
	struct ratchet_skipped skipped = keep_skipped(&bob.keep);
	uint8_t out[TEXT_MAX];
	struct msg two, three, many;

	(void)state;
	seal(&alice, "lost");
	seal(&alice, "lost");
	two = seal(&alice, "x");
	three = seal(&alice, "y");
	for (int i = 0; i < RATCHET_SKIP_MAX; i++)
		many = seal(&alice, "z");
	skipped.room = room_of_two;
	assert_int_equal(
	    ratchet_open(&bob.r, &bob.rng, &skipped, AD, strlen(AD), three.bytes, three.len, out), ERR_FULL);
	skipped.room = room_without_end;
	assert_int_equal(ratchet_open(&bob.r, &bob.rng, &skipped, AD, strlen(AD), many.bytes, many.len, out),
			 ERR_FULL);
	skipped.room = room_of_two;
	assert_int_equal(ratchet_open(&bob.r, &bob.rng, &skipped, AD, strlen(AD), two.bytes, two.len, out),
			 0);
	assert_int_equal(bob.keep.n, 2);
}

/* A store that fails: the ratchet stays, so that the transaction can be lost. */
static void test_store_fails(void **state)
{
	uint8_t before[RATCHET_STATE_BYTES], after[RATCHET_STATE_BYTES], out[TEXT_MAX], zero[1] = {0};
	struct msg m;

	(void)state;
	for (int i = 0; i < 3; i++)
		seal(&alice, "lost");
	m = seal(&alice, "x");
	bob.keep.find_err = ERR_IO;
	refuses(&bob, m, ERR_IO);
	bob.keep.find_err = 0;
	ratchet_save(&bob.r, before);
	bob.keep.fail_at = 3;
	assert_int_equal(try_open(&bob, &m, out), ERR_IO);
	ratchet_save(&bob.r, after);
	assert_memory_equal(before, after, sizeof(before));
	assert_memory_equal(out, zero, 1);
	memset(&bob.keep, 0, sizeof(bob.keep)); /* rolled back */
	opens(&bob, m, "x");
	assert_int_equal(bob.keep.n, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(test_both_ways),
	    T(test_turns),
	    T(test_crossing),
	    T(test_responder_cannot_begin),
	    T(test_end_of_a_chain),
	    T(test_out_of_order_in_a_chain),
	    T(test_out_of_order_across_chains),
	    T(test_no_chain_before_the_first),
	    T(test_lost_messages),
	    T(test_lost_turn),
	    T(test_bound_in_a_chain),
	    T(test_bound_over_both_chains),
	    T(test_huge_numbers),
	    T(test_room_of_the_store),
	    T(test_store_fails),
	};

	if (crypto_start())
		return 1;
	return cmocka_run_group_tests_name("ratchet", tests, NULL, NULL);
}
