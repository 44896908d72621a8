/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a ratchet needs to go on after a restart: its session, its state, the secrets that it skipped. */
#include "store_help.h"

static struct store *reopen(const struct help *h, struct store *s)
{
	assert_int_equal(store_commit(s), 0);
	store_close(s);
	return help_open(h);
}

struct sessions {
	struct session_row rows[4];
	size_t n;
};

static int collect(void *ctx, const struct session_row *row)
{
	struct sessions *all = ctx;
	assert_true(all->n < 4);
	all->rows[all->n++] = *row;
	return 0;
}

static struct sessions sessions(struct store *s)
{
	struct sessions all = {.n = 0};
	assert_int_equal(store_session_each(s, collect, &all), 0);
	return all;
}

static void assert_session(const struct session_row *a, const struct session_row *b)
{
	assert_int_equal(a->contact, b->contact);
	assert_memory_equal(a->epoch, b->epoch, sizeof(a->epoch));
	assert_int_equal(a->sent, b->sent);
	assert_int_equal(a->acked, b->acked);
	assert_int_equal(a->received, b->received);
	assert_int_equal(a->reset_day, b->reset_day);
	assert_int_equal(a->resets, b->resets);
}

static void assert_ratchet(struct store *s, int64_t contact, const char *want)
{
	char out[SESSION_STATE_MAX];
	size_t len = 0;
	assert_int_equal(store_ratchet_get(s, contact, out, sizeof(out), &len), 0);
	assert_int_equal(len, strlen(want));
	assert_memory_equal(out, want, len);
}

static struct session_row session_of(int64_t contact)
{
	return (struct session_row){.contact = contact,
				    .epoch = {1, 2, 3, 4, 5, 6, 7, 8},
				    .sent = INT64_MAX,
				    .acked = (uint64_t)INT64_MAX - 1,
				    .received = 1ull << 40,
				    .reset_day = UINT32_MAX,
				    .resets = 3};
}

static void a_session_comes_back_as_it_was(void **state)
{
	struct store *s = help_open(*state);
	const int64_t bob = help_add_contact(s, "Bob", 1), carol = help_add_contact(s, "Carol", 2);
	struct session_row with_bob = session_of(bob), with_carol = {.contact = carol, .epoch = {9}};
	assert_int_equal(store_session_begin(s, &with_carol, "carol's", 7), 0);
	assert_int_equal(store_session_begin(s, &with_bob, "bob's", 5), 0);
	s = reopen(*state, s);
	struct sessions all = sessions(s);
	assert_int_equal(all.n, 2);
	assert_session(&all.rows[0], &with_bob);
	assert_session(&all.rows[1], &with_carol);
	assert_ratchet(s, bob, "bob's");
	assert_ratchet(s, carol, "carol's");

	/* counters and ratchet step apart from each other */
	with_bob.sent = 7;
	with_bob.resets = 0;
	assert_int_equal(store_session_update(s, &with_bob), 0);
	assert_int_equal(store_ratchet_set(s, carol, "CAROL's", 7), 0); /* as long as before */
	assert_int_equal(store_ratchet_set(s, bob, "longer than it was", 18), 0);
	s = reopen(*state, s);
	all = sessions(s);
	assert_session(&all.rows[0], &with_bob);
	assert_session(&all.rows[1], &with_carol);
	assert_ratchet(s, bob, "longer than it was");
	assert_ratchet(s, carol, "CAROL's");
	store_close(s);
}

static void a_step_that_is_not_committed_was_not_made(void **state)
{
	struct store *s = help_open(*state);
	const struct session_row with_bob = {.contact = help_add_contact(s, "Bob", 1)};
	assert_int_equal(store_session_begin(s, &with_bob, "one", 3), 0);
	assert_int_equal(store_commit(s), 0);
	assert_int_equal(store_ratchet_set(s, with_bob.contact, "two", 3), 0);
	assert_true(store_dirty(s));
	assert_ratchet(s, with_bob.contact, "two");
	store_rollback(s);
	assert_ratchet(s, with_bob.contact, "one");
	assert_int_equal(store_ratchet_set(s, with_bob.contact, "two", 3), 0);
	store_close(s); /* as a crash would */
	s = help_open(*state);
	assert_ratchet(s, with_bob.contact, "one");
	store_close(s);
}

static void a_session_that_is_not_there_is_not_found(void **state)
{
	struct store *s = help_open(*state);
	uint8_t out[4];
	size_t len;
	const int64_t bob = help_add_contact(s, "Bob", 1);
	const struct session_row none = {.contact = bob}, nobody = {.contact = bob + 1};
	assert_int_equal(store_session_update(s, &none), ERR_NOT_FOUND);
	assert_int_equal(store_ratchet_set(s, bob, "x", 1), ERR_NOT_FOUND);
	assert_int_equal(store_ratchet_get(s, bob, out, sizeof(out), &len), ERR_NOT_FOUND);
	assert_int_equal(store_session_begin(s, &nobody, "x", 1), ERR_NOT_FOUND);
	assert_int_equal(sessions(s).n, 0);
	/* the turn is good after all that */
	assert_int_equal(store_session_begin(s, &none, "12345", 5), 0);
	assert_int_equal(store_ratchet_get(s, bob, out, sizeof(out), &len), ERR_TOO_LONG);
	assert_int_equal(store_commit(s), 0);
	store_close(s);
}

