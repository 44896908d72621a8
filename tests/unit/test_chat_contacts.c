/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How strangers become contacts, and how they don't. */
#include "chat_help.h"

static int count_request(void *ctx, const struct request_row *r)
{
	(void)r;
	++*(unsigned *)ctx;
	return 0;
}

static unsigned requests(const struct party *p)
{
	unsigned n = 0;
	chat_requests_each(p->chat, count_request, &n);
	assert_int_equal(n, chat_requests(p->chat));
	return n;
}

/* A frame to p in this role, from whoever owns this identity. Returns what chat says; the frame that it
 * answers lies in the world. */
static int incoming(struct party *p, enum link_role role, const uint8_t identity[KEY_BYTES], uint8_t type,
		    const struct buf *body, struct pair **out)
{
	struct world *w = p->w;
	uint8_t key[KEY_BYTES];
	uint8_t hash[HASH_BYTES];
	struct pair *pair = &w->pair[w->n_pairs++];
	hash_of(w->last_link + 1, hash);
	assert_int_equal(identity_dh_public(identity, key), 0);
	*pair = (struct pair){.p = {other_party(p), p}, .id = {0, ++w->last_link}, .open = {false, true}};
	const struct chat_link_info info = {
	    .link = pair->id[1], .role = role, .static_key = key, .identity = identity, .hash = hash};
	assert_int_equal(chat_admit(p->chat, CHAT_DOOR, role, 0, key, identity), 0);
	assert_int_equal(chat_on_link(p->chat, w->now, &info), 0);
	if (out)
		*out = pair;
	w->n_frames = 0;
	return chat_on_frame(p->chat, w->now, pair->id[1], type, buf_ptr(body), buf_len(body));
}

static int at_the_door(struct party *p, const uint8_t identity[KEY_BYTES], uint8_t type,
		       const struct buf *body, struct pair **out)
{
	return incoming(p, LINK_DOOR, identity, type, body, out);
}

static void identity_of(uint8_t n, uint8_t identity[KEY_BYTES])
{
	const uint8_t seed[KEY_BYTES] = {n, 77};
	identity_public(seed, identity);
}

/* A request of stranger n with this link key: the answer's status. */
static enum answer_status ask(struct party *p, uint8_t n, const uint8_t link_secret[KEY_BYTES],
			      const char *nick, const char *text)
{
	uint8_t identity[KEY_BYTES];
	struct request q = {0};
	struct answer a;
	struct buf body;
	buf_init(&body, FRAME_BODY_MAX);
	identity_of(n, identity);
	prove_at_the_door(p, identity, link_secret, &q);
	memcpy(q.locator.onion, identity, KEY_BYTES);
	assert_int_equal(str_copy(q.nick, sizeof(q.nick), nick), 0);
	assert_int_equal(str_copy(q.text, sizeof(q.text), text), 0);
	assert_int_equal(request_encode(&q, &body), 0);
	assert_int_equal(at_the_door(p, identity, FRAME_REQUEST, &body, NULL), 0);
	buf_clear(&body);
	assert_int_equal(p->w->frames[0].type, FRAME_ANSWER);
	assert_int_equal(answer_decode(p->w->frames[0].body, p->w->frames[0].len, &a), 0);
	p->w->n_frames = 0;
	return a.status;
}

static enum answer_status ask_simply(struct party *p, uint8_t n, const char *nick, const char *text)
{
	const uint8_t link_secret[KEY_BYTES] = {0, n, 99};
	return ask(p, n, link_secret, nick, text);
}

static void alice_asks_bob_accepts(void **state)
{
	struct world *w = *state;
	assert_int_equal(add(&w->alice, "Bob", &w->bob, "It is me."), 0);
	settle(w);
	assert_int_equal(bob_of(w)->row.state, CONTACT_ASKED);
	assert_int_equal(w->alice.dial[0].role, LINK_DOOR);
	assert_true(w->alice.dial[0].by_identity);
	connect_dial(&w->alice);
	settle(w);
	assert_int_equal(said(&w->bob, "request Alice: It is me.\n"), 1);
	assert_int_equal(pairs_open(w), 0); /* asked and answered */
	assert_null(alice_of(w));
	assert_int_equal(bob_of(w)->row.state, CONTACT_ASKED);

	assert_int_equal(chat_accept(w->bob.chat, w->now, "alice", NULL, NULL), 0);
	settle(w);
	assert_int_equal(alice_of(w)->row.state, CONTACT_ACCEPTING);
	assert_int_equal(w->bob.dial[0].role, LINK_PRIVATE);
	assert_true(w->bob.dial[0].by_identity);
	connect_dial(&w->bob);
	settle(w);
	assert_int_equal(bob_of(w)->row.state, CONTACT_LINKED);
	assert_int_equal(alice_of(w)->row.state, CONTACT_LINKED);
	/* Nobody is shown before a link between link keys stands. */
	assert_int_equal(said(&w->alice, "online"), 0);
	assert_false(w->bob.dial[0].by_identity);
	connect_dial(&w->bob);
	settle(w);
	assert_int_equal(said(&w->alice, "Bob is online, was offline"), 1);
	assert_int_equal(said(&w->bob, "Alice is online, was offline"), 1);
	assert_string_equal(bob_of(w)->row.their_nick, "Bob");
}

