/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "crypto/identity.h"

#include <sodium.h>
#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "base/str.h"

#define CHECKSUM_LABEL ".onion checksum"
#define CHECKSUM_BYTES 2
#define ONION_VERSION  3
#define ONION_BYTES    (KEY_BYTES + CHECKSUM_BYTES + 1)

_Static_assert(BASE32_LEN(ONION_BYTES) == ONION_LEN, "onion address length");

static void keypair(const uint8_t seed[KEY_BYTES], uint8_t ed_public[KEY_BYTES],
		    uint8_t secret[crypto_sign_ed25519_SECRETKEYBYTES])
{
	crypto_sign_ed25519_seed_keypair(ed_public, secret, seed);
}

void identity_public(const uint8_t seed[KEY_BYTES], uint8_t ed_public[KEY_BYTES])
{
	uint8_t secret[crypto_sign_ed25519_SECRETKEYBYTES];
	keypair(seed, ed_public, secret);
	crypto_wipe(secret, sizeof(secret));
}

void identity_dh_secret(const uint8_t seed[KEY_BYTES], uint8_t x_secret[KEY_BYTES])
{
	uint8_t ed_public[KEY_BYTES], secret[crypto_sign_ed25519_SECRETKEYBYTES];
	keypair(seed, ed_public, secret);
	crypto_sign_ed25519_sk_to_curve25519(x_secret, secret);
	crypto_wipe(secret, sizeof(secret));
}

int identity_check(const uint8_t ed_public[KEY_BYTES])
{
	return crypto_core_ed25519_is_valid_point(ed_public) ? 0 : ERR_CRYPTO;
}

int identity_dh_public(const uint8_t ed_public[KEY_BYTES], uint8_t x_public[KEY_BYTES])
{
	int err = identity_check(ed_public);
	if (err)
		return err;
	return crypto_sign_ed25519_pk_to_curve25519(x_public, ed_public) ? ERR_CRYPTO : 0;
}

void identity_onion_secret(const uint8_t seed[KEY_BYTES], uint8_t out[ONION_SECRET_BYTES])
{
	/* RFC 8032 section 5.1.5, steps 1 and 2 */
	crypto_hash_sha512(out, seed, KEY_BYTES);
	out[0] &= 248;
	out[31] &= 127;
	out[31] |= 64;
}

/* rend-spec-v3: CHECKSUM = SHA3-256(".onion checksum" | PUBKEY | VERSION)[:2] */
static void onion_checksum(const uint8_t ed_public[KEY_BYTES], uint8_t out[CHECKSUM_BYTES])
{
	uint8_t input[sizeof(CHECKSUM_LABEL) - 1 + KEY_BYTES + 1], digest[32];
	uint8_t *p = input;
	memcpy(p, CHECKSUM_LABEL, sizeof(CHECKSUM_LABEL) - 1);
	p += sizeof(CHECKSUM_LABEL) - 1;
	memcpy(p, ed_public, KEY_BYTES);
	p[KEY_BYTES] = ONION_VERSION;
	sha3_256(input, sizeof(input), digest);
	memcpy(out, digest, CHECKSUM_BYTES);
}

void onion_encode(const uint8_t ed_public[KEY_BYTES], char out[ONION_LEN + 1])
{
	uint8_t raw[ONION_BYTES];
	memcpy(raw, ed_public, KEY_BYTES);
	onion_checksum(ed_public, raw + KEY_BYTES);
	raw[ONION_BYTES - 1] = ONION_VERSION;
	base32_encode(raw, sizeof(raw), out);
}

int onion_decode(const char *in, uint8_t ed_public[KEY_BYTES])
{
	uint8_t raw[ONION_BYTES], checksum[CHECKSUM_BYTES];
	const size_t len = strlen(in);
	if (len != ONION_LEN && (len != ONION_HOST_LEN || strcasecmp(in + ONION_LEN, ".onion")))
		return ERR_INVALID;
	int err = base32_decode(in, ONION_LEN, raw, sizeof(raw));
	if (err)
		return err;
	onion_checksum(raw, checksum);
	if (raw[ONION_BYTES - 1] != ONION_VERSION || memcmp(raw + KEY_BYTES, checksum, CHECKSUM_BYTES))
		return ERR_INVALID;
	err = identity_check(raw);
	if (!err)
		memcpy(ed_public, raw, KEY_BYTES);
	return err;
}
