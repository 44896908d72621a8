/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Proof that who shows a key has its secret: docs/protocol.md, "Proofs".
 *
 * The handshake proves one of the two keys of each side, its link key or its identity; the other one is proven by
 * this.  A MAC under the Diffie-Hellman result of that key and the static key that the verifier used in this
 * very handshake.  The verifier could have made it as well: it convinces nobody else.
 */
#ifndef LINK_PROOF_H
#define LINK_PROOF_H

#include "crypto/crypto.h"

#define PROOF_BYTES 32

/* The frame that carries it.  ANSWER: PROOF_ANSWER at the door, where the responder's link key is to be proven,
 * PROOF_IDENTITY in the role private, where its identity is. */
enum proof_kind { PROOF_REQUEST, PROOF_ACCEPT, PROOF_ANSWER, PROOF_REDEEM, PROOF_IDENTITY };

struct proof_claim {
	const uint8_t *hash;	 /* HASH_BYTES: link_hash of the link that carries it */
	const uint8_t *link_key; /* X25519, public: the key that is shown */
	const uint8_t *identity; /* Ed25519, public: whose it is said to be */
};

/* secret belongs to the claim's link_key, with PROOF_IDENTITY it is the X25519 secret of the claim's identity;
 * verifier is the static public key of the other side of the link.  ERR_CRYPTO if it is of small order. */
int proof_make(enum proof_kind kind, const struct proof_claim *claim, const uint8_t secret[KEY_BYTES],
	       const uint8_t verifier[KEY_BYTES], uint8_t proof[PROOF_BYTES]);
/* static_secret is our own on this link.  ERR_PROTOCOL unless the proof holds.  With PROOF_IDENTITY that says
 * nothing of the claim's link_key: the caller compares it with the static key of the other side. */
int proof_check(enum proof_kind kind, const struct proof_claim *claim, const uint8_t static_secret[KEY_BYTES],
		const uint8_t proof[PROOF_BYTES]);

#endif
