/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sim                          groups of runs and the deliberate faults, as make check has them (TAP)
 * sim --all --seed N           the groups, with other seeds
 * sim --seed N [--verbose]     one run, with its story; --runs N: several from there on
 * sim --nodes N, --calm, --brief, --big, --backups, --hostile, --stranger, --moves, --weeks, --mutation N
 *                              change it
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
		printf("# fails: tests/sim/sim --seed %" PRIu64 " --nodes %u%s%s%s%s%s%s%s%s --verbose\n", o.seed,
		       o.nodes, o.faults ? "" : " --calm", o.brief ? " --brief" : "", o.big ? " --big" : "",
		       o.backups ? " --backups" : "", o.hostile ? " --hostile" : "",
		       o.stranger ? " --stranger" : "", o.moves ? " --moves" : "", o.weeks ? " --weeks" : "");
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

static void mutant(enum mutation m, const char *text, unsigned where)
{
	static struct sim total;
	struct sim_opts o = {.seed = 1, .nodes = 2, .faults = true, .brief = true};
	char what[200];
	bool found = false;
	uint64_t hash;

	if ((where & MUTANT_RATCHET) && !total.n.keys) {
		printf("ok %u - seen: %s # SKIP this engine seals nothing\n", ++tests, text);
		return;
	}
	o.backups = where & MUTANT_BACKUPS;
	o.brief = !(where & MUTANT_LONG);
	o.moves = where & MUTANT_MOVES;
	o.nodes = o.moves ? 3 : 2;
	sim_mutation = m;
	for (; o.seed <= 1000 && !found; o.seed++)
		found = run(&o, &hash, &total) != 0;
	sim_mutation = MUTATE_NOTHING;
	snprintf(what, sizeof(what), "seen: %s (%u runs)", text, (unsigned)o.seed - 1);
	result(found, what);
}

/* Groups of runs: how many, and of what kind. */
#define GROUP_MAP(X)                                                                                         \
	X(3, "two accounts, nothing fails", .nodes = 2)                                                      \
	X(450, "two accounts, links break, processes crash, commits fail", .nodes = 2, .faults = true,       \
	  .brief = true)                                                                                     \
	X(240, "old databases are put back", .nodes = 2, .faults = true, .brief = true, .backups = true)     \
	X(100, "three accounts, all of it", .nodes = 3, .faults = true, .brief = true, .backups = true)      \
	X(150, "an enemy on the wires, and one who is a contact", .nodes = 3, .faults = true, .brief = true, \
	  .hostile = true)                                                                                   \
	X(120, "two contacts and a stranger who wants to be one", .nodes = 3, .faults = true, .brief = true, \
	  .stranger = true)                                                                                  \
	X(5, "eight accounts", .nodes = 8, .faults = true, .brief = true)                                    \
	X(20, "two accounts, longer", .nodes = 2, .faults = true, .backups = true)                           \
	X(5, "more messages than may be under way", .nodes = 2, .faults = true, .backups = true, .big = true) \
	X(60, "two accounts that block, remove, invite, close doors", .nodes = 2, .faults = true,            \
	  .brief = true, .moves = true)                                                                      \
	X(80, "three of them, and crowds of strangers", .nodes = 3, .faults = true, .brief = true,           \
	  .moves = true)                                                                                     \
	X(50, "and old databases", .nodes = 3, .faults = true, .brief = true, .moves = true, .backups = true) \
	X(6, "half a year, most of it away", .nodes = 2, .faults = true, .moves = true, .weeks = true)       \
	X(2, "and old databases", .nodes = 3, .faults = true, .moves = true, .weeks = true, .backups = true)

#define SEEDS 10000 /* of a group */

#define X(...) +1
enum { GROUPS = GROUP_MAP(X), MUTANTS = MUTATION_MAP(X) };
#undef X

static int groups(uint64_t seed)
{
#define X(runs, text, ...)                                                                                   \
	result(group(&(struct sim_opts){.seed = seed, __VA_ARGS__}, runs), text);                            \
	seed += SEEDS;
	GROUP_MAP(X)
#undef X
	return failures != 0;
}

static int check(void)
{
	struct sim_opts two = {.seed = 1, .nodes = 2, .faults = true, .brief = true, .backups = true};

	printf("1..%d\n", GROUPS + 1 + MUTANTS);
	groups(0);
	result(same_story(&two, 20), "the same seed tells the same story");
#define X(name, text, where) mutant(name, text, where);
	MUTATION_MAP(X)
#undef X
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
	    {"seed", required_argument, NULL, 's'},
	    {"runs", required_argument, NULL, 'r'},
	    {"nodes", required_argument, NULL, 'n'},
	    {"stranger", no_argument, NULL, 'x'},
	    {"moves", no_argument, NULL, 'o'},
	    {"weeks", no_argument, NULL, 'w'},
	    {"big", no_argument, NULL, 'g'},
	    {"hostile", no_argument, NULL, 'h'},
	    {"all", no_argument, NULL, 'a'},
	    {"brief", no_argument, NULL, 'i'},
	    {"backups", no_argument, NULL, 'b'},
	    {"calm", no_argument, NULL, 'c'},
	    {"verbose", no_argument, NULL, 'v'},
	    {"mutation", required_argument, NULL, 'm'},
	    {NULL, 0, NULL, 0},
	};
	struct sim_opts o = {.seed = 1, .nodes = 2, .faults = true};
	unsigned runs = 1;
	bool all = false;
	int opt;

	log_set_sink(no_log, NULL);
	if (crypto_start())
		return 1;
	if (argc == 1)
		return check();
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
		case 'o':
			o.moves = true;
			break;
		case 'w':
			o.weeks = true;
			break;
		case 'g':
			o.big = true;
			break;
		case 'h':
			o.hostile = true;
			break;
		case 'a':
			all = true;
			break;
		case 'i':
			o.brief = true;
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
	printf("1..%d\n", all ? GROUPS : 1);
	if (all)
		return groups(o.seed);
	result(group(&o, runs), "runs");
	return failures != 0;
}
