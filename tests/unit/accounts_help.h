/* SPDX-License-Identifier: GPL-3.0-or-later */
/* For the tests of accounts: a daemon's accounts without a gateway, and what clients do with them. */
#ifndef ACCOUNTS_HELP_H
#define ACCOUNTS_HELP_H

#include "store_help.h"

#include <dirent.h>

#include "chat/accounts.h"

#define PASSWORD "tomorrow at noon"
#define OTHER	 "yesterday night!"

static const struct now noon = {.mono_ms = 1000, .real_ms = 1700000000000};

/* ---- a daemon ---- */

struct daemon {
	struct help *h;
	struct accounts *as;
	uint64_t seed;
	struct rng rng;
	struct accounts_opts opts;
	char spare[INDEX_ID_LEN + 1]; /* handed out if set */
	int created, unlocked, locked, dirty, wiped;
	bool keep_dir; /* of a wiped account: the daemon ends before it is removed */
	bool had_chat; /* while it was being locked */
	int lost;      /* then, too */
	void (*in_spare)(void);
	void (*in_created)(void);
};

static inline void on_created(void *ctx, struct account *a)
{
	struct daemon *d = ctx;
	d->created++;
	assert_null(account_chat(a));
	if (d->in_created)
		d->in_created();
}

static inline void on_unlocked(void *ctx, struct account *a)
{
	struct daemon *d = ctx;
	d->unlocked++;
	assert_non_null(account_chat(a));
	assert_ptr_equal(account_of(account_chat(a)), a);
}

static inline void on_locked(void *ctx, struct account *a)
{
	struct daemon *d = ctx;
	d->locked++;
	d->lost = account_lost(a);
	d->had_chat = account_chat(a) != NULL;
}

static const char *on_spare(void *ctx)
{
	struct daemon *d = ctx;
	if (d->in_spare)
		d->in_spare();
	return d->spare[0] ? d->spare : NULL;
}

static inline void on_dirty(void *ctx, struct account *a)
{
	struct daemon *d = ctx;
	(void)a;
	d->dirty++;
}

static inline void on_wiped(void *ctx, struct account *a)
{
	struct daemon *d = ctx;
	d->wiped++;
	assert_null(account_chat(a));
	assert_null(accounts_find(d->as, account_name(a)));
	if (!d->keep_dir)
		accounts_remove_dir(d->as, account_dir_id(a));
}

static const struct accounts_ops ops = {on_created, on_unlocked, on_locked, on_spare, on_dirty, on_wiped};

static inline void no_line(void *ctx, struct chat *c, const struct contact *contact, const struct line_row *l)
{
	(void)ctx, (void)c, (void)contact, (void)l;
}

static inline void no_presence(void *ctx, struct chat *c, const struct contact *contact, enum presence before,
			const char *reason)
{
	(void)ctx, (void)c, (void)contact, (void)before, (void)reason;
}

static inline void no_contact(void *ctx, struct chat *c, const struct contact *contact)
{
	(void)ctx, (void)c, (void)contact;
}

static inline void no_rename(void *ctx, struct chat *c, const struct contact *contact, const char *old_nick)
{
	(void)ctx, (void)c, (void)contact, (void)old_nick;
}

static inline void no_request(void *ctx, struct chat *c, const struct request_row *r)
{
	(void)ctx, (void)c, (void)r;
}

static inline void no_self(void *ctx, struct chat *c, const char *old_nick)
{
	(void)ctx, (void)c, (void)old_nick;
}

static inline void no_typing(void *ctx, struct chat *c, const struct contact *contact, enum typing state)
{
	(void)ctx, (void)c, (void)contact, (void)state;
}

static inline void no_notice(void *ctx, struct chat *c, const struct contact *contact, const char *text)
{
	(void)ctx, (void)c, (void)contact, (void)text;
}

static inline void no_status(void *ctx, struct chat *c)
{
	(void)ctx, (void)c;
}

