/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A bounded byte queue: append at the end, consume at the front.
 *
 * Invariants: the bytes [data + off, data + off + len) are valid; off + len <=
 * cap <= max.  Memory is wiped before it is given back, also when the buffer
 * grows or is compacted, so secrets may pass through.  All integers on the wire are big-endian.
 *
 * Nothing is appended on an error: a buf_put that fails leaves the buffer as it was.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stddef.h>
#include <stdint.h>

struct buf {
	uint8_t *data;
	size_t off;
	size_t len;
	size_t cap;
	size_t max; /* bound in bytes that len never passes */
};

/* Starts an empty buffer of at most max bytes; allocates nothing. */
void buf_init(struct buf *b, size_t max);
/* Wipes and frees the content; the buffer may be used again with the same bound. */
void buf_clear(struct buf *b);

/* The first unconsumed byte; valid until the next call that changes the buffer.  NULL when empty. */
const uint8_t *buf_ptr(const struct buf *b);
size_t buf_len(const struct buf *b);
/* Bytes that can still be appended. */
size_t buf_room(const struct buf *b);

/* Appends; ERR_FULL beyond the bound, ERR_NOMEM. */
int buf_put(struct buf *b, const void *data, size_t len);
int buf_put_u8(struct buf *b, uint8_t v);
int buf_put_u16(struct buf *b, uint16_t v);
int buf_put_u32(struct buf *b, uint32_t v);
int buf_put_u64(struct buf *b, uint64_t v);
/* Appends len zero bytes. */
int buf_put_zero(struct buf *b, size_t len);
/* Appends room for len bytes and returns where they go; NULL on error. The caller fills all of them. */
uint8_t *buf_reserve(struct buf *b, size_t len);

/* Drops and wipes n bytes at the front; n <= buf_len. */
void buf_consume(struct buf *b, size_t n);

/*
 * A reader over borrowed bytes.  After the first read past the end every
 * further read fails: check once, at the end, with rd_done or rd_ok.
 */
struct rd {
	const uint8_t *p;
	size_t left;
	int failed;
};

/* data is borrowed while the reader is used. Numbers are 0 on failure. */
void rd_init(struct rd *r, const void *data, size_t len);
uint8_t rd_u8(struct rd *r);
uint16_t rd_u16(struct rd *r);
uint32_t rd_u32(struct rd *r);
uint64_t rd_u64(struct rd *r);
/* Copies len bytes out; zeroes out on failure. */
void rd_bytes(struct rd *r, void *out, size_t len);
/* Borrows len bytes; NULL on failure. */
const uint8_t *rd_take(struct rd *r, size_t len);
/* 0 if nothing failed, else ERR_PROTOCOL. */
int rd_ok(const struct rd *r);
/* 0 if nothing failed and nothing is left, else ERR_PROTOCOL. */
int rd_done(const struct rd *r);

#endif
