/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One connection: the stream's bytes to the link's state machine and back. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "io/stream.h"
#include "peer_private.h"

#define FINISH_TIMEOUT_MS 10000
#define HANDSHAKES_EACH	  4 /* of one contact at once */

static int peer_link_cmp(const struct peer_link *a, const struct peer_link *b)
{
	return (a->id > b->id) - (a->id < b->id);
}

RB_GENERATE(peer_link_tree, peer_link, open, peer_link_cmp)

struct peer_link *peer_link_find(struct peer *p, link_id id)
{
	struct peer_link key = {.id = id};

	return RB_FIND(peer_link_tree, &p->open, &key);
}

void peer_link_mark(struct peer_link *l)
{
	struct peer *p = l->peer;

	if (!l->has_output) {
		l->has_output = true;
		TAILQ_INSERT_TAIL(&p->output, l, output);
	}
	domain_mark(p->domain);
}

static void unmark(struct peer_link *l)
{
	if (l->has_output)
		TAILQ_REMOVE(&l->peer->output, l, output);
	l->has_output = false;
}

static void leave_pending(struct peer_link *l)
{
	TAILQ_REMOVE(&l->peer->pending, l, pending);
	if (l->service != NULL)
		l->service->handshakes--;
	l->service = NULL;
}

void peer_link_free(struct peer_link *l)
{
	struct peer *p = l->peer;

	unmark(l);
	if (l->told) {
		RB_REMOVE(peer_link_tree, &p->open, l);
		p->n_open--;
	} else {
		leave_pending(l);
	}
	timer_free(l->cover);
	stream_close(l->stream);
	link_free(l->link);
	free(l);
}

void peer_link_finish(struct peer_link *l, uint64_t timeout_ms)
{
	uint8_t record[RECORD_BYTES];

	while (link_output(l->link, record) == 1 && stream_write(l->stream, record, sizeof(record)) == 0)
		;
	crypto_wipe(record, sizeof(record));
	stream_set_domain(l->stream, NULL);
	stream_finish(l->stream, timeout_ms);
	l->stream = NULL;
	peer_link_free(l);
}

static const char *failure_text(const struct peer_link *l, int err)
{
	if (l->local)
		return PEER_LOCAL_FAILURE;
	switch (err) {
	case ERR_VERSION:
		return "speaks another version of the protocol";
	case ERR_TIMEOUT:
		return "answered, but did not finish the handshake in time";
	case ERR_CRYPTO:
	case ERR_PROTOCOL:
		return "answered, but could not prove the keys that belong to this address";
	default:
		return l->role == LINK_DOOR ? "closed the connection during the handshake"
					    : "refused the handshake: it may not know us (yet)";
	}
}

/* The connection is over, whoever ended it. Tells chat what it knows about, then frees. */
static void end(struct peer_link *l, int err)
{
	struct peer *p = l->peer;
	bool told = l->told && !l->closing;
	const char *text = failure_text(l, err);
	uint32_t dial_id = l->dial_id;
	bool answered = !l->local;
	link_id id = l->id;

	log_debug("link %u ended: %s", id, err_str(err));
	peer_link_free(l);
	domain_mark(p->domain);
	if (told)
		chat_on_link_closed(p->chat, peer_now(p), id);
	else if (dial_id != 0)
		chat_on_dial_failed(p->chat, peer_now(p), dial_id, answered, text);
}

/* The handshake is done: chat learns of the link. */
static int open_link(struct peer_link *l)
{
	struct peer *p = l->peer;
	struct chat_link_info info = {
	    .link = l->id,
	    .dial_id = l->dial_id,
	    .service = l->service_id,
	    .role = l->role,
	    .version = link_version(l->link),
	    .static_key = l->static_key,
	    .hash = link_hash(l->link),
	    .identity = l->has_identity ? l->identity : NULL,
	    .root = link_root(l->link),
	};
	int r;

	if (p->n_open >= p->opts.links_max)
		return ERR_FULL;
	leave_pending(l);
	l->told = true;
	p->n_open++;
	RB_INSERT(peer_link_tree, &p->open, l);
	r = chat_on_link(p->chat, peer_now(p), &info);
	link_root_forget(l->link);
	if (r < 0)
		l->closing = true; /* chat doesn't have it */
	else
		peer_cover_start(l);
	return r;
}

