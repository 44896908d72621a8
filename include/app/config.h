/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The configuration file: INI, one table of keys; unknown keys and bad values are errors that name the line.
 */
#ifndef APP_CONFIG_H
#define APP_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/log.h"
#include "crypto/crypto.h"

#define CONFIG_LISTEN_MAX 16
#define CONFIG_ORIGIN_MAX 16

enum config_tor_mode { CONFIG_TOR_MANAGED, CONFIG_TOR_SYSTEM, CONFIG_TOR_OFF };

struct config {
	char *listen[CONFIG_LISTEN_MAX];
	size_t n_listen;
	char *ws_origin[CONFIG_ORIGIN_MAX];
	size_t n_ws_origin;
	char *server_name;
	char *motd;		  /* path of the message of the day; NULL: none */
	char *tls_cert, *tls_key; /* an operator's own; NULL: the daemon makes one */
	bool sts;
	uint64_t sts_duration_s;
	bool registration;
	bool household; /* implies tor_share */
	uint64_t clients_max, account_clients_max;
	uint64_t unread_max_kib; /* of output to a client */
	uint64_t flood_burst, flood_rate, stranger_burst, stranger_rate; /* lines, and lines a second; rate 0: no limit */
	uint64_t accounts_max;

	enum config_tor_mode tor_mode;
	char *tor_binary;
	bool tor_share;
	char *torrc_extra;
	char *tor_control; /* a path, without "unix:" */
	char *tor_socks;
	char *target_dir;

	char *state_dir;
	struct pwhash_params pwhash;

	enum log_level log_level;

	/* [timers], all in milliseconds */
	uint64_t dial_min_ms, dial_max_ms, dial_spread_ms, offline_grace_ms, ping_ms, pong_ms, suspect_ms,
	    wake_pong_ms, late_ms, ack_ms;
	uint64_t handshake_ms, client_handshake_ms, registration_ms, guess_ms, client_ping_ms, barrier_ms, tor_restart_ms,
	    tor_restart_max_ms, publish_spread_ms, cover_light_ms, cover_slot_ms;
};

/* Fills in the defaults; state_dir is $XDG_STATE_HOME/allium or ~/.local/state/allium.  ERR_NOMEM. */
int config_init(struct config *c, char *message, size_t message_size);
/* Reads a file over the defaults.  On an error message says "path:line: what". */
int config_read(struct config *c, const char *path, char *message, size_t message_size);
/* The same from memory; name is used in messages. */
int config_parse(struct config *c, const char *name, const char *text, char *message, size_t message_size);
/* After everything was read: what is missing, or does not go together.  Listens on 127.0.0.1:6667 if nothing was
 * named.  ERR_NOT_FOUND: no place for the state; ERR_INVALID: half a TLS certificate, STS without one, slots of
 * cover too short for the public network. */
int config_check(struct config *c, char *message, size_t message_size);
/* Is any of the addresses one of TLS? */
bool config_has_tls(const struct config *c);
/*
 * What a user types to reach an address that is listened on: the host, without the brackets of IPv6, or server_name
 * where it is any; port points into address.  ERR_NOT_FOUND: clients of IRC don't connect there (unix:, ws:).
 */
int config_client_address(const struct config *c, const char *address, char *host, size_t size, const char **port);
void config_clear(struct config *c);

#endif
