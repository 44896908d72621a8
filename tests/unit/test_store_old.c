/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Databases that earlier versions of the program have written open, keep all they had, and go on. */
#include "store_disk_help.h"

#include "store/store_history.h"

/* As version 1 made it; never changes. */
static const char version_1[] =
    "PRAGMA journal_mode = WAL;"
    "CREATE TABLE meta (name TEXT PRIMARY KEY NOT NULL, value BLOB NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE contact ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " identity BLOB NOT NULL UNIQUE,"
    " petname TEXT NOT NULL UNIQUE COLLATE NOCASE,"
    " state INTEGER NOT NULL,"
    " link_key BLOB,"
    " onion BLOB NOT NULL,"
    " client_key BLOB,"
    " their_nick TEXT NOT NULL,"
    " text TEXT NOT NULL,"
    " min_version INTEGER NOT NULL,"
    " created_ms INTEGER NOT NULL,"
    " seen_ms INTEGER NOT NULL);"
    "CREATE TABLE request ("
    " id INTEGER PRIMARY KEY,"
    " identity BLOB NOT NULL UNIQUE,"
    " link_key BLOB NOT NULL,"
    " onion BLOB NOT NULL,"
    " client_key BLOB,"
    " name TEXT NOT NULL,"
    " text TEXT NOT NULL,"
    " rejected INTEGER NOT NULL,"
    " received_ms INTEGER NOT NULL);"
    "CREATE TABLE line ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " contact INTEGER REFERENCES contact(id) ON DELETE CASCADE,"
    " kind INTEGER NOT NULL,"
    " message_kind INTEGER NOT NULL,"
    " msgid BLOB NOT NULL,"
    " time_ms INTEGER NOT NULL,"
    " minute INTEGER NOT NULL,"
    " client TEXT NOT NULL,"
    " text BLOB NOT NULL);"
    "CREATE INDEX line_contact ON line(contact);"
    "CREATE TABLE seen ("
    " contact INTEGER NOT NULL REFERENCES contact(id) ON DELETE CASCADE,"
    " msgid BLOB NOT NULL,"
    " PRIMARY KEY (contact, msgid)) WITHOUT ROWID;"
    "CREATE TABLE outbox ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " contact INTEGER NOT NULL REFERENCES contact(id) ON DELETE CASCADE,"
    " msgid BLOB NOT NULL,"
    " message_kind INTEGER NOT NULL,"
    " minute INTEGER NOT NULL,"
    " may_have_left INTEGER NOT NULL,"
    " text BLOB NOT NULL,"
    " UNIQUE (contact, msgid));"
    "CREATE INDEX outbox_contact ON outbox(contact);"
    "CREATE TABLE cursor (client TEXT PRIMARY KEY NOT NULL, line INTEGER NOT NULL) WITHOUT ROWID;"
    "PRAGMA user_version = 1;";

#define B1  "x'01010101010101010101010101010101'"
#define B2  "x'02020202020202020202020202020202'"
#define B3  "x'03030303030303030303030303030303'"
#define B4  "x'04040404040404040404040404040404'"
#define K1  "x'0101010101010101010101010101010101010101010101010101010101010101'"
#define K2  "x'0202020202020202020202020202020202020202020202020202020202020202'"
#define BOB "4"
/* Ids have gaps: other contacts, lines and messages were there. */
static const char rows_1[] =
    "INSERT INTO meta VALUES ('nick', 'alice');"
    "INSERT INTO contact VALUES (" BOB ", " K1 ", 'Bob', 3, " K2 ", " K1 ", " K2
    ", 'bobby', '', 0, 1000, 2000),"
    " (7, " K2 ", 'Carol', 1, NULL, " K2 ", NULL, '', 'It is me', 0, 1001, 0);"
    "INSERT INTO request VALUES (2, x'" /* Mallory */
    "0303030303030303030303030303030303030303030303030303030303030303', " K1 ", " K2
    ", NULL, 'Mallory', 'hi', 1, 3000);"
    "INSERT INTO line VALUES (11, " BOB ", 0, 1, " B1 ", 4000, 66, '', 'hello'),"
    " (12, NULL, 1, 0, " B2 ", 4001, 0, 'laptop', 'a note'),"
    " (15, " BOB ", 1, 0, " B2 ", 4002, 0, 'laptop', 'hello yourself');"
    "INSERT INTO seen VALUES (" BOB ", " B1 ");"
    "INSERT INTO outbox VALUES (21, " BOB ", " B1 ", 0, 66, 1, 'left perhaps'),"
    " (22, " BOB ", " B2 ", 1, 67, 0, 'waits'), (25, 7, " B1 ", 0, 68, 0, 'for Carol');"
    "INSERT INTO cursor VALUES ('laptop', 12);"
    "UPDATE sqlite_sequence SET seq = 99;";

