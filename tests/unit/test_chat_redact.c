/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Taking back what was said. */
#include "chat_rich_help.h"

#define TAKEN_BACK 400 /* at once */

static void nobody_hears_of_what_never_left(void **state)
{
	struct world *w = *state;
	uint8_t id[MSGID_BYTES];
	befriend(w);
	party_kill(&w->bob, true);
	pass(w, 60000);
	hush(&w->alice);
	assert_int_equal(say(&w->alice, bob_of(w), MESSAGE_TEXT, "Psst", NULL, id), 0);
	assert_int_equal(redact(&w->alice, bob_of(w), id, "not yet"), 0);
	assert_int_equal(said(&w->alice, about("out Bob redact: not yet", id)), 1);
	assert_int_equal(lines(&w->alice, "Psst").n, 0);
	assert_int_equal(bob_of(w)->queued, 0);
	assert_int_equal(chat_queued(w->alice.chat), 0);
	party_start(&w->bob);
	hush(&w->bob);
	meet(w);
	assert_int_equal(said(&w->bob, "in Alice"), 0);
}

static int keep_number(void *ctx, const struct chat_queued_row *r)
{
	*(int64_t *)ctx = r->number;
	return 0;
}

/* What was cancelled still stands in the conversation. */
static void nobody_hears_of_what_was_cancelled(void **state)
{
	struct world *w = *state;
	uint8_t id[3][MSGID_BYTES];
	size_t n, late;
	int64_t last;
	befriend(w);
	party_kill(&w->bob, true);
	pass(w, 60000);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(say(&w->alice, bob_of(w), MESSAGE_TEXT, "Psst", NULL, id[i]), 0);
	assert_int_equal(chat_queue_each(w->alice.chat, bob_of(w), 0, 3, keep_number, &last), 0);
	assert_int_equal(chat_cancel(w->alice.chat, w->now, bob_of(w), last), 0);
	assert_int_equal(chat_cancel_all(w->alice.chat, w->now, bob_of(w), &n, &late), 0);
	assert_int_equal(n, 2);
	settle(w);
	party_restart(&w->alice);
	assert_int_equal(lines(&w->alice, "Psst").n, 3);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(redact(&w->alice, bob_of(w), id[i], ""), 0);
	assert_int_equal(lines(&w->alice, "Psst").n, 0);
	assert_int_equal(chat_queued(w->alice.chat), 0);
	party_start(&w->bob);
	hush(&w->bob);
	meet(w);
	assert_int_equal(said(&w->bob, "in Alice"), 0);
}

/* What went with the queue of somebody who was blocked, neither; but for what may have left. */
static void who_was_blocked_hears_of_what_left(void **state)
{
	struct world *w = *state;
	uint8_t id[2][MSGID_BYTES];
	size_t n;
	befriend(w);
	assert_int_equal(say(&w->alice, bob_of(w), MESSAGE_TEXT, "Hello", NULL, id[0]), 0);
	party_turn(&w->alice);
	cut(pair_open(w));
	assert_int_equal(say(&w->alice, bob_of(w), MESSAGE_TEXT, "Psst", NULL, id[1]), 0);
	assert_int_equal(chat_block(w->alice.chat, w->now, "Bob", &n), 0);
	assert_int_equal(n, 2);
	pass(w, 1000);
	assert_int_equal(chat_unblock(w->alice.chat, w->now, "Bob"), 0);
	assert_int_equal(redact(&w->alice, bob_of(w), id[1], ""), 0);
	assert_int_equal(bob_of(w)->queued, 0);
	assert_int_equal(redact(&w->alice, bob_of(w), id[0], ""), 0);
	assert_int_equal(bob_of(w)->queued, 1);
}

