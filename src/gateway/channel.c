/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The control channel, the only one there is. */
#include <string.h>

#include "base/str.h"

#include "command.h"
#include "person.h"
#include "session.h"
#include "words.h"

#define NAMES_LINE 380 /* bytes of names in one 353 */

bool channel_is_control(const char *name)
{
	return nick_eq(name, CONTROL_CHANNEL);
}

/* Is the channel there for this client?  If not, 403. */
static bool exists(struct client *c, const char *name)
{
	if (c->session != NULL && channel_is_control(name))
		return true;
	if (c->session == NULL && channel_is_control(name))
		client_reply(c, ERR_NOSUCHCHANNEL, "%s :" WORDS_LOGIN, name);
	else
		client_numeric(c, ERR_NOSUCHCHANNEL, "%s", name);
	return false;
}

void command_join(struct client *c, const struct irc_message *m)
{
	char names[IRC_LINE_MAX];
	char *rest = names;
	const char *name;

	str_copy(names, sizeof(names), m->params[0]);
	if (strcmp(names, "0") == 0 || names[0] == '\0') {
		client_numeric(c, ERR_NOSUCHCHANNEL, "%s", names[0] != '\0' ? names : "*");
		return;
	}
	while ((name = strsep(&rest, ",")) != NULL)
		if (*name != '\0' && exists(c, name) && !c->joined)
			session_join(c);
}

void command_part(struct client *c, const struct irc_message *m)
{
	char names[IRC_LINE_MAX];
	char mask[MASK_SIZE];
	char *rest = names;
	const char *name;

	str_copy(names, sizeof(names), m->params[0]);
	while ((name = strsep(&rest, ",")) != NULL) {
		if (*name == '\0' || !exists(c, name))
			continue;
		if (!c->joined) {
			client_numeric(c, ERR_NOTONCHANNEL, "%s", name);
			continue;
		}
		client_mask(c, mask);
		client_send(c, ":%s PART %s", mask, CONTROL_CHANNEL);
		c->joined = false;
	}
}

struct names {
	struct client *c;
	char line[NAMES_LINE];
};

static void flush_names(struct names *n)
{
	if (n->line[0] != '\0')
		client_reply(n->c, RPL_NAMREPLY, "= %s :%s", CONTROL_CHANNEL, n->line);
	n->line[0] = '\0';
}

static void add_name(void *ctx, const struct person *p)
{
	struct names *n = ctx;
	char name[MASK_SIZE + 1];
	size_t used;

	str_copy(name, sizeof(name), p->nick);
	if (client_has(n->c, CAP_USERHOST_IN_NAMES))
		person_mask(p, name);
	if (strlen(n->line) + strlen(name) + 3 > sizeof(n->line))
		flush_names(n);
	used = strlen(n->line);
	str_fmt(n->line + used, sizeof(n->line) - used, "%s%s%s", used > 0 ? " " : "", p->prefix, name);
}

void channel_names(struct client *c)
{
	struct names n = {.c = c};

	person_each_member(c, add_name, &n);
	flush_names(&n);
	client_numeric(c, RPL_ENDOFNAMES, "%s", CONTROL_CHANNEL);
}

void command_names(struct client *c, const struct irc_message *m)
{
	const char *name = m->n_params > 0 ? m->params[0] : "*";

	if (c->session != NULL && (m->n_params == 0 || channel_is_control(name)))
		channel_names(c);
	else
		client_numeric(c, RPL_ENDOFNAMES, "%s", name);
}

static void channel_mode(struct client *c, const struct irc_message *m)
{
	const char *modes = m->n_params > 1 ? m->params[1] : "";

	if (modes[0] == '\0') {
		client_reply(c, RPL_CHANNELMODEIS, "%s +nt", CONTROL_CHANNEL);
		client_reply(c, RPL_CREATIONTIME, "%s %llu", CONTROL_CHANNEL,
			     (unsigned long long)(c->session->created_ms / 1000));
	} else if (m->n_params == 2 && (strcmp(modes, "b") == 0 || strcmp(modes, "+b") == 0)) {
		client_numeric(c, RPL_ENDOFBANLIST, "%s", CONTROL_CHANNEL);
	} else {
		client_numeric(c, ERR_CHANOPRIVSNEEDED, "%s", CONTROL_CHANNEL);
	}
}

void command_mode(struct client *c, const struct irc_message *m)
{
	const char *target = m->params[0];
	struct person p;

	if (target[0] == '&' || target[0] == '#') {
		if (exists(c, target))
			channel_mode(c, m);
	} else if (!person_find(c, target, &p)) {
		client_numeric(c, ERR_NOSUCHNICK, "%s", target[0] != '\0' ? target : "*");
	} else if (p.kind != PERSON_SELF) {
		client_numeric(c, ERR_USERSDONTMATCH, "%s", "");
	} else if (m->n_params == 1 || strspn(m->params[1], "+-i") == strlen(m->params[1])) {
		/* Clients ask for +i at start: everybody is invisible here anyway. */
		client_reply(c, RPL_UMODEIS, "+i");
	} else {
		client_numeric(c, ERR_UMODEUNKNOWNFLAG, "%s", "");
	}
}

void command_topic(struct client *c, const struct irc_message *m)
{
	const struct session *s = c->session;

	if (!exists(c, m->params[0]))
		return;
	if (m->n_params > 1) {
		client_numeric(c, ERR_CHANOPRIVSNEEDED, "%s", CONTROL_CHANNEL);
		return;
	}
	client_reply(c, RPL_TOPIC, "%s :%s", CONTROL_CHANNEL, s->topic);
	client_reply(c, RPL_TOPICWHOTIME, "%s %s %llu", CONTROL_CHANNEL, c->gateway->service_mask,
		     (unsigned long long)(s->topic_ms / 1000));
}

static void count_person(void *ctx, const struct person *p)
{
	size_t *n = ctx;

	(void)p;
	(*n)++;
}

void command_list(struct client *c, const struct irc_message *m)
{
	size_t n = 0;

	client_numeric(c, RPL_LISTSTART, "Channel");
	if (c->session != NULL &&
	    (m->n_params == 0 || m->params[0][0] == '\0' || channel_is_control(m->params[0]))) {
		person_each_member(c, count_person, &n);
		client_reply(c, RPL_LIST, "%s %zu :%s", CONTROL_CHANNEL, n, c->session->topic);
	}
	client_numeric(c, RPL_LISTEND, "%s", "");
}

void command_kick(struct client *c, const struct irc_message *m)
{
	if (exists(c, m->params[0]))
		client_reply(c, ERR_CHANOPRIVSNEEDED, "%s :Contacts are ended with: /msg %s remove <nick>",
			     CONTROL_CHANNEL, SERVICE_NICK);
}

void command_invite(struct client *c, const struct irc_message *m)
{
	if (exists(c, m->params[1]))
		client_reply(c, ERR_CHANOPRIVSNEEDED,
			     "%s :Contacts are made with: /msg %s add <nick> <address>", CONTROL_CHANNEL,
			     SERVICE_NICK);
}
