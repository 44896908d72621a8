/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Whether an open link is still alive.
 *
 * A link on which nothing came for a while is pinged, and dead if nothing comes in time. Long before that a
 * link is suspected: something that must be answered left, and nothing at all came for several round trips.
 * A suspected link is pinged and stays, while its contact is dialled beside it; anything that comes clears
 * the suspicion.
 *
 * chat_tick is asked for at least every 15 s.  When it comes much too late, the process or the machine
 * was asleep, and no silence of that time means anything: all links are asked anew.
 */
#include "chat_impl.h"

#include "base/log.h"

#define PING_JITTER    25 /* percent */
#define ROUND_TRIPS    4  /* of silence make a link suspected */
#define SLOTS	       11 /* of constant cover that the longest message and what follows it take */
#define PING_SLOTS     4  /* of silence, under constant cover, where pings cost nothing */
#define RENEW_RETRY_MS (10u * 60 * 1000)
#define BEAT_MIN_MS    1000

/* ---- round trips ---- */

/* As TCP smooths them. */
static void sample(struct chat_link *l, uint64_t ms)
{
	l->srtt_ms = l->srtt_ms ? (7 * l->srtt_ms + ms) / 8 : ms;
}

static void nothing_expected(struct chat *c, struct chat_link *l)
{
	l->asked_ms = 0;
	l->silent_ms = 0;
	timers_cancel(&c->timers, &l->suspect_timer);
}

void links_answered(struct chat *c, struct now now, struct chat_link *l)
{
	uint64_t ms = now.mono_ms - l->asked_ms;

	/* The ack may be an older question's than the one that is timed: it is never too long a sample, but
	 * perhaps too short. A PONG names its ping, and corrects downwards. */
	if (l->asked_ms && ms > l->srtt_ms)
		sample(l, ms);
	nothing_expected(c, l);
}

void links_pong(struct chat *c, struct now now, struct chat_link *l, uint64_t token)
{
	uint64_t asked_ms = l->timed_ms;

	if (!asked_ms || token != l->timed_token)
		return;
	l->timed_ms = 0;
	sample(l, now.mono_ms - asked_ms);
	/* What left before the ping has arrived too. */
	if (l->asked_ms && l->asked_ms <= asked_ms)
		nothing_expected(c, l);
}

/* ---- constant cover ---- */

/* What we send waits for its slots before anybody can answer it. */
static uint64_t slots_ms(const struct chat *c)
{
	return c->cover == COVER_CONSTANT ? SLOTS * c->opts.slot_ms : 0;
}

/* So that a dead link is noticed no later than without slots. */
static uint64_t ping_ms(const struct chat *c)
{
	uint64_t ms = PING_SLOTS * c->opts.slot_ms;

	return c->cover == COVER_CONSTANT && ms < c->opts.ping_ms ? ms : c->opts.ping_ms;
}

/* ---- suspicion ---- */

static uint64_t suspect_at(const struct chat *c, const struct chat_link *l)
{
	uint64_t ms = ROUND_TRIPS * l->srtt_ms;

	return l->silent_ms + slots_ms(c) + (ms > c->opts.suspect_ms ? ms : c->opts.suspect_ms);
}

void links_expect(struct chat *c, struct now now, struct chat_link *l)
{
	if (l->by_identity)
		return;
	if (!l->asked_ms)
		l->asked_ms = now.mono_ms;
	if (l->silent_ms)
		return;
	l->silent_ms = now.mono_ms;
	if (!l->suspect_timer.set)
		timers_set(&c->timers, &l->suspect_timer, suspect_at(c, l));
}

void links_heard(struct chat *c, struct now now, struct chat_link *l)
{
	if (l->suspected)
		log_debug("link %u is not suspected any more", (unsigned)l->id);
	l->suspected = false;
	l->heard_ms = now.mono_ms;
	if (l->pinged_ms) {
		l->pinged_ms = 0;
		/* Not only when the answer was due. */
		if (l->heard)
			links_watch(c, now, l);
	}
	if (!l->silent_ms)
		return;
	l->silent_ms = now.mono_ms;
	if (!l->suspect_timer.set)
		timers_set(&c->timers, &l->suspect_timer, suspect_at(c, l));
}

static void ping(struct chat *c, struct now now, struct chat_link *l, uint64_t answer_ms)
{
	l->pinged_ms = now.mono_ms;
	l->pong_by_ms = now.mono_ms + answer_ms;
	flush_ping(c, l);
	l->timed_ms = now.mono_ms;
	l->timed_token = l->ping_token;
	links_expect(c, now, l);
	links_watch(c, now, l);
}

static void suspect(struct chat *c, struct now now, struct chat_link *l)
{
	log_debug("link %u is suspected", (unsigned)l->id);
	l->suspected = true;
	if (!l->pinged_ms)
		ping(c, now, l, c->opts.pong_ms + slots_ms(c));
}

