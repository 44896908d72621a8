/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "socks.h"

#include <inttypes.h>
#include <string.h>

#include "base/err.h"
#include "base/str.h"

enum {
	VERSION = 5,
	AUTH_VERSION = 1,
	METHOD_PASSWORD = 2,
	CONNECT = 1,
	ATYP_IPV4 = 1,
	ATYP_NAME = 3,
	ATYP_IPV6 = 4
};

int socks_start(struct socks *s, const char *host, uint16_t port, const char *user, uint64_t password,
		struct buf *out)
{
	static const uint8_t greeting[] = {VERSION, 1, METHOD_PASSWORD};
	int err;

	memset(s, 0, sizeof(*s));
	if (host[0] == '\0' || user[0] == '\0')
		return ERR_INVALID;
	err = str_copy(s->host, sizeof(s->host), host);
	if (err == 0)
		err = str_copy(s->user, sizeof(s->user), user);
	if (err != 0)
		return err;
	s->port = port;
	s->password = password;
	return buf_put(out, greeting, sizeof(greeting));
}

static int put_string(struct buf *out, const char *text)
{
	int err = buf_put_u8(out, (uint8_t)strlen(text));

	return err != 0 ? err : buf_put(out, text, strlen(text));
}

/* RFC 1929 section 2.  Tor isolates by both fields. */
static int put_auth(const struct socks *s, struct buf *out)
{
	int err = buf_put_u8(out, AUTH_VERSION);
	char password[24];

	if (err == 0)
		err = put_string(out, s->user);
	if (err == 0)
		err = str_fmt(password, sizeof(password), "%" PRIu64, s->password);
	if (err == 0)
		err = put_string(out, password);
	return err;
}

/* RFC 1928 section 4. */
static int put_request(const struct socks *s, struct buf *out)
{
	static const uint8_t head[] = {VERSION, CONNECT, 0, ATYP_NAME};
	int err = buf_put(out, head, sizeof(head));

	if (err == 0)
		err = put_string(out, s->host);
	if (err == 0)
		err = buf_put_u16(out, s->port);
	return err;
}

static int on_method(struct socks *s, struct buf *in, struct buf *out)
{
	const uint8_t *p = buf_ptr(in);

	if (buf_len(in) >= 1 && p[0] != VERSION)
		return ERR_PROTOCOL;
	if (buf_len(in) < 2)
		return 0;
	if (p[1] != METHOD_PASSWORD)
		return p[1] == 0xff ? ERR_AUTH : ERR_PROTOCOL;
	buf_consume(in, 2);
	s->state = SOCKS_AUTH;
	return put_auth(s, out);
}

static int on_auth(struct socks *s, struct buf *in, struct buf *out)
{
	const uint8_t *p = buf_ptr(in);

	if (buf_len(in) >= 1 && p[0] != AUTH_VERSION)
		return ERR_PROTOCOL;
	if (buf_len(in) < 2)
		return 0;
	if (p[1] != 0)
		return ERR_AUTH;
	buf_consume(in, 2);
	s->state = SOCKS_REPLY;
	return put_request(s, out);
}

/* RFC 1928 section 6: version, reply, reserved, address type, address, port. */
static int on_reply(struct socks *s, struct buf *in)
{
	const uint8_t *p = buf_ptr(in);
	size_t len = buf_len(in), need;

	if (len >= 1 && p[0] != VERSION)
		return ERR_PROTOCOL;
	if (len < 5)
		return 0;
	switch (p[3]) {
	case ATYP_IPV4:
		need = 4 + 4 + 2;
		break;
	case ATYP_NAME:
		need = 4 + 1 + (size_t)p[4] + 2;
		break;
	case ATYP_IPV6:
		need = 4 + 16 + 2;
		break;
	default:
		return ERR_PROTOCOL;
	}
	if (len < need)
		return 0;
	s->reply = p[1];
	buf_consume(in, need);
	s->state = SOCKS_DONE;
	return s->reply == 0 ? 1 : ERR_REFUSED;
}

int socks_step(struct socks *s, struct buf *in, struct buf *out)
{
	int err = 0;

	if (s->state == SOCKS_METHOD)
		err = on_method(s, in, out);
	if (err == 0 && s->state == SOCKS_AUTH)
		err = on_auth(s, in, out);
	if (err == 0 && s->state == SOCKS_REPLY)
		err = on_reply(s, in);
	else if (err == 0 && s->state == SOCKS_DONE)
		err = ERR_WRONG_STATE;
	return err;
}
