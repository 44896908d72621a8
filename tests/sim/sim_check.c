/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The promises, held against what chat tells its front and what lies in the stores. */
#include "sim.h"

#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../../src/chat/chat_impl.h"
#include "link/link.h"

#define STALL_MS   (5u * 60 * 1000)  /* connections may break in the middle, again and again */
#define SLOW_MS	   (15u * 60 * 1000) /* likewise, where each record takes seconds, one after the other */
#define WAL_MAX	   (16 * 1024 * 1024)
#define MEMORY_MAX (200u * 1024 * 1024) /* of all accounts, connections and the simulator itself */

/* When nothing comes from a contact any more, it is shown online no longer than: silence, its
 * jitter, the answer to a ping, grace, and the time between two looks. */
#define ONLINE_BOUND_MS	 ((24u + 6u + 28u + 30u + 8u) * 1000)
#define WEEKS_BOUND_MS	 (WEEKS_PING_MS * 5 / 4 + (28u + 30u) * 1000 + 600000u)

static struct node *node_of(struct node *n, const struct contact *contact)
{
	return node_by_identity(n->sim, contact->row.identity);
}

struct accepted *check_find(struct node *from, const struct node *to, const uint8_t msgid[MSGID_BYTES])
{
	struct accepted_list *list = &from->accepted[to->index];
	size_t i;

	for (i = 0; i < list->n; i++) {
		size_t at = (list->hint + i) % list->n;

		if (!memcmp(list->m[at].msgid, msgid, MSGID_BYTES)) {
			list->hint = at + 1;
			return &list->m[at];
		}
	}
	return NULL;
}

static bool committed(const struct node *from, const struct node *to, const struct accepted *m)
{
	return m && (size_t)(m - from->accepted[to->index].m) < from->accepted_before[to->index];
}

void check_accept(struct node *n, struct node *to, const uint8_t msgid[MSGID_BYTES], const char *text,
		  size_t len)
{
	struct accepted_list *list = &n->accepted[to->index];

	if (list->n == SIM_MSGS_MAX) {
		sim_fail(n->sim, n->name, "the plan has too many messages");
		return;
	}
	if (list->n == list->room) {
		list->room = list->room ? 2 * list->room : 64;
		list->m = realloc(list->m, list->room * sizeof(*list->m));
		if (!list->m)
			abort();
	}
	memset(&list->m[list->n], 0, sizeof(list->m[0]));
	memcpy(list->m[list->n].msgid, msgid, MSGID_BYTES);
	list->m[list->n].text_hash = sim_hash(1, text, len);
	list->n++;
}

void check_cancel(struct node *n, struct node *to, const uint8_t msgid[MSGID_BYTES], bool redacted)
{
	if (n->n_cancels == CANCELS_MAX) {
		sim_fail(n->sim, n->name, "the plan has too many cancels");
		return;
	}
	n->cancels[n->n_cancels].to = to;
	n->cancels[n->n_cancels].redacted = redacted;
	memcpy(n->cancels[n->n_cancels++].msgid, msgid, MSGID_BYTES);
}

void check_settle(struct node *n, bool committed)
{
	size_t i;

	for (i = 0; i < n->n_cancels && committed; i++) {
		struct accepted *m = check_find(n, n->cancels[i].to, n->cancels[i].msgid);

		if (m && n->cancels[i].redacted)
			m->redacted = true;
		else if (m)
			m->cancelled = true;
	}
	n->n_cancels = 0;
	for (i = 0; i < SIM_NODES_MAX; i++) {
		if (committed)
			n->accepted_before[i] = n->accepted[i].n;
		else
			n->accepted[i].n = n->accepted_before[i];
	}
	client_settle(n, committed);
	guard_settle(n, committed);
}

/* News that a session was begun anew, and what is lost by that. */
static bool is_reset(const struct line_row *l)
{
	return l->kind == LINE_INFO && memmem(l->text, l->text_len, "anew", 4);
}

/* ---- the front ---- */

