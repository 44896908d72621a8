/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit.h"

#include "base/err.h"
#include "crypto/identity.h"
#include "link/payload.h"
#include "link/record.h"

static struct buf body;

static int setup(void **state)
{
	(void)state;
	buf_init(&body, FRAME_BODY_MAX);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	buf_clear(&body);
	return 0;
}

static void locator(struct locator *l, uint8_t seed_byte, bool client_key)
{
	uint8_t seed[KEY_BYTES];

	memset(l, 0, sizeof(*l));
	memset(seed, seed_byte, sizeof(seed));
	identity_public(seed, l->onion);
	l->has_client_key = client_key;
	if (client_key)
		memset(l->client_key, 0xcc, KEY_BYTES);
}

static struct request request(bool client_key)
{
	struct request r;

	memset(&r, 0, sizeof(r));
	memset(r.link_key, 0x11, KEY_BYTES);
	memset(r.proof, 0x44, PROOF_BYTES);
	locator(&r.locator, 5, client_key);
	str_copy(r.nick, sizeof(r.nick), "alice");
	str_copy(r.text, sizeof(r.text), "it's me: Ålice");
	return r;
}

static struct message message(const char *text, size_t len)
{
	struct message m = {.minute = 0x01020304, .kind = MESSAGE_TEXT, .text = text, .text_len = len};

	memset(m.id, 0xab, MSGID_BYTES);
	return m;
}

/* Every shorter body is refused, and so is one with a byte behind it. */
#define ASSERT_EXACT(decode, out)                                                                            \
	do {                                                                                                 \
		size_t whole = buf_len(&body);                                                               \
		uint8_t *copy = malloc(whole + 1);                                                           \
		assert_non_null(copy);                                                                       \
		memcpy(copy, buf_ptr(&body), whole);                                                         \
		copy[whole] = 0;                                                                             \
		for (size_t cut = 0; cut < whole; cut++)                                                     \
			assert_int_equal(decode(copy, cut, out), ERR_PROTOCOL);                              \
		assert_int_equal(decode(copy, whole + 1, out), ERR_PROTOCOL);                                \
		assert_int_equal(decode(copy, whole, out), 0);                                               \
		free(copy);                                                                                  \
	} while (0)

static void test_request(void **state)
{
	(void)state;
	for (int client_key = 0; client_key < 2; client_key++) {
		struct request r = request(client_key), got;

		buf_clear(&body);
		assert_int_equal(request_encode(&r, &body), 0);
		ASSERT_EXACT(request_decode, &got);
		assert_memory_equal(got.link_key, r.link_key, KEY_BYTES);
		assert_memory_equal(got.proof, r.proof, PROOF_BYTES);
		assert_memory_equal(got.locator.onion, r.locator.onion, KEY_BYTES);
		assert_int_equal(got.locator.has_client_key, client_key);
		assert_memory_equal(got.locator.client_key, r.locator.client_key, KEY_BYTES);
		assert_string_equal(got.nick, "alice");
		assert_string_equal(got.text, "it's me: Ålice");
	}
}

/* Everything that has an effect at the door goes into the first transport record: the longest must fit. */
static void test_longest_request_fits_a_record(void **state)
{
	struct request r = request(true), got;

	(void)state;
	memset(r.nick, 'n', NICK_MAX);
	memset(r.text, 't', REQUEST_TEXT_MAX);
	r.nick[NICK_MAX] = r.text[REQUEST_TEXT_MAX] = '\0';
	assert_int_equal(request_encode(&r, &body), 0);
	assert_true(FRAME_HEADER_BYTES + buf_len(&body) <= RECORD_ROOM);
	assert_int_equal(request_decode(buf_ptr(&body), buf_len(&body), &got), 0);
	assert_int_equal(strlen(got.text), REQUEST_TEXT_MAX);
}

