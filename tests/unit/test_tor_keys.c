/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Dials to services that only some can find: tor keeps one key for an address, whoever gave it. */
#include "tor_attach_help.h"

#define ADD    "ONION_CLIENT_AUTH_ADD "
#define REMOVE "ONION_CLIENT_AUTH_REMOVE "

#define REPLY_OK "05000001000000000000"
#define REPLY_F2 "05f20001000000000000"
#define REPLY_F4 "05f40001000000000000"

/* 32 bytes of each, and in base64. */
static const uint8_t key_a[KEY_BYTES] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
static const uint8_t key_b[KEY_BYTES] = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
#define A64 "YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE="
#define B64 "YmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmI="

/* Answers are given by hand. */
static const struct fake_answer by_hand[] = {{ADD, ""}, {REMOVE, ""}, {NULL, NULL}};

static struct tor_dial *dial_to(struct fake *f, uint8_t whom, const uint8_t *key, struct call *c)
{
	struct key k = make_key(whom);
	struct tor_dial *d;

	assert_int_equal(tor_dial(f->tor, k.public, key, "alice-to-bob", on_dial, c, &d), 0);
	assert_int_equal(c->ends, 0);
	return d;
}

static struct tor_dial *dial_bob(struct fake *f, const uint8_t *key, struct call *c)
{
	return dial_to(f, 3, key, c);
}

/* A dial whose request has reached tor, which does not answer it. */
static struct tor_dial *hold_dial(struct fake *f, uint8_t whom, const uint8_t *key, struct call *c)
{
	struct tor_dial *d = dial_to(f, whom, key, c);
	int n = f->n_dials;

	assert_null(f->socks_answer);
	TURN_UNTIL(f->loop, f->n_dials > n && f->dialled->len > 3 + 16 + 5 + ONION_HOST_LEN);
	return d;
}

static void turns(struct fake *f)
{
	for (int i = 0; i < 20; i++)
		loop_turn(f->loop, false);
}

/* The commands about keys so far: "+a" added, "-" removed. */
static const char *story(const struct fake *f)
{
	static char out[256];

	out[0] = '\0';
	for (int i = 0; i < f->n_asked; i++) {
		if (strncmp(f->asked[i], REMOVE, strlen(REMOVE)) == 0)
			strcat(out, "-");
		else if (strncmp(f->asked[i], ADD, strlen(ADD)) == 0)
			strcat(out, strstr(f->asked[i], A64) != NULL ? "+a" : "+b");
	}
	return out;
}

#define UNTIL_STORY(f, text) TURN_UNTIL((f)->loop, strcmp(story(f), text) == 0)

static void begin(struct fake *f, const struct fake_answer *table, const char *socks_answer)
{
	f->table = table;
	f->socks_answer = socks_answer;
	until_ready(f);
}

static void assert_ended(struct fake *f, struct call *c, enum dial_error error)
{
	TURN_UNTIL(f->loop, c->ends);
	assert_int_equal(c->error, error);
	assert_int_equal(c->ends, 1);
	if (error == DIAL_OK)
		close(c->fd);
}

/* A dial that did not meet the service: its key stays. */
static void leave_key(struct fake *f, uint8_t whom, const uint8_t *key)
{
	struct call c = {0};

	f->socks_answer = REPLY_F2;
	dial_to(f, whom, key, &c);
	assert_ended(f, &c, DIAL_INTRO_FAILED);
	f->socks_answer = REPLY_OK;
}

static void test_a_dial_waits_until_tor_has_its_key(void **state)
{
	struct fake *f = *state;
	struct call c = {0};
	struct key k = make_key(3);
	char command[160];

	begin(f, by_hand, REPLY_OK);
	dial_bob(f, key_a, &c);
	UNTIL_STORY(f, "+a");
	/* Nothing else: no Flags=Permanent, which tor would write to its disk. */
	snprintf(command, sizeof(command), ADD "%s x25519:" A64, k.address);
	assert_string_equal(f->asked[f->n_asked - 1], command);
	turns(f);
	assert_int_equal(f->n_dials, 0);
	fake_say(f, "250 OK\r\n");
	assert_ended(f, &c, DIAL_OK);
	assert_int_equal(f->n_dials, 1);
}

static void test_dials_with_one_key_share_it(void **state)
{
	struct fake *f = *state;
	struct call c[2] = {{0}, {0}}, later = {0};

	begin(f, NULL, NULL);
	hold_dial(f, 3, key_a, &c[0]);
	hold_dial(f, 3, key_a, &c[1]);
	assert_string_equal(story(f), "+a");
	f->socks_answer = REPLY_OK;
	dial_bob(f, key_a, &later);
	assert_ended(f, &later, DIAL_OK);
	assert_string_equal(story(f), "+a");
}

