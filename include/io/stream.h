/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A byte stream over a connected socket, and the listeners and dials that make them.
 *
 * What is written is held until the loop releases it at the end of the turn (io/loop.h).  Reading stops while
 * the receiver leaves more than the input bound unconsumed, and may be paused.
 */
#ifndef IO_STREAM_H
#define IO_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "io/loop.h"

struct stream;

struct stream_ops {
	/* Bytes came; consume from in what can be used now.  May write, pause, finish or close the stream.  A
	 * receiver that leaves in_max bytes gets no more until it resumes the stream with stream_pause(s,
	 * false). */
	void (*data)(void *ctx, struct buf *in);
	/* Output fell below the low-water mark after it had been above the high-water mark. May be NULL. */
	void (*drained)(void *ctx);
	/* The peer closed (ERR_CLOSED), an error (ERR_IO: also TLS that ends without close_notify, and a
	 * WebSocket that ends without a Close frame, RFC 8446 section 6.1, RFC 6455 section 7.1.5) or the
	 * output bound was passed (ERR_FULL). Called once; the receiver must then call stream_close, or after
	 * ERR_CLOSED or ERR_FULL stream_finish: a peer that has only shut down its own side, or may begin to
	 * read again, still gets what was released.  After ERR_FULL up to 1,024 bytes may be written before
	 * that, to say why.  Never called from within stream_write. */
	void (*closed)(void *ctx, int err);
};

struct stream_opts {
	size_t in_max;	   /* bytes of unconsumed input */
	size_t out_max;	   /* bytes of unsent output, beyond which the stream fails with ERR_FULL */
	size_t high_water; /* stream_is_full above this; 0: out_max / 2 */
};

/* Takes over a connected non-blocking socket; on failure NULL and the fd is closed. */
struct stream *stream_new(struct loop *loop, int fd, const struct stream_opts *opts,
			  const struct stream_ops *ops, void *ctx);
/* Changes the receiver, for handing a stream on. */
void stream_set_ops(struct stream *s, const struct stream_ops *ops, void *ctx);
/* For what is written from now on. */
void stream_set_high_water(struct stream *s, size_t high_water);
/* Moves the stream into a commit domain (NULL: none). What it holds is released with the new one. */
void stream_set_domain(struct stream *s, struct domain *d);
/* Closes at once; held and unsent bytes are dropped.  NULL is fine. */
void stream_close(struct stream *s);
/* Gives the socket back, to be handed on after a preamble; the stream is gone.  ERR_WRONG_STATE, and the
 * stream stays, while output is pending, input is unconsumed, or the stream has failed. */
int stream_detach(struct stream *s, int *fd);
/* Shuts down once everything written has been committed and sent, and closes when the peer does or after
 * timeout_ms.  No more callbacks come; the stream belongs to the loop from now on. */
void stream_finish(struct stream *s, uint64_t timeout_ms);
/* Holds bytes for the end of the turn.  ERR_FULL beyond out_max: then closed() follows from the loop. */
int stream_write(struct stream *s, const void *data, size_t len);
bool stream_is_full(const struct stream *s);
size_t stream_pending(const struct stream *s); /* held and unsent bytes */
/* While paused nothing is read: no data() comes, and the peer's close is not seen.  Resuming delivers what is
 * buffered, from the loop and not from this call. */
void stream_pause(struct stream *s, bool paused);

/* Is it TLS? */
bool stream_is_secure(const struct stream *s);
/* The SHA-256 of the certificate (DER) whose key the TLS client has proved to hold; false: it showed none.
 * The certificate is checked for nothing else. */
#define STREAM_FINGERPRINT_BYTES 32
bool stream_peer_fingerprint(const struct stream *s, uint8_t out[STREAM_FINGERPRINT_BYTES]);

/* Where the peer comes from, to share out fairly between peers: a number that is the same for the same IP
 * address (IPv6: the same /64), or for the same user at a Unix socket; 0: not known. */
uint64_t stream_origin(const struct stream *s);

/* ---- listening ---- */
struct listener;
typedef void (*accept_cb)(void *ctx, int fd); /* the fd belongs to the callee */
/*
 * address: "127.0.0.1:6667", "[::1]:6667" or "unix:/path" (a stale socket is replaced, one that answers is
 * not: ERR_EXISTS). Plain TCP is refused off loopback: ERR_REFUSED.  Port 0 picks one.  Unix sockets get
 * socket_mode. Backlog SOMAXCONN.  ERR_INVALID (malformed), ERR_TOO_LONG (Unix path over 107 bytes),
 * ERR_PERMISSION, ERR_EXISTS, ERR_IO.
 */
int listener_new(struct loop *loop, const char *address, unsigned socket_mode, accept_cb cb, void *ctx,
		 struct listener **out);
void listener_free(struct listener *l); /* unlinks a Unix socket; NULL is fine */
/* The bound address in the same form, with the real port. */
const char *listener_address(const struct listener *l);
/* Stops and resumes accepting, for a limit on clients or descriptors. */
void listener_pause(struct listener *l, bool paused);

/* Checks an address by the rules of listener_new without binding it. */
int listener_check(const char *address);

/* ---- dialling ---- */
/* Connects to a Unix socket, without blocking (a Unix connect is immediate).  Gives the fd or an err;
 * ERR_NOT_FOUND: no such path, ERR_REFUSED: nobody listens, ERR_PERMISSION, ERR_TOO_LONG. */
int unix_connect(const char *path, int *fd);
/* Two ends of one connection within this process, non-blocking.  ERR_IO: no descriptors or memory are left. */
int unix_pair(int fds[2]);

#endif
