/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit.h"

#include "irc/capability.h"
#include "irc/numeric.h"

static void a_request_is_all_or_nothing(void **state)
{
	uint32_t caps = CAP_SASL;

	(void)state;
	assert_false(capability_request("server-time no-such-thing", UINT32_MAX, &caps));
	assert_int_equal(caps, CAP_SASL);
	assert_true(capability_request("server-time  setname ", UINT32_MAX, &caps));
	assert_int_equal(caps, CAP_SASL | CAP_SERVER_TIME | CAP_SETNAME);
	assert_true(capability_request("-sasl away-notify", UINT32_MAX, &caps));
	assert_int_equal(caps, CAP_SERVER_TIME | CAP_SETNAME | CAP_AWAY_NOTIFY);
	assert_true(capability_request("", UINT32_MAX, &caps));
	assert_int_equal(caps, CAP_SERVER_TIME | CAP_SETNAME | CAP_AWAY_NOTIFY);
}

static void names_are_exact(void **state)
{
	(void)state;
	assert_int_equal(capability_find("sasl", 4), CAP_SASL);
	assert_int_equal(capability_find("SASL", 4), 0);
	assert_int_equal(capability_find("sas", 3), 0);
	assert_int_equal(capability_find("", 0), 0);
}

static void values_show_in_302_only(void **state)
{
	char out[64];
	const char *values[CAPABILITY_COUNT] = {NULL};
	size_t index = 0;

	(void)state;
	values[CAPABILITY_INDEX_SASL] = "PLAIN";
	assert_false(capability_list(CAP_SASL | CAP_SETNAME, values, &index, out, sizeof(out)));
	assert_string_equal(out, "sasl=PLAIN setname");
	index = 0;
	assert_false(capability_list(CAP_SASL | CAP_SETNAME, NULL, &index, out, sizeof(out)));
	assert_string_equal(out, "sasl setname");
}

static void a_long_list_takes_several_lines(void **state)
{
	char out[40];
	uint32_t seen = 0;
	size_t index = 0;
	size_t lines = 0;
	bool more;

	(void)state;
	do {
		more = capability_list(UINT32_MAX, NULL, &index, out, sizeof(out));
		assert_true(capability_request(out, UINT32_MAX, &seen));
		lines++;
	} while (more);
	assert_true(lines > 1);
	assert_int_equal(seen, (1 << CAPABILITY_COUNT) - 1);
}

static void numerics_have_their_texts(void **state)
{
	(void)state;
	assert_string_equal(numeric_text(ERR_NOSUCHNICK), "No such nick/channel");
	assert_string_equal(numeric_text(RPL_WELCOME), "");
	assert_int_equal(ERR_NEEDMOREPARAMS, 461);
}

static void isupport_says_what_clients_look_for(void **state)
{
	bool mapping = false;
	bool whox = false;

	(void)state;
	for (size_t i = 0; isupport_token(i) != NULL; i++) {
		mapping |= strcmp(isupport_token(i), "CASEMAPPING=ascii") == 0;
		whox |= strcmp(isupport_token(i), "WHOX") == 0;
		assert_null(strchr(isupport_token(i), ' '));
	}
	assert_true(mapping && whox);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_request_is_all_or_nothing),
	    cmocka_unit_test(names_are_exact),
	    cmocka_unit_test(values_show_in_302_only),
	    cmocka_unit_test(a_long_list_takes_several_lines),
	    cmocka_unit_test(numerics_have_their_texts),
	    cmocka_unit_test(isupport_says_what_clients_look_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
