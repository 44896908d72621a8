/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What SQLCipher alone allows: the rows of messages that go one way, in the daemon's own tables and with its
 * settings (WAL, synchronous=FULL, secure_delete), but with nothing between the statements.  Prints seconds.
 * The sides run as two processes at once, as the daemons do.
 *
 *   store_rate DB send|receive|note|queue|empty MESSAGES SIZE BATCH [RATE]
 *
 * BATCH: messages in a transaction (may be 2.5).  RATE: transactions a second; as many as can be without it.
 *
 * note: lines to oneself, queue: to somebody who is away.  After the seconds it prints those of CPU, and what half of
 * the transactions took at most, in microseconds.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sodium.h>
#define SQLITE_HAS_CODEC 1
#include <sqlite3.h>

#include "store/store.h"

#define SEALED_OVER 109 /* epoch, seq, ratchet header and tag, id, minute, kind */
#define STATE	    200 /* about a ratchet */

static sqlite3 *db;
static sqlite3_stmt *begin, *commit, *line, *note, *outbox, *acked, *seen, *state;
static uint32_t *took_us;
static size_t n_took;
static double cpu_before;
static char text[8192];

static double clock_seconds(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double seconds(void)
{
	return clock_seconds(CLOCK_MONOTONIC);
}

static double cpu_seconds(void)
{
	return clock_seconds(CLOCK_PROCESS_CPUTIME_ID);
}

static void check(int rc)
{
	if (rc == SQLITE_OK || rc == SQLITE_DONE)
		return;
	fprintf(stderr, "store_rate: %s\n", sqlite3_errmsg(db));
	exit(1);
}

static sqlite3_stmt *prepare(const char *sql)
{
	sqlite3_stmt *s = NULL;

	check(sqlite3_prepare_v2(db, sql, -1, &s, NULL));
	return s;
}

static void run(sqlite3_stmt *s)
{
	check(sqlite3_step(s));
	check(sqlite3_reset(s));
}

/* The tables are made by the daemon's own store; then a second connection, with nothing of ours in it. */
static int open_db(const char *path)
{
	static const char *const settings = "PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;"
					    "PRAGMA cache_size = -256; PRAGMA temp_store = MEMORY;"
					    "PRAGMA foreign_keys = ON;";
	struct contact_row contact = {.petname = "bob", .identity = {1}, .onion = {2}};
	uint8_t raw_key[KEY_BYTES] = {3};
	char hex[2 * KEY_BYTES + 4] = "x'";
	struct store *s = NULL;
	int err = store_open(path, raw_key, NULL, &s);

	if (err == 0)
		err = store_contact_add(s, &contact);
	if (err == 0)
		err = store_meta_set(s, "state", text, STATE);
	if (err == 0)
		err = store_commit(s);
	store_close(s);
	if (err != 0)
		return err;
	sodium_bin2hex(hex + 2, 2 * KEY_BYTES + 1, raw_key, KEY_BYTES);
	strcat(hex, "'");
	check(sqlite3_open(path, &db));
	check(sqlite3_key(db, hex, (int)strlen(hex)));
	check(sqlite3_exec(db, settings, NULL, NULL, NULL));
	return 0;
}

static void prepare_all(void)
{
	begin = prepare("BEGIN IMMEDIATE");
	commit = prepare("COMMIT");
	state = prepare("UPDATE meta SET value = ?1 WHERE name = 'state'");
	line = prepare("INSERT INTO line (contact, kind, message_kind, msgid, time_ms, minute, client, text)"
		       " VALUES (1, 0, 0, ?1, 1700000000000, 28333333, 'bench', ?2)");
	note = prepare("INSERT INTO line (contact, kind, message_kind, msgid, time_ms, minute, client, text)"
		       " VALUES (NULL, 1, 0, ?1, 1700000000000, 28333333, 'bench', ?2)");
	outbox = prepare("INSERT INTO outbox (contact, msgid, message_kind, minute, may_have_left, text, seq,"
			 " sealed) VALUES (1, ?1, 0, 28333333, 1, ?2, ?3, ?4)");
	acked = prepare("DELETE FROM outbox WHERE id = ?1");
	seen = prepare("INSERT INTO seen (contact, msgid) VALUES (1, ?1)");
}

static void put_message(sqlite3_stmt *s, const uint8_t msgid[16], int size)
{
	check(sqlite3_bind_blob(s, 1, msgid, 16, SQLITE_STATIC));
	check(sqlite3_bind_blob(s, 2, text, size, SQLITE_STATIC));
	run(s);
}

static void note_one(int size)
{
	uint8_t msgid[16];

	randombytes_buf(msgid, sizeof(msgid));
	put_message(note, msgid, size);
}

/* Accepted, and not sealed yet. */
static void queue_one(int size)
{
	uint8_t msgid[16];

	randombytes_buf(msgid, sizeof(msgid));
	put_message(outbox, msgid, size);
	put_message(line, msgid, size);
}

/* Accepted as it is sealed. Those of the batch before have been acked meanwhile. */
static void send_one(int size, sqlite3_int64 behind)
{
	static sqlite3_int64 seq;
	uint8_t msgid[16];
	sqlite3_int64 id;

	randombytes_buf(msgid, sizeof(msgid));
	check(sqlite3_bind_int64(outbox, 3, ++seq));
	check(sqlite3_bind_blob(outbox, 4, text, size + SEALED_OVER, SQLITE_STATIC));
	put_message(outbox, msgid, size);
	id = sqlite3_last_insert_rowid(db);
	put_message(line, msgid, size);
	if (id > behind) {
		check(sqlite3_bind_int64(acked, 1, id - behind));
		run(acked);
	}
}

static void receive_one(int size)
{
	uint8_t msgid[16];

	randombytes_buf(msgid, sizeof(msgid));
	check(sqlite3_bind_blob(seen, 1, msgid, sizeof(msgid), SQLITE_STATIC));
	run(seen);
	put_message(line, msgid, size);
}

/* With what the ratchet has come to, where one has moved. */
static void end_batch(bool ratchet)
{
	if (ratchet) {
		randombytes_buf(text, STATE);
		check(sqlite3_bind_blob(state, 1, text, STATE, SQLITE_STATIC));
		run(state);
	}
	run(commit);
}

static void put_one(char what, int size, double batch)
{
	switch (what) {
	case 's':
		send_one(size, (sqlite3_int64)batch);
		break;
	case 'r':
		receive_one(size);
		break;
	case 'n':
		note_one(size);
		break;
	case 'q':
		queue_one(size);
		break;
	}
}

/* Until the i-th transaction is due, of `rate` a second. */
static void wait_for(unsigned long i, double start, double rate)
{
	double left = start + (double)i / rate - seconds();
	struct timespec t = {.tv_sec = (time_t)left, .tv_nsec = (long)((left - (double)(time_t)left) * 1e9)};

	if (left > 0)
		nanosleep(&t, NULL);
}

static double fill(char what, unsigned long n, int size, double batch, double rate)
{
	double start = seconds(), due = 0, begun;
	unsigned long i = 0;

	while (i < n) {
		if (rate > 0)
			wait_for(i, start, rate);
		begun = seconds();
		run(begin);
		if (what == 'e')
			i++;
		for (due += batch; what != 'e' && i < n && due >= 1; due--, i++)
			put_one(what, size, batch);
		end_batch(what != 'n' && what != 'q');
		took_us[n_took++ % n] = (uint32_t)((seconds() - begun) * 1e6);
	}
	return seconds() - start;
}

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void report(double took, size_t n)
{
	n_took = n_took < n ? n_took : n;
	qsort(took_us, n_took, sizeof(*took_us), compare);
	printf("%.6f %.6f %u\n", took, cpu_seconds() - cpu_before,
	       took_us[n_took / 2]);
}

int main(int argc, char **argv)
{
	unsigned long n;
	double batch;
	int size;

	if (argc < 6 || argc > 7 || sodium_init() < 0 || (batch = strtod(argv[5], NULL)) < 0.01) {
		fprintf(stderr, "usage: store_rate DB send|receive|note|queue|empty MESSAGES SIZE BATCH [RATE]\n");
		return 2;
	}
	n = strtoul(argv[3], NULL, 10);
	size = atoi(argv[4]);
	took_us = calloc(n + 1, sizeof(*took_us));
	if (took_us == NULL || open_db(argv[1]) != 0)
		return 1;
	prepare_all();
	cpu_before = cpu_seconds();
	report(fill(argv[2][0], n, size, batch, argc == 7 ? strtod(argv[6], NULL) : 0), n);
	return 0;
}
