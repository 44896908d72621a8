/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "link/ratchet.h"

#include <string.h>

#include "base/buf.h"
#include "base/err.h"

#define ROOT_LABEL    "allium ratchet root"
#define EPOCH_LABEL   "allium epoch"
#define TURN_LABEL    "allium ratchet"
#define MESSAGE_LABEL "allium message"
#define LABEL_LEN(l)  (sizeof(l) - 1)

/* In the state's last byte. */
#define FLAG_SEND 1
#define FLAG_RECV 2

/* ---- key derivation (section 5.2) ----------------------------------------- */

static void hmac_key(const uint8_t key[KEY_BYTES], const void *data, size_t len, uint8_t out[KEY_BYTES])
{
	uint8_t mac[HASH_BYTES];

	hmac(key, KEY_BYTES, data, len, mac);
	memcpy(out, mac, KEY_BYTES);
	crypto_wipe(mac, sizeof(mac));
}

void ratchet_root_sk(const uint8_t chaining_key[HASH_BYTES], uint8_t sk[KEY_BYTES])
{
	uint8_t out1[HASH_BYTES], out2[HASH_BYTES];

	hkdf(chaining_key, HASH_BYTES, (const uint8_t *)ROOT_LABEL, LABEL_LEN(ROOT_LABEL), out1, out2, NULL);
	memcpy(sk, out1, KEY_BYTES);
	crypto_wipe(out1, sizeof(out1));
	crypto_wipe(out2, sizeof(out2));
}

void ratchet_epoch(const uint8_t sk[KEY_BYTES], uint8_t epoch[EPOCH_BYTES])
{
	uint8_t key[KEY_BYTES];

	hmac_key(sk, EPOCH_LABEL, LABEL_LEN(EPOCH_LABEL), key);
	memcpy(epoch, key, EPOCH_BYTES);
	crypto_wipe(key, sizeof(key));
}

/* root, chain = KDF_RK(root, DH(secret, remote)); nothing changes on an error. */
static int root_step(uint8_t root[KEY_BYTES], const uint8_t secret[KEY_BYTES],
		     const uint8_t remote[KEY_BYTES], uint8_t chain[KEY_BYTES])
{
	uint8_t input[KEY_BYTES + LABEL_LEN(TURN_LABEL)], out1[HASH_BYTES], out2[HASH_BYTES];
	int err = dh(secret, remote, input);

	if (err)
		return err;
	memcpy(input + KEY_BYTES, TURN_LABEL, LABEL_LEN(TURN_LABEL));
	hkdf(root, KEY_BYTES, input, sizeof(input), out1, out2, NULL);
	memcpy(root, out1, KEY_BYTES);
	memcpy(chain, out2, KEY_BYTES);
	crypto_wipe(input, sizeof(input));
	crypto_wipe(out1, sizeof(out1));
	crypto_wipe(out2, sizeof(out2));
	return 0;
}

/* chain, secret = KDF_CK(chain) */
static void chain_step(uint8_t chain[KEY_BYTES], uint8_t secret[KEY_BYTES])
{
	hmac_key(chain, "\x01", 1, secret);
	hmac_key(chain, "\x02", 1, chain);
}

static void message_key(const uint8_t secret[KEY_BYTES], const uint8_t random[RATCHET_RANDOM_BYTES],
			uint8_t key[KEY_BYTES])
{
	uint8_t input[LABEL_LEN(MESSAGE_LABEL) + RATCHET_RANDOM_BYTES];

	memcpy(input, MESSAGE_LABEL, LABEL_LEN(MESSAGE_LABEL));
	memcpy(input + LABEL_LEN(MESSAGE_LABEL), random, RATCHET_RANDOM_BYTES);
	hmac_key(secret, input, sizeof(input), key);
}

/* ---- initialisation (section 3.3) ----------------------------------------- */

static void generate_dh(struct ratchet *r, const struct rng *rng)
{
	rng_fill(rng, r->dh_secret, KEY_BYTES);
	r->has_own = false;
}

