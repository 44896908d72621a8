/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "enroll.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"

#include "command.h"
#include "login.h"
#include "service.h"
#include "session.h"
#include "target.h"
#include "words.h"

/* These are the command's answers, whatever the client makes of standard replies elsewhere. */
static void fail(struct client *c, const char *command, const char *code, const char *account, const char *text)
{
	client_send(c, ":%s FAIL %s %s %s :%s", c->gateway->server_name, command, code,
		    target_word(account), text);
}

static void refuse(struct client *c, int err, const char *account)
{
	char text[128];

	switch (err) {
	case ERR_EXISTS:
		fail(c, "REGISTER", "ACCOUNT_EXISTS", account, "There is an account of this name already");
		return;
	case ERR_INVALID:
		fail(c, "REGISTER", "BAD_ACCOUNT_NAME", account, words_error(err));
		return;
	case ERR_WRONG_STATE:
		fail(c, "REGISTER", "WEAK_PASSWORD", account, "A password can't be empty");
		return;
	case ERR_TOO_LONG:
		snprintf(text, sizeof(text), "A password has at most %d bytes", PASSWORD_MAX);
		fail(c, "REGISTER", "UNACCEPTABLE_PASSWORD", account, text);
		return;
	case ERR_REFUSED:
		fail(c, "REGISTER", "TEMPORARILY_UNAVAILABLE", account,
		     "New accounts are closed on this daemon (registration = closed): ask who runs it");
		return;
	default:
		fail(c, "REGISTER", "TEMPORARILY_UNAVAILABLE", account, words_error(err));
		return;
	}
}

/* No address is needed, asked for or kept. */
void command_enroll(struct client *c, const struct irc_message *m)
{
	const char *account = strcmp(m->params[0], "*") != 0 ? m->params[0] : c->nick;
	const char *password = m->params[2];
	int err;

	if (c->account != NULL) {
		fail(c, "REGISTER", "ALREADY_AUTHENTICATED", account_name(c->account), "You are logged in already");
	} else if ((c->needs & NEED_NICK) != 0) {
		fail(c, "REGISTER", "NEED_NICK", "*", "Send NICK first");
	} else if (strchr(password, ' ') != NULL) {
		fail(c, "REGISTER", "UNACCEPTABLE_PASSWORD", account,
		     "A password has no blanks, or `identify` could not take it");
	} else {
		if (password[0] != '\0' && strlen(password) < PASSWORD_SHORT)
			client_standard(c, STANDARD_WARN, "REGISTER", "WEAK_PASSWORD", account,
					"That password is short: whoever gets this disk can guess it.");
		err = login_register(c, LOGIN_ENROLL, account, password, strlen(password));
		if (err != 0)
			refuse(c, err, account);
	}
}

void enroll_on_register(struct client *c, const char *account, int err)
{
	if (err != 0) {
		refuse(c, err, account);
		return;
	}
	client_send(c, ":%s REGISTER SUCCESS %s :The account is made. Its password can't be recovered: keep it",
		    c->gateway->server_name, account_name(c->account));
	if (!c->registered) {
		c->enrolled = true;
		register_advance(c);
		return;
	}
	session_attach(c);
	service_tell_account(c);
}

/* Nothing is ever left to be verified. */
void command_verify(struct client *c, const struct irc_message *m)
{
	if (c->account != NULL)
		fail(c, "VERIFY", "ALREADY_AUTHENTICATED", account_name(c->account), "You are logged in already");
	else
		fail(c, "VERIFY", "INVALID_CODE", m->params[0], "No account here waits for a code");
}
