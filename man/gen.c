/*
 * Writes the tables of the manual from the rows of the program. A page holds them between the comment lines
 *     .\" table NAME
 *     .\" end
 * and `gen write PAGE...` puts the present rows there; `gen check PAGE...` fails when a page is not what write would
 * make of it.
 */
#include "base/alloc.h"
#include "base/file.h"
#include "cmd/cmd.h"
#include "cmd/lists.h"
#include "export/export.h"
#ifdef HAVE_LIBBPF
#include "source/bpf/group.h"
#endif
#include "ui/theme.h"
#include "workload/workload.h"

#include <ctype.h>
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE_LIMIT (1 << 20)
#define BEGIN ".\\\" table "
#define END ".\\\" end\n"

/* A character of literal text. */
static void put_character(FILE *out, char c)
{
	if (c == '\\')
		fputs("\\e", out);
	else if (c == '-')
		fputs("\\-", out);
	else
		fputc(c, out);
}

/* Text that is no macro, one sentence a line as mdoc has it. */
static void put_text(FILE *out, const char *text)
{
	if (*text == '.' || *text == '\'')
		fputs("\\&", out);
	for (; *text; text++) {
		put_character(out, *text);
		if (strchr(".?!", *text) && text[1] == ' ' && isupper((unsigned char)text[2])) {
			fputc('\n', out);
			text++;
		}
	}
}

/* An argument of a macro, quoted so that no word of it is taken for another macro, nor for punctuation. */
static void put_argument(FILE *out, const char *text)
{
	fputs(isalnum((unsigned char)*text) ? " \"" : " \"\\&", out);
	for (; *text; text++) {
		if (*text == '"')
			fputs("\\(dq", out);
		else
			put_character(out, *text);
	}
	fputc('"', out);
}

/* Adds the capital and the full stop that help texts leave out. */
static void put_sentence(FILE *out, const char *text)
{
	size_t length = strlen(text);
	char *copy;

	if (!length)
		return;
	copy = xasprintf("%c%s%s", toupper((unsigned char)*text), text + 1, strchr(".?!", text[length - 1]) ? "" : ".");
	put_text(out, copy);
	fputc('\n', out);
	free(copy);
}

/* ---- rows of `tach list` ---- */

static struct list_rows rows_of(const char *name)
{
	struct list_rows rows = { .row = NULL };
	const struct list *l = list_find(name);

	if (!l)
		fatal("gen: nothing is listed as '%s'", name);
	l->fill(&rows);
	return rows;
}

/* A tagged list: the first cell, then the last one that says something. */
static void put_tagged(FILE *out, const char *list, size_t text)
{
	struct list_rows rows = rows_of(list);

	fputs(".Bl -tag -width Ds\n", out);
	for (size_t i = 0; i < rows.count; i++) {
		fputs(".It Cm", out);
		put_argument(out, rows.row[i].cell[0]);
		fputc('\n', out);
		put_sentence(out, rows.row[i].cell[text]);
	}
	fputs(".El\n", out);
	list_rows_free(&rows);
}

static void put_panes(FILE *out)
{
	put_tagged(out, "panes", 2);
}

/* Kind, and what it means and where it misleads. */
static void put_latencies(FILE *out)
{
	struct list_rows rows = rows_of("latency");

	fputs(".Bl -tag -width Ds\n", out);
	for (size_t i = 0; i < rows.count; i++) {
		fputs(".It Cm", out);
		put_argument(out, rows.row[i].cell[0]);
		fputs(" Pq Va", out);
		put_argument(out, rows.row[i].cell[1]);
		fputc('\n', out);
		put_sentence(out, rows.row[i].cell[3]);
		put_sentence(out, rows.row[i].cell[4]);
	}
	fputs(".El\n", out);
	list_rows_free(&rows);
}

static void put_roles(FILE *out)
{
	struct list_rows rows = rows_of("roles");

	fputs(".Bl -column \"select\" \"meaning\"\n", out);
	for (size_t i = 0; i < rows.count; i++) {
		fputs(".It Cm", out);
		put_argument(out, rows.row[i].cell[0]);
		fputs(" Ta", out);
		put_argument(out, rows.row[i].cell[1]);
		fputc('\n', out);
	}
	fputs(".El\n", out);
	list_rows_free(&rows);
}

