/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Stories of Alice and Bob: presence, messages, and what a client has missed. */
#include "gateway_help.h"

static void they_talk(void **state)
{
	struct pair p = two_friends(NULL);

	(void)state;
	user_send(p.alice, "PRIVMSG bob :hello there");
	user_expect(p.bob, ":alice!allium@*.onion PRIVMSG bob :hello there");
	user_send(p.bob, "PRIVMSG alice :\001ACTION waves\001");
	user_expect(p.alice, ":bob!allium@*.onion PRIVMSG alice :\001ACTION waves\001");
	user_send(p.alice, "NOTICE bob :psst");
	user_expect(p.bob, ":alice!* NOTICE bob :psst");
	assert_int_equal(user_count(p.alice, "*hello there*"), 0);
	pair_free(&p);
}

static void everything_that_shows_presence_agrees(void **state)
{
	struct pair p = two_friends(NULL);

	(void)state;
	user_send(p.alice, "CAP REQ :away-notify");
	user_expect(p.alice, "*ACK*");
	user_send(p.bob, "AWAY :fishing");
	user_expect(p.bob, "* 306 bob *");
	user_expect(p.alice, ":bob!* AWAY :fishing");
	user_send(p.alice, "WHO &contacts %%na");
	user_expect(p.alice, "* 354 alice bob *");
	user_send(p.alice, "WHO bob");
	user_expect(p.alice, "* 352 alice &contacts allium *.onion " SERVER " bob G :0 bob");
	user_send(p.alice, "PRIVMSG bob :hello");
	user_expect(p.alice, "* 301 alice bob :fishing");
	user_send(p.alice, "WHOIS bob");
	user_expect(p.alice, "* 311 alice bob allium *.onion * :*");
	user_expect(p.alice, "* 319 alice bob :&contacts");
	user_expect(p.alice, "* 330 alice bob *");
	user_expect(p.alice, "* 317 alice bob *");
	user_expect(p.alice, "* 671 alice bob *");
	user_expect(p.alice, "* 301 alice bob :fishing");
	user_expect(p.alice, "* 318 alice bob *");

	net_set_down(p.w, true);
	user_expect(p.alice, ":bob!* QUIT :*");
	user_send(p.alice, "ISON bob alice");
	user_expect(p.alice, "* 303 alice :alice");
	user_send(p.alice, "NAMES &contacts");
	user_expect(p.alice, "* 353 alice = &contacts :@allium alice");
	user_send(p.alice, "WHO bob");
	assert_int_equal(user_count(p.alice, "* 352 *"), 0);
	user_send(p.alice, "PRIVMSG bob :are you there");
	user_expect(p.alice, "* 301 alice bob :offline since * UTC; 1 message queued");

	net_set_down(p.w, false);
	user_expect(p.alice, ":bob!* JOIN &contacts");
	user_expect(p.bob, ":alice!* PRIVMSG bob :are you there");
	pair_free(&p);
}

static void a_request_waits_and_can_be_refused(void **state)
{
	struct world *w = world_new(NULL);
	struct user *alice = user_register(w, "alice");
	struct user *bob = user_register(w, "bob");

	(void)state;
	user_send(alice, "PRIVMSG allium :add bobby %s.onion please", chat_onion(world_chat(w, "bob")));
	user_expect(alice, "*NOTICE alice :bobby will be asked*");
	user_send(alice, "PRIVMSG bobby :early");
	user_expect(alice, "* 301 alice bobby :waits until*1 message queued");
	user_expect(bob, "*NOTICE bob :alice asks to be your contact: please");
	user_free(bob);
	bob = user_login(w, "bob@phone");
	user_expect(bob, "*NOTICE bob :alice asks to be your contact: please");
	user_send(bob, "PRIVMSG allium :accept alice as ally");
	user_expect(bob, ":ally!* JOIN &contacts");
	user_expect(bob, ":ally!* PRIVMSG bob :early");
	user_send(bob, "PRIVMSG allium :rename ally alice");
	user_expect(bob, ":ally!* NICK alice");
	user_send(bob, "PRIVMSG allium :remove alice");
	user_expect(bob, ":alice!* QUIT *");
	user_send(bob, "PRIVMSG alice :gone");
	user_expect(bob, "* 401 bob alice *");
	user_free(alice);
	user_free(bob);
	world_free(w);
}

