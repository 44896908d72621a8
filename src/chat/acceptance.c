/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Links whose initiator's static key is its identity's: at the door (request, answer) and from the accepting
 * side to the requester (accept, answer).  They bring both link keys to both sides and carry nothing else;
 * messages go between link keys.
 */
#include "chat_impl.h"

#include <string.h>

#include "base/str.h"
#include "link/proof.h"

static void own_locator(const struct chat *c, struct locator *out)
{
	memset(out, 0, sizeof(*out));
	memcpy(out->onion, c->identity, KEY_BYTES);
}

/* In the role private the handshake proves the responder's link key, and an invitation could have told the
 * identity of somebody else. */
static bool identity_unproven(const struct chat_link *l, enum proof_kind kind)
{
	return kind == PROOF_ANSWER && l->role == LINK_PRIVATE;
}

/* Proves to the other side of this link that our link key and our identity are of one. */
static int prove(const struct chat *c, const struct chat_link *l, enum proof_kind kind,
		 uint8_t proof[PROOF_BYTES])
{
	const struct proof_claim claim = {l->hash, c->link_key, c->identity};

	if (identity_unproven(l, kind))
		return proof_make(PROOF_IDENTITY, &claim, c->secrets->identity_dh, l->peer_static, proof);
	return proof_make(kind, &claim, c->secrets->link, l->peer_static, proof);
}

/* ERR_PROTOCOL unless the other side has the link key that it shows, and its identity.  Comes before all else: what is not
 * proven changes nothing and is not shown. */
static int check(const struct chat *c, const struct chat_link *l, enum proof_kind kind,
		 const uint8_t link_key[KEY_BYTES], const uint8_t proof[PROOF_BYTES])
{
	/* Our own static key in this handshake. */
	bool by_identity = l->dialled || l->role == LINK_DOOR;
	const uint8_t *own = by_identity ? c->secrets->identity_dh : c->secrets->link;
	const uint8_t *identity = l->dialled ? l->peer->pub.row.identity : l->identity;
	const struct proof_claim claim = {l->hash, link_key, identity};

	if (!identity_unproven(l, kind))
		return proof_check(kind, &claim, own, proof);
	if (!crypto_equal(link_key, l->peer_static, KEY_BYTES))
		return ERR_PROTOCOL;
	return proof_check(PROOF_IDENTITY, &claim, own, proof);
}

static int put(struct chat *c, struct chat_link *l, uint8_t type, int err, struct buf *body)
{
	if (!err)
		err = flush_put(c, l, type, buf_ptr(body), buf_len(body));
	buf_clear(body);
	return err;
}

static int send_request(struct chat *c, struct chat_link *l)
{
	struct request q = {0};
	struct buf body;
	int err = prove(c, l, PROOF_REQUEST, q.proof);

	if (err)
		return err;
	buf_init(&body, FRAME_BODY_MAX);
	memcpy(q.link_key, c->link_key, KEY_BYTES);
	own_locator(c, &q.locator);
	str_copy(q.nick, sizeof(q.nick), c->nick);
	str_copy(q.text, sizeof(q.text), l->peer->pub.row.text);
	return put(c, l, FRAME_REQUEST, request_encode(&q, &body), &body);
}

static int send_accept(struct chat *c, struct chat_link *l)
{
	struct accept a = {0};
	struct buf body;
	int err = prove(c, l, PROOF_ACCEPT, a.proof);

	if (err)
		return err;
	buf_init(&body, FRAME_BODY_MAX);
	memcpy(a.link_key, c->link_key, KEY_BYTES);
	own_locator(c, &a.locator);
	str_copy(a.nick, sizeof(a.nick), c->nick);
	return put(c, l, FRAME_ACCEPT, accept_encode(&a, &body), &body);
}

