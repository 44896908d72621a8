/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The daemon's certificate: the operator's, or one that is made at the first start with TLS and then kept. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app.h"
#include "base/err.h"
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "crypto/certificate.h"

#define OWN_FILE "tls.pem" /* key and certificate, in the state directory */
#define PIN_SIZE (TLS_FINGERPRINT_LEN / 2 * 3)

static int make_own(const struct config *c, const char *path)
{
	char *pem;
	size_t len;
	int r = certificate_make(c->server_name, &pem, &len);

	if (r == 0) {
		r = file_replace(path, pem, len, 0600);
		crypto_wipe(pem, len);
		free(pem);
	}
	if (r == 0)
		log_info("made a certificate for TLS: %s", path);
	return r;
}

/* An own one that can't be read is not replaced: clients have pinned it. */
static int load_own(struct app *app)
{
	char path[4096];
	int r = str_fmt(path, sizeof(path), "%s/%s", app->config->state_dir, OWN_FILE);

	if (r == 0 && access(path, F_OK) != 0 && errno == ENOENT)
		r = make_own(app->config, path);
	if (r == 0)
		r = tls_load(app->tls, path, path);
	if (r < 0)
		log_error("can't use the certificate %s: %s", path, err_str(r));
	return r;
}

static int load_given(struct app *app)
{
	const struct config *c = app->config;
	int r = tls_load(app->tls, c->tls_cert, c->tls_key);

	if (r == ERR_INVALID)
		log_error("%s and %s are not a certificate and its key without a password, both PEM",
			  c->tls_cert, c->tls_key);
	else if (r < 0)
		log_error("can't read %s and %s: %s", c->tls_cert, c->tls_key, err_str(r));
	return r;
}

/* As openssl and irssi write it; a row of so many digits the log would hide. */
static void with_colons(const char *fingerprint, char out[PIN_SIZE])
{
	size_t n = 0;

	for (size_t i = 0; fingerprint[i] != '\0' && n + 3 <= PIN_SIZE; i += 2) {
		memcpy(out + n, fingerprint + i, 2);
		out[n + 2] = ':';
		n += 3;
	}
	out[n > 0 ? n - 1 : 0] = '\0';
}

int app_tls_load(struct app *app)
{
	if (!config_has_tls(app->config))
		return 0;
	return app->config->tls_cert != NULL ? load_given(app) : load_own(app);
}

void app_tls_tell(const struct app *app, const char *host, const char *port)
{
	char pin[PIN_SIZE];

	with_colons(tls_fingerprint(app->tls), pin);
	log_info("  certificate's SHA-256: %s", pin);
	log_info("  irssi:   /connect -tls -tls_pinned_cert %s %s %s", pin, host, port);
	log_info(
	    "  WeeChat: /server add allium %s/%s -tls -tls_fingerprint=(the same without colons)   (before "
	    "version 4: -ssl -ssl_fingerprint), then /connect allium",
	    host, port);
}
