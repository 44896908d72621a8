/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A tor of our own: its directory, its torrc, its process and what that says. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "tor_private.h"
#include "torrc.h"

#define EXTRA_MAX  65536 /* bytes of torrc_extra */
#define PATH_BYTES 512

static int make_dirs(struct tor *t)
{
	int err = file_mkdir(t->dir, 0700);

	if (err == 0)
		err = file_mkdir(t->run_dir, 0700);
	if (err != 0)
		tor_down(t, true, "tor's directory %.100s can't be used: %s", t->dir, err_str(err));
	return err;
}

static int read_extra(struct tor *t, char **out)
{
	size_t len;
	int err;

	*out = NULL;
	if (t->torrc_extra == NULL)
		return 0;
	err = file_read(t->torrc_extra, EXTRA_MAX, out, &len);
	if (err != 0)
		tor_down(t, true, "torrc_extra %.100s can't be read: %s", t->torrc_extra, err_str(err));
	return err;
}

static int write_files(struct tor *t, const char *extra, const char *torrc, const char *defaults)
{
	char data_dir[PATH_BYTES];
	struct torrc text = {
	    .data_dir = data_dir,
	    .control_path = t->control_path,
	    .socks_path = t->socks_path,
	    .extra = extra,
	    .owner = getpid(),
	};
	struct buf out;
	int err;

	buf_init(&out, TORRC_MAX);
	err = str_fmt(data_dir, sizeof(data_dir), "%s/data", t->dir);
	if (err == 0)
		err = file_mkdir(data_dir, 0700);
	if (err == 0)
		err = torrc_put(&out, &text);
	if (err == 0)
		err = file_replace(torrc, buf_ptr(&out), buf_len(&out), 0600);
	/* Empty, so that the system's own defaults do not reach this tor. */
	if (err == 0)
		err = file_replace(defaults, "", 0, 0600);
	if (err != 0)
		tor_down(t, true, "tor's configuration can't be written to %.100s: %s", t->dir, err_str(err));
	buf_clear(&out);
	return err;
}

/* Sockets that an earlier tor left would be found before this one has made its own. */
static void remove_stale(struct tor *t)
{
	if ((unlink(t->control_path) != 0 && errno != ENOENT) ||
	    (unlink(t->socks_path) != 0 && errno != ENOENT))
		log_warn("an old socket in %s can't be removed: %s", t->run_dir, strerror(errno));
}

/* "Nov 22 21:06:09.000 [warn] text": the last one before the end is why it ended. */
static void on_line(void *ctx, const char *line)
{
	struct tor *t = ctx;
	const char *text = strstr(line, "[warn] ");

	if (text == NULL)
		text = strstr(line, "[err] ");
	if (text == NULL) {
		log_debug("tor says: %s", line);
	} else {
		text = strchr(text, ' ') + 1;
		log_write(t->status.fatal ? LOG_DEBUG : LOG_INFO, "tor says: %s", text);
		if (strstr(text, "Reading config failed") != NULL)
			t->config_failed = true; /* "see warnings above": keep the one above */
		else if (!t->config_failed)
			snprintf(t->complaint, sizeof(t->complaint), "%s", text);
	}
	tor_try_connect(t);
}

static void on_exit_child(void *ctx, int wait_status)
{
	tor_on_child_exit(ctx, wait_status);
}

static const struct child_ops child_ops = {on_line, on_exit_child};

static int start_child(struct tor *t, const char *torrc, const char *defaults)
{
	const char *const argv[] = {t->binary, "-f", torrc, "--defaults-torrc", defaults, NULL};
	int err = child_start(t->loop, argv, &child_ops, t, &t->child);

	if (err == ERR_NOT_FOUND)
		tor_down(t, true, "there is no tor at %.120s", t->binary);
	else if (err == ERR_PERMISSION)
		tor_down(t, true, "%.120s can't be executed", t->binary);
	else if (err != 0)
		tor_down(t, false, "tor can't be started: %s", err_str(err));
	return err;
}

int managed_start(struct tor *t)
{
	char torrc[PATH_BYTES], defaults[PATH_BYTES];
	char *extra = NULL;
	int err = make_dirs(t);

	t->complaint[0] = '\0';
	t->config_failed = false;
	if (err != 0)
		return err;
	if (str_fmt(torrc, sizeof(torrc), "%s/torrc", t->dir) != 0 ||
	    str_fmt(defaults, sizeof(defaults), "%s/torrc-defaults", t->dir) != 0) {
		tor_down(t, true, "tor's directory %.80s... has too long a name", t->dir);
		return ERR_TOO_LONG;
	}
	err = read_extra(t, &extra);
	if (err == 0)
		err = write_files(t, extra, torrc, defaults);
	if (err == 0) {
		remove_stale(t);
		err = start_child(t, torrc, defaults);
	}
	free(extra);
	return err;
}
