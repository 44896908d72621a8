/* SPDX-License-Identifier: GPL-3.0-or-later */
/* IRC over WebSocket, byte by byte: who gets in, frames both ways, and how each wrong one ends. */
#include "io_help.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>

#include "crypto/crypto.h"
#include "io/inlet.h"

#define ASK                                                                                                  \
	"Upgrade: websocket\r\nConnection: keep-alive, Upgrade\r\nSec-WebSocket-Version: 13\r\n"             \
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define HOST  "Host: 127.0.0.1:8067\r\n"
#define TEXT  "Sec-WebSocket-Protocol: text.ircv3.net\r\n"
#define GET   "GET / HTTP/1.1\r\n"
#define PLAIN GET HOST ASK "\r\n"

/* RFC 6455 section 1.3 */
#define ACCEPT                                                                                               \
	"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"                  \
	"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"

#define FLOOD_MAX 50000000 /* far more than all buffers of two sockets */

enum { CONT = 0, TXT = 1, BIN = 2, CLOSE = 8, PING = 9, PONG = 10, FIN = 0x80 };

struct house {
	struct loop *loop;
	struct inlet *inlet;
	struct stream *stream;
	char got[100000];
	size_t len;
	int closed;
};

static void on_data(void *ctx, struct buf *in)
{
	struct house *h = ctx;

	assert_true(h->len + buf_len(in) < sizeof(h->got));
	memcpy(h->got + h->len, buf_ptr(in), buf_len(in));
	h->len += buf_len(in);
	h->got[h->len] = '\0';
	buf_consume(in, buf_len(in));
}

static void on_closed(void *ctx, int err)
{
	struct house *h = ctx;

	h->closed = err;
	stream_close(h->stream);
	h->stream = NULL;
}

static const struct stream_ops house_ops = {.data = on_data, .closed = on_closed};

static void on_inlet(void *ctx, struct stream *s)
{
	struct house *h = ctx;

	h->stream = s;
	stream_set_ops(s, &house_ops, h);
}

static int setup(void **state)
{
	static const char *const origins[] = {"https://irc.example", "http://localhost:8080"};
	struct inlet_opts opts = {
	    .stream = {.in_max = 20000, .out_max = 1000000},
	    .ws = {.host = "allium.example", .origins = origins, .n_origins = 2},
	};
	struct house *h = calloc(1, sizeof(*h));

	h->loop = loop_new();
	*state = h;
	return inlet_new(h->loop, "ws:127.0.0.1:0", &opts, on_inlet, h, &h->inlet);
}

static int teardown(void **state)
{
	struct house *h = *state;

	stream_close(h->stream);
	inlet_free(h->inlet);
	loop_drain(h->loop);
	loop_free(h->loop);
	free(h);
	return 0;
}

/* ---- Alice's side ---- */

static int dial(struct house *h)
{
	struct sockaddr_in sin = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int small = 8192;

	/* So that it doesn't take megabytes until a socket takes no more. */
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sin.sin_port = htons((uint16_t)atoi(strrchr(inlet_address(h->inlet), ':') + 1));
	assert_int_equal(connect(fd, (struct sockaddr *)&sin, sizeof(sin)), 0);
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	return fd;
}

static void send_all(struct house *h, int fd, const void *data, size_t len)
{
	const char *p = data;
	ssize_t n;

	while (len > 0) {
		n = send(fd, p, len, MSG_NOSIGNAL);
		if (n > 0)
			p += n, len -= (size_t)n;
		loop_turn(h->loop, false);
	}
}

/* Reads exactly len bytes, or fewer when the end comes first. */
static size_t read_up_to(struct house *h, int fd, void *out, size_t len)
{
	size_t got = 0;
	ssize_t n;

	while (got < len) {
		loop_turn(h->loop, false);
		n = recv(fd, (char *)out + got, len - got, 0);
		if (n == 0)
			break;
		assert_true(n > 0 || errno == EAGAIN);
		got += n > 0 ? (size_t)n : 0;
	}
	return got;
}

static void assert_answer(struct house *h, int fd, const char *text)
{
	char got[1024];

	assert_int_equal(read_up_to(h, fd, got, strlen(text)), strlen(text));
	assert_memory_equal(got, text, strlen(text));
}

/* What is answered to a request, up to the end of its status. */
static int status_of(struct house *h, const char *request)
{
	char got[16] = "";
	int fd = dial(h);

	send_all(h, fd, request, strlen(request));
	assert_int_equal(read_up_to(h, fd, got, 12), 12);
	assert_memory_equal(got, "HTTP/1.1 ", 9);
	close(fd);
	stream_close(h->stream);
	h->stream = NULL;
	return atoi(got + 9);
}

