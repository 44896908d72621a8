/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * CAP (IRCv3 capability negotiation).
 *
 * One offer changes while the daemon runs: account-registration, when the last account that there may be is made, or
 * one is wiped.  The mechanisms of sasl depend on the connection, and sts on the configuration, which is read once.
 */
#include "capabilities.h"

#include <string.h>
#include <strings.h>

#include "base/str.h"

#include "authenticate.h"
#include "command.h"
#include "target.h"

static uint32_t offered(const struct gateway *g)
{
	uint32_t mask = CAPABILITIES_OFFERED;

	if (g->accounts == NULL || !accounts_registration(g->accounts))
		mask &= ~(uint32_t)CAP_ACCOUNT_REGISTRATION;
	return mask;
}

/* v302: with values, and over several lines if need be.  Before that version there is one line: what doesn't fit goes
 * unsaid, but can be requested. */
static void send_list(struct client *c, const char *subcommand, uint32_t mask, bool values, bool v302)
{
	const char *server = c->gateway->server_name;
	size_t head = strlen(server) + strlen(c->nick) + strlen(subcommand) + strlen(":  CAP   * :");
	const char *value[CAPABILITY_COUNT];
	char names[IRC_LINE_MAX];
	size_t index = 0;
	bool more;

	for (size_t i = 0; i < CAPABILITY_COUNT; i++)
		value[i] = capability_value(i);
	value[CAPABILITY_INDEX_SASL] = authenticate_mechanisms(c);
	do {
		more = capability_list(mask, values ? value : NULL, &index, names, IRC_LINE_MAX - 1 - head);
		client_send(c, ":%s CAP %s %s %s:%s", server, c->nick, subcommand, more && v302 ? "* " : "", names);
	} while (more && v302);
}

/* Never to be requested, and meaningless without its value or on a plain connection (IRCv3 sts): plain text
 * is served on loopback alone, where the name that clients connect to is on nobody's certificate. */
static void send_sts(struct client *c)
{
	const char *sts = c->gateway->opts.sts;

	if (sts != NULL && stream_is_secure(c->stream))
		client_send(c, ":%s CAP %s LS * :sts=%s", c->gateway->server_name, c->nick, sts);
}

/* A client that has spoken of 302 once is taken for one, whatever it says later; the answer is as it asks. */
static void cap_ls(struct client *c, const char *version)
{
	uint64_t v = 0;
	bool v302 = version != NULL && str_to_u64(version, 0, UINT64_MAX, &v) == 0 && v >= 302;

	if (!c->registered)
		c->needs |= NEED_CAP_END;
	if (v302) {
		c->v302 = true;
		c->caps |= CAP_CAP_NOTIFY;
		send_sts(c);
	}
	send_list(c, "LS", offered(c->gateway), v302, v302);
}

/* A list that was as long as a line takes two here. */
static void send_ack(struct client *c, const char *list)
{
	const char *server = c->gateway->server_name;
	size_t room = IRC_LINE_MAX - strlen(server) - strlen(c->nick) - strlen(": CAP  ACK :\r\n");
	size_t n;

	do {
		n = strlen(list);
		if (n > room)
			for (n = room; n > 0 && list[n] != ' '; n--)
				;
		client_send(c, ":%s CAP %s ACK :%.*s", server, c->nick, (int)n, list);
		list += n + strspn(list + n, " ");
	} while (*list != '\0' && n > 0);
}

static void cap_req(struct client *c, const char *list)
{
	uint32_t caps = c->caps;
	bool ok = capability_request(list, offered(c->gateway), &caps);

	/* Version 302 implies it for good. */
	if (c->v302 && (caps & CAP_CAP_NOTIFY) == 0)
		ok = false;
	if (!c->registered)
		c->needs |= NEED_CAP_END;
	if (!ok) {
		client_send(c, ":%s CAP %s NAK :%s", c->gateway->server_name, c->nick, list);
	} else {
		send_ack(c, list);
		c->caps = caps;
	}
	if (client_has(c, CAP_CHATHISTORY))
		replay_leave(c);
}

void command_cap(struct client *c, const struct irc_message *m)
{
	const char *sub = m->params[0];
	const char *arg = m->n_params > 1 ? m->params[1] : NULL;

	if (strcasecmp(sub, "LS") == 0) {
		cap_ls(c, arg);
	} else if (strcasecmp(sub, "LIST") == 0) {
		send_list(c, "LIST", c->caps, false, c->v302);
	} else if (strcasecmp(sub, "REQ") == 0) {
		cap_req(c, arg != NULL ? arg : "");
	} else if (strcasecmp(sub, "END") == 0) {
		c->needs &= ~(unsigned)NEED_CAP_END;
		register_advance(c);
	} else {
		client_numeric(c, ERR_INVALIDCAPCMD, "%s", target_word(sub));
	}
}

void capabilities_refresh(struct gateway *g)
{
	uint32_t now = offered(g);
	uint32_t added = now & ~g->offered;
	uint32_t removed = g->offered & ~now;
	struct client *c;

	g->offered = now;
	if (added == 0 && removed == 0)
		return;
	TAILQ_FOREACH (c, &g->clients, link) {
		c->caps &= ~removed;
		if (!client_has(c, CAP_CAP_NOTIFY))
			continue;
		if (added != 0)
			send_list(c, "NEW", added, c->v302, false);
		if (removed != 0)
			send_list(c, "DEL", removed, false, false);
	}
}
