/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a plain message can't carry: several lines, replies, reactions, and typing. */
#include "chat_rich_help.h"

static void several_lines_arrive_as_one_message(void **state)
{
	struct world *w = *state;
	befriend(w);
	assert_int_equal(say(&w->alice, bob_of(w), MESSAGE_TEXT, "one\n\n two\n", NULL, NULL), 0);
	assert_int_equal(say(&w->alice, bob_of(w), MESSAGE_ACTION, "waves\nand goes", NULL, NULL), 0);
	settle(w);
	assert_int_equal(said(&w->alice, "out Bob: one\n\n two\n\n"), 1);
	assert_int_equal(said(&w->bob, "in Alice: one\n\n two\n\n"), 1);
	assert_int_equal(lines(&w->bob, "one\n\n two\n").last.message_kind, MESSAGE_TEXT);
	assert_int_equal(lines(&w->bob, "waves\nand goes").last.message_kind, MESSAGE_ACTION);
	assert_int_equal(chat_queued(w->alice.chat), 0);
}

static void a_reply_names_what_it_answers(void **state)
{
	struct world *w = *state;
	uint8_t question[MSGID_BYTES];
	befriend(w);
	assert_int_equal(say(&w->alice, bob_of(w), MESSAGE_TEXT, "Tea?", NULL, question), 0);
	settle(w);
	assert_int_equal(say(&w->bob, alice_of(w), MESSAGE_NOTICE, "Yes", question, NULL), 0);
	settle(w);
	assert_int_equal(said(&w->alice, about("in Bob: Yes", question)), 1);
	party_restart(&w->alice);
	const struct line_row l = lines(&w->alice, "Yes").last;
	assert_int_equal(l.message_kind, MESSAGE_NOTICE);
	assert_true(l.has_re);
	assert_memory_equal(l.re, question, MSGID_BYTES);
	assert_false(lines(&w->alice, "Tea?").last.has_re);
}

static void a_reaction_and_its_end(void **state)
{
	struct world *w = *state;
	uint8_t tea[MSGID_BYTES];
	befriend(w);
	assert_int_equal(say(&w->alice, bob_of(w), MESSAGE_TEXT, "Tea?", NULL, tea), 0);
	settle(w);
	assert_int_equal(say(&w->bob, alice_of(w), LINE_REACT, ":)", tea, NULL), 0);
	assert_int_equal(say(&w->bob, alice_of(w), LINE_UNREACT, ":)", tea, NULL), 0);
	settle(w);
	assert_int_equal(said(&w->alice, about("in Bob react: :)", tea)), 1);
	assert_int_equal(said(&w->alice, about("in Bob unreact: :)", tea)), 1);
	assert_int_equal(said(&w->bob, about("out Alice react: :)", tea)), 1);
}

static int join_kinds(void *ctx, const struct outbox_row *o)
{
	char *all = ctx;
	size_t at = strlen(all);
	snprintf(all + at, 64 - at, "%d:%zu ", o->message_kind, o->text_len);
	return 0;
}

/* Older versions read kinds 0 to 2. */
static void what_is_plain_goes_as_plain(void **state)
{
	static const uint8_t re[MSGID_BYTES] = {7};
	struct world *w = *state;
	char kinds[64] = "";
	assert_int_equal(add(&w->alice, "Bob", &w->bob, ""), 0);
	struct contact *bob = bob_of(w);
	assert_int_equal(say(&w->alice, bob, MESSAGE_ACTION, "waves", NULL, NULL), 0);
	assert_int_equal(say(&w->alice, bob, MESSAGE_TEXT, "yes", re, NULL), 0);
	assert_int_equal(say(&w->alice, bob, MESSAGE_TEXT, "a\nb", NULL, NULL), 0);
	assert_int_equal(store_outbox_each(w->alice.chat->store, bob->row.id, 0, 9, join_kinds, kinds), 0);
	assert_string_equal(kinds, "1:5 3:20 3:20 ");
}

