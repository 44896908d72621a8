/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One account's database: SQLCipher, WAL, synchronous=FULL, secure_delete, numbered migrations.
 *
 * The first write of a turn opens a transaction (and calls on_begin once); store_commit ends it.  Whatever
 * was not committed is gone after store_rollback, store_close or a crash.  Rows borrowed by a callback live
 * until it returns.  Callbacks return 0 to go on, anything else ends the walk and is returned.  A callback
 * may read and write other rows, but not end the transaction.
 *
 * Writes return ERR_EXISTS (a row that must be unique) and ERR_NOT_FOUND (no such row, or of a contact that
 * is gone), ERR_WRONG_STATE, ERR_TOO_LONG and ERR_INVALID (a counter over INT64_MAX, a seq of 0) for what
 * they refuse, and have then changed nothing.  After any other error of a write (ERR_FULL: the disk; ERR_IO,
 * ERR_NOMEM) the transaction can't be trusted: further writes and store_commit return that error too, until
 * store_commit or store_rollback has thrown it all away.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/nick.h"
#include "crypto/crypto.h"

struct store;

struct store_opts {
	/* A transaction is opened: its commit is due.  May be NULL. */
	void (*on_begin)(void *ctx);
	/* An error makes the commit fail: the simulator's disk faults.  NULL otherwise. */
	int (*before_commit)(void *ctx);
	void *ctx;
};

/* Opens or creates (mode 0600); runs missing migrations, for which on_begin is not called.  opts may be NULL.
 * ERR_AUTH: wrong key or not a database, ERR_VERSION: newer than we know, ERR_IO, ERR_FULL, ERR_PERMISSION,
 * ERR_NOMEM. */
int store_open(const char *path, const uint8_t key[KEY_BYTES], const struct store_opts *opts,
	       struct store **out);
void store_close(struct store *s); /* rolls back what is open */
/* Destroys the files of a database that nobody has open. Missing ones are fine. */
int store_destroy(const char *path);
/* 0 also when nothing is open.  On an error everything since the last commit is rolled back. */
int store_commit(struct store *s);
void store_rollback(struct store *s);
bool store_dirty(const struct store *s);
/* Truncates the WAL, after which nothing in the files tells a ratchet state, skipped secret, token, service
 * seed or client secret that was overwritten or deleted; cheap when there is nothing to do, in proportion to
 * the sessions (10,000: 0.2 s) when one began or a contact was deleted, and to the clients when one was
 * deleted.  Call it soon after deletions and within a minute of others.
 * ERR_AGAIN within a transaction or a walk; ERR_IO, ERR_FULL: call it again. */
int store_checkpoint(struct store *s);

/* ---- meta: small named values ---- */
int store_meta_set(struct store *s, const char *name, const void *value, size_t len);
int store_meta_delete(struct store *s, const char *name); /* fine if there is none */
/* Those whose names begin with prefix, by name; name and value are borrowed. */
int store_meta_each(struct store *s, const char *prefix,
		    int (*cb)(void *ctx, const char *name, const void *value, size_t len), void *ctx);
/* ERR_NOT_FOUND, ERR_TOO_LONG (over size). len may be NULL if the value must have exactly size bytes
 * (ERR_INVALID). */
int store_meta_get(struct store *s, const char *name, void *out, size_t size, size_t *len);

/* ---- contacts ---- */
struct contact_row {
	int64_t id;
	uint8_t identity[KEY_BYTES]; /* unique */
	char petname[NICK_MAX + 1];
	int state; /* chat's enum contact_state; 0: buried */
	bool has_link_key;
	uint8_t link_key[KEY_BYTES];
	uint8_t onion[KEY_BYTES]; /* locator */
	bool has_client_key;
	uint8_t client_key[KEY_BYTES];
	char their_nick[NICK_MAX + 1]; /* the nick that the peer last told */
	char text[281];		       /* of our own request while it waits */
	uint8_t min_version;	       /* highest link version that the contact has used */
	uint64_t created_ms;
	uint64_t seen_ms; /* when last a link ended; 0 never */
	bool blocked;
	bool has_token;
	uint8_t token[16]; /* of the invitation that we have still to redeem; kept with has_token only */
	bool knows_door;   /* so that the door can't be withdrawn */
	uint64_t expire_ms; /* how long its lines are kept; 0: as the account's are */
	bool household;	    /* another account of this daemon */
};
/* Sets id, which is never reused.  ERR_EXISTS: the identity, or the petname under casemapping. */
int store_contact_add(struct store *s, struct contact_row *c);
/* By id.  ERR_EXISTS, ERR_NOT_FOUND. */
int store_contact_update(struct store *s, const struct contact_row *c);
/* With its outbox, seen ids, lines and session.  Its clients become CLIENT_RETIRED: the keys may be known. */
int store_contact_delete(struct store *s, int64_t id);
/* Oldest first. */
int store_contact_each(struct store *s, int (*cb)(void *ctx, const struct contact_row *c), void *ctx);
/* A contact that has too many rows to delete at once: its identity and petname are free from now on, and its
 * secrets gone; a blank row with state 0 is left to refer to what store_contact_trim, in slices, and then
 * store_contact_delete take away.  Its clients become CLIENT_RETIRED. ERR_NOT_FOUND. */
