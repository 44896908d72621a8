/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Dials and back-off, which of several links is used, silence, presence. */
#include "chat_help.h"

#include "../../src/chat/chat_impl.h"

static void both_dial_and_one_link_stays(void **state)
{
	struct world *w = *state;
	befriend(w);
	party_kill(&w->alice, true);
	hush(&w->alice);
	hush(&w->bob);
	party_start(&w->alice);
	pass(w, 6000);
	assert_int_equal(w->alice.n_dials, 1);
	assert_int_equal(w->bob.n_dials, 1);
	/* Both arrive before either side has heard the other. */
	connect_dial(&w->alice);
	connect_dial(&w->bob);
	settle(w);
	assert_int_equal(pairs_open(w), 1);
	assert_int_equal(said(&w->alice, "Bob is online"), 1);
	assert_int_equal(send_text(&w->alice, bob_of(w), "one"), 0);
	assert_int_equal(send_text(&w->bob, alice_of(w), "two"), 0);
	settle(w);
	assert_int_equal(said(&w->bob, "in Alice: one"), 1);
	assert_int_equal(said(&w->alice, "in Bob: two"), 1);
	assert_int_equal(bob_of(w)->queued + alice_of(w)->queued, 0);
	pass(w, 3600 * 1000);
	assert_int_equal(pairs_open(w), 1);
	assert_int_equal(w->alice.n_dials + w->bob.n_dials, 0);
}

static void an_incoming_link_stops_the_dial(void **state)
{
	struct world *w = *state;
	befriend(w);
	cut(pair_open(w));
	pass(w, 2000);
	assert_int_equal(w->alice.n_dials, 1);
	assert_int_equal(w->bob.n_dials, 1);
	connect_dial(&w->bob);
	settle(w);
	assert_int_equal(w->alice.n_dials, 0);
	assert_int_equal(pairs_open(w), 1);
}

/* Alice's old link is dead, and Bob does not know. */
static void a_newer_link_replaces_the_dead_one(void **state)
{
	struct world *w = *state;
	befriend(w);
	party_kill(&w->alice, false);
	hush(&w->alice);
	assert_int_equal(send_text(&w->bob, alice_of(w), "into the void"), 0);
	party_turn(&w->bob);
	w->n_frames = 0;
	party_start(&w->alice);
	pass(w, 6000);
	connect_dial(&w->alice);
	settle(w);
	assert_int_equal(said(&w->alice, "in Bob: into the void"), 1);
	assert_int_equal(alice_of(w)->queued, 0);
	assert_int_equal(said(&w->bob, "offline"), 1); /* only before they met: he saw no gap */
}

static void who_must_not_choose(void **state)
{
	struct world *w = *state;
	befriend(w);
	const struct pair *pair = pair_open(w);
	const int lower =
	    memcmp(chat_identity(pair->p[0]->chat), chat_identity(pair->p[1]->chat), KEY_BYTES) < 0 ? 0 : 1;
	static const uint8_t token[8] = {1};
	assert_int_equal(chat_on_frame(pair->p[lower]->chat, w->now, pair->id[lower], FRAME_USE, token, 8),
			 ERR_PROTOCOL);
	assert_int_equal(chat_on_frame(pair->p[!lower]->chat, w->now, pair->id[!lower], FRAME_USE, token, 7),
			 ERR_PROTOCOL);
	assert_int_equal(chat_on_frame(pair->p[!lower]->chat, w->now, pair->id[!lower], FRAME_USE, token, 8),
			 0);
}

static void a_dial_that_does_not_start_is_tried_again(void **state)
{
	struct world *w = *state;
	w->alice.fail_dials = 2;
	assert_int_equal(add(&w->alice, "Bob", &w->bob, ""), 0);
	settle(w);
	assert_int_equal(w->alice.fail_dials, 1);
	assert_int_equal(w->alice.n_dials, 0);
	assert_false(bob_of(w)->dialling);
	assert_string_not_equal(bob_of(w)->trouble, "");
	pass(w, 60000);
	assert_int_equal(w->alice.fail_dials, 0);
	assert_int_equal(w->alice.n_dials, 1);
	assert_true(bob_of(w)->dialling);
}

