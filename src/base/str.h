/* Text helpers. What comes from outside goes through str_clean() before it is kept. */
#ifndef TACH_BASE_STR_H
#define TACH_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Copies into dst[size], cut at a UTF-8 character boundary, always NUL-ended. */
void str_copy(char *dst, size_t size, const char *src);

/* The same for length bytes from outside: control characters (C0, DEL, C1), bidi and zero-width format characters,
 * and bytes that are not UTF-8 become '?'. NUL bytes (as in /proc/PID/cmdline) become spaces, trailing ones go. */
void str_clean(char *dst, size_t size, const char *src, size_t length);

/* Decodes one UTF-8 character of length bytes at s into *out; returns its bytes, or 0 where it is malformed. */
size_t str_utf8(const char *s, size_t length, uint32_t *out);

/* Encodes a Unicode scalar into at most 4 bytes, without a NUL; returns how many. */
size_t str_utf8_put(char *out, uint32_t ch);

bool str_starts(const char *text, const char *prefix);

/* Whole-string unsigned decimal; false on anything else or above max. */
bool str_to_u64(const char *text, uint64_t max, uint64_t *out);

/* The candidate nearest to `word` by edit distance, for "did you mean"; NULL when none is near (more than 2 edits
 * or half of the word). */
const char *str_nearest(const char *word, const char *const *candidates, size_t count);

#endif
