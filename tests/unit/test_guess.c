/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Wrong passwords are counted by name and forgotten; logins take turns. */
#include "unit.h"

#include <stdio.h>

#include "../../src/gateway/guess.h"
#include "../../src/gateway/login_queue.h"

#define MINUTE GUESS_FORGET_MS

/* ---- counting ---- */

static struct guesses *counted(void)
{
	static struct guesses g;
	uint64_t seed = 3;
	struct rng rng = unit_rng(&seed);

	guess_init(&g, &rng);
	return &g;
}

static void wrong_ones_add_up_for_a_name_whatever_its_case(void **state)
{
	struct guesses *g = counted();

	(void)state;
	assert_int_equal(guess_count(g, "alice", 1000), 0);
	guess_wrong(g, "alice", 1000);
	assert_int_equal(guess_count(g, "Alice", 1000), 1);
	guess_wrong(g, "ALICE", 1000);
	assert_int_equal(guess_count(g, "alice", 1000), 2);
	assert_int_equal(guess_count(g, "bob", 1000), 0);
}

static void one_is_forgotten_each_minute(void **state)
{
	struct guesses *g = counted();

	(void)state;
	for (int i = 0; i < 3; i++)
		guess_wrong(g, "alice", 1000);
	assert_int_equal(guess_count(g, "alice", 1000), 3);
	assert_int_equal(guess_count(g, "alice", 1000 + MINUTE), 2);
	assert_int_equal(guess_count(g, "alice", 1000 + 2 * MINUTE - 1), 2);
	guess_wrong(g, "alice", 1000 + 2 * MINUTE);
	assert_int_equal(guess_count(g, "alice", 1000 + 2 * MINUTE), 2);
	assert_int_equal(guess_count(g, "alice", 1000 + 4 * MINUTE), 0);
}

/* The owner is never locked out: the count, and with it the pause, is bounded, and so is the time to forget it. */
static void a_flood_counts_no_more_than_the_most(void **state)
{
	struct guesses *g = counted();

	(void)state;
	for (int i = 0; i < 10000; i++)
		guess_wrong(g, "alice", 1000);
	assert_int_equal(guess_count(g, "alice", 1000), GUESS_MAX);
	assert_int_equal(guess_count(g, "alice", 1000 + GUESS_MAX * MINUTE), 0);
	assert_int_equal(guess_pause_ms(GUESS_MAX, 500), 16 * 500);
	assert_int_equal(guess_pause_ms(1000000, 500), 16 * 500);
}

static void the_pause_doubles(void **state)
{
	(void)state;
	assert_int_equal(guess_pause_ms(0, 500), 0);
	assert_int_equal(guess_pause_ms(1, 500), 500);
	assert_int_equal(guess_pause_ms(2, 500), 1000);
	assert_int_equal(guess_pause_ms(4, 500), 4000);
}

/* A flood of names makes nobody's be forgotten. */
static void many_names_have_room(void **state)
{
	struct guesses *g = counted();
	char name[16];

	(void)state;
	guess_wrong(g, "alice", 1000);
	guess_wrong(g, "alice", 1000);
	for (int i = 0; i < 100000; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		guess_wrong(g, name, 1000);
	}
	assert_true(guess_count(g, "alice", 1000) >= 2);
}

/* ---- turns ---- */

static struct queued entry(uint64_t origin, bool suspect, uint64_t ready_ms)
{
	return (struct queued){.origin = origin, .suspect = suspect, .ready_ms = ready_ms};
}

static void one_after_the_other(void **state)
{
	struct queued e[3] = {entry(1, false, 0), entry(1, false, 0), entry(1, false, 0)};
	struct login_queue q;

	(void)state;
	login_queue_init(&q);
	assert_null(login_queue_take(&q, 0));
	assert_null(login_queue_last(&q));
	for (int i = 0; i < 3; i++)
		login_queue_add(&q, &e[i]);
	assert_ptr_equal(login_queue_last(&q), &e[2]);
	assert_ptr_equal(login_queue_take(&q, 0), &e[0]);
	login_queue_remove(&q, &e[1]);
	assert_ptr_equal(login_queue_take(&q, 0), &e[2]);
	assert_null(login_queue_take(&q, 0));
}

/* Mallory floods from one place; Alice comes from another and is next but one. */
static void a_flood_holds_up_nobody_else(void **state)
{
	struct queued flood[200], alice = entry(2, false, 0), bob = entry(3, false, 0);
	struct login_queue q;

	(void)state;
	login_queue_init(&q);
	for (int i = 0; i < 200; i++) {
		flood[i] = entry(1, false, 0);
		login_queue_add(&q, &flood[i]);
	}
	assert_ptr_equal(login_queue_take(&q, 0), &flood[0]);
	login_queue_add(&q, &alice);
	assert_ptr_equal(login_queue_last(&q), &flood[199]);
	assert_ptr_equal(login_queue_take(&q, 0), &flood[1]);
	assert_ptr_equal(login_queue_take(&q, 0), &alice);
	for (int i = 2; i < 100; i++)
		assert_ptr_equal(login_queue_take(&q, 0), &flood[i]);
	login_queue_add(&q, &bob);
	assert_ptr_equal(login_queue_take(&q, 0), &flood[100]);
	assert_ptr_equal(login_queue_take(&q, 0), &bob);
}

/* Who has guessed wrong waits behind those who haven't, also from the same place, but does get a turn. */
static void guessers_wait_behind_others_and_are_not_starved(void **state)
{
	struct queued guess[10], fresh[100];
	struct login_queue q;
	int guesses = 0;

	(void)state;
	login_queue_init(&q);
	for (int i = 0; i < 10; i++) {
		guess[i] = entry(1, true, 0);
		login_queue_add(&q, &guess[i]);
	}
	for (int i = 0; i < 100; i++) {
		fresh[i] = entry(1, false, 0);
		login_queue_add(&q, &fresh[i]);
	}
	for (int i = 0; i < 3; i++)
		assert_ptr_equal(login_queue_take(&q, 0), &fresh[i]);
	for (int i = 3; i < 50; i++)
		guesses += login_queue_take(&q, 0)->suspect;
	assert_true(guesses >= 8 && guesses <= 13);
}

static void a_pause_comes_first(void **state)
{
	struct queued late = entry(1, true, 500), early = entry(2, false, 0);
	struct login_queue q;

	(void)state;
	login_queue_init(&q);
	assert_true(login_queue_due(&q) == UINT64_MAX);
	login_queue_add(&q, &late);
	assert_int_equal(login_queue_due(&q), 500);
	login_queue_add(&q, &early);
	assert_int_equal(login_queue_due(&q), 0);
	assert_ptr_equal(login_queue_take(&q, 499), &early);
	assert_null(login_queue_take(&q, 499));
	assert_ptr_equal(login_queue_take(&q, 500), &late);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(wrong_ones_add_up_for_a_name_whatever_its_case),
	    cmocka_unit_test(one_is_forgotten_each_minute),
	    cmocka_unit_test(a_flood_counts_no_more_than_the_most),
	    cmocka_unit_test(the_pause_doubles),
	    cmocka_unit_test(many_names_have_room),
	    cmocka_unit_test(one_after_the_other),
	    cmocka_unit_test(a_flood_holds_up_nobody_else),
	    cmocka_unit_test(guessers_wait_behind_others_and_are_not_starved),
	    cmocka_unit_test(a_pause_comes_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
