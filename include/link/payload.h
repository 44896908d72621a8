/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The bodies of frames: docs/protocol.md, "Bodies".
 *
 * One parser for each.  All of them refuse with ERR_PROTOCOL: trailing bytes, lengths over their bounds, text that
 * is not UTF-8 or holds NUL, 0x01, CR or LF, onion keys that identity_check refuses; what they write to is then
 * undefined. The encoders refuse what the parsers would refuse: ERR_TOO_LONG, ERR_UTF8, ERR_INVALID (NUL, 0x01, CR,
 * LF where there is but one line, a number out of range), ERR_CRYPTO (onion key); also ERR_FULL and ERR_NOMEM.
 * They append the whole body, or nothing.
 */
#ifndef LINK_PAYLOAD_H
#define LINK_PAYLOAD_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/nick.h"
#include "crypto/crypto.h"
#include "link/proof.h"
#include "link/ratchet.h"

#define TEXT_MAX	 4096 /* bytes of a message */
#define REQUEST_TEXT_MAX 280
#define AWAY_MAX	 200
#define MSGID_BYTES	 16
#define TOKEN_BYTES	 16 /* of an invitation: good for one contact, once */
#define SEQ_MAX		 INT64_MAX

/* Where a peer is reached: the onion service and, for a private one, the client key. */
struct locator {
	uint8_t onion[KEY_BYTES];
	bool has_client_key;
	uint8_t client_key[KEY_BYTES]; /* X25519 secret of the client authorization; zero without one */
};
#define LOCATOR_BYTES_MAX (1 + 2 * KEY_BYTES)

struct request {
	uint8_t link_key[KEY_BYTES]; /* public */
	uint8_t proof[PROOF_BYTES];  /* that who shows the key has it; any bytes: see link/proof.h */
	struct locator locator;
	char nick[NICK_MAX + 1]; /* proposed; any UTF-8, perhaps empty, to be sanitized */
	char text[REQUEST_TEXT_MAX + 1];
};
enum answer_status { ANSWER_PENDING = 0, ANSWER_ACCEPTED = 1, ANSWER_REFUSED = 2 };
struct answer {
	enum answer_status status;
	uint8_t link_key[KEY_BYTES]; /* with ANSWER_ACCEPTED; zero otherwise */
	uint8_t proof[PROOF_BYTES];  /* likewise */
	struct locator locator;	     /* with ANSWER_ACCEPTED */
};
struct accept { /* FRAME_ACCEPT */
	uint8_t link_key[KEY_BYTES];
	uint8_t proof[PROOF_BYTES];
	struct locator locator;
	char nick[NICK_MAX + 1];
};
struct redeem { /* FRAME_REDEEM: what an invitation is shown with */
	uint8_t token[TOKEN_BYTES];
	uint8_t link_key[KEY_BYTES];
	uint8_t proof[PROOF_BYTES];
	struct locator locator;
	char nick[NICK_MAX + 1];
};
/*
 * What the ratchet seals: of the first three kinds the text is 1..TEXT_MAX bytes of text for people.  Of any other
 * it may be empty and is any bytes.  Kinds from MESSAGE_CONTROL up are never for people: what has one is between
 * the programs, and never shown.
 */
enum message_kind {
	MESSAGE_TEXT = 0,
	MESSAGE_ACTION = 1,
	MESSAGE_NOTICE = 2,
	MESSAGE_RICH = 3,     /* the text is a struct rich: rich_encode */
	MESSAGE_CONTROL = 64, /* the first of those between programs */
	MESSAGE_LOCATOR = 64  /* the text is a locator: locator_encode */
};
struct message {
	uint8_t id[MSGID_BYTES];
	uint32_t minute;  /* sender's UTC, minutes since 1970 */
	uint8_t kind;	  /* enum message_kind; others are kept opaque by the receiver */
	const char *text; /* borrowed, not NUL-terminated */
	size_t text_len;
};
#define MESSAGE_BYTES_MAX (MSGID_BYTES + 4 + 1 + TEXT_MAX)
/*
 * The text of MESSAGE_RICH: what a plain message can't say.  Text of several lines, or in reply to a message; a
 * reaction to one, or its end; that one is taken back.
 */
