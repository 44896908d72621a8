/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "circuits.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/str.h"

#include "session.h"

#define TICKETS_MAX 64

/* Stays until its answer comes, or until the gateway goes if its account was locked first. */
struct ticket {
	LIST_ENTRY(ticket) link;
	struct client *client; /* NULL: gone */
	bool in_channel;
};

static void show(struct client *c, const struct gateway_circuit *circuit)
{
	const char *who = circuit->contact != NULL ? circuit->contact->row.petname : "a peer that dialled us";

	client_notice(c, "Circuit %s %s: %s", circuit->incoming ? "from" : "to", who, circuit->path);
}

/* Links within this daemon have none. */
static int show_local(void *ctx, const struct contact *contact)
{
	if (contact->local && contact->link_up)
		client_notice(ctx, "Circuit %s %s: none, a local link of this household",
			      contact->link_incoming ? "from" : "to", contact->row.petname);
	return 0;
}

static void on_circuits(void *ctx, int err, const struct gateway_circuit *circuits, size_t n)
{
	struct ticket *t = ctx;
	struct client *c = t->client;

	LIST_REMOVE(t, link);
	if (c != NULL) {
		c->in_channel = t->in_channel;
		if (err != 0)
			client_notice(c, "The circuits can't be told now: %s.", err_str(err));
		else if (n == 0)
			client_notice(c, "No circuit to or from a contact stands.");
		for (size_t i = 0; i < n; i++)
			show(c, &circuits[i]);
		c->in_channel = false;
	}
	free(t);
}

static size_t count_tickets(const struct gateway *g)
{
	const struct ticket *t;
	size_t n = 0;

	LIST_FOREACH (t, &g->tickets, link)
		n++;
	return n;
}

void circuits_show_local(struct client *c)
{
	chat_each(session_chat(c->session), show_local, c);
}

void circuits_ask(struct client *c)
{
	struct gateway *g = c->gateway;
	struct ticket *t;
	int err;

	circuits_show_local(c);
	if (g->opts.ops->circuits == NULL) {
		client_notice(c, "No circuit to or from a contact stands.");
		return;
	}
	t = count_tickets(g) < TICKETS_MAX ? calloc(1, sizeof(*t)) : NULL;
	if (t == NULL) {
		client_notice(c, "The circuits can't be told now: %s.", err_str(ERR_AGAIN));
		return;
	}
	t->client = c;
	t->in_channel = c->in_channel;
	LIST_INSERT_HEAD(&g->tickets, t, link);
	err = g->opts.ops->circuits(g->opts.ctx, c->account, on_circuits, t);
	if (err != 0) {
		client_notice(c, "The circuits can't be told now: %s.", err_str(err));
		LIST_REMOVE(t, link);
		free(t);
	}
}

void circuits_cancel(struct client *c)
{
	struct ticket *t;

	LIST_FOREACH (t, &c->gateway->tickets, link)
		if (t->client == c)
			t->client = NULL;
}

void circuits_forget(struct gateway *g)
{
	struct ticket *t;

	while ((t = LIST_FIRST(&g->tickets)) != NULL) {
		LIST_REMOVE(t, link);
		free(t);
	}
}
