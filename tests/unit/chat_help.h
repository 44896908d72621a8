/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A world of two accounts, without links or a network: dials are noted, and a test connects or fails them;
 * frames go from chat to chat in order, after the commit of the turn in which they were sent.
 */
#ifndef TESTS_CHAT_HELP_H
#define TESTS_CHAT_HELP_H

#include "chat_world_help.h"

/* ---- the nets ---- */

static inline struct party *other_party(struct party *p)
{
	return p == &p->w->alice ? &p->w->bob : &p->w->alice;
}

static inline struct pair *pair_of(struct party *p, link_id link, int *side)
{
	for (size_t i = 0; i < p->w->n_pairs; i++) {
		for (*side = 0; *side < 2; ++*side) {
			struct pair *pair = &p->w->pair[i];
			if (pair->p[*side] == p && pair->id[*side] == link && pair->open[*side])
				return pair;
		}
	}
	return NULL;
}

static inline int net_dial(void *ctx, struct chat *c, const struct chat_dial *d)
{
	struct party *p = ctx;
	(void)c;
	if (p->fail_dials) {
		p->fail_dials--;
		return ERR_NOMEM;
	}
	assert_true(p->n_dials < DIALS);
	for (size_t i = 0; i < p->n_dials; i++)
		assert_ptr_not_equal(p->dial[i].contact, d->contact); /* never two for one contact */
	p->dial[p->n_dials++] = *d;
	p->dials++;
	return 0;
}

static inline struct chat_dial take_dial(struct party *p, size_t at)
{
	assert_true(at < p->n_dials);
	const struct chat_dial d = p->dial[at];
	p->n_dials--;
	memmove(&p->dial[at], &p->dial[at + 1], (p->n_dials - at) * sizeof(d));
	return d;
}

static inline void net_dial_cancel(void *ctx, struct chat *c, uint32_t id)
{
	struct party *p = ctx;
	(void)c;
	for (size_t i = 0; i < p->n_dials; i++) {
		if (p->dial[i].id == id) {
			take_dial(p, i);
			return;
		}
	}
	fail_msg("a dial was cancelled that is not under way");
}

static inline int net_send(void *ctx, struct chat *c, link_id link, uint8_t type, const void *body,
			   size_t len)
{
	struct party *p = ctx;
	struct world *w = p->w;
	int side;
	(void)c;
	assert_non_null(pair_of(p, link, &side));
	assert_true(len <= FRAME_BODY_MAX);
	if (!p->room)
		return ERR_FULL;
	p->room--;
	if (w->n_frames == w->frames_room) {
		w->frames_room = w->frames_room ? 2 * w->frames_room : 64;
		w->frames = realloc(w->frames, w->frames_room * sizeof(*w->frames));
		assert_non_null(w->frames);
	}
	struct frame *f = &w->frames[w->n_frames++];
	f->from = p;
	f->link = link;
	f->type = type;
	f->len = len;
	if (len)
		memcpy(f->body, body, len);
	return 0;
}

static inline void net_close(void *ctx, struct chat *c, link_id link)
{
	int side;
	struct pair *pair = pair_of(ctx, link, &side);
	(void)c;
	assert_non_null(pair);
	pair->open[side] = false;
}

static inline struct help_service *service_of(struct party *p, uint32_t id)
{
	for (size_t i = 0; i < p->n_services; i++) {
		if (p->service[i].s.id == id)
			return &p->service[i];
	}
	return NULL;
}

static inline void net_publish(void *ctx, struct chat *c, const struct chat_service *s)
{
	struct party *p = ctx;
	struct help_service *at = service_of(p, s->id);
	uint8_t onion[KEY_BYTES];
	(void)c;
	assert_true(s->n_clients <= CLIENTS);
	assert_int_equal(s->n_clients % 16, 0);
	identity_public(s->seed, onion);
	assert_memory_equal(onion, s->onion, KEY_BYTES);
	if (!at) {
		assert_true(p->n_services < SERVICES);
		at = &p->service[p->n_services++];
	}
	p->publishes++;
	at->s = *s;
	for (size_t i = 0; i < s->n_clients; i++)
		memcpy(at->clients[i], s->clients[i], KEY_BYTES);
}

