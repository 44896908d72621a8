/* SPDX-License-Identifier: GPL-3.0-or-later */
/* TLS on a stream's socket. */
#ifndef IO_TLS_WIRE_H
#define IO_TLS_WIRE_H

#include <openssl/ssl.h>

#include "io/tls.h"

#include "wire.h"

/* tls.c: a server's side of a connection; NULL when out of memory or without a certificate. */
SSL *tls_accept(struct tls *t);
/* The server's side on fd, which stays the caller's; NULL as above. */
struct wire *tls_wire_new(struct tls *t, int fd);

#endif
