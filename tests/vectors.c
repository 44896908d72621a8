/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Prints the test vectors of docs/protocol.md: `tests/vectors` makes the block that stands between its
 * markers, and a unit test compares both.  Each random source yields the bytes first, first + 1, first + 2
 * ... modulo 256.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "crypto/identity.h"
#include "link/link.h"
#include "link/payload.h"

#define LINE_BYTES 32

static void must(int holds)
{
	if (!holds)
		abort();
}

static void counting_fill(void *ctx, uint8_t *out, size_t len)
{
	uint8_t *next = ctx;

	while (len--)
		*out++ = (*next)++;
}

/* ---- printing ------------------------------------------------------------- */

static void show(const char *name, const uint8_t *data, size_t len)
{
	char hex[2 * LINE_BYTES + 1];

	printf("%s (%zu)\n", name, len);
	for (size_t at = 0; at < len; at += LINE_BYTES) {
		hex_encode(data + at, len - at < LINE_BYTES ? len - at : LINE_BYTES, hex);
		printf("  %s\n", hex);
	}
}

/* Of a handshake record: what stands before the filling. */
static void show_handshake(const char *name, const uint8_t record[RECORD_BYTES])
{
	show(name, record, 3 + (size_t)(record[1] << 8 | record[2]));
}

/* ---- people --------------------------------------------------------------- */

struct person {
	uint8_t seed[KEY_BYTES];
	uint8_t identity[KEY_BYTES];
	uint8_t identity_secret[KEY_BYTES];
	uint8_t identity_public[KEY_BYTES];
	uint8_t link_secret[KEY_BYTES];
	uint8_t link_public[KEY_BYTES];
	uint8_t next; /* of the random source */
	struct rng rng;
};

static void person_init(struct person *p, uint8_t seed, uint8_t link, uint8_t first)
{
	memset(p->seed, seed, KEY_BYTES);
	identity_public(p->seed, p->identity);
	identity_dh_secret(p->seed, p->identity_secret);
	dh_public(p->identity_secret, p->identity_public);
	memset(p->link_secret, link, KEY_BYTES);
	dh_public(p->link_secret, p->link_public);
	p->next = first;
	p->rng = (struct rng){counting_fill, &p->next};
}

static void show_person(const char *name, const struct person *p, unsigned first)
{
	char onion[ONION_LEN + 1];

	onion_encode(p->identity, onion);
	printf("%s, whose random source begins at 0x%02x\n", name, first);
	show("identity seed", p->seed, KEY_BYTES);
	show("identity, Ed25519", p->identity, KEY_BYTES);
	printf("address\n  %s.onion\n", onion);
	show("identity-derived X25519 secret", p->identity_secret, KEY_BYTES);
	show("identity-derived X25519 public", p->identity_public, KEY_BYTES);
	show("link key, X25519 secret", p->link_secret, KEY_BYTES);
	show("link key, X25519 public", p->link_public, KEY_BYTES);
	printf("\n");
}

/* ---- links ---------------------------------------------------------------- */

static int admit(void *ctx, enum link_role role, uint8_t version, const uint8_t *static_key,
		 const uint8_t *identity)
{
	(void)ctx;
	(void)role;
	(void)version;
	(void)static_key;
	(void)identity;
	return 0;
}

static void carry(struct link *from, struct link *to, uint8_t record[RECORD_BYTES])
{
	struct buf in;

	must(link_output(from, record));
	buf_init(&in, RECORD_BYTES);
	must(!buf_put(&in, record, RECORD_BYTES));
	must(!link_feed(to, &in));
	must(link_state(to) != LINK_DEAD);
	buf_clear(&in);
}

static struct link *answer(struct person *bob)
{
	const struct link_role_key roles[] = {{LINK_DOOR, bob->identity_secret},
					      {LINK_PRIVATE, bob->link_secret}};
	const struct link_responder_opts opts = {
	    .roles = roles, .n_roles = 2, .onion = bob->identity, .admit = admit};
	struct link *l = link_new_responder(&bob->rng, &opts);

	must(l != NULL);
	return l;
}

