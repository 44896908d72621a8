/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Verifiers of SCRAM, and what stands in for one.  What a client is told before it proves the password (salt and
 * iterations) depends on the name alone, so it tells nothing about the account.
 */
#include <string.h>

#include "account_impl.h"
#include "base/str.h"

/* A keyed hash of the label and of the name under casemapping. */
static void derive(const struct accounts *as, const char *label, const char *name, uint8_t out[HASH_BYTES])
{
	char text[32 + NICK_MAX + 1];
	char folded[NICK_MAX + 1];
	nick_fold(name, folded);
	(void)str_fmt(text, sizeof(text), "%s%s", label, folded);
	hmac(as->decoy_key, sizeof(as->decoy_key), text, strlen(text), out);
}

void account_verifier_begin(const struct accounts *as, const char *name, struct scram_verifier *v)
{
	uint8_t hash[HASH_BYTES];
	derive(as, "SCRAM salt ", name, hash);
	memcpy(v->salt, hash, sizeof(v->salt));
	v->iterations = as->opts.scram_iterations;
}

void account_keep_verifier(struct account *a, const struct scram_verifier *v)
{
	if (!a->chat)
		return;
	if (!a->verifier)
		a->verifier = secret_new(sizeof(*a->verifier));
	if (a->verifier) /* without memory, SCRAM has to wait for the next password */
		*a->verifier = *v;
}

struct account *accounts_verifier(const struct accounts *as, const char *name, struct scram_verifier *v)
{
	struct account *a = accounts_find(as, name);
	uint8_t keys[HASH_BYTES];
	account_verifier_begin(as, name, v);
	derive(as, "SCRAM decoy ", name, keys);
	memcpy(v->stored_key, keys, SCRAM_KEY_BYTES);
	memcpy(v->server_key, keys + SCRAM_KEY_BYTES, SCRAM_KEY_BYTES);
	crypto_wipe(keys, sizeof(keys));
	if (!a || !a->verifier)
		return NULL;
	*v = *a->verifier;
	return a;
}
