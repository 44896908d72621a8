/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What answers on a SOCKS socket, cut anywhere. */
#include "fuzz.h"

#include "../../src/tor/socks.h"
#include "base/err.h"

struct outcome {
	int result;
	uint8_t reply;
	size_t rest; /* bytes left for the application */
};

static struct outcome talk(const uint8_t *data, size_t len, size_t step)
{
	struct outcome o = {0};
	struct socks s;
	struct buf in, out;
	size_t n;

	buf_init(&in, len + 1);
	buf_init(&out, SOCKS_OUT_MAX);
	fuzz_check(socks_start(&s, "example.onion", 6697, "bob", 7, &out) == 0);
	for (size_t at = 0; at < len && o.result == 0; at += n) {
		n = len - at < step ? len - at : step;
		fuzz_check(buf_put(&in, data + at, n) == 0);
		o.result = socks_step(&s, &in, &out);
		o.rest = buf_len(&in) + (len - at - n);
		/* What is still unread never passes the longest answer. */
		fuzz_check(o.result != 0 || buf_len(&in) < SOCKS_IN_MAX);
	}
	fuzz_check(o.result == 0 || o.result == 1 || o.result == ERR_REFUSED || o.result == ERR_AUTH ||
		   o.result == ERR_PROTOCOL);
	fuzz_check(o.result != 1 || (s.state == SOCKS_DONE && s.reply == 0));
	o.reply = s.reply;
	buf_clear(&in);
	buf_clear(&out);
	return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct outcome whole = talk(data, len, len + 1), cut = talk(data, len, 1);

	fuzz_check(whole.result == cut.result && whole.reply == cut.reply);
	fuzz_check(whole.result != 1 || whole.rest == cut.rest);
	return 0;
}