static struct link *dial(struct person *from, const struct person *to, enum link_role role, bool by_identity)
{
	const struct link_initiator_opts opts = {
	    .role = role,
	    .static_secret = by_identity ? from->identity_secret : from->link_secret,
	    .identity = by_identity ? from->identity : NULL,
	    .responder_static = role == LINK_DOOR ? to->identity_public : to->link_public,
	    .responder_onion = to->identity,
	};
	struct link *l = link_new_initiator(&from->rng, &opts);

	must(l != NULL);
	return l;
}

static void show_prologue(enum link_role role, const struct person *bob)
{
	uint8_t prologue[64] = LINK_LABEL;
	size_t len = strlen(LINK_LABEL);

	prologue[len++] = LINK_VERSION;
	prologue[len++] = (uint8_t)role;
	memcpy(prologue + len, bob->identity, KEY_BYTES);
	show("prologue", prologue, len + KEY_BYTES);
}

static void shake_hands(const char *initiator, struct link *a, const char *responder, struct link *b)
{
	uint8_t record[RECORD_BYTES];
	char name[64];

	carry(a, b, record);
	must(!str_fmt(name, sizeof(name), "%s: record with message 1, without its filling", initiator));
	show_handshake(name, record);
	carry(b, a, record);
	must(!str_fmt(name, sizeof(name), "%s: record with message 2, without its filling", responder));
	show_handshake(name, record);
}

/* Queues a frame and shows its body. */
static void queue(struct link *l, uint8_t type, const char *name, struct buf *body)
{
	show(name, buf_ptr(body), buf_len(body));
	must(!link_send(l, type, buf_ptr(body), buf_len(body)));
	buf_clear(body);
}

/* ---- the bodies ----------------------------------------------------------- */

/* That p has its link key, to the other side, whose static key this is. */
static void prove(const struct link *l, enum proof_kind kind, const struct person *p,
		  const uint8_t verifier[KEY_BYTES], uint8_t proof[PROOF_BYTES])
{
	const struct proof_claim claim = {link_hash(l), p->link_public, p->identity};
	uint8_t key[KEY_BYTES];

	must(!dh(p->link_secret, verifier, key));
	show("key of the proof", key, KEY_BYTES);
	must(!proof_make(kind, &claim, p->link_secret, verifier, proof));
	show("proof", proof, PROOF_BYTES);
}

static void request(struct link *l, const struct person *p, const struct person *to)
{
	struct request r;
	struct buf body;

	memset(&r, 0, sizeof(r));
	prove(l, PROOF_REQUEST, p, to->identity_public, r.proof);
	memcpy(r.link_key, p->link_public, KEY_BYTES);
	memcpy(r.locator.onion, p->identity, KEY_BYTES);
	must(!str_copy(r.nick, sizeof(r.nick), "alice"));
	must(!str_copy(r.text, sizeof(r.text), "Hello Bob, it's me."));
	buf_init(&body, FRAME_BODY_MAX);
	must(!request_encode(&r, &body));
	queue(l, FRAME_REQUEST, "REQUEST: nick \"alice\", text \"Hello Bob, it's me.\"", &body);
}

static void answer_accepted(struct link *l, const struct person *p, const struct person *to)
{
	struct answer a = {.status = ANSWER_ACCEPTED};
	struct buf body;

	prove(l, PROOF_ANSWER, p, to->identity_public, a.proof);
	memcpy(a.link_key, p->link_public, KEY_BYTES);
	memcpy(a.locator.onion, p->identity, KEY_BYTES);
	a.locator.has_client_key = true;
	memset(a.locator.client_key, 0xcc, KEY_BYTES);
	buf_init(&body, FRAME_BODY_MAX);
	must(!answer_encode(&a, &body));
	queue(l, FRAME_ANSWER, "ANSWER: accepted, a locator with the client key cc..cc", &body);
}

static void acceptance(struct link *l, const struct person *p, const struct person *to)
{
	struct accept a = {.nick = "bob"};
	struct buf body;

	prove(l, PROOF_ACCEPT, p, to->link_public, a.proof);
	memcpy(a.link_key, p->link_public, KEY_BYTES);
	memcpy(a.locator.onion, p->identity, KEY_BYTES);
	buf_init(&body, FRAME_BODY_MAX);
	must(!accept_encode(&a, &body));
	queue(l, FRAME_ACCEPT, "ACCEPT: nick \"bob\"", &body);
}

