/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit.h"

#include <stdio.h>

#include "base/err.h"
#include "irc/message.h"

static char line[2 * IRC_INPUT_MAX];

static int parse(const char *text, struct irc_message *m)
{
	strcpy(line, text);
	return irc_parse(line, strlen(line), m);
}

static void a_plain_command(void **state)
{
	struct irc_message m;

	(void)state;
	assert_int_equal(parse("PRIVMSG bob :hello there", &m), 0);
	assert_null(m.source);
	assert_string_equal(m.command, "PRIVMSG");
	assert_int_equal(m.n_params, 2);
	assert_string_equal(m.params[0], "bob");
	assert_string_equal(m.params[1], "hello there");
	assert_true(m.trailing);
}

static void tags_source_and_spaces(void **state)
{
	struct irc_message m;

	(void)state;
	assert_int_equal(parse("@a=b\\:\\s\\\\\\r\\n\\x\\;+c/d=;e;a=last :alice!u@h   NOTICE   x   y  ", &m),
			 0);
	assert_string_equal(m.source, "alice!u@h");
	assert_string_equal(m.command, "NOTICE");
	assert_int_equal(m.n_params, 2);
	assert_string_equal(m.params[1], "y");
	assert_false(m.trailing);
	assert_int_equal(m.n_tags, 4);
	assert_string_equal(m.tags[0].value, "b; \\\r\nx");
	assert_string_equal(irc_tag(&m, "+c/d"), "");
	assert_string_equal(irc_tag(&m, "e"), "");
	assert_string_equal(irc_tag(&m, "a"), "last");
	assert_null(irc_tag(&m, "c/d"));
}

static void empty_and_colon_parameters(void **state)
{
	struct irc_message m;

	(void)state;
	assert_int_equal(parse("JOIN :", &m), 0);
	assert_int_equal(m.n_params, 1);
	assert_string_equal(m.params[0], "");
	assert_true(m.trailing);
	assert_int_equal(parse("TOPIC a:b ::c d", &m), 0);
	assert_string_equal(m.params[0], "a:b");
	assert_string_equal(m.params[1], ":c d");
	assert_int_equal(parse("PING", &m), 0);
	assert_int_equal(m.n_params, 0);
}

static void the_fifteenth_takes_the_rest(void **state)
{
	struct irc_message m;

	(void)state;
	assert_int_equal(parse("X 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 :17", &m), 0);
	assert_int_equal(m.n_params, 15);
	assert_string_equal(m.params[13], "14");
	assert_string_equal(m.params[14], "15 16 :17");
	assert_false(m.trailing);
}

static void what_is_no_command(void **state)
{
	static const char *const bad[] = {"", "   ", ":source", ":source ", "@tag", "@tag :source", "A\rB"};
	static const char *const odd[] = {"12",	     "1234", "a1",	       "PRIV-MSG x",
					  "NO_SUCH", "\001", "caf\xc3\xa9 x", ":source :x"};
	struct irc_message m;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(parse(bad[i], &m), ERR_INVALID);
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
		assert_int_equal(parse(odd[i], &m), 0);
	memcpy(line, "PING a\0b", 9);
	assert_int_equal(irc_parse(line, 8, &m), ERR_INVALID);
	assert_int_equal(parse("001 x", &m), 0);
}

static void limits_of_a_line(void **state)
{
	struct irc_message m;
	char text[IRC_INPUT_MAX + 16];

	(void)state;
	memset(text, 'x', sizeof(text));
	memcpy(text, "PING ", 5);
	text[510] = '\0';
	assert_int_equal(parse(text, &m), 0);
	text[510] = 'x';
	text[511] = '\0';
	assert_int_equal(parse(text, &m), ERR_TOO_LONG);

	/* Tags have their own limit of 4096 bytes with '@' and the space. */
	memset(text, 'x', sizeof(text));
	text[0] = '@';
	memcpy(text + 4095, " PING a", 8);
	assert_int_equal(parse(text, &m), 0);
	memcpy(text + 4095, "x PING a", 9);
	assert_int_equal(parse(text, &m), ERR_TOO_LONG);
}

