/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of this layer share. */
#ifndef PEER_PRIVATE_H
#define PEER_PRIVATE_H

#include <bsd/sys/queue.h>
#include <bsd/sys/tree.h>

#include "link/link.h"
#include "peer/peer.h"

/* Unsealed frames wait in the link (LINK_OUT_MAX); sealed records wait here. */
#define PEER_STREAM_IN_MAX  (16 * RECORD_BYTES)
#define PEER_STREAM_OUT_MAX (512 * RECORD_BYTES)

/* One connection to somebody: from the dial or the accept until it is closed. */
struct peer_link {
	TAILQ_ENTRY(peer_link) pending; /* until it is open */
	RB_ENTRY(peer_link) open;	/* then, by id */
	TAILQ_ENTRY(peer_link) output;	/* while has_output */
	struct peer *peer;
	link_id id;
	struct link *link;
	struct stream *stream;
	enum link_role role;
	uint32_t dial_id; /* 0: incoming */
	uint8_t version;  /* incoming: as admitted */
	bool known;	  /* incoming: message 1 was made by a contact, though perhaps not now */
	uint8_t static_key[KEY_BYTES];
	bool has_identity;
	uint8_t identity[KEY_BYTES];
	uint64_t deadline_ms; /* until when it must be open */
	bool told;	      /* chat knows it */
	bool closing;	      /* chat has ended it: what is queued still leaves */
	bool wants_writable;  /* chat was told ERR_FULL */
	bool has_output;      /* something may wait to be sealed */
};
TAILQ_HEAD(peer_link_list, peer_link);
RB_HEAD(peer_link_tree, peer_link);
RB_PROTOTYPE(peer_link_tree, peer_link, open, peer_link_cmp)

/* A dial that tor works on, or one that waits to be told that it failed. */
struct peer_dial {
	TAILQ_ENTRY(peer_dial) entry;
	struct peer *peer;
	uint32_t id;
	struct locator locator;
	enum link_role role;
	bool by_identity;
	uint8_t responder_static[KEY_BYTES];
	uint8_t version;
	struct tor_dial *tor;
	const char *failure; /* set: to be told from the loop */
};
TAILQ_HEAD(peer_dials, peer_dial);

struct peer {
	struct loop *loop;
	struct tor *tor;
	struct chat *chat;
	struct domain *domain;
	struct peer_opts opts;
	struct listener *listener;
	bool door_shut;
	struct peer_link_list pending; /* not open yet, oldest first */
	struct peer_link_tree open;
	struct peer_link_list output;
	struct peer_dials dials;
	size_t incoming_pending;
	size_t n_open;
	link_id last_id;
	struct timer *timer; /* the earliest deadline of pending */
	struct timer *soon;  /* dials that failed at once, links that are writable again */
};

struct now peer_now(const struct peer *p);

/* peer_link.c */
struct peer_link *peer_link_find(struct peer *p, link_id id);
/* A connection was accepted or a dial succeeded: takes the fd over. */
void peer_link_incoming(struct peer *p, int fd);
int peer_link_outgoing(struct peer *p, const struct peer_dial *d, int fd);
/* Has the link flushed at the end of this turn. */
void peer_link_mark(struct peer_link *l);
/* Seals what is queued into the stream as far as it has room. */
void peer_link_flush(struct peer_link *l);
/* Closes at once; chat hears nothing. */
void peer_link_free(struct peer_link *l);
/* What is queued and was written still leaves, within timeout_ms. */
void peer_link_finish(struct peer_link *l, uint64_t timeout_ms);
/* Ends the links whose handshake is overdue and sets the timer for the next. */
void peer_link_expire(struct peer *p);

/* peer_net.c */
void peer_dial_free(struct peer_dial *d);
void peer_dials_failed(struct peer *p);

#endif
