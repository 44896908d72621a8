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
void __real_outbox_use(struct chat_peer *p, struct chat_link *l);
void __wrap_outbox_use(struct chat_peer *p, struct chat_link *l);
struct chat_peer *__real_contact_by_link_key(const struct chat *c, const uint8_t link_key[KEY_BYTES]);
struct chat_peer *__wrap_contact_by_link_key(const struct chat *c, const uint8_t link_key[KEY_BYTES]);

int __wrap_store_seen_add(struct store *s, int64_t contact, const uint8_t msgid[16])
{
	int err = __real_store_seen_add(s, contact, msgid);

	return sim_mutation == MUTATE_NO_DEDUPE && err == ERR_EXISTS ? 0 : err;
}

void __wrap_outbox_use(struct chat_peer *p, struct chat_link *l)
{
	int64_t upto = p->sent_upto;

	__real_outbox_use(p, l);
	if (sim_mutation == MUTATE_NO_RESEND)
		p->sent_upto = upto;
}

struct chat_peer *__wrap_contact_by_link_key(const struct chat *c, const uint8_t link_key[KEY_BYTES])
{
	struct chat_peer *p = __real_contact_by_link_key(c, link_key);

	return !p && sim_mutation == MUTATE_ANY_KEY ? contact_next(c, NULL) : p;
}
