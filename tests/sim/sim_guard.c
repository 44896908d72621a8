/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Who finds whom, and who must not.
 *
 * A contact has a way to another if the locator that it keeps leads to a service of the other, which lets that key
 * in.  A way may end, without another in its place, for these reasons alone (pair.cut):
 *
 *   - one of the two has blocked or removed the other;
 *   - one of the two went back to an old database, which knows less services, keys and locators;
 *   - the user gave an invitation to follow in its place, which led nowhere;
 *   - who was to be told of another way was not reached in 90 days, and the user was told so.
 *
 * Two contacts come together again, however long they were away, if one has a way to the other, or the other's
 * door is open.  Nothing else excuses them.  And whoever is blocked, or removed, has no way in.
 */
#include "sim.h"

#include <stdlib.h>
#include <string.h>

#include "../../src/chat/chat_impl.h"

#define LEFT_MS (90ull * 24 * 3600 * 1000)

/* ---- ways ---- */

static struct service_client *client_find(const struct node *n, const uint8_t onion[KEY_BYTES],
					  const uint8_t secret[KEY_BYTES])
{
	struct service_client *k;
	struct service *s;

	TAILQ_FOREACH (s, &n->chat->services, entry) {
		if (memcmp(s->onion, onion, KEY_BYTES))
			continue;
		TAILQ_FOREACH (k, &s->clients, of_service) {
			if (!memcmp(k->row.secret, secret, KEY_BYTES))
				return k;
		}
	}
	return NULL;
}

/* Does x's locator of y lead there? */
static bool leads(const struct node *x, const struct node *y)
{
	const struct contact *of_y = node_contact(x, y);
	const struct service_client *k;

	if (!of_y || !of_y->row.has_client_key)
		return false;
	k = client_find(y, of_y->row.onion, of_y->row.client_key);
	return k && k->row.use != CLIENT_RETIRED;
}

/* Can x come to y, or will it, and become or be a contact there? */
static bool can_come(const struct node *x, const struct node *y)
{
	const struct contact *of_y = node_contact(x, y);
	const struct contact *of_x = node_contact(y, x);
	bool door = chat_door(y->chat);

	if (!of_y)
		return x->asks[y->index] && door;
	if (of_y->row.state == CONTACT_ASKED)
		return door;
	/* Who was forgotten there is no contact until asked again. */
	return (of_x || y->asks[x->index]) && (leads(x, y) || door);
}

static bool blocks(const struct node *n, const struct node *other)
{
	const struct contact *contact = node_contact(n, other);

	return contact && contact->row.blocked;
}

bool guard_together(const struct node *a, const struct node *b)
{
	if (!a->chat || !b->chat)
		return true;
	return !blocks(a, b) && !blocks(b, a) && (can_come(a, b) || can_come(b, a));
}

static bool has_way(const struct node *x, const struct node *y)
{
	const struct service_client *k;
	const struct contact *of_y = node_contact(x, y);
	const struct contact *of_x = node_contact(y, x);

	/* The key of an invitation ends with it, whoever it is given to by then.  After an old database a key that
	 * somebody has is spare, and may be given to another before that one is told of its new one. */
	if (of_y && of_y->row.has_client_key) {
		k = client_find(y, of_y->row.onion, of_y->row.client_key);
		if (k && (k->row.use == CLIENT_INVITE || !k->peer || &k->peer->pub != of_x))
			return false;
	}
	return of_y && of_x && of_y->row.state == CONTACT_LINKED &&
	       (of_x->row.state == CONTACT_LINKED || of_x->row.state == CONTACT_ACCEPTING) && !of_x->row.blocked &&
	       leads(x, y);
}

static void watch_way(struct sim *s, struct node *n, struct node *o)
{
	struct pair *p = &n->pair[o->index];
	bool live;

	if (!n->chat || !o->chat || n->hostile || o->hostile)
		return;
	live = has_way(o, n);
	if (p->live && !live && !p->cut)
		sim_fail(s, n->name, "has moved away from %s", o->name);
	p->cut = p->cut && !live;
	p->live = live;
}

