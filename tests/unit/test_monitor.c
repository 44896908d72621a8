/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Stories of MONITOR and AWAY between people: what is told, and that it is told once. */
#include "gateway_help.h"

static void request(struct user *u, const char *caps)
{
	user_send(u, "CAP REQ :%s", caps);
	user_expect(u, "*ACK*");
}

/* A client of Alice's that is not in the channel and watches Bob. */
static struct user *watcher(struct pair *p, const char *caps)
{
	struct user *u = user_login(p->w, "alice@phone");

	user_count(u, "*");
	if (caps != NULL)
		request(u, caps);
	user_send(u, "PART &contacts");
	user_send(u, "MONITOR + bob");
	user_expect(u, ":" SERVER " 730 alice :bob!allium@*.onion");
	return u;
}

static void who_comes_and_goes_is_told_once(void **state)
{
	struct pair p = two_friends(NULL);
	struct user *u = watcher(&p, NULL);

	(void)state;
	net_set_down(p.w, true);
	user_expect(u, ":" SERVER " 731 alice :bob");
	user_nothing(u);
	user_send(u, "MONITOR S");
	user_next(u, ":" SERVER " 731 alice :bob");
	net_set_down(p.w, false);
	user_expect(u, ":" SERVER " 730 alice :bob!allium@*.onion");
	assert_int_equal(user_count(u, "* 73? *"), 0);
	user_free(u);
	pair_free(&p);
}

/* `MONITOR + nick0, nick1, ...`: n of them. */
static void monitor_many(struct user *u, const char *nick, unsigned n)
{
	char list[IRC_LINE_MAX] = "";

	for (unsigned i = 0; i < n; i++)
		sprintf(list + strlen(list), "%s%s%u", i > 0 ? "," : "", nick, i);
	user_send(u, "MONITOR + %s", list);
}

static void what_does_not_fit_is_named_in_full(void **state)
{
	struct world *w = world_new(NULL);
	struct user *u = user_register(w, "alice");

	(void)state;
	for (unsigned i = 0; i < 512 / 32; i++) {
		char nick[16];

		snprintf(nick, sizeof(nick), "a%u_", i);
		monitor_many(u, nick, 32);
		user_next(u, ":" SERVER " 731 alice :a*_0,*_31");
	}
	monitor_many(u, "bob", 1);
	user_next(u, ":" SERVER " 734 alice 512 bob0 :*");
	/* More than one line holds. */
	monitor_many(u, "dave________", 30);
	user_next(u, ":" SERVER " 734 alice 512 dave________0,*,dave________26 :*");
	user_next(u, ":" SERVER " 734 alice 512 dave________27,dave________28,dave________29 :*");
	user_nothing(u);
	user_free(u);
	world_free(w);
}

static void the_channel_tells_who_is_away_and_monitor_only_outside(void **state)
{
	struct pair p = two_friends(NULL);
	struct user *u = watcher(&p, "away-notify extended-monitor");

	(void)state;
	request(p.alice, "away-notify extended-monitor");
	user_send(p.alice, "MONITOR + bob");
	user_expect(p.alice, "* 730 *");
	user_send(p.bob, "AWAY :fishing");
	user_expect(p.alice, ":bob!* AWAY :fishing");
	user_nothing(p.alice);
	user_expect(u, ":bob!* AWAY :fishing");
	user_nothing(u);
	user_send(p.bob, "AWAY");
	user_expect(u, ":bob!* AWAY");
	user_nothing(u);

	/* Not without either capability, and not for who isn't watched. */
	user_send(u, "CAP REQ :-extended-monitor");
	user_expect(u, "*ACK*");
	user_send(p.bob, "AWAY :asleep");
	user_expect(p.alice, ":bob!* AWAY :asleep");
	user_nothing(u);
	request(u, "extended-monitor");
	user_send(u, "MONITOR - bob");
	user_send(p.bob, "AWAY");
	user_expect(p.alice, ":bob!* AWAY");
	user_nothing(u);
	user_free(u);
	pair_free(&p);
}

