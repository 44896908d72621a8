/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "target.h"

#include <string.h>

#include "base/str.h"

#include "command.h"
#include "session.h"

bool target_find(const struct client *c, const char *target, int64_t *conversation)
{
	const struct contact *contact;

	if (c->session == NULL)
		return false;
	if (nick_eq(target, c->nick)) {
		*conversation = CONVERSATION_SELF;
	} else if (nick_eq(target, SERVICE_NICK)) {
		*conversation = CONVERSATION_SERVICE;
	} else if (channel_is_control(target)) {
		*conversation = CONVERSATION_CHANNEL;
	} else {
		contact = chat_find(session_chat(c->session), target);
		if (contact == NULL)
			return false;
		*conversation = contact->row.id;
	}
	return true;
}

const char *target_word(const char *text)
{
	const size_t len = strlen(text);

	return len == 0 || len > TARGET_WORD_MAX || text[0] == ':' || strchr(text, ' ') != NULL ? "*" : text;
}

const char *target_name(const struct client *c, int64_t conversation, const struct contact *contact)
{
	if (contact != NULL)
		return contact->row.petname;
	if (conversation == CONVERSATION_CHANNEL)
		return CONTROL_CHANNEL;
	return conversation == CONVERSATION_SERVICE ? SERVICE_NICK : c->nick;
}

bool target_time(const char *text, uint64_t *time_ms)
{
	static const char key[] = "timestamp=";

	return strncmp(text, key, sizeof(key) - 1) == 0 &&
	       irc_server_time_parse(text + sizeof(key) - 1, time_ms) == 0;
}

bool target_id(const char *text, uint8_t msgid[MSGID_BYTES])
{
	char digits[2 * MSGID_BYTES + 1];

	if (text[strcspn(text, "-")] == '-' && strspn(strchr(text, '-') + 1, "0123456789") == 0)
		return false;
	return str_copy_n(digits, sizeof(digits), text, strcspn(text, "-")) == 0 &&
	       hex_decode(digits, msgid, MSGID_BYTES) == 0;
}

bool target_msgid(const char *text, uint8_t msgid[MSGID_BYTES])
{
	static const char key[] = "msgid=";

	return strncmp(text, key, sizeof(key) - 1) == 0 && target_id(text + sizeof(key) - 1, msgid);
}
