/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Dead links, suspected links, sleep: how soon it is noticed, and what is not taken for it. */
#include "chat_help.h"

#include "../../src/chat/chat_impl.h"

#define GONE "Bob is offline, was online"

static struct chat_link *link_to_bob(struct world *w)
{
	struct chat_link *l = links_current(bob_of(w)->impl);
	assert_non_null(l);
	return l;
}

static size_t frames_of(const struct world *w, uint8_t type)
{
	size_t n = 0;
	for (size_t i = 0; i < w->n_frames; i++)
		n += w->frames[i].type == type;
	return n;
}

/* Alice runs alone for a while, and what she sends goes nowhere; her dials fail at once if so wished. */
static void alone(struct world *w, uint64_t ms, bool dials_fail)
{
	const uint64_t until = w->now.mono_ms + ms;
	for (;;) {
		party_turn(&w->alice);
		while (dials_fail && w->alice.n_dials) {
			const struct chat_dial d = take_dial(&w->alice, 0);
			chat_on_dial_failed(w->alice.chat, w->now, d.id, false, "not reachable");
		}
		const uint64_t next = chat_deadline(w->alice.chat);
		if (next > until)
			break;
		if (next > w->now.mono_ms)
			jump(w, next - w->now.mono_ms);
	}
	jump(w, until - w->now.mono_ms);
	w->n_frames = 0;
}

/* ---- dead links ---- */

/* A random source by which every jitter of the time to ping is the shortest, or the longest. */
static void fill_extreme(void *ctx, uint8_t *out, size_t len)
{
	const uint64_t v = 12001 * 1000000007ull + *(const uint64_t *)ctx;
	memset(out, 7, len);
	memcpy(out, &v, len < sizeof(v) ? len : sizeof(v));
}

static uint64_t ms_until_gone(struct world *w)
{
	const uint64_t from = w->now.mono_ms;
	hush(&w->alice);
	party_kill(&w->bob, false);
	while (!said(&w->alice, GONE) && w->now.mono_ms - from < 300000)
		alone(w, 500, true);
	return w->now.mono_ms - from;
}

static void bob_comes_back(struct world *w)
{
	hush(&w->alice);
	hush(&w->bob);
	party_start(&w->bob);
	meet(w);
}

static void a_dead_link_is_shown_within_90_seconds(void **state)
{
	struct world *w = *state;
	static uint64_t draws[] = {0, 12000};
	befriend(w);
	const struct rng fair = w->alice.rng;
	for (unsigned i = 0; i < 24; i++) {
		pass(w, 1000 + 1700 * i);
		if (i % 3)
			w->alice.rng = (struct rng){fill_extreme, &draws[i % 3 - 1]};
		assert_in_range(ms_until_gone(w), 30000, 90000);
		w->alice.rng = fair;
		bob_comes_back(w);
	}
}

/* The time is counted from the silence: that he was heard just after a ping was due changes nothing. */
static void the_longest_silence_is_noticed_in_time(void **state)
{
	struct world *w = *state;
	static uint64_t longest = 12000;
	befriend(w);
	w->alice.rng = (struct rng){fill_extreme, &longest};
	pass(w, 100000);
	for (unsigned i = 0; i < 29; i++) { /* he speaks at odd times, and is silent from then on */
		pass(w, 1000);
		assert_int_equal(chat_set_away(w->bob.chat, w->now, i % 2 ? NULL : "lunch"), 0);
		settle(w);
	}
	assert_int_equal(chat_set_away(w->bob.chat, w->now, NULL), 0);
	settle(w);
	assert_in_range(ms_until_gone(w), 60000, 90000);
}

/* Under constant cover what is said leaves slot by slot, and so does the ping: neither is taken for silence of
 * the other side, and a dead link is noticed no later. */
static void slots_are_no_silence(void **state)
{
	struct world *w = *state;
	befriend(w);
	assert_int_equal(chat_set_cover(w->alice.chat, w->now, COVER_CONSTANT), 0);
	pass(w, 60000);
	const size_t dials = w->alice.dials;
	assert_int_equal(send_text(&w->alice, bob_of(w), "a long text"), 0);
	alone(w, 22000, false);
	assert_int_equal(w->alice.dials, dials);
	assert_int_equal(pairs_open(w), 1);
	ms_until_gone(w);
	bob_comes_back(w);
	for (unsigned i = 0; i < 24; i++) {
		pass(w, 1000 + 1700 * i);
		assert_in_range(ms_until_gone(w), 30000, 90000);
		bob_comes_back(w);
	}
}

