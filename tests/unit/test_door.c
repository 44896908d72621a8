/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Stories of who may come in: the door, invitations, blocking. */
#include "gateway_help.h"

static void say(struct user *u, const char *command, const char *answer)
{
	user_send(u, "PRIVMSG allium :%s", command);
	user_expect(u, answer);
}

/* The string of a new invitation. */
static void invite(struct user *u, char out[INVITE_LEN + 1])
{
	const char *line;

	user_send(u, "PRIVMSG allium :invite");
	user_expect(u, "*NOTICE * :Invitation *, for one person, until *");
	line = user_expect(u, "*NOTICE * :" INVITE_PREFIX "*");
	line = strstr(line, INVITE_PREFIX);
	assert_int_equal(strlen(line), INVITE_LEN);
	memcpy(out, line, INVITE_LEN + 1);
}

static void an_invitation_leads_past_the_closed_door(void **state)
{
	struct world *w = world_new(NULL);
	struct user *alice = user_register(w, "alice");
	struct user *bob = user_register(w, "bob");
	char text[INVITE_LEN + 1];

	(void)state;
	say(alice, "door closed", "*:The door is closed: *");
	invite(alice, text);
	user_send(bob, "PRIVMSG allium :add ally %s", text);
	user_expect(bob, "*NOTICE bob :ally will be your contact as soon as they can be reached: *");
	user_send(bob, "PRIVMSG ally :hello");
	user_expect(bob, ":ally!* JOIN &contacts");
	user_expect(alice, "*NOTICE alice :bob has used your invitation and is a contact now.");
	user_expect(alice, ":bob!* PRIVMSG alice :hello");
	user_send(alice, "PRIVMSG bob :welcome");
	user_expect(bob, ":ally!* PRIVMSG bob :welcome");
	say(alice, "invite list", "*NOTICE alice :No invitation waits to be used.");
	user_free(alice);
	user_free(bob);
	world_free(w);
}

static void a_used_invitation_is_at_best_a_request(void **state)
{
	struct world *w = world_new(NULL);
	struct user *alice = user_register(w, "alice");
	struct user *bob = user_register(w, "bob");
	struct user *carol = user_register(w, "carol");
	char text[INVITE_LEN + 1];

	(void)state;
	invite(alice, text);
	user_send(bob, "PRIVMSG allium :add alice %s", text);
	user_expect(bob, ":alice!* JOIN &contacts");
	user_send(carol, "PRIVMSG allium :add alice %s hello", text);
	user_expect(carol, "*NOTICE carol :An invitation takes no message along. *");
	user_expect(alice, "*NOTICE alice :carol asks to be your contact: *");
	assert_int_equal(user_count(carol, ":alice!* JOIN *"), 0);
	say(alice, "reject all", "*NOTICE alice :Refused: 1 request. Not shown again.");
	say(alice, "requests", "*NOTICE alice :Nobody asks to be your contact.");
	user_free(alice);
	user_free(bob);
	user_free(carol);
	world_free(w);
}

static void an_invitation_that_is_no_good_is_told(void **state)
{
	struct world *w = world_new(NULL);
	struct user *alice = user_register(w, "alice");
	struct user *bob = user_register(w, "bob");
	char text[INVITE_LEN + 1];
	struct invite inv;

	(void)state;
	invite(alice, text);
	user_send(alice, "PRIVMSG allium :add me %s", text);
	user_expect(alice, "*NOTICE alice :That leads to yourself: me was not added.");
	assert_int_equal(invite_decode(text, &inv), 0);
	inv.minute = 1;
	assert_int_equal(invite_encode(&inv, text), 0);
	user_send(bob, "PRIVMSG allium :add alice %s", text);
	user_expect(bob, "*NOTICE bob :That invitation has expired: ask for another. alice was not added.");
	text[20] = text[20] == 'a' ? 'b' : 'a';
	user_send(bob, "PRIVMSG allium :add alice %s", text);
	user_expect(bob, "*NOTICE bob :That invitation is damaged: *");
	say(bob, "contacts", "*NOTICE bob :You have no contacts yet. *");
	user_free(alice);
	user_free(bob);
	world_free(w);
}

static void a_closed_door_takes_no_request(void **state)
{
	struct world *w = world_new(NULL);
	struct user *alice = user_register(w, "alice");
	struct user *bob = user_register(w, "bob");

	(void)state;
	say(alice, "door closed", "*NOTICE alice :Your address is withdrawn: *");
	user_send(bob, "PRIVMSG allium :add alice %s let me in", chat_onion(world_chat(w, "alice")));
	user_expect(bob, "*NOTICE bob :alice will be asked*");
	user_count(bob, "*");
	say(alice, "requests", "*NOTICE alice :Nobody asks to be your contact.");
	say(alice, "door open", "*NOTICE alice :The door is open: *");
	user_send(bob, "PRIVMSG allium :retry alice");
	user_expect(alice, "*NOTICE alice :bob asks to be your contact: let me in");
	user_free(alice);
	user_free(bob);
	world_free(w);
}

/* As one whom the account has from a time before private services. */
static void forget_the_way(struct user *u, const char *account, const char *nick)
{
	chat_find(world_chat(u->w, account), nick)->row.knows_door = true;
}

