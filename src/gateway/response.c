/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "response.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"

#include "batch.h"
#include "output.h"

struct response {
	char label[2 * LABEL_MAX + 1]; /* escaped */
	bool given;		       /* the label has gone out */
	bool one;		       /* the first line takes it, whatever follows */
	struct batch batch;	       /* of several lines; its ref is empty until it is opened */
	bool held;		       /* is there a first line? */
	char *tags, *line;	       /* it */
};

void response_begin(struct client *c, const char *label)
{
	struct response *r;

	if (label[0] == '\0' || strlen(label) > LABEL_MAX || c->response != NULL)
		return;
	/* It comes back as it is, and nothing that is not UTF-8 leaves. */
	if (!utf8_valid(label, strlen(label)))
		return;
	r = calloc(1, sizeof(*r));
	if (r == NULL || irc_tag_escape(label, r->label, sizeof(r->label)) != 0) {
		free(r);
		return;
	}
	c->response = r;
	c->responding = true;
}

static void let_go(struct response *r)
{
	free(r->tags);
	free(r->line);
	r->tags = r->line = NULL;
	r->held = false;
}

void response_drop(struct response *r)
{
	if (r == NULL)
		return;
	let_go(r);
	free(r);
}

void response_free(struct client *c)
{
	response_drop(c->response);
	response_put_back(c, NULL);
}

void response_put_back(struct client *c, struct response *r)
{
	c->response = r;
	c->responding = r != NULL;
}

static bool hold(struct response *r, const char *tags, const char *line)
{
	r->tags = strdup(tags);
	r->line = strdup(line);
	r->held = r->tags != NULL && r->line != NULL;
	if (!r->held)
		let_go(r);
	return r->held;
}

/* The label goes out on this line. */
static void emit_labelled(struct client *c, const char *tags, const char *line)
{
	c->response->given = true;
	output_emit(c, c->response->label, NULL, tags, line);
}

/* The held line becomes the first of a batch; for a client that knows none, it alone has the label. */
static void open_batch(struct client *c)
{
	struct response *r = c->response;
	char start[IRC_LINE_MAX];

	if (!client_has(c, CAP_BATCH)) {
		emit_labelled(c, r->tags, r->line);
		let_go(r);
		return;
	}
	str_fmt(r->batch.ref, sizeof(r->batch.ref), "%x", (unsigned)++c->batches);
	str_fmt(start, sizeof(start), ":%s BATCH +%s labeled-response", c->gateway->server_name, r->batch.ref);
	emit_labelled(c, "", start);
	output_emit(c, NULL, r->batch.ref, r->tags, r->line);
	let_go(r);
}

void response_line(struct client *c, const char *tags, const char *line)
{
	struct response *r = c->response;

	if (!r->given && !r->one && !r->held && hold(r, tags, line))
		return;
	if (r->held)
		open_batch(c);
	if (r->given)
		output_emit(c, NULL, output_batch(c), tags, line);
	else
		emit_labelled(c, tags, line);
}

void response_is_one(struct client *c)
{
	struct response *r = c->response;

	if (c->responding && !r->held)
		r->one = true;
}

const char *response_batch(const struct client *c)
{
	return c->responding && c->response->batch.ref[0] != '\0' ? c->response->batch.ref : NULL;
}

void response_pause(struct client *c)
{
	if (c->response == NULL)
		return;
	/* What comes meanwhile must not overtake it. */
	if (c->response->held)
		open_batch(c);
	c->responding = false;
}

struct response *response_set_aside(struct client *c)
{
	struct response *r = c->response;

	response_pause(c);
	c->response = NULL;
	return r;
}

void response_resume(struct client *c)
{
	c->responding = c->response != NULL;
}

void response_end(struct client *c)
{
	struct response *r = c->response;
	char line[IRC_LINE_MAX];

	if (r == NULL)
		return;
	if (r->held) {
		emit_labelled(c, r->tags, r->line);
	} else if (r->batch.ref[0] != '\0') {
		str_fmt(line, sizeof(line), ":%s BATCH -%s", c->gateway->server_name, r->batch.ref);
		output_emit(c, NULL, NULL, "", line);
	} else if (!r->given) {
		str_fmt(line, sizeof(line), ":%s ACK", c->gateway->server_name);
		emit_labelled(c, "", line);
	}
	response_free(c);
}
