/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who is blocked or removed does not get in again, finds nothing, and costs the others nothing. */
#include "chat_service_help.h"


/* ---- who is blocked ---- */

static void blocked_is_out_at_once_and_what_waits_fails(void **state)
{
	struct world *w = *state;
	size_t failed = 0;
	befriend(w);
	const struct locator had = {.has_client_key = bob_of(w)->row.has_client_key};
	struct locator l = had;
	memcpy(l.onion, bob_of(w)->row.onion, KEY_BYTES);
	memcpy(l.client_key, bob_of(w)->row.client_key, KEY_BYTES);
	assert_true(l.has_client_key);
	assert_true(leads_in(&w->bob, &l));
	cut_all(w);
	assert_int_equal(send_text(&w->bob, alice_of(w), "1"), 0);
	assert_int_equal(send_text(&w->bob, alice_of(w), "2"), 0);
	assert_int_equal(chat_block(w->bob.chat, w->now, "alice", &failed), 0);
	assert_int_equal(failed, 2);
	assert_int_equal(chat_queued(w->bob.chat), 0);
	assert_int_equal(said(&w->bob, "2 messages were not delivered for sure"), 1);
	pass(w, 1000);
	assert_false(leads_in(&w->bob, &l));
	assert_int_equal(w->bob.n_dials, 0);
	assert_int_equal(send_text(&w->bob, alice_of(w), "3"), ERR_REFUSED);
	assert_int_equal(block(&w->bob, "Alice"), ERR_WRONG_STATE);
	assert_int_equal(block(&w->bob, "Carol"), ERR_NOT_FOUND);
	assert_int_equal(private_services(&w->bob), 1); /* a fresh one; nobody needs the other */
}

static void blocked_stays_so_after_a_restart(void **state)
{
	struct world *w = *state;
	befriend(w);
	assert_int_equal(block(&w->bob, "Alice"), 0);
	assert_int_equal(pairs_open(w), 0);
	pass(w, 1000);
	assert_int_equal(said(&w->alice, "Bob is offline, was online, went offline"), 1);
	party_restart(&w->bob);
	assert_true(alice_of(w)->row.blocked);
	pass(w, 1000);
	assert_int_equal(w->bob.n_dials, 0);
	for (unsigned i = 0; i < 20; i++) {
		pass(w, 3700u * 1000);
		while (w->alice.n_dials)
			dial_out(&w->alice);
		settle(w);
	}
	assert_int_equal(pairs_open(w), 0);
	assert_int_equal(said(&w->alice, "Bob is online"), 1);
	assert_int_equal(w->bob.n_dials, 0);
}

/* Wherever she comes: with a key that she stole, at a door that stands for others.  By her identity she is a stranger
 * again, who may show an invitation. */
static void the_blocked_one_is_a_stranger_on_every_service(void **state)
{
	struct world *w = *state;
	uint8_t link_key[KEY_BYTES], identity_key[KEY_BYTES];
	const uint8_t *identity = chat_identity(w->alice.chat);
	befriend(w);
	static_key_of(&w->alice, false, link_key);
	static_key_of(&w->alice, true, identity_key);
	for (unsigned blocked = 0; blocked < 2; blocked++) {
		if (blocked)
			assert_int_equal(block(&w->bob, "Alice"), 0);
		for (uint32_t service = CHAT_DOOR; service < 4; service++) {
			const int err = blocked ? ERR_REFUSED : 0;
			assert_int_equal(
			    chat_admit(w->bob.chat, service, LINK_PRIVATE, LINK_VERSION, link_key, NULL), err);
			assert_int_equal(chat_admit(w->bob.chat, service, LINK_PRIVATE, LINK_VERSION, identity_key,
						    identity),
					 service == CHAT_DOOR ? err : 0);
		}
	}
}

