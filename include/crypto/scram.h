/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * SCRAM-SHA-256 (RFC 5802, RFC 7677), the server's side, without channel binding.
 *
 * The exchange is a state machine over whole messages (what carries them takes off its base64):
 *
 *	client-first-message  -> scram_first     who wants in
 *	server-first-message  <- scram_challenge salt and iterations
 *	client-final-message  -> scram_final     the proof
 *	server-final-message  <-                 ours
 *
 * Passwords are taken as bytes.  SASLprep (RFC 4013) leaves printable ASCII, and nearly all that keyboards type, as
 * it is; a password that it would change fails here for a client that applies it.
 */
#ifndef CRYPTO_SCRAM_H
#define CRYPTO_SCRAM_H

#include "base/buf.h"
#include "base/str.h"
#include "crypto/crypto.h"

#define SCRAM_SALT_BYTES  16
#define SCRAM_KEY_BYTES	  32
#define SCRAM_ITERATIONS  65536 /* RFC 7677 wants 4096 at least */
#define SCRAM_NAME_MAX	  255	/* bytes of a user name */
#define SCRAM_MESSAGE_MAX 1500	/* bytes of a client's message */
#define SCRAM_NONCE_LEN	  BASE64_LEN(18)
#define SCRAM_FINAL_LEN	  (2 + BASE64_LEN(SCRAM_KEY_BYTES))

/* What a server keeps instead of the password.  Who has it can check guesses at the price of the iterations, and
 * with a recorded exchange log in; it does not open what the password encrypts. */
struct scram_verifier {
	uint8_t salt[SCRAM_SALT_BYTES];
	uint32_t iterations;
	uint8_t stored_key[SCRAM_KEY_BYTES];
	uint8_t server_key[SCRAM_KEY_BYTES];
};
/* Fills in the keys for the salt and iterations that stand in it.  Takes some 10 ms: call it off the loop. */
void scram_verifier_make(struct scram_verifier *v, const char *password, size_t len);

enum scram_state { SCRAM_NEW, SCRAM_NAMED, SCRAM_CHALLENGED, SCRAM_OVER };
struct scram {
	enum scram_state state;
	struct buf gs2;	 /* the client's GS2 header, which it has to repeat */
	struct buf auth; /* AuthMessage as far as it goes */
	size_t bare_len; /* of the client's first message without the header, at the front of auth */
	size_t nonce_at, nonce_len; /* first the client's, then both sides', in auth */
};
struct scram_names {
	char user[SCRAM_NAME_MAX + 1];
	char authzid[SCRAM_NAME_MAX + 1]; /* "": none */
};

/* One exchange. Clearing wipes; s can then begin another. */
void scram_init(struct scram *s);
void scram_clear(struct scram *s);
/* A fresh nonce. */
void scram_nonce(const struct rng *rng, char out[SCRAM_NONCE_LEN + 1]);
/* Takes client-first-message.  "y" (the client could bind to the channel, and thinks that we can't) is as good as
 * "n", since -PLUS is not offered.  ERR_INVALID: malformed, a channel binding ("p"), or an extension that must be
 * understood; ERR_TOO_LONG, ERR_NOMEM; ERR_WRONG_STATE. */
int scram_first(struct scram *s, const char *data, size_t len, struct scram_names *out);
/* Gives server-first-message, *len bytes borrowed until the next call; the nonce is printable and without commas. */
int scram_challenge(struct scram *s, const char *nonce, const struct scram_verifier *v, const char **data, size_t *len);
/* Takes client-final-message and gives server-final-message.  ERR_AUTH: another nonce or GS2 header than before, or
 * the password is not the verifier's; ERR_INVALID: malformed; ERR_TOO_LONG, ERR_NOMEM, ERR_WRONG_STATE. */
int scram_final(struct scram *s, const char *data, size_t len, const struct scram_verifier *v,
		char out[SCRAM_FINAL_LEN + 1]);

#endif
