/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the peer asks tor for, and what it makes of the answers.  The test stands in for the tor layer. */
#include "fake_clock.h"
#include "io_help.h"
#include "peer_help.h"

/* The onion services that tor was asked for, and the last dial. */
static struct fake_onion {
	bool there;
	uint8_t public_key[KEY_BYTES], secret[ONION_SECRET_BYTES];
	char target[112];
	bool pow;
	size_t n_clients;
	uint8_t first_client[KEY_BYTES];
	unsigned changes;
	onion_cb cb;
	void *ctx;
} onions[8];
static int onion_error;
static struct {
	bool there, cancelled, has_key;
	uint8_t onion[KEY_BYTES], key[KEY_BYTES];
	char isolation[65];
	dial_cb cb;
	void *ctx;
} dialled;
/* What chat was told. */
static struct {
	unsigned failures;
	uint32_t id;
	bool answered;
	char text[128];
} told;

int __wrap_tor_onion_add(struct tor *t, const struct tor_onion_opts *o, onion_cb cb, void *ctx,
			 struct tor_onion **out);
int __wrap_tor_onion_set_clients(struct tor_onion *o, const uint8_t (*clients)[KEY_BYTES], size_t n_clients);
void __wrap_tor_onion_del(struct tor_onion *o);
int __wrap_tor_dial(struct tor *t, const uint8_t ed_public[KEY_BYTES], const uint8_t *client_key,
		    const char *isolation, dial_cb cb, void *ctx, struct tor_dial **out);
void __wrap_tor_dial_cancel(struct tor_dial *d);
void __wrap_chat_on_dial_failed(struct chat *c, struct now now, uint32_t dial_id, bool answered,
				const char *text);

static void take_clients(struct fake_onion *f, const uint8_t (*clients)[KEY_BYTES], size_t n)
{
	f->n_clients = n;
	if (n > 0)
		memcpy(f->first_client, clients[0], KEY_BYTES);
}

int __wrap_tor_onion_add(struct tor *t, const struct tor_onion_opts *o, onion_cb cb, void *ctx,
			 struct tor_onion **out)
{
	struct fake_onion *f = onions;
	(void)t;

	if (onion_error != 0)
		return onion_error;
	while (f->there)
		f++;
	*f = (struct fake_onion){.there = true, .pow = o->pow, .cb = cb, .ctx = ctx};
	memcpy(f->public_key, o->ed_public, KEY_BYTES);
	memcpy(f->secret, o->secret, ONION_SECRET_BYTES);
	assert_int_equal(str_copy(f->target, sizeof(f->target), o->target_path), 0);
	take_clients(f, o->clients, o->n_clients);
	*out = (struct tor_onion *)f;
	return 0;
}

int __wrap_tor_onion_set_clients(struct tor_onion *o, const uint8_t (*clients)[KEY_BYTES], size_t n_clients)
{
	struct fake_onion *f = (struct fake_onion *)o;

	take_clients(f, clients, n_clients);
	f->changes++;
	return 0;
}

void __wrap_tor_onion_del(struct tor_onion *o)
{
	if (o != NULL)
		((struct fake_onion *)o)->there = false;
}

int __wrap_tor_dial(struct tor *t, const uint8_t ed_public[KEY_BYTES], const uint8_t *client_key,
		    const char *isolation, dial_cb cb, void *ctx, struct tor_dial **out)
{
	(void)t;
	dialled.there = true;
	dialled.cancelled = false;
	dialled.has_key = client_key != NULL;
	memcpy(dialled.onion, ed_public, KEY_BYTES);
	if (client_key != NULL)
		memcpy(dialled.key, client_key, KEY_BYTES);
	assert_int_equal(str_copy(dialled.isolation, sizeof(dialled.isolation), isolation), 0);
	dialled.cb = cb;
	dialled.ctx = ctx;
	*out = (struct tor_dial *)&dialled;
	return 0;
}

void __wrap_tor_dial_cancel(struct tor_dial *d)
{
	if (d != NULL)
		dialled.cancelled = true;
}

void __wrap_chat_on_dial_failed(struct chat *c, struct now now, uint32_t dial_id, bool answered,
				const char *text)
{
	(void)c, (void)now;
	told.failures++;
	told.id = dial_id;
	told.answered = answered;
	assert_int_equal(str_copy(told.text, sizeof(told.text), text), 0);
}

static void begin(struct world *w, struct peer_opts opts)
{
	memset(onions, 0, sizeof(onions));
	memset(&dialled, 0, sizeof(dialled));
	memset(&told, 0, sizeof(told));
	onion_error = 0;
	start(w, opts);
}

static struct fake_onion *onion_of(const uint8_t *key)
{
	for (struct fake_onion *f = onions; f < onions + 8; f++) {
		if (f->there && memcmp(f->public_key, key, KEY_BYTES) == 0)
			return f;
	}
	return NULL;
}

static void tell(struct world *w, const uint8_t *key, enum onion_event event)
{
	struct fake_onion *f = onion_of(key);

	assert_non_null(f);
	f->cb(f->ctx, event, "");
	loop_turn(w->loop, false);
}