/* The other account's key must not open anything for this one, nor this one's for it. */
static void test_another_key_waits_for_its_turn(void **state)
{
	struct fake *f = *state;
	struct call a = {0}, b = {0}, none = {0}, again = {0};
	struct tor_dial *holder;

	begin(f, NULL, NULL);
	holder = hold_dial(f, 3, key_a, &a);
	dial_bob(f, key_b, &b);
	dial_bob(f, NULL, &none);
	dial_bob(f, key_a, &again);
	turns(f);
	assert_int_equal(f->n_dials, 1);
	assert_string_equal(story(f), "+a");
	f->socks_answer = REPLY_OK;
	tor_dial_cancel(holder);
	assert_ended(f, &b, DIAL_OK);
	assert_ended(f, &none, DIAL_OK);
	assert_ended(f, &again, DIAL_OK);
	UNTIL_STORY(f, "+a-+b-+a-");
	assert_int_equal(a.ends, 0);
}

/* What a key has opened serves everybody until tor has removed it. */
static void test_without_a_key_only_once_the_other_is_removed(void **state)
{
	struct fake *f = *state;
	struct call none = {0};

	begin(f, NULL, NULL);
	leave_key(f, 3, key_a);
	f->table = by_hand;
	dial_bob(f, NULL, &none);
	UNTIL_STORY(f, "+a-");
	turns(f);
	assert_int_equal(f->n_dials, 1);
	fake_say(f, "250 OK\r\n");
	assert_ended(f, &none, DIAL_OK);
}

/* ... and a key must not be added while a dial without one may still use what it opens. */
static void test_a_key_waits_for_those_without(void **state)
{
	struct fake *f = *state;
	struct call a = {0}, none = {0};
	struct tor_dial *holder;

	begin(f, NULL, NULL);
	holder = hold_dial(f, 3, NULL, &none);
	dial_bob(f, key_a, &a);
	turns(f);
	assert_string_equal(story(f), "");
	f->socks_answer = REPLY_OK;
	tor_dial_cancel(holder);
	assert_ended(f, &a, DIAL_OK);
	assert_string_equal(story(f), "+a");
}

static void test_addresses_do_not_wait_for_each_other(void **state)
{
	struct fake *f = *state;
	struct call bob = {0}, carol = {0}, dave = {0};

	begin(f, NULL, NULL);
	hold_dial(f, 3, key_a, &bob);
	hold_dial(f, 4, key_b, &carol);
	hold_dial(f, 5, NULL, &dave);
	assert_string_equal(story(f), "+a+b");
}

/* What a peer's restart has left behind must not be in the way of the next dial. */
static void test_a_dial_that_got_through_takes_its_key_along(void **state)
{
	struct fake *f = *state;
	struct call c = {0}, holds = {0}, later = {0};
	struct tor_dial *holder;

	begin(f, NULL, NULL);
	holder = hold_dial(f, 3, key_a, &holds);
	f->socks_answer = REPLY_OK;
	dial_bob(f, key_a, &c);
	assert_ended(f, &c, DIAL_OK);
	turns(f);
	assert_string_equal(story(f), "+a");
	tor_dial_cancel(holder);
	UNTIL_STORY(f, "+a-");
	dial_bob(f, key_a, &later);
	assert_ended(f, &later, DIAL_OK);
	UNTIL_STORY(f, "+a-+a-");
}

static void test_a_dial_that_failed_leaves_its_key_for_a_while(void **state)
{
	struct fake *f = *state;
	struct call c = {0};

	begin(f, NULL, NULL);
	leave_key(f, 3, key_a);
	turns(f);
	assert_string_equal(story(f), "+a");
	dial_bob(f, key_a, &c);
	assert_ended(f, &c, DIAL_OK);
	UNTIL_STORY(f, "+a-");
}

static int count(const char *of)
{
	int n = 0;

	while ((of = strchr(of, '-')) != NULL) {
		of++;
		n++;
	}
	return n;
}

static void test_only_so_many_keys_are_left(void **state)
{
	struct fake *f = *state;

	begin(f, NULL, NULL);
	for (int whom = 10; whom < 10 + 64; whom++)
		leave_key(f, (uint8_t)whom, key_a);
	turns(f);
	assert_int_equal(count(story(f)), 0);
	leave_key(f, 9, key_a);
	leave_key(f, 8, key_a);
	TURN_UNTIL(f->loop, count(story(f)) == 2);
}

