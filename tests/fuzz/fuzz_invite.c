/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Invitations.  What decodes is written back the same, but for the case.  Mutations hardly ever hold a
 * checksum: the input is therefore also taken for the bytes of an invitation, which gets a good one.
 */
#include "fuzz.h"

#include <strings.h>

#include "base/err.h"
#include "crypto/identity.h"
#include "link/invite.h"

#define LABEL	  "allium invitation"
#define BYTES_MAX 300 /* more than any invitation has */

static int try_text(const char *text)
{
	static const struct invite none;
	char again[INVITE_LEN + 1];
	struct invite inv;
	int err = invite_decode(text, &inv);

	if (err) {
		fuzz_check((err == ERR_INVALID || err == ERR_VERSION) && !memcmp(&inv, &none, sizeof(inv)));
		return err;
	}
	fuzz_check(!identity_check(inv.identity) && !identity_check(inv.locator.onion));
	fuzz_check(!invite_encode(&inv, again) && strlen(again) == INVITE_LEN && !strcasecmp(again, text));
	return 0;
}

/* version .. minute, with a checksum behind it */
static void try_bytes(const uint8_t *data, size_t len)
{
	char text[INVITE_PREFIX_LEN + BASE32_LEN(BYTES_MAX + INVITE_SUM_BYTES) + 1] = INVITE_PREFIX;
	uint8_t raw[BYTES_MAX + INVITE_SUM_BYTES], hash[HASH_BYTES];
	int err;

	if (!len || len > BYTES_MAX)
		return;
	hash2(LABEL, strlen(LABEL), data, len, hash);
	memcpy(raw, data, len);
	memcpy(raw + len, hash, INVITE_SUM_BYTES);
	base32_encode(raw, len + INVITE_SUM_BYTES, text + INVITE_PREFIX_LEN);
	err = try_text(text);
	if (len <= INVITE_BYTES - INVITE_SUM_BYTES)
		fuzz_check(data[0] == 1 ? err != ERR_VERSION : err == ERR_VERSION);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = fuzz_string(data, len);

	fuzz_check(!crypto_start());
	try_text(text);
	try_bytes(data, len);
	free(text);
	return 0;
}
