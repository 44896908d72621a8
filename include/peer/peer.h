/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The running links of one unlocked account: accepts what tor brings to the onion's Unix socket, dials what
 * chat asks for, and pumps records between streams and the link state machines.
 *
 * All its streams are in the account's commit domain.  Handshakes that are not authenticated yet are bounded
 * in count and time.
 */
#ifndef PEER_PEER_H
#define PEER_PEER_H

#include "chat/chat.h"
#include "io/loop.h"
#include "tor/tor.h"

struct peer;

struct peer_opts {
	const struct rng *rng;
	const char *target_path; /* the onion's Unix socket; bound with peer_new, removed with peer_free */
	unsigned target_mode;	 /* its mode: 0600 managed, 0660 for a system tor's group */
	unsigned handshakes_max; /* incoming and not open: 0: 64; then one gives way, a stranger's before a
				    contact's */
	uint64_t handshake_timeout_ms; /* 0: 60 s */
	unsigned
	    links_max; /* open links: 0: 4 for each contact are allowed by chat; here a total of 12,000 */
};

/* The net to hand to chat (chat_opts.net); its ctx is unused: the peer is found by chat_net_data. */
extern const struct chat_net peer_net;

/* Starts serving an account: sets chat's net data.  tor may be NULL (mode = off): dials then fail at once
 * with words.  ERR_TOO_LONG, ERR_IO. */
int peer_new(struct loop *loop, struct tor *tor, struct chat *chat, struct domain *domain,
	     const struct peer_opts *opts, struct peer **out);
/* Closes all links at once.  chat is told nothing: call it when chat goes. */
void peer_free(struct peer *p);
/* While the door is shut, handshakes with it fail like those with a wrong key; contacts' links go on.  Open
 * at first. */
void peer_set_door(struct peer *p, bool open);
/*
 * Seals the frames that were queued in this turn into as few records as they need: to be called once a turn,
 * after the account's commit and before its bytes are released (struct domain_ops, committed).
 */
void peer_flush(struct peer *p);
/* Chat has ended its links (chat_shutdown): lets their last records leave for at most timeout_ms, even after
 * peer_free. */
void peer_drain(struct peer *p, uint64_t timeout_ms);

#endif
