/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Alice's account with real chat, store and links; her peers are in the test, at the other end of her Unix
 * sockets.
 */
#ifndef PEER_HELP_H
#define PEER_HELP_H

#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "io/stream.h"
#include "peer/peer.h"
#include "unit.h"

struct world {
	char dir[64];
	char path[96];
	struct loop *loop;
	struct tor *tor;
	struct domain *domain;
	struct chat *chat;
	struct peer *peer;
	int commit_error;
	struct peer_opts opts;
};

/* Somebody who connects to Alice. */
struct remote {
	const char *nick;
	int fd;
	struct link *link;
	struct buf in;
	bool closed;
	uint8_t seed[KEY_BYTES];
	uint8_t identity[KEY_BYTES];
	uint8_t identity_dh[KEY_BYTES];
	uint8_t link_secret[KEY_BYTES];
	uint8_t link_public[KEY_BYTES];
	uint8_t epoch[EPOCH_BYTES];
	struct ratchet ratchet;
};

/* ---- Alice ---- */

static inline void on_line(void *ctx, struct chat *c, const struct contact *contact, const struct line_row *l)
{
	(void)ctx, (void)c, (void)contact, (void)l;
}

static inline void on_presence(void *ctx, struct chat *c, const struct contact *k, enum presence before,
			       const char *reason)
{
	(void)ctx, (void)c, (void)k, (void)before, (void)reason;
}

static inline void on_contact(void *ctx, struct chat *c, const struct contact *k)
{
	(void)ctx, (void)c, (void)k;
}

static inline void on_renamed(void *ctx, struct chat *c, const struct contact *k, const char *old)
{
	(void)ctx, (void)c, (void)k, (void)old;
}

static inline void on_request(void *ctx, struct chat *c, const struct request_row *r)
{
	(void)ctx, (void)c, (void)r;
}

static inline void on_self(void *ctx, struct chat *c, const char *old)
{
	(void)ctx, (void)c, (void)old;
}

static inline void on_typing(void *ctx, struct chat *c, const struct contact *k, enum typing state)
{
	(void)ctx, (void)c, (void)k, (void)state;
}

static inline void on_notice(void *ctx, struct chat *c, const struct contact *k, const char *text)
{
	(void)ctx, (void)c, (void)k, (void)text;
}

static inline void on_status(void *ctx, struct chat *c)
{
	(void)ctx, (void)c;
}

static const struct chat_front quiet_front = {
    .line = on_line,
    .presence = on_presence,
    .contact_added = on_contact,
    .contact_renamed = on_renamed,
    .contact_named = on_contact,
    .contact_removed = on_contact,
    .contact_blocked = on_contact,
    .request = on_request,
    .self = on_self,
    .typing = on_typing,
    .notice = on_notice,
    .status = on_status,
};

static inline struct now now_of(const struct world *w)
{
	return (struct now){.mono_ms = loop_now_ms(w->loop), .real_ms = loop_time_ms(w->loop)};
}

static inline int on_commit(void *ctx)
{
	struct world *w = ctx;

	return w->commit_error != 0 ? w->commit_error : chat_commit(w->chat);
}

static inline void make_peer(struct world *w)
{
	assert_int_equal(peer_new(w->loop, w->tor, w->chat, w->domain, &w->opts, &w->peer), 0);
}

/* Nothing of the turn holds: links and services begin anew. */
static inline void on_failed(void *ctx, int err)
{
	struct world *w = ctx;
	(void)err;

	peer_free(w->peer);
	make_peer(w);
}

static inline void on_committed(void *ctx)
{
	struct world *w = ctx;

	peer_flush(w->peer);
}

static const struct domain_ops ops = {.commit = on_commit, .failed = on_failed, .committed = on_committed};

/* The first write of a turn. */
static inline void on_begin(void *ctx)
{
	struct world *w = ctx;

	domain_mark(w->domain);
}

static inline void open_chat(struct world *w)
{
	static const uint8_t key[KEY_BYTES] = {1};
	struct store_opts store_opts = {.on_begin = on_begin, .ctx = w};
	struct chat_opts opts = {.rng = &rng_system,
				 .front = &quiet_front,
				 .front_ctx = w,
				 .net = &peer_net,
				 .dial_min_ms = 600000};
	struct store *store = NULL;
	char path[96];

	assert_int_equal(str_fmt(path, sizeof(path), "%s/db", w->dir), 0);
	assert_int_equal(store_open(path, key, &store_opts, &store), 0);
	assert_int_equal(chat_create(store, &rng_system, "alice"), 0);
	assert_int_equal(store_commit(store), 0);
	assert_int_equal(chat_open(store, &opts, now_of(w), &w->chat), 0);
}

