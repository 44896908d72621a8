/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Small files, whole and durable. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stddef.h>
#include <sys/types.h>

/*
 * Replaces path by len bytes, atomically and durably: temporary file beside it, fsync, rename, fsync of the
 * directory.  After a crash the old or the new content is there, whole.  ERR_IO, ERR_NOMEM.
 */
int file_replace(const char *path, const void *data, size_t len, mode_t mode);
/* Reads a whole file of at most max bytes into malloc'd memory, NUL-terminated (the NUL not counted in *len).
 * ERR_NOT_FOUND, ERR_TOO_LONG, ERR_IO, ERR_NOMEM, ERR_PERMISSION. */
int file_read(const char *path, size_t max, char **out, size_t *len);
/* Makes path (and missing parents) as a directory of the given mode; an existing one is fine if it belongs
 * to us, ERR_PERMISSION if it does not or if others may write to it. */
int file_mkdir(const char *path, mode_t mode);
/* Overwrites and removes a file durably, best effort on what the file system keeps.  A missing
 * one is fine. */
int file_destroy(const char *path);
/* Removes a directory tree that belongs to us, without following links. A missing one is fine. */
int file_rmtree(const char *path);

#endif
