/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "command.h"

#include <strings.h>

#include "base/err.h"

#include "session.h"

struct command {
	const char *name;
	enum command_who who;
	size_t least;
	void (*handler)(struct client *c, const struct irc_message *m);
};

static const struct command table[] = {
#define X(name, who, least, handler) {name, who, least, handler},
    COMMAND_MAP(X)
#undef X
};

static const struct command *find(const char *name)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (strcasecmp(table[i].name, name) == 0)
			return &table[i];
	return NULL;
}

/* Answers who may not call it now. */
static bool may_call(struct client *c, const struct command *cmd)
{
	switch (cmd->who) {
	case WHO_ANY:
		return true;
	case WHO_NEW:
		if (c->registered)
			client_numeric(c, ERR_ALREADYREGISTERED, "%s", "");
		return !c->registered;
	case WHO_REGISTERED:
		if (!c->registered)
			client_numeric(c, ERR_NOTREGISTERED, "%s", "");
		return c->registered;
	}
	return false;
}

static void dispatch(struct client *c, const struct irc_message *m)
{
	const struct command *cmd = find(m->command);

	if (cmd == NULL && !c->registered) {
		client_numeric(c, ERR_NOTREGISTERED, "%s", "");
		return;
	}
	if (cmd == NULL) {
		client_numeric(c, ERR_UNKNOWNCOMMAND, "%s", m->command);
		return;
	}
	if (!may_call(c, cmd))
		return;
	if (m->n_params < cmd->least) {
		client_numeric(c, ERR_NEEDMOREPARAMS, "%s", cmd->name);
		return;
	}
	cmd->handler(c, m);
}

void command_line(struct client *c, char *line, size_t len)
{
	struct irc_message m;
	int err = irc_parse(line, len, &m);

	if (err == ERR_TOO_LONG)
		client_numeric(c, ERR_INPUTTOOLONG, "%s", "");
	if (err != 0)
		return;
	if (c->session != NULL)
		c->session->sender = c;
	dispatch(c, &m);
	/* The session may be another one now, or none. */
	if (c->session != NULL)
		c->session->sender = NULL;
}
