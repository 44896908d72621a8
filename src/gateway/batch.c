/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "batch.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/str.h"

#include "response.h"

__attribute__((format(printf, 6, 0))) static void open_batch(struct client *c, struct batch *b, const struct tags *t,
							     const char *source, const char *type,
							     const char *fmt, va_list args)
{
	char params[IRC_LINE_MAX];

	b->ref[0] = '\0';
	b->outer = c->batch;
	if (!client_has(c, CAP_BATCH))
		return;
	vsnprintf(params, sizeof(params), fmt, args);
	str_fmt(b->ref, sizeof(b->ref), "%x", (unsigned)++c->batches);
	client_send_tagged(c, t, ":%s BATCH +%s %s%s%s", source, b->ref, type, params[0] != '\0' ? " " : "", params);
	c->batch = b;
}

void batch_open(struct client *c, struct batch *b, const struct tags *t, const char *type, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	open_batch(c, b, t, c->gateway->server_name, type, fmt, args);
	va_end(args);
}

void batch_open_answer(struct client *c, struct batch *b, const struct tags *t, const char *type, const char *fmt, ...)
{
	va_list args;

	if (client_has(c, CAP_BATCH))
		response_is_one(c);
	va_start(args, fmt);
	open_batch(c, b, t, c->gateway->server_name, type, fmt, args);
	va_end(args);
}

void batch_open_said(struct client *c, struct batch *b, const struct tags *t, const char *source, const char *type,
		     const char *fmt, ...)
{
	va_list args;

	if (client_has(c, CAP_BATCH))
		response_is_one(c);
	va_start(args, fmt);
	open_batch(c, b, t, source, type, fmt, args);
	va_end(args);
}

void batch_close(struct client *c, struct batch *b)
{
	if (b->ref[0] == '\0')
		return;
	c->batch = b->outer;
	client_send(c, ":%s BATCH -%s", c->gateway->server_name, b->ref);
}
