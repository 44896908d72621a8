/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Invitations: docs/protocol.md, "Invitations".
 *
 * One string that makes whoever presents it a contact, once.  It holds a client key and a token: it is as
 * secret as they are until it is used or has expired.
 */
#ifndef LINK_INVITE_H
#define LINK_INVITE_H

#include "base/str.h"
#include "link/payload.h"

struct invite {
	uint8_t identity[KEY_BYTES]; /* Ed25519: of the one who invites */
	uint8_t link_key[KEY_BYTES]; /* X25519, public; to be pinned */
	struct locator locator;	     /* where the invitation is presented; always with a client key */
	uint8_t token[TOKEN_BYTES];
	uint32_t minute; /* good until then, minutes since 1970 */
};

#define INVITE_PREFIX	  "allium:"
#define INVITE_PREFIX_LEN 7
#define INVITE_SUM_BYTES  4
/* version | identity | link key | onion | client key | token | minute | checksum */
#define INVITE_BYTES (1 + 4 * KEY_BYTES + TOKEN_BYTES + 4 + INVITE_SUM_BYTES)
#define INVITE_LEN   (INVITE_PREFIX_LEN + BASE32_LEN(INVITE_BYTES)) /* characters, without the NUL */

/* Does the text begin as an invitation does?  Then it is meant for one, good or not. */
bool invite_is(const char *text);
/* ERR_INVALID for what invite_decode would refuse; out is then empty.  The text is a secret: the caller
 * wipes. */
int invite_encode(const struct invite *inv, char out[INVITE_LEN + 1]);
/*
 * Either case, nothing before or behind it.  ERR_INVALID for anything malformed (length, digit, checksum, a
 * key that is no valid point or of small order), ERR_VERSION for an invitation of another version whose
 * checksum holds; inv is then zeroed.  Does not ask whether it has expired.
 */
int invite_decode(const char *text, struct invite *inv);

#endif
