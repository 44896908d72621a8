/* SPDX-License-Identifier: GPL-3.0-or-later */
/* QR codes as lines of half blocks: two rows of modules a line, light ones drawn, since terminals are mostly
 * dark. */
#ifndef GATEWAY_QR_H
#define GATEWAY_QR_H

/* Upper case takes fewer modules.  The quiet zone of four modules (ISO/IEC 18004) is part of the picture. line
 * is valid during the call. ERR_INVALID: too long; ERR_NOMEM. */
int qr_each_line(const char *text, void (*cb)(void *ctx, const char *line), void *ctx);

#endif
