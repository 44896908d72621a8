/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A directory of its own for a test, a key, and rows. */
#ifndef TESTS_STORE_HELP_H
#define TESTS_STORE_HELP_H

#include "unit.h"

#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/log.h"
#include "store/store.h"

static const uint8_t help_key[KEY_BYTES] = {7, 1, 9, 2, 200, 100, 50, 25};

struct help {
	char dir[128];
	char db[PATH_MAX]; /* dir/db */
};

static inline void help_no_log(void *ctx, enum log_level level, const char *line)
{
	(void)ctx;
	(void)level;
	(void)line;
}

static inline int help_setup(void **state)
{
	struct help *h = calloc(1, sizeof(*h));
	const char *tmp = getenv("TMPDIR");
	assert_non_null(h);
	assert_int_equal(crypto_start(), 0);
	log_set_sink(help_no_log, NULL);
	assert_int_equal(str_fmt(h->dir, sizeof(h->dir), "%s/allium-test-XXXXXX", tmp ? tmp : "/tmp"), 0);
	assert_non_null(mkdtemp(h->dir));
	assert_int_equal(str_fmt(h->db, sizeof(h->db), "%s/db", h->dir), 0);
	*state = h;
	return 0;
}

static inline int help_teardown(void **state)
{
	struct help *h = *state;
	assert_int_equal(file_rmtree(h->dir), 0);
	log_set_sink(NULL, NULL);
	free(h);
	return 0;
}

static inline struct store *help_open(const struct help *h)
{
	struct store *s = NULL;
	assert_int_equal(store_open(h->db, help_key, NULL, &s), 0);
	return s;
}

/* Bob's id and keys follow from n. */
static inline struct contact_row help_contact(const char *petname, uint8_t n)
{
	struct contact_row c = {.state = 1, .created_ms = 1000 + n};
	memset(c.identity, n, sizeof(c.identity));
	memset(c.onion, n + 1, sizeof(c.onion));
	assert_int_equal(str_copy(c.petname, sizeof(c.petname), petname), 0);
	return c;
}

static inline int64_t help_add_contact(struct store *s, const char *petname, uint8_t n)
{
	struct contact_row c = help_contact(petname, n);
	assert_int_equal(store_contact_add(s, &c), 0);
	return c.id;
}

/* Its seed follows from n. */
static inline int64_t help_add_service(struct store *s, uint8_t n)
{
	struct service_row row = {.created_ms = 2000 + n};
	memset(row.seed, n, sizeof(row.seed));
	assert_int_equal(store_service_add(s, &row), 0);
	return row.id;
}

/* A spare key that follows from n, or the key of a contact. */
static inline int64_t help_add_client(struct store *s, int64_t service, uint8_t n, int64_t contact)
{
	struct client_row row = {
	    .service = service, .use = contact ? CLIENT_CONTACT : CLIENT_SPARE, .contact = contact};
	memset(row.secret, n, sizeof(row.secret));
	assert_int_equal(store_client_add(s, &row), 0);
	return row.id;
}

static inline int help_line(struct store *s, int64_t contact, const char *text)
{
	struct line_row l = {.contact = contact, .text = text, .text_len = strlen(text)};
	return store_line_add(s, &l);
}

static inline int help_count_cb(void *ctx, const struct line_row *l)
{
	(void)l;
	++*(size_t *)ctx;
	return 0;
}

static inline size_t help_lines(struct store *s)
{
	size_t n = 0;
	assert_int_equal(store_line_since(s, 0, SIZE_MAX, help_count_cb, &n), 0);
	return n;
}

/* Rows as words, to compare them with what a test says. */
struct help_story {
	char text[2048];
};

static inline void help_tell(struct help_story *st, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
static inline void help_tell(struct help_story *st, const char *fmt, ...)
{
	const size_t len = strlen(st->text);
	va_list ap;
	va_start(ap, fmt);
	const int n = vsnprintf(st->text + len, sizeof(st->text) - len, fmt, ap);
	va_end(ap);
	assert_true(n > 0 && (size_t)n < sizeof(st->text) - len);
}

static inline off_t help_size(const char *path, const char *suffix)
{
	char name[PATH_MAX];
	struct stat st;
	assert_int_equal(str_fmt(name, sizeof(name), "%s%s", path, suffix), 0);
	return stat(name, &st) ? -1 : st.st_size;
}

#endif
