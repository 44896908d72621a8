/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "link_help.h"

#include "link/noise.h"

static struct scene s;

static int setup(void **state)
{
	(void)state;
	scene_init(&s);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	scene_clear(&s);
	return 0;
}

/* ---- those who may come in ------------------------------------------------ */

static void test_between_link_keys(void **state)
{
	(void)state;
	scene_open(&s, scene_dial_private(&s));
	assert_int_equal(s.admission.asked, 1);
	assert_int_equal(s.admission.role, LINK_PRIVATE);
	assert_int_equal(s.admission.version, 2);
	assert_memory_equal(s.admission.static_key, s.alice.link_public, KEY_BYTES);
	assert_false(s.admission.has_identity);
	assert_int_equal(link_version(s.a), 2);
	assert_int_equal(link_version(s.b), 2);
	assert_int_equal(link_error(s.a), 0);
}

static void test_at_the_door(void **state)
{
	(void)state;
	scene_open(&s, scene_dial_door(&s));
	assert_int_equal(s.admission.asked, 1);
	assert_int_equal(s.admission.role, LINK_DOOR);
	assert_memory_equal(s.admission.static_key, s.alice.door_public, KEY_BYTES);
	assert_true(s.admission.has_identity);
	assert_memory_equal(s.admission.identity, s.alice.identity, KEY_BYTES);
}

/* The acceptance: Alice's identity, but to Bob's link key. */
static void test_identity_to_link_key(void **state)
{
	(void)state;
	scene_open(&s, scene_dial(&s, (struct link_initiator_opts){.role = LINK_PRIVATE,
								   .static_secret = s.alice.door_secret,
								   .identity = s.alice.identity,
								   .responder_static = s.bob.link_public}));
	assert_int_equal(s.admission.role, LINK_PRIVATE);
	assert_true(s.admission.has_identity);
}

static void test_not_admitted(void **state)
{
	(void)state;
	s.admission.answer = ERR_REFUSED;
	s.a = scene_dial_private(&s);
	assert_int_equal(scene_carry(s.a, s.b), 1);
	assert_int_equal(s.admission.asked, 1);
	assert_dead(s.b, ERR_REFUSED);
}

/* ---- those who may not ---------------------------------------------------- */

static void assert_refused(struct link *a, int err)
{
	scene_another_alice(&s, a);
	scene_another_bob(&s);
	assert_int_equal(scene_carry(s.a, s.b), 1);
	assert_int_equal(s.admission.asked, 0);
	assert_dead(s.b, err);
}

static void test_wrong_role_onion_or_key(void **state)
{
	struct link_initiator_opts opts = {.role = LINK_PRIVATE,
					   .static_secret = s.alice.link_secret,
					   .responder_static = s.bob.link_public},
				   o;

	(void)state;
	o = opts;
	o.role = LINK_MAILBOX; /* Bob's onion doesn't serve it */
	assert_refused(scene_dial(&s, o), ERR_CRYPTO);
	o = opts;
	o.responder_static = s.bob.door_public; /* the door's key under the role private */
	assert_refused(scene_dial(&s, o), ERR_CRYPTO);
	o = opts;
	o.responder_onion = s.mallory.identity; /* somebody passes the connection on */
	assert_refused(scene_dial(&s, o), ERR_CRYPTO);
	o = opts;
	o.responder_static = s.mallory.link_public;
	assert_refused(scene_dial(&s, o), ERR_CRYPTO);
}

