/* SPDX-License-Identifier: GPL-3.0-or-later */
/* HELP has a page for every command, and pages for no others. */
#include <string.h>

#include "unit.h"

#include "../../src/gateway/command.h"
#include "../../src/gateway/help.h"

static const char *const pages[] = {
#define X(command, usage, text) command,
    HELP_MAP(X)
#undef X
};
static const char *const commands[] = {
#define X(name, who, least, handler) name,
    COMMAND_MAP(X)
#undef X
};
#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static size_t times(const char *const *list, size_t n, const char *word)
{
	size_t found = 0;

	for (size_t i = 0; i < n; i++)
		found += strcmp(list[i], word) == 0;
	return found;
}

static void every_command_has_a_page(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(commands); i++)
		if (times(pages, COUNT(pages), commands[i]) != 1)
			fail_msg("HELP %s", commands[i]);
}

static void every_page_has_a_command(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(pages); i++)
		if (times(commands, COUNT(commands), pages[i]) != 1)
			fail_msg("HELP %s", pages[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_command_has_a_page),
	    cmocka_unit_test(every_page_has_a_command),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
