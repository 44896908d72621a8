/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit.h"

#include "base/err.h"
#include "irc/sasl.h"

static int decode(const char *base64, struct sasl *s, struct sasl_plain *out)
{
	const char *data;
	size_t len;
	int err;

	sasl_init(s);
	assert_int_equal(sasl_add(s, base64), 0);
	err = sasl_decode(s, &data, &len);
	return err != 0 ? err : sasl_plain(data, len, out);
}

static void plain(struct sasl *s, struct sasl_plain *out)
{
	const char *data;
	size_t len;

	assert_int_equal(sasl_decode(s, &data, &len), 0);
	assert_int_equal(strlen(data + len), 0);
	assert_int_equal(sasl_plain(data, len, out), 0);
}

static void a_login_in_one_line(void **state)
{
	struct sasl s;
	struct sasl_plain p;

	(void)state;
	/* "\0alice@laptop\0pass word" */
	assert_int_equal(decode("AGFsaWNlQGxhcHRvcABwYXNzIHdvcmQ=", &s, &p), 0);
	assert_string_equal(p.authzid, "");
	assert_string_equal(p.authcid, "alice@laptop");
	assert_string_equal(p.password, "pass word");
	assert_int_equal(p.password_len, 9);
	sasl_clear(&s);
	/* "alice\0alice\0sesame" */
	assert_int_equal(decode("YWxpY2UAYWxpY2UAc2VzYW1l", &s, &p), 0);
	assert_string_equal(p.authzid, "alice");
	assert_string_equal(p.password, "sesame");
	sasl_clear(&s);
}

static void exactly_400_bytes_mean_more(void **state)
{
	struct sasl s;
	struct sasl_plain p;
	char chunk[SASL_CHUNK + 1];

	(void)state;
	/* "\0a\0" and then 297 letters, so that the first line is full and an empty one ends the message. */
	memset(chunk, 0, sizeof(chunk));
	memcpy(chunk, "AGEA", 4);
	for (size_t i = 4; i < SASL_CHUNK; i += 4)
		memcpy(chunk + i, "eHh4", 4);
	sasl_init(&s);
	assert_int_equal(sasl_add(&s, chunk), ERR_AGAIN);
	assert_int_equal(sasl_add(&s, "+"), 0);
	plain(&s, &p);
	assert_string_equal(p.authcid, "a");
	assert_int_equal(p.password_len, 297);
	sasl_clear(&s);

	sasl_init(&s);
	assert_int_equal(sasl_add(&s, chunk), ERR_AGAIN);
	assert_int_equal(sasl_add(&s, "eHh4"), 0);
	plain(&s, &p);
	assert_int_equal(p.password_len, 300);
	sasl_clear(&s);
}

static void too_long_is_refused(void **state)
{
	struct sasl s;
	char chunk[SASL_CHUNK + 2];

	(void)state;
	memset(chunk, 'A', sizeof(chunk));
	chunk[SASL_CHUNK + 1] = '\0';
	sasl_init(&s);
	assert_int_equal(sasl_add(&s, chunk), ERR_TOO_LONG);
	chunk[SASL_CHUNK] = '\0';
	for (size_t i = 0; i < SASL_MAX / SASL_CHUNK; i++)
		assert_int_equal(sasl_add(&s, chunk), ERR_AGAIN);
	assert_int_equal(sasl_add(&s, "AAAA"), ERR_TOO_LONG);
	sasl_clear(&s);
}

static void nonsense_is_refused(void **state)
{
	static const char *const bad[] = {
	    "+",
	    "A",
	    "AAA",
	    "AG!sAAAA",
	    "====",
	    "A===",
	    "AA=A",
	    "AAAA=AAA",
	    "AGE=AAAA",
	    "YWxpY2U=",		/* one part */
	    "AGFsaWNl",		/* two */
	    "AABwYXNzd29yZA==", /* an empty name */
	    "AGEAYgBj",		/* four */
	    "AGFsaWNlAA==",	/* an empty password */
	};
	struct sasl s;
	struct sasl_plain p;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(decode(bad[i], &s, &p), ERR_INVALID);
		sasl_clear(&s);
	}
}

static void an_empty_message_is_one(void **state)
{
	struct sasl s;
	const char *data = NULL;
	size_t len = 1;

	(void)state;
	sasl_init(&s);
	assert_int_equal(sasl_add(&s, "+"), 0);
	assert_int_equal(sasl_decode(&s, &data, &len), 0);
	assert_int_equal(len, 0);
	assert_string_equal(data, "");
	sasl_clear(&s);
	/* and the next one begins afresh */
	assert_int_equal(sasl_add(&s, "YWxpY2U="), 0);
	assert_int_equal(sasl_decode(&s, &data, &len), 0);
	assert_string_equal(data, "alice");
	sasl_clear(&s);
}

static void our_own_messages_are_cut_the_same_way(void **state)
{
	char text[2 * SASL_CHUNK + 2];
	char piece[SASL_CHUNK + 1];
	size_t at = 0;

	(void)state;
	assert_false(sasl_piece("", &at, piece));
	assert_string_equal(piece, "+");
	assert_false(sasl_piece("AAAA", &at, piece));
	assert_string_equal(piece, "AAAA");
	memset(text, 'A', sizeof(text));
	text[SASL_CHUNK] = '\0';
	at = 0;
	assert_true(sasl_piece(text, &at, piece));
	assert_string_equal(piece, text);
	assert_false(sasl_piece(text, &at, piece));
	assert_string_equal(piece, "+");
	text[SASL_CHUNK] = 'A';
	text[2 * SASL_CHUNK] = '\0';
	text[2 * SASL_CHUNK - 1] = '\0';
	at = 0;
	assert_true(sasl_piece(text, &at, piece));
	assert_int_equal(strlen(piece), SASL_CHUNK);
	assert_false(sasl_piece(text, &at, piece));
	assert_int_equal(strlen(piece), SASL_CHUNK - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_login_in_one_line),
	    cmocka_unit_test(exactly_400_bytes_mean_more),
	    cmocka_unit_test(too_long_is_refused),
	    cmocka_unit_test(nonsense_is_refused),
	    cmocka_unit_test(an_empty_message_is_one),
	    cmocka_unit_test(our_own_messages_are_cut_the_same_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
