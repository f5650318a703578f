/* A strict reader of JSON (RFC 8259) for tests: is this text valid, and what stands at this place in it? */
#ifndef TACH_TESTS_JSON_H
#define TACH_TESTS_JSON_H

#include <stdbool.h>
#include <stddef.h>

/* One value and nothing else but white space. Bytes that are not UTF-8, raw control characters, NaN, a trailing comma, a
 * key twice in one object: all refused. */
bool json_valid(const char *text);

/* Where the value at `path` begins: keys and array indices separated by '/', as "counters/cpu.user_seconds/rate". NULL:
 * not there. The text must be valid. */
const char *json_find(const char *text, const char *path);

bool json_is_null(const char *text, const char *path);            /* there, and null */
double json_number(const char *text, const char *path);           /* NaN: not there, or no number */
bool json_string_is(const char *text, const char *path, const char *raw); /* its raw text between the quotes */

#endif
