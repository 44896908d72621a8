/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The outbox from the first seal to the ack, and that what waits behind costs nothing. */
#include "store_help.h"
#include "steps_help.h"

static struct store *reopen(const struct help *h, struct store *s)
{
	assert_int_equal(store_commit(s), 0);
	store_close(s);
	return help_open(h);
}

/* Adds a message whose id starts with n. Returns the row's id. */
static int64_t add(struct store *s, int64_t contact, uint16_t n)
{
	struct outbox_row o = {.contact = contact,
			       .msgid = {n >> 8, n & 0xff},
			       .line = 1000 + n,
			       .text = "text",
			       .text_len = 4};
	assert_int_equal(store_outbox_add(s, &o), 0);
	return o.id;
}

static size_t count(struct store *s, int64_t contact)
{
	size_t n = 77;
	assert_int_equal(store_outbox_count(s, contact, &n), 0);
	return n;
}

struct seen {
	int64_t ids[8];
	uint64_t seqs[8];
	bool left[8];
	char sealed[8][16]; /* "-": NULL */
	size_t n;
};

static int look(void *ctx, const struct outbox_row *o)
{
	struct seen *all = ctx;
	assert_true(all->n < 8 && o->sealed_len < 16);
	assert_int_equal(o->text_len, 4);
	assert_memory_equal(o->text, "text", 4);
	all->ids[all->n] = o->id;
	all->seqs[all->n] = o->seq;
	all->left[all->n] = o->may_have_left;
	if (o->sealed)
		memcpy(all->sealed[all->n], o->sealed, o->sealed_len);
	else
		strcpy(all->sealed[all->n], "-");
	all->n++;
	return 0;
}

static struct seen rows(struct store *s, int64_t contact)
{
	struct seen all = {.n = 0};
	assert_int_equal(store_outbox_each(s, contact, 0, 8, look, &all), 0);
	return all;
}

static void a_sealed_message_keeps_its_bytes(void **state)
{
	struct store *s = help_open(*state);
	const int64_t bob = help_add_contact(s, "Bob", 1), carol = help_add_contact(s, "Carol", 2);
	const int64_t first = add(s, bob, 1), second = add(s, bob, 2), hers = add(s, carol, 1);
	struct seen all = rows(s, bob);
	assert_int_equal(all.n, 2);
	assert_int_equal(all.seqs[0], 0);
	assert_string_equal(all.sealed[0], "-");
	assert_int_equal(store_outbox_seal(s, first, 5, "five", 4), 0);
	assert_int_equal(store_outbox_seal(s, hers, 5, "hers", 4), 0);
	assert_int_equal(store_outbox_seal(s, second, 5, "again", 5), ERR_EXISTS);
	assert_int_equal(store_outbox_seal(s, hers + 1, 6, "x", 1), ERR_NOT_FOUND);
	assert_int_equal(store_outbox_seal(s, second, 0, "x", 1), ERR_INVALID);
	assert_int_equal(store_outbox_seal(s, second, (uint64_t)INT64_MAX + 1, "x", 1), ERR_INVALID);
	s = reopen(*state, s);

	all = rows(s, bob);
	assert_int_equal(all.seqs[0], 5);
	assert_true(all.left[0]);
	assert_string_equal(all.sealed[0], "five");
	assert_int_equal(all.seqs[1], 0);
	assert_false(all.left[1]);
	assert_string_equal(all.sealed[1], "-");

	/* a NACK has it sealed again under the same seq */
	assert_int_equal(store_outbox_seal(s, first, 5, "FIVE", 4), 0);
	assert_string_equal(rows(s, bob).sealed[0], "FIVE");
	assert_string_equal(rows(s, carol).sealed[0], "hers");
	store_close(s);
}

