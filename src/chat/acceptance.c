/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Links whose initiator's static key is its identity's: at the door (request, answer), from the accepting side
 * to the requester (accept, answer), and with an invitation (redeem, answer).  They bring both link keys and
 * locators to both sides and carry nothing else; messages go between link keys.
 *
 * A contact whose locators all fail says ACCEPT at the door: who still knows it answers with its locator.
 */
#include "chat_impl.h"

#include <string.h>

#include "base/str.h"
#include "link/proof.h"

/* Do we wait for this contact to say that it is one? */
static bool awaited(const struct chat_peer *p)
{
	return p->pub.row.state == CONTACT_ASKED || p->pub.row.state == CONTACT_INVITED;
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

/* ERR_PROTOCOL unless the other side has the link key that it shows, and its identity.  Comes before all else:
 * what is not proven changes nothing and is not shown. */
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

static int send_request(struct chat *c, struct now now, struct chat_link *l)
{
	struct request q = {0};
	struct buf body;
	int err = prove(c, l, PROOF_REQUEST, q.proof);

	if (!err)
		err = locator_current(c, now, l->peer, &q.locator, &l->given);
	if (err)
		return err;
	buf_init(&body, FRAME_BODY_MAX);
	memcpy(q.link_key, c->link_key, KEY_BYTES);
	str_copy(q.nick, sizeof(q.nick), c->nick);
	str_copy(q.text, sizeof(q.text), l->peer->pub.row.text);
	err = put(c, l, FRAME_REQUEST, request_encode(&q, &body), &body);
	crypto_wipe(&q.locator, sizeof(q.locator));
	return err;
}

static int send_accept(struct chat *c, struct now now, struct chat_link *l)
{
	struct accept a = {0};
	struct buf body;
	int err = prove(c, l, PROOF_ACCEPT, a.proof);

	if (!err)
		err = locator_current(c, now, l->peer, &a.locator, &l->given);
	if (err)
		return err;
	buf_init(&body, FRAME_BODY_MAX);
	memcpy(a.link_key, c->link_key, KEY_BYTES);
	str_copy(a.nick, sizeof(a.nick), c->nick);
	err = put(c, l, FRAME_ACCEPT, accept_encode(&a, &body), &body);
	crypto_wipe(&a.locator, sizeof(a.locator));
	return err;
}

static int send_redeem(struct chat *c, struct now now, struct chat_link *l)
{
	struct redeem r = {0};
	struct buf body;
	int err = prove(c, l, PROOF_REDEEM, r.proof);

	if (!err)
		err = locator_current(c, now, l->peer, &r.locator, &l->given);
	if (err)
		return err;
	buf_init(&body, FRAME_BODY_MAX);
	memcpy(r.token, l->peer->pub.row.token, TOKEN_BYTES);
	memcpy(r.link_key, c->link_key, KEY_BYTES);
	str_copy(r.nick, sizeof(r.nick), c->nick);
	err = put(c, l, FRAME_REDEEM, redeem_encode(&r, &body), &body);
	crypto_wipe(&r, sizeof(r));
	return err;
}

/* Only who is accepted (p) learns our link key, and where we are. */
static int send_answer(struct chat *c, struct now now, struct chat_link *l, struct chat_peer *p,
		       enum answer_status status)
{
	struct answer a = {.status = status};
	struct buf body;
	int64_t given;
	int err;

	if (status == ANSWER_ACCEPTED) {
		err = prove(c, l, PROOF_ANSWER, a.proof);
		if (!err)
			err = locator_current(c, now, p, &a.locator, &given);
		if (err)
			return err;
		memcpy(a.link_key, c->link_key, KEY_BYTES);
	}
	buf_init(&body, FRAME_BODY_MAX);
	err = put(c, l, FRAME_ANSWER, answer_encode(&a, &body), &body);
	crypto_wipe(&a.locator, sizeof(a.locator));
	return err;
}

int acceptance_begin(struct chat *c, struct now now, struct chat_link *l)
{
	switch ((enum contact_state)l->peer->pub.row.state) {
	case CONTACT_ASKED:
		return send_request(c, now, l);
	case CONTACT_INVITED:
		return send_redeem(c, now, l);
	case CONTACT_ACCEPTING:
		if (l->peer->pub.row.has_token) /* a contact that has invited us again */
			return send_redeem(c, now, l);
		break;
	case CONTACT_LINKED:
		break;
	}
	return send_accept(c, now, l);
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
	bool asked = awaited(p);
	int err;

	if (p->pub.row.blocked) {
		*status = request_of_blocked(c, now);
		return 0;
	}
	err = pin(c, now, p, q->link_key, &q->locator);
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
		err = send_answer(c, now, l, p, status);
	if (!err)
		links_close(c, now, l, CLOSE_DONE, LINK_SPENT);
	return err;
}

/* The initiator knew our link key and proved its identity; we must have asked it, or have pinned this very
 * key. */
static int accept_of_contact(struct chat *c, struct now now, struct chat_peer *p, const struct accept *a,
			     enum answer_status *status)
{
	bool asked = awaited(p);
	int err = p->pub.row.blocked ? ERR_REFUSED : pin(c, now, p, a->link_key, &a->locator);

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

	if (l->dialled)
		return ERR_PROTOCOL;
	err = accept_decode(body, len, &a);
	if (!err)
		err = check(c, l, PROOF_ACCEPT, a.link_key, a.proof);
	if (!err && p)
		err = accept_of_contact(c, now, p, &a, &status);
	if (!err && status == ANSWER_ACCEPTED)
		err = locator_dialled_by(c, p, l->service);
	if (!err)
		err = send_answer(c, now, l, p, status);
	if (!err)
		links_close(c, now, l, CLOSE_DONE, LINK_SPENT);
	return err;
}

/* ---- an invitation is shown ---- */

static void request_of(const struct redeem *r, struct request *q)
{
	memset(q, 0, sizeof(*q));
	memcpy(q->link_key, r->link_key, KEY_BYTES);
	q->locator = r->locator;
	memcpy(q->nick, r->nick, sizeof(q->nick));
}

/* Somebody unknown, with a good one: a contact without a question. */
static int invited_stranger(struct chat *c, struct now now, const uint8_t identity[KEY_BYTES],
			    const struct redeem *r, struct chat_peer **out)
{
	struct contact_row row = {.state = CONTACT_ACCEPTING, .has_link_key = true};
	struct waiting_request *waiting = request_by_identity(c, identity);
	int err = 0;

	*out = NULL;
	if (!contact_key_free(c, identity, r->link_key) || c->n_contacts >= CONTACTS_MAX)
		return 0;
	if (waiting)
		err = request_forget(c, waiting);
	if (!err)
		err = petname_propose(c, r->nick, NULL, row.petname);
	if (err)
		return err;
	memcpy(row.identity, identity, KEY_BYTES);
	memcpy(row.link_key, r->link_key, KEY_BYTES);
	memcpy(row.onion, r->locator.onion, KEY_BYTES);
	row.has_client_key = r->locator.has_client_key;
	memcpy(row.client_key, r->locator.client_key, KEY_BYTES);
	err = contact_new(c, now, &row, out);
	if (!err)
		err = learn_nick(c, *out, r->nick);
	if (err)
		return err;
	/* The answer comes first.  It may be lost: then it is told again. */
	dial_stop(c, *out);
	dial_soon(c, now, *out, c->opts.dial_min_ms);
	return conversation_info(c, now, *out, "%s has used your invitation and is a contact now.",
				 (*out)->pub.row.petname);
}

/* A used or false one is at best a request. */
static int redeem_as_request(struct chat *c, struct now now, struct chat_link *l, struct chat_peer *p,
			     const struct redeem *r, enum answer_status *status)
{
	struct request q;

	request_of(r, &q);
	if (p)
		return request_of_contact(c, now, p, &q, status);
	return request_on_stranger(c, now, l->identity, &q, status);
}

static int redeem_of(struct chat *c, struct now now, struct chat_link *l, struct chat_peer **p,
		     const struct redeem *r, enum answer_status *status)
{
	struct invitation *inv = *p && (*p)->pub.row.blocked ? NULL : invite_find(c, now, r->token);
	struct request q;
	int err;

	if (!inv)
		return redeem_as_request(c, now, l, *p, r, status);
	if (*p) {
		request_of(r, &q);
		err = request_of_contact(c, now, *p, &q, status);
	} else {
		err = invited_stranger(c, now, l->identity, r, p);
		if (*p)
			*status = ANSWER_ACCEPTED;
	}
	return err || *status != ANSWER_ACCEPTED ? err : invite_use(c, now, inv, *p);
}

static int on_redeem(struct chat *c, struct now now, struct chat_link *l, const uint8_t *body, size_t len)
{
	struct chat_peer *p = contact_by_identity(c, l->identity);
	enum answer_status status = ANSWER_REFUSED;
	struct redeem r;
	int err;

	if (l->dialled)
		return ERR_PROTOCOL;
	err = redeem_decode(body, len, &r);
	if (!err)
		err = check(c, l, PROOF_REDEEM, r.link_key, r.proof);
	if (!err)
		err = redeem_of(c, now, l, &p, &r, &status);
	if (!err)
		err = send_answer(c, now, l, p, status);
	if (!err)
		links_close(c, now, l, CLOSE_DONE, LINK_SPENT);
	crypto_wipe(&r, sizeof(r));
	return err;
}

/* ---- answers ---- */

static int answer_accepted(struct chat *c, struct now now, struct chat_peer *p, const struct answer *a)
{
	bool asked = awaited(p);
	int err = pin(c, now, p, a->link_key, &a->locator);

	if (err == ERR_REFUSED) {
		dial_later(c, now, p);
		return 0;
	}
	if (!err)
		err = contact_enter(c, p, CONTACT_LINKED);
	if (!err && asked)
		err = say_accepted(c, now, p);
	p->misses = 0;
	if (!err)
		dial_soon(c, now, p, 0); /* now between link keys */
	return err;
}

/* The invitation was used, or has expired: what is left is to ask; who is a contact already stays one. */
static int invitation_void(struct chat *c, struct now now, struct chat_peer *p)
{
	int err;

	if (p->has_before) {
		err = contact_enter(c, p, CONTACT_LINKED);
		if (!err)
			err = contact_restore_locator(c, p);
		return err ? err
			   : conversation_info(c, now, p, "The invitation of %s is not valid any more.",
					       p->pub.row.petname);
	}
	err = contact_unpin(c, p);
	if (!err)
		err = contact_enter(c, p, CONTACT_ASKED);
	if (!err)
		err = conversation_info(
		    c, now, p, "The invitation is not valid any more: %s is asked by the address instead.",
		    p->pub.row.petname);
	return err;
}

static int answer_refused(struct chat *c, struct now now, struct chat_peer *p)
{
	int err = 0;

	if (!p->refused_told && p->pub.row.state == CONTACT_ASKED)
		err = conversation_info(
		    c, now, p, "%s takes no request from you now; it is tried again from time to time.",
		    p->pub.row.petname);
	p->refused_told = true;
	dial_missed(c, now, p);
	return err;
}

static int on_answer(struct chat *c, struct now now, struct chat_link *l, const uint8_t *body, size_t len)
{
	struct chat_peer *p = l->peer;
	struct answer a;
	int64_t given = l->given;
	int err;

	if (!l->dialled)
		return ERR_PROTOCOL;
	err = answer_decode(body, len, &a);
	if (!err && a.status == ANSWER_ACCEPTED)
		err = check(c, l, PROOF_ANSWER, a.link_key, a.proof);
	if (err)
		return err;
	links_close(c, now, l, CLOSE_DONE, LINK_SPENT);
	/* Who lets us wait may have blocked us, and then keeps nothing. */
	if (a.status == ANSWER_ACCEPTED)
		err = locator_arrived(c, p, given);
	if (!err && a.status != ANSWER_ACCEPTED && (p->has_before || p->pub.row.state == CONTACT_INVITED))
		err = invitation_void(c, now, p);
	if (err)
		return err;
	switch (a.status) {
	case ANSWER_PENDING:
		dial_missed(c, now, p);
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
	case FRAME_REDEEM:
		return on_redeem(c, now, l, body, len);
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
