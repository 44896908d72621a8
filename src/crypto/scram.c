/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "crypto/scram.h"

#include <string.h>

#include "base/err.h"
#include "base/str.h"

#define CHALLENGE_MAX (SCRAM_MESSAGE_MAX + 128)

/* ---- the verifier (RFC 5802 section 3) ---- */

void scram_verifier_make(struct scram_verifier *v, const char *password, size_t len)
{
	uint8_t salted[SCRAM_KEY_BYTES], client_key[SCRAM_KEY_BYTES];
	pbkdf2_sha256(password, len, v->salt, sizeof(v->salt), v->iterations, salted);
	hmac_sha256(salted, sizeof(salted), "Client Key", strlen("Client Key"), client_key);
	sha256(client_key, sizeof(client_key), v->stored_key);
	hmac_sha256(salted, sizeof(salted), "Server Key", strlen("Server Key"), v->server_key);
	crypto_wipe(salted, sizeof(salted));
	crypto_wipe(client_key, sizeof(client_key));
}

/* ---- life ---- */

void scram_init(struct scram *s)
{
	memset(s, 0, sizeof(*s));
	buf_init(&s->gs2, SCRAM_MESSAGE_MAX);
	buf_init(&s->auth, SCRAM_MESSAGE_MAX + 1 + CHALLENGE_MAX + 1 + SCRAM_MESSAGE_MAX);
}

void scram_clear(struct scram *s)
{
	buf_clear(&s->gs2);
	buf_clear(&s->auth);
	scram_init(s);
}

void scram_nonce(const struct rng *rng, char out[SCRAM_NONCE_LEN + 1])
{
	uint8_t random[18];
	rng_fill(rng, random, sizeof(random));
	base64_encode(random, sizeof(random), out);
}

/* ---- fields: "x=value", divided by commas (RFC 5802 section 7) ---- */

struct field {
	const char *p;
	size_t len;
};

/* Cuts the next field off the front of rest; false when there is none. */
static bool take(struct field *rest, struct field *out)
{
	if (!rest->p)
		return false;
	const char *comma = rest->len ? memchr(rest->p, ',', rest->len) : NULL;
	out->p = rest->p;
	out->len = comma ? (size_t)(comma - rest->p) : rest->len;
	rest->len -= out->len + (comma != NULL);
	rest->p = comma ? comma + 1 : NULL;
	return true;
}

/* Takes the name of a field off, if it is this one. */
static bool is_named(struct field *f, char name)
{
	if (f->len < 2 || f->p[0] != name || f->p[1] != '=')
		return false;
	f->p += 2;
	f->len -= 2;
	return true;
}

static bool take_named(struct field *rest, char name, struct field *out)
{
	return take(rest, out) && is_named(out, name);
}

/* Extensions that nobody has to understand: attr-val, each a letter and a value. */
static int check_extensions(struct field rest)
{
	struct field f;
	while (take(&rest, &f)) {
		const char letter = f.len ? (char)(f.p[0] | 0x20) : '\0';
		if (f.len < 3 || f.p[1] != '=' || letter < 'a' || letter > 'z')
			return ERR_INVALID;
	}
	return 0;
}

/* saslname: ',' and '=' stand as =2C and =3D. */
static int read_name(const struct field *f, char out[SCRAM_NAME_MAX + 1])
{
	size_t n = 0;
	for (size_t i = 0; i < f->len; i++) {
		char c = f->p[i];
		if (c == '=') {
			if (f->len - i < 3)
				return ERR_INVALID;
			c = !memcmp(f->p + i, "=2C", 3) ? ',' : !memcmp(f->p + i, "=3D", 3) ? '=' : '\0';
			i += 2;
		}
		if (!c || n == SCRAM_NAME_MAX)
			return ERR_INVALID;
		out[n++] = c;
	}
	out[n] = '\0';
	return n ? 0 : ERR_INVALID;
}

static bool is_nonce(const struct field *f)
{
	for (size_t i = 0; i < f->len; i++)
		if (f->p[i] < 0x21 || f->p[i] > 0x7e) /* a comma has ended the field */
			return false;
	return f->len > 0;
}

/* ---- the first message ---- */

/* gs2-header = cbind-flag "," [authzid] ",".  What stands behind it is left in rest. */
static int read_gs2(struct field *rest, char authzid[SCRAM_NAME_MAX + 1])
{
	struct field f;
	authzid[0] = '\0';
	if (!take(rest, &f) || f.len != 1 || (f.p[0] != 'n' && f.p[0] != 'y'))
		return ERR_INVALID;
	if (!take(rest, &f) || !rest->p)
		return ERR_INVALID;
	if (!f.len)
		return 0;
	return is_named(&f, 'a') ? read_name(&f, authzid) : ERR_INVALID;
}

/* "m=" in the first place would be an extension that has to be understood. */
static int read_bare(struct field rest, char user[SCRAM_NAME_MAX + 1], struct field *nonce)
{
	struct field f;
	if (!take_named(&rest, 'n', &f) || read_name(&f, user))
		return ERR_INVALID;
	if (!take_named(&rest, 'r', nonce) || !is_nonce(nonce))
		return ERR_INVALID;
	return check_extensions(rest);
}

