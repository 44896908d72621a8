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
#include "link/invite.h"
#include "link/link.h"
#include "link/noise.h"
#include "link/payload.h"
#include "link/proof.h"
#include "ratchet_keep.h"

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
	uint8_t onion[KEY_BYTES]; /* that is dialled */
	uint8_t next;		  /* of the random source */
	struct rng rng;
};

static void person_init(struct person *p, uint8_t seed, uint8_t link, uint8_t first)
{
	memset(p->seed, seed, KEY_BYTES);
	identity_public(p->seed, p->identity);
	identity_dh_secret(p->seed, p->identity_secret);
	dh_public(p->identity_secret, p->identity_public);
	memcpy(p->onion, p->identity, KEY_BYTES);
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
	const struct link_role_key roles[] = {{LINK_PRIVATE, bob->link_secret},
					      {LINK_DOOR, bob->identity_secret}};
	const bool door = !memcmp(bob->onion, bob->identity, KEY_BYTES);
	const struct link_responder_opts opts = {
	    .roles = roles, .n_roles = door ? 2 : 1, .onion = bob->onion, .admit = admit};
	struct link *l = link_new_responder(&bob->rng, &opts);

	must(l != NULL);
	return l;
}

static struct link *dial(struct person *from, const struct person *to, enum link_role role, bool by_identity)
{
	const struct link_initiator_opts opts = {
	    .role = role,
	    .version = LINK_VERSION,
	    .static_secret = by_identity ? from->identity_secret : from->link_secret,
	    .identity = by_identity ? from->identity : NULL,
	    .responder_static = role == LINK_DOOR ? to->identity_public : to->link_public,
	    .responder_onion = to->onion,
	};
	struct link *l = link_new_initiator(&from->rng, &opts);

	must(l != NULL);
	return l;
}

#define PROLOGUE_MAX 64

static size_t make_prologue(enum link_role role, const struct person *bob, uint8_t prologue[PROLOGUE_MAX])
{
	size_t len = strlen(LINK_LABEL);

	memcpy(prologue, LINK_LABEL, len);
	prologue[len++] = LINK_VERSION;
	prologue[len++] = (uint8_t)role;
	memcpy(prologue + len, bob->onion, KEY_BYTES);
	return len + KEY_BYTES;
}

