/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Password jobs of a client: hashing happens on the worker while the client's further lines wait. */
#ifndef GATEWAY_LOGIN_H
#define GATEWAY_LOGIN_H

#include "client.h"

enum login_kind { LOGIN_PASS, LOGIN_SASL, LOGIN_IDENTIFY, LOGIN_REGISTER, LOGIN_PASSWD };

/*
 * Starts a login as "account" or "account@client".  0: the outcome goes, later, to the handler of its kind.
 * ERR_AGAIN: too many jobs wait. ERR_INVALID: the client's name is none.  ERR_UNAVAILABLE: no accounts are
 * served yet.
 */
int login_start(struct client *c, enum login_kind kind, const char *who, const char *password, size_t len);
/* A new account named as the client's nick.  Also the errors of account_register_begin. */
int login_register(struct client *c, const char *password, size_t len);
int login_passwd(struct client *c, const char *old_password, const char *new_password);
/* The client goes: its job's result will be dropped. */
void login_cancel(struct client *c);

/* Gives the client its account: numeric 900, commit domain; the session if it is registered. */
void login_apply(struct client *c, struct account *a);

#endif
