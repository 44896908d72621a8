/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STORE_SYNC_DIR_H
#define STORE_SYNC_DIR_H

/* Makes what was created, renamed or removed in the directory of path durable. ERR_IO, ERR_TOO_LONG. */
int sync_dir_of(const char *path);

#endif
