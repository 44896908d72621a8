/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the files of chat share: the account in memory and the calls between them.
 *
 * Memory follows the store: every change is written to the store's open transaction first or in the same
 * breath, and an error of the store breaks the whole account (chat_break), since the transaction is then lost
 * and memory no longer tells what is on disk.
 */
#ifndef CHAT_IMPL_H
#define CHAT_IMPL_H

#include <bsd/sys/queue.h>
#include <bsd/sys/tree.h>

#include "base/buf.h"
#include "base/err.h"
#include "chat/chat.h"

/* RB_GENERATE_STATIC of libbsd needs a macro that glibc does not have. */
#define TREE_FUNCTIONS(name, type, field, cmp)                                                               \
	RB_GENERATE_INTERNAL(name, type, field, cmp, static __attribute__((unused)))

#define DIALS_MAX  64 /* at a time; the others wait for their turn */
#define UNACKED_MAX 500 /* sealed messages of a contact, not acked yet */
#define RESETS_MAX  3	/* of a confirmed session, a day */
#define READDED_MAX 20	/* beside these, a day: sessions with one who removed us and added us again */
#define ACK_EVERY   32	/* messages that one ack waits for at most */
#define CONTACT_LINKS_MAX 4		      /* links of one contact at a time */
#define DOOR_LINKS_MAX	  64		      /* links of strangers at a time, at the door */
#define GUEST_LINKS_MAX	  64		      /* by identity at a time, on private services */
#define RECENT_LINES	  16384 /* of all conversations: found by msgid at next to no cost */
#define MEMBERS_MAX	  2000 /* of the household that are remembered: twice the accounts of a daemon */
#define REJECTED_MAX	  1000		      /* rejected identities that are remembered */
#define LINK_RENEW_MS	  (20u * 3600 * 1000) /* who dialled a link dials its successor at this age */
#define LINK_LIFE_MS	  (24u * 3600 * 1000) /* a link is ended at this age */
#define REDIAL_MS	  500		      /* before a lost link is dialled again, jittered */

/* ---- timers: chat_timer.c ---- */

typedef void (*chat_timer_cb)(struct chat *c, struct now now, void *owner);
struct chat_timer {
	RB_ENTRY(chat_timer) node;
	uint64_t at_ms; /* mono */
	uint64_t seq;	/* timers of one instant fire in the order in which they were set */
	bool set;
	chat_timer_cb fire;
	void *owner;
};
RB_HEAD(timer_tree, chat_timer);
struct timers {
	struct timer_tree tree;
	uint64_t seq;
};

void timers_init(struct timers *ts);
void timers_set(struct timers *ts, struct chat_timer *t, uint64_t at_ms);
void timers_cancel(struct timers *ts, struct chat_timer *t);
uint64_t timers_next(const struct timers *ts);			   /* TICK_NEVER if none is set */
struct chat_timer *timers_pop(struct timers *ts, uint64_t now_ms); /* one that is due, now cancelled; NULL */

/* ---- the account in memory ---- */

/* How far a link between link keys has come as the one that is used: epoch.c. */
enum link_sync {
	SYNC_UNUSED,
	SYNC_WAIT, /* USE was said; the other side's SYNC is awaited */
	SYNC_ROOT, /* this handshake is the new root; the message that begins the session is awaited */
	SYNC_DONE  /* messages and acks go */
};

/* What is owed to the peer for what came. */
enum chat_ack {
	ACK_NONE,
	ACK_OWED, /* with the next message, or when the timer fires */
	ACK_DUE	  /* at the end of the turn */
};