/* Only who is accepted learns our link key. */
static int send_answer(struct chat *c, struct chat_link *l, enum answer_status status)
{
	struct answer a = {.status = status};
	struct buf body;

	if (status == ANSWER_ACCEPTED) {
		int err = prove(c, l, PROOF_ANSWER, a.proof);

		if (err)
			return err;
		memcpy(a.link_key, c->link_key, KEY_BYTES);
		own_locator(c, &a.locator);
	}
	buf_init(&body, FRAME_BODY_MAX);
	return put(c, l, FRAME_ANSWER, answer_encode(&a, &body), &body);
}

int acceptance_begin(struct chat *c, struct chat_link *l)
{
	return l->role == LINK_DOOR ? send_request(c, l) : send_accept(c, l);
}

/* A pinned key never changes; who shows another one is refused, and the user told once. */
static int warn(struct chat *c, struct now now, struct chat_peer *p)
{
	const char *nick = p->pub.row.petname;

	if (p->warned)
		return 0;
	p->warned = true;
	return conversation_info(c, now, p,
				 "Refused: %s shows a link key that is not the pinned one. If %s really "
				 "starts anew, `remove %s`, then `add` the address again.",
				 nick, nick, nick);
}

/* Pins what a contact told of itself, or checks it against what is pinned.  ERR_REFUSED, after the warning,
 * if it does not fit. */
static int pin(struct chat *c, struct now now, struct chat_peer *p, const uint8_t link_key[KEY_BYTES],
	       const struct locator *l)
{
	int err = contact_pin(c, p, link_key, l);
	int warned = err == ERR_REFUSED ? warn(c, now, p) : 0;

	return warned ? warned : err;
}

static int learn_nick(struct chat *c, struct chat_peer *p, const char *nick)
{
	nick_sanitize(nick, strlen(nick), p->pub.row.their_nick);
	return contact_save(c, p);
}

/* What to tell a contact, whose claim was pinned or checked with err. An err of its own kind is passed on. */
static int status_of(int err, enum answer_status *status)
{
	*status = err ? ANSWER_REFUSED : ANSWER_ACCEPTED;
	return err == ERR_REFUSED ? 0 : err;
}

static int say_accepted(struct chat *c, struct now now, struct chat_peer *p)
{
	return conversation_info(c, now, p, "%s is a contact now.", p->pub.row.petname);
}

/* Somebody whom we asked, or know, asks us: that is acceptance while none of its keys is pinned. */
static int request_of_contact(struct chat *c, struct now now, struct chat_peer *p, const struct request *q,
			      enum answer_status *status)
{
	bool asked = !p->pub.row.has_link_key;
	int err = pin(c, now, p, q->link_key, &q->locator);

	p->forgot_us = !err && !asked;
	if (!err && asked) {
		/* The answer may be lost: until a link proves that it knows our key, it is told again. */
		err = contact_enter(c, p, CONTACT_ACCEPTING);
		if (!err)
			err = learn_nick(c, p, q->nick);
		if (!err)
			err = say_accepted(c, now, p);
		if (!err)
			dial_soon(c, now, p, c->opts.dial_min_ms);
	}
	return status_of(err, status);
}

static int on_request(struct chat *c, struct now now, struct chat_link *l, const uint8_t *body, size_t len)
{
	struct chat_peer *p = contact_by_identity(c, l->identity);
	enum answer_status status = ANSWER_REFUSED;
	struct request q;
	int err;

	if (l->dialled || l->role != LINK_DOOR)
		return ERR_PROTOCOL;
	err = request_decode(body, len, &q);
	if (!err)
		err = check(c, l, PROOF_REQUEST, q.link_key, q.proof);
	if (!err)
		err = p ? request_of_contact(c, now, p, &q, &status)
			: request_on_stranger(c, now, l->identity, &q, &status);
	if (!err)
		err = send_answer(c, l, status);
	if (!err)
		links_close(c, now, l, CLOSE_DONE, LINK_SPENT);
	return err;
}

