/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

#define PLAN_MS	   (35u * 60 * 1000)  /* all that is planned happens within; brief runs take less */
#define FAULTS_MS  (5u * 60 * 1000)   /* faults go on for this long after that, at most */
#define QUIET_MS   (8u * 3600 * 1000) /* how long it may take after that until all is delivered */
#define AFTER_MS   (10u * 60 * 1000)  /* and is then watched, at most */
#define CHANGE_MS  (2u * 60 * 1000)   /* until one of several links is left */
#define WEEKS_MS   (26ull * 7 * 24 * 3600 * 1000) /* of a long sleep */
#define RENEWED_MS (30ull * 3600 * 1000)	  /* no link is so old */
#define EVENTS_MAX 2000000

static int event_cmp(const struct event *a, const struct event *b)
{
	if (a->at_ms != b->at_ms)
		return a->at_ms < b->at_ms ? -1 : 1;
	return a->seq < b->seq ? -1 : a->seq > b->seq;
}

RB_GENERATE_INTERNAL(event_tree, event, entry, event_cmp, static __attribute__((unused)))

uint64_t sim_hash(uint64_t h, const void *data, size_t len)
{
	const uint8_t *p = data;
	size_t i;

	for (i = 0; i < len; i++)
		h = (h ^ p[i]) * 0x100000001b3u; /* FNV-1a */
	return h;
}

uint64_t sim_random(struct sim *s, uint64_t bound)
{
	uint64_t z = s->rng_state += 0x9e3779b97f4a7c15u; /* splitmix64 */

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return (z ^ z >> 31) % bound;
}

bool sim_chance(struct sim *s, unsigned percent)
{
	return s->faulty && sim_random(s, 100) < percent;
}

struct now sim_now(const struct sim *s)
{
	return (struct now){.mono_ms = s->now_ms, .real_ms = s->real_base_ms + s->now_ms};
}

static void tell(struct sim *s, const char *who, const char *fmt, va_list ap)
    __attribute__((format(printf, 3, 0)));
static void tell(struct sim *s, const char *who, const char *fmt, va_list ap)
{
	char line[512];
	int n = snprintf(line, sizeof(line), "%9.3f %-7s ", (double)s->now_ms / 1000, who);

	n += vsnprintf(line + n, sizeof(line) - (size_t)n, fmt, ap);
	if ((size_t)n >= sizeof(line))
		n = sizeof(line) - 1;
	s->hash = sim_hash(s->hash, line, (size_t)n);
	if (s->opts.verbose)
		printf("# %s\n", line);
}

void sim_say(struct sim *s, const char *who, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	tell(s, who, fmt, ap);
	va_end(ap);
}

void sim_fail(struct sim *s, const char *who, const char *fmt, ...)
{
	va_list ap;

	s->failed = true;
	va_start(ap, fmt);
	tell(s, who, fmt, ap);
	va_end(ap);
}

struct event *sim_at(struct sim *s, uint64_t delay_ms, event_fn fn, struct node *n, void *obj)
{
	struct event *e = calloc(1, sizeof(*e));

	if (!e)
		abort();
	e->at_ms = s->now_ms + delay_ms;
	e->seq = ++s->event_seq;
	e->fn = fn;
	e->node = n;
	e->life = n ? n->life : 0;
	e->obj = obj;
	RB_INSERT(event_tree, &s->events, e);
	return e;
}

static void event_free(struct event *e)
{
	free(e->data);
	free(e);
}

static void end_turns(struct sim *s)
{
	unsigned i;

	for (i = 0; i < s->opts.nodes; i++) {
		if (s->node[i].dirty)
			node_end_turn(&s->node[i]);
	}
}

