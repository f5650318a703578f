/* A point as text: the number with its unit, or the mark that stands in its place, as the help screen lists them. */
#ifndef TACH_UI_VALUE_H
#define TACH_UI_VALUE_H

#include "base/fmt.h"
#include "model/metric.h"
#include "model/sample.h"
#include "ui/role.h"

#define VALUE_SIZE (FMT_SIZE + 2)

/* SPENT: seconds a second, which are threads or CPUs at a time ("1.03"), and where they are few a time ("360us"). */
enum value_form { FORM_COUNT, FORM_BYTES, FORM_SECONDS, FORM_PERCENT, FORM_SPENT };

/* "1.25M" "~1.25M" ">1.25M" "-" "n/a" "DENIED". */
const char *value_text(char buf[VALUE_SIZE], enum value_form form, struct point p);

/* The number alone, without a mark; "-" when there is none. */
const char *value_number(char buf[FMT_SIZE], enum value_form form, double v);

enum role value_role(struct point p);

/* The first `words` words of a sentence, fewer where a clause of three or more ends, at most size - 1 bytes; a sign at
 * the end of the last word goes. */
const char *value_reason(char *buf, size_t size, const char *why, int words);

/* How a metric's numbers are written: divided means "per something else than time". */
enum value_form value_form(const struct metric *m, bool percent, bool divided);

#endif
