/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit.h"

static void uniform_stays_below_the_bound_and_reaches_all(void **state)
{
	(void)state;
	uint64_t seed = 7;
	const struct rng rng = unit_rng(&seed);
	unsigned seen[7] = {0};
	for (int i = 0; i < 7000; i++) {
		const uint32_t v = rng_uniform(&rng, 7);
		assert_true(v < 7);
		seen[v]++;
	}
	for (size_t i = 0; i < 7; i++)
		assert_in_range(seen[i], 850, 1150);
	assert_int_equal(rng_uniform(&rng, 1), 0);
}

/* Gives zeros once, then ones: zero lies in the part that would make low numbers more likely. */
static void zeros_then_ones(void *ctx, uint8_t *out, size_t len)
{
	int *calls = ctx;
	memset(out, (*calls)++ ? 0xff : 0, len);
}

static void uniform_throws_biased_draws_away(void **state)
{
	(void)state;
	int calls = 0;
	const struct rng rng = {zeros_then_ones, &calls};
	assert_int_equal(rng_uniform(&rng, 3), UINT64_MAX % 3);
	assert_int_equal(calls, 2);
	/* a power of two divides 2^64: nothing to throw away */
	calls = 0;
	assert_int_equal(rng_uniform(&rng, 4), 0);
	assert_int_equal(calls, 1);
}

static void jitter_fills_its_range(void **state)
{
	(void)state;
	uint64_t seed = 3, low = UINT64_MAX, high = 0;
	const struct rng rng = unit_rng(&seed);
	for (int i = 0; i < 20000; i++) {
		const uint64_t v = rng_jitter(&rng, 1000, 20);
		low = v < low ? v : low;
		high = v > high ? v : high;
	}
	assert_int_equal(low, 800);
	assert_int_equal(high, 1200);
}

static void jitter_keeps_its_bounds_at_the_edges(void **state)
{
	(void)state;
	uint64_t seed = 3;
	const struct rng rng = unit_rng(&seed);
	assert_int_equal(rng_jitter(&rng, 1000, 0), 1000);
	assert_int_equal(rng_jitter(&rng, 0, 50), 1);
	for (int i = 0; i < 1000; i++)
		assert_in_range(rng_jitter(&rng, 2, 100), 1, 4);
	assert_true(rng_jitter(&rng, UINT64_MAX, 50) == UINT64_MAX);
	assert_true(rng_jitter(&rng, UINT64_MAX / 4, 100) <= UINT64_MAX / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(uniform_stays_below_the_bound_and_reaches_all),
	    cmocka_unit_test(uniform_throws_biased_draws_away),
	    cmocka_unit_test(jitter_fills_its_range),
	    cmocka_unit_test(jitter_keeps_its_bounds_at_the_edges),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