static void as_many_tags_as_fit(void **state)
{
	struct irc_message m;
	char text[IRC_INPUT_MAX] = "@b";

	(void)state;
	for (size_t i = 0; i < IRC_CLIENT_TAGS_MAX / 2 - 2; i++)
		memcpy(text + 2 + 2 * i, ";a", 3);
	strcat(text, " PING");
	assert_int_equal(strcspn(text, " ") + 1, IRC_CLIENT_TAGS_MAX - 1);
	assert_int_equal(parse(text, &m), 0);
	assert_int_equal(m.n_tags, IRC_CLIENT_TAGS_MAX / 2 - 1);
	assert_string_equal(irc_tag(&m, "b"), "");
	assert_string_equal(m.command, "PING");
}

static void feed(struct buf *in, const char *text)
{
	assert_int_equal(buf_put(in, text, strlen(text)), 0);
}

static void lines_over_reads(void **state)
{
	struct irc_splitter s = {0};
	struct buf in;
	char out[IRC_INPUT_MAX + 1];
	size_t len;

	(void)state;
	buf_init(&in, 16384);
	feed(&in, "\r\n\nNI");
	assert_int_equal(irc_split(&s, &in, out, &len), IRC_CUT_NONE);
	feed(&in, "CK a\r");
	assert_int_equal(irc_split(&s, &in, out, &len), IRC_CUT_NONE);
	feed(&in, "\nUSER b\r\r\n\r\nPING");
	assert_int_equal(irc_split(&s, &in, out, &len), IRC_CUT_LINE);
	assert_string_equal(out, "NICK a");
	assert_int_equal(len, 6);
	assert_int_equal(irc_split(&s, &in, out, &len), IRC_CUT_LINE);
	assert_string_equal(out, "USER b");
	assert_int_equal(irc_split(&s, &in, out, &len), IRC_CUT_NONE);
	assert_int_equal(buf_len(&in), 4);
	buf_clear(&in);
}

static void an_over_long_line_is_told_once(void **state)
{
	struct irc_splitter s = {0};
	struct buf in;
	char out[IRC_INPUT_MAX + 1];
	char junk[3000];
	size_t len;
	size_t told = 0;

	(void)state;
	memset(junk, 'x', sizeof(junk));
	buf_init(&in, 16384);
	for (int i = 0; i < 20; i++) {
		assert_int_equal(buf_put(&in, junk, sizeof(junk)), 0);
		told += irc_split(&s, &in, out, &len) == IRC_CUT_TOO_LONG;
	}
	feed(&in, "\nPING a\n");
	assert_int_equal(told, 1);
	assert_int_equal(irc_split(&s, &in, out, &len), IRC_CUT_LINE);
	assert_string_equal(out, "PING a");

	/* Whole in the buffer at once, and one line end more than fits. */
	memset(out, 'y', sizeof(out));
	assert_int_equal(buf_put(&in, out, IRC_INPUT_MAX), 0);
	feed(&in, "\nPING b\n");
	assert_int_equal(irc_split(&s, &in, out, &len), IRC_CUT_TOO_LONG);
	assert_int_equal(irc_split(&s, &in, out, &len), IRC_CUT_LINE);
	assert_string_equal(out, "PING b");
	buf_clear(&in);
}

static void tag_values_are_escaped(void **state)
{
	char out[16];

	(void)state;
	assert_int_equal(irc_tag_escape("a; \\\r\nb", out, sizeof(out)), 0);
	assert_string_equal(out, "a\\:\\s\\\\\\r\\nb");
	assert_int_equal(irc_tag_escape("0123456789abcdef", out, sizeof(out)), ERR_TOO_LONG);
	assert_string_equal(out, "");
}

static void room_for_text(void **state)
{
	char source[600];
	char whole[1024];
	size_t room = irc_text_room("alice!a@h", "PRIVMSG", "bob");

	(void)state;
	assert_int_equal(snprintf(whole, sizeof(whole), ":alice!a@h PRIVMSG bob :%*s\r\n", (int)room, ""),
			 IRC_LINE_MAX);
	memset(source, 'x', sizeof(source));
	source[sizeof(source) - 1] = '\0';
	assert_int_equal(irc_text_room(source, "PRIVMSG", "bob"), 4);
}

