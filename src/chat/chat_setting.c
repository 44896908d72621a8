/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the user has set, as texts by name: which names there are and what they mean is the front's business. */
#include "chat_impl.h"

#include <string.h>

#include "base/str.h"

/* Names of settings are a space of their own among the store's named values. */
static int meta_name(const char *name, char out[SETTING_NAME_MAX + 5])
{
	return str_fmt(out, SETTING_NAME_MAX + 5, "set.%s", name);
}

int chat_setting_get(const struct chat *c, const char *name, char out[SETTING_VALUE_MAX + 1])
{
	char meta[SETTING_NAME_MAX + 5];
	size_t len = 0;
	int err = meta_name(name, meta);

	if (!err)
		err = c->broken;
	if (!err)
		err = store_meta_get(c->store, meta, out, SETTING_VALUE_MAX, &len);
	out[err ? 0 : len] = '\0';
	return err;
}

int chat_setting_set(struct chat *c, const char *name, const char *value)
{
	char meta[SETTING_NAME_MAX + 5];
	size_t len = strlen(value);
	int err = meta_name(name, meta);

	if (!err && len > SETTING_VALUE_MAX)
		err = ERR_TOO_LONG;
	if (!err)
		err = c->broken;
	return err ? err : chat_break(c, store_meta_set(c->store, meta, value, len));
}
