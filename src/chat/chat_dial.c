/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * When a contact is dialled.
 *
 * One timer and at most one dial for each contact.  The timer runs only while a dial is wanted: Tor is up, or not
 * needed (household.c), and the link that the contact's state asks for is missing, or all that stand are suspected.
 * A failure backs off from dial_min to dial_max, doubling; a link that has lasted forgets the failures.  All dials
 * of an account are bounded; a timer that is due waits for its turn.  Who is wanted at once, by the user or by a
 * message, comes next: with thousands of contacts who are away, the others' turn may take an hour to come.
 */
#include "chat_impl.h"

#include <string.h>

#include "base/log.h"
#include "base/str.h"

#define BACKOFF_JITTER 25		 /* percent */
#define FIRST_OF_ALL   1		 /* a time before that of any other dial */
#define SUSPICIONS_MAX 3		 /* dials for suspicions are dial_min * 2^3 apart at most */
#define MISSES_DOOR    3		 /* in a row: from then on each MISSES_TURN-th dial goes to the door */
#define MISSES_TURN    4
#define DOUBTED	       6 /* doublings of the first back-off, for a locator that led to nobody we know */
#define DOUBTS_MAX     3 /* more of them that follow */
#define FORGIVEN_MS    (10u * 60 * 1000) /* without a dial, after which suspicions are forgotten */

/*
 * Is the next dial one to the door, where all that is known of the contact is its address?  A contact whose
 * locators have all gone, because one of us went back to an older state, is found there again; so is one of a
 * household that is none any more, if it was told of no other place.
 */
static bool by_door(const struct chat_peer *p)
{
	if (p->pub.row.state == CONTACT_ASKED)
		return true;
	if (p->pub.local)
		return false;
	if (!p->pub.row.has_client_key && !p->pub.row.household)
		return false;
	return p->misses >= MISSES_DOOR && p->misses % MISSES_TURN == MISSES_DOOR;
}

static bool by_identity(const struct chat_peer *p)
{
	return p->pub.row.state != CONTACT_LINKED;
}

/* Is there a link between link keys that is not suspected? */
static bool trusted(const struct chat_peer *p)
{
	const struct chat_link *l;

	TAILQ_FOREACH (l, &p->links, of_peer) {
		if (!l->by_identity && !l->suspected)
			return true;
	}
	return false;
}

/* Is there a way to it now? */
static bool passable(const struct chat *c, const struct chat_peer *p)
{
	return c->tor.ready || p->pub.local;
}

static bool wanted(const struct chat *c, const struct chat_peer *p)
{
	const struct chat_link *l;

	if (c->broken || c->shut || !passable(c, p) || p->dial_id || p->misbound || p->pub.row.blocked)
		return false;
	if (!by_identity(p))
		return !trusted(p);
	TAILQ_FOREACH (l, &p->links, of_peer) {
		if (l->by_identity)
			return false;
	}
	return true;
}

static int dial_fill(struct chat_dial *d, const struct chat_peer *p)
{
	const struct contact_row *row = &p->pub.row;

	memset(d, 0, sizeof(*d));
	d->id = p->dial_id;
	d->contact = &p->pub;
	d->version = LINK_VERSION;
	d->isolation = p->pub.isolation;
	d->local = p->pub.local;
	if (by_door(p)) {
		d->role = LINK_DOOR;
		d->by_identity = true;
		memcpy(d->locator.onion, row->identity, KEY_BYTES);
		return identity_dh_public(row->identity, d->responder_static);
	}
	d->role = LINK_PRIVATE;
	d->by_identity = by_identity(p);
	memcpy(d->locator.onion, d->local ? row->identity : row->onion, KEY_BYTES);
	d->locator.has_client_key = row->has_client_key && !d->local;
	if (d->locator.has_client_key)
		memcpy(d->locator.client_key, row->client_key, KEY_BYTES);
	memcpy(d->responder_static, row->link_key, KEY_BYTES);
	return 0;
}

static void start(struct chat *c, struct now now, struct chat_peer *p)
{
	struct chat_dial d;

	if (++c->last_dial == 0)
		c->last_dial = 1;
	p->dial_id = c->last_dial;
	if (dial_fill(&d, p)) {
		p->dial_id = 0;
		str_copy(p->pub.trouble, sizeof(p->pub.trouble), "the address is not valid");
		return;
	}
	timers_cancel(&c->dial_timers, &p->dial_timer);
	p->dial_by_identity = d.by_identity;
	p->dialled_once = true;
	p->dial_stale = false;
	p->dialled_ms = now.mono_ms;
	p->pub.dialling = true;
	TAILQ_INSERT_TAIL(&c->dialling, p, of_dialling);
	c->n_dialling++;
	if (net_call(c, dial, &d))
		chat_on_dial_failed(c, now, d.id, false, "the dial could not be started");
}

static void fire(struct chat *c, struct now now, void *owner)
{
	struct chat_peer *p = owner;

	if (wanted(c, p))
		start(c, now, p);
}

void dial_init(struct chat *c, struct chat_peer *p)
{
	(void)c;
	p->dial_timer.fire = fire;
	p->dial_timer.owner = p;
}

/* A locator is what the contact says it is: if it leads to somebody else, that one is not to be bothered, whatever
 * the contact does, or says next. */
static void doubt(const struct chat *c, struct now now, struct chat_peer *p)
{
	uint64_t ms = c->opts.dial_min_ms << (DOUBTED + p->doubts);

	if (p->doubts < DOUBTS_MAX)
		p->doubts++;
	if (p->attempts < DOUBTED)
		p->attempts = DOUBTED;
	p->doubted_until_ms = now.mono_ms + (ms < c->opts.dial_max_ms ? ms : c->opts.dial_max_ms);
}

