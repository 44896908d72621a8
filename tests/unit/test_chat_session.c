/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The session of two contacts: how it begins, goes on, and heals when a side has lost state. */
#include "chat_backup_help.h"
#include "chat_session_help.h"

/* ---- stories ---- */

static bool has_session(struct party *p)
{
	static const uint8_t none[EPOCH_BYTES];
	return memcmp(peer_of(p)->session.epoch, none, EPOCH_BYTES) != 0;
}

static void it_begins_with_the_first_link_and_goes_on(void **state)
{
	struct world *w = *state;
	uint8_t epoch[EPOCH_BYTES];
	befriend(w);
	memcpy(epoch, peer_of(&w->alice)->session.epoch, EPOCH_BYTES);
	assert_memory_equal(epoch, peer_of(&w->bob)->session.epoch, EPOCH_BYTES);
	say(&w->alice, "1");
	say(&w->bob, "2");
	for (unsigned i = 0; i < 3; i++) {
		party_restart(i % 2 ? &w->alice : &w->bob);
		hush(&w->alice);
		hush(&w->bob);
		meet_again(w);
		assert_memory_equal(epoch, peer_of(&w->alice)->session.epoch, EPOCH_BYTES);
		assert_memory_equal(epoch, peer_of(&w->bob)->session.epoch, EPOCH_BYTES);
		assert_anew(&w->alice, 0);
		assert_anew(&w->bob, 0);
	}
	say(&w->alice, "3");
	assert_received(&w->bob, "1 3 ");
	assert_received(&w->alice, "2 ");
}

/* Between the two halves of its beginning the link breaks, at each frame in turn. */
static void a_beginning_that_is_interrupted(void **state)
{
	struct world *w = *state;
	assert_int_equal(add(&w->alice, "Bob", &w->bob, ""), 0);
	settle(w);
	connect_dial(&w->alice);
	settle(w);
	assert_int_equal(chat_accept(w->bob.chat, w->now, "Alice", NULL, NULL), 0);
	settle(w);
	connect_dial(&w->bob);
	settle(w);
	assert_int_equal(send_text(&w->alice, bob_of(w), "1"), 0);
	for (unsigned at = 1; at < 14; at++) {
		while (!w->alice.n_dials && !w->bob.n_dials)
			pass(w, 500);
		struct pair *pair = connect_dial(w->alice.n_dials ? &w->alice : &w->bob);
		party_turn(&w->alice);
		party_turn(&w->bob);
		for (unsigned i = 0; i < at && w->n_frames; i++) {
			const struct frame f = next_frame(w);
			deliver(w, &f);
			party_turn(&w->alice);
			party_turn(&w->bob);
		}
		cut(pair);
	}
	pass(w, 60000);
	meet_again(w);
	assert_received(&w->bob, "1 ");
	say(&w->bob, "2");
	assert_received(&w->alice, "2 ");
	assert_anew(&w->alice, 0);
	assert_anew(&w->bob, 0);
}

/* Both ask.  One request is on its way for so long that there is a session already when it comes, of which the one who
 * had asked has not heard: nobody has lost anything. */
static void a_request_that_comes_late_ends_none(void **state)
{
	struct world *w = *state;
	assert_int_equal(add(&w->alice, "Bob", &w->bob, ""), 0);
	settle(w);
	connect_dial(&w->alice);
	party_turn(&w->alice);
	const struct frame late = next_frame(w);
	assert_int_equal(add(&w->bob, "Alice", &w->alice, ""), 0);
	settle(w);
	connect_dial(&w->bob);
	settle(w);
	struct pair *pair = connect_dial(&w->bob);
	party_turn(&w->bob);
	while (w->n_frames && !has_session(&w->bob)) {
		const struct frame f = next_frame(w);
		deliver(w, &f);
		party_turn(&w->bob);
		party_turn(&w->alice);
	}
	assert_true(has_session(&w->bob) && !has_session(&w->alice));
	cut(pair);
	deliver(w, &late);
	settle(w);
	meet_again(w);
	assert_true(has_session(&w->alice));
	assert_anew(&w->alice, 0);
	assert_anew(&w->bob, 0);
}

