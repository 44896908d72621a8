/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit.h"

#include "base/err.h"

static void text_that_does_not_fit_is_refused_whole(void **state)
{
	(void)state;
	char out[6] = "old";
	assert_int_equal(str_fmt(out, sizeof(out), "%s-%d", "ab", 12), 0);
	assert_string_equal(out, "ab-12");
	assert_int_equal(str_fmt(out, sizeof(out), "%s-%d", "ab", 123), ERR_TOO_LONG);
	assert_string_equal(out, "");
	assert_int_equal(str_fmt(out, 0, "x"), ERR_TOO_LONG);

	assert_int_equal(str_copy(out, sizeof(out), "12345"), 0);
	assert_string_equal(out, "12345");
	assert_int_equal(str_copy(out, sizeof(out), "123456"), ERR_TOO_LONG);
	assert_string_equal(out, "");
	assert_int_equal(str_copy(out, 0, ""), ERR_TOO_LONG);
}

static void bytes_with_a_nul_are_no_string(void **state)
{
	(void)state;
	char out[6];
	assert_int_equal(str_copy_n(out, sizeof(out), "12345x", 5), 0);
	assert_string_equal(out, "12345");
	assert_int_equal(str_copy_n(out, sizeof(out), "1\0003", 3), ERR_INVALID);
	assert_string_equal(out, "");
	assert_int_equal(str_copy_n(out, sizeof(out), "123456", 6), ERR_TOO_LONG);
	assert_int_equal(str_copy_n(out, sizeof(out), NULL, 0), 0);
	assert_string_equal(out, "");
}

static void asprintf_makes_strings_of_any_length(void **state)
{
	(void)state;
	char *s = str_asprintf("%0*d", 5000, 7);
	assert_non_null(s);
	assert_int_equal(strlen(s), 5000);
	assert_int_equal(s[4999], '7');
	free(s);
}

static void numbers_are_decimal_and_in_range(void **state)
{
	(void)state;
	uint64_t v = 0;
	assert_int_equal(str_to_u64("0", 0, 10, &v), 0);
	assert_true(v == 0);
	assert_int_equal(str_to_u64("010", 0, 10, &v), 0);
	assert_true(v == 10);
	assert_int_equal(str_to_u64("18446744073709551615", 0, UINT64_MAX, &v), 0);
	assert_true(v == UINT64_MAX);
	static const char *const bad[] = {
	    "",	  " 1", "1 ", "+1", "-1", "0x1", "1.0", "a", "18446744073709551616", "99999999999999999999",
	    "11", "4",
	};
	v = 42;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		/* the last two are numbers, outside the range */
		const bool any = i < sizeof(bad) / sizeof(bad[0]) - 2;
		assert_int_equal(str_to_u64(bad[i], any ? 0 : 5, any ? UINT64_MAX : 10, &v), ERR_INVALID);
	}
	assert_true(v == 42);
}

static void hex_goes_both_ways(void **state)
{
	(void)state;
	static const uint8_t data[] = {0x00, 0x7f, 0x80, 0xff, 0xa5};
	char text[11];
	uint8_t back[5];
	hex_encode(data, sizeof(data), text);
	assert_string_equal(text, "007f80ffa5");
	assert_int_equal(hex_decode("007F80fFA5", back, sizeof(back)), 0);
	assert_memory_equal(back, data, sizeof(data));
	assert_int_equal(hex_decode("", back, 0), 0);

	assert_int_equal(hex_decode("007f80ffa", back, 5), ERR_INVALID);
	assert_int_equal(hex_decode("007f80ffa50", back, 5), ERR_INVALID);
	assert_int_equal(hex_decode("007f80ffag", back, 5), ERR_INVALID);
	assert_int_equal(hex_decode(" 07f80ffa5", back, 5), ERR_INVALID);
}

/* RFC 4648 section 10, lower case and without padding. */
static void base32_vectors(void **state)
{
	(void)state;
	static const char *const vectors[][2] = {
	    {"", ""},
	    {"f", "my"},
	    {"fo", "mzxq"},
	    {"foo", "mzxw6"},
	    {"foob", "mzxw6yq"},
	    {"fooba", "mzxw6ytb"},
	    {"foobar", "mzxw6ytboi"},
	};
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		const size_t len = strlen(vectors[i][0]);
		char text[BASE32_LEN(6) + 1];
		uint8_t back[6];
		assert_int_equal(BASE32_LEN(len), strlen(vectors[i][1]));
		base32_encode((const uint8_t *)vectors[i][0], len, text);
		assert_string_equal(text, vectors[i][1]);
		assert_int_equal(base32_decode(text, strlen(text), back, len), 0);
		assert_memory_equal(back, vectors[i][0], len);
	}
}

