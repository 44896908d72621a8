/* SPDX-License-Identifier: GPL-3.0-or-later */
/* New accounts by the commands REGISTER and VERIFY (IRCv3 draft/account-registration). */
#ifndef GATEWAY_ENROLL_H
#define GATEWAY_ENROLL_H

#include "client.h"

/* The account that was asked for was made, or not. */
void enroll_on_register(struct client *c, const char *account, int err);

#endif
