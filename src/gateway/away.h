/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * AWAY of one client, and of an account that has several.  The account is away when all its clients are, with the
 * text of the latest; clients that were started by nobody's hand (`AWAY *`, IRCv3 pre-away) don't count while
 * another does.  When the last one goes the state stays, unless `set away.auto on` wants it away.
 */
#ifndef GATEWAY_AWAY_H
#define GATEWAY_AWAY_H

#include "client.h"

/* The clients of a session are others, or one of them has changed.  At once: only where chat may be changed. */
void away_combine(struct session *s);
void away_touch(struct session *s);
void away_on_timer(void *ctx);
/* The account's state has changed: the clients that did not change it are told. */
void away_on_change(struct session *s);
/* Forgets what the client has said. */
void away_clear(struct client *c);

#endif