static inline void make_world(struct world *w)
{
	*w = (struct world){.dir = "/tmp/allium-peer-XXXXXX"};
	assert_non_null(mkdtemp(w->dir));
	assert_int_equal(str_fmt(w->path, sizeof(w->path), "%s/peer", w->dir), 0);
	w->loop = loop_new();
	assert_non_null(w->loop);
}

/* Up to the end of the turn after which the door is published. */
static inline void start_peer(struct world *w, struct peer_opts opts)
{
	w->domain = domain_new(w->loop, &ops, w);
	assert_non_null(w->domain);
	open_chat(w);
	if (opts.rng == NULL)
		opts.rng = &rng_system;
	opts.target_path = w->path;
	opts.target_mode = 0600;
	w->opts = opts;
	make_peer(w);
	loop_turn(w->loop, false);
}

/* One that is not running. */
static inline void make_tor(struct world *w)
{
	struct tor_opts tor_opts = {.mode = TOR_MANAGED, .binary = "/nonexistent", .dir = w->dir};
	static const struct tor_ops tor_ops;

	assert_int_equal(tor_new(w->loop, &tor_opts, &tor_ops, NULL, &w->tor), 0);
}

static inline void start(struct world *w, struct peer_opts opts)
{
	make_world(w);
	make_tor(w);
	start_peer(w, opts);
}

static inline void stop(struct world *w)
{
	peer_free(w->peer);
	domain_free(w->domain);
	chat_free(w->chat);
	tor_free(w->tor);
	loop_free(w->loop);
	assert_int_equal(file_rmtree(w->dir), 0);
}

/* ---- a service of Alice's beside the door ---- */

struct place {
	struct chat_service service;
	uint8_t seed[KEY_BYTES];
	char path[112]; /* of its socket */
};

static inline void make_place(const struct world *w, struct place *at, uint32_t id)
{
	*at = (struct place){.service = {.id = id, .private_role = true}};
	memset(at->seed, (int)id, sizeof(at->seed));
	identity_public(at->seed, at->service.onion);
	assert_int_equal(str_fmt(at->path, sizeof(at->path), "%s-%u", w->path, (unsigned)id), 0);
}

/* As chat asks for it. */
static inline void publish(struct world *w, struct place *at)
{
	at->service.seed = at->seed;
	peer_net.publish(NULL, w->chat, &at->service);
	at->service.seed = NULL;
}

/* ---- the others ---- */

static inline void be(struct remote *r, uint8_t who)
{
	*r = (struct remote){.nick = "carol", .fd = -1};
	memset(r->seed, who, sizeof(r->seed));
	identity_public(r->seed, r->identity);
	identity_dh_secret(r->seed, r->identity_dh);
	memset(r->link_secret, who + 1, sizeof(r->link_secret));
	dh_public(r->link_secret, r->link_public);
	buf_init(&r->in, 64 * RECORD_BYTES);
}

static inline void connect_to(struct remote *r, const char *path)
{
	assert_int_equal(unix_connect(path, &r->fd), 0);
	r->closed = false;
}

static inline void leave(struct remote *r)
{
	if (r->fd >= 0)
		close(r->fd);
	r->fd = -1;
	link_free(r->link);
	r->link = NULL;
	buf_clear(&r->in);
}

/* Begins a handshake for an onion at a socket. */
static inline void dial_at(struct world *w, struct remote *r, const char *path, const uint8_t *onion,
			   bool door)
{
	uint8_t responder[KEY_BYTES];
	struct link_initiator_opts opts = {
	    .role = door ? LINK_DOOR : LINK_PRIVATE,
	    .version = LINK_VERSION,
	    .static_secret = door ? r->identity_dh : r->link_secret,
	    .identity = door ? r->identity : NULL,
	    .responder_static = responder,
	    .responder_onion = onion,
	};

	if (door)
		assert_int_equal(identity_dh_public(chat_identity(w->chat), responder), 0);
	else
		dh_public(chat_link_secret(w->chat), responder);
	connect_to(r, path);
	r->link = link_new_initiator(&rng_system, &opts);
	assert_non_null(r->link);
}