static void the_sender_goes_back(void **state)
{
	struct world *w = *state;
	befriend(w);
	say(&w->alice, "1");
	back_up(&w->alice);
	say(&w->alice, "2");
	say(&w->alice, "3");
	hush(&w->alice);
	hush(&w->bob);
	restore(&w->alice);
	meet_again(w);
	assert_anew(&w->alice, 1);
	assert_anew(&w->bob, 1);
	assert_int_equal(said(&w->alice, "2 that you sent are no longer known here"), 1);
	assert_int_equal(said(&w->bob, "2 that you have are no longer known there"), 1);
	say(&w->alice, "4");
	say(&w->bob, "5");
	assert_received(&w->bob, "1 2 3 4 ");
	assert_received(&w->alice, "5 ");
	assert_int_equal(chat_queued(w->alice.chat) + chat_queued(w->bob.chat), 0);
}

/* What waits in the copy that is put back arrives, once: it may not be called lost for sure. */
static void a_queue_comes_back_with_the_sender(void **state)
{
	struct world *w = *state;
	befriend(w);
	party_kill(&w->bob, true);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(send_text(&w->alice, bob_of(w), "1"), 0);
	back_up(&w->alice);
	party_start(&w->bob);
	meet_again(w);
	say(&w->alice, "2");
	say(&w->alice, "3");
	hush(&w->alice);
	hush(&w->bob);
	restore(&w->alice);
	meet_again(w);
	assert_int_equal(said(&w->alice, "up to 5 that you sent are no longer known here"), 1);
	assert_int_equal(said(&w->bob, "up to 5 that you have are no longer known there"), 1);
	assert_received(&w->bob, "1 1 1 2 3 ");
	assert_int_equal(chat_queued(w->alice.chat), 0);
}

static void the_receiver_goes_back(void **state)
{
	struct world *w = *state;
	befriend(w);
	say(&w->alice, "1");
	back_up(&w->bob);
	say(&w->alice, "2");
	party_kill(&w->bob, true);
	assert_int_equal(send_text(&w->alice, bob_of(w), "3"), 0);
	settle(w);
	hush(&w->alice);
	hush(&w->bob);
	party_start(&w->bob);
	restore(&w->bob);
	meet_again(w);
	assert_anew(&w->alice, 1);
	assert_anew(&w->bob, 1);
	assert_int_equal(said(&w->alice, "1 that were delivered are lost there"), 1);
	assert_int_equal(said(&w->bob, "1 that you had received are lost here"), 1);
	say(&w->alice, "4");
	assert_received(&w->bob, "1 3 4 ");
	assert_int_equal(chat_queued(w->alice.chat), 0);
}

static void both_go_back(void **state)
{
	struct world *w = *state;
	befriend(w);
	say(&w->alice, "1");
	back_up(&w->alice);
	say(&w->bob, "2");
	say(&w->alice, "3");
	back_up(&w->bob);
	say(&w->alice, "4");
	restore(&w->alice);
	restore(&w->bob);
	meet_again(w);
	say(&w->alice, "5");
	say(&w->bob, "6");
	assert_received(&w->bob, "1 3 5 ");
	assert_received(&w->alice, "6 ");
}

/* Nothing was acked in between: nothing is lost, and the session goes on, with other keys. */
static void a_backup_of_the_last_state_is_no_loss(void **state)
{
	struct world *w = *state;
	befriend(w);
	say(&w->alice, "1");
	back_up(&w->alice);
	assert_int_equal(send_text(&w->alice, bob_of(w), "2"), 0);
	party_turn(&w->alice);
	const struct frame before = next_frame(w);
	assert_int_equal(before.type, FRAME_MESSAGE);
	w->n_frames = 0;
	hush(&w->alice);
	restore(&w->alice);
	meet_again(w);
	assert_anew(&w->alice, 0);
	assert_int_equal(send_text(&w->alice, bob_of(w), "2"), 0);
	party_turn(&w->alice);
	const struct frame after = next_frame(w);
	assert_int_equal(after.type, FRAME_MESSAGE);
	assert_int_equal(before.len, after.len);
	assert_memory_equal(before.body, after.body, SEALED_HEAD_BYTES); /* the same place in the session */
	assert_memory_not_equal(before.body, after.body, after.len);
	deliver(w, &after);
	settle(w);
	assert_received(&w->bob, "1 2 ");
}

/* A contact whose session was never written down (a database of an earlier version). */
static void one_side_knows_of_no_session(void **state)
{
	struct world *w = *state;
	back_up(&w->bob);
	befriend(w);
	back_up(&w->bob);
	say(&w->alice, "1");
	say(&w->bob, "2");
	memset(peer_of(&w->alice)->session.epoch, 0, EPOCH_BYTES);
	epoch_settle(w->alice.chat);
	epoch_save(w->alice.chat, peer_of(&w->alice));
	cut(pair_open(w));
	hush(&w->alice);
	hush(&w->bob);
	meet_again(w);
	say(&w->alice, "3");
	say(&w->bob, "4");
	assert_received(&w->bob, "1 3 ");
	assert_received(&w->alice, "2 4 ");
	assert_int_equal(said(&w->alice, "one of you went back"), 1);
	assert_int_equal(said(&w->bob, "one of you went back"), 1);
}