int ratchet_init(struct ratchet *r, const struct rng *rng, const struct ratchet_root *root)
{
	int err;

	memset(r, 0, sizeof(*r));
	memcpy(r->root, root->sk, KEY_BYTES);
	if (!root->initiator) {
		memcpy(r->dh_secret, root->key, KEY_BYTES);
		return 0;
	}
	generate_dh(r, rng);
	memcpy(r->dh_remote, root->key, KEY_BYTES);
	err = root_step(r->root, r->dh_secret, r->dh_remote, r->send_chain);
	if (err)
		crypto_wipe(r, sizeof(*r));
	else
		r->has_send = true;
	return err;
}

/* ---- headers -------------------------------------------------------------- */

struct header {
	const uint8_t *dh;
	uint32_t previous;
	uint32_t n;
	const uint8_t *random;
};

static void put_u32(uint8_t out[4], uint32_t v)
{
	for (unsigned i = 0; i < 4; i++)
		out[i] = (uint8_t)(v >> (24 - 8 * i));
}

static void header_read(const uint8_t bytes[RATCHET_HEADER_BYTES], struct header *h)
{
	struct rd rd;

	rd_init(&rd, bytes, RATCHET_HEADER_BYTES);
	h->dh = rd_take(&rd, KEY_BYTES);
	h->previous = rd_u32(&rd);
	h->n = rd_u32(&rd);
	h->random = rd_take(&rd, RATCHET_RANDOM_BYTES);
}

/* Making the public key takes longer than all the rest of a message: once for those that are sealed together. */
static const uint8_t *own_key(struct ratchet *r)
{
	if (!r->has_own)
		dh_public(r->dh_secret, r->dh_own);
	r->has_own = true;
	return r->dh_own;
}

static void header_write(struct ratchet *r, const struct rng *rng, uint8_t out[RATCHET_HEADER_BYTES])
{
	memcpy(out, own_key(r), KEY_BYTES);
	put_u32(out + KEY_BYTES, r->previous);
	put_u32(out + KEY_BYTES + 4, r->sent);
	rng_fill(rng, out + KEY_BYTES + 8, RATCHET_RANDOM_BYTES);
}

/* CONCAT(ad, header): the header has one length, so both can be told apart. Returns the length. */
static size_t concat(const void *ad, size_t ad_len, const uint8_t header[RATCHET_HEADER_BYTES],
		     uint8_t out[RATCHET_AD_MAX + RATCHET_HEADER_BYTES])
{
	if (ad_len)
		memcpy(out, ad, ad_len);
	memcpy(out + ad_len, header, RATCHET_HEADER_BYTES);
	return ad_len + RATCHET_HEADER_BYTES;
}

/* ---- sealing (section 3.4) ------------------------------------------------ */

int ratchet_seal(struct ratchet *r, const struct rng *rng, const void *ad, size_t ad_len,
		 const uint8_t *plain, size_t len, uint8_t *out)
{
	uint8_t full[RATCHET_AD_MAX + RATCHET_HEADER_BYTES], secret[KEY_BYTES], key[KEY_BYTES];
	struct header h;

	if (ad_len > RATCHET_AD_MAX)
		return ERR_TOO_LONG;
	if (!r->has_send || r->sent == UINT32_MAX)
		return ERR_WRONG_STATE;
	header_write(r, rng, out);
	header_read(out, &h);
	chain_step(r->send_chain, secret);
	r->sent++;
	message_key(secret, h.random, key);
	ad_len = concat(ad, ad_len, out, full);
	aead_seal(key, 0, full, ad_len, plain, len, out + RATCHET_HEADER_BYTES);
	crypto_wipe(secret, sizeof(secret));
	crypto_wipe(key, sizeof(key));
	return 0;
}

/* ---- opening (section 3.5) ------------------------------------------------ */

/* What a message would make of the ratchet; in guarded memory, and nothing else changes until its tag holds.
 */
struct opening {
	const struct ratchet *before;
	struct ratchet after;
	bool turns;		  /* the message begins a new chain */
	uint32_t from;		  /* the first number that it skips in its chain, unless it is h.n */
	uint8_t chain[KEY_BYTES]; /* its chain there */
	uint8_t secret[KEY_BYTES];
	uint8_t key[KEY_BYTES];
};

