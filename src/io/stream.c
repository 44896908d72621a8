/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "io/stream.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "crypto/crypto.h"

#include "loop_private.h"

#define READ_CHUNK 8192	 /* bytes of one read: with the loop's passes, the share of one stream in a turn */
#define KEEP_CAP   16384 /* an emptied output buffer larger than this is given back */

/*
 * OPEN until the receiver closes or finishes it.  FINISHING: nobody receives any more; what was written still
 * goes out.  LINGERING: all of it is sent and our side shut down; what the peer still sends is discarded
 * until it closes too, since closing a socket with unread input would reset it and destroy what is on its
 * way.  DEAD: freed as soon as no callback of it is running.
 */
enum stream_state { STREAM_OPEN, STREAM_FINISHING, STREAM_LINGERING, STREAM_DEAD };

struct stream {
	LIST_ENTRY(stream) link; /* in domain->streams or loop->loose */
	struct loop *loop;
	struct domain *domain;
	const struct stream_ops *ops;
	void *ctx;
	int fd;
	struct event *ev_read;
	struct event *ev_write;
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
	bool paused;
	bool resumed; /* deliver what is buffered */
	bool writing; /* ev_write is set */
	bool above;   /* output passed the high-water mark; drained() is owed */
};

static void on_readable(evutil_socket_t fd, short what, void *arg);
static void on_writable(evutil_socket_t fd, short what, void *arg);
static void on_wake(evutil_socket_t fd, short what, void *arg);

/* ---- life ---- */

static void stream_delete(struct stream *s)
{
	if (s->ev_read != NULL)
		event_free(s->ev_read);
	if (s->ev_write != NULL)
		event_free(s->ev_write);
	if (s->ev_wake != NULL)
		event_free(s->ev_wake);
	buf_clear(&s->in);
	buf_clear(&s->held);
	buf_clear(&s->out);
	if (s->fd >= 0)
		close(s->fd);
	free(s);
}

static void stream_die(struct stream *s)
{
	LIST_REMOVE(s, link);
	if (s->state == STREAM_FINISHING || s->state == STREAM_LINGERING)
		s->loop->n_finishing--;
	s->state = STREAM_DEAD;
	event_del(s->ev_read);
	event_del(s->ev_write);
	event_del(s->ev_wake);
	if (s->running == 0) {
		stream_delete(s);
		return;
	}
	/* The peer learns of it now, the memory goes when the callback returns. */
	if (s->fd >= 0)
		shutdown(s->fd, SHUT_RDWR);
}

struct stream *stream_new(struct loop *loop, int fd, const struct stream_opts *opts,
			  const struct stream_ops *ops, void *ctx)
{
	struct stream *s = calloc(1, sizeof(*s));
	int one = 1;

	if (s == NULL) {
		close(fd);
		return NULL;
	}
	s->loop = loop;
	s->ops = ops;
	s->ctx = ctx;
	s->fd = fd;
	s->in_max = opts->in_max;
	s->out_max = opts->out_max;
	s->high_water = opts->high_water != 0 ? opts->high_water : opts->out_max / 2;
	buf_init(&s->in, s->in_max);
	buf_init(&s->held, s->out_max);
	buf_init(&s->out, s->out_max);
	/* Means nothing to a Unix socket. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	s->ev_read = event_new(loop->base, fd, EV_READ | EV_PERSIST, on_readable, s);
	s->ev_write = event_new(loop->base, fd, EV_WRITE | EV_PERSIST, on_writable, s);
	s->ev_wake = evtimer_new(loop->base, on_wake, s);
	if (s->ev_read == NULL || s->ev_write == NULL || s->ev_wake == NULL ||
	    event_add(s->ev_read, NULL) != 0) {
		stream_delete(s);
		return NULL;
	}
	LIST_INSERT_HEAD(&loop->loose, s, link);
	return s;
}

void stream_set_ops(struct stream *s, const struct stream_ops *ops, void *ctx)
{
	s->ops = ops;
	s->ctx = ctx;
}

static void wake_in(struct stream *s, uint64_t in_ms)
{
	struct timeval tv = {.tv_sec = (time_t)(in_ms / 1000), .tv_usec = (suseconds_t)(in_ms % 1000 * 1000)};

	evtimer_add(s->ev_wake, &tv);
}

/* Output can't go on: it is dropped, and who receives is told from the loop. */
static void stream_fail(struct stream *s, int err)
{
	if (s->failed == 0)
		s->failed = err;
	buf_clear(&s->held);
	buf_clear(&s->out);
	event_del(s->ev_write);
	s->writing = false;
	wake_in(s, 0);
}

void stream_close(struct stream *s)
{
	if (s != NULL && s->state == STREAM_OPEN)
		stream_die(s);
}

int stream_detach(struct stream *s, int *fd)
{
	*fd = -1;
	if (s->state != STREAM_OPEN || s->failed != 0 || stream_pending(s) > 0 || buf_len(&s->in) > 0)
		return ERR_WRONG_STATE;
	*fd = s->fd;
	s->fd = -1;
	stream_die(s);
	return 0;
}

/* ---- input ---- */

static void update_reading(struct stream *s)
{
	bool want = s->state == STREAM_LINGERING ||
		    (s->state == STREAM_OPEN && s->failed == 0 && !s->paused && buf_room(&s->in) > 0);

	if (want)
		event_add(s->ev_read, NULL);
	else
		event_del(s->ev_read);
}

/* Ends a callback of the receiver; false if the stream is not the receiver's any more, and perhaps gone. */
static bool callback_over(struct stream *s)
{
	s->running--;
	if (s->state == STREAM_DEAD && s->running == 0) {
		stream_delete(s);
		return false;
	}
	return s->state == STREAM_OPEN;
}

static bool deliver(struct stream *s)
{
	s->resumed = false;
	s->running++;
	s->ops->data(s->ctx, &s->in);
	return callback_over(s);
}

/* Reads one chunk.  1: bytes came; 0: none now; an error otherwise. */
static int read_chunk(struct stream *s)
{
	uint8_t chunk[READ_CHUNK];
	size_t want = buf_room(&s->in) < sizeof(chunk) ? buf_room(&s->in) : sizeof(chunk);
	ssize_t n;
	int err;

	if (want == 0)
		return 0;
	n = recv(s->fd, chunk, want, MSG_DONTWAIT);
	if (n == 0)
		return ERR_CLOSED;
	if (n < 0) {
		if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)
			return 0;
		return errno == ECONNRESET ? ERR_CLOSED : ERR_IO;
	}
	err = buf_put(&s->in, chunk, (size_t)n);
	crypto_wipe(chunk, (size_t)n);
	return err != 0 ? err : 1;
}

