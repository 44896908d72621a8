/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a client says, on its way to whom it says it. */
#ifndef GATEWAY_PRIVMSG_H
#define GATEWAY_PRIVMSG_H

#include "chat/chat.h"

#include "client.h"

#define TARGETS_MAX 4 /* TARGMAX in ISUPPORT */

struct outgoing {
	enum message_kind kind;
	bool quiet;	  /* NOTICE: no replies of the automatic kind */
	bool query;	  /* CTCP, but no action: ctcp.c answers */
	const char *text; /* NUL-terminated; may hold LF */
	size_t len;
	bool has_re; /* it is a reply */
	uint8_t re[MSGID_BYTES];
};

/* CTCP never leaves but for ACTION; false if that was the end of it. */
bool privmsg_unwrap(struct outgoing *o);
/* Sends it, and says what has become of it. */
void privmsg_to(struct client *c, const char *target, const struct outgoing *o);
/* The targets of a parameter, cut out in list; TARGETS_MAX + 1 of them if there are more. */
size_t privmsg_targets(const char *param, char list[IRC_LINE_MAX], const char *targets[TARGETS_MAX + 1]);
void privmsg_too_many(struct client *c, const char *target);

#endif