/* Messages that were sealed are taken out of the middle of a session. */
static void unblocked_goes_on_with_the_session(void **state)
{
	struct world *w = *state;
	befriend(w);
	assert_int_equal(send_text(&w->bob, alice_of(w), "1"), 0);
	settle(w);
	assert_int_equal(send_text(&w->bob, alice_of(w), "2"), 0);
	assert_int_equal(send_text(&w->bob, alice_of(w), "3"), 0);
	party_turn(&w->bob);
	cut_all(w); /* sealed, and lost on the way */
	assert_int_equal(block(&w->bob, "Alice"), 0);
	pass(w, 60000);
	party_restart(&w->bob);
	assert_int_equal(chat_unblock(w->bob.chat, w->now, "Alice"), 0);
	assert_int_equal(chat_unblock(w->bob.chat, w->now, "Alice"), ERR_WRONG_STATE);
	meet_anew(w);
	assert_int_equal(send_text(&w->bob, alice_of(w), "4"), 0);
	assert_int_equal(send_text(&w->alice, bob_of(w), "5"), 0);
	settle(w);
	assert_received(&w->alice, "1 4 ");
	assert_received(&w->bob, "5 ");
	assert_int_equal(chat_queued(w->bob.chat), 0);
	assert_int_equal(said(&w->alice, "was set up anew"), 0);
	/* And knows where Bob is now. */
	cut_all(w);
	meet_anew(w);
	assert_int_equal(memcmp(bob_of(w)->row.onion, newest_key(peer_of(&w->bob))->service->onion, KEY_BYTES), 0);
}

static void block_unblock_block(void **state)
{
	struct world *w = *state;
	befriend(w);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(block(&w->bob, "Alice"), 0);
		pass(w, 1000);
		assert_int_equal(keys_of(peer_of(&w->bob)), 0);
		assert_int_equal(chat_unblock(w->bob.chat, w->now, "Alice"), 0);
		meet_anew(w);
	}
	assert_int_equal(block(&w->bob, "Alice"), 0);
	pass(w, 1000);
	assert_int_equal(private_services(&w->bob), 1);
	assert_int_equal(peer_of(&w->bob)->n_offers, 0);
}

/* Bob has blocked Alice, who has an invitation of his, and has moved since.  Returns the way that he knows to her. */
static struct locator she_shows_one_to_who_has_blocked_her(struct world *w)
{
	char text[INVITE_LEN + 1];
	struct invite inv;
	struct locator way = {.has_client_key = true};
	befriend(w);
	assert_int_equal(chat_invite(w->bob.chat, w->now, 0, text), 0);
	assert_int_equal(invite_decode(text, &inv), 0);
	memcpy(way.onion, alice_of(w)->row.onion, KEY_BYTES);
	memcpy(way.client_key, alice_of(w)->row.client_key, KEY_BYTES);
	give(&w->alice, known(&w->alice, "Mallory", 2, CONTACT_LINKED));
	assert_int_equal(block(&w->bob, "Alice"), 0);
	assert_int_equal(block(&w->alice, "Mallory"), 0);
	pass(w, 1000);
	while (w->alice.n_dials)
		fail_dial(&w->alice);
	assert_int_equal(chat_add_invited(w->alice.chat, w->now, "Bob", &inv, NULL), 0);
	party_turn(&w->alice);
	return way;
}

/* He answers like a stranger, and keeps nothing of what she shows: so the way that he knows has to stay. */
static void assert_they_meet_without_doors(struct world *w, const struct locator *way)
{
	assert_true(leads_in(&w->alice, way));
	assert_int_equal(chat_set_door(w->alice.chat, w->now, false, false), 0);
	assert_int_equal(chat_set_door(w->bob.chat, w->now, false, false), 0);
	assert_int_equal(chat_unblock(w->bob.chat, w->now, "Alice"), 0);
	meet_anew(w);
}

