/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of this layer share: the loop's insides and a stream's part in the end of a turn. */
#ifndef IO_LOOP_PRIVATE_H
#define IO_LOOP_PRIVATE_H

#include <bsd/sys/queue.h>
#include <event2/event.h>

#include "io/loop.h"
#include "io/stream.h"

LIST_HEAD(stream_list, stream);
TAILQ_HEAD(domain_queue, domain);
LIST_HEAD(signal_list, signal_handle);

struct loop {
	struct event_base *base;
	struct stream_list loose;  /* streams without a domain */
	struct domain_queue dirty; /* domains to commit at this turn's end, in the order of their marks */
	struct signal_list signals;
	unsigned n_domains;
	unsigned n_finishing; /* streams that stream_finish gave to the loop */
	uint64_t activity;    /* callbacks run so far: tells whether a pass did anything */
	bool loose_dirty;     /* some loose stream holds bytes */
	bool stopping;
};

/* What a domain is doing; outside DOMAIN_IDLE a write to its streams does not mark it again. */
enum domain_phase { DOMAIN_IDLE, DOMAIN_COMMITTING, DOMAIN_COMMITTED, DOMAIN_FAILED };

struct domain {
	TAILQ_ENTRY(domain) link; /* in loop->dirty while dirty */
	struct loop *loop;
	const struct domain_ops *ops;
	void *ctx;
	struct stream_list streams;
	enum domain_phase phase;
	bool dirty;
};

/* Every callback from libevent says so first. */
static inline void loop_touch(struct loop *loop)
{
	loop->activity++;
}

/* Marks what the stream's bytes wait for: its domain, or the loop's own list. */
void loop_hold(struct loop *loop, struct domain *d);

/* For the end of the turn; none of these calls back. */
void stream_release(struct stream *s); /* held bytes go out */
void stream_drop(struct stream *s);    /* held bytes are forgotten */
void stream_orphan(struct stream *s);  /* its domain goes away */
struct stream *stream_list_next(struct stream *s);
/* Ends a stream that stream_finish gave to the loop; false for any other. */
bool stream_reap(struct stream *s);

#endif
