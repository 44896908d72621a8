/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A client of each account: it reads the lines after its cursor, has them once their turn is committed, and
 * dies at any line, mostly before the cursor has moved.  It must miss none, and see none again but those
 * after its cursor, as they were.
 */
#include "sim.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define READ_SOME 20

static struct shown *shown_add(struct client *c, int64_t id)
{
	if (c->n == c->room) {
		c->room = c->room ? 2 * c->room : 64;
		c->shown = realloc(c->shown, c->room * sizeof(*c->shown));
		if (!c->shown)
			abort();
	}
	c->shown[c->n].id = id;
	return &c->shown[c->n++];
}

static struct shown *shown_find(struct client *c, int64_t id)
{
	size_t low = 0, high = c->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (c->shown[mid].id < id)
			low = mid + 1;
		else
			high = mid;
	}
	return low < c->n && c->shown[low].id == id ? &c->shown[low] : NULL;
}

static int on_line(void *ctx, const struct contact *contact, const struct line_row *l)
{
	struct node *n = ctx;
	struct client *c = &n->client;
	struct shown *had = shown_find(c, l->id);

	(void)contact;
	if (l->id <= c->fence)
		sim_fail(n->sim, n->name, "shows line %" PRId64 " again, behind the cursor", l->id);
	else if (had && memcmp(had->msgid, l->msgid, MSGID_BYTES))
		sim_fail(n->sim, n->name, "line %" PRId64 " is another one now", l->id);
	else if (!had && c->n && l->id < c->shown[c->n - 1].id)
		sim_fail(n->sim, n->name, "line %" PRId64 " comes late", l->id);
	else if (!had)
		memcpy(shown_add(c, l->id)->msgid, l->msgid, MSGID_BYTES);
	c->last = l->id;
	return n->sim->failed;
}

static void client_read(struct node *n, size_t limit)
{
	struct client *c = &n->client;
	int64_t cursor;

	if (chat_cursor(n->chat, SIM_CLIENT, &cursor))
		return; /* broken: the turn will fail */
	c->last = cursor;
	chat_lines(n->chat, cursor, limit, on_line, n);
	if (sim_random(n->sim, 3) && !chat_cursor_move(n->chat, SIM_CLIENT, c->last))
		c->next_fence = c->last;
}

void client_look(struct node *n)
{
	client_read(n, 1 + sim_random(n->sim, READ_SOME));
}

void client_settle(struct node *n, bool committed)
{
	struct client *c = &n->client;

	if (committed) {
		c->settled = c->n;
		c->fence = c->next_fence;
	} else {
		c->n = c->settled;
		c->next_fence = c->fence;
	}
}

/* With an old database the cursor is an old one, and numbers of lines come again. */
void client_forget(struct node *n)
{
	struct client *c = &n->client;

	c->n = c->settled = 0;
	c->fence = c->next_fence = 0;
	c->since = 0;
	if (!chat_cursor(n->chat, SIM_CLIENT, &c->since))
		c->fence = c->next_fence = c->since;
}

/* ---- at the end ---- */

struct missing {
	struct node *n;
	size_t at;
};

static int on_stored(void *ctx, const struct contact *contact, const struct line_row *l)
{
	struct missing *m = ctx;
	struct client *c = &m->n->client;

	(void)contact;
	/* Of a contact that was removed since, or taken back. */
	while (m->at < c->n && c->shown[m->at].id < l->id)
		m->at++;
	if (m->at == c->n || c->shown[m->at].id != l->id ||
	    memcmp(c->shown[m->at].msgid, l->msgid, MSGID_BYTES)) {
		sim_fail(m->n->sim, m->n->name, "line %" PRId64 " was never shown", l->id);
		return 1;
	}
	m->at++;
	return 0;
}

void client_check(struct node *n)
{
	struct missing m = {.n = n};

	client_read(n, SIZE_MAX);
	chat_lines(n->chat, n->client.since, SIZE_MAX, on_stored, &m);
}

void client_clear(struct node *n)
{
	free(n->client.shown);
}
