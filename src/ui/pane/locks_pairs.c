/* Who waits for whom: a matrix of the threads that wait most and those that are waited for most, and the chains now. */
#include "ui/pane/locks.h"

#include "base/alloc.h"
#include "ui/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_COLS 12     /* of a waiter */
#define OWNER_COLS 8     /* a column of the matrix */
#define CHAINS_COLS 34   /* what chains are worth beside the matrix */
#define CHAINS_FROM_COLS 66
#define TIME_COLS 7

/* A thread in one role, with what it waited, or was waited for. */
struct person {
	const char *name; /* "rx1/18233" */
	size_t row;       /* the first one that names it */
	double wait;
};

struct people {
	struct person *list;
	size_t count;
};

struct pairs {
	struct cells cells;
	struct people waiters, owners;
};

static int by_name(const void *a, const void *b)
{
	const struct person *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order ? order : x->row < y->row ? -1 : x->row > y->row;
}

static int by_wait(const void *a, const void *b)
{
	const struct person *x = a, *y = b;
	double dx = locks_rounded(x->wait, 1), dy = locks_rounded(y->wait, 1);

	if (dx != dy)
		return dx > dy ? -1 : 1;
	return x->row < y->row ? -1 : x->row > y->row;
}

static bool among(const struct people *p, size_t first, const char *name)
{
	for (size_t i = 0; i < p->count && i < first; i++)
		if (strcmp(p->list[i].name, name) == 0)
			return true;
	return false;
}

/* Everybody in that column of the pairs once, the busiest first. */
static struct people people_of(const struct cells *c, int column, const struct people *waiters, size_t first)
{
	struct people p = { .list = xcalloc(c->nrows, sizeof *p.list) };
	size_t n = 0;

	for (size_t i = 0; i < c->nrows; i++) {
		double wait = cells_number(c, i, PAIRS_WAIT);

		if (!waiters || among(waiters, first, cells_text(c, i, PAIRS_WAITER)))
			p.list[n++] = (struct person){ cells_text(c, i, column), i, wait > 0 ? wait : 0 };
	}
	qsort(p.list, n, sizeof *p.list, by_name);
	for (size_t i = 0; i < n; i++) {
		if (p.count && strcmp(p.list[p.count - 1].name, p.list[i].name) == 0)
			p.list[p.count - 1].wait += p.list[i].wait;
		else
			p.list[p.count++] = p.list[i];
	}
	qsort(p.list, p.count, sizeof *p.list, by_wait);
	return p;
}

/* The threads that waited, and those that the first `first` of them waited for. */
static struct pairs pairs_of(const struct view *v, size_t first)
{
	struct pairs p = { .cells = cells_of(v, &table_lock_pairs) };

	p.waiters = people_of(&p.cells, PAIRS_WAITER, NULL, 0);
	p.owners = people_of(&p.cells, PAIRS_OWNER, &p.waiters, first);
	return p;
}

static void pairs_drop(struct pairs *p)
{
	free(p->waiters.list);
	free(p->owners.list);
}

static double waited(const struct pairs *p, const char *waiter, const char *owner)
{
	double sum = 0;

	for (size_t i = 0; i < p->cells.nrows; i++) {
		double wait = cells_number(&p->cells, i, PAIRS_WAIT);

		if (wait > 0 && strcmp(cells_text(&p->cells, i, PAIRS_WAITER), waiter) == 0 &&
			strcmp(cells_text(&p->cells, i, PAIRS_OWNER), owner) == 0)
			sum += wait;
	}
	return sum;
}

/* The name, or where two have the same name the number of "name/number". */
static const char *short_name(char *buf, size_t size, const struct people *p, size_t who)
{
	const char *name = p->list[who].name[0] ? p->list[who].name : "?", *slash = strrchr(name, '/');
	size_t n = slash ? (size_t)(slash - name) : strlen(name);

	for (size_t i = 0; slash && i < p->count; i++)
		if (i != who && strncmp(p->list[i].name, name, n + 1) == 0) {
			snprintf(buf, size, "%s", slash + 1);
			return buf;
		}
	snprintf(buf, size, "%.*s", (int)n, name);
	return buf;
}

/* Milliseconds in five columns: "58", "1.1", ".2"; what is less is there, but no number. */
static void draw_wait(const struct view *v, struct canvas *c, int row, int col, double seconds, bool sampled)
{
	const char *mark = sampled ? "~" : "";
	double ms = seconds * 1e3;
	char text[32];

	if (!(ms > 0)) {
		canvas_put(c, row, col + OWNER_COLS - 1, ROLE_DIM, v->glyphs->heats[0]);
		return;
	}
	if (ms >= 9.95)
		snprintf(text, sizeof text, "%s%.0f", mark, ms);
	else if (ms >= 0.95)
		snprintf(text, sizeof text, "%s%.1f", mark, ms);
	else if (ms >= 0.05)
		snprintf(text, sizeof text, "%s.%.0f", mark, ms * 10);
	else
		snprintf(text, sizeof text, "<.1");
	canvas_right(c, row, col, OWNER_COLS, ROLE_TEXT, text);
}

