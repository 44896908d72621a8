/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The answer to a command that came with a label (IRCv3 labeled-response): an ACK if it has no line, the label on
 * its line if it has one, a batch with the label if it has more.
 *
 * While one is open and c->responding, lines go through response_line.  The first is held back until it is known
 * whether another follows.  A command that waits for a password job pauses its answer: other lines that come
 * meanwhile are none of it.  That of a client's batch (multiline.c) is set aside until the batch ends.
 */
#ifndef GATEWAY_RESPONSE_H
#define GATEWAY_RESPONSE_H

#include "client.h"

#define LABEL_MAX 64 /* bytes; labeled-response, "The label tag" */

/* The command has this label; an empty or longer one is none, nor is one that is not UTF-8. */
void response_begin(struct client *c, const char *label);
void response_pause(struct client *c);
void response_resume(struct client *c);
/* The command is done. Nothing happens without an answer. */
void response_end(struct client *c);
/* Without a word. */
void response_free(struct client *c);
/* The answer is kept for later, and other commands have theirs; NULL if there is none. */
struct response *response_set_aside(struct client *c);
/* What is sent now is part of this answer (NULL: of none), which is the client's again. There is no other. */
void response_put_back(struct client *c, struct response *r);
/* One that was set aside, without a word; NULL is allowed. */
void response_drop(struct response *r);

/* A line (without its line end) of the answer with its tags, as output_emit takes them. */
void response_line(struct client *c, const char *tags, const char *line);
/* What follows is one batch, which takes the label, and is the whole. */
void response_is_one(struct client *c);
/* The batch that lines of the answer are in; NULL. */
const char *response_batch(const struct client *c);

#endif
