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

static void again(void)
{
	scene_clear(&s);
	scene_init(&s);
	scene_open(&s, scene_dial_private(&s));
}

static void queue_text(struct link *l, const char *text, size_t len, uint8_t first_id_byte)
{
	struct message m = {.minute = 1, .kind = MESSAGE_TEXT, .text = text, .text_len = len};
	struct buf body;

	m.id[0] = first_id_byte;
	buf_init(&body, FRAME_BODY_MAX);
	assert_int_equal(message_encode(&m, &body), 0);
	assert_int_equal(link_send(l, FRAME_MESSAGE, buf_ptr(&body), buf_len(&body)), 0);
	buf_clear(&body);
}

static void assert_text(struct link *l, const char *text, size_t len, uint8_t first_id_byte)
{
	const uint8_t *body;
	struct message m;
	uint8_t type;
	size_t body_len;

	assert_int_equal(link_next(l, &type, &body, &body_len), 1);
	assert_int_equal(type, FRAME_MESSAGE);
	assert_int_equal(message_decode(body, body_len, &m), 0);
	assert_int_equal(m.id[0], first_id_byte);
	assert_int_equal(m.text_len, len);
	assert_memory_equal(m.text, text, len);
}

/* ---- both ways ------------------------------------------------------------ */

static void test_frames_both_ways(void **state)
{
	(void)state;
	scene_open(&s, scene_dial_private(&s));
	assert_int_equal(link_send(s.a, FRAME_PING, "12345678", 8), 0);
	assert_int_equal(link_send(s.a, FRAME_USE, NULL, 0), 0);
	assert_int_equal(link_send(s.b, FRAME_PROFILE, "p", 1), 0);
	assert_int_equal(link_queued(s.a), 3 + 8 + 3);
	assert_int_equal(scene_carry(s.a, s.b), 1); /* both in one record */
	assert_int_equal(link_queued(s.a), 0);
	assert_int_equal(scene_carry(s.b, s.a), 1);
	assert_frame(s.b, FRAME_PING, "12345678", 8);
	assert_frame(s.b, FRAME_USE, "", 0);
	assert_no_frame(s.b);
	assert_frame(s.a, FRAME_PROFILE, "p", 1);
	assert_no_frame(s.a);
	assert_int_equal(scene_carry(s.a, s.b), 0);
}

/* A text of 300 bytes, sealed, and the ack that rides along leave in one record. */
static void test_text_of_300_bytes_is_one_record(void **state)
{
	static const uint8_t ack[EPOCH_BYTES + 8] = {1};
	static const uint8_t sealed[SEALED_HEAD_BYTES + RATCHET_OVERHEAD + MESSAGE_BYTES_MAX - TEXT_MAX + 300] = {2};

	(void)state;
	scene_open(&s, scene_dial_private(&s));
	assert_int_equal(link_send(s.a, FRAME_ACK, ack, sizeof(ack)), 0);
	assert_int_equal(link_send(s.a, FRAME_MESSAGE, sealed, sizeof(sealed)), 0);
	assert_int_equal(scene_carry(s.a, s.b), 1);
	assert_frame(s.b, FRAME_ACK, ack, sizeof(ack));
	assert_frame(s.b, FRAME_MESSAGE, sealed, sizeof(sealed));
}