static void what_arrived_is_deleted_on_both_sides(void **state)
{
	struct world *w = *state;
	uint8_t id[MSGID_BYTES];
	befriend(w);
	assert_int_equal(say(&w->alice, bob_of(w), MESSAGE_TEXT, "Psst", NULL, id), 0);
	assert_int_equal(send_text(&w->alice, bob_of(w), "Hello"), 0);
	settle(w);
	assert_int_equal(lines(&w->bob, "Psst").n, 1);
	assert_int_equal(redact(&w->alice, bob_of(w), id, ""), 0);
	settle(w);
	assert_int_equal(said(&w->bob, about("in Alice redact: ", id)), 1);
	party_restart(&w->alice);
	party_restart(&w->bob);
	assert_int_equal(lines(&w->alice, "Psst").n, 0);
	assert_int_equal(lines(&w->bob, "Psst").n, 0);
	assert_int_equal(lines(&w->alice, "Hello").n, 1);
	assert_int_equal(lines(&w->bob, "Hello").n, 1);
	assert_int_equal(lines(&w->bob, "").last.message_kind, LINE_REDACT);
}

/* It left, but the link broke before it arrived: it does not go again, and what follows does. */
static void what_was_on_its_way_does_not_go_again(void **state)
{
	struct world *w = *state;
	uint8_t id[MSGID_BYTES];
	befriend(w);
	assert_int_equal(say(&w->alice, bob_of(w), MESSAGE_TEXT, "Psst", NULL, id), 0);
	party_turn(&w->alice);
	assert_true(w->n_frames > 0);
	cut(pair_open(w));
	assert_int_equal(redact(&w->alice, bob_of(w), id, ""), 0);
	assert_int_equal(bob_of(w)->queued, 1); /* that it is taken back */
	assert_int_equal(send_text(&w->alice, bob_of(w), "Hello"), 0);
	party_turn(&w->alice);
	party_restart(&w->alice);
	reconnect(w);
	assert_int_equal(said(&w->bob, "Psst"), 0);
	assert_int_equal(said(&w->bob, "in Alice redact"), 1);
	assert_int_equal(said(&w->bob, "in Alice: Hello"), 1);
	assert_int_equal(said(&w->alice, "anew"), 0);
	assert_int_equal(chat_queued(w->alice.chat), 0);
}

/* A link on which all is sent, and nothing arrives. */
static void lose_a_link(struct world *w, size_t most, bool ends)
{
	while (!w->alice.n_dials && !w->bob.n_dials)
		pass(w, 500);
	connect_dial(w->alice.n_dials ? &w->alice : &w->bob);
	while (!w->n_frames || w->frames[0].type != FRAME_MESSAGE || w->frames[0].from != &w->alice) {
		if (w->n_frames) {
			const struct frame f = w->frames[0];
			w->n_frames--;
			memmove(&w->frames[0], &w->frames[1], w->n_frames * sizeof(f));
			deliver(w, &f);
		} else {
			jump(w, 100);
		}
		party_turn(&w->alice);
		party_turn(&w->bob);
	}
	assert_true(w->n_frames >= most);
	w->n_frames = 0;
	if (ends)
		cut(pair_open(w));
}

/* What keeps their places goes again as it was: no link takes further keys of the session for it. */
static void many_taken_back_on_links_that_break(void **state)
{
	struct world *w = *state;
	static uint8_t id[TAKEN_BACK][MSGID_BYTES];
	befriend(w);
	for (unsigned i = 0; i < TAKEN_BACK; i++)
		assert_int_equal(say(&w->alice, bob_of(w), MESSAGE_TEXT, "Psst", NULL, id[i]), 0);
	party_turn(&w->alice);
	cut(pair_open(w));
	for (unsigned i = 0; i < TAKEN_BACK; i++)
		assert_int_equal(redact(&w->alice, bob_of(w), id[i], ""), 0);
	for (unsigned i = 0; i < 3; i++)
		lose_a_link(w, TAKEN_BACK, true);
	hush(&w->alice);
	hush(&w->bob);
	reconnect(w);
	assert_int_equal(said(&w->alice, "anew"), 0);
	assert_int_equal(said(&w->bob, "in Alice redact"), TAKEN_BACK);
	assert_int_equal(chat_queued(w->alice.chat), 0);
}