struct chat_link {
	link_id id;
	RB_ENTRY(chat_link) by_id;
	TAILQ_ENTRY(chat_link) of_peer;
	TAILQ_ENTRY(chat_link) of_flush;
	struct chat_peer *peer; /* NULL: of a stranger, at the door */
	enum link_role role;
	uint32_t service; /* that it came to */
	int64_t given;	  /* the locator that we told on it, by identity: client id; 0: none */
	bool by_identity; /* the initiator's static key is identity-derived: request, accept and answer alone
			   */
	bool dialled;	  /* by us */
	uint8_t identity[KEY_BYTES]; /* of the initiator, if by_identity and not dialled */
	uint8_t peer_static[KEY_BYTES], hash[HASH_BYTES]; /* of the handshake, if by_identity */
	uint64_t opened_ms;
	uint64_t heard_ms;	 /* when a frame last came */
	uint64_t born_seq;	 /* order in which links opened */
	bool heard;		 /* a profile came: the link works in both directions */
	uint64_t heard_seq;	 /* order in which links were heard first: newest is highest */
	struct chat_timer timer; /* silence and age */
	uint64_t pinged_ms;	 /* a ping waits for any answer since; 0: none does */
	uint64_t pong_by_ms;	 /* until when, while pinged_ms */
	uint64_t timed_ms;	 /* when the ping left whose round trip is measured, and its token; 0: none */
	uint64_t timed_token;
	uint64_t srtt_ms;   /* smoothed round trip; 0: not known */
	uint64_t asked_ms;  /* when something left that must be answered; 0: nothing did since the answer */
	uint64_t silent_ms; /* since when nothing came while an answer is due; 0: none is */
	bool suspected;	    /* not answered in time: another link is dialled beside it */
	struct chat_timer suspect_timer;
	/* What is to be sent as soon as the link takes it. */
	bool full;     /* the net takes no more for now */
	bool flushing; /* in chat's list of links to be flushed */
	bool want_profile, want_use, want_sync, want_nack, want_ping, want_pong;
	uint64_t ping_token, pong_token;
	/* the session on this link */
	enum link_sync sync;
	struct sync mine, theirs;
	struct ratchet_root *root; /* guarded; NULL once it was used or is not needed */
	struct buf first;	   /* the message that begins the session, while it waits for room */
	uint64_t nacked;	   /* the seq that was NACKed on this link; 0: none was */
	uint64_t resealed;	   /* the last one that the other side NACKed */
};
TAILQ_HEAD(chat_link_list, chat_link);
RB_HEAD(link_tree, chat_link);

/* A client key of one of our private services: chat_service.c. */
struct service_client {
	TAILQ_ENTRY(service_client) of_service;
	TAILQ_ENTRY(service_client) of_peer; /* if peer */
	struct service *service;
	struct chat_peer *peer; /* who was given it; NULL unless CLIENT_CONTACT */
	bool untold;		/* by this process, and no frame has told of it; perhaps a message waits to */
	struct client_row row;
};
TAILQ_HEAD(client_list, service_client);

struct service {
	TAILQ_ENTRY(service) entry;
	struct service_row row;
	uint8_t onion[KEY_BYTES];
	struct client_list clients;
	size_t n_clients, n_spare;
	bool dirty;	/* to be published, perhaps anew */
	bool published; /* the net was told */
	bool shuts_out; /* somebody, right now: locator_shut_out */
};
TAILQ_HEAD(service_list, service);

struct invitation {
	TAILQ_ENTRY(invitation) entry;
	struct invite_row row;
};
TAILQ_HEAD(invitation_list, invitation);

struct member {
	TAILQ_ENTRY(member) entry;
	uint8_t identity[KEY_BYTES];
};
TAILQ_HEAD(member_list, member);

/* What happened in a span of time that began with the first. */
struct window {
	uint64_t since_ms;
	unsigned n;
};

/* Of a conversation's lines, as far as it is known. */
struct line_ages {
	bool last_known, oldest_known;
	uint64_t last_ms;   /* when the last one came that history tells without events; 0: there is none */
	uint64_t oldest_ms; /* when the oldest of all came; 0: there is none */
};

enum door_state {
	DOOR_OPEN = 0,
	DOOR_CLOSED = 1, /* for strangers; it stands while contacts know nothing else */
	DOOR_GONE = 2
};

