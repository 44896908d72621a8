/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "link/payload.h"

#include <string.h>

#include "base/err.h"
#include "base/str.h"
#include "crypto/identity.h"

/* ---- writing -------------------------------------------------------------- */

/* Room for a whole body, so that an error leaves nothing half written. */
static int reserve(struct buf *out, size_t len, uint8_t **p)
{
	if (len > buf_room(out))
		return ERR_FULL;
	*p = buf_reserve(out, len);
	return *p ? 0 : ERR_NOMEM;
}

static uint8_t *put(uint8_t *p, const void *data, size_t len)
{
	if (len)
		memcpy(p, data, len);
	return p + len;
}

static uint8_t *put_be(uint8_t *p, uint64_t v, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		p[i] = (uint8_t)(v >> (8 * (bytes - 1 - i)));
	return p + bytes;
}

/* What IRC can't hold, and 0x01: with it a peer could make the user's client answer CTCP, or offer DCC. */
static bool has_forbidden(const char *text, size_t len)
{
	return len && (memchr(text, '\0', len) || memchr(text, '\r', len) || memchr(text, '\001', len));
}

/* Text for people, of any number of lines. */
static int lines_check(const char *text, size_t len, size_t max)
{
	if (len > max)
		return ERR_TOO_LONG;
	if (has_forbidden(text, len))
		return ERR_INVALID;
	return !len || utf8_valid(text, len) ? 0 : ERR_UTF8;
}

/* One line of it. */
static int text_check(const char *text, size_t len, size_t max)
{
	if (len && len <= max && memchr(text, '\n', len))
		return ERR_INVALID;
	return lines_check(text, len, max);
}

/* A string in an array of max + 1 bytes. */
static int string_check(const char *s, size_t max, size_t *len)
{
	*len = strnlen(s, max + 1);
	return text_check(s, *len, max);
}

/* ---- reading -------------------------------------------------------------- */

static void take_string(struct rd *r, size_t len, size_t max, char *out)
{
	const uint8_t *p = rd_take(r, len);

	out[0] = '\0';
	if (!p || text_check((const char *)p, len, max)) {
		r->failed = 1;
		return;
	}
	memcpy(out, p, len);
	out[len] = '\0';
}

/* ---- locators ------------------------------------------------------------- */

static size_t locator_size(const struct locator *l)
{
	return 1 + KEY_BYTES + (l->has_client_key ? KEY_BYTES : 0);
}

static uint8_t *locator_put(uint8_t *p, const struct locator *l)
{
	p = put_be(p, l->has_client_key, 1);
	p = put(p, l->onion, KEY_BYTES);
	return put(p, l->client_key, l->has_client_key ? KEY_BYTES : 0);
}

static void locator_take(struct rd *r, struct locator *l)
{
	uint8_t flags = rd_u8(r);

	memset(l, 0, sizeof(*l));
	if (flags > 1)
		r->failed = 1;
	rd_bytes(r, l->onion, KEY_BYTES);
	l->has_client_key = flags == 1;
	if (l->has_client_key)
		rd_bytes(r, l->client_key, KEY_BYTES);
	if (!r->failed && identity_check(l->onion))
		r->failed = 1;
}

int locator_encode(const struct locator *l, struct buf *out)
{
	uint8_t *p;
	int err = identity_check(l->onion);

	if (!err)
		err = reserve(out, locator_size(l), &p);
	if (!err)
		locator_put(p, l);
	return err;
}

int locator_decode(const uint8_t *body, size_t len, struct locator *l)
{
	struct rd rd;

	rd_init(&rd, body, len);
	locator_take(&rd, l);
	return rd_done(&rd);
}

/* ---- the door, the acceptance and the invitation -------------------------- */

#define CLAIM_BYTES (KEY_BYTES + PROOF_BYTES) /* a link key and its proof */

int request_encode(const struct request *r, struct buf *out)
{
	size_t nick_len, text_len;
	uint8_t *p;
	int err;

	if ((err = string_check(r->nick, NICK_MAX, &nick_len)) ||
	    (err = string_check(r->text, REQUEST_TEXT_MAX, &text_len)) ||
	    (err = identity_check(r->locator.onion)))
		return err;
	err = reserve(out, CLAIM_BYTES + locator_size(&r->locator) + 1 + nick_len + 2 + text_len, &p);
	if (err)
		return err;
	p = put(p, r->link_key, KEY_BYTES);
	p = put(p, r->proof, PROOF_BYTES);
	p = locator_put(p, &r->locator);
	p = put_be(p, nick_len, 1);
	p = put(p, r->nick, nick_len);
	p = put_be(p, text_len, 2);
	put(p, r->text, text_len);
	return 0;
}