static void who_knows_only_the_address_is_named(void **state)
{
	struct world *w = world_new(NULL);
	struct user *alice = user_register(w, "alice");
	struct user *bob = user_register(w, "bob");

	(void)state;
	befriend(alice, "alice", bob, "bob");
	say(alice, "door closed", "*NOTICE alice :Your address is withdrawn: *");
	forget_the_way(alice, "alice", "bob");
	user_send(alice, "PRIVMSG allium :door");
	user_expect(alice, "*NOTICE alice :The door is closed: *");
	user_expect(alice, "*NOTICE alice :Contacts who know only your address, until they are reached: bob");
	user_expect(alice,
		    "*NOTICE alice :Until all are reached, your address stays published*`door closed now`*");
	user_send(alice, "PRIVMSG allium :door");
	assert_int_equal(user_count(alice, "*:Your address is withdrawn: *"), 0);
	user_send(alice, "PRIVMSG allium :block bob");
	user_expect(alice, "*NOTICE alice :bob can't reach you any more*");
	/* He depends on nothing any more. */
	user_send(alice, "PRIVMSG allium :door");
	assert_int_equal(user_count(alice, "*:Your address is withdrawn: *"), 1);
	say(alice, "unblock bob", "*NOTICE alice :bob is called again*");
	forget_the_way(alice, "alice", "bob");
	user_send(alice, "PRIVMSG allium :door closed now");
	user_expect(alice, "*NOTICE alice :Your address is withdrawn: *");
	user_expect(alice, "*NOTICE alice :Contacts who know only your address*: bob");
	user_expect(alice, "*NOTICE alice :They can't call you until you have reached them.");
	user_free(alice);
	user_free(bob);
	world_free(w);
}

static void who_is_blocked_neither_comes_nor_writes(void **state)
{
	struct world *w = world_new(NULL);
	struct user *alice = user_register(w, "alice");
	struct user *bob = user_register(w, "bob");

	(void)state;
	befriend(alice, "alice", bob, "bob");
	user_send(alice, "PRIVMSG allium :block bob");
	user_expect(alice, ":bob!* QUIT :blocked");
	user_expect(alice, "*NOTICE alice :bob can't reach you any more, and is not told. *");
	user_expect(bob, ":alice!* QUIT :*");
	user_send(bob, "PRIVMSG alice :are you angry");
	user_expect(bob, "* 301 bob alice :offline since *; 1 message queued");
	user_send(bob, "PRIVMSG allium :retry alice");
	user_expect(bob, "*being called now.");
	user_send(alice, "PRIVMSG bob :yes");
	user_expect(alice, ":" SERVER " 404 alice bob :is blocked by you: nothing was sent. *");
	user_send(alice, "NOTICE bob :yes");
	user_send(alice, "WHOIS bob");
	assert_int_equal(user_count(alice, "* 404 *"), 0);
	assert_int_equal(user_count(alice, "*are you angry*"), 0);

	say(alice, "unblock bob", "*NOTICE alice :bob is called again from now on. *");
	user_expect(alice, ":bob!* JOIN &contacts");
	user_expect(alice, ":bob!* PRIVMSG alice :are you angry");
	assert_int_equal(user_count(bob, "* :*yes*"), 0);
	user_free(alice);
	user_free(bob);
	world_free(w);
}

static void who_is_blocked_is_no_member(void **state)
{
	struct world *w = world_new(NULL);
	struct user *alice = user_register(w, "alice");
	struct user *bob = user_register(w, "bob");
	struct user *phone = user_login(w, "alice@phone");

	(void)state;
	befriend(alice, "alice", bob, "bob");
	say(alice, "set contacts.show all", "*contacts.show is all now.");
	user_send(alice, "PRIVMSG allium :block bob");
	assert_int_equal(user_count(alice, ":bob!* QUIT :blocked"), 1);
	assert_int_equal(user_count(phone, "* MODE &contacts -v bob"), 0);
	user_send(alice, "NAMES &contacts");
	user_expect(alice, "* 353 alice = &contacts :@allium alice");
	/* The setting does not bring them back. */
	say(alice, "set contacts.show online", "*contacts.show is online now.");
	user_send(alice, "PRIVMSG allium :set contacts.show all");
	assert_int_equal(user_count(alice, ":bob!*"), 0);
	user_send(alice, "WHO bob");
	assert_int_equal(user_count(alice, "* 352 *"), 0);
	user_send(alice, "PRIVMSG allium :unblock bob");
	user_expect(alice, ":bob!* JOIN &contacts");
	user_free(alice);
	user_free(phone);
	user_free(bob);
	world_free(w);
}

static void cover_is_kept_and_told_to_the_net(void **state)
{
	struct world *w = world_new(NULL);
	struct user *alice = user_register(w, "alice");

	(void)state;
	say(alice, "set cover light", "*NOTICE alice :cover is light now.");
	assert_int_equal(w->cover, COVER_LIGHT);
	say(alice, "logout", ":" SERVER " 901 *");
	w->cover = COVER_OFF;
	user_free(alice);
	alice = user_login(w, "alice");
	assert_int_equal(w->cover, COVER_LIGHT);
	say(alice, "set cover", "*NOTICE alice :cover = light (default: off) - *");
	user_free(alice);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_invitation_leads_past_the_closed_door),
	    cmocka_unit_test(a_used_invitation_is_at_best_a_request),
	    cmocka_unit_test(an_invitation_that_is_no_good_is_told),
	    cmocka_unit_test(a_closed_door_takes_no_request),
	    cmocka_unit_test(who_knows_only_the_address_is_named),
	    cmocka_unit_test(who_is_blocked_neither_comes_nor_writes),
	    cmocka_unit_test(who_is_blocked_is_no_member),
	    cmocka_unit_test(cover_is_kept_and_told_to_the_net),
	};

	alarm(300);
	if (crypto_start() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
