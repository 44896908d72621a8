/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "peer/peer.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/str.h"
#include "io/stream.h"
#include "peer_private.h"

#define HANDSHAKES_MAX	     64
#define HANDSHAKE_TIMEOUT_MS 60000
#define DOOR_BURST	     64
#define DOOR_INTERVAL_MS     50
#define LINKS_MAX	     12000
#define COVER_LIGHT_MS	     10000
#define COVER_SLOT_MS	     2000

struct now peer_now(const struct peer *p)
{
	return (struct now){.mono_ms = loop_now_ms(p->loop), .real_ms = loop_time_ms(p->loop)};
}

static void on_timer(void *ctx)
{
	peer_link_expire(ctx);
}

static void on_retry(void *ctx)
{
	peer_services_retry(ctx);
}

static bool takes_again(const struct peer_link *l)
{
	return l->wants_writable && !l->closing && peer_link_has_room(l);
}

/* Tells chat which links take frames again.  A call may change the tree: each is looked up by its number. */
static void tell_writable(struct peer *p)
{
	struct peer_link at = {.id = 0};
	struct peer_link *l;

	while ((l = RB_NFIND(peer_link_tree, &p->open, &at)) != NULL) {
		at.id = l->id + 1;
		if (takes_again(l)) {
			l->wants_writable = false;
			domain_mark(p->domain);
			chat_on_writable(p->chat, peer_now(p), l->id);
		}
		if (at.id == 0)
			break;
	}
}

static void tell_published(struct peer *p)
{
	bool published = peer_published(p);

	if (p->was_published == published)
		return;
	p->was_published = published;
	if (p->opts.on_published != NULL)
		p->opts.on_published(p->opts.ctx);
}

static void on_soon(void *ctx)
{
	struct peer *p = ctx;

	peer_dials_local(p);
	peer_dials_failed(p);
	tell_writable(p);
	tell_published(p);
}

static void set_defaults(struct peer_opts *o)
{
	o->handshakes_max = o->handshakes_max ? o->handshakes_max : HANDSHAKES_MAX;
	o->handshake_timeout_ms = o->handshake_timeout_ms ? o->handshake_timeout_ms : HANDSHAKE_TIMEOUT_MS;
	o->door_burst = o->door_burst ? o->door_burst : DOOR_BURST;
	o->door_interval_ms = o->door_interval_ms ? o->door_interval_ms : DOOR_INTERVAL_MS;
	o->links_max = o->links_max ? o->links_max : LINKS_MAX;
	o->cover_light_ms = o->cover_light_ms ? o->cover_light_ms : COVER_LIGHT_MS;
	o->cover_slot_ms = o->cover_slot_ms ? o->cover_slot_ms : COVER_SLOT_MS;
	o->target_path = NULL; /* borrowed */
}

/* With room for any service's number. */
static int take_target(struct peer *p, const char *path)
{
	if (path == NULL)
		return 0;
	if (path[0] != '/')
		return ERR_INVALID;
	if (strlen(path) > PEER_TARGET_MAX - strlen("-4294967295"))
		return ERR_TOO_LONG;
	peer_services_sweep(path);
	return str_copy(p->target, sizeof(p->target), path);
}

static int start(struct peer *p, const char *target_path)
{
	p->timer = timer_new(p->loop, on_timer, p);
	p->soon = timer_new(p->loop, on_soon, p);
	p->retry = timer_new(p->loop, on_retry, p);
	if (p->timer == NULL || p->soon == NULL || p->retry == NULL || peer_door_init(p) < 0)
		return ERR_NOMEM;
	return p->tor == NULL ? 0 : take_target(p, target_path);
}

int peer_new(struct loop *loop, struct tor *tor, struct chat *chat, struct domain *domain,
	     const struct peer_opts *opts, struct peer **out)
{
	struct peer *p = calloc(1, sizeof(*p));
	int r;

	if (p == NULL)
		return ERR_NOMEM;
	p->loop = loop;
	p->tor = tor;
	p->chat = chat;
	p->domain = domain;
	p->opts = *opts;
	set_defaults(&p->opts);
	p->local = (struct peer_service){
	    .peer = p, .id = CHAT_LOCAL, .door_role = true, .private_role = true};
	memcpy(p->local.onion_key, chat_identity(chat), KEY_BYTES);
	TAILQ_INIT(&p->services);
	TAILQ_INIT(&p->pending);
	RB_INIT(&p->open);
	TAILQ_INIT(&p->output);
	TAILQ_INIT(&p->dials);
	r = start(p, opts->target_path);
	if (r < 0) {
		peer_free(p);
		return r;
	}
	chat_set_data(chat, NULL, p);
	*out = p;
	chat_serve(chat);
	domain_mark(domain); /* it tells us at the end of a turn */
	return 0;
}

void peer_free(struct peer *p)
{
	struct peer_link *l;
	struct peer_dial *d;

	if (p == NULL)
		return;
	while ((d = TAILQ_FIRST(&p->dials)) != NULL)
		peer_dial_free(d);
	while ((l = TAILQ_FIRST(&p->pending)) != NULL)
		peer_link_free(l);
	while ((l = RB_MIN(peer_link_tree, &p->open)) != NULL)
		peer_link_free(l);
	peer_services_clear(p);
	peer_door_clear(p);
	timer_free(p->timer);
	timer_free(p->soon);
	timer_free(p->retry);
	free(p);
}

void peer_set_door(struct peer *p, bool open)
{
	p->door.shut = !open;
}

void peer_flush(struct peer *p)
{
	struct peer_link *l;

	peer_services_flush(p);
	while ((l = TAILQ_FIRST(&p->output)) != NULL)
		peer_link_flush(l);
}

void peer_drain(struct peer *p, uint64_t timeout_ms)
{
	struct peer_link *l, *next;

	RB_FOREACH_SAFE (l, peer_link_tree, &p->open, next) {
		if (l->closing)
			peer_link_finish(l, timeout_ms);
	}
}