struct chat_peer {
	struct contact pub;
	char folded[NICK_MAX + 1];
	char skeleton[NICK_MAX + 1];
	RB_ENTRY(chat_peer) by_name;
	RB_ENTRY(chat_peer) by_id;
	RB_ENTRY(chat_peer) by_identity;
	RB_ENTRY(chat_peer) by_skeleton;
	RB_ENTRY(chat_peer) by_link_key; /* while pub.row.has_link_key */
	bool chooser;			 /* we choose the link: our identity is the lower one */
	/* dials */
	struct chat_timer dial_timer; /* in c->dial_timers */
	TAILQ_ENTRY(chat_peer) of_dialling;
	uint32_t dial_id; /* 0: none under way */
	bool dial_by_identity;
	unsigned attempts; /* that failed in a row */
	unsigned misses;   /* likewise, but never forgiven: which locator is tried next */
	bool proved;	   /* a handshake where its locator led to succeeded */
	bool dial_stale;   /* it has another locator than the one that was dialled last */
	unsigned doubts;   /* dials in a row that led to somebody else */
	uint64_t doubted_until_ms; /* no dial before, but by the user's word */
	bool dialled_once;
	bool redialled;	     /* at once, after a link that did not last since */
	uint64_t dialled_ms; /* when the last dial started */
	unsigned suspicions; /* for which it was dialled, since anything was delivered */
	/* where it was told to find us, oldest first: chat_service.c */
	struct client_list clients;
	bool clearing;	 /* blocked, and what was queued for it is still to be deleted: block.c */
	size_t n_offers; /* of which messages in the outbox tell it */
	/* links */
	struct chat_link_list links;
	unsigned n_links;
	struct chat_link *chosen; /* where messages are sent; NULL: they wait */
	uint64_t use_token;	  /* of the last USE that was followed */
	bool ready;		  /* the chosen link carries messages both ways: the session is confirmed */
	/* the session, as in the store; epoch of zeroes: there is none */
	struct session_row session;
	uint32_t readded_day, readded; /* sessions of that day, as in READDED_MAX */
	uint64_t next_seq;  /* what the chosen link carries next */
	/* Seqs of this session that did not get through in the one way or the other: nothing does, before these. */
	uint64_t unopened; /* could not be opened, nor when it was sealed anew; 0: none */
	uint64_t unread;   /* of ours, that the other side asked for; 0: none */
	bool forgot_us;	   /* it asked to be a contact, which it is: it has removed us meanwhile */
	bool diverged;	   /* that was on another link already: both ratchets belong to different pasts */
	int64_t sealed_id;  /* outbox id up to which messages are known to be sealed */
	bool all_sealed;    /* nothing waits to be sealed */
	enum chat_ack ack;
	uint64_t ack_sent; /* seq of the last ack */
	struct chat_timer ack_timer;
	bool waiting;	   /* the queue had to wait for the contact to come */
	size_t delivered;  /* acked since */
	struct line_ages ages;
	/* typing: what it was told last, and when; what it told within a window */
	enum typing typing;
	uint64_t typing_ms;
	struct window typed;
	struct window looks; /* back far, for what it takes back: rich.c */
	/* a cancel of many, in slices: chat_queue.c */
	int64_t cancel_upto; /* outbox id; 0: none under way */
	size_t n_cancelled;  /* so far */
	/* presence */
	struct chat_timer offline_timer;
	bool away; /* as it told last, shown or not */
	char told_away[AWAY_MAX + 1];
	bool warned;   /* of another link key; said once */
	bool misbound; /* who holds the pinned key is not this contact: no links until the next start */
	bool refused_told;
	struct locator before; /* an invitation that is still to be shown told of another place */
	bool has_before;
};
RB_HEAD(name_tree, chat_peer);
RB_HEAD(id_tree, chat_peer);
RB_HEAD(identity_tree, chat_peer);
RB_HEAD(skeleton_tree, chat_peer);
RB_HEAD(link_key_tree, chat_peer);
TAILQ_HEAD(peer_list, chat_peer);

struct waiting_request {
	TAILQ_ENTRY(waiting_request) entry;
	struct request_row row;
};
TAILQ_HEAD(request_list, waiting_request);
TAILQ_HEAD(removal_list, removal);

struct chat_secrets { /* guarded */
	uint8_t seed[KEY_BYTES];
	uint8_t identity_dh[KEY_BYTES];
	uint8_t link[KEY_BYTES];
};

