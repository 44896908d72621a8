/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "render.h"

#include <string.h>

#include "base/str.h"

#include "batch.h"
#include "person.h"
#include "session.h"
#include "words.h"

struct piece {
	const char *source;
	const char *command;
	const char *target;
	const char *before; /* of the text: "\001ACTION " and the sender's time */
	const char *after;
};

/* Where a message of len bytes is cut so that the rest goes on in another line: at a blank near the end if
 * there is one. */
static size_t cut(const char *text, size_t len, size_t room)
{
	size_t end;

	if (len <= room)
		return len;
	end = utf8_cut(text, len, room);
	for (size_t i = end; i > end - end / 4; i--)
		if (text[i - 1] == ' ')
			return i;
	return end;
}

/* What is left of a text: IRC lines are cut off its front. */
struct rest {
	const char *text;
	size_t len;
	bool goes_on; /* the next is of the same line as the one before */
	bool done;
};

static size_t cut_piece(struct rest *r, size_t room)
{
	const char *lf = memchr(r->text, '\n', r->len);
	size_t line = lf != NULL ? (size_t)(lf - r->text) : r->len;
	size_t n = cut(r->text, line, room);
	bool whole = n == line;

	r->goes_on = !whole;
	r->done = whole && lf == NULL;
	r->text += n + (whole && lf != NULL);
	r->len -= n + (whole && lf != NULL);
	return n;
}

static size_t room_of(const struct piece *p)
{
	size_t frame = strlen(p->before) + strlen(p->after);
	size_t room = irc_text_room(p->source, p->command, p->target);

	return room > frame + 4 ? room - frame : 4;
}

/* A line for each.  Of a text of several lines blank ones are not shown, and only the first has the msgid
 * (draft/multiline, "Fallback"). */
static void send_pieces(struct client *c, const struct piece *p, struct tags *t, const char *text, size_t len)
{
	bool lines = memchr(text, '\n', len) != NULL;
	struct rest r = {.text = text, .len = len};
	size_t room = room_of(p);

	while (!r.done) {
		const char *at = r.text;
		size_t n = cut_piece(&r, room);

		if (n == 0)
			continue;
		client_send_tagged(c, t, ":%s %s %s :%s%.*s%s", p->source, p->command, p->target, p->before,
				   (int)n, at, p->after);
		t->client = NULL;
		if (lines)
			t->msgid = NULL;
		else
			t->part++;
	}
}

/* As one message. */
static void send_batch(struct client *c, const struct piece *p, const struct tags *t, const char *text, size_t len)
{
	struct tags inside = {.inside = true};
	struct rest r = {.text = text, .len = len};
	const char *before = p->before;
	size_t room = room_of(p);
	struct batch b;

	batch_open_said(c, &b, t, p->source, "draft/multiline", "%s", p->target);
	while (!r.done) {
		const char *at = r.text;
		size_t n;

		inside.concat = r.goes_on;
		n = cut_piece(&r, room);
		client_send_tagged(c, &inside, ":%s %s %s :%s%.*s", p->source, p->command, p->target, before,
				   (int)n, at);
		before = "";
	}
	batch_close(c, &b);
}

/* Only PRIVMSG may stand in such a batch, and an action would have to be framed anew. */
static bool goes_as_batch(const struct client *c, const struct piece *p, const struct line_row *l)
{
	return l->message_kind == MESSAGE_TEXT && client_has(c, CAP_MULTILINE) && client_has(c, CAP_BATCH) &&
	       (l->text_len > room_of(p) || memchr(l->text, '\n', l->text_len) != NULL);
}

/* ---- what is said about a message ---- */

static int take_excerpt(void *ctx, const struct line_row *l)
{
	words_excerpt(l->message_kind, l->text, l->text_len, ctx);
	return 0;
}

/* As an action, for clients that know no tags. */
static void send_spoken_reaction(struct client *c, const struct piece *p, const struct tags *t,
				 const struct contact *contact, const struct line_row *l, const char *when)
{
	const char *what = l->message_kind == LINE_REACT ? "reacted with" : "took back the reaction";
	char excerpt[WORDS_EXCERPT];

	if (chat_find_line(session_chat(c->session), contact, l->re, take_excerpt, excerpt) != 0)
		str_copy(excerpt, sizeof(excerpt), "an earlier message");
	client_send_tagged(c, t, ":%s PRIVMSG %s :\001ACTION %s%s %.*s to: %s\001", p->source, p->target, when, what,
			   (int)l->text_len, l->text, excerpt);
}

static void send_reaction(struct client *c, const struct piece *p, struct tags *t, const struct contact *contact,
			  const struct line_row *l, const char *when)
{
	char reaction[REACTION_MAX + 1], escaped[2 * REACTION_MAX + 1], id[2 * MSGID_BYTES + 1];
	char tags[sizeof("+draft/reply=;+draft/unreact=") + sizeof(id) + sizeof(escaped)];

	if (!client_has(c, CAP_MESSAGE_TAGS)) {
		send_spoken_reaction(c, p, t, contact, l, when);
		return;
	}
	str_fmt(reaction, sizeof(reaction), "%.*s", (int)l->text_len, l->text);
	irc_tag_escape(reaction, escaped, sizeof(escaped));
	hex_encode(l->re, MSGID_BYTES, id);
	str_fmt(tags, sizeof(tags), "+draft/reply=%s;+draft/%s=%s", id,
		l->message_kind == LINE_REACT ? "react" : "unreact", escaped);
	t->client = tags;
	client_send_tagged(c, t, ":%s TAGMSG %s", p->source, p->target);
}