/* Frames to the far end of every link are lost. Who had it, for hearing again. */
static void deafen(struct world *w, struct chat *chat, bool deaf)
{
	static struct chat *heard[sizeof(w->wires) / sizeof(w->wires[0])][2];

	for (uint32_t n = 1; n <= w->n_wires; n++)
		for (int side = 0; side < 2; side++) {
			if (deaf)
				heard[n][side] = w->wires[n].end[side];
			if (heard[n][side] == chat)
				w->wires[n].end[side] = deaf ? NULL : chat;
		}
}

static void what_may_have_left_is_not_taken_back(void **state)
{
	struct pair p = two_friends(NULL);

	(void)state;
	deafen(p.w, world_chat(p.w, "bob"), true);
	user_send(p.alice, "PRIVMSG bob :one");
	user_send(p.alice, "PRIVMSG allium :queue");
	user_expect(p.alice, "*NOTICE alice :bob: 1 message queued, the oldest since * UTC");
	user_send(p.alice, "PRIVMSG allium :queue bob");
	user_expect(p.alice, "*NOTICE alice :1: * UTC, on its way: one");
	user_send(p.alice, "PRIVMSG allium :cancel bob 1");
	user_expect(p.alice, "*NOTICE alice :Too late: message 1 to bob may have left.");
	user_send(p.alice, "PRIVMSG allium :cancel bob all");
	user_expect(p.alice, "*NOTICE alice :Too late: 1 message to bob may have left.");
	deafen(p.w, world_chat(p.w, "bob"), false);
	net_set_down(p.w, true);
	user_expect(p.alice, ":bob!* QUIT :*");
	user_send(p.alice, "PRIVMSG bob :two");
	user_expect(p.alice, "* 301 alice bob :offline since * UTC; 2 messages queued");
	user_send(p.alice, "PRIVMSG bob :three");
	user_expect(p.alice, "* 301 alice bob :offline since * UTC; 3 messages queued");
	user_send(p.alice, "PRIVMSG allium :queue bob");
	user_expect(p.alice, "*NOTICE alice :1: * UTC, may have left: one");
	user_expect(p.alice, "*NOTICE alice :2: * UTC, waits: two");
	user_expect(p.alice, "*NOTICE alice :3: * UTC, waits: three");
	user_send(p.alice, "PRIVMSG allium :cancel bob 3");
	user_expect(p.alice, "*NOTICE alice :Cancelled: message 3 to bob; 2 messages queued.");
	user_send(p.alice, "PRIVMSG allium :cancel bob all");
	user_expect(p.alice, "*NOTICE alice :1 message to bob cancelled: two");
	user_expect(p.alice,
		    "*NOTICE alice :Cancelled: 1 message to bob. Too late: 1 message may have left.");
	net_set_down(p.w, false);
	user_expect(p.alice, "*NOTICE alice :1 message to bob delivered");
	user_expect(p.bob, ":alice!* PRIVMSG bob :one");
	user_send(p.alice, "PRIVMSG bob :four");
	user_expect(p.bob, ":alice!* PRIVMSG bob :four");
	assert_int_equal(user_count(p.bob, "*PRIVMSG bob :t*"), 0);
	user_send(p.alice, "PRIVMSG allium :queue bob");
	user_expect(p.alice, "*NOTICE alice :Nothing is queued for bob.");
	pair_free(&p);
}

static void what_does_not_leave(void **state)
{
	struct pair p = two_friends(NULL);

	(void)state;
	user_send(p.alice, "PRIVMSG bob :\001VERSION\001");
	user_expect(p.alice, ":bob!* NOTICE alice :\001VERSION allium * answers in place of bob*");
	user_send(p.alice, "PRIVMSG bob :\001FINGER\001");
	user_expect(p.alice, "*NOTICE alice :CTCP would tell*");
	user_send(p.alice, "PRIVMSG bob :\001DCC SEND x 1 2 3\001");
	user_expect(p.alice, "*NOTICE alice :DCC would connect*");
	user_send(p.alice, "PRIVMSG bob :caf\xe9");
	user_expect(p.alice, "*NOTICE alice :*UTF-8*");
	user_send(p.alice, "PRIVMSG bob :the end");
	user_next(p.bob, ":alice!* PRIVMSG bob :the end");
	assert_int_equal(chat_queued(world_chat(p.w, "bob")), 0);
	pair_free(&p);
}

