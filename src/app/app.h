/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The daemon: one of everything, wired. */
#ifndef APP_APP_H
#define APP_APP_H

#include <bsd/sys/queue.h>

#include "app/config.h"
#include "chat/accounts.h"
#include "gateway/gateway.h"
#include "io/loop.h"
#include "io/tls.h"
#include "io/worker.h"
#include "peer/peer.h"
#include "tor/tor.h"

struct app;
struct app_account;

#define APP_DRAIN_MS 2000 /* for what was written to the links of an account that locks */

/* ---- tor_pool.c: the tor instances ---- */

/* One tor: an account's own, the spare for the next registration, or the one that all share. */
struct tor_unit {
	TAILQ_ENTRY(tor_unit) entry;
	struct app *app;
	struct tor *tor;
	char id[INDEX_ID_LEN + 1]; /* the account directory it lives in; empty: shared */
	bool was_fatal;
	struct timer *end; /* of a wiped account's; NULL otherwise */
};
TAILQ_HEAD(tor_units, tor_unit);

struct tor_pool {
	struct app *app;
	struct tor_units units;
	struct tor_unit *spare;
};
void tor_pool_init(struct tor_pool *p, struct app *app);
/* The tor of an account directory, started if it is not there yet; NULL with mode = off or when it can't be
 * made (logged). */
struct tor_unit *tor_pool_get(struct tor_pool *p, const char *id);
/* Starts a spare when registration is open and each account has its own tor; its directory id, or NULL. */
const char *tor_pool_spare(struct tor_pool *p);
/* A wiped account's tor gets the time that good-byes take; then it ends, and the account's directory goes. */
void tor_pool_retire(struct tor_pool *p, const char *id);
void tor_pool_stop(struct tor_pool *p);
/* All have stopped. */
bool tor_pool_stopped(const struct tor_pool *p);
void tor_pool_clear(struct tor_pool *p);

/* ---- app_account.c: what an account has while it is unlocked ---- */

struct app_account {
	struct app *app;
	struct account *account;
	struct tor_unit *unit; /* NULL: tor is off */
	struct domain *domain;
	struct timer *timer; /* chat's next deadline */
	struct peer *peer;
	bool in_domain;	     /* inside the domain's failed() */
	struct domain *dead; /* to be freed by the reaper */
	struct timer *reaper;
	struct timer *door_pause; /* after a commit that failed */
	struct timer *coming;	  /* to the household */
};
/* Makes the record that belongs to a known account and lets its tor start. */
int app_account_new(struct app *app, struct account *a);
void app_account_free(struct account *a);
void app_account_unlocked(struct account *a);
void app_account_locked(struct account *a);
void app_account_dirty(struct account *a);
/* The status of its tor has changed. */
void app_account_tor_status(struct app_account *aa);
/* Its tor has the network again. */
void app_account_wake(struct app_account *aa);

/* ---- app_household.c ---- */
/* With household = on: has the account, which begins to run, meet the others, from the loop. */
void app_household_come(struct app_account *aa, uint64_t in_ms);
/* The timer that does. */
void app_household_on_coming(void *ctx);
/* As peer_opts.household. */
struct peer *app_household_find(void *ctx, const uint8_t identity[KEY_BYTES]);

/* ---- circuits_report.c ---- */
int app_circuits(struct app_account *aa, gateway_circuits_cb cb, void *cb_ctx);

/* ---- app_tls.c: the certificate ---- */

/* Loads it, or loads it again; without an address of TLS there is nothing to do.  Logs what is wrong. */
int app_tls_load(struct app *app);
/* Logs how clients connect with it pinned. */
void app_tls_tell(const struct app *app, const char *host, const char *port);

/* ---- app.c ---- */

struct app {
	const struct config *config;
	struct loop *loop;
	struct worker *worker;
	struct gateway *gateway;
	struct accounts *accounts;
	struct tor_pool pool;
	struct timer *checkpoint;
	char *motd; /* text; NULL: none */
	struct tls *tls;
	char sts[32]; /* value of the capability */
	bool stopping;
};
/* Runs the daemon until SIGTERM or SIGINT. 0, or an err after a line that says what is wrong. */
int app_run(const struct config *config);
struct now app_now(const struct app *app);

#endif
