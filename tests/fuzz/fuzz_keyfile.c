/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Key files: whatever is taken has one size and parameters that can be afforded. */
#include "fuzz.h"

#include "store/keyfile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct keyfile kf;
	if (keyfile_parse(data, len, &kf))
		return 0;
	fuzz_check(len == 108);
	fuzz_check(kf.params.passes >= 1 && kf.params.passes <= 16);
	fuzz_check(kf.params.memory_kib >= 8 && kf.params.memory_kib <= 1024 * 1024);
	fuzz_check(!memcmp(kf.salt, data + 20, sizeof(kf.salt)));
	fuzz_check(!memcmp(kf.sealed, data + 36, sizeof(kf.sealed)));
	return 0;
}
