/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "crypto/crypto.h"

#include <sodium.h>
#include <string.h>

#include "base/err.h"

#define PWHASH_MAX_KIB	  (1024u * 1024u)
#define PWHASH_MAX_PASSES 64u

static void system_fill(void *ctx, uint8_t *out, size_t len)
{
	(void)ctx;
	randombytes_buf(out, len);
}

const struct rng rng_system = {system_fill, NULL};

int crypto_start(void)
{
	return sodium_init() < 0 ? ERR_CRYPTO : 0;
}

void crypto_wipe(void *p, size_t len)
{
	sodium_memzero(p, len);
}

#define STACK_BYTES 16384 /* more than the deepest primitive uses, but for the password hash */

void crypto_wipe_stack(void)
{
	sodium_stackzero(STACK_BYTES);
}

bool crypto_equal(const void *a, const void *b, size_t len)
{
	return !sodium_memcmp(a, b, len);
}

void *secret_new(size_t len)
{
	return sodium_malloc(len);
}

void secret_free(void *p)
{
	sodium_free(p);
}

void dh_public(const uint8_t secret[KEY_BYTES], uint8_t public_key[KEY_BYTES])
{
	crypto_scalarmult_curve25519_base(public_key, secret);
}

int dh(const uint8_t secret[KEY_BYTES], const uint8_t public_key[KEY_BYTES], uint8_t out[KEY_BYTES])
{
	/* refuses points of small order, whose product is zero */
	if (!crypto_scalarmult_curve25519(out, secret, public_key))
		return 0;
	crypto_wipe(out, KEY_BYTES);
	return ERR_CRYPTO;
}

static void noise_nonce(uint64_t n, uint8_t out[crypto_aead_chacha20poly1305_IETF_NPUBBYTES])
{
	memset(out, 0, 4);
	for (unsigned i = 0; i < 8; i++)
		out[4 + i] = (uint8_t)(n >> (8 * i));
}

void aead_seal(const uint8_t key[KEY_BYTES], uint64_t n, const void *ad, size_t ad_len, const uint8_t *in,
	       size_t len, uint8_t *out)
{
	uint8_t nonce[crypto_aead_chacha20poly1305_IETF_NPUBBYTES];
	noise_nonce(n, nonce);
	crypto_aead_chacha20poly1305_ietf_encrypt(out, NULL, in, len, ad, ad_len, NULL, nonce, key);
}

int aead_open(const uint8_t key[KEY_BYTES], uint64_t n, const void *ad, size_t ad_len, const uint8_t *in,
	      size_t len, uint8_t *out)
{
	uint8_t nonce[crypto_aead_chacha20poly1305_IETF_NPUBBYTES];
	if (len < AEAD_TAG_BYTES)
		return ERR_CRYPTO;
	noise_nonce(n, nonce);
	if (!crypto_aead_chacha20poly1305_ietf_decrypt(out, NULL, NULL, in, len, ad, ad_len, nonce, key))
		return 0;
	crypto_wipe(out, len - AEAD_TAG_BYTES);
	return ERR_CRYPTO;
}

void hash2(const void *a, size_t a_len, const void *b, size_t b_len, uint8_t out[HASH_BYTES])
{
	crypto_generichash_blake2b_state state;
	crypto_generichash_blake2b_init(&state, NULL, 0, HASH_BYTES);
	crypto_generichash_blake2b_update(&state, a, a_len);
	crypto_generichash_blake2b_update(&state, b, b_len);
	crypto_generichash_blake2b_final(&state, out, HASH_BYTES);
	crypto_wipe(&state, sizeof(state));
}