struct chat {
	struct chat_opts opts;
	struct store *store;
	int broken; /* the store failed: nothing goes on */
	bool shut;
	void *front_data, *net_data;
	/* self */
	struct chat_secrets *secrets;
	uint8_t identity[KEY_BYTES];
	uint8_t link_key[KEY_BYTES];
	char onion[ONION_LEN + 1];
	char nick[NICK_MAX + 1];
	bool away;
	char away_text[AWAY_MAX + 1];
	struct chat_tor_status tor;
	uint64_t line_ms; /* time of the last line; times of lines never go back */
	struct line_ages ages; /* of the lines of no contact: the oldest alone */
	uint64_t expire_ms;    /* after which lines go, but where a contact has its own; 0: never */
	struct chat_timer history_timer, retention_timer;
	unsigned line_lead; /* milliseconds that lines were given since the clock last gave one */
	/* contacts */
	struct name_tree by_name;
	struct id_tree by_id;
	struct identity_tree by_identity;
	struct skeleton_tree by_skeleton;
	struct link_key_tree by_link_key;
	size_t n_contacts;
	size_t queued;
	struct chat_timer cancel_timer; /* the next slice of cancels */
	struct removal_list removals;	/* that go on: removal.c */
	struct chat_timer removal_timer;
	/* strangers */
	struct request_list requests; /* oldest first */
	size_t n_waiting, n_rejected;
	size_t request_bytes;	 /* of those that wait */
	uint64_t hour_ms;	 /* mono: when the hour began in which n_hour requests were taken */
	unsigned n_hour;
	/* where others find us */
	bool serving; /* chat_serve was called */
	struct service_list services;
	struct invitation_list invitations;
	size_t n_invitations;
	struct chat_timer sweep, publish_timer;
	struct chat_timer clear_timer; /* the next slice of what was queued for those who are blocked */
	enum door_state door;
	bool door_dirty, door_stands;
	struct member_list members; /* met since the account was opened, the last MEMBERS_MAX */
	size_t n_members;
	enum chat_cover cover;
	/* links */
	struct link_tree links;
	struct chat_link_list flushes;
	struct chat_link_list door_links; /* by identity and incoming: at the door, oldest first */
	unsigned n_door_links;
	struct chat_link_list guest_links; /* and on private services */
	unsigned n_guest_links;
	uint64_t link_seq;
	uint64_t uses; /* number of the last USE; the upper half tells this process from those before it */
	/* time */
	struct now now; /* of the last call that may have something sent at the turn's end */
	struct timers timers;
	struct timers dial_timers;
	struct chat_timer expiry; /* of skipped secrets */
	/* The ratchet that is at work, of one contact at a time: epoch.c. */
	struct ratchet *ratchet; /* guarded */
	struct chat_peer *ratchet_of;
	struct peer_list dialling;
	unsigned n_dialling;
	uint32_t last_dial;
	uint64_t beat_ms; /* when chat_tick is asked for at the latest; 0: it was not called yet */
};

/* Passes err on. Anything but 0 breaks the account until it is opened again. */
int chat_break(struct chat *c, int err);
#define front_call(c, func, ...) ((c)->opts.front->func((c)->opts.front_ctx, (c), __VA_ARGS__))
#define front_status(c)		 ((c)->opts.front->status((c)->opts.front_ctx, (c)))
#define net_call(c, func, ...)	 ((c)->opts.net->func((c)->opts.net_ctx, (c), __VA_ARGS__))

/* ---- contact.c ---- */
/* All contacts, in order of their ids: NULL gives the first, and ends the walk. */
struct chat_peer *contact_next(const struct chat *c, struct chat_peer *p);
struct chat_peer *contact_by_identity(const struct chat *c, const uint8_t identity[KEY_BYTES]);
struct chat_peer *contact_by_link_key(const struct chat *c, const uint8_t link_key[KEY_BYTES]);
struct chat_peer *contact_by_skeleton(const struct chat *c, const char *skeleton);
int contact_load(struct chat *c);
void contact_free_all(struct chat *c);
/* Makes a contact from a row without id, tells the front, and has it dialled. */
int contact_new(struct chat *c, struct now now, struct contact_row *row, struct chat_peer **out);
int contact_save(struct chat *c, struct chat_peer *p);
/* The one place where a contact's state changes. */
int contact_enter(struct chat *c, struct chat_peer *p, enum contact_state state);
/* May this link key be pinned for this identity?  Not our own, nor another contact's. */
bool contact_key_free(const struct chat *c, const uint8_t identity[KEY_BYTES],
		      const uint8_t link_key[KEY_BYTES]);
int contact_pin(struct chat *c, struct chat_peer *p, const uint8_t link_key[KEY_BYTES],
		const struct locator *l);
/* What an invitation says.  A linked one is found where it was before, unless it tells of another place itself. */
int contact_pin_invited(struct chat *c, struct chat_peer *p, const struct invite *inv);
int contact_restore_locator(struct chat *c, struct chat_peer *p);

/* ---- removal.c ---- */
/* Has all that is stored of a contact deleted, in slices if it is much.  ERR_NOMEM, and nothing has changed. */
int removal_begin(struct chat *c, struct now now, int64_t contact);
/* One that was begun before the account was opened. */
int removal_load(struct chat *c, int64_t contact);
bool removal_of(const struct chat *c, int64_t contact); /* goes on? */
void removal_free_all(struct chat *c);
/* It was pinned because an invitation said so, which came to nothing: the contact is asked by its address. */
int contact_unpin(struct chat *c, struct chat_peer *p);
/* A contact told where it is found. */
int contact_locator(struct chat *c, struct chat_peer *p, const struct locator *l);

