/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "flood.h"

/* What a line takes to come back.  The bucket misses as many lines as these fit until it is full. */
static uint64_t line_us(const struct flood_limit *limit)
{
	return (1000000 + limit->rate - 1) / limit->rate;
}

/* There is a line while the bucket is full by then. */
static uint64_t horizon_us(const struct flood_limit *limit, uint64_t now_ms)
{
	return now_ms * 1000 + (limit->burst - 1) * line_us(limit);
}

bool flood_ready(const struct flood *f, const struct flood_limit *limit, uint64_t now_ms)
{
	return limit->rate == 0 || f->full_us <= horizon_us(limit, now_ms);
}

void flood_take(struct flood *f, const struct flood_limit *limit, uint64_t now_ms)
{
	if (limit->rate == 0 || !flood_ready(f, limit, now_ms))
		return;
	if (f->full_us < now_ms * 1000)
		f->full_us = now_ms * 1000;
	f->full_us += line_us(limit);
}

uint64_t flood_wait_ms(const struct flood *f, const struct flood_limit *limit, uint64_t now_ms)
{
	uint64_t wait = 0;

	if (!flood_ready(f, limit, now_ms))
		wait = (f->full_us - horizon_us(limit, now_ms) + 999) / 1000;
	return wait > FLOOD_PAUSE_MS ? wait : FLOOD_PAUSE_MS;
}
