/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Onion services of an instance (control-spec 3.27): published whenever a control connection stands. */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "base/str.h"
#include "crypto/crypto.h"
#include "tor_private.h"

#define COMMAND_MAX 1024

enum onion_state { ONION_IDLE, ONION_ASKED, ONION_STANDS };

struct tor_onion {
	TAILQ_ENTRY(tor_onion) link;
	struct tor *tor;
	uint8_t *secret; /* guarded; ONION_SECRET_BYTES */
	char address[ONION_LEN + 1];
	char target[SOCKET_PATH_MAX];
	bool pow;	/* wanted */
	bool asked_pow; /* the command that is under way has it */
	enum onion_state state;
	bool published;
	struct timer *retry; /* after a refusal */
	onion_cb cb;
	void *ctx;
};

static void on_added(void *ctx, const struct control_reply *reply);

static int put(struct buf *out, const char *text)
{
	return buf_put(out, text, strlen(text));
}

static int put_command(struct buf *out, const struct tor_onion *o)
{
	char rest[COMMAND_MAX / 2];
	int err = put(out, "ADD_ONION ED25519-V3:");

	if (err == 0)
		err = control_put_base64(out, o->secret, ONION_SECRET_BYTES);
	if (err == 0)
		err = str_fmt(rest, sizeof(rest),
			      " Flags=DiscardPK,MaxStreamsCloseCircuit MaxStreams=1%s Port=%d,unix:%s",
			      o->asked_pow ? " PoWDefensesEnabled=1 PoWQueueRate=5 PoWQueueBurst=10" : "",
			      VIRTUAL_PORT, o->target);
	return err != 0 ? err : put(out, rest);
}

static void onion_ask(struct tor_onion *o, bool with_pow)
{
	struct buf command;
	int err;

	o->state = ONION_ASKED;
	o->published = false;
	o->asked_pow = with_pow;
	timer_cancel(o->retry);
	buf_init(&command, COMMAND_MAX);
	err = put_command(&command, o);
	if (err == 0)
		err = driver_send(o->tor->driver, &command, on_added, o);
	if (err != 0)
		o->state = ONION_IDLE; /* the connection is closing; it is asked again on the next one */
	buf_clear(&command);
}

static void onion_publish(struct tor_onion *o)
{
	onion_ask(o, o->pow && o->tor->pow != POW_NO);
}

static void on_added(void *ctx, const struct control_reply *reply)
{
	struct tor_onion *o = ctx;
	struct tor *t = o->tor;

	if (reply->code == 250) {
		/* What was refused with proof of work and taken without it tells that this tor has none. */
		if (o->pow)
			t->pow = o->asked_pow ? POW_YES : POW_NO;
		o->state = ONION_STANDS;
		o->cb(o->ctx, ONION_ADDED, "");
		return;
	}
	if (o->asked_pow && t->pow != POW_YES) {
		onion_ask(o, false);
		return;
	}
	log_warn("tor refused an onion service: %s", reply->lines[reply->n - 1].text);
	o->state = ONION_IDLE;
	timer_set(o->retry, t->backoff_max_ms);
	o->cb(o->ctx, ONION_FAILED, reply->lines[reply->n - 1].text);
}

static void on_retry(void *ctx)
{
	struct tor_onion *o = ctx;

	if (o->tor->connected && o->state == ONION_IDLE)
		onion_publish(o);
}

/* "HS_DESC UPLOADED <address> <auth> <directory> ..." (4.1.25); one for each directory, of which the first is
 * told. */
void onions_on_desc(struct tor *t, const char *line)
{
	struct control_word action, address;
	struct tor_onion *o;

	line += strlen("HS_DESC ");
	if (control_word_next(&line, &action) != 1 || strcmp(action.value, "UPLOADED") != 0 ||
	    control_word_next(&line, &address) != 1)
		return;
	TAILQ_FOREACH (o, &t->onions, link) {
		if (strcmp(o->address, address.value) == 0)
			break;
	}
	if (o == NULL || o->state != ONION_STANDS || o->published)
		return;
	o->published = true;
	o->cb(o->ctx, ONION_PUBLISHED, "");
}

void onions_publish(struct tor *t)
{
	struct tor_onion *o;

	TAILQ_FOREACH (o, &t->onions, link)
		onion_publish(o);
}

void onions_lost(struct tor *t)
{
	struct tor_onion *o;

	TAILQ_FOREACH (o, &t->onions, link) {
		o->state = ONION_IDLE;
		o->published = false;
		timer_cancel(o->retry);
	}
}

static bool target_valid(const char *path)
{
	/* The command has no quoting: what would end the word is refused. */
	return path[0] == '/' && strpbrk(path, " \t\r\n\"\\,") == NULL;
}

static void onion_delete(struct tor_onion *o)
{
	timer_free(o->retry);
	secret_free(o->secret);
	free(o);
}

int tor_onion_add(struct tor *t, const uint8_t secret[ONION_SECRET_BYTES], const uint8_t ed_public[KEY_BYTES],
		  const char *target_path, bool pow, onion_cb cb, void *ctx, struct tor_onion **out)
{
	struct tor_onion *o;

	*out = NULL;
	if (!target_valid(target_path))
		return ERR_INVALID;
	o = calloc(1, sizeof(*o));
	if (o == NULL)
		return ERR_NOMEM;
	if (str_copy(o->target, sizeof(o->target), target_path) != 0) {
		free(o);
		return ERR_TOO_LONG;
	}
	o->tor = t;
	o->pow = pow;
	o->cb = cb;
	o->ctx = ctx;
	onion_encode(ed_public, o->address);
	o->secret = secret_new(ONION_SECRET_BYTES);
	o->retry = timer_new(t->loop, on_retry, o);
	if (o->secret == NULL || o->retry == NULL) {
		onion_delete(o);
		return ERR_NOMEM;
	}
	memcpy(o->secret, secret, ONION_SECRET_BYTES);
	TAILQ_INSERT_TAIL(&t->onions, o, link);
	if (t->connected)
		onion_publish(o);
	*out = o;
	return 0;
}

void tor_onion_del(struct tor_onion *o)
{
	struct tor *t;

	if (o == NULL)
		return;
	t = o->tor;
	TAILQ_REMOVE(&t->onions, o, link);
	if (t->connected) {
		driver_forget(t->driver, o);
		/* Also while it is only asked for: tor takes commands in order. */
		if (o->state != ONION_IDLE)
			driver_sendf(t->driver, NULL, NULL, "DEL_ONION %s", o->address);
	}
	onion_delete(o);
}

void onions_clear(struct tor *t)
{
	struct tor_onion *o;

	while ((o = TAILQ_FIRST(&t->onions)) != NULL) {
		TAILQ_REMOVE(&t->onions, o, link);
		onion_delete(o);
	}
}
