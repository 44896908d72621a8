/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Private services, and how contacts are told of them. */
#include "chat_service_help.h"

/* ---- what is published ---- */

static void a_private_service_stands_before_anybody_is_told(void **state)
{
	struct world *w = *state;
	settle(w);
	assert_int_equal(w->alice.n_services, 2);
	const struct help_service *door = service_of(&w->alice, CHAT_DOOR);
	assert_true(door->s.door_role && !door->s.private_role && !door->s.n_clients);
	assert_memory_equal(door->s.onion, chat_identity(w->alice.chat), KEY_BYTES);
	const struct help_service *s = &w->alice.service[w->alice.service[0].s.id == CHAT_DOOR];
	assert_true(s->s.private_role && !s->s.door_role);
	assert_int_equal(s->s.n_clients, 16);
	const struct service *mine = TAILQ_FIRST(&w->alice.chat->services);
	assert_memory_equal(s->s.onion, mine->onion, KEY_BYTES);
	assert_true(memcmp(s->s.onion, service_of(&w->bob, mine->row.id)->s.onion, KEY_BYTES) != 0);
}

static void contacts_meet_there_and_need_no_door(void **state)
{
	struct world *w = *state;
	befriend(w);
	assert_int_equal(chat_set_door(w->alice.chat, w->now, false, false), 0);
	assert_int_equal(chat_set_door(w->bob.chat, w->now, false, false), 0);
	pass(w, 1000);
	assert_null(service_of(&w->alice, CHAT_DOOR));
	assert_null(service_of(&w->bob, CHAT_DOOR));
	for (unsigned i = 0; i < 3; i++) {
		party_restart(i % 2 ? &w->alice : &w->bob);
		meet_anew(w);
		assert_true(chat_admit(w->bob.chat, CHAT_DOOR, LINK_DOOR, LINK_VERSION,
				       chat_identity(w->alice.chat), chat_identity(w->alice.chat)) != 0);
	}
	const struct pair *pair = pair_open(w);
	assert_int_equal(pair->dial.role, LINK_PRIVATE);
	assert_true(pair->dial.locator.has_client_key);
	assert_true(pair->service != CHAT_DOOR);
}

static void a_spare_key_is_given_without_publishing(void **state)
{
	struct world *w = *state;
	settle(w);
	const size_t before = w->alice.publishes;
	for (unsigned i = 0; i < 16; i++) {
		char nick[12];
		snprintf(nick, sizeof(nick), "c%u", i);
		const struct locator l = give(&w->alice, known(&w->alice, nick, i, CONTACT_ASKED));
		assert_true(leads_in(&w->alice, &l));
		party_turn(&w->alice);
	}
	assert_int_equal(w->alice.publishes, before);
	const struct locator l = give(&w->alice, known(&w->alice, "last", 99, CONTACT_ASKED));
	party_turn(&w->alice);
	assert_int_equal(w->alice.publishes, before + 1);
	assert_true(leads_in(&w->alice, &l));
	assert_int_equal(private_services(&w->alice), 1);
}

static void hundreds_of_contacts_are_spread_over_services(void **state)
{
	struct world *w = *state;
	static struct locator l[400];
	settle(w);
	party_tor(&w->alice, false);
	for (unsigned i = 0; i < 400; i++) {
		char nick[12];
		snprintf(nick, sizeof(nick), "c%u", i);
		l[i] = give(&w->alice, known(&w->alice, nick, i, CONTACT_LINKED));
		hush(&w->alice);
		for (unsigned k = 0; i % 50 == 0 && k < i; k++)
			assert_memory_not_equal(l[k].client_key, l[i].client_key, KEY_BYTES);
	}
	pass(w, 1000);
	assert_int_equal(private_services(&w->alice), 2);
	party_restart(&w->alice);
	pass(w, 1000);
	assert_int_equal(private_services(&w->alice), 2);
	for (unsigned i = 0; i < 400; i++)
		assert_true(leads_in(&w->alice, &l[i]));
	assert_int_equal(block(&w->alice, "c7"), 0);
	pass(w, 1000);
	assert_false(leads_in(&w->alice, &l[7]));
	for (unsigned i = 8; i < 400; i++)
		assert_true(leads_in(&w->alice, &l[i]));
	/* The other 319 are offered keys; those of the second service need none. */
	assert_int_equal(peer_named(&w->alice, "c319")->n_offers, 1);
	assert_int_equal(peer_named(&w->alice, "c320")->n_offers, 0);
}

