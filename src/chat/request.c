/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Requests of strangers, and what the user does about them. */
#include "chat_impl.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"

#define HOUR_MS		 (3600u * 1000)
#define REQUEST_AGAIN_MS HOUR_MS /* a changed request of one identity is announced no more often */

static bool same_key(const uint8_t a[KEY_BYTES], const uint8_t b[KEY_BYTES])
{
	return crypto_equal(a, b, KEY_BYTES);
}

struct waiting_request *request_by_identity(const struct chat *c, const uint8_t identity[KEY_BYTES])
{
	struct waiting_request *r;

	TAILQ_FOREACH (r, &c->requests, entry) {
		if (same_key(r->row.identity, identity))
			return r;
	}
	return NULL;
}

struct waiting_request *request_by_name(const struct chat *c, const char *name)
{
	struct waiting_request *r;

	TAILQ_FOREACH (r, &c->requests, entry) {
		if (!r->row.rejected && nick_eq(r->row.name, name))
			return r;
	}
	return NULL;
}

static size_t request_size(const struct request_row *row)
{
	return strlen(row->name) + strlen(row->text);
}

static void count(struct chat *c, const struct waiting_request *r, int by)
{
	size_t *n = r->row.rejected ? &c->n_rejected : &c->n_waiting;

	*n += (size_t)by;
	if (!r->row.rejected)
		c->request_bytes += (size_t)by * request_size(&r->row);
}

static void drop(struct chat *c, struct waiting_request *r)
{
	TAILQ_REMOVE(&c->requests, r, entry);
	crypto_wipe(r, sizeof(*r));
	free(r);
}

static int load_row(void *ctx, const struct request_row *row)
{
	struct chat *c = ctx;
	struct waiting_request *at;
	struct waiting_request *r = calloc(1, sizeof(*r));

	if (!r)
		return ERR_NOMEM;
	r->row = *row;
	TAILQ_FOREACH (at, &c->requests, entry) {
		if (at->row.received_ms > row->received_ms)
			break;
	}
	if (at)
		TAILQ_INSERT_BEFORE(at, r, entry);
	else
		TAILQ_INSERT_TAIL(&c->requests, r, entry);
	count(c, r, 1);
	return 0;
}

int request_load(struct chat *c)
{
	return store_request_each(c->store, load_row, c);
}

void request_free_all(struct chat *c)
{
	struct waiting_request *r;

	while ((r = TAILQ_FIRST(&c->requests)))
		drop(c, r);
}

int request_forget(struct chat *c, struct waiting_request *r)
{
	int err = chat_break(c, store_request_delete(c->store, r->row.identity));

	if (err)
		return err;
	count(c, r, -1);
	drop(c, r);
	front_status(c);
	return 0;
}

size_t chat_requests(const struct chat *c)
{
	return c->n_waiting;
}

int chat_requests_each(const struct chat *c, int (*cb)(void *ctx, const struct request_row *r), void *ctx)
{
	struct waiting_request *r;

	TAILQ_FOREACH (r, &c->requests, entry) {
		int stop = r->row.rejected ? 0 : cb(ctx, &r->row);

		if (stop)
			return stop;
	}
	return 0;
}

/* ---- at the door ---- */

static void row_fill(struct request_row *row, struct now now, const struct request *q)
{
	memcpy(row->link_key, q->link_key, KEY_BYTES);
	memcpy(row->onion, q->locator.onion, KEY_BYTES);
	row->has_client_key = q->locator.has_client_key;
	memcpy(row->client_key, q->locator.client_key, KEY_BYTES);
	str_copy(row->text, sizeof(row->text), q->text);
	row->received_ms = now.real_ms;
}

static bool row_same(const struct request_row *row, const struct request *q)
{
	return same_key(row->link_key, q->link_key) && same_key(row->onion, q->locator.onion) &&
	       row->has_client_key == q->locator.has_client_key &&
	       same_key(row->client_key, q->locator.client_key) && !strcmp(row->text, q->text);
}

/* The same identity asks again: its request is replaced, and shown again if it says something new (but not
 * all the time). */
static int ask_again(struct chat *c, struct now now, struct waiting_request *r, const struct request *q)
{
	bool tell = now.real_ms - r->row.received_ms >= REQUEST_AGAIN_MS;
	int err;

	count(c, r, -1);
	row_fill(&r->row, now, q);
	count(c, r, 1);
	err = chat_break(c, store_request_put(c->store, &r->row));
	if (!err && tell)
		front_call(c, request, &r->row);
	return err;
}

static int ask_first(struct chat *c, struct now now, const uint8_t identity[KEY_BYTES],
		     const struct request *q)
{
	struct waiting_request *r = calloc(1, sizeof(*r));
	int err;

	if (!r)
		return ERR_NOMEM;
	memcpy(r->row.identity, identity, KEY_BYTES);
	row_fill(&r->row, now, q);
	err = petname_propose(c, q->nick, NULL, r->row.name);
	if (!err)
		err = chat_break(c, store_request_put(c->store, &r->row));
	if (err) {
		free(r);
		return err;
	}
	TAILQ_INSERT_TAIL(&c->requests, r, entry);
	count(c, r, 1);
	front_call(c, request, &r->row);
	front_status(c);
	return 0;
}

