/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Accounts: registered once, locked by default, opened by their password and by nothing else. */
#include "accounts_help.h"

#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

/* ---- stories ---- */

static void alice_registers_and_comes_back_after_a_restart(void **state)
{
	struct daemon *d = *state;
	char onion[ONION_LEN + 1];
	struct account *a = signup(d, "Alice");
	assert_int_equal(d->created, 1);
	assert_int_equal(d->unlocked, 1);
	assert_string_equal(account_name(a), "Alice");
	assert_string_equal(chat_nick(account_chat(a)), "Alice");
	strcpy(onion, chat_onion(account_chat(a)));

	restart(d);
	assert_int_equal(d->locked, 1);
	a = accounts_find(d->as, "alice");
	assert_non_null(a);
	assert_null(account_chat(a)); /* locked until its user comes */
	assert_ptr_equal(enter(d, "ALICE", PASSWORD), a);
	assert_string_equal(chat_onion(account_chat(a)), onion);
	assert_int_equal(d->unlocked, 2);
	assert_int_equal(d->created, 1);
}

static void nobody_else_comes_in(void **state)
{
	struct daemon *d = *state;
	char longest[PASSWORD_MAX + 2];
	signup(d, "alice");
	for (int unlocked = 1; unlocked >= 0; unlocked--) {
		assert_int_equal(login(d, "alice", OTHER), ERR_AUTH);
		assert_int_equal(login(d, "alice", ""), ERR_AUTH);
		assert_int_equal(login(d, "alice", PASSWORD "!"), ERR_AUTH);
		assert_int_equal(login(d, "mallory", PASSWORD), ERR_AUTH);
		assert_int_equal(login(d, "", PASSWORD), ERR_AUTH);
		assert_int_equal(login(d, "no nick at all, and far longer than any", PASSWORD), ERR_AUTH);
		memset(longest, 'x', sizeof(longest));
		longest[sizeof(longest) - 1] = '\0';
		assert_int_equal(login(d, "alice", longest), ERR_AUTH);
		if (unlocked)
			restart(d);
		assert_null(account_chat(accounts_find(d->as, "alice")));
	}
	assert_int_equal(d->unlocked, 1);
}

static void two_accounts_are_strangers(void **state)
{
	struct daemon *d = *state;
	struct account *a = signup(d, "alice"), *b = signup(d, "bob");
	assert_string_not_equal(account_dir_id(a), account_dir_id(b));
	assert_string_not_equal(chat_onion(account_chat(a)), chat_onion(account_chat(b)));
	account_lock(b, noon, "logged out");
	assert_null(account_chat(b));
	assert_non_null(account_chat(a));
	assert_int_equal(login(d, "bob", PASSWORD), 0);
}

static void names_and_passwords_have_their_rules(void **state)
{
	struct daemon *d = *state;
	char password[PASSWORD_MAX + 2];
	memset(password, 'x', sizeof(password));
	password[PASSWORD_MAX + 1] = '\0';
	assert_int_equal(signup_begin(d, "alice", password), ERR_TOO_LONG);
	password[PASSWORD_MAX] = '\0';
	assert_int_equal(signup_begin(d, "alice", password), 0);
	password[PASSWORD_MIN] = '\0';
	assert_int_equal(signup_begin(d, "alice", password), 0);
	password[PASSWORD_MIN - 1] = '\0';
	assert_int_equal(signup_begin(d, "alice", password), ERR_WRONG_STATE);

	assert_int_equal(signup_begin(d, "", PASSWORD), ERR_INVALID);
	assert_int_equal(signup_begin(d, "al ice", PASSWORD), ERR_INVALID);
	assert_int_equal(signup_begin(d, "../alice", PASSWORD), ERR_INVALID);
	assert_int_equal(signup_begin(d, "Allium", PASSWORD), ERR_INVALID);
	assert_int_equal(signup_begin(d, "a11ium", PASSWORD), ERR_INVALID);
	signup(d, "alice");
	assert_int_equal(signup_begin(d, "aLICE", PASSWORD), ERR_EXISTS);

	d->opts.registration = false;
	restart(d);
	assert_false(accounts_registration(d->as));
	assert_int_equal(signup_begin(d, "bob", PASSWORD), ERR_REFUSED);
	assert_int_equal(signup_begin(d, "alice", PASSWORD), ERR_REFUSED); /* does not tell */
	enter(d, "alice", PASSWORD);
}

