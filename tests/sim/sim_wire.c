/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The network: connections that carry records between link state machines, in order, with a delay of their
 * own, a bounded number of them under way, and an end that may come at any record, told or not.
 */
#include "sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "link/link.h"

#define SEND_MAX       16384 /* bytes that wait in a link before it is called full */
#define HANDSHAKE_MS   60000
#define DIAL_FAIL_TEXT "the contact's onion service is not reachable"

/* What an enemy did to a record. */
#define RECORD_INJECTED 1u /* nobody sent it */
#define RECORD_BENT	2u /* it is not what was sent, or not in its place */

static struct end *other(const struct end *e)
{
	return e == &e->wire->end[0] ? &e->wire->end[1] : &e->wire->end[0];
}

static struct end *find(struct node *n, link_id id)
{
	struct end *e;

	TAILQ_FOREACH (e, &n->ends, entry) {
		if (e->id == id)
			return e;
	}
	return NULL;
}

/* The node forgets its end. */
static void end_forget(struct end *e)
{
	if (!e->live)
		return;
	e->live = false;
	TAILQ_REMOVE(&e->node->ends, e, entry);
	link_free(e->link);
	e->link = NULL;
	buf_clear(&e->in);
}

static void on_eof(struct sim *s, struct event *ev);

static void send_eof(struct end *e)
{
	struct sim *s = e->node->sim;
	struct end *o = other(e);
	uint64_t at = s->now_ms + e->wire->delay_ms;

	if (o->deaf)
		return;
	if (at < e->last_at_ms)
		at = e->last_at_ms;
	if (o->node)
		sim_at(s, at - s->now_ms, on_eof, o->node, o)->life = 0;
}

/* It is over at this end, and chat hears of it. */
static void end_broken(struct end *e)
{
	struct node *n = e->node;
	uint32_t dial_id = e->dial_id;
	bool told = e->told;
	link_id id = e->id;

	end_forget(e);
	if (!n->chat)
		return;
	if (told)
		chat_on_link_closed(n->chat, sim_now(n->sim), id);
	else if (dial_id)
		chat_on_dial_failed(n->chat, sim_now(n->sim), dial_id, true, "the handshake failed");
}

static void on_eof(struct sim *s, struct event *ev)
{
	struct end *e = ev->obj;

	(void)s;
	if (e->live && !e->deaf)
		end_broken(e);
}

/* ---- records ---- */

void wire_break(struct wire *w, enum drop how)
{
	static const char *const words[] = {"", ", untold", ", told to one side", ", in one direction"};
	struct sim *s = w->end[1].node->sim;
	struct end *one = &w->end[sim_random(s, 2)];

	s->n.drops++;
	sim_say(s, "net", "connection %u breaks%s", w->id, words[how]);
	w->drop_at = 0;
	switch (how) {
	case DROP_TOLD:
		send_eof(&w->end[0]);
		send_eof(&w->end[1]);
		break;
	case DROP_UNTOLD:
		w->end[0].deaf = w->end[1].deaf = true;
		break;
	case DROP_HALF_OPEN:
		other(one)->deaf = true;
		send_eof(other(one));
		break;
	case DROP_ONE_WAY:
		one->deaf = true;
		break;
	case DROP_MAX:
		break;
	}
}

bool wire_reaches(const struct node *a, const struct node *b)
{
	return (a->sim->side >> a->index & 1) == (a->sim->side >> b->index & 1);
}

/* Opens what came; false: the link is to be given up. */
static bool tell_open(struct end *e)
{
	struct node *n = e->node;
	struct chat_link_info info = {
	    .link = e->id,
	    .dial_id = e->dial_id,
	    .service = e->service,
	    .role = e->role,
	    .version = e->version,
	    .static_key = e->static_key,
	    .hash = link_hash(e->link),
	    .identity = e->has_identity ? e->identity : NULL,
	    .root = link_root(e->link),
	};

	if (e->told || link_state(e->link) != LINK_OPEN)
		return true;
	if (e->wire->forged)
		sim_fail(n->sim, n->name, "a connection that nobody dialled has become a link");
	e->told = true;
	if (!chat_on_link(n->chat, sim_now(n->sim), &info))
		return true;
	e->told = false;
	e->dial_id = 0;
	return false;
}