static void who_comes_away_is_told_both(void **state)
{
	struct pair p = two_friends(NULL);
	struct user *u = watcher(&p, "away-notify extended-monitor");

	(void)state;
	user_send(p.bob, "AWAY :fishing");
	user_expect(u, ":bob!* AWAY :fishing");
	net_set_down(p.w, true);
	user_expect(u, ":" SERVER " 731 alice :bob");
	net_set_down(p.w, false);
	user_expect(u, ":" SERVER " 730 alice :bob!*");
	user_expect(u, ":bob!* AWAY :fishing");
	user_nothing(u);
	user_free(u);
	pair_free(&p);
}

static void a_name_comes_and_goes_with_rename_and_remove(void **state)
{
	struct pair p = two_friends(NULL);
	struct user *u = watcher(&p, NULL);

	(void)state;
	user_send(u, "MONITOR + robert");
	user_expect(u, ":" SERVER " 731 alice :robert");
	user_send(p.alice, "PRIVMSG allium :rename bob Robert");
	user_expect(u, ":bob!* NICK Robert");
	user_next(u, ":" SERVER " 731 alice :bob");
	user_next(u, ":" SERVER " 730 alice :Robert!*");
	user_send(p.alice, "PRIVMSG allium :rename Robert robert");
	user_expect(u, ":Robert!* NICK robert");
	user_nothing(u);
	user_send(p.alice, "PRIVMSG allium :remove robert");
	user_expect(u, ":" SERVER " 731 alice :robert");
	assert_int_equal(user_count(u, "* 73? *"), 0);
	user_free(u);
	pair_free(&p);
}

static void a_contact_that_calls_itself_otherwise_has_another_real_name(void **state)
{
	struct pair p = two_friends(NULL);
	struct user *u = watcher(&p, "setname extended-monitor");

	(void)state;
	request(p.alice, "setname extended-monitor");
	user_send(p.bob, "NICK Robert");
	user_expect(p.alice, ":bob!allium@*.onion SETNAME :Robert");
	user_expect(u, ":bob!* SETNAME :Robert");
	assert_int_equal(user_count(p.alice, "*SETNAME*"), 0);
	user_send(u, "WHOIS bob");
	user_expect(u, "* 311 alice bob allium *.onion * :Robert");
	/* Nor is it told of who isn't there. */
	net_set_down(p.w, true);
	user_expect(u, "* 731 alice :bob");
	user_send(p.bob, "NICK Bert");
	user_expect(p.bob, "*NICK Bert");
	net_set_down(p.w, false);
	user_expect(p.alice, ":bob!* JOIN &contacts");
	user_count(p.alice, "*");
	user_send(u, "WHOIS bob");
	user_expect(u, "* 311 alice bob allium *.onion * :Bert");
	user_free(u);
	pair_free(&p);
}

static void a_blocked_contact_is_offline(void **state)
{
	struct pair p = two_friends(NULL);
	struct user *u = watcher(&p, NULL);

	(void)state;
	user_send(p.alice, "PRIVMSG allium :block bob");
	user_expect(u, ":" SERVER " 731 alice :bob");
	assert_int_equal(user_count(u, "* 73? *"), 0);
	user_free(u);
	pair_free(&p);
}

/* ---- AWAY, as Bob sees it ---- */

