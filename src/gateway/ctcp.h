/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * CTCP.  No query leaves this machine, and no answer of a client's: the daemon answers for contacts, itself and
 * oneself, in their names, and says so.  DCC would connect outside of Tor.
 */
#ifndef GATEWAY_CTCP_H
#define GATEWAY_CTCP_H

#include "client.h"

/* A CTCP that is no ACTION was said to a target by PRIVMSG: text is the whole, with its first 0x01.  It is
 * answered, or refused in words; nobody but c hears of it. */
void ctcp_query(struct client *c, const char *target, const char *text, size_t len);

#endif
