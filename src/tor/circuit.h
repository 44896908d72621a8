/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The lines of GETINFO circuit-status (control-spec 3.9 and 4.1.1).  Pure. */
#ifndef TOR_CIRCUIT_H
#define TOR_CIRCUIT_H

#include "tor/tor.h"

/* Reads one line.  ERR_NOT_FOUND for a circuit that isn't a joined rendezvous circuit, ERR_PROTOCOL. */
int circuit_parse(const char *line, struct tor_circuit *out);

#endif
