/*
 * Numbers with units, both directions. Shown values have three significant digits and a fixed small width, so that
 * columns stand still; suffixes are k M G T (1000) for counts and K M G T (1024) for bytes.
 */
#ifndef TACH_BASE_FMT_H
#define TACH_BASE_FMT_H

#include "base/clock.h"
#include "base/err.h"

#include <stddef.h>

#define FMT_SIZE 24 /* holds every formatted value below */

const char *fmt_count(char buf[FMT_SIZE], double v);   /* "387" "8.86" "1.25M" "0.05"; NaN gives "-" */
const char *fmt_bytes(char buf[FMT_SIZE], double v);   /* "1.99G" "285M" "12.0K" "512" */
const char *fmt_seconds(char buf[FMT_SIZE], double v); /* "11.0us" "88us" "4.0ms" "1.5s" "3m20s" "2h14m" "5d3h" */
const char *fmt_percent(char buf[FMT_SIZE], double ratio); /* 0.17 gives "17%", 0.004 "0.4%" */

/* "10ns" "4.5ms" "1s" "2m" "1h": a number and a unit, no sign. Returns 0, or -1 with a sentence. */
int parse_duration(const char *text, nsec_t *out, struct err *e);

/* "512" is refused, "64k" "4M" "1G" are bytes times 1024; a final B is allowed ("512B", "64kB"). */
int parse_size(const char *text, uint64_t *out, struct err *e);

/* "2%" "0.5%" "100%": 0.02, 0.005, 1. A number without a sign is refused. */
int parse_percent(const char *text, double *out, struct err *e);

/* Packets and operations: "1000" "10k" "2.5M" (1000). */
int parse_count(const char *text, uint64_t *out, struct err *e);

#endif
