/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Alice's account with real chat, store and links; her peers are in this test, at the other end of her Unix
 * socket. Tor is not started: it is needed for dials only.
 */
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "io/stream.h"
#include "peer/peer.h"
#include "unit.h"

struct world {
	char dir[64];
	char path[96];
	struct loop *loop;
	struct tor *tor;
	struct domain *domain;
	struct chat *chat;
	struct peer *peer;
	int commit_error;
	size_t lines;
};

/* Somebody who connects to Alice. */
struct remote {
	int fd;
	struct link *link;
	struct buf in;
	bool closed;
	uint8_t seed[KEY_BYTES];
	uint8_t identity[KEY_BYTES];
	uint8_t identity_dh[KEY_BYTES];
	uint8_t link_secret[KEY_BYTES];
	uint8_t link_public[KEY_BYTES];
	uint8_t epoch[EPOCH_BYTES];
	struct ratchet ratchet;
};

/* ---- Alice ---- */

static void on_line(void *ctx, struct chat *c, const struct contact *contact, const struct line_row *l)
{
	struct world *w = ctx;
	(void)c;
	(void)contact;
	(void)l;
	w->lines++;
}

static void on_presence(void *ctx, struct chat *c, const struct contact *k, enum presence before,
			const char *reason)
{
	(void)ctx, (void)c, (void)k, (void)before, (void)reason;
}

static void on_contact(void *ctx, struct chat *c, const struct contact *k)
{
	(void)ctx, (void)c, (void)k;
}

static void on_renamed(void *ctx, struct chat *c, const struct contact *k, const char *old)
{
	(void)ctx, (void)c, (void)k, (void)old;
}

static void on_request(void *ctx, struct chat *c, const struct request_row *r)
{
	(void)ctx, (void)c, (void)r;
}

static void on_self(void *ctx, struct chat *c, const char *old)
{
	(void)ctx, (void)c, (void)old;
}

static void on_notice(void *ctx, struct chat *c, const struct contact *k, const char *text)
{
	(void)ctx, (void)c, (void)k, (void)text;
}

static void on_status(void *ctx, struct chat *c)
{
	(void)ctx, (void)c;
}

static const struct chat_front quiet_front = {
    .line = on_line,
    .presence = on_presence,
    .contact_added = on_contact,
    .contact_renamed = on_renamed,
    .contact_removed = on_contact,
    .request = on_request,
    .self = on_self,
    .notice = on_notice,
    .status = on_status,
};

static struct now now_of(const struct world *w)
{
	return (struct now){.mono_ms = loop_now_ms(w->loop), .real_ms = loop_time_ms(w->loop)};
}

static int on_commit(void *ctx)
{
	struct world *w = ctx;

	return w->commit_error != 0 ? w->commit_error : chat_commit(w->chat);
}

static void on_failed(void *ctx, int err)
{
	(void)ctx, (void)err;
}

static void on_committed(void *ctx)
{
	struct world *w = ctx;

	peer_flush(w->peer);
}

static const struct domain_ops ops = {.commit = on_commit, .failed = on_failed, .committed = on_committed};

/* The first write of a turn. */
static void on_begin(void *ctx)
{
	struct world *w = ctx;

	domain_mark(w->domain);
}

static void open_chat(struct world *w)
{
	static const uint8_t key[KEY_BYTES] = {1};
	struct store_opts store_opts = {.on_begin = on_begin, .ctx = w};
	struct chat_opts opts = {.rng = &rng_system,
				 .front = &quiet_front,
				 .front_ctx = w,
				 .net = &peer_net,
				 .dial_min_ms = 600000};
	struct store *store = NULL;
	char path[96];

	assert_int_equal(str_fmt(path, sizeof(path), "%s/db", w->dir), 0);
	assert_int_equal(store_open(path, key, &store_opts, &store), 0);
	assert_int_equal(chat_create(store, &rng_system, "alice"), 0);
	assert_int_equal(store_commit(store), 0);
	assert_int_equal(chat_open(store, &opts, now_of(w), &w->chat), 0);
}

