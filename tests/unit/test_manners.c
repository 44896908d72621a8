/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Stories of clients that talk too fast, do not listen, or are too many: what it costs them, and nobody else. */
#include "gateway_help.h"

#include <errno.h>
#include <fcntl.h>

#include "../../src/gateway/flood.h"
#include "../../src/gateway/gateway_private.h"

#define FAR 1000000 /* ms */

/* ---- the bucket ---- */

static void a_bucket_is_full_at_first_and_fills_again(void **state)
{
	const struct flood_limit limit = {.burst = 3, .rate = 10};
	struct flood f = {0};

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_true(flood_ready(&f, &limit, FAR));
		flood_take(&f, &limit, FAR);
	}
	assert_false(flood_ready(&f, &limit, FAR));
	assert_int_equal(flood_wait_ms(&f, &limit, FAR), 100);
	flood_take(&f, &limit, FAR); /* takes nothing */
	assert_false(flood_ready(&f, &limit, FAR + 99));
	assert_true(flood_ready(&f, &limit, FAR + 100));
	flood_take(&f, &limit, FAR + 100);
	assert_false(flood_ready(&f, &limit, FAR + 100));
	/* After a long time no more than the burst. */
	for (int i = 0; i < 3; i++)
		flood_take(&f, &limit, 2 * FAR);
	assert_false(flood_ready(&f, &limit, 2 * FAR));
}

static void a_fast_rate_is_waited_for_in_pauses(void **state)
{
	const struct flood_limit limit = {.burst = 1, .rate = 100000};
	struct flood f = {0};

	(void)state;
	flood_take(&f, &limit, FAR);
	assert_false(flood_ready(&f, &limit, FAR));
	assert_int_equal(flood_wait_ms(&f, &limit, FAR), FLOOD_PAUSE_MS);
}

static void no_rate_is_no_limit(void **state)
{
	const struct flood_limit limit = {.burst = 1, .rate = 0};
	struct flood f = {0};

	(void)state;
	for (int i = 0; i < 100; i++) {
		assert_true(flood_ready(&f, &limit, FAR));
		flood_take(&f, &limit, FAR);
	}
}

/* ---- talking too fast ---- */

/* In one piece: a socket pair holds few small ones. */
static void send_pings(struct user *u, const char *word, unsigned n)
{
	static char lines[32768];
	size_t len = 0;

	for (unsigned i = 0; i < n; i++)
		len += (size_t)snprintf(lines + len, sizeof(lines) - len, "PING :%s%u\r\n", word, i);
	assert_true(len < sizeof(lines));
	assert_int_equal(send(u->fd, lines, len, MSG_NOSIGNAL), (ssize_t)len);
}

/* All of them, once and in order. */
static void expect_pongs(struct user *u, const char *word, unsigned n)
{
	char mask[64];

	for (unsigned i = 0; i < n; i++) {
		snprintf(mask, sizeof(mask), "*PONG * :%s%u", word, i);
		user_next(u, mask);
	}
}

static void who_talks_too_fast_is_answered_slowly_and_loses_nothing(void **state)
{
	struct world *w = world_new(&(struct gateway_opts){.strangers = {.burst = 10, .rate = 2000}});
	struct user *u = user_new(w);

	(void)state;
	send_pings(u, "x", 400);
	expect_pongs(u, "x", 400);
	user_free(u);
	world_free(w);
}

/* At one line a second, what has come after so few turns is the burst. */
static unsigned answered_at_once(struct world *w, struct user *u)
{
	unsigned n = 0;
	size_t at;
	char line[1024];

	for (int i = 0; i < 50; i++)
		loop_turn(w->loop, false);
	user_read(u);
	for (at = u->seen; user_line(u, &at, line);)
		n += irc_mask_match("*PONG * :y*", line);
	return n;
}

static void strangers_have_less_than_users(void **state)
{
	struct world *w = world_new(&(struct gateway_opts){.users = {.burst = 400, .rate = 1000},
							   .strangers = {.burst = 20, .rate = 1}});
	struct user *alice = user_register(w, "alice");
	struct user *u = user_new(w);
	unsigned n;

	(void)state;
	send_pings(u, "y", 100);
	n = answered_at_once(w, u);
	assert_true(n >= 20 && n < 100);
	send_pings(alice, "y", 100);
	assert_int_equal(answered_at_once(w, alice), 100);
	/* And it is not dead. */
	user_expect(u, "*PONG * :y20");
	user_free(u);
	user_free(alice);
	world_free(w);
}

static void what_was_said_before_a_client_went_is_heard(void **state)
{
	struct world *w = world_new(&(struct gateway_opts){.strangers = {.burst = 5, .rate = 1000}});
	struct user *u = user_new(w);

	(void)state;
	send_pings(u, "z", 100);
	assert_int_equal(shutdown(u->fd, SHUT_WR), 0);
	expect_pongs(u, "z", 100);
	user_closed(u);
	user_free(u);
	world_free(w);
}