/* As version 2 made it of version 1's; never changes. */
static const char version_2[] =
    "ALTER TABLE outbox ADD COLUMN seq INTEGER;"
    "ALTER TABLE outbox ADD COLUMN sealed BLOB;"
    "CREATE UNIQUE INDEX outbox_seq ON outbox(contact, seq) WHERE seq IS NOT NULL;"
    "CREATE TABLE session ("
    " contact INTEGER PRIMARY KEY NOT NULL REFERENCES contact(id) ON DELETE CASCADE,"
    " epoch BLOB NOT NULL,"
    " sent INTEGER NOT NULL,"
    " acked INTEGER NOT NULL,"
    " received INTEGER NOT NULL,"
    " reset_day INTEGER NOT NULL,"
    " resets INTEGER NOT NULL);"
    "CREATE TABLE ratchet"
    "(contact INTEGER PRIMARY KEY NOT NULL REFERENCES contact(id) ON DELETE CASCADE,"
    " state BLOB NOT NULL);"
    "CREATE TABLE skipped"
    "(contact INTEGER NOT NULL REFERENCES contact(id) ON DELETE CASCADE,"
    " dh BLOB NOT NULL,"
    " n INTEGER NOT NULL,"
    " secret BLOB NOT NULL,"
    " made_ms INTEGER NOT NULL,"
    " PRIMARY KEY (contact, dh, n)) WITHOUT ROWID;"
    "CREATE INDEX skipped_made ON skipped(made_ms);"
    "PRAGMA user_version = 2;";

/* Bob's first message is sealed; a message of a kind that was opaque to that version is not counted now. */
static const char rows_2[] = "UPDATE outbox SET seq = 3, sealed = x'aabb' WHERE id = 21;"
			     "INSERT INTO outbox VALUES (26, 7, " B2 ", 64, 68, 0, 'opaque', NULL, NULL);"
			     "INSERT INTO session VALUES (" BOB ", x'0101010101010101', 3, 2, 9, 19000, 1);"
			     "INSERT INTO ratchet VALUES (" BOB ", 'a state');"
			     "INSERT INTO skipped VALUES (" BOB ", " K1 ", 5, " K2 ", 5000);";

/* As version 3 made it of version 2's; never changes. */
static const char version_3[] =
    "ALTER TABLE contact ADD COLUMN blocked INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE contact ADD COLUMN knows_door INTEGER NOT NULL DEFAULT 1;"
    "CREATE TABLE contact_token"
    "(contact INTEGER PRIMARY KEY NOT NULL REFERENCES contact(id) ON DELETE CASCADE,"
    " token BLOB NOT NULL);"
    "CREATE INDEX outbox_control ON outbox(contact) WHERE message_kind >= 64;"
    "CREATE TABLE service ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " created_ms INTEGER NOT NULL,"
    " left_ms INTEGER NOT NULL);"
    "CREATE TABLE service_seed"
    "(service INTEGER PRIMARY KEY NOT NULL REFERENCES service(id) ON DELETE CASCADE,"
    " seed BLOB NOT NULL);"
    "CREATE TABLE client ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " service INTEGER NOT NULL REFERENCES service(id) ON DELETE CASCADE,"
    " use INTEGER NOT NULL,"
    " contact INTEGER REFERENCES contact(id),"
    " offer INTEGER NOT NULL,"
    " acked INTEGER NOT NULL);"
    "CREATE INDEX client_service ON client(service);"
    "CREATE INDEX client_contact ON client(contact) WHERE contact IS NOT NULL;"
    "CREATE TABLE client_secret"
    "(client INTEGER PRIMARY KEY NOT NULL REFERENCES client(id) ON DELETE CASCADE,"
    " secret BLOB NOT NULL);"
    "CREATE UNIQUE INDEX client_secret_once ON client_secret(secret);"
    "CREATE TABLE invite ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " client INTEGER NOT NULL REFERENCES client(id) ON DELETE CASCADE,"
    " made_ms INTEGER NOT NULL,"
    " expires_ms INTEGER NOT NULL);"
    "CREATE INDEX invite_client ON invite(client);"
    "CREATE TABLE invite_token"
    "(invite INTEGER PRIMARY KEY NOT NULL REFERENCES invite(id) ON DELETE CASCADE,"
    " token BLOB NOT NULL);"
    "CREATE UNIQUE INDEX invite_token_once ON invite_token(token);"
    "PRAGMA user_version = 3;";

