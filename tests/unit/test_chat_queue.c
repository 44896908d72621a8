/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What waits for a contact: shown, and taken back for as long as it can't have left. */
#include "chat_help.h"

#include "base/str.h"

#include "../../src/chat/chat_impl.h"

/* The queue as text: "number[!]:text " each, ! for what may have left. */
static int join(void *ctx, const struct chat_queued_row *r)
{
	char *all = ctx;
	size_t at = strlen(all);
	assert_true(at + r->text_len + 32 < 4096);
	snprintf(all + at, 4096 - at, "%lld%s:%.*s ", (long long)r->number, r->may_have_left ? "!" : "",
		 (int)r->text_len, r->text);
	return 0;
}

static void assert_queue(struct party *p, const struct contact *contact, int64_t after, size_t limit,
			 const char *expected)
{
	char all[4096] = "";
	assert_int_equal(chat_queue_each(p->chat, contact, after, limit, join, all), 0);
	assert_string_equal(all, expected);
}

static void send_numbers(struct party *p, struct contact *to, unsigned from, unsigned upto)
{
	char text[16];
	for (unsigned n = from; n <= upto; n++) {
		snprintf(text, sizeof(text), "%u", n);
		assert_int_equal(send_text(p, to, text), 0);
	}
}

static int count_row(void *ctx, const struct outbox_row *o)
{
	(void)o;
	++*(size_t *)ctx;
	return 0;
}

static struct frame next_frame(struct world *w)
{
	const struct frame f = w->frames[0];
	w->n_frames--;
	memmove(&w->frames[0], &w->frames[1], w->n_frames * sizeof(f));
	return f;
}

/* Turn by turn, until so many wait for Bob and what goes on is over. */
static void pass_until(struct world *w, size_t queued)
{
	for (unsigned i = 0; i < 100 && bob_of(w)->queued > queued; i++)
		pass(w, 1);
	pass(w, 10);
	assert_int_equal(bob_of(w)->queued, queued);
}

/* Alice has a contact who never answered. */
static struct contact *a_silent_bob(struct world *w)
{
	assert_int_equal(add(&w->alice, "Bob", &w->bob, ""), 0);
	settle(w);
	hush(&w->alice);
	return bob_of(w);
}

static void the_queue_is_read_in_slices(void **state)
{
	struct world *w = *state;
	struct contact *bob = a_silent_bob(w);
	assert_queue(&w->alice, bob, 0, 10, "");
	send_numbers(&w->alice, bob, 11, 14);
	assert_queue(&w->alice, bob, 0, 10, "1:11 2:12 3:13 4:14 ");
	assert_queue(&w->alice, bob, 0, 2, "1:11 2:12 ");
	assert_queue(&w->alice, bob, 2, 1, "3:13 ");
	assert_queue(&w->alice, bob, 4, 10, "");
}

static int fill_row(void *ctx, const struct chat_queued_row *r)
{
	struct chat_queued_row *out = ctx;
	*out = *r;
	out->text = NULL;
	return 7;
}

static void a_row_tells_what_was_accepted(void **state)
{
	struct world *w = *state;
	struct contact *bob = a_silent_bob(w);
	struct chat_queued_row r;
	uint8_t msgid[MSGID_BYTES];
	assert_int_equal(chat_send(w->alice.chat, w->now, bob, MESSAGE_ACTION, "waves", 5, "x", msgid), 0);
	assert_int_equal(chat_queue_each(w->alice.chat, bob, 0, 5, fill_row, &r), 7);
	assert_memory_equal(r.msgid, msgid, MSGID_BYTES);
	assert_int_equal(r.message_kind, MESSAGE_ACTION);
	assert_int_equal(r.minute, w->now.real_ms / 60000);
	assert_int_equal(r.text_len, 5);
	assert_false(r.may_have_left);
}

