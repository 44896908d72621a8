/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/err.h"

const char *err_str(int err)
{
	switch (err) {
	case 0:
		return "success";
#define X(name, value, text)                                                                                 \
	case name:                                                                                           \
		return text;
		ERR_MAP(X)
#undef X
	}
	return "unknown error";
}
