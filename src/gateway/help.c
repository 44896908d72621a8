/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "help.h"

#include <string.h>
#include <strings.h>

#include "base/str.h"

#include "command.h"
#include "service.h"
#include "target.h"

#define TEXT_ROOM 300 /* bytes of text in a line */

static const struct help {
	const char *command;
	const char *usage;
	const char *text;
} pages[] = {
#define X(command, usage, text) {command, usage, text},
    HELP_MAP(X)
#undef X
};
#define N_PAGES (sizeof(pages) / sizeof(pages[0]))

static const struct help *find(const char *command)
{
	for (size_t i = 0; i < N_PAGES; i++)
		if (strcasecmp(pages[i].command, command) == 0)
			return &pages[i];
	return NULL;
}

static void tell(struct client *c, const char *subject, const char *text)
{
	client_reply(c, RPL_HELPTXT, "%s :%s", subject, text);
}

/* Broken at blanks. */
static void tell_long(struct client *c, const char *subject, const char *text)
{
	while (strlen(text) > TEXT_ROOM) {
		size_t n = TEXT_ROOM;

		while (n > 1 && text[n] != ' ')
			n--;
		client_reply(c, RPL_HELPTXT, "%s :%.*s", subject, (int)n, text);
		text += n + 1;
	}
	tell(c, subject, text);
}

static void tell_index(struct client *c, const char *subject)
{
	char names[TEXT_ROOM] = "";
	size_t used;

	client_reply(c, RPL_HELPSTART, "%s :allium speaks IRC here and Tor behind", subject);
	tell(c, subject, "");
	tell(c, subject, "Talk to the service: /msg " SERVICE_NICK " help lists its commands,");
	tell(c, subject, "/msg " SERVICE_NICK " help <command> explains one.");
	tell(c, subject, "HELP <command> tells of one of IRC's own:");
	for (size_t i = 0; i < N_PAGES; i++) {
		used = strlen(names);
		if (used + strlen(pages[i].command) + 2 > sizeof(names)) {
			tell(c, subject, names);
			used = 0;
		}
		str_fmt(names + used, sizeof(names) - used, "%s%s", used > 0 ? " " : "", pages[i].command);
	}
	tell(c, subject, names);
}

/* cmd may be NULL: not every command of IRC is one of the service too. */
static void tell_page(struct client *c, const char *subject, const struct help *page,
		      const struct service_command *cmd)
{
	if (page != NULL)
		client_reply(c, RPL_HELPSTART, "%s :%s%s%s", subject, page->command,
			     page->usage[0] != '\0' ? " " : "", page->usage);
	else
		client_reply(c, RPL_HELPSTART, "%s :%s, a command of the service", subject, cmd->name);
	tell(c, subject, "");
	if (page != NULL)
		tell_long(c, subject, page->text);
	if (cmd == NULL)
		return;
	client_reply(c, RPL_HELPTXT, "%s :/msg %s %s%s%s: %s.", subject, SERVICE_NICK, cmd->name,
		     cmd->usage[0] != '\0' ? " " : "", cmd->usage, cmd->brief);
	tell_long(c, subject, cmd->page);
}

/* A subject is one word; about several nothing is known. */
void command_help(struct client *c, const struct irc_message *m)
{
	const char *subject = m->n_params > 0 && m->params[0][0] != '\0' ? m->params[0] : "*";
	const struct service_command *cmd = service_find(subject);
	const struct help *page = find(subject);

	if (strcmp(subject, "*") == 0 || strcasecmp(subject, "index") == 0) {
		tell_index(c, subject);
	} else if (page != NULL || cmd != NULL) {
		tell_page(c, subject, page, cmd);
	} else {
		client_numeric(c, ERR_HELPNOTFOUND, "%s", target_word(subject));
		return;
	}
	client_reply(c, RPL_ENDOFHELP, "%s :End of HELP", subject);
}
