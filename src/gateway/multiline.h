/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Messages of several lines from a client (IRCv3 draft/multiline, client-batch): what comes between `BATCH +ref
 * draft/multiline target` and `BATCH -ref` is one message.
 *
 * One that can't be, or is not ended in time, is answered with FAIL at once, and what is still sent of it is read and
 * dropped: no part of it goes to anybody.  What is said about it has the label of the command that opened it, if that
 * had one; every command in between is answered by itself.
 */
#ifndef GATEWAY_MULTILINE_H
#define GATEWAY_MULTILINE_H

#include "client.h"

/* As the value of the capability says (irc/capability.h). */
#define MULTILINE_BYTES 4000
#define MULTILINE_LINES 100
/* How long one may stay open; time for which we don't read the client doesn't count. */
#define MULTILINE_OPEN_MS 60000

/* While a batch is open: is this line of it, or does it not belong there?  Then it needs no further handling. */
bool multiline_takes(struct client *c, const struct irc_message *m);
/* A line can't be read, which may be one of it. */
void multiline_spoil(struct client *c);
void multiline_free(struct client *c);

#endif
