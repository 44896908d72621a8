/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "login.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "base/str.h"

#include "authenticate.h"
#include "capabilities.h"
#include "command.h"
#include "enroll.h"
#include "response.h"
#include "service.h"
#include "session.h"

#define DEFAULT_NAME "default"
#define WRONG_MAX    5 /* wrong passwords of one connection */

enum login_state { LOGIN_WAITING, LOGIN_HASHING, LOGIN_SETTLING };

struct login {
	struct queued queued; /* while it waits */
	enum login_state state;
	enum login_kind kind;
	struct gateway *gateway; /* NULL once it has gone */
	struct client *client;	 /* NULL once it has gone */
	struct account_job *job; /* NULL: a proof */
	struct job *handle;	 /* while the worker has it */
	struct login_name name;
};

static void login_free(struct login *l)
{
	if (l == NULL)
		return;
	account_job_free(l->job);
	free(l);
}

/* ---- the outcome ---- */

/* The client's kind of login decides who answers. */
static void report(struct client *c, const struct login *l, int err)
{
	switch (l->kind) {
	case LOGIN_PASS:
		register_on_login(c, err);
		return;
	case LOGIN_SASL:
		authenticate_on_login(c, err);
		return;
	case LOGIN_PROOF:
		authenticate_on_proof(c, err);
		return;
	case LOGIN_IDENTIFY:
		service_on_identify(c, err);
		return;
	case LOGIN_REGISTER:
		service_on_register(c, err);
		return;
	case LOGIN_ENROLL:
		enroll_on_register(c, l->name.account, err);
		return;
	case LOGIN_PASSWD:
		service_on_passwd(c, err);
		return;
	case LOGIN_WIPE:
		service_on_wipe(c, err);
		return;
	}
}

static bool gives_account(enum login_kind kind)
{
	return kind == LOGIN_PASS || kind == LOGIN_SASL || kind == LOGIN_IDENTIFY || kind == LOGIN_REGISTER ||
	       kind == LOGIN_ENROLL;
}

/* Who has an account can't begin anew by it at guessing another's. */
static void count_wrong(struct login *l, int err)
{
	struct client *c = l->client;
	bool same = nick_eq(c->wrong_for, l->name.account);

	if (err == 0 && same)
		c->wrong = 0;
	if (err != ERR_AUTH)
		return;
	if (!same)
		str_copy(c->wrong_for, sizeof(c->wrong_for), c->wrong == 0 ? l->name.account : "");
	c->wrong++;
	guess_wrong(&l->gateway->guesses, l->name.account, loop_now_ms(l->gateway->loop));
}

static void settle(struct login *l, int err, struct account *account)
{
	struct client *c = l->client;
	struct gateway *g = l->gateway;

	if (c == NULL) {
		login_free(l);
		return;
	}
	c->login = NULL;
	count_wrong(l, err);
	response_resume(c);
	if (err == 0 && gives_account(l->kind))
		login_apply(c, account, l->name.client);
	report(c, l, err);
	response_end(c);
	login_free(l);
	capabilities_refresh(g);
	if (c->wrong >= WRONG_MAX)
		client_end(c, "Too many wrong passwords");
	else
		client_resume(c);
}

/* ---- the worker ---- */

static void pump(struct gateway *g);

static void on_run(void *arg)
{
	struct login *l = arg;

	account_job_run(l->job);
}

static void on_drop(void *arg)
{
	struct login *l = arg;
	struct gateway *g = l->gateway;

	if (g != NULL) {
		g->hashing = NULL;
		timer_set(g->login_timer, 0);
	}
	login_free(l);
}

static void on_done(void *ctx, void *arg)
{
	struct login *l = arg;
	struct gateway *g = ctx;
	struct account *account = NULL;
	int err;

	g->hashing = NULL;
	l->state = LOGIN_SETTLING;
	err = account_job_finish(l->job, gateway_now(g), &account);
	settle(l, err, account);
	pump(g);
}

/* ---- turns ---- */

static struct login *login_of(struct queued *e)
{
	return e != NULL ? (struct login *)((char *)e - offsetof(struct login, queued)) : NULL;
}

static void hash_next(struct gateway *g)
{
	struct login *l;

	while (g->hashing == NULL && (l = login_of(login_queue_take(&g->hashes, loop_now_ms(g->loop)))) != NULL) {
		int err = worker_submit(g->worker, on_run, on_done, on_drop, g, l, &l->handle);

		l->state = err == 0 ? LOGIN_HASHING : LOGIN_SETTLING;
		if (err == 0)
			g->hashing = l;
		else
			settle(l, err == ERR_FULL ? ERR_AGAIN : err, NULL);
	}
}

/* Everything whose turn has come; the timer waits for what has still to pause. */
static void pump(struct gateway *g)
{
	uint64_t now = loop_now_ms(g->loop);
	uint64_t due;
	struct login *l;

	hash_next(g);
	while ((l = login_of(login_queue_take(&g->proofs, now))) != NULL) {
		l->state = LOGIN_SETTLING;
		settle(l, authenticate_prove(l->client), NULL);
	}
	due = login_queue_due(&g->proofs);
	if (g->hashing == NULL && login_queue_due(&g->hashes) < due)
		due = login_queue_due(&g->hashes);
	if (due != UINT64_MAX)
		timer_set(g->login_timer, due > now ? due - now : 0);
}

static void on_timer(void *ctx)
{
	pump(ctx);
}

void login_init(struct gateway *g)
{
	login_queue_init(&g->hashes);
	login_queue_init(&g->proofs);
	guess_init(&g->guesses, &g->opts.rng);
	g->login_timer = timer_new(g->loop, on_timer, g);
}

