/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A daemon without Tor for the gateway's tests: real loop, worker, store, accounts and chat; clients at the
 * far end of socket pairs; and a net that joins the accounts of this one world to each other, frame by frame,
 * without cryptography.
 */
#ifndef GATEWAY_HELP_H
#define GATEWAY_HELP_H

#include "io_help.h"

#include <bsd/sys/queue.h>
#include <stdio.h>

#include "base/file.h"
#include "base/log.h"
#include "gateway/gateway.h"
#include "irc/message.h"

#define SERVER	    "test.local"
#define WAITING_MAX 8 /* password jobs */

/* ---- the net ---- */

enum news_kind { NEWS_DIAL, NEWS_FRAME, NEWS_CLOSED };
struct news {
	TAILQ_ENTRY(news) link;
	enum news_kind kind;
	struct chat *chat; /* who is told; of NEWS_DIAL: who dials */
	uint32_t id;	   /* link or dial */
	struct chat_dial dial;
	uint8_t type;
	uint8_t *body;
	size_t len;
};
struct wire { /* two ends of a link: ids 2n and 2n + 1 */
	struct chat *end[2];
};

struct person_state {
	struct world *world;
	struct account *account;
	struct domain *domain;
	struct timer *timer;
};

struct world {
	char dir[64];
	struct loop *loop;
	struct worker *worker;
	struct accounts *accounts;
	struct gateway *gateway;
	struct timer *net_timer;
	struct rng rng;
	uint64_t seed;
	TAILQ_HEAD(, news) news;
	struct wire wires[256];
	uint32_t n_wires;
	bool net_down;
	int fail_commit; /* the next commits fail with this */
	gateway_circuits_cb circuits_cb;
	void *circuits_ctx;
};

static inline struct now world_now(struct world *w)
{
	return (struct now){.mono_ms = loop_now_ms(w->loop), .real_ms = loop_time_ms(w->loop)};
}

static inline struct person_state *person_of(struct chat *c)
{
	return account_data(account_of(c));
}

static inline void net_queue(struct world *w, struct news *n)
{
	TAILQ_INSERT_TAIL(&w->news, n, link);
	timer_set(w->net_timer, 0);
}

static inline struct news *news_new(enum news_kind kind, struct chat *chat, uint32_t id)
{
	struct news *n = calloc(1, sizeof(*n));

	assert_non_null(n);
	n->kind = kind;
	n->chat = chat;
	n->id = id;
	return n;
}

static inline int net_dial(void *ctx, struct chat *c, const struct chat_dial *d)
{
	struct news *n = news_new(NEWS_DIAL, c, d->id);

	n->dial = *d;
	net_queue(ctx, n);
	return 0;
}

static inline void net_dial_cancel(void *ctx, struct chat *c, uint32_t dial_id)
{
	struct world *w = ctx;
	struct news *n;

	TAILQ_FOREACH (n, &w->news, link)
		if (n->kind == NEWS_DIAL && n->chat == c && n->id == dial_id)
			n->chat = NULL;
}

static inline struct chat **wire_end(struct world *w, uint32_t id)
{
	return &w->wires[id / 2].end[id % 2];
}

static inline int net_send(void *ctx, struct chat *c, link_id link, uint8_t type, const void *body,
			   size_t len)
{
	struct world *w = ctx;
	struct news *n = news_new(NEWS_FRAME, NULL, link ^ 1);

	(void)c;
	n->type = type;
	n->len = len;
	n->body = malloc(len + 1);
	assert_non_null(n->body);
	if (len > 0)
		memcpy(n->body, body, len);
	net_queue(w, n);
	return 0;
}

static inline void net_close(void *ctx, struct chat *c, link_id link)
{
	struct world *w = ctx;

	(void)c;
	*wire_end(w, link) = NULL;
	net_queue(w, news_new(NEWS_CLOSED, NULL, link ^ 1));
}

static const struct chat_net test_net = {
    .dial = net_dial, .dial_cancel = net_dial_cancel, .send = net_send, .close = net_close};

struct by_onion {
	const uint8_t *onion;
	struct chat *found;
};

static inline int match_onion(void *ctx, struct account *a)
{
	struct by_onion *m = ctx;
	struct chat *c = account_chat(a);

	if (c != NULL && memcmp(chat_identity(c), m->onion, KEY_BYTES) == 0)
		m->found = c;
	return 0;
}

