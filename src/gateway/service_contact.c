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

	if (contact->row.state == CONTACT_INVITED)
		client_notice(
		    c,
		    "%s will be your contact as soon as they can be reached: the invitation is shown to "
		    "them then. You can write already: /msg %s <text>",
		    nick, nick);
	else if (contact->row.state == CONTACT_ASKED)
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
	if (err == ERR_WRONG_STATE && existing != NULL && existing->row.blocked)
		client_notice(c, "That address is your contact %s, who is blocked: `unblock %s` ends that.",
			      existing->row.petname, existing->row.petname);
	else if (err == ERR_WRONG_STATE && existing != NULL)
		client_notice(
		    c, "That address is your contact %s already. `rename %s <new>` gives it another nick.",
		    existing->row.petname, existing->row.petname);
	else if (err == ERR_REFUSED)
		client_notice(c, "That leads to yourself: %s was not added.", nick);
	else if (err == ERR_TIMEOUT)
		client_notice(c, "That invitation has expired: ask for another. %s was not added.", nick);
	else if (err == ERR_TOO_LONG)
		client_notice(c, "The message may have %d bytes: %s was not added.", REQUEST_TEXT_MAX, nick);
	else
		client_notice(c, "%s was not added. %s.", nick, words_error(err));
}

static void tell_result(struct client *c, const char *nick, int err, const struct contact *existing)
{
	const struct contact *contact = chat_find(chat_of(c), nick);

	if (err != 0)
		tell_not_added(c, nick, err, existing);
	else if (contact != NULL)
		tell_added(c, contact);
}

static void add_address(struct client *c, const char *nick, const char *address, const char *message)
{
	const struct contact *existing = NULL;
	uint8_t identity[KEY_BYTES];
	int err;

	if (onion_decode(address, identity) != 0) {
		client_notice(
		    c,
		    "That is not an address: it has %d letters and digits 2-7, perhaps with .onion "
		    "at its end, and its checksum must be right. An invitation begins with " INVITE_PREFIX,
		    ONION_LEN);
		return;
	}
	err = chat_add(chat_of(c), gateway_now(c->gateway), nick, identity, message, &existing);
	tell_result(c, nick, err, existing);
}

static bool is_pinned(const struct contact *contact)
{
	return contact != NULL &&
	       (contact->row.state == CONTACT_ACCEPTING || contact->row.state == CONTACT_LINKED);
}

static void show_invitation(struct client *c, const char *nick, const struct invite *inv)
{
	bool known = is_pinned(chat_find(chat_of(c), nick));
	const struct contact *existing = NULL;
	int err = chat_add_invited(chat_of(c), gateway_now(c->gateway), nick, inv, &existing);

	if (err == 0 && known)
		client_notice(c, "%s is your contact already, and is called where the invitation leads.", nick);
	else if (err == ERR_REFUSED && memcmp(inv->identity, chat_identity(chat_of(c)), KEY_BYTES) != 0)
		client_notice(c, "That invitation is refused: a key in it belongs to another contact.");
	else
		tell_result(c, nick, err, existing);
}

static void add_invited(struct client *c, const char *nick, const char *text, bool message)
{
	struct invite inv;
	int err = chat_invite_read(text, &inv);

	if (err == ERR_VERSION)
		client_notice(c, "That invitation is for another version of allium than this one.");
	else if (err != 0)
		client_notice(c, "That invitation is damaged: copy all of its %d characters, in one line.",
			      INVITE_LEN);
	else
		show_invitation(c, nick, &inv);
	if (err == 0 && message)
		client_notice(c, "An invitation takes no message along. Send it with: /msg %s <text>", nick);
	crypto_wipe(&inv, sizeof(inv));
}

