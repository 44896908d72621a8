/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A stream's insides: its life and what comes in are in stream.c, what goes out in stream_output.c. */
#ifndef IO_STREAM_PRIVATE_H
#define IO_STREAM_PRIVATE_H

#include "loop_private.h"
#include "wire.h"

#define KEEP_CAP   512	 /* an empty buffer larger than this is given back: most streams are idle most of the time */
#define PARTING_MAX 1024 /* bytes that may say so beyond the bound */

/*
 * OPEN until the receiver closes or finishes it.  FINISHING: nobody receives any more; what was written still
 * goes out.  LINGERING: all of it is sent and our side shut down; what the peer still sends is discarded
 * until it closes too, since closing a socket with unread input would reset it and destroy what is on its
 * way.  DEAD: freed as soon as no callback of it is running.
 */
enum stream_state { STREAM_OPEN, STREAM_FINISHING, STREAM_LINGERING, STREAM_DEAD };

/* What the socket is watched for. libevent is only asked where that changes: most turns leave it as it is. */
struct watch {
	struct event *ev;
	bool on;
};

static inline int watch_set(struct watch *w, bool on)
{
	int err = 0;

	if (w->on != on)
		err = on ? event_add(w->ev, NULL) : event_del(w->ev);
	if (err == 0)
		w->on = on;
	return err;
}

struct stream {
	LIST_ENTRY(stream) link;	    /* in domain->streams or loop->loose */
	TAILQ_ENTRY(stream) holding_link; /* in the queue of those of them that hold bytes, while holding */
	struct loop *loop;
	struct domain *domain;
	const struct stream_ops *ops;
	void *ctx;
	int fd;
	struct wire *wire; /* NULL: plain */
	stream_ready_cb ready; /* the wire's handshake is not over: nothing but its end is told; then NULL */
	struct watch read_watch;
	struct watch write_watch;
	struct event
	    *ev_wake; /* a timer: what must be told from the loop, or the end of a finishing stream */
	struct buf in;
	struct buf held; /* written in this turn, not yet committed */
	struct buf out;	 /* released, not yet sent */
	size_t in_max;
	size_t out_max;
	size_t high_water;
	enum stream_state state;
	int failed;	  /* why it ended; 0 while it lives */
	unsigned running; /* callbacks of the receiver that are on the stack */
	bool told;	  /* closed() was called */
	bool holding;
	bool paused;
	bool resumed;	       /* deliver what is buffered */
	bool ended;	       /* the peer has closed, which is told once what came before is taken */
	bool writing;	       /* output waits for write_watch */
	bool read_blocked;     /* input waits for write_watch */
	bool write_blocked;    /* output waits for read_watch */
	bool above;	       /* output passed the high-water mark; drained() is owed */
};

static inline void stream_give_back(struct buf *b)
{
	if (buf_len(b) == 0 && b->cap > KEEP_CAP)
		buf_clear(b);
}

/* ---- stream.c ---- */
/* Has what must be told told from the loop. */
void stream_wake_in(struct stream *s, uint64_t in_ms);
/* Output can't go on: it is dropped, and who receives is told from the loop.  What was released before there was too
 * much of it may still leave. */
void stream_fail(struct stream *s, int err);
void stream_update_reading(struct stream *s);

/* ---- stream_output.c ---- */
/* Enters and leaves the queue of those that hold bytes. */
void stream_hold(struct stream *s);
void stream_unhold(struct stream *s);
/* Writes what is released. */
void stream_flush(struct stream *s);
/* Everything is out: says so to the peer, and waits for it to close. */
void stream_linger(struct stream *s);

#endif
