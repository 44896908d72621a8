/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A tor of our own: its files, its ways of not starting, its death and its return.  The child is a shell
 * script. */
#include "tor_help.h"

#include <signal.h>

#define STAY "exec sleep 1000\n"

static void write_binary(struct fake *f, const char *script)
{
	char path[128], text[512];

	snprintf(path, sizeof(path), "%s/tor", f->dir);
	snprintf(text, sizeof(text), "#!/bin/sh\n%s", script);
	assert_int_equal(file_replace(path, text, strlen(text), 0700), 0);
}

static void manage(struct fake *f, const char *extra)
{
	char binary[128], dir[128];
	struct tor_opts opts = {
	    .mode = TOR_MANAGED,
	    .binary = binary,
	    .dir = dir,
	    .run_dir = f->dir,
	    .torrc_extra = extra,
	    .backoff_min_ms = 1,
	    .backoff_max_ms = 4,
	};

	snprintf(binary, sizeof(binary), "%s/tor", f->dir);
	snprintf(dir, sizeof(dir), "%s/managed", f->dir);
	assert_int_equal(tor_new(f->loop, &opts, &fake_tor_ops, f, &f->tor), 0);
	tor_start(f->tor);
}

static void assert_down(struct fake *f, bool fatal, const char *part)
{
	TURN_UNTIL(f->loop, fake_state(f) == TOR_DOWN && tor_status(f->tor)->text[0] != '\0');
	if (strstr(tor_status(f->tor)->text, part) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", part, tor_status(f->tor)->text);
	assert_int_equal(tor_status(f->tor)->fatal, fatal);
}

/* The child runs; now its control socket opens, as that of a starting tor does. */
static void until_ready(struct fake *f)
{
	TURN_UNTIL(f->loop, tor_pid(f->tor) > 0);
	fake_open(f);
	TURN_UNTIL(f->loop, fake_state(f) == TOR_READY);
}

static void test_it_starts_its_tor_and_owns_it(void **state)
{
	struct fake *f = *state;
	char path[128], *torrc;
	struct stat st;
	size_t len;

	write_binary(f, "test \"$1\" = -f && test \"$3\" = --defaults-torrc && test -e \"$2\" && test -e "
			"\"$4\" && " STAY);
	manage(f, NULL);
	until_ready(f);
	assert_true(fake_was_asked(f, "TAKEOWNERSHIP"));
	snprintf(path, sizeof(path), "%s/managed", f->dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	snprintf(path, sizeof(path), "%s/managed/torrc", f->dir);
	assert_int_equal(file_read(path, 4096, &torrc, &len), 0);
	assert_non_null(strstr(torrc, f->socks));
	assert_non_null(strstr(torrc, f->control));
	free(torrc);
}

static void test_what_the_operator_appends(void **state)
{
	struct fake *f = *state;
	char path[128], extra[128], *torrc;
	size_t len;

	snprintf(extra, sizeof(extra), "%s/extra", f->dir);
	assert_int_equal(file_replace(extra, "TestingTorNetwork 1\n", 20, 0600), 0);
	write_binary(f, STAY);
	manage(f, extra);
	TURN_UNTIL(f->loop, tor_pid(f->tor) > 0);
	snprintf(path, sizeof(path), "%s/managed/torrc", f->dir);
	assert_int_equal(file_read(path, 4096, &torrc, &len), 0);
	assert_non_null(strstr(torrc, "\nTestingTorNetwork 1\n"));
	free(torrc);
}

static void test_no_tor(void **state)
{
	struct fake *f = *state;

	manage(f, NULL);
	assert_down(f, true, "there is no tor at /tmp/");
	/* Installing it is enough. */
	write_binary(f, STAY);
	until_ready(f);
}

static void test_a_tor_that_is_no_program(void **state)
{
	struct fake *f = *state;
	char path[128];

	snprintf(path, sizeof(path), "%s/tor", f->dir);
	assert_int_equal(file_replace(path, "text", 4, 0600), 0);
	manage(f, NULL);
	assert_down(f, true, "can't be executed");
}

static void test_an_unreadable_torrc_extra(void **state)
{
	struct fake *f = *state;

	write_binary(f, STAY);
	manage(f, "/nonexistent/extra");
	assert_down(f, true, "torrc_extra /nonexistent/extra can't be read");
	assert_int_equal(tor_pid(f->tor), 0);
}

static void test_a_configuration_that_tor_refuses(void **state)
{
	struct fake *f = *state;
	int told;

	write_binary(
	    f, "echo 'Nov 22 21:06:09.000 [notice] Tor 0.4.8.12'\n"
	       "echo 'Nov 22 21:06:09.000 [warn] Failed to parse/validate config: Unknown option Bogus.'\n"
	       "echo 'Nov 22 21:06:09.000 [err] Reading config failed--see warnings above.'\nexit 1\n");
	manage(f, NULL);
	assert_down(f, true,
		    "tor refuses its configuration: Failed to parse/validate config: Unknown option Bogus.");
	/* It is tried again, and not told again. */
	told = f->n_log;
	TURN_UNTIL(f->loop, tor_pid(f->tor) > 0);
	TURN_UNTIL(f->loop, tor_pid(f->tor) == 0);
	TURN_UNTIL(f->loop, tor_pid(f->tor) > 0);
	assert_int_equal(f->n_log, told);
}

static void test_last_words(void **state)
{
	struct fake *f = *state;

	write_binary(f, "echo 'Nov 22 21:06:09.000 [warn] No space left'\nexit 1\n");
	manage(f, NULL);
	assert_down(f, false, "tor ended: No space left");
}

static void test_an_exit_without_words(void **state)
{
	struct fake *f = *state;

	write_binary(f, "exit 7\n");
	manage(f, NULL);
	assert_down(f, false, "tor ended with status 7");
}

static void test_a_tor_too_old_is_ended(void **state)
{
	static const struct fake_answer table[] = {
	    {"PROTOCOLINFO",
	     "250-PROTOCOLINFO 1\r\n250-AUTH METHODS=NULL\r\n250-VERSION Tor=\"0.3.5.7\"\r\n250 OK\r\n"},
	    {NULL, NULL}};
	struct fake *f = *state;

	f->table = table;
	write_binary(f, STAY);
	manage(f, NULL);
	TURN_UNTIL(f->loop, tor_pid(f->tor) > 0);
	fake_open(f);
	assert_down(f, true, "this tor is 0.3.5.7");
	TURN_UNTIL(f->loop, tor_pid(f->tor) == 0);
	assert_string_equal(tor_status(f->tor)->text, "this tor is 0.3.5.7; allium needs 0.4.7 or later");
}

static void on_onion(void *ctx, enum onion_event event, const char *text)
{
	int *added = ctx;

	(void)text;
	if (event == ONION_ADDED)
		(*added)++;
}

/* Tor is killed: one notice that says so, a new process, and the onion on it. */
static void test_a_killed_tor_comes_back_with_its_onion(void **state)
{
	struct fake *f = *state;
	uint8_t seed[KEY_BYTES] = {1}, public[KEY_BYTES], secret[ONION_SECRET_BYTES];
	struct tor_onion_opts opts = {.secret = secret, .ed_public = public, .target_path = "/run/target"};
	struct tor_onion *o;
	int added = 0, pid, told;

	identity_public(seed, public);
	identity_onion_secret(seed, secret);
	write_binary(f, STAY);
	manage(f, NULL);
	assert_int_equal(tor_onion_add(f->tor, &opts, on_onion, &added, &o), 0);
	until_ready(f);
	TURN_UNTIL(f->loop, added == 1);
	pid = tor_pid(f->tor);
	told = f->n_log;
	kill(pid, SIGKILL);
	fake_die(f);
	assert_down(f, false, "tor was ended by signal 9");
	assert_int_equal(f->n_log, told + 1);
	until_ready(f);
	TURN_UNTIL(f->loop, added == 2);
	assert_int_not_equal(tor_pid(f->tor), pid);
}

/* Its control connection breaks while the process lives on: it is ended and started anew. */
static void test_a_tor_that_hangs_up_is_ended(void **state)
{
	struct fake *f = *state;
	int pid;

	write_binary(f, STAY);
	manage(f, NULL);
	until_ready(f);
	pid = tor_pid(f->tor);
	fake_die(f);
	TURN_UNTIL(f->loop, tor_pid(f->tor) == 0);
	assert_int_equal(kill(pid, 0), -1);
	until_ready(f);
}

static void test_stopping_ends_the_child(void **state)
{
	struct fake *f = *state;
	int pid, told;

	write_binary(f, STAY);
	manage(f, NULL);
	until_ready(f);
	pid = tor_pid(f->tor);
	tor_stop(f->tor);
	TURN_UNTIL(f->loop, tor_pid(f->tor) == 0);
	assert_int_equal(kill(pid, 0), -1);
	told = f->n_log;
	loop_turn(f->loop, false);
	assert_int_equal(f->n_log, told);
	assert_int_equal(fake_state(f), TOR_STOPPED);
}

static void test_started_again_before_it_had_ended(void **state)
{
	struct fake *f = *state;
	int pid;

	write_binary(f, STAY);
	manage(f, NULL);
	until_ready(f);
	pid = tor_pid(f->tor);
	tor_stop(f->tor);
	tor_start(f->tor);
	fake_die(f);
	TURN_UNTIL(f->loop, tor_pid(f->tor) != pid && tor_pid(f->tor) > 0);
	until_ready(f);
	assert_int_equal(kill(pid, 0), -1);
}

#define T(f) cmocka_unit_test_setup_teardown(f, fake_setup, fake_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(test_it_starts_its_tor_and_owns_it),
	    T(test_what_the_operator_appends),
	    T(test_no_tor),
	    T(test_a_tor_that_is_no_program),
	    T(test_an_unreadable_torrc_extra),
	    T(test_a_configuration_that_tor_refuses),
	    T(test_last_words),
	    T(test_an_exit_without_words),
	    T(test_a_tor_too_old_is_ended),
	    T(test_a_killed_tor_comes_back_with_its_onion),
	    T(test_a_tor_that_hangs_up_is_ended),
	    T(test_stopping_ends_the_child),
	    T(test_started_again_before_it_had_ended),
	};

	alarm(300);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
