/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Accounts of one daemon that are each other's contacts: real chat, store and links, and no Tor at all. */
#include "peer_help.h"

#define HEARD_MAX 4096

/* An account of the house.  While it is locked there is only its database. */
struct account {
	struct house *house;
	const char *nick;
	char path[96];
	struct chat *chat; /* NULL: locked */
	struct peer *peer;
	struct domain *domain;
	struct timer *timer;
	int commit_error;
	char heard[HEARD_MAX]; /* what came from others, one line each */
};

struct house {
	char dir[64];
	struct loop *loop;
	bool on; /* household = on */
	struct account alice, bob;
};

/* ---- as the daemon drives it ---- */

static struct now house_now(const struct house *h)
{
	return (struct now){.mono_ms = loop_now_ms(h->loop), .real_ms = loop_time_ms(h->loop)};
}

static void hear(void *ctx, struct chat *c, const struct contact *contact, const struct line_row *l)
{
	struct account *a = chat_owner(c);
	size_t len = strlen(a->heard);
	(void)ctx;

	if (l->kind == LINE_IN)
		assert_int_equal(str_fmt(a->heard + len, sizeof(a->heard) - len, "%s: %.*s\n",
					 contact->row.petname, (int)l->text_len, l->text),
				 0);
}

static int commit(void *ctx)
{
	struct account *a = ctx;

	return a->commit_error != 0 ? a->commit_error : chat_commit(a->chat);
}

static void committed(void *ctx)
{
	struct account *a = ctx;
	uint64_t now_ms = loop_now_ms(a->house->loop), due;

	peer_flush(a->peer);
	due = chat_deadline(a->chat);
	if (due != TICK_NEVER)
		timer_set(a->timer, due > now_ms ? due - now_ms : 0);
}

static void failed(void *ctx, int err)
{
	(void)ctx, (void)err;
	fail_msg("a commit failed");
}

static const struct domain_ops account_ops = {.commit = commit, .failed = failed, .committed = committed};

static void on_time(void *ctx)
{
	struct account *a = ctx;

	domain_mark(a->domain);
	(void)chat_tick(a->chat, house_now(a->house));
}

static void on_write(void *ctx)
{
	struct account *a = ctx;

	if (a->domain != NULL)
		domain_mark(a->domain);
}

static struct peer *find(void *ctx, const uint8_t identity[KEY_BYTES])
{
	struct house *h = ctx;
	struct account *all[] = {&h->alice, &h->bob};

	for (size_t i = 0; i < 2; i++)
		if (all[i]->chat != NULL && memcmp(chat_identity(all[i]->chat), identity, KEY_BYTES) == 0)
			return all[i]->peer;
	return NULL;
}

static struct store *open_store(struct account *a)
{
	static const uint8_t key[KEY_BYTES] = {1};
	struct store_opts opts = {.on_begin = on_write, .ctx = a};
	struct store *store = NULL;

	assert_int_equal(store_open(a->path, key, &opts, &store), 0);
	return store;
}

static bool welcomes(const struct account *a, const struct account *other)
{
	struct chat_member m;
	bool welcome = false;

	chat_member(other->chat, &m);
	assert_int_equal(chat_member_welcome(a->chat, &m, &welcome), 0);
	return welcome;
}

static void meet(struct account *a, const struct account *other, bool welcome)
{
	struct chat_member m;

	chat_member(other->chat, &m);
	assert_int_equal(chat_meet(a->chat, house_now(a->house), &m, welcome), 0);
}

static void come(struct account *a)
{
	struct house *h = a->house;
	struct account *other = a == &h->alice ? &h->bob : &h->alice;

	if (other->chat != NULL) {
		bool welcome = welcomes(a, other) && welcomes(other, a);

		meet(other, a, welcome);
		meet(a, other, welcome);
	}
	domain_mark(a->domain);
	chat_call_household(a->chat, house_now(h));
}

