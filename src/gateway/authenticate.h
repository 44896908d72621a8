/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SASL: the exchanges of AUTHENTICATE (IRCv3 sasl-3.2). */
#ifndef GATEWAY_AUTHENTICATE_H
#define GATEWAY_AUTHENTICATE_H

#include "client.h"

/* What this connection may use, as the value of the capability and in 908. */
const char *authenticate_mechanisms(const struct client *c);
/* Ends an exchange, if there is one, with 906. */
void authenticate_abort(struct client *c);
/* Without a word. */
void authenticate_free(struct client *c);
/* The password of PLAIN was checked. */
void authenticate_on_login(struct client *c, int err);
/* The turn of a SCRAM proof has come: checks it.  ERR_AUTH, and other errors of scram_final. */
int authenticate_prove(struct client *c);
void authenticate_on_proof(struct client *c, int err);

#endif
