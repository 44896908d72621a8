/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The IRC side: clients, their registration and commands, and the service nick `allium`.
 *
 * It serves accounts (chat/accounts.h) and is their front.  It drives chat: hands it commands, runs password
 * jobs on the worker, and replays what a client missed.  All clients of one account are in that account's
 * commit domain, so that no reply leaves before the commit that holds what it answers.
 */
#ifndef GATEWAY_GATEWAY_H
#define GATEWAY_GATEWAY_H

#include "chat/accounts.h"
#include "io/loop.h"
#include "io/tls.h"
#include "io/worker.h"

struct gateway;

/* Circuits of an account's links, as text for people; asked from the app, answered at once or later. */
struct gateway_circuit {
	const struct contact *contact; /* NULL: a circuit that can't be told apart (somebody dialled us) */
	bool incoming;
	const char *path; /* "relay1 relay2 relay3" */
};
typedef void (*gateway_circuits_cb)(void *ctx, int err, const struct gateway_circuit *circuits, size_t n);

struct gateway_ops {
	/* The commit domain of an unlocked account. */
	struct domain *(*domain)(void *ctx, struct account *a);
	/* Asks for circuits.  The callback comes later or never from within this call; not at all once the
	 * account is locked or the gateway freed. */
	int (*circuits)(void *ctx, struct account *a, gateway_circuits_cb cb, void *cb_ctx);
};

/* How fast a client may talk: so many lines at once, then so many a second. */
struct flood_limit {
	uint64_t burst; /* at least 1 */
	uint64_t rate;	/* 0: as fast as it likes */
};

struct gateway_opts {
	const char *server_name;
	const char *motd; /* lines of the message of the day, borrowed; NULL: none */
	unsigned clients_max;		  /* 0: 4096; when full, one without a login gives way */
	unsigned account_clients_max;	  /* of one account; 0: clients_max */
	size_t out_max;			  /* bytes that a client may leave unread before it is closed; 0: 4 MiB */
	struct flood_limit users, strangers; /* with a login, and without; burst 0: 20,000 and 5,000 a second; a
						quarter of it */
	uint64_t registration_timeout_ms; /* 0: 60 s */
	uint64_t
	    ping_ms; /* silence after which a client is pinged: 0: 120 s; and given up after as much again */
	uint64_t barrier_ms; /* pause in live lines after which the barrier PING goes out: 0: 1 s */
	struct tls *tls;      /* for addresses with tls:, borrowed; NULL where there are none */
	const char *const *ws_origins; /* of pages that may come in over ws:, borrowed */
	size_t n_ws_origins;
	const char *sts;      /* value of the STS capability, for TLS clients alone, borrowed; NULL: not offered */
	uint64_t handshake_ms; /* for a TLS handshake; 0: 10 s */
	uint64_t guess_ms;     /* pause after a wrong password; doubles with each, up to 16 times: 0: 500 ms */
	struct rng rng;
	const struct gateway_ops *ops;
	void *ctx;
};

/* accounts may be set later (gateway_set_accounts) since accounts need the front. */
int gateway_new(struct loop *loop, struct worker *worker, const struct gateway_opts *opts,
		struct gateway **out);
void gateway_set_accounts(struct gateway *g, struct accounts *accounts);
/* ERROR to all clients, then closes. */
void gateway_free(struct gateway *g);
/*
 * For SIGTERM: takes no more clients, and sends everybody `ERROR :reason`: at once to those without a login,
 * to the others when their account is locked (gateway_on_locked), which is to follow, so that what they were
 * answered before still leaves after its commit.
 */
void gateway_shutdown(struct gateway *g, const char *reason);

/* The front to hand to accounts_open (as accounts_opts.chat.front, with the gateway as front_ctx). */
extern const struct chat_front gateway_front;

/* Serves an address (io/inlet.h, inlet_new). address_out (may be NULL) tells the real one, for port 0. */
int gateway_listen(struct gateway *g, const char *address, const char **address_out);
/* Takes a connected socket as a client would be accepted: for tests and for socket activation. */
void gateway_accept(struct gateway *g, int fd);

/* Called by the app: */
void gateway_on_unlocked(struct gateway *g, struct account *a);
/* About to be locked: its clients are logged out. */
void gateway_on_locked(struct gateway *g, struct account *a, const char *reason);
/* The commit of a turn failed: nothing of that turn was answered.  Each client of the account gets an ERROR
 * that says so and is closed. */
void gateway_on_commit_failed(struct gateway *g, struct account *a, int err);

#endif