void service_add(struct client *c, const struct service_args *a)
{
	if (chat_invite_is(a->v[1]))
		add_invited(c, a->v[0], a->v[1], a->n > 2);
	else
		add_address(c, a->v[0], a->v[1], a->n > 2 ? a->v[2] : "");
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
		service_tell_usage(c, "accept");
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

static void reject_all(struct client *c)
{
	size_t n = 0;
	int err = chat_reject_all(chat_of(c), gateway_now(c->gateway), &n);
	char count[WORDS_COUNT];

	words_count(n, "request", count);
	if (err != 0)
		client_notice(c, "Not all were rejected. %s.", words_error(err));
	else if (n == 0)
		client_notice(c, "Nobody asks to be your contact.");
	else
		client_notice(c, "Refused: %s. Not shown again.", count);
}

void service_reject(struct client *c, const struct service_args *a)
{
	int err;

	if (strcasecmp(a->v[0], "all") == 0) {
		reject_all(c);
		return;
	}
	err = chat_reject(chat_of(c), gateway_now(c->gateway), a->v[0]);
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
	bool called = contact->presence == PRESENCE_OFFLINE && !contact->row.blocked;
	char state[WORDS_STATE];

	words_contact(contact, state);
	client_notice(c, "%s%s: %s%s%s", contact->row.petname, contact->local ? " (of this household)" : "", state,
		      called && contact->trouble[0] != '\0' ? "; the last try failed: " : "",
		      called ? contact->trouble : "");
	return 0;
}

void service_contacts(struct client *c, const struct service_args *a)
{
	size_t n = chat_count(chat_of(c));
	char count[WORDS_COUNT];

	(void)a;
	if (n == 0) {
		client_notice(c, "You have no contacts yet. To make one: add <nick> <address>, or give your "
				 "own address away (`address`), or an invitation (`invite`).");
		return;
	}
	words_count(n, "contact", count);
	client_notice(c, "%s:", count);
	chat_each(chat_of(c), show_contact, c);
}

static void show_link(struct client *c, const struct contact *contact)
{
	const char *nick = contact->row.petname;

	if (contact->row.blocked)
		return;
	if (contact->local)
		client_notice(c, "%s: of this household: reached by a local link, without Tor", nick);
	if (contact->link_up)
		client_notice(c, "%s: a link stands, %s%s", nick,
			      contact->link_incoming ? "dialled by them" : "dialled by us",
			      contact->local ? "" : "; `tor` shows its circuit");
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
	char nick[NICK_MAX + 1], onion[ONION_LEN + 1];
	bool local;
	size_t queued;
	int err;

	if (contact == NULL)
		return;
	str_copy(nick, sizeof(nick), contact->row.petname);
	str_copy(onion, sizeof(onion), contact->onion);
	queued = contact->queued;
	local = contact->local;
	err = chat_remove(chat_of(c), gateway_now(c->gateway), nick);
	words_count(queued, "message", count);
	if (err != 0)
		client_notice(c, "%s was not removed. %s.", nick, words_error(err));
	else
		client_notice(c, "%s is forgotten, with the conversation and %s that waited.", nick, count);
	if (err == 0 && local)
		client_notice(c, "Of your household, they come back only by: add %s %s", nick, onion);
}

/* ---- block ---- */

void service_block(struct client *c, const struct service_args *a)
{
	const struct contact *contact = service_find_contact(c, a->v[0]);
	const char *nick = contact != NULL ? contact->row.petname : NULL;
	size_t failed = 0;
	int err;

	if (contact == NULL)
		return;
	/* A line of the conversation says that it is done, and what is not sent. */
	err = chat_block(chat_of(c), gateway_now(c->gateway), nick, &failed);
	if (err == ERR_WRONG_STATE)
		client_notice(c, "%s is blocked already.", nick);
	else if (err != 0)
		client_notice(c, "%s was not blocked. %s.", nick, words_error(err));
	else
		client_notice(c, "%s can't reach you any more, and is not told. `unblock %s` takes it back.",
			      nick, nick);
	if (err == 0 && service_address_published(chat_of(c)))
		client_notice(c,
			      "Your address is published: by it %s can still see when you are online. `door "
			      "closed%s` ends that.",
			      nick, chat_door(chat_of(c)) ? "" : " now");
}

void service_unblock(struct client *c, const struct service_args *a)
{
	const struct contact *contact = service_find_contact(c, a->v[0]);
	const char *nick = contact != NULL ? contact->row.petname : NULL;
	int err;

	if (contact == NULL)
		return;
	err = chat_unblock(chat_of(c), gateway_now(c->gateway), nick);
	if (err == ERR_WRONG_STATE)
		client_notice(c, "%s is not blocked.", nick);
	else if (err != 0)
		client_notice(c, "%s stays blocked. %s.", nick, words_error(err));
	else
		client_notice(c, "%s is called again from now on. What was not sent stays unsent.", nick);
}

/* ---- retry ---- */

void service_retry(struct client *c, const struct service_args *a)
{
	const struct chat_tor_status *t = chat_tor(chat_of(c));
	struct contact *contact = NULL;
	char words[WORDS_TOR];

	if (a->n > 0 && (contact = service_find_contact(c, a->v[0])) == NULL)
		return;
	if (contact != NULL && contact->row.blocked) {
		client_notice(c, "%s is blocked: `unblock %s` first.", contact->row.petname,
			      contact->row.petname);
		return;
	}
	chat_retry(chat_of(c), gateway_now(c->gateway), contact);
	if (!t->ready && (contact == NULL || !contact->local)) {
		words_tor(t, words);
		client_notice(c, "%s.%s", words, t->off ? "" : " Everybody is called once it is ready.");
		return;
	}
	if (contact != NULL)
		client_notice(c, "%s is being called now.", contact->row.petname);
	else
		client_notice(c, "All contacts that are offline are being called now.");
}