/* What keeps a place could not be opened: it is sealed anew, and still says nothing. */
static void a_place_is_asked_for_again(void **state)
{
	struct world *w = *state;
	uint8_t id[MSGID_BYTES], asked[SEALED_HEAD_BYTES];
	befriend(w);
	assert_int_equal(say(&w->alice, bob_of(w), MESSAGE_TEXT, "Psst", NULL, id), 0);
	party_turn(&w->alice);
	w->n_frames = 0;
	const struct session_row *row = &((struct chat_peer *)bob_of(w)->impl)->session;
	sealed_head(row->epoch, row->sent, asked);
	assert_int_equal(redact(&w->alice, bob_of(w), id, ""), 0);
	for (unsigned i = 0; i < 2; i++) {
		struct pair *pair = pair_open(w);
		const link_id link = pair->id[pair->p[0] == &w->alice ? 0 : 1];
		party_turn(&w->alice);
		w->n_frames = 0;
		assert_int_equal(chat_on_frame(w->alice.chat, w->now, link, FRAME_NACK, asked, sizeof(asked)), 0);
		party_turn(&w->alice);
		assert_true(w->n_frames > 0);
		assert_int_equal(w->frames[0].type, FRAME_MESSAGE);
		assert_int_equal(w->frames[0].len, SEALED_HEAD_BYTES + RATCHET_OVERHEAD);
		cut(pair);
		if (i == 0)
			lose_a_link(w, 1, false);
	}
	reconnect(w);
	assert_int_equal(said(&w->bob, "Psst"), 0);
	assert_int_equal(said(&w->bob, "in Alice redact"), 1);
	assert_int_equal(said(&w->alice, "anew"), 0);
	assert_int_equal(chat_queued(w->alice.chat), 0);
}

/* It arrived, but the ack did not. */
static void a_lost_ack_changes_nothing(void **state)
{
	struct world *w = *state;
	uint8_t id[MSGID_BYTES];
	befriend(w);
	assert_int_equal(say(&w->alice, bob_of(w), MESSAGE_TEXT, "Psst", NULL, id), 0);
	party_turn(&w->alice);
	const struct frame f = w->frames[0];
	deliver(w, &f);
	party_turn(&w->bob);
	cut(pair_open(w));
	assert_int_equal(lines(&w->bob, "Psst").n, 1);
	assert_int_equal(redact(&w->alice, bob_of(w), id, ""), 0);
	reconnect(w);
	assert_int_equal(lines(&w->bob, "Psst").n, 0);
	assert_int_equal(said(&w->alice, "anew"), 0);
	assert_int_equal(chat_queued(w->alice.chat), 0);
}

static void that_it_is_taken_back_is_not_cancelled(void **state)
{
	struct world *w = *state;
	uint8_t id[MSGID_BYTES];
	size_t cancelled, late;
	char all[4096] = "";
	befriend(w);
	assert_int_equal(say(&w->alice, bob_of(w), MESSAGE_TEXT, "Psst", NULL, id), 0);
	settle(w);
	party_kill(&w->bob, true);
	pass(w, 60000);
	assert_int_equal(redact(&w->alice, bob_of(w), id, ""), 0);
	assert_int_equal(send_text(&w->alice, bob_of(w), "Hello"), 0);
	assert_int_equal(chat_cancel_all(w->alice.chat, w->now, bob_of(w), &cancelled, &late), 0);
	assert_int_equal(cancelled, 1);
	assert_int_equal(late, 1);
	assert_int_equal(chat_queue_each(w->alice.chat, bob_of(w), 0, 10, join, all), 0);
	assert_string_equal(all, "258:|");
	settle(w);
	party_start(&w->bob);
	hush(&w->alice);
	hush(&w->bob);
	meet(w);
	pass(w, 20000);
	assert_int_equal(lines(&w->bob, "Psst").n, 0);
	assert_int_equal(chat_queued(w->alice.chat), 0);
}

