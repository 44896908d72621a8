/* SPDX-License-Identifier: GPL-3.0-or-later */
/* TLS over a stream: libssl as the client, on the other end of a socket of the loop. */
#include "io_help.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <stdio.h>
#include <netinet/in.h>

#include "base/file.h"
#include "crypto/certificate.h"
#include "crypto/crypto.h"
#include "io/inlet.h"

#define BIG 200000

/* The daemon's side: what came in on the one stream that it has. */
struct house {
	struct loop *loop;
	struct tls *tls;
	struct inlet *inlet;
	struct stream *stream;
	char dir[64];
	char pem[96];
	char *got;
	size_t len;
	int accepted;
	int closed;
	int drained;
	bool finish;
	bool leave;
	int commits;
};

static void on_data(void *ctx, struct buf *in)
{
	struct house *h = ctx;

	if (h->leave)
		return;
	assert_true(h->len + buf_len(in) <= BIG);
	memcpy(h->got + h->len, buf_ptr(in), buf_len(in));
	h->len += buf_len(in);
	buf_consume(in, buf_len(in));
}

static void on_drained(void *ctx)
{
	struct house *h = ctx;

	h->drained++;
}

static void on_closed(void *ctx, int err)
{
	struct house *h = ctx;

	h->closed = err;
	stream_close(h->stream);
	h->stream = NULL;
}

static const struct stream_ops house_ops = {.data = on_data, .drained = on_drained, .closed = on_closed};

static void on_inlet(void *ctx, struct stream *s)
{
	struct house *h = ctx;

	h->accepted++;
	h->stream = s;
	stream_set_ops(s, &house_ops, h);
	if (h->finish) {
		stream_write(s, "ERROR :full\r\n", 13);
		stream_finish(s, 60000);
		h->stream = NULL;
	}
}

static void make_pem(const char *path)
{
	char *pem;
	size_t len;

	assert_int_equal(certificate_make("irc.example", &pem, &len), 0);
	assert_int_equal(file_replace(path, pem, len, 0600), 0);
	free(pem);
}

static void open_inlet(struct house *h, uint64_t handshake_ms, unsigned handshakes_max)
{
	struct inlet_opts opts = {
	    .stream = {.in_max = 1000, .out_max = BIG},
	    .tls = h->tls,
	    .handshake_ms = handshake_ms,
	    .handshakes_max = handshakes_max,
	};

	inlet_free(h->inlet);
	assert_int_equal(inlet_new(h->loop, "tls:127.0.0.1:0", &opts, on_inlet, h, &h->inlet), 0);
}

static int setup(void **state)
{
	struct house *h = calloc(1, sizeof(*h));

	strcpy(h->dir, "/tmp/allium-unit-XXXXXX");
	assert_non_null(mkdtemp(h->dir));
	snprintf(h->pem, sizeof(h->pem), "%s/tls.pem", h->dir);
	make_pem(h->pem);
	h->got = malloc(BIG);
	h->loop = loop_new();
	h->tls = tls_new();
	assert_int_equal(tls_load(h->tls, h->pem, h->pem), 0);
	open_inlet(h, 0, 0);
	*state = h;
	return 0;
}

static int teardown(void **state)
{
	struct house *h = *state;

	stream_close(h->stream);
	inlet_free(h->inlet);
	tls_free(h->tls);
	loop_drain(h->loop);
	loop_free(h->loop);
	file_rmtree(h->dir);
	free(h->got);
	free(h);
	return 0;
}

/* ---- Alice's side ---- */

struct alice {
	int fd;
	SSL_CTX *ctx;
	SSL *ssl;
};

static int dial(struct house *h)
{
	struct sockaddr_in sin = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sin.sin_port = htons((uint16_t)atoi(strrchr(inlet_address(h->inlet), ':') + 1));
	assert_int_equal(connect(fd, (struct sockaddr *)&sin, sizeof(sin)), 0);
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	return fd;
}

static void alice_init(struct alice *a, struct house *h)
{
	a->fd = dial(h);
	a->ctx = SSL_CTX_new(TLS_client_method());
	a->ssl = SSL_new(a->ctx);
	SSL_set_fd(a->ssl, a->fd);
	SSL_set_connect_state(a->ssl);
}

static void alice_clear(struct alice *a)
{
	SSL_free(a->ssl);
	SSL_CTX_free(a->ctx);
	if (a->fd >= 0)
		close(a->fd);
}

