/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An instance attached to a control socket: authentication, trouble in words, onions, dials, circuits. */
#include "tor_attach_help.h"

#include <errno.h>

static void assert_down(struct fake *f, bool fatal, const char *part)
{
	TURN_UNTIL(f->loop, fake_state(f) == TOR_DOWN);
	assert_int_equal(tor_status(f->tor)->fatal, fatal);
	if (strstr(tor_status(f->tor)->text, part) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", part, tor_status(f->tor)->text);
}

static void test_it_proves_the_cookie_and_gets_ready(void **state)
{
	struct fake *f = *state;

	until_ready(f);
	assert_true(f->proof_good);
	assert_string_equal(tor_status(f->tor)->version, "0.4.8.12");
	assert_int_equal(tor_status(f->tor)->progress, 100);
	assert_false(fake_was_asked(f, "TAKEOWNERSHIP"));
	assert_true(fake_was_asked(f, "SETEVENTS STATUS_CLIENT"));
	assert_int_equal(f->log[0].state, TOR_STARTING);
	assert_int_equal(f->log[1].state, TOR_BOOTSTRAPPING);
	assert_int_equal(f->log[2].state, TOR_READY);
	assert_int_equal(f->n_log, 3);
}

static void test_a_server_without_the_cookie_gets_no_proof(void **state)
{
	struct fake *f = *state;

	f->wrong_hash = true;
	fake_open(f);
	attach(f);
	assert_down(f, true, "does not know tor's cookie");
	assert_false(fake_was_asked(f, "AUTHENTICATE"));
}

static void test_null_authentication_only_where_nothing_else_is_offered(void **state)
{
	static const struct fake_answer null[] = {
	    {"PROTOCOLINFO", "250-PROTOCOLINFO 1\r\n250-AUTH METHODS=NULL\r\n" FAKE_VERSION "250 OK\r\n"},
	    {"AUTHENTICATE", "250 OK\r\n"},
	    {NULL, NULL}};
	struct fake *f = *state;

	f->table = null;
	until_ready(f);
	assert_string_equal(f->asked[1], "AUTHENTICATE");
}

static void test_a_password_is_not_ours_to_give(void **state)
{
	static const struct fake_answer table[] = {
	    {"PROTOCOLINFO",
	     "250-PROTOCOLINFO 1\r\n250-AUTH METHODS=NULL,HASHEDPASSWORD\r\n" FAKE_VERSION "250 OK\r\n"},
	    {NULL, NULL}};
	struct fake *f = *state;

	f->table = table;
	fake_open(f);
	attach(f);
	assert_down(f, true, "CookieAuthentication 1");
	assert_false(fake_was_asked(f, "AUTH"));
}

static void test_a_refused_authentication(void **state)
{
	static const struct fake_answer table[] = {{"AUTHENTICATE", "515 Bad authentication\r\n"},
						   {NULL, NULL}};
	struct fake *f = *state;

	f->table = table;
	fake_open(f);
	attach(f);
	assert_down(f, true, "tor refused our authentication: Bad authentication");
}

static void test_an_unreadable_cookie(void **state)
{
	struct fake *f = *state;

	unlink(f->cookie_path);
	fake_open(f);
	attach(f);
	assert_down(f, true, f->cookie_path);
}

static void test_a_cookie_of_another_size(void **state)
{
	struct fake *f = *state;

	assert_int_equal(file_replace(f->cookie_path, f->cookie, 31, 0600), 0);
	fake_open(f);
	attach(f);
	assert_down(f, true, f->cookie_path);
	assert_false(fake_was_asked(f, "AUTHCHALLENGE"));
}

static void test_a_tor_too_old(void **state)
{
	static const struct fake_answer table[] = {
	    {"PROTOCOLINFO",
	     "250-PROTOCOLINFO 1\r\n250-AUTH METHODS=NULL\r\n250-VERSION Tor=\"0.4.5.16\"\r\n250 OK\r\n"},
	    {NULL, NULL}};
	struct fake *f = *state;

	f->table = table;
	fake_open(f);
	attach(f);
	assert_down(f, true, "this tor is 0.4.5.16; allium needs 0.4.7 or later");
	assert_false(fake_was_asked(f, "AUTH"));
}

static void test_what_answers_is_no_tor(void **state)
{
	static const struct fake_answer table[] = {
	    {"PROTOCOLINFO", ":irc 421 * PROTOCOLINFO :Unknown command\r\n"}, {NULL, NULL}};
	struct fake *f = *state;

	f->table = table;
	fake_open(f);
	attach(f);
	assert_down(f, false, "does not speak tor's protocol");
}

/* The path is wrong, or tor comes later: one line, told once, and it is found as soon as it is there. */
static void test_a_missing_socket_is_told_once_and_found_later(void **state)
{
	struct fake *f = *state;
	int told;

	attach(f);
	assert_down(f, true, f->control);
	told = f->n_log;
	for (int i = 0; i < 5; i++)
		loop_turn(f->loop, true);
	assert_int_equal(f->n_log, told);
	fake_open(f);
	TURN_UNTIL(f->loop, fake_state(f) == TOR_READY);
	assert_false(tor_status(f->tor)->fatal);
}

static void test_bootstrap_is_told_as_it_goes(void **state)
{
	static const struct fake_answer table[] = {{"GETINFO status/bootstrap-phase",
						    "250-status/bootstrap-phase=NOTICE BOOTSTRAP PROGRESS=10 "
						    "TAG=conn SUMMARY=\"Connecting\"\r\n250 OK\r\n"},
						   {NULL, NULL}};
	struct fake *f = *state;

	f->table = table;
	fake_open(f);
	attach(f);
	TURN_UNTIL(f->loop, tor_status(f->tor)->progress == 10);
	assert_int_equal(fake_state(f), TOR_BOOTSTRAPPING);
	assert_string_equal(tor_status(f->tor)->text, "Connecting");
	fake_say(f, "650 STATUS_CLIENT NOTICE BOOTSTRAP PROGRESS=80 TAG=x SUMMARY=\"Almost\"\r\n");
	TURN_UNTIL(f->loop, tor_status(f->tor)->progress == 80);
	fake_say(f, "650 STATUS_CLIENT NOTICE BOOTSTRAP PROGRESS=100 TAG=done SUMMARY=\"Done\"\r\n");
	TURN_UNTIL(f->loop, fake_state(f) == TOR_READY);
}

static void test_the_network_comes_back(void **state)
{
	struct fake *f = *state;

	until_ready(f);
	assert_true(fake_was_asked(f, "SETEVENTS STATUS_CLIENT STATUS_GENERAL HS_DESC NETWORK_LIVENESS"));
	fake_say(f, "650 NETWORK_LIVENESS DOWN\r\n650 NETWORK_LIVENESS UP\r\n");
	TURN_UNTIL(f->loop, f->networks == 1);
	assert_int_equal(fake_state(f), TOR_READY);
	fake_say(f, "650 NETWORK_LIVENESS DOWN\r\n"
		    "650 STATUS_CLIENT NOTICE BOOTSTRAP PROGRESS=100 TAG=done SUMMARY=\"Still\"\r\n"
		    "650 NETWORK_LIVENESS UP\r\n");
	TURN_UNTIL(f->loop, f->networks == 2);
}

/* ---- onions ---- */

static void test_an_onion_is_added_and_published(void **state)
{
	struct fake *f = *state;
	struct key k = make_key(1), other = make_key(2);
	struct watch w = {0};
	struct tor_onion *o;

	until_ready(f);
	o = add(f, &k, true, &w);
	assert_int_equal(w.events[ONION_ADDED], 0);
	TURN_UNTIL(f->loop, w.events[ONION_ADDED]);
	/* 64 bytes are 86 digits and 2 of padding. */
	assert_non_null(
	    strstr(f->asked[f->n_asked - 1],
		   "== Flags=DiscardPK,MaxStreamsCloseCircuit MaxStreams=1 PoWDefensesEnabled=1 "));
	assert_non_null(strstr(f->asked[f->n_asked - 1], " Port=6697,unix:/run/target"));
	assert_int_equal(strstr(f->asked[f->n_asked - 1], "== ") - f->asked[f->n_asked - 1], 21 + 86);
	say_uploaded(f, &other);
	say_uploaded(f, &k);
	say_uploaded(f, &k);
	TURN_UNTIL(f->loop, w.events[ONION_PUBLISHED]);
	loop_turn(f->loop, false);
	assert_int_equal(w.events[ONION_PUBLISHED], 1);
	tor_onion_del(o);
	TURN_UNTIL(f->loop, fake_was_asked(f, "DEL_ONION"));
	assert_string_equal(f->asked[f->n_asked - 1] + 10, k.address);
}

static void test_proof_of_work_is_tried_once(void **state)
{
	static const struct fake_answer table[] = {{"ADD_ONION", "512 Unrecognized\r\n"}, {NULL, NULL}};
	struct fake *f = *state;
	struct key a = make_key(1), b = make_key(2);
	struct watch w = {0};
	int asked;

	until_ready(f);
	f->table = table;
	add(f, &a, true, &w);
	TURN_UNTIL(f->loop, fake_was_asked(f, "ADD_ONION"));
	f->table = NULL;
	TURN_UNTIL(f->loop, w.events[ONION_ADDED] == 1);
	assert_null(strstr(f->asked[f->n_asked - 1], "PoW"));
	asked = f->n_asked;
	add(f, &b, true, &w);
	TURN_UNTIL(f->loop, w.events[ONION_ADDED] == 2);
	assert_int_equal(f->n_asked, asked + 1);
	assert_null(strstr(f->asked[f->n_asked - 1], "PoW"));
	assert_int_equal(w.events[ONION_FAILED], 0);
}

static void test_a_refused_onion_is_told_and_tried_again(void **state)
{
	static const struct fake_answer table[] = {{"ADD_ONION", "550 Onion address collision\r\n"},
						   {NULL, NULL}};
	struct fake *f = *state;
	struct key k = make_key(1);
	struct watch w = {0};

	until_ready(f);
	f->table = table;
	add(f, &k, false, &w);
	TURN_UNTIL(f->loop, w.events[ONION_FAILED]);
	assert_string_equal(w.text, "Onion address collision");
	f->table = NULL;
	TURN_UNTIL(f->loop, w.events[ONION_ADDED]);
}

static void test_tor_goes_and_its_onions_come_back_with_it(void **state)
{
	struct fake *f = *state;
	struct key a = make_key(1), b = make_key(2);
	struct watch w = {0}, gone = {0};
	struct tor_onion *o;

	until_ready(f);
	add(f, &a, false, &w);
	o = add(f, &b, false, &gone);
	TURN_UNTIL(f->loop, w.events[ONION_ADDED] && gone.events[ONION_ADDED]);
	fake_die(f);
	TURN_UNTIL(f->loop, fake_state(f) == TOR_DOWN);
	tor_onion_del(o);
	fake_open(f);
	TURN_UNTIL(f->loop, w.events[ONION_ADDED] == 2);
	assert_int_equal(gone.events[ONION_ADDED], 1);
	say_uploaded(f, &a);
	TURN_UNTIL(f->loop, w.events[ONION_PUBLISHED]);
}

static void test_an_onion_deleted_before_its_answer(void **state)
{
	struct fake *f = *state;
	struct key k = make_key(1);
	struct watch w = {0};

	until_ready(f);
	tor_onion_del(add(f, &k, false, &w));
	TURN_UNTIL(f->loop, fake_was_asked(f, "DEL_ONION"));
	loop_turn(f->loop, false);
	assert_int_equal(w.events[ONION_ADDED], 0);
}

static void test_targets_that_would_break_the_command(void **state)
{
	static const char *const bad[] = {"relative", "/a b", "/a\r\nSIGNAL HALT", "/a,b", "/a\"", "", NULL};
	struct fake *f = *state;
	struct key k = make_key(1);
	struct tor_onion_opts opts = {.secret = k.secret, .ed_public = k.public};
	struct tor_onion *o;
	char path[120] = "/";

	until_ready(f);
	for (int i = 0; bad[i] != NULL; i++) {
		opts.target_path = bad[i];
		assert_int_equal(tor_onion_add(f->tor, &opts, on_onion, f, &o), ERR_INVALID);
	}
	memset(path + 1, 'a', 107);
	opts.target_path = path;
	assert_int_equal(tor_onion_add(f->tor, &opts, on_onion, f, &o), ERR_TOO_LONG);
}

/* ---- dials ---- */

static struct tor_dial *dial(struct fake *f, struct call *c)
{
	struct key k = make_key(3);
	struct tor_dial *d;

	assert_int_equal(tor_dial(f->tor, k.public, NULL, "alice-to-bob", on_dial, c, &d), 0);
	assert_int_equal(c->ends, 0);
	return d;
}

static void test_a_dial_gives_the_socket(void **state)
{
	struct fake *f = *state;
	struct call c = {0};
	struct key k = make_key(3);

	until_ready(f);
	f->socks_answer = "05000001000000000000";
	dial(f, &c);
	TURN_UNTIL(f->loop, c.ends);
	assert_int_equal(c.error, DIAL_OK);
	/* 3 of greeting, 1+1+12+1+1 of authentication, then the request. */
	assert_memory_equal(f->dialled->in + 5, "alice-to-bob", 12);
	assert_int_equal(f->dialled->in[3 + 16 + 4], ONION_HOST_LEN);
	assert_memory_equal(f->dialled->in + 3 + 16 + 5, k.address, ONION_LEN);
	assert_memory_equal(f->dialled->in + 3 + 16 + 5 + ONION_LEN, ".onion\x1a\x29", 8);
	assert_int_equal(send(c.fd, "x", 1, 0), 1);
	TURN_UNTIL(f->loop, f->dialled->in[f->dialled->len - 1] == 'x');
	assert_true(fcntl(c.fd, F_GETFL) & O_NONBLOCK);
	close(c.fd);
}

/* A second link beside one that stands must not come over its circuit. */
static void test_each_dial_has_a_circuit_of_its_own(void **state)
{
	struct fake *f = *state;
	struct call c[2] = {{0}, {0}};
	uint8_t password[2];

	until_ready(f);
	f->socks_answer = "05000001000000000000";
	for (int i = 0; i < 2; i++) {
		dial(f, &c[i]);
		TURN_UNTIL(f->loop, c[i].ends);
		assert_int_equal(c[i].error, DIAL_OK);
		assert_memory_equal(f->dialled->in + 5, "alice-to-bob", 12);
		password[i] = f->dialled->in[5 + 12 + 1];
		close(c[i].fd);
	}
	assert_int_not_equal(password[0], password[1]);
}

static void test_refusals_by_name(void **state)
{
	static const struct {
		const char *reply;
		enum dial_error error;
	} rows[] = {
	    {"05f00001000000000000", DIAL_NO_DESCRIPTOR}, {"05f10001000000000000", DIAL_BAD_DESCRIPTOR},
	    {"05f20001000000000000", DIAL_INTRO_FAILED},  {"05f30001000000000000", DIAL_REND_FAILED},
	    {"05f40001000000000000", DIAL_NEED_AUTH},	  {"05f50001000000000000", DIAL_WRONG_AUTH},
	    {"05f60001000000000000", DIAL_BAD_ADDRESS},	  {"05f70001000000000000", DIAL_INTRO_TIMEOUT},
	    {"05050001000000000000", DIAL_REFUSED},	  {"05010001000000000000", DIAL_REFUSED},
	    {"05060001000000000000", DIAL_TIMEOUT},	  {"040000", DIAL_PROTOCOL},
	    {"0500000100000000000041", DIAL_REFUSED},
	};
	struct fake *f = *state;

	until_ready(f);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct call c = {0};

		f->socks_answer = rows[i].reply;
		dial(f, &c);
		TURN_UNTIL(f->loop, c.ends);
		assert_int_equal(c.error, rows[i].error);
		assert_int_equal(c.fd, -1);
	}
}

