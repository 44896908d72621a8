/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Messages: once, in order, whatever happens to links, processes and commits. */
#include "chat_help.h"

#include "../../src/chat/chat_impl.h"

static void send_numbers(struct party *p, struct contact *to, unsigned from, unsigned upto)
{
	char text[16];
	for (unsigned n = from; n <= upto; n++) {
		snprintf(text, sizeof(text), "%u", n);
		assert_int_equal(send_text(p, to, text), 0);
	}
}

static void both_ways_in_order(void **state)
{
	struct world *w = *state;
	befriend(w);
	send_numbers(&w->alice, bob_of(w), 1, 3);
	send_numbers(&w->bob, alice_of(w), 7, 9);
	settle(w);
	assert_received(&w->bob, "1 2 3 ");
	assert_received(&w->alice, "7 8 9 ");
	assert_int_equal(said(&w->alice, "out Bob: 1\n"), 1);
	assert_int_equal(chat_queued(w->alice.chat) + chat_queued(w->bob.chat), 0);
	assert_int_equal(said(&w->alice, "delivered"), 0); /* nothing had to wait */
	assert_int_equal(bob_of(w)->active_ms, w->now.real_ms);
}

static void what_is_no_message(void **state)
{
	struct world *w = *state;
	char text[TEXT_MAX + 1];
	befriend(w);
	struct contact *bob = bob_of(w);
	struct chat *c = w->alice.chat;
	assert_int_equal(chat_send(c, w->now, bob, MESSAGE_TEXT, "", 0, "x", NULL), ERR_INVALID);
	assert_int_equal(chat_send(c, w->now, bob, MESSAGE_TEXT, "\n", 1, "x", NULL), ERR_INVALID);
	assert_int_equal(chat_send(c, w->now, bob, MESSAGE_TEXT, "a\rb", 3, "x", NULL), ERR_INVALID);
	assert_int_equal(chat_send(c, w->now, bob, MESSAGE_TEXT, "a\0b", 3, "x", NULL), ERR_INVALID);
	assert_int_equal(chat_send(c, w->now, bob, MESSAGE_TEXT, "a\001b", 3, "x", NULL), ERR_INVALID);
	assert_int_equal(chat_send(c, w->now, bob, MESSAGE_TEXT, "\1VERSION\1", 9, "x", NULL), ERR_INVALID);
	assert_int_equal(chat_send(c, w->now, bob, MESSAGE_TEXT, "\xc3", 1, "x", NULL), ERR_UTF8);
	memset(text, 'x', sizeof(text));
	assert_int_equal(chat_send(c, w->now, bob, MESSAGE_TEXT, text, TEXT_MAX + 1, "x", NULL),
			 ERR_TOO_LONG);
	assert_int_equal(chat_queued(c), 0);
	assert_int_equal(chat_send(c, w->now, bob, MESSAGE_ACTION, text, TEXT_MAX, "x", NULL), 0);
	settle(w);
	assert_int_equal(chat_queued(c), 0);
	assert_int_equal(said(&w->bob, "in Alice: xxxx"), 1);
}

static void an_offline_contact_gets_it_later(void **state)
{
	struct world *w = *state;
	befriend(w);
	party_kill(&w->bob, true);
	pass(w, 60000);
	send_numbers(&w->alice, bob_of(w), 1, 3);
	settle(w);
	assert_int_equal(bob_of(w)->queued, 3);
	party_restart(&w->alice);
	assert_int_equal(bob_of(w)->queued, 3);
	assert_int_equal(chat_queued(w->alice.chat), 3);
	party_start(&w->bob);
	hush(&w->alice);
	hush(&w->bob);
	meet(w);
	assert_received(&w->bob, "1 2 3 ");
	assert_int_equal(said(&w->alice, "info Bob: 3 messages to Bob delivered\n"), 1);
	send_numbers(&w->alice, bob_of(w), 4, 4);
	settle(w);
	assert_int_equal(said(&w->alice, "delivered"), 1);
}

static void written_before_acceptance(void **state)
{
	struct world *w = *state;
	assert_int_equal(add(&w->alice, "Bob", &w->bob, ""), 0);
	send_numbers(&w->alice, bob_of(w), 1, 2);
	settle(w);
	connect_dial(&w->alice);
	settle(w);
	assert_int_equal(bob_of(w)->queued, 2);
	assert_int_equal(chat_accept(w->bob.chat, w->now, "Alice", NULL, NULL), 0);
	meet(w);
	assert_received(&w->bob, "1 2 ");
}