static void suspect_fire(struct chat *c, struct now now, void *owner)
{
	struct chat_link *l = owner;

	if (!l->silent_ms || l->suspected)
		return;
	if (now.mono_ms < suspect_at(c, l)) { /* something came meanwhile */
		timers_set(&c->timers, &l->suspect_timer, suspect_at(c, l));
		return;
	}
	suspect(c, now, l);
	dial_suspected(c, now, l->peer);
}

/* ---- silence and age ---- */

void links_watch(struct chat *c, struct now now, struct chat_link *l)
{
	uint64_t silent_at = l->heard_ms + rng_jitter(c->opts.rng, ping_ms(c), PING_JITTER);

	if (l->pinged_ms)
		silent_at = l->pong_by_ms;
	else if (silent_at <= now.mono_ms)
		silent_at = now.mono_ms + 1;
	timers_set(&c->timers, &l->timer, silent_at);
}

/* A successor for a link that grows old; if it can't be had now, then later, while this one stands. */
static void renew(struct chat *c, struct now now, struct chat_link *l)
{
	if (l->dialled && now.mono_ms - l->peer->dialled_ms >= RENEW_RETRY_MS)
		dial_beside(c, now, l->peer);
}

static void fire(struct chat *c, struct now now, void *owner)
{
	struct chat_link *l = owner;
	uint64_t age = now.mono_ms - l->opened_ms;

	/* The first frame, or the answer, is due within pong_ms; so is anything after a ping. */
	if (l->by_identity || !l->heard || (l->pinged_ms && now.mono_ms >= l->pong_by_ms)) {
		links_dead(c, now, l);
		return;
	}
	if (age >= LINK_LIFE_MS) {
		links_close(c, now, l, CLOSE_RENEW, LINK_LOST);
		return;
	}
	if (age >= LINK_RENEW_MS)
		renew(c, now, l);
	if (!l->pinged_ms && now.mono_ms - l->heard_ms >= ping_ms(c) / 2)
		ping(c, now, l, c->opts.pong_ms + slots_ms(c));
	else
		links_watch(c, now, l);
}

void links_watch_init(struct chat *c, struct now now, struct chat_link *l)
{
	l->timer.fire = fire;
	l->suspect_timer.fire = suspect_fire;
	l->timer.owner = l->suspect_timer.owner = l;
	timers_set(&c->timers, &l->timer, now.mono_ms + c->opts.pong_ms + slots_ms(c));
}

void links_unwatch(struct chat *c, struct chat_link *l)
{
	timers_cancel(&c->timers, &l->timer);
	timers_cancel(&c->timers, &l->suspect_timer);
}

/* ---- waking ---- */

static void wake(struct chat *c, struct now now, struct chat_link *l)
{
	uint64_t answer_ms = c->opts.wake_pong_ms + slots_ms(c);
	struct chat_timer *alone = l->peer ? &l->peer->offline_timer : NULL;

	/* Nor did the time of a session to come up. */
	if (alone && alone->set && alone->at_ms < now.mono_ms + answer_ms)
		timers_set(&c->timers, alone, now.mono_ms + answer_ms);
	if (l->by_identity || !l->heard) {
		/* Its time to speak did not run while we slept. */
		if (l->timer.at_ms < now.mono_ms + answer_ms)
			timers_set(&c->timers, &l->timer, now.mono_ms + answer_ms);
		return;
	}
	/* A second wake does not give a dead link more time; sleep does. */
	if (l->pinged_ms && l->pong_by_ms > now.mono_ms && l->pong_by_ms - now.mono_ms < answer_ms)
		answer_ms = l->pong_by_ms - now.mono_ms;
	l->suspected = true;
	ping(c, now, l, answer_ms);
}

void chat_wake(struct chat *c, struct now now)
{
	struct chat_link *l = NULL;

	if (c->broken || c->shut)
		return;
	while ((l = links_next(c, l)))
		wake(c, now, l);
	dial_everybody(c, now);
}

/* How often chat_tick is asked for, when nothing else is due. */
static uint64_t beat_ms(const struct chat *c)
{
	uint64_t ms = c->opts.late_ms * 3 / 4;

	return ms > BEAT_MIN_MS ? ms : BEAT_MIN_MS;
}

void wake_check(struct chat *c, struct now now)
{
	if (c->beat_ms && now.mono_ms > c->beat_ms + c->opts.late_ms) {
		log_info("woken after a sleep of %llu s: all links are asked anew",
			 (unsigned long long)(now.mono_ms - c->beat_ms) / 1000);
		chat_wake(c, now);
	}
	c->beat_ms = now.mono_ms + beat_ms(c);
}

void chat_on_heard(struct chat *c, struct now now, link_id link)
{
	struct chat_link *l = links_find(c, link);

	if (l && !c->broken)
		links_heard(c, now, l);
}
