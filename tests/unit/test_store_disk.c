/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What stands on the disk: no plaintext, nothing of what was deleted, the formats of SQLCipher 3 and 4,
 * versions. */
#include "store_disk_help.h"

#define CANARY "canary: the eagle lands at noon"

/* ---- stories ---- */

static void no_text_is_readable_in_the_files(void **state)
{
	const struct help *h = *state;
	struct store *s = help_open(h);
	const int64_t bob = help_add_contact(s, "canarynick", 1);
	struct outbox_row o = {.contact = bob, .text = CANARY, .text_len = strlen(CANARY)};
	assert_int_equal(help_line(s, bob, CANARY), 0);
	assert_int_equal(store_outbox_add(s, &o), 0);
	assert_int_equal(store_meta_set(s, "canarymeta", CANARY, strlen(CANARY)), 0);
	for (unsigned after_checkpoint = 0; after_checkpoint < 2; after_checkpoint++) {
		assert_int_equal(store_commit(s), 0);
		assert_false(any_file_holds(h, "canary"));
		assert_false(any_file_holds(h, "eagle"));
		assert_false(any_file_holds(h, "SQLite format"));
		assert_false(any_file_holds(h, "CREATE TABLE"));
		assert_int_equal(store_checkpoint(s), 0);
	}
	store_close(s);
	assert_false(any_file_holds(h, "canary"));
	assert_true(decrypted_pages_hold(h, CANARY)); /* it is there for the key */
}

static void a_deleted_conversation_leaves_no_trace(void **state)
{
	const struct help *h = *state;
	struct store *s = help_open(h);
	const int64_t bob = help_add_contact(s, "Bob", 1);
	for (int i = 0; i < 100; i++)
		assert_int_equal(help_line(s, bob, CANARY), 0);
	assert_int_equal(help_line(s, 0, "something that stays"), 0);
	struct outbox_row o = {.contact = bob, .text = CANARY, .text_len = strlen(CANARY)};
	assert_int_equal(store_outbox_add(s, &o), 0);
	assert_int_equal(store_commit(s), 0);
	assert_int_equal(store_checkpoint(s), 0);
	assert_true(decrypted_pages_hold(h, CANARY)); /* else the rest would show nothing */

	assert_int_equal(store_contact_delete(s, bob), 0);
	assert_int_equal(store_commit(s), 0);
	assert_int_equal(store_checkpoint(s), 0);
	assert_int_equal(help_size(h->db, "-wal"), 0);
	assert_false(decrypted_pages_hold(h, CANARY));
	assert_false(decrypted_pages_hold(h, "eagle"));
	assert_true(decrypted_pages_hold(h, "something that stays"));
	store_close(s);
}

static void a_delivered_message_leaves_no_trace_in_the_outbox(void **state)
{
	const struct help *h = *state;
	struct store *s = help_open(h);
	struct outbox_row o = {.msgid = {1}, .text = CANARY, .text_len = strlen(CANARY)};
	size_t n;
	o.contact = help_add_contact(s, "Bob", 1);
	assert_int_equal(store_outbox_add(s, &o), 0);
	assert_int_equal(store_commit(s), 0);
	assert_int_equal(store_checkpoint(s), 0);
	assert_true(decrypted_pages_hold(h, CANARY));
	assert_int_equal(store_outbox_seal(s, o.id, 1, "x", 1), 0);
	assert_int_equal(store_outbox_delete_upto(s, o.contact, 1, &n), 0);
	assert_int_equal(store_commit(s), 0);
	assert_int_equal(store_checkpoint(s), 0);
	assert_false(decrypted_pages_hold(h, CANARY));
	store_close(s);
}

static void destroying_leaves_no_file(void **state)
{
	const struct help *h = *state;
	struct store *s = help_open(h);
	assert_int_equal(help_line(s, 0, "one"), 0);
	assert_int_equal(store_commit(s), 0);
	store_close(s);
	assert_int_equal(store_destroy(h->db), 0);
	assert_int_equal(store_destroy(h->db), 0);
	assert_int_equal(rmdir(h->dir), 0); /* so it is empty */
}

