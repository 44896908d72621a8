/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The engine, broken on purpose: these functions stand between the layers (ld's --wrap) and pass everything
 * on unless a mutation is chosen.  A simulator that does not see a mutation is no proof of anything.
 */
#include "sim.h"

#include "../../src/chat/chat_impl.h"

enum mutation sim_mutation;

int __real_store_seen_add(struct store *s, int64_t contact, const uint8_t msgid[16]);
int __wrap_store_seen_add(struct store *s, int64_t contact, const uint8_t msgid[16]);
int __real_epoch_on_sync(struct chat *c, struct now now, struct chat_link *l, const uint8_t *body, size_t len);
int __wrap_epoch_on_sync(struct chat *c, struct now now, struct chat_link *l, const uint8_t *body, size_t len);
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
	int err = __real_epoch_on_sync(c, now, l, body, len);

	if (!err && sim_mutation == MUTATE_NO_RESEND && links_find(c, l->id))
		p->next_seq = p->session.sent + 1;
	return err;
}

struct chat_peer *__wrap_contact_by_link_key(const struct chat *c, const uint8_t link_key[KEY_BYTES])
{
	struct chat_peer *p = __real_contact_by_link_key(c, link_key);

	return !p && sim_mutation == MUTATE_ANY_KEY ? contact_next(c, NULL) : p;
}
