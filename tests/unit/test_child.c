/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Child processes: what they say, how they end, what they do not inherit. */
#include "io_help.h"

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

#include "base/str.h"
#include "io/child.h"

struct parent {
	struct loop *loop;
	struct child *child;
	char lines[8][1100];
	int n;
	int exits;
	int status;
	bool free_at_line;
};

static void on_line(void *ctx, const char *line)
{
	struct parent *p = ctx;

	if (p->n < 8)
		strcpy(p->lines[p->n], line);
	p->n++;
	if (p->free_at_line) {
		child_free(p->child);
		p->child = NULL;
	}
}

static void on_exit_(void *ctx, int wait_status)
{
	struct parent *p = ctx;

	p->exits++;
	p->status = wait_status;
	child_free(p->child);
	p->child = NULL;
}

static const struct child_ops ops = {on_line, on_exit_};

static int setup(void **state)
{
	struct parent *p = calloc(1, sizeof(*p));

	*state = p;
	if (p == NULL)
		return 1;
	p->loop = loop_new();
	return p->loop == NULL;
}

static int teardown(void **state)
{
	struct parent *p = *state;

	child_free(p->child);
	loop_free(p->loop);
	free(p);
	return 0;
}

static void sh(struct parent *p, const char *script)
{
	const char *argv[] = {"/bin/sh", "-c", script, NULL};

	assert_int_equal(child_start(p->loop, argv, &ops, p, &p->child), 0);
	assert_true(child_pid(p->child) > 0);
}

static void test_lines_of_both_outputs_then_the_end(void **state)
{
	struct parent *p = *state;

	sh(p, "echo out; echo err >&2; printf last; exit 3");
	TURN_UNTIL(p->loop, p->exits);
	assert_int_equal(p->n, 3);
	assert_string_equal(p->lines[0], "out");
	assert_string_equal(p->lines[1], "err");
	assert_string_equal(p->lines[2], "last");
	assert_true(WIFEXITED(p->status));
	assert_int_equal(WEXITSTATUS(p->status), 3);
}

static void test_a_long_line_is_cut(void **state)
{
	struct parent *p = *state;

	sh(p, "head -c 5000 /dev/zero | tr '\\0' a; echo; echo next");
	TURN_UNTIL(p->loop, p->exits);
	assert_int_equal(p->n, 2);
	assert_int_equal(strlen(p->lines[0]), 1024);
	assert_string_equal(p->lines[1], "next");
}

