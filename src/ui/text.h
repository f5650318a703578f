/* Lines of text on the canvas: rules, wrapped sentences, pages that scroll. */
#ifndef TACH_UI_TEXT_H
#define TACH_UI_TEXT_H

#include "base/clock.h"
#include "base/fmt.h"
#include "ui/canvas.h"
#include "ui/theme.h"

#include <stddef.h>

/* A rule line over the whole row. */
void text_rule(struct canvas *c, const struct theme_glyphs *g, struct rect r);

/* A remark at the right end of a rule line, between blanks; cut at its end where there is no room. */
void text_in_rule(struct canvas *c, struct rect r, const char *text);

/* A setting of time without decimals where it has none: "5s", "500ms", "1m", "4m10s". */
const char *text_duration(char buf[FMT_SIZE], nsec_t t);

/* "5s/col 4m10s": what a graph of that many columns shows. */
void text_span(char *buf, size_t size, nsec_t column, int cols);

/* How many bytes of the text fit into a line of `cols` columns, broken at a blank; a longer word is broken anyway. The
 * blank at the break belongs to no line: skip leading blanks before the next. */
size_t text_break(const char *text, int cols);

/* Writes the text over up to r.rows lines; returns how many it needs, also beyond r.rows. */
int text_wrap(struct canvas *c, struct rect r, enum role role, const char *text);

/* A page of lines that scrolls: lines are given from the first on, those of the window are drawn. */
struct pager {
	struct canvas *c;
	struct rect r; /* the window */
	int top;       /* the first line shown */
	int line;      /* lines given so far */
};

/* The row of the canvas for the next line, or -1 when it is outside the window. */
int pager_next(struct pager *p);

/* One sentence from column col on, over as many lines as it needs. */
void pager_wrap(struct pager *p, int col, int cols, enum role role, const char *text);

#endif
