/* Numbers and marks. Knows points and units, nothing of where they stand. */
#include "ui/value.h"

#include "base/str.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* "2.8e-4": "0.00" would be a zero that it is not. */
static const char *small_number(char buf[FMT_SIZE], double v)
{
	char *zero;

	snprintf(buf, FMT_SIZE, "%.1e", v);
	zero = strstr(buf, "e-0");
	if (zero)
		memmove(zero + 2, zero + 3, strlen(zero + 3) + 1);
	return buf;
}

const char *value_number(char buf[FMT_SIZE], enum value_form form, double v)
{
	const char *(*const format[])(char buf[FMT_SIZE], double v) = {
		[FORM_COUNT] = fmt_count,
		[FORM_BYTES] = fmt_bytes,
		[FORM_SECONDS] = fmt_seconds,
		[FORM_PERCENT] = fmt_percent,
		[FORM_SPENT] = fabs(v) < 0.01 ? fmt_seconds : fmt_count,
	};

	if (!isfinite(v))
		return strcpy(buf, "-");
	if (form == FORM_COUNT && v != 0 && fabs(v) < 0.005)
		return small_number(buf, v);
	return format[form](buf, v);
}

const char *value_text(char buf[VALUE_SIZE], enum value_form form, struct point p)
{
	static const char *const marks[POINT_STATES] = {
		[POINT_GAP] = "-", [POINT_SCALED] = "~", [POINT_PARTIAL] = ">", [POINT_DENIED] = "DENIED", [POINT_ABSENT] = "n/a",
	};

	if (!point_has_value(p))
		return strcpy(buf, marks[p.state]);
	if (!marks[p.state])
		return value_number(buf, form, p.value);
	buf[0] = marks[p.state][0];
	value_number(buf + 1, form, p.value);
	return buf;
}

enum role value_role(struct point p)
{
	if (point_has_value(p))
		return ROLE_NOW;
	return p.state == POINT_DENIED ? ROLE_WARN : ROLE_DIM;
}

const char *value_reason(char *buf, size_t size, const char *why, int words)
{
	const char *end = why ? why : "";
	size_t n;

	for (int used = 0; *end && used < words; used++) {
		end += strspn(end, " ") + strcspn(end + strspn(end, " "), " ");
		if (used >= 2 && strchr(":;,", end[-1])) /* a whole clause is better than a few words more */
			break;
	}
	n = why ? (size_t)(end - why) : 0;
	while (n && strchr(",;:.(", why[n - 1]))
		n--;
	str_clean(buf, size, why ? why : "", n);
	return buf;
}

enum value_form value_form(const struct metric *m, bool percent, bool divided)
{
	if (m->unit == UNIT_BYTES)
		return FORM_BYTES;
	if (m->unit == UNIT_RATIO)
		return percent ? FORM_PERCENT : FORM_COUNT;
	/* Seconds a second are a count (threads that waited, CPUs that were busy) or a share of the time. */
	if (m->unit == UNIT_SECONDS && m->kind == METRIC_COUNTER && !divided)
		return percent ? FORM_PERCENT : FORM_SPENT;
	return m->unit == UNIT_SECONDS ? FORM_SECONDS : FORM_COUNT;
}
