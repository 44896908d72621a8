/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How strangers become contacts, and how they don't. */
#include "chat_contacts_help.h"

static void alice_asks_bob_accepts(void **state)
{
	struct world *w = *state;
	assert_int_equal(add(&w->alice, "Bob", &w->bob, "It is me."), 0);
	settle(w);
	assert_int_equal(bob_of(w)->row.state, CONTACT_ASKED);
	assert_int_equal(w->alice.dial[0].role, LINK_DOOR);
	assert_true(w->alice.dial[0].by_identity);
	connect_dial(&w->alice);
	settle(w);
	assert_int_equal(said(&w->bob, "request Alice: It is me.\n"), 1);
	assert_int_equal(pairs_open(w), 0); /* asked and answered */
	assert_null(alice_of(w));
	assert_int_equal(bob_of(w)->row.state, CONTACT_ASKED);

	assert_int_equal(chat_accept(w->bob.chat, w->now, "alice", NULL, NULL), 0);
	settle(w);
	assert_int_equal(alice_of(w)->row.state, CONTACT_ACCEPTING);
	assert_int_equal(w->bob.dial[0].role, LINK_PRIVATE);
	assert_true(w->bob.dial[0].by_identity);
	connect_dial(&w->bob);
	settle(w);
	assert_int_equal(bob_of(w)->row.state, CONTACT_LINKED);
	assert_int_equal(alice_of(w)->row.state, CONTACT_LINKED);
	/* Nobody is shown before a link between link keys stands. */
	assert_int_equal(said(&w->alice, "online"), 0);
	assert_false(w->bob.dial[0].by_identity);
	connect_dial(&w->bob);
	settle(w);
	assert_int_equal(said(&w->alice, "Bob is online, was offline"), 1);
	assert_int_equal(said(&w->bob, "Alice is online, was offline"), 1);
	assert_string_equal(bob_of(w)->row.their_nick, "Bob");
}

static void both_add_that_is_acceptance(void **state)
{
	struct world *w = *state;
	assert_int_equal(add(&w->alice, "Bob", &w->bob, ""), 0);
	assert_int_equal(add(&w->bob, "Alice", &w->alice, ""), 0);
	meet(w);
	assert_int_equal(bob_of(w)->row.state, CONTACT_LINKED);
	assert_int_equal(alice_of(w)->row.state, CONTACT_LINKED);
	assert_int_equal(said(&w->bob, "request"), 0);
}

static void adding_who_asked_accepts(void **state)
{
	struct world *w = *state;
	assert_int_equal(add(&w->alice, "Bob", &w->bob, ""), 0);
	settle(w);
	connect_dial(&w->alice);
	settle(w);
	assert_int_equal(add(&w->bob, "Alice", &w->alice, ""), 0);
	assert_int_equal(alice_of(w)->row.state, CONTACT_ACCEPTING);
	assert_int_equal(requests(&w->bob), 0);
	meet(w);
}

static void requester_is_told_at_the_door(void **state)
{
	struct world *w = *state;
	assert_int_equal(add(&w->alice, "Bob", &w->bob, ""), 0);
	settle(w);
	connect_dial(&w->alice);
	settle(w);
	assert_int_equal(chat_accept(w->bob.chat, w->now, "Alice", NULL, NULL), 0);
	settle(w);
	/* Bob can't reach Alice, but she asks again. */
	fail_dial(&w->bob);
	assert_int_equal(bob_of(w)->row.state, CONTACT_ASKED);
	while (!w->alice.n_dials)
		pass(w, 1000);
	connect_dial(&w->alice);
	settle(w);
	assert_int_equal(bob_of(w)->row.state, CONTACT_LINKED);
	assert_int_equal(alice_of(w)->row.state, CONTACT_ACCEPTING);
	/* Her link between link keys proves that she knows his. */
	connect_dial(&w->alice);
	settle(w);
	assert_int_equal(alice_of(w)->row.state, CONTACT_LINKED);
	assert_int_equal(said(&w->bob, "request"), 1);
}