/* The themes in this tree, whichever else are installed here. */
static void put_themes(FILE *out)
{
	glob_t files;

	if (glob("themes/*.theme", 0, NULL, &files) != 0)
		fatal("gen: no themes/*.theme");
	fputs(".Bl -tag -width Ds\n", out);
	for (size_t i = 0; i < files.gl_pathc; i++) {
		struct theme t;
		struct err e;

		if (theme_read(&t, files.gl_pathv[i], &e) != 0)
			fatal("gen: %s", e.text);
		fputs(".It Cm", out);
		put_argument(out, t.name);
		fputc('\n', out);
		put_sentence(out, t.about);
	}
	fputs(".El\n", out);
	globfree(&files);
}

/* Keys, action, what it does; a new group of the help screen begins with its name. */
static void put_keys(FILE *out)
{
	struct list_rows rows = rows_of("actions");

	fputs(".Bl -column \"PgDn C-d\" \"memory-detail\" \"what it does\"\n", out);
	for (size_t i = 0; i < rows.count; i++) {
		char *const *cell = rows.row[i].cell;

		if (!*cell[1])
			continue;
		fputs(".It Ic", out);
		put_argument(out, cell[1]);
		fputs(" Ta Cm", out);
		put_argument(out, cell[0]);
		fputs(" Ta", out);
		put_argument(out, cell[3]);
		fputc('\n', out);
	}
	fputs(".El\n", out);
	list_rows_free(&rows);
}

static void put_actions(FILE *out)
{
	struct list_rows rows = rows_of("actions");

	fputs(".Bl -column \"previous-pane\" \"what it does\"\n", out);
	for (size_t i = 0; i < rows.count; i++) {
		fputs(".It Cm", out);
		put_argument(out, rows.row[i].cell[0]);
		fputs(" Ta", out);
		put_argument(out, rows.row[i].cell[3]);
		fputc('\n', out);
	}
	fputs(".El\n", out);
	list_rows_free(&rows);
}

/* A tbl(7) table, because meanings are longer than a line. */
static void put_metrics(FILE *out)
{
	struct list_rows rows = rows_of("metrics");

	fputs(".TS\nlb lb lb lb\nl l l lx.\nname\tkind\tunit\tmeaning\n", out);
	for (size_t i = 0; i < rows.count; i++) {
		char *const *cell = rows.row[i].cell;

		put_text(out, cell[0]);
		fprintf(out, "\t%s\t%s\tT{\n", cell[1], cell[2]);
		put_text(out, cell[3]);
		fputs("\nT}\n", out);
	}
	fputs(".TE\n", out);
	list_rows_free(&rows);
}

/* Derived metrics and their formulas. */
static void put_formulas(FILE *out)
{
	struct list_rows rows = rows_of("metrics");

	fputs(".Bl -tag -width Ds\n", out);
	for (size_t i = 0; i < rows.count; i++) {
		if (strcmp(rows.row[i].cell[1], "derived") != 0)
			continue;
		fputs(".It Va", out);
		put_argument(out, rows.row[i].cell[0]);
		fputs("\n.Li", out);
		put_argument(out, rows.row[i].cell[4]);
		fputc('\n', out);
	}
	fputs(".El\n", out);
	list_rows_free(&rows);
}

/* ---- probes ---- */

#ifdef HAVE_LIBBPF
static const struct {
	const char *group, *hook;
} hooks[] = {
#define X(group, hook) { #group, hook },
#include "hooks.inc"
#undef X
};

static bool is_told(size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (strcmp(hooks[k].group, hooks[i].group) == 0 && strcmp(hooks[k].hook, hooks[i].hook) == 0)
			return true;
	return false;
}

/* Iterators, and programs on a tracepoint without a name, are hooks of nothing: they run when tach reads. */
static void put_hooks(FILE *out, const char *group)
{
	const char *between = "Hooks:";

	for (size_t i = 0; i < sizeof hooks / sizeof hooks[0]; i++) {
		if (strcmp(hooks[i].group, group) != 0 || strncmp(hooks[i].hook, "iter/", 5) == 0 ||
			strcmp(hooks[i].hook, "raw_tp") == 0 || is_told(i))
			continue;
		fprintf(out, "%s\n.Li", between);
		put_argument(out, strncmp(hooks[i].hook, "tp_btf/", 7) == 0 ? hooks[i].hook + 7 : hooks[i].hook);
		between = " ,";
	}
	fputs(" .\n", out);
}