static void on_line(void *ctx, struct chat *c, const struct contact *contact, const struct line_row *l)
{
	struct node *n = ctx;
	struct node *from = contact ? node_of(n, contact) : NULL;
	uint64_t hash = sim_hash(1, l->text, l->text_len);
	const struct accepted *m;

	(void)c;
	sim_say(n->sim, n->name, "line %" PRId64 " %s %s %016" PRIx64, l->id,
		contact ? contact->row.petname : "-",
		l->kind == LINE_IN    ? "in"
		: l->kind == LINE_OUT ? "out"
				      : "info",
		hash);
	guard_on_line(n, from, contact, l);
	if (is_reset(l) && from && !from->hostile && !n->hostile && !n->sim->n.restores && !n->sim->n.aparts &&
	    !n->pair[from->index].removed && !from->pair[n->index].removed)
		sim_fail(n->sim, n->name, "a session with %s was lost, though nothing was put back",
			 from->name);
	if (l->kind != LINE_IN || l->message_kind == LINE_REDACT || n->hostile || (from && from->hostile))
		return;
	if (!from || !n->friend_of[from->index])
		sim_fail(n->sim, n->name, "a line from somebody who is no contact");
	else if (m = check_find(from, n, l->msgid), !committed(from, n, m))
		sim_fail(n->sim, n->name, "a line that %s never wrote, or has not committed", from->name);
	else if (m->cancelled && !m->old)
		sim_fail(n->sim, n->name, "a line that %s has cancelled", from->name);
}

static void on_presence(void *ctx, struct chat *c, const struct contact *contact, enum presence before,
			const char *reason)
{
	static const char *const words[] = {"offline", "online", "away"};
	struct node *n = ctx;
	struct node *of = node_of(n, contact);

	(void)c;
	sim_say(n->sim, n->name, "%s is %s, was %s (%s)", contact->row.petname, words[contact->presence],
		words[before], reason ? reason : "");
	if (contact->presence != PRESENCE_OFFLINE && (!of || !n->friend_of[of->index]))
		sim_fail(n->sim, n->name, "shows somebody online who is no contact");
}

static void on_contact(void *ctx, struct chat *c, const struct contact *contact)
{
	struct node *n = ctx;

	(void)c;
	sim_say(n->sim, n->name, "has the contact %s", contact->row.petname);
}

static void on_added(void *ctx, struct chat *c, const struct contact *contact)
{
	struct node *n = ctx;
	struct node *of = node_of(n, contact);

	on_contact(ctx, c, contact);
	if (of)
		guard_on_added(n, of);
	else
		sim_fail(n->sim, n->name, "has a contact who is nobody");
}

static void on_gone(void *ctx, struct chat *c, const struct contact *contact)
{
	struct node *n = ctx;

	(void)c;
	sim_say(n->sim, n->name, "has %s no more", contact->row.petname);
}

static void on_blocked(void *ctx, struct chat *c, const struct contact *contact)
{
	struct node *n = ctx;

	(void)c;
	sim_say(n->sim, n->name, "has %s %s", contact->row.petname, contact->row.blocked ? "blocked" : "unblocked");
}

static void on_renamed(void *ctx, struct chat *c, const struct contact *contact, const char *old_nick)
{
	struct node *n = ctx;

	(void)c;
	sim_say(n->sim, n->name, "%s was %s", contact->row.petname, old_nick);
}

static void on_named(void *ctx, struct chat *c, const struct contact *contact)
{
	struct node *n = ctx;

	(void)c;
	sim_say(n->sim, n->name, "%s calls itself %s", contact->row.petname, contact->row.their_nick);
}

static void on_request(void *ctx, struct chat *c, const struct request_row *r)
{
	struct node *n = ctx;

	sim_say(n->sim, n->name, "%s asks", r->name);
	if (!chat_door(c))
		sim_fail(n->sim, n->name, "is asked behind a closed door");
}

static void on_self(void *ctx, struct chat *c, const char *old_nick)
{
	struct node *n = ctx;

	sim_say(n->sim, n->name, "is %s, %s", old_nick, chat_away(c) ? "away" : "here");
}

static void on_typing(void *ctx, struct chat *c, const struct contact *contact, enum typing state)
{
	struct node *n = ctx;

	(void)c;
	sim_say(n->sim, n->name, "typing of %s: %d", contact->row.petname, (int)state);
}

