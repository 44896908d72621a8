/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Invitations: who presents one is a contact without a question, once.
 *
 * An invitation holds a client key of a private service, so that it leads past a closed door, and a token, of
 * which only a hash is kept.  Who has used it is given another key, and the invitation's goes when that has
 * arrived.
 */
#include "chat_impl.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"

#define DAYS_DEFAULT 7
#define DAY_MS	     (24u * 3600 * 1000)

static void hash_token(const uint8_t token[TOKEN_BYTES], uint8_t out[KEY_BYTES])
{
	static const char label[] = "allium invitation token";
	uint8_t hash[HASH_BYTES];

	hash2(label, sizeof(label), token, TOKEN_BYTES, hash);
	memcpy(out, hash, KEY_BYTES);
	crypto_wipe(hash, sizeof(hash));
}

/* ---- in memory ---- */

static int insert(struct chat *c, const struct invite_row *row)
{
	struct invitation *inv = calloc(1, sizeof(*inv));

	if (!inv)
		return ERR_NOMEM;
	inv->row = *row;
	TAILQ_INSERT_TAIL(&c->invitations, inv, entry);
	c->n_invitations++;
	return 0;
}

static void forget(struct chat *c, struct invitation *inv)
{
	TAILQ_REMOVE(&c->invitations, inv, entry);
	c->n_invitations--;
	crypto_wipe(inv, sizeof(*inv));
	free(inv);
}

static int load_row(void *ctx, const struct invite_row *row)
{
	return insert(ctx, row);
}

int invite_load(struct chat *c)
{
	return store_invite_each(c->store, load_row, c);
}

void invite_free_all(struct chat *c)
{
	struct invitation *inv;

	while ((inv = TAILQ_FIRST(&c->invitations)))
		forget(c, inv);
}

static bool expired(const struct invitation *inv, struct now now)
{
	return inv->row.expires_ms <= now.real_ms;
}

/* ---- making ---- */

static void fill(const struct chat *c, const struct service_client *k, uint64_t expires_ms, struct invite *out)
{
	memcpy(out->identity, c->identity, KEY_BYTES);
	memcpy(out->link_key, c->link_key, KEY_BYTES);
	service_locator_of(k, &out->locator);
	rng_fill(c->opts.rng, out->token, TOKEN_BYTES);
	out->minute = (uint32_t)(expires_ms / 60000);
}

int chat_invite(struct chat *c, struct now now, unsigned days, char out[INVITE_LEN + 1])
{
	struct invite_row row = {.made_ms = now.real_ms};
	struct service_client *k;
	struct invite inv;
	int err;

	if (c->broken)
		return c->broken;
	if (days > INVITE_DAYS_MAX)
		return ERR_INVALID;
	err = invite_expire(c, now);
	if (err)
		return err;
	if (c->n_invitations >= INVITES_MAX)
		return ERR_FULL;
	c->now = now;
	/* The string tells minutes: it is valid until the end of its last one. */
	row.expires_ms = (now.real_ms / 60000 + 1) * 60000 + (uint64_t)(days ? days : DAYS_DEFAULT) * DAY_MS;
	err = service_take_for_invite(c, now, &k);
	if (err)
		return err;
	fill(c, k, row.expires_ms, &inv);
	hash_token(inv.token, row.token);
	row.client = k->row.id;
	err = chat_break(c, store_invite_add(c->store, &row));
	if (!err)
		err = chat_break(c, insert(c, &row));
	if (!err)
		err = chat_break(c, invite_encode(&inv, out));
	crypto_wipe(&inv, sizeof(inv));
	return err;
}

int chat_invites_each(const struct chat *c, int (*cb)(void *ctx, const struct chat_invite_row *r), void *ctx)
{
	const struct invitation *inv;
	int stop = 0;

	TAILQ_FOREACH (inv, &c->invitations, entry) {
		struct chat_invite_row r = {inv->row.id, inv->row.made_ms, inv->row.expires_ms};

		if (!stop && !expired(inv, c->now))
			stop = cb(ctx, &r);
	}
	return stop;
}

/* Nobody will use it any more: its key is not given to anybody else. */
static int end(struct chat *c, struct invitation *inv)
{
	struct service_client *k = service_client_by_id(c, inv->row.client);
	int err = chat_break(c, store_invite_delete(c->store, inv->row.id));

	if (!err && k && k->row.use == CLIENT_INVITE)
		err = service_retire(c, k);
	if (!err)
		forget(c, inv);
	return err;
}

int chat_invite_revoke(struct chat *c, struct now now, int64_t number)
{
	struct invitation *inv;

	if (c->broken)
		return c->broken;
	c->now = now;
	TAILQ_FOREACH (inv, &c->invitations, entry) {
		if (inv->row.id == number) {
			struct service_client *k = service_client_by_id(c, inv->row.client);

			/* Revoked, it shall not lead anywhere. */
			if (k)
				k->service->dirty = true;
			return end(c, inv);
		}
	}
	return ERR_NOT_FOUND;
}

int invite_end_of(struct chat *c, const struct service_client *k)
{
	struct invitation *inv, *next;
	int err = 0;

	TAILQ_FOREACH_SAFE (inv, &c->invitations, entry, next) {
		if (!err && inv->row.client == k->row.id)
			err = end(c, inv);
	}
	return err;
}

int invite_expire(struct chat *c, struct now now)
{
	struct invitation *inv, *next;
	int err = 0;

	TAILQ_FOREACH_SAFE (inv, &c->invitations, entry, next) {
		if (!err && expired(inv, now))
			err = end(c, inv);
	}
	return err;
}

/* ---- redeeming ---- */

bool chat_invite_is(const char *text)
{
	return invite_is(text);
}

int chat_invite_read(const char *text, struct invite *inv)
{
	return invite_decode(text, inv);
}

struct invitation *invite_find(const struct chat *c, struct now now, const uint8_t token[TOKEN_BYTES])
{
	struct invitation *inv, *found = NULL;
	uint8_t hash[KEY_BYTES];

	hash_token(token, hash);
	TAILQ_FOREACH (inv, &c->invitations, entry) {
		if (crypto_equal(inv->row.token, hash, KEY_BYTES) && !expired(inv, now))
			found = inv;
	}
	return found;
}

static bool has_arrived_key(const struct chat_peer *p)
{
	const struct service_client *k;

	TAILQ_FOREACH (k, &p->clients, of_peer) {
		if (k->row.acked)
			return true;
	}
	return false;
}

int invite_use(struct chat *c, struct now now, struct invitation *inv, struct chat_peer *p)
{
	struct service_client *k = service_client_by_id(c, inv->row.client);
	int err = 0;

	/* Unless it is known to have another key, this one may be all that leads it here. */
	if (k && !has_arrived_key(p))
		err = service_give(c, k, p);
	/* Whoever else has seen the string must not go on using its key. */
	if (!err)
		err = locator_fresh(c, now, p);
	return err ? err : end(c, inv);
}
