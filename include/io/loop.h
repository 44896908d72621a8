/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The event loop with its end-of-turn commit.
 *
 * A *turn* is: wait for events, handle what is ready (once a domain was marked: repeatedly while more is ready, up
 * to a bound, so that commits batch), then for each commit domain that was marked dirty call its commit function,
 * then release what that domain's streams hold.  Bytes written to a stream of a domain during a turn leave only
 * after the domain's commit of that turn succeeded; if it failed they are dropped and the domain's failed function
 * is called, in which streams may be written to again (these bytes are released at once) or closed.
 *
 * A domain is one account.  A stream without a domain is released at each turn's end.
 */
#ifndef IO_LOOP_H
#define IO_LOOP_H

#include <stdbool.h>
#include <stdint.h>

struct loop;
struct domain;
struct timer;

struct loop *loop_new(void); /* NULL: no memory or no kernel support */
void loop_free(struct loop *loop);
/* Runs turns until loop_stop; the turn in which it is called still ends with its commits. */
void loop_run(struct loop *loop);
/* Runs one turn; waits for an event only if block.  For tests. */
void loop_turn(struct loop *loop, bool block);
void loop_stop(struct loop *loop);
/* Runs turns until every stream that was given to stream_finish is gone; their timeouts bound it. */
void loop_drain(struct loop *loop);

/* Milliseconds of CLOCK_REALTIME: for what users see and the store keeps. */
uint64_t loop_time_ms(const struct loop *loop);
/* Milliseconds since some start, which never go back and count the time in which the machine is suspended
 * (CLOCK_BOOTTIME): for back-offs and ages.  Timers do not run while it is suspended, and are late after. */
uint64_t loop_now_ms(const struct loop *loop);

struct domain_ops {
	int (*commit)(void *ctx);	    /* 0, or an error: then held bytes are dropped ... */
	void (*failed)(void *ctx, int err); /* ... and this is called */
	void (*committed)(void *ctx); /* after a commit that succeeded, before bytes are released; may write
					 more; may be NULL */
};
/*
 * A write or mark from within commit counts as covered by that commit.  A write from within committed or
 * failed does not mark; a domain_mark from within committed has commit called once more, and everything held
 * waits for that.
 */
struct domain *domain_new(struct loop *loop, const struct domain_ops *ops, void *ctx);
/* Streams that still belong to it lose their domain; what they hold is dropped. Not from within its own ops.
 */
void domain_free(struct domain *d);
/* Has ops->commit called at the end of this turn. Writing to a stream of the domain marks it too. */
void domain_mark(struct domain *d);

/* One-shot timers.  The callback may set the timer again or free it. */
typedef void (*timer_cb)(void *ctx);
struct timer *timer_new(struct loop *loop, timer_cb cb, void *ctx);
void timer_free(struct timer *t);
void timer_set(struct timer *t, uint64_t in_ms); /* replaces an earlier deadline */
void timer_cancel(struct timer *t);

/* Calls cb in the loop on SIGTERM and the like.  The handle is freed with the loop. */
typedef void (*signal_cb)(void *ctx, int signo);
int loop_on_signal(struct loop *loop, int signo, signal_cb cb, void *ctx);

#endif
