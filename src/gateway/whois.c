/* SPDX-License-Identifier: GPL-3.0-or-later */
/* WHOIS and WHOWAS. */
#include <string.h>

#include "base/str.h"

#include "command.h"
#include "person.h"
#include "session.h"
#include "words.h"

static void contact_times(struct client *c, const struct contact *contact)
{
	uint64_t now = loop_time_ms(c->gateway->loop);
	uint64_t active =
	    contact->active_ms > contact->online_since_ms ? contact->active_ms : contact->online_since_ms;
	uint64_t idle = now > active ? (now - active) / 1000 : 0;

	if (contact->online_since_ms != 0)
		client_numeric(c, RPL_WHOISIDLE, "%s %llu %llu", contact->row.petname,
			       (unsigned long long)idle,
			       (unsigned long long)(contact->online_since_ms / 1000));
}

/* 320: the state of keys, circuit and queue. */
static void contact_state(struct client *c, const struct contact *contact)
{
	const char *nick = contact->row.petname;
	const char *way = contact->local ? "local link" : "circuit";
	char count[WORDS_COUNT];

	if (contact->row.blocked)
		client_reply(c, RPL_WHOISSPECIAL, "%s :is blocked: nothing is sent or taken", nick);
	client_reply(c, RPL_WHOISSPECIAL, "%s :keys: %s", nick, words_keys(contact));
	if (contact->local)
		client_reply(c, RPL_WHOISSPECIAL, "%s :is of this household", nick);
	if (contact->link_up)
		client_reply(c, RPL_WHOISSPECIAL, "%s :%s: %s", nick, way,
			     contact->link_incoming ? "dialled by them" : "dialled by us");
	else
		client_reply(c, RPL_WHOISSPECIAL, "%s :%s: none%s%s%s", nick, way,
			     contact->dialling ? ", dialling" : "",
			     contact->trouble[0] != '\0' ? "; the last try failed: " : "", contact->trouble);
	words_count(contact->queued, "message", count);
	client_reply(c, RPL_WHOISSPECIAL, "%s :queue: %s", nick, contact->queued > 0 ? count : "empty");
}

static void contact_away(struct client *c, const struct contact *contact)
{
	char state[WORDS_STATE];

	words_contact(contact, state);
	if (contact->presence == PRESENCE_AWAY)
		client_reply(c, RPL_AWAY, "%s :%s", contact->row.petname,
			     contact->away_text[0] != '\0' ? contact->away_text : "away");
	else if (contact->presence == PRESENCE_OFFLINE)
		client_reply(c, RPL_AWAY, "%s :%s", contact->row.petname, state);
}

static void about_contact(struct client *c, const struct contact *contact)
{
	contact_times(c, contact);
	contact_state(c, contact);
	if (contact->link_up)
		client_reply(c, RPL_WHOISSECURE,
			     "%s :is using a secure connection: end to end encrypted, %s",
			     contact->row.petname, contact->local ? "within this daemon" : "over Tor");
	contact_away(c, contact);
}

static void about(struct client *c, const struct person *p)
{
	client_reply(c, RPL_WHOISUSER, "%s %s %s * :%s", p->nick, p->user, p->host, p->realname);
	if (p->member && c->session != NULL)
		client_reply(c, RPL_WHOISCHANNELS, "%s :%s%s", p->nick, p->prefix, CONTROL_CHANNEL);
	client_reply(c, RPL_WHOISSERVER, "%s %s :allium", p->nick, c->gateway->server_name);
	if (p->account[0] != '\0')
		client_numeric(c, RPL_WHOISACCOUNT, "%s %s", p->nick, p->account);
	if (p->contact != NULL)
		about_contact(c, p->contact);
	else if (p->away)
		client_reply(c, RPL_AWAY, "%s :%s", p->nick, p->away_text);
}

/* `WHOIS nick`, or `WHOIS server nick`. */
void command_whois(struct client *c, const struct irc_message *m)
{
	const char *nick = m->n_params > 0 ? m->params[m->n_params > 1] : "";
	struct person p;

	if (nick[0] == '\0') {
		client_numeric(c, ERR_NONICKNAMEGIVEN, "%s", "");
		return;
	}
	if (person_find(c, nick, &p))
		about(c, &p);
	else
		client_numeric(c, ERR_NOSUCHNICK, "%s", nick);
	client_numeric(c, RPL_ENDOFWHOIS, "%s", nick);
}

/* Who is gone is still a contact, or forgotten. */
void command_whowas(struct client *c, const struct irc_message *m)
{
	const char *nick = m->n_params > 0 ? m->params[0] : "";

	if (nick[0] == '\0') {
		client_numeric(c, ERR_NONICKNAMEGIVEN, "%s", "");
		return;
	}
	client_numeric(c, ERR_WASNOSUCHNICK, "%s", nick);
	client_numeric(c, RPL_ENDOFWHOWAS, "%s", nick);
}
