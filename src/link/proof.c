/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "link/proof.h"

#include <string.h>

#include "base/err.h"
#include "crypto/identity.h"

#define LABEL_MAX 16

static const char *label_of(enum proof_kind kind)
{
	switch (kind) {
	case PROOF_REQUEST:
		return "allium request";
	case PROOF_ACCEPT:
		return "allium accept";
	case PROOF_ANSWER:
		return "allium answer";
	case PROOF_REDEEM:
		return "allium redeem";
	case PROOF_IDENTITY:
		return "allium identity";
	}
	return "";
}

/* The MAC is the same whichever side makes it. */
static int compute(enum proof_kind kind, const struct proof_claim *claim, const uint8_t *secret,
		   const uint8_t *public_key, uint8_t proof[PROOF_BYTES])
{
	uint8_t data[LABEL_MAX + HASH_BYTES + 2 * KEY_BYTES], shared[KEY_BYTES], mac[HASH_BYTES];
	const char *label = label_of(kind);
	size_t n = strlen(label);
	int err = dh(secret, public_key, shared);

	if (err)
		return err;
	memcpy(data, label, n);
	memcpy(data + n, claim->hash, HASH_BYTES);
	memcpy(data + n + HASH_BYTES, claim->link_key, KEY_BYTES);
	memcpy(data + n + HASH_BYTES + KEY_BYTES, claim->identity, KEY_BYTES);
	hmac(shared, sizeof(shared), data, n + HASH_BYTES + 2 * KEY_BYTES, mac);
	memcpy(proof, mac, PROOF_BYTES);
	crypto_wipe(shared, sizeof(shared));
	crypto_wipe(mac, sizeof(mac));
	return 0;
}

int proof_make(enum proof_kind kind, const struct proof_claim *claim, const uint8_t secret[KEY_BYTES],
	       const uint8_t verifier[KEY_BYTES], uint8_t proof[PROOF_BYTES])
{
	return compute(kind, claim, secret, verifier, proof);
}

/* The public key whose secret is proven. */
static int proven_key(enum proof_kind kind, const struct proof_claim *claim, uint8_t key[KEY_BYTES])
{
	if (kind == PROOF_IDENTITY)
		return identity_dh_public(claim->identity, key);
	memcpy(key, claim->link_key, KEY_BYTES);
	return 0;
}

int proof_check(enum proof_kind kind, const struct proof_claim *claim, const uint8_t static_secret[KEY_BYTES],
		const uint8_t proof[PROOF_BYTES])
{
	uint8_t expected[PROOF_BYTES], key[KEY_BYTES];
	int err = proven_key(kind, claim, key);

	if (!err)
		err = compute(kind, claim, static_secret, key, expected);
	if (err || !crypto_equal(expected, proof, PROOF_BYTES))
		err = ERR_PROTOCOL;
	crypto_wipe(expected, sizeof(expected));
	return err;
}
