/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "store/index.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "sync_dir.h"

#define LINE_BYTES_MAX (NICK_MAX + 1 + INDEX_ID_LEN + 1)
#define FILE_BYTES_MAX (INDEX_ACCOUNTS_MAX * LINE_BYTES_MAX)
#define DIR_TRIES      8

static bool id_valid(const char *id)
{
	return strlen(id) == INDEX_ID_LEN && strspn(id, "0123456789abcdef") == INDEX_ID_LEN;
}

static const struct index_entry *find(const struct index_entry *entries, size_t n, const char *name,
				      const char *id)
{
	for (size_t i = 0; i < n; i++)
		if ((name && nick_eq(entries[i].name, name)) || (id && !strcmp(entries[i].id, id)))
			return &entries[i];
	return NULL;
}

/* One line without its end. */
static int parse_line(const char *line, size_t len, struct index_entry *e)
{
	const char *blank = memchr(line, ' ', len);
	if (!blank)
		return ERR_INVALID;
	const size_t name_len = (size_t)(blank - line);
	if (str_copy_n(e->name, sizeof(e->name), line, name_len) ||
	    str_copy_n(e->id, sizeof(e->id), blank + 1, len - name_len - 1))
		return ERR_INVALID;
	return nick_valid(e->name) && id_valid(e->id) ? 0 : ERR_INVALID;
}

int index_parse(const char *text, size_t len, struct index_entry *entries, size_t *n)
{
	*n = 0;
	while (len) {
		const char *end = memchr(text, '\n', len);
		if (!end || *n == INDEX_ACCOUNTS_MAX)
			return ERR_INVALID;
		const size_t line_len = (size_t)(end - text);
		struct index_entry *e = &entries[*n];
		if (parse_line(text, line_len, e) || find(entries, *n, e->name, e->id))
			return ERR_INVALID;
		++*n;
		text += line_len + 1;
		len -= line_len + 1;
	}
	return 0;
}

static int top_path(const struct index *ix, const char *leaf, char *out, size_t size)
{
	return str_fmt(out, size, "%s/%s", ix->state_dir, leaf);
}

/* Held until the descriptor is closed, by us or by our end. */
static int lock(struct index *ix)
{
	char path[PATH_MAX];
	int err = top_path(ix, "lock", path, sizeof(path));
	if (err)
		return err;
	ix->lock_fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (ix->lock_fd < 0)
		return errno == EACCES ? ERR_PERMISSION : ERR_IO;
	if (flock(ix->lock_fd, LOCK_EX | LOCK_NB))
		return errno == EWOULDBLOCK ? ERR_EXISTS : ERR_IO;
	return 0;
}

static int save(struct index *ix)
{
	struct buf b;
	char path[PATH_MAX], line[LINE_BYTES_MAX + 1];
	buf_init(&b, FILE_BYTES_MAX);
	int err = top_path(ix, "index", path, sizeof(path));
	for (size_t i = 0; i < ix->n && !err; i++) {
		err = str_fmt(line, sizeof(line), "%s %s\n", ix->entries[i].name, ix->entries[i].id);
		if (!err)
			err = buf_put(&b, line, strlen(line));
	}
	if (!err)
		err = file_replace(path, ix->n ? (const char *)buf_ptr(&b) : "", buf_len(&b), 0600);
	buf_clear(&b);
	return err;
}

/* Whether an account directory is there. */
static int has_dirs(const struct index *ix, bool *has)
{
	char path[PATH_MAX];
	int err = top_path(ix, "accounts", path, sizeof(path));
	DIR *dir = err ? NULL : opendir(path);
	if (!dir)
		return err ? err : ERR_IO;
	const struct dirent *entry;
	*has = false;
	while ((entry = readdir(dir)))
		*has |= id_valid(entry->d_name);
	closedir(dir);
	return 0;
}

/* The file is made before any directory: accounts without it have lost it, and must not be swept away. */
static int first_start(struct index *ix)
{
	bool has;
	const int err = has_dirs(ix, &has);
	if (err)
		return err;
	if (has) {
		log_error("%s/index is missing, though there are accounts", ix->state_dir);
		return ERR_INVALID;
	}
	return save(ix);
}

static int load(struct index *ix)
{
	char path[PATH_MAX], *text;
	size_t len;
	int err = top_path(ix, "index", path, sizeof(path));
	if (!err)
		err = file_read(path, FILE_BYTES_MAX, &text, &len);
	if (err == ERR_NOT_FOUND)
		return first_start(ix);
	if (!err) {
		err = index_parse(text, len, ix->entries, &ix->n);
		free(text);
	}
	if (err == ERR_TOO_LONG)
		err = ERR_INVALID;
	if (err == ERR_INVALID)
		log_error("%s is damaged after %zu accounts", path, ix->n);
	return err;
}