enum rich_what {
	RICH_TEXT = 0, /* this and the next two: as the message kinds of these names */
	RICH_ACTION = 1,
	RICH_NOTICE = 2,
	RICH_REACT = 3,
	RICH_UNREACT = 4,
	RICH_REDACT = 5
};
#define RICH_HEAD_BYTES (1 + MSGID_BYTES)
#define LINES_TEXT_MAX	(TEXT_MAX - RICH_HEAD_BYTES) /* bytes of text that may hold LF, but is not LF alone */
#define REACTION_MAX	64			     /* bytes; at least one */
#define REASON_MAX	280			     /* bytes; why it is taken back, perhaps empty */
struct rich {
	enum rich_what what;
	bool has_re;
	uint8_t re[MSGID_BYTES]; /* the message that it is about; zeroes: none, but a reaction and what is taken back
				  * have one */
	const char *text;	 /* borrowed, not NUL-terminated */
	size_t text_len;
};
/* FRAME_TYPING */
enum typing { TYPING_ACTIVE = 1, TYPING_PAUSED = 2, TYPING_DONE = 3 };
/* FRAME_MESSAGE: a message under the ratchet, or an empty one, which begins a session. */
struct sealed {
	uint8_t epoch[EPOCH_BYTES];
	uint64_t seq;	    /* 1..SEQ_MAX */
	const uint8_t *box; /* borrowed: RATCHET_OVERHEAD bytes and up to MESSAGE_BYTES_MAX */
	size_t box_len;
};
#define SEALED_HEAD_BYTES (EPOCH_BYTES + 8)
#define SEALED_BYTES_MAX  (SEALED_HEAD_BYTES + RATCHET_OVERHEAD + MESSAGE_BYTES_MAX)
/* FRAME_SYNC: what a side knows of the session when a link begins to be used. */
struct sync {
	uint64_t token;		    /* chosen by the one who sent USE, repeated in the answer */
	uint8_t epoch[EPOCH_BYTES]; /* zeroes: no session */
	uint64_t sent, acked, received; /* 0..SEQ_MAX */
};
/* FRAME_ACK: all up to seq are stored here.  FRAME_NACK: seq can't be opened. */
struct seq_of {
	uint8_t epoch[EPOCH_BYTES];
	uint64_t seq; /* 1..SEQ_MAX */
};
struct profile {
	uint8_t identity[KEY_BYTES]; /* the sender's; any bytes: to be compared */
	char nick[NICK_MAX + 1];
	bool away;
	char away_text[AWAY_MAX + 1]; /* empty unless away */
};
/* FRAME_CLOSE. A receiver takes reasons that it doesn't know for CLOSE_DONE. */
enum close_reason {
	CLOSE_DONE = 0,	      /* nothing more to say: a request was answered */
	CLOSE_SUPERSEDED = 1, /* another link to the same contact is used */
	CLOSE_OFFLINE = 2,    /* the account goes offline */
	CLOSE_RENEW = 3	      /* too old; dial again */
};

/* One pair for each, under the rules that stand at the top. */
int request_encode(const struct request *r, struct buf *out);
int request_decode(const uint8_t *body, size_t len, struct request *r);
int answer_encode(const struct answer *a, struct buf *out);
int answer_decode(const uint8_t *body, size_t len, struct answer *a);
int accept_encode(const struct accept *a, struct buf *out);
int accept_decode(const uint8_t *body, size_t len, struct accept *a);
int redeem_encode(const struct redeem *r, struct buf *out);
int redeem_decode(const uint8_t *body, size_t len, struct redeem *r);
/* At most LOCATOR_BYTES_MAX bytes: the text of MESSAGE_LOCATOR. */
int locator_encode(const struct locator *l, struct buf *out);
int locator_decode(const uint8_t *body, size_t len, struct locator *l);
int message_encode(const struct message *m, struct buf *out);
int message_decode(const uint8_t *body, size_t len, struct message *m);
/* decode: ERR_VERSION where only a later version can know what it is. */
int rich_encode(const struct rich *r, struct buf *out);
int rich_decode(const uint8_t *body, size_t len, struct rich *r);
int profile_encode(const struct profile *p, struct buf *out);
int profile_decode(const uint8_t *body, size_t len, struct profile *p);
/* Writes epoch and seq in front of the box, SEALED_HEAD_BYTES: the associated data of the ratchet message as
 * well. */
void sealed_head(const uint8_t epoch[EPOCH_BYTES], uint64_t seq, uint8_t out[SEALED_HEAD_BYTES]);
int sealed_decode(const uint8_t *body, size_t len, struct sealed *s);
int sync_encode(const struct sync *s, struct buf *out);
int sync_decode(const uint8_t *body, size_t len, struct sync *s);
/* Do two SYNCs, one of each side, tell of the same session?  The same answer on both sides. */
bool sync_common(const struct sync *a, const struct sync *b);
int seq_encode(const struct seq_of *a, struct buf *out);
int seq_decode(const uint8_t *body, size_t len, struct seq_of *a);
/* PING and PONG: an 8-byte token. */
int ping_encode(uint64_t token, struct buf *out);
int ping_decode(const uint8_t *body, size_t len, uint64_t *token);
int typing_encode(enum typing state, struct buf *out);
int typing_decode(const uint8_t *body, size_t len, enum typing *state);
int close_encode(enum close_reason reason, struct buf *out);
int close_decode(const uint8_t *body, size_t len, enum close_reason *reason);

#endif