static void answer_that_is_lost_is_given_again(void **state)
{
	struct world *w = *state;
	befriend(w);
	party_kill(&w->alice, true);
	/* Alice comes back from before she learnt of it. */
	struct store *s = NULL;
	struct contact_row row = {0};
	assert_int_equal(store_open(w->alice.db, help_key, NULL, &s), 0);
	row.id = 1;
	row.state = CONTACT_ASKED;
	memcpy(row.identity, chat_identity(w->bob.chat), KEY_BYTES);
	memcpy(row.onion, row.identity, KEY_BYTES);
	memcpy(row.petname, "Bob", 4);
	assert_int_equal(store_contact_update(s, &row), 0);
	assert_int_equal(store_commit(s), 0);
	store_close(s);
	hush(&w->alice);
	hush(&w->bob);
	party_start(&w->alice);
	pass(w, 6000);
	assert_int_equal(w->alice.dial[0].role, LINK_DOOR);
	connect_dial(&w->alice);
	settle(w);
	assert_int_equal(bob_of(w)->row.state, CONTACT_LINKED);
	assert_int_equal(said(&w->bob, "request"), 0);
}

static void request_survives_a_restart(void **state)
{
	struct world *w = *state;
	assert_int_equal(ask_simply(&w->bob, 1, "Carol", "hello"), ANSWER_PENDING);
	settle(w);
	party_restart(&w->bob);
	assert_int_equal(requests(&w->bob), 1);
	assert_int_equal(chat_accept(w->bob.chat, w->now, "Carol", "caro", NULL), 0);
	settle(w);
	party_restart(&w->bob);
	assert_int_equal(requests(&w->bob), 0);
	assert_int_equal(chat_find(w->bob.chat, "CARO")->row.state, CONTACT_ACCEPTING);
}

static void asking_again_is_no_news(void **state)
{
	struct world *w = *state;
	assert_int_equal(ask_simply(&w->bob, 1, "Carol", "hello"), ANSWER_PENDING);
	assert_int_equal(ask_simply(&w->bob, 1, "Carol", "hello"), ANSWER_PENDING);
	assert_int_equal(said(&w->bob, "request"), 1);
	/* Something new is, but not all the time. */
	assert_int_equal(ask_simply(&w->bob, 1, "Carol", "hello?"), ANSWER_PENDING);
	assert_int_equal(said(&w->bob, "request"), 1);
	jump(w, 3600 * 1000);
	assert_int_equal(ask_simply(&w->bob, 1, "Carol", "hello??"), ANSWER_PENDING);
	assert_int_equal(said(&w->bob, "request Carol: hello??"), 1);
	assert_int_equal(requests(&w->bob), 1);
}

static void rejected_is_not_shown_again(void **state)
{
	struct world *w = *state;
	assert_int_equal(ask_simply(&w->bob, 1, "Carol", "hello"), ANSWER_PENDING);
	assert_int_equal(chat_reject(w->bob.chat, w->now, "Carol"), 0);
	assert_int_equal(requests(&w->bob), 0);
	settle(w);
	party_restart(&w->bob);
	jump(w, 2 * 3600 * 1000);
	/* She can't tell: the answer is the same. */
	assert_int_equal(ask_simply(&w->bob, 1, "Carol", "please"), ANSWER_PENDING);
	assert_int_equal(said(&w->bob, "request"), 1);
	assert_int_equal(chat_accept(w->bob.chat, w->now, "Carol", NULL, NULL), ERR_NOT_FOUND);
	assert_int_equal(chat_reject(w->bob.chat, w->now, "Carol"), ERR_NOT_FOUND);
}

static void requests_are_bounded(void **state)
{
	struct world *w = *state;
	char nick[NICK_MAX + 1];
	for (unsigned n = 1; n <= REQUESTS_MAX; n++) {
		snprintf(nick, sizeof(nick), "p%c%cq", 'a' + n / 26, 'a' + n % 26);
		assert_int_equal(ask_simply(&w->bob, (uint8_t)n, nick, ""), ANSWER_PENDING);
		w->n_pairs = 0;
		jump(w, 3600 * 1000 / REQUESTS_HOUR);
	}
	assert_int_equal(ask_simply(&w->bob, REQUESTS_MAX + 1, "late", ""), ANSWER_REFUSED);
	assert_int_equal(ask_simply(&w->bob, 1, "pabq", ""), ANSWER_PENDING); /* who waits may ask */
	assert_int_equal(requests(&w->bob), REQUESTS_MAX);
}

