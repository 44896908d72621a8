/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The TLS certificates by which clients may log in to an unlocked account (SASL EXTERNAL), known by the SHA-256 of
 * their DER encoding.
 *
 * One that was only typed in counts for whoever also names the account: certificates are public, and who adds another
 * user's to an account must not draw that user's clients into it.
 */
#ifndef CHAT_CERTIFICATE_H
#define CHAT_CERTIFICATE_H

#include "chat/chat.h"

#define CERTIFICATES_MAX 50

/* proven: a client that is logged in to the account shows it.  ERR_EXISTS (which takes the proof), ERR_FULL. */
int chat_certificate_add(struct chat *c, struct now now, const uint8_t fingerprint[FINGERPRINT_BYTES], bool proven);
int chat_certificate_delete(struct chat *c, const uint8_t fingerprint[FINGERPRINT_BYTES]); /* ERR_NOT_FOUND */
int chat_certificates_each(struct chat *c, int (*cb)(void *ctx, const struct certificate_row *row), void *ctx);
/* May who holds it log in?  named: the account was named, which is remembered as the proof.  ERR_NOT_FOUND. */
int chat_certificate_check(struct chat *c, const uint8_t fingerprint[FINGERPRINT_BYTES], bool named);

#endif
