/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "io/inlet.h"

#define ACK_MS 50 /* most answers of programs, and none of people */

#define WORKER_JOBS_MAX	   64
#define CHECKPOINT_MS	   30000
#define SHUTDOWN_MS	   5000
#define DESCRIPTORS_WANTED 65536
#define MOTD_MAX	   8192 /* bytes */

struct now app_now(const struct app *app)
{
	return (struct now){.mono_ms = loop_now_ms(app->loop), .real_ms = loop_time_ms(app->loop)};
}

/* ---- what the accounts and the gateway ask for ---- */

static void on_created(void *ctx, struct account *a)
{
	struct app *app = ctx;

	if (app_account_new(app, a) < 0)
		log_error("no memory for another account");
	(void)tor_pool_spare(&app->pool);
}

static void on_unlocked(void *ctx, struct account *a)
{
	(void)ctx;
	app_account_unlocked(a);
}

static void on_locked(void *ctx, struct account *a)
{
	(void)ctx;
	app_account_locked(a);
}

static const char *on_spare(void *ctx)
{
	struct app *app = ctx;

	return tor_pool_spare(&app->pool);
}

static void on_dirty(void *ctx, struct account *a)
{
	(void)ctx;
	app_account_dirty(a);
}

static void on_wiped(void *ctx, struct account *a)
{
	struct app *app = ctx;

	app_account_free(a);
	tor_pool_retire(&app->pool, account_dir_id(a));
	(void)tor_pool_spare(&app->pool); /* there was none if no further account might be made */
}

static const struct accounts_ops account_ops = {.created = on_created,
						.unlocked = on_unlocked,
						.locked = on_locked,
						.spare = on_spare,
						.dirty = on_dirty,
						.wiped = on_wiped};

static struct domain *on_domain(void *ctx, struct account *a)
{
	struct app_account *aa = account_data(a);
	(void)ctx;

	return aa->domain;
}

static int on_circuits(void *ctx, struct account *a, gateway_circuits_cb cb, void *cb_ctx)
{
	(void)ctx;
	return app_circuits(account_data(a), cb, cb_ctx);
}

static const struct gateway_ops front_ops = {.domain = on_domain, .circuits = on_circuits};

/* ---- start ---- */

/* Nothing that we make is for others to read, and no core holds keys. */
static void confine(void)
{
	struct rlimit none = {0, 0};
	struct rlimit files;

	(void)umask(077);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)setrlimit(RLIMIT_CORE, &none);
	(void)prctl(PR_SET_DUMPABLE, 0);
	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max < DESCRIPTORS_WANTED ? files.rlim_max : DESCRIPTORS_WANTED;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
}

/* Without it there is none: clients are told so. */
static void read_motd(struct app *app)
{
	const char *path = app->config->motd;
	size_t len;
	int r;

	if (path == NULL)
		return;
	r = file_read(path, MOTD_MAX, &app->motd, &len);
	if (r == 0 && !utf8_valid(app->motd, len)) {
		free(app->motd);
		app->motd = NULL;
		r = ERR_UTF8;
	}
	if (r < 0)
		log_warn("can't read motd = %s (at most %d bytes): %s", path, MOTD_MAX, err_str(r));
}

/* Clients leave descriptors for the databases and the links. */
static unsigned clients_max(const struct config *c)
{
	struct rlimit files;
	uint64_t most = c->clients_max;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0 && most > files.rlim_cur / 2) {
		most = files.rlim_cur / 2;
		log_warn("the limit of open files (%llu) leaves room for %llu clients, not %llu",
			 (unsigned long long)files.rlim_cur, (unsigned long long)most,
			 (unsigned long long)c->clients_max);
	}
	return (unsigned)most;
}

static int start_gateway(struct app *app)
{
	const struct config *c = app->config;
	struct gateway_opts opts = {
	    .server_name = c->server_name,
	    .clients_max = clients_max(c),
	    .account_clients_max = (unsigned)c->account_clients_max,
	    .out_max = (size_t)c->unread_max_kib * 1024,
	    .users = {c->flood_burst, c->flood_rate},
	    .strangers = {c->stranger_burst, c->stranger_rate},
	    .registration_timeout_ms = c->registration_ms,
	    .ping_ms = c->client_ping_ms,
	    .barrier_ms = c->barrier_ms,
	    .tls = app->tls,
	    .ws_origins = (const char *const *)c->ws_origin,
	    .n_ws_origins = c->n_ws_origin,
	    .sts = c->sts ? app->sts : NULL,
	    .handshake_ms = c->client_handshake_ms,
	    .guess_ms = c->guess_ms,
	    .rng = rng_system,
	    .ops = &front_ops,
	    .ctx = app,
	};

	read_motd(app);
	opts.motd = app->motd;
	(void)snprintf(app->sts, sizeof(app->sts), "duration=%" PRIu64, c->sts_duration_s);
	return gateway_new(app->loop, app->worker, &opts, &app->gateway);
}

static int start_accounts(struct app *app)
{
	const struct config *c = app->config;
	struct accounts_opts opts = {
	    .state_dir = c->state_dir,
	    .pwhash = c->pwhash,
	    .registration = c->registration,
	    .accounts_max = c->accounts_max,
	    .chat =
		{
		    .rng = &rng_system,
		    .front = &gateway_front,
		    .front_ctx = app->gateway,
		    .net = &peer_net,
		    .household = c->household,
		    .dial_min_ms = c->dial_min_ms,
		    .dial_max_ms = c->dial_max_ms,
		    .dial_spread_ms = c->dial_spread_ms,
		    .offline_grace_ms = c->offline_grace_ms,
		    .ping_ms = c->ping_ms,
		    .pong_ms = c->pong_ms,
		    .suspect_ms = c->suspect_ms,
		    .ack_ms = c->ack_ms ? c->ack_ms : ACK_MS,
		    .slot_ms = c->cover_slot_ms,
		    .wake_pong_ms = c->wake_pong_ms,
		    .late_ms = c->late_ms,
		},
	    .ops = &account_ops,
	    .ctx = app,
	};
	int r = accounts_open(&opts, &app->accounts);

	if (r == ERR_EXISTS)
		log_error("another alliumd uses %s", c->state_dir);
	else if (r < 0)
		log_error("can't use state_dir %s: %s", c->state_dir, err_str(r));
	return r;
}

