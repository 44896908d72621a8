/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Invitations: who presents one is a contact without a question, once, and nobody else by it. */
#include "chat_service_help.h"

/* ---- strings, and who shows them ---- */

static struct invite invite_days(struct party *p, unsigned days)
{
	char text[INVITE_LEN + 1];
	struct invite inv;
	assert_int_equal(chat_invite(p->chat, p->w->now, days, text), 0);
	assert_int_equal(invite_decode(text, &inv), 0);
	party_turn(p);
	return inv;
}

static struct invite invite(struct party *p)
{
	return invite_days(p, 0);
}

static int add_invited(struct party *p, const char *nick, const struct invite *inv)
{
	return chat_add_invited(p->chat, p->w->now, nick, inv, NULL);
}

static unsigned count_invites(const struct party *p);
static int count_invite(void *ctx, const struct chat_invite_row *r)
{
	assert_true(r->number > 0);
	++*(unsigned *)ctx;
	return 0;
}
static unsigned count_invites(const struct party *p)
{
	unsigned n = 0;
	assert_int_equal(chat_invites_each(p->chat, count_invite, &n), 0);
	return n;
}

/* Stranger n shows a token to p at the service of this locator, NULL for the door. */
static enum answer_status show(struct party *p, unsigned n, const struct locator *l,
			       const uint8_t token[TOKEN_BYTES], const char *nick)
{
	const uint8_t seed[KEY_BYTES] = {8, (uint8_t)n, 1}, link_secret[KEY_BYTES] = {8, (uint8_t)n, 2};
	struct world *w = p->w;
	uint8_t identity[KEY_BYTES], key[KEY_BYTES], hash[HASH_BYTES], verifier[KEY_BYTES];
	struct redeem r = {0};
	struct answer a;
	struct buf body;
	identity_public(seed, identity);
	assert_int_equal(identity_dh_public(identity, key), 0);
	struct pair *pair = &w->pair[w->n_pairs++];
	*pair = (struct pair){.p = {other_party(p), p}, .id = {0, ++w->last_link}, .open = {false, true}};
	hash_of(pair->id[1], hash);
	const struct help_service *at = l ? found_at(p, l) : service_of(p, CHAT_DOOR);
	assert_non_null(at);
	const struct chat_link_info info = {.link = pair->id[1],
					    .version = LINK_VERSION,
					    .service = at->s.id,
					    .role = l ? LINK_PRIVATE : LINK_DOOR,
					    .static_key = key,
					    .identity = identity,
					    .hash = hash};
	assert_int_equal(chat_admit(p->chat, info.service, info.role, LINK_VERSION, key, identity), 0);
	assert_int_equal(chat_on_link(p->chat, w->now, &info), 0);
	dh_public(link_secret, r.link_key);
	const struct proof_claim claim = {hash, r.link_key, identity};
	static_key_of(p, !l, verifier);
	assert_int_equal(proof_make(PROOF_REDEEM, &claim, link_secret, verifier, r.proof), 0);
	memcpy(r.token, token, TOKEN_BYTES);
	memcpy(r.locator.onion, identity, KEY_BYTES);
	assert_int_equal(str_copy(r.nick, sizeof(r.nick), nick), 0);
	buf_init(&body, FRAME_BODY_MAX);
	assert_int_equal(redeem_encode(&r, &body), 0);
	w->n_frames = 0;
	assert_int_equal(chat_on_frame(p->chat, w->now, pair->id[1], FRAME_REDEEM, buf_ptr(&body), buf_len(&body)),
			 0);
	buf_clear(&body);
	assert_int_equal(w->frames[0].type, FRAME_ANSWER);
	assert_int_equal(answer_decode(w->frames[0].body, w->frames[0].len, &a), 0);
	assert_int_equal(w->frames[1].type, FRAME_CLOSE);
	w->n_frames = 0;
	party_turn(p);
	return a.status;
}

static void close_the_door(struct party *p)
{
	assert_int_equal(chat_set_door(p->chat, p->w->now, false, false), 0);
	settle(p->w);
	assert_null(service_of(p, CHAT_DOOR));
}

/* ---- what it is for ---- */

