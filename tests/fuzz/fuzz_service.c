/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lines to the service nick: arguments lie in the line, as many as the command takes. */
#include "fuzz.h"

#include "../../src/gateway/service.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const struct service_command *cmd;
	struct service_args args;
	char *line = fuzz_string(data, len);
	int err = service_parse(line, &cmd, &args);

	fuzz_check(args.n <= SERVICE_ARGS_MAX);
	for (size_t i = 0; i < args.n; i++) {
		bool rest = cmd != NULL && (cmd->flags & SERVICE_REST) != 0 && i + 1 == cmd->most;

		fuzz_check(args.v[i] >= line && args.v[i] + strlen(args.v[i]) <= line + len);
		fuzz_check(args.v[i][0] != '\0' && args.v[i][0] != ' ');
		fuzz_check(rest || strchr(args.v[i], ' ') == NULL);
	}
	if (cmd != NULL && err == 0)
		fuzz_check(args.n >= cmd->least && args.n <= cmd->most);
	free(line);
	return 0;
}