/* Each account has a tor of its own: their number is bounded. */
static void there_is_a_limit_on_accounts(void **state)
{
	struct daemon *d = *state;
	d->opts.accounts_max = 2;
	restart(d);
	signup(d, "alice");
	struct account_job *job = register_job(d, "carol"); /* begun while there was room */
	assert_true(accounts_registration(d->as));
	signup(d, "bob");
	assert_false(accounts_registration(d->as));
	assert_int_equal(signup_begin(d, "dave", PASSWORD), ERR_FULL);
	assert_int_equal(finish(job, NULL), ERR_FULL);
	d->opts.accounts_max = 1; /* who is there stays */
	restart(d);
	enter(d, "alice", PASSWORD);
	enter(d, "bob", PASSWORD);
}

static void the_longest_password_opens(void **state)
{
	struct daemon *d = *state;
	struct account_job *job;
	char password[PASSWORD_MAX + 1];
	memset(password, 'x', PASSWORD_MAX);
	password[PASSWORD_MAX] = '\0';
	assert_int_equal(account_register_begin(d->as, noon, "alice", password, PASSWORD_MAX, &job), 0);
	account_job_run(job);
	assert_int_equal(finish(job, NULL), 0);
	restart(d);
	enter(d, "alice", password);
}

static void a_new_password_replaces_the_old_one(void **state)
{
	struct daemon *d = *state;
	struct account *a = signup(d, "alice");
	struct account_job *job;
	assert_int_equal(finish(passwd_job(a, OTHER, "anything else"), NULL), ERR_AUTH);
	assert_int_equal(account_passwd_begin(a, PASSWORD, strlen(PASSWORD), "", 0, &job),
			 ERR_WRONG_STATE);
	assert_int_equal(login(d, "alice", PASSWORD), 0);

	assert_int_equal(finish(passwd_job(a, PASSWORD, OTHER), NULL), 0);
	assert_int_equal(login(d, "alice", PASSWORD), ERR_AUTH);
	restart(d);
	assert_int_equal(login(d, "alice", PASSWORD), ERR_AUTH);
	enter(d, "alice", OTHER);
}

static void of_two_new_passwords_one_holds(void **state)
{
	struct daemon *d = *state;
	struct account *a = signup(d, "alice");
	struct account_job *one = passwd_job(a, PASSWORD, "the first one"),
			   *two = passwd_job(a, PASSWORD, "the second one");
	assert_int_equal(finish(one, NULL), 0);
	assert_int_equal(finish(two, NULL), ERR_AUTH); /* its old password is none any more */
	assert_int_equal(login(d, "alice", "the second one"), ERR_AUTH);
	assert_int_equal(login(d, "alice", "the first one"), 0);
}

static void a_login_with_a_password_changed_meanwhile_fails(void **state)
{
	struct daemon *d = *state;
	struct account *a = signup(d, "alice");
	struct account_job *job = login_job(d, "alice", PASSWORD);
	account_job_run(job);
	assert_int_equal(finish(passwd_job(a, PASSWORD, OTHER), NULL), 0);
	assert_int_equal(finish(job, NULL), ERR_AUTH);
}

static void *run_thread(void *arg)
{
	account_job_run(arg);
	return NULL;
}

static void two_logins_at_once_open_one_account(void **state)
{
	struct daemon *d = *state;
	struct account_job *jobs[2];
	struct account *a[2] = {NULL, NULL};
	pthread_t threads[2];
	signup(d, "alice");
	restart(d);
	d->unlocked = 0;
	for (int i = 0; i < 2; i++) {
		jobs[i] = login_job(d, "alice", PASSWORD);
		assert_int_equal(pthread_create(&threads[i], NULL, run_thread, jobs[i]), 0);
	}
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(finish(jobs[i], &a[i]), 0);
	assert_non_null(a[0]);
	assert_ptr_equal(a[0], a[1]);
	assert_int_equal(d->unlocked, 1);
}

static void two_registrations_of_a_name_make_one_account(void **state)
{
	struct daemon *d = *state;
	struct account_job *one = register_job(d, "alice"), *two = register_job(d, "ALICE");
	struct account *a = NULL, *b = NULL;
	assert_int_equal(finish(one, &a), 0);
	assert_int_equal(finish(two, &b), ERR_EXISTS);
	assert_non_null(a);
	assert_null(b);
	assert_int_equal(account_dirs(d), 1);
	assert_int_equal(d->created, 1);
}