static void what_can_not_be_taken_back(void **state)
{
	static const uint8_t unknown[MSGID_BYTES] = {7};
	static char reason[REASON_MAX + 2];
	struct world *w = *state;
	uint8_t mine[MSGID_BYTES], theirs[MSGID_BYTES];
	befriend(w);
	struct contact *bob = bob_of(w);
	assert_int_equal(say(&w->alice, bob, MESSAGE_TEXT, "mine", NULL, mine), 0);
	assert_int_equal(say(&w->bob, alice_of(w), MESSAGE_TEXT, "theirs", NULL, theirs), 0);
	settle(w);
	memset(reason, 'r', REASON_MAX + 1);
	assert_int_equal(redact(&w->alice, bob, theirs, ""), ERR_REFUSED);
	assert_int_equal(redact(&w->alice, bob, unknown, ""), ERR_NOT_FOUND);
	assert_int_equal(redact(&w->alice, NULL, mine, ""), ERR_NOT_FOUND); /* no note */
	assert_int_equal(redact(&w->alice, bob, mine, reason), ERR_TOO_LONG);
	assert_int_equal(redact(&w->alice, bob, mine, "a\nb"), ERR_INVALID);
	assert_int_equal(lines(&w->alice, "mine").n, 1);
	assert_int_equal(redact(&w->alice, bob, mine, "r"), 0);
	assert_int_equal(redact(&w->alice, bob, mine, ""), ERR_NOT_FOUND); /* once */
	assert_int_equal(redact(&w->alice, bob, lines(&w->alice, "r").last.msgid, ""), ERR_REFUSED);
	settle(w);
	assert_int_equal(said(&w->bob, "redact"), 1);
	assert_int_equal(lines(&w->bob, "theirs").n, 1);
}

static void a_commit_that_fails_takes_nothing_back(void **state)
{
	struct world *w = *state;
	uint8_t id[MSGID_BYTES];
	befriend(w);
	assert_int_equal(say(&w->alice, bob_of(w), MESSAGE_TEXT, "Psst", NULL, id), 0);
	settle(w);
	assert_int_equal(redact(&w->alice, bob_of(w), id, ""), 0);
	w->alice.fail_commit = true;
	assert_int_equal(chat_commit(w->alice.chat), ERR_IO);
	w->alice.fail_commit = false;
	party_kill(&w->alice, true);
	party_start(&w->alice);
	assert_int_equal(lines(&w->alice, "Psst").n, 1);
	assert_int_equal(lines(&w->bob, "Psst").n, 1);
}

static void a_note_is_taken_back(void **state)
{
	struct world *w = *state;
	uint8_t note[MSGID_BYTES];
	assert_int_equal(say(&w->alice, NULL, MESSAGE_TEXT, "milk\neggs", NULL, note), 0);
	assert_int_equal(say(&w->alice, NULL, LINE_REACT, ":)", note, NULL), 0);
	assert_int_equal(redact(&w->alice, NULL, note, "bought"), 0);
	assert_int_equal(lines(&w->alice, "milk\neggs").n, 0);
	assert_int_equal(said(&w->alice, about("out - redact: bought", note)), 1);
	assert_int_equal(chat_queued(w->alice.chat), 0);
}

static void who_is_blocked_hears_nothing(void **state)
{
	struct world *w = *state;
	uint8_t id[MSGID_BYTES];
	size_t failed;
	befriend(w);
	assert_int_equal(say(&w->alice, bob_of(w), MESSAGE_TEXT, "Psst", NULL, id), 0);
	settle(w);
	assert_int_equal(chat_block(w->alice.chat, w->now, "Bob", &failed), 0);
	assert_int_equal(redact(&w->alice, bob_of(w), id, ""), ERR_REFUSED);
	assert_int_equal(say(&w->alice, bob_of(w), LINE_REACT, ":)", id, NULL), ERR_REFUSED);
	chat_typing(w->alice.chat, w->now, bob_of(w), TYPING_ACTIVE);
	assert_int_equal(lines(&w->alice, "Psst").n, 1);
}

/* ---- what a peer may not do ---- */