static void what_no_session_can_be_is_refused(void **state)
{
	static const uint8_t dh[KEY_BYTES] = {1}, secret[KEY_BYTES] = {2};
	static const uint8_t big[SESSION_STATE_MAX + 1];
	struct store *s = help_open(*state);
	const int64_t bob = help_add_contact(s, "Bob", 1);
	const uint64_t over = (uint64_t)INT64_MAX + 1;
	struct session_row row = {.contact = bob};
	assert_int_equal(store_session_begin(s, &row, big, sizeof(big)), ERR_TOO_LONG);
	assert_int_equal(store_session_begin(s, &row, big, sizeof(big) - 1), 0);
	assert_int_equal(store_ratchet_set(s, bob, big, sizeof(big)), ERR_TOO_LONG);
	row.sent = over;
	assert_int_equal(store_session_begin(s, &row, "x", 1), ERR_INVALID);
	row = (struct session_row){.contact = bob, .acked = over};
	assert_int_equal(store_session_update(s, &row), ERR_INVALID);
	row = (struct session_row){.contact = bob, .received = UINT64_MAX};
	assert_int_equal(store_session_update(s, &row), ERR_INVALID);
	assert_int_equal(store_skipped_add(s, bob, dh, 1, secret, over), ERR_INVALID);
	assert_int_equal(store_skipped_expire(s, over), ERR_INVALID);
	assert_int_equal(store_commit(s), 0); /* refused, nothing more */
	assert_int_equal(sessions(s).rows[0].sent, 0);
	store_close(s);
}

/* ---- skipped secrets ---- */

static const uint8_t dh1[KEY_BYTES] = {1}, dh2[KEY_BYTES] = {2};

/* The secret says for what it is. */
static void keep_secret(struct store *s, int64_t contact, const uint8_t *dh, uint32_t n, uint64_t made_ms)
{
	const uint8_t secret[KEY_BYTES] = {(uint8_t)contact, dh[0], (uint8_t)n, 99};
	assert_int_equal(store_skipped_add(s, contact, dh, n, secret, made_ms), 0);
}

static bool has_skipped(struct store *s, int64_t contact, const uint8_t *dh, uint32_t n)
{
	const uint8_t want[KEY_BYTES] = {(uint8_t)contact, dh[0], (uint8_t)n, 99};
	uint8_t secret[KEY_BYTES];
	const int err = store_skipped_get(s, contact, dh, n, secret);
	if (err)
		assert_int_equal(err, ERR_NOT_FOUND);
	else
		assert_memory_equal(secret, want, sizeof(want));
	return !err;
}

static size_t n_skipped(struct store *s, int64_t contact)
{
	size_t n = 77;
	assert_int_equal(store_skipped_count(s, contact, &n), 0);
	return n;
}

static void a_skipped_secret_is_found_by_its_key_and_number(void **state)
{
	struct store *s = help_open(*state);
	const int64_t bob = help_add_contact(s, "Bob", 1), carol = help_add_contact(s, "Carol", 2);
	keep_secret(s, bob, dh1, 1, 0);
	keep_secret(s, bob, dh1, UINT32_MAX, 0);
	keep_secret(s, bob, dh2, 1, 0);
	keep_secret(s, carol, dh1, 1, 0);
	assert_int_equal(store_skipped_add(s, bob, dh1, 1, dh2, 0), ERR_EXISTS);
	assert_int_equal(store_skipped_add(s, carol + 1, dh1, 1, dh2, 0), ERR_NOT_FOUND);
	s = reopen(*state, s);
	assert_true(has_skipped(s, bob, dh1, 1));
	assert_true(has_skipped(s, bob, dh1, UINT32_MAX));
	assert_true(has_skipped(s, bob, dh2, 1));
	assert_false(has_skipped(s, bob, dh2, 2));
	assert_false(has_skipped(s, carol, dh2, 1));
	assert_int_equal(n_skipped(s, bob), 3);
	assert_int_equal(n_skipped(s, carol), 1);

	assert_int_equal(store_skipped_delete(s, bob, dh1, 1), 0);
	assert_int_equal(store_skipped_delete(s, bob, dh1, 1), ERR_NOT_FOUND);
	assert_int_equal(n_skipped(s, bob), 2);
	assert_true(has_skipped(s, carol, dh1, 1));
	store_close(s);
}

