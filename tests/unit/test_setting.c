/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit.h"

#include <stdio.h>

#include "base/err.h"
#include "../../src/gateway/service.h"
#include "../../src/gateway/setting.h"

static const struct setting choice = {.name = "c", .type = SETTING_CHOICE, .range = "red|green|blue"};
static const struct setting yes_no = {.name = "b", .type = SETTING_BOOL};
static const struct setting number = {.name = "n", .type = SETTING_NUMBER, .range = "1-30"};
static const struct setting duration = {.name = "d", .type = SETTING_DURATION, .range = "10m-4w"};
static const struct setting perhaps = {.name = "p", .type = SETTING_DURATION, .range = "10m-4w|never"};

static void takes(const struct setting *s, const char *text, uint64_t value, const char *canonical)
{
	char out[SETTING_VALUE_MAX + 1];
	uint64_t got;

	assert_int_equal(setting_parse(s, text, &got), 0);
	assert_int_equal(got, value);
	setting_format(s, got, out);
	assert_string_equal(out, canonical);
}

static void refuses(const struct setting *s, const char *text)
{
	uint64_t value;

	assert_int_equal(setting_parse(s, text, &value), ERR_INVALID);
}

static void allows(const struct setting *s, const char *words)
{
	char out[SETTING_ALLOWED];

	setting_allowed(s, out);
	assert_string_equal(out, words);
}

static void a_choice_is_one_of_its_words(void **state)
{
	(void)state;
	takes(&choice, "red", 0, "red");
	takes(&choice, "Green", 1, "green");
	takes(&choice, "BLUE", 2, "blue");
	refuses(&choice, "");
	refuses(&choice, "gree");
	refuses(&choice, "greens");
	refuses(&choice, "red|green");
	allows(&choice, "red, green, blue");
}

static void a_bool_is_off_or_on(void **state)
{
	(void)state;
	takes(&yes_no, "off", 0, "off");
	takes(&yes_no, "ON", 1, "on");
	refuses(&yes_no, "maybe");
	allows(&yes_no, "off, on");
}

static void a_number_has_bounds(void **state)
{
	(void)state;
	takes(&number, "1", 1, "1");
	takes(&number, "030", 30, "30");
	refuses(&number, "0");
	refuses(&number, "31");
	refuses(&number, "-1");
	refuses(&number, "3d");
	refuses(&number, "99999999999999999999999");
	allows(&number, "a number from 1 to 30");
}

static void a_duration_has_a_unit_and_bounds(void **state)
{
	(void)state;
	takes(&duration, "600s", 600000, "10m");
	takes(&duration, "10m", 600000, "10m");
	takes(&duration, "90m", 5400000, "90m");
	takes(&duration, "48H", 2 * 86400000, "2d");
	takes(&duration, "28d", 4 * 7 * 86400000u, "4w");
	refuses(&duration, "9m");
	refuses(&duration, "29d");
	refuses(&duration, "15");
	refuses(&duration, "m");
	refuses(&duration, "1y");
	refuses(&duration, "1.5h");
	refuses(&duration, "18446744073709551615w");
	refuses(&duration, "never");
	allows(&duration, "a time from 10m to 4w (units: s, m, h, d, w)");
	takes(&perhaps, "Never", 0, "never");
	takes(&perhaps, "4w", 4 * 7 * 86400000u, "4w");
	refuses(&perhaps, "0s");
	refuses(&perhaps, "5w");
	allows(&perhaps, "a time from 10m to 4w (units: s, m, h, d, w), never");
}

/* "name: brief. page" is one NOTICE from the service, whatever the names of server and client. */
static void fits_a_notice(const char *name, const char *brief, const char *page)
{
	char frame[IRC_LINE_MAX];

	snprintf(frame, sizeof(frame), ":allium!allium@%*s NOTICE %*s :%s: %s. \r\n", SERVER_NAME_MAX, "",
		 NICK_MAX, "", name, brief);
	if (strlen(frame) + strlen(page) > IRC_LINE_MAX)
		fail_msg("the page of %s is %zu bytes too long", name,
			 strlen(frame) + strlen(page) - IRC_LINE_MAX);
}

static void pages_of_commands_fit_their_line(void **state)
{
	(void)state;
#define X(name, flags, least, most, usage, brief, page, handler) fits_a_notice(name, brief, page);
	SERVICE_MAP(X)
#undef X
}

static void the_table_holds_together(void **state)
{
	char text[SETTING_VALUE_MAX + 1];
	uint64_t value;

	(void)state;
	for (size_t i = 0; i < SETTING_COUNT; i++) {
		const struct setting *s = &setting_table[i];

		assert_true(strlen(s->name) <= SETTING_NAME_MAX);
		assert_ptr_equal(setting_find(s->name), s);
		assert_int_equal(setting_parse(s, s->standard, &value), 0);
		setting_format(s, value, text);
		assert_string_equal(text, s->standard);
		fits_a_notice(s->name, s->brief, s->page);
	}
	char longest[NICK_MAX + sizeof(".expire")];
	snprintf(longest, sizeof(longest), "%*s.expire", NICK_MAX, "");
	fits_a_notice(longest, setting_contact_expire.brief, setting_contact_expire.page);
	assert_ptr_equal(setting_find("Replay.Time"), &setting_table[SETTING_REPLAY_TIME]);
	assert_null(setting_find("replay"));
	assert_null(setting_find(""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_choice_is_one_of_its_words),
	    cmocka_unit_test(a_bool_is_off_or_on),
	    cmocka_unit_test(a_number_has_bounds),
	    cmocka_unit_test(a_duration_has_a_unit_and_bounds),
	    cmocka_unit_test(the_table_holds_together),
	    cmocka_unit_test(pages_of_commands_fit_their_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
