/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The session with a contact: a Double Ratchet, its id (the epoch), and how far each direction has come.
 *
 * The link that begins to be used opens with a SYNC of each side.  Both then compute the same answer: either
 * both know the same session, and it goes on; or this link's handshake is the root of a new one, in which all
 * that is unacked is sealed anew, under its old ids, so that nothing is shown twice.  The Noise initiator
 * begins it, with an empty message; the responder follows when it has opened that.  If the link breaks
 * between the two, the epochs differ at the next SYNC, and the same happens again.
 *
 * Backups can also leave two ratchets that have grown apart under one epoch and counters that fit.  That shows
 * when a message can't be opened on one link nor on another, not even when it is sealed anew: then its
 * receiver says that it has no session, which begins a new one.  One bad message, or one bad link, does not.
 *
 * The ratchet itself stays in the store.  One is in memory, guarded, while its contact's messages are handled, and
 * is written back in the same transaction as what they brought.
 */
#include "chat_impl.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"

#define DAY_MS		  (24u * 3600 * 1000)
#define SKIPPED_LIFE_DAYS 30

static bool is_none(const uint8_t epoch[EPOCH_BYTES])
{
	static const uint8_t none[EPOCH_BYTES];

	return !memcmp(epoch, none, EPOCH_BYTES);
}

/* ---- in and out of the store ---- */

static int load_row(void *ctx, const struct session_row *row)
{
	struct chat *c = ctx;
	struct contact *contact = chat_find_id(c, row->contact);

	if (contact)
		contact->impl->session = *row;
	return 0;
}

static void expire(struct chat *c, struct now now, void *owner)
{
	uint64_t life = (uint64_t)SKIPPED_LIFE_DAYS * DAY_MS;

	(void)owner;
	if (now.real_ms > life)
		chat_break(c, store_skipped_expire(c->store, now.real_ms - life));
	timers_set(&c->timers, &c->expiry, now.mono_ms + DAY_MS);
}

int epoch_load(struct chat *c)
{
	c->ratchet = secret_new(sizeof(*c->ratchet));
	if (!c->ratchet)
		return ERR_NOMEM;
	c->expiry.fire = expire;
	timers_set(&c->timers, &c->expiry, 0);
	return store_session_each(c->store, load_row, c);
}

int epoch_save(struct chat *c, struct chat_peer *p)
{
	return chat_break(c, store_session_update(c->store, &p->session));
}

static void put_away(struct chat *c)
{
	c->ratchet_of = NULL;
	crypto_wipe(c->ratchet, sizeof(*c->ratchet));
	crypto_wipe_stack();
}

int epoch_settle(struct chat *c)
{
	struct chat_peer *p = c->ratchet_of;
	uint8_t state[RATCHET_STATE_BYTES];
	int err;

	if (!p || c->broken)
		return c->broken;
	ratchet_save(c->ratchet, state);
	err = chat_break(c, store_ratchet_set(c->store, p->pub.row.id, state, sizeof(state)));
	crypto_wipe(state, sizeof(state));
	put_away(c);
	return err ? err : epoch_save(c, p);
}

/* Has this contact's ratchet at work. */
static int take(struct chat *c, struct chat_peer *p)
{
	uint8_t state[RATCHET_STATE_BYTES];
	size_t len;
	int err;

	if (c->ratchet_of == p)
		return 0;
	err = epoch_settle(c);
	if (!err)
		err = chat_break(c,
				 store_ratchet_get(c->store, p->pub.row.id, state, sizeof(state), &len));
	if (!err)
		err = chat_break(c, ratchet_load(c->ratchet, state, len));
	crypto_wipe(state, sizeof(state));
	if (!err)
		c->ratchet_of = p;
	return err;
}

void epoch_forget(struct chat *c, struct chat_peer *p)
{
	if (c->ratchet_of == p)
		put_away(c);
}

void epoch_free(struct chat *c)
{
	secret_free(c->ratchet);
	c->ratchet = NULL;
}

/* ---- skipped secrets ---- */

struct skipping {
	struct chat *c;
	int64_t contact;
	uint64_t made_ms;
	bool none; /* nothing was or may be skipped: the session begins */
};

static int skipped_find(void *ctx, const uint8_t dh[KEY_BYTES], uint32_t n, uint8_t secret[KEY_BYTES])
{
	struct skipping *s = ctx;

	/* What is kept is of the session before. */
	if (s->none)
		return ERR_NOT_FOUND;
	return store_skipped_get(s->c->store, s->contact, dh, n, secret);
}