static void base32_refuses_what_it_would_not_write(void **state)
{
	(void)state;
	uint8_t out[8];
	assert_int_equal(base32_decode("MzXw6YtB", 8, out, 5), 0);
	assert_memory_equal(out, "fooba", 5);
	assert_int_equal(base32_decode("mzxw6ytb", 7, out, 5), ERR_INVALID); /* too short */
	assert_int_equal(base32_decode("mzxw6ytb", 8, out, 4), ERR_INVALID); /* too long */
	assert_int_equal(base32_decode("mz", 2, out, 1), ERR_INVALID);	     /* trailing bits */
	assert_int_equal(base32_decode("my======", 8, out, 5), ERR_INVALID); /* padding */
	static const char foreign[] = "0189-_ =./\n";
	for (size_t i = 0; i < sizeof(foreign); i++) {
		char text[8] = "mzxw6yt";
		text[7] = foreign[i];
		assert_int_equal(base32_decode(text, 8, out, 5), ERR_INVALID);
	}
}

static void base32_round_trip_at_every_length(void **state)
{
	(void)state;
	uint64_t seed = 5;
	const struct rng rng = unit_rng(&seed);
	for (size_t len = 0; len < 80; len++) {
		uint8_t data[80], back[80];
		char text[BASE32_LEN(80) + 1];
		rng_fill(&rng, data, len);
		base32_encode(data, len, text);
		assert_int_equal(strlen(text), BASE32_LEN(len));
		assert_int_equal(base32_decode(text, strlen(text), back, len), 0);
		assert_memory_equal(back, data, len);
	}
}

/* The definition, by decoding: RFC 3629 section 3, with NUL refused. */
static bool is_utf8_by_value(const uint8_t *p, size_t len)
{
	static const uint32_t first[] = {0, 1, 0x80, 0x800, 0x10000};
	size_t n = p[0] < 0x80		   ? 1
		   : (p[0] & 0xe0) == 0xc0 ? 2
		   : (p[0] & 0xf0) == 0xe0 ? 3
		   : (p[0] & 0xf8) == 0xf0 ? 4
					   : 0;
	if (!n || n != len)
		return false;
	uint32_t c = n == 1 ? p[0] : p[0] & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return false;
		c = c << 6 | (p[i] & 0x3f);
	}
	return c >= first[n] && c <= 0x10ffff && !(c >= 0xd800 && c <= 0xdfff);
}

static void utf8_all_short_sequences_match_the_definition(void **state)
{
	(void)state;
	uint8_t p[4];
	for (unsigned a = 0; a < 256; a++) {
		p[0] = (uint8_t)a;
		assert_int_equal(utf8_char((char *)p, 1) == 1, is_utf8_by_value(p, 1));
		for (unsigned b = 0; b < 256; b++) {
			p[1] = (uint8_t)b;
			if (utf8_char((char *)p, 2) != 1)
				assert_int_equal(utf8_char((char *)p, 2) == 2, is_utf8_by_value(p, 2));
			for (unsigned c = a < 0xe0 ? 0xf0 : 0; c < 256; c++) {
				p[2] = (uint8_t)c;
				const size_t n = utf8_char((char *)p, 3);
				if ((n == 3) != is_utf8_by_value(p, 3))
					fail_msg("%02x %02x %02x: %zu", a, b, c, n);
			}
		}
	}
}

static void utf8_four_byte_sequences_match_the_definition(void **state)
{
	(void)state;
	static const uint8_t edges[] = {0x00, 0x01, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xff};
	const size_t n = sizeof(edges);
	uint8_t p[4];
	for (unsigned a = 0xe0; a < 256; a++)
		for (unsigned b = 0; b < 256; b++)
			for (size_t i = 0; i < n * n; i++) {
				p[0] = (uint8_t)a;
				p[1] = (uint8_t)b;
				p[2] = edges[i / n];
				p[3] = edges[i % n];
				if ((utf8_char((char *)p, 4) == 4) != is_utf8_by_value(p, 4))
					fail_msg("%02x %02x %02x %02x", a, b, p[2], p[3]);
			}
}

static bool valid(const char *text)
{
	return utf8_valid(text, strlen(text));
}