static void too_many_losses_in_a_day(void **state)
{
	struct world *w = *state;
	befriend(w);
	say(&w->alice, "1");
	back_up(&w->alice);
	for (unsigned i = 0; i < RESETS_MAX; i++) {
		say(&w->alice, "2");
		restore(&w->alice);
		meet_again(w);
		back_up(&w->alice);
	}
	assert_anew(&w->bob, RESETS_MAX);
	say(&w->alice, "3");
	restore(&w->alice);
	for (unsigned i = 0; i < 20; i++) {
		settle(w);
		if (w->alice.n_dials)
			connect_dial(&w->alice);
		if (w->bob.n_dials)
			connect_dial(&w->bob);
		pass(w, 60000);
	}
	assert_anew(&w->bob, RESETS_MAX);
	assert_false(peer_of(&w->alice)->ready);
	assert_false(peer_of(&w->bob)->ready);
	assert_int_equal(alice_of(w)->presence, PRESENCE_OFFLINE);
	/* A day later it heals. */
	w->now.real_ms += 24u * 3600 * 1000;
	chat_retry(w->alice.chat, w->now, NULL);
	meet_again(w);
	say(&w->bob, "4");
	assert_anew(&w->bob, RESETS_MAX + 1);
}

static void removed_and_added_often_in_a_day(void **state)
{
	struct world *w = *state;
	befriend(w);
	for (unsigned i = 0; i < RESETS_MAX + 2; i++) {
		say(&w->bob, "1");
		say(&w->alice, "2");
		assert_int_equal(chat_remove(w->alice.chat, w->now, "Bob"), 0);
		settle(w);
		while (w->bob.n_dials)
			fail_dial(&w->bob);
		hush(&w->alice);
		hush(&w->bob);
		assert_int_equal(add(&w->alice, "Bob", &w->bob, ""), 0);
		meet(w);
		assert_int_equal(said(&w->bob, "anew: you were asked to be a contact again"), 1);
		assert_anew(&w->bob, 1);
		hush(&w->bob);
		pass(w, 20000);
	}
	say(&w->bob, "3");
	assert_received(&w->alice, "3 ");
	assert_int_equal(peer_of(&w->bob)->session.resets, 0);
	/* It is no way round the bound: what is lost after that counts. */
	memset(peer_of(&w->alice)->session.epoch, 0, EPOCH_BYTES);
	cut(pair_open(w));
	meet_again(w);
	assert_anew(&w->bob, 1);
	assert_int_equal(peer_of(&w->bob)->session.resets, 1);
}

/* What came before the link broke is owed an ack, of a session that is no more when the next one comes. */
static void an_ack_of_the_old_session_holds_up_nothing(void **state)
{
	struct world *w = *state;
	befriend(w);
	back_up(&w->alice);
	say(&w->alice, "1");
	assert_int_equal(send_text(&w->alice, bob_of(w), "2"), 0);
	party_turn(&w->alice);
	const struct frame f = next_frame(w);
	assert_int_equal(f.type, FRAME_MESSAGE);
	deliver(w, &f);
	restore(&w->alice);
	for (unsigned i = 0; i < 200 && !peer_of(&w->bob)->ready; i++) {
		if (w->bob.n_dials)
			connect_dial(&w->bob);
		pass(w, 500);
	}
	assert_true(peer_of(&w->bob)->ready);
	say(&w->bob, "3");
	assert_received(&w->alice, "3 ");
	assert_int_equal(chat_queued(w->bob.chat), 0);
}

/* ---- what can't be opened ---- */

static void a_damaged_message_is_asked_for_again(void **state)
{
	struct world *w = *state;
	befriend(w);
	say(&w->alice, "1");
	assert_int_equal(send_text(&w->alice, bob_of(w), "2"), 0);
	assert_int_equal(send_text(&w->alice, bob_of(w), "3"), 0);
	party_turn(&w->alice);
	w->frames[0].body[w->frames[0].len - 1] ^= 1;
	hush(&w->bob);
	settle(w);
	assert_received(&w->bob, "1 2 3 ");
	assert_int_equal(chat_queued(w->alice.chat), 0);
	assert_int_equal(said(&w->bob, "in Alice"), 2);
	say(&w->bob, "4");
	assert_received(&w->alice, "4 ");
}

