/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit.h"

#include "base/err.h"
#include "base/str.h"
#include "../../src/gateway/words.h"

#define NOON_MS 1700049600000u /* 2023-11-15 12:00:00 UTC */

static void the_senders_minute_is_told_when_it_differs(void **state)
{
	const uint32_t noon = NOON_MS / 60000;
	char out[WORDS_WHEN];

	(void)state;
	words_when(NOON_MS, noon - 2, 0, out);
	assert_string_equal(out, "");
	words_when(NOON_MS, noon + 2, 0, out);
	assert_string_equal(out, "");
	words_when(NOON_MS, 0, 0, out);
	assert_string_equal(out, "");
	words_when(NOON_MS, noon - 3, 0, out);
	assert_string_equal(out, "[sent 11:57 UTC] ");
	words_when(NOON_MS, noon + 3, 0, out);
	assert_string_equal(out, "[sent 12:03 UTC] ");
	words_when(NOON_MS, noon - 24 * 60, 0, out);
	assert_string_equal(out, "[sent 2023-11-14 12:00 UTC] ");
	words_when(NOON_MS, UINT32_MAX, 0, out);
	/* Whatever a peer claims, it fits. */
	assert_true(out[0] == '[' && out[strlen(out) - 1] == ' ');
}

static void a_replayed_line_tells_its_time(void **state)
{
	const uint32_t noon = NOON_MS / 60000;
	const uint64_t evening = NOON_MS + 8 * 3600000;
	char out[WORDS_WHEN];

	(void)state;
	words_when(NOON_MS, 0, evening, out);
	assert_string_equal(out, "[12:00 UTC] ");
	words_when(NOON_MS, noon - 1, evening, out);
	assert_string_equal(out, "[12:00 UTC] ");
	words_when(NOON_MS, noon - 5, evening, out);
	assert_string_equal(out, "[12:00 UTC, sent 11:55] ");
	words_when(NOON_MS, 0, evening + 86400000, out);
	assert_string_equal(out, "[2023-11-15 12:00 UTC] ");
	words_when(NOON_MS, noon - 24 * 60, evening + 86400000, out);
	assert_string_equal(out, "[2023-11-15 12:00 UTC, sent 2023-11-14 12:00] ");
	words_when(NOON_MS, UINT32_MAX, evening + 86400000, out);
	assert_true(out[0] == '[' && out[strlen(out) - 1] == ' ');
}

static void counts_have_their_plural(void **state)
{
	char out[WORDS_COUNT];

	(void)state;
	words_count(1, "message", out);
	assert_string_equal(out, "1 message");
	words_count(0, "message", out);
	assert_string_equal(out, "0 messages");
}

static void a_message_in_part(void **state)
{
	char text[4 * 61 + 1] = "";
	char out[WORDS_EXCERPT];

	(void)state;
	words_excerpt(MESSAGE_TEXT, "hello", 5, out);
	assert_string_equal(out, "hello");
	words_excerpt(MESSAGE_ACTION, "waves", 5, out);
	assert_string_equal(out, "/me waves");
	words_excerpt(9, "", 0, out);
	assert_string_equal(out, "");
	for (unsigned n = 0; n < 61; n++)
		strcat(text, "\xf0\x9f\xa7\x85");
	words_excerpt(MESSAGE_ACTION, text, 4 * 60, out);
	assert_int_equal(strlen(out), 4 + 4 * 60);
	words_excerpt(MESSAGE_ACTION, text, 4 * 61, out);
	assert_int_equal(strlen(out), 4 + 4 * 60 + 3);
	assert_true(utf8_valid(out, strlen(out)));
	assert_string_equal(out + 4 + 4 * 60, "...");
}

static void a_contact_in_words(void **state)
{
	struct contact c = {.row = {.state = CONTACT_ASKED}};
	char out[WORDS_STATE];

	(void)state;
	c.queued = 2;
	words_contact(&c, out);
	assert_string_equal(out, "waits until your request is accepted; 2 messages queued");
	c.row.state = CONTACT_LINKED;
	words_contact(&c, out);
	assert_string_equal(out, "offline, not reached yet; 2 messages queued");
	c.queued = 0;
	c.row.seen_ms = NOON_MS;
	words_contact(&c, out);
	assert_string_equal(out, "offline since 2023-11-15 12:00 UTC");
	c.presence = PRESENCE_AWAY;
	c.online_since_ms = NOON_MS;
	memset(c.away_text, 'x', sizeof(c.away_text) - 1);
	words_contact(&c, out);
	assert_non_null(strstr(out, "online since 2023-11-15 12:00 UTC, away: xxx"));
}

static void tor_in_words(void **state)
{
	struct chat_tor_status t = {.text = "loading relays", .progress = 45};
	char out[WORDS_TOR];

	(void)state;
	words_tor(&t, out);
	assert_string_equal(out, "Tor: 45%, loading relays");
	t.progress = 0;
	words_tor(&t, out);
	assert_string_equal(out, "Tor: loading relays");
	memcpy(t.text, "Tor is off", 11);
	words_tor(&t, out);
	assert_string_equal(out, "Tor is off");
	t.ready = true;
	words_tor(&t, out);
	assert_string_equal(out, "Tor is ready, contacts can't call you yet");
}

static void every_error_has_words(void **state)
{
	(void)state;
#define X(name, value, text) assert_true(strlen(words_error(name)) > 0);
	ERR_MAP(X)
#undef X
	assert_string_not_equal(words_error(ERR_LOOKALIKE), words_error(ERR_EXISTS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_senders_minute_is_told_when_it_differs),
	    cmocka_unit_test(a_replayed_line_tells_its_time),
	    cmocka_unit_test(counts_have_their_plural),
	    cmocka_unit_test(a_message_in_part),
	    cmocka_unit_test(a_contact_in_words),
	    cmocka_unit_test(tor_in_words),
	    cmocka_unit_test(every_error_has_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