bool sim_step(struct sim *s, uint64_t until_ms)
{
	struct event *e = RB_MIN(event_tree, &s->events);

	if (!e || e->at_ms > until_ms)
		return false;
	RB_REMOVE(event_tree, &s->events, e);
	s->now_ms = e->at_ms;
	s->n_events++;
	if (e->node && e->node->stopped_until_ms > s->now_ms) {
		/* It finds all this when it goes on, in the order in which it came. */
		e->at_ms = e->node->stopped_until_ms;
		e->seq = ++s->event_seq;
		RB_INSERT(event_tree, &s->events, e);
		return true;
	}
	/* What was meant for a process that has died since does not happen. */
	if (!e->node || !e->life || (e->node->chat && e->node->life == e->life)) {
		e->fn(s, e);
		if (e->node)
			e->node->dirty = true;
	}
	event_free(e);
	e = RB_MIN(event_tree, &s->events);
	/* A turn may take several events that are ready at once. */
	if (!e || e->at_ms > s->now_ms || sim_random(s, 3) == 0)
		end_turns(s);
	return true;
}

static void watch(struct sim *s, struct event *e)
{
	(void)e;
	check_watch(s);
	sim_at(s, s->opts.weeks ? 600000 : 5000, watch, NULL, NULL);
}

static void run_until(struct sim *s, uint64_t until_ms, bool (*over)(const struct sim *s))
{
	while (!s->failed && sim_step(s, until_ms)) {
		if (s->n_events > EVENTS_MAX)
			sim_fail(s, "sim", "it never comes to rest: %u events", EVENTS_MAX);
		if (over && over(s))
			return;
	}
}

static void begin(struct sim *s, const struct sim_opts *opts)
{
	const char *tmp = getenv("TMPDIR");
	unsigned i;

	memset(s, 0, sizeof(*s));
	keys_begin();
	s->opts = *opts;
	s->rng_state = opts->seed * 0x2545f4914f6cdd1du + 1;
	s->hash = 0xcbf29ce484222325u;
	s->real_base_ms = 1700000000000u;
	s->faulty = opts->faults;
	s->plan_ms = opts->weeks   ? WEEKS_MS / 2 + sim_random(s, WEEKS_MS / 2)
		     : opts->brief ? 60000 + sim_random(s, 360000)
				   : PLAN_MS;
	RB_INIT(&s->events);
	TAILQ_INIT(&s->wires);
	if (!tmp)
		tmp = access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm";
	snprintf(s->dir, sizeof(s->dir), "%s/allium-sim-XXXXXX", tmp);
	if (!mkdtemp(s->dir)) {
		perror(s->dir);
		exit(1);
	}
	for (i = 0; i < opts->nodes; i++)
		node_init(s, i);
	plan_init(s);
	sim_at(s, 5000, watch, NULL, NULL);
}

static void end(struct sim *s)
{
	struct event *e;
	unsigned i;

	for (i = 0; i < s->opts.nodes; i++)
		node_clear(&s->node[i]);
	wire_clear(s);
	while ((e = RB_MIN(event_tree, &s->events))) {
		RB_REMOVE(event_tree, &s->events, e);
		event_free(e);
	}
	s->n.keys = (unsigned)keys_used();
	keys_clear();
	file_rmtree(s->dir);
}

/* When all are awake, and users have done what brings contacts together. */
static uint64_t healed_at(const struct sim *s)
{
	uint64_t at = s->now_ms;
	unsigned i;

	for (i = 0; i < s->opts.nodes; i++) {
		if (s->node[i].stopped_until_ms > at)
			at = s->node[i].stopped_until_ms;
	}
	return at + (s->opts.moves ? HEAL_MS : 0);
}

int sim_run(const struct sim_opts *opts, uint64_t *hash, struct sim *s)
{
	begin(s, opts);
	run_until(s, s->plan_ms + (opts->weeks ? 0 : s->plan_ms * FAULTS_MS / PLAN_MS), NULL);
	plan_end_faults(s);
	run_until(s, healed_at(s), NULL);
	run_until(s, s->now_ms + QUIET_MS, check_quiet);
	if (!s->failed && !check_quiet(s))
		check_unquiet(s);
	run_until(s, s->now_ms + (opts->weeks ? RENEWED_MS : s->plan_ms * AFTER_MS / PLAN_MS), NULL);
	/* A link that was slow to answer may have got a second one just now. */
	run_until(s, s->now_ms + CHANGE_MS, check_settled);
	if (!s->failed)
		check_end(s);
	*hash = s->hash;
	end(s);
	return s->failed ? -1 : 0;
}