static void who_shows_one_is_a_contact_without_a_question(void **state)
{
	struct world *w = *state;
	settle(w);
	close_the_door(&w->alice);
	close_the_door(&w->bob);
	const struct invite inv = invite(&w->bob);
	party_restart(&w->bob);
	settle(w);
	assert_int_equal(add_invited(&w->alice, "Bob", &inv), 0);
	settle(w);
	assert_int_equal(bob_of(w)->row.state, CONTACT_INVITED);
	assert_int_equal(w->alice.dial[0].role, LINK_PRIVATE);
	assert_true(w->alice.dial[0].by_identity);
	connect_dial(&w->alice);
	settle(w);
	assert_int_equal(bob_of(w)->row.state, CONTACT_LINKED);
	assert_int_equal(said(&w->bob, "added Alice"), 1);
	assert_int_equal(said(&w->bob, "request"), 0);
	assert_int_equal(count_invites(&w->bob), 0);
	assert_false(bob_of(w)->row.has_token);
	meet_anew(w);
	assert_int_equal(send_text(&w->alice, bob_of(w), "1"), 0);
	settle(w);
	assert_received(&w->bob, "1 ");
	/* The key in the string is not hers alone: she has another one, and that one goes. */
	assert_int_equal(keys_of(peer_of(&w->bob)), 1);
	assert_memory_not_equal(bob_of(w)->row.client_key, inv.locator.client_key, KEY_BYTES);
	pass(w, 8u * 3600 * 1000);
	assert_false(leads_in(&w->bob, &inv.locator));
	cut_all(w);
	meet_anew(w);
}

static void it_is_good_once(void **state)
{
	struct world *w = *state;
	settle(w);
	const struct invite inv = invite(&w->bob);
	assert_int_equal(show(&w->bob, 1, &inv.locator, inv.token, "Mallory"), ANSWER_ACCEPTED);
	assert_non_null(chat_find(w->bob.chat, "Mallory"));
	assert_int_equal(show(&w->bob, 2, &inv.locator, inv.token, "Dave"), ANSWER_PENDING);
	assert_null(chat_find(w->bob.chat, "Dave"));
	assert_int_equal(chat_requests(w->bob.chat), 1);
	close_the_door(&w->bob);
	assert_int_equal(show(&w->bob, 3, &inv.locator, inv.token, "Carol"), ANSWER_REFUSED);
	assert_int_equal(chat_requests(w->bob.chat), 1);
	party_restart(&w->bob);
	settle(w);
	assert_int_equal(show(&w->bob, 3, &inv.locator, inv.token, "Carol"), ANSWER_REFUSED);
	assert_int_equal(chat_count(w->bob.chat), 1);
}

/* The answer was lost: she comes again with the same string, by the same key, also after a restart of Bob. */
static void whose_answer_was_lost_gets_it_again(void **state)
{
	struct world *w = *state;
	settle(w);
	close_the_door(&w->bob);
	const struct invite inv = invite(&w->bob);
	assert_int_equal(add_invited(&w->alice, "Bob", &inv), 0);
	settle(w);
	struct pair *pair = connect_dial(&w->alice);
	party_turn(&w->alice);
	const struct frame f = w->frames[0];
	w->n_frames = 0;
	deliver(w, &f);
	party_turn(&w->bob);
	cut(pair);
	assert_non_null(alice_of(w));
	party_restart(&w->bob);
	party_restart(&w->alice);
	assert_int_equal(bob_of(w)->row.state, CONTACT_INVITED);
	meet_anew(w);
	assert_int_equal(chat_count(w->bob.chat), 1);
	assert_int_equal(said(&w->bob, "was set up anew"), 0);
}

