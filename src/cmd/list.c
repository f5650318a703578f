/* tach list: prints a table of the program, as aligned text or as JSON. */
#include "cmd/cmd.h"

#include "base/str.h"
#include "cmd/lists.h"
#include "export/put.h"
#include "ui/canvas.h"

#include <stdio.h>

#define LISTS_LIMIT 32

static void print_json(const struct list *l, const struct list_rows *rows)
{
	fputc('[', stdout);
	for (size_t i = 0; i < rows->count; i++) {
		fputs(i ? ",\n" : "\n", stdout);
		for (size_t c = 0; l->column[c]; c++) {
			fputs(c ? ", " : "{", stdout);
			put_json_text(stdout, l->column[c]);
			fputs(": ", stdout);
			put_json_text(stdout, rows->row[i].cell[c]);
		}
		fputc('}', stdout);
	}
	puts("\n]");
}

/* The widest cell of a column. */
static int column_width(const struct list_rows *rows, size_t column)
{
	int width = 0;

	for (size_t i = 0; i < rows->count; i++)
		if (canvas_width(rows->row[i].cell[column]) > width)
			width = canvas_width(rows->row[i].cell[column]);
	return width;
}

/* Columns in line, with two blanks between them and none behind the last. */
static void print_text(const struct list *l, const struct list_rows *rows)
{
	int width[LIST_COLUMNS];

	for (size_t c = 0; l->column[c]; c++)
		width[c] = column_width(rows, c);
	for (size_t i = 0; i < rows->count; i++) {
		int blanks = 0;

		for (size_t c = 0; l->column[c]; c++) {
			const char *cell = rows->row[i].cell[c];

			if (*cell)
				printf("%*s%s", blanks, "", cell);
			blanks = (*cell ? 0 : blanks) + width[c] - canvas_width(cell) + (width[c] ? 2 : 0);
		}
		fputc('\n', stdout);
	}
}

void list_print(const struct list *l, bool json)
{
	struct list_rows rows = { .row = NULL };

	l->fill(&rows);
	if (json)
		print_json(l, &rows);
	else
		print_text(l, &rows);
	list_rows_free(&rows);
}

static void print_lists(void)
{
	for (const struct list *l = list_table; l->name; l++)
		printf("tach list %-10s %s\n", l->name, l->help);
}

static int fail_unknown(const char *word)
{
	const char *names[LISTS_LIMIT];
	size_t count = 0;
	struct err e;

	for (const struct list *l = list_table; l->name && count < LISTS_LIMIT; l++)
		names[count++] = l->name;
	err_unknown(&e, "list", word, str_nearest(word, names, count));
	return command_fail(EXIT_USAGE, "%s", e.text);
}

int cmd_list(const struct options *o, const struct words *w)
{
	const struct list *l;

	if (w->count > 1)
		return command_fail(EXIT_USAGE, "one list at a time");
	if (w->count == 0) {
		print_lists();
		return EXIT_DONE;
	}
	l = list_find(w->word[0]);
	if (!l)
		return fail_unknown(w->word[0]);
	list_print(l, o->json);
	return EXIT_DONE;
}