void dial_proved(struct chat_peer *p)
{
	if (p->dial_stale)
		return;
	p->proved = true;
	p->doubts = 0;
	p->doubted_until_ms = 0;
}

static uint64_t no_sooner(struct now now, const struct chat_peer *p, uint64_t at)
{
	return p->doubted_until_ms > now.mono_ms && p->doubted_until_ms > at ? p->doubted_until_ms : at;
}

void dial_soon(struct chat *c, struct now now, struct chat_peer *p, uint64_t delay_ms)
{
	uint64_t at = no_sooner(now, p, delay_ms ? now.mono_ms + delay_ms : FIRST_OF_ALL);

	if (wanted(c, p) && (!p->dial_timer.set || p->dial_timer.at_ms > at))
		timers_set(&c->dial_timers, &p->dial_timer, at);
}

static void dial_at_last(struct chat *c, struct now now, struct chat_peer *p, uint64_t delay_ms)
{
	if (wanted(c, p))
		timers_set(&c->dial_timers, &p->dial_timer,
			   no_sooner(now, p, now.mono_ms + rng_jitter(c->opts.rng, delay_ms, BACKOFF_JITTER)));
}

void dial_later(struct chat *c, struct now now, struct chat_peer *p)
{
	uint64_t delay = c->opts.dial_min_ms;
	unsigned n;

	for (n = 0; n < p->attempts && delay < c->opts.dial_max_ms; n++)
		delay *= 2;
	if (delay > c->opts.dial_max_ms)
		delay = c->opts.dial_max_ms;
	else
		p->attempts++;
	dial_at_last(c, now, p, delay);
}

void dial_missed(struct chat *c, struct now now, struct chat_peer *p)
{
	p->misses++;
	dial_later(c, now, p);
}

void dial_rarely(struct chat *c, struct now now, struct chat_peer *p)
{
	dial_at_last(c, now, p, c->opts.dial_max_ms);
}

void dial_for_message(struct chat *c, struct now now, struct chat_peer *p)
{
	uint64_t earliest = p->dialled_ms + c->opts.dial_min_ms;

	dial_soon(c, now, p, p->dialled_once && earliest > now.mono_ms ? earliest - now.mono_ms : 0);
}

void dial_suspected(struct chat *c, struct now now, struct chat_peer *p)
{
	uint64_t earliest;

	if (p->dial_timer.set || !wanted(c, p))
		return;
	if (now.mono_ms - p->dialled_ms >= FORGIVEN_MS)
		p->suspicions = 0;
	/* Where all is slow, another link only begins anew what the one before had begun to carry. */
	earliest = p->dialled_ms + (c->opts.dial_min_ms << p->suspicions);
	if (p->suspicions < SUSPICIONS_MAX)
		p->suspicions++;
	dial_soon(c, now, p, earliest > now.mono_ms ? earliest - now.mono_ms : 1);
}

void dial_beside(struct chat *c, struct now now, struct chat_peer *p)
{
	if (!c->broken && !c->shut && passable(c, p) && !p->dial_id && c->n_dialling < DIALS_MAX)
		start(c, now, p);
}

static void forget(struct chat *c, struct chat_peer *p)
{
	TAILQ_REMOVE(&c->dialling, p, of_dialling);
	c->n_dialling--;
	p->dial_id = 0;
	p->pub.dialling = false;
}

void dial_stop(struct chat *c, struct chat_peer *p)
{
	uint32_t id = p->dial_id;

	timers_cancel(&c->dial_timers, &p->dial_timer);
	if (!id)
		return;
	forget(c, p);
	net_call(c, dial_cancel, id);
}

struct chat_peer *dial_take(struct chat *c, uint32_t dial_id)
{
	struct chat_peer *p;

	TAILQ_FOREACH (p, &c->dialling, of_dialling) {
		if (p->dial_id == dial_id) {
			forget(c, p);
			return p;
		}
	}
	return NULL;
}

void dial_everybody(struct chat *c, struct now now)
{
	struct chat_peer *p = NULL;

	while ((p = contact_next(c, p))) {
		p->attempts = p->suspicions = 0;
		p->redialled = false;
		dial_soon(c, now, p, 1 + rng_uniform(c->opts.rng, (uint32_t)c->opts.dial_spread_ms));
	}
}

void chat_on_dial_failed(struct chat *c, struct now now, uint32_t dial_id, bool answered, const char *text)
{
	struct chat_peer *p = dial_take(c, dial_id);

	if (!p)
		return;
	p->misses++;
	log_debug("contact %lld: dial failed", (long long)p->pub.row.id);
	if (answered && !p->proved)
		doubt(c, now, p);
	if (p->pub.link_up) { /* beside a link that stands */
		if (wanted(c, p))
			dial_later(c, now, p);
		return;
	}
	if (str_copy(p->pub.trouble, sizeof(p->pub.trouble), text ? text : ""))
		str_copy(p->pub.trouble, sizeof(p->pub.trouble), "not reachable");
	dial_later(c, now, p);
}

void chat_retry(struct chat *c, struct now now, struct contact *contact)
{
	struct chat_peer *p = NULL;

	if (!contact) {
		while ((p = contact_next(c, p)))
			p->doubted_until_ms = 0;
		dial_everybody(c, now);
		return;
	}
	contact->impl->attempts = 0;
	contact->impl->doubted_until_ms = 0;
	/* A link that stands may be dead without anybody having noticed. */
	if (links_current(contact->impl))
		dial_beside(c, now, contact->impl);
	else
		dial_soon(c, now, contact->impl, 0);
}
