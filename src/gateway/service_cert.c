/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `cert`: the certificates of clients that may log in by them. */
#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "base/str.h"
#include "chat/chat_certificate.h"

#include "service.h"
#include "session.h"
#include "words.h"

#define HEX_LEN (2 * FINGERPRINT_BYTES)

/* Hex of either case, with or without colons between the bytes. */
static int read_fingerprint(const char *text, uint8_t out[FINGERPRINT_BYTES])
{
	char hex[HEX_LEN + 1];
	size_t n = 0;

	for (; *text != '\0'; text++) {
		if (*text == ':')
			continue;
		if (n == HEX_LEN)
			return ERR_INVALID;
		hex[n++] = *text;
	}
	hex[n] = '\0';
	return hex_decode(hex, out, FINGERPRINT_BYTES);
}

struct listing {
	struct client *client;
	const uint8_t *own; /* what this client shows; NULL: nothing */
	size_t n;
};

static int show(void *ctx, const struct certificate_row *row)
{
	struct listing *l = ctx;
	char hex[HEX_LEN + 1];
	char time[WORDS_TIME];
	bool own = l->own != NULL && memcmp(l->own, row->fingerprint, FINGERPRINT_BYTES) == 0;

	hex_encode(row->fingerprint, FINGERPRINT_BYTES, hex);
	words_time(row->made_ms, time);
	client_notice(l->client, "%s since %s%s%s", hex, time, own ? ", this client's" : "",
		      row->proven ? "" : ", not used yet: at first its client has to name the account");
	l->n++;
	return 0;
}

static void list(struct client *c)
{
	uint8_t own[FINGERPRINT_BYTES];
	bool has = stream_peer_fingerprint(c->stream, own);
	struct listing l = {.client = c, .own = has ? own : NULL};
	int err = chat_certificates_each(session_chat(c->session), show, &l);

	if (err != 0)
		client_notice(c, "%s.", words_error(err));
	else if (l.n == 0)
		client_notice(c, "No certificate opens this account. %s",
			      has ? "`cert add` lets this client's." : "This client shows none.");
}

static void add(struct client *c, const char *text)
{
	uint8_t fingerprint[FINGERPRINT_BYTES];
	uint8_t own[FINGERPRINT_BYTES];
	bool has = stream_peer_fingerprint(c->stream, own);
	int err = text != NULL ? read_fingerprint(text, fingerprint) : has ? 0 : ERR_NOT_FOUND;

	if (err == ERR_NOT_FOUND) {
		client_notice(c, "This client shows no certificate: give it one and connect over TLS, or say cert add "
				 "<fingerprint>");
		return;
	}
	if (err != 0) {
		client_notice(c, "A fingerprint is the SHA-256 of the certificate: %d digits in hex.", HEX_LEN);
		return;
	}
	if (text == NULL)
		memcpy(fingerprint, own, sizeof(fingerprint));
	err = chat_certificate_add(session_chat(c->session), gateway_now(c->gateway), fingerprint,
				   has && memcmp(fingerprint, own, sizeof(own)) == 0);
	if (err == 0)
		client_notice(c, "Who holds that certificate can log in as %s by SASL EXTERNAL, while the account is "
				 "unlocked.",
			      account_name(c->account));
	else if (err == ERR_EXISTS)
		client_notice(c, "That certificate is known already.");
	else
		client_notice(c, "%s.", words_error(err));
}

static void del(struct client *c, const char *text)
{
	uint8_t fingerprint[FINGERPRINT_BYTES];
	int err = read_fingerprint(text, fingerprint);

	if (err == 0)
		err = chat_certificate_delete(session_chat(c->session), fingerprint);
	if (err == 0)
		client_notice(c, "That certificate opens nothing any more. Who is logged in by it stays so.");
	else if (err == ERR_INVALID || err == ERR_NOT_FOUND)
		client_notice(c, "No such certificate: `cert list` shows them.");
	else
		client_notice(c, "%s.", words_error(err));
}

void service_cert(struct client *c, const struct service_args *a)
{
	if (a->n == 0 || (a->n == 1 && strcasecmp(a->v[0], "list") == 0))
		list(c);
	else if (strcasecmp(a->v[0], "add") == 0)
		add(c, a->n > 1 ? a->v[1] : NULL);
	else if (a->n == 2 && strcasecmp(a->v[0], "del") == 0)
		del(c, a->v[1]);
	else
		service_tell_usage(c, "cert");
}
