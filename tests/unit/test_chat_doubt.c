/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Locators that lead to somebody else.  Mallory is a contact of Alice's, and says that she is found where Dave is:
 * what she does, and what Alice does, must not have him dialled often.
 */
#include "chat_service_help.h"

#define TEN_MINUTES (10u * 60 * 1000)
#define TIME	    (4u * 3600 * 1000)
#define STEP	    5000u

struct story {
	struct world *w;
	struct chat_peer *mallory;
	uint64_t dialled_ms; /* last */
	unsigned dials;
	uint32_t n; /* steps */
};

/* The dials of this step lead to Dave, who answers and is not Mallory. */
static void dave_is_dialled(struct story *s)
{
	struct party *alice = &s->w->alice;
	while (alice->n_dials) {
		const struct chat_dial d = take_dial(alice, 0);
		if (d.role == LINK_PRIVATE) {
			assert_true(!s->dials || s->w->now.mono_ms - s->dialled_ms >= TEN_MINUTES);
			s->dialled_ms = s->w->now.mono_ms;
			s->dials++;
		}
		chat_on_dial_failed(alice->chat, s->w->now, d.id, true, "is somebody else");
		party_turn(alice);
	}
}

static void go_on(struct world *w, void (*step)(struct story *s))
{
	struct story s = {.w = w};
	settle(w);
	s.mallory = known(&w->alice, "Mallory", 2, CONTACT_LINKED);
	party_turn(&w->alice);
	dave_is_dialled(&s);
	for (s.n = 0; s.n < TIME / STEP; s.n++) {
		if (step)
			step(&s);
		party_turn(&w->alice);
		dave_is_dialled(&s);
		pass(w, STEP);
		w->n_frames = 0;
		hush(&w->alice);
		dave_is_dialled(&s);
	}
	assert_true(s.dials > 2);
	assert_true(s.dials <= TIME / TEN_MINUTES + 1);
}

static void she_waits(void **state)
{
	go_on(*state, NULL);
}

static void write_to_her(struct story *s)
{
	if (s->n % 12 == 0)
		assert_int_equal(send_text(&s->w->alice, &s->mallory->pub, "?"), 0);
}

static void alice_writes_to_her(void **state)
{
	go_on(*state, write_to_her);
}

static void wake(struct story *s)
{
	if (s->n % 20 == 10)
		party_tor(&s->w->alice, false);
	if (s->n % 20 == 11)
		party_tor(&s->w->alice, true);
	if (s->n % 20 == 0)
		chat_wake(s->w->alice.chat, s->w->now);
}

static void alice_wakes_often(void **state)
{
	go_on(*state, wake);
}

/* The onion of another one each time, or the same with another client key. */
static void move(struct story *s)
{
	const uint8_t seed[KEY_BYTES] = {(uint8_t)(s->n / 2)};
	struct locator l = {.has_client_key = true};
	identity_public(seed, l.onion);
	l.client_key[0] = (uint8_t)s->n;
	assert_int_equal(contact_locator(s->w->alice.chat, s->mallory, &l), 0);
}

static void she_moves_all_the_time(void **state)
{
	go_on(*state, move);
}

static void come(struct story *s)
{
	struct world *w = s->w;
	uint8_t hash[HASH_BYTES] = {0};
	struct ratchet_root root = {.initiator = false};
	struct profile profile = {.nick = "Mallory"};
	struct buf body;
	const link_id id = ++w->last_link;
	memset(root.sk, 7, KEY_BYTES);
	struct pair *pair = &w->pair[0];
	*pair = (struct pair){.p = {&w->bob, &w->alice}, .id = {0, id}, .open = {false, true}};
	w->n_pairs = 1;
	const struct chat_link_info info = {.link = id,
					    .version = LINK_VERSION,
					    .root = &root,
					    .service = 1,
					    .role = LINK_PRIVATE,
					    .static_key = s->mallory->pub.row.link_key,
					    .hash = hash};
	assert_int_equal(chat_on_link(w->alice.chat, w->now, &info), 0);
	buf_init(&body, FRAME_BODY_MAX);
	memcpy(profile.identity, s->mallory->pub.row.identity, KEY_BYTES);
	assert_int_equal(profile_encode(&profile, &body), 0);
	assert_int_equal(
	    chat_on_frame(w->alice.chat, w->now, id, FRAME_PROFILE, buf_ptr(&body), buf_len(&body)), 0);
	buf_clear(&body);
}

static void go(struct story *s)
{
	struct pair *pair = &s->w->pair[0];
	if (s->w->n_pairs && pair->open[1])
		pair_hears_end(pair, 1);
}

