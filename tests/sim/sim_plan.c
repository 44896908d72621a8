/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What users do, and what fate does to them. */
#include "sim.h"

#include <stdio.h>
#include <string.h>

#define BURSTS	    6  /* of messages, in each direction */
#define BURST_MAX   40 /* more than go at a time */
#define BRIEF_BURST 12
#define LONG_TEXT   TEXT_MAX

/* ---- the timetable ---- */

/* What a process does waits while it is suspended; what is done to it does not. */
void plan_by(struct sim *s, uint64_t delay_ms, event_fn fn, struct node *n, uint64_t arg)
{
	struct event *e = sim_at(s, delay_ms, fn, n, n);

	e->life = 0; /* whoever runs then */
	e->arg = arg;
}

/* With weeks of time, users look rarely. */
static unsigned lazy(const struct sim *s)
{
	return s->opts.weeks && s->faulty ? 600 : s->opts.weeks ? 20 : 1;
}

/* ---- contacts ---- */

struct asking {
	struct node *n;
	char name[NICK_MAX + 1];
	bool found;
	bool any; /* waits, wanted or not */
	const struct node *of;
};

static int look_for_request(void *ctx, const struct request_row *r)
{
	struct asking *a = ctx;

	if (memcmp(r->identity, a->of->identity, KEY_BYTES))
		return 0;
	a->found = true;
	memcpy(a->name, r->name, sizeof(a->name));
	return 1;
}

static void tend(struct node *n, struct node *other)
{
	struct sim *s = n->sim;
	struct asking a = {.n = n, .of = other};
	struct contact *contact = node_contact(n, other);

	if (contact)
		return;
	chat_requests_each(n->chat, look_for_request, &a);
	if (a.found && n->friend_of[other->index]) {
		sim_say(s, n->name, "accepts %s", other->name);
		n->pair[other->index].adding = true;
		chat_accept(n->chat, sim_now(s), a.name, NULL, NULL);
		n->pair[other->index].adding = false;
	} else if (a.found && sim_random(s, 2)) {
		sim_say(s, n->name, "rejects %s", a.name);
		chat_reject(n->chat, sim_now(s), a.name);
	} else if (n->asks[other->index]) {
		sim_say(s, n->name, "adds %s", other->name);
		n->pair[other->index].adding = true;
		if (chat_add(n->chat, sim_now(s), other->name, other->identity, "It is me.", NULL))
			sim_fail(s, n->name, "can't add %s", other->name);
		n->pair[other->index].adding = false;
	}
}

static void on_tend(struct sim *s, struct event *e)
{
	struct node *n = e->obj;
	unsigned i;

	for (i = 0; i < s->opts.nodes; i++) {
		if (i != n->index && n->chat)
			tend(n, &s->node[i]);
	}
	plan_by(s, (5000 + sim_random(s, 60000)) * lazy(s), on_tend, n, 0);
}

/* ---- messages ---- */

/* Every few are of several lines, or a reply to something. */
static int say(struct node *n, struct contact *contact, char *text, size_t len, uint8_t msgid[MSGID_BYTES])
{
	static const uint8_t re[MSGID_BYTES] = {1};
	const unsigned which = len > LINES_TEXT_MAX ? 0 : n->sim->n.messages % 5;
	const struct chat_outgoing o = {.kind = MESSAGE_TEXT,
					.text = text,
					.len = len,
					.re = which == 2 ? re : NULL,
					.client = "default"};

	if (which == 1)
		text[strlen(n->name)] = '\n';
	return chat_say(n->chat, sim_now(n->sim), contact, &o, msgid);
}

static void write_one(struct node *n, struct node *to, struct contact *contact)
{
	struct sim *s = n->sim;
	char text[LONG_TEXT + 1];
	uint8_t msgid[MSGID_BYTES];
	size_t len;
	int err;

	snprintf(text, sizeof(text), "%s to %s, %u", n->name, to->name, s->n.messages);
	len = strlen(text);
	if (sim_random(s, 8) == 0) {
		size_t want = 1 + sim_random(s, LONG_TEXT);

		if (want > len) {
			memset(text + len, 'x', want - len);
			len = want;
		}
	}
	err = say(n, contact, text, len, msgid);
	if (err) {
		sim_fail(s, n->name, "can't send: %s", err_str(err));
		return;
	}
	s->n.messages++;
	check_accept(n, to, msgid, text, len);
}

