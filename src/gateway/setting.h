/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a user may set: the table of settings, and their values as texts. */
#ifndef GATEWAY_SETTING_H
#define GATEWAY_SETTING_H

#include "chat/chat.h"

/* What the texts of a setting mean as a number. */
enum setting_type {
	SETTING_CHOICE,	 /* one word of a list: its place in the list, from 0 */
	SETTING_BOOL,	 /* off (0) or on (1) */
	SETTING_NUMBER,	 /* decimal */
	/* A number with one of the units s, m, h, d, w: milliseconds; or "never", if the range says so: 0. */
	SETTING_DURATION
};

#define EXPIRE_RANGE "1m-1040w|never"

/*
 * X(index, name, type, range, default, one line, page).  range: the words of a choice ("online|all"), the
 * least and the most of a number ("1-30") or a duration ("1m-4w", "1m-4w|never"); of a bool it is not looked at.
 */
#define SETTING_MAP(X)                                                                                       \
	X(CONTACTS_SHOW, "contacts.show", CHOICE, "online|all", "online",                                    \
	  "which contacts are members of &contacts",                                                         \
	  "With `online` they join when they come and quit when they go. With `all` they stay: voiced (+) "  \
	  "while online, away and without voice while offline.")                                             \
	X(AWAY_AUTO, "away.auto", BOOL, "", "off", "be away while no client is here",                        \
	  "With several clients you are away when all of them are. When the last one goes, your contacts "   \
	  "go on seeing what they saw; with `on` they see that you are away, until a client is here again.") \
	X(COVER, "cover", CHOICE, "off|light|constant", "off", "how links hide when you talk",               \
	  "Who watches a link can count its records. `light` adds empty ones at random times. `constant` "   \
	  "sends one every 2 seconds on each link, full or empty: talk then looks like silence, but "        \
	  "messages wait for their turn, and each link carries 20 MB a day each way. That a link "           \
	  "stands can still be seen.")                                                                       \
	X(EXPIRE, "expire", DURATION, EXPIRE_RANGE, "never", "after which time lines are deleted",             \
	  "Older lines go from this machine, with the notes to yourself and those of the service. `set "     \
	  "<nick>.expire <time>|never|default` sets it for one contact. What your contacts have is not "     \
	  "touched, and what waits to be delivered still is.")                                               \
	X(REPLAY_TIME, "replay.time", CHOICE, "auto|prefix|tag", "auto",                                     \
	  "how the time of replayed lines is told",                                                          \
	  "What a client has missed is replayed when it comes back. With `tag` the time stands in the "      \
	  "line's server-time tag alone, with `prefix` also at the start of the text, in UTC. `auto` puts "  \
	  "it there for clients without server-time. irssi asks for the tag but does not show it: either "   \
	  "set this to `prefix`, or in irssi: /set show_server_time on")                                     \
	X(TYPING, "typing", BOOL, "", "off", "whether contacts are told that you write to them",             \
	  "Some clients tell that their user is typing. With `on` this goes to the contact, while it is "    \
	  "online: it learns when you write and when you think better of it, and who watches the link sees " \
	  "records that no message explains. What contacts tell of theirs is shown in any case.")

enum setting_index {
#define X(index, name, type, range, standard, brief, page) SETTING_##index,
	SETTING_MAP(X)
#undef X
	    SETTING_COUNT
};
enum contacts_show { SHOW_ONLINE, SHOW_ALL };
enum replay_time { REPLAY_TIME_AUTO, REPLAY_TIME_PREFIX, REPLAY_TIME_TAG };

struct setting {
	const char *name;
	enum setting_type type;
	const char *range;
	const char *standard; /* the default */
	const char *brief;
	const char *page;
};
extern const struct setting setting_table[SETTING_COUNT];

/* What may be set for each contact, as <nick>.<name>: how long its lines are kept. */
extern const struct setting setting_contact_expire;

/* By name, in any case; NULL. */
const struct setting *setting_find(const char *name);
/* ERR_INVALID: not what the setting takes. Words and units are taken in any case. */
int setting_parse(const struct setting *s, const char *text, uint64_t *value);
/* The one text of a value that setting_parse gave. */
void setting_format(const struct setting *s, uint64_t value, char out[SETTING_VALUE_MAX + 1]);
/* What the setting takes, in words: "online, all", "a number from 1 to 30". */
#define SETTING_ALLOWED 200
void setting_allowed(const struct setting *s, char out[SETTING_ALLOWED]);

#endif
