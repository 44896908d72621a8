/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Conversations are read back: spans, places, targets, search, markers; and what is not for reading. */
#include "history_help.h"

#define MANY 1000
#define LEAD 1000 /* milliseconds that times of lines may lead: conversation.c */

static int setup(void **state)
{
	world_setup(state);
	struct world *w = *state;
	know(w, "Bob");
	know(w, "Carol");
	hush(&w->alice);
	return 0;
}

/* ---- spans ---- */

/* Bob, Carol, notes and news, one after the other, five times. */
static int64_t talk(struct world *w)
{
	int64_t first = 0;
	for (unsigned i = 1; i <= 5; i++) {
		char text[8];
		jump(w, 1000);
		snprintf(text, sizeof(text), "b%u", i);
		const int64_t id = i % 2 ? hear(w, "Bob", text) : say(w, "Bob", text);
		first = first ? first : id;
		text[0] = 'c';
		hear(w, "Carol", text);
		text[0] = 'n';
		say(w, NOTES, text);
		text[0] = 'i';
		news(w, i % 2 ? "Bob" : NULL, text);
	}
	return first;
}

static void spans_of_one_conversation(void **state)
{
	struct world *w = *state;
	const int64_t b1 = talk(w), b3 = b1 + 8, bob = with(w, "Bob");
	assert_history(w, bob, "Bob:b1 Bob:b2 Bob:b3 Bob:b4 Bob:b5 ");
	assert_history(w, with(w, "Carol"), "Carol:c1 Carol:c2 Carol:c3 Carol:c4 Carol:c5 ");
	assert_history(w, CONVERSATION_SELF, "-:n1 -:n2 -:n3 -:n4 -:n5 ");
	assert_history(w, CONVERSATION_SERVICE, "Bob:i1 -:i2 Bob:i3 -:i4 Bob:i5 ");
	assert_span(w, bob, &(struct store_span){.before = INT64_MAX, .limit = 2}, "Bob:b1 Bob:b2 ");
	assert_span(w, bob, &(struct store_span){.before = INT64_MAX, .limit = 2, .latest = true},
		    "Bob:b4 Bob:b5 ");
	assert_span(w, bob, &(struct store_span){.before = INT64_MAX, .limit = 5, .latest = true},
		    "Bob:b1 Bob:b2 Bob:b3 Bob:b4 Bob:b5 ");
	assert_span(w, bob, &(struct store_span){.before = b3, .limit = 1, .latest = true}, "Bob:b2 ");
	assert_span(w, bob, &(struct store_span){.after = b3, .before = INT64_MAX, .limit = 1}, "Bob:b4 ");
	assert_span(w, bob, &(struct store_span){.after = b1, .before = b3, .limit = 9}, "Bob:b2 ");
	assert_span(w, bob, &(struct store_span){.after = b1, .before = b3, .limit = 9, .latest = true},
		    "Bob:b2 ");
	assert_span(w, bob, &(struct store_span){.after = b1, .before = b1 + 1, .limit = 9}, "");
	assert_span(w, CONVERSATION_SERVICE,
		    &(struct store_span){.before = INT64_MAX, .limit = 2, .latest = true}, "-:i4 Bob:i5 ");
	assert_span(w, CONVERSATION_SELF, &(struct store_span){.before = INT64_MAX}, "");
	assert_int_equal(chat_history(w->alice.chat, 999, 0, INT64_MAX, false, false, 9, join_history, NULL),
			 ERR_NOT_FOUND);
	assert_int_equal(chat_history(w->alice.chat, -3, 0, INT64_MAX, false, false, 9, join_history, NULL),
			 ERR_NOT_FOUND);
}

static int stop_at_once(void *ctx, const struct contact *contact, const struct line_row *l)
{
	(void)contact;
	(void)l;
	++*(unsigned *)ctx;
	return 77;
}

