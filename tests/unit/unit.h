/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What every unit test needs: cmocka with its prerequisites, bytes from hex, a random source that repeats. */
#ifndef TESTS_UNIT_H
#define TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "base/str.h"

/* Fills out with exactly len bytes written in hex. */
static inline void unit_hex(const char *hex, void *out, size_t len)
{
	assert_int_equal(hex_decode(hex, out, len), 0);
}

static inline void unit_assert_hex(const void *data, size_t len, const char *hex)
{
	char *text = malloc(2 * len + 1);
	assert_non_null(text);
	hex_encode(data, len, text);
	assert_string_equal(text, hex);
	free(text);
}

/* splitmix64: the same bytes for the same seed, on every machine. */
static inline void unit_rng_fill(void *ctx, uint8_t *out, size_t len)
{
	uint64_t *state = ctx;
	for (size_t i = 0; i < len; i++) {
		uint64_t z = *state += 0x9e3779b97f4a7c15;
		z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
		z = (z ^ z >> 27) * 0x94d049bb133111eb;
		out[i] = (uint8_t)(z >> 33);
	}
}

/* *seed is the state and must outlive the rng. */
static inline struct rng unit_rng(uint64_t *seed)
{
	return (struct rng){unit_rng_fill, seed};
}

#endif
