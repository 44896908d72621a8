/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Onion services of an instance (control-spec 3.27): published whenever a control connection stands. */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "base/str.h"
#include "crypto/crypto.h"
#include "tor_private.h"

#define COMMAND_MAX  (1024 + ONION_CLIENTS_MAX * CLIENT_WORD)
#define CLIENT_WORD  (sizeof(CLIENT_KEY) + BASE32_LEN(KEY_BYTES))
#define CLIENT_KEY   " ClientAuthV3="
#define WITH_POW     " PoWDefensesEnabled=1 PoWQueueRate=5 PoWQueueBurst=10"
#define RETRY_JITTER 25 /* percent */

/*
 * IDLE: no control connection.  DELAYED and REFUSED: the timer says when tor is asked; for the first time on
 * this connection, or again.  ASKED: its answer is awaited.
 */
enum onion_state { ONION_IDLE, ONION_DELAYED, ONION_REFUSED, ONION_ASKED, ONION_STANDS };

struct tor_onion {
	TAILQ_ENTRY(tor_onion) link;
	struct tor *tor;
	uint8_t *secret; /* guarded; ONION_SECRET_BYTES */
	char address[ONION_LEN + 1];
	char target[SOCKET_PATH_MAX];
	uint8_t (*clients)[KEY_BYTES]; /* NULL: none */
	size_t n_clients;
	bool pow;	/* wanted */
	bool asked_pow; /* the command that is under way has it */
	enum onion_state state;
	bool uploading; /* an upload has begun since tor took it */
	bool published;
	struct timer *timer;
	uint64_t backoff_ms; /* after the next refusal */
	onion_cb cb;
	void *ctx;
};

static void on_added(void *ctx, const struct control_reply *reply);

static int put(struct buf *out, const char *text)
{
	return buf_put(out, text, strlen(text));
}

static int put_clients(struct buf *out, const struct tor_onion *o)
{
	char key[BASE32_LEN(KEY_BYTES) + 1];
	int err = 0;

	for (size_t i = 0; err == 0 && i < o->n_clients; i++) {
		base32_encode(o->clients[i], KEY_BYTES, key);
		err = put(out, CLIENT_KEY);
		if (err == 0)
			err = put(out, key);
	}
	return err;
}

static int put_command(struct buf *out, const struct tor_onion *o)
{
	char rest[SOCKET_PATH_MAX + 256];
	int err = put(out, "ADD_ONION ED25519-V3:");

	if (err == 0)
		err = control_put_base64(out, o->secret, ONION_SECRET_BYTES);
	if (err == 0)
		err = str_fmt(rest, sizeof(rest),
			      " Flags=DiscardPK,MaxStreamsCloseCircuit%s MaxStreams=1%s Port=%d,unix:%s",
			      o->n_clients > 0 ? ",V3Auth" : "", o->asked_pow ? WITH_POW : "", VIRTUAL_PORT,
			      o->target);
	if (err == 0)
		err = put(out, rest);
	return err != 0 ? err : put_clients(out, o);
}

static void onion_refused(struct tor_onion *o)
{
	const struct tor *t = o->tor;

	o->state = ONION_REFUSED;
	timer_set(o->timer, rng_jitter(t->rng, o->backoff_ms, RETRY_JITTER));
	o->backoff_ms = o->backoff_ms > t->backoff_max_ms / 2 ? t->backoff_max_ms : o->backoff_ms * 2;
}

static void onion_ask(struct tor_onion *o, bool with_pow)
{
	struct buf command;
	int err;

	o->state = ONION_ASKED;
	o->uploading = false;
	o->published = false;
	o->asked_pow = with_pow;
	timer_cancel(o->timer);
	buf_init(&command, COMMAND_MAX);
	err = put_command(&command, o);
	if (err == 0)
		err = driver_send(o->tor->driver, &command, on_added, o);
	if (err != 0)
		onion_refused(o); /* no memory; or the connection is closing, and the next one asks again */
	buf_clear(&command);
}

static void onion_publish(struct tor_onion *o)
{
	onion_ask(o, o->pow && o->tor->pow != POW_NO);
}

/* The first time on this connection. */
static void onion_begin(struct tor_onion *o)
{
	uint64_t spread = o->tor->publish_spread_ms;

	if (spread == 0) {
		onion_publish(o);
		return;
	}
	o->state = ONION_DELAYED;
	timer_set(o->timer, rng_uniform(o->tor->rng, spread < UINT32_MAX ? (uint32_t)spread : UINT32_MAX));
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
		o->backoff_ms = t->backoff_min_ms;
		o->cb(o->ctx, ONION_ADDED, "");
		return;
	}
	if (o->asked_pow && t->pow != POW_YES) {
		onion_ask(o, false);
		return;
	}
	log_warn("tor refused an onion service: %s", reply->lines[reply->n - 1].text);
	onion_refused(o);
	o->cb(o->ctx, ONION_FAILED, reply->lines[reply->n - 1].text);
}

static void on_timer(void *ctx)
{
	struct tor_onion *o = ctx;

	if (o->state == ONION_DELAYED || o->state == ONION_REFUSED)
		onion_publish(o);
}

