/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "chat_impl.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"

#define META_SEED     "identity-seed"
#define META_LINK_KEY "link-key"
#define META_NICK     "nick"
#define META_COVER    "cover"

int chat_break(struct chat *c, int err)
{
	if (err && !c->broken) {
		log_error("the account's database failed: %s", err_str(err));
		c->broken = err;
	}
	return err;
}

/* ---- life ---- */

int chat_create(struct store *store, const struct rng *rng, const char *nick)
{
	struct chat_secrets *fresh;
	int err;

	if (!nick_valid(nick) || nick_eq(nick, SERVICE_NICK) || nick_lookalike(nick, SERVICE_NICK))
		return ERR_INVALID;
	fresh = secret_new(sizeof(*fresh));
	if (!fresh)
		return ERR_NOMEM;
	rng_fill(rng, fresh->seed, KEY_BYTES);
	rng_fill(rng, fresh->link, KEY_BYTES);
	err = store_meta_set(store, META_SEED, fresh->seed, KEY_BYTES);
	if (!err)
		err = store_meta_set(store, META_LINK_KEY, fresh->link, KEY_BYTES);
	if (!err)
		err = store_meta_set(store, META_NICK, nick, strlen(nick));
	secret_free(fresh);
	return err;
}

static void opts_default(struct chat_opts *o)
{
#define OR(field, value) o->field = o->field ? o->field : (value)
	OR(dial_min_ms, 10 * 1000);
	OR(dial_max_ms, 3600 * 1000);
	OR(dial_spread_ms, 5 * 1000);
	OR(offline_grace_ms, 30 * 1000);
	OR(ping_ms, 24 * 1000);
	OR(pong_ms, 28 * 1000);
	OR(suspect_ms, 5 * 1000);
	OR(wake_pong_ms, 10 * 1000);
	OR(late_ms, 20 * 1000);
	OR(slot_ms, 2 * 1000);
#undef OR
}

static int self_load(struct chat *c)
{
	size_t len;
	int err;

	c->secrets = secret_new(sizeof(*c->secrets));
	if (!c->secrets)
		return ERR_NOMEM;
	err = store_meta_get(c->store, META_SEED, c->secrets->seed, KEY_BYTES, NULL);
	if (!err)
		err = store_meta_get(c->store, META_LINK_KEY, c->secrets->link, KEY_BYTES, NULL);
	if (!err)
		err = store_meta_get(c->store, META_NICK, c->nick, NICK_MAX, &len);
	if (err)
		return err;
	c->nick[len] = '\0';
	identity_public(c->secrets->seed, c->identity);
	identity_dh_secret(c->secrets->seed, c->secrets->identity_dh);
	dh_public(c->secrets->link, c->link_key);
	onion_encode(c->identity, c->onion);
	return 0;
}

static int cover_load(struct chat *c)
{
	uint8_t cover = COVER_OFF;
	int err = store_meta_get(c->store, META_COVER, &cover, sizeof(cover), NULL);

	if (err && err != ERR_NOT_FOUND)
		return err;
	if (cover > COVER_CONSTANT)
		return ERR_INVALID;
	c->cover = (enum chat_cover)cover;
	return 0;
}

static void chat_init(struct chat *c, struct store *store, const struct chat_opts *opts)
{
	c->opts = *opts;
	opts_default(&c->opts);
	c->store = store;
	RB_INIT(&c->by_name);
	RB_INIT(&c->by_id);
	RB_INIT(&c->by_identity);
	RB_INIT(&c->by_skeleton);
	RB_INIT(&c->by_link_key);
	RB_INIT(&c->links);
	TAILQ_INIT(&c->requests);
	TAILQ_INIT(&c->flushes);
	TAILQ_INIT(&c->door_links);
	TAILQ_INIT(&c->guest_links);
	TAILQ_INIT(&c->services);
	TAILQ_INIT(&c->invitations);
	TAILQ_INIT(&c->dialling);
	TAILQ_INIT(&c->removals);
	TAILQ_INIT(&c->members);
	rng_fill(opts->rng, &c->uses, sizeof(c->uses));
	c->uses = c->uses >> 32 << 32;
	timers_init(&c->timers);
	timers_init(&c->dial_timers);
}

