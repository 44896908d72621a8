/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "store_private.h"

/*
 * WAL with FULL: a commit is one fsync of the log, and survives a power cut.  The cache is small on purpose:
 * a household's worth of accounts fits into a small machine, and plaintext pages stay few.
 */
static const char *const settings[] = {
    "PRAGMA locking_mode = NORMAL", "PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL",
    "PRAGMA secure_delete = ON",    "PRAGMA cache_size = -256",	 "PRAGMA temp_store = MEMORY",
    "PRAGMA foreign_keys = ON",
};

static int constraint_err(int rc)
{
	switch (rc) {
	case SQLITE_CONSTRAINT_UNIQUE:
	case SQLITE_CONSTRAINT_PRIMARYKEY:
	case SQLITE_CONSTRAINT_ROWID:
		return ERR_EXISTS;
	case SQLITE_CONSTRAINT_FOREIGNKEY:
		return ERR_NOT_FOUND; /* of a contact that is gone */
	}
	return ERR_INVALID;
}

int store_err(struct store *s, int rc)
{
	switch (rc & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return 0;
	case SQLITE_CONSTRAINT:
		return constraint_err(rc);
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return ERR_AGAIN;
	case SQLITE_NOMEM:
		return ERR_NOMEM;
	}
	const int extended = s && s->db ? sqlite3_extended_errcode(s->db) : rc;
	log_error("database: %s (%d)", sqlite3_errstr(rc), extended);
	switch (rc & 0xff) {
	case SQLITE_NOTADB:
		return ERR_AUTH;
	case SQLITE_FULL:
		return ERR_FULL;
	case SQLITE_READONLY:
	case SQLITE_PERM:
		return ERR_PERMISSION;
	}
	return ERR_IO;
}

int store_exec(struct store *s, const char *sql)
{
	return store_err(s, sqlite3_exec(s->db, sql, NULL, NULL, NULL));
}

/* For each transaction: prepared once. */
static int run(struct store *s, const char *sql)
{
	struct query q;
	query_read(&q, s, sql);
	return query_run(&q);
}

/* SQLite would make it readable for the group and the world, and its log with it. */
static int make_file(const char *path)
{
	const int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return errno == EACCES || errno == EPERM || errno == EROFS ? ERR_PERMISSION : ERR_IO;
	close(fd);
	return 0;
}

static int configure(struct store *s)
{
	int err = 0;
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]) && !err; i++)
		err = store_exec(s, settings[i]);
	return err;
}

int store_open(const char *path, const uint8_t key[KEY_BYTES], const struct store_opts *opts,
	       struct store **out)
{
	struct store *s = calloc(1, sizeof(*s));
	if (!s)
		return ERR_NOMEM;
	store_heap_init();
	int err = make_file(path);
	if (!err)
		err = store_cipher_open(path, key, &s->db);
	if (!err)
		err = configure(s);
	if (!err)
		err = store_schema_migrate(s);
	if (err) {
		store_close(s);
		return err;
	}
	if (opts)
		s->opts = *opts;
	s->unsynced = true; /* a crash may have left a log */
	s->litter = LITTER_ALL;
	*out = s;
	return 0;
}

void store_close(struct store *s)
{
	if (!s)
		return;
	store_rollback(s);
	for (size_t i = 0; i < s->n_statements; i++)
		sqlite3_finalize(s->statements[i].stmt);
	sqlite3_close_v2(s->db); /* the last one to close empties the log and removes it */
	free(s->newest);
	free(s);
}

int store_destroy(const char *path)
{
	static const char *const suffixes[] = {"", "-wal", "-shm", "-journal", "-migrated"};
	int err = 0;
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		char *name = str_asprintf("%s%s", path, suffixes[i]);
		const int one = name ? file_destroy(name) : ERR_NOMEM;
		free(name);
		if (one && !err)
			err = one;
	}
	return err;
}

int store_begin(struct store *s)
{
	if (s->broken)
		return s->broken;
	if (s->open) {
		/* After some errors SQLite has rolled back by itself: what follows must not commit alone. */
		if (sqlite3_get_autocommit(s->db))
			s->broken = ERR_IO;
		return s->broken;
	}
	/* First told, then begun: if it can't begin, the commit that is now due reports it. */
	s->open = true;
	if (s->opts.on_begin)
		s->opts.on_begin(s->opts.ctx);
	s->broken = run(s, "BEGIN IMMEDIATE");
	return s->broken;
}

void store_rollback(struct store *s)
{
	if (s->open && !sqlite3_get_autocommit(s->db))
		(void)store_exec(s, "ROLLBACK");
	s->open = false;
	s->broken = 0;
}

int store_commit(struct store *s)
{
	if (!s->open)
		return 0;
	int err = s->broken;
	if (!err && sqlite3_get_autocommit(s->db))
		err = ERR_IO;
	if (!err && s->opts.before_commit)
		err = s->opts.before_commit(s->opts.ctx);
	if (!err)
		err = run(s, "COMMIT");
	if (err) {
		store_rollback(s);
		return err;
	}
	s->open = false;
	s->unsynced = true;
	return 0;
}

bool store_dirty(const struct store *s)
{
	return s->open;
}

static bool walking(const struct store *s)
{
	for (size_t i = 0; i < s->n_statements; i++)
		if (s->statements[i].busy)
			return true;
	return false;
}

int store_checkpoint(struct store *s)
{
	if (s->open || walking(s))
		return ERR_AGAIN;
	if (!s->unsynced)
		return 0;
	int err = store_scrub(s);
	if (err)
		return err;
	err = store_err(s, sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL));
	if (!err)
		s->unsynced = false;
	return err;
}
