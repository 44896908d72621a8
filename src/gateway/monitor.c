/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "monitor.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"

#include "command.h"
#include "person.h"
#include "session.h"

#define LIST_STEP 8	  /* nicks by which a list grows */
#define LINE_SIZE 400	  /* bytes of targets in one line */

/* ---- the list ---- */

static struct monitored *find(const struct client *c, const char *nick)
{
	for (size_t i = 0; i < c->n_monitored; i++)
		if (nick_eq(c->monitored[i].nick, nick))
			return &c->monitored[i];
	return NULL;
}

/* NULL: full, or out of memory. */
static struct monitored *add(struct client *c, const char *nick)
{
	struct monitored *list = c->monitored;
	struct monitored *m;

	if (c->n_monitored == ISUPPORT_MONITOR)
		return NULL;
	if (c->n_monitored % LIST_STEP == 0) {
		list = reallocarray(list, c->n_monitored + LIST_STEP, sizeof(*list));
		if (list == NULL)
			return NULL;
		c->monitored = list;
	}
	m = &list[c->n_monitored++];
	str_copy(m->nick, sizeof(m->nick), nick);
	m->online = false;
	return m;
}

static void take_out(struct client *c, struct monitored *m)
{
	*m = c->monitored[--c->n_monitored];
	if (c->n_monitored == 0)
		monitor_clear(c);
}

void monitor_clear(struct client *c)
{
	free(c->monitored);
	c->monitored = NULL;
	c->n_monitored = 0;
}

/* ---- lines of several targets ---- */

struct targets {
	struct client *c;
	enum numeric n;
	char line[LINE_SIZE];
};

static void flush(struct targets *t)
{
	if (t->line[0] != '\0' && t->n == ERR_MONLISTFULL)
		client_numeric(t->c, t->n, "%d %s", ISUPPORT_MONITOR, t->line);
	else if (t->line[0] != '\0')
		client_reply(t->c, t->n, ":%s", t->line);
	t->line[0] = '\0';
}

static void put(struct targets *t, const char *target)
{
	size_t used = strlen(t->line);

	if (used + strlen(target) + 2 > sizeof(t->line)) {
		flush(t);
		used = 0;
	}
	str_fmt(t->line + used, sizeof(t->line) - used, "%s%s", used > 0 ? "," : "", target);
}

/* What is told of several nicks: who is online, then who is not. */
struct report {
	struct targets online, offline;
};

static void report_begin(struct report *r, struct client *c)
{
	*r = (struct report){.online = {.c = c, .n = RPL_MONONLINE}, .offline = {.c = c, .n = RPL_MONOFFLINE}};
}

static void report_end(struct report *r)
{
	flush(&r->online);
	flush(&r->offline);
}

/* nick: as the client is to be told that it is offline. */
static void report_put(struct report *r, struct monitored *m, const char *nick, const struct person *p)
{
	char mask[MASK_SIZE];

	m->online = p != NULL;
	if (p == NULL) {
		put(&r->offline, nick);
		return;
	}
	person_mask(p, mask);
	put(&r->online, mask);
}

/* NULL unless somebody of that nick is online. */
static const struct person *find_online(struct client *c, const char *nick, struct person *out)
{
	return person_find(c, nick, out) && out->online ? out : NULL;
}

/* ---- news ---- */

static void report_news(struct report *r, struct client *c, struct monitored *m, const char *nick)
{
	struct person found;
	const struct person *p = find_online(c, nick, &found);

	if ((p != NULL) != m->online)
		report_put(r, m, nick, p);
}

void monitor_tell(struct client *c, const char *nick)
{
	struct monitored *m = find(c, nick);
	struct report r;

	if (m == NULL)
		return;
	report_begin(&r, c);
	report_news(&r, c, m, nick);
	report_end(&r);
}

