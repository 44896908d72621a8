/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One connected IRC client: its stream, what it has negotiated, and how lines are sent to it.
 *
 * A client that ends (client_end, client_drop) is dead at once, leaves its session and sends nothing more,
 * but its memory stays until the loop's next event, so handlers may go on using the pointer.
 */
#ifndef GATEWAY_CLIENT_H
#define GATEWAY_CLIENT_H

#include "io/stream.h"
#include "irc/capability.h"
#include "irc/message.h"
#include "irc/numeric.h"
#include "irc/sasl.h"

#include "flood.h"
#include "gateway_private.h"
#include "replay.h"

#define USER_MAX     10
#define REALNAME_MAX 128
#define MASK_SIZE    128 /* nick!user@host and a NUL */

/* What still has to come before a client is registered. */
enum need { NEED_NICK = 1, NEED_USER = 2, NEED_CAP_END = 4 };

struct authentication;
struct response;
struct batch;
struct multiline;

/* What the client has said of itself by AWAY (away.h). */
struct away {
	char *text;	/* NULL: it is here */
	bool automatic; /* `AWAY *`: started by nobody's hand */
	uint64_t order; /* of AWAY commands */
};
/* A nick that the client watches (monitor.h). */
struct monitored {
	char nick[NICK_MAX + 1];
	bool online; /* as the client was told last */
};

struct client {
	TAILQ_ENTRY(client) link;	  /* gateway->clients or gateway->dead */
	TAILQ_ENTRY(client) session_link; /* session->clients, while session is set */
	struct gateway *gateway;
	struct stream *stream; /* NULL once dead */
	struct timer *timer;   /* end of registration, then keepalive */
	struct irc_splitter splitter;
	struct flood flood;
	struct timer *slowed; /* runs while it is not read since it talks too fast; NULL: that was never so */
	bool is_slowed;
	uint64_t heard_ms;  /* monotonic: last input */
	uint64_t since_ms;  /* real time: it came */
	uint64_t active_ms; /* real time: it came, or said something to somebody */
	uint64_t pinged_ms; /* first PING that no PONG followed; 0: none */
	bool greeted;	    /* its first line was seen */
	bool registered;
	unsigned needs; /* enum need */
	uint32_t caps;
	bool v302;
	char nick[NICK_MAX + 1]; /* "*" until known */
	char user[USER_MAX + 1];
	char realname[REALNAME_MAX + 1];
	char *pass; /* by PASS, without an account: checked when NICK and USER have named it; NULL: none */
	char who[2 * NICK_MAX + 2]; /* "account@client", if USER has said that; else "" */
	struct authentication *authentication; /* an exchange of SASL */
	struct login *login;	 /* a password that is being checked; further lines wait for it */
	struct search *search;	 /* likewise */
	unsigned wrong;		 /* passwords; a right one of the account that all of them were for forgives them */
	char wrong_for[NICK_MAX + 1]; /* that account; "": several */
	struct account *account; /* logged in; the session follows once registered */
	bool enrolled;		 /* has made it just now, and is still to be told about it */
	char name[NICK_MAX + 1]; /* of the client, for its cursor */
	struct session *session;
	struct away away;
	struct monitored *monitored; /* n_monitored of them; NULL: none */
	size_t n_monitored;
	bool bot;	 /* user mode +B */
	bool joined;	 /* is in the control channel */
	bool in_channel; /* the command being handled was said in the channel */
	struct replay replay;
	struct response *response; /* to a labelled command, while there is one */
	bool responding;	       /* what is sent now is part of it */
	struct batch *batch;   /* the innermost that is open */
	uint32_t batches;      /* that were opened, for their names */
	struct multiline *multiline; /* a batch that it sends, while one is open */
};

/* What stands in front of a line, as far as the client's capabilities want it.  All zero: only the time of now. */
struct tags {
	uint64_t time_ms;     /* server-time; 0: now */
	const uint8_t *msgid; /* MSGID_BYTES, or NULL */
	unsigned part;	      /* of a message shown as several lines, from 0 */
	const char *account;  /* of who says it (account-tag), or NULL */
	bool bot;	      /* the service says it */
	const char *client;   /* client-only tags, escaped, joined by ';'; or NULL */
	bool concat;	      /* draft/multiline-concat */
	bool inside;	      /* of a batch which has the others for it: not even the time */
};

/* The bounds of a client's stream. */
struct stream_opts client_stream_opts(const struct gateway *g);
/* Takes a stream; nothing is returned since the client lives by its events. */
void client_accept(struct gateway *g, struct stream *stream);
/* `ERROR :reason`, then closes once all is sent. */
void client_end(struct client *c, const char *reason);
/* Closes at once. */
void client_drop(struct client *c);
/* Frees the dead ones: only from the reaper's event or when the gateway goes. */
void client_reap(struct gateway *g);
/* It has logged in, or out: other limits hold, of how fast it may talk and of what it may leave unread. */
void client_trust(struct client *c, bool user);
/* Handles further lines that waited. */
void client_resume(struct client *c);
/* Registration is over: from now on the timer keeps the connection alive. */
void client_keepalive(struct client *c);
/* A PONG that answers one of our PINGs. */
void client_on_pong(struct client *c);
/* Our PING went out. */
void client_pinged(struct client *c);

static inline bool client_has(const struct client *c, enum capability cap)
{
	return (c->caps & (uint32_t)cap) != 0;
}

/* Its own user and host as others would see them, and nick!user@host. */
const char *client_user(const struct client *c);
void client_host(const struct client *c, char out[64]);
void client_mask(const struct client *c, char out[MASK_SIZE]);

/*
 * Lines (output.c).  Each is cut to 510 bytes at a code point; CR, LF and bytes that are not UTF-8 are replaced;
 * tags are added as the client's capabilities want them.  Nothing happens for a dead client.
 */
void client_send(struct client *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The same of a line in parts, up to NULL: for what is asked so often that a format would be most of its cost. */
void client_send_parts(struct client *c, const char *const parts[]);
/* t may be NULL. */
void client_send_tagged(struct client *c, const struct tags *t, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* `:server NNN nick <fmt> :<standard text>`; fmt "" for none. */
void client_numeric(struct client *c, enum numeric n, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* `:server NNN nick <fmt>`: without the standard text. */
void client_reply(struct client *c, enum numeric n, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* A NOTICE from the service nick; to the channel if the command at hand was said there. */
void client_notice(struct client *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/*
 * Does it read standard replies?  The capability is for those that no specification of another one speaks of; who has
 * one that does, or one that came with it, reads them too.
 */
bool client_reads_standard(const struct client *c);
/* IRCv3 standard-replies; context: words joined by blanks, or "".  Clients that negotiated nothing that uses
 * them get the text as a NOTICE from the service. */
enum standard { STANDARD_FAIL, STANDARD_WARN, STANDARD_NOTE };
void client_standard(struct client *c, enum standard kind, const char *command, const char *code,
		     const char *context, const char *fmt, ...) __attribute__((format(printf, 6, 7)));

#endif
