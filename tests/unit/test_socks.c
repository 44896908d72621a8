/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SOCKS5 as a client: what is sent, what is understood, and refusals. */
#include "unit.h"

#include "../../src/tor/socks.h"
#include "base/err.h"

struct talk {
	struct socks socks;
	struct buf in;
	struct buf out;
};

static int setup(void **state)
{
	struct talk *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return 1;
	buf_init(&t->in, SOCKS_IN_MAX);
	buf_init(&t->out, SOCKS_OUT_MAX);
	*state = t;
	return 0;
}

static int teardown(void **state)
{
	struct talk *t = *state;

	buf_clear(&t->in);
	buf_clear(&t->out);
	free(t);
	return 0;
}

static void assert_sent(struct talk *t, const char *hex)
{
	unit_assert_hex(buf_ptr(&t->out), buf_len(&t->out), hex);
	buf_consume(&t->out, buf_len(&t->out));
}

/* The server answers with these bytes. */
static int answer(struct talk *t, const char *hex)
{
	uint8_t bytes[300];

	unit_hex(hex, bytes, strlen(hex) / 2);
	assert_int_equal(buf_put(&t->in, bytes, strlen(hex) / 2), 0);
	return socks_step(&t->socks, &t->in, &t->out);
}

static void until_reply(struct talk *t)
{
	assert_int_equal(socks_start(&t->socks, "ab.onion", 6697, "bob", 7, &t->out), 0);
	assert_int_equal(answer(t, "0502"), 0);
	assert_int_equal(answer(t, "0100"), 0);
	buf_consume(&t->out, buf_len(&t->out));
}

static void test_a_connection(void **state)
{
	struct talk *t = *state;

	assert_int_equal(socks_start(&t->socks, "ab.onion", 6697, "bob", 7, &t->out), 0);
	assert_sent(t, "050102");
	assert_int_equal(answer(t, "0502"), 0);
	assert_sent(t, "0103626f620137"); /* bob, 7 */
	assert_int_equal(answer(t, "0100"), 0);
	assert_sent(t, "050100030861622e6f6e696f6e1a29");
	/* What follows the reply is the application's. */
	assert_int_equal(answer(t, "05000001000000000000abcd"), 1);
	unit_assert_hex(buf_ptr(&t->in), buf_len(&t->in), "abcd");
	assert_int_equal(answer(t, ""), ERR_WRONG_STATE);
}

static void test_byte_by_byte(void **state)
{
	static const char *const bytes[] = {"05", "02", "01", "00", "05", "00",
					    "00", "03", "02", "61", "62", "1a"};
	struct talk *t = *state;

	assert_int_equal(socks_start(&t->socks, "ab.onion", 6697, "bob", 7, &t->out), 0);
	for (size_t i = 0; i < sizeof(bytes) / sizeof(bytes[0]); i++)
		assert_int_equal(answer(t, bytes[i]), 0);
	assert_int_equal(answer(t, "29"), 1);
	assert_int_equal(buf_len(&t->in), 0);
}

static void test_an_extended_error(void **state)
{
	struct talk *t = *state;

	until_reply(t);
	assert_int_equal(answer(t, "05f00001000000000000"), ERR_REFUSED);
	assert_int_equal(t->socks.reply, 0xf0);
}

static void test_an_ipv6_reply(void **state)
{
	struct talk *t = *state;

	until_reply(t);
	assert_int_equal(answer(t, "0500000400000000000000000000000000000000"), 0);
	assert_int_equal(answer(t, "1a29"), 1);
	assert_int_equal(buf_len(&t->in), 0);
}

static void test_refused_authentication(void **state)
{
	struct talk *t = *state;

	assert_int_equal(socks_start(&t->socks, "ab.onion", 6697, "bob", 7, &t->out), 0);
	assert_int_equal(answer(t, "05ff"), ERR_AUTH);
	buf_consume(&t->in, buf_len(&t->in));
	assert_int_equal(socks_start(&t->socks, "ab.onion", 6697, "bob", 7, &t->out), 0);
	assert_int_equal(answer(t, "0502"), 0);
	assert_int_equal(answer(t, "0101"), ERR_AUTH);
}

/* A method that isolates nothing is not accepted, even if the server chose it. */
static void test_a_method_that_we_did_not_offer(void **state)
{
	struct talk *t = *state;

	assert_int_equal(socks_start(&t->socks, "ab.onion", 6697, "bob", 7, &t->out), 0);
	assert_int_equal(answer(t, "0500"), ERR_PROTOCOL);
}

static void test_what_is_not_socks(void **state)
{
	struct talk *t = *state;

	assert_int_equal(socks_start(&t->socks, "ab.onion", 6697, "bob", 7, &t->out), 0);
	assert_int_equal(answer(t, "48"), ERR_PROTOCOL);
	buf_consume(&t->in, buf_len(&t->in));
	until_reply(t);
	assert_int_equal(answer(t, "0500000900"), ERR_PROTOCOL);
	buf_consume(&t->in, buf_len(&t->in));
	until_reply(t);
	assert_int_equal(answer(t, "04"), ERR_PROTOCOL);
}

static void test_bounds_of_the_question(void **state)
{
	struct talk *t = *state;
	char user[SOCKS_USER_MAX + 2], host[257];

	memset(user, 'u', sizeof(user));
	memset(host, 'h', sizeof(host));
	user[SOCKS_USER_MAX + 1] = '\0';
	host[256] = '\0';
	assert_int_equal(socks_start(&t->socks, "ab.onion", 1, user, 7, &t->out), ERR_TOO_LONG);
	assert_int_equal(socks_start(&t->socks, host, 1, "bob", 7, &t->out), ERR_TOO_LONG);
	assert_int_equal(socks_start(&t->socks, "", 1, "bob", 7, &t->out), ERR_INVALID);
	assert_int_equal(socks_start(&t->socks, "ab.onion", 1, "", 7, &t->out), ERR_INVALID);
	assert_int_equal(buf_len(&t->out), 0);
	user[SOCKS_USER_MAX] = '\0';
	host[255] = '\0';
	assert_int_equal(socks_start(&t->socks, host, 1, user, 7, &t->out), 0);
	assert_int_equal(answer(t, "0502"), 0);
	assert_int_equal(answer(t, "0100"), 0);
	assert_true(buf_len(&t->out) <= SOCKS_OUT_MAX);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(test_a_connection),      T(test_byte_by_byte),	       T(test_an_extended_error),
	    T(test_an_ipv6_reply),     T(test_refused_authentication), T(test_a_method_that_we_did_not_offer),
	    T(test_what_is_not_socks), T(test_bounds_of_the_question),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
