/* tach TARGET: the dashboard, and where a started command's output goes meanwhile. */
#include "cmd/watch.h"

#include "base/alloc.h"
#include "base/str.h"
#include "cmd/lines.h"
#include "cmd/signals.h"

#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A folder for files that only this user reads. */
static const char *output_folder(void)
{
	static const char *const names[] = { "XDG_RUNTIME_DIR", "TMPDIR" };

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		const char *folder = getenv(names[i]);

		if (folder && folder[0] == '/' && access(folder, W_OK | X_OK) == 0)
			return folder;
	}
	return "/tmp";
}

/* The last part of a command's path, with nothing in it that a file name or a terminal would mind. */
static void copy_label(char *out, size_t size, const char *command)
{
	const char *slash = strrchr(command, '/');

	str_copy(out, size, slash ? slash + 1 : command);
	for (; *out; out++)
		if (!isalnum((unsigned char)*out) && !strchr("-_.", *out))
			*out = '_';
}

/* A new file "tach-COMM-XXXXXX.log" that nobody else can have put there. The caller frees; NULL with e. */
static char *make_output(const char *command, struct err *e)
{
	char label[32], *path;
	int fd;

	copy_label(label, sizeof label, command);
	path = xasprintf("%s/tach-%s-XXXXXX.log", output_folder(), label);
	fd = mkstemps(path, 4);
	if (fd >= 0) {
		close(fd);
		return path;
	}
	err_set(e, errno, "cannot make a file for the output of the command, %.120s: %s (--output FILE names another)",
		path, strerror(errno));
	free(path);
	return NULL;
}

/* Tells where the output is, or takes the file away if there was none. */
static void settle_output(const char *path)
{
	struct stat st;

	if (stat(path, &st))
		return;
	if (st.st_size == 0)
		unlink(path);
	else
		fprintf(stderr, "tach: the output of the command is in %s\n", path);
}

/* What a started command is called; NULL when none is started. */
static const char *command_name(const struct options *o, const struct words *w, const struct opening *how)
{
	if (!open_starts_command(o, w, how))
		return NULL;
	return how->label ? how->label : o->workload ? o->workload : w->word[0];
}

/* Between the dashboard and the end of the command that tach started; a second SIGHUP often follows the first. It takes
 * seconds at most: session_close() is patient, but not for long. */
static void ignore_signals(void)
{
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
}

static int show(const struct options *o, const struct words *w, struct opening *how)
{
	const char **wants = dash_wants();
	int signals = lines_wanted(o) ? signals_open() : -1, status;
	struct session *s;

	how->wants = wants;
	how->detached = true;
	how->early = true;
	s = open_session(o, w, how, &status);
	if (s) {
		status = lines_wanted(o) ? cmd_lines(s, o, signals) : cmd_dash(s, o);
		if (open_starts_command(o, w, how))
			ignore_signals();
		session_close(s);
	}
	free(wants);
	if (signals >= 0)
		close(signals);
	return status;
}

int watch_run(const struct options *o, const struct words *w, struct opening *how)
{
	const char *command = command_name(o, w, how);
	int status = open_check(o, w, how);
	char *made = NULL;
	struct err e;

	if (status)
		return status;
	if (!lines_wanted(o) && (!isatty(STDOUT_FILENO) || !isatty(STDIN_FILENO)))
		return command_fail(EXIT_FAILED,
			"the dashboard needs a terminal; for numbers without one: --line, --plain or tach stat");
	how->output = o->output;
	if (command && !o->output) {
		made = make_output(command, &e);
		if (!made)
			return command_fail(EXIT_FAILED, "%s", e.text);
		how->output = made;
	}
	status = show(o, w, how);
	if (made)
		settle_output(made);
	free(made);
	return status;
}

int cmd_watch(const struct options *o, const struct words *w)
{
	struct opening how = { .output = NULL };

	return watch_run(o, w, &how);
}
