/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Messages on their way to a contact.
 *
 * The outbox in the store holds, in the order of the conversation, what the peer has not acked.  A message is
 * sealed, and gets its seq, when the chosen link takes it for the first time, which is at once if nothing stands
 * before it: ciphertext, ratchet and seq commit before it leaves.  At most UNACKED_MAX are sealed ahead of the
 * acks.  When another link is chosen, what the other side has not received goes again, the same bytes in the same
 * order.
 */
#include "chat_impl.h"

#include <string.h>

#include "base/str.h"

struct fetched {
	struct outbox_row row;
	uint8_t data[SEALED_BYTES_MAX]; /* what is sealed, or else the text */
	bool found;
};

static int fetch_row(void *ctx, const struct outbox_row *o)
{
	struct fetched *f = ctx;
	const void *data = o->seq ? (const void *)o->sealed : (const void *)o->text;
	size_t len = o->seq ? o->sealed_len : o->text_len;

	if (len > sizeof(f->data))
		return ERR_TOO_LONG;
	f->row = *o;
	if (len)
		memcpy(f->data, data, len);
	f->found = true;
	return 0;
}

/* The text, sealed or not. */
static int fetch_text(void *ctx, const struct outbox_row *o)
{
	struct fetched *f = ctx;

	if (o->text_len > sizeof(f->data))
		return ERR_TOO_LONG;
	f->row = *o;
	if (o->text_len)
		memcpy(f->data, o->text, o->text_len);
	return 0;
}

static int put_message(struct chat *c, struct chat_peer *p, const uint8_t *body, size_t len)
{
	if (flush_put(c, p->chosen, FRAME_MESSAGE, body, len))
		return 0; /* later: next_seq stays */
	links_expect(c, c->now, p->chosen);
	p->next_seq++;
	return 1;
}

/* Kept as any other is: each link resends the same bytes, however many break, and takes no further key. */
static int keep_empty(struct chat *c, struct chat_peer *p, const struct buf *body)
{
	struct outbox_row o = {.contact = p->pub.row.id,
			       .message_kind = STORE_EMPTY,
			       .may_have_left = true,
			       .text = "",
			       .seq = p->next_seq,
			       .sealed = buf_ptr(body),
			       .sealed_len = buf_len(body)};

	rng_fill(c->opts.rng, o.msgid, sizeof(o.msgid));
	return chat_break(c, store_outbox_add(c->store, &o));
}

/* The user took the message away after it may have left: an empty one keeps its place, so that what follows can
 * be opened. */
static int send_empty(struct chat *c, struct chat_peer *p)
{
	struct buf body;
	int err;

	buf_init(&body, SEALED_BYTES_MAX);
	err = epoch_seal(c, p, p->next_seq, NULL, 0, &body);
	if (!err)
		err = keep_empty(c, p, &body);
	if (!err)
		err = put_message(c, p, buf_ptr(&body), buf_len(&body));
	buf_clear(&body);
	return err;
}

/* What was sealed before. */
static int send_again(struct chat *c, struct chat_peer *p)
{
	struct fetched f;
	int err;

	f.found = false;
	err = store_outbox_by_seq(c->store, p->pub.row.id, p->next_seq, fetch_row, &f);
	if (err == ERR_NOT_FOUND)
		return send_empty(c, p);
	return err ? chat_break(c, err) : put_message(c, p, f.data, f.row.sealed_len);
}

static int seal_text(struct chat *c, struct chat_peer *p, const struct outbox_row *row, const void *text,
		     uint64_t seq, struct buf *body)
{
	struct message m = {.minute = row->minute,
			    .kind = (uint8_t)row->message_kind,
			    .text = text,
			    .text_len = row->text_len};
	struct buf plain;
	int err;

	memcpy(m.id, row->msgid, MSGID_BYTES);
	buf_init(&plain, MESSAGE_BYTES_MAX);
	err = chat_break(c, message_encode(&m, &plain));
	if (!err)
		err = epoch_seal(c, p, seq, buf_ptr(&plain), buf_len(&plain), body);
	buf_clear(&plain);
	return err;
}

static int seal(struct chat *c, struct chat_peer *p, const struct outbox_row *row, const uint8_t *text,
		uint64_t seq, struct buf *body)
{
	int err = seal_text(c, p, row, text, seq, body);

	return err ? err
		   : chat_break(c, store_outbox_seal(c->store, row->id, seq, buf_ptr(body), buf_len(body)));
}

