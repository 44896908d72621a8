/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `door` and `address`: who can ask, and what the address tells about its owner. */
#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "base/str.h"

#include "qr.h"
#include "service.h"
#include "session.h"
#include "words.h"

#define NAMED_MAX 9 /* contacts in one answer */

/* ---- contacts who know only the door ---- */

struct named {
	size_t n;
	char list[NAMED_MAX * (NICK_MAX + 2) + 1];
};

static int add_name(void *ctx, const struct contact *contact)
{
	struct named *names = ctx;
	size_t used = strlen(names->list);

	if (names->n++ < NAMED_MAX)
		str_fmt(names->list + used, sizeof(names->list) - used, "%s%s", used > 0 ? ", " : "",
			contact->row.petname);
	return 0;
}

bool service_address_published(const struct chat *chat)
{
	struct named names = {.n = 0};

	chat_unmoved_each(chat, add_name, &names);
	return chat_door(chat) || (names.n > 0 && !chat_door_gone(chat));
}

static void tell_unmoved(struct client *c, const struct named *names)
{
	char more[WORDS_COUNT] = "";

	if (names->n > NAMED_MAX)
		str_fmt(more, sizeof(more), " and %zu more", names->n - NAMED_MAX);
	client_notice(c, "Contacts who know only your address, until they are reached: %s%s", names->list,
		      more);
}

static void tell_closed(struct client *c)
{
	const struct chat *chat = session_chat(c->session);
	struct named names = {.n = 0};

	chat_unmoved_each(chat, add_name, &names);
	client_notice(c,
		      "The door is closed: nobody can ask to be your contact. Contacts reach you on private "
		      "services; `invite` lets people in, `door open` opens it.");
	if (!service_address_published(chat))
		client_notice(c, "Your address is withdrawn: nobody can tell by it when you are online.");
	if (names.n == 0)
		return;
	tell_unmoved(c, &names);
	if (chat_door_gone(chat))
		client_notice(c, "They can't call you until you have reached them.");
	else
		client_notice(
		    c, "Until all are reached, your address stays published for them, and whoever has it can "
		       "see when you are online. `door closed now` withdraws it at once: then they can't "
		       "call you until you have reached them.");
}

/* ---- the door ---- */

void service_tell_door(struct client *c)
{
	if (chat_door(session_chat(c->session)))
		client_notice(
		    c, "The door is open: whoever has your address can ask to be your contact, and can see "
		       "when you are online. `door closed` ends both; `invite` lets people in all the same.");
	else
		tell_closed(c);
}

void service_door(struct client *c, const struct service_args *a)
{
	bool open = a->n > 0 && strcasecmp(a->v[0], "open") == 0;
	bool closed = a->n > 0 && strcasecmp(a->v[0], "closed") == 0;
	bool now = a->n > 1 && strcasecmp(a->v[1], "now") == 0;
	int err = 0;

	if ((a->n > 0 && !open && !closed) || (a->n > 1 && !(closed && now))) {
		service_tell_usage(c, "door");
		return;
	}
	if (a->n > 0)
		err = chat_set_door(session_chat(c->session), gateway_now(c->gateway), open, now);
	if (err != 0)
		client_notice(c, "The door stays as it was. %s.", words_error(err));
	else
		service_tell_door(c);
}

/* ---- the address ---- */

static void show_line(void *ctx, const char *line)
{
	client_notice(ctx, "%s", line);
}

void service_address(struct client *c, const struct service_args *a)
{
	char address[ONION_HOST_LEN + 1];

	(void)a;
	str_fmt(address, sizeof(address), "%s.onion", chat_onion(session_chat(c->session)));
	client_notice(c, "Your address: %s", address);
	qr_each_line(address, show_line, c);
	if (chat_door(session_chat(c->session)))
		client_notice(c, "Others add you with: add %s %s", c->nick, address);
	service_tell_door(c);
}
