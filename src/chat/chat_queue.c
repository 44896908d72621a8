/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the user sees of the outbox, and takes back.
 *
 * A message may be taken back for as long as no byte of it can have left: until then the peer has nothing to
 * expect, so its absence leaves no gap.  Every client was shown the message as said, hence the line that says
 * that it was not sent is one of the conversation.
 */
#include "chat_impl.h"

#include <string.h>

#include "base/str.h"

#define QUOTED	    1	/* ends a walk: it has found its row */
#define EXCERPT_MAX 200 /* bytes of a message in the line about it */

struct queue_walk {
	int (*cb)(void *ctx, const struct chat_queued_row *r);
	void *ctx;
};

static int walk_row(void *ctx, const struct outbox_row *o)
{
	struct queue_walk *w = ctx;
	struct chat_queued_row r = {.number = o->id,
				    .message_kind = o->message_kind,
				    .minute = o->minute,
				    .may_have_left = o->may_have_left,
				    .text = o->text,
				    .text_len = o->text_len};

	memcpy(r.msgid, o->msgid, sizeof(r.msgid));
	return w->cb(w->ctx, &r);
}

int chat_queue_each(struct chat *c, const struct contact *contact, int64_t after, size_t limit,
		    int (*cb)(void *ctx, const struct chat_queued_row *r), void *ctx)
{
	struct queue_walk w = {.cb = cb, .ctx = ctx};

	return c->broken ? c->broken
			 : store_outbox_each(c->store, contact->row.id, after, limit, walk_row, &w);
}

/* ---- taking back ---- */

/* The message that a line about a cancellation quotes. */
struct quoted {
	bool found;
	struct chat_queued_row row; /* without its text */
	char text[EXCERPT_MAX + sizeof("/me ...")];
};

static void quote(struct quoted *q, const struct chat_queued_row *r)
{
	size_t len = utf8_cut(r->text, r->text_len, EXCERPT_MAX);

	q->found = true;
	q->row = *r;
	q->row.text = NULL;
	q->row.text_len = 0;
	str_fmt(q->text, sizeof(q->text), "%s%.*s%s", r->message_kind == MESSAGE_ACTION ? "/me " : "",
		(int)len, r->text, len < r->text_len ? "..." : "");
}

static int quote_row(void *ctx, const struct chat_queued_row *r)
{
	quote(ctx, r);
	return 0;
}

/* What may have left comes first, so this passes over no more than is on its way at a time. */
static int quote_first_unsent(void *ctx, const struct chat_queued_row *r)
{
	if (r->may_have_left)
		return 0;
	quote(ctx, r);
	return QUOTED;
}

static int say_cancelled(struct chat *c, struct now now, struct chat_peer *p, size_t n,
			 const struct quoted *q)
{
	return conversation_info(c, now, p, "%zu %s to %s cancelled%s: %s", n,
				 n == 1 ? "message" : "messages", p->pub.row.petname,
				 n == 1 ? "" : ", the first", q->text);
}

/* A queue that a cancel has emptied does not drain any more: what was delivered of it is said now. */
static int emptied(struct chat *c, struct now now, struct chat_peer *p)
{
	size_t n = p->delivered;

	p->waiting = false;
	p->delivered = 0;
	return n == 0 ? 0
		      : conversation_info(c, now, p, "%zu %s to %s delivered", n,
					  n == 1 ? "message" : "messages", p->pub.row.petname);
}

static int cancelled_rows(struct chat *c, struct now now, struct chat_peer *p, size_t n,
			  const struct quoted *q)
{
	int err;

	p->pub.queued -= n;
	c->queued -= n;
	err = say_cancelled(c, now, p, n, q);
	if (!err && p->pub.queued == 0)
		err = emptied(c, now, p);
	front_status(c);
	return err;
}

int chat_cancel(struct chat *c, struct now now, struct contact *contact, int64_t number)
{
	struct chat_peer *p = contact->impl;
	struct quoted q = {.found = false};
	int err;

	if (c->broken)
		return c->broken;
	if (number < 1)
		return ERR_NOT_FOUND;
	err = chat_break(c, chat_queue_each(c, contact, number - 1, 1, quote_row, &q));
	if (err)
		return err;
	if (!q.found || q.row.number != number)
		return ERR_NOT_FOUND;
	if (q.row.may_have_left)
		return ERR_WRONG_STATE;
	err = chat_break(c, store_outbox_cancel(c->store, p->pub.row.id, number));
	return err ? err : cancelled_rows(c, now, p, 1, &q);
}

int chat_cancel_all(struct chat *c, struct now now, struct contact *contact, size_t *cancelled,
		    size_t *too_late)
{
	struct chat_peer *p = contact->impl;
	struct quoted q = {.found = false};
	int err;

	*cancelled = *too_late = 0;
	if (c->broken)
		return c->broken;
	err = chat_queue_each(c, contact, 0, SIZE_MAX, quote_first_unsent, &q);
	if (err < 0)
		return chat_break(c, err);
	if (err == QUOTED)
		err = chat_break(c, store_outbox_cancel_all(c->store, p->pub.row.id, cancelled));
	if (!err && *cancelled > 0)
		err = cancelled_rows(c, now, p, *cancelled, &q);
	*too_late = p->pub.queued;
	return err;
}
