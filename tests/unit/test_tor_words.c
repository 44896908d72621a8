/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The words exchanged with tor that are no protocol of their own: torrc, bootstrap phases, circuits,
 * versions, the cookie proof. */
#include "unit.h"

#include "../../src/tor/bootstrap.h"
#include "../../src/tor/circuit.h"
#include "../../src/tor/driver.h"
#include "../../src/tor/safecookie.h"
#include "../../src/tor/torrc.h"
#include "base/err.h"

static char *torrc_text(const char *dir, const char *extra)
{
	struct torrc t = {
	    .data_dir = dir, .control_path = "/run/c", .socks_path = dir, .extra = extra, .owner = 42};
	struct buf out;
	char *text;

	buf_init(&out, TORRC_MAX);
	assert_int_equal(torrc_put(&out, &t), 0);
	assert_int_equal(buf_put_u8(&out, '\0'), 0);
	text = strdup((const char *)buf_ptr(&out));
	assert_non_null(text);
	buf_clear(&out);
	return text;
}

static void assert_has(const char *text, const char *line)
{
	if (strstr(text, line) == NULL)
		fail_msg("no \"%s\" in:\n%s", line, text);
}

static void test_a_torrc(void **state)
{
	char *text = torrc_text("/state/alice/tor", "UseBridges 1\n");

	(void)state;
	assert_has(text, "\nDataDirectory \"/state/alice/tor\"\n");
	assert_has(text, "\nSocksPort \"unix:\\\"/state/alice/tor\\\" OnionTrafficOnly ExtendedErrors "
			 "IsolateSOCKSAuth\"\n");
	assert_has(text, "\nControlPort \"unix:\\\"/run/c\\\"\"\n");
	assert_has(text, "\nCookieAuthentication 1\n");
	assert_has(text, "\n__OwningControllerProcess 42\n");
	assert_has(text, "\nSafeLogging 1\n");
	assert_has(text, "\nUseBridges 1\n");
	free(text);
}

static void test_a_path_can_not_leave_its_quotes(void **state)
{
	struct torrc t = {.data_dir = "/a\nORPort 9", .control_path = "/c", .socks_path = "/s"};
	char *text = torrc_text("/a \"b\" #\\", NULL);
	struct buf out;

	(void)state;
	assert_has(text, "\nDataDirectory \"/a \\\"b\\\" #\\\\\"\n");
	assert_has(text, "\nSocksPort \"unix:\\\"/a \\\\\\\"b\\\\\\\" #\\\\\\\\\\\" OnionTrafficOnly");
	free(text);
	buf_init(&out, TORRC_MAX);
	assert_int_equal(torrc_put(&out, &t), ERR_INVALID);
	buf_clear(&out);
}

static void test_bootstrap_phases(void **state)
{
	struct bootstrap b;

	(void)state;
	assert_int_equal(
	    bootstrap_parse("STATUS_CLIENT NOTICE BOOTSTRAP PROGRESS=45 TAG=x SUMMARY=\"Asking for it\"", &b),
	    0);
	assert_int_equal(b.progress, 45);
	assert_string_equal(b.text, "Asking for it");
	assert_int_equal(bootstrap_parse("NOTICE BOOTSTRAP PROGRESS=100 TAG=done SUMMARY=\"Done\"", &b), 0);
	assert_int_equal(b.progress, 100);
	assert_int_equal(
	    bootstrap_parse("STATUS_CLIENT WARN BOOTSTRAP PROGRESS=10 TAG=conn SUMMARY=\"Connecting\" "
			    "WARNING=\"No route to host\" REASON=NOROUTE COUNT=3 RECOMMENDATION=warn",
			    &b),
	    0);
	assert_int_equal(b.progress, 10);
	assert_string_equal(b.text, "Connecting, stuck: No route to host");
}