static int start_account(void *ctx, struct account *a)
{
	return app_account_new(ctx, a);
}

/* What a user types to get in. */
static void tell_how_to_connect(const struct app *app, const char *address)
{
	const char *port;
	char host[64];

	log_info("listening on %s", address);
	if (config_client_address(app->config, address, host, sizeof(host), &port) != 0)
		return;
	if (inlet_is_secure(address)) {
		app_tls_tell(app, host, port);
		return;
	}
	log_info("  irssi:   /connect %s %s", host, port);
	log_info("  WeeChat: /server add allium %s/%s -notls   (before version 4: without -notls), then "
		 "/connect allium",
		 host, port);
}

static int start_listening(struct app *app)
{
	const struct config *c = app->config;

	for (size_t i = 0; i < c->n_listen; i++) {
		const char *address = NULL;
		int r = gateway_listen(app->gateway, c->listen[i], &address);

		if (r == ERR_EXISTS)
			log_error("can't listen on %s: it is in use", c->listen[i]);
		else if (r < 0)
			log_error("can't listen on %s: %s", c->listen[i], err_str(r));
		if (r < 0)
			return r;
		tell_how_to_connect(app, address);
	}
	return 0;
}

static void on_signal(void *ctx, int signo)
{
	struct app *app = ctx;

	log_info("%s: shutting down", signo == SIGINT ? "SIGINT" : "SIGTERM");
	loop_stop(app->loop);
}

/* The operator has a new certificate.  If it can't be used, the old one stays. */
static void on_hangup(void *ctx, int signo)
{
	struct app *app = ctx;

	(void)signo;
	if (config_has_tls(app->config) && app_tls_load(app) == 0)
		log_info("SIGHUP: the certificate was read again");
}

static void on_checkpoint(void *ctx)
{
	struct app *app = ctx;

	accounts_checkpoint(app->accounts);
	timer_set(app->checkpoint, CHECKPOINT_MS);
}

static int start(struct app *app)
{
	int r = crypto_start();

	if (r < 0) {
		log_error("can't start libsodium");
		return r;
	}
	app->loop = loop_new();
	if (app->loop == NULL)
		return ERR_NOMEM;
	app->worker = worker_new(app->loop, WORKER_JOBS_MAX);
	app->checkpoint = timer_new(app->loop, on_checkpoint, app);
	app->tls = tls_new();
	if (app->worker == NULL || app->checkpoint == NULL || app->tls == NULL)
		return ERR_NOMEM;
	r = loop_on_signal(app->loop, SIGTERM, on_signal, app);
	if (r == 0)
		r = loop_on_signal(app->loop, SIGINT, on_signal, app);
	if (r == 0)
		r = loop_on_signal(app->loop, SIGHUP, on_hangup, app);
	if (r == 0)
		r = start_gateway(app);
	if (r == 0)
		r = start_accounts(app);
	if (r < 0)
		return r;
	gateway_set_accounts(app->gateway, app->accounts);
	r = app_tls_load(app);
	if (r == 0)
		r = start_listening(app);
	if (r == 0)
		r = accounts_each(app->accounts, start_account, app);
	if (r < 0)
		return r;
	(void)tor_pool_spare(&app->pool);
	timer_set(app->checkpoint, CHECKPOINT_MS);
	return 0;
}

/* ---- end ---- */

static int lock(void *ctx, struct account *a)
{
	struct app *app = ctx;

	if (account_chat(a) != NULL)
		account_lock(a, app_now(app), "shutting down");
	return 0;
}

static int forget(void *ctx, struct account *a)
{
	(void)ctx;
	app_account_free(a);
	return 0;
}

static void on_overdue(void *ctx)
{
	struct app *app = ctx;

	loop_stop(app->loop);
}

/* Peers and clients hear why, what was written leaves, then the tors end. */
static void stop(struct app *app)
{
	struct timer *overdue;

	app->stopping = true;
	if (app->gateway != NULL)
		gateway_shutdown(app->gateway, "alliumd is shutting down");
	if (app->accounts != NULL)
		(void)accounts_each(app->accounts, lock, app);
	overdue = timer_new(app->loop, on_overdue, app);
	if (overdue != NULL) {
		timer_set(overdue, SHUTDOWN_MS);
		loop_drain(app->loop);
		tor_pool_stop(&app->pool);
		if (!tor_pool_stopped(&app->pool))
			loop_run(app->loop);
	}
	timer_free(overdue);
}

static void clear(struct app *app)
{
	if (app->accounts != NULL)
		(void)accounts_each(app->accounts, forget, app);
	accounts_free(app->accounts);
	gateway_free(app->gateway);
	free(app->motd);
	tor_pool_clear(&app->pool);
	worker_free(app->worker);
	timer_free(app->checkpoint);
	tls_free(app->tls);
	loop_free(app->loop);
}

int app_run(const struct config *config)
{
	struct app app = {.config = config};
	int r;

	log_set_level(config->log_level);
	confine();
	tor_pool_init(&app.pool, &app);
	r = start(&app);
	if (r == 0) {
		loop_run(app.loop);
		stop(&app);
	}
	clear(&app);
	return r;
}