/* An initiator by hand, to say what ours refuses to. */
static void dial_raw(enum link_role role, const uint8_t *secret, const uint8_t *responder,
		     const uint8_t *payload, size_t len)
{
	uint8_t prologue[64] = LINK_LABEL, record[RECORD_BYTES] = {0};
	size_t label = strlen(LINK_LABEL), msg_len = NOISE_MSG1_OVERHEAD + len;
	struct noise *noise;

	prologue[label] = record[0] = 2; /* the version */
	prologue[label + 1] = (uint8_t)role;
	memcpy(prologue + label + 2, s.bob.identity, KEY_BYTES);
	noise = noise_new_initiator(&s.rng_a, prologue, label + 2 + KEY_BYTES, secret, responder);
	assert_int_equal(noise_write_1(noise, payload, len, record + 3), 0);
	record[1] = (uint8_t)(msg_len >> 8);
	record[2] = (uint8_t)msg_len;
	noise_free(noise);
	scene_another_bob(&s);
	scene_feed(s.b, record, sizeof(record));
}

/* The prologue as the document has it, written here a second time. */
static void test_prologue(void **state)
{
	(void)state;
	dial_raw(LINK_PRIVATE, s.alice.link_secret, s.bob.link_public, NULL, 0);
	assert_int_equal(link_state(s.b), LINK_PROBATION);
	dial_raw(LINK_DOOR, s.alice.door_secret, s.bob.door_public, s.alice.identity, KEY_BYTES);
	assert_int_equal(link_state(s.b), LINK_PROBATION);
}

static void test_no_identity_at_the_door(void **state)
{
	(void)state;
	dial_raw(LINK_DOOR, s.alice.link_secret, s.bob.door_public, NULL, 0);
	assert_int_equal(s.admission.asked, 0);
	assert_dead(s.b, ERR_PROTOCOL);
}

static void test_borrowed_identity(void **state)
{
	(void)state;
	/* Mallory proves her own key, and says that she is Alice. */
	dial_raw(LINK_DOOR, s.mallory.door_secret, s.bob.door_public, s.alice.identity, KEY_BYTES);
	assert_int_equal(s.admission.asked, 0);
	assert_dead(s.b, ERR_CRYPTO);
	/* A link key belongs to no identity. */
	dial_raw(LINK_PRIVATE, s.alice.link_secret, s.bob.link_public, s.alice.identity, KEY_BYTES);
	assert_int_equal(s.admission.asked, 0);
	assert_dead(s.b, ERR_CRYPTO);
}

/*
 * A point and its negative map to one X25519 key.  They are two identities of one holder: nobody is
 * impersonated, but whom we talk to is decided by all 32 bytes.
 */
static void test_negated_identity(void **state)
{
	uint8_t negated[KEY_BYTES];

	(void)state;
	memcpy(negated, s.alice.identity, KEY_BYTES);
	negated[KEY_BYTES - 1] ^= 0x80;
	dial_raw(LINK_DOOR, s.alice.door_secret, s.bob.door_public, negated, KEY_BYTES);
	assert_int_equal(s.admission.asked, 1);
	assert_memory_equal(s.admission.identity, negated, KEY_BYTES);
}

static void test_invalid_identity_points(void **state)
{
	static const char *const points[] = {
	    "0100000000000000000000000000000000000000000000000000000000000000", /* neutral */
	    "0000000000000000000000000000000000000000000000000000000000000000", /* order 4 */
	    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", /* order 2 */
	    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", /* not canonical */
	    "0200000000000000000000000000000000000000000000000000000000000000", /* not on the curve */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
		uint8_t point[KEY_BYTES];

		unit_hex(points[i], point, sizeof(point));
		dial_raw(LINK_DOOR, s.alice.door_secret, s.bob.door_public, point, KEY_BYTES);
		assert_int_equal(s.admission.asked, 0);
		assert_dead(s.b, ERR_CRYPTO);
	}
}

/* 0 and 32 bytes are all that there is. */
static void test_payload_lengths(void **state)
{
	static const size_t lengths[] = {1, 31, 33, 64, 300};
	uint8_t payload[300] = {0};

	(void)state;
	memcpy(payload, s.alice.identity, KEY_BYTES);
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		dial_raw(LINK_DOOR, s.alice.door_secret, s.bob.door_public, payload, lengths[i]);
		assert_int_equal(s.admission.asked, 0);
		assert_dead(s.b, ERR_PROTOCOL);
	}
}