/* Here a message takes its place in the session. */
static int send_new(struct chat *c, struct chat_peer *p)
{
	struct fetched f;
	struct buf body;
	int err;

	f.found = false;
	err = chat_break(c,
			 store_outbox_each(c->store, p->pub.row.id, p->sealed_id, 1, fetch_row, &f));
	if (err || !f.found) {
		p->all_sealed = true;
		return err;
	}
	p->sealed_id = f.row.id;
	if (f.row.seq)
		return 1; /* of before the account was opened */
	buf_init(&body, SEALED_BYTES_MAX);
	err = seal(c, p, &f.row, f.data, p->session.sent + 1, &body);
	if (!err) {
		p->session.sent++;
		err = put_message(c, p, buf_ptr(&body), buf_len(&body));
	}
	buf_clear(&body);
	return err;
}

static bool may_seal(const struct chat_peer *p)
{
	return !p->cancel_upto && p->session.sent - p->session.acked < UNACKED_MAX;
}

static int send_next(struct chat *c, struct chat_peer *p)
{
	if (p->next_seq <= p->session.sent)
		return send_again(c, p);
	return p->all_sealed || !may_seal(p) ? 0 : send_new(c, p);
}

int outbox_pump(struct chat *c, struct chat_peer *p)
{
	int more = 1;

	while (more == 1 && p->chosen && p->chosen->sync == SYNC_DONE && !p->chosen->full &&
	       (p->pub.queued || p->n_offers))
		more = send_next(c, p);
	return more < 0 ? more : 0;
}

int outbox_unseal(struct chat *c, struct chat_peer *p)
{
	p->sealed_id = 0;
	p->all_sealed = false;
	return chat_break(c, store_outbox_unseal(c->store, p->pub.row.id));
}

/* ---- acks ---- */

int outbox_drained(struct chat *c, struct now now, struct chat_peer *p)
{
	size_t n = p->delivered;

	if (!p->waiting || p->pub.queued)
		return 0;
	p->waiting = false;
	p->delivered = 0;
	front_status(c);
	return !n ? 0 : conversation_info(c, now, p, "%zu %s to %s delivered", n, n == 1 ? "message" : "messages",
				 p->pub.row.petname);
}

int outbox_acked(struct chat *c, struct now now, struct chat_peer *p, uint64_t through)
{
	size_t n;
	int err;

	if (through <= p->session.acked)
		return 0;
	err = chat_break(c, store_outbox_delete_upto(c->store, p->pub.row.id, through, &n));
	if (err)
		return err;
	p->session.acked = through;
	p->suspicions = 0;
	if (p->next_seq <= through)
		p->next_seq = through + 1;
	p->pub.queued -= n;
	c->queued -= n;
	if (p->waiting)
		p->delivered += n;
	err = epoch_save(c, p);
	if (!err && p->n_offers)
		err = locator_on_acked(c, p);
	return err ? err : outbox_drained(c, now, p);
}

/* Only the chosen link, once both know the session, tells of it: on another one it was said before. */
static bool in_session(const struct chat_link *l, const uint8_t epoch[EPOCH_BYTES])
{
	return l == l->peer->chosen && l->sync == SYNC_DONE &&
	       !memcmp(epoch, l->peer->session.epoch, EPOCH_BYTES);
}

int outbox_on_ack(struct chat *c, struct now now, struct chat_link *l, const uint8_t *body, size_t len)
{
	struct chat_peer *p = l->peer;
	struct seq_of ack;
	int err = seq_decode(body, len, &ack);

	if (err || !in_session(l, ack.epoch))
		return err;
	if (ack.seq > p->session.sent)
		return ERR_PROTOCOL;
	links_answered(c, now, l);
	if (ack.seq < p->session.sent)
		links_expect(c, now, l);
	err = outbox_acked(c, now, p, ack.seq);
	if (!err)
		epoch_confirmed(c, now, p);
	return err;
}

/* What is to be sealed anew.  ERR_NOT_FOUND: nothing but its place. */
static int fetch_unread(struct chat *c, struct chat_peer *p, uint64_t seq, struct fetched *f)
{
	bool left;
	int err = store_outbox_by_seq(c->store, p->pub.row.id, seq, fetch_text, f);

	if (err || f->row.message_kind != STORE_EMPTY)
		return err;
	err = store_outbox_take_back(c->store, p->pub.row.id, 0, f->row.msgid, &left);
	return err ? err : ERR_NOT_FOUND;
}

