/* Any bytes as each of the texts that tell who belongs to a target: lists of pids, status, cgroup, mountinfo. */
#include "fuzz.h"

#include "target/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size), path[64];
	const char *at = text, *end = text + size;
	struct proc_status status;
	struct mount mount;
	pid_t pid;

	while (parse_pid(&at, end, &pid))
		if (pid <= 0)
			abort();
	if (at > end)
		abort();
	for (at = text; parse_mount(&at, end, &mount);)
		parse_has_word(mount.options, "memory");
	if (at > end)
		abort();
	parse_status(text, size, &status);
	parse_cgroup(text, size, NULL, path, sizeof path);
	parse_cgroup(text, size, "memory", path, sizeof path);
	free(text);
	return 0;
}