static void one_service_is_published_a_turn(void **state)
{
	struct world *w = *state;
	size_t before, turns = 0;
	settle(w);
	give(&w->alice, known(&w->alice, "Carol", 50, CONTACT_LINKED));
	for (unsigned i = 0; i < 5; i++) {
		char nick[12];
		snprintf(nick, sizeof(nick), "m%u", i);
		give(&w->alice, known(&w->alice, nick, i, CONTACT_LINKED));
		assert_int_equal(block(&w->alice, nick), 0);
		pass(w, 1000);
		party_restart(&w->alice);
		pass(w, 1000);
	}
	assert_int_equal(private_services(&w->alice), 6); /* Carol could be on any of them */
	party_restart(&w->alice);
	before = w->alice.publishes;
	do {
		before = w->alice.publishes;
		assert_int_equal(chat_commit(w->alice.chat), 0);
		assert_true(w->alice.publishes - before <= (turns ? 1 : 2)); /* the door costs nothing */
		/* Its timer publishes one as well: not now. */
		timers_cancel(&w->alice.chat->timers, &w->alice.chat->publish_timer);
		turns++;
	} while (w->alice.publishes > before);
	assert_int_equal(turns, 7);
	assert_int_equal(private_services(&w->alice), 6);
}

/* ---- a locator arrives ---- */

/* The ANSWER may be lost and nobody acks it: the locator in it comes again under the ratchet, and is acked. */
static void a_locator_of_an_answer_is_told_again_and_acked(void **state)
{
	struct world *w = *state;
	assert_int_equal(add(&w->alice, "Bob", &w->bob, ""), 0);
	assert_int_equal(add(&w->bob, "Alice", &w->alice, ""), 0);
	settle(w);
	connect_dial(&w->alice); /* asks, and is answered with a locator at once */
	settle(w);
	assert_int_equal(bob_of(w)->row.state, CONTACT_LINKED);
	assert_false(newest_key(peer_of(&w->bob))->row.acked);
	assert_true(newest_key(peer_of(&w->alice))->row.acked);
	meet_anew(w);
	assert_true(newest_key(peer_of(&w->bob))->row.acked);
	assert_int_equal(newest_key(peer_of(&w->bob))->row.offer, 0);
	assert_int_equal(keys_of(peer_of(&w->bob)), 1);
}

static void the_old_locator_leads_in_until_the_new_one_is_acked(void **state)
{
	struct world *w = *state;
	befriend(w);
	struct chat_peer *alice = peer_of(&w->bob);
	const struct locator old = give(&w->bob, alice);
	assert_int_equal(locator_fresh(w->bob.chat, w->now, alice), 0);
	const struct locator fresh = give(&w->bob, alice);
	cut_all(w);
	while (!w->alice.n_dials)
		pass(w, 500);
	dial_out(&w->alice);
	/* All gets through but the ack. */
	while (alice->n_offers == 0 || memcmp(bob_of(w)->row.client_key, fresh.client_key, KEY_BYTES)) {
		party_turn(&w->alice);
		party_turn(&w->bob);
		assert_true(w->n_frames > 0);
		const struct frame f = w->frames[0];
		memmove(&w->frames[0], &w->frames[1], --w->n_frames * sizeof(f));
		deliver(w, &f);
	}
	party_turn(&w->alice);
	cut_all(w);
	party_restart(&w->bob);
	pass(w, 8u * 3600 * 1000);
	assert_true(leads_in(&w->bob, &old) && leads_in(&w->bob, &fresh));
	assert_int_equal(peer_of(&w->bob)->n_offers, 1);
	meet_anew(w);
	assert_int_equal(keys_of(peer_of(&w->bob)), 1);
	pass(w, 8u * 3600 * 1000);
	assert_false(leads_in(&w->bob, &old));
	assert_true(leads_in(&w->bob, &fresh));
}

/* What stood before it is acked, and no more. */
static void the_ack_of_a_message_before_it_is_not_its_own(void **state)
{
	struct world *w = *state;
	befriend(w);
	struct chat_peer *alice = peer_of(&w->bob);
	const struct locator old = give(&w->bob, alice);
	cut_all(w);
	assert_int_equal(send_text(&w->bob, alice_of(w), "1"), 0);
	give(&w->bob, known(&w->bob, "Mallory", 2, CONTACT_LINKED));
	assert_int_equal(block(&w->bob, "Mallory"), 0);
	pass(w, 5000);
	while (!w->alice.n_dials && !w->bob.n_dials)
		pass(w, 500);
	dial_out(w->alice.n_dials ? &w->alice : &w->bob);
	/* All gets through but the second message of Bob's. */
	for (unsigned messages = 0; messages < 2 || w->n_frames;) {
		party_turn(&w->alice);
		party_turn(&w->bob);
		assert_true(w->n_frames > 0);
		const struct frame f = w->frames[0];
		memmove(&w->frames[0], &w->frames[1], --w->n_frames * sizeof(f));
		messages += f.from == &w->bob && f.type == FRAME_MESSAGE;
		if (f.type != FRAME_MESSAGE || messages < 2)
			deliver(w, &f);
	}
	assert_int_equal(said(&w->alice, "in Bob: 1"), 1);
	assert_int_equal(chat_queued(w->bob.chat), 0);
	assert_int_equal(alice->n_offers, 1);
	assert_int_equal(keys_of(alice), 2);
	assert_true(leads_in(&w->bob, &old));
}

