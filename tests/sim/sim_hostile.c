/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Enemies.  One sits on the wires: it changes records, sends them again on the same connection or another,
 * back to where they came from, leaves some out, and opens connections with the first records of others.  The
 * only thing that it may reach is that connections end.  The other is a contact, Mallory: a real account
 * whose frames are mixed with lies, garbage and floods.  It may spoil what stands between itself and others,
 * and nothing else.
 */
#include "sim.h"

#include <stdlib.h>
#include <string.h>

#include "link/link.h"

#define FLOOD_MAX 400

/* ---- on the wires ---- */

static void tape(struct sim *s, struct end *from, const uint8_t record[RECORD_BYTES])
{
	struct taped *t = &s->tape[sim_random(s, TAPE_MAX)];

	memcpy(t->record, record, RECORD_BYTES);
	t->to = from->wire->end[from == &from->wire->end[0]].node;
	t->first = from == &from->wire->end[0] && from->sent == 0;
}

static void inject(struct sim *s, struct end *to, const uint8_t record[RECORD_BYTES])
{
	s->n.attacks++;
	wire_inject(to, record, 1 + sim_random(s, 2000));
}

bool hostile_on_record(struct end *from, uint8_t record[RECORD_BYTES])
{
	struct wire *w = from->wire;
	struct sim *s = w->end[1].node->sim;
	struct end *to = &w->end[from == &w->end[0]];
	bool pass = true;

	tape(s, from, record);
	if (sim_random(s, 1000) >= s->enemy || !s->faulty)
		return true;
	switch (sim_random(s, 5)) {
	case 0:
		record[sim_random(s, RECORD_BYTES)] ^= (uint8_t)(1u << sim_random(s, 8));
		from->bent = from->sent > 0; /* of a handshake's the filling may be anything */
		s->n.attacks++;
		break;
	case 1:
		inject(s, to, record);
		break;
	case 2:
		inject(s, from, record);
		break;
	case 3:
		inject(s, to, s->tape[sim_random(s, TAPE_MAX)].record);
		break;
	case 4:
		from->bent = true; /* there is a gap */
		s->n.attacks++;
		pass = false;
		break;
	}
	return pass;
}

/* A connection to somebody, with what somebody else began one with. */
void hostile_replay(struct sim *s)
{
	struct taped *t = &s->tape[sim_random(s, TAPE_MAX)];
	struct end *e;

	if (!t->to || !t->first || !t->to->chat)
		return;
	e = wire_forge(s, t->to);
	inject(s, e, t->record);
	t = &s->tape[sim_random(s, TAPE_MAX)];
	if (sim_random(s, 2))
		inject(s, e, t->record);
}

/* ---- Mallory ---- */

void hostile_on_frame(struct node *n, uint8_t type, const void *body, size_t len)
{
	struct heard *h = &n->heard[sim_random(n->sim, HEARD_MAX)];

	if (!n->hostile || len > sizeof(h->body))
		return;
	h->type = type;
	h->len = len;
	memcpy(h->body, body, len);
}

static void random_bytes(struct sim *s, uint8_t *p, size_t len)
{
	while (len--)
		*p++ = (uint8_t)sim_random(s, 256);
}

/* A number where one might be, mostly small: counts, seqs and lengths are numbers. */
static void lie(struct sim *s, uint8_t *body, size_t len)
{
	size_t width = 1u << sim_random(s, 4);
	size_t at;

	if (len < width)
		return;
	at =
	    sim_random(s, 2) ? (sim_random(s, len - width + 1) & ~(size_t)7) : sim_random(s, len - width + 1);
	if (at + width > len)
		at = len - width;
	memset(body + at, sim_random(s, 4) ? 0 : 0xff, width);
	body[at + width - 1] = (uint8_t)sim_random(s, 256);
}

static size_t make_frame(struct sim *s, struct node *n, uint8_t *type, uint8_t body[HEARD_BYTES])
{
	const struct heard *h = &n->heard[sim_random(s, HEARD_MAX)];
	size_t len = h->len;

	*type = h->type;
	memcpy(body, h->body, len);
	switch (sim_random(s, 6)) {
	case 0: /* as it was */
		break;
	case 1:
	case 2:
		lie(s, body, len);
		break;
	case 3:
		len = sim_random(s, len + 1);
		break;
	case 4:
		*type = (uint8_t)(1 + sim_random(s, 30));
		break;
	case 5:
		len = sim_random(s, sim_random(s, 2) ? 64 : HEARD_BYTES);
		*type = (uint8_t)(sim_random(s, 8) ? 1 + sim_random(s, 30) : sim_random(s, 256));
		random_bytes(s, body, len);
		break;
	}
	return len;
}

static void speak(struct sim *s, struct node *n, struct end *e)
{
	size_t many = sim_random(s, 4) ? 1 + sim_random(s, 4) : sim_random(s, FLOOD_MAX);
	uint8_t body[HEARD_BYTES];
	uint8_t type;

	while (many--) {
		size_t len = make_frame(s, n, &type, body);

		if (link_send(e->link, type, body, len) == ERR_FULL)
			break;
		s->n.lies++;
	}
}

void hostile_speak(struct node *n)
{
	struct sim *s = n->sim;
	uint8_t record[RECORD_BYTES];
	struct end *e;

	if (!s->faulty || !n->chat)
		return;
	TAILQ_FOREACH (e, &n->ends, entry) {
		if (sim_random(s, 2))
			continue;
		speak(s, n, e);
		if (sim_random(s, 20) == 0) {
			random_bytes(s, record, sizeof(record));
			inject(s, &e->wire->end[e == &e->wire->end[0]], record);
		}
	}
}
