/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bootstrap.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/str.h"
#include "control.h"

#define WORDS_TEXT 100

/* Cuts rather than fails: it is only text. */
static void value_or_empty(const char *line, const char *key, char *out, size_t size)
{
	if (control_value(line, key, out, size) != 0)
		out[0] = '\0';
}

static int parse_progress(const char *line, struct bootstrap *out)
{
	char number[8], summary[WORDS_TEXT], warning[WORDS_TEXT];
	uint64_t value;

	if (control_value(line, "PROGRESS", number, sizeof(number)) != 0 ||
	    str_to_u64(number, 0, 100, &value) != 0)
		return ERR_NOT_FOUND;
	out->progress = (int)value;
	value_or_empty(line, "SUMMARY", summary, sizeof(summary));
	value_or_empty(line, "WARNING", warning, sizeof(warning));
	if (warning[0] != '\0')
		snprintf(out->text, sizeof(out->text), "%.80s, stuck: %.70s", summary, warning);
	else
		snprintf(out->text, sizeof(out->text), "%s", summary);
	return 0;
}

static int parse_skew(const char *line, struct bootstrap *out)
{
	char number[24];
	const char *digits = number;
	uint64_t seconds;

	value_or_empty(line, "SKEW", number, sizeof(number));
	if (number[0] == '-')
		digits++;
	if (str_to_u64(digits, 0, UINT32_MAX, &seconds) != 0)
		return ERR_NOT_FOUND;
	/* A negative skew: we are behind the others. */
	snprintf(out->text, sizeof(out->text),
		 "this machine's clock seems to be %llu seconds %s: tor can't work so",
		 (unsigned long long)seconds, number[0] == '-' ? "slow" : "fast");
	return 0;
}

int bootstrap_parse(const char *line, struct bootstrap *out)
{
	struct control_word w;
	const char *cursor = line;
	int i;

	out->progress = -1;
	out->text[0] = '\0';
	/* [STATUS_CLIENT] severity action arguments */
	for (i = 0; i < 3 && control_word_next(&cursor, &w) == 1 && w.key[0] == '\0'; i++) {
		if (strcmp(w.value, "BOOTSTRAP") == 0)
			return parse_progress(cursor, out);
		if (strcmp(w.value, "CLOCK_SKEW") == 0)
			return parse_skew(cursor, out);
	}
	return ERR_NOT_FOUND;
}
