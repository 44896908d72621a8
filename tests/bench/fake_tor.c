/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A stand-in for tor: no network, no encryption, no anonymity.  It speaks the few control commands and the
 * SOCKS5 that alliumd uses with mode = system, and carries bytes between a dial and the Unix socket of the
 * onion that was dialled.
 *
 * For benchmarks and load only, where tor's own cost would hide ours.  Never for the end-to-end tests: those
 * run on a private network of real tors.
 *
 *   fake_tor DIR        makes DIR/control and DIR/socks, prints "ready", stays until it is killed
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <sodium.h>

#include "crypto/identity.h"

#define OUT_MAX	   262144 /* reading from one side pauses while the other side has this much to take */
#define IN_MAX	   65536
#define ONIONS_MAX 4096

enum kind { LISTEN_CONTROL, LISTEN_SOCKS, CONTROL, SOCKS_METHOD, SOCKS_AUTH, SOCKS_REQUEST, PIPE };

struct conn {
	int fd;
	enum kind kind;
	struct conn *other; /* of a PIPE */
	uint8_t *in;	    /* until it is a PIPE */
	size_t in_len;
	uint8_t *out;
	size_t out_at, out_len;
	uint32_t events;
	bool ended; /* the other side is gone: closed when out is empty */
	bool dead;
	struct conn *next_dead;
};

struct onion {
	char address[ONION_LEN + 1];
	char target[108];
	struct conn *owner;
};

static struct onion onions[ONIONS_MAX];
static size_t n_onions;
static int poller;
static struct conn *graveyard;
static unsigned long long carried;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

/* ---- connections ---- */

static void conn_want(struct conn *c)
{
	bool full = c->other != NULL && c->other->out_len >= OUT_MAX;
	uint32_t events = (full || c->ended ? 0 : EPOLLIN) | (c->out_len > 0 ? EPOLLOUT : 0);
	struct epoll_event e = {.events = events, .data.ptr = c};

	if (c->dead || events == c->events)
		return;
	c->events = events;
	epoll_ctl(poller, EPOLL_CTL_MOD, c->fd, &e);
}

static struct conn *conn_new(int fd, enum kind kind)
{
	struct conn *c = calloc(1, sizeof(*c));
	struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};

	if (c == NULL || (c->in = malloc(IN_MAX)) == NULL || (c->out = malloc(OUT_MAX + IN_MAX)) == NULL)
		die("memory");
	c->fd = fd;
	c->kind = kind;
	c->events = EPOLLIN;
	fcntl(fd, F_SETFL, O_NONBLOCK);
	if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &e) != 0)
		die("epoll_ctl");
	return c;
}

static void forget_onions(const struct conn *owner)
{
	size_t i = 0;

	while (i < n_onions) {
		if (onions[i].owner == owner)
			onions[i] = onions[--n_onions];
		else
			i++;
	}
}

/* Freed after the round: it may still have an event in it. */
static void conn_close(struct conn *c)
{
	struct conn *other = c->other;

	if (c->dead)
		return;
	c->dead = true;
	close(c->fd);
	forget_onions(c);
	c->next_dead = graveyard;
	graveyard = c;
	if (other == NULL)
		return;
	c->other = NULL;
	other->other = NULL;
	other->ended = true;
	if (other->out_len == 0)
		conn_close(other);
	else
		conn_want(other);
}

static void bury(void)
{
	struct conn *c;

	while ((c = graveyard) != NULL) {
		graveyard = c->next_dead;
		free(c->in);
		free(c->out);
		free(c);
	}
}

static void flush(struct conn *c)
{
	ssize_t n;

	while (c->out_len > 0) {
		n = send(c->fd, c->out + c->out_at, c->out_len, MSG_NOSIGNAL);
		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0) {
			conn_close(c);
			return;
		}
		c->out_at += (size_t)n;
		c->out_len -= (size_t)n;
	}
	if (c->out_len == 0)
		c->out_at = 0;
	if (c->out_len == 0 && c->ended) {
		conn_close(c);
		return;
	}
	conn_want(c);
	if (c->other != NULL)
		conn_want(c->other);
}

/* Room for IN_MAX more behind what waits. */
static uint8_t *out_end(struct conn *c)
{
	if (c->out_at > 0) {
		memmove(c->out, c->out + c->out_at, c->out_len);
		c->out_at = 0;
	}
	return c->out + c->out_len;
}

static void say(struct conn *c, const void *data, size_t len)
{
	if (c->out_len + len > OUT_MAX + IN_MAX) {
		conn_close(c);
		return;
	}
	memcpy(out_end(c), data, len);
	c->out_len += len;
	flush(c);
}

static void say_text(struct conn *c, const char *text)
{
	say(c, text, strlen(text));
}