static void a_callback_ends_the_walk(void **state)
{
	struct world *w = *state;
	int64_t before = INT64_MAX;
	unsigned n = 0;
	const int64_t b1 = talk(w);
	assert_int_equal(
	    chat_history(w->alice.chat, with(w, "Bob"), 0, INT64_MAX, true, false, 9, stop_at_once, &n), 77);
	assert_int_equal(n, 1);
	const struct history_search q = {.conversation = with(w, "Bob"), .text = "3", .kind = -1};
	assert_int_equal(chat_history_search(w->alice.chat, &q, &before, 9, stop_at_once, &n), 77);
	assert_int_equal(n, 2);
	assert_int_equal(before, b1 + 8);
}

static void reactions_are_told_where_they_are_asked_for(void **state)
{
	struct world *w = *state;
	hear(w, "Bob", "hello");
	put_line(w, "Bob", LINE_IN, LINE_EVENTS, "smile");
	say(w, "Bob", "yes");
	put_line(w, "Bob", LINE_OUT, LINE_EVENTS + 2, "");
	const struct store_span all = {.before = INT64_MAX, .limit = 9, .events = true};
	const struct store_span two = {.before = INT64_MAX, .limit = 2, .events = true, .latest = true};
	const struct store_span plain = {.before = INT64_MAX, .limit = 2, .latest = true};
	assert_span(w, with(w, "Bob"), &all, "Bob:hello Bob:smile Bob:yes Bob: ");
	assert_span(w, with(w, "Bob"), &two, "Bob:yes Bob: ");
	assert_span(w, with(w, "Bob"), &plain, "Bob:hello Bob:yes ");
}

/* ---- places ---- */

static void assert_at(struct world *w, uint64_t time_ms, int64_t id)
{
	int64_t got = -1;
	assert_int_equal(chat_history_at(w->alice.chat, time_ms, &got), 0);
	assert_int_equal(got, id);
}

static void places_by_time(void **state)
{
	struct world *w = *state;
	const uint64_t start_ms = w->now.real_ms;
	const int64_t none = chat_last_line(w->alice.chat) + 1;
	assert_at(w, 0, none);
	for (unsigned i = 0; i < 40; i++) { /* four lines in each second, a millisecond apart */
		if (i % 4 == 0)
			jump(w, 1000);
		hear(w, i % 3 ? "Bob" : "Carol", "x");
	}
	assert_at(w, 0, none);
	assert_at(w, start_ms + 1000, none);
	for (unsigned i = 0; i < 40; i++) {
		const uint64_t time_ms = start_ms + 1000 * (i / 4 + 1) + i % 4;
		assert_at(w, time_ms, none + i);
		assert_at(w, time_ms + 1, none + i + 1);
	}
	assert_at(w, UINT64_MAX, none + 40);
}

/* The first of those that came at the same time. */
static void places_among_lines_of_one_time(void **state)
{
	struct world *w = *state;
	jump(w, 10000);
	const int64_t first = hear(w, "Bob", "x");
	const uint64_t start_ms = w->now.real_ms;
	for (unsigned i = 1; i < LEAD + 300; i++)
		hear(w, "Bob", "x");
	assert_at(w, start_ms + LEAD, first + LEAD);
	assert_at(w, start_ms + LEAD + 1, first + LEAD + 300);
	jump(w, 10000);
	hear(w, "Bob", "x");
	assert_at(w, start_ms + LEAD, first + LEAD);
	assert_at(w, start_ms + LEAD + 1, first + LEAD + 300);
}

/* Ids that are gone lead to the next that is there. */
static void places_among_gaps(void **state)
{
	struct world *w = *state;
	const uint64_t start_ms = w->now.real_ms;
	const int64_t first = chat_last_line(w->alice.chat) + 1;
	for (unsigned i = 0; i < 30; i++) {
		jump(w, 1000);
		hear(w, i < 10 || i % 2 || i == 28 ? "Carol" : "Bob", "x");
	}
	assert_int_equal(chat_remove(w->alice.chat, w->now, "Carol"), 0);
	assert_at(w, 0, first + 10);
	for (unsigned i = 10; i < 26; i++)
		assert_at(w, start_ms + 1000 * (i + 1), first + i + i % 2);
	assert_at(w, start_ms + 27001, first + 30);
	assert_at(w, start_ms + 30000, first + 30);
}

