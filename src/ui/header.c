/* Header and time bar. What does not fit is left out whole, the least important first. */
#include "ui/header.h"

#include "base/fmt.h"
#include "ui/text.h"
#include "ui/value.h"
#include "ui/where.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define SEGMENTS 16 /* more than there are */
#define WIDE_COLS 100
#define BAR_COLS 30 /* label and bar: a text that leaves less gives way */

struct segment {
	char text[160];
	enum role role;
	int rank;   /* the highest goes first */
	bool right; /* stands at the right end */
	int gap;    /* blanks before it */
	char brief[64]; /* instead of the text when it would go; "": nothing. Then of that rank: */
	int brief_rank;
};

struct segments {
	struct segment list[SEGMENTS];
	int count;
};

static void add(struct segments *s, int rank, bool right, enum role role, const char *text)
{
	struct segment *seg = &s->list[s->count];

	if (!text[0] || s->count == SEGMENTS)
		return;
	*seg = (struct segment){ .role = role, .rank = rank, .right = right, .gap = 2 };
	snprintf(seg->text, sizeof seg->text, "%s", text);
	s->count++;
}

static int width_of_all(const struct segments *s)
{
	int width = 0;

	for (int i = 0; i < s->count; i++)
		width += canvas_width(s->list[i].text) + s->list[i].gap;
	return width;
}

static void drop_one(struct segments *s)
{
	int worst = 0;
	struct segment *seg;

	for (int i = 1; i < s->count; i++)
		if (s->list[i].rank > s->list[worst].rank)
			worst = i;
	seg = &s->list[worst];
	if (seg->brief[0]) {
		memcpy(seg->text, seg->brief, sizeof seg->brief);
		seg->brief[0] = '\0';
		seg->rank = seg->brief_rank;
		return;
	}
	memmove(&s->list[worst], &s->list[worst + 1], (size_t)(s->count - worst - 1) * sizeof s->list[0]);
	s->count--;
}

const char *header_clock(char *buf, size_t size, nsec_t wall, bool utc)
{
	time_t seconds = (time_t)(wall / NSEC_PER_SEC);
	struct tm tm;

	if (!wall || !(utc ? gmtime_r(&seconds, &tm) : localtime_r(&seconds, &tm)) || !strftime(buf, size, "%H:%M:%S", &tm))
		snprintf(buf, size, "--:--:--");
	return buf;
}

static void add_target(struct segments *s, const struct view *v, bool wide)
{
	const struct target_facts *f = store_facts(v->store);
	nsec_t wall = store_wall(v->store, v->now);
	char text[160], age[FMT_SIZE];

	add(s, 7, false, ROLE_DIM, "tach");
	add(s, 0, false, ROLE_TITLE, f->name[0] ? f->name : "waiting for the first sample");
	if (f->pid) {
		snprintf(text, sizeof text, "%d", (int)f->pid);
		add(s, 3, false, ROLE_TEXT, text);
		s->list[s->count - 1].gap = 1;
	}
	if (wide) {
		add(s, 9, false, ROLE_DIM, f->cgroup);
		add(s, 10, false, ROLE_DIM, f->cmdline);
	}
	if (f->state == TARGET_ENDED) {
		add(s, 1, false, ROLE_WARN, f->ended[0] ? f->ended : "ended");
		return;
	}
	if (f->processes > 1) {
		snprintf(text, sizeof text, "%u proc", f->processes);
		add(s, 5, false, ROLE_TEXT, text);
	}
	if (f->threads) {
		snprintf(text, sizeof text, "%u thr", f->threads);
		add(s, 5, false, ROLE_TEXT, text);
	}
	if (f->started_wall && wall > f->started_wall) {
		snprintf(text, sizeof text, "up %s", text_duration(age, (wall - f->started_wall) / NSEC_PER_SEC * NSEC_PER_SEC));
		add(s, 8, false, ROLE_TEXT, text);
	}
}

/* "4 of 9 off: !" */
static void add_off(struct segments *s, const struct header *h, const struct view *v)
{
	size_t count, off = 0;
	const struct status *status = store_statuses(v->store, &count);
	char text[64];

	for (size_t i = 0; i < count; i++)
		off += status[i].state == STATUS_DENIED || status[i].state == STATUS_ABSENT;
	if (!off)
		return;
	snprintf(text, sizeof text, "%zu of %zu off%s%s", off, count, h->why_key[0] ? ": " : "", h->why_key);
	add(s, 6, true, ROLE_WARN, text);
}

/* What is decided where the probes would cost too much: "sched sampled, sock only counts". False: nothing. */
static bool decided(const struct view *v, char *buf, size_t size)
{
	size_t count;
	const struct status *status = store_statuses(v->store, &count);

	for (size_t i = 0; i < count; i++) {
		const char *open = strchr(status[i].why, '('), *close = open ? strchr(open, ')') : NULL;

		if (strcmp(status[i].name, STATUS_PROBE_COST) != 0 || status[i].state != STATUS_PARTIAL)
			continue;
		snprintf(buf, size, "%.*s", close ? (int)(close - open - 1) : 0, close ? open + 1 : "");
		return true;
	}
	return false;
}

/* The same without whose they are: "sampled, counts". */
static void shorten(const char *decision, char *buf, size_t size)
{
	static const char *const words[][2] = { { " sampled", "sampled" }, { " only counts", "counts" }, { " off", "off" } };
	size_t n = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (strstr(decision, words[i][0]))
			n += (size_t)snprintf(buf + n, size - n, "%s%s", n ? ", " : "", words[i][1]);
}

/* "probes 0.8%", and where they would cost so much that less is measured "probes 1.9%: sched sampled, sock only counts", or
 * "probes 1.9% sampled, counts" where there is no room for that. */
