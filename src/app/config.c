/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/config.h"

#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/file.h"
#include "base/str.h"
#include "io/inlet.h"

#define CONFIG_FILE_MAX 65536
#define CONFIG_LINE_MAX 198 /* what libinih reads as one line */
#define SCHEME		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-."
#define DAY_MS		86400000
#define MONTH_S		2592000
#define TEN_YEARS_S	315360000
#define SLOT_MIN_MS	2000
#define TEST_NETWORK	"TestingTorNetwork 1"
#define SPREAD_MS	30000

typedef int (*config_set)(struct config *c, size_t offset, const char *value, const char **why);

static void *field(struct config *c, size_t offset)
{
	return (char *)c + offset;
}

static int set_string(struct config *c, size_t offset, const char *value, const char **why)
{
	char **s = field(c, offset);
	char *copy = strdup(value);

	if (copy == NULL) {
		*why = "out of memory";
		return ERR_NOMEM;
	}
	free(*s);
	*s = copy;
	return 0;
}

static int set_path(struct config *c, size_t offset, const char *value, const char **why)
{
	if (value[0] != '/') {
		*why = "must be an absolute path";
		return ERR_INVALID;
	}
	return set_string(c, offset, value, why);
}

static int set_unix(struct config *c, size_t offset, const char *value, const char **why)
{
	if (strncmp(value, "unix:/", 6) != 0) {
		*why = "must be unix:/path";
		return ERR_INVALID;
	}
	return set_string(c, offset, value + 5, why);
}

static int set_server_name(struct config *c, size_t offset, const char *value, const char **why)
{
	size_t n = strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.");

	if (n == 0 || value[n] != '\0' || n > 63 || strchr(value, '.') == NULL) {
		*why = "must be a host name with a dot in it";
		return ERR_INVALID;
	}
	return set_string(c, offset, value, why);
}

static int set_listen(struct config *c, size_t offset, const char *value, const char **why)
{
	(void)offset;
	switch (inlet_check(value)) {
	case 0:
		break;
	case ERR_REFUSED:
		*why = "serves plain text on loopback addresses only: elsewhere say tls:address:port";
		return ERR_REFUSED;
	case ERR_TOO_LONG:
		*why = "takes socket paths of 107 bytes at most";
		return ERR_TOO_LONG;
	default:
		*why =
		    "must be 127.0.0.1:port, [::1]:port, unix:/path, tls:address:port or ws:127.0.0.1:port";
		return ERR_INVALID;
	}
	if (c->n_listen == CONFIG_LISTEN_MAX) {
		*why = "names too many addresses";
		return ERR_FULL;
	}
	c->listen[c->n_listen] = strdup(value);
	return c->listen[c->n_listen] == NULL ? ERR_NOMEM : (c->n_listen++, 0);
}

/* What browsers send as Origin (RFC 6454 section 7): no path, and nothing that stands for many. */
static bool is_origin(const char *value)
{
	const char *host = strstr(value, "://");

	return host != NULL && strspn(value, SCHEME) == (size_t)(host - value) && host > value &&
	       host[3] != '\0' && strspn(host + 3, SCHEME "[]:_") == strlen(host + 3);
}

static int add_origin(struct config *c, const char *value, size_t len, const char **why)
{
	char *origin = strndup(value, len);

	*why =
	    origin == NULL ? "out of memory" : "must be origins as browsers send them: scheme://host[:port]";
	if (origin == NULL || !is_origin(origin)) {
		free(origin);
		return ERR_INVALID;
	}
	if (c->n_ws_origin == CONFIG_ORIGIN_MAX) {
		*why = "names too many origins";
		free(origin);
		return ERR_FULL;
	}
	c->ws_origin[c->n_ws_origin++] = origin;
	return 0;
}

/* Several with blanks between, or one a line; nothing is fine. */
static int set_origins(struct config *c, size_t offset, const char *value, const char **why)
{
	int r = 0;

	(void)offset;
	while (r == 0 && *(value += strspn(value, " \t")) != '\0') {
		size_t len = strcspn(value, " \t");

		r = add_origin(c, value, len, why);
		value += len;
	}
	return r;
}

static int set_choice(bool *out, const char *value, const char *yes, const char *no)
{
	if (strcmp(value, yes) != 0 && strcmp(value, no) != 0)
		return ERR_INVALID;
	*out = strcmp(value, yes) == 0;
	return 0;
}

static int set_on_off(struct config *c, size_t offset, const char *value, const char **why)
{
	*why = "must be on or off";
	return set_choice(field(c, offset), value, "on", "off");
}

static int set_open_closed(struct config *c, size_t offset, const char *value, const char **why)
{
	*why = "must be open or closed";
	return set_choice(field(c, offset), value, "open", "closed");
}

