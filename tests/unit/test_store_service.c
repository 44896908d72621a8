/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Onion services, the keys of their clients, and the invitations that carry such a key. */
#include "store_help.h"

static struct store *reopen(const struct help *h, struct store *s)
{
	assert_int_equal(store_commit(s), 0);
	store_close(s);
	return help_open(h);
}

static int tell_service(void *ctx, const struct service_row *row)
{
	help_tell(ctx, "service %d seed %d,%d made %d left %d\n", (int)row->id, row->seed[0],
		  row->seed[KEY_BYTES - 1], (int)row->created_ms, (int)row->left_ms);
	return 0;
}

static int tell_client(void *ctx, const struct client_row *row)
{
	help_tell(ctx, "client %d of %d key %d,%d use %d contact %d offer %d acked %d\n", (int)row->id,
		  (int)row->service, row->secret[0], row->secret[KEY_BYTES - 1], row->use, (int)row->contact,
		  (int)row->offer, row->acked);
	return 0;
}

static int tell_invite(void *ctx, const struct invite_row *row)
{
	help_tell(ctx, "invite %d with %d token %d,%d made %d until %d\n", (int)row->id, (int)row->client,
		  row->token[0], row->token[INVITE_HASH_BYTES - 1], (int)row->made_ms, (int)row->expires_ms);
	return 0;
}

static void assert_all(struct store *s, const char *want)
{
	struct help_story st = {""};
	assert_int_equal(store_service_each(s, tell_service, &st), 0);
	assert_int_equal(store_client_each(s, tell_client, &st), 0);
	assert_int_equal(store_invite_each(s, tell_invite, &st), 0);
	assert_string_equal(st.text, want);
}

static int64_t add_invite(struct store *s, int64_t client, uint8_t n)
{
	struct invite_row row = {.client = client, .made_ms = 3000 + n, .expires_ms = 4000 + n};
	memset(row.token, n, sizeof(row.token));
	assert_int_equal(store_invite_add(s, &row), 0);
	return row.id;
}

static void a_service_is_left_and_then_gone(void **state)
{
	struct store *s = help_open(*state);
	struct service_row first = {.id = help_add_service(s, 1)};
	assert_int_equal(help_add_service(s, 2), 2);
	s = reopen(*state, s);
	assert_all(s, "service 1 seed 1,1 made 2001 left 0\n"
		      "service 2 seed 2,2 made 2002 left 0\n");

	first.left_ms = 77; /* all else stays, whatever stands in the row */
	assert_int_equal(store_service_update(s, &first), 0);
	s = reopen(*state, s);
	assert_all(s, "service 1 seed 1,1 made 2001 left 77\n"
		      "service 2 seed 2,2 made 2002 left 0\n");

	assert_int_equal(store_service_delete(s, 2), 0);
	assert_int_equal(store_service_delete(s, 2), ERR_NOT_FOUND);
	s = reopen(*state, s);
	assert_int_equal(help_add_service(s, 3), 3); /* not 2 again */
	assert_all(s, "service 1 seed 1,1 made 2001 left 77\n"
		      "service 3 seed 3,3 made 2003 left 0\n");
	first.id = 2;
	assert_int_equal(store_service_update(s, &first), ERR_NOT_FOUND);
	store_close(s);
}

static void a_spare_key_becomes_a_contacts(void **state)
{
	struct store *s = help_open(*state);
	const int64_t bob = help_add_contact(s, "Bob", 1);
	struct client_row row = {.id = help_add_client(s, help_add_service(s, 1), 8, 0)};
	assert_all(s, "service 1 seed 1,1 made 2001 left 0\n"
		      "client 1 of 1 key 8,8 use 0 contact 0 offer 0 acked 0\n");
	row.use = CLIENT_CONTACT;
	row.contact = bob;
	row.offer = 55;
	row.acked = true;
	assert_int_equal(store_client_update(s, &row), 0);
	s = reopen(*state, s);
	assert_all(s, "service 1 seed 1,1 made 2001 left 0\n"
		      "client 1 of 1 key 8,8 use 1 contact 1 offer 55 acked 1\n");
	row.use = CLIENT_RETIRED;
	row.contact = 0;
	assert_int_equal(store_client_update(s, &row), 0);
	s = reopen(*state, s);
	assert_all(s, "service 1 seed 1,1 made 2001 left 0\n"
		      "client 1 of 1 key 8,8 use 3 contact 0 offer 55 acked 1\n");
	store_close(s);
}