static void test_request_encoder_refuses(void **state)
{
	struct request r = request(false);

	(void)state;
	str_copy(r.nick, sizeof(r.nick), "al\nce");
	assert_int_equal(request_encode(&r, &body), ERR_INVALID);
	r = request(false);
	str_copy(r.text, sizeof(r.text), "\001VERSION\001");
	assert_int_equal(request_encode(&r, &body), ERR_INVALID);
	str_copy(r.nick, sizeof(r.nick), "al\xff");
	assert_int_equal(request_encode(&r, &body), ERR_UTF8);
	r = request(false);
	memset(r.text, 't', sizeof(r.text));
	assert_int_equal(request_encode(&r, &body), ERR_TOO_LONG);
	r = request(false);
	memset(r.locator.onion, 0, KEY_BYTES);
	r.locator.onion[0] = 1; /* the neutral element */
	assert_int_equal(request_encode(&r, &body), ERR_CRYPTO);
	assert_int_equal(buf_len(&body), 0);
}

/* One byte of a good request replaced. */
static int request_with(size_t at, uint8_t v)
{
	struct request r = request(false), got;
	uint8_t copy[512];
	size_t len;

	buf_clear(&body);
	assert_int_equal(request_encode(&r, &body), 0);
	len = buf_len(&body);
	memcpy(copy, buf_ptr(&body), len);
	copy[at] = v;
	return request_decode(copy, len, &got);
}

static void test_request_decoder_refuses(void **state)
{
	size_t locator = 2 * KEY_BYTES, nick = locator + 1 + KEY_BYTES, text = nick + 1 + 5;

	(void)state;
	assert_int_equal(request_with(nick, 5), 0);
	assert_int_equal(request_with(locator, 2), ERR_PROTOCOL); /* its flags */
	assert_int_equal(request_with(nick, NICK_MAX + 1), ERR_PROTOCOL);
	assert_int_equal(request_with(nick + 1, '\0'), ERR_PROTOCOL);
	assert_int_equal(request_with(nick + 1, '\r'), ERR_PROTOCOL);
	assert_int_equal(request_with(nick + 1, 0xc3), ERR_PROTOCOL);
	assert_int_equal(request_with(text, 0xff), ERR_PROTOCOL);
	assert_int_equal(request_with(text + 2, '\n'), ERR_PROTOCOL);
}

/* A locator is where we would dial: it has to be an onion address. */
static void test_bad_onion_keys(void **state)
{
	struct accept a = {.nick = "bob"}, got;
	uint8_t copy[160];
	const size_t onion = 2 * KEY_BYTES + 1;
	size_t len;

	(void)state;
	locator(&a.locator, 9, false);
	assert_int_equal(accept_encode(&a, &body), 0);
	len = buf_len(&body);
	memcpy(copy, buf_ptr(&body), len);
	memset(copy + onion, 0, KEY_BYTES);
	assert_int_equal(accept_decode(copy, len, &got), ERR_PROTOCOL);
	copy[onion] = 1;
	assert_int_equal(accept_decode(copy, len, &got), ERR_PROTOCOL);
	memset(copy + onion, 0xff, KEY_BYTES);
	assert_int_equal(accept_decode(copy, len, &got), ERR_PROTOCOL);
}

