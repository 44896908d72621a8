/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Timers, signals, and the end of a turn: nothing leaves before its commit. */
#include "io_help.h"

#include <signal.h>

static const struct stream_opts opts = {.in_max = 4096, .out_max = 1 << 22};

/* One account with one connection: the test looks at the far end from within the commit. */
struct account {
	struct loop *loop;
	struct domain *domain;
	struct stream *stream;
	int far;
	int commits;
	int committed;
	int failures;
	int commit_result;
	int marks_in_committed;	  /* how often committed() changes something again */
	const char *in_failed;	  /* written by failed() */
	const char *in_committed; /* written by committed() */
	bool close_in_failed;
	ssize_t seen_in_commit; /* what the far end had when the last commit began */
};

static int on_commit(void *ctx)
{
	struct account *a = ctx;
	char got[64];

	a->commits++;
	a->seen_in_commit = read_now(a->far, got, sizeof(got));
	return a->commit_result;
}

static void on_failed(void *ctx, int err)
{
	struct account *a = ctx;

	assert_int_equal(err, a->commit_result);
	a->failures++;
	if (a->in_failed != NULL)
		assert_int_equal(stream_write(a->stream, a->in_failed, strlen(a->in_failed)), 0);
	if (a->close_in_failed) {
		stream_close(a->stream);
		a->stream = NULL;
	}
}

static void on_committed(void *ctx)
{
	struct account *a = ctx;

	a->committed++;
	if (a->in_committed != NULL)
		assert_int_equal(stream_write(a->stream, a->in_committed, strlen(a->in_committed)), 0);
	if (a->marks_in_committed > 0) {
		a->marks_in_committed--;
		domain_mark(a->domain);
	}
}

static const struct domain_ops account_ops = {on_commit, on_failed, on_committed};

static void no_data(void *ctx, struct buf *in)
{
	(void)ctx;
	buf_consume(in, buf_len(in));
}

static void no_close(void *ctx, int err)
{
	(void)ctx;
	(void)err;
}

static const struct stream_ops quiet_ops = {no_data, NULL, no_close};

static void account_init(struct account *a, struct loop *loop)
{
	int fds[2];

	memset(a, 0, sizeof(*a));
	make_pair(fds);
	a->loop = loop;
	a->far = fds[1];
	a->domain = domain_new(loop, &account_ops, a);
	a->stream = stream_new(loop, fds[0], &opts, &quiet_ops, a);
	assert_non_null(a->domain);
	assert_non_null(a->stream);
	stream_set_domain(a->stream, a->domain);
}

static void account_clear(struct account *a)
{
	stream_close(a->stream);
	domain_free(a->domain);
	close(a->far);
}

static void test_bytes_wait_for_the_commit(void **state)
{
	struct account a;

	account_init(&a, *state);
	stream_write(a.stream, "hello", 5);
	assert_reads_nothing(a.far);
	loop_turn(a.loop, false);
	assert_int_equal(a.commits, 1);
	assert_int_equal(a.committed, 1);
	assert_int_equal(a.seen_in_commit, -1);
	assert_reads(a.far, "hello");
	loop_turn(a.loop, false);
	assert_int_equal(a.commits, 1);
	account_clear(&a);
}

/* Fills the stream's socket so that a few released bytes are left over and the stream waits until it can
 * write. */
static size_t fill(struct account *a)
{
	static char block[4096];
	size_t total = 0;

	memset(block, 'x', sizeof(block));
	while (stream_pending(a->stream) == 0) {
		assert_int_equal(stream_write(a->stream, block, sizeof(block)), 0);
		total += sizeof(block);
		loop_turn(a->loop, false);
		/* commit looked, and took some */
		if (a->seen_in_commit > 0)
			total -= (size_t)a->seen_in_commit;
	}
	return total;
}

struct reader {
	struct account *a;
	size_t taken;  /* 'x' bytes of earlier turns */
	bool new_seen; /* a byte of this turn */
};

static void reader_take(struct reader *r)
{
	char got[65536];
	ssize_t n, i;

	while ((n = recv(r->a->far, got, sizeof(got), MSG_DONTWAIT)) > 0) {
		for (i = 0; i < n; i++) {
			if (got[i] == 'x')
				r->taken++;
			else
				r->new_seen = true;
		}
	}
}