static bool read_frames(struct end *e)
{
	struct node *n = e->node;
	const uint8_t *body;
	uint8_t type;
	size_t len;

	while (!e->closing && link_next(e->link, &type, &body, &len) == 1) {
		int err = chat_on_frame(n->chat, sim_now(n->sim), e->id, type, body, len);

		if (err) {
			sim_say(n->sim, n->name, "link %u: %s", (unsigned)e->id, err_str(err));
			return false;
		}
	}
	return true;
}

/* True: it died of it. */
static bool link_feed_bad(struct end *e, const uint8_t record[RECORD_BYTES])
{
	uint8_t type;
	const uint8_t *body;
	size_t len;

	if (buf_put(&e->in, record, RECORD_BYTES))
		return true;
	link_feed(e->link, &e->in);
	return link_state(e->link) == LINK_DEAD && link_next(e->link, &type, &body, &len) != 1;
}

static void on_record(struct sim *s, struct event *ev)
{
	struct end *e = ev->obj;
	struct end *from = other(e);

	if (!(ev->arg & RECORD_INJECTED)) {
		from->in_flight--;
		if (from->live)
			from->node->dirty = true; /* there is room again */
	}
	if (!e->live || e->deaf || e->closing)
		return;
	if (ev->arg && link_state(e->link) != LINK_HANDSHAKE) {
		if (!link_feed_bad(e, ev->data))
			sim_fail(s, e->node->name,
				 "link %u takes a record that nobody sent (%u, state %d, connection %u)",
				 (unsigned)e->id, (unsigned)ev->arg, (int)link_state(e->link), e->wire->id);
		send_eof(e);
		end_broken(e);
		return;
	}
	if (buf_put(&e->in, ev->data, RECORD_BYTES) || link_feed(e->link, &e->in) ||
	    link_state(e->link) == LINK_DEAD || !tell_open(e) || !read_frames(e)) {
		send_eof(e);
		end_broken(e);
		return;
	}
	if (e->told && from->node)
		e->node->together_ms[from->node->index] = s->now_ms;
}

static void put_record(struct end *to, const uint8_t record[RECORD_BYTES], uint64_t delay_ms, uint64_t flags)
{
	struct event *ev = sim_at(to->node->sim, delay_ms, on_record, to->node, to);

	ev->life = 0;
	ev->arg = flags;
	ev->data = malloc(RECORD_BYTES);
	if (!ev->data)
		abort();
	memcpy(ev->data, record, RECORD_BYTES);
}

void wire_inject(struct end *to, const uint8_t record[RECORD_BYTES], uint64_t delay_ms)
{
	struct sim *s = to->wire->end[1].node->sim;
	uint64_t sent_ms =
	    s->now_ms + to->wire->delay_ms; /* what was sent must come first, or it is no replay */

	if (sent_ms < other(to)->last_at_ms)
		sent_ms = other(to)->last_at_ms;
	if (to->node)
		put_record(to, record, sent_ms - s->now_ms + delay_ms, RECORD_INJECTED);
}

static void send_record(struct end *e, uint8_t record[RECORD_BYTES])
{
	struct sim *s = e->node->sim;
	struct wire *w = e->wire;
	uint64_t at = s->now_ms + w->delay_ms;
	bool pass;

	pass = !s->enemy || hostile_on_record(e, record);
	e->sent++;
	if (!pass)
		return;
	if (w->drop_at && ++w->records >= w->drop_at)
		wire_break(w, w->how);
	if (at < e->last_at_ms)
		at = e->last_at_ms;
	e->last_at_ms = at;
	if (!other(e)->node) { /* a stranger or an enemy has it */
		if (w->guest)
			flood_on_record(w, record);
		return;
	}
	e->in_flight++;
	put_record(other(e), record, at - s->now_ms, e->bent ? RECORD_BENT : 0);
}

