/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lines go when they are too old: when, how much at a time, over restarts, and what stays. */
#include "history_help.h"
#include "store_disk_help.h"

#define MINUTE 60000u
#define DAY    (24 * 60 * MINUTE)
#define MANY   1000
#define SLICE  250 /* lines that one turn may delete */

static int setup(void **state)
{
	world_setup(state);
	struct world *w = *state;
	know(w, "Bob");
	know(w, "Carol");
	pass(w, 10);
	hush(&w->alice);
	return 0;
}

static void expire(struct world *w, const char *nick, uint64_t ms)
{
	assert_int_equal(chat_set_expire(w->alice.chat, w->now, who(w, nick), ms), 0);
}

/* Time passes with no more turns than Alice asks for. */
static void wait(struct world *w, uint64_t ms)
{
	const uint64_t until = w->now.mono_ms + ms;
	party_turn(&w->alice);
	for (;;) {
		const uint64_t next = chat_deadline(w->alice.chat);
		if (next > until)
			break;
		jump(w, next > w->now.mono_ms ? next - w->now.mono_ms : 1);
		party_turn(&w->alice);
		w->alice.n_dials = 0;
	}
	jump(w, until > w->now.mono_ms ? until - w->now.mono_ms : 0);
	party_turn(&w->alice);
}

static size_t lines(struct world *w)
{
	return help_lines(w->alice.chat->store);
}

/* ---- when ---- */

static void lines_go_at_their_age(void **state)
{
	struct world *w = *state;
	expire(w, "Bob", DAY);
	hear(w, "Bob", "one");
	news(w, "Bob", "about one");
	hear(w, "Carol", "stays");
	wait(w, DAY / 2);
	say(w, "Bob", "two");
	wait(w, DAY / 2 - 1000);
	assert_history(w, with(w, "Bob"), "Bob:one Bob:two ");
	wait(w, 1000 + 10);
	assert_history(w, with(w, "Bob"), "Bob:two ");
	assert_history(w, CONVERSATION_SERVICE, "");
	assert_history(w, with(w, "Carol"), "Carol:stays ");
	wait(w, DAY);
	assert_history(w, with(w, "Bob"), "");
	/* and a first line after that */
	hear(w, "Bob", "three");
	wait(w, DAY - 1000);
	assert_history(w, with(w, "Bob"), "Bob:three ");
	wait(w, 1010);
	assert_history(w, with(w, "Bob"), "");
	assert_history(w, with(w, "Carol"), "Carol:stays ");
}

static void what_was_set_holds_for_what_is_there(void **state)
{
	struct world *w = *state;
	hear(w, "Bob", "one");
	wait(w, DAY);
	hear(w, "Bob", "two");
	expire(w, "Bob", 2 * DAY);
	wait(w, 1000);
	assert_history(w, with(w, "Bob"), "Bob:one Bob:two ");
	expire(w, "Bob", DAY / 2);
	wait(w, 10);
	assert_history(w, with(w, "Bob"), "Bob:two ");
	expire(w, "Bob", EXPIRE_NEVER);
	wait(w, 30 * (uint64_t)DAY);
	assert_history(w, with(w, "Bob"), "Bob:two ");
	assert_int_equal(chat_set_expire(w->alice.chat, w->now, NULL, (uint64_t)EXPIRE_NEVER + 1),
			 ERR_INVALID);
}

static void one_setting_for_all_and_one_for_each(void **state)
{
	struct world *w = *state;
	assert_int_equal(chat_expire(w->alice.chat), 0);
	expire(w, NULL, DAY);
	expire(w, "Carol", EXPIRE_NEVER);
	assert_int_equal(chat_expire(w->alice.chat), DAY);
	hear(w, "Bob", "one");
	hear(w, "Carol", "two");
	say(w, NOTES, "three");
	news(w, NULL, "four");
	know(w, "Dave"); /* who came later */
	hear(w, "Dave", "five");
	party_turn(&w->alice);
	party_restart(&w->alice);
	assert_int_equal(chat_expire(w->alice.chat), DAY);
	assert_true(who(w, "Carol")->row.expire_ms == EXPIRE_NEVER);
	wait(w, DAY + 10);
	assert_history(w, with(w, "Bob"), "");
	assert_history(w, with(w, "Dave"), "");
	assert_history(w, CONVERSATION_SELF, "");
	assert_history(w, CONVERSATION_SERVICE, "");
	assert_history(w, with(w, "Carol"), "Carol:two ");
	expire(w, "Carol", EXPIRE_DEFAULT);
	wait(w, 10);
	assert_history(w, with(w, "Carol"), "");
}