static void one_is_taken_back(void **state)
{
	struct world *w = *state;
	struct contact *bob = a_silent_bob(w);
	struct chat *c = w->alice.chat;
	send_numbers(&w->alice, bob, 1, 3);
	assert_int_equal(chat_cancel(c, w->now, bob, 2), 0);
	assert_int_equal(said(&w->alice, "info Bob: 1 message to Bob cancelled: 2\n"), 1);
	assert_int_equal(bob->queued, 2);
	assert_int_equal(chat_queued(c), 2);
	assert_queue(&w->alice, bob, 0, 10, "1:1 3:3 ");
	settle(w);
	party_restart(&w->alice);
	assert_queue(&w->alice, bob_of(w), 0, 10, "1:1 3:3 ");
	assert_int_equal(chat_queued(w->alice.chat), 2);
	/* Its number is not given again. */
	send_numbers(&w->alice, bob_of(w), 4, 4);
	assert_queue(&w->alice, bob_of(w), 3, 10, "4:4 ");
}

static void what_is_not_there_is_not_taken_back(void **state)
{
	struct world *w = *state;
	struct contact *bob = a_silent_bob(w);
	struct chat *c = w->alice.chat;
	uint8_t carol[KEY_BYTES];
	send_numbers(&w->alice, bob, 1, 1);
	assert_int_equal(onion_decode("2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid", carol), 0);
	assert_int_equal(chat_add(c, w->now, "Carol", carol, "", NULL), 0);
	assert_int_equal(send_text(&w->alice, chat_find(c, "Carol"), "for Carol"), 0);
	assert_int_equal(chat_cancel(c, w->now, bob, 2), ERR_NOT_FOUND); /* Carol's */
	assert_int_equal(chat_cancel(c, w->now, bob, 3), ERR_NOT_FOUND);
	assert_int_equal(chat_cancel(c, w->now, bob, 0), ERR_NOT_FOUND);
	assert_int_equal(chat_cancel(c, w->now, bob, INT64_MIN), ERR_NOT_FOUND);
	assert_int_equal(chat_cancel(c, w->now, bob, INT64_MAX), ERR_NOT_FOUND);
	assert_int_equal(chat_queued(c), 2);
	assert_int_equal(chat_cancel(c, w->now, bob, 1), 0);
	assert_int_equal(chat_cancel(c, w->now, bob, 1), ERR_NOT_FOUND);
	assert_int_equal(chat_queued(c), 1);
	assert_int_equal(said(&w->alice, "cancelled"), 1);
}

static int last_line(void *ctx, const struct contact *contact, const struct line_row *l)
{
	(void)contact;
	if (l->kind == LINE_INFO)
		assert_int_equal(str_copy_n(ctx, 512, l->text, l->text_len), 0);
	return 0;
}

/* The line about it quotes a long message by its beginning, cut at a code point. */
static void a_long_message_is_quoted_in_part(void **state)
{
	struct world *w = *state;
	struct contact *bob = a_silent_bob(w);
	char text[TEXT_MAX];
	char expected[512], line[512];
	memset(text, 'x', sizeof(text));
	memcpy(text + 199, "\xc3\xa4", 2);
	assert_int_equal(chat_send(w->alice.chat, w->now, bob, MESSAGE_ACTION, text, sizeof(text), "x", NULL),
			 0);
	assert_int_equal(chat_cancel(w->alice.chat, w->now, bob, 1), 0);
	snprintf(expected, sizeof(expected), "1 message to Bob cancelled: /me %.199s...", text);
	assert_int_equal(chat_lines(w->alice.chat, 0, SIZE_MAX, last_line, line), 0);
	assert_string_equal(line, expected);
}

