/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What users see of conversations: one stream of lines for the account, and the cursors of its clients. */
#include "chat_impl.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "store/store_history.h"

#define META_LINE_TIME "line-time"
#define LINE_LEAD_MS   1000

int text_check(const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (text[i] == '\0' || text[i] == '\001' || text[i] == '\r' || text[i] == '\n')
			return ERR_INVALID;
	}
	return utf8_valid(text, len) ? 0 : ERR_UTF8;
}

/* ---- lines ---- */

static int load_time(void *ctx, const struct line_row *l)
{
	struct chat *c = ctx;

	if (l->time_ms > c->line_ms)
		c->line_ms = l->time_ms;
	return 0;
}

int conversation_load(struct chat *c)
{
	int64_t last;
	int err = store_meta_get(c->store, META_LINE_TIME, &c->line_ms, sizeof(c->line_ms), NULL);

	if (err == ERR_NOT_FOUND)
		err = 0;
	if (!err)
		err = store_line_last(c->store, &last);
	return err ? err : store_line_since(c->store, last - 1, 1, load_time, c);
}

int conversation_keep_time(struct chat *c)
{
	return chat_break(c, store_meta_set(c->store, META_LINE_TIME, &c->line_ms, sizeof(c->line_ms)));
}

int conversation_add(struct chat *c, struct now now, struct chat_peer *p, struct line_row *l)
{
	int err;

	/* No two of one millisecond, so that clients can ask for what is before or after a time, unless so many
	 * come that the times would lead by much. */
	if (now.real_ms > c->line_ms) {
		c->line_ms = now.real_ms;
		c->line_lead = 0;
	} else if (c->line_lead < LINE_LEAD_MS) {
		c->line_ms++;
		c->line_lead++;
	}
	l->time_ms = c->line_ms;
	l->contact = p ? p->pub.row.id : 0;
	err = chat_break(c, store_line_add(c->store, l));
	if (err)
		return err;
	if (p)
		history_added(p, l);
	retention_added(c, now, p);
	front_call(c, line, p ? &p->pub : NULL, l);
	return 0;
}

int conversation_info(struct chat *c, struct now now, struct chat_peer *p, const char *fmt, ...)
{
	struct line_row l = {
	    .kind = LINE_INFO, .message_kind = MESSAGE_NOTICE, .minute = (uint32_t)(now.real_ms / 60000)};
	char text[400];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof(text))
		return ERR_TOO_LONG;
	rng_fill(c->opts.rng, l.msgid, sizeof(l.msgid));
	l.text = text;
	l.text_len = (size_t)n;
	return conversation_add(c, now, p, &l);
}

/* ---- what comes in ---- */

/* What is not for people. */
static int take_control(struct chat *c, struct chat_peer *p, const struct message *m)
{
	struct locator l;
	int err = 0;

	if (m->kind == MESSAGE_LOCATOR && !locator_decode((const uint8_t *)m->text, m->text_len, &l))
		err = contact_locator(c, p, &l);
	else
		log_info("contact %lld sent what this version does not know", (long long)p->pub.row.id);
	crypto_wipe(&l, sizeof(l));
	return err;
}

/* One message of the session, opened: shown once, whatever the sessions in which it came. */
static int take_message(struct chat *c, struct now now, struct chat_peer *p, const struct message *m)
{
	struct line_row line = {.kind = LINE_IN,
				.message_kind = m->kind,
				.minute = m->minute,
				.text = m->text,
				.text_len = m->text_len};
	int err = store_seen_add(c->store, p->pub.row.id, m->id);

	if (err == ERR_EXISTS)
		return 0;
	if (err)
		return chat_break(c, err);
	if (m->kind >= MESSAGE_CONTROL)
		return take_control(c, p, m);
	memcpy(line.msgid, m->id, MSGID_BYTES);
	p->pub.active_ms = now.real_ms;
	return m->kind == MESSAGE_RICH ? rich_on_message(c, now, p, m, &line) : conversation_add(c, now, p, &line);
}

/* Once asked for, it is sealed anew; if that can't be opened either, this link leads nowhere. */
static int cannot_open(struct chat *c, struct now now, struct chat_link *l, uint64_t seq)
{
	if (l->nacked == seq) {
		epoch_unopened(c, now, l->peer, seq);
		return ERR_PROTOCOL;
	}
	l->nacked = seq;
	l->want_nack = true;
	flush_soon(c, l);
	return 0;
}

static int open_next(struct chat *c, struct now now, struct chat_link *l, const struct sealed *s)
{
	struct chat_peer *p = l->peer;
	uint8_t plain[MESSAGE_BYTES_MAX];
	size_t len = s->box_len - RATCHET_OVERHEAD;
	struct message m;
	int err = epoch_open(c, now, p, s, plain);

	if (c->broken)
		return c->broken;
	if (err)
		return cannot_open(c, now, l, s->seq);
	/* What was opened is never opened again: what it holds is taken, or, if nobody can read it, let go. */
	p->session.received = s->seq;
	ack_soon(c, now, p);
	if (len && message_decode(plain, len, &m))
		log_info("contact %lld sent a message that is none", (long long)p->pub.row.id);
	else if (len)
		err = take_message(c, now, p, &m);
	crypto_wipe(plain, sizeof(plain));
	if (!err)
		epoch_confirmed(c, now, p);
	return err;
}

