/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Accounts: what SCRAM is told of their passwords, and how they are wiped. */
#include "accounts_help.h"

/* ---- verifiers ---- */

static bool opens(struct daemon *d, const char *name, const char *password)
{
	struct scram_verifier v, made;
	struct account *a = accounts_verifier(d->as, name, &v);

	made = v;
	scram_verifier_make(&made, password, strlen(password));
	/* What it is, and whose, agree. */
	assert_true(memcmp(&made, &v, sizeof(v)) || a == accounts_find(d->as, name));
	return !memcmp(&made, &v, sizeof(v));
}

static void a_verifier_comes_with_the_password_and_goes_with_the_lock(void **state)
{
	struct daemon *d = *state;
	struct account *a = signup(d, "Alice");

	assert_true(opens(d, "alice", PASSWORD));
	assert_true(opens(d, "ALICE", PASSWORD));
	assert_false(opens(d, "alice", OTHER));
	account_lock(a, noon, "logged out");
	assert_false(opens(d, "alice", PASSWORD));
	assert_int_equal(login(d, "alice", OTHER), ERR_AUTH);
	assert_false(opens(d, "alice", OTHER));
	enter(d, "alice", PASSWORD);
	assert_true(opens(d, "alice", PASSWORD));
	restart(d);
	assert_false(opens(d, "alice", PASSWORD));
	enter(d, "alice", PASSWORD);
	assert_true(opens(d, "alice", PASSWORD));
}

static void a_new_password_has_a_new_verifier(void **state)
{
	struct daemon *d = *state;
	struct account *a = signup(d, "alice");

	assert_int_equal(finish(passwd_job(a, OTHER, "anything else"), NULL), ERR_AUTH);
	assert_true(opens(d, "alice", PASSWORD));
	assert_int_equal(finish(passwd_job(a, PASSWORD, OTHER), NULL), 0);
	assert_false(opens(d, "alice", PASSWORD));
	assert_true(opens(d, "alice", OTHER));
}

static void a_password_changed_behind_a_lock_leaves_no_verifier(void **state)
{
	struct daemon *d = *state;
	struct account *a = signup(d, "alice");
	struct account_job *job = passwd_job(a, PASSWORD, OTHER);
	struct scram_verifier v;

	account_lock(a, noon, "logged out");
	assert_int_equal(finish(job, NULL), 0);
	assert_null(accounts_verifier(d->as, "alice", &v));
	enter(d, "alice", OTHER);
	assert_true(opens(d, "alice", OTHER));
}

/* Salt and iterations are what a client learns without the password. */
static void nobody_learns_from_a_salt_whether_there_is_an_account(void **state)
{
	struct daemon *d = *state;
	struct scram_verifier before, unlocked, locked, again;

	assert_null(accounts_verifier(d->as, "alice", &before));
	assert_int_equal(before.iterations, 4096);
	struct account *a = signup(d, "alice");
	assert_ptr_equal(accounts_verifier(d->as, "alice", &unlocked), a);
	account_lock(a, noon, "logged out");
	assert_null(accounts_verifier(d->as, "alice", &locked));
	assert_memory_equal(before.salt, unlocked.salt, SCRAM_SALT_BYTES);
	assert_memory_equal(before.salt, locked.salt, SCRAM_SALT_BYTES);
	assert_int_equal(unlocked.iterations, 4096);
	assert_null(accounts_verifier(d->as, "ALICE", &again));
	assert_memory_equal(&again, &locked, sizeof(again));
	assert_null(accounts_verifier(d->as, "bob", &again));
	assert_memory_not_equal(again.salt, locked.salt, SCRAM_SALT_BYTES);
	assert_memory_not_equal(again.stored_key, locked.stored_key, SCRAM_KEY_BYTES);
	assert_null(accounts_verifier(d->as, "no nick at all, and far longer than any", &again));
}

/* ---- wiped ---- */

static struct account_job *wipe_job(struct account *a, const char *password)
{
	struct account_job *job = NULL;

	assert_int_equal(account_wipe_begin(a, password, strlen(password), &job), 0);
	account_job_run(job);
	return job;
}

static bool exists(struct daemon *d, const char *id, const char *leaf)
{
	char path[PATH_MAX];

	path_in(d, id, leaf, path);
	return access(path, F_OK) == 0;
}

