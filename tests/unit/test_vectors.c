/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What tests/vectors prints is what docs/protocol.md says. */
#include "unit.h"

#include <stdio.h>

#include "base/file.h"

#define BLOCK_BEGIN "\n```vectors\n"
#define BLOCK_END   "\n```\n"
#define DOC_MAX	    (1 << 20)

static const char *dir(const char *variable)
{
	const char *value = getenv(variable);

	return value ? value : ".";
}

/* The block without its fences; the last line keeps its newline. */
static char *documented(void)
{
	char path[512], *text, *begin, *end;
	size_t len;

	assert_int_equal(str_fmt(path, sizeof(path), "%s/docs/protocol.md", dir("top_srcdir")), 0);
	assert_int_equal(file_read(path, DOC_MAX, &text, &len), 0);
	begin = strstr(text, BLOCK_BEGIN);
	assert_non_null(begin);
	begin += strlen(BLOCK_BEGIN);
	end = strstr(begin, BLOCK_END);
	assert_non_null(end);
	end[1] = '\0';
	memmove(text, begin, strlen(begin) + 1);
	return text;
}

static char *printed(void)
{
	char command[512], *text = malloc(DOC_MAX);
	size_t len;
	FILE *f;

	assert_non_null(text);
	assert_int_equal(str_fmt(command, sizeof(command), "'%s/tests/vectors'", dir("top_builddir")), 0);
	f = popen(command, "r");
	assert_non_null(f);
	len = fread(text, 1, DOC_MAX - 1, f);
	text[len] = '\0';
	assert_int_equal(pclose(f), 0);
	return text;
}

static void test_document(void **state)
{
	char *doc, *code;

	(void)state;
	code = printed();
	assert_true(strlen(code) > 4000);
	doc = documented();
	assert_string_equal(doc, code);
	free(doc);
	free(code);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_document)};

	return cmocka_run_group_tests_name("vectors", tests, NULL, NULL);
}
