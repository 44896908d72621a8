/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What accounts.c and account_job.c share. */
#ifndef CHAT_ACCOUNT_IMPL_H
#define CHAT_ACCOUNT_IMPL_H

#include "chat/accounts.h"

struct account {
	struct accounts *accounts;
	char name[NICK_MAX + 1];
	char id[INDEX_ID_LEN + 1];
	unsigned generation; /* of the key file: each new password is one */
	struct chat *chat;   /* NULL while locked */
	struct store *store; /* the chat's */
	uint8_t *db_key;     /* guarded; NULL while locked */
	struct scram_verifier *verifier; /* guarded; NULL while locked */
	int lost;            /* see account_lost */
	bool wiped;          /* see account_wiped */
	void *data;
};
struct accounts {
	struct accounts_opts opts;
	struct index index;
	struct account **list; /* room for INDEX_ACCOUNTS_MAX */
	size_t n;
	uint8_t decoy_key[KEY_BYTES]; /* which account's costs an unknown name has; salts and decoys of SCRAM */
};

int account_path(const struct account *a, const char *leaf, char *out, size_t size);
/* Takes the guarded db_key over, also on an error. */
int account_unlock(struct account *a, struct now now, uint8_t *db_key);
/* Not yet in the list; free it. NULL: no memory. */
struct account *account_new(struct accounts *as, const char *name, const char *id);
/* NULL: wiped meanwhile, or id is "". */
struct account *account_by_id(struct accounts *as, const char *id);
/* See account_wipe_begin: the password was right. */
int account_wipe(struct account *a, struct now now);

/* account_scram.c: salt and iterations of a name, and a copy of a verifier made with them for an unlocked account. */
void account_verifier_begin(const struct accounts *as, const char *name, struct scram_verifier *v);
void account_keep_verifier(struct account *a, const struct scram_verifier *v);

#endif