static void the_queue_tells_what_waits(void **state)
{
	static const uint8_t re[MSGID_BYTES] = {7};
	struct world *w = *state;
	char all[4096] = "";
	assert_int_equal(add(&w->alice, "Bob", &w->bob, ""), 0);
	assert_int_equal(say(&w->alice, bob_of(w), MESSAGE_TEXT, "one\ntwo", NULL, NULL), 0);
	assert_int_equal(say(&w->alice, bob_of(w), LINE_REACT, ":)", re, NULL), 0);
	assert_int_equal(chat_queue_each(w->alice.chat, bob_of(w), 0, 10, join, all), 0);
	assert_string_equal(all, "0:one\ntwo|256::)|");
	assert_int_equal(chat_cancel(w->alice.chat, w->now, bob_of(w), 1), 0);
	assert_int_equal(said(&w->alice, "1 message to Bob cancelled: one two\n"), 1);
	assert_int_equal(chat_cancel(w->alice.chat, w->now, bob_of(w), 2), 0);
	assert_int_equal(said(&w->alice, "1 message to Bob cancelled: (reaction) :)\n"), 1);
}

static void what_is_refused(void **state)
{
	static const uint8_t re[MSGID_BYTES] = {7};
	static char text[TEXT_MAX + 1];
	struct world *w = *state;
	befriend(w);
	struct contact *bob = bob_of(w);
	memset(text, 'x', TEXT_MAX);
	text[0] = '\n';
	assert_int_equal(say(&w->alice, bob, MESSAGE_TEXT, text, NULL, NULL), ERR_TOO_LONG);
	text[LINES_TEXT_MAX] = '\0';
	assert_int_equal(say(&w->alice, bob, MESSAGE_TEXT, text, re, NULL), 0);
	assert_int_equal(say(&w->alice, bob, MESSAGE_TEXT, "\n\n", re, NULL), ERR_INVALID);
	assert_int_equal(say(&w->alice, bob, MESSAGE_TEXT, "a\n\001PING\001", re, NULL), ERR_INVALID);
	assert_int_equal(say(&w->alice, bob, LINE_REACT, ":)", NULL, NULL), ERR_INVALID);
	assert_int_equal(say(&w->alice, bob, LINE_REACT, "", re, NULL), ERR_INVALID);
	assert_int_equal(say(&w->alice, bob, LINE_REACT, text + LINES_TEXT_MAX - REACTION_MAX - 1, re, NULL),
			 ERR_TOO_LONG);
	assert_int_equal(say(&w->alice, bob, LINE_REDACT, "", re, NULL), ERR_INVALID);
	assert_int_equal(say(&w->alice, bob, MESSAGE_RICH, "x", re, NULL), ERR_INVALID);
	assert_int_equal(say(&w->alice, bob, MESSAGE_LOCATOR, "x", re, NULL), ERR_INVALID);
	settle(w);
	assert_int_equal(said(&w->bob, "in Alice"), 1);
}

/* ---- what a peer may not do ---- */

static void what_names_nothing_is_kept(void **state)
{
	static const uint8_t unknown[MSGID_BYTES] = {7};
	struct world *w = *state;
	befriend(w);
	forge_redact(&w->bob, alice_of(w), unknown);
	forge_redact(&w->bob, alice_of(w), unknown);
	assert_int_equal(say(&w->bob, alice_of(w), LINE_REACT, ":)", unknown, NULL), 0);
	assert_int_equal(say(&w->bob, alice_of(w), MESSAGE_TEXT, "yes", unknown, NULL), 0);
	settle(w);
	assert_int_equal(said(&w->alice, "in Bob redact:  re 0700\n"), 2);
	assert_int_equal(said(&w->alice, "in Bob react: :) re 0700\n"), 1);
	assert_int_equal(said(&w->alice, "in Bob: yes re 0700\n"), 1);
}