/* A link of the one who chooses comes in, with its profile. */
static link_id link_from_chooser(struct party *chooser, struct party *p)
{
	struct world *w = p->w;
	struct profile pr = {0};
	uint8_t key[KEY_BYTES];
	struct buf body;
	const link_id id = ++w->last_link;
	static_key_of(chooser, false, key);
	w->pair[w->n_pairs++] = (struct pair){.p = {chooser, p}, .id = {0, id}, .open = {false, true}};
	const struct chat_link_info info = {
	    .link = id, .version = LINK_VERSION, .role = LINK_PRIVATE, .static_key = key};
	assert_int_equal(chat_on_link(p->chat, w->now, &info), 0);
	buf_init(&body, FRAME_BODY_MAX);
	memcpy(pr.identity, chat_identity(chooser->chat), KEY_BYTES);
	assert_int_equal(str_copy(pr.nick, sizeof(pr.nick), chooser->name), 0);
	assert_int_equal(profile_encode(&pr, &body), 0);
	assert_int_equal(chat_on_frame(p->chat, w->now, id, FRAME_PROFILE, buf_ptr(&body), buf_len(&body)),
			 0);
	buf_clear(&body);
	return id;
}

/* Where the first message lies that this side has sent; 0: nowhere. */
static link_id message_on(struct world *w)
{
	for (size_t i = 0; i < w->n_frames; i++) {
		if (w->frames[i].type == FRAME_MESSAGE)
			return w->frames[i].link;
	}
	return 0;
}

/* USE and SYNC. */
static void use_from_chooser(struct party *chooser, struct party *p, link_id link, uint64_t token)
{
	const struct session_row *row = &chat_find(chooser->chat, p->name)->impl->session;
	struct sync sync = {.token = token, .sent = row->sent, .acked = row->acked, .received = row->received};
	struct buf body;
	memcpy(sync.epoch, row->epoch, EPOCH_BYTES);
	buf_init(&body, 64);
	assert_int_equal(ping_encode(token, &body), 0);
	assert_int_equal(chat_on_frame(p->chat, p->w->now, link, FRAME_USE, buf_ptr(&body), 8), 0);
	buf_consume(&body, 8);
	assert_int_equal(sync_encode(&sync, &body), 0);
	assert_int_equal(
	    chat_on_frame(p->chat, p->w->now, link, FRAME_SYNC, buf_ptr(&body), buf_len(&body)), 0);
	buf_clear(&body);
}

/* What was said on different links arrives in any order. */
static void messages_follow_use(void **state)
{
	struct world *w = *state;
	befriend(w);
	const bool alice_chooses =
	    memcmp(chat_identity(w->alice.chat), chat_identity(w->bob.chat), KEY_BYTES) < 0;
	struct party *chooser = alice_chooses ? &w->alice : &w->bob;
	struct party *p = alice_chooses ? &w->bob : &w->alice;
	cut(pair_open(w));
	settle(w);
	const link_id first = link_from_chooser(chooser, p);
	const link_id second = link_from_chooser(chooser, p);
	assert_int_equal(send_text(p, chat_find(p->chat, chooser->name), "hello"), 0);
	party_turn(p);
	assert_int_equal(message_on(w), 0); /* not before USE */
	use_from_chooser(chooser, p, first, 5ull << 32 | 1);
	party_turn(p);
	assert_int_equal(message_on(w), first);
	w->n_frames = 0;
	use_from_chooser(chooser, p, second, 5ull << 32 | 3);
	party_turn(p);
	assert_int_equal(message_on(w), second);
	w->n_frames = 0;
	use_from_chooser(chooser, p, first, 5ull << 32 | 2); /* said before that */
	party_turn(p);
	assert_int_equal(w->n_frames, 0);
	use_from_chooser(chooser, p, first, 4ull << 32 | 9); /* by a process that is no more */
	party_turn(p);
	assert_int_equal(w->n_frames, 0);
	chat_on_link_closed(p->chat, w->now, second);
	party_turn(p);
	assert_int_equal(message_on(w), 0); /* the chooser decides */
	use_from_chooser(chooser, p, first, 5ull << 32 | 4);
	party_turn(p);
	assert_int_equal(message_on(w), first);
	w->n_frames = 0;
}

