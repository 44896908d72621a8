/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Proof that who shows a link key has its secret: docs/protocol.md, "Proofs".
 *
 * A MAC under the Diffie-Hellman result of the shown key and the static key that the verifier used in this
 * very handshake.  The verifier could have made it as well: it convinces nobody else.
 */
#ifndef LINK_PROOF_H
#define LINK_PROOF_H

#include "crypto/crypto.h"

#define PROOF_BYTES 32

/* The frame that carries it. */
enum proof_kind { PROOF_REQUEST, PROOF_ACCEPT, PROOF_ANSWER, PROOF_REDEEM };

struct proof_claim {
	const uint8_t *hash;	 /* HASH_BYTES: link_hash of the link that carries it */
	const uint8_t *link_key; /* X25519, public: the key that is shown */
	const uint8_t *identity; /* Ed25519, public: whose it is said to be */
};

/* link_secret belongs to the claim's link_key; verifier is the static public key of the other side of the
 * link. ERR_CRYPTO if it is of small order. */
int proof_make(enum proof_kind kind, const struct proof_claim *claim, const uint8_t link_secret[KEY_BYTES],
	       const uint8_t verifier[KEY_BYTES], uint8_t proof[PROOF_BYTES]);
/* static_secret is our own on this link.  ERR_PROTOCOL unless the proof holds. */
int proof_check(enum proof_kind kind, const struct proof_claim *claim, const uint8_t static_secret[KEY_BYTES],
		const uint8_t proof[PROOF_BYTES]);

#endif
