/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "io/child.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"

#include "loop_private.h"

#define LINE_MAX_BYTES 1024
#define DRAIN_MAX      65536 /* output of a dead child that is still read; a grandchild may hold the pipe open */
#define FDS_MAX	       4096
#define ERROR_FD       3 /* in the child: tells us that exec failed, and with what */

struct child {
	struct loop *loop;
	const struct child_ops *ops;
	void *ctx;
	pid_t pid; /* 0 once reaped */
	int fd;	   /* its stdout and stderr */
	struct event *ev_out;
	struct event *ev_exit; /* SIGCHLD */
	struct event *ev_kill; /* a timer: the grace is over */
	char line[LINE_MAX_BYTES + 1];
	size_t line_len;
	bool running; /* a callback is on the stack */
	bool dead;
};

static void child_delete(struct child *c)
{
	if (c->ev_out != NULL)
		event_free(c->ev_out);
	if (c->ev_exit != NULL)
		event_free(c->ev_exit);
	if (c->ev_kill != NULL)
		event_free(c->ev_kill);
	if (c->fd >= 0)
		close(c->fd);
	free(c);
}

/* ---- output ---- */

/* Both false: the child was freed by its owner, and is gone if no callback of it is left on the stack. */
static bool tell_line(struct child *c)
{
	c->line[c->line_len] = '\0';
	c->line_len = 0;
	if (c->ops->line != NULL)
		c->ops->line(c->ctx, c->line);
	return !c->dead;
}

static bool take_output(struct child *c, const char *data, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (data[i] == '\n') {
			if (!tell_line(c))
				return false;
		} else if (c->line_len < LINE_MAX_BYTES && data[i] != '\r' && data[i] != '\0') {
			c->line[c->line_len++] = data[i];
		}
	}
	return true;
}

/* Reads once; 0 at the end or when there is nothing now, -1 if the child was freed. */
static ssize_t read_output(struct child *c)
{
	char chunk[4096];
	ssize_t n = read(c->fd, chunk, sizeof(chunk));

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0) {
		event_del(c->ev_out);
		return 0;
	}
	return take_output(c, chunk, (size_t)n) ? n : -1;
}

static void on_output(evutil_socket_t fd, short what, void *arg)
{
	struct child *c = arg;

	(void)fd;
	(void)what;
	loop_touch(c->loop);
	c->running = true;
	read_output(c);
	c->running = false;
	if (c->dead)
		child_delete(c);
}

/* ---- the end ---- */

/* What it said last explains its end: read before exited() is called. */
static void tell_exit(struct child *c, int status)
{
	size_t left = DRAIN_MAX;
	ssize_t n = 1;

	c->running = true;
	while (left > 0 && n > 0) {
		n = read_output(c);
		if (n > 0)
			left -= (size_t)n < left ? (size_t)n : left;
	}
	if (!c->dead && c->line_len > 0)
		tell_line(c);
	if (!c->dead)
		c->ops->exited(c->ctx, status);
	c->running = false;
	if (c->dead)
		child_delete(c);
}

static void on_sigchld(evutil_socket_t signo, short what, void *arg)
{
	struct child *c = arg;
	int status;

	(void)signo;
	(void)what;
	loop_touch(c->loop);
	if (c->pid == 0 || waitpid(c->pid, &status, WNOHANG) != c->pid)
		return;
	c->pid = 0;
	event_del(c->ev_exit);
	event_del(c->ev_kill);
	event_del(c->ev_out);
	tell_exit(c, status);
}

static void on_grace_over(evutil_socket_t fd, short what, void *arg)
{
	struct child *c = arg;

	(void)fd;
	(void)what;
	loop_touch(c->loop);
	log_warn("process %d does not end, killing it", (int)c->pid);
	kill(-c->pid, SIGKILL);
}

void child_stop(struct child *c, uint64_t grace_ms)
{
	struct timeval tv = {.tv_sec = (time_t)(grace_ms / 1000),
			     .tv_usec = (suseconds_t)(grace_ms % 1000 * 1000)};

	if (c->pid == 0)
		return;
	kill(c->pid, SIGTERM);
	evtimer_add(c->ev_kill, &tv);
}

void child_free(struct child *c)
{
	if (c == NULL)
		return;
	if (c->pid != 0) {
		kill(-c->pid, SIGKILL);
		while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR)
			continue;
		c->pid = 0;
	}
	event_del(c->ev_out);
	event_del(c->ev_exit);
	event_del(c->ev_kill);
	c->dead = true;
	if (!c->running)
		child_delete(c);
}

pid_t child_pid(const struct child *c)
{
	return c->pid;
}

/* ---- the start: between fork and exec only async-signal-safe calls ---- */

