/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of the gateway share about the gateway itself. */
#ifndef GATEWAY_PRIVATE_H
#define GATEWAY_PRIVATE_H

#include <bsd/sys/queue.h>

#include "gateway/gateway.h"

#include "guess.h"
#include "login_queue.h"

#define CONTROL_CHANNEL "&contacts"
#define SERVER_NAME_MAX 63
#define INLETS_MAX	16

struct client;
struct inlet;
struct login;
struct session;
struct ticket;

TAILQ_HEAD(client_list, client);
LIST_HEAD(session_list, session);
LIST_HEAD(ticket_list, ticket);

struct gateway {
	struct loop *loop;
	struct worker *worker;
	struct gateway_opts opts; /* defaults filled in */
	char server_name[SERVER_NAME_MAX + 1];
	char service_mask[SERVER_NAME_MAX + 32]; /* allium!allium@server */
	struct accounts *accounts;
	struct inlet *inlets[INLETS_MAX];
	size_t n_inlets;
	struct client_list clients; /* connected */
	struct client_list dead;    /* to be freed when no handler of theirs can be running */
	struct timer *reaper;
	unsigned n_clients;
	struct session_list sessions;
	struct ticket_list tickets; /* questions about circuits that are not answered yet */
	uint32_t offered;	   /* capabilities, as clients know */
	struct login_queue hashes; /* of passwords; one runs on the worker */
	struct login *hashing;
	struct login_queue proofs; /* of SCRAM, that pause */
	struct timer *login_timer;
	struct guesses guesses;
	uint64_t started_ms;	    /* real time */
	uint64_t away_order;	    /* of the latest AWAY */
	char closing[128];	    /* why it goes; empty while it serves */
};

struct now gateway_now(const struct gateway *g);

#endif
