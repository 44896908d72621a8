/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The Double Ratchet (Signal's specification, revision 1, sections 3 and 5), without header encryption:
 * docs/protocol.md, "The ratchet".
 *
 * Its root is the handshake of a link between link keys: the Noise initiator is the specification's Alice,
 * the responder its Bob, whose first ratchet key came with message 2.  The state is a plain struct, which the
 * caller keeps in guarded memory or in the encrypted store, and which holds no key that opens a message
 * sealed or opened before.
 *
 * GENERATE_DH, DH: X25519.  KDF_RK(rk, dh): HKDF of Noise section 4.3 with chaining key rk and input
 * dh | "allium ratchet"; the first 32 bytes of each of its two outputs are the new root key and chain key.
 * KDF_CK(ck): the first 32 bytes of HMAC-BLAKE2b(ck, 0x01) are the message secret, of HMAC-BLAKE2b(ck, 0x02)
 * the next chain key.  The message key is the first 32 bytes of HMAC-BLAKE2b(message secret, "allium message"
 * | the random bytes of the header): a state that was put back from a backup uses no key twice.  ENCRYPT: the
 * AEAD of crypto/crypto.h with nonce 0 and associated data ad | header.
 */
#ifndef LINK_RATCHET_H
#define LINK_RATCHET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/rng.h"
#include "crypto/crypto.h"

#define EPOCH_BYTES	     8
#define RATCHET_RANDOM_BYTES 16
/* header: ratchet key (32), length of the previous sending chain (u32), number in this one (u32), random. */
#define RATCHET_HEADER_BYTES (KEY_BYTES + 4 + 4 + RATCHET_RANDOM_BYTES)
#define RATCHET_OVERHEAD     (RATCHET_HEADER_BYTES + AEAD_TAG_BYTES)
#define RATCHET_SKIP_MAX     1000 /* message secrets that are kept for messages still to come */
#define RATCHET_AD_MAX	     256  /* of the caller's associated data */

/* What a handshake leaves for a ratchet to begin with.  In guarded memory; wiped when it was used or is not
 * needed. */
struct ratchet_root {
	bool initiator;
	uint8_t sk[KEY_BYTES];
	uint8_t key[KEY_BYTES]; /* initiator: the responder's ratchet key, public; responder: its secret */
};
/* SK out of the final chaining key of the handshake (HASH_BYTES): the first 32 bytes of the first output of
 * HKDF(chaining key, "allium ratchet root"). */
void ratchet_root_sk(const uint8_t chaining_key[HASH_BYTES], uint8_t sk[KEY_BYTES]);
/* The id of the session that begins with this root: the first 8 bytes of HMAC-BLAKE2b(sk, "allium epoch").
 * Never all zero but by chance: zeroes stand for no session. */
void ratchet_epoch(const uint8_t sk[KEY_BYTES], uint8_t epoch[EPOCH_BYTES]);

struct ratchet {
	uint8_t root[KEY_BYTES];	   /* RK */
	uint8_t dh_secret[KEY_BYTES];	   /* DHs: its secret half, */
	uint8_t dh_own[KEY_BYTES];	   /* and its public one, if has_own: made when first sent, not saved */
	uint8_t dh_remote[KEY_BYTES];	   /* DHr, if has_recv or the initiator's first */
	uint8_t send_chain[KEY_BYTES];	   /* CKs, if has_send */
	uint8_t recv_chain[KEY_BYTES];	   /* CKr, if has_recv */
	uint32_t sent, received, previous; /* Ns, Nr, PN */
	bool has_send, has_recv, has_own;
};
/* ERR_CRYPTO: a key of small order; r is then wiped.  root is the caller's to wipe. */
int ratchet_init(struct ratchet *r, const struct rng *rng, const struct ratchet_root *root);

/* Message secrets of messages that were skipped (MKSKIPPED), kept by the caller: by ratchet key and number.
 */
struct ratchet_skipped {
	/* 0 and the secret, ERR_NOT_FOUND, or another err. */
	int (*find)(void *ctx, const uint8_t dh[KEY_BYTES], uint32_t n, uint8_t secret[KEY_BYTES]);
	int (*add)(void *ctx, const uint8_t dh[KEY_BYTES], uint32_t n, const uint8_t secret[KEY_BYTES]);
	int (*remove)(void *ctx, const uint8_t dh[KEY_BYTES], uint32_t n);
	/* How many more may be added: at most RATCHET_SKIP_MAX, less what is kept. */
	size_t (*room)(void *ctx);
	void *ctx;
};

/* RatchetEncrypt.  out has len + RATCHET_OVERHEAD bytes: header and ciphertext; plain may be NULL if len is
 * 0. ERR_WRONG_STATE: nothing can be sent before the first message was received (responder), or the chain has
 * 2^32-1 messages; ERR_TOO_LONG: ad is over RATCHET_AD_MAX.  On an error nothing has changed. */
int ratchet_seal(struct ratchet *r, const struct rng *rng, const void *ad, size_t ad_len,
		 const uint8_t *plain, size_t len, uint8_t *out);
/*
 * RatchetDecrypt.  out has len - RATCHET_OVERHEAD bytes of room.  Verify, then commit: on any error neither r
 * nor the skipped secrets have changed, and out is zeroed.  ERR_PROTOCOL: too short; ERR_CRYPTO: forged,
 * replayed, or of another session; ERR_FULL: more messages would be skipped than there is room for;
 * ERR_TOO_LONG: ad is over RATCHET_AD_MAX; ERR_NOMEM; errors of the skipped store, which then may have
 * changed (the caller's transaction is lost with it).
 */
int ratchet_open(struct ratchet *r, const struct rng *rng, const struct ratchet_skipped *skipped,
		 const void *ad, size_t ad_len, const uint8_t *msg, size_t len, uint8_t *out);

/* The state as RATCHET_STATE_BYTES bytes, and back (ERR_INVALID: not such a state; r is then wiped).
 * Both forms are secret: the caller wipes. */
#define RATCHET_STATE_BYTES (5 * KEY_BYTES + 3 * 4 + 1)
void ratchet_save(const struct ratchet *r, uint8_t out[RATCHET_STATE_BYTES]);
int ratchet_load(struct ratchet *r, const uint8_t *in, size_t len);

#endif