/* All texts of a source that have come, joined. */
static void collect(struct user *u, const char *mask, const char *last, char *out, size_t size)
{
	const char *line;

	out[0] = '\0';
	do {
		line = user_expect(u, mask);
		assert_true(strlen(line) <= 510);
		assert_true(utf8_valid(line, strlen(line)));
		assert_true(strlen(out) + strlen(line) < size);
		strcat(out, strstr(line, " :") + 2);
	} while (strstr(line, last) == NULL);
}

/* Starting with `shift` letters, so that cuts by bytes would fall into every part of a code point. */
static void send_long_text(struct pair *p, size_t shift)
{
	struct chat *alice = world_chat(p->w, "alice");
	struct contact *bob = chat_find(alice, "bob");
	char text[TEXT_MAX + 1] = "";
	char got[2 * TEXT_MAX];

	while (strlen(text) < shift)
		strcat(text, "a");
	while (strlen(text) < 3000)
		strcat(text, "\xf0\x9f\xa7\x85\xc3\xa9x");
	strcat(text, "END");
	domain_mark(person_of(alice)->domain);
	assert_int_equal(
	    chat_send(alice, world_now(p->w), bob, MESSAGE_TEXT, text, strlen(text), "other", NULL), 0);
	collect(p->bob, ":alice!* PRIVMSG bob :*", "END", got, sizeof(got));
	assert_string_equal(got, text);
	/* Another client of alice has sent it: this one sees it too. */
	collect(p->alice, ":alice!* PRIVMSG bob :*", "END", got, sizeof(got));
	assert_string_equal(got, text);
}

static void long_text_is_split_between_code_points(void **state)
{
	struct pair p = two_friends(NULL);

	(void)state;
	for (size_t shift = 0; shift < 4; shift++)
		send_long_text(&p, shift);
	pair_free(&p);
}

static void other_clients_see_what_one_sends(void **state)
{
	struct pair p = two_friends(NULL);
	struct user *phone = user_login(p.w, "alice@phone");

	(void)state;
	user_send(p.alice, "PRIVMSG bob :from the desk");
	user_expect(phone, ":alice!* PRIVMSG bob :from the desk");
	user_send(phone, "PRIVMSG alice :a note");
	user_expect(p.alice, ":alice!* PRIVMSG alice :a note");
	assert_int_equal(user_count(phone, "*a note*"), 0);
	assert_int_equal(user_count(p.alice, "*from the desk*"), 0);
	user_send(phone, "NICK alicia");
	user_expect(p.alice, ":alice!* NICK alicia");
	user_expect(phone, ":alice!* NICK alicia");
	user_free(phone);
	pair_free(&p);
}

/* ---- what was missed ---- */

static void let_commit(struct world *w, const char *account)
{
	domain_mark(person_of(world_chat(w, account))->domain);
	loop_turn(w->loop, false);
}

/* n messages of bob, each of len bytes at least, are in alice's store. */
static void bob_writes_long(struct pair *p, size_t first, size_t n, size_t len)
{
	struct chat *bob = world_chat(p->w, "bob");
	struct chat *alice = world_chat(p->w, "alice");
	int64_t before = chat_last_line(alice);
	char text[TEXT_MAX + 1];

	memset(text, 'x', sizeof(text));
	for (size_t i = 0; i < n; i++) {
		size_t used = (size_t)snprintf(text, sizeof(text), "line %zu.", first + i);

		text[used] = 'x';
		assert_int_equal(chat_send(bob, world_now(p->w), chat_find(bob, "alice"), MESSAGE_TEXT, text,
					   used > len ? used : len, "x", NULL),
				 0);
	}
	let_commit(p->w, "bob");
	while (chat_last_line(alice) < before + (int64_t)n)
		loop_turn(p->w->loop, true);
}

static void bob_writes(struct pair *p, size_t first, size_t n)
{
	bob_writes_long(p, first, n, 0);
}