/* A conversation that is long, in part from before lines were found by their msgids. */
static const char rows_3[] = "UPDATE contact SET blocked = 1 WHERE id = 7;"
			     "WITH RECURSIVE n(i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)"
			     "INSERT INTO line SELECT i, " BOB ", i % 2, 0, zeroblob(12) || CAST(printf('%04X', i)"
			     " AS BLOB), 5000 + i, 83, '', 'line ' || i FROM n;"
			     "UPDATE line SET msgid = CAST(msgid AS BLOB) WHERE id >= 100;"
			     "INSERT INTO line VALUES (10001, " BOB ", 2, 2, " B1 ", 15001, 0, '', 'news');";

/* As version 4 made it of version 3's; never changes. */
static const char version_4[] =
    "ALTER TABLE contact ADD COLUMN expire_ms INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE contact ADD COLUMN household INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE line ADD COLUMN re BLOB;"
    "CREATE INDEX line_info ON line(kind) WHERE kind = 2;"
    "CREATE INDEX line_note ON line(kind) WHERE contact IS NULL AND kind = 1;"
    "CREATE TABLE line_find ("
    " run INTEGER NOT NULL,"
    " msgid BLOB NOT NULL,"
    " line INTEGER NOT NULL,"
    " PRIMARY KEY (run, msgid, line)) WITHOUT ROWID;"
    "INSERT INTO line_find SELECT id >> 12, msgid, id FROM line"
    " WHERE id >> 12 < (SELECT seq >> 12 FROM sqlite_sequence WHERE name = 'line') ORDER BY id;"
    "CREATE TRIGGER line_gone AFTER DELETE ON line BEGIN"
    " DELETE FROM line_find WHERE run = old.id >> 12 AND msgid = old.msgid AND line = old.id;"
    " END;"
    "CREATE TABLE marker (conversation INTEGER PRIMARY KEY NOT NULL, time_ms INTEGER NOT NULL);"
    "CREATE TABLE certificate (fingerprint BLOB PRIMARY KEY NOT NULL, made_ms INTEGER NOT NULL,"
    " proven INTEGER NOT NULL) WITHOUT ROWID;"
    "PRAGMA user_version = 4;";

/* A second message to Bob is sealed, and one of the engine's own waits for him. */
static const char rows_4[] = "INSERT INTO outbox VALUES (30, " BOB ", " B3 ", 0, 69, 1, 'left', 4, x'ccdd'),"
			     " (31, " BOB ", " B4 ", 64, 69, 0, 'control', NULL, NULL);";

static sqlite3 *make_version(const struct help *h, int version)
{
	sqlite3 *db = raw_open(h->db);
	raw_exec(db, version_1);
	raw_exec(db, rows_1);
	if (version >= 2) {
		raw_exec(db, version_2);
		raw_exec(db, rows_2);
	}
	if (version >= 3) {
		raw_exec(db, version_3);
		raw_exec(db, rows_3);
	}
	if (version >= 4) {
		raw_exec(db, version_4);
		raw_exec(db, rows_4);
	}
	assert_int_equal(raw_int(db, "PRAGMA user_version"), version);
	return db;
}

static struct store *open_version(const struct help *h, int version)
{
	assert_int_equal(sqlite3_close(make_version(h, version)), SQLITE_OK);
	return help_open(h);
}

