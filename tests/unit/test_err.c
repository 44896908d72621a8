/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit.h"

#include "base/err.h"

static const int codes[] = {
#define X(name, value, text) name,
    ERR_MAP(X)
#undef X
};
#define CODES (sizeof(codes) / sizeof(codes[0]))

static void each_code_is_negative_and_has_its_own_text(void **state)
{
	(void)state;
	for (size_t i = 0; i < CODES; i++) {
		assert_true(codes[i] < 0);
		assert_string_not_equal(err_str(codes[i]), "unknown error");
		for (size_t j = 0; j < i; j++) {
			assert_int_not_equal(codes[i], codes[j]);
			assert_string_not_equal(err_str(codes[i]), err_str(codes[j]));
		}
	}
	assert_string_equal(err_str(ERR_AUTH), "authentication refused");
}

static void other_numbers_have_a_text_too(void **state)
{
	(void)state;
	assert_string_equal(err_str(0), "success");
	assert_string_equal(err_str(1), "unknown error");
	assert_string_equal(err_str(-1000), "unknown error");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_code_is_negative_and_has_its_own_text),
	    cmocka_unit_test(other_numbers_have_a_text_too),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
