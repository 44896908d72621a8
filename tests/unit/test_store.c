/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The life of a database: keys, turns, failures, crashes. */
#include "store_help.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "store/store.h"

static void what_was_committed_is_there_again(void **state)
{
	struct store *s = help_open(*state);
	assert_false(store_dirty(s));
	assert_int_equal(help_line(s, 0, "one"), 0);
	assert_true(store_dirty(s));
	assert_int_equal(store_commit(s), 0);
	assert_false(store_dirty(s));
	assert_int_equal(store_commit(s), 0); /* nothing to do */
	assert_int_equal(help_line(s, 0, "two"), 0);
	store_close(s); /* never committed */

	s = help_open(*state);
	assert_int_equal(help_lines(s), 1);
	store_close(s);
	store_close(NULL);
}

static void rollback_forgets_the_turn(void **state)
{
	struct store *s = help_open(*state);
	assert_int_equal(help_line(s, 0, "one"), 0);
	store_rollback(s);
	assert_false(store_dirty(s));
	assert_int_equal(help_lines(s), 0);
	assert_int_equal(help_line(s, 0, "two"), 0);
	assert_int_equal(store_commit(s), 0);
	assert_int_equal(help_lines(s), 1);
	store_close(s);
}

static void a_wrong_key_opens_nothing(void **state)
{
	const struct help *h = *state;
	uint8_t wrong[KEY_BYTES];
	struct store *s = help_open(h);
	assert_int_equal(help_line(s, 0, "one"), 0);
	assert_int_equal(store_commit(s), 0);
	store_close(s);

	memcpy(wrong, help_key, sizeof(wrong));
	wrong[KEY_BYTES - 1] ^= 1;
	s = NULL;
	assert_int_equal(store_open(h->db, wrong, NULL, &s), ERR_AUTH);
	assert_null(s);

	/* and has damaged nothing */
	s = help_open(h);
	assert_int_equal(help_lines(s), 1);
	store_close(s);
}

static void flip(const char *path, long at)
{
	FILE *f = fopen(path, "r+");
	assert_non_null(f);
	assert_int_equal(fseek(f, at, SEEK_SET), 0);
	const int c = fgetc(f);
	assert_int_not_equal(c, EOF);
	assert_int_equal(fseek(f, at, SEEK_SET), 0);
	assert_int_not_equal(fputc(c ^ 1, f), EOF);
	assert_int_equal(fclose(f), 0);
}

static void a_damaged_file_is_refused(void **state)
{
	const struct help *h = *state;
	struct store *s = help_open(h);
	store_close(s);
	flip(h->db, 100);
	assert_int_equal(store_open(h->db, help_key, NULL, &s), ERR_AUTH);
	flip(h->db, 100);
	store_close(help_open(h));

	assert_int_equal(file_replace(h->db, "this is no database, and short", 30, 0600), 0);
	assert_int_equal(store_open(h->db, help_key, NULL, &s), ERR_AUTH);
}

static void a_damaged_page_is_an_error_not_a_lie(void **state)
{
	const struct help *h = *state;
	struct store *s = help_open(h);
	size_t n = 0;
	for (int i = 0; i < 5000; i++)
		assert_int_equal(help_line(s, 0, "some line with some text in it, so that pages fill"), 0);
	assert_int_equal(store_commit(s), 0);
	store_close(s);
	/* well past the schema, in every page of whatever size */
	const long size = (long)help_size(h->db, "");
	for (long at = size / 2; at < size; at += 1024)
		flip(h->db, at);
	s = help_open(h);
	assert_true(store_line_since(s, 0, SIZE_MAX, help_count_cb, &n) < 0);
	store_close(s);
}

