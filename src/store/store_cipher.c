/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The key and the page format.
 *
 * A raw key is used as it is: SQLCipher stretches none, the key file did.  A new database gets the default
 * format of the library that makes it: that of SQLCipher 3 (1,024-byte pages, HMAC-SHA1) or 4 (4,096,
 * HMAC-SHA512).  Version 4 doesn't read version 3's; then cipher_migrate writes a copy and puts it in the old
 * one's place, once.  Settings stay the defaults so that it recognises them.  There is no way back to
 * version 3.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "store_private.h"
#include "sync_dir.h"

#define RAW_KEY_LEN (2 * KEY_BYTES + 3) /* x'...' */

static int set_key(sqlite3 *db, const uint8_t key[KEY_BYTES])
{
	char *raw = secret_new(RAW_KEY_LEN + 1);
	if (!raw)
		return SQLITE_NOMEM;
	raw[0] = 'x';
	raw[1] = '\'';
	hex_encode(key, KEY_BYTES, raw + 2);
	raw[RAW_KEY_LEN - 1] = '\'';
	const int rc = sqlite3_key_v2(db, "main", raw, RAW_KEY_LEN);
	secret_free(raw);
	return rc;
}

static int connect_keyed(const char *path, const uint8_t key[KEY_BYTES], sqlite3 **db)
{
	/* The file is there; but what is attached to it later may only be created if this may.  One thread uses it. */
	int rc = sqlite3_open_v2(path, db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_extended_result_codes(*db, 1);
	if (rc == SQLITE_OK)
		rc = set_key(*db, key);
	/* Version 4 would write about a wrong key to stderr, past our log. */
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(*db, "PRAGMA cipher_log_level = NONE", NULL, NULL, NULL);
	return rc;
}

static void disconnect(sqlite3 **db)
{
	sqlite3_close_v2(*db);
	*db = NULL;
}

/* The key is tried at the first page that is read. */
static int try_key(sqlite3 *db)
{
	return sqlite3_exec(db, "SELECT count(*) FROM sqlite_master", NULL, NULL, NULL);
}

/* The number that a PRAGMA answers; -1 if none. */
static int ask(sqlite3 *db, const char *pragma)
{
	sqlite3_stmt *stmt = NULL;
	int answer = -1;
	if (sqlite3_prepare_v2(db, pragma, -1, &stmt, NULL) == SQLITE_OK && sqlite3_step(stmt) == SQLITE_ROW)
		answer = sqlite3_column_int(stmt, 0);
	sqlite3_finalize(stmt);
	return answer;
}

static int migrate(const char *path, const uint8_t key[KEY_BYTES], sqlite3 **db)
{
	int rc = connect_keyed(path, key, db);
	if (rc == SQLITE_OK && ask(*db, "PRAGMA cipher_migrate") != 0)
		rc = SQLITE_NOTADB;
	disconnect(db);
	if (rc == SQLITE_OK && sync_dir_of(path))
		rc = SQLITE_IOERR;
	return rc;
}

static int from_version_3(const char *path, const uint8_t key[KEY_BYTES], sqlite3 **db)
{
	/* cipher_migrate fills this file and renames it; what an interrupted try left there would be in the
	 * way. */
	char *copy = str_asprintf("%s-migrated", path);
	if (!copy)
		return SQLITE_NOMEM;
	int rc = file_replace(copy, "", 0, 0600) ? SQLITE_IOERR : migrate(path, key, db);
	file_destroy(copy);
	free(copy);
	if (rc != SQLITE_OK)
		return rc;
	log_info("a database was brought to the format of SQLCipher 4");
	rc = connect_keyed(path, key, db);
	return rc == SQLITE_OK ? try_key(*db) : rc;
}

int store_cipher_open(const char *path, const uint8_t key[KEY_BYTES], sqlite3 **db)
{
	int rc = connect_keyed(path, key, db);
	if (rc == SQLITE_OK)
		rc = try_key(*db);
	if (rc == SQLITE_NOTADB && ask(*db, "PRAGMA cipher_version") >= 4) {
		disconnect(db);
		rc = from_version_3(path, key, db);
	}
	return store_err(NULL, rc);
}
