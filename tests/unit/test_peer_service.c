/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Onion services: each has its own socket, serves its own roles under its own key, and follows the commit. */
#include <sys/stat.h>

#include "fake_clock.h"
#include "peer_help.h"

#define LONG_PATH 200

static bool is_there(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

static void assert_mode(const char *path, unsigned mode)
{
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	assert_true(S_ISSOCK(st.st_mode));
	assert_int_equal(st.st_mode & 0777, mode);
}

static void test_a_service_is_published_once_the_turn_is_committed(void **state)
{
	struct world w;
	struct place at;
	(void)state;

	start(&w, (struct peer_opts){0});
	make_place(&w, &at, 7);
	w.commit_error = ERR_IO;
	publish(&w, &at);
	loop_turn(w.loop, false);
	assert_false(is_there(at.path));
	w.commit_error = 0;
	publish(&w, &at);
	assert_false(is_there(at.path));
	loop_turn(w.loop, false);
	assert_mode(at.path, 0600);
	assert_mode(w.path, 0600);
	stop(&w);
}

/* What is not on disk is not served: all goes, and comes again as chat tells of it anew. */
static void test_after_a_failed_commit_all_services_begin_anew(void **state)
{
	struct world w;
	struct place at;
	struct remote carol;
	(void)state;

	start(&w, (struct peer_opts){0});
	make_place(&w, &at, 7);
	publish(&w, &at);
	be(&carol, 3);
	become_contact(&w, &carol);
	loop_turn(w.loop, false);
	w.commit_error = ERR_IO;
	domain_mark(w.domain);
	loop_turn(w.loop, false);
	assert_false(is_there(at.path));
	assert_false(is_there(w.path));
	w.commit_error = 0;
	loop_turn(w.loop, false);
	assert_mode(w.path, 0600);
	serve_private_at_the_door(&w);
	dial(&w, &carol, false);
	assert_true(handshake(&w, &carol));
	leave(&carol);
	stop(&w);
}

/* Carol has a locator of service 7: only at its socket, and with its key, is she let in. */
static void test_contacts_come_to_a_private_service(void **state)
{
	struct world w;
	struct place at;
	struct remote carol;
	(void)state;

	start(&w, (struct peer_opts){0});
	make_place(&w, &at, 7);
	publish(&w, &at);
	be(&carol, 3);
	become_contact(&w, &carol);
	loop_turn(w.loop, false);

	dial_at(&w, &carol, at.path, chat_identity(w.chat), false);
	assert_false(handshake(&w, &carol));
	leave(&carol);
	dial_at(&w, &carol, w.path, at.service.onion, false);
	assert_false(handshake(&w, &carol));
	leave(&carol);
	dial_at(&w, &carol, at.path, at.service.onion, false);
	assert_true(handshake(&w, &carol));
	begin_talk(&w, &carol);
	leave(&carol);
	stop(&w);
}

static void test_strangers_find_no_door_at_a_private_service(void **state)
{
	struct world w;
	struct place at;
	struct remote carol;
	(void)state;

	start(&w, (struct peer_opts){0});
	make_place(&w, &at, 7);
	publish(&w, &at);
	loop_turn(w.loop, false);
	be(&carol, 3);
	dial_at(&w, &carol, at.path, at.service.onion, true);
	assert_false(handshake(&w, &carol));
	leave(&carol);
	stop(&w);
}

/* The door serves contacts until they know another locator, and then strangers only. */
static void test_roles_change_on_a_service_that_stands(void **state)
{
	struct world w;
	struct place door;
	struct remote carol;
	struct stat before, after;
	(void)state;

	start(&w, (struct peer_opts){0});
	make_place(&w, &door, CHAT_DOOR);
	memcpy(door.seed, chat_identity_seed(w.chat), KEY_BYTES);
	memcpy(door.service.onion, chat_identity(w.chat), KEY_BYTES);
	be(&carol, 3);
	become_contact(&w, &carol);
	assert_int_equal(lstat(w.path, &before), 0);
	door.service.door_role = true;
	door.service.private_role = false;
	publish(&w, &door);
	loop_turn(w.loop, false);
	assert_int_equal(lstat(w.path, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);

	dial(&w, &carol, false);
	assert_false(handshake(&w, &carol));
	leave(&carol);
	dial(&w, &carol, true);
	assert_true(handshake(&w, &carol));
	leave(&carol);
	stop(&w);
}

static void test_a_withdrawn_service_ends_handshakes_and_no_links(void **state)
{
	struct world w;
	struct place at;
	struct remote carol, dave;
	const uint8_t *body;
	size_t len;
	(void)state;

	start(&w, (struct peer_opts){0});
	make_place(&w, &at, 7);
	publish(&w, &at);
	be(&carol, 3);
	be(&dave, 5);
	become_contact(&w, &carol);
	loop_turn(w.loop, false);
	dial_at(&w, &carol, at.path, at.service.onion, false);
	assert_true(handshake(&w, &carol));
	begin_talk(&w, &carol);
	connect_to(&dave, at.path);
	loop_turn(w.loop, false);

	peer_net.withdraw(NULL, w.chat, 7);
	assert_true(is_there(at.path));
	expect_close(&w, &dave);
	assert_false(is_there(at.path));
	assert_int_equal(
	    chat_send(w.chat, now_of(&w), chat_find(w.chat, "carol"), MESSAGE_TEXT, "hi", 2, "default", NULL),
	    0);
	expect_frame(&w, &carol, FRAME_MESSAGE, &body, &len);
	leave(&carol);
	leave(&dave);
	stop(&w);
}

/* Numbers are the store's, which gives that of a forgotten service to the next. */
static void test_a_number_may_come_again_with_another_key(void **state)
{
	struct world w;
	struct place old, new;
	struct remote carol;
	(void)state;

	start(&w, (struct peer_opts){0});
	make_place(&w, &old, 7);
	make_place(&w, &new, 7);
	new.seed[0] ^= 1;
	identity_public(new.seed, new.service.onion);
	be(&carol, 3);
	become_contact(&w, &carol);
	publish(&w, &old);
	loop_turn(w.loop, false);
	publish(&w, &new);
	loop_turn(w.loop, false);
	dial_at(&w, &carol, old.path, old.service.onion, false);
	assert_false(handshake(&w, &carol));
	leave(&carol);
	dial_at(&w, &carol, new.path, new.service.onion, false);
	assert_true(handshake(&w, &carol));
	leave(&carol);
	stop(&w);
}

static void leave_socket(const char *path)
{
	struct loop *loop = loop_new();
	struct listener *l;
	char address[128], aside[128];

	assert_int_equal(str_fmt(address, sizeof(address), "unix:%s", path), 0);
	assert_int_equal(str_fmt(aside, sizeof(aside), "%s.aside", path), 0);
	assert_int_equal(listener_new(loop, address, 0600, NULL, NULL, &l), 0);
	/* The listener removes what lies at its path: this is as if its process had been killed. */
	assert_int_equal(rename(path, aside), 0);
	listener_free(l);
	assert_int_equal(rename(aside, path), 0);
	loop_free(loop);
}

static void test_sockets_of_an_earlier_run_are_removed(void **state)
{
	static const char *const names[] = {"peer-7", "peer-4294967295", "peer-x", "peerless", "peer-8"};
	char paths[5][128];
	struct world w;
	(void)state;

	make_world(&w);
	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(str_fmt(paths[i], sizeof(paths[i]), "%s/%s", w.dir, names[i]), 0);
		if (i < 4)
			leave_socket(paths[i]);
	}
	assert_int_equal(file_replace(paths[4], "no socket", 9, 0600), 0);
	leave_socket(w.path);
	make_tor(&w);
	start_peer(&w, (struct peer_opts){0});
	assert_false(is_there(paths[0]));
	assert_false(is_there(paths[1]));
	assert_true(is_there(paths[2]));
	assert_true(is_there(paths[3]));
	assert_true(is_there(paths[4]));
	assert_mode(w.path, 0600);
	stop(&w);
}

static void test_a_path_without_room_for_a_number_is_refused(void **state)
{
	char path[LONG_PATH];
	struct peer_opts opts = {.rng = &rng_system, .target_path = path, .target_mode = 0600};
	struct world w;
	struct peer *p = NULL;
	(void)state;

	start(&w, (struct peer_opts){0});
	memset(path, 'x', sizeof(path));
	memcpy(path, "/tmp/", 5);
	path[107 - strlen("-4294967295") + 1] = '\0';
	assert_int_equal(peer_new(w.loop, w.tor, w.chat, w.domain, &opts, &p), ERR_TOO_LONG);
	stop(&w);
}

/* What is in the way of a socket may go. */
static void test_what_could_not_be_published_is_tried_again(void **state)
{
	struct world w;
	struct place at;
	(void)state;

	start(&w, (struct peer_opts){0});
	make_place(&w, &at, 7);
	assert_int_equal(mkdir(at.path, 0700), 0);
	publish(&w, &at);
	loop_turn(w.loop, false);
	assert_int_equal(rmdir(at.path), 0);
	loop_turn(w.loop, false);
	assert_false(is_there(at.path));
	clock_pass(60000);
	loop_turn(w.loop, false);
	assert_mode(at.path, 0600);
	stop(&w);
}

static void test_all_is_withdrawn_with_the_peer(void **state)
{
	struct world w;
	struct place at;
	(void)state;

	start(&w, (struct peer_opts){0});
	make_place(&w, &at, 7);
	publish(&w, &at);
	loop_turn(w.loop, false);
	peer_free(w.peer);
	w.peer = NULL;
	assert_false(is_there(at.path));
	assert_false(is_there(w.path));
	stop(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_service_is_published_once_the_turn_is_committed),
	    cmocka_unit_test(test_after_a_failed_commit_all_services_begin_anew),
	    cmocka_unit_test(test_contacts_come_to_a_private_service),
	    cmocka_unit_test(test_strangers_find_no_door_at_a_private_service),
	    cmocka_unit_test(test_roles_change_on_a_service_that_stands),
	    cmocka_unit_test(test_a_withdrawn_service_ends_handshakes_and_no_links),
	    cmocka_unit_test(test_a_number_may_come_again_with_another_key),
	    cmocka_unit_test(test_sockets_of_an_earlier_run_are_removed),
	    cmocka_unit_test(test_a_path_without_room_for_a_number_is_refused),
	    cmocka_unit_test(test_what_could_not_be_published_is_tried_again),
	    cmocka_unit_test(test_all_is_withdrawn_with_the_peer),
	};

	if (crypto_start() < 0)
		return 1;
	alarm(300);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
