/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The log: one line an event, to stderr unless a sink is set.
 *
 * Escaped and scrubbed at the sink: control characters and bytes that are not UTF-8 become \xHH; anything
 * that looks like an onion address is cut to its first 6 characters and "[...]", and every run of 40 or more
 * base32, base64 or hex digits becomes "[scrubbed]" (in an absolute path each part is judged alone).  Callers
 * still never pass message text, passwords or keys.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stddef.h>

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/* Receives a finished line without newline. */
typedef void (*log_sink_cb)(void *ctx, enum log_level level, const char *line);

/* Lines above this level are dropped; LOG_INFO at first. */
void log_set_level(enum log_level level);
/* NULL restores stderr. */
void log_set_sink(log_sink_cb cb, void *ctx);
/* "error", "warn", "info", "debug"; ERR_INVALID otherwise. */
int log_level_parse(const char *name, enum log_level *out);

/* Cut at 1,023 bytes, scrubbed. */
void log_write(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
#define log_error(...) log_write(LOG_ERROR, __VA_ARGS__)
#define log_warn(...)  log_write(LOG_WARN, __VA_ARGS__)
#define log_info(...)  log_write(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_write(LOG_DEBUG, __VA_ARGS__)

/* The scrubber alone, for the test and for texts that leave by another way: out of size bytes,
 * cut if longer. */
void log_scrub(const char *in, char *out, size_t size);

#endif