static void start(struct world *w, struct peer_opts opts)
{
	struct tor_opts tor_opts = {.mode = TOR_MANAGED, .binary = "/nonexistent", .dir = w->dir};
	static const struct tor_ops tor_ops;

	*w = (struct world){.dir = "/tmp/allium-peer-XXXXXX"};
	assert_non_null(mkdtemp(w->dir));
	assert_int_equal(str_fmt(w->path, sizeof(w->path), "%s/peer", w->dir), 0);
	w->loop = loop_new();
	assert_non_null(w->loop);
	tor_opts.dir = w->dir;
	assert_int_equal(tor_new(w->loop, &tor_opts, &tor_ops, NULL, &w->tor), 0);
	w->domain = domain_new(w->loop, &ops, w);
	assert_non_null(w->domain);
	open_chat(w);
	opts.rng = &rng_system;
	opts.target_path = w->path;
	opts.target_mode = 0600;
	assert_int_equal(peer_new(w->loop, w->tor, w->chat, w->domain, &opts, &w->peer), 0);
}

static void stop(struct world *w)
{
	peer_free(w->peer);
	domain_free(w->domain);
	chat_free(w->chat);
	tor_free(w->tor);
	loop_free(w->loop);
	assert_int_equal(file_rmtree(w->dir), 0);
}

/* ---- the others ---- */

static void be(struct remote *r, uint8_t who)
{
	*r = (struct remote){.fd = -1};
	memset(r->seed, who, sizeof(r->seed));
	identity_public(r->seed, r->identity);
	identity_dh_secret(r->seed, r->identity_dh);
	memset(r->link_secret, who + 1, sizeof(r->link_secret));
	dh_public(r->link_secret, r->link_public);
	buf_init(&r->in, 64 * RECORD_BYTES);
}

static void connect_to(struct world *w, struct remote *r)
{
	assert_int_equal(unix_connect(w->path, &r->fd), 0);
	r->closed = false;
}

static void leave(struct remote *r)
{
	if (r->fd >= 0)
		close(r->fd);
	r->fd = -1;
	link_free(r->link);
	r->link = NULL;
	buf_clear(&r->in);
}

static void dial(struct world *w, struct remote *r, bool at_door)
{
	uint8_t responder[KEY_BYTES];
	struct link_initiator_opts opts = {
	    .role = at_door ? LINK_DOOR : LINK_PRIVATE,
	    .version = LINK_VERSION,
	    .static_secret = at_door ? r->identity_dh : r->link_secret,
	    .identity = at_door ? r->identity : NULL,
	    .responder_static = responder,
	    .responder_onion = chat_identity(w->chat),
	};

	if (at_door)
		assert_int_equal(identity_dh_public(chat_identity(w->chat), responder), 0);
	else
		dh_public(chat_link_secret(w->chat), responder);
	connect_to(w, r);
	r->link = link_new_initiator(&rng_system, &opts);
	assert_non_null(r->link);
}

