/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "io/loop.h"

#include <stdlib.h>
#include <time.h>

#include "base/err.h"
#include "base/log.h"

#include "loop_private.h"

/* Passes over ready events before a turn with something to commit must end, so that commits batch and yet come
 * soon.  What one client says in a turn shall fit into a link (LINK_OUT_MAX of link/link.h), or it is sealed
 * later, at more cost. */
#define PASSES_MAX 4
/* Commits of one domain in a turn: committed() may cause another. */
#define COMMITS_MAX 4

struct timer {
	struct loop *loop;
	struct event *ev;
	timer_cb cb;
	void *ctx;
};

struct signal_handle {
	LIST_ENTRY(signal_handle) link;
	struct loop *loop;
	struct event *ev;
	signal_cb cb;
	void *ctx;
};

/* ---- the loop ---- */

/*
 * Timers are counted from the clock, not from what libevent has cached of it before it ran callbacks: a deadline that
 * loop_now_ms computed must never fire early, or its owner would find nothing to do and spin.  libevent's precise
 * timers would cost a system call for each wait; so its clock is the kernel's coarse one, whose tick timer_set adds.
 */
static struct event_base *base_new(void)
{
	struct event_config *config = event_config_new();
	struct event_base *base = NULL;

	if (config == NULL)
		return NULL;
	if (event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_IGNORE_ENV |
					      EVENT_BASE_FLAG_NO_CACHE_TIME) == 0)
		base = event_base_new_with_config(config);
	event_config_free(config);
	return base;
}

/* How far the coarse clock may be behind, rounded up. */
static uint64_t tick_ms(void)
{
	struct timespec tick;

	if (clock_getres(CLOCK_MONOTONIC_COARSE, &tick) != 0)
		return 0; /* libevent does not use it either */
	return (uint64_t)tick.tv_sec * 1000 + (uint64_t)(tick.tv_nsec + 999999) / 1000000;
}

struct loop *loop_new(void)
{
	struct loop *loop = calloc(1, sizeof(*loop));

	if (loop == NULL)
		return NULL;
	LIST_INIT(&loop->loose);
	TAILQ_INIT(&loop->holding);
	LIST_INIT(&loop->signals);
	TAILQ_INIT(&loop->dirty);
	loop->tick_ms = tick_ms();
	loop->base = base_new();
	if (loop->base == NULL) {
		free(loop);
		return NULL;
	}
	return loop;
}

void loop_free(struct loop *loop)
{
	struct signal_handle *sig;
	struct stream *s, *next;

	if (loop == NULL)
		return;
	for (s = LIST_FIRST(&loop->loose); s != NULL; s = next) {
		next = stream_list_next(s);
		stream_reap(s);
	}
	while ((sig = LIST_FIRST(&loop->signals)) != NULL) {
		LIST_REMOVE(sig, link);
		event_free(sig->ev);
		free(sig);
	}
	event_base_free(loop->base);
	free(loop);
}

static void release_streams(struct stream_queue *holding)
{
	struct stream *s;

	while ((s = TAILQ_FIRST(holding)) != NULL)
		stream_release(s);
}

static void domain_fail(struct domain *d, int err)
{
	struct stream *s;

	while ((s = TAILQ_FIRST(&d->holding)) != NULL)
		stream_drop(s);
	d->phase = DOMAIN_FAILED;
	d->ops->failed(d->ctx, err);
	d->phase = DOMAIN_IDLE;
	release_streams(&d->holding);
}

static void domain_commit(struct domain *d)
{
	int err;

	d->phase = DOMAIN_COMMITTING;
	err = d->ops->commit(d->ctx);
	/* What commit itself marked or wrote, it has committed. */
	TAILQ_REMOVE(&d->loop->dirty, d, link);
	d->dirty = false;
	if (err != 0) {
		domain_fail(d, err);
		return;
	}
	d->phase = DOMAIN_COMMITTED;
	if (d->ops->committed != NULL)
		d->ops->committed(d->ctx);
	d->phase = DOMAIN_IDLE;
	/* A new change in committed() may explain bytes written there: they wait for its commit. */
	if (!d->dirty)
		release_streams(&d->holding);
}

static void end_turn(struct loop *loop)
{
	unsigned budget = COMMITS_MAX * loop->n_domains;
	struct domain *d;

	while (budget-- > 0 && (d = TAILQ_FIRST(&loop->dirty)) != NULL)
		domain_commit(d);
	release_streams(&loop->holding);
}

