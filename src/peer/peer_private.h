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

/* Why a local link does not come about: it must not tell who is locked from who has blocked us. */
#define PEER_LOCAL_FAILURE "not unlocked here, as far as you can see"

#define PEER_TARGET_MAX 107 /* bytes of a Unix socket's path */

/* An onion service.  What chat asks for is noted, and done after the commit. */
struct peer_service {
	TAILQ_ENTRY(peer_service) entry;
	struct peer *peer;
	uint32_t id;
	uint8_t onion_key[KEY_BYTES];
	uint8_t *secret; /* guarded; ONION_SECRET_BYTES, until tor has it */
	bool wants_door, wants_private;
	uint8_t (*clients)[KEY_BYTES];
	size_t n_clients;
	bool clients_changed; /* since tor was told */
	bool pending;	      /* something is to be done */
	bool withdrawn;
	bool failed; /* and was logged; it is tried again */

	bool door_role, private_role; /* served now */
	struct listener *listener;
	struct tor_onion *onion;
	bool published;
	unsigned handshakes;
};
TAILQ_HEAD(peer_services, peer_service);

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
	uint32_t dial_id;	      /* 0: incoming */
	bool local;
	struct peer_service *service; /* incoming: until it is open */
	uint32_t service_id;
	bool known; /* incoming: message 1 was made by a contact, though perhaps not now */
	uint8_t static_key[KEY_BYTES];
	bool has_identity;
	uint8_t identity[KEY_BYTES];
	uint64_t deadline_ms; /* until when it must be open */
	bool told;	      /* chat knows it */
	bool closing;	      /* chat has ended it: what is queued still leaves */
	bool wants_writable;  /* chat was told ERR_FULL */
	bool has_output;      /* something may wait to be sealed */
	struct timer *cover;  /* when the next record of cover is due */
	uint64_t slot_ms;     /* COVER_CONSTANT: when the next record is due */
};
TAILQ_HEAD(peer_link_list, peer_link);
RB_HEAD(peer_link_tree, peer_link);
RB_PROTOTYPE(peer_link_tree, peer_link, open, peer_link_cmp)

/* A dial that tor works on, or a local one, or one that waits to be told that it failed. */
struct peer_dial {
	TAILQ_ENTRY(peer_dial) entry;
	struct peer *peer;
	uint32_t id;
	uint8_t onion[KEY_BYTES];
	enum link_role role;
	bool by_identity;
	uint8_t responder_static[KEY_BYTES];
	uint8_t version;
	bool local;
	bool waits; /* local, and to be connected from the loop */
	struct tor_dial *tor;
	const char *failure; /* set: to be told from the loop */
};
TAILQ_HEAD(peer_dials, peer_dial);

/* Who has connected to the door and is not served yet, oldest first. */
struct peer_door {
	struct peer_service *service; /* while some wait */
	struct timer *timer;	      /* when the next is served */
	uint64_t paid_ms;	      /* the time that the connections served so far have used up */
	int waiting[PEER_WAITING_MAX];
	size_t first, n;
	bool shut;
};

struct peer {
	struct loop *loop;
	struct tor *tor;
	struct chat *chat;
	struct domain *domain;
	struct peer_opts opts;
	char target[PEER_TARGET_MAX + 1]; /* empty: nothing is published */
	struct peer_services services;
	struct peer_service local; /* what local links come to; no onion service, and not among them */
	struct timer *retry; /* services that could not be published */
	bool was_published;  /* as on_published was told */
	struct peer_door door;
	enum chat_cover cover;
	struct peer_link_list pending; /* not open yet, oldest first */
	struct peer_link_tree open;
	struct peer_link_list output;
	struct peer_dials dials;
	size_t n_open;
	link_id last_id;
	struct timer *timer; /* the earliest deadline of pending */
	struct timer *soon;  /* dials that are local or failed at once, links that are writable again, on_published */
};

struct now peer_now(const struct peer *p);

/* peer_link.c */
struct peer_link *peer_link_find(struct peer *p, link_id id);
/* A connection was accepted or a dial succeeded: takes the fd over. */
void peer_link_incoming(struct peer_service *s, int fd);
int peer_link_outgoing(struct peer *p, const struct peer_dial *d, int fd);
/* The same from another account of this daemon. */
void peer_link_incoming_local(struct peer *p, int fd);
/* Has the link flushed at the end of this turn. */
void peer_link_mark(struct peer_link *l);
/* Seals what is queued into the stream as far as it has room, unless it waits for a slot. */
void peer_link_flush(struct peer_link *l);
/* Whether it takes no frame now; and whether it has room for a good many, or with slots for one. */
bool peer_link_is_full(const struct peer_link *l);
bool peer_link_has_room(const struct peer_link *l);
/* Closes at once; chat hears nothing. */
void peer_link_free(struct peer_link *l);
/* What is queued and was written still leaves, within timeout_ms. */
void peer_link_finish(struct peer_link *l, uint64_t timeout_ms);
/* Ends the links whose handshake is overdue and sets the timer for the next. */
void peer_link_expire(struct peer *p);
/* Ends the handshakes on a service that goes. */
void peer_link_end_service(struct peer_service *s);

/* peer_net.c */
void peer_dial_free(struct peer_dial *d);
void peer_dials_failed(struct peer *p);
/* Connects those that are local. */
void peer_dials_local(struct peer *p);

/* peer_service.c */
/* Removes sockets that nobody listens on, at the target path and beside it. */
void peer_services_sweep(const char *target);
int peer_service_publish(struct peer *p, const struct chat_service *wanted);
void peer_service_withdraw(struct peer *p, uint32_t id);
/* Does what was asked for. */
void peer_services_flush(struct peer *p);
/* Tries again what failed. */
void peer_services_retry(struct peer *p);
void peer_services_clear(struct peer *p);

/* peer_door.c */
int peer_door_init(struct peer *p);
void peer_door_clear(struct peer *p);
/* Somebody has connected to the door: takes the fd over. */
void peer_door_accept(struct peer_service *s, int fd);
/* Those who wait are sent away. */
void peer_door_empty(struct peer *p);

/* peer_cover.c */
void peer_cover_set(struct peer *p, enum chat_cover cover);
/* The link has opened. */
void peer_cover_start(struct peer_link *l);
void peer_cover_fire(struct peer_link *l);
/* A random time with an exponential distribution, in whole milliseconds. */
uint64_t peer_cover_pause(const struct rng *rng, uint64_t mean_ms);

#endif
