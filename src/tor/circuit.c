/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "circuit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/err.h"
#include "base/str.h"
#include "tor_private.h"

#define CIRCUITS_MAX	512
#define FINGERPRINT_CUT 8

/* "$FP~nick,$FP=nick,$FP": nicknames, or the beginning of a fingerprint where there is none. */
static void put_path(const char *path, char *out, size_t size)
{
	char relay[128];
	const char *comma, *name;
	size_t len, used = 0;

	out[0] = '\0';
	while (*path != '\0') {
		comma = strchrnul(path, ',');
		len = (size_t)(comma - path);
		if (len >= sizeof(relay))
			return;
		memcpy(relay, path, len);
		relay[len] = '\0';
		name = strpbrk(relay, "~=");
		if (name == NULL)
			relay[FINGERPRINT_CUT + 1] = '\0';
		name = name != NULL ? name + 1 : relay + (relay[0] == '$');
		len = strlen(name);
		if (used + len + 2 > size)
			return;
		used += (size_t)snprintf(out + used, size - used, "%s%s", used > 0 ? " " : "", name);
		path = *comma == ',' ? comma + 1 : comma;
	}
}

/* "2026-11-22T21:06:09.123456" in UTC; 0 for anything else. */
static uint64_t parse_time(const char *iso)
{
	struct tm tm = {0};
	unsigned micro = 0;
	const char *rest = strptime(iso, "%Y-%m-%dT%H:%M:%S", &tm);
	time_t seconds;

	if (rest == NULL || (*rest == '.' && sscanf(rest, ".%6u", &micro) != 1))
		return 0;
	seconds = timegm(&tm);
	return seconds < 0 ? 0 : (uint64_t)seconds * 1000 + micro / 1000;
}

struct fields {
	bool service;
	bool client;
	bool joined;
};

static void take_field(const struct control_word *w, struct fields *f, struct tor_circuit *out)
{
	if (strcmp(w->key, "PURPOSE") == 0) {
		f->client = strcmp(w->value, "HS_CLIENT_REND") == 0;
		f->service = strcmp(w->value, "HS_SERVICE_REND") == 0;
	} else if (strcmp(w->key, "HS_STATE") == 0) {
		f->joined = strcmp(w->value, "HSCR_JOINED") == 0 || strcmp(w->value, "HSSR_JOINED") == 0;
	} else if (strcmp(w->key, "REND_QUERY") == 0) {
		str_copy(out->onion, sizeof(out->onion), w->value);
	} else if (strcmp(w->key, "SOCKS_USERNAME") == 0) {
		str_copy(out->isolation, sizeof(out->isolation), w->value);
	} else if (strcmp(w->key, "TIME_CREATED") == 0) {
		out->created_ms = parse_time(w->value);
	}
}

int circuit_parse(const char *line, struct tor_circuit *out)
{
	struct control_word w;
	struct fields f = {0};
	uint64_t id;
	int err, position;

	memset(out, 0, sizeof(*out));
	for (position = 0; (err = control_word_next(&line, &w)) == 1; position++) {
		if (position == 0) {
			if (str_to_u64(w.value, 0, UINT32_MAX, &id) != 0)
				return ERR_PROTOCOL;
			out->id = (uint32_t)id;
		} else if (position == 1 && strcmp(w.value, "BUILT") != 0) {
			return ERR_NOT_FOUND;
		} else if (position == 2 && w.key[0] == '\0') {
			put_path(w.value, out->path, sizeof(out->path));
		} else {
			take_field(&w, &f, out);
		}
	}
	if (err != 0)
		return ERR_PROTOCOL;
	out->service_side = f.service;
	return f.joined && (f.client || f.service) ? 0 : ERR_NOT_FOUND;
}

/* ---- asking ---- */

struct circuits_query {
	TAILQ_ENTRY(circuits_query) link;
	struct tor *tor;
	struct timer *timer; /* fires when tor went down */
	circuits_cb cb;
	void *ctx;
};

static void query_delete(struct circuits_query *q)
{
	TAILQ_REMOVE(&q->tor->queries, q, link);
	timer_free(q->timer);
	free(q);
}

static void query_end(struct circuits_query *q, int err, const struct tor_circuit *circuits, size_t n)
{
	circuits_cb cb = q->cb;
	void *ctx = q->ctx;

	query_delete(q);
	cb(ctx, err, circuits, n);
}

static void on_gone(void *ctx)
{
	query_end(ctx, ERR_UNAVAILABLE, NULL, 0);
}

/* One line each; what can't be read is left out. */
static size_t parse_all(const char *text, struct tor_circuit *out, size_t max)
{
	char line[CONTROL_LINE_MAX + 1];
	const char *end;
	size_t n = 0;

	for (; *text != '\0' && n < max; text = *end == '\n' ? end + 1 : end) {
		end = strchrnul(text, '\n');
		if (str_copy_n(line, sizeof(line), text, (size_t)(end - text)) == 0 &&
		    circuit_parse(line, &out[n]) == 0)
			n++;
	}
	return n;
}

static void on_status(void *ctx, const struct control_reply *reply)
{
	struct circuits_query *q = ctx;
	const char *text = strchr(reply->lines[0].text, '=');
	struct tor_circuit *circuits;
	size_t n;

	if (reply->code != 250 || text == NULL) {
		query_end(q, ERR_UNAVAILABLE, NULL, 0);
		return;
	}
	circuits = calloc(CIRCUITS_MAX, sizeof(*circuits));
	if (circuits == NULL) {
		query_end(q, ERR_NOMEM, NULL, 0);
		return;
	}
	/* A single circuit comes on the reply's own line. */
	n = parse_all(reply->lines[0].data != NULL ? reply->lines[0].data : text + 1, circuits, CIRCUITS_MAX);
	query_end(q, 0, circuits, n);
	free(circuits);
}

int tor_circuits(struct tor *t, circuits_cb cb, void *ctx)
{
	struct circuits_query *q;

	if (!t->connected)
		return ERR_UNAVAILABLE;
	q = calloc(1, sizeof(*q));
	if (q == NULL)
		return ERR_NOMEM;
	q->tor = t;
	q->cb = cb;
	q->ctx = ctx;
	q->timer = timer_new(t->loop, on_gone, q);
	if (q->timer == NULL) {
		free(q);
		return ERR_NOMEM;
	}
	TAILQ_INSERT_TAIL(&t->queries, q, link);
	if (driver_sendf(t->driver, on_status, q, "GETINFO circuit-status") != 0)
		timer_set(q->timer, 0);
	return 0;
}

void circuits_fail(struct tor *t)
{
	struct circuits_query *q;

	TAILQ_FOREACH (q, &t->queries, link)
		timer_set(q->timer, 0);
}

void circuits_clear(struct tor *t)
{
	struct circuits_query *q;

	while ((q = TAILQ_FIRST(&t->queries)) != NULL)
		query_delete(q);
}
