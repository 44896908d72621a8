/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "io/worker.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/err.h"

#include "loop_private.h"

enum job_state { JOB_WAITING, JOB_RUNNING, JOB_RAN };

struct job {
	TAILQ_ENTRY(job) link; /* in waiting or ran; in neither while it runs */
	struct worker *worker;
	job_run_cb run;
	job_done_cb done;
	void (*drop)(void *arg);
	void *ctx;
	void *arg;
	enum job_state state;
	bool cancelled;
};
TAILQ_HEAD(job_queue, job);

struct worker {
	struct loop *loop;
	struct event *ev;
	int fd; /* eventfd: a job has run */
	pthread_t thread;
	pthread_mutex_t lock; /* guards all below, and each job's state and cancelled */
	pthread_cond_t work;
	struct job_queue waiting;
	struct job_queue ran;
	unsigned n_waiting;
	unsigned max_jobs;
	bool quit;
};

static struct job *next_job(struct worker *w)
{
	struct job *j;

	while (!w->quit && TAILQ_EMPTY(&w->waiting))
		pthread_cond_wait(&w->work, &w->lock);
	if (w->quit)
		return NULL;
	j = TAILQ_FIRST(&w->waiting);
	TAILQ_REMOVE(&w->waiting, j, link);
	w->n_waiting--;
	j->state = JOB_RUNNING;
	return j;
}

static void *worker_main(void *arg)
{
	struct worker *w = arg;
	const uint64_t one = 1;
	struct job *j;

	pthread_mutex_lock(&w->lock);
	while ((j = next_job(w)) != NULL) {
		pthread_mutex_unlock(&w->lock);
		j->run(j->arg);
		pthread_mutex_lock(&w->lock);
		j->state = JOB_RAN;
		TAILQ_INSERT_TAIL(&w->ran, j, link);
		/* Can only fail when the counter is full: then the loop is awake already. */
		if (write(w->fd, &one, sizeof(one)) < 0)
			continue;
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

static struct job *take_ran(struct worker *w)
{
	struct job *j;

	pthread_mutex_lock(&w->lock);
	j = TAILQ_FIRST(&w->ran);
	if (j != NULL)
		TAILQ_REMOVE(&w->ran, j, link);
	pthread_mutex_unlock(&w->lock);
	return j;
}

static void on_ran(evutil_socket_t fd, short what, void *arg)
{
	struct worker *w = arg;
	uint64_t count;
	struct job *j;

	(void)what;
	loop_touch(w->loop);
	if (read(fd, &count, sizeof(count)) < 0)
		return;
	while ((j = take_ran(w)) != NULL) {
		if (j->cancelled)
			j->drop(j->arg);
		else
			j->done(j->ctx, j->arg);
		free(j);
	}
}

/* The thread takes no signals: they belong to the loop. */
static int start_thread(struct worker *w)
{
	sigset_t all, old;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = pthread_create(&w->thread, NULL, worker_main, w);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return err == 0 ? 0 : ERR_IO;
}

struct worker *worker_new(struct loop *loop, unsigned max_jobs)
{
	struct worker *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return NULL;
	w->loop = loop;
	w->max_jobs = max_jobs;
	TAILQ_INIT(&w->waiting);
	TAILQ_INIT(&w->ran);
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->work, NULL);
	w->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (w->fd < 0)
		goto fail;
	w->ev = event_new(loop->base, w->fd, EV_READ | EV_PERSIST, on_ran, w);
	if (w->ev == NULL || event_add(w->ev, NULL) != 0 || start_thread(w) != 0)
		goto fail;
	return w;
fail:
	if (w->ev != NULL)
		event_free(w->ev);
	if (w->fd >= 0)
		close(w->fd);
	pthread_cond_destroy(&w->work);
	pthread_mutex_destroy(&w->lock);
	free(w);
	return NULL;
}

static void drop_jobs(struct job_queue *queue)
{
	struct job *j;

	while ((j = TAILQ_FIRST(queue)) != NULL) {
		TAILQ_REMOVE(queue, j, link);
		j->drop(j->arg);
		free(j);
	}
}

void worker_free(struct worker *w)
{
	if (w == NULL)
		return;
	pthread_mutex_lock(&w->lock);
	w->quit = true;
	pthread_cond_signal(&w->work);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
	drop_jobs(&w->ran);
	drop_jobs(&w->waiting);
	event_free(w->ev);
	close(w->fd);
	pthread_cond_destroy(&w->work);
	pthread_mutex_destroy(&w->lock);
	free(w);
}

int worker_submit(struct worker *w, job_run_cb run, job_done_cb done, void (*drop)(void *arg), void *ctx,
		  void *arg, struct job **out)
{
	struct job *j = calloc(1, sizeof(*j));
	int err = 0;

	*out = NULL;
	if (j == NULL)
		return ERR_NOMEM;
	j->worker = w;
	j->run = run;
	j->done = done;
	j->drop = drop;
	j->ctx = ctx;
	j->arg = arg;
	pthread_mutex_lock(&w->lock);
	if (w->n_waiting >= w->max_jobs) {
		err = ERR_FULL;
	} else {
		TAILQ_INSERT_TAIL(&w->waiting, j, link);
		w->n_waiting++;
		pthread_cond_signal(&w->work);
		*out = j;
	}
	pthread_mutex_unlock(&w->lock);
	if (err != 0)
		free(j);
	return err;
}

void job_cancel(struct job *j)
{
	struct worker *w = j->worker;
	bool waiting;

	pthread_mutex_lock(&w->lock);
	waiting = j->state == JOB_WAITING;
	if (waiting) {
		TAILQ_REMOVE(&w->waiting, j, link);
		w->n_waiting--;
	} else {
		j->cancelled = true; /* dropped when the loop hears that it ran */
	}
	pthread_mutex_unlock(&w->lock);
	if (waiting) {
		j->drop(j->arg);
		free(j);
	}
}