/* May one more be kept, or one be changed?  Each costs a commit, and the user's attention. */
static bool room(struct chat *c, struct now now, size_t bytes)
{
	if (!c->n_hour || now.mono_ms - c->hour_ms >= HOUR_MS) {
		c->hour_ms = now.mono_ms;
		c->n_hour = 0;
	}
	return c->n_hour < REQUESTS_HOUR && c->request_bytes + bytes <= REQUESTS_BYTES;
}

static bool quota(struct chat *c, struct now now, size_t bytes)
{
	if (!room(c, now, bytes))
		return false;
	c->n_hour++;
	return true;
}

enum answer_status request_of_blocked(struct chat *c, struct now now)
{
	bool taken = c->door == DOOR_OPEN && c->n_waiting < REQUESTS_MAX && room(c, now, 0);

	return taken ? ANSWER_PENDING : ANSWER_REFUSED;
}

int request_on_stranger(struct chat *c, struct now now, const uint8_t identity[KEY_BYTES],
			const struct request *q, enum answer_status *status)
{
	struct waiting_request *r = request_by_identity(c, identity);

	/* A link that has come in before stands. */
	if (c->door != DOOR_OPEN) {
		*status = ANSWER_REFUSED;
		return 0;
	}
	*status = ANSWER_PENDING;
	/* Nothing new, or nothing that is shown: no need to keep it. */
	if (r && (r->row.rejected || row_same(&r->row, q)))
		return 0;
	/* Not refused aloud: a stranger who knows somebody's link key would learn whether it is pinned here.
	 */
	if (!contact_key_free(c, identity, q->link_key))
		return 0;
	if ((!r && c->n_waiting >= REQUESTS_MAX) || !quota(c, now, strlen(q->nick) + strlen(q->text))) {
		*status = ANSWER_REFUSED;
		return 0;
	}
	return r ? ask_again(c, now, r, q) : ask_first(c, now, identity, q);
}

/* ---- the user ---- */

int request_take(struct chat *c, struct now now, struct waiting_request *r, const char *nick,
		 const struct contact **out)
{
	struct contact_row row = {.state = CONTACT_ACCEPTING, .has_link_key = true};
	struct chat_peer *p;
	int err = petname_check(c, nick, NULL, false);

	if (!err && !contact_key_free(c, r->row.identity, r->row.link_key))
		err = ERR_REFUSED;
	if (!err && c->n_contacts >= CONTACTS_MAX)
		err = ERR_FULL;
	if (err)
		return err;
	str_copy(row.petname, sizeof(row.petname), nick);
	memcpy(row.identity, r->row.identity, KEY_BYTES);
	memcpy(row.link_key, r->row.link_key, KEY_BYTES);
	memcpy(row.onion, r->row.onion, KEY_BYTES);
	row.has_client_key = r->row.has_client_key;
	memcpy(row.client_key, r->row.client_key, KEY_BYTES);
	err = request_forget(c, r);
	if (!err)
		err = contact_new(c, now, &row, &p);
	if (!err && out)
		*out = &p->pub;
	return err;
}

static int add_check(struct chat *c, const char *nick, const uint8_t identity[KEY_BYTES], const char *text,
		     const struct contact **existing)
{
	const struct chat_peer *p = contact_by_identity(c, identity);
	int err = petname_check(c, nick, NULL, false);

	if (p) {
		if (existing)
			*existing = &p->pub;
		return ERR_WRONG_STATE;
	}
	if (same_key(identity, c->identity))
		return ERR_REFUSED;
	if (err)
		return err;
	if (strlen(text) > REQUEST_TEXT_MAX)
		return ERR_TOO_LONG;
	if (c->n_contacts >= CONTACTS_MAX)
		return ERR_FULL;
	return text_check(text, strlen(text));
}

int chat_add(struct chat *c, struct now now, const char *nick, const uint8_t identity[KEY_BYTES],
	     const char *text, const struct contact **existing)
{
	struct contact_row row = {.state = CONTACT_ASKED};
	struct waiting_request *r = request_by_identity(c, identity);
	struct chat_peer *p;
	int err;

	if (c->broken)
		return c->broken;
	if (!text)
		text = "";
	err = identity_check(identity) ? ERR_INVALID : add_check(c, nick, identity, text, existing);
	if (err)
		return err;
	if (r && !r->row.rejected)
		return request_take(c, now, r, nick, NULL);
	if (r)
		err = request_forget(c, r); /* rejected once, asked by us now */
	if (err)
		return err;
	str_copy(row.petname, sizeof(row.petname), nick);
	memcpy(row.identity, identity, KEY_BYTES);
	memcpy(row.onion, identity, KEY_BYTES); /* an address is also the locator of the door */
	str_copy(row.text, sizeof(row.text), text);
	return contact_new(c, now, &row, &p);
}

