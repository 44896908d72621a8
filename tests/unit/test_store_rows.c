/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the tables keep, and how they refuse. */
#include "store_help.h"

#include <stdio.h>

#include "store/store_history.h"

static struct store *reopen(const struct help *h, struct store *s)
{
	assert_int_equal(store_commit(s), 0);
	store_close(s);
	return help_open(h);
}

static void meta_keeps_small_values(void **state)
{
	uint8_t out[8];
	size_t len = 0;
	struct store *s = help_open(*state);
	assert_int_equal(store_meta_get(s, "nick", out, sizeof(out), &len), ERR_NOT_FOUND);
	assert_int_equal(store_meta_set(s, "nick", "alice", 5), 0);
	assert_int_equal(store_meta_set(s, "empty", NULL, 0), 0);
	s = reopen(*state, s);
	assert_int_equal(store_meta_get(s, "nick", out, sizeof(out), &len), 0);
	assert_int_equal(len, 5);
	assert_memory_equal(out, "alice", 5);
	assert_int_equal(store_meta_get(s, "empty", out, sizeof(out), &len), 0);
	assert_int_equal(len, 0);
	assert_int_equal(store_meta_get(s, "nick", out, 4, &len), ERR_TOO_LONG);
	assert_int_equal(store_meta_get(s, "nick", out, 5, NULL), 0);
	assert_int_equal(store_meta_get(s, "nick", out, 6, NULL), ERR_INVALID);

	assert_int_equal(store_meta_set(s, "nick", "bob", 3), 0); /* replaces */
	assert_int_equal(store_meta_get(s, "nick", out, sizeof(out), &len), 0);
	assert_int_equal(len, 3);
	store_close(s);
}

/* ---- contacts ---- */

struct contacts {
	struct contact_row rows[8];
	size_t n;
};

static int collect_contact(void *ctx, const struct contact_row *c)
{
	struct contacts *all = ctx;
	assert_true(all->n < 8);
	all->rows[all->n++] = *c;
	return 0;
}

static struct contacts contacts(struct store *s)
{
	struct contacts all = {.n = 0};
	assert_int_equal(store_contact_each(s, collect_contact, &all), 0);
	return all;
}

static void assert_contact(const struct contact_row *a, const struct contact_row *b)
{
	assert_int_equal(a->id, b->id);
	assert_memory_equal(a->identity, b->identity, KEY_BYTES);
	assert_string_equal(a->petname, b->petname);
	assert_int_equal(a->state, b->state);
	assert_int_equal(a->has_link_key, b->has_link_key);
	assert_memory_equal(a->link_key, b->link_key, KEY_BYTES);
	assert_memory_equal(a->onion, b->onion, KEY_BYTES);
	assert_int_equal(a->has_client_key, b->has_client_key);
	assert_memory_equal(a->client_key, b->client_key, KEY_BYTES);
	assert_string_equal(a->their_nick, b->their_nick);
	assert_string_equal(a->text, b->text);
	assert_int_equal(a->min_version, b->min_version);
	assert_int_equal(a->created_ms, b->created_ms);
	assert_int_equal(a->seen_ms, b->seen_ms);
	assert_int_equal(a->blocked, b->blocked);
	assert_int_equal(a->has_token, b->has_token);
	assert_memory_equal(a->token, b->token, sizeof(a->token));
	assert_int_equal(a->knows_door, b->knows_door);
	assert_true(a->expire_ms == b->expire_ms);
	assert_int_equal(a->household, b->household);
}

