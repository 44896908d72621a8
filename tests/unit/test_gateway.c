/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Stories of clients and accounts: what comes in, what is answered. */
#include "gateway_help.h"

#include <semaphore.h>

static void nick_and_user_bring_the_welcome(void **state)
{
	struct world *w = world_new(NULL);
	struct user *u = user_new(w);

	(void)state;
	user_send(u, "JOIN :");
	user_next(u, ":" SERVER " 451 * :You have not registered");
	user_send(u, "NICK alice");
	user_send(u, "USER alice 0 * :Alice");
	user_next(u, ":" SERVER " 001 alice :Welcome*alice!alice@localhost");
	user_expect(u, ":" SERVER " 004 alice " SERVER " *");
	user_expect(u, ":" SERVER " 005 alice *WHOX*:are supported by this server");
	user_expect(u, ":" SERVER " 251 alice :There are 1 users*");
	user_expect(u, ":" SERVER " 422 alice *");
	user_next(u, ":allium!allium@" SERVER " NOTICE alice :*");
	user_send(u, "PRIVMSG bob :hello");
	user_expect(u, ":" SERVER " 401 alice bob :Log in first*");
	user_send(u, "JOIN &contacts");
	user_next(u, ":" SERVER " 403 alice &contacts :Log in first*");
	user_free(u);
	world_free(w);
}

static void register_brings_the_channel(void **state)
{
	struct world *w = world_new(NULL);
	struct user *u = user_connect(w, "alice");

	(void)state;
	user_send(u, "PRIVMSG allium :register password");
	/* What comes while the password is hashed waits, in order. */
	user_send(u, "PING :later");
	user_next(u, ":" SERVER " 900 alice alice!alice@localhost alice :You are now logged in as alice");
	user_next(u, ":alice!allium@*.onion JOIN &contacts");
	user_next(u, ":" SERVER " 332 alice &contacts :*Tor*");
	user_next(u, ":" SERVER " 333 *");
	user_next(u, ":" SERVER " 353 alice = &contacts :@allium alice");
	user_next(u, ":" SERVER " 366 alice &contacts :*");
	user_next(u, "*NOTICE alice :Your account alice is made*");
	user_expect(u, ":" SERVER " PONG " SERVER " :later");
	user_free(u);
	world_free(w);
}

static void a_wrong_password_and_an_unknown_account_sound_alike(void **state)
{
	struct world *w = world_new(NULL);
	struct user *alice = user_register(w, "alice");
	struct user *u = user_new(w);

	(void)state;
	user_send(u, "PASS alice:wrong-one");
	user_send(u, "NICK bob");
	user_next(u, ":" SERVER " 464 * :Password incorrect");
	user_next(u, "ERROR :*");
	user_closed(u);
	user_free(u);

	u = user_connect(w, "bob");
	user_send(u, "PRIVMSG allium :identify alice wrong-one");
	user_next(u, "*NOTICE bob :Wrong account or password*");
	user_send(u, "PRIVMSG allium :identify nobody wrong-one");
	user_next(u, "*NOTICE bob :Wrong account or password*");
	user_send(u, "PRIVMSG allium :identify alice@desk password");
	user_expect(u, ":bob!bob@localhost NICK alice");
	user_expect(u, ":alice!* JOIN &contacts");
	user_free(u);
	user_free(alice);
	world_free(w);
}

static void a_client_that_goes_while_its_password_is_hashed_does_no_harm(void **state)
{
	struct world *w = world_new(NULL);
	struct user *alice = user_register(w, "alice");
	struct user *u = user_connect(w, "bob");

	(void)state;
	user_send(u, "PRIVMSG allium :identify alice password");
	user_free(u);
	u = user_login(w, "alice");
	user_nothing(alice);
	user_free(u);
	user_free(alice);
	world_free(w);
}

static void sasl_plain_logs_in_before_the_welcome(void **state)
{
	struct world *w = world_new(NULL);
	struct user *alice = user_register(w, "alice");
	struct user *u = user_new(w);

	(void)state;
	user_send(u, "CAP LS 302");
	user_expect(u, ":" SERVER " CAP * LS *:*sasl=PLAIN*");
	user_send(u, "CAP REQ :sasl chghost server-time message-tags");
	user_expect(u, ":" SERVER " CAP * ACK :sasl chghost server-time message-tags");
	user_send(u, "NICK x");
	user_send(u, "USER x 0 * :x");
	user_send(u, "AUTHENTICATE PLAIN");
	user_next(u, "AUTHENTICATE +");
	user_send(u, "AUTHENTICATE AGFsaWNlAHBhc3N3b3Jk");
	user_next(u, ":" SERVER " 900 x *");
	user_next(u, ":" SERVER " 903 x *");
	user_send(u, "AUTHENTICATE PLAIN");
	user_next(u, ":" SERVER " 907 *");
	user_send(u, "CAP END");
	user_expect(u, "@time=* :" SERVER " 001 alice *");
	user_expect(u, "*:alice!x@localhost CHGHOST allium *.onion");
	user_next(u, "*:alice!allium@*.onion JOIN &contacts");
	user_free(u);
	user_free(alice);
	world_free(w);
}