static void on_write(struct sim *s, struct event *e)
{
	struct node *n = e->obj;
	struct node *to = &s->node[e->arg];
	struct contact *contact = node_contact(n, to);
	uint64_t burst = 1 + sim_random(s, sim_random(s, 3) ? 4 : s->opts.brief ? BRIEF_BURST : BURST_MAX);

	if (!contact && n->friend_of[to->index] && (s->faulty || guard_together(n, to))) {
		plan_by(s, 10000 * lazy(s), on_write, n, e->arg);
		return;
	}
	s->sends_left--;
	if (!contact || contact->row.blocked)
		return;
	sim_say(s, n->name, "writes %u to %s", (unsigned)burst, to->name);
	while (burst-- && !s->failed)
		write_one(n, to, contact);
}

/* ---- fate ---- */

static void on_crash(struct sim *s, struct event *e)
{
	(void)s;
	node_crash(e->obj);
}

static void on_stop(struct sim *s, struct event *e)
{
	if (s->faulty)
		node_stop(e->obj);
}

#define SETTLE_MS 30000 /* after which nothing of a process that ended is under way */

static void on_backup(struct sim *s, struct event *e)
{
	struct node *n = e->obj;

	(void)s;
	if (!n->n_restores && !n->restores)
		backup_make(n);
}

static void on_restored(struct sim *s, struct event *e)
{
	(void)s;
	node_start(e->obj);
}

/* What it says now nobody hears, and it will not know of it itself. */
static void write_to_nobody(struct sim *s, struct node *n)
{
	struct contact *contact;
	unsigned i;
	struct end *e;

	TAILQ_FOREACH (e, &n->ends, entry)
		wire_break(e->wire, DROP_UNTOLD);
	for (i = 0; i < s->opts.nodes && !s->failed; i++) {
		contact = node_contact(n, &s->node[i]);
		if (contact && n->friend_of[i] && !contact->row.blocked)
			write_one(n, &s->node[i], contact);
	}
	n->dirty = true;
	node_end_turn(n);
}

/* The process ends; what starts next has the old database. Once in a run: a session may be begun anew only a
 * few times a day. */
static void on_restore(struct sim *s, struct event *e)
{
	struct node *n = e->obj;

	if (!n->has_backup || n->n_restores || n->restores)
		return;
	if (sim_random(s, 2))
		write_to_nobody(s, n);
	node_crash(n);
	n->restores = true;
	n->down_ms = s->now_ms;
	sim_at(s, SETTLE_MS + sim_random(s, 60000), on_restored, NULL, n);
}

/* Once in a run, as on_restore. */
static void on_apart(struct sim *s, struct event *e)
{
	struct node *n = e->obj;

	if (!s->n.aparts)
		backup_set_apart(n, &s->node[(n->index + 1) % s->opts.nodes]);
}

static void on_tor_up(struct sim *s, struct event *e)
{
	(void)s;
	node_set_tor(e->obj, true);
}

static void on_tor_down(struct sim *s, struct event *e)
{
	node_set_tor(e->obj, false);
	sim_at(s, 1000 + sim_random(s, 200000 * lazy(s)), on_tor_up, NULL, e->obj);
}

static void on_clock(struct sim *s, struct event *e)
{
	(void)e;
	s->real_base_ms += sim_random(s, 7200000);
	s->real_base_ms -= 3600000;
	sim_say(s, "sim", "the clock is set");
}

/* A circuit breaks, or falls silent. */
static void on_cut(struct sim *s, struct event *e)
{
	struct wire *w;

	(void)e;
	TAILQ_FOREACH (w, &s->wires, entry) {
		if (w->end[0].live && w->end[1].live && sim_chance(s, 50)) {
			w->drop_at = w->records + 1;
			w->how = (enum drop)sim_random(s, DROP_MAX);
		}
	}
}

static void on_user_retry(struct sim *s, struct event *e)
{
	struct node *n = e->obj;

	if (n->chat)
		chat_retry(n->chat, sim_now(s),
			   sim_random(s, 2) ? NULL
					    : node_contact(n, &s->node[(n->index + 1) % s->opts.nodes]));
}

