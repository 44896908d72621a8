/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One account: its process starts, takes turns, commits, dies. */
#include "sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/chat/chat_impl.h"

static const char *const names[SIM_NODES_MAX + 1] = {"Alice", "Bob", "Carol", "Dave",	"n5",
						     "n6",    "n7",  "n8",    "Mallory"};
static const uint8_t db_key[KEY_BYTES] = {3, 1, 4, 1, 5, 9, 2, 6};

static void rng_node(void *ctx, uint8_t *out, size_t len)
{
	struct node *n = ctx;
	size_t i;

	for (i = 0; i < len; i++) {
		uint64_t z = n->rng_state += 0x9e3779b97f4a7c15u;

		z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
		z = (z ^ z >> 27) * 0x94d049bb133111ebu;
		out[i] = (uint8_t)(z >> 56);
	}
}

/* ---- commits ---- */

static int before_commit(void *ctx)
{
	struct node *n = ctx;
	const struct sim_opts *o = &n->sim->opts;
	uint64_t fate = n->sim->faulty ? sim_random(n->sim, o->weeks ? 10000 : o->brief ? 250 : 1000) : 1000;

	if (sim_mutation == MUTATE_LEAK)
		wire_leak(n);
	if (fate < 4) {
		n->doom = DOOM_CRASH;
		return ERR_IO;
	}
	if (fate < 8)
		return ERR_FULL;
	if (fate < 12)
		n->doom = DOOM_CRASH_AFTER;
	return 0;
}

/* ---- the process ---- */

static void open_chat(struct node *n)
{
	struct store_opts so = {.before_commit = before_commit, .ctx = n};
	struct chat_opts co = {
	    .rng = &n->rng, .front = &check_front, .front_ctx = n, .net = &wire_net, .net_ctx = n};
	struct store *store;
	int err = store_open(n->db, db_key, &so, &store);

	co.ack_ms = n->sim->opts.seed % 2 * 50;
	if (n->sim->opts.weeks) { /* else nothing but pings would happen */
		co.ping_ms = WEEKS_PING_MS;
		co.late_ms = WEEKS_PING_MS;
	}
	if (sim_mutation == MUTATE_NO_PING)
		co.ping_ms = 1000ull * 3600 * 1000;
	if (!err)
		err = chat_open(store, &co, sim_now(n->sim), &n->chat);
	if (err) {
		sim_fail(n->sim, n->name, "can't open the account: %s", err_str(err));
		n->chat = NULL;
		return;
	}
	n->life++;
	n->doom = DOOM_NONE;
	n->tick_ms = 0;
	n->dirty = true;
	chat_serve(n->chat);
}

static void tor_tell(struct node *n)
{
	struct chat_tor_status status = {.ready = n->tor, .published = n->tor};

	chat_set_tor(n->chat, sim_now(n->sim), &status);
	n->dirty = true;
}

void node_start(struct node *n)
{
	bool restores = n->restores;

	if (n->chat)
		return;
	sim_say(n->sim, n->name, "starts");
	if (restores)
		backup_restore(n);
	open_chat(n);
	if (!n->chat)
		return;
	if (restores) {
		backup_account(n);
		client_forget(n);
	}
	tor_tell(n);
}

static void gone(struct node *n)
{
	chat_free(n->chat);
	n->chat = NULL;
	service_forget_all(n);
	n->dirty = false;
	n->down_ms = n->sim->now_ms;
	n->stopped_until_ms = 0;
	check_settle(n, false);
}

static void on_restart(struct sim *s, struct event *e)
{
	struct node *n = e->obj;

	(void)s;
	if (!n->restores)
		node_start(n);
}

/* How long a process stays away, at most: with weeks of time, hours, days, or longer than anybody waits for it. */
static uint64_t off_ms(struct sim *s, uint64_t usually)
{
	static const unsigned hours[] = {1, 30, 24 * 14, 24 * 60, 24 * 160};

	return s->opts.weeks ? hours[sim_random(s, 5)] * 3600000ull : usually;
}

void node_crash(struct node *n)
{
	struct sim *s = n->sim;

	if (!n->chat)
		return;
	sim_say(s, n->name, "crashes");
	s->n.crashes++;
	wire_drop_all(n, sim_chance(s, 30));
	gone(n);
	sim_at(s, 1000 + sim_random(s, off_ms(s, 120000)), on_restart, NULL, n);
}

void node_stop(struct node *n)
{
	struct sim *s = n->sim;

	if (!n->chat)
		return;
	sim_say(s, n->name, "goes offline");
	chat_shutdown(n->chat, sim_now(s), "the user logs out");
	if (!chat_commit(n->chat)) {
		check_settle(n, true);
		if (!n->doom) /* else it died right after the commit */
			wire_pump_all(n);
	}
	wire_drop_all(n, false);
	gone(n);
	sim_at(s, 1000 + sim_random(s, off_ms(s, 600000)), on_restart, NULL, n);
}

/* A commit failed: all of the turn is undone, nothing of it has left; links can't go on, since their state is
 * lost. */
static void reopen(struct node *n)
{
	sim_say(n->sim, n->name, "a commit failed: reads its database again");
	n->sim->n.failed_commits++;
	wire_drop_all(n, false);
	gone(n);
	open_chat(n);
	if (n->chat)
		tor_tell(n);
}

void node_suspend(struct node *n, uint64_t for_ms)
{
	if (!n->chat || n->stopped_until_ms > n->sim->now_ms)
		return;
	sim_say(n->sim, n->name, "is suspended for %u s", (unsigned)(for_ms / 1000));
	n->sim->n.suspends++;
	n->stopped_until_ms = n->sim->now_ms + for_ms;
}

