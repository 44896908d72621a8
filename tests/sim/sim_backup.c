/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Old copies of databases.
 *
 * A copy is what a backup program takes while the process runs: database and write-ahead log as they lie
 * there.  Put back, the account has forgotten what it accepted, received and acked since.  Nobody can bring
 * that back; all else must be as always.
 */
#include "sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../src/chat/chat_impl.h"

#define PIECE 65536

static void remove_file(const char *path, const char *suffix)
{
	char name[640];

	snprintf(name, sizeof(name), "%s%s", path, suffix);
	unlink(name);
}

static bool copy_file(const char *from, const char *to, const char *suffix)
{
	static char piece[PIECE];
	char a[640], b[640];
	FILE *in, *out;
	size_t n;
	bool ok;

	snprintf(a, sizeof(a), "%s%s", from, suffix);
	snprintf(b, sizeof(b), "%s%s", to, suffix);
	unlink(b);
	in = fopen(a, "rb");
	if (!in)
		return false;
	out = fopen(b, "wb");
	ok = out != NULL;
	while (ok && (n = fread(piece, 1, sizeof(piece), in)))
		ok = fwrite(piece, 1, n, out) == n;
	fclose(in);
	return out && !fclose(out) && ok;
}

void backup_make(struct node *n)
{
	sim_say(n->sim, n->name, "is copied");
	n->has_backup = copy_file(n->db, n->copy, "");
	if (!n->has_backup)
		sim_fail(n->sim, n->name, "can't be copied");
	copy_file(n->db, n->copy, "-wal"); /* not there if all is in the database */
}

void backup_restore(struct node *n)
{
	static const char *const suffixes[] = {"-wal", "-shm", "-journal"};
	size_t i;

	sim_say(n->sim, n->name, "has its old database again");
	for (i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
		remove_file(n->db, suffixes[i]);
	if (!copy_file(n->copy, n->db, ""))
		sim_fail(n->sim, n->name, "can't be put back");
	copy_file(n->copy, n->db, "-wal");
	n->restores = false;
	n->n_restores++;
	n->sim->n.restores++;
}

/* ---- what is gone ---- */

struct had {
	struct node *n, *other;
	struct node *writer, *reader;
	int kind;
	bool *had; /* by the place in what was accepted */
};

static void had_mark(struct had *h, const uint8_t msgid[MSGID_BYTES])
{
	struct accepted *m = check_find(h->writer, h->reader, msgid);

	if (m)
		h->had[m - h->writer->accepted[h->reader->index].m] = true;
}

static int had_line(void *ctx, const struct contact *contact, const struct line_row *l)
{
	struct had *h = ctx;

	if (contact && l->kind == h->kind && node_by_identity(h->n->sim, contact->row.identity) == h->other)
		had_mark(h, l->msgid);
	return 0;
}

static int had_waits(void *ctx, const struct outbox_row *o)
{
	had_mark(ctx, o->msgid);
	return 0;
}

static void had_begin(struct had *h, struct node *n, struct node *other, bool out)
{
	h->n = n;
	h->other = other;
	h->writer = out ? n : other;
	h->reader = out ? other : n;
	h->kind = out ? LINE_OUT : LINE_IN;
	h->had = calloc(h->writer->accepted[h->reader->index].n + 1, sizeof(*h->had));
	if (!h->had)
		abort();
	chat_lines(n->chat, 0, SIZE_MAX, had_line, h);
}

static void account_sent(struct node *n, struct node *to)
{
	struct accepted_list *list = &n->accepted[to->index];
	struct had h;
	size_t i;

	had_begin(&h, n, to, true);
	for (i = 0; i < list->n; i++) {
		/* A contact that was removed since is there again. */
		list->m[i].excused = list->m[i].excused || list->m[i].lost;
		list->m[i].lost = !h.had[i];
		h.had[i] = false;
	}
	node_outbox_each(n, to, had_waits, &h);
	for (i = 0; i < list->n; i++) {
		/* It waits again, whatever was cancelled since; what came after it may have left before. */
		list->m[i].excused = list->m[i].excused || (list->m[i].cancelled && h.had[i]);
		list->m[i].cancelled = list->m[i].cancelled && !h.had[i];
		list->m[i].old = list->m[i].old || h.had[i];
	}
	free(h.had);
}

/* What waits at the writer comes again; the rest won't, unless the writer is put back too. */
static void account_received(struct node *n, struct node *from)
{
	struct accepted_list *list = &from->accepted[n->index];
	struct had h;
	size_t i;

	had_begin(&h, n, from, false);
	/* A writer who is suspended may still find an ack that came before. */
	if (from->stopped_until_ms < n->sim->now_ms)
		node_outbox_each(from, n, had_waits, &h);
	for (i = 0; i < list->n; i++) {
		n->sim->n.dropped += !list->m[i].excused && !h.had[i];
		list->m[i].excused = list->m[i].excused || !h.had[i];
	}
	free(h.had);
}

void backup_account(struct node *n)
{
	struct sim *s = n->sim;
	unsigned i;

	for (i = 0; i < s->opts.nodes && !s->failed; i++) {
		struct node *o = &s->node[i];

		if (o == n)
			continue;
		account_sent(n, o);
		account_received(n, o);
		n->friend_of[i] = n->friend_of[i] || node_contact(n, o);
		/* Who finds a contact missing adds it again. */
		n->asks[i] = n->asks[i] || n->friend_of[i];
	}
	guard_restored(n);
	moves_restored(n);
}

/* ---- ratchets that have grown apart ---- */

void backup_set_apart(struct node *n, struct node *other)
{
	struct contact *contact = node_contact(n, other);
	uint8_t state[RATCHET_STATE_BYTES];
	size_t len, i;
	int err;

	if (!contact || epoch_settle(n->chat) ||
	    store_ratchet_get(n->chat->store, contact->row.id, state, sizeof(state), &len))
		return;
	for (i = 0; i < 5 * KEY_BYTES; i++)
		state[i] ^= state[i] ? 4 : 0; /* a chain of zeroes is none */
	err = store_ratchet_set(n->chat->store, contact->row.id, state, len);
	if (err)
		sim_fail(n->sim, n->name, "its ratchet can't be changed: %s", err_str(err));
	sim_say(n->sim, n->name, "has another ratchet than %s", other->name);
	n->sim->n.aparts++;
}
