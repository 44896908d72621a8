/* SPDX-License-Identifier: GPL-3.0-or-later */
/* UTF-8: the whole is valid when its characters are, cuts keep it so, and the log's scrubber makes it so. */
#include "fuzz.h"

#include "base/log.h"
#include "base/str.h"

static void check_cuts(const char *text, size_t len)
{
	for (size_t max = 0; max <= len && max < 64; max++) {
		const size_t cut = utf8_cut(text, len, max);
		fuzz_check(cut <= max && max - cut < 4);
		fuzz_check(utf8_valid(text, cut));
		fuzz_check(utf8_valid(text + cut, len - cut));
	}
}

static void check_scrubbed(const char *text)
{
	char out[200];
	static const size_t sizes[] = {1, 2, 10, sizeof(out)};
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		log_scrub(text, out, sizes[i]);
		const size_t len = strlen(out);
		fuzz_check(len < sizes[i]);
		fuzz_check(utf8_valid(out, len));
		for (size_t j = 0; j < len; j++)
			fuzz_check((unsigned char)out[j] >= ' ' && out[j] != 0x7f);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char *text = (const char *)data;
	size_t at = 0, n;
	while (at < len && (n = utf8_char(text + at, len - at)))
		at += n;
	fuzz_check(utf8_valid(text, len) == (at == len));
	fuzz_check(utf8_valid(text, at));
	check_cuts(text, at);

	char *copy = fuzz_string(data, len);
	check_scrubbed(copy);
	free(copy);
	return 0;
}
