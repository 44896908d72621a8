/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The key file: the database's random 256-bit key, wrapped under Argon2id(password), parameters beside it.
 * keyfile_open and keyfile_seal take long and touch nothing shared: they run off the loop.
 */
#ifndef STORE_KEYFILE_H
#define STORE_KEYFILE_H

#include "crypto/crypto.h"

#define KEYFILE_BYTES 128 /* at most; the content is fixed-size, see keyfile.c */

struct keyfile {
	struct pwhash_params params;
	uint8_t salt[PWHASH_SALT_BYTES];
	uint8_t sealed[KEY_BYTES + SEALBOX_OVERHEAD]; /* the header is its associated data */
};

/* The bytes of the file.  ERR_INVALID (not a key file, or parameters out of bounds), ERR_VERSION. */
int keyfile_parse(const void *data, size_t len, struct keyfile *out);
/* ERR_NOT_FOUND, ERR_IO, ERR_PERMISSION, ERR_NOMEM and those of keyfile_parse. */
int keyfile_read(const char *path, struct keyfile *out);
/* Atomically and durably, mode 0600. */
int keyfile_write(const char *path, const struct keyfile *kf);
/* What it held is as good as destroyed with it. A missing one is fine. */
int keyfile_destroy(const char *path);
/* A key file that no password opens and that costs the same as a real one: for unknown accounts. */
void keyfile_decoy(struct keyfile *kf, const struct rng *rng, const struct pwhash_params *params);
/* ERR_AUTH: wrong password or damaged; ERR_NOMEM, ERR_INVALID (parameters).  db_key should lie in guarded
 * memory. */
int keyfile_open(const struct keyfile *kf, const char *password, size_t len, uint8_t db_key[KEY_BYTES]);
/* Wraps db_key under a new salt.  ERR_NOMEM, ERR_INVALID (parameters). */
int keyfile_seal(struct keyfile *kf, const struct rng *rng, const struct pwhash_params *params,
		 const char *password, size_t len, const uint8_t db_key[KEY_BYTES]);

#endif
