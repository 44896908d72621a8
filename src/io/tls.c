/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "io/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/str.h"

#include "tls_wire.h"

#define CLIENT_CERTIFICATE_MAX 16384

/* Of TLS 1.2 what is as good as 1.3: RFC 9325 section 4.2. */
#define CIPHERS_12 "ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL:!PSK"

struct tls {
	SSL_CTX *ctx; /* NULL: no certificate yet */
	char fingerprint[TLS_FINGERPRINT_LEN + 1];
};

/* ---- what is agreed with a client ---- */

/* RFC 7301: a client that wants something else, such as a browser, is refused before it says anything. */
static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len, const unsigned char *in,
		   unsigned in_len, void *arg)
{
	static const unsigned char irc[] = {3, 'i', 'r', 'c'};
	unsigned char *chosen;

	(void)ssl;
	(void)arg;
	if (SSL_select_next_proto(&chosen, out_len, irc, sizeof(irc), in, in_len) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

/* No chain is built, nobody vouches: the handshake has proved the key, and the fingerprint is what counts. */
static int on_client_certificate(X509_STORE_CTX *store, void *arg)
{
	(void)arg;
	X509_STORE_CTX_set_error(store, X509_V_OK);
	return 1;
}

/* A daemon has nobody to ask. */
static int on_password(char *out, int size, int writing, void *arg)
{
	(void)out;
	(void)size;
	(void)writing;
	(void)arg;
	return -1;
}

static SSL_CTX *context_new(void)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

	if (ctx == NULL)
		return NULL;
	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
				  SSL_MODE_RELEASE_BUFFERS);
	/* Records that hold no content don't make one read go on and on. */
	SSL_CTX_clear_mode(ctx, SSL_MODE_AUTO_RETRY);
	SSL_CTX_set_max_cert_list(ctx, CLIENT_CERTIFICATE_MAX);
	SSL_CTX_set_default_passwd_cb(ctx, on_password);
	SSL_CTX_set_alpn_select_cb(ctx, on_alpn, NULL);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_cert_verify_callback(ctx, on_client_certificate, NULL);
	if (SSL_CTX_set_num_tickets(ctx, 0) == 1 && SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1 &&
	    SSL_CTX_set_cipher_list(ctx, CIPHERS_12) == 1)
		return ctx;
	SSL_CTX_free(ctx);
	return NULL;
}

/* ---- the certificate ---- */

static int check_readable(const char *path)
{
	if (access(path, R_OK) == 0)
		return 0;
	return access(path, F_OK) == 0 ? ERR_PERMISSION : ERR_NOT_FOUND;
}

static int context_load(SSL_CTX *ctx, const char *certificate_path, const char *key_path, char *fingerprint)
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned len;

	if (SSL_CTX_use_certificate_chain_file(ctx, certificate_path) != 1 ||
	    SSL_CTX_use_PrivateKey_file(ctx, key_path, SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_check_private_key(ctx) != 1 ||
	    X509_digest(SSL_CTX_get0_certificate(ctx), EVP_sha256(), digest, &len) != 1)
		return ERR_INVALID;
	hex_encode(digest, TLS_FINGERPRINT_LEN / 2, fingerprint);
	return 0;
}

int tls_load(struct tls *t, const char *certificate_path, const char *key_path)
{
	char fingerprint[TLS_FINGERPRINT_LEN + 1];
	SSL_CTX *ctx = NULL;
	int err = check_readable(certificate_path);

	if (err == 0)
		err = check_readable(key_path);
	if (err != 0)
		return err;
	ctx = context_new();
	err = ctx == NULL ? ERR_NOMEM : context_load(ctx, certificate_path, key_path, fingerprint);
	ERR_clear_error();
	if (err != 0) {
		SSL_CTX_free(ctx);
		return err;
	}
	SSL_CTX_free(t->ctx);
	t->ctx = ctx;
	memcpy(t->fingerprint, fingerprint, sizeof(fingerprint));
	return 0;
}

/* ---- life ---- */

struct tls *tls_new(void)
{
	return calloc(1, sizeof(struct tls));
}

void tls_free(struct tls *t)
{
	if (t == NULL)
		return;
	SSL_CTX_free(t->ctx);
	free(t);
}

const char *tls_fingerprint(const struct tls *t)
{
	return t->fingerprint;
}

SSL *tls_accept(struct tls *t)
{
	SSL *ssl = t->ctx == NULL ? NULL : SSL_new(t->ctx);

	if (ssl != NULL)
		SSL_set_accept_state(ssl);
	return ssl;
}