int store_contact_bury(struct store *s, int64_t id);
/* Deletes lines (newest first), seen ids and outbox rows of a contact, limit at most in all, and tells how
 * many; fewer than limit: they were the last. */
int store_contact_trim(struct store *s, int64_t id, size_t limit, size_t *n);

/* ---- requests from strangers ---- */
struct request_row {
	uint8_t identity[KEY_BYTES];
	uint8_t link_key[KEY_BYTES];
	uint8_t onion[KEY_BYTES];
	bool has_client_key;
	uint8_t client_key[KEY_BYTES];
	char name[NICK_MAX + 1]; /* under which it waits, unique in the namespace */
	char text[281];
	bool rejected; /* kept so that it isn't asked again */
	uint64_t received_ms;
};
int store_request_put(struct store *s, const struct request_row *r);	      /* by identity, replaces */
int store_request_delete(struct store *s, const uint8_t identity[KEY_BYTES]); /* ERR_NOT_FOUND */
/* By received_ms, then as they were put. */
int store_request_each(struct store *s, int (*cb)(void *ctx, const struct request_row *r), void *ctx);

/* ---- onion services that clients need a key for ---- */
struct service_row {
	int64_t id;
	uint8_t seed[KEY_BYTES]; /* of its Ed25519 key */
	uint64_t created_ms;
	uint64_t left_ms; /* since when it is being left; 0: it takes new contacts */
};
/* Sets id, which is never reused. */
int store_service_add(struct store *s, struct service_row *row);
/* left_ms alone; the rest never changes. ERR_NOT_FOUND. */
int store_service_update(struct store *s, const struct service_row *row);
int store_service_delete(struct store *s, int64_t id); /* with its clients and their invites */
/* Oldest first. */
int store_service_each(struct store *s, int (*cb)(void *ctx, const struct service_row *row), void *ctx);

/* ---- clients: the keys that open a service ---- */
enum client_use {
	CLIENT_SPARE = 0,   /* nobody has it */
	CLIENT_CONTACT = 1, /* given to a contact */
	CLIENT_INVITE = 2,  /* stands in an invitation */
	CLIENT_RETIRED = 3  /* somebody may know it who has no use for it any more */
};
struct client_row {
	int64_t id, service;
	uint8_t secret[KEY_BYTES]; /* X25519, ours to give away; unique */
	int use;		   /* enum client_use */
	int64_t contact;	   /* with CLIENT_CONTACT; else 0 */
	int64_t offer;		   /* outbox id of the message that carries it; 0: none */
	bool acked;
};
/* Sets id, which is never reused.  ERR_EXISTS: the secret; ERR_NOT_FOUND: no such service or contact;
 * ERR_INVALID: a contact without CLIENT_CONTACT, or the other way round. */
int store_client_add(struct store *s, struct client_row *row);
/* All but service and secret, which never change. ERR_NOT_FOUND, ERR_INVALID. */
int store_client_update(struct store *s, const struct client_row *row);
int store_client_delete(struct store *s, int64_t id); /* with its invite. ERR_NOT_FOUND */
/* By id. */
int store_client_each(struct store *s, int (*cb)(void *ctx, const struct client_row *row), void *ctx);

/* ---- invitations that were handed out ---- */
#define INVITE_HASH_BYTES 32
struct invite_row {
	int64_t id, client;
	uint8_t token[INVITE_HASH_BYTES]; /* its hash; unique */
	uint64_t made_ms, expires_ms;
};
/* Sets id, which is never reused. ERR_EXISTS: the token; ERR_NOT_FOUND: no such client. */
int store_invite_add(struct store *s, struct invite_row *row);
int store_invite_delete(struct store *s, int64_t id); /* its client stays. ERR_NOT_FOUND */
/* Oldest first. */
int store_invite_each(struct store *s, int (*cb)(void *ctx, const struct invite_row *row), void *ctx);

