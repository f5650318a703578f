/* Who waits for a lock and who lets it go, by call site: shares of the stacks that were taken so far. */
#include "ui/pane/locks.h"

#include "base/alloc.h"
#include "ui/listing.h"
#include "ui/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAMES_SIZE 64
#define STACKED_BELOW_COLS 72 /* below this the two lists stand below each other */

/* A place in the code with the threads that were seen there. */
struct site {
	const char *site, *callers;
	char threads[NAMES_SIZE]; /* "rx1 rx2 rx3", "rx1 rx2 rx3 +5" */
	size_t named, more;       /* threads by name in that text, and the others */
	double samples;
};

struct sites {
	struct site *list;
	size_t count;
	double sum;
	bool sampled;
};

static struct site *find_or_add(struct sites *s, const char *site, const char *callers)
{
	for (size_t i = 0; i < s->count; i++)
		if (strcmp(s->list[i].site, site) == 0 && strcmp(s->list[i].callers, callers) == 0)
			return &s->list[i];
	s->list = xreallocarray(s->list, s->count + 1, sizeof *s->list);
	s->list[s->count] = (struct site){ .site = site, .callers = callers };
	return &s->list[s->count++];
}

static bool has_word(const char *text, const char *word)
{
	size_t n = strlen(word);

	for (const char *at = strstr(text, word); at; at = strstr(at + 1, word))
		if ((at == text || at[-1] == ' ') && (at[n] == ' ' || !at[n]))
			return true;
	return false;
}

static void add_thread(struct site *s, const char *name)
{
	size_t used = strlen(s->threads);

	if (!name[0] || has_word(s->threads, name))
		return;
	if (s->named == 3 || used + strlen(name) + 8 > NAMES_SIZE) {
		s->more++;
		return;
	}
	snprintf(s->threads + used, NAMES_SIZE - used, "%s%s", used ? " " : "", name);
	s->named++;
}

/* The others as a number; add_thread() has left room for it. */
static void add_more(struct site *s)
{
	size_t used = strlen(s->threads);

	snprintf(s->threads + used, NAMES_SIZE - used, " +%zu", s->more);
}

static int by_samples(const void *a, const void *b)
{
	const struct site *x = a, *y = b;

	return x->samples == y->samples ? strcmp(x->site, y->site) : x->samples > y->samples ? -1 : 1;
}

/* The sites of a lock in one role, those with the most samples first; the caller frees the list. */
static struct sites sites_of(const struct view *v, const struct locks *l, size_t row, const char *role)
{
	struct cells c = cells_of(v, &table_lock_sites);
	const char *addr = cells_text(&l->cells, row, LOCKS_ADDR);
	double pid = cells_number(&l->cells, row, LOCKS_PID);
	struct sites s = { .sampled = c.table && c.table->sampled };

	for (size_t i = 0; i < c.nrows; i++) {
		double samples = cells_number(&c, i, SITES_SAMPLES);
		struct site *site;

		if (strcmp(cells_text(&c, i, SITES_ADDR), addr) != 0 || cells_number(&c, i, SITES_PID) != pid ||
			strcmp(cells_text(&c, i, SITES_ROLE), role) != 0)
			continue;
		site = find_or_add(&s, cells_text(&c, i, SITES_SITE), cells_text(&c, i, SITES_CALLERS));
		add_thread(site, cells_text(&c, i, SITES_THREAD));
		site->samples += samples > 0 ? samples : 0;
		s.sum += samples > 0 ? samples : 0;
	}
	for (size_t i = 0; i < s.count; i++)
		if (s.list[i].more)
			add_more(&s.list[i]);
	if (s.count)
		qsort(s.list, s.count, sizeof *s.list, by_samples);
	return s;
}

enum { SHARE, THREADS, SITE, CALLERS, COLUMNS };

static int wider(int most, const char *text)
{
	int width = canvas_width(text);

	return width > most ? width : most;
}

/* Threads and sites as wide as they are, within bounds, and all else for the callers. */
static void place_columns(const struct sites *s, struct rect r, struct listing_column columns[COLUMNS],
	struct listing_place places[COLUMNS])
{
	int threads = 8, sites = 8;

	for (size_t i = 0; i < s->count; i++) {
		threads = wider(threads, s->list[i].threads);
		sites = wider(sites, s->list[i].site);
	}
	threads = threads < r.cols * 2 / 5 ? threads : r.cols * 2 / 5;
	sites = sites < r.cols / 3 ? sites : r.cols / 3;
	columns[SHARE] = (struct listing_column){ "", 5 + s->sampled, 0, 0, false };
	columns[THREADS] = (struct listing_column){ "", threads + 1, 0, 2, true };
	columns[SITE] = (struct listing_column){ "", sites + 1, 0, 0, true };
	columns[CALLERS] = (struct listing_column){ "", 8, r.cols, 1, true };
	listing_place(columns, COLUMNS, r, places);
}

