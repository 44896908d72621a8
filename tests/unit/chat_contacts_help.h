/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Strangers at the door, whom a story makes up. */
#ifndef TESTS_CHAT_CONTACTS_HELP_H
#define TESTS_CHAT_CONTACTS_HELP_H

#include "chat_help.h"

static inline int count_request(void *ctx, const struct request_row *r)
{
	(void)r;
	++*(unsigned *)ctx;
	return 0;
}

static inline unsigned requests(const struct party *p)
{
	unsigned n = 0;
	chat_requests_each(p->chat, count_request, &n);
	assert_int_equal(n, chat_requests(p->chat));
	return n;
}

/* A frame to p in this role, from whoever owns this identity. Returns what chat says; the frame that it
 * answers lies in the world. */
static inline int incoming(struct party *p, enum link_role role, const uint8_t identity[KEY_BYTES], uint8_t type,
		    const struct buf *body, struct pair **out)
{
	struct world *w = p->w;
	uint8_t key[KEY_BYTES];
	uint8_t hash[HASH_BYTES];
	struct pair *pair = &w->pair[w->n_pairs++];
	hash_of(w->last_link + 1, hash);
	assert_int_equal(identity_dh_public(identity, key), 0);
	*pair = (struct pair){.p = {other_party(p), p}, .id = {0, ++w->last_link}, .open = {false, true}};
	const struct chat_link_info info = {
	    .link = pair->id[1], .role = role, .static_key = key, .identity = identity, .hash = hash};
	assert_int_equal(chat_admit(p->chat, CHAT_DOOR, role, 0, key, identity), 0);
	assert_int_equal(chat_on_link(p->chat, w->now, &info), 0);
	if (out)
		*out = pair;
	w->n_frames = 0;
	return chat_on_frame(p->chat, w->now, pair->id[1], type, buf_ptr(body), buf_len(body));
}

static inline int at_the_door(struct party *p, const uint8_t identity[KEY_BYTES], uint8_t type,
		       const struct buf *body, struct pair **out)
{
	return incoming(p, LINK_DOOR, identity, type, body, out);
}

static inline void identity_of(uint8_t n, uint8_t identity[KEY_BYTES])
{
	const uint8_t seed[KEY_BYTES] = {n, 77};
	identity_public(seed, identity);
}

/* A request of stranger n with this link key: the answer's status. */
static inline enum answer_status ask(struct party *p, uint8_t n, const uint8_t link_secret[KEY_BYTES],
			      const char *nick, const char *text)
{
	uint8_t identity[KEY_BYTES];
	struct request q = {0};
	struct answer a;
	struct buf body;
	buf_init(&body, FRAME_BODY_MAX);
	identity_of(n, identity);
	prove_at_the_door(p, identity, link_secret, &q);
	memcpy(q.locator.onion, identity, KEY_BYTES);
	assert_int_equal(str_copy(q.nick, sizeof(q.nick), nick), 0);
	assert_int_equal(str_copy(q.text, sizeof(q.text), text), 0);
	assert_int_equal(request_encode(&q, &body), 0);
	assert_int_equal(at_the_door(p, identity, FRAME_REQUEST, &body, NULL), 0);
	buf_clear(&body);
	assert_int_equal(p->w->frames[0].type, FRAME_ANSWER);
	assert_int_equal(answer_decode(p->w->frames[0].body, p->w->frames[0].len, &a), 0);
	p->w->n_frames = 0;
	return a.status;
}

static inline enum answer_status ask_simply(struct party *p, uint8_t n, const char *nick, const char *text)
{
	const uint8_t link_secret[KEY_BYTES] = {0, n, 99};
	return ask(p, n, link_secret, nick, text);
}

#endif
