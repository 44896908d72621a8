/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "member.h"

#include "person.h"
#include "setting.h"
#include "words.h"

static bool shows_all(const struct session *s)
{
	return s->settings[SETTING_CONTACTS_SHOW] == SHOW_ALL;
}

bool member_is(const struct session *s, const struct contact *contact)
{
	return contact->presence != PRESENCE_OFFLINE || (shows_all(s) && !contact->row.blocked);
}

const char *member_prefix(const struct session *s, const struct contact *contact)
{
	return shows_all(s) && contact->presence != PRESENCE_OFFLINE ? "+" : "";
}

static void show_join(struct session *s, const struct person *p)
{
	char mask[MASK_SIZE];
	struct client *c;
	struct tags t;

	person_mask(p, mask);
	person_tags(p, &t);
	TAILQ_FOREACH (c, &s->clients, session_link) {
		if (!c->joined)
			continue;
		if (client_has(c, CAP_EXTENDED_JOIN))
			client_send_tagged(c, &t, ":%s JOIN %s %s :%s", mask, CONTROL_CHANNEL, p->account,
					   p->realname);
		else
			client_send_tagged(c, &t, ":%s JOIN %s", mask, CONTROL_CHANNEL);
	}
}

static void show_voice(struct session *s, const struct person *p, bool voiced)
{
	static const struct tags bot = {.bot = true};

	session_channel(s, 0, &bot, ":%s MODE %s %cv %s", s->gateway->service_mask, CONTROL_CHANNEL,
			voiced ? '+' : '-', p->nick);
}

static void show_away(struct session *s, const struct person *p)
{
	struct client *c;

	TAILQ_FOREACH (c, &s->clients, session_link)
		if (c->joined && client_has(c, CAP_AWAY_NOTIFY))
			person_send_away(c, p);
}

void member_come(struct session *s, const struct contact *contact)
{
	struct person p;

	person_of_contact(s, contact, &p);
	show_join(s, &p);
	if (member_prefix(s, contact)[0] != '\0')
		show_voice(s, &p, true);
	if (!p.online || p.away)
		show_away(s, &p);
}

void member_go(struct session *s, const struct contact *contact, const char *reason)
{
	struct person p;
	char mask[MASK_SIZE];
	struct tags t;

	person_of_contact(s, contact, &p);
	person_mask(&p, mask);
	person_tags(&p, &t);
	session_channel(s, 0, &t, ":%s QUIT :%s", mask, reason != NULL ? reason : "offline");
}

void member_on_presence(struct session *s, const struct contact *contact, enum presence before,
			const char *reason)
{
	bool was = before != PRESENCE_OFFLINE;
	bool is = contact->presence != PRESENCE_OFFLINE;
	struct person p;

	if (!was && !is)
		return;
	if (was != is && !shows_all(s)) {
		if (is)
			member_come(s, contact);
		else
			member_go(s, contact, reason);
		return;
	}
	if (contact->row.blocked)
		return; /* member_on_blocked says all */
	person_of_contact(s, contact, &p);
	if (was != is)
		show_voice(s, &p, is);
	show_away(s, &p);
}

void member_on_blocked(struct session *s, const struct contact *contact)
{
	/* Otherwise its presence has told. */
	if (shows_all(s) && contact->row.blocked)
		member_go(s, contact, "blocked");
	else if (shows_all(s))
		member_come(s, contact);
}

/* Those online get or lose their voice, the others come or go. */
static int on_show(void *ctx, const struct contact *contact)
{
	struct session *s = ctx;
	struct person p;

	person_of_contact(s, contact, &p);
	if (contact->row.blocked)
		return 0;
	if (p.online)
		show_voice(s, &p, shows_all(s));
	else if (shows_all(s))
		member_come(s, contact);
	else
		member_go(s, contact, "offline");
	return 0;
}

void member_on_show(struct session *s)
{
	chat_each(session_chat(s), on_show, s);
}