static void test_what_is_missing_or_not_a_program_is_told_at_once(void **state)
{
	struct parent *p = *state;
	const char *missing[] = {"/nonexistent/tor", NULL};
	const char *file[] = {"/etc/passwd", NULL};
	const char *dir[] = {"/etc", NULL};

	assert_int_equal(child_start(p->loop, missing, &ops, p, &p->child), ERR_NOT_FOUND);
	assert_null(p->child);
	assert_int_equal(child_start(p->loop, file, &ops, p, &p->child), ERR_PERMISSION);
	assert_int_equal(child_start(p->loop, dir, &ops, p, &p->child), ERR_PERMISSION);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

/*
 * An open descriptor, an ignored signal, a blocked one and the environment stay with us.  Of the signals the
 * first 28 are looked at: make starts its programs by posix_spawn, which leaves glibc's own 32 and 33
 * ignored.
 */
static void test_nothing_is_inherited(void **state)
{
	struct parent *p = *state;
	sigset_t usr1, old;
	int leak = dup2(0, 77);

	assert_int_equal(leak, 77);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	sigprocmask(SIG_BLOCK, &usr1, &old);
	setenv("SECRET", "x", 1);
	sh(p, "for f in /proc/self/fd/77 /proc/self/fd/3; do test -e $f && echo open; done; "
	      "while read -r k v; do case $k in SigBlk:|SigIgn:) echo $k${v#?????????};; esac; done "
	      "</proc/$$/status; "
	      "echo \"${SECRET-unset} $HOME\"; read -r x || echo eof");
	TURN_UNTIL(p->loop, p->exits);
	sigprocmask(SIG_SETMASK, &old, NULL);
	signal(SIGPIPE, SIG_DFL);
	close(leak);
	assert_int_equal(p->n, 4);
	assert_string_equal(p->lines[0], "SigBlk:0000000");
	assert_string_equal(p->lines[1], "SigIgn:0000000");
	assert_string_equal(p->lines[2], "unset /nonexistent");
	assert_string_equal(p->lines[3], "eof");
}

static void test_stop_asks(void **state)
{
	struct parent *p = *state;

	sh(p, "trap 'echo asked; exit 0' TERM; echo ready; while :; do sleep 0.01; done");
	TURN_UNTIL(p->loop, p->n == 1);
	child_stop(p->child, 60000);
	TURN_UNTIL(p->loop, p->exits);
	assert_string_equal(p->lines[1], "asked");
	assert_true(WIFEXITED(p->status));
}

static void test_stop_kills_who_does_not_listen(void **state)
{
	struct parent *p = *state;

	sh(p, "trap '' TERM; echo ready; while :; do sleep 0.01; done");
	TURN_UNTIL(p->loop, p->n == 1);
	child_stop(p->child, 30);
	TURN_UNTIL(p->loop, p->exits);
	assert_true(WIFSIGNALED(p->status));
	assert_int_equal(WTERMSIG(p->status), SIGKILL);
}

static void test_free_kills_and_reaps(void **state)
{
	struct parent *p = *state;
	pid_t pid;

	sh(p, "echo ready; exec sleep 1000");
	TURN_UNTIL(p->loop, p->n == 1);
	pid = child_pid(p->child);
	child_free(p->child);
	p->child = NULL;
	assert_int_equal(kill(pid, 0), -1);
	assert_int_equal(p->exits, 0);
}

static void test_freed_by_its_own_line(void **state)
{
	struct parent *p = *state;

	p->free_at_line = true;
	sh(p, "echo one; echo two; exec sleep 1000");
	TURN_UNTIL(p->loop, p->n == 1);
	assert_null(p->child);
	loop_turn(p->loop, false);
	assert_int_equal(p->n, 1);
}

/* A middle process starts the child and is killed: the child must not survive it. */
static void test_a_child_dies_with_its_parent(void **state)
{
	int report[2];
	char text[32] = "";
	pid_t middle, grandchild = 0;

	(void)state;
	assert_int_equal(pipe(report), 0);
	middle = fork();
	if (middle == 0) {
		struct parent *mine = calloc(1, sizeof(*mine));

		mine->loop = loop_new();
		sh(mine, "echo $$; exec sleep 1000");
		TURN_UNTIL(mine->loop, mine->n == 1);
		if (write(report[1], mine->lines[0], strlen(mine->lines[0])) < 0)
			_exit(1);
		for (;;)
			pause();
	}
	assert_true(read(report[0], text, sizeof(text) - 1) > 0);
	grandchild = (pid_t)atoi(text);
	assert_true(grandchild > 1);
	assert_int_equal(kill(grandchild, 0), 0);
	kill(middle, SIGKILL);
	waitpid(middle, NULL, 0);
	/* Whoever reaps it now, it is gone or a zombie soon: look until then. */
	for (;;) {
		char path[64];
		FILE *f;
		char state_char = 'X';

		snprintf(path, sizeof(path), "/proc/%d/stat", (int)grandchild);
		f = fopen(path, "r");
		if (f == NULL)
			break;
		if (fscanf(f, "%*d %*s %c", &state_char) != 1)
			state_char = 'X';
		fclose(f);
		if (state_char == 'Z' || state_char == 'X')
			break;
		sched_yield();
	}
	close(report[0]);
	close(report[1]);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(test_lines_of_both_outputs_then_the_end),
	    T(test_a_long_line_is_cut),
	    T(test_what_is_missing_or_not_a_program_is_told_at_once),
	    T(test_nothing_is_inherited),
	    T(test_stop_asks),
	    T(test_stop_kills_who_does_not_listen),
	    T(test_free_kills_and_reaps),
	    T(test_freed_by_its_own_line),
	    T(test_a_child_dies_with_its_parent),
	};

	alarm(60);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