static void assert_found(struct world *w, int64_t conversation, const char *text, int64_t id)
{
	uint8_t msgid[MSGID_BYTES];
	int64_t got = 0;
	msgid_of(text, msgid);
	assert_int_equal(chat_history_find(w->alice.chat, conversation, msgid, &got), id ? 0 : ERR_NOT_FOUND);
	assert_int_equal(got, id);
}

static void places_by_msgid(void **state)
{
	struct world *w = *state;
	const int64_t b1 = talk(w), bob = with(w, "Bob"), carol = with(w, "Carol");
	assert_found(w, bob, "b1", b1);
	assert_found(w, bob, "b4", b1 + 12);
	assert_found(w, carol, "c1", b1 + 1);
	assert_found(w, CONVERSATION_SELF, "n5", b1 + 18);
	assert_found(w, CONVERSATION_SERVICE, "i1", b1 + 3);
	assert_found(w, CONVERSATION_SERVICE, "i2", b1 + 7);
	/* of another conversation, or of none */
	assert_found(w, bob, "c1", 0);
	assert_found(w, bob, "i1", 0);
	assert_found(w, CONVERSATION_SELF, "i2", 0);
	assert_found(w, CONVERSATION_SERVICE, "n5", 0);
	assert_found(w, bob, "b6", 0);
	/* Bob may give his message the id of one of Carol's */
	const int64_t same = hear(w, "Bob", "c1");
	assert_found(w, carol, "c1", b1 + 1);
	assert_found(w, bob, "c1", same);
	assert_found(w, 999, "b1", 0);
}

static void old_lines_are_found_among_thousands(void **state)
{
	struct world *w = *state;
	const int64_t first = hear(w, "Bob", "the first");
	for (unsigned i = 0; i < 9000; i++)
		hear(w, i % 2 ? "Bob" : "Carol", "x");
	const int64_t last = say(w, "Bob", "the last");
	assert_found(w, with(w, "Bob"), "the first", first);
	assert_found(w, with(w, "Bob"), "the last", last);
	assert_found(w, with(w, "Bob"), "the middle", 0);
	party_turn(&w->alice);
	party_restart(&w->alice);
	assert_found(w, with(w, "Bob"), "the first", first);
	assert_int_equal(chat_remove(w->alice.chat, w->now, "Carol"), 0);
	pass(w, 1000);
	assert_found(w, with(w, "Bob"), "the first", first);
}

/* ---- targets ---- */

static int join_target(void *ctx, int64_t conversation, const struct contact *contact, uint64_t last_ms)
{
	char word[80];
	snprintf(word, sizeof(word), "%s%s at %d ",
		 conversation == CONVERSATION_SERVICE ? "service"
		 : conversation			      ? ""
						      : "notes",
		 contact ? nick_of(contact) : "", (int)(last_ms - 1700000000000));
	strcat(ctx, word);
	return 0;
}

static void assert_targets(struct world *w, uint64_t after_ms, uint64_t before_ms, size_t limit,
			   const char *expected)
{
	char all[500] = "";
	assert_int_equal(chat_history_targets(w->alice.chat, 1700000000000 + after_ms,
					      1700000000000 + before_ms, limit, join_target, all),
			 0);
	assert_string_equal(all, expected);
}

