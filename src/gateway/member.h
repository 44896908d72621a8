/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Contacts as members of the control channel, as `set contacts.show` wants it: those who are online, or all
 * but the blocked, of whom those online are voiced and the others away.
 */
#ifndef GATEWAY_MEMBER_H
#define GATEWAY_MEMBER_H

#include "session.h"

bool member_is(const struct session *s, const struct contact *contact);
/* "+" for a member with voice, "" for others. */
const char *member_prefix(const struct session *s, const struct contact *contact);

/* What the clients in the channel are told: */
void member_on_presence(struct session *s, const struct contact *contact, enum presence before,
			const char *reason);
/* It is a member from now on. */
void member_come(struct session *s, const struct contact *contact);
/* It was a member until now. */
void member_go(struct session *s, const struct contact *contact, const char *reason);
/* It was blocked, or is not any more. */
void member_on_blocked(struct session *s, const struct contact *contact);
/* The setting has changed. */
void member_on_show(struct session *s);

#endif
