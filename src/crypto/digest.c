/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Digests: HMAC over libsodium's BLAKE2b; SHA3-256, SHA-1 and PBKDF2, which libsodium lacks, from libcrypto. */
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/crypto.h"

#define BLOCK_BYTES 128 /* of BLAKE2b */
#define IPAD	    0x36
#define OPAD	    0x5c

/* H(key ^ pad | data), where key fills a block. */
static void padded_hash(const uint8_t key[BLOCK_BYTES], uint8_t pad, const void *data, size_t len,
			uint8_t out[HASH_BYTES])
{
	uint8_t block[BLOCK_BYTES];
	for (size_t i = 0; i < BLOCK_BYTES; i++)
		block[i] = key[i] ^ pad;
	hash2(block, BLOCK_BYTES, data, len, out);
	crypto_wipe(block, sizeof(block));
}

/* RFC 2104.  Every step of a ratchet takes a few: libcrypto's looks its digest up, and copies the key to the
 * heap, for each, which takes longer than the hashing. */
void hmac(const void *key, size_t key_len, const void *data, size_t len, uint8_t out[HASH_BYTES])
{
	uint8_t block[BLOCK_BYTES] = {0}, inner[HASH_BYTES];
	if (key_len > BLOCK_BYTES)
		hash2(key, key_len, NULL, 0, block);
	else if (key_len)
		memcpy(block, key, key_len);
	padded_hash(block, IPAD, data, len, inner);
	padded_hash(block, OPAD, inner, sizeof(inner), out);
	crypto_wipe(block, sizeof(block));
	crypto_wipe(inner, sizeof(inner));
}

/* libcrypto's digests fail only for want of memory; going on with a wrong digest would be
 * worse than ending. */
static void must(bool done)
{
	if (!done)
		abort();
}

void sha3_256(const void *data, size_t len, uint8_t out[32])
{
	must(EVP_Digest(data, len, out, NULL, EVP_sha3_256(), NULL));
}

void sha1_base64(const void *data, size_t len, char out[SHA1_BASE64_LEN + 1])
{
	uint8_t digest[20];

	must(EVP_Digest(data, len, digest, NULL, EVP_sha1(), NULL));
	must(EVP_EncodeBlock((unsigned char *)out, digest, sizeof(digest)) == SHA1_BASE64_LEN);
}

void sha256(const void *data, size_t len, uint8_t out[32])
{
	must(EVP_Digest(data, len, out, NULL, EVP_sha256(), NULL));
}

void pbkdf2_sha256(const char *password, size_t len, const uint8_t *salt, size_t salt_len, uint32_t iterations,
		   uint8_t out[32])
{
	must(PKCS5_PBKDF2_HMAC(password, (int)len, salt, (int)salt_len, (int)iterations, EVP_sha256(), 32, out));
}