static void both_add_that_is_acceptance(void **state)
{
	struct world *w = *state;
	assert_int_equal(add(&w->alice, "Bob", &w->bob, ""), 0);
	assert_int_equal(add(&w->bob, "Alice", &w->alice, ""), 0);
	meet(w);
	assert_int_equal(bob_of(w)->row.state, CONTACT_LINKED);
	assert_int_equal(alice_of(w)->row.state, CONTACT_LINKED);
	assert_int_equal(said(&w->bob, "request"), 0);
}

static void adding_who_asked_accepts(void **state)
{
	struct world *w = *state;
	assert_int_equal(add(&w->alice, "Bob", &w->bob, ""), 0);
	settle(w);
	connect_dial(&w->alice);
	settle(w);
	assert_int_equal(add(&w->bob, "Alice", &w->alice, ""), 0);
	assert_int_equal(alice_of(w)->row.state, CONTACT_ACCEPTING);
	assert_int_equal(requests(&w->bob), 0);
	meet(w);
}

static void requester_is_told_at_the_door(void **state)
{
	struct world *w = *state;
	assert_int_equal(add(&w->alice, "Bob", &w->bob, ""), 0);
	settle(w);
	connect_dial(&w->alice);
	settle(w);
	assert_int_equal(chat_accept(w->bob.chat, w->now, "Alice", NULL, NULL), 0);
	settle(w);
	/* Bob can't reach Alice, but she asks again. */
	fail_dial(&w->bob);
	assert_int_equal(bob_of(w)->row.state, CONTACT_ASKED);
	while (!w->alice.n_dials)
		pass(w, 1000);
	connect_dial(&w->alice);
	settle(w);
	assert_int_equal(bob_of(w)->row.state, CONTACT_LINKED);
	assert_int_equal(alice_of(w)->row.state, CONTACT_ACCEPTING);
	/* Her link between link keys proves that she knows his. */
	connect_dial(&w->alice);
	settle(w);
	assert_int_equal(alice_of(w)->row.state, CONTACT_LINKED);
	assert_int_equal(said(&w->bob, "request"), 1);
}

static void answer_that_is_lost_is_given_again(void **state)
{
	struct world *w = *state;
	befriend(w);
	party_kill(&w->alice, true);
	/* Alice comes back from before she learnt of it. */
	struct store *s = NULL;
	struct contact_row row = {0};
	assert_int_equal(store_open(w->alice.db, help_key, NULL, &s), 0);
	row.id = 1;
	row.state = CONTACT_ASKED;
	memcpy(row.identity, chat_identity(w->bob.chat), KEY_BYTES);
	memcpy(row.onion, row.identity, KEY_BYTES);
	memcpy(row.petname, "Bob", 4);
	assert_int_equal(store_contact_update(s, &row), 0);
	assert_int_equal(store_commit(s), 0);
	store_close(s);
	hush(&w->alice);
	hush(&w->bob);
	party_start(&w->alice);
	pass(w, 6000);
	assert_int_equal(w->alice.dial[0].role, LINK_DOOR);
	connect_dial(&w->alice);
	settle(w);
	assert_int_equal(bob_of(w)->row.state, CONTACT_LINKED);
	assert_int_equal(said(&w->bob, "request"), 0);
}

static void request_survives_a_restart(void **state)
{
	struct world *w = *state;
	assert_int_equal(ask_simply(&w->bob, 1, "Carol", "hello"), ANSWER_PENDING);
	settle(w);
	party_restart(&w->bob);
	assert_int_equal(requests(&w->bob), 1);
	assert_int_equal(chat_accept(w->bob.chat, w->now, "Carol", "caro", NULL), 0);
	settle(w);
	party_restart(&w->bob);
	assert_int_equal(requests(&w->bob), 0);
	assert_int_equal(chat_find(w->bob.chat, "CARO")->row.state, CONTACT_ACCEPTING);
}