/* To a contact who is there: the row comes with what is sent. */
static void a_message_that_is_sealed_at_once(void **state)
{
	struct store *s = help_open(*state);
	const int64_t bob = help_add_contact(s, "Bob", 1);
	struct outbox_row o = {.contact = bob,
			       .may_have_left = true,
			       .text = "text",
			       .text_len = 4,
			       .seq = 5,
			       .sealed = (const uint8_t *)"five",
			       .sealed_len = 4};
	assert_int_equal(store_outbox_add(s, &o), 0);
	o.msgid[0] = 1;
	assert_int_equal(store_outbox_add(s, &o), ERR_EXISTS);
	o.seq = (uint64_t)INT64_MAX + 1;
	assert_int_equal(store_outbox_add(s, &o), ERR_INVALID);
	o.seq = 6;
	o.sealed_len = 0; /* empty, but there */
	assert_int_equal(store_outbox_add(s, &o), 0);
	s = reopen(*state, s);

	const struct seen all = rows(s, bob);
	assert_int_equal(all.n, 2);
	assert_int_equal(all.seqs[0], 5);
	assert_true(all.left[0]);
	assert_string_equal(all.sealed[0], "five");
	assert_int_equal(all.seqs[1], 6);
	assert_string_equal(all.sealed[1], "");
	assert_int_equal(store_outbox_cancel(s, bob, all.ids[0]), ERR_WRONG_STATE);
	store_close(s);
}

static int stop(void *ctx, const struct outbox_row *o)
{
	(void)ctx;
	(void)o;
	return 42;
}

static void a_row_is_found_by_its_seq(void **state)
{
	struct store *s = help_open(*state);
	const int64_t bob = help_add_contact(s, "Bob", 1), carol = help_add_contact(s, "Carol", 2);
	const int64_t first = add(s, bob, 1), hers = add(s, carol, 2);
	struct seen one = {.n = 0};
	assert_int_equal(store_outbox_seal(s, first, INT64_MAX, "last", 4), 0);
	assert_int_equal(store_outbox_seal(s, hers, 7, "hers", 4), 0);
	assert_int_equal(store_outbox_by_seq(s, bob, INT64_MAX, look, &one), 0);
	assert_int_equal(one.n, 1);
	assert_int_equal(one.ids[0], first);
	assert_string_equal(one.sealed[0], "last");
	assert_int_equal(store_outbox_by_seq(s, bob, 7, look, &one), ERR_NOT_FOUND);
	assert_int_equal(store_outbox_by_seq(s, bob, 0, look, &one), ERR_NOT_FOUND);
	assert_int_equal(store_outbox_by_seq(s, bob, UINT64_MAX, look, &one), ERR_NOT_FOUND);
	assert_int_equal(one.n, 1);
	assert_int_equal(store_outbox_by_seq(s, carol, 7, stop, NULL), 42);
	store_close(s);
}

static void an_ack_removes_what_it_covers(void **state)
{
	struct store *s = help_open(*state);
	const int64_t bob = help_add_contact(s, "Bob", 1), carol = help_add_contact(s, "Carol", 2);
	size_t n = 77;
	for (uint16_t i = 1; i <= 4; i++) {
		const int64_t id = add(s, bob, i), hers = add(s, carol, i);
		if (i < 4)
			assert_int_equal(store_outbox_seal(s, id, i, "x", 1), 0);
		assert_int_equal(store_outbox_seal(s, hers, i, "x", 1), 0);
	}
	assert_int_equal(store_outbox_delete_upto(s, bob, 0, &n), 0);
	assert_int_equal(n, 0);
	assert_int_equal(store_outbox_delete_upto(s, bob, 2, &n), 0);
	assert_int_equal(n, 2);
	assert_int_equal(store_outbox_delete_upto(s, bob, 2, &n), 0);
	assert_int_equal(n, 0);
	s = reopen(*state, s);
	const struct seen all = rows(s, bob);
	assert_int_equal(all.n, 2);
	assert_int_equal(all.seqs[0], 3);
	assert_int_equal(all.seqs[1], 0); /* what was never sent can't be acked */
	assert_int_equal(store_outbox_delete_upto(s, bob, UINT64_MAX, &n), 0);
	assert_int_equal(n, 1);
	assert_int_equal(count(s, bob), 1);
	assert_int_equal(count(s, carol), 4);
	store_close(s);
}

