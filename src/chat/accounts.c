/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "chat/accounts.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "account_impl.h"
#include "base/err.h"
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"

/* ---- the registry ---- */

struct account *account_new(struct accounts *as, const char *name, const char *id)
{
	struct account *a = calloc(1, sizeof(*a));
	if (!a)
		return NULL;
	a->accounts = as;
	(void)str_copy(a->name, sizeof(a->name), name);
	(void)str_copy(a->id, sizeof(a->id), id);
	return a;
}

static int know_all(struct accounts *as)
{
	for (size_t i = 0; i < as->index.n; i++) {
		struct account *a = account_new(as, as->index.entries[i].name, as->index.entries[i].id);
		if (!a)
			return ERR_NOMEM;
		as->list[as->n++] = a;
	}
	return 0;
}

int accounts_open(const struct accounts_opts *opts, struct accounts **out)
{
	struct accounts *as = calloc(1, sizeof(*as));
	if (!as)
		return ERR_NOMEM;
	as->opts = *opts;
	as->opts.state_dir = NULL; /* borrowed for this call only; the index has a copy */
	rng_fill(opts->chat.rng, as->decoy_key, sizeof(as->decoy_key));
	int err = index_open(opts->state_dir, &as->index);
	if (err)
		goto out;
	if (as->opts.scram_iterations == 0)
		as->opts.scram_iterations = SCRAM_ITERATIONS;
	if (as->opts.accounts_max == 0 || as->opts.accounts_max > INDEX_ACCOUNTS_MAX)
		as->opts.accounts_max = INDEX_ACCOUNTS_MAX;
	as->opts.chat.members_max = 2 * as->opts.accounts_max; /* as many as may be here, and as many who have gone */
	as->list = calloc(INDEX_ACCOUNTS_MAX, sizeof(*as->list));
	err = as->list ? know_all(as) : ERR_NOMEM;
	if (!err && index_sweep(&as->index))
		log_warn("an unused account directory could not be removed");
out:
	if (err) {
		accounts_free(as);
		return err;
	}
	*out = as;
	return 0;
}

/* The chat with its store and its key goes, whatever it still had to say. */
static void drop(struct account *a)
{
	if (!a->chat)
		return;
	a->accounts->opts.ops->locked(a->accounts->opts.ctx, a);
	chat_free(a->chat);
	a->chat = NULL;
	a->store = NULL;
	secret_free(a->db_key);
	a->db_key = NULL;
	secret_free(a->verifier);
	a->verifier = NULL;
}

void accounts_free(struct accounts *as)
{
	if (!as)
		return;
	for (size_t i = 0; i < as->n; i++) {
		drop(as->list[i]);
		free(as->list[i]);
	}
	free(as->list);
	index_close(&as->index);
	crypto_wipe(as, sizeof(*as));
	free(as);
}

bool accounts_registration(const struct accounts *as)
{
	return as->opts.registration && as->n < as->opts.accounts_max;
}

struct account *accounts_find(const struct accounts *as, const char *name)
{
	for (size_t i = 0; i < as->n; i++)
		if (nick_eq(as->list[i]->name, name))
			return as->list[i];
	return NULL;
}

struct account *account_by_id(struct accounts *as, const char *id)
{
	for (size_t i = 0; i < as->n; i++)
		if (!strcmp(as->list[i]->id, id))
			return as->list[i];
	return NULL;
}

int account_lost(const struct account *a)
{
	return a->lost;
}

bool account_wiped(const struct account *a)
{
	return a->wiped;
}

int accounts_each(struct accounts *as, int (*cb)(void *ctx, struct account *a), void *ctx)
{
	int err = 0;
	for (size_t i = 0; i < as->n && !err; i++)
		err = cb(ctx, as->list[i]);
	return err;
}

int accounts_path(const struct accounts *as, const char *id, const char *leaf, char *out, size_t size)
{
	return index_path(&as->index, id, leaf, out, size);
}

int accounts_new_dir(struct accounts *as, char id[INDEX_ID_LEN + 1])
{
	return index_new_dir(&as->index, as->opts.chat.rng, id);
}

void accounts_remove_dir(struct accounts *as, const char *id)
{
	int err = index_remove_dir(&as->index, id);
	if (err)
		log_error("the directory of wiped account %s: %s; the next start removes it", id, err_str(err));
}

