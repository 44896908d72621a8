/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "safecookie.h"

#include <string.h>

#include "base/err.h"
#include "base/str.h"
#include "control.h"
#include "crypto/crypto.h"

static const char server_label[] = "Tor safe cookie authentication server-to-controller hash";
static const char client_label[] = "Tor safe cookie authentication controller-to-server hash";

static int hex_value(const char *line, const char *key, uint8_t out[COOKIE_BYTES])
{
	char hex[2 * COOKIE_BYTES + 1];

	if (control_value(line, key, hex, sizeof(hex)) != 0)
		return ERR_PROTOCOL;
	return hex_decode(hex, out, COOKIE_BYTES) == 0 ? 0 : ERR_PROTOCOL;
}

int safecookie_answer(const struct safecookie *s, const char *line, uint8_t proof[COOKIE_BYTES])
{
	uint8_t message[3 * COOKIE_BYTES]; /* cookie, client nonce, server nonce */
	uint8_t said[COOKIE_BYTES], expected[COOKIE_BYTES];
	int err;

	memset(proof, 0, COOKIE_BYTES);
	memcpy(message, s->cookie, COOKIE_BYTES);
	memcpy(message + COOKIE_BYTES, s->client_nonce, COOKIE_BYTES);
	err = hex_value(line, "SERVERNONCE", message + 2 * COOKIE_BYTES);
	if (err == 0)
		err = hex_value(line, "SERVERHASH", said);
	if (err != 0)
		goto out;
	hmac_sha256(server_label, sizeof(server_label) - 1, message, sizeof(message), expected);
	if (!crypto_equal(said, expected, sizeof(expected))) {
		err = ERR_AUTH;
		goto out;
	}
	hmac_sha256(client_label, sizeof(client_label) - 1, message, sizeof(message), proof);
out:
	crypto_wipe(message, sizeof(message));
	crypto_wipe(expected, sizeof(expected));
	return err;
}
