/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Passwords of clients.  They wait for their turn (login_queue.h), and after wrong ones for a pause before it
 * (guess.h), whether they are right or not; one at a time is hashed on the worker.  The client's further lines wait.
 */
#ifndef GATEWAY_LOGIN_H
#define GATEWAY_LOGIN_H

#include "client.h"

/* LOGIN_PROOF: of SCRAM, which takes no hash. */
enum login_kind {
	LOGIN_PASS,
	LOGIN_SASL,
	LOGIN_PROOF,
	LOGIN_IDENTIFY,
	LOGIN_REGISTER,
	LOGIN_ENROLL,
	LOGIN_PASSWD,
	LOGIN_WIPE
};

/* "account" or "account@client".  "/network" behind either, as bouncers want it, says nothing here. */
struct login_name {
	char account[NICK_MAX + 1]; /* "*" for one that no account can have */
	char client[NICK_MAX + 1];
};
/* ERR_INVALID: the client's name is none. */
int login_name_parse(const char *who, struct login_name *out);

void login_init(struct gateway *g); /* opts and loop are there; g->login_timer may be NULL after it: no memory */
void login_clear(struct gateway *g); /* no client is left */

/*
 * Starts a login as "account" or "account@client".  0: the outcome goes, later, to the handler of its kind.
 * ERR_INVALID: the client's name is none.  ERR_UNAVAILABLE: no accounts are served yet.  ERR_WRONG_STATE: another
 * password of the client is being checked.  ERR_NOMEM.
 */
int login_start(struct client *c, enum login_kind kind, const char *who, const char *password, size_t len);
/* The proof that the client's exchange of SCRAM has come to: authenticate_prove is called at its turn. */
int login_prove(struct client *c, const char *account);
/* A new account.  Also the errors of account_register_begin. */
int login_register(struct client *c, enum login_kind kind, const char *account, const char *password, size_t len);
int login_passwd(struct client *c, const char *old_password, const char *new_password);
int login_wipe(struct client *c, const char *password);
/* The client goes: its job's result will be dropped. */
void login_cancel(struct client *c);
/* Of the clients without an account whose passwords wait, the one that would wait longest; NULL: none waits. */
struct client *login_last(struct gateway *g);

/* Gives the client its account, and its name: numeric 900, commit domain. */
void login_apply(struct client *c, struct account *a, const char *client_name);

#endif
