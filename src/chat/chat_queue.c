/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the user sees of the outbox, and takes back.
 *
 * A message may be taken back for as long as no byte of it can have left: until then the peer has nothing to
 * expect, so its absence leaves no gap.  Every client was shown the message as said, hence the line that says
 * that it was not sent is one of the conversation.
 */
#include "chat_impl.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

#define QUOTED	    1	/* ends a walk: it has found its row */
#define EXCERPT_MAX 200 /* bytes of a message in the line about it */
#define SLICE	    250 /* messages that are cancelled in one turn */
#define META_CANCEL "cancel-" /* and the contact's id: what goes on */

struct queue_walk {
	int (*cb)(void *ctx, const struct chat_queued_row *r);
	void *ctx;
	int64_t last;
	size_t read, shown;
};

static int walk_row(void *ctx, const struct outbox_row *o)
{
	struct queue_walk *w = ctx;
	struct chat_queued_row r = {.number = o->id, .minute = o->minute, .may_have_left = o->may_have_left};
	struct line_row l = {.message_kind = o->message_kind, .text = o->text, .text_len = o->text_len};

	w->read++;
	w->last = o->id;
	if (o->message_kind >= MESSAGE_CONTROL)
		return 0; /* not the user's */
	w->shown++;
	if (o->message_kind == MESSAGE_RICH && rich_to_line(o->text, o->text_len, &l))
		return ERR_INVALID; /* a damaged database */
	r.message_kind = l.message_kind;
	r.text = l.text;
	r.text_len = l.text_len;
	memcpy(r.msgid, o->msgid, sizeof(r.msgid));
	return w->cb(w->ctx, &r);
}

int chat_queue_each(struct chat *c, const struct contact *contact, int64_t after, size_t limit,
		    int (*cb)(void *ctx, const struct chat_queued_row *r), void *ctx)
{
	struct queue_walk w = {.cb = cb, .ctx = ctx, .last = after};
	size_t asked;
	int err = c->broken;

	if (contact->impl->clearing) /* nothing waits any more: block.c */
		return err;
	do {
		asked = limit - w.shown;
		w.read = 0;
		if (!err)
			err = store_outbox_each(c->store, contact->row.id, w.last, asked, walk_row, &w);
	} while (!err && w.read == asked && w.shown < limit);
	return err;
}

/* ---- taking back ---- */

/* The message that a line about a cancellation quotes. */
struct quoted {
	bool found;
	size_t before;		    /* how many that can't be cancelled come before it */
	struct chat_queued_row row; /* without its text */
	char text[EXCERPT_MAX + CHAT_QUOTE_BEFORE + sizeof("...")];
};

static void quote(struct quoted *q, const struct chat_queued_row *r)
{
	size_t len = utf8_cut(r->text, r->text_len, EXCERPT_MAX);

	q->found = true;
	q->row = *r;
	q->row.text = NULL;
	q->row.text_len = 0;
	str_fmt(q->text, sizeof(q->text), "%s%.*s%s", chat_quote_before(r->message_kind), (int)len, r->text,
		len < r->text_len ? "..." : "");
	chat_quote_one_line(q->text);
}

const char *chat_quote_before(int message_kind)
{
	switch (message_kind) {
	case MESSAGE_ACTION:
		return "/me ";
	case LINE_REACT:
		return "(reaction) ";
	case LINE_UNREACT:
		return "(reaction undone) ";
	case LINE_REDACT:
		return "(a message taken back) ";
	}
	return "";
}

void chat_quote_one_line(char *text)
{
	for (; (text = strchr(text, '\n')); text++)
		*text = ' ';
}

static int quote_row(void *ctx, const struct chat_queued_row *r)
{
	quote(ctx, r);
	return 0;
}

/* What may have left comes before what has not, so this passes over no more than is on its way at a time, and what
 * the user took back before that. */
static int quote_first_unsent(void *ctx, const struct chat_queued_row *r)
{
	struct quoted *q = ctx;

	if (r->may_have_left) {
		q->before++;
		return 0;
	}
	quote(q, r);
	return QUOTED;
}

int queue_count_off(struct chat *c, struct now now, struct chat_peer *p, size_t n)
{
	p->pub.queued -= n;
	c->queued -= n;
	front_status(c);
	return outbox_drained(c, now, p);
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
	if (!err)
		err = conversation_info(c, now, p, "1 message to %s cancelled: %s", contact->row.petname,
					q.text);
	return err ? err : queue_count_off(c, now, p, 1);
}

/* ---- taking back many: a slice a turn ---- */

static void on_cancel_timer(struct chat *c, struct now now, void *owner);

/* How far a cancel goes, and has come, on disk: it was promised, whatever becomes of the process. */
struct mark {
	int64_t upto;
	uint64_t n;
};

