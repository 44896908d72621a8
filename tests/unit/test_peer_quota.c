/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who is not authenticated yet: bounded in count, time and rate, on each service by itself. */
#include "fake_clock.h"
#include "peer_help.h"

static void test_a_shut_door_takes_nobody_in(void **state)
{
	struct world w;
	struct remote carol;
	const uint8_t *body;
	size_t len;
	(void)state;

	start(&w, (struct peer_opts){0});
	be(&carol, 3);
	peer_set_door(w.peer, false);
	dial(&w, &carol, true);
	while (!carol.closed && link_state(carol.link) == LINK_HANDSHAKE) {
		loop_turn(w.loop, false);
		pump(&carol);
	}
	assert_true(carol.closed);
	assert_int_equal(link_state(carol.link), LINK_HANDSHAKE);
	leave(&carol);

	peer_set_door(w.peer, true);
	be(&carol, 3);
	dial(&w, &carol, true);
	until_open(&w, &carol);
	send_request(&w, &carol);
	expect_frame(&w, &carol, FRAME_ANSWER, &body, &len);
	assert_int_equal(chat_requests(w.chat), 1);
	leave(&carol);
	stop(&w);
}

static void test_a_handshake_that_never_ends_is_ended(void **state)
{
	struct world w;
	struct remote mallory;
	(void)state;

	start(&w, (struct peer_opts){0});
	be(&mallory, 9);
	connect_to(&mallory, w.path);
	loop_turn(w.loop, false);
	clock_pass(59999);
	loop_turn(w.loop, false);
	pump(&mallory);
	assert_false(mallory.closed);
	clock_pass(1);
	expect_close(&w, &mallory);
	leave(&mallory);
	stop(&w);
}

static void test_one_handshake_gives_way_for_another(void **state)
{
	struct world w;
	struct remote mallory[3];
	(void)state;

	start(&w, (struct peer_opts){.handshakes_max = 2});
	for (int i = 0; i < 3; i++) {
		be(&mallory[i], (uint8_t)(9 + i));
		connect_to(&mallory[i], w.path);
		loop_turn(w.loop, false);
	}
	while (!mallory[0].closed && !mallory[1].closed) {
		loop_turn(w.loop, false);
		pump(&mallory[0]);
		pump(&mallory[1]);
	}
	pump(&mallory[2]);
	assert_false(mallory[0].closed && mallory[1].closed);
	assert_false(mallory[2].closed);
	for (int i = 0; i < 3; i++)
		leave(&mallory[i]);
	stop(&w);
}

static void test_a_flood_of_strangers_ends_no_contacts_handshake(void **state)
{
	enum { FLOOD = 20 };
	struct world w;
	struct remote carol, mallory[FLOOD];
	const uint8_t *body;
	size_t len;
	(void)state;

	start(&w, (struct peer_opts){.handshakes_max = 3});
	be(&carol, 3);
	become_contact(&w, &carol);
	dial(&w, &carol, false);
	until_open(&w, &carol); /* for her; Alice waits for her first transport record */
	for (int i = 0; i < FLOOD; i++) {
		be(&mallory[i], (uint8_t)(100 + i));
		connect_to(&mallory[i], w.path);
		loop_turn(w.loop, false);
	}
	expect_frame(&w, &carol, FRAME_PROFILE, &body, &len);
	for (int i = 0; i < FLOOD; i++)
		leave(&mallory[i]);
	leave(&carol);
	stop(&w);
}

/* Many who connect and say nothing. */
struct crowd {
	struct remote all[300];
	size_t n;
};

static void gather(struct world *w, struct crowd *crowd, const char *path, size_t n)
{
	assert_true(n <= sizeof(crowd->all) / sizeof(crowd->all[0]));
	crowd->n = n;
	for (size_t i = 0; i < n; i++) {
		be(&crowd->all[i], 9);
		connect_to(&crowd->all[i], path);
		loop_turn(w->loop, false);
	}
}

static size_t count_closed(struct crowd *crowd)
{
	size_t n = 0;

	for (size_t i = 0; i < crowd->n; i++) {
		pump(&crowd->all[i]);
		n += crowd->all[i].closed;
	}
	return n;
}

/* Each says something in a version that Alice does not speak, to which whoever is served gets an answer. */
static void speak_up(struct crowd *crowd)
{
	static const uint8_t record[RECORD_BYTES] = {LINK_VERSION + 1};

	for (size_t i = 0; i < crowd->n; i++)
		assert_int_equal(send(crowd->all[i].fd, record, sizeof(record), MSG_NOSIGNAL),
				 sizeof(record));
}

static size_t count_served(struct world *w, struct crowd *crowd)
{
	size_t n = 0;

	for (size_t i = 0; i < crowd->n; i++)
		loop_turn(w->loop, false);
	for (size_t i = 0; i < crowd->n; i++) {
		pump(&crowd->all[i]);
		n += buf_len(&crowd->all[i].in) == RECORD_BYTES;
	}
	return n;
}

static void disperse(struct crowd *crowd)
{
	for (size_t i = 0; i < crowd->n; i++)
		leave(&crowd->all[i]);
}

