/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "multiline.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "base/str.h"
#include "crypto/crypto.h"

#include "command.h"
#include "privmsg.h"
#include "response.h"
#include "tagmsg.h"
#include "target.h"

#define REF_MAX	   64
#define TARGET_MAX IRC_LINE_MAX

struct multiline {
	char ref[REF_MAX + 1];
	char target[TARGET_MAX];
	bool failed; /* that was said; the rest is dropped */
	struct timer *timer;
	struct response *response; /* to the command that opened it, if that was labelled */
	size_t lines, len;
	bool has_re;
	uint8_t re[MSGID_BYTES];
	char text[MULTILINE_BYTES + 1];
};

/* It may have held a password, on its way to the service. */
static void forget(struct multiline *ml)
{
	timer_free(ml->timer);
	response_drop(ml->response);
	crypto_wipe(ml, sizeof(*ml));
	free(ml);
}

void multiline_free(struct client *c)
{
	if (c->multiline != NULL)
		forget(c->multiline);
	c->multiline = NULL;
}

static bool is_open(const struct client *c)
{
	return c->multiline != NULL && !c->multiline->failed;
}

/* ---- what can't be ---- */

/* From here on what is sent answers the command that opened the batch, if that was labelled; what the present one has
 * for an answer comes back. */
static struct response *answer_first(struct client *c)
{
	struct response *own = response_set_aside(c);

	response_put_back(c, c->multiline->response);
	c->multiline->response = NULL;
	return own;
}

static void fail(struct client *c, const char *code, const char *context, const char *text)
{
	bool first = is_open(c) && c->multiline->response != NULL;
	struct response *own = NULL;

	if (is_open(c)) {
		c->multiline->failed = true;
		timer_cancel(c->multiline->timer);
	}
	if (first)
		own = answer_first(c);
	client_standard(c, STANDARD_FAIL, "BATCH", code, context, "%s", text);
	if (first) {
		response_end(c);
		response_put_back(c, own);
	}
}

static void fail_limit(struct client *c, const char *code, int limit)
{
	char context[16];

	str_fmt(context, sizeof(context), "%d", limit);
	fail(c, code, context, "The message is too long: nothing of it was sent");
}

static void invalid(struct client *c, const char *text)
{
	fail(c, "MULTILINE_INVALID", "", text);
}

void multiline_spoil(struct client *c)
{
	if (is_open(c))
		invalid(c, "A line of the message can't be read: nothing of it was sent");
}

static void on_timeout(void *ctx)
{
	struct client *c = ctx;
	struct multiline *ml = c->multiline;

	/* What ends it may be among what we have not read. */
	if (c->is_slowed || c->login != NULL || stream_is_full(c->stream))
		timer_set(ml->timer, MULTILINE_OPEN_MS);
	else
		fail(c, "TIMEOUT", ml->ref, "The message was not ended in time: nothing of it was sent");
}

static void invalid_target(struct client *c, const char *given)
{
	char context[2 * IRC_LINE_MAX];

	str_fmt(context, sizeof(context), "%s %s", target_word(c->multiline->target),
		target_word(given));
	fail(c, "MULTILINE_INVALID_TARGET", context, "All lines of a message go to one: nothing of it was sent");
}

/* ---- its lines ---- */

static void add_text(struct client *c, const char *text, bool concat)
{
	struct multiline *ml = c->multiline;
	size_t len = strlen(text);
	bool joined = ml->lines > 0 && !concat;

	if (concat && len == 0) {
		invalid(c, "A blank line can't be joined to another: nothing was sent");
	} else if (++ml->lines > MULTILINE_LINES) {
		fail_limit(c, "MULTILINE_MAX_LINES", MULTILINE_LINES);
	} else if (ml->len + joined + len > MULTILINE_BYTES) {
		fail_limit(c, "MULTILINE_MAX_BYTES", MULTILINE_BYTES);
	} else {
		if (joined)
			ml->text[ml->len++] = '\n';
		memcpy(ml->text + ml->len, text, len + 1);
		ml->len += len;
	}
}

static void add_line(struct client *c, const struct irc_message *m)
{
	const char *target = m->n_params > 0 ? m->params[0] : "";

	if (strcasecmp(m->command, "PRIVMSG") != 0)
		invalid(c, "A message of several lines is made of PRIVMSG alone: nothing was sent");
	else if (!nick_eq(target, c->multiline->target))
		invalid_target(c, target);
	else
		add_text(c, m->n_params > 1 ? m->params[1] : "", irc_tag(m, "draft/multiline-concat") != NULL);
}