static inline void net_withdraw(void *ctx, struct chat *c, uint32_t id)
{
	struct party *p = ctx;
	struct help_service *at = service_of(p, id);
	(void)c;
	assert_non_null(at);
	*at = p->service[--p->n_services];
}

static inline void net_cover(void *ctx, struct chat *c, enum chat_cover cover)
{
	struct party *p = ctx;
	(void)c;
	p->cover = cover;
}

static const struct chat_net help_net = {.dial = net_dial,
					 .dial_cancel = net_dial_cancel,
					 .send = net_send,
					 .close = net_close,
					 .publish = net_publish,
					 .withdraw = net_withdraw,
					 .cover = net_cover};

/* The service of p that this leads to; NULL: it can't be found, or not with this client key. */
static inline struct help_service *found_at(struct party *p, const struct locator *l)
{
	uint8_t key[KEY_BYTES];
	if (!p->chat)
		return NULL;
	dh_public(l->client_key, key);
	for (size_t i = 0; i < p->n_services; i++) {
		struct help_service *at = &p->service[i];
		if (memcmp(at->s.onion, l->onion, KEY_BYTES) != 0)
			continue;
		if (!at->s.n_clients)
			return at;
		for (size_t k = 0; l->has_client_key && k < at->s.n_clients; k++) {
			if (!memcmp(at->clients[k], key, KEY_BYTES))
				return at;
		}
	}
	return NULL;
}

static inline bool reaches(struct party *p, const struct chat_dial *d)
{
	const struct help_service *at = found_at(p, &d->locator);
	return at && (d->role == LINK_DOOR ? at->s.door_role : at->s.private_role);
}

/* ---- time and turns ---- */

static inline void party_turn(struct party *p)
{
	if (!p->chat)
		return;
	chat_tick(p->chat, p->w->now);
	assert_int_equal(chat_commit(p->chat), 0);
}

static inline void static_key_of(struct party *p, bool by_identity, uint8_t key[KEY_BYTES])
{
	if (by_identity)
		assert_int_equal(identity_dh_public(chat_identity(p->chat), key), 0);
	else
		dh_public(chat_link_secret(p->chat), key);
}

/* The handshake hash of a link, by the number that its first side has for it. */
static inline void hash_of(link_id id, uint8_t hash[HASH_BYTES])
{
	memset(hash, 0, HASH_BYTES);
	memcpy(hash, &id, sizeof(id));
}

/* What the handshake of a link between link keys leaves for a ratchet, on each side. */
static inline const struct ratchet_root *root_of(const struct pair *pair, int side, struct ratchet_root *root)
{
	uint8_t secret[KEY_BYTES] = {99};
	if (pair->dial.by_identity)
		return NULL;
	memset(root, 0, sizeof(*root));
	root->initiator = side == 0;
	memcpy(root->sk, &pair->id[0], sizeof(pair->id[0]));
	root->sk[KEY_BYTES - 1] = 1;
	if (side == 0)
		dh_public(secret, root->key);
	else
		memcpy(root->key, secret, KEY_BYTES);
	return root;
}

/* Fills in the link key, and its proof for the next link at p's door. */
static inline void prove_at_the_door(struct party *p, const uint8_t identity[KEY_BYTES],
				     const uint8_t link_secret[KEY_BYTES], struct request *q)
{
	uint8_t hash[HASH_BYTES];
	uint8_t door[KEY_BYTES];
	hash_of(p->w->last_link + 1, hash);
	static_key_of(p, true, door);
	dh_public(link_secret, q->link_key);
	const struct proof_claim claim = {hash, q->link_key, identity};
	assert_int_equal(proof_make(PROOF_REQUEST, &claim, link_secret, door, q->proof), 0);
}

