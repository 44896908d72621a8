/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The bytes of a client: cut into lines the same way whatever the reads were, and parsed within bounds. */
#include "fuzz.h"

#include "base/str.h"
#include "irc/capability.h"
#include "irc/message.h"
#include "irc/sasl.h"

#define BUFFER (4 * IRC_INPUT_MAX)

struct digest {
	uint64_t hash;
	size_t lines;
	size_t long_lines;
};

static void add(struct digest *d, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		d->hash = (d->hash ^ (uint8_t)text[i]) * 1099511628211u;
	d->hash = (d->hash ^ '\n') * 1099511628211u;
}

static bool inside(const char *p, const char *line, size_t len)
{
	return p >= line && p <= line + len;
}

static void check_message(const struct irc_message *m, const char *line, size_t len)
{
	fuzz_check(inside(m->command, line, len) && m->command[0] != '\0');
	fuzz_check(m->n_params <= IRC_PARAMS_MAX && m->n_tags <= IRC_TAGS_MAX);
	fuzz_check(m->source == NULL || inside(m->source, line, len));
	for (size_t i = 0; i < m->n_params; i++) {
		fuzz_check(inside(m->params[i], line, len));
		fuzz_check(i + 1 == m->n_params || strchr(m->params[i], ' ') == NULL);
	}
	for (size_t i = 0; i < m->n_tags; i++) {
		char escaped[2 * IRC_INPUT_MAX];

		fuzz_check(inside(m->tags[i].key, line, len) && inside(m->tags[i].value, line, len));
		fuzz_check(irc_tag_escape(m->tags[i].value, escaped, sizeof(escaped)) == 0);
		fuzz_check(strpbrk(escaped, "; \r\n") == NULL);
	}
}

static void use_time(const char *text)
{
	uint64_t ms, again;
	char out[32];

	if (irc_server_time_parse(text, &ms) != 0)
		return;
	irc_server_time(ms, out);
	fuzz_check(irc_server_time_parse(out, &again) == 0 && again == ms);
}

static void use_params(const struct irc_message *m)
{
	const char *text = m->n_params > 0 ? m->params[m->n_params - 1] : "";
	size_t len = strlen(text);
	struct sasl s;
	struct sasl_plain plain;
	const char *message;
	size_t message_len;
	const char *body = text;
	size_t body_len = 0;
	uint32_t caps = 0;
	bool action;

	if (irc_ctcp(text, len, &action, &body, &body_len) && action)
		fuzz_check(body >= text && body + body_len <= text + len);
	use_time(text);
	(void)irc_mask_match(text, m->command);
	(void)irc_mask_match(m->command, text);
	fuzz_check(capability_request(text, CAPABILITIES_OFFERED, &caps) || caps == 0);
	sasl_init(&s);
	if (sasl_add(&s, text) == 0 && sasl_decode(&s, &message, &message_len) == 0 &&
	    sasl_plain(message, message_len, &plain) == 0)
		fuzz_check(plain.authcid[0] != '\0' && plain.password[plain.password_len] == '\0');
	sasl_clear(&s);
}

static void cut(struct irc_splitter *s, struct buf *in, struct digest *d)
{
	static char line[IRC_INPUT_MAX + 1];
	struct irc_message m;
	size_t len = 0;

	for (;;) {
		enum irc_cut cut = irc_split(s, in, line, &len);

		if (cut == IRC_CUT_NONE)
			break;
		d->long_lines += cut == IRC_CUT_TOO_LONG;
		d->lines += cut == IRC_CUT_LINE;
		if (cut != IRC_CUT_LINE)
			continue;
		fuzz_check(len > 0 && len < IRC_INPUT_MAX && memchr(line, '\n', len) == NULL &&
			   line[len] == '\0');
		add(d, line, len);
		if (irc_parse(line, len, &m) != 0)
			continue;
		check_message(&m, line, len);
		use_params(&m);
	}
	/* What is left can't fill the buffer: the client would hang. */
	fuzz_check(buf_len(in) <= IRC_INPUT_MAX);
}

/* Feeds in reads of `step` bytes. */
static void feed(const uint8_t *data, size_t len, size_t step, struct digest *d)
{
	struct irc_splitter s = {0};
	struct buf in;

	memset(d, 0, sizeof(*d));
	buf_init(&in, BUFFER);
	for (size_t at = 0; at < len; at += step) {
		fuzz_check(buf_put(&in, data + at, len - at < step ? len - at : step) == 0);
		cut(&s, &in, d);
	}
	buf_clear(&in);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct digest whole;
	struct digest pieces;

	feed(data, len, IRC_INPUT_MAX, &whole);
	feed(data, len, len % 7 + 1, &pieces);
	fuzz_check(whole.hash == pieces.hash && whole.lines == pieces.lines &&
		   whole.long_lines == pieces.long_lines);
	return 0;
}
