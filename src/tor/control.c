/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "control.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "base/err.h"
#include "base/str.h"

#define NO_DATA SIZE_MAX

void control_parser_init(struct control_parser *p)
{
	memset(p, 0, sizeof(*p));
	buf_init(&p->text, CONTROL_REPLY_MAX);
}

void control_parser_clear(struct control_parser *p)
{
	buf_clear(&p->text);
}

/* ---- lines into replies ---- */

/* The length of the first line with its LF; 0 when it is not all there yet. */
static int line_length(const struct buf *in, size_t *out)
{
	const uint8_t *start = buf_ptr(in);
	const uint8_t *lf = buf_len(in) > 0 ? memchr(start, '\n', buf_len(in)) : NULL;

	*out = lf == NULL ? 0 : (size_t)(lf - start) + 1;
	return (lf == NULL ? buf_len(in) : *out) > CONTROL_LINE_MAX ? ERR_PROTOCOL : 0;
}

static int put_text(struct control_parser *p, const uint8_t *line, size_t len, const char *end)
{
	int err;

	if (memchr(line, '\0', len) != NULL)
		return ERR_PROTOCOL;
	err = buf_put(&p->text, line, len);
	if (err == 0)
		err = buf_put(&p->text, end, 1);
	return err == ERR_FULL ? ERR_PROTOCOL : err;
}

/* A line of a data block (2.3): a lone dot ends it, a leading one is doubled. */
static int take_data(struct control_parser *p, const uint8_t *line, size_t len)
{
	if (len == 1 && line[0] == '.') {
		p->in_data = 0;
		return put_text(p, line, 0, "");
	}
	if (len > 0 && line[0] == '.') {
		line++;
		len--;
	}
	return put_text(p, line, len, "\n");
}

static bool is_event(int code)
{
	return code >= 600 && code < 700;
}

