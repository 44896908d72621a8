/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who is not authenticated yet: bounded in count, time and rate, on each service by itself. */
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

	start(&w, (struct peer_opts){.handshake_timeout_ms = 1});
	be(&mallory, 9);
	connect_to(&mallory, w.path);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_shut_door_takes_nobody_in),
	    cmocka_unit_test(test_a_handshake_that_never_ends_is_ended),
	    cmocka_unit_test(test_one_handshake_gives_way_for_another),
	    cmocka_unit_test(test_a_flood_of_strangers_ends_no_contacts_handshake),
	};

	if (crypto_start() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
