/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "login_queue.h"

#include <stddef.h>

#define COST	     1 /* on the line of virtual time */
#define SUSPECT_COST 4

void login_queue_init(struct login_queue *q)
{
	TAILQ_INIT(&q->waiting);
	q->place = 0;
}

void login_queue_add(struct login_queue *q, struct queued *e)
{
	const struct queued *other;
	uint64_t behind = q->place;

	TAILQ_FOREACH (other, &q->waiting, link)
		if (other->origin == e->origin && other->suspect == e->suspect && other->place > behind)
			behind = other->place;
	e->place = behind + (e->suspect ? SUSPECT_COST : COST);
	TAILQ_INSERT_TAIL(&q->waiting, e, link);
}

void login_queue_remove(struct login_queue *q, struct queued *e)
{
	TAILQ_REMOVE(&q->waiting, e, link);
}

struct queued *login_queue_take(struct login_queue *q, uint64_t now_ms)
{
	struct queued *next = NULL;
	struct queued *e;

	TAILQ_FOREACH (e, &q->waiting, link)
		if (e->ready_ms <= now_ms && (next == NULL || e->place < next->place))
			next = e;
	if (next == NULL)
		return NULL;
	/* Who had to pause may have been overtaken. */
	if (next->place > q->place)
		q->place = next->place;
	login_queue_remove(q, next);
	return next;
}

uint64_t login_queue_due(const struct login_queue *q)
{
	uint64_t due = UINT64_MAX;
	const struct queued *e;

	TAILQ_FOREACH (e, &q->waiting, link)
		if (e->ready_ms < due)
			due = e->ready_ms;
	return due;
}

struct queued *login_queue_last(const struct login_queue *q)
{
	struct queued *last = NULL;
	struct queued *e;

	TAILQ_FOREACH (e, &q->waiting, link)
		if (last == NULL || e->place >= last->place)
			last = e;
	return last;
}
