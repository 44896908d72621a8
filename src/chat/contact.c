/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "chat_impl.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"

static int name_cmp(const struct chat_peer *a, const struct chat_peer *b)
{
	return strcmp(a->folded, b->folded);
}

static int id_cmp(const struct chat_peer *a, const struct chat_peer *b)
{
	return a->pub.row.id < b->pub.row.id ? -1 : a->pub.row.id > b->pub.row.id;
}

static int identity_cmp(const struct chat_peer *a, const struct chat_peer *b)
{
	return memcmp(a->pub.row.identity, b->pub.row.identity, KEY_BYTES);
}

static int skeleton_cmp(const struct chat_peer *a, const struct chat_peer *b)
{
	int d = strcmp(a->skeleton, b->skeleton);

	return d ? d : id_cmp(a, b);
}

static int link_key_cmp(const struct chat_peer *a, const struct chat_peer *b)
{
	return memcmp(a->pub.row.link_key, b->pub.row.link_key, KEY_BYTES);
}

TREE_FUNCTIONS(name_tree, chat_peer, by_name, name_cmp)
TREE_FUNCTIONS(id_tree, chat_peer, by_id, id_cmp)
TREE_FUNCTIONS(identity_tree, chat_peer, by_identity, identity_cmp)
TREE_FUNCTIONS(skeleton_tree, chat_peer, by_skeleton, skeleton_cmp)
TREE_FUNCTIONS(link_key_tree, chat_peer, by_link_key, link_key_cmp)

/* ---- finding ---- */

/* tree.h searches take a head that is not const, though they change nothing. */
static struct chat *unconst(const struct chat *c)
{
	return (struct chat *)c;
}

struct contact *chat_find(const struct chat *c, const char *nick)
{
	struct chat_peer key;
	struct chat_peer *p;

	if (strlen(nick) > NICK_MAX)
		return NULL;
	nick_fold(nick, key.folded);
	p = RB_FIND(name_tree, &unconst(c)->by_name, &key);
	return p ? &p->pub : NULL;
}

struct contact *chat_find_id(const struct chat *c, int64_t id)
{
	struct chat_peer key;
	struct chat_peer *p;

	key.pub.row.id = id;
	p = RB_FIND(id_tree, &unconst(c)->by_id, &key);
	return p ? &p->pub : NULL;
}

struct chat_peer *contact_next(const struct chat *c, struct chat_peer *p)
{
	return p ? RB_NEXT(id_tree, &c->by_id, p) : RB_MIN(id_tree, &unconst(c)->by_id);
}

struct chat_peer *contact_by_identity(const struct chat *c, const uint8_t identity[KEY_BYTES])
{
	struct chat_peer key;

	memcpy(key.pub.row.identity, identity, KEY_BYTES);
	return RB_FIND(identity_tree, &unconst(c)->by_identity, &key);
}

struct chat_peer *contact_by_link_key(const struct chat *c, const uint8_t link_key[KEY_BYTES])
{
	struct chat_peer key;

	memcpy(key.pub.row.link_key, link_key, KEY_BYTES);
	return RB_FIND(link_key_tree, &unconst(c)->by_link_key, &key);
}

struct chat_peer *contact_by_skeleton(const struct chat *c, const char *skeleton)
{
	struct chat_peer key;
	struct chat_peer *p;

	memcpy(key.skeleton, skeleton, sizeof(key.skeleton));
	key.pub.row.id = INT64_MIN;
	p = RB_NFIND(skeleton_tree, &unconst(c)->by_skeleton, &key);
	return p && !strcmp(p->skeleton, skeleton) ? p : NULL;
}

int chat_each(const struct chat *c, int (*cb)(void *ctx, const struct contact *contact), void *ctx)
{
	struct chat_peer *p;

	RB_FOREACH (p, name_tree, &unconst(c)->by_name) {
		int stop = cb(ctx, &p->pub);

		if (stop)
			return stop;
	}
	return 0;
}

size_t chat_count(const struct chat *c)
{
	return c->n_contacts;
}

/* ---- in memory ---- */

