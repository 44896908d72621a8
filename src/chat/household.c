/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The household: accounts of one daemon that are each other's contacts without a request.
 *
 * Who is new is pinned out of the other account's own mouth, since both are in this process.  From then on it is a
 * contact like any other: only the way to it is another one, a local link, which needs no Tor, no door and no
 * locator.  Locators are told all the same, so that Tor leads there when the household is none any more.
 *
 * It is in the row that a contact is of the household.  An account that is locked can't be told from one that
 * has left the daemon: neither is looked for in Tor.
 *
 * Who is removed stays away until it is added: of this a mark is kept, since there is no row any more.  It may
 * stay when there is one again, where it means nothing.
 *
 * Who wipes its account leaves a contact behind, with what was said, and is somebody else when it comes again under
 * the same name.  So that nobody can fill the others' lists in this way, only so many become contacts by themselves.
 */
#include "chat_impl.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"

#define META_REMOVED "gone:"
#define REMOVED_NAME (sizeof(META_REMOVED) + ONION_LEN)

/* ---- who was met ---- */

static struct member *met(const struct chat *c, const uint8_t identity[KEY_BYTES])
{
	struct member *m;

	TAILQ_FOREACH (m, &c->members, entry) {
		if (crypto_equal(m->identity, identity, KEY_BYTES))
			break;
	}
	return m;
}

static void forget_first(struct chat *c)
{
	struct member *m = TAILQ_FIRST(&c->members);

	TAILQ_REMOVE(&c->members, m, entry);
	free(m);
	c->n_members--;
}

static int remember(struct chat *c, const uint8_t identity[KEY_BYTES])
{
	struct member *m;

	if (met(c, identity))
		return 0;
	m = calloc(1, sizeof(*m));
	if (!m)
		return ERR_NOMEM;
	memcpy(m->identity, identity, KEY_BYTES);
	TAILQ_INSERT_TAIL(&c->members, m, entry);
	if (++c->n_members > MEMBERS_MAX)
		forget_first(c);
	return 0;
}

bool household_met(const struct chat *c, const uint8_t identity[KEY_BYTES])
{
	return met(c, identity) != NULL;
}

void household_free(struct chat *c)
{
	while (c->n_members)
		forget_first(c);
}

/* ---- who was removed ---- */

static void removed_name(const uint8_t identity[KEY_BYTES], char out[REMOVED_NAME])
{
	memcpy(out, META_REMOVED, strlen(META_REMOVED));
	onion_encode(identity, out + strlen(META_REMOVED));
}

static int was_removed(const struct chat *c, const uint8_t identity[KEY_BYTES], bool *removed)
{
	char name[REMOVED_NAME];
	uint8_t mark;
	int err;

	removed_name(identity, name);
	err = store_meta_get(c->store, name, &mark, sizeof(mark), NULL);
	if (err && err != ERR_NOT_FOUND)
		return err;
	*removed = !err;
	return 0;
}

int household_leave(struct chat *c, const struct chat_peer *p)
{
	static const uint8_t mark = 1;
	char name[REMOVED_NAME];

	if (!p->pub.row.household)
		return 0;
	removed_name(p->pub.row.identity, name);
	return chat_break(c, store_meta_set(c->store, name, &mark, sizeof(mark)));
}

/* ---- meeting ---- */

void household_settle(const struct chat *c, struct chat_peer *p)
{
	p->pub.local = c->opts.household && p->pub.row.household;
}

void chat_member(const struct chat *c, struct chat_member *out)
{
	memset(out, 0, sizeof(*out));
	memcpy(out->identity, c->identity, KEY_BYTES);
	memcpy(out->link_key, c->link_key, KEY_BYTES);
	memcpy(out->nick, c->nick, sizeof(out->nick));
}

static bool is_full(const struct chat *c)
{
	struct chat_peer *p = NULL;
	size_t n = 0;

	while ((p = contact_next(c, p)))
		n += p->pub.row.household;
	return c->opts.members_max && n >= c->opts.members_max;
}

int chat_member_welcome(const struct chat *c, const struct chat_member *m, bool *welcome)
{
	const struct chat_peer *p = contact_by_identity(c, m->identity);
	const struct waiting_request *r = request_by_identity(c, m->identity);
	bool removed;
	int err;

	if (c->broken)
		return c->broken;
	err = was_removed(c, m->identity, &removed);
	if (!err)
		*welcome = p ? !p->pub.row.blocked : !removed && !(r && r->row.rejected) && !is_full(c);
	return err;
}

/* It is found at its address too, by Tor, until it tells of another place. */
static void row_fill(struct contact_row *row, const struct chat_member *m)
{
	*row = (struct contact_row){.state = CONTACT_LINKED, .has_link_key = true, .household = true};
	memcpy(row->identity, m->identity, KEY_BYTES);
	memcpy(row->link_key, m->link_key, KEY_BYTES);
	memcpy(row->onion, m->identity, KEY_BYTES);
	memcpy(row->their_nick, m->nick, sizeof(row->their_nick));
}

/* Who was unlocked last calls; if that comes to nothing, so do we. */
static void expect_call(struct chat *c, struct now now, struct chat_peer *p)
{
	dial_stop(c, p);
	dial_soon(c, now, p, c->opts.dial_min_ms);
}

static int newcomer(struct chat *c, struct now now, const struct chat_member *m)
{
	struct waiting_request *r = request_by_identity(c, m->identity);
	struct contact_row row;
	struct chat_peer *p;
	int err = 0;

	if (!contact_key_free(c, m->identity, m->link_key))
		return ERR_REFUSED;
	if (c->n_contacts >= CONTACTS_MAX)
		return ERR_FULL;
	row_fill(&row, m);
	if (r)
		err = request_forget(c, r);
	if (!err)
		err = petname_propose(c, m->nick, NULL, row.petname);
	if (!err)
		err = contact_new(c, now, &row, &p);
	if (err)
		return err;
	expect_call(c, now, p);
	err = conversation_info(c, now, p, "%s is of this household, and a contact now.", row.petname);
	if (err || !is_full(c))
		return err;
	return conversation_info(c, now, p,
				 "%zu of this household are contacts: nobody new becomes one by itself, until you "
				 "remove those who have gone.",
				 c->opts.members_max);
}

int chat_meet(struct chat *c, struct now now, const struct chat_member *m, bool welcome)
{
	struct chat_peer *p = contact_by_identity(c, m->identity);
	int err;

	if (c->broken)
		return c->broken;
	c->now = now;
	err = remember(c, m->identity);
	if (err)
		return err;
	if (!p)
		return welcome ? newcomer(c, now, m) : 0;
	if (p->pub.row.household)
		return 0;
	log_debug("contact %lld: is of this household", (long long)p->pub.row.id);
	p->pub.row.household = true;
	household_settle(c, p);
	expect_call(c, now, p);
	return contact_save(c, p);
}

void chat_call_household(struct chat *c, struct now now)
{
	struct chat_peer *p = NULL;

	while ((p = contact_next(c, p))) {
		if (!p->pub.local)
			continue;
		p->attempts = 0;
		dial_soon(c, now, p, 0);
	}
}
