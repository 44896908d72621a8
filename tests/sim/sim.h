/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The simulator: several accounts (chat, link and store as they are) in one process, with a fake clock, a
 * seeded random source and a network and disks that fail as the seed says.
 *
 * What it stands for: a turn of the loop handles events, commits, and only then lets records leave
 * (io/loop.h).  A crash loses what was not committed and all links.  Everything that happens follows from the
 * seed; the story it tells, one line an event, is hashed, so that the same seed can be shown to give the same
 * run.
 */
#ifndef SIM_H
#define SIM_H

#include <bsd/sys/queue.h>
#include <bsd/sys/tree.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "chat/chat.h"
#include "link/record.h"

#define SIM_NODES_MAX 8
#define WEEKS_PING_MS (30u * 60 * 1000) /* with so much time, silence may last */
#define SIM_MSGS_MAX  8000 /* accepted in one direction between two nodes */

/* What is broken on purpose, to show that the simulator sees it: in words, and the runs in which it should.
 */
#define MUTATION_MAP(X)                                                                                      \
	X(MUTATE_LEAK, "acks leave before the commit", MUTANT_LONG)                                          \
	X(MUTATE_NO_DEDUPE, "duplicates are not recognised", MUTANT_BACKUPS | MUTANT_LONG)                   \
	X(MUTATE_NO_RESEND, "a new link does not start at the first unacked message", 0)                     \
	X(MUTATE_NO_PING, "silent links are not suspected", 0)                                               \
	X(MUTATE_ANY_KEY, "an unknown link key is taken for a contact", 0)                                   \
	X(MUTATE_CURSOR, "a cursor moves when a line is written", 0)                                         \
	X(MUTATE_ORDER, "messages leave in another order", 0)                                                \
	X(MUTATE_FORGET, "a message is forgotten when it is sent", 0)                                        \
	X(MUTATE_CANCEL, "what has left is cancelled", 0)                                                    \
	X(MUTATE_SILENT, "the user is not told what was lost", MUTANT_BACKUPS)                               \
	X(MUTATE_SAME, "a SYNC is not compared", MUTANT_BACKUPS)                                             \
	X(MUTATE_EPOCH_ONLY, "of a SYNC only the epoch is compared", MUTANT_BACKUPS | MUTANT_LONG)           \
	X(MUTATE_NO_UNSEAL, "a new session sends what the old one sealed", MUTANT_BACKUPS | MUTANT_LONG)     \
	X(MUTATE_NO_SESSION, "how far a session has come is not kept", 0)                                    \
	X(MUTATE_NO_RATCHET, "the ratchet's state is not kept", 0)                                           \
	X(MUTATE_NO_HEAL, "no new session is asked for when nothing can be opened", MUTANT_BACKUPS)           \
	X(MUTATE_KEY_STAYS, "a block does not drop the key", MUTANT_MOVES)                                   \
	X(MUTATE_LEFT_EARLY, "a service is withdrawn before all have followed", MUTANT_MOVES)                \
	X(MUTATE_NO_OFFER, "the new locator is not sent", MUTANT_MOVES)                                      \
	X(MUTATE_DEAF, "a locator that comes is not kept", MUTANT_MOVES)                                     \
	X(MUTATE_TOKEN, "an invitation can be used again", MUTANT_MOVES)                                     \
	X(MUTATE_DOOR, "a closed door serves strangers", MUTANT_MOVES)                                       \
	X(MUTATE_QUOTA, "who is invited is refused with strangers", MUTANT_MOVES)                            \
	X(MUTATE_SEAL_RANDOM, "nothing random goes into message keys",                                       \
	  MUTANT_RATCHET | MUTANT_BACKUPS | MUTANT_LONG)

#define MUTANT_RATCHET 1 /* of the ratchet, if the engine has it */
#define MUTANT_BACKUPS 2 /* shows when old databases are put back */
#define MUTANT_LONG    4 /* needs longer runs */
#define MUTANT_MOVES   8 /* of services, doors, invitations, blocks */

enum mutation {
	MUTATE_NOTHING,
#define X(name, text, where) name,
	MUTATION_MAP(X)
#undef X
	    MUTATE_MAX
};
extern enum mutation sim_mutation;

struct sim;
struct node;
struct wire;

/* ---- sim_world.c: time, chance, the story ---- */

