/* SPDX-License-Identifier: GPL-3.0-or-later */
/* CHATHISTORY (IRCv3 chathistory): what a client asks for out of the store. */
#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "base/log.h"
#include "base/str.h"

#include "batch.h"
#include "command.h"
#include "render.h"
#include "session.h"
#include "target.h"
#include "words.h"

/* Lines of a conversation with after < id < before: the last ones, or the first. */
struct span {
	int64_t after, before;
	bool latest;
};
/* A message or a time: what is before it ends at `before`, what is after it begins behind `after`. */
struct place {
	int64_t before, after;
};
/* One command. */
struct query {
	struct client *c;
	const char *subcommand;
	const char *target; /* as the client wrote it */
	int64_t conversation;
	size_t limit;
};

/* ---- errors ---- */

static void fail(const struct query *q, const char *code, const char *what, const char *text)
{
	char context[IRC_LINE_MAX];

	str_fmt(context, sizeof(context), "%s%s%s", target_word(q->subcommand), what[0] != '\0' ? " " : "",
		what[0] != '\0' ? target_word(what) : "");
	client_standard(q->c, STANDARD_FAIL, "CHATHISTORY", code, context, "%s", text);
}

static void fail_internal(const struct query *q, int err)
{
	log_error("history for a client: %s", err_str(err));
	fail(q, "MESSAGE_ERROR", q->target, "The messages can't be read from disk: see the daemon's log");
}

/* ---- parameters ---- */

/* False, with words: no such message, or neither a message nor a time. */
static bool parse_place(const struct query *q, const char *text, struct place *out)
{
	struct chat *chat = session_chat(q->c->session);
	uint8_t msgid[MSGID_BYTES];
	uint64_t time_ms;
	int err;

	if (target_msgid(text, msgid)) {
		err = chat_history_find(chat, q->conversation, msgid, &out->before);
		out->after = out->before;
	} else if (target_time(text, &time_ms)) {
		err = chat_history_at(chat, time_ms, &out->before);
		if (err == 0)
			err = chat_history_at(chat, time_ms + 1, &out->after);
		out->after--;
	} else {
		fail(q, "INVALID_PARAMS", text, "A place is timestamp=YYYY-MM-DDThh:mm:ss.sssZ or msgid=<id>");
		return false;
	}
	if (err == ERR_NOT_FOUND)
		fail(q, "MESSAGE_ERROR", q->target, "There is no message of that id in this conversation");
	else if (err != 0)
		fail_internal(q, err);
	return err == 0;
}

static bool parse_limit(struct query *q, const char *text)
{
	uint64_t n;

	if (str_to_u64(text, 1, UINT64_MAX, &n) != 0) {
		fail(q, "INVALID_PARAMS", text, "The limit is a number from 1");
		return false;
	}
	q->limit = n < CHATHISTORY_LIMIT ? (size_t)n : CHATHISTORY_LIMIT;
	return true;
}

static bool is_before(const struct query *q, const struct irc_message *m, struct span *s)
{
	struct place p;

	if (!parse_place(q, m->params[2], &p))
		return false;
	*s = (struct span){.before = p.before, .latest = true};
	return true;
}

static bool is_after(const struct query *q, const struct irc_message *m, struct span *s)
{
	struct place p;

	if (!parse_place(q, m->params[2], &p))
		return false;
	*s = (struct span){.after = p.after, .before = INT64_MAX};
	return true;
}

static bool is_latest(const struct query *q, const struct irc_message *m, struct span *s)
{
	struct place p = {0};

	if (strcmp(m->params[2], "*") != 0 && !parse_place(q, m->params[2], &p))
		return false;
	*s = (struct span){.after = p.after, .before = INT64_MAX, .latest = true};
	return true;
}

/* From the first place towards the second, whichever is earlier. */
static bool is_between(const struct query *q, const struct irc_message *m, struct span *s)
{
	struct place a, b;

	if (!parse_place(q, m->params[2], &a) || !parse_place(q, m->params[3], &b))
		return false;
	if (a.before <= b.before)
		*s = (struct span){.after = a.after, .before = b.before};
	else
		*s = (struct span){.after = b.after, .before = a.before, .latest = true};
	return true;
}

static bool is_around(const struct query *q, const struct irc_message *m, struct span *s)
{
	struct place p;

	if (!parse_place(q, m->params[2], &p))
		return false;
	/* Its place in the middle: the rest is fetched from there (command_chathistory). */
	*s = (struct span){.before = p.before, .latest = true};
	return true;
}

/* ---- the answer ---- */

struct walk {
	struct client *c;
	size_t n;
};

static int show(void *ctx, const struct contact *contact, const struct line_row *l)
{
	struct walk *w = ctx;

	w->n++;
	render_line(w->c, contact, l, !client_has(w->c, CAP_SERVER_TIME));
	return 0;
}

static int send_span(const struct query *q, const struct span *s, size_t limit, struct walk *w)
{
	if (limit == 0)
		return 0;
	return chat_history(session_chat(q->c->session), q->conversation, s->after, s->before, s->latest,
			    client_has(q->c, CAP_EVENT_PLAYBACK), limit, show, w);
}