static inline void net_connect(struct world *w, struct chat *from, const struct chat_dial *d)
{
	struct by_onion m = {.onion = d->locator.onion};
	const uint8_t *identity = d->by_identity ? chat_identity(from) : NULL;
	uint8_t key[KEY_BYTES], hash[HASH_BYTES] = {0};
	uint32_t id;

	dh_public(d->by_identity ? chat_identity_dh(from) : chat_link_secret(from), key);
	accounts_each(w->accounts, match_onion, &m);
	if (w->net_down || m.found == NULL || chat_admit(m.found, CHAT_DOOR, d->role, d->version, key, identity) != 0) {
		chat_on_dial_failed(from, world_now(w), d->id, false,
				    "not published: offline, or the address is wrong");
		return;
	}
	assert_true(++w->n_wires < sizeof(w->wires) / sizeof(w->wires[0]));
	id = 2 * w->n_wires;
	w->wires[w->n_wires] = (struct wire){.end = {from, m.found}};
	memcpy(hash, &id, sizeof(id));
	struct ratchet_root roots[2] = {{.initiator = true}, {.key = {99}}};
	bool keyed = !d->by_identity;

	memcpy(roots[0].sk, &id, sizeof(id));
	memcpy(roots[1].sk, &id, sizeof(id));
	roots[0].sk[KEY_BYTES - 1] = roots[1].sk[KEY_BYTES - 1] = 1;
	dh_public(roots[1].key, roots[0].key);
	struct chat_link_info dialled = {.link = id,
					 .root = keyed ? &roots[0] : NULL,
					 .hash = hash,
					 .dial_id = d->id,
					 .role = d->role,
					 .version = d->version,
					 .static_key = d->responder_static,
					 .identity = d->role == LINK_DOOR ? chat_identity(m.found) : NULL};
	struct chat_link_info taken = {.link = id + 1,
				       .root = keyed ? &roots[1] : NULL,
				       .role = d->role,
				       .version = d->version,
				       .static_key = key,
				       .identity = identity,
				       .hash = hash};

	assert_int_equal(chat_on_link(from, world_now(w), &dialled), 0);
	assert_int_equal(chat_on_link(m.found, world_now(w), &taken), 0);
	domain_mark(person_of(m.found)->domain);
}

static inline void net_tell(struct world *w, struct news *n)
{
	struct chat *c = n->kind == NEWS_DIAL ? n->chat : *wire_end(w, n->id);

	if (c == NULL)
		return;
	domain_mark(person_of(c)->domain);
	switch (n->kind) {
	case NEWS_DIAL:
		net_connect(w, c, &n->dial);
		return;
	case NEWS_FRAME:
		assert_int_equal(chat_on_frame(c, world_now(w), n->id, n->type, n->body, n->len), 0);
		return;
	case NEWS_CLOSED:
		*wire_end(w, n->id) = NULL;
		chat_on_link_closed(c, world_now(w), n->id);
		return;
	}
}

static inline void net_pump(void *ctx)
{
	struct world *w = ctx;
	struct news *n;

	while ((n = TAILQ_FIRST(&w->news)) != NULL) {
		TAILQ_REMOVE(&w->news, n, link);
		net_tell(w, n);
		free(n->body);
		free(n);
	}
}

/* The network goes: all links break, and nobody can be dialled. */
static inline void net_set_down(struct world *w, bool down)
{
	w->net_down = down;
	for (uint32_t id = 2; down && id < 2 * (w->n_wires + 1); id++)
		if (*wire_end(w, id) != NULL)
			net_queue(w, news_new(NEWS_CLOSED, NULL, id));
}

/* ---- the accounts' own ---- */

static inline int on_commit(void *ctx)
{
	struct person_state *p = ctx;
	struct chat *c = account_chat(p->account);

	if (p->world->fail_commit != 0) {
		int err = p->world->fail_commit;

		p->world->fail_commit = 0;
		return err;
	}
	return c != NULL ? chat_commit(c) : 0;
}

static inline void on_committed(void *ctx)
{
	struct person_state *p = ctx;
	struct chat *c = account_chat(p->account);
	uint64_t due = c != NULL ? chat_deadline(c) : TICK_NEVER;
	uint64_t now = loop_now_ms(p->world->loop);

	if (due != TICK_NEVER)
		timer_set(p->timer, due > now ? due - now : 0);
}

