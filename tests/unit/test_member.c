/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Stories of the members of &contacts, and of what a client is told when it comes back. */
#include "gateway_help.h"

static void show_all(struct user *u)
{
	user_send(u, "PRIVMSG allium :set contacts.show all");
	user_expect(u, "*NOTICE * :contacts.show is all now.");
}

static void who_goes_stays_a_member_without_voice(void **state)
{
	struct pair p = two_friends(NULL);

	(void)state;
	user_send(p.alice, "CAP REQ :away-notify");
	user_expect(p.alice, "*ACK*");
	user_send(p.alice, "PRIVMSG allium :set contacts.show all");
	user_expect(p.alice, ":allium!allium@" SERVER " MODE &contacts +v bob");
	user_expect(p.alice, "*NOTICE alice :contacts.show is all now.");
	net_set_down(p.w, true);
	user_expect(p.alice, ":allium!allium@" SERVER " MODE &contacts -v bob");
	user_expect(p.alice, ":bob!allium@*.onion AWAY :offline since * UTC");

	/* Presence is one, however it is asked for. */
	user_send(p.alice, "NAMES &contacts");
	user_expect(p.alice, "* 353 alice = &contacts :@allium alice bob");
	user_send(p.alice, "WHO bob");
	user_expect(p.alice, "* 352 alice &contacts allium *.onion " SERVER " bob G :0 *");
	user_send(p.alice, "ISON bob");
	user_expect(p.alice, "* 303 alice :");
	user_send(p.alice, "WHOIS bob");
	user_expect(p.alice, "* 319 alice bob :&contacts");
	user_expect(p.alice, "* 301 alice bob :offline since *");
	user_send(p.alice, "PRIVMSG bob :are you there");
	user_expect(p.alice, "* 301 alice bob :offline since *; 1 message queued");

	net_set_down(p.w, false);
	user_expect(p.alice, ":allium!allium@" SERVER " MODE &contacts +v bob");
	user_expect(p.alice, ":bob!* AWAY");
	user_send(p.alice, "NAMES &contacts");
	user_expect(p.alice, "* 353 alice = &contacts :@allium alice +bob");
	user_send(p.alice, "WHO &contacts %%nf");
	user_expect(p.alice, "* 354 alice bob H+");
	user_send(p.alice, "WHOIS bob");
	user_expect(p.alice, "* 319 alice bob :+&contacts");
	assert_int_equal(user_count(p.alice, ":bob!* QUIT *"), 0);
	pair_free(&p);
}

static void who_is_not_here_joins_and_leaves_with_the_setting(void **state)
{
	struct pair p = two_friends(NULL);

	(void)state;
	net_set_down(p.w, true);
	user_expect(p.alice, ":bob!* QUIT :*");
	user_send(p.alice, "PRIVMSG allium :set contacts.show all");
	user_expect(p.alice, ":bob!allium@*.onion JOIN &contacts");
	user_expect(p.alice, "*NOTICE alice :contacts.show is all now.");
	user_send(p.alice, "PRIVMSG allium :rename bob robert");
	user_expect(p.alice, ":bob!* NICK robert");
	user_send(p.alice, "PRIVMSG allium :set contacts.show online");
	user_expect(p.alice, ":robert!* QUIT :offline");
	user_expect(p.alice, "*NOTICE alice :contacts.show is online now.");
	user_send(p.alice, "NAMES &contacts");
	user_expect(p.alice, "* 353 alice = &contacts :@allium alice");
	pair_free(&p);
}

static void one_who_is_added_or_removed_comes_and_goes(void **state)
{
	struct world *w = world_new(NULL);
	struct user *alice = user_register(w, "alice");

	(void)state;
	show_all(alice);
	user_send(alice,
		  "PRIVMSG allium :add bob duckduckgogg42xjoc72x3sjasowoarfbgcmvfimaftt6twagswzczad.onion");
	user_expect(alice, ":bob!* JOIN &contacts");
	user_send(alice, "LUSERS");
	user_expect(alice, "* 251 alice :There are 1 users*");
	user_send(alice, "PRIVMSG allium :remove bob");
	user_expect(alice, ":bob!* QUIT :removed");
	user_free(alice);
	world_free(w);
}