static void targets_by_their_last_line(void **state)
{
	struct world *w = *state;
	assert_targets(w, 0, 99999, 9, "");
	for (unsigned round = 0; round < 2; round++) {
		jump(w, 1000);
		hear(w, "Carol", "one");
		say(w, NOTES, "two");
		jump(w, 1000);
		say(w, "Bob", "three");
		news(w, "Carol", "four");
	}
	jump(w, 1000);
	put_line(w, "Carol", LINE_IN, LINE_EVENTS, "smile");
	for (unsigned i = 0; i < 2; i++) {
		assert_targets(w, 0, 99999, 9, "Carol at 3000 notes at 3001 Bob at 4000 service at 4001 ");
		assert_targets(w, 0, 99999, 3, "Carol at 3000 notes at 3001 Bob at 4000 ");
		assert_targets(w, 3001, 99999, 9, "Bob at 4000 service at 4001 ");
		assert_targets(w, 2999, 4000, 9, "Carol at 3000 notes at 3001 ");
		assert_targets(w, 3001, 4000, 9, "");
		party_turn(&w->alice);
		party_restart(&w->alice); /* the second time they are looked up */
		hush(&w->alice);
	}
	jump(w, 1000);
	hear(w, "Carol", "five");
	assert_targets(w, 3999, 99999, 9, "Bob at 4000 service at 4001 Carol at 6000 ");
	assert_int_equal(chat_remove(w->alice.chat, w->now, "Bob"), 0);
	assert_targets(w, 3999, 99999, 9, "service at 4001 Carol at 6000 ");
}

/* ---- search ---- */

/* Slice by slice to the end; how many there were. */
static unsigned search(struct world *w, const struct history_search *q, size_t limit, char all[4096])
{
	int64_t before = INT64_MAX;
	unsigned slices = 0;
	all[0] = '\0';
	while (before) {
		const int64_t was = before;
		assert_int_equal(chat_history_search(w->alice.chat, q, &before, limit, join_history, all), 0);
		assert_true(before < was);
		slices++;
	}
	return slices;
}

static void assert_search(struct world *w, const struct history_search *q, const char *expected)
{
	char all[4096];
	search(w, q, SIZE_MAX, all);
	assert_string_equal(all, expected);
	search(w, q, 1, all); /* one at a time */
	assert_string_equal(all, expected);
}

static void search_by_text_and_place(void **state)
{
	struct world *w = *state;
	hear(w, "Bob", "The Eagle lands");
	say(w, "Bob", "which eagle?");
	hear(w, "Carol", "eagl");
	say(w, NOTES, "EAGLE!");
	news(w, "Carol", "no such eagle");
	put_line(w, "Bob", LINE_IN, LINE_EVENTS, "eagle");
	put_line(w, "Bob", LINE_IN, MESSAGE_NOTICE + 1, "eagle");
	hear(w, "Bob", "\303\204gypten");
	assert_search(w, &(struct history_search){.all = true, .text = "eaGle", .kind = -1},
		      "Carol:no such eagle -:EAGLE! Bob:which eagle? Bob:The Eagle lands ");
	assert_search(w,
		      &(struct history_search){.conversation = with(w, "Bob"), .text = "eagle", .kind = -1},
		      "Bob:which eagle? Bob:The Eagle lands ");
	assert_search(w, &(struct history_search){.conversation = with(w, "Bob"), .kind = LINE_IN},
		      "Bob:\303\204gypten Bob:The Eagle lands ");
	assert_search(w, &(struct history_search){.all = true, .text = "eagle", .kind = LINE_OUT},
		      "-:EAGLE! Bob:which eagle? ");
	assert_search(w, &(struct history_search){.text = "eagle", .kind = -1}, "-:EAGLE! ");
	assert_search(w,
		      &(struct history_search){.conversation = CONVERSATION_SERVICE, .text = "", .kind = -1},
		      "Carol:no such eagle ");
	assert_search(w, &(struct history_search){.all = true, .text = "\303\204g", .kind = -1},
		      "Bob:\303\204gypten ");
	assert_search(w, &(struct history_search){.all = true, .text = "the eagle lands.", .kind = -1}, "");
}

