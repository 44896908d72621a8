/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "driver.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bsd/sys/queue.h>

#include "base/err.h"
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "crypto/crypto.h"
#include "io/stream.h"
#include "safecookie.h"

#define OUT_MAX	     (16 * 1048576) /* when tor comes back: ADD_ONION of 700 services with all their clients */
#define COMMANDS_MAX 4096
#define COMMAND_MAX  1024
#define GREETING_MS                                                                                          \
	60000	       /* from the connection until we are ready; a starting tor may take a while to answer */
#define FINISH_MS 2000 /* for the last commands to leave */
#define EVENTS	  "SETEVENTS STATUS_CLIENT STATUS_GENERAL HS_DESC NETWORK_LIVENESS"

struct command {
	STAILQ_ENTRY(command) link;
	driver_reply_cb cb;
	void *ctx;
};

struct driver {
	struct loop *loop;
	struct stream *stream;
	struct timer *timer;
	struct control_parser parser;
	STAILQ_HEAD(, command) commands; /* sent, not yet answered */
	unsigned n_commands;
	const struct driver_ops *ops;
	void *ctx;
	struct safecookie *cookie; /* guarded; only while authenticating */
	char version[32];
	char why[160];
	bool owner;
	bool fatal;
	bool closing; /* closed() is due or was called */
	bool running; /* a callback is on the stack */
	bool dead;
};

static void driver_delete(struct driver *d)
{
	struct command *c;

	while ((c = STAILQ_FIRST(&d->commands)) != NULL) {
		STAILQ_REMOVE_HEAD(&d->commands, link);
		free(c);
	}
	stream_close(d->stream);
	timer_free(d->timer);
	control_parser_clear(&d->parser);
	secret_free(d->cookie);
	free(d);
}

void driver_free(struct driver *d)
{
	if (d == NULL)
		return;
	d->dead = true;
	stream_close(d->stream);
	d->stream = NULL;
	timer_cancel(d->timer);
	if (!d->running)
		driver_delete(d);
}

void driver_finish(struct driver *d)
{
	if (d->stream != NULL)
		stream_finish(d->stream, FINISH_MS);
	d->stream = NULL;
	driver_free(d);
}

/* Ends the connection for a reason; closed() comes from the loop. */
static void driver_fail(struct driver *d, bool fatal, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static void driver_fail(struct driver *d, bool fatal, const char *fmt, ...)
{
	va_list ap;

	if (d->closing || d->dead)
		return;
	va_start(ap, fmt);
	vsnprintf(d->why, sizeof(d->why), fmt, ap);
	va_end(ap);
	d->fatal = fatal;
	d->closing = true;
	timer_set(d->timer, 0);
}

static void tell_closed(struct driver *d)
{
	timer_cancel(d->timer);
	stream_close(d->stream);
	d->stream = NULL;
	d->running = true;
	d->ops->closed(d->ctx, d->why[0] != '\0' ? d->why : NULL, d->fatal);
	d->running = false;
	if (d->dead)
		driver_delete(d);
}

static void on_timer(void *ctx)
{
	struct driver *d = ctx;

	if (!d->closing) {
		driver_fail(d, false, "tor does not answer on its control socket");
		return;
	}
	tell_closed(d);
}

/* ---- commands ---- */

int driver_send(struct driver *d, const struct buf *command, driver_reply_cb cb, void *ctx)
{
	struct command *c;
	int err;

	if (d->closing || d->dead)
		return ERR_CLOSED;
	c = calloc(1, sizeof(*c));
	if (c == NULL || d->n_commands >= COMMANDS_MAX) {
		free(c);
		driver_fail(d, false, "tor does not answer on its control socket");
		return ERR_FULL;
	}
	c->cb = cb;
	c->ctx = ctx;
	STAILQ_INSERT_TAIL(&d->commands, c, link);
	d->n_commands++;
	err = stream_write(d->stream, buf_ptr(command), buf_len(command));
	return err != 0 ? err : stream_write(d->stream, "\r\n", 2);
}

int driver_sendf(struct driver *d, driver_reply_cb cb, void *ctx, const char *fmt, ...)
{
	char line[COMMAND_MAX];
	struct buf command;
	va_list ap;
	int n, err;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof(line))
		return ERR_TOO_LONG;
	buf_init(&command, sizeof(line));
	err = buf_put(&command, line, (size_t)n);
	if (err == 0)
		err = driver_send(d, &command, cb, ctx);
	buf_clear(&command);
	crypto_wipe(line, sizeof(line));
	return err;
}