static void test_initiator_born_dead(void **state)
{
	static const uint8_t zero[KEY_BYTES];
	const struct link_initiator_opts good = {.role = LINK_DOOR,
						 .static_secret = s.alice.door_secret,
						 .identity = s.alice.identity,
						 .responder_static = s.bob.door_public};
	struct link_initiator_opts o;

	(void)state;
	o = good;
	o.version = LINK_VERSION + 1;
	scene_another_alice(&s, scene_dial(&s, o));
	assert_dead(s.a, ERR_INVALID);
	o = good;
	o.responder_onion = s.bob.identity;
	o.version = LINK_VERSION_MIN - 1;
	scene_another_alice(&s, link_new_initiator(&s.rng_a, &o));
	assert_dead(s.a, ERR_INVALID);
	o = good;
	o.role = LINK_MAILBOX + 1;
	scene_another_alice(&s, scene_dial(&s, o));
	assert_dead(s.a, ERR_INVALID);
	o = good;
	o.identity = NULL;
	scene_another_alice(&s, scene_dial(&s, o));
	assert_dead(s.a, ERR_INVALID);
	o = good;
	o.identity = s.bob.identity;
	scene_another_alice(&s, scene_dial(&s, o));
	assert_dead(s.a, ERR_INVALID);
	o = good;
	o.responder_static = zero;
	scene_another_alice(&s, scene_dial(&s, o));
	assert_dead(s.a, ERR_CRYPTO);
}

static void test_responder_roles(void **state)
{
	const struct link_role_key roles[3] = {{LINK_DOOR, s.bob.door_secret},
					       {LINK_PRIVATE, s.bob.link_secret},
					       {LINK_MAILBOX, s.bob.link_secret}};
	struct link_responder_opts opts = {
	    .roles = roles, .onion = s.bob.identity, .admit = admission_ask, .ctx = &s.admission};

	(void)state;
	assert_null(link_new_responder(&s.rng_b, &opts));
	opts.n_roles = 3;
	assert_null(link_new_responder(&s.rng_b, &opts));
	/* a private service alone: its door is not here */
	opts.roles = roles + 1;
	opts.n_roles = 1;
	link_free(s.b);
	s.b = link_new_responder(&s.rng_b, &opts);
	s.a = scene_dial_door(&s);
	assert_int_equal(scene_carry(s.a, s.b), 1);
	assert_int_equal(s.admission.asked, 0);
	assert_dead(s.b, ERR_CRYPTO);
}

/* ---- changed on the way --------------------------------------------------- */

/* What a record has to become for a responder, or an initiator. */
static int expected_error(size_t at, bool initiator)
{
	if (at == 0)
		return initiator ? ERR_PROTOCOL : ERR_VERSION;
	return at <= 2 ? ERR_PROTOCOL : ERR_CRYPTO;
}

static void test_every_byte_of_message_1(void **state)
{
	uint8_t record[RECORD_BYTES], changed[RECORD_BYTES];

	(void)state;
	s.a = scene_dial_door(&s);
	scene_record(s.a, record);
	assert_int_equal(record[1] << 8 | record[2], NOISE_MSG1_OVERHEAD + KEY_BYTES);
	for (size_t i = 0; i < 3 + NOISE_MSG1_OVERHEAD + KEY_BYTES; i++) {
		scene_another_bob(&s);
		memcpy(changed, record, sizeof(record));
		changed[i] ^= (uint8_t)(1 << i % 7);
		scene_feed(s.b, changed, sizeof(changed));
		assert_int_equal(s.admission.asked, 0);
		assert_int_equal(link_error(s.b), expected_error(i, false));
		if (i == 0)
			scene_record(s.b, changed); /* its last word */
		assert_dead(s.b, expected_error(i, false));
	}
	/* the filling is noise to everybody */
	for (size_t i = 3 + NOISE_MSG1_OVERHEAD + KEY_BYTES; i < sizeof(record); i += 50) {
		scene_another_bob(&s);
		memcpy(changed, record, sizeof(record));
		changed[i] ^= 1;
		scene_feed(s.b, changed, sizeof(changed));
		assert_int_equal(link_state(s.b), LINK_PROBATION);
	}
}