static void asking_again_is_no_news(void **state)
{
	struct world *w = *state;
	assert_int_equal(ask_simply(&w->bob, 1, "Carol", "hello"), ANSWER_PENDING);
	assert_int_equal(ask_simply(&w->bob, 1, "Carol", "hello"), ANSWER_PENDING);
	assert_int_equal(said(&w->bob, "request"), 1);
	/* Something new is, but not all the time. */
	assert_int_equal(ask_simply(&w->bob, 1, "Carol", "hello?"), ANSWER_PENDING);
	assert_int_equal(said(&w->bob, "request"), 1);
	jump(w, 3600 * 1000);
	assert_int_equal(ask_simply(&w->bob, 1, "Carol", "hello??"), ANSWER_PENDING);
	assert_int_equal(said(&w->bob, "request Carol: hello??"), 1);
	assert_int_equal(requests(&w->bob), 1);
}

static void rejected_is_not_shown_again(void **state)
{
	struct world *w = *state;
	assert_int_equal(ask_simply(&w->bob, 1, "Carol", "hello"), ANSWER_PENDING);
	assert_int_equal(chat_reject(w->bob.chat, w->now, "Carol"), 0);
	assert_int_equal(requests(&w->bob), 0);
	settle(w);
	party_restart(&w->bob);
	jump(w, 2 * 3600 * 1000);
	/* She can't tell: the answer is the same. */
	assert_int_equal(ask_simply(&w->bob, 1, "Carol", "please"), ANSWER_PENDING);
	assert_int_equal(said(&w->bob, "request"), 1);
	assert_int_equal(chat_accept(w->bob.chat, w->now, "Carol", NULL, NULL), ERR_NOT_FOUND);
	assert_int_equal(chat_reject(w->bob.chat, w->now, "Carol"), ERR_NOT_FOUND);
}

static void requests_are_bounded(void **state)
{
	struct world *w = *state;
	char nick[NICK_MAX + 1];
	for (unsigned n = 1; n <= REQUESTS_MAX; n++) {
		snprintf(nick, sizeof(nick), "p%c%cq", 'a' + n / 26, 'a' + n % 26);
		assert_int_equal(ask_simply(&w->bob, (uint8_t)n, nick, ""), ANSWER_PENDING);
		w->n_pairs = 0;
		jump(w, 3600 * 1000 / REQUESTS_HOUR);
	}
	assert_int_equal(ask_simply(&w->bob, REQUESTS_MAX + 1, "late", ""), ANSWER_REFUSED);
	assert_int_equal(ask_simply(&w->bob, 1, "pabq", ""), ANSWER_PENDING); /* who waits may ask */
	assert_int_equal(requests(&w->bob), REQUESTS_MAX);
}

/* Alice's account is taken over as far as tor holds it: her identity, not her link key. */
static void pinned_key_never_changes(void **state)
{
	struct world *w = *state;
	const uint8_t *alice = chat_identity(w->alice.chat);
	const uint8_t other_secret[KEY_BYTES] = {9, 9};
	struct request q = {0};
	struct answer a;
	struct buf body;
	befriend(w);
	buf_init(&body, FRAME_BODY_MAX);
	memcpy(q.locator.onion, alice, KEY_BYTES);
	memcpy(q.nick, "Alice", 6);
	const struct contact_row before = alice_of(w)->row;
	for (int i = 0; i < 3; i++) {
		buf_clear(&body);
		prove_at_the_door(&w->bob, alice, other_secret, &q);
		assert_int_equal(request_encode(&q, &body), 0);
		assert_int_equal(
		    at_the_door(&w->bob, chat_identity(w->alice.chat), FRAME_REQUEST, &body, NULL), 0);
		assert_int_equal(answer_decode(w->frames[0].body, w->frames[0].len, &a), 0);
		assert_int_equal(a.status, ANSWER_REFUSED);
	}
	assert_int_equal(said(&w->bob, "info Alice: Refused"), 1);
	assert_memory_equal(alice_of(w)->row.link_key, before.link_key, KEY_BYTES);
	/* The right key is answered as ever. */
	buf_clear(&body);
	prove_at_the_door(&w->bob, alice, chat_link_secret(w->alice.chat), &q);
	assert_int_equal(request_encode(&q, &body), 0);
	assert_int_equal(at_the_door(&w->bob, alice, FRAME_REQUEST, &body, NULL), 0);
	assert_int_equal(answer_decode(w->frames[0].body, w->frames[0].len, &a), 0);
	assert_int_equal(a.status, ANSWER_ACCEPTED);
	buf_clear(&body);
	w->n_frames = 0;
}