static void what_does_not_fit_is_refused_and_changes_nothing(void **state)
{
	static const char want[] = "service 1 seed 1,1 made 2001 left 0\n"
				   "client 1 of 1 key 8,8 use 1 contact 1 offer 0 acked 0\n"
				   "invite 1 with 1 token 5,5 made 3005 until 4005\n";
	struct store *s = help_open(*state);
	const int64_t bob = help_add_contact(s, "Bob", 1), service = help_add_service(s, 1);
	const int64_t client = help_add_client(s, service, 8, bob);
	struct client_row row = {.service = service}, same = {.service = service};
	struct service_row big = {.created_ms = UINT64_MAX};
	struct invite_row invite = {.client = client};
	add_invite(s, client, 5);
	memset(same.secret, 8, KEY_BYTES);
	assert_int_equal(store_client_add(s, &same), ERR_EXISTS);
	row.contact = bob; /* but not CLIENT_CONTACT */
	assert_int_equal(store_client_add(s, &row), ERR_INVALID);
	row.use = CLIENT_CONTACT;
	row.contact = 0;
	assert_int_equal(store_client_add(s, &row), ERR_INVALID);
	row.id = client;
	assert_int_equal(store_client_update(s, &row), ERR_INVALID);
	row.contact = bob + 1; /* whom nobody knows */
	assert_int_equal(store_client_add(s, &row), ERR_NOT_FOUND);
	assert_int_equal(store_client_update(s, &row), ERR_NOT_FOUND);
	row.contact = bob;
	row.id = client + 1;
	assert_int_equal(store_client_update(s, &row), ERR_NOT_FOUND);
	row.service = service + 1;
	assert_int_equal(store_client_add(s, &row), ERR_NOT_FOUND);
	assert_int_equal(store_client_delete(s, client + 1), ERR_NOT_FOUND);
	assert_int_equal(store_service_add(s, &big), ERR_INVALID);
	big.left_ms = UINT64_MAX;
	big.id = service;
	assert_int_equal(store_service_update(s, &big), ERR_INVALID);
	memset(invite.token, 5, sizeof(invite.token));
	assert_int_equal(store_invite_add(s, &invite), ERR_EXISTS);
	invite.token[0] = 6;
	invite.expires_ms = UINT64_MAX;
	assert_int_equal(store_invite_add(s, &invite), ERR_INVALID);
	invite.expires_ms = 0;
	invite.client = client + 1;
	assert_int_equal(store_invite_add(s, &invite), ERR_NOT_FOUND);
	assert_int_equal(store_invite_delete(s, 2), ERR_NOT_FOUND);
	assert_all(s, want);
	s = reopen(*state, s); /* the turn was good all the same */
	assert_all(s, want);
	store_close(s);
}

static void a_service_takes_its_clients_and_their_invitations_along(void **state)
{
	struct store *s = help_open(*state);
	const int64_t bob = help_add_contact(s, "Bob", 1);
	const int64_t old = help_add_service(s, 1), new = help_add_service(s, 2);
	const int64_t invited = help_add_client(s, old, 11, 0);
	help_add_client(s, old, 12, bob);
	help_add_client(s, new, 13, bob);
	add_invite(s, invited, 1);
	add_invite(s, help_add_client(s, new, 14, 0), 2);
	assert_int_equal(store_service_delete(s, old), 0);
	s = reopen(*state, s);
	assert_all(s, "service 2 seed 2,2 made 2002 left 0\n"
		      "client 3 of 2 key 13,13 use 1 contact 1 offer 0 acked 0\n"
		      "client 4 of 2 key 14,14 use 0 contact 0 offer 0 acked 0\n"
		      "invite 2 with 4 token 2,2 made 3002 until 4002\n");
	/* nothing of it is in the way of others */
	assert_int_equal(help_add_client(s, new, 11, 0), 5);
	assert_int_equal(add_invite(s, 5, 1), 3);
	store_close(s);
}

static void a_client_takes_its_invitation_along_but_not_the_other_way_round(void **state)
{
	struct store *s = help_open(*state);
	const int64_t service = help_add_service(s, 1);
	const int64_t one = help_add_client(s, service, 11, 0), two = help_add_client(s, service, 12, 0);
	const int64_t used = add_invite(s, one, 1);
	add_invite(s, two, 2);
	assert_int_equal(store_invite_delete(s, used), 0);
	assert_int_equal(store_client_delete(s, two), 0);
	s = reopen(*state, s);
	assert_all(s, "service 1 seed 1,1 made 2001 left 0\n"
		      "client 1 of 1 key 11,11 use 0 contact 0 offer 0 acked 0\n");
	assert_int_equal(help_add_client(s, service, 12, 0), 3); /* ids are not used again */
	assert_int_equal(add_invite(s, 3, 2), 3);
	store_close(s);
}

static void the_keys_of_a_contact_that_goes_are_retired(void **state)
{
	struct store *s = help_open(*state);
	const int64_t bob = help_add_contact(s, "Bob", 1), carol = help_add_contact(s, "Carol", 2);
	const int64_t old = help_add_service(s, 1), new = help_add_service(s, 2);
	struct client_row row = {
	    .id = help_add_client(s, old, 11, bob), .use = CLIENT_CONTACT, .contact = bob, .acked = true};
	assert_int_equal(store_client_update(s, &row), 0);
	row.acked = false;
	row.offer = 5;
	row.id = help_add_client(s, new, 12, bob);
	assert_int_equal(store_client_update(s, &row), 0);
	help_add_client(s, new, 13, carol);
	assert_int_equal(store_contact_delete(s, bob), 0);
	s = reopen(*state, s);
	assert_all(s, "service 1 seed 1,1 made 2001 left 0\n"
		      "service 2 seed 2,2 made 2002 left 0\n"
		      "client 1 of 1 key 11,11 use 3 contact 0 offer 0 acked 1\n"
		      "client 2 of 2 key 12,12 use 3 contact 0 offer 0 acked 0\n"
		      "client 3 of 2 key 13,13 use 1 contact 2 offer 0 acked 0\n");
	store_close(s);
}

