/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The door: the onion service that the address names.  Open, it takes requests of strangers.  It also stands for
 * contacts of a time without private services, until each has been told of another locator: those would lose
 * us with it.
 */
#include "chat_impl.h"

#include <string.h>

#include "base/log.h"

#define META_DOOR "door"

int door_load(struct chat *c)
{
	uint8_t state = DOOR_OPEN;
	int err = store_meta_get(c->store, META_DOOR, &state, sizeof(state), NULL);

	if (err && err != ERR_NOT_FOUND)
		return err;
	if (state > DOOR_GONE)
		return ERR_INVALID;
	c->door = (enum door_state)state;
	return 0;
}

static bool unmoved(const struct chat_peer *p)
{
	return p->pub.row.knows_door && !p->pub.row.blocked;
}

static bool any_unmoved(const struct chat *c)
{
	struct chat_peer *p = NULL;

	while ((p = contact_next(c, p))) {
		if (unmoved(p))
			return true;
	}
	return false;
}

int chat_unmoved_each(const struct chat *c, int (*cb)(void *ctx, const struct contact *contact), void *ctx)
{
	struct chat_peer *p = NULL;
	int stop = 0;

	while (!stop && (p = contact_next(c, p))) {
		if (unmoved(p))
			stop = cb(ctx, &p->pub);
	}
	return stop;
}

void door_settle(struct chat *c)
{
	struct chat_service s = {.id = CHAT_DOOR, .seed = c->secrets->seed};

	if (!c->door_dirty)
		return;
	c->door_dirty = false;
	s.door_role = c->door == DOOR_OPEN;
	s.private_role = c->door != DOOR_GONE && any_unmoved(c);
	memcpy(s.onion, c->identity, KEY_BYTES);
	if (s.door_role || s.private_role)
		net_call(c, publish, &s);
	else if (c->door_stands)
		net_call(c, withdraw, CHAT_DOOR);
	c->door_stands = s.door_role || s.private_role;
}

bool chat_door(const struct chat *c)
{
	return c->door == DOOR_OPEN;
}

bool chat_door_gone(const struct chat *c)
{
	return c->door == DOOR_GONE;
}

int chat_set_door(struct chat *c, struct now now, bool open, bool at_once)
{
	uint8_t state = open ? DOOR_OPEN : at_once ? DOOR_GONE : DOOR_CLOSED;
	int err;

	if (c->broken)
		return c->broken;
	c->now = now;
	err = chat_break(c, store_meta_set(c->store, META_DOOR, &state, sizeof(state)));
	if (err)
		return err;
	log_info("the door is %s", open ? "open" : "closed");
	c->door = (enum door_state)state;
	c->door_dirty = true;
	front_status(c);
	return 0;
}