static void what_can_never_be_opened_ends_the_link(void **state)
{
	struct world *w = *state;
	befriend(w);
	assert_int_equal(send_text(&w->alice, bob_of(w), "1"), 0);
	party_turn(&w->alice);
	struct frame f = next_frame(w);
	f.body[f.len - 1] ^= 1;
	deliver(w, &f);
	deliver(w, &f);
	assert_int_equal(pairs_open(w), 0);
	assert_received(&w->bob, "");
	settle(w);
	meet_again(w);
	assert_received(&w->bob, "1 ");
}

/* Blocking throws away what was sealed and not acked; the session goes on past it. */
static void what_is_thrown_away_leaves_no_gap(void **state)
{
	struct world *w = *state;
	size_t failed = 0;
	befriend(w);
	say(&w->alice, "1");
	assert_int_equal(send_text(&w->alice, bob_of(w), "2"), 0);
	assert_int_equal(send_text(&w->alice, bob_of(w), "3"), 0);
	party_turn(&w->alice);
	w->n_frames = 0; /* they were on their way */
	assert_int_equal(chat_block(w->alice.chat, w->now, "Bob", &failed), 0);
	assert_int_equal(failed, 2);
	settle(w);
	pass(w, 60000);
	party_restart(&w->alice);
	assert_int_equal(chat_unblock(w->alice.chat, w->now, "Bob"), 0);
	meet_again(w);
	say(&w->alice, "4");
	say(&w->bob, "5");
	assert_received(&w->bob, "1 4 ");
	assert_received(&w->alice, "5 ");
	assert_int_equal(chat_queued(w->alice.chat), 0);
	assert_anew(&w->alice, 0);
}

static int frame_at_bob(struct world *w, uint8_t type, const uint8_t *body, size_t len)
{
	const struct pair *pair = pair_open(w);
	return chat_on_frame(w->bob.chat, w->now, pair->id[pair->p[1] == &w->bob], type, body, len);
}

static void lies_about_seqs(void **state)
{
	struct world *w = *state;
	uint8_t body[SEALED_HEAD_BYTES + RATCHET_OVERHEAD] = {0};
	befriend(w);
	say(&w->alice, "0");
	say(&w->bob, "1");
	const struct session_row *row = &peer_of(&w->bob)->session;
	/* Acks and NACKs of what was never sent. */
	sealed_head(row->epoch, row->sent + 1, body);
	assert_int_equal(frame_at_bob(w, FRAME_ACK, body, 16), ERR_PROTOCOL);
	assert_int_equal(frame_at_bob(w, FRAME_NACK, body, 16), ERR_PROTOCOL);
	sealed_head(row->epoch, row->sent, body);
	assert_int_equal(frame_at_bob(w, FRAME_ACK, body, 16), 0); /* old news */
	assert_int_equal(frame_at_bob(w, FRAME_NACK, body, 16), ERR_PROTOCOL);
	/* Of another session. */
	sealed_head((const uint8_t *)"another ", 1, body);
	assert_int_equal(frame_at_bob(w, FRAME_ACK, body, 16), 0);
	assert_int_equal(frame_at_bob(w, FRAME_NACK, body, 16), 0);
	assert_int_equal(frame_at_bob(w, FRAME_MESSAGE, body, sizeof(body)), ERR_PROTOCOL);
	/* Far ahead, and long gone. */
	sealed_head(row->epoch, row->received + 2, body);
	assert_int_equal(frame_at_bob(w, FRAME_MESSAGE, body, sizeof(body)), 0);
	sealed_head(row->epoch, row->received, body);
	assert_int_equal(frame_at_bob(w, FRAME_MESSAGE, body, sizeof(body)), 0);
	assert_int_equal(frame_at_bob(w, FRAME_SYNC, body, 16), ERR_PROTOCOL);
	assert_received(&w->bob, "0 ");
	settle(w);
	say(&w->alice, "2");
	say(&w->bob, "3");
	assert_received(&w->bob, "0 2 ");
	assert_received(&w->alice, "1 3 ");
}