/* At the door's onion: as a stranger or as a contact. */
static inline void dial(struct world *w, struct remote *r, bool as_stranger)
{
	dial_at(w, r, w->path, chat_identity(w->chat), as_stranger);
}

/* Writes what the link has to say, and reads what has come. */
static inline void pump(struct remote *r)
{
	uint8_t bytes[RECORD_BYTES];
	ssize_t n;

	while (r->link != NULL && link_output(r->link, bytes) == 1)
		if (send(r->fd, bytes, sizeof(bytes), MSG_NOSIGNAL) < 0)
			break; /* closed: what came before is still read */
	n = recv(r->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
	if (n == 0)
		r->closed = true;
	if (n <= 0)
		return;
	assert_int_equal(buf_put(&r->in, bytes, (size_t)n), 0);
	if (r->link != NULL)
		(void)link_feed(r->link, &r->in);
}

/* Alice's loop turns until a frame of this type comes; frames before it are skipped. */
static inline void expect_frame(struct world *w, struct remote *r, uint8_t wanted, const uint8_t **body,
				size_t *len)
{
	uint8_t type = 0;

	while (!r->closed) {
		while (link_next(r->link, &type, body, len) == 1) {
			if (type == wanted)
				return;
		}
		loop_turn(w->loop, false);
		pump(r);
	}
	fail_msg("closed before frame %u came", wanted);
}

static inline void expect_close(struct world *w, struct remote *r)
{
	while (!r->closed) {
		loop_turn(w->loop, false);
		pump(r);
	}
}

static inline void send_request(struct world *w, struct remote *r)
{
	struct request q = {.text = "Hello"};
	const struct proof_claim claim = {link_hash(r->link), r->link_public, r->identity};
	uint8_t door[KEY_BYTES];
	struct buf body;

	dh_public(chat_identity_dh(w->chat), door);
	assert_int_equal(str_copy(q.nick, sizeof(q.nick), r->nick), 0);
	assert_int_equal(proof_make(PROOF_REQUEST, &claim, r->link_secret, door, q.proof), 0);
	buf_init(&body, FRAME_BODY_MAX);
	memcpy(q.link_key, r->link_public, KEY_BYTES);
	memcpy(q.locator.onion, r->identity, KEY_BYTES);
	assert_int_equal(request_encode(&q, &body), 0);
	assert_int_equal(link_send(r->link, FRAME_REQUEST, buf_ptr(&body), buf_len(&body)), 0);
	buf_clear(&body);
}

static inline bool handshake(struct world *w, struct remote *r)
{
	while (link_state(r->link) == LINK_HANDSHAKE && !r->closed) {
		pump(r);
		loop_turn(w->loop, false);
	}
	return link_state(r->link) == LINK_OPEN;
}

/* For the remote; Alice waits for its first transport record. */
static inline void until_open(struct world *w, struct remote *r)
{
	assert_true(handshake(w, r));
}

/* As for contacts of a time without private services, the door lets in link keys. */
static inline void serve_private_at_the_door(struct world *w)
{
	struct chat_service door = {
	    .id = CHAT_DOOR, .seed = chat_identity_seed(w->chat), .door_role = true, .private_role = true};

	memcpy(door.onion, chat_identity(w->chat), KEY_BYTES);
	domain_mark(w->domain);
	peer_net.publish(NULL, w->chat, &door);
	loop_turn(w->loop, false);
}

/* The remote asks, and Alice accepts. */
static inline void become_contact(struct world *w, struct remote *r)
{
	const struct contact *contact;
	const uint8_t *body;
	size_t len;

	dial(w, r, true);
	until_open(w, r);
	send_request(w, r);
	expect_frame(w, r, FRAME_ANSWER, &body, &len);
	leave(r);
	assert_int_equal(chat_accept(w->chat, now_of(w), r->nick, NULL, &contact), 0);
	serve_private_at_the_door(w);
	buf_init(&r->in, 64 * RECORD_BYTES);
}

static inline void send_sync(struct remote *r, uint64_t token)
{
	struct sync sync = {.token = token}; /* Carol knows of no session */
	struct buf body;

	buf_init(&body, FRAME_BODY_MAX);
	assert_int_equal(sync_encode(&sync, &body), 0);
	assert_int_equal(link_send(r->link, FRAME_SYNC, buf_ptr(&body), buf_len(&body)), 0);
	buf_clear(&body);
}

/* Carol dialled: this handshake is the root, and she begins. */
static inline void begin_session(struct world *w, struct remote *carol)
{
	static const uint8_t token[8] = {0, 0, 0, 1, 0, 0, 0, 1};
	bool chooser = memcmp(carol->identity, chat_identity(w->chat), KEY_BYTES) < 0;
	uint8_t first[SEALED_HEAD_BYTES + RATCHET_OVERHEAD];
	const uint8_t *body;
	struct sync sync;
	size_t len;

	if (chooser) {
		assert_int_equal(link_send(carol->link, FRAME_USE, token, sizeof(token)), 0);
		send_sync(carol, 1ull << 32 | 1);
	}
	expect_frame(w, carol, FRAME_SYNC, &body, &len);
	assert_int_equal(sync_decode(body, len, &sync), 0);
	if (!chooser)
		send_sync(carol, sync.token);
	ratchet_epoch(link_root(carol->link)->sk, carol->epoch);
	assert_int_equal(ratchet_init(&carol->ratchet, &rng_system, link_root(carol->link)), 0);
	sealed_head(carol->epoch, 1, first);
	assert_int_equal(ratchet_seal(&carol->ratchet, &rng_system, first, SEALED_HEAD_BYTES, NULL, 0,
				      first + SEALED_HEAD_BYTES),
			 0);
	assert_int_equal(link_send(carol->link, FRAME_MESSAGE, first, sizeof(first)), 0);
}

static inline int no_secret(void *ctx, const uint8_t dh[KEY_BYTES], uint32_t n, uint8_t secret[KEY_BYTES])
{
	(void)ctx, (void)dh, (void)n, (void)secret;
	return ERR_NOT_FOUND;
}

static inline size_t no_room(void *ctx)
{
	(void)ctx;
	return 0;
}

/* Opens the message and acks it. */
static inline void take_message(struct remote *r, const uint8_t *body, size_t len, uint8_t *plain, struct message *m)
{
	const struct ratchet_skipped none = {.find = no_secret, .room = no_room};
	struct sealed s;

	assert_int_equal(sealed_decode(body, len, &s), 0);
	assert_int_equal(
	    ratchet_open(&r->ratchet, &rng_system, &none, body, SEALED_HEAD_BYTES, s.box, s.box_len, plain),
	    0);
	assert_int_equal(message_decode(plain, s.box_len - RATCHET_OVERHEAD, m), 0);
	assert_int_equal(link_send(r->link, FRAME_ACK, body, SEALED_HEAD_BYTES), 0);
}

/* Alice tells where she is found now. */
static inline void take_locator(struct world *w, struct remote *r)
{
	uint8_t plain[MESSAGE_BYTES_MAX];
	const uint8_t *body;
	struct message m;
	size_t len;

	expect_frame(w, r, FRAME_MESSAGE, &body, &len);
	take_message(r, body, len, plain, &m);
	assert_int_equal(m.kind, MESSAGE_LOCATOR);
	pump(r);
	loop_turn(w->loop, false);
}

/* On a link between link keys that is open for Carol: until messages go on it. */
static inline void begin_talk(struct world *w, struct remote *carol)
{
	struct profile profile = {.nick = "carol"};
	const uint8_t *got;
	struct buf body;
	size_t len;

	memcpy(profile.identity, carol->identity, KEY_BYTES);
	buf_init(&body, FRAME_BODY_MAX);
	assert_int_equal(profile_encode(&profile, &body), 0);
	assert_int_equal(link_send(carol->link, FRAME_PROFILE, buf_ptr(&body), buf_len(&body)), 0);
	buf_clear(&body);
	expect_frame(w, carol, FRAME_PROFILE, &got, &len);
	begin_session(w, carol);
	expect_frame(w, carol, FRAME_ACK, &got, &len);
	take_locator(w, carol);
}

/* Makes Carol a contact and brings up a link between link keys on which messages go. */
static inline void befriend(struct world *w, struct remote *carol)
{
	become_contact(w, carol);
	dial(w, carol, false);
	until_open(w, carol);
	begin_talk(w, carol);
}

#endif
