/* The tables of the program as rows of text. */
#include "cmd/lists.h"

#include "base/alloc.h"
#include "base/str.h"
#include "config/options.h"
#include "model/derive.h"
#include "model/latency.h"
#include "model/tables.h"
#include "session/session.h"
#include "source/source.h"
#include "ui/action.h"
#include "ui/keymap.h"
#include "ui/pane.h"
#include "ui/role.h"
#include "ui/theme.h"
#include "ui/theme_files.h"
#include "workload/workload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *clean_copy(const char *text)
{
	size_t length = strlen(text);
	char *copy = xcalloc(length + 1, 1);

	str_clean(copy, length + 1, text, length);
	return copy;
}

/* Adds a row of copies; NULL cells become "". Names of files come from outside, so all is cleaned. */
static void add(struct list_rows *out, const char *const cells[LIST_COLUMNS])
{
	out->row = xgrow(out->row, &out->capacity, out->count + 1, sizeof *out->row);
	for (size_t i = 0; i < LIST_COLUMNS; i++)
		out->row[out->count].cell[i] = clean_copy(cells[i] ? cells[i] : "");
	out->count++;
}

#define ADD(out, ...) add(out, (const char *const[LIST_COLUMNS]){ __VA_ARGS__ })

void list_rows_free(struct list_rows *rows)
{
	for (size_t i = 0; i < rows->count; i++)
		for (size_t c = 0; c < LIST_COLUMNS; c++)
			free(rows->row[i].cell[c]);
	free(rows->row);
	*rows = (struct list_rows){ .row = NULL };
}

/* Of a metric that several sources have, the first tells it where it can. */
static void add_metric(struct list_rows *out, const struct metric *m, const char *from)
{
	for (size_t i = 0; i < out->count; i++) {
		char *both, **cell = out->row[i].cell;

		if (strcmp(cell[0], m->name) != 0)
			continue;
		both = xasprintf("%s, %s", cell[4], from);
		free(cell[4]);
		cell[4] = both;
		return;
	}
	ADD(out, m->name, metric_kind_name(m->kind), metric_unit_name(m->unit), m->help, from);
}

static void fill_metrics(struct list_rows *out)
{
	for (size_t i = 0; source_table[i]; i++)
		for (size_t m = 0; m < source_table[i]->nmetrics; m++)
			add_metric(out, &source_table[i]->metrics[m], source_table[i]->name);
	add_metric(out, &session_metric, "session");
	for (const struct metric *m = derived_table; m->name; m++)
		add_metric(out, m, m->formula);
}

static void fill_sources(struct list_rows *out)
{
	for (size_t i = 0; source_table[i]; i++) {
		struct err why = { .code = 0 }, fix = { .code = 0 };
		bool good = source_table[i]->probe(&why, &fix);

		ADD(out, source_table[i]->name, source_table[i]->summary, good ? "works here" : why.text, fix.text);
	}
}

static const char *nanoseconds(double ns, char *buf, size_t size)
{
	buf[0] = '\0';
	if (ns > 0)
		snprintf(buf, size, "%.0f", ns);
	return buf;
}

static void fill_probes(struct list_rows *out)
{
	for (size_t i = 0; source_table[i]; i++) {
		struct source_probe p;
		char target[16], others[16];

		for (size_t k = 0; source_table[i]->describe && source_table[i]->describe(k, &p); k++)
			ADD(out, p.name, nanoseconds(p.target, target, sizeof target), nanoseconds(p.others, others, sizeof others),
				p.how, p.summary);
	}
}

/* A row without a column is the table itself. */
static void fill_tables(struct list_rows *out)
{
	static const char *const kinds[] = { [COLUMN_TEXT] = "text", [COLUMN_GAUGE] = "gauge", [COLUMN_COUNTER] = "counter" };

	for (const struct table_def *const *t = table_list; *t; t++) {
		ADD(out, (*t)->name, "", "", "", (*t)->help);
		for (size_t i = 0; i < (*t)->ncolumns; i++) {
			const struct column *c = &(*t)->columns[i];

			ADD(out, (*t)->name, c->name, kinds[c->kind], c->kind == COLUMN_TEXT ? "" : metric_unit_name(c->unit), c->help);
		}
	}
}

