/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Dialling through an instance's SOCKS socket. */
#include <stdlib.h>
#include <string.h>

#include "access.h"
#include "base/err.h"
#include "base/log.h"
#include "base/str.h"
#include "socks.h"
#include "tor_private.h"

struct tor_dial {
	TAILQ_ENTRY(tor_dial) link;
	struct tor *tor;
	struct claim claim;
	struct stream *stream; /* NULL: it waits for its claim, or only its end is still to be told */
	struct timer *timer;
	char host[ONION_HOST_LEN + 1];
	char isolation[SOCKS_USER_MAX + 1];
	struct socks socks;
	enum dial_error error; /* what is told when the timer fires */
	dial_cb cb;
	void *ctx;
};

const char *dial_error_text(enum dial_error e)
{
	switch (e) {
	case DIAL_OK:
		return "connected";
	case DIAL_TOR_DOWN:
		return "our own tor isn't ready";
	case DIAL_NO_DESCRIPTOR:
		return "not published: offline, or the address is wrong";
	case DIAL_BAD_DESCRIPTOR:
		return "what is published can't be read: a damaged descriptor";
	case DIAL_INTRO_FAILED:
		return "published, but none of its introduction points let us in: it has probably just gone "
		       "offline";
	case DIAL_REND_FAILED:
		return "published, but the meeting at the rendezvous point failed";
	case DIAL_NEED_AUTH:
		return "published for others only: we have no key for it";
	case DIAL_WRONG_AUTH:
		return "published for others only: our key for it is no longer good";
	case DIAL_BAD_ADDRESS:
		return "no valid onion address, or no valid key for it";
	case DIAL_INTRO_TIMEOUT:
		return "published, but it did not answer the introduction in time";
	case DIAL_REFUSED:
		return "published, but nobody answered";
	case DIAL_TIMEOUT:
		return "no answer in time";
	case DIAL_PROTOCOL:
		return "what answers on the SOCKS socket is not a tor";
	}
	return "unknown error";
}

/* torspec socks-extensions; the plain codes of RFC 1928 otherwise. */
static enum dial_error reply_error(uint8_t reply)
{
	switch (reply) {
	case 0xf0:
		return DIAL_NO_DESCRIPTOR;
	case 0xf1:
		return DIAL_BAD_DESCRIPTOR;
	case 0xf2:
		return DIAL_INTRO_FAILED;
	case 0xf3:
		return DIAL_REND_FAILED;
	case 0xf4:
		return DIAL_NEED_AUTH;
	case 0xf5:
		return DIAL_WRONG_AUTH;
	case 0xf6:
		return DIAL_BAD_ADDRESS;
	case 0xf7:
		return DIAL_INTRO_TIMEOUT;
	case 0x06: /* TTL expired: tor's own time for a stream is over */
		return DIAL_TIMEOUT;
	default:
		return DIAL_REFUSED;
	}
}

/*
 * Whether the descriptor that a client key has opened is kept for the next dial.  Where the service was met,
 * or its key was not good, a fresh one is better: it leads past introduction points that a restart of the
 * other side has left behind.  Where it was not met, the directories may not be asked again for 15 minutes.
 */
static bool keeps_descriptor(enum dial_error error)
{
	switch (error) {
	case DIAL_INTRO_FAILED:
	case DIAL_REND_FAILED:
	case DIAL_INTRO_TIMEOUT:
	case DIAL_REFUSED:
		return true;
	case DIAL_OK:
	case DIAL_TOR_DOWN:
	case DIAL_NO_DESCRIPTOR:
	case DIAL_BAD_DESCRIPTOR:
	case DIAL_NEED_AUTH:
	case DIAL_WRONG_AUTH:
	case DIAL_BAD_ADDRESS:
	case DIAL_TIMEOUT:
	case DIAL_PROTOCOL:
		return false;
	}
	return false;
}

static void dial_delete(struct tor_dial *d, bool keep)
{
	TAILQ_REMOVE(&d->tor->dials, d, link);
	stream_close(d->stream);
	timer_free(d->timer);
	access_release(&d->claim, keep);
	free(d);
}

static void dial_end(struct tor_dial *d, enum dial_error error, int fd)
{
	dial_cb cb = d->cb;
	void *ctx = d->ctx;

	log_debug("a dial ended: %s", dial_error_text(error));
	dial_delete(d, keeps_descriptor(error));
	cb(ctx, error, fd);
}

static void on_timer(void *ctx)
{
	struct tor_dial *d = ctx;

	dial_end(d, d->error, -1);
}

static void dial_connected(struct tor_dial *d)
{
	int fd;

	/* The one who dials speaks first: bytes that came along already belong to nobody we know. */
	if (stream_detach(d->stream, &fd) != 0) {
		dial_end(d, DIAL_REFUSED, -1);
		return;
	}
	d->stream = NULL;
	dial_end(d, DIAL_OK, fd);
}

