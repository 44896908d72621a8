/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which lines of the account's stream a client has been shown, and which of them it has surely read.
 *
 * IRC has no acknowledgement, so a PING (the fence) follows each batch of replayed lines, each pause in live
 * lines and at most every FENCE_LINES of them.  Its token names the last line before it; the PONG moves the
 * durable cursor of the client's name there, or to where the slowest live client of that name stands.  A
 * client is *live* when it has been shown everything: new lines are then written as they come.  One that
 * reads too slowly is not live any more and is served from the store again.
 */
#ifndef GATEWAY_REPLAY_H
#define GATEWAY_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

#define FENCE_LINES    50
#define REPLAY_OWN_MAX 1024

struct client;
struct contact;
struct line_row;
struct session;

struct replay {
	bool live;
	int64_t shown;	  /* last line that it was shown, or that is none of its business */
	int64_t fenced;	  /* last line before the last fence */
	int64_t acked;	  /* last line before the last fence that was answered */
	int64_t attached; /* last line when it logged in: later ones under its name may be another client's */
	unsigned unfenced; /* lines shown since the last fence */
	int64_t
	    *own; /* lines that it sent itself while it was not live, the first REPLAY_OWN_MAX; NULL: none */
	unsigned n_own;
	char token[17]; /* start of its fence tokens */
};

/* The client has joined: shows what its name has missed. */
void replay_start(struct client *c);
/* From now on it asks for history itself: what came before it logged in is not shown any more. */
void replay_leave(struct client *c);
/* It has left the account. */
void replay_stop(struct client *c);
/* Goes on with a client that is not live, if it may: after a PONG, and when its stream has drained. */
void replay_pump(struct client *c);
/* A line was added to the stream; sender: which client of the session sent it, or NULL. */
void replay_on_line(struct client *c, const struct client *sender, const struct contact *contact,
		    const struct line_row *l);
/* A pause in live lines. */
void replay_fence(struct client *c);
/* Is it the answer to a fence?  Then the cursor moves. */
bool replay_on_pong(struct client *c, const char *token);

#endif
