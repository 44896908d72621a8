/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The index of accounts: what is taken is well-formed, without doubles, and writes back as it was. */
#include "fuzz.h"

#include "store/index.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct index_entry entries[INDEX_ACCOUNTS_MAX];
	size_t n, at = 0;
	if (index_parse((const char *)data, len, entries, &n))
		return 0;
	fuzz_check(n <= INDEX_ACCOUNTS_MAX);
	for (size_t i = 0; i < n; i++) {
		char line[NICK_MAX + INDEX_ID_LEN + 3];
		const int line_len = snprintf(line, sizeof(line), "%s %s\n", entries[i].name, entries[i].id);
		fuzz_check(nick_valid(entries[i].name));
		fuzz_check(strspn(entries[i].id, "0123456789abcdef") == INDEX_ID_LEN);
		fuzz_check(at + (size_t)line_len <= len && !memcmp(data + at, line, (size_t)line_len));
		at += (size_t)line_len;
		for (size_t j = 0; j < i; j++)
			fuzz_check(!nick_eq(entries[i].name, entries[j].name) &&
				   strcmp(entries[i].id, entries[j].id));
	}
	fuzz_check(at == len);
	return 0;
}
