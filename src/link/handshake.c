/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "handshake.h"

#include <string.h>

#include "base/err.h"

#define MORE 0x8000u

void handshake_record_write(const struct rng *rng, uint8_t version, const uint8_t *msg, size_t len,
			    uint8_t record[RECORD_BYTES])
{
	record[0] = version;
	record[1] = (uint8_t)(len >> 8);
	record[2] = (uint8_t)len;
	if (len)
		memcpy(record + HANDSHAKE_HEADER_BYTES, msg, len);
	rng_fill(rng, record + HANDSHAKE_HEADER_BYTES + len, HANDSHAKE_ROOM - len);
}

int handshake_record_parse(const uint8_t record[RECORD_BYTES], struct handshake_record *out)
{
	unsigned length = (unsigned)record[1] << 8 | record[2];

	out->version = record[0];
	out->more = length & MORE;
	out->bytes = record + HANDSHAKE_HEADER_BYTES;
	out->len = length & ~MORE;
	if (out->len > HANDSHAKE_ROOM || (out->more && !out->len))
		return ERR_PROTOCOL;
	return 0;
}

void handshake_prologue(uint8_t version, enum link_role role, const uint8_t onion[KEY_BYTES],
			uint8_t out[PROLOGUE_BYTES])
{
	size_t label = sizeof(LINK_LABEL) - 1;

	memcpy(out, LINK_LABEL, label);
	out[label] = version;
	out[label + 1] = (uint8_t)role;
	memcpy(out + label + 2, onion, KEY_BYTES);
}