/* A link key stands for one contact, even if two identities can prove it. */
static void nobody_takes_a_key_of_another(void **state)
{
	struct world *w = *state;
	befriend(w);
	const uint8_t *alices = chat_link_secret(w->alice.chat);
	const uint8_t *own = chat_link_secret(w->bob.chat);
	/* The answer is that of any request. */
	assert_int_equal(ask(&w->bob, 5, alices, "Mallory", ""), ANSWER_PENDING);
	assert_int_equal(ask(&w->bob, 5, own, "Mallory", ""), ANSWER_PENDING);
	assert_int_equal(requests(&w->bob), 0);
	/* Not even as somebody whom Bob asked. */
	uint8_t identity[KEY_BYTES];
	identity_of(5, identity);
	assert_int_equal(chat_add(w->bob.chat, w->now, "Mallory", identity, "", NULL), 0);
	assert_int_equal(ask(&w->bob, 5, alices, "Mallory", ""), ANSWER_REFUSED);
	assert_int_equal(ask(&w->bob, 5, own, "Mallory", ""), ANSWER_REFUSED);
	assert_false(chat_find(w->bob.chat, "Mallory")->row.has_link_key);
	assert_int_equal(chat_find(w->bob.chat, "Mallory")->row.state, CONTACT_ASKED);
}

/* A stranger who would choose links as Alice does. */
static uint8_t stranger_like_alice(const struct world *w)
{
	uint8_t identity[KEY_BYTES];
	const bool alice_chooses =
	    memcmp(chat_identity(w->alice.chat), chat_identity(w->bob.chat), KEY_BYTES) < 0;
	uint8_t n = 5;
	for (identity_of(n, identity);
	     (memcmp(identity, chat_identity(w->bob.chat), KEY_BYTES) < 0) != alice_chooses;)
		identity_of(++n, identity);
	return n;
}

/* Alice has come by a client key of Bob's, though she is not his contact. */
static void find_again(struct world *w)
{
	struct contact_row *row = &bob_of(w)->row;
	struct invite inv;
	char text[INVITE_LEN + 1];
	assert_int_equal(chat_invite(w->bob.chat, w->now, 1, text), 0);
	assert_int_equal(invite_decode(text, &inv), 0);
	memcpy(row->onion, inv.locator.onion, KEY_BYTES);
	memcpy(row->client_key, inv.locator.client_key, KEY_BYTES);
}

/* Mallory can't open what is meant for Alice's link key, but with the secret of Bob's door, which tor has,
 * she can forge the proof that the key is hers: what Alice says would then look as if Mallory said it. */
static void nobody_passes_off_a_key_of_another(void **state)
{
	struct world *w = *state;
	befriend(w);
	assert_int_equal(chat_remove(w->bob.chat, w->now, "Alice"), 0);
	settle(w);
	const uint8_t *alices = chat_link_secret(w->alice.chat);
	find_again(w);
	assert_int_equal(ask(&w->bob, stranger_like_alice(w), alices, "Mallory", ""), ANSWER_PENDING);
	assert_int_equal(chat_accept(w->bob.chat, w->now, "Mallory", NULL, NULL), 0);
	assert_int_equal(send_text(&w->alice, bob_of(w), "a secret"), 0);
	for (int i = 0; i < 3; i++) {
		pass(w, 3600 * 1000);
		while (w->alice.n_dials) {
			dial_out(&w->alice);
			settle(w);
		}
	}
	assert_int_equal(said(&w->bob, "a secret"), 0);
	assert_int_equal(said(&w->bob, "Mallory is online"), 0);
	assert_int_equal(bob_of(w)->queued, 1);
	assert_int_equal(said(&w->bob, "info Mallory: Refused"), 1);
}

/* Mallory, stranger 5, knows Alice's link key; her own is that of this secret. */
static const uint8_t mallorys[KEY_BYTES] = {0, 5, 99};

/* What Mallory shows on the next link to Bob. */
struct shown {
	uint8_t identity[KEY_BYTES];
	uint8_t hash[HASH_BYTES];
	uint8_t link_key[KEY_BYTES];
	uint8_t proof[PROOF_BYTES];
	struct locator locator;
};

