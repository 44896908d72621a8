/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One thread for what would block the loop (password hashes): jobs run one at a time, in order.
 */
#ifndef IO_WORKER_H
#define IO_WORKER_H

#include "io/loop.h"

struct worker;
struct job;

/* run: on the thread, touches nothing but arg.  done: on the loop, in its own event. */
typedef void (*job_run_cb)(void *arg);
typedef void (*job_done_cb)(void *ctx, void *arg);

/* max_jobs: how many may wait.  NULL: no memory, descriptor or thread. */
struct worker *worker_new(struct loop *loop, unsigned max_jobs);
/* Waits for the running job; of jobs that never ran, drop is called with arg. */
void worker_free(struct worker *w);
/*
 * Queues a job.  Exactly one of done and drop is called for an arg that was taken: done after run on the
 * loop, or drop if the job was cancelled or the worker freed.  ERR_FULL: max_jobs wait already (neither is
 * called); ERR_NOMEM.
 */
int worker_submit(struct worker *w, job_run_cb run, job_done_cb done, void (*drop)(void *arg), void *ctx,
		  void *arg, struct job **out);
/* After this done is not called; arg is dropped when its run, if it has begun, is over. */
void job_cancel(struct job *j);

#endif