/* Both go on until her handshake is over; what SSL_get_error says of it. */
static int shake(struct alice *a, struct house *h)
{
	int ret, code;

	do {
		ERR_clear_error();
		ret = SSL_do_handshake(a->ssl);
		code = SSL_get_error(a->ssl, ret);
		loop_turn(h->loop, false);
	} while (code == SSL_ERROR_WANT_READ || code == SSL_ERROR_WANT_WRITE);
	return code;
}

static void alice_enters(struct alice *a, struct house *h)
{
	alice_init(a, h);
	assert_int_equal(shake(a, h), SSL_ERROR_NONE);
	TURN_UNTIL(h->loop, h->stream != NULL);
}

/* Reads until something comes, or the end: then *code says which. */
static size_t alice_reads(struct alice *a, struct house *h, char *out, size_t size, int *code)
{
	size_t n = 0;
	int ret;

	do {
		ERR_clear_error();
		ret = SSL_read_ex(a->ssl, out, size, &n);
		*code = SSL_get_error(a->ssl, ret);
		loop_turn(h->loop, false);
	} while (*code == SSL_ERROR_WANT_READ || *code == SSL_ERROR_WANT_WRITE);
	return n;
}

static void alice_writes(struct alice *a, struct house *h, const char *data, size_t len)
{
	size_t n;

	while (len > 0) {
		if (SSL_write_ex(a->ssl, data, len, &n) == 1)
			data += n, len -= n;
		loop_turn(h->loop, false);
	}
}

/* ---- the stories ---- */

static void test_lines_go_both_ways_and_close_notify_ends_them(void **state)
{
	struct house *h = *state;
	struct alice a;
	char got[100];
	int code;

	alice_enters(&a, h);
	assert_true(stream_is_secure(h->stream));
	alice_writes(&a, h, "NICK alice\r\n", 12);
	TURN_UNTIL(h->loop, h->len == 12);
	stream_write(h->stream, "PING :x\r\n", 9);
	assert_int_equal(alice_reads(&a, h, got, sizeof(got), &code), 9);
	assert_memory_equal(got, "PING :x\r\n", 9);
	SSL_shutdown(a.ssl);
	TURN_UNTIL(h->loop, h->closed != 0);
	assert_int_equal(h->closed, ERR_CLOSED);
	assert_int_equal(alice_reads(&a, h, got, sizeof(got), &code), 0);
	assert_int_equal(code, SSL_ERROR_ZERO_RETURN);
	alice_clear(&a);
}

static void test_a_connection_that_is_cut_is_no_orderly_end(void **state)
{
	struct house *h = *state;
	struct alice a;

	alice_enters(&a, h);
	alice_writes(&a, h, "QUIT\r\n", 6);
	shutdown(a.fd, SHUT_WR);
	TURN_UNTIL(h->loop, h->closed != 0);
	assert_int_equal(h->closed, ERR_IO);
	assert_int_equal(h->len, 6);
	alice_clear(&a);
}

static void test_finish_sends_all_and_close_notify_and_close_does_not(void **state)
{
	struct house *h = *state;
	struct alice a;
	char got[100];
	int code;

	alice_enters(&a, h);
	stream_write(h->stream, "ERROR :bye\r\n", 12);
	stream_finish(h->stream, 60000);
	h->stream = NULL;
	assert_int_equal(alice_reads(&a, h, got, sizeof(got), &code), 12);
	assert_int_equal(alice_reads(&a, h, got, sizeof(got), &code), 0);
	assert_int_equal(code, SSL_ERROR_ZERO_RETURN);
	alice_clear(&a);

	alice_enters(&a, h);
	stream_write(h->stream, "dropped\r\n", 9);
	stream_close(h->stream);
	h->stream = NULL;
	assert_int_equal(alice_reads(&a, h, got, sizeof(got), &code), 0);
	assert_int_equal(code, SSL_ERROR_SSL);
	alice_clear(&a);
}

static void test_who_is_refused_at_once_can_read_why(void **state)
{
	struct house *h = *state;
	struct alice a;
	char got[100];
	int code;

	h->finish = true;
	alice_init(&a, h);
	assert_int_equal(shake(&a, h), SSL_ERROR_NONE);
	assert_int_equal(alice_reads(&a, h, got, sizeof(got), &code), 13);
	assert_memory_equal(got, "ERROR :full\r\n", 13);
	alice_clear(&a);
}

static int count_commit(void *ctx)
{
	struct house *h = ctx;

	h->commits++;
	return h->leave ? ERR_IO : 0;
}

