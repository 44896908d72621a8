/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The cases that the IRC documents give for parsers: all of "splitting messages" and "mask matching", and of "joining
 * messages" the values of tags (lines are not put together from parts here).  Those of userhosts and hostnames have no
 * counterpart: the daemon takes none apart.
 */
#include "unit.h"

#include "irc/message.h"

#define PARAMS 4
#define TAGS   4

struct vector {
	const char *line;
	const char *tags[TAGS][2];
	const char *source;
	const char *command;
	const char *params[PARAMS];
};

static const struct vector vectors[] = {
    {"foo bar baz asdf", {{0}}, NULL, "foo", {"bar", "baz", "asdf"}},
    /* a source */
    {":alice foo bar baz asdf", {{0}}, "alice", "foo", {"bar", "baz", "asdf"}},
    /* the last parameter */
    {"foo bar baz :asdf quux", {{0}}, NULL, "foo", {"bar", "baz", "asdf quux"}},
    {"foo bar baz :", {{0}}, NULL, "foo", {"bar", "baz", ""}},
    {"foo bar baz ::asdf", {{0}}, NULL, "foo", {"bar", "baz", ":asdf"}},
    {":alice foo bar baz :asdf quux", {{0}}, "alice", "foo", {"bar", "baz", "asdf quux"}},
    {":alice foo bar baz :  asdf quux ", {{0}}, "alice", "foo", {"bar", "baz", "  asdf quux "}},
    {":alice PRIVMSG bar :lol :) ", {{0}}, "alice", "PRIVMSG", {"bar", "lol :) "}},
    {":alice foo bar baz :", {{0}}, "alice", "foo", {"bar", "baz", ""}},
    {":alice foo bar baz :  ", {{0}}, "alice", "foo", {"bar", "baz", "  "}},
    {":src JOIN #chan", {{0}}, "src", "JOIN", {"#chan"}},
    {":src JOIN :#chan", {{0}}, "src", "JOIN", {"#chan"}},
    {":src AWAY", {{0}}, "src", "AWAY", {0}},
    {":src AWAY ", {{0}}, "src", "AWAY", {0}},
    {"COMMAND", {{0}}, NULL, "COMMAND", {0}},
    /* tags */
    {"@a=b;c=32;k;rt=ql7 foo", {{"a", "b"}, {"c", "32"}, {"k", ""}, {"rt", "ql7"}}, NULL, "foo", {0}},
    {"@a=b\\\\and\\nk;c=72\\s45;d=gh\\:764 foo",
     {{"a", "b\\and\nk"}, {"c", "72 45"}, {"d", "gh;764"}},
     NULL,
     "foo",
     {0}},
    {"@c;h=;a=b :quux ab cd", {{"c", ""}, {"h", ""}, {"a", "b"}}, "quux", "ab", {"cd"}},
    {"@tag1=value1;tag2;vendor1/tag3=value2;vendor2/tag4= :irc.example.com COMMAND param1 param2 :param3 param3",
     {{"tag1", "value1"}, {"tag2", ""}, {"vendor1/tag3", "value2"}, {"vendor2/tag4", ""}},
     "irc.example.com",
     "COMMAND",
     {"param1", "param2", "param3 param3"}},
    {":irc.example.com COMMAND param1 param2 :param3 param3",
     {{0}},
     "irc.example.com",
     "COMMAND",
     {"param1", "param2", "param3 param3"}},
    {"@tag1=value1;tag2;vendor1/tag3=value2;vendor2/tag4 COMMAND param1 param2 :param3 param3",
     {{"tag1", "value1"}, {"tag2", ""}, {"vendor1/tag3", "value2"}, {"vendor2/tag4", ""}},
     NULL,
     "COMMAND",
     {"param1", "param2", "param3 param3"}},
    /* values, a character at a time */
    {"@foo=\\\\\\\\\\:\\\\s\\s\\r\\n COMMAND", {{"foo", "\\\\;\\s \r\n"}}, NULL, "COMMAND", {0}},
    {"@tag1=value\\\\ntest COMMAND", {{"tag1", "value\\ntest"}}, NULL, "COMMAND", {0}},
    {"@tag1=value\\1 COMMAND", {{"tag1", "value1"}}, NULL, "COMMAND", {0}},
    {"@tag1=value1\\ COMMAND", {{"tag1", "value1"}}, NULL, "COMMAND", {0}},
    /* of two the last one holds */
    {"@tag1=1;tag2=3;tag3=4;tag1=5 COMMAND", {{"tag1", "5"}, {"tag2", "3"}, {"tag3", "4"}}, NULL, "COMMAND", {0}},
    {"@tag1=1;tag2=3;tag3=4;tag1=5;vendor/tag2=8 COMMAND",
     {{"tag1", "5"}, {"tag2", "3"}, {"tag3", "4"}, {"vendor/tag2", "8"}},
     NULL,
     "COMMAND",
     {0}},
    /* a tab is no blank, and other control characters are nothing special */
    {":cool\tguy foo bar baz", {{0}}, "cool\tguy", "foo", {"bar", "baz"}},
    {":alice!ag@net\0035w\003ork.admin PRIVMSG foo :bar baz",
     {{0}},
     "alice!ag@net\0035w\003ork.admin",
     "PRIVMSG",
     {"foo", "bar baz"}},
    {":alice!~ag@n\002et\00305w\017ork.admin PRIVMSG foo :bar baz",
     {{0}},
     "alice!~ag@n\002et\00305w\017ork.admin",
     "PRIVMSG",
     {"foo", "bar baz"}},
    /* too many blanks */
    {":irc.example.org 432  #momo :Erroneous Nickname: Illegal characters",
     {{0}},
     "irc.example.org",
     "432",
     {"#momo", "Erroneous Nickname: Illegal characters"}},
    {":irc.example.org MODE #tckk +n ", {{0}}, "irc.example.org", "MODE", {"#tckk", "+n"}},
    {":irc.example.net MODE #foo-bar +o foobar  ", {{0}}, "irc.example.net", "MODE", {"#foo-bar", "+o", "foobar"}},
    /* MODE is like any other */
    {":SomeOp MODE #channel :+i", {{0}}, "SomeOp", "MODE", {"#channel", "+i"}},
    {":SomeOp MODE #channel +oo SomeUser :AnotherUser",
     {{0}},
     "SomeOp",
     "MODE",
     {"#channel", "+oo", "SomeUser", "AnotherUser"}},
};

