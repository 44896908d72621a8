/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The mechanisms of SASL.  PLAIN has the password, so it unlocks; SCRAM-SHA-256 and EXTERNAL only attach to an account
 * that is unlocked already, since what they check lies with the keys.  An account that is locked, one that there isn't,
 * and a wrong password look and cost the same.
 */
#include "authenticate.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "base/str.h"
#include "chat/chat_certificate.h"
#include "crypto/scram.h"

#include "command.h"
#include "login.h"
#include "session.h"
#include "words.h"

enum mechanism { MECHANISM_PLAIN, MECHANISM_SCRAM, MECHANISM_EXTERNAL };
/* What the client's next message is. */
enum step { STEP_FIRST, STEP_PROOF, STEP_LAST };

struct authentication {
	enum mechanism mechanism;
	enum step step;
	struct sasl message;
	struct scram scram;
	struct login_name who; /* once it was told */
	struct scram_verifier proven;
	char final[SCRAM_FINAL_LEN + 1];
};

/* ---- life ---- */

static bool has_certificate(const struct client *c)
{
	uint8_t fingerprint[STREAM_FINGERPRINT_BYTES];

	return c->stream != NULL && stream_peer_fingerprint(c->stream, fingerprint);
}

const char *authenticate_mechanisms(const struct client *c)
{
	return has_certificate(c) ? "PLAIN,SCRAM-SHA-256,EXTERNAL" : "PLAIN,SCRAM-SHA-256";
}

void authenticate_free(struct client *c)
{
	struct authentication *a = c->authentication;

	c->authentication = NULL;
	if (a == NULL)
		return;
	sasl_clear(&a->message);
	scram_clear(&a->scram);
	crypto_wipe(a, sizeof(*a));
	free(a);
}

static void end(struct client *c, enum numeric n)
{
	authenticate_free(c);
	client_numeric(c, n, "%s", "");
}

void authenticate_abort(struct client *c)
{
	if (c->authentication != NULL)
		end(c, ERR_SASLABORTED);
}

/* One cut for all: the words must not tell an account that is locked from one that there isn't. */
static void fail(struct client *c, int err)
{
	bool by_password = c->authentication == NULL || c->authentication->mechanism == MECHANISM_PLAIN;

	end(c, ERR_SASLFAIL);
	if (err != ERR_AUTH && err != ERR_INVALID)
		client_notice(c, "%s.", words_error(err));
	else if (!by_password)
		client_notice(c, "If nothing else is wrong: SCRAM-SHA-256 and EXTERNAL work while the account is "
				 "unlocked. Log in with the password once (SASL PLAIN, PASS or identify), and then "
				 "with these.");
}

static void succeed(struct client *c)
{
	authenticate_free(c);
	client_numeric(c, RPL_SASLSUCCESS, "%s", "");
	if (c->registered)
		session_attach(c);
}

static void send_message(struct client *c, const char *data, size_t len)
{
	char *base64 = malloc(BASE64_LEN(len) + 1);
	char piece[SASL_CHUNK + 1];
	size_t at = 0;
	bool more;

	if (base64 == NULL) {
		fail(c, ERR_NOMEM);
		return;
	}
	base64_encode(data, len, base64);
	do {
		more = sasl_piece(base64, &at, piece);
		client_send(c, "AUTHENTICATE %s", piece);
	} while (more);
	free(base64);
}

/* An account's name with or without a client's: an authzid is empty, or the account of who is told, or all of that. */
static bool authzid_fits(const char *authzid, const char *who)
{
	size_t account = strcspn(who, "@/");

	return authzid[0] == '\0' || strcmp(authzid, who) == 0 ||
	       (strlen(authzid) == account && strncmp(authzid, who, account) == 0);
}

/* ---- PLAIN (RFC 4616) ---- */

static int plain_message(struct client *c, const char *data, size_t len)
{
	struct sasl_plain p;
	int err = sasl_plain(data, len, &p);

	if (err == 0 && !authzid_fits(p.authzid, p.authcid))
		err = ERR_AUTH;
	if (err == 0)
		err = login_start(c, LOGIN_SASL, p.authcid, p.password, p.password_len);
	sasl_clear(&c->authentication->message);
	return err;
}