static void on_failed(void *ctx, int err)
{
	(void)ctx;
	(void)err;
}

static void test_nothing_leaves_before_its_commit(void **state)
{
	static const struct domain_ops ops = {.commit = count_commit, .failed = on_failed};
	struct house *h = *state;
	struct domain *d = domain_new(h->loop, &ops, h);
	struct alice a;
	char got[100];
	int code;

	alice_enters(&a, h);
	stream_set_domain(h->stream, d);
	h->leave = true;
	stream_write(h->stream, "not stored\r\n", 12);
	loop_turn(h->loop, false);
	assert_int_equal(h->commits, 1);
	h->leave = false;
	stream_write(h->stream, "stored\r\n", 8);
	assert_int_equal(alice_reads(&a, h, got, sizeof(got), &code), 8);
	assert_memory_equal(got, "stored\r\n", 8);
	alice_clear(&a);
	stream_close(h->stream);
	h->stream = NULL;
	domain_free(d);
}

/* More than a record, more than in_max, more than the socket takes. */
static void test_much_goes_both_ways(void **state)
{
	struct house *h = *state;
	struct alice a;
	char *block = malloc(BIG), *got = malloc(BIG);
	size_t len = 0;
	int code = 0;

	for (size_t i = 0; i < BIG; i++)
		block[i] = (char)(i * 31 + i / 251);
	alice_enters(&a, h);
	alice_writes(&a, h, block, BIG);
	TURN_UNTIL(h->loop, h->len == BIG);
	assert_memory_equal(h->got, block, BIG);
	assert_int_equal(stream_write(h->stream, block, BIG), 0);
	assert_true(stream_is_full(h->stream));
	while (len < BIG && (code == 0 || code == SSL_ERROR_NONE))
		len += alice_reads(&a, h, got + len, BIG - len, &code);
	assert_int_equal(len, BIG);
	assert_memory_equal(got, block, BIG);
	TURN_UNTIL(h->loop, h->drained == 1);
	assert_int_equal(stream_pending(h->stream), 0);
	alice_clear(&a);
	free(block);
	free(got);
}

static void test_unconsumed_input_is_bounded_and_comes_on_resume(void **state)
{
	struct house *h = *state;
	struct alice a;
	char block[8000];
	size_t n;

	memset(block, 'a', sizeof(block));
	alice_enters(&a, h);
	h->leave = true;
	/* One record: most of it waits within OpenSSL, where no socket tells of it. */
	assert_int_equal(SSL_write_ex(a.ssl, block, sizeof(block), &n), 1);
	for (int i = 0; i < 20; i++)
		loop_turn(h->loop, false);
	assert_int_equal(h->len, 0);
	h->leave = false;
	stream_pause(h->stream, false);
	TURN_UNTIL(h->loop, h->len == sizeof(block));
	alice_clear(&a);
}

static void test_a_stream_that_is_not_read_passes_its_bound(void **state)
{
	struct house *h = *state;
	struct alice a;
	char block[1000];

	memset(block, 'b', sizeof(block));
	alice_enters(&a, h);
	while (stream_write(h->stream, block, sizeof(block)) == 0)
		continue;
	TURN_UNTIL(h->loop, h->closed != 0);
	assert_int_equal(h->closed, ERR_FULL);
	alice_clear(&a);
}

static void test_garbage_is_no_client(void **state)
{
	struct house *h = *state;
	char got[100];
	int fd = dial(h);
	ssize_t n;

	assert_int_equal(send(fd, "NICK alice\r\nUSER a 0 * :a\r\n", 27, 0), 27);
	do {
		loop_turn(h->loop, false);
		n = recv(fd, got, sizeof(got), 0);
	} while (n != 0);
	assert_int_equal(h->accepted, 0);
	close(fd);
}

static void test_a_handshake_that_is_never_finished_is_given_up(void **state)
{
	struct house *h = *state;
	char got[100];
	int fd;

	open_inlet(h, 1, 0);
	fd = dial(h);
	assert_int_equal(send(fd, "\x16\x03\x01", 3, 0), 3);
	while (read_now(fd, got, sizeof(got)) != 0)
		loop_turn(h->loop, false);
	assert_int_equal(h->accepted, 0);
	close(fd);
}

