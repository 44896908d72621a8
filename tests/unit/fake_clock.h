/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Time for tests with a real loop: it stands still until clock_pass.  This program's clock_gettime and clock_getres
 * take the place of libc's, for libevent too.
 */
#ifndef FAKE_CLOCK_H
#define FAKE_CLOCK_H

#include <stdint.h>
#include <time.h>

static uint64_t fake_clock_ms = 1700000000000;

int clock_gettime(clockid_t clock, struct timespec *out);
int clock_gettime(clockid_t clock, struct timespec *out)
{
	(void)clock;
	*out = (struct timespec){.tv_sec = (time_t)(fake_clock_ms / 1000),
				 .tv_nsec = (long)(fake_clock_ms % 1000 * 1000000)};
	return 0;
}

/* It is exact, so that timers are too. */
int clock_getres(clockid_t clock, struct timespec *out);
int clock_getres(clockid_t clock, struct timespec *out)
{
	(void)clock;
	*out = (struct timespec){0};
	return 0;
}

static inline void clock_pass(uint64_t ms)
{
	fake_clock_ms += ms;
}

#endif