static void test_longest_text_straddles_records(void **state)
{
	static char text[TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (char)('a' + i % 26);
	scene_open(&s, scene_dial_private(&s));
	queue_text(s.a, text, sizeof(text), 1);
	queue_text(s.a, "and this", 8, 2);
	queue_text(s.a, text, sizeof(text), 3);
	assert_int_equal(scene_carry(s.a, s.b),
			 (2 * (TEXT_MAX + 24) + 8 + 24 + RECORD_ROOM - 1) / RECORD_ROOM);
	assert_text(s.b, text, sizeof(text), 1);
	assert_text(s.b, "and this", 8, 2);
	assert_text(s.b, text, sizeof(text), 3);
	assert_no_frame(s.b);
}

/* The link breaks in the middle of a long message: nothing of it comes out. */
static void test_partial_message(void **state)
{
	static char text[TEXT_MAX];
	uint8_t record[RECORD_BYTES];

	(void)state;
	memset(text, 'x', sizeof(text));
	scene_open(&s, scene_dial_private(&s));
	queue_text(s.a, "whole", 5, 1);
	queue_text(s.a, text, sizeof(text), 2);
	for (int i = 0; i < 9; i++) {
		scene_record(s.a, record);
		scene_feed(s.b, record, sizeof(record));
	}
	assert_text(s.b, "whole", 5, 1);
	assert_no_frame(s.b);
}

static void test_many_records_at_once(void **state)
{
	uint8_t stream[20 * RECORD_BYTES + 100];
	size_t n = 0;

	(void)state;
	scene_open(&s, scene_dial_private(&s));
	for (; n < 20; n++) {
		assert_int_equal(link_send(s.a, FRAME_PING, "12345678", 8), 0);
		scene_record(s.a, stream + n * RECORD_BYTES);
	}
	memset(stream + n * RECORD_BYTES, 0, 100);
	scene_feed(s.b, stream, sizeof(stream)); /* the partial one stays */
	for (; n; n--)
		assert_frame(s.b, FRAME_PING, "12345678", 8);
	assert_no_frame(s.b);
}

/* ---- states --------------------------------------------------------------- */

static void test_queueing_before_the_link_is_open(void **state)
{
	(void)state;
	s.a = scene_dial_private(&s);
	assert_int_equal(link_state(s.a), LINK_HANDSHAKE);
	assert_int_equal(link_send(s.a, FRAME_PING, "12345678", 8), ERR_WRONG_STATE);
	assert_int_equal(link_send(s.b, FRAME_PING, "12345678", 8), ERR_WRONG_STATE);
	assert_int_equal(scene_carry(s.a, s.b), 1);
	assert_int_equal(link_state(s.b), LINK_PROBATION);
	assert_int_equal(link_send(s.b, FRAME_PROFILE, "p", 1), 0);
	assert_int_equal(scene_carry(s.b, s.a), 1); /* message 2 alone */
	assert_no_frame(s.a);
	assert_int_equal(link_queued(s.b), 4);
	/* the initiator's first record, here without a frame, ends the probation */
	assert_int_equal(link_queued(s.a), 0);
	assert_int_equal(scene_carry(s.a, s.b), 1);
	assert_int_equal(link_state(s.b), LINK_OPEN);
	assert_int_equal(scene_carry(s.b, s.a), 1);
	assert_frame(s.a, FRAME_PROFILE, "p", 1);
}

/* What is queued at once travels in the record that ends the probation. */
static void test_request_in_the_first_record(void **state)
{
	(void)state;
	s.a = scene_dial_door(&s);
	assert_int_equal(scene_carry(s.a, s.b), 1);
	assert_int_equal(scene_carry(s.b, s.a), 1);
	assert_int_equal(link_send(s.a, FRAME_REQUEST, "hello", 5), 0);
	assert_int_equal(scene_carry(s.a, s.b), 1);
	assert_int_equal(link_state(s.b), LINK_OPEN);
	assert_frame(s.b, FRAME_REQUEST, "hello", 5);
}

static void test_bounds_of_the_queue(void **state)
{
	static uint8_t body[FRAME_BODY_MAX + 1];
	size_t n = 0;

	(void)state;
	scene_open(&s, scene_dial_private(&s));
	assert_int_equal(link_send(s.a, FRAME_MESSAGE, body, FRAME_BODY_MAX + 1), ERR_TOO_LONG);
	assert_int_equal(link_queued(s.a), 0);
	while (!link_send(s.a, FRAME_MESSAGE, body, FRAME_BODY_MAX))
		n++;
	assert_int_equal(n, LINK_OUT_MAX / (FRAME_BODY_MAX + 3));
	assert_int_equal(link_send(s.a, FRAME_MESSAGE, body, FRAME_BODY_MAX), ERR_FULL);
	scene_carry(s.a, s.b);
	assert_int_equal(link_queued(s.a), 0);
	for (; n; n--)
		assert_frame(s.b, FRAME_MESSAGE, body, FRAME_BODY_MAX);
	assert_no_frame(s.b);
}

/* Somebody who sends faster than Bob reads is made to wait; nothing is lost. */
static void test_unread_frames_are_bounded(void **state)
{
	static uint8_t body[FRAME_BODY_MAX];
	uint8_t record[RECORD_BYTES];
	const uint8_t *got;
	size_t sent = 0, received = 0, len;
	struct buf in;
	uint8_t type;
	int err = 0;

	(void)state;
	scene_open(&s, scene_dial_private(&s));
	buf_init(&in, 2 * FRAME_UNREAD_MAX);
	while (sent < FRAME_UNREAD_MAX + 2 * sizeof(body)) {
		assert_int_equal(link_send(s.a, FRAME_MESSAGE, body, sizeof(body)), 0);
		sent += sizeof(body);
		while (link_output(s.a, record))
			assert_int_equal(buf_put(&in, record, sizeof(record)), 0);
	}
	err = link_feed(s.b, &in);
	assert_int_equal(err, ERR_FULL);
	assert_int_equal(link_state(s.b), LINK_OPEN);
	assert_true(buf_len(&in) > 0);
	for (int turn = 0; turn < 2; turn++) {
		while (link_next(s.b, &type, &got, &len))
			received += len;
		assert_int_equal(link_feed(s.b, &in), 0);
	}
	assert_int_equal(received, sent);
	buf_clear(&in);
}

/* ---- types ---------------------------------------------------------------- */

static void test_unknown_types_are_skipped(void **state)
{
	static uint8_t body[FRAME_BODY_MAX];

	(void)state;
	scene_open(&s, scene_dial_private(&s));
	assert_int_equal(link_send(s.a, 0, body, 10), 0);
	assert_int_equal(link_send(s.a, FRAME_PING, "12345678", 8), 0);
	assert_int_equal(link_send(s.a, 99, NULL, 0), 0);
	assert_int_equal(link_send(s.a, 255, body, sizeof(body)), 0);
	assert_int_equal(link_send(s.a, FRAME_USE, NULL, 0), 0);
	scene_carry(s.a, s.b);
	assert_frame(s.b, FRAME_PING, "12345678", 8);
	assert_frame(s.b, FRAME_USE, "", 0);
	assert_no_frame(s.b);
	assert_int_equal(link_state(s.b), LINK_OPEN);
}

/* What is between link keys only. */
static const uint8_t barred[] = {16, 17, 18, 19, 23, 24};

/* What is between identity-derived keys only. */
static const uint8_t questions[] = {1, 2, 3, 4};

/* All types that there are between link keys, and none of the others. */
static void test_all_types_between_link_keys(void **state)
{
	static const uint8_t types[] = {16, 17, 18, 19, 20, 21, 22, 23, 24};

	(void)state;
	scene_open(&s, scene_dial_private(&s));
	for (size_t i = 0; i < sizeof(types); i++)
		assert_int_equal(link_send(s.a, types[i], "x", 1), 0);
	for (size_t i = 0; i < sizeof(questions); i++) {
		assert_int_equal(link_send(s.a, questions[i], "x", 1), ERR_WRONG_STATE);
		assert_int_equal(link_send(s.b, questions[i], "x", 1), ERR_WRONG_STATE);
	}
	assert_int_equal(link_queued(s.b), 0);
	scene_carry(s.a, s.b);
	for (size_t i = 0; i < sizeof(types); i++)
		assert_frame(s.b, types[i], "x", 1);
	assert_no_frame(s.b);
}

/* An invitation is shown, and answered, in the role private. */
static void test_invitation_under_identity_keys(void **state)
{
	(void)state;
	scene_open(&s, scene_dial(&s, (struct link_initiator_opts){.role = LINK_PRIVATE,
								   .static_secret = s.alice.door_secret,
								   .identity = s.alice.identity,
								   .responder_static = s.bob.link_public}));
	for (size_t i = 0; i < sizeof(questions); i++)
		assert_int_equal(link_send(s.a, questions[i], "x", 1), 0);
	assert_int_equal(link_send(s.b, FRAME_ANSWER, "a", 1), 0);
	scene_carry(s.a, s.b);
	scene_carry(s.b, s.a);
	for (size_t i = 0; i < sizeof(questions); i++)
		assert_frame(s.b, questions[i], "x", 1);
	assert_no_frame(s.b);
	assert_frame(s.a, FRAME_ANSWER, "a", 1);
}

/* At the door there are no messages, whoever tries. */
static void test_no_messages_under_identity_keys(void **state)
{
	(void)state;
	scene_open(&s, scene_dial_door(&s));
	for (size_t i = 0; i < sizeof(barred); i++) {
		assert_int_equal(link_send(s.a, barred[i], "x", 1), ERR_WRONG_STATE);
		assert_int_equal(link_send(s.b, barred[i], "x", 1), ERR_WRONG_STATE);
	}
	assert_int_equal(link_queued(s.a), 0);
	assert_int_equal(link_send(s.a, FRAME_REQUEST, "r", 1), 0);
	assert_int_equal(link_send(s.a, FRAME_PING, "12345678", 8), 0);
	assert_int_equal(link_send(s.a, FRAME_CLOSE, "", 1), 0);
	assert_int_equal(link_send(s.b, FRAME_ANSWER, "a", 1), 0);
	scene_carry(s.a, s.b);
	scene_carry(s.b, s.a);
	assert_frame(s.b, FRAME_REQUEST, "r", 1);
	assert_frame(s.b, FRAME_PING, "12345678", 8);
	assert_frame(s.b, FRAME_CLOSE, "", 1);
	assert_frame(s.a, FRAME_ANSWER, "a", 1);
}

/* ---- an initiator by hand: what ours never writes ------------------------- */

/* Its transport ciphers; Bob is open afterwards. */
static struct noise_cipher mallory_opens(enum link_role role)
{
	uint8_t prologue[64] = LINK_LABEL, record[RECORD_BYTES] = {0};
	size_t label = strlen(LINK_LABEL), len = role == LINK_DOOR ? KEY_BYTES : 0;
	struct noise_cipher send, recv;
	uint8_t ratchet_key[KEY_BYTES];
	struct noise *n;

	prologue[label] = record[0] = LINK_VERSION;
	prologue[label + 1] = (uint8_t)role;
	memcpy(prologue + label + 2, s.bob.identity, KEY_BYTES);
	n = noise_new_initiator(&s.rng_a, prologue, label + 2 + KEY_BYTES,
				len ? s.mallory.door_secret : s.mallory.link_secret,
				len ? s.bob.door_public : s.bob.link_public);
	assert_int_equal(noise_write_1(n, s.mallory.identity, len, record + 3), 0);
	record[2] = (uint8_t)(NOISE_MSG1_OVERHEAD + len);
	scene_feed(s.b, record, sizeof(record));
	scene_record(s.b, record);
	assert_int_equal(noise_read_2(n, record + 3, (size_t)record[2], ratchet_key), 0);
	assert_int_equal(noise_split(n, &send, &recv, NULL, NULL), 0);
	noise_free(n);
	return send;
}

static void mallory_sends(struct noise_cipher *c, const void *plain, size_t len)
{
	uint8_t padded[RECORD_PLAIN_BYTES] = {0}, record[RECORD_BYTES];

	memcpy(padded, plain, len);
	assert_int_equal(noise_encrypt(c, NULL, 0, padded, sizeof(padded), record), 0);
	scene_feed(s.b, record, sizeof(record));
}

static void test_message_smuggled_through_the_door(void **state)
{
	uint8_t plain[] = {0, 8, FRAME_MESSAGE, 0, 1, 'x', FRAME_REQUEST, 0, 1, 'r'};
	struct noise_cipher c;

	(void)state;
	c = mallory_opens(LINK_DOOR);
	for (size_t i = 0; i < sizeof(barred); i++) {
		plain[2] = barred[i];
		mallory_sends(&c, plain, sizeof(plain));
		assert_frame(s.b, FRAME_REQUEST, "r", 1);
		assert_no_frame(s.b);
	}
}

static void test_question_smuggled_between_link_keys(void **state)
{
	uint8_t plain[] = {0, 8, 0, 0, 1, 'x', FRAME_USE, 0, 1, 'u'};
	struct noise_cipher c;

	(void)state;
	c = mallory_opens(LINK_PRIVATE);
	for (size_t i = 0; i < sizeof(questions); i++) {
		plain[2] = questions[i];
		mallory_sends(&c, plain, sizeof(plain));
		assert_frame(s.b, FRAME_USE, "u", 1);
		assert_no_frame(s.b);
	}
}

static void test_filling_that_is_not_zero(void **state)
{
	static const uint8_t plain[] = {0, 3, FRAME_USE, 0, 0, 1};
	struct noise_cipher c;

	(void)state;
	c = mallory_opens(LINK_PRIVATE);
	mallory_sends(&c, plain, sizeof(plain));
	assert_dead(s.b, ERR_PROTOCOL);
}

static void test_count_over_the_room(void **state)
{
	static const uint8_t plain[] = {(RECORD_ROOM + 1) >> 8, (RECORD_ROOM + 1) & 0xff};
	struct noise_cipher c;

	(void)state;
	c = mallory_opens(LINK_PRIVATE);
	mallory_sends(&c, plain, sizeof(plain));
	assert_dead(s.b, ERR_PROTOCOL);
}

/* A frame over the bound kills the link as soon as its header is there, and what stood before it is gone too.
 */
static void test_frame_over_the_bound(void **state)
{
	static const uint8_t good[] = {0, 3, FRAME_USE, 0, 0};
	static const uint8_t bad[] = {0, 3, FRAME_MESSAGE, (FRAME_BODY_MAX + 1) >> 8,
				      (FRAME_BODY_MAX + 1) & 0xff};
	struct noise_cipher c;

	(void)state;
	c = mallory_opens(LINK_PRIVATE);
	mallory_sends(&c, good, sizeof(good));
	assert_int_equal(link_state(s.b), LINK_OPEN);
	mallory_sends(&c, bad, sizeof(bad));
	assert_dead(s.b, ERR_PROTOCOL);
}

/* A first record that is refused does not open the link on its way. */
static void test_probation_ends_only_with_a_good_record(void **state)
{
	static const uint8_t bad[] = {0xff, 0xff};
	struct noise_cipher c;

	(void)state;
	c = mallory_opens(LINK_PRIVATE);
	assert_int_equal(link_state(s.b), LINK_PROBATION);
	assert_int_equal(link_send(s.b, FRAME_PROFILE, "secret", 6), 0);
	mallory_sends(&c, bad, sizeof(bad));
	assert_dead(s.b, ERR_PROTOCOL);
}

/* ---- attacks on records --------------------------------------------------- */

/* Every byte against the cipher, and a sample against the whole link. */
static void test_every_byte_of_a_record(void **state)
{
	uint8_t record[RECORD_BYTES], plain[RECORD_PLAIN_BYTES] = {0, 3, FRAME_USE};
	struct noise_cipher send = {{42}, 0}, recv = send;

	(void)state;
	assert_int_equal(noise_encrypt(&send, NULL, 0, plain, sizeof(plain), record), 0);
	for (size_t i = 0; i < RECORD_BYTES; i++) {
		record[i] ^= (uint8_t)(1 << i % 8);
		assert_int_equal(noise_decrypt(&recv, NULL, 0, record, sizeof(record), plain), ERR_CRYPTO);
		record[i] ^= (uint8_t)(1 << i % 8);
	}
	assert_int_equal(noise_decrypt(&recv, NULL, 0, record, sizeof(record), plain), 0);

	for (size_t i = 0; i < RECORD_BYTES; i += i < 4 || i > RECORD_BYTES - 20 ? 1 : 23) {
		again();
		assert_int_equal(link_send(s.a, FRAME_MESSAGE, "secret", 6), 0);
		assert_int_equal(link_send(s.b, FRAME_PROFILE, "queued", 6), 0);
		scene_record(s.a, record);
		record[i] ^= (uint8_t)(1 << i % 8);
		scene_feed(s.b, record, sizeof(record));
		assert_dead(s.b, ERR_CRYPTO);
	}
}

static void test_own_record_comes_back(void **state)
{
	uint8_t record[RECORD_BYTES];

	(void)state;
	again();
	assert_int_equal(link_send(s.a, FRAME_USE, NULL, 0), 0);
	scene_record(s.a, record);
	scene_feed(s.a, record, sizeof(record));
	assert_dead(s.a, ERR_CRYPTO);
	again();
	assert_int_equal(link_send(s.b, FRAME_USE, NULL, 0), 0);
	scene_record(s.b, record);
	scene_feed(s.b, record, sizeof(record));
	assert_dead(s.b, ERR_CRYPTO);
}

static void test_replayed_record(void **state)
{
	uint8_t record[RECORD_BYTES];

	(void)state;
	again();
	assert_int_equal(link_send(s.a, FRAME_USE, NULL, 0), 0);
	scene_record(s.a, record);
	scene_feed(s.b, record, sizeof(record));
	assert_frame(s.b, FRAME_USE, "", 0);
	scene_feed(s.b, record, sizeof(record));
	assert_dead(s.b, ERR_CRYPTO);
}

static void test_reordered_records(void **state)
{
	uint8_t records[2][RECORD_BYTES];

	(void)state;
	again();
	for (int i = 0; i < 2; i++) {
		assert_int_equal(link_send(s.a, FRAME_USE, NULL, 0), 0);
		scene_record(s.a, records[i]);
	}
	scene_feed(s.b, records[1], RECORD_BYTES);
	assert_dead(s.b, ERR_CRYPTO);
	scene_feed(s.b, records[0], RECORD_BYTES);
	assert_dead(s.b, ERR_CRYPTO);
}

/* One byte lost, or one record: everything behind it is refused. */
static void test_lost_byte_and_record(void **state)
{
	uint8_t stream[2 * RECORD_BYTES];

	(void)state;
	again();
	for (int i = 0; i < 2; i++) {
		assert_int_equal(link_send(s.a, FRAME_USE, NULL, 0), 0);
		scene_record(s.a, stream + i * RECORD_BYTES);
	}
	scene_feed(s.b, stream + 1, sizeof(stream) - 1);
	assert_dead(s.b, ERR_CRYPTO);
}

/* A record of one link on another one of the same two. */
static void test_record_of_another_link(void **state)
{
	uint8_t record[RECORD_BYTES];
	struct link *a, *b;

	(void)state;
	scene_open(&s, scene_dial_private(&s));
	a = s.a;
	b = s.b;
	s.b = scene_answer(&s);
	scene_open(&s, scene_dial_private(&s));
	assert_int_equal(link_send(a, FRAME_USE, NULL, 0), 0);
	scene_record(a, record);
	scene_feed(s.b, record, sizeof(record));
	assert_dead(s.b, ERR_CRYPTO);
	link_free(a);
	link_free(b);
}

/* Frames that came in good records before a bad one, unread: they die with the link, and will be sent again.
 */
static void test_death_swallows_unread_frames(void **state)
{
	uint8_t stream[2 * RECORD_BYTES];

	(void)state;
	again();
	queue_text(s.a, "one", 3, 1);
	scene_record(s.a, stream);
	memset(stream + RECORD_BYTES, 0, RECORD_BYTES);
	queue_text(s.b, "mine", 4, 2);
	scene_feed(s.b, stream, sizeof(stream));
	assert_dead(s.b, ERR_CRYPTO);
}

/* No plaintext, and the same length, whatever is in it. */
static void test_records_look_alike(void **state)
{
	uint8_t empty[RECORD_BYTES], full[RECORD_BYTES];
	size_t same = 0;

	(void)state;
	scene_open(&s, scene_dial_private(&s));
	assert_int_equal(link_send(s.a, FRAME_USE, NULL, 0), 0);
	scene_record(s.a, empty);
	queue_text(s.a, "attack at dawn", 14, 1);
	scene_record(s.a, full);
	for (size_t i = 0; i + 6 <= RECORD_BYTES; i++)
		assert_memory_not_equal(full + i, "attack", 6);
	for (size_t i = 0; i < RECORD_BYTES; i++)
		same += empty[i] == full[i];
	assert_true(same < 20);
}

/* Both sides have the same, and no other link has it. */
static void test_handshake_hash(void **state)
{
	uint8_t first[HASH_BYTES];
	uint8_t record[RECORD_BYTES] = {0};

	(void)state;
	s.a = scene_dial_door(&s);
	assert_null(link_hash(s.a));
	assert_null(link_hash(s.b));
	scene_open(&s, s.a);
	assert_memory_equal(link_hash(s.a), link_hash(s.b), HASH_BYTES);
	memcpy(first, link_hash(s.a), HASH_BYTES);
	link_free(s.a);
	link_free(s.b);
	s.b = scene_answer(&s);
	scene_open(&s, scene_dial_door(&s));
	assert_memory_equal(link_hash(s.a), link_hash(s.b), HASH_BYTES);
	assert_memory_not_equal(link_hash(s.a), first, HASH_BYTES);
	scene_feed(s.b, record, sizeof(record));
	assert_dead(s.b, ERR_CRYPTO);
	assert_null(link_hash(s.b));
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(test_frames_both_ways),
	    T(test_text_of_300_bytes_is_one_record),
	    T(test_longest_text_straddles_records),
	    T(test_partial_message),
	    T(test_many_records_at_once),
	    T(test_queueing_before_the_link_is_open),
	    T(test_request_in_the_first_record),
	    T(test_bounds_of_the_queue),
	    T(test_unread_frames_are_bounded),
	    T(test_unknown_types_are_skipped),
	    T(test_all_types_between_link_keys),
	    T(test_no_messages_under_identity_keys),
	    T(test_invitation_under_identity_keys),
	    T(test_message_smuggled_through_the_door),
	    T(test_question_smuggled_between_link_keys),
	    T(test_filling_that_is_not_zero),
	    T(test_count_over_the_room),
	    T(test_frame_over_the_bound),
	    T(test_probation_ends_only_with_a_good_record),
	    T(test_every_byte_of_a_record),
	    T(test_own_record_comes_back),
	    T(test_replayed_record),
	    T(test_reordered_records),
	    T(test_lost_byte_and_record),
	    T(test_record_of_another_link),
	    T(test_death_swallows_unread_frames),
	    T(test_records_look_alike),
	    T(test_handshake_hash),
	};

	if (crypto_start())
		return 1;
	return cmocka_run_group_tests_name("link", tests, NULL, NULL);
}
