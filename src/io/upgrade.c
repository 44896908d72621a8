/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "upgrade.h"

#include <string.h>
#include <strings.h>

#include "base/str.h"
#include "crypto/crypto.h"

#define MAGIC "258EAFA5-E914-47DA-95CA-C5AB0DC85B11" /* RFC 6455 section 1.3 */

#define DIGITS	 "0123456789"
#define LETTERS	 "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define TOKEN	 DIGITS LETTERS "!#$%&'*+-.^_`|~" /* RFC 9110 section 5.6.2 */
#define BASE64	 DIGITS LETTERS "+/"
#define LOOPBACK "127."

enum { BAD_REQUEST = 400, FORBIDDEN = 403, UPGRADE_REQUIRED = 426 };

static const char *const protocols[] = {
    [UPGRADE_ANY] = "", [UPGRADE_TEXT] = "text.ircv3.net", [UPGRADE_BINARY] = "binary.ircv3.net"};

struct piece {
	const char *p;
	size_t len;
};

/* What the fields say. */
struct request {
	struct piece host, origin, key, version;
	bool websocket, upgrade;
	bool site; /* a field that only browsers send */
	enum upgrade_protocol protocol;
};

/* ---- pieces of text ---- */

static bool piece_is(struct piece a, const char *text)
{
	return a.len == strlen(text) && strncasecmp(a.p, text, a.len) == 0;
}

static bool piece_starts(struct piece a, const char *text)
{
	return a.len >= strlen(text) && strncasecmp(a.p, text, strlen(text)) == 0;
}

static size_t piece_span(struct piece a, const char *set)
{
	size_t n = 0;

	while (n < a.len && a.p[n] != '\0' && strchr(set, a.p[n]) != NULL)
		n++;
	return n;
}

static struct piece trim(struct piece a)
{
	while (a.len > 0 && (*a.p == ' ' || *a.p == '\t'))
		a.p++, a.len--;
	while (a.len > 0 && (a.p[a.len - 1] == ' ' || a.p[a.len - 1] == '\t'))
		a.len--;
	return a;
}

/* Takes what stands before the next separator, or all. */
static struct piece cut(struct piece *rest, char separator)
{
	const char *end = rest->len > 0 ? memchr(rest->p, separator, rest->len) : NULL;
	struct piece first = {rest->p, end != NULL ? (size_t)(end - rest->p) : rest->len};
	size_t used = first.len + (end != NULL);

	rest->p += used;
	rest->len -= used;
	return first;
}

static bool has_item(struct piece list, const char *item)
{
	while (list.len > 0) {
		if (piece_is(trim(cut(&list, ',')), item))
			return true;
	}
	return false;
}

/* ---- fields ---- */

/* IRCv3 websocket: the client's order is its preference. */
static void take_protocols(struct request *r, struct piece list)
{
	while (list.len > 0 && r->protocol == UPGRADE_ANY) {
		struct piece item = trim(cut(&list, ','));

		if (piece_is(item, protocols[UPGRADE_TEXT]))
			r->protocol = UPGRADE_TEXT;
		else if (piece_is(item, protocols[UPGRADE_BINARY]))
			r->protocol = UPGRADE_BINARY;
	}
}

/* A field that may be there once; false the second time. */
static bool take_once(struct piece *field, struct piece value)
{
	bool first = field->p == NULL;

	*field = value;
	return first;
}

static bool take_field(struct request *r, struct piece name, struct piece value)
{
	if (piece_is(name, "Host"))
		return take_once(&r->host, value);
	if (piece_is(name, "Origin"))
		return take_once(&r->origin, value);
	if (piece_is(name, "Sec-WebSocket-Key"))
		return take_once(&r->key, value);
	if (piece_is(name, "Sec-WebSocket-Version"))
		return take_once(&r->version, value);
	if (piece_is(name, "Upgrade"))
		r->websocket |= has_item(value, "websocket");
	else if (piece_is(name, "Connection"))
		r->upgrade |= has_item(value, "upgrade");
	else if (piece_is(name, "Sec-WebSocket-Protocol"))
		take_protocols(r, value);
	else if (piece_is(name, "Sec-Fetch-Site"))
		r->site = true;
	/* There is no body. */
	return !piece_is(name, "Content-Length") && !piece_is(name, "Transfer-Encoding");
}

