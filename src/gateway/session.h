/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The clients of one unlocked account, and what they are told together. */
#ifndef GATEWAY_SESSION_H
#define GATEWAY_SESSION_H

#include "command.h"
#include "setting.h"

#define TOPIC_SIZE 391

struct session {
	LIST_ENTRY(session) link;
	struct gateway *gateway;
	struct account *account;
	struct client_list clients;
	struct client *sender;	    /* whose command is being handled; NULL otherwise */
	struct timer *fence_timer;  /* a pause in live lines */
	struct timer *status_timer; /* gathers changes of the status line */
	struct timer *away_timer;   /* a client has left */
	bool status_due;
	uint64_t created_ms; /* real time */
	char topic[TOPIC_SIZE];
	uint64_t topic_ms;	     /* real time of the last change */
	struct chat_tor_status told; /* the state of tor that clients were told last */
	uint32_t used[COMMAND_COUNT]; /* how often its clients have called each command */
	struct whowas *whowas;	     /* NULL until somebody was renamed */
	uint64_t settings[SETTING_COUNT]; /* as setting_parse gives them */
};

/* The session of an unlocked account; made when there is none. NULL when out of memory. */
struct session *session_get(struct gateway *g, struct account *a);
/* NULL when there is none. */
struct session *session_find(struct gateway *g, const struct account *a);
struct session *session_of_chat(struct gateway *g, const struct chat *c);
/* Its clients have left it or been logged out. */
void session_free(struct session *s);
struct chat *session_chat(const struct session *s);

/* A registered client has logged in: nick, host, the channel, the requests that wait, and what it missed. */
void session_attach(struct client *c);
/* It ends: the others stay. */
void session_detach(struct client *c);
/* The account is locked: it goes on without a login. */
void session_logout(struct client *c, const char *reason);

/* Is a client of it in the control channel? */
bool session_is_joined(const struct session *s);
/* JOIN with topic and names. */
void session_join(struct client *c);
/* A line to the clients that are in the channel; caps: only to those that have them all (0: everybody).  t may be
 * NULL. */
void session_channel(struct session *s, uint32_t caps, const struct tags *t, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* A NOTICE from the service to all clients. */
void session_notice(struct session *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The words that announce a request. */
void session_announce_request(struct client *c, const struct request_row *r);

/* ---- the status line (status.c) ---- */
void status_start(struct session *s);
/* It may have changed. */
void status_touch(struct session *s);
/* Something about tor has changed. */
void status_on_tor(struct session *s);
/* What a client that comes is told of tor. */
void status_greet(struct client *c);
void status_on_timer(void *ctx);

#endif