static void test_a_dial_that_nobody_answers_ends(void **state)
{
	struct fake *f = *state;
	struct call c = {0};

	f->dial_timeout_ms = 50;
	until_ready(f);
	f->socks_answer = NULL;
	dial(f, &c);
	TURN_UNTIL(f->loop, c.ends);
	assert_int_equal(c.error, DIAL_TIMEOUT);
}

static void test_a_cancelled_dial_is_silent(void **state)
{
	struct fake *f = *state;
	struct call cancelled = {0}, c = {0};

	f->dial_timeout_ms = 50;
	until_ready(f);
	f->socks_answer = NULL;
	tor_dial_cancel(dial(f, &cancelled));
	dial(f, &c);
	TURN_UNTIL(f->loop, c.ends);
	assert_int_equal(cancelled.ends, 0);
}

static void test_dials_end_when_tor_goes_down(void **state)
{
	struct fake *f = *state;
	struct call c = {0}, after = {0};

	until_ready(f);
	f->socks_answer = NULL;
	dial(f, &c);
	fake_die(f);
	TURN_UNTIL(f->loop, c.ends);
	assert_int_equal(c.error, DIAL_TOR_DOWN);
	TURN_UNTIL(f->loop, fake_state(f) == TOR_DOWN);
	dial(f, &after);
	TURN_UNTIL(f->loop, after.ends);
	assert_int_equal(after.error, DIAL_TOR_DOWN);
}

