/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * SEARCH (soju.im/search): lines by their text, sender, conversation and time.  The store is read in slices, one in
 * each turn of the loop; the client's further lines wait for the answer, as they do for a password job.
 */
#ifndef GATEWAY_SEARCH_H
#define GATEWAY_SEARCH_H

#include "client.h"

/* Without an answer; nothing happens if none runs. */
void search_cancel(struct client *c);

#endif
