/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/str.h"

#define LINE_MAX_BYTES 1024 /* a finished line with its NUL */
#define RAW_MAX_BYTES  4096 /* the same before it is scrubbed */
#define SECRET_RUN     40   /* digits in a row that may be a key */
#define ONION_RUN      56
#define ONION_SHOWN    6

static const char *const level_names[] = {"error", "warn", "info", "debug"};
#define LEVELS (sizeof(level_names) / sizeof(level_names[0]))

static void to_stderr(void *ctx, enum log_level level, const char *line)
{
	(void)ctx;
	fprintf(stderr, "%s: %s\n", level_names[level], line);
}

static enum log_level max_level = LOG_INFO;
static log_sink_cb sink = to_stderr;
static void *sink_ctx;

void log_set_level(enum log_level level)
{
	max_level = level;
}

void log_set_sink(log_sink_cb cb, void *ctx)
{
	sink = cb ? cb : to_stderr;
	sink_ctx = cb ? ctx : NULL;
}

int log_level_parse(const char *name, enum log_level *out)
{
	for (size_t i = 0; i < LEVELS; i++)
		if (!strcmp(name, level_names[i])) {
			*out = (enum log_level)i;
			return 0;
		}
	return ERR_INVALID;
}

/* ---- the scrubber ---- */

static bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

/* A digit of base32, hex, base64 or base64url. */
static bool is_key_digit(char c)
{
	return is_lower(c) || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr("+/_-", c));
}

static size_t run_len(const char *p)
{
	size_t n = 0;
	while (is_key_digit(p[n]))
		n++;
	return n;
}

static bool is_onion(const char *p, size_t run)
{
	uint8_t raw[ONION_RUN * 5 / 8];
	return run == ONION_RUN && !base32_decode(p, run, raw, sizeof(raw));
}

/* "/word/": an absolute path, of which each part is judged alone; base64 hardly ever starts so. */
static bool is_path(const char *p)
{
	size_t n = 1;
	if (p[0] != '/')
		return false;
	while (is_lower(p[n]))
		n++;
	return n > 1 && p[n] == '/';
}

struct out {
	char *p;
	size_t left; /* without the NUL; 0 for good once something did not fit */
};

static void emit(struct out *o, const char *text, size_t len)
{
	if (len > o->left) {
		o->left = 0;
		return;
	}
	memcpy(o->p, text, len);
	o->p += len;
	o->left -= len;
}

static void emit_text(struct out *o, const char *text)
{
	emit(o, text, strlen(text));
}

/* One run without a secret's slashes: as it is, cut, or hidden.  Returns the bytes read. */
static size_t scrub_run(struct out *o, const char *p, size_t run)
{
	if (is_onion(p, run)) {
		emit(o, p, ONION_SHOWN);
		emit_text(o, "[...]");
		return run;
	}
	if (run < SECRET_RUN) {
		emit(o, p, run);
		return run;
	}
	emit_text(o, "[scrubbed]");
	while (p[run] == '=')
		run++;
	return run;
}

static size_t scrub_path(struct out *o, const char *p, size_t run)
{
	size_t done = 0;
	while (done < run) {
		size_t part = 0;
		while (done + part < run && p[done + part] != '/')
			part++;
		if (part)
			done += scrub_run(o, p + done, part);
		if (done < run && p[done] == '/') {
			emit(o, "/", 1);
			done++;
		}
	}
	return done;
}

/* A character that is no key digit: printed, or escaped byte by byte.  Returns the bytes read. */
static size_t scrub_char(struct out *o, const char *p)
{
	const size_t n = utf8_char(p, strnlen(p, 4));
	const unsigned char c = (unsigned char)p[0];
	const bool c1_control = n == 2 && c == 0xc2 && (unsigned char)p[1] < 0xa0;
	if (n && c >= ' ' && c != 0x7f && !c1_control) {
		emit(o, p, n);
		return n;
	}
	char esc[5];
	for (size_t i = 0; i < (n ? n : 1); i++) {
		str_fmt(esc, sizeof(esc), "\\x%02X", (unsigned)(unsigned char)p[i]);
		emit_text(o, esc);
	}
	return n ? n : 1;
}

void log_scrub(const char *in, char *out, size_t size)
{
	if (!size)
		return;
	struct out o = {out, size - 1};
	while (*in && o.left) {
		const size_t run = run_len(in);
		if (!run)
			in += scrub_char(&o, in);
		else if (is_path(in))
			in += scrub_path(&o, in, run);
		else
			in += scrub_run(&o, in, run);
	}
	*o.p = '\0';
}

void log_write(enum log_level level, const char *fmt, ...)
{
	if (level > max_level)
		return;
	char raw[RAW_MAX_BYTES], line[LINE_MAX_BYTES];
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(raw, sizeof(raw), fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	/* The beginning of a key that was cut in two would pass as a word. */
	if ((size_t)n >= sizeof(raw)) {
		size_t len = sizeof(raw) - 1;
		while (len && is_key_digit(raw[len - 1]))
			len--;
		raw[len] = '\0';
	}
	log_scrub(raw, line, sizeof(line));
	sink(sink_ctx, level, line);
}
