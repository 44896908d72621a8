/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "link/link.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "handshake.h"
#include "link/noise.h"

/* Guarded memory. */
struct link_keys {
	struct noise_cipher send;
	struct noise_cipher recv;
};

struct link {
	const struct rng *rng;
	enum link_state state;
	int error;
	uint8_t version;
	bool initiator;
	bool by_identity; /* one of the static keys is identity-derived */

	/* the handshake */
	struct noise *noise; /* the initiator's, until message 2 */
	struct link_role_key roles[LINK_ROLES_MAX];
	size_t n_roles;
	uint8_t onion[KEY_BYTES];
	link_admit_cb admit;
	void *ctx;
	struct buf msg; /* what has come of the other side's message */
	unsigned msg_records;
	uint8_t hello[RECORD_BYTES]; /* our message, while it waits */
	bool hello_waits;

	/* the transport */
	struct link_keys *keys;
	struct ratchet_root *root; /* guarded memory; not on an identity-derived link */
	uint8_t hash[HASH_BYTES];  /* of the handshake; while there are keys */
	bool confirm;		   /* the initiator's first transport record is due */
	struct buf out;
	struct frame_reader in;
};

/* ---- states --------------------------------------------------------------- */

static const char *state_name(enum link_state state)
{
	switch (state) {
	case LINK_HANDSHAKE:
		return "handshake";
	case LINK_PROBATION:
		return "probation";
	case LINK_OPEN:
		return "open";
	case LINK_DEAD:
		return "dead";
	}
	return "?";
}

static void enter(struct link *l, enum link_state state)
{
	log_debug("link (%s): %s -> %s%s%s", l->initiator ? "initiator" : "responder", state_name(l->state),
		  state_name(state), l->error ? ": " : "", l->error ? err_str(l->error) : "");
	l->state = state;
}

/* Forgets everything that could still come out, or open what others recorded. */
static void wipe(struct link *l)
{
	noise_free(l->noise);
	l->noise = NULL;
	secret_free(l->keys);
	l->keys = NULL;
	link_root_forget(l);
	crypto_wipe(l->hash, sizeof(l->hash));
	l->confirm = false;
	l->hello_waits = false;
	buf_clear(&l->msg);
	buf_clear(&l->out);
	frame_reader_clear(&l->in);
}

static void die(struct link *l, int err)
{
	/* The answer to an unknown version is the one thing that outlives the link. */
	bool last_word = !l->initiator && err == ERR_VERSION;

	wipe(l);
	l->hello_waits = last_word;
	l->error = err;
	enter(l, LINK_DEAD);
}

/* Split(): from here on transport keys, the secret of the root, and no handshake state. */
static int take_keys(struct link *l, struct noise *noise)
{
	uint8_t chaining_key[HASH_BYTES];
	int err;

	l->keys = secret_new(sizeof(*l->keys));
	if (!l->keys)
		return ERR_NOMEM;
	err = noise_split(noise, &l->keys->send, &l->keys->recv, l->hash, chaining_key);
	if (!err && l->root)
		ratchet_root_sk(chaining_key, l->root->sk);
	crypto_wipe(chaining_key, sizeof(chaining_key));
	return err;
}

/* ---- making and freeing --------------------------------------------------- */

static struct link *link_new(const struct rng *rng, bool initiator, const uint8_t onion[KEY_BYTES])
{
	struct link *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->rng = rng;
	l->initiator = initiator;
	memcpy(l->onion, onion, KEY_BYTES);
	buf_init(&l->msg, HANDSHAKE_RECORDS_MAX * HANDSHAKE_ROOM);
	buf_init(&l->out, LINK_OUT_MAX);
	frame_reader_init(&l->in);
	return l;
}

void link_free(struct link *l)
{
	if (!l)
		return;
	wipe(l);
	crypto_wipe(l, sizeof(*l));
	free(l);
}

/* The identity maps to the static key: whoever proved the one has proved the other. */
static int check_identity(const uint8_t identity[KEY_BYTES], const uint8_t static_key[KEY_BYTES])
{
	uint8_t mapped[KEY_BYTES];
	int err = identity_dh_public(identity, mapped);

	if (err)
		return err;
	return crypto_equal(mapped, static_key, KEY_BYTES) ? 0 : ERR_CRYPTO;
}

