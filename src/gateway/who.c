/* SPDX-License-Identifier: GPL-3.0-or-later */
/* WHO and WHOX: who is there, as the channel, a nick or masks name them. */
#include <string.h>

#include "base/str.h"

#include "command.h"
#include "person.h"
#include "target.h"

#define TOKEN_MAX 3 /* digits of a WHOX token */

struct who {
	struct client *c;
	const char *masks; /* joined by ',' */
	bool channel;	   /* its members */
	bool nick;	   /* the one of that nick, and nobody else */
	const char *in;	   /* what masks are compared with: letters of fields */
	bool extended;
	const char *fields;
	char token[TOKEN_MAX + 1];
};

static bool fits(const struct who *w, const struct person *p, const char *mask)
{
	const char *in = w->in;

	if (strcmp(mask, "0") == 0)
		return true;
	return (strchr(in, 'n') != NULL && irc_mask_match(mask, p->nick)) ||
	       (strchr(in, 'u') != NULL && irc_mask_match(mask, p->user)) ||
	       (strchr(in, 'h') != NULL && irc_mask_match(mask, p->host)) ||
	       (strchr(in, 's') != NULL && irc_mask_match(mask, w->c->gateway->server_name)) ||
	       (strchr(in, 'r') != NULL && irc_mask_match(mask, p->realname)) ||
	       (strchr(in, 'a') != NULL && p->account[0] != '\0' && irc_mask_match(mask, p->account));
}

static bool wanted(const struct who *w, const struct person *p)
{
	char masks[IRC_LINE_MAX];
	char *rest = masks;
	const char *mask;

	if (w->channel)
		return p->member;
	if (w->nick)
		return nick_eq(w->masks, p->nick);
	str_copy(masks, sizeof(masks), w->masks);
	while ((mask = strsep(&rest, ",")) != NULL)
		if (*mask != '\0' && fits(w, p, mask))
			return true;
	return false;
}

static const char *channel_of(const struct person *p)
{
	return p->member ? CONTROL_CHANNEL : "*";
}

/* Here or gone, a bot, and what it is in the channel. */
static void flags_of(const struct person *p, char out[4])
{
	str_fmt(out, 4, "%c%s%s", p->online && !p->away ? 'H' : 'G', p->bot ? "B" : "", p->member ? p->prefix : "");
}

static void plain_row(const struct who *w, const struct person *p)
{
	char flags[4];

	flags_of(p, flags);
	client_reply(w->c, RPL_WHOREPLY, "%s %s %s %s %s %s :0 %s", channel_of(p), p->user, p->host,
		     w->c->gateway->server_name, p->nick, flags, p->realname);
}

static void add(const struct who *w, char *line, size_t size, char field, const char *value)
{
	size_t used = strlen(line);

	if (strchr(w->fields, field) != NULL)
		str_fmt(line + used, size - used, "%s%s%s", used > 0 ? " " : "", field == 'r' ? ":" : "", value);
}

/* Whatever order they were asked in, fields come in this one (IRCv3 whox, and d and o as others have them). */
static void extended_row(const struct who *w, const struct person *p)
{
	char line[IRC_LINE_MAX] = "";
	char idle[24];
	char flags[4];

	flags_of(p, flags);
	str_fmt(idle, sizeof(idle), "%llu", (unsigned long long)person_idle_s(w->c, p));
	add(w, line, sizeof(line), 't', w->token);
	add(w, line, sizeof(line), 'c', channel_of(p));
	add(w, line, sizeof(line), 'u', p->user);
	add(w, line, sizeof(line), 'i', "255.255.255.255");
	add(w, line, sizeof(line), 'h', p->host);
	add(w, line, sizeof(line), 's', w->c->gateway->server_name);
	add(w, line, sizeof(line), 'n', p->nick);
	add(w, line, sizeof(line), 'f', flags);
	add(w, line, sizeof(line), 'd', "0");
	add(w, line, sizeof(line), 'l', idle);
	add(w, line, sizeof(line), 'a', p->account[0] != '\0' ? p->account : "0");
	add(w, line, sizeof(line), 'o', "n/a");
	add(w, line, sizeof(line), 'r', p->realname);
	client_reply(w->c, RPL_WHOSPCRPL, "%s", line);
}

static void row(void *ctx, const struct person *p)
{
	const struct who *w = ctx;

	if (!wanted(w, p))
		return;
	if (w->extended)
		extended_row(w, p);
	else
		plain_row(w, p);
}

/* "flags%fields,token".  False: only operators are asked for, and there are none. */
static bool parse_options(struct who *w, const char *options, char flags[IRC_LINE_MAX])
{
	const char *percent = strchr(options, '%');
	const char *comma;

	str_copy_n(flags, IRC_LINE_MAX, options, percent != NULL ? (size_t)(percent - options) : strlen(options));
	if (strpbrk(flags, "nuhsra") != NULL)
		w->in = flags;
	if (percent != NULL) {
		w->extended = true;
		w->fields = percent + 1;
		comma = strchr(percent, ',');
		if (comma == NULL || str_copy(w->token, sizeof(w->token), comma + 1) != 0)
			str_copy(w->token, sizeof(w->token), "0");
	}
	return strchr(flags, 'o') == NULL;
}

void command_who_list(struct client *c, const struct irc_message *m)
{
	const char *masks = m->n_params > 0 && m->params[0][0] != '\0' ? m->params[0] : "*";
	struct who w = {.c = c, .masks = masks, .in = "nhra"};
	char flags[IRC_LINE_MAX];
	struct person p;
	bool any = true;

	if (m->n_params > 1)
		any = parse_options(&w, m->params[1], flags);
	w.channel = channel_is_control(masks) && c->session != NULL;
	/* A nick is nobody else's real name. */
	w.nick = w.in != flags && person_find(c, masks, &p);
	if (any && (w.channel || (masks[0] != '&' && masks[0] != '#')))
		person_each(c, row, &w);
	client_numeric(c, RPL_ENDOFWHO, "%s", target_word(masks));
}
