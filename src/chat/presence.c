/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Whether a contact is here.  A contact is online once messages can be delivered, on a link whose session both
 * sides know, and as away as its profile says.  When the last link breaks it stays so for a while, in which
 * it is dialled again; an orderly goodbye counts at once.
 */
#include "chat_impl.h"

#include <string.h>

#include "base/log.h"
#include "base/str.h"

static const char *presence_name(enum presence presence)
{
	switch (presence) {
	case PRESENCE_OFFLINE:
		return "offline";
	case PRESENCE_ONLINE:
		return "online";
	case PRESENCE_AWAY:
		return "away";
	}
	return "unknown";
}

/* The one place where presence changes. */
static void enter(struct chat *c, struct now now, struct chat_peer *p, enum presence presence,
		  const char *reason)
{
	struct contact *contact = &p->pub;
	enum presence before = contact->presence;

	log_debug("contact %lld: %s -> %s", (long long)contact->row.id, presence_name(before),
		  presence_name(presence));
	contact->presence = presence;
	if (presence == PRESENCE_OFFLINE) {
		contact->online_since_ms = 0;
		contact->away_text[0] = '\0';
		p->waiting = p->waiting || contact->queued;
	} else if (before == PRESENCE_OFFLINE) {
		contact->online_since_ms = now.real_ms;
	}
	front_call(c, presence, contact, before, reason);
	if (presence == PRESENCE_OFFLINE && contact->queued)
		front_status(c);
}

static void grace_over(struct chat *c, struct now now, void *owner)
{
	struct chat_peer *p = owner;

	if (p->pub.presence != PRESENCE_OFFLINE)
		enter(c, now, p, PRESENCE_OFFLINE, "connection lost");
	links_give_up(c, now, p);
}

void presence_init(struct chat_peer *p)
{
	p->offline_timer.fire = grace_over;
	p->offline_timer.owner = p;
}

void presence_unsure(struct chat *c, struct now now, struct chat_peer *p)
{
	if (!p->ready && !p->offline_timer.set && (p->pub.presence != PRESENCE_OFFLINE || p->n_links))
		timers_set(&c->timers, &p->offline_timer, now.mono_ms + c->opts.offline_grace_ms);
}

void presence_alone(struct chat *c, struct now now, struct chat_peer *p, const char *reason)
{
	if (!reason) {
		presence_unsure(c, now, p);
		return;
	}
	timers_cancel(&c->timers, &p->offline_timer);
	if (p->pub.presence != PRESENCE_OFFLINE)
		enter(c, now, p, PRESENCE_OFFLINE, reason);
}

/* The petname stays whatever the peer calls itself; the first name it told is not news. */
static int learn_nick(struct chat *c, struct now now, struct chat_peer *p, const char *told)
{
	struct contact_row *row = &p->pub.row;
	char nick[NICK_MAX + 1];
	bool news = row->their_nick[0] != '\0';
	int err;

	nick_sanitize(told, strlen(told), nick);
	if (!strcmp(nick, row->their_nick))
		return 0;
	memcpy(row->their_nick, nick, sizeof(nick));
	err = contact_save(c, p);
	if (err)
		return err;
	front_call(c, contact_named, &p->pub);
	if (!news || nick_eq(nick, row->petname))
		return 0;
	return conversation_info(c, now, p, "%s now goes by the nick %s; `rename %s %s` follows.",
				 row->petname, nick, row->petname, nick);
}

/* The pinned key is somebody else's, whatever the contact said when it came. */
static int somebody_else(struct chat *c, struct now now, struct chat_peer *p)
{
	const char *nick = p->pub.row.petname;
	int err =
	    conversation_info(c, now, p,
			      "Refused: the link key that %s gave belongs to somebody else. Nothing of it is "
			      "shown, and nothing is sent; `remove %s` forgets it.",
			      nick, nick);

	p->misbound = true;
	return err ? err : ERR_REFUSED;
}

/* As its profile told. */
static void show(struct chat *c, struct now now, struct chat_peer *p)
{
	enum presence presence = p->away ? PRESENCE_AWAY : PRESENCE_ONLINE;
	bool changed = presence != p->pub.presence || strcmp(p->told_away, p->pub.away_text) != 0;

	str_copy(p->pub.away_text, sizeof(p->pub.away_text), p->told_away);
	if (changed)
		enter(c, now, p, presence, NULL);
}

void presence_here(struct chat *c, struct now now, struct chat_peer *p)
{
	timers_cancel(&c->timers, &p->offline_timer);
	show(c, now, p);
}

int presence_on_profile(struct chat *c, struct now now, struct chat_peer *p, const uint8_t *body, size_t len)
{
	struct profile pr;
	int err = profile_decode(body, len, &pr);

	if (!err && !crypto_equal(pr.identity, p->pub.row.identity, KEY_BYTES))
		err = somebody_else(c, now, p);
	if (!err)
		err = learn_nick(c, now, p, pr.nick);
	if (err)
		return err;
	p->away = pr.away;
	str_copy(p->told_away, sizeof(p->told_away), pr.away_text);
	if (p->ready)
		show(c, now, p);
	return 0;
}