void guard_watch(struct sim *s)
{
	unsigned i, j;

	for (i = 0; i < s->opts.nodes; i++) {
		for (j = 0; j < s->opts.nodes; j++) {
			if (i != j)
				watch_way(s, &s->node[i], &s->node[j]);
		}
	}
}

/* ---- what is taken from the queue ---- */

struct waits {
	struct node *n, *other;
};

static int note_waiting(void *ctx, const struct outbox_row *o)
{
	struct waits *w = ctx;
	struct accepted *m = check_find(w->n, w->other, o->msgid);

	if (m)
		m->dropping = true;
	return 0;
}

void guard_drop(struct node *n, struct node *other, bool removes, bool for_good)
{
	struct pair *p = &n->pair[other->index];
	struct waits w = {n, other};

	node_outbox_each(n, other, note_waiting, &w);
	p->dropping = true;
	p->leaving = p->leaving || removes;
	p->for_good = for_good;
	p->cut = other->pair[n->index].cut = true;
}

/* What a removed contact had said is said no more, and may be said again. */
static void forget_conversation(struct node *n, struct node *o)
{
	struct accepted_list *out = &n->accepted[o->index], *in = &o->accepted[n->index];
	size_t i;

	for (i = 0; i < out->n; i++)
		out->m[i].lost = true;
	for (i = 0; i < in->n; i++)
		in->m[i].excused = in->m[i].dropped = true;
}

static void settle_drop(struct node *n, struct node *o, bool committed)
{
	struct accepted_list *list = &n->accepted[o->index];
	struct pair *p = &n->pair[o->index];
	size_t i;

	for (i = 0; i < list->n && p->dropping; i++) {
		list->m[i].dropped = list->m[i].dropped || (committed && list->m[i].dropping);
		list->m[i].dropping = false;
	}
	if (p->leaving && committed) {
		p->removed = true;
		n->friend_of[o->index] = n->asks[o->index] = !p->for_good;
		forget_conversation(n, o);
	}
	p->dropping = p->leaving = false;
}

/* ---- who must not come in ---- */

static void give(struct pair *p, const struct service_client *k)
{
	struct given *g;
	size_t i;

	for (i = 0; i < p->n_given; i++) {
		if (!memcmp(p->given[i].secret, k->row.secret, KEY_BYTES))
			return;
	}
	if (!p->given)
		p->given = calloc(GIVEN_MAX, sizeof(*p->given));
	if (!p->given || p->n_given == GIVEN_MAX)
		abort();
	g = &p->given[p->n_given++];
	memcpy(g->secret, k->row.secret, KEY_BYTES);
	memcpy(g->onion, k->service->onion, KEY_BYTES);
	dh_public(g->secret, g->public_key);
}

/* The key that the other keeps, if it is one that it was given: not a message that waits makes it known. */
static void note_given(struct node *n, const struct node *o)
{
	const struct contact *of_n = node_contact(o, n);
	const struct service_client *k;

	if (!n->chat || !of_n || !of_n->row.has_client_key)
		return;
	k = client_find(n, of_n->row.onion, of_n->row.client_key);
	if (k && k->peer && !memcmp(k->peer->pub.row.identity, o->identity, KEY_BYTES))
		give(&n->pair[o->index], k);
}

static bool lets_in(const struct sim_service *at, const uint8_t public_key[KEY_BYTES])
{
	size_t i;

	for (i = 0; i < at->n_clients; i++) {
		if (!memcmp(at->clients[i], public_key, KEY_BYTES))
			return true;
	}
	return false;
}

static bool unpublished(const struct node *n)
{
	const struct service *s;

	TAILQ_FOREACH (s, &n->chat->services, entry) {
		if (s->dirty)
			return true;
	}
	return false;
}