/* Writes what the link has to say, and reads what has come. */
static void pump(struct remote *r)
{
	uint8_t bytes[RECORD_BYTES];
	ssize_t n;

	while (r->link != NULL && link_output(r->link, bytes) == 1)
		assert_int_equal(send(r->fd, bytes, sizeof(bytes), MSG_NOSIGNAL), sizeof(bytes));
	n = recv(r->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
	if (n == 0)
		r->closed = true;
	if (n <= 0)
		return;
	assert_int_equal(buf_put(&r->in, bytes, (size_t)n), 0);
	if (r->link != NULL)
		(void)link_feed(r->link, &r->in);
}

/* Alice's loop turns until a frame of this type comes; frames before it are skipped. */
static void expect_frame(struct world *w, struct remote *r, uint8_t wanted, const uint8_t **body, size_t *len)
{
	uint8_t type = 0;

	while (!r->closed) {
		while (link_next(r->link, &type, body, len) == 1) {
			if (type == wanted)
				return;
		}
		loop_turn(w->loop, false);
		pump(r);
	}
	fail_msg("closed before frame %u came", wanted);
}

static void expect_close(struct world *w, struct remote *r)
{
	while (!r->closed) {
		loop_turn(w->loop, false);
		pump(r);
	}
}

static void send_request(struct world *w, struct remote *r)
{
	struct request q = {.nick = "carol", .text = "Hello, this is Carol"};
	const struct proof_claim claim = {link_hash(r->link), r->link_public, r->identity};
	uint8_t door[KEY_BYTES];
	struct buf body;

	dh_public(chat_identity_dh(w->chat), door);
	assert_int_equal(proof_make(PROOF_REQUEST, &claim, r->link_secret, door, q.proof), 0);
	buf_init(&body, FRAME_BODY_MAX);
	memcpy(q.link_key, r->link_public, KEY_BYTES);
	memcpy(q.locator.onion, r->identity, KEY_BYTES);
	assert_int_equal(request_encode(&q, &body), 0);
	assert_int_equal(link_send(r->link, FRAME_REQUEST, buf_ptr(&body), buf_len(&body)), 0);
	buf_clear(&body);
}

static void until_open(struct world *w, struct remote *r)
{
	while (link_state(r->link) == LINK_HANDSHAKE && !r->closed) {
		pump(r);
		loop_turn(w->loop, false);
	}
	assert_int_equal(link_state(r->link), LINK_OPEN);
}

/* ---- stories ---- */

static void test_a_stranger_files_a_request(void **state)
{
	struct world w;
	struct remote carol;
	struct answer answer;
	const uint8_t *body;
	size_t len;
	(void)state;

	start(&w, (struct peer_opts){0});
	be(&carol, 3);
	dial(&w, &carol, true);
	until_open(&w, &carol);
	send_request(&w, &carol);
	expect_frame(&w, &carol, FRAME_ANSWER, &body, &len);
	assert_int_equal(answer_decode(body, len, &answer), 0);
	assert_int_equal(answer.status, ANSWER_PENDING);
	assert_int_equal(chat_requests(w.chat), 1);
	expect_close(&w, &carol);
	leave(&carol);
	stop(&w);
}

static void test_a_shut_door_takes_nobody_in(void **state)
{
	struct world w;
	struct remote carol;
	const uint8_t *body;
	size_t len;
	(void)state;

	start(&w, (struct peer_opts){0});
	be(&carol, 3);
	peer_set_door(w.peer, false);
	dial(&w, &carol, true);
	while (!carol.closed && link_state(carol.link) == LINK_HANDSHAKE) {
		loop_turn(w.loop, false);
		pump(&carol);
	}
	assert_true(carol.closed);
	assert_int_equal(link_state(carol.link), LINK_HANDSHAKE);
	leave(&carol);

	peer_set_door(w.peer, true);
	be(&carol, 3);
	dial(&w, &carol, true);
	until_open(&w, &carol);
	send_request(&w, &carol);
	expect_frame(&w, &carol, FRAME_ANSWER, &body, &len);
	assert_int_equal(chat_requests(w.chat), 1);
	leave(&carol);
	stop(&w);
}

/* The answer would tell that the request is on disk. */
static void test_no_answer_without_a_commit(void **state)
{
	struct world w;
	struct remote carol;
	const uint8_t *body;
	size_t len;
	uint8_t type;
	(void)state;

	start(&w, (struct peer_opts){0});
	be(&carol, 3);
	dial(&w, &carol, true);
	until_open(&w, &carol);
	send_request(&w, &carol);
	w.commit_error = ERR_IO;
	while (chat_requests(w.chat) == 0) {
		pump(&carol);
		loop_turn(w.loop, false);
	}
	for (int i = 0; i < 10; i++) {
		loop_turn(w.loop, false);
		pump(&carol);
		assert_int_equal(link_next(carol.link, &type, &body, &len), 0);
	}
	leave(&carol);
	stop(&w);
}

static void test_garbage_is_hung_up_on(void **state)
{
	uint8_t garbage[RECORD_BYTES] = {0};
	struct world w;
	struct remote mallory;
	(void)state;

	start(&w, (struct peer_opts){0});
	be(&mallory, 9);
	connect_to(&w, &mallory);
	assert_int_equal(send(mallory.fd, garbage, sizeof(garbage), MSG_NOSIGNAL), sizeof(garbage));
	expect_close(&w, &mallory);
	leave(&mallory);
	stop(&w);
}

/* A link key that Alice has not pinned opens nothing. */
static void test_an_unknown_link_key_gets_no_answer(void **state)
{
	struct world w;
	struct remote mallory;
	(void)state;

	start(&w, (struct peer_opts){0});
	be(&mallory, 9);
	dial(&w, &mallory, false);
	expect_close(&w, &mallory);
	assert_int_equal(link_state(mallory.link), LINK_HANDSHAKE);
	leave(&mallory);
	stop(&w);
}

static void test_a_handshake_that_never_ends_is_ended(void **state)
{
	struct world w;
	struct remote mallory;
	(void)state;

	start(&w, (struct peer_opts){.handshake_timeout_ms = 1});
	be(&mallory, 9);
	connect_to(&w, &mallory);
	expect_close(&w, &mallory);
	leave(&mallory);
	stop(&w);
}

static void test_one_handshake_gives_way_for_another(void **state)
{
	struct world w;
	struct remote mallory[3];
	(void)state;

	start(&w, (struct peer_opts){.handshakes_max = 2});
	for (int i = 0; i < 3; i++) {
		be(&mallory[i], (uint8_t)(9 + i));
		connect_to(&w, &mallory[i]);
		loop_turn(w.loop, false);
	}
	while (!mallory[0].closed && !mallory[1].closed) {
		loop_turn(w.loop, false);
		pump(&mallory[0]);
		pump(&mallory[1]);
	}
	pump(&mallory[2]);
	assert_false(mallory[0].closed && mallory[1].closed);
	assert_false(mallory[2].closed);
	for (int i = 0; i < 3; i++)
		leave(&mallory[i]);
	stop(&w);
}

/* Carol asks, and Alice accepts. */
static void become_contact(struct world *w, struct remote *carol)
{
	const struct contact *contact;
	const uint8_t *body;
	size_t len;

	dial(w, carol, true);
	until_open(w, carol);
	send_request(w, carol);
	expect_frame(w, carol, FRAME_ANSWER, &body, &len);
	leave(carol);
	assert_int_equal(chat_accept(w->chat, now_of(w), "carol", NULL, &contact), 0);
	buf_init(&carol->in, 64 * RECORD_BYTES);
}

static void test_a_flood_of_strangers_ends_no_contacts_handshake(void **state)
{
	enum { FLOOD = 20 };
	struct world w;
	struct remote carol, mallory[FLOOD];
	const uint8_t *body;
	size_t len;
	(void)state;

	start(&w, (struct peer_opts){.handshakes_max = 3});
	be(&carol, 3);
	become_contact(&w, &carol);
	dial(&w, &carol, false);
	until_open(&w, &carol); /* for her; Alice waits for her first transport record */
	for (int i = 0; i < FLOOD; i++) {
		be(&mallory[i], (uint8_t)(100 + i));
		connect_to(&w, &mallory[i]);
		loop_turn(w.loop, false);
	}
	expect_frame(&w, &carol, FRAME_PROFILE, &body, &len);
	for (int i = 0; i < FLOOD; i++)
		leave(&mallory[i]);
	leave(&carol);
	stop(&w);
}

static void test_an_unknown_version_is_told_ours(void **state)
{
	uint8_t record[RECORD_BYTES] = {LINK_VERSION + 1};
	struct world w;
	struct remote bob;
	(void)state;

	start(&w, (struct peer_opts){0});
	be(&bob, 5);
	connect_to(&w, &bob);
	assert_int_equal(send(bob.fd, record, sizeof(record), MSG_NOSIGNAL), sizeof(record));
	while (buf_len(&bob.in) < RECORD_BYTES && !bob.closed) {
		loop_turn(w.loop, false);
		pump(&bob);
	}
	assert_int_equal(buf_len(&bob.in), RECORD_BYTES);
	assert_int_equal(buf_ptr(&bob.in)[0], LINK_VERSION);
	assert_int_equal(buf_ptr(&bob.in)[1] << 8 | buf_ptr(&bob.in)[2], 0);
	leave(&bob);
	stop(&w);
}

static void test_a_dial_without_tor_fails_in_words(void **state)
{
	struct chat_tor_status ready = {.ready = true};
	struct world w;
	struct remote bob;
	const struct contact *existing = NULL;
	(void)state;

	start(&w, (struct peer_opts){0});
	be(&bob, 5);
	assert_int_equal(chat_add(w.chat, now_of(&w), "bob", bob.identity, "", &existing), 0);
	chat_set_tor(w.chat, now_of(&w), &ready);
	while (chat_find(w.chat, "bob")->trouble[0] == '\0') {
		(void)chat_tick(w.chat, (struct now){.mono_ms = loop_now_ms(w.loop) + 60000,
						     .real_ms = loop_time_ms(w.loop)});
		loop_turn(w.loop, false);
	}
	assert_string_equal(chat_find(w.chat, "bob")->trouble, dial_error_text(DIAL_TOR_DOWN));
	leave(&bob);
	stop(&w);
}

static void send_sync(struct remote *r, uint64_t token)
{
	struct sync sync = {.token = token}; /* Carol knows of no session */
	struct buf body;

	buf_init(&body, FRAME_BODY_MAX);
	assert_int_equal(sync_encode(&sync, &body), 0);
	assert_int_equal(link_send(r->link, FRAME_SYNC, buf_ptr(&body), buf_len(&body)), 0);
	buf_clear(&body);
}

/* Carol dialled: this handshake is the root, and she begins. */
static void begin_session(struct world *w, struct remote *carol)
{
	static const uint8_t token[8] = {0, 0, 0, 1, 0, 0, 0, 1};
	bool chooser = memcmp(carol->identity, chat_identity(w->chat), KEY_BYTES) < 0;
	uint8_t first[SEALED_HEAD_BYTES + RATCHET_OVERHEAD];
	const uint8_t *body;
	struct sync sync;
	size_t len;

	if (chooser) {
		assert_int_equal(link_send(carol->link, FRAME_USE, token, sizeof(token)), 0);
		send_sync(carol, 1ull << 32 | 1);
	}
	expect_frame(w, carol, FRAME_SYNC, &body, &len);
	assert_int_equal(sync_decode(body, len, &sync), 0);
	if (!chooser)
		send_sync(carol, sync.token);
	ratchet_epoch(link_root(carol->link)->sk, carol->epoch);
	assert_int_equal(ratchet_init(&carol->ratchet, &rng_system, link_root(carol->link)), 0);
	sealed_head(carol->epoch, 1, first);
	assert_int_equal(ratchet_seal(&carol->ratchet, &rng_system, first, SEALED_HEAD_BYTES, NULL, 0,
				      first + SEALED_HEAD_BYTES),
			 0);
	assert_int_equal(link_send(carol->link, FRAME_MESSAGE, first, sizeof(first)), 0);
}

/* Makes Carol a contact and brings up a link between link keys on which messages go. */
static void befriend(struct world *w, struct remote *carol)
{
	struct profile profile = {.nick = "carol"};
	const uint8_t *got;
	struct buf body;
	size_t len;

	become_contact(w, carol);
	dial(w, carol, false);
	until_open(w, carol);
	memcpy(profile.identity, carol->identity, KEY_BYTES);
	buf_init(&body, FRAME_BODY_MAX);
	assert_int_equal(profile_encode(&profile, &body), 0);
	assert_int_equal(link_send(carol->link, FRAME_PROFILE, buf_ptr(&body), buf_len(&body)), 0);
	buf_clear(&body);
	expect_frame(w, carol, FRAME_PROFILE, &got, &len);
	begin_session(w, carol);
	expect_frame(w, carol, FRAME_ACK, &got, &len);
}

static int no_secret(void *ctx, const uint8_t dh[KEY_BYTES], uint32_t n, uint8_t secret[KEY_BYTES])
{
	(void)ctx, (void)dh, (void)n, (void)secret;
	return ERR_NOT_FOUND;
}

static size_t no_room(void *ctx)
{
	(void)ctx;
	return 0;
}

/* Opens the message and acks it. */
static void take_message(struct remote *r, const uint8_t *body, size_t len, uint8_t *plain, struct message *m)
{
	const struct ratchet_skipped none = {.find = no_secret, .room = no_room};
	struct sealed s;

	assert_int_equal(sealed_decode(body, len, &s), 0);
	assert_int_equal(ratchet_open(&r->ratchet, &rng_system, &none, body, SEALED_HEAD_BYTES, s.box,
				      s.box_len, plain),
			 0);
	assert_int_equal(message_decode(plain, s.box_len - RATCHET_OVERHEAD, m), 0);
	assert_int_equal(link_send(r->link, FRAME_ACK, body, SEALED_HEAD_BYTES), 0);
}

/* More at once than a link queues: chat is told when it takes frames again, and all come in order. */
static void test_a_burst_arrives_whole_and_in_order(void **state)
{
	enum { N = 200 };
	static char text[TEXT_MAX];
	struct world w;
	struct remote carol;
	uint8_t plain[MESSAGE_BYTES_MAX];
	struct message m;
	const uint8_t *body;
	size_t len;
	char first[8];
	(void)state;

	start(&w, (struct peer_opts){0});
	be(&carol, 3);
	befriend(&w, &carol);
	memset(text, 'x', sizeof(text));
	for (int i = 0; i < N; i++) {
		assert_int_equal(snprintf(first, sizeof(first), "%06d", i), 6);
		memcpy(text, first, 6);
		assert_int_equal(chat_send(w.chat, now_of(&w), chat_find(w.chat, "carol"), MESSAGE_TEXT, text,
					   sizeof(text), "default", NULL),
				 0);
	}
	for (int i = 0; i < N; i++) {
		expect_frame(&w, &carol, FRAME_MESSAGE, &body, &len);
		take_message(&carol, body, len, plain, &m);
		assert_int_equal(m.text_len, TEXT_MAX);
		assert_int_equal(snprintf(first, sizeof(first), "%06d", i), 6);
		assert_memory_equal(m.text, first, 6);
	}
	while (chat_queued(w.chat) > 0) {
		pump(&carol);
		loop_turn(w.loop, false);
	}
	leave(&carol);
	stop(&w);
}

static void test_a_link_that_breaks_is_told(void **state)
{
	struct world w;
	struct remote carol;
	(void)state;

	start(&w, (struct peer_opts){0});
	be(&carol, 3);
	befriend(&w, &carol);
	assert_true(chat_find(w.chat, "carol")->link_up);
	leave(&carol);
	while (chat_find(w.chat, "carol")->link_up)
		loop_turn(w.loop, true);
	stop(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_stranger_files_a_request),
	    cmocka_unit_test(test_a_shut_door_takes_nobody_in),
	    cmocka_unit_test(test_no_answer_without_a_commit),
	    cmocka_unit_test(test_garbage_is_hung_up_on),
	    cmocka_unit_test(test_an_unknown_link_key_gets_no_answer),
	    cmocka_unit_test(test_a_handshake_that_never_ends_is_ended),
	    cmocka_unit_test(test_one_handshake_gives_way_for_another),
	    cmocka_unit_test(test_a_flood_of_strangers_ends_no_contacts_handshake),
	    cmocka_unit_test(test_an_unknown_version_is_told_ours),
	    cmocka_unit_test(test_a_dial_without_tor_fails_in_words),
	    cmocka_unit_test(test_a_burst_arrives_whole_and_in_order),
	    cmocka_unit_test(test_a_link_that_breaks_is_told),
	};

	if (crypto_start() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