static void utf8_boundary_cases(void **state)
{
	(void)state;
	assert_true(utf8_valid(NULL, 0));
	assert_true(valid("plain \x7f"));
	assert_true(valid("\xc2\x80 \xdf\xbf")); /* U+0080, U+07FF */
	assert_true(valid(
	    "\xe0\xa0\x80 \xed\x9f\xbf \xee\x80\x80 \xef\xbf\xbf")); /* U+0800, U+D7FF, U+E000, U+FFFF */
	assert_true(valid("\xf0\x90\x80\x80 \xf4\x8f\xbf\xbf"));     /* U+10000, U+10FFFF */
	assert_false(utf8_valid("a\0b", 3));
	assert_false(valid("\x80"));
	assert_false(valid("\xc0\x80"));	 /* overlong NUL */
	assert_false(valid("\xc1\xbf"));	 /* overlong */
	assert_false(valid("\xe0\x9f\xbf"));	 /* overlong */
	assert_false(valid("\xf0\x8f\xbf\xbf")); /* overlong */
	assert_false(valid("\xed\xa0\x80"));	 /* surrogate */
	assert_false(valid("\xed\xbf\xbf"));	 /* surrogate */
	assert_false(valid("\xf4\x90\x80\x80")); /* U+110000 */
	assert_false(valid("\xf5\x80\x80\x80"));
	assert_false(valid("\xff"));
	assert_false(valid("abc\xe2\x82")); /* cut short */
	assert_false(valid("\xe2\x82 abc"));
}

static void utf8_cut_never_splits_a_character(void **state)
{
	(void)state;
	static const char text[] = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\xa7\x85z"; /* 1, 2, 3, 4, 1 bytes */
	static const size_t expected[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11, 11, 11};
	const size_t len = sizeof(text) - 1;
	for (size_t max = 0; max < sizeof(expected) / sizeof(expected[0]); max++) {
		assert_int_equal(utf8_cut(text, len, max), expected[max]);
		assert_true(utf8_valid(text, expected[max]));
	}
	assert_int_equal(utf8_cut("", 0, 5), 0);
}

static void base64_vectors(void **state)
{
	/* RFC 4648 section 10 */
	static const char *const plain[] = {"", "f", "fo", "foo", "foob", "fooba", "foobar"};
	static const char *const coded[] = {"", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"};
	char out[16];
	size_t n;
	(void)state;
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
		const size_t len = strlen(plain[i]);
		base64_encode(plain[i], len, out);
		assert_string_equal(out, coded[i]);
		assert_int_equal(strlen(out), BASE64_LEN(len));
		memset(out, 'x', sizeof(out));
		assert_int_equal(base64_decode(coded[i], strlen(coded[i]), out, len, &n), 0);
		assert_int_equal(n, len);
		assert_memory_equal(out, plain[i], len);
		assert_int_equal(out[len], 'x');
		if (len)
			assert_int_equal(base64_decode(coded[i], strlen(coded[i]), out, len - 1, &n),
					 ERR_TOO_LONG);
	}
	assert_int_equal(base64_decode("+/+/", 4, out, 3, &n), 0);
	assert_memory_equal(out, "\xfb\xff\xbf", 3);
}

static void base64_refuses_what_it_would_not_write(void **state)
{
	static const char *const bad[] = {
	    "A",    "AA",   "AAA",  "AAAAA", "====",	 "A===", "AA=A", "=AAA", "AA==AAAA", "AAA=AAAA", "AA-_", "AA A",
	    "Zh==", "Zm9=", "AA\n=", "=",    "AAAA====",
	};
	uint8_t out[16];
	size_t n;
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(base64_decode(bad[i], strlen(bad[i]), out, sizeof(out), &n), ERR_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(text_that_does_not_fit_is_refused_whole),
	    cmocka_unit_test(bytes_with_a_nul_are_no_string),
	    cmocka_unit_test(asprintf_makes_strings_of_any_length),
	    cmocka_unit_test(numbers_are_decimal_and_in_range),
	    cmocka_unit_test(hex_goes_both_ways),
	    cmocka_unit_test(base32_vectors),
	    cmocka_unit_test(base32_refuses_what_it_would_not_write),
	    cmocka_unit_test(base32_round_trip_at_every_length),
	    cmocka_unit_test(base64_vectors),
	    cmocka_unit_test(base64_refuses_what_it_would_not_write),
	    cmocka_unit_test(utf8_all_short_sequences_match_the_definition),
	    cmocka_unit_test(utf8_four_byte_sequences_match_the_definition),
	    cmocka_unit_test(utf8_boundary_cases),
	    cmocka_unit_test(utf8_cut_never_splits_a_character),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
