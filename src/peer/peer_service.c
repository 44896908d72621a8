/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The onion services of the account: each with a Unix socket of its own, so that it is known which was
 * dialled. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/str.h"
#include "io/stream.h"
#include "peer_private.h"

#define RETRY_MS 60000

/* ---- what happens on a service ---- */

static void on_accept(void *ctx, int fd)
{
	struct peer_service *s = ctx;

	if (s->id == CHAT_DOOR)
		peer_door_accept(s, fd);
	else
		peer_link_incoming(s, fd);
}

static void set_published(struct peer_service *s, bool published)
{
	s->published = published;
	timer_set(s->peer->soon, 0);
}

static void on_onion(void *ctx, enum onion_event event, const char *text)
{
	struct peer_service *s = ctx;
	(void)text; /* the tor layer has logged it, and tries again */

	set_published(s, event == ONION_PUBLISHED);
}

bool peer_published(const struct peer *p)
{
	const struct peer_service *s;
	size_t n = 0;

	TAILQ_FOREACH (s, &p->services, entry) {
		if (s->withdrawn)
			continue;
		if (!s->published)
			return false;
		n++;
	}
	return n > 0;
}

bool peer_has_onion(const struct peer *p, const char *onion)
{
	const struct peer_service *s;
	char address[ONION_LEN + 1];

	TAILQ_FOREACH (s, &p->services, entry) {
		onion_encode(s->onion_key, address);
		if (strcmp(address, onion) == 0)
			return true;
	}
	return false;
}

void peer_on_tor_down(struct peer *p)
{
	struct peer_service *s;

	TAILQ_FOREACH (s, &p->services, entry)
		set_published(s, false);
}

/* ---- what chat asks for ---- */

static void service_free(struct peer_service *s)
{
	peer_link_end_service(s);
	if (s->id == CHAT_DOOR)
		peer_door_empty(s->peer);
	TAILQ_REMOVE(&s->peer->services, s, entry);
	tor_onion_del(s->onion);
	listener_free(s->listener);
	secret_free(s->secret);
	free(s->clients);
	free(s);
}

static struct peer_service *service_new(struct peer *p, const struct chat_service *wanted)
{
	struct peer_service *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->secret = secret_new(ONION_SECRET_BYTES);
	if (s->secret == NULL) {
		free(s);
		return NULL;
	}
	s->peer = p;
	s->id = wanted->id;
	memcpy(s->onion_key, wanted->onion, KEY_BYTES);
	identity_onion_secret(wanted->seed, s->secret);
	TAILQ_INSERT_TAIL(&p->services, s, entry);
	return s;
}

static int take_clients(struct peer_service *s, const struct chat_service *wanted)
{
	size_t bytes = wanted->n_clients * KEY_BYTES;
	uint8_t(*clients)[KEY_BYTES] = NULL;

	if (s->n_clients == wanted->n_clients &&
	    (bytes == 0 || memcmp(s->clients, wanted->clients, bytes) == 0))
		return 0;
	if (bytes > 0) {
		clients = malloc(bytes);
		if (clients == NULL)
			return ERR_NOMEM;
		memcpy(clients, wanted->clients, bytes);
	}
	free(s->clients);
	s->clients = clients;
	s->n_clients = wanted->n_clients;
	s->clients_changed = true;
	return 0;
}

/* Numbers come again with other keys once their service is forgotten. */
static struct peer_service *find(struct peer *p, const struct chat_service *wanted)
{
	struct peer_service *s;

	TAILQ_FOREACH (s, &p->services, entry) {
		if (s->id == wanted->id && memcmp(s->onion_key, wanted->onion, KEY_BYTES) == 0)
			break;
	}
	return s;
}

static void ask(struct peer_service *s)
{
	s->pending = true;
	domain_mark(s->peer->domain);
}

int peer_service_publish(struct peer *p, const struct chat_service *wanted)
{
	struct peer_service *s;
	int r;

	if (p->tor == NULL || p->target[0] == '\0')
		return 0;
	s = find(p, wanted);
	if (s == NULL || s->withdrawn)
		peer_service_withdraw(p, wanted->id);
	if (s == NULL)
		s = service_new(p, wanted);
	if (s == NULL)
		return ERR_NOMEM;
	r = take_clients(s, wanted);
	if (r < 0)
		return r;
	s->withdrawn = false;
	s->wants_door = wanted->door_role;
	s->wants_private = wanted->private_role;
	ask(s);
	return 0;
}

