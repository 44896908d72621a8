/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The accounts of one world are joined to each other by a net that carries frame by frame, without
 * cryptography.
 */
#ifndef GATEWAY_NET_HELP_H
#define GATEWAY_NET_HELP_H

#include "io_help.h"

#include <bsd/sys/queue.h>

#include "gateway/gateway.h"

enum news_kind { NEWS_DIAL, NEWS_FRAME, NEWS_CLOSED };
struct news {
	TAILQ_ENTRY(news) link;
	enum news_kind kind;
	struct chat *chat; /* who is told; of NEWS_DIAL: who dials */
	uint32_t id;	   /* link or dial */
	struct chat_dial dial;
	uint8_t type;
	uint8_t *body;
	size_t len;
};
struct wire { /* two ends of a link: ids 2n and 2n + 1 */
	struct chat *end[2];
};

struct service { /* that an account has published */
	TAILQ_ENTRY(service) link;
	struct account *account;
	uint32_t id;
	uint8_t onion[KEY_BYTES];
	bool door_role, private_role;
	uint8_t (*clients)[KEY_BYTES];
	size_t n_clients;
};

struct person_state {
	struct world *world;
	struct account *account;
	struct domain *domain;
	struct timer *timer;
};

struct world {
	char dir[64];
	struct loop *loop;
	struct worker *worker;
	struct accounts *accounts;
	size_t accounts_max; /* 0: as many as there may be */
	struct gateway *gateway;
	struct timer *net_timer;
	struct rng rng;
	uint64_t seed;
	TAILQ_HEAD(, news) news;
	TAILQ_HEAD(, service) services;
	struct wire wires[256];
	uint32_t n_wires;
	bool net_down;
	enum chat_cover cover; /* of the account that set it last */
	int fail_commit; /* the next commits fail with this */
	gateway_circuits_cb circuits_cb;
	void *circuits_ctx;
};

static inline struct now world_now(struct world *w)
{
	return (struct now){.mono_ms = loop_now_ms(w->loop), .real_ms = loop_time_ms(w->loop)};
}

static inline struct person_state *person_of(struct chat *c)
{
	return account_data(account_of(c));
}

static inline void net_queue(struct world *w, struct news *n)
{
	TAILQ_INSERT_TAIL(&w->news, n, link);
	timer_set(w->net_timer, 0);
}

static inline struct news *news_new(enum news_kind kind, struct chat *chat, uint32_t id)
{
	struct news *n = calloc(1, sizeof(*n));

	assert_non_null(n);
	n->kind = kind;
	n->chat = chat;
	n->id = id;
	return n;
}

static inline int net_dial(void *ctx, struct chat *c, const struct chat_dial *d)
{
	struct news *n = news_new(NEWS_DIAL, c, d->id);

	n->dial = *d;
	net_queue(ctx, n);
	return 0;
}

static inline void net_dial_cancel(void *ctx, struct chat *c, uint32_t dial_id)
{
	struct world *w = ctx;
	struct news *n;

	TAILQ_FOREACH (n, &w->news, link)
		if (n->kind == NEWS_DIAL && n->chat == c && n->id == dial_id)
			n->chat = NULL;
}

static inline struct chat **wire_end(struct world *w, uint32_t id)
{
	return &w->wires[id / 2].end[id % 2];
}

static inline int net_send(void *ctx, struct chat *c, link_id link, uint8_t type, const void *body,
			   size_t len)
{
	struct world *w = ctx;
	struct news *n = news_new(NEWS_FRAME, NULL, link ^ 1);

	(void)c;
	n->type = type;
	n->len = len;
	n->body = malloc(len + 1);
	assert_non_null(n->body);
	if (len > 0)
		memcpy(n->body, body, len);
	net_queue(w, n);
	return 0;
}

static inline void net_close(void *ctx, struct chat *c, link_id link)
{
	struct world *w = ctx;

	(void)c;
	*wire_end(w, link) = NULL;
	net_queue(w, news_new(NEWS_CLOSED, NULL, link ^ 1));
}

/* ---- services ---- */

/* Of an account; id: of one, or UINT32_MAX for all. */
static inline void net_forget(struct world *w, const struct account *a, uint32_t id)
{
	struct service *s, *next;

	for (s = TAILQ_FIRST(&w->services); s != NULL; s = next) {
		next = TAILQ_NEXT(s, link);
		if (s->account != a || (id != UINT32_MAX && s->id != id))
			continue;
		TAILQ_REMOVE(&w->services, s, link);
		free(s->clients);
		free(s);
	}
}

static inline void net_withdraw(void *ctx, struct chat *c, uint32_t id)
{
	net_forget(ctx, account_of(c), id);
}

static inline void net_publish(void *ctx, struct chat *c, const struct chat_service *p)
{
	struct world *w = ctx;
	struct service *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	net_forget(w, account_of(c), p->id);
	s->account = account_of(c);
	s->id = p->id;
	memcpy(s->onion, p->onion, KEY_BYTES);
	s->door_role = p->door_role;
	s->private_role = p->private_role;
	s->n_clients = p->n_clients;
	s->clients = calloc(p->n_clients + 1, KEY_BYTES);
	assert_non_null(s->clients);
	if (p->n_clients > 0)
		memcpy(s->clients, p->clients, p->n_clients * KEY_BYTES);
	TAILQ_INSERT_TAIL(&w->services, s, link);
}