static void the_end_of_a_session_unseals(void **state)
{
	struct store *s = help_open(*state);
	const int64_t bob = help_add_contact(s, "Bob", 1), carol = help_add_contact(s, "Carol", 2);
	const int64_t first = add(s, bob, 1), second = add(s, bob, 2), third = add(s, bob, 3);
	const int64_t hers = add(s, carol, 1);
	assert_int_equal(store_outbox_seal(s, first, 8, "8", 1), 0);
	assert_int_equal(store_outbox_seal(s, second, 9, "9", 1), 0);
	assert_int_equal(store_outbox_seal(s, hers, 8, "8", 1), 0);
	struct outbox_row empty = {.contact = bob, .message_kind = STORE_EMPTY, .text = "", .seq = 7};
	empty.sealed = (const uint8_t *)"7";
	empty.sealed_len = 1;
	assert_int_equal(store_outbox_add(s, &empty), 0);
	assert_int_equal(count(s, bob), 3);
	assert_int_equal(store_outbox_unseal(s, bob), 0); /* no place is kept in the next */
	s = reopen(*state, s);
	const struct seen all = rows(s, bob);
	assert_int_equal(all.n, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(all.seqs[i], 0);
		assert_string_equal(all.sealed[i], "-");
		assert_int_equal(all.left[i], i < 2); /* it may have left nonetheless */
	}
	assert_int_equal(rows(s, carol).seqs[0], 8);
	/* the seqs are free for the next session */
	assert_int_equal(store_outbox_seal(s, third, 8, "8", 1), 0);
	store_close(s);
}

static void a_message_is_cancelled_until_it_may_have_left(void **state)
{
	struct store *s = help_open(*state);
	const int64_t bob = help_add_contact(s, "Bob", 1), carol = help_add_contact(s, "Carol", 2);
	const int64_t sealed = add(s, bob, 1), left = add(s, bob, 2), waits = add(s, bob, 3);
	assert_int_equal(store_outbox_seal(s, sealed, 1, "x", 1), 0);
	assert_int_equal(store_outbox_seal(s, left, 2, "x", 1), 0);
	assert_int_equal(store_commit(s), 0);
	assert_int_equal(store_outbox_cancel(s, bob, sealed), ERR_WRONG_STATE);
	assert_int_equal(store_outbox_cancel(s, bob, left), ERR_WRONG_STATE);
	assert_int_equal(store_outbox_cancel(s, carol, waits), ERR_NOT_FOUND);
	assert_int_equal(store_outbox_cancel(s, bob, waits + 1), ERR_NOT_FOUND);
	assert_int_equal(store_outbox_unseal(s, bob), 0);
	assert_int_equal(store_outbox_cancel(s, bob, sealed), ERR_WRONG_STATE);
	assert_int_equal(store_outbox_cancel(s, bob, waits), 0);
	assert_int_equal(store_outbox_cancel(s, bob, waits), ERR_NOT_FOUND);
	s = reopen(*state, s);
	const struct seen all = rows(s, bob);
	assert_int_equal(all.n, 2);
	assert_int_equal(all.ids[0], sealed);
	assert_int_equal(all.ids[1], left);
	store_close(s);
}

static int64_t last(struct store *s, int64_t contact)
{
	int64_t id = 77;
	assert_int_equal(store_outbox_last(s, contact, &id), 0);
	return id;
}

