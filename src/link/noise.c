/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Noise_IK_25519_ChaChaPoly_BLAKE2b.  The functions carry the names of the Noise specification (revision 34),
 * and the comments its tokens, so that both can be read side by side:
 *
 *   IK:
 *     <- s
 *     ...
 *     -> e, es, s, ss
 *     <- e, ee, se
 */
#include "link/noise.h"

#include <string.h>

#include "base/err.h"

#define PROTOCOL_NAME "Noise_IK_25519_ChaChaPoly_BLAKE2b"

enum noise_step {
	NOISE_FAILED = 0, /* what a wiped state is */
	NOISE_WRITE_1,
	NOISE_READ_1,
	NOISE_WRITE_2,
	NOISE_READ_2,
	NOISE_SPLIT,
};

struct noise {
	enum noise_step step;
	bool initiator;
	const struct rng *rng;
	/* SymmetricState (section 5.2) */
	uint8_t ck[HASH_BYTES];
	uint8_t h[HASH_BYTES];
	struct noise_cipher cipher;
	/* HandshakeState (section 5.3) */
	uint8_t s_secret[KEY_BYTES];
	uint8_t s[KEY_BYTES];
	uint8_t e_secret[KEY_BYTES];
	uint8_t e[KEY_BYTES];
	uint8_t rs[KEY_BYTES];
	uint8_t re[KEY_BYTES];
};

/* ---- CipherState (section 5.1)
 * ------------------------------------------------------------------------------- */

int noise_encrypt(struct noise_cipher *c, const void *ad, size_t ad_len, const uint8_t *in, size_t len,
		  uint8_t *out)
{
	/* 2^64-1 is reserved: it is never used as a nonce. */
	if (c->n == UINT64_MAX)
		return ERR_WRONG_STATE;
	aead_seal(c->key, c->n, ad, ad_len, in, len, out);
	c->n++;
	return 0;
}

int noise_decrypt(struct noise_cipher *c, const void *ad, size_t ad_len, const uint8_t *in, size_t len,
		  uint8_t *out)
{
	int err;

	if (c->n == UINT64_MAX)
		return ERR_WRONG_STATE;
	if (len < AEAD_TAG_BYTES)
		return ERR_PROTOCOL;
	err = aead_open(c->key, c->n, ad, ad_len, in, len, out);
	if (err)
		return err; /* n stays as it is */
	c->n++;
	return 0;
}

/* ---- SymmetricState (section 5.2)
 * ---------------------------------------------------------------------------- */

static void mix_hash(struct noise *n, const void *data, size_t len)
{
	hash2(n->h, sizeof n->h, data, len, n->h);
}

static void mix_key(struct noise *n, const uint8_t *ikm, size_t len)
{
	uint8_t ck[HASH_BYTES], temp_k[HASH_BYTES];

	hkdf(n->ck, sizeof n->ck, ikm, len, ck, temp_k, NULL);
	memcpy(n->ck, ck, sizeof n->ck);
	/* HASHLEN is 64: temp_k is cut to 32 bytes. */
	memcpy(n->cipher.key, temp_k, sizeof n->cipher.key);
	n->cipher.n = 0;
	crypto_wipe(ck, sizeof ck);
	crypto_wipe(temp_k, sizeof temp_k);
}

static int encrypt_and_hash(struct noise *n, const uint8_t *plain, size_t len, uint8_t *out)
{
	int err = noise_encrypt(&n->cipher, n->h, sizeof n->h, plain, len, out);

	if (!err)
		mix_hash(n, out, len + AEAD_TAG_BYTES);
	return err;
}

static int decrypt_and_hash(struct noise *n, const uint8_t *in, size_t len, uint8_t *plain)
{
	uint8_t h[HASH_BYTES];
	int err;

	/* The hash takes the ciphertext, which the plaintext may overwrite; it is committed only when the tag
	 * holds. */
	hash2(n->h, sizeof n->h, in, len, h);
	err = noise_decrypt(&n->cipher, n->h, sizeof n->h, in, len, plain);
	if (!err)
		memcpy(n->h, h, sizeof n->h);
	return err;
}

