/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "whowas.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"

#include "command.h"
#include "person.h"
#include "target.h"
#include "words.h"

#define WHOWAS_MAX 16

struct was {
	char nick[NICK_MAX + 1];
	int64_t contact; /* its id; 0: oneself */
	uint64_t until_ms;
};
/* The latest first. */
struct whowas {
	struct was list[WHOWAS_MAX];
	size_t n;
};

void whowas_add(struct session *s, const char *nick, const struct contact *contact)
{
	const char *now = contact != NULL ? contact->row.petname : chat_nick(session_chat(s));
	struct whowas *w = s->whowas;

	if (nick_eq(nick, now))
		return;
	if (w == NULL)
		w = s->whowas = calloc(1, sizeof(*w));
	if (w == NULL)
		return;
	if (w->n < WHOWAS_MAX)
		w->n++;
	memmove(&w->list[1], &w->list[0], (w->n - 1) * sizeof(w->list[0]));
	str_copy(w->list[0].nick, sizeof(w->list[0].nick), nick);
	w->list[0].contact = contact != NULL ? contact->row.id : 0;
	w->list[0].until_ms = loop_time_ms(s->gateway->loop);
}

void whowas_forget(struct session *s, const struct contact *contact)
{
	struct whowas *w = s->whowas;
	size_t kept = 0;

	if (w == NULL)
		return;
	for (size_t i = 0; i < w->n; i++)
		if (w->list[i].contact != contact->row.id)
			w->list[kept++] = w->list[i];
	w->n = kept;
}

void whowas_clear(struct session *s)
{
	free(s->whowas);
	s->whowas = NULL;
}

/* ---- the command ---- */

/* Whoever had the nick, as it is now. */
static bool find(struct client *c, const struct was *was, struct person *p)
{
	const struct contact *contact;

	if (was->contact == 0)
		return person_find(c, c->nick, p);
	contact = chat_find_id(session_chat(c->session), was->contact);
	if (contact == NULL)
		return false;
	person_of_contact(c->session, contact, p);
	return true;
}

static void tell(struct client *c, const char *nick, const struct person *p, const char *until)
{
	client_reply(c, RPL_WHOWASUSER, "%s %s %s * :%s", nick, p->user, p->host, p->realname);
	client_reply(c, RPL_WHOISSERVER, "%s %s :%s", nick, c->gateway->server_name, until);
}

/* How many were told. */
static uint64_t tell_all(struct client *c, const char *nick, uint64_t most)
{
	const struct whowas *w = c->session != NULL ? c->session->whowas : NULL;
	char until[WORDS_TIME];
	char offline[WORDS_OFFLINE];
	struct person p;
	uint64_t n = 0;

	if (person_find(c, nick, &p) && !p.online) {
		words_offline(p.contact, offline);
		tell(c, p.nick, &p, offline);
		n++;
	}
	for (size_t i = 0; w != NULL && i < w->n && n < most; i++) {
		if (!nick_eq(w->list[i].nick, nick) || !find(c, &w->list[i], &p))
			continue;
		words_time(w->list[i].until_ms, until);
		tell(c, w->list[i].nick, &p, until);
		n++;
	}
	return n;
}

/* `WHOWAS nick [count]`: a count that is not positive means all. */
void command_whowas(struct client *c, const struct irc_message *m)
{
	const char *nick = m->n_params > 0 ? m->params[0] : "";
	uint64_t most;

	if (nick[0] == '\0') {
		client_numeric(c, ERR_NONICKNAMEGIVEN, "%s", "");
		return;
	}
	if (m->n_params < 2 || str_to_u64(m->params[1], 1, UINT64_MAX, &most) != 0)
		most = UINT64_MAX;
	if (tell_all(c, nick, most) == 0)
		client_numeric(c, ERR_WASNOSUCHNICK, "%s", target_word(nick));
	client_numeric(c, RPL_ENDOFWHOWAS, "%s", target_word(nick));
}