static void put_price(FILE *out, const struct price_row *price)
{
	if (!price || price->own)
		return;
	fprintf(out, "An event costs the target %.0f ns", price->target[PRICE_FULL]);
	if (price->bystander > 0)
		fprintf(out, ", and one of anybody else that one %.0f ns", price->bystander);
	fputs(".\n", out);
}

static void put_probes(FILE *out)
{
	fputs(".Bl -tag -width Ds\n", out);
	for (size_t i = 0; group_table[i]; i++) {
		const struct group_ops *g = group_table[i];

		fprintf(out, ".It Cm %s\n", g->name);
		put_sentence(out, g->summary);
		put_hooks(out, g->name);
		put_price(out, g->price);
		if (g->always)
			fputs("Loaded with any of the others.\n", out);
		if (g->opt_in && g->how) {
			fputs("Only when asked for:\n.Cm", out);
			put_argument(out, g->how);
			fputs(" .\n", out);
		}
	}
	fputs(".El\n", out);
}
#else
static void put_probes(FILE *out)
{
	(void)out;
}
#endif

/* ---- subcommands, workloads, formats, options ---- */

static void put_workload_option(FILE *out, const struct workload_option *o)
{
	char spelling[64];

	snprintf(spelling, sizeof spelling, "-%s", o->name);
	fputs(".It Fl", out);
	put_argument(out, spelling);
	fputs(" Ar", out);
	put_argument(out, o->argument);
	fputc('\n', out);
	put_sentence(out, o->help);
	fputs("The default is\n.Cm", out);
	put_argument(out, o->value);
	fputs(" .\n", out);
}

static void put_workloads(FILE *out)
{
	for (size_t i = 0; workload_table[i]; i++) {
		const struct workload_ops *w = workload_table[i];

		fputs(".Pp\n.Cm", out);
		put_argument(out, w->name);
		fputs(" :\n", out);
		put_sentence(out, w->summary);
		put_sentence(out, w->method);
		fputs(".Bl -tag -width Ds -compact\n", out);
		for (size_t k = 0; k < w->noptions; k++)
			put_workload_option(out, &w->options[k]);
		fputs(".El\n", out);
	}
	fputs(".Pp\nEvery workload takes\n.Bl -tag -width Ds -compact\n", out);
	for (const struct workload_option *o = workload_common; o->name; o++)
		put_workload_option(out, o);
	fputs(".El\n", out);
}

static void put_commands(FILE *out)
{
	fputs(".Bl -tag -width Ds\n", out);
	for (const struct command *c = command_table; c->name; c++) {
		fputs(".It Nm tach", out);
		if (*c->name) {
			fputs(" Cm", out);
			put_argument(out, c->name);
		}
		if (*c->usage) {
			fputs(" Ar", out);
			put_argument(out, c->usage);
		}
		fputc('\n', out);
		put_sentence(out, c->summary);
	}
	fputs(".El\n", out);
}

static void put_formats(FILE *out)
{
	fputs(".Bl -tag -width Ds\n", out);
	for (size_t i = 0; export_table[i]; i++) {
		fprintf(out, ".It Cm %s\n", export_table[i]->name);
		put_sentence(out, export_table[i]->help);
	}
	fputs(".El\n", out);
}

static void put_range(FILE *out, const struct option_row *row)
{
	char range[64];

	if (row->max)
		fprintf(out, "From %s.\n", options_range(range, sizeof range, row));
}

static void put_default(FILE *out, const struct option_row *row)
{
	if (!row->value || !*row->value)
		return;
	fputs("The default is\n.Cm", out);
	put_argument(out, row->value);
	fputs(" .\n", out);
}

static void put_option_head(FILE *out, const struct option_row *row)
{
	fputs(".It", out);
	if (row->letter)
		fprintf(out, " Fl %c ,", row->letter);
	fprintf(out, " Fl \\-%s", row->negative ? "no\\-" : "");
	for (const char *c = row->name; *c; c++)
		fputs(*c == '-' ? "\\-" : (char[]){ *c, '\0' }, out);
	if (row->argument) {
		fputs(" Ar", out);
		put_argument(out, row->argument);
	}
	fputc('\n', out);
}

/* The subcommands that take the option, unless all do. */
static void put_owners(FILE *out, const struct option_row *row)
{
	const char *between = "Belongs to";

	if ((row->scope & SCOPE_ALL) == SCOPE_ALL)
		return;
	for (const struct command *c = command_table; c->name; c++) {
		if (!(row->scope & c->scope) || c->run == cmd_help || c->run == cmd_version)
			continue;
		fprintf(out, "%s %s%s", between, *c->name ? "tach " : "the dashboard", c->name);
		between = ",";
	}
	fputs(".\n", out);
}