static int skipped_add(void *ctx, const uint8_t dh[KEY_BYTES], uint32_t n, const uint8_t secret[KEY_BYTES])
{
	struct skipping *s = ctx;
	int err = store_skipped_add(s->c->store, s->contact, dh, n, secret, s->made_ms);

	if (err != ERR_EXISTS)
		return err;
	/* The peer came back to an old key of its own: the secret of that chain gives way. */
	err = store_skipped_delete(s->c->store, s->contact, dh, n);
	return err ? err : store_skipped_add(s->c->store, s->contact, dh, n, secret, s->made_ms);
}

static int skipped_remove(void *ctx, const uint8_t dh[KEY_BYTES], uint32_t n)
{
	struct skipping *s = ctx;

	return store_skipped_delete(s->c->store, s->contact, dh, n);
}

static size_t skipped_room(void *ctx)
{
	struct skipping *s = ctx;
	size_t n = RATCHET_SKIP_MAX;

	if (s->none || chat_break(s->c, store_skipped_count(s->c->store, s->contact, &n)))
		return 0;
	return n < RATCHET_SKIP_MAX ? RATCHET_SKIP_MAX - n : 0;
}

/* ---- sealing and opening ---- */

int epoch_seal(struct chat *c, struct chat_peer *p, uint64_t seq, const uint8_t *plain, size_t len,
		 struct buf *body)
{
	uint8_t *out;
	int err = take(c, p);

	if (err)
		return err;
	out = buf_reserve(body, SEALED_HEAD_BYTES + RATCHET_OVERHEAD + len);
	if (!out)
		return chat_break(c, ERR_NOMEM);
	sealed_head(p->session.epoch, seq, out);
	return chat_break(c, ratchet_seal(c->ratchet, c->opts.rng, out, SEALED_HEAD_BYTES, plain, len,
					  out + SEALED_HEAD_BYTES));
}

static int open_box(struct chat *c, struct now now, struct chat_peer *p, const struct sealed *s, bool first,
		    uint8_t *out)
{
	struct skipping sk = {.c = c, .contact = p->pub.row.id, .made_ms = now.real_ms, .none = first};
	const struct ratchet_skipped ops = {skipped_find, skipped_add, skipped_remove, skipped_room, &sk};
	uint8_t head[SEALED_HEAD_BYTES];
	int err;

	sealed_head(s->epoch, s->seq, head);
	err = ratchet_open(c->ratchet, c->opts.rng, &ops, head, sizeof(head), s->box, s->box_len, out);
	if (c->broken)
		return c->broken;
	/* What can't be opened is the sender's affair; anything else is the store's. */
	return !err || err == ERR_CRYPTO || err == ERR_PROTOCOL || err == ERR_FULL ? err : chat_break(c, err);
}

int epoch_open(struct chat *c, struct now now, struct chat_peer *p, const struct sealed *s, uint8_t *out)
{
	int err = take(c, p);

	return err ? err : open_box(c, now, p, s, false, out);
}

/* ---- roots ---- */

int epoch_keep_root(struct chat_link *l, const struct ratchet_root *root)
{
	if (!root)
		return 0;
	l->root = secret_new(sizeof(*l->root));
	if (!l->root)
		return ERR_NOMEM;
	*l->root = *root;
	return 0;
}

void epoch_drop_root(struct chat_link *l)
{
	secret_free(l->root);
	l->root = NULL;
}

/* ---- what was lost ---- */