static void test_answer(void **state)
{
	static const struct answer empty;
	struct answer a = {.status = ANSWER_ACCEPTED}, got;

	(void)state;
	memset(a.link_key, 0x22, KEY_BYTES);
	memset(a.proof, 0x55, PROOF_BYTES);
	locator(&a.locator, 7, true);
	assert_int_equal(answer_encode(&a, &body), 0);
	ASSERT_EXACT(answer_decode, &got);
	assert_int_equal(got.status, ANSWER_ACCEPTED);
	assert_memory_equal(got.link_key, a.link_key, KEY_BYTES);
	assert_memory_equal(got.proof, a.proof, PROOF_BYTES);
	assert_memory_equal(&got.locator, &a.locator, sizeof(a.locator));

	/* only an acceptance tells keys */
	for (int status = ANSWER_PENDING; status <= ANSWER_REFUSED; status += 2) {
		a.status = status;
		buf_clear(&body);
		assert_int_equal(answer_encode(&a, &body), 0);
		assert_int_equal(buf_len(&body), 1);
		ASSERT_EXACT(answer_decode, &got);
		assert_int_equal(got.status, status);
		assert_memory_equal(got.link_key, empty.link_key, KEY_BYTES);
		assert_memory_equal(got.proof, empty.proof, PROOF_BYTES);
		assert_memory_equal(got.locator.onion, empty.locator.onion, KEY_BYTES);
	}
	a.status = 3;
	assert_int_equal(answer_encode(&a, &body), ERR_INVALID);
	assert_int_equal(answer_decode((const uint8_t *)"\x03", 1, &got), ERR_PROTOCOL);
}

static void test_accept(void **state)
{
	struct accept a = {.nick = "bob"}, got;

	(void)state;
	memset(a.link_key, 0x33, KEY_BYTES);
	memset(a.proof, 0x66, PROOF_BYTES);
	locator(&a.locator, 8, true);
	assert_int_equal(accept_encode(&a, &body), 0);
	ASSERT_EXACT(accept_decode, &got);
	assert_memory_equal(&got.locator, &a.locator, sizeof(a.locator));
	assert_memory_equal(got.link_key, a.link_key, KEY_BYTES);
	assert_memory_equal(got.proof, a.proof, PROOF_BYTES);
	assert_string_equal(got.nick, "bob");
}

static struct redeem redeem(bool client_key)
{
	struct redeem r;

	memset(&r, 0, sizeof(r));
	memset(r.token, 0x77, TOKEN_BYTES);
	memset(r.link_key, 0x88, KEY_BYTES);
	memset(r.proof, 0x99, PROOF_BYTES);
	locator(&r.locator, 6, client_key);
	str_copy(r.nick, sizeof(r.nick), "cárol");
	return r;
}

static void test_redeem(void **state)
{
	(void)state;
	for (int client_key = 0; client_key < 2; client_key++) {
		struct redeem r = redeem(client_key), got;

		buf_clear(&body);
		assert_int_equal(redeem_encode(&r, &body), 0);
		ASSERT_EXACT(redeem_decode, &got);
		assert_memory_equal(got.token, r.token, TOKEN_BYTES);
		assert_memory_equal(got.link_key, r.link_key, KEY_BYTES);
		assert_memory_equal(got.proof, r.proof, PROOF_BYTES);
		assert_memory_equal(&got.locator, &r.locator, sizeof(r.locator));
		assert_string_equal(got.nick, "cárol");
	}
}

static void test_redeem_refuses(void **state)
{
	struct redeem r = redeem(false), got;
	const size_t at = TOKEN_BYTES + 2 * KEY_BYTES;
	uint8_t copy[256];
	size_t len;

	(void)state;
	str_copy(r.nick, sizeof(r.nick), "ca\rol");
	assert_int_equal(redeem_encode(&r, &body), ERR_INVALID);
	r = redeem(true);
	memset(r.locator.onion, 0, KEY_BYTES);
	assert_int_equal(redeem_encode(&r, &body), ERR_CRYPTO);
	assert_int_equal(buf_len(&body), 0);
	r = redeem(false);
	assert_int_equal(redeem_encode(&r, &body), 0);
	len = buf_len(&body);
	memcpy(copy, buf_ptr(&body), len);
	copy[at] = 2; /* flags of the locator */
	assert_int_equal(redeem_decode(copy, len, &got), ERR_PROTOCOL);
	copy[at] = 0;
	copy[at + 1 + KEY_BYTES + 1] = 0x01; /* the nick begins like CTCP */
	assert_int_equal(redeem_decode(copy, len, &got), ERR_PROTOCOL);
	copy[at + 1 + KEY_BYTES + 1] = 'c';
	memset(copy + at + 1, 0xff, KEY_BYTES);
	assert_int_equal(redeem_decode(copy, len, &got), ERR_PROTOCOL);
}