void authenticate_on_login(struct client *c, int err)
{
	if (err != 0)
		fail(c, err);
	else
		succeed(c);
}

/* ---- SCRAM-SHA-256 (RFC 5802, RFC 7677) ---- */

static int scram_begin(struct client *c, const char *data, size_t len)
{
	struct authentication *a = c->authentication;
	char nonce[SCRAM_NONCE_LEN + 1];
	struct scram_verifier v;
	struct scram_names names;
	const char *challenge;
	size_t n;
	int err = scram_first(&a->scram, data, len, &names);

	if (err == 0 && !authzid_fits(names.authzid, names.user))
		err = ERR_AUTH;
	if (err == 0)
		err = login_name_parse(names.user, &a->who);
	if (err != 0)
		return err;
	accounts_verifier(c->gateway->accounts, a->who.account, &v);
	scram_nonce(&c->gateway->opts.rng, nonce);
	err = scram_challenge(&a->scram, nonce, &v, &challenge, &n);
	crypto_wipe(&v, sizeof(v));
	if (err != 0)
		return err;
	sasl_clear(&a->message);
	a->step = STEP_PROOF;
	send_message(c, challenge, n);
	return 0;
}

int authenticate_prove(struct client *c)
{
	struct authentication *a = c->authentication;
	struct scram_verifier v;
	const char *data;
	size_t len;
	bool is_unlocked = accounts_verifier(c->gateway->accounts, a->who.account, &v) != NULL;
	int err = sasl_decode(&a->message, &data, &len);

	if (err == 0)
		err = scram_final(&a->scram, data, len, &v, a->final);
	a->proven = v;
	crypto_wipe(&v, sizeof(v));
	return err != 0 ? err : is_unlocked ? 0 : ERR_AUTH;
}

void authenticate_on_proof(struct client *c, int err)
{
	struct authentication *a = c->authentication;

	if (err != 0) {
		fail(c, err);
		return;
	}
	sasl_clear(&a->message);
	a->step = STEP_LAST;
	send_message(c, a->final, strlen(a->final));
}

/* The client has found our signature right, or says so, by an empty message.  It may have taken its time: meanwhile
 * the account may have got another password, or be another one of the same name. */
static int scram_end(struct client *c, size_t len)
{
	struct authentication *a = c->authentication;
	struct scram_verifier v;
	struct account *account = accounts_verifier(c->gateway->accounts, a->who.account, &v);
	bool same = crypto_equal(v.stored_key, a->proven.stored_key, SCRAM_KEY_BYTES);

	crypto_wipe(&v, sizeof(v));
	if (len != 0 || account == NULL || !same)
		return ERR_AUTH;
	login_apply(c, account, a->who.client);
	succeed(c);
	return 0;
}

static int scram_message(struct client *c, const char *data, size_t len)
{
	switch (c->authentication->step) {
	case STEP_FIRST:
		return scram_begin(c, data, len);
	case STEP_LAST:
		return scram_end(c, len);
	case STEP_PROOF: /* has to wait, and is decoded when it is checked */
		break;
	}
	return ERR_WRONG_STATE;
}

/* ---- EXTERNAL (RFC 4422 appendix A) ---- */

struct search {
	const struct client *client;
	uint8_t fingerprint[STREAM_FINGERPRINT_BYTES];
	const char *named; /* account; "": whose certificate it is */
	struct account *found;
	size_t n;
};

/* All unlocked accounts are looked at, whichever was named. */
static int look(void *ctx, struct account *a)
{
	struct search *s = ctx;
	struct chat *chat = account_chat(a);
	bool named = s->named[0] != '\0' && nick_eq(s->named, account_name(a));

	if (chat == NULL || chat_certificate_check(chat, s->fingerprint, named) != 0)
		return 0;
	if (s->named[0] != '\0' && !named)
		return 0;
	/* Of several, the one that the connection is named after. */
	if (s->n == 0 || nick_eq(account_name(a), s->client->nick))
		s->found = a;
	s->n++;
	return 0;
}