static void test_the_while_is_over(void **state)
{
	struct fake *f = *state;
	struct call c = {0};
	struct tor_dial *holder;

	f->key_idle_ms = 1;
	begin(f, NULL, NULL);
	holder = hold_dial(f, 3, key_a, &c);
	leave_key(f, 3, key_a);
	/* Another address's key goes meanwhile, but this one is held. */
	leave_key(f, 4, key_b);
	UNTIL_STORY(f, "+a+b-");
	turns(f);
	assert_string_equal(story(f), "+a+b-");
	tor_dial_cancel(holder);
	UNTIL_STORY(f, "+a+b--");
}

static void test_an_account_that_locks(void **state)
{
	struct fake *f = *state;
	struct call carol = {0};

	begin(f, NULL, NULL);
	leave_key(f, 3, key_a);
	f->socks_answer = NULL;
	hold_dial(f, 4, key_b, &carol);
	tor_forget_keys(f->tor);
	UNTIL_STORY(f, "+a+b-");
	turns(f);
	assert_string_equal(story(f), "+a+b-");
	assert_non_null(strstr(f->asked[f->n_asked - 1], make_key(3).address));
}

/* It may have lost its key, by a NEWNYM of somebody else's. */
static void test_a_key_that_did_not_open_is_given_anew(void **state)
{
	struct fake *f = *state;
	struct call c = {0}, again = {0};

	begin(f, NULL, REPLY_F4);
	dial_bob(f, key_a, &c);
	assert_ended(f, &c, DIAL_NEED_AUTH);
	f->socks_answer = REPLY_OK;
	dial_bob(f, key_a, &again);
	assert_ended(f, &again, DIAL_OK);
	UNTIL_STORY(f, "+a-+a-");
}

/* 251: a system's tor still had one from before, and what that has opened. */
static void test_what_an_earlier_run_left(void **state)
{
	struct fake *f = *state;
	struct call c = {0};

	begin(f, by_hand, REPLY_OK);
	dial_bob(f, key_a, &c);
	UNTIL_STORY(f, "+a");
	fake_say(f, "251 Client for onion existed and replaced\r\n");
	UNTIL_STORY(f, "+a-");
	turns(f);
	assert_int_equal(f->n_dials, 0);
	fake_say(f, "250 OK\r\n");
	UNTIL_STORY(f, "+a-+a");
	fake_say(f, "252 Registered client and decrypted desc\r\n");
	assert_ended(f, &c, DIAL_OK);
}

static void test_refused_keys_in_words(void **state)
{
	static const struct {
		const char *answer;
		enum dial_error error;
	} rows[] = {
	    {"512 Failed to decode x25519 private key\r\n", DIAL_BAD_ADDRESS},
	    {"552 Unrecognized key type \"x25519\"\r\n", DIAL_BAD_ADDRESS},
	    {"553 Invalid private key \"AAAA\"\r\n", DIAL_BAD_ADDRESS},
	    {"551 Unable to register\r\n", DIAL_TOR_DOWN},
	    {"451 Resource exhausted\r\n", DIAL_TOR_DOWN},
	};
	struct fake *f = *state;
	struct call good = {0};

	begin(f, by_hand, REPLY_OK);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct call a = {0}, same = {0};

		fake_forget_asked(f);
		dial_bob(f, key_a, &a);
		dial_bob(f, key_a, &same);
		UNTIL_STORY(f, "+a");
		fake_say(f, rows[i].answer);
		assert_ended(f, &a, rows[i].error);
		assert_ended(f, &same, rows[i].error);
	}
	assert_int_equal(f->n_dials, 0);
	assert_non_null(strstr(dial_error_text(DIAL_BAD_ADDRESS), "key"));
	f->table = NULL;
	dial_bob(f, key_b, &good);
	assert_ended(f, &good, DIAL_OK);
}

/* Who waits behind a refused key is not refused with it. */
static void test_another_key_after_a_refused_one(void **state)
{
	struct fake *f = *state;
	struct call a = {0}, b = {0};

	begin(f, by_hand, REPLY_OK);
	dial_bob(f, key_a, &a);
	dial_bob(f, key_b, &b);
	UNTIL_STORY(f, "+a");
	fake_say(f, "512 Failed to decode x25519 private key\r\n");
	UNTIL_STORY(f, "+a+b");
	fake_say(f, "250 OK\r\n");
	assert_ended(f, &a, DIAL_BAD_ADDRESS);
	assert_ended(f, &b, DIAL_OK);
}

