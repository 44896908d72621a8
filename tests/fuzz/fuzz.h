/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a fuzz target needs.  The entry point has libFuzzer's name and contract, so that either driver runs
 * it. */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Feeds one input; returns 0.  data holds exactly len bytes of the heap and no NUL behind them. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* A property that must hold for every input; the drivers keep the input that breaks it. */
#define fuzz_check(holds)                                                                                    \
	do {                                                                                                 \
		if (!(holds)) {                                                                              \
			fprintf(stderr, "%s:%d: broken: %s\n", __FILE__, __LINE__, #holds);                  \
			abort();                                                                             \
		}                                                                                            \
	} while (0)

/* A malloc'd copy with a NUL behind it, for parsers of C strings. */
static inline char *fuzz_string(const uint8_t *data, size_t len)
{
	char *text = malloc(len + 1);
	fuzz_check(text);
	if (len)
		memcpy(text, data, len);
	text[len] = '\0';
	return text;
}

#endif
