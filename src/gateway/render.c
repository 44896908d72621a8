/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "render.h"

#include <string.h>

#include "base/str.h"

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

static void send_pieces(struct client *c, const struct piece *p, struct tags *t, const char *text,
			size_t len)
{
	size_t frame = strlen(p->before) + strlen(p->after);
	size_t room = irc_text_room(p->source, p->command, p->target);

	room = room > frame + 4 ? room - frame : 4;
	do {
		size_t n = cut(text, len, room);

		client_send_tagged(c, t, ":%s %s %s :%s%.*s%s", p->source, p->command, p->target, p->before,
			       (int)n, text, p->after);
		t->part++;
		text += n;
		len -= n;
	} while (len > 0);
}

/* The message kinds that we know; others are told, never shown. */
static void send_message(struct client *c, struct piece *p, struct tags *t, const struct line_row *l,
			 const char *when)
{
	char before[WORDS_WHEN + sizeof("\001ACTION ")];

	p->command = "PRIVMSG";
	p->before = before;
	p->after = "";
	str_copy(before, sizeof(before), when);
	if (l->message_kind == MESSAGE_ACTION) {
		str_fmt(before, sizeof(before), "\001ACTION %s", when);
		p->after = "\001";
	} else if (l->message_kind == MESSAGE_NOTICE) {
		p->command = "NOTICE";
	} else if (l->message_kind != MESSAGE_TEXT) {
		client_send_tagged(
		    c, t,
		    ":%s NOTICE %s :%sA message of %.*s needs a newer allium than this one to be shown.",
		    c->gateway->service_mask, c->nick, when, (int)strcspn(p->source, "!"), p->source);
		return;
	}
	send_pieces(c, p, t, l->text, l->text_len);
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
	send_message(c, &p, t, l, when);
}

static void render_out(struct client *c, const struct contact *contact, const struct line_row *l,
		       struct tags *t, const char *when)
{
	char mask[MASK_SIZE];
	struct piece p = {.source = mask, .target = contact != NULL ? contact->row.petname : c->nick};

	client_mask(c, mask);
	t->account = account_name(c->account);
	send_message(c, &p, t, l, when);
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