static int reader_commit(void *ctx)
{
	struct reader *r = ctx;

	r->a->commits++;
	reader_take(r);
	assert_false(r->new_seen);
	return 0;
}

static const struct domain_ops reader_ops = {reader_commit, NULL, NULL};

/* The far end becomes readable, is emptied (so our socket turns writable) and a new line is written: all in
 * one turn. */
static void on_far_readable(void *ctx)
{
	struct reader *r = ctx;

	reader_take(r);
	stream_write(r->a->stream, "NEW", 3);
}

static void test_a_pending_write_does_not_carry_new_bytes_out_early(void **state)
{
	struct account a;
	struct domain *other;
	struct reader r = {.a = &a};
	struct timer *t;
	size_t total;

	account_init(&a, *state);
	total = fill(&a);
	other = domain_new(a.loop, &reader_ops, &r);
	stream_set_domain(a.stream, other);
	a.commits = 0;
	t = timer_new(a.loop, on_far_readable, &r);
	timer_set(t, 0);
	/* Several passes run in this turn, and the old bytes go on in them: the new ones must not follow. */
	TURN_UNTIL(a.loop, a.commits == 1);
	assert_true(r.taken > 0);
	while (!r.new_seen) {
		loop_turn(a.loop, false);
		reader_take(&r);
	}
	assert_int_equal(r.taken, total);
	timer_free(t);
	account_clear(&a);
	domain_free(other);
}

static void test_a_failed_commit_drops_what_it_held(void **state)
{
	struct account a;

	account_init(&a, *state);
	a.commit_result = ERR_IO;
	a.in_failed = "error";
	stream_write(a.stream, "accepted", 8);
	loop_turn(a.loop, false);
	assert_int_equal(a.failures, 1);
	assert_int_equal(a.committed, 0);
	assert_reads(a.far, "error");
	a.commit_result = 0;
	stream_write(a.stream, "again", 5);
	loop_turn(a.loop, false);
	assert_reads(a.far, "again");
	account_clear(&a);
}

static void test_failed_may_close_the_stream(void **state)
{
	struct account a;

	account_init(&a, *state);
	a.commit_result = ERR_IO;
	a.close_in_failed = true;
	stream_write(a.stream, "accepted", 8);
	loop_turn(a.loop, false);
	assert_null(a.stream);
	assert_reads_end(a.far);
	account_clear(&a);
}

static void test_one_account_does_not_wait_for_another(void **state)
{
	struct account a, b;

	account_init(&a, *state);
	account_init(&b, *state);
	a.commit_result = ERR_IO;
	stream_write(a.stream, "a", 1);
	stream_write(b.stream, "b", 1);
	loop_turn(a.loop, false);
	assert_reads_nothing(a.far);
	assert_reads(b.far, "b");
	account_clear(&a);
	account_clear(&b);
}

static void test_committed_may_write_and_does_not_commit_again_for_it(void **state)
{
	struct account a;

	account_init(&a, *state);
	a.in_committed = "shown";
	domain_mark(a.domain);
	loop_turn(a.loop, false);
	assert_reads(a.far, "shown");
	loop_turn(a.loop, false);
	assert_int_equal(a.commits, 1);
	account_clear(&a);
}

static void test_a_change_in_committed_is_committed_before_anything_leaves(void **state)
{
	struct account a;

	account_init(&a, *state);
	a.in_committed = "y";
	a.marks_in_committed = 1;
	stream_write(a.stream, "x", 1);
	loop_turn(a.loop, false);
	assert_int_equal(a.commits, 2);
	assert_int_equal(a.seen_in_commit, -1);
	assert_reads(a.far, "xyy");
	account_clear(&a);
}

static void test_endless_changes_do_not_hold_the_turn(void **state)
{
	struct account a;

	account_init(&a, *state);
	a.marks_in_committed = 1000;
	stream_write(a.stream, "x", 1);
	loop_turn(a.loop, false);
	assert_true(a.commits < 100);
	assert_reads_nothing(a.far);
	/* The next turn goes on without waiting for an event. */
	TURN_UNTIL(a.loop, a.marks_in_committed == 0 && a.commits == 1001);
	assert_int_equal(a.commits, 1001);
	assert_reads(a.far, "x");
	account_clear(&a);
}

