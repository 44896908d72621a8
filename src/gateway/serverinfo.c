/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the server says about itself. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"

#include "command.h"
#include "config.h"
#include "person.h"
#include "service.h"
#include "words.h"

#define TOKENS_A_LINE 12

static void send_isupport(struct client *c)
{
	char line[400] = "";
	size_t in_line = 0;

	for (size_t i = 0; isupport_token(i) != NULL; i++) {
		size_t used = strlen(line);

		str_fmt(line + used, sizeof(line) - used, "%s%s", used > 0 ? " " : "", isupport_token(i));
		if (++in_line == TOKENS_A_LINE || isupport_token(i + 1) == NULL) {
			client_numeric(c, RPL_ISUPPORT, "%s", line);
			line[0] = '\0';
			in_line = 0;
		}
	}
}

static void count_users(void *ctx, const struct person *p)
{
	size_t *n = ctx;

	*n += p->online && p->kind != PERSON_SERVICE;
}

/* The account's own view: what others do on this daemon is nobody's business. */
static void send_lusers(struct client *c)
{
	size_t n = 0;

	person_each_member(c, count_users, &n);
	client_reply(c, RPL_LUSERCLIENT, ":There are %zu users and 0 invisible on 1 servers", n);
	client_numeric(c, RPL_LUSEROP, "0");
	client_numeric(c, RPL_LUSERUNKNOWN, "0");
	client_numeric(c, RPL_LUSERCHANNELS, "%d", c->account != NULL ? 1 : 0);
	client_reply(c, RPL_LUSERME, ":I have %zu clients and 0 servers", n);
	client_reply(c, RPL_LOCALUSERS, "%zu %zu :Current local users %zu, max %zu", n, n, n, n);
	client_reply(c, RPL_GLOBALUSERS, "%zu %zu :Current global users %zu, max %zu", n, n, n, n);
}

void serverinfo_welcome(struct client *c)
{
	const char *server = c->gateway->server_name;
	char mask[MASK_SIZE];
	char since[WORDS_TIME];

	client_mask(c, mask);
	words_time(c->gateway->started_ms, since);
	client_reply(c, RPL_WELCOME, ":Welcome to allium, %s", mask);
	client_reply(c, RPL_YOURHOST, ":Your host is %s, running allium-%s", server, PACKAGE_VERSION);
	client_reply(c, RPL_CREATED, ":This server was started %s", since);
	client_reply(c, RPL_MYINFO, "%s allium-%s i bnt b", server, PACKAGE_VERSION);
	send_isupport(c);
	send_lusers(c);
	client_numeric(c, ERR_NOMOTD, "%s", "");
}

void command_lusers(struct client *c, const struct irc_message *m)
{
	(void)m;
	send_lusers(c);
}

/* Is the query for this server?  402 if it names another. */
static bool names_us(struct client *c, const char *target)
{
	struct person p;

	if (irc_mask_match(target, c->gateway->server_name) || person_find(c, target, &p))
		return true;
	client_numeric(c, ERR_NOSUCHSERVER, "%s", target);
	return false;
}

static bool is_here(struct client *c, const struct irc_message *m)
{
	return m->n_params == 0 || names_us(c, m->params[0]);
}

void command_version(struct client *c, const struct irc_message *m)
{
	if (!is_here(c, m))
		return;
	client_reply(c, RPL_VERSION, "allium-%s %s :messages over Tor, end-to-end encrypted", PACKAGE_VERSION,
		     c->gateway->server_name);
	send_isupport(c);
}

void command_motd(struct client *c, const struct irc_message *m)
{
	if (is_here(c, m))
		client_numeric(c, ERR_NOMOTD, "%s", "");
}

void command_time(struct client *c, const struct irc_message *m)
{
	char now[WORDS_TIME];

	if (!is_here(c, m))
		return;
	words_time(loop_time_ms(c->gateway->loop), now);
	client_reply(c, RPL_TIME, "%s :%s", c->gateway->server_name, now);
}

void command_info(struct client *c, const struct irc_message *m)
{
	static const char *const lines[] = {
	    "allium " PACKAGE_VERSION ": IRC in front, Tor onion services behind, no server in between.",
	    "Contacts are nicks, conversations are queries. /msg allium help",
	    "Free software: GNU General Public License, version 3 or later.",
	};

	if (!is_here(c, m))
		return;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		client_reply(c, RPL_INFO, ":%s", lines[i]);
	client_numeric(c, RPL_ENDOFINFO, "%s", "");
}

void command_admin(struct client *c, const struct irc_message *m)
{
	if (!is_here(c, m))
		return;
	client_numeric(c, RPL_ADMINME, "%s", c->gateway->server_name);
	client_reply(c, RPL_ADMINLOC1, ":This daemon runs on your own machine or one that you trust");
	client_reply(c, RPL_ADMINLOC2, ":Whoever runs it can read what its accounts read");
	client_reply(c, RPL_ADMINEMAIL, ":There is no address to write to");
}

void command_stats(struct client *c, const struct irc_message *m)
{
	if (m->n_params > 1 && !names_us(c, m->params[1]))
		return;
	client_numeric(c, RPL_ENDOFSTATS, "%s",
		       m->n_params > 0 && m->params[0][0] != '\0' ? m->params[0] : "*");
}

void command_links(struct client *c, const struct irc_message *m)
{
	(void)m;
	client_reply(c, RPL_LINKS, "%s %s :0 allium", c->gateway->server_name, c->gateway->server_name);
	client_numeric(c, RPL_ENDOFLINKS, "*");
}

/* A word may name a command of the service, of IRC, or both. */
static void help_lines(struct client *c, const char *subject)
{
	const struct service_command *cmd = service_find(subject);
	const char *irc = command_name(subject);

	if (irc != NULL)
		client_reply(c, RPL_HELPTXT, "%s :%s is an IRC command; /help of your client explains it.", subject,
			     irc);
	if (cmd == NULL)
		return;
	client_reply(c, RPL_HELPTXT, "%s :/msg %s %s %s", subject, SERVICE_NICK, cmd->name, cmd->usage);
	client_reply(c, RPL_HELPTXT, "%s :%s", subject, cmd->page);
}

void command_help(struct client *c, const struct irc_message *m)
{
	const char *subject = m->n_params > 0 && m->params[0][0] != '\0' ? m->params[0] : "*";
	bool index = strcmp(subject, "*") == 0 || strcasecmp(subject, "index") == 0;

	if (!index && service_find(subject) == NULL && command_name(subject) == NULL) {
		client_numeric(c, ERR_HELPNOTFOUND, "%s", subject);
		return;
	}
	client_reply(c, RPL_HELPSTART, "%s :allium speaks IRC here and Tor behind", subject);
	if (!index)
		help_lines(c, subject);
	client_reply(c, RPL_HELPTXT, "%s :Talk to the service nick: /msg %s help lists its commands,",
		     subject, SERVICE_NICK);
	client_reply(c, RPL_HELPTXT, "%s :/msg %s help <command> explains one.", subject, SERVICE_NICK);
	client_reply(c, RPL_ENDOFHELP, "%s :End of HELP", subject);
}

/* Nobody is an operator here: whoever runs the daemon does it by its configuration and signals. */
void command_oper(struct client *c, const struct irc_message *m)
{
	(void)m;
	client_numeric(c, ERR_NOOPERHOST, "%s", "");
}

void command_privileged(struct client *c, const struct irc_message *m)
{
	(void)m;
	client_numeric(c, ERR_NOPRIVILEGES, "%s", "");
}