static void all_are_taken_back_and_none_comes(void **state)
{
	struct world *w = *state;
	size_t n, late;
	befriend(w);
	party_kill(&w->bob, true);
	pass(w, 60000);
	hush(&w->alice);
	send_numbers(&w->alice, bob_of(w), 1, 3);
	assert_int_equal(chat_cancel_all(w->alice.chat, w->now, bob_of(w), &n, &late), 0);
	assert_int_equal(n, 3);
	assert_int_equal(late, 0);
	assert_int_equal(said(&w->alice, "info Bob: 3 messages to Bob cancelled, the first: 1\n"), 1);
	assert_int_equal(chat_cancel_all(w->alice.chat, w->now, bob_of(w), &n, &late), 0);
	assert_int_equal(n + late, 0);
	assert_int_equal(said(&w->alice, "cancelled"), 1);
	assert_int_equal(chat_queued(w->alice.chat), 0);
	party_start(&w->bob);
	hush(&w->bob);
	meet(w);
	assert_int_equal(said(&w->bob, "in Alice"), 0);
	/* What comes after had not to wait, and nothing is called delivered. */
	send_numbers(&w->alice, bob_of(w), 4, 4);
	settle(w);
	assert_int_equal(said(&w->bob, "in Alice: 4"), 1);
	assert_int_equal(said(&w->alice, "delivered"), 0);
}

/* The link breaks with two messages on their way; two more are written after that. */
static void too_late_for_what_may_have_left(void **state)
{
	struct world *w = *state;
	size_t n, late;
	befriend(w);
	send_numbers(&w->alice, bob_of(w), 1, 2);
	party_turn(&w->alice);
	cut(pair_open(w));
	pass(w, 60000);
	hush(&w->alice);
	hush(&w->bob);
	send_numbers(&w->alice, bob_of(w), 3, 5);
	assert_queue(&w->alice, bob_of(w), 0, 10, "1!:1 2!:2 3:3 4:4 5:5 ");
	assert_int_equal(chat_cancel(w->alice.chat, w->now, bob_of(w), 1), ERR_WRONG_STATE);
	assert_int_equal(bob_of(w)->queued, 5);
	assert_int_equal(chat_cancel_all(w->alice.chat, w->now, bob_of(w), &n, &late), 0);
	assert_int_equal(n, 3);
	assert_int_equal(late, 2);
	assert_int_equal(said(&w->alice, "info Bob: 3 messages to Bob cancelled, the first: 3\n"), 1);
	assert_int_equal(chat_cancel_all(w->alice.chat, w->now, bob_of(w), &n, &late), 0);
	assert_int_equal(n, 0);
	assert_int_equal(late, 2);
	assert_queue(&w->alice, bob_of(w), 0, 10, "1!:1 2!:2 ");
	meet(w);
	assert_int_equal(said(&w->bob, "in Alice"), 2);
	assert_int_equal(said(&w->bob, "in Alice: 1\nin Alice: 2\n"), 1);
	assert_int_equal(said(&w->alice, "info Bob: 2 messages to Bob delivered\n"), 1);
	assert_int_equal(chat_queued(w->alice.chat), 0);
}

/* To a contact who is there a message goes as it is accepted, unless others wait before it. */
static void too_late_for_what_goes_at_once(void **state)
{
	struct world *w = *state;
	befriend(w);
	send_numbers(&w->alice, bob_of(w), 1, 1);
	settle(w);
	hush(&w->alice);
	send_numbers(&w->alice, bob_of(w), 2, 2);
	assert_queue(&w->alice, bob_of(w), 0, 10, "2!:2 ");
	assert_int_equal(chat_cancel(w->alice.chat, w->now, bob_of(w), 2), ERR_WRONG_STATE);
	settle(w);
	w->alice.room = 0; /* the next one finds that out, those behind it wait */
	send_numbers(&w->alice, bob_of(w), 3, 5);
	assert_queue(&w->alice, bob_of(w), 0, 10, "3!:3 4:4 5:5 ");
	assert_int_equal(chat_cancel(w->alice.chat, w->now, bob_of(w), 4), 0);
	w->alice.room = SIZE_MAX;
	const struct pair *pair = pair_open(w);
	chat_on_writable(w->alice.chat, w->now, pair->id[pair->p[1] == &w->alice]);
	send_numbers(&w->alice, bob_of(w), 6, 6); /* not past the one that waits */
	assert_queue(&w->alice, bob_of(w), 0, 10, "3!:3 5:5 6:6 ");
	settle(w);
	send_numbers(&w->alice, bob_of(w), 7, 7);
	assert_queue(&w->alice, bob_of(w), 0, 10, "7!:7 ");
	settle(w);
	assert_received(&w->bob, "1 2 3 5 6 7 ");
}