int index_open(const char *state_dir, struct index *out)
{
	char path[PATH_MAX];
	memset(out, 0, sizeof(*out));
	out->lock_fd = -1;
	out->state_dir = strdup(state_dir);
	out->entries = calloc(INDEX_ACCOUNTS_MAX, sizeof(*out->entries));
	int err = out->state_dir && out->entries ? 0 : ERR_NOMEM;
	if (!err)
		err = file_mkdir(state_dir, 0700);
	if (!err)
		err = lock(out);
	if (!err)
		err = top_path(out, "accounts", path, sizeof(path));
	if (!err)
		err = file_mkdir(path, 0700);
	if (!err)
		err = load(out);
	if (err)
		index_close(out);
	return err;
}

void index_close(struct index *ix)
{
	if (ix->lock_fd >= 0)
		close(ix->lock_fd);
	free(ix->state_dir);
	free(ix->entries);
	memset(ix, 0, sizeof(*ix));
	ix->lock_fd = -1;
}

const struct index_entry *index_find(const struct index *ix, const char *name)
{
	return find(ix->entries, ix->n, name, NULL);
}

int index_path(const struct index *ix, const char *id, const char *leaf, char *out, size_t size)
{
	return str_fmt(out, size, "%s/accounts/%s%s%s", ix->state_dir, id, leaf ? "/" : "", leaf ? leaf : "");
}

int index_new_dir(struct index *ix, const struct rng *rng, char id[INDEX_ID_LEN + 1])
{
	char path[PATH_MAX];
	uint8_t random[INDEX_ID_LEN / 2];
	if (ix->unused[0]) {
		(void)str_copy(id, INDEX_ID_LEN + 1, ix->unused);
		ix->unused[0] = '\0';
		return 0;
	}
	for (unsigned i = 0; i < DIR_TRIES; i++) {
		rng_fill(rng, random, sizeof(random));
		hex_encode(random, sizeof(random), id);
		int err = index_path(ix, id, NULL, path, sizeof(path));
		if (err)
			return err;
		if (!access(path, F_OK))
			continue; /* taken */
		err = file_mkdir(path, 0700);
		return err ? err : sync_dir_of(path);
	}
	return ERR_EXISTS;
}

int index_add(struct index *ix, const char *name, const char *id)
{
	if (!nick_valid(name) || !id_valid(id))
		return ERR_INVALID;
	if (find(ix->entries, ix->n, name, id))
		return ERR_EXISTS;
	if (ix->n == INDEX_ACCOUNTS_MAX)
		return ERR_FULL;
	struct index_entry *e = &ix->entries[ix->n];
	(void)str_copy(e->name, sizeof(e->name), name); /* nick_valid bounds it */
	(void)str_copy(e->id, sizeof(e->id), id);
	ix->n++;
	const int err = save(ix);
	if (err) {
		/* The new file may already have taken the old one's place: put that back. */
		ix->n--;
		(void)save(ix);
	}
	return err;
}

int index_remove(struct index *ix, const char *name)
{
	const struct index_entry *e = index_find(ix, name);
	if (!e)
		return ERR_NOT_FOUND;
	const struct index_entry removed = *e;
	ix->entries[e - ix->entries] = ix->entries[--ix->n];
	const int err = save(ix);
	if (err) {
		/* As above. */
		ix->entries[ix->n++] = removed;
		(void)save(ix);
	}
	return err;
}

/* No account was ever begun in it: at most a tor lives there. */
static bool is_unused(const struct index *ix, const char *id)
{
	static const char *const leaves[] = {"key", "db"};
	char path[PATH_MAX];
	for (size_t i = 0; i < sizeof(leaves) / sizeof(leaves[0]); i++)
		if (index_path(ix, id, leaves[i], path, sizeof(path)) || !access(path, F_OK))
			return false;
	return true;
}

/* What tor keeps goes first: a directory without key and database would be taken for one that was never used. */
int index_remove_dir(const struct index *ix, const char *id)
{
	static const char *const leaves[] = {"tor", NULL};
	char path[PATH_MAX];
	int err = 0;

	for (size_t i = 0; err == 0 && i < sizeof(leaves) / sizeof(leaves[0]); i++) {
		err = index_path(ix, id, leaves[i], path, sizeof(path));
		if (err == 0)
			err = file_rmtree(path);
	}
	return err;
}

int index_sweep(struct index *ix)
{
	char path[PATH_MAX];
	int err = top_path(ix, "accounts", path, sizeof(path));
	DIR *dir = err ? NULL : opendir(path);
	if (!dir)
		return err ? err : ERR_IO;
	const struct dirent *entry;
	while ((entry = readdir(dir))) {
		if (!id_valid(entry->d_name) || find(ix->entries, ix->n, NULL, entry->d_name))
			continue;
		if (!ix->unused[0] && is_unused(ix, entry->d_name)) {
			(void)str_copy(ix->unused, sizeof(ix->unused), entry->d_name);
			continue;
		}
		int one = index_path(ix, entry->d_name, NULL, path, sizeof(path));
		if (!one)
			one = file_rmtree(path);
		if (one && !err)
			err = one;
	}
	closedir(dir);
	return err;
}
