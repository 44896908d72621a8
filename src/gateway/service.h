/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The service nick: lines to it (or said in the control channel) are commands, and it answers with NOTICEs.
 */
#ifndef GATEWAY_SERVICE_H
#define GATEWAY_SERVICE_H

#include "client.h"

#define SERVICE_ARGS_MAX 3

struct service_args {
	size_t n;
	char *v[SERVICE_ARGS_MAX];
};

enum service_flags {
	SERVICE_LOGIN = 1,    /* only with a login */
	SERVICE_PASSWORD = 2, /* its line carries a password: not in the channel, never stored or logged */
	SERVICE_REST = 4,     /* the last argument takes the rest of the line */
};

/*
 * X(name, flags, least and most arguments, usage, one line, page, handler).  `help` is made of it.
 */
#define SERVICE_MAP(X)                                                                                       \
	X("register", SERVICE_PASSWORD, 1, 1, "<password>", "make a new account named as your nick",         \
	  "The password encrypts everything that the account keeps on disk; nobody can recover it. It has "  \
	  "at most 300 bytes and no blanks; under 8 it is easily guessed.",                                  \
	  service_register)                                                                                  \
	X("identify", SERVICE_PASSWORD, 1, 2, "[account[@client]] <password>", "log in",                     \
	  "Without an account it is your nick's. @client names this client (say alice@laptop): each name "   \
	  "is shown once what it missed. "                                                                   \
	  "PASS account@client:password and SASL PLAIN do the same.",                                        \
	  service_identify)                                                                                  \
	X("address", SERVICE_LOGIN, 0, 0, "", "show your address, also as a QR code",                        \
	  "While the door is open, whoever has it can ask to be your contact, with: add <nick> <address>",   \
	  service_address)                                                                                   \
	X("door", SERVICE_LOGIN, 0, 2, "[open | closed [now]]", "show, open or close the door",              \
	  "Open: whoever has your address can ask to be your contact, and see when you are online. Closed: " \
	  "neither; contacts reach you on private services. The address is then withdrawn once no contact "  \
	  "depends on it; with `now`, at once.",                                                             \
	  service_door)                                                                                      \
	X("invite", SERVICE_LOGIN, 0, 2, "[days] | list | revoke <n>", "invite one person",                  \
	  "One string, also as a QR code: who adds it first is your contact without a question, also while " \
	  "the door is closed. It is good for 7 days, or 1 to 30. Keep it as secret as a password.",         \
	  service_invite)                                                                                    \
	X("add", SERVICE_LOGIN | SERVICE_REST, 2, 3, "<nick> <address | invitation> [message]",              \
	  "make somebody your contact",                                                                      \
	  "The nick is your name for them. By their address they are asked, and the message, at most 280 "   \
	  "bytes, goes with the request; an invitation needs no asking. You can write at once: messages "    \
	  "wait until you are contacts.",                                                                    \
	  service_add)                                                                                       \
	X("requests", SERVICE_LOGIN, 0, 0, "", "list who asks to be your contact",                           \
	  "Answer with accept or reject.", service_requests)                                                 \
	X("accept", SERVICE_LOGIN, 1, 3, "<nick> [as <petname>]", "accept a request",                        \
	  "With `as`, under a name of your own choice.", service_accept)                                     \
	X("reject", SERVICE_LOGIN, 1, 1, "<nick> | all", "refuse a request, or all",                         \
	  "It is not shown again. To change your mind: add <nick> <address>", service_reject)                \
	X("contacts", SERVICE_LOGIN, 0, 0, "", "list your contacts",                                         \
	  "With their presence, what is queued for them and why they can't be reached.", service_contacts)   \
	X("info", SERVICE_LOGIN, 1, 1, "<nick>", "tell all about a contact",                                 \
	  "Address, keys, link, queue, and the reason if the last try to reach them failed.", service_info)  \
	X("rename", SERVICE_LOGIN, 2, 2, "<old> <new>", "give a contact another nick",                       \
	  "The nick is yours: the contact does not learn of it.", service_rename)                            \
	X("remove", SERVICE_LOGIN, 1, 1, "<nick>", "forget a contact",                                       \
	  "Its conversation and what is queued for it are deleted. It is not told. One of your household "   \
	  "does not come back by itself: add it again.",                                                     \
	  service_remove)                                                                                    \
	X("block", SERVICE_LOGIN, 1, 1, "<nick>", "shut a contact out",                                      \
	  "It can't reach you any more, nor find you, and is not told. What waits for it is dropped. The "   \
	  "other contacts are moved to a new service; who is offline follows when reached.",                 \
	  service_block)                                                                                     \
	X("unblock", SERVICE_LOGIN, 1, 1, "<nick>", "let a blocked contact in again",                        \
	  "It is called, and told where you are. If it has blocked you too and both doors are closed, only "  \
	  "an invitation leads back.",                                                                       \
	  service_unblock)                                                                                   \
	X("queue", SERVICE_LOGIN, 0, 1, "[nick]", "show what waits to be sent",                              \
	  "With a nick: each message with its number, which `cancel` takes, and whether it waits or may "    \
	  "have left. It goes away once the contact has it.",                                                \
	  service_queue)                                                                                     \
	X("cancel", SERVICE_LOGIN, 2, 2, "<nick> <n>|all", "take back what waits to be sent",                \
	  "One message by its number in `queue <nick>`, or all. It is too late for what may have left: the " \
	  "contact may have it already. A line says when a long queue is done.",                             \
	  service_cancel)                                                                                    \
	X("tor", SERVICE_LOGIN, 0, 0, "", "show what tor does",                                              \
	  "Its version and state, and the relays of each contact's circuit.", service_tor)                   \
	X("retry", SERVICE_LOGIN, 0, 1, "[nick]", "call one contact, or all, now",                           \
	  "Whatever pause the last failure has brought.", service_retry)                                     \
	X("set", SERVICE_LOGIN, 0, 2, "[name [value]]", "show or change settings",                           \
	  "Without a value it shows them, all or one. They hold for the account, with all its clients. "     \
	  "Each contact has <nick>.expire. `help set <name>` tells about one.",                                 \
	  service_set)                                                                                       \
	X("passwd", SERVICE_LOGIN | SERVICE_PASSWORD, 2, 2, "<old> <new>", "change the password",            \
	  "The new one has at most 300 bytes and no blanks.", service_passwd)                                \
	X("cert", SERVICE_LOGIN, 0, 2, "[add [fingerprint] | list | del <fingerprint>]",                     \
	  "let clients log in by TLS certificate",                                                           \
	  "`cert add` takes the certificate that this client shows; a fingerprint is the SHA-256 of another "  \
	  "one, in hex. Whoever holds its key logs in by SASL EXTERNAL, while the account is unlocked.",     \
	  service_cert)                                                                                      \
	X("logout", SERVICE_LOGIN, 0, 0, "", "lock the account",                                             \
	  "Links are closed, the address is withdrawn, the keys are wiped and all clients of the account "   \
	  "are logged out. To leave with one client only: /quit",                                            \
	  service_logout)                                                                                    \
	X("wipe", SERVICE_LOGIN | SERVICE_PASSWORD, 1, 1, "<password>", "destroy the account",               \
	  "Its key file is destroyed, so that nobody can read what it kept, and its directory removed; links " \
	  "are closed and all its clients logged out. Contacts are not told. There is no way back.",         \
	  service_wipe)                                                                                      \
	X("help", 0, 0, 2, "[command | set <name>]", "this list, or a page about a command",                 \
	  "You have found it. `help set <name>` is a page about a setting.", service_help)

