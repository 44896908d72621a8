/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A stream: its bounds, its ends, and being closed from within its own callbacks. */
#include "io_help.h"

#include <sys/stat.h>

enum in_data { CONSUME, LEAVE, CLOSE, PAUSE, FINISH, CLOSE_OTHER };

struct end {
	struct loop *loop;
	struct stream *stream;
	struct end *other;
	int far;
	enum in_data what;
	char got[200000];
	size_t len;
	size_t largest; /* most bytes that one data() showed */
	int calls;
	int drained;
	int closed;
	int err;
};

static void on_data(void *ctx, struct buf *in)
{
	struct end *e = ctx;

	e->calls++;
	if (buf_len(in) > e->largest)
		e->largest = buf_len(in);
	switch (e->what) {
	case LEAVE:
		return;
	case PAUSE:
		stream_pause(e->stream, true);
		return;
	case CONSUME:
		assert_true(e->len + buf_len(in) <= sizeof(e->got));
		memcpy(e->got + e->len, buf_ptr(in), buf_len(in));
		e->len += buf_len(in);
		buf_consume(in, buf_len(in));
		return;
	case CLOSE:
		stream_close(e->stream);
		e->stream = NULL;
		return;
	case FINISH:
		stream_write(e->stream, "bye", 3);
		stream_finish(e->stream, 60000);
		e->stream = NULL;
		return;
	case CLOSE_OTHER:
		stream_close(e->other->stream);
		e->other->stream = NULL;
		buf_consume(in, buf_len(in));
		return;
	}
}

static void on_drained(void *ctx)
{
	struct end *e = ctx;

	e->drained++;
}

static void on_closed(void *ctx, int err)
{
	struct end *e = ctx;

	e->closed++;
	e->err = err;
	stream_close(e->stream);
	e->stream = NULL;
}

static const struct stream_ops end_ops = {on_data, on_drained, on_closed};

static void end_init(struct end *e, struct loop *loop, size_t in_max, size_t out_max)
{
	struct stream_opts opts = {.in_max = in_max, .out_max = out_max};
	int fds[2];

	memset(e, 0, sizeof(*e));
	make_pair(fds);
	e->loop = loop;
	e->far = fds[1];
	e->stream = stream_new(loop, fds[0], &opts, &end_ops, e);
	assert_non_null(e->stream);
}

static void end_clear(struct end *e)
{
	stream_close(e->stream);
	if (e->far >= 0)
		close(e->far);
}