static void times_are_rfc_3339(void **state)
{
	char out[32];

	(void)state;
	irc_server_time(1319042451620ULL, out);
	assert_string_equal(out, "2011-10-19T16:40:51.620Z");
	irc_server_time(0, out);
	assert_string_equal(out, "1970-01-01T00:00:00.000Z");
}

static void server_time_is_read_as_it_is_written(void **state)
{
	static const char *const wrong[] = {"",
					    "2011-10-19",
					    "2011-10-19T16:40:51.620",
					    "2011-10-19 16:40:51.620Z",
					    "2011-13-19T16:40:51.620Z",
					    "1969-12-31T23:59:59.999Z",
					    "2011-10-19T16:40:51.6201Z",
					    "2011-10-19T16:40:51.620Zx",
					    "+011-10-19T16:40:51.620Z"};
	uint64_t ms;

	(void)state;
	assert_int_equal(irc_server_time_parse("2011-10-19T16:40:51.620Z", &ms), 0);
	assert_int_equal(ms, 1319042451620ULL);
	assert_int_equal(irc_server_time_parse("2011-10-19T16:40:51.6Z", &ms), 0);
	assert_int_equal(ms, 1319042451600ULL);
	assert_int_equal(irc_server_time_parse("1970-01-01T00:00:00Z", &ms), 0);
	assert_int_equal(ms, 0);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(irc_server_time_parse(wrong[i], &ms), ERR_INVALID);
}

static void masks(void **state)
{
	(void)state;
	assert_true(irc_mask_match("*", ""));
	assert_true(irc_mask_match("*", "bob"));
	assert_true(irc_mask_match("B?b", "bob"));
	assert_true(irc_mask_match("*o*b", "bob"));
	assert_true(irc_mask_match("*.onion", "abc.onion"));
	assert_false(irc_mask_match("b?", "bob"));
	assert_false(irc_mask_match("", "bob"));
	assert_false(irc_mask_match("bob?", "bob"));
	assert_false(irc_mask_match("a*", "bob"));
	assert_true(irc_mask_match("*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaab"));
	assert_false(irc_mask_match("*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
}

static void ctcp(void **state)
{
	const char *body = NULL;
	size_t len = 0;
	bool action;

	(void)state;
	assert_false(irc_ctcp("hello", 5, &action, &body, &len));
	assert_true(irc_ctcp("\001ACTION waves\001", 14, &action, &body, &len));
	assert_true(action);
	assert_int_equal(len, 5);
	assert_memory_equal(body, "waves", 5);
	assert_true(irc_ctcp("\001ACTION waves", 13, &action, &body, &len));
	assert_true(action && len == 5);
	assert_true(irc_ctcp("\001ACTION\001", 8, &action, &body, &len));
	assert_true(action && len == 0);
	assert_true(irc_ctcp("\001ACTIONS\001", 9, &action, &body, &len));
	assert_false(action);
	assert_true(irc_ctcp("\001VERSION\001", 9, &action, &body, &len));
	assert_false(action);
	assert_true(irc_ctcp("\001", 1, &action, &body, &len));
	assert_false(action);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_plain_command),
	    cmocka_unit_test(tags_source_and_spaces),
	    cmocka_unit_test(empty_and_colon_parameters),
	    cmocka_unit_test(the_fifteenth_takes_the_rest),
	    cmocka_unit_test(what_is_no_command),
	    cmocka_unit_test(limits_of_a_line),
	    cmocka_unit_test(as_many_tags_as_fit),
	    cmocka_unit_test(lines_over_reads),
	    cmocka_unit_test(an_over_long_line_is_told_once),
	    cmocka_unit_test(tag_values_are_escaped),
	    cmocka_unit_test(room_for_text),
	    cmocka_unit_test(times_are_rfc_3339),
	    cmocka_unit_test(server_time_is_read_as_it_is_written),
	    cmocka_unit_test(masks),
	    cmocka_unit_test(ctcp),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