static void name_set(struct chat_peer *p, const char *petname)
{
	memcpy(p->pub.row.petname, petname, strlen(petname) + 1);
	nick_fold(petname, p->folded);
	nick_skeleton(petname, p->skeleton);
}

/* Circuits of different contacts must not be shared: tor isolates them by this name, which tells nothing
 * about the identity. */
static void isolation_set(const struct chat *c, struct chat_peer *p)
{
	static const char label[] = "allium isolation";
	uint8_t data[sizeof(label) + KEY_BYTES];
	uint8_t mac[HASH_BYTES];

	memcpy(data, label, sizeof(label));
	memcpy(data + sizeof(label), p->pub.row.identity, KEY_BYTES);
	hmac(c->secrets->seed, KEY_BYTES, data, sizeof(data), mac);
	hex_encode(mac, KEY_BYTES, p->pub.isolation);
	crypto_wipe(mac, sizeof(mac));
}

static struct chat_peer *peer_new(const struct chat *c, const struct contact_row *row)
{
	struct chat_peer *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->pub.row = *row;
	p->pub.impl = p;
	name_set(p, row->petname);
	onion_encode(row->identity, p->pub.onion);
	isolation_set(c, p);
	household_settle(c, p);
	p->chooser = memcmp(c->identity, row->identity, KEY_BYTES) < 0;
	TAILQ_INIT(&p->links);
	TAILQ_INIT(&p->clients);
	dial_init(unconst(c), p);
	presence_init(p);
	ack_init(p);
	return p;
}

/* It holds a client key, and perhaps a token. */
static void peer_free(struct chat_peer *p)
{
	crypto_wipe(p, sizeof(*p));
	free(p);
}

static int peer_insert(struct chat *c, struct chat_peer *p)
{
	if (RB_INSERT(id_tree, &c->by_id, p))
		return ERR_EXISTS;
	if (RB_INSERT(identity_tree, &c->by_identity, p))
		goto out_id;
	if (RB_INSERT(name_tree, &c->by_name, p))
		goto out_identity;
	if (p->pub.row.has_link_key && RB_INSERT(link_key_tree, &c->by_link_key, p))
		goto out_name;
	RB_INSERT(skeleton_tree, &c->by_skeleton, p);
	c->n_contacts++;
	return 0;
out_name:
	RB_REMOVE(name_tree, &c->by_name, p);
out_identity:
	RB_REMOVE(identity_tree, &c->by_identity, p);
out_id:
	RB_REMOVE(id_tree, &c->by_id, p);
	return ERR_EXISTS;
}

static void peer_take_out(struct chat *c, struct chat_peer *p)
{
	links_close_all(c, p, CLOSE_OFFLINE); /* no more is said to one who is blocked */
	epoch_forget(c, p);
	dial_stop(c, p);
	timers_cancel(&c->timers, &p->offline_timer);
	timers_cancel(&c->timers, &p->ack_timer);
	RB_REMOVE(id_tree, &c->by_id, p);
	RB_REMOVE(identity_tree, &c->by_identity, p);
	RB_REMOVE(name_tree, &c->by_name, p);
	RB_REMOVE(skeleton_tree, &c->by_skeleton, p);
	if (p->pub.row.has_link_key)
		RB_REMOVE(link_key_tree, &c->by_link_key, p);
	c->n_contacts--;
	c->queued -= p->pub.queued;
}

static int load_row(void *ctx, const struct contact_row *row)
{
	struct chat *c = ctx;
	struct chat_peer *p;
	int err;

	if (row->state == 0)
		return removal_load(c, row->id);
	p = peer_new(c, row);
	if (!p)
		return ERR_NOMEM;
	err = peer_insert(c, p);
	if (err)
		peer_free(p);
	return err;
}

static int load_count(void *ctx, int64_t contact, size_t n)
{
	struct chat *c = ctx;
	struct contact *of = chat_find_id(c, contact);
	struct chat_peer *p;

	if (!of)
		return removal_of(c, contact) ? 0 : ERR_INVALID; /* a damaged database */
	p = of->impl;
	if (p->pub.row.blocked) {
		block_clear(c, c->now, p);
		return 0;
	}
	p->pub.queued = n;
	p->waiting = n > 0;
	c->queued += n;
	return 0;
}