/* Links that open, are never heard, and break. */
static void unheard_links_do_not_lengthen_the_grace(void **state)
{
	struct world *w = *state;
	befriend(w);
	hush(&w->alice);
	cut(pair_open(w));
	party_tor(&w->bob, false);
	const uint64_t from = w->now.mono_ms;
	while (!said(&w->alice, GONE) && w->now.mono_ms - from < 300000) {
		if (w->alice.n_dials) {
			struct pair *pair = connect_dial(&w->alice);
			party_turn(&w->alice);
			cut(pair);
		}
		alone(w, 500, false);
	}
	assert_in_range(w->now.mono_ms - from, 29000, 31000);
}

static void who_answers_again_is_shown_at_once(void **state)
{
	struct world *w = *state;
	befriend(w);
	ms_until_gone(w);
	hush(&w->alice);
	party_start(&w->bob);
	pass(w, 5000);
	assert_int_equal(said(&w->alice, "Bob is online"), 0);
	connect_dial(&w->bob);
	const uint64_t from = w->now.mono_ms;
	settle(w);
	assert_int_equal(said(&w->alice, "Bob is online, was offline"), 1);
	assert_int_equal(w->now.mono_ms, from);
}

/* ---- suspicion ---- */

static void an_unanswered_link_is_suspected_once(void **state)
{
	struct world *w = *state;
	befriend(w);
	const size_t dials = w->alice.dials;
	struct pair *pair = pair_open(w);
	const int side = pair->p[0] == &w->alice ? 0 : 1;
	party_kill(&w->bob, false);
	links_expect(w->alice.chat, w->now, link_to_bob(w));
	alone(w, 4900, false);
	assert_int_equal(w->alice.dials, dials);
	assert_int_equal(link_to_bob(w)->pinged_ms, 0);
	jump(w, 100);
	party_turn(&w->alice);
	assert_int_equal(frames_of(w, FRAME_PING), 1);
	alone(w, 200, false);
	assert_int_equal(w->alice.dials, dials + 1);
	assert_true(pair->open[side]);
	assert_int_equal(bob_of(w)->presence, PRESENCE_ONLINE);
	/* More that is sent into the silence does not dial more. */
	for (unsigned s = 0; s < 20; s++) {
		links_expect(w->alice.chat, w->now, link_to_bob(w));
		alone(w, 1000, false);
	}
	assert_true(pair->open[side]);
	assert_int_equal(w->alice.dials, dials + 1);
}

static void dials_beside_back_off(void **state)
{
	struct world *w = *state;
	befriend(w);
	const size_t dials = w->alice.dials;
	struct pair *pair = pair_open(w);
	const int side = pair->p[0] == &w->alice ? 0 : 1;
	party_kill(&w->bob, false);
	links_expect(w->alice.chat, w->now, link_to_bob(w));
	alone(w, 32000, true);
	assert_true(pair->open[side]);
	assert_string_equal(bob_of(w)->trouble, "");   /* a link stands */
	assert_in_range(w->alice.dials - dials, 2, 3); /* after 5 s, 10 s later, 20 s later, jittered */
	alone(w, 2000, true);
	assert_false(pair->open[side]); /* the ping at 5 s was not answered for 28 s */
}

/* A link that stutters, and a contact that can't be dialled. */
static void a_stuttering_link_is_no_reason_to_hammer(void **state)
{
	struct world *w = *state;
	befriend(w);
	const size_t dials = w->alice.dials;
	for (unsigned i = 0; i < 60; i++) {
		links_expect(w->alice.chat, w->now, link_to_bob(w));
		alone(w, 5100, true);
		assert_true(link_to_bob(w)->suspected);
		links_heard(w->alice.chat, w->now, link_to_bob(w));
	}
	assert_in_range(w->alice.dials - dials, 3, 9);
}

