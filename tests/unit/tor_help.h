/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A tor that isn't one: a control socket that answers by a table and keeps what it was asked, and a SOCKS
 * socket. */
#ifndef TOR_HELP_H
#define TOR_HELP_H

#include "io_help.h"

#include <stdio.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/str.h"
#include "crypto/crypto.h"
#include "crypto/identity.h"
#include "tor/tor.h"

#define FAKE_VERSION "250-VERSION Tor=\"0.4.8.12\"\r\n"

struct fake;

struct fake_answer {
	const char *command; /* a prefix */
	const char *answer;
};

/* A SOCKS connection; a place without a stream is free. */
struct fake_dial {
	struct fake *fake;
	struct stream *stream;
	uint8_t in[256];
	size_t len;
};

struct fake {
	struct loop *loop;
	char dir[64];
	char control[96]; /* paths */
	char socks[96];
	char cookie_path[96];
	struct listener *control_listener;
	struct listener *socks_listener;
	struct stream *stream; /* the control connection */
	const struct fake_answer *table;
	char *asked[128]; /* commands so far */
	int n_asked;
	int connections;
	int networks; /* how often the network was said to be back */
	uint8_t cookie[32];
	uint8_t server_nonce[32];
	bool wrong_hash; /* it does not know the cookie */
	bool proof_good; /* AUTHENTICATE came with the right proof */
	struct fake_dial dials[16];
	struct fake_dial *dialled; /* the last one */
	int n_dials;
	const char *socks_answer; /* hex of the reply that follows authentication */

	/* Options: 0 is the default, which no test waits for. */
	uint64_t dial_timeout_ms;
	uint64_t key_idle_ms;
	uint64_t publish_spread_ms;
	const struct rng *rng;
	struct tor *tor;
	struct tor_status log[64]; /* every status that was told */
	int n_log;
};

static inline void fake_say(struct fake *f, const char *text)
{
	assert_int_equal(stream_write(f->stream, text, strlen(text)), 0);
}

static inline void fake_protocolinfo(struct fake *f)
{
	char line[256];

	snprintf(line, sizeof(line),
		 "250-PROTOCOLINFO 1\r\n250-AUTH METHODS=COOKIE,SAFECOOKIE COOKIEFILE=\"%s\"\r\n" FAKE_VERSION
		 "250 OK\r\n",
		 f->cookie_path);
	fake_say(f, line);
}

/* The tor's side of control-spec 3.24, written here once more. */
static inline void fake_hash(struct fake *f, const char *label, const uint8_t client_nonce[32], char hex[65])
{
	uint8_t message[96], hash[32];

	memcpy(message, f->cookie, 32);
	memcpy(message + 32, client_nonce, 32);
	memcpy(message + 64, f->server_nonce, 32);
	hmac_sha256(label, strlen(label), message, sizeof(message), hash);
	hex_encode(hash, 32, hex);
}

static inline void fake_challenge(struct fake *f, const char *nonce_hex)
{
	static char expected[65];
	uint8_t nonce[32];
	char hex[65], nonce_text[65], line[256];

	if (nonce_hex == NULL) {
		/* AUTHENTICATE: compare with what was computed then. */
		f->proof_good = strstr(f->asked[f->n_asked - 1], expected) != NULL;
		fake_say(f, f->proof_good ? "250 OK\r\n" : "515 Authentication failed\r\n");
		return;
	}
	unit_hex(nonce_hex, nonce, 32);
	fake_hash(f, "Tor safe cookie authentication server-to-controller hash", nonce, hex);
	fake_hash(f, "Tor safe cookie authentication controller-to-server hash", nonce, expected);
	hex_encode(f->server_nonce, 32, nonce_text);
	if (f->wrong_hash)
		hex[0] = hex[0] == '0' ? '1' : '0';
	snprintf(line, sizeof(line), "250 AUTHCHALLENGE SERVERHASH=%s SERVERNONCE=%s\r\n", hex, nonce_text);
	fake_say(f, line);
}

static inline void fake_on_command(struct fake *f, const char *line)
{
	const struct fake_answer *a;

	assert_true(f->n_asked < (int)(sizeof(f->asked) / sizeof(f->asked[0])));
	f->asked[f->n_asked] = strdup(line);
	assert_non_null(f->asked[f->n_asked++]);
	for (a = f->table; a != NULL && a->command != NULL; a++) {
		if (strncmp(line, a->command, strlen(a->command)) == 0) {
			fake_say(f, a->answer);
			return;
		}
	}
	if (strncmp(line, "PROTOCOLINFO", 12) == 0)
		fake_protocolinfo(f);
	else if (strncmp(line, "AUTHCHALLENGE SAFECOOKIE ", 25) == 0)
		fake_challenge(f, line + 25);
	else if (strncmp(line, "AUTHENTICATE", 12) == 0)
		fake_challenge(f, NULL);
	else if (strncmp(line, "GETINFO status/bootstrap-phase", 30) == 0)
		fake_say(f, "250-status/bootstrap-phase=NOTICE BOOTSTRAP PROGRESS=100 TAG=done "
			    "SUMMARY=\"Done\"\r\n250 OK\r\n");
	else
		fake_say(f, "250 OK\r\n");
}

static inline void fake_on_data(void *ctx, struct buf *in)
{
	struct fake *f = ctx;
	const uint8_t *end;
	char line[32768];
	size_t len;

	while (buf_len(in) > 0 && (end = memchr(buf_ptr(in), '\n', buf_len(in))) != NULL) {
		len = (size_t)(end - buf_ptr(in));
		assert_int_equal(str_copy_n(line, sizeof(line), (const char *)buf_ptr(in), len - 1), 0);
		buf_consume(in, len + 1);
		fake_on_command(f, line);
	}
}

