/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The file, 108 bytes, integers big-endian:
 *
 *	 8  magic
 *	 4  version, 1: Argon2id 1.3 with one lane, XChaCha20-Poly1305
 *	 4  passes
 *	 4  memory in KiB
 *	16  salt
 *	72  nonce, sealed database key, tag; the 36 bytes before are its associated data
 */
#include "store/keyfile.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"

#define MAGIC	     "allium\r\n" /* a transfer that changes line ends would show */
#define MAGIC_BYTES  8
#define VERSION	     1
#define HEADER_BYTES (MAGIC_BYTES + 12 + PWHASH_SALT_BYTES)

/* Anybody who can plant a file must not make us hash for hours: the bounds are checked before. */
#define PASSES_MAX     16
#define MEMORY_KIB_MIN 8
#define MEMORY_KIB_MAX (1024 * 1024)

static bool params_ok(const struct pwhash_params *p)
{
	return p->passes >= 1 && p->passes <= PASSES_MAX && p->memory_kib >= MEMORY_KIB_MIN &&
	       p->memory_kib <= MEMORY_KIB_MAX;
}

/* ERR_NOMEM. The caller clears b. */
static int put_header(const struct keyfile *kf, struct buf *b)
{
	int err = buf_put(b, MAGIC, MAGIC_BYTES);
	if (!err)
		err = buf_put_u32(b, VERSION);
	if (!err)
		err = buf_put_u32(b, kf->params.passes);
	if (!err)
		err = buf_put_u32(b, kf->params.memory_kib);
	if (!err)
		err = buf_put(b, kf->salt, sizeof(kf->salt));
	return err;
}

int keyfile_parse(const void *data, size_t len, struct keyfile *out)
{
	struct rd r;
	uint8_t magic[MAGIC_BYTES];
	rd_init(&r, data, len);
	rd_bytes(&r, magic, sizeof(magic));
	const uint32_t version = rd_u32(&r);
	if (rd_ok(&r) || memcmp(magic, MAGIC, sizeof(magic)))
		return ERR_INVALID;
	if (version != VERSION)
		return ERR_VERSION;
	out->params.passes = rd_u32(&r);
	out->params.memory_kib = rd_u32(&r);
	rd_bytes(&r, out->salt, sizeof(out->salt));
	rd_bytes(&r, out->sealed, sizeof(out->sealed));
	return rd_done(&r) || !params_ok(&out->params) ? ERR_INVALID : 0;
}

int keyfile_read(const char *path, struct keyfile *out)
{
	char *data;
	size_t len;
	int err = file_read(path, KEYFILE_BYTES, &data, &len);
	if (err)
		return err == ERR_TOO_LONG ? ERR_INVALID : err;
	err = keyfile_parse(data, len, out);
	free(data);
	return err;
}

int keyfile_write(const char *path, const struct keyfile *kf)
{
	struct buf b;
	buf_init(&b, KEYFILE_BYTES);
	int err = put_header(kf, &b);
	if (!err)
		err = buf_put(&b, kf->sealed, sizeof(kf->sealed));
	if (!err)
		err = file_replace(path, buf_ptr(&b), buf_len(&b), 0600);
	buf_clear(&b);
	return err;
}

int keyfile_destroy(const char *path)
{
	return file_destroy(path);
}

void keyfile_decoy(struct keyfile *kf, const struct rng *rng, const struct pwhash_params *params)
{
	kf->params = *params;
	rng_fill(rng, kf->salt, sizeof(kf->salt));
	rng_fill(rng, kf->sealed, sizeof(kf->sealed));
}

/* kek in guarded memory: secret_free it. */
static int derive(const struct keyfile *kf, const char *password, size_t len, uint8_t **kek)
{
	if (!params_ok(&kf->params))
		return ERR_INVALID;
	*kek = secret_new(KEY_BYTES);
	return *kek ? pwhash(password, len, kf->salt, &kf->params, *kek) : ERR_NOMEM;
}

int keyfile_open(const struct keyfile *kf, const char *password, size_t len, uint8_t db_key[KEY_BYTES])
{
	struct buf header;
	uint8_t *kek = NULL;
	buf_init(&header, HEADER_BYTES);
	int err = put_header(kf, &header);
	if (!err)
		err = derive(kf, password, len, &kek);
	if (!err &&
	    sealbox_open(kek, buf_ptr(&header), buf_len(&header), kf->sealed, sizeof(kf->sealed), db_key))
		err = ERR_AUTH;
	secret_free(kek);
	buf_clear(&header);
	return err;
}

int keyfile_seal(struct keyfile *kf, const struct rng *rng, const struct pwhash_params *params,
		 const char *password, size_t len, const uint8_t db_key[KEY_BYTES])
{
	struct buf header;
	uint8_t *kek = NULL;
	buf_init(&header, HEADER_BYTES);
	kf->params = *params;
	rng_fill(rng, kf->salt, sizeof(kf->salt));
	int err = put_header(kf, &header);
	if (!err)
		err = derive(kf, password, len, &kek);
	if (!err)
		sealbox(kek, rng, buf_ptr(&header), buf_len(&header), db_key, KEY_BYTES, kf->sealed);
	secret_free(kek);
	buf_clear(&header);
	return err;
}
