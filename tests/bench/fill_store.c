/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fills the database of an account that nobody has unlocked: contacts with both link keys pinned, who are met
 * on private services at either side, and lines of theirs, half of them received, with their seen ids.  All
 * of them count as shown to the client "default".
 *
 *   fill_store ACCOUNT-DIRECTORY PASSWORD CONTACTS LINES
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "crypto/identity.h"
#include "store/keyfile.h"
#include "store/store.h"

#define BATCH	     10000
#define BURST	     50
#define CLIENTS	     320 /* of a service, of which */
#define SPARES	     16	 /* nobody has yet */
#define STATE_LINKED 3	 /* chat's CONTACT_LINKED */
#define TEXT	     "The quick brown fox jumps over the lazy dog, and then once more, for good measure."

static int unlock(const char *dir, const char *password, struct store **out)
{
	char path[4096];
	uint8_t key[KEY_BYTES];
	struct keyfile kf;
	int err;

	snprintf(path, sizeof(path), "%s/key", dir);
	err = keyfile_read(path, &kf);
	if (err == 0)
		err = keyfile_open(&kf, password, strlen(password), key);
	snprintf(path, sizeof(path), "%s/db", dir);
	if (err == 0)
		err = store_open(path, key, NULL, out);
	crypto_wipe(key, sizeof(key));
	return err;
}

static int add_contact(struct store *s, unsigned long i)
{
	struct contact_row c = {.state = STATE_LINKED,
				.has_link_key = true,
				.has_client_key = true,
				.min_version = 2,
				.created_ms = 1700000000000 + i,
				.seen_ms = 1700000000000 + i};
	uint8_t secret[KEY_BYTES];

	rng_fill(&rng_system, secret, sizeof(secret));
	identity_public(secret, c.identity);
	rng_fill(&rng_system, secret, sizeof(secret));
	identity_public(secret, c.onion);
	rng_fill(&rng_system, c.client_key, sizeof(c.client_key));
	rng_fill(&rng_system, secret, sizeof(secret));
	dh_public(secret, c.link_key);
	snprintf(c.petname, sizeof(c.petname), "friend%lu", i);
	snprintf(c.their_nick, sizeof(c.their_nick), "friend%lu", i);
	return store_contact_add(s, &c);
}

static int add_client(struct store *s, int64_t service, int64_t contact)
{
	struct client_row row = {.service = service,
				 .use = contact != 0 ? CLIENT_CONTACT : CLIENT_SPARE,
				 .contact = contact,
				 .acked = contact != 0};

	rng_fill(&rng_system, row.secret, sizeof(row.secret));
	return store_client_add(s, &row);
}

/* A full service for each so many contacts; those who come next find spare keys on the last. */
static int add_services(struct store *s, unsigned long contacts)
{
	struct service_row service = {.created_ms = 1700000000000};
	unsigned long i, in = 0;
	int err = 0;

	for (i = 0; err == 0 && (i < contacts || in % CLIENTS != 0); in++) {
		if (in % CLIENTS == 0) {
			rng_fill(&rng_system, service.seed, sizeof(service.seed));
			err = store_service_add(s, &service);
		}
		if (err == 0)
			err = add_client(s, service.id,
					 in % CLIENTS < CLIENTS - SPARES && i < contacts ? (int64_t)++i : 0);
	}
	return err;
}

static int add_line(struct store *s, unsigned long i, unsigned long contacts)
{
	/* People talk for a while with one, then with another. */
	struct line_row l = {.contact = (int64_t)(i / BURST * 7919 % contacts) + 1,
			     .kind = i % 2 == 0 ? LINE_IN : LINE_OUT,
			     .time_ms = 1700000000000 + 1000 * i,
			     .minute = (uint32_t)(28333333 + i / 60),
			     .text = TEXT,
			     .text_len = 20 + i % 60};
	int err = 0;

	rng_fill(&rng_system, l.msgid, sizeof(l.msgid));
	if (l.kind == LINE_IN)
		err = store_seen_add(s, l.contact, l.msgid);
	else
		strcpy(l.client, "default");
	return err != 0 ? err : store_line_add(s, &l);
}

static int end_batch(struct store *s)
{
	int err = store_commit(s);

	return err != 0 ? err : store_checkpoint(s);
}

static int fill(struct store *s, unsigned long contacts, unsigned long lines)
{
	unsigned long i;
	int64_t last;
	int err = 0;

	for (i = 0; i < contacts && err == 0; i++)
		err = add_contact(s, i);
	if (err == 0)
		err = add_services(s, contacts);
	if (err == 0)
		err = end_batch(s);
	for (i = 0; i < lines && err == 0; i++) {
		err = add_line(s, i, contacts);
		if (err == 0 && i % BATCH == BATCH - 1)
			err = end_batch(s);
	}
	if (err == 0)
		err = store_line_last(s, &last);
	if (err == 0)
		err = store_cursor_set(s, "default", last);
	return err != 0 ? err : end_batch(s);
}

int main(int argc, char **argv)
{
	struct store *s = NULL;
	int err;

	if (argc != 5 || crypto_start() != 0 || strtoul(argv[3], NULL, 10) == 0) {
		fprintf(stderr, "usage: fill_store ACCOUNT-DIRECTORY PASSWORD CONTACTS LINES\n");
		return 2;
	}
	err = unlock(argv[1], argv[2], &s);
	if (err == 0)
		err = fill(s, strtoul(argv[3], NULL, 10), strtoul(argv[4], NULL, 10));
	if (err != 0)
		fprintf(stderr, "fill_store: %s\n", err_str(err));
	store_close(s);
	return err == 0 ? 0 : 1;
}
