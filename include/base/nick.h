/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Nicks and petnames: CASEMAPPING=ascii, the modern IRC grammar, and look-alikes.
 * One namespace holds the service nick, the account's own nick and all petnames.
 */
#ifndef BASE_NICK_H
#define BASE_NICK_H

#include <stdbool.h>
#include <stddef.h>

#define NICK_MAX 30 /* bytes; NICKLEN in ISUPPORT */

/* Letters, digits and []\`_^{|}-; not first a digit or '-'; 1..NICK_MAX bytes. */
bool nick_valid(const char *nick);
/* Equality under CASEMAPPING=ascii. */
bool nick_eq(const char *a, const char *b);
/* Folds to lower case under CASEMAPPING=ascii; out holds NICK_MAX + 1 bytes, longer input is cut. */
void nick_fold(const char *nick, char out[NICK_MAX + 1]);

/*
 * The skeleton (after UTS 39) under which look-alike nicks are equal: case, 1/l/i/|, 0/o, rn/m, vv/w,
 * 5/s, 2/z, 8/b, brackets and braces, and runs or ends of _ - ` ^ are folded away.  Two different contacts
 * never share one. out holds NICK_MAX + 1 bytes.
 */
void nick_skeleton(const char *nick, char out[NICK_MAX + 1]);
/* Same skeleton, but not nick_eq. */
bool nick_lookalike(const char *a, const char *b);

/*
 * Makes a valid nick out of anything a peer proposes: foreign bytes are dropped, the length is cut,
 * an empty result becomes "peer".  out holds NICK_MAX + 1 bytes.
 */
void nick_sanitize(const char *in, size_t len, char out[NICK_MAX + 1]);

#endif