/* ---- chat_service.c: where contacts find us ---- */
int service_load(struct chat *c);
void service_free_all(struct chat *c);
/* Tells the net what has changed. At the end of the turn. */
int service_settle(struct chat *c);
struct service_client *service_client_by_id(const struct chat *c, int64_t id); /* NULL */
void service_locator_of(const struct service_client *k, struct locator *out);
int service_client_save(struct chat *c, struct service_client *k);
int service_client_delete(struct chat *c, struct service_client *k);
/* Its holder needs it no longer, or shall not have it: it goes when the service is published next. */
int service_retire(struct chat *c, struct service_client *k);
/* Takes a spare key for this use, of a service that is not left; the caller saves it. */
int service_take_spare(struct chat *c, struct now now, enum client_use use, struct service_client **out);
/* A spare key for an invitation. */
int service_take_for_invite(struct chat *c, struct now now, struct service_client **out);
/* This contact has it already. */
int service_give(struct chat *c, struct service_client *k, struct chat_peer *p);
void service_client_of_peer(struct service_client *k, struct chat_peer *p);
int service_drop(struct chat *c, struct service *s);
/* Services that were left, and are needed by nobody any more, go. */
int service_drop_unneeded(struct chat *c);

/* ---- locator.c: what contacts are told ---- */
void locator_sweep(struct chat *c, struct now now, void *owner);
/* What to tell this contact now; given is its number, for locator_arrived. */
int locator_current(struct chat *c, struct now now, struct chat_peer *p, struct locator *out, int64_t *given);
/* The contact has it: what it was given before is not needed any more. */
int locator_arrived(struct chat *c, struct chat_peer *p, int64_t given);
/* It came to this service: it has what it was given, if that leads there. */
int locator_dialled_by(struct chat *c, struct chat_peer *p, uint32_t service);
/* A message was acked: perhaps one that carried a locator. */
int locator_on_acked(struct chat *c, struct chat_peer *p);
/* Messages can be sent: so can a locator that may not have arrived yet. */
int locator_on_ready(struct chat *c, struct now now, struct chat_peer *p);
/* A link has ended on which this was told. */
int locator_told(struct chat *c, struct now now, struct chat_peer *p, int64_t given);
/* The contact may have lost what it was told. */
int locator_doubt(struct chat *c, struct chat_peer *p);
/* This contact must not find us any more. */
int locator_shut_out(struct chat *c, struct now now, struct chat_peer *p);
/* One more, besides what it has. */
int locator_fresh(struct chat *c, struct now now, struct chat_peer *p);

/* ---- door.c ---- */
int door_load(struct chat *c);
void door_settle(struct chat *c);

/* ---- block.c ---- */
/* Has what is queued for this contact, who is blocked, deleted over the next turns. */
void block_clear(struct chat *c, struct now now, struct chat_peer *p);

/* ---- household.c ---- */
void household_free(struct chat *c);
/* Whether its links are local, by its row. */
void household_settle(const struct chat *c, struct chat_peer *p);
/* Was it met, since the account was opened? */
bool household_met(const struct chat *c, const uint8_t identity[KEY_BYTES]);
/* It is removed by the user. */
int household_leave(struct chat *c, const struct chat_peer *p);

/* ---- chat_invite.c ---- */
int invite_load(struct chat *c);
void invite_free_all(struct chat *c);
int invite_expire(struct chat *c, struct now now);
/* This key goes, and the invitation with it that perhaps holds it. */
int invite_end_of(struct chat *c, const struct service_client *k);
/* NULL: there is no such invitation, or it was used, or has expired. */
struct invitation *invite_find(const struct chat *c, struct now now, const uint8_t token[TOKEN_BYTES]);
/* This contact has used it: it is gone, and the contact is to be told another locator. */
int invite_use(struct chat *c, struct now now, struct invitation *inv, struct chat_peer *p);

/* ---- petname.c: the one namespace ---- */
/* May the user take this name for p (NULL: a new contact, or the own nick when self)?  Waiting requests give
 * way: see petname_claim. */
int petname_check(const struct chat *c, const char *nick, const struct chat_peer *p, bool self);
/* The name was taken: a request that waits under it, or looks like it, waits under another name from now on.
 */
int petname_claim(struct chat *c, const char *nick);
/* A name for a request out of what a stranger proposes; ERR_FULL if none can be found. */
int petname_propose(const struct chat *c, const char *proposed, const struct waiting_request *self,
		    char out[NICK_MAX + 1]);