static void test_every_byte_of_message_2(void **state)
{
	uint8_t answer[RECORD_BYTES], changed[RECORD_BYTES];

	(void)state;
	for (size_t i = 0; i < 3 + NOISE_MSG2_OVERHEAD + KEY_BYTES; i++) {
		scene_another_alice(&s, scene_dial_private(&s));
		scene_another_bob(&s);
		assert_int_equal(scene_carry(s.a, s.b), 1);
		scene_record(s.b, answer);
		assert_int_equal(answer[1] << 8 | answer[2], NOISE_MSG2_OVERHEAD + KEY_BYTES);
		memcpy(changed, answer, sizeof(answer));
		changed[i] ^= (uint8_t)(1 << i % 7);
		scene_feed(s.a, changed, sizeof(changed));
		assert_dead(s.a, expected_error(i, true));
	}
}

static void test_length_beyond_the_record(void **state)
{
	uint8_t record[RECORD_BYTES];
	const unsigned room = RECORD_BYTES - 3;

	(void)state;
	s.a = scene_dial_private(&s);
	scene_record(s.a, record);
	record[1] = (uint8_t)(0x80 | room >> 8);
	record[2] = room & 0xff;
	scene_feed(s.b, record, sizeof(record));
	assert_int_equal(link_state(s.b), LINK_HANDSHAKE); /* a full one that promises more */
	scene_another_bob(&s);
	record[2]++;
	scene_feed(s.b, record, sizeof(record));
	assert_dead(s.b, ERR_PROTOCOL);
}

static void test_shortened(void **state)
{
	uint8_t record[RECORD_BYTES];

	(void)state;
	s.a = scene_dial_private(&s);
	scene_record(s.a, record);
	for (unsigned len = 0; len < NOISE_MSG1_OVERHEAD; len++) {
		scene_another_bob(&s);
		record[1] = 0;
		record[2] = (uint8_t)len;
		scene_feed(s.b, record, sizeof(record));
		assert_dead(s.b, ERR_PROTOCOL);
	}
}

/* A partial record waits for its rest. */
static void test_byte_by_byte(void **state)
{
	uint8_t record[RECORD_BYTES];
	struct buf in;

	(void)state;
	s.a = scene_dial_private(&s);
	scene_record(s.a, record);
	buf_init(&in, RECORD_BYTES);
	for (size_t i = 0; i < sizeof(record); i++) {
		assert_int_equal(link_state(s.b), LINK_HANDSHAKE);
		assert_int_equal(buf_put(&in, record + i, 1), 0);
		assert_int_equal(link_feed(s.b, &in), 0);
	}
	assert_int_equal(buf_len(&in), 0);
	assert_int_equal(link_state(s.b), LINK_PROBATION);
	buf_clear(&in);
}

/* ---- one message in several records --------------------------------------- */

/* Cuts message 1 into n records of the given lengths; the last takes the rest. */
static void feed_pieces(const uint8_t record[RECORD_BYTES], const size_t *lengths, size_t n,
			uint8_t last_version)
{
	const uint8_t *msg = record + 3;
	size_t left = (size_t)(record[1] << 8 | record[2]);

	for (size_t i = 0; i < n; i++) {
		uint8_t piece[RECORD_BYTES] = {0};
		size_t len = i + 1 < n ? lengths[i] : left;

		piece[0] = i + 1 < n ? record[0] : last_version;
		piece[1] = i + 1 < n ? 0x80 : 0;
		piece[2] = (uint8_t)len;
		memcpy(piece + 3, msg, len);
		msg += len;
		left -= len;
		scene_feed(s.b, piece, sizeof(piece));
	}
}

