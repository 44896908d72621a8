/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a contact is told of where to find us.
 *
 * Its list of client keys has the oldest first.  Once the newest has arrived for sure, the others are not needed:
 * arrival is an ack under the ratchet, or an answer that accepts on the link that carried it.
 *
 * A service that somebody must not find any more is left: that key goes at once, the others are offered keys
 * of another service, and it stays until each has followed, LEFT_DAYS at most.
 */
#include "chat_impl.h"

#include <string.h>

#include "base/log.h"

#define LEFT_DAYS 90
#define DAY_MS	  (24u * 3600 * 1000)
#define SWEEP_MS  (6u * 3600 * 1000)

static struct service_client *newest(const struct chat_peer *p)
{
	return TAILQ_LAST(&p->clients, client_list);
}

/* Gives a contact one more. */
static int give_fresh(struct chat *c, struct now now, struct chat_peer *p, struct service_client **out)
{
	struct service_client *k;
	int err = service_take_spare(c, now, CLIENT_CONTACT, &k);

	if (err)
		return err;
	k->row.contact = p->pub.row.id;
	k->untold = true;
	service_client_of_peer(k, p);
	*out = k;
	return service_client_save(c, k);
}

int locator_fresh(struct chat *c, struct now now, struct chat_peer *p)
{
	struct service_client *k;

	return give_fresh(c, now, p, &k);
}

static int current(struct chat *c, struct now now, struct chat_peer *p, struct service_client **out)
{
	*out = newest(p);
	if (*out && !(*out)->service->row.left_ms)
		return 0;
	return give_fresh(c, now, p, out);
}

int locator_current(struct chat *c, struct now now, struct chat_peer *p, struct locator *out, int64_t *given)
{
	struct service_client *k;
	int err = current(c, now, p, &k);

	if (err)
		return err;
	service_locator_of(k, out);
	k->untold = false;
	*given = k->row.id;
	return 0;
}

static int arrived(struct chat *c, struct chat_peer *p, struct service_client *k)
{
	struct service_client *old;
	int err = 0;

	while (!err && (old = TAILQ_FIRST(&p->clients)) != k)
		err = service_retire(c, old);
	if (err)
		return err;
	if (k->row.offer)
		p->n_offers--;
	k->untold = false;
	if (k->row.offer || !k->row.acked) {
		k->row.offer = 0;
		k->row.acked = true;
		err = service_client_save(c, k);
	}
	if (!err && p->pub.row.knows_door) {
		p->pub.row.knows_door = false;
		err = contact_save(c, p);
		c->door_dirty = true;
	}
	return err ? err : service_drop_unneeded(c);
}

/* If a message that tells of it is in the outbox already, the contact may have seen that one too, and not take it
 * again: another one follows. */
int locator_doubt(struct chat *c, struct chat_peer *p)
{
	struct service_client *k = newest(p);

	if (!k || (!k->row.acked && !k->row.offer))
		return 0;
	if (k->row.offer)
		p->n_offers--;
	k->untold = false;
	k->row.offer = 0;
	k->row.acked = false;
	return service_client_save(c, k);
}

int locator_arrived(struct chat *c, struct chat_peer *p, int64_t given)
{
	struct service_client *k;

	TAILQ_FOREACH (k, &p->clients, of_peer) {
		if (k->row.id == given)
			return arrived(c, p, k);
	}
	return 0;
}

int locator_dialled_by(struct chat *c, struct chat_peer *p, uint32_t service)
{
	struct service_client *k = newest(p);

	/* With two keys of one service nobody can tell which one was used. */
	if (!k || service == CHAT_DOOR || k->service->row.id != (int64_t)service || k != TAILQ_FIRST(&p->clients))
		return 0;
	return arrived(c, p, k);
}

/* Takes back the message that waits to tell of this key, if it can't have left.  secret: nobody was ever told. */
static int take_back(struct chat *c, struct service_client *k, bool *secret)
{
	int err;

	*secret = k->untold && !k->row.offer;
	if (!k->row.offer)
		return 0;
	err = store_outbox_cancel(c->store, k->peer->pub.row.id, k->row.offer);
	if (err == ERR_WRONG_STATE)
		return 0;
	if (err)
		return chat_break(c, err);
	*secret = k->untold;
	k->row.offer = 0;
	k->peer->n_offers--;
	return service_client_save(c, k);
}

/* What the contact was given before, and has not been told of, is of no use any more. */
static int withdraw_offers(struct chat *c, struct chat_peer *p, const struct service_client *but)
{
	struct service_client *k, *next;
	bool secret;
	int err = 0;

	TAILQ_FOREACH_SAFE (k, &p->clients, of_peer, next) {
		if (err || k == but)
			continue;
		err = take_back(c, k, &secret);
		if (!err && secret)
			err = service_retire(c, k);
	}
	return err;
}

static int put_offer(struct chat *c, struct now now, struct chat_peer *p, struct service_client *k)
{
	struct outbox_row o = {.contact = p->pub.row.id,
			       .message_kind = MESSAGE_LOCATOR,
			       .minute = (uint32_t)(now.real_ms / 60000)};
	struct locator l;
	struct buf text;
	int err;

	service_locator_of(k, &l);
	buf_init(&text, FRAME_BODY_MAX);
	err = chat_break(c, locator_encode(&l, &text));
	if (!err) {
		rng_fill(c->opts.rng, o.msgid, MSGID_BYTES);
		o.text = (const char *)buf_ptr(&text);
		o.text_len = buf_len(&text);
		err = chat_break(c, store_outbox_add(c->store, &o));
	}
	buf_clear(&text);
	crypto_wipe(&l, sizeof(l));
	if (err)
		return err;
	k->row.offer = o.id;
	p->n_offers++;
	p->all_sealed = false;
	if (p->chosen)
		flush_soon(c, p->chosen);
	return service_client_save(c, k);
}

