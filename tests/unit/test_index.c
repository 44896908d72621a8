/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The index of accounts: kept whole, held by one daemon, strict about what it reads. */
#include "store_help.h"

#include <signal.h>
#include <sys/wait.h>

#include "store/index.h"

#define ID_A "0123456789abcdef"
#define ID_B "fedcba9876543210"

static uint64_t seed = 1;

static struct index opened(const struct help *h)
{
	struct index ix;
	assert_int_equal(index_open(h->dir, &ix), 0);
	return ix;
}

static mode_t mode_of(const char *path)
{
	struct stat st;
	assert_int_equal(stat(path, &st), 0);
	return st.st_mode & 0777;
}

static void names_are_found_again(void **state)
{
	struct index ix = opened(*state);
	assert_null(index_find(&ix, "alice"));
	assert_int_equal(index_add(&ix, "Alice", ID_A), 0);
	assert_int_equal(index_add(&ix, "bob", ID_B), 0);
	index_close(&ix);

	ix = opened(*state);
	assert_int_equal(ix.n, 2);
	const struct index_entry *e = index_find(&ix, "aLICE");
	assert_non_null(e);
	assert_string_equal(e->name, "Alice");
	assert_string_equal(e->id, ID_A);
	assert_null(index_find(&ix, "carol"));
	index_close(&ix);
	index_close(&ix); /* twice is fine */
}

static void a_name_and_a_directory_are_taken_once(void **state)
{
	struct index ix = opened(*state);
	assert_int_equal(index_add(&ix, "alice", ID_A), 0);
	assert_int_equal(index_add(&ix, "ALICE", ID_B), ERR_EXISTS);
	assert_int_equal(index_add(&ix, "bob", ID_A), ERR_EXISTS);
	assert_int_equal(index_add(&ix, "two words", ID_B), ERR_INVALID);
	assert_int_equal(index_add(&ix, "", ID_B), ERR_INVALID);
	assert_int_equal(index_add(&ix, "bob", "../../etc/passwd"), ERR_INVALID);
	assert_int_equal(ix.n, 1);
	index_close(&ix);
	ix = opened(*state);
	assert_int_equal(ix.n, 1);
	index_close(&ix);
}

static void a_name_that_is_taken_off_is_free(void **state)
{
	struct index ix = opened(*state);
	assert_int_equal(index_add(&ix, "alice", ID_A), 0);
	assert_int_equal(index_add(&ix, "bob", ID_B), 0);
	assert_int_equal(index_remove(&ix, "carol"), ERR_NOT_FOUND);
	assert_int_equal(index_remove(&ix, "ALICE"), 0);
	assert_null(index_find(&ix, "alice"));
	index_close(&ix);
	ix = opened(*state);
	assert_int_equal(ix.n, 1);
	assert_string_equal(index_find(&ix, "bob")->id, ID_B);
	assert_int_equal(index_add(&ix, "alice", ID_A), 0);
	assert_int_equal(index_remove(&ix, "alice"), 0);
	assert_int_equal(index_remove(&ix, "bob"), 0);
	index_close(&ix);
	ix = opened(*state);
	assert_int_equal(ix.n, 0);
	index_close(&ix);
}

static void it_takes_no_more_than_its_bound(void **state)
{
	struct index ix = opened(*state);
	char name[NICK_MAX + 1], id[INDEX_ID_LEN + 1];
	for (unsigned i = 1; i < INDEX_ACCOUNTS_MAX; i++) {
		/* in memory, as if they had been added */
		struct index_entry *e = &ix.entries[ix.n++];
		assert_int_equal(str_fmt(e->name, sizeof(e->name), "account%u", i), 0);
		assert_int_equal(str_fmt(e->id, sizeof(e->id), "%016x", i), 0);
	}
	memset(name, 'a', NICK_MAX);
	name[NICK_MAX] = '\0';
	assert_int_equal(str_fmt(id, sizeof(id), "%016x", INDEX_ACCOUNTS_MAX), 0);
	assert_int_equal(index_add(&ix, name, id), 0);
	assert_int_equal(index_add(&ix, "onemore", ID_A), ERR_FULL);
	index_close(&ix);
	ix = opened(*state);
	assert_int_equal(ix.n, INDEX_ACCOUNTS_MAX);
	assert_non_null(index_find(&ix, name));
	assert_non_null(index_find(&ix, "account999"));
	index_close(&ix);
}