static void test_of_too_many_handshakes_the_oldest_goes(void **state)
{
	struct house *h = *state;
	char got[10];
	struct alice a;
	int fds[3];

	open_inlet(h, 0, 2);
	for (int i = 0; i < 3; i++)
		fds[i] = dial(h);
	while (read_now(fds[0], got, sizeof(got)) != 0)
		loop_turn(h->loop, false);
	assert_reads_nothing(fds[2]);
	alice_enters(&a, h);
	assert_reads_end(fds[1]);
	assert_reads_nothing(fds[2]);
	assert_int_equal(h->accepted, 1);
	alice_clear(&a);
	for (int i = 0; i < 3; i++)
		close(fds[i]);
}

static void test_a_browser_is_refused_by_alpn(void **state)
{
	static const uint8_t web[] = "\x02h2\x08http/1.1", irc[] = "\x08http/1.1\x03irc";
	const unsigned char *chosen;
	struct house *h = *state;
	struct alice a;
	unsigned len;

	alice_init(&a, h);
	assert_int_equal(SSL_set_alpn_protos(a.ssl, web, sizeof(web) - 1), 0);
	assert_int_equal(shake(&a, h), SSL_ERROR_SSL);
	alice_clear(&a);
	assert_int_equal(h->accepted, 0);

	alice_init(&a, h);
	assert_int_equal(SSL_set_alpn_protos(a.ssl, irc, sizeof(irc) - 1), 0);
	assert_int_equal(shake(&a, h), SSL_ERROR_NONE);
	SSL_get0_alpn_selected(a.ssl, &chosen, &len);
	assert_int_equal(len, 3);
	assert_memory_equal(chosen, "irc", 3);
	alice_clear(&a);
}

static void test_old_versions_are_refused(void **state)
{
	struct house *h = *state;
	struct alice a;

	alice_init(&a, h);
	SSL_set_security_level(a.ssl, 0);
	SSL_set_min_proto_version(a.ssl, TLS1_VERSION);
	SSL_set_max_proto_version(a.ssl, TLS1_1_VERSION);
	assert_int_equal(shake(&a, h), SSL_ERROR_SSL);
	alice_clear(&a);
	alice_init(&a, h);
	SSL_set_max_proto_version(a.ssl, TLS1_2_VERSION);
	assert_int_equal(shake(&a, h), SSL_ERROR_NONE);
	assert_int_equal(SSL_version(a.ssl), TLS1_2_VERSION);
	alice_clear(&a);
}

static void resumption(struct house *h, int version)
{
	struct alice a, b;
	SSL_SESSION *session;
	char got[100];
	int code;

	alice_init(&a, h);
	SSL_set_max_proto_version(a.ssl, version);
	assert_int_equal(shake(&a, h), SSL_ERROR_NONE);
	TURN_UNTIL(h->loop, h->stream != NULL);
	stream_write(h->stream, "x", 1);
	assert_int_equal(alice_reads(&a, h, got, sizeof(got), &code), 1);
	session = SSL_get1_session(a.ssl);
	SSL_shutdown(a.ssl);
	TURN_UNTIL(h->loop, h->stream == NULL);
	alice_init(&b, h);
	SSL_set_max_proto_version(b.ssl, version);
	SSL_set_session(b.ssl, session);
	assert_int_equal(shake(&b, h), SSL_ERROR_NONE);
	assert_int_equal(SSL_session_reused(b.ssl), 0);
	TURN_UNTIL(h->loop, h->stream != NULL);
	stream_close(h->stream);
	h->stream = NULL;
	SSL_SESSION_free(session);
	alice_clear(&a);
	alice_clear(&b);
}

static void test_no_session_is_resumed(void **state)
{
	resumption(*state, TLS1_3_VERSION);
	resumption(*state, TLS1_2_VERSION);
}

static void test_a_client_certificate_is_told_by_its_fingerprint(void **state)
{
	uint8_t seen[STREAM_FINGERPRINT_BYTES], digest[EVP_MAX_MD_SIZE];
	struct house *h = *state;
	struct alice a;
	char path[96];

	alice_enters(&a, h);
	assert_false(stream_peer_fingerprint(h->stream, seen));
	stream_close(h->stream);
	h->stream = NULL;
	alice_clear(&a);

	snprintf(path, sizeof(path), "%s/alice.pem", h->dir);
	make_pem(path);
	alice_init(&a, h);
	assert_int_equal(SSL_use_certificate_file(a.ssl, path, SSL_FILETYPE_PEM), 1);
	assert_int_equal(SSL_use_PrivateKey_file(a.ssl, path, SSL_FILETYPE_PEM), 1);
	assert_int_equal(shake(&a, h), SSL_ERROR_NONE);
	TURN_UNTIL(h->loop, h->stream != NULL);
	assert_true(stream_peer_fingerprint(h->stream, seen));
	assert_int_equal(X509_digest(SSL_get_certificate(a.ssl), EVP_sha256(), digest, NULL), 1);
	assert_memory_equal(seen, digest, sizeof(seen));
	alice_clear(&a);
}

