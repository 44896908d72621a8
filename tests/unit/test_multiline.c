/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Batches of a client that nobody ends (client-batch, "Errors"). What needs no time: tests/script/multiline.irc. */
#include "fake_clock.h"

#include "gateway_help.h"

#include "../../src/gateway/multiline.h"

#define LATE_MS 20 /* more than a timer comes late (loop.c) */

static struct user *alice_with_multiline(struct world *w)
{
	struct user *alice = user_register(w, "alice");

	user_send(alice, "CAP REQ :draft/multiline batch echo-message labeled-response");
	user_expect(alice, ":* CAP alice ACK :*");
	return alice;
}

/* Nothing is said of a batch, whatever else is due. */
static void no_word_of_it(struct user *u)
{
	for (int i = 0; i < 2; i++)
		assert_int_equal(user_count(u, "*FAIL*"), 0);
}

static void one_that_stays_open_is_given_up(void **state)
{
	struct world *w = world_new(&(struct gateway_opts){.ping_ms = 10 * MULTILINE_OPEN_MS});
	struct user *alice = alice_with_multiline(w);

	(void)state;
	user_send(alice, "@label=x BATCH +12 draft/multiline alice");
	user_send(alice, "@batch=12 PRIVMSG alice :one");
	user_nothing(alice);
	clock_pass(MULTILINE_OPEN_MS - 1);
	no_word_of_it(alice);
	clock_pass(1 + LATE_MS);
	user_expect(alice, "@label=x :* FAIL BATCH TIMEOUT 12 :*");
	/* What is still sent of it is dropped, and another is none of it. */
	user_send(alice, "@batch=12 PRIVMSG alice :two");
	user_send(alice, "BATCH -12");
	no_word_of_it(alice);
	user_send(alice, "BATCH +13 draft/multiline alice");
	user_send(alice, "@batch=13 PRIVMSG alice :three");
	user_send(alice, "BATCH -13");
	user_expect(alice, ":alice!* PRIVMSG alice :three");
	user_expect(alice, ":alice!* PRIVMSG alice :three");
	user_free(alice);
	world_free(w);
}

static void one_that_was_ended_or_refused_is_not_given_up_later(void **state)
{
	struct world *w = world_new(&(struct gateway_opts){.ping_ms = 10 * MULTILINE_OPEN_MS});
	struct user *alice = alice_with_multiline(w);

	(void)state;
	user_send(alice, "BATCH +1 draft/multiline alice");
	user_send(alice, "@batch=1 NOTICE alice :one");
	user_next(alice, ":* FAIL BATCH MULTILINE_INVALID :*");
	clock_pass(2 * MULTILINE_OPEN_MS);
	no_word_of_it(alice);
	user_send(alice, "BATCH +2 draft/multiline alice");
	user_send(alice, "@batch=2 PRIVMSG alice :two");
	user_send(alice, "BATCH -2");
	user_expect(alice, ":alice!* PRIVMSG alice :two");
	user_expect(alice, ":alice!* PRIVMSG alice :two");
	clock_pass(2 * MULTILINE_OPEN_MS);
	no_word_of_it(alice);
	user_free(alice);
	world_free(w);
}

static void who_leaves_with_one_open_takes_it_along(void **state)
{
	struct world *w = world_new(&(struct gateway_opts){.ping_ms = 10 * MULTILINE_OPEN_MS});
	struct user *alice = alice_with_multiline(w);
	struct user *again;

	(void)state;
	user_send(alice, "@label=x BATCH +1 draft/multiline alice");
	user_send(alice, "@batch=1 PRIVMSG alice :one");
	user_nothing(alice);
	user_free(alice);
	again = user_login(w, "alice");
	clock_pass(MULTILINE_OPEN_MS + LATE_MS);
	no_word_of_it(again);
	user_free(again);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(one_that_stays_open_is_given_up),
	    cmocka_unit_test(one_that_was_ended_or_refused_is_not_given_up_later),
	    cmocka_unit_test(who_leaves_with_one_open_takes_it_along),
	};

	alarm(300);
	if (crypto_start() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