/* On a slow path every link is suspected, and each that is used instead begins anew. */
static void slow_links_do_not_chase_each_other(void **state)
{
	struct world *w = *state;
	befriend(w);
	const size_t dials = w->alice.dials;
	for (unsigned i = 0; i < 60; i++) {
		struct chat_link *l = NULL;
		while ((l = links_next(w->alice.chat, l)))
			links_expect(w->alice.chat, w->now, l);
		alone(w, 5100, false);
		while (w->alice.n_dials)
			connect_dial(&w->alice);
		settle(w);
	}
	assert_in_range(w->alice.dials - dials, 3, 8);
	/* Something is delivered: the next suspicion counts as the first. */
	pass(w, 40000);
	assert_int_equal(send_text(&w->alice, bob_of(w), "at last"), 0);
	settle(w);
	assert_int_equal(said(&w->bob, "in Alice: at last"), 1);
	assert_int_equal(bob_of(w)->impl->suspicions, 0);
}

static void the_second_circuit_takes_over(void **state)
{
	struct world *w = *state;
	befriend(w);
	hush(&w->alice);
	struct pair *old = pair_open(w);
	const int side = old->p[0] == &w->alice ? 0 : 1;
	old->open[!side] = false; /* Bob's end is gone, and nobody told Alice */
	chat_on_link_closed(w->bob.chat, w->now, old->id[!side]);
	party_tor(&w->bob, false);
	links_expect(w->alice.chat, w->now, link_to_bob(w));
	pass(w, 5100);
	assert_true(old->open[side]);
	connect_dial(&w->alice);
	settle(w);
	assert_int_equal(send_text(&w->alice, bob_of(w), "still there?"), 0);
	settle(w);
	assert_int_equal(said(&w->bob, "in Alice: still there?"), 1);
	pass(w, 60000);
	assert_false(old->open[side]);
	assert_int_equal(pairs_open(w), 1);
	assert_int_equal(said(&w->alice, "offline"), 0);
}

static void an_answer_leaves_no_suspicion(void **state)
{
	struct world *w = *state;
	befriend(w);
	const size_t dials = w->alice.dials;
	links_expect(w->alice.chat, w->now, link_to_bob(w));
	jump(w, 4000);
	party_turn(&w->alice);
	links_answered(w->alice.chat, w->now, link_to_bob(w));
	jump(w, 4000);
	party_turn(&w->alice);
	assert_int_equal(frames_of(w, FRAME_PING), 0);
	settle(w);
	assert_int_equal(w->alice.dials, dials);
}

/* Anything that comes proves the link; the answer is awaited anew. */
static void anything_heard_clears_the_suspicion(void **state)
{
	struct world *w = *state;
	befriend(w);
	assert_int_equal(send_text(&w->bob, alice_of(w), "no ping is due for a while"), 0);
	settle(w);
	const size_t dials = w->alice.dials;
	struct chat_link *l = link_to_bob(w);
	links_expect(w->alice.chat, w->now, l);
	pass(w, 4000);
	assert_int_equal(chat_set_away(w->bob.chat, w->now, "lunch"), 0);
	settle(w);
	pass(w, 4900);
	assert_int_equal(l->pinged_ms, 0);
	jump(w, 200);
	party_turn(&w->alice);
	assert_true(l->suspected);
	assert_int_equal(frames_of(w, FRAME_PING), 1);
	/* The PONG comes before the second circuit is dialled, and is all that was awaited. */
	settle(w);
	assert_false(l->suspected);
	pass(w, 15000);
	assert_int_equal(l->silent_ms, 0);
	assert_int_equal(w->alice.dials, dials);
}

static void slow_links_have_more_time(void **state)
{
	struct world *w = *state;
	befriend(w);
	struct chat_link *l = link_to_bob(w);
	links_expect(w->alice.chat, w->now, l);
	jump(w, 3000);
	links_heard(w->alice.chat, w->now, l);
	links_answered(w->alice.chat, w->now, l);
	settle(w);
	const size_t dials = w->alice.dials;
	party_kill(&w->bob, false);
	links_expect(w->alice.chat, w->now, l);
	const uint64_t patience = 4 * l->srtt_ms;
	assert_in_range(patience, 11000, 13000);
	alone(w, patience - 100, false);
	assert_int_equal(w->alice.dials, dials);
	alone(w, 200, false);
	assert_int_equal(w->alice.dials, dials + 1);
}