static void nothing_before_the_profile(void **state)
{
	struct world *w = *state;
	static const uint8_t types[] = {FRAME_MESSAGE, FRAME_ACK, FRAME_USE};
	uint8_t key[KEY_BYTES];
	befriend(w);
	cut(pair_open(w));
	hush(&w->bob);
	pass(w, 60000);
	assert_int_equal(said(&w->bob, "Alice is offline"), 1);
	static_key_of(&w->alice, false, key);
	for (size_t i = 0; i < sizeof(types); i++) {
		const link_id id = ++w->last_link;
		w->pair[w->n_pairs++] =
		    (struct pair){.p = {&w->alice, &w->bob}, .id = {0, id}, .open = {false, true}};
		const struct chat_link_info info = {
	    .link = id, .version = LINK_VERSION, .role = LINK_PRIVATE, .static_key = key};
		assert_int_equal(chat_on_link(w->bob.chat, w->now, &info), 0);
		assert_int_equal(chat_on_frame(w->bob.chat, w->now, id, types[i], (const uint8_t *)"", 0),
				 ERR_PROTOCOL);
		pair_hears_end(&w->pair[w->n_pairs - 1], 1);
	}
	assert_int_equal(said(&w->bob, "is online"), 0);
}

/* A contact whose client is broken, or bad. */
static void noise_breaks_nothing(void **state)
{
	struct world *w = *state;
	static const uint8_t types[] = {
	    FRAME_REQUEST, FRAME_ANSWER, FRAME_ACCEPT, FRAME_MESSAGE, FRAME_ACK, FRAME_PROFILE,
	    FRAME_USE,	   FRAME_PING,	 FRAME_PONG,   FRAME_CLOSE,   99};
	uint8_t body[600];
	unsigned refused = 0;
	befriend(w);
	struct party *p = memcmp(chat_identity(w->alice.chat), chat_identity(w->bob.chat), KEY_BYTES) < 0
			      ? &w->bob
			      : &w->alice;
	for (unsigned i = 0; i < 3000; i++) {
		const link_id id = link_from_chooser(other_party(p), p);
		int err = 0;
		for (unsigned n = 0; !err && w->pair[w->n_pairs - 1].open[1] && n < 10; n++) {
			const size_t len = rng_uniform(&p->rng, rng_uniform(&p->rng, 3) ? 24 : sizeof(body));
			rng_fill(&p->rng, body, len);
			if (len && rng_uniform(&p->rng, 2))
				body[0] = (uint8_t)rng_uniform(&p->rng, 4);
			err = chat_on_frame(p->chat, w->now, id, types[rng_uniform(&p->rng, sizeof(types))],
					    body, len);
		}
		refused += err == ERR_PROTOCOL;
		pair_hears_end(&w->pair[w->n_pairs - 1], 1);
		w->n_pairs--;
		party_turn(p);
		w->n_frames = 0;
	}
	assert_true(refused > 1000);
	hush(&w->alice);
	hush(&w->bob);
	for (size_t i = 0; i < w->n_pairs; i++)
		cut(&w->pair[i]);
	pass(w, 120000);
	meet(w);
}

static void links_of_a_contact_are_bounded(void **state)
{
	struct world *w = *state;
	uint8_t key[KEY_BYTES];
	unsigned open = 0;
	befriend(w);
	static_key_of(&w->alice, false, key);
	for (unsigned i = 0; i < 20; i++) {
		const link_id id = ++w->last_link;
		w->pair[w->n_pairs++] =
		    (struct pair){.p = {&w->alice, &w->bob}, .id = {0, id}, .open = {false, true}};
		const struct chat_link_info info = {
	    .link = id, .version = LINK_VERSION, .role = LINK_PRIVATE, .static_key = key};
		assert_int_equal(chat_on_link(w->bob.chat, w->now, &info), 0);
	}
	for (size_t i = 0; i < w->n_pairs; i++)
		open += w->pair[i].p[1] == &w->bob && w->pair[i].open[1];
	assert_in_range(open, 2, 5);
	w->n_frames = 0;
}