static void come_move_and_go(struct story *s)
{
	if (s->n % 4 == 0)
		come(s);
	if (s->n % 4 == 1)
		move(s);
	if (s->n % 4 == 3)
		go(s);
}

static void she_comes_moves_and_goes(void **state)
{
	go_on(*state, come_move_and_go);
}

/* She dials, takes what Alice writes, and says nothing: the link is suspected. */
static void come_and_be_silent(struct story *s)
{
	if (s->n % 8 == 0) {
		go(s);
		come(s);
	}
	write_to_her(s);
}

static void she_is_suspected(void **state)
{
	go_on(*state, come_and_be_silent);
}

static void a_locator_that_was_proven_is_dialled_as_ever(void **state)
{
	struct world *w = *state;
	befriend(w);
	cut_all(w);
	party_restart(&w->alice);
	pass(w, 6000);
	while (!peer_of(&w->alice)->proved) { /* she has dialled him herself */
		cut_all(w);
		while (!w->alice.n_dials)
			pass(w, 500);
		connect_dial(&w->alice);
		settle(w);
		pass(w, 20000);
	}
	cut_all(w);
	pass(w, 2000);
	const size_t before = w->alice.dials;
	for (unsigned i = 0; i < 60; i++) {
		pass(w, 2000);
		if (w->alice.n_dials)
			chat_on_dial_failed(w->alice.chat, w->now, take_dial(&w->alice, 0).id, true, "was interrupted");
	}
	assert_true(w->alice.dials - before >= 3);
}

/* What was dialled is not what she says now. */
static void a_dial_proves_nothing_of_a_locator_that_came_meanwhile(void **state)
{
	struct world *w = *state;
	befriend(w);
	cut_all(w);
	party_restart(&w->alice);
	pass(w, 6000);
	assert_false(peer_of(&w->alice)->proved);
	assert_true(w->alice.n_dials > 0);
	struct locator l = {.has_client_key = true};
	memcpy(l.onion, chat_identity(w->alice.chat), KEY_BYTES);
	assert_int_equal(contact_locator(w->alice.chat, peer_of(&w->alice), &l), 0);
	connect_dial(&w->alice);
	settle(w);
	assert_false(peer_of(&w->alice)->proved);
}

static void the_user_may_have_it_dialled_at_once(void **state)
{
	struct world *w = *state;
	settle(w);
	struct chat_peer *mallory = known(&w->alice, "Mallory", 2, CONTACT_LINKED);
	for (unsigned i = 0; i < 4; i++) {
		settle(w);
		assert_int_equal(w->alice.n_dials, 1);
		chat_on_dial_failed(w->alice.chat, w->now, take_dial(&w->alice, 0).id, true, "is somebody else");
		pass(w, TEN_MINUTES);
		assert_int_equal(w->alice.n_dials, 0);
		chat_retry(w->alice.chat, w->now, i % 2 ? NULL : &mallory->pub);
		pass(w, 6000);
	}
}

/* Our own onion is as good as any. */
static void a_locator_that_leads_to_ourselves_does_no_harm(void **state)
{
	struct world *w = *state;
	settle(w);
	struct chat_peer *mallory = known(&w->alice, "Mallory", 2, CONTACT_LINKED);
	const struct locator l = give(&w->alice, mallory);
	assert_int_equal(contact_locator(w->alice.chat, mallory, &l), 0);
	assert_true(leads_in(&w->alice, &l));
	uint8_t own[KEY_BYTES];
	static_key_of(&w->alice, false, own);
	assert_int_equal(chat_admit(w->alice.chat, 1, LINK_PRIVATE, LINK_VERSION, own, NULL), ERR_REFUSED);
	static_key_of(&w->alice, true, own);
	assert_int_equal(chat_admit(w->alice.chat, 1, LINK_PRIVATE, LINK_VERSION, own, chat_identity(w->alice.chat)),
			 ERR_REFUSED);
}

int main(void)
{
#define STORY(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
	    STORY(she_waits),
	    STORY(alice_writes_to_her),
	    STORY(alice_wakes_often),
	    STORY(she_moves_all_the_time),
	    STORY(she_comes_moves_and_goes),
	    STORY(she_is_suspected),
	    STORY(a_locator_that_was_proven_is_dialled_as_ever),
	    STORY(a_dial_proves_nothing_of_a_locator_that_came_meanwhile),
	    STORY(the_user_may_have_it_dialled_at_once),
	    STORY(a_locator_that_leads_to_ourselves_does_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
