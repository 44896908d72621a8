/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Noise_IK_25519_ChaChaPoly_BLAKE2b, exactly (Noise Protocol Framework, revision 34).
 *
 * Verify, then commit, then wipe: a message that does not verify leaves the state unusable and wiped; nothing
 * of its payload reaches the caller.
 */
#ifndef LINK_NOISE_H
#define LINK_NOISE_H

#include "base/rng.h"
#include "crypto/crypto.h"

/* -> e, es, s, ss, payload: 32 + (32 + 16) + 16 bytes beside the payload. <- e, ee, se, payload: 32 + 16. */
#define NOISE_MSG1_OVERHEAD 96
#define NOISE_MSG2_OVERHEAD 48
#define NOISE_PAYLOAD_MAX   1024

struct noise_cipher { /* CipherState (section 5.1) */
	uint8_t key[KEY_BYTES];
	uint64_t n;
};
/*
 * out has len + AEAD_TAG_BYTES bytes, or len - AEAD_TAG_BYTES; in and out may be the same.  ERR_WRONG_STATE
 * when the nonces are used up (2^64-1 is reserved), ERR_PROTOCOL (too short for a tag), ERR_CRYPTO (the tag
 * does not hold: n stays, out is zeroed).
 */
int noise_encrypt(struct noise_cipher *c, const void *ad, size_t ad_len, const uint8_t *in, size_t len,
		  uint8_t *out);
int noise_decrypt(struct noise_cipher *c, const void *ad, size_t ad_len, const uint8_t *in, size_t len,
		  uint8_t *out);

struct noise; /* a HandshakeState in guarded memory */

/* All functions below: after any error the state is wiped, and every further call answers ERR_WRONG_STATE. */

/* Initiator: knows the responder's static key.  Keys and prologue are copied, rng (the ephemeral keys) is
 * borrowed.  NULL: out of memory. */
struct noise *noise_new_initiator(const struct rng *rng, const void *prologue, size_t prologue_len,
				  const uint8_t s_secret[KEY_BYTES], const uint8_t rs_public[KEY_BYTES]);
struct noise *noise_new_responder(const struct rng *rng, const void *prologue, size_t prologue_len,
				  const uint8_t s_secret[KEY_BYTES]);
void noise_free(struct noise *n);

/* -> e, es, s, ss.  out has NOISE_MSG1_OVERHEAD + len bytes.  ERR_CRYPTO for a zero DH result,
 * ERR_WRONG_STATE out of turn, ERR_TOO_LONG over NOISE_PAYLOAD_MAX. */
int noise_write_1(struct noise *n, const uint8_t *payload, size_t len, uint8_t *out);
/* payload has len - NOISE_MSG1_OVERHEAD bytes of room.  ERR_CRYPTO, ERR_PROTOCOL (too short or too long). */
int noise_read_1(struct noise *n, const uint8_t *msg, size_t len, uint8_t *payload);
/* <- e, ee, se; with NOISE_MSG2_OVERHEAD, else as above. */
int noise_write_2(struct noise *n, const uint8_t *payload, size_t len, uint8_t *out);
int noise_read_2(struct noise *n, const uint8_t *msg, size_t len, uint8_t *payload);
/* The remote static key: of the initiator after noise_read_1, of the responder always. */
const uint8_t *noise_remote_static(const struct noise *n);
/* Split() (section 5.2): the sending and receiving ciphers of this side.  Also copies the handshake hash and
 * the final chaining key where the pointers are not NULL (64 bytes each).  Only once, after message 2: the
 * state is wiped. */
int noise_split(struct noise *n, struct noise_cipher *send, struct noise_cipher *recv, uint8_t *hash,
		uint8_t *chaining_key);

#endif