static void test_domain_free_drops_what_waited(void **state)
{
	struct account a;

	account_init(&a, *state);
	stream_write(a.stream, "never", 5);
	domain_free(a.domain);
	a.domain = NULL;
	stream_write(a.stream, "later", 5);
	loop_turn(a.loop, false);
	assert_int_equal(a.commits, 0);
	assert_reads(a.far, "later");
	account_clear(&a);
}

static void test_moving_a_stream_moves_what_it_holds(void **state)
{
	struct account a, b;

	account_init(&a, *state);
	account_init(&b, *state);
	stream_set_domain(a.stream, NULL);
	stream_write(a.stream, "x", 1);
	b.commit_result = ERR_IO;
	stream_set_domain(a.stream, b.domain);
	loop_turn(a.loop, false);
	assert_int_equal(b.failures, 1);
	assert_reads_nothing(a.far);
	account_clear(&a);
	account_clear(&b);
}

struct ticks {
	struct timer *timer;
	int count;
	int until;
	bool free_itself;
};

static void on_tick(void *ctx)
{
	struct ticks *t = ctx;

	if (++t->count < t->until)
		timer_set(t->timer, 1);
	else if (t->free_itself)
		timer_free(t->timer);
}

static void test_a_timer_can_be_set_again_and_freed_by_its_callback(void **state)
{
	struct ticks t = {.until = 3, .free_itself = true};
	uint64_t start = loop_now_ms(*state);

	t.timer = timer_new(*state, on_tick, &t);
	timer_set(t.timer, 1);
	TURN_UNTIL(*state, t.count == 3);
	assert_true(loop_now_ms(*state) >= start + 3);
}

static void test_a_timer_is_replaced_and_cancelled(void **state)
{
	struct ticks slow = {.until = 1}, fast = {.until = 1};

	slow.timer = timer_new(*state, on_tick, &slow);
	fast.timer = timer_new(*state, on_tick, &fast);
	timer_set(slow.timer, 3600000);
	timer_set(slow.timer, 1);
	TURN_UNTIL(*state, slow.count == 1);
	timer_set(slow.timer, 1);
	timer_cancel(slow.timer);
	timer_set(fast.timer, 20);
	TURN_UNTIL(*state, fast.count == 1);
	assert_int_equal(slow.count, 1);
	timer_free(slow.timer);
	timer_free(fast.timer);
}

static void on_usr1(void *ctx, int signo)
{
	struct account *a = ctx;

	assert_int_equal(signo, SIGUSR1);
	stream_write(a->stream, "bye", 3);
	loop_stop(a->loop);
}

static void test_the_turn_that_stops_the_loop_still_commits(void **state)
{
	struct account a;

	account_init(&a, *state);
	assert_int_equal(loop_on_signal(a.loop, SIGUSR1, on_usr1, &a), 0);
	kill(getpid(), SIGUSR1);
	loop_run(a.loop);
	assert_int_equal(a.commits, 1);
	assert_reads(a.far, "bye");
	account_clear(&a);
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
	    T(test_bytes_wait_for_the_commit),
	    T(test_a_pending_write_does_not_carry_new_bytes_out_early),
	    T(test_a_failed_commit_drops_what_it_held),
	    T(test_failed_may_close_the_stream),
	    T(test_one_account_does_not_wait_for_another),
	    T(test_committed_may_write_and_does_not_commit_again_for_it),
	    T(test_a_change_in_committed_is_committed_before_anything_leaves),
	    T(test_endless_changes_do_not_hold_the_turn),
	    T(test_domain_free_drops_what_waited),
	    T(test_moving_a_stream_moves_what_it_holds),
	    T(test_a_timer_can_be_set_again_and_freed_by_its_callback),
	    T(test_a_timer_is_replaced_and_cancelled),
	    T(test_the_turn_that_stops_the_loop_still_commits),
	};

	alarm(60);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