static void a_contact_comes_back_as_it_was(void **state)
{
	struct contact_row c = help_contact("Bob", 5);
	c.state = 3;
	c.has_link_key = c.has_client_key = true;
	memset(c.link_key, 11, KEY_BYTES);
	memset(c.client_key, 12, KEY_BYTES);
	strcpy(c.their_nick, "bobby");
	memset(c.text, 'h', 280);
	c.min_version = 200;
	c.created_ms = 1700000000123;
	c.seen_ms = 1700000000456;
	c.blocked = c.knows_door = c.household = true;
	c.expire_ms = INT64_MAX;
	struct store *s = help_open(*state);
	assert_int_equal(store_contact_add(s, &c), 0);
	assert_true(c.id > 0);
	s = reopen(*state, s);
	struct contacts all = contacts(s);
	assert_int_equal(all.n, 1);
	assert_contact(&all.rows[0], &c);

	c.has_link_key = c.has_client_key = false;
	memset(c.link_key, 0, KEY_BYTES);
	memset(c.client_key, 0, KEY_BYTES);
	strcpy(c.petname, "Robert");
	c.text[0] = '\0';
	c.blocked = c.knows_door = c.household = false;
	c.expire_ms = 60000;
	assert_int_equal(store_contact_update(s, &c), 0);
	s = reopen(*state, s);
	all = contacts(s);
	assert_int_equal(all.n, 1);
	assert_contact(&all.rows[0], &c);
	store_close(s);
}

static void a_token_waits_until_it_is_redeemed(void **state)
{
	struct store *s = help_open(*state);
	struct contact_row bob = help_contact("Bob", 1), carol = help_contact("Carol", 2);
	bob.has_token = carol.has_token = true;
	memset(bob.token, 3, sizeof(bob.token));
	memset(carol.token, 4, sizeof(carol.token));
	assert_int_equal(store_contact_add(s, &bob), 0);
	assert_int_equal(store_contact_add(s, &carol), 0);
	s = reopen(*state, s);
	struct contacts all = contacts(s);
	assert_contact(&all.rows[0], &bob);
	assert_contact(&all.rows[1], &carol);

	memset(bob.token, 5, sizeof(bob.token)); /* another invitation */
	assert_int_equal(store_contact_update(s, &bob), 0);
	carol.has_token = false; /* it is blanked, whatever stands in the row */
	assert_int_equal(store_contact_update(s, &carol), 0);
	memset(carol.token, 0, sizeof(carol.token));
	for (unsigned i = 0; i < 2; i++) {
		s = reopen(*state, s);
		all = contacts(s);
		assert_contact(&all.rows[0], &bob);
		assert_contact(&all.rows[1], &carol);
		strcpy(bob.petname, "Robert"); /* the token stays */
		assert_int_equal(store_contact_update(s, &bob), 0);
	}
	assert_int_equal(store_contact_delete(s, bob.id), 0);
	assert_int_equal(store_contact_update(s, &bob), ERR_NOT_FOUND);
	s = reopen(*state, s);
	all = contacts(s);
	assert_int_equal(all.n, 1);
	assert_contact(&all.rows[0], &carol);
	store_close(s);
}

static void one_identity_and_one_petname_are_one_contact(void **state)
{
	struct store *s = help_open(*state);
	help_add_contact(s, "Bob", 1);
	struct contact_row same_key = help_contact("Carol", 1), same_name = help_contact("bOB", 2);
	assert_int_equal(store_contact_add(s, &same_key), ERR_EXISTS);
	assert_int_equal(store_contact_add(s, &same_name), ERR_EXISTS);
	/* a refused row leaves the turn good */
	struct contact_row carol = help_contact("Carol", 2);
	assert_int_equal(store_contact_add(s, &carol), 0);
	strcpy(carol.petname, "BOB");
	assert_int_equal(store_contact_update(s, &carol), ERR_EXISTS);
	s = reopen(*state, s);
	const struct contacts all = contacts(s);
	assert_int_equal(all.n, 2);
	assert_string_equal(all.rows[0].petname, "Bob");
	assert_string_equal(all.rows[1].petname, "Carol");
	store_close(s);
}

