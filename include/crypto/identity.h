/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Identities and onion addresses.
 *
 * An identity is an Ed25519 key pair.  Its public key is the v3 onion address of the door (rend-spec-v3,
 * appendix "encoding onion addresses") and, through the birational map, an X25519 key.  Nothing is ever
 * signed with it.
 */
#ifndef CRYPTO_IDENTITY_H
#define CRYPTO_IDENTITY_H

#include "crypto/crypto.h"

#define ONION_LEN	   56		   /* base32 digits, without ".onion" */
#define ONION_HOST_LEN	   (ONION_LEN + 6) /* with ".onion" */
#define ONION_SECRET_BYTES 64		   /* tor's expanded secret key */

/* The Ed25519 public key of a seed. */
void identity_public(const uint8_t seed[KEY_BYTES], uint8_t ed_public[KEY_BYTES]);
/* The X25519 secret that belongs to the seed (libsodium's crypto_sign_ed25519_sk_to_curve25519). */
void identity_dh_secret(const uint8_t seed[KEY_BYTES], uint8_t x_secret[KEY_BYTES]);
/* The X25519 public key of an Ed25519 one.  ERR_CRYPTO for a point that crypto_core_ed25519_is_valid_point
 * refuses. */
int identity_dh_public(const uint8_t ed_public[KEY_BYTES], uint8_t x_public[KEY_BYTES]);
/* ERR_CRYPTO unless the point is canonical, on the curve, of the main subgroup and not of small order. */
int identity_check(const uint8_t ed_public[KEY_BYTES]);
/* The 64 bytes that ADD_ONION ED25519-V3 takes: clamped SHA-512 of the seed. */
void identity_onion_secret(const uint8_t seed[KEY_BYTES], uint8_t out[ONION_SECRET_BYTES]);

/* 56 lower-case digits and a NUL. */
void onion_encode(const uint8_t ed_public[KEY_BYTES], char out[ONION_LEN + 1]);
/*
 * Reads 56 digits, either case, with or without ".onion", nothing else; checks version, checksum and the
 * point. ERR_INVALID for anything malformed, ERR_CRYPTO for a bad point.
 */
int onion_decode(const char *in, uint8_t ed_public[KEY_BYTES]);

#endif