static int external_message(struct client *c, const char *data, size_t len)
{
	struct search s = {.client = c};
	struct login_name who = {.account = ""};
	int err = strlen(data) == len ? 0 : ERR_INVALID;

	if (err == 0)
		err = login_name_parse(data, &who);
	if (err != 0)
		return err;
	s.named = data[0] == '\0' || data[0] == '@' ? "" : who.account;
	if (!stream_peer_fingerprint(c->stream, s.fingerprint))
		return ERR_AUTH;
	accounts_each(c->gateway->accounts, look, &s);
	if (s.n == 0 || (s.n > 1 && !nick_eq(account_name(s.found), c->nick)))
		return ERR_AUTH;
	login_apply(c, s.found, who.client);
	succeed(c);
	return 0;
}

/* ---- AUTHENTICATE ---- */

static const struct {
	const char *name;
	enum mechanism mechanism;
} mechanisms[] = {
    {"PLAIN", MECHANISM_PLAIN},
    {"SCRAM-SHA-256", MECHANISM_SCRAM},
    {"EXTERNAL", MECHANISM_EXTERNAL},
};

static int find(const struct client *c, const char *name, enum mechanism *out)
{
	for (size_t i = 0; i < sizeof(mechanisms) / sizeof(mechanisms[0]); i++) {
		if (strcasecmp(mechanisms[i].name, name) == 0) {
			*out = mechanisms[i].mechanism;
			return *out != MECHANISM_EXTERNAL || has_certificate(c) ? 0 : ERR_NOT_FOUND;
		}
	}
	return ERR_NOT_FOUND;
}

static void begin(struct client *c, const char *name)
{
	struct authentication *a;
	enum mechanism mechanism;

	if (find(c, name, &mechanism) != 0) {
		client_numeric(c, RPL_SASLMECHS, "%s", authenticate_mechanisms(c));
		client_numeric(c, ERR_SASLFAIL, "%s", "");
		return;
	}
	a = calloc(1, sizeof(*a));
	if (a == NULL) {
		fail(c, ERR_NOMEM);
		return;
	}
	a->mechanism = mechanism;
	sasl_init(&a->message);
	scram_init(&a->scram);
	c->authentication = a;
	client_send(c, "AUTHENTICATE +");
}

static int take(struct client *c, const char *data, size_t len)
{
	switch (c->authentication->mechanism) {
	case MECHANISM_PLAIN:
		return plain_message(c, data, len);
	case MECHANISM_SCRAM:
		return scram_message(c, data, len);
	case MECHANISM_EXTERNAL:
		return external_message(c, data, len);
	}
	return ERR_INVALID;
}

static void on_message(struct client *c)
{
	struct authentication *a = c->authentication;
	const char *data;
	size_t len;
	int err;

	if (c->gateway->accounts == NULL) {
		err = ERR_UNAVAILABLE;
	} else if (a->step == STEP_PROOF) {
		err = login_prove(c, a->who.account);
	} else {
		err = sasl_decode(&a->message, &data, &len);
		if (err == 0)
			err = take(c, data, len);
	}
	if (err != 0)
		fail(c, err);
}

void command_authenticate(struct client *c, const struct irc_message *m)
{
	int err;

	if (c->account != NULL) {
		client_numeric(c, ERR_SASLALREADY, "%s", "");
	} else if (!client_has(c, CAP_SASL)) {
		client_numeric(c, ERR_SASLFAIL, "%s", "");
	} else if (strcmp(m->params[0], "*") == 0) {
		end(c, ERR_SASLABORTED);
	} else if (c->authentication == NULL) {
		begin(c, m->params[0]);
	} else {
		err = sasl_add(&c->authentication->message, m->params[0]);
		if (err == ERR_TOO_LONG)
			end(c, ERR_SASLTOOLONG);
		else if (err == 0)
			on_message(c);
		else if (err != ERR_AGAIN)
			fail(c, err);
	}
}