/* Or Bob alone can dial: what he knows of her is proven, what she knows of him is not. */
static void whose_answer_was_lost_is_told_by_the_one_who_invited(void **state)
{
	struct world *w = *state;
	settle(w);
	close_the_door(&w->alice);
	close_the_door(&w->bob);
	const struct invite inv = invite(&w->bob);
	assert_int_equal(add_invited(&w->alice, "Bob", &inv), 0);
	settle(w);
	struct pair *pair = connect_dial(&w->alice);
	party_turn(&w->alice);
	const struct frame f = w->frames[0];
	w->n_frames = 0;
	deliver(w, &f);
	party_turn(&w->bob);
	cut(pair);
	for (unsigned i = 0; i < 50 && !peer_of(&w->alice)->ready; i++) {
		pass(w, 5000);
		while (w->alice.n_dials)
			fail_dial(&w->alice);
		if (!w->bob.n_dials)
			continue;
		/* The handshake between link keys is refused by whom the answer did not reach. */
		if (!w->bob.dial[0].by_identity && bob_of(w)->row.state == CONTACT_INVITED)
			fail_dial(&w->bob);
		else
			dial_out(&w->bob);
		settle(w);
	}
	assert_int_equal(bob_of(w)->row.state, CONTACT_LINKED);
	assert_true(peer_of(&w->alice)->ready);
}

/* ---- who may have it, and what becomes of it ---- */

static void a_contact_who_shows_one_stays_one(void **state)
{
	struct world *w = *state;
	settle(w);
	const struct invite first = invite(&w->bob), second = invite(&w->bob);
	assert_int_equal(show(&w->bob, 1, &first.locator, first.token, "Carol"), ANSWER_ACCEPTED);
	assert_int_equal(show(&w->bob, 1, &second.locator, second.token, "Carol"), ANSWER_ACCEPTED);
	assert_int_equal(chat_count(w->bob.chat), 1);
	assert_int_equal(count_invites(&w->bob), 0);
	assert_int_equal(show(&w->bob, 2, &second.locator, second.token, "Dave"), ANSWER_PENDING);
}

static void it_answers_a_request_that_waits(void **state)
{
	static const uint8_t none[TOKEN_BYTES];
	struct world *w = *state;
	settle(w);
	assert_int_equal(show(&w->bob, 1, NULL, none, "Carol"), ANSWER_PENDING);
	assert_int_equal(chat_requests(w->bob.chat), 1);
	const struct invite inv = invite(&w->bob);
	assert_int_equal(show(&w->bob, 1, &inv.locator, inv.token, "Carol"), ANSWER_ACCEPTED);
	assert_int_equal(chat_requests(w->bob.chat), 0);
	assert_non_null(chat_find(w->bob.chat, "Carol"));
}

static void a_rejected_one_who_is_invited_is_a_contact(void **state)
{
	static const uint8_t none[TOKEN_BYTES];
	struct world *w = *state;
	settle(w);
	assert_int_equal(show(&w->bob, 1, NULL, none, "Carol"), ANSWER_PENDING);
	assert_int_equal(chat_reject(w->bob.chat, w->now, "Carol"), 0);
	const struct invite inv = invite(&w->bob);
	assert_int_equal(show(&w->bob, 1, NULL, inv.token, "Carol"), ANSWER_ACCEPTED); /* at the door as well */
	assert_non_null(chat_find(w->bob.chat, "Carol"));
}

/* Bob had asked her, and the request never came; the string is all that leads her to him. */
static void whom_we_asked_keeps_its_key_until_another_has_arrived(void **state)
{
	struct world *w = *state;
	settle(w);
	assert_int_equal(add(&w->bob, "Alice", &w->alice, ""), 0);
	settle(w);
	struct pair *pair = connect_dial(&w->bob);
	party_turn(&w->bob);
	cut(pair); /* with the request */
	while (w->bob.n_dials)
		fail_dial(&w->bob);
	close_the_door(&w->bob);
	const struct invite inv = invite(&w->bob);
	assert_int_equal(add_invited(&w->alice, "Bob", &inv), 0);
	settle(w);
	pair = connect_dial(&w->alice);
	party_turn(&w->alice);
	const struct frame f = w->frames[0];
	w->n_frames = 0;
	deliver(w, &f);
	party_turn(&w->bob);
	cut(pair); /* with the answer */
	assert_int_equal(alice_of(w)->row.state, CONTACT_ACCEPTING);
	party_restart(&w->bob); /* which publishes anew */
	settle(w);
	assert_true(leads_in(&w->bob, &inv.locator));
	party_tor(&w->bob, false);
	for (unsigned i = 0; i < 20 && bob_of(w)->row.state != CONTACT_LINKED; i++) {
		pass(w, 20000);
		if (w->alice.n_dials)
			dial_out(&w->alice);
		settle(w);
	}
	assert_int_equal(bob_of(w)->row.state, CONTACT_LINKED);
}

