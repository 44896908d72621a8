/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Questions about circuits, whose answers come later, when the client that asked may be gone. */
#ifndef GATEWAY_CIRCUITS_H
#define GATEWAY_CIRCUITS_H

#include "client.h"

/* Tells of the links that have none: those within the household. */
void circuits_show_local(struct client *c);
/* The same, and asks; the answer goes to the client as NOTICEs if it is still there. */
void circuits_ask(struct client *c);
/* The client goes: nobody is told. */
void circuits_cancel(struct client *c);
/* The gateway goes: no answer comes any more. */
void circuits_forget(struct gateway *g);

#endif
