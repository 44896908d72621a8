/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading conversations back. */
#include "chat/history.h"

#include <stdlib.h>
#include <string.h>

#include "chat_impl.h"

#define LOOKS 32 /* contacts whose last line is looked up in one turn */

/* ERR_NOT_FOUND: of nobody that we know. */
static int check_conversation(const struct chat *c, int64_t conversation)
{
	if (c->broken)
		return c->broken;
	if (conversation <= CONVERSATION_SELF && conversation >= CONVERSATION_CHANNEL)
		return 0;
	return conversation > 0 && chat_find_id(c, conversation) ? 0 : ERR_NOT_FOUND;
}

/* ---- spans and places ---- */

struct telling {
	struct chat *c;
	history_cb cb;
	void *ctx;
};

static int tell_row(void *ctx, const struct line_row *l)
{
	struct telling *t = ctx;

	return t->cb(t->ctx, l->contact ? chat_find_id(t->c, l->contact) : NULL, l);
}

int chat_history(struct chat *c, int64_t conversation, int64_t after, int64_t before, bool latest,
		 bool events, size_t limit, history_cb cb, void *ctx)
{
	const struct store_span span = {.conversation = conversation,
					.after = after,
					.before = before,
					.latest = latest,
					.events = events,
					.limit = limit};
	struct telling t = {c, cb, ctx};
	int err = check_conversation(c, conversation);

	return err ? err : store_history(c->store, &span, tell_row, &t);
}

int chat_history_at(struct chat *c, uint64_t time_ms, int64_t *id)
{
	return c->broken ? c->broken : chat_break(c, store_history_at(c->store, time_ms, id));
}

int chat_history_find(struct chat *c, int64_t conversation, const uint8_t msgid[MSGID_BYTES], int64_t *id)
{
	int err = check_conversation(c, conversation);

	if (!err)
		err = store_line_find(c->store, conversation, msgid, id);
	return err == ERR_NOT_FOUND ? err : chat_break(c, err);
}

int history_recent(const struct chat *c, int64_t *since)
{
	int err = store_line_last(c->store, since);

	*since = *since > RECENT_LINES ? *since - RECENT_LINES : 0;
	return err;
}

int history_erase(struct chat *c, struct chat_peer *p, int64_t line)
{
	if (p)
		p->ages.last_known = false;
	return chat_break(c, store_line_erase(c->store, line));
}

/* ---- targets ---- */

/* When the last line of a conversation came; 0: there is none. */
static int last_of(struct chat *c, int64_t conversation, uint64_t *time_ms)
{
	int err = store_history_last(c->store, conversation, time_ms);

	if (err != ERR_NOT_FOUND)
		return chat_break(c, err);
	*time_ms = 0;
	return 0;
}

static int know_last(struct chat *c, struct chat_peer *p)
{
	int err = p->ages.last_known ? 0 : last_of(c, p->pub.row.id, &p->ages.last_ms);

	p->ages.last_known = !err;
	return err;
}

/* With thousands of contacts to look up, the first who asks would have to wait: so that is done before. */
static void on_timer(struct chat *c, struct now now, void *owner)
{
	struct chat_peer *p;
	size_t looks = 0;

	(void)owner;
	for (p = contact_next(c, NULL); p && looks < LOOKS; p = contact_next(c, p)) {
		if (p->ages.last_known)
			continue;
		looks++;
		if (know_last(c, p))
			return;
	}
	if (p)
		timers_set(&c->timers, &c->history_timer, now.mono_ms + 1);
}

void history_load(struct chat *c)
{
	c->history_timer.fire = on_timer;
	if (c->n_contacts)
		timers_set(&c->timers, &c->history_timer, 0);
}

void history_added(struct chat_peer *p, const struct line_row *l)
{
	if (l->kind == LINE_INFO || l->message_kind >= LINE_EVENTS || store_line_erased(l))
		return;
	p->ages.last_ms = l->time_ms;
	p->ages.last_known = true;
}

struct target {
	int64_t conversation;
	uint64_t last_ms;
};
struct targets {
	uint64_t after_ms, before_ms;
	struct target *v;
	size_t n;
};

static void targets_add(struct targets *t, int64_t conversation, uint64_t last_ms)
{
	if (last_ms && last_ms > t->after_ms && last_ms < t->before_ms)
		t->v[t->n++] = (struct target){conversation, last_ms};
}

static int targets_collect(struct chat *c, struct targets *t)
{
	struct chat_peer *p;
	uint64_t self = 0, service = 0;
	int err = last_of(c, CONVERSATION_SELF, &self);

	if (!err)
		err = last_of(c, CONVERSATION_SERVICE, &service);
	targets_add(t, CONVERSATION_SELF, self);
	targets_add(t, CONVERSATION_SERVICE, service);
	for (p = contact_next(c, NULL); p && !err; p = contact_next(c, p)) {
		err = know_last(c, p);
		if (!err)
			targets_add(t, p->pub.row.id, p->ages.last_ms);
	}
	return err;
}