static void tell_closed(struct stream *s)
{
	s->told = true;
	event_del(s->ev_read);
	s->running++;
	s->ops->closed(s->ctx, s->failed);
	callback_over(s);
}

/* Hands over what came before the end, a bounded amount, and then the end. */
static void deliver_end(struct stream *s)
{
	size_t left = s->in_max;
	size_t before;

	while (s->failed == ERR_CLOSED && !s->paused && left > 0) {
		before = buf_len(&s->in);
		if (read_chunk(s) != 1)
			break;
		before = buf_len(&s->in) - before;
		left -= before < left ? before : left;
		if (!deliver(s))
			return;
	}
	tell_closed(s);
}

static void discard_input(struct stream *s)
{
	uint8_t chunk[READ_CHUNK];
	ssize_t n = recv(s->fd, chunk, sizeof(chunk), MSG_DONTWAIT);

	crypto_wipe(chunk, sizeof(chunk));
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR))
		stream_die(s);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct stream *s = arg;
	int err;

	(void)fd;
	(void)what;
	loop_touch(s->loop);
	if (s->state == STREAM_LINGERING) {
		discard_input(s);
		return;
	}
	err = read_chunk(s);
	if (err < 0) {
		/* The peer may have shut down its side only: what is written can still go out, by
		 * stream_finish. */
		if (s->failed == 0)
			s->failed = err;
		evtimer_del(s->ev_wake);
		tell_closed(s);
		return;
	}
	if (err == 1 && !deliver(s))
		return;
	update_reading(s);
}

void stream_pause(struct stream *s, bool paused)
{
	s->paused = paused;
	if (!paused && buf_len(&s->in) > 0) {
		s->resumed = true;
		wake_in(s, 0);
	}
	update_reading(s);
}

/* ---- output ---- */

size_t stream_pending(const struct stream *s)
{
	return buf_len(&s->held) + buf_len(&s->out);
}

bool stream_is_full(const struct stream *s)
{
	return stream_pending(s) > s->high_water;
}

int stream_write(struct stream *s, const void *data, size_t len)
{
	int err;

	if (s->state != STREAM_OPEN || s->failed != 0)
		return ERR_CLOSED;
	if (len > s->out_max - stream_pending(s)) {
		stream_fail(s, ERR_FULL);
		return ERR_FULL;
	}
	err = buf_put(&s->held, data, len);
	if (err != 0) {
		stream_fail(s, err);
		return err;
	}
	if (stream_is_full(s))
		s->above = true;
	loop_hold(s->loop, s->domain);
	return 0;
}

