/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the user says, and takes back. */
#include "chat_impl.h"

#include <string.h>

#include "base/str.h"
#include "store/store_history.h"

/* What goes over the wire for a line. */
struct wire {
	int kind;
	const void *text;
	size_t len;
	struct buf rich;
};

static int plain_check(const struct line_row *l)
{
	struct message m = {.kind = (uint8_t)l->message_kind, .text = l->text, .text_len = l->text_len};
	struct buf body;
	int err;

	buf_init(&body, FRAME_BODY_MAX);
	err = message_encode(&m, &body);
	buf_clear(&body);
	return err;
}

/* What is accepted must be what can be sent. */
static int wire_init(struct wire *w, const struct line_row *l)
{
	int err;

	buf_init(&w->rich, TEXT_MAX);
	w->kind = l->message_kind;
	w->text = l->text;
	w->len = l->text_len;
	if (!rich_is(l))
		return plain_check(l);
	err = rich_of_line(l, &w->rich);
	w->kind = MESSAGE_RICH;
	w->text = buf_ptr(&w->rich);
	w->len = buf_len(&w->rich);
	return err;
}

static void wire_clear(struct wire *w)
{
	buf_clear(&w->rich);
}

static void line_fill(const struct chat *c, struct now now, const struct chat_outgoing *o, struct line_row *l)
{
	memset(l, 0, sizeof(*l));
	l->kind = LINE_OUT;
	l->message_kind = o->kind;
	l->minute = (uint32_t)(now.real_ms / 60000);
	l->has_re = o->re != NULL;
	if (o->re)
		memcpy(l->re, o->re, MSGID_BYTES);
	l->text = o->text;
	l->text_len = o->len;
	str_copy(l->client, sizeof(l->client), o->client ? o->client : "");
	rng_fill(c->opts.rng, l->msgid, MSGID_BYTES);
}

/* Into the conversation, and into the outbox if somebody is to be told. */
static int say_line(struct chat *c, struct now now, struct chat_peer *p, struct line_row *l, const struct wire *w)
{
	int err = conversation_add(c, now, p, l);

	if (!err && p)
		err = outbox_put(c, now, p, l, w->kind, w->text, w->len);
	if (!err && p)
		p->pub.active_ms = now.real_ms;
	return err;
}

int chat_say(struct chat *c, struct now now, struct contact *contact, const struct chat_outgoing *o,
	     uint8_t msgid[MSGID_BYTES])
{
	struct line_row l;
	struct wire w;
	int err;

	if (c->broken)
		return c->broken;
	c->now = now;
	if (contact && contact->row.blocked)
		return ERR_REFUSED;
	if (o->kind == LINE_REDACT) /* is more than a line: chat_redact */
		return ERR_INVALID;
	line_fill(c, now, o, &l);
	err = wire_init(&w, &l);
	if (!err)
		err = say_line(c, now, contact ? contact->impl : NULL, &l, &w);
	wire_clear(&w);
	if (!err && msgid)
		memcpy(msgid, l.msgid, MSGID_BYTES);
	return err;
}

int chat_send(struct chat *c, struct now now, struct contact *contact, enum message_kind kind,
	      const char *text, size_t len, const char *client, uint8_t msgid[MSGID_BYTES])
{
	const struct chat_outgoing o = {.kind = (int)kind, .text = text, .len = len, .client = client};

	return chat_say(c, now, contact, &o, msgid);
}

int chat_note(struct chat *c, struct now now, enum message_kind kind, const char *text, size_t len,
	      const char *client)
{
	const struct chat_outgoing o = {.kind = (int)kind, .text = text, .len = len, .client = client};

	return chat_say(c, now, NULL, &o, NULL);
}

/* ---- taking back ---- */

struct own {
	int64_t id; /* of the line that may be taken back; 0: there is none */
	bool other; /* there is one that may not */
};

static int look_at(void *ctx, const struct line_row *l)
{
	struct own *own = ctx;

	if (store_line_erased(l))
		return 0;
	if (l->kind == LINE_OUT && l->message_kind != LINE_REDACT)
		own->id = l->id;
	else
		own->other = true;
	return 0;
}

static int find_own(struct chat *c, const struct contact *contact, const uint8_t re[MSGID_BYTES], int64_t *id)
{
	struct own own = {0};
	int err = chat_break(c, store_line_find_each(c->store, contact ? contact->row.id : 0, re, 0, look_at, &own));

	*id = own.id;
	if (err || own.id)
		return err;
	return own.other ? ERR_REFUSED : ERR_NOT_FOUND;
}

static int take_back(struct chat *c, struct now now, struct chat_peer *p, int64_t id, struct line_row *l,
		     const struct wire *w)
{
	bool told = true;
	int err = history_erase(c, p, id);

	if (!err && p)
		err = outbox_take_back(c, now, p, id, l->re, &told);
	if (err)
		return err;
	return p && told ? say_line(c, now, p, l, w) : conversation_add(c, now, p, l);
}

int chat_redact(struct chat *c, struct now now, struct contact *contact, const uint8_t re[MSGID_BYTES],
		const char *reason, size_t len, const char *client, uint8_t msgid[MSGID_BYTES])
{
	const struct chat_outgoing o = {
	    .kind = LINE_REDACT, .text = reason, .len = len, .re = re, .client = client};
	struct line_row l;
	struct wire w;
	int64_t id;
	int err;

	if (c->broken)
		return c->broken;
	c->now = now;
	if (contact && contact->row.blocked)
		return ERR_REFUSED;
	line_fill(c, now, &o, &l);
	err = wire_init(&w, &l);
	if (!err)
		err = find_own(c, contact, re, &id);
	if (!err)
		err = take_back(c, now, contact ? contact->impl : NULL, id, &l, &w);
	wire_clear(&w);
	if (!err && msgid)
		memcpy(msgid, l.msgid, MSGID_BYTES);
	return err;
}

/* ---- looking up ---- */

#define FOUND 1

struct first {
	int (*cb)(void *ctx, const struct line_row *l);
	void *ctx;
	int err;
};

static int take_first(void *ctx, const struct line_row *l)
{
	struct first *f = ctx;

	if (store_line_erased(l))
		return 0;
	f->err = f->cb(f->ctx, l);
	return FOUND;
}

int chat_find_line(const struct chat *c, const struct contact *contact, const uint8_t msgid[MSGID_BYTES],
		   int (*cb)(void *ctx, const struct line_row *l), void *ctx)
{
	struct first f = {.cb = cb, .ctx = ctx};
	int64_t since;
	int err = c->broken ? c->broken : history_recent(c, &since);

	if (!err)
		err = store_line_find_each(c->store, contact ? contact->row.id : 0, msgid, since, take_first, &f);
	return err == FOUND ? f.err : err ? err : ERR_NOT_FOUND;
}
