/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What libsodium alone allows: the cryptography of messages that go one way, of both sides, and nothing else.
 * Prints seconds.  The sides run as two processes at once, as the daemons do.
 *
 *   crypto_rate seal|open MESSAGES SIZE RECORDS     RECORDS: how many each message takes, acks included (2.5)
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sodium.h>

#define RECORD_PLAIN (468 - 16)
#define HEADER	     56
#define HEAD	     21 /* id, minute and kind, under the ratchet with the text */

static uint8_t key[32], chain[32], root[32], nonce[12];
static uint8_t record[468], message[8192], ad[128];

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* HMAC-BLAKE2b takes four runs of the compression function over a block, as two hashes. */
static void hmac(const uint8_t *k, const void *data, size_t len, uint8_t out[64])
{
	crypto_generichash_state s;
	uint8_t pad[128] = {0}, inner[64];

	memcpy(pad, k, 32);
	crypto_generichash_init(&s, NULL, 0, 64);
	crypto_generichash_update(&s, pad, sizeof(pad));
	crypto_generichash_update(&s, data, len);
	crypto_generichash_final(&s, inner, sizeof(inner));
	crypto_generichash_init(&s, NULL, 0, 64);
	crypto_generichash_update(&s, pad, sizeof(pad));
	crypto_generichash_update(&s, inner, sizeof(inner));
	crypto_generichash_final(&s, out, 64);
}

/* Two steps of the chain, and the message key from what the header brings. */
static void step(void)
{
	uint8_t secret[64], next[64], label[30] = {0};

	randombytes_buf(label, 16);
	hmac(chain, "\1", 1, secret);
	hmac(chain, "\2", 1, next);
	hmac(secret, label, sizeof(label), secret);
	memcpy(chain, next, 32);
	memcpy(key, secret, 32);
}

static void seal_record(void)
{
	crypto_aead_chacha20poly1305_ietf_encrypt(record, NULL, record, RECORD_PLAIN, NULL, 0, NULL, nonce,
						  root);
}

/* What can be opened is what was sealed last; a mismatch costs the MAC only, so it is sealed outside the
 * clock. */
static int open_record(const uint8_t sealed[468])
{
	return crypto_aead_chacha20poly1305_ietf_decrypt(record, NULL, NULL, sealed, 468, NULL, 0, nonce,
							 root);
}

static double run_seal(unsigned long n, size_t size, double records)
{
	double start = seconds(), due = 0;

	for (unsigned long i = 0; i < n; i++) {
		step();
		crypto_aead_chacha20poly1305_ietf_encrypt(message, NULL, message, size, ad, HEADER + 16, NULL,
							  nonce, key);
		for (due += records; due >= 1; due--)
			seal_record();
	}
	return seconds() - start;
}

static double run_open(unsigned long n, size_t size, double records)
{
	static uint8_t sealed[468], sealed_message[8192 + 16];
	uint8_t fixed[32] = {7};
	double start, due = 0;
	int bad = 0;

	crypto_aead_chacha20poly1305_ietf_encrypt(sealed, NULL, record, RECORD_PLAIN, NULL, 0, NULL, nonce,
						  root);
	crypto_aead_chacha20poly1305_ietf_encrypt(sealed_message, NULL, message, size, ad, HEADER + 16, NULL,
						  nonce, fixed);
	start = seconds();
	for (unsigned long i = 0; i < n; i++) {
		step();
		bad |= crypto_aead_chacha20poly1305_ietf_decrypt(message, NULL, NULL, sealed_message,
								 size + 16, ad, HEADER + 16, nonce, fixed);
		for (due += records; due >= 1; due--)
			bad |= open_record(sealed);
	}
	if (bad != 0)
		exit(1);
	return seconds() - start;
}

int main(int argc, char **argv)
{
	unsigned long n;
	size_t size;
	double records;

	if (argc != 5 || sodium_init() < 0) {
		fprintf(stderr, "usage: crypto_rate seal|open MESSAGES SIZE RECORDS\n");
		return 2;
	}
	n = strtoul(argv[2], NULL, 10);
	size = strtoul(argv[3], NULL, 10) + HEAD;
	records = strtod(argv[4], NULL);
	printf("%.6f\n", argv[1][0] == 's' ? run_seal(n, size, records) : run_open(n, size, records));
	return 0;
}