/* Under the ratchet, behind what waits already. */
static int offer(struct chat *c, struct now now, struct chat_peer *p)
{
	struct service_client *k;
	int err = current(c, now, p, &k);

	if (!err)
		err = withdraw_offers(c, p, k);
	if (err || k->row.offer || k->row.acked || p->pub.row.state != CONTACT_LINKED)
		return err;
	return put_offer(c, now, p, k);
}

int locator_on_ready(struct chat *c, struct now now, struct chat_peer *p)
{
	return offer(c, now, p);
}

/* It may have come late, after a newer one: that one is told again. */
int locator_told(struct chat *c, struct now now, struct chat_peer *p, int64_t given)
{
	struct service_client *k = newest(p);
	int err;

	if (!given || !k || k->row.id == given || !k->row.acked)
		return 0;
	err = locator_doubt(c, p);
	return err ? err : offer(c, now, p);
}

int locator_on_acked(struct chat *c, struct chat_peer *p)
{
	struct service_client *k, *next;
	bool waits;
	int err = 0;

	TAILQ_FOREACH_SAFE (k, &p->clients, of_peer, next) {
		if (err || !k->row.offer)
			continue;
		err = chat_break(c, store_outbox_exists(c->store, k->row.offer, &waits));
		if (!err && !waits)
			err = arrived(c, p, k);
	}
	return err;
}

/* ---- leaving a service ---- */

static int leave(struct chat *c, struct now now, struct service *s)
{
	struct service_client *k, *next;
	int err;

	if (s->row.left_ms)
		return 0;
	log_info("private service %lld is left", (long long)s->row.id);
	s->row.left_ms = now.real_ms ? now.real_ms : 1;
	err = chat_break(c, store_service_update(c->store, &s->row));
	/* What they are offered lies on another service: this list does not grow meanwhile. */
	TAILQ_FOREACH_SAFE (k, &s->clients, of_service, next) {
		if (!err && k->peer && k == newest(k->peer))
			err = offer(c, now, k->peer);
	}
	return err;
}

static bool has_retired(const struct service *s)
{
	const struct service_client *k;

	TAILQ_FOREACH (k, &s->clients, of_service) {
		if (k->row.use == CLIENT_RETIRED)
			return true;
	}
	return false;
}

/* Old keys of the contact may be among those that are retired, wherever they are. */
static void publish_without_retired(struct chat *c)
{
	struct service *s;

	TAILQ_FOREACH (s, &c->services, entry)
		s->dirty = s->dirty || has_retired(s);
}

/* First all of its keys, then the services: nobody offers it another one meanwhile. */
int locator_shut_out(struct chat *c, struct now now, struct chat_peer *p)
{
	struct service_client *k;
	struct service *s;
	bool secret;
	int err = 0;

	publish_without_retired(c);
	c->door_dirty = true; /* perhaps it stood for this one */
	while (!err && (k = TAILQ_FIRST(&p->clients))) {
		err = take_back(c, k, &secret);
		if (err)
			break;
		if (!secret) /* else it can't know of that service */
			k->service->dirty = k->service->shuts_out = true;
		if (k->row.offer)
			p->n_offers--;
		err = service_client_delete(c, k);
	}
	TAILQ_FOREACH (s, &c->services, entry) {
		if (!err && s->shuts_out)
			err = leave(c, now, s);
		s->shuts_out = false;
	}
	return err ? err : service_drop_unneeded(c);
}

/* Of the keys that this contact has there: so that it is told of once. */
static bool last_there(const struct service_client *k)
{
	const struct service_client *next = k;

	while ((next = TAILQ_NEXT(next, of_peer))) {
		if (next->service == k->service)
			return false;
	}
	return true;
}

/* Who has not followed in LEFT_DAYS. */
static int give_up(struct chat *c, struct now now, struct service *s)
{
	struct service_client *k, *next;
	struct chat_peer *p;
	int err = 0;

	TAILQ_FOREACH_SAFE (k, &s->clients, of_service, next) {
		p = k->peer;
		if (!err && p && last_there(k))
			err = conversation_info(c, now, p,
						"%s was not reached in %d days to be told where you are found now, and "
						"can't call you any more. You still call %s.",
						p->pub.row.petname, LEFT_DAYS, p->pub.row.petname);
		if (!err)
			err = invite_end_of(c, k);
		if (!err)
			err = service_retire(c, k);
	}
	return err ? err : service_drop(c, s);
}

/* From time to time: what is over goes. */
void locator_sweep(struct chat *c, struct now now, void *owner)
{
	struct service *s, *next;
	int err = invite_expire(c, now);

	(void)owner;
	TAILQ_FOREACH_SAFE (s, &c->services, entry, next) {
		if (!err && s->row.left_ms && now.real_ms > s->row.left_ms &&
		    now.real_ms - s->row.left_ms >= (uint64_t)LEFT_DAYS * DAY_MS)
			err = give_up(c, now, s);
		else if (has_retired(s))
			s->dirty = true;
	}
	if (!err)
		err = service_drop_unneeded(c);
	if (!err)
		timers_set(&c->timers, &c->sweep, now.mono_ms + rng_jitter(c->opts.rng, SWEEP_MS, 25));
}
