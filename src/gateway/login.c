/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "login.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "base/str.h"

#include "command.h"
#include "response.h"
#include "service.h"
#include "session.h"

#define DEFAULT_NAME "default"

struct login {
	enum login_kind kind;
	struct gateway *gateway;
	struct account_job *job;
	struct job *handle;
	char name[NICK_MAX + 1]; /* the client's, once logged in */
};

static void login_free(struct login *l)
{
	account_job_free(l->job);
	free(l);
}

/* ---- the job ---- */

static void on_run(void *arg)
{
	struct login *l = arg;

	account_job_run(l->job);
}

static void on_drop(void *arg)
{
	login_free(arg);
}

/* The client's kind of login decides who answers. */
static void report(struct client *c, enum login_kind kind, int err)
{
	switch (kind) {
	case LOGIN_PASS:
		register_on_login(c, err);
		return;
	case LOGIN_SASL:
		register_on_sasl(c, err);
		return;
	case LOGIN_IDENTIFY:
		service_on_identify(c, err);
		return;
	case LOGIN_REGISTER:
		service_on_register(c, err);
		return;
	case LOGIN_PASSWD:
		service_on_passwd(c, err);
		return;
	}
}

static void on_done(void *ctx, void *arg)
{
	struct client *c = ctx;
	struct login *l = arg;
	enum login_kind kind = l->kind;
	struct account *account = NULL;
	int err = account_job_finish(l->job, gateway_now(l->gateway), &account);

	c->login = NULL;
	if (err == 0 && kind != LOGIN_PASSWD) {
		str_copy(c->name, sizeof(c->name), l->name);
		login_apply(c, account);
	}
	login_free(l);
	response_resume(c);
	report(c, kind, err);
	response_end(c);
	client_resume(c);
}

/* Takes the account's job over in any case. */
static int submit(struct client *c, enum login_kind kind, const char *name, struct account_job *job)
{
	struct login *l = calloc(1, sizeof(*l));
	int err;

	if (l == NULL) {
		account_job_free(job);
		return ERR_NOMEM;
	}
	l->kind = kind;
	l->gateway = c->gateway;
	l->job = job;
	str_copy(l->name, sizeof(l->name), name);
	err = worker_submit(c->gateway->worker, on_run, on_done, on_drop, c, l, &l->handle);
	if (err != 0) {
		login_free(l);
		return err == ERR_FULL ? ERR_AGAIN : err;
	}
	c->login = l;
	return 0;
}

void login_cancel(struct client *c)
{
	struct login *l = c->login;

	c->login = NULL;
	if (l != NULL)
		job_cancel(l->handle);
}

/* ---- starts ---- */

/* A client names itself by letters, digits and "-_.". */
static bool name_valid(const char *name)
{
	size_t n = strlen(name);

	return n > 0 && n <= NICK_MAX &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") == n;
}

int login_start(struct client *c, enum login_kind kind, const char *who, const char *password, size_t len)
{
	const char *at = strchr(who, '@');
	const char *name = at != NULL ? at + 1 : DEFAULT_NAME;
	size_t account_len = at != NULL ? (size_t)(at - who) : strlen(who);
	struct account_job *job;
	char account[NICK_MAX + 1];
	int err;

	if (c->gateway->accounts == NULL)
		return ERR_UNAVAILABLE;
	if (!name_valid(name))
		return ERR_INVALID;
	/* A name that no account can have takes as long as any other. */
	if (str_copy_n(account, sizeof(account), who, account_len) != 0)
		str_copy(account, sizeof(account), "*");
	err =
	    account_login_begin(c->gateway->accounts, gateway_now(c->gateway), account, password, len, &job);
	return err != 0 ? err : submit(c, kind, name, job);
}

int login_register(struct client *c, const char *password, size_t len)
{
	struct account_job *job;
	int err;

	if (c->gateway->accounts == NULL)
		return ERR_UNAVAILABLE;
	err = account_register_begin(c->gateway->accounts, gateway_now(c->gateway), c->nick, password, len,
				     &job);
	return err != 0 ? err : submit(c, LOGIN_REGISTER, DEFAULT_NAME, job);
}

int login_passwd(struct client *c, const char *old_password, const char *new_password)
{
	struct account_job *job;
	int err = account_passwd_begin(c->account, old_password, strlen(old_password), new_password,
				       strlen(new_password), &job);

	return err != 0 ? err : submit(c, LOGIN_PASSWD, c->name, job);
}

/* ---- the outcome ---- */

void login_apply(struct client *c, struct account *a)
{
	struct gateway *g = c->gateway;
	char mask[MASK_SIZE];

	c->account = a;
	stream_set_domain(c->stream, g->opts.ops->domain(g->opts.ctx, a));
	client_mask(c, mask);
	client_reply(c, RPL_LOGGEDIN, "%s %s :You are now logged in as %s", mask, account_name(a),
		     account_name(a));
	log_info("a client logged in to account %s", account_name(a));
}