static void check(const struct vector *v)
{
	struct irc_message m;
	char line[IRC_INPUT_MAX + 1];
	size_t n = 0;

	strcpy(line, v->line);
	assert_int_equal(irc_parse(line, strlen(line), &m), 0);
	assert_int_equal(m.source == NULL, v->source == NULL);
	if (v->source != NULL)
		assert_string_equal(m.source, v->source);
	assert_string_equal(m.command, v->command);
	for (; n < PARAMS && v->params[n] != NULL; n++)
		assert_string_equal(m.params[n], v->params[n]);
	assert_int_equal(m.n_params, n);
	for (n = 0; n < TAGS && v->tags[n][0] != NULL; n++)
		assert_string_equal(irc_tag(&m, v->tags[n][0]), v->tags[n][1]);
	assert_true(m.n_tags >= n && (n > 0 || m.n_tags == 0));
}

static void messages_are_split(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		print_message("%s\n", vectors[i].line);
		check(&vectors[i]);
	}
}

static void values_of_tags_are_joined(void **state)
{
	static const char *const values[][2] = {{"b\\and\nk", "b\\\\and\\nk"},
						{"gh;764", "gh\\:764"},
						{"\\\\;\\s \r\n", "\\\\\\\\\\:\\\\s\\s\\r\\n"}};
	char out[64];

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		assert_int_equal(irc_tag_escape(values[i][0], out, sizeof(out)), 0);
		assert_string_equal(out, values[i][1]);
	}
}

static void masks_match(void **state)
{
	static const struct {
		const char *mask;
		const char *matches[3];
		const char *fails[4];
	} masks[] = {
	    {"*@127.0.0.1",
	     {"alice!ab@127.0.0.1", "cooldud3!~bc@127.0.0.1"},
	     {"alice!ab@127.0.0.5", "cooldud3!~d@124.0.0.1"}},
	    {"cool*@*",
	     {"coolguy!ab@127.0.0.1", "cooldud3!~bc@127.0.0.1", "cool132!ab@example.com"},
	     {"koolguy!ab@127.0.0.5", "cooodud3!~d@124.0.0.1"}},
	    {"cool!*@*",
	     {"cool!guyab@127.0.0.1", "cool!~dudebc@127.0.0.1", "cool!312ab@example.com"},
	     {"coolguy!ab@127.0.0.1", "cooldud3!~bc@127.0.0.1", "koolguy!ab@127.0.0.5", "cooodud3!~d@124.0.0.1"}},
	    {"cool!?username@*", {"cool!ausername@127.0.0.1", "cool!~username@127.0.0.1"}, {"cool!username@127.0.0.1"}},
	    {"cool!a?*@*", {"cool!ab@127.0.0.1", "cool!abc@127.0.0.1"}, {"cool!a@127.0.0.1"}},
	    /* '[' is a letter here */
	    {"cool[guy]!*@*",
	     {"cool[guy]!guy@127.0.0.1", "cool[guy]!a@example.com"},
	     {"coolg!ab@127.0.0.1", "cool[!ac@127.0.1.1"}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(masks) / sizeof(masks[0]); i++) {
		for (size_t j = 0; j < 3 && masks[i].matches[j] != NULL; j++)
			assert_true(irc_mask_match(masks[i].mask, masks[i].matches[j]));
		for (size_t j = 0; j < 4 && masks[i].fails[j] != NULL; j++)
			assert_false(irc_mask_match(masks[i].mask, masks[i].fails[j]));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(messages_are_split),
	    cmocka_unit_test(values_of_tags_are_joined),
	    cmocka_unit_test(masks_match),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