static void away_is_told_among_voices(void **state)
{
	struct pair p = two_friends(NULL);

	(void)state;
	user_send(p.alice, "CAP REQ :away-notify");
	user_expect(p.alice, "*ACK*");
	show_all(p.alice);
	user_send(p.bob, "AWAY :fishing");
	user_expect(p.alice, ":bob!* AWAY :fishing");
	user_send(p.alice, "WHO bob");
	user_expect(p.alice, "* 352 alice &contacts allium *.onion " SERVER " bob G+ :0 *");
	pair_free(&p);
}

/* ---- what was missed ---- */

/* Alice's client goes; Bob writes; the client comes back with these capabilities (NULL: none). */
static struct user *come_back(struct pair *p, const char *caps)
{
	struct user *u = user_new(p->w);

	user_send(p->bob, "PRIVMSG alice :missed");
	user_send(p->bob, "PRIVMSG alice :\001ACTION waves\001");
	user_expect(p->alice, ":bob!* PRIVMSG alice :*waves*");
	if (caps != NULL)
		user_send(u, "CAP REQ :%s", caps);
	user_send(u, "PASS alice@phone:password");
	user_send(u, "NICK x");
	user_send(u, "USER x 0 * :x");
	if (caps != NULL)
		user_send(u, "CAP END");
	return u;
}

/* A client of this name was there before, and has seen all so far. */
static void know_phone(struct pair *p)
{
	struct user *u = user_login(p->w, "alice@phone");

	user_count(u, "*");
	user_free(u);
}

static void a_client_without_tags_reads_the_time(void **state)
{
	struct pair p = two_friends(NULL);
	struct user *u;

	(void)state;
	know_phone(&p);
	u = come_back(&p, NULL);
	user_expect(u, ":bob!* PRIVMSG alice :[*:?? UTC] missed");
	user_expect(u, ":bob!* PRIVMSG alice :\001ACTION [*:?? UTC] waves\001");
	/* What comes now needs none. */
	user_send(p.bob, "PRIVMSG alice :live");
	user_expect(u, ":bob!* PRIVMSG alice :live");
	user_free(u);
	pair_free(&p);
}

static void a_client_with_tags_is_not_told_twice(void **state)
{
	struct pair p = two_friends(NULL);
	struct user *u;

	(void)state;
	know_phone(&p);
	u = come_back(&p, "server-time");
	user_expect(u, "@time=* :bob!* PRIVMSG alice :missed");
	user_free(u);
	pair_free(&p);
}

static void the_setting_decides_for_every_client(void **state)
{
	struct pair p = two_friends(NULL);
	struct user *u;

	(void)state;
	know_phone(&p);
	user_send(p.alice, "PRIVMSG allium :set replay.time prefix");
	user_expect(p.alice, "*replay.time is prefix now.");
	u = come_back(&p, "server-time");
	user_expect(u, "@time=* :bob!* PRIVMSG alice :[*:?? UTC] missed");
	user_count(u, "*");
	user_free(u);
	user_send(p.alice, "PRIVMSG allium :set replay.time tag");
	user_expect(p.alice, "*replay.time is tag now.");
	u = come_back(&p, NULL);
	user_expect(u, ":bob!* PRIVMSG alice :missed");
	user_free(u);
	pair_free(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(who_goes_stays_a_member_without_voice),
	    cmocka_unit_test(who_is_not_here_joins_and_leaves_with_the_setting),
	    cmocka_unit_test(one_who_is_added_or_removed_comes_and_goes),
	    cmocka_unit_test(away_is_told_among_voices),
	    cmocka_unit_test(a_client_without_tags_reads_the_time),
	    cmocka_unit_test(a_client_with_tags_is_not_told_twice),
	    cmocka_unit_test(the_setting_decides_for_every_client),
	};

	alarm(300);
	if (crypto_start() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
