/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/gateway.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/str.h"
#include "io/inlet.h"

#include "capabilities.h"
#include "circuits.h"
#include "gateway_private.h"
#include "login.h"
#include "session.h"

#define CLIENTS_MAX		4096
#define OUT_MAX			((size_t)4 << 20) /* holds a WHO of CONTACTS_MAX */
#define USER_BURST		20000
#define USER_RATE		5000
#define STRANGER_SHARE		4
#define REGISTRATION_TIMEOUT_MS 60000
#define PING_MS			120000
#define BARRIER_MS		1000
#define GUESS_MS		500

static void on_reap(void *ctx)
{
	client_reap(ctx);
}

static void fill_defaults(struct gateway_opts *o)
{
	if (o->clients_max == 0)
		o->clients_max = CLIENTS_MAX;
	if (o->account_clients_max == 0)
		o->account_clients_max = o->clients_max;
	if (o->out_max == 0)
		o->out_max = OUT_MAX;
	if (o->users.burst == 0)
		o->users = (struct flood_limit){USER_BURST, USER_RATE};
	if (o->strangers.burst == 0)
		o->strangers = (struct flood_limit){USER_BURST / STRANGER_SHARE, USER_RATE / STRANGER_SHARE};
	if (o->registration_timeout_ms == 0)
		o->registration_timeout_ms = REGISTRATION_TIMEOUT_MS;
	if (o->ping_ms == 0)
		o->ping_ms = PING_MS;
	if (o->barrier_ms == 0)
		o->barrier_ms = BARRIER_MS;
	if (o->guess_ms == 0)
		o->guess_ms = GUESS_MS;
}

int gateway_new(struct loop *loop, struct worker *worker, const struct gateway_opts *opts,
		struct gateway **out)
{
	struct gateway *g = calloc(1, sizeof(*g));
	int err = ERR_NOMEM;

	*out = NULL;
	if (g == NULL)
		return ERR_NOMEM;
	TAILQ_INIT(&g->clients);
	TAILQ_INIT(&g->dead);
	LIST_INIT(&g->sessions);
	LIST_INIT(&g->tickets);
	g->loop = loop;
	g->worker = worker;
	g->opts = *opts;
	fill_defaults(&g->opts);
	g->started_ms = loop_time_ms(loop);
	g->reaper = timer_new(loop, on_reap, g);
	login_init(g);
	if (g->reaper == NULL || g->login_timer == NULL)
		goto fail;
	err = str_copy(g->server_name, sizeof(g->server_name), opts->server_name);
	if (err != 0)
		goto fail;
	str_fmt(g->service_mask, sizeof(g->service_mask), "%s!%s@%s", SERVICE_NICK, SERVICE_NICK,
		g->server_name);
	*out = g;
	return 0;
fail:
	gateway_free(g);
	return err;
}

void gateway_set_accounts(struct gateway *g, struct accounts *accounts)
{
	g->accounts = accounts;
	capabilities_refresh(g);
}

void gateway_shutdown(struct gateway *g, const char *reason)
{
	struct client *next;

	str_copy_n(g->closing, sizeof(g->closing), reason,
		   utf8_cut(reason, strlen(reason), sizeof(g->closing) - 1));
	for (size_t i = 0; i < g->n_inlets; i++)
		inlet_pause(g->inlets[i], true);
	for (struct client *c = TAILQ_FIRST(&g->clients); c != NULL; c = next) {
		next = TAILQ_NEXT(c, link);
		if (c->account == NULL)
			client_end(c, g->closing);
	}
}

void gateway_free(struct gateway *g)
{
	struct session *s;
	struct client *c;

	if (g == NULL)
		return;
	while ((c = TAILQ_FIRST(&g->clients)) != NULL)
		client_end(c, "The server is going down");
	for (size_t i = 0; i < g->n_inlets; i++)
		inlet_free(g->inlets[i]);
	while ((s = LIST_FIRST(&g->sessions)) != NULL)
		session_free(s);
	circuits_forget(g);
	client_reap(g);
	login_clear(g);
	timer_free(g->reaper);
	free(g);
}

static void on_inlet(void *ctx, struct stream *s)
{
	client_accept(ctx, s);
}

int gateway_listen(struct gateway *g, const char *address, const char **address_out)
{
	struct inlet_opts opts = {
	    .stream = client_stream_opts(g),
	    .socket_mode = 0600,
	    .tls = g->opts.tls,
	    .ws = {.host = g->server_name, .origins = g->opts.ws_origins, .n_origins = g->opts.n_ws_origins},
	    .handshake_ms = g->opts.handshake_ms,
	};
	struct inlet *i;
	int err;

	if (g->n_inlets == INLETS_MAX)
		return ERR_FULL;
	err = inlet_new(g->loop, address, &opts, on_inlet, g, &i);
	if (err != 0)
		return err;
	g->inlets[g->n_inlets++] = i;
	if (address_out != NULL)
		*address_out = inlet_address(i);
	return 0;
}

void gateway_accept(struct gateway *g, int fd)
{
	struct stream_opts opts = client_stream_opts(g);
	struct stream *s = stream_new(g->loop, fd, &opts, NULL, NULL);

	if (s != NULL)
		client_accept(g, s);
}

struct now gateway_now(const struct gateway *g)
{
	return (struct now){.mono_ms = loop_now_ms(g->loop), .real_ms = loop_time_ms(g->loop)};
}

/* ---- what the app tells ---- */

void gateway_on_unlocked(struct gateway *g, struct account *a)
{
	if (session_get(g, a) == NULL)
		log_error("no memory for the clients of an account");
}

void gateway_on_locked(struct gateway *g, struct account *a, const char *reason)
{
	struct client *next;

	for (struct client *c = TAILQ_FIRST(&g->clients); c != NULL; c = next) {
		next = TAILQ_NEXT(c, link);
		if (c->account != a)
			continue;
		if (g->closing[0] != '\0') {
			/* The account has committed. */
			stream_set_domain(c->stream, NULL);
			client_end(c, g->closing);
		} else {
			session_logout(c, reason);
		}
	}
	session_free(session_find(g, a));
}

void gateway_on_commit_failed(struct gateway *g, struct account *a, int err)
{
	struct client *next;
	char reason[128];

	str_fmt(reason, sizeof(reason),
		"Could not store (%s): nothing that was not answered has been accepted", err_str(err));
	for (struct client *c = TAILQ_FIRST(&g->clients); c != NULL; c = next) {
		next = TAILQ_NEXT(c, link);
		if (c->account == a)
			client_end(c, reason);
	}
	session_free(session_find(g, a));
}
