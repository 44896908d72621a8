/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Open links: how they come, how long they stay, and what follows when they end. */
#include "chat_impl.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"

#define SHORT_LINKS_BACKOFF 2 /* links that opened but did not last: the back-off stays at dial_min * 2^2 */

static int link_cmp(const struct chat_link *a, const struct chat_link *b)
{
	return a->id < b->id ? -1 : a->id > b->id;
}

TREE_FUNCTIONS(link_tree, chat_link, by_id, link_cmp)

struct chat_link *links_find(const struct chat *c, link_id id)
{
	struct chat_link key = {.id = id};

	return RB_FIND(link_tree, (struct link_tree *)&c->links, &key);
}

struct chat_link *links_next(const struct chat *c, struct chat_link *l)
{
	return l ? RB_NEXT(link_tree, &c->links, l) : RB_MIN(link_tree, (struct link_tree *)&c->links);
}

struct chat_link *links_current(const struct chat_peer *p)
{
	struct chat_link *l;

	TAILQ_FOREACH (l, &p->links, of_peer) {
		if (!l->by_identity)
			return l;
	}
	return NULL;
}

/* ---- the end of links ---- */

static void forget_link(struct chat *c, struct chat_link *l)
{
	if (l->peer) {
		TAILQ_REMOVE(&l->peer->links, l, of_peer);
		l->peer->n_links--;
	} else if (l->role == LINK_DOOR) {
		TAILQ_REMOVE(&c->door_links, l, of_peer);
		c->n_door_links--;
	} else {
		TAILQ_REMOVE(&c->guest_links, l, of_peer);
		c->n_guest_links--;
	}
	if (l->flushing)
		TAILQ_REMOVE(&c->flushes, l, of_flush);
	RB_REMOVE(link_tree, &c->links, l);
	links_unwatch(c, l);
	buf_clear(&l->first);
	epoch_drop_root(l);
	free(l);
}

void links_free_all(struct chat *c)
{
	struct chat_link *l;

	while ((l = RB_ROOT(&c->links)))
		forget_link(c, l);
}

static void redial(struct chat *c, struct now now, struct chat_peer *p, enum link_end how)
{
	if (how == LINK_LEFT) {
		dial_rarely(c, now, p);
	} else if (!p->redialled) {
		p->redialled = true;
		dial_soon(c, now, p, rng_jitter(c->opts.rng, REDIAL_MS, 100));
	} else {
		dial_later(c, now, p);
	}
}

/* A link that lasted forgets the failures before it; one that at least worked bounds what they cost. */
static void forgive(const struct chat *c, struct now now, struct chat_peer *p, const struct chat_link *l)
{
	if (!l->heard)
		return;
	if (now.mono_ms - l->opened_ms >= c->opts.dial_min_ms) {
		p->attempts = 0;
		p->redialled = false;
	} else if (p->attempts > SHORT_LINKS_BACKOFF) {
		p->attempts = SHORT_LINKS_BACKOFF;
	}
}

static const char *reason_text(const struct chat *c, const struct chat_peer *p, enum link_end how)
{
	if (how == LINK_LEFT)
		return "went offline";
	return c->tor.ready || p->pub.local ? NULL : "your own Tor connection is down";
}

static void key_link_ended(struct chat *c, struct now now, struct chat_peer *p, bool was_heard,
			   enum link_end how)
{
	if (!p->chosen)
		use_choose(c, now, p);
	use_changed(p);
	presence_unsure(c, now, p);
	if (p->pub.link_up)
		return;
	if (was_heard) {
		p->pub.row.seen_ms = now.real_ms;
		contact_save(c, p);
	}
	presence_alone(c, now, p, reason_text(c, p, how));
	if (!links_current(p))
		redial(c, now, p, how);
}

void links_ended(struct chat *c, struct now now, struct chat_link *l, enum link_end how)
{
	struct chat_peer *p = l->peer;
	bool key_link = !l->by_identity;
	bool was_heard = l->heard;
	int64_t given = l->given;

	log_debug("link %u (%s) ended", (unsigned)l->id, l->by_identity ? "by identity" : "by link key");
	if (p && p->chosen == l)
		use_none(p);
	if (p)
		forgive(c, now, p, l);
	forget_link(c, l);
	if (p)
		locator_told(c, now, p, given);
	if (p && key_link)
		key_link_ended(c, now, p, was_heard, how);
	else if (p && how != LINK_SPENT)
		dial_missed(c, now, p);
}

