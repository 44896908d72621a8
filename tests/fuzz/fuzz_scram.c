/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A client's messages of SCRAM: the first line is its first one, the rest its final one.  Nobody without the password
 * gets in. */
#include "fuzz.h"

#include "base/err.h"
#include "crypto/scram.h"

static void check_names(const struct scram_names *names)
{
	fuzz_check(names->user[0] != '\0' && strlen(names->user) <= SCRAM_NAME_MAX);
	fuzz_check(strlen(names->authzid) <= SCRAM_NAME_MAX);
	fuzz_check(utf8_valid(names->user, strlen(names->user)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const struct scram_verifier v = {.iterations = 4096};
	const uint8_t *lf = len ? memchr(data, '\n', len) : NULL;
	const size_t first_len = lf ? (size_t)(lf - data) : len;
	const char *final = lf ? (const char *)lf + 1 : "";
	char out[SCRAM_FINAL_LEN + 1];
	struct scram_names names;
	const char *challenge;
	struct scram s;
	size_t n;

	fuzz_check(!crypto_start());
	scram_init(&s);
	if (!scram_first(&s, (const char *)data, first_len, &names)) {
		check_names(&names);
		fuzz_check(!scram_challenge(&s, "server", &v, &challenge, &n));
		fuzz_check(n > 2 && !memcmp(challenge, "r=", 2));
		fuzz_check(scram_final(&s, final, lf ? len - first_len - 1 : 0, &v, out));
	}
	scram_clear(&s);
	return 0;
}