static void a_job_is_finished_once_and_only_after_it_ran(void **state)
{
	struct daemon *d = *state;
	struct account *a;
	signup(d, "alice");
	struct account_job *job = login_job(d, "alice", PASSWORD);
	assert_int_equal(account_job_finish(job, noon, &a), ERR_WRONG_STATE);
	account_job_run(job);
	assert_int_equal(account_job_finish(job, noon, &a), 0);
	assert_int_equal(account_job_finish(job, noon, &a), ERR_WRONG_STATE);
	account_job_free(job);
	account_job_free(NULL);
	account_job_free(login_job(d, "alice", PASSWORD)); /* cancelled before it ran */
	job = register_job(d, "bob");			   /* and after */
	account_job_free(job);
	assert_null(accounts_find(d->as, "bob"));
	assert_int_equal(account_dirs(d), 1);
}

static void an_unknown_name_costs_what_an_account_costs(void **state)
{
	struct daemon *d = *state;
	signup(d, "alice");
	/* Parameters that no hash takes: only an answer that used an account's is the usual one. */
	d->opts.pwhash = (struct pwhash_params){0, 0};
	restart(d);
	assert_int_equal(login(d, "mallory", PASSWORD), ERR_AUTH);
	assert_int_equal(login(d, "alice", OTHER), ERR_AUTH);
	enter(d, "alice", PASSWORD);
}

static void a_broken_key_file_answers_like_a_wrong_password(void **state)
{
	struct daemon *d = *state;
	struct account *a = signup(d, "alice");
	struct account_job *job;
	char path[PATH_MAX];
	path_in(d, account_dir_id(a), "key", path);
	assert_int_equal(file_replace(path, "what is this", 12, 0600), 0);
	assert_int_equal(login(d, "alice", PASSWORD), ERR_AUTH);
	assert_int_equal(account_passwd_begin(a, PASSWORD, strlen(PASSWORD), OTHER, strlen(OTHER), &job),
			 ERR_INVALID);
	assert_int_equal(unlink(path), 0); /* destroyed */
	assert_int_equal(login(d, "alice", PASSWORD), ERR_AUTH);
	assert_non_null(account_chat(a)); /* what is open stays so */
}

static void a_broken_database_is_not_a_wrong_password(void **state)
{
	struct daemon *d = *state;
	char path[PATH_MAX];
	path_in(d, account_dir_id(signup(d, "alice")), "db", path);
	restart(d);
	assert_int_equal(file_replace(path, "what is this", 12, 0600), 0);
	assert_int_equal(login(d, "alice", PASSWORD), ERR_IO);
	assert_int_equal(login(d, "alice", OTHER), ERR_AUTH); /* told to nobody else */
	assert_null(account_chat(accounts_find(d->as, "alice")));
}

/* ---- registration that does not end well ---- */

static void the_spare_directory_is_used_once_it_holds_an_account(void **state)
{
	struct daemon *d = *state;
	assert_int_equal(accounts_new_dir(d->as, d->spare), 0);
	struct account *a = signup(d, "alice");
	assert_string_equal(account_dir_id(a), d->spare);
	assert_int_equal(account_dirs(d), 1);
	/* the same one again would cost alice her account */
	assert_int_equal(finish(register_job(d, "bob"), NULL), ERR_WRONG_STATE);
	d->spare[0] = '\0';
	restart(d);
	enter(d, "alice", PASSWORD);
	assert_null(accounts_find(d->as, "bob"));
	signup(d, "bob");
	assert_int_equal(account_dirs(d), 2);
}

static void an_index_that_cannot_be_written_leaves_no_account(void **state)
{
	struct daemon *d = *state;
	char block[PATH_MAX], db[PATH_MAX], key[PATH_MAX];
	assert_int_equal(accounts_new_dir(d->as, d->spare), 0);
	assert_int_equal(str_fmt(block, sizeof(block), "%s/index.tmp", d->h->dir), 0);
	assert_int_equal(mkdir(block, 0700), 0); /* in the way */
	assert_true(finish(register_job(d, "alice"), NULL) < 0);
	assert_null(accounts_find(d->as, "alice"));
	assert_int_equal(d->created, 0);
	path_in(d, d->spare, "db", db);
	path_in(d, d->spare, "key", key);
	assert_int_equal(access(db, F_OK), -1);
	assert_int_equal(access(key, F_OK), -1);

	assert_int_equal(rmdir(block), 0);
	assert_string_equal(account_dir_id(signup(d, "alice")), d->spare);
}

static void die(void)
{
	kill(getpid(), SIGKILL);
}