struct event;
typedef void (*event_fn)(struct sim *s, struct event *e);
struct event {
	RB_ENTRY(event) entry;
	uint64_t at_ms, seq;
	event_fn fn;
	struct node *node; /* whose turn it is when it happens; NULL: nobody's */
	unsigned life;	   /* of that node; 0: any */
	void *obj;
	uint64_t arg;
	uint8_t *data; /* a record; freed with the event */
};
RB_HEAD(event_tree, event);

struct sim_opts {
	uint64_t seed;
	unsigned nodes;
	bool hostile;  /* the last node is a contact who speaks garbage */
	bool stranger; /* the last node is wanted by nobody */
	bool faults;
	bool brief;   /* some minutes, few messages */
	bool big;     /* more messages than may be under way */
	bool backups; /* old databases are put back */
	bool moves;   /* services, doors, invitations, blocks, removals */
	bool weeks;   /* half a year, most of it asleep */
	bool verbose;
};

struct accepted {
	uint8_t msgid[MSGID_BYTES];
	uint64_t text_hash;
	/* The writer's store was put back to a time before it was accepted: it may have arrived or not. */
	bool lost;
	/* The reader's store was put back to a time before it came, and the writer had read the ack: it may
	 * be missing. */
	bool excused;
	bool cancelled; /* successfully: nobody may see it */
	bool redacted;	/* taken back, perhaps after it was seen: at the end nobody has it */
	/* It waited in a database that was put back: who cancels it then can't know that it has left. */
	bool old;
	/* It waited when the reader was blocked or removed: it may have arrived or not. */
	bool dropped;
	bool dropping; /* not committed yet */
};
struct accepted_list {
	struct accepted *m;
	size_t n, room;
	size_t hint; /* after the one that was looked for last */
};

struct end { /* of a wire, at a node */
	struct wire *wire;
	struct node *node;
	TAILQ_ENTRY(end) entry; /* of the node's, while it is live */
	struct link *link;
	bool live;    /* the node knows it */
	bool told;    /* chat has it as an open link */
	bool closing; /* ends when all is sent */
	bool wants_writable;
	bool deaf; /* nothing arrives here any more, not even the end */
	link_id id;
	uint32_t service; /* that was dialled */
	uint32_t dial_id;
	struct chat_dial dial; /* for the one who dialled */
	enum link_role role;
	uint8_t version;
	uint8_t static_key[KEY_BYTES];
	uint8_t identity[KEY_BYTES];
	bool has_identity;
	struct buf in;
	uint64_t last_at_ms; /* when the last record that was sent arrives */
	unsigned in_flight;
	unsigned sent; /* records */
	bool bent; /* what leaves from now on is not what should: the other side must not take any of it */
};
TAILQ_HEAD(end_list, end);

/* How a connection breaks: both sides are told, none, one of them, or it goes on in one direction alone. */
enum drop { DROP_TOLD, DROP_UNTOLD, DROP_HALF_OPEN, DROP_ONE_WAY, DROP_MAX };

struct wire { /* a connection; lives until the run ends */
	TAILQ_ENTRY(wire) entry;
	unsigned id;
	struct end end[2]; /* who dialled, who was dialled */
	unsigned delay_ms, window;
	unsigned records, drop_at; /* 0: never */
	enum drop how;
	bool forged; /* nobody dialled: an enemy holds the other end */
	struct guest *guest; /* or a stranger, who is no node: sim_flood.c */
};
TAILQ_HEAD(wire_list, wire);

/* What an enemy has heard. */
#define TAPE_MAX    64
#define HEARD_MAX   16
#define HEARD_BYTES 1024
struct taped {
	uint8_t record[RECORD_BYTES];
	struct node *to;
	bool first; /* of a connection */
};
struct heard {
	uint8_t type, body[HEARD_BYTES];
	size_t len;
};

struct dial {
	TAILQ_ENTRY(dial) entry;
	struct chat_dial d;
	bool late; /* it fails, but takes its time */
};
TAILQ_HEAD(dial_list, dial);

#define SIM_CLIENT "screen"
struct client { /* what it has seen */
	struct shown {
		int64_t id;
		uint8_t msgid[MSGID_BYTES];
	} * shown; /* by id, ascending */
	size_t n, room, settled;
	int64_t fence, next_fence; /* its cursor, committed and as it will be */
	int64_t last, since;
};

struct progress { /* when the queue for another node last changed */
	uint64_t at_ms;
	size_t queued;
};

struct cancelled { /* in this turn */
	struct node *to;
	uint8_t msgid[MSGID_BYTES];
	bool redacted; /* it may have left */
};
#define CANCELS_MAX 1000

enum doom { DOOM_NONE, DOOM_CRASH, DOOM_CRASH_AFTER };