/* The lines first .. first + n - 1 come, in order, and nothing else of bob's. */
static void expect_lines(struct user *u, size_t first, size_t n)
{
	char want[64];

	for (size_t i = 0; i < n; i++) {
		const char *line = user_expect(u, "*:bob!* PRIVMSG alice :*");

		snprintf(want, sizeof(want), "line %zu.", first + i);
		assert_non_null(strstr(line, want));
	}
}

/* alice@phone has a cursor, and is away. */
static void phone_was_here(struct pair *p)
{
	struct user *phone = user_login(p->w, "alice@phone");

	assert_int_equal(user_count(phone, "*PRIVMSG*"), 0);
	user_free(phone);
	loop_turn(p->w->loop, false);
}

static void what_was_missed_comes_once_and_in_order(void **state)
{
	struct pair p = two_friends(NULL);
	struct user *phone;

	(void)state;
	phone_was_here(&p);
	bob_writes(&p, 1, 120);
	phone = user_login(p.w, "alice@phone");
	expect_lines(phone, 1, 120);
	/* Three batches: each one waits for the PONG to the last. */
	assert_int_equal(user_count(phone, "*PRIVMSG*"), 0);
	assert_true(phone->pings >= 3);
	user_free(phone);
	phone = user_login(p.w, "alice@phone");
	bob_writes(&p, 121, 1);
	expect_lines(phone, 121, 1);
	user_free(phone);
	pair_free(&p);
}

static void what_it_said_itself_is_not_replayed(void **state)
{
	struct pair p = two_friends(NULL);
	struct user *phone = user_login(p.w, "alice@phone");

	(void)state;
	user_send(phone, "PRIVMSG bob :from the phone");
	user_expect(p.bob, ":alice!* PRIVMSG bob :from the phone");
	user_free(phone);
	phone = user_login(p.w, "alice@phone");
	assert_int_equal(user_count(phone, "*from the phone*"), 0);
	/* A client of another name, which was not there, is shown it. */
	user_free(phone);
	phone = user_login(p.w, "alice");
	assert_int_equal(user_count(p.alice, "*from the phone*"), 1);
	user_free(phone);
	pair_free(&p);
}

static void a_batch_is_fifty_lines_until_it_is_fenced(void **state)
{
	struct pair p = two_friends(NULL);
	struct user *phone;

	(void)state;
	phone_was_here(&p);
	bob_writes(&p, 1, 120);
	phone = user_new(p.w);
	phone->mute = true;
	user_send(phone, "PASS alice@phone:password");
	user_send(phone, "NICK x");
	user_send(phone, "USER x 0 * :x");
	expect_lines(phone, 1, 50);
	user_next(phone, "PING :*");
	user_nothing(phone);
	user_free(phone);

	/* Nothing was acknowledged: all of it comes again. */
	phone = user_login(p.w, "alice@phone");
	expect_lines(phone, 1, 120);
	user_free(phone);
	pair_free(&p);
}

static void live_lines_are_fenced_after_a_pause(void **state)
{
	struct pair p = two_friends(NULL);
	struct user *phone;
	unsigned pings;

	(void)state;
	phone = user_login(p.w, "alice@phone");
	pings = phone->pings;
	bob_writes(&p, 1, 3);
	expect_lines(phone, 1, 3);
	user_expect(phone, "PING :*");
	assert_int_equal(user_count(phone, "*PRIVMSG*"), 0);
	assert_int_equal(phone->pings, pings + 1);
	user_free(phone);
	phone = user_login(p.w, "alice@phone");
	assert_int_equal(user_count(phone, "*PRIVMSG*"), 0);
	user_free(phone);
	pair_free(&p);
}

static void an_unfenced_tail_repeats_with_the_same_id_and_time(void **state)
{
	struct pair p = two_friends(NULL);
	struct user *phone;
	char first[1024];

	(void)state;
	for (int i = 0; i < 2; i++) {
		phone = user_new(p.w);
		phone->mute = true;
		user_send(phone, "CAP REQ :server-time message-tags");
		user_send(phone, "PASS alice@phone:password");
		user_send(phone, "NICK x");
		user_send(phone, "USER x 0 * :x");
		user_send(phone, "CAP END");
		user_expect(phone, "* 366 *");
		if (i == 0)
			bob_writes(&p, 1, 1);
		const char *line = user_expect(phone, "@time=*;msgid=* :bob!* PRIVMSG alice :line 1.");

		if (i == 0)
			strcpy(first, line);
		else
			assert_string_equal(line, first);
		user_free(phone);
	}
	pair_free(&p);
}

