/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The time as pure layers see it: handed to them with every input. */
#ifndef BASE_NOW_H
#define BASE_NOW_H

#include <stdint.h>

struct now {
	uint64_t mono_ms; /* monotonic: deadlines */
	uint64_t real_ms; /* since 1970, UTC: what is stored and shown */
};

#define TICK_NEVER UINT64_MAX /* no deadline */

#endif
