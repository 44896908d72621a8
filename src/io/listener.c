/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/str.h"
#include "io/stream.h"

#include "loop_private.h"
#include "unix.h"

#define ACCEPTS_MAX 16 /* connections taken at one event */
#define REST_MS	    500 /* pause when there are no descriptors left, instead of spinning on a readable socket */

#define ADDRESS_MAX 128

struct address {
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
		struct sockaddr_un un;
	} sa;
	socklen_t len;
	bool loopback;
};

struct listener {
	struct loop *loop;
	int fd;
	struct event *ev;
	struct event *ev_rest; /* a timer: accept again */
	accept_cb cb;
	void *ctx;
	char address[ADDRESS_MAX];
	struct stat socket_stat; /* of a Unix socket: only our own is unlinked */
	const char *path;	 /* in address, or NULL */
	bool paused;
	bool running; /* the callback is on the stack */
	bool dead;
};

/* ---- addresses ---- */

static int parse_port(const char *in, uint16_t *port)
{
	uint64_t value;

	if (str_to_u64(in, 0, 65535, &value) != 0)
		return ERR_INVALID;
	*port = htons((uint16_t)value);
	return 0;
}

static int parse_in6(const char *in, struct address *out)
{
	const char *end = strchr(in, ']');
	char host[INET6_ADDRSTRLEN];
	struct sockaddr_in6 *sin6 = &out->sa.in6;

	if (end == NULL || end[1] != ':' ||
	    str_copy_n(host, sizeof(host), in + 1, (size_t)(end - in - 1)) != 0)
		return ERR_INVALID;
	sin6->sin6_family = AF_INET6;
	out->len = sizeof(*sin6);
	if (inet_pton(AF_INET6, host, &sin6->sin6_addr) != 1 || parse_port(end + 2, &sin6->sin6_port) != 0)
		return ERR_INVALID;
	out->loopback = IN6_IS_ADDR_LOOPBACK(&sin6->sin6_addr);
	return 0;
}

static int parse_in(const char *in, struct address *out)
{
	const char *colon = strchr(in, ':');
	char host[INET_ADDRSTRLEN];
	struct sockaddr_in *sin = &out->sa.in;

	if (colon == NULL || str_copy_n(host, sizeof(host), in, (size_t)(colon - in)) != 0)
		return ERR_INVALID;
	sin->sin_family = AF_INET;
	out->len = sizeof(*sin);
	if (inet_pton(AF_INET, host, &sin->sin_addr) != 1 || parse_port(colon + 1, &sin->sin_port) != 0)
		return ERR_INVALID;
	out->loopback = ntohl(sin->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
	return 0;
}

static const char *unix_path(const char *address)
{
	return strncmp(address, "unix:", 5) == 0 ? address + 5 : NULL;
}

static int parse_address(const char *in, enum listener_reach reach, struct address *out)
{
	const char *path = unix_path(in);
	int err;

	memset(out, 0, sizeof(*out));
	if (path != NULL) {
		out->len = sizeof(out->sa.un);
		return unix_address(path, &out->sa.un);
	}
	err = in[0] == '[' ? parse_in6(in, out) : parse_in(in, out);
	return err == 0 && reach == LISTENER_LOOPBACK && !out->loopback ? ERR_REFUSED : err;
}

int listener_check_reach(const char *address, enum listener_reach reach)
{
	struct address parsed;

	return parse_address(address, reach, &parsed);
}

int listener_check(const char *address)
{
	return listener_check_reach(address, LISTENER_LOOPBACK);
}

/* ---- binding ---- */

static int bind_error(int code)
{
	switch (code) {
	case EACCES:
	case EPERM:
	case EROFS:
		return ERR_PERMISSION;
	case EADDRINUSE:
		return ERR_EXISTS;
	default:
		return ERR_IO;
	}
}

/* Removes a socket that a dead process left; anything else at that path stays. */
static int replace_stale(const char *path)
{
	struct stat st;
	int err, fd;

	if (lstat(path, &st) != 0)
		return errno == ENOENT ? 0 : bind_error(errno);
	if (!S_ISSOCK(st.st_mode))
		return ERR_EXISTS;
	err = unix_connect(path, &fd);
	if (err == 0)
		close(fd);
	if (err == ERR_REFUSED)
		return unlink(path) == 0 || errno == ENOENT ? 0 : bind_error(errno);
	return err == ERR_PERMISSION ? ERR_PERMISSION : err == ERR_NOT_FOUND ? 0 : ERR_EXISTS;
}

static int bind_unix(struct listener *l, const struct address *address, unsigned mode)
{
	mode_t mask;
	int err = replace_stale(l->path);

	if (err != 0)
		return err;
	/* The socket is never there with more rights than it shall have. */
	mask = umask(~(mode_t)mode & 0777);
	err = bind(l->fd, &address->sa.any, address->len) != 0 ? bind_error(errno) : 0;
	umask(mask);
	if (err != 0)
		return err;
	return lstat(l->path, &l->socket_stat) == 0 ? 0 : ERR_IO;
}

static int bind_inet(struct listener *l, struct address *address)
{
	int one = 1;
	char host[INET6_ADDRSTRLEN];

	setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(l->fd, &address->sa.any, address->len) != 0)
		return bind_error(errno);
	if (getsockname(l->fd, &address->sa.any, &address->len) != 0)
		return ERR_IO;
	if (address->sa.any.sa_family == AF_INET6) {
		inet_ntop(AF_INET6, &address->sa.in6.sin6_addr, host, sizeof(host));
		return str_fmt(l->address, sizeof(l->address), "[%s]:%u", host,
			       ntohs(address->sa.in6.sin6_port));
	}
	inet_ntop(AF_INET, &address->sa.in.sin_addr, host, sizeof(host));
	return str_fmt(l->address, sizeof(l->address), "%s:%u", host, ntohs(address->sa.in.sin_port));
}

