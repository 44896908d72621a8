/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Locators that were lost: by crashes, backups, and long absence.  Nobody loses a contact by it. */
#include "chat_service_help.h"

#include "chat_backup_help.h"

static struct locator locator_for(struct party *p)
{
	const struct contact_row *row = &peer_of(p)->pub.row;
	struct locator l = {.has_client_key = row->has_client_key};
	memcpy(l.onion, row->onion, KEY_BYTES);
	memcpy(l.client_key, row->client_key, KEY_BYTES);
	return l;
}

/* What p knows of the other one leads there. */
static bool finds(struct party *p)
{
	const struct locator l = locator_for(p);
	return leads_in(other_party(p), &l);
}

/* Bob leaves the service on which Alice finds him; some contact is away, so that the old one stands. */
static void leave(struct party *p, const char *nick, unsigned n)
{
	give(p, known(p, nick, n, CONTACT_LINKED));
	party_turn(p);
	assert_int_equal(block(p, nick), 0);
}

static void deliver_some(struct world *w, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		party_turn(&w->alice);
		party_turn(&w->bob);
		if (!w->n_frames)
			return;
		const struct frame f = w->frames[0];
		memmove(&w->frames[0], &w->frames[1], --w->n_frames * sizeof(f));
		deliver(w, &f);
	}
}

/* ---- crashes ---- */

static void a_move_that_is_interrupted_at_each_frame(void **state)
{
	struct world *w = *state;
	befriend(w);
	for (unsigned at = 0; at < 12; at++) {
		leave(&w->bob, "Mallory", 2 + at);
		deliver_some(w, at);
		cut_all(w);
		party_restart(at % 2 ? &w->alice : &w->bob);
		if (at % 3 == 0)
			party_restart(&w->bob);
		pass(w, 100);
		assert_true(finds(&w->alice));
		meet_anew(w);
		assert_true(finds(&w->alice));
		assert_int_equal(keys_of(peer_of(&w->bob)), 1);
		assert_int_equal(peer_of(&w->bob)->n_offers, 0);
		assert_int_equal(private_services(&w->bob), 1);
		assert_int_equal(chat_remove(w->bob.chat, w->now, "Mallory"), 0);
		hush(&w->alice);
		hush(&w->bob);
	}
}

static void a_commit_that_fails_changes_nothing(void **state)
{
	struct world *w = *state;
	char text[INVITE_LEN + 1];
	befriend(w);
	const struct locator before = locator_for(&w->alice);
	give(&w->bob, known(&w->bob, "Mallory", 2, CONTACT_LINKED));
	party_turn(&w->bob);
	assert_int_equal(block(&w->bob, "Mallory"), 0);
	assert_int_equal(chat_invite(w->bob.chat, w->now, 0, text), 0);
	assert_int_equal(chat_set_door(w->bob.chat, w->now, false, false), 0);
	w->bob.fail_commit = true;
	assert_int_equal(chat_commit(w->bob.chat), ERR_IO);
	w->bob.fail_commit = false;
	w->n_frames = 0;
	party_restart(&w->bob);
	settle(w);
	assert_false(chat_find(w->bob.chat, "Mallory")->row.blocked);
	assert_true(chat_door(w->bob.chat));
	assert_int_equal(w->bob.chat->n_invitations, 0);
	assert_int_equal(private_services(&w->bob), 1);
	assert_true(leads_in(&w->bob, &before));
	meet_anew(w);
	assert_memory_equal(locator_for(&w->alice).onion, before.onion, KEY_BYTES);
}

/* ---- backups ---- */

static void close_the_door(struct party *p)
{
	assert_int_equal(chat_set_door(p->chat, p->w->now, false, false), 0);
	settle(p->w);
}

