/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One namespace for the service, oneself, contacts, and requests; nothing in it looks like anything else. */
#include "chat_help.h"

static void identity_of(uint8_t n, uint8_t identity[KEY_BYTES])
{
	const uint8_t seed[KEY_BYTES] = {n, 88};
	identity_public(seed, identity);
}

static int add_nth(struct party *p, const char *nick, uint8_t n)
{
	uint8_t identity[KEY_BYTES];
	identity_of(n, identity);
	return chat_add(p->chat, p->w->now, nick, identity, "", NULL);
}

/* Stranger n asks and calls itself so. */
static void ask(struct party *p, uint8_t n, const char *nick)
{
	struct world *w = p->w;
	uint8_t key[KEY_BYTES];
	uint8_t identity[KEY_BYTES];
	uint8_t hash[HASH_BYTES];
	const uint8_t link_secret[KEY_BYTES] = {0, n, 99};
	struct request q = {0};
	struct buf body;
	struct pair *pair = &w->pair[w->n_pairs++];
	identity_of(n, identity);
	assert_int_equal(identity_dh_public(identity, key), 0);
	buf_init(&body, FRAME_BODY_MAX);
	prove_at_the_door(p, identity, link_secret, &q);
	hash_of(w->last_link + 1, hash);
	memcpy(q.locator.onion, identity, KEY_BYTES);
	assert_int_equal(str_copy(q.nick, sizeof(q.nick), nick), 0);
	assert_int_equal(request_encode(&q, &body), 0);
	*pair = (struct pair){.p = {other_party(p), p}, .id = {0, ++w->last_link}, .open = {false, true}};
	const struct chat_link_info info = {
	    .link = pair->id[1], .role = LINK_DOOR, .static_key = key, .identity = identity, .hash = hash};
	assert_int_equal(chat_on_link(p->chat, w->now, &info), 0);
	assert_int_equal(
	    chat_on_frame(p->chat, w->now, pair->id[1], FRAME_REQUEST, buf_ptr(&body), buf_len(&body)), 0);
	buf_clear(&body);
	w->n_frames = 0;
}

static void names_that_are_taken(void **state)
{
	struct world *w = *state;
	struct party *alice = &w->alice;
	assert_int_equal(add_nth(alice, "bob", 1), 0);
	assert_int_equal(add_nth(alice, "BOB", 2), ERR_EXISTS);
	assert_int_equal(add_nth(alice, "b0b", 2), ERR_LOOKALIKE);
	assert_int_equal(add_nth(alice, "bob_", 2), ERR_LOOKALIKE);
	assert_int_equal(add_nth(alice, "Allium", 2), ERR_EXISTS);
	assert_int_equal(add_nth(alice, "a11ium", 2), ERR_LOOKALIKE);
	assert_int_equal(add_nth(alice, "alice", 2), ERR_EXISTS);
	assert_int_equal(add_nth(alice, "al1ce", 2), ERR_LOOKALIKE);
	assert_int_equal(add_nth(alice, "2bob", 2), ERR_INVALID);
	assert_int_equal(add_nth(alice, "", 2), ERR_INVALID);
	assert_int_equal(add_nth(alice, "#bob", 2), ERR_INVALID);
	assert_int_equal(chat_count(alice->chat), 1);
	assert_int_equal(add_nth(alice, "robert", 2), 0);
}

static void addresses_that_are_no_contacts(void **state)
{
	struct world *w = *state;
	const struct contact *existing = NULL;
	const uint8_t bad[KEY_BYTES] = {1}; /* the neutral element: of small order */
	uint8_t identity[KEY_BYTES];
	char text[REQUEST_TEXT_MAX + 2];
	identity_of(1, identity);
	assert_int_equal(add(&w->alice, "me", &w->alice, ""), ERR_REFUSED);
	assert_int_equal(chat_add(w->alice.chat, w->now, "bob", bad, "", NULL), ERR_INVALID);
	assert_int_equal(add(&w->alice, "bob", &w->bob, "a\nb"), ERR_INVALID);
	assert_int_equal(add(&w->alice, "bob", &w->bob, "\xff"), ERR_UTF8);
	memset(text, 'x', sizeof(text));
	text[REQUEST_TEXT_MAX + 1] = '\0';
	assert_int_equal(add(&w->alice, "bob", &w->bob, text), ERR_TOO_LONG);
	text[REQUEST_TEXT_MAX] = '\0';
	assert_int_equal(add(&w->alice, "bob", &w->bob, text), 0);
	assert_int_equal(chat_add(w->alice.chat, w->now, "robert", chat_identity(w->bob.chat), "", &existing),
			 ERR_WRONG_STATE);
	assert_string_equal(existing->row.petname, "bob");
}