/* ---- accepting ---- */

static void listener_delete(struct listener *l)
{
	struct stat st;

	if (l->ev != NULL)
		event_free(l->ev);
	if (l->ev_rest != NULL)
		event_free(l->ev_rest);
	if (l->path != NULL && l->socket_stat.st_ino != 0 && lstat(l->path, &st) == 0 &&
	    st.st_ino == l->socket_stat.st_ino && st.st_dev == l->socket_stat.st_dev)
		unlink(l->path);
	if (l->fd >= 0)
		close(l->fd);
	free(l);
}

/* No descriptor, no memory: the connection stays in the backlog, and the socket stays readable. */
static void listener_rest(struct listener *l)
{
	struct timeval tv = {.tv_sec = REST_MS / 1000, .tv_usec = REST_MS % 1000 * 1000};

	log_warn("can't accept a connection: %s", strerror(errno));
	event_del(l->ev);
	evtimer_add(l->ev_rest, &tv);
}

static void on_rested(evutil_socket_t fd, short what, void *arg)
{
	struct listener *l = arg;

	(void)fd;
	(void)what;
	loop_touch(l->loop);
	if (!l->paused)
		event_add(l->ev, NULL);
}

static void on_accept(evutil_socket_t fd, short what, void *arg)
{
	struct listener *l = arg;
	int taken, conn;

	(void)what;
	loop_touch(l->loop);
	l->running = true;
	for (taken = 0; taken < ACCEPTS_MAX && !l->paused && !l->dead; taken++) {
		conn = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (conn >= 0) {
			l->cb(l->ctx, conn);
		} else if (errno == EAGAIN || errno == EWOULDBLOCK) {
			break;
		} else if (errno != ECONNABORTED && errno != EINTR) {
			listener_rest(l);
			break;
		}
	}
	l->running = false;
	if (l->dead)
		listener_delete(l);
}

static int listener_bind(struct listener *l, struct address *address, unsigned socket_mode)
{
	int err;

	l->fd = socket(address->sa.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (l->fd < 0)
		return ERR_IO;
	err = l->path != NULL ? bind_unix(l, address, socket_mode) : bind_inet(l, address);
	if (err != 0)
		return err;
	return listen(l->fd, SOMAXCONN) == 0 ? 0 : bind_error(errno);
}

int listener_open(struct loop *loop, const char *address, enum listener_reach reach, unsigned socket_mode,
		  accept_cb cb, void *ctx, struct listener **out)
{
	struct address parsed;
	struct listener *l;
	int err = parse_address(address, reach, &parsed);

	*out = NULL;
	if (err != 0)
		return err;
	l = calloc(1, sizeof(*l));
	if (l == NULL)
		return ERR_NOMEM;
	l->loop = loop;
	l->cb = cb;
	l->ctx = ctx;
	l->fd = -1;
	err = str_copy(l->address, sizeof(l->address), address);
	if (err != 0)
		goto fail;
	l->path = unix_path(l->address);
	err = listener_bind(l, &parsed, socket_mode);
	if (err != 0)
		goto fail;
	l->ev = event_new(loop->base, l->fd, EV_READ | EV_PERSIST, on_accept, l);
	l->ev_rest = evtimer_new(loop->base, on_rested, l);
	if (l->ev == NULL || l->ev_rest == NULL || event_add(l->ev, NULL) != 0) {
		err = ERR_NOMEM;
		goto fail;
	}
	*out = l;
	return 0;
fail:
	listener_delete(l);
	return err;
}

int listener_new(struct loop *loop, const char *address, unsigned socket_mode, accept_cb cb, void *ctx,
		 struct listener **out)
{
	return listener_open(loop, address, LISTENER_LOOPBACK, socket_mode, cb, ctx, out);
}

void listener_free(struct listener *l)
{
	if (l == NULL)
		return;
	event_del(l->ev);
	l->dead = true;
	if (!l->running)
		listener_delete(l);
}

const char *listener_address(const struct listener *l)
{
	return l->address;
}

void listener_pause(struct listener *l, bool paused)
{
	l->paused = paused;
	if (paused)
		event_del(l->ev);
	else
		event_add(l->ev, NULL);
}