static void a_client_that_never_pongs_still_gets_live_lines(void **state)
{
	struct pair p = two_friends(NULL);

	(void)state;
	p.alice->mute = true;
	bob_writes(&p, 1, 1);
	expect_lines(p.alice, 1, 1);
	user_expect(p.alice, "PING :*");
	bob_writes(&p, 2, 120);
	expect_lines(p.alice, 2, 120);
	pair_free(&p);
}

static void of_two_clients_of_one_name_the_slower_moves_the_cursor(void **state)
{
	struct pair p = two_friends(NULL);
	struct user *slow;
	struct user *fast;

	(void)state;
	slow = user_login(p.w, "alice@phone");
	fast = user_login(p.w, "alice@phone");
	assert_int_equal(user_count(slow, "*PRIVMSG*"), 0);
	slow->mute = true;
	bob_writes(&p, 1, 2);
	expect_lines(slow, 1, 2);
	expect_lines(fast, 1, 2);
	user_expect(fast, "PING :*");
	user_count(fast, "*");
	/* What one of them sends, the other sees. */
	user_send(fast, "PRIVMSG alice :between us");
	user_expect(slow, ":alice!* PRIVMSG alice :between us");
	/* Both end without another word: the slower had not confirmed. */
	user_free(fast);
	user_free(slow);
	loop_turn(p.w->loop, false);
	fast = user_login(p.w, "alice@phone");
	expect_lines(fast, 1, 2);
	user_free(fast);
	pair_free(&p);
}

/* Much more than its socket, our water mark and the bound of our buffer hold: it is neither cut off nor kept
 * in memory. */
static void a_slow_reader_is_served_from_the_store(void **state)
{
	struct pair p = two_friends(NULL);
	struct user *phone = user_login(p.w, "alice@phone");
	const size_t n = 1200;
	char want[32];

	(void)state;
	/* Others read on, so that only the phone is slow. */
	for (size_t i = 0; i < n; i += 100) {
		bob_writes_long(&p, 1 + i, 100, 4000);
		user_count(p.alice, "*");
	}
	for (size_t i = 1; i <= n; i++) {
		snprintf(want, sizeof(want), "PRIVMSG alice :line %zu.", i);
		assert_non_null(strstr(user_expect(phone, "*PRIVMSG alice :line *"), want));
	}
	assert_int_equal(user_count(phone, "*:line *"), 0);
	user_free(phone);
	pair_free(&p);
}

static void lines_survive_a_restart(void **state)
{
	struct pair p = two_friends(NULL);
	struct user *phone;

	(void)state;
	phone_was_here(&p);
	bob_writes(&p, 1, 5);
	user_free(p.alice);
	user_free(p.bob);
	p.alice = p.bob = NULL;
	accounts_end(p.w);
	accounts_begin(p.w);
	phone = user_login(p.w, "alice@phone");
	expect_lines(phone, 1, 5);
	user_free(phone);
	pair_free(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(they_talk),
	    cmocka_unit_test(everything_that_shows_presence_agrees),
	    cmocka_unit_test(a_request_waits_and_can_be_refused),
	    cmocka_unit_test(what_may_have_left_is_not_taken_back),
	    cmocka_unit_test(what_does_not_leave),
	    cmocka_unit_test(long_text_is_split_between_code_points),
	    cmocka_unit_test(other_clients_see_what_one_sends),
	    cmocka_unit_test(what_was_missed_comes_once_and_in_order),
	    cmocka_unit_test(what_it_said_itself_is_not_replayed),
	    cmocka_unit_test(a_batch_is_fifty_lines_until_it_is_fenced),
	    cmocka_unit_test(live_lines_are_fenced_after_a_pause),
	    cmocka_unit_test(an_unfenced_tail_repeats_with_the_same_id_and_time),
	    cmocka_unit_test(a_client_that_never_pongs_still_gets_live_lines),
	    cmocka_unit_test(of_two_clients_of_one_name_the_slower_moves_the_cursor),
	    cmocka_unit_test(a_slow_reader_is_served_from_the_store),
	    cmocka_unit_test(lines_survive_a_restart),
	};

	alarm(600);
	if (crypto_start() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
