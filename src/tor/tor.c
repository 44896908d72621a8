/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tor/tor.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "access.h"
#include "base/err.h"
#include "base/log.h"
#include "base/str.h"
#include "bootstrap.h"
#include "tor_private.h"

#define LOOK_MS	       250    /* between two looks for the control socket of a tor that starts */
#define OPEN_MAX_MS    120000 /* a tor that opens none within this time is started again */
#define STOP_GRACE_MS  10000  /* from SIGTERM to SIGKILL */
#define BACKOFF_JITTER 25     /* percent */

/* ---- state ---- */

static const char *state_name(enum tor_state state)
{
	switch (state) {
	case TOR_STOPPED:
		return "stopped";
	case TOR_STARTING:
		return "starting";
	case TOR_BOOTSTRAPPING:
		return "bootstrapping";
	case TOR_READY:
		return "ready";
	case TOR_DOWN:
		return "down";
	}
	return "?";
}

/* Sets the status; false if it was so already. */
static bool tor_enter(struct tor *t, enum tor_state state, int progress, bool fatal, const char *text)
{
	struct tor_status *s = &t->status;

	if (s->state == state && s->progress == progress && s->fatal == fatal && strcmp(s->text, text) == 0)
		return false;
	if (text[0] != '\0' && (s->state != state || strcmp(s->text, text) != 0))
		log_info("tor is %s, %d%%: %s", state_name(state), progress, text);
	if (s->state != state)
		t->ready_since_ms = state == TOR_READY ? loop_now_ms(t->loop) : 0;
	s->state = state;
	s->progress = progress;
	s->fatal = fatal;
	snprintf(s->text, sizeof(s->text), "%s", text);
	return true;
}

static void tor_tell(struct tor *t, enum tor_state state, int progress, bool fatal, const char *text)
{
	if (tor_enter(t, state, progress, fatal, text) && t->ops->status != NULL)
		t->ops->status(t->ctx, &t->status);
}

/* Without its control connection, nothing of what we asked of tor stands any more. */
static void tor_detach(struct tor *t)
{
	driver_free(t->driver);
	t->driver = NULL;
	t->connected = false;
	onions_lost(t);
	dials_fail(t);
	circuits_fail(t);
}

static void schedule_restart(struct tor *t)
{
	/* One that had worked for long is given another chance soon. */
	if (t->ready_since_ms != 0 && loop_now_ms(t->loop) - t->ready_since_ms >= t->backoff_max_ms)
		t->backoff_ms = t->backoff_min_ms;
	timer_set(t->timer, rng_jitter(t->rng, t->backoff_ms, BACKOFF_JITTER));
	t->backoff_ms = t->backoff_ms > t->backoff_max_ms / 2 ? t->backoff_max_ms : t->backoff_ms * 2;
}

static void end_child(struct tor *t)
{
	if (!t->ending)
		child_stop(t->child, STOP_GRACE_MS);
	t->ending = true;
	timer_cancel(t->timer);
}