/* What a message of the kind MESSAGE_LOCATOR holds. */
static void test_locator(void **state)
{
	static const uint8_t none[KEY_BYTES];

	(void)state;
	for (int client_key = 0; client_key < 2; client_key++) {
		struct locator l, got;

		locator(&l, 4, client_key);
		buf_clear(&body);
		assert_int_equal(locator_encode(&l, &body), 0);
		assert_int_equal(buf_len(&body),
				 client_key ? LOCATOR_BYTES_MAX : LOCATOR_BYTES_MAX - KEY_BYTES);
		ASSERT_EXACT(locator_decode, &got);
		assert_memory_equal(got.onion, l.onion, KEY_BYTES);
		assert_int_equal(got.has_client_key, client_key);
		assert_memory_equal(got.client_key, client_key ? l.client_key : none, KEY_BYTES);
		assert_int_equal(locator_decode((const uint8_t *)"\x02", 1, &got), ERR_PROTOCOL);
		memset(l.onion, 0, KEY_BYTES);
		assert_int_equal(locator_encode(&l, &body), ERR_CRYPTO);
	}
}

static void test_message(void **state)
{
	static char text[TEXT_MAX + 1];
	struct message m = message("hello, Bob", 10), got;

	(void)state;
	assert_int_equal(message_encode(&m, &body), 0);
	assert_int_equal(message_decode(buf_ptr(&body), buf_len(&body), &got), 0);
	assert_memory_equal(got.id, m.id, MSGID_BYTES);
	assert_int_equal(got.minute, 0x01020304);
	assert_int_equal(got.kind, MESSAGE_TEXT);
	assert_int_equal(got.text_len, 10);
	assert_memory_equal(got.text, "hello, Bob", 10);
	for (size_t cut = 0; cut <= MSGID_BYTES + 5; cut++)
		assert_int_equal(message_decode(buf_ptr(&body), cut, &got), ERR_PROTOCOL);

	memset(text, 'x', sizeof(text));
	m = message(text, TEXT_MAX);
	buf_clear(&body);
	assert_int_equal(message_encode(&m, &body), 0);
	assert_int_equal(message_decode(buf_ptr(&body), buf_len(&body), &got), 0);
	assert_int_equal(got.text_len, TEXT_MAX);
	assert_int_equal(buf_put_u8(&body, 'x'), 0);
	assert_int_equal(message_decode(buf_ptr(&body), buf_len(&body), &got), ERR_PROTOCOL);
	m.text_len = TEXT_MAX + 1;
	assert_int_equal(message_encode(&m, &body), ERR_TOO_LONG);
}

static int decode_text(uint8_t kind, const char *text, size_t len)
{
	uint8_t raw[64] = {0};
	struct message got;

	raw[MSGID_BYTES + 4] = kind;
	memcpy(raw + MSGID_BYTES + 5, text, len);
	return message_decode(raw, MSGID_BYTES + 5 + len, &got);
}