#define X(name, flags, least, most, usage, brief, page, handler)                                             \
	void handler(struct client *c, const struct service_args *a);
SERVICE_MAP(X)
#undef X

struct service_command {
	const char *name;
	unsigned flags;
	size_t least;
	size_t most;
	const char *usage;
	const char *brief;
	const char *page;
	void (*handler)(struct client *c, const struct service_args *a);
};

/* NULL: there is no such command. */
const struct service_command *service_find(const char *name);
/*
 * Finds the command of a line and cuts its arguments out of it in place.  *cmd is NULL for a line without a
 * known command, whose first word is then args->v[0] (args->n is 0 for an empty line).  ERR_INVALID: too few
 * or too many arguments.
 */
int service_parse(char *line, const struct service_command **cmd, struct service_args *args);

/* Handles a line of len bytes of UTF-8; in_channel: it was said in the control channel. */
void service_line(struct client *c, const char *text, size_t len, bool in_channel);

/* Does the line hold a password, for all we know? */
bool service_is_secret(const char *text, size_t len);
/* The answer to a wrong use of a command. */
void service_tell_usage(struct client *c, const char *name);
/* Whether the door is open, and what that means (service_door.c). */
void service_tell_door(struct client *c);
/* Can whoever has the address see by it when its owner is online? */
bool service_address_published(const struct chat *chat);

/* NULL, with words, for a nick that is no contact's (service_contact.c). */
struct contact *service_find_contact(struct client *c, const char *nick);

/* The page of a setting (service_setting.c). */
void service_help_set(struct client *c, const char *name);

/* What password jobs report to (service_account.c). */
void service_on_identify(struct client *c, int err);
void service_on_register(struct client *c, int err);
void service_on_passwd(struct client *c, int err);
void service_on_wipe(struct client *c, int err);
/* What there is to know about an account that was just made. */
void service_tell_account(struct client *c);

#endif
