/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * WebSocket on a stream's socket (RFC 6455): each message is a line of IRC without its end (IRCv3 websocket).
 * The stream sees lines with CR LF, and must be given whole ones.
 */
#ifndef IO_WS_WIRE_H
#define IO_WS_WIRE_H

#include "io/inlet.h"

#include "wire.h"

/* The server's side on fd, which stays the caller's; rules are borrowed until the handshake is over. */
struct wire *ws_wire_new(const struct ws_rules *rules, int fd);

#endif
