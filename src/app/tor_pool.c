/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The tor instances: one for each account and a spare, or one for all. */
#include <stdlib.h>
#include <string.h>

#include "app.h"
#include "base/err.h"
#include "base/log.h"
#include "base/str.h"

void tor_pool_init(struct tor_pool *p, struct app *app)
{
	*p = (struct tor_pool){.app = app};
	TAILQ_INIT(&p->units);
}

static bool is_shared(const struct config *c)
{
	return c->tor_mode == CONFIG_TOR_SYSTEM || c->tor_share || c->household;
}

/* tor/tor.c logs its moves; what only the operator can mend is said louder. */
static void log_fatal(struct tor_unit *u, const struct tor_status *s)
{
	if (s->fatal && !u->was_fatal)
		log_error("tor: %s", s->text);
	u->was_fatal = s->fatal;
}

struct status_walk {
	struct tor_unit *unit;
};

static int tell_account(void *ctx, struct account *a)
{
	struct status_walk *w = ctx;
	struct app_account *aa = account_data(a);

	if (aa != NULL && aa->unit == w->unit)
		app_account_tor_status(aa);
	return 0;
}

static void on_status(void *ctx, const struct tor_status *s)
{
	struct tor_unit *u = ctx;
	struct status_walk w = {.unit = u};

	log_fatal(u, s);
	if (u->app->stopping) {
		if (tor_pool_stopped(&u->app->pool))
			loop_stop(u->app->loop);
		return;
	}
	if (u->app->accounts != NULL)
		(void)accounts_each(u->app->accounts, tell_account, &w);
}

static int wake_account(void *ctx, struct account *a)
{
	struct status_walk *w = ctx;
	struct app_account *aa = account_data(a);

	if (aa != NULL && aa->unit == w->unit)
		app_account_wake(aa);
	return 0;
}

static void on_network(void *ctx)
{
	struct tor_unit *u = ctx;
	struct status_walk w = {.unit = u};

	if (!u->app->stopping && u->app->accounts != NULL)
		(void)accounts_each(u->app->accounts, wake_account, &w);
}

static const struct tor_ops unit_ops = {.status = on_status, .network = on_network};

static int unit_make(struct app *app, struct tor_unit *u)
{
	const struct config *c = app->config;
	char dir[4096] = "";
	struct tor_opts opts = {
	    .mode = c->tor_mode == CONFIG_TOR_SYSTEM ? TOR_SYSTEM : TOR_MANAGED,
	    .binary = c->tor_binary,
	    .dir = dir,
	    .torrc_extra = c->torrc_extra,
	    .control_path = c->tor_control,
	    .socks_path = c->tor_socks,
	    .backoff_min_ms = c->tor_restart_ms,
	    .backoff_max_ms = c->tor_restart_max_ms,
	    .rng = &rng_system,
	    .publish_spread_ms = c->publish_spread_ms,
	};
	int r;

	if (u->id[0] == '\0')
		r = str_fmt(dir, sizeof(dir), "%s/tor", c->state_dir);
	else
		r = accounts_path(app->accounts, u->id, "tor", dir, sizeof(dir));
	if (r == 0)
		r = tor_new(app->loop, &opts, &unit_ops, u, &u->tor);
	if (r == ERR_TOO_LONG)
		log_error("the sockets of tor would lie at paths over 107 bytes: choose a shorter state_dir "
			  "than %s",
			  c->state_dir);
	else if (r < 0)
		log_error("can't prepare a tor in %s: %s", dir, err_str(r));
	return r;
}

static struct tor_unit *unit_new(struct tor_pool *p, const char *id)
{
	struct tor_unit *u = calloc(1, sizeof(*u));

	if (u == NULL)
		return NULL;
	u->app = p->app;
	(void)str_copy(u->id, sizeof(u->id), id);
	if (unit_make(p->app, u) < 0) {
		free(u);
		return NULL;
	}
	TAILQ_INSERT_TAIL(&p->units, u, entry);
	tor_start(u->tor);
	return u;
}

struct tor_unit *tor_pool_get(struct tor_pool *p, const char *id)
{
	struct tor_unit *u;

	if (p->app->config->tor_mode == CONFIG_TOR_OFF)
		return NULL;
	if (is_shared(p->app->config))
		id = "";
	TAILQ_FOREACH (u, &p->units, entry) {
		if (strcmp(u->id, id) == 0)
			break;
	}
	if (u == NULL)
		return unit_new(p, id);
	if (u == p->spare)
		p->spare = NULL;
	return u;
}

const char *tor_pool_spare(struct tor_pool *p)
{
	const struct config *c = p->app->config;
	char id[INDEX_ID_LEN + 1];

	if (c->tor_mode != CONFIG_TOR_MANAGED || is_shared(c) || !accounts_registration(p->app->accounts))
		return NULL;
	if (p->spare == NULL && accounts_new_dir(p->app->accounts, id) == 0)
		p->spare = unit_new(p, id);
	return p->spare == NULL ? NULL : p->spare->id;
}

static void unit_free(struct tor_pool *p, struct tor_unit *u)
{
	TAILQ_REMOVE(&p->units, u, entry);
	timer_free(u->end);
	tor_free(u->tor);
	free(u);
}

static void on_end(void *ctx)
{
	struct tor_unit *u = ctx;
	struct app *app = u->app;
	char id[INDEX_ID_LEN + 1];

	(void)str_copy(id, sizeof(id), u->id);
	unit_free(&app->pool, u);
	accounts_remove_dir(app->accounts, id);
}

void tor_pool_retire(struct tor_pool *p, const char *id)
{
	struct tor_unit *u;

	TAILQ_FOREACH (u, &p->units, entry) {
		if (strcmp(u->id, id) == 0)
			break;
	}
	if (u != NULL)
		u->end = timer_new(p->app->loop, on_end, u);
	if (u != NULL && u->end != NULL)
		timer_set(u->end, APP_DRAIN_MS);
	else if (u != NULL)
		on_end(u);
	else
		accounts_remove_dir(p->app->accounts, id);
}

void tor_pool_stop(struct tor_pool *p)
{
	struct tor_unit *u;

	TAILQ_FOREACH (u, &p->units, entry)
		tor_stop(u->tor);
}

bool tor_pool_stopped(const struct tor_pool *p)
{
	const struct tor_unit *u;

	TAILQ_FOREACH (u, &p->units, entry) {
		if (tor_status(u->tor)->state != TOR_STOPPED)
			return false;
	}
	return true;
}

void tor_pool_clear(struct tor_pool *p)
{
	struct tor_unit *u;

	while ((u = TAILQ_FIRST(&p->units)) != NULL)
		unit_free(p, u);
	p->spare = NULL;
}