static void the_file_is_for_nobody_else(void **state)
{
	const struct help *h = *state;
	char wal[PATH_MAX];
	struct stat st;
	struct store *s = help_open(h);
	assert_int_equal(help_line(s, 0, "one"), 0);
	assert_int_equal(store_commit(s), 0);
	assert_int_equal(stat(h->db, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(str_fmt(wal, sizeof(wal), "%s-wal", h->db), 0);
	assert_int_equal(stat(wal, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	store_close(s);
}

static void what_cannot_be_made_is_an_error(void **state)
{
	const struct help *h = *state;
	char path[PATH_MAX];
	struct store *s = NULL;
	assert_int_equal(str_fmt(path, sizeof(path), "%s/missing/db", h->dir), 0);
	assert_int_equal(store_open(path, help_key, NULL, &s), ERR_IO);
	assert_int_equal(store_open(h->dir, help_key, NULL, &s), ERR_IO);
	assert_null(s);
}

/* ---- turns ---- */

struct turns {
	int begun;
	int fault; /* what before_commit says */
};

static void on_begin(void *ctx)
{
	((struct turns *)ctx)->begun++;
}

static int before_commit(void *ctx)
{
	return ((struct turns *)ctx)->fault;
}

static void a_turn_begins_once_with_its_first_write(void **state)
{
	const struct help *h = *state;
	struct turns t = {0, 0};
	const struct store_opts opts = {on_begin, NULL, &t};
	struct store *s;
	assert_int_equal(store_open(h->db, help_key, &opts, &s), 0);
	assert_int_equal(t.begun, 0); /* not by making the tables */
	help_lines(s);
	assert_int_equal(t.begun, 0); /* nor by reading */
	assert_int_equal(help_line(s, 0, "one"), 0);
	assert_int_equal(help_line(s, 0, "two"), 0);
	assert_int_equal(t.begun, 1);
	assert_int_equal(store_commit(s), 0);
	assert_int_equal(help_line(s, 0, "three"), 0);
	assert_int_equal(t.begun, 2);
	store_close(s);
}

static void a_commit_that_fails_keeps_nothing_of_its_turn(void **state)
{
	const struct help *h = *state;
	struct turns t = {0, 0};
	const struct store_opts opts = {on_begin, before_commit, &t};
	struct store *s;
	assert_int_equal(store_open(h->db, help_key, &opts, &s), 0);
	assert_int_equal(help_line(s, 0, "before"), 0);
	assert_int_equal(store_commit(s), 0);

	t.fault = ERR_FULL;
	assert_int_equal(help_line(s, 0, "lost"), 0);
	assert_int_equal(store_commit(s), ERR_FULL);
	assert_false(store_dirty(s));
	assert_int_equal(help_lines(s), 1);

	t.fault = 0;
	assert_int_equal(help_line(s, 0, "after"), 0);
	assert_int_equal(store_commit(s), 0);
	assert_int_equal(help_lines(s), 2);
	store_close(s);
	s = help_open(h);
	assert_int_equal(help_lines(s), 2);
	store_close(s);
}

static void limit_files(rlim_t bytes)
{
	struct rlimit l;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &l), 0);
	l.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &l), 0);
}

static void a_disk_that_fills_within_a_turn_undoes_all_of_it(void **state)
{
	struct store *s = help_open(*state);
	struct rlimit before;
	char *text = calloc(1, 64 * 1024);
	int first = 0, err = 0;
	assert_non_null(text);
	memset(text, 'x', 64 * 1024 - 1);
	assert_int_equal(help_line(s, 0, "before"), 0);
	assert_int_equal(store_commit(s), 0);

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
	limit_files(512 * 1024);
	for (int i = 0; i < 20 && !err; i++)
		err = help_line(s, 0, text); /* more than the cache takes: it spills to the log */
	first = err;
	/* once a write was lost, no later one stands alone */
	const int later = help_line(s, 0, "after the fault");
	const int commit = store_commit(s);
	limit_files(before.rlim_cur);

	assert_true(first < 0);
	assert_int_equal(later, first);
	assert_int_equal(commit, first);
	assert_int_equal(help_lines(s), 1);
	assert_int_equal(help_line(s, 0, "room again"), 0);
	assert_int_equal(store_commit(s), 0);
	assert_int_equal(help_lines(s), 2);
	store_close(s);
	free(text);
}

static void half_a_turn_is_never_committed(void **state)
{
	struct store *s = help_open(*state);
	/* one write is refused in a way that SQLite itself would get over */
	struct line_row huge = {.text = "", .text_len = (size_t)1 << 32};
	assert_int_equal(help_line(s, 0, "first half"), 0);
	const int err = store_line_add(s, &huge);
	assert_true(err < 0);
	assert_int_equal(help_line(s, 0, "second half"), err);
	assert_int_equal(store_commit(s), err);
	assert_int_equal(help_lines(s), 0);
	assert_int_equal(help_line(s, 0, "another turn"), 0);
	assert_int_equal(store_commit(s), 0);
	assert_int_equal(help_lines(s), 1);
	store_close(s);
}

static int write_more(void *ctx, const struct line_row *l)
{
	struct store *s = ctx;
	size_t n = 0;
	/* the same walk inside itself, and a write */
	assert_int_equal(store_line_since(s, 0, 100, help_count_cb, &n), 0);
	assert_true(n >= 2);
	return l->id == 2 ? 77 : help_line(s, 0, "from within");
}

