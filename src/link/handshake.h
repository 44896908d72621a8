/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Handshake records: docs/protocol.md, "Handshake records".
 *
 *   version 1 | more 1 bit, length 15 bits | Noise bytes | random filling up to RECORD_BYTES
 */
#ifndef LINK_HANDSHAKE_H
#define LINK_HANDSHAKE_H

#include "link/link.h"

#define HANDSHAKE_HEADER_BYTES 3
#define HANDSHAKE_ROOM	       (RECORD_BYTES - HANDSHAKE_HEADER_BYTES)
#define HANDSHAKE_RECORDS_MAX  4 /* of one message */
#define PROLOGUE_BYTES	       (sizeof(LINK_LABEL) - 1 + 1 + 1 + KEY_BYTES)

struct handshake_record {
	uint8_t version;
	bool more;	      /* the message goes on in the next record */
	const uint8_t *bytes; /* borrowed */
	size_t len;
};

/* The whole of a short message, len <= HANDSHAKE_ROOM, as one record.  The filling comes from rng. */
void handshake_record_write(const struct rng *rng, uint8_t version, const uint8_t *msg, size_t len,
			    uint8_t record[RECORD_BYTES]);
/* ERR_PROTOCOL for a length over HANDSHAKE_ROOM, and for a record that has no bytes but promises more.
 * version is set also then, since that byte alone is common to all versions. */
int handshake_record_parse(const uint8_t record[RECORD_BYTES], struct handshake_record *out);

/* Label, version, role, the responder's onion key. */
void handshake_prologue(uint8_t version, enum link_role role, const uint8_t onion[KEY_BYTES],
			uint8_t out[PROLOGUE_BYTES]);

#endif
