/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The plain socket, and the way to the others. */
#include "wire.h"

#include <errno.h>
#include <sys/socket.h>

#include "base/err.h"

static bool is_wait(int code)
{
	return code == EAGAIN || code == EWOULDBLOCK || code == EINTR;
}

int wire_read(struct wire *w, int fd, uint8_t *out, size_t size, size_t *n)
{
	ssize_t got;

	*n = 0;
	if (w != NULL)
		return w->ops->read(w, out, size, n);
	got = recv(fd, out, size, MSG_DONTWAIT);
	if (got == 0)
		return ERR_CLOSED;
	if (got < 0 && is_wait(errno))
		return WIRE_WANT_READ;
	if (got < 0)
		return errno == ECONNRESET ? ERR_CLOSED : ERR_IO;
	*n = (size_t)got;
	return WIRE_READY;
}

int wire_write(struct wire *w, int fd, const uint8_t *data, size_t len, size_t *n)
{
	ssize_t sent;

	*n = 0;
	if (w != NULL)
		return w->ops->write(w, data, len, n);
	if (len == 0)
		return WIRE_READY;
	sent = send(fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (sent < 0 && is_wait(errno))
		return WIRE_WANT_WRITE;
	if (sent < 0)
		return errno == EPIPE || errno == ECONNRESET ? ERR_CLOSED : ERR_IO;
	*n = (size_t)sent;
	return WIRE_READY;
}

int wire_shut(struct wire *w)
{
	return w == NULL ? WIRE_READY : w->ops->shut(w);
}

bool wire_has_input(const struct wire *w)
{
	return w != NULL && w->ops->has_input(w);
}

bool wire_has_output(const struct wire *w)
{
	return w != NULL && w->ops->has_output(w);
}

void wire_free(struct wire *w)
{
	if (w != NULL)
		w->ops->free(w);
}
