/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the server says about itself. */
#include <stdio.h>
#include <string.h>

#include "base/str.h"

#include "command.h"
#include "config.h"
#include "person.h"
#include "session.h"
#include "target.h"
#include "words.h"

#define TOKENS_A_LINE 12
#define MOTD_LINE     400 /* bytes */

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

	person_each(c, count_users, &n);
	client_reply(c, RPL_LUSERCLIENT, ":There are %zu users and 0 invisible on 1 servers", n);
	client_numeric(c, RPL_LUSEROP, "0");
	client_numeric(c, RPL_LUSERUNKNOWN, "0");
	client_numeric(c, RPL_LUSERCHANNELS, "%d", c->account != NULL ? 1 : 0);
	client_reply(c, RPL_LUSERME, ":I have %zu clients and 0 servers", n);
	client_reply(c, RPL_LOCALUSERS, "%zu %zu :Current local users %zu, max %zu", n, n, n, n);
	client_reply(c, RPL_GLOBALUSERS, "%zu %zu :Current global users %zu, max %zu", n, n, n, n);
}

/* A line of the file is one of the answer; what is too long for one is cut. */
static void send_motd(struct client *c)
{
	const char *text = c->gateway->opts.motd;
	size_t n;

	if (text == NULL) {
		client_numeric(c, ERR_NOMOTD, "%s", "");
		return;
	}
	client_reply(c, RPL_MOTDSTART, ":- %s Message of the day -", c->gateway->server_name);
	for (; *text != '\0'; text += n + (text[n] == '\n')) {
		n = strcspn(text, "\n");
		client_reply(c, RPL_MOTD, ":- %.*s", (int)utf8_cut(text, n, MOTD_LINE), text);
	}
	client_numeric(c, RPL_ENDOFMOTD, "%s", "");
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
	client_reply(c, RPL_MYINFO, "%s allium-%s Bi bnotv bov", server, PACKAGE_VERSION);
	send_isupport(c);
	send_lusers(c);
	send_motd(c);
}

void command_lusers(struct client *c, const struct irc_message *m)
{
	(void)m;
	send_lusers(c);
}

/* Does it name this server, or somebody on it?  402 if not. */
static bool is_server(struct client *c, const char *name)
{
	struct person p;

	if (irc_mask_match(name, c->gateway->server_name) || person_find(c, name, &p))
		return true;
	client_numeric(c, ERR_NOSUCHSERVER, "%s", target_word(name));
	return false;
}

/* Is the query for this server? */
static bool is_here(struct client *c, const struct irc_message *m)
{
	return m->n_params == 0 || is_server(c, m->params[0]);
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
		send_motd(c);
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

static void stats_commands(struct client *c)
{
	for (size_t i = 0; c->session != NULL && i < COMMAND_COUNT; i++)
		if (c->session->used[i] > 0)
			client_reply(c, RPL_STATSCOMMANDS, "%s %u", command_name(i), (unsigned)c->session->used[i]);
}

static void stats_uptime(struct client *c)
{
	uint64_t now = loop_time_ms(c->gateway->loop);
	uint64_t s = now > c->gateway->started_ms ? (now - c->gateway->started_ms) / 1000 : 0;

	client_reply(c, RPL_STATSUPTIME, ":Server Up %u days %u:%02u:%02u", (unsigned)(s / 86400),
		     (unsigned)(s / 3600 % 24), (unsigned)(s / 60 % 60), (unsigned)(s % 60));
}

/* `m`: the commands of this account's clients; `u`: how long the server is up. Nothing is told of anything else. */
void command_stats(struct client *c, const struct irc_message *m)
{
	const char *query = m->params[0];
	const char letter[] = {query[0], '\0'};

	if (m->n_params > 1 && !is_server(c, m->params[1]))
		return;
	if (query[0] == 'm')
		stats_commands(c);
	else if (query[0] == 'u')
		stats_uptime(c);
	client_numeric(c, RPL_ENDOFSTATS, "%s", query[0] > ' ' && query[0] < 0x7f ? target_word(letter) : "*");
}

void command_links(struct client *c, const struct irc_message *m)
{
	(void)m;
	client_reply(c, RPL_LINKS, "%s %s :0 allium", c->gateway->server_name, c->gateway->server_name);
	client_numeric(c, RPL_ENDOFLINKS, "*");
}
