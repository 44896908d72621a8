/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One link: the handshake and then the transport, as a state machine over records.  Pure: bytes in, bytes
 * out.
 *
 * The initiator is who dialled.  The prologue is LINK_LABEL, the version, the role and the responder's
 * Ed25519 onion key. Message 1's payload is empty when the initiator's static key is its link key, and its
 * 32-byte Ed25519 identity when the static key is identity-derived; the responder then checks that this
 * identity maps to the static key that Noise authenticated.  At the door an identity is required.  Message 2
 * of a link between link keys carries the responder's fresh ratchet key, and is empty on the others.  The
 * responder does nothing lasting before the first transport record, since message 1 can be replayed.
 *
 * Verify, then commit, then wipe: the first record that fails kills the link, its keys are wiped at once, and
 * neither frames that were not read yet nor queued ones come out of it any more.
 */
#ifndef LINK_LINK_H
#define LINK_LINK_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/rng.h"
#include "crypto/identity.h"
#include "link/ratchet.h"
#include "link/record.h"

#define LINK_LABEL	 "allium link"
#define LINK_VERSION	 2 /* the highest that we speak */
#define LINK_VERSION_MIN 2 /* the lowest: 0 had no ratchet, 1 no locators under it */

enum link_role { LINK_DOOR = 0, LINK_PRIVATE = 1, LINK_MAILBOX = 2 };

enum link_state {
	LINK_HANDSHAKE,
	LINK_PROBATION, /* responder: message 2 is written, no transport record has come yet */
	LINK_OPEN, /* a transport record of the other side was opened (the initiator is open after message 2)
		    */
	LINK_DEAD  /* failed: link_error says why; nothing more comes out of it */
};

/* A key that a responder answers with, in the order in which they are tried (two at most). */
#define LINK_ROLES_MAX 2
struct link_role_key {
	enum link_role role;
	const uint8_t *static_secret; /* borrowed while the link lives */
};

struct link;

/*
 * The initiator.  Message 1 waits in link_output.  rng is borrowed while the link lives, the rest is copied.
 * NULL: out of memory.  A link that can't be is born dead: ERR_INVALID (version, role, a door without
 * identity, an identity that does not belong to static_secret), ERR_CRYPTO (responder_static is of small
 * order).
 */
struct link_initiator_opts {
	enum link_role role;
	const uint8_t *static_secret;	 /* X25519 */
	const uint8_t *identity;	 /* its Ed25519 key if static_secret is identity-derived, else NULL */
	const uint8_t *responder_static; /* X25519 */
	const uint8_t *responder_onion;	 /* Ed25519: the onion that was dialled */
	uint8_t version;		 /* LINK_VERSION_MIN..LINK_VERSION */
};
struct link *link_new_initiator(const struct rng *rng, const struct link_initiator_opts *opts);

/*
 * The responder asks who may come in once message 1 is authenticated: static_key is proven; identity is NULL
 * or checked to map to it.  0: answer with message 2.  Anything else: the link dies of ERR_REFUSED, without a
 * word.  It may look, but must change nothing lasting and must not call into the link.
 */
typedef int (*link_admit_cb)(void *ctx, enum link_role role, uint8_t version,
			     const uint8_t static_key[KEY_BYTES], const uint8_t *identity);
struct link_responder_opts {
	const struct link_role_key *roles;
	size_t n_roles;
	const uint8_t *onion; /* Ed25519 key of the onion that was dialled */
	link_admit_cb admit;
	void *ctx;
};
/* rng and the static secrets are borrowed while the link lives.  NULL: out of memory, or n_roles is
 * not 1..LINK_ROLES_MAX. */
struct link *link_new_responder(const struct rng *rng, const struct link_responder_opts *opts);
/* Wipes. */
void link_free(struct link *l);

enum link_state link_state(const struct link *l);
/* Why it is dead, 0 while it lives: ERR_PROTOCOL, ERR_CRYPTO (a key or a tag does not hold), ERR_VERSION,
 * ERR_REFUSED (admit), ERR_WRONG_STATE (nonces used up), ERR_NOMEM, ERR_INVALID. */
int link_error(const struct link *l);
/* The version that both sides use (of a responder: once message 1 has come), and after ERR_VERSION the
 * highest that the responder offered; nobody has authenticated that offer. */
uint8_t link_version(const struct link *l);
/* The handshake hash, HASH_BYTES, the same on both sides and on no other link: from message 2 on, NULL before
 * it and once the link is dead. */
const uint8_t *link_hash(const struct link *l);
/*
 * The root of a ratchet that this handshake could begin: from message 2 on, on a link between link keys. Both
 * sides have the same sk, and no other link has it.  Borrowed, until link_root_forget, or the link's death or
 * end.  NULL on an identity-derived link, before message 2, once it was forgotten, and once the link is dead.
 */
const struct ratchet_root *link_root(const struct link *l);
/* Wipes it: it was used, or is not needed. */
void link_root_forget(struct link *l);

/*
 * Takes whole records from in and leaves a partial one.  A bad record kills the link: see link_error.  A dead
 * link consumes and ignores.  0, or ERR_FULL when more than FRAME_UNREAD_MAX bytes of frames wait in
 * link_next: nothing is lost, read them and feed again.
 */
int link_feed(struct link *l, struct buf *in);
/*
 * The next whole frame that was received: 1 (body borrowed until the next call on this link), 0: none. Frames
 * of unknown types are skipped, and so are those that do not belong on this kind of link: on one with an
 * identity-derived static key FRAME_MESSAGE, _ACK, _PROFILE, _USE, _SYNC, _NACK and _TYPING, between link keys
 * FRAME_REQUEST, _ANSWER, _ACCEPT and _REDEEM.
 */
int link_next(struct link *l, uint8_t *type, const uint8_t **body, size_t *len);

/*
 * Queues a frame, or nothing on an error.  ERR_WRONG_STATE before the link is open (a responder may queue in
 * probation; it leaves when the link opens), after its death, and for the types that link_next skips on this
 * kind of link; ERR_FULL over LINK_OUT_MAX queued bytes, ERR_TOO_LONG, ERR_NOMEM.
 */
#define LINK_OUT_MAX 65536
int link_send(struct link *l, uint8_t type, const void *body, size_t len);
/* Bytes of frames that wait to be sealed. */
size_t link_queued(const struct link *l);
/*
 * Writes the next record, of RECORD_BYTES, to out: 1 if there was one, 0 if nothing waits.  Frames queued
 * since the last call share records: queue first, then write.  An initiator that has just opened always has
 * one, if need be without a frame, since it ends the responder's probation.  A responder that died of
 * ERR_VERSION has a last one, which says so.
 */
int link_output(struct link *l, uint8_t out[RECORD_BYTES]);
/*
 * The same, but where nothing waits on an open link it writes a record of filling alone: docs/protocol.md,
 * "Cover".  0 only where no record can be sent: on a link that is neither open nor has a handshake record
 * waiting.
 */
int link_output_cover(struct link *l, uint8_t out[RECORD_BYTES]);

#endif
