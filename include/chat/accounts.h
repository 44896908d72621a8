/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The accounts of a daemon: which there are, and which are unlocked.
 *
 * Logging in, registering and changing a password hash a password, which takes long.  Each is a job in three
 * steps: *_begin on the loop, account_job_run on any thread (it touches only the job), account_job_finish on
 * the loop.  A login to an unknown account runs the same job on a decoy, so that cost and answer do not tell.
 * account_job_free at any point that is not inside run.
 */
#ifndef CHAT_ACCOUNTS_H
#define CHAT_ACCOUNTS_H

#include "chat/chat.h"
#include "crypto/scram.h"
#include "store/index.h"
#include "store/keyfile.h"

#define PASSWORD_MIN   1
#define PASSWORD_SHORT 8 /* under it a password is taken, with a warning */
#define PASSWORD_MAX   300

struct accounts;
struct account;
struct account_job;

struct accounts_ops {
	/* The account was registered and is still locked; account_dir_id tells the directory, which is
	 * spare()'s no more. */
	void (*created)(void *ctx, struct account *a);
	/* Unlocked: chat stands. Called before account_job_finish returns; not by account_reopen. */
	void (*unlocked)(void *ctx, struct account *a);
	/* About to be locked: chat is freed right after.  What could be committed is; if not, account_lost
	 * tells why, and no byte that the turn has written may leave. */
	void (*locked)(void *ctx, struct account *a);
	/* A directory id for the next registration (one whose tor already runs), or NULL: a new one is made.
	 * It stays the next one until created() tells that it was used. */
	const char *(*spare)(void *ctx);
	/* The first write of a turn: the account's commit is due at its end. */
	void (*dirty)(void *ctx, struct account *a);
	/* Wiped: locked, its key destroyed, known to nobody any more, freed after this.  Its directory is left:
	 * accounts_remove_dir, as soon as nothing uses it. */
	void (*wiped)(void *ctx, struct account *a);
};
struct accounts_opts {
	const char *state_dir;
	struct pwhash_params pwhash;
	bool registration;     /* may a client make a new account? */
	size_t accounts_max;   /* how many there may be; 0: INDEX_ACCOUNTS_MAX */
	uint32_t scram_iterations; /* of SCRAM verifiers; 0: SCRAM_ITERATIONS */
	struct chat_opts chat; /* template for every account */
	const struct accounts_ops *ops;
	void *ctx;
};

int accounts_open(const struct accounts_opts *opts, struct accounts **out); /* errors of index_open */
/* Locks all, without the good-byes of account_lock.  Jobs that are left may only be freed. */
void accounts_free(struct accounts *as);
/* May a client make a new account now? */
bool accounts_registration(const struct accounts *as);
/* By name, in any case; NULL: there is none. */
struct account *accounts_find(const struct accounts *as, const char *name);
int accounts_each(struct accounts *as, int (*cb)(void *ctx, struct account *a), void *ctx);

/* As registered; and the name of its directory (store/index.h).  Borrowed while the account is there. */
const char *account_name(const struct account *a);
const char *account_dir_id(const struct account *a);
struct chat *account_chat(const struct account *a); /* NULL while locked */
/* In locked(): 0, or the error that kept the last turn from being committed. */
int account_lost(const struct account *a);
/* In locked(): it is being wiped, and will not come back. */
bool account_wiped(const struct account *a);
struct account *account_of(const struct chat *c);
void account_set_data(struct account *a, void *data); /* the app's own */
void *account_data(const struct account *a);

/* state_dir/accounts/<id>/<leaf>: where the daemon keeps what belongs to an account but not to its store (its
 * tor). ERR_TOO_LONG. */
int accounts_path(const struct accounts *as, const char *id, const char *leaf, char *out, size_t size);
/* A fresh account directory (0700), for a spare. */
int accounts_new_dir(struct accounts *as, char id[INDEX_ID_LEN + 1]);
/* Removes the directory of a wiped account; if it can't, the next start does. */
void accounts_remove_dir(struct accounts *as, const char *id);

/* Passwords are copied into guarded memory. */
/* Always gives a job, also for unknown names; ERR_NOMEM. */
int account_login_begin(struct accounts *as, struct now now, const char *name, const char *password,
			size_t len, struct account_job **out);
/* ERR_REFUSED (registration closed), ERR_EXISTS, ERR_INVALID (no nick, or like the service's), ERR_FULL;
 * ERR_WRONG_STATE: password under PASSWORD_MIN, ERR_TOO_LONG: over PASSWORD_MAX. */
int account_register_begin(struct accounts *as, struct now now, const char *name, const char *password,
			   size_t len, struct account_job **out);
/* Checks the old password and wraps the key under the new one, with today's parameters.  ERR_WRONG_STATE,
 * ERR_TOO_LONG as above, of the new one; ERR_IO, ERR_NOT_FOUND, ERR_INVALID, ERR_VERSION: the key file. */
int account_passwd_begin(struct account *a, const char *old_password, size_t old_len,
			 const char *new_password, size_t new_len, struct account_job **out);
/* Checks the password and then destroys the account: locks it, takes its name off the index, destroys the key file.
 * Errors of the key file as above. */
int account_wipe_begin(struct account *a, const char *password, size_t len, struct account_job **out);
void account_job_run(struct account_job *job);
/*
 * ERR_AUTH: unknown account, wrong password, or one that was changed since the job began.  ERR_EXISTS: the
 * name was taken meanwhile. ERR_NOMEM; ERR_WRONG_STATE: it has not run, or was finished before.  Only once
 * the password is known to be right: ERR_IO, ERR_VERSION (the database).  On success *account is the job's;
 * after a login or a registration it is unlocked (already unlocked is fine: the password was checked all the
 * same); after a wipe it is NULL.  A wipe that fails after the password was found right has locked the account;
 * ERR_REFUSED: it is gone but for its key file, which could not be destroyed.
 */
int account_job_finish(struct account_job *job, struct now now, struct account **account);
void account_job_free(struct account_job *job);

/*
 * What SCRAM checks the password of a name against.  A verifier is made wherever the password is known, under a salt
 * that depends on the name alone and holds for as long as the daemon runs, and is kept, like the database's key, in
 * guarded memory until the account is locked.  For a locked or unknown account v gets what no password has, at the same
 * cost, and NULL is returned.  Wipe v.
 */
struct account *accounts_verifier(const struct accounts *as, const char *name, struct scram_verifier *v);

/* Ends links in good order, frees the chat, wipes the keys. */
void account_lock(struct account *a, struct now now, const char *reason);
/* After a failed commit: the chat is read again from the store and takes the old one's place; account_chat
 * then tells another. Neither locked() nor unlocked() is called.  An err: the account was locked, with
 * locked(). */
int account_reopen(struct account *a, struct now now);
/* store_checkpoint of every unlocked account that needs it. */
void accounts_checkpoint(struct accounts *as);

#endif
