/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One connection to a control socket: it authenticates (null, or SAFECOOKIE), checks tor's version, takes
 * ownership of a managed tor, subscribes to events, and then sends commands and hands their replies to who
 * asked, in order.
 */
#ifndef TOR_DRIVER_H
#define TOR_DRIVER_H

#include <stdbool.h>

#include "base/buf.h"
#include "control.h"
#include "io/loop.h"

struct driver;

struct driver_ops {
	/* Authenticated and subscribed: commands may be sent. */
	void (*ready)(void *ctx, const char *version);
	void (*event)(void *ctx, const struct control_reply *event);
	/* The connection is of no use any more; why is one line for people, NULL if tor just closed it;
	 * fatal: it would end so again.  Called once; the receiver calls driver_free.  Commands without a
	 * reply get none. */
	void (*closed)(void *ctx, const char *why, bool fatal);
};

typedef void (*driver_reply_cb)(void *ctx, const struct control_reply *reply);

/* owner: this tor ends when the connection does (TAKEOWNERSHIP).  The errors of unix_connect, ERR_NOMEM. */
int driver_new(struct loop *loop, const char *path, bool owner, const struct driver_ops *ops, void *ctx,
	       struct driver **out);
/* NULL is fine; also from within a callback. */
void driver_free(struct driver *d);
/* The same, but what was sent still leaves. */
void driver_finish(struct driver *d);

/*
 * Sends a command without its CRLF.  cb may be NULL.  An error means that the connection breaks: closed()
 * follows. The buffer's content is copied; a caller wipes its own.
 */
int driver_send(struct driver *d, const struct buf *command, driver_reply_cb cb, void *ctx);
int driver_sendf(struct driver *d, driver_reply_cb cb, void *ctx, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* No callback with this ctx comes any more. */
void driver_forget(struct driver *d, const void *ctx);

/* 0 if "0.4.8.12" and the like is at least 0.4.7, ERR_VERSION if older, ERR_PROTOCOL if it is no version. */
int driver_check_version(const char *version);

#endif
