/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the server shows to TLS clients: certificate and key.
 *
 * TLS 1.2 with forward secrecy, and 1.3 (RFC 8446); no renegotiation, compression, early data or resumption,
 * so nothing of a connection outlives it.  ALPN (RFC 7301): a client that offers protocols must offer "irc",
 * which a browser does not.  A client certificate is asked for, and may be anybody's: who it is is for others
 * to say (stream_peer_fingerprint).  The process must ignore SIGPIPE.
 */
#ifndef IO_TLS_H
#define IO_TLS_H

struct tls;

#define TLS_FINGERPRINT_LEN 64 /* hex digits of SHA-256 */

/* Without a certificate, connections are refused. */
struct tls *tls_new(void);
void tls_free(struct tls *t); /* connections that stand go on; NULL is fine */
/*
 * Reads PEM files: the certificate, with those above it behind it, and its key without a password; they may
 * be the same file.  Connections from now on have them; on an error what was there stays.  ERR_NOT_FOUND,
 * ERR_PERMISSION, ERR_INVALID: not a certificate and its key.
 */
int tls_load(struct tls *t, const char *certificate_path, const char *key_path);
/* The SHA-256 of the certificate (DER) in lower-case hex, as clients pin it; "" if there is none. Valid until
 * the next tls_load. */
const char *tls_fingerprint(const struct tls *t);

#endif