static bool opts_valid(const struct link_initiator_opts *opts)
{
	uint8_t static_key[KEY_BYTES];

	if (opts->version < LINK_VERSION_MIN || opts->version > LINK_VERSION || opts->role > LINK_MAILBOX)
		return false;
	if (!opts->identity)
		return opts->role != LINK_DOOR;
	dh_public(opts->static_secret, static_key);
	return !check_identity(opts->identity, static_key);
}

/* Message 1, into hello. */
static int dial(struct link *l, const struct link_initiator_opts *opts)
{
	uint8_t prologue[PROLOGUE_BYTES], msg[NOISE_MSG1_OVERHEAD + KEY_BYTES];
	size_t len = opts->identity ? KEY_BYTES : 0;
	int err;

	if (!opts_valid(opts))
		return ERR_INVALID;
	handshake_prologue(opts->version, opts->role, opts->responder_onion, prologue);
	l->noise = noise_new_initiator(l->rng, prologue, sizeof(prologue), opts->static_secret,
				       opts->responder_static);
	if (!l->noise)
		return ERR_NOMEM;
	err = noise_write_1(l->noise, opts->identity, len, msg);
	if (err)
		return err;
	handshake_record_write(l->rng, opts->version, msg, NOISE_MSG1_OVERHEAD + len, l->hello);
	l->hello_waits = true;
	return 0;
}

struct link *link_new_initiator(const struct rng *rng, const struct link_initiator_opts *opts)
{
	struct link *l = link_new(rng, true, opts->responder_onion);
	int err;

	if (!l)
		return NULL;
	l->version = opts->version;
	l->by_identity = opts->identity != NULL;
	err = dial(l, opts);
	if (err)
		die(l, err);
	return l;
}

struct link *link_new_responder(const struct rng *rng, const struct link_responder_opts *opts)
{
	struct link *l;

	if (!opts->n_roles || opts->n_roles > LINK_ROLES_MAX)
		return NULL;
	l = link_new(rng, false, opts->onion);
	if (!l)
		return NULL;
	memcpy(l->roles, opts->roles, opts->n_roles * sizeof(*opts->roles));
	l->n_roles = opts->n_roles;
	l->admit = opts->admit;
	l->ctx = opts->ctx;
	return l;
}

/* ---- the handshake -------------------------------------------------------- */

/* Tries the roles in their order, each with a fresh state; the one whose prologue and key open message 1 is
 * meant. */
static int read_message_1(struct link *l, struct noise **noise, enum link_role *role,
			  uint8_t identity[KEY_BYTES])
{
	uint8_t prologue[PROLOGUE_BYTES];
	int err = ERR_CRYPTO;

	for (size_t i = 0; i < l->n_roles; i++) {
		handshake_prologue(l->version, l->roles[i].role, l->onion, prologue);
		*noise = noise_new_responder(l->rng, prologue, sizeof(prologue), l->roles[i].static_secret);
		if (!*noise)
			return ERR_NOMEM;
		err = noise_read_1(*noise, buf_ptr(&l->msg), buf_len(&l->msg), identity);
		if (!err) {
			*role = l->roles[i].role;
			return 0;
		}
		noise_free(*noise);
		*noise = NULL;
	}
	return err;
}

/* Who is it, and may they come in? */
static int check_initiator(struct link *l, enum link_role role, const uint8_t *static_key,
			   const uint8_t *identity)
{
	int err;

	if (role == LINK_DOOR && !identity)
		return ERR_PROTOCOL;
	if (identity && (err = check_identity(identity, static_key)))
		return err;
	return l->admit(l->ctx, role, l->version, static_key, identity) ? ERR_REFUSED : 0;
}

/* Bytes of message 2: the payload is a ratchet key, or nothing. */
static size_t message_2_len(const struct link *l)
{
	return NOISE_MSG2_OVERHEAD + (l->by_identity ? 0 : KEY_BYTES);
}

/* The responder's fresh ratchet key. */
static int make_root(struct link *l, uint8_t public_key[KEY_BYTES])
{
	l->root = secret_new(sizeof(*l->root));
	if (!l->root)
		return ERR_NOMEM;
	memset(l->root, 0, sizeof(*l->root));
	rng_fill(l->rng, l->root->key, KEY_BYTES);
	dh_public(l->root->key, public_key);
	return 0;
}

