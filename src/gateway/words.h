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
/*
 * What stands before a line that came at line_ms.  "[sent 12:34 UTC] " when the sender's minute (0: none) is
 * not within two of that; with now_ms (else 0) the line's time too: "[12:36 UTC] ", "[12:36 UTC, sent 12:30] ".
 * Other days than today, or than the line's, are told.
 */
#define WORDS_WHEN 64
void words_when(uint64_t line_ms, uint32_t minute, uint64_t now_ms, char out[WORDS_WHEN]);
/* The first 60 code points of a message of len bytes of UTF-8, "..." for the rest, in one line; an action as
 * `/me ...`, what is no text of its own after a word that says what it is. */
#define WORDS_EXCERPT 280
void words_excerpt(int message_kind, const char *text, size_t len, char out[WORDS_EXCERPT]);
/* Since when an offline contact is, without its queue. */
#define WORDS_OFFLINE 64
void words_offline(const struct contact *contact, char out[WORDS_OFFLINE]);
/* What a contact that can't be talked to right now is doing, for 301, `contacts` and WHOIS. */
#define WORDS_STATE 320
void words_contact(const struct contact *contact, char out[WORDS_STATE]);
/* What tor does, as a clause: "Tor is ready, ...", "Tor: 45%, loading relay descriptors". */
#define WORDS_TOR 200
void words_tor(const struct chat_tor_status *t, char out[WORDS_TOR]);
/* "waits ...", "keys of both sides are pinned" and the like. Static. */
const char *words_keys(const struct contact *contact);

#endif
