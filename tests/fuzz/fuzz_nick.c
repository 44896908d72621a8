/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Nicks: whatever a peer proposes becomes valid, and skeletons are a normal form. */
#include "fuzz.h"

#include "base/nick.h"

static void check_forms(const char *nick)
{
	char once[NICK_MAX + 1], twice[NICK_MAX + 1];
	nick_skeleton(nick, once);
	nick_skeleton(once, twice);
	fuzz_check(!strcmp(once, twice));
	nick_fold(nick, once);
	nick_fold(once, twice);
	fuzz_check(!strcmp(once, twice));
	if (strlen(nick) <= NICK_MAX)
		fuzz_check(nick_eq(nick, once));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char first[NICK_MAX + 1], second[NICK_MAX + 1], skeleton_first[NICK_MAX + 1],
	    skeleton_second[NICK_MAX + 1];
	char *text = fuzz_string(data, len);
	const size_t half = len / 2;

	nick_sanitize(text, half, first);
	nick_sanitize(text + half, len - half, second);
	fuzz_check(nick_valid(first) && nick_valid(second));
	fuzz_check(nick_lookalike(first, second) == nick_lookalike(second, first));
	nick_skeleton(first, skeleton_first);
	nick_skeleton(second, skeleton_second);
	fuzz_check((nick_lookalike(first, second) || nick_eq(first, second)) ==
		   !strcmp(skeleton_first, skeleton_second));

	/* what is valid already stays as it is */
	if (nick_valid(text)) {
		nick_sanitize(text, len, first);
		fuzz_check(!strcmp(text, first) || strlen(text) != len);
	}
	check_forms(text);
	check_forms(first);
	free(text);
	return 0;
}
