/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The private onion services, on which contacts find us and strangers don't.
 *
 * A service has an onion key of its own and lets in the holders of its client keys, which we make: one for each
 * contact (or invitation), and spare ones, so that most keys are given away without publishing anew.  The
 * onion and a client key are a locator: locator.c.
 */
#include "chat_impl.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"

#define CLIENTS_STEP 16	 /* tor pads the list to multiples of it: more tells nothing */
#define CLIENTS_MAX  320 /* 384 make a descriptor that is too large to be published */
#define SPARES	     8	 /* at least, when a service is published anyway */

/* ---- in memory ---- */

static struct service *service_by_id(const struct chat *c, int64_t id)
{
	struct service *s;

	TAILQ_FOREACH (s, &c->services, entry) {
		if (s->row.id == id)
			return s;
	}
	return NULL;
}

static void service_free(struct chat *c, struct service *s)
{
	TAILQ_REMOVE(&c->services, s, entry);
	crypto_wipe(s, sizeof(*s));
	free(s);
}

static void client_unlink(struct service_client *k)
{
	TAILQ_REMOVE(&k->service->clients, k, of_service);
	k->service->n_clients--;
	if (k->row.use == CLIENT_SPARE)
		k->service->n_spare--;
	if (k->peer)
		TAILQ_REMOVE(&k->peer->clients, k, of_peer);
}

static void client_free(struct service_client *k)
{
	client_unlink(k);
	crypto_wipe(k, sizeof(*k));
	free(k);
}

static struct service *service_insert(struct chat *c, const struct service_row *row)
{
	struct service *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->row = *row;
	identity_public(row->seed, s->onion);
	TAILQ_INIT(&s->clients);
	TAILQ_INSERT_TAIL(&c->services, s, entry);
	return s;
}

static void client_insert(struct service *s, struct service_client *k)
{
	k->service = s;
	TAILQ_INSERT_TAIL(&s->clients, k, of_service);
	s->n_clients++;
	if (k->row.use == CLIENT_SPARE)
		s->n_spare++;
}

void service_client_of_peer(struct service_client *k, struct chat_peer *p)
{
	k->peer = p;
	TAILQ_INSERT_TAIL(&p->clients, k, of_peer);
	if (k->row.offer)
		p->n_offers++;
}

static int load_service(void *ctx, const struct service_row *row)
{
	return service_insert(ctx, row) ? 0 : ERR_NOMEM;
}

static int load_client(void *ctx, const struct client_row *row)
{
	struct chat *c = ctx;
	struct service *s = service_by_id(c, row->service);
	struct contact *contact = row->use == CLIENT_CONTACT ? chat_find_id(c, row->contact) : NULL;
	struct service_client *k;

	if (!s || (row->use == CLIENT_CONTACT && !contact))
		return ERR_INVALID; /* a damaged database */
	k = calloc(1, sizeof(*k));
	if (!k)
		return ERR_NOMEM;
	k->row = *row;
	client_insert(s, k);
	if (contact)
		service_client_of_peer(k, contact->impl);
	return 0;
}

int service_load(struct chat *c)
{
	int err = store_service_each(c->store, load_service, c);

	if (!err)
		err = store_client_each(c->store, load_client, c);
	if (!err)
		err = invite_load(c);
	if (!err)
		err = door_load(c);
	c->sweep.fire = locator_sweep;
	timers_set(&c->timers, &c->sweep, 0);
	return err;
}

void service_free_all(struct chat *c)
{
	struct service_client *k;
	struct service *s;

	invite_free_all(c);
	while ((s = TAILQ_FIRST(&c->services))) {
		while ((k = TAILQ_FIRST(&s->clients)))
			client_free(k);
		service_free(c, s);
	}
}

struct service_client *service_client_by_id(const struct chat *c, int64_t id)
{
	struct service_client *k;
	struct service *s;

	TAILQ_FOREACH (s, &c->services, entry) {
		TAILQ_FOREACH (k, &s->clients, of_service) {
			if (k->row.id == id)
				return k;
		}
	}
	return NULL;
}

/* ---- keys ---- */