static inline void on_commit_failed(void *ctx, int err)
{
	struct person_state *p = ctx;

	gateway_on_commit_failed(p->world->gateway, p->account, err);
	assert_int_equal(account_reopen(p->account, world_now(p->world)), 0);
}

static const struct domain_ops domain_ops = {
    .commit = on_commit, .failed = on_commit_failed, .committed = on_committed};

static inline void on_tick(void *ctx)
{
	struct person_state *p = ctx;

	if (account_chat(p->account) == NULL)
		return;
	domain_mark(p->domain);
	chat_tick(account_chat(p->account), world_now(p->world));
}

static inline void on_created(void *ctx, struct account *a)
{
	struct person_state *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	p->world = ctx;
	p->account = a;
	account_set_data(a, p);
}

static inline void on_unlocked(void *ctx, struct account *a)
{
	struct world *w = ctx;
	struct person_state *p;

	if (account_data(a) == NULL)
		on_created(ctx, a);
	p = account_data(a);
	p->domain = domain_new(w->loop, &domain_ops, p);
	p->timer = timer_new(w->loop, on_tick, p);
	assert_true(p->domain != NULL && p->timer != NULL);
	domain_mark(p->domain);
	chat_set_tor(account_chat(a), world_now(w),
		     &(struct chat_tor_status){.ready = true, .published = true, .progress = 100});
	gateway_on_unlocked(w->gateway, a);
}

static inline void on_locked(void *ctx, struct account *a)
{
	struct world *w = ctx;
	struct person_state *p = account_data(a);
	struct news *n;

	gateway_on_locked(w->gateway, a, "logged out");
	for (uint32_t id = 2; id < 2 * (w->n_wires + 1); id++)
		if (*wire_end(w, id) == account_chat(a))
			*wire_end(w, id) = NULL;
	TAILQ_FOREACH (n, &w->news, link)
		if (n->chat == account_chat(a))
			n->chat = NULL;
	timer_free(p->timer);
	domain_free(p->domain);
	p->timer = NULL;
	p->domain = NULL;
}

static inline const char *no_spare(void *ctx)
{
	(void)ctx;
	return NULL;
}

static inline void on_dirty(void *ctx, struct account *a)
{
	struct person_state *p = account_data(a);

	(void)ctx;
	if (p != NULL && p->domain != NULL)
		domain_mark(p->domain);
}

static const struct accounts_ops accounts_ops = {.created = on_created,
						 .unlocked = on_unlocked,
						 .locked = on_locked,
						 .spare = no_spare,
						 .dirty = on_dirty};

static inline struct domain *domain_of(void *ctx, struct account *a)
{
	struct person_state *p = account_data(a);

	(void)ctx;
	return p->domain;
}

static inline int ask_circuits(void *ctx, struct account *a, gateway_circuits_cb cb, void *cb_ctx)
{
	struct world *w = ctx;

	(void)a;
	w->circuits_cb = cb;
	w->circuits_ctx = cb_ctx;
	return 0;
}

static const struct gateway_ops gateway_ops = {.domain = domain_of, .circuits = ask_circuits};

/* ---- life ---- */

static inline void quiet(void *ctx, enum log_level level, const char *line)
{
	(void)ctx;
	(void)level;
	(void)line;
}

static inline void accounts_begin(struct world *w)
{
	struct accounts_opts opts = {
	    .state_dir = w->dir,
	    .pwhash = {.passes = 1, .memory_kib = 8},
	    .registration = true,
	    .chat = {.rng = &w->rng,
		     .front = &gateway_front,
		     .front_ctx = w->gateway,
		     .net = &test_net,
		     .net_ctx = w,
		     .dial_min_ms = 20,
		     .dial_max_ms = 40,
		     .dial_spread_ms = 1,
		     .offline_grace_ms = 20},
	    .ops = &accounts_ops,
	    .ctx = w,
	};

	assert_int_equal(accounts_open(&opts, &w->accounts), 0);
	gateway_set_accounts(w->gateway, w->accounts);
}

