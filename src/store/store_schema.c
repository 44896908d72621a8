/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The tables.  Entry n brings a database of version n to n + 1; entries that were released never change, new
 * ones are appended.  The version is SQLite's user_version, set in the same transaction.
 *
 * SQLite 3.15 (Debian 12) must understand all of it.
 */
#include <stdlib.h>

#include "base/err.h"
#include "base/log.h"
#include "base/str.h"
#include "store_private.h"

/* Keys stand apart from what changes beside them: a ratchet is only ever overwritten in its place, the others
 * not at all, and store_scrub writes tables anew that no other refers to. */
#define RATCHET_COLUMNS                                                                                      \
	"(contact INTEGER PRIMARY KEY NOT NULL REFERENCES contact(id) ON DELETE CASCADE,"                    \
	" state BLOB NOT NULL);"
#define SKIPPED_COLUMNS                                                                                      \
	"(contact INTEGER NOT NULL REFERENCES contact(id) ON DELETE CASCADE,"                                \
	" dh BLOB NOT NULL,"                                                                                 \
	" n INTEGER NOT NULL,"                                                                               \
	" secret BLOB NOT NULL,"                                                                             \
	" made_ms INTEGER NOT NULL,"                                                                         \
	" PRIMARY KEY (contact, dh, n)) WITHOUT ROWID;"
#define SKIPPED_INDEX "CREATE INDEX skipped_made ON skipped(made_ms);"
#define CONTACT_TOKEN_COLUMNS                                                                                \
	"(contact INTEGER PRIMARY KEY NOT NULL REFERENCES contact(id) ON DELETE CASCADE,"                    \
	" token BLOB NOT NULL);"
#define SERVICE_SEED_COLUMNS                                                                                 \
	"(service INTEGER PRIMARY KEY NOT NULL REFERENCES service(id) ON DELETE CASCADE,"                    \
	" seed BLOB NOT NULL);"
#define CLIENT_SECRET_COLUMNS                                                                                \
	"(client INTEGER PRIMARY KEY NOT NULL REFERENCES client(id) ON DELETE CASCADE,"                      \
	" secret BLOB NOT NULL);"
#define CLIENT_SECRET_INDEX "CREATE UNIQUE INDEX client_secret_once ON client_secret(secret);"
#define INVITE_TOKEN_COLUMNS                                                                                 \
	"(invite INTEGER PRIMARY KEY NOT NULL REFERENCES invite(id) ON DELETE CASCADE,"                      \
	" token BLOB NOT NULL);"
#define INVITE_TOKEN_INDEX "CREATE UNIQUE INDEX invite_token_once ON invite_token(token);"

static const char *const migrations[] = {
    "CREATE TABLE meta (name TEXT PRIMARY KEY NOT NULL, value BLOB NOT NULL) WITHOUT ROWID;"

    /* NOCASE folds what CASEMAPPING=ascii folds: a last line of defence for the one namespace. */
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

    /* contact NULL: the account itself */
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

    "CREATE TABLE cursor (client TEXT PRIMARY KEY NOT NULL, line INTEGER NOT NULL) WITHOUT ROWID;",

    /* 2: ratchet sessions; what is sealed has both columns */
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
    "CREATE TABLE ratchet " RATCHET_COLUMNS "CREATE TABLE skipped " SKIPPED_COLUMNS SKIPPED_INDEX,

    /* 3: private services; contacts of before know no other address than the door's */
    "ALTER TABLE contact ADD COLUMN blocked INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE contact ADD COLUMN knows_door INTEGER NOT NULL DEFAULT 1;"
    "CREATE TABLE contact_token " CONTACT_TOKEN_COLUMNS

    /* so that the few need no look at the many: store_outbox_count */
    "CREATE INDEX outbox_control ON outbox(contact) WHERE message_kind >= " CONTROL ";"

    "CREATE TABLE service ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " created_ms INTEGER NOT NULL,"
    " left_ms INTEGER NOT NULL);"
    "CREATE TABLE service_seed " SERVICE_SEED_COLUMNS

    /* contact NULL: of none.  One that goes is taken out by store_contact_delete first. */
    "CREATE TABLE client ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " service INTEGER NOT NULL REFERENCES service(id) ON DELETE CASCADE,"
    " use INTEGER NOT NULL,"
    " contact INTEGER REFERENCES contact(id),"
    " offer INTEGER NOT NULL,"
    " acked INTEGER NOT NULL);"
    "CREATE INDEX client_service ON client(service);"
    "CREATE INDEX client_contact ON client(contact) WHERE contact IS NOT NULL;"
    "CREATE TABLE client_secret " CLIENT_SECRET_COLUMNS CLIENT_SECRET_INDEX

    "CREATE TABLE invite ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " client INTEGER NOT NULL REFERENCES client(id) ON DELETE CASCADE,"
    " made_ms INTEGER NOT NULL,"
    " expires_ms INTEGER NOT NULL);"
    "CREATE INDEX invite_client ON invite(client);"
    "CREATE TABLE invite_token " INVITE_TOKEN_COLUMNS INVITE_TOKEN_INDEX,

    /* 4: what lines are about, and where they are found; retention, read markers, client certificates */
    "ALTER TABLE contact ADD COLUMN expire_ms INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE contact ADD COLUMN household INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE line ADD COLUMN re BLOB;"
    "CREATE INDEX line_info ON line(kind) WHERE kind = " INFO ";"
    "CREATE INDEX line_note ON line(kind) WHERE contact IS NULL AND kind = " OUT ";"

    /* store_find.c says why this is no index */
    "CREATE TABLE line_find ("
    " run INTEGER NOT NULL,"
    " msgid BLOB NOT NULL,"
    " line INTEGER NOT NULL,"
    " PRIMARY KEY (run, msgid, line)) WITHOUT ROWID;"
    "INSERT INTO line_find SELECT id >> " RUN ", msgid, id FROM line"
    " WHERE id >> " RUN " < (SELECT seq >> " RUN " FROM sqlite_sequence WHERE name = 'line') ORDER BY id;"
    "CREATE TRIGGER line_gone AFTER DELETE ON line BEGIN"
    " DELETE FROM line_find WHERE run = old.id >> " RUN " AND msgid = old.msgid AND line = old.id;"
    " END;"

    "CREATE TABLE marker (conversation INTEGER PRIMARY KEY NOT NULL, time_ms INTEGER NOT NULL);"
    "CREATE TABLE certificate (fingerprint BLOB PRIMARY KEY NOT NULL, made_ms INTEGER NOT NULL,"
    " proven INTEGER NOT NULL) WITHOUT ROWID;",

    /* 5: the outbox without an index of msgids, which are random: it cost a message that waits more than all the
     * rest of storing it.  What is taken back is found by its line, whose id ascends; 0 for what has none, and
     * what was here before.  Ids are still never reused. */
    "CREATE TABLE new_outbox ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " contact INTEGER NOT NULL REFERENCES contact(id) ON DELETE CASCADE,"
    " msgid BLOB NOT NULL,"
    " message_kind INTEGER NOT NULL,"
    " minute INTEGER NOT NULL,"
    " line INTEGER NOT NULL DEFAULT 0,"
    " may_have_left INTEGER NOT NULL,"
    " text BLOB NOT NULL,"
    " seq INTEGER,"
    " sealed BLOB);"
    "INSERT INTO new_outbox SELECT id, contact, msgid, message_kind, minute, 0, may_have_left, text, seq, sealed"
    " FROM outbox ORDER BY id;"
    "DELETE FROM sqlite_sequence WHERE name = 'new_outbox';"
    "INSERT INTO sqlite_sequence SELECT 'new_outbox', seq FROM sqlite_sequence WHERE name = 'outbox';"
    "DROP TABLE outbox;"
    "ALTER TABLE new_outbox RENAME TO outbox;"
    "CREATE INDEX outbox_contact ON outbox(contact);"
    "CREATE INDEX outbox_line ON outbox(contact, line);"
    "CREATE UNIQUE INDEX outbox_seq ON outbox(contact, seq) WHERE seq IS NOT NULL;"
    "CREATE INDEX outbox_control ON outbox(contact) WHERE message_kind >= " CONTROL ";",
};
#define VERSION ((int)(sizeof(migrations) / sizeof(migrations[0])))