static void an_invitation_shown_to_who_has_blocked_us_costs_no_way(void **state)
{
	struct world *w = *state;
	const struct locator way = she_shows_one_to_who_has_blocked_her(w);
	connect_dial(&w->alice);
	settle(w);
	assert_int_equal(said(&w->alice, "The invitation of Bob is not valid any more"), 1);
	assert_they_meet_without_doors(w, &way);
}

static void nor_does_it_after_a_restart(void **state)
{
	struct world *w = *state;
	const struct locator way = she_shows_one_to_who_has_blocked_her(w);
	party_restart(&w->alice);
	while (!w->alice.n_dials)
		pass(w, 1000);
	connect_dial(&w->alice);
	settle(w);
	assert_they_meet_without_doors(w, &way);
}

/* His last link may have come in before his answer. */
static void nor_where_they_had_met_meanwhile(void **state)
{
	struct world *w = *state;
	const struct locator way = she_shows_one_to_who_has_blocked_her(w);
	struct chat_peer *bob = peer_of(&w->alice);
	connect_dial(&w->alice);
	party_turn(&w->alice);
	assert_int_equal(contact_enter(w->alice.chat, bob, CONTACT_LINKED), 0);
	assert_int_equal(contact_restore_locator(w->alice.chat, bob), 0);
	settle(w);
	assert_they_meet_without_doors(w, &way);
}

/* Her first request was accepted, and the answer lost. */
static void nor_does_asking_again(void **state)
{
	struct world *w = *state;
	struct locator way = {.has_client_key = true};
	assert_int_equal(add(&w->bob, "Alice", &w->alice, ""), 0);
	settle(w);
	fail_dial(&w->bob);
	assert_int_equal(add(&w->alice, "Bob", &w->bob, ""), 0);
	settle(w);
	struct pair *pair = connect_dial(&w->alice);
	party_turn(&w->alice);
	const struct frame request = w->frames[0];
	w->n_frames = 0;
	deliver(w, &request);
	party_turn(&w->bob);
	cut(pair); /* with the answer */
	assert_int_equal(alice_of(w)->row.state, CONTACT_ACCEPTING);
	memcpy(way.onion, alice_of(w)->row.onion, KEY_BYTES);
	memcpy(way.client_key, alice_of(w)->row.client_key, KEY_BYTES);
	give(&w->alice, known(&w->alice, "Mallory", 2, CONTACT_LINKED));
	assert_int_equal(block(&w->bob, "Alice"), 0);
	assert_int_equal(block(&w->alice, "Mallory"), 0); /* she moves */
	while (!w->alice.n_dials)
		pass(w, 1000);
	connect_dial(&w->alice);
	settle(w);
	assert_int_equal(bob_of(w)->row.state, CONTACT_ASKED);
	assert_they_meet_without_doors(w, &way);
}

/* Where another contact stays on the old service. */
static void the_others_follow_to_a_fresh_service(void **state)
{
	struct world *w = *state;
	befriend(w);
	struct chat_peer *carol = known(&w->bob, "Carol", 1, CONTACT_LINKED);
	struct chat_peer *mallory = known(&w->bob, "Mallory", 2, CONTACT_LINKED);
	const struct locator hers = give(&w->bob, mallory), carols = give(&w->bob, carol);
	cut_all(w);
	assert_int_equal(send_text(&w->bob, alice_of(w), "1"), 0);
	assert_int_equal(block(&w->bob, "Mallory"), 0);
	assert_int_equal(send_text(&w->bob, alice_of(w), "2"), 0);
	pass(w, 1000);
	assert_int_equal(private_services(&w->bob), 2);
	assert_false(leads_in(&w->bob, &hers));
	assert_true(leads_in(&w->bob, &carols));
	meet_anew(w); /* by the old one */
	assert_received(&w->alice, "1 2 ");
	assert_int_equal(memcmp(bob_of(w)->row.onion, hers.onion, KEY_BYTES) != 0, 1);
	assert_int_equal(keys_of(peer_of(&w->bob)), 1);
	assert_int_equal(private_services(&w->bob), 2); /* Carol is still to come */
	cut_all(w);
	meet_anew(w);
}

