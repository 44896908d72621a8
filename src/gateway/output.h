/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How lines leave for a client: see client.h for what others use. */
#ifndef GATEWAY_OUTPUT_H
#define GATEWAY_OUTPUT_H

#include "client.h"

/* Writes one line, without its line end, behind its tags: a label and a batch (each may be NULL) and those of
 * tags, which are joined by ';', or "". */
void output_emit(struct client *c, const char *label, const char *batch, const char *tags, const char *line);
/* The batch that lines are in now; NULL. */
const char *output_batch(const struct client *c);

#endif