/* Visible characters, blanks and bytes above ASCII (RFC 9110 section 5.5). */
static bool is_text(struct piece a)
{
	for (size_t i = 0; i < a.len; i++) {
		unsigned char c = (unsigned char)a.p[i];

		if ((c < ' ' && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
}

static bool parse_field(struct request *r, struct piece line)
{
	struct piece name = cut(&line, ':');

	/* No blanks in or before the name: so no continued lines either. */
	if (name.len == 0 || line.p == name.p + name.len || piece_span(name, TOKEN) != name.len ||
	    !is_text(line))
		return false;
	return take_field(r, name, trim(line));
}

/* Lines end with CR LF; a lone one of either is_text refuses, or cut leaves where no CR stands before it. */
static bool next_line(struct piece *rest, struct piece *line)
{
	*line = cut(rest, '\n');
	if (line->len == 0 || line->p[line->len - 1] != '\r')
		return false;
	line->len--;
	return true;
}

static bool parse_request_line(struct piece line)
{
	struct piece method = cut(&line, ' ');
	struct piece target = cut(&line, ' ');

	return method.len == 3 && memcmp(method.p, "GET", 3) == 0 && target.len > 0 && *target.p == '/' &&
	       is_text(target) && line.len == 8 && memcmp(line.p, "HTTP/1.1", 8) == 0;
}

static bool parse_head(struct request *r, struct piece rest)
{
	struct piece line;

	if (!next_line(&rest, &line) || !parse_request_line(line))
		return false;
	while (next_line(&rest, &line)) {
		if (line.len == 0)
			return rest.len == 0;
		if (!parse_field(r, line))
			return false;
	}
	return false;
}

/* ---- who may come in ---- */

static bool is_port(struct piece a)
{
	return a.len >= 2 && a.len <= 6 && *a.p == ':' &&
	       piece_span((struct piece){a.p + 1, a.len - 1}, DIGITS) == a.len - 1;
}

static bool is_loopback(struct piece a)
{
	return piece_is(a, "localhost") || piece_is(a, "[::1]") ||
	       (piece_starts(a, LOOPBACK) && piece_span(a, DIGITS ".") == a.len);
}

static bool host_allowed(struct piece host, const struct ws_rules *rules)
{
	const char *colon = host.len > 0 ? memrchr(host.p, ':', host.len) : NULL;

	if (colon != NULL && is_port((struct piece){colon, host.len - (size_t)(colon - host.p)}))
		host.len = (size_t)(colon - host.p);
	return is_loopback(host) || piece_is(host, rules->host);
}

static bool origin_allowed(const struct request *r, const struct ws_rules *rules)
{
	if (r->origin.p == NULL)
		return !r->site;
	for (size_t i = 0; i < rules->n_origins; i++) {
		if (piece_is(r->origin, rules->origins[i]))
			return true;
	}
	return false;
}

/* 16 bytes in base64. */
static bool is_key(struct piece key)
{
	return key.len == UPGRADE_KEY_LEN && piece_span(key, BASE64) == key.len - 2 &&
	       memcmp(key.p + key.len - 2, "==", 2) == 0;
}

static int judge(const struct request *r, const struct ws_rules *rules)
{
	if (r->host.p == NULL)
		return BAD_REQUEST;
	if (!host_allowed(r->host, rules) || !origin_allowed(r, rules))
		return FORBIDDEN;
	if (!r->websocket || !r->upgrade || r->version.p == NULL || !piece_is(r->version, "13"))
		return UPGRADE_REQUIRED;
	return r->key.p != NULL && is_key(r->key) ? UPGRADE_OK : BAD_REQUEST;
}

/* ---- the whole ---- */

size_t upgrade_end(const char *data, size_t len)
{
	const char *end = len > 0 ? memmem(data, len, "\r\n\r\n", 4) : NULL;

	return end != NULL ? (size_t)(end - data) + 4 : 0;
}

bool upgrade_may_be(const char *data, size_t len)
{
	return memcmp(data, "GET /", len < 5 ? len : 5) == 0;
}

int upgrade_parse(const char *head, size_t len, const struct ws_rules *rules, struct upgrade *out)
{
	struct request r = {0};
	int status;

	memset(out, 0, sizeof(*out));
	if (!parse_head(&r, (struct piece){head, len}))
		return BAD_REQUEST;
	status = judge(&r, rules);
	if (status != UPGRADE_OK)
		return status;
	memcpy(out->key, r.key.p, UPGRADE_KEY_LEN);
	out->protocol = r.protocol;
	return UPGRADE_OK;
}

static const char *status_line(int status)
{
	switch (status) {
	case FORBIDDEN:
		return "403 Forbidden";
	case UPGRADE_REQUIRED:
		return "426 Upgrade Required\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13";
	default:
		return "400 Bad Request";
	}
}

void upgrade_answer(int status, const struct upgrade *u, char out[UPGRADE_ANSWER_MAX])
{
	char key[UPGRADE_KEY_LEN + sizeof(MAGIC)];
	char accept[SHA1_BASE64_LEN + 1];
	bool named;

	if (status != UPGRADE_OK) {
		str_fmt(out, UPGRADE_ANSWER_MAX,
			"HTTP/1.1 %s\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", status_line(status));
		return;
	}
	str_fmt(key, sizeof(key), "%s%s", u->key, MAGIC);
	sha1_base64(key, strlen(key), accept);
	named = u->protocol != UPGRADE_ANY;
	str_fmt(out, UPGRADE_ANSWER_MAX,
		"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
		"Sec-WebSocket-Accept: %s\r\n%s%s%s\r\n",
		accept, named ? "Sec-WebSocket-Protocol: " : "", protocols[u->protocol], named ? "\r\n" : "");
}