static void a_deleted_contact_takes_its_rows_along(void **state)
{
	static const uint8_t id[16] = {1};
	struct store *s = help_open(*state);
	const int64_t bob = help_add_contact(s, "Bob", 1), carol = help_add_contact(s, "Carol", 2);
	size_t n;
	for (int i = 0; i < 2; i++) {
		const int64_t who = i ? carol : bob;
		struct outbox_row o = {.contact = who, .text = "x", .text_len = 1};
		assert_int_equal(help_line(s, who, "hello"), 0);
		assert_int_equal(store_seen_add(s, who, id), 0);
		assert_int_equal(store_outbox_add(s, &o), 0);
	}
	assert_int_equal(help_line(s, 0, "of nobody"), 0);
	assert_int_equal(store_contact_delete(s, bob), 0);
	assert_int_equal(store_contact_delete(s, bob), ERR_NOT_FOUND);
	s = reopen(*state, s);

	assert_int_equal(contacts(s).n, 1);
	assert_int_equal(help_lines(s), 2);
	assert_int_equal(store_outbox_count(s, bob, &n), 0);
	assert_int_equal(n, 0);
	assert_int_equal(store_outbox_count(s, carol, &n), 0);
	assert_int_equal(n, 1);
	/* nothing more can be hung on Bob, and who comes in his place has another id */
	struct contact_row gone = help_contact("Bob", 1);
	gone.id = bob;
	assert_int_equal(store_contact_update(s, &gone), ERR_NOT_FOUND);
	assert_int_equal(help_line(s, bob, "late"), ERR_NOT_FOUND);
	assert_int_equal(store_seen_add(s, bob, id), ERR_NOT_FOUND);
	assert_int_equal(store_contact_delete(s, carol), 0);
	const int64_t again = help_add_contact(s, "Carol", 2);
	assert_true(again > carol);
	assert_int_equal(store_seen_add(s, again, id), 0);
	store_close(s);
}

/* ---- requests ---- */

static struct request_row request(const char *name, uint8_t n, uint64_t received_ms)
{
	struct request_row r = {.received_ms = received_ms};
	memset(r.identity, n, KEY_BYTES);
	memset(r.link_key, n + 1, KEY_BYTES);
	memset(r.onion, n + 2, KEY_BYTES);
	strcpy(r.name, name);
	strcpy(r.text, "it is me");
	return r;
}

struct requests {
	struct request_row rows[8];
	size_t n;
};

static int collect_request(void *ctx, const struct request_row *r)
{
	struct requests *all = ctx;
	assert_true(all->n < 8);
	all->rows[all->n++] = *r;
	return 0;
}

static void assert_request(const struct request_row *a, const struct request_row *b)
{
	assert_memory_equal(a->identity, b->identity, KEY_BYTES);
	assert_memory_equal(a->link_key, b->link_key, KEY_BYTES);
	assert_memory_equal(a->onion, b->onion, KEY_BYTES);
	assert_int_equal(a->has_client_key, b->has_client_key);
	assert_memory_equal(a->client_key, b->client_key, KEY_BYTES);
	assert_string_equal(a->name, b->name);
	assert_string_equal(a->text, b->text);
	assert_int_equal(a->rejected, b->rejected);
	assert_int_equal(a->received_ms, b->received_ms);
}

static void requests_wait_in_order_and_are_replaced(void **state)
{
	struct store *s = help_open(*state);
	struct requests all = {.n = 0};
	struct request_row mallory = request("mallory", 1, 2000), dave = request("dave", 2, 1000);
	assert_int_equal(store_request_put(s, &mallory), 0);
	assert_int_equal(store_request_put(s, &dave), 0);
	s = reopen(*state, s);
	assert_int_equal(store_request_each(s, collect_request, &all), 0);
	assert_int_equal(all.n, 2);
	assert_request(&all.rows[0], &dave);
	assert_request(&all.rows[1], &mallory);

	mallory.rejected = mallory.has_client_key = true;
	memset(mallory.client_key, 9, KEY_BYTES);
	assert_int_equal(store_request_put(s, &mallory), 0);
	assert_int_equal(store_request_delete(s, dave.identity), 0);
	assert_int_equal(store_request_delete(s, dave.identity), ERR_NOT_FOUND);
	s = reopen(*state, s);
	all.n = 0;
	assert_int_equal(store_request_each(s, collect_request, &all), 0);
	assert_int_equal(all.n, 1);
	assert_request(&all.rows[0], &mallory);
	store_close(s);
}

/* ---- lines ---- */

