/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit.h"

#include <stdio.h>

#include "base/err.h"
#include "base/log.h"

#define ONION	   "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd"
#define HEX64	   "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF"
#define BASE64_KEY "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA="

static void assert_scrubbed(const char *in, const char *expected)
{
	char out[512];
	log_scrub(in, out, sizeof(out));
	assert_string_equal(out, expected);
}

static void ordinary_text_stays(void **state)
{
	(void)state;
	assert_scrubbed("", "");
	assert_scrubbed("tor: bootstrap 45% (conn_done): Zwiebel \xf0\x9f\xa7\x85",
			"tor: bootstrap 45% (conn_done): Zwiebel \xf0\x9f\xa7\x85");
	assert_scrubbed("listening on 127.0.0.1:6667", "listening on 127.0.0.1:6667");
}

static void control_characters_and_broken_bytes_are_escaped(void **state)
{
	(void)state;
	assert_scrubbed("a\r\nb\tc\x1b[31m\x7f", "a\\x0D\\x0Ab\\x09c\\x1B[31m\\x7F");
	assert_scrubbed("\xff z \xc3", "\\xFF z \\xC3");
	assert_scrubbed("next\xc2\x85line", "next\\xC2\\x85line");
	assert_scrubbed("\xc2\xa0", "\xc2\xa0");
}

static void onion_addresses_are_cut(void **state)
{
	(void)state;
	assert_scrubbed(ONION, "pg6mmj[...]");
	assert_scrubbed("dial " ONION ".onion:6697 failed", "dial pg6mmj[...].onion:6697 failed");
	assert_scrubbed("address=" ONION, "address=pg6mmj[...]");
}

static void keys_are_hidden(void **state)
{
	(void)state;
	assert_scrubbed("key " HEX64 ".", "key [scrubbed].");
	assert_scrubbed("key=" BASE64_KEY ";", "key=[scrubbed];");
	assert_scrubbed(ONION "a", "[scrubbed]");
	assert_scrubbed("ED25519-V3:yLSDc8b11PaIHTtNtvi9lNW99IME2mdrO4k381zDkHv//WRUGrkBALBQ9MbHy2SLA/"
			"NmfS7YxmcR/FY8ppRfIA==",
			"ED25519-V3:[scrubbed]");
	/* 39 digits are shown, 40 are not */
	assert_scrubbed("000000000011111111112222222222333333333", "000000000011111111112222222222333333333");
	assert_scrubbed("0000000000111111111122222222223333333333", "[scrubbed]");
}

static void paths_stay_readable_but_not_keys_in_them(void **state)
{
	(void)state;
	assert_scrubbed("no socket at /var/lib/allium/accounts/alice/tor/control_socket",
			"no socket at /var/lib/allium/accounts/alice/tor/control_socket");
	assert_scrubbed("/var/lib/allium/" HEX64 "/x", "/var/lib/allium/[scrubbed]/x");
	assert_scrubbed("/var/lib/" ONION, "/var/lib/pg6mmj[...]");
	/* base64 that happens to begin with a slash is no path */
	assert_scrubbed("/83vEjRWeJCrze8SNFZ4kKvN7xI/VniQq83vEjRWeJA", "[scrubbed]");
}

static void a_cut_line_ends_at_a_whole_character(void **state)
{
	(void)state;
	char out[8];
	log_scrub("abcdef\xe2\x82\xac", out, sizeof(out));
	assert_string_equal(out, "abcdef");
	log_scrub("abcde\n", out, sizeof(out));
	assert_string_equal(out, "abcde");
	log_scrub("abcdefgh", out, sizeof(out));
	assert_true(strlen(out) < sizeof(out));
	log_scrub("a", out, 1);
	assert_string_equal(out, "");
	log_scrub("a", NULL, 0);
}

struct lines {
	unsigned count;
	enum log_level level;
	char last[2048];
};

static void keep(void *ctx, enum log_level level, const char *line)
{
	struct lines *lines = ctx;
	lines->count++;
	lines->level = level;
	assert_int_equal(str_copy(lines->last, sizeof(lines->last), line), 0);
}

static void levels_choose_what_is_written(void **state)
{
	(void)state;
	struct lines lines = {0};
	enum log_level level;
	log_set_sink(keep, &lines);
	log_debug("not at first");
	assert_int_equal(lines.count, 0);
	log_info("hello %s", "there");
	assert_int_equal(lines.count, 1);
	assert_int_equal(lines.level, LOG_INFO);
	assert_string_equal(lines.last, "hello there");

	assert_int_equal(log_level_parse("error", &level), 0);
	log_set_level(level);
	log_warn("hidden");
	assert_int_equal(lines.count, 1);
	log_error("shown");
	assert_int_equal(lines.count, 2);
	assert_int_equal(log_level_parse("debug", &level), 0);
	log_set_level(level);
	log_debug("shown too");
	assert_int_equal(lines.count, 3);
	assert_int_equal(log_level_parse("loud", &level), ERR_INVALID);
	assert_int_equal(log_level_parse("", &level), ERR_INVALID);
	log_set_level(LOG_INFO);
	log_set_sink(NULL, NULL);
}

/* The canary: no part of a secret that a careless caller passes reaches the sink, however the line is cut. */
static void no_secret_reaches_the_sink(void **state)
{
	(void)state;
	static const char *const secrets[] = {ONION, HEX64, BASE64_KEY};
	static char padding[5000];
	struct lines lines = {0};
	log_set_sink(keep, &lines);
	for (size_t pad = 0; pad < sizeof(padding) - 1; pad += pad < 900 ? 101 : pad < 1040 ? 1 : 97) {
		memset(padding, ' ', pad);
		padding[pad] = '\0';
		for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++) {
			char part[9];
			log_info("%s%s %s", padding, secrets[i], secrets[i]);
			assert_true(strlen(lines.last) < 1024);
			/* eight characters from anywhere behind what may be shown of an address */
			for (size_t at = 6; at + 8 <= strlen(secrets[i]); at++) {
				assert_int_equal(str_copy_n(part, sizeof(part), secrets[i] + at, 8), 0);
				assert_null(strstr(lines.last, part));
			}
		}
	}
	log_set_sink(NULL, NULL);
}

/* Many short secrets that shrink must not pull a cut one into view. */
static void a_secret_cut_by_the_bound_does_not_pass_as_a_word(void **state)
{
	(void)state;
	static char text[5000];
	struct lines lines = {0};
	log_set_sink(keep, &lines);
	for (size_t shift = 0; shift < 60; shift++) {
		memset(text, 'x', shift);
		text[shift] = ' ';
		size_t len = shift + 1;
		while (len + sizeof(ONION) < sizeof(text)) {
			memcpy(text + len, ONION " ", sizeof(ONION));
			len += sizeof(ONION);
		}
		text[len] = '\0';
		log_info("%s", text);
		assert_null(strstr(lines.last, "pg6mmji"));
	}
	log_set_sink(NULL, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(ordinary_text_stays),
	    cmocka_unit_test(control_characters_and_broken_bytes_are_escaped),
	    cmocka_unit_test(onion_addresses_are_cut),
	    cmocka_unit_test(keys_are_hidden),
	    cmocka_unit_test(paths_stay_readable_but_not_keys_in_them),
	    cmocka_unit_test(a_cut_line_ends_at_a_whole_character),
	    cmocka_unit_test(levels_choose_what_is_written),
	    cmocka_unit_test(no_secret_reaches_the_sink),
	    cmocka_unit_test(a_secret_cut_by_the_bound_does_not_pass_as_a_word),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
