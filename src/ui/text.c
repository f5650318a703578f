/* Text on lines. Knows columns, not what is said. */
#include "ui/text.h"

#include "base/str.h"

#include <stdio.h>
#include <string.h>

void text_rule(struct canvas *c, const struct theme_glyphs *g, struct rect r)
{
	canvas_fill(c, (struct rect){ r.row, r.col, 1, r.cols }, ROLE_RULE, g->rule);
}

void text_in_rule(struct canvas *c, struct rect r, const char *text)
{
	int width = canvas_width(text);

	if (!width || r.cols < 4)
		return;
	if (width > r.cols - 2)
		width = r.cols - 2;
	canvas_fill(c, (struct rect){ r.row, r.col + r.cols - width - 2, 1, width + 2 }, ROLE_DIM, ' ');
	canvas_write(c, r.row, r.col + r.cols - width - 1, width, ROLE_DIM, text);
}

const char *text_duration(char buf[FMT_SIZE], nsec_t t)
{
	if (t < NSEC_PER_SEC)
		snprintf(buf, FMT_SIZE, "%.3gms", (double)t / 1e6);
	else if (t < 60 * NSEC_PER_SEC)
		snprintf(buf, FMT_SIZE, "%.3gs", nsec_to_seconds(t));
	else if (t % (60 * NSEC_PER_SEC) == 0 && t < 3600 * NSEC_PER_SEC)
		snprintf(buf, FMT_SIZE, "%.0fm", nsec_to_seconds(t) / 60);
	else
		fmt_seconds(buf, nsec_to_seconds(t));
	return buf;
}

void text_span(char *buf, size_t size, nsec_t column, int cols)
{
	char one[FMT_SIZE], all[FMT_SIZE];

	snprintf(buf, size, "%s/col %s", text_duration(one, column), text_duration(all, column * (nsec_t)cols));
}

size_t text_break(const char *text, int cols)
{
	size_t length = strlen(text), at = 0, blank = 0;
	int used = 0;

	while (at < length) {
		uint32_t ch = 0;
		size_t n = str_utf8(text + at, length - at, &ch);
		char one[8] = "?";

		n = n ? n : 1;
		memcpy(one, text + at, n);
		if (text[at] == ' ')
			blank = at;
		used += canvas_width(one);
		if (used > cols)
			return blank ? blank : at ? at : n;
		at += n;
	}
	return length;
}

/* Takes the next line off *text. */
static void next_line(const char **text, int cols, char *line, size_t size)
{
	size_t n;

	*text += strspn(*text, " ");
	n = text_break(*text, cols);
	str_clean(line, size, *text, n);
	*text += n;
	*text += strspn(*text, " ");
}

int text_wrap(struct canvas *c, struct rect r, enum role role, const char *text)
{
	char line[1024];
	int n = 0;

	if (r.cols < 1)
		return 0;
	for (text += strspn(text, " "); *text; n++) {
		next_line(&text, r.cols, line, sizeof line);
		if (n < r.rows)
			canvas_write(c, r.row + n, r.col, r.cols, role, line);
	}
	return n;
}

int pager_next(struct pager *p)
{
	int at = p->line++ - p->top;

	return at >= 0 && at < p->r.rows ? p->r.row + at : -1;
}

void pager_wrap(struct pager *p, int col, int cols, enum role role, const char *text)
{
	char line[1024];

	for (text += strspn(text, " "); *text && cols > 0;) {
		int row = pager_next(p);

		next_line(&text, cols, line, sizeof line);
		if (row >= 0)
			canvas_write(p->c, row, col, cols, role, line);
	}
}
