/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SAFECOOKIE authentication (control-spec section 3.24): both ends prove that they know the cookie file. */
#ifndef TOR_SAFECOOKIE_H
#define TOR_SAFECOOKIE_H

#include <stdint.h>

#define COOKIE_BYTES 32 /* the cookie, the nonces and the hashes alike */

struct safecookie {
	uint8_t cookie[COOKIE_BYTES];
	uint8_t client_nonce[COOKIE_BYTES];
};

/*
 * Reads AUTHCHALLENGE's answer ("AUTHCHALLENGE SERVERHASH=... SERVERNONCE=..."), checks in constant time that
 * the server knows the cookie, and only then computes what AUTHENTICATE proves.  ERR_PROTOCOL, ERR_AUTH;
 * proof is zeroed on an error.
 */
int safecookie_answer(const struct safecookie *s, const char *line, uint8_t proof[COOKIE_BYTES]);

#endif
