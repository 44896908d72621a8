/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The door is open to anybody: who comes is served at a bounded rate, and those who come too fast wait in a
 * bounded queue.  It is short, so that who is served is still there.
 */
#include <unistd.h>

#include "base/err.h"
#include "io/stream.h"
#include "peer_private.h"

/*
 * Each connection uses up door_interval_ms of the time that passes; what was not used is kept for up to
 * door_burst of them.
 */
static uint64_t wait_ms(const struct peer *p, uint64_t now_ms)
{
	uint64_t ahead_ms = (p->opts.door_burst - 1) * p->opts.door_interval_ms;

	return p->door.paid_ms > now_ms + ahead_ms ? p->door.paid_ms - now_ms - ahead_ms : 0;
}

static int take_first(struct peer_door *door)
{
	int fd = door->waiting[door->first];

	door->first = (door->first + 1) % PEER_WAITING_MAX;
	door->n--;
	return fd;
}

static void serve(struct peer *p)
{
	struct peer_door *door = &p->door;
	uint64_t now_ms = loop_now_ms(p->loop);

	while (door->n > 0 && wait_ms(p, now_ms) == 0) {
		if (door->paid_ms < now_ms)
			door->paid_ms = now_ms;
		door->paid_ms += p->opts.door_interval_ms;
		peer_link_incoming(door->service, take_first(door));
	}
	if (door->n > 0)
		timer_set(door->timer, wait_ms(p, now_ms));
}

static void on_timer(void *ctx)
{
	serve(ctx);
}

void peer_door_accept(struct peer_service *s, int fd)
{
	struct peer_door *door = &s->peer->door;

	if (door->n == PEER_WAITING_MAX) {
		close(fd);
		return;
	}
	door->service = s;
	door->waiting[(door->first + door->n++) % PEER_WAITING_MAX] = fd;
	serve(s->peer);
}

void peer_door_empty(struct peer *p)
{
	while (p->door.n > 0)
		close(take_first(&p->door));
	p->door.service = NULL;
}

int peer_door_init(struct peer *p)
{
	p->door.timer = timer_new(p->loop, on_timer, p);
	return p->door.timer == NULL ? ERR_NOMEM : 0;
}

void peer_door_clear(struct peer *p)
{
	peer_door_empty(p);
	timer_free(p->door.timer);
}
