/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The engine, broken on purpose: these functions stand between the layers (ld's --wrap) and pass everything
 * on unless a mutation is chosen.  A simulator that does not see a mutation is no proof of anything.
 */
#include "sim.h"

#include <string.h>

#include "../../src/chat/chat_impl.h"

enum mutation sim_mutation;

int __real_store_seen_add(struct store *s, int64_t contact, const uint8_t msgid[16]);
int __wrap_store_seen_add(struct store *s, int64_t contact, const uint8_t msgid[16]);
int __real_epoch_on_sync(struct chat *c, struct now now, struct chat_link *l, const uint8_t *body,
			 size_t len);
int __wrap_epoch_on_sync(struct chat *c, struct now now, struct chat_link *l, const uint8_t *body,
			 size_t len);
struct chat_peer *__real_contact_by_link_key(const struct chat *c, const uint8_t link_key[KEY_BYTES]);
struct chat_peer *__wrap_contact_by_link_key(const struct chat *c, const uint8_t link_key[KEY_BYTES]);

int __wrap_store_seen_add(struct store *s, int64_t contact, const uint8_t msgid[16])
{
	int err = __real_store_seen_add(s, contact, msgid);

	return sim_mutation == MUTATE_NO_DEDUPE && err == ERR_EXISTS ? 0 : err;
}

int __wrap_epoch_on_sync(struct chat *c, struct now now, struct chat_link *l, const uint8_t *body, size_t len)
{
	struct chat_peer *p = l->peer;
	link_id id = l->id;
	int err = __real_epoch_on_sync(c, now, l, body, len);

	if (!err && sim_mutation == MUTATE_NO_RESEND && links_find(c, id))
		p->next_seq = p->session.sent + 1;
	return err;
}

struct chat_peer *__wrap_contact_by_link_key(const struct chat *c, const uint8_t link_key[KEY_BYTES])
{
	struct chat_peer *p = __real_contact_by_link_key(c, link_key);

	return !p && sim_mutation == MUTATE_ANY_KEY ? contact_next(c, NULL) : p;
}

/* ---- lines ---- */

int __real_store_line_add(struct store *s, struct line_row *l);
int __wrap_store_line_add(struct store *s, struct line_row *l);

int __wrap_store_line_add(struct store *s, struct line_row *l)
{
	int err;

	if (sim_mutation == MUTATE_SILENT && l->kind == LINE_INFO && memmem(l->text, l->text_len, "anew", 4))
		return 0;
	err = __real_store_line_add(s, l);
	return !err && sim_mutation == MUTATE_CURSOR ? store_cursor_set(s, SIM_CLIENT, l->id) : err;
}

/* ---- the outbox ---- */

typedef int (*outbox_cb)(void *ctx, const struct outbox_row *o);
int __real_store_outbox_each(struct store *s, int64_t contact, int64_t after, size_t limit, outbox_cb cb,
			     void *ctx);
int __wrap_store_outbox_each(struct store *s, int64_t contact, int64_t after, size_t limit, outbox_cb cb,
			     void *ctx);
int __real_store_outbox_seal(struct store *s, int64_t id, uint64_t seq, const void *sealed, size_t len);
int __wrap_store_outbox_seal(struct store *s, int64_t id, uint64_t seq, const void *sealed, size_t len);
int __real_store_outbox_cancel(struct store *s, int64_t contact, int64_t id);
int __wrap_store_outbox_cancel(struct store *s, int64_t contact, int64_t id);

struct walk {
	outbox_cb cb;
	void *ctx;
	bool skip; /* the next row */
};

/* The row that was read last: what is known of the one that is then sealed or cancelled. */
static struct outbox_row last;

static int walk_row(void *ctx, const struct outbox_row *o)
{
	struct walk *w = ctx;
	struct outbox_row changed = *o;

	last = *o;
	if (w->skip) {
		w->skip = false;
		return 0;
	}
	if (sim_mutation == MUTATE_CANCEL)
		changed.may_have_left = false;
	return w->cb(w->ctx, &changed);
}

int __wrap_store_outbox_each(struct store *s, int64_t contact, int64_t after, size_t limit, outbox_cb cb,
			     void *ctx)
{
	static unsigned calls;
	struct walk w = {.cb = cb, .ctx = ctx};
	size_t n = 0;

	if (sim_mutation == MUTATE_ORDER && ++calls % 7 == 0 && limit < 1000 &&
	    !store_outbox_count(s, contact, &n) && n > 1) {
		w.skip = true;
		limit++;
	}
	return __real_store_outbox_each(s, contact, after, limit, walk_row, &w);
}

int __wrap_store_outbox_seal(struct store *s, int64_t id, uint64_t seq, const void *sealed, size_t len)
{
	int err = __real_store_outbox_seal(s, id, seq, sealed, len);
	size_t n;

	if (!err && sim_mutation == MUTATE_FORGET && last.id == id)
		return store_outbox_delete_upto(s, last.contact, seq, &n);
	return err;
}

int __wrap_store_outbox_cancel(struct store *s, int64_t contact, int64_t id)
{
	size_t n;

	if (sim_mutation == MUTATE_CANCEL && last.id == id && last.seq)
		return store_outbox_delete_upto(s, contact, last.seq, &n);
	return __real_store_outbox_cancel(s, contact, id);
}

/* ---- sessions ---- */

bool __real_sync_common(const struct sync *a, const struct sync *b);
bool __wrap_sync_common(const struct sync *a, const struct sync *b);
int __real_store_outbox_unseal(struct store *s, int64_t contact);
int __wrap_store_outbox_unseal(struct store *s, int64_t contact);
int __real_store_session_update(struct store *s, const struct session_row *row);
int __wrap_store_session_update(struct store *s, const struct session_row *row);
int __real_store_ratchet_set(struct store *s, int64_t contact, const void *state, size_t len);
int __wrap_store_ratchet_set(struct store *s, int64_t contact, const void *state, size_t len);

bool __wrap_sync_common(const struct sync *a, const struct sync *b)
{
	static const uint8_t none[EPOCH_BYTES];
	bool known = memcmp(a->epoch, none, EPOCH_BYTES) && memcmp(b->epoch, none, EPOCH_BYTES);

	if (sim_mutation == MUTATE_SAME && known)
		return true;
	if (sim_mutation == MUTATE_EPOCH_ONLY && known)
		return !memcmp(a->epoch, b->epoch, EPOCH_BYTES);
	return __real_sync_common(a, b);
}

int __wrap_store_outbox_unseal(struct store *s, int64_t contact)
{
	return sim_mutation == MUTATE_NO_UNSEAL ? 0 : __real_store_outbox_unseal(s, contact);
}

int __wrap_store_session_update(struct store *s, const struct session_row *row)
{
	return sim_mutation == MUTATE_NO_SESSION ? 0 : __real_store_session_update(s, row);
}

int __wrap_store_ratchet_set(struct store *s, int64_t contact, const void *state, size_t len)
{
	return sim_mutation == MUTATE_NO_RATCHET ? 0 : __real_store_ratchet_set(s, contact, state, len);
}

void __real_epoch_unopened(struct chat *c, struct now now, struct chat_peer *p, uint64_t seq);
void __wrap_epoch_unopened(struct chat *c, struct now now, struct chat_peer *p, uint64_t seq);

void __wrap_epoch_unopened(struct chat *c, struct now now, struct chat_peer *p, uint64_t seq)
{
	if (sim_mutation != MUTATE_NO_HEAL)
		__real_epoch_unopened(c, now, p, seq);
}

/* ---- where contacts find us ---- */

int __real_service_client_delete(struct chat *c, struct service_client *k);
int __wrap_service_client_delete(struct chat *c, struct service_client *k);
int __real_service_drop_unneeded(struct chat *c);
int __wrap_service_drop_unneeded(struct chat *c);
int __real_store_outbox_add(struct store *s, struct outbox_row *o);
int __wrap_store_outbox_add(struct store *s, struct outbox_row *o);
int __real_contact_locator(struct chat *c, struct chat_peer *p, const struct locator *l);
int __wrap_contact_locator(struct chat *c, struct chat_peer *p, const struct locator *l);
int __real_invite_use(struct chat *c, struct now now, struct invitation *inv, struct chat_peer *p);
int __wrap_invite_use(struct chat *c, struct now now, struct invitation *inv, struct chat_peer *p);
struct invitation *__real_invite_find(const struct chat *c, struct now now, const uint8_t token[TOKEN_BYTES]);
struct invitation *__wrap_invite_find(const struct chat *c, struct now now, const uint8_t token[TOKEN_BYTES]);
void __real_door_settle(struct chat *c);
void __wrap_door_settle(struct chat *c);

int __wrap_service_client_delete(struct chat *c, struct service_client *k)
{
	if (sim_mutation != MUTATE_KEY_STAYS)
		return __real_service_client_delete(c, k);
	if (k->peer)
		TAILQ_REMOVE(&k->peer->clients, k, of_peer);
	k->peer = NULL;
	k->row.contact = k->row.offer = 0;
	k->row.use = CLIENT_SPARE;
	k->service->n_spare++;
	return service_client_save(c, k);
}

int __wrap_service_drop_unneeded(struct chat *c)
{
	struct service *s, *next;
	int err = 0;

	TAILQ_FOREACH_SAFE (s, &c->services, entry, next) {
		if (sim_mutation == MUTATE_LEFT_EARLY && s->row.left_ms && !err)
			err = service_drop(c, s);
	}
	return err ? err : __real_service_drop_unneeded(c);
}

int __wrap_store_outbox_add(struct store *s, struct outbox_row *o)
{
	bool is_offer = o->message_kind == MESSAGE_LOCATOR;

	if (sim_mutation != MUTATE_NO_OFFER || !is_offer)
		return __real_store_outbox_add(s, o);
	o->id = INT64_MAX; /* as if it had come and gone */
	return 0;
}

/* Of a message; an answer is passed on from within the same file. */
int __wrap_contact_locator(struct chat *c, struct chat_peer *p, const struct locator *l)
{
	return sim_mutation == MUTATE_DEAF ? 0 : __real_contact_locator(c, p, l);
}

int __wrap_invite_use(struct chat *c, struct now now, struct invitation *inv, struct chat_peer *p)
{
	return sim_mutation == MUTATE_TOKEN ? locator_fresh(c, now, p) : __real_invite_use(c, now, inv, p);
}

struct invitation *__wrap_invite_find(const struct chat *c, struct now now, const uint8_t token[TOKEN_BYTES])
{
	/* The strangers of an hour, or of all time, have used up the quota. */
	if (sim_mutation == MUTATE_QUOTA && (c->n_hour >= 30 || c->n_waiting >= REQUESTS_MAX))
		return NULL;
	return __real_invite_find(c, now, token);
}

void __wrap_door_settle(struct chat *c)
{
	enum door_state door = c->door;

	if (sim_mutation == MUTATE_DOOR)
		c->door = DOOR_OPEN;
	__real_door_settle(c);
	c->door = door;
}
