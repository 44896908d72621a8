/* SPDX-License-Identifier: GPL-3.0-or-later */
/* WHO and WHOX: the members of the channel, as the channel, a nick or a mask names them. */
#include <string.h>

#include "base/str.h"

#include "command.h"
#include "person.h"

#define TOKEN_MAX 3 /* digits of a WHOX token */

struct who {
	struct client *c;
	const char *mask;
	bool all; /* the channel, or no mask */
	bool extended;
	const char *fields;
	char token[TOKEN_MAX + 1];
};

static bool wanted(const struct who *w, const struct person *p)
{
	return w->all || irc_mask_match(w->mask, p->nick) || irc_mask_match(w->mask, p->host) ||
	       irc_mask_match(w->mask, p->realname) ||
	       (p->account[0] != '\0' && irc_mask_match(w->mask, p->account));
}

static const char *channel_of(const struct who *w)
{
	return w->c->session != NULL ? CONTROL_CHANNEL : "*";
}

static char here_or_gone(const struct person *p)
{
	return p->online && !p->away ? 'H' : 'G';
}

static void plain_row(const struct who *w, const struct person *p)
{
	client_reply(w->c, RPL_WHOREPLY, "%s %s %s %s %s %c%s :0 %s", channel_of(w), p->user, p->host,
		     w->c->gateway->server_name, p->nick, here_or_gone(p), p->prefix, p->realname);
}

static void add(const struct who *w, char *line, size_t size, char field, const char *value)
{
	size_t used = strlen(line);

	if (strchr(w->fields, field) != NULL)
		str_fmt(line + used, size - used, "%s%s%s", used > 0 ? " " : "", field == 'r' ? ":" : "",
			value);
}

/* Whatever order they were asked in, fields come in this one. */
static void extended_row(const struct who *w, const struct person *p)
{
	char line[IRC_LINE_MAX] = "";
	const char flags[] = {here_or_gone(p), p->prefix[0], '\0'};

	add(w, line, sizeof(line), 't', w->token);
	add(w, line, sizeof(line), 'c', channel_of(w));
	add(w, line, sizeof(line), 'u', p->user);
	add(w, line, sizeof(line), 'i', "255.255.255.255");
	add(w, line, sizeof(line), 'h', p->host);
	add(w, line, sizeof(line), 's', w->c->gateway->server_name);
	add(w, line, sizeof(line), 'n', p->nick);
	add(w, line, sizeof(line), 'f', flags);
	add(w, line, sizeof(line), 'd', "0");
	add(w, line, sizeof(line), 'l', "0");
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

/* "%fields,token" */
static void parse_fields(struct who *w, const char *options)
{
	const char *percent = strchr(options, '%');
	const char *comma;

	if (percent == NULL)
		return;
	w->extended = true;
	w->fields = percent + 1;
	comma = strchr(percent, ',');
	if (comma == NULL || str_copy(w->token, sizeof(w->token), comma + 1) != 0)
		str_copy(w->token, sizeof(w->token), "0");
}

void command_who_list(struct client *c, const struct irc_message *m)
{
	const char *mask = m->n_params > 0 && m->params[0][0] != '\0' ? m->params[0] : "*";
	struct who w = {.c = c, .mask = mask};
	bool channel = mask[0] == '&' || mask[0] == '#';

	if (m->n_params > 1)
		parse_fields(&w, m->params[1]);
	w.all = strcmp(mask, "0") == 0 || (channel && c->session != NULL && channel_is_control(mask));
	/* `WHO x o` asks for operators: there are none. */
	if ((w.all || !channel) && !(m->n_params > 1 && m->params[1][0] == 'o'))
		person_each_member(c, row, &w);
	client_numeric(c, RPL_ENDOFWHO, "%s", mask);
}
