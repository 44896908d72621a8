/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The request that opens a WebSocket (RFC 6455 section 4.2), and who may make it.
 *
 * Any web page can have its visitor's browser open a WebSocket to loopback.  Two headers that pages can't
 * forge keep them out.  Origin names the page's site, and must be one that the operator has named.  Host
 * names what the browser believes to talk to: it must be loopback or this server's name, else a site has its
 * own name resolve to loopback (DNS rebinding).  Who sends no Origin is no browser's page, and may come in as
 * it could on a plain listener: browsers send it with every such request, and no page can make them leave it
 * out.  What browsers alone send (Sec-Fetch-Site) without Origin is refused all the same.
 */
#ifndef IO_UPGRADE_H
#define IO_UPGRADE_H

#include <stddef.h>

#include "io/inlet.h"

#define UPGRADE_HEAD_MAX   8192
#define UPGRADE_ANSWER_MAX 256
#define UPGRADE_KEY_LEN	   24
#define UPGRADE_OK	   101

enum upgrade_protocol { UPGRADE_ANY, UPGRADE_TEXT, UPGRADE_BINARY };

struct upgrade {
	char key[UPGRADE_KEY_LEN + 1];
	enum upgrade_protocol protocol; /* the first offered one that we speak; ANY: none of them */
};

/* Bytes of the head with the empty line that ends it; 0: it isn't whole yet. */
size_t upgrade_end(const char *data, size_t len);
/* False as soon as these first bytes can't become a request that would be accepted. */
bool upgrade_may_be(const char *data, size_t len);
/* head: what came, len bytes, whole and with nothing behind it, or it is refused.  UPGRADE_OK, or the HTTP
 * status to refuse with. */
int upgrade_parse(const char *head, size_t len, const struct ws_rules *rules, struct upgrade *out);
/* The whole answer, NUL-terminated; u is read for UPGRADE_OK alone. */
void upgrade_answer(int status, const struct upgrade *u, char out[UPGRADE_ANSWER_MAX]);

#endif
