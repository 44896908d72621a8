/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From the first line to 001: capabilities, PASS, NICK, USER, SASL. */
#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "base/str.h"

#include "command.h"
#include "login.h"
#include "monitor.h"
#include "session.h"
#include "words.h"

/* ---- the end of registration ---- */

static void welcome_stranger(struct client *c)
{
	client_notice(c, "Welcome. You are not logged in, so nobody can be reached yet.");
	client_notice(c, "To log in: /msg %s identify [account] <password>", SERVICE_NICK);
	if (c->gateway->accounts != NULL && accounts_registration(c->gateway->accounts))
		client_notice(c, "To make a new account named %s: /msg %s register <password>", c->nick,
			      SERVICE_NICK);
	client_notice(c, "`/msg %s help` lists all commands.", SERVICE_NICK);
}

void register_advance(struct client *c)
{
	if (c->registered || c->needs != 0 || c->login != NULL || c->stream == NULL)
		return;
	if (c->sasl_running) {
		sasl_clear(&c->sasl);
		c->sasl_running = false;
		client_numeric(c, ERR_SASLABORTED, "%s", "");
	}
	c->registered = true;
	client_keepalive(c);
	serverinfo_welcome(c);
	if (stream_is_secure(c->stream))
		client_notice(c, "This connection is TLS. SHA-256 of the server's certificate: %s",
			      tls_fingerprint(c->gateway->opts.tls));
	if (c->account != NULL)
		session_attach(c);
	else
		welcome_stranger(c);
}

/* ---- capabilities (IRCv3 capability negotiation) ---- */

static void cap_send_list(struct client *c, const char *subcommand, uint32_t mask, bool values)
{
	const char *server = c->gateway->server_name;
	size_t head = strlen(server) + strlen(c->nick) + strlen(subcommand) + strlen(":  CAP   * :");
	char names[IRC_LINE_MAX];
	size_t index = 0;
	bool more;

	/* Before version 302 there is one line: what doesn't fit goes unsaid, but can be requested. */
	do {
		more = capability_list(mask, values, &index, names, IRC_LINE_MAX - 1 - head);
		client_send(c, ":%s CAP %s %s %s:%s", server, c->nick, subcommand,
			    more && c->v302 ? "* " : "", names);
	} while (more && c->v302);
}

/* Never to be requested, and meaningless without its value or on a plain connection (IRCv3 sts): plain text
 * is served on loopback alone, where the name that clients connect to is on nobody's certificate. */
static void cap_send_sts(struct client *c)
{
	const char *sts = c->gateway->opts.sts;

	if (c->v302 && sts != NULL && stream_is_secure(c->stream))
		client_send(c, ":%s CAP %s LS * :sts=%s", c->gateway->server_name, c->nick, sts);
}

static void cap_ls(struct client *c, const char *version)
{
	uint64_t v = 0;

	if (!c->registered)
		c->needs |= NEED_CAP_END;
	if (version != NULL && str_to_u64(version, 0, UINT64_MAX, &v) == 0 && v >= 302) {
		c->v302 = true;
		c->caps |= CAP_CAP_NOTIFY;
	}
	cap_send_sts(c);
	cap_send_list(c, "LS", CAPABILITIES_OFFERED, c->v302);
}

static void cap_req(struct client *c, const char *list)
{
	uint32_t caps = c->caps;
	bool ok = capability_request(list, CAPABILITIES_OFFERED, &caps);

	if (!c->registered)
		c->needs |= NEED_CAP_END;
	client_send(c, ":%s CAP %s %s :%s", c->gateway->server_name, c->nick, ok ? "ACK" : "NAK", list);
	if (ok)
		c->caps = caps;
}