static int enter(struct house *h, const char *fields)
{
	char request[1024];
	char answer[1024];
	int fd = dial(h);

	snprintf(request, sizeof(request), GET HOST ASK "%s\r\n", fields);
	snprintf(answer, sizeof(answer), ACCEPT "%s\r\n", fields);
	send_all(h, fd, request, strlen(request));
	assert_answer(h, fd, answer);
	TURN_UNTIL(h->loop, h->stream != NULL);
	return fd;
}

static void send_frame(struct house *h, int fd, uint8_t first, const void *data, size_t len)
{
	static const uint8_t mask[4] = {0x37, 0xfa, 0x21, 0x3d};
	uint8_t *frame = malloc(len + 8), *p = frame;

	*p++ = first;
	if (len < 126) {
		*p++ = (uint8_t)(0x80 | len);
	} else {
		assert_true(len < 65536);
		*p++ = 0x80 | 126;
		*p++ = (uint8_t)(len >> 8);
		*p++ = (uint8_t)len;
	}
	memcpy(p, mask, 4);
	p += 4;
	for (size_t i = 0; i < len; i++)
		*p++ = ((const uint8_t *)data)[i] ^ mask[i % 4];
	send_all(h, fd, frame, (size_t)(p - frame));
	free(frame);
}

static void say(struct house *h, int fd, const char *line)
{
	send_frame(h, fd, FIN | TXT, line, strlen(line));
}

/* The next frame that comes, unmasked as a server's are: its first byte; its payload is a string. */
static int read_frame(struct house *h, int fd, char *out, size_t *len)
{
	uint8_t head[4];

	if (read_up_to(h, fd, head, 2) != 2)
		return -1;
	assert_true(head[1] < 127);
	*len = head[1];
	if (head[1] == 126) {
		assert_int_equal(read_up_to(h, fd, head + 2, 2), 2);
		*len = (size_t)head[2] << 8 | head[3];
	}
	assert_int_equal(read_up_to(h, fd, out, *len), *len);
	out[*len] = '\0';
	return head[0];
}

static void assert_frame(struct house *h, int fd, int first, const char *text)
{
	char got[70000];
	size_t len;

	assert_int_equal(read_frame(h, fd, got, &len), first);
	assert_string_equal(got, text);
}

/* The server's Close with this status, or without one for 0, then the end. */
static void assert_closes(struct house *h, int fd, int status)
{
	char got[200];
	size_t len;

	assert_int_equal(read_frame(h, fd, got, &len), FIN | CLOSE);
	assert_int_equal(len >= 2 ? (uint8_t)got[0] << 8 | (uint8_t)got[1] : 0, status);
	assert_int_equal(read_up_to(h, fd, got, 1), 0);
	close(fd);
}

static void await(struct house *h, const char *text)
{
	TURN_UNTIL(h->loop, h->len >= strlen(text) || h->closed != 0);
	assert_string_equal(h->got, text);
}

/* ---- who gets in ---- */

static void test_the_clients_order_chooses_the_subprotocol(void **state)
{
	struct house *h = *state;
	int fd = enter(h, TEXT);

	say(h, fd, "NICK alice");
	await(h, "NICK alice\r\n");
	stream_write(h->stream, "PING :x\r\n:allium 001 alice :Hi\r\n", 32);
	assert_frame(h, fd, FIN | TXT, "PING :x");
	assert_frame(h, fd, FIN | TXT, ":allium 001 alice :Hi");
	close(fd);
	stream_close(h->stream);
	h->stream = NULL;

	fd = dial(h);
	send_all(h, fd, GET HOST ASK "Sec-WebSocket-Protocol: chat,\t BINARY.ircv3.net\r\n" TEXT "\r\n",
		 strlen(GET HOST ASK "Sec-WebSocket-Protocol: chat,\t BINARY.ircv3.net\r\n" TEXT "\r\n"));
	assert_answer(h, fd, ACCEPT "Sec-WebSocket-Protocol: binary.ircv3.net\r\n\r\n");
	TURN_UNTIL(h->loop, h->stream != NULL);
	stream_write(h->stream, "A\r\n", 3);
	assert_frame(h, fd, FIN | BIN, "A");
	close(fd);
}

static void test_without_a_subprotocol_either_kind_is_taken(void **state)
{
	struct house *h = *state;
	int fd = enter(h, "");

	say(h, fd, "A");
	send_frame(h, fd, FIN | BIN, "B", 1);
	await(h, "A\r\nB\r\n");
	stream_write(h->stream, "C\r\n", 3);
	assert_frame(h, fd, FIN | TXT, "C");
	close(fd);
}

