/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The table of IRC commands, and their handlers. */
#ifndef GATEWAY_COMMAND_H
#define GATEWAY_COMMAND_H

#include "client.h"

/* Who may use a command. */
enum command_who {
	WHO_ANY,	/* at any time */
	WHO_NEW,	/* before registration: 462 later */
	WHO_REGISTERED, /* 451 before */
};

/* X(name, who, least number of parameters (461 below), handler) */
#define COMMAND_MAP(X)                                                                                       \
	/* capabilities.c, authenticate.c, enroll.c */                                                       \
	X("CAP", WHO_ANY, 1, command_cap)                                                                    \
	X("AUTHENTICATE", WHO_ANY, 1, command_authenticate)                                                  \
	X("REGISTER", WHO_ANY, 3, command_enroll)                                                            \
	X("VERIFY", WHO_ANY, 2, command_verify)                                                              \
	/* register.c */                                                                                     \
	X("PASS", WHO_NEW, 1, command_pass)                                                                  \
	X("NICK", WHO_ANY, 0, command_nick)                                                                  \
	X("USER", WHO_NEW, 4, command_user)                                                                  \
	/* user.c */                                                                                         \
	X("PING", WHO_ANY, 0, command_ping)                                                                  \
	X("PONG", WHO_ANY, 0, command_pong)                                                                  \
	X("QUIT", WHO_ANY, 0, command_quit)                                                                  \
	X("ERROR", WHO_ANY, 0, command_ignore)                                                               \
	X("SETNAME", WHO_REGISTERED, 1, command_setname)                                                     \
	X("ISON", WHO_REGISTERED, 1, command_ison)                                                           \
	X("USERHOST", WHO_REGISTERED, 1, command_userhost)                                                   \
	/* away.c, monitor.c */                                                                              \
	X("AWAY", WHO_ANY, 0, command_away)                                                                  \
	X("MONITOR", WHO_REGISTERED, 1, command_monitor)                                                     \
	/* channel.c */                                                                                      \
	X("JOIN", WHO_REGISTERED, 1, command_join)                                                           \
	X("PART", WHO_REGISTERED, 1, command_part)                                                           \
	X("NAMES", WHO_REGISTERED, 0, command_names)                                                         \
	X("MODE", WHO_REGISTERED, 1, command_mode)                                                           \
	X("TOPIC", WHO_REGISTERED, 1, command_topic)                                                         \
	X("LIST", WHO_REGISTERED, 0, command_list)                                                           \
	X("KICK", WHO_REGISTERED, 2, command_kick)                                                           \
	X("INVITE", WHO_REGISTERED, 0, command_invite)                                                       \
	/* who.c, whois.c, whowas.c */                                                                           \
	X("WHO", WHO_REGISTERED, 0, command_who_list)                                                        \
	X("WHOIS", WHO_REGISTERED, 0, command_whois)                                                         \
	X("WHOWAS", WHO_REGISTERED, 0, command_whowas)                                                       \
	/* privmsg.c */                                                                                      \
	X("PRIVMSG", WHO_REGISTERED, 0, command_privmsg)                                                     \
	X("NOTICE", WHO_REGISTERED, 0, command_notice)                                                       \
	/* multiline.c, redact.c, tagmsg.c */                                                                \
	X("BATCH", WHO_REGISTERED, 1, command_batch)                                                         \
	X("REDACT", WHO_REGISTERED, 2, command_redact)                                                       \
	X("TAGMSG", WHO_REGISTERED, 0, command_tagmsg)                                                       \
	/* chathistory.c, marker.c, search.c */                                                              \
	X("CHATHISTORY", WHO_REGISTERED, 0, command_chathistory)                                             \
	X("MARKREAD", WHO_REGISTERED, 0, command_markread)                                                   \
	X("SEARCH", WHO_REGISTERED, 1, command_search)                                                       \
	/* serverinfo.c */                                                                                   \
	X("LUSERS", WHO_REGISTERED, 0, command_lusers)                                                       \
	X("VERSION", WHO_REGISTERED, 0, command_version)                                                     \
	X("MOTD", WHO_REGISTERED, 0, command_motd)                                                           \
	X("TIME", WHO_REGISTERED, 0, command_time)                                                           \
	X("INFO", WHO_REGISTERED, 0, command_info)                                                           \
	X("ADMIN", WHO_REGISTERED, 0, command_admin)                                                         \
	X("STATS", WHO_REGISTERED, 1, command_stats)                                                         \
	X("LINKS", WHO_REGISTERED, 0, command_links)                                                         \
	/* help.c */                                                                                         \
	X("HELP", WHO_REGISTERED, 0, command_help)                                                           \
	X("HELPOP", WHO_REGISTERED, 0, command_help)                                                         \
	/* user.c */                                                                                         \
	X("OPER", WHO_REGISTERED, 2, command_oper)                                                           \
	X("CONNECT", WHO_REGISTERED, 0, command_privileged)                                                  \
	X("DIE", WHO_REGISTERED, 0, command_privileged)                                                      \
	X("KILL", WHO_REGISTERED, 0, command_privileged)                                                     \
	X("REHASH", WHO_REGISTERED, 0, command_privileged)                                                   \
	X("RESTART", WHO_REGISTERED, 0, command_privileged)                                                  \
	X("SQUIT", WHO_REGISTERED, 0, command_privileged)                                                    \
	X("WALLOPS", WHO_REGISTERED, 0, command_privileged)

enum {
#define X(name, who, least, handler) +1
	COMMAND_COUNT = 0 COMMAND_MAP(X)
#undef X
};

#define X(name, who, least, handler) void handler(struct client *c, const struct irc_message *m);
COMMAND_MAP(X)
#undef X

/* The name of the i-th command. */
const char *command_name(size_t i);
/* Parses and handles one line of len bytes; the line is cut into pieces. */
void command_line(struct client *c, char *line, size_t len);

/* What ends a registration and what a password job reports to (register.c). */
void register_advance(struct client *c);
void register_on_login(struct client *c, int err);
/* Forgets the password that waits for NICK and USER. */
void register_clear(struct client *c);

/* Used by more than their own command. */
void channel_names(struct client *c);
void serverinfo_welcome(struct client *c);
bool channel_is_control(const char *name);

#endif
