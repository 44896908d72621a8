/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where clients come in: a listener that gives streams instead of sockets, once the handshake of its kind is
 * over.
 *
 * Handshakes are bounded in time and number; when too many are under way, the oldest is given up.
 */
#ifndef IO_INLET_H
#define IO_INLET_H

#include "io/loop.h"
#include "io/stream.h"
#include "io/tls.h"

struct inlet;

/* Who may come in over a WebSocket (RFC 6455 section 10.2; what they are for is told in src/io/upgrade.h). */
struct ws_rules {
	const char *host;	    /* this server's name; names of loopback are good too */
	const char *const *origins; /* of web pages: scheme://host[:port] */
	size_t n_origins;
};

struct inlet_opts {
	struct stream_opts stream;
	unsigned socket_mode;	 /* of a Unix socket */
	struct tls *tls;	 /* for tls:; borrowed; may be NULL where no tls: is opened */
	struct ws_rules ws;	 /* for ws:; its strings are borrowed */
	uint64_t handshake_ms;	 /* 0: 10 s */
	unsigned handshakes_max; /* 0: 64 */
};

/* The stream belongs to the callee, which must give it its receiver (stream_set_ops) before it returns, or
 * close it. */
typedef void (*inlet_cb)(void *ctx, struct stream *s);

/*
 * address: what listener_new takes, for plain text on loopback; or "tls:" and an IP address with port, for
 * TLS (io/tls.h), on any address; or "ws:" and one on loopback, for IRC over WebSocket (RFC 6455, IRCv3
 * websocket): each message is a line, which may have 8,192 bytes; the stream has CR LF for its end, and must
 * be given whole lines of UTF-8.  Errors of listener_new; ERR_WRONG_STATE: no certificate.
 */
int inlet_new(struct loop *loop, const char *address, const struct inlet_opts *opts, inlet_cb cb, void *ctx,
	      struct inlet **out);
void inlet_free(struct inlet *i); /* gives up handshakes that are under way; NULL is fine. Not from within its
				     callback. */
/* The bound address in the same form, with the real port. */
const char *inlet_address(const struct inlet *i);
void inlet_pause(struct inlet *i, bool paused);
/* Checks an address without binding it. */
int inlet_check(const char *address);
/* Does this address speak TLS? */
bool inlet_is_secure(const char *address);

#endif
