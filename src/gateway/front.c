/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What chat tells its front.  These run inside chat's functions: only its getters may be called from here. */
#include <string.h>

#include "base/str.h"

#include "away.h"
#include "member.h"
#include "monitor.h"
#include "person.h"
#include "session.h"
#include "whowas.h"
#include "tagmsg.h"

static void on_line(void *ctx, struct chat *chat, const struct contact *contact, const struct line_row *l)
{
	struct gateway *g = ctx;
	struct session *s = session_of_chat(g, chat);
	struct client *c;

	if (s == NULL)
		return;
	TAILQ_FOREACH (c, &s->clients, session_link)
		replay_on_line(c, s->sender, contact, l);
	timer_set(s->fence_timer, g->opts.barrier_ms);
}

static void on_presence(void *ctx, struct chat *chat, const struct contact *contact, enum presence before,
			const char *reason)
{
	struct session *s = session_of_chat(ctx, chat);

	if (s == NULL)
		return;
	status_touch(s);
	member_on_presence(s, contact, before, reason);
	monitor_on_presence(s, contact, before);
}

static void on_contact_added(void *ctx, struct chat *chat, const struct contact *contact)
{
	struct session *s = session_of_chat(ctx, chat);

	if (s == NULL)
		return;
	status_touch(s);
	if (member_is(s, contact))
		member_come(s, contact);
	monitor_on_nick(s, contact->row.petname);
}

/* Also to clients outside the channel, and when the contact is offline: a query follows its nick. */
static void on_contact_renamed(void *ctx, struct chat *chat, const struct contact *contact,
			       const char *old_nick)
{
	struct session *s = session_of_chat(ctx, chat);
	struct client *c;
	struct person p;
	struct tags t;
	char mask[MASK_SIZE];

	if (s == NULL)
		return;
	person_of_contact(s, contact, &p);
	str_copy(p.nick, sizeof(p.nick), old_nick);
	person_mask(&p, mask);
	person_tags(&p, &t);
	TAILQ_FOREACH (c, &s->clients, session_link)
		client_send_tagged(c, &t, ":%s NICK %s", mask, contact->row.petname);
	whowas_add(s, old_nick, contact);
	monitor_on_nick(s, old_nick);
	monitor_on_nick(s, contact->row.petname);
}

/* Its real name: to those who see it online. */
static void on_contact_named(void *ctx, struct chat *chat, const struct contact *contact)
{
	struct session *s = session_of_chat(ctx, chat);
	struct client *c;
	struct person p;
	struct tags t;
	char mask[MASK_SIZE];

	if (s == NULL || contact->presence == PRESENCE_OFFLINE)
		return;
	person_of_contact(s, contact, &p);
	person_mask(&p, mask);
	person_tags(&p, &t);
	TAILQ_FOREACH (c, &s->clients, session_link)
		if (monitor_sees(c, p.nick, CAP_SETNAME))
			client_send_tagged(c, &t, ":%s SETNAME :%s", mask, p.realname);
}

static void on_contact_blocked(void *ctx, struct chat *chat, const struct contact *contact)
{
	struct session *s = session_of_chat(ctx, chat);

	if (s == NULL)
		return;
	status_touch(s);
	member_on_blocked(s, contact);
}

static void on_contact_removed(void *ctx, struct chat *chat, const struct contact *contact)
{
	struct session *s = session_of_chat(ctx, chat);

	if (s == NULL)
		return;
	status_touch(s);
	if (member_is(s, contact))
		member_go(s, contact, "removed");
	whowas_forget(s, contact);
	monitor_on_nick(s, contact->row.petname);
}

static void on_request(void *ctx, struct chat *chat, const struct request_row *r)
{
	struct session *s = session_of_chat(ctx, chat);
	struct client *c;

	if (s == NULL)
		return;
	status_touch(s);
	TAILQ_FOREACH (c, &s->clients, session_link) {
		bool in_channel = c->in_channel;

		c->in_channel = false;
		session_announce_request(c, r);
		c->in_channel = in_channel;
	}
}

static void on_nick(struct session *s, const char *old_nick, const char *nick)
{
	struct tags own = {.account = account_name(s->account)};
	struct client *c;
	char mask[MASK_SIZE];

	whowas_add(s, old_nick, NULL);
	TAILQ_FOREACH (c, &s->clients, session_link) {
		client_mask(c, mask);
		client_send_tagged(c, &own, ":%s NICK %s", mask, nick);
		str_copy(c->nick, sizeof(c->nick), nick);
		monitor_tell(c, old_nick);
		monitor_tell(c, nick);
	}
}

static void on_self(void *ctx, struct chat *chat, const char *old_nick)
{
	struct session *s = session_of_chat(ctx, chat);

	if (s == NULL)
		return;
	if (old_nick != NULL && strcmp(old_nick, chat_nick(chat)) != 0)
		on_nick(s, old_nick, chat_nick(chat));
	else
		away_on_change(s);
}

static void on_notice(void *ctx, struct chat *chat, const struct contact *contact, const char *text)
{
	struct session *s = session_of_chat(ctx, chat);

	(void)contact;
	if (s != NULL)
		session_notice(s, "%s", text);
}

static void on_status(void *ctx, struct chat *chat)
{
	struct session *s = session_of_chat(ctx, chat);

	if (s != NULL)
		status_on_tor(s);
}

const struct chat_front gateway_front = {
    .line = on_line,
    .presence = on_presence,
    .contact_added = on_contact_added,
    .contact_renamed = on_contact_renamed,
    .contact_named = on_contact_named,
    .contact_removed = on_contact_removed,
    .contact_blocked = on_contact_blocked,
    .request = on_request,
    .self = on_self,
    .typing = tagmsg_on_typing,
    .notice = on_notice,
    .status = on_status,
};
