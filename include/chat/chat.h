/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One unlocked account: its contacts, conversations, outbox and presence.  The rules of messaging, without
 * sockets.
 *
 * Pure but for the store: the time comes with every call (struct now), randomness is injected, the network is
 * a struct of functions (chat_net) and so is whoever shows things to the user (chat_front).  Both are called
 * from within chat's functions and may ask chat (const struct chat) but change nothing in it.  What they are
 * told holds once the store's transaction commits: whoever drives chat commits at the end of the turn and
 * lets nothing out before (chat_commit).
 *
 * After a commit that failed the object is unusable: free it and open the account again, with all its links
 * closed.  An error of the store breaks the object at once: everything fails from then on, and so does the
 * commit.
 *
 * Functions return 0 or an err; on an error nothing has changed.
 */
#ifndef CHAT_CHAT_H
#define CHAT_CHAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/nick.h"
#include "base/now.h"
#include "base/rng.h"
#include "crypto/identity.h"
#include "link/invite.h"
#include "link/link.h"
#include "link/payload.h"
#include "store/store.h"

#define SERVICE_NICK	 "allium"
#define CONTACTS_MAX	 10000
#define REQUESTS_MAX	 100 /* of strangers, waiting; further ones are refused at the door */
#define REQUESTS_BYTES	 16384 /* their texts and names together */
#define REQUESTS_HOUR	 30    /* new or changed ones within an hour */
#define INVITES_MAX	 50    /* that are neither used nor expired */
#define INVITE_DAYS_MAX	 30
#define CLIENT_NAMES_MAX 32

struct chat;

/* ---- contacts as others see them ---- */

enum contact_state {
	CONTACT_ASKED = 1, /* we asked; no link key of theirs is pinned yet */
	/* Theirs is pinned, but they may not know ours yet: acceptance is on its way. */
	CONTACT_ACCEPTING = 2,
	CONTACT_LINKED = 3, /* both are pinned: links between link keys */
	/* We have an invitation that says it is theirs, and the link key in it, which is not pinned: it is still to be
	 * redeemed. */
	CONTACT_INVITED = 4
};
enum presence { PRESENCE_OFFLINE, PRESENCE_ONLINE, PRESENCE_AWAY };

struct contact { /* borrowed from chat; valid until the contact is removed or the chat freed. Read only. */
	struct contact_row row;
	char onion[ONION_LEN + 1]; /* the identity's address */
	enum presence presence;
	char away_text[AWAY_MAX + 1];
	uint64_t online_since_ms; /* real time at which presence left OFFLINE; 0 while offline */
	uint64_t active_ms;	  /* real time of the last message either way; 0 unknown */
	size_t queued;		  /* messages that are not acked yet */
	bool dialling;
	bool link_up;		/* a link between link keys stands */
	bool link_incoming;	/* the chosen link was dialled by the peer */
	bool local;		/* of this daemon's household: its links are local ones, without Tor */
	char isolation[65];	/* the SOCKS username of its circuits */
	char trouble[96];	/* why the last dial failed, for people; empty if it did not */
	struct chat_peer *impl; /* chat's own */
};

/* ---- the front: whoever shows things to the user ---- */