struct lines {
	struct line_row rows[8];
	char texts[8][64];
	size_t n;
};

static int collect_line(void *ctx, const struct line_row *l)
{
	struct lines *all = ctx;
	assert_true(all->n < 8 && l->text_len <= 64);
	memcpy(all->texts[all->n], l->text, l->text_len);
	all->rows[all->n++] = *l;
	return 0;
}

static void lines_come_back_in_their_order(void **state)
{
	static const char text[] = "caf\xc3\xa9 and \0 a NUL";
	struct store *s = help_open(*state);
	struct lines all = {.n = 0};
	const int64_t bob = help_add_contact(s, "Bob", 1);
	struct line_row l = {.contact = bob,
			     .kind = LINE_OUT,
			     .message_kind = 250,
			     .msgid = {1, 2, 3},
			     .time_ms = 1700000000123,
			     .minute = 28333333,
			     .client = "laptop",
			     .text = text,
			     .text_len = sizeof(text) - 1,
			     .has_re = true,
			     .re = {4, 5, 6}};
	assert_int_equal(store_line_add(s, &l), 0);
	for (int i = 0; i < 4; i++)
		assert_int_equal(help_line(s, i % 2 ? bob : 0, ""), 0);
	s = reopen(*state, s);

	assert_int_equal(store_line_since(s, 0, 1, collect_line, &all), 0);
	assert_int_equal(all.n, 1);
	assert_memory_equal(all.texts[0], text, sizeof(text) - 1);
	const struct line_row *got = &all.rows[0];
	assert_int_equal(got->id, l.id);
	assert_int_equal(got->contact, bob);
	assert_int_equal(got->kind, LINE_OUT);
	assert_int_equal(got->message_kind, 250);
	assert_memory_equal(got->msgid, l.msgid, sizeof(l.msgid));
	assert_int_equal(got->time_ms, l.time_ms);
	assert_int_equal(got->minute, l.minute);
	assert_string_equal(got->client, "laptop");
	assert_int_equal(got->text_len, sizeof(text) - 1);
	assert_true(got->has_re);
	assert_memory_equal(got->re, l.re, sizeof(l.re));

	all.n = 0;
	assert_int_equal(store_line_since(s, l.id, 3, collect_line, &all), 0);
	assert_int_equal(all.n, 3);
	assert_false(all.rows[0].has_re);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(all.rows[i].id, l.id + 1 + (int64_t)i);
		assert_int_equal(all.rows[i].contact, i % 2 ? bob : 0);
		assert_int_equal(all.rows[i].text_len, 0);
	}
	all.n = 0;
	assert_int_equal(store_line_since(s, 1000, 3, collect_line, &all), 0);
	assert_int_equal(all.n, 0);
	store_close(s);
}

static void line_ids_are_never_used_again(void **state)
{
	struct store *s = help_open(*state);
	int64_t last = 77;
	assert_int_equal(store_line_last(s, &last), 0);
	assert_int_equal(last, 0);
	const int64_t bob = help_add_contact(s, "Bob", 1);
	struct line_row l = {.contact = bob, .text = "x", .text_len = 1};
	assert_int_equal(store_line_add(s, &l), 0);
	assert_int_equal(store_contact_delete(s, bob), 0);
	s = reopen(*state, s);
	assert_int_equal(help_lines(s), 0);
	assert_int_equal(store_line_last(s, &last), 0);
	assert_int_equal(last, l.id);
	struct line_row next = {.contact = 0, .text = "x", .text_len = 1};
	assert_int_equal(store_line_add(s, &next), 0);
	assert_true(next.id > l.id);
	store_close(s);
}

/* ---- seen ---- */

static void an_id_is_seen_once_for_each_contact(void **state)
{
	static const uint8_t one[16] = {1}, two[16] = {2};
	struct store *s = help_open(*state);
	const int64_t bob = help_add_contact(s, "Bob", 1), carol = help_add_contact(s, "Carol", 2);
	assert_int_equal(store_seen_add(s, bob, one), 0);
	assert_int_equal(store_seen_add(s, bob, two), 0);
	assert_int_equal(store_seen_add(s, carol, one), 0);
	s = reopen(*state, s);
	assert_int_equal(store_seen_add(s, bob, one), ERR_EXISTS);
	assert_int_equal(store_seen_add(s, carol, two), 0);
	store_close(s);
}

