/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/nick.h"

#include <string.h>

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool may_start(char c)
{
	return is_letter(c) || (c && strchr("[]\\`_^{|}", c));
}

static bool may_follow(char c)
{
	return may_start(c) || is_digit(c) || c == '-';
}

static char fold(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool nick_valid(const char *nick)
{
	size_t n = 0;
	if (!may_start(nick[0]))
		return false;
	while (n <= NICK_MAX && may_follow(nick[n]))
		n++;
	return n <= NICK_MAX && !nick[n];
}

bool nick_eq(const char *a, const char *b)
{
	while (*a && fold(*a) == fold(*b)) {
		a++;
		b++;
	}
	return fold(*a) == fold(*b);
}

void nick_fold(const char *nick, char out[NICK_MAX + 1])
{
	size_t n = 0;
	for (; n < NICK_MAX && nick[n]; n++)
		out[n] = fold(nick[n]);
	out[n] = '\0';
}

/* One character stands for all that look like it. */
static char prototype(char c)
{
	switch (fold(c)) {
	case '1':
	case 'i':
	case '|':
		return 'l';
	case '0':
		return 'o';
	case '5':
		return 's';
	case '2':
		return 'z';
	case '8':
		return 'b';
	case '[':
		return '{';
	case ']':
		return '}';
	case '-':
	case '`':
	case '^':
		return '_';
	}
	return fold(c);
}

/*
 * Appends c to the skeleton of n bytes, merging it with the byte before; returns the new length.  Each rule
 * has one normal form: v and w in a row become all w with at most one v behind them.
 */
static size_t skeleton_add(char *out, size_t n, char c)
{
	const char last = n ? out[n - 1] : '\0';
	if (c == '_' && (!n || last == '_'))
		return n;
	if (last == 'r' && c == 'n') {
		out[n - 1] = 'm';
		return n;
	}
	if (last == 'v' && (c == 'v' || c == 'w')) {
		out[n - 1] = 'w';
		if (c == 'v')
			return n;
		c = 'v';
	}
	out[n] = c;
	return n + 1;
}

void nick_skeleton(const char *nick, char out[NICK_MAX + 1])
{
	size_t n = 0;
	for (size_t i = 0; i < NICK_MAX && nick[i]; i++)
		n = skeleton_add(out, n, prototype(nick[i]));
	if (n && out[n - 1] == '_')
		n--;
	out[n] = '\0';
}

bool nick_lookalike(const char *a, const char *b)
{
	char skeleton_a[NICK_MAX + 1], skeleton_b[NICK_MAX + 1];
	if (nick_eq(a, b))
		return false;
	nick_skeleton(a, skeleton_a);
	nick_skeleton(b, skeleton_b);
	return !strcmp(skeleton_a, skeleton_b);
}

void nick_sanitize(const char *in, size_t len, char out[NICK_MAX + 1])
{
	size_t n = 0;
	for (size_t i = 0; i < len && n < NICK_MAX; i++)
		if (n ? may_follow(in[i]) : may_start(in[i]))
			out[n++] = in[i];
	out[n] = '\0';
	if (!n)
		memcpy(out, "peer", sizeof("peer"));
}