static int target_cmp(const void *left, const void *right)
{
	const struct target *a = left, *b = right;

	if (a->last_ms != b->last_ms)
		return a->last_ms < b->last_ms ? -1 : 1;
	return a->conversation < b->conversation ? -1 : a->conversation > b->conversation;
}

int chat_history_targets(struct chat *c, uint64_t after_ms, uint64_t before_ms, size_t limit,
			 int (*cb)(void *ctx, int64_t conversation, const struct contact *contact,
				   uint64_t last_ms),
			 void *ctx)
{
	struct targets t = {.after_ms = after_ms, .before_ms = before_ms};
	size_t i;
	int err;

	if (c->broken)
		return c->broken;
	t.v = calloc(c->n_contacts + 2, sizeof(*t.v));
	if (!t.v)
		return ERR_NOMEM;
	err = targets_collect(c, &t);
	qsort(t.v, t.n, sizeof(*t.v), target_cmp);
	for (i = 0; i < t.n && i < limit && !err; i++)
		err = cb(ctx, t.v[i].conversation, chat_find_id(c, t.v[i].conversation), t.v[i].last_ms);
	free(t.v);
	return err;
}

/* ---- search ---- */

struct search_walk {
	struct chat *c;
	const struct history_search *q;
	history_cb cb;
	void *ctx;
	size_t limit, read, told;
	int64_t at;  /* the last that was read */
	bool past;   /* what is older came too early */
	int stopped; /* what cb ended it with */
};

static char fold(char ch)
{
	return ch >= 'A' && ch <= 'Z' ? (char)(ch | 0x20) : ch;
}

static bool begins_with(const char *text, const char *what, size_t len)
{
	size_t i;

	for (i = 0; i < len && fold(text[i]) == fold(what[i]); i++)
		;
	return i == len;
}

static bool text_holds(const struct line_row *l, const char *what)
{
	size_t len = strlen(what), i;

	for (i = 0; i + len <= l->text_len; i++) {
		if (begins_with(l->text + i, what, len))
			return true;
	}
	return false;
}

static bool matches(const struct history_search *q, const struct line_row *l)
{
	if (l->message_kind > MESSAGE_NOTICE || store_line_erased(l))
		return false;
	if (q->kind >= 0 && l->kind != q->kind)
		return false;
	if (q->before_ms && l->time_ms >= q->before_ms)
		return false;
	return !q->text || text_holds(l, q->text);
}

#define ENOUGH 1 /* ends the walk of a slice */

static int search_row(void *ctx, const struct line_row *l)
{
	struct search_walk *w = ctx;
	const struct contact *contact = l->contact ? chat_find_id(w->c, l->contact) : NULL;

	w->read++;
	w->at = l->id;
	w->past = l->time_ms <= w->q->after_ms;
	if (w->past)
		return ENOUGH;
	if ((l->contact && !contact) || !matches(w->q, l))
		return 0;
	w->told++;
	w->stopped = w->cb(w->ctx, contact, l);
	return w->stopped || w->told == w->limit ? ENOUGH : 0;
}

/* Times ascend, so what came too late is passed over at once. */
static int search_begin(struct chat *c, const struct history_search *q, int64_t *before)
{
	int64_t id;
	int err;

	if (!q->before_ms || *before != INT64_MAX)
		return 0;
	err = chat_history_at(c, q->before_ms, &id);
	if (!err)
		*before = id;
	return err;
}

int chat_history_search(struct chat *c, const struct history_search *q, int64_t *before, size_t limit,
			history_cb cb, void *ctx)
{
	struct search_walk w = {.c = c, .q = q, .cb = cb, .ctx = ctx, .limit = limit};
	int err = q->all ? c->broken : check_conversation(c, q->conversation);

	if (!err)
		err = search_begin(c, q, before);
	if (err || !limit)
		return err;
	if (q->all)
		err = store_history_down_all(c->store, *before, HISTORY_SLICE, search_row, &w);
	else
		err = store_history_down(c->store, q->conversation, *before, HISTORY_SLICE, search_row, &w);
	if (err < 0)
		return err;
	*before = w.past || (!err && w.read < HISTORY_SLICE) ? 0 : w.at;
	return w.stopped;
}

/* ---- read markers ---- */

int chat_marker(struct chat *c, int64_t conversation, uint64_t *time_ms)
{
	int err = check_conversation(c, conversation);

	*time_ms = 0;
	if (err)
		return err;
	err = store_marker_get(c->store, conversation, time_ms);
	return err == ERR_NOT_FOUND ? 0 : chat_break(c, err);
}

int chat_marker_set(struct chat *c, int64_t conversation, uint64_t time_ms)
{
	uint64_t stood = 0;
	int err = time_ms > INT64_MAX ? ERR_INVALID : chat_marker(c, conversation, &stood);

	if (err || time_ms == stood)
		return err;
	if (time_ms < stood)
		return ERR_EXISTS;
	return chat_break(c, store_marker_set(c->store, conversation, time_ms));
}
