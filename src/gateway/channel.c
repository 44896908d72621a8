/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The control channel, the only one there is. */
#include <string.h>

#include "base/str.h"

#include "command.h"
#include "person.h"
#include "session.h"
#include "target.h"
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
		client_numeric(c, ERR_NOSUCHCHANNEL, "%s", target_word(name));
	return false;
}

static void part(struct client *c, const char *reason)
{
	char mask[MASK_SIZE];

	client_mask(c, mask);
	if (reason != NULL && reason[0] != '\0')
		client_send(c, ":%s PART %s :%s", mask, CONTROL_CHANNEL, reason);
	else
		client_send(c, ":%s PART %s", mask, CONTROL_CHANNEL);
	c->joined = false;
}

/* `JOIN 0` leaves all channels. */
void command_join(struct client *c, const struct irc_message *m)
{
	char names[IRC_LINE_MAX];
	char *rest = names;
	const char *name;

	str_copy(names, sizeof(names), m->params[0]);
	if (names[0] == '\0') {
		client_numeric(c, ERR_NOSUCHCHANNEL, "*");
		return;
	}
	if (strcmp(names, "0") == 0) {
		if (c->joined)
			part(c, NULL);
		return;
	}
	while ((name = strsep(&rest, ",")) != NULL)
		if (*name != '\0' && exists(c, name) && !c->joined)
			session_join(c);
}