static void send_spoken_redaction(struct client *c, const struct piece *p, const struct tags *t,
				  const struct line_row *l, const char *when)
{
	struct tags news = {.time_ms = t->time_ms, .msgid = t->msgid, .bot = true};
	const char *colon = l->text_len > 0 ? ": " : "";

	if (l->kind == LINE_IN)
		client_send_tagged(c, &news, ":%s NOTICE %s :%s%.*s took back a message%s%.*s",
				   c->gateway->service_mask, c->nick, when, (int)strcspn(p->source, "!"), p->source,
				   colon, (int)l->text_len, l->text);
	else
		client_send_tagged(c, &news, ":%s NOTICE %s :%sYou took back a message to %s%s%.*s",
				   c->gateway->service_mask, c->nick, when, p->target, colon, (int)l->text_len,
				   l->text);
}

static void send_redaction(struct client *c, const struct piece *p, const struct tags *t, const struct line_row *l,
			   const char *when)
{
	char id[2 * MSGID_BYTES + 1];

	if (!client_has(c, CAP_MESSAGE_REDACTION)) {
		send_spoken_redaction(c, p, t, l, when);
		return;
	}
	hex_encode(l->re, MSGID_BYTES, id);
	client_send_tagged(c, t, ":%s REDACT %s %s%s%.*s", p->source, p->target, id, l->text_len > 0 ? " :" : "",
			   (int)l->text_len, l->text);
}

/* ---- messages ---- */

static void send_opaque(struct client *c, const struct piece *p, const struct tags *t, const char *when)
{
	client_send_tagged(c, t,
			   ":%s NOTICE %s :%sA message of %.*s needs a newer allium than this one to be shown.",
			   c->gateway->service_mask, c->nick, when, (int)strcspn(p->source, "!"), p->source);
}

static void send_text(struct client *c, struct piece *p, struct tags *t, const struct line_row *l, const char *when)
{
	char before[WORDS_WHEN + sizeof("\001ACTION ")];
	char reply[sizeof("+draft/reply=") + 2 * MSGID_BYTES] = "+draft/reply=";

	p->command = l->message_kind == MESSAGE_NOTICE ? "NOTICE" : "PRIVMSG";
	p->before = before;
	p->after = "";
	str_copy(before, sizeof(before), when);
	if (l->message_kind == MESSAGE_ACTION) {
		str_fmt(before, sizeof(before), "\001ACTION %s", when);
		p->after = "\001";
	}
	if (l->has_re) {
		hex_encode(l->re, MSGID_BYTES, reply + strlen(reply));
		t->client = reply;
	}
	if (goes_as_batch(c, p, l))
		send_batch(c, p, t, l->text, l->text_len);
	else
		send_pieces(c, p, t, l->text, l->text_len);
}

/* Of the kinds that we know; others are told, never shown. */
static void send_message(struct client *c, struct piece *p, struct tags *t, const struct contact *contact,
			 const struct line_row *l, const char *when)
{
	switch (l->message_kind) {
	case MESSAGE_TEXT:
	case MESSAGE_ACTION:
	case MESSAGE_NOTICE:
		send_text(c, p, t, l, when);
		return;
	case LINE_REACT:
	case LINE_UNREACT:
		send_reaction(c, p, t, contact, l, when);
		return;
	case LINE_REDACT:
		send_redaction(c, p, t, l, when);
		return;
	}
	send_opaque(c, p, t, when);
}

static void render_in(struct client *c, const struct contact *contact, const struct line_row *l,
		      struct tags *t, const char *when)
{
	struct person from;
	char mask[MASK_SIZE];
	struct piece p = {.source = mask, .target = c->nick};

	person_of_contact(c->session, contact, &from);
	person_mask(&from, mask);
	t->account = from.account;
	send_message(c, &p, t, contact, l, when);
}

static void render_out(struct client *c, const struct contact *contact, const struct line_row *l,
		       struct tags *t, const char *when)
{
	char mask[MASK_SIZE];
	struct piece p = {.source = mask, .target = contact != NULL ? contact->row.petname : c->nick};

	client_mask(c, mask);
	t->account = account_name(c->account);
	send_message(c, &p, t, contact, l, when);
}

/* Does the time of replayed lines go into the text? */
static bool tells_time(const struct client *c)
{
	switch ((enum replay_time)c->session->settings[SETTING_REPLAY_TIME]) {
	case REPLAY_TIME_AUTO:
		return !client_has(c, CAP_SERVER_TIME);
	case REPLAY_TIME_PREFIX:
		return true;
	case REPLAY_TIME_TAG:
		return false;
	}
	return false;
}

void render_line(struct client *c, const struct contact *contact, const struct line_row *l, bool replayed)
{
	struct tags t = {.time_ms = l->time_ms, .msgid = l->msgid};
	uint64_t now_ms = replayed && tells_time(c) ? loop_time_ms(c->gateway->loop) : 0;
	char when[WORDS_WHEN];
	struct piece news = {.source = c->gateway->service_mask,
			     .command = "NOTICE",
			     .target = c->nick,
			     .before = when,
			     .after = ""};

	words_when(l->time_ms, l->kind == LINE_IN ? l->minute : 0, now_ms, when);
	switch ((enum line_kind)l->kind) {
	case LINE_IN:
		if (contact != NULL)
			render_in(c, contact, l, &t, when);
		return;
	case LINE_OUT:
		if (contact != NULL || l->contact == 0)
			render_out(c, contact, l, &t, when);
		return;
	case LINE_INFO:
		t.msgid = NULL;
		t.bot = true;
		send_pieces(c, &news, &t, l->text, l->text_len);
		return;
	}
}