void loop_turn(struct loop *loop, bool block)
{
	uint64_t before = loop->activity;
	int passes;

	if (!TAILQ_EMPTY(&loop->dirty) || !TAILQ_EMPTY(&loop->holding))
		block = false;
	loop->gathers = !TAILQ_EMPTY(&loop->dirty);
	event_base_loop(loop->base, EVLOOP_ONCE | (block ? EVLOOP_NO_EXIT_ON_EMPTY : EVLOOP_NONBLOCK));
	/* Without EVLOOP_ONCE, EVLOOP_NONBLOCK would go on for as long as anything is ready. */
	for (passes = 1; loop->gathers && passes < PASSES_MAX && loop->activity != before; passes++) {
		before = loop->activity;
		event_base_loop(loop->base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
	}
	end_turn(loop);
}

void loop_run(struct loop *loop)
{
	while (!loop->stopping)
		loop_turn(loop, true);
	loop->stopping = false;
}

void loop_drain(struct loop *loop)
{
	while (loop->n_finishing > 0)
		loop_turn(loop, true);
}

void loop_stop(struct loop *loop)
{
	loop->stopping = true;
}

static uint64_t clock_ms(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

uint64_t loop_time_ms(const struct loop *loop)
{
	(void)loop;
	return clock_ms(CLOCK_REALTIME);
}

uint64_t loop_now_ms(const struct loop *loop)
{
	(void)loop;
	return clock_ms(CLOCK_BOOTTIME);
}

/* ---- commit domains ---- */

struct domain *domain_new(struct loop *loop, const struct domain_ops *ops, void *ctx)
{
	struct domain *d = calloc(1, sizeof(*d));

	if (d == NULL)
		return NULL;
	d->loop = loop;
	d->ops = ops;
	d->ctx = ctx;
	LIST_INIT(&d->streams);
	TAILQ_INIT(&d->holding);
	loop->n_domains++;
	return d;
}

void domain_free(struct domain *d)
{
	struct stream *s;

	if (d == NULL)
		return;
	while ((s = LIST_FIRST(&d->streams)) != NULL)
		stream_orphan(s);
	if (d->dirty)
		TAILQ_REMOVE(&d->loop->dirty, d, link);
	d->loop->n_domains--;
	free(d);
}

static void domain_queue_up(struct domain *d)
{
	if (d->dirty)
		return;
	d->dirty = true;
	TAILQ_INSERT_TAIL(&d->loop->dirty, d, link);
}

void domain_mark(struct domain *d)
{
	d->loop->gathers = true;
	domain_queue_up(d);
}

/* Bytes that nothing was stored for need not wait for more. */
void loop_hold(struct domain *d)
{
	if (d != NULL && d->phase == DOMAIN_IDLE)
		domain_queue_up(d);
}

/* ---- timers and signals ---- */

static void on_timeout(evutil_socket_t fd, short what, void *arg)
{
	struct timer *t = arg;

	(void)fd;
	(void)what;
	loop_touch(t->loop);
	t->cb(t->ctx);
}

struct timer *timer_new(struct loop *loop, timer_cb cb, void *ctx)
{
	struct timer *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->loop = loop;
	t->cb = cb;
	t->ctx = ctx;
	t->ev = evtimer_new(loop->base, on_timeout, t);
	if (t->ev == NULL) {
		free(t);
		return NULL;
	}
	return t;
}

void timer_free(struct timer *t)
{
	if (t == NULL)
		return;
	event_free(t->ev);
	free(t);
}

void timer_set(struct timer *t, uint64_t in_ms)
{
	uint64_t ms = in_ms > 0 ? in_ms + t->loop->tick_ms : 0;
	struct timeval tv = {.tv_sec = (time_t)(ms / 1000), .tv_usec = (suseconds_t)(ms % 1000 * 1000)};

	if (evtimer_add(t->ev, &tv) != 0)
		log_error("a timer could not be set");
}

void timer_cancel(struct timer *t)
{
	evtimer_del(t->ev);
}

static void on_signal(evutil_socket_t signo, short what, void *arg)
{
	struct signal_handle *sig = arg;

	(void)what;
	loop_touch(sig->loop);
	sig->cb(sig->ctx, signo);
}

int loop_on_signal(struct loop *loop, int signo, signal_cb cb, void *ctx)
{
	struct signal_handle *sig = calloc(1, sizeof(*sig));

	if (sig == NULL)
		return ERR_NOMEM;
	sig->loop = loop;
	sig->cb = cb;
	sig->ctx = ctx;
	sig->ev = evsignal_new(loop->base, signo, on_signal, sig);
	if (sig->ev == NULL || evsignal_add(sig->ev, NULL) != 0) {
		if (sig->ev != NULL)
			event_free(sig->ev);
		free(sig);
		return ERR_IO;
	}
	LIST_INSERT_HEAD(&loop->signals, sig, link);
	return 0;
}