static void put_options(FILE *out)
{
	fputs(".Bl -tag -width Ds\n", out);
	for (const struct option_row *row = option_table; row->name; row++) {
		put_option_head(out, row);
		put_sentence(out, row->help);
		put_range(out, row);
		if (row->type != OPTION_FLAG)
			put_default(out, row);
		put_owners(out, row);
	}
	fputs(".El\n", out);
}

static const char *type_name(const struct option_row *row)
{
	static const char *const names[] = { [OPTION_FLAG] = "on or off", [OPTION_DURATION] = "a duration",
		[OPTION_COUNT] = "a number", [OPTION_PERCENT] = "a percentage", [OPTION_TEXT] = "text", [OPTION_LIST] = "text" };

	return names[row->type];
}

static void put_config(FILE *out)
{
	fputs(".Bl -tag -width Ds\n", out);
	for (const struct option_row *row = option_table; row->name; row++) {
		if (!(row->scope & SCOPE_CONFIG))
			continue;
		fputs(".It Cm", out);
		put_argument(out, row->name);
		fputs(" = Ar", out);
		put_argument(out, type_name(row));
		fputs(row->negative ? "\nWith\n.Cm off :\n" : "\n", out);
		put_sentence(out, row->help);
		put_range(out, row);
		put_default(out, row);
	}
	fputs(".El\n", out);
}

static const struct {
	const char *name;
	void (*put)(FILE *out);
} tables[] = {
	{ "commands", put_commands }, { "options", put_options }, { "config", put_config }, { "keys", put_keys },
	{ "actions", put_actions }, { "roles", put_roles }, { "themes", put_themes }, { "panes", put_panes },
	{ "latency", put_latencies }, { "probes", put_probes }, { "metrics", put_metrics }, { "formulas", put_formulas },
	{ "workloads", put_workloads }, { "formats", put_formats },
};

/* ---- pages ---- */

static int put_table(FILE *out, const char *name, size_t length)
{
	for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
		if (strlen(tables[i].name) == length && strncmp(tables[i].name, name, length) == 0) {
			tables[i].put(out);
			return 0;
		}
	fprintf(stderr, "no table is called '%.*s'\n", (int)length, name);
	return -1;
}

/* The page with its tables made anew; the caller frees. NULL after the reason was printed. */
static char *remake(const char *path, const char *page)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	int rc = 0;

	while (*page && rc == 0) {
		size_t line = strcspn(page, "\n") + 1;
		bool table = strncmp(page, BEGIN, strlen(BEGIN)) == 0;
		const char *end = table ? strstr(page, END) : NULL;

		fwrite(page, 1, line, out);
		if (table)
			rc = end ? put_table(out, page + strlen(BEGIN), line - strlen(BEGIN) - 1) : -1;
		page = end ? end : page + line;
	}
	fclose(out);
	if (rc == 0)
		return text;
	fprintf(stderr, "%s: a table is unknown, or has no end\n", path);
	free(text);
	return NULL;
}

static int write_page(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");
	int rc = f ? fputs(text, f) : EOF;

	if (f && fclose(f))
		rc = EOF;
	if (rc == EOF)
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
	return rc == EOF ? -1 : 0;
}

static int do_page(const char *path, bool check)
{
	char *page, *made;
	size_t length;
	int rc = 0;

	if (file_read_all(path, PAGE_LIMIT, &page, &length)) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return -1;
	}
	made = remake(path, page);
	if (!made)
		rc = -1;
	else if (strcmp(page, made) != 0 && check) {
		fprintf(stderr, "%s is stale: make docs\n", path);
		rc = -1;
	} else if (strcmp(page, made) != 0)
		rc = write_page(path, made);
	free(page);
	free(made);
	return rc;
}

int main(int argc, char **argv)
{
	bool check = argc > 1 && strcmp(argv[1], "check") == 0;
	int rc = 0;

	if (argc < 3 || (!check && strcmp(argv[1], "write") != 0)) {
		fputs("usage: gen write|check PAGE...\n", stderr);
		return 2;
	}
	setenv("XDG_CONFIG_HOME", "/nonexistent", 1);
	for (int i = 2; i < argc; i++)
		rc = do_page(argv[i], check) ? 1 : rc;
	return rc;
}
