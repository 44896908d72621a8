/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "output.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

#include "batch.h"
#include "response.h"

#define TAGS_SIZE   (IRC_CLIENT_TAGS_MAX + 256)
#define CONTEXT_MAX 250 /* bytes of what a standard reply is about: more would push its text off the line */

/* One line ends at its first byte that is none: nothing may add lines of its own. */
static void clean(char *text, size_t left)
{
	if (utf8_valid(text, left) && memchr(text, '\r', left) == NULL && memchr(text, '\n', left) == NULL)
		return;
	while (left > 0) {
		size_t n = utf8_char(text, left);

		if (n == 0 || *text == '\r' || *text == '\n') {
			*text = n == 0 ? '?' : ' ';
			n = 1;
		}
		text += n;
		left -= n;
	}
}

/* ---- tags ---- */

struct tag_list {
	char *at, *end;
};

static void add_tag(struct tag_list *l, bool first, const char *key, const char *value)
{
	str_fmt(l->at, (size_t)(l->end - l->at), "%s%s%s%s", first ? "" : ";", key, value[0] != '\0' ? "=" : "", value);
	l->at += strlen(l->at);
}

static void add_msgid(struct tag_list *l, bool first, const struct tags *t)
{
	char id[2 * MSGID_BYTES + 16];

	hex_encode(t->msgid, MSGID_BYTES, id);
	if (t->part > 0)
		str_fmt(id + 2 * MSGID_BYTES, sizeof(id) - 2 * MSGID_BYTES, "-%u", t->part);
	add_tag(l, first, "msgid", id);
}

/* Without label and batch. */
static void format_tags(struct client *c, const struct tags *t, char out[TAGS_SIZE])
{
	struct tag_list l = {.at = out, .end = out + TAGS_SIZE};
	bool tags = client_has(c, CAP_MESSAGE_TAGS);
	char time[32];

	out[0] = '\0';
	/* What is said before registration is about nothing but the connection. */
	if (!c->registered)
		return;
	if (client_has(c, CAP_SERVER_TIME) && !t->inside) {
		irc_server_time(t->time_ms != 0 ? t->time_ms : loop_time_ms(c->gateway->loop), time);
		add_tag(&l, true, "time", time);
	}
	if (tags && t->msgid != NULL)
		add_msgid(&l, l.at == out, t);
	if (client_has(c, CAP_ACCOUNT_TAG) && t->account != NULL)
		add_tag(&l, l.at == out, "account", t->account);
	if (tags && t->bot)
		add_tag(&l, l.at == out, "bot", "");
	if (t->concat && client_has(c, CAP_MULTILINE))
		add_tag(&l, l.at == out, "draft/multiline-concat", "");
	if (tags && t->client != NULL && t->client[0] != '\0')
		add_tag(&l, l.at == out, t->client, "");
}

/* ---- lines ---- */

const char *output_batch(const struct client *c)
{
	return c->batch != NULL ? c->batch->ref : response_batch(c);
}

void output_emit(struct client *c, const char *label, const char *batch, const char *tags, const char *line)
{
	const struct {
		const char *key, *value;
	} parts[] = {{"label=", label}, {"batch=", batch}, {"", tags[0] != '\0' ? tags : NULL}};
	bool tagged = false;

	if (c->stream == NULL)
		return;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (parts[i].value == NULL)
			continue;
		stream_write(c->stream, tagged ? ";" : "@", 1);
		stream_write(c->stream, parts[i].key, strlen(parts[i].key));
		stream_write(c->stream, parts[i].value, strlen(parts[i].value));
		tagged = true;
	}
	if (tagged)
		stream_write(c->stream, " ", 1);
	stream_write(c->stream, line, strlen(line));
	stream_write(c->stream, "\r\n", 2);
}

static void send_line(struct client *c, const struct tags *t, char line[2 * IRC_LINE_MAX])
{
	char tags[TAGS_SIZE];
	size_t len = strlen(line);

	if (len > IRC_LINE_MAX - 2) {
		/* What the cut leaves of a code point that spans it, clean() would replace. */
		len = IRC_LINE_MAX - 2;
		while (len > 0 && ((unsigned char)line[len] & 0xc0) == 0x80)
			len--;
		line[len] = '\0';
	}
	clean(line, strlen(line));
	format_tags(c, t, tags);
	if (c->responding)
		response_line(c, tags, line);
	else
		output_emit(c, NULL, output_batch(c), tags, line);
}