void tor_down(struct tor *t, bool fatal, const char *fmt, ...)
{
	char text[sizeof(t->status.text)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	tor_detach(t);
	if (t->child != NULL)
		end_child(t); /* its end schedules the restart */
	else
		schedule_restart(t);
	tor_tell(t, TOR_DOWN, 0, fatal, text);
}

/* ---- the control connection ---- */

static void on_bootstrap(struct tor *t, const char *line)
{
	struct bootstrap b;

	if (bootstrap_parse(line, &b) != 0)
		return;
	if (b.progress == 100)
		tor_tell(t, TOR_READY, 100, false, "ready");
	else if (b.progress < 0)
		tor_tell(t, t->status.state, t->status.progress, false, b.text);
	else if (t->status.state != TOR_READY)
		tor_tell(t, TOR_BOOTSTRAPPING, b.progress, false, b.text);
}

static void on_phase(void *ctx, const struct control_reply *reply)
{
	const char *phase = strchr(reply->lines[0].text, '=');

	if (reply->code == 250 && phase != NULL)
		on_bootstrap(ctx, phase + 1);
}

static void on_ready(void *ctx, const char *version)
{
	struct tor *t = ctx;

	t->connected = true;
	t->served = true;
	t->pow = POW_UNKNOWN;
	t->last_why[0] = '\0';
	t->last_fatal = false;
	str_copy(t->status.version, sizeof(t->status.version), version);
	onions_publish(t);
	driver_sendf(t->driver, on_phase, t, "GETINFO status/bootstrap-phase");
	tor_tell(t, TOR_BOOTSTRAPPING, 0, false, "connecting to the Tor network");
}

static void on_event(void *ctx, const struct control_reply *event)
{
	const char *line = event->lines[0].text;
	struct tor *t = ctx;

	if (strncmp(line, "HS_DESC ", 8) == 0)
		onions_on_desc(t, line);
	else if (strcmp(line, "NETWORK_LIVENESS UP") == 0 && t->ops->network != NULL)
		t->ops->network(t->ctx);
	else
		on_bootstrap(ctx, line);
}

static void on_closed(void *ctx, const char *why, bool fatal)
{
	struct tor *t = ctx;

	if (why == NULL && t->child != NULL) {
		/* It is dying: its exit status and its last words will say more, in a moment. */
		tor_detach(t);
		end_child(t);
		tor_enter(t, TOR_DOWN, 0, false, "");
		return;
	}
	if (why != NULL)
		snprintf(t->last_why, sizeof(t->last_why), "%s", why);
	t->last_fatal = fatal;
	tor_down(t, fatal, "%s", why != NULL ? why : "tor closed its control connection");
}

static const struct driver_ops driver_ops = {on_ready, on_event, on_closed};

static void connect_system_failed(struct tor *t, int err)
{
	if (err == ERR_NOT_FOUND)
		tor_down(t, true, "there is no tor control socket at %s", t->control_path);
	else if (err == ERR_PERMISSION)
		tor_down(t, true, "no permission to use tor's control socket %s", t->control_path);
	else if (err == ERR_REFUSED)
		tor_down(t, false, "no tor listens at %s", t->control_path);
	else
		tor_down(t, false, "tor's control socket %s can't be used: %s", t->control_path,
			 err_str(err));
}

static void connect_managed_failed(struct tor *t, int err)
{
	bool not_yet = err == ERR_NOT_FOUND || err == ERR_REFUSED || err == ERR_AGAIN;

	if (not_yet && loop_now_ms(t->loop) - t->started_ms < OPEN_MAX_MS) {
		timer_set(t->timer, LOOK_MS);
		return;
	}
	snprintf(t->last_why, sizeof(t->last_why), "tor opened no control socket: %s", err_str(err));
	tor_down(t, false, "%s", t->last_why);
}

void tor_try_connect(struct tor *t)
{
	int err;

	if (t->driver != NULL || t->ending || !t->wanted)
		return;
	err = driver_new(t->loop, t->control_path, t->mode == TOR_MANAGED, &driver_ops, t, &t->driver);
	if (err == 0)
		return;
	if (t->mode == TOR_SYSTEM)
		connect_system_failed(t, err);
	else
		connect_managed_failed(t, err);
}

/* ---- the child's end ---- */

static void down_after_exit(struct tor *t, int wait_status)
{
	if (t->config_failed)
		tor_down(t, true, "tor refuses its configuration: %s", t->complaint);
	else if (t->last_why[0] != '\0')
		tor_down(t, t->last_fatal, "%s", t->last_why);
	else if (WIFSIGNALED(wait_status))
		tor_down(t, false, "tor was ended by signal %d", WTERMSIG(wait_status));
	else if (!t->served && t->complaint[0] != '\0')
		tor_down(t, false, "tor ended: %s", t->complaint);
	else
		tor_down(t, false, "tor ended with status %d", WEXITSTATUS(wait_status));
}

void tor_on_child_exit(struct tor *t, int wait_status)
{
	child_free(t->child);
	t->child = NULL;
	t->ending = false;
	if (!t->wanted)
		return;
	if (t->status.state == TOR_STOPPED)
		timer_set(t->timer, 0); /* stopped, and started again before it had ended */
	else
		down_after_exit(t, wait_status);
}

/* ---- starting and stopping ---- */

static void tor_begin(struct tor *t)
{
	t->started_ms = loop_now_ms(t->loop);
	t->last_why[0] = '\0';
	t->last_fatal = false;
	t->served = false;
	/* What only the operator can change is tried again in silence. */
	if (!t->status.fatal)
		tor_tell(t, TOR_STARTING, 0, false,
			 t->mode == TOR_MANAGED ? "starting tor" : "connecting to tor");
	if (t->mode == TOR_MANAGED && managed_start(t) != 0)
		return;
	tor_try_connect(t);
}

static void on_timer(void *ctx)
{
	struct tor *t = ctx;

	if (!t->wanted) {
		if (t->ops->status != NULL)
			t->ops->status(t->ctx, &t->status);
		return;
	}
	if (t->child != NULL)
		tor_try_connect(t);
	else if (t->driver == NULL)
		tor_begin(t);
}

void tor_start(struct tor *t)
{
	if (t->wanted)
		return;
	t->wanted = true;
	t->backoff_ms = t->backoff_min_ms;
	if (t->child == NULL)
		timer_set(t->timer, 0);
}

/* A system's tor lives on, and its onions go with the connection, but the client keys would stay in it. */
static void tor_leave(struct tor *t)
{
	if (t->mode == TOR_MANAGED || !t->connected)
		return;
	access_withdraw(t);
	driver_finish(t->driver);
	t->driver = NULL;
}

void tor_stop(struct tor *t)
{
	if (!t->wanted)
		return;
	t->wanted = false;
	tor_leave(t);
	tor_detach(t);
	if (t->child != NULL)
		end_child(t);
	/* Told from the loop. */
	if (tor_enter(t, TOR_STOPPED, 0, false, "stopped"))
		timer_set(t->timer, 0);
	else
		timer_cancel(t->timer);
}

const struct tor_status *tor_status(const struct tor *t)
{
	return &t->status;
}

int tor_pid(const struct tor *t)
{
	return t->child != NULL ? (int)child_pid(t->child) : 0;
}

void tor_forget_keys(struct tor *t)
{
	access_forget(t);
}

void tor_wake(struct tor *t)
{
	if (t->connected)
		driver_sendf(t->driver, NULL, NULL, "SIGNAL ACTIVE");
}

/* ---- life ---- */

static int copy_string(char **out, const char *in)
{
	if (in == NULL)
		return 0;
	*out = strdup(in);
	return *out != NULL ? 0 : ERR_NOMEM;
}

static int copy_managed(struct tor *t, const struct tor_opts *opts)
{
	const char *run_dir = opts->run_dir != NULL ? opts->run_dir : opts->dir;
	int err;

	if (opts->binary == NULL || opts->dir == NULL)
		return ERR_INVALID;
	err = copy_string(&t->binary, opts->binary);
	if (err == 0)
		err = copy_string(&t->dir, opts->dir);
	if (err == 0)
		err = copy_string(&t->run_dir, run_dir);
	if (err == 0)
		err = copy_string(&t->torrc_extra, opts->torrc_extra);
	if (err == 0)
		err = str_fmt(t->control_path, sizeof(t->control_path), "%s/control", run_dir);
	if (err == 0)
		err = str_fmt(t->socks_path, sizeof(t->socks_path), "%s/socks", run_dir);
	return err;
}

static int copy_system(struct tor *t, const struct tor_opts *opts)
{
	int err;

	if (opts->control_path == NULL || opts->socks_path == NULL)
		return ERR_INVALID;
	err = str_copy(t->control_path, sizeof(t->control_path), opts->control_path);
	return err != 0 ? err : str_copy(t->socks_path, sizeof(t->socks_path), opts->socks_path);
}

int tor_new(struct loop *loop, const struct tor_opts *opts, const struct tor_ops *ops, void *ctx,
	    struct tor **out)
{
	struct tor *t = calloc(1, sizeof(*t));
	int err;

	*out = NULL;
	if (t == NULL)
		return ERR_NOMEM;
	t->loop = loop;
	t->mode = opts->mode;
	t->ops = ops;
	t->ctx = ctx;
	t->backoff_min_ms = opts->backoff_min_ms != 0 ? opts->backoff_min_ms : 1000;
	t->backoff_max_ms = opts->backoff_max_ms != 0 ? opts->backoff_max_ms : 60000;
	t->dial_timeout_ms = opts->dial_timeout_ms != 0 ? opts->dial_timeout_ms : 60000;
	t->key_idle_ms = opts->key_idle_ms != 0 ? opts->key_idle_ms : 900000;
	t->publish_spread_ms = opts->publish_spread_ms;
	t->rng = opts->rng != NULL ? opts->rng : &rng_system;
	snprintf(t->status.text, sizeof(t->status.text), "not started");
	TAILQ_INIT(&t->onions);
	TAILQ_INIT(&t->dials);
	TAILQ_INIT(&t->accesses);
	TAILQ_INIT(&t->queries);
	err = t->mode == TOR_MANAGED ? copy_managed(t, opts) : copy_system(t, opts);
	if (err == 0 && (t->timer = timer_new(loop, on_timer, t)) == NULL)
		err = ERR_NOMEM;
	if (err != 0) {
		tor_free(t);
		return err;
	}
	*out = t;
	return 0;
}

void tor_free(struct tor *t)
{
	if (t == NULL)
		return;
	dials_clear(t);
	circuits_clear(t);
	onions_clear(t);
	driver_free(t->driver);
	child_free(t->child);
	timer_free(t->timer);
	free(t->binary);
	free(t->dir);
	free(t->run_dir);
	free(t->torrc_extra);
	free(t);
}