void command_cap(struct client *c, const struct irc_message *m)
{
	const char *sub = m->params[0];
	const char *arg = m->n_params > 1 ? m->params[1] : NULL;

	if (strcasecmp(sub, "LS") == 0) {
		cap_ls(c, arg);
	} else if (strcasecmp(sub, "LIST") == 0) {
		cap_send_list(c, "LIST", c->caps, false);
	} else if (strcasecmp(sub, "REQ") == 0) {
		cap_req(c, arg != NULL ? arg : "");
	} else if (strcasecmp(sub, "END") == 0) {
		c->needs &= ~(unsigned)NEED_CAP_END;
		register_advance(c);
	} else {
		client_numeric(c, ERR_INVALIDCAPCMD, "%s", sub);
	}
}

/* ---- NICK and USER ---- */

static void nick_of_account(struct client *c, const char *nick)
{
	struct chat *chat = session_chat(c->session);
	int err = chat_set_nick(chat, gateway_now(c->gateway), nick);

	if (err == ERR_INVALID)
		client_numeric(c, ERR_ERRONEUSNICKNAME, "%s", nick);
	else if (err == ERR_EXISTS)
		client_numeric(c, ERR_NICKNAMEINUSE, "%s", nick);
	else if (err == ERR_LOOKALIKE)
		client_reply(c, ERR_NICKNAMEINUSE, "%s :That looks too much like the nick of a contact",
			     nick);
	else if (err != 0)
		client_notice(c, "%s.", words_error(err));
}

void command_nick(struct client *c, const struct irc_message *m)
{
	const char *nick = m->n_params > 0 ? m->params[0] : "";
	char old[NICK_MAX + 1];
	char mask[MASK_SIZE];

	if (nick[0] == '\0') {
		client_numeric(c, ERR_NONICKNAMEGIVEN, "%s", "");
		return;
	}
	if (!nick_valid(nick)) {
		client_numeric(c, ERR_ERRONEUSNICKNAME, "%s", nick);
		return;
	}
	if (nick_eq(nick, SERVICE_NICK)) {
		client_numeric(c, ERR_NICKNAMEINUSE, "%s", nick);
		return;
	}
	if (nick_lookalike(nick, SERVICE_NICK)) {
		client_reply(c, ERR_NICKNAMEINUSE, "%s :That looks too much like %s, the service", nick,
			     SERVICE_NICK);
		return;
	}
	if (c->session != NULL) {
		nick_of_account(c, nick);
		return;
	}
	client_mask(c, mask);
	if (c->registered && strcmp(c->nick, nick) != 0)
		client_send(c, ":%s NICK %s", mask, nick);
	str_copy(old, sizeof(old), c->nick);
	str_copy(c->nick, sizeof(c->nick), nick);
	monitor_tell(c, old);
	monitor_tell(c, nick);
	c->needs &= ~(unsigned)NEED_NICK;
	register_advance(c);
}

static bool is_alnum(char ch)
{
	return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9');
}

void command_user(struct client *c, const struct irc_message *m)
{
	const char *realname = m->params[3];
	size_t n = 0;

	if (m->params[0][0] == '\0' || realname[0] == '\0') {
		client_numeric(c, ERR_NEEDMOREPARAMS, "%s", m->command);
		return;
	}
	for (const char *p = m->params[0]; *p != '\0' && n < USER_MAX; p++)
		if (is_alnum(*p))
			c->user[n++] = *p;
	c->user[n] = '\0';
	if (n == 0)
		str_copy(c->user, sizeof(c->user), "user");
	if (!utf8_valid(realname, strlen(realname)))
		realname = c->user;
	str_copy_n(c->realname, sizeof(c->realname), realname,
		   utf8_cut(realname, strlen(realname), REALNAME_MAX));
	c->needs &= ~(unsigned)NEED_USER;
	register_advance(c);
}

/* ---- PASS ---- */

