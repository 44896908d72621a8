/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Logging in, registering, changing a password and wiping: what hashes a password and so runs off the loop.
 *
 * A login hashes exactly once, whatever the name: for one that nobody has, under the parameters of some
 * account, always the same for a name, and with that account's key file read, so that neither time nor answer
 * tells whether it exists.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "account_impl.h"
#include "base/err.h"
#include "base/log.h"
#include "base/str.h"
#include "chat/accounts.h"

enum job_kind { JOB_LOGIN, JOB_REGISTER, JOB_PASSWD, JOB_WIPE };
enum job_state { JOB_BEGUN, JOB_RUN, JOB_FINISHED };

/* All in guarded memory. */
struct job_secrets {
	char password[PASSWORD_MAX];
	size_t password_len;
	char new_password[PASSWORD_MAX];
	size_t new_len;
	uint8_t seed[KEY_BYTES]; /* of the job's own random source */
	struct scram_verifier verifier;
};
struct account_job {
	struct accounts *accounts;
	enum job_kind kind;
	enum job_state state;
	char id[INDEX_ID_LEN + 1]; /* of the account; empty: a decoy, or one to be made */
	unsigned generation;
	char name[NICK_MAX + 1]; /* to be registered */
	bool wants_verifier;
	struct keyfile keyfile;
	struct pwhash_params params; /* of what is sealed anew */
	struct job_secrets *secrets;
	uint8_t *db_key;  /* guarded */
	uint64_t counter; /* of the random source */
	int err;	  /* of run */
};

/* ---- the job's random source: the injected one is the loop's and may not be asked from another thread ----
 */

static void job_fill(void *ctx, uint8_t *out, size_t len)
{
	struct account_job *job = ctx;
	uint8_t block[HASH_BYTES];
	while (len) {
		const size_t n = len < sizeof(block) ? len : sizeof(block);
		job->counter++;
		hash2(job->secrets->seed, KEY_BYTES, &job->counter, sizeof(job->counter), block);
		memcpy(out, block, n);
		out += n;
		len -= n;
	}
	crypto_wipe(block, sizeof(block));
}

/* ---- begin ---- */

static int job_new(struct accounts *as, enum job_kind kind, struct account_job **out)
{
	struct account_job *job = calloc(1, sizeof(*job));
	if (!job)
		return ERR_NOMEM;
	job->accounts = as;
	job->kind = kind;
	job->params = as->opts.pwhash;
	job->secrets = secret_new(sizeof(*job->secrets));
	job->db_key = secret_new(KEY_BYTES);
	if (!job->secrets || !job->db_key) {
		account_job_free(job);
		return ERR_NOMEM;
	}
	memset(job->secrets, 0, sizeof(*job->secrets));
	rng_fill(as->opts.chat.rng, job->secrets->seed, KEY_BYTES);
	*out = job;
	return 0;
}

void account_job_free(struct account_job *job)
{
	if (!job)
		return;
	secret_free(job->secrets);
	secret_free(job->db_key);
	crypto_wipe(job, sizeof(*job));
	free(job);
}

static int password_check(size_t len)
{
	return len < PASSWORD_MIN ? ERR_WRONG_STATE : len > PASSWORD_MAX ? ERR_TOO_LONG : 0;
}

static int read_keyfile(const struct account *a, struct keyfile *kf)
{
	char path[PATH_MAX];
	const int err = account_path(a, "key", path, sizeof(path));
	return err ? err : keyfile_read(path, kf);
}

static void take_account(struct account_job *job, const struct account *a)
{
	(void)str_copy(job->id, sizeof(job->id), a->id);
	job->generation = a->generation;
}

/* The account whose costs an unknown name takes on. */
static const struct account *stand_in(const struct accounts *as, const char *name)
{
	char folded[NICK_MAX + 1];
	uint8_t hash[HASH_BYTES];
	if (!as->n)
		return NULL;
	nick_fold(name, folded);
	hash2(as->decoy_key, sizeof(as->decoy_key), folded, strlen(folded), hash);
	const uint32_t number =
	    (uint32_t)hash[0] << 24 | (uint32_t)hash[1] << 16 | (uint32_t)hash[2] << 8 | hash[3];
	return as->list[number % as->n];
}

static void take_decoy(struct account_job *job, const char *name)
{
	const struct account *other = stand_in(job->accounts, name);
	struct keyfile kf;
	const bool known = other && !read_keyfile(other, &kf);
	keyfile_decoy(&job->keyfile, job->accounts->opts.chat.rng, known ? &kf.params : &job->params);
}

