/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A plain driver for fuzz targets, so that `make check` needs no fuzzing compiler.
 *
 *     fuzz_x             every file of tests/fuzz/corpus/x, then FUZZ_RUNS (20,000) mutations of them
 *     fuzz_x FILE...     these files alone, to replay a crash
 *
 * The mutations depend on the corpus, FUZZ_SEED (1) and the number of the run only.  When a target dies, its
 * input is written to fuzz_x.crash beside the program.
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/str.h"
#include "fuzz.h"

#define INPUT_MAX  65536
#define FILES_MAX  1000
#define HANG_S	   60 /* one input takes microseconds */
#define PATH_BYTES 1024

struct input {
	uint8_t *data;
	size_t len;
};

static struct input corpus[FILES_MAX];
static size_t corpus_len;

/* What the handlers may touch: the running input, its number, and texts made in advance. */
static struct input running;
static uint64_t running_number;
static char crash_path[PATH_BYTES];

/* ---- dying ---- */

static void say(const char *text)
{
	if (write(STDOUT_FILENO, text, strlen(text)) < 0)
		_exit(2);
}

static void keep_input(void)
{
	static volatile sig_atomic_t kept;
	char line[64 + PATH_BYTES];
	if (kept++)
		return;
	const int fd = open(crash_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, running.data, running.len) < 0)
		say("# the input could not be kept\n");
	snprintf(line, sizeof(line), "not ok 1 - run %llu, input in %s\n", (unsigned long long)running_number,
		 crash_path);
	say(line);
}

static void on_signal(int signo)
{
	signal(signo, SIG_DFL);
	keep_input();
	raise(signo);
}

/* Of the sanitizers' runtime, where it is linked in. */
void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

/* gcc's UBSan has a runtime of its own, which that callback does not reach. */
const char *__ubsan_default_options(void);
const char *__ubsan_default_options(void)
{
	return "abort_on_error=1:print_stacktrace=1";
}

static void catch_deaths(void)
{
	signal(SIGABRT, on_signal);
	signal(SIGALRM, on_signal);
	if (__sanitizer_set_death_callback) {
		/* it reports bad accesses itself, then calls back */
		__sanitizer_set_death_callback(keep_input);
		return;
	}
	static const int others[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP};
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		signal(others[i], on_signal);
}

/* ---- running ---- */

/* The copy is exactly as long as the input: reading past it shows. */
static void run(const uint8_t *data, size_t len, uint64_t number)
{
	running.data = malloc(len ? len : 1);
	fuzz_check(running.data);
	if (len)
		memcpy(running.data, data, len);
	running.len = len;
	running_number = number;
	alarm(HANG_S);
	LLVMFuzzerTestOneInput(running.data, len);
	alarm(0);
	free(running.data);
}

/* ---- mutating ---- */

static uint64_t rng_state;

