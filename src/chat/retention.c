/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Lines that are too old go, a slice a turn.  Nothing is noted of how far that has come: what is still there
 * is still too old when the account is opened again.
 */
#include "chat_impl.h"

#include "chat/history.h"

#define META_EXPIRE "expire"
#define SLICE	    250	    /* lines that are deleted in one turn */
#define LOOKS	    32	    /* conversations whose oldest line is looked up in one turn */
#define AGAIN_MS    3600000 /* the clock may be set meanwhile */

/* How long a conversation is kept; 0: for ever. */
static uint64_t expire_of(const struct chat *c, const struct chat_peer *p)
{
	uint64_t ms = p && p->pub.row.expire_ms != EXPIRE_DEFAULT ? p->pub.row.expire_ms : c->expire_ms;

	return ms == EXPIRE_NEVER ? 0 : ms;
}

/* What may still be done in this turn, and when there will be something to do. */
struct sweep {
	size_t rows, looks;
	bool full;
	uint64_t due_ms; /* real */
};

/* Who asks once is told as well when there is none. */
static int look(struct chat *c, struct line_ages *a, int64_t contact)
{
	int err = store_history_oldest(c->store, contact, &a->oldest_ms);

	if (err == ERR_NOT_FOUND)
		a->oldest_ms = err = 0;
	a->oldest_known = !err;
	return chat_break(c, err);
}

static int delete_slice(struct chat *c, struct line_ages *a, int64_t contact, uint64_t before_ms,
			struct sweep *s)
{
	size_t n;
	int err = conversation_keep_time(c); /* perhaps the last line of all goes */

	if (!err)
		err = chat_break(c, store_history_expire(c->store, contact, before_ms, s->rows, &n));
	if (err)
		return err;
	a->oldest_known = false;
	if (a->last_ms < before_ms)
		a->last_known = false;
	s->rows -= n;
	s->full = s->rows == 0;
	return 0;
}

static int sweep_one(struct chat *c, struct now now, struct chat_peer *p, struct sweep *s)
{
	struct line_ages *a = p ? &p->ages : &c->ages;
	int64_t contact = p ? p->pub.row.id : 0;
	uint64_t expire_ms = expire_of(c, p);
	int err = 0;

	while (expire_ms && !err && !s->full) {
		if (!a->oldest_known && s->looks == 0) {
			s->full = true;
		} else if (!a->oldest_known) {
			s->looks--;
			err = look(c, a, contact);
		} else if (a->oldest_ms && a->oldest_ms + expire_ms <= now.real_ms) {
			err = delete_slice(c, a, contact, now.real_ms - expire_ms + 1, s);
		} else {
			if (a->oldest_ms && a->oldest_ms + expire_ms < s->due_ms)
				s->due_ms = a->oldest_ms + expire_ms;
			break;
		}
	}
	return err;
}

static void wait_for(struct chat *c, struct now now, uint64_t wait_ms)
{
	if (wait_ms > AGAIN_MS)
		wait_ms = AGAIN_MS;
	timers_set(&c->timers, &c->retention_timer, now.mono_ms + wait_ms);
}

static void on_timer(struct chat *c, struct now now, void *owner)
{
	struct sweep s = {.rows = SLICE, .looks = LOOKS, .due_ms = UINT64_MAX};
	struct chat_peer *p;
	int err = sweep_one(c, now, NULL, &s);

	(void)owner;
	for (p = contact_next(c, NULL); p && !err && !s.full; p = contact_next(c, p))
		err = sweep_one(c, now, p, &s);
	if (err)
		return;
	if (s.full)
		wait_for(c, now, 1);
	else if (s.due_ms != UINT64_MAX)
		wait_for(c, now, s.due_ms - now.real_ms);
}

int retention_load(struct chat *c)
{
	int err = store_meta_get(c->store, META_EXPIRE, &c->expire_ms, sizeof(c->expire_ms), NULL);

	c->retention_timer.fire = on_timer;
	timers_set(&c->timers, &c->retention_timer, 0);
	return err == ERR_NOT_FOUND ? 0 : err;
}

void retention_added(struct chat *c, struct now now, struct chat_peer *p)
{
	struct line_ages *a = p ? &p->ages : &c->ages;
	uint64_t expire_ms = expire_of(c, p);

	if (!expire_ms || (a->oldest_known && a->oldest_ms))
		return;
	if (a->oldest_known)
		a->oldest_ms = c->line_ms;
	if (!c->retention_timer.set || c->retention_timer.at_ms > now.mono_ms + expire_ms)
		wait_for(c, now, expire_ms);
}

static int save(struct chat *c, struct contact *contact, uint64_t expire_ms)
{
	if (contact) {
		contact->row.expire_ms = expire_ms;
		return contact_save(c, contact->impl);
	}
	c->expire_ms = expire_ms;
	return chat_break(c, store_meta_set(c->store, META_EXPIRE, &expire_ms, sizeof(expire_ms)));
}

int chat_set_expire(struct chat *c, struct now now, struct contact *contact, uint64_t expire_ms)
{
	int err = c->broken;

	if (!err && expire_ms > EXPIRE_NEVER)
		err = ERR_INVALID;
	if (!err)
		err = save(c, contact, expire_ms);
	if (!err)
		wait_for(c, now, 0);
	return err;
}

uint64_t chat_expire(const struct chat *c)
{
	return c->expire_ms;
}