int conversation_on_message(struct chat *c, struct now now, struct chat_link *l, const uint8_t *body,
			    size_t len)
{
	struct chat_peer *p = l->peer;
	struct sealed s;
	int err = sealed_decode(body, len, &s);

	/* On another link it was sent before the other side knew which one is used: it comes again. */
	if (err || l != p->chosen || l->sync == SYNC_UNUSED || l->sync == SYNC_WAIT)
		return err;
	if (l->sync == SYNC_ROOT)
		return epoch_on_first(c, now, l, &s);
	if (memcmp(s.epoch, p->session.epoch, EPOCH_BYTES))
		return ERR_PROTOCOL;
	if (s.seq > p->session.received + 1)
		return 0; /* behind one that could not be opened: it comes again after that */
	if (s.seq == p->session.received + 1)
		return open_next(c, now, l, &s);
	ack_now(c, p); /* the one before may not have arrived */
	return 0;
}

/* ---- cursors ---- */

static bool client_name_valid(const char *name)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
	size_t len = strlen(name);

	return len > 0 && len <= NICK_MAX && strspn(name, allowed) == len;
}

struct cursors {
	size_t n;
	int64_t furthest;
};

static int cursor_count(void *ctx, const char *client, int64_t line_id)
{
	struct cursors *cs = ctx;

	(void)client;
	cs->n++;
	if (line_id > cs->furthest)
		cs->furthest = line_id;
	return 0;
}

int chat_cursor(struct chat *c, const char *client, int64_t *line_id)
{
	struct cursors cs = {0};
	int err;

	if (c->broken)
		return c->broken;
	if (!client_name_valid(client))
		return ERR_INVALID;
	err = store_cursor_get(c->store, client, line_id);
	if (err != ERR_NOT_FOUND)
		return chat_break(c, err);
	err = chat_break(c, store_cursor_each(c->store, cursor_count, &cs));
	if (err)
		return err;
	if (cs.n >= CLIENT_NAMES_MAX)
		return ERR_FULL;
	*line_id = cs.furthest;
	return chat_break(c, store_cursor_set(c->store, client, cs.furthest));
}

struct stalest {
	bool (*keep)(void *ctx, const char *client);
	void *ctx;
	char *client;
	int64_t line_id;
};

static int cursor_stalest(void *ctx, const char *client, int64_t line_id)
{
	struct stalest *s = ctx;

	if (line_id < s->line_id && !s->keep(s->ctx, client)) {
		s->line_id = line_id;
		str_copy(s->client, NICK_MAX + 1, client);
	}
	return 0;
}

int chat_cursor_forget(struct chat *c, bool (*keep)(void *ctx, const char *client), void *ctx, char out[NICK_MAX + 1])
{
	struct stalest s = {.keep = keep, .ctx = ctx, .client = out, .line_id = INT64_MAX};
	int err;

	out[0] = '\0';
	if (c->broken)
		return c->broken;
	err = chat_break(c, store_cursor_each(c->store, cursor_stalest, &s));
	if (err == 0 && out[0] == '\0')
		return ERR_NOT_FOUND;
	return err != 0 ? err : chat_break(c, store_cursor_delete(c->store, out));
}

int chat_cursor_move(struct chat *c, const char *client, int64_t line_id)
{
	int64_t at;
	int err;

	if (c->broken)
		return c->broken;
	err = store_cursor_get(c->store, client, &at);
	if (err == ERR_NOT_FOUND)
		return err;
	if (err || line_id <= at)
		return chat_break(c, err);
	return chat_break(c, store_cursor_set(c->store, client, line_id));
}

struct lines_walk {
	struct chat *c;
	int (*cb)(void *ctx, const struct contact *contact, const struct line_row *l);
	void *ctx;
	int64_t last;
	size_t read, shown;
};

static int lines_row(void *ctx, const struct line_row *l)
{
	struct lines_walk *w = ctx;
	const struct contact *contact = l->contact ? chat_find_id(w->c, l->contact) : NULL;

	w->read++;
	w->last = l->id;
	if (l->contact && !contact)
		return 0; /* of one that was removed: they go bit by bit */
	if (store_line_erased(l))
		return 0;
	w->shown++;
	return w->cb(w->ctx, contact, l);
}

int chat_lines(struct chat *c, int64_t after, size_t limit,
	       int (*cb)(void *ctx, const struct contact *contact, const struct line_row *l), void *cb_ctx)
{
	struct lines_walk w = {.c = c, .cb = cb, .ctx = cb_ctx, .last = after};
	size_t asked;
	int err = c->broken;

	do {
		asked = limit - w.shown;
		w.read = 0;
		if (!err)
			err = store_line_since(c->store, w.last, asked, lines_row, &w);
	} while (!err && w.read == asked && w.shown < limit);
	return err;
}

int64_t chat_last_line(const struct chat *c)
{
	int64_t last = 0;

	return c->broken || store_line_last(c->store, &last) ? 0 : last;
}
