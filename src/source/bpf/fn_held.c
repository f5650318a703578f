/* Where a program lies that is to be started, and which libraries its loader will take. */
#include "source/bpf/fn_held.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "symbol/elffile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE (2 * NSEC_PER_SEC) /* for the loader's answer */
#define ANSWER 65536

static bool is_runnable(const char *path)
{
	return access(path, X_OK) == 0;
}

/* As execvp() does. */
static bool find_program(const char *word, char *out, size_t size)
{
	const char *path = getenv("PATH");

	if (strchr(word, '/'))
		return snprintf(out, size, "%s", word) < (int)size && is_runnable(out);
	for (path = path ? path : "/bin:/usr/bin"; path; path = strchr(path, ':') ? strchr(path, ':') + 1 : NULL) {
		int n = (int)strcspn(path, ":");

		if (snprintf(out, size, "%.*s%s%s", n, path, n ? "/" : "", word) < (int)size && is_runnable(out))
			return true;
	}
	return false;
}

/* The loader that the program names; false: it names none. */
static bool find_loader(const char *program, char *out, size_t size)
{
	int fd = open(program, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct elf_file elf;
	bool found;

	if (fd < 0)
		return false;
	found = !elf_file_read(&elf, fd) && elf.interp.size && elf.interp.size < size &&
		elf_read_at(fd, out, (size_t)elf.interp.size, elf.interp.offset);
	close(fd);
	if (found)
		out[elf.interp.size] = '\0';
	return found && out[0] == '/';
}

/* Starts it with its output in a pipe; the end to read from, or -1. */
static int start_loader(const char *loader, const char *program, pid_t *pid)
{
	char list[] = "--list", *argv[] = { (char *)loader, list, (char *)program, NULL };
	posix_spawn_file_actions_t files;
	posix_spawnattr_t how;
	sigset_t none;
	int line[2], rc;

	if (pipe2(line, O_CLOEXEC) != 0)
		return -1;
	sigemptyset(&none);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&files, line[1], STDOUT_FILENO);
	posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	posix_spawnattr_init(&how);
	posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSIGMASK);
	posix_spawnattr_setsigmask(&how, &none);
	rc = posix_spawn(pid, loader, &files, &how, argv, environ);
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&how);
	close(line[1]);
	if (rc == 0)
		return line[0];
	close(line[0]);
	return -1;
}

/* All that it says, as far as there is room and patience. */
static void hear(int line, char *text, size_t size)
{
	nsec_t end = clock_now() + PATIENCE;
	size_t have = 0;

	while (have + 1 < size && clock_now() < end) {
		struct pollfd p = { .fd = line, .events = POLLIN };
		ssize_t n = poll(&p, 1, 100) > 0 ? read(line, text + have, size - have - 1) : -1;

		if (n == 0)
			break;
		have += n > 0 ? (size_t)n : 0;
	}
	text[have] = '\0';
}

static void add(struct fn_held *out, const char *path, size_t length)
{
	if (out->count < FN_HELD_FILES && length && length < PATH_MAX)
		out->paths[out->count++] = xstrndup(path, length);
}

/* "	libz.so.1 => /lib/libz.so.1 (0x7f0000000000)" */
static void take_lines(struct fn_held *out, const char *text)
{
	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		size_t n = strcspn(line, "\n");
		const char *slash = memchr(line, '/', n), *end;

		for (end = line + n; slash && end > slash && *end != '('; end--)
			;
		if (slash && end > slash + 1 && end[-1] == ' ')
			add(out, slash, (size_t)(end - 1 - slash));
	}
}

bool fn_held_find(struct fn_held *out, const char *program)
{
	char path[PATH_MAX], loader[PATH_MAX], *text;
	pid_t pid;
	int line;

	*out = (struct fn_held){ .count = 0 };
	if (!program || !find_program(program, path, sizeof path))
		return false;
	add(out, path, strlen(path));
	line = find_loader(path, loader, sizeof loader) ? start_loader(loader, path, &pid) : -1;
	if (line < 0)
		return true;
	text = xcalloc(1, ANSWER);
	hear(line, text, ANSWER);
	close(line);
	kill(pid, SIGKILL); /* it has said all, or hangs */
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	take_lines(out, text);
	free(text);
	return true;
}

void fn_held_free(struct fn_held *h)
{
	while (h->count)
		free(h->paths[--h->count]);
}