static void a_message_is_taken_back_by_its_id(void **state)
{
	struct store *s = help_open(*state);
	const int64_t bob = help_add_contact(s, "Bob", 1), carol = help_add_contact(s, "Carol", 2);
	static const uint8_t one[16] = {0, 1}, two[16] = {0, 2};
	bool left = true;
	const int64_t first = add(s, bob, 1);
	add(s, bob, 2);
	add(s, carol, 2);
	assert_int_equal(store_outbox_seal(s, first, 7, "x", 1), 0);
	assert_int_equal(store_outbox_take_back(s, carol, 1001, one, &left), ERR_NOT_FOUND);
	assert_int_equal(store_outbox_take_back(s, bob, 1002, two, &left), 0);
	assert_false(left);
	assert_int_equal(store_outbox_take_back(s, bob, 1001, one, &left), 0);
	assert_true(left);
	assert_int_equal(store_outbox_take_back(s, bob, 1001, one, &left), ERR_NOT_FOUND);
	s = reopen(*state, s);
	assert_int_equal(count(s, bob), 0);
	assert_int_equal(count(s, carol), 1);
	store_close(s);
}

static void all_that_waits_is_cancelled_in_slices(void **state)
{
	struct store *s = help_open(*state);
	const int64_t bob = help_add_contact(s, "Bob", 1), carol = help_add_contact(s, "Carol", 2);
	size_t n = 77;
	assert_int_equal(last(s, bob), 0);
	const int64_t sealed = add(s, bob, 1);
	for (uint16_t i = 2; i < 7; i++)
		add(s, bob, i);
	add(s, carol, 1);
	const int64_t upto = last(s, bob);
	assert_int_equal(upto, rows(s, bob).ids[5]);
	const int64_t later = add(s, bob, 7);
	assert_int_equal(store_outbox_seal(s, sealed, 1, "x", 1), 0);
	assert_int_equal(store_outbox_cancel_upto(s, bob, upto, 3, &n), 0);
	assert_int_equal(n, 3);
	s = reopen(*state, s);
	struct seen all = rows(s, bob);
	assert_int_equal(all.n, 4);
	assert_int_equal(all.ids[0], sealed);
	assert_int_equal(all.ids[2], upto); /* the oldest went */
	assert_int_equal(store_outbox_cancel_upto(s, bob, upto, 3, &n), 0);
	assert_int_equal(n, 2);
	assert_int_equal(store_outbox_cancel_upto(s, bob, upto, 3, &n), 0);
	assert_int_equal(n, 0);
	all = rows(s, bob);
	assert_int_equal(all.n, 2);
	assert_int_equal(all.ids[0], sealed);
	assert_int_equal(all.ids[1], later);
	assert_int_equal(count(s, carol), 1);
	store_close(s);
}

static int tell_count(void *ctx, int64_t contact, size_t n)
{
	char one[32];
	assert_int_equal(str_fmt(one, sizeof(one), "%d:%zu;", (int)contact, n), 0);
	strcat(ctx, one);
	return 0;
}

static void one_pass_counts_all_queues(void **state)
{
	struct store *s = help_open(*state);
	char told[64] = "", want[64];
	assert_int_equal(store_outbox_counts(s, tell_count, told), 0);
	assert_string_equal(told, "");
	const int64_t bob = help_add_contact(s, "Bob", 1);
	help_add_contact(s, "Carol", 2);
	const int64_t dave = help_add_contact(s, "Dave", 3);
	add(s, dave, 1);
	for (uint16_t i = 0; i < 3; i++)
		add(s, bob, i);
	assert_int_equal(store_outbox_counts(s, tell_count, told), 0);
	assert_int_equal(str_fmt(want, sizeof(want), "%d:3;%d:1;", (int)bob, (int)dave), 0);
	assert_string_equal(told, want);
	store_close(s);
}

/* ---- the engine's own messages ---- */

static int64_t add_kind(struct store *s, int64_t contact, uint8_t n, int kind)
{
	struct outbox_row o = {
	    .contact = contact, .msgid = {0xc0, n}, .message_kind = kind, .text = "text", .text_len = 4};
	assert_int_equal(store_outbox_add(s, &o), 0);
	return o.id;
}