static void test_message_text(void **state)
{
	struct message m = message("a\nb", 3);

	(void)state;
	assert_int_equal(message_encode(&m, &body), ERR_INVALID);
	m = message("", 0);
	assert_int_equal(message_encode(&m, &body), ERR_INVALID);
	m = message("\xc3", 1);
	assert_int_equal(message_encode(&m, &body), ERR_UTF8);
	for (uint8_t kind = MESSAGE_TEXT; kind <= MESSAGE_NOTICE; kind++) {
		assert_int_equal(decode_text(kind, "\x02ok\x1f", 4), 0);
		assert_int_equal(decode_text(kind, "", 0), ERR_PROTOCOL);
		assert_int_equal(decode_text(kind, "a\0b", 3), ERR_PROTOCOL);
		assert_int_equal(decode_text(kind, "a\rb", 3), ERR_PROTOCOL);
		assert_int_equal(decode_text(kind, "a\nQUIT", 6), ERR_PROTOCOL);
		assert_int_equal(decode_text(kind, "\xed\xa0\x80", 3), ERR_PROTOCOL);
		assert_int_equal(decode_text(kind, "\001DCC CHAT chat 1 2\001", 19), ERR_PROTOCOL);
		assert_int_equal(decode_text(kind, "hi \001VERSION\001", 12), ERR_PROTOCOL);
	}
	/* what a later version means by another kind is its own affair */
	assert_int_equal(decode_text(MESSAGE_NOTICE + 1, "\xff\0\n", 3), 0);
	assert_int_equal(decode_text(MESSAGE_LOCATOR, "\0locator", 8), 0);
	assert_int_equal(decode_text(0xff, "", 0), 0);
}

static struct rich rich(enum rich_what what, const char *text, size_t len)
{
	struct rich r = {.what = what, .has_re = true, .text = text, .text_len = len};

	memset(r.re, 0xcd, MSGID_BYTES);
	return r;
}

static void test_rich(void **state)
{
	static const uint8_t none[MSGID_BYTES];
	struct rich r = rich(RICH_TEXT, "one\n\ntwo\n", 9), got;

	(void)state;
	for (int has_re = 0; has_re < 2; has_re++) {
		r.has_re = has_re;
		memset(r.re, has_re ? 0xcd : 0, MSGID_BYTES);
		buf_clear(&body);
		assert_int_equal(rich_encode(&r, &body), 0);
		assert_int_equal(buf_len(&body), RICH_HEAD_BYTES + 9);
		assert_int_equal(rich_decode(buf_ptr(&body), buf_len(&body), &got), 0);
		assert_int_equal(got.what, RICH_TEXT);
		assert_int_equal(got.has_re, has_re);
		assert_memory_equal(got.re, has_re ? r.re : none, MSGID_BYTES);
		assert_int_equal(got.text_len, 9);
		assert_memory_equal(got.text, "one\n\ntwo\n", 9);
	}
	for (size_t cut = 0; cut < RICH_HEAD_BYTES; cut++)
		assert_int_equal(rich_decode(buf_ptr(&body), cut, &got), ERR_PROTOCOL);
	r.has_re = false; /* but names one */
	assert_int_equal(rich_encode(&r, &body), ERR_INVALID);
}

/* The longest of each, in a message, and one byte more. */
static void test_rich_bounds(void **state)
{
	static const struct {
		enum rich_what what;
		size_t most;
	} bounds[] = {{RICH_TEXT, LINES_TEXT_MAX},   {RICH_ACTION, LINES_TEXT_MAX}, {RICH_NOTICE, LINES_TEXT_MAX},
		      {RICH_REACT, REACTION_MAX},    {RICH_UNREACT, REACTION_MAX},  {RICH_REDACT, REASON_MAX}};
	static char text[TEXT_MAX];
	struct buf plain;
	struct message m;
	struct rich r, got;

	(void)state;
	memset(text, 'x', sizeof(text));
	for (size_t i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++) {
		r = rich(bounds[i].what, text, bounds[i].most);
		buf_clear(&body);
		assert_int_equal(rich_encode(&r, &body), 0);
		assert_int_equal(rich_decode(buf_ptr(&body), buf_len(&body), &got), 0);
		m = message((const char *)buf_ptr(&body), buf_len(&body));
		m.kind = MESSAGE_RICH;
		buf_init(&plain, MESSAGE_BYTES_MAX);
		assert_int_equal(message_encode(&m, &plain), 0);
		buf_clear(&plain);
		assert_int_equal(buf_put_u8(&body, 'x'), 0);
		assert_int_equal(rich_decode(buf_ptr(&body), buf_len(&body), &got), ERR_PROTOCOL);
		r.text_len++;
		assert_int_equal(rich_encode(&r, &body), ERR_TOO_LONG);
	}
}

