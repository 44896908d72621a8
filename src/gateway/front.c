/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What chat tells its front.  These run inside chat's functions: only its getters may be called from here. */
#include <string.h>

#include "base/str.h"

#include "person.h"
#include "session.h"

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

static void show_join(struct session *s, const struct person *p)
{
	char mask[MASK_SIZE];
	struct client *c;

	person_mask(p, mask);
	TAILQ_FOREACH (c, &s->clients, session_link) {
		if (!c->joined)
			continue;
		if (client_has(c, CAP_EXTENDED_JOIN))
			client_send(c, ":%s JOIN %s %s :%s", mask, CONTROL_CHANNEL, p->account, p->realname);
		else
			client_send(c, ":%s JOIN %s", mask, CONTROL_CHANNEL);
	}
}

static void show_away(struct session *s, const struct person *p)
{
	char mask[MASK_SIZE];

	person_mask(p, mask);
	if (p->away)
		session_channel(s, CAP_AWAY_NOTIFY, ":%s AWAY :%s", mask,
				p->away_text[0] != '\0' ? p->away_text : "away");
	else
		session_channel(s, CAP_AWAY_NOTIFY, ":%s AWAY", mask);
}

static void show_quit(struct session *s, const struct person *p, const char *reason)
{
	char mask[MASK_SIZE];

	person_mask(p, mask);
	session_channel(s, 0, ":%s QUIT :%s", mask, reason);
}

static void on_presence(void *ctx, struct chat *chat, const struct contact *contact, enum presence before,
			const char *reason)
{
	struct session *s = session_of_chat(ctx, chat);
	struct person p;

	if (s == NULL)
		return;
	status_touch(s);
	person_of_contact(contact, &p);
	if (!p.online) {
		if (before != PRESENCE_OFFLINE)
			show_quit(s, &p, reason != NULL ? reason : "offline");
		return;
	}
	if (before == PRESENCE_OFFLINE)
		show_join(s, &p);
	if (before != PRESENCE_OFFLINE || p.away)
		show_away(s, &p);
}

static void on_contact_added(void *ctx, struct chat *chat, const struct contact *contact)
{
	struct session *s = session_of_chat(ctx, chat);
	struct person p;

	if (s == NULL)
		return;
	status_touch(s);
	person_of_contact(contact, &p);
	if (p.online)
		show_join(s, &p);
}

/* Also to clients outside the channel, and when the contact is offline: a query follows its nick. */
static void on_contact_renamed(void *ctx, struct chat *chat, const struct contact *contact,
			       const char *old_nick)
{
	struct session *s = session_of_chat(ctx, chat);
	struct client *c;
	struct person p;
	char mask[MASK_SIZE];

	if (s == NULL)
		return;
	person_of_contact(contact, &p);
	str_copy(p.nick, sizeof(p.nick), old_nick);
	person_mask(&p, mask);
	TAILQ_FOREACH (c, &s->clients, session_link)
		client_send(c, ":%s NICK %s", mask, contact->row.petname);
}

static void on_contact_removed(void *ctx, struct chat *chat, const struct contact *contact)
{
	struct session *s = session_of_chat(ctx, chat);
	struct person p;

	if (s == NULL)
		return;
	status_touch(s);
	person_of_contact(contact, &p);
	if (p.online)
		show_quit(s, &p, "removed");
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

static void on_self(void *ctx, struct chat *chat, const char *old_nick)
{
	struct session *s = session_of_chat(ctx, chat);
	const char *nick = chat_nick(chat);
	bool renamed = old_nick != NULL && strcmp(old_nick, nick) != 0;
	struct client *c;
	char mask[MASK_SIZE];

	if (s == NULL)
		return;
	TAILQ_FOREACH (c, &s->clients, session_link) {
		if (renamed) {
			client_mask(c, mask);
			client_send(c, ":%s NICK %s", mask, nick);
			str_copy(c->nick, sizeof(c->nick), nick);
		} else if (c != s->sender) {
			client_numeric(c, chat_away(chat) != NULL ? RPL_NOWAWAY : RPL_UNAWAY, "%s", "");
		}
	}
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
		status_touch(s);
}

const struct chat_front gateway_front = {
    .line = on_line,
    .presence = on_presence,
    .contact_added = on_contact_added,
    .contact_renamed = on_contact_renamed,
    .contact_removed = on_contact_removed,
    .request = on_request,
    .self = on_self,
    .notice = on_notice,
    .status = on_status,
};
