/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sim                          groups of runs, as make check has them (TAP)
 * sim --runs N                 N runs with faults from --seed on, of 2 to 4 nodes
 * sim --seed N [--verbose]     one run, with its story
 * sim --nodes N, --stranger, --calm, --mutation N     change it
 */
#include "sim.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"

static unsigned tests, failures;

static void no_log(void *ctx, enum log_level level, const char *line)
{
	(void)ctx;
	(void)level;
	(void)line;
}

static void result(bool ok, const char *what)
{
	printf("%sok %u - %s\n", ok ? "" : "not ", ++tests, what);
	fflush(stdout);
	failures += !ok;
}

static int run(const struct sim_opts *o, uint64_t *hash, struct sim *total)
{
	struct sim *s = calloc(1, sizeof(*s));
	int err;

	if (!s)
		abort();
	err = sim_run(o, hash, s);
#define X(name, text) total->n.name += s->n.name;
	COUNT_MAP(X)
#undef X
	free(s);
	return err;
}

static void tell_total(const struct sim *t)
{
	const char *sep = "# ";

#define X(name, text)                                                                                        \
	if (t->n.name) {                                                                                     \
		printf("%s%u %s", sep, t->n.name, text);                                                     \
		sep = ", ";                                                                                  \
	}
	COUNT_MAP(X)
#undef X
	printf("\n");
}

/* Runs seeds; the story of the first that fails is told. */
static bool group(const struct sim_opts *from, unsigned runs)
{
	static struct sim total;
	struct sim_opts o = *from;
	uint64_t hash;
	unsigned i;

	memset(&total, 0, sizeof(total));
	for (i = 0; i < runs; i++, o.seed++) {
		if (!run(&o, &hash, &total))
			continue;
		printf("# seed %" PRIu64 " fails with %u nodes%s%s:\n", o.seed, o.nodes,
		       o.stranger ? ", one a stranger" : "", o.faults ? "" : ", calm");
		o.verbose = true;
		run(&o, &hash, &total);
		return false;
	}
	tell_total(&total);
	return true;
}

static bool same_story(const struct sim_opts *from, unsigned runs)
{
	static struct sim total;
	struct sim_opts o = *from;
	uint64_t first, second;
	unsigned i;

	for (i = 0; i < runs; i++, o.seed++) {
		if (run(&o, &first, &total) || run(&o, &second, &total) || first != second) {
			printf("# seed %" PRIu64 ": %016" PRIx64 " and %016" PRIx64 "\n", o.seed, first,
			       second);
			return false;
		}
	}
	return true;
}

static bool seen(enum mutation m)
{
	static struct sim total;
	struct sim_opts o = {.seed = 1, .nodes = 2, .faults = true};
	bool found = false;
	uint64_t hash;

	sim_mutation = m;
	for (; o.seed <= 60 && !found; o.seed++)
		found = run(&o, &hash, &total) != 0;
	sim_mutation = MUTATE_NOTHING;
	return found;
}

static int all(void)
{
	struct sim_opts calm = {.seed = 1, .nodes = 2};
	struct sim_opts two = {.seed = 1000, .nodes = 2, .faults = true};
	struct sim_opts three = {.seed = 2000, .nodes = 3, .faults = true};
	struct sim_opts backups = {.seed = 4000, .nodes = 2, .faults = true, .backups = true};
	struct sim_opts big = {.seed = 5000, .nodes = 2, .faults = true, .backups = true, .big = true};
	struct sim_opts eight = {.seed = 6000, .nodes = 8, .faults = true};
	struct sim_opts hostile = {.seed = 7000, .nodes = 3, .faults = true, .hostile = true};
	struct sim_opts stranger = {.seed = 3000, .nodes = 3, .faults = true, .stranger = true};

	printf("1..14\n");
	result(group(&calm, 10), "two accounts, nothing fails");
	result(group(&two, 60), "two accounts, links break, processes crash, commits fail");
	result(group(&three, 20), "three accounts, the same");
	result(group(&stranger, 20), "two contacts and a stranger who wants to be one");
	result(group(&backups, 20), "old databases are put back");
	result(group(&big, 5), "more messages than may be under way");
	result(group(&eight, 3), "eight accounts");
	result(group(&hostile, 20), "an enemy on the wires, and one who is a contact");
	result(same_story(&two, 10), "the same seed tells the same story");
	result(seen(MUTATE_LEAK), "seen: acks leave before the commit");
	result(seen(MUTATE_NO_DEDUPE), "seen: duplicates are not recognised");
	result(seen(MUTATE_NO_RESEND), "seen: a new link does not start at the first unacked message");
	result(seen(MUTATE_NO_PING), "seen: silent links are not suspected");
	result(seen(MUTATE_ANY_KEY), "seen: an unknown link key is taken for a contact");
	return failures != 0;
}

static uint64_t number(const char *text)
{
	uint64_t v;

	if (str_to_u64(text, 0, UINT64_MAX, &v)) {
		fprintf(stderr, "not a number: %s\n", text);
		exit(2);
	}
	return v;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
	    {"seed", required_argument, NULL, 's'},	{"runs", required_argument, NULL, 'r'},
	    {"nodes", required_argument, NULL, 'n'},	{"stranger", no_argument, NULL, 'x'},
	    {"big", no_argument, NULL, 'g'},
	    {"hostile", no_argument, NULL, 'h'},
	    {"backups", no_argument, NULL, 'b'},
	    {"calm", no_argument, NULL, 'c'},		{"verbose", no_argument, NULL, 'v'},
	    {"mutation", required_argument, NULL, 'm'}, {NULL, 0, NULL, 0},
	};
	struct sim_opts o = {.seed = 1, .nodes = 2, .faults = true};
	unsigned runs = 1;
	int opt;

	log_set_sink(no_log, NULL);
	if (crypto_start())
		return 1;
	if (argc == 1)
		return all();
	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (opt) {
		case 's':
			o.seed = number(optarg);
			break;
		case 'r':
			runs = (unsigned)number(optarg);
			break;
		case 'n':
			o.nodes = (unsigned)number(optarg);
			break;
		case 'x':
			o.stranger = true;
			break;
		case 'g':
			o.big = true;
			break;
		case 'h':
			o.hostile = true;
			break;
		case 'b':
			o.backups = true;
			break;
		case 'c':
			o.faults = false;
			break;
		case 'v':
			o.verbose = true;
			break;
		case 'm':
			sim_mutation = (enum mutation)number(optarg);
			break;
		default:
			return 2;
		}
	}
	if (o.nodes < 2 || o.nodes > SIM_NODES_MAX || sim_mutation >= MUTATE_MAX)
		return 2;
	printf("1..1\n");
	result(group(&o, runs), "runs");
	return failures != 0;
}