/* A right proof of Mallory's own key, to Bob's static key in this role. */
static struct shown shows(struct world *w, enum proof_kind kind, bool to_identity)
{
	struct shown m = {0};
	uint8_t verifier[KEY_BYTES];
	identity_of(5, m.identity);
	memcpy(m.locator.onion, m.identity, KEY_BYTES);
	hash_of(w->last_link + 1, m.hash);
	dh_public(mallorys, m.link_key);
	static_key_of(&w->bob, to_identity, verifier);
	const struct proof_claim claim = {m.hash, m.link_key, m.identity};
	assert_int_equal(proof_make(kind, &claim, mallorys, verifier, m.proof), 0);
	return m;
}

/* The same for Alice's key, as well as Mallory can. */
static struct shown shows_foreign(struct world *w, enum proof_kind kind, bool to_identity)
{
	struct shown m = shows(w, kind, to_identity);
	uint8_t verifier[KEY_BYTES];
	static_key_of(&w->alice, false, m.link_key);
	static_key_of(&w->bob, to_identity, verifier);
	const struct proof_claim claim = {m.hash, m.link_key, m.identity};
	assert_int_equal(proof_make(kind, &claim, mallorys, verifier, m.proof), 0);
	return m;
}

static int requests_with(struct world *w, const struct shown *m)
{
	struct request q = {.locator = m->locator, .nick = "Mallory"};
	struct pair *pair;
	struct buf body;
	buf_init(&body, FRAME_BODY_MAX);
	memcpy(q.link_key, m->link_key, KEY_BYTES);
	memcpy(q.proof, m->proof, PROOF_BYTES);
	assert_int_equal(request_encode(&q, &body), 0);
	const int err = at_the_door(&w->bob, m->identity, FRAME_REQUEST, &body, &pair);
	assert_int_equal(w->n_frames, err ? 0 : 2); /* the answer and CLOSE */
	w->n_frames = 0;
	pair_hears_end(pair, 1);
	buf_clear(&body);
	return err;
}

static void at_the_door_a_key_is_proven(void **state)
{
	struct world *w = *state;
	struct shown m = shows_foreign(w, PROOF_REQUEST, true);
	assert_int_equal(requests_with(w, &m), ERR_PROTOCOL);
	m = shows(w, PROOF_REQUEST, true);
	m.proof[31] ^= 1;
	assert_int_equal(requests_with(w, &m), ERR_PROTOCOL);
	m = shows(w, PROOF_ACCEPT, true); /* of another frame */
	assert_int_equal(requests_with(w, &m), ERR_PROTOCOL);
	m = shows(w, PROOF_REQUEST, false); /* to another key */
	assert_int_equal(requests_with(w, &m), ERR_PROTOCOL);
	m = shows(w, PROOF_REQUEST, true); /* of another identity */
	identity_of(6, m.identity);
	assert_int_equal(requests_with(w, &m), ERR_PROTOCOL);
	m = shows(w, PROOF_REQUEST, true);
	memset(m.link_key, 0, KEY_BYTES); /* of small order */
	assert_int_equal(requests_with(w, &m), ERR_PROTOCOL);
	assert_int_equal(requests(&w->bob), 0);
	assert_string_equal(w->bob.told, "");

	m = shows(w, PROOF_REQUEST, true);
	assert_int_equal(requests_with(w, &m), 0);
	assert_int_equal(requests(&w->bob), 1);
	/* The same again, on another link. */
	assert_int_equal(requests_with(w, &m), ERR_PROTOCOL);
}

/* Mallory took nothing: Alice becomes Bob's contact although Mallory has shown her key. */
static void a_key_that_was_shown_by_another_is_free(void **state)
{
	struct world *w = *state;
	struct shown m = shows_foreign(w, PROOF_REQUEST, true);
	assert_int_equal(chat_add(w->bob.chat, w->now, "Mallory", m.identity, "", NULL), 0);
	assert_int_equal(requests_with(w, &m), ERR_PROTOCOL);
	assert_false(chat_find(w->bob.chat, "Mallory")->row.has_link_key);
	settle(w);
	take_dial(&w->bob, 0); /* to Mallory */
	assert_int_equal(add(&w->alice, "Bob", &w->bob, ""), 0);
	settle(w);
	connect_dial(&w->alice);
	settle(w);
	assert_int_equal(chat_accept(w->bob.chat, w->now, "Alice", NULL, NULL), 0);
	meet(w);
}

