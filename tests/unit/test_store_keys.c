/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Forward secrecy on the disk: after a checkpoint whoever has the key of the database finds no key of a
 * ratchet that went on, in whatever part of whatever page.
 */
#include "store_disk_help.h"

#define TAG	  "here stands key "
#define TAG_BYTES (sizeof(TAG) - 1)
#define KEYS_MAX  8000

/* Keys that say which they are, so that any can be found. */
struct keys {
	bool alive[KEYS_MAX];
	uint32_t n;
};

static uint32_t new_key(struct keys *k, uint8_t key[KEY_BYTES])
{
	assert_true(k->n < KEYS_MAX);
	memset(key, 0xee, KEY_BYTES);
	memcpy(key, TAG, TAG_BYTES);
	memcpy(key + TAG_BYTES, &k->n, sizeof(k->n));
	k->alive[k->n] = true;
	return k->n++;
}

static size_t n_alive(const struct keys *k)
{
	size_t n = 0;
	for (uint32_t i = 0; i < k->n; i++)
		n += k->alive[i];
	return n;
}

/* Each living key is there, and none that is dead. */
static void assert_only_living_keys(const struct help *h, const struct keys *k)
{
	size_t len, n_found = 0;
	bool found[KEYS_MAX] = {false};
	uint8_t *pages = decrypted_pages(h, &len), *at = pages;
	assert_int_equal(help_size(h->db, "-wal"), 0);
	while ((at = memmem(at, len - (size_t)(at - pages), TAG, TAG_BYTES))) {
		uint32_t i;
		memcpy(&i, at + TAG_BYTES, sizeof(i));
		assert_true(i < k->n);
		if (!k->alive[i])
			fail_msg("key %u of %u is dead and still there", (unsigned)i, (unsigned)k->n);
		n_found += !found[i];
		found[i] = true;
		at += TAG_BYTES;
	}
	free(pages);
	assert_int_equal(n_found, n_alive(k));
}

static void end_turn(struct store *s, const struct help *h, const struct keys *k)
{
	assert_int_equal(store_commit(s), 0);
	assert_int_equal(store_checkpoint(s), 0);
	assert_only_living_keys(h, k);
}

/* A state like that of a ratchet, with one key in its midst. */
static uint32_t new_state(struct keys *k, uint8_t state[173])
{
	memset(state, 0x55, 173);
	return new_key(k, state + 64);
}

static void a_step_of_the_ratchet_leaves_no_key_behind(void **state)
{
	const struct help *h = *state;
	struct keys *k = calloc(1, sizeof(*k));
	struct store *s = help_open(h);
	const struct session_row row = {.contact = help_add_contact(s, "Bob", 1)};
	uint8_t ratchet[173];
	uint32_t key = new_state(k, ratchet);
	assert_int_equal(store_session_begin(s, &row, ratchet, sizeof(ratchet)), 0);
	end_turn(s, h, k);
	for (unsigned i = 0; i < 10; i++) {
		k->alive[key] = false;
		key = new_state(k, ratchet);
		assert_int_equal(store_ratchet_set(s, row.contact, ratchet, sizeof(ratchet)), 0);
		end_turn(s, h, k);
	}
	k->alive[key] = false;
	key = new_state(k, ratchet); /* another session, and of another size */
	assert_int_equal(store_session_begin(s, &row, ratchet, 100), 0);
	end_turn(s, h, k);
	k->alive[key] = false;
	assert_int_equal(store_contact_delete(s, row.contact), 0);
	end_turn(s, h, k);
	store_close(s);
	free(k);
}

static void what_was_sealed_goes_with_its_ack(void **state)
{
	const struct help *h = *state;
	struct keys *k = calloc(1, sizeof(*k));
	struct store *s = help_open(h);
	uint8_t sealed[2][4200] = {{0}, {0}};
	size_t n;
	struct outbox_row o = {.contact = help_add_contact(s, "Bob", 1), .text = "x", .text_len = 1};
	for (uint8_t i = 0; i < 2; i++) {
		o.msgid[0] = i;
		assert_int_equal(new_key(k, sealed[i] + 4000), i);
		assert_int_equal(store_outbox_add(s, &o), 0);
		assert_int_equal(store_outbox_seal(s, o.id, i + 1, sealed[i], sizeof(sealed[i])), 0);
	}
	end_turn(s, h, k);
	k->alive[0] = false;
	assert_int_equal(store_outbox_delete_upto(s, o.contact, 1, &n), 0);
	end_turn(s, h, k);
	k->alive[1] = false;
	assert_int_equal(store_outbox_unseal(s, o.contact), 0);
	end_turn(s, h, k);
	store_close(s);
	free(k);
}

/* ---- many that come and go, so that SQLite moves rows from page to page ---- */

/* With this seed some keys do stay if nothing is done about it. */
enum { PEOPLE = 60, ROUNDS = 150, SEED = 15 };

struct person {
	int64_t id; /* 0: no contact */
	uint32_t key;
};

static uint32_t pick(uint64_t *seed, uint32_t below)
{
	uint8_t bytes[4];
	unit_rng_fill(seed, bytes, sizeof(bytes));
	return ((uint32_t)bytes[0] << 16 | (uint32_t)bytes[1] << 8 | bytes[2]) % below;
}