/* A PONG measures exactly, and only the ping that it names. */
static void pongs_measure_the_round_trip(void **state)
{
	struct world *w = *state;
	befriend(w);
	struct chat_link *l = link_to_bob(w);
	for (unsigned i = 0; i < 60; i++) {
		chat_wake(w->alice.chat, w->now);
		jump(w, 800);
		links_pong(w->alice.chat, w->now, l, l->ping_token + 1);
		assert_int_not_equal(l->timed_ms, 0);
		links_pong(w->alice.chat, w->now, l, l->ping_token);
		settle(w);
	}
	assert_in_range(l->srtt_ms, 780, 800);
	const uint64_t before = l->srtt_ms;
	links_pong(w->alice.chat, w->now, l, l->ping_token); /* twice */
	assert_int_equal(l->srtt_ms, before);
}

/* ---- sleep ---- */

static void a_sleep_drops_no_link(void **state)
{
	struct world *w = *state;
	befriend(w);
	struct pair *pair = pair_open(w);
	hush(&w->alice);
	hush(&w->bob);
	for (unsigned i = 0; i < 8; i++) {
		const size_t dials = w->alice.dials + w->bob.dials;
		jump(w, 36000 + i * 1000000);
		/* Alone she asks; the link stands, suspected. */
		party_turn(&w->alice);
		assert_true(pair->open[0] && pair->open[1]);
		assert_int_equal(frames_of(w, FRAME_PING), 1);
		pass(w, 60000);
		assert_true(pair->open[0] && pair->open[1]);
		assert_int_equal(w->alice.dials + w->bob.dials, dials);
	}
	assert_string_equal(w->alice.told, "");
	assert_string_equal(w->bob.told, "");
}

static void a_link_that_died_in_sleep_is_known_soon(void **state)
{
	struct world *w = *state;
	befriend(w);
	hush(&w->alice);
	const size_t dials = w->alice.dials;
	struct pair *pair = pair_open(w);
	const int side = pair->p[0] == &w->alice ? 0 : 1;
	party_kill(&w->bob, false);
	jump(w, 3600 * 1000);
	party_turn(&w->alice);
	assert_true(pair->open[side]);
	alone(w, 5000, false);
	assert_true(pair->open[side]);
	assert_int_equal(w->alice.dials, dials + 1); /* beside it */
	alone(w, 4900, false);
	assert_true(pair->open[side]);
	alone(w, 200, false);
	assert_false(pair->open[side]);
	alone(w, 29000, false);
	assert_string_equal(w->alice.told, "");
	alone(w, 1100, false);
	assert_int_equal(said(&w->alice, GONE), 1);
	assert_int_equal(w->alice.dials, dials + 1);
}

/* What had no time to speak before we slept gets it after. */
static void a_link_that_just_opened_survives_sleep(void **state)
{
	struct world *w = *state;
	befriend(w);
	cut(pair_open(w));
	pass(w, 2000);
	struct pair *pair = connect_dial(&w->alice);
	jump(w, 600000);
	party_turn(&w->alice);
	assert_true(pair->open[0]);
	settle(w);
	pass(w, 60000);
	assert_int_equal(pairs_open(w), 1);
	assert_true(bob_of(w)->link_up);
	/* Nor does it get less time because the network changes. */
	cut(pair_open(w));
	pass(w, 2000);
	pair = connect_dial(&w->alice);
	chat_wake(w->alice.chat, w->now);
	alone(w, 27000, false);
	assert_true(pair->open[0]);
	alone(w, 2000, false);
	assert_false(pair->open[0]);
}

static void sleep_resets_the_back_off(void **state)
{
	struct world *w = *state;
	befriend(w);
	party_kill(&w->bob, true);
	alone(w, 5 * 3600 * 1000, true);
	party_turn(&w->alice);
	size_t dials = w->alice.dials;
	/* A little late is not asleep. */
	jump(w, 34000);
	alone(w, 6000, true);
	assert_int_equal(w->alice.dials, dials);
	jump(w, 100000);
	alone(w, 5100, false);
	assert_int_equal(w->alice.dials, dials + 1);
	alone(w, 1, true);
	dials = w->alice.dials;
	alone(w, 14000, true);
	assert_int_equal(w->alice.dials, dials + 1); /* the first pause again */
}

static void a_sleep_without_any_link_is_noticed(void **state)
{
	struct world *w = *state;
	befriend(w);
	chat_shutdown(w->bob.chat, w->now, "logged out");
	settle(w);
	assert_int_equal(w->alice.n_dials, 0);
	pass(w, 60000);
	assert_int_equal(w->alice.n_dials, 0);
	assert_true(chat_deadline(w->alice.chat) <= w->now.mono_ms + 20000);
	jump(w, 100000);
	pass(w, 5100);
	assert_int_equal(w->alice.n_dials, 1);
}