static void far_writes(struct end *e, const char *text)
{
	assert_int_equal(send(e->far, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static void far_closes(struct end *e)
{
	close(e->far);
	e->far = -1;
}

static void test_data_comes_and_the_end_follows(void **state)
{
	struct end e;

	end_init(&e, *state, 4096, 4096);
	far_writes(&e, "NICK alice\r\n");
	far_closes(&e);
	TURN_UNTIL(e.loop, e.closed);
	assert_int_equal(e.len, 12);
	assert_int_equal(e.err, ERR_CLOSED);
	assert_int_equal(e.closed, 1);
	end_clear(&e);
}

static void test_unconsumed_input_is_bounded_and_comes_on_resume(void **state)
{
	struct end e;
	char block[10000];

	memset(block, 'a', sizeof(block));
	end_init(&e, *state, 100, 4096);
	e.what = LEAVE;
	assert_int_equal(send(e.far, block, sizeof(block), 0), sizeof(block));
	TURN_UNTIL(e.loop, e.largest == 100);
	for (int i = 0; i < 20; i++)
		loop_turn(e.loop, false);
	assert_int_equal(e.largest, 100);
	e.what = CONSUME;
	stream_pause(e.stream, false);
	assert_int_equal(e.len, 0);
	TURN_UNTIL(e.loop, e.len == sizeof(block));
	assert_int_equal(e.largest, 100);
	end_clear(&e);
}

static void on_tick(void *ctx)
{
	int *ticks = ctx;

	(*ticks)++;
}

/* The socket stays readable while its receiver takes nothing: the loop must sleep all the same. */
static void test_a_full_input_does_not_spin(void **state)
{
	struct end e;
	int ticks = 0, turns = 0;
	struct timer *t = timer_new(*state, on_tick, &ticks);
	char block[1000] = {0};

	end_init(&e, *state, 100, 4096);
	e.what = LEAVE;
	assert_int_equal(send(e.far, block, sizeof(block), 0), sizeof(block));
	TURN_UNTIL(e.loop, e.largest == 100);
	timer_set(t, 30);
	while (ticks == 0) {
		loop_turn(e.loop, true);
		turns++;
	}
	assert_true(turns <= 3);
	timer_free(t);
	end_clear(&e);
}

static void test_a_paused_stream_reads_nothing(void **state)
{
	struct end e;
	int calls;

	end_init(&e, *state, 4096, 4096);
	e.what = PAUSE;
	far_writes(&e, "one");
	TURN_UNTIL(e.loop, e.calls == 1);
	far_writes(&e, "two");
	calls = e.calls;
	for (int i = 0; i < 5; i++)
		loop_turn(e.loop, false);
	assert_int_equal(e.calls, calls);
	e.what = CONSUME;
	stream_pause(e.stream, false);
	TURN_UNTIL(e.loop, e.len == 6);
	assert_memory_equal(e.got, "onetwo", 6);
	end_clear(&e);
}

/* A flood on one stream does not keep a turn from ending, nor the other stream from being heard. */
static void test_a_turn_reads_a_bounded_share_of_each(void **state)
{
	static char block[150000];
	struct end *flood = calloc(1, sizeof(*flood)), *quiet = calloc(1, sizeof(*quiet));
	ssize_t sent;

	assert_non_null(flood);
	assert_non_null(quiet);
	end_init(flood, *state, 65536, 4096);
	end_init(quiet, *state, 4096, 4096);
	flood->what = CONSUME;
	sent = send(flood->far, block, sizeof(block), MSG_DONTWAIT);
	assert_true(sent > 70000);
	far_writes(quiet, "PING x\r\n");
	loop_turn(*state, true);
	assert_true(flood->len > 0);
	assert_true(flood->len <= 65536);
	assert_int_equal(quiet->len, 8);
	end_clear(flood);
	end_clear(quiet);
	free(flood);
	free(quiet);
}

static void test_closing_in_its_own_data(void **state)
{
	struct end e;

	end_init(&e, *state, 4096, 4096);
	e.what = CLOSE;
	stream_write(e.stream, "dropped", 7);
	far_writes(&e, "x");
	TURN_UNTIL(e.loop, e.stream == NULL);
	assert_int_equal(e.closed, 0);
	assert_reads_end(e.far);
	end_clear(&e);
}

static void test_closing_another_that_is_ready_too(void **state)
{
	struct end a, b;

	end_init(&a, *state, 4096, 4096);
	end_init(&b, *state, 4096, 4096);
	a.other = &b;
	b.other = &a;
	a.what = b.what = CLOSE_OTHER;
	far_writes(&a, "x");
	far_writes(&b, "x");
	loop_turn(*state, true);
	/* Whichever was first has closed the other before it was heard. */
	assert_int_equal(a.calls + b.calls, 1);
	assert_true((a.stream == NULL) != (b.stream == NULL));
	end_clear(&a);
	end_clear(&b);
}

static void test_the_output_bound_ends_the_stream_from_the_loop(void **state)
{
	struct end e;
	char block[101] = {0};

	end_init(&e, *state, 4096, 100);
	assert_int_equal(stream_write(e.stream, block, 101), ERR_FULL);
	assert_int_equal(e.closed, 0);
	assert_int_equal(stream_write(e.stream, block, 1), ERR_CLOSED);
	TURN_UNTIL(e.loop, e.closed);
	assert_int_equal(e.err, ERR_FULL);
	end_clear(&e);
}

static void test_water_marks(void **state)
{
	static char block[4096], sink[65536];
	struct end e;

	end_init(&e, *state, 4096, 1 << 20);
	assert_false(stream_is_full(e.stream));
	while (!stream_is_full(e.stream)) {
		assert_int_equal(stream_write(e.stream, block, sizeof(block)), 0);
		loop_turn(e.loop, false);
	}
	assert_true(stream_pending(e.stream) > 1 << 19);
	assert_int_equal(e.drained, 0);
	while (!e.drained) {
		assert_true(read_now(e.far, sink, sizeof(sink)) > 0);
		loop_turn(e.loop, false);
	}
	assert_true(stream_pending(e.stream) <= 1 << 18);
	while (stream_pending(e.stream) > 0) {
		read_now(e.far, sink, sizeof(sink));
		loop_turn(e.loop, false);
	}
	assert_int_equal(e.drained, 1);
	end_clear(&e);
}

/* The client writes its last line and is gone while we answer: no SIGPIPE, and the line is heard. */
static void test_writing_to_who_is_gone(void **state)
{
	struct end e;

	end_init(&e, *state, 4096, 4096);
	far_writes(&e, "QUIT\r\n");
	far_closes(&e);
	stream_write(e.stream, "answer", 6);
	/* The release at the end of a turn meets the closed socket before the input is read. */
	stream_pause(e.stream, true);
	loop_turn(e.loop, false);
	stream_pause(e.stream, false);
	TURN_UNTIL(e.loop, e.closed);
	assert_int_equal(e.err, ERR_CLOSED);
	assert_int_equal(e.closed, 1);
	assert_int_equal(e.len, 6);
	end_clear(&e);
}

static void test_finish_sends_all_and_waits_for_the_other_end(void **state)
{
	struct end e;

	end_init(&e, *state, 4096, 4096);
	e.what = FINISH;
	far_writes(&e, "QUIT\r\n");
	TURN_UNTIL(e.loop, e.stream == NULL);
	loop_turn(e.loop, false);
	assert_reads(e.far, "bye");
	assert_reads_end(e.far);
	/* More input while it lingers is read away, so that the socket is not reset. */
	far_writes(&e, "more");
	loop_turn(e.loop, true);
	far_closes(&e);
	loop_turn(e.loop, true);
	assert_int_equal(e.closed, 0);
	assert_int_equal(e.calls, 1);
	end_clear(&e);
}

static void test_finish_gives_up_after_its_timeout(void **state)
{
	struct end e;
	int dead = 0;

	end_init(&e, *state, 4096, 4096);
	stream_write(e.stream, "bye", 3);
	stream_finish(e.stream, 300);
	e.stream = NULL;
	loop_turn(e.loop, false);
	assert_reads(e.far, "bye");
	/* The far end never closes; writing to it works until our side is gone. */
	while (!dead) {
		loop_turn(e.loop, true);
		dead = send(e.far, "x", 1, MSG_NOSIGNAL) < 0;
	}
	end_clear(&e);
}

static int refuse(void *ctx)
{
	(void)ctx;
	return ERR_IO;
}

static void ignore(void *ctx, int err)
{
	(void)ctx;
	(void)err;
}

static void test_finish_after_a_failed_commit_sends_nothing(void **state)
{
	static const struct domain_ops ops = {refuse, ignore, NULL};
	struct domain *d = domain_new(*state, &ops, NULL);
	struct end e;

	end_init(&e, *state, 4096, 4096);
	stream_set_domain(e.stream, d);
	stream_write(e.stream, "ok", 2);
	stream_finish(e.stream, 60000);
	e.stream = NULL;
	loop_turn(e.loop, false);
	assert_reads_end(e.far);
	far_closes(&e);
	loop_turn(e.loop, true);
	domain_free(d);
	end_clear(&e);
}

static void finish_in_closed(void *ctx, int err)
{
	struct end *e = ctx;

	e->closed++;
	e->err = err;
	stream_finish(e->stream, 60000);
	e->stream = NULL;
}

/* printf 'PING x\r\n' | nc: the client shuts down its side and still reads the answer. */
static void test_a_half_closed_client_gets_its_answer(void **state)
{
	static const struct stream_ops ops = {on_data, NULL, finish_in_closed};
	struct end e;

	end_init(&e, *state, 4096, 4096);
	stream_set_ops(e.stream, &ops, &e);
	far_writes(&e, "PING x\r\n");
	shutdown(e.far, SHUT_WR);
	stream_write(e.stream, "PONG x\r\n", 8);
	TURN_UNTIL(e.loop, e.closed);
	assert_int_equal(e.err, ERR_CLOSED);
	loop_turn(e.loop, false);
	assert_reads(e.far, "PONG x\r\n");
	end_clear(&e);
}

static void test_handing_a_stream_on(void **state)
{
	struct end a, b;

	end_init(&a, *state, 4096, 4096);
	end_init(&b, *state, 4096, 4096);
	stream_set_ops(a.stream, &end_ops, &b);
	far_writes(&a, "x");
	TURN_UNTIL(*state, b.len == 1);
	assert_int_equal(a.len, 0);
	end_clear(&a);
	end_clear(&b);
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
	    T(test_data_comes_and_the_end_follows),
	    T(test_unconsumed_input_is_bounded_and_comes_on_resume),
	    T(test_a_full_input_does_not_spin),
	    T(test_a_paused_stream_reads_nothing),
	    T(test_a_turn_reads_a_bounded_share_of_each),
	    T(test_closing_in_its_own_data),
	    T(test_closing_another_that_is_ready_too),
	    T(test_the_output_bound_ends_the_stream_from_the_loop),
	    T(test_water_marks),
	    T(test_writing_to_who_is_gone),
	    T(test_finish_sends_all_and_waits_for_the_other_end),
	    T(test_finish_gives_up_after_its_timeout),
	    T(test_finish_after_a_failed_commit_sends_nothing),
	    T(test_a_half_closed_client_gets_its_answer),
	    T(test_handing_a_stream_on),
	};

	alarm(60);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
