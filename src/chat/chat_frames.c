/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Frames that came, by the kind of their link. */
#include "chat_impl.h"

static int on_ping(struct chat *c, struct chat_link *l, const uint8_t *body, size_t len)
{
	int err = ping_decode(body, len, &l->pong_token);

	if (err)
		return err;
	l->want_pong = true;
	flush_soon(c, l);
	return 0;
}

static int on_pong(struct chat *c, struct now now, struct chat_link *l, const uint8_t *body, size_t len)
{
	uint64_t token;
	int err = ping_decode(body, len, &token);

	if (!err)
		links_pong(c, now, l, token);
	return err;
}

static int on_close(struct chat *c, struct now now, struct chat_link *l, const uint8_t *body, size_t len)
{
	enum link_end how = LINK_LOST;
	enum close_reason reason;
	int err = close_decode(body, len, &reason);

	if (err)
		return err;
	switch (reason) {
	case CLOSE_DONE:
	case CLOSE_OFFLINE:
		how = LINK_LEFT;
		break;
	case CLOSE_SUPERSEDED:
	case CLOSE_RENEW:
		how = LINK_REPLACED;
		break;
	}
	net_call(c, close, l->id);
	links_ended(c, now, l, how);
	return 0;
}

static int on_profile(struct chat *c, struct now now, struct chat_link *l, const uint8_t *body, size_t len)
{
	struct chat_peer *p = l->peer;
	int err = presence_on_profile(c, now, p, body, len);

	if (err)
		return err;
	if (!l->heard) {
		l->heard = true;
		l->heard_seq = ++c->link_seq;
		links_watch(c, now, l);
		use_changed(p);
		if (p->chooser)
			use_choose(c, now, p);
	}
	return 0;
}

static int on_use(struct chat *c, struct now now, struct chat_link *l, const uint8_t *body, size_t len)
{
	uint64_t token;
	int err = ping_decode(body, len, &token);

	if (err || l->peer->chooser)
		return ERR_PROTOCOL;
	use_told(c, now, l, token);
	return 0;
}

static int key_link_on_frame(struct chat *c, struct now now, struct chat_link *l, uint8_t type,
			     const uint8_t *body, size_t len)
{
	if (type == FRAME_PROFILE)
		return on_profile(c, now, l, body, len);
	if (!l->heard || type == FRAME_REQUEST || type == FRAME_ANSWER || type == FRAME_ACCEPT)
		return ERR_PROTOCOL;
	switch (type) {
	case FRAME_USE:
		return on_use(c, now, l, body, len);
	case FRAME_SYNC:
		return epoch_on_sync(c, now, l, body, len);
	case FRAME_MESSAGE:
		return conversation_on_message(c, now, l, body, len);
	case FRAME_ACK:
		return outbox_on_ack(c, now, l, body, len);
	case FRAME_NACK:
		return outbox_on_nack(c, now, l, body, len);
	case FRAME_TYPING:
		return rich_on_typing(c, now, l, body, len);
	}
	return 0; /* of a later version */
}

int chat_on_frame(struct chat *c, struct now now, link_id link, uint8_t type, const uint8_t *body, size_t len)
{
	struct chat_link *l = links_find(c, link);

	if (c->broken)
		return c->broken;
	c->now = now;
	if (!l)
		return 0; /* closed by us a moment ago */
	links_heard(c, now, l);
	if (type == FRAME_PING)
		return on_ping(c, l, body, len);
	if (type == FRAME_PONG)
		return on_pong(c, now, l, body, len);
	if (type == FRAME_CLOSE)
		return on_close(c, now, l, body, len);
	return l->by_identity ? acceptance_on_frame(c, now, l, type, body, len)
			      : key_link_on_frame(c, now, l, type, body, len);
}
