/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What stories of sessions share: two contacts who talk, part and meet again. */
#ifndef TESTS_CHAT_SESSION_HELP_H
#define TESTS_CHAT_SESSION_HELP_H

#include "chat_help.h"

#include "../../src/chat/chat_impl.h"

static inline struct chat_peer *peer_of(struct party *p)
{
	return chat_find(p->chat, other_party(p)->name)->impl;
}

static inline void say(struct party *p, const char *text)
{
	assert_int_equal(send_text(p, &peer_of(p)->pub, text), 0);
	settle(p->w);
}

static inline struct frame next_frame(struct world *w)
{
	assert_true(w->n_frames > 0);
	const struct frame f = w->frames[0];
	w->n_frames--;
	memmove(&w->frames[0], &w->frames[1], w->n_frames * sizeof(f));
	return f;
}

static inline void meet_again(struct world *w)
{
	for (unsigned i = 0; i < 200 && !(peer_of(&w->alice)->ready && peer_of(&w->bob)->ready); i++) {
		settle(w);
		if (w->alice.n_dials)
			connect_dial(&w->alice);
		settle(w);
		if (w->bob.n_dials)
			connect_dial(&w->bob);
		settle(w);
		pass(w, 500);
	}
	assert_true(peer_of(&w->alice)->ready);
	assert_true(peer_of(&w->bob)->ready);
	pass(w, 20000);
}

static inline void assert_anew(struct party *p, unsigned times)
{
	assert_int_equal(said(p, "was set up anew"), times);
}

#endif
