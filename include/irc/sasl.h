/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * SASL messages as IRC carries them: base64 in AUTHENTICATE lines of at most 400 bytes; a line of exactly 400 means
 * that more follows, "+" is an empty one (IRCv3 sasl-3.1).
 *
 * What it holds may be a password: it is wiped by sasl_clear.
 */
#ifndef IRC_SASL_H
#define IRC_SASL_H

#include <stdbool.h>

#include "base/buf.h"

#define SASL_CHUNK 400
#define SASL_MAX   2000 /* base64 digits of a message, all told */

struct sasl {
	struct buf text; /* base64, then the decoded message */
};

void sasl_init(struct sasl *s);
void sasl_clear(struct sasl *s); /* and ready for the next message */
/* Takes the parameter of an AUTHENTICATE line.  0: the message is whole; ERR_AGAIN: more follows;
 * ERR_TOO_LONG; ERR_NOMEM. */
int sasl_add(struct sasl *s, const char *chunk);
/* Decodes a whole message, once: *len bytes with a NUL behind them, borrowed from s.  ERR_INVALID: not base64;
 * ERR_NOMEM. */
int sasl_decode(struct sasl *s, const char **data, size_t *len);

/* The message of PLAIN (RFC 4616). */
struct sasl_plain { /* borrowed from the message, NUL-terminated */
	const char *authzid;
	const char *authcid;
	const char *password;
	size_t password_len;
};
/* data has a NUL behind its len bytes.  ERR_INVALID: not three parts, or an empty authcid or password. */
int sasl_plain(const char *data, size_t len, struct sasl_plain *out);

/* Cuts a message in base64 into the parameters of AUTHENTICATE lines, from *at on (0 at first), which it advances.
 * True when another one has to follow. */
bool sasl_piece(const char *base64, size_t *at, char out[SASL_CHUNK + 1]);

#endif
