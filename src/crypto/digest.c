/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The digests that libsodium lacks, from libcrypto. */
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>

#include "crypto/crypto.h"

/* libcrypto's digests fail only for want of memory; going on with a wrong digest would be
 * worse than ending. */
static void must(bool done)
{
	if (!done)
		abort();
}

void hmac(const void *key, size_t key_len, const void *data, size_t len, uint8_t out[HASH_BYTES])
{
	must(HMAC(EVP_blake2b512(), key, (int)key_len, data, len, out, NULL));
}

void sha3_256(const void *data, size_t len, uint8_t out[32])
{
	must(EVP_Digest(data, len, out, NULL, EVP_sha3_256(), NULL));
}