static const struct chat_front front = {.line = no_line,
					.presence = no_presence,
					.contact_added = no_contact,
					.contact_renamed = no_rename,
					.contact_named = no_contact,
					.contact_removed = no_contact,
					.contact_blocked = no_contact,
					.request = no_request,
					.self = no_self,
					.typing = no_typing,
					.notice = no_notice,
					.status = no_status};

static const struct chat_net net; /* nobody has contacts here */

static inline void start(struct daemon *d)
{
	d->rng = unit_rng(&d->seed);
	d->opts.state_dir = d->h->dir;
	d->opts.chat.rng = &d->rng;
	d->opts.chat.front = &front;
	d->opts.chat.net = &net;
	d->opts.ops = &ops;
	d->opts.ctx = d;
	assert_int_equal(accounts_open(&d->opts, &d->as), 0);
}

static inline void restart(struct daemon *d)
{
	accounts_free(d->as);
	d->as = NULL;
	start(d);
}

static inline int setup(void **state)
{
	struct daemon *d = calloc(1, sizeof(*d));
	void *h;
	assert_non_null(d);
	help_setup(&h);
	d->h = h;
	d->seed = 42;
	d->opts.registration = true;
	d->opts.pwhash = (struct pwhash_params){1, 8};
	d->opts.scram_iterations = 4096;
	start(d);
	*state = d;
	return 0;
}

static inline int teardown(void **state)
{
	struct daemon *d = *state;
	void *h = d->h;
	accounts_free(d->as);
	free(d);
	return help_teardown(&h);
}

/* ---- what clients do ---- */

static inline struct account_job *login_job(struct daemon *d, const char *name, const char *password)
{
	struct account_job *job = NULL;
	assert_int_equal(account_login_begin(d->as, noon, name, password, strlen(password), &job), 0);
	assert_non_null(job);
	return job;
}

static inline int finish(struct account_job *job, struct account **a)
{
	struct account *unused;
	const int err = account_job_finish(job, noon, a ? a : &unused);
	account_job_free(job);
	return err;
}

static inline int login(struct daemon *d, const char *name, const char *password)
{
	struct account_job *job = login_job(d, name, password);
	account_job_run(job);
	return finish(job, NULL);
}

static inline struct account *enter(struct daemon *d, const char *name, const char *password)
{
	struct account *a = NULL;
	struct account_job *job = login_job(d, name, password);
	account_job_run(job);
	assert_int_equal(finish(job, &a), 0);
	assert_non_null(a);
	assert_non_null(account_chat(a));
	return a;
}

static inline struct account_job *register_job(struct daemon *d, const char *name)
{
	struct account_job *job = NULL;
	assert_int_equal(account_register_begin(d->as, noon, name, PASSWORD, strlen(PASSWORD), &job), 0);
	account_job_run(job);
	return job;
}

static inline struct account *signup(struct daemon *d, const char *name)
{
	struct account *a = NULL;
	assert_int_equal(finish(register_job(d, name), &a), 0);
	assert_non_null(a);
	return a;
}

static inline int signup_begin(struct daemon *d, const char *name, const char *password)
{
	struct account_job *job = NULL;
	const int err = account_register_begin(d->as, noon, name, password, strlen(password), &job);
	account_job_free(job);
	return err;
}

static inline struct account_job *passwd_job(struct account *a, const char *old_password, const char *new_password)
{
	struct account_job *job = NULL;
	assert_int_equal(account_passwd_begin(a, old_password, strlen(old_password), new_password,
					      strlen(new_password), &job),
			 0);
	account_job_run(job);
	return job;
}

static inline size_t account_dirs(struct daemon *d)
{
	char path[PATH_MAX];
	size_t n = 0;
	assert_int_equal(str_fmt(path, sizeof(path), "%s/accounts", d->h->dir), 0);
	DIR *dir = opendir(path);
	assert_non_null(dir);
	for (const struct dirent *e; (e = readdir(dir));)
		n += e->d_name[0] != '.';
	closedir(dir);
	return n;
}

static inline void path_in(struct daemon *d, const char *id, const char *leaf, char path[PATH_MAX])
{
	assert_int_equal(accounts_path(d->as, id, leaf, path, PATH_MAX), 0);
}

#endif
