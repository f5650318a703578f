/* What is missing, and why. Knows nothing of single sources: all it says it has from statuses and points. */
#include "ui/why.h"

#include "ui/text.h"
#include "ui/value.h"

#include <stdio.h>
#include <string.h>

#define NAME_COLS 17
#define STATE_COLS 8
#define COST_COLS 41
#define REASONS_MAX 32

const char *const why_wants[] = { "tach.cpu_seconds", "tach.tick_seconds", "tach.rss_bytes", "tach.terminal_bytes",
	"tach.target_cost_ratio", "tach.bystander_cost_seconds", NULL };

static const struct {
	const char *text;
	enum role role;
} states[] = {
	[STATUS_ON] = { "on", ROLE_GOOD },
	[STATUS_PARTIAL] = { "on ~", ROLE_GOOD },
	[STATUS_DENIED] = { "DENIED", ROLE_WARN },
	[STATUS_ABSENT] = { "n/a", ROLE_WARN },
	[STATUS_OFF] = { "OFF", ROLE_WARN },
};

static void put_rule(struct pager *p, const struct theme_glyphs *g, const char *left, const char *right)
{
	int row = pager_next(p);
	struct rect r = { row, p->r.col, 1, p->r.cols };
	char text[80];

	if (row < 0)
		return;
	text_rule(p->c, g, r);
	snprintf(text, sizeof text, " %s ", left);
	canvas_write(p->c, row, r.col + 1, r.cols - 1, ROLE_TITLE, text);
	text_in_rule(p->c, (struct rect){ row, r.col, 1, r.cols - 1 }, right);
}

/* One source: name and state, reason, remedy; the two texts wrap side by side. */
static void put_status(struct pager *p, const struct status *s)
{
	int left = p->r.col + 1 + NAME_COLS + 1 + STATE_COLS, room = p->r.col + p->r.cols - 1 - left;
	int why = s->fix[0] ? room / 2 - 1 : room, fix = room - why - 2, row = p->line - p->top;
	struct pager other = *p;

	pager_wrap(p, left, why, ROLE_TEXT, s->why);
	if (s->fix[0])
		pager_wrap(&other, left + why + 2, fix, ROLE_KEY, s->fix);
	if (p->line == other.line && !s->fix[0] && !s->why[0])
		pager_next(p);
	if (other.line > p->line)
		p->line = other.line;
	if (row < 0 || row >= p->r.rows)
		return;
	canvas_write(p->c, p->r.row + row, p->r.col + 1, NAME_COLS, ROLE_TEXT, s->name);
	canvas_write(p->c, p->r.row + row, left - STATE_COLS, STATE_COLS - 1, states[s->state].role, states[s->state].text);
}

struct reason {
	const char *why;
	enum point_state state;
};

/* The different reasons for which metrics are missing at this moment. */
static size_t reasons(const struct view *v, struct reason out[REASONS_MAX])
{
	size_t n = 0;

	for (size_t id = 0; id < store_metrics(v->store) && n < REASONS_MAX; id++) {
		struct point p = store_value(v->store, (metric_id)id, view_last(v));
		size_t i = 0;

		if ((p.state != POINT_DENIED && p.state != POINT_ABSENT) || !p.why)
			continue;
		while (i < n && strcmp(out[i].why, p.why) != 0)
			i++;
		if (i == n)
			out[n++] = (struct reason){ p.why, p.state };
	}
	return n;
}

/* A reason, and below it the metrics that it keeps away. */
static void put_reason(struct pager *p, const struct view *v, const struct reason *reason)
{
	char names[4096] = "", mark[VALUE_SIZE];
	size_t used = 0;
	int row = p->line - p->top;

	if (row >= 0 && row < p->r.rows)
		canvas_write(p->c, p->r.row + row, p->r.col + 1, 7, ROLE_WARN,
			value_text(mark, FORM_COUNT, point_missing(reason->state, NULL)));
	pager_wrap(p, p->r.col + 9, p->r.cols - 10, ROLE_TEXT, reason->why);
	for (size_t id = 0; id < store_metrics(v->store) && used + 80 < sizeof names; id++) {
		struct point point = store_value(v->store, (metric_id)id, view_last(v));

		if (point.state == reason->state && point.why && strcmp(point.why, reason->why) == 0)
			used += (size_t)snprintf(names + used, sizeof names - used, "%s%.63s", used ? " " : "",
				store_metric(v->store, (metric_id)id)->name);
	}
	pager_wrap(p, p->r.col + 9, p->r.cols - 10, ROLE_DIM, names);
}

/* CPU time is a share of one CPU here: nobody thinks in seconds a second. */
static void put_cost(struct pager *p, const struct view *v, const char *name)
{
	metric_id id = store_find(v->store, name);
	const struct metric *m;
	char value[VALUE_SIZE], text[80];
	int row = p->line - p->top;
	bool share;

	if (id == METRIC_NONE)
		return;
	m = store_metric(v->store, id);
	share = m->unit == UNIT_RATIO || (m->unit == UNIT_SECONDS && m->kind == METRIC_COUNTER);
	value_text(value, value_form(m, share, false), store_value(v->store, id, view_last(v)));
	snprintf(text, sizeof text, "%-27.27s %8s%s", name, value, m->kind == METRIC_COUNTER && !share ? "/s" : "");
	if (row >= 0 && row < p->r.rows)
		canvas_write(p->c, p->r.row + row, p->r.col + 1, -1, ROLE_TEXT, text);
	pager_wrap(p, p->r.col + COST_COLS, p->r.cols - COST_COLS - 1, ROLE_DIM, *m->help ? m->help : m->label);
}

int why_draw(const struct view *v, struct canvas *c, struct rect r, int top)
{
	struct pager p = { .c = c, .r = r, .top = top };
	struct reason list[REASONS_MAX];
	size_t count, n;
	const struct status *s = store_statuses(v->store, &count);

	put_rule(&p, v->glyphs, "source            state    reason", "what would bring it back");
	for (size_t i = 0; i < count; i++)
		put_status(&p, &s[i]);
	n = reasons(v, list);
	if (n) {
		pager_next(&p);
		put_rule(&p, v->glyphs, "metrics that are not there", "");
	}
	for (size_t i = 0; i < n; i++)
		put_reason(&p, v, &list[i]);
	pager_next(&p);
	put_rule(&p, v->glyphs, "what tach costs", "last interval");
	for (const char *const *name = why_wants; *name; name++)
		put_cost(&p, v, *name);
	return p.line;
}
