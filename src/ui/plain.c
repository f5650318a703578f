/* Sentences about what changed. Knows panes by their table only. */
#include "ui/plain.h"

#include "base/alloc.h"
#include "base/str.h"
#include "ui/header.h"
#include "ui/pane.h"
#include "ui/screen_state.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOTABLE 1.5    /* a change by less than this factor is not worth a sentence */
#define NAME_SIZE 48
#define CLAUSE_SIZE 320

/* A row and the value that was told of it. */
struct told {
	char name[NAME_SIZE];
	metric_id id;
	enum value_form form;
	struct point value;
};

struct plain {
	struct told *row;
	size_t count, capacity;
	uint64_t column;  /* the newest one that was looked at */
	bool began, ended;
};

/* Sentences on their way out. */
struct speech {
	FILE *out;
	char clock[16];
};

struct plain *plain_new(void)
{
	return xcalloc(1, sizeof(struct plain));
}

void plain_free(struct plain *p)
{
	if (!p)
		return;
	free(p->row);
	free(p);
}

const char *plain_end(char *buf, size_t size, const struct store *st)
{
	const struct target_facts *f = store_facts(st);

	snprintf(buf, size, "%s %s", f->name, f->ended[0] ? f->ended : "ended");
	return buf;
}

/* "14:31:07 SENTENCE." */
static void say(struct speech *to, const char *sentence)
{
	size_t length = strlen(sentence), size = length + 1;
	char *clean = xcalloc(size, 1);

	str_clean(clean, size, sentence, length);
	fprintf(to->out, "%s %s%s\n", to->clock, clean, length && sentence[length - 1] == '.' ? "" : ".");
	free(clean);
}

/* ---- rows ---- */

/* A percentile says of which latency it is; what only a pane tells apart is told apart here too. */
static void name_row(const struct view *v, const struct line *line, char out[NAME_SIZE])
{
	int letters = (int)strlen(line->label);

	while (letters && line->label[letters - 1] == ' ') /* which on the screen parts it from its unit */
		letters--;
	if (line->what.figure >= 0)
		snprintf(out, NAME_SIZE, "%s %s", store_metric(v->store, line->what.id)->label, line->label);
	else
		snprintf(out, NAME_SIZE, "%.*s%s", letters, line->label, line->suffix);
}

/* The rows of first rank of all panes; the caller frees. With a column their values over that, else of the newest tick.
 */
static struct told *rows_of(struct screen *s, const struct view *base, const struct span *column, size_t *count)
{
	struct told *rows = NULL;
	size_t capacity = 0;

	*count = 0;
	for (int i = 0; pane_table[i]; i++) {
		struct view v = screen_pane_view(s, base, i);
		struct line lines[LINES_MAX];
		size_t n = pane_lines(pane_table[i], &v, lines, LINES_MAX);

		for (size_t k = 0; k < n; k++) {
			struct told *row;

			if (lines[k].rank || lines[k].what.table) /* rows of lists come and go */
				continue;
			rows = xgrow(rows, &capacity, *count + 1, sizeof *rows);
			row = &rows[(*count)++];
			name_row(&v, &lines[k], row->name);
			row->id = lines[k].what.id;
			row->form = lines[k].form;
			row->value = column && row->id != METRIC_NONE ? view_value(&v, &lines[k].what, *column) : lines[k].now;
		}
	}
	return rows;
}

static struct told *find(struct plain *p, const struct told *row)
{
	for (size_t i = 0; i < p->count; i++)
		if (p->row[i].id == row->id && strcmp(p->row[i].name, row->name) == 0)
			return &p->row[i];
	return NULL;
}

static void keep(struct plain *p, const struct told *row)
{
	struct told *old = find(p, row);

	if (!old) {
		p->row = xgrow(p->row, &p->capacity, p->count + 1, sizeof *p->row);
		old = &p->row[p->count++];
	}
	*old = *row;
	old->value.why = NULL; /* lives no longer than its sample */
}

/* ---- changes ---- */

static bool missing(struct point p)
{
	return p.state == POINT_DENIED || p.state == POINT_ABSENT;
}

static bool moved(const struct told *was, const struct told *is)
{
	double a = was->value.value, b = is->value.value;
	char old[FMT_SIZE], new[FMT_SIZE];

	if (strcmp(value_number(old, was->form, a), value_number(new, is->form, b)) == 0)
		return false;
	return !(a * b > 0) || fmax(a / b, b / a) >= NOTABLE;
}