/* Mallory was asked, and accepts with this. */
static int accepts_with(struct world *w, const struct shown *m)
{
	struct accept a = {.locator = m->locator, .nick = "Mallory"};
	struct pair *pair;
	struct buf body;
	buf_init(&body, FRAME_BODY_MAX);
	memcpy(a.link_key, m->link_key, KEY_BYTES);
	memcpy(a.proof, m->proof, PROOF_BYTES);
	assert_int_equal(accept_encode(&a, &body), 0);
	const int err = incoming(&w->bob, LINK_PRIVATE, m->identity, FRAME_ACCEPT, &body, &pair);
	assert_int_equal(w->n_frames, err ? 0 : 2);
	w->n_frames = 0;
	pair_hears_end(pair, 1);
	buf_clear(&body);
	return err;
}

static void who_accepts_proves_its_key(void **state)
{
	struct world *w = *state;
	struct shown m = shows_foreign(w, PROOF_ACCEPT, false);
	assert_int_equal(chat_add(w->bob.chat, w->now, "Mallory", m.identity, "", NULL), 0);
	const struct contact *mallory = chat_find(w->bob.chat, "Mallory");
	hush(&w->bob);
	assert_int_equal(accepts_with(w, &m), ERR_PROTOCOL);
	m = shows(w, PROOF_REQUEST, false);
	assert_int_equal(accepts_with(w, &m), ERR_PROTOCOL);
	m = shows(w, PROOF_ACCEPT, true);
	assert_int_equal(accepts_with(w, &m), ERR_PROTOCOL);
	assert_false(mallory->row.has_link_key);
	assert_int_equal(mallory->row.state, CONTACT_ASKED);
	assert_string_equal(w->bob.told, "");

	m = shows(w, PROOF_ACCEPT, false);
	assert_int_equal(accepts_with(w, &m), 0);
	assert_int_equal(mallory->row.state, CONTACT_LINKED);
	assert_memory_equal(mallory->row.link_key, m.link_key, KEY_BYTES);
	assert_int_equal(accepts_with(w, &m), ERR_PROTOCOL); /* again, on another link */
}

/* Bob's dial to Mallory's door succeeds, and she answers with this. */
static int answers_with(struct world *w, const struct shown *m)
{
	struct answer a = {.status = ANSWER_ACCEPTED, .locator = m->locator};
	struct buf body;
	while (!w->bob.n_dials)
		pass(w, 1000);
	const struct chat_dial d = take_dial(&w->bob, 0);
	uint8_t hash[HASH_BYTES];
	struct pair *pair = &w->pair[w->n_pairs++];
	*pair = (struct pair){.p = {&w->bob, &w->alice}, .id = {++w->last_link, 0}, .open = {true, false}};
	hash_of(pair->id[0], hash);
	const struct chat_link_info info = {.link = pair->id[0],
					    .dial_id = d.id,
					    .role = d.role,
					    .static_key = d.responder_static,
					    .hash = hash};
	assert_int_equal(chat_on_link(w->bob.chat, w->now, &info), 0);
	buf_init(&body, FRAME_BODY_MAX);
	memcpy(a.link_key, m->link_key, KEY_BYTES);
	memcpy(a.proof, m->proof, PROOF_BYTES);
	assert_int_equal(answer_encode(&a, &body), 0);
	const int err =
	    chat_on_frame(w->bob.chat, w->now, pair->id[0], FRAME_ANSWER, buf_ptr(&body), buf_len(&body));
	buf_clear(&body);
	w->n_frames = 0;
	pair_hears_end(pair, 0);
	return err;
}

static void who_answers_proves_its_key(void **state)
{
	struct world *w = *state;
	struct shown m = shows_foreign(w, PROOF_ANSWER, true);
	assert_int_equal(chat_add(w->bob.chat, w->now, "Mallory", m.identity, "", NULL), 0);
	const struct contact *mallory = chat_find(w->bob.chat, "Mallory");
	hush(&w->bob);
	assert_int_equal(answers_with(w, &m), ERR_PROTOCOL);
	m = shows(w, PROOF_ACCEPT, true);
	assert_int_equal(answers_with(w, &m), ERR_PROTOCOL);
	m = shows(w, PROOF_ANSWER, false);
	assert_int_equal(answers_with(w, &m), ERR_PROTOCOL);
	m = shows(w, PROOF_ANSWER, true);
	w->last_link++; /* of another link */
	assert_int_equal(answers_with(w, &m), ERR_PROTOCOL);
	assert_false(mallory->row.has_link_key);
	assert_int_equal(mallory->row.state, CONTACT_ASKED);
	assert_string_equal(w->bob.told, "");

	m = shows(w, PROOF_ANSWER, true);
	assert_int_equal(answers_with(w, &m), 0);
	assert_int_equal(mallory->row.state, CONTACT_LINKED);
	assert_memory_equal(mallory->row.link_key, m.link_key, KEY_BYTES);
}

