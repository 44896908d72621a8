/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Alice dialled Bob: she is the ratchet's initiator.  Messages go from one to the other by hand, so that a
 * test can hold, change, repeat or lose each.
 */
#ifndef TESTS_RATCHET_HELP_H
#define TESTS_RATCHET_HELP_H

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

static inline void side_init(struct side *p, uint64_t seed, const struct ratchet_root *root)
{
	memset(p, 0, sizeof(*p));
	p->seed = seed;
	p->rng = unit_rng(&p->seed);
	assert_int_equal(ratchet_init(&p->r, &p->rng, root), 0);
}

static inline void roots(struct ratchet_root *a, struct ratchet_root *b)
{
	memset(b->sk, 9, KEY_BYTES);
	memset(b->key, 7, KEY_BYTES);
	b->initiator = false;
	*a = *b;
	a->initiator = true;
	dh_public(b->key, a->key);
	memcpy(bob_first, a->key, KEY_BYTES);
}

static inline int setup(void **state)
{
	struct ratchet_root a, b;

	(void)state;
	roots(&a, &b);
	side_init(&alice, 11, &a);
	side_init(&bob, 22, &b);
	return 0;
}

static inline struct msg seal(struct side *p, const char *text)
{
	struct msg m = {.len = strlen(text) + RATCHET_OVERHEAD};

	assert_int_equal(
	    ratchet_seal(&p->r, &p->rng, AD, strlen(AD), (const uint8_t *)text, strlen(text), m.bytes), 0);
	return m;
}

static inline int try_open(struct side *p, const struct msg *m, uint8_t out[TEXT_MAX])
{
	const struct ratchet_skipped skipped = keep_skipped(&p->keep);

	return ratchet_open(&p->r, &p->rng, &skipped, AD, strlen(AD), m->bytes, m->len, out);
}

static inline void opens(struct side *p, struct msg m, const char *text)
{
	uint8_t out[TEXT_MAX];

	assert_int_equal(m.len, strlen(text) + RATCHET_OVERHEAD);
	assert_int_equal(try_open(p, &m, out), 0);
	assert_memory_equal(out, text, strlen(text));
}

/* Refused, and nothing has changed: neither the ratchet nor what is kept, and nothing came out. */
static inline void refuses(struct side *p, struct msg m, int err)
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

static inline uint32_t number(const struct msg *m, size_t at)
{
	const uint8_t *p = m->bytes + KEY_BYTES + at;

	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline void set_number(struct msg *m, size_t at, uint32_t v)
{
	for (size_t i = 0; i < 4; i++)
		m->bytes[KEY_BYTES + at + i] = (uint8_t)(v >> (24 - 8 * i));
}

#define AT_PREVIOUS 0
#define AT_N	    4

#define T(f) cmocka_unit_test_setup(f, setup)

#endif
