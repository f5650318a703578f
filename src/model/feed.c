/* Reads recorded ticks: a line-oriented text, all of it hostile. One row of the table below a kind of line. */
#include "model/feed.h"

#include "base/alloc.h"
#include "base/str.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FEED_TABLES 32
#define FEED_COLUMNS 32
#define FEED_ROWS 100000

struct feed_table {
	struct table_def def;
	struct column columns[FEED_COLUMNS];
	size_t index; /* its place in the open sample plus 1; 0: no row yet */
};

struct feed {
	struct registry *registry;
	metric_id announced;        /* rows that sealed samples have carried */
	struct target_facts facts;
	struct feed_table tables[FEED_TABLES];
	size_t ntables;
	struct sample *open;        /* between tick and end */
	nsec_t time, wall, last;
	size_t line;
	bool started;
	struct err *e;
};

struct feed *feed_new(void)
{
	struct feed *f = xcalloc(1, sizeof *f);

	f->registry = registry_new();
	f->facts.exit_status = -1;
	return f;
}

void feed_free(struct feed *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < f->ntables; i++) {
		free((char *)f->tables[i].def.name);
		for (size_t c = 0; c < f->tables[i].def.ncolumns; c++) {
			free((char *)f->tables[i].columns[c].name);
			free((char *)f->tables[i].columns[c].label);
		}
	}
	sample_free(f->open);
	registry_free(f->registry);
	free(f);
}

static int bad(struct feed *f, const char *what)
{
	return err_set(f->e, 0, "line %zu: %s", f->line, what);
}

/* The next blank-separated word, or "" at the end. */
static char *word(char **rest)
{
	char *w = *rest + strspn(*rest, " ");
	size_t n = strcspn(w, " ");

	*rest = w + n + (w[n] != '\0');
	w[n] = '\0';
	return w;
}

/* The next cell: a word, or what stands between quotes. */
static char *cell(char **rest)
{
	char *w = *rest + strspn(*rest, " ");
	size_t n;

	if (*w != '"')
		return word(rest);
	n = strcspn(++w, "\"");
	*rest = w + n + (w[n] != '\0');
	w[n] = '\0';
	return w;
}

static bool number(const char *text, double *out)
{
	char *end;

	if (!*text || strspn(text, "0123456789.eE+-") != strlen(text))
		return false;
	*out = strtod(text, &end);
	return *end == '\0' && isfinite(*out);
}

/* Index of a word in a NULL-ended list, -1 if it is not there. */
static int choose(const char *w, const char *const *list)
{
	for (int i = 0; list[i]; i++)
		if (strcmp(w, list[i]) == 0)
			return i;
	return -1;
}

static const char *const kind_words[] = { "counter", "gauge", "histogram", NULL };
static const char *const unit_words[] = { "count", "bytes", "seconds", "ratio", NULL };
static const char *const column_words[] = { "text", "gauge", "counter", NULL };
static const char *const state_words[] = { "gap", "ok", "scaled", "partial", "denied", "absent", NULL };

static bool good_name(const char *name)
{
	size_t n = strlen(name);

	return n > 0 && n < 64 && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._") == n;
}

static int read_metric(struct feed *f, char *rest)
{
	char *name = word(&rest), label[32];
	int kind = choose(word(&rest), kind_words), unit = choose(word(&rest), unit_words);

	if (!good_name(name) || kind < 0 || unit < 0)
		return bad(f, "metric needs a name, counter|gauge|histogram and count|bytes|seconds|ratio");
	str_clean(label, sizeof label, *rest ? rest : name, strlen(*rest ? rest : name));
	if (registry_add(f->registry, &(struct metric){ .name = name, .label = label, .kind = (enum metric_kind)kind,
			.unit = (enum metric_unit)unit }) == METRIC_NONE)
		return bad(f, "too many metrics");
	return 0;
}

struct fact {
	const char *name;
	size_t offset, size; /* of a text; size 0: a number */
};

#define FACT_TEXT(field) { #field, offsetof(struct target_facts, field), sizeof((struct target_facts *)0)->field }

static int read_fact(struct feed *f, char *rest)
{
	static const struct fact texts[] = { FACT_TEXT(name), FACT_TEXT(cmdline), FACT_TEXT(cgroup), FACT_TEXT(host),
		FACT_TEXT(ended) };
	const char *name = word(&rest);
	double v = 0;

	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		if (strcmp(name, texts[i].name) == 0) {
			str_clean((char *)&f->facts + texts[i].offset, texts[i].size, rest, strlen(rest));
			f->facts.state = f->facts.ended[0] ? TARGET_ENDED : TARGET_RUNNING;
			return 0;
		}
	if (!number(rest, &v) || fabs(v) > 1e10)
		return bad(f, "fact needs a known name and its value");
	if (strcmp(name, "pid") == 0)
		f->facts.pid = (pid_t)v;
	else if (strcmp(name, "processes") == 0)
		f->facts.processes = (unsigned)fabs(v);
	else if (strcmp(name, "threads") == 0)
		f->facts.threads = (unsigned)fabs(v);
	else if (strcmp(name, "started") == 0)
		f->facts.started_wall = (nsec_t)(fabs(v) * 1e9);
	else if (strcmp(name, "exit") == 0)
		f->facts.exit_status = (int)v;
	else
		return bad(f, "unknown fact");
	return 0;
}

