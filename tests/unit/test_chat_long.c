/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A long queue, from the user's lines to the other side's store: it costs a turn no more work, and the process no
 * more memory, than a short one.  LONG_QUEUE=100000 makes it as long as that; make soak does.
 */
#include "chat_help.h"
#include "steps_help.h"

#include <malloc.h>
#include <time.h>

#include "base/str.h"

#include "../../src/chat/chat_impl.h"

#define SHORT	   1000 /* more than are sealed ahead of the acks */
#define LONG	   4500
#define ROOM	   100	 /* messages that a link takes in a turn, and a user writes */
#define TEXT_BYTES 300	 /* of each message */
#define MEMORY	   300000 /* bytes that the process may use beside what it uses with a short queue */
#define RUN_LINES  4096	 /* a run of lines, found by msgid: see store_find.c */
#define RUN_STEPS  25	 /* at most: for each line of a run when it is full, and for a look at a run */

/* ---- what a turn costs ---- */

struct cost {
	long steps;   /* of SQLite's machine, of the worst turn, and apart: where a run of lines is full */
	long filling;
	double ms;    /* of the processor: told, not compared */
	size_t bytes; /* allocated, at the end of the worst; 0 where malloc does not tell */
	long taking_back; /* steps of the turn in which the last message is taken back, before it has left */
};

static double cpu_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static double began_ms;

static void turn_begins(void)
{
	steps = filling_steps = 0;
	began_ms = cpu_ms();
}

static void turn_ends(struct party *p, struct cost *worst)
{
	party_turn(p);
	const double ms = cpu_ms() - began_ms;
	const struct mallinfo2 m = mallinfo2();
	const size_t bytes = m.uordblks + m.hblkhd;
	worst->steps = steps > worst->steps ? steps : worst->steps;
	worst->filling = filling_steps > worst->filling ? filling_steps : worst->filling;
	worst->ms = ms > worst->ms ? ms : worst->ms;
	worst->bytes = bytes > worst->bytes ? bytes : worst->bytes;
	hush(p);
}

/* ---- the story ---- */

static void write_many(struct world *w, size_t many, struct cost *worst)
{
	char text[TEXT_BYTES + 1];
	memset(text, 'x', TEXT_BYTES);
	text[TEXT_BYTES] = '\0';
	for (size_t i = 0; i < many; i++) {
		if (i % ROOM == 0)
			turn_begins();
		assert_int_equal(snprintf(text, 9, "%08zu", i), 8);
		text[8] = ' ';
		assert_int_equal(send_text(&w->alice, bob_of(w), text), 0);
		if (i % ROOM == ROOM - 1)
			turn_ends(&w->alice, worst);
	}
}

static long take_back_another(struct world *w)
{
	const struct chat_outgoing o = {.kind = MESSAGE_TEXT, .text = "no", .len = 2, .client = "default"};
	const size_t before = bob_of(w)->queued;
	uint8_t msgid[MSGID_BYTES];
	assert_int_equal(chat_say(w->alice.chat, w->now, bob_of(w), &o, msgid), 0);
	party_turn(&w->alice);
	steps = 0;
	assert_int_equal(chat_redact(w->alice.chat, w->now, bob_of(w), msgid, "", 0, "default", NULL), 0);
	party_turn(&w->alice);
	assert_int_equal(bob_of(w)->queued, before);
	hush(&w->alice);
	return steps;
}

/* What is on its way arrives, in one turn of the other side. */
static void arrive(struct world *w, struct party *to, struct cost *worst)
{
	turn_begins();
	for (size_t i = 0; i < w->n_frames; i++) {
		const struct frame f = w->frames[i];
		deliver(w, &f);
	}
	assert_int_equal(w->frames_room, 4 * ROOM);
	w->n_frames = 0;
	turn_ends(to, worst);
}