static int set_tor_mode(struct config *c, size_t offset, const char *value, const char **why)
{
	static const char *const modes[] = {"managed", "system", "off"};
	enum config_tor_mode *mode = field(c, offset);

	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (strcmp(value, modes[i]) == 0) {
			*mode = (enum config_tor_mode)i;
			return 0;
		}
	}
	*why = "must be managed, system or off";
	return ERR_INVALID;
}

static int set_pwhash(struct config *c, size_t offset, const char *value, const char **why)
{
	*why = "must be interactive, moderate or sensitive";
	return pwhash_params_parse(value, field(c, offset));
}

static int set_log_level(struct config *c, size_t offset, const char *value, const char **why)
{
	*why = "must be error, warn, info or debug";
	return log_level_parse(value, field(c, offset));
}

static int set_count(struct config *c, size_t offset, const char *value, const char **why)
{
	*why = "must be a number from 1 to 100000";
	return str_to_u64(value, 1, 100000, field(c, offset));
}

static int set_count_or_none(struct config *c, size_t offset, const char *value, const char **why)
{
	*why = "must be a number from 0 to 100000";
	return str_to_u64(value, 0, 100000, field(c, offset));
}

static int set_seconds(struct config *c, size_t offset, const char *value, const char **why)
{
	*why = "must be a number of seconds from 0 to 315360000";
	return str_to_u64(value, 0, TEN_YEARS_S, field(c, offset));
}

static int set_ms(struct config *c, size_t offset, const char *value, const char **why)
{
	*why = "must be a number of milliseconds from 1 to 86400000";
	return str_to_u64(value, 1, DAY_MS, field(c, offset));
}

static int set_ms_or_none(struct config *c, size_t offset, const char *value, const char **why)
{
	*why = "must be a number of milliseconds from 0 to 86400000";
	return str_to_u64(value, 0, DAY_MS, field(c, offset));
}

/* X(section, key, field, setter) */
#define CONFIG_MAP(X)                                                                                        \
	X("irc", "listen", listen, set_listen)                                                               \
	X("irc", "server_name", server_name, set_server_name)                                                \
	X("irc", "motd", motd, set_path)                                                                     \
	X("irc", "ws_origin", n_ws_origin, set_origins)                                                      \
	X("irc", "tls_cert", tls_cert, set_path)                                                             \
	X("irc", "tls_key", tls_key, set_path)                                                               \
	X("irc", "sts", sts, set_on_off)                                                                     \
	X("irc", "sts_duration", sts_duration_s, set_seconds)                                                \
	X("irc", "registration", registration, set_open_closed)                                              \
	X("irc", "household", household, set_on_off)                                                         \
	X("irc", "clients_max", clients_max, set_count)                                                      \
	X("irc", "account_clients_max", account_clients_max, set_count)                                      \
	X("irc", "accounts_max", accounts_max, set_count)                                                    \
	X("irc", "unread_max", unread_max_kib, set_count)                                                    \
	X("irc", "flood_burst", flood_burst, set_count)                                                      \
	X("irc", "flood_rate", flood_rate, set_count_or_none)                                                \
	X("irc", "stranger_burst", stranger_burst, set_count)                                                \
	X("irc", "stranger_rate", stranger_rate, set_count_or_none)                                          \
	X("tor", "mode", tor_mode, set_tor_mode)                                                             \
	X("tor", "binary", tor_binary, set_path)                                                             \
	X("tor", "share", tor_share, set_on_off)                                                             \
	X("tor", "torrc_extra", torrc_extra, set_path)                                                       \
	X("tor", "control", tor_control, set_unix)                                                           \
	X("tor", "socks", tor_socks, set_unix)                                                               \
	X("tor", "target_dir", target_dir, set_path)                                                         \
	X("storage", "state_dir", state_dir, set_path)                                                       \
	X("storage", "password_hash", pwhash, set_pwhash)                                                    \
	X("log", "level", log_level, set_log_level)                                                          \
	X("timers", "dial_min", dial_min_ms, set_ms)                                                         \
	X("timers", "dial_max", dial_max_ms, set_ms)                                                         \
	X("timers", "dial_spread", dial_spread_ms, set_ms)                                                   \
	X("timers", "offline_grace", offline_grace_ms, set_ms)                                               \
	X("timers", "ping", ping_ms, set_ms)                                                                 \
	X("timers", "pong", pong_ms, set_ms)                                                                 \
	X("timers", "ack", ack_ms, set_ms)                                                                   \
	X("timers", "suspect", suspect_ms, set_ms)                                                           \
	X("timers", "wake_pong", wake_pong_ms, set_ms)                                                       \
	X("timers", "late", late_ms, set_ms)                                                                 \
	X("timers", "handshake", handshake_ms, set_ms)                                                       \
	X("timers", "client_handshake", client_handshake_ms, set_ms)                                         \
	X("timers", "registration", registration_ms, set_ms)                                                 \
	X("timers", "guess", guess_ms, set_ms)                                                               \
	X("timers", "client_ping", client_ping_ms, set_ms)                                                   \
	X("timers", "barrier", barrier_ms, set_ms)                                                           \
	X("timers", "tor_restart", tor_restart_ms, set_ms)                                                   \
	X("timers", "tor_restart_max", tor_restart_max_ms, set_ms)                                           \
	X("timers", "publish_spread", publish_spread_ms, set_ms_or_none)                                     \
	X("timers", "cover_light", cover_light_ms, set_ms)                                                   \
	X("timers", "cover_slot", cover_slot_ms, set_ms)