static void a_service_that_all_have_left_goes(void **state)
{
	struct world *w = *state;
	befriend(w);
	const struct locator hers = give(&w->bob, known(&w->bob, "Mallory", 2, CONTACT_LINKED));
	assert_int_equal(block(&w->bob, "Mallory"), 0);
	settle(w); /* Alice is told on the link that stands */
	assert_int_equal(private_services(&w->bob), 1);
	assert_false(leads_in(&w->bob, &hers));
	assert_int_equal(memcmp(bob_of(w)->row.onion, hers.onion, KEY_BYTES) != 0, 1);
}

/* A locator that was not acked when its service is left: neither loses Alice. */
static void blocking_while_a_locator_is_on_its_way(void **state)
{
	struct world *w = *state;
	befriend(w);
	give(&w->bob, known(&w->bob, "Mallory", 2, CONTACT_LINKED));
	give(&w->bob, known(&w->bob, "Dave", 3, CONTACT_LINKED));
	give(&w->bob, known(&w->bob, "Carol", 4, CONTACT_LINKED));
	assert_int_equal(block(&w->bob, "Mallory"), 0);
	party_turn(&w->bob); /* sealed, and sent */
	cut_all(w);
	give(&w->bob, peer_named(&w->bob, "Dave")); /* who was quicker, and knows the fresh service */
	assert_int_equal(block(&w->bob, "Dave"), 0);
	pass(w, 1000);
	party_restart(&w->bob);
	assert_int_equal(peer_of(&w->bob)->n_offers, 2);
	assert_int_equal(chat_queued(w->bob.chat), 0);
	meet_anew(w);
	assert_int_equal(peer_of(&w->bob)->n_offers, 0);
	assert_int_equal(keys_of(peer_of(&w->bob)), 1);
	assert_int_equal(memcmp(bob_of(w)->row.onion, newest_key(peer_of(&w->bob))->service->onion, KEY_BYTES), 0);
	party_restart(&w->alice);
	cut_all(w);
	meet_anew(w);
}

/* An old key of hers on a service that stands for others is taken out too. */
static void no_key_that_the_blocked_one_ever_had_leads_in(void **state)
{
	struct world *w = *state;
	befriend(w);
	give(&w->bob, known(&w->bob, "Mallory", 2, CONTACT_LINKED));
	give(&w->bob, known(&w->bob, "Carol", 4, CONTACT_LINKED));
	struct locator old = {.has_client_key = true};
	memcpy(old.onion, bob_of(w)->row.onion, KEY_BYTES);
	memcpy(old.client_key, bob_of(w)->row.client_key, KEY_BYTES);
	assert_int_equal(block(&w->bob, "Mallory"), 0);
	pass(w, 1000); /* Alice follows, and Carol can't */
	assert_int_equal(keys_of(peer_of(&w->bob)), 1);
	assert_int_equal(memcmp(bob_of(w)->row.onion, old.onion, KEY_BYTES) != 0, 1);
	assert_int_equal(block(&w->bob, "Alice"), 0);
	pass(w, 1000);
	assert_false(leads_in(&w->bob, &old));
}

/* Two keys on one service: one fresh service is enough. */
static void two_keys_of_one_service_open_one_fresh_one(void **state)
{
	struct world *w = *state;
	struct chat_peer *mallory = known(&w->bob, "Mallory", 2, CONTACT_LINKED);
	settle(w);
	give(&w->bob, mallory);
	give(&w->bob, known(&w->bob, "Carol", 4, CONTACT_LINKED));
	assert_int_equal(locator_fresh(w->bob.chat, w->now, mallory), 0);
	assert_int_equal(keys_of(mallory), 2);
	assert_int_equal(block(&w->bob, "Mallory"), 0);
	pass(w, 1000);
	assert_int_equal(private_services(&w->bob), 2);
	assert_int_equal(keys_of(peer_named(&w->bob, "Carol")), 2);
	assert_int_equal(mallory->n_offers, 0);
}

