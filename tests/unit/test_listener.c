/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Listening: what addresses are let in, Unix sockets that are stale or in use, and running out of
 * descriptors. */
#include "io_help.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/file.h"
#include "base/str.h"

struct porch {
	struct loop *loop;
	struct listener *listener;
	char dir[64];
	char path[96]; /* "unix:<dir>/s" */
	int fds[64];
	int n;
	bool free_after_one;
};

static void on_accept(void *ctx, int fd)
{
	struct porch *p = ctx;

	p->fds[p->n++] = fd;
	if (p->free_after_one) {
		listener_free(p->listener);
		p->listener = NULL;
	}
}

static int setup(void **state)
{
	struct porch *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return 1;
	strcpy(p->dir, "/tmp/allium-unit-XXXXXX");
	p->loop = loop_new();
	*state = p;
	if (p->loop == NULL || mkdtemp(p->dir) == NULL)
		return 1;
	return str_fmt(p->path, sizeof(p->path), "unix:%s/s", p->dir);
}

static int teardown(void **state)
{
	struct porch *p = *state;

	for (int i = 0; i < p->n; i++)
		close(p->fds[i]);
	listener_free(p->listener);
	loop_free(p->loop);
	file_rmtree(p->dir);
	free(p);
	return 0;
}

static int open_porch(struct porch *p, const char *address)
{
	return listener_new(p->loop, address, 0600, on_accept, p, &p->listener);
}

/* From an address of loopback; 0: the usual one. */
static int tcp_connect_from(const char *address, uint32_t source)
{
	struct sockaddr_in sin = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (source != 0) {
		sin.sin_addr.s_addr = htonl(source);
		assert_int_equal(bind(fd, (struct sockaddr *)&sin, sizeof(sin)), 0);
	}
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sin.sin_port = htons((uint16_t)atoi(strchr(address, ':') + 1));
	assert_int_equal(connect(fd, (struct sockaddr *)&sin, sizeof(sin)), 0);
	return fd;
}

static int tcp_connect(const char *address)
{
	return tcp_connect_from(address, 0);
}

static void test_addresses(void **state)
{
	static const struct {
		const char *address;
		int result;
	} rows[] = {
	    {"127.0.0.1:6667", 0},
	    {"127.8.8.8:0", 0},
	    {"[::1]:6667", 0},
	    {"unix:/run/allium/irc", 0},
	    {"0.0.0.0:6667", ERR_REFUSED},
	    {"192.168.1.2:6667", ERR_REFUSED},
	    {"128.0.0.1:6667", ERR_REFUSED},
	    {"[::]:6667", ERR_REFUSED},
	    {"[::ffff:127.0.0.1]:6667", ERR_REFUSED},
	    {"[2001:db8::1]:6667", ERR_REFUSED},
	    {"", ERR_INVALID},
	    {"6667", ERR_INVALID},
	    {":6667", ERR_INVALID},
	    {"127.0.0.1", ERR_INVALID},
	    {"127.0.0.1:", ERR_INVALID},
	    {"127.0.0.1:65536", ERR_INVALID},
	    {"127.0.0.1:6667x", ERR_INVALID},
	    {"127.1:6667", ERR_INVALID},
	    {"localhost:6667", ERR_INVALID},
	    {"::1:6667", ERR_INVALID},
	    {"[::1]", ERR_INVALID},
	    {"[::1]6667", ERR_INVALID},
	    {"[::1:6667", ERR_INVALID},
	    {"unix:", ERR_INVALID},
	    {"unix:relative", ERR_INVALID},
	};
	char path[128] = "unix:/";

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(listener_check(rows[i].address), rows[i].result);
	memset(path + 6, 'a', 106);
	assert_int_equal(listener_check(path), 0);
	path[6 + 106] = 'a';
	assert_int_equal(listener_check(path), ERR_TOO_LONG);
}

