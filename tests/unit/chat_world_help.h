/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Two accounts, what stands between them, and what their fronts are told, which is kept as text. */
#ifndef TESTS_CHAT_WORLD_HELP_H
#define TESTS_CHAT_WORLD_HELP_H

#include "store_help.h"

#include <stdio.h>

#include "chat/chat.h"
#include "link/proof.h"

#define DIALS 72
#define PAIRS 256
#define SERVICES 12
#define CLIENTS	 320

/* An onion service that is published. */
struct help_service {
	struct chat_service s; /* seed and clients are not kept */
	uint8_t clients[CLIENTS][KEY_BYTES];
};

struct world;
struct party {
	struct world *w;
	const char *name;
	char db[PATH_MAX];
	uint64_t seed;
	struct rng rng;
	struct chat *chat;
	bool tor;
	struct chat_dial dial[DIALS]; /* under way */
	size_t n_dials;
	size_t dials;	   /* in all */
	size_t fail_dials; /* the next ones that do not even start */
	size_t room;	   /* frames that its links take before they are full */
	bool fail_commit;
	struct help_service service[SERVICES];
	size_t n_services;
	size_t publishes; /* in all */
	enum chat_cover cover;
	char told[65536]; /* to its front, a line an event */
};
struct pair { /* a connection; side 0 dialled */
	struct party *p[2];
	link_id id[2];
	bool open[2];
	struct chat_dial dial;
	uint32_t service; /* of the other side */
};
struct frame {
	struct party *from;
	link_id link;
	uint8_t type;
	uint8_t body[FRAME_BODY_MAX];
	size_t len;
};
struct world {
	struct help *help;
	struct now now;
	struct party alice, bob;
	struct pair pair[PAIRS];
	size_t n_pairs;
	struct frame *frames; /* on their way */
	size_t n_frames, frames_room;
	link_id last_link;
};

/* ---- the fronts ---- */

static inline void tell(void *ctx, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static inline void tell(void *ctx, const char *fmt, ...)
{
	struct party *p = ctx;
	size_t at = strlen(p->told);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(p->told + at, sizeof(p->told) - at, fmt, ap);
	va_end(ap);
	assert_true(strlen(p->told) + 500 < sizeof(p->told));
}

static inline const char *nick_of(const struct contact *contact)
{
	return contact ? contact->row.petname : "-";
}

static inline void front_line(void *ctx, struct chat *c, const struct contact *contact,
			      const struct line_row *l)
{
	static const char *const kinds[] = {"in", "out", "info"};
	static const char *const events[] = {" react", " unreact", " redact"};
	(void)c;
	tell(ctx, "%s %s%s: %.*s", kinds[l->kind], nick_of(contact),
	     l->message_kind >= LINE_REACT ? events[l->message_kind - LINE_REACT] : "",
	     (int)(l->text_len > 400 ? 400 : l->text_len), l->text);
	if (l->has_re)
		tell(ctx, " re %02x%02x", l->re[0], l->re[1]);
	tell(ctx, "\n");
}

static inline void front_presence(void *ctx, struct chat *c, const struct contact *contact,
				  enum presence before, const char *reason)
{
	static const char *const words[] = {"offline", "online", "away"};
	(void)c;
	tell(ctx, "%s is %s, was %s, %s\n", nick_of(contact), words[contact->presence], words[before],
	     reason ? reason : "-");
}

static inline void front_added(void *ctx, struct chat *c, const struct contact *contact)
{
	(void)c;
	tell(ctx, "added %s\n", nick_of(contact));
}

static inline void front_renamed(void *ctx, struct chat *c, const struct contact *contact,
				 const char *old_nick)
{
	(void)c;
	tell(ctx, "renamed %s to %s\n", old_nick, nick_of(contact));
}

static inline void front_named(void *ctx, struct chat *c, const struct contact *contact)
{
	(void)c;
	tell(ctx, "%s is %s to itself\n", nick_of(contact), contact->row.their_nick);
}

static inline void front_removed(void *ctx, struct chat *c, const struct contact *contact)
{
	(void)c;
	tell(ctx, "removed %s\n", nick_of(contact));
}

static inline void front_blocked(void *ctx, struct chat *c, const struct contact *contact)
{
	(void)c;
	tell(ctx, "%s %s\n", contact->row.blocked ? "blocked" : "unblocked", nick_of(contact));
}

static inline void front_request(void *ctx, struct chat *c, const struct request_row *r)
{
	(void)c;
	tell(ctx, "request %s: %s\n", r->name, r->text);
}

static inline void front_self(void *ctx, struct chat *c, const char *old_nick)
{
	tell(ctx, "self %s, was %s, %s\n", chat_nick(c), old_nick, chat_away(c) ? chat_away(c) : "here");
}

static inline void front_notice(void *ctx, struct chat *c, const struct contact *contact, const char *text)
{
	(void)c;
	tell(ctx, "notice %s: %s\n", nick_of(contact), text);
}

static inline void front_typing(void *ctx, struct chat *c, const struct contact *contact, enum typing state)
{
	static const char *const words[] = {"", "active", "paused", "done"};
	(void)c;
	tell(ctx, "typing %s: %s\n", nick_of(contact), words[state]);
}

static inline void front_status(void *ctx, struct chat *c)
{
	(void)ctx;
	(void)c;
}

static const struct chat_front help_front = {
    .line = front_line,
    .presence = front_presence,
    .contact_added = front_added,
    .contact_renamed = front_renamed,
    .contact_named = front_named,
    .contact_removed = front_removed,
    .contact_blocked = front_blocked,
    .request = front_request,
    .self = front_self,
    .typing = front_typing,
    .notice = front_notice,
    .status = front_status,
};

/* How often the front was told something that holds this text. */
static inline unsigned said(const struct party *p, const char *text)
{
	const char *at = p->told;
	unsigned n = 0;

	while ((at = strstr(at, text))) {
		at += strlen(text);
		n++;
	}
	return n;
}

static inline void hush(struct party *p)
{
	p->told[0] = '\0';
}

#endif
