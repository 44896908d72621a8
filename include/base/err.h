/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Error codes of the whole program.
 *
 * A fallible function returns 0 or one of these negative codes.  The text is
 * for people: it goes into logs and NOTICEs and never holds user data.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#define ERR_MAP(X)                                                                                           \
	X(ERR_NOMEM, -1, "out of memory")                                                                    \
	X(ERR_INVALID, -2, "invalid input")                                                                  \
	X(ERR_TOO_LONG, -3, "too long")                                                                      \
	X(ERR_FULL, -4, "no room left")                                                                      \
	X(ERR_NOT_FOUND, -5, "not found")                                                                    \
	X(ERR_EXISTS, -6, "already exists")                                                                  \
	X(ERR_IO, -7, "input/output error")                                                                  \
	X(ERR_CRYPTO, -8, "cryptographic check failed")                                                      \
	X(ERR_AUTH, -9, "authentication refused")                                                            \
	X(ERR_PROTOCOL, -10, "protocol violated")                                                            \
	X(ERR_VERSION, -11, "unsupported version")                                                           \
	X(ERR_WRONG_STATE, -12, "not possible in this state")                                                \
	X(ERR_AGAIN, -13, "not now, try again later")                                                        \
	X(ERR_TIMEOUT, -14, "timed out")                                                                     \
	X(ERR_CLOSED, -15, "connection closed")                                                              \
	X(ERR_UNAVAILABLE, -16, "unavailable")                                                               \
	X(ERR_LOOKALIKE, -17, "looks like another name")                                                     \
	X(ERR_UTF8, -18, "not valid UTF-8")                                                                  \
	X(ERR_CANCELLED, -19, "cancelled")                                                                   \
	X(ERR_REFUSED, -20, "refused")                                                                       \
	X(ERR_PERMISSION, -21, "permission denied")

enum err {
#define X(name, value, text) name = value,
	ERR_MAP(X)
#undef X
};

/* The text of a code; "success" for 0, "unknown error" for anything else.  Static. */
const char *err_str(int err);

#endif
