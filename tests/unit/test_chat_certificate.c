/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Certificates of clients: who may come in by one. */
#include "chat_help.h"

#include "chat/chat_certificate.h"

static const struct now noon = {.mono_ms = 1000, .real_ms = 1700000000000};

static void fill(uint8_t fingerprint[FINGERPRINT_BYTES], int n)
{
	memset(fingerprint, n, FINGERPRINT_BYTES);
}

static int collect(void *ctx, const struct certificate_row *row)
{
	char *out = ctx;

	sprintf(out + strlen(out), "%d%s ", row->fingerprint[0], row->proven ? "!" : "");
	assert_int_equal(row->made_ms, noon.real_ms);
	return 0;
}

static const char *list(struct chat *c)
{
	static char out[1024];

	out[0] = '\0';
	assert_int_equal(chat_certificates_each(c, collect, out), 0);
	return out;
}

static void one_that_was_shown_opens_without_a_name(void **state)
{
	struct world *w = *state;
	struct party *alice = &w->alice;
	uint8_t one[FINGERPRINT_BYTES], two[FINGERPRINT_BYTES];

	fill(one, 1);
	fill(two, 2);
	assert_int_equal(chat_certificate_check(alice->chat, one, true), ERR_NOT_FOUND);
	assert_int_equal(chat_certificate_add(alice->chat, noon, one, true), 0);
	assert_int_equal(chat_certificate_add(alice->chat, noon, one, true), ERR_EXISTS);
	party_turn(alice);
	party_restart(alice);
	assert_int_equal(chat_certificate_check(alice->chat, one, false), 0);
	assert_int_equal(chat_certificate_check(alice->chat, one, true), 0);
	assert_int_equal(chat_certificate_check(alice->chat, two, true), ERR_NOT_FOUND);
	assert_string_equal(list(alice->chat), "1! ");
	assert_int_equal(chat_certificate_delete(alice->chat, two), ERR_NOT_FOUND);
	assert_int_equal(chat_certificate_delete(alice->chat, one), 0);
	assert_int_equal(chat_certificate_check(alice->chat, one, true), ERR_NOT_FOUND);
	assert_string_equal(list(alice->chat), "");
	party_turn(alice);
	party_restart(alice);
	assert_string_equal(list(alice->chat), "");
}

/* Mallory types in a certificate of Alice's, which everybody may know: Alice's clients must not end up with her. */
static void one_that_was_typed_in_opens_for_who_names_the_account(void **state)
{
	struct world *w = *state;
	struct chat *c = w->alice.chat;
	uint8_t one[FINGERPRINT_BYTES], two[FINGERPRINT_BYTES];

	fill(one, 1);
	fill(two, 2);
	assert_int_equal(chat_certificate_add(c, noon, one, false), 0);
	assert_int_equal(chat_certificate_add(c, noon, two, false), 0);
	assert_string_equal(list(c), "1 2 ");
	assert_int_equal(chat_certificate_check(c, one, false), ERR_NOT_FOUND);
	assert_int_equal(chat_certificate_check(c, one, true), 0);
	assert_int_equal(chat_certificate_check(c, one, false), 0);
	assert_int_equal(chat_certificate_add(c, noon, two, false), ERR_EXISTS);
	assert_string_equal(list(c), "1! 2 ");
	assert_int_equal(chat_certificate_add(c, noon, two, true), ERR_EXISTS);
	assert_string_equal(list(c), "1! 2! ");
}

static void there_is_a_limit(void **state)
{
	struct world *w = *state;
	struct chat *c = w->alice.chat;
	uint8_t fingerprint[FINGERPRINT_BYTES];

	for (int i = 0; i < CERTIFICATES_MAX; i++) {
		fill(fingerprint, i);
		assert_int_equal(chat_certificate_add(c, noon, fingerprint, false), 0);
	}
	fill(fingerprint, 200);
	assert_int_equal(chat_certificate_add(c, noon, fingerprint, false), ERR_FULL);
	fill(fingerprint, 0);
	assert_int_equal(chat_certificate_add(c, noon, fingerprint, false), ERR_EXISTS);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
	    T(one_that_was_shown_opens_without_a_name),
	    T(one_that_was_typed_in_opens_for_who_names_the_account),
	    T(there_is_a_limit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