int account_login_begin(struct accounts *as, struct now now, const char *name, const char *password,
			size_t len, struct account_job **out)
{
	struct account *a = accounts_find(as, name);
	struct account_job *job;
	(void)now;
	int err = job_new(as, JOB_LOGIN, &job);
	if (err)
		return err;
	const bool fits = len <= PASSWORD_MAX;
	job->secrets->password_len = fits ? len : PASSWORD_MAX;
	memcpy(job->secrets->password, password, job->secrets->password_len);
	if (a && fits) {
		err = read_keyfile(a, &job->keyfile);
		if (err) /* told to the operator only: the answer must not tell that there is such an account
			  */
			log_error("account %s: key file: %s", a->id, err_str(err));
		else
			take_account(job, a);
	}
	if (!job->id[0])
		take_decoy(job, name);
	job->wants_verifier = !a || !a->verifier;
	account_verifier_begin(as, name, &job->secrets->verifier);
	*out = job;
	return 0;
}

int account_register_begin(struct accounts *as, struct now now, const char *name, const char *password,
			   size_t len, struct account_job **out)
{
	struct account_job *job;
	(void)now;
	if (!as->opts.registration)
		return ERR_REFUSED;
	if (!nick_valid(name) || nick_eq(name, SERVICE_NICK) || nick_lookalike(name, SERVICE_NICK))
		return ERR_INVALID;
	if (accounts_find(as, name))
		return ERR_EXISTS;
	if (as->n >= as->opts.accounts_max)
		return ERR_FULL;
	int err = password_check(len);
	if (!err)
		err = job_new(as, JOB_REGISTER, &job);
	if (err)
		return err;
	(void)str_copy(job->name, sizeof(job->name), name);
	memcpy(job->secrets->new_password, password, len);
	job->secrets->new_len = len;
	job->wants_verifier = true;
	account_verifier_begin(as, name, &job->secrets->verifier);
	rng_fill(as->opts.chat.rng, job->db_key, KEY_BYTES);
	*out = job;
	return 0;
}

/* A job on an account that is there, with its password. */
static int job_of(struct account *a, enum job_kind kind, const char *password, size_t len, struct account_job **out)
{
	struct account_job *job;
	int err = job_new(a->accounts, kind, &job);
	if (err)
		return err;
	err = read_keyfile(a, &job->keyfile);
	if (err) {
		account_job_free(job);
		return err;
	}
	take_account(job, a);
	/* Longer than any password that was ever taken: cut, it fails all the same. */
	job->secrets->password_len = len <= PASSWORD_MAX ? len : 0;
	memcpy(job->secrets->password, password, job->secrets->password_len);
	*out = job;
	return 0;
}

int account_passwd_begin(struct account *a, const char *old_password, size_t old_len,
			 const char *new_password, size_t new_len, struct account_job **out)
{
	struct account_job *job;
	int err = password_check(new_len);
	if (!err)
		err = job_of(a, JOB_PASSWD, old_password, old_len, &job);
	if (err)
		return err;
	memcpy(job->secrets->new_password, new_password, new_len);
	job->secrets->new_len = new_len;
	job->wants_verifier = true;
	account_verifier_begin(a->accounts, a->name, &job->secrets->verifier);
	*out = job;
	return 0;
}

int account_wipe_begin(struct account *a, const char *password, size_t len, struct account_job **out)
{
	return job_of(a, JOB_WIPE, password, len, out);
}

/* ---- run: on any thread, with nothing but the job ---- */

void account_job_run(struct account_job *job)
{
	struct job_secrets *s = job->secrets;
	const struct rng rng = {job_fill, job};
	const bool is_new = job->kind == JOB_REGISTER || job->kind == JOB_PASSWD;
	int err = 0;
	if (job->kind != JOB_REGISTER)
		err = keyfile_open(&job->keyfile, s->password, s->password_len, job->db_key);
	if (!err && is_new)
		err =
		    keyfile_seal(&job->keyfile, &rng, &job->params, s->new_password, s->new_len, job->db_key);
	/* Only for the right password: a wrong one and an unknown account cost the same. */
	if (!err && job->wants_verifier)
		scram_verifier_make(&s->verifier, is_new ? s->new_password : s->password,
				    is_new ? s->new_len : s->password_len);
	job->err = err;
	job->state = JOB_RUN;
}

/* ---- finish ---- */

static uint8_t *give_key(struct account_job *job)
{
	uint8_t *key = job->db_key;
	job->db_key = NULL;
	return key;
}

