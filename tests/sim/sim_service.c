/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Onion services that nodes have published: who finds them, and what they serve. */
#include "sim.h"

#include <stdlib.h>
#include <string.h>

#include "../../src/chat/chat_impl.h"

/* What tor takes until others can find a service. */
#define UP_MIN_MS    3000
#define UP_SPREAD_MS 25000

static struct sim_service *by_id(struct node *n, uint32_t id)
{
	for (size_t i = 0; i < n->n_services; i++) {
		if (n->service[i].id == id)
			return &n->service[i];
	}
	return NULL;
}

static bool same_clients(const struct sim_service *at, const struct chat_service *s)
{
	return at->n_clients == s->n_clients &&
	       (!s->n_clients || !memcmp(at->clients, s->clients, s->n_clients * KEY_BYTES));
}

static void set_clients(struct sim_service *at, const struct chat_service *s)
{
	free(at->clients);
	at->n_clients = s->n_clients;
	at->clients = calloc(s->n_clients + 1, KEY_BYTES);
	if (!at->clients)
		abort();
	if (s->n_clients)
		memcpy(at->clients, s->clients, s->n_clients * KEY_BYTES);
}

static void check_service(struct node *n, const struct chat *c, const struct chat_service *s)
{
	bool door = s->id == CHAT_DOOR;

	if (s->n_clients > SIM_CLIENTS_MAX || s->n_clients % 16 || !s->n_clients != door)
		sim_fail(n->sim, n->name, "a service with %zu client keys", s->n_clients);
	if (s->door_role && (!door || !chat_door(c)))
		sim_fail(n->sim, n->name, "serves strangers where it must not");
	if (!s->door_role && !s->private_role)
		sim_fail(n->sim, n->name, "publishes a service that serves nobody");
}

void service_publish(void *ctx, struct chat *c, const struct chat_service *s)
{
	struct node *n = ctx;
	struct sim_service *at = by_id(n, s->id);
	bool anew = !at || !same_clients(at, s);

	check_service(n, c, s);
	if (!at) {
		if (n->n_services == SIM_SERVICES_MAX) {
			sim_fail(n->sim, n->name, "too many services");
			return;
		}
		at = &n->service[n->n_services++];
		memset(at, 0, sizeof(*at));
		n->sim->n.services++;
	}
	at->id = s->id;
	at->door_role = s->door_role;
	at->private_role = s->private_role;
	memcpy(at->onion, s->onion, KEY_BYTES);
	set_clients(at, s);
	if (anew)
		at->up_ms = n->sim->now_ms + UP_MIN_MS + sim_random(n->sim, UP_SPREAD_MS);
	sim_say(n->sim, n->name, "publishes service %u for %zu clients%s%s", (unsigned)s->id, s->n_clients,
		s->door_role ? ", door" : "", s->private_role ? ", private" : "");
}

static void drop(struct node *n, struct sim_service *at)
{
	free(at->clients);
	*at = n->service[--n->n_services];
}

void service_withdraw(void *ctx, struct chat *c, uint32_t id)
{
	struct node *n = ctx;
	struct sim_service *at = by_id(n, id);

	(void)c;
	if (!at) {
		sim_fail(n->sim, n->name, "withdraws service %u, which is not there", (unsigned)id);
		return;
	}
	drop(n, at);
	sim_say(n->sim, n->name, "withdraws service %u", (unsigned)id);
}

void service_forget_all(struct node *n)
{
	while (n->n_services)
		drop(n, &n->service[n->n_services - 1]);
}

void service_cover(void *ctx, struct chat *c, enum chat_cover cover)
{
	(void)ctx;
	(void)c;
	(void)cover;
}

static bool lets_in(const struct sim_service *at, const uint8_t *client)
{
	for (size_t i = 0; client && i < at->n_clients; i++) {
		if (!memcmp(at->clients[i], client, KEY_BYTES))
			return true;
	}
	return !at->n_clients;
}

struct sim_service *service_find(struct sim *s, const struct locator *l, struct node **at)
{
	uint8_t client[KEY_BYTES];

	dh_public(l->client_key, client);
	for (unsigned i = 0; i < s->opts.nodes; i++) {
		struct node *n = &s->node[i];

		for (size_t k = 0; n->chat && k < n->n_services; k++) {
			struct sim_service *found = &n->service[k];

			if (found->up_ms <= s->now_ms && !memcmp(found->onion, l->onion, KEY_BYTES) &&
			    lets_in(found, l->has_client_key ? client : NULL)) {
				*at = n;
				return found;
			}
		}
	}
	return NULL;
}

struct sim_service *service_door(struct node *n)
{
	return by_id(n, CHAT_DOOR);
}
