/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The plaintext of a record, and the frame stream: what is read is what was written, at whatever cuts. */
#include "fuzz.h"

#include "base/err.h"
#include "link/record.h"

static void parse_record(const uint8_t *data, size_t len)
{
	uint8_t plain[RECORD_PLAIN_BYTES] = {0}, again[RECORD_PLAIN_BYTES];
	const uint8_t *used;
	struct buf stream;
	size_t n;

	memcpy(plain, data, len < sizeof(plain) ? len : sizeof(plain));
	if (record_parse(plain, &used, &n))
		return;
	fuzz_check(used == plain + 2 && n <= RECORD_ROOM);
	buf_init(&stream, RECORD_ROOM);
	fuzz_check(!buf_put(&stream, used, n));
	fuzz_check(record_fill(again, &stream) == n);
	fuzz_check(!memcmp(plain, again, sizeof(plain)));
	buf_clear(&stream);
}

/* Frames put together again are the front of the stream. */
static void read_stream(const uint8_t *data, size_t len, size_t step)
{
	struct frame_reader r;
	struct buf back;
	const uint8_t *body;
	uint8_t type;
	size_t n;
	int err = 0;

	frame_reader_init(&r);
	buf_init(&back, len);
	for (size_t at = 0; at < len && !err; at += n) {
		n = len - at < step ? len - at : step;
		err = frame_reader_feed(&r, data + at, n);
		fuzz_check(!err || err == ERR_PROTOCOL);
		if (err)
			break;
		size_t size;
		while (frame_reader_next(&r, &type, &body, &size)) {
			fuzz_check(size <= FRAME_BODY_MAX);
			fuzz_check(!frame_put(&back, type, body, size));
		}
	}
	fuzz_check(!buf_len(&back) || !memcmp(buf_ptr(&back), data, buf_len(&back)));
	fuzz_check(err || len - buf_len(&back) < FRAME_HEADER_BYTES + FRAME_BODY_MAX);
	buf_clear(&back);
	frame_reader_clear(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	parse_record(data, len);
	if (!len)
		return 0;
	read_stream(data + 1, len - 1, 1 + data[0]);
	read_stream(data + 1, len - 1, RECORD_ROOM);
	return 0;
}
