/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * WHOWAS: nicks that somebody had since the account was unlocked and has no more, and contacts who are offline.
 * Whom the user has removed is forgotten here too.
 */
#ifndef GATEWAY_WHOWAS_H
#define GATEWAY_WHOWAS_H

#include "session.h"

/* Somebody has given up a nick: a contact, or oneself (contact NULL). */
void whowas_add(struct session *s, const char *nick, const struct contact *contact);
/* The contact is removed. */
void whowas_forget(struct session *s, const struct contact *contact);
void whowas_clear(struct session *s);

#endif
