/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which link is used.
 *
 * Between two contacts there may be several links at a time: both dial at once, or one side dials while the
 * other has not noticed that the old link is dead. The side with the lower identity chooses alone: the link
 * on which it heard the other most recently for the first time. It says USE there, with its SYNC behind it;
 * when the other's SYNC comes it knows that USE was read, and closes the other links. The other side uses the
 * link of the last USE, by the number in it, since what comes on different links comes in any order. Messages
 * and acks go, and count, on the used link only, once both have read SYNC: what was on its way elsewhere is
 * sent again (outbox.c), so nothing depends on what another link carried.
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

void use_none(struct chat_peer *p)
{
	if (p->chosen)
		p->chosen->sync = SYNC_UNUSED;
	p->chosen = NULL;
	p->ready = false;
}

static void use_link(struct chat *c, struct now now, struct chat_peer *p, struct chat_link *l)
{
	use_none(p);
	p->chosen = l;
	if (l) {
		log_debug("contact %lld: link %u is used", (long long)p->pub.row.id, (unsigned)l->id);
		epoch_use(c, l);
	}
	presence_unsure(c, now, p);
}

void use_choose(struct chat *c, struct now now, struct chat_peer *p)
{
	struct chat_link *best = NULL;
	struct chat_link *l;

	TAILQ_FOREACH (l, &p->links, of_peer) {
		if (p->chooser && l->heard && (!best || l->heard_seq > best->heard_seq))
			best = l;
	}
	if (best != p->chosen)
		use_link(c, now, p, best);
	use_changed(p);
}

/* Overtaken by a later USE of the same process, or of a process that is no more. */
static bool outdated(const struct chat_peer *p, const struct chat_link *l, uint64_t token)
{
	if (token >> 32 == p->use_token >> 32)
		return token <= p->use_token;
	return p->chosen && l->born_seq < p->chosen->born_seq;
}

void use_told(struct chat *c, struct now now, struct chat_link *l, uint64_t token)
{
	struct chat_peer *p = l->peer;

	if (outdated(p, l, token))
		return;
	p->use_token = token;
	use_link(c, now, p, l);
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