static void test_a_wrong_clock_is_named(void **state)
{
	struct bootstrap b;

	(void)state;
	assert_int_equal(bootstrap_parse("STATUS_GENERAL WARN CLOCK_SKEW SKEW=-7200 SOURCE=DIRSERV", &b), 0);
	assert_int_equal(b.progress, -1);
	assert_non_null(strstr(b.text, "7200 seconds slow"));
	assert_int_equal(bootstrap_parse("STATUS_GENERAL WARN CLOCK_SKEW SKEW=60 SOURCE=DIRSERV", &b), 0);
	assert_non_null(strstr(b.text, "60 seconds fast"));
}

static void test_what_is_no_phase(void **state)
{
	static const char *const lines[] = {"",
					    "STATUS_CLIENT NOTICE CIRCUIT_ESTABLISHED",
					    "STATUS_CLIENT NOTICE BOOTSTRAP PROGRESS=101 SUMMARY=\"x\"",
					    "STATUS_CLIENT NOTICE BOOTSTRAP SUMMARY=\"x\"",
					    "STATUS_CLIENT NOTICE X=BOOTSTRAP PROGRESS=5",
					    "STATUS_GENERAL WARN CLOCK_SKEW"};
	struct bootstrap b;

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		assert_int_equal(bootstrap_parse(lines[i], &b), ERR_NOT_FOUND);
}

#define HS "b7aghtyerwmgpqt7mihv6qoyy35g3n55hbdjcykigmmte26jduj5cdad"
#define FP "$0123456789012345678901234567890123456789"

static void test_a_circuit_of_ours(void **state)
{
	struct tor_circuit c;

	(void)state;
	assert_int_equal(
	    circuit_parse(
		"19 BUILT " FP "~relay1," FP "," FP "=relay3 BUILD_FLAGS=IS_INTERNAL,NEED_CAPACITY "
		"PURPOSE=HS_CLIENT_REND HS_STATE=HSCR_JOINED REND_QUERY=" HS
		" TIME_CREATED=2024-01-02T03:04:05.678900 SOCKS_USERNAME=\"bob\" SOCKS_PASSWORD=\"0\"",
		&c),
	    0);
	assert_int_equal(c.id, 19);
	assert_false(c.service_side);
	assert_string_equal(c.onion, HS);
	assert_string_equal(c.isolation, "bob");
	assert_string_equal(c.path, "relay1 01234567 relay3");
	assert_int_equal(c.created_ms, 1704164645678);
}

static void test_a_circuit_of_somebody_who_dialled_us(void **state)
{
	struct tor_circuit c;

	(void)state;
	assert_int_equal(
	    circuit_parse("7 BUILT " FP "~a PURPOSE=HS_SERVICE_REND HS_STATE=HSSR_JOINED REND_QUERY=" HS, &c),
	    0);
	assert_true(c.service_side);
	assert_string_equal(c.isolation, "");
	assert_int_equal(c.created_ms, 0);
}

static void test_other_circuits_are_left_out(void **state)
{
	struct tor_circuit c;

	(void)state;
	assert_int_equal(circuit_parse("7 BUILT " FP "~a PURPOSE=GENERAL", &c), ERR_NOT_FOUND);
	assert_int_equal(circuit_parse("7 EXTENDED " FP "~a PURPOSE=HS_CLIENT_REND HS_STATE=HSCR_JOINED", &c),
			 ERR_NOT_FOUND);
	assert_int_equal(
	    circuit_parse("7 BUILT " FP "~a PURPOSE=HS_CLIENT_REND HS_STATE=HSCR_CONNECTING", &c),
	    ERR_NOT_FOUND);
	assert_int_equal(circuit_parse("7 BUILT PURPOSE=HS_CLIENT_INTRO HS_STATE=HSCR_JOINED", &c),
			 ERR_NOT_FOUND);
	assert_int_equal(circuit_parse("", &c), ERR_NOT_FOUND);
	assert_int_equal(circuit_parse("x BUILT", &c), ERR_PROTOCOL);
	assert_int_equal(circuit_parse("1 BUILT \"", &c), ERR_PROTOCOL);
}

