/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `set`: what the user may choose, and what follows from a choice. */
#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "base/str.h"
#include "chat/history.h"

#include "member.h"
#include "service.h"
#include "session.h"
#include "setting.h"
#include "tagmsg.h"
#include "words.h"

/* ---- of the account ---- */

static int keep(struct session *s, enum setting_index i, uint64_t value, const char *text)
{
	struct chat *chat = session_chat(s);
	struct now now = gateway_now(s->gateway);

	if (i == SETTING_COVER)
		return chat_set_cover(chat, now, (enum chat_cover)value);
	if (i == SETTING_EXPIRE)
		return chat_set_expire(chat, now, NULL, value);
	return chat_setting_set(chat, setting_table[i].name, text);
}

static int change(struct session *s, const struct setting *row, uint64_t value)
{
	enum setting_index i = (enum setting_index)(row - setting_table);
	char text[SETTING_VALUE_MAX + 1];
	int err;

	if (value == s->settings[i])
		return 0;
	setting_format(row, value, text);
	err = keep(s, i, value, text);
	if (err != 0)
		return err;
	s->settings[i] = value;
	if (i == SETTING_CONTACTS_SHOW)
		member_on_show(s);
	if (i == SETTING_TYPING)
		tagmsg_on_setting(s);
	return 0;
}

static void show(struct client *c, const struct setting *row)
{
	char text[SETTING_VALUE_MAX + 1];

	setting_format(row, c->session->settings[row - setting_table], text);
	client_notice(c, "%s = %s (default: %s) - %s", row->name, text, row->standard, row->brief);
}

static void tell_allowed(struct client *c, const struct setting *row)
{
	char allowed[SETTING_ALLOWED];

	setting_allowed(row, allowed);
	client_notice(c, "%s takes: %s", row->name, allowed);
}

static void list(struct client *c)
{
	for (size_t i = 0; i < SETTING_COUNT; i++)
		show(c, &setting_table[i]);
	client_notice(c,
		      "`set <name> <value>` changes one, `help set <name>` tells more about it. Each contact has "
		      "<nick>.%s.",
		      setting_contact_expire.name);
}

/* NULL, with words. */
static const struct setting *find(struct client *c, const char *name)
{
	const struct setting *row = setting_find(name);

	if (row == NULL)
		client_notice(c, "There is no setting %s. `set` lists them.", name);
	return row;
}

/* ---- of one contact ---- */

/* A name of a contact, or of a contact and its setting: nicks hold no dot, so it is not taken for another. */
static struct contact *find_contact(const struct client *c, const char *name)
{
	const char *dot = strrchr(name, '.');
	size_t len = dot != NULL ? (size_t)(dot - name) : strlen(name);
	char nick[NICK_MAX + 1];

	if (setting_find(name) != NULL || str_copy_n(nick, sizeof(nick), name, len) != 0 ||
	    (dot != NULL && strcasecmp(dot + 1, setting_contact_expire.name) != 0))
		return NULL;
	return chat_find(session_chat(c->session), nick);
}

/* "default" beside what a duration takes. */
static int parse_expire(const char *text, uint64_t *value)
{
	int err;

	*value = EXPIRE_DEFAULT;
	if (strcasecmp(text, setting_contact_expire.standard) == 0)
		return 0;
	err = setting_parse(&setting_contact_expire, text, value);
	if (err == 0 && *value == 0)
		*value = EXPIRE_NEVER;
	return err;
}

static void format_expire(uint64_t value, char out[SETTING_VALUE_MAX + 1])
{
	if (value == EXPIRE_DEFAULT)
		str_copy(out, SETTING_VALUE_MAX + 1, setting_contact_expire.standard);
	else
		setting_format(&setting_contact_expire, value == EXPIRE_NEVER ? 0 : value, out);
}

static void tell_contact_allowed(struct client *c, const struct contact *contact)
{
	char allowed[SETTING_ALLOWED];

	setting_allowed(&setting_contact_expire, allowed);
	client_notice(c, "%s.%s takes: %s, %s", contact->row.petname, setting_contact_expire.name, allowed,
		      setting_contact_expire.standard);
}

