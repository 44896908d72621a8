/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "link/record.h"

#include <string.h>

#include "base/err.h"

static uint16_t be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

int frame_put(struct buf *out, uint8_t type, const void *body, size_t len)
{
	uint8_t *p;

	if (len > FRAME_BODY_MAX)
		return ERR_TOO_LONG;
	if (len + FRAME_HEADER_BYTES > buf_room(out))
		return ERR_FULL;
	p = buf_reserve(out, len + FRAME_HEADER_BYTES);
	if (!p)
		return ERR_NOMEM;
	p[0] = type;
	p[1] = (uint8_t)(len >> 8);
	p[2] = (uint8_t)len;
	if (len)
		memcpy(p + FRAME_HEADER_BYTES, body, len);
	return 0;
}

void frame_reader_init(struct frame_reader *r)
{
	buf_init(&r->in, FRAME_UNREAD_MAX);
	r->whole = 0;
	r->taken = 0;
}

void frame_reader_clear(struct frame_reader *r)
{
	buf_clear(&r->in);
	r->whole = 0;
	r->taken = 0;
}

static void end_loan(struct frame_reader *r)
{
	buf_consume(&r->in, r->taken);
	r->whole -= r->taken;
	r->taken = 0;
}

/*
 * Looks at the headers that have come in since.  whole is where the first unchecked header begins; it may lie
 * beyond the end of in, when a body is still incomplete.
 */
static int check_headers(struct frame_reader *r)
{
	const uint8_t *p = buf_ptr(&r->in);

	while (r->whole + FRAME_HEADER_BYTES <= buf_len(&r->in)) {
		size_t len = be16(p + r->whole + 1);

		if (len > FRAME_BODY_MAX)
			return ERR_PROTOCOL;
		r->whole += FRAME_HEADER_BYTES + len;
	}
	return 0;
}

int frame_reader_feed(struct frame_reader *r, const uint8_t *data, size_t len)
{
	int err;

	end_loan(r);
	err = buf_put(&r->in, data, len);
	return err ? err : check_headers(r);
}

int frame_reader_next(struct frame_reader *r, uint8_t *type, const uint8_t **body, size_t *len)
{
	const uint8_t *p;
	size_t body_len;

	end_loan(r);
	if (buf_len(&r->in) < FRAME_HEADER_BYTES)
		return 0;
	p = buf_ptr(&r->in);
	body_len = be16(p + 1);
	if (buf_len(&r->in) < FRAME_HEADER_BYTES + body_len)
		return 0;
	*type = p[0];
	*body = p + FRAME_HEADER_BYTES;
	*len = body_len;
	r->taken = FRAME_HEADER_BYTES + body_len;
	return 1;
}

size_t record_fill(uint8_t plain[RECORD_PLAIN_BYTES], struct buf *stream)
{
	size_t len = buf_len(stream) < RECORD_ROOM ? buf_len(stream) : RECORD_ROOM;

	memset(plain, 0, RECORD_PLAIN_BYTES);
	plain[0] = (uint8_t)(len >> 8);
	plain[1] = (uint8_t)len;
	if (len)
		memcpy(plain + 2, buf_ptr(stream), len);
	buf_consume(stream, len);
	return len;
}

int record_parse(const uint8_t plain[RECORD_PLAIN_BYTES], const uint8_t **used, size_t *len)
{
	size_t count = be16(plain);
	uint8_t filling = 0;

	if (count > RECORD_ROOM)
		return ERR_PROTOCOL;
	for (size_t i = 2 + count; i < RECORD_PLAIN_BYTES; i++)
		filling |= plain[i];
	if (filling)
		return ERR_PROTOCOL;
	*used = plain + 2;
	*len = count;
	return 0;
}
