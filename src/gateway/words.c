/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "words.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/err.h"
#include "base/str.h"

#define EXCERPT_CHARS 60 /* code points */
#define DAY_MS	      86400000

const char *words_error(int err)
{
	switch ((enum err)err) {
	case ERR_INVALID:
		return "That name can't be used: letters, digits and []\\`_^{|}- make a nick, not first a "
		       "digit or '-', 30 at most";
	case ERR_EXISTS:
		return "That name is taken here: choose another";
	case ERR_LOOKALIKE:
		return "That name looks too much like another that you have: choose one that nobody can "
		       "mistake";
	case ERR_NOT_FOUND:
		return "Nobody here has that name: see `contacts` and `requests`";
	case ERR_TOO_LONG:
		return "That is too long";
	case ERR_FULL:
		return "There is no room for more: a limit is reached, or the disk is full";
	case ERR_UTF8:
		return "That is not UTF-8: set your client's encoding to UTF-8 and send it again";
	case ERR_REFUSED:
		return "That is refused";
	case ERR_WRONG_STATE:
		return "That is not possible now";
	case ERR_AUTH:
		return "Wrong account or password";
	case ERR_AGAIN:
		return "Too many passwords are being checked now: try again in a moment";
	case ERR_IO:
		return "The disk refused: see the daemon's log";
	case ERR_NOMEM:
		return "The daemon is out of memory: try again later";
	case ERR_VERSION:
		return "This account was written by a newer allium: update the daemon";
	case ERR_UNAVAILABLE:
		return "The daemon is still starting: try again in a moment";
	case ERR_CRYPTO:
	case ERR_PROTOCOL:
	case ERR_TIMEOUT:
	case ERR_CLOSED:
	case ERR_CANCELLED:
	case ERR_PERMISSION:
		break;
	}
	return err_str(err);
}

static void utc(uint64_t real_ms, struct tm *out)
{
	time_t seconds = (time_t)(real_ms / 1000);

	if (gmtime_r(&seconds, out) == NULL || out->tm_year + 1900 > 9999)
		memset(out, 0, sizeof(*out));
}

void words_time(uint64_t real_ms, char out[WORDS_TIME])
{
	struct tm tm;

	utc(real_ms, &tm);
	str_fmt(out, WORDS_TIME, "%04d-%02d-%02d %02d:%02d UTC", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
		tm.tm_hour, tm.tm_min);
}

void words_count(size_t n, const char *thing, char out[WORDS_COUNT])
{
	str_fmt(out, WORDS_COUNT, "%zu %s%s", n, thing, n == 1 ? "" : "s");
}

/* "12:34", with the day if it isn't that of day_ms. */
static void put_clock(uint64_t real_ms, uint64_t day_ms, char out[WORDS_TIME])
{
	struct tm tm;

	utc(real_ms, &tm);
	if (real_ms / DAY_MS == day_ms / DAY_MS)
		str_fmt(out, WORDS_TIME, "%02d:%02d", tm.tm_hour, tm.tm_min);
	else
		str_fmt(out, WORDS_TIME, "%04d-%02d-%02d %02d:%02d", tm.tm_year + 1900, tm.tm_mon + 1,
			tm.tm_mday, tm.tm_hour, tm.tm_min);
}

void words_when(uint64_t line_ms, uint32_t minute, uint64_t now_ms, char out[WORDS_WHEN])
{
	int64_t apart = (int64_t)(line_ms / 60000) - (int64_t)minute;
	bool sent_apart = minute != 0 && llabs(apart) > 2;
	char line[WORDS_TIME], sent[WORDS_TIME];

	out[0] = '\0';
	if (now_ms == 0 && !sent_apart)
		return;
	put_clock(line_ms, now_ms, line);
	put_clock((uint64_t)minute * 60000, line_ms, sent);
	if (now_ms != 0 && sent_apart)
		str_fmt(out, WORDS_WHEN, "[%s UTC, sent %s] ", line, sent);
	else if (now_ms != 0)
		str_fmt(out, WORDS_WHEN, "[%s UTC] ", line);
	else if (sent_apart)
		str_fmt(out, WORDS_WHEN, "[sent %s UTC] ", sent);
}

void words_excerpt(int message_kind, const char *text, size_t len, char out[WORDS_EXCERPT])
{
	size_t end = 0;

	for (unsigned n = 0; n < EXCERPT_CHARS && end < len; n++)
		end += utf8_char(text + end, len - end);
	str_fmt(out, WORDS_EXCERPT, "%s%.*s%s", chat_quote_before(message_kind), (int)end, text,
		end < len ? "..." : "");
	chat_quote_one_line(out);
}

const char *words_keys(const struct contact *contact)
{
	switch ((enum contact_state)contact->row.state) {
	case CONTACT_ASKED:
		return "asked: no key of theirs is pinned yet";
	case CONTACT_ACCEPTING:
		return "their key is pinned; they are still to be told that you accepted";
	case CONTACT_LINKED:
		return "the keys of both sides are pinned";
	case CONTACT_INVITED:
		return "theirs stands in the invitation, which is still to be shown to them";
	}
	return "";
}

static void put_queue(size_t queued, char *out, size_t size)
{
	char count[WORDS_COUNT];

	if (queued == 0)
		return;
	words_count(queued, "message", count);
	str_fmt(out + strlen(out), size - strlen(out), "; %s queued", count);
}

void words_offline(const struct contact *contact, char out[WORDS_OFFLINE])
{
	char since[WORDS_TIME];

	if (contact->row.blocked) {
		str_copy(out, WORDS_OFFLINE, "blocked");
	} else if (contact->row.state == CONTACT_ASKED) {
		str_copy(out, WORDS_OFFLINE, "waits until your request is accepted");
	} else if (contact->row.state == CONTACT_INVITED) {
		str_copy(out, WORDS_OFFLINE, "waits until the invitation is shown to them");
	} else if (contact->row.seen_ms == 0) {
		str_copy(out, WORDS_OFFLINE, "offline, not reached yet");
	} else {
		words_time(contact->row.seen_ms, since);
		str_fmt(out, WORDS_OFFLINE, "offline since %s", since);
	}
}

void words_contact(const struct contact *contact, char out[WORDS_STATE])
{
	char since[WORDS_TIME];

	if (contact->presence == PRESENCE_OFFLINE) {
		words_offline(contact, out);
	} else {
		words_time(contact->online_since_ms, since);
		str_fmt(out, WORDS_STATE, "online since %s%s%s", since,
			contact->presence == PRESENCE_AWAY ? ", away: " : "",
			contact->presence == PRESENCE_AWAY ? contact->away_text : "");
	}
	put_queue(contact->queued, out, WORDS_STATE);
}

void words_tor(const struct chat_tor_status *t, char out[WORDS_TOR])
{
	const char *text = t->text[0] != '\0' ? t->text : "starting";

	if (t->ready)
		str_copy(out, WORDS_TOR,
			 t->published ? "Tor is ready, contacts can reach you"
				      : "Tor is ready, contacts can't call you yet");
	else if (t->progress > 0)
		str_fmt(out, WORDS_TOR, "Tor: %d%%, %s", t->progress, text);
	else
		str_fmt(out, WORDS_TOR, "%s%s", strncasecmp(text, "tor ", 4) == 0 ? "" : "Tor: ", text);
}