static void who_may_come_in(void **state)
{
	struct world *w = *state;
	uint8_t identity[KEY_BYTES];
	uint8_t key[KEY_BYTES];
	struct chat *c = w->bob.chat;
	befriend(w);
	identity_of(7, identity);
	assert_int_equal(identity_dh_public(identity, key), 0);
	assert_int_equal(chat_admit(c, CHAT_DOOR, LINK_DOOR, LINK_VERSION, key, identity), 0);
	assert_int_equal(chat_admit(c, CHAT_DOOR, LINK_DOOR, LINK_VERSION, key, NULL), ERR_REFUSED);
	assert_int_equal(chat_admit(c, CHAT_DOOR, LINK_PRIVATE, LINK_VERSION, key, identity), ERR_REFUSED);
	assert_int_equal(chat_admit(c, CHAT_DOOR, LINK_PRIVATE, LINK_VERSION, key, NULL), ERR_REFUSED);
	assert_int_equal(chat_admit(c, CHAT_DOOR, LINK_MAILBOX, LINK_VERSION, key, identity), ERR_REFUSED);
	assert_int_equal(chat_admit(c, CHAT_DOOR, LINK_DOOR, LINK_VERSION, key, chat_identity(c)), ERR_REFUSED);
	const struct contact_row *alice = &alice_of(w)->row;
	assert_int_equal(chat_admit(c, CHAT_DOOR, LINK_PRIVATE, LINK_VERSION, alice->link_key, NULL), 0);
	assert_int_equal(chat_admit(c, CHAT_DOOR, LINK_PRIVATE, LINK_VERSION, key, alice->identity), 0);
	assert_int_equal(chat_admit(c, CHAT_DOOR, LINK_PRIVATE, LINK_VERSION + 1, alice->link_key, NULL), ERR_REFUSED);
	/* A stranger's key with no admission before gets no further. */
	const struct chat_link_info info = {
	    .link = 4711, .version = LINK_VERSION, .role = LINK_PRIVATE, .static_key = key};
	assert_int_equal(chat_on_link(c, w->now, &info), ERR_REFUSED);
}

static void no_version_below_what_was_used(void **state)
{
	struct world *w = *state;
	befriend(w);
	struct contact_row row = alice_of(w)->row;
	struct store *s = NULL;
	party_kill(&w->bob, true);
	assert_int_equal(store_open(w->bob.db, help_key, NULL, &s), 0);
	row.min_version = LINK_VERSION + 1;
	assert_int_equal(store_contact_update(s, &row), 0);
	assert_int_equal(store_commit(s), 0);
	store_close(s);
	party_start(&w->bob);
	assert_int_equal(chat_admit(w->bob.chat, CHAT_DOOR, LINK_PRIVATE, LINK_VERSION, row.link_key, NULL),
			 ERR_REFUSED);
}

static void strangers_can_only_ask(void **state)
{
	struct world *w = *state;
	static const uint8_t types[] = {FRAME_MESSAGE, FRAME_ACK,    FRAME_PROFILE, FRAME_USE,
					FRAME_ACCEPT,  FRAME_ANSWER, FRAME_REQUEST};
	const struct message m = {.text = "hello", .text_len = 5};
	uint8_t identity[KEY_BYTES];
	struct buf body;
	befriend(w);
	hush(&w->bob);
	identity_of(7, identity);
	buf_init(&body, FRAME_BODY_MAX);
	assert_int_equal(message_encode(&m, &body), 0);
	for (size_t i = 0; i < sizeof(types); i++) {
		struct pair *pair;
		assert_int_equal(at_the_door(&w->bob, identity, types[i], &body, &pair), ERR_PROTOCOL);
		pair_hears_end(pair, 1);
		/* A contact's identity is not its link key. */
		assert_int_equal(at_the_door(&w->bob, chat_identity(w->alice.chat), types[i], &body, &pair),
				 ERR_PROTOCOL);
		pair_hears_end(pair, 1);
	}
	/* Types of later versions are skipped. */
	assert_int_equal(at_the_door(&w->bob, identity, 200, &body, NULL), 0);
	assert_string_equal(w->bob.told, "");
	buf_clear(&body);
}

