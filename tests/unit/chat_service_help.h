/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Services, keys and contacts who never come, for stories in a world of two accounts. */
#ifndef TESTS_CHAT_SERVICE_HELP_H
#define TESTS_CHAT_SERVICE_HELP_H

#include "chat_help.h"

#include "../../src/chat/chat_impl.h"

#define DAY (24u * 3600 * 1000)

/* Somebody whom only p knows: a contact in this state, who never comes. */
static inline struct chat_peer *known(struct party *p, const char *nick, unsigned n, enum contact_state state)
{
	const uint8_t seed[KEY_BYTES] = {8, (uint8_t)n, (uint8_t)(n >> 8), 55};
	struct contact_row row = {.state = (int)state, .has_link_key = state != CONTACT_ASKED};
	struct chat_peer *out = NULL;
	identity_public(seed, row.identity);
	memcpy(row.onion, row.identity, KEY_BYTES);
	if (row.has_link_key)
		dh_public(seed, row.link_key);
	assert_int_equal(str_copy(row.petname, sizeof(row.petname), nick), 0);
	assert_int_equal(contact_new(p->chat, p->w->now, &row, &out), 0);
	return out;
}

static inline struct chat_peer *peer_named(struct party *p, const char *nick)
{
	struct contact *contact = chat_find(p->chat, nick);
	assert_non_null(contact);
	return contact->impl;
}

/* The other one of the two. */
static inline struct chat_peer *peer_of(struct party *p)
{
	return peer_named(p, other_party(p)->name);
}

/* A key of the present service; what leads there. */
static inline struct locator give(struct party *p, struct chat_peer *to)
{
	struct locator l;
	int64_t given;
	assert_int_equal(locator_current(p->chat, p->w->now, to, &l, &given), 0);
	return l;
}

static inline size_t keys_of(const struct chat_peer *p)
{
	const struct service_client *k;
	size_t n = 0;
	TAILQ_FOREACH (k, &p->clients, of_peer)
		n++;
	return n;
}

static inline struct service_client *newest_key(const struct chat_peer *p)
{
	return TAILQ_LAST(&p->clients, client_list);
}

/* Private ones, as the net knows them; every one of them with a full list. */
static inline size_t private_services(const struct party *p)
{
	size_t n = 0;
	for (size_t i = 0; i < p->n_services; i++) {
		if (p->service[i].s.id == CHAT_DOOR)
			continue;
		assert_true(p->service[i].s.n_clients > 0);
		assert_int_equal(p->service[i].s.n_clients % 16, 0);
		n++;
	}
	return n;
}

static inline bool leads_in(struct party *p, const struct locator *l)
{
	return found_at(p, l) != NULL;
}

/* Both have given up what they had under way; then each dials until they have met on a session. */
static inline void meet_anew(struct world *w)
{
	for (unsigned i = 0; i < 400; i++) {
		settle(w);
		if (peer_of(&w->alice)->ready && peer_of(&w->bob)->ready && !w->n_frames)
			break;
		if (w->alice.n_dials)
			dial_out(&w->alice);
		settle(w);
		if (w->bob.n_dials)
			dial_out(&w->bob);
		settle(w);
		pass(w, 500);
	}
	assert_true(peer_of(&w->alice)->ready);
	assert_true(peer_of(&w->bob)->ready);
	pass(w, 20000);
}

static inline void cut_all(struct world *w)
{
	struct pair *pair;
	while ((pair = pair_open(w)))
		cut(pair);
}

static inline int block(struct party *p, const char *nick)
{
	size_t failed = 0;
	return chat_block(p->chat, p->w->now, nick, &failed);
}

#endif