static void test_the_door_serves_a_burst_and_then_a_steady_rate(void **state)
{
	static struct crowd crowd;
	struct world w;
	(void)state;

	start(&w, (struct peer_opts){.door_burst = 3, .door_interval_ms = 1000});
	gather(&w, &crowd, w.path, 8);
	speak_up(&crowd);
	assert_int_equal(count_served(&w, &crowd), 3);
	clock_pass(999);
	assert_int_equal(count_served(&w, &crowd), 3);
	clock_pass(1);
	assert_int_equal(count_served(&w, &crowd), 4);
	clock_pass(2000);
	assert_int_equal(count_served(&w, &crowd), 6);
	clock_pass(60000);
	assert_int_equal(count_served(&w, &crowd), 8);
	disperse(&crowd);
	stop(&w);
}

static void test_a_bounded_number_waits_at_the_door(void **state)
{
	static struct crowd crowd;
	struct world w;
	(void)state;

	start(&w, (struct peer_opts){.door_burst = 2, .door_interval_ms = 1000});
	gather(&w, &crowd, w.path, 2 + PEER_WAITING_MAX + 5);
	assert_int_equal(count_closed(&crowd), 5);
	disperse(&crowd);
	stop(&w);
}

/* Time stands still: the door serves nobody any more. */
static void test_a_flood_on_the_door_delays_nobody_at_a_private_service(void **state)
{
	static struct crowd crowd;
	struct world w;
	struct place at;
	struct remote carol;
	(void)state;

	start(&w, (struct peer_opts){0});
	make_place(&w, &at, 7);
	publish(&w, &at);
	be(&carol, 3);
	become_contact(&w, &carol);
	loop_turn(w.loop, false);
	gather(&w, &crowd, w.path, 300);
	assert_true(count_closed(&crowd) > 0);
	dial_at(&w, &carol, at.path, at.service.onion, false);
	assert_true(handshake(&w, &carol));
	begin_talk(&w, &carol);
	disperse(&crowd);
	leave(&carol);
	stop(&w);
}

/* Nor does it take the place of somebody who has said nothing yet. */
static void test_a_flood_on_the_door_ends_no_handshake_elsewhere(void **state)
{
	static struct crowd crowd;
	struct world w;
	struct place at;
	struct remote carol;
	(void)state;

	start(&w, (struct peer_opts){.handshakes_max = 1});
	make_place(&w, &at, 7);
	publish(&w, &at);
	be(&carol, 3);
	become_contact(&w, &carol);
	loop_turn(w.loop, false);
	dial_at(&w, &carol, at.path, at.service.onion, false);
	loop_turn(w.loop, false);
	gather(&w, &crowd, w.path, 10);
	assert_int_equal(count_closed(&crowd), 9);
	assert_true(handshake(&w, &carol));
	disperse(&crowd);
	leave(&carol);
	stop(&w);
}

/* Mallory is a contact too, and leaves each of his handshakes before its end. */
static void test_a_contact_takes_no_more_than_a_few_places(void **state)
{
	enum { TIMES = 20 };
	struct world w;
	struct place at;
	struct remote carol, mallory[TIMES];
	size_t closed = 0;
	uint8_t byte;
	(void)state;

	start(&w, (struct peer_opts){.handshakes_max = 6});
	make_place(&w, &at, 7);
	publish(&w, &at);
	be(&carol, 3);
	become_contact(&w, &carol);
	for (int i = 0; i < TIMES; i++)
		be(&mallory[i], 20);
	mallory[0].nick = "mallory";
	become_contact(&w, &mallory[0]);
	loop_turn(w.loop, false);
	dial_at(&w, &carol, at.path, at.service.onion, false);
	loop_turn(w.loop, false); /* she is slow: her message 1 is on its way */
	for (int i = 0; i < TIMES; i++) {
		dial_at(&w, &mallory[i], at.path, at.service.onion, false);
		until_open(&w, &mallory[i]);
	}
	for (int i = 0; i < TIMES; i++)
		closed += recv(mallory[i].fd, &byte, 1, MSG_DONTWAIT) == 0;
	assert_int_equal(closed, TIMES - 4);
	assert_true(handshake(&w, &carol));
	begin_talk(&w, &carol);
	for (int i = 0; i < TIMES; i++)
		leave(&mallory[i]);
	leave(&carol);
	stop(&w);
}

static void test_those_who_wait_go_with_the_door(void **state)
{
	static struct crowd crowd;
	struct world w;
	(void)state;

	start(&w, (struct peer_opts){.door_burst = 1, .door_interval_ms = 1000});
	gather(&w, &crowd, w.path, 5);
	peer_net.withdraw(NULL, w.chat, CHAT_DOOR);
	loop_turn(w.loop, false);
	assert_int_equal(count_closed(&crowd), 5);
	clock_pass(60000);
	loop_turn(w.loop, false);
	disperse(&crowd);
	stop(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_shut_door_takes_nobody_in),
	    cmocka_unit_test(test_a_handshake_that_never_ends_is_ended),
	    cmocka_unit_test(test_one_handshake_gives_way_for_another),
	    cmocka_unit_test(test_a_flood_of_strangers_ends_no_contacts_handshake),
	    cmocka_unit_test(test_the_door_serves_a_burst_and_then_a_steady_rate),
	    cmocka_unit_test(test_a_bounded_number_waits_at_the_door),
	    cmocka_unit_test(test_a_flood_on_the_door_delays_nobody_at_a_private_service),
	    cmocka_unit_test(test_a_flood_on_the_door_ends_no_handshake_elsewhere),
	    cmocka_unit_test(test_a_contact_takes_no_more_than_a_few_places),
	    cmocka_unit_test(test_those_who_wait_go_with_the_door),
	};

	if (crypto_start() < 0)
		return 1;
	alarm(300);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