static int write_message_2(struct link *l, struct noise *noise)
{
	uint8_t msg[NOISE_MSG2_OVERHEAD + KEY_BYTES], key[KEY_BYTES];
	int err = l->by_identity ? 0 : make_root(l, key);

	if (!err)
		err = noise_write_2(noise, key, l->by_identity ? 0 : KEY_BYTES, msg);
	if (!err)
		err = take_keys(l, noise);
	if (err)
		return err;
	handshake_record_write(l->rng, l->version, msg, message_2_len(l), l->hello);
	l->hello_waits = true;
	enter(l, LINK_PROBATION);
	return 0;
}

static int on_message_1(struct link *l)
{
	size_t len = buf_len(&l->msg);
	uint8_t identity[KEY_BYTES];
	struct noise *noise = NULL;
	enum link_role role;
	int err;

	/* There are two payloads: none, and an identity. */
	if (len != NOISE_MSG1_OVERHEAD && len != NOISE_MSG1_OVERHEAD + KEY_BYTES)
		return ERR_PROTOCOL;
	l->by_identity = len > NOISE_MSG1_OVERHEAD;
	err = read_message_1(l, &noise, &role, identity);
	if (!err)
		err = check_initiator(l, role, noise_remote_static(noise), l->by_identity ? identity : NULL);
	if (!err)
		err = write_message_2(l, noise);
	noise_free(noise);
	return err;
}

/* The responder's ratchet key, out of message 2. */
static int take_root(struct link *l, const uint8_t public_key[KEY_BYTES])
{
	static const uint8_t any[KEY_BYTES] = {8};
	uint8_t probe[KEY_BYTES];

	l->root = secret_new(sizeof(*l->root));
	if (!l->root)
		return ERR_NOMEM;
	memset(l->root, 0, sizeof(*l->root));
	l->root->initiator = true;
	memcpy(l->root->key, public_key, KEY_BYTES);
	/* A key of small order would fail the ratchet later: with any secret it shows now. */
	return dh(any, public_key, probe);
}

static int on_message_2(struct link *l)
{
	uint8_t key[KEY_BYTES];
	int err;

	if (buf_len(&l->msg) != message_2_len(l))
		return ERR_PROTOCOL;
	err = noise_read_2(l->noise, buf_ptr(&l->msg), buf_len(&l->msg), key);
	if (!err && !l->by_identity)
		err = take_root(l, key);
	if (!err)
		err = take_keys(l, l->noise);
	if (err)
		return err;
	noise_free(l->noise);
	l->noise = NULL;
	l->confirm = true;
	enter(l, LINK_OPEN);
	return 0;
}

/* The version byte, which stands at the same place in all versions, comes before everything else. */
static int check_version(struct link *l, const struct handshake_record *r, int parsed)
{
	const uint8_t highest = LINK_VERSION;

	if (!l->initiator && !l->msg_records) {
		l->version = highest;
		if (r->version >= LINK_VERSION_MIN && r->version <= highest) {
			l->version = r->version;
			return 0;
		}
		handshake_record_write(l->rng, highest, NULL, 0, l->hello);
		return ERR_VERSION;
	}
	if (r->version == l->version)
		return 0;
	if (!l->initiator || l->msg_records || parsed || r->len)
		return ERR_PROTOCOL;
	l->version = r->version; /* what the responder offers instead */
	return ERR_VERSION;
}

static int on_handshake_record(struct link *l, const uint8_t *record)
{
	struct handshake_record r;
	int parsed = handshake_record_parse(record, &r), err = check_version(l, &r, parsed);

	if (err)
		return err;
	if (parsed)
		return parsed;
	l->msg_records++;
	if (r.more && l->msg_records == HANDSHAKE_RECORDS_MAX)
		return ERR_PROTOCOL;
	err = buf_put(&l->msg, r.bytes, r.len);
	if (err || r.more)
		return err;
	err = l->initiator ? on_message_2(l) : on_message_1(l);
	buf_clear(&l->msg);
	return err;
}

/* ---- the transport -------------------------------------------------------- */

static int on_transport_record(struct link *l, const uint8_t *record)
{
	uint8_t plain[RECORD_PLAIN_BYTES];
	const uint8_t *used;
	size_t len;
	int err;

	/* Asked before the record is opened: it can then wait. */
	if (buf_room(&l->in.in) < RECORD_ROOM)
		return ERR_FULL;
	err = noise_decrypt(&l->keys->recv, NULL, 0, record, RECORD_BYTES, plain);
	if (!err)
		err = record_parse(plain, &used, &len);
	if (!err)
		err = frame_reader_feed(&l->in, used, len);
	if (!err && l->state == LINK_PROBATION)
		enter(l, LINK_OPEN);
	crypto_wipe(plain, sizeof(plain));
	return err;
}

