/* Single values in the machine-readable formats. */
#include "export/put.h"

#include "base/str.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define EXACT_INTEGERS 9007199254740992.0 /* 2^53: up to here every integer is a double */

void put_number(FILE *out, double v, const char *unknown)
{
	char buf[32];

	if (!isfinite(v)) {
		fputs(unknown, out);
		return;
	}
	if (v == floor(v) && fabs(v) < EXACT_INTEGERS) {
		fprintf(out, "%.0f", v == 0 ? 0.0 : v); /* no "-0" */
		return;
	}
	for (int digits = 15; digits <= 17; digits++) {
		snprintf(buf, sizeof buf, "%.*g", digits, v);
		if (strtod(buf, NULL) == v)
			break;
	}
	fputs(buf, out);
}

void put_coverage(FILE *out, float coverage)
{
	fprintf(out, "%.2f", (double)coverage);
}

/* One character of a JSON string; C1 controls are escaped as well, though JSON would allow them. */
static void put_json_character(FILE *out, const char *bytes, size_t length, uint32_t c)
{
	if (c == '"' || c == '\\')
		fprintf(out, "\\%c", (char)c);
	else if (c < 0x20 || (c >= 0x7f && c < 0xa0))
		fprintf(out, "\\u%04x", (unsigned)c);
	else
		fwrite(bytes, 1, length, out);
}

void put_json_text(FILE *out, const char *text)
{
	size_t left = strlen(text);

	fputc('"', out);
	while (left) {
		uint32_t c = 0;
		size_t n = str_utf8(text, left, &c);

		if (n)
			put_json_character(out, text, n, c);
		else
			fputs("\\ufffd", out);
		n += n == 0;
		text += n;
		left -= n;
	}
	fputc('"', out);
}

void put_csv_text(FILE *out, const char *text)
{
	char clean[512];

	str_clean(clean, sizeof clean, text, strlen(text));
	if (!strpbrk(clean, ",\"")) {
		fputs(clean, out);
		return;
	}
	fputc('"', out);
	for (const char *c = clean; *c; c++) {
		if (*c == '"')
			fputc('"', out);
		fputc(*c, out);
	}
	fputc('"', out);
}

void put_utc(FILE *out, nsec_t wall)
{
	time_t seconds = (time_t)(wall / NSEC_PER_SEC);
	char text[32];
	struct tm tm;

	if (!gmtime_r(&seconds, &tm) || !strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm))
		strcpy(text, "1970-01-01T00:00:00Z");
	fputs(text, out);
}