static void a_password_is_not_for_the_channel(void **state)
{
	struct world *w = world_new(NULL);
	struct user *u = user_register(w, "alice");

	(void)state;
	user_send(u, "PRIVMSG &contacts :passwd password secret-words");
	user_next(u, "*NOTICE &contacts :Passwords are not for the channel*");
	user_send(u, "PRIVMSG allium :passwd wrong-one secret-words");
	user_next(u, "*NOTICE alice :The old password is wrong*");
	user_send(u, "PRIVMSG allium :passwd password secret-words");
	user_next(u, "*NOTICE alice :The password is changed*");
	user_free(u);
	u = user_new(w);
	user_send(u, "PASS :alice:secret-words");
	user_send(u, "NICK x");
	user_send(u, "USER x 0 * :x");
	user_expect(u, ":* JOIN &contacts");
	user_free(u);
	world_free(w);
}

static void logout_tells_every_client(void **state)
{
	struct world *w = world_new(NULL);
	struct user *a = user_register(w, "alice");
	struct user *b = user_login(w, "alice@phone");

	(void)state;
	user_send(a, "PRIVMSG allium :logout");
	user_expect(a, ":alice!* PART &contacts :*");
	user_expect(b, ":alice!* PART &contacts :*");
	user_expect(b, ":" SERVER " 901 alice *");
	assert_null(world_chat(w, "alice"));
	user_send(b, "PRIVMSG allium :address");
	user_expect(b, "*NOTICE alice :Log in first*");
	user_free(a);
	user_free(b);
	world_free(w);
}

static void a_web_page_gets_no_answer(void **state)
{
	struct world *w = world_new(NULL);
	struct user *u = user_new(w);

	(void)state;
	user_send(u, "POST /x HTTP/1.1\r\nHost: localhost\r\n\r\nNICK evil\r\nUSER e 0 * :e");
	user_closed(u);
	assert_int_equal(u->len, 0);
	user_free(u);
	world_free(w);
}

static void there_is_a_limit_on_clients(void **state)
{
	struct world *w = world_new(&(struct gateway_opts){.clients_max = 1});
	struct user *a = user_register(w, "alice");
	struct user *b = user_new(w);

	(void)state;
	user_next(b, "ERROR :Too many clients*");
	user_closed(b);
	user_free(b);
	user_send(a, "QUIT :bye");
	user_expect(a, "ERROR :Closing link: bye");
	user_closed(a);
	user_free(a);
	b = user_connect(w, "bob");
	user_free(b);
	world_free(w);
}

static void who_is_not_logged_in_gives_way(void **state)
{
	struct world *w = world_new(&(struct gateway_opts){.clients_max = 1});
	struct user *stranger = user_connect(w, "mallory");
	struct user *a = user_register(w, "alice");

	(void)state;
	user_next(stranger, "ERROR :Too many clients*");
	user_closed(stranger);
	user_free(stranger);
	user_free(a);
	world_free(w);
}

static void who_does_not_register_is_let_go(void **state)
{
	struct world *w = world_new(&(struct gateway_opts){.registration_timeout_ms = 20});
	struct user *u = user_new(w);

	(void)state;
	user_send(u, "NICK alice");
	user_next(u, "ERROR :Registration timed out");
	user_closed(u);
	user_free(u);
	world_free(w);
}

static void who_answers_no_ping_is_given_up(void **state)
{
	struct world *w = world_new(&(struct gateway_opts){.ping_ms = 20});
	struct user *u = user_connect(w, "alice");

	(void)state;
	u->mute = true;
	user_expect(u, "PING :" SERVER);
	user_expect(u, "ERROR :Ping timeout");
	user_closed(u);
	user_free(u);
	world_free(w);
}

static void a_failed_commit_answers_with_an_error(void **state)
{
	struct world *w = world_new(NULL);
	struct user *a = user_register(w, "alice");
	struct user *b = user_login(w, "alice@phone");

	(void)state;
	w->fail_commit = ERR_IO;
	user_send(a, "NICK alicia");
	/* The NICK line that the turn had written is not seen. */
	user_next(a, "ERROR :Could not store*");
	user_closed(a);
	user_expect(b, "ERROR :Could not store*");
	user_closed(b);
	user_free(a);
	user_free(b);
	/* What was not committed has not happened. */
	a = user_login(w, "alice");
	user_send(a, "ISON alice alicia");
	user_expect(a, ":" SERVER " 303 alice :alice");
	user_free(a);
	world_free(w);
}

