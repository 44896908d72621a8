/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Onion services that nodes have published: who finds them, and what they serve. */
#include "sim.h"

#include <string.h>

static struct sim_service *by_id(struct node *n, uint32_t id)
{
	for (size_t i = 0; i < n->n_services; i++) {
		if (n->service[i].id == id)
			return &n->service[i];
	}
	return NULL;
}

void service_publish(void *ctx, struct chat *c, const struct chat_service *s)
{
	struct node *n = ctx;
	struct sim_service *at = by_id(n, s->id);

	(void)c;
	if (s->n_clients > SIM_CLIENTS_MAX || s->n_clients % 16) {
		sim_fail(n->sim, n->name, "a service with %zu client keys", s->n_clients);
		return;
	}
	if (!at) {
		if (n->n_services == SIM_SERVICES_MAX) {
			sim_fail(n->sim, n->name, "too many services");
			return;
		}
		at = &n->service[n->n_services++];
		n->sim->n.services++;
	}
	at->id = s->id;
	at->door_role = s->door_role;
	at->private_role = s->private_role;
	at->n_clients = s->n_clients;
	memcpy(at->onion, s->onion, KEY_BYTES);
	for (size_t i = 0; i < s->n_clients; i++)
		memcpy(at->clients[i], s->clients[i], KEY_BYTES);
	sim_say(n->sim, n->name, "publishes service %u for %zu clients%s%s", (unsigned)s->id, s->n_clients,
		s->door_role ? ", door" : "", s->private_role ? ", private" : "");
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
	*at = n->service[--n->n_services];
	sim_say(n->sim, n->name, "withdraws service %u", (unsigned)id);
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

			if (!memcmp(found->onion, l->onion, KEY_BYTES) &&
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
