/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "torrc.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"

static int put(struct buf *out, const char *text)
{
	return buf_put(out, text, strlen(text));
}

/* A quoted string of tor's configuration: backslash before quote and backslash. */
static int put_quoted(struct buf *out, const char *text)
{
	int err = buf_put_u8(out, '"');

	for (; err == 0 && *text != '\0'; text++) {
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return ERR_INVALID;
		if (*text == '"' || *text == '\\')
			err = buf_put_u8(out, '\\');
		if (err == 0)
			err = buf_put_u8(out, (uint8_t)*text);
	}
	return err != 0 ? err : buf_put_u8(out, '"');
}

static int put_path(struct buf *out, const char *keyword, const char *path)
{
	int err = put(out, keyword);

	if (err == 0)
		err = buf_put_u8(out, ' ');
	if (err == 0)
		err = put_quoted(out, path);
	return err != 0 ? err : buf_put_u8(out, '\n');
}

/* KEYWORD "unix:\"path\" flags": the value is quoted as a whole, since a # in it would begin a comment, and
 * the path within it. */
static int put_socket(struct buf *out, const char *keyword, const char *path, const char *flags)
{
	struct buf value;
	int err;

	buf_init(&value, 1024);
	err = put(&value, "unix:");
	if (err == 0)
		err = put_quoted(&value, path);
	if (err == 0)
		err = put(&value, flags);
	if (err == 0)
		err = buf_put_u8(&value, '\0');
	if (err == 0)
		err = put_path(out, keyword, (const char *)buf_ptr(&value));
	buf_clear(&value);
	return err;
}

int torrc_put(struct buf *out, const struct torrc *t)
{
	char owner[64];
	int err;

	snprintf(owner, sizeof(owner), "__OwningControllerProcess %ld\n", (long)t->owner);
	err = put(out, "# Written by allium at each start; add lines through torrc_extra.\n");
	if (err == 0)
		err = put_path(out, "DataDirectory", t->data_dir);
	if (err == 0)
		err = put_socket(out, "SocksPort", t->socks_path,
				 " OnionTrafficOnly ExtendedErrors IsolateSOCKSAuth");
	if (err == 0)
		err = put_socket(out, "ControlPort", t->control_path, "");
	if (err == 0)
		err = put(out, owner);
	if (err == 0)
		err = put(out, "CookieAuthentication 1\n"
			       "ClientOnly 1\n"
			       "DormantCanceledByStartup 1\n"
			       "AvoidDiskWrites 1\n"
			       "Log notice stdout\n"
			       "SafeLogging 1\n");
	if (err == 0 && t->extra != NULL)
		err = put(out, t->extra);
	return err != 0 ? err : buf_put_u8(out, '\n');
}