int request_decode(const uint8_t *body, size_t len, struct request *r)
{
	struct rd rd;

	rd_init(&rd, body, len);
	rd_bytes(&rd, r->link_key, KEY_BYTES);
	rd_bytes(&rd, r->proof, PROOF_BYTES);
	locator_take(&rd, &r->locator);
	take_string(&rd, rd_u8(&rd), NICK_MAX, r->nick);
	take_string(&rd, rd_u16(&rd), REQUEST_TEXT_MAX, r->text);
	return rd_done(&rd);
}

int answer_encode(const struct answer *a, struct buf *out)
{
	bool accepted = a->status == ANSWER_ACCEPTED;
	uint8_t *p;
	int err;

	if (a->status > ANSWER_REFUSED)
		return ERR_INVALID;
	if (accepted && (err = identity_check(a->locator.onion)))
		return err;
	err = reserve(out, 1 + (accepted ? CLAIM_BYTES + locator_size(&a->locator) : 0), &p);
	if (err)
		return err;
	p = put_be(p, a->status, 1);
	if (accepted) {
		p = put(p, a->link_key, KEY_BYTES);
		p = put(p, a->proof, PROOF_BYTES);
		locator_put(p, &a->locator);
	}
	return 0;
}

int answer_decode(const uint8_t *body, size_t len, struct answer *a)
{
	struct rd rd;
	uint8_t status;

	memset(a, 0, sizeof(*a));
	rd_init(&rd, body, len);
	status = rd_u8(&rd);
	if (status > ANSWER_REFUSED)
		return ERR_PROTOCOL;
	a->status = status;
	if (a->status == ANSWER_ACCEPTED) {
		rd_bytes(&rd, a->link_key, KEY_BYTES);
		rd_bytes(&rd, a->proof, PROOF_BYTES);
		locator_take(&rd, &a->locator);
	}
	return rd_done(&rd);
}

int accept_encode(const struct accept *a, struct buf *out)
{
	size_t nick_len;
	uint8_t *p;
	int err;

	if ((err = string_check(a->nick, NICK_MAX, &nick_len)) || (err = identity_check(a->locator.onion)))
		return err;
	err = reserve(out, CLAIM_BYTES + locator_size(&a->locator) + 1 + nick_len, &p);
	if (err)
		return err;
	p = put(p, a->link_key, KEY_BYTES);
	p = put(p, a->proof, PROOF_BYTES);
	p = locator_put(p, &a->locator);
	p = put_be(p, nick_len, 1);
	put(p, a->nick, nick_len);
	return 0;
}

int accept_decode(const uint8_t *body, size_t len, struct accept *a)
{
	struct rd rd;

	rd_init(&rd, body, len);
	rd_bytes(&rd, a->link_key, KEY_BYTES);
	rd_bytes(&rd, a->proof, PROOF_BYTES);
	locator_take(&rd, &a->locator);
	take_string(&rd, rd_u8(&rd), NICK_MAX, a->nick);
	return rd_done(&rd);
}

int redeem_encode(const struct redeem *r, struct buf *out)
{
	size_t nick_len;
	uint8_t *p;
	int err;

	if ((err = string_check(r->nick, NICK_MAX, &nick_len)) || (err = identity_check(r->locator.onion)))
		return err;
	err = reserve(out, TOKEN_BYTES + CLAIM_BYTES + locator_size(&r->locator) + 1 + nick_len, &p);
	if (err)
		return err;
	p = put(p, r->token, TOKEN_BYTES);
	p = put(p, r->link_key, KEY_BYTES);
	p = put(p, r->proof, PROOF_BYTES);
	p = locator_put(p, &r->locator);
	p = put_be(p, nick_len, 1);
	put(p, r->nick, nick_len);
	return 0;
}

int redeem_decode(const uint8_t *body, size_t len, struct redeem *r)
{
	struct rd rd;

	rd_init(&rd, body, len);
	rd_bytes(&rd, r->token, TOKEN_BYTES);
	rd_bytes(&rd, r->link_key, KEY_BYTES);
	rd_bytes(&rd, r->proof, PROOF_BYTES);
	locator_take(&rd, &r->locator);
	take_string(&rd, rd_u8(&rd), NICK_MAX, r->nick);
	return rd_done(&rd);
}

/* ---- between contacts ----------------------------------------------------- */

/* Of an unknown kind nobody knows yet what it holds. */
static int message_text_check(uint8_t kind, const char *text, size_t len)
{
	if (len > TEXT_MAX)
		return ERR_TOO_LONG;
	if (kind > MESSAGE_NOTICE)
		return 0;
	return len ? text_check(text, len, TEXT_MAX) : ERR_INVALID;
}