/* A line that comes to a conversation that was empty, with nothing else to wait for. */
static void a_contact_of_later_is_not_forgotten(void **state)
{
	struct world *w = *state;
	expire(w, NULL, DAY);
	wait(w, 2 * DAY);
	assert_int_equal(lines(w), 0);
	know(w, "Dave");
	assert_int_equal(lines(w), 0);
	hear(w, "Dave", "one");
	wait(w, DAY + 10);
	assert_int_equal(lines(w), 0);
	say(w, NOTES, "two");
	assert_int_equal(lines(w), 1);
	wait(w, DAY + 10);
	assert_int_equal(lines(w), 0);
}

static void a_clock_that_is_set_is_noticed(void **state)
{
	struct world *w = *state;
	expire(w, "Bob", 30 * (uint64_t)DAY);
	hear(w, "Bob", "one");
	wait(w, 10);
	w->now.real_ms += 31 * (uint64_t)DAY;
	wait(w, 60 * MINUTE + 10);
	assert_history(w, with(w, "Bob"), "");
	hear(w, "Bob", "two");
	w->now.real_ms -= 90 * (uint64_t)DAY;
	hear(w, "Bob", "three");
	wait(w, 31 * (uint64_t)DAY);
	assert_history(w, with(w, "Bob"), "Bob:two Bob:three ");
}

/* ---- how much at a time ---- */

static void a_turn_deletes_no_more_than_a_slice(void **state)
{
	struct world *w = *state;
	for (unsigned i = 0; i < MANY; i++)
		hear(w, i % 2 ? "Bob" : "Carol", "x");
	jump(w, DAY);
	hear(w, "Carol", "young");
	expire(w, NULL, DAY / 2);
	party_turn(&w->alice);
	size_t left = lines(w);
	while (left > 1) {
		assert_true(chat_deadline(w->alice.chat) <= w->now.mono_ms + 1);
		jump(w, 1);
		party_turn(&w->alice);
		const size_t now = lines(w);
		assert_in_range(left - now, 1, SLICE);
		left = now;
	}
	assert_history(w, with(w, "Carol"), "Carol:young ");
	wait(w, 10);
	assert_true(chat_deadline(w->alice.chat) > w->now.mono_ms + 1);
}

/* Many conversations with a line each cost no turn each. */
static void small_conversations_share_a_turn(void **state)
{
	struct world *w = *state;
	unsigned turns = 0;
	for (unsigned i = 0; i < 60; i++) {
		char nick[8];
		snprintf(nick, sizeof(nick), "d%u", i);
		know(w, nick);
		hear(w, nick, "x");
	}
	jump(w, DAY);
	expire(w, NULL, DAY / 2);
	for (; lines(w) > 0; turns++) {
		assert_true(turns < 10);
		party_turn(&w->alice);
		jump(w, 1);
	}
	assert_in_range(turns, 2, 6);
}

/* The process dies after each of its turns, and once before the commit. */
static void a_crash_between_slices(void **state)
{
	struct world *w = *state;
	for (unsigned i = 0; i < MANY; i++)
		hear(w, "Bob", "x");
	hear(w, "Carol", "stays");
	jump(w, DAY);
	expire(w, "Bob", DAY / 2);
	assert_int_equal(chat_commit(w->alice.chat), 0);
	chat_tick(w->alice.chat, w->now);
	w->alice.fail_commit = true;
	assert_int_equal(chat_commit(w->alice.chat), ERR_IO);
	w->alice.fail_commit = false;
	party_restart(&w->alice);
	assert_int_equal(lines(w), MANY + 1);
	for (unsigned i = 1; i <= 4; i++) {
		party_turn(&w->alice);
		assert_int_equal(lines(w), MANY + 1 - SLICE * i);
		party_kill(&w->alice, true);
		party_start(&w->alice);
	}
	assert_history(w, with(w, "Carol"), "Carol:stays ");
}

/* ---- what stays ---- */

static int first_id(void *ctx, const struct contact *contact, const struct line_row *l)
{
	(void)contact;
	if (!*(int64_t *)ctx)
		*(int64_t *)ctx = l->id;
	return 0;
}