int chat_open(struct store *store, const struct chat_opts *opts, struct now now, struct chat **out)
{
	struct chat *c = calloc(1, sizeof(*c));
	int err;

	if (!c) {
		store_close(store);
		return ERR_NOMEM;
	}
	chat_init(c, store, opts);
	c->now = now;
	err = self_load(c);
	if (!err)
		err = contact_load(c);
	if (!err)
		err = queue_load(c);
	if (!err)
		err = epoch_load(c);
	if (!err)
		err = service_load(c);
	if (!err)
		err = cover_load(c);
	if (!err)
		err = request_load(c);
	if (!err)
		err = conversation_load(c);
	if (!err)
		err = retention_load(c);
	if (err) {
		chat_free(c);
		return err;
	}
	history_load(c);
	*out = c;
	return 0;
}

void chat_free(struct chat *c)
{
	if (!c)
		return;
	links_free_all(c);
	request_free_all(c);
	service_free_all(c);
	contact_free_all(c);
	removal_free_all(c);
	household_free(c);
	epoch_free(c);
	secret_free(c->secrets);
	store_close(c->store);
	crypto_wipe(c, sizeof(*c));
	free(c);
}

void chat_shutdown(struct chat *c, struct now now, const char *reason)
{
	struct chat_link *l;
	struct chat_peer *p = NULL;

	log_info("account goes offline: %s", reason ? reason : "shutdown");
	c->shut = true;
	timers_cancel(&c->timers, &c->expiry);
	timers_cancel(&c->timers, &c->cancel_timer);
	timers_cancel(&c->timers, &c->removal_timer);
	timers_cancel(&c->timers, &c->clear_timer);
	timers_cancel(&c->timers, &c->sweep);
	timers_cancel(&c->timers, &c->publish_timer);
	while ((p = contact_next(c, p))) {
		dial_stop(c, p);
		timers_cancel(&c->timers, &p->offline_timer);
		timers_cancel(&c->timers, &p->ack_timer);
		if (p->pub.link_up && !c->broken) {
			p->pub.row.seen_ms = now.real_ms;
			contact_save(c, p);
		}
		links_close_all(c, p, CLOSE_OFFLINE);
	}
	while ((l = RB_ROOT(&c->links)))
		links_close(c, now, l, CLOSE_OFFLINE, LINK_SPENT); /* strangers at the door */
}

int chat_commit(struct chat *c)
{
	if (!c->broken)
		service_settle(c);
	if (!c->broken)
		flush_all(c);
	if (!c->broken)
		epoch_settle(c);
	if (c->broken) {
		store_rollback(c->store);
		return c->broken;
	}
	return chat_break(c, store_commit(c->store));
}

/* ---- time ---- */

uint64_t chat_deadline(const struct chat *c)
{
	uint64_t next = timers_next(&c->timers);
	uint64_t dial = c->n_dialling < DIALS_MAX ? timers_next(&c->dial_timers) : TICK_NEVER;

	if (c->broken)
		return TICK_NEVER;
	if (!TAILQ_EMPTY(&c->flushes))
		return 0;
	if (dial < next)
		next = dial;
	return c->beat_ms && !c->shut && c->beat_ms < next ? c->beat_ms : next;
}

uint64_t chat_tick(struct chat *c, struct now now)
{
	struct chat_timer *t;

	c->now = now;
	wake_check(c, now);
	while (!c->broken && (t = timers_pop(&c->timers, now.mono_ms)))
		t->fire(c, now, t->owner);
	while (!c->broken && c->n_dialling < DIALS_MAX && (t = timers_pop(&c->dial_timers, now.mono_ms)))
		t->fire(c, now, t->owner);
	if (!c->broken)
		flush_all(c);
	return chat_deadline(c);
}