static int tell_contact(void *ctx, const struct contact_row *c)
{
	help_tell(ctx,
		  "%d %s %d key %d,%d onion %d link %d,%d client %d,%d %s '%s' v%d %d %d door %d token %d "
		  "blocked %d\n",
		  (int)c->id, c->petname, c->state, c->identity[0], c->identity[KEY_BYTES - 1], c->onion[0],
		  c->has_link_key, c->link_key[0], c->has_client_key, c->client_key[0], c->their_nick,
		  c->text, c->min_version, (int)c->created_ms, (int)c->seen_ms, c->knows_door, c->has_token,
		  c->blocked);
	return 0;
}

static int tell_request(void *ctx, const struct request_row *r)
{
	help_tell(ctx, "request %s '%s' %d %d\n", r->name, r->text, r->rejected, (int)r->received_ms);
	return 0;
}

static int tell_line(void *ctx, const struct line_row *l)
{
	help_tell(ctx, "line %d of %d kind %d,%d id %d at %d,%d %s '%.*s'\n", (int)l->id, (int)l->contact,
		  l->kind, l->message_kind, l->msgid[15], (int)l->time_ms, (int)l->minute, l->client,
		  (int)l->text_len, l->text);
	return 0;
}

static int tell_outbox(void *ctx, const struct outbox_row *o)
{
	help_tell(ctx, "out %d to %d kind %d id %d at %d left %d '%.*s' seq %d sealed %s\n", (int)o->id,
		  (int)o->contact, o->message_kind, o->msgid[15], (int)o->minute, o->may_have_left,
		  (int)o->text_len, o->text, (int)o->seq, o->sealed ? "yes" : "no");
	return 0;
}

static int tell_cursor(void *ctx, const char *client, int64_t line_id)
{
	help_tell(ctx, "cursor %s %d\n", client, (int)line_id);
	return 0;
}

static void assert_rows_of_version_1(struct store *s)
{
	struct help_story st = {""};
	char nick[5];
	assert_int_equal(store_contact_each(s, tell_contact, &st), 0);
	assert_int_equal(store_request_each(s, tell_request, &st), 0);
	assert_int_equal(store_line_since(s, 0, 100, tell_line, &st), 0);
	assert_int_equal(store_outbox_each(s, 4, 0, 100, tell_outbox, &st), 0);
	assert_int_equal(store_outbox_each(s, 7, 0, 100, tell_outbox, &st), 0);
	assert_int_equal(store_cursor_each(s, tell_cursor, &st), 0);
	assert_string_equal(
	    st.text,
	    "4 Bob 3 key 1,1 onion 1 link 1,2 client 1,2 bobby '' v0 1000 2000 door 1 token 0 blocked 0\n"
	    "7 Carol 1 key 2,2 onion 2 link 0,0 client 0,0  'It is me' v0 1001 0 door 1 token 0 blocked 0\n"
	    "request Mallory 'hi' 1 3000\n"
	    "line 11 of 4 kind 0,1 id 1 at 4000,66  'hello'\n"
	    "line 12 of 0 kind 1,0 id 2 at 4001,0 laptop 'a note'\n"
	    "line 15 of 4 kind 1,0 id 2 at 4002,0 laptop 'hello yourself'\n"
	    "out 21 to 4 kind 0 id 1 at 66 left 1 'left perhaps' seq 0 sealed no\n"
	    "out 22 to 4 kind 1 id 2 at 67 left 0 'waits' seq 0 sealed no\n"
	    "out 25 to 7 kind 0 id 1 at 68 left 0 'for Carol' seq 0 sealed no\n"
	    "cursor laptop 12\n");
	assert_int_equal(store_meta_get(s, "nick", nick, sizeof(nick), NULL), 0);
	assert_memory_equal(nick, "alice", 5);
}

static int no_session(void *ctx, const struct session_row *row)
{
	(void)ctx;
	(void)row;
	return 42;
}

static void version_1_keeps_what_it_had(void **state)
{
	static const uint8_t seen[16] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
	struct store *s = open_version(*state, 1);
	assert_false(store_dirty(s));
	for (unsigned i = 0; i < 2; i++) {
		assert_rows_of_version_1(s);
		assert_int_equal(store_seen_add(s, 4, seen), ERR_EXISTS);
		assert_int_equal(store_session_each(s, no_session, NULL), 0);
		store_close(s); /* once more, as it now is */
		s = help_open(*state);
	}
	store_close(s);
}

