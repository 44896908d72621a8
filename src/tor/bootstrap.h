/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What tor says about its state (control-spec 4.1.10, STATUS_CLIENT and STATUS_GENERAL), turned into words
 * for people.  Pure. */
#ifndef TOR_BOOTSTRAP_H
#define TOR_BOOTSTRAP_H

#include <stddef.h>

#define BOOTSTRAP_TEXT_MAX 160

struct bootstrap {
	int progress;		       /* 0..100; -1: this line says nothing about it */
	char text[BOOTSTRAP_TEXT_MAX]; /* empty: nothing to say */
};

/*
 * Reads "NOTICE BOOTSTRAP PROGRESS=..." and the like, with or without "STATUS_CLIENT" or "STATUS_GENERAL" in
 * front.  0, or ERR_NOT_FOUND for a line that isn't about what people wait for.
 */
int bootstrap_parse(const char *line, struct bootstrap *out);

#endif
