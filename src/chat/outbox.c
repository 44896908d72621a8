/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Messages on their way to a contact.
 *
 * The outbox in the store holds, in the order of the conversation, what the peer has not acked.  The chosen
 * link carries it from the first row on, at most FLIGHT_MAX ahead of the acks.  When another link is chosen
 * it starts again at the first row, so that on every link a message is preceded by all before it that were
 * not acked; hence the receiver, which drops what it has seen, gets the conversation's order whatever links
 * and crashes lie between.
 */
#include "chat_impl.h"

#include <string.h>

#include "base/str.h"

struct fetched {
	struct outbox_row row;
	char text[TEXT_MAX + 1];
	bool found;
};

void outbox_use(struct chat_peer *p, struct chat_link *l)
{
	p->chosen = l;
	p->n_flight = 0;
	p->sent_upto = 0;
}

static int fetch_row(void *ctx, const struct outbox_row *o)
{
	struct fetched *f = ctx;

	if (o->text_len > TEXT_MAX)
		return ERR_TOO_LONG;
	f->row = *o;
	memcpy(f->text, o->text, o->text_len);
	f->row.text = f->text;
	f->found = true;
	return 0;
}

/*
 * Transmission.  (Here a message takes its place in the ratchet: ciphertext, ratchet state and the mark
 * commit together.)  The net holds the frame until the turn's commit, which holds the mark.  1: sent, 0: the
 * link takes no more.
 */
static int transmit(struct chat *c, struct chat_peer *p, const struct outbox_row *row)
{
	struct message m = {.minute = row->minute,
			    .kind = (uint8_t)row->message_kind,
			    .text = row->text,
			    .text_len = row->text_len};
	struct flight *f = &p->flight[p->n_flight];
	struct buf body;
	int err;

	buf_init(&body, FRAME_BODY_MAX);
	memcpy(m.id, row->msgid, MSGID_BYTES);
	err = message_encode(&m, &body);
	if (!err && flush_put(c, p->chosen, FRAME_MESSAGE, buf_ptr(&body), buf_len(&body))) {
		buf_clear(&body);
		return 0;
	}
	buf_clear(&body);
	if (!err && !row->may_have_left)
		err = store_outbox_mark_left(c->store, row->id);
	if (err)
		return chat_break(c, err);
	f->outbox_id = row->id;
	memcpy(f->msgid, row->msgid, MSGID_BYTES);
	p->n_flight++;
	p->sent_upto = row->id;
	return 1;
}

int outbox_pump(struct chat *c, struct chat_peer *p)
{
	int more = 1;

	while (more == 1 && p->chosen && !p->chosen->full && p->n_flight < FLIGHT_MAX &&
	       p->pub.queued > p->n_flight) {
		struct fetched f;

		f.found = false;
		more =
		    chat_break(c, store_outbox_each(c->store, p->pub.row.id, p->sent_upto, 1, fetch_row, &f));
		if (!more && f.found)
			more = transmit(c, p, &f.row);
	}
	return more < 0 ? more : 0;
}

/* ---- acks ---- */

static void flight_remove(struct chat_peer *p, const uint8_t msgid[MSGID_BYTES])
{
	size_t i;

	for (i = 0; i < p->n_flight; i++) {
		if (!memcmp(p->flight[i].msgid, msgid, MSGID_BYTES)) {
			memmove(&p->flight[i], &p->flight[i + 1],
				(p->n_flight - i - 1) * sizeof(p->flight[0]));
			p->n_flight--;
			return;
		}
	}
}

static int acked(struct chat *c, struct chat_peer *p, const uint8_t msgid[MSGID_BYTES])
{
	int err = store_outbox_delete(c->store, p->pub.row.id, msgid);

	if (err == ERR_NOT_FOUND)
		return 0; /* acked before, on another link */
	if (err)
		return chat_break(c, err);
	flight_remove(p, msgid);
	p->pub.queued--;
	c->queued--;
	if (p->waiting)
		p->delivered++;
	return 0;
}

/* The user was told that messages wait; now they don't. */
static int drained(struct chat *c, struct now now, struct chat_peer *p)
{
	size_t n = p->delivered;

	if (!p->waiting || p->pub.queued)
		return 0;
	p->waiting = false;
	p->delivered = 0;
	front_status(c);
	return conversation_info(c, now, p, "%zu %s to %s delivered", n, n == 1 ? "message" : "messages",
				 p->pub.row.petname);
}

int outbox_on_ack(struct chat *c, struct now now, struct chat_peer *p, const uint8_t *body, size_t len)
{
	const uint8_t(*ids)[MSGID_BYTES];
	size_t n, i;
	int err = ack_decode(body, len, &ids, &n);

	for (i = 0; !err && i < n; i++)
		err = acked(c, p, ids[i]);
	if (err)
		return err;
	if (p->chosen)
		flush_soon(c, p->chosen);
	return drained(c, now, p);
}

/* ---- the user ---- */

/* What is accepted must be what can be sent. */
static int message_check(enum message_kind kind, const char *text, size_t len)
{
	struct message m = {.kind = (uint8_t)kind, .text = text, .text_len = len};
	struct buf body;
	int err;

	buf_init(&body, FRAME_BODY_MAX);
	err = message_encode(&m, &body);
	buf_clear(&body);
	return err;
}

static void line_fill(struct line_row *l, struct now now, enum message_kind kind, const char *text,
		      size_t len, const char *client)
{
	memset(l, 0, sizeof(*l));
	l->kind = LINE_OUT;
	l->message_kind = (int)kind;
	l->minute = (uint32_t)(now.real_ms / 60000);
	l->text = text;
	l->text_len = len;
	str_copy(l->client, sizeof(l->client), client ? client : "");
}

static int enqueue(struct chat *c, struct chat_peer *p, const struct line_row *l)
{
	struct outbox_row o = {.contact = p->pub.row.id,
			       .message_kind = l->message_kind,
			       .minute = l->minute,
			       .text = l->text,
			       .text_len = l->text_len};
	int err;

	memcpy(o.msgid, l->msgid, MSGID_BYTES);
	err = chat_break(c, store_outbox_add(c->store, &o));
	if (err)
		return err;
	p->pub.queued++;
	c->queued++;
	return 0;
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

int chat_send(struct chat *c, struct now now, struct contact *contact, enum message_kind kind,
	      const char *text, size_t len, const char *client, uint8_t msgid[MSGID_BYTES])
{
	struct chat_peer *p = contact->impl;
	struct line_row l;
	int err;

	if (c->broken)
		return c->broken;
	err = message_check(kind, text, len);
	if (err)
		return err;
	line_fill(&l, now, kind, text, len, client);
	rng_fill(c->opts.rng, l.msgid, MSGID_BYTES);
	if (msgid)
		memcpy(msgid, l.msgid, MSGID_BYTES);
	err = enqueue(c, p, &l);
	if (!err)
		err = conversation_add(c, now, p, &l);
	if (err)
		return err;
	p->pub.active_ms = now.real_ms;
	enqueued(c, now, p);
	return 0;
}

int chat_note(struct chat *c, struct now now, enum message_kind kind, const char *text, size_t len,
	      const char *client)
{
	struct line_row l;
	int err;

	if (c->broken)
		return c->broken;
	err = message_check(kind, text, len);
	if (err)
		return err;
	line_fill(&l, now, kind, text, len, client);
	rng_fill(c->opts.rng, l.msgid, MSGID_BYTES);
	return conversation_add(c, now, NULL, &l);
}

size_t chat_queued(const struct chat *c)
{
	return c->queued;
}