static void connect_them(struct world *w)
{
	w->alice.room = w->bob.room = ROOM;
	do {
		while (!w->alice.n_dials && !w->bob.n_dials)
			pass(w, 100);
	} while (!dial_out(w->alice.n_dials ? &w->alice : &w->bob));
}

static void deliver_all_but(struct world *w, size_t rest, struct cost *worst)
{
	size_t rounds = 2 * bob_of(w)->queued;
	while (bob_of(w)->queued > rest && rounds--) {
		const struct pair *pair = pair_open(w);
		const link_id link = pair ? pair->id[pair->p[1] == &w->alice] : 0;
		w->alice.room = w->bob.room = ROOM;
		if (link)
			chat_on_writable(w->alice.chat, w->now, link);
		arrive(w, &w->alice, worst);
		arrive(w, &w->bob, worst);
		jump(w, 1);
	}
	assert_true(bob_of(w)->queued <= rest);
}

static int in_order(void *ctx, const struct contact *contact, const struct line_row *l)
{
	uint64_t *next = ctx, n;
	char digits[9] = "";
	(void)contact;
	if (l->kind != LINE_IN)
		return 0;
	assert_int_equal(l->text_len, TEXT_BYTES);
	memcpy(digits, l->text, 8);
	assert_int_equal(str_to_u64(digits, 0, UINT64_MAX, &n), 0);
	assert_int_equal(n, (*next)++);
	return 0;
}

/* Written while Bob is away, and half of it sent again by another process. */
static struct cost cost_of(void **state, size_t many)
{
	struct world *w = *state;
	struct cost worst = {0};
	uint64_t next = 0;
	w->frames_room = 4 * ROOM; /* the test's own memory does not grow */
	w->frames = malloc(w->frames_room * sizeof(*w->frames));
	assert_non_null(w->frames);
	befriend(w);
	party_kill(&w->bob, true);
	pass(w, 60000);
	write_many(w, many, &worst);
	assert_int_equal(bob_of(w)->queued, many);
	take_back_another(w); /* the first look for a msgid reads those of the newest lines */
	worst.taking_back = take_back_another(w);
	party_start(&w->bob);
	connect_them(w);
	deliver_all_but(w, many / 2, &worst);
	party_restart(&w->alice);
	connect_them(w);
	deliver_all_but(w, 0, &worst);
	assert_int_equal(chat_lines(w->bob.chat, 0, SIZE_MAX, in_order, &next), 0);
	assert_int_equal(next, many);
	return worst;
}

static struct cost in_a_world_of_its_own(size_t many)
{
	void *state = NULL;
	assert_int_equal(world_setup(&state), 0);
	const struct cost c = cost_of(&state, many);
	assert_int_equal(world_teardown(&state), 0);
	print_message("# %zu messages: the worst turn takes %ld steps and %.1f ms; %zu bytes; one is taken back in %ld "
		      "steps\n",
		      many, c.steps, c.ms, c.bytes, c.taking_back);
	return c;
}

static void a_long_queue_costs_a_turn_no_more(void **state)
{
	const char *env = getenv("LONG_QUEUE");
	uint64_t many = LONG;
	(void)state;
	if (env)
		assert_int_equal(str_to_u64(env, LONG, 1000000, &many), 0);
	many -= many % ROOM;
	steps_watch();
	const struct cost few = in_a_world_of_its_own(SHORT), all = in_a_world_of_its_own((size_t)many);
	sqlite3_reset_auto_extension();
	assert_in_range(few.steps, 1000, 1000000); /* they were counted */
	assert_in_range(all.steps, 1, few.steps + few.steps / 4);
	assert_in_range(all.filling, RUN_LINES, RUN_STEPS * RUN_LINES);
	assert_in_range(all.taking_back, 1,
			few.taking_back + few.taking_back / 4 + RUN_STEPS * (1 + (long)many / RUN_LINES));
	assert_true(all.bytes <= few.bytes + MEMORY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_long_queue_costs_a_turn_no_more),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
