/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The random source as pure layers see it: injected, so that a test or the
 * simulator can replay it.  crypto/rng_system.h has the real one.
 */
#ifndef BASE_RNG_H
#define BASE_RNG_H

#include <stddef.h>
#include <stdint.h>

struct rng {
	void (*fill)(void *ctx, uint8_t *out, size_t len);
	void *ctx;
};

/* Fills out with len random bytes; can't fail. */
void rng_fill(const struct rng *rng, void *out, size_t len);
/* A uniform number in [0, bound); bound > 0. */
uint32_t rng_uniform(const struct rng *rng, uint32_t bound);
/* value with a uniform jitter of +-percent (0..100), never below 1. */
uint64_t rng_jitter(const struct rng *rng, uint64_t value, unsigned percent);

#endif