/* Sealed anew, under the same id and seq; what follows goes again. */
int outbox_on_nack(struct chat *c, struct now now, struct chat_link *l, const uint8_t *body, size_t len)
{
	struct chat_peer *p = l->peer;
	struct fetched f;
	struct seq_of nack;
	struct buf sealed;
	int err = seq_decode(body, len, &nack);

	if (err || !in_session(l, nack.epoch))
		return err;
	if (nack.seq <= p->session.acked || nack.seq > p->session.sent || nack.seq <= l->resealed)
		return ERR_PROTOCOL; /* each is asked for once, in order: what it costs is bounded */
	err = fetch_unread(c, p, nack.seq, &f);
	l->resealed = nack.seq;
	buf_init(&sealed, SEALED_BYTES_MAX);
	if (err == ERR_NOT_FOUND)
		err = 0; /* send_empty, again */
	else if (!chat_break(c, err))
		err = seal(c, p, &f.row, f.data, nack.seq, &sealed);
	buf_clear(&sealed);
	if (!err && p->next_seq > nack.seq)
		p->next_seq = nack.seq;
	if (!err)
		epoch_unread(c, now, p, nack.seq);
	flush_soon(c, l);
	return err;
}

/* ---- the user ---- */

/* Nothing has to reach the contact before its next message: no SYNC, no other message. */
static bool goes_at_once(const struct chat_peer *p)
{
	const struct chat_link *l = p->chosen;

	return l && l->sync == SYNC_DONE && !l->want_sync && !l->full && p->all_sealed &&
	       p->next_seq > p->session.sent && may_seal(p);
}

static int add_row(struct chat *c, struct chat_peer *p, struct outbox_row *o)
{
	int err = chat_break(c, store_outbox_add(c->store, o));

	if (err)
		return err;
	p->pub.queued++;
	c->queued++;
	return 0;
}

/* Into the store as it is sent: to write the row first and rewrite it when the turn ends costs as much again. */
static int send_at_once(struct chat *c, struct chat_peer *p, struct outbox_row *o)
{
	struct buf body;
	int err;

	buf_init(&body, SEALED_BYTES_MAX);
	err = seal_text(c, p, o, o->text, p->session.sent + 1, &body);
	if (!err) {
		o->may_have_left = true;
		o->seq = ++p->session.sent;
		o->sealed = buf_ptr(&body);
		o->sealed_len = buf_len(&body);
		err = add_row(c, p, o);
	}
	if (!err) {
		p->sealed_id = o->id;
		put_message(c, p, buf_ptr(&body), buf_len(&body));
	}
	buf_clear(&body);
	if (!err && p->ack == ACK_OWED)
		ack_now(c, p); /* in the same record, if there is room */
	return err;
}

static int enqueue(struct chat *c, struct chat_peer *p, struct outbox_row *o)
{
	if (goes_at_once(p))
		return send_at_once(c, p, o);
	p->all_sealed = false;
	return add_row(c, p, o);
}

static void enqueued(struct chat *c, struct now now, struct chat_peer *p)
{
	if (p->chosen)
		flush_soon(c, p->chosen);
	else
		dial_for_message(c, now, p);
	if (p->pub.presence == PRESENCE_OFFLINE) {
		p->waiting = true;
		front_status(c);
	}
}

int outbox_put(struct chat *c, struct now now, struct chat_peer *p, const struct line_row *l, int wire_kind,
	       const void *text, size_t len)
{
	/* What is taken back stays so: only what can't have left can be cancelled. */
	struct outbox_row o = {.contact = p->pub.row.id,
			       .message_kind = wire_kind,
			       .minute = l->minute,
			       .line = l->id,
			       .may_have_left = l->message_kind == LINE_REDACT,
			       .text = text,
			       .text_len = len};
	int err;

	memcpy(o.msgid, l->msgid, MSGID_BYTES);
	err = enqueue(c, p, &o);
	if (!err)
		enqueued(c, now, p);
	return err;
}

int outbox_take_back(struct chat *c, struct now now, struct chat_peer *p, int64_t line,
		     const uint8_t msgid[MSGID_BYTES], bool *told)
{
	int err = store_outbox_take_back(c->store, p->pub.row.id, line, msgid, told);
	bool done_with = false;

	if (err == ERR_NOT_FOUND) {
		err = chat_break(c, store_seen_has(c->store, p->pub.row.id, msgid, &done_with));
		*told = !done_with; /* it has arrived; or else it was cancelled */
		return err;
	}
	return chat_break(c, err) ? err : queue_count_off(c, now, p, 1);
}

size_t chat_queued(const struct chat *c)
{
	return c->queued;
}