void links_close(struct chat *c, struct now now, struct chat_link *l, enum close_reason reason,
		 enum link_end how)
{
	flush_close(c, l, reason);
	links_ended(c, now, l, how);
}

void links_close_all(struct chat *c, struct chat_peer *p, enum close_reason reason)
{
	struct chat_link *l;

	while ((l = TAILQ_FIRST(&p->links))) {
		flush_close(c, l, reason);
		if (p->chosen == l)
			use_none(p);
		forget_link(c, l);
	}
	use_changed(p);
}

void chat_on_link_closed(struct chat *c, struct now now, link_id link)
{
	struct chat_link *l = links_find(c, link);

	if (l && !c->broken)
		links_ended(c, now, l, LINK_LOST);
}

void links_dead(struct chat *c, struct now now, struct chat_link *l)
{
	log_debug("link %u is dead", (unsigned)l->id);
	net_call(c, close, l->id);
	links_ended(c, now, l, LINK_LOST);
}

void links_give_up(struct chat *c, struct now now, struct chat_peer *p)
{
	struct chat_link *l, *next;

	TAILQ_FOREACH_SAFE (l, &p->links, of_peer, next) {
		if (!l->by_identity && now.mono_ms - l->opened_ms >= c->opts.offline_grace_ms)
			links_dead(c, now, l);
	}
	presence_unsure(c, now, p);
}

/* ---- links that open ---- */

/* A contact who asks anew, in the same house, needs no open door. */
static bool asks_at_home(const struct chat *c, uint32_t service, const uint8_t identity[KEY_BYTES])
{
	const struct chat_peer *p = service == CHAT_LOCAL ? contact_by_identity(c, identity) : NULL;

	return p && !p->pub.row.blocked;
}

int chat_admit(struct chat *c, uint32_t service, enum link_role role, uint8_t version,
	       const uint8_t static_key[KEY_BYTES], const uint8_t *identity)
{
	const struct chat_peer *p;

	if (c->broken || c->shut || version > LINK_VERSION)
		return ERR_REFUSED;
	if (identity && crypto_equal(identity, c->identity, KEY_BYTES))
		return ERR_REFUSED;
	switch (role) {
	case LINK_DOOR:
		return identity && (c->door == DOOR_OPEN || asks_at_home(c, service, identity)) ? 0 : ERR_REFUSED;
	case LINK_PRIVATE:
		p = identity ? contact_by_identity(c, identity) : contact_by_link_key(c, static_key);
		/* Who is blocked learns no more of it than a stranger would. */
		if (!p || (identity && p->pub.row.blocked))
			return identity && service != CHAT_DOOR ? 0 : ERR_REFUSED;
		if (p->pub.row.blocked || (!identity && (p->misbound || version < p->pub.row.min_version)))
			return ERR_REFUSED;
		/* Only the answer to the invitation proves that the key is this contact's. */
		if (!identity && p->pub.row.state == CONTACT_INVITED)
			return ERR_REFUSED;
		return 0;
	case LINK_MAILBOX:
		return ERR_REFUSED;
	}
	return ERR_REFUSED;
}

static struct chat_link *add_link(struct chat *c, struct now now, const struct chat_link_info *info,
				  struct chat_peer *p, bool by_identity)
{
	struct chat_link *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->id = info->link;
	l->role = info->role;
	l->service = info->service;
	l->by_identity = by_identity;
	l->dialled = info->dial_id != 0;
	l->opened_ms = l->heard_ms = now.mono_ms;
	l->born_seq = ++c->link_seq;
	buf_init(&l->first, SEALED_BYTES_MAX);
	if (!by_identity && epoch_keep_root(l, info->root)) {
		free(l);
		return NULL;
	}
	if (info->identity)
		memcpy(l->identity, info->identity, KEY_BYTES);
	if (by_identity) {
		memcpy(l->peer_static, info->static_key, KEY_BYTES);
		memcpy(l->hash, info->hash, HASH_BYTES);
	}
	RB_INSERT(link_tree, &c->links, l);
	/* Who comes with an identity has proven no link key: such a link belongs to no contact. */
	if (!by_identity || l->dialled) {
		l->peer = p;
		TAILQ_INSERT_TAIL(&p->links, l, of_peer);
		p->n_links++;
	} else if (l->role == LINK_DOOR) {
		TAILQ_INSERT_TAIL(&c->door_links, l, of_peer);
		c->n_door_links++;
	} else {
		TAILQ_INSERT_TAIL(&c->guest_links, l, of_peer);
		c->n_guest_links++;
	}
	links_watch_init(c, now, l);
	return l;
}