static void contacts_links_carry_no_requests(void **state)
{
	struct world *w = *state;
	static const uint8_t types[] = {FRAME_REQUEST, FRAME_ANSWER, FRAME_ACCEPT};
	befriend(w);
	const struct pair *pair = pair_open(w);
	for (size_t i = 0; i < sizeof(types); i++)
		assert_int_equal(
		    chat_on_frame(pair->p[0]->chat, w->now, pair->id[0], types[i], (const uint8_t *)"x", 1),
		    ERR_PROTOCOL);
}

static void door_links_end_if_nothing_comes(void **state)
{
	struct world *w = *state;
	uint8_t identity[KEY_BYTES];
	struct pair *pair;
	struct buf body;
	buf_init(&body, 8);
	identity_of(7, identity);
	assert_int_equal(at_the_door(&w->bob, identity, 200, &body, &pair), 0);
	pass(w, 27000);
	assert_true(pair->open[1]);
	pass(w, 2000);
	assert_false(pair->open[1]);
}

static void removed_then_added_starts_anew(void **state)
{
	struct world *w = *state;
	befriend(w);
	assert_int_equal(send_text(&w->alice, bob_of(w), "one"), 0);
	settle(w);
	assert_int_equal(chat_remove(w->alice.chat, w->now, "bob"), 0);
	assert_null(bob_of(w));
	assert_int_equal(chat_count(w->alice.chat), 0);
	settle(w);
	assert_int_equal(pairs_open(w), 0);
	assert_int_equal(said(&w->bob, "Alice is offline"), 1);
	/* For Bob she is a contact still: nothing is asked of him. */
	hush(&w->alice);
	hush(&w->bob);
	assert_int_equal(add(&w->alice, "Bob", &w->bob, ""), 0);
	meet(w);
	assert_int_equal(said(&w->bob, "request"), 0);
	assert_int_equal(send_text(&w->alice, bob_of(w), "two"), 0);
	settle(w);
	assert_int_equal(said(&w->bob, "in Alice: two"), 1);
}

/* Who says nothing at the door does not keep others out. */
static void strangers_links_are_bounded(void **state)
{
	struct world *w = *state;
	struct pair *first = &w->pair[0];
	uint8_t identity[KEY_BYTES];
	uint8_t key[KEY_BYTES];
	const uint8_t hash[HASH_BYTES] = {0};
	identity_of(7, identity);
	assert_int_equal(identity_dh_public(identity, key), 0);
	for (unsigned i = 0; i < 65; i++) {
		const link_id id = ++w->last_link;
		const struct chat_link_info info = {
		    .link = id, .role = LINK_DOOR, .static_key = key, .identity = identity, .hash = hash};
		assert_true(first->open[1] || i == 0);
		w->pair[w->n_pairs++] =
		    (struct pair){.p = {&w->alice, &w->bob}, .id = {0, id}, .open = {false, true}};
		assert_int_equal(chat_on_link(w->bob.chat, w->now, &info), 0);
	}
	assert_false(first->open[1]);
	assert_true(w->pair[1].open[1]);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(alice_asks_bob_accepts),
	    TEST(both_add_that_is_acceptance),
	    TEST(adding_who_asked_accepts),
	    TEST(requester_is_told_at_the_door),
	    TEST(answer_that_is_lost_is_given_again),
	    TEST(request_survives_a_restart),
	    TEST(asking_again_is_no_news),
	    TEST(rejected_is_not_shown_again),
	    TEST(requests_are_bounded),
	    TEST(pinned_key_never_changes),
	    TEST(nobody_takes_a_key_of_another),
	    TEST(nobody_passes_off_a_key_of_another),
	    TEST(at_the_door_a_key_is_proven),
	    TEST(a_key_that_was_shown_by_another_is_free),
	    TEST(who_accepts_proves_its_key),
	    TEST(who_answers_proves_its_key),
	    TEST(who_may_come_in),
	    TEST(no_version_below_what_was_used),
	    TEST(strangers_can_only_ask),
	    TEST(contacts_links_carry_no_requests),
	    TEST(door_links_end_if_nothing_comes),
	    TEST(removed_then_added_starts_anew),
	    TEST(strangers_links_are_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