void monitor_tell_all(struct client *c)
{
	struct report r;

	report_begin(&r, c);
	for (size_t i = 0; i < c->n_monitored; i++)
		report_news(&r, c, &c->monitored[i], c->monitored[i].nick);
	report_end(&r);
}

bool monitor_sees(const struct client *c, const char *nick, enum capability cap)
{
	if (!client_has(c, cap))
		return false;
	return c->joined || (client_has(c, CAP_EXTENDED_MONITOR) && find(c, nick) != NULL);
}

void monitor_on_nick(struct session *s, const char *nick)
{
	struct client *c;

	TAILQ_FOREACH (c, &s->clients, session_link)
		monitor_tell(c, nick);
}

void monitor_on_presence(struct session *s, const struct contact *contact, enum presence before)
{
	bool away = contact->presence == PRESENCE_AWAY;
	bool back = contact->presence == PRESENCE_ONLINE && before == PRESENCE_AWAY;
	struct person p;
	struct client *c;

	person_of_contact(s, contact, &p);
	monitor_on_nick(s, p.nick);
	/* In the channel they have been told (member.c). */
	TAILQ_FOREACH (c, &s->clients, session_link)
		if ((away || back) && !c->joined && monitor_sees(c, p.nick, CAP_AWAY_NOTIFY))
			person_send_away(c, &p);
}

/* ---- the command ---- */

static void add_targets(struct client *c, char *list)
{
	struct targets full = {.c = c, .n = ERR_MONLISTFULL};
	struct report r;
	const char *nick;

	report_begin(&r, c);
	while ((nick = strsep(&list, ",")) != NULL) {
		struct monitored *m = find(c, nick);
		struct person found;

		if (!nick_valid(nick))
			continue;
		if (m == NULL)
			m = add(c, nick);
		if (m != NULL)
			report_put(&r, m, nick, find_online(c, nick, &found));
		else
			put(&full, nick);
	}
	report_end(&r);
	flush(&full);
}

static void remove_targets(struct client *c, char *list)
{
	struct monitored *m;
	const char *nick;

	while ((nick = strsep(&list, ",")) != NULL) {
		m = find(c, nick);
		if (m != NULL)
			take_out(c, m);
	}
}

static void list_targets(struct client *c)
{
	struct targets t = {.c = c, .n = RPL_MONLIST};

	for (size_t i = 0; i < c->n_monitored; i++)
		put(&t, c->monitored[i].nick);
	flush(&t);
	client_numeric(c, RPL_ENDOFMONLIST, "%s", "");
}

static void tell_state(struct client *c)
{
	struct report r;
	struct person found;

	report_begin(&r, c);
	for (size_t i = 0; i < c->n_monitored; i++) {
		struct monitored *m = &c->monitored[i];

		report_put(&r, m, m->nick, find_online(c, m->nick, &found));
	}
	report_end(&r);
}

/* `MONITOR +|- targets`, `MONITOR C|L|S` */
void command_monitor(struct client *c, const struct irc_message *m)
{
	char list[IRC_LINE_MAX];
	char modifier = m->params[0][0];

	if (m->params[0][0] == '\0' || m->params[0][1] != '\0')
		modifier = '?';
	if ((modifier == '+' || modifier == '-') && m->n_params < 2) {
		client_numeric(c, ERR_NEEDMOREPARAMS, "MONITOR");
		return;
	}
	str_copy(list, sizeof(list), m->n_params > 1 ? m->params[1] : "");
	if (modifier == '+')
		add_targets(c, list);
	else if (modifier == '-')
		remove_targets(c, list);
	else if (modifier == 'C' || modifier == 'c')
		monitor_clear(c);
	else if (modifier == 'L' || modifier == 'l')
		list_targets(c);
	else if (modifier == 'S' || modifier == 's')
		tell_state(c);
	else
		client_standard(c, STANDARD_FAIL, "MONITOR", "INVALID_MODIFIER", "", "MONITOR takes +, -, C, L or S.");
}