static void test_tcp_port_zero_picks_one(void **state)
{
	struct porch *p = *state;
	int fd;

	assert_int_equal(open_porch(p, "127.0.0.1:0"), 0);
	assert_memory_equal(listener_address(p->listener), "127.0.0.1:", 10);
	assert_string_not_equal(listener_address(p->listener), "127.0.0.1:0");
	fd = tcp_connect(listener_address(p->listener));
	TURN_UNTIL(p->loop, p->n == 1);
	assert_true(fcntl(p->fds[0], F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(p->fds[0], F_GETFD) & FD_CLOEXEC);
	close(fd);
}

static void test_a_taken_port(void **state)
{
	struct porch *p = *state;
	struct listener *second;

	assert_int_equal(open_porch(p, "127.0.0.1:0"), 0);
	assert_int_equal(listener_new(p->loop, listener_address(p->listener), 0600, on_accept, p, &second),
			 ERR_EXISTS);
	assert_null(second);
}

static void test_a_unix_socket_has_its_mode_and_goes_with_its_listener(void **state)
{
	struct porch *p = *state;
	struct stat st;
	int fd;

	assert_int_equal(listener_new(p->loop, p->path, 0660, on_accept, p, &p->listener), 0);
	assert_int_equal(lstat(p->path + 5, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
	assert_int_equal(unix_connect(p->path + 5, &fd), 0);
	TURN_UNTIL(p->loop, p->n == 1);
	close(fd);
	listener_free(p->listener);
	p->listener = NULL;
	assert_int_equal(lstat(p->path + 5, &st), -1);
	assert_int_equal(unix_connect(p->path + 5, &fd), ERR_NOT_FOUND);
}

static void test_a_stale_socket_is_replaced_and_a_living_one_is_not(void **state)
{
	struct porch *p = *state;
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	struct listener *second;
	int stale = socket(AF_UNIX, SOCK_STREAM, 0), fd;

	strcpy(sun.sun_path, p->path + 5);
	assert_int_equal(bind(stale, (struct sockaddr *)&sun, sizeof(sun)), 0);
	close(stale);
	assert_int_equal(unix_connect(p->path + 5, &fd), ERR_REFUSED);
	assert_int_equal(open_porch(p, p->path), 0);
	assert_int_equal(listener_new(p->loop, p->path, 0600, on_accept, p, &second), ERR_EXISTS);
	assert_int_equal(unix_connect(p->path + 5, &fd), 0);
	close(fd);
}

static void test_a_file_is_not_replaced(void **state)
{
	struct porch *p = *state;
	struct stat st;

	assert_int_equal(file_replace(p->path + 5, "mine", 4, 0600), 0);
	assert_int_equal(open_porch(p, p->path), ERR_EXISTS);
	assert_int_equal(stat(p->path + 5, &st), 0);
	assert_int_equal(st.st_size, 4);
}

static void test_a_missing_directory(void **state)
{
	struct porch *p = *state;
	char path[128];

	assert_int_equal(str_fmt(path, sizeof(path), "%s/x", p->path), 0);
	assert_int_equal(open_porch(p, path), ERR_IO);
}

static void test_freed_by_its_own_callback(void **state)
{
	struct porch *p = *state;
	int a, b;

	assert_int_equal(open_porch(p, p->path), 0);
	assert_int_equal(unix_connect(p->path + 5, &a), 0);
	assert_int_equal(unix_connect(p->path + 5, &b), 0);
	p->free_after_one = true;
	TURN_UNTIL(p->loop, p->n == 1);
	loop_turn(p->loop, false);
	assert_int_equal(p->n, 1);
	close(a);
	close(b);
}

static void test_pausing(void **state)
{
	struct porch *p = *state;
	int fd;

	assert_int_equal(open_porch(p, p->path), 0);
	listener_pause(p->listener, true);
	assert_int_equal(unix_connect(p->path + 5, &fd), 0);
	loop_turn(p->loop, false);
	assert_int_equal(p->n, 0);
	listener_pause(p->listener, false);
	TURN_UNTIL(p->loop, p->n == 1);
	close(fd);
}

/* Without descriptors the socket stays readable: the loop must wait and not spin on it. */
static void test_out_of_descriptors(void **state)
{
	struct porch *p = *state;
	struct rlimit old, none;
	uint64_t start;
	int fd, later, turns = 0;

	assert_int_equal(open_porch(p, p->path), 0);
	assert_int_equal(unix_connect(p->path + 5, &fd), 0);
	getrlimit(RLIMIT_NOFILE, &old);
	none = old;
	none.rlim_cur = 3;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	loop_turn(p->loop, true);
	setrlimit(RLIMIT_NOFILE, &old);
	assert_int_equal(p->n, 0);
	/* under valgrind a connection that finds no descriptor is closed: another one shows that accepting
	 * goes on */
	assert_int_equal(unix_connect(p->path + 5, &later), 0);
	start = loop_now_ms(p->loop);
	while (p->n == 0) {
		loop_turn(p->loop, true);
		turns++;
	}
	assert_true(turns <= 2);
	assert_true(loop_now_ms(p->loop) > start);
	close(fd);
	close(later);
}

/* The origin of the n-th connection that was accepted. */
static uint64_t origin(struct porch *p, int n)
{
	static const struct stream_opts opts = {.in_max = 1, .out_max = 1};
	struct stream *s;
	uint64_t number;

	TURN_UNTIL(p->loop, p->n == n + 1);
	s = stream_new(p->loop, p->fds[n], &opts, NULL, NULL);
	p->fds[n] = -1;
	number = stream_origin(s);
	stream_close(s);
	return number;
}

static void test_connections_tell_where_they_come_from(void **state)
{
	struct porch *p = *state;
	uint64_t home, away, user;
	int fds[5];

	assert_int_equal(open_porch(p, "127.0.0.1:0"), 0);
	fds[0] = tcp_connect(listener_address(p->listener));
	home = origin(p, 0);
	fds[1] = tcp_connect_from(listener_address(p->listener), INADDR_LOOPBACK + 1);
	away = origin(p, 1);
	fds[2] = tcp_connect(listener_address(p->listener));
	assert_true(origin(p, 2) == home);
	assert_true(home != 0 && away != 0 && home != away);
	listener_free(p->listener);

	assert_int_equal(open_porch(p, p->path), 0);
	assert_int_equal(unix_connect(p->path + strlen("unix:"), &fds[3]), 0);
	user = origin(p, 3);
	assert_int_equal(unix_connect(p->path + strlen("unix:"), &fds[4]), 0);
	assert_true(origin(p, 4) == user);
	assert_true(user != 0 && user != home && user != away);
	for (int i = 0; i < 5; i++)
		close(fds[i]);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(test_addresses),
	    T(test_tcp_port_zero_picks_one),
	    T(test_a_taken_port),
	    T(test_a_unix_socket_has_its_mode_and_goes_with_its_listener),
	    T(test_a_stale_socket_is_replaced_and_a_living_one_is_not),
	    T(test_a_file_is_not_replaced),
	    T(test_a_missing_directory),
	    T(test_freed_by_its_own_callback),
	    T(test_pausing),
	    T(test_out_of_descriptors),
	    T(test_connections_tell_where_they_come_from),
	};

	alarm(60);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