/* ---- services ---- */

static void test_the_door_is_for_all_and_asks_for_work(void **state)
{
	uint8_t secret[ONION_SECRET_BYTES];
	struct fake_onion *f;
	struct world w;
	(void)state;

	begin(&w, (struct peer_opts){0});
	f = onion_of(chat_identity(w.chat));
	assert_non_null(f);
	assert_true(f->pow);
	assert_int_equal(f->n_clients, 0);
	assert_string_equal(f->target, w.path);
	identity_onion_secret(chat_identity_seed(w.chat), secret);
	assert_memory_equal(f->secret, secret, sizeof(secret));
	stop(&w);
	assert_false(f->there);
}

static void test_a_private_service_has_clients(void **state)
{
	static const uint8_t clients[16][KEY_BYTES] = {{5}};
	struct fake_onion *f;
	struct world w;
	struct place at;
	(void)state;

	begin(&w, (struct peer_opts){0});
	make_place(&w, &at, 7);
	at.service.clients = clients;
	at.service.n_clients = 16;
	publish(&w, &at);
	assert_null(onion_of(at.service.onion));
	loop_turn(w.loop, false);
	f = onion_of(at.service.onion);
	assert_non_null(f);
	assert_false(f->pow);
	assert_int_equal(f->n_clients, 16);
	assert_memory_equal(f->first_client, clients[0], KEY_BYTES);
	assert_string_equal(f->target, at.path);
	stop(&w);
}

/* Publishing anew takes long: only when it must be. */
static void test_tor_is_told_of_other_clients_and_of_nothing_else(void **state)
{
	static const uint8_t before[2][KEY_BYTES] = {{5}, {6}}, after[2][KEY_BYTES] = {{9}, {6}};
	struct fake_onion *f;
	struct world w;
	struct place at;
	(void)state;

	begin(&w, (struct peer_opts){0});
	make_place(&w, &at, 7);
	at.service.clients = before;
	at.service.n_clients = 2;
	publish(&w, &at);
	loop_turn(w.loop, false);
	f = onion_of(at.service.onion);
	at.service.door_role = true;
	publish(&w, &at);
	loop_turn(w.loop, false);
	assert_int_equal(f->changes, 0);
	at.service.clients = after;
	publish(&w, &at);
	assert_int_equal(f->changes, 0);
	loop_turn(w.loop, false);
	assert_int_equal(f->changes, 1);
	assert_memory_equal(f->first_client, after[0], KEY_BYTES);
	at.service.n_clients = 1;
	publish(&w, &at);
	loop_turn(w.loop, false);
	assert_int_equal(f->changes, 2);
	assert_int_equal(f->n_clients, 1);
	stop(&w);
}

static void test_withdrawn_and_published_in_one_turn_it_stands(void **state)
{
	struct fake_onion *f;
	struct world w;
	struct place at;
	(void)state;

	begin(&w, (struct peer_opts){0});
	make_place(&w, &at, 7);
	publish(&w, &at);
	loop_turn(w.loop, false);
	f = onion_of(at.service.onion);
	tell(&w, at.service.onion, ONION_ADDED);
	peer_net.withdraw(NULL, w.chat, 7);
	publish(&w, &at);
	loop_turn(w.loop, false);
	assert_ptr_equal(onion_of(at.service.onion), f);
	peer_net.withdraw(NULL, w.chat, 7);
	loop_turn(w.loop, false);
	assert_null(onion_of(at.service.onion));
	stop(&w);
}

static void test_what_tor_did_not_take_is_asked_for_again(void **state)
{
	struct world w;
	struct place at;
	(void)state;

	begin(&w, (struct peer_opts){0});
	make_place(&w, &at, 7);
	onion_error = ERR_NOMEM;
	publish(&w, &at);
	loop_turn(w.loop, false);
	onion_error = 0;
	clock_pass(60000);
	loop_turn(w.loop, false);
	assert_non_null(onion_of(at.service.onion));
	stop(&w);
}

static void count_call(void *ctx)
{
	(*(unsigned *)ctx)++;
}

static void test_published_means_every_service(void **state)
{
	unsigned calls = 0;
	struct world w;
	struct place at;
	(void)state;

	begin(&w, (struct peer_opts){.on_published = count_call, .ctx = &calls});
	peer_net.withdraw(NULL, w.chat, 1); /* chat's own */
	make_place(&w, &at, 7);
	publish(&w, &at);
	loop_turn(w.loop, false);
	tell(&w, chat_identity(w.chat), ONION_PUBLISHED);
	assert_false(peer_published(w.peer));
	tell(&w, at.service.onion, ONION_ADDED);
	assert_false(peer_published(w.peer));
	assert_int_equal(calls, 0);
	tell(&w, at.service.onion, ONION_PUBLISHED);
	assert_true(peer_published(w.peer));
	assert_int_equal(calls, 1);
	tell(&w, at.service.onion, ONION_ADDED);
	assert_false(peer_published(w.peer));
	assert_int_equal(calls, 2);
	peer_net.withdraw(NULL, w.chat, 7);
	loop_turn(w.loop, false);
	assert_true(peer_published(w.peer));
	loop_turn(w.loop, false);
	assert_int_equal(calls, 3);
	peer_on_tor_down(w.peer);
	assert_false(peer_published(w.peer));
	stop(&w);
}

