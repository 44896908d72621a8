/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of the store share: the open database, its transaction and a small way to write queries. */
#ifndef STORE_STORE_PRIVATE_H
#define STORE_STORE_PRIVATE_H

/* sqlite3_key_v2 is declared for those who say that their library has it. */
#define SQLITE_HAS_CODEC 1
#include <sqlite3.h>

#include "store/store_history.h"

#define STATEMENTS_MAX 96

/* STORE_CONTROL as SQL writes it: the index outbox_control is only used where it stands so. */
#define CONTROL "64"
#define EMPTY "255"
_Static_assert(STORE_CONTROL == 64 && STORE_EMPTY == 255, "migration 3 says so; as above");

/* Likewise of lines: line_info and line_note, and how many bits of an id tell lines of one run apart. */
#define OUT "1"
#define INFO "2"
#define RUN "12"
#define RUN_BITS 12
/* Message kinds whose text is never empty: text, action, notice; LINE_REACT and _UNREACT.  EVENTS: the first that is
 * none on the wire (enum line_event). */
#define NEVER_EMPTY_KINDS 0, 1, 2, 256, 257
#define NEVER_EMPTY "0, 1, 2, 256, 257"
#define EVENTS "256"
_Static_assert(LINE_OUT == 1 && LINE_INFO == 2 && RUN_BITS == 12, "migration 4 says so");
_Static_assert(LINE_EVENTS == 256 && LINE_REACT == 256 && LINE_UNREACT == 257, "as above");

/* The tables that hold keys. */
#define LITTER_RATCHET 1u
#define LITTER_SKIPPED 2u
#define LITTER_CONTACT 4u
#define LITTER_SERVICE 8u
#define LITTER_CLIENT  16u
#define LITTER_INVITE  32u
#define LITTER_ALL     63u

struct statement {
	const char *sql; /* the literal itself is the key */
	sqlite3_stmt *stmt;
	bool busy;
};
struct newest; /* store_find.c */
struct store {
	sqlite3 *db;
	struct store_opts opts;
	bool open;	 /* a transaction is */
	int broken;	 /* a write of this transaction failed: so must its commit */
	bool unsynced;	 /* something may stand in the WAL */
	unsigned litter; /* tables for store_scrub: rows with keys may have moved or gone */
	struct statement statements[STATEMENTS_MAX];
	size_t n_statements;
	struct newest *newest;
};

/* ---- store.c ---- */
/* Runs SQL that answers nothing. */
int store_exec(struct store *s, const char *sql);
/* Opens the turn's transaction if there is none. */
int store_begin(struct store *s);
/* An err for a result code of SQLite; logs those that tell of trouble. */
int store_err(struct store *s, int rc);

/* ---- store_cipher.c ---- */
/* Connects, sets the key, and brings a file of SQLCipher 3 to the format of 4 where that is what we run on.
 */
int store_cipher_open(const char *path, const uint8_t key[KEY_BYTES], sqlite3 **db);

/* ---- store_schema.c ---- */
/* store_heap.c: has SQLite wipe what it frees; before anything else of it, and once. */
void store_heap_init(void);
int store_schema_migrate(struct store *s);
/* Leaves no byte of keys that were deleted where there is litter, in transactions of its own. */
int store_scrub(struct store *s);

/* ---- store_contact.c ---- */
/* The contact goes; its clients stay as CLIENT_RETIRED. */
int store_clients_retire(struct store *s, int64_t contact);

/* ---- store_marker.c ---- */
int store_marker_delete(struct store *s, int64_t conversation);

/* ---- store_query.c ---- */
/*
 * One statement from preparation to its last row.  The first error sticks and makes the rest do nothing, so
 * that only query_step, query_run or query_end need to be looked at.  Parameters are bound in their order and
 * borrowed until then.
 */
struct query {
	struct store *s;
	struct statement *cached; /* NULL: stmt is our own */
	sqlite3_stmt *stmt;
	bool writes;
	int at; /* parameters bound */
	int err;
};

void query_read(struct query *q, struct store *s, const char *sql);
/* Opens the transaction first. */
void query_write(struct query *q, struct store *s, const char *sql);

void query_int(struct query *q, int64_t value);
void query_blob(struct query *q, const void *data, size_t len);
/* NULL unless there. */
void query_blob_if(struct query *q, bool there, const void *data, size_t len);
void query_text(struct query *q, const char *text);

/* 1: a row stands; 0: there are no more; an err. */
int query_step(struct query *q);
/* Runs to the end and ends. */
int query_run(struct query *q);
/* Gives the statement back. Returns what stuck. */
int query_end(struct query *q);
/* The same for a walk that a callback may have ended with err: our own error comes first. */
int query_end_with(struct query *q, int err);

/* Columns of the row that stands.  What has not the promised size is a damaged database: ERR_INVALID sticks.
 */
int64_t query_get_int(struct query *q, int column);
void query_get_blob(struct query *q, int column, void *out, size_t size);
/* False, and zeroes, for NULL. */
bool query_get_blob_if(struct query *q, int column, void *out, size_t size);
void query_get_text(struct query *q, int column, char *out, size_t size);
/* Borrowed until the next step. */
const void *query_get_bytes(struct query *q, int column, size_t *len);

/* ---- store_line.c ---- */
#define LINE_COLUMNS "id, contact, kind, message_kind, msgid, time_ms, minute, client, text, re"
/* The rows of a query for these columns; ends it. */
int line_walk(struct query *q, int (*cb)(void *ctx, const struct line_row *l), void *ctx);

/* ---- store_find.c ---- */
/* This line was added: if a run of lines is full, it can be found from now on. */
int store_find_added(struct store *s, int64_t id, const uint8_t msgid[16]);

#endif
