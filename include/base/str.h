/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bounded C strings and the encodings of names and addresses. */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Formats into out (size bytes with the NUL); ERR_TOO_LONG and an empty string if it does not fit. */
int str_fmt(char *out, size_t size, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Copies with the same rule. */
int str_copy(char *out, size_t size, const char *in);
/* Copies len bytes that hold no NUL; ERR_INVALID if they do. */
int str_copy_n(char *out, size_t size, const char *in, size_t len);
/* A malloc'd formatted string; NULL when out of memory. */
char *str_asprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Decimal without sign, blanks or overflow; ERR_INVALID otherwise or outside [min, max]. */
int str_to_u64(const char *in, uint64_t min, uint64_t max, uint64_t *out);

/* Lower-case hex.  out holds 2 * len + 1 bytes. */
void hex_encode(const uint8_t *in, size_t len, char *out);
/* Either case; exactly 2 * len digits, ERR_INVALID otherwise. */
int hex_decode(const char *in, uint8_t *out, size_t len);

/* RFC 4648 base32, lower case, no padding.  out holds BASE32_LEN(len) + 1 bytes. */
#define BASE32_LEN(len) (((len)*8 + 4) / 5)
void base32_encode(const uint8_t *in, size_t len, char *out);
/*
 * Decodes exactly in_len digits of either case to exactly out_len bytes;
 * ERR_INVALID for a foreign digit, a wrong length or trailing bits that are not zero.
 */
int base32_decode(const char *in, size_t in_len, uint8_t *out, size_t out_len);

/* RFC 4648 base64 with its padding.  out holds BASE64_LEN(len) + 1 bytes. */
#define BASE64_LEN(len) (((len) + 2) / 3 * 4)
void base64_encode(const void *in, size_t len, char *out);
/*
 * Decodes in_len digits to *out_len bytes, at most size.  ERR_INVALID for what base64_encode would not write: a
 * foreign digit, padding that is missing or stands elsewhere, trailing bits that are not zero.  ERR_TOO_LONG.
 */
int base64_decode(const char *in, size_t in_len, void *out, size_t size, size_t *out_len);

/* RFC 3629: no overlong forms, surrogates or code points above U+10FFFF. NUL is refused too. */
bool utf8_valid(const char *in, size_t len);
/* Bytes (1..4) of the code point at the start of in by the same rules; 0 if there is none. */
size_t utf8_char(const char *in, size_t len);
/* The largest n <= max such that in[0..n) ends at a code point boundary; in is valid UTF-8 of len bytes. */
size_t utf8_cut(const char *in, size_t len, size_t max);

#endif
