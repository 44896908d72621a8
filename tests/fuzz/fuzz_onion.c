/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Onion addresses: what decodes is written back the same. */
#include "fuzz.h"

#include <strings.h>

#include "crypto/identity.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	uint8_t ed_public[KEY_BYTES];
	char address[ONION_LEN + 1];
	fuzz_check(!crypto_start());
	char *text = fuzz_string(data, len);
	if (!onion_decode(text, ed_public)) {
		fuzz_check(!identity_check(ed_public));
		onion_encode(ed_public, address);
		fuzz_check(!strncasecmp(address, text, ONION_LEN));
	}
	free(text);
	if (len >= KEY_BYTES) {
		/* any 32 bytes: encoded, and refused exactly if the point is bad */
		onion_encode(data, address);
		fuzz_check(onion_decode(address, ed_public) == identity_check(data));
	}
	return 0;
}