static int on_record(struct link *l, const uint8_t *record)
{
	switch (l->state) {
	case LINK_HANDSHAKE:
		return on_handshake_record(l, record);
	case LINK_PROBATION:
	case LINK_OPEN:
		return on_transport_record(l, record);
	case LINK_DEAD:
		break;
	}
	return 0;
}

int link_feed(struct link *l, struct buf *in)
{
	while (l->state != LINK_DEAD && buf_len(in) >= RECORD_BYTES) {
		int err = on_record(l, buf_ptr(in));

		if (err == ERR_FULL)
			return err;
		buf_consume(in, RECORD_BYTES);
		if (err)
			die(l, err);
	}
	if (l->state == LINK_DEAD)
		buf_consume(in, buf_len(in));
	return 0;
}

/* ---- frames --------------------------------------------------------------- */

static bool type_known(uint8_t type)
{
	switch (type) {
#define X(name, value) case name:
		FRAME_MAP(X)
#undef X
		return true;
	}
	return false;
}

/* Tor has keys from which identity-derived ones follow: what is between contacts never travels under those.
 * And where both link keys are pinned nothing is left to be asked or proven. */
static bool type_barred(const struct link *l, uint8_t type)
{
	switch (type) {
	case FRAME_MESSAGE:
	case FRAME_ACK:
	case FRAME_PROFILE:
	case FRAME_USE:
	case FRAME_SYNC:
	case FRAME_NACK:
	case FRAME_TYPING:
		return l->by_identity;
	case FRAME_REQUEST:
	case FRAME_ANSWER:
	case FRAME_ACCEPT:
	case FRAME_REDEEM:
		return !l->by_identity;
	}
	return false;
}

int link_next(struct link *l, uint8_t *type, const uint8_t **body, size_t *len)
{
	while (frame_reader_next(&l->in, type, body, len))
		if (type_known(*type) && !type_barred(l, *type))
			return 1;
	return 0;
}

int link_send(struct link *l, uint8_t type, const void *body, size_t len)
{
	if (l->state != LINK_PROBATION && l->state != LINK_OPEN)
		return ERR_WRONG_STATE;
	if (type_barred(l, type))
		return ERR_WRONG_STATE;
	return frame_put(&l->out, type, body, len);
}

size_t link_queued(const struct link *l)
{
	return buf_len(&l->out);
}

static int seal_record(struct link *l, uint8_t out[RECORD_BYTES])
{
	uint8_t plain[RECORD_PLAIN_BYTES];
	int err;

	record_fill(plain, &l->out);
	err = noise_encrypt(&l->keys->send, NULL, 0, plain, sizeof(plain), out);
	crypto_wipe(plain, sizeof(plain));
	return err;
}

/* cover: a record without a frame is wanted rather than none. */
static int output(struct link *l, bool cover, uint8_t out[RECORD_BYTES])
{
	int err;

	if (l->hello_waits) {
		memcpy(out, l->hello, RECORD_BYTES);
		l->hello_waits = false;
		return 1;
	}
	if (l->state != LINK_OPEN || (!buf_len(&l->out) && !l->confirm && !cover))
		return 0;
	err = seal_record(l, out);
	if (err) {
		die(l, err);
		return 0;
	}
	l->confirm = false;
	return 1;
}

int link_output(struct link *l, uint8_t out[RECORD_BYTES])
{
	return output(l, false, out);
}

int link_output_cover(struct link *l, uint8_t out[RECORD_BYTES])
{
	return output(l, true, out);
}

enum link_state link_state(const struct link *l)
{
	return l->state;
}

int link_error(const struct link *l)
{
	return l->error;
}

uint8_t link_version(const struct link *l)
{
	return l->version;
}

const uint8_t *link_hash(const struct link *l)
{
	return l->keys ? l->hash : NULL;
}

const struct ratchet_root *link_root(const struct link *l)
{
	return l->root;
}

void link_root_forget(struct link *l)
{
	secret_free(l->root);
	l->root = NULL;
}