int service_client_save(struct chat *c, struct service_client *k)
{
	return chat_break(c, store_client_update(c->store, &k->row));
}

static int client_make(struct chat *c, struct service *s)
{
	struct service_client *k = calloc(1, sizeof(*k));
	int err;

	if (!k)
		return chat_break(c, ERR_NOMEM);
	k->row.service = s->row.id;
	k->row.use = CLIENT_SPARE;
	rng_fill(c->opts.rng, k->row.secret, KEY_BYTES);
	err = chat_break(c, store_client_add(c->store, &k->row));
	if (err) {
		crypto_wipe(k, sizeof(*k));
		free(k);
		return err;
	}
	client_insert(s, k);
	return 0;
}

int service_client_delete(struct chat *c, struct service_client *k)
{
	int err = chat_break(c, store_client_delete(c->store, k->row.id));

	if (!err)
		client_free(k);
	return err;
}

/* Its holder needs it no longer, or shall not have it: it goes when the service is published next. */
int service_retire(struct chat *c, struct service_client *k)
{
	if (k->peer) {
		TAILQ_REMOVE(&k->peer->clients, k, of_peer);
		if (k->row.offer)
			k->peer->n_offers--;
	}
	k->peer = NULL;
	k->row.use = CLIENT_RETIRED;
	k->row.contact = k->row.offer = 0;
	return service_client_save(c, k);
}

/* As many keys as it is published with: those in use, spare ones, at least some if it takes new contacts, and more
 * up to a full step. */
static size_t target(const struct service *s)
{
	size_t n = s->n_clients;
	size_t steps;

	if (!s->row.left_ms && s->n_spare < SPARES)
		n += SPARES - s->n_spare;
	steps = (n + CLIENTS_STEP - 1) / CLIENTS_STEP;
	n = (steps ? steps : 1) * CLIENTS_STEP;
	return n < CLIENTS_MAX ? n : CLIENTS_MAX;
}

/* Before it is published: what is retired goes, and the list is filled up. */
static int prepare(struct chat *c, struct service *s)
{
	struct service_client *k, *next;
	size_t n;
	int err = 0;

	TAILQ_FOREACH_SAFE (k, &s->clients, of_service, next) {
		if (!err && k->row.use == CLIENT_RETIRED)
			err = service_client_delete(c, k);
	}
	n = target(s);
	while (!err && s->n_clients < n)
		err = client_make(c, s);
	return err;
}

/* ---- services ---- */

static int service_make(struct chat *c, struct now now, struct service **out)
{
	struct service_row row = {.created_ms = now.real_ms};
	int err;

	rng_fill(c->opts.rng, row.seed, KEY_BYTES);
	err = chat_break(c, store_service_add(c->store, &row));
	if (!err) {
		*out = service_insert(c, &row);
		err = *out ? 0 : chat_break(c, ERR_NOMEM);
	}
	crypto_wipe(&row, sizeof(row));
	if (err)
		return err;
	log_info("private service %lld is new", (long long)(*out)->row.id);
	(*out)->dirty = true;
	return prepare(c, *out);
}

int service_drop(struct chat *c, struct service *s)
{
	struct service_client *k;
	int err = chat_break(c, store_service_delete(c->store, s->row.id));

	if (err)
		return err;
	log_info("private service %lld is withdrawn", (long long)s->row.id);
	while ((k = TAILQ_FIRST(&s->clients)))
		client_free(k);
	if (s->published)
		net_call(c, withdraw, (uint32_t)s->row.id);
	service_free(c, s);
	return 0;
}

static bool needed(const struct service *s)
{
	const struct service_client *k;

	TAILQ_FOREACH (k, &s->clients, of_service) {
		if (k->row.use == CLIENT_CONTACT || k->row.use == CLIENT_INVITE)
			return true;
	}
	return !s->row.left_ms;
}

/* What was left, and is needed by nobody any more, goes. */
int service_drop_unneeded(struct chat *c)
{
	struct service *s, *next;
	int err = 0;

	TAILQ_FOREACH_SAFE (s, &c->services, entry, next) {
		if (!err && !needed(s))
			err = service_drop(c, s);
	}
	return err;
}

