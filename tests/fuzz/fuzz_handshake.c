/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A link that is fed anything.  All keys and random bytes are fixed, so that the corpus holds handshakes that
 * succeed.  The first byte of an input says to whom the rest goes:
 *   0  the responder, as it comes
 *   1  the initiator at the door, as it comes
 *   2  the responder, sealed into records by an initiator that finished its handshake
 *   3  the initiator between link keys, as it comes
 */
#include "fuzz.h"

#include "base/err.h"
#include "crypto/identity.h"
#include "link/link.h"
#include "link/noise.h"

enum { TO_RESPONDER = 0, TO_INITIATOR = 1, SEALED = 2, TO_PRIVATE = 3 };

/* The same bytes for every link. */
static void fixed_fill(void *ctx, uint8_t *out, size_t len)
{
	memset(out, *(const uint8_t *)ctx, len);
}

static uint8_t alice_byte = 0xa1, bob_byte = 0xb0;
static const struct rng alice_rng = {fixed_fill, &alice_byte}, bob_rng = {fixed_fill, &bob_byte};
static uint8_t alice_identity[KEY_BYTES], alice_secret[KEY_BYTES];
static uint8_t bob_identity[KEY_BYTES], bob_door[KEY_BYTES], bob_door_public[KEY_BYTES], bob_link[KEY_BYTES];
static uint8_t alice_link[KEY_BYTES], bob_link_public[KEY_BYTES];

static void start(void)
{
	static const uint8_t alice_seed[KEY_BYTES] = {1}, bob_seed[KEY_BYTES] = {2};

	fuzz_check(!crypto_start());
	identity_public(alice_seed, alice_identity);
	identity_dh_secret(alice_seed, alice_secret);
	identity_public(bob_seed, bob_identity);
	identity_dh_secret(bob_seed, bob_door);
	dh_public(bob_door, bob_door_public);
	memset(bob_link, 3, KEY_BYTES);
	memset(alice_link, 4, KEY_BYTES);
	dh_public(bob_link, bob_link_public);
}

static unsigned admitted;

static int admit(void *ctx, enum link_role role, uint8_t version, const uint8_t *static_key,
		 const uint8_t *identity)
{
	uint8_t mapped[KEY_BYTES];

	(void)ctx;
	admitted++;
	fuzz_check(version >= LINK_VERSION_MIN && version <= LINK_VERSION);
	fuzz_check(role == LINK_DOOR || role == LINK_PRIVATE);
	fuzz_check(identity || role != LINK_DOOR);
	if (identity)
		fuzz_check(!identity_dh_public(identity, mapped) && !memcmp(mapped, static_key, KEY_BYTES));
	return 0;
}

static struct link *responder(void)
{
	const struct link_role_key roles[] = {{LINK_DOOR, bob_door}, {LINK_PRIVATE, bob_link}};
	const struct link_responder_opts opts = {
	    .roles = roles, .n_roles = 2, .onion = bob_identity, .admit = admit};

	return link_new_responder(&bob_rng, &opts);
}

static struct link *private_initiator(void)
{
	const struct link_initiator_opts opts = {.role = LINK_PRIVATE,
						 .version = LINK_VERSION,
						 .static_secret = alice_link,
						 .responder_static = bob_link_public,
						 .responder_onion = bob_identity};

	return link_new_initiator(&alice_rng, &opts);
}

static struct link *initiator(void)
{
	const struct link_initiator_opts opts = {.role = LINK_DOOR,
						 .version = LINK_VERSION,
						 .static_secret = alice_secret,
						 .identity = alice_identity,
						 .responder_static = bob_door_public,
						 .responder_onion = bob_identity};

	return link_new_initiator(&alice_rng, &opts);
}

