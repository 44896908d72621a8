/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What HELP tells of IRC commands; of the service's own, service.h does. */
#ifndef GATEWAY_HELP_H
#define GATEWAY_HELP_H

/* X(command, usage, text) */
#define HELP_MAP(X)                                                                                      \
	X("CAP", "LS [302] | LIST | REQ :<names> | END",                                                 \
	  "Asks for IRCv3 capabilities. LS 302 also shows values.")                                      \
	X("PASS", "[<account>[@<client>]:]<password>",                                                   \
	  "Logs in, before NICK and USER. Without an account: to the one that USER names as "            \
	  "<account>@<client>, else to that of the nick.")                                               \
	X("NICK", "<nick>",                                                                              \
	  "Changes your nick, for all clients of your account. Contacts keep their own name for "        \
	  "you, and are told.")                                                                          \
	X("USER", "<user> 0 * :<real name>", "The second half of a registration.")                       \
	X("AUTHENTICATE", "<mechanism> | <base64> | *", "Logs in by SASL.")                              \
	X("PING", "<token>",                                                                             \
	  "Is answered by PONG with the token, once all that came before is done and stored.")           \
	X("PONG", "<token>", "Answers a PING of the server.")                                            \
	X("QUIT", "[:<reason>]",                                                                         \
	  "Closes this connection. The account stays online; to lock it: /msg allium logout")            \
	X("ERROR", ":<text>", "Is ignored.")                                                             \
	X("AWAY", "[:<text>]",                                                                           \
	  "With a text you are away, without one you are here. An account is away when all its "         \
	  "clients are; contacts see the latest text. `AWAY *` of a client with draft/pre-away "         \
	  "does not count while another client does.")                                                   \
	X("MONITOR", "+|- <nick>{,<nick>} | C | L | S",                                                  \
	  "Watches nicks: 730 tells who came, 731 who went.")                                            \
	X("SETNAME", ":<real name>", "Changes your real name. It stays on this machine.")                \
	X("OPER", "<name> <password>", "There are no operators.")                                        \
	X("KILL", "<nick> :<reason>", "Is for operators, and there are none.")                           \
	X("WALLOPS", ":<text>", "Is for operators, and there are none.")                                 \
	X("REHASH", "", "Is for operators, and there are none.")                                         \
	X("RESTART", "", "Is for operators, and there are none.")                                        \
	X("DIE", "", "Is for operators, and there are none.")                                            \
	X("CONNECT", "<server>", "Is for operators, and there are none.")                                \
	X("SQUIT", "<server>", "Is for operators, and there are none.")                                  \
	X("ISON", "<nick>{ <nick>}", "Tells which of them are online.")                                  \
	X("USERHOST", "<nick>{ <nick>}",                                                                 \
	  "Tells the hosts of at most 5 who are online, and who is away (-).")                           \
	X("JOIN", "<channel>",                                                                           \
	  "The one channel is &contacts; you join it when you log in. `JOIN 0` leaves it.")              \
	X("PART", "<channel> [:<reason>]",                                                               \
	  "Leaves &contacts: this client is not told any more who comes and goes.")                      \
	X("NAMES", "[<channel>]",                                                                        \
	  "Lists who is in &contacts: contacts who are online, or all (set contacts.show).")             \
	X("MODE", "<channel> | <nick> [<modes>]",                                                        \
	  "Shows modes. Of your own you can set B: you are a bot.")                                      \
	X("TOPIC", "<channel>",                                                                          \
	  "Shows the topic of &contacts: the state of Tor, of queue and requests.")                      \
	X("LIST", "[<channel>]", "Lists &contacts.")                                                     \
	X("KICK", "<channel> <nick>", "Is refused. To end a contact: /msg allium remove <nick>")         \
	X("INVITE", "<nick> <channel>",                                                                  \
	  "Is refused: contacts come to &contacts by themselves. To invite somebody to be a "            \
	  "contact: /msg allium invite")                                                                 \
	X("WHO", "<channel>|<nick>|<mask> [<flags>][%<fields>[,<token>]]",                               \
	  "Lists who is there. Flags name what a mask is compared with (n u h s r a); fields "           \
	  "ask for WHOX.")                                                                               \
	X("WHOIS", "[<server>] <nick>",                                                                  \
	  "Tells about somebody, online or not: address, keys, circuit, queue.")                         \
	X("WHOWAS", "<nick> [<count>]",                                                                  \
	  "Tells who had a nick, and since when not: contacts who were renamed or are offline.")         \
	X("PRIVMSG", "<nick>{,<nick>} :<text>",                                                          \
	  "Sends a message to a contact, at most 4 at once. It waits here while the contact is "         \
	  "offline. To allium it is a command; to your own nick a note to your other clients.")          \
	X("NOTICE", "<nick>{,<nick>} :<text>", "As PRIVMSG, without automatic answers.")                 \
	X("TAGMSG", "<nick>{,<nick>}",                                                                   \
	  "Carries replies and reactions to contacts, and typing if `set typing on` wants it.")          \
	X("REGISTER", "<account>|* * <password>", "Makes an account (draft/account-registration).")      \
	X("VERIFY", "<account> <code>", "Is not needed: an account is there at once.")                   \
	X("CHATHISTORY", "<subcommand> [<target>] <place> [<place>] <limit>",                            \
	  "Gives at most 100 lines of a conversation: BEFORE, AFTER or AROUND a place "                  \
	  "(msgid=... or timestamp=...), BETWEEN two, the LATEST after one or *; or the TARGETS "        \
	  "that have lines between two.")        \
	X("SEARCH", "<attribute>=<value>{;<attribute>=<value>}",                                         \
	  "Finds lines: by in (a nick), from, text, after, before and limit (soju.im/search).")          \
	X("MARKREAD", "<target> [timestamp=<time>]",                                                     \
	  "Tells or moves the mark up to which a conversation has been read.")                           \
	X("BATCH", "+<name> draft/multiline <nick> | -<name>",                                           \
	  "Opens and ends a message of several lines; its PRIVMSGs carry @batch=<name>.")                \
	X("REDACT", "<nick> <msgid> [:<reason>]",                                                        \
	  "Takes a message of yours back: it is deleted here, and the contact is asked to delete it. "   \
	  "What was read was read.")                                                                     \
	X("LUSERS", "", "Counts you and the contacts who are online.")                                   \
	X("VERSION", "", "Shows the version, and the limits as ISUPPORT tells them.")                    \
	X("MOTD", "", "Shows the message of the day, if there is one.")                                  \
	X("TIME", "", "Shows the time of this machine, in UTC.")                                         \
	X("INFO", "", "Tells what this is.")                                                             \
	X("ADMIN", "", "Tells who runs this.")                                                           \
	X("STATS", "m | u",                                                                              \
	  "m: how often your clients have used each command. u: how long the server is up.")             \
	X("LINKS", "", "Lists the one server.")                                                          \
	X("HELP", "[<command>]", "Tells about IRC commands, and those of the service.")                  \
	X("HELPOP", "[<command>]", "Is HELP.")

#endif
