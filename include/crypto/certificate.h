/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The certificate that the daemon makes for itself. */
#ifndef CRYPTO_CERTIFICATE_H
#define CRYPTO_CERTIFICATE_H

#include <stddef.h>

#define CERTIFICATE_HOST_MAX 63

/*
 * Makes a P-256 key (RFC 5480: every TLS client knows it, which can't be said of Ed25519) and a certificate
 * that it signs itself (RFC 5280), for host, localhost and the loopback addresses, valid for 20 years.  Both
 * as PEM in one malloc'd text of *len bytes, NUL-terminated, which the caller wipes and frees.  ERR_TOO_LONG,
 * ERR_CRYPTO, ERR_NOMEM.
 */
int certificate_make(const char *host, char **pem, size_t *len);

#endif