/* What can't be meant is dropped, what can't be known yet is kept; what follows arrives. */
static void nonsense_stops_nothing(void **state)
{
	static const char bad[] = "\0................\r", later[] = "\x09?";
	struct world *w = *state;
	befriend(w);
	hush(&w->alice);
	forge(&w->bob, alice_of(w), NULL, MESSAGE_RICH, bad, sizeof(bad) - 1);
	forge(&w->bob, alice_of(w), NULL, MESSAGE_RICH, "", 0);
	forge(&w->bob, alice_of(w), NULL, MESSAGE_RICH, later, sizeof(later) - 1);
	assert_int_equal(send_text(&w->bob, alice_of(w), "Hello"), 0);
	settle(w);
	assert_int_equal(said(&w->alice, "in Bob"), 2);
	assert_int_equal(lines(&w->alice, later).last.message_kind, MESSAGE_RICH);
	assert_int_equal(said(&w->alice, "in Bob: Hello"), 1);
	assert_int_equal(chat_queued(w->bob.chat), 0);
}

/* ---- typing ---- */

static void typing_is_told_while_it_can_be(void **state)
{
	struct world *w = *state;
	befriend(w);
	struct chat *c = w->alice.chat;
	const int64_t last = chat_last_line(w->bob.chat);
	chat_typing(c, w->now, bob_of(w), TYPING_ACTIVE);
	settle(w);
	assert_int_equal(said(&w->bob, "typing Alice: active\n"), 1);
	pass(w, 2000);
	chat_typing(c, w->now, bob_of(w), TYPING_ACTIVE); /* that is known */
	settle(w);
	assert_int_equal(said(&w->bob, "typing Alice: active\n"), 1);
	pass(w, 1000);
	chat_typing(c, w->now, bob_of(w), TYPING_ACTIVE);
	chat_typing(c, w->now, bob_of(w), TYPING_DONE);
	settle(w);
	assert_int_equal(said(&w->bob, "typing Alice: active\n"), 2);
	assert_int_equal(said(&w->bob, "typing Alice: done\n"), 1);
	assert_int_equal(chat_last_line(w->bob.chat), last);
}

static void typing_is_never_told_later(void **state)
{
	struct world *w = *state;
	befriend(w);
	hush(&w->bob);
	w->alice.room = 0;
	chat_typing(w->alice.chat, w->now, bob_of(w), TYPING_ACTIVE);
	w->alice.room = SIZE_MAX;
	cut(pair_open(w));
	chat_typing(w->alice.chat, w->now, bob_of(w), TYPING_PAUSED);
	reconnect(w);
	assert_int_equal(said(&w->bob, "typing"), 0);
}

static void whoever_types_too_much_is_not_shown(void **state)
{
	static const uint8_t active = TYPING_ACTIVE, wrong = TYPING_DONE + 1;
	struct world *w = *state;
	befriend(w);
	struct pair *pair = pair_open(w);
	const int side = pair->p[0] == &w->bob ? 0 : 1;
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(
		    chat_on_frame(w->bob.chat, w->now, pair->id[side], FRAME_TYPING, &active, 1), 0);
	assert_int_equal(said(&w->bob, "typing Alice: active\n"), 3);
	jump(w, 1000);
	assert_int_equal(chat_on_frame(w->bob.chat, w->now, pair->id[side], FRAME_TYPING, &active, 1), 0);
	assert_int_equal(said(&w->bob, "typing Alice: active\n"), 4);
	assert_int_equal(chat_on_frame(w->bob.chat, w->now, pair->id[side], FRAME_TYPING, &wrong, 1),
			 ERR_PROTOCOL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    STORY(several_lines_arrive_as_one_message),
	    STORY(a_reply_names_what_it_answers),
	    STORY(a_reaction_and_its_end),
	    STORY(what_is_plain_goes_as_plain),
	    STORY(the_queue_tells_what_waits),
	    STORY(what_is_refused),
	    STORY(what_names_nothing_is_kept),
	    STORY(nonsense_stops_nothing),
	    STORY(typing_is_told_while_it_can_be),
	    STORY(typing_is_never_told_later),
	    STORY(whoever_types_too_much_is_not_shown),
	};

	if (crypto_start())
		return 1;
	return cmocka_run_group_tests_name("chat rich", tests, NULL, NULL);
}