/* None of the keys that it had opens anything, and where it has been nobody new is sent. */
static void check_keys(struct node *n, struct node *o)
{
	const struct pair *p = &n->pair[o->index];
	const struct service *s;
	size_t i, k;

	for (i = 0; i < p->n_given; i++) {
		for (k = 0; k < n->n_services && !unpublished(n); k++) {
			if (lets_in(&n->service[k], p->given[i].public_key))
				sim_fail(n->sim, n->name, "service %u lets %s in", (unsigned)n->service[k].id, o->name);
		}
		TAILQ_FOREACH (s, &n->chat->services, entry) {
			if (!memcmp(s->onion, p->given[i].onion, KEY_BYTES) && !s->row.left_ms)
				sim_fail(n->sim, n->name, "goes on using service %u, which %s knows",
					 (unsigned)s->row.id, o->name);
		}
	}
}

static void check_shut_out(struct node *n, struct node *o)
{
	struct contact *contact = node_contact(n, o);
	const struct chat_peer *p;

	if (!n->pair[o->index].blocked && !n->pair[o->index].removed)
		return;
	if (!contact || contact->row.blocked)
		check_keys(n, o);
	if (!contact || !contact->row.blocked)
		return;
	p = contact->impl;
	if (!TAILQ_EMPTY(&p->links) || p->dial_id || !TAILQ_EMPTY(&p->clients) || contact->queued ||
	    contact->presence != PRESENCE_OFFLINE)
		sim_fail(n->sim, n->name, "goes on with %s, who is blocked: %u links, %zu queued%s%s", o->name,
			 p->n_links, contact->queued, p->dial_id ? ", a dial" : "",
			 TAILQ_EMPTY(&p->clients) ? "" : ", a locator");
}

static void check_quotas(struct node *n)
{
	const struct chat *c = n->chat;

	if (c->n_waiting > REQUESTS_MAX || c->request_bytes > REQUESTS_BYTES || c->n_door_links > DOOR_LINKS_MAX ||
	    c->n_guest_links > GUEST_LINKS_MAX)
		sim_fail(n->sim, n->name, "lets strangers take %zu requests, %zu bytes, %u and %u links", c->n_waiting,
			 c->request_bytes, c->n_door_links, c->n_guest_links);
}

static void check_door(struct node *n)
{
	const struct sim_service *door = service_door(n);

	if (door && door->door_role && !chat_door(n->chat) && !n->chat->shut)
		sim_fail(n->sim, n->name, "serves strangers behind a closed door");
}

/* ---- the node's turn has ended ---- */

void guard_settle(struct node *n, bool committed)
{
	unsigned i;

	for (i = 0; i < n->sim->opts.nodes; i++)
		settle_drop(n, &n->sim->node[i], committed);
	moves_settle(n, committed);
	if (!committed || !n->chat || n->hostile)
		return;
	check_door(n);
	check_quotas(n);
	for (i = 0; i < n->sim->opts.nodes; i++) {
		if (i == n->index)
			continue;
		note_given(n, &n->sim->node[i]);
		note_given(&n->sim->node[i], n);
		check_shut_out(n, &n->sim->node[i]);
	}
}

void guard_restored(struct node *n)
{
	unsigned i;

	for (i = 0; i < n->sim->opts.nodes; i++) {
		n->pair[i].cut = n->sim->node[i].pair[n->index].cut = true;
		n->pair[i].n_given = 0; /* what was a spare key is one again */
	}
}

void guard_clear(struct node *n)
{
	unsigned i;

	for (i = 0; i < SIM_NODES_MAX; i++) {
		free(n->pair[i].given);
		n->pair[i].given = NULL;
	}
}

/* ---- what the front is told ---- */

static bool says(const struct line_row *l, const char *what)
{
	return l->kind == LINE_INFO && memmem(l->text, l->text_len, what, strlen(what));
}

