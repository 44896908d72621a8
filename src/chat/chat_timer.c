/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "chat_impl.h"

static int timer_cmp(const struct chat_timer *a, const struct chat_timer *b)
{
	if (a->at_ms != b->at_ms)
		return a->at_ms < b->at_ms ? -1 : 1;
	return a->seq < b->seq ? -1 : a->seq > b->seq;
}

TREE_FUNCTIONS(timer_tree, chat_timer, node, timer_cmp)

void timers_init(struct timers *ts)
{
	RB_INIT(&ts->tree);
	ts->seq = 0;
}

void timers_cancel(struct timers *ts, struct chat_timer *t)
{
	if (!t->set)
		return;
	RB_REMOVE(timer_tree, &ts->tree, t);
	t->set = false;
}

void timers_set(struct timers *ts, struct chat_timer *t, uint64_t at_ms)
{
	timers_cancel(ts, t);
	t->at_ms = at_ms;
	t->seq = ++ts->seq;
	t->set = true;
	RB_INSERT(timer_tree, &ts->tree, t);
}

static struct chat_timer *first(const struct timers *ts)
{
	struct timer_tree *tree = (struct timer_tree *)&ts->tree;

	return RB_MIN(timer_tree, tree);
}

uint64_t timers_next(const struct timers *ts)
{
	const struct chat_timer *t = first(ts);

	return t ? t->at_ms : TICK_NEVER;
}

struct chat_timer *timers_pop(struct timers *ts, uint64_t now_ms)
{
	struct chat_timer *t = first(ts);

	if (!t || t->at_ms > now_ms)
		return NULL;
	timers_cancel(ts, t);
	return t;
}
