/* A strict reader of JSON by recursive descent over NUL-ended text. */
#include "json.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_LIMIT 64

static const char *skip_value(const char *p, int depth);

static const char *skip_space(const char *p)
{
	return p + strspn(p, " \t\n\r");
}

/* Length of a well-formed UTF-8 sequence of two to four bytes, 0 where there is none. */
static size_t utf8_length(const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t n = s[0] >= 0xf0 && s[0] <= 0xf4 ? 4 : s[0] >= 0xe0 && s[0] < 0xf0 ? 3 : s[0] >= 0xc2 && s[0] < 0xe0 ? 2 : 0;

	for (size_t i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) || (s[0] == 0xf0 && s[1] < 0x90) ||
		(s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return n;
}

static const char *skip_escape(const char *p)
{
	if (*p && strchr("\"\\/bfnrt", *p))
		return p + 1;
	if (*p != 'u' || strspn(p + 1, "0123456789abcdefABCDEF") < 4)
		return NULL;
	return p + 5;
}

static const char *skip_string(const char *p)
{
	if (*p++ != '"')
		return NULL;
	while (p && *p != '"') {
		unsigned char c = (unsigned char)*p;

		if (c < 0x20)
			return NULL;
		if (c == '\\')
			p = skip_escape(p + 1);
		else if (c < 0x80)
			p++;
		else
			p = utf8_length(p) ? p + utf8_length(p) : NULL;
	}
	return p ? p + 1 : NULL;
}

static const char *skip_digits(const char *p)
{
	size_t n = strspn(p, "0123456789");

	return n ? p + n : NULL;
}

static const char *skip_number(const char *p)
{
	p += *p == '-';
	if (*p == '0' && p[1] >= '0' && p[1] <= '9')
		return NULL;
	p = skip_digits(p);
	if (p && *p == '.')
		p = skip_digits(p + 1);
	if (p && (*p == 'e' || *p == 'E')) {
		p++;
		p = skip_digits(p + (*p == '+' || *p == '-'));
	}
	return p;
}

/* Whether the key that ends at `end` stands between `first` and itself already. */
static bool key_twice(const char *first, const char *key, const char *end, int depth)
{
	const char *p = first;

	while (p && p < key) {
		const char *stop = skip_string(p);

		if (stop - p == end - key && memcmp(p, key, (size_t)(end - key)) == 0)
			return true;
		p = skip_value(skip_space(skip_space(stop) + 1), depth);
		p = p ? skip_space(skip_space(p) + 1) : NULL;
	}
	return false;
}

static const char *skip_object(const char *p, int depth)
{
	const char *first = skip_space(p + 1);

	p = first;
	if (*p == '}')
		return p + 1;
	for (;;) {
		const char *end = skip_string(p);

		if (!end || key_twice(first, p, end, depth))
			return NULL;
		p = skip_space(end);
		if (*p++ != ':')
			return NULL;
		p = skip_value(skip_space(p), depth);
		if (!p)
			return NULL;
		p = skip_space(p);
		if (*p == '}')
			return p + 1;
		if (*p++ != ',')
			return NULL;
		p = skip_space(p);
	}
}

static const char *skip_array(const char *p, int depth)
{
	p = skip_space(p + 1);
	if (*p == ']')
		return p + 1;
	for (;;) {
		p = skip_value(p, depth);
		if (!p)
			return NULL;
		p = skip_space(p);
		if (*p == ']')
			return p + 1;
		if (*p++ != ',')
			return NULL;
		p = skip_space(p);
	}
}

static const char *skip_value(const char *p, int depth)
{
	static const char *const words[] = { "true", "false", "null" };

	if (depth > DEPTH_LIMIT)
		return NULL;
	for (size_t i = 0; i < 3; i++)
		if (strncmp(p, words[i], strlen(words[i])) == 0)
			return p + strlen(words[i]);
	if (*p == '{')
		return skip_object(p, depth + 1);
	if (*p == '[')
		return skip_array(p, depth + 1);
	return *p == '"' ? skip_string(p) : skip_number(p);
}

bool json_valid(const char *text)
{
	const char *end = skip_value(skip_space(text), 0);

	return end && *skip_space(end) == '\0';
}

/* The value of the member or element `name` of the object or array at p. */
static const char *find_child(const char *p, const char *name, size_t length)
{
	bool object = *p == '{';
	size_t index = object ? 0 : strtoul(name, NULL, 10);

	if (*p != '{' && *p != '[')
		return NULL;
	p = skip_space(p + 1);
	for (size_t i = 0; *p != '}' && *p != ']'; i++) {
		const char *key = p;
		bool hit = !object && i == index;

		if (object) {
			p = skip_string(key);
			hit = (size_t)(p - key) == length + 2 && memcmp(key + 1, name, length) == 0;
			p = skip_space(skip_space(p) + 1);
		}
		if (hit)
			return p;
		p = skip_space(skip_value(p, 0));
		if (*p == ',')
			p = skip_space(p + 1);
	}
	return NULL;
}

const char *json_find(const char *text, const char *path)
{
	const char *p = skip_space(text);

	while (p && *path) {
		size_t length = strcspn(path, "/");

		p = find_child(p, path, length);
		path += length + (path[length] == '/');
	}
	return p;
}

bool json_is_null(const char *text, const char *path)
{
	const char *p = json_find(text, path);

	return p && strncmp(p, "null", 4) == 0;
}

double json_number(const char *text, const char *path)
{
	const char *p = json_find(text, path);

	return p && (*p == '-' || (*p >= '0' && *p <= '9')) ? strtod(p, NULL) : (double)NAN;
}

bool json_string_is(const char *text, const char *path, const char *raw)
{
	const char *p = json_find(text, path);
	size_t length = strlen(raw);

	return p && *p == '"' && strncmp(p + 1, raw, length) == 0 && p[length + 1] == '"';
}
