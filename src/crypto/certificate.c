/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "crypto/certificate.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/str.h"
#include "crypto/crypto.h"

#define DAY_S	   (24 * 60 * 60L)
#define VALID_DAYS (20 * 365L)

/* A clock that is a day behind ours shall find it valid. */
static bool set_validity(X509 *x)
{
	return X509_gmtime_adj(X509_getm_notBefore(x), -DAY_S) != NULL &&
	       X509_time_adj_ex(X509_getm_notAfter(x), VALID_DAYS, 0, NULL) != NULL;
}

/* Positive, and never the same again: clients tell certificates of one issuer apart by it. */
static bool set_serial(X509 *x)
{
	uint64_t serial;

	rng_fill(&rng_system, &serial, sizeof(serial));
	return ASN1_INTEGER_set_uint64(X509_get_serialNumber(x), serial >> 1 | 1) == 1;
}

static bool set_names(X509 *x, const char *host)
{
	X509_NAME *name = X509_get_subject_name(x);

	return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)host, -1, -1,
					  0) == 1 &&
	       X509_set_issuer_name(x, name) == 1;
}

static bool add_extension(X509 *x, int nid, const char *value)
{
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
	bool done = e != NULL && X509_add_ext(x, e, -1) == 1;

	X509_EXTENSION_free(e);
	return done;
}

static bool add_extensions(X509 *x, const char *host)
{
	char names[CERTIFICATE_HOST_MAX + 64];

	return str_fmt(names, sizeof(names), "DNS:%s,DNS:localhost,IP:127.0.0.1,IP:::1", host) == 0 &&
	       add_extension(x, NID_subject_alt_name, names) &&
	       add_extension(x, NID_basic_constraints, "critical,CA:FALSE") &&
	       add_extension(x, NID_key_usage, "critical,digitalSignature") &&
	       add_extension(x, NID_ext_key_usage, "serverAuth");
}

static X509 *certificate_sign(EVP_PKEY *key, const char *host)
{
	X509 *x = X509_new();

	if (x != NULL && X509_set_version(x, X509_VERSION_3) == 1 && set_serial(x) && set_validity(x) &&
	    set_names(x, host) && X509_set_pubkey(x, key) == 1 && add_extensions(x, host) &&
	    X509_sign(x, key, EVP_sha256()) > 0)
		return x;
	X509_free(x);
	return NULL;
}

static int take_text(BIO *bio, char **out, size_t *len)
{
	char *data;
	long n = BIO_get_mem_data(bio, &data);

	if (n <= 0)
		return ERR_CRYPTO;
	*out = malloc((size_t)n + 1);
	if (*out == NULL)
		return ERR_NOMEM;
	memcpy(*out, data, (size_t)n);
	(*out)[n] = '\0';
	*len = (size_t)n;
	return 0;
}

int certificate_make(const char *host, char **pem, size_t *len)
{
	EVP_PKEY *key = NULL;
	X509 *x = NULL;
	BIO *bio = NULL;
	int err = ERR_CRYPTO;

	*pem = NULL;
	*len = 0;
	if (strlen(host) > CERTIFICATE_HOST_MAX)
		return ERR_TOO_LONG;
	key = EVP_EC_gen("P-256");
	x = key != NULL ? certificate_sign(key, host) : NULL;
	bio = BIO_new(BIO_s_secmem());
	if (x == NULL || bio == NULL ||
	    PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) != 1 ||
	    PEM_write_bio_X509(bio, x) != 1)
		goto out;
	err = take_text(bio, pem, len);
out:
	BIO_free(bio);
	X509_free(x);
	EVP_PKEY_free(key);
	return err;
}
