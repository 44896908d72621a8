/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "command.h"

#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "base/str.h"

#include "multiline.h"
#include "response.h"
#include "session.h"
#include "words.h"

#define WORD_MAX 64 /* bytes of an unknown command that its answer repeats */

struct command {
	const char *name;
	enum command_who who;
	size_t least;
	void (*handler)(struct client *c, const struct irc_message *m);
};

static const struct command table[] = {
#define X(name, who, least, handler) {name, who, least, handler},
    COMMAND_MAP(X)
#undef X
};

const char *command_name(size_t i)
{
	return table[i].name;
}

static const struct command *find(const char *name)
{
	/* Names are letters: most of them differ in the first. */
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (((table[i].name[0] ^ name[0]) & ~0x20) == 0 && strcasecmp(table[i].name, name) == 0)
			return &table[i];
	return NULL;
}

/* Answers who may not call it now. */
static bool may_call(struct client *c, const struct command *cmd)
{
	switch (cmd->who) {
	case WHO_ANY:
		return true;
	case WHO_NEW:
		if (c->registered)
			client_numeric(c, ERR_ALREADYREGISTERED, "%s", "");
		return !c->registered;
	case WHO_REGISTERED:
		if (!c->registered)
			client_numeric(c, ERR_NOTREGISTERED, "%s", "");
		return c->registered;
	}
	return false;
}

/* 421 repeats the word, or as much of it as no line is broken by. */
static void unknown(struct client *c, const char *word)
{
	char shown[WORD_MAX + 1];
	char *p = shown;

	str_copy_n(shown, sizeof(shown), word, utf8_cut(word, strlen(word), WORD_MAX));
	for (; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f || (*p == ':' && p == shown))
			*p = '?';
	client_numeric(c, ERR_UNKNOWNCOMMAND, "%s", shown);
}

static void dispatch(struct client *c, const struct irc_message *m)
{
	const struct command *cmd = find(m->command);

	if (cmd == NULL) {
		unknown(c, m->command);
		return;
	}
	if (!may_call(c, cmd) || multiline_takes(c, m))
		return;
	if (m->n_params < cmd->least) {
		client_numeric(c, ERR_NEEDMOREPARAMS, "%s", cmd->name);
		return;
	}
	if (c->session != NULL)
		c->session->used[cmd - table]++;
	cmd->handler(c, m);
}

/* Registration and leaving must not fail by an old client's charset: what they say goes nowhere. */
static bool may_be_any_bytes(const char *command)
{
	static const char *const names[] = {"USER", "PASS", "QUIT"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcasecmp(names[i], command) == 0)
			return true;
	return false;
}

/* UTF8ONLY is no capability: the specification has its reply for everybody.  Old clients also get it in words. */
static void refuse_bytes(struct client *c, const char *command)
{
	const struct command *cmd = find(command);
	const char *words = words_error(ERR_UTF8);

	client_send(c, ":%s FAIL %s INVALID_UTF8 :%s.", c->gateway->server_name, cmd != NULL ? cmd->name : "*", words);
	if (!client_reads_standard(c))
		client_notice(c, "%s.", words);
}

/* No line can hold these, whatever the charset. */
static void refuse_controls(struct client *c, const char *command)
{
	const struct command *cmd = find(command);

	client_standard(c, STANDARD_FAIL, cmd != NULL ? cmd->name : "*", "INVALID_TEXT", "",
			"There is a NUL or a CR in that line: nothing of it was done.");
}

/* Puts '?' in the place of those; were there any? */
static bool replace_controls(char *line, size_t len)
{
	bool any = false;

	for (size_t i = 0; i < len; i++) {
		if (line[i] != '\0' && line[i] != '\r')
			continue;
		line[i] = '?';
		any = true;
	}
	return any;
}

/* What is wrong with a line. */
enum flaw { FLAW_NONE, FLAW_BYTES, FLAW_CONTROLS, FLAW_LENGTH };

static void refuse(struct client *c, const struct irc_message *m, enum flaw flaw)
{
	if (flaw == FLAW_LENGTH)
		client_numeric(c, ERR_INPUTTOOLONG, "%s", "");
	else if (flaw == FLAW_BYTES)
		refuse_bytes(c, m->command);
	else
		refuse_controls(c, m->command);
	multiline_spoil(c);
}

/* The answer to a labelled command ends with it, or with the password job, the search or the batch (multiline.c) that
 * it has started. */
static void answer(struct client *c, const struct irc_message *m, enum flaw flaw)
{
	const char *label = client_has(c, CAP_LABELED_RESPONSE) ? irc_tag(m, "label") : NULL;

	if (label != NULL)
		response_begin(c, label);
	if (flaw == FLAW_NONE || (flaw == FLAW_BYTES && may_be_any_bytes(m->command)))
		dispatch(c, m);
	else
		refuse(c, m, flaw);
	if (c->login != NULL || c->search != NULL)
		response_pause(c);
	else
		response_end(c);
}

void command_line(struct client *c, char *line, size_t len)
{
	enum flaw flaw = replace_controls(line, len) ? FLAW_CONTROLS : utf8_valid(line, len) ? FLAW_NONE : FLAW_BYTES;
	struct irc_message m;
	int err = irc_parse(line, len, &m);

	if (err == ERR_TOO_LONG) {
		flaw = FLAW_LENGTH;
	} else if (err != 0) {
		multiline_spoil(c);
		return;
	}
	if (c->session != NULL)
		c->session->sender = c;
	answer(c, &m, flaw);
	/* The session may be another one now, or none. */
	if (c->session != NULL)
		c->session->sender = NULL;
}
