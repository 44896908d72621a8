/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who was met in a household that is none any more: a contact by Tor, like others. */
#include "chat_service_help.h"

static void introduce(struct party *p)
{
	struct chat_member m;
	bool welcome = false;
	chat_member(other_party(p)->chat, &m);
	assert_int_equal(chat_member_welcome(p->chat, &m, &welcome), 0);
	assert_true(welcome);
	assert_int_equal(chat_meet(p->chat, p->w->now, &m, true), 0);
}

/* They never came to tell each other where they are found: the address is all that is known. */
static void met_and_no_more_they_find_each_other_at_the_door(void **state)
{
	struct world *w = *state;
	introduce(&w->alice);
	introduce(&w->bob);
	settle(w);
	assert_int_equal(bob_of(w)->row.state, CONTACT_LINKED);
	assert_false(bob_of(w)->local);
	for (unsigned i = 0; i < 40 && !bob_of(w)->row.has_client_key; i++) {
		pass(w, 60u * 1000);
		while (w->bob.n_dials)
			fail_dial(&w->bob);
		if (w->alice.n_dials)
			dial_out(&w->alice);
		settle(w);
	}
	assert_true(bob_of(w)->row.has_client_key);
	meet(w);
	assert_int_equal(chat_requests(w->alice.chat) + chat_requests(w->bob.chat), 0);
}

/* A request that waits is answered by the meeting; who is removed then stays so until the user adds it. */
static void who_waits_is_met_and_who_was_removed_is_not(void **state)
{
	struct world *w = *state;
	struct chat_member alice;
	bool welcome = true;
	assert_int_equal(add(&w->alice, "Bob", &w->bob, ""), 0);
	settle(w);
	connect_dial(&w->alice);
	settle(w);
	assert_int_equal(chat_requests(w->bob.chat), 1);
	introduce(&w->bob);
	assert_int_equal(chat_requests(w->bob.chat), 0);
	assert_int_equal(alice_of(w)->row.state, CONTACT_LINKED);

	assert_int_equal(chat_remove(w->bob.chat, w->now, "Alice"), 0);
	chat_member(w->alice.chat, &alice);
	assert_int_equal(chat_member_welcome(w->bob.chat, &alice, &welcome), 0);
	assert_false(welcome);
	assert_int_equal(chat_meet(w->bob.chat, w->now, &alice, false), 0);
	assert_int_equal(chat_count(w->bob.chat), 0);
	assert_int_equal(add(&w->bob, "Alice", &w->alice, ""), 0);
	assert_int_equal(chat_member_welcome(w->bob.chat, &alice, &welcome), 0);
	assert_true(welcome);
}

static void rejected_is_not_welcome(void **state)
{
	struct world *w = *state;
	struct chat_member alice;
	bool welcome = true;
	assert_int_equal(add(&w->alice, "Bob", &w->bob, ""), 0);
	settle(w);
	connect_dial(&w->alice);
	settle(w);
	assert_int_equal(chat_reject(w->bob.chat, w->now, "Alice"), 0);
	chat_member(w->alice.chat, &alice);
	assert_int_equal(chat_member_welcome(w->bob.chat, &alice, &welcome), 0);
	assert_false(welcome);
}

/* Another account's key can't be taken for a second contact. */
static void a_key_that_is_anothers_is_refused(void **state)
{
	struct world *w = *state;
	struct chat_member m;
	befriend(w);
	chat_member(w->bob.chat, &m);
	identity_public((const uint8_t[KEY_BYTES]){5}, m.identity);
	assert_int_equal(chat_meet(w->alice.chat, w->now, &m, true), ERR_REFUSED);
	assert_int_equal(chat_count(w->alice.chat), 1);
}

/* One of the household, the n-th of the name of Dave, who is nobody's before. */
static struct chat_member a_dave(uint8_t n)
{
	struct chat_member m = {.nick = "Dave"};
	identity_public((const uint8_t[KEY_BYTES]){9, n}, m.identity);
	dh_public((const uint8_t[KEY_BYTES]){9, n}, m.link_key);
	return m;
}

static bool meets(struct party *p, uint8_t n)
{
	const struct chat_member m = a_dave(n);
	bool welcome = false;
	assert_int_equal(chat_member_welcome(p->chat, &m, &welcome), 0);
	assert_int_equal(chat_meet(p->chat, p->w->now, &m, welcome), 0);
	return welcome;
}

/* Dave registers and wipes, again and again. */
static void those_who_come_and_go_are_not_all_kept(void **state)
{
	struct world *w = *state;
	struct party *alice = &w->alice;
	alice->chat->opts.members_max = 3;
	befriend(w); /* is not of the household */
	for (uint8_t n = 0; n < 6; n++)
		assert_int_equal(meets(alice, n), n < 3);
	assert_int_equal(chat_count(alice->chat), 1 + 3);
	assert_int_equal(said(alice, "is of this household, and a contact now"), 3);
	assert_int_equal(said(alice, "3 of this household are contacts: nobody new"), 1);
	/* Who is a contact already stays so; who was removed makes room. */
	assert_true(meets(alice, 1));
	assert_int_equal(chat_remove(alice->chat, w->now, "Dave2"), 0);
	assert_false(meets(alice, 1));
	assert_true(meets(alice, 4));
	assert_false(meets(alice, 5));
	assert_int_equal(said(alice, "3 of this household are contacts: nobody new"), 2);
}

static void only_the_last_who_were_met_are_remembered(void **state)
{
	struct world *w = *state;
	struct chat *c = w->alice.chat;
	for (unsigned n = 0; n < MEMBERS_MAX + 2; n++) {
		struct chat_member m = {.identity = {1, (uint8_t)n, (uint8_t)(n >> 8)}};
		assert_int_equal(chat_meet(c, w->now, &m, false), 0);
	}
	assert_int_equal(c->n_members, MEMBERS_MAX);
	assert_false(household_met(c, (const uint8_t[KEY_BYTES]){1, 1}));
	assert_true(household_met(c, (const uint8_t[KEY_BYTES]){1, 2}));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(story) cmocka_unit_test_setup_teardown(story, world_setup, world_teardown)
	    T(met_and_no_more_they_find_each_other_at_the_door),
	    T(who_waits_is_met_and_who_was_removed_is_not),
	    T(rejected_is_not_welcome),
	    T(a_key_that_is_anothers_is_refused),
	    T(those_who_come_and_go_are_not_all_kept),
	    T(only_the_last_who_were_met_are_remembered),
#undef T
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