/* ---- for the front's and the net's use ---- */

void *chat_owner(const struct chat *c)
{
	return c->opts.owner;
}

void chat_set_data(struct chat *c, void *front_data, void *net_data)
{
	if (front_data)
		c->front_data = front_data;
	if (net_data)
		c->net_data = net_data;
}

void *chat_front_data(const struct chat *c)
{
	return c->front_data;
}

void *chat_net_data(const struct chat *c)
{
	return c->net_data;
}

/* ---- self ---- */

const char *chat_nick(const struct chat *c)
{
	return c->nick;
}

const char *chat_onion(const struct chat *c)
{
	return c->onion;
}

const uint8_t *chat_identity(const struct chat *c)
{
	return c->identity;
}

const uint8_t *chat_identity_seed(const struct chat *c)
{
	return c->secrets->seed;
}

const uint8_t *chat_identity_dh(const struct chat *c)
{
	return c->secrets->identity_dh;
}

const uint8_t *chat_link_secret(const struct chat *c)
{
	return c->secrets->link;
}

const char *chat_away(const struct chat *c)
{
	return c->away ? c->away_text : NULL;
}

enum chat_cover chat_cover(const struct chat *c)
{
	return c->cover;
}

int chat_set_cover(struct chat *c, struct now now, enum chat_cover cover)
{
	uint8_t byte = (uint8_t)cover;
	int err;

	(void)now;
	if (c->broken)
		return c->broken;
	err = chat_break(c, store_meta_set(c->store, META_COVER, &byte, sizeof(byte)));
	if (err)
		return err;
	c->cover = cover;
	if (c->serving)
		net_call(c, cover, cover);
	return 0;
}

static void tell_profile(struct chat *c)
{
	struct chat_link *l = NULL;

	while ((l = links_next(c, l))) {
		if (!l->by_identity) {
			l->want_profile = true;
			flush_soon(c, l);
		}
	}
}

int chat_set_nick(struct chat *c, struct now now, const char *nick)
{
	char before[NICK_MAX + 1];
	int err;

	(void)now;
	if (c->broken)
		return c->broken;
	err = petname_check(c, nick, NULL, true);
	if (err)
		return err;
	err = chat_break(c, store_meta_set(c->store, META_NICK, nick, strlen(nick)));
	if (err)
		return err;
	memcpy(before, c->nick, sizeof(before));
	str_copy(c->nick, sizeof(c->nick), nick);
	tell_profile(c);
	front_call(c, self, before);
	return petname_claim(c, nick);
}

int chat_set_away(struct chat *c, struct now now, const char *text)
{
	size_t len = text ? strlen(text) : 0;
	int err = text_check(text ? text : "", len);

	(void)now;
	if (err)
		return err;
	len = utf8_cut(text ? text : "", len, AWAY_MAX);
	c->away = text != NULL;
	if (len)
		memcpy(c->away_text, text, len);
	c->away_text[len] = '\0';
	tell_profile(c);
	front_call(c, self, c->nick);
	return 0;
}

/* ---- tor ---- */

static void tor_went(struct chat *c, struct now now)
{
	struct chat_peer *p = NULL;

	while ((p = contact_next(c, p))) {
		if (p->pub.local)
			continue;
		dial_stop(c, p);
		if (!p->pub.link_up)
			presence_alone(c, now, p, "your own Tor connection is down");
	}
}

void chat_set_tor(struct chat *c, struct now now, const struct chat_tor_status *status)
{
	bool was = c->tor.ready;

	c->tor = *status;
	if (!was && status->ready)
		chat_wake(c, now);
	else if (was && !status->ready)
		tor_went(c, now);
	front_status(c);
}

const struct chat_tor_status *chat_tor(const struct chat *c)
{
	return &c->tor;
}
