/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One account: its tor from the start; its commit domain, onion services and links while it is unlocked. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "app.h"
#include "base/err.h"
#include "base/log.h"
#include "base/str.h"

#define DOOR_PAUSE_MS 60000

static void arm_timer(struct app_account *aa)
{
	struct chat *c = account_chat(aa->account);
	uint64_t due = c == NULL ? TICK_NEVER : chat_deadline(c);
	uint64_t now_ms = loop_now_ms(aa->app->loop);

	if (due == TICK_NEVER)
		timer_cancel(aa->timer);
	else
		timer_set(aa->timer, due > now_ms ? due - now_ms : 0);
}

static void on_timer(void *ctx)
{
	struct app_account *aa = ctx;
	struct chat *c = account_chat(aa->account);

	if (c == NULL)
		return;
	domain_mark(aa->domain);
	(void)chat_tick(c, app_now(aa->app));
}

static int on_commit(void *ctx)
{
	struct app_account *aa = ctx;
	struct chat *c = account_chat(aa->account);

	return c == NULL ? 0 : chat_commit(c);
}

static void on_committed(void *ctx)
{
	struct app_account *aa = ctx;

	if (aa->peer != NULL)
		peer_flush(aa->peer);
	arm_timer(aa);
}

static int start_peer(struct app_account *aa);

static void on_door_pause_over(void *ctx)
{
	struct app_account *aa = ctx;

	if (aa->peer != NULL)
		peer_set_door(aa->peer, true);
}

/* Nothing of the turn has left. The links end, the onion services are withdrawn, the clients are told, and
 * the account starts over from its database. */
static void on_commit_failed(void *ctx, int err)
{
	struct app_account *aa = ctx;
	struct app *app = aa->app;
	int r;

	log_error("account %s: can't commit: %s", account_name(aa->account), err_str(err));
	gateway_on_commit_failed(app->gateway, aa->account, err);
	peer_free(aa->peer);
	aa->peer = NULL;
	aa->in_domain = true;
	r = account_reopen(aa->account, app_now(app));
	aa->in_domain = false;
	if (r == 0)
		r = start_peer(aa);
	if (r == 0) {
		/* On a full disk, strangers' requests would otherwise end the contacts' links again and
		 * again. */
		peer_set_door(aa->peer, false);
		timer_set(aa->door_pause, DOOR_PAUSE_MS);
		app_household_come(aa, DOOR_PAUSE_MS); /* whom it has met calls before */
	}
	if (r < 0)
		log_error("account %s: can't be read again: %s; it is locked now", account_name(aa->account),
			  err_str(r));
}

static void on_reap(void *ctx)
{
	struct app_account *aa = ctx;

	domain_free(aa->dead);
	aa->dead = NULL;
}

/* A domain can't be freed from within its own ops: then it is left to the next turn. */
static void end_domain(struct app_account *aa)
{
	if (aa->in_domain) {
		aa->dead = aa->domain;
		timer_set(aa->reaper, 0);
	} else {
		domain_free(aa->domain);
	}
	aa->domain = NULL;
}

static const struct domain_ops account_domain_ops = {
    .commit = on_commit, .failed = on_commit_failed, .committed = on_committed};

static void on_published(void *ctx)
{
	app_account_tor_status(ctx);
}

/* Where tor hands over what comes in for this account. */
static int target_path(struct app_account *aa, char *out, size_t size)
{
	const struct config *c = aa->app->config;

	if (c->tor_mode == CONFIG_TOR_SYSTEM)
		return str_fmt(out, size, "%s/%s", c->target_dir, account_dir_id(aa->account));
	return accounts_path(aa->app->accounts, account_dir_id(aa->account), "peer", out, size);
}

/* With a system tor the sockets lie in a directory that only we and tor's group can enter. */
static int check_target_dir(const struct config *c)
{
	struct stat st;

	if (c->tor_mode != CONFIG_TOR_SYSTEM)
		return 0;
	if (stat(c->target_dir, &st) < 0 || !S_ISDIR(st.st_mode)) {
		log_error("target_dir %s is not there: make it, mode 0710, its group being tor's",
			  c->target_dir);
		return ERR_NOT_FOUND;
	}
	if ((st.st_mode & 07) != 0) {
		log_error("target_dir %s is open to everybody: it must be mode 0710, its group being tor's",
			  c->target_dir);
		return ERR_PERMISSION;
	}
	return 0;
}

static int start_peer(struct app_account *aa)
{
	struct app *app = aa->app;
	const struct config *c = app->config;
	char path[4096];
	struct peer_opts opts = {
	    .rng = &rng_system,
	    .target_path = check_target_dir(c) < 0 ? NULL : path,
	    .target_mode = c->tor_mode == CONFIG_TOR_SYSTEM ? 0666 : 0600,
	    .handshake_timeout_ms = c->handshake_ms,
	    .cover_light_ms = c->cover_light_ms,
	    .cover_slot_ms = c->cover_slot_ms,
	    .household = c->household ? app_household_find : NULL,
	    .on_published = on_published,
	    .ctx = aa,
	};
	struct tor *tor = aa->unit == NULL ? NULL : aa->unit->tor;
	int r = target_path(aa, path, sizeof(path));

	if (r == 0)
		r = peer_new(app->loop, tor, account_chat(aa->account), aa->domain, &opts, &aa->peer);
	if (r < 0)
		return r;
	app_account_tor_status(aa);
	return 0;
}

