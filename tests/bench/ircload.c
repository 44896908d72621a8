/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Loads an IRC server with one thread. Whatever it measures, it first connects and logs in, prints "ready", waits for
 * a line on its input, works, and prints its figures, so that others can read the server's clocks before and after.
 *
 *   ircload register PORT COUNT AT_ONCE        registrations, each on a new connection: prints seconds
 *   ircload talk PORT KIND COUNT WINDOW RATE LOGIN [LOGIN]
 *
 * KIND is ping (answered by a PONG to the same client), self (PRIVMSG to the nick of the second client, which counts
 * them), tag (TAGMSG to it, whose end is found by a PING) or 301:NICK (PRIVMSG, each answered by a 301). WINDOW: how
 * many may be unanswered. RATE: as many a second, 0: as fast as the window allows. Prints seconds, p50 and p99 in
 * microseconds. LOGIN is NICK or NICK/PASSWORD.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define IN_MAX	 16384
#define OUT_MAX	 65536
#define EVENTS	 64
#define STALL_MS 20000
#define TEXT	 "0123456789012345678901234567890123456789012345678901234567890123456789"

struct client {
	int fd;
	char nick[32];
	bool connected;
	bool ready; /* registered, and all that follows it is read */
	char *in;   /* IN_MAX */
	size_t in_len;
	char *out; /* OUT_MAX */
	size_t out_len;
};

static const char *port;
static int ep;
static unsigned long n_ready;
static void (*on_answer)(struct client *c, const char *line);

static void die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("ircload: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	exit(1);
}

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* ---- a client ---- */

static void flush(struct client *c)
{
	size_t sent = 0;
	ssize_t n;
	struct pollfd p = {.fd = c->fd, .events = POLLOUT};

	while (sent < c->out_len) {
		n = send(c->fd, c->out + sent, c->out_len - sent, MSG_NOSIGNAL);
		if (n > 0)
			sent += (size_t)n;
		else if (errno != EAGAIN || poll(&p, 1, STALL_MS) <= 0)
			die("%s: can't send: %s", c->nick, strerror(errno));
	}
	c->out_len = 0;
}

__attribute__((format(printf, 2, 3))) static void put(struct client *c, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (c->out_len > OUT_MAX - 1024)
		flush(c);
	va_start(ap, fmt);
	n = vsnprintf(c->out + c->out_len, OUT_MAX - c->out_len, fmt, ap);
	va_end(ap);
	c->out_len += (size_t)n;
}

static struct client *client_new(void)
{
	struct client *c = calloc(1, sizeof(*c));

	if (c == NULL)
		die("no memory");
	c->in = malloc(IN_MAX);
	c->out = malloc(OUT_MAX);
	if (c->in == NULL || c->out == NULL)
		die("no memory");
	return c;
}

static void client_connect(struct client *c)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
				.sin_port = htons((uint16_t)atoi(port)),
				.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct epoll_event e = {.events = EPOLLIN | EPOLLOUT, .data.ptr = c};
	int one = 1;

	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->fd < 0 || (connect(c->fd, (struct sockaddr *)&a, sizeof(a)) != 0 && errno != EINPROGRESS))
		die("port %s: %s", port, strerror(errno));
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	epoll_ctl(ep, EPOLL_CTL_ADD, c->fd, &e);
	c->in_len = c->out_len = 0;
	c->connected = c->ready = false;
}

/* What was put before leaves now. */
static void client_connected(struct client *c)
{
	struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};

	epoll_ctl(ep, EPOLL_CTL_MOD, c->fd, &e);
	c->connected = true;
	flush(c);
}

/* NICK or NICK/PASSWORD, where the password stands for an account of that name. */
static void client_login(struct client *c, const char *login)
{
	const char *slash = strchr(login, '/');

	snprintf(c->nick, sizeof(c->nick), "%.*s", (int)strcspn(login, "@/"), login);
	if (slash != NULL)
		put(c, "PASS %.*s:%s\r\n", (int)(slash - login), login, slash + 1);
	put(c, "NICK %s\r\nUSER x 0 * :x\r\nPING ready\r\n", c->nick);
}

