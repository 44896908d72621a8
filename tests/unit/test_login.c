/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Wrong passwords: what they cost who guesses, and what they don't cost anybody else. */
#include "fake_clock.h"

#include "gateway_help.h"

#define FIRST_MS 500
#define LATE_MS	 20 /* more than a timer comes late (loop.c) */

static struct world *world_at_rest(void)
{
	return world_new(&(struct gateway_opts){.guess_ms = FIRST_MS});
}

/* An answer that has come already, without any time passing. */
static bool has(struct user *u, const char *text)
{
	loop_turn(u->w->loop, false);
	user_read(u);
	return memmem(u->in + u->seen, u->len - u->seen, text, strlen(text)) != NULL;
}

static void identify(struct user *u, const char *account, const char *password)
{
	user_send(u, "PRIVMSG allium :identify %s %s", account, password);
}

/* No time passes, but whatever waits for nothing else is checked: six of others come and go, and of five turns one is
 * for who has guessed wrong. */
static void settle(struct world *w)
{
	if (accounts_find(w->accounts, "fence") == NULL)
		user_free(user_register(w, "fence"));
	for (int i = 0; i < 6; i++)
		user_free(user_login(w, "fence"));
}

static void wrong(struct user *u, const char *account)
{
	identify(u, account, "wrong-one");
	user_expect(u, "*NOTICE * :Wrong account or password*");
}

static void each_wrong_password_makes_the_next_wait_longer(void **state)
{
	struct world *w = world_at_rest();
	struct user *alice = user_register(w, "alice");
	struct user *u = user_connect(w, "bob");

	(void)state;
	wrong(u, "alice");
	for (uint64_t pause = FIRST_MS; pause <= 2 * FIRST_MS; pause *= 2) {
		identify(u, "alice", "wrong-one");
		settle(w);
		clock_pass(pause - 1);
		settle(w);
		assert_false(has(u, "NOTICE"));
		clock_pass(1 + LATE_MS);
		user_expect(u, "*NOTICE * :Wrong account or password*");
	}
	user_free(u);
	user_free(alice);
	world_free(w);
}

/* On another connection, too, whether there is such an account or not, and with the right password. */
static void the_name_waits_wherever_it_is_tried(void **state)
{
	static const char *const names[] = {"alice", "nobody"};
	struct world *w = world_at_rest();
	struct user *alice = user_register(w, "alice");

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct user *mallory = user_connect(w, "m");
		struct user *owner = user_connect(w, "x");

		wrong(mallory, names[i]);
		identify(owner, names[i], "password");
		settle(w);
		clock_pass(FIRST_MS - 1);
		settle(w);
		assert_false(has(owner, "NOTICE") || has(owner, "JOIN"));
		clock_pass(1 + LATE_MS);
		user_expect(owner, i == 0 ? ":* JOIN &contacts" : "*NOTICE * :Wrong account or password*");
		user_free(mallory);
		user_free(owner);
	}
	user_free(alice);
	world_free(w);
}

static void others_do_not_wait(void **state)
{
	struct world *w = world_at_rest();
	struct user *alice = user_register(w, "alice");
	struct user *bob = user_register(w, "bob");
	struct user *mallory = user_connect(w, "m");
	struct user *again;

	(void)state;
	wrong(mallory, "alice");
	identify(mallory, "alice", "wrong-one");
	again = user_login(w, "bob");
	settle(w);
	assert_false(has(mallory, "NOTICE m"));
	user_free(mallory); /* while it waits */
	user_free(again);
	user_free(bob);
	user_free(alice);
	world_free(w);
}

static void who_guesses_on_is_closed_and_the_owner_gets_in(void **state)
{
	struct world *w = world_at_rest();
	struct user *alice = user_register(w, "alice");
	struct user *mallory = user_connect(w, "m");
	struct user *owner = user_new(w);

	(void)state;
	for (int i = 0; i < 5; i++) {
		identify(mallory, "alice", "wrong-one");
		user_nothing(alice);
		clock_pass(16 * FIRST_MS + LATE_MS);
		user_expect(mallory, "*NOTICE * :Wrong account or password*");
	}
	user_expect(mallory, "ERROR :Too many wrong passwords");
	user_closed(mallory);
	user_send(owner, "PASS alice:password");
	user_send(owner, "NICK alice");
	user_send(owner, "USER alice 0 * :Alice");
	user_nothing(alice);
	clock_pass(16 * FIRST_MS + LATE_MS); /* at most */
	user_expect(owner, ":* JOIN &contacts");
	user_free(owner);
	user_free(mallory);
	user_free(alice);
	world_free(w);
}