static void test_message_over_records(void **state)
{
	uint8_t record[RECORD_BYTES];

	(void)state;
	s.a = scene_dial_door(&s);
	scene_record(s.a, record);
	feed_pieces(record, (const size_t[]){50}, 2, 2);
	assert_int_equal(link_state(s.b), LINK_PROBATION);
	scene_another_bob(&s);
	feed_pieces(record, (const size_t[]){1, 33, 60}, 4, 2);
	assert_int_equal(link_state(s.b), LINK_PROBATION);
	assert_int_equal(scene_carry(s.b, s.a), 1);
	assert_int_equal(link_state(s.a), LINK_OPEN);
}

static void test_message_over_too_many_records(void **state)
{
	uint8_t record[RECORD_BYTES];

	(void)state;
	s.a = scene_dial_door(&s);
	scene_record(s.a, record);
	feed_pieces(record, (const size_t[]){1, 1, 1, 1}, 5, 2);
	assert_dead(s.b, ERR_PROTOCOL);
	/* an empty piece would let somebody send pieces for ever */
	scene_another_bob(&s);
	feed_pieces(record, (const size_t[]){0}, 2, 2);
	assert_dead(s.b, ERR_PROTOCOL);
	/* the version changes in the middle */
	scene_another_bob(&s);
	feed_pieces(record, (const size_t[]){50}, 2, 1);
	assert_dead(s.b, ERR_PROTOCOL);
}

/* ---- versions ------------------------------------------------------------- */

static void assert_answered_with_ours(uint8_t version, uint8_t length)
{
	uint8_t record[RECORD_BYTES], last[RECORD_BYTES];

	scene_another_alice(&s, scene_dial_private(&s));
	scene_another_bob(&s);
	scene_record(s.a, record);
	record[0] = version;
	record[1] = length;
	scene_feed(s.b, record, sizeof(record));
	assert_int_equal(s.admission.asked, 0);
	assert_int_equal(link_error(s.b), ERR_VERSION);
	assert_int_equal(link_version(s.b), 2);
	scene_record(s.b, last);
	assert_int_equal(last[0], 2);
	assert_int_equal(last[1] | last[2], 0);
	assert_dead(s.b, ERR_VERSION);
}

static void test_unknown_version(void **state)
{
	(void)state;
	assert_answered_with_ours(3, 0);
	assert_answered_with_ours(3, 0xff); /* whatever the rest means there */
	assert_answered_with_ours(255, 0);
	assert_answered_with_ours(0, 0); /* it had no ratchet */
	assert_answered_with_ours(1, 0); /* it had no locators under the ratchet */
}

static void test_offered_version(void **state)
{
	uint8_t record[RECORD_BYTES] = {0};

	(void)state;
	s.a = scene_dial_private(&s);
	scene_record(s.a, record);
	memset(record, 0, sizeof(record));
	record[0] = 7;
	scene_feed(s.a, record, sizeof(record));
	assert_dead(s.a, ERR_VERSION);
	assert_int_equal(link_version(s.a), 7);
	scene_another_alice(&s, scene_dial_private(&s));
	record[0] = 1; /* somebody who has not updated */
	scene_feed(s.a, record, sizeof(record));
	assert_dead(s.a, ERR_VERSION);
	assert_int_equal(link_version(s.a), 1);

	/* the own version with nothing in it is no offer; nor is a foreign one with something in it */
	scene_another_alice(&s, scene_dial_private(&s));
	record[0] = LINK_VERSION;
	scene_feed(s.a, record, sizeof(record));
	assert_dead(s.a, ERR_PROTOCOL);
	scene_another_alice(&s, scene_dial_private(&s));
	record[0] = 7;
	record[2] = 1;
	scene_feed(s.a, record, sizeof(record));
	assert_dead(s.a, ERR_PROTOCOL);
	assert_int_equal(link_version(s.a), LINK_VERSION);
}

