/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Who is next, of the logins that wait to be checked: origins (stream_origin) take turns, so that nobody's flood holds
 * up anybody else; within one, those after recent wrong passwords get one turn in five.  Each has its pause first.
 *
 * It is start-time fair queueing: each entry gets a place on a line of virtual time, behind the last of its own kind,
 * and the least place goes first.
 */
#ifndef GATEWAY_LOGIN_QUEUE_H
#define GATEWAY_LOGIN_QUEUE_H

#include <bsd/sys/queue.h>
#include <stdbool.h>
#include <stdint.h>

struct queued {
	TAILQ_ENTRY(queued) link;
	uint64_t ready_ms; /* not before */
	uint64_t origin;
	bool suspect; /* after wrong passwords */
	uint64_t place;
};
struct login_queue {
	TAILQ_HEAD(, queued) waiting;
	uint64_t place; /* of whom was taken last */
};

void login_queue_init(struct login_queue *q);
/* place is filled in. */
void login_queue_add(struct login_queue *q, struct queued *e);
void login_queue_remove(struct login_queue *q, struct queued *e);
/* Takes whoever is next at now_ms; NULL: nobody is ready. */
struct queued *login_queue_take(struct login_queue *q, uint64_t now_ms);
/* When the next one gets ready; UINT64_MAX: nobody waits. */
uint64_t login_queue_due(const struct login_queue *q);
/* Whoever would be the last; NULL: nobody waits. */
struct queued *login_queue_last(const struct login_queue *q);

#endif
