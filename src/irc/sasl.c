/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "irc/sasl.h"

#include <string.h>

#include "base/err.h"

void sasl_init(struct sasl *s)
{
	/* Room for the decoded message, which stands behind the base64, and its NUL. */
	buf_init(&s->text, SASL_MAX + SASL_MAX / 4 * 3 + 1);
}

void sasl_clear(struct sasl *s)
{
	buf_clear(&s->text);
}

int sasl_add(struct sasl *s, const char *chunk)
{
	size_t len = strlen(chunk);
	int err;

	if (strcmp(chunk, "+") == 0)
		return 0;
	if (len > SASL_CHUNK || buf_len(&s->text) + len > SASL_MAX)
		return ERR_TOO_LONG;
	err = buf_put(&s->text, chunk, len);
	if (err != 0)
		return err;
	return len == SASL_CHUNK ? ERR_AGAIN : 0;
}

/* The value of a base64 digit (RFC 4648 section 4), or -1. */
static int digit(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+')
		return 62;
	return c == '/' ? 63 : -1;
}

static int put_group(struct buf *b, const int v[4], size_t pad)
{
	uint32_t bits = (uint32_t)v[0] << 18 | (uint32_t)v[1] << 12 | (uint32_t)v[2] << 6 | (uint32_t)v[3];
	uint8_t bytes[3] = {(uint8_t)(bits >> 16), (uint8_t)(bits >> 8), (uint8_t)bits};

	return buf_put(b, bytes, 3 - pad);
}

/* Appends what the len digits at the front say; padding is required and stands only at the end. */
static int decode(struct buf *b, size_t len)
{
	size_t pad = 0;
	int err;

	if (len == 0 || len % 4 != 0)
		return ERR_INVALID;
	for (size_t i = 0; i < len; i += 4) {
		int v[4];

		for (size_t j = 0; j < 4; j++) {
			uint8_t c = buf_ptr(b)[i + j];

			if (c == '=' && i + 4 == len && j >= 2) {
				pad++;
				v[j] = 0;
			} else if (pad > 0 || (v[j] = digit(c)) < 0) {
				return ERR_INVALID;
			}
		}
		err = put_group(b, v, pad);
		if (err != 0)
			return err;
	}
	return 0;
}

int sasl_plain(struct sasl *s, struct sasl_plain *out)
{
	size_t len = buf_len(&s->text);
	const char *p;
	const char *end;
	int err;

	err = decode(&s->text, len);
	if (err != 0)
		return err;
	buf_consume(&s->text, len);
	len = buf_len(&s->text);
	err = buf_put_u8(&s->text, 0);
	if (err != 0)
		return err;
	p = (const char *)buf_ptr(&s->text);
	end = p + len;
	out->authzid = p;
	p += strlen(p) + 1;
	if (p >= end)
		return ERR_INVALID;
	out->authcid = p;
	p += strlen(p) + 1;
	if (p >= end)
		return ERR_INVALID;
	out->password = p;
	out->password_len = strlen(p);
	if (out->authcid[0] == '\0' || p + out->password_len != end)
		return ERR_INVALID;
	return 0;
}