static void fill_workloads(struct list_rows *out)
{
	for (size_t i = 0; workload_table[i]; i++)
		ADD(out, workload_table[i]->name, workload_table[i]->summary, workload_table[i]->missing);
}

static void fill_panes(struct list_rows *out)
{
	for (size_t i = 0; pane_table[i]; i++)
		ADD(out, pane_table[i]->name, pane_table[i]->title, pane_table[i]->help);
}

static void fill_latency(struct list_rows *out)
{
	for (const struct latency_kind *k = latency_kinds; k->word; k++)
		ADD(out, k->word, k->metric, k->title, k->means, k->misleads);
}

static void fill_themes(struct list_rows *out)
{
	char **names = theme_list();

	for (size_t i = 0; names[i]; i++) {
		struct theme t;
		struct err e;

		ADD(out, names[i], theme_read(&t, names[i], &e) ? e.text : t.about);
		free(names[i]);
	}
	free(names);
}

static void fill_roles(struct list_rows *out)
{
	for (enum role r = 0; r < ROLE_COUNT; r++)
		ADD(out, role_name(r), role_meaning(r));
}

/* "? h F1", and for a key of one pane "s (memory)". */
static void find_keys(const struct keymap *k, enum action a, char *out, size_t size)
{
	char keys[128];

	str_copy(out, size, keymap_keys(k, NULL, a, keys, sizeof keys));
	for (size_t i = 0; pane_table[i]; i++) {
		size_t have = strlen(out);

		if (*keymap_keys(k, pane_table[i]->name, a, keys, sizeof keys))
			snprintf(out + have, size - have, "%s%s (%s)", have ? " " : "", keys, pane_table[i]->name);
	}
}

static void fill_actions(struct list_rows *out)
{
	struct keymap *defaults = keymap_new();
	char keys[256];

	for (enum action a = 0; a < ACTION_COUNT; a++) {
		find_keys(defaults, a, keys, sizeof keys);
		ADD(out, action_name(a), keys, action_group(a), action_help(a));
	}
	keymap_free(defaults);
}

static void fill_options(struct list_rows *out)
{
	for (const struct option_row *row = option_table; row->name; row++) {
		char letter[2] = { row->letter, '\0' };

		ADD(out, row->name, letter, row->argument, row->value, row->scope & SCOPE_CONFIG ? "yes" : "no", row->help);
	}
}

const struct list list_table[] = {
	{ "metrics", "every number, its kind and unit", { "name", "kind", "unit", "meaning", "from" }, fill_metrics },
	{ "tables", "every table of tach stat --json, its columns with kind and unit; counters are given a second",
		{ "table", "column", "kind", "unit", "meaning" }, fill_tables },
	{ "sources", "where numbers come from, and whether it works here", { "name", "summary", "state", "fix" },
		fill_sources },
	{ "probes", "the programs in the kernel, and the nanoseconds that each event costs who is watched and all others",
		{ "name", "target_ns", "others_ns", "asked_by", "summary" }, fill_probes },
	{ "workloads", "the built-in programs of tach run", { "name", "summary", "missing" }, fill_workloads },
	{ "panes", "the parts of the dashboard", { "name", "title", "help" }, fill_panes },
	{ "latency", "what --latency takes, what it means and where it misleads",
		{ "kind", "metric", "title", "means", "misleads" }, fill_latency },
	{ "themes", "what --theme takes", { "name", "about" }, fill_themes },
	{ "roles", "what a theme gives colours to", { "name", "meaning" }, fill_roles },
	{ "actions", "what keys can be bound to, with the default keys", { "name", "keys", "group", "help" },
		fill_actions },
	{ "options", "every option; config: may stand in a config file",
		{ "name", "letter", "argument", "default", "config", "help" }, fill_options },
	{ .name = NULL },
};

const struct list *list_find(const char *name)
{
	for (const struct list *l = list_table; l->name; l++)
		if (strcmp(l->name, name) == 0)
			return l;
	return NULL;
}