static int decode_rich(uint8_t what, bool has_re, const char *text, size_t len)
{
	uint8_t raw[64] = {what, [MSGID_BYTES] = has_re};
	struct rich got;

	memcpy(raw + RICH_HEAD_BYTES, text, len);
	return rich_decode(raw, RICH_HEAD_BYTES + len, &got);
}

static void test_rich_refuses(void **state)
{
	(void)state;
	for (uint8_t what = RICH_TEXT; what <= RICH_NOTICE; what++) {
		assert_int_equal(decode_rich(what, false, "a\nb", 3), 0);
		assert_int_equal(decode_rich(what, true, "a", 1), 0);
		assert_int_equal(decode_rich(what, true, "", 0), ERR_PROTOCOL);
		assert_int_equal(decode_rich(what, true, "\n\n", 2), ERR_PROTOCOL);
		assert_int_equal(decode_rich(what, true, "a\r\nb", 4), ERR_PROTOCOL);
		assert_int_equal(decode_rich(what, true, "a\0b", 3), ERR_PROTOCOL);
		assert_int_equal(decode_rich(what, true, "a\n\001DCC\001", 7), ERR_PROTOCOL);
		assert_int_equal(decode_rich(what, true, "\xc3", 1), ERR_PROTOCOL);
	}
	for (uint8_t what = RICH_REACT; what <= RICH_REDACT; what++) {
		assert_int_equal(decode_rich(what, true, ":)", 2), 0);
		assert_int_equal(decode_rich(what, false, ":)", 2), ERR_PROTOCOL);
		assert_int_equal(decode_rich(what, true, "a\nb", 3), ERR_PROTOCOL);
		assert_int_equal(decode_rich(what, true, "\001", 1), ERR_PROTOCOL);
	}
	assert_int_equal(decode_rich(RICH_REACT, true, "", 0), ERR_PROTOCOL);
	assert_int_equal(decode_rich(RICH_UNREACT, true, "", 0), ERR_PROTOCOL);
	assert_int_equal(decode_rich(RICH_REDACT, true, "", 0), 0);
	/* what a later version says is its own affair */
	assert_int_equal(decode_rich(RICH_REDACT + 1, false, "\xff", 1), ERR_VERSION);
	assert_int_equal(rich_decode((const uint8_t *)"\xff", 1, &(struct rich){0}), ERR_VERSION);
}

static void test_typing(void **state)
{
	enum typing got;

	(void)state;
	for (int v = TYPING_ACTIVE; v <= TYPING_DONE; v++) {
		buf_clear(&body);
		assert_int_equal(typing_encode(v, &body), 0);
		ASSERT_EXACT(typing_decode, &got);
		assert_int_equal(got, v);
	}
	assert_int_equal(typing_encode(0, &body), ERR_INVALID);
	assert_int_equal(typing_encode(TYPING_DONE + 1, &body), ERR_INVALID);
	assert_int_equal(typing_decode((const uint8_t *)"\0", 1, &got), ERR_PROTOCOL);
	assert_int_equal(typing_decode((const uint8_t *)"\4", 1, &got), ERR_PROTOCOL);
}

/* What follows the identity. */
static int decode_profile(const char *rest, size_t len)
{
	uint8_t whole[KEY_BYTES + 16] = {0};
	struct profile got;

	memcpy(whole + KEY_BYTES, rest, len);
	return profile_decode(whole, KEY_BYTES + len, &got);
}