static void block_in_a_row(struct world *w, bool restart)
{
	char nick[12];
	settle(w);
	give(&w->bob, known(&w->bob, "Carol", 90, CONTACT_LINKED));
	give(&w->bob, known(&w->bob, "Dave", 91, CONTACT_ASKED));
	for (unsigned i = 0; i < 4; i++) {
		snprintf(nick, sizeof(nick), "m%u", i);
		give(&w->bob, known(&w->bob, nick, 2 + i, CONTACT_LINKED));
	}
	for (unsigned i = 0; i < 4; i++) {
		snprintf(nick, sizeof(nick), "m%u", i);
		assert_int_equal(block(&w->bob, nick), 0);
		pass(w, 1000);
		if (restart)
			party_restart(&w->bob);
		pass(w, 1000);
	}
}

/* Nobody can have been told of the first of them. */
static void several_who_are_blocked_in_a_row_open_one_fresh_service(void **state)
{
	struct world *w = *state;
	block_in_a_row(w, false);
	assert_int_equal(private_services(&w->bob), 2);
	assert_int_equal(keys_of(peer_named(&w->bob, "Carol")), 2);
	assert_int_equal(peer_named(&w->bob, "Carol")->n_offers, 1);
	/* She was told of the second, or may have been, before she is blocked too. */
	cut_all(w);
	give(&w->bob, peer_named(&w->bob, "Dave"));
	assert_int_equal(block(&w->bob, "Dave"), 0);
	pass(w, 1000);
	assert_int_equal(private_services(&w->bob), 2);
	assert_int_equal(peer_named(&w->bob, "Carol")->n_offers, 1);
	party_restart(&w->bob);
	pass(w, 1000);
	assert_int_equal(keys_of(peer_named(&w->bob, "Carol")), 2);
	assert_true(newest_key(peer_named(&w->bob, "Carol"))->row.offer != 0);
}

/* What a process before this one may have told is not known. */
static void after_a_restart_each_of_them_opens_one(void **state)
{
	struct world *w = *state;
	block_in_a_row(w, true);
	assert_int_equal(private_services(&w->bob), 5);
}

static void a_left_service_keeps_a_full_list(void **state)
{
	struct world *w = *state;
	settle(w);
	for (unsigned i = 0; i < 17; i++) {
		char nick[12];
		snprintf(nick, sizeof(nick), "c%u", i);
		give(&w->bob, known(&w->bob, nick, 100 + i, CONTACT_LINKED));
	}
	settle(w);
	for (unsigned i = 0; i < 3; i++) {
		char nick[12];
		snprintf(nick, sizeof(nick), "c%u", i);
		assert_int_equal(block(&w->bob, nick), 0);
		pass(w, 1000);
		private_services(&w->bob);
	}
}

/* ---- in every state ---- */

static void whoever_is_blocked_or_removed_can_be(void **state)
{
	static const enum contact_state states[] = {CONTACT_ASKED, CONTACT_ACCEPTING, CONTACT_LINKED,
						    CONTACT_INVITED};
	struct world *w = *state;
	settle(w);
	for (unsigned i = 0; i < 4; i++) {
		struct chat_peer *p = known(&w->bob, "Mallory", 10 + i, states[i]);
		const struct locator l = give(&w->bob, p);
		pass(w, 20000);
		assert_true(leads_in(&w->bob, &l));
		assert_int_equal(block(&w->bob, "Mallory"), 0);
		pass(w, 1000);
		assert_false(leads_in(&w->bob, &l));
		assert_int_equal(chat_unblock(w->bob.chat, w->now, "Mallory"), 0);
		pass(w, 1000);
		const struct locator again = give(&w->bob, p);
		party_turn(&w->bob);
		party_restart(&w->bob);
		pass(w, 1000);
		assert_true(leads_in(&w->bob, &again));
		assert_int_equal(chat_remove(w->bob.chat, w->now, "Mallory"), 0);
		pass(w, 1000);
		assert_false(leads_in(&w->bob, &again));
		party_restart(&w->bob);
		settle(w);
		assert_null(chat_find(w->bob.chat, "Mallory"));
		assert_int_equal(private_services(&w->bob), 1);
	}
}

