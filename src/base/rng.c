/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/rng.h"

void rng_fill(const struct rng *rng, void *out, size_t len)
{
	rng->fill(rng->ctx, out, len);
}

/* Uniform in [0, bound): draws that would favour the low remainders are thrown away. */
static uint64_t uniform64(const struct rng *rng, uint64_t bound)
{
	const uint64_t skip = (0 - bound) % bound; /* 2^64 mod bound */
	uint64_t v;
	do
		rng_fill(rng, &v, sizeof(v));
	while (v < skip);
	return v % bound;
}

uint32_t rng_uniform(const struct rng *rng, uint32_t bound)
{
	return (uint32_t)uniform64(rng, bound);
}

uint64_t rng_jitter(const struct rng *rng, uint64_t value, unsigned percent)
{
	if (value > UINT64_MAX / 4)
		return value;
	const uint64_t span = value / 100 * percent + value % 100 * percent / 100;
	const uint64_t v = value - span + uniform64(rng, 2 * span + 1);
	return v ? v : 1;
}
