/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "io/stream.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "crypto/crypto.h"

#include "stream_private.h"

#define READ_CHUNK 8192	 /* bytes of one read: with the loop's passes, the share of one stream in a turn */
#define PARTING_MS 2000	 /* for a peer to read why it was closed */

static void on_readable(evutil_socket_t fd, short what, void *arg);
static void on_writable(evutil_socket_t fd, short what, void *arg);
static void on_wake(evutil_socket_t fd, short what, void *arg);
static void stream_leave(struct stream *s, uint64_t timeout_ms);

/* ---- life ---- */

static void stream_delete(struct stream *s)
{
	if (s->read_watch.ev != NULL)
		event_free(s->read_watch.ev);
	if (s->write_watch.ev != NULL)
		event_free(s->write_watch.ev);
	if (s->ev_wake != NULL)
		event_free(s->ev_wake);
	buf_clear(&s->in);
	buf_clear(&s->held);
	buf_clear(&s->out);
	wire_free(s->wire);
	if (s->fd >= 0)
		close(s->fd);
	free(s);
}

static void stream_die(struct stream *s)
{
	LIST_REMOVE(s, link);
	stream_unhold(s);
	if (s->state == STREAM_FINISHING || s->state == STREAM_LINGERING)
		s->loop->n_finishing--;
	s->state = STREAM_DEAD;
	watch_set(&s->read_watch, false);
	watch_set(&s->write_watch, false);
	event_del(s->ev_wake);
	/* The peer has ended in order, and so do we; else what was dropped shall look cut off. */
	if (s->failed == ERR_CLOSED && s->fd >= 0 && stream_pending(s) == 0)
		(void)wire_shut(s->wire);
	if (s->running == 0) {
		stream_delete(s);
		return;
	}
	/* The peer learns of it now, the memory goes when the callback returns. */
	if (s->fd >= 0)
		shutdown(s->fd, SHUT_RDWR);
}

struct stream *stream_new_wired(struct loop *loop, int fd, struct wire *wire, const struct stream_opts *opts,
				const struct stream_ops *ops, stream_ready_cb ready, void *ctx)
{
	struct stream *s = calloc(1, sizeof(*s));
	int one = 1;

	if (s == NULL) {
		wire_free(wire);
		close(fd);
		return NULL;
	}
	s->wire = wire;
	s->ready = ready;
	s->loop = loop;
	s->ops = ops;
	s->ctx = ctx;
	s->fd = fd;
	s->in_max = opts->in_max;
	s->out_max = opts->out_max;
	s->high_water = opts->high_water != 0 ? opts->high_water : opts->out_max / 2;
	buf_init(&s->in, s->in_max);
	buf_init(&s->held, s->out_max + PARTING_MAX);
	buf_init(&s->out, s->out_max + PARTING_MAX);
	/* Means nothing to a Unix socket. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	s->read_watch.ev = event_new(loop->base, fd, EV_READ | EV_PERSIST, on_readable, s);
	s->write_watch.ev = event_new(loop->base, fd, EV_WRITE | EV_PERSIST, on_writable, s);
	s->ev_wake = evtimer_new(loop->base, on_wake, s);
	if (s->read_watch.ev == NULL || s->write_watch.ev == NULL || s->ev_wake == NULL ||
	    watch_set(&s->read_watch, true) != 0) {
		stream_delete(s);
		return NULL;
	}
	LIST_INSERT_HEAD(&loop->loose, s, link);
	return s;
}

struct stream *stream_new(struct loop *loop, int fd, const struct stream_opts *opts,
			  const struct stream_ops *ops, void *ctx)
{
	return stream_new_wired(loop, fd, NULL, opts, ops, NULL, ctx);
}

void stream_set_ops(struct stream *s, const struct stream_ops *ops, void *ctx)
{
	s->ops = ops;
	s->ctx = ctx;
}

void stream_set_high_water(struct stream *s, size_t high_water)
{
	s->high_water = high_water;
	if (stream_is_full(s))
		s->above = true;
}

void stream_wake_in(struct stream *s, uint64_t in_ms)
{
	struct timeval tv = {.tv_sec = (time_t)(in_ms / 1000), .tv_usec = (suseconds_t)(in_ms % 1000 * 1000)};

	evtimer_add(s->ev_wake, &tv);
}

void stream_fail(struct stream *s, int err)
{
	if (s->failed == 0)
		s->failed = err;
	buf_clear(&s->held);
	if (err != ERR_FULL) {
		buf_clear(&s->out);
		watch_set(&s->write_watch, false);
		s->writing = false;
	}
	stream_wake_in(s, 0);
}

void stream_close(struct stream *s)
{
	if (s == NULL || s->state != STREAM_OPEN)
		return;
	if (s->wire == NULL || (s->failed != ERR_IO && s->failed != ERR_PROTOCOL)) {
		stream_die(s);
		return;
	}
	/* The wire has told the peer why: that arrives only if the socket is not reset by input which nobody
	 * reads. */
	stream_fail(s, s->failed);
	stream_leave(s, PARTING_MS);
}

int stream_detach(struct stream *s, int *fd)
{
	*fd = -1;
	if (s->state != STREAM_OPEN || s->failed != 0 || stream_pending(s) > 0 || buf_len(&s->in) > 0 ||
	    s->wire != NULL)
		return ERR_WRONG_STATE;
	*fd = s->fd;
	s->fd = -1;
	stream_die(s);
	return 0;
}

/* ---- input ---- */