static void show_prologue(enum link_role role, const struct person *bob)
{
	uint8_t prologue[PROLOGUE_MAX];
	size_t len = make_prologue(role, bob, prologue);

	show("prologue", prologue, len);
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

/* That p has its link key, or its identity, to the other side, whose static key this is. */
static void prove(const struct link *l, enum proof_kind kind, const struct person *p,
		  const uint8_t verifier[KEY_BYTES], uint8_t proof[PROOF_BYTES])
{
	const uint8_t *secret = kind == PROOF_IDENTITY ? p->identity_secret : p->link_secret;
	const struct proof_claim claim = {link_hash(l), p->link_public, p->identity};
	uint8_t key[KEY_BYTES];

	must(!dh(secret, verifier, key));
	show("key of the proof", key, KEY_BYTES);
	must(!proof_make(kind, &claim, secret, verifier, proof));
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

#define CLIENT_KEY 0xcc
#define MINUTE	   29000000

/* Bob's private service, where Alice has a key of her own. */
static struct locator private_service(void)
{
	struct locator l = {.has_client_key = true};
	uint8_t seed[KEY_BYTES];

	memset(seed, 0x0b, sizeof(seed));
	identity_public(seed, l.onion);
	memset(l.client_key, CLIENT_KEY, KEY_BYTES);
	return l;
}

static void answer_accepted(struct link *l, enum proof_kind kind, const struct person *p,
			    const struct person *to)
{
	struct answer a = {.status = ANSWER_ACCEPTED};
	struct buf body;

	prove(l, kind, p, to->identity_public, a.proof);
	memcpy(a.link_key, p->link_public, KEY_BYTES);
	a.locator = private_service();
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

static void redemption(struct link *l, const struct person *p, const struct person *to,
		       const struct invite *inv)
{
	struct redeem r = {.nick = "alice"};
	struct buf body;

	prove(l, PROOF_REDEEM, p, to->link_public, r.proof);
	memcpy(r.token, inv->token, TOKEN_BYTES);
	memcpy(r.link_key, p->link_public, KEY_BYTES);
	memcpy(r.locator.onion, p->identity, KEY_BYTES);
	buf_init(&body, FRAME_BODY_MAX);
	must(!redeem_encode(&r, &body));
	queue(l, FRAME_REDEEM, "REDEEM: nick \"alice\"", &body);
}

static void profile(struct link *l, const struct person *from, const char *nick, const char *away_text,
		    const char *name)
{
	struct profile p = {.away = away_text[0] != '\0'};
	struct buf body;

	memcpy(p.identity, from->identity, KEY_BYTES);
	must(!str_copy(p.nick, sizeof(p.nick), nick) &&
	     !str_copy(p.away_text, sizeof(p.away_text), away_text));
	buf_init(&body, FRAME_BODY_MAX);
	must(!profile_encode(&p, &body));
	queue(l, FRAME_PROFILE, name, &body);
}

#define TOKEN 0x0000000100000001u /* of the first USE of Bob's process */

static void use(struct link *l)
{
	struct buf body;

	buf_init(&body, FRAME_BODY_MAX);
	must(!ping_encode(TOKEN, &body));
	queue(l, FRAME_USE, "USE", &body);
}

/* Before any session. */
static void sync_without_session(struct link *l, const char *name)
{
	const struct sync sync = {.token = TOKEN};
	struct buf body;

	buf_init(&body, FRAME_BODY_MAX);
	must(!sync_encode(&sync, &body));
	queue(l, FRAME_SYNC, name, &body);
}

static void ack(struct link *l, const uint8_t epoch[EPOCH_BYTES], uint64_t through)
{
	struct seq_of seq = {.seq = through};
	struct buf body;

	memcpy(seq.epoch, epoch, EPOCH_BYTES);
	buf_init(&body, FRAME_BODY_MAX);
	must(!seq_encode(&seq, &body));
	queue(l, FRAME_ACK, "ACK: through 1", &body);
}

/* ---- the ratchet ---------------------------------------------------------- */

struct talker {
	const char *name;
	struct person *person;
	struct ratchet r;
	struct keep keep;
	uint64_t seq;
};

#define AD_BYTES (EPOCH_BYTES + 8)

/* SK a second time, out of a handshake by hand, whose chaining key is shown. */
static void show_chaining_key(struct person alice, struct person bob, const uint8_t sk[KEY_BYTES])
{
	uint8_t prologue[PROLOGUE_MAX], msg[NOISE_MSG1_OVERHEAD], ck[HASH_BYTES], key[KEY_BYTES];
	size_t len = make_prologue(LINK_PRIVATE, &bob, prologue);
	struct noise_cipher send, recv;
	struct noise *a, *b;

	alice.rng.ctx = &alice.next;
	bob.rng.ctx = &bob.next;
	a = noise_new_initiator(&alice.rng, prologue, len, alice.link_secret, bob.link_public);
	b = noise_new_responder(&bob.rng, prologue, len, bob.link_secret);
	must(a && b && !noise_write_1(a, NULL, 0, msg) && !noise_read_1(b, msg, sizeof(msg), NULL));
	rng_fill(&bob.rng, key, sizeof(key)); /* the ratchet key, which is drawn before e */
	must(!noise_write_2(b, NULL, 0, msg) && !noise_split(b, &send, &recv, NULL, ck));
	show("final chaining key", ck, sizeof(ck));
	ratchet_root_sk(ck, key);
	must(!memcmp(key, sk, KEY_BYTES));
	noise_free(a);
	noise_free(b);
}

static void talker_init(struct talker *t, const char *name, struct person *p, struct link *l)
{
	memset(t, 0, sizeof(*t));
	t->name = name;
	t->person = p;
	must(!ratchet_init(&t->r, &p->rng, link_root(l)));
	link_root_forget(l);
}

static void show_turn(const struct talker *t, bool received)
{
	uint8_t key[KEY_BYTES];

	dh_public(t->r.dh_secret, key);
	if (received)
		show("  receiving chain key, past that message", t->r.recv_chain, KEY_BYTES);
	show("  new ratchet key, secret", t->r.dh_secret, KEY_BYTES);
	show("  new ratchet key, public", key, KEY_BYTES);
	show("  root key", t->r.root, KEY_BYTES);
	show("  sending chain key", t->r.send_chain, KEY_BYTES);
}

/* The keys of the next message in a chain with this header, derived here a second time. */
static void show_message_keys(const uint8_t chain[KEY_BYTES], const uint8_t header[RATCHET_HEADER_BYTES],
			      uint8_t key[KEY_BYTES])
{
	const size_t label = strlen("allium message");
	uint8_t mac[HASH_BYTES], input[64] = "allium message";

	hmac(chain, KEY_BYTES, "\x01", 1, mac);
	show("  message secret", mac, KEY_BYTES);
	memcpy(input + label, header + RATCHET_HEADER_BYTES - RATCHET_RANDOM_BYTES, RATCHET_RANDOM_BYTES);
	hmac(mac, KEY_BYTES, input, label + RATCHET_RANDOM_BYTES, mac);
	memcpy(key, mac, KEY_BYTES);
	show("  message key", key, KEY_BYTES);
}

/* The body of MESSAGE: epoch, seq, the ratchet's message. */
static void seal(struct talker *from, const uint8_t epoch[EPOCH_BYTES], const uint8_t *plain, size_t len,
		 struct buf *body)
{
	uint8_t chain[KEY_BYTES], key[KEY_BYTES], ad[AD_BYTES + RATCHET_HEADER_BYTES], *out;
	uint8_t opened[MESSAGE_BYTES_MAX];
	size_t sealed = len + RATCHET_OVERHEAD;

	must(!buf_put(body, epoch, EPOCH_BYTES));
	must(!buf_put_u64(body, from->seq));
	must((out = buf_reserve(body, sealed)) != NULL);
	memcpy(chain, from->r.send_chain, KEY_BYTES);
	memcpy(ad, buf_ptr(body), AD_BYTES);
	must(!ratchet_seal(&from->r, &from->person->rng, ad, AD_BYTES, plain, len, out));
	show("  header", out, RATCHET_HEADER_BYTES);
	show_message_keys(chain, out, key);
	memcpy(ad + AD_BYTES, out, RATCHET_HEADER_BYTES);
	show("  associated data", ad, sizeof(ad));
	must(len <= sizeof(opened) && !aead_open(key, 0, ad, sizeof(ad), out + RATCHET_HEADER_BYTES,
						 sealed - RATCHET_HEADER_BYTES, opened));
	show("  next sending chain key", from->r.send_chain, KEY_BYTES);
}

static void open_message(struct talker *to, const struct buf *body, size_t len)
{
	const struct ratchet_skipped skipped = keep_skipped(&to->keep);
	const uint8_t *bytes = buf_ptr(body);
	uint8_t before[KEY_BYTES], out[MESSAGE_BYTES_MAX];

	memcpy(before, to->r.dh_remote, KEY_BYTES);
	must(!ratchet_open(&to->r, &to->person->rng, &skipped, bytes, AD_BYTES, bytes + AD_BYTES,
			   len + RATCHET_OVERHEAD, out));
	if (memcmp(before, to->r.dh_remote, KEY_BYTES)) {
		printf("%s turns\n", to->name);
		show_turn(to, true);
	} else
		show("  receiving chain key, past that message", to->r.recv_chain, KEY_BYTES);
}

/* The plaintext of a message of this number; text may be NULL: the empty one, which begins a session. */
static void compose(uint8_t number, enum message_kind kind, const void *text, size_t len, struct buf *plain)
{
	struct message m = {.minute = MINUTE, .kind = (uint8_t)kind, .text = text, .text_len = len};

	for (unsigned i = 0; i < MSGID_BYTES; i++)
		m.id[i] = (uint8_t)(number << 4 | i);
	if (text)
		must(!message_encode(&m, plain));
}

static unsigned numbers; /* of messages */

/* From one to the other; over l if there is one. */
static void send_message(struct talker *from, struct talker *to, const uint8_t epoch[EPOCH_BYTES],
			 const struct buf *plain, struct link *l)
{
	struct buf body;

	buf_init(&body, FRAME_BODY_MAX);
	show("  plaintext", buf_ptr(plain), buf_len(plain));
	seal(from, epoch, buf_ptr(plain), buf_len(plain), &body);
	show("  MESSAGE", buf_ptr(&body), buf_len(&body));
	if (l)
		must(!link_send(l, FRAME_MESSAGE, buf_ptr(&body), buf_len(&body)));
	open_message(to, &body, buf_len(plain));
	buf_clear(&body);
}

static void say(struct talker *from, struct talker *to, const uint8_t epoch[EPOCH_BYTES], const char *text,
		struct link *l)
{
	struct buf plain;

	buf_init(&plain, FRAME_BODY_MAX);
	compose((uint8_t)numbers++, MESSAGE_TEXT, text, text ? strlen(text) : 0, &plain);
	printf("%s, seq %u: %s\n", from->name, (unsigned)++from->seq,
	       text ? text : "empty, begins the session");
	send_message(from, to, epoch, &plain, l);
	buf_clear(&plain);
}

/* Where he is to be dialled from now on. */
static void say_locator(struct talker *from, struct talker *to, const uint8_t epoch[EPOCH_BYTES])
{
	const struct locator l = private_service();
	struct buf text, plain;

	buf_init(&text, LOCATOR_BYTES_MAX);
	buf_init(&plain, FRAME_BODY_MAX);
	must(!locator_encode(&l, &text));
	compose((uint8_t)numbers++, MESSAGE_LOCATOR, buf_ptr(&text), buf_len(&text), &plain);
	printf("%s, seq %u: a locator, the one of the ANSWER above\n", from->name, (unsigned)++from->seq);
	send_message(from, to, epoch, &plain, NULL);
	buf_clear(&text);
	buf_clear(&plain);
}

/* The plaintext of a message about message 1, or about none. */
static void show_rich(const char *name, uint8_t number, enum rich_what what, bool has_re, const char *text)
{
	struct rich r = {.what = what, .has_re = has_re, .text = text, .text_len = strlen(text)};
	struct buf body, plain;

	for (unsigned i = 0; i < MSGID_BYTES && has_re; i++)
		r.re[i] = (uint8_t)(0x10 | i);
	buf_init(&body, TEXT_MAX);
	buf_init(&plain, MESSAGE_BYTES_MAX);
	must(!rich_encode(&r, &body));
	compose(number, MESSAGE_RICH, buf_ptr(&body), buf_len(&body), &plain);
	show(name, buf_ptr(&plain), buf_len(&plain));
	buf_clear(&body);
	buf_clear(&plain);
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
	answer_accepted(b, PROOF_ANSWER, bob, alice);
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

/* Bob makes an invitation, good until ten days after the minute of the messages. */
static void invitation(const struct person *bob, struct invite *inv)
{
	char text[INVITE_LEN + 1];
	uint8_t raw[INVITE_BYTES];

	memset(inv, 0, sizeof(*inv));
	memcpy(inv->identity, bob->identity, KEY_BYTES);
	memcpy(inv->link_key, bob->link_public, KEY_BYTES);
	inv->locator = private_service();
	memset(inv->token, 0x77, TOKEN_BYTES);
	inv->minute = MINUTE + 10 * 24 * 60;
	must(!invite_encode(inv, text));
	must(!base32_decode(text + INVITE_PREFIX_LEN, INVITE_LEN - INVITE_PREFIX_LEN, raw, sizeof(raw)));
	printf("Invitation: Bob's, token 77..77, good until minute %u\n", (unsigned)inv->minute);
	show("bytes, the last four of them the checksum", raw, sizeof(raw));
	printf("text\n");
	for (size_t at = 0; at < INVITE_LEN; at += 2 * LINE_BYTES)
		printf("  %.*s\n", 2 * LINE_BYTES, text + at);
}

/* Alice presents it at Bob's private service. */
static void redeeming(struct person *alice, struct person *bob)
{
	uint8_t record[RECORD_BYTES];
	struct link *a, *b;
	struct invite inv;

	invitation(bob, &inv);
	memcpy(bob->onion, inv.locator.onion, KEY_BYTES);
	a = dial(alice, bob, LINK_PRIVATE, true);
	b = answer(bob);
	show_prologue(LINK_PRIVATE, bob);
	shake_hands("Alice", a, "Bob", b);
	show("handshake hash", link_hash(a), HASH_BYTES);
	redemption(a, alice, bob, &inv);
	carry(a, b, record);
	show("Alice: first transport record", record, sizeof(record));
	answer_accepted(b, PROOF_IDENTITY, bob, alice);
	carry(b, a, record);
	show("Bob: first transport record", record, sizeof(record));
	printf("\n");
	link_free(a);
	link_free(b);
}

/* What the handshake leaves, and Alice's first steps with it. */
static void begin_session(struct link *a, struct link *b, struct talker *alice, struct talker *bob,
			  uint8_t epoch[EPOCH_BYTES])
{
	show("Bob's first ratchet key, secret", link_root(b)->key, KEY_BYTES);
	show("Bob's first ratchet key, public, as in message 2", link_root(a)->key, KEY_BYTES);
	show("SK", link_root(a)->sk, KEY_BYTES);
	ratchet_epoch(link_root(a)->sk, epoch);
	show("epoch", epoch, EPOCH_BYTES);
	talker_init(bob, "Bob", bob->person, b);
	talker_init(alice, "Alice", alice->person, a);
	printf("Alice begins\n");
	show_turn(alice, false);
}

/* Bob, whose identity is lower, chooses the link; Alice, who dialled, begins the session. */
static void between_link_keys(struct person *alice, struct person *bob)
{
	const struct person alice_first = *alice, bob_first = *bob;
	struct link *a = dial(alice, bob, LINK_PRIVATE, false), *b = answer(bob);
	static struct talker from_a, from_b;
	uint8_t record[RECORD_BYTES], epoch[EPOCH_BYTES];

	printf("Between link keys\n");
	show_prologue(LINK_PRIVATE, bob);
	shake_hands("Alice", a, "Bob", b);
	show("handshake hash", link_hash(a), HASH_BYTES);
	show_chaining_key(alice_first, bob_first, link_root(a)->sk);
	profile(a, alice, "alice", "asleep", "PROFILE: Alice's identity, nick \"alice\", away \"asleep\"");
	carry(a, b, record);
	show("Alice: first transport record", record, sizeof(record));
	profile(b, bob, "bob", "", "PROFILE: Bob's identity, nick \"bob\", not away");
	use(b);
	sync_without_session(b, "SYNC, behind PROFILE and USE: no session");
	carry(b, a, record);
	show("Bob: first transport record", record, sizeof(record));
	from_a.person = alice;
	from_b.person = bob;
	begin_session(a, b, &from_a, &from_b, epoch);
	sync_without_session(a, "SYNC: no session");
	say(&from_a, &from_b, epoch, NULL, a);
	carry(a, b, record);
	show("Alice: second transport record, SYNC and MESSAGE", record, sizeof(record));
	ack(b, epoch, 1);
	carry(b, a, record);
	show("Bob: second transport record", record, sizeof(record));
	say(&from_a, &from_b, epoch, "Grüße", NULL);
	say(&from_b, &from_a, epoch, "one", NULL);
	say(&from_a, &from_b, epoch, "two", NULL);
	say(&from_b, &from_a, epoch, "three", NULL);
	say_locator(&from_b, &from_a, epoch);
	must(link_output_cover(a, record));
	show("Alice: third transport record, of filling alone", record, sizeof(record));
	link_free(a);
	link_free(b);
}

static void rich_messages(void)
{
	printf("\nMessages of the kind 3, before they are sealed; re is the id of \"Grüße\"\n");
	show_rich("text \"a\", LF, \"b\", about none", 6, RICH_TEXT, false, "a\nb");
	show_rich("text \"yes\", in reply", 7, RICH_TEXT, true, "yes");
	show_rich("reaction \":)\"", 8, RICH_REACT, true, ":)");
	show_rich("taken back, without a reason", 9, RICH_REDACT, true, "");
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
	redeeming(&alice, &bob);
	person_init(&alice, 0x01, 0x11, 0x20);
	person_init(&bob, 0x02, 0x22, 0x80);
	between_link_keys(&alice, &bob);
	rich_messages();
	return ferror(stdout) || fflush(stdout) ? 1 : 0;
}