/* ---- outbox ---- */

struct outbox {
	struct outbox_row rows[8];
	char texts[8][32];
	size_t n;
};

static int collect_outbox(void *ctx, const struct outbox_row *o)
{
	struct outbox *all = ctx;
	assert_true(all->n < 8 && o->text_len <= 32);
	memcpy(all->texts[all->n], o->text, o->text_len);
	all->rows[all->n++] = *o;
	return 0;
}

static struct outbox outbox(struct store *s, int64_t contact, int64_t after, size_t limit)
{
	struct outbox all = {.n = 0};
	assert_int_equal(store_outbox_each(s, contact, after, limit, collect_outbox, &all), 0);
	return all;
}

static void the_outbox_keeps_a_contacts_messages_in_order(void **state)
{
	struct store *s = help_open(*state);
	const int64_t bob = help_add_contact(s, "Bob", 1), carol = help_add_contact(s, "Carol", 2);
	size_t n;
	struct outbox_row o[4];
	for (uint8_t i = 0; i < 4; i++) {
		/* ids fall while the order of acceptance rises */
		o[i] = (struct outbox_row){.contact = i == 1 ? carol : bob,
					   .msgid = {9 - i},
					   .message_kind = i,
					   .minute = 100u + i,
					   .text = "text",
					   .text_len = i};
		assert_int_equal(store_outbox_add(s, &o[i]), 0);
	}
	assert_int_equal(store_outbox_seal(s, o[2].id, 1, "x", 1), 0);
	assert_int_equal(store_outbox_seal(s, 1000, 2, "x", 1), ERR_NOT_FOUND);
	o[2].may_have_left = true;
	s = reopen(*state, s);

	struct outbox all = outbox(s, bob, 0, 100);
	assert_int_equal(all.n, 3);
	for (size_t i = 0; i < 3; i++) {
		const struct outbox_row *want = &o[i ? i + 1 : 0], *got = &all.rows[i];
		assert_int_equal(got->id, want->id);
		assert_int_equal(got->contact, bob);
		assert_memory_equal(got->msgid, want->msgid, sizeof(want->msgid));
		assert_int_equal(got->message_kind, want->message_kind);
		assert_int_equal(got->minute, want->minute);
		assert_int_equal(got->may_have_left, want->may_have_left);
		assert_int_equal(got->text_len, want->text_len);
		assert_memory_equal(all.texts[i], want->text, want->text_len);
	}
	all = outbox(s, bob, o[0].id, 1);
	assert_int_equal(all.n, 1);
	assert_int_equal(all.rows[0].id, o[2].id);

	/* an ack removes the message of its own contact only */
	assert_int_equal(store_outbox_delete_upto(s, carol, 1, &n), 0);
	assert_int_equal(n, 0);
	assert_int_equal(store_outbox_delete_upto(s, bob, 1, &n), 0);
	assert_int_equal(n, 1);
	assert_int_equal(store_outbox_count(s, bob, &n), 0);
	assert_int_equal(n, 2);
	assert_int_equal(store_outbox_count(s, carol, &n), 0);
	assert_int_equal(n, 1);
	store_close(s);
}

static void outbox_ids_are_never_used_again(void **state)
{
	struct store *s = help_open(*state);
	const int64_t bob = help_add_contact(s, "Bob", 1);
	struct outbox_row first = {.contact = bob, .msgid = {1}, .text = "", .text_len = 0}, next = first;
	assert_int_equal(store_outbox_add(s, &first), 0);
	assert_int_equal(store_outbox_cancel(s, bob, first.id), 0);
	s = reopen(*state, s);
	assert_int_equal(store_outbox_add(s, &next), 0);
	assert_true(next.id > first.id);
	store_close(s);
}

