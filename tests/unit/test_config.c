/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/config.h"
#include "base/err.h"
#include "unit.h"

static char message[512];

static int parse(struct config *c, const char *text)
{
	assert_int_equal(config_init(c, message, sizeof(message)), 0);
	return config_parse(c, "allium.conf", text, message, sizeof(message));
}

/* Parses text that must be refused with exactly this message. */
static void refuse(const char *text, const char *why)
{
	struct config c;

	assert_int_not_equal(parse(&c, text), 0);
	assert_string_equal(message, why);
	config_clear(&c);
}

static void test_no_file_gives_the_defaults(void **state)
{
	struct config c;
	(void)state;

	assert_int_equal(setenv("XDG_STATE_HOME", "/home/alice/state", 1), 0);
	assert_int_equal(parse(&c, ""), 0);
	assert_int_equal(config_check(&c, message, sizeof(message)), 0);
	assert_int_equal(c.n_listen, 1);
	assert_string_equal(c.listen[0], "127.0.0.1:6667");
	assert_string_equal(c.state_dir, "/home/alice/state/allium");
	assert_string_equal(c.server_name, "allium.local");
	assert_true(c.registration);
	assert_false(c.household);
	assert_int_equal(c.tor_mode, CONFIG_TOR_MANAGED);
	assert_int_equal(c.publish_spread_ms, 30000);
	config_clear(&c);
}

static void test_without_xdg_the_state_is_below_home(void **state)
{
	struct config c;
	(void)state;

	assert_int_equal(unsetenv("XDG_STATE_HOME"), 0);
	assert_int_equal(setenv("HOME", "/home/alice", 1), 0);
	assert_int_equal(parse(&c, ""), 0);
	assert_string_equal(c.state_dir, "/home/alice/.local/state/allium");
	config_clear(&c);
}

static void test_without_home_the_operator_is_told(void **state)
{
	struct config c;
	(void)state;

	assert_int_equal(unsetenv("XDG_STATE_HOME"), 0);
	assert_int_equal(unsetenv("HOME"), 0);
	assert_int_equal(parse(&c, ""), 0);
	assert_int_equal(config_check(&c, message, sizeof(message)), ERR_NOT_FOUND);
	assert_non_null(strstr(message, "state_dir"));
	config_clear(&c);
}

/* A configuration whose tor has these lines more. */
static int check_slot(const char *slot, const char *torrc)
{
	char path[] = "/tmp/allium-test-XXXXXX", text[200];
	int fd = mkstemp(path), err;
	struct config c;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, torrc, strlen(torrc)), strlen(torrc));
	close(fd);
	snprintf(text, sizeof(text), "[tor]\ntorrc_extra = %s\n[timers]\ncover_slot = %s\n", path, slot);
	assert_int_equal(parse(&c, text), 0);
	err = config_check(&c, message, sizeof(message));
	config_clear(&c);
	unlink(path);
	return err;
}

static void test_short_slots_are_for_private_networks(void **state)
{
	(void)state;
	assert_int_equal(setenv("HOME", "/home/alice", 1), 0);
	assert_int_equal(check_slot("2000", ""), 0);
	assert_int_equal(check_slot("1999", ""), ERR_INVALID);
	assert_string_equal(message,
			    "cover_slot must be at least 2000 milliseconds, except on a private Tor network");
	assert_int_equal(check_slot("1999", "# TestingTorNetwork 1\nTestingTorNetwork 10\n"), ERR_INVALID);
	assert_int_equal(check_slot("100", "TestingTorNetwork 1\n"), 0);
	assert_int_equal(check_slot("100", "SafeLogging 1\nTestingTorNetwork 1"), 0);
}