void driver_forget(struct driver *d, const void *ctx)
{
	struct command *c;

	STAILQ_FOREACH(c, &d->commands, link)
	{
		if (c->ctx == ctx)
			c->cb = NULL;
	}
}

/* ---- authentication and what follows it ---- */

static bool answered(struct driver *d, const struct control_reply *reply, const char *what)
{
	if (reply->code == 250)
		return true;
	driver_fail(d, reply->code == 515, "tor refused %s: %.80s", what, reply->lines[reply->n - 1].text);
	return false;
}

static void on_events(void *ctx, const struct control_reply *reply)
{
	struct driver *d = ctx;

	if (!answered(d, reply, "our event subscription"))
		return;
	timer_cancel(d->timer);
	d->ops->ready(d->ctx, d->version);
}

static void on_ownership(void *ctx, const struct control_reply *reply)
{
	answered(ctx, reply, "to be owned");
}

static void on_authenticated(void *ctx, const struct control_reply *reply)
{
	struct driver *d = ctx;

	secret_free(d->cookie);
	d->cookie = NULL;
	if (!answered(d, reply, "our authentication"))
		return;
	if (d->owner)
		driver_sendf(d, on_ownership, d, "TAKEOWNERSHIP");
	driver_sendf(d, on_events, d, EVENTS);
}

static void on_challenge(void *ctx, const struct control_reply *reply)
{
	struct driver *d = ctx;
	uint8_t proof[COOKIE_BYTES];
	char hex[2 * COOKIE_BYTES + 1];
	int err;

	if (!answered(d, reply, "our authentication"))
		return;
	err = safecookie_answer(d->cookie, reply->lines[0].text, proof);
	if (err != 0) {
		driver_fail(d, true, "what answers on the control socket does not know tor's cookie");
		return;
	}
	hex_encode(proof, sizeof(proof), hex);
	driver_sendf(d, on_authenticated, d, "AUTHENTICATE %s", hex);
	crypto_wipe(hex, sizeof(hex));
	crypto_wipe(proof, sizeof(proof));
}

static void fail_cookie(struct driver *d, const char *path, int err)
{
	if (err == ERR_PERMISSION)
		driver_fail(d, true, "no permission to read tor's cookie %.90s", path);
	else
		driver_fail(d, true, "tor's cookie %.90s can't be read: %s", path, err_str(err));
}

/* Reads the cookie that PROTOCOLINFO named.  Only its hash is ever sent, so a forged path gains nothing. */
static int read_cookie(struct driver *d, const char *path)
{
	char *content = NULL;
	size_t len = 0;
	int err = file_read(path, COOKIE_BYTES, &content, &len);

	if (err == 0 && len != COOKIE_BYTES)
		err = ERR_INVALID;
	if (err == 0)
		d->cookie = secret_new(sizeof(*d->cookie));
	if (err == 0 && d->cookie == NULL)
		err = ERR_NOMEM;
	if (err == 0) {
		memcpy(d->cookie->cookie, content, COOKIE_BYTES);
		rng_fill(&rng_system, d->cookie->client_nonce, COOKIE_BYTES);
	} else {
		fail_cookie(d, path, err);
	}
	if (content != NULL)
		crypto_wipe(content, len);
	free(content);
	return err;
}

static void start_safecookie(struct driver *d, const char *auth_line)
{
	char path[CONTROL_WORD_MAX + 1], nonce[2 * COOKIE_BYTES + 1];

	if (control_value(auth_line, "COOKIEFILE", path, sizeof(path)) != 0 || path[0] != '/') {
		driver_fail(d, true, "tor does not say where its cookie is");
		return;
	}
	if (read_cookie(d, path) != 0)
		return;
	hex_encode(d->cookie->client_nonce, COOKIE_BYTES, nonce);
	driver_sendf(d, on_challenge, d, "AUTHCHALLENGE SAFECOOKIE %s", nonce);
}

static bool offers(const char *methods, const char *method)
{
	size_t len = strlen(method);
	const char *p = methods;

	while ((p = strstr(p, method)) != NULL) {
		if ((p == methods || p[-1] == ',') && (p[len] == ',' || p[len] == '\0'))
			return true;
		p += len;
	}
	return false;
}

