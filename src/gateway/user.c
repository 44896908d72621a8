/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Commands about oneself and the connection, and the two that ask who is there in one line. */
#include <stdio.h>
#include <string.h>

#include "base/str.h"

#include "command.h"
#include "monitor.h"
#include "person.h"
#include "session.h"
#include "words.h"

void command_ping(struct client *c, const struct irc_message *m)
{
	const char *server = c->gateway->server_name;

	if (m->n_params == 0 || m->params[0][0] == '\0') {
		client_numeric(c, ERR_NOORIGIN, "%s", "");
		return;
	}
	client_send_parts(c, (const char *const[]){":", server, " PONG ", server, " :", m->params[0], NULL});
}

/* `PONG token`, or `PONG server token`. */
void command_pong(struct client *c, const struct irc_message *m)
{
	for (size_t i = 0; i < m->n_params && i < 2; i++) {
		if (replay_on_pong(c, m->params[i])) {
			client_on_pong(c);
			return;
		}
	}
	if (m->n_params > 0 && strcmp(m->params[m->n_params - 1], c->gateway->server_name) == 0)
		client_on_pong(c);
}

void command_quit(struct client *c, const struct irc_message *m)
{
	char reason[IRC_LINE_MAX];

	snprintf(reason, sizeof(reason), "Closing link: %s",
		 m->n_params > 0 && m->params[0][0] != '\0' ? m->params[0] : "Client quit");
	client_end(c, reason);
}

void command_ignore(struct client *c, const struct irc_message *m)
{
	(void)c;
	(void)m;
}

/* Whoever has the capability reads FAIL, but perhaps this one alone (IRCv3 setname, "Errors"). */
static void refuse_realname(struct client *c)
{
	char text[64];

	str_fmt(text, sizeof(text), "A real name has 1 to %d bytes.", REALNAME_MAX);
	if (client_has(c, CAP_SETNAME))
		client_send(c, ":%s FAIL SETNAME INVALID_REALNAME :%s", c->gateway->server_name, text);
	else
		client_standard(c, STANDARD_FAIL, "SETNAME", "INVALID_REALNAME", "", "%s", text);
}

/* The real name stays on this machine.  It is one for all clients of the account, as the nick is. */
void command_setname(struct client *c, const struct irc_message *m)
{
	struct tags own = {.account = c->account != NULL ? account_name(c->account) : NULL, .bot = c->bot};
	const char *name = m->params[0];
	char mask[MASK_SIZE];
	struct client *other;

	if (name[0] == '\0' || strlen(name) > REALNAME_MAX) {
		refuse_realname(c);
		return;
	}
	client_mask(c, mask);
	str_copy(c->realname, sizeof(c->realname), name);
	if (client_has(c, CAP_SETNAME))
		client_send_tagged(c, &own, ":%s SETNAME :%s", mask, name);
	if (c->session == NULL)
		return;
	TAILQ_FOREACH (other, &c->session->clients, session_link) {
		str_copy(other->realname, sizeof(other->realname), name);
		if (other != c && monitor_sees(other, other->nick, CAP_SETNAME))
			client_send_tagged(other, &own, ":%s SETNAME :%s", mask, name);
	}
}

/* OPER has nobody to make an operator of. */
void command_oper(struct client *c, const struct irc_message *m)
{
	(void)m;
	client_numeric(c, ERR_NOOPERHOST, "%s", "");
}

/* What only operators may do, whom there are none of. */
void command_privileged(struct client *c, const struct irc_message *m)
{
	(void)m;
	client_numeric(c, ERR_NOPRIVILEGES, "%s", "");
}

/* Appends an item to a reply of one line; what does not fit is left out. */
static void add_item(char *line, size_t size, const char *item)
{
	size_t used = strlen(line);

	if (used + strlen(item) + 2 <= size)
		str_fmt(line + used, size - used, "%s%s", used > 0 ? " " : "", item);
}

void command_ison(struct client *c, const struct irc_message *m)
{
	char names[IRC_LINE_MAX];
	char line[400] = "";
	struct person p;
	char *rest = names;
	const char *nick;

	for (size_t i = 0; i < m->n_params; i++) {
		str_copy(names, sizeof(names), m->params[i]);
		rest = names;
		while ((nick = strsep(&rest, " ")) != NULL)
			if (*nick != '\0' && person_find(c, nick, &p) && p.online)
				add_item(line, sizeof(line), p.nick);
	}
	client_reply(c, RPL_ISON, ":%s", line);
}

void command_userhost(struct client *c, const struct irc_message *m)
{
	char line[400] = "";
	char item[MASK_SIZE];
	struct person p;

	for (size_t i = 0; i < m->n_params && i < 5; i++) {
		if (!person_find(c, m->params[i], &p) || !p.online)
			continue;
		str_fmt(item, sizeof(item), "%s=%c%s@%s", p.nick, p.away ? '-' : '+', p.user, p.host);
		add_item(line, sizeof(line), item);
	}
	client_reply(c, RPL_USERHOST, ":%s", line);
}
