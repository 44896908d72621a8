/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "peer/peer.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/str.h"
#include "io/stream.h"
#include "peer_private.h"

#define HANDSHAKES_MAX	     64
#define HANDSHAKE_TIMEOUT_MS 60000
#define LINKS_MAX	     12000

struct now peer_now(const struct peer *p)
{
	return (struct now){.mono_ms = loop_now_ms(p->loop), .real_ms = loop_time_ms(p->loop)};
}

static void on_accept(void *ctx, int fd)
{
	peer_link_incoming(ctx, fd);
}

static void on_timer(void *ctx)
{
	peer_link_expire(ctx);
}

static bool takes_again(const struct peer_link *l)
{
	return l->wants_writable && !l->closing && !stream_is_full(l->stream) &&
	       link_queued(l->link) <= LINK_OUT_MAX / 2;
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

static void on_soon(void *ctx)
{
	struct peer *p = ctx;

	peer_dials_failed(p);
	tell_writable(p);
}

int peer_new(struct loop *loop, struct tor *tor, struct chat *chat, struct domain *domain,
	     const struct peer_opts *opts, struct peer **out)
{
	struct peer *p = calloc(1, sizeof(*p));
	char address[128];
	int r;

	if (p == NULL)
		return ERR_NOMEM;
	p->loop = loop;
	p->tor = tor;
	p->chat = chat;
	p->domain = domain;
	p->opts = *opts;
	if (p->opts.handshakes_max == 0)
		p->opts.handshakes_max = HANDSHAKES_MAX;
	if (p->opts.handshake_timeout_ms == 0)
		p->opts.handshake_timeout_ms = HANDSHAKE_TIMEOUT_MS;
	if (p->opts.links_max == 0)
		p->opts.links_max = LINKS_MAX;
	TAILQ_INIT(&p->pending);
	RB_INIT(&p->open);
	TAILQ_INIT(&p->output);
	TAILQ_INIT(&p->dials);
	r = ERR_NOMEM;
	p->timer = timer_new(loop, on_timer, p);
	p->soon = timer_new(loop, on_soon, p);
	if (p->timer == NULL || p->soon == NULL)
		goto fail;
	if (tor != NULL) {
		r = str_fmt(address, sizeof(address), "unix:%s", opts->target_path);
		if (r == 0)
			r = listener_new(loop, address, opts->target_mode, on_accept, p, &p->listener);
		if (r < 0)
			goto fail;
	}
	p->opts.target_path = NULL; /* borrowed; the listener has its own */
	chat_set_data(chat, NULL, p);
	*out = p;
	return 0;
fail:
	peer_free(p);
	return r;
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
	listener_free(p->listener);
	timer_free(p->timer);
	timer_free(p->soon);
	free(p);
}

void peer_set_door(struct peer *p, bool open)
{
	p->door_shut = !open;
}

void peer_flush(struct peer *p)
{
	struct peer_link *l;

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