static void version_1_goes_on(void **state)
{
	struct store *s = open_version(*state, 1);
	const struct session_row row = {.contact = 4, .epoch = {1}};
	struct outbox_row o = {.contact = 4, .msgid = {9}, .text = "new", .text_len = 3};
	struct line_row l = {.contact = 7, .text = "new", .text_len = 3};
	struct help_story st = {""};
	size_t n;
	assert_int_equal(store_session_begin(s, &row, "state", 5), 0);
	assert_int_equal(store_outbox_cancel(s, 4, 21), ERR_WRONG_STATE);
	assert_int_equal(store_outbox_seal(s, 21, 1, "bytes", 5), 0);
	assert_int_equal(store_outbox_seal(s, 22, 2, "bytes", 5), 0);
	assert_int_equal(store_outbox_add(s, &o), 0);
	assert_int_equal(o.id, 100); /* never one that was given before */
	assert_int_equal(store_line_add(s, &l), 0);
	assert_int_equal(l.id, 100);
	assert_int_equal(store_outbox_delete_upto(s, 4, 1, &n), 0);
	assert_int_equal(n, 1);
	assert_int_equal(store_contact_delete(s, 7), 0);
	assert_int_equal(store_commit(s), 0);
	assert_int_equal(store_checkpoint(s), 0);
	store_close(s);

	s = help_open(*state);
	assert_int_equal(store_outbox_each(s, 4, 0, 100, tell_outbox, &st), 0);
	assert_int_equal(store_outbox_each(s, 7, 0, 100, tell_outbox, &st), 0);
	assert_string_equal(st.text, "out 22 to 4 kind 1 id 2 at 67 left 1 'waits' seq 2 sealed yes\n"
				     "out 100 to 4 kind 0 id 0 at 0 left 0 'new' seq 0 sealed no\n");
	store_close(s);
}

static int tell_session(void *ctx, const struct session_row *row)
{
	help_tell(ctx, "session of %d epoch %d,%d sent %d acked %d received %d day %d resets %d\n",
		  (int)row->contact, row->epoch[0], row->epoch[7], (int)row->sent, (int)row->acked,
		  (int)row->received, (int)row->reset_day, (int)row->resets);
	return 0;
}

static int tell_client(void *ctx, const struct client_row *row)
{
	help_tell(ctx, "client %d of %d use %d contact %d\n", (int)row->id, (int)row->service, row->use,
		  (int)row->contact);
	return 0;
}

static int tell_queue(void *ctx, int64_t contact, size_t n)
{
	help_tell(ctx, "%zu for %d\n", n, (int)contact);
	return 0;
}

static void assert_rows_of_version_2(struct store *s)
{
	static const uint8_t dh[KEY_BYTES] = {[0 ... KEY_BYTES - 1] = 1};
	struct help_story st = {""};
	uint8_t got[KEY_BYTES];
	size_t len;
	assert_int_equal(store_contact_each(s, tell_contact, &st), 0);
	assert_int_equal(store_session_each(s, tell_session, &st), 0);
	assert_int_equal(store_outbox_each(s, 4, 0, 100, tell_outbox, &st), 0);
	assert_int_equal(store_outbox_counts(s, tell_queue, &st), 0);
	assert_string_equal(st.text, "4 Bob 3 key 1,1 onion 1 link 1,2 client 1,2 bobby '' v0 1000 2000"
				     " door 1 token 0 blocked 0\n"
				     "7 Carol 1 key 2,2 onion 2 link 0,0 client 0,0  'It is me' v0 1001 0"
				     " door 1 token 0 blocked 0\n"
				     "session of 4 epoch 1,1 sent 3 acked 2 received 9 day 19000 resets 1\n"
				     "out 21 to 4 kind 0 id 1 at 66 left 1 'left perhaps' seq 3 sealed yes\n"
				     "out 22 to 4 kind 1 id 2 at 67 left 0 'waits' seq 0 sealed no\n"
				     "2 for 4\n1 for 7\n");
	assert_int_equal(store_ratchet_get(s, 4, got, sizeof(got), &len), 0);
	assert_int_equal(len, 7);
	assert_memory_equal(got, "a state", 7);
	assert_int_equal(store_skipped_get(s, 4, dh, 5, got), 0);
	assert_int_equal(got[0], 2);
}