int message_encode(const struct message *m, struct buf *out)
{
	uint8_t *p;
	int err = message_text_check(m->kind, m->text, m->text_len);

	if (err)
		return err;
	err = reserve(out, MSGID_BYTES + 4 + 1 + m->text_len, &p);
	if (err)
		return err;
	p = put(p, m->id, MSGID_BYTES);
	p = put_be(p, m->minute, 4);
	p = put_be(p, m->kind, 1);
	put(p, m->text, m->text_len);
	return 0;
}

int message_decode(const uint8_t *body, size_t len, struct message *m)
{
	struct rd rd;

	rd_init(&rd, body, len);
	rd_bytes(&rd, m->id, MSGID_BYTES);
	m->minute = rd_u32(&rd);
	m->kind = rd_u8(&rd);
	m->text_len = rd.left;
	m->text = (const char *)rd_take(&rd, rd.left);
	if (rd_done(&rd) || message_text_check(m->kind, m->text, m->text_len))
		return ERR_PROTOCOL;
	return 0;
}

/* ---- what a plain message can't say --------------------------------------- */

static bool only_lf(const char *text, size_t len)
{
	size_t n = 0;

	while (n < len && text[n] == '\n')
		n++;
	return n == len;
}

/* ERR_VERSION: what it must hold is not known here. */
static int rich_check(const struct rich *r)
{
	switch (r->what) {
	case RICH_TEXT:
	case RICH_ACTION:
	case RICH_NOTICE:
		return only_lf(r->text, r->text_len) ? ERR_INVALID
						     : lines_check(r->text, r->text_len, LINES_TEXT_MAX);
	case RICH_REACT:
	case RICH_UNREACT:
		return r->has_re && r->text_len ? text_check(r->text, r->text_len, REACTION_MAX) : ERR_INVALID;
	case RICH_REDACT:
		return r->has_re ? text_check(r->text, r->text_len, REASON_MAX) : ERR_INVALID;
	}
	return ERR_VERSION;
}

static bool re_is_none(const uint8_t re[MSGID_BYTES])
{
	static const uint8_t none[MSGID_BYTES];

	return !memcmp(re, none, MSGID_BYTES);
}

int rich_encode(const struct rich *r, struct buf *out)
{
	uint8_t *p;
	int err = rich_check(r);

	if (err)
		return err;
	if (r->has_re == re_is_none(r->re))
		return ERR_INVALID;
	err = reserve(out, RICH_HEAD_BYTES + r->text_len, &p);
	if (err)
		return err;
	p = put_be(p, r->what, 1);
	p = put(p, r->re, MSGID_BYTES);
	put(p, r->text, r->text_len);
	return 0;
}

int rich_decode(const uint8_t *body, size_t len, struct rich *r)
{
	struct rd rd;
	int err;

	rd_init(&rd, body, len);
	r->what = (enum rich_what)rd_u8(&rd);
	if (!rd.failed && r->what > RICH_REDACT)
		return ERR_VERSION;
	rd_bytes(&rd, r->re, MSGID_BYTES);
	r->text_len = rd.left;
	r->text = (const char *)rd_take(&rd, rd.left);
	err = rd_done(&rd);
	if (err)
		return err;
	r->has_re = !re_is_none(r->re);
	return rich_check(r) ? ERR_PROTOCOL : 0;
}

int profile_encode(const struct profile *f, struct buf *out)
{
	size_t nick_len, away_len;
	uint8_t *p;
	int err;

	if ((err = string_check(f->nick, NICK_MAX, &nick_len)) ||
	    (err = string_check(f->away_text, AWAY_MAX, &away_len)))
		return err;
	if (!f->away && away_len)
		return ERR_INVALID;
	err = reserve(out, KEY_BYTES + 1 + nick_len + 1 + 1 + away_len, &p);
	if (err)
		return err;
	p = put(p, f->identity, KEY_BYTES);
	p = put_be(p, nick_len, 1);
	p = put(p, f->nick, nick_len);
	p = put_be(p, f->away, 1);
	p = put_be(p, away_len, 1);
	put(p, f->away_text, away_len);
	return 0;
}

int profile_decode(const uint8_t *body, size_t len, struct profile *f)
{
	struct rd rd;
	uint8_t away;

	rd_init(&rd, body, len);
	rd_bytes(&rd, f->identity, KEY_BYTES);
	take_string(&rd, rd_u8(&rd), NICK_MAX, f->nick);
	away = rd_u8(&rd);
	f->away = away == 1;
	take_string(&rd, rd_u8(&rd), AWAY_MAX, f->away_text);
	if (away > 1 || (!f->away && f->away_text[0]))
		return ERR_PROTOCOL;
	return rd_done(&rd);
}