static void on_line(struct client *c, char *line)
{
	const char *word = strchrnul(line, ' ');

	if (strncmp(line, "PING ", 5) == 0) {
		put(c, "PONG %s\r\n", line + 5);
	} else if (strncmp(line, "ERROR", 5) == 0 || strncmp(word, " 464 ", 5) == 0 ||
		   strncmp(word, " 433 ", 5) == 0) {
		die("%s was told: %.200s", c->nick, line);
	} else if (!c->ready && strstr(line, "PONG ") != NULL && strstr(line, "ready") != NULL) {
		c->ready = true;
		n_ready++;
	} else if (on_answer != NULL) {
		on_answer(c, word);
	}
}

static void client_read(struct client *c)
{
	ssize_t n = recv(c->fd, c->in + c->in_len, IN_MAX - 1 - c->in_len, 0);
	char *at = c->in, *end;

	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0)
		die("%s: the server closed the connection", c->nick);
	c->in_len += (size_t)n;
	while (c->fd >= 0 && (end = memchr(at, '\n', c->in_len - (size_t)(at - c->in))) != NULL) {
		*end = '\0';
		if (end > at && end[-1] == '\r')
			end[-1] = '\0';
		on_line(c, at);
		at = end + 1;
	}
	c->in_len -= (size_t)(at - c->in);
	memmove(c->in, at, c->in_len);
}

static void begin(struct client *c);

/* Waits for input and reads it; false when there was none in time. */
static bool turn(int timeout_ms)
{
	struct epoll_event events[EVENTS];
	int n = epoll_wait(ep, events, EVENTS, timeout_ms);

	for (int i = 0; i < n; i++) {
		struct client *c = events[i].data.ptr;

		if (!c->connected)
			client_connected(c);
		if ((events[i].events & EPOLLIN) != 0)
			client_read(c);
		if (c->fd < 0)
			begin(c);
		else if (c->out_len > 0)
			flush(c);
	}
	return n > 0;
}

static void turn_or_die(void)
{
	if (!turn(STALL_MS))
		die("nothing came for %d s", STALL_MS / 1000);
}

/* Everything is set up: others read their clocks. */
static void await_go(void)
{
	char line[16];

	printf("ready\n");
	fflush(stdout);
	if (fgets(line, sizeof(line), stdin) == NULL)
		exit(0);
}

/* ---- registrations ---- */

static unsigned long begun, done, wanted;

/* The next registration, if there is one to come. */
static void begin(struct client *c)
{
	if (begun == wanted)
		return;
	snprintf(c->nick, sizeof(c->nick), "n%lx", begun++);
	client_connect(c);
	put(c, "NICK %s\r\nUSER x 0 * :x\r\n", c->nick);
}

/* The end of the MOTD, or of what stands for it. */
static void on_registration(struct client *c, const char *word)
{
	if (strncmp(word, " 376 ", 5) != 0 && strncmp(word, " 422 ", 5) != 0)
		return;
	close(c->fd);
	c->fd = -1;
	done++;
}

static void run_register(unsigned long count, unsigned long at_once)
{
	uint64_t start;

	wanted = count;
	on_answer = on_registration;
	await_go();
	start = now_us();
	for (unsigned long i = 0; i < at_once && begun < wanted; i++)
		begin(client_new());
	while (done < wanted)
		turn_or_die();
	printf("%.6f\n", (double)(now_us() - start) / 1e6);
}

/* ---- talk ---- */

enum kind { KIND_PING, KIND_SELF, KIND_TAG, KIND_QUEUE };

static enum kind kind;
static const char *target;
static char run[16]; /* tells what is said in this run */
static unsigned long sent, answered;
static uint64_t *sent_us;
static uint32_t *took_us;

static void on_talk(struct client *c, const char *word)
{
	static const char *const wants[] = {" PONG ", " PRIVMSG ", " PONG ", " 301 "};

	(void)c;
	if (strncmp(word, wants[kind], strlen(wants[kind])) != 0)
		return;
	if (kind == KIND_SELF && strstr(word, run) == NULL)
		return; /* of an earlier run */
	if (kind == KIND_TAG)
		answered = sent; /* its PING comes after the last of them */
	else
		answered++;
	if (answered > sent)
		die("answered more often than asked: %s", word);
	took_us[answered - 1] = (uint32_t)(now_us() - sent_us[answered - 1]);
}