static void kill_while_registering(struct daemon *d, void (**where)(void))
{
	int status;
	accounts_free(d->as);
	d->as = NULL;
	const pid_t child = fork();
	assert_true(child >= 0);
	if (!child) {
		*where = die;
		start(d);
		signup(d, "alice");
		_exit(1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	d->seed++;
	start(d);
}

static void a_crash_before_the_index_leaves_nothing(void **state)
{
	struct daemon *d = *state;
	assert_int_equal(accounts_new_dir(d->as, d->spare), 0);
	d->spare[0] = '\0';
	kill_while_registering(d, &d->in_spare);
	assert_null(accounts_find(d->as, "alice"));
	assert_int_equal(account_dirs(d), 1); /* nothing was begun in it: kept */
	signup(d, "alice");
	assert_int_equal(account_dirs(d), 1); /* went to her */
}

static void a_crash_after_the_index_leaves_the_account(void **state)
{
	struct daemon *d = *state;
	kill_while_registering(d, &d->in_created);
	assert_int_equal(account_dirs(d), 1);
	enter(d, "alice", PASSWORD);
}

/* ---- locked, reopened ---- */

static void a_locked_account_is_closed_in_good_order(void **state)
{
	struct daemon *d = *state;
	struct account *a = signup(d, "alice");
	assert_int_equal(chat_set_nick(account_chat(a), noon, "Alicia"),
			 0); /* of a turn that has not ended */
	account_lock(a, noon, "logged out");
	assert_int_equal(d->locked, 1);
	assert_int_equal(d->lost, 0);
	assert_true(d->had_chat);
	assert_null(account_chat(a));
	account_lock(a, noon, "logged out"); /* is so already */
	assert_int_equal(d->locked, 1);
	assert_int_equal(account_reopen(a, noon), ERR_WRONG_STATE);
	assert_string_equal(chat_nick(account_chat(enter(d, "alice", PASSWORD))), "Alicia");
}

/* The front must then let nothing of that turn out. */
static void a_turn_that_is_lost_when_locking_is_told(void **state)
{
	struct daemon *d = *state;
	struct account *a = signup(d, "alice");
	struct rlimit before, none;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	none = before;
	none.rlim_cur = 0;
	assert_int_equal(chat_set_nick(account_chat(a), noon, "Alicia"), 0);
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	account_lock(a, noon, "logged out");
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(d->locked, 1);
	assert_int_not_equal(d->lost, 0);
	assert_int_equal(account_lost(a), 0);
	assert_string_equal(chat_nick(account_chat(enter(d, "alice", PASSWORD))), "alice");
}

static void the_first_write_of_a_turn_asks_for_a_commit(void **state)
{
	struct daemon *d = *state;
	struct account *a = signup(d, "alice");
	assert_int_equal(d->dirty, 0); /* opening writes nothing */
	assert_int_equal(chat_set_nick(account_chat(a), noon, "Alicia"), 0);
	assert_int_equal(d->dirty, 1);
	assert_int_equal(chat_commit(account_chat(a)), 0);
	assert_int_equal(chat_set_nick(account_chat(a), noon, "Alison"), 0);
	assert_int_equal(d->dirty, 2);
}

static void reopening_goes_back_to_the_last_commit(void **state)
{
	struct daemon *d = *state;
	struct account *a = signup(d, "alice");
	assert_int_equal(chat_set_nick(account_chat(a), noon, "Alicia"), 0);
	assert_int_equal(chat_commit(account_chat(a)), 0);
	assert_int_equal(chat_set_nick(account_chat(a), noon, "Lost"), 0);
	assert_int_equal(account_reopen(a, noon), 0);
	assert_string_equal(chat_nick(account_chat(a)), "Alicia");
	assert_int_equal(d->unlocked, 1);
	assert_int_equal(d->locked, 0);
	/* and it lives */
	assert_int_equal(chat_set_nick(account_chat(a), noon, "Alison"), 0);
	assert_int_equal(chat_commit(account_chat(a)), 0);
	restart(d);
	assert_string_equal(chat_nick(account_chat(enter(d, "alice", PASSWORD))), "Alison");
}

static void what_cannot_be_reopened_is_locked(void **state)
{
	struct daemon *d = *state;
	struct account *a = signup(d, "alice");
	char path[PATH_MAX];
	path_in(d, account_dir_id(a), "db", path);
	assert_int_equal(chat_commit(account_chat(a)), 0);
	accounts_checkpoint(d->as);
	assert_int_equal(store_destroy(path), 0);
	assert_int_equal(file_replace(path, "what is this", 12, 0600), 0);
	assert_int_equal(account_reopen(a, noon), ERR_IO);
	assert_int_equal(d->locked, 1);
	assert_true(d->had_chat);
	assert_null(account_chat(a));
}

static void a_checkpoint_empties_the_logs(void **state)
{
	struct daemon *d = *state;
	struct account *a = signup(d, "alice"), *b = signup(d, "bob");
	char path[2][PATH_MAX];
	path_in(d, account_dir_id(a), "db", path[0]);
	path_in(d, account_dir_id(b), "db", path[1]);
	assert_int_equal(chat_set_nick(account_chat(a), noon, "Alicia"), 0);
	assert_int_equal(chat_commit(account_chat(a)), 0);
	assert_int_equal(chat_set_nick(account_chat(b), noon, "Bobby"), 0); /* within its turn */
	assert_true(help_size(path[0], "-wal") > 0);
	accounts_checkpoint(d->as);
	assert_int_equal(help_size(path[0], "-wal"), 0);
	assert_int_equal(chat_commit(account_chat(b)), 0);
	accounts_checkpoint(d->as);
	assert_int_equal(help_size(path[1], "-wal"), 0);
}

static void nothing_secret_is_readable_on_disk(void **state)
{
	static const char *const leaves[] = {"key", "db", "db-wal"};
	struct daemon *d = *state;
	struct account *a = signup(d, "alice");
	uint8_t seed[KEY_BYTES];
	char path[PATH_MAX], onion[ONION_LEN + 1];
	memcpy(seed, chat_identity_seed(account_chat(a)), KEY_BYTES);
	strcpy(onion, chat_onion(account_chat(a)));
	for (size_t i = 0; i < 3; i++) {
		char *data;
		size_t len;
		path_in(d, account_dir_id(a), leaves[i], path);
		if (access(path, F_OK))
			continue;
		assert_int_equal(file_read(path, 16u << 20, &data, &len), 0);
		assert_null(memmem(data, len, seed, KEY_BYTES));
		assert_null(memmem(data, len, onion, ONION_LEN));
		assert_null(memmem(data, len, PASSWORD, strlen(PASSWORD)));
		assert_null(memmem(data, len, "alice", 5));
		free(data);
	}
}

static int count(void *ctx, struct account *a)
{
	(void)a;
	return ++*(int *)ctx == 2 ? 7 : 0;
}

static void accounts_are_walked_and_carry_data(void **state)
{
	struct daemon *d = *state;
	int n = 0;
	struct account *a = signup(d, "alice");
	signup(d, "bob");
	signup(d, "carol");
	assert_int_equal(accounts_each(d->as, count, &n), 7); /* ended by the callback */
	assert_int_equal(n, 2);
	account_set_data(a, &n);
	assert_ptr_equal(account_data(a), &n);
}

static void a_second_daemon_is_refused(void **state)
{
	struct daemon *d = *state;
	struct accounts *second = NULL;
	assert_int_equal(accounts_open(&d->opts, &second), ERR_EXISTS);
	assert_null(second);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
	    T(alice_registers_and_comes_back_after_a_restart),
	    T(nobody_else_comes_in),
	    T(two_accounts_are_strangers),
	    T(names_and_passwords_have_their_rules),
	    T(the_longest_password_opens),
	    T(a_new_password_replaces_the_old_one),
	    T(of_two_new_passwords_one_holds),
	    T(a_login_with_a_password_changed_meanwhile_fails),
	    T(two_logins_at_once_open_one_account),
	    T(two_registrations_of_a_name_make_one_account),
	    T(there_is_a_limit_on_accounts),
	    T(a_job_is_finished_once_and_only_after_it_ran),
	    T(an_unknown_name_costs_what_an_account_costs),
	    T(a_broken_key_file_answers_like_a_wrong_password),
	    T(a_broken_database_is_not_a_wrong_password),
	    T(the_spare_directory_is_used_once_it_holds_an_account),
	    T(an_index_that_cannot_be_written_leaves_no_account),
	    T(a_crash_before_the_index_leaves_nothing),
	    T(a_crash_after_the_index_leaves_the_account),
	    T(a_locked_account_is_closed_in_good_order),
	    T(a_turn_that_is_lost_when_locking_is_told),
	    T(the_first_write_of_a_turn_asks_for_a_commit),
	    T(reopening_goes_back_to_the_last_commit),
	    T(what_cannot_be_reopened_is_locked),
	    T(a_checkpoint_empties_the_logs),
	    T(nothing_secret_is_readable_on_disk),
	    T(accounts_are_walked_and_carry_data),
	    T(a_second_daemon_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
