/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Forward secrecy on the disk: after a checkpoint whoever has the key of the database finds no key of a
 * ratchet that went on, of a service or client that is gone, and no token, in whatever part of whatever page.
 */
#include "store_disk_help.h"

#define TAG	  "here is key "
#define TAG_BYTES (sizeof(TAG) - 1)
#define KEYS_MAX  8000

/* Keys that say which they are, so that any can be found; the first half alone does. */
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

/* ---- services, clients, tokens ---- */

/* One kind of secret: adds a row that holds it, with what it hangs on, and returns an id for drop. */
struct holder {
	int64_t (*add)(struct store *s, const uint8_t key[KEY_BYTES]);
	void (*drop)(struct store *s, int64_t id);
};

/* A key that is not looked for, of the same number. */
static void plain_key(const uint8_t key[KEY_BYTES], uint8_t out[KEY_BYTES])
{
	memset(out, 0x77, KEY_BYTES);
	memcpy(out + TAG_BYTES, key + TAG_BYTES, sizeof(uint32_t));
}

static int64_t add_service(struct store *s, const uint8_t key[KEY_BYTES])
{
	struct service_row row = {.created_ms = 1};
	memcpy(row.seed, key, KEY_BYTES);
	assert_int_equal(store_service_add(s, &row), 0);
	return row.id;
}

static int64_t add_client_of(struct store *s, const uint8_t key[KEY_BYTES], int64_t service)
{
	struct client_row row = {.service = service};
	memcpy(row.secret, key, KEY_BYTES);
	assert_int_equal(store_client_add(s, &row), 0);
	return row.id;
}

static int64_t add_invite_with(struct store *s, const uint8_t key[KEY_BYTES], int64_t client)
{
	struct invite_row row = {.client = client};
	memcpy(row.token, key, KEY_BYTES);
	assert_int_equal(store_invite_add(s, &row), 0);
	return row.id;
}

static int64_t add_client(struct store *s, const uint8_t key[KEY_BYTES])
{
	return add_client_of(s, key, 1);
}

static int64_t add_invite(struct store *s, const uint8_t key[KEY_BYTES])
{
	return add_invite_with(s, key, 1);
}

static int64_t add_invited_client(struct store *s, const uint8_t key[KEY_BYTES])
{
	uint8_t plain[KEY_BYTES];
	plain_key(key, plain);
	const int64_t client = add_client(s, plain);
	add_invite_with(s, key, client);
	return client;
}

static int64_t add_service_with_client(struct store *s, const uint8_t key[KEY_BYTES])
{
	uint8_t plain[KEY_BYTES];
	plain_key(key, plain);
	const int64_t service = add_service(s, plain);
	add_client_of(s, key, service);
	return service;
}

static int64_t add_service_with_invite(struct store *s, const uint8_t key[KEY_BYTES])
{
	uint8_t plain[KEY_BYTES];
	plain_key(key, plain);
	const int64_t service = add_service(s, plain);
	add_invite_with(s, key, add_client_of(s, plain, service));
	return service;
}

static void drop_service(struct store *s, int64_t id)
{
	assert_int_equal(store_service_delete(s, id), 0);
}

static void drop_client(struct store *s, int64_t id)
{
	assert_int_equal(store_client_delete(s, id), 0);
}

static void drop_invite(struct store *s, int64_t id)
{
	assert_int_equal(store_invite_delete(s, id), 0);
}

static struct contact_row invited(const uint8_t key[KEY_BYTES])
{
	struct contact_row row = {.has_token = true};
	uint32_t n;
	memcpy(&n, key + TAG_BYTES, sizeof(n));
	memcpy(row.token, key, sizeof(row.token));
	plain_key(key, row.identity);
	assert_int_equal(str_fmt(row.petname, sizeof(row.petname), "p%u", (unsigned)n), 0);
	return row;
}

static int64_t add_invited(struct store *s, const uint8_t key[KEY_BYTES])
{
	struct contact_row row = invited(key);
	assert_int_equal(store_contact_add(s, &row), 0);
	return row.id;
}