struct chat_front {
	/* A line was added to the account's stream; l as in the store.  contact is NULL for a note. LINE_INFO
	 * is news for people in a conversation (acceptance, delivery after a wait, a warning).  The text of the
	 * first three message kinds may hold LF.  Of LINE_REACT, _UNREACT and _REDACT re is what it is about, which
	 * may be no line that we have.  LINE_IN of another message_kind holds any bytes of a later version: show
	 * that a newer allium is needed to read it. */
	void (*line)(void *ctx, struct chat *c, const struct contact *contact, const struct line_row *l);
	/* The contact came, went, or changed between away and here or its away text; reason: for QUIT, may be
	 * NULL. */
	void (*presence)(void *ctx, struct chat *c, const struct contact *contact, enum presence before,
			 const char *reason);
	void (*contact_added)(void *ctx, struct chat *c, const struct contact *contact);
	void (*contact_renamed)(void *ctx, struct chat *c, const struct contact *contact,
				const char *old_nick);
	/* It calls itself otherwise now: row.their_nick. Its petname stays. */
	void (*contact_named)(void *ctx, struct chat *c, const struct contact *contact);
	void (*contact_removed)(void *ctx, struct chat *c, const struct contact *contact);
	/* Was blocked, or is not any more: row.blocked tells. It has gone offline before. */
	void (*contact_blocked)(void *ctx, struct chat *c, const struct contact *contact);
	void (*request)(void *ctx, struct chat *c, const struct request_row *r); /* a new one waits */
	/* The own nick or away state changed. */
	void (*self)(void *ctx, struct chat *c, const char *old_nick);
	/* The contact's user writes to ours, has paused, or has given it up. Not stored. */
	void (*typing)(void *ctx, struct chat *c, const struct contact *contact, enum typing state);
	/* A passing word to every client, not stored. contact may be NULL. */
	void (*notice)(void *ctx, struct chat *c, const struct contact *contact, const char *text);
	/* The status line (tor, queue, requests) may have changed. */
	void (*status)(void *ctx, struct chat *c);
};

/* ---- the net: whoever runs links ---- */

struct chat_dial {
	uint32_t id; /* chat's cookie; unique while the dial or its link lives */
	const struct contact *contact;
	struct locator locator;
	enum link_role role;
	/* Our static key is the identity's, and message 1 carries the Ed25519 key; else it is the link key.
	 */
	bool by_identity;
	uint8_t responder_static[KEY_BYTES];
	uint8_t version;
	const char *isolation;
	/* To an account of this daemon, which is known by its identity: that is the onion of the locator. The
	 * link comes in there at CHAT_LOCAL. */
	bool local;
};
typedef uint32_t link_id; /* given by the net; unique while the link lives; never 0 */

/* An onion service of the account: the door, whose onion key is the identity's, or a private one, with a key
 * of its own and client authorization. */
#define CHAT_DOOR  0	      /* id of the door; those of private ones are positive */
#define CHAT_LOCAL UINT32_MAX /* what local links come to, as if to a service: no onion's, and never published */
struct chat_service {
	uint32_t id;
	uint8_t onion[KEY_BYTES]; /* Ed25519 */
	const uint8_t *seed; /* secret: identity_onion_secret makes the onion key of it; borrowed during the call */
	bool door_role, private_role;	     /* what it serves */
	const uint8_t (*clients)[KEY_BYTES]; /* X25519 public keys that may find it; borrowed likewise */
	size_t n_clients;		     /* 0: anybody may */
};
/* Records that are sent though nothing waits. */
enum chat_cover {
	COVER_OFF,
	COVER_LIGHT,   /* some more, at random times */
	COVER_CONSTANT /* one in each slot of time, and none beside */
};

struct chat_net {
	/* Starts a dial: exactly one of chat_on_link and chat_on_dial_failed follows, later, unless it is
	 * cancelled.  An err: it did not start, and neither follows. */
	int (*dial)(void *ctx, struct chat *c, const struct chat_dial *d);
	void (*dial_cancel)(void *ctx, struct chat *c, uint32_t dial_id);
	/* Queues a frame: ERR_FULL when the link takes no more now; then chat_on_writable follows.  FRAME_CLOSE is
	 * always taken.  This and close may be called from within chat_on_link and chat_on_frame of that very
	 * link, and from within chat_commit: what is sent then leaves after that commit like all else. */
	int (*send)(void *ctx, struct chat *c, link_id link, uint8_t type, const void *body, size_t len);
	/* Ends a link, after what is queued has left.  Chat wants no more of its frames, and
	 * chat_on_link_closed does not follow. */
	void (*close)(void *ctx, struct chat *c, link_id link);
	/* From the end of this turn on: publishes an onion service, or serves other roles on one that is
	 * published already, or lets other clients find it. */
	void (*publish)(void *ctx, struct chat *c, const struct chat_service *s);
	/* Withdraws it; links that stand stay. */
	void (*withdraw)(void *ctx, struct chat *c, uint32_t service);
	/* How records are sent from now on, on all links. */
	void (*cover)(void *ctx, struct chat *c, enum chat_cover cover);
};

