/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Capabilities (IRCv3 capability negotiation): listed once, names and bits derived. */
#ifndef IRC_CAPABILITY_H
#define IRC_CAPABILITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* X(bit name, wire name, value shown to CAP LS 302 or NULL, is it offered?) */
#define CAPABILITY_MAP(X)                                                                            \
	X(ACCOUNT_NOTIFY, "account-notify", NULL, true)                                              \
	X(ACCOUNT_REGISTRATION, "draft/account-registration", "before-connect,custom-account-name", true) \
	X(ACCOUNT_TAG, "account-tag", NULL, true)                                                    \
	X(AWAY_NOTIFY, "away-notify", NULL, true)                                                    \
	X(BATCH, "batch", NULL, true)                                                                \
	X(CAP_NOTIFY, "cap-notify", NULL, true)                                                      \
	X(CHATHISTORY, "draft/chathistory", NULL, true)                                              \
	X(CHGHOST, "chghost", NULL, true)                                                            \
	X(ECHO_MESSAGE, "echo-message", NULL, true)                                                  \
	X(EVENT_PLAYBACK, "draft/event-playback", NULL, true)                                        \
	X(EXTENDED_JOIN, "extended-join", NULL, true)                                                \
	X(EXTENDED_MONITOR, "extended-monitor", NULL, true)                                          \
	X(INVITE_NOTIFY, "invite-notify", NULL, true)                                                \
	X(LABELED_RESPONSE, "labeled-response", NULL, true)                                          \
	X(MESSAGE_REDACTION, "draft/message-redaction", NULL, true)                                  \
	X(MESSAGE_TAGS, "message-tags", NULL, true)                                                  \
	X(MULTILINE, "draft/multiline", "max-bytes=4000,max-lines=100", true)                        \
	X(MULTI_PREFIX, "multi-prefix", NULL, true)                                                  \
	X(NO_IMPLICIT_NAMES, "no-implicit-names", NULL, true)                                        \
	X(NO_IMPLICIT_NAMES_DRAFT, "draft/no-implicit-names", NULL, true)                            \
	X(PRE_AWAY, "draft/pre-away", NULL, true)                                                    \
	X(READ_MARKER, "draft/read-marker", NULL, true)                                              \
	X(SASL, "sasl", NULL /* the connection's mechanisms */, true)                                \
	X(SEARCH, "soju.im/search", NULL, true)                                                      \
	X(SERVER_TIME, "server-time", NULL, true)                                                    \
	X(SETNAME, "setname", NULL, true)                                                            \
	X(STANDARD_REPLIES, "standard-replies", NULL, true)                                          \
	X(USERHOST_IN_NAMES, "userhost-in-names", NULL, true)                                       \
	X(SELF_MESSAGE, "znc.in/self-message", NULL, true)

enum capability_index {
#define X(name, wire, value, offered) CAPABILITY_INDEX_##name,
	CAPABILITY_MAP(X)
#undef X
	    CAPABILITY_COUNT
};
_Static_assert(CAPABILITY_COUNT < 31, "a mask has 32 bits, of which an enum takes 31");
enum capability {
#define X(name, wire, value, offered) CAP_##name = 1 << CAPABILITY_INDEX_##name,
	CAPABILITY_MAP(X)
#undef X
};

/* Those that are offered, as a mask. */
#define X(name, wire, value, offered) | ((offered) ? CAP_##name : 0)
enum { CAPABILITIES_OFFERED = 0 CAPABILITY_MAP(X) };
#undef X

/* The wire name and the 302 value of the i-th capability. */
const char *capability_name(size_t i);
const char *capability_value(size_t i);
/* The bit of a name of len bytes; 0 if unknown. Exact case. */
uint32_t capability_find(const char *name, size_t len);
/*
 * A CAP REQ list: names by blanks, '-' before one removes it.  All or nothing: false, and nothing is changed,
 * when any is unknown or not among those that are offered.
 */
bool capability_request(const char *list, uint32_t offered, uint32_t *caps);
/*
 * Writes the names from *index on into out, as many as fit, and advances *index; true when some are left for another
 * line.  For CAP LS, LIST, NEW and DEL over several lines. mask: the capabilities to list.  values: what stands behind
 * each name, by capability_index, or NULL for names alone.
 */
bool capability_list(uint32_t mask, const char *const values[CAPABILITY_COUNT], size_t *index, char *out, size_t size);

#endif