static void who_may_come_in(void **state)
{
	struct world *w = *state;
	uint8_t identity[KEY_BYTES];
	uint8_t key[KEY_BYTES];
	struct chat *c = w->bob.chat;
	befriend(w);
	identity_of(7, identity);
	assert_int_equal(identity_dh_public(identity, key), 0);
	assert_int_equal(chat_admit(c, CHAT_DOOR, LINK_DOOR, LINK_VERSION, key, identity), 0);
	assert_int_equal(chat_admit(c, CHAT_DOOR, LINK_DOOR, LINK_VERSION, key, NULL), ERR_REFUSED);
	assert_int_equal(chat_admit(c, CHAT_DOOR, LINK_PRIVATE, LINK_VERSION, key, identity), ERR_REFUSED);
	assert_int_equal(chat_admit(c, CHAT_DOOR, LINK_PRIVATE, LINK_VERSION, key, NULL), ERR_REFUSED);
	assert_int_equal(chat_admit(c, CHAT_DOOR, LINK_MAILBOX, LINK_VERSION, key, identity), ERR_REFUSED);
	assert_int_equal(chat_admit(c, CHAT_DOOR, LINK_DOOR, LINK_VERSION, key, chat_identity(c)), ERR_REFUSED);
	const struct contact_row *alice = &alice_of(w)->row;
	assert_int_equal(chat_admit(c, CHAT_DOOR, LINK_PRIVATE, LINK_VERSION, alice->link_key, NULL), 0);
	assert_int_equal(chat_admit(c, CHAT_DOOR, LINK_PRIVATE, LINK_VERSION, key, alice->identity), 0);
	assert_int_equal(chat_admit(c, CHAT_DOOR, LINK_PRIVATE, LINK_VERSION + 1, alice->link_key, NULL), ERR_REFUSED);
	/* A stranger's key with no admission before gets no further. */
	const struct chat_link_info info = {
	    .link = 4711, .version = LINK_VERSION, .role = LINK_PRIVATE, .static_key = key};
	assert_int_equal(chat_on_link(c, w->now, &info), ERR_REFUSED);
}

static void no_version_below_what_was_used(void **state)
{
	struct world *w = *state;
	befriend(w);
	struct contact_row row = alice_of(w)->row;
	struct store *s = NULL;
	party_kill(&w->bob, true);
	assert_int_equal(store_open(w->bob.db, help_key, NULL, &s), 0);
	row.min_version = LINK_VERSION + 1;
	assert_int_equal(store_contact_update(s, &row), 0);
	assert_int_equal(store_commit(s), 0);
	store_close(s);
	party_start(&w->bob);
	assert_int_equal(chat_admit(w->bob.chat, CHAT_DOOR, LINK_PRIVATE, LINK_VERSION, row.link_key, NULL),
			 ERR_REFUSED);
}

static void strangers_can_only_ask(void **state)
{
	struct world *w = *state;
	static const uint8_t types[] = {FRAME_MESSAGE, FRAME_ACK,    FRAME_PROFILE, FRAME_USE,
					FRAME_ACCEPT,  FRAME_ANSWER, FRAME_REQUEST};
	const struct message m = {.text = "hello", .text_len = 5};
	uint8_t identity[KEY_BYTES];
	struct buf body;
	befriend(w);
	hush(&w->bob);
	identity_of(7, identity);
	buf_init(&body, FRAME_BODY_MAX);
	assert_int_equal(message_encode(&m, &body), 0);
	for (size_t i = 0; i < sizeof(types); i++) {
		struct pair *pair;
		assert_int_equal(at_the_door(&w->bob, identity, types[i], &body, &pair), ERR_PROTOCOL);
		pair_hears_end(pair, 1);
		/* A contact's identity is not its link key. */
		assert_int_equal(at_the_door(&w->bob, chat_identity(w->alice.chat), types[i], &body, &pair),
				 ERR_PROTOCOL);
		pair_hears_end(pair, 1);
	}
	/* Types of later versions are skipped. */
	assert_int_equal(at_the_door(&w->bob, identity, 200, &body, NULL), 0);
	assert_string_equal(w->bob.told, "");
	buf_clear(&body);
}

