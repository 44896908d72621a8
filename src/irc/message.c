/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "irc/message.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include "base/err.h"
#include "base/str.h"

/* Cuts a word off the front of *p, which then stands at the next one. */
static char *take_word(char **p)
{
	char *word = *p;

	*p += strcspn(*p, " ");
	if (**p != '\0') {
		*(*p)++ = '\0';
		*p += strspn(*p, " ");
	}
	return word;
}

/* ---- tags ---- */

/* In place: what is unescaped is never longer (message-tags, "Escaping values"). */
static void unescape(char *value)
{
	char *out = value;

	for (const char *in = value; *in != '\0'; in++) {
		if (*in != '\\') {
			*out++ = *in;
			continue;
		}
		if (*++in == '\0')
			break;
		switch (*in) {
		case ':':
			*out++ = ';';
			break;
		case 's':
			*out++ = ' ';
			break;
		case 'r':
			*out++ = '\r';
			break;
		case 'n':
			*out++ = '\n';
			break;
		default:
			*out++ = *in;
		}
	}
	*out = '\0';
}

static void parse_tags(char *tags, struct irc_message *m)
{
	char *next;

	for (char *tag = tags; tag != NULL && m->n_tags < IRC_TAGS_MAX; tag = next) {
		char *value;

		next = strchr(tag, ';');
		if (next != NULL)
			*next++ = '\0';
		if (*tag == '\0')
			continue;
		value = strchr(tag, '=');
		if (value == NULL) {
			value = tag + strlen(tag);
		} else {
			*value++ = '\0';
			unescape(value);
		}
		m->tags[m->n_tags++] = (struct irc_tag){.key = tag, .value = value};
	}
}

const char *irc_tag(const struct irc_message *m, const char *key)
{
	for (size_t i = m->n_tags; i > 0; i--)
		if (strcmp(m->tags[i - 1].key, key) == 0)
			return m->tags[i - 1].value;
	return NULL;
}

int irc_tag_escape(const char *in, char *out, size_t size)
{
	static const char special[] = "; \\\r\n";
	static const char letters[] = ":s\\rn";
	size_t used = 0;

	for (; *in != '\0'; in++) {
		const char *at = strchr(special, *in);

		if (used + 2 >= size)
			goto too_long;
		if (at != NULL) {
			out[used++] = '\\';
			out[used++] = letters[at - special];
		} else {
			out[used++] = *in;
		}
	}
	if (used >= size)
		goto too_long;
	out[used] = '\0';
	return 0;
too_long:
	if (size > 0)
		out[0] = '\0';
	return ERR_TOO_LONG;
}

/* ---- the line ---- */

static void parse_params(char *p, struct irc_message *m)
{
	while (*p != '\0') {
		bool last = m->n_params == IRC_PARAMS_MAX - 1;

		if (*p == ':' || last) {
			m->trailing = *p == ':';
			m->params[m->n_params++] = p + m->trailing;
			return;
		}
		m->params[m->n_params++] = take_word(&p);
	}
}

int irc_parse(char *line, size_t len, struct irc_message *out)
{
	char *p = line;

	memset(out, 0, offsetof(struct irc_message, tags));
	if (memchr(line, '\0', len) != NULL || memchr(line, '\r', len) != NULL ||
	    memchr(line, '\n', len) != NULL)
		return ERR_INVALID;
	if (*p == '@') {
		char *tags = take_word(&p) + 1;

		if (p - line > IRC_CLIENT_TAGS_MAX)
			return ERR_TOO_LONG;
		parse_tags(tags, out);
	}
	if (len - (size_t)(p - line) > IRC_LINE_MAX - 2)
		return ERR_TOO_LONG;
	p += strspn(p, " ");
	if (*p == ':')
		out->source = take_word(&p) + 1;
	if (*p == '\0')
		return ERR_INVALID;
	out->command = take_word(&p);
	parse_params(p, out);
	return 0;
}

/* ---- lines out of a stream ---- */

