/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What users do about who finds them: doors, invitations, blocks, removals. */
#include "sim.h"

#include <string.h>

#define BLOCKS	4
#define REMOVES 2
#define DOORS	4
#define INVITES 3

static struct node *other_of(struct node *n)
{
	struct sim *s = n->sim;

	return &s->node[(n->index + 1 + sim_random(s, s->opts.nodes - 1)) % s->opts.nodes];
}

static bool friends(const struct node *a, const struct node *b)
{
	return a->friend_of[b->index] && b->friend_of[a->index];
}

/* ---- blocks and removals ---- */

static void unblock(struct node *n, struct node *o)
{
	struct contact *contact = node_contact(n, o);

	if (contact && contact->row.blocked)
		chat_unblock(n->chat, sim_now(n->sim), contact->row.petname);
}

static void on_unblock(struct sim *s, struct event *e)
{
	if (!s->healing)
		unblock(e->obj, &s->node[e->arg]);
}

static void on_block(struct sim *s, struct event *e)
{
	struct node *n = e->obj, *o = other_of(n);
	struct contact *contact = node_contact(n, o);
	size_t queued, failed;
	int err;

	if (!contact || contact->row.blocked || s->healing)
		return;
	sim_say(s, n->name, "blocks %s", o->name);
	queued = contact->queued;
	guard_drop(n, o, false, false);
	n->pair[o->index].blocked = true;
	err = chat_block(n->chat, sim_now(s), contact->row.petname, &failed);
	if (!err && queued != failed)
		sim_fail(s, n->name, "%zu messages waited, %zu are said to be lost", queued, failed);
	s->n.blocks++;
	if (sim_random(s, 5))
		plan_by(s, 1 + sim_random(s, s->plan_ms / 4), on_unblock, n, o->index);
}

static bool is_invited(const struct node *o, const struct node *by)
{
	const struct sim *s = o->sim;
	unsigned i;

	for (i = 0; i < s->n_invites; i++) {
		const struct sim_invite *inv = &s->invite[i];

		if (inv->owner == by && (inv->to[0] == o || inv->to[1] == o))
			return true;
	}
	return false;
}

/* For good, or to begin anew. */
static void on_remove(struct sim *s, struct event *e)
{
	struct node *n = e->obj, *o = other_of(n);
	struct contact *contact = node_contact(n, o);
	bool for_good = sim_random(s, 4) == 0 && !is_invited(o, n) && !is_invited(n, o);

	if (!contact || !friends(n, o) || s->healing)
		return;
	sim_say(s, n->name, "removes %s%s", o->name, for_good ? " for good" : "");
	guard_drop(n, o, true, for_good);
	chat_remove(n->chat, sim_now(s), contact->row.petname);
	s->n.removals++;
}

static void on_door(struct sim *s, struct event *e)
{
	struct node *n = e->obj;
	bool open = sim_random(s, 2);

	if (!n->chat || s->healing)
		return;
	sim_say(s, n->name, "the door is %s", open ? "opened" : "closed");
	chat_set_door(n->chat, sim_now(s), open, sim_random(s, 2));
}

/* ---- invitations ---- */

static void forge(struct sim *s, struct invite *inv)
{
	inv->token[sim_random(s, TOKEN_BYTES)] ^= (uint8_t)(1u << sim_random(s, 8));
}

static void on_present(struct sim *s, struct event *e)
{
	struct node *n = e->obj;
	struct sim_invite *given = &s->invite[e->arg];
	struct pair *p = &n->pair[given->owner->index];
	bool forged = sim_random(s, 10) == 0;
	struct invite inv;
	int err;

	if (!n->chat || !n->friend_of[given->owner->index] || s->healing)
		return;
	if (invite_decode(given->text, &inv)) {
		sim_fail(s, n->name, "can't read an invitation");
		return;
	}
	if (forged)
		forge(s, &inv);
	p->adding = true;
	err = chat_add_invited(n->chat, sim_now(s), given->owner->name, &inv, NULL);
	p->adding = false;
	sim_say(s, n->name, "has %s invitation of %s: %s", forged ? "a forged" : "an", given->owner->name,
		err_str(err));
	if (err)
		return;
	given->owner->pair[n->index].cut = true; /* until it has been there */
	p->invite = forged ? INVITE_FORGED : (int)e->arg;
	given->shown_by |= forged ? 0 : 1u << n->index;
}

static void on_revoke(struct sim *s, struct event *e)
{
	struct node *n = e->obj;
	struct sim_invite *inv = &s->invite[e->arg];

	if (!n->chat || s->healing || chat_invite_revoke(n->chat, sim_now(s), inv->number))
		return;
	sim_say(s, n->name, "takes an invitation back");
	inv->going = true;
}

static int find_newest(void *ctx, const struct chat_invite_row *r)
{
	struct sim_invite *inv = ctx;

	inv->number = r->number;
	return 0;
}

