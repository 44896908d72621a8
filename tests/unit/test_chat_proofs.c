/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whose link key is whose: what is pinned, and what must be proven for it. */
#include "chat_contacts_help.h"

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
	memcpy(a.link_key, m->link_key, KEY_BYTES);
	memcpy(a.proof, m->proof, PROOF_BYTES);
	return bob_is_answered(w, pair, &a);
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

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(pinned_key_never_changes),
	    TEST(nobody_takes_a_key_of_another),
	    TEST(nobody_passes_off_a_key_of_another),
	    TEST(at_the_door_a_key_is_proven),
	    TEST(a_key_that_was_shown_by_another_is_free),
	    TEST(who_accepts_proves_its_key),
	    TEST(who_answers_proves_its_key),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