static void test_only_this_machines_names_get_in(void **state)
{
	static const struct {
		const char *host;
		int status;
	} rows[] = {
	    {"Host: localhost\r\n", 101},
	    {"Host: LOCALHOST:8067\r\n", 101},
	    {"Host: 127.0.0.1\r\n", 101},
	    {"Host: [::1]:8067\r\n", 101},
	    {"Host: Allium.example:80\r\n", 101},
	    {"Host: evil.example\r\n", 403},
	    {"Host: localhost.evil.example:8067\r\n", 403},
	    {"Host: 127.0.0.1.evil.example\r\n", 403},
	    {"Host: evil.example:127.0.0.1\r\n", 403},
	    {"Host: 192.168.1.2\r\n", 403},
	    {"Host: localhost@evil.example\r\n", 403},
	    {"Host: localhost:80:80\r\n", 403},
	    {"Host:\r\n", 403},
	    {"", 400},
	    {"Host: localhost\r\nHost: localhost\r\n", 400},
	};
	char request[1024];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(request, sizeof(request), GET "%s" ASK "\r\n", rows[i].host);
		assert_int_equal(status_of(*state, request), rows[i].status);
	}
}

static void test_only_pages_that_were_named_get_in(void **state)
{
	static const struct {
		const char *fields;
		int status;
	} rows[] = {
	    {"Origin: https://irc.example\r\n", 101},
	    {"Origin: https://irc.example\r\nSec-Fetch-Site: cross-site\r\n", 101},
	    {"Origin: http://localhost:8080\r\n", 101},
	    {"Origin: http://localhost\r\n", 403},
	    {"Origin: http://irc.example\r\n", 403},
	    {"Origin: https://irc.example.evil.example\r\n", 403},
	    {"Origin: https://evil.example\r\n", 403},
	    {"Origin: null\r\n", 403},
	    {"Origin:\r\n", 403},
	    {"Origin: https://irc.example\r\nOrigin: https://irc.example\r\n", 400},
	    {"Sec-Fetch-Mode: websocket\r\n", 101},
	    {"Sec-Fetch-Site: none\r\n", 403},
	};
	char request[1024];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(request, sizeof(request), GET HOST ASK "%s\r\n", rows[i].fields);
		assert_int_equal(status_of(*state, request), rows[i].status);
	}
}

static void test_what_is_no_upgrade_is_refused(void **state)
{
	struct house *h = *state;
	char long_head[9000];
	size_t n = (size_t)snprintf(long_head, sizeof(long_head), GET HOST "X: ");

	assert_int_equal(status_of(h, GET HOST "\r\n"), 426);
	assert_int_equal(status_of(h, GET HOST "Upgrade: websocket\r\nConnection: Upgrade\r\n"
					       "Sec-WebSocket-Version: 8\r\n\r\n"),
			 426);
	assert_int_equal(status_of(h, GET HOST "Upgrade: websocket\r\nConnection: Upgrade\r\n"
					       "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: abc\r\n\r\n"),
			 400);
	assert_int_equal(status_of(h, "GET / HTTP/1.0\r\n" HOST ASK "\r\n"), 400);
	assert_int_equal(status_of(h, "GET http://localhost/ HTTP/1.1\r\n"), 400);
	assert_int_equal(status_of(h, "POST / HTTP/1.1\r\n"), 400);
	assert_int_equal(status_of(h, "NICK alice\r\n"), 400);
	assert_int_equal(status_of(h, "\x16\x03\x01"), 400);
	assert_int_equal(status_of(h, GET HOST ASK "Content-Length: 3\r\n\r\nabc"), 400);
	assert_int_equal(status_of(h, GET HOST ASK "Content-Length: 0\r\n\r\n"), 400);
	assert_int_equal(status_of(h, GET HOST ASK " folded: x\r\n\r\n"), 400);
	assert_int_equal(status_of(h, GET HOST ASK "no colon\r\n\r\n"), 400);
	assert_int_equal(status_of(h, GET HOST ASK "a\nOrigin: https://irc.example\r\n\r\n"), 400);
	assert_int_equal(status_of(h, PLAIN "NICK alice\r\n"), 400);
	memset(long_head + n, 'x', sizeof(long_head) - n);
	long_head[8500] = '\0';
	assert_int_equal(status_of(h, long_head), 400);
	assert_int_equal(status_of(h, PLAIN), 101);
}

/* ---- messages ---- */