void node_set_tor(struct node *n, bool ready)
{
	if (n->tor == ready)
		return;
	sim_say(n->sim, n->name, "tor is %s", ready ? "up" : "down");
	n->tor = ready;
	if (!n->chat)
		return;
	tor_tell(n);
	if (!ready)
		wire_break_all(n);
}

static void on_tick(struct sim *s, struct event *e)
{
	if (e->node->tick_ms <= s->now_ms)
		e->node->tick_ms = 0;
}

static void schedule_tick(struct node *n)
{
	struct sim *s = n->sim;
	uint64_t at = chat_deadline(n->chat);

	if (at == TICK_NEVER || (n->tick_ms && n->tick_ms <= at))
		return;
	if (at <= s->now_ms)
		at = s->now_ms + 1;
	n->tick_ms = at;
	sim_at(s, at - s->now_ms, on_tick, n, NULL);
}

static void one_turn(struct node *n)
{
	int err;

	chat_tick(n->chat, sim_now(n->sim));
	err = chat_commit(n->chat);
	if (n->doom == DOOM_CRASH) {
		node_crash(n);
		return;
	}
	if (err) {
		reopen(n);
		return;
	}
	check_settle(n, true);
	if (n->doom == DOOM_CRASH_AFTER) {
		node_crash(n);
		return;
	}
	wire_pump_all(n);
	schedule_tick(n);
}

void node_end_turn(struct node *n)
{
	unsigned turns;

	if (n->stopped_until_ms > n->sim->now_ms)
		return;
	for (turns = 0; n->chat && n->dirty; turns++) {
		n->dirty = false;
		if (turns > 1000) {
			sim_fail(n->sim, n->name, "turns without end");
			return;
		}
		one_turn(n);
	}
	n->dirty = false;
}

/* ---- life ---- */

void node_init(struct sim *s, unsigned index)
{
	struct node *n = &s->node[index];
	bool last = index + 1 == s->opts.nodes;
	struct store *store;
	int err;

	n->sim = s;
	n->index = index;
	n->name = names[(s->opts.stranger || s->opts.hostile) && last ? SIM_NODES_MAX : index];
	n->rng = (struct rng){rng_node, n};
	n->rng_state = s->opts.seed * 0x9e3779b97f4a7c15u + index * 0x632be59bd9b4e019u;
	n->tor = true;
	for (unsigned i = 0; i < SIM_NODES_MAX; i++)
		n->pair[i].invite = n->pair[i].kept_invite = INVITE_NONE;
	n->hostile = s->opts.hostile && last;
	n->heard = calloc(HEARD_MAX, sizeof(*n->heard));
	n->cancels = calloc(CANCELS_MAX, sizeof(*n->cancels));
	if (!n->heard || !n->cancels)
		abort();
	TAILQ_INIT(&n->ends);
	TAILQ_INIT(&n->dials);
	snprintf(n->db, sizeof(n->db), "%s/%s", s->dir, n->name);
	snprintf(n->copy, sizeof(n->copy), "%s/%s-backup", s->dir, n->name);
	err = store_open(n->db, db_key, NULL, &store);
	if (!err) {
		err = chat_create(store, &n->rng, n->name);
		if (!err)
			err = store_commit(store);
		store_close(store);
	}
	if (err)
		sim_fail(s, n->name, "can't make the account: %s", err_str(err));
	else
		node_start(n);
	if (n->chat)
		memcpy(n->identity, chat_identity(n->chat), KEY_BYTES);
}

void node_clear(struct node *n)
{
	unsigned i;

	wire_drop_all(n, true);
	if (n->chat)
		gone(n);
	for (i = 0; i < SIM_NODES_MAX; i++)
		free(n->accepted[i].m);
	free(n->heard);
	free(n->cancels);
	guard_clear(n);
	client_clear(n);
}

struct node *node_by_identity(struct sim *s, const uint8_t identity[KEY_BYTES])
{
	unsigned i;

	for (i = 0; i < s->opts.nodes; i++) {
		if (!memcmp(s->node[i].identity, identity, KEY_BYTES))
			return &s->node[i];
	}
	return NULL;
}

struct wanted {
	const uint8_t *identity;
	const struct contact *found;
};

static int is_wanted(void *ctx, const struct contact *contact)
{
	struct wanted *w = ctx;

	if (memcmp(contact->row.identity, w->identity, KEY_BYTES))
		return 0;
	w->found = contact;
	return 1;
}

struct contact *node_contact(const struct node *n, const struct node *other)
{
	struct wanted w = {.identity = other->identity};

	if (!n->chat)
		return NULL;
	chat_each(n->chat, is_wanted, &w);
	return w.found ? chat_find_id(n->chat, w.found->row.id) : NULL;
}

void node_outbox_each(struct node *n, struct node *other, int (*cb)(void *ctx, const struct outbox_row *o),
		      void *ctx)
{
	const struct contact *contact;
	bool runs = n->chat != NULL;
	struct chat_opts co = {
	    .rng = &n->rng, .front = &check_front, .front_ctx = n, .net = &wire_net, .net_ctx = n};
	struct store *store;

	if (!runs &&
	    (store_open(n->db, db_key, NULL, &store) || chat_open(store, &co, sim_now(n->sim), &n->chat))) {
		sim_fail(n->sim, n->name, "can't look into the account");
		return;
	}
	contact = node_contact(n, other);
	if (contact && store_outbox_each(n->chat->store, contact->row.id, 0, SIZE_MAX, cb, ctx))
		sim_fail(n->sim, n->name, "can't read the outbox");
	if (!runs) {
		chat_free(n->chat);
		n->chat = NULL;
	}
}