/* ---- the control connection ---- */

/* ED25519-V3:<base64 of the expanded secret key>: the public key is its first half times the base point. */
static bool key_address(const char *base64, char address[ONION_LEN + 1])
{
	uint8_t secret[ONION_SECRET_BYTES + 2], public_key[KEY_BYTES];
	size_t len;

	if (sodium_base642bin(secret, sizeof(secret), base64, strcspn(base64, " \r"), NULL, &len, NULL,
			      sodium_base64_VARIANT_ORIGINAL) != 0 ||
	    len != ONION_SECRET_BYTES)
		return false;
	if (crypto_scalarmult_ed25519_base_noclamp(public_key, secret) != 0)
		return false;
	onion_encode(public_key, address);
	return true;
}

static void add_onion(struct conn *c, const char *line)
{
	const char *target = strstr(line, ",unix:");
	struct onion *o = &onions[n_onions];
	char answer[512];

	if (n_onions == ONIONS_MAX || target == NULL || strncmp(line, "ED25519-V3:", 11) != 0 ||
	    !key_address(line + 11, o->address)) {
		say_text(c, "512 Bad arguments to ADD_ONION\r\n");
		return;
	}
	snprintf(o->target, sizeof(o->target), "%.*s", (int)strcspn(target + 6, " \r"), target + 6);
	o->owner = c;
	n_onions++;
	snprintf(answer, sizeof(answer),
		 "250-ServiceID=%s\r\n250 OK\r\n650 HS_DESC UPLOAD %s UNKNOWN $%040d~stand_in id\r\n"
		 "650 HS_DESC UPLOADED %s UNKNOWN $%040d~stand_in\r\n",
		 o->address, o->address, 0, o->address, 0);
	say_text(c, answer);
}

static void del_onion(struct conn *c, const char *address)
{
	for (size_t i = 0; i < n_onions; i++) {
		if (onions[i].owner == c && strncmp(onions[i].address, address, ONION_LEN) == 0) {
			onions[i] = onions[--n_onions];
			say_text(c, "250 OK\r\n");
			return;
		}
	}
	say_text(c, "552 Unknown Onion Service id\r\n");
}

static void on_command(struct conn *c, const char *line)
{
	static const struct {
		const char *command, *answer;
	} answers[] = {
	    {"PROTOCOLINFO", "250-PROTOCOLINFO 1\r\n250-AUTH METHODS=NULL\r\n"
			     "250-VERSION Tor=\"0.4.8.12\"\r\n250 OK\r\n"},
	    {"AUTHENTICATE", "250 OK\r\n"},
	    {"SETEVENTS", "250 OK\r\n"},
	    {"SIGNAL ", "250 OK\r\n"},
	    {"ONION_CLIENT_AUTH_", "250 OK\r\n"},
	    {"GETINFO status/bootstrap-phase",
	     "250-status/bootstrap-phase=NOTICE BOOTSTRAP PROGRESS=100 TAG=done "
	     "SUMMARY=\"Done\"\r\n250 OK\r\n"},
	    {"GETINFO circuit-status", "250-circuit-status=\r\n250 OK\r\n"},
	};
	char answer[64];

	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		if (strncmp(line, answers[i].command, strlen(answers[i].command)) == 0) {
			say_text(c, answers[i].answer);
			return;
		}
	}
	if (strncmp(line, "ADD_ONION ", 10) == 0) {
		add_onion(c, line + 10);
	} else if (strncmp(line, "DEL_ONION ", 10) == 0) {
		del_onion(c, line + 10);
	} else if (strncmp(line, "GETINFO traffic/read", 20) == 0) {
		snprintf(answer, sizeof(answer), "250-traffic/read=%llu\r\n250 OK\r\n", carried);
		say_text(c, answer);
	} else {
		say_text(c, "510 Unrecognized command\r\n");
	}
}

/* Takes whole lines; 0 when there is none. */
static size_t on_control(struct conn *c)
{
	char *line = (char *)c->in, *end = memchr(line, '\n', c->in_len);

	if (end == NULL)
		return 0;
	*end = '\0';
	on_command(c, line);
	return (size_t)(end - line) + 1;
}

/* ---- SOCKS5 (RFC 1928, RFC 1929) ---- */

