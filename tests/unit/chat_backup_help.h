/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Backups of an account, and what comes back with them. */
#ifndef TESTS_CHAT_BACKUP_HELP_H
#define TESTS_CHAT_BACKUP_HELP_H

#include "chat_help.h"

#include "../../src/chat/chat_impl.h"

static inline void copy_file(const char *from, const char *to)
{
	char buf[65536];
	FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
	size_t n;
	assert_non_null(in);
	assert_non_null(out);
	while ((n = fread(buf, 1, sizeof(buf), in)))
		assert_int_equal(fwrite(buf, 1, n, out), n);
	assert_int_equal(fclose(out), 0);
	fclose(in);
}

static inline void backup_path(const struct party *p, char path[PATH_MAX])
{
	assert_int_equal(str_fmt(path, PATH_MAX, "%s.backup", p->db), 0);
}

static inline void back_up(struct party *p)
{
	char path[PATH_MAX];
	backup_path(p, path);
	party_turn(p);
	assert_int_equal(store_checkpoint(p->chat->store), 0);
	copy_file(p->db, path);
}

/* The process dies; what is put back is what was there then. */
static inline void restore(struct party *p)
{
	char path[PATH_MAX];
	backup_path(p, path);
	party_kill(p, true);
	copy_file(path, p->db);
	party_start(p);
}

#endif
