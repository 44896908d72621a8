/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ctcp.h"

#include <string.h>
#include <strings.h>

#include "base/str.h"

#include "config.h"
#include "person.h"
#include "target.h"
#include "words.h"

#define ANSWER_MAX 200

/* The word and what follows it. */
struct query {
	char word[16]; /* "" if it is longer */
	const char *arg;
	size_t arg_len;
};

static void parse(const char *text, size_t len, struct query *q)
{
	size_t n;

	text++;
	len--;
	if (len > 0 && text[len - 1] == '\001')
		len--;
	for (n = 0; n < len && text[n] != ' '; n++)
		;
	if (str_copy_n(q->word, sizeof(q->word), text, n) != 0)
		q->word[0] = '\0';
	q->arg = text + n + (n < len);
	q->arg_len = len - n - (n < len);
}

/* What is told of whom: nothing that the peer's machine knows. */
static void answer_version(struct client *c, const struct person *p, const struct query *q, char out[ANSWER_MAX])
{
	(void)c;
	(void)q;
	if (p->kind == PERSON_CONTACT)
		str_fmt(out, ANSWER_MAX, "allium %s answers in place of %s, who was not asked", PACKAGE_VERSION,
			p->nick);
	else
		str_fmt(out, ANSWER_MAX, "allium %s", PACKAGE_VERSION);
}

static void answer_ping(struct client *c, const struct person *p, const struct query *q, char out[ANSWER_MAX])
{
	(void)c;
	(void)p;
	str_copy_n(out, ANSWER_MAX, q->arg, utf8_cut(q->arg, q->arg_len, ANSWER_MAX - 1));
}

static void answer_time(struct client *c, const struct person *p, const struct query *q, char out[ANSWER_MAX])
{
	char now[WORDS_TIME];

	(void)p;
	(void)q;
	words_time(loop_time_ms(c->gateway->loop), now);
	str_fmt(out, ANSWER_MAX, "%s by the clock of %s", now, c->gateway->server_name);
}

static void answer_clientinfo(struct client *c, const struct person *p, const struct query *q,
			      char out[ANSWER_MAX])
{
	(void)c;
	(void)p;
	(void)q;
	str_copy(out, ANSWER_MAX, "ACTION CLIENTINFO PING TIME VERSION");
}

static const struct ctcp_answer {
	const char *word;
	void (*fill)(struct client *c, const struct person *p, const struct query *q, char out[ANSWER_MAX]);
} answers[] = {
    {"VERSION", answer_version},
    {"PING", answer_ping},
    {"TIME", answer_time},
    {"CLIENTINFO", answer_clientinfo},
};

static const struct ctcp_answer *find(const char *word)
{
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
		if (strcasecmp(answers[i].word, word) == 0)
			return &answers[i];
	return NULL;
}

static void refuse(struct client *c, const struct query *q)
{
	if (strcasecmp(q->word, "DCC") == 0)
		client_notice(c, "DCC would connect outside of Tor and tell your address: it was not sent.");
	else
		client_notice(c, "CTCP would tell about your client: it was not sent. Only /me leaves this machine.");
}

/* What was said comes back to those who want that. */
static void echo(struct client *c, const char *target, const char *text, size_t len)
{
	struct tags own = {.account = c->account != NULL ? account_name(c->account) : NULL};
	char mask[MASK_SIZE];

	if (!client_has(c, CAP_ECHO_MESSAGE))
		return;
	client_mask(c, mask);
	client_send_tagged(c, &own, ":%s PRIVMSG %s :%.*s", mask, target, (int)len, text);
}

void ctcp_query(struct client *c, const char *target, const char *text, size_t len)
{
	const struct ctcp_answer *a;
	char line[ANSWER_MAX];
	char mask[MASK_SIZE];
	struct person p;
	struct query q;
	struct tags t;

	parse(text, len, &q);
	a = find(q.word);
	if (a == NULL || target[0] == '&' || target[0] == '#') {
		refuse(c, &q);
		return;
	}
	if (!person_find(c, target, &p)) {
		if (c->session == NULL)
			client_reply(c, ERR_NOSUCHNICK, "%s :" WORDS_LOGIN, target_word(target));
		else
			client_numeric(c, ERR_NOSUCHNICK, "%s", target_word(target));
		return;
	}
	echo(c, p.nick, text, len);
	a->fill(c, &p, &q, line);
	person_mask(&p, mask);
	person_tags(&p, &t);
	client_send_tagged(c, &t, ":%s NOTICE %s :\001%s%s%s\001", mask, c->nick, a->word, line[0] != '\0' ? " " : "",
			   line);
}