static void removed_while_the_others_move(void **state)
{
	struct world *w = *state;
	befriend(w);
	give(&w->bob, known(&w->bob, "Mallory", 2, CONTACT_LINKED));
	give(&w->bob, known(&w->bob, "Carol", 4, CONTACT_LINKED));
	cut_all(w);
	assert_int_equal(block(&w->bob, "Mallory"), 0);
	party_turn(&w->bob);
	assert_int_equal(chat_remove(w->bob.chat, w->now, "Carol"), 0);
	assert_int_equal(chat_remove(w->bob.chat, w->now, "Mallory"), 0);
	party_turn(&w->bob);
	party_restart(&w->bob);
	meet_anew(w);
	assert_int_equal(private_services(&w->bob), 1);
	assert_int_equal(keys_of(peer_of(&w->bob)), 1);
}

/* To her it is the same as to be blocked: Bob went offline. */
static void the_removed_one_is_told_nothing(void **state)
{
	struct world *w = *state;
	befriend(w);
	assert_int_equal(chat_remove(w->bob.chat, w->now, "Alice"), 0);
	party_turn(&w->bob);
	enum close_reason reason = CLOSE_DONE;
	bool closed = false;
	for (size_t i = 0; i < w->n_frames; i++) {
		if (w->frames[i].type == FRAME_CLOSE) {
			assert_int_equal(close_decode(w->frames[i].body, w->frames[i].len, &reason), 0);
			closed = true;
		}
	}
	assert_true(closed);
	assert_int_equal(reason, CLOSE_OFFLINE);
}

/* ---- contacts from before there were private services ---- */

static void knows_the_door_alone(struct party *p, struct chat_peer *whom)
{
	whom->pub.row.knows_door = true;
	assert_int_equal(contact_save(p->chat, whom), 0);
	party_turn(p);
	party_restart(p);
	party_turn(p);
}

static void the_door_stands_for_whoever_knows_no_more(void **state)
{
	struct world *w = *state;
	settle(w);
	knows_the_door_alone(&w->bob, known(&w->bob, "Carol", 4, CONTACT_LINKED));
	assert_true(service_of(&w->bob, CHAT_DOOR)->s.private_role);
	assert_int_equal(chat_set_door(w->bob.chat, w->now, false, false), 0);
	party_turn(&w->bob);
	assert_true(service_of(&w->bob, CHAT_DOOR)->s.private_role);
	assert_false(service_of(&w->bob, CHAT_DOOR)->s.door_role);
	assert_int_equal(block(&w->bob, "Carol"), 0);
	party_turn(&w->bob);
	assert_null(service_of(&w->bob, CHAT_DOOR));
	assert_int_equal(chat_unblock(w->bob.chat, w->now, "Carol"), 0);
	party_turn(&w->bob);
	assert_true(service_of(&w->bob, CHAT_DOOR)->s.private_role);
	assert_int_equal(chat_remove(w->bob.chat, w->now, "Carol"), 0);
	party_turn(&w->bob);
	assert_null(service_of(&w->bob, CHAT_DOOR));
}

static void closed_at_once_the_door_waits_for_nobody(void **state)
{
	struct world *w = *state;
	settle(w);
	knows_the_door_alone(&w->bob, known(&w->bob, "Carol", 4, CONTACT_LINKED));
	assert_int_equal(chat_set_door(w->bob.chat, w->now, false, true), 0);
	party_turn(&w->bob);
	assert_null(service_of(&w->bob, CHAT_DOOR));
	party_restart(&w->bob);
	party_turn(&w->bob);
	assert_null(service_of(&w->bob, CHAT_DOOR));
	assert_int_equal(chat_set_door(w->bob.chat, w->now, true, false), 0);
	party_turn(&w->bob);
	assert_true(service_of(&w->bob, CHAT_DOOR)->s.private_role);
	assert_true(service_of(&w->bob, CHAT_DOOR)->s.door_role);
}