static void unlock(struct account *a)
{
	struct house *h = a->house;
	struct chat_front front = quiet_front;
	static struct chat_front kept;
	struct chat_opts opts = {.owner = a,
				 .rng = &rng_system,
				 .front = &kept,
				 .net = &peer_net,
				 .household = h->on,
				 .dial_min_ms = 20,
				 .dial_max_ms = 200};
	struct peer_opts peer_opts = {.rng = &rng_system, .household = h->on ? find : NULL, .ctx = h};

	front.line = hear;
	kept = front;
	a->domain = domain_new(h->loop, &account_ops, a);
	a->timer = timer_new(h->loop, on_time, a);
	assert_int_equal(chat_open(open_store(a), &opts, house_now(h), &a->chat), 0);
	assert_int_equal(peer_new(h->loop, NULL, a->chat, a->domain, &peer_opts, &a->peer), 0);
	if (h->on)
		come(a);
}

/* What was not committed is lost, and nobody is told. */
static void kill_account(struct account *a)
{
	if (a->chat == NULL)
		return;
	domain_free(a->domain);
	a->domain = NULL;
	peer_free(a->peer);
	timer_free(a->timer);
	chat_free(a->chat);
	a->chat = NULL;
}

static void lock(struct account *a)
{
	chat_shutdown(a->chat, house_now(a->house), "logged out");
	assert_int_equal(chat_commit(a->chat), 0);
	peer_drain(a->peer, 2000);
	kill_account(a);
}

static void make_account(struct house *h, struct account *a, const char *nick)
{
	struct store *store;

	*a = (struct account){.house = h, .nick = nick};
	assert_int_equal(str_fmt(a->path, sizeof(a->path), "%s/%s", h->dir, nick), 0);
	store = open_store(a);
	assert_int_equal(chat_create(store, &rng_system, nick), 0);
	assert_int_equal(store_commit(store), 0);
	store_close(store);
}

static void build(struct house *h)
{
	*h = (struct house){.dir = "/tmp/allium-house-XXXXXX", .on = true};
	assert_non_null(mkdtemp(h->dir));
	h->loop = loop_new();
	assert_non_null(h->loop);
	make_account(h, &h->alice, "alice");
	make_account(h, &h->bob, "bob");
}

static void leave_house(struct house *h)
{
	kill_account(&h->alice);
	kill_account(&h->bob);
	loop_free(h->loop);
	assert_int_equal(file_rmtree(h->dir), 0);
}

/* ---- what the stories say ---- */

static struct contact *contact_of(const struct account *a, const char *nick)
{
	struct contact *contact = chat_find(a->chat, nick);

	assert_non_null(contact);
	return contact;
}

static bool sees(const struct account *a, const char *nick)
{
	return contact_of(a, nick)->presence == PRESENCE_ONLINE;
}

/* The alarm ends a test in which that never comes. */
#define until(h, condition)                                                                                  \
	while (!(condition))                                                                                 \
	loop_turn((h)->loop, true)

static void both_unlocked(struct house *h)
{
	build(h);
	unlock(&h->alice);
	unlock(&h->bob);
	until(h, sees(&h->alice, "bob") && sees(&h->bob, "alice"));
}

static void say(struct account *a, const char *nick, const char *text)
{
	assert_int_equal(chat_send(a->chat, house_now(a->house), contact_of(a, nick), MESSAGE_TEXT, text,
				   strlen(text), "default", NULL),
			 0);
}

static bool all_acked(const struct house *h)
{
	return chat_queued(h->alice.chat) == 0 && chat_queued(h->bob.chat) == 0;
}

/* ---- the stories ---- */

static void test_two_who_are_unlocked_are_contacts_and_talk(void **state)
{
	struct house h;
	const struct contact *bob;
	(void)state;

	both_unlocked(&h);
	bob = contact_of(&h.alice, "bob");
	assert_int_equal(bob->row.state, CONTACT_LINKED);
	assert_true(bob->row.has_link_key);
	assert_true(bob->local && bob->link_up);
	assert_memory_equal(bob->row.identity, chat_identity(h.bob.chat), KEY_BYTES);
	assert_int_equal(chat_requests(h.alice.chat) + chat_requests(h.bob.chat), 0);
	say(&h.alice, "bob", "dinner?");
	until(&h, strcmp(h.bob.heard, "alice: dinner?\n") == 0);
	say(&h.bob, "alice", "soon");
	until(&h, strcmp(h.alice.heard, "bob: soon\n") == 0 && all_acked(&h));
	leave_house(&h);
}

