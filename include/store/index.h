/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The daemon-wide index: which accounts there are.  Plain text, one "name directory" a line; it holds names
 * only. A directory is state_dir/accounts/<16 hex digits> and holds key, db and tor/.
 */
#ifndef STORE_INDEX_H
#define STORE_INDEX_H

#include "base/nick.h"
#include "base/rng.h"

#define INDEX_ID_LEN	   16
#define INDEX_ACCOUNTS_MAX 1000

struct index_entry {
	char name[NICK_MAX + 1]; /* as registered; unique under casemapping */
	char id[INDEX_ID_LEN + 1];
};
struct index {
	char *state_dir;
	struct index_entry *entries; /* room for INDEX_ACCOUNTS_MAX */
	size_t n;
	int lock_fd;
	char unused[INDEX_ID_LEN + 1]; /* what index_sweep kept for index_new_dir; empty: nothing */
};

/* Makes state_dir (0700) where it is missing, locks it against a second daemon (ERR_EXISTS), reads the index.
 * ERR_INVALID for one that is damaged, or missing though there are account directories; ERR_IO,
 * ERR_PERMISSION, ERR_NOMEM.  On an error out is closed. */
int index_open(const char *state_dir, struct index *out);
void index_close(struct index *ix);
/* The file's content to entries (room for INDEX_ACCOUNTS_MAX).  ERR_INVALID: malformed, twice the same name
 * or directory, too many. */
int index_parse(const char *text, size_t len, struct index_entry *entries, size_t *n);
const struct index_entry *index_find(const struct index *ix, const char *name);
/* A directory (0700) for the next account: the unused one that index_sweep has kept, or a fresh one. */
int index_new_dir(struct index *ix, const struct rng *rng, char id[INDEX_ID_LEN + 1]);
/* Adds a name, durably.  ERR_EXISTS (name or directory), ERR_FULL, ERR_INVALID, ERR_IO: then it was not
 * added. */
int index_add(struct index *ix, const char *name, const char *id);
/* Takes a name off, durably; its directory stays.  ERR_NOT_FOUND; ERR_IO: then it is still there. */
int index_remove(struct index *ix, const char *name);
/* Removes the directory of an account whose name is off.  ERR_IO, ERR_TOO_LONG: some of it is left, which the next
 * index_sweep removes. */
int index_remove_dir(const struct index *ix, const char *id);
/* state_dir/accounts/<id>/<leaf>, without the last part when leaf is NULL; ERR_TOO_LONG. */
int index_path(const struct index *ix, const char *id, const char *leaf, char *out, size_t size);
/*
 * Removes account directories that no entry names (a registration that crashed); goes on after an error.  One of those
 * without key and database is kept: the tor that was spare in a former run goes on with its guards and its cache.
 */
int index_sweep(struct index *ix);

#endif