static void a_newer_database_is_refused(void **state)
{
	const struct help *h = *state;
	struct store *s = help_open(h);
	store_close(s);
	sqlite3 *db = raw_open(h->db);
	const int version = raw_int(db, "PRAGMA user_version");
	assert_true(version >= 1);
	raw_exec(db, "PRAGMA user_version = 1000000");
	sqlite3_close(db);
	assert_int_equal(store_open(h->db, help_key, NULL, &s), ERR_VERSION);

	/* and was left alone */
	db = raw_open(h->db);
	assert_int_equal(raw_int(db, "PRAGMA user_version"), 1000000);
	sqlite3_close(db);
}

static void a_half_made_database_is_finished(void **state)
{
	/* killed before the first migration was committed: an empty file, or one without tables */
	const struct help *h = *state;
	assert_int_equal(file_replace(h->db, "", 0, 0600), 0);
	struct store *s = help_open(h);
	assert_int_equal(help_line(s, 0, "one"), 0);
	assert_int_equal(store_commit(s), 0);
	store_close(s);
	assert_int_equal(store_destroy(h->db), 0);

	sqlite3 *db = raw_open(h->db);
	raw_exec(db, "PRAGMA journal_mode = WAL");
	sqlite3_close(db);
	s = help_open(h);
	assert_int_equal(help_line(s, 0, "one"), 0);
	assert_int_equal(store_commit(s), 0);
	store_close(s);
}

/* Rewrites the database as SQLCipher 3 would have; where that is what runs, it only copies. */
static void write_as_version_3(const struct help *h)
{
	char old[PATH_MAX], attach[PATH_MAX + 200], hex[2 * KEY_BYTES + 1], set[64];
	hex_encode(help_key, KEY_BYTES, hex);
	assert_int_equal(str_fmt(old, sizeof(old), "%s.old", h->db), 0);
	assert_int_equal(file_replace(old, "", 0, 0600), 0);
	assert_int_equal(str_fmt(attach, sizeof(attach), "ATTACH '%s' AS old KEY \"x'%s'\"", old, hex), 0);
	sqlite3 *db = raw_open(h->db);
	const int version = raw_int(db, "PRAGMA user_version");
	raw_exec(db, attach);
	raw_exec(db, "PRAGMA old.cipher_compatibility = 3");
	raw_exec(db, "SELECT sqlcipher_export('old')");
	assert_int_equal(str_fmt(set, sizeof(set), "PRAGMA old.user_version = %d", version), 0);
	raw_exec(db, set);
	raw_exec(db, "PRAGMA old.journal_mode = WAL");
	sqlite3_close(db);
	assert_int_equal(rename(old, h->db), 0);
}

static void a_database_of_sqlcipher_3_is_brought_along(void **state)
{
	const struct help *h = *state;
	uint8_t wrong[KEY_BYTES] = {0};
	char half[PATH_MAX];
	int64_t last;
	struct store *s = help_open(h);
	const int64_t bob = help_add_contact(s, "Bob", 1), carol = help_add_contact(s, "Carol", 2);
	assert_int_equal(help_line(s, bob, "one"), 0);
	assert_int_equal(help_line(s, carol, "two"), 0);
	assert_int_equal(store_contact_delete(s, carol), 0);
	assert_int_equal(store_commit(s), 0);
	store_close(s);
	write_as_version_3(h);

	/* an earlier try was interrupted, and somebody tries a wrong key first */
	assert_int_equal(str_fmt(half, sizeof(half), "%s-migrated", h->db), 0);
	assert_int_equal(file_replace(half, "half a copy", 11, 0600), 0);
	assert_int_equal(store_open(h->db, wrong, NULL, &s), ERR_AUTH);

	s = help_open(h);
	assert_int_equal(help_lines(s), 1);
	assert_int_equal(store_line_last(s, &last), 0);
	assert_int_equal(last, 2);
	assert_true(help_add_contact(s, "Carol", 2) > carol);
	assert_int_equal(help_line(s, bob, "three"), 0);
	assert_int_equal(store_commit(s), 0);
	store_close(s);

	s = help_open(h);
	assert_int_equal(help_lines(s), 2);
	store_close(s);
	struct stat st;
	assert_int_equal(stat(h->db, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(store_destroy(h->db), 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, help_setup, help_teardown)
	const struct CMUnitTest tests[] = {
	    T(no_text_is_readable_in_the_files),
	    T(a_deleted_conversation_leaves_no_trace),
	    T(a_delivered_message_leaves_no_trace_in_the_outbox),
	    T(destroying_leaves_no_file),
	    T(a_newer_database_is_refused),
	    T(a_half_made_database_is_finished),
	    T(a_database_of_sqlcipher_3_is_brought_along),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