/* ---- sim_service.c ---- */

#define SIM_SERVICES_MAX 64
#define SIM_CLIENTS_MAX	 320
struct sim_service {
	uint32_t id;
	uint8_t onion[KEY_BYTES];
	bool door_role, private_role;
	uint64_t up_ms; /* when it can be found, since it was published last */
	size_t n_clients;
	uint8_t (*clients)[KEY_BYTES];
};

/* ---- sim_guard.c, sim_moves.c ---- */

/* A client key that a contact was given, as those who publish and those who dial have it. */
#define GIVEN_MAX 256
struct given {
	uint8_t secret[KEY_BYTES], public_key[KEY_BYTES], onion[KEY_BYTES];
};

/* What the simulator knows of two nodes, as the one sees the other. */
struct pair {
	bool live;    /* the other's locator led here, when it was looked at last */
	bool cut;     /* and may not any more, with good reason: sim_guard.c */
	bool blocked, removed;	 /* the other, by this one, once */
	bool adding;		 /* its user is making the other a contact */
	bool leaving, dropping; /* removed, blocked: not committed yet */
	bool for_good;		/* removed, not to be added again */
	int invite; /* of the other's: the last that was presented, and that is committed */
	int kept_invite;
	struct given *given; /* keys that the other was given */
	size_t n_given;
};

/* In place of the number of an invitation. */
#define INVITE_NONE    -1
#define INVITE_FORGED  -2
#define INVITE_UNKNOWN -3 /* an old database */

#define SIM_INVITES_MAX 200
struct sim_invite {
	struct node *owner; /* NULL: it was never made */
	char text[INVITE_LEN + 1];
	int64_t number;
	uint64_t expires_ms;	/* real */
	bool there;		/* made, and committed */
	bool going, gone;	/* revoked, committed or not */
	bool unsure;		/* the owner has an old database: it may know less */
	int user, next_user;	/* who has become a contact by it, committed or not; -1: nobody */
	struct node *to[2];	/* who is given the string */
	unsigned shown_by;	/* bit by node */
};

struct node {
	struct sim *sim;
	unsigned index;
	const char *name;
	char db[512], copy[512]; /* the database, and its backup */
	uint8_t identity[KEY_BYTES];
	struct rng rng;
	uint64_t rng_state;
	struct chat *chat; /* NULL: the process is not running */
	unsigned life;
	bool tor;
	bool dirty;	  /* has had events since its last commit */
	uint64_t tick_ms; /* when its next tick is scheduled; 0: it is not */
	enum doom doom;
	uint64_t stopped_until_ms; /* the process is suspended: it notices nothing before */
	bool hostile;		   /* promises are broken, to it and by it */
	struct heard *heard;	   /* its own frames, to be twisted */
	bool slow;		   /* its connections are */
	uint64_t down_ms;	   /* when the process last ended */
	bool has_backup, restores; /* the backup is put back at the next start */
	unsigned n_restores;
	struct sim_service service[SIM_SERVICES_MAX]; /* published */
	size_t n_services;
	link_id last_link;
	struct end_list ends;
	struct dial_list dials;
	bool friend_of[SIM_NODES_MAX]; /* wants that node for a contact */
	bool asks[SIM_NODES_MAX];      /* adds that node, wanted there or not */
	struct pair pair[SIM_NODES_MAX];
	struct client client;
	struct progress progress[SIM_NODES_MAX];
	struct cancelled *cancels;
	size_t n_cancels;
	struct accepted_list accepted[SIM_NODES_MAX]; /* by whom they are for */
	size_t accepted_before[SIM_NODES_MAX];	      /* at the last commit */
	uint64_t together_ms[SIM_NODES_MAX];	      /* when a record last came from that node */
};

/* What happened, for the summary. */
#define COUNT_MAP(X)                                                                                         \
	X(messages, "messages")                                                                              \
	X(cancels, "of them cancelled")                                                                      \
	X(redactions, "taken back")                                                                          \
	X(keys, "message keys")                                                                              \
	X(dials, "dials")                                                                                    \
	X(drops, "broken connections")                                                                       \
	X(crashes, "crashes")                                                                                \
	X(failed_commits, "failed commits")                                                                  \
	X(suspends, "suspends")                                                                              \
	X(partitions, "partitions")                                                                          \
	X(attacks, "records forged")                                                                         \
	X(lies, "frames of lies")                                                                            \
	X(services, "services published")                                                                    \
	X(blocks, "blocks")                                                                                  \
	X(removals, "removals")                                                                              \
	X(invites, "invitations")                                                                            \
	X(invited, "contacts by invitation")                                                                 \
	X(guests, "strangers")                                                                               \
	X(given_up, "given up after 90 days")                                                                \
	X(parted, "pairs that nothing could bring together")                                                 \
	X(restores, "old backups put back")                                                                  \
	X(aparts, "ratchets set apart")                                                                  \
	X(dropped, "messages that they took away after the ack")