static void accounts_are_strangers(void **state)
{
	struct world *w = world_new(NULL);
	struct user *a = user_register(w, "alice");
	struct user *m = user_register(w, "mallory");

	(void)state;
	user_send(m, "WHOIS alice");
	user_next(m, ":" SERVER " 401 mallory alice *");
	user_next(m, ":" SERVER " 318 mallory alice *");
	user_send(m, "WHO *");
	assert_int_equal(user_count(m, "* 352 *"), 2);
	user_send(m, "LUSERS");
	user_expect(m, "* 251 mallory :There are 1 users*");
	user_send(m, "NICK alice");
	user_expect(m, ":mallory!* NICK alice");
	user_nothing(a);
	user_free(a);
	user_free(m);
	world_free(w);
}

static void at_the_end_everybody_hears_why(void **state)
{
	struct world *w = world_new(NULL);
	struct user *a = user_register(w, "alice");
	struct user *b = user_connect(w, "bob");
	struct user *c;

	(void)state;
	gateway_shutdown(w->gateway, "going down");
	account_lock(accounts_find(w->accounts, "alice"), world_now(w), "shutting down");
	user_expect(a, "ERROR :going down");
	user_closed(a);
	user_expect(b, "ERROR :going down");
	user_closed(b);
	c = user_new(w);
	user_next(c, "ERROR :going down");
	user_closed(c);
	user_free(a);
	user_free(b);
	user_free(c);
	world_free(w);
}

static void circuits_come_later_or_never(void **state)
{
	struct world *w = world_new(NULL);
	struct user *a = user_register(w, "alice");
	struct user *b = user_login(w, "alice@phone");
	const struct gateway_circuit circuit = {.path = "one two three", .incoming = true};

	(void)state;
	user_send(a, "PRIVMSG allium :tor");
	user_expect(a, "*NOTICE alice :Your services are published*");
	assert_non_null(w->circuits_cb);
	w->circuits_cb(w->circuits_ctx, 0, &circuit, 1);
	user_expect(a, "*NOTICE alice :Circuit from * one two three");

	user_send(b, "PRIVMSG allium :tor");
	user_expect(b, "*NOTICE alice :Your services are published*");
	user_send(b, "QUIT");
	user_closed(b);
	w->circuits_cb(w->circuits_ctx, 0, &circuit, 1);
	user_nothing(a);
	user_free(a);
	user_free(b);
	world_free(w);
}

static void wait_for_post(void *arg)
{
	sem_wait(arg);
}

static void nothing_to_do(void *ctx, void *arg)
{
	(void)ctx;
	(void)arg;
}

static void nothing_to_drop(void *arg)
{
	(void)arg;
}

/* The worker is busy while more logins come than it would let wait: each is answered in its turn. */
static void many_logins_at_once_wait_for_their_turns(void **state)
{
	struct world *w = world_new(NULL);
	struct user *alice = user_register(w, "alice");
	struct user *u[3 * WAITING_MAX];
	struct job *job;
	sem_t sem;

	(void)state;
	assert_int_equal(sem_init(&sem, 0, 0), 0);
	for (size_t i = 0; i < 3 * WAITING_MAX; i++)
		u[i] = user_connect(w, "bob");
	assert_int_equal(
	    worker_submit(w->worker, wait_for_post, nothing_to_do, nothing_to_drop, NULL, &sem, &job), 0);
	for (size_t i = 0; i < 3 * WAITING_MAX; i++)
		user_send(u[i], "PRIVMSG allium :identify alice %s", i == 2 ? "password" : "wrong-one");
	user_nothing(alice);
	sem_post(&sem);
	for (size_t i = 0; i < 3 * WAITING_MAX; i++)
		user_expect(u[i], i == 2 ? ":* JOIN &contacts" : "*NOTICE bob :Wrong account or password*");
	for (size_t i = 0; i < 3 * WAITING_MAX; i++)
		user_free(u[i]);
	user_free(alice);
	world_free(w);
	sem_destroy(&sem);
}

/* A client logs out and in again while a fence is on its way: the late PONG does no harm. */
static void a_login_after_a_logout_starts_anew(void **state)
{
	struct world *w = world_new(NULL);
	struct user *a = user_register(w, "alice");
	struct user *b = user_login(w, "alice@phone");

	(void)state;
	user_send(a, "PRIVMSG alice :a note");
	user_expect(b, ":alice!* PRIVMSG alice :a note");
	user_send(b, "PRIVMSG allium :logout");
	user_expect(b, ":" SERVER " 901 *");
	user_send(b, "PRIVMSG allium :identify alice@phone password");
	user_expect(b, ":alice!* JOIN &contacts");
	user_send(b, "PONG :nonsense");
	user_send(b, "PONG :0000000000000000-99");
	user_send(b, "PRIVMSG alice :another");
	assert_int_equal(user_count(b, "*another*"), 0);
	user_expect(a, ":" SERVER " 901 *");
	user_free(a);
	user_free(b);
	world_free(w);
}