static void draw_matrix(const struct view *v, struct canvas *c, struct rect r, const struct pairs *p)
{
	int owners = (r.cols - NAME_COLS - 1) / OWNER_COLS;
	bool sampled = p->cells.table->sampled;
	char name[128];

	if (owners > (int)p->owners.count)
		owners = (int)p->owners.count;
	for (int o = 0; o < owners; o++)
		canvas_right(c, r.row, r.col + 1 + NAME_COLS + o * OWNER_COLS + 1, OWNER_COLS - 1, ROLE_DIM,
			short_name(name, sizeof name, &p->owners, (size_t)o));
	for (int w = 0; w < (int)p->waiters.count && w + 1 < r.rows; w++) {
		int row = r.row + 1 + w;

		canvas_right(c, row, r.col + 1, NAME_COLS - 1, ROLE_TEXT, short_name(name, sizeof name, &p->waiters, (size_t)w));
		for (int o = 0; o < owners; o++)
			draw_wait(v, c, row, r.col + 1 + NAME_COLS + o * OWNER_COLS,
				waited(p, p->waiters.list[w].name, p->owners.list[o].name), sampled);
	}
}

/* Whether the next chain ends otherwise, so that the end is told below this one. */
static bool ends_here(const struct cells *t, const size_t *order, size_t i)
{
	return i + 1 == t->nrows ||
		strcmp(cells_text(t, order[i], CHAINS_END), cells_text(t, order[i + 1], CHAINS_END)) != 0;
}

static size_t count_chain_lines(const struct view *v)
{
	struct cells t = cells_of(v, &table_lock_chains);
	size_t *order = cells_sorted(&t, CHAINS_WAIT), n = t.nrows;

	for (size_t i = 0; i < t.nrows; i++)
		n += ends_here(&t, order, i);
	free(order);
	return n;
}

/* Where the locks stand: behind the chains, but with five columns at least. */
static int lock_col(const struct cells *t, int cols)
{
	int col = 12, most = cols - TIME_COLS - 6;

	for (size_t i = 0; i < t->nrows; i++) {
		int width = canvas_width(cells_text(t, i, CHAINS_CHAIN)) + 2;

		col = width > col ? width : col;
	}
	return col < most ? col : most;
}

/* "rx1 > ctl   conn_tbl   2.1ms", and below those that end alike, how: "ctl runs on cpu 3". */
static void draw_chains(const struct view *v, struct canvas *c, struct rect r)
{
	struct cells t = cells_of(v, &table_lock_chains);
	size_t *order = cells_sorted(&t, CHAINS_WAIT);
	int row = r.row, bottom = r.row + r.rows, lock = lock_col(&t, r.cols);
	char text[VALUE_SIZE];

	canvas_write(c, row++, r.col, r.cols, ROLE_DIM, t.nrows ? "longest chain now" : "nobody waits now");
	for (size_t i = 0; i < t.nrows && row < bottom; i++) {
		canvas_write(c, row, r.col, lock - 1, ROLE_TEXT, cells_text(&t, order[i], CHAINS_CHAIN));
		canvas_write(c, row, r.col + lock, r.cols - lock - TIME_COLS - 1, ROLE_TEXT,
			cells_text(&t, order[i], CHAINS_LOCK));
		canvas_right(c, row++, r.col + r.cols - TIME_COLS, TIME_COLS, ROLE_NOW,
			locks_seconds(text, &t, cells_number(&t, order[i], CHAINS_WAIT)));
		if (ends_here(&t, order, i) && row < bottom)
			canvas_write(c, row++, r.col, r.cols, ROLE_DIM, cells_text(&t, order[i], CHAINS_END));
	}
	free(order);
}

int locks_count_pairs(const struct view *v)
{
	struct pairs p = pairs_of(v, 0);
	size_t pairs = p.waiters.count, chains = count_chain_lines(v);

	pairs_drop(&p);
	return (int)(pairs > chains ? pairs : chains);
}

void locks_draw_pairs(const struct view *v, struct canvas *c, struct rect r)
{
	struct pairs p = pairs_of(v, (size_t)(r.rows > 2 ? r.rows - 2 : 0));
	int matrix = NAME_COLS + 2 + OWNER_COLS * (int)p.owners.count, most = r.cols;
	bool chains = r.cols >= CHAINS_FROM_COLS && cells_of(v, &table_lock_chains).table;

	text_rule(c, v->glyphs, (struct rect){ r.row, r.col, 1, r.cols });
	canvas_write(c, r.row, r.col + 1, r.cols - 2, ROLE_TITLE, " who waits for whom, ms a second ");
	if (chains)
		most -= CHAINS_COLS;
	matrix = matrix < most ? matrix : most;
	if (p.cells.nrows)
		draw_matrix(v, c, (struct rect){ r.row + 1, r.col, r.rows - 1, matrix }, &p);
	if (chains)
		draw_chains(v, c, (struct rect){ r.row + 1, r.col + matrix + 4, r.rows - 1,
			r.cols - matrix - 5 < 60 ? r.cols - matrix - 5 : 60 });
	pairs_drop(&p);
}