static void a_second_daemon_is_kept_out(void **state)
{
	const struct help *h = *state;
	struct index ix = opened(h), second;
	assert_int_equal(index_open(h->dir, &second), ERR_EXISTS);
	assert_int_equal(index_add(&ix, "alice", ID_A), 0);
	index_close(&ix);
	ix = opened(h);
	assert_int_equal(ix.n, 1);
	index_close(&ix);
}

static void the_lock_ends_with_the_daemon(void **state)
{
	const struct help *h = *state;
	struct index ix;
	int fd[2], status;
	char c;
	assert_int_equal(pipe(fd), 0);
	const pid_t child = fork();
	assert_true(child >= 0);
	if (!child) {
		if (index_open(h->dir, &ix) || write(fd[1], "x", 1) != 1)
			_exit(1);
		pause();
		_exit(2);
	}
	assert_int_equal(read(fd[0], &c, 1), 1);
	assert_int_equal(index_open(h->dir, &ix), ERR_EXISTS);
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	close(fd[0]);
	close(fd[1]);
	ix = opened(h);
	index_close(&ix);
}

static void directories_are_private(void **state)
{
	const struct help *h = *state;
	const struct rng rng = unit_rng(&seed);
	char top[PATH_MAX], path[PATH_MAX], id[INDEX_ID_LEN + 1], other[INDEX_ID_LEN + 1];
	struct index ix;
	assert_int_equal(str_fmt(top, sizeof(top), "%s/new/state", h->dir), 0);
	assert_int_equal(index_open(top, &ix), 0);
	assert_int_equal(mode_of(top), 0700);
	assert_int_equal(index_new_dir(&ix, &rng, id), 0);
	assert_int_equal(index_new_dir(&ix, &rng, other), 0);
	assert_string_not_equal(id, other);
	assert_int_equal(index_path(&ix, id, NULL, path, sizeof(path)), 0);
	assert_int_equal(mode_of(path), 0700);
	assert_int_equal(index_path(&ix, id, "key", path, sizeof(path)), 0);
	assert_int_equal(file_replace(path, "x", 1, 0600), 0);
	assert_int_equal(index_path(&ix, id, "key", path, 20), ERR_TOO_LONG);
	index_close(&ix);
}

static void a_taken_directory_is_not_given_out_again(void **state)
{
	uint64_t same = 5;
	struct rng rng = unit_rng(&same);
	char id[INDEX_ID_LEN + 1], other[INDEX_ID_LEN + 1];
	struct index ix = opened(*state);
	assert_int_equal(index_new_dir(&ix, &rng, id), 0);
	same = 5; /* the random source repeats itself */
	assert_int_equal(index_new_dir(&ix, &rng, other), 0);
	assert_string_not_equal(id, other);
	index_close(&ix);
}

static void what_no_entry_names_is_swept(void **state)
{
	const struct rng rng = unit_rng(&seed);
	char named[INDEX_ID_LEN + 1], spare[INDEX_ID_LEN + 1], path[PATH_MAX], kept[PATH_MAX];
	struct index ix = opened(*state);
	assert_int_equal(index_new_dir(&ix, &rng, named), 0);
	assert_int_equal(index_new_dir(&ix, &rng, spare), 0);
	assert_int_equal(index_add(&ix, "alice", named), 0);
	assert_int_equal(index_path(&ix, named, "key", kept, sizeof(kept)), 0);
	assert_int_equal(file_replace(kept, "x", 1, 0600), 0);
	assert_int_equal(index_path(&ix, spare, "db", path, sizeof(path)), 0);
	assert_int_equal(file_replace(path, "x", 1, 0600), 0); /* begun, never named */
	assert_int_equal(index_sweep(&ix), 0);
	assert_int_equal(access(kept, F_OK), 0);
	assert_int_equal(index_path(&ix, spare, NULL, path, sizeof(path)), 0);
	assert_int_equal(access(path, F_OK), -1);
	index_close(&ix);
}