static void version_2_keeps_what_it_had(void **state)
{
	struct store *s = open_version(*state, 2);
	assert_false(store_dirty(s));
	for (unsigned i = 0; i < 2; i++) {
		assert_rows_of_version_2(s);
		assert_int_equal(store_checkpoint(s), 0);
		store_close(s); /* once more, as it now is */
		s = help_open(*state);
	}
	store_close(s);
}

static void version_2_goes_on(void **state)
{
	struct store *s = open_version(*state, 2);
	struct contact_row dave = help_contact("Dave", 9);
	struct help_story st = {""};
	const int64_t service = help_add_service(s, 1);
	help_add_client(s, service, 1, 4);
	help_add_client(s, service, 2, 7);
	dave.has_token = true;
	assert_int_equal(store_contact_add(s, &dave), 0);
	assert_int_equal(store_contact_delete(s, 4), 0);
	assert_int_equal(store_commit(s), 0);
	assert_int_equal(store_checkpoint(s), 0);
	store_close(s);

	s = help_open(*state);
	assert_int_equal(store_contact_each(s, tell_contact, &st), 0);
	assert_int_equal(store_session_each(s, tell_session, &st), 0);
	assert_int_equal(store_client_each(s, tell_client, &st), 0);
	assert_string_equal(st.text, "7 Carol 1 key 2,2 onion 2 link 0,0 client 0,0  'It is me' v0 1001 0"
				     " door 1 token 0 blocked 0\n"
				     "100 Dave 1 key 9,9 onion 10 link 0,0 client 0,0  '' v0 1009 0"
				     " door 0 token 1 blocked 0\n"
				     "client 1 of 1 use 3 contact 0\n"
				     "client 2 of 1 use 1 contact 7\n");
	store_close(s);
}

static int64_t found(struct store *s, int64_t conversation, int i)
{
	uint8_t msgid[17] = {0};
	int64_t id = 0;
	snprintf((char *)msgid + 12, 5, "%04X", i);
	const int err = store_line_find(s, conversation, msgid, &id);
	assert_true(!err || err == ERR_NOT_FOUND);
	return err ? 0 : id;
}

static void version_3_keeps_what_it_had(void **state)
{
	static const uint8_t news[16] = {[0 ... 15] = 1};
	struct store *s = open_version(*state, 3);
	struct help_story st = {""};
	int64_t id;
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(help_lines(s), 3 + 9901 + 1);
		assert_int_equal(found(s, 4, 100), 100);
		assert_int_equal(found(s, 4, 4095), 4095);
		assert_int_equal(found(s, 4, 4096), 4096);
		assert_int_equal(found(s, 4, 9999), 9999);
		assert_int_equal(found(s, 7, 4095), 0);
		assert_int_equal(found(s, 4, 10001), 0);
		assert_int_equal(store_line_find(s, 4, news, &id), 0);
		assert_int_equal(id, 11);
		assert_int_equal(store_line_find(s, STORE_SERVICE, news, &id), 0);
		assert_int_equal(id, 10001);
		store_close(s); /* once more, as it now is */
		s = help_open(*state);
	}
	assert_int_equal(store_line_since(s, 9999, 1, tell_line, &st), 0);
	assert_string_equal(st.text, "line 10000 of 4 kind 0,0 id 48 at 15000,83  'line 10000'\n");
	store_close(s);
}

static void version_3_goes_on(void **state)
{
	struct store *s = open_version(*state, 3);
	for (int i = 10002; i < 20000; i++) {
		struct line_row l = {.contact = i % 2 ? 4 : 7, .has_re = true, .re = {1}};
		char hex[5];
		snprintf(hex, sizeof(hex), "%04X", i);
		memcpy(l.msgid + 12, hex, 4);
		assert_int_equal(store_line_add(s, &l), 0);
		assert_int_equal(l.id, i);
	}
	assert_int_equal(store_contact_delete(s, 7), 0);
	assert_int_equal(store_commit(s), 0);
	assert_int_equal(found(s, 4, 100), 100);
	assert_int_equal(found(s, 4, 10003), 10003);
	assert_int_equal(found(s, 7, 10004), 0);
	assert_int_equal(found(s, 4, 19999), 19999);
	store_close(s);

	/* what is gone is not to be found there either */
	sqlite3 *db = raw_open(((struct help *)*state)->db);
	assert_int_equal(raw_int(db, "SELECT count(*) FROM line_find WHERE line NOT IN (SELECT id FROM line)"), 0);
	assert_int_equal(raw_int(db, "SELECT count(*) FROM line_find"),
			 raw_int(db, "SELECT count(*) FROM line WHERE id < 16384"));
	sqlite3_close(db);
}