static void one_client_of_two_is_enough_to_be_here(void **state)
{
	struct pair p = two_friends(NULL);
	struct user *u = user_login(p.w, "alice@phone");

	(void)state;
	user_count(u, "*");
	request(p.bob, "away-notify");
	user_send(p.alice, "AWAY :fishing");
	user_expect(p.alice, "* 306 *");
	user_send(u, "AWAY :asleep");
	user_expect(u, "* 306 *");
	/* The first AWAY changed nothing. */
	assert_string_not_equal(user_expect(p.bob, ":alice!* AWAY*"), "");
	user_send(p.bob, "WHOIS alice");
	user_expect(p.bob, "* 301 bob alice :asleep");
	user_expect(p.bob, "* 318 *");
	/* Who is away goes, who is here comes: nothing, then here. */
	user_free(u);
	user_nothing(p.bob);
	u = user_login(p.w, "alice@phone");
	user_expect(p.bob, ":alice!* AWAY");
	user_free(u);
	pair_free(&p);
}

static void what_the_last_client_leaves_stays(void **state)
{
	struct pair p = two_friends(NULL);

	(void)state;
	request(p.bob, "away-notify");
	user_send(p.alice, "QUIT");
	user_closed(p.alice);
	user_free(p.alice);
	user_nothing(p.bob);
	p.alice = user_login(p.w, "alice");
	user_send(p.alice, "PRIVMSG bob :hello");
	user_next(p.bob, ":alice!* PRIVMSG bob :hello");
	user_send(p.alice, "AWAY :fishing");
	user_expect(p.bob, ":alice!* AWAY :fishing");
	user_send(p.alice, "QUIT");
	user_closed(p.alice);
	user_free(p.alice);
	user_send(p.bob, "PRIVMSG alice :are you there");
	user_expect(p.bob, "* 301 bob alice :fishing");
	p.alice = user_login(p.w, "alice");
	user_expect(p.bob, ":alice!* AWAY");
	pair_free(&p);
}

static void with_away_auto_nobody_is_away(void **state)
{
	struct pair p = two_friends(NULL);

	(void)state;
	request(p.bob, "away-notify");
	user_send(p.alice, "PRIVMSG allium :set away.auto on");
	user_expect(p.alice, "*away.auto is on now.");
	user_send(p.alice, "QUIT");
	user_closed(p.alice);
	user_free(p.alice);
	user_expect(p.bob, ":alice!* AWAY :away");
	p.alice = user_login(p.w, "alice");
	user_expect(p.bob, ":alice!* AWAY");
	user_nothing(p.bob);
	pair_free(&p);
}

/* A client that fetches what was said, for nobody who is there. */
static void nobody_s_client_does_not_wake_the_account(void **state)
{
	struct pair p = two_friends(NULL);
	struct user *u = user_new(p.w);

	(void)state;
	request(p.bob, "away-notify");
	user_send(p.alice, "AWAY :fishing");
	user_expect(p.bob, ":alice!* AWAY :fishing");
	user_send(u, "CAP REQ :draft/pre-away");
	user_send(u, "PASS alice@phone:password");
	user_send(u, "NICK x");
	user_send(u, "AWAY *");
	user_send(u, "USER x 0 * :x");
	user_send(u, "CAP END");
	user_expect(u, ":* JOIN &contacts");
	user_count(u, "*");
	user_nothing(p.bob);
	user_send(p.alice, "AWAY");
	user_expect(p.bob, ":alice!* AWAY");
	user_free(u);
	pair_free(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(who_comes_and_goes_is_told_once),
	    cmocka_unit_test(what_does_not_fit_is_named_in_full),
	    cmocka_unit_test(the_channel_tells_who_is_away_and_monitor_only_outside),
	    cmocka_unit_test(who_comes_away_is_told_both),
	    cmocka_unit_test(a_name_comes_and_goes_with_rename_and_remove),
	    cmocka_unit_test(a_contact_that_calls_itself_otherwise_has_another_real_name),
	    cmocka_unit_test(a_blocked_contact_is_offline),
	    cmocka_unit_test(one_client_of_two_is_enough_to_be_here),
	    cmocka_unit_test(what_the_last_client_leaves_stays),
	    cmocka_unit_test(with_away_auto_nobody_is_away),
	    cmocka_unit_test(nobody_s_client_does_not_wake_the_account),
	};

	alarm(300);
	if (crypto_start() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