/* ---- lines: all that a client sees of conversations, in one order for the account ---- */
enum line_kind { LINE_IN = 0, LINE_OUT = 1, LINE_INFO = 2 };
struct line_row {
	int64_t id;	  /* ascending over the account, never reused */
	int64_t contact;  /* 0: the account itself (a note to self, or news of no contact) */
	int kind;	  /* enum line_kind */
	int message_kind; /* as on the wire: text, action, notice; others opaque */
	uint8_t msgid[16];
	uint64_t time_ms;	   /* local commit time, ascending in a conversation */
	uint32_t minute;	   /* sender's minute for LINE_IN */
	char client[NICK_MAX + 1]; /* LINE_OUT: the client name that sent it */
	const char *text;	   /* borrowed */
	size_t text_len;
	bool has_re;
	uint8_t re[16]; /* the msgid that it is about */
};
/* message_kind beside those of the wire: what was done to the message that re names. */
enum line_event {
	LINE_REACT = 256,   /* text: the reaction */
	LINE_UNREACT = 257, /* likewise, undone */
	LINE_REDACT = 258   /* taken back; text: the reason, perhaps empty */
};
int store_line_add(struct store *s, struct line_row *l); /* sets id; copies the text */
/* Lines with id > after, ascending, limit at most. */
int store_line_since(struct store *s, int64_t after, size_t limit,
		     int (*cb)(void *ctx, const struct line_row *l), void *ctx);
/* The last id that was ever given; 0 if none. */
int store_line_last(struct store *s, int64_t *id);
/* The least id of a line that is there; INT64_MAX if none is. */
int store_line_first(struct store *s, int64_t *id);

/* More of them: store/store_history.h. */

/* ---- message ids that are done with, for as long as the contact exists ---- */
/* Those that were received, and those of ours that went out of the outbox before they can have left. */
int store_seen_add(struct store *s, int64_t contact, const uint8_t msgid[16]); /* ERR_EXISTS: a duplicate */
int store_seen_has(struct store *s, int64_t contact, const uint8_t msgid[16], bool *there);

/* ---- sessions: one ratchet for each contact, or none ---- */
#define SESSION_STATE_MAX 256
struct session_row {
	int64_t contact;
	uint8_t epoch[8];
	uint64_t sent;		    /* highest seq that was given to a message of ours */
	uint64_t acked;		    /* highest that the peer has acked, with all before it */
	uint64_t received;	    /* highest that was received, with all before it */
	uint32_t reset_day, resets; /* resets on that day (days since 1970) */
};
/* Begins a session, in place of the one before; the skipped secrets of that one are gone. state: the ratchet,
 * at most SESSION_STATE_MAX bytes. */
int store_session_begin(struct store *s, const struct session_row *row, const void *state, size_t len);
/* All but the ratchet, by contact. ERR_NOT_FOUND. */
int store_session_update(struct store *s, const struct session_row *row);
int store_session_each(struct store *s, int (*cb)(void *ctx, const struct session_row *row), void *ctx);
/* The ratchet of a contact's session.  get: ERR_NOT_FOUND, ERR_TOO_LONG (over size). */
int store_ratchet_get(struct store *s, int64_t contact, void *out, size_t size, size_t *len);
int store_ratchet_set(struct store *s, int64_t contact, const void *state, size_t len); /* ERR_NOT_FOUND */
/* Message secrets that a ratchet has skipped, by ratchet key and number.  get and delete: ERR_NOT_FOUND. */
int store_skipped_add(struct store *s, int64_t contact, const uint8_t dh[KEY_BYTES], uint32_t n,
		      const uint8_t secret[KEY_BYTES], uint64_t made_ms);
int store_skipped_get(struct store *s, int64_t contact, const uint8_t dh[KEY_BYTES], uint32_t n,
		      uint8_t secret[KEY_BYTES]);
int store_skipped_delete(struct store *s, int64_t contact, const uint8_t dh[KEY_BYTES], uint32_t n);
int store_skipped_count(struct store *s, int64_t contact, size_t *n);
/* Those of all contacts that were made before. No transaction is opened if there is none. */
int store_skipped_expire(struct store *s, uint64_t before_ms);

/* ---- outbox ---- */
/* Message kinds from here up are the engine's own.  They stand in the outbox as others do, but the functions
 * that tell how many there are don't count them. */
#define STORE_CONTROL 64
#define STORE_EMPTY   255 /* sealed, without a text: keeps the place of one that was taken away */
struct outbox_row {
	int64_t id; /* ascending; the order of the conversation; never reused */
	int64_t contact;
	uint8_t msgid[16];
	int message_kind;
	uint32_t minute;
	int64_t line; /* its line in the conversation; 0: none.  Only written: see store_outbox_take_back */
	bool may_have_left;
	const char *text; /* borrowed */
	size_t text_len;
	uint64_t seq;	       /* in the session; 0: not sealed yet */
	const uint8_t *sealed; /* borrowed: what is sent; NULL until seq is given */
	size_t sealed_len;
};
/* Sets id; copies the text, and what is sealed if it has a seq (by then may_have_left is set).  ERR_EXISTS: another
 * row of the contact has this seq. */
