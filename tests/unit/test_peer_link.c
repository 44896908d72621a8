/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Links: what comes and goes on them.  Tor is not started: it is needed for dials only. */
#include "peer_help.h"

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
	connect_to(&mallory, w.path);
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

static void test_an_unknown_version_is_told_ours(void **state)
{
	uint8_t record[RECORD_BYTES] = {LINK_VERSION + 1};
	struct world w;
	struct remote bob;
	(void)state;

	start(&w, (struct peer_opts){0});
	be(&bob, 5);
	connect_to(&bob, w.path);
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
	    cmocka_unit_test(test_no_answer_without_a_commit),
	    cmocka_unit_test(test_garbage_is_hung_up_on),
	    cmocka_unit_test(test_an_unknown_link_key_gets_no_answer),
	    cmocka_unit_test(test_an_unknown_version_is_told_ours),
	    cmocka_unit_test(test_a_dial_without_tor_fails_in_words),
	    cmocka_unit_test(test_a_burst_arrives_whole_and_in_order),
	    cmocka_unit_test(test_a_link_that_breaks_is_told),
	};

	if (crypto_start() < 0)
		return 1;
	alarm(300);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