void peer_service_withdraw(struct peer *p, uint32_t id)
{
	struct peer_service *s;

	TAILQ_FOREACH (s, &p->services, entry) {
		if (s->id == id) {
			s->withdrawn = true;
			ask(s);
		}
	}
}

/* ---- doing it ---- */

static int listen_at(struct peer_service *s)
{
	struct peer *p = s->peer;
	char address[sizeof("unix:") + sizeof(p->target)];
	int r;

	if (s->id == CHAT_DOOR)
		r = str_fmt(address, sizeof(address), "unix:%s", p->target);
	else
		r = str_fmt(address, sizeof(address), "unix:%s-%u", p->target, (unsigned)s->id);
	return r < 0 ? r : listener_new(p->loop, address, p->opts.target_mode, on_accept, s, &s->listener);
}

static int publish(struct peer_service *s)
{
	struct tor_onion_opts opts = {
	    .secret = s->secret,
	    .ed_public = s->onion_key,
	    .target_path = listener_address(s->listener) + strlen("unix:"),
	    .pow = s->id == CHAT_DOOR,
	    .clients = (const uint8_t(*)[KEY_BYTES])s->clients,
	    .n_clients = s->n_clients,
	};
	int r = tor_onion_add(s->peer->tor, &opts, on_onion, s, &s->onion);

	if (r < 0)
		return r;
	secret_free(s->secret);
	s->secret = NULL;
	return 0;
}

static int serve(struct peer_service *s)
{
	int r = 0;

	s->door_role = s->wants_door;
	s->private_role = s->wants_private;
	if (s->listener == NULL)
		r = listen_at(s);
	if (r == 0 && s->onion == NULL)
		r = publish(s);
	else if (r == 0 && s->clients_changed)
		r = tor_onion_set_clients(s->onion, (const uint8_t(*)[KEY_BYTES])s->clients, s->n_clients);
	if (r == 0)
		s->clients_changed = false;
	return r;
}

static void apply(struct peer_service *s)
{
	int r = serve(s);

	s->pending = r < 0;
	if (r < 0 && !s->failed)
		log_error("an onion service can't be published: %s; it is tried again", err_str(r));
	s->failed = r < 0;
	if (r < 0)
		timer_set(s->peer->retry, RETRY_MS);
}

void peer_services_flush(struct peer *p)
{
	struct peer_service *s, *next;

	TAILQ_FOREACH_SAFE (s, &p->services, entry, next) {
		if (s->withdrawn) {
			service_free(s);
			timer_set(p->soon, 0);
		}
	}
	TAILQ_FOREACH (s, &p->services, entry) {
		if (s->pending && !s->failed)
			apply(s);
	}
}

void peer_services_retry(struct peer *p)
{
	struct peer_service *s;

	TAILQ_FOREACH (s, &p->services, entry) {
		if (s->failed)
			apply(s);
	}
}

void peer_services_clear(struct peer *p)
{
	struct peer_service *s;

	while ((s = TAILQ_FIRST(&p->services)) != NULL)
		service_free(s);
}

/* ---- what an earlier run has left ---- */

static bool is_target(const char *name, const char *base)
{
	size_t len = strlen(base);

	if (strncmp(name, base, len) != 0)
		return false;
	name += len;
	return name[0] == '\0' || (name[0] == '-' && strspn(name + 1, "0123456789") == strlen(name + 1));
}

static void remove_dead(const char *path)
{
	struct stat st;
	int fd;

	if (lstat(path, &st) != 0 || !S_ISSOCK(st.st_mode))
		return;
	if (unix_connect(path, &fd) == ERR_REFUSED)
		(void)unlink(path);
	else if (fd >= 0)
		close(fd);
}

void peer_services_sweep(const char *target)
{
	const char *base = strrchr(target, '/') + 1;
	char dir[PEER_TARGET_MAX + 1], path[PEER_TARGET_MAX + 1];
	const struct dirent *entry;
	DIR *d;

	if (str_copy_n(dir, sizeof(dir), target, (size_t)(base - target)) != 0)
		return;
	d = opendir(dir);
	if (d == NULL)
		return;
	while ((entry = readdir(d)) != NULL) {
		if (is_target(entry->d_name, base) &&
		    str_fmt(path, sizeof(path), "%s%s", dir, entry->d_name) == 0)
			remove_dead(path);
	}
	closedir(d);
}
