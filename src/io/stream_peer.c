/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a stream's wire knows of the peer. */
#include <string.h>

#include "loop_private.h"
#include "wire.h"

bool stream_is_secure(const struct stream *s)
{
	const struct wire *w = stream_wire(s);

	return w != NULL && w->secure;
}

bool stream_peer_fingerprint(const struct stream *s, uint8_t out[STREAM_FINGERPRINT_BYTES])
{
	const struct wire *w = stream_wire(s);

	if (w == NULL || !w->certified)
		return false;
	memcpy(out, w->fingerprint, STREAM_FINGERPRINT_BYTES);
	return true;
}
