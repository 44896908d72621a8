/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "irc/numeric.h"

static const char *text_of(const char *text)
{
	return text != NULL ? text : "";
}

const char *numeric_text(enum numeric n)
{
	switch (n) {
#define X(name, number, text)                                                                                \
	case name:                                                                                           \
		return text_of(text);
		NUMERIC_MAP(X)
#undef X
	}
	return "";
}

#define TEXT_OF(number) #number
#define NUMBER(number)	TEXT_OF(number)

/* clang-format off */
static const char *const isupport[] = {
	"AWAYLEN=200",
	"BOT=B",
	"CASEMAPPING=ascii",
	"CHANMODES=b,,,nt",
	"CHANTYPES=&",
	"CHATHISTORY=" NUMBER(CHATHISTORY_LIMIT),
	"CLIENTTAGDENY=*,-draft/react,-draft/reply,-draft/unreact", /* and perhaps -typing: tagmsg.h */
	"MODES=1",
	"MONITOR=" NUMBER(ISUPPORT_MONITOR),
	"MSGREFTYPES=msgid,timestamp",
	"NAMELEN=128",
	"NETWORK=allium",
	"NICKLEN=30",
	"PREFIX=(ov)@+",
	"SAFELIST",
	"TARGMAX=JOIN:,PART:,NAMES:1,LIST:1,KICK:1,WHOIS:1,WHOWAS:1,MONITOR:,PRIVMSG:4,NOTICE:4,TAGMSG:4",
	"TOPICLEN=390",
	"USERLEN=10",
	"UTF8ONLY",
	"WHOX",
};
/* clang-format on */

const char *isupport_token(size_t i)
{
	return i < sizeof(isupport) / sizeof(isupport[0]) ? isupport[i] : NULL;
}
