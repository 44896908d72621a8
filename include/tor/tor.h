/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One tor instance: a child that we start and watch over (managed), or a running one that we attach to
 * (system).
 *
 * Managed: a torrc and a data directory of its own; SocksPort unix with OnionTrafficOnly, ExtendedErrors and
 * IsolateSOCKSAuth; a Unix control socket with cookie authentication (SAFECOOKIE, control-spec 3.24); dies
 * with us
 * (__OwningControllerProcess, TAKEOWNERSHIP).  If it dies it is restarted with back-off and its onions are
 * published again.  System: a Unix control socket and a Unix SOCKS socket; reconnects with back-off.
 *
 * Everything is asynchronous; callbacks come from the loop, never from within the call that starts something.
 */
#ifndef TOR_TOR_H
#define TOR_TOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/rng.h"
#include "crypto/identity.h"
#include "io/loop.h"
#include "io/stream.h"

struct tor;
struct tor_onion;
struct tor_dial;

enum tor_mode { TOR_MANAGED, TOR_SYSTEM };

enum tor_state {
	TOR_STOPPED,  /* not started, or told to stop */
	TOR_STARTING, /* process or connection on its way */
	TOR_BOOTSTRAPPING,
	TOR_READY, /* bootstrap done: dials and publishing go */
	TOR_DOWN   /* died or unreachable; a restart is scheduled */
};

struct tor_opts {
	enum tor_mode mode;
	const char *binary; /* managed */
	const char *dir; /* managed: made 0700; holds torrc, data/, and the sockets unless run_dir is set */
	const char *run_dir;	  /* where the sockets live (short path, 0700); NULL: dir */
	const char *torrc_extra;  /* managed: a file appended to the torrc, or NULL */
	const char *control_path; /* system: Unix control socket */
	const char *socks_path;	  /* system: Unix SOCKS socket */
	uint64_t backoff_min_ms;  /* first pause before a restart; 0: 1000 */
	uint64_t backoff_max_ms;  /* 0: 60000 */
	uint64_t dial_timeout_ms; /* 0: 60000 */
	const struct rng *rng;	  /* of the jitter and the spread; NULL: the system's */
	/* Each onion waits a random time below this before tor is told of it, at first and after a restart of
	 * tor, so that the services of one daemon don't come up together; 0: none. */
	uint64_t publish_spread_ms;
	uint64_t key_idle_ms; /* how long a client key stays in tor after a failed dial; 0: 900000 */
};

struct tor_status {
	enum tor_state state;
	int progress;	  /* 0..100 */
	char version[32]; /* "0.4.9.11"; empty until known */
	char text[160];	  /* what it is doing or why it can't, for people */
	bool fatal; /* nothing will change without the operator: no binary, too old, refused, wrong path.  It
		     * is still tried again, with back-off and in silence, so that mending it is enough */
};

struct tor_ops {
	/* State, progress or text changed.  One call for each change. May be NULL. */
	void (*status)(void *ctx, const struct tor_status *status);
	/* Tor hears from the network again after it did not for a while (NETWORK_LIVENESS UP): circuits may
	 * be dead.  May be NULL. */
	void (*network)(void *ctx);
};

/* ERR_TOO_LONG for a socket path over 107 bytes; ERR_NOMEM. Copies the options. */
int tor_new(struct loop *loop, const struct tor_opts *opts, const struct tor_ops *ops, void *ctx,
	    struct tor **out);
/* Starts, or attaches.  After a tor_stop whose child has not ended yet, it waits for that. */
void tor_start(struct tor *t);
/* Ends the child (SIGTERM by closing the owning connection, SIGKILL later) or detaches; onions of this
 * control connection are withdrawn. */
void tor_stop(struct tor *t);
/* A child that still runs is killed: run turns after tor_stop until tor_pid is 0 for a clean end.  Its
 * onions, dials and questions are gone without a callback.  NULL is fine.  Not from within a callback of this
 * tor. */
void tor_free(struct tor *t);
const struct tor_status *tor_status(const struct tor *t);
/* The process id of the managed child, or 0. */
int tor_pid(const struct tor *t);

/* ---- onion services (control-spec 3.27 ADD_ONION) ---- */

enum onion_event {
	ONION_ADDED,	 /* tor took it */
	ONION_PUBLISHED, /* a descriptor upload was confirmed (HS_DESC UPLOADED): others can find it */
	ONION_FAILED	 /* tor refused it: text says why; it is tried again, with back-off */
};
typedef void (*onion_cb)(void *ctx, enum onion_event event, const char *text);

/* More client keys make a descriptor that tor takes but can't publish (from about 352). */
#define ONION_CLIENTS_MAX 320

/* All borrowed during the call. */
struct tor_onion_opts {
	const uint8_t *secret;	  /* ONION_SECRET_BYTES, expanded; copied to guarded memory */
	const uint8_t *ed_public; /* KEY_BYTES */
	const char *target_path;  /* the Unix socket that gets its connections */
	bool pow; /* asks for proof of work where this tor has it (probed; silently without it elsewhere) */
	/* X25519 public keys of those who can find it (rend-spec-v3, restricted discovery); 0: everybody. */
	const uint8_t (*clients)[KEY_BYTES];
	size_t n_clients;
};
/*
 * Publishes an onion service on virtual port 6697 with a Unix socket as target, flags DiscardPK,
 * MaxStreamsCloseCircuit, MaxStreams=1, and V3Auth if it has clients.  Kept and published again over restarts
 * of tor until tor_onion_del.  ERR_INVALID for a target that isn't absolute or has blanks, quotes or commas;
 * ERR_TOO_LONG over 107 bytes; ERR_FULL over ONION_CLIENTS_MAX; ERR_NOMEM.
 */