static struct feed_table *find_table(struct feed *f, const char *name, bool add)
{
	for (size_t i = 0; i < f->ntables; i++)
		if (strcmp(f->tables[i].def.name, name) == 0)
			return &f->tables[i];
	if (!add || f->ntables == FEED_TABLES || !good_name(name))
		return NULL;
	f->tables[f->ntables].def = (struct table_def){ .name = xstrdup(name), .columns = f->tables[f->ntables].columns };
	return &f->tables[f->ntables++];
}

static int read_column(struct feed *f, char *rest)
{
	struct feed_table *t = find_table(f, word(&rest), true);
	char *name = word(&rest), label[32];
	int kind = choose(word(&rest), column_words), unit = choose(word(&rest), unit_words);

	if (f->open || f->last)
		return bad(f, "columns come before the first tick");
	if (!t || t->def.ncolumns == FEED_COLUMNS || !good_name(name) || kind < 0 || unit < 0)
		return bad(f, "column needs a table, a name, text|gauge|counter, a unit and a label");
	str_clean(label, sizeof label, rest, strlen(rest));
	t->columns[t->def.ncolumns++] = (struct column){ .name = xstrdup(name), .label = xstrdup(label),
		.kind = (enum column_kind)kind, .unit = (enum metric_unit)unit };
	return 0;
}

static int read_tick(struct feed *f, char *rest)
{
	double seconds, wall = 0;
	char *w;

	if (f->open)
		return bad(f, "tick inside a tick");
	if (!number(word(&rest), &seconds) || seconds < 0 || seconds > 1e9)
		return bad(f, "tick needs its time in seconds");
	w = word(&rest);
	if (*w && (!number(w, &wall) || wall < 0 || wall > 1e10))
		return bad(f, "bad wall time");
	f->time = (nsec_t)(seconds * 1e9) + 1; /* 0 is "never" in the store */
	if (f->time <= f->last)
		return bad(f, "ticks must go forward");
	f->wall = *w ? (nsec_t)(wall * 1e9) : f->wall ? f->wall + (f->time - f->last) : 0;
	f->open = sample_new(f->registry);
	for (size_t i = 0; i < f->ntables; i++)
		f->tables[i].index = 0;
	return 0;
}

static metric_id metric_in_tick(struct feed *f, const char *name)
{
	return f->open ? registry_find(f->registry, name) : METRIC_NONE;
}

static int read_value(struct feed *f, char *rest)
{
	metric_id id = metric_in_tick(f, word(&rest));
	double v, coverage = 1;
	struct point p;

	if (id == METRIC_NONE || !number(word(&rest), &v) || (*rest && !number(word(&rest), &coverage)))
		return bad(f, "v needs a known metric and a number, inside a tick");
	p = point_of(v);
	if (coverage < 1) {
		p.coverage = coverage > 0 ? (float)coverage : 0;
		p.state = POINT_SCALED;
	}
	sample_put(f->open, id, p);
	return 0;
}

static int read_missing(struct feed *f, char *rest)
{
	metric_id id = metric_in_tick(f, word(&rest));
	int state = choose(word(&rest), state_words);
	char why[240];
	double v;

	if (id == METRIC_NONE || state < 0 || state == POINT_OK || state == POINT_SCALED)
		return bad(f, "x needs a known metric and gap|partial|denied|absent, inside a tick");
	if (state == POINT_PARTIAL) {
		if (!number(rest, &v))
			return bad(f, "partial needs its number");
		sample_put(f->open, id, (struct point){ .value = v, .coverage = 1, .state = POINT_PARTIAL });
		return 0;
	}
	str_clean(why, sizeof why, rest, strlen(rest));
	sample_put_missing(f->open, id, (enum point_state)state, *why ? why : NULL);
	return 0;
}