static int count_shown(void *ctx, const struct chat_queued_row *r)
{
	assert_true(r->message_kind < MESSAGE_CONTROL);
	++*(size_t *)ctx;
	return 0;
}

static void a_locator_that_waits_is_none_of_the_users_messages(void **state)
{
	struct world *w = *state;
	size_t shown = 0, cancelled, too_late;
	befriend(w);
	give(&w->bob, known(&w->bob, "Mallory", 2, CONTACT_LINKED));
	cut_all(w);
	assert_int_equal(block(&w->bob, "Mallory"), 0);
	const int64_t offer = newest_key(peer_of(&w->bob))->row.offer;
	assert_true(offer > 0);
	assert_int_equal(chat_cancel(w->bob.chat, w->now, alice_of(w), offer), ERR_NOT_FOUND);
	assert_int_equal(send_text(&w->bob, alice_of(w), "1"), 0);
	assert_int_equal(send_text(&w->bob, alice_of(w), "2"), 0);
	assert_int_equal(chat_queue_each(w->bob.chat, alice_of(w), 0, 1, count_shown, &shown), 0);
	assert_int_equal(shown, 1);
	assert_int_equal(chat_queue_each(w->bob.chat, alice_of(w), 0, SIZE_MAX, count_shown, &shown), 0);
	assert_int_equal(shown, 3);
	assert_int_equal(chat_cancel_all(w->bob.chat, w->now, alice_of(w), &cancelled, &too_late), 0);
	assert_int_equal(cancelled, 2);
	assert_int_equal(too_late, 0);
	party_turn(&w->bob);
	party_restart(&w->bob);
	assert_int_equal(chat_queued(w->bob.chat), 0);
	assert_int_equal(peer_of(&w->bob)->n_offers, 1);
	meet_anew(w);
	assert_int_equal(peer_of(&w->bob)->n_offers, 0);
	assert_int_equal(keys_of(peer_of(&w->bob)), 1);
	assert_int_equal(private_services(&w->bob), 1);
	assert_int_equal(said(&w->alice, "in Bob: "), 0);
}

/* ---- what is over ---- */

static void who_is_not_reached_in_90_days_is_told_of(void **state)
{
	struct world *w = *state;
	settle(w);
	struct chat_peer *carol = known(&w->bob, "Carol", 4, CONTACT_LINKED);
	const struct locator l = give(&w->bob, carol);
	assert_int_equal(locator_fresh(w->bob.chat, w->now, carol), 0);
	give(&w->bob, known(&w->bob, "Mallory", 2, CONTACT_LINKED));
	assert_int_equal(block(&w->bob, "Mallory"), 0);
	pass(w, 1000);
	party_tor(&w->bob, false);
	jump(w, 89ull * DAY);
	party_restart(&w->bob);
	pass(w, 1000);
	assert_true(leads_in(&w->bob, &l));
	assert_int_equal(said(&w->bob, "was not reached in 90 days"), 0);
	jump(w, DAY);
	party_restart(&w->bob);
	pass(w, 1000);
	assert_false(leads_in(&w->bob, &l));
	assert_int_equal(private_services(&w->bob), 1);
	assert_int_equal(said(&w->bob, "Carol was not reached in 90 days"), 1);
	carol = peer_named(&w->bob, "Carol");
	assert_int_equal(keys_of(carol), 1); /* of which a message tells her if she comes */
	assert_int_equal(carol->n_offers, 1);
	party_restart(&w->bob);
	pass(w, 1000);
	assert_int_equal(said(&w->bob, "Carol was not reached in 90 days"), 1);
}

int main(void)
{
#define STORY(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
	    STORY(a_private_service_stands_before_anybody_is_told),
	    STORY(contacts_meet_there_and_need_no_door),
	    STORY(a_spare_key_is_given_without_publishing),
	    STORY(hundreds_of_contacts_are_spread_over_services),
	    STORY(one_service_is_published_a_turn),
	    STORY(a_locator_of_an_answer_is_told_again_and_acked),
	    STORY(the_old_locator_leads_in_until_the_new_one_is_acked),
	    STORY(the_ack_of_a_message_before_it_is_not_its_own),
	    STORY(a_locator_that_waits_is_none_of_the_users_messages),
	    STORY(who_is_not_reached_in_90_days_is_told_of),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