static void on_invite(struct sim *s, struct event *e)
{
	struct node *n = e->obj, *o = e->arg ? &s->node[e->arg - 1] : other_of(n), *third = other_of(n);
	struct sim_invite *inv = &s->invite[s->n_invites];
	unsigned days = (unsigned)sim_random(s, INVITE_DAYS_MAX + 1);
	struct invite read;

	if (!n->chat || !friends(n, o) || s->n_invites == SIM_INVITES_MAX || s->healing)
		return;
	memset(inv, 0, sizeof(*inv));
	if (chat_invite(n->chat, sim_now(s), days, inv->text) || invite_decode(inv->text, &read))
		return;
	sim_say(s, n->name, "invites %s", o->name);
	inv->owner = n;
	chat_invites_each(n->chat, find_newest, inv);
	inv->user = inv->next_user = -1;
	inv->to[0] = o;
	inv->to[1] = third != o && friends(n, third) && sim_random(s, 2) ? third : NULL;
	inv->expires_ms = (uint64_t)read.minute * 60000;
	s->n_invites++;
	s->n.invites++;
}

/* The string is read when its turn has ended. */
static void hand_out(struct sim *s, struct sim_invite *inv)
{
	struct node *n = inv->owner;
	uint64_t index = (uint64_t)(inv - s->invite);
	unsigned i;

	inv->there = true;
	for (i = 0; i < 2; i++) {
		if (inv->to[i])
			plan_by(s, 1 + sim_random(s, s->plan_ms / (sim_random(s, 2) ? 4 : 30)), on_present,
				inv->to[i], index);
	}
	if (sim_random(s, 8) == 0)
		plan_by(s, 1 + sim_random(s, s->plan_ms / 4), on_revoke, n, index);
}

static void settle_invite(struct sim *s, struct sim_invite *inv, bool committed)
{
	if (!inv->there && !committed)
		inv->owner = NULL;
	else if (!inv->there)
		hand_out(s, inv);
	inv->gone = inv->gone || (committed && inv->going);
	inv->going = false;
	if (committed && inv->next_user >= 0)
		inv->user = inv->next_user;
	inv->next_user = -1;
}

void moves_settle(struct node *n, bool committed)
{
	struct sim *s = n->sim;
	unsigned i;

	for (i = 0; i < s->n_invites; i++) {
		if (s->invite[i].owner == n)
			settle_invite(s, &s->invite[i], committed);
	}
	for (i = 0; i < s->opts.nodes; i++) {
		int *now = &n->pair[i].invite, *kept = &n->pair[i].kept_invite;

		*(committed ? kept : now) = *(committed ? now : kept);
	}
}

void moves_restored(struct node *n)
{
	struct sim *s = n->sim;
	unsigned i;

	for (i = 0; i < s->n_invites; i++)
		s->invite[i].unsure = s->invite[i].unsure || s->invite[i].owner == n;
	for (i = 0; i < s->opts.nodes; i++)
		n->pair[i].invite = n->pair[i].kept_invite = INVITE_UNKNOWN;
}

/* ---- the timetable ---- */

/* Nobody adds, so there has to be an invitation. */
static void plan_invited(struct sim *s, struct node *n, struct node *o)
{
	unsigned times = 1 + (unsigned)sim_random(s, 3);

	if (!friends(n, o) || n->asks[o->index] || o->asks[n->index])
		return;
	while (times--)
		plan_by(s, sim_random(s, s->plan_ms / 2), on_invite, n, 1 + o->index);
}

void moves_plan(struct sim *s)
{
	unsigned i, j;

	for (i = 0; i < s->opts.nodes; i++) {
		struct node *n = &s->node[i];

		plan_scatter_by(s, plan_upto(s, BLOCKS + 1), on_block, n);
		plan_scatter_by(s, plan_upto(s, REMOVES + 1), on_remove, n);
		plan_scatter_by(s, plan_upto(s, DOORS + 1), on_door, n);
		plan_scatter_by(s, plan_upto(s, INVITES + 1), on_invite, n);
		for (j = i + 1; j < s->opts.nodes; j++)
			plan_invited(s, n, &s->node[j]);
	}
}

/* Most doors are opened, and most who are blocked are not any more. */
static void on_heal(struct sim *s, struct event *e)
{
	struct node *n = e->obj;
	unsigned i;

	if (!n->chat)
		return;
	if (sim_random(s, 3))
		chat_set_door(n->chat, sim_now(s), true, false);
	for (i = 0; i < s->opts.nodes; i++) {
		if (i != n->index && sim_random(s, 3))
			unblock(n, &s->node[i]);
	}
}

void moves_end_faults(struct sim *s)
{
	unsigned i, j;

	for (i = 0; i < s->opts.nodes; i++) {
		struct node *n = &s->node[i];

		plan_by(s, sim_random(s, HEAL_MS), on_heal, n, 0);
		for (j = 0; j < s->opts.nodes; j++)
			n->asks[j] = n->asks[j] || (friends(n, &s->node[j]) && i < j);
	}
}
