/* SPDX-License-Identifier: GPL-3.0-or-later */
/* For the gateway's tests: a daemon without Tor (gateway_world_help.h), and clients at the far end of socket
 * pairs. */
#ifndef GATEWAY_HELP_H
#define GATEWAY_HELP_H

#include "gateway_world_help.h"

#include <stdio.h>

#include "irc/message.h"

struct user {
	struct world *w;
	int fd;
	char nick[32];
	bool mute; /* answers no PING */
	bool closed;
	char in[1 << 20];
	size_t len;    /* bytes in `in` */
	size_t seen;   /* of them taken by expect */
	size_t ponged; /* of them looked through for PINGs */
	unsigned pings;
	unsigned fences;
};

static inline void user_send(struct user *u, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static inline void user_send(struct user *u, const char *fmt, ...)
{
	char line[8192];
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(line, sizeof(line) - 2, fmt, args);
	va_end(args);
	memcpy(line + n, "\r\n", 2);
	assert_int_equal(send(u->fd, line, (size_t)n + 2, MSG_NOSIGNAL), n + 2);
}

static inline struct user *user_new(struct world *w)
{
	struct user *u = calloc(1, sizeof(*u));
	int fds[2];

	assert_non_null(u);
	make_pair(fds);
	u->w = w;
	u->fd = fds[1];
	gateway_accept(w->gateway, fds[0]);
	return u;
}

static inline void user_free(struct user *u)
{
	close(u->fd);
	free(u);
}

/* The next whole line from *at on, without its end; false if there is none. */
static inline bool user_line(struct user *u, size_t *at, char line[1024])
{
	const char *end = memchr(u->in + *at, '\n', u->len - *at);
	size_t n;

	if (end == NULL)
		return false;
	n = (size_t)(end - (u->in + *at));
	assert_true(n > 0 && n < 1024 && end[-1] == '\r');
	memcpy(line, u->in + *at, n - 1);
	line[n - 1] = '\0';
	*at += n + 1;
	return true;
}

static inline void user_answer_pings(struct user *u)
{
	char line[1024];

	while (user_line(u, &u->ponged, line)) {
		const char *ping = strstr(line, "PING :");

		if (ping == NULL || (ping != line && line[0] != '@'))
			continue;
		u->pings++;
		if (!u->mute && !u->closed)
			user_send(u, "PONG :%s", ping + 6);
	}
}

/* Forgets what has been taken. */
static inline void user_compact(struct user *u)
{
	size_t done = u->seen < u->ponged ? u->seen : u->ponged;

	if (done < sizeof(u->in) / 2)
		return;
	memmove(u->in, u->in + done, u->len - done);
	u->len -= done;
	u->seen -= done;
	u->ponged -= done;
}

static inline void user_read(struct user *u)
{
	user_compact(u);
	ssize_t n = recv(u->fd, u->in + u->len, sizeof(u->in) - u->len, MSG_DONTWAIT);

	assert_true(u->len < sizeof(u->in));
	if (n == 0)
		u->closed = true;
	if (n <= 0)
		return;
	u->len += (size_t)n;
	user_answer_pings(u);
}

/* Reads until a line matches ('*' and '?'); what comes before it is passed over. The line stays in a static
 * buffer. */
static inline const char *user_expect(struct user *u, const char *mask)
{
	static char line[1024];

	for (;;) {
		while (user_line(u, &u->seen, line))
			if (irc_mask_match(mask, line))
				return line;
		user_read(u);
		if (memchr(u->in + u->seen, '\n', u->len - u->seen) == NULL) {
			if (u->closed)
				fail_msg("closed while waiting for %s", mask);
			loop_turn(u->w->loop, true);
		}
	}
}

/* The very next line must match. */
static inline void user_next(struct user *u, const char *mask)
{
	char line[1024];

	while (!user_line(u, &u->seen, line)) {
		user_read(u);
		if (memchr(u->in + u->seen, '\n', u->len - u->seen) == NULL)
			loop_turn(u->w->loop, true);
	}
	if (!irc_mask_match(mask, line))
		fail_msg("got     %s\nwanted  %s", line, mask);
}

/* All that was sent is answered; how many of the lines since the last expected one match. */
static inline size_t user_count(struct user *u, const char *mask)
{
	char line[1024];
	char pong[64];
	size_t n = 0;

	snprintf(pong, sizeof(pong), "*PONG * :fence-%u", ++u->fences);
	user_send(u, "PING :fence-%u", u->fences);
	for (;;) {
		while (user_line(u, &u->seen, line)) {
			if (irc_mask_match(pong, line))
				return n;
			n += irc_mask_match(mask, line);
		}
		user_read(u);
		if (memchr(u->in + u->seen, '\n', u->len - u->seen) == NULL)
			loop_turn(u->w->loop, true);
	}
}

/* Nothing but PINGs has come. */
static inline void user_nothing(struct user *u)
{
	size_t seen = u->seen;
	size_t pings = user_count(u, "*PING :*");

	u->seen = seen;
	assert_int_equal(user_count(u, "*") - 1, pings);
}

static inline void user_closed(struct user *u)
{
	while (!u->closed) {
		user_read(u);
		if (!u->closed)
			loop_turn(u->w->loop, true);
	}
}

static inline struct user *user_connect(struct world *w, const char *nick)
{
	struct user *u = user_new(w);

	user_send(u, "NICK %s", nick);
	user_send(u, "USER %s 0 * :%s", nick, nick);
	user_expect(u, ":" SERVER " 422 *");
	user_expect(u, "*NOTICE * :*help*");
	return u;
}

static inline struct user *user_register(struct world *w, const char *nick)
{
	struct user *u = user_connect(w, nick);

	user_send(u, "PRIVMSG allium :register password");
	user_expect(u, ":* JOIN &contacts");
	user_expect(u, "*NOTICE * :The door is open*");
	return u;
}

/* who: "account" or "account@client". */
static inline struct user *user_login(struct world *w, const char *who)
{
	struct user *u = user_new(w);

	user_send(u, "PASS %s:password", who);
	user_send(u, "NICK x");
	user_send(u, "USER x 0 * :x");
	user_expect(u, ":* JOIN &contacts");
	user_expect(u, ":* 366 *");
	return u;
}

static inline struct chat *world_chat(struct world *w, const char *account)
{
	return account_chat(accounts_find(w->accounts, account));
}

/* Two accounts become contacts, each under the other's account name. */
static inline void befriend(struct user *a, const char *a_name, struct user *b, const char *b_name)
{
	user_send(a, "PRIVMSG allium :add %s %s hello", b_name, chat_onion(world_chat(a->w, b_name)));
	user_expect(b, "*NOTICE * :*asks to be your contact: hello");
	user_send(b, "PRIVMSG allium :accept %s", a_name);
	char mask[64];

	snprintf(mask, sizeof(mask), ":%s!* JOIN &contacts", b_name);
	user_expect(a, mask);
	snprintf(mask, sizeof(mask), ":%s!* JOIN &contacts", a_name);
	user_expect(b, mask);
}

/* Two contacts in a world of their own; one that is freed before is set to NULL. */
struct pair {
	struct world *w;
	struct user *alice;
	struct user *bob;
};

static inline struct pair two_friends(const struct gateway_opts *opts)
{
	struct pair p = {.w = world_new(opts)};

	p.alice = user_register(p.w, "alice");
	p.bob = user_register(p.w, "bob");
	befriend(p.alice, "alice", p.bob, "bob");
	return p;
}

static inline void pair_free(struct pair *p)
{
	if (p->alice != NULL)
		user_free(p->alice);
	if (p->bob != NULL)
		user_free(p->bob);
	world_free(p->w);
}

#endif