struct chat_opts {
	void *owner; /* whom chat_owner tells: the account (chat/accounts.h) */
	const struct rng *rng;
	const struct chat_front *front;
	void *front_ctx;
	const struct chat_net *net;
	void *net_ctx;
	bool household; /* accounts of this daemon are contacts, reached by local links: see chat_meet */
	size_t members_max; /* so many of them become contacts without a question, those who have gone included; 0: all
				(accounts_open sets it) */
	/* Milliseconds; 0 takes the default. */
	uint64_t dial_min_ms;	   /* first pause after a failed dial: 10 s */
	uint64_t dial_max_ms;	   /* last: 1 h */
	uint64_t dial_spread_ms;   /* redialling everybody is spread over: 5 s */
	uint64_t offline_grace_ms; /* a contact without a link is shown online for: 30 s */
	uint64_t ping_ms;	   /* silence after which a link is pinged, jittered by a quarter: 24 s */
	uint64_t pong_ms;	   /* time to answer: 28 s */
	uint64_t ack_ms; /* how long an ack may wait for a message to ride with; 0: not at all */
	uint64_t suspect_ms;	   /* silence that makes an unanswered link suspected, at least: 5 s */
	uint64_t wake_pong_ms;	   /* time to answer after a sleep: 10 s */
	uint64_t late_ms;	   /* a tick this much too late means that we slept: 20 s */
	uint64_t slot_ms;	   /* under constant cover a record leaves each: 2 s */
};

/* ---- life ---- */

/* Writes a new account into an empty store: identity seed, link key, nick.  The caller commits. */
int chat_create(struct store *store, const struct rng *rng, const char *nick);
/* Reads the account.  Takes the store over (store_close with chat_free), also on failure. */
int chat_open(struct store *store, const struct chat_opts *opts, struct now now, struct chat **out);
/* Wipes and frees; tells nobody. */
void chat_free(struct chat *c);
/* Ends all links in good order (the peers are told that the account goes offline; reason is for the own log)
 * and dials no more.  Commit after it. Before chat_free at logout and shutdown. */
void chat_shutdown(struct chat *c, struct now now, const char *reason);
/* The end of a turn: lets pending acks go to the net, then commits.  An err: see above. */
int chat_commit(struct chat *c);
/* Does what is due and returns the next deadline (mono_ms), TICK_NEVER if none. To be asked again after every
 * other call into chat. */
uint64_t chat_tick(struct chat *c, struct now now);
uint64_t chat_deadline(const struct chat *c);
/* The machine slept or its network changed (a sleep is noticed by chat_tick itself): all back-offs are
 * forgotten, all links are pinged and have a short time to answer, and everybody is dialled, spread out, also
 * beside links until these have answered.  No link is ended by this alone. */
void chat_wake(struct chat *c, struct now now);

/* The net is there: tells it of the cover and of all services, and of what changes from now on.  Not called:
 * nothing is published. */
void chat_serve(struct chat *c);

/* For the front's and net's own use; NULL leaves one as it is. */
void chat_set_data(struct chat *c, void *front_data, void *net_data);
void *chat_owner(const struct chat *c); /* chat_opts.owner */
void *chat_front_data(const struct chat *c);
void *chat_net_data(const struct chat *c);