static void test_every_key_is_read(void **state)
{
	struct config c;
	(void)state;

	assert_int_equal(parse(&c, "[irc]\n"
				   "listen = 127.0.0.1:7000 ; the laptop's client\n"
				   "listen = unix:/tmp/allium.sock\n"
				   "server_name = irc.example\n"
				   "listen = tls:0.0.0.0:6697\n"
				   "listen = ws:127.0.0.1:8067\n"
				   "ws_origin =\n"
				   "ws_origin = https://irc.example  http://localhost:8080\n"
				   "ws_origin = http://[::1]:80\n"
				   "tls_cert = /etc/allium/cert.pem\n"
				   "tls_key = /etc/allium/key.pem\n"
				   "sts = on\n"
				   "sts_duration = 60\n"
				   "registration = closed\n"
				   "household = on\n"
				   "clients_max = 5\n"
				   "accounts_max = 3\n"
				   "[tor]\n"
				   "mode = system\n"
				   "binary = /opt/tor\n"
				   "share = on\n"
				   "torrc_extra = /etc/bridges\n"
				   "control = unix:/run/t/control\n"
				   "socks = unix:/run/t/socks\n"
				   "target_dir = /run/a\n"
				   "[storage]\n"
				   "state_dir = /srv/allium\n"
				   "password_hash = interactive\n"
				   "[log]\n"
				   "level = debug\n"
				   "[timers]\n"
				   "dial_min = 200\n"
				   "suspect = 700\n"
				   "ack = 7\n"
				   "wake_pong = 800\n"
				   "late = 900\n"
				   "publish_spread = 0\n"
				   "cover_light = 9000\n"
				   "cover_slot = 2000\n"),
			 0);
	assert_int_equal(c.n_listen, 4);
	assert_string_equal(c.listen[0], "127.0.0.1:7000");
	assert_string_equal(c.listen[1], "unix:/tmp/allium.sock");
	assert_string_equal(c.listen[2], "tls:0.0.0.0:6697");
	assert_string_equal(c.listen[3], "ws:127.0.0.1:8067");
	assert_int_equal(c.n_ws_origin, 3);
	assert_string_equal(c.ws_origin[0], "https://irc.example");
	assert_string_equal(c.ws_origin[1], "http://localhost:8080");
	assert_string_equal(c.ws_origin[2], "http://[::1]:80");
	assert_string_equal(c.tls_cert, "/etc/allium/cert.pem");
	assert_string_equal(c.tls_key, "/etc/allium/key.pem");
	assert_true(c.sts);
	assert_int_equal(c.sts_duration_s, 60);
	assert_string_equal(c.server_name, "irc.example");
	assert_false(c.registration);
	assert_true(c.household);
	assert_int_equal(c.clients_max, 5);
	assert_int_equal(c.accounts_max, 3);
	assert_int_equal(c.tor_mode, CONFIG_TOR_SYSTEM);
	assert_string_equal(c.tor_binary, "/opt/tor");
	assert_true(c.tor_share);
	assert_string_equal(c.torrc_extra, "/etc/bridges");
	assert_string_equal(c.tor_control, "/run/t/control");
	assert_string_equal(c.tor_socks, "/run/t/socks");
	assert_string_equal(c.target_dir, "/run/a");
	assert_string_equal(c.state_dir, "/srv/allium");
	assert_int_equal(c.log_level, LOG_DEBUG);
	assert_int_equal(c.dial_min_ms, 200);
	assert_int_equal(c.suspect_ms, 700);
	assert_int_equal(c.ack_ms, 7);
	assert_int_equal(c.wake_pong_ms, 800);
	assert_int_equal(c.late_ms, 900);
	assert_int_equal(c.publish_spread_ms, 0);
	assert_int_equal(c.cover_light_ms, 9000);
	assert_int_equal(c.cover_slot_ms, 2000);
	config_clear(&c);
}

/* Lines of [irc] that are good one by one and don't go together. */
static void refuse_together(const char *lines, const char *why)
{
	char text[400];
	struct config c;

	snprintf(text, sizeof(text), "[irc]\n%s[storage]\nstate_dir = /srv/allium\n", lines);
	assert_int_equal(parse(&c, text), 0);
	assert_int_equal(config_check(&c, message, sizeof(message)), why == NULL ? 0 : ERR_INVALID);
	assert_string_equal(message, why == NULL ? "" : why);
	config_clear(&c);
}

static void test_sts_is_for_a_certificate_that_can_be_verified(void **state)
{
	(void)state;
	refuse_together("tls_cert = /c\n", "tls_cert and tls_key go together: set both or none");
	refuse_together("tls_key = /k\n", "tls_cert and tls_key go together: set both or none");
	refuse_together("listen = tls:127.0.0.1:1\nsts = on\n",
			"sts = on needs a certificate that clients can verify: set tls_cert and tls_key");
	refuse_together("listen = 127.0.0.1:1\ntls_cert = /c\ntls_key = /k\nsts = on\n",
			"sts = on needs an address to listen on with TLS");
	refuse_together("listen = tls:127.0.0.1:1\ntls_cert = /c\ntls_key = /k\nsts = on\n", NULL);
	refuse_together("listen = tls:127.0.0.1:1\n", NULL);
}

