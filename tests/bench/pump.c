/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Two IRC clients in one: the first pipelines PRIVMSG lines to a contact, the second, of that contact, counts
 * what arrives, and checks that it is every message once and in order.  Prints the seconds from the first
 * line to the last arrival.
 *
 *   pump PORT ACCOUNT:PASSWORD NICK  PORT ACCOUNT:PASSWORD  MESSAGES SIZE
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define IN_MAX	  1048576
#define OUT_MAX	  65536
#define STALL_MS  120000
#define LINE_ROOM 1024

struct client {
	int fd;
	const char *name;
	char in[IN_MAX];
	size_t in_len;
	char out[OUT_MAX + LINE_ROOM];
	size_t out_at, out_len;
	bool ready; /* registered, and all of its replay read */
};

static struct client sender = {.name = "sender"}, receiver = {.name = "receiver"};
static unsigned long messages, size, sent, received;
static char run[24];
static const char *nick;

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("pump: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	exit(1);
}

static void put(struct client *c, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (c->out_at > 0) {
		memmove(c->out, c->out + c->out_at, c->out_len);
		c->out_at = 0;
	}
	va_start(ap, fmt);
	n = vsnprintf(c->out + c->out_len, sizeof(c->out) - c->out_len, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof(c->out) - c->out_len)
		die("the %s's lines don't leave", c->name);
	c->out_len += (size_t)n;
}

static void client_connect(struct client *c, const char *port, const char *login)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
				.sin_port = htons((uint16_t)atoi(port)),
				.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	c->fd = socket(AF_INET, SOCK_STREAM, 0);
	if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&a, sizeof(a)) != 0)
		die("port %s: %s", port, strerror(errno));
	fcntl(c->fd, F_SETFL, O_NONBLOCK);
	put(c, "PASS %s\r\nNICK %.*s\r\nUSER x 0 * :x\r\nPING ready\r\n", login, (int)strcspn(login, "@:"),
	    login);
}

/* ":nick!user@host PRIVMSG me :<run> <number> ..." */
static void on_message(const char *line)
{
	const char *text = strstr(line, " PRIVMSG ");
	size_t len = strlen(run);

	text = text == NULL ? NULL : strstr(text, " :");
	if (text == NULL || strncmp(text + 2, run, len) != 0)
		return; /* of an earlier run */
	if (strtoul(text + 2 + len, NULL, 10) != received)
		die("message %lu was expected, this came: %.60s", received, text + 2);
	received++;
}

static void on_line(struct client *c, const char *line)
{
	const char *word = strchrnul(line, ' ');

	if (strncmp(line, "PING ", 5) == 0)
		put(c, "PONG %s\r\n", line + 5);
	else if (strncmp(line, "ERROR", 5) == 0 || strncmp(word, " 464 ", 5) == 0 ||
		 strncmp(word, " 401 ", 5) == 0)
		die("the %s was told: %.200s", c->name, line);
	else if (!c->ready && strncmp(word, " PONG ", 6) == 0)
		c->ready = true;
	else if (c == &receiver)
		on_message(line);
}

static void client_read(struct client *c)
{
	ssize_t n = read(c->fd, c->in + c->in_len, sizeof(c->in) - c->in_len);
	char *at = c->in, *end;

	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0)
		die("the %s's connection ended", c->name);
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
}

static void client_write(struct client *c)
{
	ssize_t n = write(c->fd, c->out + c->out_at, c->out_len);

	if (n < 0 && errno != EAGAIN)
		die("the %s's connection ended", c->name);
	if (n > 0) {
		c->out_at += (size_t)n;
		c->out_len -= (size_t)n;
	}
}

static void fill(void)
{
	static char filler[LINE_ROOM];
	char head[64];
	int len;

	if (filler[0] == '\0')
		memset(filler, 'x', sizeof(filler) - 1);
	while (sent < messages && sender.out_len < OUT_MAX / 2) {
		len = snprintf(head, sizeof(head), "%s%lu ", run, sent);
		put(&sender, "PRIVMSG %s :%s%.*s\r\n", nick, head, (int)size > len ? (int)size - len : 0,
		    filler);
		sent++;
	}
}

static void turn(void)
{
	struct client *clients[2] = {&sender, &receiver};
	struct pollfd p[2];
	int i;

	for (i = 0; i < 2; i++)
		p[i] = (struct pollfd){.fd = clients[i]->fd,
				       .events = (short)(POLLIN | (clients[i]->out_len > 0 ? POLLOUT : 0))};
	if (poll(p, 2, STALL_MS) == 0)
		die("nothing came for %d s; %lu sent, %lu received", STALL_MS / 1000, sent, received);
	for (i = 0; i < 2; i++) {
		if ((p[i].revents & POLLOUT) != 0)
			client_write(clients[i]);
		if ((p[i].revents & (POLLIN | POLLHUP | POLLERR)) != 0)
			client_read(clients[i]);
	}
}

int main(int argc, char **argv)
{
	double start;

	if (argc != 8 || (messages = strtoul(argv[6], NULL, 10)) == 0 ||
	    (size = strtoul(argv[7], NULL, 10)) > 400) {
		fprintf(stderr,
			"usage: pump PORT ACCOUNT:PASSWORD NICK PORT ACCOUNT:PASSWORD MESSAGES SIZE\n");
		return 2;
	}
	nick = argv[3];
	snprintf(run, sizeof(run), "%d-%lx ", (int)getpid(), (unsigned long)time(NULL));
	client_connect(&sender, argv[1], argv[2]);
	client_connect(&receiver, argv[4], argv[5]);
	while (!sender.ready || !receiver.ready)
		turn();
	start = seconds();
	while (received < messages) {
		fill();
		turn();
	}
	printf("%.6f\n", seconds() - start);
	return 0;
}