/* One that takes another contact: with a spare key, else with room for more, else a new one. */
static int service_open(struct chat *c, struct now now, struct service **out)
{
	struct service *s, *room = NULL;
	int err;

	TAILQ_FOREACH (s, &c->services, entry) {
		if (s->row.left_ms)
			continue;
		if (s->n_spare) {
			*out = s;
			return 0;
		}
		if (!room && s->n_clients < CLIENTS_MAX)
			room = s;
	}
	if (!room)
		return service_make(c, now, out);
	room->dirty = true;
	err = prepare(c, room);
	if (!err && !room->n_spare) /* retired keys were all the room */
		return service_make(c, now, out);
	*out = room;
	return err;
}

int service_take_spare(struct chat *c, struct now now, enum client_use use, struct service_client **out)
{
	struct service_client *k;
	struct service *s;
	int err = service_open(c, now, &s);

	if (err)
		return err;
	TAILQ_FOREACH (k, &s->clients, of_service) {
		if (k->row.use == CLIENT_SPARE)
			break;
	}
	if (!k)
		return chat_break(c, ERR_WRONG_STATE);
	s->n_spare--;
	k->row.use = use;
	*out = k;
	return 0;
}

int service_take_for_invite(struct chat *c, struct now now, struct service_client **out)
{
	int err = service_take_spare(c, now, CLIENT_INVITE, out);

	return err ? err : service_client_save(c, *out);
}

int service_give(struct chat *c, struct service_client *k, struct chat_peer *p)
{
	k->row.use = CLIENT_CONTACT;
	k->row.contact = p->pub.row.id;
	k->row.acked = true;
	service_client_of_peer(k, p);
	return service_client_save(c, k);
}

void service_locator_of(const struct service_client *k, struct locator *out)
{
	memset(out, 0, sizeof(*out));
	memcpy(out->onion, k->service->onion, KEY_BYTES);
	out->has_client_key = true;
	memcpy(out->client_key, k->row.secret, KEY_BYTES);
}

/* ---- telling the net ---- */

static void publish(struct chat *c, struct service *s)
{
	uint8_t clients[CLIENTS_MAX][KEY_BYTES];
	struct chat_service out = {.id = (uint32_t)s->row.id,
				   .seed = s->row.seed,
				   .private_role = true,
				   .clients = (const uint8_t(*)[KEY_BYTES])clients};
	const struct service_client *k;

	memcpy(out.onion, s->onion, KEY_BYTES);
	TAILQ_FOREACH (k, &s->clients, of_service) {
		if (out.n_clients < CLIENTS_MAX)
			dh_public(k->row.secret, clients[out.n_clients++]);
	}
	s->published = true;
	net_call(c, publish, &out);
}

static struct service *first_dirty(const struct chat *c)
{
	struct service *s;

	TAILQ_FOREACH (s, &c->services, entry) {
		if (s->dirty)
			return s;
	}
	return NULL;
}

static bool has_current(const struct chat *c)
{
	const struct service *s;

	TAILQ_FOREACH (s, &c->services, entry) {
		if (!s->row.left_ms)
			return true;
	}
	return false;
}

/* One service a turn: its public keys take a while. */
int service_settle(struct chat *c)
{
	struct service *s;
	int err = 0;

	if (!c->serving || c->shut)
		return 0;
	door_settle(c);
	if (!has_current(c)) /* so that it can be found by the time that somebody is told of it */
		err = service_make(c, c->now, &s);
	s = first_dirty(c);
	if (err || !s)
		return err;
	err = prepare(c, s);
	if (err)
		return err;
	publish(c, s);
	s->dirty = false;
	if (first_dirty(c))
		timers_set(&c->timers, &c->publish_timer, c->now.mono_ms);
	return 0;
}

static void publish_more(struct chat *c, struct now now, void *owner)
{
	(void)owner;
	(void)now;
	service_settle(c);
}

void chat_serve(struct chat *c)
{
	struct service *s;

	c->serving = true;
	c->door_dirty = true;
	c->publish_timer.fire = publish_more;
	TAILQ_FOREACH (s, &c->services, entry)
		s->dirty = true;
	net_call(c, cover, c->cover);
}
