/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "link_help.h"

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

/* Before the link is open there is nothing but the handshake. */
static void test_no_cover_before_the_link_is_open(void **state)
{
	uint8_t record[RECORD_BYTES];

	(void)state;
	assert_int_equal(link_output_cover(s.b, record), 0);
	s.a = scene_dial_private(&s);
	assert_int_equal(link_output_cover(s.a, record), 1); /* message 1 */
	assert_int_equal(link_output_cover(s.a, record), 0);
	scene_feed(s.b, record, sizeof(record));
	assert_int_equal(link_output_cover(s.b, record), 1); /* message 2 */
	assert_int_equal(link_output_cover(s.b, record), 0); /* in probation */
	scene_feed(s.a, record, sizeof(record));
	assert_int_equal(link_output_cover(s.a, record), 1);
	assert_int_equal(link_state(s.b), LINK_PROBATION);
	scene_feed(s.b, record, sizeof(record));
	assert_int_equal(link_state(s.b), LINK_OPEN);
	assert_int_equal(link_output_cover(s.b, record), 1);
}

/* Where something waits it goes instead, and the other side reads it as ever. */
static void test_cover_and_frames_mix(void **state)
{
	uint8_t record[RECORD_BYTES];

	(void)state;
	scene_open(&s, scene_dial_private(&s));
	for (int i = 0; i < 20; i++) {
		if (i % 3 == 1)
			assert_int_equal(link_send(s.a, FRAME_PING, "12345678", 8), 0);
		assert_int_equal(link_output_cover(s.a, record), 1);
		assert_int_equal(link_queued(s.a), 0);
		scene_feed(s.b, record, sizeof(record));
		if (i % 3 == 1)
			assert_frame(s.b, FRAME_PING, "12345678", 8);
		assert_no_frame(s.b);
		assert_int_equal(link_state(s.b), LINK_OPEN);
	}
	assert_int_equal(link_output(s.a, record), 0);
}

static void test_no_cover_from_the_dead(void **state)
{
	uint8_t record[RECORD_BYTES] = {0};

	(void)state;
	scene_open(&s, scene_dial_private(&s));
	scene_feed(s.a, record, sizeof(record));
	assert_dead(s.a, ERR_CRYPTO);
	assert_int_equal(link_output_cover(s.a, record), 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(test_no_cover_before_the_link_is_open),
	    T(test_cover_and_frames_mix),
	    T(test_no_cover_from_the_dead),
	};

	if (crypto_start())
		return 1;
	return cmocka_run_group_tests_name("link_cover", tests, NULL, NULL);
}