static void initialize_symmetric(struct noise *n)
{
	/* The name has 33 bytes, no more than HASHLEN: h is the name, filled with zeroes. */
	_Static_assert(sizeof PROTOCOL_NAME - 1 <= HASH_BYTES, "a longer name is hashed");
	memset(n->h, 0, sizeof n->h);
	memcpy(n->h, PROTOCOL_NAME, sizeof PROTOCOL_NAME - 1);
	memcpy(n->ck, n->h, sizeof n->ck);
}

/* ---- HandshakeState (section 5.3)
 * ---------------------------------------------------------------------------- */

/* Whatever fails, the state is gone: a second try with the same keys would help only an attacker. */
static int fail(struct noise *n, int err)
{
	crypto_wipe(n, sizeof *n);
	n->step = NOISE_FAILED;
	return err;
}

static int mix_dh(struct noise *n, const uint8_t *secret, const uint8_t *public_key)
{
	uint8_t shared[KEY_BYTES];
	int err = dh(secret, public_key, shared);

	if (!err)
		mix_key(n, shared, sizeof shared);
	crypto_wipe(shared, sizeof shared);
	return err;
}

static void generate_e(struct noise *n)
{
	rng_fill(n->rng, n->e_secret, sizeof n->e_secret);
	dh_public(n->e_secret, n->e);
}

/* rs is the responder's static key: both sides know it beforehand. */
static struct noise *initialize(const struct rng *rng, bool initiator, const void *prologue,
				size_t prologue_len, const uint8_t *s_secret, const uint8_t *rs)
{
	struct noise *n = secret_new(sizeof *n);

	if (!n)
		return NULL;
	memset(n, 0, sizeof *n);
	n->rng = rng;
	n->initiator = initiator;
	n->step = initiator ? NOISE_WRITE_1 : NOISE_READ_1;
	memcpy(n->s_secret, s_secret, sizeof n->s_secret);
	dh_public(n->s_secret, n->s);
	if (rs)
		memcpy(n->rs, rs, sizeof n->rs);
	initialize_symmetric(n);
	mix_hash(n, prologue, prologue_len);
	mix_hash(n, initiator ? n->rs : n->s, KEY_BYTES); /* <- s */
	return n;
}

struct noise *noise_new_initiator(const struct rng *rng, const void *prologue, size_t prologue_len,
				  const uint8_t s_secret[KEY_BYTES], const uint8_t rs_public[KEY_BYTES])
{
	return initialize(rng, true, prologue, prologue_len, s_secret, rs_public);
}

struct noise *noise_new_responder(const struct rng *rng, const void *prologue, size_t prologue_len,
				  const uint8_t s_secret[KEY_BYTES])
{
	return initialize(rng, false, prologue, prologue_len, s_secret, NULL);
}

void noise_free(struct noise *n)
{
	secret_free(n);
}

int noise_write_1(struct noise *n, const uint8_t *payload, size_t len, uint8_t *out)
{
	int err;

	if (n->step != NOISE_WRITE_1)
		return fail(n, ERR_WRONG_STATE);
	if (len > NOISE_PAYLOAD_MAX)
		return fail(n, ERR_TOO_LONG);
	/* e */
	generate_e(n);
	memcpy(out, n->e, KEY_BYTES);
	mix_hash(n, n->e, KEY_BYTES);
	/* es */
	if ((err = mix_dh(n, n->e_secret, n->rs)))
		return fail(n, err);
	/* s */
	if ((err = encrypt_and_hash(n, n->s, KEY_BYTES, out + KEY_BYTES)))
		return fail(n, err);
	/* ss */
	if ((err = mix_dh(n, n->s_secret, n->rs)))
		return fail(n, err);
	/* payload */
	if ((err = encrypt_and_hash(n, payload, len, out + 2 * KEY_BYTES + AEAD_TAG_BYTES)))
		return fail(n, err);
	n->step = NOISE_READ_2;
	return 0;
}