static void on_data(void *ctx, struct buf *in)
{
	struct tor_dial *d = ctx;
	struct buf out;
	int err;

	buf_init(&out, SOCKS_OUT_MAX);
	err = socks_step(&d->socks, in, &out);
	if (err == 0 && buf_len(&out) > 0)
		stream_write(d->stream, buf_ptr(&out), buf_len(&out));
	buf_clear(&out);
	if (err == 1)
		dial_connected(d);
	else if (err == ERR_REFUSED)
		dial_end(d, reply_error(d->socks.reply), -1);
	else if (err != 0)
		dial_end(d, DIAL_PROTOCOL, -1);
}

static void on_closed(void *ctx, int err)
{
	(void)err;
	/* Tor always answers before it closes, unless it goes down itself. */
	dial_end(ctx, DIAL_TOR_DOWN, -1);
}

static const struct stream_ops stream_ops = {.data = on_data, .closed = on_closed};

static int dial_connect(struct tor_dial *d)
{
	static const struct stream_opts opts = {.in_max = SOCKS_IN_MAX, .out_max = SOCKS_OUT_MAX};
	struct buf greeting;
	int fd, err = unix_connect(d->tor->socks_path, &fd);

	if (err != 0)
		return err;
	d->stream = stream_new(d->tor->loop, fd, &opts, &stream_ops, d);
	if (d->stream == NULL)
		return ERR_NOMEM;
	buf_init(&greeting, SOCKS_OUT_MAX);
	/* A password of its own makes tor build a circuit of its own: a second link beside one that is
	 * suspected, or after one that died silently, must not share its circuit. */
	err = socks_start(&d->socks, d->host, VIRTUAL_PORT, d->isolation, ++d->tor->n_dialled, &greeting);
	if (err == 0)
		err = stream_write(d->stream, buf_ptr(&greeting), buf_len(&greeting));
	buf_clear(&greeting);
	return err;
}

static bool isolation_valid(const char *isolation)
{
	size_t len = strlen(isolation), i;

	for (i = 0; i < len; i++) {
		if (isolation[i] <= ' ' || isolation[i] > '~')
			return false;
	}
	return len > 0 && len <= SOCKS_USER_MAX;
}

static void dial_fail_later(struct tor_dial *d, enum dial_error error)
{
	stream_close(d->stream);
	d->stream = NULL;
	d->error = error;
	timer_set(d->timer, 0);
}

static void on_claim(void *ctx, enum dial_error error)
{
	struct tor_dial *d = ctx;

	if (error == DIAL_OK && dial_connect(d) != 0)
		error = DIAL_TOR_DOWN;
	if (error != DIAL_OK)
		dial_fail_later(d, error);
}

/* Its time runs from here on, also while it waits for its claim. */
static int dial_begin(struct tor_dial *d, const uint8_t *client_key)
{
	char address[ONION_LEN + 1];

	d->timer = timer_new(d->tor->loop, on_timer, d);
	if (d->timer == NULL)
		return ERR_NOMEM;
	d->error = DIAL_TIMEOUT;
	timer_set(d->timer, d->tor->dial_timeout_ms);
	if (d->tor->status.state != TOR_READY) {
		dial_fail_later(d, DIAL_TOR_DOWN);
		return 0;
	}
	memcpy(address, d->host, ONION_LEN);
	address[ONION_LEN] = '\0';
	return access_claim(d->tor, &d->claim, address, client_key);
}

int tor_dial(struct tor *t, const uint8_t ed_public[KEY_BYTES], const uint8_t *client_key,
	     const char *isolation, dial_cb cb, void *ctx, struct tor_dial **out)
{
	struct tor_dial *d;
	int err;

	*out = NULL;
	if (!isolation_valid(isolation))
		return ERR_INVALID;
	d = calloc(1, sizeof(*d));
	if (d == NULL)
		return ERR_NOMEM;
	d->tor = t;
	d->cb = cb;
	d->ctx = ctx;
	d->claim.cb = on_claim;
	d->claim.ctx = d;
	onion_encode(ed_public, d->host);
	memcpy(d->host + ONION_LEN, ".onion", sizeof(".onion"));
	str_copy(d->isolation, sizeof(d->isolation), isolation);
	TAILQ_INSERT_TAIL(&t->dials, d, link);
	err = dial_begin(d, client_key);
	if (err != 0) {
		dial_delete(d, true);
		return err;
	}
	*out = d;
	return 0;
}

void tor_dial_cancel(struct tor_dial *d)
{
	if (d != NULL)
		dial_delete(d, true);
}

void dials_fail(struct tor *t)
{
	struct tor_dial *d;

	access_lost(t);
	TAILQ_FOREACH (d, &t->dials, link) {
		if (d->error == DIAL_TIMEOUT)
			dial_fail_later(d, DIAL_TOR_DOWN);
	}
}

void dials_clear(struct tor *t)
{
	struct tor_dial *d;

	access_lost(t);
	while ((d = TAILQ_FIRST(&t->dials)) != NULL)
		dial_delete(d, true);
}