static void add_price(struct segments *s, const struct view *v)
{
	struct point cost = store_value(v->store, store_find(v->store, "tach.target_cost_ratio"), view_last(v));
	char text[160], ratio[FMT_SIZE], decision[120], kinds[32];
	struct segment *seg;

	if (!point_has_value(cost))
		return;
	snprintf(text, sizeof text, "probes %s", fmt_percent(ratio, cost.value));
	if (!decided(v, decision, sizeof decision)) {
		add(s, 9, true, ROLE_TEXT, text);
		return;
	}
	shorten(decision, kinds, sizeof kinds);
	snprintf(text, sizeof text, "probes %s: %s", ratio, kinds[0] ? decision : "less measured");
	add(s, 7, true, ROLE_WARN, text);
	seg = &s->list[s->count - 1];
	snprintf(seg->brief, sizeof seg->brief, "probes %s %s", ratio, kinds[0] ? kinds : "less");
	seg->brief_rank = 3;
}

static void add_moment(struct segments *s, const struct header *h, const struct view *v, bool wide)
{
	char text[64], number[FMT_SIZE];

	add(s, 8, true, ROLE_TEXT, store_facts(v->store)->host);
	header_clock(text, sizeof text, store_wall(v->store, v->now), v->utc);
	if (v->utc && wide)
		strncat(text, " UTC", sizeof text - strlen(text) - 1);
	add(s, 4, true, ROLE_TEXT, text);
	text_duration(number, h->interval);
	snprintf(text, sizeof text, "%s%s", wide ? "every " : "", number);
	add(s, 5, true, ROLE_TEXT, text);
	if (h->paused) {
		snprintf(text, sizeof text, "PAUSED, %s behind", text_duration(number, h->behind));
		add(s, 2, true, ROLE_WARN, h->behind ? text : "PAUSED");
	}
	add_off(s, h, v);
	add_price(s, v);
}

static void draw_segments(const struct segments *s, struct canvas *c, struct rect r)
{
	int left = r.col - 1, right = r.col + r.cols - 1;

	for (int i = s->count - 1; i >= 0; i--)
		if (s->list[i].right) {
			right -= canvas_width(s->list[i].text);
			canvas_write(c, r.row, right, -1, s->list[i].role, s->list[i].text);
			right -= s->list[i].gap;
		}
	for (int i = 0; i < s->count; i++)
		if (!s->list[i].right) {
			left += s->list[i].gap;
			left += canvas_write(c, r.row, left, right - left, s->list[i].role, s->list[i].text);
		}
}

void header_draw(const struct header *h, const struct view *v, struct canvas *c, struct rect r)
{
	struct segments s = { .count = 0 };
	bool wide = r.cols >= WIDE_COLS;

	add_target(&s, v, wide);
	add_moment(&s, h, v, wide);
	while (s.count > 1 && width_of_all(&s) > r.cols)
		drop_one(&s);
	draw_segments(&s, c, r);
}

/* "usr 43 sys 13 lock ~17 wait 44%": the first `parts` parts, those that somebody measures. */
static void part_text(char *buf, size_t size, const struct where *w, int parts, const char *between)
{
	size_t n = 0;

	buf[0] = '\0';
	for (int i = 0; i < parts && n + 16 < size; i++) {
		const char *gap = n ? between : "";
		bool guess = w->part[i].state == POINT_SCALED;
		char share[8];

		snprintf(share, sizeof share, "%s%.0f", guess ? "~" : "", w->part[i].value / w->sum * 100);
		if (point_has_value(w->part[i]))
			n += (size_t)snprintf(buf + n, size - n, "%s%s %*s", gap, w->label[i], 2 + guess, share);
		else if (w->part[i].state == POINT_DENIED)
			n += (size_t)snprintf(buf + n, size - n, "%s%s n/a", gap, w->label[i]);
	}
	if (n + 1 < size)
		strcpy(buf + n, "%");
}

/* The fullest text that leaves the bar room; the last parts, which harm nobody, go first. */
static void fitting_text(char *buf, size_t size, const struct where *w, int cols)
{
	static const struct {
		int parts;
		const char *between;
		int from_cols;
	} forms[] = { { PART_COUNT, "  ", WIDE_COLS }, { PART_COUNT, " ", 0 }, { PART_WAIT, " ", 0 }, { PART_IO, " ", 0 } };

	for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
		part_text(buf, size, w, forms[i].parts, forms[i].between);
		if (cols >= forms[i].from_cols && (!w->exact || canvas_width(buf) + BAR_COLS <= cols))
			break;
	}
}

void header_bar(const struct view *v, struct canvas *c, struct rect r)
{
	int col = r.col + (r.cols >= WIDE_COLS ? 12 : 7), cols;
	char text[160], why[80];
	struct where w;

	if (!v->now)
		return;
	canvas_write(c, r.row, r.col + 1, 5, ROLE_DIM, "where");
	w = where_of_target(v);
	if (!(w.sum > 0)) {
		struct point usr = w.part[PART_USR];

		canvas_write(c, r.row, col, 6, value_role(usr), value_text(text, FORM_COUNT, usr));
		canvas_write(c, r.row, col + 8, -1, ROLE_DIM, value_reason(why, sizeof why, usr.why, 8));
		return;
	}
	fitting_text(text, sizeof text, &w, r.cols);
	cols = r.col + r.cols - 3 - canvas_width(text) - col;
	canvas_write(c, r.row, cols > 0 ? col + cols + 2 : col, -1, ROLE_TEXT, text);
	where_draw(&w, v, c, (struct rect){ r.row, col, 1, cols > 0 ? cols : 0 });
}