/* The first record of the one who dialled opens the link for the other side, if it is let in. */
static inline bool open_incoming(struct pair *pair)
{
	struct party *from = pair->p[0];
	struct party *p = pair->p[1];
	uint8_t key[KEY_BYTES];
	static_key_of(from, pair->dial.by_identity, key);
	const uint8_t *identity = pair->dial.by_identity ? chat_identity(from->chat) : NULL;
	uint8_t hash[HASH_BYTES];
	hash_of(pair->id[0], hash);
	struct ratchet_root root;
	const struct chat_link_info info = {.link = pair->id[1],
					    .version = LINK_VERSION,
					    .root = root_of(pair, 1, &root),
					    .service = pair->service,
					    .role = pair->dial.role,
					    .static_key = key,
					    .identity = identity,
					    .hash = hash};
	pair->open[1] = true;
	if (!chat_admit(p->chat, pair->service, info.role, LINK_VERSION, key, identity) &&
	    !chat_on_link(p->chat, p->w->now, &info))
		return true;
	pair->open[1] = false;
	return false;
}

/* One side of a connection hears that it is over. */
static inline void pair_hears_end(struct pair *pair, int side)
{
	if (!pair->open[side])
		return;
	pair->open[side] = false;
	chat_on_link_closed(pair->p[side]->chat, pair->p[side]->w->now, pair->id[side]);
}

/* On Bob's side of it comes this answer. */
static inline int bob_is_answered(struct world *w, struct pair *pair, const struct answer *a)
{
	struct buf body;
	buf_init(&body, FRAME_BODY_MAX);
	assert_int_equal(answer_encode(a, &body), 0);
	const int err =
	    chat_on_frame(w->bob.chat, w->now, pair->id[0], FRAME_ANSWER, buf_ptr(&body), buf_len(&body));
	buf_clear(&body);
	w->n_frames = 0;
	pair_hears_end(pair, 0);
	return err;
}

static inline void deliver(struct world *w, const struct frame *f)
{
	for (size_t i = 0; i < w->n_pairs; i++) {
		struct pair *pair = &w->pair[i];
		int side = pair->p[0] == f->from && pair->id[0] == f->link ? 1 : 0;
		if (!side && (pair->p[1] != f->from || pair->id[1] != f->link))
			continue;
		if (side && pair->id[1] == 0) {
			pair->id[1] = ++w->last_link;
			if (!open_incoming(pair))
				pair_hears_end(pair, 0);
		}
		if (pair->open[side] &&
		    chat_on_frame(pair->p[side]->chat, w->now, pair->id[side], f->type, f->body, f->len)) {
			pair_hears_end(pair, 0);
			pair_hears_end(pair, 1);
		}
		return;
	}
}

/* Turns and deliveries until nothing is on its way. */
static inline void settle(struct world *w)
{
	party_turn(&w->alice);
	party_turn(&w->bob);
	while (w->n_frames) {
		const struct frame f = w->frames[0];
		w->n_frames--;
		memmove(&w->frames[0], &w->frames[1], w->n_frames * sizeof(f));
		deliver(w, &f);
		party_turn(&w->alice);
		party_turn(&w->bob);
	}
}

static inline void jump(struct world *w, uint64_t ms)
{
	w->now.mono_ms += ms;
	w->now.real_ms += ms;
}

/* Lets time pass, deadline by deadline. */
static inline void pass(struct world *w, uint64_t ms)
{
	const uint64_t until = w->now.mono_ms + ms;
	settle(w);
	for (;;) {
		const uint64_t a = w->alice.chat ? chat_deadline(w->alice.chat) : TICK_NEVER;
		const uint64_t b = w->bob.chat ? chat_deadline(w->bob.chat) : TICK_NEVER;
		const uint64_t next = a < b ? a : b;
		if (next > until)
			break;
		if (next > w->now.mono_ms)
			jump(w, next - w->now.mono_ms);
		settle(w);
	}
	jump(w, until - w->now.mono_ms);
}

