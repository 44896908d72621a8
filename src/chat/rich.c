/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Lines that a plain message can't carry: text of several lines, replies, reactions, and what is taken back.
 *
 * In the store such a line is what it says (line_row.message_kind and re); on the wire, and in the outbox, it is a
 * message of the kind MESSAGE_RICH.
 */
#include "chat_impl.h"

#include <string.h>

#include "base/log.h"
#include "store/store_history.h"

static int line_kind(enum rich_what what)
{
	switch (what) {
	case RICH_TEXT:
		return MESSAGE_TEXT;
	case RICH_ACTION:
		return MESSAGE_ACTION;
	case RICH_NOTICE:
		return MESSAGE_NOTICE;
	case RICH_REACT:
		return LINE_REACT;
	case RICH_UNREACT:
		return LINE_UNREACT;
	case RICH_REDACT:
		return LINE_REDACT;
	}
	return MESSAGE_RICH;
}

static int rich_what(int kind, enum rich_what *what)
{
	for (*what = RICH_TEXT; *what <= RICH_REDACT; ++*what)
		if (line_kind(*what) == kind)
			return 0;
	return ERR_INVALID;
}

bool rich_is(const struct line_row *l)
{
	return l->message_kind > MESSAGE_NOTICE || l->has_re || (l->text_len && memchr(l->text, '\n', l->text_len));
}

int rich_of_line(const struct line_row *l, struct buf *out)
{
	struct rich r = {.has_re = l->has_re, .text = l->text, .text_len = l->text_len};
	int err = rich_what(l->message_kind, &r.what);

	memcpy(r.re, l->re, MSGID_BYTES);
	return err ? err : rich_encode(&r, out);
}

int rich_to_line(const char *text, size_t len, struct line_row *l)
{
	struct rich r;
	int err = rich_decode((const uint8_t *)text, len, &r);

	if (err)
		return err;
	l->message_kind = line_kind(r.what);
	l->has_re = r.has_re;
	memcpy(l->re, r.re, MSGID_BYTES);
	l->text = r.text;
	l->text_len = r.text_len;
	return 0;
}

static bool is_too_often(struct window *w, struct now now, uint64_t length_ms, unsigned most)
{
	if (!w->n || now.mono_ms - w->since_ms >= length_ms) {
		w->since_ms = now.mono_ms;
		w->n = 0;
	}
	return w->n++ >= most;
}

/* ---- what comes in --------------------------------------------------------- */

#define LOOKS_WINDOW_MS 60000
#define LOOKS_MOST	200 /* through all lines for one contact, milliseconds each, in that time */

/* Lines of one id: the two sides choose theirs apart, and Mallory may choose one of ours. */
struct twins {
	int64_t in, out; /* 0: there is none */
};

static int note_twin(void *ctx, const struct line_row *l)
{
	struct twins *t = ctx;

	if (l->kind == LINE_OUT)
		t->out = l->id;
	else if (l->kind == LINE_IN && l->message_kind != LINE_REDACT && !store_line_erased(l))
		t->in = l->id;
	return 0;
}

static int look_since(struct chat *c, const struct chat_peer *p, const uint8_t re[MSGID_BYTES], int64_t since,
		      struct twins *t)
{
	return chat_break(c, store_line_find_each(c->store, p->pub.row.id, re, since, note_twin, t));
}

/* Nobody makes us look through all lines again and again.  ERR_FULL: it would be too often. */
static int find_twins(struct chat *c, struct now now, struct chat_peer *p, const uint8_t re[MSGID_BYTES],
		      struct twins *t)
{
	int64_t first = 0, since = 0;
	int err = chat_break(c, history_recent(c, &since));

	if (!err)
		err = look_since(c, p, re, since, t);
	if (!err)
		err = chat_break(c, store_line_first(c->store, &first));
	if (err || t->in || t->out || first >= since)
		return err;
	return is_too_often(&p->looks, now, LOOKS_WINDOW_MS, LOOKS_MOST) ? ERR_FULL : look_since(c, p, re, 0, t);
}

/* Their own message goes, if it is here.  ERR_REFUSED: it is the user's. */
static int take_back_theirs(struct chat *c, struct now now, struct chat_peer *p, const uint8_t re[MSGID_BYTES])
{
	struct twins t = {0};
	int err = find_twins(c, now, p, re, &t);

	if (err)
		return err;
	if (t.out)
		return ERR_REFUSED;
	return t.in ? history_erase(c, p, t.in) : 0;
}

int rich_on_message(struct chat *c, struct now now, struct chat_peer *p, const struct message *m,
		    struct line_row *line)
{
	int err = rich_to_line(m->text, m->text_len, line);

	if (!err && line->message_kind == LINE_REDACT)
		err = take_back_theirs(c, now, p, line->re);
	if (c->broken)
		return c->broken;
	if (err == ERR_PROTOCOL || err == ERR_REFUSED || err == ERR_FULL) {
		log_info("contact %lld sent what it can't mean, or too much of it: %s", (long long)p->pub.row.id,
			 err_str(err));
		return 0;
	}
	return conversation_add(c, now, p, line); /* ERR_VERSION: kept as it came */
}

/* ---- typing ---------------------------------------------------------------- */

#define TYPING_REPEAT_MS 3000 /* before the same is told again */
#define TYPING_WINDOW_MS 1000
#define TYPING_MOST	 3 /* of a contact's that are shown in it */

/* It is never late, so it leaves at once or not at all. */
void chat_typing(struct chat *c, struct now now, struct contact *contact, enum typing state)
{
	struct chat_peer *p = contact->impl;
	const bool again = state == p->typing && now.mono_ms - p->typing_ms < TYPING_REPEAT_MS;
	struct buf body;

	if (c->broken || again || contact->presence == PRESENCE_OFFLINE || !p->chosen ||
	    p->chosen->sync != SYNC_DONE || p->chosen->want_sync)
		return;
	buf_init(&body, FRAME_BODY_MAX);
	if (!typing_encode(state, &body) &&
	    !flush_put(c, p->chosen, FRAME_TYPING, buf_ptr(&body), buf_len(&body))) {
		p->typing = state;
		p->typing_ms = now.mono_ms;
	}
	buf_clear(&body);
}

int rich_on_typing(struct chat *c, struct now now, struct chat_link *l, const uint8_t *body, size_t len)
{
	enum typing state;
	int err = typing_decode(body, len, &state);

	if (err || l != l->peer->chosen || l->sync != SYNC_DONE)
		return err;
	if (!is_too_often(&l->peer->typed, now, TYPING_WINDOW_MS, TYPING_MOST))
		front_call(c, typing, &l->peer->pub, state);
	return 0;
}