/* The initiator knew our link key and proved its identity; we must have asked it, or have pinned this very
 * key. */
static int accept_of_contact(struct chat *c, struct now now, struct chat_peer *p, const struct accept *a,
			     enum answer_status *status)
{
	bool asked = !p->pub.row.has_link_key;
	int err = pin(c, now, p, a->link_key, &a->locator);

	if (!err)
		err = contact_enter(c, p, CONTACT_LINKED);
	if (!err && asked)
		err = learn_nick(c, p, a->nick);
	if (!err && asked)
		err = say_accepted(c, now, p);
	if (!err)
		dial_soon(c, now, p, c->opts.dial_min_ms); /* the other side dials at once */
	return status_of(err, status);
}

static int on_accept(struct chat *c, struct now now, struct chat_link *l, const uint8_t *body, size_t len)
{
	struct chat_peer *p = contact_by_identity(c, l->identity);
	enum answer_status status = ANSWER_REFUSED;
	struct accept a;
	int err;

	if (l->dialled || l->role != LINK_PRIVATE)
		return ERR_PROTOCOL;
	err = accept_decode(body, len, &a);
	if (!err)
		err = check(c, l, PROOF_ACCEPT, a.link_key, a.proof);
	if (!err && p)
		err = accept_of_contact(c, now, p, &a, &status);
	if (!err)
		err = send_answer(c, l, status);
	if (!err)
		links_close(c, now, l, CLOSE_DONE, LINK_SPENT);
	return err;
}

static int answer_accepted(struct chat *c, struct now now, struct chat_peer *p, const struct answer *a)
{
	bool asked = !p->pub.row.has_link_key;
	int err = pin(c, now, p, a->link_key, &a->locator);

	if (err == ERR_REFUSED) {
		dial_later(c, now, p);
		return 0;
	}
	if (!err)
		err = contact_enter(c, p, CONTACT_LINKED);
	if (!err && asked)
		err = say_accepted(c, now, p);
	if (!err)
		dial_soon(c, now, p, 0); /* now between link keys */
	return err;
}

static int answer_refused(struct chat *c, struct now now, struct chat_peer *p)
{
	int err = 0;

	if (!p->refused_told)
		err = conversation_info(
		    c, now, p, "%s takes no request from you now; it is tried again from time to time.",
		    p->pub.row.petname);
	p->refused_told = true;
	dial_later(c, now, p);
	return err;
}

static int on_answer(struct chat *c, struct now now, struct chat_link *l, const uint8_t *body, size_t len)
{
	struct chat_peer *p = l->peer;
	struct answer a;
	int err;

	if (!l->dialled)
		return ERR_PROTOCOL;
	err = answer_decode(body, len, &a);
	if (!err && a.status == ANSWER_ACCEPTED)
		err = check(c, l, PROOF_ANSWER, a.link_key, a.proof);
	if (err)
		return err;
	links_close(c, now, l, CLOSE_DONE, LINK_SPENT);
	switch (a.status) {
	case ANSWER_PENDING:
		dial_later(c, now, p);
		return 0;
	case ANSWER_ACCEPTED:
		return answer_accepted(c, now, p, &a);
	case ANSWER_REFUSED:
		return answer_refused(c, now, p);
	}
	return ERR_PROTOCOL;
}

int acceptance_on_frame(struct chat *c, struct now now, struct chat_link *l, uint8_t type,
			const uint8_t *body, size_t len)
{
	switch (type) {
	case FRAME_REQUEST:
		return on_request(c, now, l, body, len);
	case FRAME_ACCEPT:
		return on_accept(c, now, l, body, len);
	case FRAME_ANSWER:
		return on_answer(c, now, l, body, len);
	case FRAME_MESSAGE:
	case FRAME_ACK:
	case FRAME_PROFILE:
	case FRAME_USE:
		return ERR_PROTOCOL; /* link has skipped what came: see link_next */
	}
	return 0; /* of a later version */
}