static void test_what_is_wrong_is_named_by_its_line(void **state)
{
	(void)state;
	refuse("[irc]\n\nlisten_on = x\n", "allium.conf:3: unknown key \"listen_on\" in section [irc]");
	refuse("listen = 127.0.0.1:1\n", "allium.conf:1: unknown key \"listen\" in section []");
	refuse("[irc]\nlisten = 0.0.0.0:6667\n", "allium.conf:2: listen serves plain text on loopback "
						 "addresses only: elsewhere say tls:address:port");
	refuse("[irc]\nlisten = tls:unix:/run/irc\n",
	       "allium.conf:2: listen must be 127.0.0.1:port, [::1]:port, unix:/path, tls:address:port or "
	       "ws:127.0.0.1:port");
	refuse("[irc]\nlisten = ws:0.0.0.0:8067\n", "allium.conf:2: listen serves plain text on loopback "
						    "addresses only: elsewhere say tls:address:port");
	refuse("[irc]\nws_origin = *\n",
	       "allium.conf:2: ws_origin must be origins as browsers send them: scheme://host[:port]");
	refuse("[irc]\nws_origin = https://irc.example/\n",
	       "allium.conf:2: ws_origin must be origins as browsers send them: scheme://host[:port]");
	refuse("[irc]\nws_origin = null\n",
	       "allium.conf:2: ws_origin must be origins as browsers send them: scheme://host[:port]");
	refuse("[irc]\nhousehold = yes\n", "allium.conf:2: household must be on or off");
	refuse("[irc]\nregistration = yes\n", "allium.conf:2: registration must be open or closed");
	refuse("[tor]\nmode = direct\n", "allium.conf:2: mode must be managed, system or off");
	refuse("[tor]\nbinary = tor\n", "allium.conf:2: binary must be an absolute path");
	refuse("[tor]\nsocks = 127.0.0.1:9050\n", "allium.conf:2: socks must be unix:/path");
	refuse("[log]\nlevel = loud\n", "allium.conf:2: level must be error, warn, info or debug");
	refuse("[timers]\nping = 0\n",
	       "allium.conf:2: ping must be a number of milliseconds from 1 to 86400000");
	refuse("[irc]\nnonsense\n", "allium.conf:2: expected [section] or key = value");
}

/* The first mistake counts, though a later line has one too. */
static void test_the_first_mistake_is_told(void **state)
{
	(void)state;
	refuse("[irc]\nregistration = 1\n[tor]\nmode = 2\n",
	       "allium.conf:2: registration must be open or closed");
}

static void test_long_lines_are_refused_whole(void **state)
{
	char text[400] = "[tor]\nbinary = /";
	(void)state;

	memset(text + strlen(text), 'x', 250);
	refuse(text, "allium.conf:2: the line is too long");
}

static void test_too_many_listeners(void **state)
{
	char text[2000] = "[irc]\n";
	(void)state;

	for (int i = 0; i <= CONFIG_LISTEN_MAX; i++)
		(void)strcat(text, "listen = 127.0.0.1:7000\n");
	refuse(text, "allium.conf:18: listen names too many addresses");
}

static void test_a_missing_file_is_named(void **state)
{
	struct config c;
	(void)state;

	assert_int_equal(config_init(&c, message, sizeof(message)), 0);
	assert_int_equal(config_read(&c, "/nonexistent/allium.conf", message, sizeof(message)),
			 ERR_NOT_FOUND);
	assert_string_equal(message, "/nonexistent/allium.conf: not found");
	config_clear(&c);
}

static void told(const char *address, const char *want_host, const char *want_port)
{
	const char *port = NULL;
	char host[64];
	struct config c;

	assert_int_equal(parse(&c, "[irc]\nserver_name = irc.example\n"), 0);
	assert_int_equal(config_client_address(&c, address, host, sizeof(host), &port), want_host ? 0 : ERR_NOT_FOUND);
	if (want_host) {
		assert_string_equal(host, want_host);
		assert_string_equal(port, want_port);
	}
	config_clear(&c);
}

static void test_clients_are_told_what_they_can_type(void **state)
{
	(void)state;
	told("127.0.0.1:6667", "127.0.0.1", "6667");
	told("[::1]:6667", "::1", "6667");
	told("tls:192.0.2.1:6697", "192.0.2.1", "6697");
	told("tls:[2001:db8::1]:6697", "2001:db8::1", "6697");
	told("tls:0.0.0.0:6697", "irc.example", "6697");
	told("tls:[::]:6697", "irc.example", "6697");
	told("unix:/run/allium", NULL, NULL);
	told("ws:127.0.0.1:8067", NULL, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_no_file_gives_the_defaults),
	    cmocka_unit_test(test_without_xdg_the_state_is_below_home),
	    cmocka_unit_test(test_without_home_the_operator_is_told),
	    cmocka_unit_test(test_short_slots_are_for_private_networks),
	    cmocka_unit_test(test_every_key_is_read),
	    cmocka_unit_test(test_sts_is_for_a_certificate_that_can_be_verified),
	    cmocka_unit_test(test_what_is_wrong_is_named_by_its_line),
	    cmocka_unit_test(test_the_first_mistake_is_told),
	    cmocka_unit_test(test_long_lines_are_refused_whole),
	    cmocka_unit_test(test_too_many_listeners),
	    cmocka_unit_test(test_a_missing_file_is_named),
	    cmocka_unit_test(test_clients_are_told_what_they_can_type),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