/* ---- self ---- */
const char *chat_nick(const struct chat *c);
const char *chat_onion(const struct chat *c);		 /* the address, 56 digits */
const uint8_t *chat_identity(const struct chat *c);	 /* Ed25519 public key */
const uint8_t *chat_identity_seed(const struct chat *c); /* secret: for tor_onion_add */
const uint8_t *chat_identity_dh(const struct chat *c);	 /* secret: X25519, role door */
const uint8_t *chat_link_secret(const struct chat *c);	 /* secret: X25519, role private */
const char *chat_away(const struct chat *c);		 /* NULL when here */
/* ERR_INVALID (grammar), ERR_EXISTS (a petname or the service nick), ERR_LOOKALIKE. */
int chat_set_nick(struct chat *c, struct now now, const char *nick);
/* NULL: here.  Cut to AWAY_MAX at a code point; ERR_UTF8, ERR_INVALID as chat_send. */
int chat_set_away(struct chat *c, struct now now, const char *text);

/* ---- contacts ---- */
struct contact *chat_find(const struct chat *c, const char *nick); /* by petname under casemapping; NULL */
struct contact *chat_find_id(const struct chat *c, int64_t id);
/* Contacts in order of their petnames; stops when cb returns non-zero. cb must not add or remove contacts. */
int chat_each(const struct chat *c, int (*cb)(void *ctx, const struct contact *contact), void *ctx);
size_t chat_count(const struct chat *c);
/*
 * Asks the holder of an address to be a contact.  If a request of theirs waits here, this accepts it.
 * ERR_INVALID (nick), ERR_EXISTS (nick taken), ERR_LOOKALIKE (skeleton of another name), ERR_REFUSED (own
 * address), ERR_WRONG_STATE (address already a contact: *existing), ERR_TOO_LONG (text), ERR_UTF8, ERR_FULL.
 */
int chat_add(struct chat *c, struct now now, const char *nick, const uint8_t identity[KEY_BYTES],
	     const char *text, const struct contact **existing);
/* as: the petname, NULL for the name under which it waits.  ERR_NOT_FOUND and those of chat_add. */
int chat_accept(struct chat *c, struct now now, const char *request, const char *as,
		const struct contact **out);
int chat_reject(struct chat *c, struct now now, const char *request);
/* All that wait; tells how many. */
int chat_reject_all(struct chat *c, struct now now, size_t *n);
/* Those that wait, oldest first. */
int chat_requests_each(const struct chat *c, int (*cb)(void *ctx, const struct request_row *r), void *ctx);
size_t chat_requests(const struct chat *c);
int chat_rename(struct chat *c, struct now now, const char *old_nick, const char *new_nick);
/* Forgets a contact with its conversation and queue; links are closed, and it can't find us any more, as if it
 * was blocked.  It can be added anew at once; what is stored of a long conversation goes in slices from chat_tick,
 * after a restart too.  One of the household does not come back by itself: that it was removed is kept until it is
 * added. */
int chat_remove(struct chat *c, struct now now, const char *nick);
/*
 * Links are closed, what waits is not sent (failed: how many messages), and the contact can't reach us, nor find
 * out when we are online: its key is taken off the private service at once, and a fresh one is opened, to
 * which the others are moved as they can be told.  Not told to the contact.  ERR_NOT_FOUND, ERR_WRONG_STATE
 * (it is already).
 */
int chat_block(struct chat *c, struct now now, const char *nick, size_t *failed);
/* It is dialled, and told where we are.  ERR_NOT_FOUND, ERR_WRONG_STATE. */
int chat_unblock(struct chat *c, struct now now, const char *nick);
/* Dials now, whatever the back-off: one contact, or all when contact is NULL. */
void chat_retry(struct chat *c, struct now now, struct contact *contact);

/* ---- the door and invitations ---- */
bool chat_door(const struct chat *c); /* open? */
bool chat_door_gone(const struct chat *c); /* closed at once? */
/*
 * Open: the address can be dialled by anybody, and takes requests.  Closed: it takes none, and is withdrawn as
 * soon as no contact depends on it any more (chat_unmoved_each); at_once: now.  Kept over restarts.
 */