static bool seq_valid(uint64_t seq, uint64_t least)
{
	return seq >= least && seq <= SEQ_MAX;
}

void sealed_head(const uint8_t epoch[EPOCH_BYTES], uint64_t seq, uint8_t out[SEALED_HEAD_BYTES])
{
	put_be(put(out, epoch, EPOCH_BYTES), seq, 8);
}

int sealed_decode(const uint8_t *body, size_t len, struct sealed *s)
{
	struct rd rd;

	rd_init(&rd, body, len);
	rd_bytes(&rd, s->epoch, EPOCH_BYTES);
	s->seq = rd_u64(&rd);
	s->box_len = rd.left;
	s->box = rd_take(&rd, rd.left);
	if (rd_done(&rd) || !seq_valid(s->seq, 1) || s->box_len < RATCHET_OVERHEAD ||
	    s->box_len > RATCHET_OVERHEAD + MESSAGE_BYTES_MAX)
		return ERR_PROTOCOL;
	return 0;
}

int sync_encode(const struct sync *s, struct buf *out)
{
	uint8_t *p;
	int err;

	if (!seq_valid(s->sent, 0) || !seq_valid(s->acked, 0) || !seq_valid(s->received, 0))
		return ERR_INVALID;
	err = reserve(out, 8 + EPOCH_BYTES + 3 * 8, &p);
	if (err)
		return err;
	p = put_be(p, s->token, 8);
	p = put(p, s->epoch, EPOCH_BYTES);
	p = put_be(p, s->sent, 8);
	p = put_be(p, s->acked, 8);
	put_be(p, s->received, 8);
	return 0;
}

int sync_decode(const uint8_t *body, size_t len, struct sync *s)
{
	struct rd rd;

	rd_init(&rd, body, len);
	s->token = rd_u64(&rd);
	rd_bytes(&rd, s->epoch, EPOCH_BYTES);
	s->sent = rd_u64(&rd);
	s->acked = rd_u64(&rd);
	s->received = rd_u64(&rd);
	if (!seq_valid(s->sent, 0) || !seq_valid(s->acked, 0) || !seq_valid(s->received, 0))
		return ERR_PROTOCOL;
	return rd_done(&rd);
}

bool sync_common(const struct sync *a, const struct sync *b)
{
	static const uint8_t none[EPOCH_BYTES];

	return memcmp(a->epoch, none, EPOCH_BYTES) != 0 && !memcmp(a->epoch, b->epoch, EPOCH_BYTES) &&
	       a->received <= b->sent && b->received <= a->sent && a->acked <= b->received &&
	       b->acked <= a->received;
}

int seq_encode(const struct seq_of *a, struct buf *out)
{
	uint8_t *p;
	int err;

	if (!seq_valid(a->seq, 1))
		return ERR_INVALID;
	err = reserve(out, EPOCH_BYTES + 8, &p);
	if (!err)
		put_be(put(p, a->epoch, EPOCH_BYTES), a->seq, 8);
	return err;
}

int seq_decode(const uint8_t *body, size_t len, struct seq_of *a)
{
	struct rd rd;

	rd_init(&rd, body, len);
	rd_bytes(&rd, a->epoch, EPOCH_BYTES);
	a->seq = rd_u64(&rd);
	return rd_done(&rd) || !seq_valid(a->seq, 1) ? ERR_PROTOCOL : 0;
}

int ping_encode(uint64_t token, struct buf *out)
{
	return buf_put_u64(out, token);
}

int ping_decode(const uint8_t *body, size_t len, uint64_t *token)
{
	struct rd rd;

	rd_init(&rd, body, len);
	*token = rd_u64(&rd);
	return rd_done(&rd);
}

int typing_encode(enum typing state, struct buf *out)
{
	if (state < TYPING_ACTIVE || state > TYPING_DONE)
		return ERR_INVALID;
	return buf_put_u8(out, (uint8_t)state);
}

int typing_decode(const uint8_t *body, size_t len, enum typing *state)
{
	struct rd rd;
	uint8_t v;

	rd_init(&rd, body, len);
	v = rd_u8(&rd);
	*state = (enum typing)v;
	return rd_done(&rd) || v < TYPING_ACTIVE || v > TYPING_DONE ? ERR_PROTOCOL : 0;
}

int close_encode(enum close_reason reason, struct buf *out)
{
	return buf_put_u8(out, (uint8_t)reason);
}

int close_decode(const uint8_t *body, size_t len, enum close_reason *reason)
{
	struct rd rd;
	uint8_t v;

	rd_init(&rd, body, len);
	v = rd_u8(&rd);
	*reason = v > CLOSE_RENEW ? CLOSE_DONE : (enum close_reason)v;
	return rd_done(&rd);
}