static inline void fake_on_closed(void *ctx, int err)
{
	struct fake *f = ctx;

	(void)err;
	stream_close(f->stream);
	f->stream = NULL;
}

static const struct stream_ops fake_ops = {.data = fake_on_data, .closed = fake_on_closed};
static const struct stream_opts fake_opts = {.in_max = 65536, .out_max = 65536};

static inline void fake_forget_asked(struct fake *f)
{
	while (f->n_asked > 0)
		free(f->asked[--f->n_asked]);
}

static inline void fake_on_accept(void *ctx, int fd)
{
	struct fake *f = ctx;

	stream_close(f->stream);
	f->connections++;
	fake_forget_asked(f);
	f->stream = stream_new(f->loop, fd, &fake_opts, &fake_ops, f);
	assert_non_null(f->stream);
}

static inline void fake_socks_say(struct fake_dial *d, const char *hex)
{
	uint8_t bytes[64];

	unit_hex(hex, bytes, strlen(hex) / 2);
	assert_int_equal(stream_write(d->stream, bytes, strlen(hex) / 2), 0);
}

/* Greeting of 3 bytes, authentication, request: one answer to each. */
/* What came is the greeting and a whole authentication (RFC 1929): version, user, password. */
static inline bool fake_socks_authenticates(const struct fake_dial *d)
{
	size_t password_at = 3 + 2 + d->in[4];

	return d->len > password_at && d->len == password_at + 1 + d->in[password_at];
}

static inline void fake_socks_on_data(void *ctx, struct buf *in)
{
	struct fake_dial *d = ctx;
	size_t len = buf_len(in);

	assert_true(d->len + len <= sizeof(d->in));
	memcpy(d->in + d->len, buf_ptr(in), len);
	d->len += len;
	buf_consume(in, len);
	if (d->len == 3)
		fake_socks_say(d, "0502");
	else if (fake_socks_authenticates(d))
		fake_socks_say(d, "0100");
	else if (d->fake->socks_answer != NULL)
		fake_socks_say(d, d->fake->socks_answer);
}

static inline void fake_socks_on_closed(void *ctx, int err)
{
	struct fake_dial *d = ctx;

	(void)err;
	stream_close(d->stream);
	d->stream = NULL;
}

static const struct stream_ops fake_socks_ops = {.data = fake_socks_on_data, .closed = fake_socks_on_closed};

static inline void fake_on_dial(void *ctx, int fd)
{
	struct fake *f = ctx;
	struct fake_dial *d = f->dials;

	while (d->stream != NULL)
		assert_true(++d < f->dials + sizeof(f->dials) / sizeof(f->dials[0]));
	*d = (struct fake_dial){.fake = f};
	d->stream = stream_new(f->loop, fd, &fake_opts, &fake_socks_ops, d);
	assert_non_null(d->stream);
	f->dialled = d;
	f->n_dials++;
}

static inline void fake_on_status(void *ctx, const struct tor_status *status)
{
	struct fake *f = ctx;

	assert_true(f->n_log < 64);
	f->log[f->n_log++] = *status;
}

static inline void fake_on_network(void *ctx)
{
	struct fake *f = ctx;

	f->networks++;
}

static const struct tor_ops fake_tor_ops = {fake_on_status, fake_on_network};

static inline void fake_listen(struct fake *f, const char *path, accept_cb cb, struct listener **out)
{
	char address[128];

	snprintf(address, sizeof(address), "unix:%s", path);
	assert_int_equal(listener_new(f->loop, address, 0600, cb, f, out), 0);
}

static inline void fake_open(struct fake *f)
{
	fake_listen(f, f->control, fake_on_accept, &f->control_listener);
	fake_listen(f, f->socks, fake_on_dial, &f->socks_listener);
}

/* The process is gone: its connections and its sockets. */
static inline void fake_die(struct fake *f)
{
	listener_free(f->control_listener);
	listener_free(f->socks_listener);
	f->control_listener = f->socks_listener = NULL;
	stream_close(f->stream);
	f->stream = NULL;
	for (size_t i = 0; i < sizeof(f->dials) / sizeof(f->dials[0]); i++) {
		stream_close(f->dials[i].stream);
		f->dials[i].stream = NULL;
	}
}

static inline int fake_setup(void **state)
{
	struct fake *f = calloc(1, sizeof(*f));

	if (f == NULL || crypto_start() != 0)
		return 1;
	*state = f;
	strcpy(f->dir, "/tmp/allium-unit-XXXXXX");
	f->loop = loop_new();
	if (f->loop == NULL || mkdtemp(f->dir) == NULL)
		return 1;
	snprintf(f->control, sizeof(f->control), "%s/control", f->dir);
	snprintf(f->socks, sizeof(f->socks), "%s/socks", f->dir);
	snprintf(f->cookie_path, sizeof(f->cookie_path), "%s/cookie", f->dir);
	memset(f->cookie, 0x5a, sizeof(f->cookie));
	memset(f->server_nonce, 0xa5, sizeof(f->server_nonce));
	return file_replace(f->cookie_path, f->cookie, sizeof(f->cookie), 0600);
}

static inline int fake_teardown(void **state)
{
	struct fake *f = *state;

	tor_free(f->tor);
	fake_die(f);
	loop_free(f->loop);
	file_rmtree(f->dir);
	fake_forget_asked(f);
	free(f);
	return 0;
}

static inline bool fake_was_asked(const struct fake *f, const char *prefix)
{
	for (int i = 0; i < f->n_asked; i++) {
		if (strncmp(f->asked[i], prefix, strlen(prefix)) == 0)
			return true;
	}
	return false;
}

static inline enum tor_state fake_state(const struct fake *f)
{
	return tor_status(f->tor)->state;
}

#endif
