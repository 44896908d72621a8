/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "chat/chat_certificate.h"

#include <string.h>

#include "base/err.h"
#include "chat_impl.h"

static int count(void *ctx, const struct certificate_row *row)
{
	(void)row;
	++*(size_t *)ctx;
	return 0;
}

int chat_certificate_add(struct chat *c, struct now now, const uint8_t fingerprint[FINGERPRINT_BYTES], bool proven)
{
	struct certificate_row row = {.made_ms = now.real_ms, .proven = proven}, old;
	size_t n = 0;
	int err = c->broken ? c->broken : store_certificate_get(c->store, fingerprint, &old);
	if (!err && proven && !old.proven)
		err = chat_break(c, store_certificate_prove(c->store, fingerprint));
	if (err != ERR_NOT_FOUND)
		return err ? err : ERR_EXISTS;
	err = store_certificate_each(c->store, count, &n);
	if (err || n >= CERTIFICATES_MAX)
		return err ? err : ERR_FULL;
	memcpy(row.fingerprint, fingerprint, FINGERPRINT_BYTES);
	return chat_break(c, store_certificate_add(c->store, &row));
}

int chat_certificate_delete(struct chat *c, const uint8_t fingerprint[FINGERPRINT_BYTES])
{
	struct certificate_row row;
	const int err = c->broken ? c->broken : store_certificate_get(c->store, fingerprint, &row);
	return err ? err : chat_break(c, store_certificate_delete(c->store, fingerprint));
}

int chat_certificates_each(struct chat *c, int (*cb)(void *ctx, const struct certificate_row *row), void *ctx)
{
	return store_certificate_each(c->store, cb, ctx);
}

int chat_certificate_check(struct chat *c, const uint8_t fingerprint[FINGERPRINT_BYTES], bool named)
{
	struct certificate_row row;
	int err = c->broken ? c->broken : store_certificate_get(c->store, fingerprint, &row);
	if (!err && !row.proven)
		err = named ? chat_break(c, store_certificate_prove(c->store, fingerprint)) : ERR_NOT_FOUND;
	return err;
}