void stream_update_reading(struct stream *s)
{
	bool open = s->state == STREAM_OPEN && s->failed == 0 && !s->ended && !s->read_blocked;
	bool content = open && s->ready == NULL && !s->paused && buf_room(&s->in) > 0;

	watch_set(&s->read_watch, s->state == STREAM_LINGERING || (open && s->ready != NULL) || content);
	if (content && wire_has_input(s->wire))
		event_active(s->read_watch.ev, EV_READ, 0);
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
	if (!callback_over(s))
		return false;
	stream_give_back(&s->in);
	return true;
}

/* Reads one chunk.  WIRE_READY: bytes came; else what it waits for, or an error. */
static int read_chunk(struct stream *s)
{
	uint8_t chunk[READ_CHUNK];
	size_t want = buf_room(&s->in) < sizeof(chunk) ? buf_room(&s->in) : sizeof(chunk);
	size_t n;
	int r;

	if (want == 0)
		return WIRE_WANT_READ;
	r = wire_read(s->wire, s->fd, chunk, want, &n);
	if (r != WIRE_READY)
		return r;
	r = buf_put(&s->in, chunk, n);
	crypto_wipe(chunk, n);
	return r;
}

static void tell_closed(struct stream *s)
{
	s->told = true;
	watch_set(&s->read_watch, false);
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
		if (read_chunk(s) != WIRE_READY)
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

static void stream_shake(struct stream *s)
{
	int r = s->wire->ops->shake(s->wire);
	stream_ready_cb ready;

	if (r < 0) {
		s->failed = r;
		tell_closed(s);
		return;
	}
	s->read_blocked = r == WIRE_WANT_WRITE;
	watch_set(&s->write_watch, s->read_blocked);
	if (r == WIRE_READY) {
		ready = s->ready;
		s->ready = NULL;
		s->running++;
		ready(s->ctx);
		if (!callback_over(s))
			return;
	}
	stream_update_reading(s);
}

/* The peer has closed.  What it said before is still answered, if the receiver only wants to take it later. */
static void end_input(struct stream *s)
{
	s->ended = true;
	if (buf_len(&s->in) > 0 && (s->paused || s->resumed)) {
		stream_update_reading(s);
		return;
	}
	if (s->failed == 0)
		s->failed = ERR_CLOSED;
	evtimer_del(s->ev_wake);
	tell_closed(s);
}

static void stream_input(struct stream *s)
{
	int r;

	if (s->ready != NULL) {
		stream_shake(s);
		return;
	}
	r = read_chunk(s);
	if (r == ERR_CLOSED) {
		end_input(s);
		return;
	}
	if (r < 0) {
		/* The peer may have shut down its side only: what is written can still go out, by
		 * stream_finish. */
		if (s->failed == 0)
			s->failed = r;
		evtimer_del(s->ev_wake);
		tell_closed(s);
		return;
	}
	s->read_blocked = r == WIRE_WANT_WRITE;
	if (s->read_blocked || s->write_blocked || (wire_has_output(s->wire) && !s->writing))
		stream_flush(s);
	if (r == WIRE_READY && !deliver(s))
		return;
	stream_update_reading(s);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct stream *s = arg;

	(void)fd;
	(void)what;
	loop_touch(s->loop);
	if (s->state == STREAM_LINGERING)
		discard_input(s);
	else
		stream_input(s);
}

void stream_pause(struct stream *s, bool paused)
{
	s->paused = paused;
	if (!paused && buf_len(&s->in) > 0) {
		s->resumed = true;
		stream_wake_in(s, 0);
	}
	stream_update_reading(s);
}

/* ---- output (stream_output.c) ---- */

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct stream *s = arg;
	bool blocked = s->read_blocked;

	(void)fd;
	(void)what;
	loop_touch(s->loop);
	/* Only what earlier turns released; what this turn wrote is in held. */
	s->read_blocked = false;
	if (s->ready == NULL)
		stream_flush(s);
	if (s->state != STREAM_OPEN || s->failed != 0 || !blocked)
		return;
	if (s->paused)
		stream_update_reading(s);
	else
		stream_input(s);
}

static void stream_leave(struct stream *s, uint64_t timeout_ms)
{
	s->state = STREAM_FINISHING;
	s->loop->n_finishing++;
	s->ops = NULL;
	s->ctx = NULL;
	buf_clear(&s->in);
	stream_update_reading(s);
	stream_wake_in(s, timeout_ms);
	if (stream_pending(s) == 0 && !s->writing)
		stream_linger(s);
}

void stream_finish(struct stream *s, uint64_t timeout_ms)
{
	if (s->state != STREAM_OPEN)
		return;
	if ((s->failed != 0 && s->failed != ERR_CLOSED && s->failed != ERR_FULL) || s->ready != NULL)
		stream_die(s);
	else
		stream_leave(s, timeout_ms);
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
	if (s->ended)
		end_input(s);
	else
		stream_update_reading(s);
}

/* ---- domains and the loop ---- */

static void stream_move(struct stream *s, struct domain *d)
{
	bool holding = s->holding;

	LIST_REMOVE(s, link);
	stream_unhold(s);
	s->domain = d;
	LIST_INSERT_HEAD(d != NULL ? &d->streams : &s->loop->loose, s, link);
	if (holding)
		stream_hold(s);
}

void stream_set_domain(struct stream *s, struct domain *d)
{
	if (s->state != STREAM_OPEN || s->domain == d)
		return;
	stream_move(s, d);
	if (s->holding && d != NULL)
		domain_mark(d);
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

const struct wire *stream_wire(const struct stream *s)
{
	return s->wire;
}

int stream_fd(const struct stream *s)
{
	return s->fd;
}