static int unix_dial(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

static size_t on_method(struct conn *c)
{
	if (c->in_len < 2 || c->in_len < 2 + (size_t)c->in[1])
		return 0;
	if (c->in[0] != 5 || memchr(c->in + 2, 2, c->in[1]) == NULL) {
		conn_close(c);
		return 0;
	}
	c->kind = SOCKS_AUTH;
	say(c, "\5\2", 2);
	return 2 + (size_t)c->in[1];
}

static size_t on_auth(struct conn *c)
{
	size_t user, password;

	if (c->in_len < 2 || c->in_len < 3 + (user = c->in[1]))
		return 0;
	password = c->in[2 + user];
	if (c->in_len < 3 + user + password)
		return 0;
	c->kind = SOCKS_REQUEST;
	say(c, "\1\0", 2);
	return 3 + user + password;
}

/* Ends the negotiation with a reply code: 0, or tor's extended error. */
static void reply(struct conn *c, uint8_t code)
{
	const uint8_t bytes[10] = {5, code, 0, 1};

	say(c, bytes, sizeof(bytes));
	if (code != 0)
		conn_close(c);
}

static void dial(struct conn *c, const char *host)
{
	struct onion *o = onions;
	int fd;

	while (o < onions + n_onions && strncmp(o->address, host, ONION_LEN) != 0)
		o++;
	if (o == onions + n_onions) {
		reply(c, 0xf0); /* no descriptor */
		return;
	}
	fd = unix_dial(o->target);
	if (fd < 0) {
		reply(c, 0x05);
		return;
	}
	c->kind = PIPE;
	c->other = conn_new(fd, PIPE);
	c->other->other = c;
	reply(c, 0);
}

static size_t on_request(struct conn *c)
{
	char host[256];
	size_t len;

	if (c->in_len < 5 || c->in_len < 7 + (len = c->in[4]))
		return 0;
	if (c->in[1] != 1 || c->in[3] != 3) {
		reply(c, 0x07);
		return 0;
	}
	memcpy(host, c->in + 5, len);
	host[len] = '\0';
	dial(c, host);
	return 7 + len;
}

/* ---- the loop ---- */

static size_t step(struct conn *c)
{
	switch (c->kind) {
	case CONTROL:
		return on_control(c);
	case SOCKS_METHOD:
		return on_method(c);
	case SOCKS_AUTH:
		return on_auth(c);
	case SOCKS_REQUEST:
		return on_request(c);
	case LISTEN_CONTROL:
	case LISTEN_SOCKS:
	case PIPE:
		break;
	}
	return 0;
}

static void on_talk(struct conn *c)
{
	ssize_t n = read(c->fd, c->in + c->in_len, IN_MAX - c->in_len);
	size_t used;

	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		conn_close(c);
		return;
	}
	c->in_len += (size_t)n;
	while (!c->dead && (used = step(c)) > 0) {
		c->in_len -= used;
		memmove(c->in, c->in + used, c->in_len);
	}
}

static void on_pipe(struct conn *c)
{
	struct conn *to = c->other;
	ssize_t n;

	if (to == NULL)
		return;
	n = read(c->fd, out_end(to), IN_MAX);
	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		conn_close(c);
		return;
	}
	carried += (unsigned long long)n;
	to->out_len += (size_t)n;
	flush(to);
}

static void on_event(struct conn *c, uint32_t events)
{
	if (c->kind == LISTEN_CONTROL || c->kind == LISTEN_SOCKS) {
		int fd = accept4(c->fd, NULL, NULL, SOCK_CLOEXEC);

		if (fd >= 0)
			conn_new(fd, c->kind == LISTEN_CONTROL ? CONTROL : SOCKS_METHOD);
		return;
	}
	if ((events & EPOLLOUT) != 0)
		flush(c);
	if (c->dead || (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) == 0)
		return;
	if (c->ended)
		conn_close(c);
	else if (c->kind == PIPE)
		on_pipe(c);
	else
		on_talk(c);
}

static void listen_at(const char *dir, const char *leaf, enum kind kind)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int n = snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", dir, leaf);

	if (n < 0 || (size_t)n >= sizeof(address.sun_path)) {
		fprintf(stderr, "fake_tor: %s is too long for a socket\n", dir);
		exit(1);
	}
	unlink(address.sun_path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 || listen(fd, 512) != 0)
		die(address.sun_path);
	conn_new(fd, kind);
}

int main(int argc, char **argv)
{
	struct epoll_event events[64];
	int i, n;

	if (argc != 2 || sodium_init() < 0) {
		fprintf(stderr, "usage: fake_tor DIR\n");
		return 2;
	}
	poller = epoll_create1(EPOLL_CLOEXEC);
	listen_at(argv[1], "control", LISTEN_CONTROL);
	listen_at(argv[1], "socks", LISTEN_SOCKS);
	puts("ready");
	fflush(stdout);
	for (;;) {
		n = epoll_wait(poller, events, 64, -1);
		for (i = 0; i < n; i++) {
			struct conn *c = events[i].data.ptr;

			if (!c->dead)
				on_event(c, events[i].events);
		}
		bury();
	}
}
