/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The status line of an account, which is the topic of its control channel, and what is said about tor. */
#include <stdio.h>
#include <string.h>

#include "base/str.h"

#include "session.h"
#include "words.h"

#define GATHER_MS     300 /* changes within this make one new topic */
#define PROGRESS_STEP 20  /* percent of bootstrap between two NOTICEs */

static int add_offline_queue(void *ctx, const struct contact *contact)
{
	size_t *n = ctx;

	/* What is queued for somebody online is on its way: no news. */
	if (contact->presence == PRESENCE_OFFLINE)
		*n += contact->queued;
	return 0;
}

static void compose(const struct session *s, char out[TOPIC_SIZE])
{
	const struct chat *chat = session_chat(s);
	size_t requests = chat_requests(chat);
	size_t queued = 0;
	char count[WORDS_COUNT];
	char tor[WORDS_TOR];

	chat_each(chat, add_offline_queue, &queued);
	words_tor(chat_tor(chat), tor);
	str_copy(out, TOPIC_SIZE, tor);
	if (queued > 0) {
		words_count(queued, "message", count);
		str_fmt(out + strlen(out), TOPIC_SIZE - strlen(out), " | %s queued", count);
	}
	if (requests > 0) {
		words_count(requests, "request", count);
		str_fmt(out + strlen(out), TOPIC_SIZE - strlen(out), " | %s: see `requests`", count);
	}
	str_copy(out + strlen(out), TOPIC_SIZE - strlen(out), " | `help` lists the commands");
}

/* ---- tor ---- */

/* Says what matters to somebody who waits for tor, and remembers what was said. */
static void tell_tor(struct session *s)
{
	const struct chat_tor_status *t = chat_tor(session_chat(s));
	struct chat_tor_status *told = &s->told;
	bool moved = t->progress >= told->progress + PROGRESS_STEP || t->progress < told->progress;
	bool stuck = t->progress == told->progress && strcmp(t->text, told->text) != 0;
	char words[WORDS_TOR];

	words_tor(t, words);

	if (t->ready && t->published && !(told->ready && told->published))
		session_notice(s, "Tor is ready: contacts can reach you.");
	else if (t->ready && !told->ready)
		session_notice(
		    s, "Tor is ready: your contacts are being called. They can call you in a moment.");
	else if (!t->ready && told->ready)
		session_notice(s, "Tor is down: %s. Messages wait until it is back.",
			       t->text[0] != '\0' ? t->text : "it is being restarted");
	else if (!t->ready && (moved || stuck))
		session_notice(s, "%s", words);
	else
		return;
	*told = *t;
}

void status_greet(struct client *c)
{
	const struct chat_tor_status *t = chat_tor(session_chat(c->session));

	char words[WORDS_TOR];

	words_tor(t, words);
	if (!t->ready)
		client_notice(c, "%s.%s", words,
			      t->off ? "" : " You can write already: messages wait until it is ready.");
}

/* ---- the line ---- */

void status_start(struct session *s)
{
	s->told = *chat_tor(session_chat(s));
	compose(s, s->topic);
	s->topic_ms = loop_time_ms(s->gateway->loop);
}

void status_touch(struct session *s)
{
	if (s->status_due)
		return;
	s->status_due = true;
	timer_set(s->status_timer, GATHER_MS);
}

void status_on_tor(struct session *s)
{
	/* At once: it may be back before what has changed is gathered. */
	if (s->told.ready && !chat_tor(session_chat(s))->ready)
		tell_tor(s);
	status_touch(s);
}

void status_on_timer(void *ctx)
{
	static const struct tags bot = {.bot = true};
	struct session *s = ctx;
	char topic[TOPIC_SIZE];

	s->status_due = false;
	tell_tor(s);
	compose(s, topic);
	if (strcmp(topic, s->topic) == 0)
		return;
	memcpy(s->topic, topic, sizeof(topic));
	s->topic_ms = loop_time_ms(s->gateway->loop);
	session_channel(s, 0, &bot, ":%s TOPIC %s :%s", s->gateway->service_mask, CONTROL_CHANNEL, s->topic);
}
