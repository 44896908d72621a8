/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Who may use an onion address now.
 *
 * Tor keeps one client key for an address, whoever gave it, and serves every dial from the descriptor that
 * some key has opened.  So the dials to one address that bring the same key (or, the same as bringing one,
 * none) share it, and one that brings another waits, in order, until they have ended; then the key is
 * removed, and with it what it has opened, before tor is told of the next.
 */
#ifndef TOR_ACCESS_H
#define TOR_ACCESS_H

#include <stdbool.h>
#include <stdint.h>

#include <bsd/sys/queue.h>

#include "tor/tor.h"

struct access;

/* A dial's wish to use an address; embedded in it. */
struct claim {
	TAILQ_ENTRY(claim) link;
	struct access *access; /* NULL: it has none */
	uint8_t *key;	       /* guarded; NULL: none.  Gone once the claim is granted */
	bool granted;
	/* DIAL_OK: granted; else refused, and the claim is over.  Perhaps from within access_claim or the end
	 * of another claim; doesn't end claims. */
	void (*cb)(void *ctx, enum dial_error error);
	void *ctx;
};

/* Asks for address, with a copy of key (NULL: none).  cb and ctx are set by the caller.  ERR_NOMEM. */
int access_claim(struct tor *t, struct claim *c, const char *address, const uint8_t *key);
/* Ends a claim in any state.  keep: what its key has opened may still be of use to a later dial; otherwise
 * the key is removed as soon as nobody uses it. */
void access_release(struct claim *c, bool keep);
/* The control connection is gone: all claims are over without a callback.  Tor has either forgotten the keys
 * or, a system's one, tells of them when they are added again. */
void access_lost(struct tor *t);
/* Removes all keys, for a connection that ends; access_lost follows. */
void access_withdraw(struct tor *t);
/* Removes the keys that nobody uses. */
void access_forget(struct tor *t);

#endif