static void on_profile(struct sim *s, struct event *e)
{
	struct node *n = e->obj;

	if (n->chat)
		chat_set_away(n->chat, sim_now(s), sim_random(s, 2) ? "lunch" : NULL);
}

static void on_suspend(struct sim *s, struct event *e)
{
	node_suspend(e->obj, 1000 + sim_random(s, sim_random(s, 2) ? 30000 : 600000ull * lazy(s)));
}

static void on_slow(struct sim *s, struct event *e)
{
	struct node *n = e->obj;

	n->slow = sim_random(s, 2);
}

static void on_joined(struct sim *s, struct event *e)
{
	(void)e;
	if (s->side)
		sim_say(s, "net", "is whole again");
	s->side = 0;
}

/* Nothing gets from one group of nodes to another; connections between them may end, or may not. */
static void on_parted(struct sim *s, struct event *e)
{
	struct wire *w;

	(void)e;
	s->side = 1 + (unsigned)sim_random(s, (1u << s->opts.nodes) - 2);
	s->n.partitions++;
	sim_say(s, "net", "is parted: %x", s->side);
	TAILQ_FOREACH (w, &s->wires, entry) {
		if (w->end[0].live && w->end[1].live && !wire_reaches(w->end[0].node, w->end[1].node))
			wire_break(w, sim_random(s, 2) ? DROP_TOLD : DROP_UNTOLD);
	}
	sim_at(s, 1000 + sim_random(s, 400000 * lazy(s)), on_joined, NULL, NULL);
}

static void on_this_retry(struct sim *s, struct event *e)
{
	struct node *n = e->obj;

	if (n->chat)
		chat_retry(n->chat, sim_now(s), node_contact(n, &s->node[e->arg]));
}

/* Both dial at the same instant, whether they have a link or not. */
static void on_both(struct sim *s, struct event *e)
{
	struct node *n = e->obj;
	struct node *o = &s->node[(n->index + 1 + sim_random(s, s->opts.nodes - 1)) % s->opts.nodes];

	plan_by(s, 0, on_this_retry, n, o->index);
	plan_by(s, 0, on_this_retry, o, n->index);
}

static void on_look(struct sim *s, struct event *e)
{
	struct node *n = e->obj;

	if (n->chat)
		client_look(n);
	plan_by(s, (1000 + sim_random(s, 120000)) * lazy(s), on_look, n, 0);
}

/* ---- cancels ---- */

struct waiting {
	struct chat_queued_row row;
	unsigned pass;
	bool found;
};

static int on_waiting(void *ctx, const struct chat_queued_row *r)
{
	struct waiting *w = ctx;

	w->row = *r;
	w->found = true;
	return w->pass-- == 0;
}

/* Where nothing is put back or removed: there what was taken back may come again, or never be told. */
static void redact_one(struct sim *s, struct node *n, struct node *to, struct contact *contact,
		       const struct chat_queued_row *row)
{
	if (s->opts.backups || s->opts.moves || s->opts.hostile || row->message_kind != MESSAGE_TEXT ||
	    contact->row.blocked)
		return;
	sim_say(s, n->name, "takes %u back", (unsigned)row->number);
	if (chat_redact(n->chat, sim_now(s), contact, row->msgid, "", 0, "default", NULL))
		sim_fail(s, n->name, "can't take back what it has said");
	check_cancel(n, to, row->msgid, true);
	s->n.redactions++;
}

static void cancel_one(struct sim *s, struct node *n, struct node *to, struct contact *contact)
{
	struct waiting w = {.pass = (unsigned)sim_random(s, 20)};
	int err;

	chat_queue_each(n->chat, contact, 0, 20, on_waiting, &w);
	if (!w.found)
		return;
	err = chat_cancel(n->chat, sim_now(s), contact, w.row.number);
	sim_say(s, n->name, "cancels %u: %s", (unsigned)w.row.number, err ? err_str(err) : "done");
	if (!err) {
		check_cancel(n, to, w.row.msgid, false);
		s->n.cancels++;
	}
	if (!err == w.row.may_have_left)
		sim_fail(s, n->name, "what may have left can be cancelled, or what has not can't");
	if (err == ERR_WRONG_STATE)
		redact_one(s, n, to, contact, &w.row);
}