int chat_set_door(struct chat *c, struct now now, bool open, bool at_once);
/* Contacts who have no other locator of ours than the address, for all we know. */
int chat_unmoved_each(const struct chat *c, int (*cb)(void *ctx, const struct contact *contact), void *ctx);
/* Makes an invitation, good for so many days; 0: 7.  The text is a secret: the caller wipes it. ERR_INVALID
 * (over INVITE_DAYS_MAX), ERR_FULL (INVITES_MAX). */
int chat_invite(struct chat *c, struct now now, unsigned days, char out[INVITE_LEN + 1]);
struct chat_invite_row {
	int64_t number; /* never given twice */
	uint64_t made_ms, expires_ms;
};
/* Those that are neither used nor expired, oldest first. */
int chat_invites_each(const struct chat *c, int (*cb)(void *ctx, const struct chat_invite_row *r), void *ctx);
int chat_invite_revoke(struct chat *c, struct now now, int64_t number); /* ERR_NOT_FOUND */
/* Does the text begin as an invitation does?  And what it says: ERR_INVALID (damaged), ERR_VERSION (of another one);
 * the caller wipes it. */
bool chat_invite_is(const char *text);
int chat_invite_read(const char *text, struct invite *inv);
/* Becomes a contact of whoever made it.  Whom we had asked before, under this nick, or by an invitation that was
 * not answered, is one by this invitation now.  ERR_TIMEOUT: it has expired; else as chat_add. */
int chat_add_invited(struct chat *c, struct now now, const char *nick, const struct invite *inv,
		     const struct contact **existing);

/* ---- the household: accounts of one daemon that are each other's contacts ---- */
struct chat_member {
	uint8_t identity[KEY_BYTES], link_key[KEY_BYTES]; /* public */
	char nick[NICK_MAX + 1];
};
void chat_member(const struct chat *c, struct chat_member *out); /* this account, for the others */
/* May this one be a contact without a question?  Not who is blocked or rejected, nor who was removed, until it is
 * added again, nor anybody new once there are members_max.  *welcome is not set on an error. */
int chat_member_welcome(const struct chat *c, const struct chat_member *m, bool *welcome);
/*
 * Another account of the household was unlocked, or was so when this one was.  To be called for both.  welcome:
 * each is to the other; who is no contact yet becomes one then, its link key pinned.  A contact, in whichever
 * state, is reached by a local link from now on (chat_dial.local), and so is one that is added later.  The links
 * themselves come as all others: chat_call_household.  ERR_FULL, ERR_REFUSED (the key is another contact's).
 */
int chat_meet(struct chat *c, struct now now, const struct chat_member *m, bool welcome);
/* Dials all of the household now: for the account that was unlocked last. */
void chat_call_household(struct chat *c, struct now now);

/* ---- cover ---- */
enum chat_cover chat_cover(const struct chat *c);
/* Kept over restarts. */
int chat_set_cover(struct chat *c, struct now now, enum chat_cover cover);

/* ---- messages ---- */
/*
 * Accepts a message: it is in the outbox and the conversation once the turn commits.  client: who sent it, so
 * that only others see it as news.  msgid (16 bytes) may be NULL.  ERR_UTF8, ERR_TOO_LONG (over TEXT_MAX),
 * ERR_INVALID (empty, LF alone, or holds NUL, 0x01 or CR), ERR_REFUSED (the contact is blocked).
 */
int chat_send(struct chat *c, struct now now, struct contact *contact, enum message_kind kind,
	      const char *text, size_t len, const char *client, uint8_t msgid[MSGID_BYTES]);
/* A note to the own other clients; nothing leaves. */
int chat_note(struct chat *c, struct now now, enum message_kind kind, const char *text, size_t len,
	      const char *client);
