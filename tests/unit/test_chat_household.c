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

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(story) cmocka_unit_test_setup_teardown(story, world_setup, world_teardown)
	    T(met_and_no_more_they_find_each_other_at_the_door),
	    T(who_waits_is_met_and_who_was_removed_is_not),
	    T(rejected_is_not_welcome),
	    T(a_key_that_is_anothers_is_refused),
#undef T
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
