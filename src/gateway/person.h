/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Somebody whom a client can see: itself, the service, a contact.  NAMES, WHO, WHOIS, ISON and USERHOST all
 * ask here, so that they agree.
 */
#ifndef GATEWAY_PERSON_H
#define GATEWAY_PERSON_H

#include "client.h"

enum person_kind { PERSON_SELF, PERSON_SERVICE, PERSON_CONTACT };

struct person {
	enum person_kind kind;
	bool online;
	bool member;	    /* of the control channel */
	const char *prefix; /* there: "@", "+" or "" */
	bool bot;	    /* user mode +B */
	bool away;
	const char *away_text; /* borrowed; "" when there is none */
	char nick[NICK_MAX + 1];
	char user[USER_MAX + 1];
	char host[64];
	char realname[REALNAME_MAX + 1];
	char account[ONION_LEN + 1]; /* a contact's address, one's own account name; empty without a login */
	const struct contact *contact; /* of PERSON_CONTACT */
};

/* As the clients of a session see it. */
void person_of_contact(const struct session *s, const struct contact *contact, struct person *out);
/* nick!user@host */
void person_mask(const struct person *p, char out[MASK_SIZE]);
/* What stands in front of what it says or does. */
void person_tags(const struct person *p, struct tags *out);
/* AWAY as away-notify tells it; an offline one is away with the words that say so. */
void person_send_away(struct client *c, const struct person *p);
/* By nick, online or not; false if the client knows nobody of that name. */
bool person_find(struct client *c, const char *nick, struct person *out);
/* Since when it has said nothing, in seconds; 0 if that isn't known. */
uint64_t person_idle_s(const struct client *c, const struct person *p);
/* Everybody who is there: the service, itself, the contacts who are online or members of the control channel. */
void person_each(struct client *c, void (*cb)(void *ctx, const struct person *p), void *ctx);

#endif