static const struct config_key {
	const char *section;
	const char *key;
	size_t offset;
	config_set set;
} keys[] = {
#define X(section, key, name, set) {section, key, offsetof(struct config, name), set},
    CONFIG_MAP(X)
#undef X
};

struct parse {
	struct config *config;
	bool failed;
	char why[160];
};

static int on_key(void *ctx, const char *section, const char *name, const char *value)
{
	struct parse *p = ctx;
	const char *why = "is not valid";

	if (p->failed)
		return 1;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (strcmp(section, keys[i].section) != 0 || strcmp(name, keys[i].key) != 0)
			continue;
		if (keys[i].set(p->config, keys[i].offset, value, &why) == 0)
			return 1;
		(void)snprintf(p->why, sizeof(p->why), "%s %s", name, why);
		p->failed = true;
		return 0;
	}
	(void)snprintf(p->why, sizeof(p->why), "unknown key \"%.40s\" in section [%.40s]", name, section);
	p->failed = true;
	return 0;
}

/* libinih would cut a longer line in two; it takes the text up to a NUL. Returns the line's number, 0 if all
 * is well. */
static int find_bad_line(const char *text)
{
	int number = 1;

	for (const char *line = text; *line != '\0'; number++) {
		size_t len = strcspn(line, "\n");

		if (len > CONFIG_LINE_MAX)
			return number;
		line += len + (line[len] == '\n');
	}
	return 0;
}

int config_parse(struct config *c, const char *name, const char *text, char *message, size_t message_size)
{
	struct parse p = {.config = c};
	int line = find_bad_line(text);

	message[0] = '\0';
	if (line != 0) {
		(void)snprintf(message, message_size, "%s:%d: the line is too long", name, line);
		return ERR_INVALID;
	}
	line = ini_parse_string(text, on_key, &p);
	if (line == 0)
		return 0;
	if (line < 0) {
		(void)snprintf(message, message_size, "%s: out of memory", name);
		return ERR_NOMEM;
	}
	(void)snprintf(message, message_size, "%s:%d: %s", name, line,
		       p.failed ? p.why : "expected [section] or key = value");
	return ERR_INVALID;
}

int config_read(struct config *c, const char *path, char *message, size_t message_size)
{
	char *text = NULL;
	size_t len = 0;
	int r = file_read(path, CONFIG_FILE_MAX, &text, &len);

	if (r < 0) {
		(void)snprintf(message, message_size, "%s: %s", path, err_str(r));
		return r;
	}
	if (strlen(text) != len) {
		(void)snprintf(message, message_size, "%s: holds a NUL byte", path);
		r = ERR_INVALID;
	} else {
		r = config_parse(c, path, text, message, message_size);
	}
	free(text);
	return r;
}

static char *default_state_dir(void)
{
	const char *xdg = getenv("XDG_STATE_HOME");
	const char *home = getenv("HOME");

	if (xdg != NULL && xdg[0] == '/')
		return str_asprintf("%s/allium", xdg);
	if (home != NULL && home[0] == '/')
		return str_asprintf("%s/.local/state/allium", home);
	return strdup("");
}

