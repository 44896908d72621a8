/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Two ratchets that have grown apart, though both sides tell of the same session. */
#include "chat_session_help.h"

/* What backups of both sides, put back at bad times, can leave: epoch and counters as they were. */
static void grow_apart(struct party *p)
{
	uint8_t state[RATCHET_STATE_BYTES];
	const int64_t contact = peer_of(p)->pub.row.id;
	size_t len;
	assert_int_equal(epoch_settle(p->chat), 0);
	assert_int_equal(store_ratchet_get(p->chat->store, contact, state, sizeof(state), &len), 0);
	for (size_t i = 0; i < 5 * KEY_BYTES; i++)
		state[i] ^= state[i] ? 4 : 0; /* a chain of zeroes is none */
	assert_int_equal(store_ratchet_set(p->chat->store, contact, state, len), 0);
	party_turn(p);
}

static void connect_next(struct world *w)
{
	while (!w->alice.n_dials && !w->bob.n_dials)
		pass(w, 100);
	connect_dial(w->alice.n_dials ? &w->alice : &w->bob);
	settle(w);
}

static void they_heal_on_the_third_link(void **state)
{
	struct world *w = *state;
	befriend(w);
	say(&w->alice, "1");
	say(&w->bob, "2");
	grow_apart(&w->alice);
	hush(&w->alice);
	hush(&w->bob);
	say(&w->alice, "3");
	assert_int_equal(pairs_open(w), 0);
	/* A link on which nothing gets through shows nobody online. */
	while (bob_of(w)->presence != PRESENCE_OFFLINE || alice_of(w)->presence != PRESENCE_OFFLINE)
		pass(w, 1000);
	connect_next(w);
	assert_int_equal(pairs_open(w), 0);
	assert_int_equal(said(&w->alice, "online, was offline") + said(&w->bob, "online, was offline"), 0);
	assert_anew(&w->alice, 0);
	assert_anew(&w->bob, 0);
	connect_next(w);
	assert_int_equal(pairs_open(w), 1);
	assert_int_equal(said(&w->alice, "online, was offline"), 1);
	assert_int_equal(said(&w->bob, "online, was offline"), 1);
	assert_anew(&w->alice, 1);
	assert_anew(&w->bob, 1);
	say(&w->bob, "4");
	assert_received(&w->bob, "1 3 ");
	assert_received(&w->alice, "2 4 ");
	assert_int_equal(chat_queued(w->alice.chat) + chat_queued(w->bob.chat), 0);
}

static void both_find_out_at_once(void **state)
{
	struct world *w = *state;
	befriend(w);
	say(&w->alice, "1");
	say(&w->bob, "2");
	grow_apart(&w->bob);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(send_text(&w->alice, bob_of(w), "3"), 0);
		assert_int_equal(send_text(&w->bob, alice_of(w), "4"), 0);
		settle(w);
	}
	meet_again(w);
	assert_received(&w->bob, "1 3 3 ");
	assert_received(&w->alice, "2 4 4 ");
	assert_int_equal(said(&w->alice, "one of you went back"), 1);
	assert_int_equal(said(&w->bob, "one of you went back"), 1);
}

static void they_heal_three_times_a_day(void **state)
{
	struct world *w = *state;
	befriend(w);
	for (unsigned i = 0; i < RESETS_MAX; i++) {
		grow_apart(&w->alice);
		say(&w->alice, "1");
		meet_again(w);
	}
	grow_apart(&w->alice);
	say(&w->alice, "2");
	for (unsigned i = 0; i < 2; i++) {
		connect_next(w);
		pass(w, 30000);
	}
	assert_int_equal(alice_of(w)->presence, PRESENCE_OFFLINE);
	assert_int_equal(bob_of(w)->presence, PRESENCE_OFFLINE);
	assert_anew(&w->alice, RESETS_MAX);
	assert_anew(&w->bob, RESETS_MAX);
	w->now.real_ms += 24u * 3600 * 1000;
	chat_retry(w->alice.chat, w->now, NULL);
	meet_again(w);
	assert_received(&w->bob, "1 1 1 2 ");
}

/* Whatever a bad link makes of a message, it must do so on two of them. */
static void one_bad_link_is_no_reason(void **state)
{
	struct world *w = *state;
	befriend(w);
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(send_text(&w->alice, bob_of(w), "1"), 0);
		party_turn(&w->alice);
		struct frame f;
		do
			f = next_frame(w);
		while (f.type != FRAME_MESSAGE);
		f.body[f.len - 1] ^= 1;
		deliver(w, &f);
		if (i % 2 == 0) {
			deliver(w, &f);
			assert_int_equal(pairs_open(w), 0);
			meet_again(w);
		}
		settle(w);
	}
	meet_again(w);
	assert_received(&w->bob, "1 1 1 1 ");
	assert_anew(&w->alice, 0);
	assert_anew(&w->bob, 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(they_heal_on_the_third_link),
	    TEST(both_find_out_at_once),
	    TEST(they_heal_three_times_a_day),
	    TEST(one_bad_link_is_no_reason),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
