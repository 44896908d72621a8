/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What goes out on a link: noted as it comes up, sent when the turn ends, in the order in which it must be
 * read. */
#include "chat_impl.h"

#include <string.h>

int flush_put(struct chat *c, struct chat_link *l, uint8_t type, const void *body, size_t len)
{
	int err = l->full ? ERR_FULL : net_call(c, send, l->id, type, body, len);

	if (err)
		l->full = true;
	return err;
}

void flush_soon(struct chat *c, struct chat_link *l)
{
	if (l->flushing || l->full)
		return;
	l->flushing = true;
	TAILQ_INSERT_TAIL(&c->flushes, l, of_flush);
}

static int put_encoded(struct chat *c, struct chat_link *l, uint8_t type, int err, struct buf *body)
{
	if (!err)
		err = flush_put(c, l, type, buf_ptr(body), buf_len(body));
	buf_clear(body);
	return err;
}

static int put_profile(struct chat *c, struct chat_link *l)
{
	struct profile pr = {.away = c->away};
	struct buf body;

	buf_init(&body, FRAME_BODY_MAX);
	memcpy(pr.identity, c->identity, KEY_BYTES);
	memcpy(pr.nick, c->nick, sizeof(c->nick));
	if (c->away)
		memcpy(pr.away_text, c->away_text, sizeof(c->away_text));
	return put_encoded(c, l, FRAME_PROFILE, profile_encode(&pr, &body), &body);
}

static int put_token(struct chat *c, struct chat_link *l, uint8_t type, uint64_t token)
{
	struct buf body;

	buf_init(&body, FRAME_BODY_MAX);
	return put_encoded(c, l, type, ping_encode(token, &body), &body);
}

static int put_seq(struct chat *c, struct chat_link *l, uint8_t type, uint64_t seq)
{
	struct seq_of a = {.seq = seq};
	struct buf body;

	buf_init(&body, FRAME_BODY_MAX);
	memcpy(a.epoch, l->peer->session.epoch, EPOCH_BYTES);
	return put_encoded(c, l, type, seq_encode(&a, &body), &body);
}

static int put_sync(struct chat *c, struct chat_link *l)
{
	struct buf body;

	buf_init(&body, FRAME_BODY_MAX);
	return put_encoded(c, l, FRAME_SYNC, sync_encode(&l->mine, &body), &body);
}

/* ---- acks ---- */

void ack_now(struct chat *c, struct chat_peer *p)
{
	p->ack = ACK_DUE;
	timers_cancel(&c->timers, &p->ack_timer);
	if (p->chosen)
		flush_soon(c, p->chosen);
}

/*
 * An answer of the user often follows at once, and the ack rides with it.  A record of its own just ahead of the
 * answer's would delay that: on its way between relays the second of two small writes waits until the first
 * is acknowledged.
 */
void ack_soon(struct chat *c, struct now now, struct chat_peer *p)
{
	if (!c->opts.ack_ms || p->session.received - p->ack_sent >= ACK_EVERY) {
		ack_now(c, p);
	} else if (p->ack == ACK_NONE) {
		p->ack = ACK_OWED;
		timers_set(&c->timers, &p->ack_timer, now.mono_ms + c->opts.ack_ms);
	}
}

void ack_none(struct chat *c, struct chat_peer *p)
{
	p->ack = ACK_NONE;
	p->ack_sent = p->session.received;
	timers_cancel(&c->timers, &p->ack_timer);
}

static void ack_fire(struct chat *c, struct now now, void *owner)
{
	(void)now;
	ack_now(c, owner);
}

void ack_init(struct chat_peer *p)
{
	p->ack_timer.fire = ack_fire;
	p->ack_timer.owner = p;
}

static int put_ack(struct chat *c, struct chat_link *l)
{
	struct chat_peer *p = l->peer;
	int err = put_seq(c, l, FRAME_ACK, p->session.received);

	if (!err)
		ack_none(c, p);
	return err;
}

/* What belongs to the session of the link that is used. */
static int put_session(struct chat *c, struct chat_link *l)
{
	struct chat_peer *p = l->peer;
	int err;

	if (l->want_use && (err = put_token(c, l, FRAME_USE, l->mine.token)))
		return err;
	l->want_use = false;
	if (l->want_sync && (err = put_sync(c, l)))
		return err;
	l->want_sync = false;
	if (l != p->chosen || l->sync != SYNC_DONE)
		return 0;
	if (buf_len(&l->first) &&
	    (err = flush_put(c, l, FRAME_MESSAGE, buf_ptr(&l->first), buf_len(&l->first))))
		return err;
	buf_clear(&l->first);
	if (p->ack == ACK_DUE && (err = put_ack(c, l)))
		return err;
	if (l->want_nack && (err = put_seq(c, l, FRAME_NACK, l->nacked)))
		return err;
	l->want_nack = false;
	return 0;
}

/* Sends what is wanted, in the order in which the other side must read it: who we are, which link is used,
 * then the rest. */
static int put_wanted(struct chat *c, struct chat_link *l)
{
	int err = l->want_profile ? put_profile(c, l) : 0;

	if (err)
		return err;
	l->want_profile = false;
	if (l->want_pong && (err = put_token(c, l, FRAME_PONG, l->pong_token)))
		return err;
	l->want_pong = false;
	if (l->want_ping && (err = put_token(c, l, FRAME_PING, l->ping_token)))
		return err;
	l->want_ping = false;
	return l->peer && !l->by_identity ? put_session(c, l) : 0;
}

static void pump(struct chat *c, struct chat_link *l)
{
	struct chat_peer *p = l->peer;
	uint64_t next;

	/* A link that is full, or broken, gets the rest later, or never. */
	if (put_wanted(c, l) || !p || p->chosen != l)
		return;
	next = p->next_seq;
	/* In the same record, if there is room. */
	if (!outbox_pump(c, p) && p->next_seq != next && p->ack == ACK_OWED)
		put_ack(c, l);
}

void flush_all(struct chat *c)
{
	struct chat_link *l;

	while ((l = TAILQ_FIRST(&c->flushes))) {
		TAILQ_REMOVE(&c->flushes, l, of_flush);
		l->flushing = false;
		pump(c, l);
	}
}

void chat_on_writable(struct chat *c, struct now now, link_id link)
{
	struct chat_link *l = links_find(c, link);

	if (!l || c->broken)
		return;
	c->now = now;
	l->full = false;
	flush_soon(c, l);
}

void flush_ping(struct chat *c, struct chat_link *l)
{
	if (!l->want_ping)
		rng_fill(c->opts.rng, &l->ping_token, sizeof(l->ping_token));
	l->want_ping = true;
	flush_soon(c, l);
}

/* Says why, after what is owed: acks. */
void flush_close(struct chat *c, struct chat_link *l, enum close_reason reason)
{
	struct buf body;

	if (l->peer && l->peer->chosen == l && l->peer->ack == ACK_OWED)
		l->peer->ack = ACK_DUE;
	buf_init(&body, FRAME_BODY_MAX);
	put_wanted(c, l);
	/* Also on a link that is full. */
	if (!close_encode(reason, &body))
		net_call(c, send, l->id, FRAME_CLOSE, buf_ptr(&body), buf_len(&body));
	buf_clear(&body);
	net_call(c, close, l->id);
}