void hkdf(const uint8_t *chaining_key, size_t ck_len, const void *ikm, size_t ikm_len,
	  uint8_t out1[HASH_BYTES], uint8_t out2[HASH_BYTES], uint8_t *out3)
{
	uint8_t temp[HASH_BYTES], input[HASH_BYTES + 1];
	hmac(chaining_key, ck_len, ikm, ikm_len, temp);

	input[0] = 1;
	hmac(temp, sizeof(temp), input, 1, out1);

	memcpy(input, out1, HASH_BYTES);
	input[HASH_BYTES] = 2;
	hmac(temp, sizeof(temp), input, sizeof(input), out2);

	if (out3) {
		memcpy(input, out2, HASH_BYTES);
		input[HASH_BYTES] = 3;
		hmac(temp, sizeof(temp), input, sizeof(input), out3);
	}
	crypto_wipe(temp, sizeof(temp));
	crypto_wipe(input, sizeof(input));
}

void hmac_sha256(const void *key, size_t key_len, const void *data, size_t len, uint8_t out[32])
{
	crypto_auth_hmacsha256_state state;
	crypto_auth_hmacsha256_init(&state, key, key_len);
	crypto_auth_hmacsha256_update(&state, data, len);
	crypto_auth_hmacsha256_final(&state, out);
	crypto_wipe(&state, sizeof(state));
}

int pwhash_params_parse(const char *name, struct pwhash_params *out)
{
	static const struct {
		const char *name;
		struct pwhash_params params;
	} table[] = {
	    {"interactive",
	     {crypto_pwhash_argon2id_OPSLIMIT_INTERACTIVE,
	      crypto_pwhash_argon2id_MEMLIMIT_INTERACTIVE / 1024}},
	    {"moderate",
	     {crypto_pwhash_argon2id_OPSLIMIT_MODERATE, crypto_pwhash_argon2id_MEMLIMIT_MODERATE / 1024}},
	    {"sensitive",
	     {crypto_pwhash_argon2id_OPSLIMIT_SENSITIVE, crypto_pwhash_argon2id_MEMLIMIT_SENSITIVE / 1024}},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (!strcmp(name, table[i].name)) {
			*out = table[i].params;
			return 0;
		}
	return ERR_INVALID;
}

int pwhash(const char *password, size_t len, const uint8_t salt[PWHASH_SALT_BYTES],
	   const struct pwhash_params *params, uint8_t out[KEY_BYTES])
{
	const size_t memory = (size_t)params->memory_kib * 1024;
	if (params->memory_kib > PWHASH_MAX_KIB || memory < crypto_pwhash_argon2id_memlimit_min() ||
	    params->passes > PWHASH_MAX_PASSES || params->passes < crypto_pwhash_argon2id_opslimit_min() ||
	    len > crypto_pwhash_argon2id_passwd_max())
		return ERR_INVALID;
	/* everything else that can fail is its memory */
	return crypto_pwhash_argon2id(out, KEY_BYTES, password, len, salt, params->passes, memory,
				      crypto_pwhash_argon2id_ALG_ARGON2ID13)
		   ? ERR_NOMEM
		   : 0;
}

#define SEALBOX_NONCE crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
_Static_assert(SEALBOX_OVERHEAD == SEALBOX_NONCE + crypto_aead_xchacha20poly1305_ietf_ABYTES,
	       "sealbox layout");
_Static_assert(PWHASH_SALT_BYTES == crypto_pwhash_argon2id_SALTBYTES, "salt size");

void sealbox(const uint8_t key[KEY_BYTES], const struct rng *rng, const void *ad, size_t ad_len,
	     const uint8_t *in, size_t len, uint8_t *out)
{
	rng_fill(rng, out, SEALBOX_NONCE);
	crypto_aead_xchacha20poly1305_ietf_encrypt(out + SEALBOX_NONCE, NULL, in, len, ad, ad_len, NULL, out,
						   key);
}

int sealbox_open(const uint8_t key[KEY_BYTES], const void *ad, size_t ad_len, const uint8_t *in, size_t len,
		 uint8_t *out)
{
	if (len < SEALBOX_OVERHEAD)
		return ERR_CRYPTO;
	if (!crypto_aead_xchacha20poly1305_ietf_decrypt(out, NULL, NULL, in + SEALBOX_NONCE,
							len - SEALBOX_NONCE, ad, ad_len, in, key))
		return 0;
	crypto_wipe(out, len - SEALBOX_OVERHEAD);
	return ERR_CRYPTO;
}