/* The SOCKS socket may live on for a while, but without its control connection this tor is none of ours. */
static void test_dials_end_with_the_control_connection(void **state)
{
	struct fake *f = *state;
	struct call c = {0};

	until_ready(f);
	f->socks_answer = NULL;
	dial(f, &c);
	TURN_UNTIL(f->loop, f->dialled != NULL);
	stream_close(f->stream);
	f->stream = NULL;
	TURN_UNTIL(f->loop, c.ends);
	assert_int_equal(c.error, DIAL_TOR_DOWN);
}

static void test_isolation_is_checked(void **state)
{
	struct fake *f = *state;
	struct key k = make_key(3);
	struct tor_dial *d;
	char name[66];

	until_ready(f);
	memset(name, 'a', 65);
	name[65] = '\0';
	assert_int_equal(tor_dial(f->tor, k.public, NULL, "", on_dial, f, &d), ERR_INVALID);
	assert_int_equal(tor_dial(f->tor, k.public, NULL, "a b", on_dial, f, &d), ERR_INVALID);
	assert_int_equal(tor_dial(f->tor, k.public, NULL, name, on_dial, f, &d), ERR_INVALID);
}

/* ---- circuits ---- */

struct answer {
	int ends;
	int err;
	size_t n;
	struct tor_circuit first;
};

