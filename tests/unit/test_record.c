/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit.h"

#include "base/err.h"
#include "link/record.h"

static void bytes(uint8_t *out, size_t len, uint8_t first)
{
	for (size_t i = 0; i < len; i++)
		out[i] = (uint8_t)(first + i);
}

/* ---- records -------------------------------------------------------------- */

static void test_sizes(void **state)
{
	(void)state;
	assert_int_equal(RECORD_BYTES, 468);
	assert_int_equal(RECORD_PLAIN_BYTES, 452);
	assert_int_equal(RECORD_ROOM, 450);
}

static void test_fill_and_parse(void **state)
{
	uint8_t data[RECORD_ROOM + 7], plain[RECORD_PLAIN_BYTES];
	const uint8_t *used;
	struct buf stream;
	size_t len;

	(void)state;
	bytes(data, sizeof(data), 1);
	buf_init(&stream, 1000);
	assert_int_equal(buf_put(&stream, data, sizeof(data)), 0);
	assert_int_equal(record_fill(plain, &stream), RECORD_ROOM);
	assert_int_equal(plain[0] << 8 | plain[1], RECORD_ROOM);
	assert_int_equal(record_parse(plain, &used, &len), 0);
	assert_int_equal(len, RECORD_ROOM);
	assert_memory_equal(used, data, len);

	assert_int_equal(record_fill(plain, &stream), 7);
	assert_int_equal(record_parse(plain, &used, &len), 0);
	assert_int_equal(len, 7);
	assert_memory_equal(used, data + RECORD_ROOM, 7);
	for (size_t i = 2 + 7; i < sizeof(plain); i++)
		assert_int_equal(plain[i], 0);

	assert_int_equal(record_fill(plain, &stream), 0);
	assert_int_equal(record_parse(plain, &used, &len), 0);
	assert_int_equal(len, 0);
	buf_clear(&stream);
}

static void test_filling_must_be_zero(void **state)
{
	uint8_t plain[RECORD_PLAIN_BYTES] = {0, 5, 'a', 'b', 'c', 'd', 'e'};
	const uint8_t *used;
	size_t len;

	(void)state;
	assert_int_equal(record_parse(plain, &used, &len), 0);
	for (size_t i = 2 + 5; i < sizeof(plain); i++) {
		plain[i] = 0x10;
		assert_int_equal(record_parse(plain, &used, &len), ERR_PROTOCOL);
		plain[i] = 0;
	}
}

static void test_count_is_bounded(void **state)
{
	uint8_t plain[RECORD_PLAIN_BYTES] = {RECORD_ROOM >> 8, RECORD_ROOM & 0xff};
	const uint8_t *used;
	size_t len;

	(void)state;
	assert_int_equal(record_parse(plain, &used, &len), 0);
	plain[1]++;
	assert_int_equal(record_parse(plain, &used, &len), ERR_PROTOCOL);
	plain[0] = plain[1] = 0xff;
	assert_int_equal(record_parse(plain, &used, &len), ERR_PROTOCOL);
}

/* ---- frames --------------------------------------------------------------- */

static void test_frame_put(void **state)
{
	static uint8_t body[FRAME_BODY_MAX + 1];
	struct buf out;

	(void)state;
	buf_init(&out, FRAME_HEADER_BYTES + FRAME_BODY_MAX);
	assert_int_equal(frame_put(&out, FRAME_PING, "abc", 3), 0);
	assert_int_equal(buf_len(&out), 6);
	assert_memory_equal(buf_ptr(&out),
			    "\x14\x00\x03"
			    "abc",
			    6);
	assert_int_equal(frame_put(&out, FRAME_PING, body, FRAME_BODY_MAX), ERR_FULL);
	assert_int_equal(frame_put(&out, FRAME_PING, body, FRAME_BODY_MAX + 1), ERR_TOO_LONG);
	assert_int_equal(buf_len(&out), 6);
	buf_consume(&out, 6);
	assert_int_equal(frame_put(&out, FRAME_PING, body, FRAME_BODY_MAX), 0);
	buf_clear(&out);
}

