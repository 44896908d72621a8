/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The control protocol's form (control-spec section 2): replies of several lines, asynchronous events, and
 * the words within a line.  Pure: bytes in, structures out.  Tor is trusted no further than a file: all is
 * bounded.
 */
#ifndef TOR_CONTROL_H
#define TOR_CONTROL_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define CONTROL_LINE_MAX  16384	 /* bytes of one line */
#define CONTROL_REPLY_MAX 524288 /* bytes of a reply, with its data */
#define CONTROL_LINES_MAX 512	 /* mid, data and end lines of a reply; ADD_ONION's names each client */
#define CONTROL_WORD_MAX  1024	 /* bytes of a word's value */

struct control_line {
	const char *text; /* after the code and the separator; no CRLF */
	const char *data; /* of a data line: its lines, dots undone, each ended by '\n'; else NULL */
};

struct control_reply {
	int code; /* of the end line; 6xx is an event */
	size_t n; /* at least one */
	struct control_line lines[CONTROL_LINES_MAX];
};

struct control_parser {
	struct buf text;		   /* what the lines point into */
	size_t text_at[CONTROL_LINES_MAX]; /* offsets, since text moves as it grows */
	size_t data_at[CONTROL_LINES_MAX];
	struct control_reply reply;
	size_t n;
	int in_data;  /* inside a data block */
	int finished; /* the reply was given out: the next call starts anew */
};

void control_parser_init(struct control_parser *p);
void control_parser_clear(struct control_parser *p);

/*
 * Takes bytes from in up to the end of a reply.  1: *out is a whole reply, valid until the next call; 0: more
 * bytes are needed; ERR_PROTOCOL for what is no reply or passes a bound; ERR_NOMEM.  After an error the
 * connection is of no use.
 */
int control_parser_next(struct control_parser *p, struct buf *in, const struct control_reply **out);

/* One word of a line: WORD, KEY=VALUE, KEY="QUOTED VALUE" or "QUOTED". */
struct control_word {
	char key[64];			  /* empty for a word without one */
	char value[CONTROL_WORD_MAX + 1]; /* quotes and escapes undone */
};

/*
 * Reads the next word at *cursor and moves it on.  1: *out holds it; 0: the line has ended; ERR_PROTOCOL for
 * an open quote, ERR_TOO_LONG.
 */
int control_word_next(const char **cursor, struct control_word *out);

/* Finds KEY=value anywhere in a line; ERR_NOT_FOUND, ERR_TOO_LONG if it does not fit in size bytes with its
 * NUL. */
int control_value(const char *line, const char *key, char *out, size_t size);

/* Appends base64 with padding (RFC 4648), without branches or look-ups on the data. */
int control_put_base64(struct buf *out, const uint8_t *data, size_t len);

#endif