static void nobody_takes_back_what_others_said(void **state)
{
	struct world *w = *state;
	uint8_t mine[MSGID_BYTES];
	befriend(w);
	assert_int_equal(say(&w->alice, bob_of(w), MESSAGE_TEXT, "mine", NULL, mine), 0);
	settle(w);
	/* Nor by a message of his under the same id. */
	for (unsigned i = 0; i < 2; i++) {
		forge_redact(&w->bob, alice_of(w), mine);
		settle(w);
		assert_int_equal(lines(&w->alice, "mine").n, 1);
		assert_int_equal(said(&w->alice, "redact"), 0);
		forge(&w->bob, alice_of(w), mine, MESSAGE_TEXT, "twin", 4);
		settle(w);
		assert_int_equal(said(&w->alice, "in Bob: twin"), 1);
	}
	assert_int_equal(redact(&w->alice, bob_of(w), mine, ""), 0);
	assert_int_equal(lines(&w->alice, "mine").n, 0);
	assert_int_equal(lines(&w->alice, "twin").n, 1);
}

/* Many lines of the conversation with Alice, which Bob has had for long. */
static void talk_for_years(struct party *bob)
{
	struct line_row l = {.kind = LINE_IN, .contact = alice_of(bob->w)->row.id, .text = "x", .text_len = 1};
	for (unsigned i = 0; i < RECENT_LINES + 5000; i++) {
		memcpy(l.msgid, &i, sizeof(i));
		l.time_ms = bob->w->now.real_ms;
		assert_int_equal(store_line_add(bob->chat->store, &l), 0);
	}
	settle(bob->w);
}

static void nobody_makes_us_look_far_back_too_often(void **state)
{
	static const uint8_t unknown[MSGID_BYTES] = {7, 7, 7, 7, 7};
	struct world *w = *state;
	uint8_t id[3][MSGID_BYTES];
	befriend(w);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(say(&w->alice, bob_of(w), MESSAGE_TEXT, "old", NULL, id[i]), 0);
	settle(w);
	struct window *looks = &((struct chat_peer *)alice_of(w)->impl)->looks;
	forge_redact(&w->alice, bob_of(w), unknown);
	settle(w);
	assert_int_equal(looks->n, 0); /* there is nothing far back */
	talk_for_years(&w->bob);
	assert_int_equal(say(&w->alice, bob_of(w), MESSAGE_TEXT, "new", NULL, id[2]), 0);
	forge_redact(&w->alice, bob_of(w), id[0]);
	forge_redact(&w->alice, bob_of(w), unknown);
	settle(w);
	assert_int_equal(lines(&w->bob, "old").n, 1);
	assert_int_equal(looks->n, 2);
	looks->n = 1000;
	forge_redact(&w->alice, bob_of(w), id[1]);
	forge_redact(&w->alice, bob_of(w), id[2]);
	settle(w);
	assert_int_equal(lines(&w->bob, "old").n, 1);
	assert_int_equal(lines(&w->bob, "new").n, 0);
	pass(w, 60000);
	forge_redact(&w->alice, bob_of(w), id[1]);
	settle(w);
	assert_int_equal(lines(&w->bob, "old").n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    STORY(nobody_hears_of_what_never_left),
	    STORY(what_arrived_is_deleted_on_both_sides),
	    STORY(what_was_on_its_way_does_not_go_again),
	    STORY(a_lost_ack_changes_nothing),
	    STORY(nobody_hears_of_what_was_cancelled),
	    STORY(who_was_blocked_hears_of_what_left),
	    STORY(that_it_is_taken_back_is_not_cancelled),
	    STORY(many_taken_back_on_links_that_break),
	    STORY(a_place_is_asked_for_again),
	    STORY(what_can_not_be_taken_back),
	    STORY(a_commit_that_fails_takes_nothing_back),
	    STORY(a_note_is_taken_back),
	    STORY(who_is_blocked_hears_nothing),
	    STORY(nobody_takes_back_what_others_said),
	    STORY(nobody_makes_us_look_far_back_too_often),
	};

	if (crypto_start())
		return 1;
	return cmocka_run_group_tests_name("chat redact", tests, NULL, NULL);
}
