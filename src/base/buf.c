/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/buf.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"

#define CAP_MIN 64

void buf_init(struct buf *b, size_t max)
{
	memset(b, 0, sizeof(*b));
	b->max = max;
}

void buf_clear(struct buf *b)
{
	if (b->data)
		explicit_bzero(b->data, b->cap);
	free(b->data);
	buf_init(b, b->max);
}

const uint8_t *buf_ptr(const struct buf *b)
{
	return b->len ? b->data + b->off : NULL;
}

size_t buf_len(const struct buf *b)
{
	return b->len;
}

size_t buf_room(const struct buf *b)
{
	return b->max - b->len;
}

/* Moves the content to the front, so that all free space lies behind it. */
static void compact(struct buf *b)
{
	if (!b->off)
		return;
	memmove(b->data, b->data + b->off, b->len);
	explicit_bzero(b->data + b->len, b->off);
	b->off = 0;
}

/* A larger home; not realloc, which leaves the old bytes behind unwiped. */
static int grow(struct buf *b, size_t need)
{
	size_t cap = b->cap ? b->cap : CAP_MIN;
	while (cap < need)
		cap = cap > b->max / 2 ? b->max : cap * 2;
	if (cap > b->max)
		cap = b->max;

	uint8_t *data = malloc(cap);
	if (!data)
		return ERR_NOMEM;
	if (b->data) {
		memcpy(data, b->data + b->off, b->len);
		explicit_bzero(b->data, b->cap);
		free(b->data);
	}
	b->data = data;
	b->cap = cap;
	b->off = 0;
	return 0;
}

static int make_room(struct buf *b, size_t len)
{
	if (len > buf_room(b))
		return ERR_FULL;
	if (b->len + len > b->cap)
		return grow(b, b->len + len);
	if (b->off + b->len + len > b->cap)
		compact(b);
	return 0;
}

uint8_t *buf_reserve(struct buf *b, size_t len)
{
	if (make_room(b, len) || !b->data)
		return NULL;
	uint8_t *p = b->data + b->off + b->len;
	b->len += len;
	return p;
}

int buf_put(struct buf *b, const void *data, size_t len)
{
	if (!len)
		return 0;
	int err = make_room(b, len);
	if (err)
		return err;
	memcpy(b->data + b->off + b->len, data, len);
	b->len += len;
	return 0;
}

int buf_put_u8(struct buf *b, uint8_t v)
{
	return buf_put(b, &v, 1);
}

int buf_put_u16(struct buf *b, uint16_t v)
{
	uint8_t be[2] = {(uint8_t)(v >> 8), (uint8_t)v};
	return buf_put(b, be, sizeof(be));
}

int buf_put_u32(struct buf *b, uint32_t v)
{
	uint8_t be[4] = {(uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v};
	return buf_put(b, be, sizeof(be));
}

int buf_put_u64(struct buf *b, uint64_t v)
{
	uint8_t be[8];
	for (unsigned i = 0; i < 8; i++)
		be[i] = (uint8_t)(v >> (56 - 8 * i));
	return buf_put(b, be, sizeof(be));
}

int buf_put_zero(struct buf *b, size_t len)
{
	if (!len)
		return 0;
	int err = make_room(b, len);
	if (err)
		return err;
	memset(b->data + b->off + b->len, 0, len);
	b->len += len;
	return 0;
}

void buf_consume(struct buf *b, size_t n)
{
	if (n > b->len)
		n = b->len;
	if (!n)
		return;
	explicit_bzero(b->data + b->off, n);
	b->len -= n;
	b->off = b->len ? b->off + n : 0;
}

void rd_init(struct rd *r, const void *data, size_t len)
{
	r->p = data;
	r->left = len;
	r->failed = 0;
}

const uint8_t *rd_take(struct rd *r, size_t len)
{
	if (r->failed || len > r->left || !r->p) {
		r->failed = 1;
		return NULL;
	}
	const uint8_t *p = r->p;
	r->p += len;
	r->left -= len;
	return p;
}

static uint64_t take_be(struct rd *r, size_t len)
{
	const uint8_t *p = rd_take(r, len);
	uint64_t v = 0;
	for (size_t i = 0; p && i < len; i++)
		v = v << 8 | p[i];
	return v;
}

uint8_t rd_u8(struct rd *r)
{
	return (uint8_t)take_be(r, 1);
}

uint16_t rd_u16(struct rd *r)
{
	return (uint16_t)take_be(r, 2);
}

uint32_t rd_u32(struct rd *r)
{
	return (uint32_t)take_be(r, 4);
}

uint64_t rd_u64(struct rd *r)
{
	return take_be(r, 8);
}

void rd_bytes(struct rd *r, void *out, size_t len)
{
	if (!len)
		return;
	const uint8_t *p = rd_take(r, len);
	if (p)
		memcpy(out, p, len);
	else
		memset(out, 0, len);
}

int rd_ok(const struct rd *r)
{
	return r->failed ? ERR_PROTOCOL : 0;
}

int rd_done(const struct rd *r)
{
	return r->failed || r->left ? ERR_PROTOCOL : 0;
}
