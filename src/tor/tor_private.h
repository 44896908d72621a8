/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of an instance share. */
#ifndef TOR_TOR_PRIVATE_H
#define TOR_TOR_PRIVATE_H

#include <sys/types.h>

#include <bsd/sys/queue.h>

#include "driver.h"
#include "io/child.h"
#include "tor/tor.h"

#define VIRTUAL_PORT	6697 /* a default of tor's LongLivedPorts */
#define SOCKET_PATH_MAX 108  /* with the NUL */

/* Proof of work came in tor 0.4.8 and not in every build: asked once for each process. */
enum pow_support { POW_UNKNOWN, POW_YES, POW_NO };

struct tor {
	struct loop *loop;
	enum tor_mode mode;
	char *binary;
	char *dir;
	char *run_dir;
	char *torrc_extra;
	char control_path[SOCKET_PATH_MAX];
	char socks_path[SOCKET_PATH_MAX];
	uint64_t n_dialled;
	uint64_t backoff_min_ms;
	uint64_t backoff_max_ms;
	uint64_t dial_timeout_ms;
	uint64_t publish_spread_ms;
	uint64_t key_idle_ms;
	const struct rng *rng;
	const struct tor_ops *ops;
	void *ctx;
	struct tor_status status;

	bool wanted;		 /* started, and not told to stop */
	struct child *child;	 /* managed */
	bool ending;		 /* the child was told to end: wait until it has */
	struct driver *driver;	 /* a control connection, perhaps not yet authenticated */
	bool connected;		 /* ... and it is */
	bool served;		 /* it was, since the last start */
	struct timer *timer;	 /* the next start, or the next look for the control socket */
	uint64_t backoff_ms;	 /* the pause before the next restart */
	uint64_t ready_since_ms; /* 0: not ready */
	uint64_t started_ms;
	char complaint[160]; /* the child's last warning or error */
	bool config_failed;  /* it could not read its torrc */
	char last_why[160];  /* why the control connection ended; may explain the child's end */
	bool last_fatal;

	enum pow_support pow;
	TAILQ_HEAD(, tor_onion) onions;
	TAILQ_HEAD(, tor_dial) dials;
	TAILQ_HEAD(, access) accesses;
	TAILQ_HEAD(, circuits_query) queries;
};

/* onion.c */
void onions_publish(struct tor *t); /* a control connection stands */
void onions_lost(struct tor *t);    /* it is gone, and with it the onions */
void onions_on_desc(struct tor *t, const char *line);
void onions_clear(struct tor *t);

/* dial.c */
void dials_fail(struct tor *t); /* tor went down: all dials end so */
void dials_clear(struct tor *t);

/* circuit.c */
void circuits_fail(struct tor *t);
void circuits_clear(struct tor *t);

/* managed.c: the child process.  0, or an error with the reason told by tor_down. */
int managed_start(struct tor *t);

/* tor.c */
void tor_down(struct tor *t, bool fatal, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void tor_try_connect(struct tor *t);
void tor_on_child_exit(struct tor *t, int wait_status);

#endif