static void the_blocked_one_gets_in_by_none(void **state)
{
	struct world *w = *state;
	settle(w);
	const struct invite first = invite(&w->bob), inv = invite(&w->bob);
	assert_int_equal(show(&w->bob, 1, &first.locator, first.token, "Mallory"), ANSWER_ACCEPTED);
	assert_int_equal(block(&w->bob, "Mallory"), 0);
	party_turn(&w->bob);
	/* At the door, like a stranger's request. */
	assert_int_equal(show(&w->bob, 1, NULL, inv.token, "Mallory"), ANSWER_PENDING);
	assert_true(chat_find(w->bob.chat, "Mallory")->row.blocked);
	assert_int_equal(keys_of(peer_named(&w->bob, "Mallory")), 0);
	assert_int_equal(chat_requests(w->bob.chat), 0);
	assert_int_equal(count_invites(&w->bob), 1);
	assert_int_equal(show(&w->bob, 2, NULL, inv.token, "Carol"), ANSWER_ACCEPTED);
}

/* With a good client key, an invitation that is none, and everything that Bob may answer. */
static void the_blocked_one_is_answered_as_a_stranger(void **state)
{
	struct world *w = *state;
	static const uint8_t none[TOKEN_BYTES] = {1, 2, 3};
	settle(w);
	const struct invite first = invite(&w->bob), inv = invite(&w->bob);
	assert_int_equal(show(&w->bob, 1, &first.locator, first.token, "Mallory"), ANSWER_ACCEPTED);
	assert_int_equal(block(&w->bob, "Mallory"), 0);
	party_turn(&w->bob);
	assert_int_equal(show(&w->bob, 1, &inv.locator, none, "Mallory"), ANSWER_PENDING);
	assert_int_equal(show(&w->bob, 2, &inv.locator, none, "Carol"), ANSWER_PENDING);
	for (uint8_t n = 3; w->bob.chat->n_hour < REQUESTS_HOUR; n++)
		assert_int_equal(show(&w->bob, n, NULL, none, "Dave"), ANSWER_PENDING);
	assert_int_equal(show(&w->bob, 1, &inv.locator, none, "Mallory"), ANSWER_REFUSED);
	assert_int_equal(show(&w->bob, 99, &inv.locator, none, "Carol"), ANSWER_REFUSED);
	pass(w, 2 * 3600 * 1000);
	assert_int_equal(show(&w->bob, 1, &inv.locator, none, "Mallory"), ANSWER_PENDING);
	assert_int_equal(chat_set_door(w->bob.chat, w->now, false, false), 0);
	assert_int_equal(show(&w->bob, 1, &inv.locator, none, "Mallory"), ANSWER_REFUSED);
	assert_int_equal(show(&w->bob, 98, &inv.locator, none, "Carol"), ANSWER_REFUSED);
	assert_int_equal(show(&w->bob, 1, &inv.locator, inv.token, "Mallory"), ANSWER_REFUSED);
	assert_int_equal(show(&w->bob, 98, &inv.locator, inv.token, "Carol"), ANSWER_ACCEPTED);
}

static void it_stays_good_where_there_is_no_room(void **state)
{
	struct world *w = *state;
	settle(w);
	const struct invite inv = invite(&w->bob);
	const size_t n = w->bob.chat->n_contacts;
	w->bob.chat->n_contacts = CONTACTS_MAX;
	assert_int_equal(show(&w->bob, 1, &inv.locator, inv.token, "Carol"), ANSWER_REFUSED);
	w->bob.chat->n_contacts = n;
	assert_int_equal(count_invites(&w->bob), 1);
	assert_int_equal(show(&w->bob, 1, &inv.locator, inv.token, "Carol"), ANSWER_ACCEPTED);
}

