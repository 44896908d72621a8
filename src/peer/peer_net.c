/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The net that chat sees: dials and links by their numbers. */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "io/stream.h"
#include "peer_private.h"

void peer_dial_free(struct peer_dial *d)
{
	TAILQ_REMOVE(&d->peer->dials, d, entry);
	tor_dial_cancel(d->tor);
	free(d);
}

/* From the loop: chat is never called back from within its own call. */
static void fail_soon(struct peer_dial *d, const char *text)
{
	d->failure = text;
	timer_set(d->peer->soon, 0);
}

void peer_dials_failed(struct peer *p)
{
	struct peer_dial *d;
again:
	TAILQ_FOREACH (d, &p->dials, entry) {
		if (d->failure == NULL)
			continue;
		const char *text = d->failure;
		uint32_t id = d->id;

		peer_dial_free(d);
		domain_mark(p->domain);
		chat_on_dial_failed(p->chat, peer_now(p), id, false, text);
		goto again;
	}
}

static void start_link(struct peer_dial *d, int fd)
{
	if (peer_link_outgoing(d->peer, d, fd) < 0)
		fail_soon(d, "no memory for another link");
	else
		peer_dial_free(d);
}

/* Whoever is locked, and whoever takes no link from us, fails with the same words. */
static void connect_local(struct peer_dial *d)
{
	struct peer *p = d->peer, *other = NULL;
	int fds[2];

	d->waits = false;
	if (p->opts.household != NULL)
		other = p->opts.household(p->opts.ctx, d->onion);
	if (other == NULL || unix_pair(fds) < 0) {
		fail_soon(d, PEER_LOCAL_FAILURE);
		return;
	}
	peer_link_incoming_local(other, fds[1]);
	start_link(d, fds[0]);
}

void peer_dials_local(struct peer *p)
{
	struct peer_dial *d;
again:
	TAILQ_FOREACH (d, &p->dials, entry) {
		if (d->waits) {
			connect_local(d);
			goto again;
		}
	}
}

static void on_dialled(void *ctx, enum dial_error error, int fd)
{
	struct peer_dial *d = ctx;

	d->tor = NULL;
	if (error != DIAL_OK)
		fail_soon(d, dial_error_text(error));
	else
		start_link(d, fd);
}

static int net_dial(void *ctx, struct chat *c, const struct chat_dial *dial)
{
	const uint8_t *client_key = dial->locator.has_client_key ? dial->locator.client_key : NULL;
	struct peer *p = chat_net_data(c);
	struct peer_dial *d;
	(void)ctx;

	if (p == NULL)
		return ERR_UNAVAILABLE;
	d = calloc(1, sizeof(*d));
	if (d == NULL)
		return ERR_NOMEM;
	d->peer = p;
	d->id = dial->id;
	memcpy(d->onion, dial->locator.onion, KEY_BYTES);
	d->role = dial->role;
	d->by_identity = dial->by_identity;
	memcpy(d->responder_static, dial->responder_static, KEY_BYTES);
	d->version = dial->version;
	d->local = d->waits = dial->local;
	TAILQ_INSERT_TAIL(&p->dials, d, entry);
	domain_mark(p->domain);
	if (d->local)
		timer_set(p->soon, 0);
	else if (p->tor == NULL)
		fail_soon(d, "Tor is switched off here");
	else if (tor_dial(p->tor, d->onion, client_key, dial->isolation, on_dialled, d, &d->tor) < 0)
		fail_soon(d, "Tor can't be asked now");
	return 0;
}

static void net_dial_cancel(void *ctx, struct chat *c, uint32_t dial_id)
{
	struct peer *p = chat_net_data(c);
	struct peer_dial *d;
	struct peer_link *l;
	(void)ctx;

	TAILQ_FOREACH (d, &p->dials, entry) {
		if (d->id == dial_id) {
			peer_dial_free(d);
			return;
		}
	}
	TAILQ_FOREACH (l, &p->pending, pending) {
		if (l->dial_id == dial_id) {
			peer_link_free(l);
			return;
		}
	}
}

static int net_send(void *ctx, struct chat *c, link_id id, uint8_t type, const void *body, size_t len)
{
	struct peer *p = chat_net_data(c);
	struct peer_link *l = peer_link_find(p, id);
	int r;
	(void)ctx;

	if (l == NULL || l->closing)
		return ERR_NOT_FOUND;
	peer_link_mark(l);
	/* The last frame of a link is the last for which there must be room. */
	r = type != FRAME_CLOSE && peer_link_is_full(l) ? ERR_FULL : link_send(l->link, type, body, len);
	if (r == ERR_FULL)
		l->wants_writable = true;
	return r;
}

static void net_close(void *ctx, struct chat *c, link_id id)
{
	struct peer *p = chat_net_data(c);
	struct peer_link *l = peer_link_find(p, id);
	(void)ctx;

	if (l == NULL)
		return;
	l->closing = true; /* peer_flush sends what is queued and lets it go */
	peer_link_mark(l);
}

static void net_publish(void *ctx, struct chat *c, const struct chat_service *s)
{
	struct peer *p = chat_net_data(c);
	(void)ctx;

	if (p != NULL && peer_service_publish(p, s) < 0)
		log_error("no memory for an onion service");
}

static void net_withdraw(void *ctx, struct chat *c, uint32_t service)
{
	struct peer *p = chat_net_data(c);
	(void)ctx;

	if (p != NULL)
		peer_service_withdraw(p, service);
}

static void net_cover(void *ctx, struct chat *c, enum chat_cover cover)
{
	struct peer *p = chat_net_data(c);
	(void)ctx;

	if (p != NULL)
		peer_cover_set(p, cover);
}

const struct chat_net peer_net = {
    .dial = net_dial,
    .dial_cancel = net_dial_cancel,
    .send = net_send,
    .close = net_close,
    .publish = net_publish,
    .withdraw = net_withdraw,
    .cover = net_cover,
};
