/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "access.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "base/str.h"
#include "crypto/crypto.h"
#include "tor_private.h"

#define COMMAND_MAX 256
#define IDLE_MAX    64

enum access_state {
	ACCESS_NONE,	/* tor has no key for it */
	ACCESS_ADDING,	/* its answer is awaited */
	ACCESS_STANDS,	/* tor has the key */
	ACCESS_REMOVING /* its answer is awaited */
};

struct access {
	TAILQ_ENTRY(access) link;
	struct tor *tor;
	char address[ONION_LEN + 1];
	enum access_state state;
	uint8_t *key; /* guarded: what tor has or is being told of; NULL otherwise */
	bool stale;   /* nobody may use it: to be removed */
	bool done;    /* to be removed once nobody uses it */
	bool cleared; /* nothing can stand there but what we add */
	TAILQ_HEAD(claims, claim) waiting;
	struct claims holding; /* granted: all with this key, or in ACCESS_NONE all without one */
	struct timer *idle;
};

static void access_step(struct access *a);

static void access_delete(struct access *a)
{
	TAILQ_REMOVE(&a->tor->accesses, a, link);
	timer_free(a->idle);
	secret_free(a->key);
	free(a);
}

static int copy_key(uint8_t **out, const uint8_t *key)
{
	*out = NULL;
	if (key == NULL)
		return 0;
	*out = secret_new(KEY_BYTES);
	if (*out == NULL)
		return ERR_NOMEM;
	memcpy(*out, key, KEY_BYTES);
	return 0;
}

static bool same_key(const uint8_t *a, const uint8_t *b)
{
	return a == NULL || b == NULL ? a == b : crypto_equal(a, b, KEY_BYTES);
}

/* ---- claims ---- */

/* Takes it off its list, without a word. */
static void claim_clear(struct claim *c)
{
	if (c->granted)
		TAILQ_REMOVE(&c->access->holding, c, link);
	else
		TAILQ_REMOVE(&c->access->waiting, c, link);
	secret_free(c->key);
	c->key = NULL;
	c->access = NULL;
	c->granted = false;
}

static void claim_grant(struct access *a, struct claim *c)
{
	claim_clear(c);
	c->access = a;
	c->granted = true;
	TAILQ_INSERT_TAIL(&a->holding, c, link);
	timer_cancel(a->idle);
	c->cb(c->ctx, DIAL_OK);
}

static void claim_refuse(struct claim *c, enum dial_error error)
{
	claim_clear(c);
	c->cb(c->ctx, error);
}

/* With the key that tor refused. */
static void refuse_key(struct access *a, enum dial_error error)
{
	struct claim *c, *next;

	for (c = TAILQ_FIRST(&a->waiting); c != NULL; c = next) {
		next = TAILQ_NEXT(c, link);
		if (same_key(c->key, a->key))
			claim_refuse(c, error);
	}
}

static void refuse_all(struct access *a)
{
	while (!TAILQ_EMPTY(&a->waiting))
		claim_refuse(TAILQ_FIRST(&a->waiting), DIAL_TOR_DOWN);
}

/* ---- what tor has (control-spec 3.30 and 3.31) ---- */

/* The answers to ONION_CLIENT_AUTH_ADD that say no. */
static enum dial_error refusal(int code)
{
	switch (code) {
	case 512: /* the address or the key can't be read */
	case 552: /* a type of key that it does not know */
	case 553: /* a key that is no point, as all zeros */
		return DIAL_BAD_ADDRESS;
	default: /* 451: it has too many; 551; no such command */
		return DIAL_TOR_DOWN;
	}
}

static void on_added(void *ctx, const struct control_reply *reply)
{
	struct access *a = ctx;

	a->state = ACCESS_STANDS;
	/* 251: it had another, of an earlier run or another program, which may have opened a descriptor. */
	a->stale = reply->code == 251 && !a->cleared;
	a->cleared = false;
	if (reply->code < 250 || reply->code > 252) {
		/* Not its words, which may repeat the key. */
		log_warn("tor refused a client key with code %d", reply->code);
		a->state = ACCESS_NONE;
		refuse_key(a, refusal(reply->code));
		secret_free(a->key);
		a->key = NULL;
	}
	access_step(a);
}

static int put_add(struct buf *out, const char *address, const uint8_t *key)
{
	char head[COMMAND_MAX / 2];
	/* No Flags=Permanent: tor would write it to its disk. */
	int err = str_fmt(head, sizeof(head), "ONION_CLIENT_AUTH_ADD %s x25519:", address);

	if (err == 0)
		err = buf_put(out, head, strlen(head));
	return err != 0 ? err : control_put_base64(out, key, KEY_BYTES);
}

static void access_add(struct access *a, const uint8_t *key)
{
	struct buf command;
	int err = copy_key(&a->key, key);

	/* Wiped behind it: this buffer and the stream's, though not the kernel's. */
	buf_init(&command, COMMAND_MAX);
	if (err == 0)
		err = put_add(&command, a->address, key);
	if (err == 0) {
		a->state = ACCESS_ADDING;
		driver_send(a->tor->driver, &command, on_added, a); /* an error: the connection ends */
	} else {
		refuse_all(a);
	}
	buf_clear(&command);
}

