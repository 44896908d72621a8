/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which link is used.
 *
 * Between two contacts there may be several links at a time: both dial at once, or one side dials while the
 * other has not noticed that the old link is dead.  Both read every link.  The side with the lower identity
 * chooses alone: the link on which it heard the other most recently for the first time.  It says USE there,
 * followed by a PING; at the PONG it knows that USE was read, and closes the other links.  The other side
 * sends on the link on which USE came last, of those that still stand. Nobody sends messages before USE.
 * Links fall away or are chosen once each, so this ends with one link, or with none and a dial. Whenever the
 * used link changes, all that is unacked is sent again in order (outbox.c), so nothing depends on what a
 * closed link carried.
 */
#include "chat_impl.h"

#include "base/log.h"

static bool heard_any(const struct chat_peer *p)
{
	const struct chat_link *l;

	TAILQ_FOREACH (l, &p->links, of_peer) {
		if (l->heard)
			return true;
	}
	return false;
}

void use_changed(struct chat_peer *p)
{
	const struct chat_link *l = p->chosen ? p->chosen : links_current(p);

	p->pub.link_up = heard_any(p);
	p->pub.link_incoming = l && !l->dialled;
	if (p->pub.link_up)
		p->pub.trouble[0] = '\0';
}

static void use_link(struct chat *c, struct chat_peer *p, struct chat_link *l)
{
	if (p->chosen == l)
		return;
	outbox_use(p, l);
	if (!l)
		return;
	log_debug("contact %lld: link %u is used", (long long)p->pub.row.id, (unsigned)l->id);
	if (p->chooser) {
		l->want_use = true;
		flush_ping(c, l);
		l->use_token = l->ping_token;
	}
	flush_soon(c, l);
}

/* Newest first heard for the one who chooses, last USE for the other. */
static uint64_t rank(const struct chat_peer *p, const struct chat_link *l)
{
	if (l->by_identity || !l->heard)
		return 0;
	return p->chooser ? l->heard_seq : l->used_seq;
}

void use_choose(struct chat *c, struct chat_peer *p)
{
	struct chat_link *best = NULL;
	struct chat_link *l;

	TAILQ_FOREACH (l, &p->links, of_peer) {
		if (rank(p, l) && (!best || rank(p, l) > rank(p, best)))
			best = l;
	}
	use_link(c, p, best);
	use_changed(p);
}

void use_confirmed(struct chat *c, struct now now, struct chat_peer *p)
{
	struct chat_link *l, *next;

	TAILQ_FOREACH_SAFE (l, &p->links, of_peer, next) {
		if (l != p->chosen && l->heard)
			links_close(c, now, l, CLOSE_SUPERSEDED, LINK_REPLACED);
	}
}