static void pump(struct end *e)
{
	uint8_t record[RECORD_BYTES];

	while (e->in_flight < e->wire->window && link_output(e->link, record) == 1)
		send_record(e, record);
	if (e->closing && e->in_flight < e->wire->window) {
		send_eof(e);
		end_forget(e);
	}
}

void wire_leak(struct node *n)
{
	struct end *e, *next;

	TAILQ_FOREACH_SAFE (e, &n->ends, entry, next)
		pump(e);
}

void wire_pump_all(struct node *n)
{
	struct end *e;

	wire_leak(n);
	TAILQ_FOREACH (e, &n->ends, entry) {
		if (e->wants_writable && link_queued(e->link) < SEND_MAX / 2) {
			e->wants_writable = false;
			chat_on_writable(n->chat, sim_now(n->sim), e->id);
			n->dirty = true;
		}
	}
}

/* ---- connecting ---- */

static void end_init(struct wire *w, unsigned i, struct node *n)
{
	struct end *e = &w->end[i];

	e->wire = w;
	e->node = n;
	e->live = true;
	e->id = ++n->last_link;
	buf_init(&e->in, 4 * RECORD_BYTES);
	TAILQ_INSERT_TAIL(&n->ends, e, entry);
}

static int on_admit(void *ctx, enum link_role role, uint8_t version, const uint8_t static_key[KEY_BYTES],
		    const uint8_t *identity)
{
	struct end *e = ctx;

	e->role = role;
	e->version = version;
	memcpy(e->static_key, static_key, KEY_BYTES);
	e->has_identity = identity != NULL;
	if (identity)
		memcpy(e->identity, identity, KEY_BYTES);
	return chat_admit(e->node->chat, e->service, role, version, static_key, identity);
}

/* at NULL: at the door, as if it served all. */
static void responder_init(struct wire *w, struct node *n, const struct sim_service *at)
{
	struct link_role_key roles[LINK_ROLES_MAX];
	struct link_responder_opts o = {
	    .roles = roles, .onion = at ? at->onion : chat_identity(n->chat), .admit = on_admit, .ctx = &w->end[1]};

	if (!at || at->door_role)
		roles[o.n_roles++] = (struct link_role_key){LINK_DOOR, chat_identity_dh(n->chat)};
	if (!at || at->private_role)
		roles[o.n_roles++] = (struct link_role_key){LINK_PRIVATE, chat_link_secret(n->chat)};
	end_init(w, 1, n);
	w->end[1].service = at ? at->id : CHAT_DOOR;
	w->end[1].link = link_new_responder(&n->rng, &o);
}

static void initiator_init(struct wire *w, struct node *n, const struct chat_dial *d)
{
	struct link_initiator_opts o = {
	    .role = d->role,
	    .static_secret = d->by_identity ? chat_identity_dh(n->chat) : chat_link_secret(n->chat),
	    .identity = d->by_identity ? chat_identity(n->chat) : NULL,
	    .responder_static = d->responder_static,
	    .responder_onion = d->locator.onion,
	    .version = d->version,
	};
	struct end *e = &w->end[0];

	end_init(w, 0, n);
	e->dial_id = d->id;
	e->dial = *d;
	e->role = d->role;
	e->version = d->version;
	memcpy(e->static_key, d->responder_static, KEY_BYTES);
	e->link = link_new_initiator(&n->rng, &o);
}

static void on_handshake_timeout(struct sim *s, struct event *ev)
{
	struct end *e = ev->obj;

	(void)s;
	if (e->live && !e->told) {
		send_eof(e);
		end_broken(e);
	}
}

