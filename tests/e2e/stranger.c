/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Somebody without a daemon: a fresh identity at each start, or the one of a seed, 64 hexadecimal digits.
 *
 * stranger request ADDRESS [SEED]: asks at the door, over the connected socket on stdin; prints what was
 * answered: pending, accepted, refused, or closed.
 *
 * stranger stall ADDRESS: the same up to message 2; prints "stalled" and stays until the other side closes.
 *
 * stranger address SEED: prints the address of the identity.
 *
 * stranger forge|expire INVITATION: prints it with another token, or as of a minute that is over.
 */
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "crypto/crypto.h"
#include "link/invite.h"
#include "link/link.h"
#include "link/payload.h"

struct stranger {
	uint8_t identity[KEY_BYTES], identity_dh[KEY_BYTES];
	uint8_t link_secret[KEY_BYTES], link_key[KEY_BYTES];
	uint8_t door[KEY_BYTES], door_dh[KEY_BYTES];
	struct link *link;
	struct buf in;
};

static void fail(const char *what, const char *is_not)
{
	fprintf(stderr, "stranger: %s is no %s\n", what, is_not);
	exit(2);
}

static void read_seed(const char *digits, uint8_t seed[KEY_BYTES])
{
	size_t len;

	if (sodium_hex2bin(seed, KEY_BYTES, digits, strlen(digits), NULL, &len, NULL) != 0 ||
	    len != KEY_BYTES)
		fail(digits, "seed");
}

static void begin(struct stranger *s, const char *address, const char *digits)
{
	uint8_t seed[KEY_BYTES];
	const struct link_initiator_opts opts = {.role = LINK_DOOR,
						 .static_secret = s->identity_dh,
						 .identity = s->identity,
						 .responder_static = s->door_dh,
						 .responder_onion = s->door,
						 .version = LINK_VERSION};

	if (digits != NULL)
		read_seed(digits, seed);
	else
		rng_fill(&rng_system, seed, sizeof(seed));
	identity_public(seed, s->identity);
	identity_dh_secret(seed, s->identity_dh);
	rng_fill(&rng_system, s->link_secret, sizeof(s->link_secret));
	dh_public(s->link_secret, s->link_key);
	if (onion_decode(address, s->door) != 0 || identity_dh_public(s->door, s->door_dh) != 0)
		fail(address, "address");
	buf_init(&s->in, 65536);
	s->link = link_new_initiator(&rng_system, &opts);
}

/* Whether the other side took them. */
static bool flush(struct stranger *s)
{
	uint8_t record[RECORD_BYTES];

	while (link_output(s->link, record) == 1)
		if (write(STDIN_FILENO, record, sizeof(record)) != (ssize_t)sizeof(record))
			return false;
	return true;
}

/* Waits for bytes.  False: the other side has closed, or the link is dead. */
static bool take(struct stranger *s)
{
	uint8_t bytes[RECORD_BYTES];
	ssize_t n = read(STDIN_FILENO, bytes, sizeof(bytes));

	return n > 0 && buf_put(&s->in, bytes, (size_t)n) == 0 && link_feed(s->link, &s->in) == 0 &&
	       link_state(s->link) != LINK_DEAD;
}

static bool shake_hands(struct stranger *s)
{
	bool alive = flush(s);

	while (alive && link_state(s->link) != LINK_OPEN)
		alive = take(s);
	return alive;
}

static int send_request(struct stranger *s)
{
	struct request q = {.nick = "mallory", .text = "let me in"};
	const struct proof_claim claim = {link_hash(s->link), s->link_key, s->identity};
	struct buf body;
	int err;

	buf_init(&body, FRAME_BODY_MAX);
	memcpy(q.link_key, s->link_key, KEY_BYTES);
	memcpy(q.locator.onion, s->identity, KEY_BYTES);
	err = proof_make(PROOF_REQUEST, &claim, s->link_secret, s->door_dh, q.proof);
	if (err == 0)
		err = request_encode(&q, &body);
	if (err == 0)
		err = link_send(s->link, FRAME_REQUEST, buf_ptr(&body), buf_len(&body));
	buf_clear(&body);
	return err;
}

static const char *await_answer(struct stranger *s)
{
	static const char *const words[] = {
	    [ANSWER_PENDING] = "pending", [ANSWER_ACCEPTED] = "accepted", [ANSWER_REFUSED] = "refused"};
	const uint8_t *body;
	struct answer answer;
	uint8_t type;
	size_t len;

	do {
		while (link_next(s->link, &type, &body, &len) == 1)
			if (type == FRAME_ANSWER && answer_decode(body, len, &answer) == 0)
				return words[answer.status];
	} while (take(s));
	return "closed";
}

static const char *ask(struct stranger *s)
{
	if (!shake_hands(s) || send_request(s) != 0 || !flush(s))
		return "closed";
	return await_answer(s);
}

static const char *stall(struct stranger *s)
{
	if (!shake_hands(s))
		return "closed";
	puts("stalled");
	fflush(stdout);
	while (take(s))
		;
	return "closed";
}

static int print_invitation(const char *how, const char *text)
{
	char out[INVITE_LEN + 1];
	struct invite inv;
	int err = invite_decode(text, &inv);

	if (strcmp(how, "forge") == 0)
		inv.token[0] ^= 1;
	else
		inv.minute = 1;
	if (err == 0)
		err = invite_encode(&inv, out);
	if (err != 0)
		fprintf(stderr, "stranger: %s\n", err_str(err));
	else
		puts(out);
	return err == 0 ? 0 : 1;
}

static int print_address(const char *digits)
{
	uint8_t seed[KEY_BYTES], identity[KEY_BYTES];
	char address[ONION_LEN + 1];

	read_seed(digits, seed);
	identity_public(seed, identity);
	onion_encode(identity, address);
	puts(address);
	return 0;
}

int main(int argc, char **argv)
{
	struct stranger s = {0};

	if (argc < 3 || argc > 4 || crypto_start() != 0) {
		fprintf(
		    stderr,
		    "usage: stranger request|stall|address|forge|expire ADDRESS|SEED|INVITATION [SEED]\n");
		return 2;
	}
	if (invite_is(argv[2]))
		return print_invitation(argv[1], argv[2]);
	if (strcmp(argv[1], "address") == 0)
		return print_address(argv[2]);
	begin(&s, argv[2], argv[3]);
	if (s.link == NULL)
		return 1;
	puts(strcmp(argv[1], "stall") == 0 ? stall(&s) : ask(&s));
	link_free(s.link);
	buf_clear(&s.in);
	return 0;
}
