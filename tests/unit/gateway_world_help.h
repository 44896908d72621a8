/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A daemon without Tor: real loop, worker, store, accounts and chat. */
#ifndef GATEWAY_WORLD_HELP_H
#define GATEWAY_WORLD_HELP_H

#include "gateway_net_help.h"

#include "base/file.h"
#include "base/log.h"

#define STORY_S 600 /* more than any story takes, under valgrind too */

#define SERVER	    "test.local"
#define WAITING_MAX 8 /* password jobs */

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
	chat_serve(account_chat(p->account));
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
	chat_serve(account_chat(a));
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
	net_forget(w, a, UINT32_MAX);
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

static inline void on_wiped(void *ctx, struct account *a)
{
	struct world *w = ctx;

	accounts_remove_dir(w->accounts, account_dir_id(a));
	free(account_data(a));
}

static const struct accounts_ops accounts_ops = {.created = on_created,
						 .unlocked = on_unlocked,
						 .locked = on_locked,
						 .spare = no_spare,
						 .dirty = on_dirty,
						 .wiped = on_wiped};

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
	    .accounts_max = w->accounts_max,
	    .scram_iterations = 4096,
	    .chat = {.rng = &w->rng,
		     .front = &gateway_front,
		     .front_ctx = w->gateway,
		     .net = &test_net,
		     .net_ctx = w,
		     .dial_min_ms = 20,
		     .dial_max_ms = 40,
		     .dial_spread_ms = 1,
		     /* A link whose session takes longer is given up: also a busy machine makes it in this time. */
		     .offline_grace_ms = 500},
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
	alarm(STORY_S); /* a line that never comes ends the program */
	log_set_sink(quiet, NULL);
	strcpy(w->dir, "/tmp/allium-gateway-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	TAILQ_INIT(&w->news);
	TAILQ_INIT(&w->services);
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

#endif