static void on_circuits(void *ctx, int err, const struct tor_circuit *circuits, size_t n)
{
	struct answer *a = ctx;

	a->ends++;
	a->err = err;
	a->n = n;
	if (n > 0)
		a->first = circuits[0];
}

static void test_circuits(void **state)
{
	static const struct fake_answer many[] = {
	    {"GETINFO circuit-status", "250+circuit-status=\r\n5 BUILT $AA~one PURPOSE=GENERAL\r\n"
				       "6 BUILT $AA~one,$BB~two PURPOSE=HS_CLIENT_REND HS_STATE=HSCR_JOINED "
				       "SOCKS_USERNAME=\"bob\"\r\n.\r\n250 OK\r\n"},
	    {NULL, NULL}};
	static const struct fake_answer single[] = {
	    {"GETINFO circuit-status",
	     "250-circuit-status=7 BUILT $AA~one PURPOSE=HS_SERVICE_REND HS_STATE=HSSR_JOINED\r\n250 OK\r\n"},
	    {NULL, NULL}};
	struct fake *f = *state;
	struct answer a = {0}, b = {0};

	until_ready(f);
	f->table = many;
	assert_int_equal(tor_circuits(f->tor, on_circuits, &a), 0);
	TURN_UNTIL(f->loop, a.ends);
	assert_int_equal(a.err, 0);
	assert_int_equal(a.n, 1);
	assert_int_equal(a.first.id, 6);
	assert_string_equal(a.first.path, "one two");
	f->table = single;
	assert_int_equal(tor_circuits(f->tor, on_circuits, &b), 0);
	TURN_UNTIL(f->loop, b.ends);
	assert_int_equal(b.n, 1);
	assert_true(b.first.service_side);
}