/* The link breaks after Bob has it and before his acks arrive. */
static void a_lost_ack_shows_nothing_twice(void **state)
{
	struct world *w = *state;
	befriend(w);
	send_numbers(&w->alice, bob_of(w), 1, 3);
	party_turn(&w->alice);
	while (w->n_frames && w->frames[0].from == &w->alice) {
		const struct frame f = w->frames[0];
		w->n_frames--;
		memmove(&w->frames[0], &w->frames[1], w->n_frames * sizeof(f));
		deliver(w, &f);
	}
	party_turn(&w->bob);
	cut(pair_open(w));
	assert_int_equal(bob_of(w)->queued, 3);
	assert_received(&w->bob, "1 2 3 ");
	send_numbers(&w->alice, bob_of(w), 4, 4);
	pass(w, 2000);
	connect_dial(&w->alice);
	settle(w);
	assert_received(&w->bob, "1 2 3 4 ");
	assert_int_equal(bob_of(w)->queued, 0);
}

/* The link breaks at each frame in turn. */
static void a_break_anywhere(void **state)
{
	struct world *w = *state;
	char expected[1024] = "";
	unsigned n = 1;
	befriend(w);
	for (unsigned at = 0; at < 12; at++) {
		char text[16];
		snprintf(text, sizeof(text), "%u %u ", n, n + 1);
		strcat(expected, text);
		send_numbers(&w->alice, bob_of(w), n, n + 1);
		n += 2;
		party_turn(&w->alice);
		for (unsigned i = 0; i < at && w->n_frames; i++) {
			const struct frame f = w->frames[0];
			w->n_frames--;
			memmove(&w->frames[0], &w->frames[1], w->n_frames * sizeof(f));
			deliver(w, &f);
			party_turn(&w->alice);
			party_turn(&w->bob);
		}
		if (pair_open(w))
			cut(pair_open(w));
		while (!w->alice.n_dials && !w->bob.n_dials)
			pass(w, 500);
		connect_dial(w->alice.n_dials ? &w->alice : &w->bob);
	}
	pass(w, 60000);
	assert_received(&w->bob, expected);
	assert_int_equal(bob_of(w)->queued, 0);
}

static void nothing_is_acked_that_is_not_on_disk(void **state)
{
	struct world *w = *state;
	befriend(w);
	send_numbers(&w->alice, bob_of(w), 1, 1);
	party_turn(&w->alice);
	const struct frame f = w->frames[0];
	assert_int_equal(f.type, FRAME_MESSAGE);
	w->n_frames = 0;
	w->bob.fail_commit = true;
	deliver(w, &f);
	assert_int_equal(said(&w->bob, "in Alice: 1"), 1);
	assert_int_equal(chat_commit(w->bob.chat), ERR_IO);
	/* What the turn wrote is dropped by who drives it; the account can't go on. */
	w->n_frames = 0;
	assert_int_equal(send_text(&w->bob, alice_of(w), "x"), ERR_IO);
	assert_int_equal(chat_commit(w->bob.chat), ERR_IO);
	assert_int_equal(chat_deadline(w->bob.chat), TICK_NEVER);
	w->bob.fail_commit = false;
	party_restart(&w->bob);
	assert_received(&w->bob, "");
	hush(&w->alice);
	hush(&w->bob);
	w->now.mono_ms += 10000;
	while (!w->alice.n_dials && !w->bob.n_dials)
		pass(w, 500);
	connect_dial(w->alice.n_dials ? &w->alice : &w->bob);
	settle(w);
	assert_received(&w->bob, "1 ");
	assert_int_equal(bob_of(w)->queued, 0);
}

static void a_failed_commit_accepts_nothing(void **state)
{
	struct world *w = *state;
	befriend(w);
	settle(w);
	w->alice.fail_commit = true;
	assert_int_equal(send_text(&w->alice, bob_of(w), "1"), 0);
	assert_int_equal(chat_commit(w->alice.chat), ERR_IO);
	w->alice.fail_commit = false;
	party_restart(&w->alice);
	assert_int_equal(chat_queued(w->alice.chat), 0);
}

struct marks {
	unsigned left, waiting;
};

static int count_marks(void *ctx, const struct outbox_row *o)
{
	struct marks *m = ctx;
	if (o->may_have_left)
		m->left++;
	else
		m->waiting++;
	return 0;
}

