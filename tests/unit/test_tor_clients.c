/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Onion services that only some can find, and when tor is told of them. */
#include "tor_attach_help.h"

#define SPREAD_MS 3600000 /* so long that no test waits for it */

static uint8_t keys[ONION_CLIENTS_MAX + 1][KEY_BYTES];

static void make_clients(void)
{
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		memset(keys[i], 0x40, KEY_BYTES);
		keys[i][0] = (uint8_t)i;
		keys[i][1] = (uint8_t)(i >> 8);
	}
}

static int try_add(struct fake *f, const struct key *k, size_t n_clients, struct watch *w,
		   struct tor_onion **out)
{
	struct tor_onion_opts opts = {.secret = k->secret,
				      .ed_public = k->public,
				      .target_path = "/run/target",
				      .clients = (const uint8_t(*)[KEY_BYTES])keys,
				      .n_clients = n_clients};

	return tor_onion_add(f->tor, &opts, on_onion, w, out);
}

static struct tor_onion *add_for(struct fake *f, const struct key *k, size_t n_clients, struct watch *w)
{
	struct tor_onion *o;

	assert_int_equal(try_add(f, k, n_clients, w, &o), 0);
	return o;
}

static int set_clients(struct tor_onion *o, size_t n)
{
	return tor_onion_set_clients(o, (const uint8_t(*)[KEY_BYTES])keys, n);
}

static const char *last_asked(const struct fake *f)
{
	return f->asked[f->n_asked - 1];
}

static int count(const char *text, const char *word)
{
	int n = 0;

	for (; (text = strstr(text, word)) != NULL; text++)
		n++;
	return n;
}

static int asked_times(const struct fake *f, const char *prefix)
{
	int n = 0;

	for (int i = 0; i < f->n_asked; i++)
		n += strncmp(f->asked[i], prefix, strlen(prefix)) == 0;
	return n;
}

static void turns(struct fake *f)
{
	for (int i = 0; i < 20; i++)
		loop_turn(f->loop, false);
}

/* Tor names each of them in its answer. */
static void test_a_full_service(void **state)
{
	static char answer[ONION_CLIENTS_MAX * 80];
	static const struct fake_answer table[] = {{"ADD_ONION", answer}, {NULL, NULL}};
	struct fake *f = *state;
	struct key k = make_key(1);
	struct watch w = {0};
	struct tor_onion *o;
	char key[BASE32_LEN(KEY_BYTES) + 1], word[128];

	make_clients();
	answer[0] = '\0';
	for (int i = 0; i < ONION_CLIENTS_MAX; i++)
		strcat(answer, "250-ClientAuthV3=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n");
	strcat(answer, "250 OK\r\n");
	f->table = table;
	until_ready(f);
	assert_int_equal(try_add(f, &k, ONION_CLIENTS_MAX + 1, &w, &o), ERR_FULL);
	o = add_for(f, &k, ONION_CLIENTS_MAX, &w);
	TURN_UNTIL(f->loop, w.events[ONION_ADDED]);
	assert_non_null(strstr(last_asked(f), " Flags=DiscardPK,MaxStreamsCloseCircuit,V3Auth "));
	assert_null(strstr(last_asked(f), "PoW"));
	assert_int_equal(count(last_asked(f), " ClientAuthV3="), ONION_CLIENTS_MAX);
	for (int i = 0; i < ONION_CLIENTS_MAX; i++) {
		base32_encode(keys[i], KEY_BYTES, key);
		snprintf(word, sizeof(word), " ClientAuthV3=%s", key);
		assert_non_null(strstr(last_asked(f), word));
	}
	assert_int_equal(set_clients(o, ONION_CLIENTS_MAX + 1), ERR_FULL);
}