/* ---- silence ---- */

static void a_living_link_stays(void **state)
{
	struct world *w = *state;
	befriend(w);
	pass(w, 12 * 3600 * 1000);
	assert_int_equal(pairs_open(w), 1);
	assert_int_equal(said(&w->alice, "offline"), 1); /* "was offline", when they met */
}

static void links_are_renewed_in_time(void **state)
{
	struct world *w = *state;
	befriend(w);
	const struct pair *first = pair_open(w);
	for (unsigned hour = 0; hour < 30; hour++) {
		if (w->alice.n_dials)
			connect_dial(&w->alice);
		if (w->bob.n_dials)
			connect_dial(&w->bob);
		pass(w, 3600 * 1000);
		if (hour == 18)
			assert_ptr_equal(pair_open(w), first);
		assert_int_equal(pairs_open(w), 1);
	}
	assert_ptr_not_equal(pair_open(w), first);
	assert_int_equal(said(&w->alice, "Bob is offline"), 0);
}

static void silence_is_noticed(void **state)
{
	struct world *w = *state;
	befriend(w);
	struct pair *pair = pair_open(w);
	party_kill(&w->bob, false);
	pass(w, 20000);
	assert_true(pair->open[0] || pair->open[1]);
	for (unsigned s = 0; s < 60 && (pair->open[0] || pair->open[1]); s++) {
		pass(w, 1000);
		while (w->alice.n_dials)
			fail_dial(&w->alice);
	}
	assert_false(pair->open[0] || pair->open[1]);
	assert_int_equal(said(&w->alice, "Bob is offline"), 0); /* a while of grace */
	pass(w, 30000);
	assert_int_equal(said(&w->alice, "Bob is offline, was online, connection lost"), 1);
}

static void a_link_that_never_speaks(void **state)
{
	struct world *w = *state;
	befriend(w);
	cut(pair_open(w));
	pass(w, 2000);
	struct pair *pair = connect_dial(&w->alice);
	party_turn(&w->alice);
	w->n_frames = 0;
	take_dial(&w->bob, 0);
	assert_true(pair->open[0]);
	pass(w, 27000);
	assert_true(pair->open[0]);
	pass(w, 2000);
	assert_false(pair->open[0]);
}

/* ---- presence ---- */

static void a_short_break_is_not_shown(void **state)
{
	struct world *w = *state;
	befriend(w);
	hush(&w->alice);
	hush(&w->bob);
	cut(pair_open(w));
	pass(w, 2000);
	assert_int_equal(bob_of(w)->presence, PRESENCE_ONLINE);
	assert_false(bob_of(w)->link_up);
	connect_dial(&w->alice);
	pass(w, 60000);
	assert_true(bob_of(w)->link_up);
	assert_string_equal(w->alice.told, "");
	assert_string_equal(w->bob.told, "");
}

static void goodbye_counts_at_once(void **state)
{
	struct world *w = *state;
	befriend(w);
	const size_t dials = w->alice.dials;
	chat_shutdown(w->bob.chat, w->now, "logged out");
	settle(w);
	assert_int_equal(said(&w->alice, "Bob is offline, was online, went offline"), 1);
	assert_int_equal(bob_of(w)->online_since_ms, 0);
	assert_int_equal(bob_of(w)->row.seen_ms, w->now.real_ms);
	assert_int_equal(
	    chat_admit(w->bob.chat, CHAT_DOOR, LINK_DOOR, 0, chat_identity(w->alice.chat),
		       chat_identity(w->alice.chat)),
	    ERR_REFUSED);
	/* He will dial when he comes back; she does not hunt him. */
	pass(w, 30 * 60 * 1000);
	assert_int_equal(w->alice.dials, dials);
	assert_int_equal(w->bob.n_dials, 0);
}