static void refuse_pass(struct client *c, int err)
{
	if (err == ERR_AUTH || err == ERR_INVALID) {
		client_numeric(c, ERR_PASSWDMISMATCH, "%s", "");
		client_end(c,
			   "Wrong account or password (PASS is account:password or account@client:password)");
		return;
	}
	client_notice(c, "%s.", words_error(err));
	client_end(c, words_error(err));
}

void command_pass(struct client *c, const struct irc_message *m)
{
	const char *colon = strchr(m->params[0], ':');
	char who[2 * NICK_MAX + 2];
	int err = ERR_INVALID;

	if (c->account != NULL) {
		client_numeric(c, ERR_ALREADYREGISTERED, "%s", "");
		return;
	}
	if (colon != NULL && str_copy_n(who, sizeof(who), m->params[0], (size_t)(colon - m->params[0])) == 0)
		err = login_start(c, LOGIN_PASS, who, colon + 1, strlen(colon + 1));
	if (err != 0)
		refuse_pass(c, err);
}

void register_on_login(struct client *c, int err)
{
	if (err != 0)
		refuse_pass(c, err);
	else
		register_advance(c);
}

/* ---- SASL PLAIN (IRCv3 sasl-3.2) ---- */

static void sasl_end(struct client *c, enum numeric n)
{
	sasl_clear(&c->sasl);
	c->sasl_running = false;
	client_numeric(c, n, "%s", "");
}

void register_on_sasl(struct client *c, int err)
{
	if (err == 0) {
		client_numeric(c, RPL_SASLSUCCESS, "%s", "");
		if (c->registered)
			session_attach(c);
		return;
	}
	client_numeric(c, ERR_SASLFAIL, "%s", "");
	if (err != ERR_AUTH && err != ERR_INVALID)
		client_notice(c, "%s.", words_error(err));
}

static void sasl_begin(struct client *c, const char *mechanism)
{
	if (strcasecmp(mechanism, "PLAIN") != 0) {
		client_numeric(c, RPL_SASLMECHS, "PLAIN");
		client_numeric(c, ERR_SASLFAIL, "%s", "");
		return;
	}
	sasl_clear(&c->sasl);
	c->sasl_running = true;
	client_send(c, "AUTHENTICATE +");
}

/* authzid is empty or equal to the login name, with or without the client's. */
static bool authzid_fits(const struct sasl_plain *p)
{
	size_t account = strcspn(p->authcid, "@");

	return p->authzid[0] == '\0' || strcmp(p->authzid, p->authcid) == 0 ||
	       (strlen(p->authzid) == account && strncmp(p->authzid, p->authcid, account) == 0);
}

static void sasl_finish(struct client *c)
{
	struct sasl_plain p;
	const char *data;
	size_t len;
	int err = sasl_decode(&c->sasl, &data, &len);

	if (err == 0)
		err = sasl_plain(data, len, &p);
	if (err == 0 && !authzid_fits(&p))
		err = ERR_AUTH;
	if (err == 0)
		err = login_start(c, LOGIN_SASL, p.authcid, p.password, p.password_len);
	sasl_clear(&c->sasl);
	c->sasl_running = false;
	if (err != 0)
		register_on_sasl(c, err);
}

void command_authenticate(struct client *c, const struct irc_message *m)
{
	int err;

	if (c->account != NULL) {
		client_numeric(c, ERR_SASLALREADY, "%s", "");
	} else if (!client_has(c, CAP_SASL)) {
		client_numeric(c, ERR_SASLFAIL, "%s", "");
	} else if (strcmp(m->params[0], "*") == 0) {
		sasl_end(c, ERR_SASLABORTED);
	} else if (!c->sasl_running) {
		sasl_begin(c, m->params[0]);
	} else {
		err = sasl_add(&c->sasl, m->params[0]);
		if (err == ERR_TOO_LONG)
			sasl_end(c, ERR_SASLTOOLONG);
		else if (err == 0)
			sasl_finish(c);
		else if (err != ERR_AGAIN)
			sasl_end(c, ERR_SASLFAIL);
	}
}
