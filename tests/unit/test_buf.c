/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit.h"

#include "base/buf.h"
#include "base/err.h"

static void assert_content(const struct buf *b, const char *text)
{
	assert_int_equal(buf_len(b), strlen(text));
	assert_memory_equal(buf_ptr(b), text, strlen(text));
}

static void empty_buffer_has_no_pointer(void **state)
{
	(void)state;
	struct buf b;
	buf_init(&b, 10);
	assert_null(buf_ptr(&b));
	assert_int_equal(buf_len(&b), 0);
	assert_int_equal(buf_room(&b), 10);
	assert_null(b.data);
	assert_int_equal(buf_put(&b, NULL, 0), 0);
	assert_int_equal(buf_put_zero(&b, 0), 0);
	buf_consume(&b, 3);
	assert_null(b.data);
	buf_clear(&b);
}

static void bytes_come_out_in_the_order_they_went_in(void **state)
{
	(void)state;
	struct buf b;
	buf_init(&b, 100);
	assert_int_equal(buf_put(&b, "hello ", 6), 0);
	assert_int_equal(buf_put(&b, "world", 5), 0);
	assert_content(&b, "hello world");
	buf_consume(&b, 6);
	assert_content(&b, "world");
	assert_int_equal(buf_put(&b, "!", 1), 0);
	assert_content(&b, "world!");
	buf_consume(&b, 6);
	assert_null(buf_ptr(&b));
	buf_clear(&b);
}

static void bound_is_never_passed_and_a_failure_changes_nothing(void **state)
{
	(void)state;
	struct buf b;
	buf_init(&b, 8);
	assert_int_equal(buf_put(&b, "12345678", 8), 0);
	assert_int_equal(buf_room(&b), 0);
	assert_int_equal(buf_put(&b, "9", 1), ERR_FULL);
	assert_int_equal(buf_put_u8(&b, 9), ERR_FULL);
	assert_int_equal(buf_put_u16(&b, 9), ERR_FULL);
	assert_int_equal(buf_put_u32(&b, 9), ERR_FULL);
	assert_int_equal(buf_put_u64(&b, 9), ERR_FULL);
	assert_int_equal(buf_put_zero(&b, 1), ERR_FULL);
	assert_int_equal(buf_put(&b, "", SIZE_MAX), ERR_FULL);
	assert_null(buf_reserve(&b, 1));
	assert_content(&b, "12345678");

	/* what is consumed makes room again, by moving and not by growing */
	buf_consume(&b, 3);
	assert_int_equal(buf_room(&b), 3);
	assert_int_equal(buf_put(&b, "abcd", 4), ERR_FULL);
	assert_int_equal(buf_put(&b, "abc", 3), 0);
	assert_content(&b, "45678abc");
	assert_int_equal(b.cap, 8);
	buf_clear(&b);
	assert_int_equal(buf_room(&b), 8);
}

static void consuming_too_much_empties(void **state)
{
	(void)state;
	struct buf b;
	buf_init(&b, 8);
	assert_int_equal(buf_put(&b, "123", 3), 0);
	buf_consume(&b, 100);
	assert_int_equal(buf_len(&b), 0);
	assert_int_equal(buf_room(&b), 8);
	buf_clear(&b);
}

static void integers_are_big_endian(void **state)
{
	(void)state;
	struct buf b;
	buf_init(&b, 100);
	assert_int_equal(buf_put_u8(&b, 0x01), 0);
	assert_int_equal(buf_put_u16(&b, 0x0203), 0);
	assert_int_equal(buf_put_u32(&b, 0x04050607), 0);
	assert_int_equal(buf_put_u64(&b, 0x08090a0b0c0d0e0f), 0);
	assert_int_equal(buf_put_zero(&b, 2), 0);
	unit_assert_hex(buf_ptr(&b), buf_len(&b), "0102030405060708090a0b0c0d0e0f0000");
	buf_clear(&b);
}

static void reserved_room_is_part_of_the_content(void **state)
{
	(void)state;
	struct buf b;
	buf_init(&b, 1000);
	assert_int_equal(buf_put(&b, "ab", 2), 0);
	uint8_t *p = buf_reserve(&b, 3);
	assert_non_null(p);
	memcpy(p, "cde", 3);
	assert_content(&b, "abcde");
	buf_clear(&b);
}

static void assert_zero(const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		assert_int_equal(p[i], 0);
}

