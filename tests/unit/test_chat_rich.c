/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a plain message can't carry: several lines, replies, reactions, what is taken back, and typing. */
#include "chat_help.h"

#include "../../src/chat/chat_impl.h"

static int say(struct party *p, struct contact *to, int kind, const char *text, const uint8_t *re, uint8_t *msgid)
{
	const struct chat_outgoing o = {
	    .kind = kind, .text = text, .len = strlen(text), .re = re, .client = "desk"};
	return chat_say(p->chat, p->w->now, to, &o, msgid);
}

static int redact(struct party *p, struct contact *to, const uint8_t re[MSGID_BYTES], const char *reason)
{
	return chat_redact(p->chat, p->w->now, to, re, reason, strlen(reason), "desk", NULL);
}

/* Over the wire as a peer may send it, whatever the rules here. */
static void forge(struct party *p, struct contact *to, const uint8_t *msgid, int kind, const void *text, size_t len)
{
	struct line_row l = {.kind = LINE_OUT};
	static uint8_t next;
	memset(l.msgid, ++next, MSGID_BYTES);
	if (msgid)
		memcpy(l.msgid, msgid, MSGID_BYTES);
	assert_int_equal(outbox_put(p->chat, p->w->now, to->impl, &l, kind, text, len), 0);
}

static void forge_redact(struct party *p, struct contact *to, const uint8_t re[MSGID_BYTES])
{
	struct rich r = {.what = RICH_REDACT, .has_re = true};
	struct buf body;
	buf_init(&body, TEXT_MAX);
	memcpy(r.re, re, MSGID_BYTES);
	assert_int_equal(rich_encode(&r, &body), 0);
	forge(p, to, NULL, MESSAGE_RICH, buf_ptr(&body), buf_len(&body));
	buf_clear(&body);
}

/* How many lines of its conversation hold this text. */
struct search {
	const char *text;
	unsigned n;
	struct line_row last;
};

static int compare(void *ctx, const struct contact *contact, const struct line_row *l)
{
	struct search *s = ctx;
	(void)contact;
	if (l->text_len != strlen(s->text) || memcmp(l->text, s->text, l->text_len) != 0)
		return 0;
	s->n++;
	s->last = *l;
	return 0;
}

static struct search lines(const struct party *p, const char *text)
{
	struct search s = {.text = text};
	assert_int_equal(chat_lines(p->chat, 0, SIZE_MAX, compare, &s), 0);
	return s;
}

/* How the front tells of a line about this one. */
static const char *about(const char *line, const uint8_t msgid[MSGID_BYTES])
{
	static char out[200];
	snprintf(out, sizeof(out), "%s re %02x%02x\n", line, msgid[0], msgid[1]);
	return out;
}

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

static int join(void *ctx, const struct chat_queued_row *r)
{
	char *all = ctx;
	size_t at = strlen(all);
	snprintf(all + at, 4096 - at, "%d:%.*s|", r->message_kind, (int)r->text_len, r->text);
	return 0;
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

/* ---- taking back ---- */

#define TAKEN_BACK 400 /* at once */

/* The link is up again. */
static void reconnect(struct world *w)
{
	while (!w->alice.n_dials && !w->bob.n_dials)
		pass(w, 500);
	connect_dial(w->alice.n_dials ? &w->alice : &w->bob);
	pass(w, 20000);
}

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

#define STORY(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    STORY(several_lines_arrive_as_one_message),
	    STORY(a_reply_names_what_it_answers),
	    STORY(a_reaction_and_its_end),
	    STORY(what_is_plain_goes_as_plain),
	    STORY(the_queue_tells_what_waits),
	    STORY(what_is_refused),
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