static int read_version(struct store *s, int *version)
{
	struct query q;
	query_read(&q, s, "PRAGMA user_version");
	if (query_step(&q) > 0)
		*version = (int)query_get_int(&q, 0);
	return query_end(&q);
}

static int migrate_one(struct store *s, int version)
{
	char *set = str_asprintf("PRAGMA user_version = %d", version + 1);
	int err = set ? 0 : ERR_NOMEM;
	if (!err)
		err = store_begin(s);
	if (!err)
		err = store_exec(s, migrations[version]);
	if (!err)
		err = store_exec(s, set);
	if (!err)
		err = store_commit(s);
	free(set);
	return err;
}

int store_schema_migrate(struct store *s)
{
	int version = 0;
	int err = read_version(s, &version);
	if (!err && (version < 0 || version > VERSION)) {
		log_error("the database is of version %d; this program knows %d", version, VERSION);
		err = ERR_VERSION;
	}
	for (; !err && version < VERSION; version++)
		err = migrate_one(s, version);
	return err;
}

/*
 * secure_delete zeroes the place of a deleted row, but not the copies that SQLite leaves in the unused part
 * of a page when it moves rows between pages, which happens where rows come and go.  A table that is dropped
 * leaves only zeroes: so those that hold keys are written anew.
 */
#define ANEW(table, columns, index)                                                                          \
	"BEGIN IMMEDIATE;"                                                                                   \
	"CREATE TABLE new_" table " " columns "INSERT INTO new_" table " SELECT * FROM " table ";"           \
	"DROP TABLE " table ";"                                                                              \
	"ALTER TABLE new_" table " RENAME TO " table ";" index "COMMIT"

static const struct {
	unsigned litter;
	const char *sql;
} scrubs[] = {
    {LITTER_RATCHET, ANEW("ratchet", RATCHET_COLUMNS, "")},
    {LITTER_SKIPPED, ANEW("skipped", SKIPPED_COLUMNS, SKIPPED_INDEX)},
    {LITTER_CONTACT, ANEW("contact_token", CONTACT_TOKEN_COLUMNS, "")},
    {LITTER_SERVICE, ANEW("service_seed", SERVICE_SEED_COLUMNS, "")},
    {LITTER_CLIENT, ANEW("client_secret", CLIENT_SECRET_COLUMNS, CLIENT_SECRET_INDEX)},
    {LITTER_INVITE, ANEW("invite_token", INVITE_TOKEN_COLUMNS, INVITE_TOKEN_INDEX)},
};

int store_scrub(struct store *s)
{
	for (size_t i = 0; i < sizeof(scrubs) / sizeof(scrubs[0]); i++) {
		if (!(s->litter & scrubs[i].litter))
			continue;
		const int err = store_exec(s, scrubs[i].sql);
		if (err && !sqlite3_get_autocommit(s->db))
			(void)store_exec(s, "ROLLBACK");
		if (err)
			return err;
		s->litter &= ~scrubs[i].litter;
	}
	return 0;
}