static uint64_t draw(void)
{
	uint64_t z = rng_state += 0x9e3779b97f4a7c15;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static size_t below(size_t bound)
{
	return bound ? (size_t)(draw() % bound) : 0;
}

/* Small numbers are likely, any up to bound is possible. */
static size_t stretch(size_t bound)
{
	return below(below(bound + 1) + 1);
}

static uint8_t edge_byte(void)
{
	static const uint8_t edges[] = {0,   1,	  '\t', '\n', '\r', ' ',  '0', '9',
					':', 'a', 0x7f, 0x80, 0xbf, 0xc2, 0xff};
	return draw() & 1 ? edges[below(sizeof(edges))] : (uint8_t)draw();
}

/* Opens a gap of n bytes at a place; returns how many there was room for. */
static size_t open_gap(struct input *in, size_t place, size_t n)
{
	if (n > INPUT_MAX - in->len)
		n = INPUT_MAX - in->len;
	memmove(in->data + place + n, in->data + place, in->len - place);
	in->len += n;
	return n;
}

static void flip(struct input *in)
{
	const size_t place = below(in->len), bit = below(8);
	if (in->len)
		in->data[place] ^= (uint8_t)(1u << bit);
}

static void overwrite(struct input *in)
{
	const size_t place = below(in->len);
	if (in->len)
		in->data[place] = edge_byte();
}

static void insert(struct input *in)
{
	const size_t place = below(in->len + 1), n = open_gap(in, place, 1 + stretch(16));
	for (size_t i = 0; i < n; i++)
		in->data[place + i] = edge_byte();
}

static void delete (struct input *in)
{
	const size_t place = below(in->len + 1), n = stretch(in->len - place);
	memmove(in->data + place, in->data + place + n, in->len - place - n);
	in->len -= n;
}

static void truncate_tail(struct input *in)
{
	in->len = below(in->len + 1);
}

static void repeat(struct input *in)
{
	const size_t from = below(in->len + 1), n = stretch(in->len - from);
	for (size_t times = 1 + stretch(64); times; times--) {
		const size_t got = open_gap(in, from + n, n);
		memcpy(in->data + from + n, in->data + from, got);
	}
}

/* The beginning of this one, then the end of another. */
static void splice_other(struct input *in)
{
	const struct input *other = &corpus[below(corpus_len)];
	const size_t keep = below(in->len + 1), from = below(other->len + 1);
	size_t n = other->len - from;
	if (n > INPUT_MAX - keep)
		n = INPUT_MAX - keep;
	memcpy(in->data + keep, other->data + from, n);
	in->len = keep + n;
}

static void (*const mutations[])(struct input *) = {flip,	   overwrite, insert,	   delete,
						    truncate_tail, repeat,    splice_other};
#define MUTATIONS (sizeof(mutations) / sizeof(mutations[0]))

static void mutate(struct input *in, uint64_t seed, uint64_t number)
{
	rng_state = seed * 0xd1342543de82ef95 + number;
	const struct input *base = &corpus[below(corpus_len)];
	memcpy(in->data, base->data, base->len);
	in->len = base->len;
	for (size_t steps = 1 + stretch(8); steps; steps--)
		mutations[below(MUTATIONS)](in);
}

/* ---- the corpus ---- */

static int add_file(const char *path)
{
	char *data;
	size_t len;
	int err = corpus_len < FILES_MAX ? file_read(path, INPUT_MAX, &data, &len) : ERR_FULL;
	if (err) {
		printf("# %s: %s\n", path, err_str(err));
		return err;
	}
	corpus[corpus_len++] = (struct input){(uint8_t *)data, len};
	return 0;
}

static int not_hidden(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static int add_dir(const char *dir)
{
	struct dirent **entries;
	const int n = scandir(dir, &entries, not_hidden, alphasort);
	int err = n < 0 ? ERR_NOT_FOUND : 0;
	for (int i = 0; i < n; i++) {
		char path[PATH_BYTES];
		if (!err)
			err = str_fmt(path, sizeof(path), "%s/%s", dir, entries[i]->d_name);
		if (!err)
			err = add_file(path);
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	return err;
}

static uint64_t env_number(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);
	uint64_t v;
	return text && !str_to_u64(text, 0, UINT64_MAX, &v) ? v : otherwise;
}

static int load(const char *program, int argc, char *argv[])
{
	char dir[PATH_BYTES];
	const char *top = getenv("top_srcdir");
	int err = 0;
	for (int i = 1; i < argc && !err; i++)
		err = add_file(argv[i]);
	if (argc == 1) {
		err = str_fmt(dir, sizeof(dir), "%s/tests/fuzz/corpus/%s", top ? top : ".", program);
		if (!err)
			err = add_dir(dir);
		if (err || !corpus_len)
			printf("# no corpus in %s\n", dir);
	}
	return err || !corpus_len ? ERR_NOT_FOUND : 0;
}

static void run_all(uint64_t runs, uint64_t seed)
{
	struct input in = {malloc(INPUT_MAX), 0};
	fuzz_check(in.data);
	for (size_t i = 0; i < corpus_len; i++)
		run(corpus[i].data, corpus[i].len, i);
	for (uint64_t i = 0; i < runs; i++) {
		mutate(&in, seed, i);
		run(in.data, in.len, corpus_len + i);
	}
	free(in.data);
}

int main(int argc, char *argv[])
{
	const char *slash = strrchr(argv[0], '/');
	const char *program = slash ? slash + 1 : argv[0];
	const uint64_t runs = argc > 1 ? 0 : env_number("FUZZ_RUNS", 20000),
		       seed = env_number("FUZZ_SEED", 1);

	setvbuf(stdout, NULL, _IOLBF, 0);
	puts("1..1");
	if (strncmp(program, "fuzz_", 5) || str_fmt(crash_path, sizeof(crash_path), "%s.crash", argv[0]) ||
	    load(program + 5, argc, argv)) {
		puts("not ok 1 - nothing to run");
		return 1;
	}
	printf("# %zu files, %llu mutations, FUZZ_SEED=%llu\n", corpus_len, (unsigned long long)runs,
	       (unsigned long long)seed);
	catch_deaths();
	run_all(runs, seed);
	for (size_t i = 0; i < corpus_len; i++)
		free(corpus[i].data);
	printf("ok 1 - %s\n", program);
	return 0;
}