/* Steps over the numbers from..until-1, and keeps their secrets if skipped is not NULL. */
static int walk(uint8_t chain[KEY_BYTES], uint32_t from, uint32_t until, const uint8_t dh[KEY_BYTES],
		const struct ratchet_skipped *skipped)
{
	uint8_t secret[KEY_BYTES];
	int err = 0;

	for (uint32_t n = from; n < until && !err; n++) {
		chain_step(chain, secret);
		if (skipped)
			err = skipped->add(skipped->ctx, dh, n, secret);
	}
	crypto_wipe(secret, sizeof(secret));
	return err;
}

/* Asked before a single step, since the numbers are not authenticated yet. */
static int check_skips(const struct opening *o, const struct header *h, const struct ratchet_skipped *skipped)
{
	const struct ratchet *r = o->before;
	uint64_t skips = 0;

	/* A number below the next one that was not skipped is a replay; the last one is never sent. */
	if ((!o->turns && h->n < r->received) || h->n == UINT32_MAX)
		return ERR_CRYPTO;
	if (o->turns && r->has_recv && h->previous > r->received)
		skips = h->previous - r->received;
	skips += h->n - o->from;
	return skips > RATCHET_SKIP_MAX || (skips && skips > skipped->room(skipped->ctx)) ? ERR_FULL : 0;
}

/* DHRatchet, first half: what the other side will send. */
static int turn_recv(struct ratchet *r, const uint8_t dh[KEY_BYTES])
{
	r->previous = r->sent;
	r->sent = 0;
	r->received = 0;
	r->has_recv = true;
	memcpy(r->dh_remote, dh, KEY_BYTES);
	return root_step(r->root, r->dh_secret, r->dh_remote, r->recv_chain);
}

/* Its second half: what we will. */
static int turn_send(struct ratchet *r, const struct rng *rng)
{
	generate_dh(r, rng);
	r->has_send = true;
	return root_step(r->root, r->dh_secret, r->dh_remote, r->send_chain);
}

/* Up to the message secret. */
static int advance(struct opening *o, const struct header *h, const struct ratchet_skipped *skipped)
{
	struct ratchet *r = &o->after;
	int err;

	o->turns = !r->has_send || !crypto_equal(h->dh, r->dh_remote, KEY_BYTES);
	if (!o->turns && !r->has_recv)
		return ERR_CRYPTO; /* the responder's first key never sends */
	o->from = o->turns ? 0 : r->received;
	err = check_skips(o, h, skipped);
	if (!err && o->turns)
		err = turn_recv(r, h->dh);
	if (err)
		return err;
	memcpy(o->chain, r->recv_chain, KEY_BYTES);
	walk(r->recv_chain, o->from, h->n, h->dh, NULL);
	chain_step(r->recv_chain, o->secret);
	r->received = h->n + 1;
	return 0;
}

/* TrySkippedMessageKeys: 0 and the secret, if it is one that was skipped.  In a chain nothing from its next number on
 * was: what comes in order need not be looked for. */
static int find_skipped(struct opening *o, const struct header *h, const struct ratchet_skipped *skipped)
{
	const struct ratchet *r = o->before;

	if (r->has_recv && h->n >= r->received && crypto_equal(h->dh, r->dh_remote, KEY_BYTES))
		return ERR_NOT_FOUND;
	return skipped->find(skipped->ctx, h->dh, h->n, o->secret);
}

/* The tag holds: the secrets that were skipped are kept, walking once more. */
static int keep_skipped(struct opening *o, const struct header *h, const struct ratchet_skipped *skipped)
{
	const struct ratchet *r = o->before;
	uint8_t chain[KEY_BYTES];
	int err = 0;

	memcpy(chain, r->recv_chain, KEY_BYTES);
	if (o->turns && r->has_recv)
		err = walk(chain, r->received, h->previous, r->dh_remote, skipped);
	if (!err)
		err = walk(o->chain, o->from, h->n, h->dh, skipped);
	crypto_wipe(chain, sizeof(chain));
	return err;
}

static int commit(struct ratchet *r, struct opening *o, const struct rng *rng, const struct header *h,
		  const struct ratchet_skipped *skipped)
{
	int err = o->turns ? turn_send(&o->after, rng) : 0;

	if (!err)
		err = keep_skipped(o, h, skipped);
	if (!err)
		*r = o->after;
	return err;
}

