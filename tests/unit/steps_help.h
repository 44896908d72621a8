/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What statements cost, in steps of SQLite's machine: the same on every machine, unlike time. */
#ifndef STEPS_HELP_H
#define STEPS_HELP_H

#include <sqlite3.h>

#include "unit.h"

/* In all statements that ended, of every connection made since steps_watch; apart: of those that make a full run of
 * lines be found by msgid, once in thousands of lines. */
static long steps, filling_steps;

static inline int steps_on_end(unsigned what, void *ctx, void *stmt, void *ns)
{
	(void)what;
	(void)ctx;
	(void)ns;
	const int n = sqlite3_stmt_status(stmt, SQLITE_STMTSTATUS_VM_STEP, 1);
	if (strstr(sqlite3_sql(stmt), "INTO line_find"))
		filling_steps += n;
	else
		steps += n;
	return 0;
}

static inline int steps_on_open(sqlite3 *db)
{
	return sqlite3_trace_v2(db, SQLITE_TRACE_PROFILE, steps_on_end, NULL);
}

static inline void steps_watch(void)
{
	assert_int_equal(sqlite3_auto_extension((void (*)(void))steps_on_open), SQLITE_OK);
}

#endif
