/* SPDX-License-Identifier: GPL-3.0-or-later */
/* For LD_PRELOAD: counts a program's fsync and fdatasync in the first 8 bytes of the file $SYNCS, and in the next 8
 * those of anything but a log of SQLite: one for each checkpoint, which syncs the log as well. */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static atomic_ulong *count; /* two of them */

static int (*real_fsync)(int), (*real_fdatasync)(int), (*real_close)(int);

__attribute__((constructor)) static void start(void)
{
	const char *path = getenv("SYNCS");
	int fd = path == NULL ? -1 : open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	void *p;

	real_fsync = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
	real_fdatasync = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
	if (fd < 0)
		return;
	if (ftruncate(fd, 2 * sizeof(*count)) == 0) {
		p = mmap(NULL, 2 * sizeof(*count), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		count = p == MAP_FAILED ? NULL : p;
	}
	close(fd);
}

#define FILES 1024

/* By descriptor, until it is closed: what it was found to be. */
static enum { UNKNOWN, LOG, OTHER } known[FILES];

static bool find_out(int fd)
{
	char path[64], target[4096];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = readlink(path, target, sizeof(target));
	return n > 4 && memcmp(target + n - 4, "-wal", 4) == 0;
}

/* To ask for the name each time would cost more than all the rest. */
static bool is_log(int fd)
{
	if (fd >= FILES)
		return find_out(fd);
	if (known[fd] == UNKNOWN)
		known[fd] = find_out(fd) ? LOG : OTHER;
	return known[fd] == LOG;
}

static int counted(int (*real)(int), int fd)
{
	if (count != NULL) {
		atomic_fetch_add(&count[0], 1);
		atomic_fetch_add(&count[1], is_log(fd) ? 0 : 1);
	}
	return real(fd);
}

int fsync(int fd)
{
	return counted(real_fsync, fd);
}

int fdatasync(int fd)
{
	return counted(real_fdatasync, fd);
}

int close(int fd)
{
	/* Other libraries may begin before this one. */
	if (real_close == NULL)
		real_close = (int (*)(int))dlsym(RTLD_NEXT, "close");
	if (fd >= 0 && fd < FILES)
		known[fd] = UNKNOWN;
	return real_close(fd);
}
