/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The running links of one unlocked account: publishes the onion services that chat asks for, accepts what
 * tor brings to their Unix sockets, dials what chat asks for, and pumps records between streams and the link
 * state machines.
 *
 * All its streams are in the account's commit domain.
 *
 * A local link joins two accounts of this daemon: the same records, over a pair of sockets in place of Tor.  It
 * comes in at CHAT_LOCAL, where both roles are served.  Cover is for Tor's links alone.
 *
 * Who is not authenticated yet is bounded in count, time and memory, on each service by itself, so that a
 * flood on the door takes nothing from those who come to a private service.  On each, handshakes_max go on at
 * once, for handshake_timeout_ms each; when they are all taken, one gives way for the next, first one that no
 * contact began.  A contact has four at most.  The door serves door_burst connections at once and then one in
 * each door_interval_ms; PEER_WAITING_MAX more wait for that, as bare descriptors, and further ones are
 * closed at once.
 *
 * A handshake costs 0.3 to 0.6 ms of a processor core of 2 GHz, so the door at its full rate costs about 1 %.
 * It holds 4 KB of memory until message 1 has come whole and is authentic, and 24 KB from then on (keys lie
 * on guarded pages of their own): 1.5 MB on one service at most.
 *
 * A contact that knows no other locator than the door's waits there among strangers, since who it is shows in
 * message 1 only: a flood on the door can keep it out for as long as it lasts.
 */
#ifndef PEER_PEER_H
#define PEER_PEER_H

#include "chat/chat.h"
#include "io/loop.h"
#include "tor/tor.h"

#define PEER_WAITING_MAX 128 /* connections to the door that are not served yet */

struct peer;

struct peer_opts {
	const struct rng *rng;
	/* The door's Unix socket; other services have theirs beside it, with "-<id>" after the name.
	 * Absolute; NULL: nothing is published.  Sockets that an earlier run has left there are removed. */
	const char *target_path;
	unsigned target_mode;	 /* of the sockets: 0600 managed; 0666 in a directory for tor's group alone */
	unsigned handshakes_max; /* incoming and not open, on one service: 0: 64 */
	uint64_t handshake_timeout_ms; /* 0: 60 s */
	unsigned door_burst;	       /* 0: 64 */
	uint64_t door_interval_ms;     /* 0: 50 ms */
	unsigned
	    links_max; /* open links: 0: 4 for each contact are allowed by chat; here a total of 12,000 */
	uint64_t cover_light_ms; /* COVER_LIGHT: mean time between two records of a link: 0: 10 s */
	uint64_t cover_slot_ms;	 /* COVER_CONSTANT: 0: 2 s, which is the least that operators may set */
	/* The unlocked account of this identity, to be reached by a local link; NULL: there is none now.  From the
	 * loop.  NULL: there are no local links. */
	struct peer *(*household)(void *ctx, const uint8_t identity[KEY_BYTES]);
	void (*on_published)(void *ctx); /* peer_published tells another; from the loop.  May be NULL */
	void *ctx;
};

/* The net to hand to chat (chat_opts.net); its ctx is unused: the peer is found by chat_net_data. */
extern const struct chat_net peer_net;

/*
 * Starts serving an account: sets chat's net data and has it tell of its services (chat_serve), which are
 * published after the next commit (peer_flush).  tor may be NULL (mode = off): dials then fail at once with
 * words.  ERR_TOO_LONG: target_path leaves no room for an id within 107 bytes; ERR_NOMEM.
 */
int peer_new(struct loop *loop, struct tor *tor, struct chat *chat, struct domain *domain,
	     const struct peer_opts *opts, struct peer **out);
/* Closes all links and withdraws all services at once.  chat is told nothing: call it when chat goes. */
void peer_free(struct peer *p);
/* While the door is shut, handshakes with it fail like those with a wrong key; contacts' links go on.  Open
 * at first. */
void peer_set_door(struct peer *p, bool open);
/* Every service that chat wants has had a confirmed upload since tor took it: contacts can find us. */
bool peer_published(const struct peer *p);
/* Is this the address, ONION_LEN digits, of one of its services? */
bool peer_has_onion(const struct peer *p, const char *onion);
/* Tor has lost what it published: it went down. */
void peer_on_tor_down(struct peer *p);
/*
 * To be called once a turn, after the account's commit and before its bytes are released (struct domain_ops,
 * committed).  Publishes and withdraws what chat has asked for, and seals the frames that were queued into as
 * few records as they need; with COVER_CONSTANT they wait for their slots.
 */
void peer_flush(struct peer *p);
/* Chat has ended its links (chat_shutdown): lets their last records leave for at most timeout_ms, even after
 * peer_free. */
void peer_drain(struct peer *p, uint64_t timeout_ms);

#endif