static void draw_site(struct canvas *c, int row, const struct listing_column columns[],
	const struct listing_place places[], const struct sites *s, const struct site *site)
{
	char share[16] = "-";
	const char *text[COLUMNS] = { share, site->threads, site->site, site->callers };

	if (s->sum > 0)
		snprintf(share, sizeof share, "%s%.0f%%", s->sampled ? "~" : "", site->samples / s->sum * 100);
	for (size_t i = 0; i < COLUMNS; i++)
		listing_cell(&columns[i], places[i], c, row, ROLE_TEXT, text[i]);
}

static void draw_half(const struct view *v, struct canvas *c, struct rect r, const struct locks *l, size_t row,
	const char *role, const char *title)
{
	struct sites s = sites_of(v, l, row, role);
	struct listing_column columns[COLUMNS];
	struct listing_place places[COLUMNS];

	canvas_write(c, r.row, r.col + 1, r.cols - 1, ROLE_DIM, title);
	place_columns(&s, r, columns, places);
	for (size_t i = 0; i < s.count && (int)i + 1 < r.rows; i++)
		draw_site(c, r.row + 1 + (int)i, columns, places, &s, &s.list[i]);
	if (!s.count && r.rows > 1)
		canvas_write(c, r.row + 1, r.col + 2, r.cols - 2, ROLE_DIM, "no call site has been seen yet");
	free(s.list);
}

static int at_most(size_t count, int most)
{
	return !count ? 1 : count < (size_t)most ? (int)count : most;
}

struct locks_sites locks_count_sites(const struct view *v, const struct locks *l, size_t row)
{
	struct sites wait = sites_of(v, l, row, "wait"), hold = sites_of(v, l, row, "hold");

	free(wait.list);
	free(hold.list);
	return (struct locks_sites){ wait.count, hold.count };
}

int locks_sites_rows(struct locks_sites sites, int cols, int most)
{
	int wait = at_most(sites.wait, most), hold = at_most(sites.hold, most);

	if (cols < STACKED_BELOW_COLS)
		return 1 + 1 + wait + 1 + hold;
	return 1 + 1 + (wait > hold ? wait : hold);
}

/* "─ conn_tbl   mutex 0x5581f2a041c0   of 18231 ─── ..."; the name is left out where it is the address. */
static void draw_rule(const struct view *v, struct canvas *c, struct rect r, const struct locks *l, size_t row)
{
	const char *name = cells_text(&l->cells, row, LOCKS_LOCK), *addr = cells_text(&l->cells, row, LOCKS_ADDR);
	const char *kind = cells_text(&l->cells, row, LOCKS_KIND);
	double pid = cells_number(&l->cells, row, LOCKS_PID);
	bool named = name[0] && strcmp(name, addr) != 0;
	static const char unseen[] = "not seen: locking without a wait, hold times";
	char title[512], of[32] = "";
	int used;

	if (pid > 0)
		snprintf(of, sizeof of, "  of %.0f ", pid);
	snprintf(title, sizeof title, " %.200s%s%s %s %s", named ? name : "", named ? "   " : "", kind, addr, of);
	text_rule(c, v->glyphs, r);
	used = 1 + canvas_write(c, r.row, r.col + 1, r.cols - 2, ROLE_TITLE, title);
	if (used + canvas_width(unseen) + 6 <= r.cols)
		text_in_rule(c, (struct rect){ r.row, r.col + used, 1, r.cols - 1 - used }, unseen);
}

void locks_draw_sites(const struct view *v, struct canvas *c, struct rect r, const struct locks *l, size_t row)
{
	struct rect wait = { r.row + 1, r.col, r.rows - 1, r.cols / 2 };
	struct rect hold = { r.row + 1, r.col + r.cols / 2, r.rows - 1, r.cols - r.cols / 2 - 1 };

	draw_rule(v, c, (struct rect){ r.row, r.col, 1, r.cols }, l, row);
	if (r.cols < STACKED_BELOW_COLS) {
		int want = 1 + at_most(locks_count_sites(v, l, row).wait, r.rows);

		wait = (struct rect){ r.row + 1, r.col, want < r.rows / 2 ? want : r.rows / 2, r.cols - 1 };
		hold = (struct rect){ wait.row + wait.rows, r.col, r.rows - 1 - wait.rows, r.cols - 1 };
	}
	draw_half(v, c, wait, l, row, "wait", "who waits, where");
	if (hold.rows > 0)
		draw_half(v, c, hold, l, row, "hold", "who holds, where");
}