static bool is_one_of(const char *command, const char *const names[])
{
	for (size_t i = 0; names[i] != NULL; i++)
		if (strcasecmp(command, names[i]) == 0)
			return true;
	return false;
}

bool multiline_takes(struct client *c, const struct irc_message *m)
{
	/* What a client sends by itself, and what ends the batch. */
	static const char *const others[] = {"BATCH", "PING", "PONG", "QUIT", NULL};
	const char *ref = client_has(c, CAP_MULTILINE) ? irc_tag(m, "batch") : NULL;
	struct multiline *ml = c->multiline;

	if ((ml == NULL && ref == NULL) || is_one_of(m->command, others))
		return false;
	if (ml == NULL || (ref != NULL && strcmp(ref, ml->ref) != 0)) {
		invalid(c, "There is no such batch: nothing was sent");
		return true;
	}
	if (ref == NULL && !ml->failed)
		invalid(c, "The batch was not ended: nothing of it was sent");
	else if (!ml->failed)
		add_line(c, m);
	return ref != NULL;
}

/* ---- the command ---- */

static void open_batch(struct client *c, const struct irc_message *m)
{
	struct multiline *ml;

	if (m->n_params < 3 || strcmp(m->params[1], "draft/multiline") != 0 || strlen(m->params[0]) - 1 > REF_MAX ||
	    m->params[0][1] == '\0' || m->params[0][1] == ':' || m->params[2][0] == '\0' ||
	    strchr(m->params[2], ' ') != NULL) {
		invalid(c, "A batch is: BATCH +reference draft/multiline target");
		return;
	}
	ml = calloc(1, sizeof(*ml));
	if (ml != NULL)
		ml->timer = timer_new(c->gateway->loop, on_timeout, c);
	if (ml == NULL || ml->timer == NULL) {
		free(ml);
		invalid(c, "Out of memory");
		return;
	}
	multiline_free(c); /* one that failed, and was not ended */
	str_copy(ml->ref, sizeof(ml->ref), m->params[0] + 1);
	str_copy(ml->target, sizeof(ml->target), m->params[2]);
	ml->has_re = tagmsg_re(m, ml->re);
	ml->response = response_set_aside(c);
	timer_set(ml->timer, MULTILINE_OPEN_MS);
	c->multiline = ml;
}

/* The service takes a command a line. */
static void send_lines(struct client *c, const struct multiline *ml, struct outgoing *o)
{
	char text[MULTILINE_BYTES + 1], *rest = text, *line;

	str_copy(text, sizeof(text), ml->text);
	while ((line = strsep(&rest, "\n")) != NULL && c->stream != NULL && c->login == NULL) {
		o->text = line;
		o->len = strlen(line);
		if (o->len > 0)
			privmsg_to(c, ml->target, o);
	}
	if (line != NULL && c->login != NULL)
		client_notice(c, "What followed was not done: a password is being checked. Send it again after that.");
	crypto_wipe(text, sizeof(text));
}

static void send_message(struct client *c, const struct multiline *ml)
{
	struct outgoing o = {.kind = MESSAGE_TEXT, .text = ml->text, .len = ml->len, .has_re = ml->has_re};

	memcpy(o.re, ml->re, MSGID_BYTES);
	if (nick_eq(ml->target, SERVICE_NICK) || ml->target[0] == '&')
		send_lines(c, ml, &o);
	else if (privmsg_unwrap(&o))
		privmsg_to(c, ml->target, &o);
}

static void close_batch(struct client *c, const char *ref)
{
	struct multiline *ml = c->multiline;

	if (ml == NULL || strcmp(ref, ml->ref) != 0) {
		invalid(c, "There is no such batch: nothing was sent");
		return;
	}
	if (!ml->failed && strspn(ml->text, "\n") == ml->len)
		invalid(c, "A message can't be of blank lines alone");
	if (!ml->failed && ml->response != NULL) {
		response_end(c); /* to this command, if it has a label of its own */
		response_put_back(c, ml->response);
		ml->response = NULL;
	}
	c->multiline = NULL;
	if (!ml->failed)
		send_message(c, ml);
	forget(ml);
}

void command_batch(struct client *c, const struct irc_message *m)
{
	const char *ref = m->params[0];

	if (!client_has(c, CAP_MULTILINE))
		client_numeric(c, ERR_UNKNOWNCOMMAND, "%s", m->command);
	else if (ref[0] == '-')
		close_batch(c, ref + 1);
	else if (ref[0] != '+' || is_open(c))
		invalid(c, "One batch at a time, and +reference or -reference");
	else
		open_batch(c, m);
}
