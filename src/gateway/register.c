/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From the first line to 001: PASS, NICK, USER. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "base/str.h"
#include "crypto/crypto.h"

#include "authenticate.h"
#include "command.h"
#include "login.h"
#include "monitor.h"
#include "service.h"
#include "session.h"
#include "target.h"
#include "words.h"

/* ---- a password without an account ---- */

static void refuse_pass(struct client *c, int err)
{
	if (err == ERR_AUTH || err == ERR_INVALID) {
		client_numeric(c, ERR_PASSWDMISMATCH, "%s", "");
		client_end(c, "Wrong account or password (PASS is account:password or account@client:password; "
			      "a password alone is that of the account named like the nick)");
		return;
	}
	client_notice(c, "%s.", words_error(err));
	client_end(c, words_error(err));
}

void register_clear(struct client *c)
{
	if (c->pass != NULL)
		crypto_wipe(c->pass, strlen(c->pass));
	free(c->pass);
	c->pass = NULL;
}

/* Who comes from a bouncer has its account in USER; who can't say a colon in a password has it in NICK alone. */
static void login_by_pass(struct client *c)
{
	int err = login_start(c, LOGIN_PASS, c->who[0] != '\0' ? c->who : c->nick, c->pass, strlen(c->pass));

	register_clear(c);
	if (err != 0)
		refuse_pass(c, err);
}

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
	if (c->pass != NULL && c->account == NULL) {
		login_by_pass(c);
		return;
	}
	register_clear(c);
	authenticate_abort(c);
	c->registered = true;
	client_keepalive(c);
	/* 001 tells the nick, before a client asks for the modes of the one that it has sent. */
	if (c->account != NULL)
		str_copy(c->nick, sizeof(c->nick), chat_nick(account_chat(c->account)));
	serverinfo_welcome(c);
	if (stream_is_secure(c->stream))
		client_notice(c, "This connection is TLS. SHA-256 of the server's certificate: %s",
			      tls_fingerprint(c->gateway->opts.tls));
	if (c->account != NULL)
		session_attach(c);
	else
		welcome_stranger(c);
	if (c->enrolled)
		service_tell_account(c);
	c->enrolled = false;
}

/* ---- NICK and USER ---- */

static void nick_of_account(struct client *c, const char *nick)
{
	struct chat *chat = session_chat(c->session);
	int err;

	/* Contacts and other clients are not told what they know. */
	if (strcmp(nick, chat_nick(chat)) == 0)
		return;
	err = chat_set_nick(chat, gateway_now(c->gateway), nick);
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
		client_numeric(c, ERR_ERRONEUSNICKNAME, "%s", target_word(nick));
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
	c->who[0] = '\0';
	if (strchr(m->params[0], '@') != NULL && str_copy(c->who, sizeof(c->who), m->params[0]) != 0)
		str_copy(c->who, sizeof(c->who), "@"); /* nobody */
	if (!utf8_valid(realname, strlen(realname)))
		realname = c->user;
	str_copy_n(c->realname, sizeof(c->realname), realname,
		   utf8_cut(realname, strlen(realname), REALNAME_MAX));
	c->needs &= ~(unsigned)NEED_USER;
	register_advance(c);
}

/* ---- PASS ---- */

void command_pass(struct client *c, const struct irc_message *m)
{
	const char *colon = strchr(m->params[0], ':');
	char who[2 * NICK_MAX + 2];
	int err = ERR_INVALID;

	if (c->account != NULL) {
		client_numeric(c, ERR_ALREADYREGISTERED, "%s", "");
		return;
	}
	if (colon == NULL) {
		register_clear(c);
		c->pass = strdup(m->params[0]);
		if (c->pass == NULL)
			refuse_pass(c, ERR_NOMEM);
		return;
	}
	if (str_copy_n(who, sizeof(who), m->params[0], (size_t)(colon - m->params[0])) == 0)
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