void command_part(struct client *c, const struct irc_message *m)
{
	char names[IRC_LINE_MAX];
	char *rest = names;
	const char *name;

	str_copy(names, sizeof(names), m->params[0]);
	while ((name = strsep(&rest, ",")) != NULL) {
		if (*name == '\0' || !exists(c, name))
			continue;
		if (c->joined)
			part(c, m->n_params > 1 ? m->params[1] : NULL);
		else
			client_numeric(c, ERR_NOTONCHANNEL, "%s", name);
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

	if (!p->member)
		return;
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

	person_each(c, add_name, &n);
	flush_names(&n);
	client_numeric(c, RPL_ENDOFNAMES, "%s", CONTROL_CHANNEL);
}

/* Of each channel its names and an end; of what is none, the end. */
void command_names(struct client *c, const struct irc_message *m)
{
	char names[IRC_LINE_MAX];
	char *rest = names;
	const char *name;

	str_copy(names, sizeof(names), m->n_params > 0 ? m->params[0] : "");
	if (names[0] == '\0') {
		if (c->session != NULL)
			channel_names(c);
		else
			client_numeric(c, RPL_ENDOFNAMES, "*");
		return;
	}
	while ((name = strsep(&rest, ",")) != NULL) {
		if (c->session != NULL && channel_is_control(name))
			channel_names(c);
		else if (*name != '\0')
			client_numeric(c, RPL_ENDOFNAMES, "%s", target_word(name));
	}
}

/* ---- modes: nobody but the service sets any ---- */

static void channel_mode(struct client *c, const struct irc_message *m)
{
	const char *modes = m->n_params > 1 ? m->params[1] : "";
	size_t known = strspn(modes, "+-bnotv");
	const char letter[] = {modes[known], '\0'};

	if (modes[0] == '\0') {
		client_reply(c, RPL_CHANNELMODEIS, "%s +nt", CONTROL_CHANNEL);
		client_reply(c, RPL_CREATIONTIME, "%s %llu", CONTROL_CHANNEL,
			     (unsigned long long)(c->session->created_ms / 1000));
	} else if (m->n_params == 2 && strspn(modes, "+b") == strlen(modes)) {
		client_numeric(c, RPL_ENDOFBANLIST, "%s", CONTROL_CHANNEL);
	} else if (letter[0] != '\0') {
		client_numeric(c, ERR_UNKNOWNMODE, "%s", utf8_valid(letter, 1) ? target_word(letter) : "?");
	} else {
		client_numeric(c, ERR_CHANOPRIVSNEEDED, "%s", CONTROL_CHANNEL);
	}
}

/* +B as asked; +i, which everybody has, and o and O, which are not to be had that way, stay as they are. */
static void set_modes(struct client *c, const char *modes)
{
	bool add = true, was = c->bot, unknown = false;
	char mask[MASK_SIZE];

	for (; *modes != '\0'; modes++) {
		if (*modes == '+' || *modes == '-')
			add = *modes == '+';
		else if (*modes == 'B')
			c->bot = add;
		else if (strchr("ioO", *modes) == NULL)
			unknown = true;
	}
	client_mask(c, mask);
	if (c->bot != was)
		client_send(c, ":%s MODE %s %cB", mask, c->nick, c->bot ? '+' : '-');
	else if (!unknown)
		client_reply(c, RPL_UMODEIS, "+%si", c->bot ? "B" : "");
	if (unknown)
		client_numeric(c, ERR_UMODEUNKNOWNFLAG, "%s", "");
}

void command_mode(struct client *c, const struct irc_message *m)
{
	const char *target = m->params[0];
	struct person p;

	if (target[0] == '&' || target[0] == '#') {
		if (exists(c, target))
			channel_mode(c, m);
	} else if (!person_find(c, target, &p)) {
		client_numeric(c, ERR_NOSUCHNICK, "%s", target_word(target));
	} else if (p.kind != PERSON_SELF) {
		client_numeric(c, ERR_USERSDONTMATCH, "%s", "");
	} else {
		set_modes(c, m->n_params > 1 ? m->params[1] : "");
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
	if (s->topic[0] == '\0') {
		client_numeric(c, RPL_NOTOPIC, "%s", CONTROL_CHANNEL);
		return;
	}
	client_reply(c, RPL_TOPIC, "%s :%s", CONTROL_CHANNEL, s->topic);
	client_reply(c, RPL_TOPICWHOTIME, "%s %s %llu", CONTROL_CHANNEL, c->gateway->service_mask,
		     (unsigned long long)(s->topic_ms / 1000));
}

static void count_member(void *ctx, const struct person *p)
{
	size_t *n = ctx;

	*n += p->member;
}

/* Is the channel in a list of names?  No name is a list of all. */
static bool is_listed(const char *list)
{
	char names[IRC_LINE_MAX];
	char *rest = names;
	const char *name;

	if (list[0] == '\0')
		return true;
	str_copy(names, sizeof(names), list);
	while ((name = strsep(&rest, ",")) != NULL)
		if (channel_is_control(name))
			return true;
	return false;
}

void command_list(struct client *c, const struct irc_message *m)
{
	size_t n = 0;

	client_numeric(c, RPL_LISTSTART, "Channel");
	if (c->session != NULL && is_listed(m->n_params > 0 ? m->params[0] : "")) {
		person_each(c, count_member, &n);
		client_reply(c, RPL_LIST, "%s %zu :%s", CONTROL_CHANNEL, n, c->session->topic);
	}
	client_numeric(c, RPL_LISTEND, "%s", "");
}

void command_kick(struct client *c, const struct irc_message *m)
{
	if (!exists(c, m->params[0]))
		return;
	if (!c->joined)
		client_numeric(c, ERR_NOTONCHANNEL, "%s", CONTROL_CHANNEL);
	else
		client_reply(c, ERR_CHANOPRIVSNEEDED, "%s :Contacts are ended with: /msg %s remove <nick>",
			     CONTROL_CHANNEL, SERVICE_NICK);
}

/* Without parameters: the channels that one is invited to, of which there are none. */
void command_invite(struct client *c, const struct irc_message *m)
{
	struct person p;

	if (m->n_params == 0) {
		client_numeric(c, RPL_ENDOFINVITELIST, "%s", "");
	} else if (m->n_params == 1) {
		client_numeric(c, ERR_NEEDMOREPARAMS, "INVITE");
	} else if (!exists(c, m->params[1])) {
		return;
	} else if (!c->joined) {
		client_numeric(c, ERR_NOTONCHANNEL, "%s", CONTROL_CHANNEL);
	} else if (!person_find(c, m->params[0], &p)) {
		client_numeric(c, ERR_NOSUCHNICK, "%s", target_word(m->params[0]));
	} else if (p.member) {
		client_numeric(c, ERR_USERONCHANNEL, "%s %s", p.nick, CONTROL_CHANNEL);
	} else {
		client_reply(c, ERR_CHANOPRIVSNEEDED, "%s :Contacts come here by themselves, when they are online",
			     CONTROL_CHANNEL);
	}
}