/* Each is sealed anew, and what follows is sent again: once for each message on a link. */
static void asked_for_again_and_again(void **state)
{
	struct world *w = *state;
	uint8_t body[SEALED_HEAD_BYTES];
	befriend(w);
	assert_int_equal(send_text(&w->bob, alice_of(w), "1"), 0);
	assert_int_equal(send_text(&w->bob, alice_of(w), "2"), 0);
	party_turn(&w->bob);
	w->n_frames = 0;
	const struct session_row *row = &peer_of(&w->bob)->session;
	sealed_head(row->epoch, row->sent - 1, body);
	assert_int_equal(frame_at_bob(w, FRAME_NACK, body, sizeof(body)), 0);
	assert_int_equal(frame_at_bob(w, FRAME_NACK, body, sizeof(body)), ERR_PROTOCOL);
	sealed_head(row->epoch, row->sent, body);
	assert_int_equal(frame_at_bob(w, FRAME_NACK, body, sizeof(body)), 0);
	sealed_head(row->epoch, row->sent - 1, body);
	assert_int_equal(frame_at_bob(w, FRAME_NACK, body, sizeof(body)), ERR_PROTOCOL);
	settle(w);
	assert_received(&w->alice, "1 2 ");
}

/* ---- a peer with a ratchet of its own making ---- */

/* Two keys by turns, where a ratchet asks for a fresh one. */
static void two_keys_fill(void *ctx, uint8_t *out, size_t len)
{
	unsigned *made = ctx;
	memset(out, len == KEY_BYTES ? 1 + (int)(++*made % 2) : 7, len);
}

static int skips_none(void *ctx, const uint8_t dh[KEY_BYTES], uint32_t n, uint8_t secret[KEY_BYTES])
{
	(void)ctx, (void)dh, (void)n, (void)secret;
	return ERR_NOT_FOUND;
}

static size_t skips_no_room(void *ctx)
{
	(void)ctx;
	return 0;
}

/* Bob says something; what Alice's ratchet makes of it. */
static void open_from_bob(struct world *w, struct ratchet *r, const struct rng *rng)
{
	const struct ratchet_skipped ops = {skips_none, NULL, NULL, skips_no_room, NULL};
	uint8_t plain[MESSAGE_BYTES_MAX];
	assert_int_equal(send_text(&w->bob, alice_of(w), "and?"), 0);
	party_turn(&w->bob);
	struct frame f;
	do
		f = next_frame(w);
	while (f.type != FRAME_MESSAGE);
	w->n_frames = 0;
	assert_int_equal(ratchet_open(r, rng, &ops, f.body, SEALED_HEAD_BYTES, f.body + SEALED_HEAD_BYTES,
				      f.len - SEALED_HEAD_BYTES, plain),
			 0);
}

/* The first of a chain is left out, so that its secret is kept; later the chain's key comes back. */
static void a_ratchet_key_that_comes_back(void **state)
{
	struct world *w = *state;
	unsigned made = 0;
	const struct rng rng = {two_keys_fill, &made};
	uint8_t body[SEALED_HEAD_BYTES + RATCHET_OVERHEAD], ratchet[RATCHET_STATE_BYTES];
	struct ratchet r;
	size_t len;
	befriend(w);
	say(&w->alice, "1");
	assert_int_equal(store_ratchet_get(w->alice.chat->store, peer_of(&w->alice)->pub.row.id, ratchet,
					   sizeof(ratchet), &len),
			 0);
	assert_int_equal(ratchet_load(&r, ratchet, len), 0);
	for (unsigned i = 0; i < 4; i++) {
		const struct session_row *row = &peer_of(&w->bob)->session;
		open_from_bob(w, &r, &rng);
		for (unsigned n = 0; n < 2; n++) {
			sealed_head(row->epoch, row->received + 1, body);
			assert_int_equal(ratchet_seal(&r, &rng, body, SEALED_HEAD_BYTES, NULL, 0,
						      body + SEALED_HEAD_BYTES),
					 0);
		}
		assert_int_equal(frame_at_bob(w, FRAME_MESSAGE, body, sizeof(body)), 0);
		party_turn(&w->bob);
	}
}