static void test_what_is_said_to_one_who_is_locked_waits(void **state)
{
	struct house h;
	(void)state;

	both_unlocked(&h);
	lock(&h.bob);
	until(&h, !sees(&h.alice, "bob"));
	say(&h.alice, "bob", "one");
	say(&h.alice, "bob", "two");
	until(&h, contact_of(&h.alice, "bob")->trouble[0] != '\0');
	assert_string_equal(contact_of(&h.alice, "bob")->trouble, "not unlocked here, as far as you can see");
	assert_int_equal(chat_queued(h.alice.chat), 2);
	unlock(&h.bob);
	until(&h, all_acked(&h));
	assert_string_equal(h.bob.heard, "alice: one\nalice: two\n");
	leave_house(&h);
}

static int join_line(void *ctx, const struct contact *contact, const struct line_row *l)
{
	char *all = ctx;
	(void)contact;

	if (l->kind == LINE_IN)
		assert_int_equal(str_fmt(all + strlen(all), HEARD_MAX - strlen(all), "%.*s\n", (int)l->text_len,
					 l->text),
				 0);
	return 0;
}

static void run_for(struct house *h, int turns)
{
	while (turns-- > 0)
		loop_turn(h->loop, false);
}

static void kill_both(struct house *h)
{
	kill_account(&h->alice);
	kill_account(&h->bob);
	unlock(&h->alice);
	unlock(&h->bob);
}

/* Everybody is in one process: at whatever moment it is killed, each line has come once when it has run again. */
static void test_killed_at_any_moment_nothing_is_lost_or_doubled(void **state)
{
	char text[16], said[HEARD_MAX] = "", came[HEARD_MAX] = "";
	struct house h;
	(void)state;

	both_unlocked(&h);
	for (int turns = 0; turns < 16; turns++) {
		assert_int_equal(str_fmt(text, sizeof(text), "line %d", turns), 0);
		assert_int_equal(str_fmt(said + strlen(said), sizeof(said) - strlen(said), "%s\n", text), 0);
		say(&h.alice, "bob", text);
		loop_turn(h.loop, false); /* now it is accepted */
		run_for(&h, turns);
		kill_both(&h);
		run_for(&h, turns);
		kill_both(&h);
		until(&h, all_acked(&h));
	}
	assert_int_equal(chat_lines(h.bob.chat, 0, SIZE_MAX, join_line, came), 0);
	assert_string_equal(came, said);
	leave_house(&h);
}

static void test_a_meeting_that_only_one_has_kept_is_made_up_for(void **state)
{
	struct house h;
	(void)state;

	build(&h);
	unlock(&h.alice);
	h.on = false;
	unlock(&h.bob);
	meet(&h.alice, &h.bob, true);
	loop_turn(h.loop, false);
	h.on = true;
	kill_both(&h);
	until(&h, sees(&h.alice, "bob") && sees(&h.bob, "alice"));
	leave_house(&h);
}

static void test_who_has_that_nick_already_keeps_it(void **state)
{
	static const uint8_t seed[KEY_BYTES] = {7};
	uint8_t identity[KEY_BYTES];
	struct house h;
	(void)state;

	build(&h);
	identity_public(seed, identity);
	unlock(&h.alice);
	assert_int_equal(chat_add(h.alice.chat, house_now(&h), "bob", identity, "", NULL), 0);
	unlock(&h.bob);
	until(&h, sees(&h.alice, "bob2") && sees(&h.bob, "alice"));
	assert_false(contact_of(&h.alice, "bob")->local);
	assert_int_equal(chat_rename(h.alice.chat, house_now(&h), "bob2", "robert"), 0);
	lock(&h.bob);
	unlock(&h.bob);
	until(&h, sees(&h.alice, "robert"));
	assert_int_equal(chat_count(h.alice.chat), 2);
	leave_house(&h);
}