static void mark_name(int64_t contact, char name[40])
{
	snprintf(name, 40, META_CANCEL "%" PRId64, contact);
}

static int keep_mark(struct chat *c, const struct chat_peer *p)
{
	const struct mark m = {p->cancel_upto, p->n_cancelled};
	char name[40];

	mark_name(p->pub.row.id, name);
	return chat_break(c, m.upto ? store_meta_set(c->store, name, &m, sizeof(m))
				    : store_meta_delete(c->store, name));
}

static int load_mark(void *ctx, const char *name, const void *value, size_t len)
{
	struct chat *c = ctx;
	struct contact *contact;
	struct mark m;
	uint64_t id;

	if (len != sizeof(m) || str_to_u64(name + strlen(META_CANCEL), 1, INT64_MAX, &id))
		return ERR_INVALID; /* a damaged database */
	contact = chat_find_id(c, (int64_t)id);
	if (!contact)
		return ERR_INVALID;
	memcpy(&m, value, len);
	contact->impl->cancel_upto = m.upto;
	contact->impl->n_cancelled = m.n;
	c->cancel_timer.fire = on_cancel_timer;
	timers_set(&c->timers, &c->cancel_timer, 0);
	return 0;
}

int queue_load(struct chat *c)
{
	return store_meta_each(c->store, META_CANCEL, load_mark, c);
}

int queue_forget(struct chat *c, struct chat_peer *p)
{
	if (!p->cancel_upto)
		return 0;
	p->cancel_upto = 0;
	return keep_mark(c, p);
}

static void go_on_soon(struct chat *c, struct now now)
{
	c->cancel_timer.fire = on_cancel_timer;
	if (!c->cancel_timer.set)
		timers_set(&c->timers, &c->cancel_timer, now.mono_ms + 1);
}

/* The next slice, and whether it was the last. */
static int cancel_slice(struct chat *c, struct chat_peer *p, size_t *n, bool *last)
{
	int err = chat_break(c, store_outbox_cancel_upto(c->store, p->pub.row.id, p->cancel_upto, SLICE, n));

	*last = *n < SLICE;
	p->n_cancelled += *n;
	if (!*last)
		return err;
	p->cancel_upto = 0;
	if (p->chosen)
		flush_soon(c, p->chosen); /* what was written since */
	return err;
}

static int go_on(struct chat *c, struct now now, struct chat_peer *p)
{
	size_t n = 0;
	bool last;
	int err = cancel_slice(c, p, &n, &last);

	if (!err)
		err = keep_mark(c, p);
	if (!err && !last)
		go_on_soon(c, now);
	else if (!err)
		err = conversation_info(c, now, p, "%zu messages to %s cancelled", p->n_cancelled,
					p->pub.row.petname);
	return err ? err : queue_count_off(c, now, p, n);
}

static void on_cancel_timer(struct chat *c, struct now now, void *owner)
{
	struct chat_peer *p;
	int err = 0;

	(void)owner;
	for (p = contact_next(c, NULL); p && !err; p = contact_next(c, p)) {
		if (p->cancel_upto)
			err = go_on(c, now, p);
	}
}

static int say_cancelled(struct chat *c, struct now now, struct chat_peer *p, bool last,
			 const struct quoted *q)
{
	const char *nick = p->pub.row.petname;

	/* Among the others there may be more that stay: what takes something back. */
	if (!last)
		return conversation_info(c, now, p, "Cancelling up to %zu messages to %s, the first: %s",
					 p->pub.queued - q->before, nick, q->text);
	if (p->n_cancelled == 1)
		return conversation_info(c, now, p, "1 message to %s cancelled: %s", nick, q->text);
	return conversation_info(c, now, p, "%zu messages to %s cancelled, the first: %s", p->n_cancelled,
				 nick, q->text);
}

static int cancel_first_slice(struct chat *c, struct now now, struct chat_peer *p, const struct quoted *q,
			      size_t *n)
{
	bool last;
	int err = chat_break(c, store_outbox_last(c->store, p->pub.row.id, &p->cancel_upto));

	p->n_cancelled = 0;
	if (!err)
		err = cancel_slice(c, p, n, &last);
	if (!err && !last)
		err = keep_mark(c, p);
	if (err)
		return err;
	if (!last)
		go_on_soon(c, now);
	err = say_cancelled(c, now, p, last, q);
	return err ? err : queue_count_off(c, now, p, *n);
}

/* One is under way already: it goes on to the newest there is now. */
static int cancel_further(struct chat *c, struct chat_peer *p)
{
	int err = chat_break(c, store_outbox_last(c->store, p->pub.row.id, &p->cancel_upto));

	return err ? err : keep_mark(c, p);
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
		err = p->cancel_upto ? cancel_further(c, p) : cancel_first_slice(c, now, p, &q, cancelled);
	*too_late = p->cancel_upto ? q.before : p->pub.queued;
	return err;
}
