/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Commands about what waits to be sent.  However long a queue is, one answer reads and shows a few rows. */
#include <strings.h>

#include "base/err.h"
#include "base/str.h"

#include "service.h"
#include "session.h"
#include "words.h"

#define SHOWN_MAX 50 /* lines of one answer */

/* ---- queue ---- */

struct listing {
	struct client *c;
	const struct contact *contact;
	size_t shown;
	size_t more;
};

static int take_minute(void *ctx, const struct chat_queued_row *r)
{
	uint32_t *minute = ctx;

	*minute = r->minute;
	return 0;
}

static int show_contact(void *ctx, const struct contact *contact)
{
	struct listing *l = ctx;
	char count[WORDS_COUNT], since[WORDS_TIME];
	uint32_t minute = 0;
	int err;

	if (contact->queued == 0)
		return 0;
	if (l->shown == SHOWN_MAX) {
		l->more++;
		return 0;
	}
	err = chat_queue_each(session_chat(l->c->session), contact, 0, 1, take_minute, &minute);
	if (err != 0)
		return err;
	words_count(contact->queued, "message", count);
	words_time((uint64_t)minute * 60000, since);
	client_notice(l->c, "%s: %s queued, the oldest since %s", contact->row.petname, count, since);
	l->shown++;
	return 0;
}

static int show_message(void *ctx, const struct chat_queued_row *r)
{
	struct listing *l = ctx;
	const char *state = "waits";
	char time[WORDS_TIME];
	char excerpt[WORDS_EXCERPT];

	if (r->may_have_left)
		state = l->contact->link_up ? "on its way" : "may have left";
	words_time((uint64_t)r->minute * 60000, time);
	words_excerpt(r->message_kind, r->text, r->text_len, excerpt);
	client_notice(l->c, "%lld: %s, %s: %s", (long long)r->number, time, state, excerpt);
	l->shown++;
	return 0;
}

static int show_all(struct listing *l)
{
	int err = chat_each(session_chat(l->c->session), show_contact, l);
	char count[WORDS_COUNT];

	words_count(l->more, "contact", count);
	if (err == 0 && l->shown == 0)
		client_notice(l->c, "Nothing is queued.");
	else if (err == 0 && l->more > 0)
		client_notice(l->c, "... and %s more", count);
	return err;
}

static int show_one(struct listing *l)
{
	const struct contact *contact = l->contact;
	int err;

	if (contact->queued == 0) {
		client_notice(l->c, "Nothing is queued for %s.", contact->row.petname);
		return 0;
	}
	err = chat_queue_each(session_chat(l->c->session), contact, 0, SHOWN_MAX, show_message, l);
	if (err == 0 && contact->queued > l->shown)
		client_notice(l->c, "... and %zu more", contact->queued - l->shown);
	return err;
}

void service_queue(struct client *c, const struct service_args *a)
{
	struct listing l = {.c = c};
	int err;

	if (a->n > 0 && (l.contact = service_find_contact(c, a->v[0])) == NULL)
		return;
	err = l.contact != NULL ? show_one(&l) : show_all(&l);
	if (err != 0)
		client_notice(c, "The queue can't be read. %s.", words_error(err));
}

/* ---- cancel ---- */

static void tell_cancelled(struct client *c, const char *nick, size_t n, size_t going_on, size_t n_late)
{
	char count[WORDS_COUNT], late[WORDS_COUNT];
	char too_late[2 * WORDS_COUNT] = "";

	words_count(n + going_on, "message", count);
	words_count(n_late, "message", late);
	if (n_late > 0)
		str_fmt(too_late, sizeof(too_late), " Too late: %s may have left.", late);
	if (going_on > 0)
		client_notice(c, "Cancelling up to %s to %s: a line says when it is done.%s", count, nick,
			      too_late);
	else
		client_notice(c, "Cancelled: %s to %s.%s", count, nick, too_late);
}

static void cancel_all(struct client *c, struct contact *contact)
{
	const char *nick = contact->row.petname;
	char late[WORDS_COUNT];
	size_t n, n_late;
	int err = chat_cancel_all(session_chat(c->session), gateway_now(c->gateway), contact, &n, &n_late);

	words_count(n_late, "message", late);
	if (err != 0)
		client_notice(c, "Nothing was cancelled. %s.", words_error(err));
	else if (n == 0 && contact->queued == 0)
		client_notice(c, "Nothing is queued for %s.", nick);
	else if (n == 0 && contact->queued == n_late)
		client_notice(c, "Too late: %s to %s may have left.", late, nick);
	else
		tell_cancelled(c, nick, n, contact->queued - n_late, n_late);
}

static void cancel_one(struct client *c, struct contact *contact, uint64_t number)
{
	const char *nick = contact->row.petname;
	int err = chat_cancel(session_chat(c->session), gateway_now(c->gateway), contact, (int64_t)number);
	char left[WORDS_COUNT];

	words_count(contact->queued, "message", left);
	if (err == ERR_NOT_FOUND)
		client_notice(c, "No message %llu is queued for %s. `queue %s` lists them.",
			      (unsigned long long)number, nick, nick);
	else if (err == ERR_WRONG_STATE)
		client_notice(c, "Too late: message %llu to %s may have left.", (unsigned long long)number,
			      nick);
	else if (err != 0)
		client_notice(c, "Nothing was cancelled. %s.", words_error(err));
	else
		client_notice(c, "Cancelled: message %llu to %s; %s queued.", (unsigned long long)number,
			      nick, left);
}

void service_cancel(struct client *c, const struct service_args *a)
{
	struct contact *contact = service_find_contact(c, a->v[0]);
	uint64_t number;

	if (contact == NULL)
		return;
	if (strcasecmp(a->v[1], "all") == 0)
		cancel_all(c, contact);
	else if (str_to_u64(a->v[1], 1, INT64_MAX, &number) == 0)
		cancel_one(c, contact, number);
	else
		client_notice(c, "%s is no number of a message. `queue %s` shows them.", a->v[1],
			      contact->row.petname);
}