static int read_hist(struct feed *f, char *rest)
{
	metric_id id = metric_in_tick(f, word(&rest));
	struct hist *h;
	uint64_t bin, count;
	char *w;

	if (id == METRIC_NONE || registry_row(f->registry, id)->kind != METRIC_HISTOGRAM)
		return bad(f, "h needs a histogram, inside a tick");
	h = hist_new();
	if (!str_to_u64(word(&rest), UINT64_MAX, &h->sum) || !str_to_u64(word(&rest), UINT64_MAX, &h->max))
		goto wrong;
	while (*(w = word(&rest))) {
		char *colon = strchr(w, ':');

		if (!colon)
			goto wrong;
		*colon = '\0';
		if (!str_to_u64(w, TACH_HIST_BINS - 1, &bin) || !str_to_u64(colon + 1, UINT32_MAX, &count))
			goto wrong;
		h->bins[bin] = count;
	}
	sample_put_hist(f->open, id, h);
	return 0;
wrong:
	free(h);
	return bad(f, "h needs SUM MAX BIN:COUNT...");
}

/* The table in the open tick. */
static struct table *open_table(struct feed *f, struct feed_table *t)
{
	if (!t->index) {
		sample_table(f->open, &t->def);
		t->index = f->open->ntables;
	}
	return &f->open->tables[t->index - 1];
}

static int read_note(struct feed *f, char *rest)
{
	static const char *const words[] = { "counted", "sampled", NULL };
	struct feed_table *t = find_table(f, word(&rest), false);
	int sampled = choose(word(&rest), words);
	char text[128];

	if (!f->open || !t || sampled < 0)
		return bad(f, "note needs a known table and counted|sampled, inside a tick");
	open_table(f, t);
	str_clean(text, sizeof text, rest, strlen(rest));
	sample_table_note(f->open, &t->def, sampled, text);
	return 0;
}

static int read_row(struct feed *f, char *rest)
{
	struct feed_table *t = find_table(f, word(&rest), false);
	struct table *table;
	union cell *row;
	uint64_t key;

	if (!f->open || !t || !str_to_u64(word(&rest), UINT64_MAX, &key))
		return bad(f, "row needs a known table and a key, inside a tick");
	table = open_table(f, t);
	if (table->nrows >= FEED_ROWS)
		return bad(f, "too many rows");
	row = table_row(table, key);
	for (size_t c = 0; c < t->def.ncolumns; c++) {
		char *w = cell(&rest), text[128];

		if (t->columns[c].kind == COLUMN_TEXT) {
			str_clean(text, sizeof text, w, strcmp(w, "-") == 0 ? 0 : strlen(w));
			row[c].text = sample_text(f->open, text);
		} else if (*w && strcmp(w, "-") != 0 && !number(w, &row[c].number))
			return bad(f, "a cell is no number");
	}
	return 0;
}

/* The part up to the next '|', cleaned. */
static void field(char **rest, char *out, size_t size)
{
	size_t n = strcspn(*rest, "|");

	str_clean(out, size, *rest, n);
	*rest += n + ((*rest)[n] != '\0');
}

static int read_status(struct feed *f, char *rest)
{
	int state = choose(word(&rest), status_words);
	char name[64], why[240], fix[240];

	if (!f->open || state < 0)
		return bad(f, "status needs on|partial|denied|absent|off, inside a tick");
	field(&rest, name, sizeof name);
	field(&rest, why, sizeof why);
	field(&rest, fix, sizeof fix);
	sample_status(f->open, name, (enum status_state)state, why, fix);
	return 0;
}

static int read_end(struct feed *f, char *rest)
{
	(void)rest;
	if (!f->open)
		return bad(f, "end without a tick");
	f->open->facts = f->facts;
	sample_seal(f->open, f->time, f->wall, f->announced);
	f->announced = (metric_id)registry_count(f->registry);
	f->last = f->time;
	return 1;
}

static const struct {
	const char *name;
	int (*read)(struct feed *f, char *rest);
} kinds_of_line[] = { { "v", read_value }, { "x", read_missing }, { "h", read_hist }, { "row", read_row },
	{ "note", read_note }, { "tick", read_tick }, { "end", read_end }, { "metric", read_metric }, { "fact", read_fact },
	{ "column", read_column }, { "status", read_status } };

int feed_line(struct feed *f, char *line, struct sample **out, struct err *e)
{
	char *rest = line;
	const char *kind;
	int rc;

	f->e = e;
	f->line++;
	if (!f->started) {
		f->started = strcmp(line, "tach-feed 1") == 0;
		return f->started ? 0 : bad(f, "this is no feed: it must begin with 'tach-feed 1'");
	}
	kind = word(&rest);
	if (!*kind || *kind == '#')
		return 0;
	for (size_t i = 0; i < sizeof kinds_of_line / sizeof kinds_of_line[0]; i++) {
		if (strcmp(kind, kinds_of_line[i].name) != 0)
			continue;
		rc = kinds_of_line[i].read(f, rest);
		if (rc == 1) {
			*out = f->open;
			f->open = NULL;
		}
		return rc;
	}
	return bad(f, "unknown kind of line");
}