void login_clear(struct gateway *g)
{
	timer_free(g->login_timer);
	/* Its client has cancelled it; the worker may still have it. */
	if (g->hashing != NULL)
		g->hashing->gateway = NULL;
}

/* Takes the account's job over in any case. */
static int enqueue(struct client *c, enum login_kind kind, const struct login_name *name, struct account_job *job)
{
	struct gateway *g = c->gateway;
	/* Further lines wait, but one line can name the service twice, and one message can have several lines. */
	struct login *l = c->login == NULL ? calloc(1, sizeof(*l)) : NULL;
	uint64_t now = loop_now_ms(g->loop);
	unsigned wrong = guess_count(&g->guesses, name->account, now);

	if (l == NULL) {
		account_job_free(job);
		return c->login != NULL ? ERR_WRONG_STATE : ERR_NOMEM;
	}
	if (c->wrong > wrong)
		wrong = c->wrong;
	l->kind = kind;
	l->gateway = g;
	l->client = c;
	l->job = job;
	l->name = *name;
	l->queued.ready_ms = now + guess_pause_ms(wrong, g->opts.guess_ms);
	l->queued.origin = stream_origin(c->stream);
	l->queued.suspect = wrong > 0;
	login_queue_add(job != NULL ? &g->hashes : &g->proofs, &l->queued);
	c->login = l;
	/* From the loop: whoever called isn't done with the client. */
	timer_set(g->login_timer, 0);
	return 0;
}

void login_cancel(struct client *c)
{
	struct login *l = c->login;
	struct gateway *g = c->gateway;

	c->login = NULL;
	if (l == NULL)
		return;
	l->client = NULL;
	switch (l->state) {
	case LOGIN_WAITING:
		login_queue_remove(l->job != NULL ? &g->hashes : &g->proofs, &l->queued);
		login_free(l);
		return;
	case LOGIN_HASHING:
		job_cancel(l->handle);
		return;
	case LOGIN_SETTLING:
		return;
	}
}

struct client *login_last(struct gateway *g)
{
	struct login *l = login_of(login_queue_last(&g->hashes));

	return l != NULL && l->client->account == NULL ? l->client : NULL;
}

/* ---- starts ---- */

/* A client names itself by letters, digits and "-_.". */
static bool name_valid(const char *name)
{
	size_t n = strlen(name);

	return n > 0 && n <= NICK_MAX &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") == n;
}

int login_name_parse(const char *who, struct login_name *out)
{
	const char *at = strchr(who, '@');
	const char *client = at != NULL ? at + 1 : DEFAULT_NAME;

	if (str_copy_n(out->client, sizeof(out->client), client, strcspn(client, "/")) != 0 ||
	    !name_valid(out->client))
		return ERR_INVALID;
	/* A name that no account can have takes as long as any other. */
	if (str_copy_n(out->account, sizeof(out->account), who, strcspn(who, "@/")) != 0)
		str_copy(out->account, sizeof(out->account), "*");
	return 0;
}

int login_start(struct client *c, enum login_kind kind, const char *who, const char *password, size_t len)
{
	struct gateway *g = c->gateway;
	struct account_job *job;
	struct login_name name;
	int err;

	if (g->accounts == NULL)
		return ERR_UNAVAILABLE;
	err = login_name_parse(who, &name);
	if (err == 0)
		err = account_login_begin(g->accounts, gateway_now(g), name.account, password, len, &job);
	return err != 0 ? err : enqueue(c, kind, &name, job);
}

int login_prove(struct client *c, const char *account)
{
	struct login_name name = {.client = DEFAULT_NAME};

	str_copy(name.account, sizeof(name.account), account);
	return enqueue(c, LOGIN_PROOF, &name, NULL);
}

int login_register(struct client *c, enum login_kind kind, const char *account, const char *password, size_t len)
{
	struct login_name name = {.client = DEFAULT_NAME};
	struct gateway *g = c->gateway;
	struct account_job *job;
	int err;

	if (g->accounts == NULL)
		return ERR_UNAVAILABLE;
	err = account_register_begin(g->accounts, gateway_now(g), account, password, len, &job);
	if (err != 0)
		return err;
	str_copy(name.account, sizeof(name.account), account);
	return enqueue(c, kind, &name, job);
}

/* A job on the account that the client is logged in to. */
static int enqueue_own(struct client *c, enum login_kind kind, struct account_job *job)
{
	struct login_name name;

	str_copy(name.account, sizeof(name.account), account_name(c->account));
	str_copy(name.client, sizeof(name.client), c->name);
	return enqueue(c, kind, &name, job);
}

int login_passwd(struct client *c, const char *old_password, const char *new_password)
{
	struct account_job *job;
	int err = account_passwd_begin(c->account, old_password, strlen(old_password), new_password,
				       strlen(new_password), &job);

	return err != 0 ? err : enqueue_own(c, LOGIN_PASSWD, job);
}

int login_wipe(struct client *c, const char *password)
{
	struct account_job *job;
	int err = account_wipe_begin(c->account, password, strlen(password), &job);

	return err != 0 ? err : enqueue_own(c, LOGIN_WIPE, job);
}

void login_apply(struct client *c, struct account *a, const char *client_name)
{
	struct gateway *g = c->gateway;
	char mask[MASK_SIZE];

	str_copy(c->name, sizeof(c->name), client_name);
	c->account = a;
	client_trust(c, true);
	stream_set_domain(c->stream, g->opts.ops->domain(g->opts.ctx, a));
	client_mask(c, mask);
	client_reply(c, RPL_LOGGEDIN, "%s %s :You are now logged in as %s", mask, account_name(a),
		     account_name(a));
	log_info("a client logged in to account %s", account_name(a));
}