/* A right one in between makes the connection's count begin anew. */
static void a_slip_now_and_then_closes_nobody(void **state)
{
	struct world *w = world_at_rest();
	struct user *alice = user_register(w, "alice");
	struct user *witness = user_connect(w, "w");

	(void)state;
	for (int i = 0; i < 8; i++) {
		user_send(alice, "PRIVMSG allium :passwd %s password", i % 2 ? "password" : "wrong-one");
		user_nothing(witness);
		clock_pass(16 * FIRST_MS + LATE_MS);
		user_expect(alice, i % 2 ? "*NOTICE * :The password is changed*"
					 : "*NOTICE * :The old password is wrong*");
	}
	user_nothing(alice);
	user_free(witness);
	user_free(alice);
	world_free(w);
}

static void new_accounts_are_offered_while_there_may_be_more(void **state)
{
	struct world *w = world_at_rest();
	struct user *old, *new, *alice;

	(void)state;
	accounts_end(w);
	w->accounts_max = 2;
	accounts_begin(w);
	alice = user_register(w, "alice");
	old = user_connect(w, "old");
	new = user_connect(w, "new");
	user_send(new, "CAP LS 302");
	user_expect(new, "* CAP new LS *draft/account-registration=before-connect,custom-account-name *");
	user_send(new, "CAP REQ :draft/account-registration");
	user_expect(new, "* CAP new ACK *");
	struct user *bob = user_register(w, "bob");
	user_expect(new, ":" SERVER " CAP new DEL :draft/account-registration");
	user_send(new, "CAP LIST");
	user_expect(new, "* CAP new LIST :cap-notify");
	user_send(new, "CAP REQ :draft/account-registration");
	user_expect(new, "* CAP new NAK *");
	user_send(new, "REGISTER carol * password");
	user_expect(new, ":" SERVER " FAIL REGISTER TEMPORARILY_UNAVAILABLE carol :*");
	user_send(bob, "PRIVMSG allium :wipe password");
	user_expect(bob, "*NOTICE * :The account is wiped*");
	user_expect(new, ":" SERVER " CAP new NEW :draft/account-registration=before-connect,custom-account-name");
	user_nothing(old);
	user_free(bob);
	user_free(new);
	user_free(old);
	user_free(alice);
	world_free(w);
}

static void wiping_logs_all_clients_out(void **state)
{
	struct world *w = world_at_rest();
	struct user *alice = user_register(w, "alice");
	struct user *laptop = user_login(w, "alice@laptop");
	struct user *witness = user_connect(w, "w");
	struct user *late = user_new(w);

	(void)state;
	user_send(alice, "PRIVMSG allium :wipe wrong-one");
	user_expect(alice, "*NOTICE * :The password is wrong: nothing was wiped.");
	user_send(alice, "PRIVMSG &contacts :wipe password");
	user_expect(alice, "*NOTICE &contacts :Passwords are not for the channel*");
	user_send(alice, "PRIVMSG allium :wipe password");
	user_nothing(witness);
	clock_pass(16 * FIRST_MS + LATE_MS);
	user_expect(alice, ":alice!* PART &contacts :*");
	user_expect(alice, ":" SERVER " 901 *");
	user_expect(alice, "*NOTICE * :The account is wiped*");
	user_expect(laptop, ":" SERVER " 901 *");
	assert_null(accounts_find(w->accounts, "alice"));
	user_send(late, "PASS alice:password");
	user_nothing(witness);
	clock_pass(16 * FIRST_MS + LATE_MS);
	user_expect(late, ":" SERVER " 464 *");
	user_free(late);
	user_free(witness);
	user_free(laptop);
	user_free(alice);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_wrong_password_makes_the_next_wait_longer),
	    cmocka_unit_test(the_name_waits_wherever_it_is_tried),
	    cmocka_unit_test(others_do_not_wait),
	    cmocka_unit_test(who_guesses_on_is_closed_and_the_owner_gets_in),
	    cmocka_unit_test(a_slip_now_and_then_closes_nobody),
	    cmocka_unit_test(new_accounts_are_offered_while_there_may_be_more),
	    cmocka_unit_test(wiping_logs_all_clients_out),
	};

	alarm(300);
	if (crypto_start() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