static void search_by_time(void **state)
{
	struct world *w = *state;
	const uint64_t start_ms = w->now.real_ms;
	talk(w); /* at each whole second */
	assert_search(w,
		      &(struct history_search){.conversation = with(w, "Bob"),
					       .kind = -1,
					       .after_ms = start_ms + 1000,
					       .before_ms = start_ms + 4000},
		      "Bob:b3 Bob:b2 ");
	assert_search(
	    w, &(struct history_search){.all = true, .text = "5", .kind = -1, .after_ms = start_ms + 4999},
	    "Bob:i5 -:n5 Carol:c5 Bob:b5 ");
	assert_search(w, &(struct history_search){.all = true, .kind = -1, .before_ms = start_ms + 1000}, "");
}

static void a_search_goes_in_slices(void **state)
{
	struct world *w = *state;
	char all[4096];
	hear(w, "Bob", "needle");
	for (unsigned i = 0; i < MANY; i++)
		hear(w, "Carol", i == 500 ? "needle" : "hay");
	const struct history_search in_all = {.all = true, .text = "needle", .kind = -1};
	const struct history_search in_bob = {.conversation = with(w, "Bob"), .text = "needle", .kind = -1};
	assert_in_range(search(w, &in_all, SIZE_MAX, all), MANY / HISTORY_SLICE, MANY / HISTORY_SLICE + 2);
	assert_string_equal(all, "Carol:needle Bob:needle ");
	assert_in_range(search(w, &in_bob, SIZE_MAX, all), 1, 1);
	assert_string_equal(all, "Bob:needle ");
	int64_t before = INT64_MAX;
	assert_int_equal(chat_history_search(w->alice.chat, &in_all, &before, 9, join_history, all), 0);
	assert_int_equal(before, chat_last_line(w->alice.chat) - HISTORY_SLICE + 1);
}

/* ---- read markers ---- */

static void assert_marker(struct world *w, int64_t conversation, uint64_t time_ms)
{
	uint64_t got = 1;
	assert_int_equal(chat_marker(w->alice.chat, conversation, &got), 0);
	assert_int_equal(got, time_ms);
}

static void a_marker_only_goes_on(void **state)
{
	struct world *w = *state;
	struct chat *c = w->alice.chat;
	const int64_t bob = with(w, "Bob");
	uint64_t got;
	assert_marker(w, bob, 0);
	assert_int_equal(chat_marker_set(c, bob, 5000), 0);
	assert_int_equal(chat_marker_set(c, bob, 4999), ERR_EXISTS);
	assert_int_equal(chat_marker_set(c, bob, 5000), 0);
	assert_marker(w, bob, 5000);
	assert_int_equal(chat_marker_set(c, bob, 6000), 0);
	assert_int_equal(chat_marker_set(c, CONVERSATION_SELF, 100), 0);
	assert_int_equal(chat_marker_set(c, CONVERSATION_SERVICE, 200), 0);
	assert_int_equal(chat_marker_set(c, CONVERSATION_CHANNEL, 300), 0);
	assert_int_equal(chat_marker_set(c, bob, (uint64_t)INT64_MAX + 1), ERR_INVALID);
	assert_int_equal(chat_marker_set(c, 999, 1), ERR_NOT_FOUND);
	assert_int_equal(chat_marker(c, 999, &got), ERR_NOT_FOUND);
	party_turn(&w->alice);
	party_restart(&w->alice);
	assert_marker(w, bob, 6000);
	assert_marker(w, with(w, "Carol"), 0);
	assert_marker(w, CONVERSATION_SELF, 100);
	assert_marker(w, CONVERSATION_SERVICE, 200);
	assert_marker(w, CONVERSATION_CHANNEL, 300);
}

static void a_marker_goes_with_its_contact(void **state)
{
	struct world *w = *state;
	const int64_t bob = with(w, "Bob"), carol = with(w, "Carol");
	uint64_t time_ms;
	for (unsigned i = 0; i < 600; i++) /* so that Carol is buried */
		hear(w, "Carol", "x");
	assert_int_equal(chat_marker_set(w->alice.chat, bob, 1), 0);
	assert_int_equal(chat_marker_set(w->alice.chat, carol, 1), 0);
	assert_int_equal(chat_remove(w->alice.chat, w->now, "Bob"), 0);
	assert_int_equal(chat_remove(w->alice.chat, w->now, "Carol"), 0);
	assert_int_equal(store_marker_get(w->alice.chat->store, bob, &time_ms), ERR_NOT_FOUND);
	assert_int_equal(store_marker_get(w->alice.chat->store, carol, &time_ms), ERR_NOT_FOUND);
}