static int note_unsent(void *ctx, const struct chat_queued_row *r)
{
	struct cancelled *c = ctx;

	if (!r->may_have_left) {
		check_cancel(c->to->sim->node + c->msgid[0], c->to, r->msgid, false);
		c->to->sim->n.cancels++;
	}
	return 0;
}

static void cancel_all(struct sim *s, struct node *n, struct node *to, struct contact *contact)
{
	struct cancelled ctx = {.to = to, .msgid = {(uint8_t)n->index}};
	size_t before = n->n_cancels, cancelled, late;

	if (contact->queued > CANCELS_MAX / 4)
		return;
	chat_queue_each(n->chat, contact, 0, SIZE_MAX, note_unsent, &ctx);
	if (!chat_cancel_all(n->chat, sim_now(s), contact, &cancelled, &late) &&
	    n->n_cancels - before != cancelled)
		sim_fail(s, n->name, "%zu could be cancelled, %zu were", n->n_cancels - before, cancelled);
	sim_say(s, n->name, "cancels all: %zu, too late for %zu", cancelled, late);
}

static void on_cancel(struct sim *s, struct event *e)
{
	struct node *n = e->obj;
	struct node *to = &s->node[(n->index + 1 + sim_random(s, s->opts.nodes - 1)) % s->opts.nodes];
	struct contact *contact = node_contact(n, to);

	if (!contact)
		return;
	if (sim_random(s, 4))
		cancel_one(s, n, to, contact);
	else
		cancel_all(s, n, to, contact);
}

static void on_speak(struct sim *s, struct event *e)
{
	struct node *n = e->obj;

	hostile_speak(n);
	plan_by(s, 100 + sim_random(s, 20000), on_speak, n, 0);
}

static void on_replay(struct sim *s, struct event *e)
{
	(void)e;
	hostile_replay(s);
	sim_at(s, sim_random(s, 60000), on_replay, NULL, NULL);
}

/* Somebody who holds no contact's keys. */
static void on_intruder(struct sim *s, struct event *e)
{
	struct node *n = e->obj;
	uint8_t key[KEY_BYTES];
	struct chat_link_info info = {.link = 0x7fffffff, .role = LINK_PRIVATE, .static_key = key};

	if (!n->chat)
		return;
	rng_fill(&n->rng, key, sizeof(key));
	if (!chat_admit(n->chat, CHAT_DOOR, LINK_PRIVATE, LINK_VERSION, key, NULL) ||
	    !chat_admit(n->chat, CHAT_DOOR, LINK_PRIVATE, LINK_VERSION, key, key) ||
	    !chat_admit(n->chat, CHAT_DOOR, LINK_DOOR, LINK_VERSION, key, NULL) ||
	    !chat_on_link(n->chat, sim_now(s), &info))
		sim_fail(s, n->name, "lets an unknown key in");
}

/* How often something happens: less than this. */
unsigned plan_upto(struct sim *s, unsigned bound)
{
	return (unsigned)sim_random(s, s->opts.brief ? (bound + 1) / 2 : bound);
}

/* Things done to a node and things that it does. */
void plan_scatter_on(struct sim *s, unsigned times, event_fn fn, struct node *n)
{
	while (times--)
		sim_at(s, sim_random(s, s->plan_ms), fn, NULL, n);
}

void plan_scatter_by(struct sim *s, unsigned times, event_fn fn, struct node *n)
{
	while (times--)
		plan_by(s, sim_random(s, s->plan_ms), fn, n, 0);
}

static void plan_fate(struct sim *s, struct node *n)
{
	plan_scatter_on(s, plan_upto(s, 4), on_crash, n);
	plan_scatter_by(s, plan_upto(s, 3), on_stop, n);
	plan_scatter_on(s, plan_upto(s, 3), on_tor_down, n);
	plan_scatter_by(s, plan_upto(s, 20), on_user_retry, n);
	plan_scatter_on(s, plan_upto(s, 5), on_both, n);
	plan_scatter_by(s, plan_upto(s, 30), on_cancel, n);
	plan_scatter_on(s, plan_upto(s, 3), on_suspend, n);
	plan_scatter_on(s, plan_upto(s, 3), on_slow, n);
	plan_scatter_on(s, plan_upto(s, 3), on_clock, n);
	plan_scatter_on(s, plan_upto(s, 6), on_cut, n);
	if (!s->opts.backups)
		return;
	plan_scatter_on(s, 1 + plan_upto(s, 4), on_backup, n);
	plan_scatter_on(s, plan_upto(s, 3), on_restore, n);
	plan_scatter_by(s, plan_upto(s, 3), on_apart, n);
}