static void it_expires(void **state)
{
	struct world *w = *state;
	settle(w);
	close_the_door(&w->bob);
	const struct invite inv = invite_days(&w->bob, 1);
	party_tor(&w->alice, false);
	assert_int_equal(add_invited(&w->alice, "Bob", &inv), 0);
	jump(w, DAY + 60000);
	assert_int_equal(show(&w->bob, 1, &inv.locator, inv.token, "Carol"), ANSWER_REFUSED);
	assert_int_equal(chat_remove(w->alice.chat, w->now, "Bob"), 0);
	assert_int_equal(add_invited(&w->alice, "Bob", &inv), ERR_TIMEOUT);
	pass(w, 8u * 3600 * 1000);
	assert_int_equal(count_invites(&w->bob), 0);
	pass(w, 8u * 3600 * 1000);
	assert_false(leads_in(&w->bob, &inv.locator));
}

static void what_has_expired_makes_room_at_once(void **state)
{
	char text[INVITE_LEN + 1];
	struct world *w = *state;
	settle(w);
	for (unsigned i = 0; i < INVITES_MAX; i++)
		invite_days(&w->bob, 1);
	assert_int_equal(chat_invite(w->bob.chat, w->now, 1, text), ERR_FULL);
	assert_int_equal(chat_invite(w->bob.chat, w->now, INVITE_DAYS_MAX + 1, text), ERR_INVALID);
	assert_int_equal(count_invites(&w->bob), INVITES_MAX);
	jump(w, DAY + 60000);
	w->bob.chat->now = w->now;
	assert_int_equal(count_invites(&w->bob), 0);
	assert_int_equal(chat_invite(w->bob.chat, w->now, 1, text), 0);
}

static void a_revoked_one_leads_nowhere(void **state)
{
	struct world *w = *state;
	settle(w);
	const struct invite inv = invite(&w->bob);
	assert_int_equal(chat_invite_revoke(w->bob.chat, w->now, 77), ERR_NOT_FOUND);
	assert_int_equal(chat_invite_revoke(w->bob.chat, w->now, 1), 0);
	party_turn(&w->bob);
	assert_false(leads_in(&w->bob, &inv.locator));
	assert_int_equal(chat_invite_revoke(w->bob.chat, w->now, 1), ERR_NOT_FOUND);
	assert_int_equal(show(&w->bob, 1, NULL, inv.token, "Carol"), ANSWER_PENDING);
	/* Its key is nobody's again. */
	for (unsigned i = 0; i < 20; i++)
		assert_memory_not_equal(invite(&w->bob).locator.client_key, inv.locator.client_key, KEY_BYTES);
}

static void it_leads_in_though_its_service_was_left(void **state)
{
	struct world *w = *state;
	settle(w);
	close_the_door(&w->bob);
	const struct invite inv = invite(&w->bob);
	give(&w->bob, known(&w->bob, "Mallory", 2, CONTACT_LINKED));
	assert_int_equal(block(&w->bob, "Mallory"), 0);
	pass(w, 1000);
	assert_int_equal(private_services(&w->bob), 2);
	assert_int_equal(add_invited(&w->alice, "Bob", &inv), 0);
	meet_anew(w);
	assert_memory_not_equal(bob_of(w)->row.onion, inv.locator.onion, KEY_BYTES);
	assert_int_equal(private_services(&w->bob), 1);
}

/* A clock that was wrong when it was made: its service goes first. */
static void it_goes_with_its_service(void **state)
{
	struct world *w = *state;
	settle(w);
	w->now.real_ms += 900ull * DAY;
	invite(&w->bob);
	w->now.real_ms -= 900ull * DAY;
	give(&w->bob, known(&w->bob, "Mallory", 2, CONTACT_LINKED));
	assert_int_equal(block(&w->bob, "Mallory"), 0);
	party_tor(&w->bob, false);
	pass(w, 1000);
	jump(w, 91ull * DAY);
	pass(w, 1000);
	assert_int_equal(private_services(&w->bob), 1);
	assert_int_equal(count_invites(&w->bob), 0);
	assert_int_equal(chat_invite_revoke(w->bob.chat, w->now, 1), ERR_NOT_FOUND);
	party_restart(&w->bob);
}

/* ---- the one who was invited ---- */

