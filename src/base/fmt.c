/* Numbers with units, both directions. */
#include "base/fmt.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Three significant digits of 0 <= v < 1000. */
static int three_digits(double v)
{
	return v < 9.995 ? 2 : v < 99.95 ? 1 : 0;
}

/* Divides by base until three digits are left. */
static const char *scaled(char buf[FMT_SIZE], double v, double base, const char *suffixes)
{
	char suffix[2] = "";
	bool negative = v < 0;
	char *out = buf + negative;

	if (!isfinite(v))
		return strcpy(buf, "-");
	v = fabs(v);
	if (negative)
		buf[0] = '-';
	while (v >= 999.5 && *suffixes) {
		v /= base;
		suffix[0] = *suffixes++;
	}
	if (v >= 999.5)
		snprintf(out, FMT_SIZE - 1, "%.2e", v);
	else if (!suffix[0] && v == floor(v))
		snprintf(out, FMT_SIZE - 1, "%.0f", v);
	else
		snprintf(out, FMT_SIZE - 1, "%.*f%s", three_digits(v), v, suffix);
	return buf;
}

const char *fmt_count(char buf[FMT_SIZE], double v)
{
	return scaled(buf, v, 1000, "kMGTP");
}

const char *fmt_bytes(char buf[FMT_SIZE], double v)
{
	return scaled(buf, v, 1024, "KMGTP");
}

/* One decimal below 20, none above, as a person reads latencies. */
static const char *short_time(char buf[FMT_SIZE], double v, const char *unit)
{
	snprintf(buf, FMT_SIZE, "%.*f%s", v < 19.95 ? 1 : 0, v, unit);
	return buf;
}

/* Two neighbouring units of a long time. */
static const char *long_time(char buf[FMT_SIZE], double seconds)
{
	static const struct {
		unsigned length, part;
		char unit, part_unit;
	} steps[] = { { 86400, 3600, 'd', 'h' }, { 3600, 60, 'h', 'm' }, { 60, 1, 'm', 's' } };
	unsigned s = seconds < 4e9 ? (unsigned)seconds : 4000000000u;
	size_t i = s >= 86400 ? 0 : s >= 3600 ? 1 : 2;

	snprintf(buf, FMT_SIZE, "%u%c%u%c", s / steps[i].length, steps[i].unit, s % steps[i].length / steps[i].part,
		steps[i].part_unit);
	return buf;
}

const char *fmt_seconds(char buf[FMT_SIZE], double v)
{
	if (!isfinite(v) || v < 0)
		return strcpy(buf, "-");
	if (v == 0)
		return strcpy(buf, "0");
	if (v < 999.5e-9)
		return short_time(buf, v * 1e9, "ns");
	if (v < 999.5e-6)
		return short_time(buf, v * 1e6, "us");
	if (v < 999.5e-3)
		return short_time(buf, v * 1e3, "ms");
	if (v < 59.95)
		return short_time(buf, v, "s");
	return long_time(buf, v);
}

const char *fmt_percent(char buf[FMT_SIZE], double ratio)
{
	double p = ratio * 100;

	if (!isfinite(p))
		return strcpy(buf, "-");
	snprintf(buf, FMT_SIZE, "%.*f%%", fabs(p) < 9.95 && p != 0 ? 1 : 0, p);
	return buf;
}

struct suffix {
	const char *text;
	double factor;
};

/* Reads a non-negative decimal number and one suffix of the list (ended by NULL). */
static int parse_with_suffix(const char *text, const struct suffix *list, double *out)
{
	char *end;
	double v;

	if (!((*text >= '0' && *text <= '9') || *text == '.') || strspn(text, "0123456789.") > 20)
		return -1;
	v = strtod(text, &end);
	if (end != text + strspn(text, "0123456789."))
		return -1;
	for (; list->text; list++)
		if (strcmp(end, list->text) == 0) {
			*out = v * list->factor;
			return *out < 9e18 ? 0 : -1;
		}
	return -1;
}

int parse_duration(const char *text, nsec_t *out, struct err *e)
{
	static const struct suffix units[] = { { "ns", 1 }, { "us", 1e3 }, { "ms", 1e6 }, { "s", 1e9 }, { "m", 60e9 },
		{ "h", 3600e9 }, { NULL, 0 } };
	double v;

	if (parse_with_suffix(text, units, &v))
		return err_set(e, 0, "'%.40s' is not a duration: a number and ns, us, ms, s, m or h, as in 500ms", text);
	*out = (nsec_t)(v + 0.5);
	return 0;
}

int parse_size(const char *text, uint64_t *out, struct err *e)
{
	static const struct suffix units[] = { { "B", 1 }, { "k", 1024 }, { "kB", 1024 }, { "K", 1024 }, { "M", 1048576 },
		{ "MB", 1048576 }, { "G", 1073741824 }, { "GB", 1073741824 }, { NULL, 0 } };
	double v;

	if (parse_with_suffix(text, units, &v))
		return err_set(e, 0, "'%.40s' is not a size: a number and B, k, M or G (1024), as in 64k", text);
	*out = (uint64_t)(v + 0.5);
	return 0;
}

int parse_percent(const char *text, double *out, struct err *e)
{
	static const struct suffix units[] = { { "%", 0.01 }, { NULL, 0 } };

	if (parse_with_suffix(text, units, out))
		return err_set(e, 0, "'%.40s' is not a percentage: a number and %%, as in 2%%", text);
	return 0;
}

int parse_count(const char *text, uint64_t *out, struct err *e)
{
	static const struct suffix units[] = { { "", 1 }, { "k", 1e3 }, { "M", 1e6 }, { "G", 1e9 }, { NULL, 0 } };
	double v;

	if (parse_with_suffix(text, units, &v))
		return err_set(e, 0, "'%.40s' is not a count: a number and, if you like, k, M or G (1000), as in 10k", text);
	*out = (uint64_t)(v + 0.5);
	return 0;
}
