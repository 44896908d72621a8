/* SPDX-License-Identifier: GPL-3.0-or-later */
/* For tests that run a real loop: turns until something has happened, and a socket pair to look at. */
#ifndef IO_HELP_H
#define IO_HELP_H

#include "unit.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "io/loop.h"
#include "io/stream.h"

/* Runs turns until the condition holds; a test that never gets there is ended by the alarm that main sets. */
#define TURN_UNTIL(loop, condition)                                                                          \
	do {                                                                                                 \
		while (!(condition))                                                                         \
			loop_turn(loop, true);                                                               \
	} while (0)

static inline void make_pair(int fds[2])
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
}

/* Reads all that is there now; -1 when nothing, 0 at the end. */
static inline ssize_t read_now(int fd, char *out, size_t size)
{
	size_t len = 0;
	ssize_t n;

	while (len < size && (n = recv(fd, out + len, size - len, MSG_DONTWAIT)) > 0)
		len += (size_t)n;
	return len > 0 ? (ssize_t)len : n;
}

static inline void assert_reads(int fd, const char *text)
{
	char got[4096];
	ssize_t n = read_now(fd, got, sizeof(got));

	assert_int_equal(n, strlen(text));
	assert_memory_equal(got, text, (size_t)n);
}

static inline void assert_reads_nothing(int fd)
{
	char got[16];

	assert_int_equal(read_now(fd, got, sizeof(got)), -1);
}

static inline void assert_reads_end(int fd)
{
	char got[16];

	assert_int_equal(read_now(fd, got, sizeof(got)), 0);
}

#endif
