/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `set`: what the user may choose, and what follows from a choice. */
#include <string.h>

#include "base/err.h"
#include "base/str.h"

#include "member.h"
#include "service.h"
#include "session.h"
#include "setting.h"
#include "words.h"

static int change(struct session *s, const struct setting *row, uint64_t value)
{
	enum setting_index i = (enum setting_index)(row - setting_table);
	char text[SETTING_VALUE_MAX + 1];
	int err;

	if (value == s->settings[i])
		return 0;
	setting_format(row, value, text);
	err = i == SETTING_COVER
		  ? chat_set_cover(session_chat(s), gateway_now(s->gateway), (enum chat_cover)value)
		  : chat_setting_set(session_chat(s), row->name, text);
	if (err != 0)
		return err;
	s->settings[i] = value;
	if (i == SETTING_CONTACTS_SHOW)
		member_on_show(s);
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
	client_notice(c, "`set <name> <value>` changes one, `help set <name>` tells more about it.");
}

/* NULL, with words. */
static const struct setting *find(struct client *c, const char *name)
{
	const struct setting *row = setting_find(name);

	if (row == NULL)
		client_notice(c, "There is no setting %s. `set` lists them.", name);
	return row;
}

void service_set(struct client *c, const struct service_args *a)
{
	const struct setting *row;
	char text[SETTING_VALUE_MAX + 1];
	uint64_t value;
	int err;

	if (a->n == 0) {
		list(c);
		return;
	}
	row = find(c, a->v[0]);
	if (row == NULL)
		return;
	if (a->n == 1) {
		show(c, row);
		tell_allowed(c, row);
		return;
	}
	if (setting_parse(row, a->v[1], &value) != 0) {
		client_notice(c, "%s can't be %s: nothing was changed.", row->name, a->v[1]);
		tell_allowed(c, row);
		return;
	}
	err = change(c->session, row, value);
	setting_format(row, value, text);
	if (err != 0)
		client_notice(c, "%s was not changed. %s.", row->name, words_error(err));
	else
		client_notice(c, "%s is %s now.", row->name, text);
}

void service_help_set(struct client *c, const char *name)
{
	const struct setting *row = find(c, name);

	if (row == NULL)
		return;
	client_notice(c, "Usage: set %s <value>", row->name);
	client_notice(c, "%s: %s. %s", row->name, row->brief, row->page);
	tell_allowed(c, row);
	client_notice(c, "Its default is %s.", row->standard);
}
