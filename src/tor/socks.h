/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The client's side of SOCKS5 (RFC 1928) with username and password (RFC 1929), which tor takes for
 * isolation, and tor's extended replies F0 to F7 (torspec socks-extensions).  Pure.
 */
#ifndef TOR_SOCKS_H
#define TOR_SOCKS_H

#include <stdint.h>

#include "base/buf.h"

#define SOCKS_USER_MAX 64
#define SOCKS_OUT_MAX  512 /* bytes that fit all that it ever writes */
#define SOCKS_IN_MAX   262 /* the longest answer */

enum socks_state { SOCKS_METHOD, SOCKS_AUTH, SOCKS_REPLY, SOCKS_DONE };

struct socks {
	enum socks_state state;
	char host[256];
	char user[SOCKS_USER_MAX + 1];
	uint64_t password; /* sent in decimal */
	uint16_t port;
	uint8_t reply; /* the server's reply code, after ERR_REFUSED */
};

/* Begins: writes the greeting to out.  ERR_INVALID for an empty host or user, ERR_TOO_LONG. */
int socks_start(struct socks *s, const char *host, uint16_t port, const char *user, uint64_t password,
		struct buf *out);
/*
 * Takes what whole answers in holds, and writes the next question to out.  1: connected, the rest of in is
 * the application's; 0: more is needed; ERR_REFUSED: the server said no, with s->reply; ERR_AUTH;
 * ERR_PROTOCOL: not SOCKS5.
 */
int socks_step(struct socks *s, struct buf *in, struct buf *out);

#endif