static void test_fragments_become_one_line_and_a_ping_may_come_between(void **state)
{
	struct house *h = *state;
	int fd = enter(h, TEXT);

	send_frame(h, fd, TXT, "PRIVMSG bob :gr\xc3", 16);
	send_frame(h, fd, FIN | PING, "hello", 5);
	assert_frame(h, fd, FIN | PONG, "hello");
	assert_int_equal(h->len, 0);
	send_frame(h, fd, CONT, "\xbc\xc3\x9f", 3);
	send_frame(h, fd, FIN | CONT, "e", 1);
	await(h, "PRIVMSG bob :gr\xc3\xbc\xc3\x9f"
		 "e\r\n");
	close(fd);
}

static void test_bytes_one_at_a_time(void **state)
{
	static const uint8_t frame[] = {0x81, 0x82, 1, 2, 3, 4, 'h' ^ 1, 'i' ^ 2};
	struct house *h = *state;
	int fd = dial(h);

	for (size_t i = 0; i < sizeof(PLAIN) - 1; i++)
		send_all(h, fd, &PLAIN[i], 1);
	assert_answer(h, fd, ACCEPT "\r\n");
	for (size_t i = 0; i < sizeof(frame); i++)
		send_all(h, fd, frame + i, 1);
	await(h, "hi\r\n");
	close(fd);
}

static void test_line_ends_are_forgiven_at_the_end_and_nowhere_else(void **state)
{
	struct house *h = *state;
	int fd = enter(h, TEXT);

	say(h, fd, "one\r\n");
	say(h, fd, "");
	say(h, fd, "\r\n");
	say(h, fd, "two\n");
	await(h, "one\r\ntwo\r\n");
	say(h, fd, "three\r\nfour");
	assert_closes(h, fd, 1007);
	assert_int_equal(h->closed, ERR_IO);
	assert_string_equal(h->got, "one\r\ntwo\r\n");
}

static void test_text_that_is_not_utf8_is_1007(void **state)
{
	struct house *h = *state;
	int fd = enter(h, TEXT);

	say(h, fd, "PRIVMSG bob :\xff");
	assert_closes(h, fd, 1007);
	assert_int_equal(h->len, 0);
}

static void test_the_other_kind_of_message_is_a_line_too(void **state)
{
	struct house *h = *state;
	int fd = enter(h, TEXT);

	send_frame(h, fd, FIN | BIN, "caf\xe9", 4);
	await(h, "caf\xe9\r\n");
	close(fd);
}

static void test_too_long_a_message_is_1009_in_one_frame_or_many(void **state)
{
	struct house *h = *state;
	char block[9000];
	int fd;

	memset(block, 'a', sizeof(block));
	fd = enter(h, TEXT);
	send_frame(h, fd, FIN | TXT, block, 8192);
	TURN_UNTIL(h->loop, h->len == 8194);
	/* She goes on talking, and can read why she is not heard all the same. */
	send_frame(h, fd, FIN | TXT, block, 8193);
	for (int i = 0; i < 20; i++)
		send_frame(h, fd, FIN | TXT, block, sizeof(block));
	assert_closes(h, fd, 1009);

	h->closed = 0;
	fd = enter(h, TEXT);
	send_frame(h, fd, TXT, block, 5000);
	send_frame(h, fd, FIN | CONT, block, 5000);
	assert_closes(h, fd, 1009);
	assert_int_equal(h->closed, ERR_IO);
}

static void test_frames_that_break_the_rules_end_it(void **state)
{
	static const uint8_t unmasked[] = {0x81, 2, 'h', 'i'}, reserved[] = {0xc1, 0x80, 0, 0, 0, 0},
			     unknown[] = {0x83, 0x80, 0, 0, 0, 0}, alone[] = {0x80, 0x80, 0, 0, 0, 0},
			     long_ping[] = {0x89, 0xfe, 0, 126, 0, 0, 0, 0};
	const struct {
		const uint8_t *data;
		size_t len;
		int status;
	} rows[] = {{unmasked, sizeof(unmasked), 1002},
		    {reserved, sizeof(reserved), 1002},
		    {unknown, sizeof(unknown), 1002},
		    {alone, sizeof(alone), 1002},
		    {long_ping, sizeof(long_ping), 0}};
	struct house *h = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int fd = enter(h, TEXT);

		send_all(h, fd, rows[i].data, rows[i].len);
		assert_closes(h, fd, rows[i].status);
	}
	assert_int_equal(h->len, 0);
}

/* ---- the end ---- */