/* Alice has read that message before, by its id: it does not tell her again. */
static void what_a_backup_tells_again_is_told_anew(void **state)
{
	struct world *w = *state;
	befriend(w);
	close_the_door(&w->bob);
	leave(&w->bob, "Mallory", 2);
	party_turn(&w->bob);
	cut_all(w); /* it is on its way */
	back_up(&w->bob);
	meet_anew(w);
	leave(&w->bob, "Dave", 3);
	settle(w);
	pass(w, 1000);
	assert_true(finds(&w->alice));
	restore(&w->bob);
	settle(w);
	assert_false(finds(&w->alice));
	meet_anew(w); /* Bob finds Alice */
	assert_true(finds(&w->alice));
	assert_int_equal(keys_of(peer_of(&w->bob)), 1);
	assert_int_equal(peer_of(&w->bob)->n_offers, 0);
}

static void who_put_a_backup_back_is_told_where_the_other_is_now(void **state)
{
	struct world *w = *state;
	befriend(w);
	close_the_door(&w->bob);
	back_up(&w->alice);
	leave(&w->bob, "Mallory", 2);
	settle(w);
	restore(&w->alice);
	settle(w);
	assert_false(finds(&w->alice));
	meet_anew(w);
	assert_true(finds(&w->alice));
}

static void both_find_each_other_at_the_door(void **state)
{
	struct world *w = *state;
	befriend(w);
	back_up(&w->alice);
	back_up(&w->bob);
	leave(&w->bob, "Mallory", 2);
	leave(&w->alice, "Mallory", 3);
	settle(w);
	pass(w, 1000);
	leave(&w->bob, "Dave", 4);
	leave(&w->alice, "Dave", 5);
	settle(w);
	restore(&w->alice);
	pass(w, 1000);
	/* Bob keeps what he has, but both locators are wrong. */
	struct locator nowhere = {.has_client_key = true};
	identity_public((const uint8_t[KEY_BYTES]){1}, nowhere.onion);
	assert_int_equal(contact_locator(w->bob.chat, peer_of(&w->bob), &nowhere), 0);
	party_turn(&w->bob);
	assert_false(finds(&w->alice) || finds(&w->bob));
	assert_int_equal(chat_set_door(w->bob.chat, w->now, false, true), 0);
	meet_anew(w); /* at Alice's */
	assert_true(finds(&w->alice));
	assert_true(finds(&w->bob));
	assert_int_equal(chat_requests(w->alice.chat) + chat_requests(w->bob.chat), 0);
}

/* ---- the door, where contacts who have lost all else come ---- */

/* Alice's dials fail until one goes to the door. */
static struct pair *at_bobs_door(struct world *w)
{
	struct locator nowhere = {.has_client_key = true};
	identity_public((const uint8_t[KEY_BYTES]){1}, nowhere.onion);
	party_tor(&w->bob, false);
	cut_all(w);
	assert_int_equal(contact_locator(w->alice.chat, peer_of(&w->alice), &nowhere), 0);
	for (unsigned i = 0; i < 40; i++) {
		pass(w, 10u * 60 * 1000);
		if (w->alice.n_dials && w->alice.dial[0].role == LINK_DOOR)
			return dial_out(&w->alice);
		if (w->alice.n_dials)
			fail_dial(&w->alice);
	}
	fail_msg("she does not come to the door");
	return NULL;
}

static void a_removed_one_gets_nothing_at_the_door(void **state)
{
	struct world *w = *state;
	befriend(w);
	assert_int_equal(chat_remove(w->bob.chat, w->now, "Alice"), 0);
	settle(w);
	hush(&w->bob);
	const struct pair *pair = at_bobs_door(w);
	assert_non_null(pair);
	settle(w);
	assert_false(pair->open[0]);
	assert_int_equal(chat_count(w->bob.chat), 0);
	assert_int_equal(chat_requests(w->bob.chat), 0);
	assert_string_equal(w->bob.told, "");
	assert_false(finds(&w->alice));
	assert_int_equal(said(&w->alice, "takes no request"), 0);
}

static void nor_does_a_blocked_one(void **state)
{
	struct world *w = *state;
	befriend(w);
	assert_int_equal(block(&w->bob, "Alice"), 0);
	settle(w);
	hush(&w->bob);
	assert_non_null(at_bobs_door(w));
	settle(w);
	assert_int_equal(pairs_open(w), 0);
	assert_string_equal(w->bob.told, "");
	assert_int_equal(keys_of(peer_of(&w->bob)), 0);
	assert_false(finds(&w->alice));
}