/* Makes room for another link of this contact: the oldest that is not used goes. */
static void links_bound(struct chat *c, struct now now, struct chat_peer *p)
{
	struct chat_link *l, *next;

	TAILQ_FOREACH_SAFE (l, &p->links, of_peer, next) {
		if (p->n_links <= CONTACT_LINKS_MAX)
			return;
		if (l != p->chosen)
			links_close(c, now, l, CLOSE_SUPERSEDED, LINK_REPLACED);
	}
}

static int key_link_opened(struct chat *c, struct now now, struct chat_link *l, uint8_t version)
{
	struct chat_peer *p = l->peer;
	int err = 0;

	/* Dials of ours that are under way would only make another link. */
	if (!l->dialled)
		dial_stop(c, p);
	p->misses = 0;
	timers_cancel(&c->dial_timers, &p->dial_timer);
	/* Who dials between link keys knows ours. */
	err = contact_enter(c, p, CONTACT_LINKED);
	if (!err)
		err = contact_restore_locator(c, p);
	if (!err && version > p->pub.row.min_version) {
		p->pub.row.min_version = version;
		err = contact_save(c, p);
	}
	links_bound(c, now, p);
	use_changed(p);
	presence_unsure(c, now, p);
	l->want_profile = true;
	flush_soon(c, l);
	return err;
}

/* Whose link this is: in *p, NULL for a stranger. */
static int link_owner(struct chat *c, const struct chat_link_info *info, struct chat_peer **p,
		      bool *by_identity)
{
	if (info->dial_id) {
		*p = dial_take(c, info->dial_id);
		*by_identity = *p && (*p)->dial_by_identity;
		return *p ? 0 : ERR_REFUSED;
	}
	*by_identity = info->identity != NULL;
	*p = *by_identity ? NULL : contact_by_link_key(c, info->static_key);
	return chat_admit(c, info->service, info->role, info->version, info->static_key, info->identity);
}

/* Who says nothing must not keep others out. */
static void strangers_bound(struct chat *c, struct now now)
{
	if (c->n_door_links > DOOR_LINKS_MAX)
		links_dead(c, now, TAILQ_FIRST(&c->door_links));
	if (c->n_guest_links > GUEST_LINKS_MAX)
		links_dead(c, now, TAILQ_FIRST(&c->guest_links));
}

int chat_on_link(struct chat *c, struct now now, const struct chat_link_info *info)
{
	struct chat_peer *p = NULL;
	struct chat_link *l;
	bool by_identity;
	int err;

	if (c->broken)
		return c->broken;
	if (c->shut || links_find(c, info->link))
		return ERR_REFUSED;
	err = link_owner(c, info, &p, &by_identity);
	if (err)
		return err;
	l = add_link(c, now, info, p, by_identity);
	if (!l) {
		if (info->dial_id)
			dial_later(c, now, p);
		return ERR_NOMEM;
	}
	log_debug("link %u opened, %s, %s", (unsigned)l->id, l->dialled ? "dialled" : "incoming",
		  by_identity ? "by identity" : "by link key");
	if (l->dialled && l->role == LINK_PRIVATE && !p->pub.local)
		dial_proved(p);
	if (!by_identity)
		err = key_link_opened(c, now, l, info->version);
	else if (l->dialled)
		err = acceptance_begin(c, now, l);
	else
		strangers_bound(c, now);
	if (err && !c->broken) {
		forget_link(c, l);
		if (p)
			dial_later(c, now, p);
	}
	return err;
}