/* ---- request.c: strangers ---- */
int request_load(struct chat *c);
void request_free_all(struct chat *c);
struct waiting_request *request_by_identity(const struct chat *c, const uint8_t identity[KEY_BYTES]);
struct waiting_request *request_by_name(const struct chat *c, const char *name);
int request_forget(struct chat *c, struct waiting_request *r);
/* A stranger asks: the answer's status goes to *status. */
int request_on_stranger(struct chat *c, struct now now, const uint8_t identity[KEY_BYTES],
			const struct request *q, enum answer_status *status);
/* What somebody who is blocked is told: as a stranger who asks. */
enum answer_status request_of_blocked(struct chat *c, struct now now);
/* A waiting request becomes a contact. */
int request_take(struct chat *c, struct now now, struct waiting_request *r, const char *nick,
		 const struct contact **out);

/* ---- acceptance.c: links with an identity-derived static key ---- */
/* Such a link of ours is open: says what it was dialled for. */
int acceptance_begin(struct chat *c, struct now now, struct chat_link *l);
int acceptance_on_frame(struct chat *c, struct now now, struct chat_link *l, uint8_t type,
			const uint8_t *body, size_t len);

/* ---- chat_dial.c ---- */
void dial_init(struct chat *c, struct chat_peer *p);
/* Dials this contact no later than delay_ms from now, if it is to be dialled at all; 0: before others who are
 * due. */
void dial_soon(struct chat *c, struct now now, struct chat_peer *p, uint64_t delay_ms);
/* Dials after the back-off that the failures so far call for, and counts one more. */
void dial_later(struct chat *c, struct now now, struct chat_peer *p);
/* The peer said that it goes: it will dial when it comes. */
void dial_rarely(struct chat *c, struct now now, struct chat_peer *p);
/* A message waits: tries soon, but no more often than the first back-off. */
void dial_for_message(struct chat *c, struct now now, struct chat_peer *p);
/* A link is suspected: dials beside it, no more often than the back-off allows. */
void dial_suspected(struct chat *c, struct now now, struct chat_peer *p);
/* Dials beside a link that stands. */
void dial_beside(struct chat *c, struct now now, struct chat_peer *p);
void dial_stop(struct chat *c, struct chat_peer *p);
void dial_everybody(struct chat *c, struct now now);
/* A dial, or the link that it was for, came to nothing. */
void dial_missed(struct chat *c, struct now now, struct chat_peer *p);
/* A link came about where the locator leads. */
void dial_proved(struct chat_peer *p);
/* The dial is over; its contact, NULL if it was cancelled. */
struct chat_peer *dial_take(struct chat *c, uint32_t dial_id);

/* ---- chat_links.c ---- */
struct chat_link *links_find(const struct chat *c, link_id id);
struct chat_link *links_current(const struct chat_peer *p); /* any link between link keys; NULL */
/* All links: as contact_next. */
struct chat_link *links_next(const struct chat *c, struct chat_link *l);
/* What became of a link, for what happens next. */
enum link_end {
	LINK_LOST,     /* broke, or went silent */
	LINK_LEFT,     /* the peer said that it goes offline */
	LINK_REPLACED, /* another one is used */
	LINK_SPENT     /* an identity link that did its work: nothing happens next */
};
/* Forgets a link that the net has closed already. */
void links_ended(struct chat *c, struct now now, struct chat_link *l, enum link_end how);
/* Has the net end it too, after a CLOSE frame. */
void links_close(struct chat *c, struct now now, struct chat_link *l, enum close_reason reason,
		 enum link_end how);
/* Ends all links of a contact without a thought of dialling it again. */
void links_close_all(struct chat *c, struct chat_peer *p, enum close_reason reason);
void links_free_all(struct chat *c);
/* Ends links of a contact that have stood long enough to be of use, and are of none. */
void links_give_up(struct chat *c, struct now now, struct chat_peer *p);
/* Gone without a word that would reach anybody: the net ends it too. */
void links_dead(struct chat *c, struct now now, struct chat_link *l);

