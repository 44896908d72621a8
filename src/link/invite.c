/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "link/invite.h"

#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "crypto/identity.h"

#define VERSION	  1
#define SUM_LABEL "allium invitation"
/* In all versions the version comes first, the checksum last, and there are no more bytes than this. */
#define ANY_BYTES_MAX 255

_Static_assert(sizeof(INVITE_PREFIX) == INVITE_PREFIX_LEN + 1, "length of the prefix");
_Static_assert(INVITE_BYTES <= ANY_BYTES_MAX, "room for an invitation");

static void checksum(const uint8_t *data, size_t len, uint8_t sum[INVITE_SUM_BYTES])
{
	uint8_t hash[HASH_BYTES];

	hash2(SUM_LABEL, strlen(SUM_LABEL), data, len, hash);
	memcpy(sum, hash, INVITE_SUM_BYTES);
}

/* A key of small order has the same, known, result with every secret: nobody could be met under it. */
static bool link_key_valid(const uint8_t link_key[KEY_BYTES])
{
	static const uint8_t any[KEY_BYTES] = {8};
	uint8_t shared[KEY_BYTES];

	return !dh(any, link_key, shared);
}

static int check(const struct invite *inv)
{
	return inv->locator.has_client_key && !identity_check(inv->identity) &&
		       !identity_check(inv->locator.onion) && link_key_valid(inv->link_key)
		   ? 0
		   : ERR_INVALID;
}

bool invite_is(const char *text)
{
	return !strncasecmp(text, INVITE_PREFIX, INVITE_PREFIX_LEN);
}

static uint8_t *put(uint8_t *p, const void *data, size_t len)
{
	memcpy(p, data, len);
	return p + len;
}

int invite_encode(const struct invite *inv, char out[INVITE_LEN + 1])
{
	const uint8_t minute[4] = {(uint8_t)(inv->minute >> 24), (uint8_t)(inv->minute >> 16),
				   (uint8_t)(inv->minute >> 8), (uint8_t)inv->minute};
	uint8_t raw[INVITE_BYTES] = {VERSION}, *p = raw + 1;

	out[0] = '\0';
	if (check(inv))
		return ERR_INVALID;
	p = put(p, inv->identity, KEY_BYTES);
	p = put(p, inv->link_key, KEY_BYTES);
	p = put(p, inv->locator.onion, KEY_BYTES);
	p = put(p, inv->locator.client_key, KEY_BYTES);
	p = put(p, inv->token, TOKEN_BYTES);
	p = put(p, minute, sizeof(minute));
	checksum(raw, (size_t)(p - raw), p);
	memcpy(out, INVITE_PREFIX, INVITE_PREFIX_LEN);
	base32_encode(raw, sizeof(raw), out + INVITE_PREFIX_LEN);
	crypto_wipe(raw, sizeof(raw));
	return 0;
}

/* What stands between version and checksum, in this version. */
static int take(const uint8_t *data, size_t len, struct invite *inv)
{
	struct rd rd;

	rd_init(&rd, data, len);
	rd_bytes(&rd, inv->identity, KEY_BYTES);
	rd_bytes(&rd, inv->link_key, KEY_BYTES);
	rd_bytes(&rd, inv->locator.onion, KEY_BYTES);
	inv->locator.has_client_key = true;
	rd_bytes(&rd, inv->locator.client_key, KEY_BYTES);
	rd_bytes(&rd, inv->token, TOKEN_BYTES);
	inv->minute = rd_u32(&rd);
	return rd_done(&rd) ? ERR_INVALID : check(inv);
}

static int decode(const uint8_t *raw, size_t len, struct invite *inv)
{
	uint8_t sum[INVITE_SUM_BYTES];

	if (len < 1 + INVITE_SUM_BYTES)
		return ERR_INVALID;
	len -= INVITE_SUM_BYTES;
	checksum(raw, len, sum);
	if (!crypto_equal(sum, raw + len, sizeof(sum)))
		return ERR_INVALID;
	return raw[0] == VERSION ? take(raw + 1, len - 1, inv) : ERR_VERSION;
}

static int decode_digits(const char *digits, struct invite *inv)
{
	const size_t n = strlen(digits), len = n * 5 / 8;
	uint8_t raw[ANY_BYTES_MAX];
	int err;

	if (len > sizeof(raw))
		return ERR_INVALID;
	err = base32_decode(digits, n, raw, len);
	if (!err)
		err = decode(raw, len, inv);
	crypto_wipe(raw, sizeof(raw));
	return err;
}

int invite_decode(const char *text, struct invite *inv)
{
	int err;

	memset(inv, 0, sizeof(*inv));
	err = invite_is(text) ? decode_digits(text + INVITE_PREFIX_LEN, inv) : ERR_INVALID;
	if (err)
		crypto_wipe(inv, sizeof(*inv));
	return err;
}