static void a_walk_may_read_and_write_within(void **state)
{
	struct store *s = help_open(*state);
	assert_int_equal(help_line(s, 0, "one"), 0);
	assert_int_equal(help_line(s, 0, "two"), 0);
	assert_int_equal(store_line_since(s, 0, 10, write_more, s), 77); /* what the callback said */
	assert_int_equal(store_commit(s), 0);
	assert_int_equal(help_lines(s), 3);
	store_close(s);
}

static int checkpoint_within(void *ctx, const struct line_row *l)
{
	(void)l;
	return store_checkpoint(ctx);
}

static void a_checkpoint_empties_the_log(void **state)
{
	const struct help *h = *state;
	struct store *s = help_open(h);
	assert_int_equal(help_line(s, 0, "one"), 0);
	assert_int_equal(store_checkpoint(s), ERR_AGAIN); /* not within a turn */
	assert_int_equal(store_commit(s), 0);
	assert_true(help_size(h->db, "-wal") > 0);
	assert_int_equal(store_line_since(s, 0, 1, checkpoint_within, s), ERR_AGAIN);
	assert_int_equal(store_checkpoint(s), 0);
	assert_int_equal(help_size(h->db, "-wal"), 0);
	assert_int_equal(store_checkpoint(s), 0);
	assert_int_equal(help_lines(s), 1);
	store_close(s);
}

/* ---- crashes ---- */

static void sigkill_keeps_what_was_committed_and_nothing_else(void **state)
{
	const struct help *h = *state;
	int status;
	const pid_t child = fork();
	assert_true(child >= 0);
	if (!child) {
		struct store *s;
		if (store_open(h->db, help_key, NULL, &s) || help_line(s, 0, "committed") ||
		    store_commit(s) || help_line(s, 0, "not committed"))
			_exit(1);
		kill(getpid(), SIGKILL);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	assert_true(help_size(h->db, "-wal") > 0); /* it is the log that is read again */

	struct store *s = help_open(h);
	assert_int_equal(help_lines(s), 1);
	/* the log of the crash is emptied too */
	assert_int_equal(store_checkpoint(s), 0);
	assert_int_equal(help_size(h->db, "-wal"), 0);
	store_close(s);
}

/* Commits line after line and tells each, until it is killed. */
static void commit_forever(const struct help *h, int fd)
{
	struct store *s;
	if (store_open(h->db, help_key, NULL, &s))
		_exit(1);
	while (!help_line(s, 0, "line") && !store_commit(s) && write(fd, "x", 1) == 1)
		;
	_exit(2);
}

static void sigkill_at_any_instant_loses_no_commit(void **state)
{
	const struct help *h = *state;
	size_t told = 0;
	for (unsigned round = 1; round <= 5; round++) {
		int fd[2], status;
		char c;
		assert_int_equal(pipe(fd), 0);
		const pid_t child = fork();
		assert_true(child >= 0);
		if (!child) {
			close(fd[0]);
			commit_forever(h, fd[1]);
		}
		close(fd[1]);
		for (unsigned i = 0; i < 3 * round; i++, told++)
			assert_int_equal(read(fd[0], &c, 1), 1);
		assert_int_equal(kill(child, SIGKILL), 0);
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFSIGNALED(status));
		while (read(fd[0], &c, 1) == 1)
			told++;
		close(fd[0]);

		struct store *s = help_open(h);
		const size_t n = help_lines(s);
		store_close(s);
		assert_true(n == told ||
			    n == told + 1); /* the last one may have been committed but not told */
		told = n;
	}
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, help_setup, help_teardown)
	const struct CMUnitTest tests[] = {
	    T(what_was_committed_is_there_again),
	    T(rollback_forgets_the_turn),
	    T(a_wrong_key_opens_nothing),
	    T(a_damaged_file_is_refused),
	    T(a_damaged_page_is_an_error_not_a_lie),
	    T(the_file_is_for_nobody_else),
	    T(what_cannot_be_made_is_an_error),
	    T(a_turn_begins_once_with_its_first_write),
	    T(a_commit_that_fails_keeps_nothing_of_its_turn),
	    T(a_disk_that_fills_within_a_turn_undoes_all_of_it),
	    T(half_a_turn_is_never_committed),
	    T(a_walk_may_read_and_write_within),
	    T(a_checkpoint_empties_the_log),
	    T(sigkill_keeps_what_was_committed_and_nothing_else),
	    T(sigkill_at_any_instant_loses_no_commit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