int config_init(struct config *c, char *message, size_t message_size)
{
	*c = (struct config){
	    .registration = true,
	    .sts_duration_s = MONTH_S,
	    .clients_max = 4096,
	    .account_clients_max = 2048,
	    .unread_max_kib = 4096,
	    .flood_burst = 20000,
	    .flood_rate = 5000,
	    .stranger_burst = 5000,
	    .stranger_rate = 1000,
	    .accounts_max = 32,
	    .tor_mode = CONFIG_TOR_MANAGED,
	    .log_level = LOG_INFO,
	    .publish_spread_ms = SPREAD_MS,
	};
	message[0] = '\0';
	c->server_name = strdup("allium.local");
	c->tor_binary = strdup("/usr/bin/tor");
	c->tor_control = strdup("/run/tor/control");
	c->tor_socks = strdup("/run/tor/socks");
	c->target_dir = strdup("/run/allium");
	c->state_dir = default_state_dir();
	if (c->server_name == NULL || c->tor_binary == NULL || c->tor_control == NULL ||
	    c->tor_socks == NULL || c->target_dir == NULL || c->state_dir == NULL) {
		(void)snprintf(message, message_size, "out of memory");
		config_clear(c);
		return ERR_NOMEM;
	}
	return pwhash_params_parse("moderate", &c->pwhash);
}

static bool has_line(const char *text, const char *line)
{
	size_t len = strlen(line);

	while (strncmp(text, line, len) != 0 || (text[len] != '\n' && text[len] != '\0')) {
		text += strcspn(text, "\n");
		if (*text++ == '\0')
			return false;
	}
	return true;
}

/* Does the managed tor live on a private network, all of whose relays are its owner's? */
static bool is_test_network(const struct config *c)
{
	char *text = NULL;
	size_t len;
	bool found;

	if (c->torrc_extra == NULL || file_read(c->torrc_extra, CONFIG_FILE_MAX, &text, &len) != 0)
		return false;
	found = has_line(text, TEST_NETWORK);
	free(text);
	return found;
}

bool config_has_tls(const struct config *c)
{
	for (size_t i = 0; i < c->n_listen; i++) {
		if (inlet_is_secure(c->listen[i]))
			return true;
	}
	return false;
}

int config_client_address(const struct config *c, const char *address, char *host, size_t size, const char **port)
{
	const char *start = address + (inlet_is_secure(address) ? strlen("tls:") : 0);
	const char *colon = strrchr(address, ':');
	size_t len;

	if (strncmp(address, "unix:", 5) == 0 || strncmp(address, "ws:", 3) == 0 || colon == NULL || colon <= start)
		return ERR_NOT_FOUND;
	*port = colon + 1;
	len = (size_t)(colon - start);
	if (strncmp(start, "0.0.0.0:", 8) == 0 || strncmp(start, "[::]:", 5) == 0)
		return str_copy(host, size, c->server_name);
	if (start[0] == '[' && len > 2)
		return str_copy_n(host, size, start + 1, len - 2);
	return str_copy_n(host, size, start, len);
}

static int check_tls(const struct config *c, char *message, size_t message_size)
{
	const char *why = NULL;

	if ((c->tls_cert == NULL) != (c->tls_key == NULL))
		why = "tls_cert and tls_key go together: set both or none";
	else if (c->sts && c->tls_cert == NULL)
		why = "sts = on needs a certificate that clients can verify: set tls_cert and tls_key";
	else if (c->sts && !config_has_tls(c))
		why = "sts = on needs an address to listen on with TLS";
	if (why == NULL)
		return 0;
	(void)snprintf(message, message_size, "%s", why);
	return ERR_INVALID;
}

int config_check(struct config *c, char *message, size_t message_size)
{
	message[0] = '\0';
	if (check_tls(c, message, message_size) != 0)
		return ERR_INVALID;
	/* Below it the constant stream of many links would be a burden for the public network's relays. */
	if (c->cover_slot_ms != 0 && c->cover_slot_ms < SLOT_MIN_MS && !is_test_network(c)) {
		(void)snprintf(message, message_size,
			       "cover_slot must be at least %d milliseconds, except on a private Tor network",
			       SLOT_MIN_MS);
		return ERR_INVALID;
	}
	if (c->state_dir[0] == '\0') {
		(void)snprintf(message, message_size,
			       "no place for the state: set HOME, or state_dir in section [storage]");
		return ERR_NOT_FOUND;
	}
	if (c->n_listen > 0)
		return 0;
	c->listen[0] = strdup("127.0.0.1:6667");
	if (c->listen[0] == NULL) {
		(void)snprintf(message, message_size, "out of memory");
		return ERR_NOMEM;
	}
	c->n_listen = 1;
	return 0;
}

void config_clear(struct config *c)
{
	for (size_t i = 0; i < c->n_listen; i++)
		free(c->listen[i]);
	for (size_t i = 0; i < c->n_ws_origin; i++)
		free(c->ws_origin[i]);
	free(c->server_name);
	free(c->motd);
	free(c->tls_cert);
	free(c->tls_key);
	free(c->tor_binary);
	free(c->torrc_extra);
	free(c->tor_control);
	free(c->tor_socks);
	free(c->target_dir);
	free(c->state_dir);
	*c = (struct config){0};
}
