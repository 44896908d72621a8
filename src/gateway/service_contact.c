/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Commands about contacts and requests. */
#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "base/str.h"

#include "service.h"
#include "session.h"
#include "words.h"

static struct chat *chat_of(const struct client *c)
{
	return session_chat(c->session);
}

struct contact *service_find_contact(struct client *c, const char *nick)
{
	struct contact *contact = chat_find(chat_of(c), nick);

	if (contact == NULL)
		client_notice(c, "You have no contact %s. `contacts` lists them, `requests` those who ask.",
			      nick);
	return contact;
}

/* ---- add ---- */

static void tell_added(struct client *c, const struct contact *contact)
{
	const char *nick = contact->row.petname;

	if (contact->row.state == CONTACT_ASKED)
		client_notice(c,
			      "%s will be asked to be your contact as soon as the address can be reached. "
			      "You can write already: /msg %s <text>",
			      nick, nick);
	else
		client_notice(c, "%s had asked you: now you are contacts. Write with /msg %s <text>", nick,
			      nick);
}

static void tell_not_added(struct client *c, const char *nick, int err, const struct contact *existing)
{
	if (err == ERR_WRONG_STATE && existing != NULL)
		client_notice(
		    c, "That address is your contact %s already. `rename %s <new>` gives it another nick.",
		    existing->row.petname, existing->row.petname);
	else if (err == ERR_REFUSED)
		client_notice(c, "That is your own address.");
	else if (err == ERR_TOO_LONG)
		client_notice(c, "The message may have %d bytes: %s was not added.", REQUEST_TEXT_MAX, nick);
	else
		client_notice(c, "%s was not added. %s.", nick, words_error(err));
}

void service_add(struct client *c, const struct service_args *a)
{
	const struct contact *contact = NULL;
	uint8_t identity[KEY_BYTES];
	int err;

	if (onion_decode(a->v[1], identity) != 0) {
		client_notice(c,
			      "That is not an address: it has %d letters and digits 2-7, perhaps with .onion "
			      "at its end, and its checksum must be right.",
			      ONION_LEN);
		return;
	}
	err = chat_add(chat_of(c), gateway_now(c->gateway), a->v[0], identity, a->n > 2 ? a->v[2] : "",
		       &contact);
	if (err != 0) {
		tell_not_added(c, a->v[0], err, contact);
		return;
	}
	contact = chat_find(chat_of(c), a->v[0]);
	if (contact != NULL)
		tell_added(c, contact);
}

/* ---- requests ---- */

static int show_request(void *ctx, const struct request_row *r)
{
	session_announce_request(ctx, r);
	return 0;
}

void service_requests(struct client *c, const struct service_args *a)
{
	(void)a;
	if (chat_requests(chat_of(c)) == 0)
		client_notice(c, "Nobody asks to be your contact.");
	chat_requests_each(chat_of(c), show_request, c);
}

void service_accept(struct client *c, const struct service_args *a)
{
	const struct contact *contact = NULL;
	int err;

	if (a->n == 2 || (a->n == 3 && strcasecmp(a->v[1], "as") != 0)) {
		client_notice(c, "Usage: accept <nick> [as <petname>]");
		return;
	}
	err = chat_accept(chat_of(c), gateway_now(c->gateway), a->v[0], a->n == 3 ? a->v[2] : NULL, &contact);
	if (err == ERR_NOT_FOUND)
		client_notice(c, "Nobody named %s asks to be your contact. `requests` lists who does.",
			      a->v[0]);
	else if (err != 0)
		client_notice(c, "%s was not accepted. %s. Another name goes with: accept %s as <petname>",
			      a->v[0], words_error(err), a->v[0]);
	else
		client_notice(c,
			      "%s is your contact now, and is told as soon as they can be reached. Write "
			      "with /msg %s <text>",
			      contact->row.petname, contact->row.petname);
}

void service_reject(struct client *c, const struct service_args *a)
{
	int err = chat_reject(chat_of(c), gateway_now(c->gateway), a->v[0]);

	if (err == ERR_NOT_FOUND)
		client_notice(c, "Nobody named %s asks to be your contact. `requests` lists who does.",
			      a->v[0]);
	else if (err != 0)
		client_notice(c, "%s was not rejected. %s.", a->v[0], words_error(err));
	else
		client_notice(c, "The request of %s is refused and is not shown again.", a->v[0]);
}

