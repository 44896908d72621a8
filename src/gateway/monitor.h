/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * MONITOR (IRCv3 monitor, extended-monitor): the nicks that a client wants to hear of, whether they are contacts
 * or not.  Each is remembered with what the client was told last, so that nothing is told twice, whatever has
 * happened to the nick: its contact came, went, was renamed, removed; the client logged in or out.
 */
#ifndef GATEWAY_MONITOR_H
#define GATEWAY_MONITOR_H

#include "client.h"

/* Something may have happened to a nick, or to all: tells the client what is new.  nick as it is shown. */
void monitor_tell(struct client *c, const char *nick);
void monitor_tell_all(struct client *c);
/* Forgets all nicks. */
void monitor_clear(struct client *c);

/* Is the client told about changes of somebody that it sees by this capability: in the channel, or by
 * extended-monitor? */
bool monitor_sees(const struct client *c, const char *nick, enum capability cap);

/* To all clients of a session: */
void monitor_on_nick(struct session *s, const char *nick);
void monitor_on_presence(struct session *s, const struct contact *contact, enum presence before);

#endif