static void the_engines_own_are_in_the_outbox_but_not_counted(void **state)
{
	struct store *s = help_open(*state);
	const int64_t bob = help_add_contact(s, "Bob", 1), carol = help_add_contact(s, "Carol", 2);
	const int64_t own = add_kind(s, bob, 0, STORE_CONTROL);
	const int64_t first = add(s, bob, 1), second = add_kind(s, bob, 2, STORE_CONTROL - 1);
	const int64_t last_own = add_kind(s, bob, 3, 255), hers = add_kind(s, carol, 1, STORE_CONTROL);
	char told[64] = "";
	size_t n = 77;
	assert_int_equal(count(s, bob), 2);
	assert_int_equal(count(s, carol), 0);
	assert_int_equal(store_outbox_counts(s, tell_count, told), 0);
	assert_string_equal(told, "1:2;2:0;"); /* Carol's queue is known of: something has to be sent */
	assert_int_equal(rows(s, bob).n, 4);
	assert_int_equal(last(s, bob), last_own);

	assert_int_equal(store_outbox_seal(s, own, 1, "x", 1), 0);
	assert_int_equal(store_outbox_seal(s, first, 2, "x", 1), 0);
	assert_int_equal(store_outbox_seal(s, hers, 1, "x", 1), 0);
	s = reopen(*state, s);
	assert_int_equal(store_outbox_delete_upto(s, bob, 1, &n), 0);
	assert_int_equal(n, 0);
	assert_int_equal(rows(s, bob).n, 3); /* but it went */
	assert_int_equal(store_outbox_cancel_upto(s, bob, last_own, 100, &n), 0);
	assert_int_equal(n, 1);
	struct seen all = rows(s, bob);
	assert_int_equal(all.n, 2);
	assert_int_equal(all.ids[0], first);
	assert_int_equal(all.ids[1], last_own); /* can't have left, and stays */
	assert_int_equal(store_outbox_seal(s, last_own, 3, "x", 1), 0);
	assert_int_equal(store_outbox_delete_upto(s, bob, UINT64_MAX, &n), 0);
	assert_int_equal(n, 1); /* first, but not last_own */
	assert_int_equal(rows(s, bob).n, 0);
	assert_true(second > first);
	assert_int_equal(rows(s, carol).n, 1);
	store_close(s);
}

static bool exists(struct store *s, int64_t id)
{
	bool there = !id;
	assert_int_equal(store_outbox_exists(s, id, &there), 0);
	return there;
}

static void it_is_known_whether_a_message_still_waits(void **state)
{
	struct store *s = help_open(*state);
	const int64_t bob = help_add_contact(s, "Bob", 1);
	const int64_t acked = add_kind(s, bob, 1, STORE_CONTROL), waits = add(s, bob, 2);
	size_t n;
	assert_int_equal(store_outbox_seal(s, acked, 1, "x", 1), 0);
	assert_true(exists(s, acked));
	assert_int_equal(store_outbox_delete_upto(s, bob, 1, &n), 0);
	s = reopen(*state, s);
	assert_false(exists(s, acked));
	assert_true(exists(s, waits));
	assert_false(exists(s, 0));
	assert_false(exists(s, waits + 1));
	store_close(s);
}

static void a_queue_is_cleared_of_all_that_stands_in_it(void **state)
{
	struct store *s = help_open(*state);
	const int64_t bob = help_add_contact(s, "Bob", 1), carol = help_add_contact(s, "Carol", 2);
	const int64_t sealed = add(s, bob, 1);
	size_t n = 77;
	add(s, bob, 2);
	add_kind(s, bob, 3, STORE_CONTROL);
	add(s, carol, 1);
	assert_int_equal(store_outbox_seal(s, sealed, 1, "x", 1), 0);
	assert_int_equal(store_outbox_clear(s, bob, 2, &n), 0);
	assert_int_equal(n, 2);
	assert_int_equal(rows(s, bob).n, 1);
	assert_int_equal(store_outbox_clear(s, bob, SIZE_MAX, &n), 0);
	assert_int_equal(n, 1);
	s = reopen(*state, s);
	assert_int_equal(rows(s, bob).n, 0);
	assert_int_equal(rows(s, carol).n, 1);
	assert_int_equal(store_outbox_clear(s, bob, SIZE_MAX, &n), 0);
	assert_int_equal(n, 0);
	store_close(s);
}