/* ---- chat_alive.c: silence, age, and sleep ---- */
/* A new link: it has to speak in time. */
void links_watch_init(struct chat *c, struct now now, struct chat_link *l);
void links_unwatch(struct chat *c, struct chat_link *l);
/* Sets the timer that notices silence and age. */
void links_watch(struct chat *c, struct now now, struct chat_link *l);
/* Anything came on the link. */
void links_heard(struct chat *c, struct now now, struct chat_link *l);
/* Something left that must be answered: if nothing at all comes for long after, the link is suspected. */
void links_expect(struct chat *c, struct now now, struct chat_link *l);
/* The answer came.  If more is due, links_expect follows again. */
void links_answered(struct chat *c, struct now now, struct chat_link *l);
/* A PONG came. */
void links_pong(struct chat *c, struct now now, struct chat_link *l, uint64_t token);
/* At each tick: if it comes far too late, we were asleep. */
void wake_check(struct chat *c, struct now now);

/* ---- chat_flush.c: what goes out ---- */
/* Sends a frame or notes that the link is full: 0 or the net's error. */
int flush_put(struct chat *c, struct chat_link *l, uint8_t type, const void *body, size_t len);
/* Has the link flushed at the end of the turn. */
void flush_soon(struct chat *c, struct chat_link *l);
/* The ack of what came: may wait for a message to ride with, may not, is not owed any more. */
void ack_soon(struct chat *c, struct now now, struct chat_peer *p);
void ack_now(struct chat *c, struct chat_peer *p);
void ack_none(struct chat *c, struct chat_peer *p);
void ack_init(struct chat_peer *p);
/* Has a PING sent, whose token is then in ping_token. */
void flush_ping(struct chat *c, struct chat_link *l);
void flush_all(struct chat *c);
/* Says CLOSE after what is owed (acks) and has the net end the link. */
void flush_close(struct chat *c, struct chat_link *l, enum close_reason reason);

/* ---- chat_use.c: which link is used ---- */
/* Links of this contact came, were heard, or went: others see it. */
void use_changed(struct chat_peer *p);
/* Chooses again; a change has the session agreed on and the messages sent anew. */
void use_choose(struct chat *c, struct now now, struct chat_peer *p);
/* Nothing is sent to this contact for now. */
void use_none(struct chat_peer *p);
/* The other side uses this link from here on, if that is not old news. */
void use_told(struct chat *c, struct now now, struct chat_link *l, uint64_t token);
/* The other side has read USE on the chosen link: the other links go. */
void use_confirmed(struct chat *c, struct now now, struct chat_peer *p);

/* ---- epoch.c: the ratchet of a contact, and what both sides know of it ---- */
int epoch_load(struct chat *c);
/* Writes what the ratchet at work has become, and wipes it.  Before the commit. */
int epoch_settle(struct chat *c);
/* The contact goes. */
void epoch_forget(struct chat *c, struct chat_peer *p);
void epoch_free(struct chat *c);
/* Keeps a copy of what the handshake left. ERR_NOMEM. */
int epoch_keep_root(struct chat_link *l, const struct ratchet_root *root);
void epoch_drop_root(struct chat_link *l);
/* This link begins to be used. */
void epoch_use(struct chat *c, struct chat_link *l);
int epoch_on_sync(struct chat *c, struct now now, struct chat_link *l, const uint8_t *body, size_t len);
/* This seq was sealed anew on this link, and can't be opened even so. */
void epoch_unopened(struct chat *c, struct now now, struct chat_peer *p, uint64_t seq);
/* The other side could not open this seq of ours. */
void epoch_unread(struct chat *c, struct now now, struct chat_peer *p, uint64_t seq);
/* Something of the session came back: the contact can be reached for sure. */
void epoch_confirmed(struct chat *c, struct now now, struct chat_peer *p);
int epoch_save(struct chat *c, struct chat_peer *p); /* the counters */
/* Seals a message under the next key of the ratchet: the body of FRAME_MESSAGE. */
int epoch_seal(struct chat *c, struct chat_peer *p, uint64_t seq, const uint8_t *plain, size_t len,
		 struct buf *body);
/* Opens one of the running session: out has box_len - RATCHET_OVERHEAD bytes of room. ERR_CRYPTO, ERR_PROTOCOL,
 * ERR_FULL: it can't be opened, and nothing has changed; other errors break the account. */
int epoch_open(struct chat *c, struct now now, struct chat_peer *p, const struct sealed *s, uint8_t *out);
/* The message that begins the session came. */
int epoch_on_first(struct chat *c, struct now now, struct chat_link *l, const struct sealed *s);