static void names_and_accounts_are_announced_to_who_asked(void **state)
{
	struct world *w = world_new(NULL);
	struct user *u = user_connect(w, "alice");

	(void)state;
	user_send(u, "CAP REQ :setname account-notify chghost");
	user_expect(u, "*ACK*");
	user_send(u, "SETNAME :Alice in Chains");
	user_next(u, ":alice!alice@localhost SETNAME :Alice in Chains");
	user_send(u, "PRIVMSG allium :register password");
	user_expect(u, ":alice!alice@localhost CHGHOST allium *.onion");
	user_next(u, ":alice!allium@*.onion ACCOUNT alice");
	user_send(u, "WHOIS alice alice");
	user_expect(u, "* 311 alice alice allium *.onion * :Alice in Chains");
	user_expect(u, "* 318 *");
	user_send(u, "PRIVMSG allium :logout");
	user_expect(u, ":alice!allium@*.onion CHGHOST alice localhost");
	user_expect(u, ":alice!alice@localhost ACCOUNT *");
	user_free(u);
	world_free(w);
}

static void the_capabilities_of_late_joiners(void **state)
{
	struct world *w = world_new(NULL);
	struct user *a = user_register(w, "alice");

	(void)state;
	user_send(a, "CAP REQ :userhost-in-names extended-join no-such");
	user_next(a, ":" SERVER " CAP alice NAK :userhost-in-names extended-join no-such");
	user_send(a, "CAP REQ :userhost-in-names extended-join");
	user_next(a, ":" SERVER " CAP alice ACK *");
	user_send(a, "PART &contacts");
	user_next(a, ":alice!* PART &contacts");
	user_send(a, "PRIVMSG &contacts :help");
	user_next(a, ":" SERVER " 404 alice &contacts *");
	user_send(a, "JOIN &contacts");
	user_next(a, ":alice!* JOIN &contacts alice :alice");
	user_expect(a, ":" SERVER " 353 alice = &contacts :@allium!allium@" SERVER " alice!allium@*.onion");
	user_send(a, "KICK &contacts allium");
	user_expect(a, ":" SERVER " 482 *");
	user_free(a);
	world_free(w);
}

/* Dials and links have ended, and who watches them wonders why. */
static void a_tor_that_is_back_at_once_was_down(void **state)
{
	const struct chat_tor_status up = {.ready = true, .published = true, .progress = 100};
	const struct chat_tor_status down = {.text = "tor was ended by signal 9"};
	struct world *w = world_new(NULL);
	struct user *a = user_register(w, "alice");

	(void)state;
	user_nothing(a);
	chat_set_tor(world_chat(w, "alice"), world_now(w), &down);
	chat_set_tor(world_chat(w, "alice"), world_now(w), &up);
	user_expect(a, "*NOTICE alice :Tor is down: tor was ended by signal 9.*");
	user_expect(a, "*NOTICE alice :Tor is ready: contacts can reach you.");
	user_free(a);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nick_and_user_bring_the_welcome),
	    cmocka_unit_test(register_brings_the_channel),
	    cmocka_unit_test(a_wrong_password_and_an_unknown_account_sound_alike),
	    cmocka_unit_test(a_client_that_goes_while_its_password_is_hashed_does_no_harm),
	    cmocka_unit_test(sasl_plain_logs_in_before_the_welcome),
	    cmocka_unit_test(a_password_is_not_for_the_channel),
	    cmocka_unit_test(logout_tells_every_client),
	    cmocka_unit_test(a_web_page_gets_no_answer),
	    cmocka_unit_test(there_is_a_limit_on_clients),
	    cmocka_unit_test(who_is_not_logged_in_gives_way),
	    cmocka_unit_test(who_does_not_register_is_let_go),
	    cmocka_unit_test(who_answers_no_ping_is_given_up),
	    cmocka_unit_test(a_failed_commit_answers_with_an_error),
	    cmocka_unit_test(accounts_are_strangers),
	    cmocka_unit_test(at_the_end_everybody_hears_why),
	    cmocka_unit_test(circuits_come_later_or_never),
	    cmocka_unit_test(many_logins_at_once_wait_for_their_turns),
	    cmocka_unit_test(a_login_after_a_logout_starts_anew),
	    cmocka_unit_test(names_and_accounts_are_announced_to_who_asked),
	    cmocka_unit_test(the_capabilities_of_late_joiners),
	    cmocka_unit_test(a_tor_that_is_back_at_once_was_down),
	};

	alarm(300);
	if (crypto_start() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