static void contacts_links_carry_no_requests(void **state)
{
	struct world *w = *state;
	static const uint8_t types[] = {FRAME_REQUEST, FRAME_ANSWER, FRAME_ACCEPT};
	befriend(w);
	const struct pair *pair = pair_open(w);
	for (size_t i = 0; i < sizeof(types); i++)
		assert_int_equal(
		    chat_on_frame(pair->p[0]->chat, w->now, pair->id[0], types[i], (const uint8_t *)"x", 1),
		    ERR_PROTOCOL);
}

static void door_links_end_if_nothing_comes(void **state)
{
	struct world *w = *state;
	uint8_t identity[KEY_BYTES];
	struct pair *pair;
	struct buf body;
	buf_init(&body, 8);
	identity_of(7, identity);
	assert_int_equal(at_the_door(&w->bob, identity, 200, &body, &pair), 0);
	pass(w, 27000);
	assert_true(pair->open[1]);
	pass(w, 2000);
	assert_false(pair->open[1]);
}

static void removed_then_added_starts_anew(void **state)
{
	struct world *w = *state;
	befriend(w);
	assert_int_equal(send_text(&w->alice, bob_of(w), "one"), 0);
	settle(w);
	assert_int_equal(chat_remove(w->alice.chat, w->now, "bob"), 0);
	assert_null(bob_of(w));
	assert_int_equal(chat_count(w->alice.chat), 0);
	settle(w);
	assert_int_equal(pairs_open(w), 0);
	assert_int_equal(said(&w->bob, "Alice is offline"), 1);
	/* For Bob she is a contact still: nothing is asked of him. */
	hush(&w->alice);
	hush(&w->bob);
	assert_int_equal(add(&w->alice, "Bob", &w->bob, ""), 0);
	meet(w);
	assert_int_equal(said(&w->bob, "request"), 0);
	assert_int_equal(send_text(&w->alice, bob_of(w), "two"), 0);
	settle(w);
	assert_int_equal(said(&w->bob, "in Alice: two"), 1);
}

/* Who says nothing at the door does not keep others out. */
static void strangers_links_are_bounded(void **state)
{
	struct world *w = *state;
	struct pair *first = &w->pair[0];
	uint8_t identity[KEY_BYTES];
	uint8_t key[KEY_BYTES];
	const uint8_t hash[HASH_BYTES] = {0};
	identity_of(7, identity);
	assert_int_equal(identity_dh_public(identity, key), 0);
	for (unsigned i = 0; i < 65; i++) {
		const link_id id = ++w->last_link;
		const struct chat_link_info info = {
		    .link = id, .role = LINK_DOOR, .static_key = key, .identity = identity, .hash = hash};
		assert_true(first->open[1] || i == 0);
		w->pair[w->n_pairs++] =
		    (struct pair){.p = {&w->alice, &w->bob}, .id = {0, id}, .open = {false, true}};
		assert_int_equal(chat_on_link(w->bob.chat, w->now, &info), 0);
	}
	assert_false(first->open[1]);
	assert_true(w->pair[1].open[1]);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(alice_asks_bob_accepts),
	    TEST(both_add_that_is_acceptance),
	    TEST(adding_who_asked_accepts),
	    TEST(requester_is_told_at_the_door),
	    TEST(answer_that_is_lost_is_given_again),
	    TEST(request_survives_a_restart),
	    TEST(asking_again_is_no_news),
	    TEST(rejected_is_not_shown_again),
	    TEST(requests_are_bounded),
	    TEST(who_may_come_in),
	    TEST(no_version_below_what_was_used),
	    TEST(strangers_can_only_ask),
	    TEST(contacts_links_carry_no_requests),
	    TEST(door_links_end_if_nothing_comes),
	    TEST(removed_then_added_starts_anew),
	    TEST(strangers_links_are_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