static uint64_t over(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

static void add_part(char *out, size_t size, uint64_t n, const char *what)
{
	size_t at = strlen(out);

	if (n)
		snprintf(out + at, size - at, "%sup to %" PRIu64 " %s", at ? ", " : "", n, what);
}

/*
 * One line for the user: whose state was lost, and what can't be recovered.  The numbers are bounds: some of
 * what was said since may wait in the queue that came back, and seqs are not given to people's messages alone.
 */
static int tell(struct chat *c, struct now now, struct chat_link *l)
{
	const struct sync *a = &l->mine, *b = &l->theirs;
	const char *nick = l->peer->pub.row.petname;
	char lost[240] = "";

	if (is_none(a->epoch) || memcmp(a->epoch, b->epoch, EPOCH_BYTES))
		return conversation_info(c, now, l->peer,
					 "The session with %s was set up anew: one of you went back to an "
					 "older state, or lost it. What was delivered since that state may be "
					 "missing there; what was not delivered yet is sent again.",
					 nick);
	add_part(lost, sizeof(lost), over(b->received, a->sent), "that you sent are no longer known here");
	add_part(lost, sizeof(lost), over(b->acked, a->received), "that you had received are lost here");
	add_part(lost, sizeof(lost), over(a->acked, b->received), "that were delivered are lost there");
	add_part(lost, sizeof(lost), over(a->received, b->sent), "that you have are no longer known there");
	return conversation_info(c, now, l->peer,
				 "The session with %s was set up anew, after a side went back to an older "
				 "state. Messages that can't be recovered: %s. What was not delivered yet is "
				 "sent again.",
				 nick, lost[0] ? lost : "none");
}

static bool confirmed(const struct session_row *row)
{
	return row->acked || row->received;
}

/* Does this end something that both had?  An attempt at a new session that the other side never followed is
 * no loss, and was told of when it was begun. */
static bool is_reset(const struct chat_peer *p, const struct chat_link *l)
{
	return is_none(p->session.epoch) ? l->theirs.acked || l->theirs.received : confirmed(&p->session);
}

static uint32_t day_of(struct now now)
{
	return (uint32_t)(now.real_ms / DAY_MS);
}

/* Who removes a contact and adds it again loses nothing unawares, and asks for it; so that does not count.  A request
 * that comes late looks the same; but then nothing was confirmed. */
static bool is_readded(const struct chat_peer *p, struct now now, const struct chat_link *l)
{
	bool room = p->readded_day != day_of(now) || p->readded < READDED_MAX;

	return p->forgot_us && is_none(l->theirs.epoch) && confirmed(&p->session) && room;
}

static int readded(struct chat *c, struct now now, struct chat_peer *p)
{
	p->readded = p->readded_day == day_of(now) ? p->readded + 1 : 1;
	p->readded_day = day_of(now);
	return conversation_info(c, now, p,
				 "The session with %s was set up anew: you were asked to be a contact again, "
				 "after you had been removed there, or lost. What was delivered before may be "
				 "missing there; what was not delivered yet is sent again.",
				 p->pub.row.petname);
}

static unsigned resets_today(const struct chat_peer *p, struct now now)
{
	return p->session.reset_day == day_of(now) ? p->session.resets : 0;
}

/* ---- beginning ---- */

static int begin(struct chat *c, struct now now, struct chat_link *l, uint64_t sent, uint64_t received)
{
	struct chat_peer *p = l->peer;
	bool again = is_readded(p, now, l), reset = is_reset(p, l) && !again;
	struct session_row row = {.contact = p->pub.row.id,
				  .sent = sent,
				  .received = received,
				  .reset_day = day_of(now),
				  .resets = resets_today(p, now) + reset};
	uint8_t state[RATCHET_STATE_BYTES];
	int err;

	ratchet_epoch(l->root->sk, row.epoch);
	ratchet_save(c->ratchet, state);
	err = chat_break(c, store_session_begin(c->store, &row, state, sizeof(state)));
	crypto_wipe(state, sizeof(state));
	if (!err)
		err = outbox_unseal(c, p);
	if (err)
		return err;
	log_debug("contact %lld: a session begins", (long long)p->pub.row.id);
	p->session = row;
	ack_none(c, p); /* of the session before */
	c->ratchet_of = p;
	epoch_drop_root(l);
	l->sync = SYNC_DONE;
	p->next_seq = sent + 1;
	p->unopened = p->unread = 0;
	p->diverged = p->forgot_us = false;
	if (!again && !reset)
		return 0;
	err = locator_doubt(c, p);
	if (err)
		return err;
	return again ? readded(c, now, p) : tell(c, now, l);
}

static int init(struct chat *c, const struct chat_link *l)
{
	int err = epoch_settle(c);

	return err ? err : ratchet_init(c->ratchet, c->opts.rng, l->root);
}

static int begin_as_initiator(struct chat *c, struct now now, struct chat_link *l)
{
	int err = init(c, l);

	if (!err)
		err = begin(c, now, l, 1, 0);
	if (!err)
		err = epoch_seal(c, l->peer, 1, NULL, 0, &l->first);
	return err;
}

int epoch_on_first(struct chat *c, struct now now, struct chat_link *l, const struct sealed *s)
{
	uint8_t epoch[EPOCH_BYTES], none[1];
	int err;

	ratchet_epoch(l->root->sk, epoch);
	if (memcmp(epoch, s->epoch, EPOCH_BYTES) || s->seq != 1 || s->box_len != RATCHET_OVERHEAD)
		return ERR_PROTOCOL;
	err = init(c, l);
	if (!err)
		err = open_box(c, now, l->peer, s, true, none);
	if (err) {
		put_away(c);
		return c->broken ? c->broken : ERR_PROTOCOL;
	}
	err = begin(c, now, l, 0, 1);
	if (err)
		return err;
	ack_now(c, l->peer);
	epoch_confirmed(c, now, l->peer);
	return 0;
}

/* ---- the link that begins to be used ---- */

static void fill_sync(const struct chat_peer *p, uint64_t token, struct sync *s)
{
	memset(s, 0, sizeof(*s));
	s->token = token;
	if (p->diverged)
		return; /* as good as none */
	memcpy(s->epoch, p->session.epoch, EPOCH_BYTES);
	s->sent = p->session.sent;
	s->acked = p->session.acked;
	s->received = p->session.received;
}

void epoch_use(struct chat *c, struct chat_link *l)
{
	l->sync = SYNC_WAIT;
	buf_clear(&l->first);
	if (!l->peer->chooser)
		return;
	fill_sync(l->peer, ++c->uses, &l->mine);
	l->want_use = true;
	l->want_sync = true;
	flush_soon(c, l);
}

/* ---- messages that do not get through ---- */

static void not_ready(struct chat *c, struct now now, struct chat_peer *p)
{
	p->ready = false;
	presence_unsure(c, now, p);
}

void epoch_unopened(struct chat *c, struct now now, struct chat_peer *p, uint64_t seq)
{
	p->diverged = p->unopened == seq;
	p->unopened = seq;
	log_info("contact %lld: a message can't be opened%s", (long long)p->pub.row.id,
		 p->diverged ? " on any link: a new session is asked for" : "");
	not_ready(c, now, p);
}

void epoch_unread(struct chat *c, struct now now, struct chat_peer *p, uint64_t seq)
{
	p->unread = seq;
	not_ready(c, now, p);
}

static bool gets_through(const struct chat_peer *p)
{
	bool waits = p->pub.queued || p->n_offers; /* else what was not read was taken away */

	return p->session.received >= p->unopened && (!waits || p->session.acked >= p->unread);
}

void epoch_confirmed(struct chat *c, struct now now, struct chat_peer *p)
{
	flush_soon(c, p->chosen);
	if (p->ready || !confirmed(&p->session) || !gets_through(p))
		return;
	p->ready = true;
	presence_here(c, now, p);
	locator_on_ready(c, now, p);
}

static int resume(struct chat *c, struct now now, struct chat_link *l)
{
	struct chat_peer *p = l->peer;
	int err;

	epoch_drop_root(l);
	l->sync = SYNC_DONE;
	p->next_seq = l->theirs.received + 1;
	if (l->theirs.sent < p->unopened) /* it was lost there, and may become another one */
		p->unopened = 0;
	err = outbox_acked(c, now, p, l->theirs.received);
	if (!err)
		epoch_confirmed(c, now, p);
	return err;
}

/* The same on both sides: the handshake of this link is the root of a new session. */
static int start_anew(struct chat *c, struct now now, struct chat_link *l)
{
	struct chat_peer *p = l->peer;

	if (is_reset(p, l) && !is_readded(p, now, l) && resets_today(p, now) >= RESETS_MAX) {
		log_info("contact %lld lost its state too often today", (long long)p->pub.row.id);
		links_close(c, now, l, CLOSE_DONE, LINK_LEFT);
		str_copy(p->pub.trouble, sizeof(p->pub.trouble),
			 "the session was lost too often today: no new one before tomorrow");
		return 0;
	}
	if (!l->root) { /* it was used up by an earlier session on this very link */
		links_close(c, now, l, CLOSE_RENEW, LINK_LOST);
		return 0;
	}
	if (!l->dialled) {
		l->sync = SYNC_ROOT;
		return 0;
	}
	return begin_as_initiator(c, now, l);
}

int epoch_on_sync(struct chat *c, struct now now, struct chat_link *l, const uint8_t *body, size_t len)
{
	struct chat_peer *p = l->peer;
	struct sync theirs;
	int err = sync_decode(body, len, &theirs);

	if (err)
		return err;
	/* Others belong to a USE that was overtaken. */
	if (l != p->chosen || l->sync != SYNC_WAIT ||
	    theirs.token != (p->chooser ? l->mine.token : p->use_token))
		return 0;
	l->theirs = theirs;
	if (p->chooser) {
		use_confirmed(c, now, p);
	} else {
		fill_sync(p, theirs.token, &l->mine);
		l->want_sync = true;
	}
	flush_soon(c, l);
	return sync_common(&l->mine, &l->theirs) ? resume(c, now, l) : start_anew(c, now, l);
}