static bool changed(const struct told *was, const struct told *is)
{
	if (point_has_value(was->value) && point_has_value(is->value))
		return moved(was, is);
	return point_has_value(was->value) != point_has_value(is->value) || missing(was->value) != missing(is->value);
}

/* "rx pkt/s rose from 387 to 1.25M" */
static void describe(char out[CLAUSE_SIZE], const struct told *was, const struct told *is)
{
	char old[VALUE_SIZE], new[VALUE_SIZE];

	value_text(new, is->form, is->value);
	if (missing(is->value))
		snprintf(out, CLAUSE_SIZE, "%s is not measured%s%.200s", is->name, is->value.why ? ": " : "",
			is->value.why ? is->value.why : "");
	else if (!point_has_value(is->value))
		snprintf(out, CLAUSE_SIZE, "%s has no value now", is->name);
	else if (!was || !point_has_value(was->value))
		snprintf(out, CLAUSE_SIZE, "%s is %s now", is->name, new);
	else
		snprintf(out, CLAUSE_SIZE, "%s %s from %s to %s", is->name,
			is->value.value > was->value.value ? "rose" : "fell", value_text(old, was->form, was->value), new);
}

static void say_changes(struct plain *p, struct speech *to, const struct told *rows, size_t count)
{
	char *sentence = NULL, clause[CLAUSE_SIZE];
	size_t size, clauses = 0;
	FILE *f = open_memstream(&sentence, &size);

	if (!f)
		fatal("out of memory");
	for (size_t i = 0; i < count; i++) {
		const struct told *was = find(p, &rows[i]);

		if (was && !changed(was, &rows[i]))
			continue;
		describe(clause, was, &rows[i]);
		fprintf(f, "%s%s", clauses++ ? ", " : "", clause);
		keep(p, &rows[i]);
	}
	fclose(f);
	if (clauses)
		say(to, sentence);
	free(sentence);
}

/* ---- all of it ---- */

/* "pktgate 18231, 6 threads: rx pkt/s 1.25M, request p50 11.0us", then what there is no number for. */
static void say_all(struct plain *p, struct speech *to, const struct store *st, const struct told *rows, size_t count)
{
	const struct target_facts *facts = store_facts(st);
	char *sentence = NULL, clause[CLAUSE_SIZE], text[VALUE_SIZE];
	const char *between = ": ";
	size_t size;
	FILE *f = open_memstream(&sentence, &size);

	if (!f)
		fatal("out of memory");
	fprintf(f, "%s %d, %u thread%s", facts->name, (int)facts->pid, facts->threads, facts->threads == 1 ? "" : "s");
	for (size_t i = 0; i < count; i++) {
		keep(p, &rows[i]);
		if (!point_has_value(rows[i].value))
			continue;
		fprintf(f, "%s%s %s", between, rows[i].name, value_text(text, rows[i].form, rows[i].value));
		between = ", ";
	}
	fclose(f);
	say(to, sentence);
	free(sentence);
	for (size_t i = 0; i < count; i++)
		if (missing(rows[i].value)) {
			describe(clause, NULL, &rows[i]);
			say(to, clause);
		}
}

/* A column is looked at once it is over. */
static void say_news(struct plain *p, struct speech *to, struct screen *s, const struct view *v)
{
	uint64_t column = (v->now - 1) / v->column;
	struct span over = view_column(v, 1);
	struct told *rows;
	size_t count;

	if (p->began && column == p->column)
		return;
	rows = rows_of(s, v, p->began ? &over : NULL, &count);
	if (p->began)
		say_changes(p, to, rows, count);
	else
		say_all(p, to, v->store, rows, count);
	p->began = true;
	p->column = column;
	free(rows);
}

char *plain_say(struct plain *p, struct screen *s, const struct store *st)
{
	struct view v = screen_view(s, st);
	struct speech to;
	char *text = NULL, end[160];
	size_t size;

	if (!v.now || p->ended)
		return NULL;
	to.out = open_memstream(&text, &size);
	if (!to.out)
		fatal("out of memory");
	header_clock(to.clock, sizeof to.clock, store_wall(st, store_now(st)), v.utc);
	p->ended = store_facts(st)->state == TARGET_ENDED;
	if (p->ended)
		say(&to, plain_end(end, sizeof end, st));
	else
		say_news(p, &to, s, &v);
	fclose(to.out);
	if (size)
		return text;
	free(text);
	return NULL;
}
