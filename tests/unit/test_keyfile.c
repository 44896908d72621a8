/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Key files: who knows the password has the key, whoever plants a file gets nothing. */
#include "store_help.h"

#include "store/keyfile.h"

/* libsodium's least, so that the tests take no time */
static const struct pwhash_params quick = {1, 8};
static uint64_t seed = 1;

#define PASSWORD     "correct horse"
#define PASSWORD_LEN (sizeof(PASSWORD) - 1)

static struct keyfile sealed(void)
{
	const struct rng rng = unit_rng(&seed);
	struct keyfile kf;
	assert_int_equal(keyfile_seal(&kf, &rng, &quick, PASSWORD, PASSWORD_LEN, help_key), 0);
	return kf;
}

static void path_of(void **state, char path[PATH_MAX])
{
	const struct help *h = *state;
	assert_int_equal(str_fmt(path, PATH_MAX, "%s/key", h->dir), 0);
}

static void the_password_opens_what_was_written(void **state)
{
	char path[PATH_MAX];
	uint8_t key[KEY_BYTES];
	struct keyfile kf = sealed(), read;
	struct stat st;
	path_of(state, path);
	assert_int_equal(keyfile_read(path, &read), ERR_NOT_FOUND);
	assert_int_equal(keyfile_write(path, &kf), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(keyfile_read(path, &read), 0);
	assert_int_equal(keyfile_open(&read, PASSWORD, PASSWORD_LEN, key), 0);
	assert_memory_equal(key, help_key, KEY_BYTES);
}

static void another_password_does_not(void **state)
{
	uint8_t key[KEY_BYTES] = {0};
	const struct keyfile kf = sealed();
	(void)state;
	assert_int_equal(keyfile_open(&kf, "correct hors", 12, key), ERR_AUTH);
	assert_int_equal(keyfile_open(&kf, PASSWORD "e", PASSWORD_LEN + 1, key), ERR_AUTH);
	assert_int_equal(keyfile_open(&kf, "", 0, key), ERR_AUTH);
	assert_memory_not_equal(key, help_key, KEY_BYTES);
}

static void each_sealing_is_different(void **state)
{
	const struct keyfile one = sealed(), two = sealed();
	(void)state;
	assert_memory_not_equal(one.salt, two.salt, sizeof(one.salt));
	assert_memory_not_equal(one.sealed, two.sealed, sizeof(one.sealed));
}

static void the_key_is_not_readable(void **state)
{
	const struct keyfile kf = sealed();
	(void)state;
	assert_null(memmem(&kf, sizeof(kf), help_key, 8));
}

/* Every byte counts: header and sealed part are authenticated, parameters change the hash. */
static void any_changed_bit_is_noticed(void **state)
{
	char path[PATH_MAX], *data;
	size_t len;
	uint8_t key[KEY_BYTES];
	struct keyfile kf = sealed();
	path_of(state, path);
	assert_int_equal(keyfile_write(path, &kf), 0);
	assert_int_equal(file_read(path, KEYFILE_BYTES, &data, &len), 0);
	for (size_t i = 0; i < len; i++) {
		data[i] ^= 1;
		int err = keyfile_parse(data, len, &kf);
		/* more memory or passes would be honest but slow; they are in the header like the rest */
		if (!err && kf.params.memory_kib < 1024)
			err = keyfile_open(&kf, PASSWORD, PASSWORD_LEN, key);
		else if (!err)
			err = ERR_AUTH;
		assert_true(err == ERR_AUTH || err == ERR_INVALID || err == ERR_VERSION);
		data[i] ^= 1;
	}
	assert_int_equal(keyfile_parse(data, len, &kf), 0);
	assert_int_equal(keyfile_open(&kf, PASSWORD, PASSWORD_LEN, key), 0);
	free(data);
}

static void only_its_exact_size_is_a_key_file(void **state)
{
	char path[PATH_MAX], big[KEYFILE_BYTES + 1] = {0}, *data;
	size_t len;
	struct keyfile kf = sealed();
	path_of(state, path);
	assert_int_equal(keyfile_write(path, &kf), 0);
	assert_int_equal(file_read(path, KEYFILE_BYTES, &data, &len), 0);
	memcpy(big, data, len);
	assert_int_equal(keyfile_parse(big, len, &kf), 0);
	assert_int_equal(keyfile_parse(big, len + 1, &kf), ERR_INVALID);
	for (size_t i = 0; i < len; i++)
		assert_int_equal(keyfile_parse(big, i, &kf), ERR_INVALID);
	assert_int_equal(file_replace(path, big, sizeof(big), 0600), 0);
	assert_int_equal(keyfile_read(path, &kf), ERR_INVALID);
	free(data);
}

static void a_planted_file_does_not_make_us_hash_for_hours(void **state)
{
	/* magic, version, passes, memory, and zeroes */
	static const struct {
		uint32_t version, passes, memory_kib;
		int err;
	} cases[] = {
	    {1, 1, 8, 0},
	    {1, 4, 1024 * 1024, 0},
	    {1, 0, 8, ERR_INVALID},
	    {1, 17, 8, ERR_INVALID},
	    {1, UINT32_MAX, 8, ERR_INVALID},
	    {1, 1, 7, ERR_INVALID},
	    {1, 1, 1024 * 1024 + 1, ERR_INVALID},
	    {1, 1, 64u * 1024 * 1024, ERR_INVALID},
	    {1, 1, UINT32_MAX, ERR_INVALID},
	    {2, 1, 8, ERR_VERSION},
	    {0, 1, 8, ERR_VERSION},
	};
	char path[PATH_MAX], *data;
	size_t len;
	struct keyfile kf = sealed();
	path_of(state, path);
	assert_int_equal(keyfile_write(path, &kf), 0);
	assert_int_equal(file_read(path, KEYFILE_BYTES, &data, &len), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const uint32_t numbers[3] = {cases[i].version, cases[i].passes, cases[i].memory_kib};
		for (size_t j = 0; j < 12; j++)
			data[8 + j] = (char)(numbers[j / 4] >> (24 - 8 * (j % 4)));
		assert_int_equal(keyfile_parse(data, len, &kf), cases[i].err);
	}
	free(data);

	/* nor is anything hashed that did not come from a file */
	uint8_t key[KEY_BYTES];
	const struct rng rng = unit_rng(&seed);
	const struct pwhash_params huge = {1, 64u * 1024 * 1024};
	kf.params = huge;
	assert_int_equal(keyfile_open(&kf, PASSWORD, PASSWORD_LEN, key), ERR_INVALID);
	assert_int_equal(keyfile_seal(&kf, &rng, &huge, PASSWORD, PASSWORD_LEN, help_key), ERR_INVALID);
}

static void a_decoy_looks_and_costs_like_a_key_file(void **state)
{
	const struct rng rng = unit_rng(&seed);
	char path[PATH_MAX];
	uint8_t key[KEY_BYTES];
	struct keyfile decoy, again;
	path_of(state, path);
	keyfile_decoy(&decoy, &rng, &quick);
	assert_int_equal(decoy.params.passes, quick.passes);
	assert_int_equal(decoy.params.memory_kib, quick.memory_kib);
	assert_int_equal(keyfile_open(&decoy, PASSWORD, PASSWORD_LEN, key), ERR_AUTH);
	assert_int_equal(keyfile_write(path, &decoy), 0);
	assert_int_equal(keyfile_read(path, &again), 0);
	keyfile_decoy(&again, &rng, &quick);
	assert_memory_not_equal(again.salt, decoy.salt, sizeof(decoy.salt));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, help_setup, help_teardown)
	const struct CMUnitTest tests[] = {
	    T(the_password_opens_what_was_written),
	    T(another_password_does_not),
	    T(each_sealing_is_different),
	    T(the_key_is_not_readable),
	    T(any_changed_bit_is_noticed),
	    T(only_its_exact_size_is_a_key_file),
	    T(a_planted_file_does_not_make_us_hash_for_hours),
	    T(a_decoy_looks_and_costs_like_a_key_file),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