int tor_onion_add(struct tor *t, const struct tor_onion_opts *o, onion_cb cb, void *ctx,
		  struct tor_onion **out);
/*
 * Changes who can find it.  Tor can't do that to a service that stands, so it is withdrawn and added again at
 * once, without the spread; ONION_ADDED and ONION_PUBLISHED are told anew, and nobody finds it in between.
 * Connections that stand are not touched.  The same clients in the same order change nothing.  ERR_FULL,
 * ERR_NOMEM; nothing has changed then.
 */
int tor_onion_set_clients(struct tor_onion *o, const uint8_t (*clients)[KEY_BYTES], size_t n_clients);
/* Withdraws it; connections that stand are the caller's to close. NULL is fine. */
void tor_onion_del(struct tor_onion *o);

/* ---- dialling (SOCKS5 over the Unix socket; torspec socks-extensions) ---- */

enum dial_error {
	DIAL_OK,
	DIAL_TOR_DOWN,	     /* our own tor isn't ready */
	DIAL_NO_DESCRIPTOR,  /* F0: not published: offline, or the address is wrong */
	DIAL_BAD_DESCRIPTOR, /* F1 */
	DIAL_INTRO_FAILED,   /* F2 */
	DIAL_REND_FAILED,    /* F3 */
	DIAL_NEED_AUTH,	     /* F4 */
	DIAL_WRONG_AUTH,     /* F5 */
	DIAL_BAD_ADDRESS,    /* F6, or tor can't read the client key */
	DIAL_INTRO_TIMEOUT,  /* F7 */
	DIAL_REFUSED,	     /* 05 and other plain SOCKS failures: published, but nobody answered */
	DIAL_TIMEOUT,	     /* no answer within dial_timeout_ms */
	DIAL_PROTOCOL	     /* what answers on the SOCKS socket doesn't speak SOCKS5 */
};
/* One sentence for people: "not published: offline, or the address is wrong". Static. */
const char *dial_error_text(enum dial_error e);

/* On DIAL_OK fd is a connected non-blocking socket that belongs to the callee; otherwise -1. */
typedef void (*dial_cb)(void *ctx, enum dial_error error, int fd);
/*
 * Connects to <onion>.onion:6697.  client_key is our X25519 secret for a service with client authorization;
 * NULL: none.  It is copied to guarded memory, and tor is told of it (control-spec 3.30
 * ONION_CLIENT_AUTH_ADD, never to its disk) before it is asked to connect.  isolation (1 to 64 printable
 * characters, the SOCKS username) keeps circuits of different contacts apart; each dial gets a circuit of its
 * own.  ERR_INVALID for another one, ERR_NOMEM; everything else comes to cb, after which the handle is gone.
 *
 * Tor keeps one key for an address, whichever account gave it, and what a key has opened it opens for every
 * dial until the key is removed.  So dials to one address with the same key, or all without one, go at the
 * same time; one with another key (or without) waits until those before it have ended, within its own
 * dial_timeout_ms, and until tor has removed the other key.  Thus nobody gets in by another's key; but who
 * dials an address can tell by the delay that somebody else on this tor dials it too.
 *
 * With a key goes the descriptor that it has opened; connections that stand need neither.  A dial that met
 * the service, or found that there is none, takes its key along when it ends, so that the next one asks for
 * what is published then.  After one that did not meet it the key stays for key_idle_ms: directories are not
 * asked again for a while.  A system's tor that outlives a killed daemon keeps its keys; one is removed
 * before the address is dialled with a key again.
 */
int tor_dial(struct tor *t, const uint8_t ed_public[KEY_BYTES], const uint8_t *client_key,
	     const char *isolation, dial_cb cb, void *ctx, struct tor_dial **out);
/* No callback comes after this. NULL is fine. */
void tor_dial_cancel(struct tor_dial *d);

/* ---- circuits, for `tor` and WHOIS ---- */

struct tor_circuit {
	uint32_t id;
	bool service_side;	   /* HS_SERVICE_REND: somebody dialled us */
	char onion[ONION_LEN + 1]; /* REND_QUERY: whose service */
	char isolation[65];	   /* SOCKS_USERNAME of a circuit that we dialled; empty otherwise */
	char path[256];		   /* "relay1 relay2 relay3": nicknames, or fingerprints cut to 8, in order */
	uint64_t created_ms;	   /* real time, 0 if unknown */
};
/* Built circuits to onion services (client or service side, joined). circuits is valid during the call; err <
 * 0 with n = 0 when tor can't be asked. */
typedef void (*circuits_cb)(void *ctx, int err, const struct tor_circuit *circuits, size_t n);
/* Asks now (GETINFO circuit-status).  ERR_UNAVAILABLE: no control connection; ERR_NOMEM; cb is not called
 * then.  A pending question is answered with ERR_UNAVAILABLE when tor goes down; never after tor_free. */
int tor_circuits(struct tor *t, circuits_cb cb, void *ctx);

/* Makes tor forget at once the client keys that no dial uses, and what they have opened; for an account that
 * locks, once its dials are cancelled. */
void tor_forget_keys(struct tor *t);

/* Keeps an idle tor awake and wakes it (SIGNAL ACTIVE). */
void tor_wake(struct tor *t);

#endif