/* ---- accounts ---- */

static inline int help_before_commit(void *ctx)
{
	const struct party *p = ctx;
	return p->fail_commit ? ERR_IO : 0;
}

static inline void party_tor(struct party *p, bool ready)
{
	const struct chat_tor_status status = {.ready = ready, .published = ready};
	p->tor = ready;
	chat_set_tor(p->chat, p->w->now, &status);
}

static inline void party_start(struct party *p)
{
	const struct store_opts so = {.before_commit = help_before_commit, .ctx = p};
	const struct chat_opts co = {
	    .rng = &p->rng, .front = &help_front, .front_ctx = p, .net = &help_net, .net_ctx = p, .owner = p};
	struct store *s = NULL;
	assert_int_equal(store_open(p->db, help_key, &so, &s), 0);
	assert_int_equal(chat_open(s, &co, p->w->now, &p->chat), 0);
	p->n_dials = 0;
	p->n_services = 0;
	p->room = SIZE_MAX;
	chat_serve(p->chat);
	party_tor(p, p->tor);
}

/* Its connections are over; the other side hears of it only if told. */
static inline void party_kill(struct party *p, bool told)
{
	struct world *w = p->w;
	for (size_t i = 0; i < w->n_pairs; i++) {
		for (int side = 0; side < 2; side++) {
			struct pair *pair = &w->pair[i];
			if (pair->p[side] != p || !pair->open[side])
				continue;
			pair->open[side] = false;
			if (told && pair->p[!side]->chat)
				pair_hears_end(pair, !side);
		}
	}
	chat_free(p->chat);
	p->chat = NULL;
	w->n_frames = 0;
}

static inline void party_restart(struct party *p)
{
	party_kill(p, true);
	party_start(p);
}

static inline void party_init(struct world *w, struct party *p, const char *name, uint64_t seed)
{
	struct store *s = NULL;
	p->w = w;
	p->name = name;
	p->seed = seed;
	p->rng = (struct rng){unit_rng_fill, &p->seed};
	p->tor = true;
	assert_int_equal(str_fmt(p->db, sizeof(p->db), "%s/%s", w->help->dir, name), 0);
	assert_int_equal(store_open(p->db, help_key, NULL, &s), 0);
	assert_int_equal(chat_create(s, &p->rng, name), 0);
	assert_int_equal(store_commit(s), 0);
	store_close(s);
	party_start(p);
}

static inline int world_setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	void *help = NULL;
	assert_non_null(w);
	help_setup(&help);
	w->help = help;
	w->now = (struct now){.mono_ms = 1000000, .real_ms = 1700000000000};
	party_init(w, &w->alice, "Alice", 11);
	party_init(w, &w->bob, "Bob", 22);
	*state = w;
	return 0;
}

static inline int world_teardown(void **state)
{
	struct world *w = *state;
	void *help = w->help;
	chat_free(w->alice.chat);
	chat_free(w->bob.chat);
	help_teardown(&help);
	free(w->frames);
	free(w);
	return 0;
}

/* ---- what stories are made of ---- */

/* The oldest dial of this account succeeds.  As Noise would, it checks that the key that is expected is the
 * one that the other side has. */
static inline struct pair *connect_dial(struct party *from)
{
	struct world *w = from->w;
	struct party *to = other_party(from);
	uint8_t key[KEY_BYTES];
	assert_true(w->n_pairs < PAIRS);
	struct pair *pair = &w->pair[w->n_pairs++];
	pair->p[0] = from;
	pair->p[1] = to;
	pair->dial = take_dial(from, 0);
	static_key_of(to, pair->dial.role == LINK_DOOR, key);
	assert_memory_equal(key, pair->dial.responder_static, KEY_BYTES);
	assert_true(reaches(to, &pair->dial));
	pair->service = found_at(to, &pair->dial.locator)->s.id;
	pair->id[0] = ++w->last_link;
	pair->open[0] = true;
	uint8_t hash[HASH_BYTES];
	hash_of(pair->id[0], hash);
	struct ratchet_root root;
	const struct chat_link_info info = {.link = pair->id[0],
					    .version = LINK_VERSION,
					    .root = root_of(pair, 0, &root),
					    .hash = hash,
					    .dial_id = pair->dial.id,
					    .role = pair->dial.role,
					    .static_key = pair->dial.responder_static};
	if (chat_on_link(from->chat, w->now, &info))
		pair->open[0] = false;
	return pair;
}

