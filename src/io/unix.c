/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "io/stream.h"

#include "unix.h"

int unix_address(const char *path, struct sockaddr_un *out)
{
	size_t len = strlen(path);

	memset(out, 0, sizeof(*out));
	out->sun_family = AF_UNIX;
	if (path[0] != '/')
		return ERR_INVALID;
	if (len >= sizeof(out->sun_path))
		return ERR_TOO_LONG;
	memcpy(out->sun_path, path, len);
	return 0;
}

static int connect_error(int code)
{
	switch (code) {
	case ENOENT:
	case ENOTDIR:
		return ERR_NOT_FOUND;
	case ECONNREFUSED:
		return ERR_REFUSED;
	case EACCES:
	case EPERM:
		return ERR_PERMISSION;
	case EAGAIN:
		return ERR_AGAIN;
	default:
		return ERR_IO;
	}
}

int unix_connect(const char *path, int *fd)
{
	struct sockaddr_un sun;
	int err = unix_address(path, &sun);
	int sock;

	*fd = -1;
	if (err != 0)
		return err;
	sock = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (sock < 0)
		return ERR_IO;
	if (connect(sock, (const struct sockaddr *)&sun, sizeof(sun)) != 0) {
		err = connect_error(errno);
		close(sock);
		return err;
	}
	*fd = sock;
	return 0;
}

int unix_pair(int fds[2])
{
	return socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) == 0 ? 0 : ERR_IO;
}
