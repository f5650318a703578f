/* What all subcommands share: loading options, the options that are answered at once, errors, the state of stdout. */
#include "cmd/cmd.h"

#include "base/log.h"
#include "base/str.h"
#include "cmd/help.h"
#include "ui/keymap.h"
#include "ui/sample.h"
#include "ui/term.h"
#include "ui/theme.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COMMANDS_LIMIT 32

const struct command *command_find(const char *name)
{
	for (const struct command *c = command_table; c->name; c++)
		if (strcmp(c->name, name) == 0)
			return c;
	return NULL;
}

int command_fail(int status, const char *format, ...)
{
	char text[512], clean[512];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof text, format, ap);
	va_end(ap);
	str_clean(clean, sizeof clean, text, strlen(text));
	fprintf(stderr, "tach: %s\n", clean);
	return status;
}

int command_unknown(const char *name)
{
	const char *names[COMMANDS_LIMIT], *nearest;
	size_t count = 0;

	for (const struct command *c = command_table; c->name && count < COMMANDS_LIMIT; c++)
		if (*c->name)
			names[count++] = c->name;
	nearest = str_nearest(name, names, count);
	if (nearest)
		return command_fail(EXIT_USAGE, "'%.60s' is no subcommand; did you mean 'tach %s'?", name, nearest);
	return command_fail(EXIT_USAGE, "'%.60s' is no subcommand (tach help lists them); to watch a program: tach -n NAME, "
		"or tach -- COMMAND to start it", name);
}

int command_flush(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return 0;
	command_fail(EXIT_FAILED, "cannot write to stdout: %s", strerror(errno));
	if (!freopen("/dev/null", "w", stdout)) /* said once is enough */
		fatal("cannot open /dev/null: %s", strerror(errno));
	return -1;
}

static int check_theme(const struct options *o)
{
	const char *no_color = getenv("NO_COLOR");
	enum theme_depth deepest = isatty(STDOUT_FILENO) ? term_depth() : DEPTH_COUNT;
	struct theme theme;
	struct err e;

	if (theme_read(&theme, o->check_theme, &e))
		return command_fail(EXIT_FAILED, "%s", e.text);
	if (deepest != DEPTH_COUNT && (!o->color || (no_color && *no_color)))
		deepest = DEPTH_MONO;
	if (o->ascii || !term_utf8())
		theme_ascii(&theme);
	printf("%s: a good theme\n", theme.name);
	if (*theme.about)
		printf("%s\n", theme.about);
	sample_print(stdout, &theme, deepest);
	return EXIT_DONE;
}

/* Options that are a question of their own. Returns the exit status, or -1 where there was none of them. */
static int answer_at_once(const struct command *c, const struct options *o)
{
	if (o->help) {
		help_print(c);
		return EXIT_DONE;
	}
	if (o->version)
		return cmd_version(o, NULL);
	if (o->print_config) {
		char *text = options_print_config();

		fputs(text, stdout);
		free(text);
		return EXIT_DONE;
	}
	if (o->print_keys || o->print_theme) {
		fputs(o->print_keys ? keymap_default_text : theme_default_text, stdout);
		return EXIT_DONE;
	}
	return o->check_theme ? check_theme(o) : -1;
}

/* Puts the first word behind the options, where the parser looks for it. */
static void move_word_back(int argc, char **argv)
{
	char *word = argv[1];

	memmove(argv + 1, argv + 2, (size_t)(argc - 2) * sizeof *argv);
	argv[argc - 1] = word;
}

static int run_with_options(const struct command *c, const struct options *o, const struct words *w)
{
	struct err e;
	int status = answer_at_once(c, o);

	if (status >= 0)
		return status;
	if (o->log && log_open(o->log, &e))
		return command_fail(EXIT_FAILED, "%s", e.text);
	status = c->run(o, w);
	log_close();
	return status;
}

int command_run(const struct command *c, int argc, char **argv)
{
	struct options o;
	struct words w = { .count = 0 };
	struct err e;
	int rest, status;

	if (c->word_first && argc > 2 && argv[1][0] != '-')
		move_word_back(argc, argv);
	options_init(&o);
	if (options_load(&o, c->scope, argc, argv, &rest, &w.command, &e)) {
		options_free(&o);
		return command_fail(EXIT_USAGE, "%s", e.text);
	}
	w.count = argc - rest;
	w.word = argv + rest;
	status = run_with_options(c, &o, &w);
	options_free(&o);
	if (command_flush())
		return status ? status : EXIT_FAILED;
	return status;
}