static void skipped_secrets_expire(void **state)
{
	struct store *s = help_open(*state);
	const int64_t bob = help_add_contact(s, "Bob", 1), carol = help_add_contact(s, "Carol", 2);
	keep_secret(s, bob, dh1, 1, 1000);
	keep_secret(s, bob, dh1, 2, 2000);
	keep_secret(s, carol, dh1, 1, 1999);
	assert_int_equal(store_commit(s), 0);
	assert_int_equal(store_skipped_expire(s, 1000), 0);
	assert_false(store_dirty(s)); /* none was made before: no turn for nothing */
	assert_int_equal(store_skipped_expire(s, 2000), 0);
	assert_true(store_dirty(s));
	s = reopen(*state, s);
	assert_false(has_skipped(s, bob, dh1, 1));
	assert_true(has_skipped(s, bob, dh1, 2));
	assert_false(has_skipped(s, carol, dh1, 1));
	store_close(s);
}

static void a_new_session_forgets_what_the_old_one_skipped(void **state)
{
	struct store *s = help_open(*state);
	const int64_t bob = help_add_contact(s, "Bob", 1), carol = help_add_contact(s, "Carol", 2);
	const struct session_row first = session_of(bob), second = {.contact = bob, .epoch = {2}};
	assert_int_equal(store_session_begin(s, &first, "first", 5), 0);
	keep_secret(s, bob, dh1, 1, 0);
	keep_secret(s, carol, dh1, 1, 0);
	assert_int_equal(store_session_begin(s, &second, "other", 5), 0);
	s = reopen(*state, s);
	const struct sessions all = sessions(s);
	assert_int_equal(all.n, 1);
	assert_session(&all.rows[0], &second);
	assert_ratchet(s, bob, "other");
	assert_int_equal(n_skipped(s, bob), 0);
	assert_int_equal(n_skipped(s, carol), 1);
	store_close(s);
}

static void a_deleted_contact_takes_its_session_along(void **state)
{
	struct store *s = help_open(*state);
	uint8_t out[SESSION_STATE_MAX];
	size_t len;
	for (uint8_t i = 1; i <= 2; i++) {
		const struct session_row row = {.contact = help_add_contact(s, i == 1 ? "Bob" : "Carol", i)};
		assert_int_equal(store_session_begin(s, &row, "state", 5), 0);
		keep_secret(s, row.contact, dh1, 1, 0);
	}
	const int64_t bob = sessions(s).rows[0].contact, carol = sessions(s).rows[1].contact;
	assert_int_equal(store_contact_delete(s, bob), 0);
	s = reopen(*state, s);
	assert_int_equal(store_ratchet_get(s, bob, out, sizeof(out), &len), ERR_NOT_FOUND);
	assert_int_equal(n_skipped(s, bob), 0);
	const struct sessions all = sessions(s);
	assert_int_equal(all.n, 1);
	assert_int_equal(all.rows[0].contact, carol);
	assert_ratchet(s, carol, "state");
	assert_int_equal(n_skipped(s, carol), 1);
	store_close(s);
}

static void a_checkpoint_keeps_every_session(void **state)
{
	struct store *s = help_open(*state);
	const int64_t bob = help_add_contact(s, "Bob", 1), carol = help_add_contact(s, "Carol", 2);
	const struct session_row with_bob = session_of(bob);
	assert_int_equal(store_session_begin(s, &with_bob, "state", 5), 0);
	keep_secret(s, bob, dh1, 1, 1000);
	keep_secret(s, bob, dh1, 2, 2000);
	for (unsigned round = 0; round < 3; round++) {
		/* a deletion, so that the tables are written anew */
		keep_secret(s, carol, dh2, round, 3000);
		assert_int_equal(store_skipped_delete(s, carol, dh2, round), 0);
		assert_int_equal(store_commit(s), 0);
		assert_int_equal(store_checkpoint(s), 0);
		assert_session(&sessions(s).rows[0], &with_bob);
		assert_ratchet(s, bob, "state");
		assert_int_equal(n_skipped(s, bob), 2);
		assert_int_equal(n_skipped(s, carol), 0);
	}
	/* and the tables do what they did */
	assert_int_equal(store_skipped_add(s, bob, dh1, 1, dh2, 0), ERR_EXISTS);
	assert_int_equal(store_skipped_expire(s, 2000), 0);
	assert_true(has_skipped(s, bob, dh1, 2));
	assert_int_equal(n_skipped(s, bob), 1);
	assert_int_equal(store_contact_delete(s, bob), 0);
	assert_int_equal(n_skipped(s, bob), 0);
	assert_int_equal(store_ratchet_set(s, bob, "state", 5), ERR_NOT_FOUND);
	store_close(s);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, help_setup, help_teardown)
	const struct CMUnitTest tests[] = {
	    T(a_session_comes_back_as_it_was),
	    T(a_step_that_is_not_committed_was_not_made),
	    T(a_session_that_is_not_there_is_not_found),
	    T(what_no_session_can_be_is_refused),
	    T(a_skipped_secret_is_found_by_its_key_and_number),
	    T(skipped_secrets_expire),
	    T(a_new_session_forgets_what_the_old_one_skipped),
	    T(a_deleted_contact_takes_its_session_along),
	    T(a_checkpoint_keeps_every_session),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