static void profile(struct link *l, const struct person *alice)
{
	struct profile p = {.nick = "alice", .away = true, .away_text = "asleep"};
	struct buf body;

	memcpy(p.identity, alice->identity, KEY_BYTES);

	buf_init(&body, FRAME_BODY_MAX);
	must(!profile_encode(&p, &body));
	queue(l, FRAME_PROFILE, "PROFILE: Alice's identity, nick \"alice\", away \"asleep\"", &body);
}

static void message(struct link *l)
{
	struct message m = {
	    .minute = 29000000, .kind = MESSAGE_TEXT, .text = "Grüße", .text_len = strlen("Grüße")};
	struct buf body;

	for (uint8_t i = 0; i < MSGID_BYTES; i++)
		m.id[i] = i;
	buf_init(&body, FRAME_BODY_MAX);
	must(!message_encode(&m, &body));
	queue(l, FRAME_MESSAGE, "MESSAGE: id 00..0f, minute 29000000, text \"Grüße\"", &body);
}

static void ack(struct link *l)
{
	uint8_t ids[1][MSGID_BYTES];
	struct buf body;

	for (uint8_t i = 0; i < MSGID_BYTES; i++)
		ids[0][i] = i;
	buf_init(&body, FRAME_BODY_MAX);
	must(!ack_encode((const uint8_t(*)[MSGID_BYTES])ids, 1, &body));
	queue(l, FRAME_ACK, "ACK: id 00..0f", &body);
}

/* ---- what is shown -------------------------------------------------------- */

static void at_the_door(struct person *alice, struct person *bob)
{
	struct link *a = dial(alice, bob, LINK_DOOR, true), *b = answer(bob);
	uint8_t record[RECORD_BYTES];

	printf("At the door\n");
	show_prologue(LINK_DOOR, bob);
	shake_hands("Alice", a, "Bob", b);
	show("handshake hash", link_hash(a), HASH_BYTES);
	request(a, alice, bob);
	carry(a, b, record);
	show("Alice: first transport record", record, sizeof(record));
	answer_accepted(b, bob, alice);
	carry(b, a, record);
	show("Bob: first transport record", record, sizeof(record));
	printf("\n");
	link_free(a);
	link_free(b);
}

/* Bob accepts. */
static void accepting(struct person *alice, struct person *bob)
{
	struct link *b = dial(bob, alice, LINK_PRIVATE, true), *a = answer(alice);
	uint8_t record[RECORD_BYTES];

	printf("Acceptance\n");
	show_prologue(LINK_PRIVATE, alice);
	shake_hands("Bob", b, "Alice", a);
	show("handshake hash", link_hash(b), HASH_BYTES);
	acceptance(b, bob, alice);
	carry(b, a, record);
	show("Bob: first transport record", record, sizeof(record));
	printf("\n");
	link_free(a);
	link_free(b);
}

static void between_link_keys(struct person *alice, struct person *bob)
{
	struct link *a = dial(alice, bob, LINK_PRIVATE, false), *b = answer(bob);
	uint8_t record[RECORD_BYTES];

	printf("Between link keys\n");
	show_prologue(LINK_PRIVATE, bob);
	shake_hands("Alice", a, "Bob", b);
	profile(a, alice);
	message(a);
	carry(a, b, record);
	show("Alice: first transport record, with both frames", record, sizeof(record));
	ack(b);
	carry(b, a, record);
	show("Bob: first transport record", record, sizeof(record));
	link_free(a);
	link_free(b);
}

int main(void)
{
	struct person alice, bob;

	must(!crypto_start());
	person_init(&alice, 0x01, 0x11, 0x20);
	person_init(&bob, 0x02, 0x22, 0x80);
	show_person("Alice", &alice, alice.next);
	show_person("Bob", &bob, bob.next);
	at_the_door(&alice, &bob);
	/* the random sources begin again, each time */
	person_init(&alice, 0x01, 0x11, 0x20);
	person_init(&bob, 0x02, 0x22, 0x80);
	accepting(&alice, &bob);
	person_init(&alice, 0x01, 0x11, 0x20);
	person_init(&bob, 0x02, 0x22, 0x80);
	between_link_keys(&alice, &bob);
	return ferror(stdout) || fflush(stdout) ? 1 : 0;
}