struct chat_outgoing {
	int kind;	   /* MESSAGE_TEXT, _ACTION or _NOTICE, LINE_REACT or LINE_UNREACT */
	const char *text;  /* of the first three it may hold LF; the reaction */
	size_t len;
	const uint8_t *re; /* MSGID_BYTES: the message that it is about, of whichever side; NULL: none */
	const char *client;
};
/*
 * As chat_send, or chat_note where contact is NULL, for all that a line can be.  What only a later allium than the
 * contact's can read is shown there as a line that says so.  ERR_TOO_LONG: also text with LF, or in reply, over
 * LINES_TEXT_MAX, a reaction over REACTION_MAX; ERR_INVALID: also a reaction without re.
 */
int chat_say(struct chat *c, struct now now, struct contact *contact, const struct chat_outgoing *o,
	     uint8_t msgid[MSGID_BYTES]);
/*
 * Takes an own message, or reaction, back: it is deleted here.  Unless no byte of it can have left, the contact is
 * told, who deletes it too if it knows what that means; what is not acked yet doesn't go again.  A line of the kind
 * LINE_REDACT says so to all clients; reason: its text, at most REASON_MAX bytes.  contact NULL: a note.
 * ERR_NOT_FOUND: there is no such message (any more); ERR_REFUSED: it is not ours, or the contact is blocked; as
 * chat_send.
 */
int chat_redact(struct chat *c, struct now now, struct contact *contact, const uint8_t re[MSGID_BYTES],
		const char *reason, size_t len, const char *client, uint8_t msgid[MSGID_BYTES]);
/* The line of a conversation (contact NULL: notes) with this msgid; borrowed until cb returns.  Costs next to nothing:
 * only the last 16,384 lines of the account are sure to be looked at. ERR_NOT_FOUND. */
int chat_find_line(const struct chat *c, const struct contact *contact, const uint8_t msgid[MSGID_BYTES],
		   int (*cb)(void *ctx, const struct line_row *l), void *ctx);
/* Tells the contact that the user writes to it, if that can be told right now, and was not within 3 s. */
void chat_typing(struct chat *c, struct now now, struct contact *contact, enum typing state);
/* How a line is quoted in one of news: what stands before its text by its kind, and LF made blanks. */
#define CHAT_QUOTE_BEFORE 32 /* bytes, with the NUL */
const char *chat_quote_before(int message_kind);
void chat_quote_one_line(char *text);
size_t chat_queued(const struct chat *c); /* over all contacts */

/* ---- what waits for a contact ---- */
struct chat_queued_row {
	int64_t number; /* of the message: ascending over the account, never given twice */
	uint8_t msgid[MSGID_BYTES];
	int message_kind; /* as of a line */
	uint32_t minute;
	bool may_have_left; /* it can't be taken back any more */
	const char *text;   /* borrowed until cb returns */
	size_t text_len;
};
/* What waits for a contact, oldest first, number > after, at most limit.  A cb that returns anything but 0
 * ends the walk with it. cb may change nothing. */
int chat_queue_each(struct chat *c, const struct contact *contact, int64_t after, size_t limit,
		    int (*cb)(void *ctx, const struct chat_queued_row *r), void *ctx);
/* Takes back a message that can't have left; one LINE_INFO says so to all clients.  ERR_NOT_FOUND,
 * ERR_WRONG_STATE (too late: it may have left). */
int chat_cancel(struct chat *c, struct now now, struct contact *contact, int64_t number);
/* All that can be; tells how many were, and for how many it was too late, among them what takes a message back.  What
 * then remains of the queue is cancelled, as far as it can be, in slices from chat_tick, after a restart too, and
 * another LINE_INFO says when that is done. */
int chat_cancel_all(struct chat *c, struct now now, struct contact *contact, size_t *cancelled,
		    size_t *too_late);

/* ---- replay cursors: docs in the gateway; the store keeps them ---- */
/* The cursor of a named client, made on first use: a first client starts at the beginning, a further one at
 * the furthest cursor of the others.  ERR_FULL over CLIENT_NAMES_MAX, ERR_INVALID for a name outside the nick
 * grammar (letters, digits, -_ and .). */