/* Bob comes to a long queue; from his first ack on the link takes no more, so that all that left is acked
 * and the rest can be taken back. */
static void what_was_delivered_before_a_cancel_is_told(void **state)
{
	struct world *w = *state;
	char news[80];
	size_t n, late;
	befriend(w);
	party_kill(&w->bob, true);
	pass(w, 60000);
	send_numbers(&w->alice, bob_of(w), 1, 600);
	party_start(&w->bob);
	settle(w);
	hush(&w->alice);
	hush(&w->bob);
	while (!w->alice.n_dials && !w->bob.n_dials)
		pass(w, 500);
	connect_dial(w->alice.n_dials ? &w->alice : &w->bob);
	party_turn(&w->alice);
	party_turn(&w->bob);
	while (w->n_frames) {
		const struct frame f = next_frame(w);
		if (f.from == &w->bob && f.type == FRAME_ACK && w->alice.room) {
			w->alice.room = 0;
			assert_int_equal(chat_set_away(w->alice.chat, w->now, "busy"), 0);
			party_turn(&w->alice);
		}
		deliver(w, &f);
		party_turn(&w->alice);
		party_turn(&w->bob);
	}
	assert_int_equal(said(&w->alice, "delivered"), 0);
	const size_t delivered = said(&w->bob, "in Alice");
	assert_in_range(delivered, 1, 599);
	assert_int_equal(bob_of(w)->queued, 600 - delivered);
	assert_int_equal(chat_cancel_all(w->alice.chat, w->now, bob_of(w), &n, &late), 0);
	assert_int_equal(late, 0);
	pass_until(w, 0);
	snprintf(news, sizeof(news), "info Bob: %zu messages to Bob delivered\n", delivered);
	assert_int_equal(said(&w->alice, news), 1);
	assert_int_equal(said(&w->alice, "delivered"), 1);
	w->alice.room = SIZE_MAX;
	const struct pair *pair = pair_open(w);
	chat_on_writable(w->alice.chat, w->now, pair->id[pair->p[1] == &w->alice]);
	send_numbers(&w->alice, bob_of(w), 601, 601);
	settle(w);
	assert_int_equal(said(&w->bob, "in Alice"), delivered + 1);
	assert_int_equal(said(&w->bob, "in Alice: 601\n"), 1);
	assert_int_equal(said(&w->alice, "delivered"), 1);
}

/* A turn takes back a slice of a long queue; what is written meanwhile is no part of it. */
static void a_long_queue_goes_in_slices(void **state)
{
	struct world *w = *state;
	struct contact *bob = a_silent_bob(w);
	size_t n, late;
	send_numbers(&w->alice, bob, 1, 1000);
	settle(w);
	hush(&w->alice);
	assert_int_equal(chat_cancel_all(w->alice.chat, w->now, bob, &n, &late), 0);
	assert_in_range(n, 1, 500);
	assert_int_equal(late, 0);
	assert_int_equal(bob->queued, 1000 - n);
	assert_int_equal(said(&w->alice, "info Bob: Cancelling up to 1000 messages to Bob, the first: 1\n"), 1);
	send_numbers(&w->alice, bob, 1001, 1001);
	for (unsigned i = 0; i < 100 && bob->queued > 1; i++) {
		const size_t before = bob->queued;
		assert_true(chat_deadline(w->alice.chat) <= w->now.mono_ms + 1);
		pass(w, 1);
		assert_in_range(bob->queued, before > 500 ? before - 500 : 1, before - 1);
	}
	pass(w, 10);
	assert_int_equal(said(&w->alice, "info Bob: 1000 messages to Bob cancelled\n"), 1);
	assert_int_equal(said(&w->alice, "ancell"), 2);
	assert_queue(&w->alice, bob, 0, 10, "1001:1001 ");
	assert_int_equal(chat_queued(w->alice.chat), 1);
}