static void test_profile(void **state)
{
	struct profile p = {.identity = {1, 2}, .nick = "alice", .away = true, .away_text = "asleep"}, got;

	(void)state;
	assert_int_equal(profile_encode(&p, &body), 0);
	ASSERT_EXACT(profile_decode, &got);
	assert_memory_equal(got.identity, p.identity, KEY_BYTES);
	assert_string_equal(got.nick, "alice");
	assert_true(got.away);
	assert_string_equal(got.away_text, "asleep");

	memset(p.away_text, 'z', AWAY_MAX);
	buf_clear(&body);
	assert_int_equal(profile_encode(&p, &body), 0);
	ASSERT_EXACT(profile_decode, &got);
	assert_int_equal(strlen(got.away_text), AWAY_MAX);

	p.away = false;
	assert_int_equal(profile_encode(&p, &body), ERR_INVALID);
	p.away_text[0] = '\0';
	buf_clear(&body);
	assert_int_equal(profile_encode(&p, &body), 0);
	ASSERT_EXACT(profile_decode, &got);
	assert_false(got.away);
	assert_int_equal(decode_profile("\001a\000\000", 4), 0);
	assert_int_equal(decode_profile("\001a\002\000", 4), ERR_PROTOCOL);
	assert_int_equal(decode_profile("\001a\000\001z", 5), ERR_PROTOCOL);
}

static void test_seq(void **state)
{
	struct seq_of a = {.epoch = {1, 2, 3, 4, 5, 6, 7, 8}, .seq = 0x0102030405060708}, got;
	static const uint8_t bytes[] = {1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8};

	(void)state;
	assert_int_equal(seq_encode(&a, &body), 0);
	assert_int_equal(buf_len(&body), sizeof(bytes));
	assert_memory_equal(buf_ptr(&body), bytes, sizeof(bytes));
	ASSERT_EXACT(seq_decode, &got);
	assert_int_equal(got.seq, a.seq);
	assert_memory_equal(got.epoch, a.epoch, EPOCH_BYTES);
	buf_consume(&body, buf_len(&body));
	a.seq = 0;
	assert_int_equal(seq_encode(&a, &body), ERR_INVALID);
	a.seq = (uint64_t)SEQ_MAX + 1;
	assert_int_equal(seq_encode(&a, &body), ERR_INVALID);
	assert_int_equal(buf_len(&body), 0);
	assert_int_equal(seq_decode((const uint8_t *)"eeeeeeee\0\0\0\0\0\0\0\0", 16, &got), ERR_PROTOCOL);
	assert_int_equal(seq_decode((const uint8_t *)"eeeeeeee\x80\0\0\0\0\0\0\0", 16, &got), ERR_PROTOCOL);
}

static void test_sync(void **state)
{
	struct sync a = {.token = 7, .epoch = {1}, .sent = 5, .acked = 3, .received = 4}, b, got;

	(void)state;
	assert_int_equal(sync_encode(&a, &body), 0);
	ASSERT_EXACT(sync_decode, &got);
	assert_memory_equal(&got, &a, sizeof(a));
	b = (struct sync){.epoch = {1}, .sent = 4, .acked = 4, .received = 3};
	assert_true(sync_common(&a, &b));
	assert_true(sync_common(&b, &a));
	b.received = 5;
	assert_true(sync_common(&a, &b));
	b.received = 6; /* more than was sent */
	assert_false(sync_common(&a, &b));
	assert_false(sync_common(&b, &a));
	b.received = 2; /* less than it had acked */
	assert_false(sync_common(&a, &b));
	assert_false(sync_common(&b, &a));
	b.received = 4;
	b.sent = 3; /* less than came */
	assert_false(sync_common(&a, &b));
	b.sent = 4;
	b.acked = 5; /* more than we have */
	assert_false(sync_common(&a, &b));
	b.acked = 4;
	b.epoch[7] = 1;
	assert_false(sync_common(&a, &b));
	memset(&a, 0, sizeof(a));
	memset(&b, 0, sizeof(b));
	assert_false(sync_common(&a, &b)); /* no session is none in common */
	a.sent = (uint64_t)SEQ_MAX + 1;
	buf_consume(&body, buf_len(&body));
	assert_int_equal(sync_encode(&a, &body), ERR_INVALID);
}