static void fingerprint_that_alice_sees(struct house *h, char out[TLS_FINGERPRINT_LEN + 1])
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	struct alice a;
	X509 *x;

	alice_enters(&a, h);
	x = SSL_get1_peer_certificate(a.ssl);
	assert_int_equal(X509_check_host(x, "irc.example", 0, 0, NULL), 1);
	assert_int_equal(X509_check_ip_asc(x, "127.0.0.1", 0), 1);
	assert_int_equal(X509_digest(x, EVP_sha256(), digest, NULL), 1);
	hex_encode(digest, 32, out);
	X509_free(x);
	alice_clear(&a);
	stream_close(h->stream);
	h->stream = NULL;
}

static void test_a_new_certificate_serves_new_connections(void **state)
{
	char first[TLS_FINGERPRINT_LEN + 1], second[TLS_FINGERPRINT_LEN + 1], other[96];
	struct house *h = *state;

	fingerprint_that_alice_sees(h, first);
	assert_string_equal(first, tls_fingerprint(h->tls));
	snprintf(other, sizeof(other), "%s/other.pem", h->dir);
	make_pem(other);
	assert_int_equal(tls_load(h->tls, other, h->pem), ERR_INVALID);
	assert_int_equal(tls_load(h->tls, "/nonexistent", h->pem), ERR_NOT_FOUND);
	assert_int_equal(file_replace(h->pem, "none", 4, 0600), 0);
	assert_int_equal(tls_load(h->tls, h->pem, h->pem), ERR_INVALID);
	assert_string_equal(first, tls_fingerprint(h->tls));
	assert_int_equal(tls_load(h->tls, other, other), 0);
	fingerprint_that_alice_sees(h, second);
	assert_string_equal(second, tls_fingerprint(h->tls));
	assert_string_not_equal(first, second);
}

static void test_addresses(void **state)
{
	struct house *h = *state;
	struct inlet_opts none = {.stream = {.in_max = 10, .out_max = 10}};
	struct inlet *i;

	assert_int_equal(inlet_check("tls:0.0.0.0:6697"), 0);
	assert_int_equal(inlet_check("tls:[::]:6697"), 0);
	assert_int_equal(inlet_check("0.0.0.0:6697"), ERR_REFUSED);
	assert_int_equal(inlet_check("127.0.0.1:6697"), 0);
	assert_int_equal(inlet_check("unix:/run/allium/irc"), 0);
	assert_int_equal(inlet_check("tls:unix:/run/allium/irc"), ERR_INVALID);
	assert_int_equal(inlet_check("tls:irc.example:6697"), ERR_INVALID);
	assert_int_equal(inlet_check("tls:tls:127.0.0.1:1"), ERR_INVALID);
	assert_int_equal(inlet_new(h->loop, "tls:127.0.0.1:0", &none, on_inlet, h, &i), ERR_WRONG_STATE);
	assert_null(i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	    T(test_lines_go_both_ways_and_close_notify_ends_them),
	    T(test_a_connection_that_is_cut_is_no_orderly_end),
	    T(test_finish_sends_all_and_close_notify_and_close_does_not),
	    T(test_who_is_refused_at_once_can_read_why),
	    T(test_nothing_leaves_before_its_commit),
	    T(test_much_goes_both_ways),
	    T(test_unconsumed_input_is_bounded_and_comes_on_resume),
	    T(test_a_stream_that_is_not_read_passes_its_bound),
	    T(test_garbage_is_no_client),
	    T(test_a_handshake_that_is_never_finished_is_given_up),
	    T(test_of_too_many_handshakes_the_oldest_goes),
	    T(test_a_browser_is_refused_by_alpn),
	    T(test_old_versions_are_refused),
	    T(test_no_session_is_resumed),
	    T(test_a_client_certificate_is_told_by_its_fingerprint),
	    T(test_a_new_certificate_serves_new_connections),
	    T(test_addresses),
	};

	alarm(120);
	signal(SIGPIPE, SIG_IGN);
	if (crypto_start() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
