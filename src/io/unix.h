/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Addresses of Unix sockets, for listening and dialling. */
#ifndef IO_UNIX_H
#define IO_UNIX_H

#include <sys/un.h>

/* ERR_INVALID for a path that isn't absolute, ERR_TOO_LONG over 107 bytes. */
int unix_address(const char *path, struct sockaddr_un *out);

#endif