static void away_and_back(void **state)
{
	struct world *w = *state;
	char longer[400];
	befriend(w);
	assert_int_equal(chat_set_away(w->bob.chat, w->now, "lunch"), 0);
	settle(w);
	assert_int_equal(said(&w->alice, "Bob is away, was online"), 1);
	assert_string_equal(bob_of(w)->away_text, "lunch");
	assert_int_equal(chat_set_away(w->bob.chat, w->now, "still"), 0);
	settle(w);
	assert_string_equal(bob_of(w)->away_text, "still");
	cut(pair_open(w));
	pass(w, 2000);
	connect_dial(&w->alice);
	settle(w);
	assert_int_equal(said(&w->alice, "Bob is online"), 1); /* the first time */
	assert_int_equal(chat_set_away(w->bob.chat, w->now, NULL), 0);
	settle(w);
	assert_int_equal(said(&w->alice, "Bob is online, was away"), 1);
	assert_int_equal(chat_set_away(w->bob.chat, w->now, "a\nb"), ERR_INVALID);
	for (size_t i = 0; i < sizeof(longer) - 1; i += 3)
		memcpy(longer + i, "\xe2\x98\x83", 3);
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(chat_set_away(w->bob.chat, w->now, longer), 0);
	assert_int_equal(strlen(chat_away(w->bob.chat)), AWAY_MAX / 3 * 3);
}

static void another_nick_is_only_news(void **state)
{
	struct world *w = *state;
	befriend(w);
	assert_int_equal(chat_set_nick(w->bob.chat, w->now, "Robert"), 0);
	settle(w);
	assert_int_equal(said(&w->alice, "info Bob: Bob now goes by the nick Robert"), 1);
	assert_non_null(bob_of(w));
	assert_null(chat_find(w->alice.chat, "Robert"));
	assert_int_equal(chat_set_nick(w->bob.chat, w->now, "bob"), 0);
	settle(w);
	assert_int_equal(said(&w->alice, "goes by"), 1); /* that is how she calls him */
}

static void own_tor_goes(void **state)
{
	struct world *w = *state;
	befriend(w);
	party_tor(&w->alice, false);
	assert_int_equal(said(&w->alice, "Bob is offline"), 0);
	cut(pair_open(w));
	settle(w);
	assert_int_equal(said(&w->alice, "Bob is offline, was online, your own Tor connection is down"), 1);
	pass(w, 3600 * 1000);
	assert_int_equal(w->alice.n_dials, 0);
	party_tor(&w->alice, true);
	pass(w, 5000);
	assert_int_equal(w->alice.n_dials, 1);
	/* A dial that is under way ends with it. */
	party_tor(&w->alice, false);
	assert_int_equal(w->alice.n_dials, 0);
	assert_false(bob_of(w)->dialling);
}

/* ---- dials ---- */

/* Milliseconds until this account dials again. */
static uint64_t next_dial(struct party *p)
{
	const uint64_t from = p->w->now.mono_ms;
	for (unsigned i = 0; i < 3 * 3600 && !p->n_dials; i++)
		pass(p->w, 1000);
	assert_int_equal(p->n_dials, 1);
	return p->w->now.mono_ms - from;
}

static void failures_back_off(void **state)
{
	struct world *w = *state;
	uint64_t expected = 10000;
	assert_int_equal(add(&w->alice, "Bob", &w->bob, ""), 0);
	settle(w);
	for (unsigned i = 0; i < 14; i++) {
		fail_dial(&w->alice);
		assert_string_equal(bob_of(w)->trouble, "the onion service is not reachable");
		assert_in_range(next_dial(&w->alice), expected * 3 / 4, expected * 5 / 4 + 1000);
		expected = expected * 2 < 3600000 ? expected * 2 : 3600000;
	}
	/* Tor comes back: all is forgotten. */
	party_tor(&w->alice, false);
	party_tor(&w->alice, true);
	assert_in_range(next_dial(&w->alice), 0, 6000);
	fail_dial(&w->alice);
	assert_in_range(next_dial(&w->alice), 7500, 13500);
}