/* Whatever the cuts between records, the same frames come out. */
static void test_reader_at_every_cut(void **state)
{
	uint8_t body[300], stream[3 * FRAME_HEADER_BYTES + 301], type;
	const uint8_t *got;
	struct buf out;
	size_t len;

	(void)state;
	bytes(body, sizeof(body), 9);
	buf_init(&out, sizeof(stream));
	assert_int_equal(frame_put(&out, 1, body, 300), 0);
	assert_int_equal(frame_put(&out, 200, NULL, 0), 0);
	assert_int_equal(frame_put(&out, 3, "x", 1), 0);
	assert_int_equal(buf_len(&out), sizeof(stream));
	memcpy(stream, buf_ptr(&out), sizeof(stream));
	buf_clear(&out);

	for (size_t step = 1; step <= sizeof(stream); step++) {
		struct frame_reader r;
		unsigned frames = 0;

		frame_reader_init(&r);
		for (size_t at = 0; at < sizeof(stream); at += step) {
			size_t n = sizeof(stream) - at < step ? sizeof(stream) - at : step;

			assert_int_equal(frame_reader_feed(&r, stream + at, n), 0);
			while (frame_reader_next(&r, &type, &got, &len)) {
				static const uint8_t types[] = {1, 200, 3};
				static const size_t lengths[] = {300, 0, 1};

				assert_true(frames < 3);
				assert_int_equal(type, types[frames]);
				assert_int_equal(len, lengths[frames]);
				assert_memory_equal(got, frames ? (const uint8_t *)"x" : body, len);
				frames++;
			}
		}
		assert_int_equal(frames, 3);
		frame_reader_clear(&r);
	}
}

static void test_reader_refuses_long_frames(void **state)
{
	static const uint8_t longest[] = {16, FRAME_BODY_MAX >> 8, FRAME_BODY_MAX & 0xff};
	static const uint8_t longer[] = {16, FRAME_BODY_MAX >> 8, (FRAME_BODY_MAX & 0xff) + 1};
	static const uint8_t behind[] = {16, 0, 1, 'x', 16, 0xff, 0xff};
	struct frame_reader r;
	const uint8_t *body;
	uint8_t type;
	size_t len;

	(void)state;
	frame_reader_init(&r);
	assert_int_equal(frame_reader_feed(&r, longest, 3), 0);
	assert_int_equal(frame_reader_next(&r, &type, &body, &len), 0);
	frame_reader_clear(&r);
	assert_int_equal(frame_reader_feed(&r, longer, 2), 0);
	assert_int_equal(frame_reader_feed(&r, longer + 2, 1), ERR_PROTOCOL);
	frame_reader_clear(&r);
	/* also where good ones stand before it, and one of them was just read */
	assert_int_equal(frame_reader_feed(&r, behind, 5), 0);
	assert_int_equal(frame_reader_next(&r, &type, &body, &len), 1);
	assert_int_equal(frame_reader_feed(&r, behind + 5, 2), ERR_PROTOCOL);
	frame_reader_clear(&r);
}

static void test_reader_is_bounded(void **state)
{
	static uint8_t body[FRAME_BODY_MAX];
	struct frame_reader r;
	const uint8_t *got;
	struct buf frame;
	size_t len, n = 0;
	uint8_t type;

	(void)state;
	frame_reader_init(&r);
	buf_init(&frame, FRAME_HEADER_BYTES + FRAME_BODY_MAX);
	assert_int_equal(frame_put(&frame, 16, body, sizeof(body)), 0);
	while (!frame_reader_feed(&r, buf_ptr(&frame), buf_len(&frame)))
		n++;
	assert_int_equal(n, FRAME_UNREAD_MAX / buf_len(&frame));
	assert_int_equal(frame_reader_feed(&r, buf_ptr(&frame), buf_len(&frame)), ERR_FULL);
	/* reading makes room again, and nothing was lost */
	while (frame_reader_next(&r, &type, &got, &len)) {
		assert_int_equal(len, sizeof(body));
		n--;
	}
	assert_int_equal(n, 0);
	assert_int_equal(frame_reader_feed(&r, buf_ptr(&frame), buf_len(&frame)), 0);
	buf_clear(&frame);
	frame_reader_clear(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_sizes),
	    cmocka_unit_test(test_fill_and_parse),
	    cmocka_unit_test(test_filling_must_be_zero),
	    cmocka_unit_test(test_count_is_bounded),
	    cmocka_unit_test(test_frame_put),
	    cmocka_unit_test(test_reader_at_every_cut),
	    cmocka_unit_test(test_reader_refuses_long_frames),
	    cmocka_unit_test(test_reader_is_bounded),
	};

	return cmocka_run_group_tests_name("record", tests, NULL, NULL);
}