static void connect_nodes(struct sim *s, struct node *from, struct node *to, const struct sim_service *at,
			  const struct chat_dial *d)
{
	struct wire *w = calloc(1, sizeof(*w));
	unsigned i;

	if (!w)
		abort();
	TAILQ_INSERT_TAIL(&s->wires, w, entry);
	w->id = ++s->n_wires;
	w->delay_ms = 20 + (unsigned)sim_random(s, sim_chance(s, 20) ? 8000 : 400);
	w->window = 1 + (unsigned)sim_random(s, 60);
	if (s->faulty && (from->slow || to->slow)) {
		w->delay_ms += 2000;
		w->window = 1;
	}
	if (sim_chance(s, 60))
		w->drop_at = 1 + (unsigned)sim_random(s, sim_chance(s, 50) ? 10 : 100);
	w->how = sim_chance(s, 60) ? DROP_TOLD : (enum drop)sim_random(s, DROP_MAX);
	initiator_init(w, from, d);
	responder_init(w, to, at);
	for (i = 0; i < 2; i++)
		sim_at(s, HANDSHAKE_MS, on_handshake_timeout, w->end[i].node, &w->end[i]);
	sim_say(s, from->name, "connection %u to %s, %u ms, window %u", w->id, to->name, w->delay_ms,
		w->window);
	to->dirty = true;
}

struct end *wire_forge(struct sim *s, struct node *to)
{
	struct wire *w = calloc(1, sizeof(*w));

	if (!w)
		abort();
	TAILQ_INSERT_TAIL(&s->wires, w, entry);
	w->id = ++s->n_wires;
	w->delay_ms = 100;
	w->window = 10;
	w->forged = true;
	w->end[0].wire = w;
	responder_init(w, to, NULL);
	sim_at(s, HANDSHAKE_MS, on_handshake_timeout, to, &w->end[1]);
	sim_say(s, to->name, "connection %u comes from nowhere", w->id);
	to->dirty = true;
	return &w->end[1];
}

struct end *wire_guest(struct node *to, const struct sim_service *at, struct guest *g)
{
	struct sim *s = to->sim;
	struct wire *w = calloc(1, sizeof(*w));

	if (!w)
		abort();
	TAILQ_INSERT_TAIL(&s->wires, w, entry);
	w->id = ++s->n_wires;
	w->delay_ms = 100 + (unsigned)sim_random(s, 2000);
	w->window = 10;
	w->guest = g;
	w->end[0].wire = w;
	responder_init(w, to, at);
	sim_at(s, HANDSHAKE_MS, on_handshake_timeout, to, &w->end[1]);
	to->dirty = true;
	return &w->end[1];
}

void wire_put(struct end *to, const uint8_t record[RECORD_BYTES])
{
	other(to)->in_flight++;
	put_record(to, record, to->wire->delay_ms, 0);
}

static void dial_free(struct node *n, struct dial *d)
{
	TAILQ_REMOVE(&n->dials, d, entry);
	free(d);
}

static void on_connect(struct sim *s, struct event *ev)
{
	struct node *n = ev->node;
	struct node *to = NULL;
	struct sim_service *at;
	struct dial *d;
	struct chat_dial cd;

	TAILQ_FOREACH (d, &n->dials, entry) {
		if (d->d.id == ev->arg)
			break;
	}
	if (!d)
		return; /* cancelled */
	cd = d->d;
	at = d->late ? NULL : service_find(s, &cd.locator, &to);
	/* What is not there, or not any more, tor looks for at several places. */
	if (!at && !d->late && sim_random(s, 3) == 0) {
		d->late = true;
		sim_at(s, 10000 + sim_random(s, 100000), on_connect, n, NULL)->arg = cd.id;
		return;
	}
	dial_free(n, d);
	if (!at || !to->tor || !n->tor || !wire_reaches(n, to) || sim_chance(s, 20)) {
		sim_say(s, n->name, "dial %u fails", (unsigned)cd.id);
		chat_on_dial_failed(n->chat, sim_now(s), cd.id, false, DIAL_FAIL_TEXT);
		return;
	}
	connect_nodes(s, n, to, at, &cd);
}