/* Whatever came: the states keep their promises. */
static void check(struct link *l, bool is_responder)
{
	uint8_t record[RECORD_BYTES], type;
	const uint8_t *body;
	size_t len, frames = 0;
	bool dead = link_state(l) == LINK_DEAD;

	fuzz_check(dead == (link_error(l) != 0));
	fuzz_check(!link_root(l) || (!dead && link_state(l) != LINK_HANDSHAKE));
	while (link_next(l, &type, &body, &len)) {
		fuzz_check(body && len <= FRAME_BODY_MAX);
		frames++;
	}
	fuzz_check(!frames || link_state(l) == LINK_OPEN);
	if (is_responder)
		fuzz_check(admitted || dead || link_state(l) == LINK_HANDSHAKE);
	fuzz_check(link_send(l, FRAME_PING, "12345678", 8) ==
		   (dead || link_state(l) == LINK_HANDSHAKE ? ERR_WRONG_STATE : 0));
	if (dead && link_error(l) == ERR_VERSION && is_responder)
		fuzz_check(link_output(l, record) && !record[1] && !record[2]);
	while (link_output(l, record))
		fuzz_check(!dead);
	fuzz_check(link_output_cover(l, record) == (link_state(l) == LINK_OPEN));
}

/* In two pieces: the cut must not matter. */
static void feed(struct link *l, const uint8_t *data, size_t len)
{
	struct buf in;
	size_t half = len / 2;

	buf_init(&in, 1 << 20);
	fuzz_check(!buf_put(&in, data, half));
	fuzz_check(!link_feed(l, &in));
	fuzz_check(!buf_put(&in, data + half, len - half));
	fuzz_check(!link_feed(l, &in));
	fuzz_check(buf_len(&in) < RECORD_BYTES);
	buf_clear(&in);
}

/* Alice's side by hand, up to her transport cipher. */
static struct noise_cipher open_link(struct link *bob)
{
	static const uint8_t label[] = LINK_LABEL;
	uint8_t prologue[sizeof(label) - 1 + 2 + KEY_BYTES] = {0}, record[RECORD_BYTES] = {0};
	struct noise_cipher send, recv;
	struct noise *n;

	memcpy(prologue, label, sizeof(label) - 1);
	prologue[sizeof(label) - 1] = record[0] = LINK_VERSION;
	prologue[sizeof(label)] = LINK_DOOR;
	memcpy(prologue + sizeof(label) + 1, bob_identity, KEY_BYTES);
	n = noise_new_initiator(&alice_rng, prologue, sizeof(prologue), alice_secret, bob_door_public);
	fuzz_check(n && !noise_write_1(n, alice_identity, KEY_BYTES, record + 3));
	record[2] = NOISE_MSG1_OVERHEAD + KEY_BYTES;
	feed(bob, record, sizeof(record));
	fuzz_check(link_output(bob, record));
	fuzz_check(!noise_read_2(n, record + 3, NOISE_MSG2_OVERHEAD, NULL));
	fuzz_check(!noise_split(n, &send, &recv, NULL, NULL));
	noise_free(n);
	return send;
}

static void feed_sealed(struct link *bob, const uint8_t *data, size_t len)
{
	struct noise_cipher send = open_link(bob);
	uint8_t plain[RECORD_PLAIN_BYTES], record[RECORD_BYTES];
	size_t n;

	for (size_t at = 0; at < len; at += n) {
		n = len - at < sizeof(plain) ? len - at : sizeof(plain);
		memset(plain, 0, sizeof(plain));
		memcpy(plain, data + at, n);
		fuzz_check(!noise_encrypt(&send, NULL, 0, plain, sizeof(plain), record));
		feed(bob, record, sizeof(record));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	bool dials = len && (data[0] == TO_INITIATOR || data[0] == TO_PRIVATE);
	struct link *l;

	if (!len)
		return 0;
	start();
	admitted = 0;
	if (dials)
		l = data[0] == TO_PRIVATE ? private_initiator() : initiator();
	else
		l = responder();
	fuzz_check(l);
	if (data[0] == SEALED)
		feed_sealed(l, data + 1, len - 1);
	else
		feed(l, data + 1, len - 1);
	check(l, !dials);
	link_free(l);
	return 0;
}
