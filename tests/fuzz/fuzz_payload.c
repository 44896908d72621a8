/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The bodies of frames: the first byte is the type, 0 for what the ratchet seals, 64 and 65 for the text of such
 * a message that is a locator, or rich.  There is one way to write each: what decodes is encoded the same. */
#include "fuzz.h"

#include "crypto/crypto.h"
#include "link/payload.h"
#include "link/record.h"

#define RICH 65

static struct buf out;

#define ROUND_TRIP(name)                                                                                     \
	do {                                                                                                 \
		struct name v;                                                                               \
		if (name##_decode(body, len, &v))                                                            \
			return;                                                                              \
		fuzz_check(!name##_encode(&v, &out));                                                        \
	} while (0)

static void sealed(const uint8_t *body, size_t len)
{
	uint8_t head[SEALED_HEAD_BYTES];
	struct sealed s;

	if (sealed_decode(body, len, &s))
		return;
	sealed_head(s.epoch, s.seq, head);
	fuzz_check(!buf_put(&out, head, sizeof(head)) && !buf_put(&out, s.box, s.box_len));
}

static void seq(const uint8_t *body, size_t len)
{
	struct seq_of a;

	if (!seq_decode(body, len, &a))
		fuzz_check(!seq_encode(&a, &out));
}

static void message(const uint8_t *body, size_t len)
{
	ROUND_TRIP(message);
}

static void a_locator(const uint8_t *body, size_t len)
{
	ROUND_TRIP(locator);
}

static void a_rich(const uint8_t *body, size_t len)
{
	ROUND_TRIP(rich);
}

static void typing(const uint8_t *body, size_t len)
{
	enum typing state;

	if (!typing_decode(body, len, &state))
		fuzz_check(!typing_encode(state, &out));
}

static void ping(const uint8_t *body, size_t len)
{
	uint64_t token;

	if (!ping_decode(body, len, &token))
		fuzz_check(!ping_encode(token, &out));
}

static void closing(const uint8_t *body, size_t len)
{
	enum close_reason reason;

	if (close_decode(body, len, &reason))
		return;
	fuzz_check(reason <= CLOSE_RENEW);
	if (body[0] <= CLOSE_RENEW)
		fuzz_check(!close_encode(reason, &out));
}

static void round_trip(enum frame_type type, const uint8_t *body, size_t len)
{
	switch (type) {
	case FRAME_REQUEST:
		ROUND_TRIP(request);
		break;
	case FRAME_ANSWER:
		ROUND_TRIP(answer);
		break;
	case FRAME_ACCEPT:
		ROUND_TRIP(accept);
		break;
	case FRAME_REDEEM:
		ROUND_TRIP(redeem);
		break;
	case FRAME_MESSAGE:
		sealed(body, len);
		break;
	case FRAME_SYNC:
		ROUND_TRIP(sync);
		break;
	case FRAME_ACK:
	case FRAME_NACK:
		seq(body, len);
		break;
	case FRAME_PROFILE:
		ROUND_TRIP(profile);
		break;
	case FRAME_USE:
	case FRAME_PING:
	case FRAME_PONG:
		ping(body, len);
		break;
	case FRAME_TYPING:
		typing(body, len);
		break;
	case FRAME_CLOSE:
		closing(body, len);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	fuzz_check(!crypto_start());
	if (!len)
		return 0;
	buf_init(&out, 65536);
	if (!data[0])
		message(data + 1, len - 1);
	else if (data[0] == MESSAGE_LOCATOR)
		a_locator(data + 1, len - 1);
	else if (data[0] == RICH)
		a_rich(data + 1, len - 1);
	else
		round_trip((enum frame_type)data[0], data + 1, len - 1);
	fuzz_check(!buf_len(&out) || (buf_len(&out) == len - 1 && !memcmp(buf_ptr(&out), data + 1, len - 1)));
	buf_clear(&out);
	return 0;
}
