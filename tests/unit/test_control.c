/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The control protocol's form: replies, events, words, base64. */
#include "unit.h"

#include "../../src/tor/control.h"
#include "base/err.h"

struct feed {
	struct control_parser parser;
	struct buf in;
	const struct control_reply *reply;
};

static int setup(void **state)
{
	struct feed *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return 1;
	control_parser_init(&f->parser);
	buf_init(&f->in, 4 * CONTROL_REPLY_MAX);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct feed *f = *state;

	control_parser_clear(&f->parser);
	buf_clear(&f->in);
	free(f);
	return 0;
}

static int feed(struct feed *f, const char *text)
{
	assert_int_equal(buf_put(&f->in, text, strlen(text)), 0);
	return control_parser_next(&f->parser, &f->in, &f->reply);
}

static void test_a_reply_of_several_lines(void **state)
{
	struct feed *f = *state;

	assert_int_equal(feed(f, "250-PROTOCOLINFO 1\r\n250-VERSION Tor=\"0.4.8.12\"\r\n250 OK\r\n"), 1);
	assert_int_equal(f->reply->code, 250);
	assert_int_equal(f->reply->n, 3);
	assert_string_equal(f->reply->lines[0].text, "PROTOCOLINFO 1");
	assert_null(f->reply->lines[0].data);
	assert_string_equal(f->reply->lines[1].text, "VERSION Tor=\"0.4.8.12\"");
	assert_string_equal(f->reply->lines[2].text, "OK");
	assert_int_equal(feed(f, ""), 0);
}

static void test_a_data_block(void **state)
{
	struct feed *f = *state;

	assert_int_equal(
	    feed(f, "250+circuit-status=\r\n1 BUILT a\r\n..dot\r\n250 not the end\r\n.\r\n250 OK\r\n"), 1);
	assert_int_equal(f->reply->n, 2);
	assert_string_equal(f->reply->lines[0].text, "circuit-status=");
	assert_string_equal(f->reply->lines[0].data, "1 BUILT a\n.dot\n250 not the end\n");
	assert_string_equal(f->reply->lines[1].text, "OK");
}

static void test_replies_byte_by_byte_and_two_at_once(void **state)
{
	struct feed *f = *state;
	const char *text = "650 HS_DESC UPLOADED x\r\n512 Bad\r\n";
	char one[2] = "";
	int found = 0;

	for (const char *p = text; *p != '\0'; p++) {
		one[0] = *p;
		if (feed(f, one) == 1) {
			assert_int_equal(f->reply->code, found == 0 ? 650 : 512);
			found++;
		}
	}
	assert_int_equal(found, 2);
	assert_int_equal(feed(f, text), 1);
	assert_int_equal(f->reply->code, 650);
	assert_int_equal(feed(f, ""), 1);
	assert_string_equal(f->reply->lines[0].text, "Bad");
}

static void test_what_is_no_reply(void **state)
{
	static const char *const bad[] = {"hello\r\n",
					  "25 OK\r\n",
					  "2x0 OK\r\n",
					  "250\r\n",
					  "250*OK\r\n",
					  "\r\n",
					  "250-a\r\n650 b\r\n",
					  "650-a\r\n250 b\r\n",
					  "HTTP/1.1 400 Bad Request\r\n"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		void *mine = NULL;

		assert_int_equal(setup(&mine), 0);
		assert_int_equal(feed(mine, bad[i]), ERR_PROTOCOL);
		teardown(&mine);
	}
}

static void test_a_nul_is_refused(void **state)
{
	struct feed *f = *state;

	assert_int_equal(buf_put(&f->in, "250 O\0K\r\n", 9), 0);
	assert_int_equal(feed(f, ""), ERR_PROTOCOL);
}

static void test_a_line_without_end_is_bounded(void **state)
{
	struct feed *f = *state;
	char block[1025];
	size_t fed = 0;
	int err = 0;

	memset(block, 'a', 1024);
	block[1024] = '\0';
	for (err = feed(f, "250 "); err == 0; err = feed(f, block))
		fed += 1024;
	assert_int_equal(err, ERR_PROTOCOL);
	assert_true(fed <= CONTROL_LINE_MAX + 1024);
}

static void test_a_reply_without_end_is_bounded(void **state)
{
	struct feed *f = *state;
	int lines = 0, err = 0;

	while (err == 0) {
		err = feed(f, "250-x\r\n");
		lines++;
	}
	assert_int_equal(err, ERR_PROTOCOL);
	assert_int_equal(lines, CONTROL_LINES_MAX + 1);
}