/* A new session begins with its root, not with a secret that was kept of the old one. */
static void a_first_message_under_an_old_secret(void **state)
{
	struct world *w = *state;
	uint8_t body[SEALED_HEAD_BYTES + RATCHET_OVERHEAD], epoch[EPOCH_BYTES], dh[KEY_BYTES],
	    secret[HASH_BYTES];
	struct ratchet_root root;
	struct ratchet r;
	befriend(w);
	memset(peer_of(&w->alice)->session.epoch, 0, EPOCH_BYTES);
	cut(pair_open(w));
	while (!w->alice.n_dials)
		pass(w, 500);
	root_of(connect_dial(&w->alice), 0, &root);
	assert_int_equal(ratchet_init(&r, &w->alice.rng, &root), 0);
	dh_public(r.dh_secret, dh);
	hmac(r.send_chain, KEY_BYTES, "\x01", 1, secret);
	assert_int_equal(
	    store_skipped_add(w->bob.chat->store, peer_of(&w->bob)->pub.row.id, dh, 0, secret, 1), 0);
	ratchet_epoch(root.sk, epoch);
	sealed_head(epoch, 1, body);
	assert_int_equal(
	    ratchet_seal(&r, &w->alice.rng, body, SEALED_HEAD_BYTES, NULL, 0, body + SEALED_HEAD_BYTES), 0);
	party_turn(&w->alice);
	party_turn(&w->bob);
	while (w->n_frames) {
		const struct frame f = next_frame(w);
		if (f.from == &w->alice && f.type == FRAME_MESSAGE)
			break;
		deliver(w, &f);
		party_turn(&w->alice);
		party_turn(&w->bob);
	}
	assert_int_equal(frame_at_bob(w, FRAME_MESSAGE, body, sizeof(body)), 0);
	assert_true(peer_of(&w->bob)->ready);
	assert_int_equal(send_text(&w->bob, alice_of(w), "2"), 0);
	party_turn(&w->bob); /* the account stands */
}

/* A link that works, but on which no session comes to be, shows nobody online. */
static void online_means_that_messages_go(void **state)
{
	struct world *w = *state;
	befriend(w);
	party_restart(&w->bob);
	hush(&w->bob);
	while (!w->alice.n_dials && !w->bob.n_dials)
		pass(w, 500);
	connect_dial(w->alice.n_dials ? &w->alice : &w->bob);
	party_turn(&w->alice);
	party_turn(&w->bob);
	while (w->n_frames) {
		const struct frame f = next_frame(w);
		if (f.type != FRAME_SYNC)
			deliver(w, &f);
		party_turn(&w->alice);
		party_turn(&w->bob);
	}
	assert_true(alice_of(w)->link_up);
	assert_int_equal(alice_of(w)->presence, PRESENCE_OFFLINE);
	assert_int_equal(said(&w->bob, "online"), 0);
	assert_int_equal(pairs_open(w), 1);
	pass(w, 31000);
	assert_int_equal(bob_of(w)->presence, PRESENCE_OFFLINE);
	assert_int_equal(pairs_open(w), 0); /* it answers pings, and is of no use */
}

static size_t skipped_of(struct party *p)
{
	size_t n = 0;
	assert_int_equal(store_skipped_count(p->chat->store, peer_of(p)->pub.row.id, &n), 0);
	return n;
}

static void skipped_secrets_are_kept_for_thirty_days(void **state)
{
	struct world *w = *state;
	const uint64_t day = 24u * 3600 * 1000;
	const uint8_t key[KEY_BYTES] = {1};
	befriend(w);
	cut(pair_open(w));
	assert_int_equal(store_skipped_add(w->alice.chat->store, peer_of(&w->alice)->pub.row.id, key, 1, key,
					   w->now.real_ms),
			 0);
	jump(w, 29 * day);
	party_turn(&w->alice);
	assert_int_equal(skipped_of(&w->alice), 1);
	jump(w, 2 * day);
	party_turn(&w->alice);
	assert_int_equal(skipped_of(&w->alice), 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(it_begins_with_the_first_link_and_goes_on),
	    TEST(a_beginning_that_is_interrupted),
	    TEST(a_request_that_comes_late_ends_none),
	    TEST(the_sender_goes_back),
	    TEST(a_queue_comes_back_with_the_sender),
	    TEST(the_receiver_goes_back),
	    TEST(both_go_back),
	    TEST(a_backup_of_the_last_state_is_no_loss),
	    TEST(one_side_knows_of_no_session),
	    TEST(too_many_losses_in_a_day),
	    TEST(removed_and_added_often_in_a_day),
	    TEST(an_ack_of_the_old_session_holds_up_nothing),
	    TEST(a_damaged_message_is_asked_for_again),
	    TEST(what_can_never_be_opened_ends_the_link),
	    TEST(what_is_thrown_away_leaves_no_gap),
	    TEST(lies_about_seqs),
	    TEST(asked_for_again_and_again),
	    TEST(a_ratchet_key_that_comes_back),
	    TEST(a_first_message_under_an_old_secret),
	    TEST(online_means_that_messages_go),
	    TEST(skipped_secrets_are_kept_for_thirty_days),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
