/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Alice dials Bob.  Bob's onion serves two roles: the door (his identity) and private (his link key). Records
 * go from one side to the other by hand, so that a test can hold, change or repeat each.
 */
#ifndef TESTS_LINK_HELP_H
#define TESTS_LINK_HELP_H

#include "unit.h"

#include "base/err.h"
#include "link/link.h"
#include "link/payload.h"

struct person {
	uint8_t seed[KEY_BYTES];
	uint8_t identity[KEY_BYTES];	/* Ed25519, and the onion */
	uint8_t door_secret[KEY_BYTES]; /* X25519 of the identity */
	uint8_t door_public[KEY_BYTES];
	uint8_t link_secret[KEY_BYTES];
	uint8_t link_public[KEY_BYTES];
};

static inline void person_init(struct person *p, uint8_t n)
{
	memset(p->seed, n, KEY_BYTES);
	identity_public(p->seed, p->identity);
	identity_dh_secret(p->seed, p->door_secret);
	dh_public(p->door_secret, p->door_public);
	memset(p->link_secret, n + 100, KEY_BYTES);
	dh_public(p->link_secret, p->link_public);
}

/* What admit was asked last, and what it answers. */
struct admission {
	int answer;
	unsigned asked;
	enum link_role role;
	uint8_t version;
	uint8_t static_key[KEY_BYTES];
	bool has_identity;
	uint8_t identity[KEY_BYTES];
};

static inline int admission_ask(void *ctx, enum link_role role, uint8_t version, const uint8_t *static_key,
				const uint8_t *identity)
{
	struct admission *a = ctx;

	a->asked++;
	a->role = role;
	a->version = version;
	memcpy(a->static_key, static_key, KEY_BYTES);
	a->has_identity = identity != NULL;
	if (identity)
		memcpy(a->identity, identity, KEY_BYTES);
	return a->answer;
}

struct scene {
	struct person alice, bob, mallory;
	uint64_t seed_a, seed_b;
	struct rng rng_a, rng_b;
	struct admission admission;
	struct link *a, *b;
};

static inline struct link *scene_dial(struct scene *s, struct link_initiator_opts opts)
{
	struct link *l;

	if (!opts.responder_onion)
		opts.responder_onion = s->bob.identity;
	if (!opts.version)
		opts.version = LINK_VERSION;
	l = link_new_initiator(&s->rng_a, &opts);
	assert_non_null(l);
	return l;
}

/* Link key to link key. */
static inline struct link *scene_dial_private(struct scene *s)
{
	return scene_dial(s, (struct link_initiator_opts){.role = LINK_PRIVATE,
							  .static_secret = s->alice.link_secret,
							  .responder_static = s->bob.link_public});
}

/* Identity to identity. */
static inline struct link *scene_dial_door(struct scene *s)
{
	return scene_dial(s, (struct link_initiator_opts){.role = LINK_DOOR,
							  .static_secret = s->alice.door_secret,
							  .identity = s->alice.identity,
							  .responder_static = s->bob.door_public});
}

static inline struct link *scene_answer(struct scene *s)
{
	const struct link_role_key roles[] = {{LINK_DOOR, s->bob.door_secret},
					      {LINK_PRIVATE, s->bob.link_secret}};
	const struct link_responder_opts opts = {.roles = roles,
						 .n_roles = 2,
						 .onion = s->bob.identity,
						 .admit = admission_ask,
						 .ctx = &s->admission};
	struct link *l = link_new_responder(&s->rng_b, &opts);

	assert_non_null(l);
	return l;
}

static inline void scene_init(struct scene *s)
{
	memset(s, 0, sizeof(*s));
	person_init(&s->alice, 1);
	person_init(&s->bob, 2);
	person_init(&s->mallory, 3);
	s->seed_a = 11;
	s->seed_b = 22;
	s->rng_a = unit_rng(&s->seed_a);
	s->rng_b = unit_rng(&s->seed_b);
	s->b = scene_answer(s);
}

static inline void scene_clear(struct scene *s)
{
	link_free(s->a);
	link_free(s->b);
}

/* Bob begins anew, as for another connection. */
static inline void scene_another_bob(struct scene *s)
{
	link_free(s->b);
	s->b = scene_answer(s);
}

static inline void scene_another_alice(struct scene *s, struct link *a)
{
	link_free(s->a);
	s->a = a;
}

static inline void scene_feed(struct link *l, const uint8_t *data, size_t len)
{
	struct buf in;

	buf_init(&in, 1 << 20);
	assert_int_equal(buf_put(&in, data, len), 0);
	assert_int_equal(link_feed(l, &in), 0);
	assert_int_equal(buf_len(&in), link_state(l) == LINK_DEAD ? 0 : len % RECORD_BYTES);
	buf_clear(&in);
}

static inline void scene_record(struct link *l, uint8_t record[RECORD_BYTES])
{
	assert_int_equal(link_output(l, record), 1);
}

/* Carries all that waits; returns the number of records. */
static inline unsigned scene_carry(struct link *from, struct link *to)
{
	uint8_t record[RECORD_BYTES];
	unsigned n = 0;

	for (; link_output(from, record); n++)
		scene_feed(to, record, sizeof(record));
	return n;
}

/* The handshake, up to where both are open. */
static inline void scene_open(struct scene *s, struct link *a)
{
	s->a = a;
	assert_int_equal(scene_carry(s->a, s->b), 1);
	assert_int_equal(link_state(s->b), LINK_PROBATION);
	assert_int_equal(scene_carry(s->b, s->a), 1);
	assert_int_equal(link_state(s->a), LINK_OPEN);
	assert_int_equal(scene_carry(s->a, s->b), 1);
	assert_int_equal(link_state(s->b), LINK_OPEN);
}

/* Dead of err, and nothing comes out, nor goes in. */
static inline void assert_dead(struct link *l, int err)
{
	uint8_t record[RECORD_BYTES] = {0}, type;
	const uint8_t *body;
	size_t len;

	assert_int_equal(link_state(l), LINK_DEAD);
	assert_int_equal(link_error(l), err);
	assert_int_equal(link_output(l, record), 0);
	assert_int_equal(link_next(l, &type, &body, &len), 0);
	assert_int_equal(link_send(l, FRAME_PING, record, 8), ERR_WRONG_STATE);
	assert_int_equal(link_queued(l), 0);
	scene_feed(l, record, sizeof(record));
	assert_int_equal(link_state(l), LINK_DEAD);
}

static inline void assert_frame(struct link *l, uint8_t type, const void *body, size_t len)
{
	const uint8_t *got;
	uint8_t got_type;
	size_t got_len;

	assert_int_equal(link_next(l, &got_type, &got, &got_len), 1);
	assert_int_equal(got_type, type);
	assert_int_equal(got_len, len);
	assert_memory_equal(got, body, len);
}

static inline void assert_no_frame(struct link *l)
{
	const uint8_t *got;
	uint8_t type;
	size_t len;

	assert_int_equal(link_next(l, &type, &got, &len), 0);
}

#endif
