/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "irc/capability.h"

#include <string.h>

#include "base/str.h"

static const struct {
	const char *name;
	const char *value;
} table[CAPABILITY_COUNT] = {
#define X(name, wire, value, offered) {wire, value},
    CAPABILITY_MAP(X)
#undef X
};

const char *capability_name(size_t i)
{
	return table[i].name;
}

const char *capability_value(size_t i)
{
	return table[i].value;
}

uint32_t capability_find(const char *name, size_t len)
{
	for (size_t i = 0; i < CAPABILITY_COUNT; i++)
		if (strlen(table[i].name) == len && memcmp(table[i].name, name, len) == 0)
			return UINT32_C(1) << i;
	return 0;
}

bool capability_request(const char *list, uint32_t offered, uint32_t *caps)
{
	uint32_t wanted = *caps;

	for (;;) {
		bool remove;
		uint32_t bit;
		size_t len;

		list += strspn(list, " ");
		if (*list == '\0')
			break;
		remove = *list == '-';
		list += remove;
		len = strcspn(list, " ");
		bit = capability_find(list, len) & offered;
		if (bit == 0)
			return false;
		wanted = remove ? wanted & ~bit : wanted | bit;
		list += len;
	}
	*caps = wanted;
	return true;
}

bool capability_list(uint32_t mask, const char *const values[CAPABILITY_COUNT], size_t *index, char *out, size_t size)
{
	size_t used = 0;

	out[0] = '\0';
	for (; *index < CAPABILITY_COUNT; (*index)++) {
		const char *value = values != NULL ? values[*index] : NULL;
		char item[128];

		if ((mask & (UINT32_C(1) << *index)) == 0)
			continue;
		str_fmt(item, sizeof(item), "%s%s%s%s", used > 0 ? " " : "", table[*index].name,
			value != NULL ? "=" : "", value != NULL ? value : "");
		if (str_copy(out + used, size - used, item) != 0)
			return true;
		used += strlen(item);
	}
	return false;
}