static void on_notice(void *ctx, struct chat *c, const struct contact *contact, const char *text)
{
	struct node *n = ctx;

	(void)c;
	(void)contact;
	sim_say(n->sim, n->name, "notice: %s", text);
}

static void on_status(void *ctx, struct chat *c)
{
	(void)ctx;
	(void)c;
}

const struct chat_front check_front = {
    .line = on_line,
    .presence = on_presence,
    .contact_added = on_added,
    .contact_renamed = on_renamed,
    .contact_named = on_named,
    .contact_removed = on_gone,
    .contact_blocked = on_blocked,
    .request = on_request,
    .self = on_self,
    .typing = on_typing,
    .notice = on_notice,
    .status = on_status,
};

/* ---- while it runs ---- */

static bool friends(const struct node *a, const struct node *b)
{
	return a != b && !a->hostile && !b->hostile && a->friend_of[b->index] && b->friend_of[a->index];
}

/* Friends, and nothing parts them for good. */
static bool together(const struct node *a, const struct node *b)
{
	return friends(a, b) && guard_together(a, b);
}

static void check_pair_presence(struct sim *s, struct node *n, struct node *o)
{
	struct contact *contact = node_contact(n, o);

	if (n->hostile)
		return;
	if (n->stopped_until_ms >= s->now_ms) {
		n->together_ms[o->index] = n->stopped_until_ms; /* from then on it could notice */
		return;
	}
	if (contact && contact->presence != PRESENCE_OFFLINE &&
	    s->now_ms - n->together_ms[o->index] > (s->opts.weeks ? WEEKS_BOUND_MS : ONLINE_BOUND_MS))
		sim_fail(s, n->name, "shows %s online though nothing came from there", o->name);
}

static uint64_t stall_ms(const struct node *n, const struct node *o)
{
	if (n->sim->opts.weeks)
		return WEEKS_BOUND_MS;
	return n->slow || o->slow ? SLOW_MS : STALL_MS;
}

/* Nobody is shown online for long to whom nothing gets through. */
static void check_pair_progress(struct sim *s, struct node *n, struct node *o)
{
	struct progress *p = &n->progress[o->index];
	struct contact *contact = node_contact(n, o);

	if (n->stopped_until_ms >= s->now_ms || !contact || contact->presence == PRESENCE_OFFLINE ||
	    !contact->queued || contact->queued != p->queued || !friends(n, o)) {
		p->at_ms = n->stopped_until_ms > s->now_ms ? n->stopped_until_ms : s->now_ms;
		p->queued = contact ? contact->queued : 0;
	} else if (s->now_ms - p->at_ms > stall_ms(n, o)) {
		sim_fail(s, n->name, "shows %s online, but nothing gets there", o->name);
	}
}

static void check_growth(struct sim *s, struct node *n)
{
	size_t bound = DOOR_LINKS_MAX + GUEST_LINKS_MAX + s->opts.nodes * (CONTACT_LINKS_MAX + 2);
	size_t links = 0;
	struct end *e;
	struct stat st;
	char wal[640];

	/* Those in a handshake are bounded by the net (peer). */
	TAILQ_FOREACH (e, &n->ends, entry)
		links += e->told;
	if (links > bound)
		sim_fail(s, n->name, "has %zu links", links);
	snprintf(wal, sizeof(wal), "%s-wal", n->db);
	if (!stat(wal, &st) && st.st_size > WAL_MAX)
		sim_fail(s, n->name, "its log has %lld bytes", (long long)st.st_size);
	if (mallinfo2().uordblks > MEMORY_MAX)
		sim_fail(s, n->name, "all together use %zu bytes", mallinfo2().uordblks);
}

void check_watch(struct sim *s)
{
	unsigned i, j;

	if (keys_reused())
		sim_fail(s, "sim", "a message key was used twice");
	guard_watch(s);
	for (i = 0; i < s->opts.nodes; i++) {
		check_growth(s, &s->node[i]);
		for (j = 0; j < s->opts.nodes; j++) {
			if (i == j)
				continue;
			check_pair_presence(s, &s->node[i], &s->node[j]);
			check_pair_progress(s, &s->node[i], &s->node[j]);
		}
	}
}

