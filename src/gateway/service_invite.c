/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `invite`: strings that make whoever presents one a contact, once. */
#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "base/str.h"

#include "qr.h"
#include "service.h"
#include "session.h"
#include "words.h"

/* ---- making one ---- */

static int keep_last(void *ctx, const struct chat_invite_row *r)
{
	struct chat_invite_row *last = ctx;

	*last = *r;
	return 0;
}

static void show_line(void *ctx, const char *line)
{
	client_notice(ctx, "%s", line);
}

/* In upper case, which QR codes hold in fewer modules; it is read in either. */
static void show_code(struct client *c, const char *invite)
{
	char upper[INVITE_LEN + 1];
	size_t i = 0;

	for (; invite[i] != '\0'; i++)
		upper[i] = (char)(invite[i] >= 'a' && invite[i] <= 'z' ? invite[i] - 'a' + 'A' : invite[i]);
	upper[i] = '\0';
	qr_each_line(upper, show_line, c);
	crypto_wipe(upper, sizeof(upper));
}

static void show_invite(struct client *c, const char *invite)
{
	struct chat_invite_row made = {0};
	char until[WORDS_TIME];

	chat_invites_each(session_chat(c->session), keep_last, &made);
	words_time(made.expires_ms, until);
	client_notice(
	    c,
	    "Invitation %lld, for one person, until %s. Whoever shows it first is your contact without a "
	    "question, also while the door is closed: nobody else may see it.",
	    (long long)made.number, until);
	client_notice(c, "%s", invite);
	show_code(c, invite);
	client_notice(
	    c,
	    "It is used with: add %s <invitation>. `invite revoke %lld` takes it back. If the picture is "
	    "broken, make the window wider.",
	    c->nick, (long long)made.number);
}

static void make(struct client *c, unsigned days)
{
	char invite[INVITE_LEN + 1];
	int err = chat_invite(session_chat(c->session), gateway_now(c->gateway), days, invite);

	if (err == ERR_FULL)
		client_notice(
		    c,
		    "There are %d invitations that nobody has used yet: `invite revoke <n>` takes one "
		    "back, `invite list` shows them.",
		    INVITES_MAX);
	else if (err != 0)
		client_notice(c, "No invitation was made. %s.", words_error(err));
	else
		show_invite(c, invite);
	crypto_wipe(invite, sizeof(invite));
}

/* ---- those that wait ---- */

struct listing {
	struct client *c;
	size_t n;
};

static int show_row(void *ctx, const struct chat_invite_row *r)
{
	struct listing *l = ctx;
	char made[WORDS_TIME], until[WORDS_TIME];

	words_time(r->made_ms, made);
	words_time(r->expires_ms, until);
	client_notice(l->c, "Invitation %lld: made %s, good until %s", (long long)r->number, made, until);
	l->n++;
	return 0;
}

static void list(struct client *c)
{
	struct listing l = {.c = c};

	chat_invites_each(session_chat(c->session), show_row, &l);
	if (l.n == 0)
		client_notice(c, "No invitation waits to be used.");
}

static void revoke(struct client *c, const char *text)
{
	uint64_t number;
	int err;

	if (str_to_u64(text, 1, INT64_MAX, &number) != 0) {
		service_tell_usage(c, "invite");
		return;
	}
	err = chat_invite_revoke(session_chat(c->session), gateway_now(c->gateway), (int64_t)number);
	if (err == ERR_NOT_FOUND)
		client_notice(
		    c,
		    "There is no invitation %s: it was used, has expired, or never was. `invite list` shows "
		    "those that wait.",
		    text);
	else if (err != 0)
		client_notice(c, "Invitation %s was not taken back. %s.", text, words_error(err));
	else
		client_notice(c, "Invitation %s is taken back: nobody can use it any more.", text);
}

void service_invite(struct client *c, const struct service_args *a)
{
	uint64_t days = 0;

	if (a->n == 1 && strcasecmp(a->v[0], "list") == 0)
		list(c);
	else if (a->n == 2 && strcasecmp(a->v[0], "revoke") == 0)
		revoke(c, a->v[1]);
	else if (a->n == 0 || (a->n == 1 && str_to_u64(a->v[0], 1, INVITE_DAYS_MAX, &days) == 0))
		make(c, (unsigned)days);
	else
		service_tell_usage(c, "invite");
}
