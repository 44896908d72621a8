/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The configuration file: taken whole, or refused with a message that names the file. */
#include "fuzz.h"

#include "app/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char message[512];
	struct config config;
	char *text = fuzz_string(data, len);

	fuzz_check(config_init(&config, message, sizeof(message)) == 0);
	if (config_parse(&config, "fuzz.conf", text, message, sizeof(message)) == 0) {
		fuzz_check(message[0] == '\0');
		fuzz_check(config.n_listen <= CONFIG_LISTEN_MAX);
		fuzz_check(config.server_name != NULL && strchr(config.server_name, '.') != NULL);
		fuzz_check(config.tor_mode <= CONFIG_TOR_OFF);
		fuzz_check(config.dial_min_ms <= 86400000);
	} else {
		fuzz_check(strncmp(message, "fuzz.conf:", 10) == 0);
	}
	config_clear(&config);
	free(text);
	return 0;
}
