/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The root of a ratchet, which a handshake between link keys leaves. */
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

/* Alice, and a responder by hand who answers with a payload of her own. */
static void answer_raw(struct link *a, const uint8_t *secret, enum link_role role, const uint8_t *payload,
		       size_t len)
{
	uint8_t prologue[64] = LINK_LABEL, record[RECORD_BYTES], identity[KEY_BYTES];
	size_t label = strlen(LINK_LABEL), msg_len = NOISE_MSG2_OVERHEAD + len;
	struct noise *noise;

	scene_another_alice(&s, a);
	prologue[label] = 2; /* the version */
	prologue[label + 1] = (uint8_t)role;
	memcpy(prologue + label + 2, s.bob.identity, KEY_BYTES);
	noise = noise_new_responder(&s.rng_b, prologue, label + 2 + KEY_BYTES, secret);
	scene_record(s.a, record);
	assert_int_equal(noise_read_1(noise, record + 3, (size_t)(record[1] << 8 | record[2]), identity), 0);
	assert_int_equal(noise_write_2(noise, payload, len, record + 3), 0);
	record[1] = (uint8_t)(msg_len >> 8);
	record[2] = (uint8_t)msg_len;
	noise_free(noise);
	scene_feed(s.a, record, sizeof(record));
}

static void test_ratchet_key_in_message_2(void **state)
{
	static const size_t lengths[] = {0, 1, 31, 33, 64, 300};
	uint8_t payload[300] = {9};

	(void)state;
	answer_raw(scene_dial_private(&s), s.bob.link_secret, LINK_PRIVATE, payload, KEY_BYTES);
	assert_int_equal(link_state(s.a), LINK_OPEN);
	assert_memory_equal(link_root(s.a)->key, payload, KEY_BYTES);
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		answer_raw(scene_dial_private(&s), s.bob.link_secret, LINK_PRIVATE, payload, lengths[i]);
		assert_dead(s.a, ERR_PROTOCOL);
		assert_null(link_root(s.a));
	}
	/* of small order */
	payload[0] = 1;
	answer_raw(scene_dial_private(&s), s.bob.link_secret, LINK_PRIVATE, payload, KEY_BYTES);
	assert_dead(s.a, ERR_CRYPTO);
	/* under identity keys there is none */
	answer_raw(scene_dial_door(&s), s.bob.door_secret, LINK_DOOR, payload, 0);
	assert_int_equal(link_state(s.a), LINK_OPEN);
	answer_raw(scene_dial_door(&s), s.bob.door_secret, LINK_DOOR, payload, KEY_BYTES);
	assert_dead(s.a, ERR_PROTOCOL);
}

static void test_root_of_both_sides(void **state)
{
	uint8_t public_key[KEY_BYTES], sk[KEY_BYTES], epoch_a[EPOCH_BYTES], epoch_b[EPOCH_BYTES];

	(void)state;
	s.a = scene_dial_private(&s);
	assert_null(link_root(s.a));
	assert_null(link_root(s.b));
	scene_open(&s, s.a);
	assert_true(link_root(s.a)->initiator);
	assert_false(link_root(s.b)->initiator);
	assert_memory_equal(link_root(s.a)->sk, link_root(s.b)->sk, KEY_BYTES);
	dh_public(link_root(s.b)->key, public_key);
	assert_memory_equal(link_root(s.a)->key, public_key, KEY_BYTES);
	ratchet_epoch(link_root(s.a)->sk, epoch_a);
	ratchet_epoch(link_root(s.b)->sk, epoch_b);
	assert_memory_equal(epoch_a, epoch_b, EPOCH_BYTES);

	/* another handshake of the same two */
	memcpy(sk, link_root(s.a)->sk, KEY_BYTES);
	scene_another_bob(&s);
	link_free(s.a);
	scene_open(&s, scene_dial_private(&s));
	assert_memory_not_equal(link_root(s.a)->sk, sk, KEY_BYTES);
	assert_memory_not_equal(link_root(s.a)->key, public_key, KEY_BYTES);
}

static void test_root_is_forgotten(void **state)
{
	uint8_t record[RECORD_BYTES] = {0};

	(void)state;
	scene_open(&s, scene_dial_private(&s));
	link_root_forget(s.a);
	assert_null(link_root(s.a));
	link_root_forget(s.a);
	assert_int_equal(link_state(s.a), LINK_OPEN);
	assert_int_equal(link_send(s.a, FRAME_USE, NULL, 0), 0);
	assert_int_equal(scene_carry(s.a, s.b), 1);
	assert_frame(s.b, FRAME_USE, "", 0);
	/* and with the link */
	assert_non_null(link_root(s.b));
	scene_feed(s.b, record, sizeof(record));
	assert_dead(s.b, ERR_CRYPTO);
	assert_null(link_root(s.b));
}

/* Tor has keys from which identity-derived ones follow: no session ever begins there. */
static void test_no_root_under_identity_keys(void **state)
{
	(void)state;
	scene_open(&s, scene_dial_door(&s));
	assert_null(link_root(s.a));
	assert_null(link_root(s.b));
	scene_another_bob(&s);
	link_free(s.a);
	scene_open(&s, scene_dial(&s, (struct link_initiator_opts){.role = LINK_PRIVATE,
								   .static_secret = s.alice.door_secret,
								   .identity = s.alice.identity,
								   .responder_static = s.bob.link_public}));
	assert_null(link_root(s.a));
	assert_null(link_root(s.b));
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(test_ratchet_key_in_message_2),
	    T(test_root_of_both_sides),
	    T(test_root_is_forgotten),
	    T(test_no_root_under_identity_keys),
	};

	if (crypto_start())
		return 1;
	return cmocka_run_group_tests_name("link root", tests, NULL, NULL);
}