static void show_contact(struct client *c, const struct contact *contact)
{
	char text[SETTING_VALUE_MAX + 1], standard[SETTING_VALUE_MAX + 1];

	format_expire(contact->row.expire_ms, text);
	setting_format(&setting_table[SETTING_EXPIRE], c->session->settings[SETTING_EXPIRE], standard);
	client_notice(c, "%s.%s = %s (default: as `expire`, now %s) - %s", contact->row.petname,
		      setting_contact_expire.name, text, standard, setting_contact_expire.brief);
	tell_contact_allowed(c, contact);
}

static void set_contact(struct client *c, struct contact *contact, const char *value)
{
	const char *nick = contact->row.petname, *name = setting_contact_expire.name;
	char text[SETTING_VALUE_MAX + 1];
	uint64_t expire_ms;
	int err;

	if (parse_expire(value, &expire_ms) != 0) {
		client_notice(c, "%s.%s can't be %s: nothing was changed.", nick, name, value);
		tell_contact_allowed(c, contact);
		return;
	}
	err = chat_set_expire(session_chat(c->session), gateway_now(c->gateway), contact, expire_ms);
	format_expire(expire_ms, text);
	if (err != 0)
		client_notice(c, "%s.%s was not changed. %s.", nick, name, words_error(err));
	else
		client_notice(c, "%s.%s is %s now. What %s has of the conversation is not touched.", nick,
			      name, text, nick);
}

static void help_contact(struct client *c, const struct contact *contact)
{
	const char *nick = contact->row.petname, *name = setting_contact_expire.name;

	client_notice(c, "Usage: set %s.%s <value>", nick, name);
	client_notice(c, "%s.%s: %s. %s", nick, name, setting_contact_expire.brief,
		      setting_contact_expire.page);
	tell_contact_allowed(c, contact);
}

/* ---- the commands ---- */

static void set_account(struct client *c, const struct setting *row, const char *value)
{
	char text[SETTING_VALUE_MAX + 1];
	uint64_t parsed;
	int err;

	if (setting_parse(row, value, &parsed) != 0) {
		client_notice(c, "%s can't be %s: nothing was changed.", row->name, value);
		tell_allowed(c, row);
		return;
	}
	err = change(c->session, row, parsed);
	setting_format(row, parsed, text);
	if (err != 0)
		client_notice(c, "%s was not changed. %s.", row->name, words_error(err));
	else
		client_notice(c, "%s is %s now.", row->name, text);
}

static void set_or_show_contact(struct client *c, struct contact *contact, const struct service_args *a)
{
	if (a->n == 1)
		show_contact(c, contact);
	else if (strchr(a->v[0], '.') != NULL)
		set_contact(c, contact, a->v[1]);
	else
		client_notice(c, "What can be set for %s is %s.%s.", contact->row.petname,
			      contact->row.petname, setting_contact_expire.name);
}

void service_set(struct client *c, const struct service_args *a)
{
	const struct setting *row;
	struct contact *contact = a->n > 0 ? find_contact(c, a->v[0]) : NULL;

	if (a->n == 0) {
		list(c);
		return;
	}
	if (contact != NULL) {
		set_or_show_contact(c, contact, a);
		return;
	}
	row = find(c, a->v[0]);
	if (row == NULL)
		return;
	if (a->n > 1) {
		set_account(c, row, a->v[1]);
		return;
	}
	show(c, row);
	tell_allowed(c, row);
}

void service_help_set(struct client *c, const char *name)
{
	const struct contact *contact = find_contact(c, name);
	const struct setting *row;

	if (contact != NULL) {
		help_contact(c, contact);
		return;
	}
	row = find(c, name);
	if (row == NULL)
		return;
	client_notice(c, "Usage: set %s <value>", row->name);
	client_notice(c, "%s: %s. %s", row->name, row->brief, row->page);
	tell_allowed(c, row);
	client_notice(c, "Its default is %s.", row->standard);
}