/* The job's, if its password still holds; a decoy never opens. */
static struct account *job_account(const struct account_job *job)
{
	struct account *a = account_by_id(job->accounts, job->id);
	return a && job->generation == a->generation ? a : NULL;
}

static void keep_verifier(const struct account_job *job, struct account *a)
{
	if (job->wants_verifier)
		account_keep_verifier(a, &job->secrets->verifier);
}

static int finish_login(struct account_job *job, struct now now, struct account **account)
{
	struct account *a = job_account(job);
	if (!a)
		return ERR_AUTH;
	const int err = a->chat ? 0 : account_unlock(a, now, give_key(job));
	if (err)
		return err;
	keep_verifier(job, a);
	*account = a;
	return 0;
}

static int finish_passwd(struct account_job *job, struct account **account)
{
	struct account *a = job_account(job);
	char path[PATH_MAX];
	if (!a)
		return ERR_AUTH;
	int err = account_path(a, "key", path, sizeof(path));
	if (!err)
		err = keyfile_write(path, &job->keyfile);
	if (err)
		return err;
	a->generation++;
	keep_verifier(job, a);
	*account = a;
	return 0;
}

static int finish_wipe(struct account_job *job, struct now now, struct account **account)
{
	struct account *a = job_account(job);
	*account = NULL;
	return a ? account_wipe(a, now) : ERR_AUTH;
}

/* A database with a fresh account in it, committed and closed. */
static int make_database(struct account_job *job, const char *path)
{
	struct store *store = NULL;
	int err = store_destroy(path); /* of an earlier try in this directory */
	if (!err)
		err = store_open(path, job->db_key, NULL, &store);
	if (!err)
		err = chat_create(store, job->accounts->opts.chat.rng, job->name);
	if (!err)
		err = store_commit(store);
	store_close(store);
	return err;
}

/*
 * The index names the account last: after a crash before that there is only a directory that nobody names,
 * which the next start sweeps away.
 */
static int make_account(struct account_job *job, const char *id)
{
	struct index *ix = &job->accounts->index;
	char db[PATH_MAX], key[PATH_MAX];
	int err = index_path(ix, id, "db", db, sizeof(db));
	if (!err)
		err = index_path(ix, id, "key", key, sizeof(key));
	if (err)
		return err;
	err = make_database(job, db);
	if (!err)
		err = keyfile_write(key, &job->keyfile);
	if (!err)
		err = index_add(ix, job->name, id);
	if (err) {
		(void)store_destroy(db);
		(void)keyfile_destroy(key);
	}
	return err;
}

/* The app's spare directory, or a new one; never one in which an account lives. */
static int take_dir(struct accounts *as, char id[INDEX_ID_LEN + 1])
{
	const char *spare = as->opts.ops->spare(as->opts.ctx);
	if (!spare)
		return accounts_new_dir(as, id);
	for (size_t i = 0; i < as->n; i++)
		if (!strcmp(as->list[i]->id, spare))
			return ERR_WRONG_STATE;
	return str_copy(id, INDEX_ID_LEN + 1, spare);
}

static int finish_register(struct account_job *job, struct now now, struct account **account)
{
	struct accounts *as = job->accounts;
	char id[INDEX_ID_LEN + 1];
	if (accounts_find(as, job->name))
		return ERR_EXISTS;
	if (as->n >= as->opts.accounts_max)
		return ERR_FULL;
	int err = take_dir(as, id);
	if (err)
		return err;
	struct account *a = account_new(as, job->name, id);
	if (!a)
		return ERR_NOMEM;
	err = make_account(job, id);
	if (err) {
		free(a);
		return err;
	}
	as->list[as->n++] = a;
	log_info("account %s registered", a->id);
	as->opts.ops->created(as->opts.ctx, a);
	err = account_unlock(a, now, give_key(job));
	if (err)
		return err;
	keep_verifier(job, a);
	*account = a;
	return 0;
}

int account_job_finish(struct account_job *job, struct now now, struct account **account)
{
	if (job->state != JOB_RUN)
		return ERR_WRONG_STATE;
	job->state = JOB_FINISHED;
	if (job->err)
		return job->err;
	switch (job->kind) {
	case JOB_LOGIN:
		return finish_login(job, now, account);
	case JOB_REGISTER:
		return finish_register(job, now, account);
	case JOB_PASSWD:
		return finish_passwd(job, account);
	case JOB_WIPE:
		return finish_wipe(job, now, account);
	}
	return ERR_WRONG_STATE;
}