/* ---- what it costs ---- */

static long spent(void)
{
	const long n = steps;
	steps = 0;
	return n;
}

static int ignore(void *ctx, const struct outbox_row *o)
{
	(void)o;
	++*(size_t *)ctx;
	return 0;
}

static void a_long_queue_costs_no_more_than_a_short_one(void **state)
{
	enum { QUEUE = 3000, CHEAP = 1000 };
	steps_watch();
	struct store *s = help_open(*state);
	const int64_t bob = help_add_contact(s, "Bob", 1), carol = help_add_contact(s, "Carol", 2);
	static const uint8_t newest[16] = {(QUEUE - 1) >> 8, (QUEUE - 1) & 0xff}, other[16] = {0xff};
	int64_t middle = 0;
	size_t n = 0;
	bool left;
	for (uint16_t i = 0; i < QUEUE; i++) {
		const int64_t id = add(s, bob, i);
		add(s, carol, i);
		if (i == QUEUE / 2)
			middle = id;
	}
	assert_int_equal(store_commit(s), 0);
	assert_true(spent() > QUEUE); /* the count counts */
	assert_int_equal(count(s, bob), QUEUE);
	assert_true(spent() > QUEUE);

	assert_int_equal(store_outbox_each(s, bob, middle, 10, ignore, &n), 0);
	assert_int_equal(n, 10);
	assert_in_range(spent(), 1, CHEAP);
	assert_int_equal(store_outbox_seal(s, middle, 5, "x", 1), 0);
	assert_in_range(spent(), 1, CHEAP);
	assert_int_equal(store_outbox_by_seq(s, bob, 5, ignore, &n), 0);
	assert_in_range(spent(), 1, CHEAP);
	assert_int_equal(store_outbox_unseal(s, bob), 0);
	assert_in_range(spent(), 1, CHEAP);
	assert_int_equal(store_outbox_seal(s, middle, 6, "x", 1), 0);
	assert_int_equal(store_outbox_cancel(s, bob, middle + 2), 0);
	assert_int_equal(store_outbox_delete_upto(s, bob, 100, &n), 0);
	assert_int_equal(n, 1);
	assert_int_equal(last(s, bob), middle + 2 * (QUEUE - QUEUE / 2 - 1));
	assert_in_range(spent(), 1, CHEAP);
	assert_int_equal(store_outbox_cancel_upto(s, bob, middle, 10, &n), 0);
	assert_int_equal(n, 10);
	assert_in_range(spent(), 1, CHEAP);
	assert_int_equal(store_outbox_take_back(s, bob, 1000 + QUEUE - 1, newest, &left), 0);
	assert_int_equal(store_outbox_take_back(s, bob, 1000 + QUEUE - 2, other, &left), ERR_NOT_FOUND);
	assert_in_range(spent(), 1, CHEAP);
	store_close(s);
	sqlite3_reset_auto_extension();
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, help_setup, help_teardown)
	const struct CMUnitTest tests[] = {
	    T(a_sealed_message_keeps_its_bytes),
	    T(a_message_that_is_sealed_at_once),
	    T(a_row_is_found_by_its_seq),
	    T(an_ack_removes_what_it_covers),
	    T(the_end_of_a_session_unseals),
	    T(a_message_is_cancelled_until_it_may_have_left),
	    T(a_message_is_taken_back_by_its_id),
	    T(all_that_waits_is_cancelled_in_slices),
	    T(one_pass_counts_all_queues),
	    T(the_engines_own_are_in_the_outbox_but_not_counted),
	    T(it_is_known_whether_a_message_still_waits),
	    T(a_queue_is_cleared_of_all_that_stands_in_it),
	    T(a_long_queue_costs_no_more_than_a_short_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