static void one_that_is_void_becomes_a_request(void **state)
{
	struct world *w = *state;
	settle(w);
	const struct invite inv = invite(&w->bob);
	assert_int_equal(show(&w->bob, 1, &inv.locator, inv.token, "Mallory"), ANSWER_ACCEPTED);
	assert_int_equal(add_invited(&w->alice, "Bob", &inv), 0);
	settle(w);
	connect_dial(&w->alice);
	settle(w);
	assert_int_equal(said(&w->alice, "The invitation is not valid any more"), 1);
	assert_int_equal(bob_of(w)->row.state, CONTACT_ASKED);
	assert_false(bob_of(w)->row.has_link_key);
	assert_int_equal(said(&w->bob, "request Alice"), 1);
	assert_int_equal(chat_accept(w->bob.chat, w->now, "Alice", NULL, NULL), 0);
	meet_anew(w);
}

static void whom_we_asked_may_invite_us(void **state)
{
	struct world *w = *state;
	settle(w);
	const struct invite inv = invite(&w->bob);
	assert_int_equal(add(&w->alice, "Bob", &w->bob, ""), 0);
	settle(w);
	struct pair *pair = connect_dial(&w->alice);
	party_turn(&w->alice); /* the request is on its way */
	assert_int_equal(add_invited(&w->alice, "bobby", &inv), ERR_WRONG_STATE);
	assert_int_equal(add_invited(&w->alice, "Bob", &inv), 0);
	settle(w); /* its answer says nothing of the invitation */
	assert_false(pair->open[0]);
	assert_int_equal(bob_of(w)->row.state, CONTACT_INVITED);
	assert_int_equal(said(&w->alice, "not valid any more"), 0);
	meet_anew(w);
	assert_int_equal(chat_requests(w->bob.chat), 0);
}

/* The first one was lost on the way, the second takes its place. */
static void another_one_takes_the_place_of_one_that_was_not_answered(void **state)
{
	struct world *w = *state;
	settle(w);
	close_the_door(&w->bob);
	const struct invite first = invite(&w->bob);
	assert_int_equal(chat_invite_revoke(w->bob.chat, w->now, 1), 0);
	const struct invite second = invite(&w->bob);
	assert_int_equal(add_invited(&w->alice, "Bob", &first), 0);
	settle(w);
	dial_out(&w->alice);
	assert_int_equal(add_invited(&w->alice, "Bob", &second), 0);
	meet_anew(w);
}

static void it_is_redeemed_at_the_door_where_its_service_has_gone(void **state)
{
	struct world *w = *state;
	settle(w);
	const struct invite inv = invite(&w->bob);
	struct invite lost = inv;
	lost.locator.client_key[5] ^= 1;
	assert_int_equal(add_invited(&w->alice, "Bob", &lost), 0);
	for (unsigned i = 0; i < 6 && bob_of(w)->row.state == CONTACT_INVITED; i++) {
		while (!w->alice.n_dials)
			pass(w, 10000);
		dial_out(&w->alice);
		settle(w);
	}
	assert_int_equal(bob_of(w)->row.state, CONTACT_LINKED);
	assert_int_equal(chat_requests(w->bob.chat), 0);
	meet_anew(w);
}

static void own_and_known_ones_are_refused(void **state)
{
	struct world *w = *state;
	const struct contact *existing = NULL;
	settle(w);
	struct invite inv = invite(&w->bob);
	assert_int_equal(add_invited(&w->bob, "me", &inv), ERR_REFUSED);
	struct chat_peer *carol = known(&w->alice, "Carol", 4, CONTACT_LINKED);
	memcpy(inv.link_key, carol->pub.row.link_key, KEY_BYTES); /* hers, as if it was Bob's */
	assert_int_equal(add_invited(&w->alice, "Bob", &inv), ERR_REFUSED);
	assert_int_equal(chat_remove(w->alice.chat, w->now, "Carol"), 0);
	inv = invite(&w->bob);
	befriend(w);
	assert_int_equal(chat_add_invited(w->alice.chat, w->now, "Bob2", &inv, &existing), ERR_WRONG_STATE);
	assert_ptr_equal(existing, bob_of(w));
}