/* ---- dials ---- */

static void ask_for_dial(struct world *w, struct remote *to, const uint8_t *client_key)
{
	uint8_t link_key[KEY_BYTES];
	struct chat_dial d = {.id = 77,
			      .role = LINK_PRIVATE,
			      .responder_static = {0},
			      .version = LINK_VERSION,
			      .isolation = "bob-1"};

	dh_public(to->link_secret, link_key);
	memcpy(d.responder_static, link_key, KEY_BYTES);
	memcpy(d.locator.onion, to->identity, KEY_BYTES);
	d.locator.has_client_key = client_key != NULL;
	if (client_key != NULL)
		memcpy(d.locator.client_key, client_key, KEY_BYTES);
	assert_int_equal(peer_net.dial(NULL, w->chat, &d), 0);
}

static void test_a_dial_takes_the_client_key_along(void **state)
{
	static const uint8_t key[KEY_BYTES] = {1, 2, 3};
	struct world w;
	struct remote bob;
	(void)state;

	begin(&w, (struct peer_opts){0});
	be(&bob, 5);
	ask_for_dial(&w, &bob, key);
	assert_true(dialled.has_key);
	assert_memory_equal(dialled.key, key, KEY_BYTES);
	assert_memory_equal(dialled.onion, bob.identity, KEY_BYTES);
	assert_string_equal(dialled.isolation, "bob-1");
	peer_net.dial_cancel(NULL, w.chat, 77);
	assert_true(dialled.cancelled);
	ask_for_dial(&w, &bob, NULL);
	assert_false(dialled.has_key);
	leave(&bob);
	stop(&w);
}

static void test_an_onion_that_is_not_reached_has_not_answered(void **state)
{
	struct world w;
	struct remote bob;
	(void)state;

	begin(&w, (struct peer_opts){0});
	be(&bob, 5);
	ask_for_dial(&w, &bob, NULL);
	dialled.cb(dialled.ctx, DIAL_NO_DESCRIPTOR, -1);
	loop_turn(w.loop, false);
	assert_int_equal(told.failures, 1);
	assert_int_equal(told.id, 77);
	assert_false(told.answered);
	assert_string_equal(told.text, dial_error_text(DIAL_NO_DESCRIPTOR));
	leave(&bob);
	stop(&w);
}

static void reach(struct world *w, struct remote *r)
{
	int fds[2];

	make_pair(fds);
	dialled.cb(dialled.ctx, DIAL_OK, fds[0]);
	loop_turn(w->loop, false);
	r->fd = fds[1];
	r->closed = false;
}

static void test_a_peer_that_hangs_up_or_says_nothing_has_answered(void **state)
{
	struct world w;
	struct remote bob;
	(void)state;

	begin(&w, (struct peer_opts){0});
	be(&bob, 5);
	ask_for_dial(&w, &bob, NULL);
	reach(&w, &bob);
	leave(&bob);
	loop_turn(w.loop, false);
	assert_int_equal(told.failures, 1);
	assert_true(told.answered);

	ask_for_dial(&w, &bob, NULL);
	reach(&w, &bob);
	assert_int_equal(told.failures, 1);
	clock_pass(60000);
	loop_turn(w.loop, false);
	assert_int_equal(told.failures, 2);
	assert_true(told.answered);
	leave(&bob);
	stop(&w);
}

static void test_a_dial_that_is_cancelled_in_its_handshake_is_over(void **state)
{
	struct world w;
	struct remote bob;
	(void)state;

	begin(&w, (struct peer_opts){0});
	be(&bob, 5);
	ask_for_dial(&w, &bob, NULL);
	reach(&w, &bob);
	peer_net.dial_cancel(NULL, w.chat, 77);
	expect_close(&w, &bob);
	assert_int_equal(told.failures, 0);
	leave(&bob);
	stop(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_the_door_is_for_all_and_asks_for_work),
	    cmocka_unit_test(test_a_private_service_has_clients),
	    cmocka_unit_test(test_tor_is_told_of_other_clients_and_of_nothing_else),
	    cmocka_unit_test(test_withdrawn_and_published_in_one_turn_it_stands),
	    cmocka_unit_test(test_what_tor_did_not_take_is_asked_for_again),
	    cmocka_unit_test(test_published_means_every_service),
	    cmocka_unit_test(test_a_dial_takes_the_client_key_along),
	    cmocka_unit_test(test_an_onion_that_is_not_reached_has_not_answered),
	    cmocka_unit_test(test_a_peer_that_hangs_up_or_says_nothing_has_answered),
	    cmocka_unit_test(test_a_dial_that_is_cancelled_in_its_handshake_is_over),
	};

	if (crypto_start() < 0)
		return 1;
	alarm(300);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
