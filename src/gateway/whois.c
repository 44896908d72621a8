/* SPDX-License-Identifier: GPL-3.0-or-later */
/* WHOIS. */
#include <string.h>

#include "base/str.h"

#include "command.h"
#include "person.h"
#include "target.h"
#include "words.h"

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

/* 317: since when it has been silent, and since when it is there. */
static void tell_times(struct client *c, const struct person *p)
{
	uint64_t since = p->contact != NULL ? p->contact->online_since_ms : 0;

	if (p->kind == PERSON_SELF)
		since = c->since_ms;
	if (since != 0)
		client_numeric(c, RPL_WHOISIDLE, "%s %llu %llu", p->nick, (unsigned long long)person_idle_s(c, p),
			       (unsigned long long)(since / 1000));
}

static void tell_secure(struct client *c, const struct person *p)
{
	if (p->contact != NULL && p->contact->link_up)
		client_reply(c, RPL_WHOISSECURE, "%s :is using a secure connection: end to end encrypted, %s",
			     p->nick, p->contact->local ? "within this daemon" : "over Tor");
	else if (p->kind == PERSON_SELF && stream_is_secure(c->stream))
		client_reply(c, RPL_WHOISSECURE, "%s :is using a secure connection: TLS", p->nick);
}

static void tell_away(struct client *c, const struct person *p)
{
	char state[WORDS_STATE];

	if (p->away) {
		client_reply(c, RPL_AWAY, "%s :%s", p->nick, p->away_text);
	} else if (!p->online) {
		words_contact(p->contact, state);
		client_reply(c, RPL_AWAY, "%s :%s", p->nick, state);
	}
}

static void about(struct client *c, const struct person *p)
{
	client_reply(c, RPL_WHOISUSER, "%s %s %s * :%s", p->nick, p->user, p->host, p->realname);
	if (p->member)
		client_reply(c, RPL_WHOISCHANNELS, "%s :%s%s", p->nick, p->prefix, CONTROL_CHANNEL);
	client_reply(c, RPL_WHOISSERVER, "%s %s :allium", p->nick, c->gateway->server_name);
	if (p->account[0] != '\0')
		client_numeric(c, RPL_WHOISACCOUNT, "%s %s", p->nick, p->account);
	if (p->bot)
		client_numeric(c, RPL_WHOISBOT, "%s", p->nick);
	tell_times(c, p);
	if (p->contact != NULL)
		contact_state(c, p->contact);
	tell_secure(c, p);
	tell_away(c, p);
}

/* `WHOIS nick`, or `WHOIS server nick`, where a nick may stand for the server that it is on: there is one. */
void command_whois(struct client *c, const struct irc_message *m)
{
	const char *server = m->n_params > 1 ? m->params[0] : NULL;
	const char *nick = m->n_params > 0 ? m->params[m->n_params > 1] : "";
	struct person p;

	if (nick[0] == '\0') {
		client_numeric(c, ERR_NONICKNAMEGIVEN, "%s", "");
		return;
	}
	if (server != NULL && !irc_mask_match(server, c->gateway->server_name) && !person_find(c, server, &p)) {
		client_numeric(c, ERR_NOSUCHSERVER, "%s", target_word(server));
		return;
	}
	if (person_find(c, nick, &p))
		about(c, &p);
	else
		client_numeric(c, ERR_NOSUCHNICK, "%s", target_word(nick));
	client_numeric(c, RPL_ENDOFWHOIS, "%s", target_word(nick));
}