/* One whose rows are too many to go at once. */
static void the_keys_of_a_buried_contact_are_retired_and_its_name_is_free(void **state)
{
	struct store *s = help_open(*state);
	const int64_t bob = help_add_contact(s, "Bob", 1), carol = help_add_contact(s, "Carol", 2);
	size_t n;
	help_add_client(s, help_add_service(s, 1), 11, bob);
	for (unsigned i = 0; i < 5; i++) {
		const uint8_t msgid[16] = {(uint8_t)i};
		struct outbox_row o = {.contact = bob, .text = "x", .text_len = 1};
		memcpy(o.msgid, msgid, sizeof(msgid));
		assert_int_equal(help_line(s, bob, "x"), 0);
		assert_int_equal(store_seen_add(s, bob, msgid), 0);
		assert_int_equal(store_outbox_add(s, &o), 0);
	}
	assert_int_equal(help_line(s, carol, "y"), 0);
	assert_int_equal(store_contact_bury(s, bob), 0);
	assert_int_equal(store_contact_bury(s, 77), ERR_NOT_FOUND);
	assert_true(help_add_contact(s, "Bob", 1) > carol);
	s = reopen(*state, s);
	assert_all(s, "service 1 seed 1,1 made 2001 left 0\n"
		      "client 1 of 1 key 11,11 use 3 contact 0 offer 0 acked 0\n");
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(store_contact_trim(s, bob, 4, &n), 0);
		assert_int_equal(n, 4);
	}
	assert_int_equal(help_lines(s), 1);
	assert_int_equal(store_contact_trim(s, bob, 4, &n), 0);
	assert_int_equal(n, 3);
	assert_int_equal(store_contact_delete(s, bob), 0);
	assert_int_equal(help_lines(s), 1);
	store_close(s);
}

static int tell_token(void *ctx, const struct contact_row *row)
{
	help_tell(ctx, "contact %d token %d\n", (int)row->id, row->has_token);
	return 0;
}

static void a_buried_contact_keeps_no_key_and_no_token(void **state)
{
	struct store *s = help_open(*state);
	struct contact_row bob = help_contact("Bob", 1);
	struct help_story st = {""};
	bob.has_token = true;
	assert_int_equal(store_contact_add(s, &bob), 0);
	help_add_client(s, help_add_service(s, 1), 11, bob.id);
	assert_int_equal(store_contact_bury(s, bob.id), 0);
	s = reopen(*state, s);
	assert_all(s, "service 1 seed 1,1 made 2001 left 0\n"
		      "client 1 of 1 key 11,11 use 3 contact 0 offer 0 acked 0\n");
	assert_int_equal(store_contact_each(s, tell_token, &st), 0);
	assert_string_equal(st.text, "contact 1 token 0\n");
	assert_int_equal(store_contact_delete(s, bob.id), 0);
	store_close(s);
}

static int stop_client(void *ctx, const struct client_row *row)
{
	*(int64_t *)ctx = row->id;
	return 42;
}

static int stop_service(void *ctx, const struct service_row *row)
{
	*(int64_t *)ctx = row->id;
	return 42;
}

static int stop_invite(void *ctx, const struct invite_row *row)
{
	*(int64_t *)ctx = row->id;
	return 42;
}

static void a_walk_ends_when_it_is_told_to(void **state)
{
	struct store *s = help_open(*state);
	int64_t id[3] = {0};
	for (uint8_t i = 1; i <= 2; i++)
		add_invite(s, help_add_client(s, help_add_service(s, i), i, 0), i);
	assert_int_equal(store_service_each(s, stop_service, &id[0]), 42);
	assert_int_equal(store_client_each(s, stop_client, &id[1]), 42);
	assert_int_equal(store_invite_each(s, stop_invite, &id[2]), 42);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(id[i], 1);
	store_close(s);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, help_setup, help_teardown)
	const struct CMUnitTest tests[] = {
	    T(a_service_is_left_and_then_gone),
	    T(a_spare_key_becomes_a_contacts),
	    T(what_does_not_fit_is_refused_and_changes_nothing),
	    T(a_service_takes_its_clients_and_their_invitations_along),
	    T(a_client_takes_its_invitation_along_but_not_the_other_way_round),
	    T(the_keys_of_a_contact_that_goes_are_retired),
	    T(the_keys_of_a_buried_contact_are_retired_and_its_name_is_free),
	    T(a_buried_contact_keeps_no_key_and_no_token),
	    T(a_walk_ends_when_it_is_told_to),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