/* The next start's spare goes on with the guards of the last one's. */
static void one_unused_directory_is_kept_for_the_next_account(void **state)
{
	const struct rng rng = unit_rng(&seed);
	char spare[2][INDEX_ID_LEN + 1], id[INDEX_ID_LEN + 1], path[PATH_MAX];
	struct index ix = opened(*state);
	int left = 0;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(index_new_dir(&ix, &rng, spare[i]), 0);
		assert_int_equal(index_path(&ix, spare[i], "tor", path, sizeof(path)), 0);
		assert_int_equal(file_mkdir(path, 0700), 0);
	}
	assert_int_equal(index_sweep(&ix), 0);
	assert_int_equal(index_new_dir(&ix, &rng, id), 0);
	assert_true(!strcmp(id, spare[0]) || !strcmp(id, spare[1]));
	for (int i = 0; i < 2; i++) {
		assert_int_equal(index_path(&ix, spare[i], "tor", path, sizeof(path)), 0);
		left += access(path, F_OK) == 0;
	}
	assert_int_equal(left, 1);
	/* and only once */
	assert_int_equal(index_new_dir(&ix, &rng, spare[0]), 0);
	assert_string_not_equal(spare[0], id);
	index_close(&ix);
}

static void a_lost_index_does_not_cost_the_accounts(void **state)
{
	const struct help *h = *state;
	const struct rng rng = unit_rng(&seed);
	char path[PATH_MAX], key[PATH_MAX], id[INDEX_ID_LEN + 1];
	struct index ix = opened(h);
	assert_int_equal(index_new_dir(&ix, &rng, id), 0);
	assert_int_equal(index_path(&ix, id, "key", key, sizeof(key)), 0);
	assert_int_equal(file_replace(key, "x", 1, 0600), 0);
	index_close(&ix);
	ix = opened(h); /* named by nobody yet, but the index is there */
	index_close(&ix);

	assert_int_equal(str_fmt(path, sizeof(path), "%s/index", h->dir), 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(index_open(h->dir, &ix), ERR_INVALID);
	assert_int_equal(access(key, F_OK), 0);
}

static void what_is_malformed_is_refused(void **state)
{
	static const char *const bad[] = {
	    "alice " ID_A,				  /* cut off */
	    "alice\n",					  /* no directory */
	    "alice  " ID_A "\n",			  /* two blanks */
	    "alice " ID_A " \n",			  /* a blank more */
	    "alice " ID_A "\r\n",			  /* another end */
	    " " ID_A "\n",				  /* no name */
	    "\n",					  /* nothing */
	    "al ice " ID_A "\n",			  /* a blank within */
	    "1alice " ID_A "\n",			  /* no nick */
	    "alice 0123456789ABCDEF\n",			  /* not as we write it */
	    "alice 0123456789abcde\n",			  /* short */
	    "alice 0123456789abcdef0\n",		  /* long */
	    "alice ../../../../../x\n",			  /* elsewhere */
	    "alice " ID_A "\nAlice " ID_B "\n",		  /* a name twice */
	    "alice " ID_A "\nbob " ID_A "\n",		  /* a directory twice */
	    "aaaaaaaaaabbbbbbbbbbccccccccccd " ID_A "\n", /* 31 bytes */
	};
	static struct index_entry entries[INDEX_ACCOUNTS_MAX];
	const struct help *h = *state;
	char path[PATH_MAX];
	size_t n;
	struct index ix;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(index_parse(bad[i], strlen(bad[i]), entries, &n), ERR_INVALID);
	assert_int_equal(index_parse("a\0b " ID_A "\n", 4 + INDEX_ID_LEN + 1, entries, &n), ERR_INVALID);
	assert_int_equal(index_parse("", 0, entries, &n), 0);
	assert_int_equal(n, 0);

	assert_int_equal(str_fmt(path, sizeof(path), "%s/index", h->dir), 0);
	assert_int_equal(file_replace(path, bad[0], strlen(bad[0]), 0600), 0);
	assert_int_equal(index_open(h->dir, &ix), ERR_INVALID);
	/* it was given back: after a repair it opens */
	assert_int_equal(file_replace(path, "alice " ID_A "\n", 7 + INDEX_ID_LEN, 0600), 0);
	ix = opened(h);
	assert_int_equal(ix.n, 1);
	index_close(&ix);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, help_setup, help_teardown)
	const struct CMUnitTest tests[] = {
	    T(names_are_found_again),
	    T(a_name_and_a_directory_are_taken_once),
	    T(a_name_that_is_taken_off_is_free),
	    T(it_takes_no_more_than_its_bound),
	    T(a_second_daemon_is_kept_out),
	    T(the_lock_ends_with_the_daemon),
	    T(directories_are_private),
	    T(a_taken_directory_is_not_given_out_again),
	    T(what_no_entry_names_is_swept),
	    T(one_unused_directory_is_kept_for_the_next_account),
	    T(a_lost_index_does_not_cost_the_accounts),
	    T(what_is_malformed_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