static void row_invited(struct contact_row *row, const struct invite *inv)
{
	row->has_link_key = true;
	memcpy(row->link_key, inv->link_key, KEY_BYTES);
	memcpy(row->onion, inv->locator.onion, KEY_BYTES);
	row->has_client_key = true;
	memcpy(row->client_key, inv->locator.client_key, KEY_BYTES);
	row->has_token = true;
	memcpy(row->token, inv->token, TOKEN_BYTES);
}

static bool is_pinned(const struct chat_peer *p)
{
	return p->pub.row.state == CONTACT_ACCEPTING || p->pub.row.state == CONTACT_LINKED;
}

/* Whom we had asked has sent an invitation meanwhile, or another one; or a contact has that we can't find any more. */
static int invited_anew(struct chat *c, struct now now, struct chat_peer *p, const struct invite *inv)
{
	enum contact_state state = is_pinned(p) ? CONTACT_ACCEPTING : CONTACT_INVITED;
	int err;

	/* What is asked there, or said by the invitation before, has nothing to do with this one. */
	dial_stop(c, p);
	links_close_all(c, p, CLOSE_DONE);
	err = contact_pin_invited(c, p, inv);
	if (!err)
		err = contact_enter(c, p, state);
	if (err)
		return err;
	p->attempts = p->misses = 0;
	row_invited(&p->pub.row, inv);
	err = contact_save(c, p);
	dial_soon(c, now, p, 0);
	return err;
}

/* Is this the contact for whom another invitation is of use? */
static bool may_be_invited(const struct chat_peer *p, const char *nick, const struct invite *inv)
{
	const struct contact_row *row = &p->pub.row;

	if (row->blocked || !nick_eq(row->petname, nick))
		return false;
	/* It says where a contact is; a pinned key it does not change. */
	return !is_pinned(p) || (!links_current(p) && same_key(row->link_key, inv->link_key));
}

int chat_add_invited(struct chat *c, struct now now, const char *nick, const struct invite *inv,
		     const struct contact **existing)
{
	struct chat_peer *p = contact_by_identity(c, inv->identity);
	struct waiting_request *r = request_by_identity(c, inv->identity);
	struct contact_row row = {.state = CONTACT_INVITED};
	int err;

	if (c->broken)
		return c->broken;
	c->now = now;
	if (inv->minute <= now.real_ms / 60000)
		return ERR_TIMEOUT;
	if (!contact_key_free(c, inv->identity, inv->link_key))
		return ERR_REFUSED;
	if (p && may_be_invited(p, nick, inv))
		return invited_anew(c, now, p, inv);
	err = add_check(c, nick, inv->identity, "", existing);
	if (!err && r && !r->row.rejected && crypto_equal(r->row.link_key, inv->link_key, KEY_BYTES))
		return request_take(c, now, r, nick, NULL);
	if (!err && r)
		err = request_forget(c, r);
	if (err)
		return err;
	str_copy(row.petname, sizeof(row.petname), nick);
	memcpy(row.identity, inv->identity, KEY_BYTES);
	row_invited(&row, inv);
	return contact_new(c, now, &row, &p);
}

int chat_accept(struct chat *c, struct now now, const char *request, const char *as,
		const struct contact **out)
{
	struct waiting_request *r = request_by_name(c, request);
	char nick[NICK_MAX + 1];

	if (c->broken)
		return c->broken;
	if (!r)
		return ERR_NOT_FOUND;
	if (str_copy(nick, sizeof(nick), as ? as : r->row.name))
		return ERR_INVALID;
	return request_take(c, now, r, nick, out);
}

/* Rejected identities are remembered, so that they are not shown again; the oldest give way. */
static int rejected_bound(struct chat *c)
{
	struct waiting_request *r;

	if (c->n_rejected <= REJECTED_MAX)
		return 0;
	TAILQ_FOREACH (r, &c->requests, entry) {
		if (r->row.rejected)
			return request_forget(c, r);
	}
	return 0;
}

int chat_reject(struct chat *c, struct now now, const char *request)
{
	struct waiting_request *r = request_by_name(c, request);
	int err;

	(void)now;
	if (c->broken)
		return c->broken;
	if (!r)
		return ERR_NOT_FOUND;
	count(c, r, -1);
	r->row.rejected = true;
	count(c, r, 1);
	err = chat_break(c, store_request_put(c->store, &r->row));
	if (!err)
		err = rejected_bound(c);
	front_status(c);
	return err;
}

int chat_reject_all(struct chat *c, struct now now, size_t *n)
{
	struct waiting_request *r;
	int err = 0;

	*n = 0;
	do {
		TAILQ_FOREACH (r, &c->requests, entry) {
			if (!r->row.rejected)
				break;
		}
		if (r) {
			err = chat_reject(c, now, r->row.name);
			*n += !err;
		}
	} while (r && !err);
	return err;
}
