/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

int str_fmt(char *out, size_t size, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(out, size, fmt, ap);
	va_end(ap);
	if (n >= 0 && (size_t)n < size)
		return 0;
	if (size)
		out[0] = '\0';
	return ERR_TOO_LONG;
}

int str_copy(char *out, size_t size, const char *in)
{
	return str_copy_n(out, size, in, strlen(in));
}

int str_copy_n(char *out, size_t size, const char *in, size_t len)
{
	if (!size)
		return ERR_TOO_LONG;
	out[0] = '\0';
	if (len && memchr(in, '\0', len))
		return ERR_INVALID;
	if (len >= size)
		return ERR_TOO_LONG;
	if (len)
		memcpy(out, in, len);
	out[len] = '\0';
	return 0;
}

char *str_asprintf(const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		return NULL;
	char *out = malloc((size_t)n + 1);
	if (!out)
		return NULL;
	va_start(ap, fmt);
	vsnprintf(out, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return out;
}

int str_to_u64(const char *in, uint64_t min, uint64_t max, uint64_t *out)
{
	uint64_t v = 0;
	if (!*in)
		return ERR_INVALID;
	for (; *in; in++) {
		if (*in < '0' || *in > '9')
			return ERR_INVALID;
		const uint64_t digit = (uint64_t)(*in - '0');
		if (v > (UINT64_MAX - digit) / 10)
			return ERR_INVALID;
		v = v * 10 + digit;
	}
	if (v < min || v > max)
		return ERR_INVALID;
	*out = v;
	return 0;
}

void hex_encode(const uint8_t *in, size_t len, char *out)
{
	static const char digits[] = "0123456789abcdef";
	for (size_t i = 0; i < len; i++) {
		*out++ = digits[in[i] >> 4];
		*out++ = digits[in[i] & 15];
	}
	*out = '\0';
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int hex_decode(const char *in, uint8_t *out, size_t len)
{
	if (strlen(in) != 2 * len)
		return ERR_INVALID;
	for (size_t i = 0; i < len; i++) {
		const int hi = hex_value(in[2 * i]), lo = hex_value(in[2 * i + 1]);
		if (hi < 0 || lo < 0)
			return ERR_INVALID;
		out[i] = (uint8_t)(hi << 4 | lo);
	}
	return 0;
}

void base32_encode(const uint8_t *in, size_t len, char *out)
{
	static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";
	unsigned acc = 0, bits = 0;
	for (size_t i = 0; i < len; i++) {
		acc = (acc << 8 | in[i]) & 0xfff; /* at most 4 bits are left over from before */
		for (bits += 8; bits >= 5; bits -= 5)
			*out++ = digits[acc >> (bits - 5) & 31];
	}
	if (bits)
		*out++ = digits[acc << (5 - bits) & 31];
	*out = '\0';
}

static int base32_value(char c)
{
	if (c >= 'a' && c <= 'z')
		return c - 'a';
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= '2' && c <= '7')
		return c - '2' + 26;
	return -1;
}

int base32_decode(const char *in, size_t in_len, uint8_t *out, size_t out_len)
{
	if (in_len != BASE32_LEN(out_len))
		return ERR_INVALID;
	unsigned acc = 0, bits = 0;
	for (size_t i = 0; i < in_len; i++) {
		const int v = base32_value(in[i]);
		if (v < 0)
			return ERR_INVALID;
		acc = (acc << 5 | (unsigned)v) & 0xfff;
		bits += 5;
		if (bits >= 8) {
			bits -= 8;
			*out++ = (uint8_t)(acc >> bits);
		}
	}
	return acc & ((1u << bits) - 1) ? ERR_INVALID : 0;
}

static const char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(const void *in, size_t len, char *out)
{
	const uint8_t *p = in;
	for (size_t i = 0; i < len; i += 3) {
		const size_t n = len - i < 3 ? len - i : 3;
		const unsigned bits = (unsigned)p[i] << 16 | (n > 1 ? (unsigned)p[i + 1] << 8 : 0) |
				      (n > 2 ? (unsigned)p[i + 2] : 0);
		for (size_t j = 0; j < 4; j++)
			*out++ = j <= n ? base64_digits[bits >> (18 - 6 * j) & 63] : '=';
	}
	*out = '\0';
}

static int base64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+')
		return 62;
	return c == '/' ? 63 : -1;
}

