/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A contact with a long conversation is removed: gone at once for whoever looks, and bit by bit on disk. */
#include "chat_help.h"

#include "../../src/chat/chat_impl.h"

#define MANY	      1500 /* messages that Alice wrote to Bob: as many lines, and as many in the queue */
#define TURN_ROWS_MAX 300 /* that one turn may delete */

static int count_outbox(void *ctx, const struct outbox_row *o)
{
	(void)o;
	++*(size_t *)ctx;
	return 0;
}

/* Rows of this contact's conversation and queue, and of notes. */
static size_t rows_left(struct party *p, int64_t contact)
{
	size_t n = help_lines(p->chat->store);
	assert_int_equal(store_outbox_each(p->chat->store, contact, 0, SIZE_MAX, count_outbox, &n), 0);
	return n;
}

static int count_row(void *ctx, const struct contact_row *row)
{
	(void)row;
	++*(size_t *)ctx;
	return 0;
}

static size_t stored_contacts(struct party *p)
{
	size_t n = 0;
	assert_int_equal(store_contact_each(p->chat->store, count_row, &n), 0);
	return n;
}

static void note(struct world *w, const char *text)
{
	assert_int_equal(chat_note(w->alice.chat, w->now, MESSAGE_TEXT, text, strlen(text), "x"), 0);
}

/* Between a note before and a note after; the id that Bob had. */
static int64_t write_much_and_remove(struct world *w)
{
	note(w, "before");
	for (unsigned i = 0; i < MANY; i++) {
		assert_int_equal(send_text(&w->alice, bob_of(w), "again"), 0);
		hush(&w->alice);
	}
	note(w, "after");
	party_turn(&w->alice);
	const int64_t id = bob_of(w)->row.id;
	assert_int_equal(chat_remove(w->alice.chat, w->now, "Bob"), 0);
	return id;
}

static int join_notes(void *ctx, const struct contact *contact, const struct line_row *l)
{
	char *all = ctx;
	assert_null(contact);
	strncat(all, l->text, l->text_len);
	strcat(all, " ");
	return 0;
}

/* Nothing tells of him, whoever asks. */
static void assert_gone(struct world *w)
{
	char all[200] = "", first[200] = "";
	assert_null(bob_of(w));
	assert_int_equal(chat_count(w->alice.chat), 0);
	assert_int_equal(chat_queued(w->alice.chat), 0);
	assert_int_equal(chat_lines(w->alice.chat, 0, 100, join_notes, all), 0);
	assert_string_equal(all, "before after ");
	assert_int_equal(chat_lines(w->alice.chat, 0, 1, join_notes, first), 0);
	assert_string_equal(first, "before ");
}

static void assert_deleted_in_the_end(struct world *w, int64_t id, size_t contacts)
{
	for (unsigned i = 0; i < 100 && rows_left(&w->alice, id) > 2; i++)
		pass(w, 1);
	pass(w, 10);
	assert_int_equal(rows_left(&w->alice, id), 2);
	assert_int_equal(stored_contacts(&w->alice), contacts);
	assert_true(chat_deadline(w->alice.chat) > w->now.mono_ms);
}

static void a_long_conversation_goes_in_slices(void **state)
{
	struct world *w = *state;
	befriend(w);
	const size_t before = rows_left(&w->alice, bob_of(w)->row.id);
	const int64_t id = write_much_and_remove(w);
	size_t left = rows_left(&w->alice, id);
	assert_in_range(left, before + 2 + 2 * MANY - TURN_ROWS_MAX, before + 2 + 2 * MANY - 1);
	assert_gone(w);
	while (left > 2) {
		party_turn(&w->alice);
		const size_t now = rows_left(&w->alice, id);
		assert_in_range(now, left > TURN_ROWS_MAX ? left - TURN_ROWS_MAX : 2, left);
		left = now;
		assert_gone(w);
		if (left > 2)
			assert_true(chat_deadline(w->alice.chat) <= w->now.mono_ms + 1);
		jump(w, 1);
	}
	assert_deleted_in_the_end(w, id, 0);
}

/* The process dies after each of its turns. */
static void what_a_crash_leaves_is_deleted_later(void **state)
{
	struct world *w = *state;
	befriend(w);
	const int64_t id = write_much_and_remove(w);
	party_turn(&w->alice);
	for (unsigned i = 0; i < 6; i++) {
		const size_t left = rows_left(&w->alice, id);
		party_kill(&w->alice, true);
		party_start(&w->alice);
		assert_int_equal(rows_left(&w->alice, id), left);
		assert_gone(w);
		party_turn(&w->alice);
		assert_in_range(rows_left(&w->alice, id), 2, left - 1);
	}
	assert_deleted_in_the_end(w, id, 0);
	party_restart(&w->alice);
	assert_gone(w);
}

/* A turn that fails takes nothing away. */
static void a_failed_commit_removes_nobody(void **state)
{
	struct world *w = *state;
	befriend(w);
	const int64_t id = write_much_and_remove(w);
	w->alice.fail_commit = true;
	assert_int_equal(chat_commit(w->alice.chat), ERR_IO);
	w->alice.fail_commit = false;
	party_restart(&w->alice);
	assert_non_null(bob_of(w));
	assert_int_equal(bob_of(w)->row.id, id);
	assert_int_equal(bob_of(w)->queued, MANY);
}

static size_t size_of_session(struct party *p, int64_t contact)
{
	uint8_t state[SESSION_STATE_MAX];
	size_t len;
	return store_ratchet_get(p->chat->store, contact, state, sizeof(state), &len) ? 0 : len;
}

/* The same person can be added at once; the keys of before are gone by then. */
static void added_anew_while_the_rest_goes(void **state)
{
	struct world *w = *state;
	befriend(w);
	assert_true(size_of_session(&w->alice, bob_of(w)->row.id) > 0);
	const int64_t id = write_much_and_remove(w);
	assert_int_equal(size_of_session(&w->alice, id), 0);
	assert_int_equal(add(&w->alice, "Bob", &w->bob, ""), 0);
	assert_true(bob_of(w)->row.id != id);
	assert_int_equal(bob_of(w)->queued, 0);
	settle(w);
	assert_int_equal(alice_of(w)->presence, PRESENCE_OFFLINE);
	party_restart(&w->alice);
	hush(&w->alice);
	hush(&w->bob);
	meet(w);
	assert_int_equal(send_text(&w->alice, bob_of(w), "two"), 0);
	settle(w);
	assert_int_equal(said(&w->bob, "in Alice: two"), 1);
	pass(w, 1000);
	assert_int_equal(stored_contacts(&w->alice), 1);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(a_long_conversation_goes_in_slices),
	    TEST(what_a_crash_leaves_is_deleted_later),
	    TEST(a_failed_commit_removes_nobody),
	    TEST(added_anew_while_the_rest_goes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