/* ---- outbox.c ---- */
/* The session has ended or begins anew: all is to be sealed again. */
int outbox_unseal(struct chat *c, struct chat_peer *p);
/* If the user was told that messages wait, and none does any more: says how many were delivered. */
int outbox_drained(struct chat *c, struct now now, struct chat_peer *p);
/* The peer has all up to this seq. */
int outbox_acked(struct chat *c, struct now now, struct chat_peer *p, uint64_t through);
/* Sends what the chosen link takes. */
int outbox_pump(struct chat *c, struct chat_peer *p);
int outbox_on_ack(struct chat *c, struct now now, struct chat_link *l, const uint8_t *body, size_t len);
int outbox_on_nack(struct chat *c, struct now now, struct chat_link *l, const uint8_t *body, size_t len);

/* Puts a message into the outbox, as it goes over the wire; l is its line, which is in the conversation. */
int outbox_put(struct chat *c, struct now now, struct chat_peer *p, const struct line_row *l, int wire_kind,
	       const void *text, size_t len);
/* The user doesn't want the message of this line any more.  *told: the peer may have it, or get it. */
int outbox_take_back(struct chat *c, struct now now, struct chat_peer *p, int64_t line,
		     const uint8_t msgid[MSGID_BYTES], bool *told);

/* ---- rich.c: lines that a plain message can't carry ---- */
bool rich_is(const struct line_row *l);
/* The text of MESSAGE_RICH. ERR_TOO_LONG, ERR_UTF8, ERR_INVALID. */
int rich_of_line(const struct line_row *l, struct buf *out);
/* The other way round: kind, re and text, which is borrowed from text; an err has changed nothing. */
int rich_to_line(const char *text, size_t len, struct line_row *l);
/* One came; line is as for any message. */
int rich_on_message(struct chat *c, struct now now, struct chat_peer *p, const struct message *m,
		    struct line_row *line);
int rich_on_typing(struct chat *c, struct now now, struct chat_link *l, const uint8_t *body, size_t len);

/* ---- chat_queue.c ---- */
/* n messages of the user are out of the outbox. */
int queue_count_off(struct chat *c, struct now now, struct chat_peer *p, size_t n);
/* Cancels that were begun before the account was opened go on. */
int queue_load(struct chat *c);
/* The contact goes, and with it what is cancelled. */
int queue_forget(struct chat *c, struct chat_peer *p);

/* ---- conversation.c ---- */
int conversation_load(struct chat *c);
/* Adds a line to the account's stream and shows it. p NULL: the account itself. */
int conversation_add(struct chat *c, struct now now, struct chat_peer *p, struct line_row *l);
/* One line of news in a conversation. */
int conversation_info(struct chat *c, struct now now, struct chat_peer *p, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
int conversation_on_message(struct chat *c, struct now now, struct chat_link *l, const uint8_t *body,
			    size_t len);
/* The last line is about to go with its contact: keeps its time. */
int conversation_keep_time(struct chat *c);
/* 0 if a request or away text may hold this, by the rule of link/payload.h. ERR_UTF8, ERR_INVALID. */
int text_check(const char *text, size_t len);

/* ---- history.c ---- */
/* Looks up what the first who asks would have to wait for, over the next turns. */
void history_load(struct chat *c);
/* A line was added to the conversation with this contact. */
void history_added(struct chat_peer *p, const struct line_row *l);
/* The id from which on lines are recent enough to be found by msgid at next to no cost. */
int history_recent(const struct chat *c, int64_t *since);
/* Takes the text of a line away, from disk too (after store_checkpoint at the latest).  What waits in the outbox
 * keeps its own.  Such a line is told nowhere any more (store_line_erased). p NULL: a note. */
int history_erase(struct chat *c, struct chat_peer *p, int64_t line);

/* ---- retention.c ---- */
int retention_load(struct chat *c);
/* A line was added. p NULL: of no contact. */
void retention_added(struct chat *c, struct now now, struct chat_peer *p);

/* ---- presence.c ---- */
void presence_init(struct chat_peer *p);
/* The contact can be written to. */
void presence_here(struct chat *c, struct now now, struct chat_peer *p);
/* A profile came on a link between link keys. */
int presence_on_profile(struct chat *c, struct now now, struct chat_peer *p, const uint8_t *body, size_t len);
/* Nothing can be delivered any more, whatever stands: for a while. */
void presence_unsure(struct chat *c, struct now now, struct chat_peer *p);
/* The last link is gone.  reason: it shows at once; NULL: after a while, unless presence_here comes
 * before. */
void presence_alone(struct chat *c, struct now now, struct chat_peer *p, const char *reason);

#endif