/* ---- reflections and replays ---------------------------------------------- */

static void test_message_1_reflected(void **state)
{
	uint8_t record[RECORD_BYTES];

	(void)state;
	s.a = scene_dial_private(&s);
	scene_record(s.a, record);
	scene_feed(s.a, record, sizeof(record));
	assert_dead(s.a, ERR_PROTOCOL);
}

/* Mallory repeats Alice's message 1: Bob answers, but what follows from it is beyond her. */
static void test_message_1_replayed(void **state)
{
	uint8_t record[RECORD_BYTES], first[RECORD_BYTES];

	(void)state;
	s.a = scene_dial_private(&s);
	scene_record(s.a, record);
	scene_feed(s.b, record, sizeof(record));
	assert_int_equal(scene_carry(s.b, s.a), 1);
	assert_int_equal(link_send(s.a, FRAME_MESSAGE, "x", 1), 0);
	scene_record(s.a, first);

	scene_another_bob(&s);
	scene_feed(s.b, record, sizeof(record));
	assert_int_equal(link_state(s.b), LINK_PROBATION);
	scene_feed(s.b, first, sizeof(first));
	assert_dead(s.b, ERR_CRYPTO);
}

static void test_message_1_twice(void **state)
{
	uint8_t record[RECORD_BYTES];

	(void)state;
	s.a = scene_dial_private(&s);
	scene_record(s.a, record);
	scene_feed(s.b, record, sizeof(record));
	scene_feed(s.b, record, sizeof(record));
	assert_dead(s.b, ERR_CRYPTO);
}

/* Message 2 of one connection is worth nothing on another, even of the same two. */
static void test_message_2_of_another_link(void **state)
{
	uint8_t answer[RECORD_BYTES];

	(void)state;
	s.a = scene_dial_private(&s);
	assert_int_equal(scene_carry(s.a, s.b), 1);
	scene_record(s.b, answer);
	scene_another_alice(&s, scene_dial_private(&s));
	scene_feed(s.a, answer, sizeof(answer));
	assert_dead(s.a, ERR_CRYPTO);
}

/* The filling is random, and so is every handshake. */
static void test_nothing_repeats(void **state)
{
	uint8_t one[RECORD_BYTES], two[RECORD_BYTES];
	size_t same = 0;

	(void)state;
	s.a = scene_dial_private(&s);
	scene_record(s.a, one);
	scene_another_alice(&s, scene_dial_private(&s));
	scene_record(s.a, two);
	for (size_t i = 3; i < sizeof(one); i++)
		same += one[i] == two[i];
	assert_true(same < 20);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(test_between_link_keys),
	    T(test_at_the_door),
	    T(test_identity_to_link_key),
	    T(test_not_admitted),
	    T(test_wrong_role_onion_or_key),
	    T(test_prologue),
	    T(test_no_identity_at_the_door),
	    T(test_borrowed_identity),
	    T(test_negated_identity),
	    T(test_invalid_identity_points),
	    T(test_payload_lengths),
	    T(test_initiator_born_dead),
	    T(test_responder_roles),
	    T(test_every_byte_of_message_1),
	    T(test_every_byte_of_message_2),
	    T(test_length_beyond_the_record),
	    T(test_shortened),
	    T(test_byte_by_byte),
	    T(test_message_over_records),
	    T(test_message_over_too_many_records),
	    T(test_unknown_version),
	    T(test_offered_version),
	    T(test_message_1_reflected),
	    T(test_message_1_replayed),
	    T(test_message_1_twice),
	    T(test_message_2_of_another_link),
	    T(test_nothing_repeats),
	};

	if (crypto_start())
		return 1;
	return cmocka_run_group_tests_name("handshake", tests, NULL, NULL);
}