/* Of the outbox on disk. */
static struct marks marks_of(struct party *p)
{
	struct marks m = {0};
	struct store *s = NULL;
	assert_int_equal(store_open(p->db, help_key, NULL, &s), 0);
	assert_int_equal(store_outbox_each(s, 1, 0, SIZE_MAX, count_marks, &m), 0);
	store_close(s);
	return m;
}

static unsigned frames_of(const struct world *w, uint8_t type)
{
	unsigned n = 0;
	for (size_t i = 0; i < w->n_frames; i++)
		n += w->frames[i].type == type;
	return n;
}

static void a_window_of_messages(void **state)
{
	struct world *w = *state;
	struct marks m;
	char expected[4096] = "";
	befriend(w);
	send_numbers(&w->alice, bob_of(w), 1, UNACKED_MAX + 100);
	party_turn(&w->alice);
	assert_int_equal(frames_of(w, FRAME_MESSAGE), UNACKED_MAX);
	/* What is on its way is marked on disk, and nothing else. */
	m = marks_of(&w->alice);
	assert_int_equal(m.left, UNACKED_MAX);
	assert_int_equal(m.waiting, 100);
	settle(w);
	for (unsigned n = 1; n <= UNACKED_MAX + 100; n++) {
		char text[8];
		snprintf(text, sizeof(text), "%u ", n);
		strcat(expected, text);
	}
	assert_received(&w->bob, expected);
	m = marks_of(&w->alice);
	assert_int_equal(m.left + m.waiting, 0);
}

/* Takes the first frame that is on its way. */
static struct frame next_frame(struct world *w)
{
	const struct frame f = w->frames[0];
	w->n_frames--;
	memmove(&w->frames[0], &w->frames[1], w->n_frames * sizeof(f));
	return f;
}

/* The window opens again, and before the turn ends something is written: it stands behind those that wait. */
static void none_overtakes_those_that_wait(void **state)
{
	struct world *w = *state;
	char expected[4096] = "0 ";
	befriend(w);
	send_numbers(&w->alice, bob_of(w), 0, 0);
	settle(w);
	send_numbers(&w->alice, bob_of(w), 1, UNACKED_MAX + 1);
	assert_int_equal(frames_of(w, FRAME_MESSAGE), UNACKED_MAX); /* at once, and no more than that */
	while (bob_of(w)->queued > UNACKED_MAX) {
		const struct frame f = next_frame(w);
		deliver(w, &f);
		party_turn(&w->bob);
	}
	send_numbers(&w->alice, bob_of(w), UNACKED_MAX + 2, UNACKED_MAX + 2);
	settle(w);
	for (unsigned n = 1; n <= UNACKED_MAX + 2; n++)
		snprintf(strchr(expected, '\0'), 8, "%u ", n);
	assert_received(&w->bob, expected);
}

/* Two pass a link that was full: the second is written when the first, which was sealed, has yet to leave. */
static void none_overtakes_one_that_is_sealed(void **state)
{
	struct world *w = *state;
	befriend(w);
	send_numbers(&w->alice, bob_of(w), 1, 1);
	settle(w);
	w->alice.room = 0;
	send_numbers(&w->alice, bob_of(w), 2, 2);
	settle(w);
	w->alice.room = SIZE_MAX;
	const struct pair *pair = pair_open(w);
	chat_on_writable(w->alice.chat, w->now, pair->id[pair->p[1] == &w->alice]);
	send_numbers(&w->alice, bob_of(w), 3, 3);
	settle(w);
	assert_received(&w->bob, "1 2 3 ");
	assert_int_equal(bob_of(w)->queued, 0);
}

/* Another link comes; its n-th frame is read, and before that turn ends both write. */
static void reconnect_and_write(struct world *w, unsigned n)
{
	cut(pair_open(w));
	while (!w->alice.n_dials && !w->bob.n_dials)
		pass(w, 500);
	connect_dial(w->alice.n_dials ? &w->alice : &w->bob);
	for (unsigned i = 0; i < n; i++) {
		party_turn(&w->alice);
		party_turn(&w->bob);
		if (!w->n_frames)
			break;
		const struct frame f = next_frame(w);
		deliver(w, &f);
	}
	send_numbers(&w->alice, bob_of(w), n, n);
	send_numbers(&w->bob, alice_of(w), n, n);
	settle(w);
	assert_int_equal(chat_queued(w->alice.chat) + chat_queued(w->bob.chat), 0);
}

