/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit.h"

#include "base/nick.h"

#define THIRTY "abcdefghijklmnopqrstuvwxyzabcd"

static void grammar(void **state)
{
	(void)state;
	static const char *const good[] = {"a", "Alice", "bob1", "_x", "[x]", "\\", "`^{|}", "a-b", THIRTY};
	static const char *const bad[] = {"",	   "1bob",     "-bob",	    "a b", "a.b", "#a", "a!b",
					  "a@b",   "a:b",      "a,b",	    "a*",  "&a",  "~a", "a\n",
					  "a\x01", "\xc3\xa9", "a\xc3\xa9", "$a",  "+a",  "%a", THIRTY "e"};
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(nick_valid(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(nick_valid(bad[i]));
}

/* Only letters fold under CASEMAPPING=ascii; under rfc1459 "[" would equal "{". */
static void casemapping_is_ascii(void **state)
{
	(void)state;
	char out[NICK_MAX + 1];
	assert_true(nick_eq("Alice", "aLICE"));
	assert_true(nick_eq("", ""));
	assert_false(nick_eq("Alice", "Alic"));
	assert_false(nick_eq("Alic", "Alice"));
	assert_false(nick_eq("a[", "a{"));
	assert_false(nick_eq("a^", "a~"));
	nick_fold("AlIcE[]\\^Z", out);
	assert_string_equal(out, "alice[]\\^z");
	nick_fold(THIRTY "XYZ", out);
	assert_string_equal(out, THIRTY);
}

static void lookalikes_share_a_skeleton(void **state)
{
	(void)state;
	static const char *const pairs[][2] = {
	    {"Alice", "A1ice"},	  {"Alice", "AIice"},  {"Alice", "a|ice"},  {"Bob", "B0b"},
	    {"Bob", "8ob"},	  {"carol", "carol_"}, {"carol", "_carol"}, {"carol", "`carol^"},
	    {"carol", "carol--"}, {"a_b", "a-b"},      {"a_b", "a__-b"},    {"mallory", "rnallory"},
	    {"dave", "dave`"},	  {"wim", "vvirn"},    {"vvw", "wvv"},	    {"vw", "wv"},
	    {"vvv", "vw"},	  {"sam", "5arn"},     {"zoe", "2oe"},	    {"x[y]", "x{y}"},
	};
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		assert_true(nick_lookalike(pairs[i][0], pairs[i][1]));
		assert_true(nick_lookalike(pairs[i][1], pairs[i][0]));
	}
}

static void different_names_stay_different(void **state)
{
	(void)state;
	static const char *const names[] = {"Alice", "Bob",  "Carol", "Dave", "Mallory", "Alicia", "a_b",
					    "ab",    "a_bc", "w",     "v",    "r",	 "m",	   "n"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		for (size_t j = 0; j < i; j++)
			assert_false(nick_lookalike(names[i], names[j]));
	/* the same nick is no look-alike of itself, in whatever case */
	assert_false(nick_lookalike("Alice", "aLICE"));
}

static void skeleton_of_a_long_name_is_bounded(void **state)
{
	(void)state;
	char out[NICK_MAX + 1];
	nick_skeleton("wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww", out);
	assert_int_equal(strlen(out), NICK_MAX);
	nick_skeleton("____", out);
	assert_string_equal(out, "");
}

static void assert_sanitized(const char *in, size_t len, const char *expected)
{
	char out[NICK_MAX + 1];
	nick_sanitize(in, len, out);
	assert_string_equal(out, expected);
	assert_true(nick_valid(out));
}

static void proposals_become_valid_nicks(void **state)
{
	(void)state;
	assert_sanitized("Alice", 5, "Alice");
	assert_sanitized("A\r\nl :i!@ce", 11, "Alice");
	assert_sanitized("Ren\xc3\xa9", 5, "Ren");
	assert_sanitized("12-bob2", 7, "bob2");
	assert_sanitized("a\0b", 3, "ab");
	assert_sanitized(THIRTY "efg", 33, THIRTY);
	assert_sanitized("", 0, "peer");
	assert_sanitized(NULL, 0, "peer");
	assert_sanitized("\xe4\xb8\xad\xe6\x96\x87", 6, "peer");
	assert_sanitized("42", 2, "peer");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(grammar),
	    cmocka_unit_test(casemapping_is_ascii),
	    cmocka_unit_test(lookalikes_share_a_skeleton),
	    cmocka_unit_test(different_names_stay_different),
	    cmocka_unit_test(skeleton_of_a_long_name_is_bounded),
	    cmocka_unit_test(proposals_become_valid_nicks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