static void test_data_without_end_is_bounded(void **state)
{
	struct feed *f = *state;
	char line[1001];
	size_t fed = 0;
	int err = feed(f, "250+x=\r\n");

	memset(line, 'a', 998);
	memcpy(line + 998, "\r\n", 3);
	while (err == 0) {
		err = feed(f, line);
		fed += 1000;
	}
	assert_int_equal(err, ERR_PROTOCOL);
	assert_true(fed <= CONTROL_REPLY_MAX + 2000);
}

static void assert_word(const char **cursor, const char *key, const char *value)
{
	struct control_word w;

	assert_int_equal(control_word_next(cursor, &w), 1);
	assert_string_equal(w.key, key);
	assert_string_equal(w.value, value);
}

static void test_words(void **state)
{
	const char *line =
	    "12 BUILT  $AB~nick,$CD=x KEY=value Q=\"a \\\"b\\\" \\\\ \\103\\n\" E=\"\" \"alone\" =x";
	struct control_word w;

	(void)state;
	assert_word(&line, "", "12");
	assert_word(&line, "", "BUILT");
	assert_word(&line, "", "$AB~nick,$CD=x");
	assert_word(&line, "KEY", "value");
	assert_word(&line, "Q", "a \"b\" \\ C\n");
	assert_word(&line, "E", "");
	assert_word(&line, "", "alone");
	assert_word(&line, "", "=x");
	assert_int_equal(control_word_next(&line, &w), 0);
}

static void test_broken_words(void **state)
{
	static const char *const bad[] = {"\"open", "K=\"open", "K=\"open\\", "K=\"open\\\""};
	char *line = malloc(3000);
	struct control_word w;
	const char *cursor;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		cursor = bad[i];
		assert_int_equal(control_word_next(&cursor, &w), ERR_PROTOCOL);
	}
	assert_non_null(line);
	memset(line, 'a', 2999);
	line[2999] = '\0';
	cursor = line;
	assert_int_equal(control_word_next(&cursor, &w), ERR_TOO_LONG);
	line[CONTROL_WORD_MAX] = '\0';
	cursor = line;
	assert_int_equal(control_word_next(&cursor, &w), 1);
	free(line);
}

static void test_values(void **state)
{
	const char *line = "METHODS=COOKIE,SAFECOOKIE COOKIEFILE=\"/a dir/METHODS=x\"";
	char out[32], small[4];

	(void)state;
	assert_int_equal(control_value(line, "COOKIEFILE", out, sizeof(out)), 0);
	assert_string_equal(out, "/a dir/METHODS=x");
	assert_int_equal(control_value(line, "METHODS", out, sizeof(out)), 0);
	assert_string_equal(out, "COOKIE,SAFECOOKIE");
	assert_int_equal(control_value(line, "METHOD", out, sizeof(out)), ERR_NOT_FOUND);
	assert_int_equal(control_value(line, "METHODS", small, sizeof(small)), ERR_TOO_LONG);
}

static void assert_base64(const void *data, size_t len, const char *text)
{
	struct buf out;

	buf_init(&out, 256);
	assert_int_equal(control_put_base64(&out, data, len), 0);
	assert_int_equal(buf_len(&out), strlen(text));
	assert_memory_equal(buf_ptr(&out), text, strlen(text));
	buf_clear(&out);
}

/* RFC 4648 section 10, and every digit. */
static void test_base64(void **state)
{
	uint8_t all[48];
	struct buf small;

	(void)state;
	assert_base64("f", 1, "Zg==");
	assert_base64("fo", 2, "Zm8=");
	assert_base64("foo", 3, "Zm9v");
	assert_base64("foob", 4, "Zm9vYg==");
	assert_base64("fooba", 5, "Zm9vYmE=");
	assert_base64("foobar", 6, "Zm9vYmFy");
	unit_hex("00108310518720928b30d38f41149351559761969b71d79f8218a39259a7a29aabb2dbafc31cb3d35db7e39ebbf"
		 "3dfbf",
		 all, sizeof(all));
	assert_base64(all, sizeof(all), "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
	buf_init(&small, 3);
	assert_int_equal(control_put_base64(&small, all, 3), ERR_FULL);
	buf_clear(&small);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(test_a_reply_of_several_lines),
	    T(test_a_data_block),
	    T(test_replies_byte_by_byte_and_two_at_once),
	    T(test_what_is_no_reply),
	    T(test_a_nul_is_refused),
	    T(test_a_line_without_end_is_bounded),
	    T(test_a_reply_without_end_is_bounded),
	    T(test_data_without_end_is_bounded),
	    T(test_words),
	    T(test_broken_words),
	    T(test_values),
	    T(test_base64),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