/* ---- what chat asks of its net ---- */

static int net_dial(void *ctx, struct chat *c, const struct chat_dial *cd)
{
	struct node *n = ctx;
	struct sim *s = n->sim;
	struct end *e;
	struct dial *d;

	(void)c;
	TAILQ_FOREACH (d, &n->dials, entry) {
		if (d->d.contact == cd->contact)
			sim_fail(s, n->name, "two dials for %s", cd->contact->row.petname);
	}
	TAILQ_FOREACH (e, &n->ends, entry) {
		if (!e->told && e->dial_id && e->dial.contact == cd->contact)
			sim_fail(s, n->name, "a second dial for %s", cd->contact->row.petname);
	}
	d = calloc(1, sizeof(*d));
	if (!d)
		abort();
	d->d = *cd;
	d->d.isolation = NULL;
	TAILQ_INSERT_TAIL(&n->dials, d, entry);
	s->n.dials++;
	sim_say(s, n->name, "dials %s (%s%s), dial %u", cd->contact->row.petname,
		cd->role == LINK_DOOR ? "door" : "private", cd->by_identity ? ", by identity" : "",
		(unsigned)cd->id);
	sim_at(s, 100 + sim_random(s, 5000), on_connect, n, NULL)->arg = cd->id;
	return 0;
}

static void net_dial_cancel(void *ctx, struct chat *c, uint32_t dial_id)
{
	struct node *n = ctx;
	struct dial *d;
	struct end *e;

	(void)c;
	TAILQ_FOREACH (d, &n->dials, entry) {
		if (d->d.id == dial_id) {
			dial_free(n, d);
			return;
		}
	}
	TAILQ_FOREACH (e, &n->ends, entry) {
		if (e->dial_id == dial_id && !e->told) {
			send_eof(e);
			end_forget(e);
			return;
		}
	}
	sim_fail(n->sim, n->name, "dial %u was cancelled, but is not under way", (unsigned)dial_id);
}

static int net_send(void *ctx, struct chat *c, link_id link, uint8_t type, const void *body, size_t len)
{
	struct node *n = ctx;
	struct end *e = find(n, link);
	int err;

	(void)c;
	if (!e || e->closing)
		return ERR_NOT_FOUND;
	err = link_queued(e->link) > SEND_MAX ? ERR_FULL : link_send(e->link, type, body, len);
	if (err == ERR_FULL)
		e->wants_writable = true;
	hostile_on_frame(n, type, body, len);
	n->dirty = true;
	return err;
}

static void net_close(void *ctx, struct chat *c, link_id link)
{
	struct node *n = ctx;
	struct end *e = find(n, link);

	(void)c;
	if (!e || e->closing)
		sim_fail(n->sim, n->name, "closes link %u, which is not there", (unsigned)link);
	else
		e->closing = true;
	n->dirty = true;
}

const struct chat_net wire_net = {
    .dial = net_dial,
    .dial_cancel = net_dial_cancel,
    .send = net_send,
    .close = net_close,
    .publish = service_publish,
    .withdraw = service_withdraw,
    .cover = service_cover,
};

/* ---- the end of a node's connections ---- */

void wire_drop_all(struct node *n, bool silently)
{
	struct end *e;

	while ((e = TAILQ_FIRST(&n->ends))) {
		if (silently)
			other(e)->deaf = true;
		send_eof(e);
		end_forget(e);
	}
	while (!TAILQ_EMPTY(&n->dials))
		dial_free(n, TAILQ_FIRST(&n->dials));
}

void wire_break_all(struct node *n)
{
	struct end *e, *next;

	TAILQ_FOREACH_SAFE (e, &n->ends, entry, next) {
		send_eof(e);
		end_broken(e);
	}
}

void wire_clear(struct sim *s)
{
	struct wire *w;

	while ((w = TAILQ_FIRST(&s->wires))) {
		TAILQ_REMOVE(&s->wires, w, entry);
		flood_free(w->guest);
		free(w);
	}
}