static int open_into(struct ratchet *r, struct opening *o, const struct rng *rng,
		     const struct ratchet_skipped *skipped, const void *ad, size_t ad_len, const uint8_t *msg,
		     size_t len, uint8_t *out)
{
	uint8_t full[RATCHET_AD_MAX + RATCHET_HEADER_BYTES];
	struct header h;
	int err, found;

	header_read(msg, &h);
	o->before = r;
	o->after = *r;
	found = find_skipped(o, &h, skipped);
	if (found && found != ERR_NOT_FOUND)
		return found;
	err = found ? advance(o, &h, skipped) : 0;
	if (err)
		return err;
	message_key(o->secret, h.random, o->key);
	ad_len = concat(ad, ad_len, msg, full);
	err = aead_open(o->key, 0, full, ad_len, msg + RATCHET_HEADER_BYTES, len - RATCHET_HEADER_BYTES, out);
	if (err)
		return err;
	return found ? commit(r, o, rng, &h, skipped) : skipped->remove(skipped->ctx, h.dh, h.n);
}

int ratchet_open(struct ratchet *r, const struct rng *rng, const struct ratchet_skipped *skipped,
		 const void *ad, size_t ad_len, const uint8_t *msg, size_t len, uint8_t *out)
{
	struct opening o; /* not in guarded memory: that is made and unmade too slowly for each message */
	int err;

	if (len < RATCHET_OVERHEAD)
		return ERR_PROTOCOL;
	if (ad_len > RATCHET_AD_MAX) {
		err = ERR_TOO_LONG;
	} else {
		err = open_into(r, &o, rng, skipped, ad, ad_len, msg, len, out);
		crypto_wipe(&o, sizeof(o));
	}
	if (err && len > RATCHET_OVERHEAD)
		crypto_wipe(out, len - RATCHET_OVERHEAD);
	return err;
}

/* ---- on disk -------------------------------------------------------------- */

void ratchet_save(const struct ratchet *r, uint8_t out[RATCHET_STATE_BYTES])
{
	const uint8_t *const keys[] = {r->root, r->dh_secret, r->dh_remote, r->send_chain, r->recv_chain};
	const uint32_t numbers[] = {r->sent, r->received, r->previous};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++, out += KEY_BYTES)
		memcpy(out, keys[i], KEY_BYTES);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++, out += 4)
		put_u32(out, numbers[i]);
	*out = (uint8_t)((r->has_send ? FLAG_SEND : 0) | (r->has_recv ? FLAG_RECV : 0));
}

/* What is not there yet is zero. */
static bool state_valid(const struct ratchet *r, uint8_t flags)
{
	static const uint8_t zero[KEY_BYTES];

	if (flags > (FLAG_SEND | FLAG_RECV) || (r->has_recv && !r->has_send))
		return false;
	if (!r->has_send && (r->sent || !crypto_equal(r->dh_remote, zero, KEY_BYTES) ||
			     !crypto_equal(r->send_chain, zero, KEY_BYTES)))
		return false;
	return r->has_recv || (!r->received && !r->previous && crypto_equal(r->recv_chain, zero, KEY_BYTES));
}

int ratchet_load(struct ratchet *r, const uint8_t *in, size_t len)
{
	uint8_t flags;
	struct rd rd;

	memset(r, 0, sizeof(*r));
	rd_init(&rd, in, len);
	rd_bytes(&rd, r->root, KEY_BYTES);
	rd_bytes(&rd, r->dh_secret, KEY_BYTES);
	rd_bytes(&rd, r->dh_remote, KEY_BYTES);
	rd_bytes(&rd, r->send_chain, KEY_BYTES);
	rd_bytes(&rd, r->recv_chain, KEY_BYTES);
	r->sent = rd_u32(&rd);
	r->received = rd_u32(&rd);
	r->previous = rd_u32(&rd);
	flags = rd_u8(&rd);
	r->has_send = flags & FLAG_SEND;
	r->has_recv = flags & FLAG_RECV;
	if (!rd_done(&rd) && state_valid(r, flags))
		return 0;
	crypto_wipe(r, sizeof(*r));
	return ERR_INVALID;
}
