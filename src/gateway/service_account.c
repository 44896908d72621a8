/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Commands about one's own account and tor. */
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/str.h"

#include "circuits.h"
#include "login.h"
#include "service.h"
#include "session.h"
#include "words.h"

/* How good a password has to be, its owner knows best: a short one is taken with a warning. */
static bool password_fits(struct client *c, const char *password)
{
	size_t len = strlen(password);

	if (len < PASSWORD_MIN || len > PASSWORD_MAX) {
		client_notice(c, "A password has %d to %d bytes: nothing was changed.", PASSWORD_MIN,
			      PASSWORD_MAX);
		return false;
	}
	if (len < PASSWORD_SHORT)
		client_notice(c,
			      "That password is short: whoever gets this disk can guess it. `help passwd` tells "
			      "how to change it; several words joined by dots are good.");
	return true;
}

static bool logged_in_already(struct client *c)
{
	if (c->account == NULL)
		return false;
	client_notice(c, "You are logged in as %s already. To use another account, connect once more.",
		      account_name(c->account));
	return true;
}

/* ---- register ---- */

static void refuse_register(struct client *c, int err)
{
	if (err == ERR_REFUSED)
		client_notice(
		    c, "New accounts are closed on this daemon (registration = closed): ask who runs it.");
	else if (err == ERR_EXISTS)
		client_notice(c,
			      "There is an account %s already. If it is yours: identify <password>. "
			      "Otherwise take another nick (/nick) and register again.",
			      c->nick);
	else
		client_notice(c, "No account was made. %s.", words_error(err));
}

void service_register(struct client *c, const struct service_args *a)
{
	int err;

	if (logged_in_already(c) || !password_fits(c, a->v[0]))
		return;
	err = login_register(c, LOGIN_REGISTER, c->nick, a->v[0], strlen(a->v[0]));
	if (err != 0)
		refuse_register(c, err);
}

void service_on_register(struct client *c, int err)
{
	if (err != 0) {
		refuse_register(c, err);
		return;
	}
	session_attach(c);
	service_tell_account(c);
}

void service_tell_account(struct client *c)
{
	if (c->session == NULL)
		return;
	client_notice(c, "Your account %s is made. Its password can't be recovered: keep it.",
		      account_name(c->account));
	client_notice(c, "Your address: %s.onion", chat_onion(session_chat(c->session)));
	client_notice(c, "Give it to people you want to talk to; with theirs: add <nick> <address>");
	service_tell_door(c);
}

/* ---- identify, logout, passwd ---- */

void service_identify(struct client *c, const struct service_args *a)
{
	const char *password = a->v[a->n - 1];
	const char *given = a->n > 1 ? a->v[0] : "";
	char who[IRC_LINE_MAX];
	int err;

	if (logged_in_already(c))
		return;
	/* "@client" is the account of one's nick from that client. */
	snprintf(who, sizeof(who), "%s%s", given[0] == '\0' || given[0] == '@' ? c->nick : "", given);
	err = login_start(c, LOGIN_IDENTIFY, who, password, strlen(password));
	if (err == ERR_INVALID)
		client_notice(c,
			      "A client's name has 1 to %d letters, digits and -_. in it: say identify "
			      "account@laptop <password>",
			      NICK_MAX);
	else if (err != 0)
		client_notice(c, "%s.", words_error(err));
}

void service_on_identify(struct client *c, int err)
{
	if (err == ERR_AUTH) {
		client_notice(c, "Wrong account or password. Usage: identify [account[@client]] <password>");
		return;
	}
	if (err != 0) {
		client_notice(c, "You are not logged in. %s.", words_error(err));
		return;
	}
	client_notice(c, "You are logged in as %s.", account_name(c->account));
	session_attach(c);
}

void service_logout(struct client *c, const struct service_args *a)
{
	(void)a;
	/* gateway_on_locked follows, and tells every client. */
	account_lock(c->account, gateway_now(c->gateway), "logged out");
}

void service_passwd(struct client *c, const struct service_args *a)
{
	int err;

	if (!password_fits(c, a->v[1]))
		return;
	err = login_passwd(c, a->v[0], a->v[1]);
	if (err != 0)
		service_on_passwd(c, err);
}

void service_on_passwd(struct client *c, int err)
{
	if (err == 0)
		client_notice(c, "The password is changed. Put the new one into your clients' settings.");
	else if (err == ERR_AUTH)
		client_notice(c, "The old password is wrong: nothing was changed.");
	else
		client_notice(c, "The password was not changed. %s.", words_error(err));
}

/* ---- wipe ---- */

void service_wipe(struct client *c, const struct service_args *a)
{
	int err = login_wipe(c, a->v[0]);

	if (err != 0)
		service_on_wipe(c, err);
}

void service_on_wipe(struct client *c, int err)
{
	if (err == 0)
		client_notice(c, "The account is wiped. Its key file is destroyed: nobody can read any more what it "
				 "kept. Its links are closed, and its directory goes with its tor, within "
				 "seconds. Backups are yours to destroy.");
	else if (err == ERR_AUTH)
		client_notice(c, "The password is wrong: nothing was wiped.");
	else if (err == ERR_REFUSED)
		client_notice(c, "The account is gone, but its KEY FILE COULD NOT BE DESTROYED: see the daemon's log, "
				 "and destroy it yourself.");
	else
		client_notice(c, "The account was not wiped. %s.", words_error(err));
}

/* ---- tor ---- */

void service_tor(struct client *c, const struct service_args *a)
{
	const struct chat_tor_status *t = chat_tor(session_chat(c->session));
	char words[WORDS_TOR];

	(void)a;
	words_tor(t, words);
	if (t->off) {
		client_notice(c, "%s.", words);
		circuits_show_local(c);
		return;
	}
	client_notice(c, "%s. Version: %s", words, t->version[0] != '\0' ? t->version : "not known yet");
	client_notice(c, "%s", t->published ? "Your services are published: contacts can find you."
					    : "Your services are not published: nobody can find you now.");
	circuits_ask(c);
}
