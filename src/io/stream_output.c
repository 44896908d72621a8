/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a stream has to send: held until the end of the turn, then released and written. */
#include <sys/socket.h>

#include "base/err.h"

#include "stream_private.h"

/* ---- the queue of those that hold bytes ---- */

static struct stream_queue *holding_queue(struct stream *s)
{
	return s->domain != NULL ? &s->domain->holding : &s->loop->holding;
}

void stream_hold(struct stream *s)
{
	if (!s->holding)
		TAILQ_INSERT_TAIL(holding_queue(s), s, holding_link);
	s->holding = true;
}

void stream_unhold(struct stream *s)
{
	if (s->holding)
		TAILQ_REMOVE(holding_queue(s), s, holding_link);
	s->holding = false;
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
	bool parting = s->failed == ERR_FULL && s->told;
	size_t max = s->out_max + (parting ? PARTING_MAX : 0);
	int err;

	if (s->state != STREAM_OPEN || (s->failed != 0 && !parting))
		return ERR_CLOSED;
	if (len > max - stream_pending(s)) {
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
	stream_hold(s);
	loop_hold(s->domain);
	return 0;
}

void stream_linger(struct stream *s)
{
	if (wire_shut(s->wire) == WIRE_WANT_WRITE) {
		s->writing = true;
		watch_set(&s->write_watch, true);
		return;
	}
	if (shutdown(s->fd, SHUT_WR) != 0) {
		stream_wake_in(s, 0);
		return;
	}
	s->state = STREAM_LINGERING;
	watch_set(&s->write_watch, false);
	stream_update_reading(s);
}

/* What follows when output went away by being sent or dropped. */
static void output_shrank(struct stream *s)
{
	if (s->state == STREAM_FINISHING && stream_pending(s) == 0 && !s->writing) {
		stream_linger(s);
		return;
	}
	if (s->state == STREAM_OPEN && s->above && s->failed == 0 && stream_pending(s) <= s->high_water / 2)
		stream_wake_in(s, 0);
}

void stream_flush(struct stream *s)
{
	size_t n;
	int r;

	do {
		r = wire_write(s->wire, s->fd, buf_ptr(&s->out), buf_len(&s->out), &n);
		buf_consume(&s->out, n);
	} while (r == WIRE_READY && n > 0 && buf_len(&s->out) > 0);
	if (r < 0) {
		stream_fail(s, r);
		return;
	}
	s->writing = r == WIRE_WANT_WRITE;
	s->write_blocked = r == WIRE_WANT_READ;
	watch_set(&s->write_watch, s->writing || s->read_blocked);
	stream_give_back(&s->out);
	output_shrank(s);
}

/* ---- the end of a turn ---- */

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

	stream_unhold(s);
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
	stream_unhold(s);
	if (buf_len(&s->held) == 0)
		return;
	buf_clear(&s->held);
	output_shrank(s);
}