static void test_a_question_that_tor_can_not_answer_any_more(void **state)
{
	static const struct fake_answer silent[] = {{"GETINFO circuit-status", ""}, {NULL, NULL}};
	struct fake *f = *state;
	struct answer a = {0};

	until_ready(f);
	f->table = silent;
	assert_int_equal(tor_circuits(f->tor, on_circuits, &a), 0);
	TURN_UNTIL(f->loop, fake_was_asked(f, "GETINFO circuit-status"));
	fake_die(f);
	TURN_UNTIL(f->loop, a.ends);
	assert_int_equal(a.err, ERR_UNAVAILABLE);
	TURN_UNTIL(f->loop, fake_state(f) == TOR_DOWN);
	assert_int_equal(tor_circuits(f->tor, on_circuits, &a), ERR_UNAVAILABLE);
}

/* ---- stopping ---- */

static void test_stopping_is_told_from_the_loop_and_it_starts_again(void **state)
{
	struct fake *f = *state;
	struct call c = {0};
	int told;

	until_ready(f);
	told = f->n_log;
	tor_stop(f->tor);
	assert_int_equal(fake_state(f), TOR_STOPPED);
	assert_int_equal(f->n_log, told);
	TURN_UNTIL(f->loop, f->n_log == told + 1);
	assert_int_equal(f->log[told].state, TOR_STOPPED);
	TURN_UNTIL(f->loop, f->stream == NULL);
	dial(f, &c);
	TURN_UNTIL(f->loop, c.ends);
	assert_int_equal(c.error, DIAL_TOR_DOWN);
	tor_start(f->tor);
	TURN_UNTIL(f->loop, fake_state(f) == TOR_READY);
	assert_int_equal(f->connections, 2);
}

