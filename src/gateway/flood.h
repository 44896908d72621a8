/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How fast a client may talk: a bucket of `burst` lines, which fills again by `rate` lines a second.
 *
 * No line is ever dropped for it: while the bucket is empty the client is not read, what it sends waits in its
 * stream and then in the kernel, and it notices by nothing but its own writes that block.
 */
#ifndef GATEWAY_FLOOD_H
#define GATEWAY_FLOOD_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/gateway.h"

/* All zero: a full bucket. */
struct flood {
	uint64_t full_us; /* monotonic: when the bucket is full again */
};

/* Is there a line in the bucket? */
bool flood_ready(const struct flood *f, const struct flood_limit *limit, uint64_t now_ms);
/* Takes one, if there is. */
void flood_take(struct flood *f, const struct flood_limit *limit, uint64_t now_ms);
/* How long to wait before reading on: for a line, and at least FLOOD_PAUSE_MS, so that what comes then comes in one. */
#define FLOOD_PAUSE_MS 50
uint64_t flood_wait_ms(const struct flood *f, const struct flood_limit *limit, uint64_t now_ms);

#endif
