/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What stories of rich messages have in common: what is said, forged, and found in a conversation. */
#ifndef TESTS_CHAT_RICH_HELP_H
#define TESTS_CHAT_RICH_HELP_H

#include "chat_help.h"

#include "../../src/chat/chat_impl.h"

static inline int say(struct party *p, struct contact *to, int kind, const char *text, const uint8_t *re,
		      uint8_t *msgid)
{
	const struct chat_outgoing o = {
	    .kind = kind, .text = text, .len = strlen(text), .re = re, .client = "desk"};
	return chat_say(p->chat, p->w->now, to, &o, msgid);
}

static inline int redact(struct party *p, struct contact *to, const uint8_t re[MSGID_BYTES], const char *reason)
{
	return chat_redact(p->chat, p->w->now, to, re, reason, strlen(reason), "desk", NULL);
}

/* Over the wire as a peer may send it, whatever the rules here. */
static inline void forge(struct party *p, struct contact *to, const uint8_t *msgid, int kind, const void *text,
			 size_t len)
{
	struct line_row l = {.kind = LINE_OUT};
	static uint8_t next;
	memset(l.msgid, ++next, MSGID_BYTES);
	if (msgid)
		memcpy(l.msgid, msgid, MSGID_BYTES);
	assert_int_equal(outbox_put(p->chat, p->w->now, to->impl, &l, kind, text, len), 0);
}

static inline void forge_redact(struct party *p, struct contact *to, const uint8_t re[MSGID_BYTES])
{
	struct rich r = {.what = RICH_REDACT, .has_re = true};
	struct buf body;
	buf_init(&body, TEXT_MAX);
	memcpy(r.re, re, MSGID_BYTES);
	assert_int_equal(rich_encode(&r, &body), 0);
	forge(p, to, NULL, MESSAGE_RICH, buf_ptr(&body), buf_len(&body));
	buf_clear(&body);
}

/* How many lines of its conversation hold this text. */
struct search {
	const char *text;
	unsigned n;
	struct line_row last;
};

static inline int compare(void *ctx, const struct contact *contact, const struct line_row *l)
{
	struct search *s = ctx;
	(void)contact;
	if (l->text_len != strlen(s->text) || memcmp(l->text, s->text, l->text_len) != 0)
		return 0;
	s->n++;
	s->last = *l;
	return 0;
}

static inline struct search lines(const struct party *p, const char *text)
{
	struct search s = {.text = text};
	assert_int_equal(chat_lines(p->chat, 0, SIZE_MAX, compare, &s), 0);
	return s;
}

/* How the front tells of a line about this one. */
static inline const char *about(const char *line, const uint8_t msgid[MSGID_BYTES])
{
	static char out[200];
	snprintf(out, sizeof(out), "%s re %02x%02x\n", line, msgid[0], msgid[1]);
	return out;
}

static inline int join(void *ctx, const struct chat_queued_row *r)
{
	char *all = ctx;
	size_t at = strlen(all);
	snprintf(all + at, 4096 - at, "%d:%.*s|", r->message_kind, (int)r->text_len, r->text);
	return 0;
}

/* The link is up again. */
static inline void reconnect(struct world *w)
{
	while (!w->alice.n_dials && !w->bob.n_dials)
		pass(w, 500);
	connect_dial(w->alice.n_dials ? &w->alice : &w->bob);
	pass(w, 20000);
}

#define STORY(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

#endif
