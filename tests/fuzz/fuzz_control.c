/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a control socket says, cut anywhere, and everything that reads its lines. */
#include "fuzz.h"

#include "../../src/tor/bootstrap.h"
#include "../../src/tor/circuit.h"
#include "../../src/tor/control.h"
#include "../../src/tor/driver.h"
#include "../../src/tor/safecookie.h"
#include "base/err.h"

/* Every reader takes every line: they are told apart by the reply's place, which a hostile tor controls. */
static void read_line(const char *text)
{
	const struct safecookie cookie = {.cookie = {0}};
	struct control_word word;
	struct bootstrap phase;
	struct tor_circuit circuit;
	uint8_t proof[COOKIE_BYTES];
	const char *cursor = text;
	char value[64];
	int err;

	while ((err = control_word_next(&cursor, &word)) == 1)
		fuzz_check(strlen(word.value) <= CONTROL_WORD_MAX);
	fuzz_check(err == 0 || err == ERR_PROTOCOL || err == ERR_TOO_LONG);
	if (control_value(text, "Tor", value, sizeof(value)) == 0)
		driver_check_version(value);
	if (bootstrap_parse(text, &phase) == 0)
		fuzz_check(phase.progress >= -1 && phase.progress <= 100);
	if (circuit_parse(text, &circuit) == 0)
		fuzz_check(strlen(circuit.path) < sizeof(circuit.path));
	fuzz_check(safecookie_answer(&cookie, text, proof) != 0);
}

static void read_reply(const struct control_reply *reply)
{
	fuzz_check(reply->n >= 1 && reply->n <= CONTROL_LINES_MAX);
	fuzz_check(reply->code >= 0 && reply->code <= 999);
	for (size_t i = 0; i < reply->n; i++) {
		read_line(reply->lines[i].text);
		if (reply->lines[i].data != NULL)
			read_line(reply->lines[i].data);
	}
}

/* The replies of a stream, as a running hash: they must not depend on where the stream is cut. */
static uint64_t read_stream(const uint8_t *data, size_t len, size_t step, int look)
{
	struct control_parser parser;
	const struct control_reply *reply;
	struct buf in;
	uint64_t hash = 14695981039346656037u;
	int err = 0;

	control_parser_init(&parser);
	buf_init(&in, len + 1);
	for (size_t at = 0; at < len && err >= 0; at += step) {
		fuzz_check(buf_put(&in, data + at, len - at < step ? len - at : step) == 0);
		while ((err = control_parser_next(&parser, &in, &reply)) == 1) {
			if (look)
				read_reply(reply);
			for (size_t i = 0; i < reply->n; i++)
				for (const char *p = reply->lines[i].text; *p != '\0'; p++)
					hash = (hash ^ (uint8_t)*p) * 1099511628211u;
			hash = (hash ^ (unsigned)reply->code) * 1099511628211u;
		}
		fuzz_check(err == 0 || err == ERR_PROTOCOL);
	}
	buf_clear(&in);
	control_parser_clear(&parser);
	return hash;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (len == 0 || len > CONTROL_LINE_MAX)
		return 0;
	fuzz_check(read_stream(data, len, len, 1) == read_stream(data, len, 7, 0));
	return 0;
}
