/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit.h"

#include <ctype.h>

#include "base/err.h"
#include "crypto/identity.h"
#include "link/invite.h"

#define DIGITS (INVITE_LEN - INVITE_PREFIX_LEN)
#define LABEL  "allium invitation"

static struct invite inv, got;
static char text[INVITE_LEN + 1];

static void ed_key(uint8_t n, uint8_t out[KEY_BYTES])
{
	uint8_t seed[KEY_BYTES];

	memset(seed, n, sizeof(seed));
	identity_public(seed, out);
}

/* Bob's. */
static int setup(void **state)
{
	uint8_t secret[KEY_BYTES];

	(void)state;
	memset(&inv, 0, sizeof(inv));
	memset(&got, 0xee, sizeof(got));
	ed_key(2, inv.identity);
	memset(secret, 0x22, sizeof(secret));
	dh_public(secret, inv.link_key);
	ed_key(7, inv.locator.onion);
	inv.locator.has_client_key = true;
	memset(inv.locator.client_key, 0xcc, KEY_BYTES);
	memset(inv.token, 0x77, TOKEN_BYTES);
	inv.minute = 29000001;
	assert_int_equal(invite_encode(&inv, text), 0);
	return 0;
}

static void assert_refused(const char *what, int err)
{
	static const struct invite none;

	memset(&got, 0xee, sizeof(got));
	assert_int_equal(invite_decode(what, &got), err);
	assert_memory_equal(&got, &none, sizeof(got)); /* nothing of it is left */
}

/* The bytes with a checksum that holds, as text. */
static const char *forge(uint8_t *raw, size_t len)
{
	static char out[INVITE_PREFIX_LEN + BASE32_LEN(400) + 1];
	uint8_t hash[HASH_BYTES];

	hash2(LABEL, strlen(LABEL), raw, len - INVITE_SUM_BYTES, hash);
	memcpy(raw + len - INVITE_SUM_BYTES, hash, INVITE_SUM_BYTES);
	memcpy(out, INVITE_PREFIX, INVITE_PREFIX_LEN);
	base32_encode(raw, len, out + INVITE_PREFIX_LEN);
	return out;
}

static void bytes_of(uint8_t raw[INVITE_BYTES])
{
	assert_int_equal(base32_decode(text + INVITE_PREFIX_LEN, DIGITS, raw, INVITE_BYTES), 0);
}

/* Bob makes one, Alice reads it, as it is and as a QR code in capitals has it. */
static void test_there_and_back(void **state)
{
	(void)state;
	assert_int_equal(strlen(text), INVITE_LEN);
	assert_true(invite_is(text));
	assert_int_equal(invite_decode(text, &got), 0);
	assert_memory_equal(&got, &inv, sizeof(inv));
	for (char *p = text; *p; p++)
		*p = (char)toupper((unsigned char)*p);
	memset(&got, 0xee, sizeof(got));
	assert_int_equal(invite_decode(text, &got), 0);
	assert_memory_equal(&got, &inv, sizeof(inv));
}

/* One character wrong, wherever. */
static void test_every_character_matters(void **state)
{
	(void)state;
	for (size_t i = 0; i < INVITE_LEN; i++) {
		const char was = text[i];

		text[i] = was == 'q' ? 'r' : 'q';
		assert_refused(text, ERR_INVALID);
		text[i] = '!';
		assert_refused(text, ERR_INVALID);
		text[i] = was;
	}
	assert_int_equal(invite_decode(text, &got), 0);
}

static void test_every_length_but_one(void **state)
{
	char longer[INVITE_LEN + 200];
	size_t len;

	(void)state;
	for (len = 0; len < INVITE_LEN; len++) {
		memcpy(longer, text, len);
		longer[len] = '\0';
		assert_refused(longer, ERR_INVALID);
	}
	memcpy(longer, text, INVITE_LEN);
	for (; len < sizeof(longer) - 1; len++) {
		longer[len] = 'a';
		longer[len + 1] = '\0';
		assert_refused(longer, ERR_INVALID);
	}
	longer[0] = ' ';
	memcpy(longer + 1, text, sizeof(text));
	assert_refused(longer, ERR_INVALID);
	assert_false(invite_is(longer));
	assert_false(invite_is("allium"));
	assert_refused("", ERR_INVALID);
	assert_refused(text + INVITE_PREFIX_LEN, ERR_INVALID);
}

/* Trailing bits that are not zero would make two texts of one invitation. */
static void test_one_text_for_each(void **state)
{
	(void)state;
	assert_int_equal(INVITE_BYTES * 8 % 5, 4); /* the last digit has one bit that says nothing */
	text[INVITE_LEN - 1]++;
	assert_refused(text, ERR_INVALID);
}

/* Of a later version only the version and the checksum are known, not the length. */
static void test_other_versions(void **state)
{
	uint8_t raw[400];

	(void)state;
	memset(raw, 2, sizeof(raw));
	for (size_t len = 1 + INVITE_SUM_BYTES; len <= 255; len++)
		assert_refused(forge(raw, len), ERR_VERSION);
	assert_refused(forge(raw, 256), ERR_INVALID); /* too long for any */
	assert_refused(forge(raw, 400), ERR_INVALID);
	raw[0] = 0;
	assert_refused(forge(raw, INVITE_BYTES), ERR_VERSION);
	bytes_of(raw); /* ours has one length */
	assert_refused(forge(raw, INVITE_BYTES - 1), ERR_INVALID);
	assert_refused(forge(raw, INVITE_BYTES + 1), ERR_INVALID);
	bytes_of(raw);
	raw[0] = 2;
	text[0] = 'A';
	base32_encode(raw, INVITE_BYTES, text + INVITE_PREFIX_LEN);
	assert_refused(text, ERR_INVALID); /* another version, and a checksum that does not hold */
}

/* A checksum that holds does not make up for a key that nobody can have. */
static void test_bad_keys(void **state)
{
	static const size_t at[] = {1, 1 + KEY_BYTES, 1 + 2 * KEY_BYTES}; /* identity, link key, onion */
	uint8_t raw[INVITE_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		bytes_of(raw);
		memset(raw + at[i], 0, KEY_BYTES);
		assert_refused(forge(raw, sizeof(raw)), ERR_INVALID);
		raw[at[i]] = 1; /* the neutral element, or a point of small order */
		assert_refused(forge(raw, sizeof(raw)), ERR_INVALID);
	}
	bytes_of(raw);
	assert_string_equal(forge(raw, sizeof(raw)), text);
}

static void assert_not_written(const struct invite *bad)
{
	strcpy(text, "before");
	assert_int_equal(invite_encode(bad, text), ERR_INVALID);
	assert_string_equal(text, "");
}

static void test_encoder_refuses(void **state)
{
	struct invite bad = inv;

	(void)state;
	bad.locator.has_client_key = false;
	assert_not_written(&bad);
	bad = inv;
	memset(bad.identity, 0, KEY_BYTES);
	assert_not_written(&bad);
	bad = inv;
	memset(bad.link_key, 0, KEY_BYTES);
	assert_not_written(&bad);
	bad = inv;
	memset(bad.locator.onion, 0xff, KEY_BYTES);
	assert_not_written(&bad);
}

#define T(f) cmocka_unit_test_setup(f, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(test_there_and_back),    T(test_every_character_matters), T(test_every_length_but_one),
	    T(test_one_text_for_each), T(test_other_versions),		T(test_bad_keys),
	    T(test_encoder_refuses),
	};

	if (crypto_start())
		return 1;
	return cmocka_run_group_tests_name("invite", tests, NULL, NULL);
}
