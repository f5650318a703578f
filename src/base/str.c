/* Text helpers: bounded copies, cleaning of hostile text, spelling suggestions. */
#include "base/str.h"

#include <string.h>

static bool is_continuation(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

void str_copy(char *dst, size_t size, const char *src)
{
	size_t n = strlen(src);

	if (!size)
		return;
	if (n >= size) {
		n = size - 1;
		while (n && is_continuation(src[n]))
			n--;
	}
	memmove(dst, src, n);
	dst[n] = '\0';
}

size_t str_utf8(const char *s, size_t length, uint32_t *out)
{
	static const uint32_t lowest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned char c = length ? (unsigned char)s[0] : 0;
	size_t n = c < 0x80 ? 1 : (c & 0xe0) == 0xc0 ? 2 : (c & 0xf0) == 0xe0 ? 3 : (c & 0xf8) == 0xf0 ? 4 : 0;
	uint32_t v;

	if (!length || !n || n > length)
		return 0;
	v = n == 1 ? c : c & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		if (!is_continuation(s[i]))
			return 0;
		v = v << 6 | ((unsigned char)s[i] & 0x3f);
	}
	if (v < lowest[n] || v > 0x10ffff || (v >= 0xd800 && v <= 0xdfff))
		return 0;
	*out = v;
	return n;
}

size_t str_utf8_put(char *out, uint32_t ch)
{
	static const unsigned char lead[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
	size_t n = ch < 0x80 ? 1 : ch < 0x800 ? 2 : ch < 0x10000 ? 3 : 4;

	for (size_t i = n - 1; i > 0; i--) {
		out[i] = (char)(0x80 | (ch & 0x3f));
		ch >>= 6;
	}
	out[0] = (char)(lead[n] | ch);
	return n;
}

/* Characters that could move the cursor, hide text or turn its direction round. */
static bool is_harmful(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0xad || (c >= 0x200b && c <= 0x200f) ||
		(c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || (c >= 0xfff9 && c <= 0xfffb) ||
		c >= 0xe0000;
}

void str_clean(char *dst, size_t size, const char *src, size_t length)
{
	size_t have = 0, at = 0;

	if (!size)
		return;
	while (length && src[length - 1] == '\0')
		length--;
	while (at < length) {
		uint32_t c = 0;
		size_t n = str_utf8(src + at, length - at, &c);
		bool bad = n == 0 || (c != 0 && is_harmful(c));

		if (have + (bad ? 1 : n) >= size)
			break;
		if (bad)
			dst[have++] = '?';
		else if (c == 0)
			dst[have++] = ' ';
		else {
			memcpy(dst + have, src + at, n);
			have += n;
		}
		at += n ? n : 1;
	}
	dst[have] = '\0';
}

bool str_starts(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool str_to_u64(const char *text, uint64_t max, uint64_t *out)
{
	uint64_t v = 0;

	if (!*text)
		return false;
	for (; *text; text++) {
		uint64_t digit = (uint64_t)(*text - '0');

		if (*text < '0' || *text > '9' || v > (max - digit) / 10 || digit > max)
			return false;
		v = v * 10 + digit;
	}
	*out = v;
	return true;
}

/* Levenshtein distance of two short words. */
static size_t edit_distance(const char *a, const char *b)
{
	size_t row[64], na = strlen(a), nb = strlen(b);

	if (nb >= sizeof row / sizeof row[0])
		return SIZE_MAX;
	for (size_t j = 0; j <= nb; j++)
		row[j] = j;
	for (size_t i = 1; i <= na; i++) {
		size_t corner = row[0];

		row[0] = i;
		for (size_t j = 1; j <= nb; j++) {
			size_t above = row[j], best = corner + (a[i - 1] != b[j - 1]);

			if (above + 1 < best)
				best = above + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			corner = above;
			row[j] = best;
		}
	}
	return row[nb];
}

const char *str_nearest(const char *word, const char *const *candidates, size_t count)
{
	size_t best = SIZE_MAX, limit = strlen(word) / 2 < 2 ? strlen(word) / 2 : 2;
	const char *nearest = NULL;

	for (size_t i = 0; i < count; i++) {
		size_t d = edit_distance(word, candidates[i]);

		if (d < best) {
			best = d;
			nearest = candidates[i];
		}
	}
	return best <= limit ? nearest : NULL;
}
