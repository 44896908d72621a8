/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * IRC lines: modern-irc "Message Format", IRCv3 message-tags.
 */
#ifndef IRC_MESSAGE_H
#define IRC_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define IRC_LINE_MAX	    512	 /* with CR LF, without tags */
#define IRC_CLIENT_TAGS_MAX 4096 /* "@...<space>" that a client may send; IRCv3 message-tags, "Size limit"   \
				  */
#define IRC_INPUT_MAX  (IRC_CLIENT_TAGS_MAX + IRC_LINE_MAX)
#define IRC_PARAMS_MAX 15
#define IRC_TAGS_MAX   (IRC_CLIENT_TAGS_MAX / 2) /* "a;": more don't fit */

struct irc_tag {
	const char *key;   /* with the '+' of a client-only tag */
	const char *value; /* unescaped; "" when missing or empty */
};

/* A parsed line.  All pointers point into the line, which the parser cuts into pieces. */
struct irc_message {
	const char *source;  /* without ':'; NULL when there is none */
	const char *command; /* as sent; compare without case */
	const char *params[IRC_PARAMS_MAX];
	size_t n_params;
	bool trailing; /* the last parameter came with ':' */
	size_t n_tags;
	struct irc_tag tags[IRC_TAGS_MAX]; /* n_tags of them are set */
};

/*
 * Parses one line of len bytes without its line end; line is modifiable, has len + 1 bytes and is
 * NUL-terminated. ERR_INVALID: a NUL, CR or LF inside, or no command; any word may be one, since 421 tells
 * of those that are none. ERR_TOO_LONG: tags or the rest over their limits (417); tags that are not are there all the
 * same.  More than 15 parameters: the 15th takes the rest.
 */
int irc_parse(char *line, size_t len, struct irc_message *out);
/* The value of a tag (the last one, if it came twice); NULL when it isn't there. */
const char *irc_tag(const struct irc_message *m, const char *key);

/* Cuts lines out of a stream of bytes: CRLF or LF, over any reads. */
enum irc_cut { IRC_CUT_NONE, IRC_CUT_LINE, IRC_CUT_TOO_LONG };
struct irc_splitter {
	bool skipping; /* inside a line that is over the limit */
};
/*
 * The next line in `in`: LINE fills out (NUL-terminated, size IRC_INPUT_MAX + 1) and *len, without the line
 * end, and consumes it; a line end has any number of CRs ("\r\r\n" comes from clients that write text files).
 * NONE: no whole line yet.  TOO_LONG: once for each over-long line, whose bytes are dropped up to its end.
 * Empty lines are skipped.
 */
enum irc_cut irc_split(struct irc_splitter *s, struct buf *in, char *out, size_t *len);

/* Escapes a tag value (message-tags, "Escaping values"); ERR_TOO_LONG. */
int irc_tag_escape(const char *in, char *out, size_t size);

/*
 * How many bytes of text fit one line `:source COMMAND target :text\r\n` of IRC_LINE_MAX; at least 4, so that
 * one code point fits.
 */
size_t irc_text_room(const char *source, const char *command, const char *target);

/* RFC 3339 as server-time wants it, "2011-10-19T16:40:51.620Z"; from milliseconds since 1970. */
void irc_server_time(unsigned long long real_ms, char out[32]);
/* The other way round; the fraction may be missing or have up to three digits. ERR_INVALID: not that, or before
 * 1970. */
int irc_server_time_parse(const char *text, uint64_t *real_ms);

/* Masks of WHO and the like: '*' and '?', CASEMAPPING=ascii; no recursion, at most strlen(mask) *
 * strlen(name) steps. */
bool irc_mask_match(const char *mask, const char *name);

/* CTCP: text framed by \001.  True for a CTCP; *action set for ACTION, whose body is then *body, *body_len.
 */
bool irc_ctcp(const char *text, size_t len, bool *action, const char **body, size_t *body_len);

#endif