/* ---- contacts ---- */

static int show_contact(void *ctx, const struct contact *contact)
{
	struct client *c = ctx;
	char state[WORDS_STATE];

	words_contact(contact, state);
	client_notice(c, "%s: %s%s%s", contact->row.petname, state,
		      contact->presence == PRESENCE_OFFLINE && contact->trouble[0] != '\0'
			  ? "; the last try failed: "
			  : "",
		      contact->presence == PRESENCE_OFFLINE ? contact->trouble : "");
	return 0;
}

void service_contacts(struct client *c, const struct service_args *a)
{
	size_t n = chat_count(chat_of(c));
	char count[WORDS_COUNT];

	(void)a;
	if (n == 0) {
		client_notice(c, "You have no contacts yet. To make one: add <nick> <address>, or give your "
				 "own address away (`address`).");
		return;
	}
	words_count(n, "contact", count);
	client_notice(c, "%s:", count);
	chat_each(chat_of(c), show_contact, c);
}

static void show_link(struct client *c, const struct contact *contact)
{
	const char *nick = contact->row.petname;

	if (contact->link_up)
		client_notice(c, "%s: a link stands, %s; `tor` shows its circuit", nick,
			      contact->link_incoming ? "dialled by them" : "dialled by us");
	else if (contact->dialling)
		client_notice(c, "%s: no link; being dialled now", nick);
	else
		client_notice(c, "%s: no link; `retry %s` dials at once", nick, nick);
	if (!contact->link_up && contact->trouble[0] != '\0')
		client_notice(c, "%s: the last try failed: %s", nick, contact->trouble);
}

void service_info(struct client *c, const struct service_args *a)
{
	const struct contact *contact = service_find_contact(c, a->v[0]);
	char since[WORDS_TIME];
	char state[WORDS_STATE];

	if (contact == NULL)
		return;
	words_contact(contact, state);
	words_time(contact->row.created_ms, since);
	client_notice(c, "%s: %s.onion", contact->row.petname, contact->onion);
	client_notice(c, "%s: %s", contact->row.petname, state);
	client_notice(c, "%s: keys: %s", contact->row.petname, words_keys(contact));
	show_link(c, contact);
	if (contact->row.their_nick[0] != '\0')
		client_notice(c, "%s: calls themselves %s", contact->row.petname, contact->row.their_nick);
	client_notice(c, "%s: in your contacts since %s", contact->row.petname, since);
}

void service_rename(struct client *c, const struct service_args *a)
{
	int err = chat_rename(chat_of(c), gateway_now(c->gateway), a->v[0], a->v[1]);

	if (err == ERR_NOT_FOUND)
		client_notice(c, "You have no contact %s. `contacts` lists them.", a->v[0]);
	else if (err != 0)
		client_notice(c, "%s keeps the name. %s.", a->v[0], words_error(err));
	else
		client_notice(c, "%s is %s now.", a->v[0], a->v[1]);
}

void service_remove(struct client *c, const struct service_args *a)
{
	const struct contact *contact = service_find_contact(c, a->v[0]);
	char count[WORDS_COUNT];
	char nick[NICK_MAX + 1];
	size_t queued;
	int err;

	if (contact == NULL)
		return;
	str_copy(nick, sizeof(nick), contact->row.petname);
	queued = contact->queued;
	err = chat_remove(chat_of(c), gateway_now(c->gateway), nick);
	words_count(queued, "message", count);
	if (err != 0)
		client_notice(c, "%s was not removed. %s.", nick, words_error(err));
	else
		client_notice(c, "%s is forgotten, with the conversation and %s that waited.", nick, count);
}

void service_retry(struct client *c, const struct service_args *a)
{
	const struct chat_tor_status *t = chat_tor(chat_of(c));
	struct contact *contact = NULL;
	char words[WORDS_TOR];

	if (a->n > 0 && (contact = service_find_contact(c, a->v[0])) == NULL)
		return;
	if (!t->ready) {
		words_tor(t, words);
		client_notice(c, "%s.%s", words, t->off ? "" : " Everybody is called once it is ready.");
		return;
	}
	chat_retry(chat_of(c), gateway_now(c->gateway), contact);
	client_notice(c, "%s being called now.",
		      contact != NULL ? "The contact is" : "All contacts that are offline are");
}
