/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An instance that is attached to the tor that isn't one, its onions and its dials. */
#ifndef TOR_ATTACH_HELP_H
#define TOR_ATTACH_HELP_H

#include "tor_help.h"

static inline void attach(struct fake *f)
{
	struct tor_opts opts = {
	    .mode = TOR_SYSTEM,
	    .control_path = f->control,
	    .socks_path = f->socks,
	    .backoff_min_ms = 1,
	    .backoff_max_ms = 4,
	    .dial_timeout_ms = f->dial_timeout_ms,
	    .key_idle_ms = f->key_idle_ms,
	    .publish_spread_ms = f->publish_spread_ms,
	    .rng = f->rng,
	};

	assert_int_equal(tor_new(f->loop, &opts, &fake_tor_ops, f, &f->tor), 0);
	assert_int_equal(fake_state(f), TOR_STOPPED);
	tor_start(f->tor);
	assert_int_equal(f->n_log, 0);
}

static inline void until_ready(struct fake *f)
{
	fake_open(f);
	attach(f);
	TURN_UNTIL(f->loop, fake_state(f) == TOR_READY);
}

/* ---- onions ---- */

struct watch {
	int events[3];
	char text[128];
};

static inline void on_onion(void *ctx, enum onion_event event, const char *text)
{
	struct watch *w = ctx;

	w->events[event]++;
	assert_int_equal(str_copy(w->text, sizeof(w->text), text), 0);
}

struct key {
	uint8_t public[KEY_BYTES];
	uint8_t secret[ONION_SECRET_BYTES];
	char address[ONION_LEN + 1];
};

static inline struct key make_key(uint8_t n)
{
	uint8_t seed[KEY_BYTES] = {n};
	struct key k;

	identity_public(seed, k.public);
	identity_onion_secret(seed, k.secret);
	onion_encode(k.public, k.address);
	return k;
}

static inline struct tor_onion *add(struct fake *f, const struct key *k, bool pow, struct watch *w)
{
	struct tor_onion_opts opts = {
	    .secret = k->secret, .ed_public = k->public, .target_path = "/run/target", .pow = pow};
	struct tor_onion *o;

	assert_int_equal(tor_onion_add(f->tor, &opts, on_onion, w, &o), 0);
	return o;
}

static inline void say_uploaded(struct fake *f, const struct key *k)
{
	char line[256];

	snprintf(
	    line, sizeof(line),
	    "650 HS_DESC UPLOAD %s UNKNOWN $00~relay id\r\n650 HS_DESC UPLOADED %s UNKNOWN $00~relay\r\n",
	    k->address, k->address);
	fake_say(f, line);
}

/* ---- dials ---- */

struct call {
	int ends;
	enum dial_error error;
	int fd;
};

static inline void on_dial(void *ctx, enum dial_error error, int fd)
{
	struct call *c = ctx;

	c->ends++;
	c->error = error;
	c->fd = fd;
}

#endif