static int count_row(void *ctx, const struct outbox_row *o)
{
	(void)o;
	++*(size_t *)ctx;
	return 0;
}

static size_t in_the_outbox(struct party *p, const struct contact *contact)
{
	size_t n = 0;
	assert_int_equal(store_outbox_each(p->chat->store, contact->row.id, 0, SIZE_MAX, count_row, &n), 0);
	return n;
}

/* A long queue is deleted slice by slice, over a crash too; what is left of it is never sent. */
static void a_long_queue_fails_at_once_and_goes_in_slices(void **state)
{
	struct world *w = *state;
	size_t failed;
	befriend(w);
	party_kill(&w->bob, true);
	pass(w, 60000);
	for (unsigned i = 0; i < 800; i++)
		assert_int_equal(send_text(&w->alice, bob_of(w), "never"), 0);
	party_turn(&w->alice);
	assert_int_equal(chat_block(w->alice.chat, w->now, "Bob", &failed), 0);
	assert_int_equal(failed, 800);
	assert_int_equal(bob_of(w)->queued, 0);
	assert_int_equal(chat_queued(w->alice.chat), 0);
	party_turn(&w->alice);
	assert_in_range(in_the_outbox(&w->alice, bob_of(w)), 300, 799);
	party_kill(&w->alice, false);
	party_start(&w->alice);
	assert_int_equal(chat_queued(w->alice.chat), 0);
	party_turn(&w->alice);
	assert_in_range(in_the_outbox(&w->alice, bob_of(w)), 1, 600);
	assert_int_equal(chat_unblock(w->alice.chat, w->now, "Bob"), 0);
	assert_int_equal(in_the_outbox(&w->alice, bob_of(w)), 0);
	party_start(&w->bob);
	settle(w);
	hush(&w->alice);
	hush(&w->bob);
	meet(w);
	assert_int_equal(send_text(&w->alice, bob_of(w), "again"), 0);
	settle(w);
	assert_int_equal(said(&w->bob, "in Alice: never"), 0);
	assert_int_equal(said(&w->bob, "in Alice: again"), 1);
}

#define STORY(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    STORY(blocked_is_out_at_once_and_what_waits_fails),
	    STORY(blocked_stays_so_after_a_restart),
	    STORY(the_blocked_one_is_a_stranger_on_every_service),
	    STORY(unblocked_goes_on_with_the_session),
	    STORY(block_unblock_block),
	    STORY(an_invitation_shown_to_who_has_blocked_us_costs_no_way),
	    STORY(nor_does_it_after_a_restart),
	    STORY(nor_where_they_had_met_meanwhile),
	    STORY(nor_does_asking_again),
	    STORY(a_long_queue_fails_at_once_and_goes_in_slices),
	    STORY(the_others_follow_to_a_fresh_service),
	    STORY(a_service_that_all_have_left_goes),
	    STORY(blocking_while_a_locator_is_on_its_way),
	    STORY(no_key_that_the_blocked_one_ever_had_leads_in),
	    STORY(two_keys_of_one_service_open_one_fresh_one),
	    STORY(several_who_are_blocked_in_a_row_open_one_fresh_service),
	    STORY(after_a_restart_each_of_them_opens_one),
	    STORY(a_left_service_keeps_a_full_list),
	    STORY(whoever_is_blocked_or_removed_can_be),
	    STORY(removed_while_the_others_move),
	    STORY(the_removed_one_is_told_nothing),
	    STORY(the_door_stands_for_whoever_knows_no_more),
	    STORY(closed_at_once_the_door_waits_for_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