/* Hands received frames to chat. Chat may end the link meanwhile (l->closing). */
static int deliver(struct peer_link *l)
{
	struct peer *p = l->peer;
	const uint8_t *body;
	size_t len;
	uint8_t type;
	int r;

	if (link_state(l->link) == LINK_OPEN && !l->told) {
		r = open_link(l);
		if (r < 0)
			return r;
	}
	while (!l->closing && link_next(l->link, &type, &body, &len) == 1) {
		r = chat_on_frame(p->chat, peer_now(p), l->id, type, body, len);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Opens the records that came, and hands on what they held. */
static int take(struct peer_link *l, struct buf *in)
{
	size_t before = buf_len(in);
	int fed, r;

	do {
		fed = link_feed(l->link, in);
		r = deliver(l);
	} while (r == 0 && fed == ERR_FULL && !l->closing);
	if (r == 0 && l->told && !l->closing && buf_len(in) < before && link_state(l->link) == LINK_OPEN)
		chat_on_heard(l->peer->chat, peer_now(l->peer), l->id);
	if (l->closing)
		buf_consume(in, buf_len(in)); /* chat wants no more of it */
	if (r == 0 && link_state(l->link) == LINK_DEAD)
		r = link_error(l->link);
	return r;
}

static void on_data(void *ctx, struct buf *in)
{
	struct peer_link *l = ctx;
	int r;

	peer_link_mark(l);
	r = take(l, in);
	if (r == ERR_VERSION && l->dial_id == 0)
		peer_link_finish(l, FINISH_TIMEOUT_MS); /* with the record that names our version */
	else if (r < 0)
		end(l, r);
}

static void on_drained(void *ctx)
{
	struct peer_link *l = ctx;

	peer_link_mark(l);
	if (l->wants_writable)
		timer_set(l->peer->soon, 0);
}

static void on_closed(void *ctx, int err)
{
	end(ctx, err);
}

static const struct stream_ops link_stream_ops = {
    .data = on_data, .drained = on_drained, .closed = on_closed};

/* The handshake comes at its own times; then everything has its slot.  Nobody looks on at a local link. */
static bool has_slots(const struct peer_link *l)
{
	return l->told && !l->local && l->peer->cover == COVER_CONSTANT;
}

/* With slots at most a record's worth waits, so that what chat sends first, acks and pings, is not far
 * behind.
 */
bool peer_link_is_full(const struct peer_link *l)
{
	return stream_is_full(l->stream) || (has_slots(l) && link_queued(l->link) >= RECORD_ROOM);
}

bool peer_link_has_room(const struct peer_link *l)
{
	return !peer_link_is_full(l) && link_queued(l->link) <= LINK_OUT_MAX / 2;
}

static void seal(struct peer_link *l)
{
	uint8_t record[RECORD_BYTES];

	while (!stream_is_full(l->stream) && link_output(l->link, record) == 1) {
		if (stream_write(l->stream, record, sizeof(record)) < 0)
			break; /* on_closed follows */
	}
	crypto_wipe(record, sizeof(record));
}

void peer_link_flush(struct peer_link *l)
{
	unmark(l);
	if (l->closing) {
		peer_link_finish(l, FINISH_TIMEOUT_MS);
		return;
	}
	if (!has_slots(l))
		seal(l);
	if (l->wants_writable && peer_link_has_room(l))
		timer_set(l->peer->soon, 0);
}

/*
 * A contact that begins many handshakes and ends none must not take the places of all others: its oldest
 * goes.
 */
static void bound_each(struct peer_link *newest)
{
	struct peer_link *l, *oldest = NULL;
	unsigned n = 0;

	TAILQ_FOREACH (l, &newest->peer->pending, pending) {
		if (!l->known || l == newest || memcmp(l->static_key, newest->static_key, KEY_BYTES) != 0)
			continue;
		if (oldest == NULL)
			oldest = l;
		n++;
	}
	if (n >= HANDSHAKES_EACH)
		end(oldest, ERR_FULL);
}

static int on_admit(void *ctx, enum link_role role, uint8_t version, const uint8_t static_key[KEY_BYTES],
		    const uint8_t *identity)
{
	struct peer_link *l = ctx;
	int r = chat_admit(l->peer->chat, l->service_id, role, version, static_key, identity);

	l->known = r == 0 && role != LINK_DOOR;
	l->role = role;
	memcpy(l->static_key, static_key, KEY_BYTES);
	l->has_identity = identity != NULL;
	if (identity != NULL)
		memcpy(l->identity, identity, KEY_BYTES);
	if (l->known)
		bound_each(l);
	return r;
}

static void on_cover(void *ctx)
{
	peer_cover_fire(ctx);
}

static struct peer_link *link_new_pending(struct peer *p, int fd)
{
	static const struct stream_opts stream_opts = {.in_max = PEER_STREAM_IN_MAX,
						       .out_max = PEER_STREAM_OUT_MAX};
	struct peer_link *l = calloc(1, sizeof(*l));

	if (l == NULL) {
		close(fd);
		return NULL;
	}
	l->peer = p;
	l->stream = stream_new(p->loop, fd, &stream_opts, &link_stream_ops, l);
	l->cover = timer_new(p->loop, on_cover, l);
	if (l->stream == NULL || l->cover == NULL) {
		stream_close(l->stream);
		timer_free(l->cover);
		free(l);
		return NULL;
	}
	stream_set_domain(l->stream, p->domain);
	do
		l->id = ++p->last_id;
	while (l->id == 0 || peer_link_find(p, l->id) != NULL);
	l->deadline_ms = loop_now_ms(p->loop) + p->opts.handshake_timeout_ms;
	if (TAILQ_EMPTY(&p->pending))
		timer_set(p->timer, p->opts.handshake_timeout_ms);
	TAILQ_INSERT_TAIL(&p->pending, l, pending);
	return l;
}

/*
 * One of the handshakes on a service ends for a new one.  By chance: of whichever kind always gave way, the
 * oldest or the newest, a flood would surely end what a contact has begun.
 */
static bool drop_incoming(struct peer_service *s, bool also_known)
{
	struct peer *p = s->peer;
	struct peer_link *l, *chosen = NULL;
	uint32_t seen = 0;

	TAILQ_FOREACH (l, &p->pending, pending) {
		if (l->service == s && (also_known || !l->known) && rng_uniform(p->opts.rng, ++seen) == 0)
			chosen = l;
	}
	if (chosen != NULL)
		end(chosen, ERR_FULL);
	return chosen != NULL;
}

static size_t roles_of(const struct peer_service *s, struct link_role_key roles[LINK_ROLES_MAX])
{
	const struct peer *p = s->peer;
	size_t n = 0;

	if (s->private_role)
		roles[n++] = (struct link_role_key){LINK_PRIVATE, chat_link_secret(p->chat)};
	if (s->door_role && !p->door.shut)
		roles[n++] = (struct link_role_key){LINK_DOOR, chat_identity_dh(p->chat)};
	return n;
}

void peer_link_incoming(struct peer_service *s, int fd)
{
	struct peer *p = s->peer;
	struct link_role_key roles[LINK_ROLES_MAX];
	struct link_responder_opts opts = {.roles = roles, .onion = s->onion_key, .admit = on_admit};
	struct peer_link *l;

	if (s->handshakes >= p->opts.handshakes_max && !drop_incoming(s, false))
		(void)drop_incoming(s, true);
	l = link_new_pending(p, fd);
	if (l == NULL)
		return;
	l->service = s;
	l->service_id = s->id;
	l->local = s == &p->local;
	s->handshakes++;
	opts.n_roles = roles_of(s, roles);
	opts.ctx = l;
	l->link = link_new_responder(p->opts.rng, &opts);
	if (l->link == NULL)
		peer_link_free(l);
}

void peer_link_incoming_local(struct peer *p, int fd)
{
	peer_link_incoming(&p->local, fd);
}

void peer_link_end_service(struct peer_service *s)
{
	struct peer_link *l, *next;

	TAILQ_FOREACH_SAFE (l, &s->peer->pending, pending, next) {
		if (l->service == s)
			peer_link_free(l);
	}
}

int peer_link_outgoing(struct peer *p, const struct peer_dial *d, int fd)
{
	struct peer_link *l = link_new_pending(p, fd);

	if (l == NULL)
		return ERR_NOMEM;
	l->dial_id = d->id;
	l->role = d->role;
	l->local = d->local;
	memcpy(l->static_key, d->responder_static, KEY_BYTES);
	struct link_initiator_opts opts = {
	    .role = d->role,
	    .static_secret = d->by_identity ? chat_identity_dh(p->chat) : chat_link_secret(p->chat),
	    .identity = d->by_identity ? chat_identity(p->chat) : NULL,
	    .responder_static = d->responder_static,
	    .responder_onion = d->onion,
	    .version = d->version,
	};
	l->link = link_new_initiator(p->opts.rng, &opts);
	if (l->link == NULL) {
		peer_link_free(l);
		return ERR_CRYPTO;
	}
	peer_link_mark(l);
	return 0;
}

void peer_link_expire(struct peer *p)
{
	uint64_t now_ms = loop_now_ms(p->loop);
	struct peer_link *l;

	while ((l = TAILQ_FIRST(&p->pending)) != NULL && l->deadline_ms <= now_ms)
		end(l, ERR_TIMEOUT);
	if (l != NULL)
		timer_set(p->timer, l->deadline_ms - now_ms);
}