static void renaming(void **state)
{
	struct world *w = *state;
	struct chat *c = w->alice.chat;
	assert_int_equal(add_nth(&w->alice, "bob", 1), 0);
	assert_int_equal(add_nth(&w->alice, "carol", 2), 0);
	assert_int_equal(chat_rename(c, w->now, "nobody", "dave"), ERR_NOT_FOUND);
	assert_int_equal(chat_rename(c, w->now, "bob", "Carol"), ERR_EXISTS);
	assert_int_equal(chat_rename(c, w->now, "bob", "car0l"), ERR_LOOKALIKE);
	assert_int_equal(chat_rename(c, w->now, "bob", "al1ce"), ERR_LOOKALIKE);
	assert_int_equal(chat_rename(c, w->now, "bob", "b0b"), 0); /* like itself it may look */
	assert_int_equal(chat_rename(c, w->now, "b0b", "dave"), 0);
	assert_int_equal(said(&w->alice, "renamed b0b to dave"), 1);
	assert_null(chat_find(c, "bob"));
	assert_int_equal(add_nth(&w->alice, "bob", 3), 0);
	settle(w);
	party_restart(&w->alice);
	assert_non_null(chat_find(w->alice.chat, "DAVE"));
	assert_int_equal(chat_count(w->alice.chat), 3);
}

static void own_nick(void **state)
{
	struct world *w = *state;
	struct chat *c = w->alice.chat;
	assert_int_equal(add_nth(&w->alice, "bob", 1), 0);
	assert_int_equal(chat_set_nick(c, w->now, "bob"), ERR_EXISTS);
	assert_int_equal(chat_set_nick(c, w->now, "b0b"), ERR_LOOKALIKE);
	assert_int_equal(chat_set_nick(c, w->now, "allium"), ERR_EXISTS);
	assert_int_equal(chat_set_nick(c, w->now, "9"), ERR_INVALID);
	assert_int_equal(chat_set_nick(c, w->now, "alice_"), 0);
	assert_int_equal(said(&w->alice, "self alice_, was Alice"), 1);
	assert_int_equal(add_nth(&w->alice, "alice", 2), ERR_LOOKALIKE);
	settle(w);
	party_restart(&w->alice);
	assert_string_equal(chat_nick(w->alice.chat), "alice_");
}

static void proposals_get_a_suffix(void **state)
{
	struct world *w = *state;
	assert_int_equal(add_nth(&w->bob, "carol", 1), 0);
	ask(&w->bob, 2, "carol");
	ask(&w->bob, 3, "c4r0l!! ");
	ask(&w->bob, 4, "car0l");
	ask(&w->bob, 5, "allium");
	ask(&w->bob, 6, "bob");
	ask(&w->bob, 7, "\xe2\x98\x83");
	ask(&w->bob, 8, "");
	ask(&w->bob, 9, "abcdefghijabcdefghijabcdefghij");
	ask(&w->bob, 10, "abcdefghijabcdefghijabcdefghij");
	assert_int_equal(said(&w->bob, "request carol2: "), 1);
	assert_int_equal(said(&w->bob, "request c4r0l: "), 1);
	assert_int_equal(said(&w->bob, "request car0l3: "), 1); /* carol2 is alike */
	assert_int_equal(said(&w->bob, "request allium2: "), 1);
	assert_int_equal(said(&w->bob, "request bob2: "), 1);
	assert_int_equal(said(&w->bob, "request peer: "), 1);
	assert_int_equal(said(&w->bob, "request peer2: "), 1);
	assert_int_equal(said(&w->bob, "request abcdefghijabcdefghijabcdefghij: "), 1);
	assert_int_equal(said(&w->bob, "request abcdefghijabcdefghijabcdefghi2: "), 1);
}