static void test_who_loses_its_key(void **state)
{
	struct fake *f = *state;
	struct key k = make_key(1);
	struct watch w = {0};
	struct tor_onion *o;
	char key[BASE32_LEN(KEY_BYTES) + 1];
	int asked;

	make_clients();
	until_ready(f);
	o = add_for(f, &k, 16, &w);
	TURN_UNTIL(f->loop, w.events[ONION_ADDED] == 1);
	say_uploaded(f, &k);
	TURN_UNTIL(f->loop, w.events[ONION_PUBLISHED] == 1);
	asked = f->n_asked;
	assert_int_equal(set_clients(o, 16), 0);
	turns(f);
	assert_int_equal(f->n_asked, asked);
	assert_int_equal(set_clients(o, 15), 0);
	TURN_UNTIL(f->loop, w.events[ONION_ADDED] == 2);
	assert_int_equal(f->n_asked, asked + 2);
	assert_int_equal(strncmp(f->asked[asked], "DEL_ONION ", 10), 0);
	assert_string_equal(f->asked[asked] + 10, k.address);
	assert_int_equal(count(last_asked(f), " ClientAuthV3="), 15);
	base32_encode(keys[15], KEY_BYTES, key);
	assert_null(strstr(last_asked(f), key));
	say_uploaded(f, &k);
	TURN_UNTIL(f->loop, w.events[ONION_PUBLISHED] == 2);
}

/* The confirmation of an upload from before says nothing of the new list. */
static void test_an_upload_from_before(void **state)
{
	struct fake *f = *state;
	struct key k = make_key(1);
	struct watch w = {0};
	struct tor_onion *o;
	char line[256];

	make_clients();
	until_ready(f);
	o = add_for(f, &k, 16, &w);
	TURN_UNTIL(f->loop, w.events[ONION_ADDED] == 1);
	snprintf(line, sizeof(line), "650 HS_DESC UPLOAD %s UNKNOWN $00~relay id\r\n", k.address);
	fake_say(f, line);
	turns(f);
	assert_int_equal(set_clients(o, 32), 0);
	TURN_UNTIL(f->loop, w.events[ONION_ADDED] == 2);
	snprintf(line, sizeof(line), "650 HS_DESC UPLOADED %s UNKNOWN $00~relay\r\n", k.address);
	fake_say(f, line);
	turns(f);
	assert_int_equal(w.events[ONION_PUBLISHED], 0);
	say_uploaded(f, &k);
	TURN_UNTIL(f->loop, w.events[ONION_PUBLISHED] == 1);
}

static void test_clients_that_change_before_tor_has_answered(void **state)
{
	static const struct fake_answer silent[] = {{"ADD_ONION", ""}, {"DEL_ONION", ""}, {NULL, NULL}};
	struct fake *f = *state;
	struct key k = make_key(1);
	struct watch w = {0};
	struct tor_onion *o;

	make_clients();
	f->table = silent;
	until_ready(f);
	o = add_for(f, &k, 16, &w);
	TURN_UNTIL(f->loop, asked_times(f, "ADD_ONION") == 1);
	assert_int_equal(set_clients(o, 0), 0);
	TURN_UNTIL(f->loop, asked_times(f, "ADD_ONION") == 2);
	assert_int_equal(asked_times(f, "DEL_ONION"), 1);
	assert_null(strstr(last_asked(f), "Auth"));
	/* The first addition, the deletion, the second addition. */
	fake_say(f, "250 OK\r\n250 OK\r\n");
	turns(f);
	assert_int_equal(w.events[ONION_ADDED], 0);
	fake_say(f, "250 OK\r\n");
	TURN_UNTIL(f->loop, w.events[ONION_ADDED] == 1);
}

static void test_a_refused_list_is_tried_again_and_again(void **state)
{
	static const struct fake_answer table[] = {{"ADD_ONION", "512 Too many\r\n"}, {NULL, NULL}};
	struct fake *f = *state;
	struct key k = make_key(1);
	struct watch w = {0};
	struct tor_onion *o;

	make_clients();
	until_ready(f);
	o = add_for(f, &k, 16, &w);
	TURN_UNTIL(f->loop, w.events[ONION_ADDED] == 1);
	f->table = table;
	assert_int_equal(set_clients(o, 32), 0);
	TURN_UNTIL(f->loop, w.events[ONION_FAILED] >= 3);
	assert_string_equal(w.text, "Too many");
	f->table = NULL;
	TURN_UNTIL(f->loop, w.events[ONION_ADDED] == 2);
	assert_int_equal(count(last_asked(f), " ClientAuthV3="), 32);
}

