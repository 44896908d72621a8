/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "app.h"
#include "config.h"

static const char usage[] =
    "usage: alliumd [-c FILE] [--check-config] [--version] [--help]\n"
    "\n"
    "Serves IRC clients on this machine and carries their messages to onion-addressed peers\n"
    "over Tor. Stays in the foreground. Without -c it listens on 127.0.0.1:6667, keeps its\n"
    "state under $XDG_STATE_HOME/allium (~/.local/state/allium) and runs its own tor.\n"
    "\n"
    "  -c, --config FILE   read this configuration\n"
    "      --check-config  read it, say what is wrong with it, and end\n"
    "      --version       print the version and end\n"
    "      --help          print this and end\n"
    "\n"
    "alliumd(8) and allium.conf(5) tell the rest.\n";

enum { OPT_CHECK = 256, OPT_VERSION, OPT_HELP };

static const struct option options[] = {
    {"config", required_argument, NULL, 'c'},
    {"check-config", no_argument, NULL, OPT_CHECK},
    {"version", no_argument, NULL, OPT_VERSION},
    {"help", no_argument, NULL, OPT_HELP},
    {NULL, 0, NULL, 0},
};

static int load(struct config *config, const char *path)
{
	char message[512];
	int r = config_init(config, message, sizeof(message));

	if (r == 0 && path != NULL)
		r = config_read(config, path, message, sizeof(message));
	if (r == 0)
		r = config_check(config, message, sizeof(message));
	if (r < 0)
		(void)fprintf(stderr, "alliumd: %s\n", message);
	return r;
}

int main(int argc, char **argv)
{
	struct config config = {0};
	const char *path = NULL;
	bool check = false;
	int c, r;

	while ((c = getopt_long(argc, argv, "c:", options, NULL)) != -1) {
		switch (c) {
		case 'c':
			path = optarg;
			break;
		case OPT_CHECK:
			check = true;
			break;
		case OPT_VERSION:
			(void)puts(PACKAGE_STRING);
			return 0;
		case OPT_HELP:
			(void)fputs(usage, stdout);
			return 0;
		default:
			(void)fputs(usage, stderr);
			return 2;
		}
	}
	if (optind < argc) {
		(void)fprintf(stderr, "alliumd: unexpected argument \"%s\"\n%s", argv[optind], usage);
		return 2;
	}
	r = load(&config, path);
	if (r == 0 && !check)
		r = app_run(&config);
	config_clear(&config);
	return r == 0 ? 0 : 1;
}
