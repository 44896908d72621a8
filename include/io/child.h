/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A child process whose output is read line by line and whose death is told. */
#ifndef IO_CHILD_H
#define IO_CHILD_H

#include <sys/types.h>

#include "io/loop.h"

struct child;

struct child_ops {
	void (*line)(void *ctx,
		     const char *line); /* a line of stdout or stderr, cut at 1,024 bytes; may be NULL */
	void (*exited)(void *ctx, int wait_status); /* reaped; the receiver then calls child_free */
};

/*
 * Starts argv[0] (a path, not looked up in PATH) with an empty environment but for HOME=/nonexistent and
 * PATH, stdin from /dev/null, descriptors above 2 closed, in its own process group, and dying with us
 * (PR_SET_PDEATHSIG SIGTERM). ERR_NOT_FOUND: no such file; ERR_PERMISSION: not executable; ERR_IO.
 */
int child_start(struct loop *loop, const char *const argv[], const struct child_ops *ops, void *ctx,
		struct child **out);
pid_t child_pid(const struct child *c);
/* SIGTERM now, SIGKILL after grace_ms if it still runs; exited() comes in any case. */
void child_stop(struct child *c, uint64_t grace_ms);
/* Kills (SIGKILL) and reaps a child that still runs; no callback comes.  NULL is fine. */
void child_free(struct child *c);

#endif
