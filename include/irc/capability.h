/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Capabilities (IRCv3 capability negotiation): listed once, names and bits derived. */
#ifndef IRC_CAPABILITY_H
#define IRC_CAPABILITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* X(bit name, wire name, value shown to CAP LS 302 or NULL) */
#define CAPABILITY_MAP(X)                                                                                    \
	X(ACCOUNT_NOTIFY, "account-notify", NULL)                                                            \
	X(AWAY_NOTIFY, "away-notify", NULL)                                                                  \
	X(CAP_NOTIFY, "cap-notify", NULL)                                                                    \
	X(CHGHOST, "chghost", NULL)                                                                          \
	X(EXTENDED_JOIN, "extended-join", NULL)                                                              \
	X(INVITE_NOTIFY, "invite-notify", NULL)                                                              \
	X(MESSAGE_TAGS, "message-tags", NULL)                                                                \
	X(MULTI_PREFIX, "multi-prefix", NULL)                                                                \
	X(SASL, "sasl", "PLAIN")                                                                             \
	X(SERVER_TIME, "server-time", NULL)                                                                  \
	X(SETNAME, "setname", NULL)                                                                          \
	X(USERHOST_IN_NAMES, "userhost-in-names", NULL)

enum capability_index {
#define X(name, wire, value) CAPABILITY_INDEX_##name,
	CAPABILITY_MAP(X)
#undef X
	    CAPABILITY_COUNT
};
enum capability {
#define X(name, wire, value) CAP_##name = 1 << CAPABILITY_INDEX_##name,
	CAPABILITY_MAP(X)
#undef X
};

/* The wire name and the 302 value of the i-th capability. */
const char *capability_name(size_t i);
const char *capability_value(size_t i);
/* The bit of a name of len bytes; 0 if unknown. Exact case. */
uint32_t capability_find(const char *name, size_t len);
/*
 * A CAP REQ list: names by blanks, '-' before one removes it.  All or nothing: false, and nothing is changed,
 * when any is unknown.
 */
bool capability_request(const char *list, uint32_t *caps);
/*
 * Writes the names (with values if v302) from *index on into out, as many as fit, and advances *index; true
 * when some are left for another line.  For CAP LS and LIST over several lines. mask: the capabilities to
 * list.
 */
bool capability_list(uint32_t mask, bool v302, size_t *index, char *out, size_t size);

#endif
