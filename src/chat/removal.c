/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Contacts that are removed.  One with little to forget goes at once.  A long conversation would hold up the
 * turn: its contact is buried, which the user can't tell from gone, and the rest is deleted a slice a turn;
 * what a process leaves undone the next one goes on with.
 */
#include "chat_impl.h"

#include <stdlib.h>

#include "base/log.h"

#define SLICE 250 /* rows that are deleted in one turn */

struct removal {
	TAILQ_ENTRY(removal) entry;
	int64_t contact;
};

static void on_timer(struct chat *c, struct now now, void *owner);

static void append(struct chat *c, struct removal *r, int64_t contact)
{
	r->contact = contact;
	TAILQ_INSERT_TAIL(&c->removals, r, entry);
	c->removal_timer.fire = on_timer;
}

static void drop(struct chat *c, struct removal *r)
{
	TAILQ_REMOVE(&c->removals, r, entry);
	free(r);
}

/* Another slice; *last: nothing of the contact is left. */
static int trim(struct chat *c, int64_t contact, bool *last)
{
	size_t n;
	int err = chat_break(c, store_contact_trim(c->store, contact, SLICE, &n));

	*last = !err && n < SLICE;
	return *last ? chat_break(c, store_contact_delete(c->store, contact)) : err;
}

static void on_timer(struct chat *c, struct now now, void *owner)
{
	struct removal *r = TAILQ_FIRST(&c->removals);
	bool last;

	(void)owner;
	if (!r || trim(c, r->contact, &last))
		return;
	if (last) {
		log_debug("contact %lld: all of it is deleted", (long long)r->contact);
		drop(c, r);
	}
	if (!TAILQ_EMPTY(&c->removals))
		timers_set(&c->timers, &c->removal_timer, now.mono_ms + 1);
}

int removal_load(struct chat *c, int64_t contact)
{
	struct removal *r = calloc(1, sizeof(*r));

	if (!r)
		return ERR_NOMEM;
	append(c, r, contact);
	timers_set(&c->timers, &c->removal_timer, 0);
	return 0;
}

bool removal_of(const struct chat *c, int64_t contact)
{
	const struct removal *r;

	TAILQ_FOREACH (r, &c->removals, entry) {
		if (r->contact == contact)
			return true;
	}
	return false;
}

int removal_begin(struct chat *c, struct now now, int64_t contact)
{
	struct removal *r = calloc(1, sizeof(*r));
	bool last;
	int err;

	if (!r)
		return ERR_NOMEM;
	err = trim(c, contact, &last);
	if (!err && !last)
		err = chat_break(c, store_contact_bury(c->store, contact));
	if (err || last) {
		free(r);
		return err;
	}
	append(c, r, contact);
	if (!c->removal_timer.set)
		timers_set(&c->timers, &c->removal_timer, now.mono_ms + 1);
	return 0;
}

void removal_free_all(struct chat *c)
{
	struct removal *r;

	while ((r = TAILQ_FIRST(&c->removals)))
		drop(c, r);
}