static void authenticate(struct driver *d, const char *auth_line)
{
	char methods[256];

	if (control_value(auth_line, "METHODS", methods, sizeof(methods)) != 0)
		driver_fail(d, false, "tor's control socket does not say how to authenticate");
	else if (offers(methods, "SAFECOOKIE"))
		start_safecookie(d, auth_line);
	else if (strcmp(methods, "NULL") == 0)
		driver_sendf(d, on_authenticated, d, "AUTHENTICATE");
	else
		driver_fail(d, true,
			    "tor's control socket wants %.40s: set CookieAuthentication 1 in its torrc",
			    methods);
}

int driver_check_version(const char *version)
{
	unsigned major, minor, micro;
	char after;

	if (sscanf(version, "%3u.%3u.%3u%c", &major, &minor, &micro, &after) < 3)
		return ERR_PROTOCOL;
	return major * 1000000 + minor * 1000 + micro >= 4007 ? 0 : ERR_VERSION;
}

static bool check_version(struct driver *d, const char *version_line)
{
	if (version_line == NULL || control_value(version_line, "Tor", d->version, sizeof(d->version)) != 0 ||
	    driver_check_version(d->version) == ERR_PROTOCOL) {
		driver_fail(d, false, "what answers on the control socket is not a tor that we know");
		return false;
	}
	if (driver_check_version(d->version) != 0) {
		driver_fail(d, true, "this tor is %s; allium needs 0.4.7 or later", d->version);
		return false;
	}
	return true;
}

static void on_protocolinfo(void *ctx, const struct control_reply *reply)
{
	struct driver *d = ctx;
	const char *auth = NULL, *version = NULL;
	size_t i;

	if (!answered(d, reply, "to say who it is"))
		return;
	for (i = 0; i < reply->n; i++) {
		if (strncmp(reply->lines[i].text, "AUTH ", 5) == 0)
			auth = reply->lines[i].text + 5;
		else if (strncmp(reply->lines[i].text, "VERSION ", 8) == 0)
			version = reply->lines[i].text + 8;
	}
	if (!check_version(d, version))
		return;
	if (auth == NULL)
		driver_fail(d, false, "tor's control socket does not say how to authenticate");
	else
		authenticate(d, auth);
}

/* ---- the connection ---- */

static void dispatch(struct driver *d, const struct control_reply *reply)
{
	struct command *c;

	if (reply->code >= 600 && reply->code < 700) {
		d->ops->event(d->ctx, reply);
		return;
	}
	c = STAILQ_FIRST(&d->commands);
	if (c == NULL) {
		driver_fail(d, false, "what answers on the control socket does not speak tor's protocol");
		return;
	}
	STAILQ_REMOVE_HEAD(&d->commands, link);
	d->n_commands--;
	if (c->cb != NULL)
		c->cb(c->ctx, reply);
	free(c);
}

static void on_data(void *ctx, struct buf *in)
{
	struct driver *d = ctx;
	const struct control_reply *reply;
	int err = 1;

	d->running = true;
	while (!d->dead && !d->closing && (err = control_parser_next(&d->parser, in, &reply)) == 1)
		dispatch(d, reply);
	if (!d->dead && err < 0)
		driver_fail(d, false, "what answers on the control socket does not speak tor's protocol");
	d->running = false;
	if (d->dead)
		driver_delete(d);
}

static void on_closed(void *ctx, int err)
{
	struct driver *d = ctx;

	(void)err;
	d->closing = true;
	tell_closed(d);
}

static const struct stream_ops stream_ops = {.data = on_data, .closed = on_closed};

int driver_new(struct loop *loop, const char *path, bool owner, const struct driver_ops *ops, void *ctx,
	       struct driver **out)
{
	static const struct stream_opts opts = {.in_max = 4 * CONTROL_LINE_MAX, .out_max = OUT_MAX};
	struct driver *d;
	int fd, err = unix_connect(path, &fd);

	*out = NULL;
	if (err != 0)
		return err;
	d = calloc(1, sizeof(*d));
	if (d == NULL) {
		close(fd);
		return ERR_NOMEM;
	}
	d->stream = stream_new(loop, fd, &opts, &stream_ops, d);
	if (d->stream == NULL) {
		free(d);
		return ERR_NOMEM;
	}
	d->loop = loop;
	d->owner = owner;
	d->ops = ops;
	d->ctx = ctx;
	STAILQ_INIT(&d->commands);
	control_parser_init(&d->parser);
	d->timer = timer_new(loop, on_timer, d);
	if (d->timer == NULL) {
		driver_delete(d);
		return ERR_NOMEM;
	}
	timer_set(d->timer, GREETING_MS);
	driver_sendf(d, on_protocolinfo, d, "PROTOCOLINFO 1");
	*out = d;
	return 0;
}
