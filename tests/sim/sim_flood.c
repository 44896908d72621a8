/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Strangers who come in crowds: each has an identity of its own, and asks at the door, or shows a false token at a
 * private service, or opens a link and says nothing.
 */
#include "sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/chat/chat_impl.h"
#include "link/link.h"
#include "link/proof.h"

#define CROWD_MAX 120

struct guest {
	struct sim *sim;
	struct rng rng;
	struct link *link;
	struct buf in;
	uint8_t identity[KEY_BYTES], identity_dh[KEY_BYTES];
	uint8_t link_secret[KEY_BYTES], link_key[KEY_BYTES];
	uint8_t responder[KEY_BYTES];
	bool redeems, silent, spoke;
	unsigned number;
};

static void rng_sim(void *ctx, uint8_t *out, size_t len)
{
	while (len--)
		*out++ = (uint8_t)sim_random(ctx, 256);
}

static struct guest *guest_new(struct sim *s, const struct node *n, const struct sim_service *at)
{
	struct guest *g = calloc(1, sizeof(*g));
	struct link_initiator_opts o = {.role = at->door_role ? LINK_DOOR : LINK_PRIVATE,
					.responder_onion = at->onion,
					.version = LINK_VERSION};
	uint8_t seed[KEY_BYTES];

	if (!g)
		abort();
	g->sim = s;
	g->rng = (struct rng){rng_sim, s};
	g->redeems = !at->door_role;
	g->silent = sim_random(s, 8) == 0;
	g->number = ++s->n.guests;
	buf_init(&g->in, 4 * RECORD_BYTES);
	rng_fill(&g->rng, seed, sizeof(seed));
	rng_fill(&g->rng, g->link_secret, KEY_BYTES);
	identity_public(seed, g->identity);
	identity_dh_secret(seed, g->identity_dh);
	dh_public(g->link_secret, g->link_key);
	if (g->redeems)
		memcpy(g->responder, n->chat->link_key, KEY_BYTES);
	else if (identity_dh_public(n->identity, g->responder))
		abort();
	o.static_secret = g->identity_dh;
	o.identity = g->identity;
	o.responder_static = g->responder;
	g->link = link_new_initiator(&g->rng, &o);
	return g;
}

void flood_free(struct guest *g)
{
	if (!g)
		return;
	link_free(g->link);
	buf_clear(&g->in);
	free(g);
}

static void prove(struct guest *g, enum proof_kind kind, uint8_t proof[PROOF_BYTES])
{
	const struct proof_claim claim = {link_hash(g->link), g->link_key, g->identity};

	if (proof_make(kind, &claim, g->link_secret, g->responder, proof))
		abort();
}

static void locator_make(struct guest *g, struct locator *l)
{
	memcpy(l->onion, g->identity, KEY_BYTES);
	l->has_client_key = true;
	rng_fill(&g->rng, l->client_key, KEY_BYTES);
}

static int ask(struct guest *g, struct buf *body)
{
	struct request q = {0};

	prove(g, PROOF_REQUEST, q.proof);
	memcpy(q.link_key, g->link_key, KEY_BYTES);
	locator_make(g, &q.locator);
	snprintf(q.nick, sizeof(q.nick), "guest%u", g->number);
	memset(q.text, 'x', sim_random(g->sim, sizeof(q.text)));
	return request_encode(&q, body);
}

static int redeem(struct guest *g, struct buf *body)
{
	struct redeem r = {0};

	prove(g, PROOF_REDEEM, r.proof);
	memcpy(r.link_key, g->link_key, KEY_BYTES);
	locator_make(g, &r.locator);
	rng_fill(&g->rng, r.token, TOKEN_BYTES);
	snprintf(r.nick, sizeof(r.nick), "guest%u", g->number);
	return redeem_encode(&r, body);
}

static void speak(struct guest *g)
{
	struct buf body;

	g->spoke = true;
	if (g->silent)
		return;
	buf_init(&body, FRAME_BODY_MAX);
	if (g->redeems ? redeem(g, &body) : ask(g, &body))
		abort();
	link_send(g->link, g->redeems ? FRAME_REDEEM : FRAME_REQUEST, buf_ptr(&body), buf_len(&body));
	buf_clear(&body);
}

static void pump(struct guest *g, struct end *to)
{
	uint8_t record[RECORD_BYTES];

	if (link_state(g->link) == LINK_OPEN && !g->spoke)
		speak(g);
	while (link_output(g->link, record) == 1)
		wire_put(to, record);
}

void flood_on_record(struct wire *w, const uint8_t record[RECORD_BYTES])
{
	struct guest *g = w->guest;

	if (buf_put(&g->in, record, RECORD_BYTES))
		abort();
	link_feed(g->link, &g->in);
	pump(g, &w->end[1]);
}

/* ---- crowds ---- */

static void on_guest(struct sim *s, struct event *e)
{
	struct node *n = e->obj;
	struct sim_service *at;
	struct guest *g;

	if (!n->chat || !n->n_services || !n->tor)
		return;
	at = &n->service[sim_random(s, n->n_services)];
	if (e->arg && service_door(n))
		at = service_door(n);
	if (at->up_ms > s->now_ms || (!at->door_role && !at->private_role))
		return;
	g = guest_new(s, n, at);
	pump(g, wire_guest(n, at, g));
}

static void on_crowd(struct sim *s, struct event *e)
{
	struct node *n = e->obj;
	unsigned many = 1 + (unsigned)sim_random(s, CROWD_MAX);
	bool door = sim_random(s, 3);

	if (s->healing)
		return;
	sim_say(s, n->name, "a crowd of %u comes", many);
	while (many--)
		plan_by(s, sim_random(s, 30000), on_guest, n, door);
}

struct junk {
	struct sim *s;
	char name[NICK_MAX + 1];
	bool found, friend;
};

static int find_junk(void *ctx, const struct request_row *r)
{
	struct junk *j = ctx;

	if (node_by_identity(j->s, r->identity)) {
		j->friend = true;
		return 0;
	}
	j->found = true;
	memcpy(j->name, r->name, sizeof(j->name));
	return 0;
}

/* The user sends them away. */
static void on_tidy(struct sim *s, struct event *e)
{
	struct node *n = e->obj;
	struct junk j;
	size_t gone;

	do {
		j = (struct junk){.s = s};
		if (n->chat)
			chat_requests_each(n->chat, find_junk, &j);
		if (j.found && !j.friend && sim_random(s, 2))
			chat_reject_all(n->chat, sim_now(s), &gone);
		else if (j.found && chat_reject(n->chat, sim_now(s), j.name))
			break;
	} while (j.found);
	plan_by(s, s->faulty ? 1 + sim_random(s, s->plan_ms / 2) : 600000, on_tidy, n, 0);
}

void flood_plan(struct sim *s)
{
	unsigned i;

	for (i = 0; i < s->opts.nodes; i++) {
		plan_scatter_by(s, plan_upto(s, 3), on_crowd, &s->node[i]);
		plan_by(s, s->plan_ms / 4, on_tidy, &s->node[i], 0);
	}
}