static void test_sealed(void **state)
{
	static uint8_t bytes[SEALED_BYTES_MAX + 1];
	static const uint8_t epoch[EPOCH_BYTES] = {9, 8, 7, 6, 5, 4, 3, 2};
	struct sealed got;

	(void)state;
	sealed_head(epoch, 258, bytes);
	assert_int_equal(sealed_decode(bytes, SEALED_HEAD_BYTES + RATCHET_OVERHEAD, &got), 0);
	assert_memory_equal(got.epoch, epoch, EPOCH_BYTES);
	assert_int_equal(got.seq, 258);
	assert_ptr_equal(got.box, bytes + SEALED_HEAD_BYTES);
	assert_int_equal(got.box_len, RATCHET_OVERHEAD);
	assert_int_equal(sealed_decode(bytes, SEALED_BYTES_MAX, &got), 0);
	assert_int_equal(sealed_decode(bytes, SEALED_BYTES_MAX + 1, &got), ERR_PROTOCOL);
	for (size_t len = 0; len < SEALED_HEAD_BYTES + RATCHET_OVERHEAD; len++)
		assert_int_equal(sealed_decode(bytes, len, &got), ERR_PROTOCOL);
	sealed_head(epoch, 0, bytes);
	assert_int_equal(sealed_decode(bytes, SEALED_BYTES_MAX, &got), ERR_PROTOCOL);
}

static void test_ping_and_close(void **state)
{
	enum close_reason reason;
	uint64_t token;

	(void)state;
	assert_int_equal(ping_encode(0x1122334455667788, &body), 0);
	ASSERT_EXACT(ping_decode, &token);
	assert_true(token == 0x1122334455667788);
	for (int v = CLOSE_DONE; v <= CLOSE_RENEW; v++) {
		buf_clear(&body);
		assert_int_equal(close_encode(v, &body), 0);
		ASSERT_EXACT(close_decode, &reason);
		assert_int_equal(reason, v);
	}
	assert_int_equal(close_decode((const uint8_t *)"\xee", 1, &reason), 0);
	assert_int_equal(reason, CLOSE_DONE);
}

/* An encoder that finds no room leaves what was there. */
static void test_full(void **state)
{
	struct request r = request(true);
	struct profile p = {.nick = "alice"};
	char text[80];
	struct message m = message(text, sizeof(text));

	(void)state;
	memset(text, 'x', sizeof(text));
	buf_init(&body, 4 + 2 * 40);
	assert_int_equal(buf_put(&body, "keep", 4), 0);
	assert_int_equal(request_encode(&r, &body), ERR_FULL);
	assert_int_equal(message_encode(&m, &body), ERR_FULL);
	assert_int_equal(profile_encode(&p, &body), 0);
	assert_int_equal(profile_encode(&p, &body), 0);
	assert_int_equal(profile_encode(&p, &body), ERR_FULL);
	assert_int_equal(buf_len(&body), 4 + 2 * 40);
	assert_memory_equal(buf_ptr(&body), "keep\0\0", 6);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(test_request),
	    T(test_longest_request_fits_a_record),
	    T(test_request_encoder_refuses),
	    T(test_request_decoder_refuses),
	    T(test_bad_onion_keys),
	    T(test_answer),
	    T(test_accept),
	    T(test_redeem),
	    T(test_redeem_refuses),
	    T(test_locator),
	    T(test_message),
	    T(test_message_text),
	    T(test_rich),
	    T(test_rich_bounds),
	    T(test_rich_refuses),
	    T(test_typing),
	    T(test_profile),
	    T(test_seq),
	    T(test_sync),
	    T(test_sealed),
	    T(test_ping_and_close),
	    T(test_full),
	};

	if (crypto_start())
		return 1;
	return cmocka_run_group_tests_name("payload", tests, NULL, NULL);
}