static void version_4_keeps_what_it_had(void **state)
{
	static const uint8_t first[16] = {[0 ... 15] = 1};
	struct store *s = open_version(*state, 4);
	struct help_story st = {""};
	bool left = false;
	store_close(s); /* once more, as it now is */
	s = help_open(*state);
	assert_int_equal(store_outbox_counts(s, tell_queue, &st), 0);
	assert_int_equal(store_outbox_take_back(s, 4, 67000, first, &left), 0);
	assert_true(left);
	assert_int_equal(store_outbox_each(s, 4, 0, 100, tell_outbox, &st), 0);
	assert_int_equal(store_outbox_each(s, 7, 0, 100, tell_outbox, &st), 0);
	assert_string_equal(st.text, "3 for 4\n1 for 7\n"
				     "out 22 to 4 kind 1 id 2 at 67 left 0 'waits' seq 0 sealed no\n"
				     "out 30 to 4 kind 0 id 3 at 69 left 1 'left' seq 4 sealed yes\n"
				     "out 31 to 4 kind 64 id 4 at 69 left 0 'control' seq 0 sealed no\n"
				     "out 25 to 7 kind 0 id 1 at 68 left 0 'for Carol' seq 0 sealed no\n"
				     "out 26 to 7 kind 64 id 2 at 68 left 0 'opaque' seq 0 sealed no\n");
	assert_int_equal(found(s, 4, 4096), 4096);
	store_close(s);
}

static void version_4_goes_on(void **state)
{
	struct outbox_row o = {
	    .contact = 4, .seq = 4, .sealed = (const uint8_t *)"bytes", .sealed_len = 5, .text = "new", .text_len = 3};
	struct store *s = open_version(*state, 4);
	sqlite3 *db = raw_open(((struct help *)*state)->db);
	size_t n;
	/* msgids are random: an index of them would cost a message more than all else of it */
	assert_int_equal(raw_int(db, "SELECT count(*) FROM sqlite_master"
				     " WHERE type = 'index' AND tbl_name = 'outbox'"),
			 4);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	assert_int_equal(store_outbox_add(s, &o), ERR_EXISTS);
	o.seq = 5;
	assert_int_equal(store_outbox_add(s, &o), 0);
	assert_int_equal(o.id, 100); /* never one that was given before */
	assert_int_equal(store_outbox_delete_upto(s, 4, 5, &n), 0);
	assert_int_equal(n, 3);
	assert_int_equal(store_contact_delete(s, 7), 0); /* and what waits for it */
	assert_int_equal(store_outbox_count(s, 7, &n), 0);
	assert_int_equal(n, 0);
	assert_int_equal(store_commit(s), 0);
	store_close(s);
}

/* Nor where the newest message had gone already. */
static void version_4_with_nothing_that_waits(void **state)
{
	struct outbox_row o = {.contact = 4, .text = "new", .text_len = 3};
	const struct help *h = *state;
	sqlite3 *db = make_version(h, 4);
	struct store *s;
	raw_exec(db, "DELETE FROM outbox");
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	s = help_open(h);
	assert_int_equal(store_outbox_add(s, &o), 0);
	assert_int_equal(o.id, 100);
	store_close(s);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, help_setup, help_teardown)
	const struct CMUnitTest tests[] = {
	    T(version_1_keeps_what_it_had),
	    T(version_1_goes_on),
	    T(version_2_keeps_what_it_had),
	    T(version_2_goes_on),
	    T(version_3_keeps_what_it_had),
	    T(version_3_goes_on),
	    T(version_4_keeps_what_it_had),
	    T(version_4_goes_on),
	    T(version_4_with_nothing_that_waits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