static void a_closed_door_is_closed_to_them_all(void **state)
{
	struct world *w = *state;
	befriend(w);
	close_the_door(&w->bob);
	assert_null(at_bobs_door(w));
}

/* A link to the door that leads to nothing is a miss like any other: the locator is tried again. */
static void a_door_where_nobody_answers_does_not_keep_from_the_locator(void **state)
{
	struct world *w = *state;
	befriend(w);
	struct pair *pair = at_bobs_door(w);
	cut(pair);
	pass(w, 2u * 3600 * 1000);
	assert_true(w->alice.n_dials > 0);
	assert_int_equal(w->alice.dial[0].role, LINK_PRIVATE);
}

/* She says at the door what she told otherwise since: that is not the last word. */
static void an_older_locator_that_arrives_late_is_corrected(void **state)
{
	struct world *w = *state;
	befriend(w);
	struct chat_peer *bob = peer_of(&w->alice);
	struct pair *pair = at_bobs_door(w); /* with what she gives now */
	party_turn(&w->alice);
	const struct frame accept = w->frames[0];
	assert_int_equal(accept.type, FRAME_ACCEPT);
	w->n_frames = 0;
	/* Meanwhile another one arrives. */
	struct service_client *fresh;
	assert_int_equal(locator_fresh(w->alice.chat, w->now, bob), 0);
	fresh = newest_key(bob);
	assert_int_equal(locator_arrived(w->alice.chat, bob, fresh->row.id), 0);
	party_turn(&w->alice);
	deliver(w, &accept);
	settle(w);
	assert_false(pair->open[0]);
	pass(w, 9u * 3600 * 1000); /* the old key goes */
	assert_false(finds(&w->bob));
	party_tor(&w->bob, true);
	meet_anew(w);
	assert_true(finds(&w->bob));
}

/* ---- long absence ---- */

static void both_away_for_weeks_while_one_moves(void **state)
{
	struct world *w = *state;
	befriend(w);
	close_the_door(&w->bob);
	cut_all(w);
	party_tor(&w->alice, false);
	party_tor(&w->bob, false);
	for (unsigned i = 0; i < 8; i++) {
		leave(&w->bob, "Mallory", 2 + i);
		pass(w, 1000);
		assert_int_equal(chat_remove(w->bob.chat, w->now, "Mallory"), 0);
		party_turn(&w->bob);
		jump(w, 10ull * DAY);
		party_restart(&w->bob);
		pass(w, 1000);
	}
	assert_true(finds(&w->alice));
	party_restart(&w->alice);
	party_tor(&w->alice, true);
	for (unsigned i = 0; i < 50 && !peer_of(&w->alice)->ready; i++) { /* Bob does not dial */
		settle(w);
		if (w->alice.n_dials)
			dial_out(&w->alice);
		pass(w, 5000);
	}
	pass(w, 20000);
	assert_true(peer_of(&w->alice)->ready);
	assert_true(finds(&w->alice));
	assert_int_equal(keys_of(peer_of(&w->bob)), 1);
	assert_int_equal(private_services(&w->bob), 1);
	assert_int_equal(said(&w->bob, "not reached"), 0);
}

int main(void)
{
#define STORY(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
	    STORY(a_move_that_is_interrupted_at_each_frame),
	    STORY(a_commit_that_fails_changes_nothing),
	    STORY(what_a_backup_tells_again_is_told_anew),
	    STORY(who_put_a_backup_back_is_told_where_the_other_is_now),
	    STORY(both_find_each_other_at_the_door),
	    STORY(a_removed_one_gets_nothing_at_the_door),
	    STORY(nor_does_a_blocked_one),
	    STORY(a_closed_door_is_closed_to_them_all),
	    STORY(a_door_where_nobody_answers_does_not_keep_from_the_locator),
	    STORY(an_older_locator_that_arrives_late_is_corrected),
	    STORY(both_away_for_weeks_while_one_moves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