/* Has it all, and what it sent has arrived? */
static bool pair_quiet(const struct node *n, const struct node *o)
{
	const struct contact *contact;

	if (!together(n, o))
		return true;
	contact = node_contact(n, o);
	return contact && contact->row.state == CONTACT_LINKED && !contact->queued && !contact->impl->n_offers &&
	       contact->link_up;
}

bool check_quiet(const struct sim *s)
{
	unsigned i, j;

	if (s->sends_left)
		return false;
	for (i = 0; i < s->opts.nodes; i++) {
		if (!s->node[i].chat || s->node[i].stopped_until_ms >= s->now_ms)
			return false;
		for (j = 0; j < s->opts.nodes; j++) {
			if (!pair_quiet(&s->node[i], &s->node[j]))
				return false;
		}
	}
	return true;
}

void check_unquiet(struct sim *s)
{
	unsigned i, j;

	for (i = 0; i < s->opts.nodes; i++) {
		for (j = 0; s->node[i].chat && j < s->opts.nodes; j++) {
			const struct contact *contact = node_contact(&s->node[i], &s->node[j]);

			if (!pair_quiet(&s->node[i], &s->node[j]))
				sim_say(s, s->node[i].name, "waits for %s: state %d, %zu queued, %s", s->node[j].name,
					contact ? contact->row.state : 0, contact ? contact->queued : 0,
					contact && contact->link_up ? "a link" : "no link");
		}
	}
	sim_fail(s, "sim", "not everything was delivered in time: %u things are still to be written", s->sends_left);
}

/* ---- at the end ---- */

struct reading {
	struct node *n;
	struct node *of;
	int kind;
	struct node *writer, *reader;
	bool *had;   /* by the place in what was accepted */
	size_t next; /* those before it came, or need not come any more */
	uint64_t time_ms;
	bool told; /* the writer, that something is lost */
};

/* It may be missing, and in any place. */
static bool is_lax(const struct reading *r, const struct accepted *m)
{
	return m->lost || m->redacted || (r->kind == LINE_IN && (m->excused || m->cancelled || m->dropped));
}

/* The reader has lost it after its ack, and the writer, who has lost nothing, knows. */
static bool is_gone(const struct reading *r, size_t at)
{
	const struct accepted *m = &r->writer->accepted[r->reader->index].m[at];

	return r->kind == LINE_IN && !r->had[at] && m->excused && !m->lost && !m->cancelled && !m->old && !m->dropped &&
	       !r->writer->n_restores;
}

static int find_reset(void *ctx, const struct contact *contact, const struct line_row *l)
{
	struct reading *r = ctx;

	r->told = r->told || (contact && node_of(r->writer, contact) == r->reader && is_reset(l));
	return 0;
}

static void read_message(struct reading *r, const struct line_row *l)
{
	struct accepted_list *list = &r->writer->accepted[r->reader->index];
	struct accepted *m = check_find(r->writer, r->reader, l->msgid);
	struct sim *s = r->n->sim;
	size_t at = m ? (size_t)(m - list->m) : 0;

	if (!m)
		sim_fail(s, r->n->name, "has a line with %s that was never written", r->of->name);
	else if (sim_hash(1, l->text, l->text_len) != m->text_hash)
		sim_fail(s, r->n->name, "line %zu with %s has another text", at, r->of->name);
	else if (r->had[at])
		sim_fail(s, r->n->name, "line %zu with %s is there twice", at, r->of->name);
	else if (m->lost && r->kind == LINE_OUT)
		sim_fail(s, r->n->name, "line %zu to %s has come back", at, r->of->name);
	else if (m->redacted && together(r->writer, r->reader))
		sim_fail(s, r->n->name, "line %zu with %s was taken back", at, r->of->name);
	else if (m->cancelled && !m->old && r->kind == LINE_IN)
		sim_fail(s, r->n->name, "line %zu with %s was cancelled", at, r->of->name);
	else if (!is_lax(r, m) && at < r->next)
		sim_fail(s, r->n->name, "line %zu with %s comes after line %zu", at, r->of->name,
			 r->next - 1);
	else if (!is_lax(r, m))
		r->next = at + 1;
	if (m)
		r->had[at] = true;
}

