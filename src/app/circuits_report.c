/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which circuit belongs to which contact.  A circuit that we dialled carries the contact's SOCKS username; of
 * several, the newest is the link's: older ones outlive their links for a while.  Tor doesn't tell for one
 * that was dialled to us: with a single such circuit and a single such link it is clear, otherwise they are
 * listed without a name.
 */
#include <stdlib.h>
#include <string.h>

#include "app.h"
#include "base/err.h"

#define REPORT_MAX 512

struct circuits_question {
	struct app *app;
	char account[NICK_MAX + 1];
	gateway_circuits_cb cb;
	void *ctx;
};

struct incoming {
	const struct contact *only;
	size_t n;
};

static int count_incoming(void *ctx, const struct contact *contact)
{
	struct incoming *in = ctx;

	if (contact->link_up && contact->link_incoming && !contact->local) {
		in->only = contact;
		in->n++;
	}
	return 0;
}

struct by_isolation {
	const char *isolation;
	const struct contact *found;
};

static int match_isolation(void *ctx, const struct contact *contact)
{
	struct by_isolation *m = ctx;

	if (!contact->link_up || contact->link_incoming || contact->local ||
	    strcmp(contact->isolation, m->isolation) != 0)
		return 0;
	m->found = contact;
	return 1;
}

/* With a tor that all share, others' circuits are among them. */
static bool came_to_us(const struct peer *p, const struct tor_circuit *t)
{
	return t->service_side && p != NULL && peer_has_onion(p, t->onion);
}

static size_t count_service_side(const struct peer *p, const struct tor_circuit *circuits, size_t n)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		count += came_to_us(p, &circuits[i]);
	return count;
}

static bool is_newest(const struct tor_circuit *circuits, size_t n, const struct tor_circuit *t)
{
	for (size_t i = 0; i < n; i++) {
		const struct tor_circuit *o = &circuits[i];

		if (!o->service_side && strcmp(o->isolation, t->isolation) == 0 &&
		    (o->created_ms > t->created_ms || (o->created_ms == t->created_ms && o->id > t->id)))
			return false;
	}
	return true;
}

static size_t report(const struct chat *c, const struct peer *p, const struct tor_circuit *circuits, size_t n,
		     struct gateway_circuit *out)
{
	struct incoming in = {0};
	bool clear;
	size_t count = 0;

	(void)chat_each(c, count_incoming, &in);
	clear = in.n == 1 && count_service_side(p, circuits, n) == 1;
	for (size_t i = 0; i < n && count < REPORT_MAX; i++) {
		const struct tor_circuit *t = &circuits[i];
		struct by_isolation m = {.isolation = t->isolation};

		if (t->service_side) {
			if (in.n == 0 || !came_to_us(p, t))
				continue;
			out[count++] = (struct gateway_circuit){
			    .contact = clear ? in.only : NULL, .incoming = true, .path = t->path};
		} else if (t->isolation[0] != '\0' && is_newest(circuits, n, t) &&
			   chat_each(c, match_isolation, &m) != 0) {
			out[count++] = (struct gateway_circuit){.contact = m.found, .path = t->path};
		}
	}
	return count;
}

static void on_circuits(void *ctx, int err, const struct tor_circuit *circuits, size_t n)
{
	struct circuits_question *q = ctx;
	struct account *a = accounts_find(q->app->accounts, q->account);
	struct chat *c = a == NULL ? NULL : account_chat(a);
	const struct app_account *aa = a == NULL ? NULL : account_data(a);
	struct gateway_circuit *out = NULL;
	size_t count = 0;

	if (c != NULL && aa != NULL) {
		out = calloc(REPORT_MAX, sizeof(*out));
		if (out == NULL)
			err = ERR_NOMEM;
		else if (err == 0)
			count = report(c, aa->peer, circuits, n, out);
		q->cb(q->ctx, err, out, count);
	}
	free(out);
	free(q);
}

int app_circuits(struct app_account *aa, gateway_circuits_cb cb, void *cb_ctx)
{
	struct circuits_question *q;
	int r;

	if (aa->unit == NULL)
		return ERR_UNAVAILABLE;
	q = calloc(1, sizeof(*q));
	if (q == NULL)
		return ERR_NOMEM;
	q->app = aa->app;
	memcpy(q->account, account_name(aa->account), strlen(account_name(aa->account)) + 1);
	q->cb = cb;
	q->ctx = cb_ctx;
	r = tor_circuits(aa->unit->tor, on_circuits, q);
	if (r < 0)
		free(q);
	return r;
}