/*
 * "HS_DESC UPLOAD <address> ..." and "HS_DESC UPLOADED <address> ..." (4.1.25), a pair for each directory, of
 * which the first is told.  One that was uploaded before the service was added anew does not count.
 */
void onions_on_desc(struct tor *t, const char *line)
{
	struct control_word action, address;
	struct tor_onion *o;

	line += strlen("HS_DESC ");
	if (control_word_next(&line, &action) != 1 || control_word_next(&line, &address) != 1)
		return;
	TAILQ_FOREACH (o, &t->onions, link) {
		if (strcmp(o->address, address.value) == 0)
			break;
	}
	if (o == NULL || o->state != ONION_STANDS || o->published)
		return;
	if (strcmp(action.value, "UPLOAD") == 0)
		o->uploading = true;
	if (strcmp(action.value, "UPLOADED") != 0 || !o->uploading)
		return;
	o->published = true;
	o->cb(o->ctx, ONION_PUBLISHED, "");
}

void onions_publish(struct tor *t)
{
	struct tor_onion *o;

	TAILQ_FOREACH (o, &t->onions, link)
		onion_begin(o);
}

void onions_lost(struct tor *t)
{
	struct tor_onion *o;

	TAILQ_FOREACH (o, &t->onions, link) {
		o->state = ONION_IDLE;
		o->published = false;
		o->backoff_ms = t->backoff_min_ms;
		timer_cancel(o->timer);
	}
}

static bool target_valid(const char *path)
{
	/* The command has no quoting: what would end the word is refused. */
	return path[0] == '/' && strpbrk(path, " \t\r\n\"\\,") == NULL;
}

static void onion_delete(struct tor_onion *o)
{
	timer_free(o->timer);
	secret_free(o->secret);
	free(o->clients);
	free(o);
}

static int copy_clients(struct tor_onion *o, const uint8_t (*clients)[KEY_BYTES], size_t n)
{
	uint8_t(*copy)[KEY_BYTES] = NULL;

	if (n > ONION_CLIENTS_MAX)
		return ERR_FULL;
	if (n > 0) {
		copy = malloc(n * KEY_BYTES);
		if (copy == NULL)
			return ERR_NOMEM;
		memcpy(copy, clients, n * KEY_BYTES);
	}
	free(o->clients);
	o->clients = copy;
	o->n_clients = n;
	return 0;
}

static int onion_init(struct tor_onion *o, const struct tor_onion_opts *opts)
{
	int err = str_copy(o->target, sizeof(o->target), opts->target_path);

	if (err == 0)
		err = copy_clients(o, opts->clients, opts->n_clients);
	if (err != 0)
		return err;
	o->pow = opts->pow;
	onion_encode(opts->ed_public, o->address);
	o->secret = secret_new(ONION_SECRET_BYTES);
	o->timer = timer_new(o->tor->loop, on_timer, o);
	if (o->secret == NULL || o->timer == NULL)
		return ERR_NOMEM;
	memcpy(o->secret, opts->secret, ONION_SECRET_BYTES);
	return 0;
}

int tor_onion_add(struct tor *t, const struct tor_onion_opts *opts, onion_cb cb, void *ctx,
		  struct tor_onion **out)
{
	struct tor_onion *o;
	int err;

	*out = NULL;
	if (!target_valid(opts->target_path))
		return ERR_INVALID;
	o = calloc(1, sizeof(*o));
	if (o == NULL)
		return ERR_NOMEM;
	o->tor = t;
	o->cb = cb;
	o->ctx = ctx;
	o->backoff_ms = t->backoff_min_ms;
	err = onion_init(o, opts);
	if (err != 0) {
		onion_delete(o);
		return err;
	}
	TAILQ_INSERT_TAIL(&t->onions, o, link);
	if (t->connected)
		onion_begin(o);
	*out = o;
	return 0;
}

/* Also while it is only asked for: tor takes commands in order. */
static void onion_withdraw(struct tor_onion *o)
{
	if (o->state != ONION_ASKED && o->state != ONION_STANDS)
		return;
	driver_forget(o->tor->driver, o);
	driver_sendf(o->tor->driver, NULL, NULL, "DEL_ONION %s", o->address);
}

int tor_onion_set_clients(struct tor_onion *o, const uint8_t (*clients)[KEY_BYTES], size_t n_clients)
{
	int err;

	if (n_clients == o->n_clients &&
	    (n_clients == 0 || memcmp(clients, o->clients, n_clients * KEY_BYTES) == 0))
		return 0;
	err = copy_clients(o, clients, n_clients);
	if (err != 0 || o->state == ONION_IDLE || o->state == ONION_DELAYED)
		return err;
	onion_withdraw(o);
	o->backoff_ms = o->tor->backoff_min_ms;
	onion_publish(o);
	return 0;
}

void tor_onion_del(struct tor_onion *o)
{
	if (o == NULL)
		return;
	TAILQ_REMOVE(&o->tor->onions, o, link);
	onion_withdraw(o);
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