/* Four digits of which the last pad are padding. */
static int base64_group(const char *in, size_t pad, uint8_t out[3])
{
	unsigned bits = 0;
	for (size_t i = 0; i < 4 - pad; i++) {
		const int v = base64_value(in[i]);
		if (v < 0)
			return ERR_INVALID;
		bits |= (unsigned)v << (18 - 6 * i);
	}
	out[0] = (uint8_t)(bits >> 16);
	out[1] = (uint8_t)(bits >> 8);
	out[2] = (uint8_t)bits;
	return (pad > 0 && out[2]) || (pad > 1 && out[1]) ? ERR_INVALID : 0;
}

int base64_decode(const char *in, size_t in_len, void *out, size_t size, size_t *out_len)
{
	uint8_t *p = out, group[3];
	size_t pad = 0, n = 0;
	if (in_len % 4)
		return ERR_INVALID;
	while (pad < 2 && in_len > pad && in[in_len - 1 - pad] == '=')
		pad++;
	if (in_len / 4 * 3 - pad > size)
		return ERR_TOO_LONG;
	for (size_t i = 0; i < in_len; i += 4) {
		const size_t cut = i + 4 == in_len ? pad : 0;
		const int err = base64_group(in + i, cut, group);
		if (err)
			return err;
		memcpy(p + n, group, 3 - cut);
		n += 3 - cut;
	}
	*out_len = n;
	return 0;
}

/* RFC 3629 section 4: bytes of the sequence at p (left > 0 bytes), 0 if it is malformed. */
static size_t utf8_sequence(const unsigned char *p, size_t left)
{
	unsigned char low = 0x80, high = 0xbf; /* range of the second byte */
	size_t n;
	if (p[0] >= 0x01 && p[0] <= 0x7f)
		return 1;
	if (p[0] >= 0xc2 && p[0] <= 0xdf)
		n = 2;
	else if (p[0] >= 0xe0 && p[0] <= 0xef)
		n = 3;
	else if (p[0] >= 0xf0 && p[0] <= 0xf4)
		n = 4;
	else
		return 0;
	if (p[0] == 0xe0)
		low = 0xa0; /* overlong */
	else if (p[0] == 0xed)
		high = 0x9f; /* surrogates */
	else if (p[0] == 0xf0)
		low = 0x90; /* overlong */
	else if (p[0] == 0xf4)
		high = 0x8f; /* above U+10FFFF */
	if (n > left || p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

size_t utf8_char(const char *in, size_t len)
{
	return len ? utf8_sequence((const unsigned char *)in, len) : 0;
}

/* ASCII, a word at a time, since most text is. */
static size_t plain_prefix(const char *in, size_t len)
{
	size_t n = 0;
	uint64_t word;
	for (; len - n >= sizeof(word); n += sizeof(word)) {
		memcpy(&word, in + n, sizeof(word));
		/* A byte that is zero borrows from the one above it, one that is not ASCII has its highest bit. */
		if (((word - 0x0101010101010101ull) | word) & 0x8080808080808080ull)
			break;
	}
	return n;
}

bool utf8_valid(const char *in, size_t len)
{
	const size_t plain = plain_prefix(in, len);
	in += plain;
	len -= plain;
	while (len) {
		const size_t n = utf8_char(in, len);
		if (!n)
			return false;
		in += n;
		len -= n;
	}
	return true;
}

size_t utf8_cut(const char *in, size_t len, size_t max)
{
	if (len <= max)
		return len;
	while (max && ((unsigned char)in[max] & 0xc0) == 0x80)
		max--;
	return max;
}