static inline void fail_dial(struct party *p)
{
	const struct chat_dial d = take_dial(p, 0);
	chat_on_dial_failed(p->chat, p->w->now, d.id, false, "the onion service is not reachable");
	settle(p->w);
}

/* The oldest dial of this account goes as far as it can. */
static inline struct pair *dial_out(struct party *p)
{
	if (reaches(other_party(p), &p->dial[0]))
		return connect_dial(p);
	fail_dial(p);
	return NULL;
}

/* The connection breaks, with all that is on its way. */
static inline void cut(struct pair *pair)
{
	pair->p[0]->w->n_frames = 0;
	pair_hears_end(pair, 0);
	pair_hears_end(pair, 1);
}

/* Lets dials of both sides succeed until both show each other. */
static inline void meet(struct world *w)
{
	settle(w);
	for (unsigned i = 0; i < 50; i++) {
		if (w->alice.n_dials)
			connect_dial(&w->alice);
		settle(w);
		if (w->bob.n_dials)
			connect_dial(&w->bob);
		settle(w);
		if (said(&w->alice, "Bob is online") && said(&w->bob, "Alice is online"))
			return;
		pass(w, 500);
	}
	fail_msg("they never met");
}

static inline struct contact *bob_of(struct world *w)
{
	return chat_find(w->alice.chat, "Bob");
}

static inline struct contact *alice_of(struct world *w)
{
	return chat_find(w->bob.chat, "Alice");
}

static inline int add(struct party *p, const char *nick, const struct party *whom, const char *text)
{
	return chat_add(p->chat, p->w->now, nick, chat_identity(whom->chat), text, NULL);
}

/* Alice asks, Bob accepts, and they are connected. */
static inline void befriend(struct world *w)
{
	assert_int_equal(add(&w->alice, "Bob", &w->bob, "It is me."), 0);
	settle(w);
	connect_dial(&w->alice);
	settle(w);
	assert_int_equal(chat_accept(w->bob.chat, w->now, "Alice", NULL, NULL), 0);
	meet(w);
	pass(w, 20000);
}

static inline int send_text(struct party *p, struct contact *to, const char *text)
{
	return chat_send(p->chat, p->w->now, to, MESSAGE_TEXT, text, strlen(text), "default", NULL);
}

static inline size_t pairs_open(const struct world *w)
{
	size_t n = 0;
	for (size_t i = 0; i < w->n_pairs; i++)
		n += w->pair[i].open[0] && w->pair[i].open[1];
	return n;
}

static inline struct pair *pair_open(struct world *w)
{
	for (size_t i = 0; i < w->n_pairs; i++) {
		if (w->pair[i].open[0] && w->pair[i].open[1])
			return &w->pair[i];
	}
	return NULL;
}

static inline int join_line(void *ctx, const struct contact *contact, const struct line_row *l)
{
	char *all = ctx;
	(void)contact;
	if (l->kind == LINE_IN) {
		strncat(all, l->text, l->text_len);
		strcat(all, " ");
	}
	return 0;
}

/* All that has come in, from the store. */
static inline void assert_received(struct party *p, const char *expected)
{
	char all[65536] = "";
	assert_int_equal(chat_lines(p->chat, 0, SIZE_MAX, join_line, all), 0);
	assert_string_equal(all, expected);
}

#endif
