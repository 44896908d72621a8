/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"

static char root[64];

/* A path below the test's own directory; valid until the fourth call after it. */
static const char *at(const char *name)
{
	static char paths[4][256];
	static unsigned turn;
	char *path = paths[turn++ % 4];
	assert_int_equal(str_fmt(path, sizeof(paths[0]), "%s/%s", root, name), 0);
	return path;
}

static int make_root(void **state)
{
	(void)state;
	const char *tmp = getenv("TMPDIR");
	if (str_fmt(root, sizeof(root), "%s/allium-file-XXXXXX", tmp && strlen(tmp) < 32 ? tmp : "/tmp"))
		return -1;
	return mkdtemp(root) ? 0 : -1;
}

static int remove_root(void **state)
{
	(void)state;
	return file_rmtree(root);
}

static mode_t mode_of(const char *path)
{
	struct stat st;
	assert_int_equal(lstat(path, &st), 0);
	return st.st_mode & 07777;
}

static void assert_file(const char *path, const char *content)
{
	char *data = NULL;
	size_t len = 0;
	assert_int_equal(file_read(path, 10000, &data, &len), 0);
	assert_int_equal(len, strlen(content));
	assert_string_equal(data, content);
	free(data);
}

static void replaced_file_is_whole(void **state)
{
	(void)state;
	assert_int_equal(file_replace(at("f"), "one", 3, 0600), 0);
	assert_file(at("f"), "one");
	assert_int_equal(mode_of(at("f")), 0600);
	assert_int_equal(file_replace(at("f"), "second", 6, 0640), 0);
	assert_file(at("f"), "second");
	assert_int_equal(mode_of(at("f")), 0640);
	assert_int_equal(file_replace(at("f"), NULL, 0, 0600), 0);
	assert_file(at("f"), "");
	assert_int_equal(access(at("f.tmp"), F_OK), -1);
}

static void crash_between_write_and_rename_leaves_the_old_content(void **state)
{
	(void)state;
	assert_int_equal(file_replace(at("k"), "old", 3, 0600), 0);
	assert_int_equal(file_replace(at("k.tmp"), "half of the n", 13, 0644), 0);
	assert_file(at("k"), "old");
	assert_int_equal(file_replace(at("k"), "new", 3, 0600), 0);
	assert_file(at("k"), "new");
	assert_int_equal(mode_of(at("k")), 0600);
	assert_int_equal(access(at("k.tmp"), F_OK), -1);
}

static void replacing_does_not_follow_a_planted_link(void **state)
{
	(void)state;
	assert_int_equal(file_replace(at("victim"), "victim", 6, 0600), 0);
	assert_int_equal(symlink(at("victim"), at("g.tmp")), 0);
	assert_int_equal(file_replace(at("g"), "mine", 4, 0600), 0);
	assert_file(at("victim"), "victim");
	assert_file(at("g"), "mine");
}

static void replacing_where_nothing_can_be_written_fails(void **state)
{
	(void)state;
	assert_int_equal(file_replace(at("missing/f"), "x", 1, 0600), ERR_NOT_FOUND);
	assert_int_equal(mkdir(at("isdir"), 0700), 0);
	assert_int_not_equal(file_replace(at("isdir"), "x", 1, 0600), 0);
	assert_int_equal(access(at("isdir.tmp"), F_OK), -1);
}

static void reading_is_bounded(void **state)
{
	(void)state;
	char *data = (char *)"untouched";
	size_t len = 77;
	assert_int_equal(file_replace(at("r"), "12345", 5, 0600), 0);
	assert_int_equal(file_read(at("r"), 4, &data, &len), ERR_TOO_LONG);
	assert_int_equal(file_read(at("none"), 4, &data, &len), ERR_NOT_FOUND);
	assert_int_equal(file_read(root, 4, &data, &len), ERR_IO);
	assert_string_equal(data, "untouched");
	assert_int_equal(len, 77);
	assert_int_equal(file_read(at("r"), 5, &data, &len), 0);
	assert_int_equal(len, 5);
	assert_string_equal(data, "12345");
	free(data);
	/* never ends, yet the bound holds */
	assert_int_equal(file_read("/dev/zero", 100000, &data, &len), ERR_TOO_LONG);
}

static void big_file_is_read_whole(void **state)
{
	(void)state;
	static char big[20001];
	char *data;
	size_t len;
	memset(big, 'b', sizeof(big));
	assert_int_equal(file_replace(at("big"), big, sizeof(big), 0600), 0);
	assert_int_equal(file_read(at("big"), sizeof(big), &data, &len), 0);
	assert_int_equal(len, sizeof(big));
	assert_memory_equal(data, big, len);
	free(data);
}