static void asked_again_it_takes_what_came_since(void **state)
{
	struct world *w = *state;
	struct contact *bob = a_silent_bob(w);
	size_t n, late;
	send_numbers(&w->alice, bob, 1, 600);
	assert_int_equal(chat_cancel_all(w->alice.chat, w->now, bob, &n, &late), 0);
	send_numbers(&w->alice, bob, 601, 602);
	assert_int_equal(chat_cancel_all(w->alice.chat, w->now, bob, &n, &late), 0);
	assert_int_equal(n, 0);
	send_numbers(&w->alice, bob, 603, 603);
	pass_until(w, 1);
	assert_int_equal(said(&w->alice, "info Bob: 602 messages to Bob cancelled\n"), 1);
	assert_queue(&w->alice, bob, 0, 10, "603:603 ");
}

/* Bob has a message that Alice takes back while others wait: of the queue, that stays. */
static void what_takes_back_stays(void **state)
{
	struct world *w = *state;
	uint8_t id[MSGID_BYTES];
	size_t n, late;
	befriend(w);
	assert_int_equal(chat_send(w->alice.chat, w->now, bob_of(w), MESSAGE_TEXT, "Psst", 4, "x", id), 0);
	settle(w);
	party_kill(&w->bob, true);
	pass(w, 60000);
	hush(&w->alice);
	send_numbers(&w->alice, bob_of(w), 1, 2);
	assert_int_equal(chat_redact(w->alice.chat, w->now, bob_of(w), id, "", 0, "x", NULL), 0);
	send_numbers(&w->alice, bob_of(w), 3, 3);
	assert_int_equal(chat_cancel_all(w->alice.chat, w->now, bob_of(w), &n, &late), 0);
	assert_int_equal(n, 3);
	assert_int_equal(late, 1);
	assert_int_equal(bob_of(w)->queued, 1);
	assert_int_equal(said(&w->alice, "info Bob: 3 messages to Bob cancelled, the first: 1\n"), 1);
	/* In slices, how many will go is not known before. */
	send_numbers(&w->alice, bob_of(w), 4, 603);
	assert_int_equal(chat_redact(w->alice.chat, w->now, bob_of(w), id, "", 0, "x", NULL), ERR_NOT_FOUND);
	assert_int_equal(chat_cancel_all(w->alice.chat, w->now, bob_of(w), &n, &late), 0);
	assert_int_equal(late, 1);
	pass_until(w, 1);
	assert_int_equal(said(&w->alice, "info Bob: 600 messages to Bob cancelled\n"), 1);
}

/* Who is removed meanwhile takes the rest along. */
static void a_removed_contact_ends_it(void **state)
{
	struct world *w = *state;
	struct contact *bob = a_silent_bob(w);
	size_t n, late;
	send_numbers(&w->alice, bob, 1, 600);
	assert_int_equal(chat_cancel_all(w->alice.chat, w->now, bob, &n, &late), 0);
	assert_int_equal(chat_remove(w->alice.chat, w->now, "Bob"), 0);
	pass(w, 1000);
	assert_int_equal(chat_queued(w->alice.chat), 0);
	assert_int_equal(said(&w->alice, "ancell"), 1);
	party_restart(&w->alice);
	assert_int_equal(said(&w->alice, "ancell"), 1);
}

