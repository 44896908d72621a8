/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The primitives, all of them libsodium's or libcrypto's: this header only fixes
 * names, sizes and errors.
 */
#ifndef CRYPTO_CRYPTO_H
#define CRYPTO_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/rng.h"

#define KEY_BYTES      32 /* every secret and public key */
#define AEAD_TAG_BYTES 16
#define HASH_BYTES     64 /* BLAKE2b */

/* Must be called once before anything else of this layer; ERR_CRYPTO. */
int crypto_start(void);
/* The system's random source. */
extern const struct rng rng_system;

/* Wipes; never optimised away. */
void crypto_wipe(void *p, size_t len);
/* Wipes the stack below the caller, where primitives that have returned may have left copies of keys. */
void crypto_wipe_stack(void);
/* Constant time. */
bool crypto_equal(const void *a, const void *b, size_t len);

/* Guarded, locked memory (sodium_malloc) for long-lived secrets; NULL when out of memory. secret_free(NULL)
 * is fine and wipes. */
void *secret_new(size_t len);
void secret_free(void *p);

/* X25519 (RFC 7748). dh_public: the public key of a secret one.  dh: ERR_CRYPTO for an all-zero result. */
void dh_public(const uint8_t secret[KEY_BYTES], uint8_t public_key[KEY_BYTES]);
int dh(const uint8_t secret[KEY_BYTES], const uint8_t public_key[KEY_BYTES], uint8_t out[KEY_BYTES]);

/*
 * ChaCha20-Poly1305 (RFC 8439) with the 96-bit nonce of Noise section 12: 32 zero bits, then n little-endian.
 * seal writes len + AEAD_TAG_BYTES bytes; open takes len bytes with the tag and writes len - AEAD_TAG_BYTES,
 * ERR_CRYPTO if the tag does not hold (out is then zeroed).  in and out may be the same.
 */
void aead_seal(const uint8_t key[KEY_BYTES], uint64_t n, const void *ad, size_t ad_len, const uint8_t *in,
	       size_t len, uint8_t *out);
int aead_open(const uint8_t key[KEY_BYTES], uint64_t n, const void *ad, size_t ad_len, const uint8_t *in,
	      size_t len, uint8_t *out);

/* BLAKE2b-512 over the concatenation of two byte strings. */
void hash2(const void *a, size_t a_len, const void *b, size_t b_len, uint8_t out[HASH_BYTES]);
/* HMAC-BLAKE2b-512 (RFC 2104 as Noise section 4.3 uses it). */
void hmac(const void *key, size_t key_len, const void *data, size_t len, uint8_t out[HASH_BYTES]);
/* HKDF of Noise section 4.3 with 2 or 3 outputs; out3 may be NULL. */
void hkdf(const uint8_t *chaining_key, size_t ck_len, const void *ikm, size_t ikm_len,
	  uint8_t out1[HASH_BYTES], uint8_t out2[HASH_BYTES], uint8_t *out3);
/* SHA3-256, for the onion checksum. */
void sha3_256(const void *data, size_t len, uint8_t out[32]);
/* SHA-1 in base64, for the answer to a WebSocket's key (RFC 6455 section 4.2.2), which keeps nothing secret. */
#define SHA1_BASE64_LEN 28
void sha1_base64(const void *data, size_t len, char out[SHA1_BASE64_LEN + 1]);
/* HMAC-SHA256, for the control port's SAFECOOKIE and SCRAM. */
void hmac_sha256(const void *key, size_t key_len, const void *data, size_t len, uint8_t out[32]);
/* SHA-256 and PBKDF2-HMAC-SHA256 (RFC 8018 section 5.2), for SCRAM. */
void sha256(const void *data, size_t len, uint8_t out[32]);
void pbkdf2_sha256(const char *password, size_t len, const uint8_t *salt, size_t salt_len, uint32_t iterations,
		   uint8_t out[32]);

/* A password hash: Argon2id, version 1.3, one lane. */
struct pwhash_params {
	uint32_t passes;
	uint32_t memory_kib;
};
#define PWHASH_SALT_BYTES 16
/* libsodium's limits by name: "interactive", "moderate" (the default), "sensitive"; ERR_INVALID. */
int pwhash_params_parse(const char *name, struct pwhash_params *out);
/* Takes long and much memory: call it off the loop.  ERR_NOMEM, ERR_INVALID for parameters outside
 * libsodium's bounds or above 1 GiB / 64 passes. */
int pwhash(const char *password, size_t len, const uint8_t salt[PWHASH_SALT_BYTES],
	   const struct pwhash_params *params, uint8_t out[KEY_BYTES]);

/* XChaCha20-Poly1305 with a random nonce, for small files: out is len + SEALBOX_OVERHEAD
 * bytes (nonce first). */
#define SEALBOX_OVERHEAD 40
void sealbox(const uint8_t key[KEY_BYTES], const struct rng *rng, const void *ad, size_t ad_len,
	     const uint8_t *in, size_t len, uint8_t *out);
int sealbox_open(const uint8_t key[KEY_BYTES], const void *ad, size_t ad_len, const uint8_t *in, size_t len,
		 uint8_t *out);

#endif
