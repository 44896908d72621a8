/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * SQLite's memory.  What passes through it holds keys of ratchets, and the C library's free() leaves it as it is:
 * so each block is wiped before it goes back.  SQLite's own pool of small blocks is off, since nothing wipes
 * there.
 */
#include <string.h>

#include "base/log.h"
#include "store_private.h"

static sqlite3_mem_methods libc_methods;

static void heap_free(void *p)
{
	if (!p)
		return;
	crypto_wipe(p, (size_t)libc_methods.xSize(p));
	libc_methods.xFree(p);
}

static void *heap_realloc(void *p, int size)
{
	const int before = libc_methods.xSize(p);
	if (size <= before)
		return p;
	void *out = libc_methods.xMalloc(size);
	if (!out)
		return NULL;
	memcpy(out, p, (size_t)before);
	heap_free(p);
	return out;
}

void store_heap_init(void)
{
	static bool done;
	sqlite3_mem_methods wiping;
	if (done)
		return;
	done = true;
	int rc = sqlite3_config(SQLITE_CONFIG_GETMALLOC, &libc_methods);
	wiping = libc_methods;
	wiping.xFree = heap_free;
	wiping.xRealloc = heap_realloc;
	if (rc == SQLITE_OK)
		rc = sqlite3_config(SQLITE_CONFIG_MALLOC, &wiping);
	if (rc == SQLITE_OK)
		rc = sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0);
	/* Counts of its memory would have each allocation wait for a lock, and nobody asks for them. */
	if (rc == SQLITE_OK)
		rc = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	if (rc != SQLITE_OK)
		log_error("the database library's memory can't be wiped: %s", sqlite3_errstr(rc));
}
