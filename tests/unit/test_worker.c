/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The worker: jobs off the loop, in order, each told exactly once. */
#include "io_help.h"

#include <pthread.h>

#include "io/worker.h"

struct task {
	pthread_t ran_on;
	int gate;    /* a pipe to wait on while it runs; -1: none */
	int started; /* a pipe that says that it runs; -1: none */
	int ran;
	int done;
	int dropped;
	int order;
};

static int sequence;

static void run(void *arg)
{
	struct task *t = arg;
	char byte = 's';

	t->ran_on = pthread_self();
	if (t->started >= 0)
		assert_int_equal(write(t->started, &byte, 1), 1);
	if (t->gate >= 0)
		assert_int_equal(read(t->gate, &byte, 1), 1);
	t->ran++;
}

static void done(void *ctx, void *arg)
{
	struct task *t = arg;

	assert_non_null(ctx);
	t->done++;
	t->order = ++sequence;
}

static void drop(void *arg)
{
	struct task *t = arg;

	t->dropped++;
}

static struct task task(int gate, int started)
{
	struct task t = {.gate = gate, .started = started};

	return t;
}

static void await_byte(int fd)
{
	char byte;

	assert_int_equal(read(fd, &byte, 1), 1);
}

static void test_jobs_run_elsewhere_and_in_order(void **state)
{
	struct worker *w = worker_new(*state, 4);
	struct task t[3] = {task(-1, -1), task(-1, -1), task(-1, -1)};
	struct job *j;

	sequence = 0;
	for (int i = 0; i < 3; i++)
		assert_int_equal(worker_submit(w, run, done, drop, w, &t[i], &j), 0);
	TURN_UNTIL(*state, t[2].done);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(t[i].ran, 1);
		assert_int_equal(t[i].order, i + 1);
		assert_int_equal(t[i].dropped, 0);
		assert_false(pthread_equal(t[i].ran_on, pthread_self()));
	}
	worker_free(w);
}

static void test_a_full_queue_refuses_and_takes_nothing(void **state)
{
	struct worker *w = worker_new(*state, 1);
	struct task running, waiting = task(-1, -1), refused = task(-1, -1);
	int gate[2], started[2];
	struct job *j;

	assert_int_equal(pipe(gate) | pipe(started), 0);
	running = task(gate[0], started[1]);
	assert_int_equal(worker_submit(w, run, done, drop, w, &running, &j), 0);
	await_byte(started[0]);
	assert_int_equal(worker_submit(w, run, done, drop, w, &waiting, &j), 0);
	assert_int_equal(worker_submit(w, run, done, drop, w, &refused, &j), ERR_FULL);
	assert_null(j);
	assert_int_equal(write(gate[1], "g", 1), 1);
	TURN_UNTIL(*state, waiting.done);
	worker_free(w);
	assert_int_equal(refused.ran + refused.done + refused.dropped, 0);
	close(gate[0]);
	close(gate[1]);
	close(started[0]);
	close(started[1]);
}

static void test_cancelling_a_waiting_and_a_running_job(void **state)
{
	struct worker *w = worker_new(*state, 4);
	struct task running, waiting = task(-1, -1), last = task(-1, -1);
	struct job *j_running, *j_waiting, *j;
	int gate[2], started[2];

	assert_int_equal(pipe(gate) | pipe(started), 0);
	running = task(gate[0], started[1]);
	assert_int_equal(worker_submit(w, run, done, drop, w, &running, &j_running), 0);
	assert_int_equal(worker_submit(w, run, done, drop, w, &waiting, &j_waiting), 0);
	assert_int_equal(worker_submit(w, run, done, drop, w, &last, &j), 0);
	await_byte(started[0]);
	job_cancel(j_waiting);
	assert_int_equal(waiting.dropped, 1);
	job_cancel(j_running);
	assert_int_equal(running.dropped, 0);
	assert_int_equal(write(gate[1], "g", 1), 1);
	TURN_UNTIL(*state, last.done);
	assert_int_equal(waiting.ran, 0);
	assert_int_equal(running.ran, 1);
	assert_int_equal(running.dropped, 1);
	assert_int_equal(running.done + waiting.done, 0);
	worker_free(w);
	close(gate[0]);
	close(gate[1]);
	close(started[0]);
	close(started[1]);
}

static void test_freeing_the_worker_drops_what_was_not_told(void **state)
{
	struct worker *w = worker_new(*state, 4);
	struct task running, waiting = task(-1, -1);
	int gate[2], started[2];
	struct job *j;

	assert_int_equal(pipe(gate) | pipe(started), 0);
	running = task(gate[0], started[1]);
	assert_int_equal(worker_submit(w, run, done, drop, w, &running, &j), 0);
	assert_int_equal(worker_submit(w, run, done, drop, w, &waiting, &j), 0);
	await_byte(started[0]);
	assert_int_equal(write(gate[1], "g", 1), 1);
	worker_free(w);
	assert_int_equal(running.ran, 1);
	assert_int_equal(running.dropped, 1);
	assert_int_equal(waiting.dropped, 1);
	loop_turn(*state, false);
	assert_int_equal(running.done + waiting.done, 0);
	close(gate[0]);
	close(gate[1]);
	close(started[0]);
	close(started[1]);
}

static int setup(void **state)
{
	*state = loop_new();
	return *state == NULL;
}

static int teardown(void **state)
{
	loop_free(*state);
	return 0;
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(test_jobs_run_elsewhere_and_in_order),
	    T(test_a_full_queue_refuses_and_takes_nothing),
	    T(test_cancelling_a_waiting_and_a_running_job),
	    T(test_freeing_the_worker_drops_what_was_not_told),
	};

	alarm(60);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