int store_outbox_add(struct store *s, struct outbox_row *o);
/* Rows with id > after, ascending, limit at most. */
int store_outbox_each(struct store *s, int64_t contact, int64_t after, size_t limit,
		      int (*cb)(void *ctx, const struct outbox_row *o), void *ctx);
/* The row of this contact with this seq. ERR_NOT_FOUND. */
int store_outbox_by_seq(struct store *s, int64_t contact, uint64_t seq,
			int (*cb)(void *ctx, const struct outbox_row *o), void *ctx);
/* Keeps what is sent, and that it may have left. ERR_NOT_FOUND; ERR_EXISTS: another row of the contact has
 * this seq. */
int store_outbox_seal(struct store *s, int64_t id, uint64_t seq, const void *sealed, size_t len);
/* The session ended: nothing of this contact is sealed any more, and no place is kept; may_have_left stays. */
int store_outbox_unseal(struct store *s, int64_t contact);
/* Removes a message of this contact's by its line and its id, sent or not; *left: it may have left.  ERR_NOT_FOUND. */
int store_outbox_take_back(struct store *s, int64_t contact, int64_t line, const uint8_t msgid[16], bool *left);
/* Removes what is sealed with a seq up to this one, and tells how many below STORE_CONTROL. */
int store_outbox_delete_upto(struct store *s, int64_t contact, uint64_t seq, size_t *n);
/* Removes a message that can't have left, whose id is done with.  ERR_NOT_FOUND; ERR_WRONG_STATE: it may have left. */
int store_outbox_cancel(struct store *s, int64_t contact, int64_t id);
/* Those below STORE_CONTROL with id <= upto, oldest first, limit at most, and tells how many. */
int store_outbox_cancel_upto(struct store *s, int64_t contact, int64_t upto, size_t limit, size_t *n);
/* The newest id of this contact's; 0 if there is none. */
int store_outbox_last(struct store *s, int64_t contact, int64_t *id);
/* Those below STORE_CONTROL. */
int store_outbox_count(struct store *s, int64_t contact, size_t *n);
/* In one pass, for each contact that has any, of whatever kind: n counts those below STORE_CONTROL and may be
 * 0.  Contacts ascending. */
int store_outbox_counts(struct store *s, int (*cb)(void *ctx, int64_t contact, size_t n), void *ctx);
/* Whether a message still waits for its ack, or to be sent. */
int store_outbox_exists(struct store *s, int64_t id, bool *there);
/* Removes a contact's, sent or not, of whatever kind, oldest first, limit at most, and tells how many.  Ids of those
 * that can't have left are done with. */
int store_outbox_clear(struct store *s, int64_t contact, size_t limit, size_t *n);

/* ---- cursors of named clients ---- */
int store_cursor_set(struct store *s, const char *client, int64_t line_id);
int store_cursor_get(struct store *s, const char *client, int64_t *line_id); /* ERR_NOT_FOUND */
int store_cursor_delete(struct store *s, const char *client);
int store_cursor_each(struct store *s, int (*cb)(void *ctx, const char *client, int64_t line_id), void *ctx);

/* ---- how far conversations were read: by conversation (store/store_history.h); goes with the contact ---- */
int store_marker_set(struct store *s, int64_t conversation, uint64_t time_ms);
int store_marker_get(struct store *s, int64_t conversation, uint64_t *time_ms); /* ERR_NOT_FOUND */

/* ---- certificates of clients that may log in by them ---- */
#define FINGERPRINT_BYTES 32 /* SHA-256 */
struct certificate_row {
	uint8_t fingerprint[FINGERPRINT_BYTES];
	uint64_t made_ms;
	bool proven; /* its holder has shown it while logged in, or has named the account */
};
int store_certificate_add(struct store *s, const struct certificate_row *c); /* ERR_EXISTS */
int store_certificate_prove(struct store *s, const uint8_t fingerprint[FINGERPRINT_BYTES]); /* ERR_NOT_FOUND */
int store_certificate_delete(struct store *s, const uint8_t fingerprint[FINGERPRINT_BYTES]); /* ERR_NOT_FOUND */
/* ERR_NOT_FOUND */
int store_certificate_get(struct store *s, const uint8_t fingerprint[FINGERPRINT_BYTES], struct certificate_row *c);
/* Oldest first. */
int store_certificate_each(struct store *s, int (*cb)(void *ctx, const struct certificate_row *c), void *ctx);

#endif
