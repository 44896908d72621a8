/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * IRCv3 batch.  What is sent to a client while one is open is in it; they nest, and are opened and closed within
 * the handling of one event.  Nothing happens for a client without the capability.
 */
#ifndef GATEWAY_BATCH_H
#define GATEWAY_BATCH_H

#include "client.h"

#define BATCH_REF 9 /* hex digits of a client's count of batches, and a NUL */

struct batch {
	char ref[BATCH_REF]; /* empty: the client knows no batches */
	struct batch *outer;
};

/* `BATCH +ref type <fmt>`; t: tags of that line, may be NULL.  fmt "" for no parameters. */
void batch_open(struct client *c, struct batch *b, const struct tags *t, const char *type, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));
/* As batch_open.  It is the whole answer to the command at hand: a label of that goes on it. */
void batch_open_answer(struct client *c, struct batch *b, const struct tags *t, const char *type, const char *fmt,
		       ...) __attribute__((format(printf, 5, 6)));
/* As batch_open_answer, where somebody (nick!user@host) says it all. */
void batch_open_said(struct client *c, struct batch *b, const struct tags *t, const char *source, const char *type,
		     const char *fmt, ...) __attribute__((format(printf, 6, 7)));
void batch_close(struct client *c, struct batch *b);

#endif
