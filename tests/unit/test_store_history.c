/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading back costs what is told, however much there is: counted in steps of SQLite's machine. */
#include "store_help.h"
#include "steps_help.h"

#include "store/store_history.h"

#define LINES 20000 /* of Carol but for those in the middle: Bob, Carol, notes and news in turn */
#define FIRST 9500
#define LAST  10500
#define TOLD  50
#define RUN   4096 /* lines that are simply read when one is looked for by its msgid */

static long spent(void)
{
	const long n = steps;
	steps = 0;
	return n;
}

struct history {
	struct store *s;
	int64_t bob, carol;
};

static void msgid_of(int64_t n, uint8_t msgid[16])
{
	memset(msgid, 0, 16);
	memcpy(msgid, &n, sizeof(n));
}

static void fill(struct history *h, void **state)
{
	steps_watch();
	h->s = help_open(*state);
	h->bob = help_add_contact(h->s, "Bob", 1);
	h->carol = help_add_contact(h->s, "Carol", 2);
	for (int64_t i = 0; i < LINES; i++) {
		const int who = i < FIRST || i > LAST ? 1 : (int)(i % 4);
		struct line_row l = {.contact = who == 0   ? h->bob
						: who == 1 ? h->carol
							   : 0,
				     .kind = who == 0	? LINE_IN
					     : who == 3 ? LINE_INFO
							: LINE_OUT,
				     .time_ms = 1000 + (uint64_t)i,
				     .text = "x",
				     .text_len = 1};
		msgid_of(i, l.msgid);
		assert_int_equal(store_line_add(h->s, &l), 0);
		if (i % 1000 == 0)
			assert_int_equal(store_commit(h->s), 0);
	}
	assert_int_equal(store_commit(h->s), 0);
	assert_true(spent() > LINES); /* the count counts */
}

static int count(void *ctx, const struct line_row *l)
{
	(void)l;
	++*(size_t *)ctx;
	return 0;
}

static size_t span(struct history *h, int64_t conversation, int64_t after, int64_t before, bool latest)
{
	const struct store_span s = {
	    .conversation = conversation, .after = after, .before = before, .latest = latest, .limit = TOLD};
	size_t n = 0;
	assert_int_equal(store_history(h->s, &s, count, &n), 0);
	return n;
}

static void spans_and_slices(void **state)
{
	struct history h;
	fill(&h, state);
	const int64_t conversations[] = {h.bob, h.carol, STORE_SELF, STORE_SERVICE};
	for (size_t i = 0; i < 4; i++) {
		size_t n = 0;
		assert_int_equal(span(&h, conversations[i], 0, INT64_MAX, false), TOLD);
		assert_in_range(spent(), TOLD, TOLD * 60);
		assert_int_equal(span(&h, conversations[i], 0, INT64_MAX, true), TOLD);
		assert_in_range(spent(), TOLD, TOLD * 100);
		assert_int_equal(span(&h, conversations[i], LINES / 2, INT64_MAX, false), TOLD);
		assert_int_equal(span(&h, conversations[i], 0, LINES / 2, true), TOLD);
		assert_in_range(spent(), TOLD, TOLD * 160);
		assert_int_equal(store_history_down(h.s, conversations[i], LINES / 2, TOLD, count, &n), 0);
		assert_int_equal(store_history_down_all(h.s, LINES / 2, TOLD, count, &n), 0);
		assert_int_equal(n, 2 * TOLD);
		assert_in_range(spent(), TOLD, TOLD * 100);
	}
	store_close(h.s);
}

static void places_and_times(void **state)
{
	struct history h;
	uint8_t msgid[16];
	uint64_t time_ms;
	int64_t id;
	fill(&h, state);
	assert_int_equal(store_history_at(h.s, 1000 + 12345, &id), 0);
	assert_int_equal(id, 12346);
	assert_in_range(spent(), 1, 1000);
	assert_int_equal(store_history_last(h.s, h.bob, &time_ms), 0);
	assert_int_equal(store_history_last(h.s, STORE_SELF, &time_ms), 0);
	assert_int_equal(store_history_last(h.s, STORE_SERVICE, &time_ms), 0);
	assert_int_equal(store_history_oldest(h.s, h.carol, &time_ms), 0);
	assert_int_equal(store_history_oldest(h.s, 0, &time_ms), 0);
	assert_in_range(spent(), 1, 1000);
	msgid_of(FIRST, msgid);
	assert_int_equal(store_line_find(h.s, h.bob, msgid, &id), 0);
	assert_int_equal(id, FIRST + 1);
	assert_in_range(spent(), 1, RUN * 8);
	msgid_of(LINES, msgid);
	assert_int_equal(store_line_find(h.s, h.bob, msgid, &id), ERR_NOT_FOUND);
	assert_in_range(spent(), 1, RUN * 8);
	store_close(h.s);
}

static void deleting(void **state)
{
	struct history h;
	size_t n;
	fill(&h, state);
	assert_int_equal(store_history_expire(h.s, h.bob, INT64_MAX, TOLD, &n), 0);
	assert_int_equal(n, TOLD);
	assert_in_range(spent(), TOLD, TOLD * 150);
	assert_int_equal(store_history_expire(h.s, 0, 1000, TOLD, &n), 0);
	assert_int_equal(n, 0);
	assert_int_equal(store_line_erase(h.s, LINES / 2), 0);
	assert_int_equal(store_line_erase(h.s, FIRST + 1), ERR_NOT_FOUND);
	assert_in_range(spent(), 1, TOLD * 60);
	store_close(h.s);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, help_setup, help_teardown)
	const struct CMUnitTest tests[] = {
	    T(spans_and_slices),
	    T(places_and_times),
	    T(deleting),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
