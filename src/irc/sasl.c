/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "irc/sasl.h"

#include <string.h>

#include "base/err.h"
#include "base/str.h"

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

int sasl_decode(struct sasl *s, const char **data, size_t *len)
{
	size_t digits = buf_len(&s->text);
	size_t most = digits / 4 * 3;
	uint8_t *out = buf_reserve(&s->text, most + 1);
	int err;

	if (out == NULL)
		return ERR_NOMEM;
	memset(out, 0, most + 1);
	err = base64_decode((const char *)buf_ptr(&s->text), digits, out, most, len);
	if (err != 0)
		return err;
	buf_consume(&s->text, digits);
	*data = (const char *)buf_ptr(&s->text);
	return 0;
}

int sasl_plain(const char *data, size_t len, struct sasl_plain *out)
{
	const char *p = data;
	const char *end = data + len;

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

bool sasl_piece(const char *base64, size_t *at, char out[SASL_CHUNK + 1])
{
	size_t left = strlen(base64 + *at);
	size_t n = left < SASL_CHUNK ? left : SASL_CHUNK;

	str_copy_n(out, SASL_CHUNK + 1, n > 0 ? base64 + *at : "+", n > 0 ? n : 1);
	*at += n;
	return n == SASL_CHUNK;
}
