/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "io/inlet.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/str.h"

#include "loop_private.h"
#include "tls_wire.h"
#include "ws_wire.h"

#define HANDSHAKE_MS   10000
#define HANDSHAKES_MAX 64
#define ADDRESS_MAX    128

/* A connection whose handshake is under way. */
struct arrival {
	TAILQ_ENTRY(arrival) link;
	struct inlet *inlet;
	struct stream *stream;
	struct timer *timer;
};
TAILQ_HEAD(arrivals, arrival);

struct inlet_kind {
	const char *prefix;
	enum listener_reach reach;
	struct wire *(*wire)(const struct inlet *i, int fd); /* NULL: plain */
};

struct inlet {
	struct loop *loop;
	struct inlet_opts opts;
	const struct inlet_kind *kind;
	struct listener *listener;
	inlet_cb cb;
	void *ctx;
	struct arrivals arrivals; /* the oldest first */
	unsigned n_arrivals;
	char address[ADDRESS_MAX];
};

/* ---- kinds ---- */

static struct wire *tls_kind_wire(const struct inlet *i, int fd)
{
	return tls_wire_new(i->opts.tls, fd);
}

static struct wire *ws_kind_wire(const struct inlet *i, int fd)
{
	return ws_wire_new(&i->opts.ws, fd);
}

static const struct inlet_kind kinds[] = {
    {"ws:", LISTENER_LOOPBACK, ws_kind_wire},
    {"tls:", LISTENER_ANYWHERE, tls_kind_wire},
    {"", LISTENER_LOOPBACK, NULL},
};

/* The first whose prefix fits; the last has none. */
static const struct inlet_kind *find_kind(const char *address)
{
	const struct inlet_kind *kind = kinds;

	while (strncmp(address, kind->prefix, strlen(kind->prefix)) != 0)
		kind++;
	return kind;
}

/* Only plain text has Unix sockets, which nobody else can listen to. */
int inlet_check(const char *address)
{
	const struct inlet_kind *kind = find_kind(address);
	const char *rest = address + strlen(kind->prefix);

	if (kind->wire != NULL && strncmp(rest, "unix:", 5) == 0)
		return ERR_INVALID;
	return listener_check_reach(rest, kind->reach);
}

bool inlet_is_secure(const char *address)
{
	return find_kind(address)->wire == tls_kind_wire;
}

/* ---- handshakes ---- */

static struct stream *arrival_free(struct arrival *a)
{
	struct stream *s = a->stream;

	TAILQ_REMOVE(&a->inlet->arrivals, a, link);
	a->inlet->n_arrivals--;
	timer_free(a->timer);
	free(a);
	return s;
}

static void on_timer(void *ctx)
{
	log_info("a client did not finish its handshake in time: closed");
	stream_close(arrival_free(ctx));
}

static void on_closed(void *ctx, int err)
{
	log_info("a client's handshake failed: %s", err_str(err));
	stream_close(arrival_free(ctx));
}

static void on_ready(void *ctx)
{
	struct arrival *a = ctx;
	struct inlet *i = a->inlet;

	i->cb(i->ctx, arrival_free(a));
}

/* No bytes come before the handshake is over, and then they are another's. */
static const struct stream_ops arrival_ops = {.closed = on_closed};

static void make_room(struct inlet *i)
{
	if (i->n_arrivals < i->opts.handshakes_max)
		return;
	log_info("too many handshakes at once: the oldest is given up");
	stream_close(arrival_free(TAILQ_FIRST(&i->arrivals)));
}

static int arrival_start(struct inlet *i, int fd)
{
	struct arrival *a = calloc(1, sizeof(*a));
	struct wire *wire = a == NULL ? NULL : i->kind->wire(i, fd);

	if (wire == NULL) {
		free(a);
		close(fd);
		return ERR_NOMEM;
	}
	a->inlet = i;
	a->timer = timer_new(i->loop, on_timer, a);
	a->stream = stream_new_wired(i->loop, fd, wire, &i->opts.stream, &arrival_ops, on_ready, a);
	TAILQ_INSERT_TAIL(&i->arrivals, a, link);
	i->n_arrivals++;
	if (a->timer == NULL || a->stream == NULL) {
		stream_close(arrival_free(a));
		return ERR_NOMEM;
	}
	timer_set(a->timer, i->opts.handshake_ms);
	return 0;
}

/* ---- accepting ---- */

static void accept_plain(struct inlet *i, int fd)
{
	struct stream *s = stream_new(i->loop, fd, &i->opts.stream, NULL, NULL);

	if (s != NULL)
		i->cb(i->ctx, s);
}

static void on_accept(void *ctx, int fd)
{
	struct inlet *i = ctx;

	if (i->kind->wire == NULL) {
		accept_plain(i, fd);
		return;
	}
	make_room(i);
	if (arrival_start(i, fd) != 0)
		log_warn("no memory for another connection");
}

/* ---- life ---- */

static int inlet_open(struct inlet *i, const char *address)
{
	int err;

	i->kind = find_kind(address);
	if (i->kind->wire == tls_kind_wire &&
	    (i->opts.tls == NULL || tls_fingerprint(i->opts.tls)[0] == '\0'))
		return ERR_WRONG_STATE;
	err = listener_open(i->loop, address + strlen(i->kind->prefix), i->kind->reach, i->opts.socket_mode,
			    on_accept, i, &i->listener);
	if (err != 0)
		return err;
	return str_fmt(i->address, sizeof(i->address), "%s%s", i->kind->prefix,
		       listener_address(i->listener));
}

int inlet_new(struct loop *loop, const char *address, const struct inlet_opts *opts, inlet_cb cb, void *ctx,
	      struct inlet **out)
{
	struct inlet *i;
	int err = inlet_check(address);

	*out = NULL;
	if (err != 0)
		return err;
	i = calloc(1, sizeof(*i));
	if (i == NULL)
		return ERR_NOMEM;
	TAILQ_INIT(&i->arrivals);
	i->loop = loop;
	i->opts = *opts;
	i->opts.handshake_ms = opts->handshake_ms != 0 ? opts->handshake_ms : HANDSHAKE_MS;
	i->opts.handshakes_max = opts->handshakes_max != 0 ? opts->handshakes_max : HANDSHAKES_MAX;
	i->cb = cb;
	i->ctx = ctx;
	err = inlet_open(i, address);
	if (err != 0) {
		inlet_free(i);
		return err;
	}
	*out = i;
	return 0;
}

void inlet_free(struct inlet *i)
{
	struct arrival *a;

	if (i == NULL)
		return;
	listener_free(i->listener);
	while ((a = TAILQ_FIRST(&i->arrivals)) != NULL)
		stream_close(arrival_free(a));
	free(i);
}

const char *inlet_address(const struct inlet *i)
{
	return i->address;
}

void inlet_pause(struct inlet *i, bool paused)
{
	listener_pause(i->listener, paused);
}