static inline struct world *world_new(const struct gateway_opts *given)
{
	struct world *w = calloc(1, sizeof(*w));
	struct gateway_opts opts = {0};

	assert_non_null(w);
	log_set_sink(quiet, NULL);
	strcpy(w->dir, "/tmp/allium-gateway-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	TAILQ_INIT(&w->news);
	w->seed = 7;
	w->rng = unit_rng(&w->seed);
	w->loop = loop_new();
	assert_non_null(w->loop);
	w->worker = worker_new(w->loop, WAITING_MAX);
	assert_non_null(w->worker);
	w->net_timer = timer_new(w->loop, net_pump, w);
	if (given != NULL)
		opts = *given;
	opts.server_name = SERVER;
	opts.rng = w->rng;
	opts.ops = &gateway_ops;
	opts.ctx = w;
	if (opts.barrier_ms == 0)
		opts.barrier_ms = 5;
	assert_int_equal(gateway_new(w->loop, w->worker, &opts, &w->gateway), 0);
	accounts_begin(w);
	return w;
}

static inline int free_person(void *ctx, struct account *a)
{
	(void)ctx;
	if (account_chat(a) != NULL)
		account_lock(a, world_now(ctx), "test ends");
	free(account_data(a));
	account_set_data(a, NULL);
	return 0;
}

static inline void accounts_end(struct world *w)
{
	struct news *n;

	accounts_each(w->accounts, free_person, w);
	accounts_free(w->accounts);
	while ((n = TAILQ_FIRST(&w->news)) != NULL) {
		TAILQ_REMOVE(&w->news, n, link);
		free(n->body);
		free(n);
	}
}

static inline void world_free(struct world *w)
{
	accounts_end(w);
	gateway_free(w->gateway);
	timer_free(w->net_timer);
	worker_free(w->worker);
	loop_free(w->loop);
	file_rmtree(w->dir);
	free(w);
}

/* ---- clients ---- */

struct user {
	struct world *w;
	int fd;
	char nick[32];
	bool mute; /* answers no PING */
	bool closed;
	char in[1 << 20];
	size_t len;    /* bytes in `in` */
	size_t seen;   /* of them taken by expect */
	size_t ponged; /* of them looked through for PINGs */
	unsigned pings;
	unsigned fences;
};

static inline void user_send(struct user *u, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static inline void user_send(struct user *u, const char *fmt, ...)
{
	char line[8192];
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(line, sizeof(line) - 2, fmt, args);
	va_end(args);
	memcpy(line + n, "\r\n", 2);
	assert_int_equal(send(u->fd, line, (size_t)n + 2, MSG_NOSIGNAL), n + 2);
}

static inline struct user *user_new(struct world *w)
{
	struct user *u = calloc(1, sizeof(*u));
	int fds[2];

	assert_non_null(u);
	make_pair(fds);
	u->w = w;
	u->fd = fds[1];
	gateway_accept(w->gateway, fds[0]);
	return u;
}

static inline void user_free(struct user *u)
{
	close(u->fd);
	free(u);
}

/* The next whole line from *at on, without its end; false if there is none. */
static inline bool user_line(struct user *u, size_t *at, char line[1024])
{
	const char *end = memchr(u->in + *at, '\n', u->len - *at);
	size_t n;

	if (end == NULL)
		return false;
	n = (size_t)(end - (u->in + *at));
	assert_true(n > 0 && n < 1024 && end[-1] == '\r');
	memcpy(line, u->in + *at, n - 1);
	line[n - 1] = '\0';
	*at += n + 1;
	return true;
}

static inline void user_answer_pings(struct user *u)
{
	char line[1024];

	while (user_line(u, &u->ponged, line)) {
		const char *ping = strstr(line, "PING :");

		if (ping == NULL || (ping != line && line[0] != '@'))
			continue;
		u->pings++;
		if (!u->mute && !u->closed)
			user_send(u, "PONG :%s", ping + 6);
	}
}

/* Forgets what has been taken. */
static inline void user_compact(struct user *u)
{
	size_t done = u->seen < u->ponged ? u->seen : u->ponged;

	if (done < sizeof(u->in) / 2)
		return;
	memmove(u->in, u->in + done, u->len - done);
	u->len -= done;
	u->seen -= done;
	u->ponged -= done;
}

static inline void user_read(struct user *u)
{
	user_compact(u);
	ssize_t n = recv(u->fd, u->in + u->len, sizeof(u->in) - u->len, MSG_DONTWAIT);

	assert_true(u->len < sizeof(u->in));
	if (n == 0)
		u->closed = true;
	if (n <= 0)
		return;
	u->len += (size_t)n;
	user_answer_pings(u);
}

/* Reads until a line matches ('*' and '?'); what comes before it is passed over. The line stays in a static
 * buffer. */
static inline const char *user_expect(struct user *u, const char *mask)
{
	static char line[1024];

	for (;;) {
		while (user_line(u, &u->seen, line))
			if (irc_mask_match(mask, line))
				return line;
		user_read(u);
		if (memchr(u->in + u->seen, '\n', u->len - u->seen) == NULL) {
			if (u->closed)
				fail_msg("closed while waiting for %s", mask);
			loop_turn(u->w->loop, true);
		}
	}
}

/* The very next line must match. */
static inline void user_next(struct user *u, const char *mask)
{
	char line[1024];

	while (!user_line(u, &u->seen, line)) {
		user_read(u);
		if (memchr(u->in + u->seen, '\n', u->len - u->seen) == NULL)
			loop_turn(u->w->loop, true);
	}
	if (!irc_mask_match(mask, line))
		fail_msg("got     %s\nwanted  %s", line, mask);
}

/* All that was sent is answered; how many of the lines since the last expected one match. */
static inline size_t user_count(struct user *u, const char *mask)
{
	char line[1024];
	char pong[64];
	size_t n = 0;

	snprintf(pong, sizeof(pong), "*PONG * :fence-%u", ++u->fences);
	user_send(u, "PING :fence-%u", u->fences);
	for (;;) {
		while (user_line(u, &u->seen, line)) {
			if (irc_mask_match(pong, line))
				return n;
			n += irc_mask_match(mask, line);
		}
		user_read(u);
		if (memchr(u->in + u->seen, '\n', u->len - u->seen) == NULL)
			loop_turn(u->w->loop, true);
	}
}

/* Nothing but PINGs has come. */
static inline void user_nothing(struct user *u)
{
	size_t seen = u->seen;
	size_t pings = user_count(u, "*PING :*");

	u->seen = seen;
	assert_int_equal(user_count(u, "*") - 1, pings);
}

static inline void user_closed(struct user *u)
{
	while (!u->closed) {
		user_read(u);
		if (!u->closed)
			loop_turn(u->w->loop, true);
	}
}

static inline struct user *user_connect(struct world *w, const char *nick)
{
	struct user *u = user_new(w);

	user_send(u, "NICK %s", nick);
	user_send(u, "USER %s 0 * :%s", nick, nick);
	user_expect(u, ":" SERVER " 422 *");
	user_expect(u, "*NOTICE * :*help*");
	return u;
}

static inline struct user *user_register(struct world *w, const char *nick)
{
	struct user *u = user_connect(w, nick);

	user_send(u, "PRIVMSG allium :register password");
	user_expect(u, ":* JOIN &contacts");
	user_expect(u, "*NOTICE * :The door is open*");
	return u;
}

/* who: "account" or "account@client". */
static inline struct user *user_login(struct world *w, const char *who)
{
	struct user *u = user_new(w);

	user_send(u, "PASS %s:password", who);
	user_send(u, "NICK x");
	user_send(u, "USER x 0 * :x");
	user_expect(u, ":* JOIN &contacts");
	user_expect(u, ":* 366 *");
	return u;
}

static inline struct chat *world_chat(struct world *w, const char *account)
{
	return account_chat(accounts_find(w->accounts, account));
}

/* Two accounts become contacts, each under the other's account name. */
static inline void befriend(struct user *a, const char *a_name, struct user *b, const char *b_name)
{
	user_send(a, "PRIVMSG allium :add %s %s hello", b_name, chat_onion(world_chat(a->w, b_name)));
	user_expect(b, "*NOTICE * :*asks to be your contact: hello");
	user_send(b, "PRIVMSG allium :accept %s", a_name);
	char mask[64];

	snprintf(mask, sizeof(mask), ":%s!* JOIN &contacts", b_name);
	user_expect(a, mask);
	snprintf(mask, sizeof(mask), ":%s!* JOIN &contacts", a_name);
	user_expect(b, mask);
}

#endif
