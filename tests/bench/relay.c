/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The least that an IRC server can do, to hold others against: it answers NICK with a 001 and a 422, PING with PONG,
 * and hands PRIVMSG on to whoever has taken the nick. No state, no checks, one read and one write a client and turn.
 *
 *   relay PORT
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define CLIENTS 4096
#define BUF	16384
#define EVENTS	64

struct client {
	char nick[32];
	char in[BUF];
	size_t in_len;
	char out[2 * BUF];
	size_t out_len;
};

static struct client *clients[CLIENTS]; /* by descriptor */

static void put(struct client *c, const char *a, const char *b, const char *end)
{
	size_t room = sizeof(c->out) - c->out_len;
	int n = snprintf(c->out + c->out_len, room, "%s%s%s\r\n", a, b, end);

	if (n > 0 && (size_t)n < room)
		c->out_len += (size_t)n;
}

static void flush(int fd)
{
	struct client *c = clients[fd];

	if (c == NULL || c->out_len == 0)
		return;
	/* A raw relay: what the kernel doesn't take at once is lost. */
	(void)!send(fd, c->out, c->out_len, MSG_NOSIGNAL);
	c->out_len = 0;
}

static void relay(const char *from, const char *target, const char *line)
{
	char head[64];

	for (int fd = 0; fd < CLIENTS; fd++) {
		if (clients[fd] == NULL || strncmp(clients[fd]->nick, target, strcspn(target, " ")) != 0)
			continue;
		snprintf(head, sizeof(head), ":%s!x@localhost ", from);
		put(clients[fd], head, line, "");
		flush(fd);
		return;
	}
}

static void on_line(struct client *c, const char *line)
{
	if (strncmp(line, "PING ", 5) == 0) {
		put(c, ":relay PONG relay ", line + 5, "");
	} else if (strncmp(line, "PRIVMSG ", 8) == 0) {
		relay(c->nick, line + 8, line);
	} else if (strncmp(line, "NICK ", 5) == 0) {
		snprintf(c->nick, sizeof(c->nick), "%s", line + 5);
	} else if (strncmp(line, "USER ", 5) == 0) {
		put(c, ":relay 001 ", c->nick, " :Welcome");
		put(c, ":relay 422 ", c->nick, " :No MOTD");
	}
}

static void on_readable(int fd)
{
	struct client *c = clients[fd];
	ssize_t n = recv(fd, c->in + c->in_len, sizeof(c->in) - 1 - c->in_len, 0);
	char *at = c->in, *end;

	if (n <= 0) {
		close(fd);
		free(c);
		clients[fd] = NULL;
		return;
	}
	c->in_len += (size_t)n;
	while ((end = memchr(at, '\n', c->in_len - (size_t)(at - c->in))) != NULL) {
		*end = '\0';
		if (end > at && end[-1] == '\r')
			end[-1] = '\0';
		on_line(c, at);
		at = end + 1;
	}
	c->in_len -= (size_t)(at - c->in);
	memmove(c->in, at, c->in_len);
	flush(fd);
}

static void on_accept(int ep, int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct epoll_event e = {.events = EPOLLIN, .data.fd = fd};
	int one = 1;

	if (fd < 0)
		return;
	if (fd >= CLIENTS || (clients[fd] = calloc(1, sizeof(struct client))) == NULL) {
		close(fd);
		return;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e);
}

int main(int argc, char **argv)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int ep = epoll_create1(0), listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;
	struct epoll_event e = {.events = EPOLLIN, .data.fd = listener}, events[EVENTS];

	if (argc != 2)
		return 2;
	a.sin_port = htons((uint16_t)atoi(argv[1]));
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(listener, (struct sockaddr *)&a, sizeof(a)) != 0 || listen(listener, SOMAXCONN) != 0 ||
	    epoll_ctl(ep, EPOLL_CTL_ADD, listener, &e) != 0) {
		perror("relay");
		return 1;
	}
	for (;;) {
		int n = epoll_wait(ep, events, EVENTS, -1);

		for (int i = 0; i < n; i++) {
			if (events[i].data.fd == listener)
				on_accept(ep, listener);
			else if (clients[events[i].data.fd] != NULL)
				on_readable(events[i].data.fd);
		}
	}
}
