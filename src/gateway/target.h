/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The conversations that CHATHISTORY, MARKREAD and SEARCH name, and how clients write times and messages. */
#ifndef GATEWAY_TARGET_H
#define GATEWAY_TARGET_H

#include "chat/history.h"

#include "client.h"

/* A contact, oneself, the service, the control channel; false without a login and for others. */
bool target_find(const struct client *c, const char *target, int64_t *conversation);
/* Bytes of a word that an answer repeats: longer ones would push its text off the line. */
#define TARGET_WORD_MAX 200
/* What a client wrote, as a word of an answer: "*" for what would be none, or the last one, or is too long. */
const char *target_word(const char *text);
/* The name of a conversation, as target_find takes it. */
const char *target_name(const struct client *c, int64_t conversation, const struct contact *contact);
/* "timestamp=2019-01-04T14:33:26.123Z" */
bool target_time(const char *text, uint64_t *time_ms);
/* An id as we write it; a line of several that showed one message (its "-1") stands for the message. */
bool target_id(const char *text, uint8_t msgid[MSGID_BYTES]);
/* "msgid=" and one. */
bool target_msgid(const char *text, uint8_t msgid[MSGID_BYTES]);

#endif
