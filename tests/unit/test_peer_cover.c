/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Cover: when records leave, by a clock that the test moves. */
#include "fake_clock.h"
#include "peer_help.h"
#include "../../src/peer/peer_private.h"

#define SLOT_MS	 2000
#define STEP_MS	 100
#define STEPS	 (SLOT_MS / STEP_MS)
#define LIGHT_MS 10000

int __real_chat_on_link(struct chat *c, struct now now, const struct chat_link_info *info);
int __wrap_chat_on_link(struct chat *c, struct now now, const struct chat_link_info *info);
void __wrap_chat_on_heard(struct chat *c, struct now now, link_id link);

static link_id last_link;
static unsigned heard;

int __wrap_chat_on_link(struct chat *c, struct now now, const struct chat_link_info *info)
{
	last_link = info->link;
	return __real_chat_on_link(c, now, info);
}

void __wrap_chat_on_heard(struct chat *c, struct now now, link_id link)
{
	(void)c, (void)now;
	heard += link == last_link;
}

/* A link of Alice's to Carol, and how many records have come on it. */
struct talk {
	struct world w;
	struct remote carol;
	uint64_t records;
	uint64_t seed;
	struct rng rng;
};

/* Carol's link takes the records only later: what she sees is their number. */
static unsigned count_new(struct talk *t)
{
	uint8_t bytes[RECORD_BYTES];
	unsigned n = 0;
	ssize_t got;

	while ((got = recv(t->carol.fd, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0) {
		assert_int_equal(got, RECORD_BYTES);
		assert_int_equal(buf_put(&t->carol.in, bytes, sizeof(bytes)), 0);
		(void)link_feed(t->carol.link, &t->carol.in);
		n++;
	}
	t->records += n;
	return n;
}

/* Everything that is ready now is done: turns don't need time. */
static unsigned settle(struct talk *t)
{
	unsigned n = 0;

	for (int i = 0; i < 6; i++) {
		loop_turn(t->w.loop, false);
		n += count_new(t);
	}
	return n;
}

/* The seed says at which times records leave. */
static void start_seeded(struct talk *t, uint64_t seed)
{
	*t = (struct talk){0};
	t->seed = seed;
	t->rng = unit_rng(&t->seed);
	start(&t->w,
	      (struct peer_opts){.rng = &t->rng, .cover_slot_ms = SLOT_MS, .cover_light_ms = LIGHT_MS});
	be(&t->carol, 3);
}

static void begin_seeded(struct talk *t, enum chat_cover cover, uint64_t seed)
{
	start_seeded(t, seed);
	befriend(&t->w, &t->carol);
	(void)settle(t);
	peer_net.cover(NULL, t->w.chat, cover);
	t->records = 0;
}

static void begin(struct talk *t, enum chat_cover cover)
{
	begin_seeded(t, cover, 1);
}

static void end(struct talk *t)
{
	leave(&t->carol);
	stop(&t->w);
}

static void say(struct talk *t, size_t len)
{
	static const char text[TEXT_MAX] = {[0 ... TEXT_MAX - 1] = 'x'};

	assert_int_equal(chat_send(t->w.chat, now_of(&t->w), chat_find(t->w.chat, "carol"), MESSAGE_TEXT,
				   text, len, "default", NULL),
			 0);
}

/* The step at which the next record comes; none comes together with another. */
static unsigned steps_to_next(struct talk *t)
{
	unsigned steps = 0, n;

	do {
		assert_true(++steps <= 3 * STEPS);
		clock_pass(STEP_MS);
		n = settle(t);
	} while (n == 0);
	assert_int_equal(n, 1);
	return steps;
}

static size_t read_messages(struct talk *t)
{
	const uint8_t *body;
	uint8_t type;
	size_t len, n = 0;

	while (link_next(t->carol.link, &type, &body, &len) == 1)
		n += type == FRAME_MESSAGE;
	return n;
}

static void test_without_cover_what_is_said_leaves_at_once(void **state)
{
	struct talk t;
	(void)state;

	begin(&t, COVER_OFF);
	say(&t, 5);
	assert_int_equal(settle(&t), 1);
	for (int i = 0; i < 5 * STEPS; i++) {
		clock_pass(STEP_MS);
		assert_int_equal(settle(&t), 0);
	}
	end(&t);
}

static void test_each_slot_has_one_record_in_silence(void **state)
{
	struct talk t;
	(void)state;

	begin(&t, COVER_CONSTANT);
	(void)steps_to_next(&t);
	for (int i = 0; i < 50; i++)
		assert_int_equal(steps_to_next(&t), STEPS);
	assert_int_equal(read_messages(&t), 0);
	end(&t);
}

/* The same times and numbers, whatever is said, and whenever. */
static void test_each_slot_has_one_record_in_talk(void **state)
{
	struct talk t;
	size_t messages = 0;
	(void)state;

	begin(&t, COVER_CONSTANT);
	(void)steps_to_next(&t);
	for (int i = 0; i < 60; i++) {
		for (int step = 1; step < STEPS; step++) {
			clock_pass(STEP_MS);
			if (i < 10 && step == 1 + i)
				say(&t, i == 5 ? TEXT_MAX : 20);
			assert_int_equal(settle(&t), 0);
		}
		clock_pass(STEP_MS);
		assert_int_equal(settle(&t), 1);
		messages += read_messages(&t);
	}
	assert_int_equal(messages, 10);
	end(&t);
}

/* An answer to Carol's ping and the ack of what she says wait for slots too. */
static void test_answers_wait_for_their_slot(void **state)
{
	struct talk t;
	struct buf body;
	const uint8_t *got;
	uint8_t type;
	size_t len;
	(void)state;

	begin(&t, COVER_CONSTANT);
	(void)steps_to_next(&t);
	buf_init(&body, FRAME_BODY_MAX);
	assert_int_equal(ping_encode(1234, &body), 0);
	assert_int_equal(link_send(t.carol.link, FRAME_PING, buf_ptr(&body), buf_len(&body)), 0);
	buf_clear(&body);
	while (link_next(t.carol.link, &type, &got, &len) == 1)
		;
	pump(&t.carol);
	assert_int_equal(settle(&t), 0);
	assert_int_equal(steps_to_next(&t), STEPS);
	assert_int_equal(link_next(t.carol.link, &type, &got, &len), 1);
	assert_int_equal(type, FRAME_PONG);
	end(&t);
}

static void test_a_loop_that_comes_late_sends_one_record_and_keeps_the_grid(void **state)
{
	struct talk t;
	(void)state;

	begin(&t, COVER_CONSTANT);
	(void)steps_to_next(&t);
	clock_pass(10 * SLOT_MS + SLOT_MS / 4);
	assert_int_equal(settle(&t), 1);
	assert_int_equal(steps_to_next(&t), STEPS - STEPS / 4);
	assert_int_equal(steps_to_next(&t), STEPS);
	end(&t);
}

/* A ping behind a long queue would be as late as the queue is long. */
static void test_with_slots_no_more_than_a_record_waits(void **state)
{
	struct talk t;
	uint8_t body[100] = {0};
	int taken = 0;
	(void)state;

	begin(&t, COVER_CONSTANT);
	while (peer_net.send(NULL, t.w.chat, last_link, FRAME_PING, body, 8) == 0)
		assert_true(++taken < 100);
	assert_int_equal(taken, (RECORD_ROOM + 10) / 11);
	end(&t);
}

static void test_what_waits_when_a_link_is_closed_leaves_at_once(void **state)
{
	struct talk t;
	(void)state;

	begin(&t, COVER_CONSTANT);
	(void)steps_to_next(&t);
	say(&t, 300);
	assert_int_equal(settle(&t), 0);
	chat_shutdown(t.w.chat, now_of(&t.w), "logged out");
	domain_mark(t.w.domain);
	expect_close(&t.w, &t.carol);
	end(&t);
}

/* The handshake takes no longer than without; from then on there are slots. */
static void test_a_link_that_opens_gets_its_slots(void **state)
{
	struct talk t;
	(void)state;

	start_seeded(&t, 1);
	become_contact(&t.w, &t.carol);
	peer_net.cover(NULL, t.w.chat, COVER_CONSTANT);
	dial(&t.w, &t.carol, false);
	until_open(&t.w, &t.carol);
	pump(&t.carol);
	assert_int_equal(settle(&t), 0);
	assert_in_range(steps_to_next(&t), 1, STEPS);
	for (int i = 0; i < 5; i++)
		assert_int_equal(steps_to_next(&t), STEPS);
	end(&t);
}

static void test_the_end_of_constant_cover_lets_go_what_waits(void **state)
{
	struct talk t;
	(void)state;

	begin(&t, COVER_CONSTANT);
	(void)steps_to_next(&t);
	say(&t, 20);
	assert_int_equal(settle(&t), 0);
	peer_net.cover(NULL, t.w.chat, COVER_OFF);
	assert_int_equal(settle(&t), 1);
	assert_int_equal(read_messages(&t), 1);
	for (int i = 0; i < 3 * STEPS; i++) {
		clock_pass(STEP_MS);
		assert_int_equal(settle(&t), 0);
	}
	end(&t);
}

/* Links don't share the phase of their slots. */
static void test_each_link_has_its_own_phase(void **state)
{
	unsigned same = 0, last = 0;
	(void)state;

	for (unsigned i = 0; i < 6; i++) {
		struct talk t;
		unsigned first;

		begin_seeded(&t, COVER_CONSTANT, i);
		first = steps_to_next(&t);
		assert_true(first <= STEPS);
		same += i > 0 && first == last;
		last = first;
		end(&t);
	}
	assert_true(same < 5);
}

static void test_light_cover_comes_beside_what_is_said(void **state)
{
	struct talk t;
	(void)state;

	begin(&t, COVER_LIGHT);
	say(&t, 20);
	assert_int_equal(settle(&t), 1);
	for (int i = 0; i < 1000; i++) {
		clock_pass(LIGHT_MS / 10);
		(void)settle(&t);
	}
	/* 100 are expected beside the one, with a deviation of 10. */
	assert_in_range(t.records, 61, 141);
	end(&t);
}

/* Alice's chat hears of them: the link is alive. */
static void test_records_of_filling_are_signs_of_life(void **state)
{
	uint8_t record[RECORD_BYTES];
	struct talk t;
	(void)state;

	begin(&t, COVER_OFF);
	heard = 0;
	assert_int_equal(link_output_cover(t.carol.link, record), 1);
	assert_int_equal(send(t.carol.fd, record, sizeof(record), MSG_NOSIGNAL), sizeof(record));
	assert_int_equal(settle(&t), 0);
	assert_int_equal(heard, 1);
	end(&t);
}

static void test_pauses_are_exponential(void **state)
{
	enum { N = 40000, MEAN = 10000 };
	uint64_t sum = 0;
	unsigned over_mean = 0, over_twice = 0;
	uint64_t seed = 1;
	struct rng rng = unit_rng(&seed);
	(void)state;

	for (int i = 0; i < N; i++) {
		uint64_t ms = peer_cover_pause(&rng, MEAN);

		sum += ms;
		over_mean += ms > MEAN;
		over_twice += ms > 2 * MEAN;
	}
	/* 1, 1/e and 1/e^2, within more than 6 deviations */
	assert_in_range(sum / N, MEAN - 300, MEAN + 300);
	assert_in_range(over_mean, 14715 - 600, 14715 + 600);
	assert_in_range(over_twice, 5413 - 420, 5413 + 420);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_without_cover_what_is_said_leaves_at_once),
	    cmocka_unit_test(test_each_slot_has_one_record_in_silence),
	    cmocka_unit_test(test_each_slot_has_one_record_in_talk),
	    cmocka_unit_test(test_answers_wait_for_their_slot),
	    cmocka_unit_test(test_a_loop_that_comes_late_sends_one_record_and_keeps_the_grid),
	    cmocka_unit_test(test_with_slots_no_more_than_a_record_waits),
	    cmocka_unit_test(test_what_waits_when_a_link_is_closed_leaves_at_once),
	    cmocka_unit_test(test_a_link_that_opens_gets_its_slots),
	    cmocka_unit_test(test_the_end_of_constant_cover_lets_go_what_waits),
	    cmocka_unit_test(test_each_link_has_its_own_phase),
	    cmocka_unit_test(test_light_cover_comes_beside_what_is_said),
	    cmocka_unit_test(test_records_of_filling_are_signs_of_life),
	    cmocka_unit_test(test_pauses_are_exponential),
	};

	if (crypto_start() < 0)
		return 1;
	alarm(300);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