enum irc_cut irc_split(struct irc_splitter *s, struct buf *in, char *out, size_t *len)
{
	while (buf_len(in) > 0) {
		const uint8_t *start = buf_ptr(in);
		const uint8_t *lf = memchr(start, '\n', buf_len(in));
		size_t n = lf != NULL ? (size_t)(lf - start) + 1 : buf_len(in);
		size_t text = n;

		if (s->skipping) {
			s->skipping = lf == NULL;
			buf_consume(in, n);
			continue;
		}
		if (n > IRC_INPUT_MAX) {
			s->skipping = lf == NULL;
			buf_consume(in, n);
			return IRC_CUT_TOO_LONG;
		}
		if (lf == NULL)
			return IRC_CUT_NONE;
		text--;
		while (text > 0 && start[text - 1] == '\r')
			text--;
		memcpy(out, start, text);
		out[text] = '\0';
		buf_consume(in, n);
		if (text > 0) {
			*len = text;
			return IRC_CUT_LINE;
		}
	}
	return IRC_CUT_NONE;
}

/* ---- small things ---- */

size_t irc_text_room(const char *source, const char *command, const char *target)
{
	size_t used = strlen(source) + strlen(command) + strlen(target) + strlen(":   :\r\n");

	return used + 4 > IRC_LINE_MAX ? 4 : IRC_LINE_MAX - used;
}

void irc_server_time(unsigned long long real_ms, char out[32])
{
	time_t seconds = (time_t)(real_ms / 1000);
	struct tm tm;

	if (gmtime_r(&seconds, &tm) == NULL || tm.tm_year + 1900 > 9999)
		memset(&tm, 0, sizeof(tm));
	str_fmt(out, 32, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
		tm.tm_hour, tm.tm_min, tm.tm_sec, (int)(real_ms % 1000));
}

/* So many digits; -1 if there are others. */
static int take_digits(const char **p, int n)
{
	int value = 0;

	for (; n > 0; n--, (*p)++) {
		if (**p < '0' || **p > '9')
			return -1;
		value = value * 10 + (**p - '0');
	}
	return value;
}

/* ".1", ".12", ".123" or nothing. */
static int take_fraction(const char **p)
{
	int ms = 0;

	if (**p != '.')
		return 0;
	(*p)++;
	for (int unit = 100; unit > 0 && **p >= '0' && **p <= '9'; unit /= 10, (*p)++)
		ms += (**p - '0') * unit;
	return ms;
}

int irc_server_time_parse(const char *text, uint64_t *real_ms)
{
	static const char behind[] = "--T::";
	static const int digits[] = {4, 2, 2, 2, 2, 2};
	static const int least[] = {1970, 1, 1, 0, 0, 0};
	static const int most[] = {9999, 12, 31, 23, 59, 59};
	int v[6];
	struct tm tm = {0};
	int ms;

	for (size_t i = 0; i < 6; i++) {
		v[i] = take_digits(&text, digits[i]);
		if (v[i] < least[i] || v[i] > most[i] || (i < 5 && *text++ != behind[i]))
			return ERR_INVALID;
	}
	ms = take_fraction(&text);
	if (strcmp(text, "Z") != 0)
		return ERR_INVALID;
	tm.tm_year = v[0] - 1900;
	tm.tm_mon = v[1] - 1;
	tm.tm_mday = v[2];
	tm.tm_hour = v[3];
	tm.tm_min = v[4];
	tm.tm_sec = v[5];
	*real_ms = (uint64_t)timegm(&tm) * 1000 + (uint64_t)ms;
	return 0;
}

static char fold(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool irc_mask_match(const char *mask, const char *name)
{
	const char *star = NULL; /* behind the last '*' */
	const char *from = NULL; /* what that '*' has taken so far ends here */

	while (*name != '\0') {
		if (*mask == '*') {
			star = ++mask;
			from = name;
		} else if (*mask != '\0' && (*mask == '?' || fold(*mask) == fold(*name))) {
			mask++;
			name++;
		} else if (star != NULL) {
			mask = star;
			name = ++from;
		} else {
			return false;
		}
	}
	while (*mask == '*')
		mask++;
	return *mask == '\0';
}

bool irc_ctcp(const char *text, size_t len, bool *action, const char **body, size_t *body_len)
{
	static const char word[] = "ACTION";
	const size_t n = sizeof(word) - 1;

	*action = false;
	if (len == 0 || text[0] != '\001')
		return false;
	text++;
	len--;
	if (len > 0 && text[len - 1] == '\001')
		len--;
	if (len >= n && memcmp(text, word, n) == 0 && (len == n || text[n] == ' ')) {
		*action = true;
		*body = text + n + (len > n);
		*body_len = len - n - (len > n);
	}
	return true;
}
