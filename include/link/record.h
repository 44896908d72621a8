/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Records and frames: docs/protocol.md, "Transport records" and "Frames".
 *
 * Every byte between peers is in records of exactly RECORD_BYTES, which is one Tor relay cell in both of
 * tor's cell formats.  A transport record is one AEAD ciphertext; its plaintext is a 16-bit count of used
 * bytes, that many bytes of the frame stream, and zeroes.  The frame stream is a sequence of frames (type 8,
 * length 16, body); a frame may straddle records.
 */
#ifndef LINK_RECORD_H
#define LINK_RECORD_H

#include "base/buf.h"
#include "crypto/crypto.h"

#define RECORD_BYTES	   468
#define RECORD_PLAIN_BYTES (RECORD_BYTES - AEAD_TAG_BYTES)
#define RECORD_ROOM	   (RECORD_PLAIN_BYTES - 2) /* bytes of the frame stream in one record */
#define FRAME_HEADER_BYTES 3
#define FRAME_BODY_MAX	   8192 /* a longer one is a protocol violation */

/* Frame types.  Unknown ones are skipped by their length. */
#define FRAME_MAP(X)                                                                                         \
	X(FRAME_REQUEST, 1)  /* door: a contact request */                                                   \
	X(FRAME_ANSWER, 2)   /* door, acceptance, invitation: what became of it */                           \
	X(FRAME_ACCEPT, 3)   /* acceptance: the request is accepted */                                       \
	X(FRAME_REDEEM, 4)   /* in the roles of ACCEPT: an invitation is shown */                            \
	X(FRAME_MESSAGE, 16) /* between link keys only, as ACK, PROFILE, USE, SYNC, NACK, TYPING: see link_send */ \
	X(FRAME_ACK, 17)                                                                                     \
	X(FRAME_PROFILE, 18) /* own nick, away text */                                                       \
	X(FRAME_USE, 19)     /* this link is used from here on; a number */                                  \
	X(FRAME_PING, 20)    /* this and the next two: on every link */                                      \
	X(FRAME_PONG, 21)                                                                                    \
	X(FRAME_CLOSE, 22) /* an orderly end, with a reason */                                               \
	X(FRAME_SYNC, 23)  /* between link keys only: what each side has of the session */                   \
	X(FRAME_NACK, 24)  /* between link keys only: a message that could not be opened */                  \
	X(FRAME_TYPING, 25) /* between link keys only: the user writes, or not any more */

enum frame_type {
#define X(name, value) name = value,
	FRAME_MAP(X)
#undef X
};

/* Appends one frame to a frame stream.  ERR_TOO_LONG above FRAME_BODY_MAX, ERR_FULL. */
int frame_put(struct buf *out, uint8_t type, const void *body, size_t len);

/*
 * Reassembles frames from the frame stream.  Frames that nobody has read yet are bounded: feed, then read all
 * that is whole.
 */
#define FRAME_UNREAD_MAX (256 * 1024)

struct frame_reader {
	struct buf in;
	size_t whole; /* from the front of in to the first header that was not checked yet */
	size_t taken; /* bytes of the frame that was lent out last */
};
void frame_reader_init(struct frame_reader *r);
/* Wipes; the reader may be used again. */
void frame_reader_clear(struct frame_reader *r);
/* Adds the used bytes of a record.  ERR_PROTOCOL: a frame above FRAME_BODY_MAX; ERR_FULL: over
 * FRAME_UNREAD_MAX, nothing was added; ERR_NOMEM.  Ends the loan of frame_reader_next. */
int frame_reader_feed(struct frame_reader *r, const uint8_t *data, size_t len);
/* The next whole frame: 1 and type, body (borrowed until the next call on this reader), len; 0 if none is
 * whole. */
int frame_reader_next(struct frame_reader *r, uint8_t *type, const uint8_t **body, size_t *len);

/* Cuts the front of a frame stream into the plaintext of one record.  Returns the bytes consumed from stream;
 * an empty stream makes a record of filling alone. */
size_t record_fill(uint8_t plain[RECORD_PLAIN_BYTES], struct buf *stream);
/* Finds the used bytes in an opened record. ERR_PROTOCOL for a count over RECORD_ROOM or filling that is not
 * zero. */
int record_parse(const uint8_t plain[RECORD_PLAIN_BYTES], const uint8_t **used, size_t *len);

#endif