int noise_read_1(struct noise *n, const uint8_t *msg, size_t len, uint8_t *payload)
{
	const uint8_t *s = msg + KEY_BYTES, *sealed = s + KEY_BYTES + AEAD_TAG_BYTES;
	int err;

	if (n->step != NOISE_READ_1)
		return fail(n, ERR_WRONG_STATE);
	if (len < NOISE_MSG1_OVERHEAD || len > NOISE_MSG1_OVERHEAD + NOISE_PAYLOAD_MAX)
		return fail(n, ERR_PROTOCOL);
	/* e */
	memcpy(n->re, msg, KEY_BYTES);
	mix_hash(n, n->re, KEY_BYTES);
	/* es */
	if ((err = mix_dh(n, n->s_secret, n->re)))
		return fail(n, err);
	/* s */
	if ((err = decrypt_and_hash(n, s, KEY_BYTES + AEAD_TAG_BYTES, n->rs)))
		return fail(n, err);
	/* ss */
	if ((err = mix_dh(n, n->s_secret, n->rs)))
		return fail(n, err);
	/* payload */
	if ((err = decrypt_and_hash(n, sealed, len - (size_t)(sealed - msg), payload)))
		return fail(n, err);
	n->step = NOISE_WRITE_2;
	return 0;
}

int noise_write_2(struct noise *n, const uint8_t *payload, size_t len, uint8_t *out)
{
	int err;

	if (n->step != NOISE_WRITE_2)
		return fail(n, ERR_WRONG_STATE);
	if (len > NOISE_PAYLOAD_MAX)
		return fail(n, ERR_TOO_LONG);
	/* e */
	generate_e(n);
	memcpy(out, n->e, KEY_BYTES);
	mix_hash(n, n->e, KEY_BYTES);
	/* ee */
	if ((err = mix_dh(n, n->e_secret, n->re)))
		return fail(n, err);
	/* se */
	if ((err = mix_dh(n, n->e_secret, n->rs)))
		return fail(n, err);
	/* payload */
	if ((err = encrypt_and_hash(n, payload, len, out + KEY_BYTES)))
		return fail(n, err);
	n->step = NOISE_SPLIT;
	return 0;
}

int noise_read_2(struct noise *n, const uint8_t *msg, size_t len, uint8_t *payload)
{
	int err;

	if (n->step != NOISE_READ_2)
		return fail(n, ERR_WRONG_STATE);
	if (len < NOISE_MSG2_OVERHEAD || len > NOISE_MSG2_OVERHEAD + NOISE_PAYLOAD_MAX)
		return fail(n, ERR_PROTOCOL);
	/* e */
	memcpy(n->re, msg, KEY_BYTES);
	mix_hash(n, n->re, KEY_BYTES);
	/* ee */
	if ((err = mix_dh(n, n->e_secret, n->re)))
		return fail(n, err);
	/* se */
	if ((err = mix_dh(n, n->s_secret, n->re)))
		return fail(n, err);
	/* payload */
	if ((err = decrypt_and_hash(n, msg + KEY_BYTES, len - KEY_BYTES, payload)))
		return fail(n, err);
	n->step = NOISE_SPLIT;
	return 0;
}

const uint8_t *noise_remote_static(const struct noise *n)
{
	return n->rs;
}

int noise_split(struct noise *n, struct noise_cipher *send, struct noise_cipher *recv, uint8_t *hash,
		uint8_t *chaining_key)
{
	uint8_t k1[HASH_BYTES], k2[HASH_BYTES];

	if (n->step != NOISE_SPLIT)
		return fail(n, ERR_WRONG_STATE);
	hkdf(n->ck, sizeof n->ck, NULL, 0, k1, k2, NULL);
	/* The first cipher is for what the initiator sends. */
	memcpy(send->key, n->initiator ? k1 : k2, sizeof send->key);
	memcpy(recv->key, n->initiator ? k2 : k1, sizeof recv->key);
	send->n = recv->n = 0;
	if (hash)
		memcpy(hash, n->h, HASH_BYTES);
	if (chaining_key)
		memcpy(chaining_key, n->ck, HASH_BYTES);
	crypto_wipe(k1, sizeof k1);
	crypto_wipe(k2, sizeof k2);
	fail(n, 0); /* used up */
	return 0;
}
