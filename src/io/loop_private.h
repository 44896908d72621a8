/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of this layer share: the loop's insides and a stream's part in the end of a turn. */
#ifndef IO_LOOP_PRIVATE_H
#define IO_LOOP_PRIVATE_H

#include <bsd/sys/queue.h>
#include <event2/event.h>

#include "io/loop.h"
#include "io/stream.h"

LIST_HEAD(stream_list, stream);
TAILQ_HEAD(stream_queue, stream);
TAILQ_HEAD(domain_queue, domain);
LIST_HEAD(signal_list, signal_handle);

struct loop {
	struct event_base *base;
	struct stream_list loose;  /* streams without a domain */
	struct stream_queue holding; /* those of them that hold bytes */
	struct domain_queue dirty; /* domains to commit at this turn's end, in the order of their marks */
	struct signal_list signals;
	unsigned n_domains;
	unsigned n_finishing; /* streams that stream_finish gave to the loop */
	uint64_t activity;    /* callbacks run so far: tells whether a pass did anything */
	uint64_t tick_ms;     /* added to every timeout */
	bool gathers;	      /* something was changed in this turn: more of what is ready joins its commit */
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
	struct stream_queue holding; /* those of them that hold bytes */
	enum domain_phase phase;
	bool dirty;
};

/* Every callback from libevent says so first. */
static inline void loop_touch(struct loop *loop)
{
	loop->activity++;
}

/* A stream of this domain holds bytes, which wait for its commit; of NULL: for the end of the turn. */
void loop_hold(struct domain *d);

/*
 * A stream whose bytes go through a wire (wire.h), which it owns; on failure the wire is freed too.  ready
 * says that the handshake is over; before it nothing may be written, and nothing but closed comes.
 */
struct wire;
typedef void (*stream_ready_cb)(void *ctx);
struct stream *stream_new_wired(struct loop *loop, int fd, struct wire *wire, const struct stream_opts *opts,
				const struct stream_ops *ops, stream_ready_cb ready, void *ctx);
const struct wire *stream_wire(const struct stream *s);
int stream_fd(const struct stream *s);

/* For the end of the turn; none of these calls back. The stream leaves the queue of those that hold bytes. */
void stream_release(struct stream *s); /* held bytes go out */
void stream_drop(struct stream *s);    /* held bytes are forgotten */
void stream_orphan(struct stream *s);  /* its domain goes away */
struct stream *stream_list_next(struct stream *s);
/* Ends a stream that stream_finish gave to the loop; false for any other. */
bool stream_reap(struct stream *s);

/* A listener on any address, for what is encrypted. */
enum listener_reach { LISTENER_LOOPBACK, LISTENER_ANYWHERE };
int listener_open(struct loop *loop, const char *address, enum listener_reach reach, unsigned socket_mode,
		  accept_cb cb, void *ctx, struct listener **out);
int listener_check_reach(const char *address, enum listener_reach reach);

#endif
