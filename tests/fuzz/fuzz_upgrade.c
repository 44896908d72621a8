/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A WebSocket's request: judged alike wherever it was cut, and never let in against the rules. */
#include "fuzz.h"

#include "../../src/io/upgrade.h"

static const char *const origins[] = {"https://irc.example"};
static const struct ws_rules rules = {.host = "allium.local", .origins = origins, .n_origins = 1};

/* What no accepted head lacks, and what none has. */
static void check_accepted(const char *text, const struct upgrade *u)
{
	char answer[UPGRADE_ANSWER_MAX];

	fuzz_check(strncmp(text, "GET /", 5) == 0);
	fuzz_check(strcasestr(text, "\r\nhost:") != NULL);
	fuzz_check(strcasestr(text, "\r\norigin:") == NULL || strcasestr(text, origins[0]) != NULL);
	fuzz_check(strstr(text, u->key) != NULL && strlen(u->key) == UPGRADE_KEY_LEN);
	upgrade_answer(UPGRADE_OK, u, answer);
	fuzz_check(strncmp(answer, "HTTP/1.1 101 ", 13) == 0);
	fuzz_check(strlen(answer) > 100 && upgrade_end(answer, strlen(answer)) == strlen(answer));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	size_t end = upgrade_end((const char *)data, len);
	char answer[UPGRADE_ANSWER_MAX];
	struct upgrade u;
	char *text;
	int status;

	fuzz_check(end <= len);
	if (end == 0)
		return 0;
	/* Exactly the head: a read beyond it is a read beyond the heap's block. */
	text = malloc(end);
	fuzz_check(text);
	memcpy(text, data, end);
	status = upgrade_parse(text, end, &rules, &u);
	free(text);
	fuzz_check(status == UPGRADE_OK || status == 400 || status == 403 || status == 426);
	if (status != UPGRADE_OK) {
		upgrade_answer(status, &u, answer);
		fuzz_check(strlen(answer) > 0);
		return 0;
	}
	fuzz_check(upgrade_may_be((const char *)data, end));
	text = fuzz_string(data, end);
	/* A NUL is in no accepted head. */
	fuzz_check(strlen(text) == end);
	check_accepted(text, &u);
	free(text);
	return 0;
}