/* A key that may still be there would open for others. */
static void test_a_key_that_tor_does_not_remove(void **state)
{
	struct fake *f = *state;
	struct call none = {0}, b = {0};

	begin(f, NULL, NULL);
	leave_key(f, 3, key_a);
	f->table = by_hand;
	dial_bob(f, NULL, &none);
	UNTIL_STORY(f, "+a-");
	fake_say(f, "551 No\r\n");
	assert_ended(f, &none, DIAL_TOR_DOWN);
	assert_int_equal(f->n_dials, 1);
	f->table = NULL;
	dial_bob(f, key_b, &b);
	assert_ended(f, &b, DIAL_OK);
	UNTIL_STORY(f, "+a--+b-");
}

static void test_waiting_counts_as_dialling(void **state)
{
	struct fake *f = *state;
	struct call c = {0};

	f->dial_timeout_ms = 50;
	begin(f, by_hand, REPLY_OK);
	dial_bob(f, key_a, &c);
	assert_ended(f, &c, DIAL_TIMEOUT);
	assert_int_equal(f->n_dials, 0);
}

static void test_a_cancelled_wait(void **state)
{
	struct fake *f = *state;
	struct call gone = {0}, c = {0};
	struct tor_dial *first, *second;

	begin(f, by_hand, REPLY_OK);
	first = dial_bob(f, key_a, &gone);
	second = dial_bob(f, key_b, &gone);
	UNTIL_STORY(f, "+a");
	tor_dial_cancel(second);
	tor_dial_cancel(first);
	f->table = NULL;
	fake_say(f, "250 OK\r\n");
	dial_bob(f, key_b, &c);
	assert_ended(f, &c, DIAL_OK);
	UNTIL_STORY(f, "+a-+b-");
	assert_int_equal(gone.ends, 0);
	assert_int_equal(f->n_dials, 1);
}

/* A tor that has restarted knows no keys. */
static void test_keys_after_a_restart(void **state)
{
	struct fake *f = *state;
	struct call waits = {0}, behind = {0}, after = {0};

	begin(f, NULL, NULL);
	leave_key(f, 3, key_a);
	f->table = by_hand;
	dial_bob(f, key_b, &waits);
	dial_bob(f, key_a, &behind);
	UNTIL_STORY(f, "+a-");
	fake_die(f);
	assert_ended(f, &waits, DIAL_TOR_DOWN);
	assert_ended(f, &behind, DIAL_TOR_DOWN);
	TURN_UNTIL(f->loop, fake_state(f) == TOR_DOWN);
	fake_forget_asked(f);
	f->table = NULL;
	fake_open(f);
	TURN_UNTIL(f->loop, fake_state(f) == TOR_READY);
	dial_bob(f, key_a, &after);
	assert_ended(f, &after, DIAL_OK);
	UNTIL_STORY(f, "+a-");
}

/* A system's tor lives on without us: what we gave it is taken back. */
static void test_keys_when_we_leave(void **state)
{
	struct fake *f = *state;
	struct call carol = {0};

	begin(f, NULL, NULL);
	leave_key(f, 3, key_a);
	f->socks_answer = NULL;
	hold_dial(f, 4, key_b, &carol);
	tor_stop(f->tor);
	UNTIL_STORY(f, "+a+b--");
	TURN_UNTIL(f->loop, f->stream == NULL);
	assert_ended(f, &carol, DIAL_TOR_DOWN);
}

#define T(f) cmocka_unit_test_setup_teardown(f, fake_setup, fake_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(test_a_dial_waits_until_tor_has_its_key),
	    T(test_dials_with_one_key_share_it),
	    T(test_another_key_waits_for_its_turn),
	    T(test_without_a_key_only_once_the_other_is_removed),
	    T(test_a_key_waits_for_those_without),
	    T(test_addresses_do_not_wait_for_each_other),
	    T(test_a_dial_that_got_through_takes_its_key_along),
	    T(test_a_dial_that_failed_leaves_its_key_for_a_while),
	    T(test_only_so_many_keys_are_left),
	    T(test_the_while_is_over),
	    T(test_an_account_that_locks),
	    T(test_a_key_that_did_not_open_is_given_anew),
	    T(test_what_an_earlier_run_left),
	    T(test_refused_keys_in_words),
	    T(test_another_key_after_a_refused_one),
	    T(test_a_key_that_tor_does_not_remove),
	    T(test_waiting_counts_as_dialling),
	    T(test_a_cancelled_wait),
	    T(test_keys_after_a_restart),
	    T(test_keys_when_we_leave),
	};

	alarm(300);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
