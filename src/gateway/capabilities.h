/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Capability negotiation: what each client is offered. */
#ifndef GATEWAY_CAPABILITIES_H
#define GATEWAY_CAPABILITIES_H

#include "client.h"

/* What is offered may have changed: CAP NEW and DEL to whom it concerns (cap-notify). */
void capabilities_refresh(struct gateway *g);

#endif
