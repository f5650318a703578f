/* A running subject (subject.c), what it said of itself, and its symbols. */
#ifndef TACH_TESTS_SYMBOL_LIVE_H
#define TACH_TESTS_SYMBOL_LIVE_H

#include "../lib/child.h"
#include "symbol/symbol.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct live {
	struct child *child;
	struct symbol_cache *cache;
	struct symbols *symbols;
	char said[32][64]; /* "name ADDRESS" */
	size_t nsaid;
};

static inline void subject_path(char *path, size_t size, const char *flavour)
{
	const char *build = getenv("BUILD");

	snprintf(path, size, "%s/tests/symbol/subject-%s", build ? build : "build", flavour);
}

static inline int open_proc(pid_t pid)
{
	char path[32];
	int fd;

	snprintf(path, sizeof path, "/proc/%d", (int)pid);
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

/* Starts it and reads until it is ready. pid: of the process that speaks, where it is not the child itself. */
static inline void live_start(struct live *l, const char *const argv[])
{
	const char *line;

	memset(l, 0, sizeof *l);
	l->child = child_start(argv);
	while ((line = child_line(l->child, 10000)) && strcmp(line, "ready") != 0 && l->nsaid < 32)
		snprintf(l->said[l->nsaid++], sizeof l->said[0], "%s", line);
	if (!line)
		fail_msg("%s did not get ready; it said: %s", argv[0], l->nsaid ? l->said[0] : "nothing");
}

static inline void live_look(struct live *l, pid_t pid)
{
	int dir = open_proc(pid);

	l->cache = symbol_cache_new(SYMBOL_CACHE_BYTES);
	l->symbols = symbols_open(l->cache, pid, dir);
	close(dir);
}

static inline void live_begin(struct live *l, const char *program)
{
	const char *const argv[] = { program, "rest", NULL };

	live_start(l, argv);
	live_look(l, child_pid(l->child));
}

static inline void live_end(struct live *l)
{
	symbols_close(l->symbols);
	symbol_cache_free(l->cache);
	child_free(l->child);
}

static inline uint64_t live_address(const struct live *l, const char *name)
{
	size_t length = strlen(name);

	for (size_t i = 0; i < l->nsaid; i++)
		if (strncmp(l->said[i], name, length) == 0 && l->said[i][length] == ' ')
			return strtoull(l->said[i] + length, NULL, 0);
	fail_msg("the subject does not say where %s is", name);
	return 0;
}

/* The text of an address, as screens have it. */
static inline const char *live_text(struct live *l, uint64_t address, struct symbol_name *name)
{
	static char text[256];

	symbols_name(l->symbols, address, name);
	return symbol_name_text(text, sizeof text, name);
}

#endif
