/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Looks at a database past the store: with SQLCipher alone, or with nothing but the key. */
#ifndef TESTS_STORE_DISK_HELP_H
#define TESTS_STORE_DISK_HELP_H

#include <openssl/evp.h>

#include "store_help.h"

#define SQLITE_HAS_CODEC 1
#include <sqlite3.h>

/* ---- a connection beside the store ---- */

static inline sqlite3 *raw_open(const char *path)
{
	char key[KEY_BYTES * 2 + 4] = "x'";
	sqlite3 *db;
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	hex_encode(help_key, KEY_BYTES, key + 2);
	strcat(key, "'");
	assert_int_equal(sqlite3_key_v2(db, "main", key, (int)strlen(key)), SQLITE_OK);
	return db;
}

static inline void raw_exec(sqlite3 *db, const char *sql)
{
	char *error = NULL;
	const int rc = sqlite3_exec(db, sql, NULL, NULL, &error);
	if (rc != SQLITE_OK)
		fail_msg("%s: %s", sql, error);
}

static inline int raw_int(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *stmt;
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	const int n = sqlite3_column_int(stmt, 0);
	sqlite3_finalize(stmt);
	return n;
}

/* ---- reading the files ---- */

static inline uint8_t *slurp(const char *path, const char *suffix, size_t *len)
{
	char name[PATH_MAX], *data;
	assert_int_equal(str_fmt(name, sizeof(name), "%s%s", path, suffix), 0);
	assert_int_equal(file_read(name, 64u << 20, &data, len), 0);
	return (uint8_t *)data;
}

static inline bool any_file_holds(const struct help *h, const char *what)
{
	static const char *const suffixes[] = {"", "-wal", "-shm"};
	bool found = false;
	for (size_t i = 0; i < 3; i++) {
		size_t len;
		if (help_size(h->db, suffixes[i]) < 0)
			continue;
		uint8_t *data = slurp(h->db, suffixes[i], &len);
		found = found || memmem(data, len, what, strlen(what));
		free(data);
	}
	return found;
}

struct format {
	size_t page;	/* bytes */
	size_t reserve; /* at its end: IV, MAC, fill */
};

static inline struct format format_here(const char *path)
{
	sqlite3 *db = raw_open(path);
	const bool old = raw_int(db, "PRAGMA cipher_version") < 4;
	sqlite3_close(db);
	return old ? (struct format){1024, 48} : (struct format){4096, 80};
}

/* One page as SQLCipher writes it: AES-256-CBC under the raw key, the IV first in the reserve; of the first
 * page the leading 16 bytes are a salt. In place, but for salt and reserve, which are zeroed. */
static inline void decrypt_page(uint8_t *page, struct format f, bool first)
{
	uint8_t plain[4096];
	int n = 0;
	const size_t skip = first ? 16 : 0;
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	assert_non_null(c);
	assert_int_equal(EVP_DecryptInit_ex(c, EVP_aes_256_cbc(), NULL, help_key, page + f.page - f.reserve),
			 1);
	EVP_CIPHER_CTX_set_padding(c, 0);
	assert_int_equal(EVP_DecryptUpdate(c, plain, &n, page + skip, (int)(f.page - f.reserve - skip)), 1);
	EVP_CIPHER_CTX_free(c);
	memset(page, 0, f.page);
	memcpy(page + skip, plain, (size_t)n);
}

/* What the key in hand shows, past SQLite, also in pages and parts of pages that are free. */
static inline uint8_t *decrypted_pages(const struct help *h, size_t *len)
{
	const struct format f = format_here(h->db);
	uint8_t *data = slurp(h->db, "", len);
	assert_int_equal(*len % f.page, 0);
	for (size_t at = 0; at < *len; at += f.page)
		decrypt_page(data + at, f, at == 0);
	return data;
}

static inline bool decrypted_pages_hold_bytes(const struct help *h, const void *what, size_t what_len)
{
	size_t len;
	uint8_t *data = decrypted_pages(h, &len);
	const bool found = memmem(data, len, what, what_len);
	free(data);
	return found;
}

static inline bool decrypted_pages_hold(const struct help *h, const char *what)
{
	return decrypted_pages_hold_bytes(h, what, strlen(what));
}

#endif
