/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Alice and Bob in the middle of a conversation, with fixed random bytes, so that the corpus holds messages
 * that open.  The first byte of an input says what the rest is: 0, 1  a message to Alice, to Bob 2     number
 * of a prepared message (u8), bytes to cut off its end (u8), then changes: place (u8), XOR (u8) 3     a saved
 * state
 */
#include "fuzz.h"

#include "../ratchet_keep.h"

enum { TO_ALICE = 0, TO_BOB = 1, CHANGED = 2, STATE = 3 };

#define AD	 "the session"
#define TEXT	 "text"
#define TEXT_LEN (sizeof(TEXT) - 1)
#define MSG_LEN	 (TEXT_LEN + RATCHET_OVERHEAD)

static void counting_fill(void *ctx, uint8_t *out, size_t len)
{
	uint8_t *next = ctx;

	while (len--)
		*out++ = (*next)++;
}

static uint8_t next_byte = 1;
static const struct rng rng = {counting_fill, &next_byte};

struct side {
	struct ratchet r;
	struct keep keep;
};

/* As they stand when an input comes. */
static struct side alice, bob;

struct prepared {
	const struct side *to;
	bool opens;
	uint8_t bytes[MSG_LEN];
};

static struct prepared prepared[8];
static size_t n_prepared;

static const struct prepared *seal(struct side *from, const struct side *to, bool opens)
{
	struct prepared *p = &prepared[n_prepared++];

	fuzz_check(n_prepared <= sizeof(prepared) / sizeof(prepared[0]));
	p->to = to;
	p->opens = opens;
	fuzz_check(!ratchet_seal(&from->r, &rng, AD, sizeof(AD), (const uint8_t *)TEXT, TEXT_LEN, p->bytes));
	return p;
}

static int open_as(struct side *side, const uint8_t *msg, size_t len, uint8_t *out)
{
	const struct ratchet_skipped skipped = keep_skipped(&side->keep);

	return ratchet_open(&side->r, &rng, &skipped, AD, sizeof(AD), msg, len, out);
}

static void deliver(struct side *to, const struct prepared *p)
{
	uint8_t out[TEXT_LEN];

	fuzz_check(!open_as(to, p->bytes, MSG_LEN, out) && !memcmp(out, TEXT, TEXT_LEN));
}

/* To Bob: one that he has, a late one, one behind in the chain, two of the next chain.  To Alice: two. */
static void prepare(void)
{
	struct ratchet_root a = {.initiator = true, .sk = {1}}, b = {.sk = {1}, .key = {2}};

	fuzz_check(!crypto_start());
	dh_public(b.key, a.key);
	fuzz_check(!ratchet_init(&alice.r, &rng, &a) && !ratchet_init(&bob.r, &rng, &b));
	deliver(&bob, seal(&alice, &bob, false));
	seal(&alice, &bob, true);
	deliver(&bob, seal(&alice, &bob, false));
	seal(&alice, &bob, true);
	deliver(&alice, seal(&bob, &alice, false));
	seal(&bob, &alice, true);
	seal(&alice, &bob, true);
	seal(&alice, &bob, true);
}

/* Only what was sealed for this side opens, and only once; whatever else comes changes nothing. */
static void deliver_anything(const struct side *to, const uint8_t *msg, size_t len)
{
	static struct side side;
	size_t out_len = len < RATCHET_OVERHEAD ? 0 : len - RATCHET_OVERHEAD;
	uint8_t before[RATCHET_STATE_BYTES], after[RATCHET_STATE_BYTES], *out = malloc(out_len + 1);
	bool expected = false;
	int err;

	fuzz_check(out);
	memset(out, 0xff, out_len + 1);
	for (size_t i = 0; i < n_prepared; i++)
		expected |= prepared[i].to == to && prepared[i].opens && len == MSG_LEN &&
			    !memcmp(msg, prepared[i].bytes, len);
	side = *to;
	ratchet_save(&side.r, before);
	err = open_as(&side, msg, len, out);
	fuzz_check(!err == expected);
	fuzz_check(out[out_len] == 0xff);
	if (!err) {
		fuzz_check(!memcmp(out, TEXT, TEXT_LEN));
		fuzz_check(open_as(&side, msg, len, out));
	} else {
		ratchet_save(&side.r, after);
		fuzz_check(!memcmp(before, after, sizeof(before)));
		fuzz_check(!memcmp(&side.keep, &to->keep, sizeof(side.keep)));
	}
	for (size_t i = 0; i < out_len; i++)
		fuzz_check(!out[i]);
	free(out);
}

static void deliver_changed(const uint8_t *data, size_t len)
{
	const struct prepared *p;
	uint8_t msg[MSG_LEN];
	size_t cut;

	if (len < 2)
		return;
	p = &prepared[data[0] % n_prepared];
	cut = data[1] % MSG_LEN;
	memcpy(msg, p->bytes, MSG_LEN);
	for (size_t i = 2; i + 1 < len; i += 2)
		msg[data[i] % MSG_LEN] ^= data[i + 1];
	deliver_anything(p->to, msg, MSG_LEN - cut);
}

/* What loads is saved as it was, and works, or fails, without harm. */
static void load(const uint8_t *data, size_t len)
{
	static struct side side;
	uint8_t saved[RATCHET_STATE_BYTES], out[MSG_LEN];
	int err = ratchet_load(&side.r, data, len);

	fuzz_check(!err || err == ERR_INVALID);
	if (err)
		return;
	ratchet_save(&side.r, saved);
	fuzz_check(len == sizeof(saved) && !memcmp(saved, data, len));
	side.keep.n = 0;
	err = open_as(&side, prepared[0].bytes, MSG_LEN, out);
	fuzz_check(err == ERR_CRYPTO || err == ERR_FULL || !err);
	err = ratchet_seal(&side.r, &rng, NULL, 0, NULL, 0, out);
	fuzz_check(!err || err == ERR_WRONG_STATE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (!n_prepared)
		prepare();
	if (!len)
		return 0;
	switch (data[0]) {
	case TO_ALICE:
	case TO_BOB:
		deliver_anything(data[0] == TO_BOB ? &bob : &alice, data + 1, len - 1);
		break;
	case CHANGED:
		deliver_changed(data + 1, len - 1);
		break;
	case STATE:
		load(data + 1, len - 1);
		break;
	}
	return 0;
}