/* ---- contacts who have lost each other ---- */

/* Each has blocked the other, and taken all keys from it; at the doors nobody is let in. */
static void lose_each_other(struct world *w)
{
	settle(w);
	befriend(w);
	close_the_door(&w->alice);
	close_the_door(&w->bob);
	assert_int_equal(block(&w->alice, "Bob"), 0);
	assert_int_equal(block(&w->bob, "Alice"), 0);
	settle(w);
	assert_int_equal(chat_unblock(w->alice.chat, w->now, "Bob"), 0);
	assert_int_equal(chat_unblock(w->bob.chat, w->now, "Alice"), 0);
	settle(w);
	while (w->alice.n_dials)
		fail_dial(&w->alice);
	while (w->bob.n_dials)
		fail_dial(&w->bob);
}

static void one_brings_contacts_together_who_lost_each_other(void **state)
{
	struct world *w = *state;
	lose_each_other(w);
	assert_int_equal(send_text(&w->alice, bob_of(w), "1"), 0);
	const struct invite inv = invite(&w->bob);
	struct invite other = inv;
	other.link_key[3] ^= 1;
	assert_int_equal(add_invited(&w->alice, "Bob", &other), ERR_WRONG_STATE); /* a pinned key stays */
	assert_int_equal(add_invited(&w->alice, "Bob", &inv), 0);
	party_turn(&w->alice);
	party_restart(&w->alice);
	meet_anew(w);
	assert_received(&w->bob, "1 ");
	assert_int_equal(count_invites(&w->bob), 0);
	assert_memory_not_equal(bob_of(w)->row.client_key, inv.locator.client_key, KEY_BYTES);
	assert_int_equal(add_invited(&w->alice, "Bob", &inv), ERR_WRONG_STATE); /* a link stands */
}

/* The place that a bad one tells of is not kept. */
static void a_void_one_costs_a_contact_nothing(void **state)
{
	struct world *w = *state;
	lose_each_other(w);
	const struct contact_row before = bob_of(w)->row;
	const struct invite inv = invite(&w->bob);
	assert_int_equal(add_invited(&w->alice, "Bob", &inv), 0);
	assert_int_equal(chat_remove(w->bob.chat, w->now, "Alice"), 0);
	assert_int_equal(show(&w->bob, 1, &inv.locator, inv.token, "Mallory"), ANSWER_ACCEPTED);
	settle(w);
	dial_out(&w->alice);
	settle(w);
	assert_int_equal(said(&w->alice, "The invitation of Bob is not valid any more"), 1);
	assert_int_equal(bob_of(w)->row.state, CONTACT_LINKED);
	assert_true(bob_of(w)->row.has_link_key);
	assert_memory_equal(bob_of(w)->row.onion, before.onion, KEY_BYTES);
	assert_memory_equal(bob_of(w)->row.client_key, before.client_key, KEY_BYTES);
}

/* ---- quotas ---- */

static void invited_and_asked_ones_get_past_a_flood_of_requests(void **state)
{
	static const uint8_t none[TOKEN_BYTES];
	struct world *w = *state;
	char nick[12];
	settle(w);
	const struct invite inv = invite(&w->bob);
	for (unsigned i = 0; i < REQUESTS_HOUR; i++) {
		snprintf(nick, sizeof(nick), "m%u", i);
		assert_int_equal(show(&w->bob, 100 + i, NULL, none, nick), ANSWER_PENDING);
	}
	assert_int_equal(show(&w->bob, 99, NULL, none, "Dave"), ANSWER_REFUSED);
	assert_int_equal(show(&w->bob, 1, NULL, inv.token, "Carol"), ANSWER_ACCEPTED);
	assert_int_equal(add(&w->bob, "Alice", &w->alice, ""), 0);
	assert_int_equal(add(&w->alice, "Bob", &w->bob, ""), 0);
	meet_anew(w);
	pass(w, 3600u * 1000);
	assert_int_equal(show(&w->bob, 99, NULL, none, "Dave"), ANSWER_PENDING);
}

