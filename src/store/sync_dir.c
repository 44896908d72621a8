/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sync_dir.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/str.h"

int sync_dir_of(const char *path)
{
	char dir[PATH_MAX] = ".";
	const char *slash = strrchr(path, '/');
	if (slash) {
		const int err =
		    str_copy_n(dir, sizeof(dir), path, slash == path ? 1 : (size_t)(slash - path));
		if (err)
			return err;
	}
	const int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return ERR_IO;
	const int err = fsync(fd) ? ERR_IO : 0;
	close(fd);
	return err;
}
