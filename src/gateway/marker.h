/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Read markers (IRCv3 read-marker): up to which time a conversation was read, on whichever client. */
#ifndef GATEWAY_MARKER_H
#define GATEWAY_MARKER_H

#include "client.h"

/* After its JOIN a client is told the channel's. */
void marker_on_join(struct client *c);

#endif