static void what_cant_have_left_is_cancelled_from_the_oldest_on(void **state)
{
	struct store *s = help_open(*state);
	const int64_t bob = help_add_contact(s, "Bob", 1), carol = help_add_contact(s, "Carol", 2);
	struct outbox_row o[6];
	int64_t last;
	size_t n;
	assert_int_equal(store_outbox_last(s, bob, &last), 0);
	assert_int_equal(last, 0);
	for (uint8_t i = 0; i < 6; i++) {
		o[i] = (struct outbox_row){.contact = i == 5 ? carol : bob, .msgid = {i}, .text = ""};
		assert_int_equal(store_outbox_add(s, &o[i]), 0);
	}
	assert_int_equal(store_outbox_seal(s, o[0].id, 1, "x", 1), 0);
	assert_int_equal(store_outbox_last(s, bob, &last), 0);
	assert_int_equal(last, o[4].id);
	/* one */
	assert_int_equal(store_outbox_cancel(s, bob, o[0].id), ERR_WRONG_STATE);
	assert_int_equal(store_outbox_cancel(s, bob, o[5].id), ERR_NOT_FOUND);
	assert_int_equal(store_outbox_cancel(s, bob, o[2].id), 0);
	assert_int_equal(store_outbox_cancel(s, bob, o[2].id), ERR_NOT_FOUND);
	/* many: no more than asked, none after upto, none of another contact */
	assert_int_equal(store_outbox_cancel_upto(s, bob, last, 1, &n), 0);
	assert_int_equal(n, 1);
	struct outbox all = outbox(s, bob, 0, 100);
	assert_int_equal(all.n, 3);
	assert_int_equal(all.rows[0].id, o[0].id);
	assert_int_equal(all.rows[1].id, o[3].id);
	assert_int_equal(store_outbox_cancel_upto(s, bob, o[3].id, 100, &n), 0);
	assert_int_equal(n, 1);
	assert_int_equal(store_outbox_cancel_upto(s, bob, o[3].id, 100, &n), 0);
	assert_int_equal(n, 0);
	assert_int_equal(outbox(s, bob, o[3].id, 100).n, 1);
	assert_int_equal(store_outbox_count(s, carol, &n), 0);
	assert_int_equal(n, 1);
	store_close(s);
}

/* ---- cursors ---- */

static int collect_cursor(void *ctx, const char *client, int64_t line_id)
{
	char *all = ctx, one[64];
	assert_int_equal(str_fmt(one, sizeof(one), "%s=%d;", client, (int)line_id), 0);
	strcat(all, one);
	return 0;
}

static void each_client_has_its_cursor(void **state)
{
	struct store *s = help_open(*state);
	int64_t at = 0;
	char all[256] = "";
	assert_int_equal(store_cursor_get(s, "laptop", &at), ERR_NOT_FOUND);
	assert_int_equal(store_cursor_set(s, "laptop", 3), 0);
	assert_int_equal(store_cursor_set(s, "default", 7), 0);
	assert_int_equal(store_cursor_set(s, "laptop", 5), 0);
	s = reopen(*state, s);
	assert_int_equal(store_cursor_get(s, "laptop", &at), 0);
	assert_int_equal(at, 5);
	assert_int_equal(store_cursor_each(s, collect_cursor, all), 0);
	assert_string_equal(all, "default=7;laptop=5;");
	store_close(s);
}

/* ---- lines by their msgid ---- */

static int note_id(void *ctx, const struct line_row *l)
{
	char *ids = ctx;
	size_t at = strlen(ids);
	snprintf(ids + at, 64 - at, "%lld%s ", (long long)l->id, store_line_erased(l) ? "-" : "");
	return 0;
}

static void assert_found(struct store *s, int64_t conversation, const uint8_t msgid[16], const char *expected)
{
	char ids[64] = "";
	assert_int_equal(store_line_find_each(s, conversation, msgid, 0, note_id, ids), 0);
	assert_string_equal(ids, expected);
}

#define RUN 4096 /* lines that are looked up together */

