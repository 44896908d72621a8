/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Alice dialled Bob: she is the ratchet's initiator.  Messages go from one to the other by hand, so that a
 * test can hold, change, repeat or lose each.
 */
#include "unit.h"

#include "../ratchet_keep.h"

#define AD	 "the session"
#define TEXT_MAX 64
#define MSG_MAX	 (TEXT_MAX + RATCHET_OVERHEAD)

struct side {
	uint64_t seed;
	struct rng rng;
	struct ratchet r;
	struct keep keep;
};

struct msg {
	uint8_t bytes[MSG_MAX];
	size_t len;
};

static struct side alice, bob;
static uint8_t bob_first[KEY_BYTES]; /* his first ratchet key, public */

static void side_init(struct side *p, uint64_t seed, const struct ratchet_root *root)
{
	memset(p, 0, sizeof(*p));
	p->seed = seed;
	p->rng = unit_rng(&p->seed);
	assert_int_equal(ratchet_init(&p->r, &p->rng, root), 0);
}

static void roots(struct ratchet_root *a, struct ratchet_root *b)
{
	memset(b->sk, 9, KEY_BYTES);
	memset(b->key, 7, KEY_BYTES);
	b->initiator = false;
	*a = *b;
	a->initiator = true;
	dh_public(b->key, a->key);
	memcpy(bob_first, a->key, KEY_BYTES);
}

static int setup(void **state)
{
	struct ratchet_root a, b;

	(void)state;
	roots(&a, &b);
	side_init(&alice, 11, &a);
	side_init(&bob, 22, &b);
	return 0;
}

static struct msg seal(struct side *p, const char *text)
{
	struct msg m = {.len = strlen(text) + RATCHET_OVERHEAD};

	assert_int_equal(
	    ratchet_seal(&p->r, &p->rng, AD, strlen(AD), (const uint8_t *)text, strlen(text), m.bytes), 0);
	return m;
}

static int try_open(struct side *p, const struct msg *m, uint8_t out[TEXT_MAX])
{
	const struct ratchet_skipped skipped = keep_skipped(&p->keep);

	return ratchet_open(&p->r, &p->rng, &skipped, AD, strlen(AD), m->bytes, m->len, out);
}

static void opens(struct side *p, struct msg m, const char *text)
{
	uint8_t out[TEXT_MAX];

	assert_int_equal(m.len, strlen(text) + RATCHET_OVERHEAD);
	assert_int_equal(try_open(p, &m, out), 0);
	assert_memory_equal(out, text, strlen(text));
}

/* Refused, and nothing has changed: neither the ratchet nor what is kept, and nothing came out. */
static void refuses(struct side *p, struct msg m, int err)
{
	static struct keep keep;
	uint8_t before[RATCHET_STATE_BYTES], after[RATCHET_STATE_BYTES], out[TEXT_MAX], zero[TEXT_MAX] = {0};
	size_t len = m.len < RATCHET_OVERHEAD ? 0 : m.len - RATCHET_OVERHEAD;

	memset(out, 'x', sizeof(out));
	ratchet_save(&p->r, before);
	keep = p->keep;
	assert_int_equal(try_open(p, &m, out), err);
	ratchet_save(&p->r, after);
	assert_memory_equal(before, after, sizeof(before));
	assert_memory_equal(&keep, &p->keep, sizeof(keep));
	assert_memory_equal(out, zero, len);
}

static uint32_t number(const struct msg *m, size_t at)
{
	const uint8_t *p = m->bytes + KEY_BYTES + at;

	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void set_number(struct msg *m, size_t at, uint32_t v)
{
	for (size_t i = 0; i < 4; i++)
		m->bytes[KEY_BYTES + at + i] = (uint8_t)(v >> (24 - 8 * i));
}

#define AT_PREVIOUS 0
#define AT_N	    4

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
	struct msg m;

	(void)state;
	opens(&bob, seal(&alice, "begin"), "begin");
	m = seal(&bob, "x");
	memcpy(m.bytes, bob_first, KEY_BYTES);
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

#define T(f) cmocka_unit_test_setup(f, setup)

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
	return cmocka_run_group_tests_name("ratchet", tests, NULL, NULL);
}
