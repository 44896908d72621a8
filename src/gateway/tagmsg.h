/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Client-only tags (IRCv3 message-tags, reply, react, typing): which of them leave, and TAGMSG.
 *
 * +draft/reply, +draft/react and +draft/unreact do; +typing does where `set typing on` says so; no others.
 * CLIENTTAGDENY in ISUPPORT tells it, and is told anew where it changes.
 */
#ifndef GATEWAY_TAGMSG_H
#define GATEWAY_TAGMSG_H

#include "chat/chat.h"

#include "session.h"

/* What the line is a reply to; false: to nothing that we know. */
bool tagmsg_re(const struct irc_message *m, uint8_t re[MSGID_BYTES]);

struct reaction {
	int kind; /* LINE_REACT or LINE_UNREACT; 0: there is none */
	const char *text;
	bool has_re;
	uint8_t re[MSGID_BYTES];
};
void tagmsg_reaction(const struct irc_message *m, struct reaction *out);
/* Sends it, or says why not.  False also where nobody could read it: the service. */
bool tagmsg_react(struct client *c, const char *target, const struct reaction *r);

/* A contact's user types. */
void tagmsg_on_typing(void *ctx, struct chat *chat, const struct contact *contact, enum typing state);
/* What leaves has changed. */
void tagmsg_on_setting(struct session *s);
/* A client has logged in: what leaves where it isn't what everybody was told. */
void tagmsg_greet(struct client *c);

#endif