static void a_wiped_account_is_gone(void **state)
{
	struct daemon *d = *state;
	struct account *a = signup(d, "alice"), *b = signup(d, "bob"), *none = b;
	char id[INDEX_ID_LEN + 1];

	strcpy(id, account_dir_id(a));
	assert_int_equal(finish(wipe_job(a, OTHER), NULL), ERR_AUTH);
	assert_int_equal(d->wiped + d->locked, 0);
	assert_true(exists(d, id, "key"));
	assert_int_equal(finish(wipe_job(a, PASSWORD), &none), 0);
	assert_null(none);
	assert_int_equal(d->wiped, 1);
	assert_int_equal(d->locked, 1);
	assert_false(exists(d, id, NULL));
	assert_int_equal(account_dirs(d), 1);
	assert_null(accounts_find(d->as, "alice"));
	assert_non_null(account_chat(b));
	assert_int_equal(login(d, "alice", PASSWORD), ERR_AUTH);
	restart(d);
	assert_int_equal(login(d, "alice", PASSWORD), ERR_AUTH);
	enter(d, "bob", PASSWORD);
	assert_string_not_equal(account_dir_id(signup(d, "alice")), id); /* the name is free */
}

static void one_that_is_locked_meanwhile_is_wiped_all_the_same(void **state)
{
	struct daemon *d = *state;
	struct account *a = signup(d, "alice");
	struct account_job *job = wipe_job(a, PASSWORD);

	account_lock(a, noon, "logged out");
	assert_int_equal(finish(job, NULL), 0);
	assert_int_equal(account_dirs(d), 0);
}

static void jobs_on_a_wiped_account_end(void **state)
{
	struct daemon *d = *state;
	struct account *a = signup(d, "alice");
	struct account_job *in = login_job(d, "alice", PASSWORD), *change = passwd_job(a, PASSWORD, OTHER),
			   *twice = wipe_job(a, PASSWORD);

	account_job_run(in);
	assert_int_equal(finish(wipe_job(a, PASSWORD), NULL), 0);
	assert_int_equal(finish(in, NULL), ERR_AUTH);
	assert_int_equal(finish(change, NULL), ERR_AUTH);
	assert_int_equal(finish(twice, NULL), ERR_AUTH);
	assert_int_equal(account_dirs(d), 0);
}

/* The key is destroyed at once, what is left is swept; nothing of it is anybody's spare. */
static void a_daemon_that_ends_early_cleans_up_when_it_starts(void **state)
{
	struct daemon *d = *state;
	struct account *a = signup(d, "alice");
	char id[INDEX_ID_LEN + 1];

	strcpy(id, account_dir_id(a));
	d->keep_dir = true;
	assert_int_equal(finish(wipe_job(a, PASSWORD), NULL), 0);
	assert_false(exists(d, id, "key"));
	assert_true(exists(d, id, "db"));
	restart(d);
	assert_int_equal(account_dirs(d), 0);
}

static void an_index_that_cannot_be_written_keeps_the_account(void **state)
{
	struct daemon *d = *state;
	struct account *a = signup(d, "alice");
	char block[PATH_MAX];

	assert_int_equal(str_fmt(block, sizeof(block), "%s/index.tmp", d->h->dir), 0);
	assert_int_equal(mkdir(block, 0700), 0); /* in the way */
	assert_true(finish(wipe_job(a, PASSWORD), NULL) < 0);
	assert_int_equal(d->wiped, 0);
	assert_int_equal(rmdir(block), 0);
	assert_ptr_equal(enter(d, "alice", PASSWORD), a);
	restart(d);
	enter(d, "alice", PASSWORD);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
	    T(a_verifier_comes_with_the_password_and_goes_with_the_lock),
	    T(a_new_password_has_a_new_verifier),
	    T(a_password_changed_behind_a_lock_leaves_no_verifier),
	    T(nobody_learns_from_a_salt_whether_there_is_an_account),
	    T(a_wiped_account_is_gone),
	    T(one_that_is_locked_meanwhile_is_wiped_all_the_same),
	    T(jobs_on_a_wiped_account_end),
	    T(a_daemon_that_ends_early_cleans_up_when_it_starts),
	    T(an_index_that_cannot_be_written_keeps_the_account),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
