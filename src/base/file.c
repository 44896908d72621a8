/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

#define CHUNK	   4096
#define TREE_DEPTH 32

static int from_errno(void)
{
	switch (errno) {
	case ENOENT:
		return ERR_NOT_FOUND;
	case EACCES:
	case EPERM:
	case EROFS:
		return ERR_PERMISSION;
	case ENOMEM:
		return ERR_NOMEM;
	case ENAMETOOLONG:
		return ERR_TOO_LONG;
	}
	return ERR_IO;
}

static int write_all(int fd, const uint8_t *data, size_t len)
{
	while (len) {
		const ssize_t n = write(fd, data, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return ERR_IO;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

/* Makes renames and removals within the directory of path durable. */
static int sync_parent(const char *path)
{
	char dir[PATH_MAX];
	const char *slash = strrchr(path, '/');
	int err;
	if (!slash)
		err = str_copy(dir, sizeof(dir), ".");
	else
		err = str_copy_n(dir, sizeof(dir), path, slash == path ? 1 : (size_t)(slash - path));
	if (err)
		return err;
	const int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return from_errno();
	if (fsync(fd))
		err = ERR_IO;
	close(fd);
	return err;
}

/* A fresh file, whole and on disk. */
static int write_new(const char *path, const void *data, size_t len, mode_t mode)
{
	const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	if (fd < 0)
		return from_errno();
	int err = write_all(fd, data, len);
	if (!err && (fchmod(fd, mode) || fsync(fd)))
		err = ERR_IO;
	if (close(fd) && !err)
		err = ERR_IO;
	return err;
}

int file_replace(const char *path, const void *data, size_t len, mode_t mode)
{
	/* A fixed name: what a crash left behind is overwritten by the next try. */
	char *tmp = str_asprintf("%s.tmp", path);
	if (!tmp)
		return ERR_NOMEM;
	int err = file_destroy(tmp);
	if (err)
		goto out;
	err = write_new(tmp, data, len, mode);
	if (!err && rename(tmp, path))
		err = from_errno();
	if (err) {
		file_destroy(tmp);
		goto out;
	}
	err = sync_parent(path);
out:
	free(tmp);
	return err;
}

static int read_all(int fd, struct buf *b)
{
	uint8_t chunk[CHUNK];
	int err = 0;
	while (!err) {
		const ssize_t n = read(fd, chunk, sizeof(chunk));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			err = ERR_IO;
		if (n <= 0)
			break;
		err = buf_put(b, chunk, (size_t)n);
	}
	explicit_bzero(chunk, sizeof(chunk));
	return err;
}

int file_read(const char *path, size_t max, char **out, size_t *len)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return from_errno();
	struct buf b;
	buf_init(&b, max);
	int err = read_all(fd, &b);
	close(fd);
	if (!err) {
		b.max++; /* the NUL is not counted */
		err = buf_put_u8(&b, 0);
	}
	if (err) {
		buf_clear(&b);
		return err == ERR_FULL ? ERR_TOO_LONG : err;
	}
	/* Nothing was consumed, so the buffer's memory starts with the content and is the caller's now. */
	*out = (char *)b.data;
	*len = b.len - 1;
	return 0;
}

/* One level.  *made tells whether it is new. */
static int make_level(const char *path, mode_t mode, bool *made)
{
	struct stat st;
	*made = !mkdir(path, mode);
	if (*made || (errno == EEXIST && !stat(path, &st) && S_ISDIR(st.st_mode)))
		return 0;
	return errno == EEXIST ? ERR_EXISTS : from_errno();
}

static int make_parents(char *path, mode_t mode)
{
	bool made;
	int err = 0;
	for (char *p = path + 1; *p && !err; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		/* A parent that can't be made but is there, such as one on a read-only mount, is fine. */
		if (access(path, F_OK))
			err = make_level(path, mode, &made);
		*p = '/';
	}
	return err;
}

int file_mkdir(const char *path, mode_t mode)
{
	char copy[PATH_MAX];
	struct stat st;
	bool made = false;
	if (!*path)
		return ERR_INVALID;
	int err = str_copy(copy, sizeof(copy), path);
	if (!err)
		err = make_parents(copy, mode);
	if (!err)
		err = make_level(path, mode, &made);
	if (err)
		return err;
	if (made && chmod(path, mode)) /* not narrowed by the umask */
		return from_errno();
	if (stat(path, &st))
		return from_errno();
	if (st.st_uid != geteuid() || (!made && st.st_mode & (S_IWGRP | S_IWOTH)))
		return ERR_PERMISSION;
	return 0;
}

static int overwrite(int fd)
{
	static const uint8_t zero[CHUNK];
	struct stat st;
	if (fstat(fd, &st))
		return ERR_IO;
	if (!S_ISREG(st.st_mode))
		return 0;
	int err = 0;
	for (off_t left = st.st_size; left > 0 && !err; left -= CHUNK)
		err = write_all(fd, zero, left < CHUNK ? (size_t)left : CHUNK);
	if (!err && fsync(fd))
		err = ERR_IO;
	return err;
}

int file_destroy(const char *path)
{
	/* Best effort: a file that can't be opened for writing is still removed. */
	const int fd = open(path, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0) {
		(void)overwrite(fd);
		close(fd);
	}
	if (unlink(path))
		return errno == ENOENT ? 0 : from_errno();
	return sync_parent(path);
}

static int remove_content(int dir_fd, unsigned depth);

static int remove_entry(int dir_fd, const char *name, unsigned depth)
{
	if (!unlinkat(dir_fd, name, 0) || errno == ENOENT)
		return 0;
	if (errno != EISDIR)
		return from_errno();
	if (!depth)
		return ERR_TOO_LONG;
	const int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return from_errno();
	int err = remove_content(fd, depth - 1);
	if (!err && unlinkat(dir_fd, name, AT_REMOVEDIR))
		err = from_errno();
	return err;
}

/* Empties a directory and closes its descriptor. */
static int remove_content(int dir_fd, unsigned depth)
{
	DIR *dir = fdopendir(dir_fd);
	if (!dir) {
		close(dir_fd);
		return ERR_IO;
	}
	int err = 0;
	const struct dirent *entry;
	while (!err && (entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			err = remove_entry(dirfd(dir), entry->d_name, depth);
	closedir(dir);
	return err;
}

int file_rmtree(const char *path)
{
	struct stat st;
	const int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && (errno == ENOTDIR || errno == ELOOP))
		return ERR_INVALID;
	if (fd < 0)
		return errno == ENOENT ? 0 : from_errno();
	if (fstat(fd, &st) || st.st_uid != geteuid()) {
		close(fd);
		return ERR_PERMISSION;
	}
	int err = remove_content(fd, TREE_DEPTH);
	if (!err && rmdir(path))
		err = from_errno();
	return err ? err : sync_parent(path);
}