/* A person comes, goes, or goes a step on. */
static void change(struct store *s, struct keys *k, struct person *p, uint8_t who, bool goes)
{
	char name[8];
	uint8_t ratchet[173];
	if (p->id)
		k->alive[p->key] = false;
	if (p->id && goes) {
		assert_int_equal(store_contact_delete(s, p->id), 0);
		p->id = 0;
		return;
	}
	p->key = new_state(k, ratchet);
	if (p->id) {
		assert_int_equal(store_ratchet_set(s, p->id, ratchet, sizeof(ratchet)), 0);
		return;
	}
	assert_int_equal(str_fmt(name, sizeof(name), "p%u", who), 0);
	p->id = help_add_contact(s, name, who);
	const struct session_row row = {.contact = p->id};
	assert_int_equal(store_session_begin(s, &row, ratchet, sizeof(ratchet)), 0);
}

static void no_key_stays_where_contacts_come_and_go(void **state)
{
	const struct help *h = *state;
	struct keys *k = calloc(1, sizeof(*k));
	struct store *s = help_open(h);
	struct person people[PEOPLE] = {{0, 0}};
	uint64_t seed = SEED;
	for (unsigned round = 0; round < ROUNDS; round++) {
		for (unsigned i = 0; i < 30; i++) {
			const uint32_t who = pick(&seed, PEOPLE);
			change(s, k, &people[who], (uint8_t)(who + 1), pick(&seed, 4) == 0);
		}
		end_turn(s, h, k);
	}
	store_close(s);
	free(k);
}

struct skipped {
	int64_t contact;
	uint8_t dh[KEY_BYTES];
	uint32_t n, key;
};

static void add_five(struct store *s)
{
	for (uint8_t i = 1; i <= 5; i++) {
		const char name[] = {'p', (char)('0' + i), '\0'};
		assert_int_equal(help_add_contact(s, name, i), i);
	}
}

/* A chain of random length is skipped, for one of five. */
static size_t skip_chain(struct store *s, struct keys *k, uint64_t *seed, struct skipped *all, size_t n)
{
	struct skipped one = {.contact = 1 + pick(seed, 5)};
	const uint32_t len = pick(seed, 20);
	uint8_t key[KEY_BYTES];
	unit_rng_fill(seed, one.dh, sizeof(one.dh));
	for (one.n = 0; one.n < len; one.n++) {
		one.key = new_key(k, key);
		assert_int_equal(store_skipped_add(s, one.contact, one.dh, one.n, key, 0), 0);
		all[n++] = one;
	}
	return n;
}

static size_t use_some(struct store *s, struct keys *k, uint64_t *seed, struct skipped *all, size_t n)
{
	for (size_t i = 0; i < n;) {
		if (pick(seed, 10)) {
			i++;
			continue;
		}
		assert_int_equal(store_skipped_delete(s, all[i].contact, all[i].dh, all[i].n), 0);
		k->alive[all[i].key] = false;
		all[i] = all[--n];
	}
	return n;
}

static void no_skipped_secret_stays_when_it_was_used(void **state)
{
	const struct help *h = *state;
	struct keys *k = calloc(1, sizeof(*k));
	struct skipped *all = calloc(KEYS_MAX, sizeof(*all));
	struct store *s = help_open(h);
	uint64_t seed = SEED;
	size_t n = 0;
	add_five(s);
	for (unsigned round = 0; round < ROUNDS; round++) {
		n = skip_chain(s, k, &seed, all, n);
		n = use_some(s, k, &seed, all, n);
		end_turn(s, h, k);
	}
	memset(k->alive, 0, sizeof(k->alive));
	assert_int_equal(store_skipped_expire(s, 1), 0);
	end_turn(s, h, k);
	store_close(s);
	free(all);
	free(k);
}

static void a_crash_before_the_checkpoint_leaves_none_either(void **state)
{
	const struct help *h = *state;
	struct keys *k = calloc(1, sizeof(*k));
	struct skipped *all = calloc(KEYS_MAX, sizeof(*all));
	uint64_t seed = SEED;
	size_t n = 0;
	struct store *s = help_open(h);
	add_five(s);
	for (unsigned round = 0; round < ROUNDS; round++) {
		n = skip_chain(s, k, &seed, all, n);
		n = use_some(s, k, &seed, all, n);
		assert_int_equal(store_commit(s), 0);
		store_close(s); /* the log is written back, and that is all */
		s = help_open(h);
	}
	assert_int_equal(store_checkpoint(s), 0);
	assert_only_living_keys(h, k);
	store_close(s);
	free(all);
	free(k);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, help_setup, help_teardown)
	const struct CMUnitTest tests[] = {
	    T(a_step_of_the_ratchet_leaves_no_key_behind),	 T(what_was_sealed_goes_with_its_ack),
	    T(no_key_stays_where_contacts_come_and_go),		 T(no_skipped_secret_stays_when_it_was_used),
	    T(a_crash_before_the_checkpoint_leaves_none_either),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