static int find_contact(void *ctx, const struct contact_row *row)
{
	struct contact_row *found = ctx;
	if (row->id == found->id)
		*found = *row;
	return 0;
}

static void redeem(struct store *s, int64_t id)
{
	struct contact_row row = {.id = id};
	assert_int_equal(store_contact_each(s, find_contact, &row), 0);
	row.has_token = false;
	assert_int_equal(store_contact_update(s, &row), 0);
}

static void give_up(struct store *s, int64_t id)
{
	assert_int_equal(store_contact_delete(s, id), 0);
}

struct held {
	int64_t id;
	uint32_t key;
};

/* Up to 50 come, then a third of all goes. */
static size_t turn_over(struct store *s, struct keys *k, const struct holder *holder, uint64_t *seed,
			struct held *all, size_t n)
{
	uint8_t key[KEY_BYTES];
	for (uint32_t come = pick(seed, 50); come > 0; come--) {
		all[n].key = new_key(k, key);
		all[n++].id = holder->add(s, key);
	}
	for (size_t i = 0; i < n;) {
		if (pick(seed, 3)) {
			i++;
			continue;
		}
		holder->drop(s, all[i].id);
		k->alive[all[i].key] = false;
		all[i] = all[--n];
	}
	return n;
}

static void come_and_go(const struct help *h, const struct holder *holder)
{
	struct keys *k = calloc(1, sizeof(*k));
	struct held *all = calloc(KEYS_MAX, sizeof(*all));
	struct store *s = help_open(h);
	uint64_t seed = 3; /* found as SEED was */
	size_t n = 0;
	assert_int_equal(help_add_client(s, help_add_service(s, 1), 1, 0), 1);
	for (unsigned round = 0; round < 60; round++) {
		n = turn_over(s, k, holder, &seed, all, n);
		end_turn(s, h, k);
	}
	store_close(s);
	free(all);
	free(k);
}

static void no_seed_stays_of_a_service_that_is_gone(void **state)
{
	static const struct holder alone = {add_service, drop_service};
	come_and_go(*state, &alone);
}

static void no_secret_stays_of_a_client_that_is_gone(void **state)
{
	static const struct holder alone = {add_client, drop_client};
	come_and_go(*state, &alone);
}

static void no_secret_stays_of_a_client_whose_service_is_gone(void **state)
{
	static const struct holder with_service = {add_service_with_client, drop_service};
	come_and_go(*state, &with_service);
}

static void no_hash_stays_of_an_invitation_that_was_used(void **state)
{
	static const struct holder alone = {add_invite, drop_invite};
	come_and_go(*state, &alone);
}

static void no_hash_stays_of_an_invitation_whose_client_is_gone(void **state)
{
	static const struct holder with_client = {add_invited_client, drop_client};
	come_and_go(*state, &with_client);
}

static void no_hash_stays_of_an_invitation_whose_service_is_gone(void **state)
{
	static const struct holder with_service = {add_service_with_invite, drop_service};
	come_and_go(*state, &with_service);
}

static void no_token_stays_that_was_redeemed(void **state)
{
	static const struct holder contact = {add_invited, redeem};
	come_and_go(*state, &contact);
}

static void no_token_stays_that_was_given_up(void **state)
{
	static const struct holder contact = {add_invited, give_up};
	come_and_go(*state, &contact);
}

static void another_invitation_leaves_nothing_of_the_one_before(void **state)
{
	const struct help *h = *state;
	struct keys *k = calloc(1, sizeof(*k));
	struct store *s = help_open(h);
	uint8_t key[KEY_BYTES];
	uint32_t n = new_key(k, key);
	struct contact_row row = invited(key);
	assert_int_equal(store_contact_add(s, &row), 0);
	end_turn(s, h, k);
	for (unsigned i = 0; i < 5; i++) {
		k->alive[n] = false;
		n = new_key(k, key);
		memcpy(row.token, key, sizeof(row.token));
		assert_int_equal(store_contact_update(s, &row), 0);
		end_turn(s, h, k);
	}
	store_close(s);
	free(k);
}