int contact_load(struct chat *c)
{
	int err = store_contact_each(c->store, load_row, c);

	return err ? err : store_outbox_counts(c->store, load_count, c);
}

void contact_free_all(struct chat *c)
{
	struct chat_peer *p;

	while ((p = RB_ROOT(&c->by_id))) {
		RB_REMOVE(id_tree, &c->by_id, p);
		peer_free(p);
	}
}

int contact_save(struct chat *c, struct chat_peer *p)
{
	return chat_break(c, store_contact_update(c->store, &p->pub.row));
}

/* ---- keys and states ---- */

bool contact_key_free(const struct chat *c, const uint8_t identity[KEY_BYTES],
		      const uint8_t link_key[KEY_BYTES])
{
	const struct chat_peer *p = contact_by_link_key(c, link_key);

	if (crypto_equal(link_key, c->link_key, KEY_BYTES))
		return false;
	return !p || crypto_equal(p->pub.row.identity, identity, KEY_BYTES);
}

static void locator_set(struct chat_peer *p, const struct locator *l)
{
	struct contact_row *row = &p->pub.row;

	memcpy(row->onion, l->onion, KEY_BYTES);
	row->has_client_key = l->has_client_key;
	memcpy(row->client_key, l->client_key, KEY_BYTES);
	p->proved = false;
	p->dial_stale = true;
	p->misses = 0;
}

int contact_locator(struct chat *c, struct chat_peer *p, const struct locator *l)
{
	const struct contact_row *row = &p->pub.row;

	p->has_before = false;
	if (crypto_equal(row->onion, l->onion, KEY_BYTES) && row->has_client_key == l->has_client_key &&
	    crypto_equal(row->client_key, l->client_key, KEY_BYTES))
		return 0;
	log_debug("contact %lld: another locator", (long long)row->id);
	locator_set(p, l);
	return contact_save(c, p);
}

int contact_restore_locator(struct chat *c, struct chat_peer *p)
{
	return p->has_before ? contact_locator(c, p, &p->before) : 0;
}

int contact_pin(struct chat *c, struct chat_peer *p, const uint8_t link_key[KEY_BYTES],
		const struct locator *l)
{
	struct contact_row *row = &p->pub.row;

	if (row->has_link_key && crypto_equal(row->link_key, link_key, KEY_BYTES))
		return contact_locator(c, p, l); /* who proves it says where it is now */
	/* What an invitation told is not pinned: anybody can write one. */
	if (row->has_link_key && row->state != CONTACT_INVITED)
		return ERR_REFUSED;
	if (!contact_key_free(c, row->identity, link_key))
		return ERR_REFUSED;
	if (row->has_link_key)
		RB_REMOVE(link_key_tree, &c->by_link_key, p);
	memcpy(row->link_key, link_key, KEY_BYTES);
	row->has_link_key = true;
	RB_INSERT(link_key_tree, &c->by_link_key, p);
	locator_set(p, l);
	return contact_save(c, p);
}

int contact_pin_invited(struct chat *c, struct chat_peer *p, const struct invite *inv)
{
	const struct contact_row *row = &p->pub.row;
	bool keep = p->has_before || row->state == CONTACT_LINKED;
	struct locator before = p->before;
	int err;

	if (!p->has_before) {
		memcpy(before.onion, row->onion, KEY_BYTES);
		before.has_client_key = row->has_client_key;
		memcpy(before.client_key, row->client_key, KEY_BYTES);
	}
	err = contact_pin(c, p, inv->link_key, &inv->locator);
	if (!err) {
		p->before = before;
		p->has_before = keep;
	}
	crypto_wipe(&before, sizeof(before));
	return err;
}