static void test_close_is_answered_and_orderly(void **state)
{
	struct house *h = *state;
	int fd = enter(h, TEXT);

	say(h, fd, "QUIT");
	send_frame(h, fd, FIN | CLOSE, "\x03\xe8", 2);
	assert_closes(h, fd, 1000);
	assert_int_equal(h->closed, ERR_CLOSED);
	assert_string_equal(h->got, "QUIT\r\n");
}

static void test_a_connection_that_is_cut_is_no_orderly_end(void **state)
{
	struct house *h = *state;
	int fd = enter(h, TEXT);

	say(h, fd, "QUIT");
	close(fd);
	TURN_UNTIL(h->loop, h->closed != 0);
	assert_int_equal(h->closed, ERR_IO);
}

static void test_finish_sends_all_and_a_close(void **state)
{
	struct house *h = *state;
	int fd = enter(h, TEXT);

	stream_write(h->stream, "ERROR :bye\r\n", 12);
	stream_finish(h->stream, 60000);
	h->stream = NULL;
	assert_frame(h, fd, FIN | TXT, "ERROR :bye");
	assert_closes(h, fd, 1000);
}

/* More than the socket and the frames' queue take at once: nothing is lost, and in order. */
static void test_much_goes_out(void **state)
{
	struct house *h = *state;
	int fd = enter(h, TEXT);
	char line[120], got[70000];
	size_t len;

	for (int i = 0; i < 8000; i++) {
		snprintf(line, sizeof(line), "%08d%092d\r\n", i, 0);
		assert_int_equal(stream_write(h->stream, line, strlen(line)), 0);
	}
	for (int i = 0; i < 50; i++)
		loop_turn(h->loop, false);
	stream_finish(h->stream, 60000);
	h->stream = NULL;
	for (int i = 0; i < 8000; i++) {
		assert_int_equal(read_frame(h, fd, got, &len), FIN | TXT);
		snprintf(line, sizeof(line), "%08d%092d", i, 0);
		assert_string_equal(got, line);
	}
	assert_closes(h, fd, 1000);
}

/* Who asks for pongs and reads none is read no further, and holds nobody up. */
static void test_a_flood_of_pings_is_not_answered_without_bound(void **state)
{
	uint8_t frame[131] = {FIN | PING, 0x80 | 125};
	struct house *h = *state;
	int fd = enter(h, TEXT);
	size_t len, sent = 0;
	char got[200];
	ssize_t n;

	for (int idle = 0; idle<2000; idle = n> 0 ? 0 : idle + 1) {
		n = send(fd, frame + sent % sizeof(frame), sizeof(frame) - sent % sizeof(frame),
			 MSG_NOSIGNAL);
		sent += n > 0 ? (size_t)n : 0;
		assert_true(sent < FLOOD_MAX);
		loop_turn(h->loop, false);
	}
	for (size_t i = 0; i < sent / sizeof(frame); i++) {
		assert_int_equal(read_frame(h, fd, got, &len), FIN | PONG);
		assert_int_equal(len, 125);
	}
	assert_int_equal(h->closed, 0);
	close(fd);
}

static void test_only_loopback(void **state)
{
	(void)state;
	assert_int_equal(inlet_check("ws:127.0.0.1:8067"), 0);
	assert_int_equal(inlet_check("ws:[::1]:8067"), 0);
	assert_int_equal(inlet_check("ws:0.0.0.0:8067"), ERR_REFUSED);
	assert_int_equal(inlet_check("ws:unix:/run/irc"), ERR_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	    T(test_the_clients_order_chooses_the_subprotocol),
	    T(test_without_a_subprotocol_either_kind_is_taken),
	    T(test_only_this_machines_names_get_in),
	    T(test_only_pages_that_were_named_get_in),
	    T(test_what_is_no_upgrade_is_refused),
	    T(test_fragments_become_one_line_and_a_ping_may_come_between),
	    T(test_bytes_one_at_a_time),
	    T(test_line_ends_are_forgiven_at_the_end_and_nowhere_else),
	    T(test_text_that_is_not_utf8_is_1007),
	    T(test_the_other_kind_of_message_is_a_line_too),
	    T(test_too_long_a_message_is_1009_in_one_frame_or_many),
	    T(test_frames_that_break_the_rules_end_it),
	    T(test_close_is_answered_and_orderly),
	    T(test_a_connection_that_is_cut_is_no_orderly_end),
	    T(test_finish_sends_all_and_a_close),
	    T(test_much_goes_out),
	    T(test_a_flood_of_pings_is_not_answered_without_bound),
	    T(test_only_loopback),
	};

	alarm(120);
	if (crypto_start() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