static void child_signals(void)
{
	struct sigaction dfl = {.sa_handler = SIG_DFL};
	sigset_t none;
	int signo;

	for (signo = 1; signo < NSIG; signo++)
		sigaction(signo, &dfl, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Moves the two pipes out of the way of 0 to 3 and onto their places. */
static int child_descriptors(int out, int error)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int high_out = fcntl(out, F_DUPFD_CLOEXEC, ERROR_FD + 1);
	int high_error = fcntl(error, F_DUPFD_CLOEXEC, ERROR_FD + 1);
	int fd;

	if (null < 0 || high_out < 0 || high_error < 0)
		return -1;
	if (dup2(null, 0) < 0 || dup2(high_out, 1) < 0 || dup2(high_out, 2) < 0 ||
	    dup3(high_error, ERROR_FD, O_CLOEXEC) < 0)
		return -1;
	/* An old kernel or a filter may not know it; all that we open closes itself, and this is the second
	 * guard. */
	if (close_range(ERROR_FD + 1, ~0U, 0) != 0)
		for (fd = ERROR_FD + 1; fd < FDS_MAX; fd++)
			close(fd);
	return 0;
}

static void child_exec(const char *const argv[], pid_t parent, int out, int error)
{
	static char path[] = "PATH=/usr/local/bin:/usr/bin:/bin", home[] = "HOME=/nonexistent";
	char *const env[] = {path, home, NULL};
	int code;

	child_signals();
	setpgid(0, 0);
	/* Dies with us; if we died before this took hold, our place has been taken by another parent already.
	 */
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) != 0 || getppid() != parent)
		_exit(127);
	if (child_descriptors(out, error) == 0)
		execve(argv[0], (char *const *)(uintptr_t)argv, env);
	code = errno;
	/* Where the descriptors could not be placed, error may still be open; else the pipe just closes. */
	if (write(fcntl(ERROR_FD, F_GETFD) >= 0 ? ERROR_FD : error, &code, sizeof(code)) < 0)
		_exit(126);
	_exit(127);
}

static pid_t fork_quietly(const char *const argv[], int out, int error)
{
	sigset_t all, old;
	pid_t parent = getpid();
	pid_t pid;

	/* No handler of ours may run in the child: it shares the loop's signal pipe. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	pid = fork();
	if (pid == 0)
		child_exec(argv, parent, out, error);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (pid > 0)
		setpgid(pid, pid); /* both sides do: whoever is first */
	return pid;
}

/* 0 when exec succeeded: the pipe closed without a word. */
static int exec_result(int fd)
{
	int code = 0;
	ssize_t n;

	do {
		n = read(fd, &code, sizeof(code));
	} while (n < 0 && errno == EINTR);
	if (n == 0)
		return 0;
	switch (n == (ssize_t)sizeof(code) ? code : EIO) {
	case ENOENT:
	case ENOTDIR:
		return ERR_NOT_FOUND;
	case EACCES:
	case EPERM:
	case ENOEXEC:
		return ERR_PERMISSION;
	default:
		return ERR_IO;
	}
}

static int child_launch(struct child *c, const char *const argv[])
{
	int out[2] = {-1, -1}, error[2] = {-1, -1};
	int err = ERR_IO;
	pid_t pid;

	if (pipe2(out, O_CLOEXEC) != 0 || pipe2(error, O_CLOEXEC) != 0 ||
	    fcntl(out[0], F_SETFL, O_NONBLOCK) != 0)
		goto out;
	pid = fork_quietly(argv, out[1], error[1]);
	if (pid < 0)
		goto out;
	close(error[1]);
	error[1] = -1;
	err = exec_result(error[0]);
	if (err != 0) {
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			continue;
		goto out;
	}
	c->pid = pid;
	c->fd = out[0];
	out[0] = -1;
out:
	for (int i = 0; i < 2; i++) {
		if (out[i] >= 0)
			close(out[i]);
		if (error[i] >= 0)
			close(error[i]);
	}
	return err;
}

int child_start(struct loop *loop, const char *const argv[], const struct child_ops *ops, void *ctx,
		struct child **out)
{
	struct child *c = calloc(1, sizeof(*c));
	int err = ERR_NOMEM;

	*out = NULL;
	if (c == NULL)
		return ERR_NOMEM;
	c->loop = loop;
	c->ops = ops;
	c->ctx = ctx;
	c->fd = -1;
	/* Before the fork, so that no death is missed. */
	c->ev_exit = evsignal_new(loop->base, SIGCHLD, on_sigchld, c);
	c->ev_kill = evtimer_new(loop->base, on_grace_over, c);
	if (c->ev_exit == NULL || c->ev_kill == NULL || evsignal_add(c->ev_exit, NULL) != 0)
		goto fail;
	err = child_launch(c, argv);
	if (err != 0)
		goto fail;
	err = ERR_NOMEM;
	c->ev_out = event_new(loop->base, c->fd, EV_READ | EV_PERSIST, on_output, c);
	if (c->ev_out == NULL || event_add(c->ev_out, NULL) != 0) {
		kill(c->pid, SIGKILL);
		waitpid(c->pid, NULL, 0);
		goto fail;
	}
	*out = c;
	return 0;
fail:
	child_delete(c);
	return err;
}