static void written_while_both_agree_on_a_link(void **state)
{
	struct world *w = *state;
	befriend(w);
	send_numbers(&w->alice, bob_of(w), 0, 0);
	send_numbers(&w->bob, alice_of(w), 0, 0);
	settle(w);
	for (unsigned n = 1; n <= 9; n++)
		reconnect_and_write(w, n);
	assert_received(&w->bob, "0 1 2 3 4 5 6 7 8 9 ");
	assert_received(&w->alice, "0 1 2 3 4 5 6 7 8 9 ");
}

static void a_full_link_goes_on_later(void **state)
{
	struct world *w = *state;
	befriend(w);
	w->alice.room = 2;
	send_numbers(&w->alice, bob_of(w), 1, 5);
	settle(w);
	assert_received(&w->bob, "1 2 ");
	send_numbers(&w->alice, bob_of(w), 6, 6);
	settle(w);
	assert_int_not_equal(chat_deadline(w->alice.chat), 0); /* it does not spin */
	const struct pair *pair = pair_open(w);
	for (unsigned i = 0; i < 20; i++) {
		w->alice.room = 1;
		chat_on_writable(w->alice.chat, w->now, pair->id[pair->p[1] == &w->alice]);
		settle(w);
	}
	assert_received(&w->bob, "1 2 3 4 5 6 ");
	assert_int_equal(bob_of(w)->queued, 0);
}

/* Acks that find the link full are not lost. */
static void a_full_link_acks_later(void **state)
{
	struct world *w = *state;
	befriend(w);
	w->bob.room = 0;
	send_numbers(&w->alice, bob_of(w), 1, 5);
	settle(w);
	assert_int_equal(bob_of(w)->queued, 5);
	w->bob.room = SIZE_MAX;
	const struct pair *pair = pair_open(w);
	chat_on_writable(w->bob.chat, w->now, pair->id[pair->p[1] == &w->bob]);
	settle(w);
	assert_int_equal(bob_of(w)->queued, 0);
}

/* As a later version would send it: it goes through the outbox like any other. */
static void send_kind(struct party *p, struct contact *to, int kind, const char *text, size_t len)
{
	struct outbox_row row = {
	    .contact = to->row.id, .msgid = {77, (uint8_t)kind}, .message_kind = kind, .text = text, .text_len = len};
	assert_int_equal(store_outbox_add(p->chat->store, &row), 0);
	to->queued++;
	p->chat->queued++;
	to->impl->all_sealed = false;
	flush_soon(p->chat, to->impl->chosen);
}

static void duplicates_are_acked_once_a_turn(void **state)
{
	struct world *w = *state;
	struct seq_of ack;
	befriend(w);
	send_numbers(&w->alice, bob_of(w), 1, 1);
	party_turn(&w->alice);
	const struct frame f = next_frame(w);
	deliver(w, &f);
	settle(w);
	for (unsigned i = 0; i < 1000; i++)
		deliver(w, &f);
	party_turn(&w->bob);
	assert_int_equal(w->n_frames, 1);
	assert_int_equal(frames_of(w, FRAME_ACK), 1);
	assert_int_equal(seq_decode(w->frames[0].body, w->frames[0].len, &ack), 0);
	assert_int_equal(ack.seq, alice_of(w)->impl->session.received);
	settle(w);
	assert_received(&w->bob, "1 ");
}

/* The ack of Alice's message leaves right behind Bob's. */
static void answered(struct world *w)
{
	send_numbers(&w->alice, bob_of(w), 1, 1);
	settle(w);
	assert_int_equal(bob_of(w)->queued, 1);
	send_numbers(&w->bob, alice_of(w), 2, 2);
	party_turn(&w->bob);
	assert_int_equal(w->n_frames, 2);
	assert_int_equal(w->frames[0].type, FRAME_MESSAGE);
	assert_int_equal(w->frames[1].type, FRAME_ACK);
	settle(w);
	assert_int_equal(bob_of(w)->queued, 0);
	assert_int_equal(alice_of(w)->queued, 1);
}