/* ---- what nobody is shown ---- */

static void what_is_erased_is_not_told(void **state)
{
	struct world *w = *state;
	char all[4096] = "";
	jump(w, 500);
	hear(w, "Bob", "one");
	jump(w, 1000);
	const int64_t id = hear(w, "Bob", "canary");
	hear(w, "Carol", "canary"); /* under the same id */
	assert_int_equal(history_erase(w->alice.chat, who(w, "Bob")->impl, id), 0);
	party_turn(&w->alice);
	for (unsigned i = 0; i < 2; i++) {
		assert_history(w, with(w, "Bob"), "Bob:one ");
		assert_history(w, with(w, "Carol"), "Carol:canary ");
		assert_span(w, with(w, "Bob"),
			    &(struct store_span){.before = INT64_MAX, .latest = true, .limit = 1},
			    "Bob:one ");
		assert_found(w, with(w, "Bob"), "canary", id);
		assert_targets(w, 0, 1000, 9, "Bob at 500 ");
		assert_search(w, &(struct history_search){.all = true, .kind = -1}, "Carol:canary Bob:one ");
		all[0] = '\0';
		assert_int_equal(chat_lines(w->alice.chat, 0, 2, join_history, all), 0);
		assert_string_equal(all, "Bob:one Carol:canary ");
		party_restart(&w->alice);
		hush(&w->alice);
	}
}

static void a_removed_contact_is_nowhere(void **state)
{
	struct world *w = *state;
	const struct history_search q = {.all = true, .kind = -1};
	talk(w);
	for (unsigned i = 0; i < MANY; i++)
		hear(w, "Bob", "x");
	news(w, "Bob", "i6");
	const int64_t bob = with(w, "Bob");
	assert_int_equal(chat_remove(w->alice.chat, w->now, "Bob"), 0);
	for (unsigned i = 0; i < 6; i++) { /* while the rest of it goes */
		char all[4096];
		assert_history(w, CONVERSATION_SERVICE, "-:i2 -:i4 ");
		assert_span(w, CONVERSATION_SERVICE,
			    &(struct store_span){.before = INT64_MAX, .latest = true, .limit = 2},
			    "-:i2 -:i4 ");
		search(w, &q, SIZE_MAX, all);
		assert_string_equal(all,
				    "-:n5 Carol:c5 -:i4 -:n4 Carol:c4 -:n3 Carol:c3 -:i2 -:n2 Carol:c2 -:n1 "
				    "Carol:c1 ");
		assert_targets(w, 0, 99999, 9, "service at 4003 Carol at 5001 notes at 5002 ");
		assert_int_equal(
		    chat_history(w->alice.chat, bob, 0, INT64_MAX, false, false, 9, join_history, all),
		    ERR_NOT_FOUND);
		party_turn(&w->alice);
		jump(w, 1);
	}
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, world_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(spans_of_one_conversation),
	    TEST(a_callback_ends_the_walk),
	    TEST(reactions_are_told_where_they_are_asked_for),
	    TEST(places_by_time),
	    TEST(places_among_lines_of_one_time),
	    TEST(places_among_gaps),
	    TEST(places_by_msgid),
	    TEST(old_lines_are_found_among_thousands),
	    TEST(targets_by_their_last_line),
	    TEST(search_by_text_and_place),
	    TEST(search_by_time),
	    TEST(a_search_goes_in_slices),
	    TEST(a_marker_only_goes_on),
	    TEST(a_marker_goes_with_its_contact),
	    TEST(what_is_erased_is_not_told),
	    TEST(a_removed_contact_is_nowhere),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
