/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The one namespace: the service nick, the own nick, petnames, and the names under which requests wait.  No
 * two of them look alike. A stranger must not be able to take a name away from the user, so a waiting request
 * gives way to what the user chooses.
 */
#include "chat_impl.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"

static int against(const char *nick, const char *other)
{
	if (nick_eq(nick, other))
		return ERR_EXISTS;
	return nick_lookalike(nick, other) ? ERR_LOOKALIKE : 0;
}

int petname_check(const struct chat *c, const char *nick, const struct chat_peer *p, bool self)
{
	char skeleton[NICK_MAX + 1];
	const struct contact *named;
	const struct chat_peer *alike;
	int err;

	if (!nick_valid(nick))
		return ERR_INVALID;
	err = against(nick, SERVICE_NICK);
	if (!err && !self)
		err = against(nick, c->nick);
	if (err)
		return err;
	named = chat_find(c, nick);
	if (named && named->impl != p)
		return ERR_EXISTS;
	nick_skeleton(nick, skeleton);
	alike = contact_by_skeleton(c, skeleton);
	return alike && alike != p ? ERR_LOOKALIKE : 0;
}

static bool waits_alike(const struct chat *c, const char *name, const struct waiting_request *self)
{
	const struct waiting_request *r;
	char wanted[NICK_MAX + 1];
	char skeleton[NICK_MAX + 1];

	nick_skeleton(name, wanted);
	TAILQ_FOREACH (r, &c->requests, entry) {
		if (r == self || r->row.rejected)
			continue;
		nick_skeleton(r->row.name, skeleton);
		if (!strcmp(skeleton, wanted))
			return true;
	}
	return false;
}

int petname_propose(const struct chat *c, const char *proposed, const struct waiting_request *self,
		    char out[NICK_MAX + 1])
{
	char base[NICK_MAX + 1];
	char suffix[12] = "";
	unsigned n;

	nick_sanitize(proposed, strlen(proposed), base);
	/* Each contact, request and own name can be in the way of few candidates only: this ends long before
	 * its bound. */
	for (n = 2; n < 4 * CONTACTS_MAX; n++) {
		int keep = (int)(NICK_MAX - strlen(suffix));

		snprintf(out, NICK_MAX + 1, "%.*s%s", keep, base, suffix);
		if (!petname_check(c, out, NULL, false) && !waits_alike(c, out, self))
			return 0;
		snprintf(suffix, sizeof(suffix), "%u", n);
	}
	return ERR_FULL;
}

static int give_way(struct chat *c, struct waiting_request *r)
{
	char before[NICK_MAX + 1];
	char text[160];
	int err;

	memcpy(before, r->row.name, sizeof(before));
	err = petname_propose(c, before, r, r->row.name);
	if (!err)
		err = store_request_put(c->store, &r->row);
	if (err)
		return chat_break(c, err);
	str_fmt(text, sizeof(text), "The request that waited as %s now waits as %s", before, r->row.name);
	front_call(c, notice, NULL, text);
	front_status(c);
	return 0;
}

int petname_claim(struct chat *c, const char *nick)
{
	struct waiting_request *r;
	int err = 0;

	TAILQ_FOREACH (r, &c->requests, entry) {
		if (!err && !r->row.rejected && against(nick, r->row.name))
			err = give_way(c, r);
	}
	return err;
}