static void test_options_are_checked(void **state)
{
	struct fake *f = *state;
	char path[120];
	struct tor_opts opts = {.mode = TOR_SYSTEM, .control_path = path, .socks_path = f->socks};
	struct tor_opts managed = {.mode = TOR_MANAGED, .binary = "/usr/bin/tor", .dir = path};

	memset(path, 'a', sizeof(path));
	path[0] = '/';
	path[108] = '\0';
	assert_int_equal(tor_new(f->loop, &opts, &fake_tor_ops, f, &f->tor), ERR_TOO_LONG);
	path[105] = '\0';
	assert_int_equal(tor_new(f->loop, &managed, &fake_tor_ops, f, &f->tor), ERR_TOO_LONG);
	opts.socks_path = NULL;
	assert_int_equal(tor_new(f->loop, &opts, &fake_tor_ops, f, &f->tor), ERR_INVALID);
	assert_null(f->tor);
}

#define T(f) cmocka_unit_test_setup_teardown(f, fake_setup, fake_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(test_it_proves_the_cookie_and_gets_ready),
	    T(test_a_server_without_the_cookie_gets_no_proof),
	    T(test_null_authentication_only_where_nothing_else_is_offered),
	    T(test_a_password_is_not_ours_to_give),
	    T(test_a_refused_authentication),
	    T(test_an_unreadable_cookie),
	    T(test_a_cookie_of_another_size),
	    T(test_a_tor_too_old),
	    T(test_what_answers_is_no_tor),
	    T(test_a_missing_socket_is_told_once_and_found_later),
	    T(test_bootstrap_is_told_as_it_goes),
	    T(test_the_network_comes_back),
	    T(test_an_onion_is_added_and_published),
	    T(test_proof_of_work_is_tried_once),
	    T(test_a_refused_onion_is_told_and_tried_again),
	    T(test_tor_goes_and_its_onions_come_back_with_it),
	    T(test_an_onion_deleted_before_its_answer),
	    T(test_targets_that_would_break_the_command),
	    T(test_a_dial_gives_the_socket),
	    T(test_each_dial_has_a_circuit_of_its_own),
	    T(test_refusals_by_name),
	    T(test_a_dial_that_nobody_answers_ends),
	    T(test_a_cancelled_dial_is_silent),
	    T(test_dials_end_when_tor_goes_down),
	    T(test_dials_end_with_the_control_connection),
	    T(test_isolation_is_checked),
	    T(test_circuits),
	    T(test_a_question_that_tor_can_not_answer_any_more),
	    T(test_stopping_is_told_from_the_loop_and_it_starts_again),
	    T(test_options_are_checked),
	};

	alarm(300);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