static void retry_dials_now(void **state)
{
	struct world *w = *state;
	assert_int_equal(add(&w->alice, "Bob", &w->bob, ""), 0);
	settle(w);
	for (unsigned i = 0; i < 6; i++) {
		fail_dial(&w->alice);
		next_dial(&w->alice);
	}
	fail_dial(&w->alice);
	chat_retry(w->alice.chat, w->now, bob_of(w));
	settle(w);
	assert_int_equal(w->alice.n_dials, 1);
	chat_retry(w->alice.chat, w->now, bob_of(w)); /* one is under way */
	chat_retry(w->alice.chat, w->now, NULL);
	settle(w);
	assert_int_equal(w->alice.n_dials, 1);
	fail_dial(&w->alice);
	chat_retry(w->alice.chat, w->now, NULL);
	assert_in_range(next_dial(&w->alice), 0, 6000);
}

static void retry_looks_behind_a_link(void **state)
{
	struct world *w = *state;
	befriend(w);
	hush(&w->alice);
	chat_retry(w->alice.chat, w->now, bob_of(w));
	settle(w);
	assert_int_equal(w->alice.n_dials, 1);
	connect_dial(&w->alice);
	settle(w);
	assert_int_equal(pairs_open(w), 1);
	assert_string_equal(w->alice.told, "");
	chat_retry(w->alice.chat, w->now, bob_of(w));
	fail_dial(&w->alice);
	assert_string_equal(bob_of(w)->trouble, "");
	pass(w, 100000);
	assert_int_equal(w->alice.n_dials, 0);
}

static void a_lost_link_is_dialled_at_once(void **state)
{
	struct world *w = *state;
	befriend(w);
	party_tor(&w->bob, false); /* he does not dial */
	cut(pair_open(w));
	assert_in_range(next_dial(&w->alice), 0, 2000);
	/* But not again and again, if links don't last. */
	const uint64_t from = w->now.mono_ms;
	const size_t dials = w->alice.dials;
	for (unsigned i = 0; i < 20; i++) {
		struct pair *pair = connect_dial(&w->alice);
		settle(w);
		cut(pair);
		next_dial(&w->alice);
	}
	assert_in_range(w->alice.dials - dials, 20, 20);
	assert_true(w->now.mono_ms - from > 18 * 30000);
}

static void a_message_hurries_the_dial(void **state)
{
	struct world *w = *state;
	befriend(w);
	party_kill(&w->bob, true);
	for (unsigned i = 0; i < 7; i++) {
		next_dial(&w->alice);
		fail_dial(&w->alice);
	}
	const size_t dials = w->alice.dials;
	jump(w, 60000);
	assert_int_equal(send_text(&w->alice, bob_of(w), "there?"), 0);
	settle(w);
	assert_int_equal(w->alice.n_dials, 1);
	/* It does not hammer. */
	for (unsigned s = 0; s < 100; s++) {
		if (w->alice.n_dials)
			fail_dial(&w->alice);
		assert_int_equal(send_text(&w->alice, bob_of(w), "there?"), 0);
		pass(w, 1000);
	}
	assert_in_range(w->alice.dials - dials, 5, 12);
}

static void dials_are_spread_out(void **state)
{
	enum { N = 16 };
	struct world *w = *state;
	size_t failed = 0;
	for (unsigned n = 0; n < N; n++) {
		const uint8_t seed[KEY_BYTES] = {(uint8_t)n, 55};
		const char nick[] = {'q', (char)('c' + n), 'q', '\0'};
		uint8_t identity[KEY_BYTES];
		identity_public(seed, identity);
		failed += chat_add(w->alice.chat, w->now, nick, identity, "", NULL) != 0;
	}
	assert_in_range(failed, 0, 2); /* some letters look alike */
	settle(w);
	party_restart(&w->alice);
	assert_int_equal(w->alice.n_dials, 0);
	pass(w, 1);
	const size_t at_once = w->alice.n_dials;
	pass(w, 5000);
	assert_true(at_once < N / 2);
	assert_int_equal(chat_count(w->alice.chat), N - failed);
	assert_int_equal(w->alice.n_dials, N - failed);
}

static int find_waiting(void *ctx, const struct contact *contact)
{
	*(const struct contact **)ctx = contact;
	return !contact->dialling;
}