/* ---- removed, blocked ---- */

static void both_anew(struct house *h)
{
	lock(&h->alice);
	lock(&h->bob);
	unlock(&h->alice);
	unlock(&h->bob);
}

static void test_who_was_removed_comes_back_only_when_added(void **state)
{
	struct house h;
	(void)state;

	both_unlocked(&h);
	assert_int_equal(chat_set_door(h.bob.chat, house_now(&h), false, true), 0);
	assert_int_equal(chat_remove(h.alice.chat, house_now(&h), "bob"), 0);
	until(&h, !sees(&h.bob, "alice"));
	both_anew(&h);
	until(&h, contact_of(&h.bob, "alice")->trouble[0] != '\0');
	assert_int_equal(chat_count(h.alice.chat), 0);
	assert_int_equal(chat_requests(h.alice.chat), 0);
	/* Bob has her still, and so takes her without a question, behind a closed door. */
	assert_int_equal(
	    chat_add(h.alice.chat, house_now(&h), "bobby", chat_identity(h.bob.chat), "", NULL), 0);
	until(&h, sees(&h.alice, "bobby") && sees(&h.bob, "alice"));
	both_anew(&h);
	until(&h, sees(&h.alice, "bobby") && sees(&h.bob, "alice"));
	leave_house(&h);
}

static void test_two_who_removed_each_other_ask_like_others(void **state)
{
	struct house h;
	(void)state;

	both_unlocked(&h);
	assert_int_equal(chat_remove(h.alice.chat, house_now(&h), "bob"), 0);
	assert_int_equal(chat_remove(h.bob.chat, house_now(&h), "alice"), 0);
	both_anew(&h);
	run_for(&h, 20);
	assert_int_equal(chat_count(h.alice.chat) + chat_count(h.bob.chat), 0);
	assert_int_equal(
	    chat_add(h.alice.chat, house_now(&h), "bob", chat_identity(h.bob.chat), "Again?", NULL), 0);
	until(&h, chat_requests(h.bob.chat) == 1);
	assert_int_equal(chat_accept(h.bob.chat, house_now(&h), "alice", NULL, NULL), 0);
	until(&h, sees(&h.alice, "bob") && sees(&h.bob, "alice"));
	both_anew(&h);
	until(&h, sees(&h.alice, "bob") && sees(&h.bob, "alice"));
	leave_house(&h);
}

/* Also behind a closed door, by one whom the other has forgotten. */
static void test_an_invitation_is_shown_at_home(void **state)
{
	char text[INVITE_LEN + 1];
	struct invite invite;
	struct house h;
	(void)state;

	both_unlocked(&h);
	assert_int_equal(chat_set_door(h.alice.chat, house_now(&h), false, true), 0);
	assert_int_equal(chat_remove(h.alice.chat, house_now(&h), "bob"), 0);
	assert_int_equal(chat_remove(h.bob.chat, house_now(&h), "alice"), 0);
	assert_int_equal(chat_invite(h.alice.chat, house_now(&h), 0, text), 0);
	assert_int_equal(chat_invite_read(text, &invite), 0);
	assert_int_equal(chat_add_invited(h.bob.chat, house_now(&h), "alice", &invite, NULL), 0);
	until(&h, sees(&h.bob, "alice") && chat_find(h.alice.chat, "bob") != NULL && sees(&h.alice, "bob"));
	leave_house(&h);
}

