/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The configuration of a managed tor. */
#ifndef TOR_TORRC_H
#define TOR_TORRC_H

#include <sys/types.h>

#include "base/buf.h"

#define TORRC_MAX 131072 /* bytes, with what the operator appended */

struct torrc {
	const char *data_dir;
	const char *control_path;
	const char *socks_path;
	const char *extra; /* text to append; may be NULL */
	pid_t owner;
};

/* Writes the torrc's text: ERR_INVALID for a path with a control character, ERR_FULL, ERR_NOMEM. */
int torrc_put(struct buf *out, const struct torrc *t);

#endif