static void consumed_bytes_are_wiped(void **state)
{
	(void)state;
	struct buf b;
	buf_init(&b, 64);
	assert_int_equal(buf_put(&b, "secret-secret-secret-secret-", 28), 0);
	buf_consume(&b, 20);
	assert_zero(b.data, 20);
	/* room for 40 is made by moving the last 8 bytes to the front; where they were is wiped */
	const uint8_t *fresh = buf_reserve(&b, 40);
	assert_ptr_equal(fresh, b.data + 8);
	assert_memory_equal(buf_ptr(&b), "-secret-", 8);
	assert_zero(fresh, 20);
	buf_consume(&b, 48);
	assert_zero(b.data, 48);
	buf_clear(&b);
}

/* A queue against a plain array, over many random steps. */
static void random_steps_match_a_model(void **state)
{
	(void)state;
	uint64_t seed = 1;
	const struct rng rng = unit_rng(&seed);
	uint8_t model[300], chunk[64];
	size_t len = 0;
	struct buf b;
	buf_init(&b, sizeof(model));
	for (int step = 0; step < 20000; step++) {
		const size_t n = rng_uniform(&rng, sizeof(chunk));
		if (rng_uniform(&rng, 2)) {
			rng_fill(&rng, chunk, n);
			const int err = buf_put(&b, chunk, n);
			assert_int_equal(err, len + n > sizeof(model) ? ERR_FULL : 0);
			if (!err) {
				memcpy(model + len, chunk, n);
				len += n;
			}
		} else {
			const size_t gone = n < len ? n : len;
			buf_consume(&b, gone);
			memmove(model, model + gone, len - gone);
			len -= gone;
		}
		assert_int_equal(buf_len(&b), len);
		if (len)
			assert_memory_equal(buf_ptr(&b), model, len);
		assert_true(b.off + b.len <= b.cap && b.cap <= b.max);
	}
	buf_clear(&b);
}

static void reader_reads_what_was_written(void **state)
{
	(void)state;
	static const uint8_t data[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 'a', 'b', 'c', 'd'};
	uint8_t two[2];
	struct rd r;
	rd_init(&r, data, sizeof(data));
	assert_int_equal(rd_u8(&r), 0x01);
	assert_int_equal(rd_u16(&r), 0x0203);
	assert_int_equal(rd_u32(&r), 0x04050607);
	assert_true(rd_u64(&r) == 0x08090a0b0c0d0e0f);
	rd_bytes(&r, two, sizeof(two));
	assert_memory_equal(two, "ab", 2);
	assert_int_equal(rd_ok(&r), 0);
	assert_int_equal(rd_done(&r), ERR_PROTOCOL);
	assert_memory_equal(rd_take(&r, 2), "cd", 2);
	assert_int_equal(rd_done(&r), 0);
}

static void reader_stays_failed_after_the_end(void **state)
{
	(void)state;
	static const uint8_t data[] = {1, 2, 3};
	uint8_t out[4] = {9, 9, 9, 9};
	struct rd r;
	rd_init(&r, data, sizeof(data));
	assert_int_equal(rd_u8(&r), 1);
	assert_int_equal(rd_u32(&r), 0);
	assert_int_equal(rd_ok(&r), ERR_PROTOCOL);
	/* two bytes are left, but nobody gets them any more */
	assert_int_equal(rd_u8(&r), 0);
	assert_null(rd_take(&r, 1));
	rd_bytes(&r, out, sizeof(out));
	unit_assert_hex(out, sizeof(out), "00000000");
	assert_int_equal(rd_done(&r), ERR_PROTOCOL);
}

static void reader_of_nothing(void **state)
{
	(void)state;
	struct rd r;
	rd_init(&r, NULL, 0);
	rd_bytes(&r, NULL, 0);
	assert_int_equal(rd_done(&r), 0);
	assert_int_equal(rd_u16(&r), 0);
	assert_int_equal(rd_ok(&r), ERR_PROTOCOL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(empty_buffer_has_no_pointer),
	    cmocka_unit_test(bytes_come_out_in_the_order_they_went_in),
	    cmocka_unit_test(bound_is_never_passed_and_a_failure_changes_nothing),
	    cmocka_unit_test(consuming_too_much_empties),
	    cmocka_unit_test(integers_are_big_endian),
	    cmocka_unit_test(reserved_room_is_part_of_the_content),
	    cmocka_unit_test(consumed_bytes_are_wiped),
	    cmocka_unit_test(random_steps_match_a_model),
	    cmocka_unit_test(reader_reads_what_was_written),
	    cmocka_unit_test(reader_stays_failed_after_the_end),
	    cmocka_unit_test(reader_of_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