static void send_history(const struct query *q, const struct span *s, bool around)
{
	struct span rest = {.after = s->before - 1, .before = INT64_MAX};
	struct walk w = {.c = q->c};
	struct batch b;
	int err;

	batch_open_answer(q->c, &b, NULL, "chathistory", "%s", q->target);
	err = send_span(q, s, around ? (q->limit - 1) / 2 : q->limit, &w);
	if (err == 0 && around)
		err = send_span(q, &rest, q->limit - w.n, &w);
	batch_close(q->c, &b);
	if (err != 0)
		fail_internal(q, err);
}

/* ---- TARGETS ---- */

struct target_list {
	size_t n, limit;
	bool newest; /* the last `limit` of them, or the first */
	struct {
		int64_t conversation;
		int64_t contact;
		uint64_t last_ms;
	} v[CHATHISTORY_LIMIT];
};

static int keep_target(void *ctx, int64_t conversation, const struct contact *contact, uint64_t last_ms)
{
	struct target_list *l = ctx;
	size_t i = l->n % l->limit;

	if (l->n >= l->limit && !l->newest)
		return 1;
	l->v[i].conversation = conversation;
	l->v[i].contact = contact != NULL ? contact->row.id : 0;
	l->v[i].last_ms = last_ms;
	l->n++;
	return 0;
}

static void send_targets(const struct query *q, const struct target_list *l)
{
	const struct chat *chat = session_chat(q->c->session);
	size_t from = l->n > l->limit ? l->n - l->limit : 0;
	struct batch b;
	char time[32];

	batch_open_answer(q->c, &b, NULL, "draft/chathistory-targets", "%s", "");
	for (size_t i = from; i < l->n; i++) {
		int64_t contact = l->v[i % l->limit].contact;

		irc_server_time(l->v[i % l->limit].last_ms, time);
		client_send(q->c, ":%s CHATHISTORY TARGETS %s %s", q->c->gateway->server_name,
			    target_name(q->c, l->v[i % l->limit].conversation,
					contact != 0 ? chat_find_id(chat, contact) : NULL),
			    time);
	}
	batch_close(q->c, &b);
}

static void history_targets(struct query *q, const struct irc_message *m)
{
	struct target_list l = {0};
	uint64_t a, b;
	int err;

	if (!target_time(m->params[1], &a) || !target_time(m->params[2], &b)) {
		fail(q, "INVALID_PARAMS", target_time(m->params[1], &a) ? m->params[2] : m->params[1],
		     "A time is timestamp=YYYY-MM-DDThh:mm:ss.sssZ");
		return;
	}
	if (!parse_limit(q, m->params[3]))
		return;
	l.limit = q->limit;
	l.newest = a > b;
	err = chat_history_targets(session_chat(q->c->session), a < b ? a : b, a < b ? b : a, SIZE_MAX, keep_target,
				   &l);
	if (err < 0)
		fail_internal(q, err);
	else
		send_targets(q, &l);
}

/* ---- the command ---- */

static const struct {
	const char *name;
	size_t params; /* with the subcommand */
	bool (*span)(const struct query *q, const struct irc_message *m, struct span *s); /* NULL: TARGETS */
} subcommands[] = {
    {"BEFORE", 4, is_before}, {"AFTER", 4, is_after},	  {"LATEST", 4, is_latest},
    {"AROUND", 4, is_around}, {"BETWEEN", 5, is_between}, {"TARGETS", 4, NULL},
};

static void run(struct query *q, const struct irc_message *m, size_t i)
{
	struct span s;

	if (m->n_params < subcommands[i].params) {
		fail(q, "INVALID_PARAMS", "", "Not enough parameters");
		return;
	}
	if (subcommands[i].span == NULL) {
		history_targets(q, m);
		return;
	}
	q->target = m->params[1];
	if (!target_find(q->c, q->target, &q->conversation)) {
		fail(q, "INVALID_TARGET", q->target, "There is no such conversation");
		return;
	}
	if (parse_limit(q, m->params[subcommands[i].params - 1]) && subcommands[i].span(q, m, &s))
		send_history(q, &s, subcommands[i].span == is_around);
}

void command_chathistory(struct client *c, const struct irc_message *m)
{
	struct query q = {.c = c, .subcommand = m->n_params > 0 && m->params[0][0] != '\0' ? m->params[0] : "*"};

	for (size_t i = 0; i < sizeof(subcommands) / sizeof(subcommands[0]); i++) {
		if (strcasecmp(q.subcommand, subcommands[i].name) != 0)
			continue;
		q.subcommand = subcommands[i].name;
		if (c->session != NULL)
			run(&q, m, i);
		else
			fail(&q, "INVALID_TARGET", m->n_params > 1 ? m->params[1] : "*", WORDS_LOGIN);
		return;
	}
	fail(&q, "INVALID_PARAMS", "", "There is no such subcommand");
}
