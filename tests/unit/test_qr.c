/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The QR code of an address is read back by an independent reader (zbarimg), from the characters that a
 * client shows. */
#include "unit.h"

#include <stdio.h>
#include <unistd.h>

#include "base/err.h"
#include "link/invite.h"
#include "../../src/gateway/qr.h"

#define SCALE	 4
#define SIDE_MAX 128
#define ADDRESS	 "duckduckgogg42xjoc72x3sjasowoarfbgcmvfimaftt6twagswzczad.onion"
#define DIGITS	 "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567ABCDEFGHIJKLMNOPQ"
#define INVITE	 "ALLIUM:" DIGITS DIGITS DIGITS DIGITS DIGITS /* as long as an invitation */

struct picture {
	bool light[SIDE_MAX][SIDE_MAX];
	size_t width;
	size_t height;
};

/* One character is two modules, one above the other; it shows light what a dark terminal draws. */
static void add_line(void *ctx, const char *line)
{
	struct picture *p = ctx;
	size_t x = 0;

	for (; *line != '\0'; x++) {
		size_t n = *line == ' ' ? 1 : 3;

		if (x >= SIDE_MAX || p->height + 1 >= SIDE_MAX) {
			fail_msg("the code is larger than %d modules", SIDE_MAX);
			return; /* gcc 14 can't tell that cmocka doesn't return */
		}
		p->light[p->height][x] = n == 3 && line[2] != '\x84';
		p->light[p->height + 1][x] = n == 3 && line[2] != '\x80';
		line += n;
	}
	assert_true(p->width == 0 || p->width == x);
	p->width = x;
	p->height += 2;
}

static void write_pgm(const struct picture *p, FILE *f)
{
	fprintf(f, "P5 %zu %zu 255\n", p->width * SCALE, p->height * SCALE);
	for (size_t y = 0; y < p->height * SCALE; y++)
		for (size_t x = 0; x < p->width * SCALE; x++)
			fputc(p->light[y / SCALE][x / SCALE] ? 255 : 0, f);
}

/* Four light modules on each side are what readers ask for. */
static void check_margin(const struct picture *p)
{
	for (size_t i = 0; i < 4; i++)
		for (size_t j = 0; j < p->width; j++)
			assert_true(p->light[i][j] && p->light[p->height - 1 - i][j] && p->light[j][i] &&
				    p->light[j][p->width - 1 - i]);
}

static void read_back(const struct picture *p, const char *text)
{
	char path[] = "/tmp/allium-qr-XXXXXX";
	char command[128], got[512] = "";
	int fd = mkstemp(path);
	FILE *f;

	assert_true(fd >= 0);
	f = fdopen(fd, "w");
	write_pgm(p, f);
	fclose(f);
	snprintf(command, sizeof(command), "zbarimg --raw -q %s 2>/dev/null", path);
	f = popen(command, "r");
	assert_non_null(f);
	assert_non_null(fgets(got, sizeof(got), f));
	pclose(f);
	unlink(path);
	got[strcspn(got, "\n")] = '\0';
	assert_string_equal(got, text);
}

static void a_reader_reads_the_address(void **state)
{
	static struct picture p;

	(void)state;
	assert_int_equal(qr_each_line(ADDRESS, add_line, &p), 0);
	read_back(&p, ADDRESS);
}

static void a_reader_reads_an_invitation(void **state)
{
	static struct picture p;

	(void)state;
	assert_int_equal(qr_each_line(INVITE, add_line, &p), 0);
	read_back(&p, INVITE);
}

static void upper_case_makes_small_pictures_with_a_margin(void **state)
{
	static struct picture address, invite;

	(void)state;
	assert_int_equal(strlen(INVITE), INVITE_LEN);
	assert_int_equal(qr_each_line(ADDRESS, add_line, &address), 0);
	check_margin(&address);
	assert_int_equal(address.width, 33 + 8);
	assert_int_equal(qr_each_line(INVITE, add_line, &invite), 0);
	check_margin(&invite);
	assert_int_equal(invite.width, 49 + 8); /* version 8; as bytes it would take version 10 */
}

static void ignore(void *ctx, const char *line)
{
	(void)line;
	(*(size_t *)ctx)++;
}

static void what_makes_too_big_a_picture_is_refused(void **state)
{
	char text[4000];
	size_t lines = 0;

	(void)state;
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(qr_each_line(text, ignore, &lines), ERR_INVALID);
	text[1000] = '\0';
	assert_int_equal(qr_each_line(text, ignore, &lines), ERR_INVALID);
	assert_int_equal(lines, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(upper_case_makes_small_pictures_with_a_margin),
	    cmocka_unit_test(what_makes_too_big_a_picture_is_refused),
	    cmocka_unit_test(a_reader_reads_the_address),
	    cmocka_unit_test(a_reader_reads_an_invitation),
	};
	const struct CMUnitTest without_reader[] = {tests[0], tests[1]};

	if (system("command -v zbarimg >/dev/null 2>&1") != 0)
		return cmocka_run_group_tests(without_reader, NULL, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