void accounts_checkpoint(struct accounts *as)
{
	for (size_t i = 0; i < as->n; i++) {
		struct account *a = as->list[i];
		const int err = a->store ? store_checkpoint(a->store) : 0;
		if (err && err != ERR_AGAIN)
			log_error("account %s: checkpoint: %s", a->id, err_str(err));
	}
}

/* ---- one account ---- */

const char *account_name(const struct account *a)
{
	return a->name;
}

const char *account_dir_id(const struct account *a)
{
	return a->id;
}

struct chat *account_chat(const struct account *a)
{
	return a->chat;
}

struct account *account_of(const struct chat *c)
{
	return chat_owner(c);
}

void account_set_data(struct account *a, void *data)
{
	a->data = data;
}

void *account_data(const struct account *a)
{
	return a->data;
}

int account_path(const struct account *a, const char *leaf, char *out, size_t size)
{
	return index_path(&a->accounts->index, a->id, leaf, out, size);
}

/* ---- unlocked and locked ---- */

static void on_begin(void *ctx)
{
	struct account *a = ctx;
	a->accounts->opts.ops->dirty(a->accounts->opts.ctx, a);
}

static int open_store(struct account *a, const uint8_t *db_key, struct store **out)
{
	const struct store_opts opts = {.on_begin = on_begin, .ctx = a};
	char path[PATH_MAX];
	int err = account_path(a, "db", path, sizeof(path));
	if (!err)
		err = store_open(path, db_key, &opts, out);
	/* The key came out of the key file, so it is the database that is wrong. */
	return err == ERR_AUTH ? ERR_IO : err;
}

static int open_chat(struct account *a, struct now now, const uint8_t *db_key, struct store **store,
		     struct chat **chat)
{
	struct chat_opts opts = a->accounts->opts.chat;
	opts.owner = a;
	const int err = open_store(a, db_key, store);
	return err ? err : chat_open(*store, &opts, now, chat);
}

int account_unlock(struct account *a, struct now now, uint8_t *db_key)
{
	const int err = open_chat(a, now, db_key, &a->store, &a->chat);
	if (err) {
		log_error("account %s can't be opened: %s", a->id, err_str(err));
		a->store = NULL;
		a->chat = NULL;
		secret_free(db_key);
		return err;
	}
	a->db_key = db_key;
	a->accounts->opts.ops->unlocked(a->accounts->opts.ctx, a);
	return 0;
}

void account_lock(struct account *a, struct now now, const char *reason)
{
	if (!a->chat)
		return;
	chat_shutdown(a->chat, now, reason);
	a->lost = chat_commit(a->chat);
	if (a->lost)
		log_error("account %s: the last turn before locking is lost: %s", a->id, err_str(a->lost));
	drop(a);
	a->lost = 0;
}

int account_reopen(struct account *a, struct now now)
{
	struct store *store;
	struct chat *chat;
	if (!a->chat)
		return ERR_WRONG_STATE;
	/* The old one stands until the new one does: if there is none, it is locked as any other. */
	store_rollback(a->store);
	const int err = open_chat(a, now, a->db_key, &store, &chat);
	if (err) {
		a->lost = err;
		drop(a);
		a->lost = 0;
		return err;
	}
	chat_free(a->chat);
	a->chat = chat;
	a->store = store;
	return 0;
}

/* ---- wiped ---- */

static void forget(struct account *a)
{
	struct accounts *as = a->accounts;
	size_t i = 0;
	while (as->list[i] != a)
		i++;
	memmove(&as->list[i], &as->list[i + 1], (as->n - i - 1) * sizeof(as->list[0]));
	as->n--;
	as->opts.ops->wiped(as->opts.ctx, a);
	free(a);
}

/*
 * The index goes first: after a crash the next start sweeps away whatever it does not name.  The database stays until
 * its directory goes: without the key it is noise.
 */
int account_wipe(struct account *a, struct now now)
{
	char key[PATH_MAX];
	a->wiped = true;
	account_lock(a, now, "wiped");
	a->wiped = false;
	int err = account_path(a, "key", key, sizeof(key));
	if (!err)
		err = index_remove(&a->accounts->index, a->name);
	if (err)
		return err;
	err = keyfile_destroy(key);
	if (err)
		log_error("account %s: the key file %s can't be destroyed: %s", a->id, key, err_str(err));
	else
		log_info("account %s wiped", a->id);
	forget(a);
	return err ? ERR_REFUSED : 0;
}