static void say(struct client *c)
{
	sent_us[sent] = now_us();
	switch (kind) {
	case KIND_PING:
		put(c, "PING :%lu\r\n", sent);
		break;
	case KIND_TAG:
		put(c, "@+typing=active TAGMSG %s\r\n", target);
		break;
	case KIND_SELF:
	case KIND_QUEUE:
		put(c, "PRIVMSG %s :%s%lu " TEXT "\r\n", target, run, sent);
		break;
	}
	sent++;
}

/* A window that is half empty is filled, so that what is pipelined goes out in batches. */
static void talk_window(struct client *c, unsigned long count, unsigned long window)
{
	while (answered < count) {
		if (sent - answered <= window / 2) {
			while (sent < count && sent - answered < window)
				say(c);
			if (kind == KIND_TAG)
				put(c, "PING :end\r\n");
			flush(c);
		}
		turn_or_die();
	}
}

static void talk_rate(struct client *c, unsigned long count, unsigned long rate)
{
	uint64_t start = now_us();

	while (answered < count) {
		uint64_t due = start + sent * 1000000 / rate;
		uint64_t now = now_us();

		if (sent < count && now >= due) {
			say(c);
			if (kind == KIND_TAG)
				put(c, "PING :end\r\n");
			flush(c);
		} else if (!turn(sent == count ? STALL_MS : (int)((due - now) / 1000) + 1) && sent == count) {
			die("the last answers did not come");
		}
	}
}

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void pick_kind(const char *word)
{
	if (strcmp(word, "ping") == 0)
		kind = KIND_PING;
	else if (strcmp(word, "self") == 0)
		kind = KIND_SELF;
	else if (strcmp(word, "tag") == 0)
		kind = KIND_TAG;
	else if (strncmp(word, "301:", 4) == 0)
		kind = KIND_QUEUE;
	else
		die("no kind %s", word);
	target = word + 4;
}

static struct client *log_in(const char *login)
{
	struct client *c = client_new();
	unsigned long before = n_ready;

	client_connect(c);
	client_login(c, login);
	while (n_ready == before)
		turn_or_die();
	return c;
}

static void run_talk(const char *what, unsigned long count, unsigned long window, unsigned long rate,
		     const char *from_login, const char *to_login)
{
	struct client *from, *to = NULL;
	uint64_t start;

	pick_kind(what);
	snprintf(run, sizeof(run), "r%d ", (int)getpid());
	sent_us = calloc(count, sizeof(*sent_us));
	took_us = calloc(count, sizeof(*took_us));
	from = log_in(from_login);
	if (to_login != NULL)
		to = log_in(to_login);
	if (kind == KIND_SELF || kind == KIND_TAG)
		target = to != NULL ? to->nick : from->nick;
	on_answer = on_talk;
	await_go();
	start = now_us();
	if (rate > 0)
		talk_rate(from, count, rate);
	else
		talk_window(from, count, window);
	printf("%.6f ", (double)(now_us() - start) / 1e6);
	qsort(took_us, count, sizeof(*took_us), compare);
	printf("%u %u\n", took_us[count / 2], took_us[count * 99 / 100]);
}

int main(int argc, char **argv)
{
	ep = epoll_create1(EPOLL_CLOEXEC);
	port = argc > 2 ? argv[2] : "";
	if (argc == 5 && strcmp(argv[1], "register") == 0)
		run_register(strtoul(argv[3], NULL, 10), strtoul(argv[4], NULL, 10));
	else if ((argc == 8 || argc == 9) && strcmp(argv[1], "talk") == 0)
		run_talk(argv[3], strtoul(argv[4], NULL, 10), strtoul(argv[5], NULL, 10),
			 strtoul(argv[6], NULL, 10), argv[7], argv[8]);
	else
		die("register PORT COUNT AT_ONCE | talk PORT KIND COUNT WINDOW RATE LOGIN [LOGIN] | "
		    "idle PORT COUNT LOGIN");
	return 0;
}
