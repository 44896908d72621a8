/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a thief finds in memory: no key of the ratchet that opened or sealed a message before.
 *
 * The primitives are wrapped (ld's --wrap) and every chain key, message secret and message key that the
 * ratchet feeds them is noted, under a mask, so that the note itself is not found.  After a turn all memory
 * that this process can read is searched.
 */
#include "chat_help.h"

#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

#include "../../src/chat/chat_impl.h"

#define MASK	     0xa5
#define NOTES	     4096
#define SEARCH_BYTES (4u * 1024 * 1024) /* of one mapping: none of ours is larger, a sanitizer's may be */

static uint8_t notes[NOTES][KEY_BYTES]; /* masked */
static size_t n_notes;
static bool noting;

static void note(const void *key)
{
	const uint8_t *p = key;

	if (!noting)
		return;
	assert_true(n_notes < NOTES);
	for (size_t i = 0; i < KEY_BYTES; i++)
		notes[n_notes][i] = p[i] ^ MASK;
	n_notes++;
}

void __real_aead_seal(const uint8_t key[KEY_BYTES], uint64_t n, const void *ad, size_t ad_len, const uint8_t *in,
		      size_t len, uint8_t *out);
int __real_aead_open(const uint8_t key[KEY_BYTES], uint64_t n, const void *ad, size_t ad_len, const uint8_t *in,
		     size_t len, uint8_t *out);
void __real_hmac(const void *key, size_t key_len, const void *data, size_t len, uint8_t out[HASH_BYTES]);
void __wrap_aead_seal(const uint8_t key[KEY_BYTES], uint64_t n, const void *ad, size_t ad_len, const uint8_t *in,
		      size_t len, uint8_t *out);
int __wrap_aead_open(const uint8_t key[KEY_BYTES], uint64_t n, const void *ad, size_t ad_len, const uint8_t *in,
		     size_t len, uint8_t *out);
void __wrap_hmac(const void *key, size_t key_len, const void *data, size_t len, uint8_t out[HASH_BYTES]);

void __wrap_aead_seal(const uint8_t key[KEY_BYTES], uint64_t n, const void *ad, size_t ad_len, const uint8_t *in,
		      size_t len, uint8_t *out)
{
	note(key);
	__real_aead_seal(key, n, ad, ad_len, in, len, out);
}

int __wrap_aead_open(const uint8_t key[KEY_BYTES], uint64_t n, const void *ad, size_t ad_len, const uint8_t *in,
		     size_t len, uint8_t *out)
{
	note(key);
	return __real_aead_open(key, n, ad, ad_len, in, len, out);
}

/* Chain keys and message secrets.  (A root key goes through here with a DH result: one side's last is the other's
 * present one.) */
void __wrap_hmac(const void *key, size_t key_len, const void *data, size_t len, uint8_t out[HASH_BYTES])
{
	if (key_len == KEY_BYTES && len <= KEY_BYTES)
		note(key);
	__real_hmac(key, key_len, data, len, out);
}

/* ---- the search ---- */

static size_t find_in(const uint8_t *mem, size_t len)
{
	size_t found = 0;

	for (size_t k = 0; k < n_notes; k++) {
		uint8_t first = notes[k][0] ^ MASK;
		const uint8_t *p = mem;

		while (len >= KEY_BYTES &&
		       (p = memchr(p, first, len - KEY_BYTES + 1 - (size_t)(p - mem)))) {
			size_t i = 0;

			while (i < KEY_BYTES && (p[i] ^ MASK) == notes[k][i])
				i++;
			found += i == KEY_BYTES;
			if ((size_t)(++p - mem) > len - KEY_BYTES)
				break;
		}
	}
	return found;
}

static size_t search_mapping(int fd, uint64_t from, uint64_t to)
{
	static uint8_t chunk[65536];
	const size_t overlap = KEY_BYTES - 1;
	size_t found = 0;

	for (uint64_t at = from; at < to; at += sizeof(chunk) - overlap) {
		size_t want = to - at < sizeof(chunk) ? (size_t)(to - at) : sizeof(chunk);
		ssize_t got;

		if (at <= (uintptr_t)chunk + sizeof(chunk) && at + want > (uintptr_t)chunk)
			continue; /* what was read a moment ago */
		got = pread(fd, chunk, want, (off_t)at);
		if (got > 0)
			found += find_in(chunk, (size_t)got);
	}
	crypto_wipe(chunk, sizeof(chunk));
	return found;
}

/* Of all that was noted, in all that can be read and written. */
static size_t keys_in_memory(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	int fd = open("/proc/self/mem", O_RDONLY);
	char line[512], perms[5];
	uint64_t from, to;
	size_t found = 0;

	assert_non_null(maps);
	assert_true(fd >= 0);
	while (fgets(line, sizeof(line), maps)) {
		assert_int_equal(sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s", &from, &to, perms), 3);
		if (perms[0] == 'r' && perms[1] == 'w' && to - from <= SEARCH_BYTES)
			found += search_mapping(fd, from, to);
	}
	close(fd);
	fclose(maps);
	return found;
}

/* ---- stories ---- */

static void say(struct party *p, struct contact *to, const char *text)
{
	assert_int_equal(send_text(p, to, text), 0);
	settle(p->w);
}

static void the_search_finds_what_is_there(void **state)
{
	uint8_t key[KEY_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof(key); i++)
		key[i] = (uint8_t)(i * 7 + 3);
	noting = true;
	note(key);
	noting = false;
	assert_true(keys_in_memory() > 0);
	crypto_wipe(key, sizeof(key));
	assert_int_equal(keys_in_memory(), 0);
	n_notes = 0;
}

/* Valgrind and the address sanitizer keep copies of their own. */
static bool watched(void)
{
#ifdef __SANITIZE_ADDRESS__
	return true;
#else
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[512];
	bool found = false;

	assert_non_null(maps);
	while (fgets(line, sizeof(line), maps))
		found = found || strstr(line, "valgrind");
	fclose(maps);
	return found;
#endif
}

static void no_key_of_an_earlier_message_is_in_memory(void **state)
{
	struct world *w = *state;
	befriend(w);
	noting = true;
	for (unsigned i = 0; i < 5; i++) {
		say(&w->alice, bob_of(w), "one");
		say(&w->bob, alice_of(w), "two");
		say(&w->bob, alice_of(w), "three");
	}
	noting = false;
	assert_true(n_notes > 50);
	/* The last keys are those of the present state: they open what comes, not what came. */
	assert_int_equal(chat_queued(w->alice.chat) + chat_queued(w->bob.chat), 0);
	assert_int_equal(store_checkpoint(w->alice.chat->store), 0);
	assert_int_equal(store_checkpoint(w->bob.chat->store), 0);
	assert_int_equal(keys_in_memory(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_search_finds_what_is_there),
	    cmocka_unit_test_setup_teardown(no_key_of_an_earlier_message_is_in_memory, world_setup,
					    world_teardown),
	};
	const struct CMUnitTest unsearched[] = {cmocka_unit_test(the_search_finds_what_is_there)};
	if (crypto_start())
		return 1;
	if (watched())
		return cmocka_run_group_tests(unsearched, NULL, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