int app_account_new(struct app *app, struct account *a)
{
	struct app_account *aa = calloc(1, sizeof(*aa));

	if (aa == NULL)
		return ERR_NOMEM;
	aa->reaper = timer_new(app->loop, on_reap, aa);
	aa->door_pause = timer_new(app->loop, on_door_pause_over, aa);
	aa->coming = timer_new(app->loop, app_household_on_coming, aa);
	if (aa->reaper == NULL || aa->door_pause == NULL || aa->coming == NULL) {
		timer_free(aa->reaper);
		timer_free(aa->door_pause);
		timer_free(aa->coming);
		free(aa);
		return ERR_NOMEM;
	}
	aa->app = app;
	aa->account = a;
	aa->unit = tor_pool_get(&app->pool, account_dir_id(a));
	account_set_data(a, aa);
	return 0;
}

void app_account_free(struct account *a)
{
	struct app_account *aa = account_data(a);

	if (aa == NULL)
		return;
	domain_free(aa->dead);
	timer_free(aa->reaper);
	timer_free(aa->door_pause);
	timer_free(aa->coming);
	free(aa);
	account_set_data(a, NULL);
}

void app_account_unlocked(struct account *a)
{
	struct app_account *aa = account_data(a);
	int r = ERR_NOMEM;

	aa->domain = domain_new(aa->app->loop, &account_domain_ops, aa);
	aa->timer = timer_new(aa->app->loop, on_timer, aa);
	if (aa->domain != NULL && aa->timer != NULL)
		r = start_peer(aa);
	if (r == ERR_TOO_LONG)
		log_error("the peer sockets would lie at paths over 107 bytes: choose a shorter state_dir or "
			  "target_dir");
	else if (r < 0)
		log_error("account %s can't be reached by peers: %s", account_name(a), err_str(r));
	if (aa->domain != NULL)
		domain_mark(aa->domain);
	gateway_on_unlocked(aa->app->gateway, a);
	app_household_come(aa, 0);
}

/* In good order: the last turn is committed, so what it wrote may leave. */
static void leave(struct app_account *aa)
{
	gateway_on_locked(aa->app->gateway, aa->account,
			  aa->app->stopping ? "alliumd is shutting down" : "logged out");
	if (aa->peer != NULL)
		peer_drain(aa->peer, APP_DRAIN_MS);
	end_domain(aa);
}

/* The last turn is lost: freeing the domain first drops what it wrote. */
static void break_off(struct app_account *aa)
{
	end_domain(aa);
	gateway_on_commit_failed(aa->app->gateway, aa->account, account_lost(aa->account));
}

void app_account_locked(struct account *a)
{
	struct app_account *aa = account_data(a);

	if (account_lost(a) == 0)
		leave(aa);
	else
		break_off(aa);
	peer_free(aa->peer);
	aa->peer = NULL;
	timer_cancel(aa->coming);
	if (aa->unit != NULL)
		tor_forget_keys(aa->unit->tor);
	timer_free(aa->timer);
	aa->timer = NULL;
}

void app_account_dirty(struct account *a)
{
	struct app_account *aa = account_data(a);

	if (aa != NULL && aa->domain != NULL)
		domain_mark(aa->domain);
}

void app_account_tor_status(struct app_account *aa)
{
	struct chat *c = account_chat(aa->account);
	struct chat_tor_status out = {.off = true};

	if (c == NULL || aa->domain == NULL)
		return;
	if (aa->unit == NULL) {
		(void)str_copy(out.text, sizeof(out.text),
			       aa->app->config->household
				   ? "Tor is switched off here: messages go to this household only"
				   : "Tor is switched off here: messages are read and queued only");
	} else {
		const struct tor_status *s = tor_status(aa->unit->tor);

		if (aa->peer != NULL && s->state != TOR_READY && s->state != TOR_BOOTSTRAPPING)
			peer_on_tor_down(aa->peer);
		out = (struct chat_tor_status){.ready = s->state == TOR_READY,
					       .published = s->state == TOR_READY && aa->peer != NULL &&
							    peer_published(aa->peer),
					       .progress = s->progress};
		(void)str_copy(out.version, sizeof(out.version), s->version);
		(void)str_copy(out.text, sizeof(out.text), s->text);
	}
	domain_mark(aa->domain);
	chat_set_tor(c, app_now(aa->app), &out);
}

void app_account_wake(struct app_account *aa)
{
	struct chat *c = account_chat(aa->account);

	if (c == NULL || aa->domain == NULL)
		return;
	log_info("account %s: the network is back: all links are asked anew", account_name(aa->account));
	domain_mark(aa->domain);
	chat_wake(c, app_now(aa->app));
}
