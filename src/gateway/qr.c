/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "qr.h"

#include <errno.h>
#include <qrencode.h>
#include <stdbool.h>
#include <string.h>

#include "base/err.h"
#include "base/str.h"

#define QUIET	  4
#define WIDTH_MAX 77 /* modules of a version 15 symbol: a line stays under 260 bytes */

static bool is_light(const QRcode *code, int x, int y)
{
	if (x < 0 || y < 0 || x >= code->width || y >= code->width)
		return true;
	return (code->data[y * code->width + x] & 1) == 0;
}

static const char *block(bool upper, bool lower)
{
	if (upper && lower)
		return "\xe2\x96\x88"; /* U+2588 */
	if (upper)
		return "\xe2\x96\x80";	     /* U+2580 */
	return lower ? "\xe2\x96\x84" : " "; /* U+2584 */
}

int qr_each_line(const char *text, void (*cb)(void *ctx, const char *line), void *ctx)
{
	QRcode *code = QRcode_encodeString(text, 0, QR_ECLEVEL_L, QR_MODE_8, 1);
	char line[3 * (WIDTH_MAX + 2 * QUIET) + 1];
	int err = 0;

	if (code == NULL)
		return errno == ENOMEM ? ERR_NOMEM : ERR_INVALID;
	if (code->width > WIDTH_MAX)
		err = ERR_INVALID;
	for (int y = -QUIET; err == 0 && y < code->width + QUIET; y += 2) {
		size_t used = 0;

		for (int x = -QUIET; x < code->width + QUIET; x++) {
			str_copy(line + used, sizeof(line) - used,
				 block(is_light(code, x, y), is_light(code, x, y + 1)));
			used += strlen(line + used);
		}
		cb(ctx, line);
	}
	QRcode_free(code);
	return err;
}
