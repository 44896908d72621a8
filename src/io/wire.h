/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What lies between a stream and its socket: TLS, WebSocket frames, or nothing (a NULL wire: the bytes
 * themselves). A stream gives it what is released and takes what it has unwrapped, so what is held, bounded
 * and shared out between streams is always the content.
 */
#ifndef IO_WIRE_H
#define IO_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "io/stream.h"

/* What a step waits for; errors are negative. */
enum { WIRE_READY = 0, WIRE_WANT_READ = 1, WIRE_WANT_WRITE = 2 };

struct wire;

struct wire_ops {
	/* A step of the handshake; WIRE_READY: it is over. */
	int (*shake)(struct wire *w);
	/* WIRE_READY with *n > 0 bytes; else why there are none.  ERR_CLOSED: the peer has said that nothing
	 * follows; ERR_IO: it broke off, or broke the rules. */
	int (*read)(struct wire *w, uint8_t *out, size_t size, size_t *n);
	/* Takes *n bytes, which may be fewer than len.  WIRE_READY: all of them, and what it kept of earlier
	 * ones, were handed to the kernel.  With len 0 it sends what it kept. */
	int (*write)(struct wire *w, const uint8_t *data, size_t len, size_t *n);
	/* Says to the peer that nothing follows.  Called until it is ready or fails; nothing is written
	 * after. */
	int (*shut)(struct wire *w);
	/* read() has something to say though the socket may not be readable. */
	bool (*has_input)(const struct wire *w);
	/* It has kept output, or has answers of its own to send. */
	bool (*has_output)(const struct wire *w);
	void (*free)(struct wire *w);
};

struct wire {
	const struct wire_ops *ops;
	int fd;		/* the stream's */
	bool secure;	/* TLS */
	bool certified; /* the peer has a certificate: fingerprint holds its SHA-256 */
	uint8_t fingerprint[STREAM_FINGERPRINT_BYTES];
};

int wire_read(struct wire *w, int fd, uint8_t *out, size_t size, size_t *n);
int wire_write(struct wire *w, int fd, const uint8_t *data, size_t len, size_t *n);
int wire_shut(struct wire *w);
bool wire_has_input(const struct wire *w);
bool wire_has_output(const struct wire *w);
void wire_free(struct wire *w);

#endif
