/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Contacts who must not reach or find us any more, and are told nothing of it. */
#include "chat_impl.h"

#include "base/log.h"

static int drop_queue(struct chat *c, struct now now, struct chat_peer *p, size_t *failed)
{
	const char *nick = p->pub.row.petname;
	size_t n = 0;
	int err = chat_break(c, store_outbox_clear(c->store, p->pub.row.id, &n));

	*failed = n;
	if (err)
		return err;
	c->queued -= p->pub.queued;
	p->pub.queued = p->delivered = 0;
	p->waiting = false;
	p->all_sealed = true;
	if (!n)
		return conversation_info(c, now, p, "%s is blocked.", nick);
	return conversation_info(c, now, p, "%s is blocked. %zu %s not delivered for sure, and will not be sent.",
				 nick, n, n == 1 ? "message was" : "messages were");
}

int chat_block(struct chat *c, struct now now, const char *nick, size_t *failed)
{
	struct contact *contact = chat_find(c, nick);
	struct chat_peer *p;
	int err;

	if (c->broken)
		return c->broken;
	if (!contact)
		return ERR_NOT_FOUND;
	if (contact->row.blocked)
		return ERR_WRONG_STATE;
	c->now = now;
	p = contact->impl;
	contact->row.blocked = true;
	log_debug("contact %lld: blocked", (long long)contact->row.id);
	dial_stop(c, p);
	links_close_all(c, p, CLOSE_OFFLINE);
	presence_alone(c, now, p, "blocked");
	err = contact_save(c, p);
	if (!err)
		err = locator_shut_out(c, now, p);
	if (!err)
		err = drop_queue(c, now, p, failed);
	front_call(c, contact_blocked, contact);
	front_status(c);
	return err;
}

int chat_unblock(struct chat *c, struct now now, const char *nick)
{
	struct contact *contact = chat_find(c, nick);
	struct chat_peer *p;
	int err;

	if (c->broken)
		return c->broken;
	if (!contact)
		return ERR_NOT_FOUND;
	if (!contact->row.blocked)
		return ERR_WRONG_STATE;
	c->now = now;
	p = contact->impl;
	contact->row.blocked = false;
	c->door_dirty = true; /* it may depend on it */
	log_debug("contact %lld: unblocked", (long long)contact->row.id);
	err = contact_save(c, p);
	if (!err)
		err = conversation_info(c, now, p, "%s is not blocked any more.", contact->row.petname);
	p->attempts = p->misses = 0;
	p->proved = false;
	dial_soon(c, now, p, 0);
	front_call(c, contact_blocked, contact);
	front_status(c);
	return err;
}