struct sim_counts {
#define X(name, text) unsigned name;
	COUNT_MAP(X)
#undef X
};

struct sim {
	struct sim_opts opts;
	char dir[256];
	uint64_t now_ms, real_base_ms;
	uint64_t rng_state;
	struct event_tree events;
	uint64_t event_seq, n_events;
	struct node node[SIM_NODES_MAX];
	struct wire_list wires;
	unsigned n_wires;
	struct taped tape[TAPE_MAX];
	struct sim_invite invite[SIM_INVITES_MAX];
	unsigned n_invites;
	uint64_t plan_ms;    /* what is planned happens within */
	unsigned enemy;	     /* this many of a thousand records */
	unsigned side;	     /* bit by node: who is on which side of a partition; 0: there is none */
	bool faulty;	     /* faults still happen */
	bool healing;	     /* users do nothing any more but what brings contacts together */
	unsigned sends_left; /* messages that are still to be written */
	uint64_t hash;	     /* of the story */
	bool failed;
	struct sim_counts n;
};

uint64_t sim_hash(uint64_t h, const void *data, size_t len);
uint64_t sim_random(struct sim *s, uint64_t bound);
bool sim_chance(struct sim *s, unsigned percent); /* never while there are no faults */
struct now sim_now(const struct sim *s);
void sim_say(struct sim *s, const char *who, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* A promise is broken: the run ends and has failed. */
void sim_fail(struct sim *s, const char *who, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
struct event *sim_at(struct sim *s, uint64_t delay_ms, event_fn fn, struct node *n, void *obj);
/* The next event and, where it was the last of an instant or the seed says so, the ends of turns.  False:
 * none before until_ms. */
bool sim_step(struct sim *s, uint64_t until_ms);
/* One run: 0, or -1 if a promise was broken.  hash of its story. */
int sim_run(const struct sim_opts *opts, uint64_t *hash, struct sim *summary);

/* ---- sim_node.c: one account ---- */
void node_init(struct sim *s, unsigned index);
void node_clear(struct node *n);
void node_start(struct node *n);
void node_stop(struct node *n); /* in good order */
void node_crash(struct node *n);
/* The process notices nothing for a while. */
void node_suspend(struct node *n, uint64_t for_ms);
void node_set_tor(struct node *n, bool ready);
void node_end_turn(struct node *n);
void service_publish(void *ctx, struct chat *c, const struct chat_service *s);
void service_withdraw(void *ctx, struct chat *c, uint32_t id);
void service_cover(void *ctx, struct chat *c, enum chat_cover cover);
/* Where a locator leads; NULL: to nobody who is running. */
struct sim_service *service_find(struct sim *s, const struct locator *l, struct node **at);
struct sim_service *service_door(struct node *n); /* NULL */
void service_forget_all(struct node *n);	  /* the process ends */
struct node *node_by_identity(struct sim *s, const uint8_t identity[KEY_BYTES]);
/* The other node as a contact of this one; NULL. */
struct contact *node_contact(const struct node *n, const struct node *other);

/* What is in its store: each message that waits for other, running or not. */
void node_outbox_each(struct node *n, struct node *other, int (*cb)(void *ctx, const struct outbox_row *o),
		      void *ctx);

/* ---- sim_backup.c: old copies of databases ---- */
void backup_make(struct node *n);
/* Puts it back, before the process starts. */
void backup_restore(struct node *n);
/* The process runs on what was put back: what is gone, and what may be missing from now on? */
void backup_account(struct node *n);
/* What backups of both sides can leave, in one: the node's ratchet with another is not the other half of what
 * is there any more, though epoch and counters fit. */
void backup_set_apart(struct node *n, struct node *other);

/* ---- sim_wire.c: the network ---- */
extern const struct chat_net wire_net;
void wire_pump_all(struct node *n);
/* Records leave, whatever the commit says. */
void wire_leak(struct node *n);
/* All ends of a node go; silently: the other sides notice nothing. */
/* A record arrives that nobody sent. */
void wire_inject(struct end *to, const uint8_t record[RECORD_BYTES], uint64_t delay_ms);
/* A connection without anybody at the other end; its end at the node. */
struct end *wire_forge(struct sim *s, struct node *to);
/* A stranger comes to a service: its end there.  Takes the guest over. */
struct end *wire_guest(struct node *to, const struct sim_service *at, struct guest *g);
/* A record of the stranger's. */
void wire_put(struct end *to, const uint8_t record[RECORD_BYTES]);
/* A connection breaks. */
void wire_break(struct wire *w, enum drop how);
/* Can records get from one to the other? */
bool wire_reaches(const struct node *a, const struct node *b);
void wire_drop_all(struct node *n, bool silently);
void wire_break_all(struct node *n); /* and chat is told */
void wire_clear(struct sim *s);

/* ---- sim_client.c ---- */
void client_look(struct node *n);
void client_settle(struct node *n, bool committed);
void client_forget(struct node *n);
void client_check(struct node *n);
void client_clear(struct node *n);

/* ---- sim_hostile.c ---- */
/* A record is about to leave; false: it does not. */
bool hostile_on_record(struct end *from, uint8_t record[RECORD_BYTES]);
void hostile_replay(struct sim *s);
void hostile_on_frame(struct node *n, uint8_t type, const void *body, size_t len);
void hostile_speak(struct node *n);

/* ---- sim_plan.c: what users and fate do ---- */
void plan_init(struct sim *s);
void plan_end_faults(struct sim *s);
/* What a node's user does, whoever runs then. */
void plan_by(struct sim *s, uint64_t delay_ms, event_fn fn, struct node *n, uint64_t arg);
unsigned plan_upto(struct sim *s, unsigned bound);
/* At random times: done to a node, by a node. */
void plan_scatter_on(struct sim *s, unsigned times, event_fn fn, struct node *n);
void plan_scatter_by(struct sim *s, unsigned times, event_fn fn, struct node *n);

/* ---- sim_moves.c: what users do about who finds them ---- */
#define HEAL_MS 60000u
void moves_plan(struct sim *s);
void moves_end_faults(struct sim *s);
/* An old database: what it knows of invitations is old. */
void moves_restored(struct node *n);
/* What was done to invitations holds, or does not. */
void moves_settle(struct node *n, bool committed);

/* ---- sim_flood.c: strangers, many ---- */
/* Many at once, at the door or, with a client key that leads there, at a private service. */
void flood_plan(struct sim *s);
void flood_on_record(struct wire *w, const uint8_t record[RECORD_BYTES]);
void flood_free(struct guest *g);

/* ---- sim_guard.c: who finds whom, and who must not ---- */
/* Is the other one a contact that is not blocked, on both sides, and can they find each other? */
bool guard_together(const struct node *a, const struct node *b);
void guard_settle(struct node *n, bool committed);
void guard_watch(struct sim *s);
void guard_end(struct sim *s);
/* Something is about to be taken from the queue: the node's user blocks or removes the other. */
void guard_drop(struct node *n, struct node *other, bool removes, bool for_good);
/* The database is an old one now. */
void guard_restored(struct node *n);
/* What the front is told. */
void guard_on_line(struct node *n, struct node *from, const struct contact *contact, const struct line_row *l);
void guard_on_added(struct node *n, struct node *other);
void guard_clear(struct node *n);

/* ---- sim_mutants.c, sim_keys.c ---- */
void keys_begin(void); /* of a run */
void keys_clear(void);
/* A message key has sealed two different messages. */
bool keys_reused(void);
size_t keys_used(void);

/* ---- sim_check.c: the promises ---- */
extern const struct chat_front check_front;
/* The node has accepted a message; it holds once it has committed. */
void check_accept(struct node *n, struct node *to, const uint8_t msgid[MSGID_BYTES], const char *text,
		  size_t len);
/* A cancel has succeeded, or what may have left was taken back; it holds once the node has committed. */
void check_cancel(struct node *n, struct node *to, const uint8_t msgid[MSGID_BYTES], bool redacted);
void check_settle(struct node *n, bool committed);
/* The accepted message with this id, NULL if there is none; also if its turn has not been committed. */
struct accepted *check_find(struct node *from, const struct node *to, const uint8_t msgid[MSGID_BYTES]);
/* Memory and files stay bounded, presence tells the truth. */
void check_watch(struct sim *s);
/* Nothing is left to do: all is written, linked, and delivered. */
bool check_quiet(const struct sim *s);
/* It did not come to that in time: what is left. */
void check_unquiet(struct sim *s);
/* Each two contacts have one link. */
bool check_settled(const struct sim *s);
void check_end(struct sim *s);

#endif