static void requests_give_way(void **state)
{
	struct world *w = *state;
	ask(&w->bob, 2, "carol");
	/* The name that the user wants is the user's. */
	assert_int_equal(add_nth(&w->bob, "Carol", 1), 0);
	assert_int_equal(said(&w->bob, "notice -: The request that waited as carol now waits as carol2"), 1);
	assert_int_equal(chat_accept(w->bob.chat, w->now, "carol", NULL, NULL), ERR_NOT_FOUND);
	settle(w);
	party_restart(&w->bob);
	assert_int_equal(chat_accept(w->bob.chat, w->now, "carol2", "carol", NULL), ERR_EXISTS);
	assert_int_equal(chat_accept(w->bob.chat, w->now, "carol2", "no good", NULL), ERR_INVALID);
	assert_int_equal(chat_requests(w->bob.chat), 1);
	assert_int_equal(chat_accept(w->bob.chat, w->now, "carol2", NULL, NULL), 0);
	assert_int_equal(chat_requests(w->bob.chat), 0);
	ask(&w->bob, 3, "dave");
	assert_int_equal(chat_set_nick(w->bob.chat, w->now, "dave"), 0);
	assert_int_equal(chat_reject(w->bob.chat, w->now, "dave2"), 0);
}

static int in_order(void *ctx, const struct contact *contact)
{
	char *names = ctx;
	strcat(names, contact->row.petname);
	strcat(names, " ");
	return !strcmp(contact->row.petname, "dave");
}

static void contacts_in_order_of_names(void **state)
{
	struct world *w = *state;
	char names[64] = "";
	assert_int_equal(add_nth(&w->alice, "Mallory", 1), 0);
	assert_int_equal(add_nth(&w->alice, "carol", 2), 0);
	assert_int_equal(add_nth(&w->alice, "dave", 3), 0);
	assert_int_equal(add_nth(&w->alice, "Bob", 4), 0);
	assert_int_equal(chat_each(w->alice.chat, in_order, names), 1);
	assert_string_equal(names, "Bob carol dave ");
	assert_null(chat_find(w->alice.chat, "a-name-that-is-longer-than-nicks-may-be"));
	assert_null(chat_find_id(w->alice.chat, 4711));
	assert_ptr_equal(chat_find_id(w->alice.chat, chat_find(w->alice.chat, "bob")->row.id),
			 chat_find(w->alice.chat, "bob"));
	assert_string_not_equal(chat_find(w->alice.chat, "bob")->isolation,
				chat_find(w->alice.chat, "carol")->isolation);
}

static void accounts_have_proper_names(void **state)
{
	struct world *w = *state;
	struct store *s = NULL;
	party_kill(&w->alice, true);
	assert_int_equal(store_open(w->alice.db, help_key, NULL, &s), 0);
	assert_int_equal(chat_create(s, &w->alice.rng, "allium"), ERR_INVALID);
	assert_int_equal(chat_create(s, &w->alice.rng, "a11ium"), ERR_INVALID);
	assert_int_equal(chat_create(s, &w->alice.rng, "0"), ERR_INVALID);
	store_close(s);
}

static void a_store_without_an_account(void **state)
{
	struct world *w = *state;
	const struct chat_opts co = {.rng = &w->alice.rng, .front = &help_front, .net = &help_net};
	struct store *s = NULL;
	struct chat *c = NULL;
	char path[PATH_MAX];
	assert_int_equal(str_fmt(path, sizeof(path), "%s/empty", w->help->dir), 0);
	assert_int_equal(store_open(path, help_key, NULL, &s), 0);
	assert_int_equal(chat_open(s, &co, w->now, &c), ERR_NOT_FOUND);
	assert_null(c);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(names_that_are_taken),
	    TEST(addresses_that_are_no_contacts),
	    TEST(renaming),
	    TEST(own_nick),
	    TEST(proposals_get_a_suffix),
	    TEST(requests_give_way),
	    TEST(contacts_in_order_of_names),
	    TEST(accounts_have_proper_names),
	    TEST(a_store_without_an_account),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