static void on_given_up(struct node *n, struct node *from, const struct contact *contact)
{
	const struct service_client *k;
	uint64_t now_ms = sim_now(n->sim).real_ms;
	bool late = false;

	TAILQ_FOREACH (k, &contact->impl->clients, of_peer)
		late = late || (k->service->row.left_ms && now_ms - k->service->row.left_ms >= LEFT_MS);
	if (!late)
		sim_fail(n->sim, n->name, "gives %s up too early", from->name);
	n->sim->n.given_up++;
	n->pair[from->index].cut = true;
}

/* Nobody else has shown it, it was not revoked, and whoever made it has forgotten nothing. */
static bool is_good(const struct sim_invite *inv, struct node *o)
{
	const struct node *n = inv->owner;
	const struct pair *p = &n->pair[o->index];

	return inv->there && !inv->gone && !inv->going && !inv->unsure && !p->removed && !p->leaving && !p->blocked &&
	       sim_now(n->sim).real_ms < inv->expires_ms && inv->shown_by == 1u << o->index;
}

void guard_on_line(struct node *n, struct node *from, const struct contact *contact, const struct line_row *l)
{
	int i = from ? n->pair[from->index].invite : INVITE_NONE;

	if (!from)
		return;
	if (l->kind == LINE_IN && contact->row.blocked)
		sim_fail(n->sim, n->name, "hears %s, who is blocked", from->name);
	if (says(l, "was not reached in"))
		on_given_up(n, from, contact);
	if (says(l, "invitation is not valid") && i >= 0 && is_good(&n->sim->invite[i], n))
		sim_fail(n->sim, n->name, "is refused by %s with a good invitation", from->name);
}

void guard_on_added(struct node *n, struct node *o)
{
	int i = o->pair[n->index].invite;
	struct sim_invite *inv = i >= 0 ? &n->sim->invite[i] : NULL;

	if (n->pair[o->index].adding || n->hostile || i == INVITE_UNKNOWN)
		return;
	if (!inv) {
		sim_fail(n->sim, n->name, "was not asked about %s", o->name);
		return;
	}
	if (inv->gone || sim_now(n->sim).real_ms >= inv->expires_ms)
		sim_fail(n->sim, n->name, "takes %s for a void invitation", o->name);
	if (inv->user >= 0 && !inv->unsure)
		sim_fail(n->sim, n->name, "takes %s for a used invitation", o->name);
	inv->next_user = (int)o->index;
	n->sim->n.invited++;
}

/* ---- at the end ---- */

/* What was left goes when all have followed who can. */
static void check_left(struct node *n, const struct service *s)
{
	const struct service_client *k;
	const struct node *o;
	bool needed = false;

	TAILQ_FOREACH (k, &s->clients, of_service) {
		o = k->peer ? node_by_identity(n->sim, k->peer->pub.row.identity) : NULL;
		if (o && n->friend_of[o->index] && o->friend_of[n->index] && guard_together(n, o))
			sim_fail(n->sim, n->name, "%s has not followed from service %u", o->name,
				 (unsigned)s->row.id);
		needed = needed || k->row.use == CLIENT_CONTACT || k->row.use == CLIENT_INVITE;
	}
	if (!needed)
		sim_fail(n->sim, n->name, "keeps service %u for nobody", (unsigned)s->row.id);
}

static void check_services(struct node *n)
{
	const struct service *s;
	unsigned current = 0;

	TAILQ_FOREACH (s, &n->chat->services, entry) {
		current += !s->row.left_ms;
		if (s->row.left_ms)
			check_left(n, s);
	}
	if (current != 1)
		sim_fail(n->sim, n->name, "has %u services for new contacts", current);
}

void guard_end(struct sim *s)
{
	unsigned i, j;

	for (i = 0; i < s->opts.nodes; i++) {
		struct node *n = &s->node[i];

		if (!n->chat || n->hostile)
			continue;
		check_services(n);
		for (j = i + 1; j < s->opts.nodes; j++)
			s->n.parted += n->friend_of[j] && s->node[j].friend_of[i] && !guard_together(n, &s->node[j]);
	}
}