/* ---- when ---- */

/* Draws in the order that a test has laid down; the last one goes on. */
struct draws {
	const uint64_t *next;
	size_t n;
};

static void draw(void *ctx, uint8_t *out, size_t len)
{
	struct draws *d = ctx;

	assert_int_equal(len, sizeof(uint64_t));
	memcpy(out, d->next, sizeof(uint64_t));
	if (d->n > 1) {
		d->n--;
		d->next++;
	}
}

static struct tor_onion *add_at(struct fake *f, const char *target, struct watch *w)
{
	struct key k = make_key((uint8_t)target[1]);
	struct tor_onion_opts opts = {.secret = k.secret, .ed_public = k.public, .target_path = target};
	struct tor_onion *o;

	assert_int_equal(tor_onion_add(f->tor, &opts, on_onion, w, &o), 0);
	return o;
}

static bool asked_for(const struct fake *f, const char *target)
{
	char word[64];

	snprintf(word, sizeof(word), "unix:%s", target);
	for (int i = 0; i < f->n_asked; i++) {
		if (strstr(f->asked[i], word) != NULL)
			return true;
	}
	return false;
}

/* Alice's and Bob's services come up at times of their own, and after tor's restart at others. */
static void test_each_has_its_own_time(void **state)
{
	/* Two for the first time, one jitter of the reconnection, two for the second time. */
	static const uint64_t values[] = {2 * SPREAD_MS - 1, SPREAD_MS, 0, SPREAD_MS, 2 * SPREAD_MS - 1};
	struct draws draws = {values, sizeof(values) / sizeof(values[0])};
	const struct rng rng = {draw, &draws};
	struct fake *f = *state;
	struct watch a = {0}, b = {0};

	f->publish_spread_ms = SPREAD_MS;
	f->rng = &rng;
	until_ready(f);
	add_at(f, "/a", &a);
	add_at(f, "/b", &b);
	assert_false(asked_for(f, "/b"));
	TURN_UNTIL(f->loop, b.events[ONION_ADDED] == 1);
	turns(f);
	assert_false(asked_for(f, "/a"));
	/* There again before it is looked for: a second attempt would draw once more. */
	fake_die(f);
	fake_forget_asked(f);
	fake_open(f);
	TURN_UNTIL(f->loop, a.events[ONION_ADDED] == 1);
	turns(f);
	assert_false(asked_for(f, "/b"));
	assert_int_equal(b.events[ONION_ADDED], 1);
}

static void test_a_change_waits_for_the_time_but_not_after_it(void **state)
{
	static const uint64_t values[] = {2 * SPREAD_MS - 1, SPREAD_MS, 2 * SPREAD_MS - 1};
	struct draws draws = {values, sizeof(values) / sizeof(values[0])};
	const struct rng rng = {draw, &draws};
	struct fake *f = *state;
	struct watch a = {0}, b = {0};
	struct tor_onion *early, *late;

	make_clients();
	f->publish_spread_ms = SPREAD_MS;
	f->rng = &rng;
	until_ready(f);
	late = add_at(f, "/a", &a);
	early = add_at(f, "/b", &b);
	TURN_UNTIL(f->loop, b.events[ONION_ADDED] == 1);
	assert_int_equal(set_clients(late, 16), 0);
	assert_int_equal(set_clients(early, 16), 0);
	TURN_UNTIL(f->loop, b.events[ONION_ADDED] == 2);
	assert_false(asked_for(f, "/a"));
	tor_onion_del(late);
	turns(f);
	assert_int_equal(asked_times(f, "DEL_ONION"), 1);
}

#define T(f) cmocka_unit_test_setup_teardown(f, fake_setup, fake_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(test_a_full_service),
	    T(test_who_loses_its_key),
	    T(test_an_upload_from_before),
	    T(test_clients_that_change_before_tor_has_answered),
	    T(test_a_refused_list_is_tried_again_and_again),
	    T(test_each_has_its_own_time),
	    T(test_a_change_waits_for_the_time_but_not_after_it),
	};

	alarm(300);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