static int read_line(void *ctx, const struct contact *contact, const struct line_row *l)
{
	struct reading *r = ctx;

	if (!contact || node_of(r->n, contact) != r->of)
		return 0;
	if (l->time_ms < r->time_ms)
		sim_fail(r->n->sim, r->n->name, "time goes back in the conversation with %s", r->of->name);
	r->time_ms = l->time_ms;
	if (l->kind == r->kind && l->message_kind != LINE_REDACT)
		read_message(r, l);
	return r->n->sim->failed;
}

/*
 * The store of n holds what writer accepted for reader, once each and in order.  What an old backup took away
 * from the writer or, after its ack, from the reader, is there once or not at all, in any place; so is what
 * waited for one who was blocked or removed.  To whom nothing leads, things still wait.
 */
static void check_conversation(struct node *n, struct node *of, int kind, struct node *writer,
			       struct node *reader)
{
	bool all = kind == LINE_OUT || together(writer, reader);
	const struct accepted_list *list = &writer->accepted[reader->index];
	struct reading r = {.n = n, .of = of, .kind = kind, .writer = writer, .reader = reader};
	size_t i;

	r.had = calloc(list->n + 1, sizeof(*r.had));
	if (!r.had)
		abort();
	chat_lines(n->chat, 0, SIZE_MAX, read_line, &r);
	for (i = 0; i < list->n && !n->sim->failed; i++) {
		if (all && !r.had[i] && !is_lax(&r, &list->m[i]))
			sim_fail(n->sim, n->name, "lacks line %zu of %zu with %s", i, list->n, of->name);
		if (all && is_gone(&r, i) && !r.told) {
			chat_lines(writer->chat, 0, SIZE_MAX, find_reset, &r);
			if (!r.told)
				sim_fail(n->sim, writer->name, "is not told that %s lost messages",
					 reader->name);
		}
	}
	free(r.had);
}

/* One that is being closed waits for the network to take its last records, which may be deaf. */
static unsigned count_links(const struct node *n, const struct node *o)
{
	const struct end *e;
	unsigned links = 0;

	TAILQ_FOREACH (e, &n->ends, entry)
		links += !e->closing && (e->wire->end[0].node == o || e->wire->end[1].node == o);
	return links;
}

bool check_settled(const struct sim *s)
{
	unsigned i, j;

	for (i = 0; i < s->opts.nodes; i++) {
		for (j = 0; j < s->opts.nodes; j++) {
			if (together(&s->node[i], &s->node[j]) && count_links(&s->node[i], &s->node[j]) != 1)
				return false;
		}
	}
	return true;
}

static void check_link(struct sim *s, struct node *n, struct node *o)
{
	struct contact *contact = node_contact(n, o);
	unsigned links = count_links(n, o);

	if (contact->presence == PRESENCE_OFFLINE || contact->trouble[0])
		sim_fail(s, n->name, "does not show %s online", o->name);
	if (links != 1)
		sim_fail(s, n->name, "has %u links with %s", links, o->name);
}

static void check_strangers(struct sim *s, struct node *n, struct node *o)
{
	struct contact *contact = node_contact(n, o);

	if (!n->friend_of[o->index] && contact)
		sim_fail(s, n->name, "has the stranger %s for a contact", o->name);
	if (!friends(n, o) && !o->hostile && !n->hostile && contact && !o->pair[n->index].removed &&
	    (contact->row.state != CONTACT_ASKED || contact->presence != PRESENCE_OFFLINE))
		sim_fail(s, n->name, "has got somewhere with %s", o->name);
}

void check_end(struct sim *s)
{
	unsigned i, j;

	check_watch(s);
	guard_end(s);
	for (i = 0; i < s->opts.nodes && !s->failed; i++) {
		if (!s->node[i].chat) {
			sim_fail(s, s->node[i].name, "does not run");
			return;
		}
		client_check(&s->node[i]);
		for (j = 0; j < s->opts.nodes && !s->failed; j++) {
			struct node *n = &s->node[i];
			struct node *o = &s->node[j];

			if (i == j)
				continue;
			check_strangers(s, n, o);
			if (!friends(n, o))
				continue;
			if (together(n, o))
				check_link(s, n, o);
			check_conversation(n, o, LINE_OUT, n, o);
			check_conversation(n, o, LINE_IN, o, n);
		}
	}
}