static inline void net_cover(void *ctx, struct chat *c, enum chat_cover cover)
{
	struct world *w = ctx;

	(void)c;
	w->cover = cover;
}

static const struct chat_net test_net = {.dial = net_dial,
					 .dial_cancel = net_dial_cancel,
					 .send = net_send,
					 .close = net_close,
					 .publish = net_publish,
					 .withdraw = net_withdraw,
					 .cover = net_cover};

/* ---- dialling ---- */

static inline bool may_find(const struct service *s, const struct locator *l)
{
	uint8_t key[KEY_BYTES];

	if (s->n_clients == 0)
		return true;
	dh_public(l->client_key, key);
	for (size_t i = 0; l->has_client_key && i < s->n_clients; i++)
		if (memcmp(s->clients[i], key, KEY_BYTES) == 0)
			return true;
	return false;
}

/* The service that a dial comes to; NULL when it can't be found or does not serve this role. */
static inline struct service *net_find(struct world *w, const struct chat_dial *d)
{
	struct service *s;

	TAILQ_FOREACH (s, &w->services, link)
		if (memcmp(s->onion, d->locator.onion, KEY_BYTES) == 0 && may_find(s, &d->locator) &&
		    (d->role == LINK_DOOR ? s->door_role : s->private_role))
			return s;
	return NULL;
}

static inline void net_connect(struct world *w, struct chat *from, const struct chat_dial *d)
{
	struct service *s = net_find(w, d);
	struct chat *to = s != NULL ? account_chat(s->account) : NULL;
	const uint8_t *identity = d->by_identity ? chat_identity(from) : NULL;
	uint8_t key[KEY_BYTES], hash[HASH_BYTES] = {0};
	uint32_t id;

	dh_public(d->by_identity ? chat_identity_dh(from) : chat_link_secret(from), key);
	if (w->net_down || to == NULL || chat_admit(to, s->id, d->role, d->version, key, identity) != 0) {
		chat_on_dial_failed(from, world_now(w), d->id, false,
				    "not published: offline, or the address is wrong");
		return;
	}
	assert_true(++w->n_wires < sizeof(w->wires) / sizeof(w->wires[0]));
	id = 2 * w->n_wires;
	w->wires[w->n_wires] = (struct wire){.end = {from, to}};
	memcpy(hash, &id, sizeof(id));
	struct ratchet_root roots[2] = {{.initiator = true}, {.key = {99}}};
	bool keyed = !d->by_identity;

	memcpy(roots[0].sk, &id, sizeof(id));
	memcpy(roots[1].sk, &id, sizeof(id));
	roots[0].sk[KEY_BYTES - 1] = roots[1].sk[KEY_BYTES - 1] = 1;
	dh_public(roots[1].key, roots[0].key);
	struct chat_link_info dialled = {.link = id,
					 .root = keyed ? &roots[0] : NULL,
					 .hash = hash,
					 .dial_id = d->id,
					 .role = d->role,
					 .version = d->version,
					 .static_key = d->responder_static,
					 .identity = d->role == LINK_DOOR ? chat_identity(to) : NULL};
	struct chat_link_info taken = {.link = id + 1,
				       .service = s->id,
				       .root = keyed ? &roots[1] : NULL,
				       .role = d->role,
				       .version = d->version,
				       .static_key = key,
				       .identity = identity,
				       .hash = hash};

	assert_int_equal(chat_on_link(from, world_now(w), &dialled), 0);
	assert_int_equal(chat_on_link(to, world_now(w), &taken), 0);
	domain_mark(person_of(to)->domain);
}

static inline void net_tell(struct world *w, struct news *n)
{
	struct chat *c = n->kind == NEWS_DIAL ? n->chat : *wire_end(w, n->id);

	if (c == NULL)
		return;
	domain_mark(person_of(c)->domain);
	switch (n->kind) {
	case NEWS_DIAL:
		net_connect(w, c, &n->dial);
		return;
	case NEWS_FRAME:
		assert_int_equal(chat_on_frame(c, world_now(w), n->id, n->type, n->body, n->len), 0);
		return;
	case NEWS_CLOSED:
		*wire_end(w, n->id) = NULL;
		chat_on_link_closed(c, world_now(w), n->id);
		return;
	}
}

static inline void net_pump(void *ctx)
{
	struct world *w = ctx;
	struct news *n;

	while ((n = TAILQ_FIRST(&w->news)) != NULL) {
		TAILQ_REMOVE(&w->news, n, link);
		net_tell(w, n);
		free(n->body);
		free(n);
	}
}

/* The network goes: all links break, and nobody can be dialled. */
static inline void net_set_down(struct world *w, bool down)
{
	w->net_down = down;
	for (uint32_t id = 2; down && id < 2 * (w->n_wires + 1); id++)
		if (*wire_end(w, id) != NULL)
			net_queue(w, news_new(NEWS_CLOSED, NULL, id));
}

#endif
