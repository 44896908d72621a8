/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Errors, times and states in words for people: one place, one tone. */
#ifndef GATEWAY_WORDS_H
#define GATEWAY_WORDS_H

#include "chat/chat.h"

/* What to do about nearly everything that fails without a login. */
#define WORDS_LOGIN "Log in first: /msg " SERVICE_NICK " identify [account] <password>"
/* A sentence for an err of chat or accounts: what is wrong and what to do. Static. */
const char *words_error(int err);
/* "2026-01-31 12:34 UTC" */
#define WORDS_TIME 24
void words_time(uint64_t real_ms, char out[WORDS_TIME]);
/* "1 message", "7 messages" */
#define WORDS_COUNT 48
void words_count(size_t n, const char *thing, char out[WORDS_COUNT]);
/* "[12:34] " or, on another day than the line's, "[2026-01-31 12:34] "; empty when the sender's minute is
 * within two of the line's time. */
void words_minute(uint32_t minute, uint64_t line_ms, char out[WORDS_TIME]);
/* The first 60 code points of a message of len bytes of UTF-8, "..." for the rest; an action as `/me ...`.
 */
#define WORDS_EXCERPT 256
void words_excerpt(int message_kind, const char *text, size_t len, char out[WORDS_EXCERPT]);
/* What a contact that can't be talked to right now is doing, for 301, `contacts` and WHOIS. */
#define WORDS_STATE 320
void words_contact(const struct contact *contact, char out[WORDS_STATE]);
/* What tor does, as a clause: "Tor is ready, ...", "Tor: 45%, loading relay descriptors". */
#define WORDS_TOR 200
void words_tor(const struct chat_tor_status *t, char out[WORDS_TOR]);
/* "waits ...", "keys of both sides are pinned" and the like. Static. */
const char *words_keys(const struct contact *contact);

#endif