int chat_cursor(struct chat *c, const char *client, int64_t *line_id);
int chat_cursor_move(struct chat *c, const char *client, int64_t line_id);
/* Makes room for another: forgets the name that is furthest behind, of those that keep() doesn't answer for.
 * ERR_NOT_FOUND: there is none. */
int chat_cursor_forget(struct chat *c, bool (*keep)(void *ctx, const char *client), void *ctx, char out[NICK_MAX + 1]);
/* Lines after a cursor, as store_line_since. */
int chat_lines(struct chat *c, int64_t after, size_t limit,
	       int (*cb)(void *ctx, const struct contact *contact, const struct line_row *l), void *cb_ctx);
int64_t chat_last_line(const struct chat *c);

/* ---- what the net tells ---- */
/*
 * May this initiator, who came to this service, come in?  0, or ERR_REFUSED.  door: anybody with an identity may
 * while it is open (a stranger can only file a request).  private with identity: whom we asked, or a contact;
 * on a private service also a stranger, who may show an invitation.  CHAT_LOCAL is as a private service and as
 * the door, by contacts also while that is closed.  private without: the static key must be
 * a contact's pinned link key, and version no lower than the contact has used.  A blocked contact is a stranger.
 */
int chat_admit(struct chat *c, uint32_t service, enum link_role role, uint8_t version,
	       const uint8_t static_key[KEY_BYTES], const uint8_t *identity);
struct chat_link_info {
	link_id link;
	uint32_t dial_id; /* 0: incoming */
	uint32_t service; /* that it came to, if incoming */
	enum link_role role;
	uint8_t version;
	const uint8_t *static_key; /* the peer's, authenticated */
	const uint8_t *hash;	   /* link_hash; used where a static key is identity-derived */
	const uint8_t
	    *identity; /* the peer's Ed25519 identity if its static is identity-derived, else NULL */
	const struct ratchet_root *root; /* link_root; NULL if a static is identity-derived */
};
/* A link is open: a transport record came (incoming), or message 2 did (dialled). ERR_REFUSED: close it. */
int chat_on_link(struct chat *c, struct now now, const struct chat_link_info *info);
/* A frame came. An err: the peer violated the protocol; close the link (chat_on_link_closed follows from the
 * net as usual). */
int chat_on_frame(struct chat *c, struct now now, link_id link, uint8_t type, const uint8_t *body,
		  size_t len);
void chat_on_writable(struct chat *c, struct now now, link_id link);
void chat_on_link_closed(struct chat *c, struct now now, link_id link);
/* A record came, though it may hold no frame: the link is alive. */
void chat_on_heard(struct chat *c, struct now now, link_id link);
/* answered: the onion service was reached, but not the peer behind it. text: why, for people. */
void chat_on_dial_failed(struct chat *c, struct now now, uint32_t dial_id, bool answered, const char *text);

/* ---- tor as the account sees it ---- */
struct chat_tor_status {
	bool off;	/* by configuration: it won't become ready */
	bool ready;	/* dials can succeed */
	bool published; /* others can find us */
	int progress;
	char version[32];
	char text[160];
};
/* Told by the app. When ready turns true everybody is dialled, spread out; when it turns false contacts whose
 * links end go with that reason. */
void chat_set_tor(struct chat *c, struct now now, const struct chat_tor_status *status);
const struct chat_tor_status *chat_tor(const struct chat *c);

/* ---- settings of the account, kept for the front ---- */
#define SETTING_NAME_MAX  32
#define SETTING_VALUE_MAX 64
/* ERR_NOT_FOUND if it was never set, and then an empty text; ERR_TOO_LONG: the name. */
int chat_setting_get(const struct chat *c, const char *name, char out[SETTING_VALUE_MAX + 1]);
/* value: any text. ERR_TOO_LONG: it, or the name. */
int chat_setting_set(struct chat *c, const char *name, const char *value);

#endif
