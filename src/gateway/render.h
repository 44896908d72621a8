/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A stored line as IRC lines for one client. */
#ifndef GATEWAY_RENDER_H
#define GATEWAY_RENDER_H

#include "client.h"

/*
 * Messages of a contact come from it; own ones, sent by another client, come from oneself to the contact;
 * news come from the service.  Long text is split at code points, by what the recipient's prefix leaves of a
 * line.  replayed: its time goes into the text too, where the account's setting or the client wants that.
 */
void render_line(struct client *c, const struct contact *contact, const struct line_row *l, bool replayed);

#endif