static void test_a_long_path_is_cut_between_relays(void **state)
{
	struct tor_circuit c;
	char line[1500] = "7 BUILT ";

	(void)state;
	for (int i = 0; i < 16; i++)
		strcat(line, i > 0 ? "," FP "~abcdefghijklmnopqrs" : FP "~abcdefghijklmnopqrs");
	line[8 + 1000] = '\0';
	strcat(line, " PURPOSE=HS_CLIENT_REND HS_STATE=HSCR_JOINED");
	assert_int_equal(circuit_parse(line, &c), 0);
	assert_true(strlen(c.path) < sizeof(c.path));
	assert_int_equal((strlen(c.path) + 1) % 20, 0);
}

static void test_versions(void **state)
{
	(void)state;
	assert_int_equal(driver_check_version("0.4.7.16"), 0);
	assert_int_equal(driver_check_version("0.4.9.11"), 0);
	assert_int_equal(driver_check_version("0.4.10.1-alpha-dev (git-1234)"), 0);
	assert_int_equal(driver_check_version("0.5.0.1"), 0);
	assert_int_equal(driver_check_version("1.0.0"), 0);
	assert_int_equal(driver_check_version("0.4.6.12"), ERR_VERSION);
	assert_int_equal(driver_check_version("0.3.5.18"), ERR_VERSION);
	assert_int_equal(driver_check_version("tor"), ERR_PROTOCOL);
	assert_int_equal(driver_check_version("0.4"), ERR_PROTOCOL);
	assert_int_equal(driver_check_version(""), ERR_PROTOCOL);
}

/* Computed with Python's hmac from the two constants of control-spec 3.24. */
#define SERVER_HASH  "3C8780AB52365C0D080750447E5F64DABC00428C6C434579C2043E18C1F85389"
#define SERVER_NONCE "404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f"
#define PROOF	     "b47642df2d5abb84f69e6d02d41bed6b44aee33e69562528a82166fc98bc0b1e"

static void test_the_cookie_proof(void **state)
{
	struct safecookie s;
	uint8_t proof[COOKIE_BYTES], zero[COOKIE_BYTES] = {0};
	char line[] = "AUTHCHALLENGE SERVERHASH=" SERVER_HASH " SERVERNONCE=" SERVER_NONCE;
	char *last = strstr(line, " SERVERNONCE") - 1;

	(void)state;
	for (uint8_t i = 0; i < 32; i++) {
		s.cookie[i] = i;
		s.client_nonce[i] = (uint8_t)(i + 32);
	}
	assert_int_equal(safecookie_answer(&s, line, proof), 0);
	unit_assert_hex(proof, sizeof(proof), PROOF);
	/* A server that does not know the cookie learns nothing. */
	*last = *last == '0' ? '1' : '0';
	assert_int_equal(safecookie_answer(&s, line, proof), ERR_AUTH);
	assert_memory_equal(proof, zero, sizeof(proof));
	*last = 'x';
	assert_int_equal(safecookie_answer(&s, line, proof), ERR_PROTOCOL);
	assert_int_equal(safecookie_answer(&s, "AUTHCHALLENGE SERVERHASH=" SERVER_HASH, proof), ERR_PROTOCOL);
	assert_int_equal(safecookie_answer(&s, "AUTHCHALLENGE SERVERNONCE=" SERVER_NONCE, proof),
			 ERR_PROTOCOL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_torrc),
	    cmocka_unit_test(test_a_path_can_not_leave_its_quotes),
	    cmocka_unit_test(test_bootstrap_phases),
	    cmocka_unit_test(test_a_wrong_clock_is_named),
	    cmocka_unit_test(test_what_is_no_phase),
	    cmocka_unit_test(test_a_circuit_of_ours),
	    cmocka_unit_test(test_a_circuit_of_somebody_who_dialled_us),
	    cmocka_unit_test(test_other_circuits_are_left_out),
	    cmocka_unit_test(test_a_long_path_is_cut_between_relays),
	    cmocka_unit_test(test_versions),
	    cmocka_unit_test(test_the_cookie_proof),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