/* What the program itself has to tell waits in the same queue, but is none of the user's affair. */
static void what_is_not_the_users_stays(void **state)
{
	struct world *w = *state;
	struct contact *bob = a_silent_bob(w);
	struct outbox_row own = {
	    .contact = bob->row.id, .message_kind = MESSAGE_CONTROL, .text = "own", .text_len = 3};
	size_t n, late, left = 0;
	assert_int_equal(store_outbox_add(w->alice.chat->store, &own), 0);
	send_numbers(&w->alice, bob, 2, 3);
	assert_queue(&w->alice, bob, 0, 10, "2:2 3:3 ");
	assert_queue(&w->alice, bob, 0, 1, "2:2 ");
	assert_int_equal(chat_cancel(w->alice.chat, w->now, bob, own.id), ERR_NOT_FOUND);
	assert_int_equal(chat_cancel_all(w->alice.chat, w->now, bob, &n, &late), 0);
	assert_int_equal(n, 2);
	assert_int_equal(late, 0);
	assert_int_equal(said(&w->alice, "2 messages to Bob cancelled, the first: 2\n"), 1);
	assert_int_equal(bob->queued, 0);
	assert_int_equal(store_outbox_each(w->alice.chat->store, bob->row.id, 0, 10, count_row, &left), 0);
	assert_int_equal(left, 1);
}

/* What was promised holds: the process dies after each of its turns, and Bob comes before all is done. */
static void a_crash_between_slices(void **state)
{
	struct world *w = *state;
	size_t n, late;
	befriend(w);
	party_kill(&w->bob, true);
	pass(w, 60000);
	send_numbers(&w->alice, bob_of(w), 1, 1000);
	hush(&w->alice);
	assert_int_equal(chat_cancel_all(w->alice.chat, w->now, bob_of(w), &n, &late), 0);
	send_numbers(&w->alice, bob_of(w), 1001, 1001);
	for (unsigned i = 0; i < 3; i++) {
		const size_t before = bob_of(w)->queued;
		party_turn(&w->alice);
		assert_in_range(bob_of(w)->queued, 2, i ? before - 1 : before);
		party_kill(&w->alice, false);
		party_start(&w->alice);
	}
	party_start(&w->bob);
	hush(&w->bob);
	meet(w);
	pass_until(w, 0);
	assert_int_equal(said(&w->alice, "info Bob: 1000 messages to Bob cancelled\n"), 1);
	assert_int_equal(said(&w->bob, "in Alice"), 1);
	assert_int_equal(said(&w->bob, "in Alice: 1001\n"), 1);
	party_restart(&w->alice);
	pass(w, 1000);
	assert_int_equal(said(&w->alice, "messages to Bob cancelled\n"), 1);
}

static void a_failed_commit_takes_nothing_back(void **state)
{
	struct world *w = *state;
	struct contact *bob = a_silent_bob(w);
	size_t n, late;
	send_numbers(&w->alice, bob, 1, 2);
	settle(w);
	w->alice.fail_commit = true;
	assert_int_equal(chat_cancel(w->alice.chat, w->now, bob, 1), 0);
	assert_int_equal(chat_commit(w->alice.chat), ERR_IO);
	assert_int_equal(chat_cancel(w->alice.chat, w->now, bob, 2), ERR_IO);
	assert_int_equal(chat_cancel_all(w->alice.chat, w->now, bob, &n, &late), ERR_IO);
	assert_int_equal(chat_queue_each(w->alice.chat, bob, 0, 1, join, NULL), ERR_IO);
	w->alice.fail_commit = false;
	party_restart(&w->alice);
	assert_queue(&w->alice, bob_of(w), 0, 10, "1:1 2:2 ");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(the_queue_is_read_in_slices),
	    TEST(a_row_tells_what_was_accepted),
	    TEST(one_is_taken_back),
	    TEST(what_is_not_there_is_not_taken_back),
	    TEST(a_long_message_is_quoted_in_part),
	    TEST(all_are_taken_back_and_none_comes),
	    TEST(too_late_for_what_may_have_left),
	    TEST(too_late_for_what_goes_at_once),
	    TEST(what_was_delivered_before_a_cancel_is_told),
	    TEST(a_long_queue_goes_in_slices),
	    TEST(asked_again_it_takes_what_came_since),
	    TEST(what_takes_back_stays),
	    TEST(a_removed_contact_ends_it),
	    TEST(what_is_not_the_users_stays),
	    TEST(a_crash_between_slices),
	    TEST(a_failed_commit_takes_nothing_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