static void what_waits_to_be_read_is_bounded(void **state)
{
#define PINGS "PING :x\r\nPING :x\r\nPING :x\r\nPING :x\r\n"
	static const char lines[] = PINGS PINGS;
	struct world *w = world_new(&(struct gateway_opts){.strangers = {.burst = 1, .rate = 1}});
	struct user *u = user_new(w);
	size_t sent = 0;
	int blocked = 0;

	(void)state;
	assert_int_equal(fcntl(u->fd, F_SETFL, O_NONBLOCK), 0);
	while (blocked < 20) {
		ssize_t n = send(u->fd, lines, sizeof(lines) - 1, MSG_NOSIGNAL);

		if (n > 0)
			sent += (size_t)n;
		else
			assert_true(errno == EAGAIN && ++blocked > 0);
		loop_turn(w->loop, false);
		assert_true(sent < (size_t)16 << 20);
	}
	user_free(u);
	world_free(w);
}

static void one_client_does_not_take_a_turn_for_itself(void **state)
{
	struct world *w = world_new(NULL);
	struct user *fast = user_register(w, "alice"), *u = user_new(w);
	unsigned n = 0;
	size_t at;
	char line[1024];

	(void)state;
	user_count(fast, "*");
	send_pings(fast, "f", 700);
	send_pings(u, "u", 1);
	expect_pongs(u, "u", 1);
	user_read(fast);
	for (at = fast->seen; user_line(fast, &at, line);)
		n++;
	assert_true(n < 400);
	expect_pongs(fast, "f", 700);
	user_free(u);
	user_free(fast);
	world_free(w);
}

/* ---- not listening ---- */

static void who_does_not_listen_is_told_why_it_is_closed(void **state)
{
	struct world *w = world_new(&(struct gateway_opts){.out_max = 65536});
	struct user *alice = user_register(w, "alice");
	struct user *deaf = user_login(w, "alice@deaf");

	(void)state;
	/* What is said to all clients, and not kept for later, until one of them is given up. */
	for (unsigned i = 0; w->gateway->n_clients == 2; i++) {
		assert_true(i < 20000);
		user_send(alice, "NICK alice%u", i);
		if (i % 20 == 19)
			user_count(alice, "*");
	}
	user_expect(deaf, "ERROR :You did not read what was sent to you*");
	user_closed(deaf);
	assert_int_equal(user_count(alice, "*ERROR*"), 0);
	user_free(deaf);
	user_free(alice);
	world_free(w);
}

/* ---- too many ---- */

static void an_account_has_so_many_clients_and_no_more(void **state)
{
	struct world *w = world_new(&(struct gateway_opts){.account_clients_max = 2});
	struct user *alice = user_register(w, "alice");
	struct user *second = user_login(w, "alice"), *third = user_new(w), *bob;

	(void)state;
	user_send(third, "PASS alice:password");
	user_send(third, "NICK x");
	user_send(third, "USER x 0 * :x");
	user_expect(third, "ERROR :Too many clients of this account*");
	user_closed(third);
	bob = user_register(w, "bob");
	user_free(second);
	user_count(alice, "*");
	second = user_login(w, "alice");
	user_free(bob);
	user_free(third);
	user_free(second);
	user_free(alice);
	world_free(w);
}

static void a_new_client_name_takes_the_place_of_the_stalest(void **state)
{
	struct world *w = world_new(NULL);
	struct user *alice = user_register(w, "alice");
	struct user *u;
	char who[32];

	(void)state;
	for (unsigned i = 1; i < CLIENT_NAMES_MAX; i++) {
		snprintf(who, sizeof(who), "alice@c%u", i);
		user_free(user_login(w, who));
	}
	u = user_login(w, "alice@new");
	user_expect(u, "*NOTICE alice :There are too many client names: c1, which has missed most, was forgotten.");
	/* It has a cursor of its own now. */
	user_free(u);
	u = user_login(w, "alice@new");
	assert_int_equal(user_count(u, "*client name*"), 0);
	user_free(u);
	user_free(alice);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_bucket_is_full_at_first_and_fills_again),
	    cmocka_unit_test(a_fast_rate_is_waited_for_in_pauses),
	    cmocka_unit_test(no_rate_is_no_limit),
	    cmocka_unit_test(who_talks_too_fast_is_answered_slowly_and_loses_nothing),
	    cmocka_unit_test(strangers_have_less_than_users),
	    cmocka_unit_test(what_was_said_before_a_client_went_is_heard),
	    cmocka_unit_test(what_waits_to_be_read_is_bounded),
	    cmocka_unit_test(one_client_does_not_take_a_turn_for_itself),
	    cmocka_unit_test(who_does_not_listen_is_told_why_it_is_closed),
	    cmocka_unit_test(an_account_has_so_many_clients_and_no_more),
	    cmocka_unit_test(a_new_client_name_takes_the_place_of_the_stalest),
	};

	alarm(600);
	if (crypto_start() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