static void directories_are_made_with_their_parents(void **state)
{
	(void)state;
	const mode_t before = umask(077);
	assert_int_equal(file_mkdir(at("d/e/f"), 0710), 0);
	umask(before);
	assert_int_equal(mode_of(at("d/e/f")), 0710);
	assert_int_equal(file_mkdir(at("d/e/f"), 0700), 0);
	assert_int_equal(mode_of(at("d/e/f")), 0710); /* an existing one stays as it is */
	assert_int_equal(file_mkdir(at("d/e/"), 0700), 0);
	assert_int_equal(file_mkdir("", 0700), ERR_INVALID);
	assert_int_equal(file_replace(at("plain"), "x", 1, 0600), 0);
	assert_int_equal(file_mkdir(at("plain"), 0700), ERR_EXISTS);
	assert_int_not_equal(file_mkdir(at("plain/sub"), 0700), 0);
}

static void directory_of_others_is_refused(void **state)
{
	(void)state;
	assert_int_equal(mkdir(at("open"), 0700), 0);
	assert_int_equal(chmod(at("open"), 0770), 0);
	assert_int_equal(file_mkdir(at("open"), 0700), ERR_PERMISSION);
	assert_int_equal(chmod(at("open"), 0707), 0);
	assert_int_equal(file_mkdir(at("open"), 0700), ERR_PERMISSION);
	assert_int_equal(chmod(at("open"), 0755), 0);
	assert_int_equal(file_mkdir(at("open"), 0700), 0);
	/* writable by all or root's, and ours in neither case */
	assert_int_equal(file_mkdir("/tmp", 0700), ERR_PERMISSION);
}

/* A second hard link keeps the bytes in view after the name is gone. */
static void destroyed_file_is_overwritten(void **state)
{
	(void)state;
	char *data;
	size_t len;
	assert_int_equal(file_replace(at("key"), "top secret", 10, 0600), 0);
	assert_int_equal(link(at("key"), at("witness")), 0);
	assert_int_equal(file_destroy(at("key")), 0);
	assert_int_equal(access(at("key"), F_OK), -1);
	assert_int_equal(file_read(at("witness"), 100, &data, &len), 0);
	unit_assert_hex(data, len, "00000000000000000000");
	free(data);
	assert_int_equal(file_destroy(at("key")), 0); /* a missing one is fine */
}

static void destroying_a_link_spares_its_target(void **state)
{
	(void)state;
	assert_int_equal(file_replace(at("target"), "precious", 8, 0600), 0);
	assert_int_equal(symlink(at("target"), at("lnk")), 0);
	assert_int_equal(file_destroy(at("lnk")), 0);
	assert_file(at("target"), "precious");
	assert_int_equal(access(at("lnk"), F_OK), -1);
}

static void tree_goes_but_what_it_links_to_stays(void **state)
{
	(void)state;
	assert_int_equal(file_mkdir(at("outside"), 0700), 0);
	assert_int_equal(file_replace(at("outside/keep"), "keep", 4, 0600), 0);
	assert_int_equal(file_mkdir(at("tree/a/b"), 0700), 0);
	assert_int_equal(file_replace(at("tree/a/b/c"), "c", 1, 0600), 0);
	assert_int_equal(file_replace(at("tree/.hidden"), "h", 1, 0600), 0);
	assert_int_equal(symlink(at("outside"), at("tree/a/dirlink")), 0);
	assert_int_equal(symlink(at("outside/keep"), at("tree/filelink")), 0);
	assert_int_equal(symlink("nowhere", at("tree/dangling")), 0);
	assert_int_equal(file_rmtree(at("tree")), 0);
	assert_int_equal(access(at("tree"), F_OK), -1);
	assert_file(at("outside/keep"), "keep");
	assert_int_equal(file_rmtree(at("tree")), 0); /* a missing one is fine */
}

static void only_directories_are_trees(void **state)
{
	(void)state;
	assert_int_equal(file_replace(at("file"), "x", 1, 0600), 0);
	assert_int_equal(file_rmtree(at("file")), ERR_INVALID);
	assert_int_equal(file_mkdir(at("real"), 0700), 0);
	assert_int_equal(symlink(at("real"), at("alias")), 0);
	assert_int_equal(file_rmtree(at("alias")), ERR_INVALID);
	assert_int_equal(access(at("real"), F_OK), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(replaced_file_is_whole),
	    cmocka_unit_test(crash_between_write_and_rename_leaves_the_old_content),
	    cmocka_unit_test(replacing_does_not_follow_a_planted_link),
	    cmocka_unit_test(replacing_where_nothing_can_be_written_fails),
	    cmocka_unit_test(reading_is_bounded),
	    cmocka_unit_test(big_file_is_read_whole),
	    cmocka_unit_test(directories_are_made_with_their_parents),
	    cmocka_unit_test(directory_of_others_is_refused),
	    cmocka_unit_test(destroyed_file_is_overwritten),
	    cmocka_unit_test(destroying_a_link_spares_its_target),
	    cmocka_unit_test(tree_goes_but_what_it_links_to_stays),
	    cmocka_unit_test(only_directories_are_trees),
	};
	return cmocka_run_group_tests(tests, make_root, remove_root);
}
