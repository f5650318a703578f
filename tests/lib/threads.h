/* Threads of the test itself that tach has started, and what the kernel says of them. */
#ifndef TACH_TESTS_LIB_THREADS_H
#define TACH_TESTS_LIB_THREADS_H

#include <dirent.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A set of bits in the status of a thread, "CapEff:" or "SigBlk:". */
static inline uint64_t thread_bits(pid_t tid, const char *key)
{
	unsigned long long bits = 0;
	char path[64], line[256];
	FILE *f;

	snprintf(path, sizeof path, "/proc/self/task/%d/status", (int)tid);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof line, f))
		if (strncmp(line, key, strlen(key)) == 0)
			sscanf(line + strlen(key), "%llx", &bits);
	if (f)
		fclose(f);
	return bits;
}

/* Threads other than the first, at most `most` of them. */
static inline size_t threads_list(pid_t *tids, size_t most)
{
	DIR *d = opendir("/proc/self/task");
	size_t n = 0;

	for (struct dirent *e; d && (e = readdir(d));)
		if (e->d_name[0] != '.' && atoi(e->d_name) != getpid() && n < most)
			tids[n++] = (pid_t)atoi(e->d_name);
	if (d)
		closedir(d);
	return n;
}

/* Whether a thread that was not in `before` comes to have just these of the test's own capabilities, within five seconds. */
static inline bool thread_keeps_only(const pid_t *before, size_t nbefore, uint64_t kept, pid_t *which)
{
	uint64_t expected;

	*which = 0;
	expected = thread_bits(getpid(), "CapEff:") & kept;

	for (int i = 0; i < 500; i++, poll(NULL, 0, 10)) {
		pid_t now[16];
		size_t n = threads_list(now, 16);

		for (size_t k = 0; k < n; k++) {
			bool known = false;

			for (size_t b = 0; b < nbefore; b++)
				known = known || before[b] == now[k];
			*which = now[k];
			if (!known && thread_bits(now[k], "CapEff:") == expected && thread_bits(now[k], "CapPrm:") == expected)
				return true;
		}
	}
	return false;
}

#endif