/* The network changes again and again: that gives a dead link no more time. */
static void waking_twice_gives_no_more_time(void **state)
{
	struct world *w = *state;
	befriend(w);
	struct pair *pair = pair_open(w);
	const int side = pair->p[0] == &w->alice ? 0 : 1;
	party_kill(&w->bob, false);
	for (unsigned s = 0; s < 11; s++) {
		assert_true(pair->open[side] || s >= 10);
		chat_wake(w->alice.chat, w->now);
		alone(w, 1000, false);
	}
	assert_false(pair->open[side]);
}

static void who_went_offline_does_not_wake(void **state)
{
	struct world *w = *state;
	befriend(w);
	const size_t dials = w->alice.dials;
	chat_shutdown(w->alice.chat, w->now, "logged out");
	settle(w);
	assert_true(chat_deadline(w->alice.chat) == TICK_NEVER);
	jump(w, 3600 * 1000);
	party_turn(&w->alice);
	chat_wake(w->alice.chat, w->now);
	alone(w, 60000, false);
	assert_int_equal(w->alice.dials, dials);
}

/* ---- dialling again ---- */

/* Tor restarts while links seem to stand: they are asked. */
static void tor_came_back(void **state)
{
	struct world *w = *state;
	befriend(w);
	party_kill(&w->bob, false);
	party_tor(&w->alice, false);
	party_tor(&w->alice, true);
	party_turn(&w->alice);
	assert_int_equal(frames_of(w, FRAME_PING), 1);
	const size_t dials = w->alice.dials;
	alone(w, 5100, false);
	assert_int_equal(w->alice.dials, dials + 1);
}

/* Somebody who is away for days costs about a dial an hour, at no regular time; a message or two change
 * little, `retry` dials at once. */
static void a_waiting_sender_tries_about_hourly(void **state)
{
	enum { N = 24 };
	struct world *w = *state;
	uint64_t at[N];
	uint64_t differs = 0;
	befriend(w);
	party_kill(&w->bob, true);
	assert_int_equal(send_text(&w->alice, bob_of(w), "when you are back"), 0);
	alone(w, 6 * 3600 * 1000, true);
	for (unsigned i = 0; i < N; i++) {
		const size_t dials = w->alice.dials;
		while (w->alice.dials == dials)
			alone(w, 1000, true);
		at[i] = w->now.mono_ms;
	}
	for (unsigned i = 1; i < N; i++) {
		assert_in_range(at[i] - at[i - 1], 2700 * 1000 - 1000, 4500 * 1000 + 1000);
		differs += i > 1 && at[i] - at[i - 1] != at[i - 1] - at[i - 2];
	}
	assert_true(differs > N / 2);
	const size_t dials = w->alice.dials;
	chat_retry(w->alice.chat, w->now, bob_of(w));
	party_turn(&w->alice);
	assert_int_equal(w->alice.dials, dials + 1);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(a_dead_link_is_shown_within_90_seconds),
	    TEST(the_longest_silence_is_noticed_in_time),
	    TEST(slots_are_no_silence),
	    TEST(unheard_links_do_not_lengthen_the_grace),
	    TEST(who_answers_again_is_shown_at_once),
	    TEST(an_unanswered_link_is_suspected_once),
	    TEST(dials_beside_back_off),
	    TEST(a_stuttering_link_is_no_reason_to_hammer),
	    TEST(slow_links_do_not_chase_each_other),
	    TEST(the_second_circuit_takes_over),
	    TEST(an_answer_leaves_no_suspicion),
	    TEST(anything_heard_clears_the_suspicion),
	    TEST(slow_links_have_more_time),
	    TEST(pongs_measure_the_round_trip),
	    TEST(a_sleep_drops_no_link),
	    TEST(a_link_that_died_in_sleep_is_known_soon),
	    TEST(a_link_that_just_opened_survives_sleep),
	    TEST(sleep_resets_the_back_off),
	    TEST(a_sleep_without_any_link_is_noticed),
	    TEST(waking_twice_gives_no_more_time),
	    TEST(who_went_offline_does_not_wake),
	    TEST(tor_came_back),
	    TEST(a_waiting_sender_tries_about_hourly),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