/* A link that came in while the door was open. */
static void a_door_that_closes_takes_no_request(void **state)
{
	struct world *w = *state;
	settle(w);
	assert_int_equal(add(&w->alice, "Bob", &w->bob, ""), 0);
	settle(w);
	connect_dial(&w->alice);
	party_turn(&w->alice);
	assert_int_equal(w->n_frames, 1);
	const struct frame request = w->frames[0];
	w->frames[0].type = FRAME_PING;
	w->frames[0].len = 8;
	settle(w);
	assert_int_equal(pairs_open(w), 1);
	assert_int_equal(chat_set_door(w->bob.chat, w->now, false, true), 0);
	settle(w);
	deliver(w, &request);
	settle(w);
	assert_int_equal(chat_requests(w->bob.chat), 0);
	assert_int_equal(said(&w->alice, "takes no request"), 1);
}

static void requests_are_bounded_in_bytes(void **state)
{
	struct world *w = *state;
	char text[REQUEST_TEXT_MAX + 1], nick[12];
	size_t n;
	settle(w);
	memset(text, 'x', REQUEST_TEXT_MAX);
	text[REQUEST_TEXT_MAX] = '\0';
	for (n = 0; n < REQUESTS_MAX; n++) {
		struct request q = {.locator = {.has_client_key = false}};
		enum answer_status status;
		const uint8_t seed[KEY_BYTES] = {8, (uint8_t)n, 3};
		uint8_t identity[KEY_BYTES];
		identity_public(seed, identity);
		dh_public(seed, q.link_key);
		memcpy(q.locator.onion, identity, KEY_BYTES);
		snprintf(nick, sizeof(nick), "m%zu", n);
		str_copy(q.nick, sizeof(q.nick), nick);
		memcpy(q.text, text, sizeof(text));
		jump(w, 3600u * 1000 / 10); /* no more than ten in an hour */
		assert_int_equal(request_on_stranger(w->bob.chat, w->now, identity, &q, &status), 0);
		if (status != ANSWER_PENDING)
			break;
	}
	assert_true(n > 40 && n < 70);
	assert_true(w->bob.chat->request_bytes <= REQUESTS_BYTES);
	const size_t bytes = w->bob.chat->request_bytes;
	party_turn(&w->bob);
	party_restart(&w->bob);
	assert_int_equal(w->bob.chat->request_bytes, bytes);
	assert_int_equal(chat_reject_all(w->bob.chat, w->now, &n), 0);
	assert_int_equal(w->bob.chat->request_bytes, 0);
	assert_int_equal(chat_requests(w->bob.chat), 0);
}

int main(void)
{
#define STORY(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
	    STORY(who_shows_one_is_a_contact_without_a_question),
	    STORY(it_is_good_once),
	    STORY(whose_answer_was_lost_gets_it_again),
	    STORY(whose_answer_was_lost_is_told_by_the_one_who_invited),
	    STORY(a_contact_who_shows_one_stays_one),
	    STORY(it_answers_a_request_that_waits),
	    STORY(a_rejected_one_who_is_invited_is_a_contact),
	    STORY(whom_we_asked_keeps_its_key_until_another_has_arrived),
	    STORY(the_blocked_one_gets_in_by_none),
	    STORY(the_blocked_one_is_answered_as_a_stranger),
	    STORY(it_stays_good_where_there_is_no_room),
	    STORY(it_expires),
	    STORY(what_has_expired_makes_room_at_once),
	    STORY(a_revoked_one_leads_nowhere),
	    STORY(it_leads_in_though_its_service_was_left),
	    STORY(it_goes_with_its_service),
	    STORY(one_that_is_void_becomes_a_request),
	    STORY(whom_we_asked_may_invite_us),
	    STORY(another_one_takes_the_place_of_one_that_was_not_answered),
	    STORY(it_is_redeemed_at_the_door_where_its_service_has_gone),
	    STORY(own_and_known_ones_are_refused),
	    STORY(a_door_that_closes_takes_no_request),
	    STORY(requests_are_bounded_in_bytes),
	    STORY(one_brings_contacts_together_who_lost_each_other),
	    STORY(a_void_one_costs_a_contact_nothing),
	    STORY(invited_and_asked_ones_get_past_a_flood_of_requests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