int scram_first(struct scram *s, const char *data, size_t len, struct scram_names *out)
{
	struct field rest = {data, len}, nonce;
	if (s->state != SCRAM_NEW)
		return ERR_WRONG_STATE;
	s->state = SCRAM_OVER;
	if (len > SCRAM_MESSAGE_MAX)
		return ERR_TOO_LONG;
	if (!utf8_valid(data, len) || read_gs2(&rest, out->authzid) || read_bare(rest, out->user, &nonce))
		return ERR_INVALID;
	int err = buf_put(&s->gs2, data, (size_t)(rest.p - data));
	if (!err)
		err = buf_put(&s->auth, rest.p, rest.len);
	if (err)
		return err;
	s->bare_len = rest.len;
	s->nonce_at = (size_t)(nonce.p - rest.p);
	s->nonce_len = nonce.len;
	s->state = SCRAM_NAMED;
	return 0;
}

/* ---- the challenge ---- */

int scram_challenge(struct scram *s, const char *nonce, const struct scram_verifier *v, const char **data,
		    size_t *len)
{
	char text[CHALLENGE_MAX], salt[BASE64_LEN(SCRAM_SALT_BYTES) + 1];
	if (s->state != SCRAM_NAMED)
		return ERR_WRONG_STATE;
	s->state = SCRAM_OVER;
	base64_encode(v->salt, sizeof(v->salt), salt);
	int err = str_fmt(text, sizeof(text), ",r=%.*s%s,s=%s,i=%u", (int)s->nonce_len,
			  (const char *)buf_ptr(&s->auth) + s->nonce_at, nonce, salt, (unsigned)v->iterations);
	if (!err)
		err = buf_put(&s->auth, text, strlen(text));
	if (err)
		return err;
	s->nonce_at = s->bare_len + strlen(",r=");
	s->nonce_len += strlen(nonce);
	*data = (const char *)buf_ptr(&s->auth) + s->bare_len + 1;
	*len = strlen(text) - 1;
	s->state = SCRAM_CHALLENGED;
	return 0;
}

/* ---- the proof ---- */

/* The header of the first message, and no more: there is no channel data. */
static int check_binding(const struct scram *s, const struct field *f)
{
	uint8_t header[SCRAM_MESSAGE_MAX];
	size_t n;
	if (base64_decode(f->p, f->len, header, sizeof(header), &n))
		return ERR_INVALID;
	return n == buf_len(&s->gs2) && !memcmp(header, buf_ptr(&s->gs2), n) ? 0 : ERR_AUTH;
}

static int check_nonce(const struct scram *s, const struct field *f)
{
	return f->len == s->nonce_len && crypto_equal(f->p, buf_ptr(&s->auth) + s->nonce_at, f->len) ? 0 : ERR_AUTH;
}

/* Cuts the proof, the last field, off message. */
static int read_proof(struct field *message, uint8_t proof[SCRAM_KEY_BYTES])
{
	const char *comma = memrchr(message->p, ',', message->len);
	if (!comma)
		return ERR_INVALID;
	struct field f = {comma + 1, message->len - (size_t)(comma + 1 - message->p)};
	size_t n;
	if (!is_named(&f, 'p') || base64_decode(f.p, f.len, proof, SCRAM_KEY_BYTES, &n) || n != SCRAM_KEY_BYTES)
		return ERR_INVALID;
	message->len = (size_t)(comma - message->p);
	return 0;
}

/* ClientKey = ClientProof XOR HMAC(StoredKey, AuthMessage); its hash must be StoredKey. */
static int check_proof(const struct scram *s, const struct scram_verifier *v, uint8_t proof[SCRAM_KEY_BYTES])
{
	uint8_t signature[SCRAM_KEY_BYTES], hash[SCRAM_KEY_BYTES];
	hmac_sha256(v->stored_key, sizeof(v->stored_key), buf_ptr(&s->auth), buf_len(&s->auth), signature);
	for (size_t i = 0; i < SCRAM_KEY_BYTES; i++)
		proof[i] ^= signature[i];
	sha256(proof, SCRAM_KEY_BYTES, hash);
	const bool holds = crypto_equal(hash, v->stored_key, sizeof(hash));
	crypto_wipe(proof, SCRAM_KEY_BYTES);
	crypto_wipe(signature, sizeof(signature));
	return holds ? 0 : ERR_AUTH;
}

static void sign(const struct scram *s, const struct scram_verifier *v, char out[SCRAM_FINAL_LEN + 1])
{
	uint8_t signature[SCRAM_KEY_BYTES];
	hmac_sha256(v->server_key, sizeof(v->server_key), buf_ptr(&s->auth), buf_len(&s->auth), signature);
	memcpy(out, "v=", 2);
	base64_encode(signature, sizeof(signature), out + 2);
}

int scram_final(struct scram *s, const char *data, size_t len, const struct scram_verifier *v,
		char out[SCRAM_FINAL_LEN + 1])
{
	struct field message = {data, len}, binding, nonce;
	uint8_t proof[SCRAM_KEY_BYTES];
	if (s->state != SCRAM_CHALLENGED)
		return ERR_WRONG_STATE;
	s->state = SCRAM_OVER;
	if (len > SCRAM_MESSAGE_MAX)
		return ERR_TOO_LONG;
	if (!utf8_valid(data, len) || read_proof(&message, proof))
		return ERR_INVALID;
	struct field rest = message;
	if (!take_named(&rest, 'c', &binding) || !take_named(&rest, 'r', &nonce) || check_extensions(rest))
		return ERR_INVALID;
	int err = check_binding(s, &binding);
	if (!err)
		err = check_nonce(s, &nonce);
	if (!err)
		err = buf_put_u8(&s->auth, ',');
	if (!err)
		err = buf_put(&s->auth, message.p, message.len);
	if (!err)
		err = check_proof(s, v, proof);
	if (!err)
		sign(s, v, out);
	return err;
}