/* Everything is out: says so to the peer, and waits for it to close. */
static void stream_linger(struct stream *s)
{
	if (shutdown(s->fd, SHUT_WR) != 0) {
		wake_in(s, 0);
		return;
	}
	s->state = STREAM_LINGERING;
	update_reading(s);
}

/* What follows when output went away by being sent or dropped. */
static void output_shrank(struct stream *s)
{
	if (s->state == STREAM_FINISHING && stream_pending(s) == 0) {
		stream_linger(s);
		return;
	}
	if (s->state == STREAM_OPEN && s->above && s->failed == 0 && stream_pending(s) <= s->high_water / 2)
		wake_in(s, 0);
}

static void stream_flush(struct stream *s)
{
	ssize_t n = 0;

	while (buf_len(&s->out) > 0) {
		n = send(s->fd, buf_ptr(&s->out), buf_len(&s->out), MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0)
			break;
		buf_consume(&s->out, (size_t)n);
	}
	if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
		stream_fail(s, errno == EPIPE || errno == ECONNRESET ? ERR_CLOSED : ERR_IO);
		return;
	}
	s->writing = buf_len(&s->out) > 0;
	if (s->writing) {
		event_add(s->ev_write, NULL);
	} else {
		event_del(s->ev_write);
		if (s->out.cap > KEEP_CAP)
			buf_clear(&s->out);
	}
	output_shrank(s);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct stream *s = arg;

	(void)fd;
	(void)what;
	loop_touch(s->loop);
	/* Only what earlier turns released; what this turn wrote is in held. */
	stream_flush(s);
}

/* Held bytes become released ones. */
static int take_held(struct stream *s)
{
	struct buf empty;
	int err;

	if (buf_len(&s->out) == 0) {
		empty = s->out;
		s->out = s->held;
		s->held = empty;
		return 0;
	}
	err = buf_put(&s->out, buf_ptr(&s->held), buf_len(&s->held));
	buf_consume(&s->held, buf_len(&s->held));
	return err;
}

void stream_release(struct stream *s)
{
	int err;

	if (buf_len(&s->held) == 0)
		return;
	err = take_held(s);
	if (err != 0)
		stream_fail(s, err);
	else if (!s->writing)
		stream_flush(s);
}

void stream_drop(struct stream *s)
{
	if (buf_len(&s->held) == 0)
		return;
	buf_clear(&s->held);
	output_shrank(s);
}

void stream_finish(struct stream *s, uint64_t timeout_ms)
{
	if (s->state != STREAM_OPEN)
		return;
	if (s->failed != 0 && s->failed != ERR_CLOSED) {
		stream_die(s);
		return;
	}
	s->state = STREAM_FINISHING;
	s->loop->n_finishing++;
	s->ops = NULL;
	s->ctx = NULL;
	buf_clear(&s->in);
	update_reading(s);
	wake_in(s, timeout_ms);
	if (stream_pending(s) == 0)
		stream_linger(s);
}

/* ---- what is told from the loop ---- */

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
	struct stream *s = arg;

	(void)fd;
	(void)what;
	loop_touch(s->loop);
	if (s->state != STREAM_OPEN) {
		stream_die(s);
		return;
	}
	if (s->failed != 0) {
		if (!s->told)
			deliver_end(s);
		return;
	}
	if (s->above && stream_pending(s) <= s->high_water / 2) {
		s->above = false;
		if (s->ops->drained != NULL) {
			s->running++;
			s->ops->drained(s->ctx);
			if (!callback_over(s))
				return;
		}
	}
	if (s->resumed && !s->paused && !deliver(s))
		return;
	update_reading(s);
}

/* ---- domains and the loop ---- */

static void stream_move(struct stream *s, struct domain *d)
{
	LIST_REMOVE(s, link);
	s->domain = d;
	LIST_INSERT_HEAD(d != NULL ? &d->streams : &s->loop->loose, s, link);
}

void stream_set_domain(struct stream *s, struct domain *d)
{
	if (s->state != STREAM_OPEN || s->domain == d)
		return;
	stream_move(s, d);
	if (buf_len(&s->held) == 0)
		return;
	if (d != NULL)
		domain_mark(d);
	else
		s->loop->loose_dirty = true;
}

void stream_orphan(struct stream *s)
{
	stream_move(s, NULL);
	stream_drop(s);
}

struct stream *stream_list_next(struct stream *s)
{
	return LIST_NEXT(s, link);
}

bool stream_reap(struct stream *s)
{
	if (s->state == STREAM_OPEN)
		return false;
	stream_die(s);
	return true;
}