/* More are due than may be dialled at a time: whom the user asks for is next. */
static void dials_are_bounded_and_the_user_goes_first(void **state)
{
	static const char letters[] = "abcdefghjk";
	enum { N = 100, AT_A_TIME = 64 };
	struct world *w = *state;
	const struct contact *waiting = NULL;
	for (unsigned n = 0; n < N; n++) {
		const uint8_t seed[KEY_BYTES] = {(uint8_t)n, 55};
		const char nick[] = {'x', letters[n / 10], letters[n % 10], '\0'};
		uint8_t identity[KEY_BYTES];
		identity_public(seed, identity);
		assert_int_equal(chat_add(w->alice.chat, w->now, nick, identity, "", NULL), 0);
	}
	settle(w);
	party_restart(&w->alice);
	pass(w, 6000);
	assert_int_equal(w->alice.n_dials, AT_A_TIME);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(chat_each(w->alice.chat, find_waiting, &waiting), 1);
		chat_retry(w->alice.chat, w->now, chat_find_id(w->alice.chat, waiting->row.id));
		fail_dial(&w->alice);
		assert_int_equal(w->alice.n_dials, AT_A_TIME);
		assert_ptr_equal(w->alice.dial[AT_A_TIME - 1].contact, waiting);
	}
}

/* ---- no memory ---- */

void *__real_secret_new(size_t len);
void *__wrap_secret_new(size_t len);

static bool no_secrets;

void *__wrap_secret_new(size_t len)
{
	return no_secrets ? NULL : __real_secret_new(len);
}

/* What can't be kept of a link that was dialled can be had later. */
static void a_link_without_memory_is_dialled_again(void **state)
{
	struct world *w = *state;
	befriend(w);
	cut(pair_open(w));
	while (!w->alice.n_dials)
		pass(w, 500);
	while (w->bob.n_dials)
		fail_dial(&w->bob);
	no_secrets = true;
	connect_dial(&w->alice);
	no_secrets = false;
	assert_int_equal(pairs_open(w), 0);
	assert_int_equal(w->alice.n_dials, 0);
	while (!w->bob.n_dials && !w->alice.n_dials)
		pass(w, 100);
	while (w->bob.n_dials)
		fail_dial(&w->bob);
	pass(w, 20000);
	assert_int_equal(w->alice.n_dials, 1);
	hush(&w->alice);
	hush(&w->bob);
	connect_dial(&w->alice);
	settle(w);
	assert_int_equal(bob_of(w)->presence, PRESENCE_ONLINE);
	assert_int_equal(pairs_open(w), 1);
}

static void no_dial_after_goodbye(void **state)
{
	struct world *w = *state;
	befriend(w);
	chat_shutdown(w->alice.chat, w->now, "logged out");
	settle(w);
	pass(w, 2 * 3600 * 1000);
	assert_int_equal(w->alice.n_dials, 0);
	assert_int_equal(pairs_open(w), 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(both_dial_and_one_link_stays),
	    TEST(an_incoming_link_stops_the_dial),
	    TEST(a_newer_link_replaces_the_dead_one),
	    TEST(who_must_not_choose),
	    TEST(a_dial_that_does_not_start_is_tried_again),
	    TEST(messages_follow_use),
	    TEST(nothing_before_the_profile),
	    TEST(noise_breaks_nothing),
	    TEST(links_of_a_contact_are_bounded),
	    TEST(a_living_link_stays),
	    TEST(links_are_renewed_in_time),
	    TEST(silence_is_noticed),
	    TEST(a_link_that_never_speaks),
	    TEST(a_short_break_is_not_shown),
	    TEST(goodbye_counts_at_once),
	    TEST(away_and_back),
	    TEST(another_nick_is_only_news),
	    TEST(own_tor_goes),
	    TEST(failures_back_off),
	    TEST(retry_dials_now),
	    TEST(retry_looks_behind_a_link),
	    TEST(a_lost_link_is_dialled_at_once),
	    TEST(a_message_hurries_the_dial),
	    TEST(dials_are_spread_out),
	    TEST(dials_are_bounded_and_the_user_goes_first),
	    TEST(a_link_without_memory_is_dialled_again),
	    TEST(no_dial_after_goodbye),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
