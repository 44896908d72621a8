/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The numerics that we send, by their names in modern-irc; and the ISUPPORT tokens. */
#ifndef IRC_NUMERIC_H
#define IRC_NUMERIC_H

#include <stddef.h>

/* X(name, number, text of the last parameter, or NULL where the reply makes its own) */
#define NUMERIC_MAP(X)                                                                                       \
	X(RPL_WELCOME, 1, NULL)                                                                              \
	X(RPL_YOURHOST, 2, NULL)                                                                             \
	X(RPL_CREATED, 3, NULL)                                                                              \
	X(RPL_MYINFO, 4, NULL)                                                                               \
	X(RPL_ISUPPORT, 5, "are supported by this server")                                                   \
	X(RPL_STATSCOMMANDS, 212, NULL)                                                                      \
	X(RPL_ENDOFSTATS, 219, "End of /STATS report")                                                       \
	X(RPL_UMODEIS, 221, NULL)                                                                            \
	X(RPL_STATSUPTIME, 242, NULL)                                                                        \
	X(RPL_LUSERCLIENT, 251, NULL)                                                                        \
	X(RPL_LUSEROP, 252, "operator(s) online")                                                            \
	X(RPL_LUSERUNKNOWN, 253, "unknown connection(s)")                                                    \
	X(RPL_LUSERCHANNELS, 254, "channels formed")                                                         \
	X(RPL_LUSERME, 255, NULL)                                                                            \
	X(RPL_ADMINME, 256, "Administrative info")                                                           \
	X(RPL_ADMINLOC1, 257, NULL)                                                                          \
	X(RPL_ADMINLOC2, 258, NULL)                                                                          \
	X(RPL_ADMINEMAIL, 259, NULL)                                                                         \
	X(RPL_LOCALUSERS, 265, NULL)                                                                         \
	X(RPL_GLOBALUSERS, 266, NULL)                                                                        \
	X(RPL_AWAY, 301, NULL)                                                                               \
	X(RPL_USERHOST, 302, NULL)                                                                           \
	X(RPL_ISON, 303, NULL)                                                                               \
	X(RPL_UNAWAY, 305, "You are no longer marked as being away")                                         \
	X(RPL_NOWAWAY, 306, "You have been marked as being away")                                            \
	X(RPL_WHOISUSER, 311, NULL)                                                                          \
	X(RPL_WHOISSERVER, 312, NULL)                                                                        \
	X(RPL_WHOWASUSER, 314, NULL)                                                                         \
	X(RPL_ENDOFWHO, 315, "End of WHO list")                                                              \
	X(RPL_WHOISIDLE, 317, "seconds idle, signon time")                                                   \
	X(RPL_ENDOFWHOIS, 318, "End of /WHOIS list")                                                         \
	X(RPL_WHOISCHANNELS, 319, NULL)                                                                      \
	X(RPL_WHOISSPECIAL, 320, NULL)                                                                       \
	X(RPL_LISTSTART, 321, "Users  Name")                                                                 \
	X(RPL_LIST, 322, NULL)                                                                               \
	X(RPL_LISTEND, 323, "End of /LIST")                                                                  \
	X(RPL_CHANNELMODEIS, 324, NULL)                                                                      \
	X(RPL_CREATIONTIME, 329, NULL)                                                                       \
	X(RPL_WHOISACCOUNT, 330, "is logged in as")                                                          \
	X(RPL_NOTOPIC, 331, "No topic is set")                                                               \
	X(RPL_TOPIC, 332, NULL)                                                                              \
	X(RPL_TOPICWHOTIME, 333, NULL)                                                                       \
	X(RPL_WHOISBOT, 335, "is a bot")                                                                     \
	X(RPL_ENDOFINVITELIST, 337, "End of /INVITE list")                                                   \
	X(RPL_VERSION, 351, NULL)                                                                            \
	X(RPL_WHOREPLY, 352, NULL)                                                                           \
	X(RPL_NAMREPLY, 353, NULL)                                                                           \
	X(RPL_WHOSPCRPL, 354, NULL)                                                                          \
	X(RPL_LINKS, 364, NULL)                                                                              \
	X(RPL_ENDOFLINKS, 365, "End of /LINKS list")                                                         \
	X(RPL_ENDOFNAMES, 366, "End of /NAMES list")                                                         \
	X(RPL_ENDOFBANLIST, 368, "End of channel ban list")                                                  \
	X(RPL_ENDOFWHOWAS, 369, "End of WHOWAS")                                                             \
	X(RPL_INFO, 371, NULL)                                                                               \
	X(RPL_MOTD, 372, NULL)                                                                               \
	X(RPL_ENDOFINFO, 374, "End of INFO list")                                                            \
	X(RPL_MOTDSTART, 375, NULL)                                                                          \
	X(RPL_ENDOFMOTD, 376, "End of /MOTD command.")                                                       \
	X(RPL_TIME, 391, NULL)                                                                               \
	X(ERR_NOSUCHNICK, 401, "No such nick/channel")                                                       \
	X(ERR_NOSUCHSERVER, 402, "No such server")                                                           \
	X(ERR_NOSUCHCHANNEL, 403, "No such channel")                                                         \
	X(ERR_CANNOTSENDTOCHAN, 404, NULL)                                                                   \
	X(ERR_TOOMANYTARGETS, 407, NULL)                                                                     \
	X(ERR_WASNOSUCHNICK, 406, "There was no such nickname")                                              \
	X(ERR_NOORIGIN, 409, "No origin specified")                                                          \
	X(ERR_INVALIDCAPCMD, 410, "Invalid CAP command")                                                     \
	X(ERR_NORECIPIENT, 411, "No recipient given")                                                        \
	X(ERR_NOTEXTTOSEND, 412, "No text to send")                                                          \
	X(ERR_INPUTTOOLONG, 417, "Input line was too long")                                                  \
	X(ERR_UNKNOWNCOMMAND, 421, "Unknown command")                                                        \
	X(ERR_NOMOTD, 422, "MOTD File is missing")                                                           \
	X(ERR_NONICKNAMEGIVEN, 431, "No nickname given")                                                     \
	X(ERR_ERRONEUSNICKNAME, 432, "Erroneous nickname")                                                   \
	X(ERR_NICKNAMEINUSE, 433, "Nickname is already in use")                                              \
	X(ERR_NOTONCHANNEL, 442, "You're not on that channel")                                               \
	X(ERR_USERONCHANNEL, 443, "is already on channel")                                                   \
	X(ERR_NOTREGISTERED, 451, "You have not registered")                                                 \
	X(ERR_NEEDMOREPARAMS, 461, "Not enough parameters")                                                  \
	X(ERR_ALREADYREGISTERED, 462, "You may not reregister")                                              \
	X(ERR_PASSWDMISMATCH, 464, "Password incorrect")                                                     \
	X(ERR_UNKNOWNMODE, 472, "is unknown mode char to me")                                                \
	X(ERR_NOPRIVILEGES, 481, "Permission Denied- You're not an IRC operator")                            \
	X(ERR_CHANOPRIVSNEEDED, 482, "You're not channel operator")                                          \
	X(ERR_NOOPERHOST, 491, "No O-lines for your host")                                                   \
	X(ERR_UMODEUNKNOWNFLAG, 501, "Unknown MODE flag")                                                    \
	X(ERR_USERSDONTMATCH, 502, "Cant change mode for other users")                                       \
	X(ERR_HELPNOTFOUND, 524, "No help available on this topic")                                          \
	X(RPL_WHOISSECURE, 671, NULL)                                                                        \
	X(RPL_HELPSTART, 704, NULL)                                                                          \
	X(RPL_HELPTXT, 705, NULL)                                                                            \
	X(RPL_ENDOFHELP, 706, NULL)                                                                          \
	X(RPL_MONONLINE, 730, NULL)                                                                          \
	X(RPL_MONOFFLINE, 731, NULL)                                                                         \
	X(RPL_MONLIST, 732, NULL)                                                                            \
	X(RPL_ENDOFMONLIST, 733, "End of MONITOR list")                                                      \
	X(ERR_MONLISTFULL, 734, "Monitor list is full")                                                      \
	X(RPL_LOGGEDIN, 900, NULL)                                                                           \
	X(RPL_LOGGEDOUT, 901, "You are now logged out")                                                      \
	X(RPL_SASLSUCCESS, 903, "SASL authentication successful")                                            \
	X(ERR_SASLFAIL, 904, "SASL authentication failed")                                                   \
	X(ERR_SASLTOOLONG, 905, "SASL message too long")                                                     \
	X(ERR_SASLABORTED, 906, "SASL authentication aborted")                                               \
	X(ERR_SASLALREADY, 907, "You have already authenticated using SASL")                                 \
	X(RPL_SASLMECHS, 908, "are available SASL mechanisms")

enum numeric {
#define X(name, number, text) name = number,
	NUMERIC_MAP(X)
#undef X
};

/* The standard text of a numeric; "" where a reply makes its own. */
const char *numeric_text(enum numeric n);

#define ISUPPORT_MONITOR 512 /* nicks that a client may watch */
/* Most lines that CHATHISTORY and SEARCH give at once. */
#define CHATHISTORY_LIMIT 100

/* The i-th ISUPPORT token ("CASEMAPPING=ascii"), NULL after the last.  All of them are true. */
const char *isupport_token(size_t i);

#endif