int contact_unpin(struct chat *c, struct chat_peer *p)
{
	struct contact_row *row = &p->pub.row;
	struct locator door = {.has_client_key = false};

	if (row->has_link_key)
		RB_REMOVE(link_key_tree, &c->by_link_key, p);
	row->has_link_key = row->has_token = false;
	crypto_wipe(row->link_key, KEY_BYTES);
	crypto_wipe(row->token, sizeof(row->token));
	memcpy(door.onion, row->identity, KEY_BYTES);
	locator_set(p, &door);
	return contact_save(c, p);
}

static const char *state_name(enum contact_state state)
{
	switch (state) {
	case CONTACT_ASKED:
		return "asked";
	case CONTACT_ACCEPTING:
		return "accepting";
	case CONTACT_LINKED:
		return "linked";
	case CONTACT_INVITED:
		return "invited";
	}
	return "unknown";
}

int contact_enter(struct chat *c, struct chat_peer *p, enum contact_state state)
{
	struct contact_row *row = &p->pub.row;

	if (row->state == (int)state)
		return 0;
	log_debug("contact %lld: %s -> %s", (long long)row->id, state_name((enum contact_state)row->state),
		  state_name(state));
	row->state = state;
	row->text[0] = '\0';
	row->has_token = false;
	crypto_wipe(row->token, sizeof(row->token));
	p->attempts = 0;
	/* What it was dialled for is settled. */
	if (p->dial_id && p->dial_by_identity)
		dial_stop(c, p);
	return contact_save(c, p);
}

/* ---- coming, renaming, going ---- */

int contact_new(struct chat *c, struct now now, struct contact_row *row, struct chat_peer **out)
{
	struct chat_peer *p;
	int err;

	if (c->n_contacts >= CONTACTS_MAX)
		return ERR_FULL;
	row->created_ms = now.real_ms;
	row->household = row->household || household_met(c, row->identity);
	p = peer_new(c, row);
	if (!p)
		return ERR_NOMEM;
	err = chat_break(c, store_contact_add(c->store, row));
	if (err)
		goto out;
	p->pub.row.id = row->id;
	err = chat_break(c, peer_insert(c, p));
	if (err)
		goto out;
	front_call(c, contact_added, &p->pub);
	dial_soon(c, now, p, 0);
	*out = p;
	return petname_claim(c, row->petname);
out:
	peer_free(p);
	return err;
}

int chat_rename(struct chat *c, struct now now, const char *old_nick, const char *new_nick)
{
	struct contact *contact = chat_find(c, old_nick);
	char before[NICK_MAX + 1];
	struct chat_peer *p;
	int err;

	(void)now;
	if (c->broken)
		return c->broken;
	if (!contact)
		return ERR_NOT_FOUND;
	p = contact->impl;
	err = petname_check(c, new_nick, p, false);
	if (err)
		return err;
	memcpy(before, contact->row.petname, sizeof(before));
	RB_REMOVE(name_tree, &c->by_name, p);
	RB_REMOVE(skeleton_tree, &c->by_skeleton, p);
	name_set(p, new_nick);
	RB_INSERT(name_tree, &c->by_name, p);
	RB_INSERT(skeleton_tree, &c->by_skeleton, p);
	err = contact_save(c, p);
	if (err)
		return err;
	front_call(c, contact_renamed, contact, before);
	return petname_claim(c, new_nick);
}

int chat_remove(struct chat *c, struct now now, const char *nick)
{
	struct contact *contact = chat_find(c, nick);
	struct chat_peer *p;
	int err;

	if (c->broken)
		return c->broken;
	if (!contact)
		return ERR_NOT_FOUND;
	c->now = now;
	p = contact->impl;
	err = locator_shut_out(c, now, p);
	if (!err)
		err = conversation_keep_time(c);
	if (!err)
		err = queue_forget(c, p);
	if (!err)
		err = household_leave(c, p);
	if (!err)
		err = removal_begin(c, now, contact->row.id);
	if (err)
		return err;
	log_debug("contact %lld: removed", (long long)contact->row.id);
	peer_take_out(c, p);
	front_call(c, contact_removed, contact);
	front_status(c);
	peer_free(p);
	return 0;
}