static void test_who_is_blocked_is_told_what_one_who_waits_is_told(void **state)
{
	struct house h;
	size_t lost;
	(void)state;

	both_unlocked(&h);
	assert_int_equal(chat_block(h.alice.chat, house_now(&h), "bob", &lost), 0);
	until(&h, !sees(&h.bob, "alice"));
	say(&h.bob, "alice", "hello?");
	until(&h, contact_of(&h.bob, "alice")->trouble[0] != '\0');
	assert_string_equal(contact_of(&h.bob, "alice")->trouble, "not unlocked here, as far as you can see");
	both_anew(&h);
	run_for(&h, 20);
	assert_false(welcomes(&h.alice, &h.bob));
	assert_int_equal(contact_of(&h.alice, "bob")->presence, PRESENCE_OFFLINE);
	assert_string_equal(h.alice.heard, "");
	assert_int_equal(chat_unblock(h.alice.chat, house_now(&h), "bob"), 0);
	until(&h, all_acked(&h));
	assert_string_equal(h.alice.heard, "bob: hello?\n");
	leave_house(&h);
}

/* ---- on and off ---- */

/* They have told each other where Tor leads to them. */
static void test_without_a_household_they_stay_contacts_by_tor(void **state)
{
	struct house h;
	const struct contact *bob;
	(void)state;

	both_unlocked(&h);
	until(&h, contact_of(&h.alice, "bob")->row.has_client_key &&
		      contact_of(&h.bob, "alice")->row.has_client_key);
	run_for(&h, 20);
	lock(&h.alice);
	lock(&h.bob);
	h.on = false;
	unlock(&h.alice);
	unlock(&h.bob);
	bob = contact_of(&h.alice, "bob");
	assert_true(bob->row.has_client_key);
	assert_memory_not_equal(bob->row.onion, bob->row.identity, KEY_BYTES);
	assert_false(bob->local);
	say(&h.alice, "bob", "are you there?");
	run_for(&h, 20);
	assert_false(bob->dialling); /* Tor is off */
	assert_int_equal(chat_queued(h.alice.chat), 1);
	lock(&h.alice);
	lock(&h.bob);
	h.on = true;
	unlock(&h.alice);
	unlock(&h.bob);
	until(&h, strcmp(h.bob.heard, "alice: are you there?\n") == 0);
	leave_house(&h);
}

static void test_who_had_asked_before_is_answered(void **state)
{
	struct house h;
	(void)state;

	build(&h);
	h.on = false;
	unlock(&h.alice);
	unlock(&h.bob);
	assert_int_equal(
	    chat_add(h.alice.chat, house_now(&h), "bobby", chat_identity(h.bob.chat), "", NULL), 0);
	lock(&h.alice);
	lock(&h.bob);
	h.on = true;
	unlock(&h.alice);
	unlock(&h.bob);
	until(&h, sees(&h.alice, "bobby") && sees(&h.bob, "alice"));
	assert_int_equal(chat_requests(h.bob.chat), 0);
	leave_house(&h);
}

static void test_without_a_household_nobody_meets(void **state)
{
	struct house h;
	(void)state;

	build(&h);
	h.on = false;
	unlock(&h.alice);
	unlock(&h.bob);
	run_for(&h, 20);
	assert_int_equal(chat_count(h.alice.chat) + chat_count(h.bob.chat), 0);
	leave_house(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_two_who_are_unlocked_are_contacts_and_talk),
	    cmocka_unit_test(test_what_is_said_to_one_who_is_locked_waits),
	    cmocka_unit_test(test_killed_at_any_moment_nothing_is_lost_or_doubled),
	    cmocka_unit_test(test_a_meeting_that_only_one_has_kept_is_made_up_for),
	    cmocka_unit_test(test_who_has_that_nick_already_keeps_it),
	    cmocka_unit_test(test_who_was_removed_comes_back_only_when_added),
	    cmocka_unit_test(test_two_who_removed_each_other_ask_like_others),
	    cmocka_unit_test(test_an_invitation_is_shown_at_home),
	    cmocka_unit_test(test_who_is_blocked_is_told_what_one_who_waits_is_told),
	    cmocka_unit_test(test_without_a_household_they_stay_contacts_by_tor),
	    cmocka_unit_test(test_who_had_asked_before_is_answered),
	    cmocka_unit_test(test_without_a_household_nobody_meets),
	};

	if (crypto_start() < 0)
		return 1;
	alarm(300);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
