/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "person.h"

#include <string.h>

#include "base/str.h"

#include "member.h"
#include "session.h"
#include "words.h"

/* There is always something to be shown of somebody who is away. */
static const char *away_text(bool away, const char *text)
{
	if (!away)
		return "";
	return text[0] != '\0' ? text : "away";
}

void person_of_contact(const struct session *s, const struct contact *contact, struct person *out)
{
	const char *realname = contact->row.their_nick;

	memset(out, 0, sizeof(*out));
	out->kind = PERSON_CONTACT;
	out->contact = contact;
	out->online = contact->presence != PRESENCE_OFFLINE;
	out->member = member_is(s, contact);
	out->prefix = member_prefix(s, contact);
	out->away = contact->presence == PRESENCE_AWAY;
	out->away_text = away_text(out->away, contact->away_text);
	str_copy(out->nick, sizeof(out->nick), contact->row.petname);
	str_copy(out->user, sizeof(out->user), SERVICE_NICK);
	str_fmt(out->host, sizeof(out->host), "%s.onion", contact->onion);
	str_copy(out->realname, sizeof(out->realname), realname[0] != '\0' ? realname : contact->row.petname);
	str_copy(out->account, sizeof(out->account), contact->onion);
}

static void person_of_service(const struct client *c, struct person *out)
{
	memset(out, 0, sizeof(*out));
	out->kind = PERSON_SERVICE;
	out->online = out->bot = true;
	out->member = c->session != NULL;
	out->prefix = "@";
	out->away_text = "";
	str_copy(out->nick, sizeof(out->nick), SERVICE_NICK);
	str_copy(out->user, sizeof(out->user), SERVICE_NICK);
	str_copy(out->host, sizeof(out->host), c->gateway->server_name);
	str_copy(out->realname, sizeof(out->realname), "The service: say help to it");
}

static void person_of_self(const struct client *c, struct person *out)
{
	const struct chat *chat = c->session != NULL ? session_chat(c->session) : NULL;
	const char *away = chat != NULL ? chat_away(chat) : c->away.text;

	memset(out, 0, sizeof(*out));
	out->kind = PERSON_SELF;
	out->online = true;
	out->member = c->session != NULL && session_is_joined(c->session);
	out->prefix = "";
	out->bot = c->bot;
	out->away = away != NULL;
	out->away_text = away_text(out->away, away);
	str_copy(out->nick, sizeof(out->nick), c->nick);
	str_copy(out->user, sizeof(out->user), client_user(c));
	client_host(c, out->host);
	str_copy(out->realname, sizeof(out->realname), c->realname);
	if (c->account != NULL)
		str_copy(out->account, sizeof(out->account), account_name(c->account));
}

void person_mask(const struct person *p, char out[MASK_SIZE])
{
	str_fmt(out, MASK_SIZE, "%s!%s@%s", p->nick, p->user, p->host);
}

void person_tags(const struct person *p, struct tags *out)
{
	memset(out, 0, sizeof(*out));
	out->account = p->account[0] != '\0' ? p->account : NULL;
	out->bot = p->bot;
}

void person_send_away(struct client *c, const struct person *p)
{
	char mask[MASK_SIZE];
	char offline[WORDS_OFFLINE];
	struct tags t;

	person_mask(p, mask);
	person_tags(p, &t);
	if (!p->online) {
		words_offline(p->contact, offline);
		client_send_tagged(c, &t, ":%s AWAY :%s", mask, offline);
	} else if (p->away) {
		client_send_tagged(c, &t, ":%s AWAY :%s", mask, p->away_text);
	} else {
		client_send_tagged(c, &t, ":%s AWAY", mask);
	}
}

bool person_find(struct client *c, const char *nick, struct person *out)
{
	const struct contact *contact;

	if (nick_eq(nick, c->nick)) {
		person_of_self(c, out);
		return true;
	}
	if (nick_eq(nick, SERVICE_NICK)) {
		person_of_service(c, out);
		return true;
	}
	contact = c->session != NULL ? chat_find(session_chat(c->session), nick) : NULL;
	if (contact == NULL)
		return false;
	person_of_contact(c->session, contact, out);
	return true;
}

struct walk {
	const struct session *session;
	void (*cb)(void *ctx, const struct person *p);
	void *ctx;
};

static int each_contact(void *ctx, const struct contact *contact)
{
	struct walk *w = ctx;
	struct person p;

	person_of_contact(w->session, contact, &p);
	if (p.member || p.online)
		w->cb(w->ctx, &p);
	return 0;
}

static uint64_t active_ms(const struct client *c, const struct person *p)
{
	const struct contact *contact = p->contact;

	switch (p->kind) {
	case PERSON_SELF:
		return c->active_ms;
	case PERSON_SERVICE:
		return 0;
	case PERSON_CONTACT:
		return contact->active_ms > contact->online_since_ms ? contact->active_ms : contact->online_since_ms;
	}
	return 0;
}

uint64_t person_idle_s(const struct client *c, const struct person *p)
{
	uint64_t now = loop_time_ms(c->gateway->loop);
	uint64_t active = active_ms(c, p);

	return active != 0 && now > active ? (now - active) / 1000 : 0;
}

void person_each(struct client *c, void (*cb)(void *ctx, const struct person *p), void *ctx)
{
	struct walk w = {.session = c->session, .cb = cb, .ctx = ctx};
	struct person p;

	person_of_service(c, &p);
	cb(ctx, &p);
	person_of_self(c, &p);
	cb(ctx, &p);
	if (c->session != NULL)
		chat_each(session_chat(c->session), each_contact, &w);
}
