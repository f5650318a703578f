/* tach help, tach version, --help: texts from the same rows as the parser. */
#include "cmd/help.h"

#include "cmd/open.h"

#include <stdio.h>

#define OPTION_COLUMNS 26

const char *help_option(const struct option_row *row, char *buf, size_t size)
{
	char letter[8] = "    ";

	if (row->letter)
		snprintf(letter, sizeof letter, "-%c, ", row->letter);
	snprintf(buf, size, "%s--%s%s%s%s", letter, row->negative ? "no-" : "", row->name, row->argument ? " " : "",
		row->argument ? row->argument : "");
	return buf;
}

static void print_usage(const struct command *c)
{
	printf("tach%s%s%s%s\n", *c->name ? " " : "", c->name, *c->usage ? " " : "", c->usage);
	printf("    %s\n", c->summary);
}

static void print_options(unsigned scope)
{
	char spelling[64];

	for (const struct option_row *row = option_table; row->name; row++) {
		if (!(row->scope & scope))
			continue;
		printf("  %-*s %s", OPTION_COLUMNS, help_option(row, spelling, sizeof spelling), row->help);
		if (row->value && row->type != OPTION_FLAG)
			printf(" (%s)", row->value);
		fputc('\n', stdout);
	}
}

static void print_overview(void)
{
	char spelling[64];

	puts("tach watches one running program: CPU, memory, packets, latency, caches, locks.\n");
	for (const struct command *c = command_table; c->name; c++)
		print_usage(c);
	puts("\nTARGET is one of");
	for (const struct target_word *t = target_words; t->open; t++)
		printf("  %-*s %s\n", OPTION_COLUMNS, help_option(target_word_option(t), spelling, sizeof spelling),
			target_word_option(t)->help);
	printf("  %-*s %s\n", OPTION_COLUMNS, "    -- COMMAND [ARGS]", "a program to start");
	puts("\nOptions of a subcommand: tach help SUBCOMMAND; of the dashboard: tach --help. All of it: man tach.");
}

void help_print(const struct command *c)
{
	print_usage(c);
	puts("\nOptions, with their defaults:");
	print_options(c->scope);
}

int cmd_help(const struct options *o, const struct words *w)
{
	const struct command *c;

	(void)o;
	if (w->count > 1)
		return command_fail(EXIT_USAGE, "help takes one subcommand");
	if (w->count == 0) {
		print_overview();
		return EXIT_DONE;
	}
	c = command_find(w->word[0]);
	if (!c)
		return command_unknown(w->word[0]);
	help_print(c);
	return EXIT_DONE;
}

int cmd_version(const struct options *o, const struct words *w)
{
	(void)o;
	if (w && w->count)
		return command_fail(EXIT_USAGE, "version takes no words");
	puts("tach " TACH_VERSION);
	return EXIT_DONE;
}
