/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The client's side of SASL PLAIN (RFC 4616) as IRC carries it: base64 in AUTHENTICATE lines of at most 400
 * bytes; a line of exactly 400 means that more follows, "+" is an empty one (IRCv3 sasl-3.1).
 *
 * What it holds is a password: it is wiped by sasl_clear.
 */
#ifndef IRC_SASL_H
#define IRC_SASL_H

#include "base/buf.h"

#define SASL_CHUNK 400
#define SASL_MAX   2000 /* base64 digits in all */

struct sasl {
	struct buf text; /* base64, then the decoded message */
};
struct sasl_plain { /* borrowed from the struct sasl, NUL-terminated */
	const char *authzid;
	const char *authcid;
	const char *password;
	size_t password_len;
};

void sasl_init(struct sasl *s);
void sasl_clear(struct sasl *s);
/* Takes the parameter of an AUTHENTICATE line.  0: the message is whole; ERR_AGAIN: more follows;
 * ERR_TOO_LONG; ERR_NOMEM. */
int sasl_add(struct sasl *s, const char *chunk);
/* Decodes a whole message.  ERR_INVALID: not base64, not three parts, or an empty authcid or password.  Once
 * for each message. */
int sasl_plain(struct sasl *s, struct sasl_plain *out);

#endif