static void an_ack_waits_for_an_answer(void **state)
{
	struct world *w = *state;
	befriend(w);
	w->alice.chat->opts.ack_ms = w->bob.chat->opts.ack_ms = 50;
	answered(w);
	pass(w, 49);
	assert_int_equal(alice_of(w)->queued, 1);
	pass(w, 1);
	assert_int_equal(alice_of(w)->queued, 0);
	answered(w); /* the first message of each found the outbox unread, these go at once */
	pass(w, 50);
	/* Many wait for no timer, and a link that ends takes it along. */
	send_numbers(&w->alice, bob_of(w), 1, ACK_EVERY);
	settle(w);
	assert_int_equal(bob_of(w)->queued, 0);
	send_numbers(&w->alice, bob_of(w), 1, 1);
	settle(w);
	assert_int_equal(bob_of(w)->queued, 1);
	chat_shutdown(w->bob.chat, w->now, "test");
	settle(w);
	assert_int_equal(bob_of(w)->queued, 0);
}

static int kinds(void *ctx, const struct contact *contact, const struct line_row *l)
{
	(void)contact;
	if (l->kind == LINE_IN && l->message_kind == 63 && l->text_len == 3 &&
	    !memcmp(l->text, "\0\xff\n", 3))
		++*(unsigned *)ctx;
	return 0;
}

static void a_kind_of_the_future_is_kept(void **state)
{
	struct world *w = *state;
	unsigned n = 0;
	befriend(w);
	send_kind(&w->alice, bob_of(w), 63, "\0\xff\n", 3);
	settle(w);
	assert_int_equal(bob_of(w)->queued, 0);
	assert_int_equal(chat_lines(w->bob.chat, 0, SIZE_MAX, kinds, &n), 0);
	assert_int_equal(n, 1);
}

/* What is between the programs is for no eyes, known or not, and delivered all the same. */
static void a_word_between_programs_is_not_shown(void **state)
{
	struct world *w = *state;
	befriend(w);
	hush(&w->bob);
	send_kind(&w->alice, bob_of(w), 200, "\0\xff\n", 3);
	send_kind(&w->alice, bob_of(w), MESSAGE_LOCATOR, "nonsense", 8);
	assert_int_equal(send_text(&w->alice, bob_of(w), "text"), 0);
	settle(w);
	assert_string_equal(w->bob.told, "in Alice: text\n");
}

static int times(void *ctx, const struct contact *contact, const struct line_row *l)
{
	uint64_t *last = ctx;
	(void)contact;
	assert_true(l->time_ms > *last);
	*last = l->time_ms;
	return 0;
}

static void time_never_goes_back(void **state)
{
	struct world *w = *state;
	uint64_t last = 0;
	befriend(w);
	const uint64_t before = w->now.real_ms;
	send_numbers(&w->alice, bob_of(w), 1, 1);
	settle(w);
	w->now.real_ms -= 3600 * 1000;
	send_numbers(&w->alice, bob_of(w), 2, 2);
	settle(w);
	party_restart(&w->alice);
	send_numbers(&w->alice, bob_of(w), 3, 3);
	settle(w);
	assert_int_equal(chat_lines(w->alice.chat, 0, SIZE_MAX, times, &last), 0);
	assert_true(last >= before);
	/* Nor when the last line goes with its contact. */
	assert_int_equal(chat_remove(w->alice.chat, w->now, "Bob"), 0);
	settle(w);
	party_restart(&w->alice);
	assert_int_equal(chat_note(w->alice.chat, w->now, MESSAGE_TEXT, "note", 4, "default"), 0);
	last = before;
	assert_int_equal(chat_lines(w->alice.chat, 0, SIZE_MAX, times, &last), 0);
}

static void lines_of_one_moment_have_times_of_their_own(void **state)
{
	struct world *w = *state;
	uint64_t last = 0;
	befriend(w);
	send_numbers(&w->alice, bob_of(w), 1, 500);
	assert_int_equal(chat_lines(w->alice.chat, 0, SIZE_MAX, times, &last), 0);
	/* A flood does not lead into the future. */
	for (unsigned n = 0; n < 3; n++) {
		hush(&w->alice);
		send_numbers(&w->alice, bob_of(w), 1, 500);
	}
	assert_true(last < w->alice.chat->line_ms);
	assert_true(w->alice.chat->line_ms <= w->now.real_ms + 1000);
}

