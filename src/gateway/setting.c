/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "setting.h"

#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "base/str.h"

#define BOOL_WORDS "off|on"
#define NEVER	   "never"

const struct setting setting_table[SETTING_COUNT] = {
#define X(index, name, type, range, standard, brief, page)                                                   \
	[SETTING_##index] = {name, SETTING_##type, range, standard, brief, page},
    SETTING_MAP(X)
#undef X
};

const struct setting setting_contact_expire = {
    "expire",
    SETTING_DURATION,
    EXPIRE_RANGE,
    "default",
    "after which time lines of this contact are deleted",
    "Older lines go from this machine: what was said, and news about the contact. The contact's own copy is "
    "not "
    "touched, and what waits to be delivered still is. With `default` the setting `expire` holds."};

const struct setting *setting_find(const char *name)
{
	for (size_t i = 0; i < SETTING_COUNT; i++)
		if (strcasecmp(setting_table[i].name, name) == 0)
			return &setting_table[i];
	return NULL;
}

/* ---- one word of a list ---- */

static const char *words_of(const struct setting *s)
{
	return s->type == SETTING_BOOL ? BOOL_WORDS : s->range;
}

static int parse_word(const char *words, const char *text, uint64_t *value)
{
	size_t len = strlen(text);

	for (*value = 0; *words != '\0'; (*value)++) {
		size_t n = strcspn(words, "|");

		if (n == len && strncasecmp(words, text, n) == 0)
			return 0;
		words += n + (words[n] == '|');
	}
	return ERR_INVALID;
}

static void format_word(const char *words, uint64_t value, char *out)
{
	size_t n = strcspn(words, "|");

	for (; value > 0 && words[n] == '|'; value--) {
		words += n + 1;
		n = strcspn(words, "|");
	}
	str_copy_n(out, SETTING_VALUE_MAX + 1, words, n);
}

/* ---- durations ---- */

static const struct unit {
	char letter;
	uint64_t ms;
} units[] = {{'w', 7 * 86400000}, {'d', 86400000}, {'h', 3600000}, {'m', 60000}, {'s', 1000}};
#define N_UNITS (sizeof(units) / sizeof(units[0]))

static int parse_duration(const char *text, uint64_t *value)
{
	char digits[SETTING_VALUE_MAX + 1];
	size_t len = strlen(text);

	for (size_t i = 0; len > 1 && i < N_UNITS; i++) {
		if ((text[len - 1] | 0x20) != units[i].letter)
			continue;
		if (str_copy_n(digits, sizeof(digits), text, len - 1) != 0 ||
		    str_to_u64(digits, 0, UINT64_MAX / units[i].ms, value) != 0)
			return ERR_INVALID;
		*value *= units[i].ms;
		return 0;
	}
	return ERR_INVALID;
}

static bool may_be_never(const struct setting *s)
{
	return s->type == SETTING_DURATION && strchr(s->range, '|') != NULL;
}

/* In the largest unit that divides it. */
static void format_duration(const struct setting *s, uint64_t value, char *out)
{
	size_t i = 0;

	if (value == 0 && may_be_never(s)) {
		str_copy(out, SETTING_VALUE_MAX + 1, NEVER);
		return;
	}
	while (i + 1 < N_UNITS && (value == 0 || value % units[i].ms != 0))
		i++;
	str_fmt(out, SETTING_VALUE_MAX + 1, "%llu%c", (unsigned long long)(value / units[i].ms),
		units[i].letter);
}

/* ---- between the least and the most ---- */

static int parse_amount(enum setting_type type, const char *text, uint64_t *value)
{
	return type == SETTING_DURATION ? parse_duration(text, value)
					: str_to_u64(text, 0, UINT64_MAX, value);
}

/* "1-30" or "1m-4w|never" in its halves. */
static void split_range(const struct setting *s, char least[SETTING_VALUE_MAX + 1],
			char most[SETTING_VALUE_MAX + 1])
{
	size_t n = strcspn(s->range, "-");

	str_copy_n(least, SETTING_VALUE_MAX + 1, s->range, n);
	str_copy_n(most, SETTING_VALUE_MAX + 1, s->range + n + 1, strcspn(s->range + n + 1, "|"));
}

static int parse_between(const struct setting *s, const char *text, uint64_t *value)
{
	char least_text[SETTING_VALUE_MAX + 1], most_text[SETTING_VALUE_MAX + 1];
	uint64_t least, most;

	*value = 0;
	if (may_be_never(s) && strcasecmp(text, NEVER) == 0)
		return 0;
	split_range(s, least_text, most_text);
	if (parse_amount(s->type, least_text, &least) != 0 || parse_amount(s->type, most_text, &most) != 0 ||
	    parse_amount(s->type, text, value) != 0)
		return ERR_INVALID;
	return *value >= least && *value <= most ? 0 : ERR_INVALID;
}

/* ---- any ---- */

int setting_parse(const struct setting *s, const char *text, uint64_t *value)
{
	switch (s->type) {
	case SETTING_CHOICE:
	case SETTING_BOOL:
		return parse_word(words_of(s), text, value);
	case SETTING_NUMBER:
	case SETTING_DURATION:
		return parse_between(s, text, value);
	}
	return ERR_INVALID;
}

void setting_format(const struct setting *s, uint64_t value, char out[SETTING_VALUE_MAX + 1])
{
	switch (s->type) {
	case SETTING_CHOICE:
	case SETTING_BOOL:
		format_word(words_of(s), value, out);
		return;
	case SETTING_NUMBER:
		str_fmt(out, SETTING_VALUE_MAX + 1, "%llu", (unsigned long long)value);
		return;
	case SETTING_DURATION:
		format_duration(s, value, out);
		return;
	}
}

static void list_words(const char *words, char out[SETTING_ALLOWED])
{
	out[0] = '\0';
	while (*words != '\0') {
		size_t n = strcspn(words, "|");
		size_t used = strlen(out);

		str_fmt(out + used, SETTING_ALLOWED - used, "%s%.*s", used > 0 ? ", " : "", (int)n, words);
		words += n + (words[n] == '|');
	}
}

static void say_range(const struct setting *s, const char *kind, const char *units_text, char *out)
{
	char least[SETTING_VALUE_MAX + 1], most[SETTING_VALUE_MAX + 1];

	split_range(s, least, most);
	str_fmt(out, SETTING_ALLOWED, "a %s from %s to %s%s%s", kind, least, most, units_text,
		may_be_never(s) ? ", " NEVER : "");
}

void setting_allowed(const struct setting *s, char out[SETTING_ALLOWED])
{
	switch (s->type) {
	case SETTING_CHOICE:
	case SETTING_BOOL:
		list_words(words_of(s), out);
		return;
	case SETTING_NUMBER:
		say_range(s, "number", "", out);
		return;
	case SETTING_DURATION:
		say_range(s, "time", " (units: s, m, h, d, w)", out);
		return;
	}
}