/* A service with clients, each with an invitation. */
static int64_t fill_service(struct store *s, struct keys *k, unsigned clients)
{
	uint8_t key[KEY_BYTES];
	new_key(k, key);
	const int64_t service = add_service(s, key);
	for (unsigned i = 0; i < clients; i++) {
		new_key(k, key);
		const int64_t client = add_client_of(s, key, service);
		new_key(k, key);
		add_invite_with(s, key, client);
	}
	return service;
}

static void a_service_takes_all_keys_along(void **state)
{
	enum { SERVICES = 12, EACH = 40, KEYS = 2 * EACH + 1 };
	const struct help *h = *state;
	struct keys *k = calloc(1, sizeof(*k));
	struct store *s = help_open(h);
	int64_t ids[SERVICES];
	for (unsigned i = 0; i < SERVICES; i++)
		ids[i] = fill_service(s, k, EACH);
	end_turn(s, h, k);
	for (unsigned i = 0; i < SERVICES; i++) {
		const unsigned gone = i * 5 % SERVICES; /* in no order, and the newest too */
		assert_int_equal(store_service_delete(s, ids[gone]), 0);
		memset(k->alive + (size_t)gone * KEYS, 0, KEYS * sizeof(k->alive[0]));
		end_turn(s, h, k);
	}
	assert_int_equal(n_alive(k), 0);
	/* ids go on from where they were, though the tables of keys were written anew */
	assert_int_equal(help_add_service(s, 1), SERVICES + 1);
	assert_int_equal(help_add_client(s, SERVICES + 1, 1, 0), SERVICES * EACH + 1);
	store_close(s);
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

/* A block that the C library gives out again, with the size that SQLite may keep in front.  A sanitizer or
 * valgrind gives out another: then nothing is seen. */
static unsigned leftovers(size_t size, uintptr_t before)
{
	unsigned n = 0;

	for (size_t front = 0; front <= 8; front += 8) {
		unsigned char *p = malloc(front + size);
		assert_non_null(p);
		for (size_t i = 64; (uintptr_t)p + front == before && i < size; i++)
			n += p[i] == 'K';
		free(p);
	}
	return n;
}

static void freed_memory_of_the_library_is_wiped(void **state)
{
	enum { SIZE = 512 };
	struct store *s = help_open(*state);
	unsigned char *p = sqlite3_malloc(SIZE);

	assert_non_null(p);
	memset(p, 'K', SIZE);
	const uintptr_t at = (uintptr_t)p;
	sqlite3_free(p);
	assert_int_equal(leftovers(SIZE, at), 0);
	/* A block that grows moves, and leaves nothing either. */
	p = sqlite3_malloc(SIZE);
	assert_non_null(p);
	memset(p, 'K', SIZE);
	const uintptr_t from = (uintptr_t)p;
	p = sqlite3_realloc(p, 64 * SIZE);
	assert_non_null(p);
	assert_int_equal(p[SIZE - 1], 'K');
	assert_int_equal(leftovers(SIZE, from), 0);
	sqlite3_free(p);
	store_close(s);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, help_setup, help_teardown)
	const struct CMUnitTest tests[] = {
	    T(a_step_of_the_ratchet_leaves_no_key_behind),
	    T(what_was_sealed_goes_with_its_ack),
	    T(no_key_stays_where_contacts_come_and_go),
	    T(no_skipped_secret_stays_when_it_was_used),
	    T(no_seed_stays_of_a_service_that_is_gone),
	    T(no_secret_stays_of_a_client_that_is_gone),
	    T(no_secret_stays_of_a_client_whose_service_is_gone),
	    T(no_hash_stays_of_an_invitation_that_was_used),
	    T(no_hash_stays_of_an_invitation_whose_client_is_gone),
	    T(no_hash_stays_of_an_invitation_whose_service_is_gone),
	    T(no_token_stays_that_was_redeemed),
	    T(no_token_stays_that_was_given_up),
	    T(another_invitation_leaves_nothing_of_the_one_before),
	    T(a_service_takes_all_keys_along),
	    T(a_crash_before_the_checkpoint_leaves_none_either),
	    T(freed_memory_of_the_library_is_wiped),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
