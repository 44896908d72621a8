/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tls_wire.h"

#include <openssl/err.h>
#include <stdlib.h>

#include "base/err.h"

struct tls_wire {
	struct wire wire;
	SSL *ssl;
	int ended;   /* what ended the input; 0 while it goes on */
	bool broken; /* after a fatal error OpenSSL allows no call but the end */
};

static struct tls_wire *self(struct wire *w)
{
	return (struct tls_wire *)w;
}

/*
 * What a call that did not succeed waits for, or how the connection ended.  Only a close_notify is an orderly
 * end: a socket that closes without one may have been cut by anybody (RFC 8446 section 6.1).
 */
static int outcome(struct tls_wire *t, int ret)
{
	int code = SSL_get_error(t->ssl, ret);

	if (code == SSL_ERROR_WANT_READ)
		return WIRE_WANT_READ;
	if (code == SSL_ERROR_WANT_WRITE)
		return WIRE_WANT_WRITE;
	if (code == SSL_ERROR_ZERO_RETURN)
		return ERR_CLOSED;
	t->broken = true;
	return ERR_IO;
}

/* ---- the handshake ---- */

static void take_certificate(struct tls_wire *t)
{
	X509 *x = SSL_get1_peer_certificate(t->ssl);
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned len;

	if (x == NULL)
		return;
	if (X509_digest(x, EVP_sha256(), digest, &len) == 1 && len == STREAM_FINGERPRINT_BYTES) {
		memcpy(t->wire.fingerprint, digest, len);
		t->wire.certified = true;
	}
	X509_free(x);
}

static int on_shake(struct wire *w)
{
	struct tls_wire *t = self(w);
	int ret;

	ERR_clear_error();
	ret = SSL_do_handshake(t->ssl);
	if (ret != 1)
		return outcome(t, ret);
	take_certificate(t);
	return WIRE_READY;
}

/* ---- bytes ---- */

/* A call takes from one record: more are read as long as there is room, as from a plain socket. */
static int on_read(struct wire *w, uint8_t *out, size_t size, size_t *n)
{
	struct tls_wire *t = self(w);
	int r = t->ended;
	size_t got;
	int ret;

	while (r == WIRE_READY && *n < size) {
		ERR_clear_error();
		ret = SSL_read_ex(t->ssl, out + *n, size - *n, &got);
		if (ret == 1)
			*n += got;
		else
			r = outcome(t, ret);
	}
	if (r < 0)
		t->ended = r;
	return *n > 0 ? WIRE_READY : r;
}

static int on_write(struct wire *w, const uint8_t *data, size_t len, size_t *n)
{
	struct tls_wire *t = self(w);
	int ret;

	if (t->broken)
		return ERR_IO;
	if (len == 0)
		return WIRE_READY;
	ERR_clear_error();
	ret = SSL_write_ex(t->ssl, data, len, n);
	return ret == 1 ? WIRE_READY : outcome(t, ret);
}

/* Sends close_notify; the peer's is not waited for. */
static int on_shut(struct wire *w)
{
	struct tls_wire *t = self(w);
	int ret;

	if (t->broken)
		return ERR_IO;
	ERR_clear_error();
	ret = SSL_shutdown(t->ssl);
	return ret >= 0 ? WIRE_READY : outcome(t, ret);
}

static bool on_has_input(const struct wire *w)
{
	const struct tls_wire *t = (const struct tls_wire *)w;

	return t->ended != 0 || SSL_pending(t->ssl) > 0;
}

static bool on_has_output(const struct wire *w)
{
	(void)w;
	return false;
}

/* ---- life ---- */

static void on_free(struct wire *w)
{
	struct tls_wire *t = self(w);

	SSL_free(t->ssl);
	free(t);
}

static const struct wire_ops tls_ops = {
    .shake = on_shake,
    .read = on_read,
    .write = on_write,
    .shut = on_shut,
    .has_input = on_has_input,
    .has_output = on_has_output,
    .free = on_free,
};

struct wire *tls_wire_new(struct tls *tls, int fd)
{
	struct tls_wire *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->wire = (struct wire){.ops = &tls_ops, .fd = fd, .secure = true};
	t->ssl = tls_accept(tls);
	if (t->ssl != NULL && SSL_set_fd(t->ssl, fd) == 1)
		return &t->wire;
	on_free(&t->wire);
	return NULL;
}
