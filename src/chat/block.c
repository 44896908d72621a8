/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Contacts who must not reach or find us any more, and are told nothing of it. */
#include "chat_impl.h"

#include "base/log.h"

#define SLICE 250 /* messages that are deleted in one turn */

static int clear_slice(struct chat *c, struct chat_peer *p, size_t limit)
{
	size_t n;
	int err = chat_break(c, store_outbox_clear(c->store, p->pub.row.id, limit, &n));

	if (!err && n < limit)
		p->clearing = false;
	return err;
}

static void clear_more(struct chat *c, struct now now, void *owner)
{
	struct chat_peer *p = NULL;

	(void)owner;
	while ((p = contact_next(c, p))) {
		if (!p->clearing)
			continue;
		if (!clear_slice(c, p, SLICE))
			timers_set(&c->timers, &c->clear_timer, now.mono_ms + 1);
		return;
	}
}

void block_clear(struct chat *c, struct now now, struct chat_peer *p)
{
	p->clearing = true;
	c->clear_timer.fire = clear_more;
	timers_set(&c->timers, &c->clear_timer, now.mono_ms);
}

/* Nothing of it is sent any more; what lies on the disk goes slice by slice. */
static int drop_queue(struct chat *c, struct now now, struct chat_peer *p, size_t *failed)
{
	const char *nick = p->pub.row.petname;
	size_t n = p->pub.queued;

	*failed = n;
	c->queued -= n;
	p->pub.queued = p->delivered = 0;
	p->waiting = false;
	p->all_sealed = true;
	block_clear(c, now, p);
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
	/* What was not to be sent is not. */
	if (p->clearing && (err = clear_slice(c, p, SIZE_MAX)))
		return err;
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
