/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "service.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "base/str.h"

#include "session.h"
#include "words.h"

static const struct service_command table[] = {
#define X(name, flags, least, most, usage, brief, page, handler)                                             \
	{name, flags, least, most, usage, brief, page, handler},
    SERVICE_MAP(X)
#undef X
};
#define N_COMMANDS (sizeof(table) / sizeof(table[0]))

/* ---- the line ---- */

const struct service_command *service_find(const char *name)
{
	for (size_t i = 0; i < N_COMMANDS; i++)
		if (strcasecmp(table[i].name, name) == 0)
			return &table[i];
	return NULL;
}

/* Cuts the next word off the front of *p; NULL at the end. */
static char *take_word(char **p)
{
	char *word;

	*p += strspn(*p, " ");
	if (**p == '\0')
		return NULL;
	word = *p;
	*p += strcspn(*p, " ");
	if (**p != '\0')
		*(*p)++ = '\0';
	return word;
}

static char *take_rest(char **p)
{
	char *rest = *p + strspn(*p, " ");
	size_t len = strlen(rest);

	while (len > 0 && rest[len - 1] == ' ')
		rest[--len] = '\0';
	*p = rest + len;
	return len > 0 ? rest : NULL;
}

int service_parse(char *line, const struct service_command **cmd, struct service_args *args)
{
	char *p = line;
	char *name = take_word(&p);
	char *word;

	memset(args, 0, sizeof(*args));
	*cmd = name != NULL ? service_find(name) : NULL;
	if (*cmd == NULL) {
		args->v[0] = name;
		args->n = name != NULL;
		return 0;
	}
	while (args->n < (*cmd)->most) {
		bool last = args->n + 1 == (*cmd)->most;

		word = last && ((*cmd)->flags & SERVICE_REST) != 0 ? take_rest(&p) : take_word(&p);
		if (word == NULL)
			break;
		args->v[args->n++] = word;
	}
	return args->n < (*cmd)->least || take_word(&p) != NULL ? ERR_INVALID : 0;
}

/* A line that was no proper command: name is that of the command, or "". */
__attribute__((format(printf, 4, 5))) static void refuse(struct client *c, const char *code, const char *name,
							 const char *fmt, ...)
{
	char text[IRC_LINE_MAX];
	char context[64];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	str_fmt(context, sizeof(context), "%s%s%s", c->in_channel ? CONTROL_CHANNEL : SERVICE_NICK,
		name[0] != '\0' ? " " : "", name);
	/* Others have this in the conversation with the service. */
	if (client_has(c, CAP_STANDARD_REPLIES))
		client_standard(c, STANDARD_FAIL, "PRIVMSG", code, context, "%s", text);
	else
		client_notice(c, "%s", text);
}

static void tell_usage(struct client *c, const struct service_command *cmd)
{
	refuse(c, "INVALID_USAGE", cmd->name, "Usage: %s%s%s. `help %s` tells more.", cmd->name,
	       cmd->usage[0] != '\0' ? " " : "", cmd->usage, cmd->name);
}

void service_tell_usage(struct client *c, const char *name)
{
	const struct service_command *cmd = service_find(name);

	if (cmd != NULL)
		tell_usage(c, cmd);
}

static void run(struct client *c, char *line)
{
	const struct service_command *cmd;
	struct service_args args;
	int err = service_parse(line, &cmd, &args);

	if (cmd == NULL) {
		/* The word is not repeated: it may be a password. */
		refuse(c, "UNKNOWN_COMMAND", "", "That is not a command: `help` lists them.");
	} else if ((cmd->flags & SERVICE_PASSWORD) != 0 && c->in_channel) {
		refuse(c, "NOT_IN_CHANNEL", cmd->name,
		       "Passwords are not for the channel: nothing was done. Use /msg %s %s %s", SERVICE_NICK,
		       cmd->name, cmd->usage);
	} else if ((cmd->flags & SERVICE_LOGIN) != 0 && c->session == NULL) {
		refuse(c, "ACCOUNT_REQUIRED", cmd->name, WORDS_LOGIN);
	} else if (err != 0) {
		tell_usage(c, cmd);
	} else {
		cmd->handler(c, &args);
	}
}

/* "allium: help", as one says it in a channel. */
static void skip_address(const char **text, size_t *len)
{
	const size_t n = sizeof(SERVICE_NICK) - 1;

	if (*len <= n || strncasecmp(*text, SERVICE_NICK, n) != 0 || ((*text)[n] != ':' && (*text)[n] != ','))
		return;
	*text += n + 1;
	*len -= n + 1;
}

bool service_is_secret(const char *text, size_t len)
{
	const struct service_command *cmd;
	struct service_args args;
	char line[IRC_LINE_MAX];
	bool secret = true;

	skip_address(&text, &len);
	if (str_copy_n(line, sizeof(line), text, len) == 0) {
		service_parse(line, &cmd, &args);
		/* A word that is no command may be one. */
		secret = cmd == NULL || (cmd->flags & SERVICE_PASSWORD) != 0;
	}
	crypto_wipe(line, sizeof(line));
	return secret;
}

void service_line(struct client *c, const char *text, size_t len, bool in_channel)
{
	char line[IRC_LINE_MAX];

	skip_address(&text, &len);
	if (str_copy_n(line, sizeof(line), text, len) != 0)
		return;
	c->in_channel = in_channel;
	run(c, line);
	c->in_channel = false;
	/* It may have held a password. */
	crypto_wipe(line, sizeof(line));
}

/* ---- help ---- */

static void list(struct client *c)
{
	client_notice(c, "Commands, for /msg %s or %s (those with a password only for /msg %s):", SERVICE_NICK,
		      CONTROL_CHANNEL, SERVICE_NICK);
	for (size_t i = 0; i < N_COMMANDS; i++)
		client_notice(c, "%s%s%s - %s", table[i].name, table[i].usage[0] != '\0' ? " " : "",
			      table[i].usage, table[i].brief);
	client_notice(c, "`help <command>` tells more about one. Anything else: write to a contact with /msg "
			 "<nick> or /query <nick>.");
}

void service_help(struct client *c, const struct service_args *a)
{
	const struct service_command *cmd;

	if (a->n == 0) {
		list(c);
		return;
	}
	cmd = service_find(a->v[0]);
	if (cmd == NULL) {
		client_notice(c, "There is no command %s. `help` lists them.", a->v[0]);
		return;
	}
	if (a->n > 1 && cmd->handler == service_set && c->session != NULL) {
		service_help_set(c, a->v[1]);
		return;
	}
	client_notice(c, "Usage: %s%s%s", cmd->name, cmd->usage[0] != '\0' ? " " : "", cmd->usage);
	client_notice(c, "%s: %s. %s", cmd->name, cmd->brief, cmd->page);
}