static void cursors_and_ids_go_on(void **state)
{
	struct world *w = *state;
	int64_t laptop, phone, shown = 0;
	assert_int_equal(chat_cursor(w->alice.chat, "laptop", &laptop), 0);
	const int64_t one = hear(w, "Bob", "one");
	const int64_t two = hear(w, "Bob", "two");
	assert_int_equal(chat_cursor_move(w->alice.chat, "laptop", one), 0);
	assert_int_equal(chat_cursor(w->alice.chat, "phone", &phone), 0);
	expire(w, NULL, DAY);
	wait(w, 2 * DAY);
	assert_int_equal(lines(w), 0);
	assert_int_equal(chat_last_line(w->alice.chat), two);
	/* the clock went back meanwhile; nothing of a line is left to tell */
	party_restart(&w->alice);
	w->now.real_ms -= 5 * (uint64_t)DAY;
	assert_int_equal(chat_cursor(w->alice.chat, "laptop", &laptop), 0);
	assert_int_equal(laptop, one);
	const int64_t three = hear(w, "Bob", "three");
	assert_true(three > two);
	assert_int_equal(chat_lines(w->alice.chat, laptop, 9, first_id, &shown), 0);
	assert_int_equal(shown, three);
	assert_int_equal(chat_cursor_move(w->alice.chat, "laptop", three), 0);
	int64_t at;
	assert_int_equal(chat_history_at(w->alice.chat, w->now.real_ms + 2 * (uint64_t)DAY, &at), 0);
	assert_int_equal(at, three); /* later than what was deleted */
	assert_int_equal(chat_history_at(w->alice.chat, w->now.real_ms + 5 * (uint64_t)DAY + 10000, &at), 0);
	assert_int_equal(at, three + 1);
}

static int count_queued(void *ctx, const struct chat_queued_row *r)
{
	++*(size_t *)ctx;
	assert_memory_equal(r->text, "not yet", r->text_len);
	return 0;
}

/* What waits is delivered, though its line is gone. */
static void the_outbox_keeps_what_is_not_acked(void **state)
{
	struct world *w = *state;
	size_t n = 0;
	know(w, "Dave");
	expire(w, "Dave", DAY);
	assert_int_equal(send_text(&w->alice, who(w, "Dave"), "not yet"), 0);
	wait(w, 2 * DAY);
	assert_history(w, with(w, "Dave"), "");
	assert_int_equal(who(w, "Dave")->queued, 1);
	assert_int_equal(chat_queue_each(w->alice.chat, who(w, "Dave"), 0, 9, count_queued, &n), 0);
	assert_int_equal(n, 1);
	party_restart(&w->alice);
	assert_int_equal(who(w, "Dave")->queued, 1);
}

static int no_target(void *ctx, int64_t conversation, const struct contact *contact, uint64_t last_ms)
{
	(void)ctx;
	(void)conversation;
	(void)contact;
	(void)last_ms;
	return 42;
}

static void an_empty_conversation_is_no_target(void **state)
{
	struct world *w = *state;
	expire(w, "Bob", DAY);
	hear(w, "Bob", "one");
	assert_int_equal(chat_history_targets(w->alice.chat, 0, UINT64_MAX, 9, no_target, NULL), 42);
	wait(w, DAY + 10);
	assert_int_equal(chat_history_targets(w->alice.chat, 0, UINT64_MAX, 9, no_target, NULL), 0);
}

/* ---- what is left on disk ---- */

static bool alices_pages_hold(const struct world *w, const char *what)
{
	struct help h = {.dir = ""};
	assert_int_equal(str_copy(h.db, sizeof(h.db), w->alice.db), 0);
	return decrypted_pages_hold(&h, what);
}

static void checkpoint(struct world *w)
{
	party_turn(&w->alice);
	assert_int_equal(store_checkpoint(w->alice.chat->store), 0);
	assert_int_equal(help_size(w->alice.db, "-wal"), 0);
}

static void the_bytes_are_gone(void **state)
{
	struct world *w = *state;
	for (unsigned i = 0; i < 600; i++) {
		hear(w, "Bob", "canary: the eagle lands at noon");
		if (i % 10 == 0)
			hear(w, "Carol", "something that stays");
	}
	const int64_t said = say(w, "Carol", "its msgid stays: another canary");
	hear(w, "Carol", "something at the end");
	checkpoint(w);
	assert_true(alices_pages_hold(w, "eagle")); /* else the rest would show nothing */
	assert_true(alices_pages_hold(w, "its msgid stays: another canary"));

	expire(w, "Bob", DAY);
	assert_int_equal(history_erase(w->alice.chat, who(w, "Carol")->impl, said), 0);
	wait(w, 2 * DAY);
	checkpoint(w);
	assert_false(alices_pages_hold(w, "canary"));
	assert_false(alices_pages_hold(w, "eagle"));
	assert_true(alices_pages_hold(w, "something that stays"));
	assert_true(alices_pages_hold(w, "something at the end"));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, world_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(lines_go_at_their_age),
	    TEST(what_was_set_holds_for_what_is_there),
	    TEST(one_setting_for_all_and_one_for_each),
	    TEST(a_contact_of_later_is_not_forgotten),
	    TEST(a_clock_that_is_set_is_noticed),
	    TEST(a_turn_deletes_no_more_than_a_slice),
	    TEST(small_conversations_share_a_turn),
	    TEST(a_crash_between_slices),
	    TEST(cursors_and_ids_go_on),
	    TEST(the_outbox_keeps_what_is_not_acked),
	    TEST(an_empty_conversation_is_no_target),
	    TEST(the_bytes_are_gone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
