/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Records that hide when there is something to say.
 *
 * COVER_LIGHT: beside the real ones, each link sends further ones at random times that depend on nothing.
 *
 * COVER_CONSTANT: each link has a grid of slots with a random phase, and sends exactly one record in each: of
 * what waits, else of filling.  The grid is fixed when the link opens.  A loop that comes late sends one
 * record and leaves out the slots that it missed.  The record is made in the turn of its slot, of what
 * earlier turns have committed: chat queues frames at the end of a turn.  What was queued earlier in the same
 * turn is held until it is committed, like everything.  A slot that falls into a turn that flushes the disk
 * is late by that flush, some milliseconds, whatever the record holds.
 */
#include "io/stream.h"
#include "peer_private.h"

#define WHOLE_MAX 64 /* of an exponential variate: more has the probability e^-64 */

static uint32_t draw(const struct rng *rng)
{
	uint32_t v;

	rng_fill(rng, &v, sizeof(v));
	return v;
}

/*
 * Von Neumann's way to an exponential variate: a run of falling random numbers that begins with x has an odd
 * length with the probability e^-x.  Each run of even length adds 1.
 */
uint64_t peer_cover_pause(const struct rng *rng, uint64_t mean_ms)
{
	for (uint64_t whole = 0; whole < WHOLE_MAX; whole++) {
		uint32_t first = draw(rng), last = first, next;
		bool odd = true;

		while ((next = draw(rng)) < last) {
			last = next;
			odd = !odd;
		}
		if (odd)
			return whole * mean_ms + (mean_ms * first >> 32);
	}
	return WHOLE_MAX * mean_ms;
}

static void write_record(struct peer_link *l)
{
	uint8_t record[RECORD_BYTES];

	if (link_output_cover(l->link, record) == 1)
		(void)stream_write(l->stream, record, sizeof(record)); /* on an error, on_closed follows */
	crypto_wipe(record, sizeof(record));
}

static void fire_light(struct peer_link *l)
{
	if (!stream_is_full(l->stream))
		write_record(l);
	timer_set(l->cover, peer_cover_pause(l->peer->opts.rng, l->peer->opts.cover_light_ms));
}

static void fire_slot(struct peer_link *l)
{
	const uint64_t slot_ms = l->peer->opts.cover_slot_ms;
	uint64_t now_ms = loop_now_ms(l->peer->loop);

	/* While tor takes nothing, nothing is laid up for the moment when it does. */
	if (stream_pending(l->stream) == 0)
		write_record(l);
	l->slot_ms += slot_ms;
	if (l->slot_ms <= now_ms)
		l->slot_ms += ((now_ms - l->slot_ms) / slot_ms + 1) * slot_ms;
	timer_set(l->cover, l->slot_ms - now_ms);
	if (l->wants_writable)
		timer_set(l->peer->soon, 0);
}

void peer_cover_fire(struct peer_link *l)
{
	if (l->closing)
		return;
	switch (l->peer->cover) {
	case COVER_OFF:
		break;
	case COVER_LIGHT:
		fire_light(l);
		break;
	case COVER_CONSTANT:
		fire_slot(l);
		break;
	}
}

void peer_cover_start(struct peer_link *l)
{
	struct peer *p = l->peer;
	uint32_t phase_ms;

	if (l->local)
		return;
	switch (p->cover) {
	case COVER_OFF:
		timer_cancel(l->cover);
		break;
	case COVER_LIGHT:
		timer_set(l->cover, peer_cover_pause(p->opts.rng, p->opts.cover_light_ms));
		break;
	case COVER_CONSTANT:
		phase_ms = rng_uniform(p->opts.rng, (uint32_t)p->opts.cover_slot_ms);
		l->slot_ms = loop_now_ms(p->loop) + phase_ms;
		timer_set(l->cover, phase_ms);
		break;
	}
}

void peer_cover_set(struct peer *p, enum chat_cover cover)
{
	struct peer_link *l;

	if (p->cover == cover)
		return;
	p->cover = cover;
	RB_FOREACH (l, peer_link_tree, &p->open) {
		peer_cover_start(l);
		peer_link_mark(l); /* what waited for a slot */
	}
}