/* Both sides choose ids, so one may stand for several lines; the oldest is of a run that is full. */
static void lines_of_one_msgid(void **state)
{
	struct store *s = help_open(*state);
	const int64_t bob = help_add_contact(s, "Bob", 1), carol = help_add_contact(s, "Carol", 2);
	struct line_row l = {.contact = bob, .kind = LINE_IN, .msgid = {7}, .text = "x", .text_len = 1};
	struct line_row other = l;
	assert_int_equal(store_line_add(s, &l), 0);
	other.msgid[0] = 8;
	while (other.id <= RUN)
		assert_int_equal(store_line_add(s, &other), 0);
	l.kind = LINE_OUT;
	assert_int_equal(store_line_add(s, &l), 0);
	assert_int_equal(l.id, RUN + 2);
	l.kind = LINE_INFO;
	assert_int_equal(store_line_add(s, &l), 0);
	l.contact = carol;
	l.kind = LINE_IN;
	assert_int_equal(store_line_add(s, &l), 0);
	assert_found(s, bob, l.msgid, "4098 1 ");
	assert_found(s, carol, l.msgid, "4100 ");
	assert_found(s, STORE_SERVICE, l.msgid, "4099 ");
	assert_found(s, STORE_SELF, l.msgid, "");
	assert_int_equal(store_line_erase(s, 1), 0);
	assert_found(s, bob, l.msgid, "4098 1- ");
	/* Runs before a line can be left out. */
	char ids[64] = "";
	assert_int_equal(store_line_find_each(s, bob, l.msgid, RUN, note_id, ids), 0);
	assert_string_equal(ids, "4098 ");
	store_close(s);
}

/* What is looked up among the last lines is what stands there, whatever stood there before. */
static void last_lines_that_come_and_go(void **state)
{
	struct store *s = help_open(*state);
	const int64_t bob = help_add_contact(s, "Bob", 1);
	struct line_row l = {.contact = bob, .kind = LINE_IN, .msgid = {7}, .text = "x", .text_len = 1};
	struct line_row other = l;
	assert_found(s, bob, l.msgid, "");
	other.msgid[0] = 8;
	while (other.id < RUN - 2)
		assert_int_equal(store_line_add(s, &other), 0);
	assert_int_equal(store_commit(s), 0);
	assert_found(s, bob, l.msgid, "");
	for (unsigned i = 0; i < 2; i++) { /* the second is the first of the next run */
		const int64_t at = RUN - 1 + i;
		char expected[64];
		snprintf(expected, sizeof(expected), "%lld ", (long long)at);
		assert_int_equal(store_line_add(s, &l), 0);
		assert_int_equal(l.id, at);
		assert_found(s, bob, l.msgid, expected);
		store_rollback(s);
		assert_found(s, bob, l.msgid, "");
		assert_int_equal(store_line_add(s, &other), 0);
		assert_int_equal(other.id, at);
		assert_found(s, bob, l.msgid, "");
		assert_int_equal(store_commit(s), 0);
	}
	assert_int_equal(store_line_add(s, &l), 0);
	assert_found(s, bob, l.msgid, "4097 ");
	assert_int_equal(store_contact_delete(s, bob), 0);
	assert_found(s, bob, l.msgid, "");
	store_close(s);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, help_setup, help_teardown)
	const struct CMUnitTest tests[] = {
	    T(meta_keeps_small_values),
	    T(a_contact_comes_back_as_it_was),
	    T(a_token_waits_until_it_is_redeemed),
	    T(one_identity_and_one_petname_are_one_contact),
	    T(a_deleted_contact_takes_its_rows_along),
	    T(requests_wait_in_order_and_are_replaced),
	    T(lines_come_back_in_their_order),
	    T(line_ids_are_never_used_again),
	    T(an_id_is_seen_once_for_each_contact),
	    T(the_outbox_keeps_a_contacts_messages_in_order),
	    T(outbox_ids_are_never_used_again),
	    T(what_cant_have_left_is_cancelled_from_the_oldest_on),
	    T(each_client_has_its_cursor),
	    T(lines_of_one_msgid),
	    T(last_lines_that_come_and_go),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