__attribute__((format(printf, 3, 0))) static void send_text(struct client *c, const struct tags *t, const char *fmt,
							    va_list args)
{
	char line[2 * IRC_LINE_MAX];

	if (c->stream == NULL)
		return;
	vsnprintf(line, sizeof(line), fmt, args);
	send_line(c, t, line);
}

void client_send(struct client *c, const char *fmt, ...)
{
	static const struct tags none;
	va_list args;

	va_start(args, fmt);
	send_text(c, &none, fmt, args);
	va_end(args);
}

void client_send_tagged(struct client *c, const struct tags *t, const char *fmt, ...)
{
	static const struct tags none;
	va_list args;

	va_start(args, fmt);
	send_text(c, t != NULL ? t : &none, fmt, args);
	va_end(args);
}

void client_send_parts(struct client *c, const char *const parts[])
{
	static const struct tags none;
	char line[2 * IRC_LINE_MAX];
	size_t len = 0;

	if (c->stream == NULL)
		return;
	for (; *parts != NULL; parts++) {
		size_t n = strlen(*parts), room = sizeof(line) - 1 - len;

		n = n < room ? n : room;
		memcpy(line + len, *parts, n);
		len += n;
	}
	line[len] = '\0';
	send_line(c, &none, line);
}

static void send_numeric(struct client *c, enum numeric n, const char *text, const char *middle)
{
	const char *blank = *middle != '\0' ? " " : "";

	if (text != NULL)
		client_send(c, ":%s %03d %s%s%s :%s", c->gateway->server_name, (int)n, c->nick, blank, middle,
			    text);
	else
		client_send(c, ":%s %03d %s%s%s", c->gateway->server_name, (int)n, c->nick, blank, middle);
}

void client_numeric(struct client *c, enum numeric n, const char *fmt, ...)
{
	char middle[IRC_LINE_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(middle, sizeof(middle), fmt, args);
	va_end(args);
	send_numeric(c, n, numeric_text(n), middle);
}

void client_reply(struct client *c, enum numeric n, const char *fmt, ...)
{
	char middle[IRC_LINE_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(middle, sizeof(middle), fmt, args);
	va_end(args);
	send_numeric(c, n, NULL, middle);
}

/* ---- what the service says ---- */

static void send_notice(struct client *c, const char *text)
{
	static const struct tags bot = {.bot = true};

	client_send_tagged(c, &bot, ":%s NOTICE %s :%s", c->gateway->service_mask,
			   c->in_channel ? CONTROL_CHANNEL : c->nick, text);
}

void client_notice(struct client *c, const char *fmt, ...)
{
	char text[2 * IRC_LINE_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	send_notice(c, text);
}

bool client_reads_standard(const struct client *c)
{
	const uint32_t caps = CAP_STANDARD_REPLIES | CAP_ACCOUNT_REGISTRATION | CAP_CHATHISTORY |
			      CAP_LABELED_RESPONSE | CAP_MESSAGE_REDACTION | CAP_MULTILINE | CAP_READ_MARKER |
			      CAP_SEARCH;

	return (c->caps & caps) != 0;
}

void client_standard(struct client *c, enum standard kind, const char *command, const char *code,
		     const char *context, const char *fmt, ...)
{
	static const char *const words[] = {
	    [STANDARD_FAIL] = "FAIL", [STANDARD_WARN] = "WARN", [STANDARD_NOTE] = "NOTE"};
	char text[2 * IRC_LINE_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (client_reads_standard(c))
		client_send(c, ":%s %s %s %s %.*s%s:%s", c->gateway->server_name, words[kind], command, code,
			    (int)utf8_cut(context, strlen(context), CONTEXT_MAX), context,
			    context[0] != '\0' ? " " : "", text);
	else
		send_notice(c, text);
}