static void a_note_stays_here(void **state)
{
	struct world *w = *state;
	befriend(w);
	assert_int_equal(chat_note(w->alice.chat, w->now, MESSAGE_TEXT, "note", 4, "phone"), 0);
	assert_int_equal(chat_note(w->alice.chat, w->now, MESSAGE_TEXT, "", 0, "phone"), ERR_INVALID);
	party_turn(&w->alice);
	assert_int_equal(w->n_frames, 0);
	assert_int_equal(said(&w->alice, "out -: note"), 1);
	assert_int_equal(chat_queued(w->alice.chat), 0);
}

static bool keeps_c2(void *ctx, const char *client)
{
	(void)ctx;
	return strcmp(client, "c2") == 0;
}

static bool keeps_all(void *ctx, const char *client)
{
	(void)ctx;
	(void)client;
	return true;
}

static void cursors_of_clients(void **state)
{
	struct world *w = *state;
	struct chat *c = w->alice.chat;
	char name[8], client[NICK_MAX + 1];
	int64_t at = -1;
	befriend(w);
	send_numbers(&w->alice, bob_of(w), 1, 3);
	const int64_t last = chat_last_line(c);
	assert_true(last >= 3);
	assert_int_equal(chat_cursor(c, "no good", &at), ERR_INVALID);
	assert_int_equal(chat_cursor(c, "", &at), ERR_INVALID);
	assert_int_equal(chat_cursor_move(c, "laptop", 1), ERR_NOT_FOUND);
	assert_int_equal(chat_cursor(c, "laptop", &at), 0);
	assert_int_equal(at, 0); /* the first client has missed everything */
	assert_int_equal(chat_cursor_move(c, "laptop", last), 0);
	assert_int_equal(chat_cursor_move(c, "laptop", 1), 0); /* never back */
	assert_int_equal(chat_cursor(c, "phone.2", &at), 0);
	assert_int_equal(at, last); /* a further one nothing */
	settle(w);
	party_restart(&w->alice);
	c = w->alice.chat;
	assert_int_equal(chat_cursor(c, "laptop", &at), 0);
	assert_int_equal(at, last);
	for (unsigned i = 2; i < CLIENT_NAMES_MAX; i++) {
		snprintf(name, sizeof(name), "c%u", i);
		assert_int_equal(chat_cursor(c, name, &at), 0);
	}
	assert_int_equal(chat_cursor(c, "more", &at), ERR_FULL);
	/* Those that are furthest behind give way, in turn, but for one that is kept. */
	send_numbers(&w->alice, bob_of(w), 4, 5);
	const int64_t newest = chat_last_line(c);
	for (unsigned i = 4; i < CLIENT_NAMES_MAX; i++) {
		snprintf(name, sizeof(name), "c%u", i);
		assert_int_equal(chat_cursor_move(c, name, newest), 0);
	}
	assert_int_equal(chat_cursor_move(c, "laptop", newest), 0);
	assert_int_equal(chat_cursor_move(c, "phone.2", newest), 0);
	assert_int_equal(chat_cursor_forget(c, keeps_all, NULL, client), ERR_NOT_FOUND);
	assert_int_equal(chat_cursor_forget(c, keeps_c2, NULL, client), 0);
	assert_string_equal(client, "c3");
	assert_int_equal(chat_cursor_move(c, "c3", newest), ERR_NOT_FOUND);
	assert_int_equal(chat_cursor(c, "more", &at), 0);
	assert_int_equal(at, newest);
	assert_int_equal(chat_cursor(c, "still-more", &at), ERR_FULL);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(both_ways_in_order),
	    TEST(what_is_no_message),
	    TEST(an_offline_contact_gets_it_later),
	    TEST(written_before_acceptance),
	    TEST(a_lost_ack_shows_nothing_twice),
	    TEST(a_break_anywhere),
	    TEST(nothing_is_acked_that_is_not_on_disk),
	    TEST(a_failed_commit_accepts_nothing),
	    TEST(a_window_of_messages),
	    TEST(none_overtakes_those_that_wait),
	    TEST(none_overtakes_one_that_is_sealed),
	    TEST(written_while_both_agree_on_a_link),
	    TEST(a_full_link_goes_on_later),
	    TEST(a_full_link_acks_later),
	    TEST(duplicates_are_acked_once_a_turn),
	    TEST(an_ack_waits_for_an_answer),
	    TEST(a_kind_of_the_future_is_kept),
	    TEST(a_word_between_programs_is_not_shown),
	    TEST(lines_of_one_moment_have_times_of_their_own),
	    TEST(time_never_goes_back),
	    TEST(a_note_stays_here),
	    TEST(cursors_of_clients),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
