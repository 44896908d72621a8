/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Invitations that somebody else has written: Mallory's, in Alice's name, for Bob. */
#include "chat_help.h"

static const uint8_t mallorys_link[KEY_BYTES] = {0, 5, 99}, mallorys_seed[KEY_BYTES] = {5, 77};

/* Alice's identity, and a link key and an onion of Mallory's. */
static void forge(struct world *w, struct invite *inv)
{
	memset(inv, 0, sizeof(*inv));
	memcpy(inv->identity, chat_identity(w->alice.chat), KEY_BYTES);
	dh_public(mallorys_link, inv->link_key);
	identity_public(mallorys_seed, inv->locator.onion);
	inv->locator.has_client_key = true;
	memset(inv->locator.client_key, 0xcc, KEY_BYTES);
	inv->minute = (uint32_t)(w->now.real_ms / 60000 + 1000);
}

static void fall_for_it(struct world *w)
{
	struct invite inv;
	const struct contact *existing = NULL;
	forge(w, &inv);
	assert_int_equal(chat_add_invited(w->bob.chat, w->now, "Alice", &inv, &existing), 0);
	settle(w);
}

/* Bob's next dial goes to Mallory, as far as REDEEM.  Her side of it is by hand. */
static struct pair *bob_presents_it(struct world *w, uint8_t hash[HASH_BYTES])
{
	while (!w->bob.n_dials || w->bob.dial[0].role == LINK_DOOR) {
		if (w->bob.n_dials) /* after some failures in a row it is tried at Alice's door */
			fail_dial(&w->bob);
		pass(w, 1000);
	}
	const struct chat_dial d = take_dial(&w->bob, 0);
	assert_int_equal(d.role, LINK_PRIVATE);
	assert_true(d.by_identity);
	struct pair *pair = &w->pair[w->n_pairs++];
	*pair = (struct pair){.p = {&w->bob, &w->alice}, .id = {++w->last_link, 0}, .open = {true, false}};
	hash_of(pair->id[0], hash);
	const struct chat_link_info info = {.link = pair->id[0],
					    .version = LINK_VERSION,
					    .dial_id = d.id,
					    .role = d.role,
					    .static_key = d.responder_static,
					    .hash = hash};
	assert_int_equal(chat_on_link(w->bob.chat, w->now, &info), 0);
	party_turn(&w->bob);
	assert_int_equal(w->n_frames, 1);
	assert_int_equal(w->frames[0].type, FRAME_REDEEM);
	w->n_frames = 0;
	return pair;
}

/* She answers that he is accepted, with a proof under this secret. */
static int accepted(struct world *w, enum proof_kind kind, const uint8_t secret[KEY_BYTES],
		    const uint8_t link_key[KEY_BYTES])
{
	struct answer a = {.status = ANSWER_ACCEPTED};
	uint8_t hash[HASH_BYTES], verifier[KEY_BYTES];
	struct pair *pair = bob_presents_it(w, hash);
	const struct proof_claim claim = {hash, link_key, chat_identity(w->alice.chat)};
	static_key_of(&w->bob, true, verifier);
	assert_int_equal(proof_make(kind, &claim, secret, verifier, a.proof), 0);
	memcpy(a.link_key, link_key, KEY_BYTES);
	identity_public(mallorys_seed, a.locator.onion);
	return bob_is_answered(w, pair, &a);
}

static void it_makes_no_contact(void **state)
{
	struct world *w = *state;
	uint8_t link_key[KEY_BYTES], alices[KEY_BYTES], mallorys_identity[KEY_BYTES];
	dh_public(mallorys_link, link_key);
	identity_dh_secret(mallorys_seed, mallorys_identity);
	static_key_of(&w->alice, false, alices);
	fall_for_it(w);
	hush(&w->bob);
	assert_int_equal(accepted(w, PROOF_ANSWER, mallorys_link, link_key), ERR_PROTOCOL);
	assert_int_equal(accepted(w, PROOF_IDENTITY, mallorys_link, link_key), ERR_PROTOCOL);
	assert_int_equal(accepted(w, PROOF_IDENTITY, mallorys_identity, link_key), ERR_PROTOCOL);
	/* Nor if Alice herself proves another key than the one that was dialled. */
	assert_int_equal(accepted(w, PROOF_IDENTITY, chat_identity_dh(w->alice.chat), alices), ERR_PROTOCOL);
	assert_int_equal(alice_of(w)->row.state, CONTACT_INVITED);
	assert_string_equal(w->bob.told, "");
	/* The proof that would do. */
	assert_int_equal(accepted(w, PROOF_IDENTITY, chat_identity_dh(w->alice.chat), link_key), 0);
	assert_int_equal(alice_of(w)->row.state, CONTACT_LINKED);
}

/* She has learnt from REDEEM where Bob is, and dials him. */
static void nobody_comes_in_by_it(void **state)
{
	struct world *w = *state;
	uint8_t link_key[KEY_BYTES];
	dh_public(mallorys_link, link_key);
	fall_for_it(w);
	assert_true(alice_of(w)->row.has_link_key);
	assert_int_equal(chat_admit(w->bob.chat, 1, LINK_PRIVATE, LINK_VERSION, link_key, NULL), ERR_REFUSED);
	assert_int_equal(accepted(w, PROOF_IDENTITY, chat_identity_dh(w->alice.chat), link_key), 0);
	assert_int_equal(chat_admit(w->bob.chat, 1, LINK_PRIVATE, LINK_VERSION, link_key, NULL), 0);
}

/* Alice asks Bob meanwhile: she is who he wanted, with her own key. */
static void the_true_one_is_not_refused(void **state)
{
	struct world *w = *state;
	uint8_t alices[KEY_BYTES];
	static_key_of(&w->alice, false, alices);
	fall_for_it(w);
	assert_int_equal(add(&w->alice, "Bob", &w->bob, ""), 0);
	settle(w);
	fail_dial(&w->bob); /* to Mallory */
	connect_dial(&w->alice);
	settle(w);
	assert_memory_equal(alice_of(w)->row.link_key, alices, KEY_BYTES);
	assert_int_equal(said(&w->bob, "Refused"), 0);
	meet(w);
}

/* One that Alice has made. */
static void a_true_one_does(void **state)
{
	struct world *w = *state;
	const struct contact *existing = NULL;
	char text[INVITE_LEN + 1];
	struct invite inv;
	settle(w);
	assert_int_equal(chat_invite(w->alice.chat, w->now, 0, text), 0);
	assert_int_equal(invite_decode(text, &inv), 0);
	assert_int_equal(chat_add_invited(w->bob.chat, w->now, "Alice", &inv, &existing), 0);
	meet(w);
	assert_memory_equal(alice_of(w)->row.link_key, inv.link_key, KEY_BYTES);
}

#define T(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(it_makes_no_contact),
	    T(nobody_comes_in_by_it),
	    T(the_true_one_is_not_refused),
	    T(a_true_one_does),
	};
	if (crypto_start())
		return 1;
	return cmocka_run_group_tests_name("chat_forged", tests, NULL, NULL);
}