static void on_removed(void *ctx, const struct control_reply *reply)
{
	struct access *a = ctx;

	if (reply->code == 250 || reply->code == 251) {
		a->state = ACCESS_NONE;
		a->cleared = true;
	} else {
		/* It may still be there: nobody goes with it. */
		log_warn("tor does not remove a client key: code %d", reply->code);
		a->state = ACCESS_STANDS;
		a->stale = true;
		refuse_all(a);
	}
	access_step(a);
}

static void access_remove(struct access *a)
{
	a->state = ACCESS_REMOVING;
	a->stale = false;
	a->done = false;
	secret_free(a->key);
	a->key = NULL;
	timer_cancel(a->idle);
	driver_sendf(a->tor->driver, on_removed, a, "ONION_CLIENT_AUTH_REMOVE %s", a->address);
}

static bool unused(const struct access *a)
{
	return a->state == ACCESS_STANDS && TAILQ_EMPTY(&a->holding) && TAILQ_EMPTY(&a->waiting);
}

static void on_idle(void *ctx)
{
	struct access *a = ctx;

	if (unused(a))
		access_remove(a);
}

void access_forget(struct tor *t)
{
	struct access *a;

	TAILQ_FOREACH (a, &t->accesses, link) {
		if (unused(a))
			access_remove(a);
	}
}

/* ---- whose turn it is ---- */

static bool fits(const struct access *a, const struct claim *c)
{
	if (c->key == NULL)
		return a->state == ACCESS_NONE;
	return a->state == ACCESS_STANDS && !a->stale && same_key(a->key, c->key);
}

/* Guarded memory comes in pages: of keys that nobody uses only so many are kept. */
static void idle_bound(struct tor *t)
{
	struct access *a, *oldest = NULL;
	unsigned n = 0;

	TAILQ_FOREACH (a, &t->accesses, link) {
		if (!unused(a))
			continue;
		if (oldest == NULL)
			oldest = a;
		n++;
	}
	if (n > IDLE_MAX)
		access_remove(oldest);
}

/* Nobody uses it. */
static void access_rest(struct access *a)
{
	if (a->state == ACCESS_STANDS && a->done) {
		access_remove(a);
	} else if (a->state == ACCESS_STANDS) {
		timer_set(a->idle, a->tor->key_idle_ms);
		idle_bound(a->tor);
	} else if (a->state == ACCESS_NONE) {
		access_delete(a);
	}
}

/* May end the access. */
static void access_step(struct access *a)
{
	struct claim *c;

	while ((c = TAILQ_FIRST(&a->waiting)) != NULL && fits(a, c))
		claim_grant(a, c);
	if (!TAILQ_EMPTY(&a->holding))
		return;
	if (c != NULL && a->state == ACCESS_STANDS)
		access_remove(a);
	else if (c != NULL && a->state == ACCESS_NONE)
		access_add(a, c->key);
	if (TAILQ_EMPTY(&a->waiting))
		access_rest(a);
}

static struct access *access_new(struct tor *t, const char *address)
{
	struct access *a = calloc(1, sizeof(*a));

	if (a == NULL)
		return NULL;
	a->tor = t;
	str_copy(a->address, sizeof(a->address), address);
	TAILQ_INIT(&a->waiting);
	TAILQ_INIT(&a->holding);
	TAILQ_INSERT_TAIL(&t->accesses, a, link);
	a->idle = timer_new(t->loop, on_idle, a);
	if (a->idle == NULL) {
		access_delete(a);
		return NULL;
	}
	return a;
}

int access_claim(struct tor *t, struct claim *c, const char *address, const uint8_t *key)
{
	struct access *a;
	int err = copy_key(&c->key, key);

	if (err != 0)
		return err;
	TAILQ_FOREACH (a, &t->accesses, link) {
		if (strcmp(a->address, address) == 0)
			break;
	}
	if (a == NULL)
		a = access_new(t, address);
	if (a == NULL) {
		secret_free(c->key);
		c->key = NULL;
		return ERR_NOMEM;
	}
	c->access = a;
	TAILQ_INSERT_TAIL(&a->waiting, c, link);
	access_step(a);
	return 0;
}

void access_release(struct claim *c, bool keep)
{
	struct access *a = c->access;

	if (a == NULL)
		return;
	claim_clear(c);
	if (!keep)
		a->done = true;
	access_step(a);
}

void access_withdraw(struct tor *t)
{
	struct access *a;

	TAILQ_FOREACH (a, &t->accesses, link) {
		if (a->key != NULL)
			driver_sendf(t->driver, NULL, NULL, "ONION_CLIENT_AUTH_REMOVE %s", a->address);
	}
}

void access_lost(struct tor *t)
{
	struct access *a;
	struct claim *c;

	while ((a = TAILQ_FIRST(&t->accesses)) != NULL) {
		while ((c = TAILQ_FIRST(&a->waiting)) != NULL || (c = TAILQ_FIRST(&a->holding)) != NULL)
			claim_clear(c);
		access_delete(a);
	}
}