static void plan_pair(struct sim *s, struct node *a, struct node *b)
{
	unsigned bursts = s->opts.brief ? (unsigned)sim_random(s, 4) : BURSTS;

	if (a->friend_of[b->index] && b->friend_of[a->index]) {
		s->sends_left += bursts;
		while (bursts--)
			plan_by(s, sim_random(s, s->plan_ms), on_write, a, b->index);
	} else if (a->asks[b->index]) {
		/* A stranger may write as much as it likes. */
		s->sends_left++;
		plan_by(s, sim_random(s, s->plan_ms), on_write, a, b->index);
	}
}

static void befriend(struct sim *s, unsigned i, unsigned j)
{
	bool stranger = s->opts.stranger && j + 1 == s->opts.nodes;
	/* One of both adds, or both do, or there is an invitation. */
	uint64_t who = stranger ? 1 : sim_random(s, s->opts.moves ? 4 : 3);

	s->node[i].friend_of[j] = !stranger;
	s->node[j].friend_of[i] = true;
	s->node[i].asks[j] = who == 0 || who == 2;
	s->node[j].asks[i] = who == 1 || who == 2;
}

/* One of them gets more than may be under way to one who is not there. */
static void on_flood(struct sim *s, struct event *e)
{
	struct node *n = e->obj;
	struct node *to = &s->node[e->arg];
	struct contact *contact = node_contact(n, to);
	unsigned i, many = 520 + (unsigned)sim_random(s, 300);

	if (!contact || contact->presence != PRESENCE_OFFLINE) {
		if (contact)
			node_stop(to);
		plan_by(s, 5000, on_flood, n, e->arg);
		return;
	}
	s->sends_left--;
	sim_say(s, n->name, "writes %u to %s", many, to->name);
	for (i = 0; i < many && !s->failed; i++)
		write_one(n, to, contact);
}

void plan_init(struct sim *s)
{
	unsigned i, j;

	if (s->opts.big) {
		s->sends_left++;
		plan_by(s, sim_random(s, s->plan_ms), on_flood, &s->node[0], 1);
	}
	if (s->opts.faults)
		plan_scatter_on(s, plan_upto(s, 4), on_parted, NULL);
	if (s->opts.hostile) {
		s->enemy = 1 + (unsigned)sim_random(s, 20);
		plan_by(s, 1000, on_speak, &s->node[s->opts.nodes - 1], 0);
		on_replay(s, NULL);
	}

	for (i = 0; i < s->opts.nodes; i++) {
		for (j = i + 1; j < s->opts.nodes; j++)
			befriend(s, i, j);
	}
	for (i = 0; i < s->opts.nodes; i++) {
		struct node *n = &s->node[i];

		plan_by(s, sim_random(s, 20000), on_tend, n, 0);
		plan_by(s, sim_random(s, 120000), on_look, n, 0);
		plan_scatter_by(s, 2, on_intruder, n);
		plan_scatter_by(s, 2, on_profile, n);
		if (s->opts.faults)
			plan_fate(s, n);
		for (j = 0; j < s->opts.nodes; j++) {
			if (j != i)
				plan_pair(s, n, &s->node[j]);
		}
	}
	if (s->opts.moves) {
		moves_plan(s);
		flood_plan(s);
	}
}

void plan_end_faults(struct sim *s)
{
	struct wire *w;
	unsigned i;

	sim_say(s, "sim", "no more faults");
	s->faulty = false;
	s->healing = true;
	s->side = 0;
	TAILQ_FOREACH (w, &s->wires, entry)
		w->drop_at = 0;
	for (i = 0; i < s->opts.nodes; i++) {
		node_start(&s->node[i]);
		node_set_tor(&s->node[i], true);
		if (s->opts.weeks) /* it was to look much later */
			plan_by(s, sim_random(s, 60000), on_tend, &s->node[i], 0);
	}
	if (s->opts.moves)
		moves_end_faults(s);
}
