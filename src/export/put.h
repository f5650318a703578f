/* Single values in the machine-readable formats. Text is hostile here too: what comes out is always valid. */
#ifndef TACH_EXPORT_PUT_H
#define TACH_EXPORT_PUT_H

#include "base/clock.h"

#include <stdio.h>

/* The shortest decimal that reads back as the same double; `unknown` in place of NaN and infinities. */
void put_number(FILE *out, double v, const char *unknown);

/* The store keeps a coverage (0..1) in five bits: two digits, more would be made up. */
void put_coverage(FILE *out, float coverage);

/* A JSON string with its quotes (RFC 8259): control characters escaped, what is not UTF-8 becomes U+FFFD. */
void put_json_text(FILE *out, const char *text);

/* A CSV field (RFC 4180), quoted where it must be; control characters and what is not UTF-8 become '?'. */
void put_csv_text(FILE *out, const char *text);

/* "2026-11-20T22:00:00Z" of a wall clock time (RFC 3339). */
void put_utc(FILE *out, nsec_t wall);

#endif
