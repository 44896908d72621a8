/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Settings are texts by name, kept with the account. */
#include "chat_help.h"

static void a_setting_is_kept(void **state)
{
	struct world *w = *state;
	struct party *alice = &w->alice;
	char out[SETTING_VALUE_MAX + 1] = "something";

	assert_int_equal(chat_setting_get(alice->chat, "colour", out), ERR_NOT_FOUND);
	assert_string_equal(out, "");
	assert_int_equal(chat_setting_set(alice->chat, "colour", "red"), 0);
	assert_int_equal(chat_setting_set(alice->chat, "nick", "nobody"), 0);
	assert_int_equal(chat_setting_set(alice->chat, "colour", "green"), 0);
	party_turn(alice);
	party_restart(alice);
	assert_int_equal(chat_setting_get(alice->chat, "colour", out), 0);
	assert_string_equal(out, "green");
	assert_int_equal(chat_setting_get(alice->chat, "nick", out), 0);
	assert_string_equal(out, "nobody");
	/* Theirs is another space than the account's own values. */
	assert_string_equal(chat_nick(alice->chat), "Alice");
}

static void names_and_values_are_bounded(void **state)
{
	struct world *w = *state;
	struct chat *c = w->alice.chat;
	char name[SETTING_NAME_MAX + 2], value[SETTING_VALUE_MAX + 2];
	char out[SETTING_VALUE_MAX + 1];

	memset(name, 'n', sizeof(name));
	memset(value, 'v', sizeof(value));
	name[sizeof(name) - 1] = value[sizeof(value) - 1] = '\0';
	assert_int_equal(chat_setting_set(c, name, "v"), ERR_TOO_LONG);
	assert_int_equal(chat_setting_get(c, name, out), ERR_TOO_LONG);
	name[SETTING_NAME_MAX] = '\0';
	assert_int_equal(chat_setting_set(c, name, value), ERR_TOO_LONG);
	value[SETTING_VALUE_MAX] = '\0';
	assert_int_equal(chat_setting_set(c, name, value), 0);
	assert_int_equal(chat_setting_get(c, name, out), 0);
	assert_string_equal(out, value);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(a_setting_is_kept, world_setup, world_teardown),
	    cmocka_unit_test_setup_teardown(names_and_values_are_bounded, world_setup, world_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