/* StatusCode and one of "-", "+", " ".  1: that was the end line. */
static int take_line(struct control_parser *p, const uint8_t *line, size_t len)
{
	int code, err;

	if (len < 4 || !isdigit(line[0]) || !isdigit(line[1]) || !isdigit(line[2]) ||
	    p->n >= CONTROL_LINES_MAX)
		return ERR_PROTOCOL;
	code = (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
	if (p->n > 0 && is_event(code) != is_event(p->reply.code))
		return ERR_PROTOCOL;
	if (line[3] != ' ' && line[3] != '-' && line[3] != '+')
		return ERR_PROTOCOL;
	p->reply.code = code;
	p->text_at[p->n] = buf_len(&p->text);
	err = put_text(p, line + 4, len - 4, "");
	p->data_at[p->n] = line[3] == '+' ? buf_len(&p->text) : NO_DATA;
	p->in_data = line[3] == '+';
	p->n++;
	return err != 0 ? err : line[3] == ' ';
}

static const struct control_reply *finish(struct control_parser *p)
{
	const char *text = (const char *)buf_ptr(&p->text);
	size_t i;

	for (i = 0; i < p->n; i++) {
		p->reply.lines[i].text = text + p->text_at[i];
		p->reply.lines[i].data = p->data_at[i] == NO_DATA ? NULL : text + p->data_at[i];
	}
	p->reply.n = p->n;
	p->finished = 1;
	return &p->reply;
}

static void start_anew(struct control_parser *p)
{
	buf_consume(&p->text, buf_len(&p->text));
	p->n = 0;
	p->finished = 0;
}

int control_parser_next(struct control_parser *p, struct buf *in, const struct control_reply **out)
{
	const uint8_t *line;
	size_t whole, len;
	int err;

	*out = NULL;
	if (p->finished)
		start_anew(p);
	while ((err = line_length(in, &whole)) == 0 && whole > 0) {
		line = buf_ptr(in);
		len = whole - 1;
		if (len > 0 && line[len - 1] == '\r')
			len--;
		err = p->in_data ? take_data(p, line, len) : take_line(p, line, len);
		buf_consume(in, whole);
		if (err < 0)
			return err;
		if (err == 1) {
			*out = finish(p);
			return 1;
		}
	}
	return err;
}

/* ---- words of a line ---- */

static int put_char(struct control_word *w, size_t *len, char c)
{
	if (*len >= CONTROL_WORD_MAX)
		return ERR_TOO_LONG;
	w->value[(*len)++] = c;
	w->value[*len] = '\0';
	return 0;
}

/* A C escape (2.1.1): the named ones, up to three octal digits, or the character itself. NUL becomes '?'. */
static char unescape(const char **cursor)
{
	const char *p = *cursor;
	unsigned octal = 0;
	int digits;

	if (*p >= '0' && *p <= '7') {
		for (digits = 0; digits < 3 && *p >= '0' && *p <= '7'; digits++)
			octal = octal * 8 + (unsigned)(*p++ - '0');
		*cursor = p;
		octal &= 0xff;
		return octal == 0 ? '?' : (char)octal;
	}
	*cursor = p + 1;
	switch (*p) {
	case 'n':
		return '\n';
	case 'r':
		return '\r';
	case 't':
		return '\t';
	default:
		return *p;
	}
}

static int quoted(const char **cursor, struct control_word *out, size_t *len)
{
	const char *p = *cursor + 1;
	int err = 0;
	char c;

	while (err == 0 && *p != '"') {
		if (*p == '\0')
			return ERR_PROTOCOL;
		c = *p++;
		if (c == '\\') {
			if (*p == '\0')
				return ERR_PROTOCOL;
			c = unescape(&p);
		}
		err = put_char(out, len, c);
	}
	*cursor = p + 1;
	return err;
}

/* Sets the key if the word at p begins with one, and returns where the value begins. */
static const char *take_key(const char *p, struct control_word *out)
{
	size_t len = 0;

	while (isalnum((unsigned char)p[len]) || p[len] == '_' || p[len] == '-' || p[len] == '/')
		len++;
	if (len == 0 || len >= sizeof(out->key) || p[len] != '=')
		return p;
	memcpy(out->key, p, len);
	out->key[len] = '\0';
	return p + len + 1;
}

int control_word_next(const char **cursor, struct control_word *out)
{
	const char *p = *cursor;
	size_t len = 0;
	int err = 0;

	out->key[0] = '\0';
	out->value[0] = '\0';
	while (*p == ' ')
		p++;
	*cursor = p;
	if (*p == '\0')
		return 0;
	p = take_key(p, out);
	if (*p == '"')
		err = quoted(&p, out, &len);
	else
		while (err == 0 && *p != ' ' && *p != '\0')
			err = put_char(out, &len, *p++);
	*cursor = p;
	return err != 0 ? err : 1;
}

int control_value(const char *line, const char *key, char *out, size_t size)
{
	struct control_word w;
	int err;

	while ((err = control_word_next(&line, &w)) == 1) {
		if (strcmp(w.key, key) == 0)
			return str_copy(out, size, w.value);
	}
	return err == 0 ? ERR_NOT_FOUND : err;
}

/* ---- base64 ---- */

/* 0..63 to its digit: each range adds the distance from the one before, by masks from the sign of a
 * difference. */
static uint8_t base64_digit(unsigned v)
{
	unsigned c = 'A' + v;

	c += ((25 - v) >> 8 & 0xff) & ('a' - 'Z' - 1);
	c -= ((51 - v) >> 8 & 0xff) & ('z' + 1 - '0');
	c -= ((61 - v) >> 8 & 0xff) & ('9' + 1 - '+');
	c += ((62 - v) >> 8 & 0xff) & ('/' - '+' - 1);
	return (uint8_t)c;
}

int control_put_base64(struct buf *out, const uint8_t *data, size_t len)
{
	uint8_t *to = buf_reserve(out, (len + 2) / 3 * 4);
	size_t i;

	if (to == NULL)
		return ERR_FULL;
	for (i = 0; i < len; i += 3, to += 4) {
		unsigned v = (unsigned)data[i] << 16;

		if (i + 1 < len)
			v |= (unsigned)data[i + 1] << 8;
		if (i + 2 < len)
			v |= data[i + 2];
		to[0] = base64_digit(v >> 18 & 63);
		to[1] = base64_digit(v >> 12 & 63);
		to[2] = i + 1 < len ? base64_digit(v >> 6 & 63) : '=';
		to[3] = i + 2 < len ? base64_digit(v & 63) : '=';
	}
	return 0;
}
